//! What a commit counts beside the figures: in all, and by day and department.

use super::super::days;
use super::Batch;
use crate::domain::event::{Observation, Place};
use crate::domain::ids::Department;

impl Batch<'_> {
    pub(super) fn late(&mut self, input: usize, department: Department) {
        self.count(input).late += 1;
        self.days.add_of(department, days::LATE);
    }

    pub(super) fn repeat(&mut self, input: usize, department: Department) {
        self.count(input).repeated += 1;
        self.days.add_of(department, days::REPEATED);
    }

    pub(super) fn anomaly(&mut self, input: usize, kind: usize) {
        self.count(input).anomalies[kind] += 1;
        self.days.add(days::anomaly(kind));
    }

    /// Whose an observation is, as far as it says so.
    pub(super) fn department_of(&self, observation: &Observation) -> Department {
        let queue = match observation.place {
            Some(Place::Queue(queue)) => Some(queue),
            Some(Place::Switchboard) => None,
            None => return observation.department.unwrap_or(Department::UNKNOWN),
        };
        self.rules.department_of(queue, observation.department, observation.time)
    }
}

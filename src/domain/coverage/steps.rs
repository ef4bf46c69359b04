//! A step function for each department: how many agents staff its number.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::Department;
use crate::domain::pack::{Reader, Writer};
use crate::domain::units::Timestamp;

/// From a moment on, so many agents.
pub(super) type Level = (Timestamp, i32);

/// Steps of ±1 at moments. Their order does not matter, and a step and its opposite leave nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Steps {
    /// What the steps that were folded come to.
    base: BTreeMap<Department, i32>,
    steps: BTreeMap<(Department, Timestamp), i32>,
}

impl Steps {
    /// Adds a step.
    pub(super) fn add(&mut self, department: Department, at: Timestamp, by: i32) {
        let step = self.steps.entry((department, at)).or_default();
        *step = step.wrapping_add(by);
        if *step == 0 {
            self.steps.remove(&(department, at));
        }
    }

    /// How many steps are kept.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// The time of the first step that is kept.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.steps.keys().map(|(_, at)| *at).min()
    }

    /// The departments that have had a step.
    pub(super) fn departments(&self) -> BTreeSet<Department> {
        self.base.keys().copied().chain(self.steps.keys().map(|(of, _)| *of)).collect()
    }

    /// The levels of a stretch of time: the first from its start on, then each change.
    pub(super) fn levels(
        &self,
        department: Department,
        (from, until): (Timestamp, Timestamp),
    ) -> Vec<Level> {
        let mut level = self.base.get(&department).copied().unwrap_or(0);
        let mut levels = Vec::new();
        let range = (department, Timestamp(i64::MIN))..(department, until);
        for ((_, at), by) in self.steps.range(range) {
            if *at > from {
                if levels.is_empty() {
                    levels.push((from, level));
                }
                levels.push((*at, level.wrapping_add(*by)));
            }
            level = level.wrapping_add(*by);
        }
        if levels.is_empty() {
            levels.push((from, level));
        }
        levels
    }

    /// Folds every step before a moment.
    pub(super) fn fold_before(&mut self, moment: Timestamp) {
        let (base, before) = (&mut self.base, moment);
        self.steps.retain(|(department, at), by| {
            let stays = *at >= before;
            if !stays {
                let level = base.entry(*department).or_default();
                *level = level.wrapping_add(*by);
            }
            stays
        });
        base.retain(|_, level| *level != 0);
    }

    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.base.len() as u64);
        for (department, level) in &self.base {
            out.unsigned(u64::from(department.0));
            out.signed(i64::from(*level));
        }
        out.unsigned(self.steps.len() as u64);
        let mut before = 0;
        for ((department, at), by) in &self.steps {
            out.unsigned(u64::from(department.0));
            out.signed(at.0.wrapping_sub(before));
            out.signed(i64::from(*by));
            before = at.0;
        }
    }

    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Steps> {
        let mut steps = Steps::default();
        for _ in 0..input.count(2)? {
            let department = Department(input.index()?);
            steps.base.insert(department, number(input).filter(|level| *level != 0)?);
        }
        let mut before = 0_i64;
        for _ in 0..input.count(3)? {
            let department = Department(input.index()?);
            before = before.wrapping_add(input.signed()?);
            let step = number(input).filter(|by| *by != 0)?;
            steps.steps.insert((department, Timestamp(before)), step);
        }
        Some(steps)
    }
}

/// A number that a billion is enough for, so that adding a few overflows nothing.
pub(super) fn number(input: &mut Reader<'_>) -> Option<i32> {
    let number = i32::try_from(input.signed()?).ok()?;
    (number.unsigned_abs() < 1 << 30).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Department = Department(1);
    const B: Department = Department(2);

    fn at(ms: i64) -> Timestamp {
        Timestamp(ms)
    }

    #[test]
    fn levels_are_sums_of_steps_and_folding_changes_none() {
        let mut steps = Steps::default();
        for (department, ms, by) in [(A, 10, 1), (A, 30, -1), (B, 20, 1), (A, 20, 1)] {
            steps.add(department, at(ms), by);
        }
        let whole = |steps: &Steps| steps.levels(A, (at(15), at(100)));
        assert_eq!(whole(&steps), [(at(15), 1), (at(20), 2), (at(30), 1)]);
        // What happens at the end belongs to what follows.
        assert_eq!(steps.levels(A, (at(20), at(30))), [(at(20), 2)]);
        steps.fold_before(at(11));
        assert_eq!(whole(&steps), [(at(15), 1), (at(20), 2), (at(30), 1)]);
        steps.add(A, at(30), 1);
        assert_eq!(steps.levels(A, (at(15), at(100))), [(at(15), 1), (at(20), 2)]);
        assert_eq!(steps.levels(Department(9), (at(15), at(100))), [(at(15), 0)]);
        let mut bytes = Vec::new();
        steps.pack(&mut Writer(&mut bytes));
        assert_eq!(Steps::unpack(&mut Reader(&bytes)), Some(steps));
    }
}

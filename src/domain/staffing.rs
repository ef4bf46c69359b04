//! What the agents of each department are doing.
//!
//! Of every agent the latest report holds, by (time, id), so repeats and reordering change nothing.
//! A source that keeps a state per queue (Asterisk's members) gives an agent several memberships.

use std::collections::BTreeMap;

use super::event::{AgentReport, AgentState};
use super::ids::{AgentId, Department, Names, Queue};
use super::pack::{Reader, Writer};
use super::rules::Rules;

/// The latest report of each agent and membership.
#[derive(Clone, Debug, Default)]
pub struct Staffing {
    latest: BTreeMap<(AgentId, Option<Queue>), AgentReport>,
}

/// Agents in each state, in the order of [`AgentState::ALL`].
pub type States = [i64; AgentState::ALL.len()];

/// The department of a report about one queue is the queue's, by the rules in force at its time.
pub fn placed(report: &AgentReport, rules: &Rules) -> AgentReport {
    let mut report = report.clone();
    if report.queue.is_some() {
        report.departments = vec![rules.department_of(report.queue, None, report.time)];
    }
    report
}

impl Staffing {
    /// Takes in a report; whether it was the latest.
    pub fn report(&mut self, report: AgentReport) -> bool {
        let key = (report.agent, report.queue);
        match self.latest.get_mut(&key) {
            None => {
                self.latest.insert(key, report);
                true
            }
            Some(known) if (report.time, report.id) > (known.time, known.id) => {
                let departments = std::mem::take(&mut known.departments);
                *known = report;
                if known.departments.is_empty() {
                    known.departments = departments;
                }
                true
            }
            Some(_) => false,
        }
    }

    /// Writes the reports in packed form.
    pub fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.latest.len() as u64);
        self.latest.values().for_each(|report| report.pack(out));
    }

    /// Reads what [`Staffing::pack`] wrote; `None` on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Staffing> {
        // Two ids of eight bytes each, and four things of one byte at least.
        const LEAST: usize = 20;
        let mut latest = BTreeMap::new();
        for _ in 0..input.count(LEAST)? {
            let report = AgentReport::unpack(input)?;
            let key = (report.agent, report.queue);
            if latest.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return None;
            }
            latest.insert(key, report);
        }
        Some(Staffing { latest })
    }

    /// How many agents are known.
    pub fn len(&self) -> usize {
        self.latest.len()
    }

    /// Whether no agent is known.
    pub fn is_empty(&self) -> bool {
        self.latest.is_empty()
    }

    /// The agents of each department by state, by the department's index, and of the whole
    /// municipality, where an agent of several departments counts once.
    pub fn states(&self, rules: &Rules, names: &Names) -> (Vec<States>, States) {
        let mut each = vec![States::default(); names.departments.len()];
        let mut all = States::default();
        let mut agent_before = None;
        for ((agent, queue), report) in &self.latest {
            // A state given for no queue in particular (a pause of everything) holds for all
            // memberships that are logged in, if it is later.
            let general = queue.and_then(|_| self.latest.get(&(*agent, None)));
            let state = match general {
                Some(general)
                    if general.time > report.time && report.state != AgentState::LoggedOut =>
                {
                    general.state
                }
                _ => report.state,
            };
            let mut count = |department: Department| {
                if let Some(states) = each.get_mut(usize::from(department.0)) {
                    states[state as usize] += 1;
                }
            };
            match queue {
                Some(_) => count(rules.department_of(*queue, None, report.time)),
                None => report.departments.iter().copied().for_each(&mut count),
            }
            if agent_before != Some(*agent) {
                all[state as usize] += 1;
                agent_before = Some(*agent);
            }
        }
        (each, all)
    }
}

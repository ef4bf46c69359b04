//! How long each number was staffed, recounted minute by minute from what the agents said.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::calendar::{Calendar, Hours, next};
use super::event::{AgentName, AgentState, Event, NONE, What};
use super::municipality::Parameters;

const MINUTE_MS: i64 = 60_000;
/// More silent minutes than this, one after the other, are without data.
const SILENT_MINUTES: usize = 15;

/// When an agent said something, the event's number, and what.
type Said = (i64, u32, AgentState);
/// Desk and number.
type Agent = (u16, u16);

/// What was heard of agents, and when anything was.
#[derive(Clone, Debug, Default)]
pub(super) struct Staffing {
    agents: BTreeMap<Agent, Vec<Said>>,
    heard: BTreeSet<i64>,
}

/// Milliseconds of one department, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Minutes {
    department: Option<String>,
    open_ms: i64,
    staffed_ms: i64,
    single_ms: i64,
    unstaffed_ms: i64,
    unknown_ms: i64,
}

impl Staffing {
    /// Hears an event that arrives.
    pub(super) fn hear(&mut self, event: &Event) {
        match event.what {
            What::Agent { agent: AgentName { desk, number }, state } => {
                let said = self.agents.entry((desk, number)).or_default();
                said.push((event.time, event.number, state));
            }
            What::Offered { .. }
            | What::MetByMachine
            | What::Entered { .. }
            | What::Rejected(_)
            | What::Ringing { .. }
            | What::NoAnswer { .. }
            | What::Answered { .. }
            | What::Abandoned { .. }
            | What::Left(_)
            | What::Passed { .. }
            | What::Resolved { .. }
            | What::Escalated { .. }
            | What::Ended { .. }
            | What::QuestionReceived
            | What::QuestionReplied { .. }
            | What::QuestionClosed
            | What::Callback { .. }
            | What::Settled { .. }
            | What::Started
            | What::Heartbeat => {}
        }
        self.heard.insert(event.time.div_euclid(MINUTE_MS));
    }

    /// All departments in order, and then the whole municipality.
    pub(super) fn minutes(&self, parameters: &Parameters, calendar: &Calendar) -> Vec<Minutes> {
        let mut agents: Vec<(Agent, Vec<Said>)> =
            self.agents.iter().map(|(name, said)| (*name, said.clone())).collect();
        agents.iter_mut().for_each(|(_, said)| said.sort_unstable_by_key(|one| (one.0, one.1)));
        let queues = parameters.queues();
        let slugs = parameters.departments.iter().map(|one| Some(one.slug.clone()));
        let mut all = Vec::new();
        for department in slugs.chain([None]) {
            let theirs: Vec<&[Said]> = agents
                .iter()
                .filter(|((desk, _), _)| *desk != NONE)
                .filter(|((desk, _), _)| match &department {
                    None => true,
                    Some(slug) => queues[usize::from(*desk)].1.contains(slug),
                })
                .map(|(_, said)| said.as_slice())
                .collect();
            let mut minutes = Minutes { department, ..Minutes::default() };
            let mut date = parameters.from;
            while date < parameters.to {
                let span = (calendar.midnight(date), calendar.midnight(next(date)));
                self.day(span, &theirs, calendar, &mut minutes);
                date = next(date);
            }
            all.push(minutes);
        }
        all
    }

    fn day(
        &self,
        (start, end): (i64, i64),
        agents: &[&[Said]],
        calendar: &Calendar,
        to: &mut Minutes,
    ) {
        let mut hours = Hours::new(calendar.clone());
        let mut silence = Vec::new();
        let mut dark = BTreeSet::new();
        for minute in start / MINUTE_MS..end / MINUTE_MS {
            if self.heard.contains(&minute) {
                silence.clear();
            } else if hours.is_open(minute * MINUTE_MS) {
                silence.push(minute);
                if silence.len() > SILENT_MINUTES {
                    dark.extend(silence.iter().copied());
                }
            }
        }
        let since = agents.iter().filter_map(|said| said.first()).map(|one| one.0).min();
        // What was said before the day, its last one left out, is over.
        let agents: Vec<&[Said]> = agents
            .iter()
            .map(|said| {
                let from = said.partition_point(|one| one.0 <= start).saturating_sub(1);
                &said[from..said.partition_point(|one| one.0 < end)]
            })
            .collect();
        for minute in start / MINUTE_MS..end / MINUTE_MS {
            let (from, until) = (minute * MINUTE_MS, (minute + 1) * MINUTE_MS);
            if !hours.is_open(from) {
                continue;
            }
            to.open_ms += MINUTE_MS;
            // Within the minute it changes when somebody says so.
            let changes = agents.iter().flat_map(|said| said.iter().map(|one| one.0));
            let mut cuts: Vec<i64> =
                changes.filter(|at| from < *at && *at < until).chain([from, until]).collect();
            cuts.sort_unstable();
            for pair in cuts.windows(2) {
                let (at, length) = (pair[0], pair[1] - pair[0]);
                let there = |said: &&&[Said]| -> bool {
                    let before = said.iter().take_while(|one| one.0 <= at);
                    let state = before.last().map(|one| one.2);
                    !matches!(state, None | Some(AgentState::LoggedOut | AgentState::Paused))
                };
                let place = match agents.iter().filter(there).count() {
                    _ if dark.contains(&minute) || since.is_none_or(|since| at < since) => {
                        &mut to.unknown_ms
                    }
                    0 => &mut to.unstaffed_ms,
                    1 => {
                        to.single_ms += length;
                        &mut to.staffed_ms
                    }
                    _ => &mut to.staffed_ms,
                };
                *place += length;
            }
        }
    }
}

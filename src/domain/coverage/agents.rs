//! The reports of one agent, and the departments whose number the agent staffs at each moment.

use std::sync::Arc;

use super::steps::Steps;
use crate::domain::event::{AgentReport, AgentState};
use crate::domain::ids::{Department, EventId, Queue};
use crate::domain::pack::{Reader, Writer};
use crate::domain::units::Timestamp;

/// Stands for all departments: an agent who staffs any number staffs this one, once.
pub(super) const WHOLE: Department = Department(u16::MAX);

/// Reports of one agent that are kept at most.
pub(super) const REPORTS: usize = 4_096;

/// A report that one told later may still come before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kept {
    time: Timestamp,
    id: EventId,
    /// From when on it can be seen by who counts as time goes: later than `time` if it was late.
    seen_from: Timestamp,
    queue: Option<Queue>,
    state: AgentState,
    /// Which of the agent's sets of departments; `None` keeps what was last said.
    set: Option<u16>,
}

impl Kept {
    fn order(&self) -> (Timestamp, EventId) {
        (self.time, self.id)
    }
}

/// What holds of one queue (or of all): the latest report, and what was last said of departments.
/// Both are the greatest of what was seen, so the order in which they are seen does not matter.
#[derive(Clone, Copy, Debug)]
struct Holding {
    latest: Kept,
    said: Option<(Timestamp, EventId, u16)>,
}

impl Holding {
    fn of(kept: Kept) -> Holding {
        Holding { latest: kept, said: kept.set.map(|set| (kept.time, kept.id, set)) }
    }
}

/// Everything that is kept of one agent.
#[derive(Clone, Debug, Default)]
pub(super) struct Reports {
    sets: Vec<Arc<[Department]>>,
    /// In rising order.
    kept: Vec<Kept>,
    /// What holds after the last one, by queue, and what the agent staffs then.
    last: Vec<Holding>,
    staffs: Vec<Department>,
    /// The latest moment from which on one of them can be seen.
    all_seen_from: Timestamp,
}

/// A report is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    New,
    Repeat,
}

impl Reports {
    /// Takes in a report, and what it changes into the steps: exactly what lies between it and the
    /// agent's next one. `seen` are the steps as they can be seen while time goes.
    pub(super) fn take(
        &mut self,
        report: &AgentReport,
        seen_from: Timestamp,
        steps: &mut Steps,
        seen: &mut Steps,
    ) -> Taken {
        let kept = Kept {
            time: report.time,
            id: report.id,
            seen_from,
            queue: report.queue,
            state: report.state,
            set: self.set(&report.departments),
        };
        let at = self.kept.partition_point(|one| one.order() < kept.order());
        let twins = self.kept[at..].iter().take_while(|one| one.order() == kept.order());
        if twins.into_iter().any(|one| one.queue == kept.queue) {
            return Taken::Repeat;
        }
        let is_last = at == self.kept.len();
        let is_in_time = seen_from == kept.time && self.all_seen_from <= kept.time;
        if is_last && (is_in_time || self.kept.is_empty()) {
            self.kept.push(kept);
            self.all_seen_from = seen_from;
            hold(&mut self.last, kept);
            let staffs = staffed(&self.last, &self.sets);
            change(&self.staffs, &staffs, kept.time, 1, steps);
            change(&self.staffs, &staffs, seen_from, 1, seen);
            self.staffs = staffs;
            return Taken::New;
        }
        self.put(-1, steps, seen);
        self.kept.insert(at, kept);
        self.put(1, steps, seen);
        self.remember();
        Taken::New
    }

    /// When each report is from, of which queue, and whether it says for which departments.
    pub(super) fn kept(&self) -> impl Iterator<Item = (Timestamp, Option<Queue>, bool)> + '_ {
        self.kept.iter().map(|one| (one.time, one.queue, one.set.is_some()))
    }

    /// Which set of departments this is.
    fn set(&mut self, departments: &[Department]) -> Option<u16> {
        if departments.is_empty() {
            return None;
        }
        let mut sorted = departments.to_vec();
        sorted.retain(|department| *department != WHOLE);
        sorted.sort_unstable();
        sorted.dedup();
        let known = self.sets.iter().position(|set| **set == *sorted);
        let at = known.unwrap_or(self.sets.len());
        if known.is_none() {
            self.sets.push(sorted.into());
        }
        u16::try_from(at).ok()
    }

    /// Adds everything that is kept to both steps, or takes it away.
    fn put(&self, sign: i32, steps: &mut Steps, seen: &mut Steps) {
        self.walk(&self.kept, |kept| kept.time, sign, steps);
        let mut by_sight = self.kept.clone();
        by_sight.sort_by_key(|kept| (kept.seen_from, kept.order()));
        self.walk(&by_sight, |kept| kept.seen_from, sign, seen);
    }

    fn walk(&self, kept: &[Kept], at: impl Fn(&Kept) -> Timestamp, sign: i32, steps: &mut Steps) {
        let mut last = Vec::new();
        let mut before = Vec::new();
        for one in kept {
            hold(&mut last, *one);
            let staffs = staffed(&last, &self.sets);
            change(&before, &staffs, at(one), sign, steps);
            before = staffs;
        }
    }

    fn remember(&mut self) {
        self.last.clear();
        self.all_seen_from = Timestamp(i64::MIN);
        for kept in &self.kept {
            hold(&mut self.last, *kept);
            self.all_seen_from = self.all_seen_from.max(kept.seen_from);
        }
        self.staffs = staffed(&self.last, &self.sets);
    }

    /// Lets go what no report that may still come can fall before: reports whose next one of the
    /// same queue was before a moment, and was seen before another one.
    pub(super) fn let_go(&mut self, before: Timestamp, seen_before: Timestamp) {
        self.thin(|next| next.time < before && next.seen_from < seen_before);
    }

    /// Lets the oldest go at the bound; how many there were.
    pub(super) fn keep_bound(&mut self) -> i64 {
        if self.kept.len() <= REPORTS {
            return 0;
        }
        let count = self.kept.len();
        let middle = self.kept[count / 2].order();
        self.thin(|next| next.order() < middle);
        (count - self.kept.len()) as i64
    }

    fn thin(&mut self, is_settled: impl Fn(&Kept) -> bool) {
        let (mut at, before) = (0, self.kept.len());
        while at < self.kept.len() {
            let one = self.kept[at];
            let next = self.kept[at + 1..].iter_mut().find(|next| next.queue == one.queue);
            match next {
                Some(next) if is_settled(next) => {
                    next.set = next.set.or(one.set);
                    self.kept.remove(at);
                }
                Some(_) | None => at += 1,
            }
        }
        if self.kept.len() < before {
            self.remember();
        }
    }

    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.sets.len() as u64);
        for set in &self.sets {
            out.unsigned(set.len() as u64);
            set.iter().for_each(|department| out.unsigned(u64::from(department.0)));
        }
        out.unsigned(self.kept.len() as u64);
        let mut before = 0;
        for kept in &self.kept {
            out.signed(kept.time.0.wrapping_sub(before));
            before = kept.time.0;
            out.fixed(&kept.id.0.to_le_bytes());
            out.signed(kept.seen_from.0.wrapping_sub(kept.time.0));
            out.unsigned(kept.queue.map_or(0, |queue| u64::from(queue.0) + 1));
            out.byte(kept.state as u8);
            out.unsigned(kept.set.map_or(0, |set| u64::from(set) + 1));
        }
    }

    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Reports> {
        // A time, an id, and four things of one byte at least.
        const LEAST: usize = 13;
        let mut reports = Reports::default();
        for _ in 0..input.count(1)? {
            let count = input.count(1)?;
            let set = (0..count).map(|_| input.index().map(Department));
            reports.sets.push(set.collect::<Option<Vec<_>>>()?.into());
        }
        let mut before = 0_i64;
        for _ in 0..input.count(LEAST)? {
            before = before.wrapping_add(input.signed()?);
            let kept = Kept {
                time: Timestamp(before),
                id: EventId(u64::from_le_bytes(input.fixed()?)),
                seen_from: Timestamp(before.wrapping_add(input.signed()?)),
                queue: index(input)?.map(Queue),
                state: *AgentState::ALL.get(usize::from(input.byte()?))?,
                set: index(input)?.filter(|set| usize::from(*set) < reports.sets.len()),
            };
            if reports.kept.last().is_some_and(|last| last.order() > kept.order()) {
                return None;
            }
            reports.kept.push(kept);
        }
        reports.remember();
        Some(reports)
    }
}

fn index(input: &mut Reader<'_>) -> Option<Option<u16>> {
    Some(match input.unsigned()? {
        0 => None,
        index => Some(u16::try_from(index - 1).ok()?),
    })
}

/// Takes in a report.
fn hold(last: &mut Vec<Holding>, kept: Kept) {
    let more = Holding::of(kept);
    match last.iter_mut().find(|one| one.latest.queue == kept.queue) {
        None => last.push(more),
        Some(known) => {
            known.said = known.said.max(more.said);
            if known.latest.order() < kept.order() {
                known.latest = kept;
            }
        }
    }
}

/// The departments that are staffed, each once, in order, the whole municipality last. A state
/// that is given for no queue in particular holds for all of them that are logged in, if it is
/// later.
fn staffed(last: &[Holding], sets: &[Arc<[Department]>]) -> Vec<Department> {
    let general = last.iter().map(|of| of.latest).find(|one| one.queue.is_none());
    let mut staffed = Vec::new();
    for Holding { latest: one, said } in last {
        let state = match general {
            Some(general) if general.time > one.time && one.state != AgentState::LoggedOut => {
                general.state
            }
            Some(_) | None => one.state,
        };
        if state.staffs() {
            let set = said.and_then(|(.., set)| sets.get(usize::from(set)));
            staffed.extend(set.into_iter().flat_map(|set| set.iter().copied()));
        }
    }
    staffed.sort_unstable();
    staffed.dedup();
    if !staffed.is_empty() {
        staffed.push(WHOLE);
    }
    staffed
}

fn change(
    before: &[Department],
    after: &[Department],
    at: Timestamp,
    sign: i32,
    steps: &mut Steps,
) {
    for one in after.iter().filter(|one| !before.contains(one)) {
        steps.add(*one, at, sign);
    }
    for one in before.iter().filter(|one| !after.contains(one)) {
        steps.add(*one, at, -sign);
    }
}

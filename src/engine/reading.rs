//! What the report of a published period is made from, and so which change of it asks for another
//! edition.
//!
//! | Source | Read from |
//! |---|---|
//! | calls, questions, callbacks (cells) | the period; of the goals also what it is compared with |
//! | what joins contacts | the same, as far as it reaches |
//! | agents, and minutes in which something was heard | the period and what it is compared with |
//! | surveys | every one of a period that began before this one was over |
//! | evaluators, counts by hand, notes | periods within it |
//!
//! Of what a period is compared with, shares are printed and no counts; so those changes are weighed:
//! the fold keeps how much the goals' counts have changed since the last edition, and whoever notes
//! the next one looks whether any share reads otherwise. Left out on purpose: the quality of the data
//! (what came too late is in no figure) and new rules (the past keeps those it was judged by).

use std::collections::BTreeMap;

use crate::domain::calendar::{Day, Zone};
use crate::domain::cell::{CellKey, GoalCount, Line};
use crate::domain::goal::{Goal, GoalId};
use crate::domain::ids::Department;
use crate::domain::kin::{Entry, What};
use crate::domain::pack::{Reader, Writer};
use crate::domain::period::Period;
use crate::domain::tally::Tally;
use crate::domain::told::{Slot, Subject};
use crate::domain::units::{Share, Timestamp};

/// Shares that are weighed of one period in one chain; one more, and it has changed.
const WEIGHED: usize = 4_096;
/// The bytes that one of them takes at least.
const LEAST_WEIGHED: usize = 5;

/// What goals are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Calls(Goal),
    Questions,
    FirstContact,
}

impl Measure {
    /// Every one. Their places are durable in snapshots.
    pub(super) const ALL: [Measure; 6] = [
        Measure::Calls(Goal::Sm1),
        Measure::Calls(Goal::Sm2),
        Measure::Calls(Goal::Sm3),
        Measure::Calls(Goal::Sm3w),
        Measure::Questions,
        Measure::FirstContact,
    ];

    pub(super) fn share(self, line: Line, tally: &Tally) -> Share {
        match self {
            Measure::Calls(goal) => GoalCount::of_line(goal, line, tally).share,
            Measure::Questions => GoalCount::questions(tally).share,
            Measure::FirstContact => GoalCount::first_contact(line, tally).share,
        }
    }

    pub(super) fn goal(self) -> GoalId {
        match self {
            Measure::Calls(goal) => goal.goal_id(),
            Measure::Questions => GoalId::Sm4,
            Measure::FirstContact => GoalId::Fcr,
        }
    }
}

type Stretch = (Timestamp, Timestamp);

fn has((from, end): Stretch, at: Timestamp) -> bool {
    from <= at && at < end
}

/// From when to when a period's report reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    days: (Day, Day),
    own: Stretch,
    compared: [Stretch; Period::COMPARED],
}

impl Reading {
    pub(super) fn of(period: Period) -> Reading {
        let zone = Zone::stockholm();
        let stretch = |(from, end)| (zone.day_start(from), zone.day_start(end));
        Reading {
            days: period.span(),
            own: stretch(period.span()),
            compared: period.compared().map(stretch),
        }
    }

    /// Nothing that happened from here on is read.
    pub(super) fn end(&self) -> Timestamp {
        self.own.1
    }

    /// Whether something that happened then is read, be it to compare with.
    pub(super) fn reads(&self, at: Timestamp) -> bool {
        has(self.own, at) || self.compared.iter().any(|of| has(*of, at))
    }

    /// Whether any part of a stretch of time is read, be it to compare with; its end is not of it.
    pub(super) fn reads_any(&self, (from, until): Stretch) -> bool {
        let meets = |of: &Stretch| from < of.1 && of.0 < until;
        meets(&self.own) || self.compared.iter().any(meets)
    }

    /// Whether what people told of a slot is printed.
    pub(super) fn prints(&self, slot: &Slot) -> bool {
        match slot.subject {
            Subject::Survey { .. } => slot.period.from < self.days.1,
            Subject::Evaluator { .. } | Subject::Count(_) | Subject::Note { .. } => {
                slot.period.is_within(self.days)
            }
        }
    }

    /// Whether what joins contacts may change what is read.
    pub(super) fn reaches(&self, entry: &Entry) -> bool {
        let until = entry.at.plus(entry.what.reach());
        let meets = |of: &Stretch| entry.at < of.1 && until >= of.0;
        let compared = || self.compared.iter().any(meets);
        meets(&self.own)
            // Who rang again is compared with nothing.
            || (matches!(entry.what, What::Question { .. }) && compared())
    }

    /// Whether any cell is of the period itself. They stand in the order of time.
    pub(super) fn has_cell(&self, cells: &[(CellKey, Tally)]) -> bool {
        let at = cells.partition_point(|(key, _)| key.quarter.start() < self.own.0);
        cells.get(at).is_some_and(|(key, _)| key.quarter.start() < self.own.1)
    }

    /// Whether something is counted of the period itself then.
    pub(super) fn has(&self, at: Timestamp) -> bool {
        has(self.own, at)
    }
}

/// Which share: of which stretch that the period is compared with, whose, and of what.
pub(super) type Weighed = (u8, Department, u8);

/// How much the counts have changed that a period is compared with, since its last edition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Weights {
    changed: BTreeMap<Weighed, Share>,
    /// How often anything has: whoever has looked once need not look again before this grows.
    times: u64,
}

impl Weights {
    /// Takes in cells; gives false when there are too many shares.
    pub(super) fn take(&mut self, reading: &Reading, cells: &[(CellKey, Tally)]) -> bool {
        for (at, stretch) in reading.compared.iter().enumerate() {
            let first = cells.partition_point(|(key, _)| key.quarter.start() < stretch.0);
            for (key, tally) in &cells[first..] {
                if !has(*stretch, key.quarter.start()) {
                    break;
                }
                for (of, measure) in Measure::ALL.into_iter().enumerate() {
                    let more = measure.share(key.line, tally);
                    if more == Share::default() {
                        continue;
                    }
                    let place = (at as u8, key.line.department, of as u8);
                    let sum = self.changed.entry(place).or_default();
                    *sum = sum.merge(more);
                    if *sum == Share::default() {
                        self.changed.remove(&place);
                    }
                    self.times += 1;
                }
            }
        }
        self.changed.len() <= WEIGHED
    }

    pub(super) fn times(&self) -> u64 {
        self.times
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Weighed, Share)> + '_ {
        self.changed.iter().map(|(place, share)| (*place, *share))
    }

    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.times);
        out.unsigned(self.changed.len() as u64);
        for ((stretch, department, measure), share) in &self.changed {
            out.byte(*stretch);
            out.unsigned(u64::from(department.0));
            out.byte(*measure);
            out.signed(share.met);
            out.signed(share.of);
        }
    }

    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Weights> {
        let mut weights = Weights { times: input.unsigned()?, ..Weights::default() };
        for _ in 0..input.count(LEAST_WEIGHED)? {
            let stretch = input.byte().filter(|at| usize::from(*at) < Period::COMPARED)?;
            let department = Department(input.index()?);
            let measure = input.byte().filter(|of| usize::from(*of) < Measure::ALL.len())?;
            let share = Share { met: input.signed()?, of: input.signed()? };
            weights.changed.insert((stretch, department, measure), share);
        }
        Some(weights)
    }
}

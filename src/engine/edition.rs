//! Editions of closed periods: which there are, where they end, and which are due.
//!
//! What an edition is and why it is cut at records stands in [`super::marker`].

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use super::chain::Hash;
use super::instance::Instance;
use super::marker::{self, Marker, Marks, Moment};
use super::reading::{Measure, Reading, Weighed};
use crate::domain::calendar::{Day, Zone};
use crate::domain::goal::Direction;
use crate::domain::ids::Department;
use crate::domain::period::Period;
use crate::domain::schedule::{Kind, Schedule};
use crate::domain::units::{Millis, Share, Timestamp};

/// How long an edition waits for a partition that is not read to its end.
const READING: Millis = Millis::from_hours(1);

/// One edition of a period, complete in every chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Of which period.
    pub period: Period,
    /// From 1.
    pub number: u16,
    /// The local date on which it was due.
    pub day: Day,
    /// Where it ends in each chain, by partition.
    pub places: Vec<Place>,
}

/// Where an edition ends in one chain: up to and including this record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The partition of the ledger.
    pub partition: i32,
    /// The record's place in its chain.
    pub sequence: u64,
    /// Its name.
    pub record: Hash,
}

/// Where a chain that is followed stands before an edition's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Records of the edition are still to come.
    Before,
    /// The record that ends it is the last one.
    There,
    /// Something behind the end has been folded.
    Behind,
}

/// A share that a period is compared with, as its last edition told it and as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// As the last edition told it.
    pub before: Share,
    /// As it is now.
    pub after: Share,
    /// The period's own share, where a difference from it is told too.
    pub own: Option<Share>,
    /// What shares of the period are held against.
    pub level: Option<(Direction, u8)>,
}

/// Whether a comparison reads as it did: whoever prints reports knows.
pub type ReadsAlike = fn(&Comparison) -> bool;

/// Of which period and edition it was found that its comparisons read as they did, and after how many
/// changes that was.
#[derive(Clone, Debug, Default)]
pub(super) struct Unmoved(BTreeMap<(Period, u16), u64>);

impl Engine {
    fn marks(&self) -> Vec<&Marks> {
        self.fold.chains.iter().map(|chain| &chain.marks).collect()
    }

    /// How many editions of a period are complete.
    pub fn editions_of(&self, period: Period) -> u16 {
        marker::complete(&self.marks(), period)
    }

    /// Every edition that is complete, in order of period and number.
    pub fn editions(&self) -> Vec<Edition> {
        let of = |period| (1..=self.editions_of(period)).map(move |number| (period, number));
        let all = marker::marked(&self.marks()).into_iter().flat_map(of);
        all.filter_map(|(period, number)| self.edition(period, number)).collect()
    }

    /// An edition; `None` while a chain has no marker of it.
    pub fn edition(&self, period: Period, number: u16) -> Option<Edition> {
        let mut day = None;
        let mut places = Vec::with_capacity(self.fold.chains.len());
        for chain in &self.fold.chains {
            let mark = chain.marks.mark(period, number)?;
            day = day.max(Some(mark.day));
            let (sequence, record) = (mark.sequence, mark.record);
            places.push(Place { partition: chain.partition, sequence, record });
        }
        Some(Edition { period, number, day: day?, places })
    }

    /// Where a chain stands before the end of an edition.
    pub fn reach(&self, at: usize, period: Period, number: u16) -> Reach {
        let chain = &self.fold.chains[at];
        match chain.marks.mark(period, number) {
            None => Reach::Before,
            Some(mark) if mark.sequence == chain.head.sequence => Reach::There,
            Some(_) => Reach::Behind,
        }
    }

    /// Since when the earliest period of a kind waits for its first edition to be complete.
    pub fn awaited_since(
        &self,
        kind: Kind,
        schedule: &Schedule,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let due = schedule.due(now, self.first_day()?);
        due.into_iter()
            .filter(|period| Kind::of(*period) == Some(kind) && self.editions_of(*period) == 0)
            .map(|period| schedule.moment(period))
            .min()
    }

    fn first_day(&self) -> Option<Day> {
        self.board().cells().days().next().map(|(day, ..)| day)
    }

    /// Whether a complete edition tells of something as undecided that time has decided since: a
    /// question that can be answered in time no longer, a promise likewise, or the rest of a period.
    fn has_run_out(&self, period: Period, number: u16) -> bool {
        let marks = self.marks().into_iter().filter_map(|marks| marks.mark(period, number));
        let Some(now) = self.last_event() else { return false };
        let then = marks.filter_map(|mark| mark.last_event).max().unwrap_or(Timestamp(i64::MIN));
        if now <= then {
            return false;
        }
        let reading = Reading::of(period);
        let runs_out = |due_at: Timestamp| then <= due_at && due_at < now;
        let mut questions = self.board().questions();
        let mut callbacks = self.board().callbacks();
        then < reading.end()
            || questions.any(|one| runs_out(one.due_at) && reading.reads(one.received_at))
            || callbacks.any(|one| runs_out(one.due_at) && reading.has(one.promised_at))
    }

    /// How much the shares have changed that a period is compared with since its last edition, and
    /// how often.
    fn weighed(&self, period: Period) -> (BTreeMap<Weighed, Share>, u64) {
        let mut sums: BTreeMap<Weighed, Share> = BTreeMap::new();
        let mut times = 0;
        for weights in self.marks().into_iter().filter_map(|marks| marks.weights(period)) {
            times += weights.times();
            for (place, share) in weights.iter() {
                let sum = sums.entry(place).or_default();
                *sum = sum.merge(share);
            }
        }
        sums.retain(|_, share| *share != Share::default());
        (sums, times)
    }

    /// The shares of some measures in a stretch of days: by department, and of all.
    fn shares(
        &self,
        (from, end): (Day, Day),
        measures: &BTreeSet<u8>,
    ) -> BTreeMap<(Option<Department>, u8), Share> {
        let mut shares: BTreeMap<(Option<Department>, u8), Share> = BTreeMap::new();
        let mut add = |department, measure, more: Share| {
            for whose in [None, Some(department)] {
                let share = shares.entry((whose, measure)).or_default();
                *share = share.merge(more);
            }
        };
        let all = || (0_u8..).zip(Measure::ALL).filter(|(at, _)| measures.contains(at));
        for (line, tally) in from.until(end).flat_map(|day| self.board().cells().day(day)) {
            all().for_each(|(at, of)| add(line.department, at, of.share(line, tally)));
        }
        let (zone, now) = (Zone::stockholm(), self.last_event());
        let pending =
            self.board().questions().filter(|one| now.is_some_and(|at| one.is_pending(at)));
        for (question, (at, of)) in pending.flat_map(|one| all().map(move |of| (one, of))) {
            let day = zone.day_of(question.received_at);
            if of == Measure::Questions && from <= day && day < end {
                add(question.department, at, Share { met: 0, of: -1 });
            }
        }
        shares
    }

    /// Whether what a period is compared with reads otherwise than in its last edition.
    fn reads_otherwise(
        &self,
        period: Period,
        changed: &BTreeMap<Weighed, Share>,
        reads_alike: ReadsAlike,
    ) -> bool {
        let (_, end) = period.span();
        // Whose changes are looked at: the departments', and those of all together.
        let mut changes: BTreeMap<(u8, Option<Department>, u8), Share> = BTreeMap::new();
        for ((stretch, department, measure), share) in changed {
            for whose in [None, Some(*department)] {
                let sum = changes.entry((*stretch, whose, *measure)).or_default();
                *sum = sum.merge(*share);
            }
        }
        let measures: BTreeSet<u8> = changes.keys().map(|(.., measure)| *measure).collect();
        let own = self.shares(period.span(), &measures);
        (0_u8..).zip(period.compared()).any(|(stretch, days)| {
            let of_stretch = || changes.iter().filter(|((of, ..), _)| *of == stretch);
            if of_stretch().next().is_none() {
                return false;
            }
            let now = self.shares(days, &measures);
            of_stretch().any(|((_, whose, measure), change)| {
                let after = now.get(&(*whose, *measure)).copied().unwrap_or_default();
                let before = Share { met: after.met - change.met, of: after.of - change.of };
                let goal = Measure::ALL[usize::from(*measure)].goal();
                let level = self.rules().level(goal, end.previous());
                let own = || own.get(&(*whose, *measure)).copied().unwrap_or_default();
                !reads_alike(&Comparison {
                    before,
                    after,
                    own: (stretch == 0).then(own),
                    level: level.map(|level| (level.direction, level.percent)),
                })
            })
        })
    }

    /// Periods whose last edition, of an earlier day, reads otherwise by now though no chain says so
    /// by itself.
    fn overtaken(
        &self,
        today: Day,
        reads_alike: ReadsAlike,
        unmoved: &mut Unmoved,
    ) -> BTreeSet<Period> {
        let marks = self.marks();
        unmoved.0.retain(|(period, number), _| marker::complete(&marks, *period) == *number);
        let mut is_overtaken = |period: &Period| {
            let number = marker::complete(&marks, *period);
            let of_today = |mark: &&marker::Mark| mark.day >= today;
            let last = |marks: &&Marks| marks.mark(*period, number).filter(of_today).is_some();
            if number == 0
                || marks.iter().any(last)
                || marks.iter().any(|of| of.is_changed(*period))
            {
                return false;
            }
            if self.has_run_out(*period, number) {
                return true;
            }
            let (changed, times) = self.weighed(*period);
            let place = (*period, number);
            if changed.is_empty() || unmoved.0.get(&place) == Some(&times) {
                return false;
            }
            let reads_otherwise = self.reads_otherwise(*period, &changed, reads_alike);
            if !reads_otherwise {
                unmoved.0.insert(place, times);
            }
            reads_otherwise
        };
        marker::marked(&marks).into_iter().filter(&mut is_overtaken).collect()
    }
}

impl Instance {
    /// Notes the editions that are to end in the partitions that this instance writes, with their
    /// next record. `reads_alike` is the reports' own, and `is_read` tells whether a partition is read
    /// to its end. What is noted and not written, since another took over, is found due again; asked
    /// once a minute, that is enough.
    pub fn publish(
        &mut self,
        schedule: &Schedule,
        now: Timestamp,
        reads_alike: ReadsAlike,
        mut is_read: impl FnMut(usize) -> bool,
    ) {
        let first = self.engine.first_day();
        let today = Zone::stockholm().day_of(now);
        let also = match schedule.is_round(now) {
            true => self.engine.overtaken(today, reads_alike, &mut self.unmoved),
            false => BTreeSet::new(),
        };
        let round = Zone::stockholm().at_wall_clock(today, schedule.minute);
        for at in 0..self.tenures.len() {
            let waits = now < round.plus(READING) && !is_read(at);
            if !self.tenures[at].is_owning() || self.tenures[at].is_draining() || waits {
                continue;
            }
            let moment = Moment { schedule, now, first, also: &also };
            let due: Vec<Marker> = marker::due(&self.engine.marks(), at, moment);
            self.engine.partitions[at].mark(due);
        }
    }
}

#[cfg(test)]
mod tests;

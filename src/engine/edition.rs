//! Editions of closed periods: which there are, where they end, and which are due.
//!
//! What an edition is and why it is cut at records stands in [`super::marker`].

use super::Engine;
use super::chain::Hash;
use super::instance::Instance;
use super::marker::{self, Marker, Marks, Moment};
use crate::domain::calendar::{Day, Zone};
use crate::domain::period::Period;
use crate::domain::schedule::{Kind, Schedule};
use crate::domain::units::{Millis, Timestamp};

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
}

impl Instance {
    /// Notes the editions that are to end in the partitions that this instance writes, with their
    /// next record. `is_read` tells whether a partition is read to its end. What is noted and not
    /// written, since another took over, is found due again; asked once a minute, that is enough.
    pub fn publish(
        &mut self,
        schedule: &Schedule,
        now: Timestamp,
        mut is_read: impl FnMut(usize) -> bool,
    ) {
        let first = self.engine.first_day();
        let today = Zone::stockholm().day_of(now);
        let round = Zone::stockholm().at_wall_clock(today, schedule.minute);
        for at in 0..self.tenures.len() {
            let waits = now < round.plus(READING) && !is_read(at);
            if !self.tenures[at].is_owning() || self.tenures[at].is_draining() || waits {
                continue;
            }
            let moment = Moment { schedule, now, first };
            let due: Vec<Marker> = marker::due(&self.engine.marks(), at, moment);
            self.engine.partitions[at].mark(due);
        }
    }
}

//! Markers: where in each chain an edition of a period ends.
//!
//! **Edition k of a period is the report made from a fold of every chain up to and including the
//! record that brings the marker (period, k), and of nothing behind it.** Whoever reads the same
//! ledger cuts it at the same records, so an edition is byte-equal on every instance and can be made
//! again at any time. To subtract later deltas from a total would do for sums of cells, but not for
//! what is no sum: the latest survey, who waits, which rules are in force. A fold has them all.
//!
//! The owner of a partition appends its marker when it is due; a partition without events gets one
//! too. An edition is complete when every chain has its marker. The next one is due on the next daily
//! round if any chain told something behind its marker that the period's report prints
//! ([`super::reading`]), or if a question may be answered in time no longer. A marker that a chain has
//! is worth nothing a second time, so that kills, takeovers and instances with other clocks do no
//! harm: as soon as one chain has a marker, the others follow.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::Hash;
use super::codec::{time, untime};
use super::reading::{Reading, Weights};
use super::record::Record;
use crate::domain::calendar::{Day, Zone};
use crate::domain::coverage::Coverages;
use crate::domain::pack::{Reader, Writer};
use crate::domain::period::Period;
use crate::domain::schedule::Schedule;
use crate::domain::units::Timestamp;

/// Periods that ended more than so many days ago, 25 months, get no further edition.
const REVISED_DAYS: i32 = 762;
/// Editions of one period at most.
const EDITIONS: usize = 999;
/// Periods of one chain whose markers are known; the one that ended first goes first.
const PERIODS: usize = 1_024;
/// The bytes that a marker takes at least.
pub(super) const LEAST_MARKER: usize = 6;
const LEAST_MARK: usize = 19;

/// The end of an edition of a period in one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// Of which period.
    pub period: Period,
    /// From 1.
    pub edition: u16,
    /// The local date on which it was due, by the clock of who began the edition.
    pub day: Day,
}

/// A marker as it stands in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) day: Day,
    /// The record that brought it: its place in the chain and its name. Both outlive a copy of the
    /// ledger, which offsets do not.
    pub(super) sequence: u64,
    pub(super) record: Hash,
    /// The largest event time of the chain there.
    pub(super) last_event: Option<Timestamp>,
}

/// What one chain has of one period.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Marked {
    reading: Reading,
    /// By edition, the first one first.
    editions: Vec<Mark>,
    /// Whether something that is printed was told behind the last one.
    is_changed: bool,
    /// What has changed behind it in what the period is compared with.
    weights: Weights,
}

/// The markers of one chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    periods: BTreeMap<Period, Marked>,
    /// The latest end of a period that is waited on for changes: events of today are not looked at
    /// any further.
    latest: Option<Timestamp>,
}

impl Marker {
    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        out.text(&self.period.to_string());
        out.unsigned(u64::from(self.edition));
        out.signed(i64::from(self.day.0));
    }

    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Marker> {
        Some(Marker {
            period: input.text()?.parse().ok()?,
            edition: u16::try_from(input.unsigned()?).ok().filter(|edition| *edition > 0)?,
            day: Day(i32::try_from(input.signed()?).ok()?),
        })
    }
}

impl Marks {
    /// The latest edition of a period that has a marker here; 0 without one.
    pub(super) fn edition(&self, period: Period) -> u16 {
        self.periods.get(&period).map_or(0, |marked| marked.editions.len() as u16)
    }

    /// Where an edition ends.
    pub(super) fn mark(&self, period: Period, edition: u16) -> Option<&Mark> {
        let at = usize::from(edition).checked_sub(1)?;
        self.periods.get(&period)?.editions.get(at)
    }

    /// Every period that has a marker here.
    pub(super) fn periods(&self) -> impl Iterator<Item = Period> + '_ {
        self.periods.keys().copied()
    }

    /// What has changed behind the last marker in what a period is compared with.
    pub(super) fn weights(&self, period: Period) -> Option<&Weights> {
        self.periods.get(&period).map(|marked| &marked.weights)
    }

    pub(super) fn is_changed(&self, period: Period) -> bool {
        self.periods.get(&period).is_some_and(|marked| marked.is_changed)
    }

    /// Whether a marker is the next one of its period here.
    pub(super) fn wants(&self, marker: &Marker) -> bool {
        marker.edition == self.edition(marker.period) + 1
    }

    /// Takes in a record that counts, and its name: first what it tells, which is part of the
    /// editions that end with it, then its markers. `known` is what was known of staffing before it.
    pub(super) fn take(&mut self, record: &Record, name: Hash, known: &Coverages) {
        if self.latest.is_some() {
            self.look(record, known);
        }
        for marker in &record.markers {
            if self.wants(marker) && usize::from(marker.edition) <= EDITIONS {
                let (sequence, last_event) = (record.link.sequence, record.last_event);
                let mark = Mark { day: marker.day, sequence, record: name, last_event };
                self.add(marker.period, mark, false, Weights::default());
            }
        }
        if !record.markers.is_empty() {
            self.bound();
        }
    }

    fn add(&mut self, period: Period, mark: Mark, is_changed: bool, weights: Weights) {
        let marked = self.periods.entry(period).or_insert_with(|| Marked {
            reading: Reading::of(period),
            editions: Vec::new(),
            is_changed,
            weights: Weights::default(),
        });
        marked.editions.push(mark);
        marked.is_changed = is_changed;
        marked.weights = weights;
        self.latest = self.latest.max(Some(marked.reading.end()).filter(|_| !is_changed));
    }

    fn bound(&mut self) {
        while self.periods.len() > PERIODS
            && let Some(first) = self
                .periods
                .iter()
                .map(|(at, marked)| (marked.reading.end(), *at))
                .min()
                .map(|(_, at)| at)
        {
            self.periods.remove(&first);
        }
    }

    /// Looks whether a record tells something behind the last marker of a period that its report
    /// prints.
    fn look(&mut self, record: &Record, known: &Coverages) {
        let Some(latest) = self.latest else { return };
        // Cells stand in the order of time.
        let cells = &record.cells;
        let has_cells = cells.first().is_some_and(|(key, _)| key.quarter.start() < latest);
        let agents = record.agents.iter().filter(|report| report.time < latest);
        let agents: Vec<(Timestamp, Timestamp)> =
            agents.map(|report| known.holds(report, &record.agents)).collect();
        let heard = record.heard.iter().filter(|minute| **minute < latest.minute());
        let heard: Vec<Timestamp> = heard
            .filter(|minute| !known.has_heard(**minute))
            .map(|minute| Timestamp(i64::from(*minute) * 60_000))
            .collect();
        // What joins contacts may decide what is counted of a later one.
        let entries = || record.entries.iter().map(|(entry, _)| entry);
        let has_entries = entries().any(|entry| entry.at < latest);
        if !has_cells
            && !has_entries
            && agents.is_empty()
            && heard.is_empty()
            && record.told.is_empty()
        {
            return;
        }
        for marked in self.periods.values_mut().filter(|marked| !marked.is_changed) {
            let Marked { reading, weights, .. } = marked;
            marked.is_changed = reading.has_cell(cells)
                || agents.iter().any(|holds| reading.reads_any(*holds))
                || heard.iter().any(|at| reading.reads(*at))
                || record.told.iter().any(|told| reading.prints(&told.slot))
                || entries().any(|entry| reading.reaches(entry))
                || !weights.take(reading, cells);
        }
    }

    /// Takes in that something was counted anew at a time, by what a record of this chain says of
    /// another contact. Whether it is of a share that other periods are compared with is told too.
    pub(super) fn join(&mut self, at: Timestamp, is_compared: bool, sequence: u64) {
        if self.latest.is_none_or(|latest| at >= latest) {
            return;
        }
        for marked in self.periods.values_mut() {
            let is_behind = marked.editions.last().is_some_and(|mark| mark.sequence < sequence);
            let is_read = marked.reading.has(at) || (is_compared && marked.reading.reads(at));
            marked.is_changed |= is_behind && is_read;
        }
    }

    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.periods.len() as u64);
        for (period, marked) in &self.periods {
            out.text(&period.to_string());
            out.byte(u8::from(marked.is_changed));
            marked.weights.pack(out);
            out.unsigned(marked.editions.len() as u64);
            for mark in &marked.editions {
                out.signed(i64::from(mark.day.0));
                out.unsigned(mark.sequence);
                out.fixed(&mark.record.0);
                time(mark.last_event, out);
            }
        }
    }

    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Marks> {
        let mut marks = Marks::default();
        for _ in 0..input.count(LEAST_MARK)? {
            let period = input.text()?.parse().ok()?;
            let is_changed = input.byte()? != 0;
            let weights = Weights::unpack(input)?;
            for _ in 0..input.count(LEAST_MARK)? {
                let mark = Mark {
                    day: Day(i32::try_from(input.signed()?).ok()?),
                    sequence: input.unsigned()?,
                    record: Hash(input.fixed()?),
                    last_event: untime(input)?,
                };
                marks.add(period, mark, is_changed, weights.clone());
            }
        }
        Some(marks)
    }
}

/// The edition of a period that every chain has a marker of; 0 without one.
pub(super) fn complete(chains: &[&Marks], period: Period) -> u16 {
    chains.iter().map(|marks| marks.edition(period)).min().unwrap_or(0)
}

/// Every period that any chain has a marker of.
pub(super) fn marked(chains: &[&Marks]) -> Vec<Period> {
    let mut periods: Vec<Period> = chains.iter().flat_map(|marks| marks.periods()).collect();
    periods.sort_unstable();
    periods.dedup();
    periods
}

/// What the clock and the figures say of what is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment<'a> {
    pub(super) schedule: &'a Schedule,
    pub(super) now: Timestamp,
    /// The first day that has figures.
    pub(super) first: Option<Day>,
    /// Periods whose last edition reads otherwise by now, though no chain says so by itself.
    pub(super) also: &'a BTreeSet<Period>,
}

/// The markers that a chain is to have next.
pub(super) fn due(chains: &[&Marks], at: usize, moment: Moment<'_>) -> Vec<Marker> {
    let today = Zone::stockholm().day_of(moment.now);
    let firsts = moment.first.map(|first| moment.schedule.due(moment.now, first));
    let mut periods = marked(chains);
    periods.extend(firsts.iter().flatten().copied());
    periods.sort_unstable();
    periods.dedup();
    let is_round = moment.schedule.is_round(moment.now);
    let next = |period: Period| {
        let mine = chains[at].edition(period);
        let others = || chains.iter().map(|marks| marks.edition(period));
        let (lowest, highest) = (others().min().unwrap_or(0), others().max().unwrap_or(0));
        let begun = chains.iter().find_map(|marks| marks.mark(period, mine + 1));
        let day = match (begun, mine) {
            (Some(mark), _) => Some(mark.day),
            (None, 0) => firsts.as_ref().filter(|due| due.contains(&period)).map(|_| today),
            (None, _) => {
                let last = chains.iter().filter_map(|marks| marks.mark(period, mine)?.day.into());
                let is_due = lowest == highest
                    && is_round
                    && last.max().is_some_and(|last: Day| last < today)
                    && period.span().1.0 + REVISED_DAYS >= today.0
                    && usize::from(mine) < EDITIONS
                    && (moment.also.contains(&period)
                        || chains.iter().any(|marks| marks.is_changed(period)));
                is_due.then_some(today)
            }
        };
        day.map(|day| Marker { period, edition: mine + 1, day })
    };
    periods.into_iter().filter_map(next).collect()
}

#[cfg(test)]
mod tests;

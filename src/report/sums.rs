//! What many reports have in common: sums of the cells by stretch of days, for all departments at
//! once, each made once.
//!
//! A year's report asks for its own days, for those it is compared with and for every month, and the
//! sheets of two hundred departments ask for the same. So whole months are summed once and longer
//! stretches are sums of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::figures::Span;
use super::section::contacts::DeskWork;
use super::sheet::{Order, Sheet};
use super::table::Report;
use crate::domain::calendar::{Day, Weekday, Zone};
use crate::domain::coverage::CoverageSpan;
use crate::domain::ids::{Department, Queue};
use crate::domain::tally::Tally;
use crate::domain::told::Tellings;
use crate::domain::units::{Millis, Quarter, Timestamp};
use crate::engine::Engine;

/// Half-hours of a day.
pub(super) const HALF_HOURS: usize = 48;

/// From the first day up to, but not including, the last.
pub(super) type Days = (Day, Day);

/// The sums of an engine's cells as they stand; it makes any number of reports.
#[derive(Debug)]
pub struct Sums<'e> {
    pub(super) engine: &'e Engine,
    /// What people told.
    pub(super) told: Tellings,
    spans: Kept<Span>,
    heats: Kept<Heat>,
    coverages: Kept<CoverageSpan>,
    /// What the desks did, and when questions came.
    pub(super) desks: Kept<BTreeMap<Queue, DeskWork>>,
    pub(super) intakes: Kept<BTreeMap<Department, BTreeSet<Day>>>,
}

/// What was once made of a stretch of days, kept for the next report.
#[derive(Debug)]
pub(super) struct Kept<T>(RefCell<BTreeMap<Days, Rc<T>>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept(RefCell::default())
    }
}

impl<T> Kept<T> {
    pub(super) fn of(&self, days: Days, make: impl FnOnce() -> T) -> Rc<T> {
        if let Some(kept) = self.0.borrow().get(&days) {
            return Rc::clone(kept);
        }
        let made = Rc::new(make());
        self.0.borrow_mut().insert(days, Rc::clone(&made));
        made
    }
}

/// What was offered to queues in hours, by half-hour on the wall's clock and weekday.
#[derive(Debug, Default)]
pub(super) struct Heat {
    departments: BTreeMap<Department, Week>,
    all: Week,
}

/// Tallies of one week's half-hours.
pub(super) type Week = BTreeMap<(usize, Weekday), Tally>;

impl Engine {
    /// Sums that many reports share. Heat tables need the quarter-hours of the period: keep all of
    /// them for periods before the last two months.
    pub fn sums(&self) -> Sums<'_> {
        Sums {
            engine: self,
            told: self.told(),
            spans: Kept::default(),
            heats: Kept::default(),
            coverages: Kept::default(),
            desks: Kept::default(),
            intakes: Kept::default(),
        }
    }

    /// One report from everything that was folded.
    pub fn report(&self, order: &Order) -> Report {
        self.sums().report(order)
    }
}

impl Sums<'_> {
    /// A report.
    pub fn report(&self, order: &Order) -> Report {
        Sheet::new(self, order).report()
    }

    /// The sum of the days from one up to another. Questions that may still be answered in time at
    /// `now` are in no share.
    pub(super) fn span(&self, days: Days, now: Timestamp) -> Rc<Span> {
        self.spans.of(days, || match &parts(days)[..] {
            [] | [_] => Span::of(self.engine.board(), days, now),
            parts => Span::sum(parts.iter().map(|part| self.span(*part, now))),
        })
    }

    /// How long numbers were staffed in a stretch of days, as far as something is known at `now`.
    pub(super) fn coverage(&self, days: Days, now: Timestamp) -> Rc<CoverageSpan> {
        self.coverages.of(days, || match &parts(days)[..] {
            [] | [_] => {
                let (board, names) = (self.engine.board(), self.engine.names());
                let departments = names.departments.len();
                board.coverages().span(days, now, self.engine.rules(), departments)
            }
            parts => {
                let mut sum = CoverageSpan::default();
                parts.iter().for_each(|part| sum.merge(&self.coverage(*part, now)));
                sum
            }
        })
    }

    /// The half-hours of a stretch of days.
    pub(super) fn heat(&self, days: Days) -> Rc<Heat> {
        self.heats.of(days, || Heat::of(self.engine, days))
    }
}

/// Whole months, and the days before and after them.
fn parts((from, end): Days) -> Vec<Days> {
    let mut parts = Vec::new();
    let mut at = from;
    while at < end {
        let next = at.month().next().first_day().min(end);
        let is_month = |(from, end): Days| {
            from == from.month().first_day() && end == from.month().next().first_day()
        };
        match parts.last_mut() {
            // What is no whole month stands together: days that cost little, summed once.
            Some(last) if !is_month(*last) && !is_month((at, next)) => *last = (last.0, next),
            _ => parts.push((at, next)),
        }
        at = next;
    }
    parts
}

impl Heat {
    fn of(engine: &Engine, (from, end): Days) -> Heat {
        let zone = Zone::stockholm();
        let last = zone.day_start(end).minus(Millis(1)).quarter();
        let until = Quarter(last.0 + 1);
        let cells = engine.board().cells();
        let mut found: BTreeMap<Department, Vec<Vec<&Tally>>> = BTreeMap::new();
        let mut place = (Quarter(i32::MIN), 0);
        for (key, tally) in cells.quarters_in(zone.day_start(from).quarter(), until) {
            if key.line.queue.is_none() || key.line.outside_hours {
                continue;
            }
            if place.0 != key.quarter {
                let (half_hour, weekday) = half_hour(key.quarter.start());
                place = (key.quarter, half_hour * Weekday::ALL.len() + weekday.index());
            }
            let places = found
                .entry(key.line.department)
                .or_insert_with(|| vec![Vec::new(); HALF_HOURS * Weekday::ALL.len()]);
            places[place.1].push(tally);
        }
        let week = |places: &[Vec<&Tally>]| -> Week {
            let some = places.iter().enumerate().filter(|(_, tallies)| !tallies.is_empty());
            some.map(|(at, tallies)| {
                let weekday = Weekday::ALL[at % Weekday::ALL.len()];
                ((at / Weekday::ALL.len(), weekday), Tally::sum(tallies.iter().copied()))
            })
            .collect()
        };
        let departments: BTreeMap<Department, Week> =
            found.iter().map(|(department, places)| (*department, week(places))).collect();
        let mut all: BTreeMap<(usize, Weekday), Vec<&Tally>> = BTreeMap::new();
        for (place, tally) in departments.values().flatten() {
            all.entry(*place).or_default().push(tally);
        }
        let all = all.into_iter().map(|(place, tallies)| (place, Tally::sum(tallies))).collect();
        Heat { departments, all }
    }

    /// Those of one department, or of all.
    pub(super) fn week(&self, department: Option<Department>) -> Option<&Week> {
        match department {
            None => Some(&self.all),
            Some(department) => self.departments.get(&department),
        }
    }
}

/// The half-hour by the clock on the wall, and the weekday.
fn half_hour(at: Timestamp) -> (usize, Weekday) {
    let zone = Zone::stockholm();
    let day = zone.day_of(at);
    let local = at.0 + i64::from(zone.offset_seconds(at)) * 1_000;
    ((local.rem_euclid(86_400_000) / 1_800_000) as usize, day.weekday())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_of_days_is_whole_months_and_what_is_over() {
        let day = |text| Day::parse(text).unwrap();
        let told = |from, end| -> Vec<String> {
            let part = |(from, end): Days| format!("{from}..{end}");
            parts((day(from), day(end))).into_iter().map(part).collect()
        };
        assert_eq!(told("2026-02-01", "2026-03-01"), ["2026-02-01..2026-03-01"]);
        assert_eq!(told("2026-02-02", "2026-03-01"), ["2026-02-02..2026-03-01"]);
        assert_eq!(told("2026-02-27", "2026-03-06"), ["2026-02-27..2026-03-06"]);
        assert_eq!(told("2026-02-27", "2026-02-27"), [""; 0]);
        assert_eq!(
            told("2026-01-31", "2026-04-02"),
            [
                "2026-01-31..2026-02-01",
                "2026-02-01..2026-03-01",
                "2026-03-01..2026-04-01",
                "2026-04-01..2026-04-02"
            ]
        );
    }
}

//! The counts of one department and place in one quarter-hour, and their sums by day.
//!
//! Cells count by the moment of the offer. Every delta goes to its quarter-hour and to its local
//! date, so a day is the sum of its quarter-hours at any time; quarter-hours older than a bound are
//! let go, days stay.

use std::collections::BTreeMap;

use super::calendar::{Day, Zone};
use super::contact::contribution::VisitOutcome;
use super::contact::stay::Disposition;
use super::goal::Goal;
use super::ids::{Department, Queue};
use super::tally::{Code, Tally, code};
use super::units::{Quarter, Share};

/// What a cell counts: who, where, and whether the unit was open at the offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The unit.
    pub department: Department,
    /// Its queue; `None` at the switchboard.
    pub queue: Option<Queue>,
    /// Offered outside the unit's opening hours.
    pub outside_hours: bool,
}

/// A line in one quarter-hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// Of the offer.
    pub quarter: Quarter,
    /// Whose.
    pub line: Line,
}

/// All cells, by quarter-hour and by local date.
#[derive(Clone, Debug)]
pub struct Cells {
    quarters: BTreeMap<CellKey, Tally>,
    days: BTreeMap<(Day, Line), Tally>,
    keep_quarters: i32,
    newest: Quarter,
}

impl Cells {
    /// No cells; quarter-hours are kept for so many days behind the newest.
    pub fn new(keep_days: i32) -> Self {
        Cells {
            quarters: BTreeMap::new(),
            days: BTreeMap::new(),
            keep_quarters: keep_days.saturating_mul(96),
            newest: Quarter(i32::MIN),
        }
    }

    /// Keeps every quarter-hour from now on.
    pub fn keep_all_quarters(&mut self) {
        self.keep_quarters = i32::MAX;
    }

    /// Adds a delta.
    pub fn add(&mut self, key: CellKey, delta: &Tally) {
        let day = Zone::stockholm().day_of(key.quarter.start());
        add_to(&mut self.days, (day, key.line), delta);
        self.newest = self.newest.max(key.quarter);
        let oldest = Quarter(self.newest.0.saturating_sub(self.keep_quarters));
        if key.quarter >= oldest {
            add_to(&mut self.quarters, key, delta);
        }
        while let Some(first) = self.quarters.first_entry()
            && first.key().quarter < oldest
        {
            first.remove();
        }
    }

    /// The quarter-hours that are kept, in order of (quarter, line).
    pub fn quarters(&self) -> impl Iterator<Item = (CellKey, &Tally)> {
        self.quarters.iter().map(|(key, tally)| (*key, tally))
    }

    /// The quarter-hours of [`from`, `until`), in order.
    pub fn quarters_in(
        &self,
        from: Quarter,
        until: Quarter,
    ) -> impl Iterator<Item = (CellKey, &Tally)> {
        let key = |quarter| CellKey { quarter, line: Line::FIRST };
        let range = if from < until { key(from)..key(until) } else { key(from)..key(from) };
        self.quarters.range(range).map(|(key, tally)| (*key, tally))
    }

    /// The days, in order of (day, line).
    pub fn days(&self) -> impl Iterator<Item = (Day, Line, &Tally)> {
        self.days.iter().map(|((day, line), tally)| (*day, *line, tally))
    }

    /// The lines of one day, in order.
    pub fn day(&self, day: Day) -> impl Iterator<Item = (Line, &Tally)> {
        self.days
            .range((day, Line::FIRST)..(day.next(), Line::FIRST))
            .map(|((_, line), tally)| (*line, tally))
    }
}

fn add_to<K: Ord>(cells: &mut BTreeMap<K, Tally>, key: K, delta: &Tally) {
    use std::collections::btree_map::Entry;
    match cells.entry(key) {
        Entry::Vacant(entry) => {
            if !delta.is_empty() {
                entry.insert(delta.clone());
            }
        }
        Entry::Occupied(mut entry) => {
            entry.get_mut().merge(delta);
            if entry.get().is_empty() {
                entry.remove();
            }
        }
    }
}

impl Line {
    /// Before every other line.
    const FIRST: Line = Line { department: Department(0), queue: None, outside_hours: false };
}

/// Answered, in any way offered: the denominators that a goal is published over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GoalCount {
    /// What the goal's definition names, and of what.
    pub share: Share,
    /// The same count over answered calls, in hours.
    pub of_answered: i64,
    /// The same count over all that were offered.
    pub of_offered: i64,
}

impl GoalCount {
    /// Both added.
    pub fn merge(&mut self, other: GoalCount) {
        self.share = self.share.merge(other.share);
        self.of_answered += other.of_answered;
        self.of_offered += other.of_offered;
    }

    /// What one line adds to a goal. Calls that wait and are not decided yet are in no share but
    /// goal 3's, which speaks of everything that entered.
    pub fn of_line(goal: Goal, line: Line, tally: &Tally) -> GoalCount {
        let at_switchboard = line.queue.is_none();
        if at_switchboard != (goal == Goal::Sm1) {
            return GoalCount::default();
        }
        let in_hours = i64::from(!line.outside_hours);
        let answered = tally.stays(Disposition::Answered) * in_hours;
        let offered = offered(tally);
        match goal {
            Goal::Sm1 => GoalCount {
                share: Share {
                    met: tally.get(code::WITHIN_TARGET) * in_hours,
                    of: in_hours
                        * (offered
                            - tally.stays(Disposition::Closed)
                            - tally.get(code::SHORT_ABANDONED)
                            - tally.stays(Disposition::Waiting)),
                },
                of_answered: answered,
                of_offered: offered,
            },
            Goal::Sm2 => {
                let visits = |outcome: VisitOutcome| tally.get(outcome.code());
                let within = visits(VisitOutcome::Within) * in_hours;
                let late = visits(VisitOutcome::Late) * in_hours;
                let missed = visits(VisitOutcome::Missed) * in_hours;
                GoalCount {
                    share: Share { met: within, of: within + late + missed },
                    of_answered: within + late,
                    of_offered: VisitOutcome::ALL.into_iter().map(visits).sum(),
                }
            }
            Goal::Sm3 | Goal::Sm3w => {
                let short = tally.get(code::SHORT_ABANDONED);
                let at_once = match goal {
                    Goal::Sm3w => tally.get(code::ANSWERED_AT_ONCE),
                    Goal::Sm1 | Goal::Sm2 | Goal::Sm3 => 0,
                };
                GoalCount {
                    share: Share {
                        met: in_hours * (tally.stays(Disposition::Abandoned) - short),
                        of: in_hours * (queued(tally) - short - at_once),
                    },
                    of_answered: answered,
                    of_offered: offered,
                }
            }
        }
    }
}

/// Every stay: `offered = closed + rejected + queued`.
pub fn offered(tally: &Tally) -> i64 {
    Disposition::ALL.into_iter().map(|disposition| tally.stays(disposition)).sum()
}

/// The stays that were taken in.
pub fn queued(tally: &Tally) -> i64 {
    Disposition::ALL
        .into_iter()
        .filter(|disposition| !disposition.is_turned_away())
        .map(|disposition| tally.stays(disposition))
        .sum()
}

/// The counters of a tally that are kept for the life of the ledger, without histograms of waits.
pub fn counters(tally: &Tally) -> impl Iterator<Item = (Code, i64)> + '_ {
    tally.iter().take_while(|(code, _)| *code < code::COUNTERS)
}

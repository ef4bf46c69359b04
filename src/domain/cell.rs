//! The counts of one department and place in one quarter-hour, and their sums by day.
//!
//! Cells count by the moment of the offer. Every delta goes to its quarter-hour and to its local
//! date, so a day is the sum of its quarter-hours at any time; quarter-hours older than a bound are
//! let go, days stay.

use super::blocks::{Blocks, Key};
use super::calendar::{Day, Zone};
use super::contact::contribution::VisitOutcome;
use super::contact::stay::Disposition;
use super::event::{Channel, Way};
use super::goal::Goal;
use super::ids::{Department, Queue};
use super::pack::{Reader, Writer};
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

impl Line {
    /// Where a department's questions by e-mail and e-service are counted. Their codes are of no
    /// call, so they need no line apart.
    pub fn of_questions(department: Department) -> Line {
        Line { department, queue: None, outside_hours: false }
    }
}

/// A line in one quarter-hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// Of the offer.
    pub quarter: Quarter,
    /// Whose.
    pub line: Line,
}

/// All cells, by quarter-hour and by local date. A clone costs a pointer for each of them.
#[derive(Clone, Debug)]
pub struct Cells {
    quarters: Blocks<Line>,
    days: Blocks<Line>,
    keep_quarters: i32,
    newest: Quarter,
}

impl Cells {
    /// No cells; quarter-hours are kept for so many days behind the newest.
    pub fn new(keep_days: i32) -> Self {
        Cells {
            quarters: Blocks::default(),
            days: Blocks::default(),
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
        self.days.add(day.0, key.line, delta);
        self.newest = self.newest.max(key.quarter);
        if key.quarter >= self.oldest() {
            self.quarters.add(key.quarter.0, key.line, delta);
        }
        self.quarters.drop_before(self.oldest().0);
    }

    fn oldest(&self) -> Quarter {
        Quarter(self.newest.0.saturating_sub(self.keep_quarters))
    }

    /// Quarter-hours before this one have been let go.
    pub fn quarters_from(&self) -> Quarter {
        self.oldest()
    }

    /// The quarter-hours that are kept, in order of (quarter, line).
    pub fn quarters(&self) -> impl Iterator<Item = (CellKey, &Tally)> {
        self.quarters.iter().map(of_quarter)
    }

    /// The quarter-hours of [`from`, `until`), in order.
    pub fn quarters_in(
        &self,
        from: Quarter,
        until: Quarter,
    ) -> impl Iterator<Item = (CellKey, &Tally)> {
        self.quarters.range(from.0..until.0).map(of_quarter)
    }

    /// The days, in order of (day, line).
    pub fn days(&self) -> impl Iterator<Item = (Day, Line, &Tally)> {
        self.days.iter().map(|(day, line, tally)| (Day(day), line, tally))
    }

    /// The lines of one day, in order.
    pub fn day(&self, day: Day) -> impl Iterator<Item = (Line, &Tally)> {
        self.days.block(day.0)
    }

    /// Writes the cells in packed form.
    pub fn pack(&self, out: &mut Writer<'_>) {
        out.signed(i64::from(self.newest.0));
        self.days.pack(out);
        self.quarters.pack(out);
    }

    /// Reads what [`Cells::pack`] wrote; `None` on foreign bytes. For how long quarter-hours are
    /// kept is the reader's own.
    pub fn unpack(input: &mut Reader<'_>, keep_days: i32) -> Option<Cells> {
        let newest = Quarter(i32::try_from(input.signed()?).ok()?);
        let days = Blocks::unpack(input)?;
        let quarters = Blocks::unpack(input)?;
        let mut cells = Cells { quarters, days, newest, ..Cells::new(keep_days) };
        cells.quarters.drop_before(cells.oldest().0);
        Some(cells)
    }
}

fn of_quarter((quarter, line, tally): (i32, Line, &Tally)) -> (CellKey, &Tally) {
    (CellKey { quarter: Quarter(quarter), line }, tally)
}

impl Line {
    /// Writes the line in packed form.
    pub fn pack(self, out: &mut Writer<'_>) {
        out.unsigned(u64::from(self.department.0) << 1 | u64::from(self.outside_hours));
        out.unsigned(self.queue.map_or(0, |queue| u64::from(queue.0) + 1));
    }

    /// Reads what [`Line::pack`] wrote; `None` on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Line> {
        let department = input.unsigned()?;
        let queue = match input.unsigned()? {
            0 => None,
            queue => Some(Queue(u16::try_from(queue - 1).ok()?)),
        };
        let outside_hours = department & 1 == 1;
        let department = Department(u16::try_from(department >> 1).ok()?);
        Some(Line { department, queue, outside_hours })
    }
}

impl Key for Line {
    fn pack(self, out: &mut Writer<'_>) {
        Line::pack(self, out);
    }

    fn unpack(input: &mut Reader<'_>) -> Option<Self> {
        Line::unpack(input)
    }
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

    /// What one line adds to goal 4, all of it taken for decided: questions that a person replied to
    /// in time, of all that were received. Those that may still be answered in time are known to
    /// the board.
    pub fn questions(tally: &Tally) -> GoalCount {
        let of_all = |beside: Code| -> i64 {
            let channels = 0..Channel::ALL.len() as Code;
            channels.map(|at| tally.get(code::QUESTION + code::QUESTION_STRIDE * at + beside)).sum()
        };
        let received = of_all(0);
        GoalCount {
            share: Share { met: of_all(code::QUESTION_WITHIN), of: received },
            of_answered: of_all(code::QUESTION_ANSWERED),
            of_offered: received,
        }
    }

    /// What one line adds to first-contact resolution, by telephone and on every other way.
    pub fn first_contact(line: Line, tally: &Tally) -> GoalCount {
        let mut count = GoalCount::first_contact_by_phone(line, tally);
        for way in Way::ALL {
            count.merge(GoalCount::first_contact_by(way, tally));
        }
        count
    }

    /// What one line adds to first-contact resolution by telephone: of the questions put at a desk of
    /// which it is known where they were settled, those settled there without being passed on. What
    /// the switchboard settles never reached a desk.
    pub fn first_contact_by_phone(line: Line, tally: &Tally) -> GoalCount {
        if line.queue.is_none() {
            return GoalCount::default();
        }
        GoalCount::of_share(settled_at_once(tally))
    }

    /// What one line adds to first-contact resolution on another way.
    pub fn first_contact_by(way: Way, tally: &Tally) -> GoalCount {
        let of_way = code::SETTLED + 2 * way as Code;
        GoalCount::of_share(Share { met: tally.get(of_way + 1), of: tally.get(of_way) })
    }

    /// What one line adds to repeats: contacts of a known caller who had rung within the 24 hours
    /// before, of all contacts of known callers.
    pub fn repeats(tally: &Tally) -> GoalCount {
        let of = tally.get(code::KNOWN_CALLERS);
        GoalCount::of_share(Share { met: tally.get(code::REPEATS), of })
    }

    fn of_share(share: Share) -> GoalCount {
        GoalCount { share, of_answered: share.of, of_offered: share.of }
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

/// Questions settled at the first contact, of those of which it is known where they were settled: a
/// question put in several contacts counts once.
pub fn settled_at_once(tally: &Tally) -> Share {
    Share {
        met: tally.get(code::RESOLVED) - tally.get(code::RESOLVED_AGAIN),
        of: tally.get(code::CLASSIFIED) - tally.get(code::ASKED_AGAIN),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(cells: &Cells) -> Vec<u8> {
        let mut bytes = Vec::new();
        cells.pack(&mut Writer(&mut bytes));
        bytes
    }

    fn deltas() -> impl Strategy<Value = Vec<(CellKey, Tally)>> {
        let line = (0..3u16, proptest::option::of(0..3u16), any::<bool>());
        let line = line.prop_map(|(department, queue, outside_hours)| Line {
            department: Department(department),
            queue: queue.map(Queue),
            outside_hours,
        });
        // Around the switch to summer time of 2026, within five days.
        let one = (1_972_900..1_973_380i32, line, 0..3u32, -1..3i64);
        let one = one.prop_map(|(quarter, line, code, n)| {
            let mut tally = Tally::default();
            tally.add(code, n);
            (CellKey { quarter: Quarter(quarter), line }, tally)
        });
        proptest::collection::vec(one, 0..60)
    }

    proptest! {
        #[test]
        fn cells_that_were_packed_are_unpacked_and_go_on_alike(
            first in deltas(),
            then in deltas(),
            keep_days in 0..6i32,
        ) {
            let mut cells = Cells::new(keep_days);
            first.iter().for_each(|(key, delta)| cells.add(*key, delta));
            let bytes = packed(&cells);
            let mut input = Reader(&bytes);
            let mut read = Cells::unpack(&mut input, keep_days).unwrap();
            prop_assert!(input.is_empty());
            for (key, delta) in &then {
                cells.add(*key, delta);
                read.add(*key, delta);
            }
            prop_assert_eq!(packed(&read), packed(&cells));
            prop_assert!(read.quarters().eq(cells.quarters()));
            prop_assert!(read.days().eq(cells.days()));
        }

        #[test]
        fn a_day_is_the_sum_of_its_quarter_hours(deltas in deltas()) {
            let mut cells = Cells::new(6);
            deltas.iter().for_each(|(key, delta)| cells.add(*key, delta));
            let mut sums = Cells::new(6);
            for (key, tally) in cells.quarters() {
                sums.add(key, tally);
            }
            prop_assert!(sums.days().eq(cells.days()));
            for (day, line, tally) in cells.days() {
                prop_assert!(cells.day(day).any(|of| of == (line, tally)));
            }
        }

        #[test]
        fn fewer_days_are_kept_by_a_reader_that_keeps_fewer(deltas in deltas()) {
            let [mut long, mut short] = [Cells::new(9), Cells::new(1)];
            for (key, delta) in &deltas {
                long.add(*key, delta);
                short.add(*key, delta);
            }
            let read = Cells::unpack(&mut Reader(&packed(&long)), 1).unwrap();
            prop_assert_eq!(packed(&read), packed(&short));
        }
    }
}

//! Counts of a stretch of days, by department and place: sums of cells, nothing else.

use std::collections::BTreeMap;

use crate::domain::board::Board;
use crate::domain::calendar::{Day, Zone};
use crate::domain::cell::{GoalCount, Line, offered, queued};
use crate::domain::contact::stay::Disposition;
use crate::domain::goal::{Direction, Goal};
use crate::domain::ids::Department;
use crate::domain::tally::{Code, Tally, WaitHistogram, code};
use crate::domain::units::{Millis, Share, Timestamp};

/// What reports tell an outcome of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// A goal on calls.
    Calls(Goal),
    /// Goal 4: questions by e-mail and e-service answered within two working days.
    Questions,
    /// Questions settled at the first contact.
    FirstContact,
}

impl Measure {
    /// Every measure, in the order in which they are told.
    pub(super) const ALL: [Measure; 6] = [
        Measure::Calls(Goal::Sm1),
        Measure::Calls(Goal::Sm2),
        Measure::Calls(Goal::Sm3),
        Measure::Calls(Goal::Sm3w),
        Measure::Questions,
        Measure::FirstContact,
    ];

    /// The id that every published figure carries.
    pub(super) fn id(self) -> &'static str {
        match self {
            Measure::Calls(goal) => goal.id(),
            Measure::Questions => "SM4",
            Measure::FirstContact => "FCR",
        }
    }

    /// The good side of a level.
    pub(super) fn direction(self) -> Direction {
        match self {
            Measure::Calls(goal) => goal.direction(),
            Measure::Questions | Measure::FirstContact => Direction::AtLeast,
        }
    }

    /// How many are on the other side.
    pub(super) fn missed(self, share: Share) -> i64 {
        match self.direction() {
            Direction::AtLeast => share.of - share.met,
            Direction::AtMost => share.met,
        }
    }
}

/// Everything counted of one department (or of all) in a stretch of days.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    measures: [GoalCount; Measure::ALL.len()],
    /// At the switchboard, in hours and outside.
    pub(super) switchboard: Place,
    /// In queues, in hours and outside.
    pub(super) queue: Place,
}

/// Contacts of known callers.
pub(super) struct Repeats {
    /// Repeats, of all of them.
    pub(super) share: Share,
    /// Of repeats, those after a call that was given up.
    pub(super) after_abandoned: i64,
    /// Of repeats, those after the caller was asked to ring later.
    pub(super) after_asked: i64,
}

/// What is counted at the switchboard or in queues.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    tally: Tally,
    outside_hours: i64,
}

impl Figures {
    fn add(&mut self, line: Line, tally: &Tally) {
        for (count, measure) in self.measures.iter_mut().zip(Measure::ALL) {
            count.merge(match measure {
                Measure::Calls(goal) => GoalCount::of_line(goal, line, tally),
                Measure::Questions => GoalCount::questions(tally),
                Measure::FirstContact => GoalCount::first_contact(line, tally),
            });
        }
        let place = match line.queue {
            None => &mut self.switchboard,
            Some(_) => &mut self.queue,
        };
        place.tally.merge(tally);
        if line.outside_hours {
            place.outside_hours += offered(tally);
        }
    }

    fn merge(&mut self, other: &Figures) {
        for (mine, theirs) in self.measures.iter_mut().zip(other.measures) {
            mine.merge(theirs);
        }
        for (mine, theirs) in
            [(&mut self.switchboard, &other.switchboard), (&mut self.queue, &other.queue)]
        {
            mine.tally.merge(&theirs.tally);
            mine.outside_hours += theirs.outside_hours;
        }
    }

    fn questions(&mut self) -> &mut GoalCount {
        let at = Measure::ALL.iter().position(|measure| *measure == Measure::Questions);
        &mut self.measures[at.expect("it is one of them")]
    }

    /// A measure's share.
    pub(super) fn share(&self, measure: Measure) -> Share {
        self.count(measure).share
    }

    /// The same, and its count over other denominators.
    pub(super) fn count(&self, measure: Measure) -> GoalCount {
        let found = Measure::ALL.into_iter().zip(self.measures).find(|(of, _)| *of == measure);
        found.map(|(_, count)| count).unwrap_or_default()
    }

    /// Contacts of known callers, and those who rang again within 24 hours.
    pub(super) fn repeats(&self) -> Repeats {
        let count = |code| self.switchboard.tally.get(code) + self.queue.tally.get(code);
        Repeats {
            share: Share { met: count(code::REPEATS), of: count(code::KNOWN_CALLERS) },
            after_abandoned: count(code::REPEATS_AFTER_ABANDONED),
            after_asked: count(code::REPEATS_AFTER_ASKED),
        }
    }

    /// Whether nothing at all was counted.
    pub(super) fn is_empty(&self) -> bool {
        self.measures.iter().all(|count| *count == GoalCount::default())
            && self.switchboard.offered() == 0
            && self.queue.offered() == 0
    }
}

impl Place {
    pub(super) fn offered(&self) -> i64 {
        offered(&self.tally)
    }

    pub(super) fn queued(&self) -> i64 {
        queued(&self.tally)
    }

    pub(super) fn stays(&self, disposition: Disposition) -> i64 {
        self.tally.stays(disposition)
    }

    pub(super) fn short_abandoned(&self) -> i64 {
        self.tally.get(code::SHORT_ABANDONED)
    }

    pub(super) fn outside_hours(&self) -> i64 {
        self.outside_hours
    }

    pub(super) fn met_by_machine(&self) -> i64 {
        self.tally.get(code::MET_BY_MACHINE)
    }

    /// Mean wait of answered calls (ASA).
    pub(super) fn mean_answer_wait(&self) -> Option<Millis> {
        let answered = self.stays(Disposition::Answered);
        let sum = self.tally.get(code::ANSWERED_WAIT_MS);
        (answered > 0).then(|| Millis((2 * sum + answered).div_euclid(2 * answered)))
    }

    /// Median, 90th percentile and longest of the waits of answered calls, from the merged
    /// histogram.
    pub(super) fn answer_waits(&self) -> Option<[Millis; 3]> {
        waits(&self.tally, &[code::WAITS_ANSWERED], [0.5, 0.9, 1.0])
    }
}

/// Quantiles of the waits of a tally.
pub(super) fn waits<const N: usize>(
    tally: &Tally,
    kinds: &[Code],
    quantiles: [f64; N],
) -> Option<[Millis; N]> {
    let mut histogram = WaitHistogram::default();
    histogram.add(tally, kinds);
    histogram.join();
    histogram.quantiles(quantiles)
}

/// Departments side by side, and their sum.
#[derive(Clone, Debug, Default)]
pub(super) struct Span {
    pub(super) departments: BTreeMap<Department, Figures>,
    pub(super) all: Figures,
}

impl Span {
    /// The sum of the days from `from` up to, but not including, `end`. Questions that may still be
    /// answered in time at `now` are in no share.
    pub(super) fn of(board: &Board, (from, end): (Day, Day), now: Timestamp) -> Span {
        let mut span = Span::default();
        for day in from.until(end) {
            for (line, tally) in board.cells().day(day) {
                span.departments.entry(line.department).or_default().add(line, tally);
            }
        }
        let zone = Zone::stockholm();
        let pending = board.questions().filter(|question| question.is_pending(now));
        for question in pending {
            let day = zone.day_of(question.received_at);
            if from <= day && day < end {
                let figures = span.departments.entry(question.department).or_default();
                figures.questions().share.of -= 1;
            }
        }
        for figures in span.departments.values() {
            span.all.merge(figures);
        }
        span
    }

    /// Those of one department, or of all.
    pub(super) fn figures(&self, department: Option<Department>) -> Figures {
        match department {
            None => self.all.clone(),
            Some(department) => self.departments.get(&department).cloned().unwrap_or_default(),
        }
    }
}

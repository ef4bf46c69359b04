//! Counts of a stretch of days, by department and place: sums of cells, nothing else.

use std::collections::BTreeMap;

use crate::domain::calendar::Day;
use crate::domain::cell::{Cells, GoalCount, Line, offered, queued};
use crate::domain::contact::stay::Disposition;
use crate::domain::goal::Goal;
use crate::domain::ids::Department;
use crate::domain::tally::{Tally, WaitHistogram, code};
use crate::domain::units::{Millis, Share};

/// Everything counted of one department (or of all) in a stretch of days.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    goals: [GoalCount; Goal::ALL.len()],
    /// At the switchboard, in hours and outside.
    pub(super) switchboard: Place,
    /// In queues, in hours and outside.
    pub(super) queue: Place,
}

/// What is counted at the switchboard or in queues.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    tally: Tally,
    outside_hours: i64,
}

impl Figures {
    fn add(&mut self, line: Line, tally: &Tally) {
        for goal in Goal::ALL {
            self.goals[goal as usize].merge(GoalCount::of_line(goal, line, tally));
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
        for (mine, theirs) in self.goals.iter_mut().zip(other.goals) {
            mine.merge(theirs);
        }
        for (mine, theirs) in
            [(&mut self.switchboard, &other.switchboard), (&mut self.queue, &other.queue)]
        {
            mine.tally.merge(&theirs.tally);
            mine.outside_hours += theirs.outside_hours;
        }
    }

    /// A goal's share.
    pub(super) fn share(&self, goal: Goal) -> Share {
        self.goals[goal as usize].share
    }

    /// The same count over other denominators.
    pub(super) fn count(&self, goal: Goal) -> GoalCount {
        self.goals[goal as usize]
    }

    /// Whether nothing at all was counted.
    pub(super) fn is_empty(&self) -> bool {
        self.switchboard.offered() == 0 && self.queue.offered() == 0
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
    kinds: &[crate::domain::tally::Code],
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
    /// The sum of the days from `from` up to, but not including, `end`.
    pub(super) fn of(cells: &Cells, from: Day, end: Day) -> Span {
        let mut span = Span::default();
        for day in from.until(end) {
            for (line, tally) in cells.day(day) {
                span.departments.entry(line.department).or_default().add(line, tally);
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

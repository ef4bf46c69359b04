//! Counts of a stretch of days, by department and place: sums of cells, nothing else.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::domain::board::Board;
use crate::domain::calendar::{Day, Zone};
use crate::domain::cell::{GoalCount, Line, offered, queued, settled_at_once};
use crate::domain::contact::contribution::VisitOutcome;
use crate::domain::contact::stay::Disposition;
use crate::domain::event::Channel;
use crate::domain::goal::{Direction, Goal, GoalId};
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
            Measure::Questions | Measure::FirstContact => self.goal().id(),
        }
    }

    /// Whose level it is held against.
    pub(super) fn goal(self) -> GoalId {
        match self {
            Measure::Calls(goal) => goal.goal_id(),
            Measure::Questions => GoalId::Sm4,
            Measure::FirstContact => GoalId::Fcr,
        }
    }

    /// The good side of a level.
    pub(super) fn direction(self) -> Direction {
        self.goal().direction()
    }

    /// How many are on the other side.
    pub(super) fn missed(self, share: Share) -> i64 {
        self.direction().missed(share)
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

    /// Everything of all of them.
    pub(super) fn sum<'a>(parts: impl IntoIterator<Item = &'a Figures>) -> Figures {
        let parts: Vec<&Figures> = parts.into_iter().collect();
        let mut sum = Figures::default();
        for part in &parts {
            sum.measures
                .iter_mut()
                .zip(part.measures)
                .for_each(|(mine, theirs)| mine.merge(theirs));
            sum.switchboard.outside_hours += part.switchboard.outside_hours;
            sum.queue.outside_hours += part.queue.outside_hours;
        }
        sum.switchboard.tally = Tally::sum(parts.iter().map(|part| &part.switchboard.tally));
        sum.queue.tally = Tally::sum(parts.iter().map(|part| &part.queue.tally));
        sum
    }

    pub(super) fn questions(&mut self) -> &mut GoalCount {
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

    /// Questions received by a channel.
    pub(super) fn questions_by(&self, channel: Channel) -> i64 {
        let of_channel = code::QUESTION + code::QUESTION_STRIDE * channel as Code;
        [&self.switchboard, &self.queue].map(|place| place.tally.get(of_channel)).iter().sum()
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

    /// Questions put here of which it is known where they were settled, each once, and those settled
    /// here.
    pub(super) fn settled_at_once(&self) -> Share {
        settled_at_once(&self.tally)
    }

    pub(super) fn short_abandoned(&self) -> i64 {
        self.tally.get(code::SHORT_ABANDONED)
    }

    /// Visits, whenever they were and whatever became of them.
    pub(super) fn visits(&self) -> i64 {
        VisitOutcome::ALL.into_iter().map(|outcome| self.tally.get(outcome.code())).sum()
    }

    pub(super) fn outside_hours(&self) -> i64 {
        self.outside_hours
    }

    /// Anything else that is counted here.
    pub(super) fn count(&self, code: Code) -> i64 {
        self.tally.get(code)
    }

    pub(super) fn met_by_machine(&self) -> i64 {
        self.tally.get(code::MET_BY_MACHINE)
    }

    /// All conversations together.
    pub(super) fn talk(&self) -> Millis {
        Millis(self.tally.get(code::TALK_MS))
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

/// Lines of many days, before they are summed by whose they are. What a line adds depends on its
/// place and on whether it is in hours, and is a sum over its counts, so lines that are alike in both
/// are summed first.
#[derive(Debug)]
pub(super) struct Gathered<'a, Whose>(BTreeMap<(Whose, bool, bool), (Line, Vec<&'a Tally>)>);

impl<Whose> Default for Gathered<'_, Whose> {
    fn default() -> Self {
        Gathered(BTreeMap::new())
    }
}

impl<'a, Whose: Ord + Copy> Gathered<'a, Whose> {
    pub(super) fn add(&mut self, whose: Whose, line: Line, tally: &'a Tally) {
        let key = (whose, line.queue.is_some(), line.outside_hours);
        self.0.entry(key).or_insert_with(|| (line, Vec::new())).1.push(tally);
    }

    pub(super) fn figures(self) -> BTreeMap<Whose, Figures> {
        self.summed(Tally::sum)
    }

    /// Figures without waits.
    fn counts(self) -> BTreeMap<Whose, Figures> {
        self.summed(Tally::sum_of_counts)
    }

    fn summed(self, sum: impl Fn(Vec<&'a Tally>) -> Tally) -> BTreeMap<Whose, Figures> {
        let mut figures: BTreeMap<Whose, Figures> = BTreeMap::new();
        for ((whose, ..), (line, tallies)) in self.0 {
            figures.entry(whose).or_default().add(line, &sum(tallies));
        }
        figures
    }
}

fn gathered(board: &Board, (from, end): (Day, Day)) -> Gathered<'_, Department> {
    let mut gathered = Gathered::default();
    for day in from.until(end) {
        for (line, tally) in board.cells().day(day) {
            gathered.add(line.department, line, tally);
        }
    }
    gathered
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
    pub(super) fn of(board: &Board, days: (Day, Day), now: Timestamp) -> Span {
        Span::decided(board, days, now, gathered(board, days).figures())
    }

    /// The same without waits: what goals are made of, at a fraction of the time.
    pub(super) fn of_goals(board: &Board, days: (Day, Day), now: Timestamp) -> Span {
        Span::decided(board, days, now, gathered(board, days).counts())
    }

    fn decided(
        board: &Board,
        (from, end): (Day, Day),
        now: Timestamp,
        departments: BTreeMap<Department, Figures>,
    ) -> Span {
        let mut span = Span { departments, all: Figures::default() };
        let zone = Zone::stockholm();
        let pending = board.questions().filter(|question| question.is_pending(now));
        for question in pending {
            let day = zone.day_of(question.received_at);
            if from <= day && day < end {
                let figures = span.departments.entry(question.department).or_default();
                figures.questions().share.of -= 1;
            }
        }
        span.all = Figures::sum(span.departments.values());
        span
    }

    /// The sum of stretches that do not overlap.
    pub(super) fn sum(parts: impl Iterator<Item = Rc<Span>>) -> Span {
        let parts: Vec<Rc<Span>> = parts.collect();
        let mut of: BTreeMap<Department, Vec<&Figures>> = BTreeMap::new();
        for (department, figures) in parts.iter().flat_map(|part| &part.departments) {
            of.entry(*department).or_default().push(figures);
        }
        Span {
            departments: of.into_iter().map(|(at, parts)| (at, Figures::sum(parts))).collect(),
            all: Figures::sum(parts.iter().map(|part| &part.all)),
        }
    }

    /// Those of one department, or of all.
    pub(super) fn figures(&self, department: Option<Department>) -> Figures {
        match department {
            None => self.all.clone(),
            Some(department) => self.departments.get(&department).cloned().unwrap_or_default(),
        }
    }
}

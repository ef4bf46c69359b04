//! Rolling and calendar windows, worked out when a snapshot is taken.
//!
//! The last 15 and 60 minutes are sums of panes; today and everything longer are sums of days. What
//! lies before today is summed once and kept until one of those days changes.

use std::collections::BTreeMap;

use crate::domain::blocks::Blocks;
use crate::domain::calendar::{Day, Zone};
use crate::domain::cell::{CellKey, Cells, GoalCount, Line, offered};
use crate::domain::contact::contribution::{Fact, VisitOutcome, goal_code};
use crate::domain::contact::stay::Disposition;
use crate::domain::goal::{Goal, miss_lower_bound};
use crate::domain::ids::{ContactId, Department};
use crate::domain::rules::Rules;
use crate::domain::snapshot::{DepartmentView, PERCENTILES, Waits, Window};
use crate::domain::tally::{Code, Tally, WaitHistogram, code};
use crate::domain::units::{Millis, Share, Timestamp};

/// What windows are worked out from.
pub(super) struct Basis<'a> {
    pub(super) cells: &'a Cells,
    pub(super) panes: &'a Blocks<Department>,
    pub(super) open: &'a BTreeMap<ContactId, Vec<Fact>>,
    pub(super) rules: &'a Rules,
}

const ALL_WAITS: [Code; 3] = [code::WAITS_ANSWERED, code::WAITS_ABANDONED, code::WAITS_OTHER];
const WINDOWS: usize = Window::ALL.len();
const GOALS: usize = Goal::ALL.len();

/// Sums of one window of one department.
#[derive(Clone, Debug, Default)]
struct Sums {
    goals: [Share; GOALS],
    /// Offered and answered: queues, switchboard. Panes do not have them.
    calls: [[i64; 2]; 2],
    queue: WaitHistogram,
    switchboard: WaitHistogram,
}

impl Sums {
    fn add_line(&mut self, line: Line, tally: &Tally) {
        for goal in Goal::ALL {
            let share = &mut self.goals[goal as usize];
            *share = share.merge(GoalCount::of_line(goal, line, tally).share);
        }
        let calls = &mut self.calls[usize::from(line.queue.is_none())];
        calls[0] += offered(tally);
        calls[1] += tally.stays(Disposition::Answered);
        if line.queue.is_some() {
            self.queue.add(tally, &ALL_WAITS);
        } else {
            self.switchboard.add(tally, &[code::WAITS_ANSWERED]);
        }
    }

    fn add_pane(&mut self, tally: &Tally) {
        for goal in Goal::ALL {
            let share = &mut self.goals[goal as usize];
            share.met += tally.get(goal_code(goal));
            share.of += tally.get(goal_code(goal) + 1);
        }
        self.queue.add(tally, &[code::WAITS_OTHER]);
        self.switchboard.add(tally, &[code::WAITS_ANSWERED]);
    }

    fn merge(&mut self, other: &Sums) {
        for (mine, theirs) in self.goals.iter_mut().zip(&other.goals) {
            *mine = mine.merge(*theirs);
        }
        for (mine, theirs) in self.calls.iter_mut().flatten().zip(other.calls.iter().flatten()) {
            *mine += theirs;
        }
        self.queue.merge(&other.queue);
        self.switchboard.merge(&other.switchboard);
    }

    fn join(&mut self) {
        self.queue.join();
        self.switchboard.join();
    }
}

/// Sums of a department, in the order of [`Window::ALL`].
type DepartmentSums = [Sums; WINDOWS];

/// What is kept from one snapshot to the next.
#[derive(Debug, Default)]
pub(super) struct Windows {
    today: Option<Day>,
    /// By department: the days before today of the windows longer than that.
    past: Vec<Option<DepartmentSums>>,
    expected: Option<(i32, Expected)>,
}

/// By department, window and goal: the mean of the same hours of the last four weeks.
type Expected = Vec<[[Option<f64>; GOALS]; WINDOWS]>;

impl Windows {
    /// Tells that a cell is about to change.
    pub(super) fn touched(&mut self, key: CellKey) {
        let day = Zone::stockholm().day_of(key.quarter.start());
        if self.today.is_some_and(|today| day != today)
            && let Some(past) = self.past.get_mut(usize::from(key.line.department.0))
        {
            *past = None;
        }
    }

    /// Fills in the windows of every department (in the order of their indices) and of all.
    pub(super) fn fill(
        &mut self,
        now: Timestamp,
        basis: &Basis<'_>,
        views: &mut [DepartmentView],
        all: &mut DepartmentView,
    ) {
        let zone = Zone::stockholm();
        let today = zone.day_of(now);
        if self.today != Some(today) {
            self.past.clear();
            self.today = Some(today);
        }
        self.past.resize(views.len(), None);
        let spans: Vec<[Vec<Day>; WINDOWS]> =
            (0..views.len()).map(|at| spans(today, basis.rules, Department(at as u16))).collect();
        self.sum_past(today, basis, &spans);

        let mut sums: Vec<DepartmentSums> = self
            .past
            .iter()
            .map(|past| past.clone().expect("every department's past was just summed"))
            .collect();
        for (line, tally) in basis.cells.day(today) {
            let at = usize::from(line.department.0);
            let Some(sums) = sums.get_mut(at) else { continue };
            for window in CALENDAR {
                if spans[at][window as usize].contains(&today) {
                    sums[window as usize].add_line(line, tally);
                }
            }
        }
        let minute = now.minute();
        for (when, department, tally) in basis.panes.range(minute - 60..minute) {
            let Some(sums) = sums.get_mut(usize::from(department.0)) else { continue };
            sums[Window::Hour as usize].add_pane(tally);
            if when >= minute - 15 {
                sums[Window::QuarterHour as usize].add_pane(tally);
            }
        }
        add_overdue(now, basis, &spans, &mut sums);

        let expected = self.expected(now, basis, views.len());
        let mut total = DepartmentSums::default();
        for (at, view) in views.iter_mut().enumerate() {
            for window in Window::ALL {
                let sums = &mut sums[at][window as usize];
                sums.join();
                total[window as usize].merge(sums);
                render(view, window, sums, &expected[at][window as usize]);
            }
            open_lengths(view, now, &spans[at], basis.rules, Department(at as u16));
        }
        for window in Window::ALL {
            let sums = &mut total[window as usize];
            sums.join();
            let expected = std::array::from_fn(|goal| {
                expected
                    .iter()
                    .filter_map(|department| department[window as usize][goal])
                    .reduce(|a, b| a + b)
            });
            render(all, window, sums, &expected);
        }
        let main = basis.rules.at(now).switchboard_department;
        let spans = spans.get(usize::from(main.0)).or(spans.first());
        if let Some(spans) = spans {
            open_lengths(all, now, spans, basis.rules, main);
        }
    }

    fn sum_past(&mut self, today: Day, basis: &Basis<'_>, spans: &[[Vec<Day>; WINDOWS]]) {
        let missing: Vec<bool> = self.past.iter().map(Option::is_none).collect();
        let Some(first) = spans
            .iter()
            .zip(&missing)
            .filter(|(_, missing)| **missing)
            .flat_map(|(spans, _)| spans.iter().filter_map(|days| days.first()))
            .min()
        else {
            return;
        };
        for (past, _) in self.past.iter_mut().zip(&missing).filter(|(_, missing)| **missing) {
            *past = Some(DepartmentSums::default());
        }
        for day in first.until(today) {
            for (line, tally) in basis.cells.day(day) {
                let at = usize::from(line.department.0);
                if !missing.get(at).copied().unwrap_or(false) {
                    continue;
                }
                let Some(past) = self.past[at].as_mut() else { continue };
                for window in CALENDAR {
                    if spans[at][window as usize].contains(&day) {
                        past[window as usize].add_line(line, tally);
                    }
                }
            }
        }
        for past in self.past.iter_mut().flatten() {
            past.iter_mut().for_each(Sums::join);
        }
    }

    fn expected(&mut self, now: Timestamp, basis: &Basis<'_>, departments: usize) -> &Expected {
        let minute = now.minute();
        let fresh =
            matches!(&self.expected, Some((at, of)) if *at == minute && of.len() == departments);
        if !fresh {
            self.expected = Some((minute, expected(now, basis, departments)));
        }
        &self.expected.as_ref().expect("it was just made").1
    }
}

/// The windows that count by offer.
const CALENDAR: [Window; 4] = [Window::Today, Window::FiveDays, Window::Week, Window::Month];

/// The days of each calendar window, rising, today at the end where it belongs.
fn spans(today: Day, rules: &Rules, department: Department) -> [Vec<Day>; WINDOWS] {
    let tomorrow = today.next();
    let monday = Day(today.0 - today.weekday().index() as i32);
    [
        Vec::new(),
        Vec::new(),
        vec![today],
        rules.hours(department).last_open_days(today, 5),
        monday.until(tomorrow).collect(),
        today.month().first_day().until(tomorrow).collect(),
    ]
}

/// Adds the calls now waiting past their limit: missed, whatever becomes of them.
fn add_overdue(
    now: Timestamp,
    basis: &Basis<'_>,
    spans: &[[Vec<Day>; WINDOWS]],
    sums: &mut [DepartmentSums],
) {
    let minute = now.minute();
    for fact in basis.open.values().flatten().filter(|fact| !fact.outside_hours) {
        let (goal, limit_at) = match (fact.queue, fact.visit, fact.disposition) {
            (None, _, Disposition::Waiting) => (Goal::Sm1, fact.decided_at),
            (Some(_), Some((VisitOutcome::Undecided, limit_at)), _) => (Goal::Sm2, limit_at),
            _ => continue,
        };
        if now <= limit_at {
            continue;
        }
        let Some(sums) = sums.get_mut(usize::from(fact.department.0)) else { continue };
        let day = Zone::stockholm().day_of(fact.offered_at);
        for window in Window::ALL {
            let inside = match window {
                Window::QuarterHour => (minute - 15..minute).contains(&limit_at.minute()),
                Window::Hour => (minute - 60..minute).contains(&limit_at.minute()),
                Window::Today | Window::FiveDays | Window::Week | Window::Month => {
                    spans[usize::from(fact.department.0)][window as usize].contains(&day)
                }
            };
            if inside {
                sums[window as usize].goals[goal as usize].of += 1;
            }
        }
    }
}

fn render(view: &mut DepartmentView, window: Window, sums: &Sums, expected: &[Option<f64>; GOALS]) {
    let into = &mut view.windows[window as usize];
    for goal in Goal::ALL {
        let share = sums.goals[goal as usize];
        let missed = goal.missed(share);
        let one = &mut into.goals[goal as usize];
        one.share = share;
        one.missed = missed;
        one.miss_lower_bound = miss_lower_bound(missed, share.of, window.alpha());
        one.expected = expected[goal as usize];
    }
    let waits = |histogram: &WaitHistogram| {
        let at = histogram.quantiles(PERCENTILES.map(|(_, quantile)| quantile))?;
        Some(Waits { count: histogram.count(), at })
    };
    [into.queue_offered, into.queue_answered] = sums.calls[0];
    [into.switchboard_offered, into.switchboard_answered] = sums.calls[1];
    into.queue_wait = waits(&sums.queue);
    into.switchboard_answer = waits(&sums.switchboard);
}

fn open_lengths(
    view: &mut DepartmentView,
    now: Timestamp,
    spans: &[Vec<Day>; WINDOWS],
    rules: &Rules,
    department: Department,
) {
    let hours = rules.hours(department);
    let zone = Zone::stockholm();
    let cut = Timestamp(i64::from(now.minute()) * 60_000);
    for window in Window::ALL {
        let open = match window {
            Window::QuarterHour => hours.open_millis(cut.minus(Millis(15 * 60_000)), cut),
            Window::Hour => hours.open_millis(cut.minus(Millis(60 * 60_000)), cut),
            Window::Today | Window::FiveDays | Window::Week | Window::Month => spans
                [window as usize]
                .iter()
                .map(|day| hours.open_millis(zone.day_start(*day), zone.day_end(*day).min(now)))
                .sum(),
        };
        view.windows[window as usize].open = Millis(open);
    }
}

/// The mean of `of` in the same hours of the last four weeks, by quarter-hours (a part of one
/// counts by its share). Only the windows of one day have it.
fn expected(now: Timestamp, basis: &Basis<'_>, departments: usize) -> Expected {
    const WEEKS: i32 = 4;
    let zone = Zone::stockholm();
    let today = zone.day_of(now);
    let mut means = vec![[[None; GOALS]; WINDOWS]; departments];
    let Some(first_day) = basis.cells.days().next().map(|(day, ..)| day) else { return means };
    let weeks: Vec<i32> = (1..=WEEKS).filter(|week| today.plus(-7 * week) >= first_day).collect();
    for window in [Window::QuarterHour, Window::Hour, Window::Today] {
        let from = match window {
            Window::QuarterHour => now.minus(Millis(15 * 60_000)),
            Window::Hour => now.minus(Millis(60 * 60_000)),
            Window::Today | Window::FiveDays | Window::Week | Window::Month => {
                zone.day_start(today)
            }
        };
        for week in &weeks {
            // The same time by the wall clock, also across a change to summer time.
            let back = zone.day_start(today).since(zone.day_start(today.plus(-7 * week)));
            let (from, until) = (from.minus(back), now.minus(back));
            let cells =
                basis.cells.quarters_in(from.quarter(), until.plus(Millis(899_999)).quarter());
            for (key, tally) in cells {
                let start = key.quarter.start();
                let overlap = until.min(start.plus(Millis(900_000))).since(from.max(start)).0;
                let part = overlap.clamp(0, 900_000) as f64 / 900_000.0;
                let at = usize::from(key.line.department.0);
                let Some(means) = means.get_mut(at) else { continue };
                for goal in Goal::ALL {
                    let of = GoalCount::of_line(goal, key.line, tally).share.of;
                    let mean = means[window as usize][goal as usize].get_or_insert(0.0);
                    *mean += part * of as f64 / weeks.len() as f64;
                }
            }
        }
        if !weeks.is_empty() {
            for department in &mut means {
                for mean in &mut department[window as usize] {
                    mean.get_or_insert(0.0);
                }
            }
        }
    }
    means
}

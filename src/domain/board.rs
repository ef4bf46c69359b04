//! All departments side by side, as the folded deltas have made them.
//!
//! The board knows cells, panes, counters, who waits and who staffs; it is changed by deltas only
//! and read as one [`Snapshot`]. Everything is a sum, so the order of deltas never matters.

mod counters;
mod course;
mod image;
mod windows;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::blocks::Blocks;
use super::calendar::{Month, Zone};
use super::callback::Callback;
use super::cell::{CellKey, Cells};
use super::contact::contribution::{Contribution, Fact};
use super::coverage::{Coverages, Progress};
use super::event::{AgentReport, AgentState};
use super::goal::{Goal, GoalId};
use super::ids::{ContactId, Department, Names};
use super::outlook::outlook;
use super::question::Question;
use super::rules::Rules;
use super::snapshot::{DepartmentView, GoalView, LevelView, Live, Snapshot};
use super::staffing::Staffing;
use super::tally::{Bounds, Code, Tally};
use super::units::{Millis, Timestamp};

use counters::Counters;
use course::Courses;
use windows::Windows;

pub use image::BoardImage;

/// Panes older than this behind the watermark are let go.
pub const PANES_KEPT: Millis = Millis::from_hours(2);

/// Counts of one department in one minute, by the moment a verdict fell.
pub type PaneKey = (i32, Department);

/// The state that every figure is read from.
#[derive(Debug)]
pub struct Board {
    cells: Cells,
    panes: Blocks<Department>,
    counters: Counters,
    open: BTreeMap<ContactId, Vec<Fact>>,
    questions: BTreeMap<ContactId, Vec<Question>>,
    callbacks: BTreeMap<ContactId, Vec<Callback>>,
    staffing: Staffing,
    bounds: Bounds,
    windows: Windows,
    courses: Courses,
    coverages: Coverages,
}

impl Board {
    /// An empty board. Quarter-hours are kept for so many days.
    pub fn new(bounds: Bounds, keep_days: i32) -> Self {
        Board {
            cells: Cells::new(keep_days),
            panes: Blocks::default(),
            counters: Counters::default(),
            open: BTreeMap::new(),
            questions: BTreeMap::new(),
            callbacks: BTreeMap::new(),
            staffing: Staffing::default(),
            bounds,
            windows: Windows::default(),
            courses: Courses::default(),
            coverages: Coverages::default(),
        }
    }

    /// Keeps every quarter-hour from now on.
    pub fn keep_all_quarters(&mut self) {
        self.cells.keep_all_quarters();
    }

    /// The exact bounds of the counts.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Counts exactly at these limits too, from now on.
    pub fn extend_bounds(&mut self, limits: impl IntoIterator<Item = Millis>) {
        self.bounds.extend(limits);
    }

    /// The cells.
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    /// Contacts that someone waits in, with their facts.
    pub fn open(&self) -> &BTreeMap<ContactId, Vec<Fact>> {
        &self.open
    }

    /// Questions that await a reply by a person.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.questions.values().flatten()
    }

    /// Promises to ring back that wait to be kept.
    pub fn callbacks(&self) -> impl Iterator<Item = &Callback> {
        self.callbacks.values().flatten()
    }

    /// Adds one record's cell deltas of a partition; how many exported counters went down.
    pub fn add_cells<'a>(
        &mut self,
        partition: usize,
        deltas: impl Iterator<Item = (CellKey, &'a Tally)>,
    ) -> i64 {
        for (key, delta) in deltas {
            self.windows.touched(key);
            self.courses.touched(key);
            self.cells.add(key, delta);
            self.counters.add(partition, key.line, delta);
        }
        self.counters.settle(partition, &self.bounds)
    }

    /// Adds what was found where contacts of all partitions are joined.
    pub fn add_joined(&mut self, deltas: Vec<(CellKey, Code, i64)>) {
        if deltas.is_empty() {
            return;
        }
        for (key, code, n) in deltas {
            let mut delta = Tally::default();
            delta.add(code, n);
            self.windows.touched(key);
            self.cells.add(key, &delta);
            self.counters.add_joined(key.line, code, n);
        }
    }

    /// Adds one record's pane deltas, and lets panes older than `oldest` go.
    pub fn add_panes<'a>(
        &mut self,
        deltas: impl Iterator<Item = (PaneKey, &'a Tally)>,
        oldest: i32,
    ) {
        for ((minute, department), delta) in deltas {
            if minute >= oldest {
                self.panes.add(minute, department, delta);
            }
        }
        self.panes.drop_before(oldest);
    }

    /// Tells what a contact adds; it is forgotten unless someone waits in it, a question in it awaits
    /// a reply, or a promise to ring back waits to be kept.
    pub fn set_live(&mut self, contact: ContactId, contribution: &Contribution) {
        match contribution.is_waiting() {
            true => drop(self.open.insert(contact, contribution.stays.clone())),
            false => drop(self.open.remove(&contact)),
        }
        let awaiting = contribution.questions.iter().filter(|question| question.is_open());
        let awaiting: Vec<Question> = awaiting.copied().collect();
        match awaiting.is_empty() {
            true => drop(self.questions.remove(&contact)),
            false => drop(self.questions.insert(contact, awaiting)),
        }
        let promised = contribution.callbacks.iter().filter(|callback| callback.is_open());
        let promised: Vec<Callback> = promised.copied().collect();
        match promised.is_empty() {
            true => drop(self.callbacks.remove(&contact)),
            false => drop(self.callbacks.insert(contact, promised)),
        }
    }

    /// Forgets that a contact waits: it is held no longer.
    pub fn forget(&mut self, contact: ContactId) {
        self.set_live(contact, &Contribution::default());
    }

    /// Takes in what an agent does. `known_at` is how far its chain had come before it was told.
    pub fn report(&mut self, report: AgentReport, known_at: Option<Timestamp>) -> bool {
        self.coverages.report(&report, known_at);
        self.staffing.report(report)
    }

    /// Takes in the minutes in which something was heard.
    pub fn hear(&mut self, minutes: &[i32], known_at: Option<Timestamp>) {
        self.coverages.hear(minutes, known_at);
    }

    /// Tells how far the chains have come.
    pub fn advance(&mut self, progress: Progress, rules: &Rules) {
        self.coverages.advance(progress, rules);
    }

    /// Whether each number was staffed.
    pub fn coverages(&self) -> &Coverages {
        &self.coverages
    }

    /// The picture at the reader's clock, without the stream.
    pub fn snapshot(
        &mut self,
        now: Timestamp,
        rules: &Rules,
        names: &Names,
        display: &BTreeMap<String, String>,
    ) -> Snapshot {
        let set = rules.at(now);
        let today = Zone::stockholm().day_of(now);
        let goals: Vec<GoalView> = Goal::ALL
            .into_iter()
            .filter_map(|goal| {
                let level = rules.level(goal.goal_id(), today)?;
                Some(GoalView {
                    goal,
                    direction: level.direction,
                    target_percent: level.percent,
                    limit: match goal {
                        Goal::Sm1 => Some(set.switchboard_limit),
                        Goal::Sm2 => Some(set.queue_limit),
                        Goal::Sm3 | Goal::Sm3w => None,
                    },
                })
            })
            .collect();
        let levels = GoalId::ALL
            .into_iter()
            .filter(|goal| !Goal::ALL.iter().any(|on_calls| on_calls.goal_id() == *goal))
            .filter_map(|goal| {
                let level = rules.level(goal, today)?;
                Some(LevelView { goal, target_percent: level.percent })
            })
            .collect();
        let (states, all_states) = self.staffing.states(rules, names);
        let unstaffed = self.coverages.unstaffed(names.departments.len(), rules);
        let mut staffed = self.coverages.courses(today, now, rules, names.departments.len());
        let mut views: Vec<DepartmentView> = names
            .departments
            .iter()
            .enumerate()
            .map(|(at, slug)| {
                let department = Department(at as u16);
                let mut view = DepartmentView {
                    slug: slug.to_owned(),
                    name: display.get(slug).map_or(slug, String::as_str).to_owned(),
                    open: rules.is_open(department, now),
                    runs_switchboard: department == set.switchboard_department,
                    ..DepartmentView::default()
                };
                (view.switchboard, view.queue) = self.counters.of(department, &self.bounds);
                view.questions = self.counters.questions_of(department);
                view.live.agents = states.get(at).copied().unwrap_or_default();
                view.unstaffed = unstaffed.get(at).copied().flatten();
                view.staffed = staffed.get_mut(at).and_then(Option::take).map(Arc::new);
                view
            })
            .collect();
        for facts in self.open.values() {
            for fact in facts {
                if let Some(view) = views.get_mut(usize::from(fact.department.0)) {
                    count_waiting(&mut view.live, fact, now);
                }
            }
        }
        for question in self.questions() {
            if let Some(view) = views.get_mut(usize::from(question.department.0)) {
                view.awaiting[question.channel as usize].count(question, now);
            }
        }
        for callback in self.callbacks() {
            if let Some(view) = views.get_mut(usize::from(callback.department.0)) {
                view.callbacks.count(callback, now);
            }
        }
        let mut all = DepartmentView {
            name: "Hela kommunen".to_owned(),
            open: views.iter().any(|view| view.open),
            ..DepartmentView::default()
        };
        for view in &views {
            counters::merge(&mut all.switchboard, &view.switchboard);
            counters::merge(&mut all.queue, &view.queue);
            counters::merge_questions(&mut all.questions, &view.questions);
            for (all, one) in all.awaiting.iter_mut().zip(&view.awaiting) {
                all.merge(one);
            }
            all.callbacks.merge(view.callbacks);
            merge_live(&mut all.live, &view.live);
        }
        all.live.agents = all_states;
        self.windows.fill(
            now,
            &windows::Basis { cells: &self.cells, panes: &self.panes, open: &self.open, rules },
            &mut views,
            &mut all,
        );
        let limit = Some(set.queue_limit);
        let counted = (&self.cells, &self.bounds);
        self.courses.fill(now, counted, limit, &mut views, &mut all);
        let month = Zone::stockholm().day_of(now).month();
        for (at, view) in views.iter_mut().enumerate() {
            let open = open_in(rules, Department(at as u16), month);
            view.month = outlook(&view.windows, open, &goals);
        }
        let open = open_in(rules, set.switchboard_department, month);
        all.month = outlook(&all.windows, open, &goals);
        views.sort_by(|a, b| a.slug.cmp(&b.slug));
        let without_data = self.coverages.without_data(today, now, rules);
        let repeat_contacts = self.counters.repeats();
        let departments = views;
        Snapshot {
            now,
            goals,
            levels,
            departments,
            all,
            repeat_contacts,
            without_data,
            ..Snapshot::default()
        }
    }
}

/// How long a unit is open in a whole month.
fn open_in(rules: &Rules, department: Department, month: Month) -> Millis {
    let zone = Zone::stockholm();
    let (from, until) = (month.first_day(), month.next().first_day());
    Millis(rules.hours(department).open_millis(zone.day_start(from), zone.day_start(until)))
}

fn count_waiting(live: &mut Live, fact: &Fact, now: Timestamp) {
    if fact.queue.is_some() && fact.is_open() {
        if let Some((super::contact::contribution::VisitOutcome::Undecided, limit_at)) = fact.visit
        {
            live.waiting_over_target += i64::from(now > limit_at);
        }
        if fact.disposition == super::contact::stay::Disposition::Waiting {
            live.waiting += 1;
            let since = live.longest_waiting_since.unwrap_or(fact.offered_at);
            live.longest_waiting_since = Some(since.min(fact.offered_at));
        }
    }
}

fn merge_live(all: &mut Live, one: &Live) {
    all.waiting += one.waiting;
    all.waiting_over_target += one.waiting_over_target;
    all.longest_waiting_since = match (all.longest_waiting_since, one.longest_waiting_since) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    for state in 0..AgentState::ALL.len() {
        all.agents[state] += one.agents[state];
    }
}

//! "Läget nu": the managers' tables, one of the moment and one of each goal.

use askama::Template;

use super::form;
use super::frame::Frame;
use super::part::Part;
use super::view::{Mark, SHOWN, Staff, Status, View};
use crate::domain::goal::Goal;
use crate::domain::snapshot::{DepartmentView, Window};
use crate::report::{Cell, Precision};

/// The page's path.
pub(super) const PATH: &str = "/lage";

/// The page.
#[derive(Template)]
#[template(path = "now.html")]
pub(super) struct Page {
    frame: Frame,
    loading: bool,
    goals: Vec<Heading>,
    parts: Vec<Part>,
}

/// What stands over a goal's table.
struct Heading {
    id: &'static str,
    title: String,
    target: String,
}

impl Page {
    pub(super) fn of(view: &View<'_>) -> Page {
        let heading = |(at, goal): (usize, Goal)| Heading {
            id: goal.id(),
            title: format!("{} {}: {}", view.say("Mål", "Goal"), at + 1, view.title(goal)),
            target: view.target(goal),
        };
        Page {
            frame: Frame::live(view.locale, view.say("Läget nu", "Right now"), PATH),
            loading: view.is_loading(),
            goals: SHOWN.into_iter().enumerate().map(heading).collect(),
            parts: parts(view),
        }
    }

    fn of_kind(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(move |p| p.id.starts_with(prefix)).map(|p| p.html.as_str())
    }
}

/// What changes on it: a row each of the moment's table and of the goals' tables.
pub(super) fn parts(view: &View<'_>) -> Vec<Part> {
    let mut parts = vec![Part::new("status", &Status::of(view, &view.snapshot.all))];
    if view.is_loading() {
        return parts;
    }
    for (place, key) in places(view) {
        let row = MomentRow::of(view, place, format!("row-{key}"));
        parts.push(Part::new(row.id.clone(), &row));
    }
    for goal in SHOWN {
        for (place, key) in places(view) {
            // The switchboard's goal is of the unit that runs it.
            if goal != Goal::Sm1 || key == ALL || place.has_switchboard() {
                let row = GoalRow::of(view, place, goal, format!("{}-{key}", goal.id()));
                parts.push(Part::new(row.id.clone(), &row));
            }
        }
    }
    parts
}

/// The whole municipality's key among rows; no slug has it.
const ALL: &str = "-all";

/// The whole municipality, then the departments in the order of their names.
fn places<'a>(view: &View<'a>) -> Vec<(&'a DepartmentView, &'a str)> {
    let departments = view.departments().into_iter().map(|d| (d, d.slug.as_str()));
    std::iter::once((&view.snapshot.all, ALL)).chain(departments).collect()
}

/// A row's heading: a name, and for a department the way to its own page.
struct Name {
    text: String,
    href: Option<String>,
}

impl Name {
    fn of(view: &View<'_>, place: &DepartmentView, is_whole: bool) -> Name {
        match is_whole {
            true => Name {
                text: view.say("Hela kommunen", "The whole municipality").to_owned(),
                href: None,
            },
            false => Name {
                text: form::breakable(&place.name),
                href: Some(view.locale.href(&format!("/avdelning/{}", place.slug))),
            },
        }
    }
}

/// One unit at the moment.
#[derive(Template)]
#[template(path = "part_moment_row.html")]
struct MomentRow {
    id: String,
    name: Name,
    is_whole: bool,
    /// Said where the unit is closed.
    closed: Option<&'static str>,
    waiting: String,
    over: Option<String>,
    longest: String,
    /// Open, and nobody answers.
    is_missing: bool,
    staffed: &'static str,
    logged_in: String,
    offered: String,
    answered: String,
    median: String,
    ninth: String,
}

impl MomentRow {
    fn of(view: &View<'_>, place: &DepartmentView, id: String) -> MomentRow {
        let is_whole = id.ends_with(ALL);
        let live = &place.live;
        let today = &place.windows[Window::Today as usize];
        let waits = |at: usize| {
            let waits = today.queue_wait.as_ref();
            waits.map_or_else(|| "–".to_owned(), |waits| form::clock_length(waits.at[at]))
        };
        let over = live.waiting_over_target;
        let staff = Staff::of(view, live, false);
        MomentRow {
            name: Name::of(view, place, is_whole),
            is_whole,
            closed: (!place.open).then(|| view.locale.say("stängt", "closed")),
            waiting: view.count(live.waiting),
            over: (over > 0)
                .then(|| format!("{} {}", view.count(over), view.say("för länge", "too long"))),
            longest: view.longest(live),
            is_missing: place.open && staff.is_staffed == Some(false),
            staffed: match staff.is_staffed {
                Some(true) => view.locale.say("bemannat", "staffed"),
                Some(false) => view.locale.say("obemannat", "unstaffed"),
                None => view.locale.say("okänt", "unknown"),
            },
            logged_in: staff.logged_in,
            offered: view.count(today.queue_offered),
            answered: view.count(today.queue_answered),
            median: waits(0),
            ninth: waits(1),
            id,
        }
    }
}

/// One goal of one unit: now, over longer times, and where the month is heading.
#[derive(Template)]
#[template(path = "part_goal_row.html")]
struct GoalRow {
    id: String,
    name: Name,
    is_whole: bool,
    marks: Vec<Mark>,
    of_word: &'static str,
    /// What is left of the month's budget of misses, and whether something is.
    budget: Option<(String, bool)>,
    /// The share that the month would end at, and whether that reaches the level.
    projected: Option<(String, bool, &'static str)>,
}

impl GoalRow {
    fn of(view: &View<'_>, place: &DepartmentView, goal: Goal, id: String) -> GoalRow {
        const WINDOWS: [Window; 4] =
            [Window::QuarterHour, Window::Hour, Window::Today, Window::Month];
        let is_whole = id.ends_with(ALL);
        let outlook = place.month.goals[goal as usize];
        let level = view.snapshot.goal(goal);
        let share = |ratio: f64| crate::domain::units::Share {
            met: (ratio * 1_000_000.0).round() as i64,
            of: 1_000_000,
        };
        let language = view.locale.language;
        let budget = outlook.and_then(|outlook| outlook.budget_remaining_ratio).map(|left| {
            let shown = Cell::Share(share(left.clamp(0.0, 1.0)), None, Precision::Whole);
            let text = match left > 0.0 {
                true => format!("{} {}", shown.shown(language), view.say("kvar", "left")),
                false => view.say("slut", "spent").to_owned(),
            };
            (text, left > 0.0)
        });
        let projected = outlook.zip(level).map(|(outlook, level)| {
            let share = share(outlook.projected_ratio);
            let is_met = level.judge(share) == crate::domain::goal::Verdict::Met;
            let word = match is_met {
                true => view.locale.say("målet väntas nås", "expected to be met"),
                false => view.locale.say("målet väntas inte nås", "expected to be missed"),
            };
            let shown = view.percent(share, Some(level)).unwrap_or_else(|| "–".to_owned());
            (shown, is_met, word)
        });
        GoalRow {
            name: Name::of(view, place, is_whole),
            is_whole,
            marks: WINDOWS.map(|window| view.mark(place, window, goal)).into(),
            of_word: view.locale.say("av", "of"),
            budget,
            projected,
            id,
        }
    }
}

//! What the templates show: every figure already a text.

use askama::Template;

use super::form;
use crate::domain::calendar::Zone;
use crate::domain::event::AgentState;
use crate::domain::goal::{Direction, Goal, Verdict};
use crate::domain::ids::UNKNOWN_DEPARTMENT;
use crate::domain::snapshot::{DepartmentView, GoalView, Live, Snapshot, Waits, Window};
use crate::domain::units::{Millis, Timestamp};

/// While the municipality is open, a silence longer than this makes the page say that it is
/// stale.
const SILENCE_LIMIT: Millis = Millis(5 * 60_000);

const WEEKDAYS: [&str; 7] = ["måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"];

/// How far the figures can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// They show the moment.
    Current,
    /// The daemon says that it is not ready.
    NotReady,
    /// Open, but nothing has been heard since; `None` when nothing was heard at all.
    Silent(Option<Timestamp>),
    /// The history is being read; there are no figures to show.
    Loading,
}

impl Standing {
    pub(super) fn of(snapshot: &Snapshot, ready: bool) -> Standing {
        let last = snapshot.stream.partitions.iter().filter_map(|p| p.last_event).max();
        let heard = last.is_some_and(|at| snapshot.now.since(at) <= SILENCE_LIMIT);
        if !snapshot.caught_up {
            Standing::Loading
        } else if !ready {
            Standing::NotReady
        } else if snapshot.all.open && !heard {
            Standing::Silent(last)
        } else {
            Standing::Current
        }
    }

    fn says(self) -> String {
        match self {
            Standing::Current => "Aktuell".into(),
            Standing::NotReady => "Inaktuell: tjänsten är inte redo".into(),
            Standing::Silent(Some(at)) => {
                format!("Inaktuell: ingen händelse sedan {}", time_of_day(at))
            }
            Standing::Silent(None) => "Inaktuell: ingen händelse har kommit".into(),
            Standing::Loading => "Läser in historiken".into(),
        }
    }
}

/// The line about the age of the figures.
#[derive(Template)]
#[template(path = "part_status.html")]
pub(super) struct Status {
    date: String,
    time: String,
    rfc3339: String,
    loading: bool,
    current: bool,
    says: String,
    /// What a screen reader is told when it changes.
    summary: String,
}

impl Status {
    pub(super) fn of(snapshot: &Snapshot, ready: bool) -> Status {
        let standing = Standing::of(snapshot, ready);
        let zone = Zone::stockholm();
        let day = zone.day_of(snapshot.now);
        let mut summary = standing.says();
        if standing != Standing::Loading {
            for (number, goal) in SHOWN.into_iter().enumerate() {
                let word = Mark::of(snapshot, &snapshot.all, Window::Today, goal).word;
                summary.push_str(&format!(". Mål {}: {word}", number + 1));
            }
        }
        Status {
            date: format!("{} {day}", WEEKDAYS[day.weekday().index()]),
            time: time_of_day(snapshot.now),
            rfc3339: zone.rfc3339(snapshot.now),
            loading: standing == Standing::Loading,
            current: standing == Standing::Current,
            says: standing.says(),
            summary,
        }
    }
}

/// The goals on the page, in the order of their numbers.
const SHOWN: [Goal; 3] = [Goal::Sm1, Goal::Sm2, Goal::Sm3];

/// One goal in one window: the figure, over how many, and the verdict in word and symbol.
pub(super) struct Mark {
    percent: Option<String>,
    of: String,
    /// Empty when no level is set.
    word: &'static str,
    symbol: &'static str,
    class: &'static str,
}

impl Mark {
    fn of(snapshot: &Snapshot, place: &DepartmentView, window: Window, goal: Goal) -> Mark {
        let share = place.goal(window, goal).share;
        let (word, symbol, class) = match snapshot.goal(goal).map(|view| view.judge(share)) {
            Some(Verdict::Met) => ("Målet nås", "✓", "met"),
            Some(Verdict::Missed) => ("Målet nås inte", "✗", "missed"),
            Some(Verdict::NoCalls) => ("Inga samtal", "–", "none"),
            None if share.of > 0 => ("Ingen nivå satt", "–", "none"),
            None => ("Inga samtal", "–", "none"),
        };
        Mark {
            percent: form::percent(share, goal.direction()),
            of: form::number(share.of),
            word,
            symbol,
            class,
        }
    }
}

/// One goal of the whole municipality.
#[derive(Template)]
#[template(path = "part_card.html")]
pub(super) struct Card {
    pub(super) id: &'static str,
    number: usize,
    title: &'static str,
    target: String,
    of_what: &'static str,
    today: Mark,
    bar: Option<Bar>,
    periods: Vec<(&'static str, Mark)>,
}

impl Card {
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Card> {
        SHOWN.into_iter().enumerate().map(|(at, goal)| Card::of(snapshot, at + 1, goal)).collect()
    }

    fn of(snapshot: &Snapshot, number: usize, goal: Goal) -> Card {
        let view = snapshot.goal(goal);
        let mark = |window| Mark::of(snapshot, &snapshot.all, window, goal);
        let (id, title, of_what) = match goal {
            Goal::Sm1 => ("card-1", "Växeln svarar", "samtal till växeln"),
            Goal::Sm2 => ("card-2", "Kundtjänst svarar", "samtal till kundtjänst"),
            Goal::Sm3 | Goal::Sm3w => ("card-3", "Förlorade samtal", "köade samtal"),
        };
        Card {
            id,
            number,
            title,
            target: view.map_or_else(|| "Ingen målnivå är satt".into(), target),
            of_what,
            today: mark(Window::Today),
            bar: view.and_then(|view| Bar::of(snapshot, view)),
            periods: vec![
                ("Senaste timmen", mark(Window::Hour)),
                ("Veckan", mark(Window::Week)),
                ("Månaden", mark(Window::Month)),
            ],
        }
    }
}

/// A goal in words, with its level.
fn target(view: &GoalView) -> String {
    let level = format!("{}\u{a0}%", view.target_percent);
    let side = match view.direction {
        Direction::AtLeast => "minst",
        Direction::AtMost => "högst",
    };
    let limit = view.limit.map(form::limit);
    let what = match (view.goal, limit) {
        (Goal::Sm1, Some(limit)) => format!("inom tre signaler ({limit})"),
        (Goal::Sm1, None) => "inom tre signaler".into(),
        (_, Some(limit)) => format!("inom {limit}"),
        (Goal::Sm2, None) => "i tid".into(),
        (Goal::Sm3 | Goal::Sm3w, None) => "förlorade samtal".into(),
    };
    format!("Mål: {side} {level} {what}")
}

/// A bar from 0 to 1 000 with the share and the target; it repeats what the figures say.
pub(super) struct Bar {
    share: i64,
    target: i64,
}

impl Bar {
    fn of(snapshot: &Snapshot, view: &GoalView) -> Option<Bar> {
        let share = snapshot.all.goal(Window::Today, view.goal).share;
        // Low shares are the good ones for "at most": a whole bar is three times the target.
        let whole = match view.direction {
            Direction::AtLeast => 100,
            Direction::AtMost => (3 * i64::from(view.target_percent)).clamp(1, 100),
        };
        (share.of > 0).then(|| Bar {
            share: (100_000 * share.met / (share.of * whole)).min(1_000),
            target: (1_000 * i64::from(view.target_percent) / whole).min(1_000),
        })
    }
}

/// The moment's figures of the whole municipality.
#[derive(Template)]
#[template(path = "part_moment.html")]
pub(super) struct Moment {
    waiting: String,
    over: Option<String>,
    limit: String,
    longest: String,
    longest_over: bool,
    logged_in: String,
    nobody: bool,
    /// Empty where they would tell of one or two people.
    states: Vec<(String, &'static str)>,
    median: Option<(String, String)>,
    offered: String,
    answered: String,
}

impl Moment {
    pub(super) fn of(snapshot: &Snapshot) -> Moment {
        let live = &snapshot.all.live;
        let today = &snapshot.all.windows[Window::Today as usize];
        let limit = snapshot.goal(Goal::Sm2).and_then(|view| view.limit);
        let longest = live.longest_wait(snapshot.now);
        Moment {
            waiting: form::number(live.waiting),
            over: (live.waiting_over_target > 0).then(|| form::number(live.waiting_over_target)),
            limit: limit.map_or_else(|| "gränsen".into(), form::limit),
            longest: wait(live, snapshot.now),
            longest_over: limit.is_some_and(|limit| longest > limit),
            logged_in: form::number(live.logged_in()),
            nobody: live.logged_in() == 0,
            states: if snapshot.may_show_all_states() { states(live) } else { Vec::new() },
            median: today.queue_wait.as_ref().map(|waits| (median(waits), ninth(waits))),
            offered: form::number(today.queue_offered),
            answered: form::number(today.queue_answered),
        }
    }
}

/// The wait of the one who has waited longest; a dash when nobody waits.
fn wait(live: &Live, now: Timestamp) -> String {
    match live.longest_waiting_since {
        Some(_) => form::clock_length(live.longest_wait(now)),
        None => "–".into(),
    }
}

fn states(live: &Live) -> Vec<(String, &'static str)> {
    let count = |state: AgentState| live.agents[state as usize];
    [
        (count(AgentState::Ready), "lediga"),
        (count(AgentState::Ringing) + count(AgentState::Talking), "i samtal"),
        (count(AgentState::WrapUp), "efterarbetar"),
        (count(AgentState::Paused), "pausade"),
    ]
    .into_iter()
    .map(|(count, word)| (form::number(count), word))
    .collect()
}

fn median(waits: &Waits) -> String {
    form::clock_length(waits.at[0])
}

fn ninth(waits: &Waits) -> String {
    form::clock_length(waits.at[1])
}

/// One department in the table.
#[derive(Template)]
#[template(path = "part_row.html")]
pub(super) struct Row {
    pub(super) id: String,
    name: String,
    whole: bool,
    open: bool,
    waiting: String,
    over: Option<String>,
    longest: String,
    logged_in: String,
    goal2: Mark,
    goal2_hour: Mark,
    goal3: Mark,
    offered: String,
    answered: String,
    median: String,
}

impl Row {
    /// The whole municipality, then the departments in the order of their names.
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Row> {
        let mut departments: Vec<&DepartmentView> =
            snapshot.departments.iter().filter(|d| has_place(d)).collect();
        departments.sort_by_key(|d| form::sort_key(&d.name));
        let whole = Row { whole: true, ..Row::of(snapshot, &snapshot.all, "row--all".into()) };
        let parts = departments.iter().map(|d| Row::of(snapshot, d, format!("row-{}", d.slug)));
        std::iter::once(Row { name: "Hela kommunen".into(), ..whole }).chain(parts).collect()
    }

    fn of(snapshot: &Snapshot, place: &DepartmentView, id: String) -> Row {
        let today = &place.windows[Window::Today as usize];
        let live = &place.live;
        let mark = |window, goal| Mark::of(snapshot, place, window, goal);
        Row {
            id,
            name: form::breakable(&place.name),
            whole: false,
            open: place.open,
            waiting: form::number(live.waiting),
            over: (live.waiting_over_target > 0).then(|| form::number(live.waiting_over_target)),
            longest: wait(live, snapshot.now),
            logged_in: form::number(live.logged_in()),
            goal2: mark(Window::Today, Goal::Sm2),
            goal2_hour: mark(Window::Hour, Goal::Sm2),
            goal3: mark(Window::Today, Goal::Sm3),
            offered: form::number(today.queue_offered),
            answered: form::number(today.queue_answered),
            median: today.queue_wait.as_ref().map_or_else(|| "–".into(), median),
        }
    }
}

/// The department for everything unknown is shown only when something came to it.
fn has_place(department: &DepartmentView) -> bool {
    department.slug != UNKNOWN_DEPARTMENT
        || department.queue.offered + department.switchboard.offered + department.live.waiting > 0
}

fn time_of_day(at: Timestamp) -> String {
    // The time in `2026-06-19T08:00:00+02:00`.
    let text = Zone::stockholm().rfc3339(at);
    text.split(['T', '+']).nth(1).unwrap_or_default().to_owned()
}

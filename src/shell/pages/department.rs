//! One department: the moment, its goals, the day as it goes, how long callers waited, whether the
//! number was staffed, and what became of the calls.

use askama::Template;

use super::chart::{Bar, Bars};
use super::figure::{Figure, square};
use super::form;
use super::frame::Frame;
use super::part::Part;
use super::staffing;
use super::start::Moment;
use super::view::{Mark, SHOWN, Status, View, time_of_day};
use crate::domain::contact::stay::Disposition;
use crate::domain::goal::Goal;
use crate::domain::snapshot::{Course, DepartmentView, PlaceCourse, WaitCount, Window};
use crate::domain::units::{Quarter, Share};

/// The page's path, the slug left out.
pub(super) const PATH: &str = "/avdelning";

/// The page.
#[derive(Template)]
#[template(path = "department.html")]
pub(super) struct Page {
    frame: Frame,
    /// Said where the unit is closed.
    closed: Option<&'static str>,
    wall: String,
    goals: String,
    loading: bool,
    parts: Vec<Part>,
}

impl Page {
    /// The page of a department by its slug; `None` when there is none.
    pub(super) fn of(view: &View<'_>, slug: &str) -> Option<Page> {
        let place = view.department(slug)?;
        Some(Page {
            frame: Frame::live(view.locale, place.name.clone(), &format!("{PATH}/{slug}")),
            closed: (!place.open).then(|| view.locale.say("stängt", "closed")),
            wall: view.locale.href(&format!("{}/{slug}", super::wall::PATH)),
            goals: view.locale.href(&format!("{}/{slug}", super::goals::PATH)),
            loading: view.is_loading(),
            parts: parts(view, slug)?,
        })
    }

    fn of_kind(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(move |p| p.id.starts_with(prefix)).map(|p| p.html.as_str())
    }
}

/// What changes on it; `None` when there is no such department.
pub(super) fn parts(view: &View<'_>, slug: &str) -> Option<Vec<Part>> {
    let place = view.department(slug)?;
    let mut parts = vec![Part::new("status", &Status::of(view, place))];
    if view.is_loading() {
        return Some(parts);
    }
    parts.push(Part::new("moment", &Moment::of(view, place, place.live.may_show_states())));
    for goal in SHOWN.into_iter().filter(|goal| *goal != Goal::Sm1 || place.has_switchboard()) {
        let row = GoalRow::of(view, place, goal);
        parts.push(Part::new(row.id.clone(), &row));
    }
    for figure in
        [day(view, &place.course), waits(view, &place.course), staffing::figure(view, place)]
    {
        parts.push(Part::new(figure.id, &figure));
    }
    parts.push(Part::new("ends", &Ends::of(view, &place.course)));
    Some(parts)
}

/// One goal over all windows.
#[derive(Template)]
#[template(path = "part_goal_windows.html")]
struct GoalRow {
    id: String,
    title: String,
    target: String,
    marks: Vec<Mark>,
    of_word: &'static str,
}

impl GoalRow {
    fn of(view: &View<'_>, place: &DepartmentView, goal: Goal) -> GoalRow {
        GoalRow {
            id: format!("goal-{}", goal.id()),
            title: view.title(goal).to_owned(),
            target: view.target(goal),
            marks: Window::ALL.map(|window| view.mark(place, window, goal)).into(),
            of_word: view.locale.say("av", "of"),
        }
    }
}

/// Half an hour, by the clock on the wall.
fn half_hour(quarter: Quarter) -> String {
    let minute = time_of_day(Quarter(quarter.0.div_euclid(2) * 2).start());
    minute[..5].to_owned()
}

/// The day so far, by half-hours: how many came to the queues, and what became of them.
fn day(view: &View<'_>, course: &Course) -> Figure {
    let say = |swedish, english| view.locale.say(swedish, english);
    let mut halves: Vec<(String, PlaceCourse)> = Vec::new();
    let (first, last) = match (course.quarters.first(), course.quarters.last()) {
        (Some(first), Some(last)) => (first.quarter.0.div_euclid(2), last.quarter.0.div_euclid(2)),
        _ => (0, -1),
    };
    for half in first..=last {
        let mut sum = PlaceCourse::default();
        let within = |quarter: Quarter| quarter.0.div_euclid(2) == half;
        course
            .quarters
            .iter()
            .filter(|one| within(one.quarter))
            .for_each(|one| sum.merge(&one.queue));
        halves.push((half_hour(Quarter(2 * half)), sum));
    }
    let bars: Vec<Bar> = halves
        .iter()
        .map(|(name, sum)| {
            let other = sum.offered - sum.answered - sum.abandoned;
            Bar { name: name.clone(), parts: [sum.answered, sum.abandoned, other] }
        })
        .collect();
    let title = say("Dagen hittills: samtal per halvtimme", "Today so far: calls by the half-hour");
    let busiest = halves.iter().max_by_key(|(_, sum)| sum.offered);
    let told = busiest.map_or_else(String::new, |(name, sum)| {
        let at = say("Flest samtal kom från klockan", "Most calls came from");
        format!("{at} {name}: {}.", view.count(sum.offered))
    });
    let svg =
        Bars { id: "day", title, told: &told, bars: &bars, limit: None, is_bounds: false }.svg();
    let level = view.snapshot.goal(Goal::Sm2);
    let rows = halves.iter().map(|(name, sum)| {
        let share = view.percent(sum.goal, level).unwrap_or_else(|| "–".to_owned());
        let counts = [sum.offered, sum.answered, sum.abandoned].map(|n| view.count(n));
        (name.clone(), counts.into_iter().chain([share]).collect())
    });
    Figure {
        id: "day",
        title: title.to_owned(),
        told: Some(told),
        svg,
        key: key(view),
        numbers: say("Siffrorna i en tabell", "The numbers in a table"),
        heads: [
            say("Från klockan", "From"),
            say("Inkomna", "Offered"),
            say("Besvarade", "Answered"),
            say("Förlorade", "Lost"),
            say("I tid", "In time"),
        ]
        .map(str::to_owned)
        .into(),
        rows: rows.collect(),
        nothing: halves.is_empty().then(|| say("Inga samtal ännu i dag.", "No calls yet today.")),
    }
}

fn key(view: &View<'_>) -> Vec<(String, &'static str)> {
    vec![
        (square("answered"), view.locale.say("besvarade", "answered")),
        (square("abandoned"), view.locale.say("förlorade", "lost")),
        (square("other"), view.locale.say("slutade på annat sätt", "ended otherwise")),
    ]
}

/// How long callers waited today, with the limit of goal 2 drawn in.
fn waits(view: &View<'_>, course: &Course) -> Figure {
    let say = |swedish, english| view.locale.say(swedish, english);
    let limit = view.snapshot.goal(Goal::Sm2).and_then(|goal| goal.limit);
    let name = |count: &WaitCount| match count.until {
        Some(until) => format!("≤ {}", form::clock_length(until)),
        None => say("längre", "longer").to_owned(),
    };
    let bars: Vec<Bar> = course
        .waits
        .iter()
        .map(|count| Bar {
            name: count.until.map_or_else(String::new, form::clock_length),
            parts: [count.answered, count.abandoned, 0],
        })
        .collect();
    let place = limit.and_then(|limit| {
        course.waits.iter().position(|count| count.until == Some(limit)).map(|at| at + 1)
    });
    let within: Share = course.waits.iter().fold(Share::default(), |share, count| {
        let n = count.answered + count.abandoned;
        let is_within = limit.is_some_and(|limit| count.until.is_some_and(|until| until <= limit));
        Share { met: share.met + if is_within { n } else { 0 }, of: share.of + n }
    });
    let title = say("Hur länge uppringarna väntade i dag", "How long callers waited today");
    let limit_words = view.queue_limit();
    let told = view.percent(within, None).map_or_else(String::new, |share| {
        format!("{share} {} {limit_words}.", say("väntade högst", "waited at most"))
    });
    let line = format!("{} {limit_words}", say("målets gräns:", "the goal's limit:"));
    let limit = place.map(|at| (at, line.as_str()));
    let svg = Bars { id: "waits", title, told: &told, bars: &bars, limit, is_bounds: true }.svg();
    let rows = course.waits.iter().map(|count| {
        (name(count), [count.answered, count.abandoned].map(|n| view.count(n)).into())
    });
    Figure {
        id: "waits",
        title: title.to_owned(),
        told: Some(told),
        svg,
        key: key(view).into_iter().take(2).collect(),
        numbers: say("Siffrorna i en tabell", "The numbers in a table"),
        heads: [
            say("Väntade (min:s)", "Waited (min:s)"),
            say("Besvarade", "Answered"),
            say("Förlorade", "Lost"),
        ]
        .map(str::to_owned)
        .into(),
        rows: rows.collect(),
        nothing: (within.of == 0)
            .then(|| say("Inga väntetider ännu i dag.", "No waits yet today.")),
    }
}

/// What became of the calls to the queues today.
#[derive(Template)]
#[template(path = "part_ends.html")]
struct Ends {
    caption: &'static str,
    heads: [&'static str; 3],
    rows: Vec<(&'static str, String, String)>,
}

impl Ends {
    fn of(view: &View<'_>, course: &Course) -> Ends {
        let say = |swedish, english| view.locale.say(swedish, english);
        let all: i64 = course.dispositions.iter().sum();
        let row = |(disposition, n): (Disposition, i64)| {
            let share = view.percent(Share { met: n, of: all }, None);
            let name = ending(disposition);
            (view.locale.say(name.0, name.1), view.count(n), share.unwrap_or_else(|| "–".into()))
        };
        let ended = Disposition::ALL.into_iter().zip(course.dispositions);
        Ends {
            caption: say("Hur samtalen slutade i dag", "How calls ended today"),
            heads: [say("Slut", "End"), say("Antal", "Number"), say("Andel", "Share")],
            rows: ended
                .filter(|(disposition, n)| *n > 0 || *disposition == Disposition::Answered)
                .map(row)
                .collect(),
        }
    }
}

/// A disposition in words.
fn ending(disposition: Disposition) -> (&'static str, &'static str) {
    match disposition {
        Disposition::Waiting => ("väntar", "waiting"),
        Disposition::Answered => ("besvarade", "answered"),
        Disposition::Abandoned => ("uppringaren lade på", "the caller hung up"),
        Disposition::TimedOut => ("längsta kötiden gick ut", "timed out"),
        Disposition::LeftEmpty => ("kön blev utan medarbetare", "the queue had no agents left"),
        Disposition::KeyExit => ("valde sig ut", "left by a key"),
        Disposition::Withdrawn => ("togs ur kön", "withdrawn"),
        Disposition::Callback => ("återuppringning", "callback"),
        Disposition::Overflowed => ("flyttades till en annan kö", "moved to another queue"),
        Disposition::LostByRestart => ("växeln startade om", "lost by a restart"),
        Disposition::LostTrack => ("okänt slut", "end unknown"),
        Disposition::Closed => ("avvisade: stängt", "turned away: closed"),
        Disposition::RejectedFull => ("avvisade: full kö", "refused: queue full"),
        Disposition::RejectedNoAgent => ("avvisade: ingen inloggad", "refused: no agent"),
        Disposition::RejectedDiverted => ("hänvisade vidare", "diverted"),
    }
}

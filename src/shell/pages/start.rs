//! The start page: the goals today, customer service now, and the way to everything else.

use askama::Template;

use super::form;
use super::frame::Frame;
use super::part::Part;
use super::view::{Mark, SHOWN, Staff, Status, View};
use crate::domain::goal::{Direction, Goal};
use crate::domain::snapshot::{DepartmentView, GoalView, Snapshot, Waits, Window};

/// The page's path.
pub(super) const PATH: &str = "/";

/// The page.
#[derive(Template)]
#[template(path = "start.html")]
pub(super) struct Page {
    frame: Frame,
    loading: bool,
    parts: Vec<Part>,
}

impl Page {
    pub(super) fn of(view: &View<'_>) -> Page {
        let title = view.say("Telefonservicen i dag", "The telephone service today");
        Page {
            frame: Frame::live(view.locale, title, PATH),
            loading: view.is_loading(),
            parts: parts(view),
        }
    }

    fn of_kind(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(move |p| p.id.starts_with(prefix)).map(|p| p.html.as_str())
    }
}

/// What changes on it.
pub(super) fn parts(view: &View<'_>) -> Vec<Part> {
    let mut parts = vec![Part::new("status", &Status::of(view, &view.snapshot.all))];
    if !view.is_loading() {
        for (at, goal) in SHOWN.into_iter().enumerate() {
            let card = Card::of(view, at + 1, goal);
            parts.push(Part::new(format!("card-{}", at + 1), &card));
        }
        let all = &view.snapshot.all;
        parts
            .push(Part::new("moment", &Moment::of(view, all, view.snapshot.may_show_all_states())));
    }
    parts
}

/// One goal of the whole municipality.
#[derive(Template)]
#[template(path = "part_card.html")]
struct Card {
    id: String,
    number: usize,
    goal_word: &'static str,
    title: &'static str,
    target: String,
    of: String,
    today: Mark,
    bar: Option<Bar>,
    longer: &'static str,
    heads: [&'static str; 4],
    of_word: &'static str,
    periods: Vec<(&'static str, Mark)>,
}

impl Card {
    fn of(view: &View<'_>, number: usize, goal: Goal) -> Card {
        let all = &view.snapshot.all;
        let locale = view.locale;
        let mark = |window| view.mark(all, window, goal);
        let today = mark(Window::Today);
        Card {
            id: format!("card-{number}"),
            number,
            goal_word: locale.say("Mål", "Goal"),
            title: view.title(goal),
            target: view.target(goal),
            of: match today.percent {
                Some(_) => {
                    format!("{} {} {}", locale.say("av", "of"), today.of, view.counted(goal))
                }
                None => locale.say("inget att bedöma i dag", "nothing to judge today").to_owned(),
            },
            today,
            bar: view.snapshot.goal(goal).and_then(|goal| Bar::of(view.snapshot, goal)),
            longer: locale.say("över kortare och längre tid", "over shorter and longer times"),
            heads: [
                locale.say("Tid", "Time"),
                locale.say("Utfall", "Outcome"),
                locale.say("Antal", "Number"),
                locale.say("Bedömning", "Verdict"),
            ],
            of_word: locale.say("av", "of"),
            periods: vec![
                (locale.say("Senaste timmen", "Last hour"), mark(Window::Hour)),
                (locale.say("Veckan", "This week"), mark(Window::Week)),
                (locale.say("Månaden", "This month"), mark(Window::Month)),
            ],
        }
    }
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

/// One of the moment's figures.
struct Figure {
    name: &'static str,
    value: String,
    says: String,
    is_alert: bool,
}

/// The moment's figures of one department or of all.
#[derive(Template)]
#[template(path = "part_moment.html")]
pub(super) struct Moment {
    figures: Vec<Figure>,
}

impl Moment {
    /// `may_show_states` as for [`Staff::of`].
    pub(super) fn of(view: &View<'_>, place: &DepartmentView, may_show_states: bool) -> Moment {
        let snapshot = view.snapshot;
        let live = &place.live;
        let today = &place.windows[Window::Today as usize];
        let limit = snapshot.goal(Goal::Sm2).and_then(|view| view.limit);
        let is_longest_over = limit.is_some_and(|limit| live.longest_wait(snapshot.now) > limit);
        let over = live.waiting_over_target;
        let limit_words = view.queue_limit();
        let staff = Staff::of(view, live, may_show_states);
        let ninth = |waits: &Waits| form::clock_length(waits.at[1]);
        let figure = |name, value, says: String, is_alert| Figure { name, value, says, is_alert };
        let say = |swedish, english| view.locale.say(swedish, english);
        let figures = vec![
            figure(
                say("Väntar nu", "Waiting now"),
                view.count(live.waiting),
                match over {
                    0 => format!("{} {limit_words}", say("ingen mer än", "nobody more than")),
                    _ => {
                        format!("{} {} {limit_words}", view.count(over), say("mer än", "more than"))
                    }
                },
                over > 0,
            ),
            figure(
                say("Längsta väntetid", "Longest wait"),
                view.longest(live),
                match (live.longest_waiting_since, is_longest_over) {
                    (None, _) => say("ingen väntar", "nobody waits").to_owned(),
                    (Some(_), true) => say("längre än målet", "longer than the goal").to_owned(),
                    (Some(_), false) => {
                        say("minuter och sekunder", "minutes and seconds").to_owned()
                    }
                },
                is_longest_over,
            ),
            figure(
                say("Medarbetare inloggade", "Agents logged in"),
                staff.logged_in,
                staff.says,
                place.open && staff.is_staffed == Some(false),
            ),
            figure(
                say("Väntetid i dag, median", "Wait today, median"),
                today.queue_wait.as_ref().map_or("–".to_owned(), |w| form::clock_length(w.at[0])),
                match &today.queue_wait {
                    Some(waits) => {
                        format!(
                            "{} {}",
                            say("nio av tio högst", "nine of ten at most"),
                            ninth(waits)
                        )
                    }
                    None => say("inga samtal", "no calls").to_owned(),
                },
                false,
            ),
            figure(
                say("Samtal i dag", "Calls today"),
                view.count(today.queue_offered),
                format!("{} {}", view.count(today.queue_answered), say("besvarade", "answered")),
                false,
            ),
        ];
        Moment { figures }
    }
}

//! What several pages show: how far the figures can be relied on, a goal in a window, the moment.
//! Every figure is already a text in the reader's language.

use askama::Template;

use super::form;
use super::locale::Locale;
use crate::domain::calendar::Zone;
use crate::domain::event::AgentState;
use crate::domain::goal::{Direction, Goal, Verdict};
use crate::domain::ids::UNKNOWN_DEPARTMENT;
use crate::domain::snapshot::{DepartmentView, GoalView, Live, Snapshot, Window};
use crate::domain::units::{Millis, Share, Timestamp};
use crate::report::{Cell, Precision};

/// While the municipality is open, a silence longer than this makes the page say that it is
/// stale.
const SILENCE_LIMIT: Millis = Millis(5 * 60_000);

/// What a page is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The picture.
    pub snapshot: &'a Snapshot,
    /// Whether the daemon says that the figures may be relied on.
    pub ready: bool,
    /// In which language.
    pub locale: Locale,
}

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

/// The goals on calls, in the order of their numbers.
pub(super) const SHOWN: [Goal; 3] = [Goal::Sm1, Goal::Sm2, Goal::Sm3];

impl<'a> View<'a> {
    pub(super) fn say<'b>(&self, swedish: &'b str, english: &'b str) -> &'b str {
        self.locale.say(swedish, english)
    }

    pub(super) fn standing(&self) -> Standing {
        let snapshot = self.snapshot;
        let last = snapshot.stream.partitions.iter().filter_map(|p| p.last_event).max();
        let heard = last.is_some_and(|at| snapshot.now.since(at) <= SILENCE_LIMIT);
        if !snapshot.caught_up {
            Standing::Loading
        } else if !self.ready {
            Standing::NotReady
        } else if snapshot.all.open && !heard {
            Standing::Silent(last)
        } else {
            Standing::Current
        }
    }

    pub(super) fn is_loading(&self) -> bool {
        self.standing() == Standing::Loading
    }

    fn standing_words(&self) -> String {
        match self.standing() {
            Standing::Current => self.say("Aktuell", "Current").into(),
            Standing::NotReady => self
                .say("Inaktuell: tjänsten är inte redo", "Out of date: the service is not ready")
                .into(),
            Standing::Silent(Some(at)) => format!(
                "{} {}",
                self.say("Inaktuell: ingen händelse sedan", "Out of date: nothing heard since"),
                time_of_day(at)
            ),
            Standing::Silent(None) => self
                .say("Inaktuell: ingen händelse har kommit", "Out of date: nothing heard")
                .into(),
            Standing::Loading => self.say("Läser in historiken", "Reading the history").into(),
        }
    }

    pub(super) fn count(&self, n: i64) -> String {
        Cell::Count(n).shown(self.locale.language)
    }

    /// A share with one decimal, held against its goal's level.
    pub(super) fn percent(&self, share: Share, goal: Option<&GoalView>) -> Option<String> {
        let level = goal.map(|goal| (goal.direction, goal.target_percent));
        let cell = Cell::Share(share, level, Precision::Tenths);
        (share.of > 0).then(|| cell.shown(self.locale.language))
    }

    /// The wait of the one who has waited longest; a dash when nobody waits.
    pub(super) fn longest(&self, live: &Live) -> String {
        match live.longest_waiting_since {
            Some(_) => form::clock_length(live.longest_wait(self.snapshot.now)),
            None => "–".into(),
        }
    }

    /// A limit in words: `fem minuter`.
    pub(super) fn limit(&self, limit: Millis) -> String {
        form::limit(limit, self.locale.language)
    }

    /// The limit of goal 2 in words.
    pub(super) fn queue_limit(&self) -> String {
        let limit = self.snapshot.goal(Goal::Sm2).and_then(|view| view.limit);
        limit.map_or_else(|| self.say("gränsen", "the limit").to_owned(), |limit| self.limit(limit))
    }

    /// The departments that are shown, in the order of their names.
    pub(super) fn departments(&self) -> Vec<&'a DepartmentView> {
        let mut departments: Vec<&DepartmentView> =
            self.snapshot.departments.iter().filter(|d| has_place(d)).collect();
        departments.sort_by_key(|d| form::sort_key(&d.name));
        departments
    }

    /// The slugs of those that are shown.
    pub(in crate::shell) fn slugs(&self) -> Vec<String> {
        self.departments().into_iter().map(|department| department.slug.clone()).collect()
    }

    /// A department by its slug.
    pub(super) fn department(&self, slug: &str) -> Option<&'a DepartmentView> {
        self.snapshot.departments.iter().find(|department| department.slug == slug)
    }

    pub(super) fn mark(&self, place: &DepartmentView, window: Window, goal: Goal) -> Mark {
        let share = place.goal(window, goal).share;
        let view = self.snapshot.goal(goal);
        let (word, symbol, class) = match view.map(|view| view.judge(share)) {
            Some(Verdict::Met) => (self.say("Målet nås", "Goal met"), "✓", "met"),
            Some(Verdict::Missed) => (self.say("Målet nås inte", "Goal missed"), "✗", "missed"),
            None if share.of > 0 => (self.say("Ingen nivå satt", "No level set"), "–", "none"),
            Some(Verdict::NoCalls) | None => (self.say("Inga samtal", "No calls"), "–", "none"),
        };
        Mark {
            percent: self.percent(share, view),
            of: self.count(share.of),
            word: word.to_owned(),
            symbol,
            class,
        }
    }

    /// A goal in words, with its level.
    pub(super) fn target(&self, goal: Goal) -> String {
        let Some(view) = self.snapshot.goal(goal) else {
            return self.say("Ingen målnivå är satt", "No level is set").to_owned();
        };
        let level = format!("{}\u{a0}%", view.target_percent);
        let side = match view.direction {
            Direction::AtLeast => self.say("minst", "at least"),
            Direction::AtMost => self.say("högst", "at most"),
        };
        let limit = view.limit.map(|limit| self.limit(limit));
        let within = self.say("inom", "within");
        let rings = self.say("tre signaler", "three rings");
        let what = match (goal, limit) {
            (Goal::Sm1, Some(limit)) => format!("{within} {rings} ({limit})"),
            (Goal::Sm1, None) => format!("{within} {rings}"),
            (_, Some(limit)) => format!("{within} {limit}"),
            (Goal::Sm2, None) => self.say("i tid", "in time").to_owned(),
            (Goal::Sm3 | Goal::Sm3w, None) => self.say("förlorade samtal", "calls lost").to_owned(),
        };
        format!("{}: {side} {level} {what}", self.say("Mål", "Goal"))
    }

    /// What a goal is about, in two or three words.
    pub(super) fn title(&self, goal: Goal) -> &'static str {
        match goal {
            Goal::Sm1 => self.locale.say("Växeln svarar", "Switchboard answers"),
            Goal::Sm2 => self.locale.say("Kundtjänst svarar", "Customer service answers"),
            Goal::Sm3 | Goal::Sm3w => self.locale.say("Förlorade samtal", "Calls lost"),
        }
    }

    /// What a goal counts.
    pub(super) fn counted(&self, goal: Goal) -> &'static str {
        match goal {
            Goal::Sm1 => self.locale.say("samtal till växeln", "calls to the switchboard"),
            Goal::Sm2 => self.locale.say("samtal till kundtjänst", "calls to customer service"),
            Goal::Sm3 | Goal::Sm3w => self.locale.say("köade samtal", "queued calls"),
        }
    }
}

/// The department for everything unknown is shown only when something came to it.
pub(super) fn has_place(department: &DepartmentView) -> bool {
    department.slug != UNKNOWN_DEPARTMENT
        || department.queue.offered + department.switchboard.offered + department.live.waiting > 0
}

pub(super) fn time_of_day(at: Timestamp) -> String {
    // The time in `2026-06-19T08:00:00+02:00`.
    let text = Zone::stockholm().rfc3339(at);
    text.split(['T', '+']).nth(1).unwrap_or_default().to_owned()
}

/// One goal in one window: the figure, over how many, and the verdict in word and symbol.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) percent: Option<String>,
    pub(super) of: String,
    pub(super) word: String,
    pub(super) symbol: &'static str,
    pub(super) class: &'static str,
}

/// The line about the age of the figures.
#[derive(Template)]
#[template(path = "part_status.html")]
pub(super) struct Status {
    since: &'static str,
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
    /// The line for a page about one department, or about all.
    pub(super) fn of(view: &View<'_>, whose: &DepartmentView) -> Status {
        let snapshot = view.snapshot;
        let standing = view.standing();
        let zone = Zone::stockholm();
        let day = zone.day_of(snapshot.now);
        let mut summary = view.standing_words();
        if standing != Standing::Loading {
            for (number, goal) in SHOWN.into_iter().enumerate() {
                let word = view.mark(whose, Window::Today, goal).word;
                summary.push_str(&format!(". {} {}: {word}", view.say("Mål", "Goal"), number + 1));
            }
        }
        let weekday = day.weekday();
        Status {
            since: view.locale.say("Uppgifter från", "Figures of"),
            date: format!("{} {day}", view.say(weekday.name(), weekday.english())),
            time: time_of_day(snapshot.now),
            rfc3339: zone.rfc3339(snapshot.now),
            loading: standing == Standing::Loading,
            current: standing == Standing::Current,
            says: view.standing_words(),
            summary,
        }
    }
}

/// The agents of a unit as they may be shown.
#[derive(Debug)]
pub(super) struct Staff {
    pub(super) logged_in: String,
    /// In words; says so where what they do would tell of one or two people.
    pub(super) says: String,
    /// Whether somebody answers; `None` when nothing is known.
    pub(super) is_staffed: Option<bool>,
}

impl Staff {
    /// `may_show_states` is for those figures that others could be subtracted from.
    pub(super) fn of(view: &View<'_>, live: &Live, may_show_states: bool) -> Staff {
        let count = |states: &[AgentState]| -> i64 {
            states.iter().map(|state| live.agents[*state as usize]).sum()
        };
        let says = if live.logged_in() == 0 {
            view.say("ingen inloggad", "nobody logged in").to_owned()
        } else if !may_show_states {
            view.say("vad de gör visas inte", "what they do is not shown").to_owned()
        } else {
            [
                (count(&[AgentState::Ready]), view.say("lediga", "free")),
                (
                    count(&[AgentState::Ringing, AgentState::Talking]),
                    view.say("i samtal", "in a call"),
                ),
                (count(&[AgentState::WrapUp]), view.say("efterarbetar", "wrapping up")),
                (count(&[AgentState::Paused]), view.say("pausade", "paused")),
            ]
            .map(|(n, word)| format!("{n}\u{a0}{word}"))
            .join(", ")
        };
        Staff { logged_in: view.count(live.logged_in()), says, is_staffed: live.is_staffed() }
    }
}

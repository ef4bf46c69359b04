//! The present figures as one document: what `/metrics` tells of the same picture, and nothing
//! that it withholds.

use serde::Serialize;

use crate::domain::calendar::Zone;
use crate::domain::event::{AgentState, Channel};
use crate::domain::goal::{Direction, Goal};
use crate::domain::outlook::MonthOutlook;
use crate::domain::snapshot::{
    Awaiting, DepartmentView, GoalView, GoalWindow, Snapshot, Waits, Window, WindowView,
};
use crate::domain::units::Timestamp;

/// All departments at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct LiveFigures {
    /// The moment at which the windows end.
    moment: String,
    goals: Vec<LevelNow>,
    /// The whole municipality; left out where one department is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<Unit>,
    departments: Vec<Unit>,
}

/// A goal in force.
#[derive(Clone, Debug, Serialize)]
struct LevelNow {
    goal: &'static str,
    direction: &'static str,
    target_percent: u8,
    limit_seconds: Option<f64>,
}

/// One department, or the whole municipality (`department` is `None`).
#[derive(Clone, Debug, Serialize)]
struct Unit {
    department: Option<String>,
    name: Option<String>,
    open: bool,
    /// Whether somebody is there to answer; `None` when no agent was ever heard of.
    staffed: Option<bool>,
    waiting: i64,
    waiting_over_target: i64,
    longest_wait_seconds: f64,
    agents: Agents,
    questions: Vec<QuestionsNow>,
    windows: Vec<WindowNow>,
    month: MonthNow,
}

/// Who is logged in. The states are withheld where they would show what a single person does.
#[derive(Clone, Debug, Serialize)]
struct Agents {
    logged_in: i64,
    states: Option<Vec<StateNow>>,
}

#[derive(Clone, Debug, Serialize)]
struct StateNow {
    state: &'static str,
    agents: i64,
}

#[derive(Clone, Debug, Serialize)]
struct QuestionsNow {
    channel: &'static str,
    open: i64,
    overdue: i64,
    next_due: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct WindowNow {
    window: &'static str,
    open_seconds: f64,
    goals: Vec<GoalNow>,
    queue: Volume,
    switchboard: Volume,
    queue_wait_seconds: Option<WaitsNow>,
    switchboard_answer_seconds: Option<WaitsNow>,
}

#[derive(Clone, Debug, Serialize)]
struct GoalNow {
    goal: &'static str,
    met: i64,
    of: i64,
    missed: i64,
    ratio: Option<f64>,
    target_percent: Option<u8>,
    verdict: &'static str,
    miss_lower_bound_ratio: Option<f64>,
    expected: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
struct Volume {
    offered: i64,
    answered: i64,
}

#[derive(Clone, Debug, Serialize)]
struct WaitsNow {
    count: i64,
    p50: f64,
    p90: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

#[derive(Clone, Debug, Serialize)]
struct MonthNow {
    open_ratio: Option<f64>,
    goals: Vec<GoalMonth>,
}

#[derive(Clone, Debug, Serialize)]
struct GoalMonth {
    goal: &'static str,
    budget_events: f64,
    budget_remaining_ratio: Option<f64>,
    projected_ratio: f64,
}

impl LiveFigures {
    /// A picture's figures: of all departments, or of the one with this slug; `None` when there is
    /// no such department.
    pub fn new(snapshot: &Snapshot, department: Option<&str>) -> Option<LiveFigures> {
        let shown = |view: &&DepartmentView| department.is_none_or(|slug| view.slug == slug);
        let unit = |view| Unit::new(snapshot, view);
        let departments: Vec<Unit> = snapshot.departments.iter().filter(shown).map(unit).collect();
        if department.is_some() && departments.is_empty() {
            return None;
        }
        Some(LiveFigures {
            moment: Zone::stockholm().rfc3339(snapshot.now),
            goals: snapshot.goals.iter().map(LevelNow::new).collect(),
            all: department.is_none().then(|| Unit::whole(snapshot)),
            departments,
        })
    }

    /// As one JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}

/// The good side of a level, in documents for machines.
pub(super) fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::AtLeast => "at_least",
        Direction::AtMost => "at_most",
    }
}

impl LevelNow {
    fn new(view: &GoalView) -> LevelNow {
        LevelNow {
            goal: view.goal.id(),
            direction: direction_word(view.direction),
            target_percent: view.target_percent,
            limit_seconds: view.limit.map(|limit| limit.as_seconds()),
        }
    }
}

impl Unit {
    fn new(snapshot: &Snapshot, view: &DepartmentView) -> Unit {
        Unit {
            department: Some(view.slug.clone()),
            name: Some(view.name.clone()),
            ..Unit::of(snapshot, view, view.live.may_show_states(), view.has_switchboard())
        }
    }

    fn whole(snapshot: &Snapshot) -> Unit {
        Unit::of(snapshot, &snapshot.all, snapshot.may_show_all_states(), true)
    }

    fn of(
        snapshot: &Snapshot,
        view: &DepartmentView,
        may_show_states: bool,
        has_switchboard: bool,
    ) -> Unit {
        let live = &view.live;
        let state = |(state, agents): (AgentState, i64)| StateNow { state: state.name(), agents };
        let states = || AgentState::ALL.into_iter().zip(live.agents).map(state).collect();
        let channel = |channel: Channel| {
            let awaiting = view.awaiting[channel as usize];
            let received = view.questions.channels[channel as usize].received;
            // A channel that should not be shows where it is.
            let is_silent = channel == Channel::Other && received == 0 && awaiting.open == 0;
            (!is_silent).then(|| QuestionsNow::new(channel, awaiting))
        };
        let window = |(window, of): (Window, &WindowView)| {
            WindowNow::new(snapshot, window, of, has_switchboard)
        };
        Unit {
            department: None,
            name: None,
            open: view.open,
            staffed: live.is_staffed(),
            waiting: live.waiting,
            waiting_over_target: live.waiting_over_target,
            longest_wait_seconds: live.longest_wait(snapshot.now).as_seconds(),
            agents: Agents { logged_in: live.logged_in(), states: may_show_states.then(states) },
            questions: Channel::ALL.into_iter().filter_map(channel).collect(),
            windows: Window::ALL.into_iter().zip(&view.windows).map(window).collect(),
            month: MonthNow::new(&view.month),
        }
    }
}

impl QuestionsNow {
    fn new(channel: Channel, awaiting: Awaiting) -> QuestionsNow {
        let shown = |at: Timestamp| Zone::stockholm().rfc3339(at);
        QuestionsNow {
            channel: channel.name(),
            open: awaiting.open,
            overdue: awaiting.overdue,
            next_due: awaiting.next_due.map(shown),
        }
    }
}

impl WindowNow {
    fn new(
        snapshot: &Snapshot,
        window: Window,
        view: &WindowView,
        has_switchboard: bool,
    ) -> WindowNow {
        // Of goal 1 the others would have nothing but zeros.
        let told = |goal: &Goal| *goal != Goal::Sm1 || has_switchboard;
        let goal = |goal: Goal| GoalNow::new(snapshot, goal, &view.goals[goal as usize]);
        WindowNow {
            window: window.name(),
            open_seconds: view.open.as_seconds(),
            goals: Goal::ALL.into_iter().filter(told).map(goal).collect(),
            queue: Volume { offered: view.queue_offered, answered: view.queue_answered },
            switchboard: Volume {
                offered: view.switchboard_offered,
                answered: view.switchboard_answered,
            },
            queue_wait_seconds: view.queue_wait.map(WaitsNow::new),
            switchboard_answer_seconds: view.switchboard_answer.map(WaitsNow::new),
        }
    }
}

impl GoalNow {
    fn new(snapshot: &Snapshot, goal: Goal, window: &GoalWindow) -> GoalNow {
        let level = snapshot.goal(goal);
        GoalNow {
            goal: goal.id(),
            met: window.share.met,
            of: window.share.of,
            missed: window.missed,
            ratio: window.share.ratio(),
            target_percent: level.map(|level| level.target_percent),
            verdict: level.map_or("not_in_force", |level| level.judge(window.share).word()),
            miss_lower_bound_ratio: window.miss_lower_bound,
            expected: window.expected,
        }
    }
}

impl WaitsNow {
    fn new(waits: Waits) -> WaitsNow {
        let [p50, p90, p95, p99, max] = waits.at.map(|wait| wait.as_seconds());
        WaitsNow { count: waits.count, p50, p90, p95, p99, max }
    }
}

impl MonthNow {
    fn new(month: &MonthOutlook) -> MonthNow {
        let goals = Goal::ALL.into_iter().zip(month.goals).filter_map(|(goal, outlook)| {
            outlook.map(|outlook| GoalMonth {
                goal: goal.id(),
                budget_events: outlook.budget_events,
                budget_remaining_ratio: outlook.budget_remaining_ratio,
                projected_ratio: outlook.projected_ratio,
            })
        });
        MonthNow { open_ratio: month.open_ratio, goals: goals.collect() }
    }
}

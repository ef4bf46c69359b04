//! What everyone reads: one immutable picture of all departments at one moment.
//!
//! Metrics, pages and reports are drawn from the same [`Snapshot`], so they cannot disagree.

use std::sync::Arc;

use super::calendar::Zone;
use super::callback::Callback;
use super::contact::stay::Disposition;
use super::coverage::StaffedDay;
use super::event::{AgentState, Channel};
use super::goal::{Direction, Goal, GoalId, Verdict};
use super::outlook::MonthOutlook;
use super::question::Question;
use super::survey::SurveyResult;
use super::units::{Millis, Quarter, Share, Timestamp};

/// Rolling and calendar windows that end at the reader's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// The last 15 whole minutes, by the moment the verdict fell.
    QuarterHour,
    /// The last 60 whole minutes, by the moment the verdict fell.
    Hour,
    /// The local date, by the offer.
    Today,
    /// The last five days on which the unit opens, today included if it does, by the offer.
    FiveDays,
    /// The ISO week to date, by the offer.
    Week,
    /// The calendar month to date, by the offer.
    Month,
}

impl Window {
    /// Every window, shortest first.
    pub const ALL: [Window; 6] = [
        Window::QuarterHour,
        Window::Hour,
        Window::Today,
        Window::FiveDays,
        Window::Week,
        Window::Month,
    ];

    /// The name in metrics and documents.
    pub fn name(self) -> &'static str {
        match self {
            Window::QuarterHour => "15m",
            Window::Hour => "1h",
            Window::Today => "today",
            Window::FiveDays => "5d",
            Window::Week => "week",
            Window::Month => "month",
        }
    }

    /// The one-sided error probability of the window's lower bound: 0.005 % for the fast windows,
    /// 0.03 % for today, 0.2 % for the last five days, 1 % for the others.
    ///
    /// An alert looks at a bound every minute of a month, and the shorter the window, the more of
    /// what it sees is new. These let at most one department-month in a hundred whose goal is met
    /// have a false alert, by the simulation in `tests/it/alerts/calibration.rs`.
    pub fn alpha(self) -> f64 {
        match self {
            Window::QuarterHour | Window::Hour => 0.000_05,
            Window::Today => 0.000_3,
            Window::FiveDays => 0.002,
            // No alert looks at them.
            Window::Week | Window::Month => 0.01,
        }
    }
}

/// The percentiles that are shown; the last is the maximum.
pub const PERCENTILES: [(&str, f64); 5] =
    [("50", 0.50), ("90", 0.90), ("95", 0.95), ("99", 0.99), ("max", 1.0)];

/// Waits of one window: how many, and the values at [`PERCENTILES`] from the merged histogram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waits {
    /// How many waits there are; never 0.
    pub count: i64,
    /// In the order of [`PERCENTILES`].
    pub at: [Millis; PERCENTILES.len()],
}

/// One goal in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GoalWindow {
    /// The share that the goal's definition names, calls now waiting past their limit included.
    pub share: Share,
    /// How many broke the promise.
    pub missed: i64,
    /// Exact binomial lower bound of the miss rate; `None` when there is nothing to judge.
    pub miss_lower_bound: Option<f64>,
    /// Calls to expect: the same hours of the last four weeks, a mean; `None` where there is no
    /// history.
    pub expected: Option<f64>,
}

/// Everything of one window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WindowView {
    /// In the order of [`Goal::ALL`].
    pub goals: [GoalWindow; Goal::ALL.len()],
    /// Waits in queues: stays that ended by an answer or by the caller leaving.
    pub queue_wait: Option<Waits>,
    /// Waits for the switchboard's answer: answered calls.
    pub switchboard_answer: Option<Waits>,
    /// How long the unit has been open within the window so far.
    pub open: Millis,
    /// Stays that reached the queues, by the offer, those turned away included.
    pub queue_offered: i64,
    /// Of them, answered by a person.
    pub queue_answered: i64,
    /// Calls offered to the switchboard, by the offer.
    pub switchboard_offered: i64,
    /// Of them, answered by a person.
    pub switchboard_answered: i64,
}

/// Upper bounds in seconds of the exported histograms, by kind.
pub mod bounds {
    /// `switchboard_answer_seconds`.
    pub const SWITCHBOARD: [i64; 10] = [3, 6, 9, 12, 15, 18, 20, 24, 30, 60];
    /// `queue_answer_wait_seconds` and `queue_abandon_wait_seconds`.
    pub const QUEUE: [i64; 12] = [5, 10, 30, 60, 120, 180, 240, 300, 420, 600, 900, 1800];
}

/// A histogram as counters: `cumulative[i]` waits were within `bounds[i]`, `count` in all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CounterHistogram {
    /// One per bound.
    pub cumulative: Vec<i64>,
    /// All observations.
    pub count: i64,
    /// Their sum.
    pub sum: Millis,
}

/// Why stays at a queue ended, beside an answer and a hang-up.
pub const LEFT_DISPOSITIONS: [&str; 12] = [
    "timed_out",
    "left_empty",
    "key_exit",
    "withdrawn",
    "callback",
    "overflowed",
    "lost_by_restart",
    "lost_track",
    "closed",
    "rejected_full",
    "rejected_no_agent",
    "rejected_diverted",
];

/// Counters of one place since the ledger began. They never shrink.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlaceCounters {
    /// Every call offered.
    pub offered: i64,
    /// Answered by a person.
    pub answered: i64,
    /// Answered within the goal's limit (in hours; for queues by visit).
    pub answered_within_target: i64,
    /// The caller hung up while waiting.
    pub abandoned: i64,
    /// Part of `abandoned`: within the short-abandon limit.
    pub short_abandoned: i64,
    /// In the order of [`LEFT_DISPOSITIONS`].
    pub left: [i64; LEFT_DISPOSITIONS.len()],
    /// Questions put at the desk of which it is known where they were settled; at the switchboard's
    /// place stand those that came otherwise than by telephone.
    pub classified: i64,
    /// Part of `classified`: settled there without being passed on.
    pub resolved: i64,
    /// Promises to ring back that were given here.
    pub callbacks: CallbackCounters,
    /// Calls of a known caller that were first offered here.
    pub known_callers: i64,
    /// Waits of answered calls.
    pub answer_wait: CounterHistogram,
    /// Waits of abandoned calls.
    pub abandon_wait: CounterHistogram,
}

/// Counters of questions by e-mail and e-service since the ledger began. They never shrink.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuestionCounters {
    /// In the order of [`Channel::ALL`].
    pub channels: [ChannelCounters; Channel::ALL.len()],
    /// Working times to the first reply by a person.
    pub answer: CounterHistogram,
}

/// Questions of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelCounters {
    /// All that were received.
    pub received: i64,
    /// Those that a person replied to.
    pub answered: i64,
    /// Those that a person replied to in time.
    pub within: i64,
}

/// Questions of one channel that await a reply by a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Awaiting {
    /// All of them.
    pub open: i64,
    /// Those past their last moment.
    pub overdue: i64,
    /// Those whose last moment is today's end or before.
    pub due_today: i64,
    /// The earliest last moment of the others.
    pub next_due: Option<Timestamp>,
}

impl Awaiting {
    /// Counts one more.
    pub fn count(&mut self, question: &Question, now: Timestamp) {
        self.open += 1;
        if question.is_pending(now) {
            let earliest = self.next_due.map_or(question.due_at, |at| at.min(question.due_at));
            self.next_due = Some(earliest);
            let zone = Zone::stockholm();
            self.due_today += i64::from(question.due_at <= zone.day_end(zone.day_of(now)));
        } else {
            self.overdue += 1;
        }
    }

    /// Counts those of another too.
    pub fn merge(&mut self, other: &Awaiting) {
        self.open += other.open;
        self.overdue += other.overdue;
        self.due_today += other.due_today;
        self.next_due = match (self.next_due, other.next_due) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

/// Promises to ring back that wait to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promises {
    /// All of them.
    pub open: i64,
    /// Those past their last moment.
    pub overdue: i64,
}

impl Promises {
    /// Counts one more.
    pub fn count(&mut self, callback: &Callback, now: Timestamp) {
        self.open += 1;
        self.overdue += i64::from(callback.is_overdue(now));
    }

    /// Counts those of another too.
    pub fn merge(&mut self, other: Promises) {
        self.open += other.open;
        self.overdue += other.overdue;
    }
}

/// Counters of promises to ring back since the ledger began. They never shrink.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallbackCounters {
    /// All that were given.
    pub promised: i64,
    /// Those that were kept.
    pub kept: i64,
    /// Those that were kept in time.
    pub within: i64,
}

/// The latest result of one measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyView {
    /// Which question: a slug.
    pub measure: String,
    /// What was found.
    pub result: SurveyResult,
}

/// The moment's state of one queue or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Callers waiting in queues.
    pub waiting: i64,
    /// Of them, visits past the limit of goal 2.
    pub waiting_over_target: i64,
    /// When the one who has waited longest was offered.
    pub longest_waiting_since: Option<Timestamp>,
    /// Agents in each state, in the order of [`AgentState::ALL`].
    pub agents: [i64; AgentState::ALL.len()],
}

/// A unit with fewer agents logged in shows only how many they are: no single person's state may
/// be read from a figure.
pub const AGENTS_SHOWN_FROM: i64 = 3;

impl Live {
    /// How long the one who has waited longest has waited; 0 when nobody waits.
    pub fn longest_wait(&self, now: Timestamp) -> Millis {
        // The source's clock may be ahead of ours.
        self.longest_waiting_since.map_or(Millis(0), |since| Millis(now.since(since).0.max(0)))
    }

    /// Agents logged in, paused ones included.
    pub fn logged_in(&self) -> i64 {
        AgentState::ALL
            .into_iter()
            .zip(self.agents)
            .filter(|(state, _)| *state != AgentState::LoggedOut)
            .map(|(_, count)| count)
            .sum()
    }

    /// Whether the number is staffed (R21): an agent is logged in and not paused. `None` when no
    /// agent was ever heard of, since then nothing is known.
    pub fn is_staffed(&self) -> Option<bool> {
        let is_known = self.agents.iter().any(|count| *count > 0);
        let paused = self.agents[AgentState::Paused as usize];
        is_known.then_some(self.logged_in() > paused)
    }

    /// Whether the agents' states may be shown.
    pub fn may_show_states(&self) -> bool {
        self.logged_in() >= AGENTS_SHOWN_FROM
    }
}

/// How today has gone so far, by the offer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// The quarter-hours in which something was offered, rising.
    pub quarters: Vec<QuarterCourse>,
    /// Stays in queues whose wait ended by an answer or a hang-up, by its length, rising; empty
    /// before the first.
    pub waits: Vec<WaitCount>,
    /// Stays in queues by what became of them, in the order of [`Disposition::ALL`].
    pub dispositions: [i64; Disposition::ALL.len()],
}

impl Course {
    /// Adds another's waits and dispositions.
    pub(super) fn merge(&mut self, other: &Course) {
        for (mine, theirs) in self.dispositions.iter_mut().zip(other.dispositions) {
            *mine += theirs;
        }
        if self.waits.is_empty() {
            self.waits.clone_from(&other.waits);
            return;
        }
        for (mine, theirs) in self.waits.iter_mut().zip(&other.waits) {
            mine.answered += theirs.answered;
            mine.abandoned += theirs.abandoned;
        }
    }
}

/// One quarter-hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuarterCourse {
    /// Which.
    pub quarter: Quarter,
    /// At the switchboard; its goal is goal 1.
    pub switchboard: PlaceCourse,
    /// In queues; their goal is goal 2.
    pub queue: PlaceCourse,
}

impl QuarterCourse {
    /// One in which nothing happened.
    pub fn new(quarter: Quarter) -> QuarterCourse {
        let nothing = PlaceCourse::default();
        QuarterCourse { quarter, switchboard: nothing, queue: nothing }
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &QuarterCourse) {
        self.switchboard.merge(&other.switchboard);
        self.queue.merge(&other.queue);
    }
}

/// What was offered in a time, and how it went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaceCourse {
    /// All of it.
    pub offered: i64,
    /// Answered by a person.
    pub answered: i64,
    /// The caller hung up.
    pub abandoned: i64,
    /// The place's goal.
    pub goal: Share,
}

impl PlaceCourse {
    /// Adds another's counts.
    pub fn merge(&mut self, other: &PlaceCourse) {
        self.offered += other.offered;
        self.answered += other.answered;
        self.abandoned += other.abandoned;
        self.goal = self.goal.merge(other.goal);
    }
}

/// Waits longer than the bound before and up to this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitCount {
    /// The bound, inclusive; `None` beyond the last.
    pub until: Option<Millis>,
    /// Waits that ended by an answer.
    pub answered: i64,
    /// Waits that ended by a hang-up.
    pub abandoned: i64,
}

/// One department, or the whole municipality.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DepartmentView {
    /// Stable ASCII name.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Whether the unit is open now.
    pub open: bool,
    /// Whether the unit runs the switchboard.
    pub runs_switchboard: bool,
    /// The switchboard's counters.
    pub switchboard: PlaceCounters,
    /// The queues' counters.
    pub queue: PlaceCounters,
    /// Counters of questions by e-mail and e-service.
    pub questions: QuestionCounters,
    /// Questions that await a reply, in the order of [`Channel::ALL`].
    pub awaiting: [Awaiting; Channel::ALL.len()],
    /// Promises to ring back that wait to be kept.
    pub callbacks: Promises,
    /// The latest results of surveys, in order of their measures.
    pub surveys: Vec<SurveyView>,
    /// The moment's state.
    pub live: Live,
    /// In the order of [`Window::ALL`].
    pub windows: [WindowView; Window::ALL.len()],
    /// Where the calendar month is heading.
    pub month: MonthOutlook,
    /// How today has gone so far.
    pub course: Arc<Course>,
    /// How the number has been staffed today so far; `None` where nothing was heard of agents, and of
    /// the whole municipality.
    pub staffed: Option<Arc<StaffedDay>>,
    /// Time in which the number should have been staffed and nobody was, since the ledger began;
    /// `None` where nothing was heard of agents. It never shrinks.
    pub unstaffed: Option<Millis>,
}

impl DepartmentView {
    /// Whether the unit runs the switchboard, or has had calls there.
    pub fn has_switchboard(&self) -> bool {
        self.runs_switchboard || self.switchboard.offered > 0
    }

    /// One goal in one window.
    pub fn goal(&self, window: Window, goal: Goal) -> &GoalWindow {
        &self.windows[window as usize].goals[goal as usize]
    }
}

/// A goal as it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoalView {
    /// Which.
    pub goal: Goal,
    /// Its good side.
    pub direction: Direction,
    /// Its level in whole percent.
    pub target_percent: u8,
    /// The wait that it allows; `None` for goals without a limit.
    pub limit: Option<Millis>,
}

/// The level of a goal that has no windows of its own here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelView {
    /// Which.
    pub goal: GoalId,
    /// Its level in whole percent.
    pub target_percent: u8,
}

impl GoalView {
    /// The verdict on a share.
    pub fn judge(&self, share: Share) -> Verdict {
        self.goal.judge(share, self.target_percent)
    }

    /// How many of a hundred calls may miss the goal and the level still be reached.
    pub fn budget_percent(&self) -> u8 {
        match self.direction {
            Direction::AtLeast => 100_u8.saturating_sub(self.target_percent),
            Direction::AtMost => self.target_percent,
        }
    }
}

/// What one partition of a topic has delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionView {
    /// The topic, or the file.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Records read.
    pub consumed: i64,
    /// Events that changed or confirmed a contact, an agent or a source.
    pub applied: i64,
    /// Corrections: commits in which some net count went down.
    pub corrections: i64,
    /// Events before the watermark less the lateness: never applied.
    pub late: i64,
    /// Events seen before.
    pub repeated: i64,
    /// Known kinds that no figure is made from yet.
    pub set_aside: i64,
    /// Records behind the end of the partition; `None` before it is known.
    pub lag: Option<i64>,
    /// The largest event time applied.
    pub last_event: Option<Timestamp>,
    /// The time that three contacts have reached.
    pub watermark: Option<Timestamp>,
}

/// What a process has seen of the ledger's protocol since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerSeen {
    /// Partitions taken over.
    pub taken_over: i64,
    /// Records dropped since another instance's claim counted.
    pub dropped: i64,
    /// Records sent again.
    pub resent: i64,
    /// Chains that did not move in time.
    pub stalled: i64,
    /// Commits of this instance that counted.
    pub committed: i64,
    /// Bytes of them.
    pub committed_bytes: i64,
    /// Records of the ledger read.
    pub read: i64,
    /// Of them, of epochs that had ended.
    pub stale: i64,
    /// Of them, copies.
    pub passed: i64,
    /// Of them, unreadable or not fitting the chain.
    pub broken: i64,
    /// Records of the inputs that came with a gap before them.
    pub gaps: i64,
    /// From appending a commit of this instance to reading it back: all of it, ms.
    pub commit_ms: i64,
    /// How many took so long, by [`LedgerSeen::COMMIT_BOUNDS_MS`]; longer ones are in none.
    pub commit_slots: [u64; LedgerSeen::COMMIT_BOUNDS_MS.len()],
}

impl LedgerSeen {
    /// Upper bounds, inclusive, ms.
    pub const COMMIT_BOUNDS_MS: [i64; 11] = [2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 10_000];
}

/// One partition of the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LedgerPartitionView {
    /// Its number.
    pub partition: i32,
    /// How many times it changed hands.
    pub epoch: i64,
    /// Records that count.
    pub sequence: i64,
    /// Whether this instance writes it.
    pub is_owned: bool,
    /// Appends that failed or whose outcome is unknown, since the start.
    pub append_failures: i64,
}

/// The snapshot file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SnapshotFileView {
    /// When the last one was written; `None` before that.
    pub written_at: Option<Timestamp>,
    /// Its bytes.
    pub bytes: i64,
    /// Times that it could not be written.
    pub failures: i64,
    /// Times that one was set aside.
    pub set_aside: i64,
    /// How long the fold stood still for the last one, seconds.
    pub pause_seconds: f64,
}

/// The ledger and this instance's part in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LedgerView {
    /// By partition.
    pub partitions: Vec<LedgerPartitionView>,
    /// Since the start.
    pub seen: LedgerSeen,
    /// Replicas that must have a record before it counts, if the brokers tell.
    pub min_insync_replicas: Option<i32>,
    /// Whether nothing was heard of the ledger for long.
    pub is_stale: bool,
    /// Whether nothing goes on until somebody does something: there is a snapshot without a ledger.
    pub is_halted: bool,
    /// Times that the group dealt partitions out.
    pub rebalances: i64,
    /// The snapshot file.
    pub snapshot: SnapshotFileView,
    /// The reports of closed periods.
    pub reports: ReportsView,
}

/// What is told of the reports of closed periods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReportsView {
    /// Times that an edition could not be written.
    pub failures: i64,
    /// By kind of period: its name, when an edition of it was last written here, and since when one
    /// has been awaited.
    pub kinds: Vec<(&'static str, Option<Timestamp>, Option<Timestamp>)>,
}

/// The stream of events as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamView {
    /// One per partition that is read here, in order of (topic, partition).
    pub partitions: Vec<PartitionView>,
    /// Rejected records by reason, every reason of the fixed list, in its order.
    pub rejected: Vec<(&'static str, i64)>,
    /// Anomalies by kind, every kind of the fixed list, in its order.
    pub anomalies: Vec<(&'static str, i64)>,
    /// Contacts held.
    pub held_contacts: i64,
    /// Bytes that their observations and contributions take.
    pub held_bytes: i64,
    /// Rebalances seen.
    pub rebalances: i64,
    /// The ledger, unless it is in memory.
    pub ledger: Option<LedgerView>,
    /// Incidents by kind, every kind of the fixed list, in its order.
    pub incidents: Vec<(&'static str, i64)>,
    /// Upper bounds (seconds) and cumulative counts of the time to apply one event, then the
    /// count and the sum in seconds.
    pub apply_seconds: (Vec<(f64, u64)>, u64, f64),
}

/// One picture of everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The reader's clock at which windows end.
    pub now: Timestamp,
    /// Whether everything that the ledger held at the start is folded: before that, counters and
    /// gauges of the service are silent.
    pub caught_up: bool,
    /// Goals on calls that are in force now, in the order of [`Goal::ALL`].
    pub goals: Vec<GoalView>,
    /// The levels in force now of the goals that are not on calls, in the order of [`GoalId::ALL`].
    pub levels: Vec<LevelView>,
    /// Every known department in order of its slug, those without calls included.
    pub departments: Vec<DepartmentView>,
    /// The whole municipality: shares summed, percentiles from merged histograms.
    pub all: DepartmentView,
    /// Contacts of a known caller who had rung within the 24 hours before. It never shrinks.
    pub repeat_contacts: i64,
    /// The stream.
    pub stream: StreamView,
    /// The switchboard's open time today so far in which no source was heard of for too long;
    /// `None` before anything was heard.
    pub without_data: Option<Millis>,
}

impl Snapshot {
    /// The goal in force; `None` when no level is set.
    pub fn goal(&self, goal: Goal) -> Option<&GoalView> {
        self.goals.iter().find(|view| view.goal == goal)
    }

    /// Adds the latest result of a measure: of a department by its slug, or of all.
    pub fn add_survey(&mut self, slug: Option<&str>, measure: &str, result: &SurveyResult) {
        let view = match slug {
            None => Some(&mut self.all),
            Some(slug) => self.departments.iter_mut().find(|view| view.slug == slug),
        };
        if let Some(view) = view {
            view.surveys.push(SurveyView { measure: measure.to_owned(), result: *result });
        }
    }

    /// Whether the agents' states of the whole municipality may be shown: not when subtracting
    /// the departments that show theirs would leave one or two people.
    pub fn may_show_all_states(&self) -> bool {
        let held_back: i64 = self
            .departments
            .iter()
            .filter(|department| !department.live.may_show_states())
            .map(|department| department.live.logged_in())
            .sum();
        self.all.live.may_show_states() && !(1..AGENTS_SHOWN_FROM).contains(&held_back)
    }
}

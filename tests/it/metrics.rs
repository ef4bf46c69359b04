//! The text of `/metrics` and the catalogue of its families.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use svarstid::domain::calendar::Day;
use svarstid::domain::event::AgentState;
use svarstid::domain::goal::{Direction, Goal, GoalId, miss_lower_bound};
use svarstid::domain::ids::EventId;
use svarstid::domain::outlook::outlook;
use svarstid::domain::snapshot::{
    Awaiting, CallbackCounters, ChannelCounters, CounterHistogram, DepartmentView, GoalView,
    GoalWindow, LedgerPartitionView, LedgerSeen, LedgerView, LevelView, Live, PartitionView,
    PlaceCounters, Promises, QuestionCounters, ReportsView, Snapshot, SnapshotFileView, StreamView,
    SurveyView, Waits, Window, WindowView, bounds,
};
use svarstid::domain::survey::SurveyResult;
use svarstid::domain::units::{Millis, Share, Timestamp};
use svarstid::metrics;

use crate::support::{metric_value, now, promtool_check_metrics};

/// 2026-11-24T10:32:05+01:00, a Tuesday.
pub(crate) const NOW: Timestamp = Timestamp(1_795_512_725_000);

/// What a department of a made-up snapshot has.
pub(crate) struct Made {
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
    pub(crate) waiting: i64,
    pub(crate) longest_seconds: i64,
    /// In the order of `AgentState::ALL`.
    pub(crate) agents: [i64; AgentState::ALL.len()],
    /// Met and of, for each goal, today.
    pub(crate) goals: [(i64, i64); Goal::ALL.len()],
}

/// A department that is open; longer windows have more of the same calls.
pub(crate) fn department(made: &Made) -> DepartmentView {
    let windows = Window::ALL.map(|window| {
        let times = match window {
            Window::QuarterHour | Window::Hour => (1, 5),
            Window::Today => (1, 1),
            Window::FiveDays => (5, 1),
            Window::Week => (2, 1),
            Window::Month => (17, 1),
        };
        window_view(made, window, times)
    });
    let (answered, offered) = made.goals[Goal::Sm2 as usize];
    let over = i64::from(made.longest_seconds > 300);
    DepartmentView {
        slug: made.slug.into(),
        name: made.name.into(),
        open: true,
        unstaffed: Some(Millis::from_seconds(1_230)),
        runs_switchboard: true,
        switchboard: place(made.goals[Goal::Sm1 as usize], &bounds::SWITCHBOARD),
        queue: place((answered, offered), &bounds::QUEUE),
        questions: questions(answered, offered),
        awaiting: [
            Awaiting {
                open: 3,
                overdue: 1,
                due_today: 0,
                next_due: Some(Timestamp(1_795_561_200_000)),
            },
            Awaiting::default(),
            Awaiting::default(),
        ],
        callbacks: Promises { open: 4, overdue: 1 },
        surveys: (offered > 0)
            .then(|| SurveyView { measure: "nojd-2026".into(), result: survey() })
            .into_iter()
            .collect(),
        live: Live {
            waiting: made.waiting,
            waiting_over_target: over,
            longest_waiting_since: (made.waiting > 0)
                .then(|| NOW.minus(Millis::from_seconds(made.longest_seconds))),
            agents: made.agents,
        },
        month: outlook(&windows, Millis::from_seconds(4 * 9_125), &goals()),
        course: Arc::default(),
        staffed: None,
        windows,
    }
}

fn questions(answered: i64, received: i64) -> QuestionCounters {
    let email = ChannelCounters { received, answered, within: answered / 2 };
    QuestionCounters {
        channels: [email, ChannelCounters::default(), ChannelCounters::default()],
        answer: CounterHistogram {
            cumulative: (1..=7).map(|at| answered * at / 7).collect(),
            count: answered,
            sum: Millis(answered * 12_600_000),
        },
    }
}

fn survey() -> SurveyResult {
    SurveyResult {
        until: Day::from_ymd(2026, 12, 31).expect("a date"),
        time: NOW,
        id: EventId(7),
        satisfied_millionths: 725_000,
        responses: 412,
        margin_millionths: None,
    }
}

fn goals() -> Vec<GoalView> {
    let goal = |goal: Goal| GoalView {
        goal,
        direction: goal.direction(),
        target_percent: if goal.direction() == Direction::AtLeast { 90 } else { 10 },
        limit: match goal {
            Goal::Sm1 => Some(Millis::from_seconds(15)),
            Goal::Sm2 => Some(Millis::from_seconds(300)),
            Goal::Sm3 | Goal::Sm3w => None,
        },
    };
    Goal::ALL.map(goal).to_vec()
}

fn levels() -> Vec<LevelView> {
    let level = |goal, target_percent| LevelView { goal, target_percent };
    vec![
        level(GoalId::Sm4, 100),
        level(GoalId::Fcr, 80),
        level(GoalId::Satisfaction, 80),
        level(GoalId::Staffed, 100),
    ]
}

fn window_view(made: &Made, window: Window, (times, parts): (i64, i64)) -> WindowView {
    let goals = Goal::ALL.map(|goal| {
        let (met, of) = made.goals[goal as usize];
        let share = Share { met: met * times / parts, of: of * times / parts };
        let missed = goal.missed(share);
        let miss_lower_bound = miss_lower_bound(missed, share.of, window.alpha());
        let expected = (share.of > 0).then_some(share.of as f64 * 1.25);
        GoalWindow { share, missed, miss_lower_bound, expected }
    });
    let of = goals[Goal::Sm2 as usize].share.of;
    let waits = |seconds: [i64; 5]| Waits { count: of, at: seconds.map(Millis::from_seconds) };
    WindowView {
        goals,
        queue_wait: (of > 0).then(|| waits([41, 205, 278, 402, 611])),
        switchboard_answer: (goals[0].share.of > 0).then(|| waits([6, 14, 18, 29, 44])),
        open: Millis::from_seconds(9_125),
        queue_offered: of,
        queue_answered: of - goals[Goal::Sm3 as usize].share.met,
        switchboard_offered: goals[0].share.of,
        switchboard_answered: goals[0].share.met,
    }
}

fn place((met, of): (i64, i64), bounds: &[i64]) -> PlaceCounters {
    let waits = CounterHistogram {
        cumulative: (1..=bounds.len() as i64).map(|at| of * at / bounds.len() as i64).collect(),
        count: of,
        sum: Millis(of * 41_500),
    };
    PlaceCounters {
        offered: of + 3,
        answered: of,
        answered_within_target: met,
        abandoned: 2,
        short_abandoned: 1,
        left: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        classified: of / 2,
        resolved: met / 3,
        callbacks: CallbackCounters { promised: of / 20, kept: of / 25, within: of / 30 },
        known_callers: of + 1,
        answer_wait: waits.clone(),
        abandon_wait: CounterHistogram::default(),
    }
}

/// A caught-up snapshot of departments and a whole.
pub(crate) fn snapshot(departments: &[Made], all: &Made) -> Snapshot {
    Snapshot {
        now: NOW,
        caught_up: true,
        without_data: Some(Millis::from_seconds(960)),
        goals: goals(),
        levels: levels(),
        departments: departments.iter().map(department).collect(),
        all: department(all),
        repeat_contacts: 17,
        stream: StreamView {
            partitions: vec![PartitionView {
                topic: "svarstid.events".into(),
                partition: 0,
                consumed: 4_211,
                applied: 4_190,
                repeated: 19,
                late: 2,
                lag: Some(0),
                last_event: Some(NOW.minus(Millis(900))),
                watermark: Some(NOW.minus(Millis(2_400))),
                ..PartitionView::default()
            }],
            rejected: vec![("json", 1), ("time", 0)],
            anomalies: vec![("negative_wait", 3)],
            held_contacts: 118,
            held_bytes: 53_248,
            rebalances: 1,
            ledger: Some(ledger()),
            incidents: vec![("lost_range", 1), ("corrupt_ledger", 0)],
            apply_seconds: (vec![(0.000_001, 4_000), (0.000_01, 4_188)], 4_190, 0.0042),
        },
    }
}

/// One partition written here, one elsewhere.
fn ledger() -> LedgerView {
    let partition = |partition, is_owned| LedgerPartitionView {
        partition,
        epoch: 3,
        sequence: 812,
        is_owned,
        append_failures: 2,
    };
    let mut seen = LedgerSeen {
        taken_over: 2,
        resent: 1,
        committed: 400,
        committed_bytes: 120_000,
        read: 815,
        stale: 2,
        passed: 1,
        commit_ms: 3_600,
        ..LedgerSeen::default()
    };
    seen.commit_slots[2] = 399;
    LedgerView {
        partitions: vec![partition(0, true), partition(1, false)],
        seen,
        min_insync_replicas: Some(2),
        rebalances: 1,
        snapshot: SnapshotFileView {
            written_at: Some(NOW.minus(Millis(61_000))),
            bytes: 149_392,
            pause_seconds: 0.002,
            ..SnapshotFileView::default()
        },
        reports: ReportsView {
            failures: 1,
            kinds: vec![
                ("month", Some(NOW.minus(Millis(90_000_000))), None),
                ("year", None, Some(NOW.minus(Millis(3_600_000)))),
            ],
        },
        ..LedgerView::default()
    }
}

pub(crate) const NOBODY: [i64; 6] = [0; 6];

/// Two departments: one busy, one without calls and with two agents.
pub(crate) fn small() -> Snapshot {
    let busy = Made {
        slug: "miljo",
        name: "Miljö \"och\" byggnad",
        waiting: 2,
        longest_seconds: 312,
        agents: [4, 1, 0, 3, 1, 1],
        goals: [(40, 44), (87, 100), (6, 100), (6, 90)],
    };
    let quiet = Made {
        slug: "soc",
        name: "Socialförvaltningen",
        waiting: 0,
        longest_seconds: 0,
        agents: [3, 1, 0, 1, 0, 0],
        goals: [(0, 0); 4],
    };
    let all = Made {
        slug: "",
        name: "",
        waiting: 2,
        longest_seconds: 312,
        agents: [7, 2, 0, 4, 1, 1],
        goals: [(190, 200), (87, 100), (6, 100), (6, 90)],
    };
    snapshot(&[busy, quiet], &all)
}

/// Compares with a file that `SVARSTID_UPDATE_GOLDEN=1` writes again.
#[track_caller]
pub(crate) fn assert_golden(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("SVARSTID_UPDATE_GOLDEN").is_some_and(|flag| flag == "1") {
        fs::create_dir_all(path.parent().expect("the file is in a folder"))
            .expect("a folder can be made");
        fs::write(&path, text).expect("a golden file can be written");
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    if let Some((at, (is, should))) =
        text.lines().zip(wanted.lines()).enumerate().find(|(_, (is, should))| is != should)
    {
        panic!("{}:{}: {should:?} is now {is:?}", path.display(), at + 1);
    }
    let lines = (text.lines().count(), wanted.lines().count());
    assert_eq!(lines.0, lines.1, "{}; SVARSTID_UPDATE_GOLDEN=1 writes it", path.display());
}

/// The text without what differs between builds.
fn stable(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once('{') {
        Some((name, _)) if name.ends_with("_build_info") => format!("{name}{{…}} 1\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

fn families(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect()
}

#[test]
fn the_whole_text_of_a_small_snapshot() {
    let text = metrics::render(&Arc::new(small()));
    assert_golden("tests/data/metrics/small.txt", &stable(&text));
}

#[test]
fn the_document_for_readers_is_the_catalogue() {
    assert_golden("METRICS.md", &metrics::document::document());
}

#[test]
fn promtool_accepts_the_text() {
    let instruments = metrics::Instruments::new();
    instruments.count_request("/metrics", 200);
    promtool_check_metrics(&instruments.render(&Arc::new(small()))).unwrap();
    promtool_check_metrics(&metrics::render(&Arc::default())).unwrap();
}

#[test]
fn every_family_is_in_the_catalogue_and_is_rendered() {
    let instruments = metrics::Instruments::new();
    instruments.count_request("/", 200);
    let mut snapshot = small();
    // With three agents everywhere no state is held back.
    snapshot.departments[1].live.agents = [3, 2, 0, 1, 0, 0];
    let text = instruments.render(&Arc::new(snapshot));
    let catalogue = metrics::names::CATALOGUE;
    let names: BTreeSet<&str> = catalogue.iter().map(|family| family.name).collect();
    assert_eq!(names.len(), catalogue.len(), "a name is written twice");
    assert_eq!(families(&text), names);
    for family in catalogue {
        let kind = format!("# TYPE {} {}\n", family.name, family.kind.word());
        let help = format!("# HELP {} {}\n", family.name, family.help);
        assert!(text.contains(&kind), "{kind}");
        assert!(text.contains(&help), "{help}");
        assert!(family.help.ends_with('.'), "{help}");
    }
}

/// Fifty departments, busy in every window and on every channel, with two surveys each.
#[test]
fn the_series_of_fifty_departments_are_within_the_budget() {
    let busy = Made {
        slug: "miljo",
        name: "Miljö",
        waiting: 2,
        longest_seconds: 312,
        agents: [4, 1, 0, 3, 1, 1],
        goals: [(0, 0), (87, 100), (6, 100), (6, 90)],
    };
    let all = Made { goals: [(190, 200), (87, 100), (6, 100), (6, 90)], ..busy };
    let mut snapshot = snapshot(&[], &all);
    for number in 0..50 {
        let mut view = department(if number == 0 { &all } else { &busy });
        view.slug = format!("forvaltning-{number}");
        if number != 0 {
            view.runs_switchboard = false;
            view.switchboard = PlaceCounters::default();
        }
        // Twenty desks ring back: a department that never promised it has no series of that.
        if number >= 20 {
            view.queue.callbacks = CallbackCounters::default();
        }
        view.awaiting[1] = view.awaiting[0];
        let other = SurveyView { measure: "nojd-2014".into(), result: survey() };
        view.surveys.push(other);
        snapshot.departments.push(view);
    }
    let text = metrics::render(&Arc::new(snapshot));
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    println!("{series} series");
    assert!(series <= 12_000, "{series} series");
}

#[test]
fn names_are_unique_after_the_suffixes_of_openmetrics() {
    let stems = metrics::names::CATALOGUE
        .iter()
        .map(|f| ["_total", "_info"].iter().fold(f.name, |n, s| n.strip_suffix(s).unwrap_or(n)));
    let mut seen = BTreeSet::new();
    for stem in stems {
        assert!(seen.insert(stem), "{stem} is a family twice");
    }
}

/// Nobody can be told apart by a label: what may be one is listed here, and none of it is a person,
/// a call or free text.
#[test]
fn no_label_can_name_anyone() {
    let known = [
        "channel",
        "code",
        "department",
        "direction",
        "disposition",
        "goal",
        "handler",
        "kind",
        "measure",
        "name",
        "outcome",
        "partition",
        "percentile",
        "period",
        "reason",
        "revision",
        "rustc",
        "state",
        "topic",
        "verdict",
        "version",
        "what",
        "window",
    ];
    for family in metrics::names::CATALOGUE {
        for label in family.labels {
            assert!(known.contains(label), "{}: {label}", family.name);
            // A name is that of a department.
            assert!(*label != "name" || family.name == "svarstid_department_info");
        }
    }
}

#[test]
fn a_number_is_staffed_by_an_agent_who_is_not_paused() {
    let staffed = |agents| Live { agents, ..Live::default() }.is_staffed();
    // Logged out, ready, ringing, talking, wrapping up, paused.
    assert_eq!(staffed([0, 0, 0, 0, 0, 0]), None, "nobody was ever heard of");
    assert_eq!(staffed([4, 0, 0, 0, 0, 0]), Some(false));
    assert_eq!(staffed([4, 0, 0, 0, 0, 2]), Some(false));
    for at_work in 1..5 {
        let mut agents = [4, 0, 0, 0, 0, 2];
        agents[at_work] = 1;
        assert_eq!(staffed(agents), Some(true), "{agents:?}");
    }
}

#[test]
fn a_ratio_without_calls_is_absent_and_its_counts_are_zero() {
    let text = metrics::render(&Arc::new(small()));
    let labels = [("goal", "SM2"), ("department", "soc"), ("window", "today")];
    assert_eq!(metric_value(&text, "svarstid_goal_window_ratio", &labels), None);
    assert_eq!(metric_value(&text, "svarstid_goal_window_miss_lower_bound_ratio", &labels), None);
    assert_eq!(metric_value(&text, "svarstid_goal_window_eligible_events", &labels), Some(0.0));
    let labels = [("goal", "SM2"), ("department", "miljo"), ("window", "today")];
    assert_eq!(metric_value(&text, "svarstid_goal_window_ratio", &labels), Some(0.87));
    let labels = [("goal", "SM2"), ("window", "today")];
    assert_eq!(metric_value(&text, "svarstid_all_goal_window_ratio", &labels), Some(0.87));
}

#[test]
fn known_departments_begin_at_zero_with_every_bucket() {
    let unborn = Made {
        slug: "ny",
        name: "Ny",
        waiting: 0,
        longest_seconds: 0,
        agents: NOBODY,
        goals: [(0, 0); 4],
    };
    let mut snapshot = snapshot(&[], &unborn);
    let fresh = DepartmentView { slug: "ny".into(), ..DepartmentView::default() };
    snapshot.departments.push(fresh);
    let text = metrics::render(&Arc::new(snapshot));
    let labels = [("department", "ny")];
    assert_eq!(metric_value(&text, "svarstid_queue_calls_offered_total", &labels), Some(0.0));
    for bound in ["5", "300", "1800", "+Inf"] {
        let labels = [("department", "ny"), ("le", bound)];
        let value = metric_value(&text, "svarstid_queue_answer_wait_seconds_bucket", &labels);
        assert_eq!(value, Some(0.0), "{bound}");
    }
    let labels = [("department", "ny"), ("disposition", "closed")];
    assert_eq!(metric_value(&text, "svarstid_queue_calls_left_total", &labels), Some(0.0));
}

#[test]
fn the_state_of_one_or_two_agents_is_never_told() {
    let mut snapshot = small();
    let text = metrics::render(&Arc::new(snapshot.clone()));
    let value = |text: &str, name: &str, labels: &[(&str, &str)]| metric_value(text, name, labels);
    let soc = [("department", "soc")];
    assert_eq!(value(&text, "svarstid_agents_logged_in", &soc), Some(2.0));
    assert!(!text.contains("svarstid_agents{department=\"soc\""));
    let talking = [("department", "miljo"), ("state", "talking")];
    assert_eq!(value(&text, "svarstid_agents", &talking), Some(3.0));
    // The whole less the one that shows its states would be those two.
    assert_eq!(value(&text, "svarstid_all_agents_logged_in", &[]), Some(8.0));
    assert!(!text.contains("svarstid_all_agents{"));

    snapshot.departments[1].live.agents = [3, 2, 0, 1, 0, 0];
    let text = metrics::render(&Arc::new(snapshot.clone()));
    let ready = [("department", "soc"), ("state", "ready")];
    assert_eq!(value(&text, "svarstid_agents", &ready), Some(2.0));
    assert_eq!(value(&text, "svarstid_all_agents", &[("state", "talking")]), Some(4.0));
}

#[test]
fn before_the_ledger_is_folded_only_the_program_speaks_of_itself() {
    let mut snapshot = small();
    snapshot.caught_up = false;
    let text = metrics::render(&Arc::new(snapshot));
    assert_eq!(metric_value(&text, "svarstid_caught_up", &[]), Some(0.0));
    let own = ["Stream", "Ledger", "Identity", "Web", "Process"];
    for name in families(&text) {
        let family = metrics::names::CATALOGUE.iter().find(|f| f.name == name).unwrap();
        assert!(own.contains(&family.group.heading()), "{name}");
    }
    assert!(!text.contains("department="));
}

#[test]
fn fifty_departments_are_rendered_in_milliseconds() {
    let slugs: Vec<String> = (0..50).map(|at| format!("d{at}")).collect();
    let mut snapshot = small();
    let busy = snapshot.departments[0].clone();
    snapshot.departments =
        slugs.iter().map(|slug| DepartmentView { slug: slug.clone(), ..busy.clone() }).collect();
    let snapshot = Arc::new(snapshot);
    let text = metrics::render(&snapshot);
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(series > 10_000, "{series}");
    let start = now();
    assert_eq!(metrics::render(&snapshot), text);
    let took = start.elapsed();
    println!("{series} series, {} bytes, {took:?}", text.len());
    // Ten milliseconds in a release build on a quiet machine; this build and machine are neither.
    assert!(took < Duration::from_millis(500), "{took:?}");
}

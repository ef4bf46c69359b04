//! One collector that draws a whole [`Snapshot`].
//!
//! The library checks nothing of what a collector returns. So: no family is ever UNTYPED (the
//! encoder panics), none is given a bucket for +Inf (the encoder adds it, and prints an explicit
//! one as `inf`), and a family without series is left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};

use super::names::{self, CATALOGUE, Family, Group, Kind};
use crate::domain::event::{AgentState, Channel};
use crate::domain::goal::Goal;
use crate::domain::outlook::MonthOutlook;
use crate::domain::question::WORKING_BOUNDS_HOURS;
use crate::domain::snapshot::{
    CallbackCounters, CounterHistogram, DepartmentView, GoalWindow, LEFT_DISPOSITIONS, LedgerSeen,
    LedgerView, PERCENTILES, PartitionView, PlaceCounters, Snapshot, Waits, Window, bounds,
};
use crate::domain::units::Timestamp;

/// Draws one snapshot.
#[derive(Debug)]
pub struct SnapshotCollector {
    snapshot: Arc<Snapshot>,
    descriptions: Vec<Desc>,
}

impl SnapshotCollector {
    /// A collector of one snapshot.
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        let descriptions = CATALOGUE
            .iter()
            .filter(|family| !matches!(family.group, Group::Web | Group::Process))
            .map(|family| {
                let labels = family.labels.iter().map(|l| (*l).to_owned()).collect();
                Desc::new(family.name.into(), family.help.into(), labels, Default::default())
                    .expect("names and labels of the catalogue are valid")
            })
            .collect();
        SnapshotCollector { snapshot, descriptions }
    }
}

impl Collector for SnapshotCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let snapshot = &*self.snapshot;
        let mut out = Families::default();
        build(&mut out);
        stream(&mut out, snapshot);
        if snapshot.caught_up {
            goals(&mut out, snapshot);
            for department in &snapshot.departments {
                counters(&mut out, department);
                questions(&mut out, department);
                let families = [&names::SURVEY_SATISFIED, &names::SURVEY_RESPONSES];
                surveys(&mut out, families, &[&department.slug], department);
                live(&mut out, department, snapshot.now);
                windows(&mut out, department);
                month(&mut out, &DEPARTMENT_MONTH, &[&department.slug], &department.month);
            }
            whole(&mut out, snapshot);
            let [switchboard, queue] = [&snapshot.all.switchboard, &snapshot.all.queue];
            let known = switchboard.known_callers + queue.known_callers;
            out.put(&names::KNOWN_CALLERS, &[], known as f64);
            out.put(&names::REPEATS, &[], snapshot.repeat_contacts as f64);
            let families = [&names::ALL_SURVEY_SATISFIED, &names::ALL_SURVEY_RESPONSES];
            surveys(&mut out, families, &[], &snapshot.all);
        }
        out.0.into_values().collect()
    }
}

/// Families under construction, by name.
#[derive(Default)]
struct Families(BTreeMap<&'static str, MetricFamily>);

impl Families {
    /// Adds one series; the values stand in the order of the family's labels.
    fn put(&mut self, family: &Family, labels: &[&str], value: f64) {
        let mut metric = Metric::default();
        match family.kind {
            Kind::Counter => {
                let mut counter = Counter::default();
                counter.set_value(value);
                metric.set_counter(counter);
            }
            Kind::Gauge | Kind::Histogram => {
                let mut gauge = Gauge::default();
                gauge.set_value(value);
                metric.set_gauge(gauge);
            }
        }
        self.push(family, labels, metric);
    }

    fn put_some(&mut self, family: &Family, labels: &[&str], value: Option<f64>) {
        if let Some(value) = value {
            self.put(family, labels, value);
        }
    }

    fn put_histogram(
        &mut self,
        family: &Family,
        labels: &[&str],
        buckets: impl Iterator<Item = (f64, u64)>,
        count: u64,
        sum: f64,
    ) {
        let buckets = buckets.map(|(bound, within)| {
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(bound);
            bucket.set_cumulative_count(within);
            bucket
        });
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(count);
        histogram.set_sample_sum(sum);
        let mut metric = Metric::default();
        metric.set_histogram(histogram);
        self.push(family, labels, metric);
    }

    fn push(&mut self, family: &Family, values: &[&str], mut metric: Metric) {
        debug_assert_eq!(family.labels.len(), values.len(), "{}", family.name);
        let pairs = family.labels.iter().zip(values).map(|(name, value)| {
            let mut pair = LabelPair::default();
            pair.set_name((*name).to_owned());
            pair.set_value((*value).to_owned());
            pair
        });
        metric.set_label(pairs.collect());
        let entry = self.0.entry(family.name).or_insert_with(|| {
            let mut entry = MetricFamily::default();
            entry.set_name(family.name.to_owned());
            entry.set_help(family.help.to_owned());
            entry.set_field_type(match family.kind {
                Kind::Counter => MetricType::COUNTER,
                Kind::Gauge => MetricType::GAUGE,
                Kind::Histogram => MetricType::HISTOGRAM,
            });
            entry
        });
        entry.mut_metric().push(metric);
    }
}

fn build(out: &mut Families) {
    let version = env!("CARGO_PKG_VERSION");
    let revision = option_env!("SVARSTID_REVISION").unwrap_or("unknown");
    let rustc = option_env!("SVARSTID_RUSTC").unwrap_or("unknown");
    out.put(&names::BUILD_INFO, &[version, revision, rustc], 1.0);
}

fn stream(out: &mut Families, snapshot: &Snapshot) {
    let stream = &snapshot.stream;
    for view in &stream.partitions {
        let number = view.partition.to_string();
        let labels = [view.topic.as_str(), number.as_str()];
        out.put_some(&names::LAG, &labels, view.lag.map(|lag| lag as f64));
        // What the chains count would seem to begin anew while they are folded.
        if snapshot.caught_up {
            partition(out, view, &labels);
        }
    }
    if snapshot.caught_up {
        for (reason, count) in &stream.rejected {
            out.put(&names::REJECTED, &[reason], *count as f64);
        }
        for (kind, count) in &stream.anomalies {
            out.put(&names::ANOMALIES, &[kind], *count as f64);
        }
        for (kind, count) in &stream.incidents {
            out.put(&names::INCIDENTS, &[kind], *count as f64);
        }
    }
    let assigned = match &stream.ledger {
        Some(ledger) => ledger.partitions.iter().filter(|one| one.is_owned).count(),
        None => stream.partitions.len(),
    };
    out.put(&names::ASSIGNED, &[], assigned as f64);
    out.put(&names::REBALANCES, &[], stream.rebalances as f64);
    out.put(&names::HELD_CONTACTS, &[], stream.held_contacts as f64);
    out.put(&names::HELD_BYTES, &[], stream.held_bytes as f64);
    out.put(&names::CAUGHT_UP, &[], truth(snapshot.caught_up));
    out.put(&names::READER_CLOCK, &[], seconds(snapshot.now));
    let (buckets, count, sum) = &stream.apply_seconds;
    out.put_histogram(&names::APPLY, &[], buckets.iter().copied(), *count, *sum);
    if let Some(view) = &stream.ledger {
        ledger(out, view, snapshot.caught_up);
    }
}

fn ledger(out: &mut Families, ledger: &LedgerView, caught_up: bool) {
    for view in &ledger.partitions {
        let number = view.partition.to_string();
        let labels = [number.as_str()];
        if caught_up {
            out.put(&names::LEDGER_COMMITS, &labels, view.sequence as f64);
        }
        out.put(&names::LEDGER_EPOCH, &labels, view.epoch as f64);
        out.put(&names::LEDGER_OWNED, &labels, truth(view.is_owned));
        out.put(&names::LEDGER_FAILURES, &labels, view.append_failures as f64);
    }
    let seen = &ledger.seen;
    let valid = seen.read - seen.stale - seen.passed - seen.broken;
    let verdicts =
        [("valid", valid), ("stale", seen.stale), ("copy", seen.passed), ("broken", seen.broken)];
    for (verdict, count) in verdicts {
        out.put(&names::LEDGER_READ, &[verdict], count as f64);
    }
    let done = [
        ("taken_over", seen.taken_over),
        ("dropped", seen.dropped),
        ("resent", seen.resent),
        ("stalled", seen.stalled),
    ];
    for (what, count) in done {
        out.put(&names::LEDGER_EVENTS, &[what], count as f64);
    }
    out.put(&names::LEDGER_BYTES, &[], seen.committed_bytes as f64);
    let mut passed = 0;
    let buckets = LedgerSeen::COMMIT_BOUNDS_MS.iter().zip(seen.commit_slots).map(|(bound, n)| {
        passed += n;
        (*bound as f64 / 1_000.0, passed)
    });
    let (count, sum) = (seen.committed as u64, seen.commit_ms as f64 / 1_000.0);
    out.put_histogram(&names::LEDGER_SECONDS, &[], buckets, count, sum);
    out.put(&names::LEDGER_STALE, &[], truth(ledger.is_stale));
    out.put(&names::LEDGER_HALTED, &[], truth(ledger.is_halted));
    out.put_some(&names::LEDGER_MIN_INSYNC, &[], ledger.min_insync_replicas.map(f64::from));
    out.put(&names::INPUT_GAPS, &[], seen.gaps as f64);
    let snapshot = &ledger.snapshot;
    out.put_some(&names::SNAPSHOT_TIME, &[], snapshot.written_at.map(seconds));
    out.put(&names::SNAPSHOT_BYTES, &[], snapshot.bytes as f64);
    out.put(&names::SNAPSHOT_PAUSE, &[], snapshot.pause_seconds);
    out.put(&names::SNAPSHOT_FAILURES, &[], snapshot.failures as f64);
    out.put(&names::SNAPSHOT_ASIDE, &[], snapshot.set_aside as f64);
    for (kind, last, awaited) in &ledger.reports.kinds {
        out.put_some(&names::REPORT_SUCCESS, &[kind], last.map(seconds));
        out.put_some(&names::REPORT_AWAITED, &[kind], awaited.map(seconds));
    }
    out.put(&names::REPORT_FAILURES, &[], ledger.reports.failures as f64);
}

fn partition(out: &mut Families, view: &PartitionView, labels: &[&str]) {
    out.put(&names::CONSUMED, labels, view.consumed as f64);
    out.put(&names::APPLIED, labels, view.applied as f64);
    out.put(&names::CORRECTIONS, labels, view.corrections as f64);
    out.put(&names::LATE, labels, view.late as f64);
    out.put(&names::REPEATED, labels, view.repeated as f64);
    out.put(&names::SET_ASIDE, labels, view.set_aside as f64);
    out.put_some(&names::LAST_EVENT, labels, view.last_event.map(seconds));
    out.put_some(&names::WATERMARK, labels, view.watermark.map(seconds));
}

fn goals(out: &mut Families, snapshot: &Snapshot) {
    for view in &snapshot.goals {
        let id = view.goal.id();
        out.put(&names::GOAL_INFO, &[id, view.direction.word()], 1.0);
        out.put(&names::GOAL_TARGET, &[id], f64::from(view.target_percent) / 100.0);
        out.put_some(&names::GOAL_THRESHOLD, &[id], view.limit.map(|limit| limit.as_seconds()));
    }
    for view in &snapshot.levels {
        let id = view.goal.id();
        out.put(&names::GOAL_INFO, &[id, view.goal.direction().word()], 1.0);
        out.put(&names::GOAL_TARGET, &[id], f64::from(view.target_percent) / 100.0);
    }
}

fn counters(out: &mut Families, department: &DepartmentView) {
    let labels = [department.slug.as_str()];
    out.put(&names::DEPARTMENT_INFO, &[&department.slug, &department.name], 1.0);

    let PlaceCounters { offered, answered, answered_within_target, .. } = &department.switchboard;
    out.put(&names::SWITCHBOARD_OFFERED, &labels, *offered as f64);
    out.put(&names::SWITCHBOARD_ANSWERED, &labels, *answered as f64);
    out.put(&names::SWITCHBOARD_WITHIN, &labels, *answered_within_target as f64);
    let PlaceCounters { abandoned, short_abandoned, answer_wait, .. } = &department.switchboard;
    out.put(&names::SWITCHBOARD_ABANDONED, &labels, *abandoned as f64);
    out.put(&names::SWITCHBOARD_SHORT, &labels, *short_abandoned as f64);
    if department.has_switchboard() {
        histogram(out, &names::SWITCHBOARD_ANSWER, &labels, answer_wait, &bounds::SWITCHBOARD);
    }

    let queue = &department.queue;
    out.put(&names::QUEUE_OFFERED, &labels, queue.offered as f64);
    out.put(&names::QUEUE_ANSWERED, &labels, queue.answered as f64);
    out.put(&names::QUEUE_WITHIN, &labels, queue.answered_within_target as f64);
    out.put(&names::QUEUE_ABANDONED, &labels, queue.abandoned as f64);
    out.put(&names::QUEUE_SHORT, &labels, queue.short_abandoned as f64);
    for (disposition, left) in LEFT_DISPOSITIONS.iter().zip(queue.left) {
        out.put(&names::QUEUE_LEFT, &[&department.slug, disposition], left as f64);
    }
    histogram(out, &names::QUEUE_ANSWER_WAIT, &labels, &queue.answer_wait, &bounds::QUEUE);
    histogram(out, &names::QUEUE_ABANDON_WAIT, &labels, &queue.abandon_wait, &bounds::QUEUE);
    let otherwise = &department.switchboard;
    let classified = queue.classified + otherwise.classified;
    let resolved = queue.resolved + otherwise.resolved;
    out.put(&names::FIRST_CONTACT_CLASSIFIED, &labels, classified as f64);
    out.put(&names::FIRST_CONTACT_RESOLVED, &labels, resolved as f64);
    callbacks(out, department);
}

/// Few departments ring back: the others have no series.
fn callbacks(out: &mut Families, department: &DepartmentView) {
    let labels = [department.slug.as_str()];
    let [at_switchboard, at_queue] =
        [&department.switchboard, &department.queue].map(|p| p.callbacks);
    if at_switchboard.promised + at_queue.promised == 0 {
        return;
    }
    let sum = |count: fn(CallbackCounters) -> i64| (count(at_switchboard) + count(at_queue)) as f64;
    out.put(&names::CALLBACKS_PROMISED, &labels, sum(|of| of.promised));
    out.put(&names::CALLBACKS_KEPT, &labels, sum(|of| of.kept));
    out.put(&names::CALLBACKS_WITHIN, &labels, sum(|of| of.within));
    out.put(&names::CALLBACKS_OPEN, &labels, department.callbacks.open as f64);
    out.put(&names::CALLBACKS_OVERDUE, &labels, department.callbacks.overdue as f64);
}

/// A histogram that has seen nothing has all its buckets at 0.
fn histogram(
    out: &mut Families,
    family: &Family,
    labels: &[&str],
    counts: &CounterHistogram,
    bounds: &[i64],
) {
    let within = |at| counts.cumulative.get(at).copied().unwrap_or(0);
    let buckets = bounds.iter().enumerate().map(|(at, &b)| (b as f64, natural(within(at))));
    out.put_histogram(family, labels, buckets, natural(counts.count), counts.sum.as_seconds());
}

fn questions(out: &mut Families, department: &DepartmentView) {
    let slug = department.slug.as_str();
    for (channel, name) in Channel::ALL.into_iter().map(|channel| (channel, channel.name())) {
        let counters = department.questions.channels[channel as usize];
        let awaiting = department.awaiting[channel as usize];
        // A channel that should not be shows where it is.
        if channel == Channel::Other && counters.received == 0 && awaiting.open == 0 {
            continue;
        }
        let labels = [slug, name];
        out.put(&names::QUESTIONS_RECEIVED, &labels, counters.received as f64);
        out.put(&names::QUESTIONS_ANSWERED, &labels, counters.answered as f64);
        out.put(&names::QUESTIONS_WITHIN, &labels, counters.within as f64);
        out.put(&names::QUESTIONS_OPEN, &labels, awaiting.open as f64);
        out.put(&names::QUESTIONS_OVERDUE, &labels, awaiting.overdue as f64);
        out.put_some(&names::QUESTIONS_NEXT, &labels, awaiting.next_due.map(seconds));
    }
    let seconds = WORKING_BOUNDS_HOURS.map(|hours| hours * 3_600);
    histogram(out, &names::QUESTION_ANSWER, &[slug], &department.questions.answer, &seconds);
}

fn surveys(
    out: &mut Families,
    [share, responses]: [&Family; 2],
    unit: &[&str],
    of: &DepartmentView,
) {
    for survey in &of.surveys {
        let labels = [unit, &[survey.measure.as_str()]].concat();
        out.put(share, &labels, survey.result.satisfied_millionths as f64 / 1_000_000.0);
        out.put(responses, &labels, survey.result.responses as f64);
    }
}

fn live(out: &mut Families, department: &DepartmentView, now: Timestamp) {
    let labels = [department.slug.as_str()];
    let live = &department.live;
    out.put(&names::WAITING, &labels, live.waiting as f64);
    out.put(&names::WAITING_OVER, &labels, live.waiting_over_target as f64);
    out.put(&names::LONGEST_WAIT, &labels, live.longest_wait(now).as_seconds());
    out.put(&names::DEPARTMENT_OPEN, &labels, truth(department.open));
    if department.runs_switchboard {
        out.put(&names::SWITCHBOARD_OPEN, &labels, truth(department.open));
    }
    out.put_some(&names::DEPARTMENT_STAFFED, &labels, live.is_staffed().map(truth));
    let unstaffed = department.unstaffed.map(|length| length.as_seconds());
    out.put_some(&names::UNSTAFFED_SECONDS, &labels, unstaffed);
    out.put(&names::AGENTS_LOGGED_IN, &labels, live.logged_in() as f64);
    if live.may_show_states() {
        for (state, count) in AgentState::ALL.into_iter().zip(live.agents) {
            out.put(&names::AGENTS, &[&department.slug, state.name()], count as f64);
        }
    }
}

fn whole(out: &mut Families, snapshot: &Snapshot) {
    let live = &snapshot.all.live;
    out.put(&names::ALL_WAITING, &[], live.waiting as f64);
    out.put(&names::ALL_WAITING_OVER, &[], live.waiting_over_target as f64);
    out.put(&names::ALL_LONGEST_WAIT, &[], live.longest_wait(snapshot.now).as_seconds());
    out.put(&names::ALL_AGENTS_LOGGED_IN, &[], live.logged_in() as f64);
    let without_data = snapshot.without_data.map(|length| length.as_seconds());
    out.put_some(&names::WITHOUT_DATA, &[], without_data);
    if snapshot.may_show_all_states() {
        for (state, count) in AgentState::ALL.into_iter().zip(live.agents) {
            out.put(&names::ALL_AGENTS, &[state.name()], count as f64);
        }
    }
    month(out, &ALL_MONTH, &[], &snapshot.all.month);
    for window in Window::ALL {
        let name = window.name();
        let view = &snapshot.all.windows[window as usize];
        for goal in Goal::ALL {
            goal_window(out, &ALL_GOAL, &[goal.id(), name], &view.goals[goal as usize]);
        }
        out.put(&names::ALL_WINDOW_OPEN, &[name], view.open.as_seconds());
        waits(out, &names::ALL_QUEUE_WAIT, &[name], view.queue_wait.as_ref());
        waits(out, &names::ALL_SWITCHBOARD_WAIT, &[name], view.switchboard_answer.as_ref());
    }
}

fn windows(out: &mut Families, department: &DepartmentView) {
    let slug = department.slug.as_str();
    for window in Window::ALL {
        let name = window.name();
        let view = &department.windows[window as usize];
        for goal in Goal::ALL {
            // Of goal 1 the others would have nothing but zeros.
            if goal == Goal::Sm1 && !department.has_switchboard() {
                continue;
            }
            let labels = [goal.id(), slug, name];
            goal_window(out, &DEPARTMENT_GOAL, &labels, &view.goals[goal as usize]);
        }
        out.put(&names::WINDOW_OPEN, &[slug, name], view.open.as_seconds());
        waits(out, &names::QUEUE_WAIT, &[slug, name], view.queue_wait.as_ref());
        waits(out, &names::SWITCHBOARD_WAIT, &[slug, name], view.switchboard_answer.as_ref());
    }
}

/// The families of a goal in a window.
struct GoalFamilies {
    ratio: Family,
    eligible: Family,
    missed: Family,
    bound: Family,
    expected: Family,
}

const DEPARTMENT_GOAL: GoalFamilies = GoalFamilies {
    ratio: names::WINDOW_RATIO,
    eligible: names::WINDOW_ELIGIBLE,
    missed: names::WINDOW_MISSED,
    bound: names::WINDOW_BOUND,
    expected: names::WINDOW_EXPECTED,
};

const ALL_GOAL: GoalFamilies = GoalFamilies {
    ratio: names::ALL_WINDOW_RATIO,
    eligible: names::ALL_WINDOW_ELIGIBLE,
    missed: names::ALL_WINDOW_MISSED,
    bound: names::ALL_WINDOW_BOUND,
    expected: names::ALL_WINDOW_EXPECTED,
};

fn goal_window(out: &mut Families, to: &GoalFamilies, labels: &[&str], view: &GoalWindow) {
    out.put_some(&to.ratio, labels, view.share.ratio());
    out.put(&to.eligible, labels, view.share.of as f64);
    out.put(&to.missed, labels, view.missed as f64);
    out.put_some(&to.bound, labels, view.miss_lower_bound);
    out.put_some(&to.expected, labels, view.expected);
}

/// The families of a month's outlook.
struct MonthFamilies {
    open: Family,
    budget: Family,
    remaining: Family,
    projected: Family,
}

const DEPARTMENT_MONTH: MonthFamilies = MonthFamilies {
    open: names::MONTH_OPEN,
    budget: names::MONTH_BUDGET,
    remaining: names::MONTH_REMAINING,
    projected: names::MONTH_PROJECTED,
};

const ALL_MONTH: MonthFamilies = MonthFamilies {
    open: names::ALL_MONTH_OPEN,
    budget: names::ALL_MONTH_BUDGET,
    remaining: names::ALL_MONTH_REMAINING,
    projected: names::ALL_MONTH_PROJECTED,
};

fn month(out: &mut Families, to: &MonthFamilies, unit: &[&str], month: &MonthOutlook) {
    out.put_some(&to.open, unit, month.open_ratio);
    for (goal, outlook) in Goal::ALL.iter().zip(&month.goals) {
        let Some(outlook) = outlook else { continue };
        let labels = [&[goal.id()], unit].concat();
        out.put(&to.budget, &labels, outlook.budget_events);
        out.put_some(&to.remaining, &labels, outlook.budget_remaining_ratio);
        out.put(&to.projected, &labels, outlook.projected_ratio);
    }
}

fn waits(out: &mut Families, family: &Family, labels: &[&str], waits: Option<&Waits>) {
    let Some(waits) = waits else { return };
    for ((percentile, _), wait) in PERCENTILES.iter().zip(waits.at) {
        out.put(family, &[labels, &[percentile]].concat(), wait.as_seconds());
    }
}

fn truth(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

/// Seconds since 1970, to the millisecond.
fn seconds(at: Timestamp) -> f64 {
    at.0 as f64 / 1_000.0
}

/// A count as the format wants it; counts are never negative.
fn natural(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

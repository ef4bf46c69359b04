//! The counts of a period as one document: rows by interval, totals, goals and data quality.
//!
//! Rows count stays, by the interval of the stay's offer; goals count what their definition says.
//! Names of queues and departments appear, names and numbers of people never.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::contacts::{ContactRow, contact_row};
use crate::domain::board::Board;
use crate::domain::calendar::{Day, Zone};
use crate::domain::cell::{GoalCount, Line, offered, queued};
use crate::domain::contact::contribution::{Fact, VisitOutcome};
use crate::domain::contact::stay::Disposition;
use crate::domain::goal::{Direction, Goal, GoalId};
use crate::domain::ids::{Department, Names, Queue};
use crate::domain::level::Level;
use crate::domain::rules::Rules;
use crate::domain::tally::{Bounds, Code, DOCUMENT_BOUNDS, Tally, WaitHistogram, code};
use crate::domain::units::{Millis, Timestamp};
use crate::engine::{Engine, Quality};

/// What goal 4's share means.
pub(super) const DEFINITION_SM4: &str = "questions by e-mail and e-service that a person replied to by the last moment of the second \
     working day / (questions received - those that may still be answered in time)";
/// What first-contact resolution means.
pub(super) const DEFINITION_FCR: &str = "questions settled at the desk, or on another channel where they came in, without being passed \
     on / questions put there of which it is known where they were settled; all channels, the \
     telephone shown apart; a question put again in another call within 7 days counts once, where \
     it was first put, and is not settled if it is passed on in another call within 7 days of that";
/// What a repeat is.
pub(super) const DEFINITION_REPEATS: &str = "contacts by phone whose caller's earlier contact was first offered at most 24 h before, across \
     midnight too / contacts by phone of callers whose number was shown";

/// How long one row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// A quarter of an hour.
    Quarter,
    /// A clock hour.
    Hour,
    /// A local date.
    Day,
    /// A calendar month.
    Month,
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "quarter" => Ok(Interval::Quarter),
            "hour" => Ok(Interval::Hour),
            "day" => Ok(Interval::Day),
            "month" => Ok(Interval::Month),
            _ => Err(format!("unknown interval {text:?}; use quarter, hour, day or month")),
        }
    }
}

/// Who a row or a total is about: the switchboard of a department or one of its queues.
type Key = (Department, Option<Queue>);

/// A document, ready to be written as JSON, CSV or a table.
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) rows: Vec<Row>,
    pub(super) totals: Vec<Row>,
    pub(super) goals: Vec<GoalRow>,
    contacts: Vec<ContactRow>,
    quality: Quality,
    definitions: Map<String, Value>,
}

/// The counts of one place in one interval (or in all).
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<String>,
    pub(super) department: String,
    pub(super) place: &'static str,
    pub(super) queue: Option<String>,
    pub(super) offered: i64,
    pub(super) outside_hours: i64,
    pub(super) closed: i64,
    pub(super) rejected: Rejected,
    pub(super) queued: i64,
    pub(super) answered: i64,
    pub(super) abandoned: i64,
    pub(super) short_abandoned: i64,
    pub(super) timed_out: i64,
    pub(super) left_empty: i64,
    pub(super) key_exit: i64,
    pub(super) withdrawn: i64,
    pub(super) callback: i64,
    pub(super) overflowed: i64,
    pub(super) lost_by_restart: i64,
    pub(super) lost_track: i64,
    pub(super) waiting: i64,
    pub(super) answered_within: Map<String, Value>,
    pub(super) abandoned_within: Map<String, Value>,
    pub(super) wait_seconds: WaitSeconds,
    pub(super) answered_wait_seconds: WaitSeconds,
    pub(super) abandoned_wait_seconds: WaitSeconds,
    pub(super) talk_seconds_sum: f64,
    pub(super) transferred: i64,
    pub(super) ring_no_answer: i64,
    pub(super) met_by_machine: i64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Rejected {
    pub(super) full: i64,
    pub(super) no_agent: i64,
    pub(super) diverted: i64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct WaitSeconds {
    pub(super) count: i64,
    pub(super) sum: f64,
    pub(super) p50: Option<f64>,
    pub(super) p90: Option<f64>,
    pub(super) p95: Option<f64>,
    pub(super) p99: Option<f64>,
    pub(super) max: Option<f64>,
}

/// One goal of one department, or of all (`department` is `None`).
#[derive(Clone, Debug, Serialize)]
pub(super) struct GoalRow {
    pub(super) id: &'static str,
    pub(super) department: Option<String>,
    pub(super) met: i64,
    pub(super) of: i64,
    pub(super) missed: i64,
    pub(super) of_answered: i64,
    pub(super) of_offered: i64,
    pub(super) direction: &'static str,
    pub(super) target_percent: Option<u8>,
    /// The first day of the level, and who decided it when.
    pub(super) target_from: Option<String>,
    pub(super) target_decided_by: Option<String>,
    pub(super) target_decided_on: Option<String>,
    /// Whether nobody has decided for the day, so that the last level goes on.
    pub(super) target_carried_over: bool,
    pub(super) verdict: &'static str,
}

impl GoalRow {
    fn new(
        (id, direction): (&'static str, Direction),
        department: Option<String>,
        count: GoalCount,
        level: Option<Level<'_>>,
    ) -> GoalRow {
        let decided = level.map(|level| level.decided);
        GoalRow {
            id,
            department,
            met: count.share.met,
            of: count.share.of,
            missed: direction.missed(count.share),
            of_answered: count.of_answered,
            of_offered: count.of_offered,
            direction: direction.word(),
            target_percent: level.map(|level| level.percent),
            target_from: decided.map(|decision| decision.valid_from.to_string()),
            target_decided_by: decided.map(|decision| decision.decided_by.clone()),
            target_decided_on: decided.map(|decision| decision.decided_on.clone()),
            target_carried_over: level.is_some_and(|level| level.carried_over),
            verdict: level.map_or("not_in_force", |level| level.judge(count.share).word()),
        }
    }
}

impl Engine {
    /// The figures by interval, at the reader's clock: calls that wait past their limit by then
    /// are missed.
    pub fn document(&self, interval: Interval, now: Timestamp) -> Document {
        Document::new(self.board(), self.rules(), self.names(), self.quality(), interval, now)
    }
}

impl Document {
    fn new(
        board: &Board,
        rules: &Rules,
        names: &Names,
        quality: Quality,
        interval: Interval,
        now: Timestamp,
    ) -> Document {
        let mut by_interval: BTreeMap<(Timestamp, Timestamp), BTreeMap<Key, Sum>> = BTreeMap::new();
        let mut totals: BTreeMap<Key, Sum> = BTreeMap::new();
        let mut goals: BTreeMap<Department, Goals> = BTreeMap::new();
        for (day, line, tally) in board.cells().days() {
            totals.entry((line.department, line.queue)).or_default().add(line, tally);
            let counts = goals.entry(line.department).or_default();
            for goal in Goal::ALL {
                counts.calls[goal as usize].merge(GoalCount::of_line(goal, line, tally));
            }
            counts.first_contact.merge(GoalCount::first_contact(line, tally));
            counts.questions.merge(GoalCount::questions(tally));
            counts.repeats.merge(GoalCount::repeats(tally));
            if matches!(interval, Interval::Day | Interval::Month) {
                let span = day_span(interval, day);
                let row = by_interval.entry(span).or_default();
                row.entry((line.department, line.queue)).or_default().add(line, tally);
            }
        }
        if matches!(interval, Interval::Quarter | Interval::Hour) {
            for (key, tally) in board.cells().quarters() {
                let start = key.quarter.start();
                let length = if interval == Interval::Quarter { 900_000 } else { 3_600_000 };
                let from = Timestamp(start.0.div_euclid(length) * length);
                let row = by_interval.entry((from, from.plus(Millis(length)))).or_default();
                row.entry((key.line.department, key.line.queue)).or_default().add(key.line, tally);
            }
        }
        for fact in board.open().values().flatten() {
            if let Some(goal) = overdue(fact, now) {
                let counts = goals.entry(fact.department).or_default();
                counts.calls[goal as usize].share.of += 1;
            }
        }
        for question in board.questions().filter(|question| question.is_pending(now)) {
            goals.entry(question.department).or_default().questions.share.of -= 1;
        }
        let bounds = board.bounds();
        let zone = Zone::stockholm();
        let told = |span: &(Timestamp, Timestamp)| (zone.rfc3339(span.0), zone.rfc3339(span.1));
        let contacts = by_interval
            .iter()
            .flat_map(|(span, keys)| keys.iter().map(move |(key, sum)| (span, key, sum)))
            .filter_map(|(span, key, sum)| contact_row(Some(told(span)), *key, &sum.tally, names))
            .collect();
        let rows = by_interval
            .into_iter()
            .flat_map(|(span, keys)| keys.into_iter().map(move |(key, sum)| (Some(span), key, sum)))
            .filter(|(_, _, sum)| sum.has_calls())
            .map(|(span, key, sum)| {
                let span = span.map(|(from, until)| (zone.rfc3339(from), zone.rfc3339(until)));
                sum.row(span, key, names, bounds)
            })
            .collect();
        let totals = totals
            .into_iter()
            .filter(|(_, sum)| sum.has_calls())
            .map(|(key, sum)| sum.row(None, key, names, bounds))
            .collect();
        Document {
            rows,
            totals,
            goals: goal_rows(&goals, rules, names, now),
            contacts,
            quality,
            definitions: definitions(rules, now),
        }
    }

    /// The document as one JSON object.
    pub fn to_json(&self) -> String {
        let pairs = |pairs: &[(&'static str, i64)]| -> Map<String, Value> {
            pairs.iter().map(|(name, n)| ((*name).to_owned(), json!(n))).collect()
        };
        let document = json!({
            "definitions": self.definitions,
            "rows": self.rows,
            "totals": self.totals,
            "goals": self.goals,
            "contacts": self.contacts,
            "quality": {
                "events": self.quality.events,
                "repeats": self.quality.repeats,
                "late": self.quality.late,
                "set_aside": self.quality.set_aside,
                "rejects": pairs(&self.quality.rejects),
                "anomalies": pairs(&self.quality.anomalies),
                "open_contacts": self.quality.open_contacts,
            },
        });
        document.to_string()
    }

    pub(super) fn quality(&self) -> &Quality {
        &self.quality
    }
}

/// The goal that a waiting call has missed by now.
fn overdue(fact: &Fact, now: Timestamp) -> Option<Goal> {
    if fact.outside_hours {
        return None;
    }
    match (fact.queue, fact.visit) {
        (None, _) if fact.disposition == Disposition::Waiting && now > fact.decided_at => {
            Some(Goal::Sm1)
        }
        (Some(_), Some((VisitOutcome::Undecided, limit_at))) if now > limit_at => Some(Goal::Sm2),
        _ => None,
    }
}

fn day_span(interval: Interval, day: Day) -> (Timestamp, Timestamp) {
    let zone = Zone::stockholm();
    if interval == Interval::Month {
        let month = day.month();
        (zone.day_start(month.first_day()), zone.day_start(month.next().first_day()))
    } else {
        (zone.day_start(day), zone.day_end(day))
    }
}

/// Lines of one place added up, in hours and outside.
#[derive(Clone, Debug, Default)]
struct Sum {
    tally: Tally,
    outside_hours: i64,
}

impl Sum {
    fn add(&mut self, line: Line, tally: &Tally) {
        self.tally.merge(tally);
        if line.outside_hours {
            self.outside_hours += offered(tally);
        }
    }

    /// Questions by e-mail are no rows of calls.
    fn has_calls(&self) -> bool {
        offered(&self.tally) != 0
    }

    fn row(
        &self,
        span: Option<(String, String)>,
        (department, queue): Key,
        names: &Names,
        bounds: &Bounds,
    ) -> Row {
        let tally = &self.tally;
        let (from, until) = span.unzip();
        let stays = |disposition| tally.stays(disposition);
        Row {
            from,
            until,
            department: names.departments.name(department.0).to_owned(),
            place: if queue.is_some() { "queue" } else { "switchboard" },
            queue: queue.map(|queue| names.queues.name(queue.0).to_owned()),
            offered: offered(tally),
            outside_hours: self.outside_hours,
            closed: stays(Disposition::Closed),
            rejected: Rejected {
                full: stays(Disposition::RejectedFull),
                no_agent: stays(Disposition::RejectedNoAgent),
                diverted: stays(Disposition::RejectedDiverted),
            },
            queued: queued(tally),
            answered: stays(Disposition::Answered),
            abandoned: stays(Disposition::Abandoned),
            short_abandoned: tally.get(code::SHORT_ABANDONED),
            timed_out: stays(Disposition::TimedOut),
            left_empty: stays(Disposition::LeftEmpty),
            key_exit: stays(Disposition::KeyExit),
            withdrawn: stays(Disposition::Withdrawn),
            callback: stays(Disposition::Callback),
            overflowed: stays(Disposition::Overflowed),
            lost_by_restart: stays(Disposition::LostByRestart),
            lost_track: stays(Disposition::LostTrack),
            waiting: stays(Disposition::Waiting),
            answered_within: within(tally, bounds, code::ANSWERED_SLOT),
            abandoned_within: within(tally, bounds, code::ABANDONED_SLOT),
            wait_seconds: waits(
                tally,
                &[code::WAITS_ANSWERED, code::WAITS_ABANDONED, code::WAITS_OTHER],
                code::WAIT_MS,
            ),
            answered_wait_seconds: waits(tally, &[code::WAITS_ANSWERED], code::ANSWERED_WAIT_MS),
            abandoned_wait_seconds: waits(tally, &[code::WAITS_ABANDONED], code::ABANDONED_WAIT_MS),
            talk_seconds_sum: seconds(tally.get(code::TALK_MS)),
            transferred: tally.get(code::TRANSFERRED),
            ring_no_answer: tally.get(code::RING_NO_ANSWER),
            met_by_machine: tally.get(code::MET_BY_MACHINE),
        }
    }
}

fn seconds(millis: i64) -> f64 {
    Millis(millis).as_seconds()
}

fn within(tally: &Tally, bounds: &Bounds, kind: Code) -> Map<String, Value> {
    DOCUMENT_BOUNDS
        .into_iter()
        .map(|bound| {
            let n = bounds.within(tally, kind, Millis::from_seconds(bound));
            (bound.to_string(), json!(n))
        })
        .collect()
}

/// Percentiles are the histogram's (three significant digits); a wait of whole seconds prints as
/// such, for the slot's highest value is cut to the precision that the histogram has.
fn waits(tally: &Tally, kinds: &[Code], sum: Code) -> WaitSeconds {
    let mut histogram = WaitHistogram::default();
    histogram.add(tally, kinds);
    histogram.join();
    let at = histogram.quantiles([0.50, 0.90, 0.95, 0.99, 1.0]);
    // No wait is longer than all together, whatever the width of its slot.
    let value = |index: usize| at.map(|at| seconds(at[index].0.min(tally.get(sum))));
    WaitSeconds {
        count: histogram.count(),
        sum: seconds(tally.get(sum)),
        p50: value(0),
        p90: value(1),
        p95: value(2),
        p99: value(3),
        max: value(4),
    }
}

/// What the goals count for one department.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Goals {
    calls: [GoalCount; Goal::ALL.len()],
    first_contact: GoalCount,
    questions: GoalCount,
    repeats: GoalCount,
}

fn goal_rows(
    goals: &BTreeMap<Department, Goals>,
    rules: &Rules,
    names: &Names,
    now: Timestamp,
) -> Vec<GoalRow> {
    let today = Zone::stockholm().day_of(now);
    let mut rows = Vec::new();
    let mut add =
        |id, direction, level: Option<Level<'_>>, count_of: &dyn Fn(&Goals) -> GoalCount| {
            each_department(goals, names, count_of, |department, count| {
                rows.push(GoalRow::new((id, direction), department, count, level));
            });
        };
    for goal in Goal::ALL {
        let level = rules.level(goal.goal_id(), today);
        add(goal.id(), goal.direction(), level, &|counts| counts.calls[goal as usize]);
    }
    type CountOf = fn(&Goals) -> GoalCount;
    let questions: [(GoalId, CountOf); 2] =
        [(GoalId::Sm4, |counts| counts.questions), (GoalId::Fcr, |counts| counts.first_contact)];
    for (goal, count_of) in questions {
        add(goal.id(), goal.direction(), rules.level(goal, today), &count_of);
    }
    // No goal is set for repeats; fewer are better.
    add("REPEATS", Direction::AtMost, None, &|counts| counts.repeats);
    rows
}

/// Gives the counts of all departments, then those of each that has any.
fn each_department(
    goals: &BTreeMap<Department, Goals>,
    names: &Names,
    count_of: impl Fn(&Goals) -> GoalCount,
    mut each: impl FnMut(Option<String>, GoalCount),
) {
    let mut all = GoalCount::default();
    goals.values().for_each(|counts| all.merge(count_of(counts)));
    each(None, all);
    for (department, counts) in goals {
        let count = count_of(counts);
        if count != GoalCount::default() {
            each(Some(names.departments.name(department.0).to_owned()), count);
        }
    }
}

fn definitions(rules: &Rules, now: Timestamp) -> Map<String, Value> {
    let set = rules.at(now);
    let mut definitions: Map<String, Value> = Goal::ALL
        .into_iter()
        .map(|goal| (goal.id().to_owned(), json!(goal.definition())))
        .collect();
    let mut add = |key: &str, value: Value| definitions.insert(key.to_owned(), value);
    add("SM4", json!(DEFINITION_SM4));
    add("question_deadline", json!(set.question_deadline.name()));
    add("FCR", json!(DEFINITION_FCR));
    add("REPEATS", json!(DEFINITION_REPEATS));
    add("short_abandon_seconds", json!(seconds(set.short_abandon.0)));
    add("switchboard_limit_seconds", json!(seconds(set.switchboard_limit.0)));
    add("queue_limit_seconds", json!(seconds(set.queue_limit.0)));
    add("silence_seconds", json!(seconds(set.silence.0)));
    add(
        "wait_seconds",
        json!(
            "stays that ended by an answer or by the caller leaving; the reported wait where \
               there is one, else the difference of times; percentiles at three digits"
        ),
    );
    add("of_answered", json!("the same count over answered calls, in hours"));
    add("of_offered", json!("the same count over everything that was offered"));
    add("rules_version", json!(rules.version()));
    definitions
}

//! Simulated days as they are written to a topic, and what the metrics must show of them.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeMap;

use serde_json::Value;
use svarstid::simulate::{Parameters, Record, Simulation};

use super::{metric_total, metric_value, promtool_check_metrics};

/// What goes into a topic: partition (or by key), key, time in milliseconds, payload.
pub(crate) type Written = (Option<i32>, String, i64, String);

/// A simulated day, or a few, and its figures.
pub(crate) struct Day {
    pub(crate) parameters: Parameters,
    pub(crate) records: Vec<Record>,
    pub(crate) truth: Value,
}

impl Day {
    /// The first day, by seed, with every fault of the data, with calls that a restart ended and
    /// none that is lost track of. Truth gives the latter up by the last event of any kind; the
    /// daemon by the calls of the call's own partition, and so perhaps only on the next morning.
    pub(crate) fn settled(scale: f64) -> Day {
        let is_settled = |day: &Day| {
            day.sum("waiting") == 0 && day.sum("lost_track") == 0 && day.sum("lost_by_restart") > 0
        };
        // Twenty restarts a week are enough for some on this day.
        let parameters = |seed| Parameters { scale, restarts_per_week: 20, ..Day::monday(seed) };
        let mut days = (1..200).map(|seed| Day::of(parameters(seed)));
        days.find(is_settled).expect("some days are like this")
    }

    /// The fifth of October 2026.
    pub(crate) fn monday(seed: u64) -> Parameters {
        Parameters::new(seed, "2026-10-05".parse().unwrap(), "2026-10-06".parse().unwrap())
    }

    /// What the simulator makes of these parameters.
    pub(crate) fn of(parameters: Parameters) -> Day {
        let mut simulation = Simulation::new(parameters.clone()).unwrap();
        let records: Vec<Record> = simulation.by_ref().collect();
        Day { parameters, records, truth: simulation.into_truth().to_json() }
    }

    /// A count over all rows of the truth.
    pub(crate) fn sum(&self, count: &str) -> i64 {
        let rows = self.truth["rows"].as_array().unwrap();
        rows.iter().map(|row| row[count].as_i64().unwrap()).sum()
    }

    /// The records as they are written, in order of arrival.
    pub(crate) fn written(&self, partitions: i32) -> Vec<Written> {
        self.records.iter().flat_map(|record| copies(record, partitions)).collect()
    }
}

/// One record, or one for each partition.
pub(crate) fn copies(record: &Record, partitions: i32) -> Vec<Written> {
    let one = |at| (at, record.key.clone(), record.arrival_ms, record.payload.clone());
    match record.every_partition {
        true => (0..partitions).map(|at| one(Some(at))).collect(),
        false => vec![one(None)],
    }
}

/// Counters never fall, so they are compared where nothing was taken back; then the goals of the
/// day, which are gauges.
#[track_caller]
pub(crate) fn assert_metrics_equal(truth: &Value, metrics: &str) {
    assert_counters_equal(truth, metrics);
    assert_goals_equal(truth, metrics);
}

/// Counters never fall, so they are compared where nothing was taken back.
#[track_caller]
pub(crate) fn assert_counters_equal(truth: &Value, metrics: &str) {
    promtool_check_metrics(metrics).unwrap();
    assert_eq!(metric_total(metrics, "svarstid_events_late_total"), 0);
    let mut expected: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in truth["rows"].as_array().unwrap() {
        for count in ["offered", "answered", "abandoned", "short_abandoned"] {
            let place = row["place"].as_str().unwrap();
            let family = format!("svarstid_{place}_calls_{count}_total");
            let department = row["department"].as_str().unwrap().to_owned();
            *expected.entry((family, department)).or_default() += row[count].as_i64().unwrap();
        }
    }
    for goal in truth["totals"].as_array().unwrap().iter().filter(|goal| goal["id"] == "FCR") {
        let Some(department) = goal["department"].as_str() else { continue };
        for (count, of) in [("met", "resolved"), ("of", "classified")] {
            let family = format!("svarstid_first_contact_questions_{of}_total");
            expected.insert((family, department.to_owned()), goal[count].as_i64().unwrap());
        }
    }
    let mut of_questions: BTreeMap<(String, String, String), i64> = BTreeMap::new();
    for row in truth["questions"].as_array().unwrap() {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        for (count, of) in [
            ("received", "received"),
            ("answered", "answered"),
            ("within", "answered_within_target"),
        ] {
            let key =
                (format!("svarstid_questions_{of}_total"), text("department"), text("channel"));
            of_questions.insert(key, row[count].as_i64().unwrap());
        }
    }
    for ((family, department, channel), count) in of_questions {
        let labels = [("department", department.as_str()), ("channel", channel.as_str())];
        let found = metric_value(metrics, &family, &labels).unwrap() as i64;
        // Nothing in the simulated days takes a question back.
        assert_eq!(found, count, "{family} of {labels:?}");
    }
    let corrections = metric_total(metrics, "svarstid_corrections_total");
    let mut equal = 0;
    for ((family, department), count) in &expected {
        let found = metric_value(metrics, family, &[("department", department)]).unwrap() as i64;
        assert!(found >= *count, "{family} of {department}: {found}, truth {count}");
        assert!(
            corrections > 0 || found == *count,
            "{family} of {department}: {found}, truth {count}, and nothing was taken back"
        );
        equal += usize::from(found == *count);
    }
    assert!(equal * 10 >= expected.len() * 9, "{equal} of {} are equal", expected.len());
}

#[track_caller]
fn assert_goals_equal(truth: &Value, metrics: &str) {
    let totals = truth["totals"].as_array().unwrap().iter();
    for goal in totals.filter(|goal| !["FCR", "SM4", "REPEATS"].iter().any(|id| goal["id"] == *id))
    {
        let id = goal["id"].as_str().unwrap();
        let (met, of) = (goal["met"].as_i64().unwrap(), goal["of"].as_i64().unwrap());
        let mut labels = vec![("goal", id), ("window", "today")];
        let prefix = match goal["department"].as_str() {
            Some(department) => {
                labels.push(("department", department));
                "svarstid_goal_window"
            }
            None => "svarstid_all_goal_window",
        };
        let value = |name: &str| metric_value(metrics, &format!("{prefix}_{name}"), &labels);
        assert_eq!(value("eligible_events"), Some(of as f64), "{labels:?}");
        let ratio = (of > 0).then(|| met as f64 / of as f64);
        assert_eq!(value("ratio"), ratio, "{labels:?}: {met} of {of}");
    }
}

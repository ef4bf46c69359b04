//! What a Prometheus has recorded of instances that were killed and followed by others.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use svarstid::simulate::Parameters;

use crate::installation::{Installation, PARTITIONS};
use crate::load::Load;
use crate::support::{Day, Prometheus, Written, ends, kafka, metric_total, produce, wait_until};

const LIMIT: Duration = Duration::from_secs(60);
/// 00:00 in Sweden on the second day.
const SECOND_DAY: &str = "2026-10-06T00:00:00+02:00";

/// What the goals of departments met in the whole time, by the truth.
fn within_target(truth: &Value) -> BTreeMap<Series, i64> {
    let family = |goal: &Value| match goal["id"].as_str() {
        Some("SM1") => Some("svarstid_switchboard_calls_answered_within_target_total"),
        Some("SM2") => Some("svarstid_queue_calls_answered_within_target_total"),
        Some(_) | None => None,
    };
    let goals = truth["totals"].as_array().unwrap().iter();
    goals
        .filter_map(|goal| {
            let department = goal["department"].as_str()?.to_owned();
            let series = (family(goal)?.to_owned(), department, String::new());
            Some((series, goal["met"].as_i64().unwrap()))
        })
        .collect()
}

/// Family, department, and bound of a bucket.
type Series = (String, String, String);

/// What the counters of departments must show, by the truth's rows that `counts`.
fn expected(truth: &Value, counts: impl Fn(&Value) -> bool) -> BTreeMap<Series, i64> {
    let mut expected: BTreeMap<Series, i64> = BTreeMap::new();
    for row in truth["rows"].as_array().unwrap().iter().filter(|row| counts(row)) {
        let text = |key: &str| row[key].as_str().unwrap();
        let (place, department) = (text("place"), text("department"));
        let mut add = |family: String, bound: &str, count: &Value| {
            let series = (family, department.to_owned(), bound.to_owned());
            *expected.entry(series).or_default() += count.as_i64().unwrap();
        };
        for count in ["offered", "answered", "abandoned", "short_abandoned"] {
            add(format!("svarstid_{place}_calls_{count}_total"), "", &row[count]);
        }
        let histograms: &[(&str, &str)] = match place {
            "queue" => &[("answered", "queue_answer_wait"), ("abandoned", "queue_abandon_wait")],
            _ => &[("answered", "switchboard_answer")],
        };
        for (count, name) in histograms {
            add(format!("svarstid_{name}_seconds_count"), "", &row[count]);
            add(format!("svarstid_{name}_seconds_bucket"), "+Inf", &row[count]);
            for (bound, within) in row[format!("{count}_within")].as_object().unwrap() {
                add(format!("svarstid_{name}_seconds_bucket"), bound, within);
            }
        }
    }
    expected
}

#[test]
fn no_sample_falls_and_the_last_less_the_first_is_what_happened_between() {
    let Some(brokers) = kafka() else { return };
    let from = "2026-10-05".parse().unwrap();
    let to = "2026-10-07".parse().unwrap();
    // Without faults of the data nothing is ever taken back.
    let parameters = Parameters {
        faults: false,
        restarts_per_week: 0,
        scale: 8.0,
        ..Parameters::new(3, from, to)
    };
    let day = Day::of(parameters);
    let midnight = SECOND_DAY.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let (first, second): (Vec<Written>, Vec<Written>) =
        day.written(PARTITIONS).into_iter().partition(|(_, _, time, _)| *time < midnight);
    let here = Installation::new(&brokers, &day);
    let (mut one, mut other) = (here.node("one"), here.node("other"));
    one.start();
    other.start();
    produce(&brokers, &here.topic, first);
    let written: i64 = ends(&brokers, &here.topic).iter().sum();
    wait_until("the first day to be read", LIMIT, || {
        one.consumed() == written && other.consumed() == written
    });
    let Some(prometheus) = Prometheus::start_many(&[one.listen, other.listen]) else { return };
    let scrapes = |least: f64| {
        let count = "count(svarstid_events_consumed_total{partition=\"0\"})";
        wait_until("scrapes", LIMIT, || prometheus.value(count).is_some_and(|n| n >= least));
    };
    scrapes(2.0);

    let load = Load::start(&brokers, &here.topic, second);
    for (progress, is_one) in [(0.15, true), (0.4, false), (0.6, true), (0.8, false)] {
        wait_until("some of the load", LIMIT, || load.progress() > progress);
        let node = if is_one { &mut one } else { &mut other };
        node.kill();
        node.start();
    }
    load.finish("prometheus");
    here.assert_truth(&day, &[&one, &other]);
    // One scrape of each after that.
    let total: i64 = ends(&brokers, &here.topic).iter().sum();
    wait_until("the last scrape", LIMIT, || {
        let sums = prometheus.query("sum by (instance) (svarstid_events_consumed_total)");
        sums.len() == 2 && sums.iter().all(|(_, sum)| *sum == total as f64)
    });
    wait_until("a scrape of the counters", LIMIT, || {
        prometheus.query("count by (instance) (svarstid_queue_calls_offered_total)").len() == 2
    });
    assert_eq!(metric_total(&one.daemon().metrics(), "svarstid_corrections_total"), 0);

    let in_second = |row: &Value| {
        let from = row["from"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        from.as_millisecond() >= midnight
    };
    let whole = expected(&day.truth, |_| true);
    let increase = expected(&day.truth, in_second);
    let within = within_target(&day.truth);
    let mut compared: BTreeMap<&str, usize> = BTreeMap::new();
    let range = "{__name__=~\"svarstid_(queue|switchboard)_.*(_total|_count|_bucket|_sum)\"}[1h]";
    let recorded = prometheus.samples(range);
    let (mut samples, mut goals) = (0, 0);
    for (labels, values) in &recorded {
        samples += values.len();
        let label = |name: &str| labels[name].as_str().unwrap_or("").to_owned();
        for pair in values.windows(2) {
            assert!(pair[1] >= pair[0], "{labels} fell from {} to {}", pair[0], pair[1]);
        }
        let series = (label("__name__"), label("department"), label("le").replace(".0", ""));
        let (begin, end) = (values[0], values[values.len() - 1]);
        if let Some(count) = within.get(&series) {
            assert_eq!(end as i64, *count, "{series:?} at the end");
            goals += 1;
        }
        if let Some(count) = whole.get(&series) {
            let grown = increase.get(&series).copied().unwrap_or(0);
            assert_eq!(end as i64, *count, "{series:?} at the end");
            assert_eq!((end - begin) as i64, grown, "{series:?} between");
            *compared.entry(labels["instance"].as_str().unwrap()).or_default() += 1;
        }
    }
    println!(
        "prometheus: {} series, {samples} samples, compared with the truth {compared:?}",
        recorded.len()
    );
    assert_eq!((compared.len(), goals), (2, 2 * within.len()), "{within:?}");
    // Every counter of every department that the truth knows; of the buckets those that are shown.
    let is_bucket = |series: &&Series| series.0.ends_with("_bucket") && series.2 != "+Inf";
    let least = whole.keys().filter(|series| !is_bucket(series)).count();
    assert!(compared.values().all(|count| *count > least), "{compared:?}, {least}");
    assert!(!within.is_empty());
    let families: BTreeSet<&String> = whole.keys().map(|(family, ..)| family).collect();
    for family in families {
        let resets = prometheus.query(&format!("max(resets({family}[1h]))"));
        assert!(matches!(resets[..], [(_, 0.0)]), "{family}: {resets:?}");
    }
    one.stop();
    other.stop();
}

//! The simulated municipality's configuration, and the engine's document held against its truth.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeMap;

use serde_json::Value;
use svarstid::simulate::Parameters;

/// The configuration that fits the simulated municipality, as text.
pub(crate) fn configuration_text(parameters: &Parameters) -> String {
    let mut text = String::from("[switchboard]\ndepartment = \"kommunledning\"\n");
    let queues = parameters.queues();
    for department in &parameters.departments {
        let own: Vec<String> = queues
            .iter()
            .filter(|(_, of)| of.len() == 1 && of[0] == department.slug)
            .map(|(queue, _)| format!("\"{queue}\""))
            .collect();
        text += &format!(
            "[[department]]\nslug = \"{}\"\nname = \"{}\"\nqueues = [{}]\n",
            department.slug,
            department.name,
            own.join(", ")
        );
    }
    text
}

type Key = (String, String, String, String);

/// The counts of a row that truth tells too.
pub(crate) const COUNTS: [&str; 19] = [
    "offered",
    "outside_hours",
    "closed",
    "queued",
    "answered",
    "abandoned",
    "short_abandoned",
    "timed_out",
    "left_empty",
    "key_exit",
    "withdrawn",
    "callback",
    "overflowed",
    "lost_by_restart",
    "lost_track",
    "waiting",
    "transferred",
    "ring_no_answer",
    "rejected",
];

/// Rows by (from, department, place, queue), cut to what truth tells too.
fn rows(document: &Value) -> BTreeMap<Key, BTreeMap<String, Value>> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or("").to_owned();
    document["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let key = (
                text(row, "from"),
                text(row, "department"),
                text(row, "place"),
                text(row, "queue"),
            );
            let mut counts: BTreeMap<String, Value> =
                COUNTS.iter().map(|name| ((*name).to_owned(), row[*name].clone())).collect();
            for within in ["answered_within", "abandoned_within"] {
                counts.insert(within.to_owned(), row[within].clone());
            }
            let millis = |seconds: &Value| (seconds.as_f64().unwrap_or(0.0) * 1_000.0).round();
            let sum = match row.get("wait_ms") {
                Some(of_truth) => of_truth["sum"].as_f64().unwrap(),
                None => millis(&row["wait_seconds"]["sum"]),
            };
            let talk = match row.get("talk_ms") {
                Some(of_truth) => of_truth.as_f64().unwrap(),
                None => millis(&row["talk_seconds_sum"]),
            };
            counts.insert("wait_ms".to_owned(), sum.into());
            counts.insert("talk_ms".to_owned(), talk.into());
            (key, counts)
        })
        .collect()
}

/// Goals by (id, department): met, of, of_answered, of_offered.
fn goals(of: &Value) -> BTreeMap<(String, String), [i64; 4]> {
    of.as_array()
        .unwrap()
        .iter()
        .map(|goal| {
            let text = |key: &str| goal[key].as_str().unwrap_or("").to_owned();
            let count = |key: &str| goal[key].as_i64().unwrap();
            (
                (text("id"), text("department")),
                [count("met"), count("of"), count("of_answered"), count("of_offered")],
            )
        })
        .filter(|(_, counts)| *counts != [0; 4])
        .collect()
}

/// What contacts tell beside answers and waits, by (from, department, place, queue).
fn contacts(of: &Value) -> BTreeMap<Key, BTreeMap<String, i64>> {
    of["contacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or("").to_owned();
            let counts = row.as_object().unwrap().iter();
            let counts = counts.filter_map(|(name, n)| Some((name.clone(), n.as_i64()?)));
            ((text("from"), text("department"), text("place"), text("queue")), counts.collect())
        })
        .collect()
}

/// Fails with the first rows that differ.
#[track_caller]
pub(crate) fn assert_equal(truth: &Value, figures: &Value) {
    let (expected, found) = (rows(truth), rows(figures));
    let mut differing = Vec::new();
    for key in expected.keys().chain(found.keys()) {
        if expected.get(key) != found.get(key) {
            let fields: Vec<String> = expected
                .get(key)
                .into_iter()
                .flatten()
                .filter(|(name, value)| {
                    found.get(key).and_then(|row| row.get(*name)) != Some(value)
                })
                .map(|(name, value)| {
                    format!("{name}: {value} but {:?}", found.get(key).and_then(|r| r.get(name)))
                })
                .collect();
            differing.push(format!("{key:?} {}", fields.join(", ")));
        }
    }
    differing.dedup();
    assert!(
        differing.is_empty(),
        "{} rows differ:\n{}",
        differing.len(),
        differing[..differing.len().min(12)].join("\n")
    );
    assert_eq!(goals(&truth["totals"]), goals(&figures["goals"]));
    let (expected, found) = (contacts(truth), contacts(figures));
    for key in expected.keys().chain(found.keys()) {
        assert_eq!(expected.get(key), found.get(key), "{key:?}");
    }
}

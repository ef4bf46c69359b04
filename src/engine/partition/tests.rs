//! Where the anomalies of contacts are counted: by what is known of a contact in the end, in whatever
//! order it came and wherever commits fell between.

use serde_json::{Value, json};

use crate::config::Config;
use crate::domain::calendar::Day;
use crate::domain::units::Millis;
use crate::engine::chain::{self, Kind};
use crate::engine::days::Days;
use crate::engine::rebuild::Rebuild;
use crate::engine::{Engine, Settings};
use crate::wire::canonical::{Arrival, Decoder, Limits};
use crate::wire::identity::{IdKey, Pseudonyms};

const CONFIG: &str = r#"
[ledger]
storage = "memory"
[topics]
events = ["e"]
[switchboard]
department = "kansli"
[[department]]
slug = "kansli"
[[department]]
slug = "social"
queues = ["social"]
"#;

fn config() -> Config {
    Config::parse(CONFIG, &[]).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn engine() -> Engine {
    let config = config();
    let names = config.names();
    let rules = config.rules(&names);
    let pseudonyms = Pseudonyms::new(Some(b"caller"));
    let decoder = Decoder::new(names, IdKey::new(b"id"), pseudonyms, Limits::default());
    // Nothing is too late here.
    let settings = Settings { lateness: Millis::from_hours(900 * 24), ..Settings::from(&config) };
    let mut engine = Engine::new(settings, rules, decoder, Vec::new());
    engine.set_rules(&config);
    engine.open_partition("e", 0);
    engine
}

fn event(kind: &str, time: &str, place: Value) -> Value {
    let mut event = place;
    event["id"] = json!(format!("{kind} {time}"));
    event["type"] = json!(kind);
    event["time"] = json!(format!("{time}+02:00"));
    event["source"] = json!("vaxel");
    event["contact"] = json!("c");
    event
}

fn offered(time: &str) -> Value {
    event("contact.offered", time, json!({"place": "switchboard"}))
}

fn entered(time: &str) -> Value {
    event("queue.entered", time, json!({"queue": "social"}))
}

fn abandoned(time: &str) -> Value {
    event("contact.abandoned", time, json!({"queue": "social"}))
}

/// Of which the stay is made, if its beginning is not told.
fn abandoned_after_a_minute(time: &str) -> Value {
    event("contact.abandoned", time, json!({"queue": "social", "wait": 60}))
}

/// What is counted once all has been told, with a commit behind each event that is named; held against
/// who reads the records and, the rules being the same, who makes them anew.
fn told(events: &[&Value], commits: usize) -> Days {
    let (mut writer, mut reader, mut again) = (engine(), engine(), engine());
    let mut rebuild = Rebuild::new(&config(), Day::parse("2026-01-01").unwrap(), 1);
    for (offset, event) in events.iter().enumerate() {
        let bytes = event.to_string();
        let reason = writer.event_of(0, 0, offset as i64, bytes.as_bytes(), &Arrival::default());
        assert_eq!(reason, None, "{event}");
        let is_last = offset + 1 == events.len();
        if !is_last && commits & 1 << offset == 0 {
            continue;
        }
        while let Some((record, bytes, _)) = writer.cut_record(0, Vec::new(), None) {
            let envelope = chain::open(&bytes).unwrap();
            assert!(matches!(envelope.kind, Kind::Commit(..)));
            reader.read_commit(0, &envelope, None).unwrap();
            let made = rebuild.record(0, &bytes).unwrap().unwrap();
            again.read_commit(0, &chain::open(&made).unwrap(), None).unwrap();
            writer.read_commit(0, &envelope, Some(record)).unwrap();
        }
    }
    assert_eq!(reader.fold.days, writer.fold.days, "read");
    assert_eq!(again.fold.days, writer.fold.days, "made anew");
    writer.fold.days
}

/// All orders of a few.
fn orders(events: &[Value]) -> Vec<Vec<&Value>> {
    let mut all = vec![Vec::new()];
    for event in events {
        all = all
            .into_iter()
            .flat_map(|order| {
                (0..=order.len()).map(move |at| {
                    let mut order = order.clone();
                    order.insert(at, event);
                    order
                })
            })
            .collect();
    }
    all
}

/// In every order and with every choice of commits it is counted as at once; gives that.
fn same_in_any_order(events: &[Value]) -> Days {
    let at_once = told(&events.iter().collect::<Vec<_>>(), 0);
    for order in orders(events) {
        for commits in 0..1 << (events.len() - 1) {
            assert_eq!(told(&order, commits), at_once, "{order:#?}, commits {commits:b}");
        }
    }
    at_once
}

/// By day and department, with all of the kind.
fn anomalies(days: &Days, kind: &str) -> Vec<(String, u16, i64)> {
    let mut found = Vec::new();
    for day in ["2026-10-03", "2026-10-04", "2026-10-05", "2026-10-06"] {
        let from = Day::parse(day).unwrap();
        let span = (from, from.plus(1));
        for department in days.departments(span) {
            if let Some(n) = days.of(span, Some(department)).anomalies.get(kind) {
                found.push((day.to_owned(), department.0, *n));
            }
        }
    }
    found
}

#[test]
fn an_anomaly_moves_to_the_day_and_the_department_that_turn_out_to_be_the_first() {
    // The stay that is made of its end stays so: what comes later is of another place.
    let days =
        same_in_any_order(&[offered("2026-10-04T23:58:00"), abandoned("2026-10-05T00:02:00")]);
    let names = config().names();
    let kansli = names.departments.find("kansli").unwrap();
    assert_eq!(anomalies(&days, "reconstructed_start"), [("2026-10-04".to_owned(), kansli, 1)]);
}

#[test]
fn a_day_or_a_department_alone_moves_an_anomaly() {
    same_in_any_order(&[offered("2026-10-05T09:58:00"), abandoned("2026-10-05T10:02:00")]);
    same_in_any_order(&[
        abandoned("2026-10-04T23:59:59"),
        abandoned("2026-10-05T00:00:00"),
        abandoned("2026-10-05T00:02:00"),
    ]);
}

#[test]
fn an_anomaly_that_moved_and_then_proved_to_be_none_is_nowhere() {
    for end in [abandoned, abandoned_after_a_minute] {
        for day in ["2026-10-04T23:58:00", "2026-10-05T00:00:30"] {
            let days = same_in_any_order(&[
                offered(day),
                entered("2026-10-05T00:01:00"),
                end("2026-10-05T00:02:00"),
            ]);
            for kind in ["without_stay", "reconstructed_start"] {
                assert_eq!(anomalies(&days, kind), []);
            }
        }
    }
}

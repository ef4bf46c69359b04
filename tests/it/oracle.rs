//! The engine against the simulator's truth, which shares no code with it: a municipality's days
//! with every fault of the data, in any order, any spread and with any repeats.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use svarstid::config::Config;
use svarstid::domain::goal::Goal;
use svarstid::domain::units::Timestamp;
use svarstid::engine::{Engine, Settings};
use svarstid::report::Interval;
use svarstid::simulate::{Parameters, Record, Simulation};
use svarstid::wire::canonical::{Arrival, Decoder, Limits};
use svarstid::wire::identity::{IdKey, Pseudonyms};

use crate::support::truth::COUNTS;
pub(crate) use crate::support::truth::{assert_equal, configuration_text};

/// The configuration that fits the simulated municipality.
pub(crate) fn configuration(parameters: &Parameters) -> Config {
    let text = configuration_text(parameters);
    Config::parse(&text, &[]).unwrap_or_else(|faults| panic!("{faults:?}"))
}

pub(crate) fn engine(config: &Config) -> Engine {
    engine_with(config, Settings::from(config))
}

pub(crate) fn engine_with(config: &Config, settings: Settings) -> Engine {
    let names = config.names();
    let rules = config.rules(&names);
    let decoder = Decoder::new(
        names,
        IdKey::new(b"test"),
        Pseudonyms::new(Some(b"callers")),
        Limits::default(),
    );
    Engine::new(settings, rules, decoder, Vec::new())
}

fn parameters(seed: u64, from: &str, to: &str) -> Parameters {
    Parameters::new(seed, from.parse().unwrap(), to.parse().unwrap())
}

/// Feeds records to so many partitions by their key, committing every so many, and gives the
/// document by quarter-hour.
fn figures(config: &Config, records: &[Record], partitions: usize, commit_every: usize) -> Value {
    let mut engine = engine(config);
    for partition in 0..partitions {
        engine.open_partition("test", partition as i32);
    }
    for (offset, record) in records.iter().enumerate() {
        let arrival = Arrival { record_time: None, content_type_cloudevents: false };
        let own = record
            .key
            .bytes()
            .fold(7usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)))
            % partitions;
        for partition in 0..partitions {
            if record.every_partition || partition == own {
                engine.event(partition, offset as i64, record.payload.as_bytes(), &arrival);
            }
        }
        if (offset + 1) % commit_every == 0 {
            engine.commit();
        }
    }
    engine.tick();
    let now = engine.last_event().unwrap_or(Timestamp(0));
    serde_json::from_str(&engine.document(Interval::Quarter, now).to_json()).unwrap()
}

#[test]
fn a_month_with_every_fault_gives_the_truth() {
    let parameters =
        Parameters { restarts_per_week: 5, ..parameters(1, "2026-10-01", "2026-11-01") };
    let config = configuration(&parameters);
    let mut simulation = Simulation::new(parameters).unwrap();
    let records: Vec<Record> = simulation.by_ref().collect();
    let truth = simulation.into_truth().to_json();
    let figures = figures(&config, &records, 3, 997);
    assert_equal(&truth, &figures);
    assert!(figures["quality"]["repeats"].as_i64().unwrap() > 100);
    assert_eq!(figures["quality"]["late"], 0);
}

/// Quarter-hours sum to hours, days and months, departments to the total, and every row keeps the
/// identities.
#[test]
fn every_interval_adds_up_to_the_same() {
    let parameters = parameters(5, "2026-09-28", "2026-10-08");
    let config = configuration(&parameters);
    let mut engine = engine(&config);
    engine.open_partition("test", 0);
    for (offset, record) in Simulation::new(parameters).unwrap().enumerate() {
        engine.event(0, offset as i64, record.payload.as_bytes(), &Arrival::default());
    }
    engine.tick();
    let now = engine.last_event().unwrap();
    let sums = |rows: &Value| -> BTreeMap<String, i64> {
        let mut sums = BTreeMap::new();
        for row in rows.as_array().unwrap() {
            let count = |name: &str| row[name].as_i64().unwrap();
            let rejected: i64 =
                row["rejected"].as_object().unwrap().values().map(|n| n.as_i64().unwrap()).sum();
            assert_eq!(count("offered"), count("closed") + rejected + count("queued"), "{row}");
            let ends = [
                "answered",
                "abandoned",
                "timed_out",
                "key_exit",
                "withdrawn",
                "callback",
                "left_empty",
                "overflowed",
                "lost_by_restart",
                "lost_track",
                "waiting",
            ];
            assert_eq!(count("queued"), ends.into_iter().map(count).sum::<i64>(), "{row}");
            assert!(count("short_abandoned") <= count("abandoned"), "{row}");
            assert_eq!(row["answered_wait_seconds"]["count"], row["answered"], "{row}");
            for name in COUNTS.into_iter().filter(|name| *name != "rejected") {
                *sums.entry(name.to_owned()).or_default() += count(name);
            }
            let millis = (row["wait_seconds"]["sum"].as_f64().unwrap() * 1_000.0).round() as i64;
            *sums.entry("wait".to_owned()).or_default() += millis;
        }
        sums
    };
    let document = |interval| -> Value {
        serde_json::from_str(&engine.document(interval, now).to_json()).unwrap()
    };
    let months = document(Interval::Month);
    let expected = sums(&months["totals"]);
    assert!(expected["offered"] > 5_000);
    for interval in [Interval::Quarter, Interval::Hour, Interval::Day, Interval::Month] {
        assert_eq!(sums(&document(interval)["rows"]), expected, "{interval:?}");
    }
    for goal in Goal::ALL {
        let of = |who: &dyn Fn(&Value) -> bool| -> i64 {
            let rows = months["goals"].as_array().unwrap().iter();
            rows.filter(|row| row["id"] == goal.id() && who(&row["department"]))
                .map(|row| row["met"].as_i64().unwrap())
                .sum()
        };
        assert_eq!(of(&Value::is_null), of(&|who| !who.is_null()), "{goal:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Displacement up to the lateness, any interleaving, any repeats, any spread over partitions
    /// and any size of batch: the same figures.
    #[test]
    fn order_repeats_and_spread_change_nothing(
        seed in 0u64..1_000,
        partitions in 1usize..5,
        commit_every in 1usize..3_000,
        displacement_hours in 0i64..=24,
        shuffle in any::<u64>(),
    ) {
        let parameters = Parameters {
            scale: 0.4,
            restarts_per_week: 20,
            ..parameters(seed, "2026-10-05", "2026-10-07")
        };
        let config = configuration(&parameters);
        let mut simulation = Simulation::new(parameters).unwrap();
        let mut records: Vec<Record> = simulation.by_ref().collect();
        let truth = simulation.into_truth().to_json();
        let time = |record: &Record| {
            let event: Value = serde_json::from_str(&record.payload).unwrap();
            event["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond()
        };
        // An event comes when the others' clocks are at most the displacement ahead of it.
        let mut state = shuffle | 1;
        let mut chance = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut placed: Vec<(i64, u64, Record)> = records
            .drain(..)
            .map(|record| {
                let moved = if displacement_hours == 0 {
                    0
                } else {
                    (chance() % (displacement_hours as u64 * 3_600_000)) as i64
                };
                (time(&record) + moved, chance(), record)
            })
            .collect();
        let again: Vec<(i64, u64, Record)> = placed
            .iter()
            .filter(|(_, dice, _)| dice % 7 == 0)
            .map(|(at, dice, record)| (*at, dice.wrapping_mul(31), record.clone()))
            .collect();
        placed.extend(again);
        placed.sort_by_key(|(at, dice, _)| (*at, *dice));
        let shuffled: Vec<Record> = placed.into_iter().map(|(_, _, record)| record).collect();
        assert_equal(&truth, &figures(&config, &shuffled, partitions, commit_every));
    }
}

//! Rolling windows against recounting every call, and histograms against the sorted list.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use serde_json::Value;
use svarstid::domain::goal::Goal;
use svarstid::domain::snapshot::{PERCENTILES, Window};
use svarstid::domain::units::{Share, Timestamp};
use svarstid::simulate::{Parameters, Simulation, erlang_a};
use svarstid::wire::canonical::Arrival;

use crate::oracle::{configuration, engine};

/// One stay, recounted from its events: whole municipality, no faults in the data.
#[derive(Clone, Debug, Default)]
struct Call {
    contact: String,
    switchboard: bool,
    department: String,
    offered: i64,
    exit: Option<(i64, String)>,
    /// When the contact was last heard of.
    heard: i64,
    refused: Option<String>,
}

const MINUTE: i64 = 60_000;

fn call_list(payloads: &[Value]) -> Vec<Call> {
    let mut calls: BTreeMap<String, Call> = BTreeMap::new();
    for event in payloads {
        let Some(segment) = event["segment"].as_str() else { continue };
        let text = |key: &str| event[key].as_str().unwrap_or("").to_owned();
        let time = millis(event);
        let key = format!("{}/{segment}", text("contact"));
        let call = calls.entry(key).or_default();
        match event["type"].as_str().unwrap() {
            "contact.offered" => {
                call.contact = text("contact");
                call.switchboard = event["place"] == "switchboard";
                call.department = text("department");
                call.offered = time;
            }
            "contact.answered" => call.exit = Some((time, "answered".into())),
            "contact.abandoned" => call.exit = Some((time, "abandoned".into())),
            "queue.left" => call.exit = Some((time, text("disposition"))),
            "queue.rejected" => call.refused = Some(text("reason")),
            _ => {}
        }
    }
    let mut heard: BTreeMap<String, i64> = BTreeMap::new();
    for event in payloads {
        if let Some(contact) = event["contact"].as_str() {
            let last = heard.entry(contact.to_owned()).or_default();
            *last = (*last).max(millis(event));
        }
    }
    let mut calls: Vec<Call> = calls.into_values().collect();
    // Where a question by e-mail was settled is of no call.
    calls.retain(|call| !call.contact.is_empty());
    calls.iter_mut().for_each(|call| call.heard = heard[&call.contact]);
    calls.sort_by(|a, b| (&a.contact, a.offered).cmp(&(&b.contact, b.offered)));
    calls
}

fn millis(event: &Value) -> i64 {
    event["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// (goal, moment of the verdict, met) of every decided call, as the definitions say it.
fn verdicts(
    calls: &[Call],
    now: i64,
    frontier: i64,
    open: impl Fn(i64) -> bool,
) -> Vec<(Goal, i64, bool)> {
    let mut verdicts = Vec::new();
    // A few calls vanish: nothing is heard of them for six hours, then they are lost track of.
    let calls = calls.iter().map(|call| {
        let lost = call.heard + 6 * 60 * MINUTE;
        let vanished = call.exit.is_none() && call.refused.is_none() && lost <= frontier;
        let exit = if vanished { Some((lost, "lost_track".into())) } else { call.exit.clone() };
        Call { exit, ..call.clone() }
    });
    for call in calls.filter(|call| open(call.offered)) {
        let wait = call.exit.as_ref().map(|(at, _)| at - call.offered);
        let short = matches!(&call.exit, Some((_, how)) if how == "abandoned")
            && wait.is_some_and(|wait| wait <= 5_000);
        let answered = matches!(&call.exit, Some((_, how)) if how == "answered");
        if call.switchboard {
            let by = call.offered + 15_000;
            if call.refused.is_some() || short || (call.exit.is_none() && now <= by) {
                continue;
            }
            let at = call.exit.as_ref().map_or(by, |(at, _)| *at).min(by);
            verdicts.push((Goal::Sm1, at, answered && wait.unwrap() <= 15_000));
        } else if let (None, Some((at, how)), false) = (&call.refused, &call.exit, short) {
            verdicts.push((Goal::Sm3, *at, how == "abandoned"));
        }
    }
    verdicts
}

#[test]
fn windows_equal_recounting_every_call() {
    let parameters = Parameters {
        faults: false,
        restarts_per_week: 0,
        scale: 3.0,
        ..Parameters::new(3, "2026-10-05".parse().unwrap(), "2026-10-08".parse().unwrap())
    };
    let config = configuration(&parameters);
    let records: Vec<_> = Simulation::new(parameters).unwrap().collect();
    let events: Vec<Value> =
        records.iter().map(|record| serde_json::from_str(&record.payload).unwrap()).collect();
    let mut engine = engine(&config);
    engine.open_partition("test", 0);
    let opens = |at: i64| engine_open(&config, at);
    let day = 24 * 60 * MINUTE;
    let first = 1_791_158_400_000; // 2026-10-05T00:00Z; local midnight was two hours before.
    let mut fed = 0;
    let mut compared = 0;
    for now in (0..3).flat_map(|d| {
        (6 * 60..16 * 60).step_by(19).map(move |m| first + d * day + m * MINUTE + 31_700)
    }) {
        while fed < records.len() && millis(&events[fed]) <= now {
            let arrival = Arrival::default();
            engine.event(0, fed as i64, records[fed].payload.as_bytes(), &arrival);
            fed += 1;
        }
        engine.commit();
        let snapshot = engine.snapshot(Timestamp(now));
        let seen: Vec<Value> = events[..fed]
            .iter()
            .filter(|event| millis(event) > now - 20 * 60 * MINUTE * 60)
            .cloned()
            .collect();
        let calls = call_list(&seen[seen.len().saturating_sub(60_000)..]);
        let frontier = engine.partitions()[0].watermark.unwrap_or_default().0;
        let verdicts = verdicts(&calls, now, frontier, opens);
        let cut = now / MINUTE * MINUTE;
        for (window, minutes) in [(Window::QuarterHour, 15), (Window::Hour, 60)] {
            for goal in [Goal::Sm1, Goal::Sm3] {
                let inside = verdicts.iter().filter(|(of, at, _)| {
                    *of == goal && (cut - minutes * MINUTE..cut).contains(at)
                });
                let expected = Share {
                    met: inside.clone().filter(|(.., met)| *met).count() as i64,
                    of: inside.count() as i64,
                };
                let found = snapshot.all.goal(window, goal).share;
                assert_eq!(found, expected, "{goal:?} {window:?} at {now}");
                compared += expected.of;
            }
        }
        // Today's queue waits: HDR percentiles against the sorted list.
        let midnight = first + (now - first) / day * day - 2 * 60 * MINUTE;
        let mut waits: Vec<i64> = calls
            .iter()
            .filter(|call| !call.switchboard && call.refused.is_none() && call.offered >= midnight)
            .filter_map(|call| Some(call.exit.as_ref()?.0 - call.offered))
            .collect();
        waits.sort_unstable();
        let today = &snapshot.all.windows[Window::Today as usize];
        let Some(shown) = today.queue_wait else {
            assert!(waits.is_empty());
            continue;
        };
        assert_eq!(shown.count, waits.len() as i64);
        for ((_, quantile), at) in PERCENTILES.into_iter().zip(shown.at) {
            let rank = ((quantile * waits.len() as f64).ceil() as usize).clamp(1, waits.len());
            let exact = waits[rank - 1];
            assert!(
                (at.0 - exact).abs() as f64 <= exact as f64 / 1_000.0 + 1.0,
                "{quantile}: {} is not within a thousandth of {exact}",
                at.0
            );
        }
    }
    assert!(compared > 4_000, "only {compared} verdicts were compared");
}

fn engine_open(config: &svarstid::config::Config, at: i64) -> bool {
    let names = config.names();
    thread_local! {
        static RULES: std::cell::OnceCell<svarstid::domain::rules::Rules> =
            const { std::cell::OnceCell::new() };
    }
    RULES.with(|rules| {
        let rules = rules.get_or_init(|| config.rules(&names));
        rules.is_open(svarstid::domain::ids::Department(1), Timestamp(at))
    })
}

/// (staff, abandoned of offered, within 300 s of answered, within 300 s of offered) in percent.
const ERLANG_A: [(u16, [f64; 3]); 5] = [
    (4, [27.337, 90.525, 65.779]),
    (5, [16.120, 96.902, 81.282]),
    (6, [8.732, 99.128, 90.472]),
    (7, [4.366, 99.784, 95.427]),
    (8, [2.024, 99.952, 97.929]),
];

/// Queueing theory's own answers, through bytes, engine and document: 400 000 calls a row, three
/// standard errors by batches of two days (2 880 calls).
#[test]
fn the_erlang_a_table_comes_out() {
    const CALLS: u32 = 405_000;
    for (staff, expected) in ERLANG_A {
        let config = svarstid::config::Config::parse(
            "[opening.default]\nmonday = [\"00:00-24:00\"]\ntuesday = [\"00:00-24:00\"]\n\
             wednesday = [\"00:00-24:00\"]\nthursday = [\"00:00-24:00\"]\n\
             friday = [\"00:00-24:00\"]\nsaturday = [\"00:00-24:00\"]\n\
             sunday = [\"00:00-24:00\"]\npublic_holidays = \"open\"\n\
             [[department]]\nslug = \"erlang\"\nname = \"Erlang\"\n",
            &[],
        )
        .unwrap_or_else(|faults| panic!("{faults:?}"));
        let mut engine = engine(&config);
        engine.open_partition("test", 0);
        for (offset, record) in erlang_a(staff, CALLS, 20 + u64::from(staff)).enumerate() {
            engine.event(0, offset as i64, record.payload.as_bytes(), &Arrival::default());
            if offset % 10_000 == 0 {
                engine.commit();
            }
        }
        engine.tick();
        let now = engine.last_event().unwrap();
        let document = engine.document(svarstid::report::Interval::Day, now).to_json();
        let document: Value = serde_json::from_str(&document).unwrap();
        let days: Vec<[f64; 4]> = document["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let n = |value: &Value| value.as_f64().unwrap();
                [
                    n(&row["abandoned"]),
                    n(&row["answered_within"]["300"]),
                    n(&row["answered"]),
                    n(&row["offered"]),
                ]
            })
            .collect();
        let batches: Vec<[f64; 4]> = days[1..]
            .chunks_exact(2)
            .map(|two| std::array::from_fn(|at| two[0][at] + two[1][at]))
            .collect();
        let offered: f64 = batches.iter().map(|batch| batch[3]).sum();
        assert!(offered >= 400_000.0, "{offered} calls");
        for (which, (of, in_percent)) in
            [(0, 3), (1, 2), (1, 3)].into_iter().zip(expected).enumerate()
        {
            let (num, den) = of;
            let ratio = batches.iter().map(|b| b[num]).sum::<f64>()
                / batches.iter().map(|b| b[den]).sum::<f64>();
            // The standard error of a ratio by batch means.
            let mean = batches.iter().map(|b| b[den]).sum::<f64>() / batches.len() as f64;
            let squares: f64 = batches.iter().map(|b| (b[num] - ratio * b[den]).powi(2)).sum();
            let n = batches.len() as f64;
            let error = (squares / (n * (n - 1.0))).sqrt() / mean;
            let off = (ratio - in_percent / 100.0) / error;
            assert!(
                off.abs() <= 3.0,
                "staff {staff}, figure {which}: {:.3} % is {off:.1} standard errors from {in_percent}",
                ratio * 100.0
            );
        }
    }
}

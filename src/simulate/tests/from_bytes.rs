//! The truth once more, from nothing but the bytes that were delivered.

use std::collections::BTreeMap;

use jiff::civil::date;
use serde_json::Value;

use super::super::{GoalId, Parameters, Record, Simulation, calendar};

/// One stay, read from JSON.
#[derive(Debug)]
struct Stay {
    offered: i64,
    department: String,
    queue: Option<String>,
    open: bool,
    end: &'static str,
    at: i64,
    talk_ms: i64,
    passed: i64,
    no_answer: i64,
}

/// The ends in order of strength.
const STRENGTH: [&str; 10] = [
    "answered",
    "callback",
    "withdrawn",
    "key_exit",
    "timed_out",
    "overflowed",
    "left_empty",
    "abandoned",
    "lost_by_restart",
    "lost_track",
];

fn milliseconds(event: &Value) -> i64 {
    let time: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
    time.as_millisecond()
}

fn is_open(ms: i64) -> bool {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap();
    let local = time.in_tz("Europe/Stockholm").unwrap();
    let minutes = i32::from(local.hour()) * 60 + i32::from(local.minute());
    calendar::is_working_day(local.date()) && (450..990).contains(&minutes)
}

/// All stays of all contacts, by contact and in order of their offers.
fn stays(records: &[Record]) -> Vec<Vec<Stay>> {
    let events: BTreeMap<String, Value> = records
        .iter()
        .map(|record| serde_json::from_str::<Value>(&record.payload).unwrap())
        .map(|event| (event["id"].as_str().unwrap().to_owned(), event))
        .collect();
    let end = events.values().map(milliseconds).max().unwrap();
    let restarts: Vec<(&str, i64)> = events
        .values()
        .filter(|event| event["type"] == "system.started")
        .map(|event| (event["source"].as_str().unwrap(), milliseconds(event)))
        .collect();
    let mut contacts: BTreeMap<&str, BTreeMap<&str, Vec<&Value>>> = BTreeMap::new();
    for event in events.values() {
        if let (Some(contact), Some(segment)) =
            (event["contact"].as_str(), event["segment"].as_str())
        {
            contacts.entry(contact).or_default().entry(segment).or_default().push(event);
        }
    }
    let mut all = Vec::new();
    for segments in contacts.values() {
        let last = segments.values().flatten().map(|event| milliseconds(event)).max().unwrap();
        let mut stays: Vec<Stay> =
            segments.values().map(|events| stay(events, &restarts, last, end)).collect();
        stays.sort_by_key(|stay| stay.offered);
        all.push(stays);
    }
    all
}

fn stay(events: &[&Value], restarts: &[(&str, i64)], last: i64, end: i64) -> Stay {
    let of = |kind: &'static str| events.iter().copied().filter(move |event| event["type"] == kind);
    let offer = of("contact.offered").next().unwrap();
    let offered = milliseconds(offer);
    let mut exits: Vec<(i64, &'static str)> = Vec::new();
    exits.extend(of("contact.answered").map(|event| (milliseconds(event), "answered")));
    exits.extend(of("contact.abandoned").map(|event| (milliseconds(event), "abandoned")));
    exits.extend(of("queue.left").map(|event| {
        let how = event["disposition"].as_str().unwrap();
        (milliseconds(event), *STRENGTH.iter().find(|&&name| name == how).unwrap())
    }));
    let restart = restarts
        .iter()
        .filter(|&&(source, at)| offer["source"].as_str() == Some(source) && at > offered)
        .map(|&(_, at)| at)
        .min();
    exits.extend(restart.map(|at| (at, "lost_by_restart")));
    let lost_at = last.max(offered) + 6 * 3_600_000;
    exits.extend((lost_at <= end).then_some((lost_at, "lost_track")));
    exits.sort_unstable();
    let first = exits.first().map_or(i64::MAX, |&(at, _)| at);
    let strength = |name: &str| STRENGTH.iter().position(|&other| other == name);
    let (mut at, mut how) = exits
        .into_iter()
        .filter(|&(at, _)| at - first <= 5_000)
        .min_by_key(|&(_, name)| strength(name))
        .unwrap_or((offered, "waiting"));
    if let Some(rejected) = of("queue.rejected").next() {
        at = offered;
        how = match rejected["reason"].as_str().unwrap() {
            "closed" => "closed",
            "full" => "full",
            "no_agent" => "no_agent",
            _ => "diverted",
        };
    }
    Stay {
        offered,
        department: offer["department"].as_str().unwrap().to_owned(),
        queue: offer["queue"].as_str().map(str::to_owned),
        open: is_open(offered),
        end: how,
        at,
        talk_ms: of("contact.ended").filter_map(|event| event["talk_ms"].as_i64()).sum(),
        passed: of("contact.passed").count() as i64,
        no_answer: of("contact.no_answer").count() as i64,
    }
}

#[test]
fn the_truth_can_be_read_from_the_bytes() {
    let mut parameters = Parameters::new(12, date(2026, 3, 23), date(2026, 4, 4));
    parameters.scale = 2.0;
    parameters.restarts_per_week = 5;
    let records: Vec<Record> = Simulation::new(parameters.clone()).unwrap().collect();
    let truth = Simulation::new(parameters).unwrap().into_truth();

    type Counts = BTreeMap<&'static str, i64>;
    let mut rows: BTreeMap<(i64, String, Option<String>), Counts> = BTreeMap::new();
    let mut goals: BTreeMap<(GoalId, String), [i64; 4]> = BTreeMap::new();
    let mut goal = |id, of: &str, counts: [bool; 4]| {
        let sum = goals.entry((id, of.to_owned())).or_default();
        for (sum, counted) in sum.iter_mut().zip(counts) {
            *sum += i64::from(counted);
        }
    };
    for contact in stays(&records) {
        let mut visit: Option<i64> = None;
        let mut contact = contact.iter().peekable();
        let mut visit_open = false;
        let mut visit_of = "";
        while let Some(stay) = contact.next() {
            let from = stay.offered.div_euclid(900_000) * 900_000;
            let row = rows.entry((from, stay.department.clone(), stay.queue.clone())).or_default();
            let mut count = |name, by| *row.entry(name).or_default() += by;
            count("offered", 1);
            count(stay.end, 1);
            count("outside_hours", i64::from(!stay.open));
            count("talk_ms", stay.talk_ms);
            count("ring_no_answer", stay.no_answer);
            let wait = (stay.at - stay.offered).max(0);
            let answered = stay.end == "answered";
            let abandoned = stay.end == "abandoned";
            let short = abandoned && wait <= 5_000;
            count("short_abandoned", i64::from(short));
            if answered {
                count("transferred", stay.passed);
            }
            if STRENGTH[..8].contains(&stay.end) {
                count("wait_sum", wait);
            }
            let open = stay.open;
            let of = &stay.department;
            if stay.queue.is_none() {
                let counted = !short && stay.end != "closed" && stay.end != "waiting";
                let met = answered && wait <= 15_000;
                goal(GoalId::SM1, of, [open && met, open && counted, open && answered, true]);
                if answered {
                    visit = None;
                }
                continue;
            }
            let refused = ["closed", "full", "no_agent", "diverted"].contains(&stay.end);
            let counted = open && !refused && !short;
            let lost = open && abandoned && !short;
            goal(GoalId::SM3, of, [lost, counted, open && answered, true]);
            let waited = counted && !(answered && wait == 0);
            goal(GoalId::SM3W, of, [lost, waited, open && answered, true]);
            let start = *visit.get_or_insert_with(|| {
                visit_open = open;
                visit_of = of;
                stay.offered
            });
            let answered_between = contact.peek().is_none_or(|after| after.queue.is_none());
            if answered || answered_between {
                // In the simulation whoever comes back to the operators either is answered or
                // hangs up, so the visit is over.
                let wait = stay.at - start;
                let short = abandoned && wait <= 5_000;
                let counted = !short && stay.end != "closed" && stay.end != "waiting";
                let met = answered && wait <= 300_000;
                goal(
                    GoalId::SM2,
                    visit_of,
                    [visit_open && met, visit_open && counted, visit_open && answered, true],
                );
                visit = None;
            }
        }
    }

    let mut compared = 0;
    for (key, row) in truth.rows() {
        let counts = &rows[&(key.from_ms, key.department.clone(), key.queue.clone())];
        let count = |name| counts.get(name).copied().unwrap_or(0);
        let told = [
            ("offered", row.offered),
            ("outside_hours", row.outside_hours),
            ("closed", row.closed),
            ("full", row.rejected.full),
            ("no_agent", row.rejected.no_agent),
            ("diverted", row.rejected.diverted),
            ("answered", row.answered),
            ("abandoned", row.abandoned),
            ("short_abandoned", row.short_abandoned),
            ("timed_out", row.timed_out),
            ("left_empty", row.left_empty),
            ("key_exit", row.key_exit),
            ("withdrawn", row.withdrawn),
            ("callback", row.callback),
            ("overflowed", row.overflowed),
            ("lost_by_restart", row.lost_by_restart),
            ("lost_track", row.lost_track),
            ("waiting", row.waiting),
            ("wait_sum", row.wait_ms.sum),
            ("talk_ms", row.talk_ms),
            ("transferred", row.transferred),
            ("ring_no_answer", row.ring_no_answer),
        ];
        for (name, value) in told {
            assert_eq!(count(name), value, "{name} of {key:?}");
        }
        compared += 1;
    }
    assert_eq!(compared, rows.len());
    for ((id, department), [met, of, of_answered, of_offered]) in goals {
        let told = truth.goal(id, Some(&department));
        let expected = [told.met, told.of, told.of_answered, told.of_offered];
        assert_eq!([met, of, of_answered, of_offered], expected, "{id:?} of {department}");
    }
}

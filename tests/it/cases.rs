//! Edge cases of calls, each as a short script of canonical events and the figures by hand.
//!
//! A line of a script is `TIME EVENT PLACE CALL [key=value …]`. Times are local, on Monday
//! 2026-10-05 unless a day of October or a date stands before them (`06T08:00:00`,
//! `12-31T08:00:00+01:00`); without an offset it is that of summer, and `local` is no offset. The
//! place is `vx` (the
//! switchboard), the name of a queue, or `-` where the source does not say. After a colon stands
//! how a caller left or why one was refused: `left:callback`, `refused:closed`. Keys: `id` (by
//! default each line has its own), `seg`, `wait` and `talk` in milliseconds, `dept`, `source`, and
//! of questions `about` (the question's id), `by` (human or automatic), `channel`, `outcome` and `matter`
//! (whose it is), of passes `by` and `to`, of ends `wrap`, of offers `direct` and `caller` (the number).
//!
//! Figures are written `vx.answered=1`, `q.wait_seconds.sum=12`, `SM1.met=1`, `FCR@social.of=1`,
//! `quality.open_contacts=0`; before a place may stand the department and before that the day:
//! `10-06:kultur/turist.offered=1`. With `~` before them they are of the document's `contacts`:
//! `~vx.passed_by_name=1`. A figure that is not in the document is 0.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use svarstid::config::Config;
use svarstid::report::Interval;
use svarstid::wire::canonical::Arrival;

use crate::oracle::engine;

/// The switchboard and the pool belong to `kansli`; `dygn` never closes; the queue `turist` moves
/// from `kultur` to `kansli` on the 15th. Office hours are 07:30–16:30.
pub(crate) const CONFIG: &str = r#"
[switchboard]
department = "kansli"
[[department]]
slug = "kansli"
queues = ["pool"]
[[department]]
slug = "social"
queues = ["social"]
[[department]]
slug = "kultur"
[[department]]
slug = "dygn"
opening = "dygn"
queues = ["dygn"]
[[queue]]
name = "turist"
department = "kultur"
[[queue]]
name = "turist"
department = "kansli"
valid_from = 2026-10-15
[opening.dygn]
monday = ["00:00-24:00"]
tuesday = ["00:00-24:00"]
wednesday = ["00:00-24:00"]
thursday = ["00:00-24:00"]
friday = ["00:00-24:00"]
saturday = ["00:00-24:00"]
sunday = ["00:00-24:00"]
public_holidays = "open"
"#;

/// `06`, `10-06` and `2026-10-06` are the same day.
fn date(day: &str) -> String {
    match day.len() {
        2 => format!("2026-10-{day}"),
        5 => format!("2026-{day}"),
        _ => day.to_owned(),
    }
}

/// One line of a script as an event.
pub(crate) fn event(number: usize, line: &str) -> String {
    let mut words = line.split_whitespace();
    let mut word = || words.next().unwrap_or_else(|| panic!("{line:?} is cut short"));
    let (time, name, place, call) = (word(), word(), word(), word());
    let (day, time) = time.split_once('T').unwrap_or(("05", time));
    let (name, how) = name.split_once(':').unwrap_or((name, ""));
    let kind = match name {
        "offered" => "contact.offered",
        "entered" => "queue.entered",
        "refused" => "queue.rejected",
        "machine" => "contact.met_by_machine",
        "rings" => "contact.ringing",
        "noanswer" => "contact.no_answer",
        "answered" => "contact.answered",
        "hungup" => "contact.abandoned",
        "left" => "queue.left",
        "passed" => "contact.passed",
        "ended" => "contact.ended",
        "resolved" => "contact.resolved",
        "escalated" => "contact.escalated",
        "received" => "question.received",
        "replied" => "question.replied",
        "moved" => "question.reclassified",
        "shut" => "question.closed",
        "promised" => "callback.promised",
        "tried" => "callback.attempted",
        "kept" => "callback.kept",
        "expired" => "callback.expired",
        "restart" => "system.started",
        other => other,
    };
    let mut event = Map::new();
    event.insert("id".into(), json!(format!("line {number}")));
    event.insert("type".into(), json!(kind));
    let time = match time.strip_suffix("local") {
        Some(time) => time.to_owned(),
        None if time.contains('+') => time.to_owned(),
        None => format!("{time}+02:00"),
    };
    event.insert("time".into(), json!(format!("{}T{time}", date(day))));
    event.insert("source".into(), json!("pbx"));
    match place {
        "-" => {}
        "vx" => drop(event.insert("place".into(), json!("switchboard"))),
        queue => drop(event.insert("queue".into(), json!(queue))),
    }
    match name {
        "refused" => drop(event.insert("reason".into(), json!(how))),
        "left" => drop(event.insert("disposition".into(), json!(how))),
        _ => assert_eq!(how, "", "{line}"),
    }
    if call != "-" {
        event.insert("contact".into(), json!(call));
    }
    for pair in words {
        let (key, value) = pair.split_once('=').unwrap_or_else(|| panic!("{pair:?} is no pair"));
        let millis = || json!(value.parse::<i64>().expect("milliseconds"));
        match key {
            "id" => event.insert("id".into(), json!(value)),
            "seg" => event.insert("segment".into(), json!(value)),
            "dept" => event.insert("department".into(), json!(value)),
            "caller" => event.insert("caller".into(), json!(value)),
            "about" => event.insert("question".into(), json!(value)),
            // Who replied, or by what a call was passed on.
            "by" => {
                event.insert(if name == "passed" { "by" } else { "by_whom" }.into(), json!(value))
            }
            "channel" => event.insert("channel".into(), json!(value)),
            "outcome" => event.insert("outcome".into(), json!(value)),
            "source" => event.insert("source".into(), json!(value)),
            "to" => event.insert("to".into(), json!(value)),
            "matter" => event.insert("matter_department".into(), json!(value)),
            "direct" => event.insert("direct".into(), json!(value == "true")),
            "wrap" => event.insert("wrap_up_ms".into(), millis()),
            "wait" => event.insert("wait_ms".into(), millis()),
            "talk" => event.insert("talk_ms".into(), millis()),
            other => panic!("no key is called {other:?}"),
        };
    }
    Value::Object(event).to_string()
}

/// The document by the day after these events, committing every so many.
fn figures<'e>(events: impl IntoIterator<Item = &'e String>, commit_every: usize) -> Value {
    let config = Config::parse(CONFIG, &[]).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut engine = engine(&config);
    let partition = engine.open_partition("cases", 0);
    for (offset, event) in events.into_iter().enumerate() {
        engine.event(partition, offset as i64, event.as_bytes(), &Arrival::default());
        if (offset + 1) % commit_every == 0 {
            engine.commit();
        }
    }
    engine.tick();
    let now = engine.last_event().expect("a script has events");
    let json = engine.document(Interval::Day, now).to_json();
    serde_json::from_str(&json).expect("the document is JSON")
}

/// Plays a script and compares figures with those by hand. The order of arrival, and whether
/// every event comes once or twice, change nothing.
#[track_caller]
pub(crate) fn check(script: &str, expected: &str) {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    let events: Vec<String> = lines.enumerate().map(|(number, line)| event(number, line)).collect();
    let document = figures(&events, if events.len() > 100 { 1_000 } else { 1 });
    for row in document["totals"].as_array().expect("an array") {
        identities(row);
    }
    for pair in expected.split_whitespace() {
        let (path, value) = pair.split_once('=').expect("figures are pairs");
        let found = figure(&document, path);
        assert_eq!(found, value, "{path} of\n{script}\nin\n{document:#}");
    }
    for other in [
        figures(events.iter().rev(), usize::MAX),
        figures(events.iter().chain(&events), usize::MAX),
        figures(events.iter().rev().chain(&events), 2_000),
    ] {
        for part in ["rows", "totals", "goals", "contacts"] {
            assert_eq!(other[part], document[part], "{part} of\n{script}");
        }
        // What is odd about a contact, not about a record: that counts each time it comes.
        for anomaly in ["negative_wait", "reconstructed_start", "not_reconstructed", "without_stay"]
        {
            let of = |document: &Value| document["quality"]["anomalies"][anomaly].clone();
            assert_eq!(of(&other), of(&document), "{anomaly} of\n{script}");
        }
    }
}

/// What always holds of a row.
#[track_caller]
fn identities(row: &Value) {
    let count = |name: &str| row[name].as_i64().expect("a count");
    let rejected: i64 = ["full", "no_agent", "diverted"]
        .into_iter()
        .map(|reason| row["rejected"][reason].as_i64().expect("a count"))
        .sum();
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
    assert_eq!(row["abandoned_wait_seconds"]["count"], row["abandoned"], "{row}");
}

fn figure(document: &Value, path: &str) -> String {
    let (whose, field) = path.split_once('.').expect("a figure is somebody's");
    let pointer = format!("/{}", field.replace('.', "/"));
    let found = if whose == "quality" {
        document["quality"].pointer(&pointer)
    } else if ["SM", "FCR", "REPEATS"].iter().any(|id| whose.starts_with(id)) {
        let (id, department) = whose.split_once('@').unzip();
        let goals = document["goals"].as_array().expect("an array").iter();
        let mut of_whom = goals.filter(|goal| {
            goal["id"] == id.unwrap_or(whose) && goal["department"].as_str() == department
        });
        of_whom.next().and_then(|goal| goal.pointer(&pointer))
    } else {
        let of_contacts = whose.strip_prefix('~');
        let whose = of_contacts.unwrap_or(whose);
        let (day, whose) = whose.split_once(':').unwrap_or(("", whose));
        let (department, place) = whose.split_once('/').unwrap_or(("", whose));
        let part = match (of_contacts, day) {
            (Some(_), _) => "contacts",
            (None, "") => "totals",
            (None, _) => "rows",
        };
        let mut rows = document[part].as_array().expect("an array").iter().filter(|row| {
            let place_of = row["queue"].as_str().unwrap_or("vx");
            let from = row["from"].as_str().unwrap_or("");
            place_of == place
                && (department.is_empty() || row["department"] == department)
                && (day.is_empty() || from.starts_with(&date(day)))
        });
        let row = rows.next();
        assert!(rows.next().is_none(), "{path} is in more than one row of {part}");
        row.and_then(|row| row.pointer(&pointer))
    };
    match found {
        None => "0".to_owned(),
        Some(Value::String(text)) => text.clone(),
        // Whole seconds print as such.
        Some(Value::Number(number)) => number.as_f64().expect("a number").to_string(),
        Some(other) => other.to_string(),
    }
}

#[test]
fn three_rings_are_fifteen_seconds_and_no_thousandth_more() {
    check(
        "08:00:00.000 offered vx a
         08:00:15.000 answered vx a
         08:01:00.000 offered vx b
         08:01:15.001 answered vx b",
        "vx.offered=2 vx.answered=2 vx.answered_within.15=1 vx.wait_seconds.sum=30.001
         SM1.met=1 SM1.of=2 SM1.missed=1 SM1.verdict=missed SM1@kansli.met=1",
    );
}

#[test]
fn five_minutes_are_three_hundred_seconds_and_no_thousandth_more() {
    check(
        "08:00:00.000 entered social a
         08:05:00.000 answered social a
         08:10:00.000 entered social b
         08:15:00.001 answered social b",
        "social.answered=2 social.answered_within.300=1 SM2@social.met=1 SM2@social.of=2
         SM2.met=1 SM3.met=0 SM3.of=2 SM1.of=0 SM1.verdict=no_calls",
    );
}

#[test]
fn a_short_abandon_is_one_of_five_seconds_and_no_thousandth_more() {
    check(
        "08:00:00.000 offered vx a
         08:00:05.000 hungup vx a
         08:01:00.000 offered vx b
         08:01:05.001 hungup vx b
         08:02:00.000 entered social c
         08:02:05.000 hungup social c
         08:03:00.000 entered social d
         08:03:05.001 hungup social d",
        "vx.abandoned=2 vx.short_abandoned=1 SM1.met=0 SM1.of=1
         social.abandoned=2 social.short_abandoned=1 SM2.met=0 SM2.of=1 SM3.met=1 SM3.of=1",
    );
}

#[test]
fn a_hang_up_while_the_phone_of_an_agent_rings_is_abandoned() {
    check(
        "08:00:00.000 entered social a
         08:00:30.000 rings social a
         08:00:36.000 hungup social a",
        "social.abandoned=1 social.short_abandoned=0 social.ring_no_answer=0
         social.abandoned_wait_seconds.sum=36 SM3.met=1 SM3.of=1",
    );
}

#[test]
fn a_machine_is_no_answer() {
    check(
        "08:00:00.000 offered vx a
         08:00:01.000 machine vx a
         08:00:20.000 answered vx a
         08:01:00.000 offered vx b
         08:01:01.000 machine vx b
         08:01:09.000 hungup vx b",
        "vx.met_by_machine=2 vx.answered=1 vx.wait_seconds.sum=29 vx.abandoned=1
         SM1.met=0 SM1.of=2",
    );
}

#[test]
fn a_desk_that_is_closed_by_the_system_is_in_no_goal() {
    check(
        "08:00:00.000 offered vx a
         08:00:08.000 answered vx a
         08:00:30.000 passed vx a
         08:00:31.000 refused:closed social a
         08:01:00.000 entered social b
         08:01:20.000 answered social b",
        "social.offered=2 social.closed=1 social.queued=1 vx.transferred=1
         SM2.met=1 SM2.of=1 SM2.of_offered=2 SM3.of=1",
    );
}

#[test]
fn a_full_queue_is_a_miss_of_goal_2_and_nothing_of_goal_3() {
    check(
        "08:00:00.000 refused:full social a
         08:00:01.000 refused:no_agent social b
         08:00:02.000 refused:diverted social c",
        "social.offered=3 social.queued=0 social.rejected.full=1 social.rejected.no_agent=1
         social.rejected.diverted=1 SM2.met=0 SM2.of=3 SM3.of=0 SM3.verdict=no_calls",
    );
}

#[test]
fn the_offer_decides_whether_a_call_is_outside_hours() {
    check(
        "07:29:50.000 offered vx a
         07:30:02.000 answered vx a
         16:29:59.999 offered vx b
         16:30:20.000 answered vx b
         16:30:00.000 entered social c
         16:30:10.000 answered social c",
        "vx.offered=2 vx.answered=2 vx.outside_hours=1 SM1.met=0 SM1.of=1 SM1.of_offered=2
         social.answered=1 social.outside_hours=1 SM2.of=0 SM3.of=0",
    );
}

#[test]
fn a_saturday_is_outside_hours_except_for_who_is_open() {
    check(
        "10T10:00:00.000 entered social a
         10T10:00:10.000 answered social a
         10T10:01:00.000 entered dygn b
         10T10:01:10.000 answered dygn b",
        "social.outside_hours=1 dygn.outside_hours=0 SM2.met=1 SM2.of=1 SM2@dygn.of=1",
    );
}

#[test]
fn back_in_the_queue_after_no_answer_the_clock_runs_on() {
    check(
        "08:00:00.000 entered social a
         08:04:30.000 rings social a
         08:04:50.000 noanswer social a
         08:05:10.000 rings social a
         08:05:12.000 answered social a
         08:10:00.000 ended social a",
        "social.offered=1 social.answered=1 social.ring_no_answer=1 social.wait_seconds.sum=312
         social.talk_seconds_sum=288 SM2.met=0 SM2.of=1 quality.open_contacts=0",
    );
}

#[test]
fn an_overflow_does_not_set_the_clock_of_the_visit_back() {
    // Own desk to pool; once told by the source, once to be seen from the next entry alone.
    check(
        "08:00:00.000 entered social a
         08:04:00.000 left:overflowed social a
         08:04:00.500 entered pool a
         08:05:00.001 answered pool a
         09:00:00.000 entered social b
         09:04:00.000 entered pool b
         09:05:00.000 answered pool b",
        "social.offered=2 social.overflowed=2 social.wait_seconds.sum=480 social.answered=0
         pool.offered=2 pool.answered=2 pool.wait_seconds.sum=119.501
         SM2.met=1 SM2.of=2 SM2@social.met=1 SM2@social.of=2 SM2@kansli.of=0
         SM3.met=0 SM3.of=4",
    );
}

#[test]
fn after_an_answer_a_new_visit_begins() {
    check(
        "08:00:00.000 entered social a
         08:04:00.000 answered social a
         08:05:00.000 passed social a
         08:05:01.000 entered pool a
         08:09:00.000 answered pool a",
        "social.transferred=1 SM2.met=2 SM2.of=2 SM2@social.met=1 SM2@kansli.met=1",
    );
}

#[test]
fn an_answer_before_its_offer_waited_for_nothing_and_is_noted() {
    check(
        "08:00:02.000 offered vx a
         08:00:00.000 answered vx a",
        "vx.offered=1 vx.answered=1 vx.wait_seconds.sum=0 SM1.met=1 SM1.of=1
         quality.anomalies.negative_wait=1 quality.open_contacts=0",
    );
}

#[test]
fn an_answer_without_an_offer_is_reconstructed_from_its_wait() {
    check(
        "08:00:20.000 answered vx a wait=16000
         07:30:05.000 answered vx b wait=10000",
        "vx.offered=2 vx.answered=2 vx.wait_seconds.sum=26 vx.outside_hours=1 SM1.met=0 SM1.of=1
         quality.anomalies.reconstructed_start=2",
    );
}

#[test]
fn a_segment_is_matched_by_its_id_whatever_the_times() {
    check(
        "08:00:00.000 entered social a seg=1
         08:00:30.000 left:timed_out social a seg=1
         08:00:30.000 entered social a seg=2
         08:00:50.000 answered social a seg=2",
        "social.offered=2 social.timed_out=1 social.answered=1 social.wait_seconds.sum=50
         social.answered_wait_seconds.sum=20 SM2.met=1 SM2.of=1",
    );
}

#[test]
fn of_one_event_with_two_times_the_smaller_stays() {
    check(
        "08:00:05.000 offered vx a id=same
         08:00:00.000 offered vx a id=same
         08:00:16.000 answered vx a",
        "vx.offered=1 vx.wait_seconds.sum=16 SM1.met=0 SM1.of=1 quality.repeats=1",
    );
}

#[test]
fn an_id_that_comes_again_after_seven_hours_is_another_journey() {
    check(
        "08:00:00.000 entered social a
         15:00:00.000 entered social a
         15:00:10.000 answered social a",
        "social.offered=2 social.lost_track=1 social.answered=1 social.wait_seconds.sum=10
         SM2.met=1 SM2.of=2",
    );
    // The same without a journey left open.
    check(
        "08:00:00.000 entered social a
         08:00:10.000 hungup social a
         15:00:00.000 entered social a
         15:00:10.000 answered social a",
        "social.offered=2 social.abandoned=1 social.answered=1 social.lost_track=0
         SM2.met=1 SM2.of=2",
    );
}

#[test]
fn four_hours_are_a_wait() {
    check(
        "08:00:00.000 entered social a
         12:00:00.000 answered social a
         12:10:00.000 ended social a",
        "social.answered=1 social.lost_track=0 social.wait_seconds.sum=14400
         social.wait_seconds.count=1 social.talk_seconds_sum=600 SM2.met=0 SM2.of=1",
    );
}

#[test]
fn six_hours_of_silence_lose_track_and_less_does_not() {
    let script = |until: &str| {
        format!(
            "08:00:00.000 entered social a
             {until} offered vx b
             {until} answered vx b"
        )
    };
    check(
        &script("14:01:00.000"),
        "social.lost_track=1 social.waiting=0 social.wait_seconds.count=0 SM2.met=0 SM2.of=1
         SM3.met=0 SM3.of=1 quality.open_contacts=0",
    );
    // Who waits past the limit is missed now.
    check(
        &script("13:59:59.999"),
        "social.lost_track=0 social.waiting=1 SM2.met=0 SM2.of=1 quality.open_contacts=1",
    );
}

#[test]
fn who_waits_within_the_limit_is_in_no_share_yet() {
    check(
        "08:00:00.000 entered social a
         08:05:00.000 offered vx b",
        "social.waiting=1 vx.waiting=1 SM1.of=0 SM2.of=0 quality.open_contacts=2",
    );
}

#[test]
fn a_restart_loses_who_waits_in_that_system_and_nobody_else() {
    check(
        "08:00:00.000 entered social a
         08:00:00.000 entered social b source=other
         08:00:00.000 entered social c
         08:00:30.000 answered social c
         08:01:00.000 restart - -
         08:02:00.000 answered social b",
        "social.lost_by_restart=1 social.answered=2 social.abandoned=0
         social.wait_seconds.sum=150 SM2.met=2 SM2.of=3 SM3.met=0 SM3.of=3",
    );
}

#[test]
fn a_callback_ends_the_wait_and_its_answer_later_does_not_undo_it() {
    check(
        "08:00:00.000 entered social a
         08:03:00.000 left:callback social a
         08:03:00.000 promised social a
         09:00:00.000 tried social a
         09:00:20.000 answered social a",
        "social.offered=1 social.callback=1 social.answered=0 social.abandoned=0
         social.wait_seconds.sum=180 SM2.met=0 SM2.of=1 SM3.met=0 SM3.of=1 quality.set_aside=0",
    );
}

#[test]
fn of_two_ends_within_five_seconds_the_stronger_counts() {
    check(
        "08:00:00.000 entered social a
         08:01:00.000 hungup social a
         08:01:05.000 left:left_empty social a
         08:02:00.000 entered social b
         08:03:00.000 hungup social b
         08:03:05.001 left:left_empty social b
         08:04:00.000 entered social c
         08:05:00.000 hungup social c
         08:04:58.000 left:withdrawn social c",
        "social.left_empty=1 social.abandoned=1 social.withdrawn=1 social.wait_seconds.sum=183
         SM3.met=1 SM3.of=3",
    );
}

#[test]
fn the_reported_wait_counts_for_the_segment_and_times_for_the_visit() {
    check(
        "08:00:00.000 entered social a
         08:05:01.000 answered social a wait=299000",
        "social.wait_seconds.sum=299 social.answered_within.300=1 SM2.met=0 SM2.of=1",
    );
}

#[test]
fn goals_compare_integers_and_not_rounded_percentages() {
    let script = |within: usize| {
        (0..10_000).fold(String::new(), |mut script, call| {
            let at = if call < within { "08:00:15.000" } else { "08:00:15.001" };
            writeln!(script, "08:00:00.000 offered vx {call}\n{at} answered vx {call}")
                .expect("text can be written to");
            script
        })
    };
    check(&script(8_996), "SM1.met=8996 SM1.of=10000 SM1.verdict=missed vx.answered=10000");
    check(&script(9_000), "SM1.met=9000 SM1.of=10000 SM1.verdict=met");
}

#[test]
fn short_abandons_alone_are_no_calls() {
    check(
        "08:00:00.000 offered vx a
         08:00:03.000 hungup vx a
         08:00:00.000 entered social b
         08:00:04.000 hungup social b",
        "vx.offered=1 SM1.of=0 SM1.verdict=no_calls SM2.of=0 SM2.verdict=no_calls
         SM3.met=0 SM3.of=0 SM3.verdict=no_calls SM3w.verdict=no_calls",
    );
}

#[test]
fn an_unknown_department_is_kept_apart() {
    check(
        "08:00:00.000 entered nobodys a
         08:00:10.000 answered nobodys a
         08:01:00.000 entered social b dept=abolished
         08:01:10.000 answered social b
         08:02:00.000 entered social c
         08:02:10.000 answered social c",
        "okand/nobodys.answered=1 okand/social.answered=1 social/social.answered=1
         SM2.met=3 SM2@okand.met=2 quality.anomalies.unknown_department=1",
    );
}

#[test]
fn a_call_across_midnight_counts_on_the_day_of_its_first_offer() {
    check(
        "05T23:59:55.000 entered dygn a
         06T00:00:10.000 answered dygn a
         06T00:03:10.000 ended dygn a
         05T23:58:00.000 entered dygn b
         06T00:02:00.000 entered social b
         06T00:02:30.000 answered social b",
        // The visit to dygn is judged there, though it ended at a desk that is closed at night.
        "10-05:dygn.offered=2 10-05:dygn.answered=1 10-05:dygn.overflowed=1 10-05:dygn.talk_seconds_sum=180
         10-05:dygn.answered_wait_seconds.sum=15 10-06:dygn.offered=0
         10-06:social.offered=1 10-06:social.answered=1 10-06:social.outside_hours=1
         SM2.met=2 SM2.of=2 SM2@dygn.met=2 SM2@social.of=0",
    );
}

#[test]
fn a_queue_moves_to_another_department_in_mid_month() {
    check(
        "14T16:00:00.000 entered turist a
         14T16:00:10.000 answered turist a
         15T08:00:00.000 entered turist b
         15T08:00:10.000 answered turist b
         15T08:01:00.000 entered turist c
         15T08:01:10.000 hungup turist c",
        "kultur/turist.offered=1 kansli/turist.offered=2 10-14:kultur/turist.answered=1
         10-15:kansli/turist.abandoned=1 SM2@kultur.met=1 SM2@kultur.of=1 SM2@kansli.met=1
         SM2@kansli.of=2",
    );
}

#[test]
fn whole_conversations_without_their_end_are_answered_all_the_same() {
    check(
        "08:00:00.000 entered social a
         08:00:10.000 answered social a
         08:01:00.000 entered social b
         08:03:00.000 ended social b wait=20000 talk=100000",
        "social.answered=2 social.wait_seconds.sum=30 social.talk_seconds_sum=100
         SM2.met=2 SM2.of=2 quality.open_contacts=0",
    );
}

#[test]
fn month_and_year_change_in_mid_call() {
    check(
        "10-31T23:59:50.000+01:00 entered dygn a
         11-01T00:00:05.000+01:00 answered dygn a
         11-01T00:01:05.000+01:00 ended dygn a",
        "10-31:dygn.answered=1 10-31:dygn.talk_seconds_sum=60 11-01:dygn.offered=0 SM2.met=1",
    );
    check(
        "12-31T23:59:50.000+01:00 entered dygn a
         2027-01-01T00:00:05.000+01:00 hungup dygn a",
        "12-31:dygn.abandoned=1 2027-01-01:dygn.offered=0 SM3.met=1 SM3.of=1",
    );
}

#[test]
fn the_night_of_twenty_five_hours() {
    // Half past two comes twice; a local time without its offset could be either.
    check(
        "10-25T02:30:00.000+02:00 entered dygn a
         10-25T02:30:00.000+01:00 answered dygn a
         10-25T02:31:00.000local entered dygn b",
        "10-25:dygn.offered=1 dygn.answered=1 dygn.wait_seconds.sum=3600 SM2.met=0 SM2.of=1
         quality.rejects.impossible_time=1",
    );
}

#[test]
fn a_length_below_zero_is_dropped_and_times_hold() {
    check(
        "08:00:00.000 entered social a
         08:00:12.000 answered social a wait=-3
         08:01:12.000 ended social a talk=-60000",
        "social.answered=1 social.wait_seconds.sum=12 social.talk_seconds_sum=60
         quality.anomalies.negative_length=2",
    );
}

#[test]
fn an_event_that_names_no_place_belongs_to_the_latest_stay() {
    check(
        "08:00:00.000 offered vx a
         08:00:05.000 answered - a
         08:00:20.000 passed - a
         08:00:21.000 entered social a
         08:00:51.000 answered - a
         08:02:51.000 ended - a",
        "vx.answered=1 vx.transferred=1 social.answered=1 social.wait_seconds.sum=30
         social.talk_seconds_sum=120 SM1.met=1 SM2.met=1",
    );
}

#[test]
fn an_offer_and_its_entry_are_one_stay() {
    check(
        "08:00:00.000 offered social a
         08:00:02.000 entered social a
         08:00:17.000 answered social a
         08:01:00.000 offered social b
         08:01:01.000 refused:full social b",
        "social.offered=2 social.answered=1 social.wait_seconds.sum=17 social.rejected.full=1
         SM2.met=1 SM2.of=2",
    );
}

#[test]
fn in_the_queue_while_the_switchboard_still_has_the_call_is_no_overflow() {
    check(
        "08:00:00.000 offered vx a
         08:00:04.000 entered social a
         08:00:10.000 answered vx a
         08:01:00.000 answered social a",
        "vx.answered=1 vx.overflowed=0 social.answered=1 SM1.met=1",
    );
}

#[test]
fn a_late_event_is_counted_and_changes_nothing() {
    let script = "06T08:00:00.000 entered social a
                  06T08:00:10.000 answered social a
                  07T08:01:00.000 offered vx b
                  07T08:01:00.000 offered vx c
                  07T08:01:00.000 offered vx d";
    let late = "06T08:00:59.999 entered social e";
    let in_time = "06T08:01:00.000 entered social e";
    let played = |last: Option<&str>| {
        let lines = script.lines().map(str::trim).chain(last);
        let events: Vec<String> =
            lines.enumerate().map(|(number, line)| event(number, line)).collect();
        figures(&events, 1)
    };
    let (without, late, in_time) = (played(None), played(Some(late)), played(Some(in_time)));
    assert_eq!(late["quality"]["late"], 1);
    assert_eq!(late["totals"], without["totals"]);
    assert_eq!(late["goals"], without["goals"]);
    assert_eq!(in_time["quality"]["late"], 0);
    assert_eq!(figure(&in_time, "social.lost_track"), "1");
}

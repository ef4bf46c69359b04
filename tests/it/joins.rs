//! What joins contacts: callers who ring again, and questions put in several calls. Cases by hand,
//! in the scripts of [`crate::cases`].

use serde_json::{Value, json};
use svarstid::config::Config;
use svarstid::domain::calendar::{Day, Zone};
use svarstid::domain::ids::CallerNumber;
use svarstid::domain::units::Timestamp;
use svarstid::engine::Engine;
use svarstid::engine::instance::{Identity, Instance, Pace};
use svarstid::engine::tenure::Patience;
use svarstid::report::{Audience, Interval, Language, Order};
use svarstid::simulate::Record;
use svarstid::wire::identity::Pseudonyms;

use crate::cases::{self, check};
use crate::ledger_tools::{Ledger, folded, rebuilt};
use crate::oracle;

#[test]
fn a_repeat_is_no_more_than_24_hours_after_the_earlier_call() {
    check(
        "08:00:00.000 offered vx a caller=0920-1
         06T08:00:00.000 offered vx b caller=09201
         08:00:00.000 offered vx c caller=09202
         06T08:00:00.001 offered vx d caller=09202",
        "REPEATS.met=1 REPEATS.of=4 REPEATS@kansli.met=1",
    );
}

#[test]
fn a_repeat_counts_where_and_when_it_was_first_offered() {
    check(
        "23:55:00.000 entered dygn a caller=09201
         23:56:00.000 hungup dygn a
         06T00:05:00.000 entered social b caller=09201
         06T00:05:10.000 answered social b",
        "REPEATS.met=1 REPEATS.of=2 REPEATS@social.met=1 REPEATS@dygn.met=0 REPEATS@dygn.of=1",
    );
}

#[test]
fn across_the_night_of_25_hours_real_time_decides() {
    // From midnight to midnight it is 25 hours.
    check(
        "10-25T00:00:00.000 offered vx a caller=09201
         10-26T00:00:00.000+01:00 offered vx b caller=09201",
        "REPEATS.met=0 REPEATS.of=2",
    );
    check(
        "10-25T00:00:00.000 offered vx a caller=09201
         10-25T23:00:00.000+01:00 offered vx b caller=09201
         10-26T00:00:00.000+01:00 offered vx c caller=09201
         10-26T23:00:00.001+01:00 offered vx d caller=09201",
        "REPEATS.met=3 REPEATS.of=4",
    );
    check(
        "10-24T23:59:59.999 offered vx a caller=09201
         10-25T22:59:59.999+01:00 offered vx b caller=09201
         10-26T23:00:00.000+01:00 offered vx c caller=09201",
        "REPEATS.met=1 REPEATS.of=3",
    );
}

#[test]
fn an_anonymous_caller_is_never_a_repeat() {
    check(
        "08:00:00.000 offered vx a caller=anonymous
         09:00:00.000 offered vx b caller=anonymous
         10:00:00.000 offered vx c",
        "REPEATS.met=0 REPEATS.of=0",
    );
}

#[test]
fn a_call_that_is_passed_on_is_no_repeat_of_itself() {
    check(
        "08:00:00.000 offered vx a caller=09201
         08:00:05.000 answered vx a
         08:00:30.000 passed vx a
         08:00:31.000 entered social a caller=09201
         08:01:00.000 answered social a",
        "REPEATS.met=0 REPEATS.of=1 REPEATS@kansli.of=1 REPEATS@social.of=0",
    );
}

/// `check` plays the events in the other order too, so each comes late there.
#[test]
fn a_late_event_makes_an_earlier_call_and_so_another_one_a_repeat() {
    check(
        "09:00:00.000 entered social b caller=09201
         09:00:10.000 answered social b
         08:00:00.000 entered dygn a caller=09201
         08:00:10.000 answered dygn a",
        "REPEATS.met=1 REPEATS@social.met=1 REPEATS@dygn.met=0",
    );
    // The first offer of b was earlier than was known: now a is the repeat.
    check(
        "09:00:00.000 entered social b caller=09201
         08:30:00.000 entered dygn a caller=09201
         08:00:00.000 offered vx b caller=09201",
        "REPEATS.met=1 REPEATS@dygn.met=1 REPEATS@social.of=0 REPEATS@kansli.of=1",
    );
}

#[test]
fn one_question_in_several_calls_is_settled_where_it_was_first_put() {
    check(
        "08:00:00.000 entered social a
         08:00:05.000 answered social a
         08:01:00.000 resolved social a about=1
         09:00:00.000 entered dygn b
         09:00:05.000 answered dygn b
         09:01:00.000 resolved dygn b about=1
         10:00:00.000 entered dygn c
         10:00:05.000 answered dygn c
         10:01:00.000 resolved dygn c about=2",
        "FCR.met=2 FCR.of=2 FCR@social.met=1 FCR@social.of=1 FCR@dygn.met=1 FCR@dygn.of=1",
    );
}

#[test]
fn passed_on_in_another_call_within_seven_days_it_was_not_settled() {
    let script = |day: &str, time: &str| {
        format!(
            "05T08:00:00.000 entered dygn a
             05T08:00:05.000 answered dygn a
             05T08:01:00.000 resolved dygn a about=1
             {day}T08:00:00.000 entered dygn b
             {day}T08:00:05.000 answered dygn b
             {day}T{time} escalated dygn b about=1"
        )
    };
    check(&script("12", "08:01:00.000"), "FCR.met=0 FCR.of=1");
    // A millisecond later it is another question.
    check(&script("12", "08:01:00.001"), "FCR.met=1 FCR.of=2");
}

const NUMBER: &str = "0920-453000";
const KEY: &[u8] = b"callers";

/// Calls of one caller on several days, in whichever partition, a question put twice, and others'.
fn records() -> Vec<Record> {
    let script = format!(
        "05T08:00:00.000 offered vx a caller={NUMBER}
         05T08:00:30.000 hungup vx a
         05T09:00:00.000 entered social b caller={NUMBER}
         05T09:00:05.000 answered social b
         05T09:01:00.000 resolved social b about=1
         06T08:30:00.000 entered dygn c caller={NUMBER}
         06T08:30:05.000 answered dygn c
         06T08:31:00.000 escalated dygn c about=1
         06T08:32:00.000 entered dygn d
         06T08:33:00.000 hungup dygn d
         09T08:00:00.000 offered vx e caller={NUMBER}
         09T08:00:05.000 answered vx e
         09T08:01:00.000 offered vx f caller=0920-453999
         09T08:01:05.000 answered vx f"
    );
    let lines = script.lines().map(str::trim).enumerate();
    lines
        .map(|(number, line)| Record {
            arrival_ms: number as i64,
            key: line.split_whitespace().nth(3).unwrap_or_default().to_owned(),
            payload: cases::event(number, line),
            every_partition: false,
        })
        .collect()
}

fn config() -> Config {
    Config::parse(cases::CONFIG, &[]).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn goals(engine: &Engine) -> Value {
    let now = engine.last_event().expect("there are events");
    let document: Value = serde_json::from_str(&engine.document(Interval::Quarter, now).to_json())
        .expect("it is JSON");
    json!([document["goals"], document["rows"], document["contacts"], document["quality"]])
}

fn of(goals: &Value, id: &str) -> [Value; 2] {
    let all = goals[0].as_array().expect("goals").iter();
    let mut own = all.filter(|goal| goal["id"] == id && goal["department"].is_null());
    let goal = own.next().expect("there is such a goal");
    [goal["met"].clone(), goal["of"].clone()]
}

/// From the ledger's bytes, through a snapshot taken anywhere in it, and judged anew.
#[test]
fn what_joins_contacts_is_the_same_through_the_ledger_a_snapshot_and_a_rebuild() {
    let config = config();
    for every in [1, 3, usize::MAX] {
        let ledger = Ledger::of(&config, &records(), every);
        let straight = goals(ledger.engine());
        assert_eq!(of(&straight, "REPEATS"), [json!(2), json!(5)]);
        assert_eq!(of(&straight, "FCR"), [json!(0), json!(1)]);
        assert_eq!(goals(&folded(&config, &ledger.log)), straight, "folded");
        let (_, made) = rebuilt(&config, "2026-10-01", &ledger.log);
        assert_eq!(goals(&folded(&config, &made)), straight, "rebuilt");
        for cut in 0..ledger.log.len() {
            let mut first = instance(&config);
            feed(&mut first, &ledger.log[..cut]);
            let image = first.image().to_bytes();
            let mut second = instance(&config);
            second.restore(&image).expect("it is of the same ledger");
            feed(&mut second, &ledger.log[cut..]);
            assert_eq!(goals(second.engine()), straight, "snapshot at {cut}, every {every}");
        }
    }
}

fn instance(config: &Config) -> Instance {
    let identity = Identity { instance: 1, key: 77 };
    let pace = Pace { interval: 50, idle_interval: 250, events: 1_000 };
    Instance::new(oracle::engine(config), config.clone(), identity, pace, Patience::default(), 2)
}

fn feed(instance: &mut Instance, log: &[(usize, Vec<u8>)]) {
    for (at, bytes) in log {
        let offset = instance.ledger_next(*at);
        instance.ledger(*at, offset, bytes, 0, Timestamp(0));
    }
}

/// The number, the key and what a caller is recognised by for longer than the key of a day lives.
#[test]
fn neither_a_number_nor_a_key_is_in_the_ledger_and_days_cannot_be_joined() {
    let config = config();
    let ledger = Ledger::of(&config, &records(), 1);
    let digits: String = NUMBER.chars().filter(char::is_ascii_digit).collect();
    let has = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
    let hashed = |day: &str| {
        let at = Zone::stockholm().at_wall_clock(Day::parse(day).expect("a day"), 600);
        let number = CallerNumber::new(NUMBER).expect("a number");
        Pseudonyms::new(Some(KEY)).of(&number, at).expect("there is a key")
    };
    let early: Vec<[u8; 8]> = ["2026-10-05", "2026-10-06"]
        .into_iter()
        .flat_map(|day| [hashed(day).own, hashed(day).before])
        .map(|pseudonym| pseudonym.0.to_le_bytes())
        .collect();
    let late =
        [hashed("2026-10-09").own, hashed("2026-10-09").before].map(|one| one.0.to_le_bytes());
    assert!(early.iter().all(|one| !late.contains(one)), "one key for days that are far apart");
    let log = || ledger.log.iter().map(|(_, bytes)| bytes.as_slice());
    // The search would find what is there.
    assert!(log().any(|bytes| early.iter().any(|one| has(bytes, one))));
    for bytes in log() {
        for secret in [NUMBER.as_bytes(), digits.as_bytes(), &digits.as_bytes()[1..], KEY] {
            assert!(!has(bytes, secret), "{}", String::from_utf8_lossy(secret));
        }
        let tells = |of: &[[u8; 8]]| of.iter().any(|one| has(bytes, one));
        assert!(!(tells(&early) && tells(&late)), "a record joins days that are far apart");
    }
    // What is published says how many, and nothing of whom.
    let engine = ledger.engine();
    let order = Order {
        period: "2026-10".parse().expect("a month"),
        department: None,
        audience: Audience::Internal,
        language: Language::Swedish,
    };
    let report = engine.report(&order);
    let told = report.to_json() + &report.to_html() + &goals(engine).to_string();
    assert!(told.contains("\"repeats\""));
    for one in early.iter().chain(&late).map(|bytes| u64::from_le_bytes(*bytes)) {
        for shown in [one.to_string(), format!("{one:x}"), format!("{one:016x}")] {
            assert!(!told.contains(&shown), "{shown}");
        }
    }
    assert!(!told.contains(&digits) && !told.contains(NUMBER));
}

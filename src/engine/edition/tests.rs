//! Which periods get another edition, held against the reports themselves: whatever is told behind an
//! edition, every period whose report prints otherwise gets the next one, and no other does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::engine::Settings;
use crate::report::{Audience, Language, Order, Report, reads_alike};
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
[[goal]]
id = "SM2"
direction = "at_least"
percent = 90
valid_from = "2014-01-01"
decided_by = "kommundirektören"
decided_on = "2013-11-03"
definition = "SM2.1"
"#;

/// A ledger of two partitions whose months, tertials and years are published.
struct Town {
    engine: Engine,
    unmoved: Unmoved,
    offset: i64,
    schedule: Schedule,
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

impl Town {
    fn new() -> Town {
        let config = Config::parse(CONFIG, &[]).unwrap_or_else(|faults| panic!("{faults:?}"));
        let names = config.names();
        let rules = config.rules(&names);
        let pseudonyms = Pseudonyms::new(Some(b"caller"));
        let decoder = Decoder::new(names, IdKey::new(b"id"), pseudonyms, Limits::default());
        // Nothing is too late here.
        let lateness = Millis::from_hours(900 * 24);
        let settings = Settings { lateness, ..Settings::from(&config) };
        let mut engine = Engine::new(settings, rules, decoder, Vec::new());
        engine.set_rules(&config);
        engine.open_partition("e", 0);
        engine.open_partition("e", 1);
        let periods = ["2025", "2025-T3", "2025-12", "2026-08", "2026-09", "2026-10"];
        let also = periods.into_iter().chain(["2026-01", "2025-10", "2026-T2", "2026-jan-aug"]);
        let also = also.map(|period| period.parse().unwrap()).collect();
        Town {
            engine,
            unmoved: Unmoved::default(),
            offset: 0,
            schedule: Schedule { also, kinds: Vec::new(), ..Schedule::default() },
        }
    }

    /// Contacts in the first partition, what else there is in the second.
    fn tell(&mut self, events: &[Value]) {
        for event in events {
            let at = usize::from(event.get("contact").is_none());
            let bytes = event.to_string();
            let reason =
                self.engine.event_of(at, 0, self.offset, bytes.as_bytes(), &Arrival::default());
            assert_eq!(reason, None, "{event}");
            self.offset += 1;
        }
        self.engine.commit();
    }

    /// The daily round of a day: which periods get another edition.
    fn round(&mut self, of: &str) -> BTreeSet<Period> {
        let now = Zone::stockholm().at_wall_clock(day(of), 420);
        let also = self.engine.overtaken(day(of), reads_alike, &mut self.unmoved);
        let first = self.engine.first_day();
        let mut due = BTreeSet::new();
        for at in 0..2 {
            let moment = Moment { schedule: &self.schedule, now, first, also: &also };
            let markers = marker::due(&self.engine.marks(), at, moment);
            due.extend(markers.iter().map(|marker| marker.period));
            self.engine.partitions[at].mark(markers);
            self.engine.commit();
        }
        due
    }

    /// What the reports of a period print, for everyone. The quality of the data is no figure of it,
    /// and definitions are none.
    fn printed(&self, period: Period) -> Vec<Report> {
        let whose = [None, Some(Department(1)), Some(Department(2))];
        let audiences = [Audience::Internal, Audience::Public];
        let orders = whose.into_iter().flat_map(|department| {
            audiences.map(|audience| Order {
                period,
                department,
                audience,
                language: Language::Swedish,
            })
        });
        let drawn = orders.map(|order| {
            let mut report = self.engine.report(&order);
            report.tables.retain(|table| table.id != "quality");
            report.definitions.clear();
            report
        });
        drawn.collect()
    }

    fn all_printed(&self) -> BTreeMap<Period, Vec<Report>> {
        self.schedule.also.iter().map(|period| (*period, self.printed(*period))).collect()
    }
}

fn call(contact: &str, at: &str, wait_minutes: u32) -> Vec<Value> {
    let event = |kind: &str, time: String| {
        json!({"id": format!("{kind}-{contact}"), "type": kind, "time": time, "contact": contact,
            "queue": "social"})
    };
    vec![
        event("queue.entered", format!("{at}:00:00+02:00")),
        event("contact.answered", format!("{at}:{wait_minutes:02}:00+02:00")),
    ]
}

fn told(id: &str, kind: &str, period: &str, more: Value) -> Value {
    let mut event = json!({"id": id, "type": kind, "time": format!("2026-11-05T08:00:{:02}Z", id.len()),
            "period": period});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn agent(id: &str, state: &str, at: &str) -> Value {
    json!({"id": id, "type": "agent.state", "time": at, "agent": "a1", "state": state,
        "departments": ["social"]})
}

/// Two years, published.
fn published() -> Town {
    let mut town = Town::new();
    let months = ["2025-01", "2025-09", "2025-10", "2025-12", "2026-01", "2026-08", "2026-09"];
    let mut events = Vec::new();
    for (at, month) in months.into_iter().chain(["2026-10", "2026-11"]).enumerate() {
        // Of the last month there are too few to publish it.
        for n in 1..=28 - 25 * usize::from(month == "2026-11") {
            let contact = format!("c{at}-{n}");
            events.extend(call(&contact, &format!("{month}-{n:02}T10"), (n % 4) as u32));
        }
    }
    events.extend([
        agent("g1", "ready", "2025-12-01T08:00:00+01:00"),
        agent("g2", "logged_out", "2025-12-01T16:00:00+01:00"),
        agent("g3", "ready", "2026-10-01T08:00:00+02:00"),
        agent("g4", "logged_out", "2026-10-01T16:00:00+02:00"),
        told("s1", "survey.result", "2025", json!({"measure": "nojd", "value": 71, "n": 200})),
        json!({"id": "beat", "type": "system.heartbeat", "source": "pbx",
            "time": "2026-11-04T06:00:00Z"}),
    ]);
    town.tell(&events);
    let all: BTreeSet<Period> = town.schedule.also.iter().copied().collect();
    assert_eq!(town.round("2026-11-04"), all);
    assert_eq!(town.round("2026-11-05"), BTreeSet::new());
    town
}

fn names(periods: &BTreeSet<Period>) -> Vec<String> {
    periods.iter().map(Period::to_string).collect()
}

/// Tells something behind the editions, and gives whose next edition follows. Those are the periods
/// whose reports print otherwise.
#[track_caller]
fn changed(happens: &[Value]) -> Vec<String> {
    let mut town = published();
    let before = town.all_printed();
    town.tell(happens);
    let after = town.all_printed();
    let due = town.round("2026-11-06");
    let otherwise: BTreeSet<Period> =
        before.keys().copied().filter(|period| before[period] != after[period]).collect();
    // Of staffing more is taken for printed than is: it may be compared too.
    match happens.iter().any(|event| event["type"] == "agent.state") {
        true => assert!(otherwise.is_subset(&due), "{:?}, {:?}", names(&due), names(&otherwise)),
        false => assert_eq!(names(&due), names(&otherwise), "{happens:?}"),
    }
    // The next editions are the last word, and list what they correct.
    assert_eq!(town.round("2026-11-09"), BTreeSet::new());
    for period in &otherwise {
        let edition = town.engine.edition(*period, 2).expect("it is complete");
        let listed = before[period].iter().zip(&after[period]).map(|(before, after)| {
            let report = after.clone().published(&edition, Some(before));
            assert_eq!(report.corrections == Some(0), before.tables == after.tables, "{period}");
            report.corrections.unwrap_or(0)
        });
        assert!(listed.sum::<usize>() > 0, "{period} corrects nothing");
    }
    names(&due)
}

#[test]
fn a_late_call_changes_its_periods_and_those_that_are_compared_with_them() {
    // September is what October is compared with, and of the year so far.
    let late: Vec<Value> =
        (0..9).flat_map(|n| call(&format!("l{n}"), "2026-09-30T10", 20)).collect();
    assert_eq!(changed(&late), ["2026-09", "2026-10"]);
    // A year before October of 2026, and before December in its year.
    let late: Vec<Value> =
        (0..9).flat_map(|n| call(&format!("l{n}"), "2025-10-30T10", 20)).collect();
    assert_eq!(
        changed(&late),
        ["2025-10", "2025-12", "2026-10", "2025-T3", "2025"],
        "in the order of their kinds"
    );
}

#[test]
fn a_change_that_no_share_shows_gives_no_edition_to_those_that_compare() {
    // One of some 80 calls shows; that it was also passed on changes no share of any goal.
    let passed = json!({"id": "p", "type": "contact.passed", "time": "2026-09-03T10:03:30+02:00",
        "contact": "c6-3", "queue": "social", "how": "blind", "by": "matter"});
    assert_eq!(changed(&[passed]), ["2026-09"]);
}

/// The call that makes another one a repeat comes in another partition, a day before and in another
/// period: what joins them says so, and nothing else.
#[test]
fn a_repeat_that_becomes_known_late_is_a_correction() {
    let rings = |contact: &str, at: &str| {
        json!({"id": format!("{contact}-in"), "type": "queue.entered", "time": at,
            "contact": contact, "queue": "social", "caller": "0920-123456"})
    };
    let mut town = published();
    town.tell(&[rings("a", "2026-10-01T09:00:00+02:00")]);
    assert_eq!(names(&town.round("2026-11-06")), ["2026-10"]);
    let before = town.all_printed();
    let repeats = |report: &Report| {
        let table = report.tables.iter().find(|table| table.id == "repeats").unwrap();
        table.rows[0].cells[2].clone()
    };
    let october: Period = "2026-10".parse().unwrap();
    assert_eq!(repeats(&before[&october][0]), crate::report::Cell::Count(0));
    // The second partition brings it.
    let bytes = rings("b", "2026-09-30T09:00:00+02:00").to_string();
    town.engine.event_of(1, 0, town.offset, bytes.as_bytes(), &Arrival::default());
    town.engine.commit();
    let after = town.all_printed();
    let due = town.round("2026-11-09");
    assert!(due.contains(&october) && due.contains(&"2026-09".parse().unwrap()), "{due:?}");
    assert_eq!(repeats(&after[&october][0]), crate::report::Cell::Count(1));
    let edition = town.engine.edition(october, 3).expect("it is complete");
    let report = after[&october][0].clone().published(&edition, Some(&before[&october][0]));
    let corrections = report.tables.last().unwrap();
    let row = corrections.rows.iter().find(|row| row.id == "repeats/all/repeats");
    let shown: Vec<String> =
        row.expect("it is listed").cells.iter().map(|cell| cell.shown(Language::Swedish)).collect();
    assert_eq!(shown, ["0", "1"]);
}

#[test]
fn a_survey_changes_every_period_that_prints_it() {
    let corrected = told(
        "later",
        "survey.result",
        "2025",
        json!({"measure": "nojd", "value": 72,
        "n": 200}),
    );
    let all = changed(&[corrected]);
    assert_eq!(all.len(), 10, "{all:?}");
    // One of October is of no period that was over before it.
    let of_october = told(
        "later",
        "survey.result",
        "2026-10",
        json!({"measure": "nojd",
        "value": 60, "n": 100}),
    );
    assert_eq!(changed(&[of_october]), ["2026-10"]);
}

#[test]
fn what_else_people_tell_changes_the_periods_around_it() {
    let evaluator = told(
        "e",
        "evaluator.result",
        "2026-08",
        json!({"measure": "sm2",
        "evaluator": "kund", "value": 81, "n": 100}),
    );
    assert_eq!(changed(&[evaluator]), ["2026-08", "2026-T2", "2026-jan-aug"]);
    let count = told(
        "n",
        "count.entered",
        "2025-12",
        json!({"channel": "visit",
        "department": "social", "n": 12}),
    );
    assert_eq!(changed(&[count]), ["2025-12", "2025-T3", "2025"]);
    let note = told(
        "t",
        "note.entered",
        "2025-T3",
        json!({"text": "Fler i kön.",
        "department": "social"}),
    );
    assert_eq!(changed(&[note]), ["2025-T3", "2025"]);
}

#[test]
fn who_was_logged_in_changes_periods_up_to_the_next_report_of_the_agent() {
    // Until the next one in October: all of September, though it is of August.
    let late = agent("g5", "ready", "2026-08-31T08:00:00+02:00");
    assert_eq!(changed(&[late]), ["2026-08", "2026-09", "2026-10", "2026-T2", "2026-jan-aug"]);
    // Until the next one on the same day.
    let late = agent("g5", "paused", "2025-12-01T09:00:00+01:00");
    assert_eq!(changed(&[late]), ["2025-12", "2026-01", "2025-T3", "2025"]);
}

#[test]
fn a_question_that_nobody_answered_in_time_changes_its_month_when_its_time_is_over() {
    let mut town = Town::new();
    let received = |id: &str, at: &str| {
        json!({"id": id, "type": "question.received", "time": at, "question": id,
            "channel": "email", "department": "social"})
    };
    let beat = |id: &str, at: &str| json!({"id": id, "type": "system.heartbeat", "source": "pbx", "time": at});
    // Friday 30 October: it may be answered until Tuesday is over, and nothing was heard since noon.
    town.tell(&[received("q", "2026-10-30T10:00:00+01:00"), beat("b", "2026-11-03T11:00:00Z")]);
    let october: Period = "2026-10".parse().unwrap();
    assert_eq!(names(&town.round("2026-11-04"))[..1], ["2026-10"]);
    let share = |town: &Town| {
        let goals = &town.printed(october)[0].tables[0];
        let row = goals.rows.iter().find(|row| row.id == "SM4").unwrap();
        row.cells[1].shown(Language::Swedish)
    };
    assert_eq!(share(&town), "–");
    town.tell(&[beat("c", "2026-11-03T22:59:59Z")]);
    assert_eq!(town.round("2026-11-05"), BTreeSet::new());
    town.tell(&[beat("d", "2026-11-03T23:00:01Z")]);
    assert_eq!(share(&town), "0,0\u{a0}%");
    assert_eq!(names(&town.round("2026-11-06")), ["2026-10"]);
    town.tell(&[beat("e", "2026-11-20T12:00:00Z")]);
    assert_eq!(town.round("2026-11-23"), BTreeSet::new());
}

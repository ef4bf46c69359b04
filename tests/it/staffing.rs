//! Staffing: the engine against the simulator's recount, and what the report tells of it.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use serde_json::{Value, json};
use svarstid::config::Config;
use svarstid::domain::calendar::{Day, Zone};
use svarstid::domain::coverage::Coverage;
use svarstid::domain::ids::Department;
use svarstid::engine::Engine;
use svarstid::report::{Audience, Language, Order, Report};
use svarstid::simulate::{Parameters, Record, Simulation};
use svarstid::wire::canonical::Arrival;

use crate::oracle::{configuration, engine};

fn parameters(seed: u64, from: &str, to: &str) -> Parameters {
    Parameters::new(seed, from.parse().unwrap(), to.parse().unwrap())
}

/// Records in so many partitions: by their keys, or scattered over all of them.
fn fed(config: &Config, records: &[Record], partitions: usize, scattered: bool) -> Engine {
    let mut engine = engine(config);
    for partition in 0..partitions {
        engine.open_partition("test", partition as i32);
    }
    for (offset, record) in records.iter().enumerate() {
        let key = match scattered {
            true => format!("{}{}", record.key, record.payload.len()),
            false => record.key.clone(),
        };
        let own = key
            .bytes()
            .fold(7usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(byte)))
            % partitions;
        for partition in 0..partitions {
            if record.every_partition || partition == own {
                let payload = record.payload.as_bytes();
                engine.event(partition, offset as i64, payload, &Arrival::default());
            }
        }
        if (offset + 1) % 997 == 0 {
            engine.commit();
        }
    }
    engine.tick();
    engine
}

/// The staffing of some days in the form of truth.
fn staffing(engine: &Engine, from: &str, to: &str) -> Vec<Value> {
    let [from, to] = [from, to].map(|text| Day::parse(text).unwrap());
    let departments = &engine.names().departments;
    let until = Zone::stockholm().day_start(to);
    let coverages = engine.board().coverages();
    let span = coverages.span((from, to), until, engine.rules(), departments.len());
    let row = |department: Option<&str>, of: &Coverage| {
        json!({
            "department": department,
            "open_ms": of.open.0,
            "staffed_ms": of.staffed.0,
            "single_ms": of.single.0,
            "unstaffed_ms": of.unstaffed.0,
            "unknown_ms": of.unknown.0,
        })
    };
    let named = span.departments.iter().map(|(at, of)| (departments.name(at.0), of));
    let mut rows: Vec<Value> = named.map(|(slug, of)| row(Some(slug), of)).collect();
    rows.push(row(None, &span.whole));
    rows
}

fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(ToString::to_string);
    rows
}

#[test]
fn a_month_with_every_fault_gives_the_recounted_staffing() {
    let (from, to) = ("2026-10-01", "2026-11-01");
    let parameters = Parameters { restarts_per_week: 5, ..parameters(1, from, to) };
    let config = configuration(&parameters);
    let mut simulation = Simulation::new(parameters).unwrap();
    let records: Vec<Record> = simulation.by_ref().collect();
    let truth = simulation.into_truth().to_json();
    let truth = sorted(truth["staffing"].as_array().unwrap().clone());
    assert!(truth.iter().any(|row| row["unstaffed_ms"].as_i64().unwrap() > 60_000));
    assert!(truth.iter().any(|row| row["single_ms"].as_i64().unwrap() > 60_000));
    for (partitions, scattered) in [(1, false), (3, false), (3, true)] {
        let engine = fed(&config, &records, partitions, scattered);
        assert_eq!(engine.quality().late, 0);
        let found = sorted(staffing(&engine, from, to));
        assert_eq!(found, truth, "{partitions} partitions, scattered: {scattered}");
    }
}

fn report(engine: &Engine, period: &str, audience: Audience) -> Report {
    engine.report(&Order {
        period: period.parse().unwrap(),
        department: None,
        audience,
        language: Language::English,
    })
}

fn table<'a>(report: &'a Value, id: &str) -> &'a Value {
    let tables = report["tables"].as_array().unwrap();
    tables.iter().find(|table| table["id"] == id).unwrap_or(&Value::Null)
}

fn cell(table: &Value, row: &str, column: &str) -> Value {
    let columns = table["columns"].as_array().unwrap();
    let at = columns.iter().position(|one| one["id"] == column).unwrap();
    let rows = table["rows"].as_array().unwrap();
    rows.iter().find(|one| one["id"] == row).unwrap()["cells"][at].clone()
}

const TWO_UNITS: &str = r#"
[switchboard]
department = "vaxel"
[[department]]
slug = "skola"
name = "Skolan"
[[department]]
slug = "kultur"
name = "Kulturen"
"#;

/// A Monday with a heartbeat a minute but for half an hour, and the lines beside it.
fn monday(lines: &[Value]) -> Engine {
    let config = Config::parse(TWO_UNITS, &[]).unwrap();
    let mut engine = engine(&config);
    engine.open_partition("test", 0);
    let zone = Zone::stockholm();
    let day = Day::parse("2026-10-05").unwrap();
    let mut offset = 0;
    let mut take = |engine: &mut Engine, event: &Value| {
        engine.event(0, offset, event.to_string().as_bytes(), &Arrival::default());
        offset += 1;
    };
    for minute in (0..1_440).filter(|minute| !(840..870).contains(minute)) {
        let time = zone.rfc3339(zone.at_wall_clock(day, minute));
        let id = format!("h{minute}");
        let beat = json!({"id": id, "type": "system.heartbeat", "time": time, "source": "s"});
        take(&mut engine, &beat);
    }
    for line in lines {
        take(&mut engine, line);
    }
    engine.tick();
    engine
}

fn agent(id: &str, agent: &str, time: &str, state: &str, numbers: &[&str]) -> Value {
    json!({
        "id": id, "type": "agent.state", "time": format!("2026-10-05T{time}+02:00"),
        "source": "s", "agent": agent, "state": state, "numbers": numbers,
    })
}

#[test]
fn the_report_tells_staffing_gaps_in_the_data_and_hides_persons_from_citizens() {
    let mut lines = vec![
        agent("1", "a", "07:00:00", "ready", &["skola"]),
        agent("2", "a", "10:00:00", "paused", &["skola"]),
        agent("3", "a", "10:20:30", "ready", &["skola"]),
        agent("4", "a", "17:00:00", "logged_out", &["skola"]),
    ];
    let found = |lines: &[Value], audience| {
        serde_json::to_value(report(&monday(lines), "2026-10-05", audience)).unwrap()
    };
    let inside = found(&lines, Audience::Internal);
    let staffing = table(&inside, "staffing");
    // Open 07:30-16:30, half an hour of it without data.
    assert_eq!(cell(staffing, "skola", "open"), 540);
    assert_eq!(cell(staffing, "skola", "unknown"), 30);
    assert_eq!(cell(staffing, "skola", "unstaffed"), 21);
    assert_eq!(cell(staffing, "skola", "staffed"), 489);
    assert_eq!(cell(staffing, "skola", "share"), 96.0);
    // Never more than were staffed.
    assert_eq!(cell(staffing, "skola", "single"), 489);
    assert_eq!(cell(staffing, "skola", "gap"), 1_230.0);
    assert_eq!(cell(staffing, "skola", "gap_from"), "2026-10-05 10:00");
    assert_eq!(cell(staffing, "all", "unstaffed"), 21);
    assert_eq!(cell(staffing, "kultur", "unknown"), 540);
    assert_eq!(cell(staffing, "kultur", "share"), Value::Null);
    let gaps = table(&inside, "data_gaps");
    assert_eq!(cell(gaps, "total", "minutes"), 30);
    assert_eq!(cell(gaps, "2026-10-05 14:00", "until"), "2026-10-05 14:30");
    let course = table(&inside, "staffing_course");
    assert_eq!(cell(course, "skola", "10:00"), 21);
    assert_eq!(cell(course, "skola", "10:30"), 0);
    assert_eq!(cell(course, "skola", "14:00"), Value::Null);
    let outside = found(&lines, Audience::Public);
    let staffing = table(&outside, "staffing");
    let ids: Vec<&str> =
        staffing["columns"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["staffed", "unstaffed", "unknown", "share"]);
    assert_eq!(cell(staffing, "skola", "share"), 96.0);
    assert_eq!(*table(&outside, "data_gaps"), Value::Null);
    // A logout that is told late corrects it.
    lines.push(agent("5", "a", "16:00:00", "logged_out", &["skola"]));
    let corrected = found(&lines, Audience::Internal);
    assert_eq!(cell(table(&corrected, "staffing"), "skola", "unstaffed"), 51);
}

/// Level, outcome, verdict, minutes and minutes without anybody.
fn goal(told: &Value) -> [Value; 5] {
    ["level", "outcome", "verdict", "of", "missed"]
        .map(|column| cell(table(told, "goals"), "STAFFED", column))
}

#[test]
fn a_number_is_always_staffed_or_the_goal_is_missed() {
    let found = |ends: [&str; 2], department: Option<&str>| {
        let lines = [
            agent("1", "a", "07:00:00", "ready", &["skola"]),
            agent("2", "a", ends[0], "logged_out", &["skola"]),
            agent("3", "b", "07:00:00", "ready", &["kultur"]),
            agent("4", "b", ends[1], "logged_out", &["kultur"]),
        ];
        let engine = monday(&lines);
        let find = |slug: &str| Department(engine.names().departments.find(slug).unwrap());
        let order = Order {
            period: "2026-10-05".parse().unwrap(),
            department: department.map(find),
            audience: Audience::Internal,
            language: Language::English,
        };
        serde_json::to_value(engine.report(&order)).unwrap()
    };
    let [met, missed] = ["✓ met", "✗ missed"].map(|word| json!(word));
    let whole = ["16:30:00", "16:30:00"];
    // Open for nine hours, of which half an hour is dark: it is in neither part of the share.
    let level = json!("100\u{a0}%");
    let of = |outcome: f64, verdict: &Value, minutes: i64, unstaffed: i64| {
        [level.clone(), json!(outcome), verdict.clone(), json!(minutes), json!(unstaffed)]
    };
    assert_eq!(goal(&found(whole, Some("skola"))), of(100.0, &met, 510, 0));
    assert_eq!(goal(&found(whole, None)), of(100.0, &met, 1_020, 0));
    // The last millisecond of the day is enough, and is never rounded away.
    let all_but_one = ["16:29:59.999", "16:30:00"];
    let skola = found(all_but_one, Some("skola"));
    assert_eq!(goal(&skola), of(99.9, &missed, 510, 1));
    let row = ["open", "staffed", "unstaffed", "unknown", "single", "gap"];
    let row = row.map(|column| cell(table(&skola, "staffing"), "skola", column));
    assert_eq!(json!(row), json!([540, 509, 1, 30, 509, 1.0]));
    let told = skola["sentences"].as_array().unwrap();
    let sentence = "A staffed number: 99.9\u{a0}% of 510 minutes were staffed. The goal of 100\u{a0}% is missed.";
    assert!(told.iter().any(|one| one == sentence), "{told:?}");
    assert_eq!(goal(&found(all_but_one, Some("kultur"))), of(100.0, &met, 510, 0));
    let both = found(all_but_one, None);
    assert_eq!(goal(&both), of(99.9, &missed, 1_020, 1));
    let told = both["sentences"].as_array().unwrap();
    let sentence = "A staffed number: 99.9\u{a0}% of 1\u{a0}020 minutes were staffed, the departments' \
        minutes together; 1 of 2 departments were staffed all the time. The goal of 100\u{a0}% is missed.";
    assert!(told.iter().any(|one| one == sentence), "{told:?}");
    let departments = table(&both, "departments");
    let of = |slug: &str| {
        ["STAFFED", "STAFFED_of", "STAFFED_verdict"].map(|column| cell(departments, slug, column))
    };
    assert_eq!(of("skola"), [json!(99.9), json!(510), missed]);
    assert_eq!(of("kultur"), [json!(100.0), json!(510), met]);
    // Nobody of whom anything is known is no reason for a verdict.
    let nobody = serde_json::to_value(report(&monday(&[]), "2026-10-05", Audience::Internal));
    let nobody = nobody.unwrap();
    assert_eq!(goal(&nobody), [level, Value::Null, json!("no data"), json!(0), json!(0)]);
}

#[test]
fn working_days_without_questions_are_listed_for_those_who_have_received_some() {
    let config = Config::parse(TWO_UNITS, &[]).unwrap();
    let mut engine = engine(&config);
    engine.open_partition("test", 0);
    let mut offset = 0;
    let mut received = |engine: &mut Engine, date: &str, department: &str, channel: &str| {
        let question = json!({
            "id": format!("{date}{department}"), "type": "question.received",
            "time": format!("{date}T10:00:00+02:00"), "source": "s",
            "contact": format!("{date}{department}"), "department": department, "channel": channel,
        });
        engine.event(0, offset, question.to_string().as_bytes(), &Arrival::default());
        offset += 1;
    };
    received(&mut engine, "2026-09-14", "kultur", "e_service");
    // A week without its Wednesday; on Saturday nobody has to ask.
    for date in ["2026-10-05", "2026-10-06", "2026-10-08", "2026-10-09", "2026-10-12"] {
        received(&mut engine, date, "skola", "email");
    }
    engine.tick();
    let week = |engine: &Engine| {
        let report = report(engine, "2026-W41", Audience::Internal);
        serde_json::to_value(report).unwrap()
    };
    let told = week(&engine);
    let intake = table(&told, "intake");
    assert_eq!(cell(intake, "skola", "working_days"), 5);
    assert_eq!(cell(intake, "skola", "without"), 1);
    assert_eq!(cell(intake, "skola", "dates"), "2026-10-07");
    // Within four weeks before the end of the period.
    assert_eq!(cell(intake, "kultur", "without"), 5);
    received(&mut engine, "2026-10-07", "skola", "email");
    engine.tick();
    let told = week(&engine);
    assert_eq!(cell(table(&told, "intake"), "skola", "without"), 0);
    // A day later the last one is older than that.
    received(&mut engine, "2026-10-13", "skola", "email");
    engine.tick();
    let later = report(&engine, "2026-W42", Audience::Internal);
    let later = serde_json::to_value(later).unwrap();
    assert_eq!(cell(table(&later, "intake"), "skola", "without"), 0);
    assert_eq!(table(&later, "intake")["rows"].as_array().unwrap().len(), 1);
}

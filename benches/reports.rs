//! How long do the reports of a year of two hundred departments take, from the snapshot? The report of
//! the municipality alone, every sheet, as JSON and as HTML, and what the page of the goals asks for.
//!
//! ```text
//! cargo bench --bench reports
//! ```
//!
//! It asserts that the sheets add up to the municipality before it prints a time. A year of 0.8 M calls
//! goes through the engine first, which takes half a minute.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use svarstid::config::Config;
use svarstid::domain::board::Board;
use svarstid::domain::calendar::Zone;
use svarstid::domain::ids::Department;
use svarstid::domain::pack::Reader;
use svarstid::engine::{Engine, Settings};
use svarstid::report::{Audience, Language, Order, Report, Sums};
use svarstid::simulate::{Parameters, Simulation, departments};
use svarstid::wire::canonical::{Arrival, Decoder, Limits};
use svarstid::wire::identity::{IdKey, Pseudonyms};

/// Seventeen times the simulated municipality.
const DEPARTMENTS: usize = 17 * SIMULATED;
/// Luleå's calls, this many times over.
const SCALE: f64 = 4.0;
const SAMPLES: usize = 5;
/// Departments that the simulator has.
const SIMULATED: usize = 12;

fn main() {
    let config = configuration();
    let engine = year(&config);
    let mut bytes = Vec::new();
    engine.board().image().pack(&mut bytes);
    println!("the board with every quarter-hour: {:.1} MB packed", bytes.len() as f64 / 1e6);
    for (what, days) in [("62 days of quarter-hours", 62), ("every quarter-hour", i32::MAX)] {
        time(&format!("the board unpacked, {what}"), || {
            let bounds = engine.board().bounds().clone();
            assert!(Board::unpack(&mut Reader(&bytes), bounds, days).is_some());
        });
    }
    adds_up(&engine.sums());
    time("the municipality, JSON and HTML", || {
        let bytes = written(&engine.sums().report(&order(None)));
        assert!(bytes > 20_000, "{bytes} bytes");
    });
    let now = engine.last_event().expect("a year of events");
    let today = Zone::stockholm().day_of(now);
    let before = engine.trends(now);
    time("page of the goals, for the first time", || drop(black_box(engine.trends(now))));
    time("page of the goals, in a later minute", || {
        drop(black_box(engine.trends_after(now, Some(&before))));
    });
    time("page of the goals, half-hours of four weeks", || {
        drop(black_box(engine.hours((today.plus(-28), today))));
    });
    time("205 sheets for the municipality itself, JSON and HTML", || {
        assert!(sheets(&engine, Audience::Internal) > 205 * 10_000);
    });
    time("205 sheets for citizens, JSON and HTML", || {
        assert!(sheets(&engine, Audience::Public) > 205 * 2_000);
    });
}

/// The median of a few, and the longest.
fn time(what: &str, mut work: impl FnMut()) {
    let mut lengths: Vec<Duration> = (0..SAMPLES)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    lengths.sort_unstable();
    println!("{what}: {:.2?}, {:.2?} at most", lengths[SAMPLES / 2], lengths[SAMPLES - 1]);
}

fn order(department: Option<Department>) -> Order {
    Order {
        period: "2026".parse().expect("a period"),
        department,
        audience: Audience::Internal,
        language: Language::Swedish,
    }
}

/// Every department's sheet and the whole; the bytes of them.
fn sheets(engine: &Engine, audience: Audience) -> usize {
    let sums = engine.sums();
    let each = (1..=DEPARTMENTS as u16).map(|at| Some(Department(at)));
    each.chain([None]).map(|at| written(&sums.report(&Order { audience, ..order(at) }))).sum()
}

fn written(report: &Report) -> usize {
    report.to_json().len() + report.to_html().len()
}

/// Calls to queues, of the sheets and of the whole.
fn adds_up(sums: &Sums<'_>) {
    let of = |department| -> i64 {
        let report = sums.report(&order(department));
        let volumes = report.tables.iter().find(|table| table.id == "volumes").expect("the table");
        let row = volumes.rows.iter().find(|row| row.id == "queue");
        row.and_then(|row| row.cells[0].value()).map_or(0, |n| n as i64)
    };
    let each: i64 = (0..=DEPARTMENTS as u16).map(|at| of(Some(Department(at)))).sum();
    assert!(each > 300_000, "{each} calls");
    assert_eq!(each, of(None));
}

/// The simulated municipality's departments, and copies of them under other names.
fn configuration() -> Config {
    let mut text = String::from(
        "[switchboard]\ndepartment = \"kommunledning\"\n[limits]\ndepartments = 250\n",
    );
    let each = departments();
    assert_eq!(each.len(), SIMULATED);
    for at in 0..DEPARTMENTS {
        let (copy, department) = (at / each.len(), &each[at % each.len()]);
        let suffix = if copy == 0 { String::new() } else { format!("-{copy}") };
        text += &format!(
            "[[department]]\nslug = \"{}{suffix}\"\nname = \"{} {copy}\"\n",
            department.slug, department.name
        );
    }
    Config::parse(&text, &[]).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn empty(config: &Config) -> Engine {
    let names = config.names();
    let rules = config.rules(&names);
    let decoder =
        Decoder::new(names, IdKey::new(b"bench"), Pseudonyms::new(None), Limits::default());
    let mut engine = Engine::new(Settings::from(config), rules, decoder, Vec::new());
    engine.set_rules(config);
    engine.keep_all_quarters();
    engine.open_partition("bench", 0);
    engine
}

/// A year of calls, each contact moved to one of the copies.
fn year(config: &Config) -> Engine {
    let begun = Instant::now();
    let mut engine = empty(config);
    let date = |text: &str| text.parse().expect("a date");
    let parameters =
        Parameters { scale: SCALE, ..Parameters::new(7, date("2026-01-01"), date("2027-01-01")) };
    let mut events = 0;
    for record in Simulation::new(parameters).expect("parameters are in range") {
        let line = spread(record.payload);
        let arrival = Arrival { record_time: None, content_type_cloudevents: false };
        engine.event(0, events, line.as_bytes(), &arrival);
        events += 1;
        if events % 2_000 == 0 {
            engine.commit();
        }
    }
    engine.tick();
    println!("{events} events in {:.1?}, {DEPARTMENTS} departments", begun.elapsed());
    engine
}

fn spread(line: String) -> String {
    let Some((_, rest)) = line.split_once("\"contact\":\"") else { return line };
    let contact = rest.split_once('"').map_or("", |(contact, _)| contact);
    let copies = DEPARTMENTS / SIMULATED;
    let copy = contact.bytes().fold(7, |sum, byte| sum * 31 % 1_000_003 + usize::from(byte));
    match (copy % copies, line.split_once("\"department\":\"")) {
        (copy @ 1.., Some((before, rest))) => {
            let (slug, after) = rest.split_once('"').expect("a text ends");
            format!("{before}\"department\":\"{slug}-{copy}\"{after}")
        }
        (_, _) => line,
    }
}

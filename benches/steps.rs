//! What does one event cost, step by step, and one scrape with fifty departments? What does a held
//! contact weigh?
//!
//! `cargo bench --bench steps` prints the median of each step; the memory of a national working day
//! is printed first, since it needs no timing.

use std::sync::Arc;

use divan::Bencher;
use svarstid::config::Config;
use svarstid::domain::board::Board;
use svarstid::domain::pack::Reader;
use svarstid::domain::units::Timestamp;
use svarstid::engine::{Engine, Settings};
use svarstid::metrics;
use svarstid::simulate::{Parameters, Record, Simulation, departments};
use svarstid::wire::canonical::{Arrival, Decoder, Limits};
use svarstid::wire::identity::{IdKey, Pseudonyms};

fn main() {
    held_memory();
    divan::main();
}

/// The simulated municipality, spread over so many departments under other names.
fn configuration(copies: usize) -> Config {
    let mut text = String::from("[switchboard]\ndepartment = \"kommunledning\"\n");
    for copy in 0..copies {
        for department in departments() {
            let suffix = if copy == 0 { String::new() } else { format!("-{copy}") };
            text += &format!(
                "[[department]]\nslug = \"{}{suffix}\"\nname = \"{}\"\n",
                department.slug, department.name
            );
        }
    }
    Config::parse(&text, &[]).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn decoder(config: &Config) -> Decoder {
    Decoder::new(config.names(), IdKey::new(b"bench"), Pseudonyms::new(None), Limits::default())
}

fn engine(config: &Config) -> Engine {
    let rules = config.rules(&config.names());
    let mut engine = Engine::new(Settings::from(config), rules, decoder(config), Vec::new());
    engine.open_partition("bench", 0);
    engine
}

fn day(scale: f64) -> Vec<Record> {
    let parameters = Parameters {
        scale,
        ..Parameters::new(
            1,
            "2026-10-05".parse().expect("a date"),
            "2026-10-06".parse().expect("a date"),
        )
    };
    Simulation::new(parameters).expect("parameters are in range").collect()
}

const ARRIVAL: Arrival = Arrival { record_time: None, content_type_cloudevents: false };

fn feed(engine: &mut Engine, records: &[Record], commit_every: usize) {
    for (offset, record) in records.iter().enumerate() {
        engine.event(0, offset as i64, record.payload.as_bytes(), &ARRIVAL);
        if offset % commit_every == commit_every - 1 {
            engine.commit();
        }
    }
    engine.commit();
}

/// Resident bytes of this process.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: usize = statm.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    pages * 4_096
}

fn held_memory() {
    let config = configuration(16);
    let before = resident();
    let mut engine = engine(&config);
    let parameters = Parameters {
        scale: 105.0,
        ..Parameters::new(
            1,
            "2026-10-05".parse().expect("a date"),
            "2026-10-06".parse().expect("a date"),
        )
    };
    let mut events = 0;
    for (offset, record) in
        Simulation::new(parameters).expect("parameters are in range").enumerate()
    {
        engine.event(0, offset as i64, record.payload.as_bytes(), &ARRIVAL);
        if offset % 2_000 == 1_999 {
            engine.commit();
        }
        events += 1;
    }
    engine.commit();
    let (bytes, contacts) = engine.held();
    let applied = engine.partitions()[0].applied;
    let table = contacts as f64 * (8.0 + 16.0 + 1.0) / 0.65 + contacts as f64 * 8.0;
    println!(
        "a national working day: {events} events, {contacts} contacts held, {applied} applied; \
         {:.1} bytes packed an observation, {:.1} with the table's share and the allocator's; \
         resident {:.0} MB (before {:.0} MB; the simulator's own memory included)",
        bytes as f64 / applied as f64,
        (bytes as f64 + table) / applied as f64,
        resident() as f64 / 1e6,
        before as f64 / 1e6,
    );
}

#[divan::bench(sample_count = 10)]
fn decode_10_000_events(bencher: Bencher) {
    let records = day(5.0);
    let config = configuration(1);
    bencher.with_inputs(|| decoder(&config)).bench_values(|mut decoder| {
        for record in &records[..10_000] {
            divan::black_box(decoder.decode(record.payload.as_bytes(), &ARRIVAL).is_ok());
        }
    });
}

#[divan::bench(sample_count = 10)]
fn decode_gather_commit_fold_10_000_events(bencher: Bencher) {
    let records = day(5.0);
    let config = configuration(1);
    bencher.with_inputs(|| engine(&config)).bench_values(|mut engine| {
        feed(&mut engine, &records[..10_000], 2_000);
        engine
    });
}

fn loaded(copies: usize) -> Engine {
    let config = configuration(copies);
    let mut engine = engine(&config);
    let mut records = day(8.0);
    let slugs = departments();
    // The same day for every copy, under the copies' names.
    for (at, record) in records.iter_mut().enumerate() {
        let copy = at % copies;
        if copy > 0 {
            for department in &slugs {
                let from = format!("\"department\":\"{}\"", department.slug);
                let to = format!("\"department\":\"{}-{copy}\"", department.slug);
                record.payload = record.payload.replace(&from, &to);
            }
        }
    }
    feed(&mut engine, &records, 2_000);
    engine.set_caught_up(true);
    engine
}

fn noon() -> Timestamp {
    Timestamp(1_791_194_400_000)
}

#[divan::bench(sample_count = 20)]
fn snapshot_of_50_departments(bencher: Bencher) {
    let mut engine = loaded(4);
    bencher.bench_local(|| divan::black_box(engine.snapshot(noon())));
}

#[divan::bench(sample_count = 20)]
fn scrape_of_50_departments(bencher: Bencher) {
    let snapshot = Arc::new(loaded(4).snapshot(noon()));
    let text = metrics::render(&snapshot);
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(series > 1_000, "the scrape is empty");
    println!("{} departments, {series} series", snapshot.departments.len());
    bencher.bench(|| divan::black_box(metrics::render(&snapshot)));
}

#[divan::bench(sample_count = 20)]
fn image_of_50_departments(bencher: Bencher) {
    let engine = loaded(4);
    bencher.bench_local(|| divan::black_box(engine.board().image()));
}

#[divan::bench(sample_count = 20)]
fn pack_and_unpack_50_departments(bencher: Bencher) {
    let engine = loaded(4);
    let mut bytes = Vec::new();
    engine.board().image().pack(&mut bytes);
    println!("{} bytes", bytes.len());
    bencher.bench_local(|| {
        bytes.clear();
        engine.board().image().pack(&mut bytes);
        let bounds = engine.board().bounds().clone();
        divan::black_box(Board::unpack(&mut Reader(&bytes), bounds, 62)).is_some()
    });
}

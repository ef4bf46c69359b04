//! `enter`: what people tell, as canonical events into a topic or a file. Everything is looked
//! through before anything is written; the daemon would count and leave out what is wrong.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;

use super::clock::Clock;
use super::produce::{Patience, Producer};
use super::{Stop, Usage, kafka, log, read_config, usage};
use crate::cli::{Destination, Enter};
use crate::config::{Config, did_you_mean};
use crate::domain::units::Timestamp;
use crate::wire::canonical::encode;
use crate::wire::entry::{self, Circumstances, Entered, table};
use crate::wire::event::Event;
use crate::wire::time;

/// Faults of a table that are told; of the others only how many there are.
const TOLD: usize = 50;

/// Writes what is entered.
///
/// # Errors
///
/// [`super::Usage`] with every fault of what is entered, and when it is not said where it goes; a
/// failure when it cannot be written.
pub fn enter(asked: &Enter) -> anyhow::Result<()> {
    let to = &asked.to;
    let more: Vec<(&str, &str)> =
        to.brokers.iter().map(|brokers| ("SVARSTID_KAFKA_BROKERS", brokers.as_str())).collect();
    let config = to.config.as_deref().map(|path| read_config(path, &more)).transpose()?;
    let departments: Vec<&str> = config
        .iter()
        .flat_map(|config| config.departments())
        .map(|department| department.slug.as_str())
        .collect();
    let unknown = |slug: &str| {
        let is_known = departments.is_empty() || departments.contains(&slug);
        (!is_known).then(|| did_you_mean(slug, &departments))
    };
    let now = told_at(to)?;
    let at = Circumstances { now, source: &to.source, unknown: &unknown };
    let entered = match (&asked.what, &asked.csv) {
        (Some(what), None) => {
            let (telling, fields) = what.fields();
            let entered = entry::event(telling, &fields, &at).map_err(|faults| {
                Usage(faults.into_iter().map(|fault| format!("--{fault}")).collect())
            })?;
            if entered.masked > 0 {
                warn("", entered.masked);
            }
            vec![entered]
        }
        (None, Some(path)) => table_of(path, &at)?,
        (Some(_), Some(_)) | (None, None) => {
            return Err(usage("give either survey, evaluator, count or note, or --csv FILE"));
        }
    };
    let events: Vec<&Event<'_>> = entered.iter().map(|entered| &entered.event).collect();
    if to.dry_run {
        return print(&events);
    }
    match &to.out {
        Some(path) if path == Path::new("-") => print(&events),
        Some(path) => append(&events, path),
        None => send(&events, to, config.as_ref()),
    }
}

fn told_at(to: &Destination) -> anyhow::Result<Timestamp> {
    let now = Clock::Real.now();
    let Some(text) = &to.at else { return Ok(now) };
    let at = time::parse(text).filter(|at| *at >= Timestamp::EARLIEST).ok_or_else(|| {
        usage(format!("--at \"{text}\" is no time; write it as 2026-10-05T12:00:00+02:00"))
    })?;
    match at > now {
        true => Err(usage(format!("--at {text} is to come; leave it out for now"))),
        false => Ok(at),
    }
}

fn table_of(path: &Path, at: &Circumstances<'_>) -> anyhow::Result<Vec<Entered>> {
    let shown = path.display();
    let unreadable = |error: io::Error| {
        usage(format!("cannot read --csv \"{shown}\": {error}; give the path of a table"))
    };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > table::LARGEST as u64 {
        let largest = table::LARGEST;
        return Err(usage(format!(
            "--csv \"{shown}\" has {size} bytes; cut it into tables of {largest} at most"
        )));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let lines = table::read(&bytes, at).map_err(|mut faults| {
        let more = faults.len().saturating_sub(TOLD);
        faults.truncate(TOLD);
        let mut told: Vec<String> =
            faults.into_iter().map(|fault| format!("\"{shown}\" {fault}")).collect();
        if more > 0 {
            told.push(format!("\"{shown}\" has {more} faults more"));
        }
        told.push("nothing is entered; put the table right and enter it again".to_owned());
        Usage(told)
    })?;
    for line in lines.iter().filter(|line| line.entered.masked > 0) {
        warn(&format!("line {}: ", line.number), line.entered.masked);
    }
    Ok(lines.into_iter().map(|line| line.entered).collect())
}

fn warn(place: &str, taken: usize) {
    eprintln!("note: {place}numbers or addresses of people taken out of the text: {taken}");
}

fn lines(events: &[&Event<'_>]) -> String {
    events.iter().map(|event| encode(event) + "\n").collect()
}

fn print(events: &[&Event<'_>]) -> anyhow::Result<()> {
    io::stdout().lock().write_all(lines(events).as_bytes()).context("cannot print")
}

/// One write, so that a file never ends with half of a table.
fn append(events: &[&Event<'_>], path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(|error| {
        usage(format!("cannot write --out \"{shown}\": {error}; give a path in a folder of yours"))
    })?;
    file.write_all(lines(events).as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write \"{shown}\""))?;
    told(events, &format!("\"{shown}\""))
}

fn send(events: &[&Event<'_>], to: &Destination, config: Option<&Config>) -> anyhow::Result<()> {
    let nowhere =
        || usage("say where it goes: --config FILE, --brokers A --topic T, or --out FILE");
    let settings = match (config, &to.brokers) {
        (Some(config), _) => kafka::settings(&config.kafka)?,
        (None, Some(brokers)) => kafka::plain(brokers),
        (None, None) => return Err(nowhere()),
    };
    let configured = config.and_then(|config| config.topics.events.first());
    let topic = to.topic.as_ref().or(configured).ok_or_else(nowhere)?;
    log::start_default();
    let stop = Stop::by_hand();
    let mut producer = Producer::new(settings, topic, Patience::HalfAMinute, 5, &stop)?;
    let now = Clock::Real.now().0;
    for event in events {
        let key = event.record_key().unwrap_or_default();
        producer.send(key, &encode(event), Some(now), &stop)?;
    }
    producer.drain(&stop)?;
    told(events, &format!("topic \"{topic}\""))
}

fn told(events: &[&Event<'_>], place: &str) -> anyhow::Result<()> {
    let n = events.len();
    writeln!(io::stdout(), "entered {n} into {place}").context("cannot print")
}

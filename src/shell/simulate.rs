//! Simulated events into a file or a topic, and the exact figures they must give.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::civil::Date;

use super::clock::Clock;
use super::demo::SimulatedDay;
use super::produce::{Patience, Producer};
use super::{Stop, day, kafka, log, usage};
use crate::cli::{Simulate, Switch};
use crate::domain::calendar::Day;
use crate::simulate::{Parameters, Record, Simulation, Truth};

/// Records between two looks at the progress and at the broker's answers.
const STEP: u64 = 1_024;

/// Simulates.
///
/// # Errors
///
/// [`super::Usage`] for parameters that cannot be simulated, a failure when nothing can be written.
pub fn simulate(asked: &Simulate) -> anyhow::Result<()> {
    let from = day(&asked.from, "--from")?;
    let to = day(&asked.to, "--to")?;
    let mut parameters = Parameters::new(asked.seed, date(from), date(to));
    parameters.scale = asked.scale;
    parameters.faults = asked.faults == Switch::On;
    parameters.every_agent_state = asked.every_agent_state;
    let mut simulation = Simulation::new(parameters).map_err(|fault| usage(fault.to_string()))?;
    // Made first, so that a path that cannot be written is told before the work.
    let truth = asked.truth.as_deref().map(|path| create(path, "--truth")).transpose()?;
    match (&asked.brokers, &asked.topic) {
        (Some(brokers), Some(topic)) if asked.live => return live(simulation, brokers, topic),
        (Some(brokers), Some(topic)) => produce(&mut simulation, brokers, topic)?,
        _ => match asked.out.as_deref().filter(|path| *path != Path::new("-")) {
            Some(path) => write(&mut simulation, create(path, "--out")?)?,
            None => write(&mut simulation, BufWriter::new(io::stdout().lock()))?,
        },
    }
    match truth {
        Some(out) => write_truth(&simulation.into_truth(), out),
        None => Ok(()),
    }
}

/// A day as the simulator takes it.
pub(super) fn date(day: Day) -> Date {
    let (year, month, day) = day.date();
    let year = i16::try_from(year).expect("days are within 2000 to 2099");
    let month = i8::try_from(month).expect("a month is at most 12");
    let day = i8::try_from(day).expect("a day is at most 31");
    Date::new(year, month, day).expect("a day of one calendar is one of the other")
}

pub(super) fn create(path: &Path, flag: &str) -> anyhow::Result<BufWriter<File>> {
    let file = File::create(path).map_err(|error| {
        let shown = path.display();
        usage(format!("cannot write {flag} \"{shown}\": {error}; give a path in a folder of yours"))
    })?;
    Ok(BufWriter::new(file))
}

pub(super) fn write_truth(truth: &Truth, mut out: impl Write) -> anyhow::Result<()> {
    truth.write_json(&mut out).and_then(|()| out.flush()).context("cannot write the exact figures")
}

fn write(simulation: &mut Simulation, mut out: impl Write) -> anyhow::Result<()> {
    let progress = progress();
    for (at, record) in (1_u64..).zip(simulation) {
        out.write_all(record.payload.as_bytes())
            .and_then(|()| out.write_all(b"\n"))
            .context("cannot write the events")?;
        if at % STEP == 0 {
            progress.inc(STEP);
        }
    }
    out.flush().context("cannot write the events")?;
    progress.finish_and_clear();
    Ok(())
}

fn produce(simulation: &mut Simulation, brokers: &str, topic: &str) -> anyhow::Result<()> {
    log::start_default();
    let stop = Stop::by_hand();
    let settings = kafka::plain(brokers);
    let mut producer = Producer::new(settings, topic, Patience::HalfAMinute, 20, &stop)?;
    let progress = progress();
    for (at, record) in (1_u64..).zip(simulation) {
        send(&mut producer, &record, &stop)?;
        if at % STEP == 0 {
            producer.serve(Duration::ZERO)?;
            progress.inc(STEP);
        }
    }
    producer.drain(&stop)?;
    progress.finish_and_clear();
    Ok(())
}

/// Delivers as time passes, until the last day is over or somebody asks for a stop.
fn live(simulation: Simulation, brokers: &str, topic: &str) -> anyhow::Result<()> {
    log::start_default();
    let stop = Stop::on_signals()?;
    let producer = Producer::new(kafka::plain(brokers), topic, Patience::HalfAMinute, 20, &stop)?;
    let mut days = SimulatedDay { simulation, producer, held: None, stop: stop.clone() };
    let ended = days.live(&Clock::Real, None)? && days.deliver_rest()?;
    tracing::info!(ended, "the simulation stops");
    stop.ask();
    Ok(())
}

/// Sends a record with its arrival as the record's time.
pub(super) fn send(producer: &mut Producer, record: &Record, stop: &Stop) -> anyhow::Result<()> {
    let time = Some(record.arrival_ms);
    if record.every_partition {
        producer.send_everywhere(&record.payload, time, stop)
    } else {
        producer.send(&record.key, &record.payload, time, stop)
    }
}

/// Events and their speed, on a terminal; nothing when piped.
fn progress() -> ProgressBar {
    let target = match io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let style = ProgressStyle::with_template("{spinner} {human_pos} events, {per_sec}")
        .expect("the template is well formed");
    ProgressBar::with_draw_target(None, target).with_style(style)
}

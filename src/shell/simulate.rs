//! Simulated events into a file or a topic, and the exact figures they must give.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::civil::Date;

use super::backup::beside;
use super::clock::Clock;
use super::demo::SimulatedDay;
use super::produce::{Patience, Producer};
use super::{Stop, day, kafka, log, usage};
use crate::cli::{Simulate, Switch};
use crate::domain::calendar::Day;
use crate::domain::units::Millis;
use crate::simulate::{Parameters, Record, Simulation, Truth};

/// Records between two looks at the progress and at the broker's answers.
const STEP: u64 = 1_024;

/// Simulates.
///
/// # Errors
///
/// [`super::Usage`] for parameters that cannot be simulated, a failure when nothing can be written.
pub fn simulate(asked: &Simulate) -> anyhow::Result<()> {
    let state = asked.state.as_deref().map(State::read).transpose()?.flatten();
    let from = state.as_ref().map_or_else(|| day(&asked.from, "--from"), |state| Ok(state.from))?;
    let to = day(&asked.to, "--to")?;
    let mut parameters = Parameters::new(asked.seed, date(from), date(to));
    parameters.scale = asked.scale;
    parameters.faults = asked.faults == Switch::On;
    parameters.every_agent_state = asked.every_agent_state;
    let mut simulation = Simulation::new(parameters).map_err(|fault| usage(fault.to_string()))?;
    // Made first, so that a path that cannot be written is told before the work.
    let truth = asked.truth.as_deref().map(|path| create(path, "--truth")).transpose()?;
    match (&asked.brokers, &asked.topic) {
        (Some(brokers), Some(topic)) if asked.live => {
            let state = state.unwrap_or(State { from, delivered: 0 });
            return live(simulation, state, asked.state.as_deref(), brokers, topic);
        }
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

/// How far a simulation that is delivered live has come. The same first day gives the same events,
/// so that those of two starts are one municipality's.
struct State {
    from: Day,
    /// Records that the broker has.
    delivered: u64,
}

impl State {
    /// What was kept; `None` before the first time.
    fn read(path: &Path) -> anyhow::Result<Option<State>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let shown = path.display();
                return Err(usage(format!("cannot read --state \"{shown}\": {error}")));
            }
        };
        let parsed = text.split_once(' ').and_then(|(from, delivered)| {
            Some(State { from: Day::parse(from)?, delivered: delivered.trim().parse().ok()? })
        });
        let unknown = || {
            let shown = path.display();
            usage(format!("--state \"{shown}\" holds no position; delete it to begin anew"))
        };
        parsed.map(Some).ok_or_else(unknown)
    }

    fn keep(&self, path: &Path) -> anyhow::Result<()> {
        let new = beside(path);
        fs::write(&new, format!("{} {}\n", self.from, self.delivered))
            .and_then(|()| fs::rename(&new, path))
            .with_context(|| format!("cannot write --state \"{}\"", path.display()))
    }
}

/// Delivers as time passes, until the last day is over or somebody asks for a stop.
fn live(
    mut simulation: Simulation,
    mut state: State,
    path: Option<&Path>,
    brokers: &str,
    topic: &str,
) -> anyhow::Result<()> {
    /// Between two times that the position is kept.
    const KEEP: Millis = Millis::from_seconds(2);
    log::start_default();
    let stop = Stop::on_signals()?;
    let producer = Producer::new(kafka::plain(brokers), topic, Patience::HalfAMinute, 20, &stop)?;
    for _ in 0..state.delivered {
        if simulation.next().is_none() {
            break;
        }
    }
    let mut days =
        SimulatedDay { simulation, producer, held: None, delivered: 0, stop: stop.clone() };
    let before = state.delivered;
    let ended = loop {
        let goes_on = days.live(&Clock::Real, Some(Clock::Real.now().plus(KEEP)))?;
        days.producer.drain(&stop)?;
        state.delivered = before + days.delivered;
        if let Some(path) = path {
            state.keep(path)?;
        }
        if !goes_on || days.held.is_none() {
            break goes_on;
        }
    };
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

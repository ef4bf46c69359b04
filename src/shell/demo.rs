//! Everything at work in one process: an embedded broker, a municipality that rings, and the real
//! daemon over them.
//!
//! What the simulated municipality held before the clock begins, a month and more, is produced first,
//! at full speed; the rest comes as the clock reaches it. The embedded broker keeps some five
//! megabytes of each partition, compressed: the most history that can be asked for is well within
//! them. Records carry the time of their arrival on that clock, so nothing
//! in the daemon knows that the day is not today's. Nothing is published: its ledger is in memory, and
//! editions are cut in a ledger that can be read again.

use std::io::{self, Write as _};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use super::access::Access;
use super::broker::Embedded;
use super::clock::Clock;
use super::consume::{self, Feed};
use super::produce::{Patience, Producer};
use super::run::{self, Keys};
use super::simulate::{create, date, send, write_truth};
use super::{Stop, day, kafka, log, minute, usage};
use crate::cli::Demo;
use crate::config::Config;
use crate::domain::calendar::{Day, WorkingDays, Zone};
use crate::domain::units::Timestamp;
use crate::simulate::{Parameters, Record, Simulation};

/// The configuration of the simulated municipality.
const CONFIG: &str = include_str!("../../config/demo.toml");
const PARTITIONS: i32 = 6;
/// Days that the demo could run for.
const DAYS: i32 = 3_650;

/// Shows the program at work until it is told to stop.
///
/// # Errors
///
/// [`super::Usage`] for a day, time, speed or address that cannot be.
pub fn demo(asked: &Demo) -> anyhow::Result<()> {
    let config = Config::parse(CONFIG, &[]).map_err(|found| super::faults(&found))?;
    let first = match &asked.date {
        Some(text) => day(text, "--date")?,
        None => working_day_from(Zone::stockholm().day_of(Clock::Real.now())),
    };
    let at = Zone::stockholm().at_wall_clock(first, minute(&asked.at, "--at")?);
    let until = match &asked.until {
        Some(text) => Some(Zone::stockholm().at_wall_clock(first, minute(text, "--until")?)),
        None => None,
    };
    if until.is_some_and(|until| until <= at) {
        return Err(usage("--until is not after --at; choose a later time"));
    }
    // Tells a speed that cannot be before anything is started.
    Clock::scaled(at, asked.speed).map_err(|fault| usage(format!("--speed: {fault}")))?;
    let last = if until.is_some() { first.next() } else { first.plus(DAYS) };
    let begin = match (until, asked.history) {
        (Some(_), _) => first,
        (None, Some(days)) => first.plus(-days).max(Day::FIRST),
        (None, None) => first.month().previous().first_day().max(Day::FIRST),
    };
    let mut parameters = Parameters::new(asked.seed, date(begin), date(last.min(Day::END)));
    parameters.every_agent_state = true;
    let simulation = Simulation::new(parameters).map_err(|fault| usage(fault.to_string()))?;
    let truth = asked.truth.as_deref().map(|path| create(path, "--truth")).transpose()?;

    log::start(&config.log);
    let stop = Stop::on_signals()?;
    let (listener, address) = run::bind(&asked.listen)?;
    let topic = config.topics.events[0].clone();
    let broker = Embedded::start(&topic, PARTITIONS)?;
    let settings = kafka::plain(&broker.address());
    let producer = Producer::new(settings.clone(), &topic, Patience::Endless, 2, &stop)?;
    let mut day =
        SimulatedDay { simulation, producer, held: None, delivered: 0, stop: stop.clone() };
    let records = day.deliver_until(at)?;
    if !day.producer.drain(&stop)? {
        return Ok(());
    }
    tracing::info!(from = %begin, day = %first, at = asked.at, records, "the past is delivered");

    let clock = Clock::scaled(at, asked.speed).map_err(usage)?;
    let on = move || -> anyhow::Result<()> {
        if let Some(until) = until {
            if !day.live(&clock, Some(until))? || !day.deliver_rest()? {
                return Ok(());
            }
            tracing::info!("the day is over and delivered");
            if let Some(out) = truth {
                write_truth(&day.simulation.into_truth(), out)?;
            }
            return Ok(());
        }
        day.live(&clock, None).map(drop)
    };
    let simulator = thread::Builder::new()
        .name("simulator".to_owned())
        .spawn(on)
        .context("cannot start the simulator's thread")?;
    // Whoever closed the output can still look at the pages.
    drop(writeln!(io::stdout(), "open http://{address}/vaggtavla in a browser; stop with Ctrl-C"));
    let mut client = kafka::consumer(settings, &config.kafka.group);
    // The embedded broker does not wake a waiting fetch when something new comes.
    client.set("fetch.wait.max.ms", "10");
    let engine = run::engine(&config, &Keys::fixed());
    let feed = Feed::new(&config, client, clock, engine, stop.clone());
    let served = run::serve(&clock, &stop, listener, Access::open(), None, move |outlet| {
        consume::read(feed, outlet)
    });
    stop.ask();
    let simulated = simulator.join().map_err(|_| anyhow::anyhow!("the simulator's thread died"))?;
    served.and(simulated)
}

/// The day itself, or the next one on which people work.
fn working_day_from(day: Day) -> Day {
    if WorkingDays::is_working_day(day) { day } else { WorkingDays::nth_after(day, 1) }
}

/// A simulation that is delivered as time passes.
pub(super) struct SimulatedDay {
    pub(super) simulation: Simulation,
    pub(super) producer: Producer,
    /// The record that is next.
    pub(super) held: Option<Record>,
    /// Records sent.
    pub(super) delivered: u64,
    pub(super) stop: Stop,
}

impl SimulatedDay {
    fn next(&mut self) -> Option<Record> {
        self.held.take().or_else(|| self.simulation.next())
    }

    /// Delivers what arrives by `time`; gives how many.
    fn deliver_until(&mut self, time: Timestamp) -> anyhow::Result<u64> {
        let mut records = 0;
        while let Some(record) = self.next() {
            if record.arrival_ms > time.0 {
                self.held = Some(record);
                break;
            }
            send(&mut self.producer, &record, &self.stop)?;
            records += 1;
        }
        self.delivered += records;
        Ok(records)
    }

    /// Delivers each record when the clock says so, up to `until`. Gives false when it was stopped.
    pub(super) fn live(&mut self, clock: &Clock, until: Option<Timestamp>) -> anyhow::Result<bool> {
        /// The broker's answers are heard at least so often.
        const HEAR: Duration = Duration::from_millis(100);
        loop {
            let now = clock.now();
            let by = until.map_or(now, |until| now.min(until));
            self.deliver_until(by)?;
            self.producer.serve(Duration::ZERO)?;
            if until.is_some_and(|until| now >= until) {
                return Ok(true);
            }
            let Some(held) = &self.held else { return Ok(true) };
            let wait = clock.until(Timestamp(held.arrival_ms)).max(Duration::from_millis(1));
            if !self.stop.sleep(wait.min(HEAR)) {
                return Ok(false);
            }
        }
    }

    /// Delivers what is left, whenever it arrives. Gives false when it was stopped.
    pub(super) fn deliver_rest(&mut self) -> anyhow::Result<bool> {
        self.deliver_until(Timestamp(i64::MAX))?;
        self.producer.drain(&self.stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::departments;

    /// The shipped file must tell of the municipality that rings.
    fn text() -> String {
        let quoted = |text: &str| format!("\"{text}\"");
        let from = Date::constant(2026, 10, 5);
        let queues = Parameters::new(1, from, from.tomorrow().unwrap()).queues();
        let mut text = "# The configuration of `svarstid demo`: the municipality that its \
                        simulator plays.\n\n[ledger]\nstorage = \"memory\"\n\n\
                        [topics]\nevents = [\"svarstid.demo\"]\n\n\
                        [switchboard]\n"
            .to_owned();
        let departments = departments();
        text += &format!("department = {}\n", quoted(&departments[0].slug));
        for (at, department) in departments.iter().enumerate() {
            text += &format!(
                "\n[[department]]\nslug = {}\nname = {}\n",
                quoted(&department.slug),
                quoted(&department.name)
            );
            // The pooled desk's events name the department they are for; the queue itself belongs
            // to the unit that runs the switchboard.
            let own: Vec<String> = queues
                .iter()
                .enumerate()
                .filter(|(queue, (_, slugs))| match (queue, at) {
                    (0, at) => at == 0,
                    (_, _) => slugs.contains(&department.slug),
                })
                .map(|(_, (name, _))| quoted(name))
                .collect();
            if !own.is_empty() {
                text += &format!("queues = [{}]\n", own.join(", "));
            }
        }
        text
    }

    use jiff::civil::Date;

    #[test]
    fn the_shipped_configuration_is_the_simulated_municipality() {
        assert_eq!(CONFIG, text(), "config/demo.toml should be:\n{}", text());
        let config = Config::parse(CONFIG, &[]).unwrap();
        assert_eq!(config.departments().len(), departments().len());
    }

    #[test]
    fn the_demo_begins_on_a_day_on_which_people_work() {
        let day = |text| Day::parse(text).unwrap();
        assert_eq!(working_day_from(day("2026-10-05")), day("2026-10-05"));
        assert_eq!(working_day_from(day("2026-10-03")), day("2026-10-05"));
        assert_eq!(working_day_from(day("2026-12-24")), day("2026-12-28"));
    }
}

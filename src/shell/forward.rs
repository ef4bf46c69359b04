//! A telephone system's log into Kafka, as it grows.
//!
//! The position is kept only after the broker has everything before it, so a crash repeats events
//! and loses none; repeats have the same ids and change no figure. Calls under way are known again
//! after a restart from the lines before the position, whose events are thrown away.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::clock::Stopwatch;
use super::produce::{Patience, Producer};
use super::tail::{Step, Tail};
use super::{Stop, kafka, log, read_config, usage};
use crate::cli::{Format, Forward};
use crate::config::Config;
use crate::domain::units::Millis;
use crate::wire::asterisk::Resolver;
use crate::wire::canonical::{encode, is_blank};
use crate::wire::event::Event;
use crate::wire::follow::{Line, Resume};

/// Between two looks at a log that does not grow.
const LOOK: Duration = Duration::from_millis(200);
/// Between two keepings of the position.
const KEEP: Duration = Duration::from_secs(1);
/// Between two warnings of lines that cannot be read.
const WARN: Duration = Duration::from_secs(60);

/// Forwards until the end of the file or, with `--follow`, until it is told to stop.
///
/// # Errors
///
/// [`super::Usage`] for a missing file or topic, a failure when events are not delivered.
pub fn forward(asked: &Forward) -> anyhow::Result<()> {
    if asked.source.is_empty() || asked.source.len() > 100 {
        return Err(usage("--source is empty or longer than 100 bytes; name the system shortly"));
    }
    let config = match &asked.config {
        Some(path) => {
            let brokers = asked.brokers.as_deref().map(|list| ("SVARSTID_KAFKA_BROKERS", list));
            read_config(path, brokers.as_slice())?
        }
        None => Config::default(),
    };
    let settings = match (&asked.config, &asked.brokers) {
        (None, Some(brokers)) => kafka::plain(brokers),
        _ => kafka::settings(&config.kafka)?,
    };
    let state = State::of(asked);
    let left = state.read()?;
    let mut tail = Tail::open(&asked.file, &state.path, left).map_err(|error| {
        let shown = asked.file.display();
        usage(format!("cannot read \"{shown}\": {error}; give the path of the log"))
    })?;
    log::start(&config.log);
    let stop = Stop::on_signals()?;
    let silence = Millis::from_hours(i64::from(config.limits.silence_hours));
    let mut resolver = Resolver::new(&asked.source, silence);
    if asked.format == Format::AsteriskQueueLog {
        let mut thrown_away = Vec::new();
        tail.recall(&mut |line| {
            if let Line::Whole { offset, bytes } = line {
                // What cannot be read was told when it was forwarded; it changes no state.
                if resolver.row(offset, bytes, &mut thrown_away).is_ok() {
                    thrown_away.clear();
                }
            }
        })
        .with_context(|| format!("cannot read {}", asked.file.display()))?;
    }
    let producer = match Producer::new(settings, &asked.topic, Patience::Endless, 20, &stop) {
        Err(_) if stop.is_asked() => return Ok(()),
        made => made?,
    };
    tracing::info!(
        topic = asked.topic,
        partitions = producer.partitions(),
        resumed = left.is_some(),
        "forwarding"
    );
    let mut forwarding = Forwarding {
        format: asked.format,
        resolver,
        producer,
        stop,
        events: Vec::new(),
        failure: None,
        forwarded: 0,
        rejected: 0,
    };
    forwarding.go(&mut tail, &state, asked.follow)?;
    let Forwarding { forwarded, rejected, .. } = forwarding;
    tracing::info!(events = forwarded, rejected, "stopped");
    Ok(())
}

struct Forwarding {
    format: Format,
    resolver: Resolver,
    producer: Producer,
    stop: Stop,
    events: Vec<Event<'static>>,
    /// What went wrong within a line; nothing more is sent after it.
    failure: Option<anyhow::Error>,
    forwarded: u64,
    rejected: u64,
}

impl Forwarding {
    fn go(&mut self, tail: &mut Tail, state: &State, follow: bool) -> anyhow::Result<()> {
        let mut kept = None;
        let mut since_kept = Stopwatch::start();
        let mut warned: Option<(Stopwatch, u64)> = None;
        loop {
            let step = tail.step(&mut |line| self.line(line)).context("cannot read the log")?;
            if let Some(failure) = self.failure.take() {
                // A full buffer and a stop at once: what was not delivered comes again.
                return if self.stop.is_asked() { Ok(()) } else { Err(failure) };
            }
            self.producer.serve(Duration::ZERO)?;
            let is_last = self.stop.is_asked() || (step == Step::End && !follow);
            let may_warn =
                warned.is_none_or(|(since, told)| since.passed() >= WARN && self.rejected > told);
            if self.rejected > 0 && may_warn {
                tracing::warn!(lines = self.rejected, "lines that cannot be read were left out");
                warned = Some((Stopwatch::start(), self.rejected));
            }
            if is_last || since_kept.passed() >= KEEP {
                let reached = tail.resume();
                if kept != Some(reached) {
                    if !self.producer.drain(&self.stop)? {
                        tracing::warn!("the broker did not take everything; it is sent again");
                        return Ok(());
                    }
                    state.write(&reached)?;
                    kept = Some(reached);
                }
                since_kept = Stopwatch::start();
            }
            if is_last {
                break;
            }
            if step == Step::End {
                self.stop.sleep(LOOK);
            }
        }
        if !follow && !self.stop.is_asked() {
            // The position stays before it: it may be half a line.
            tail.finish(&mut |line| self.line(line));
            self.failure.take().map_or(Ok(()), Err)?;
            self.producer.drain(&self.stop)?;
        }
        Ok(())
    }

    fn line(&mut self, line: Line<'_>) {
        if self.failure.is_some() {
            return;
        }
        let sent = match (line, self.format) {
            (Line::Whole { bytes, .. }, _) if is_blank(bytes) => Ok(()),
            (Line::TooLong { .. }, _) => {
                self.rejected += 1;
                Ok(())
            }
            (Line::Whole { bytes, .. }, Format::Canonical) => self.canonical(bytes),
            (Line::Whole { offset, bytes }, Format::AsteriskQueueLog) => self.row(offset, bytes),
        };
        if let Err(error) = sent {
            self.failure = Some(error);
        }
    }

    fn row(&mut self, offset: u64, bytes: &[u8]) -> anyhow::Result<()> {
        let mut events = std::mem::take(&mut self.events);
        if self.resolver.row(offset, bytes, &mut events).is_err() {
            self.rejected += 1;
        }
        let sent = events.iter().try_for_each(|event| self.send(event, &encode(event)));
        events.clear();
        self.events = events;
        sent
    }

    /// Passes a line on as it stands.
    fn canonical(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let read = std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| Some((serde_json::from_str::<Event<'_>>(text).ok()?, text)));
        match read {
            Some((event, text)) => self.send(&event, text),
            None => {
                self.rejected += 1;
                Ok(())
            }
        }
    }

    fn send(&mut self, event: &Event<'_>, payload: &str) -> anyhow::Result<()> {
        self.forwarded += 1;
        let kind = event.kind.as_str();
        if kind.starts_with("system.") {
            return self.producer.send_everywhere(payload, None, &self.stop);
        }
        let key = if kind == "agent.state" { &event.agent } else { &event.contact };
        let key = key.as_ref().map_or("", |key| key.as_str());
        self.producer.send(key, payload, None, &self.stop)
    }
}

/// The file that holds the position.
struct State {
    path: PathBuf,
}

impl State {
    fn of(asked: &Forward) -> State {
        let path = asked.state.clone().unwrap_or_else(|| {
            let mut name = asked.file.clone().into_os_string();
            name.push(".svarstid-position");
            name.into()
        });
        State { path }
    }

    fn read(&self) -> anyhow::Result<Option<Resume>> {
        let shown = self.path.display();
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(usage(format!("cannot read --state \"{shown}\": {error}")));
            }
        };
        match Resume::from_text(&text) {
            Some(left) => Ok(Some(left)),
            None => Err(usage(format!(
                "--state \"{shown}\" holds no position; remove it to begin at the log's start"
            ))),
        }
    }

    /// Written beside and renamed, so that a crash leaves the old position or the next.
    fn write(&self, reached: &Resume) -> anyhow::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".next");
        let write = || -> io::Result<()> {
            let mut file = File::create(&beside)?;
            file.write_all(reached.to_text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)?;
            if let Some(folder) = self.path.parent().filter(|folder| *folder != Path::new("")) {
                File::open(folder)?.sync_all()?;
            }
            Ok(())
        };
        write().with_context(|| format!("cannot keep the position in {}", self.path.display()))
    }
}

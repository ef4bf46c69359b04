//! `backfill`: earlier days as OpenMetrics, from the ledger, a copy of it, or files of events.
//!
//! Files of events are first made into a ledger that is never written down; so all three go the same
//! way through [`History`].

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::backup::{beside, sync_folder};
use super::clock::Clock;
use super::events::{self, Feeding, Input};
use super::run::{self, Keys};
use super::source::{self, Source};
use super::{day, read_config, usage};
use crate::cli::{Backfill, Hours};
use crate::config::Config;
use crate::domain::calendar::Zone;
use crate::domain::units::{Millis, Timestamp};
use crate::engine::history::{History, Period};
use crate::engine::{Engine, chain};
use crate::metrics::openmetrics::OpenMetrics;

/// Writes the history.
///
/// # Errors
///
/// [`super::Usage`] for a period that cannot be told and for sources that are none; a failure when
/// something cannot be read or written.
pub fn backfill(asked: &Backfill) -> anyhow::Result<()> {
    let config = read_config(&asked.config, &[])?;
    let period = period(asked, Clock::Real.now())?;
    let source = Source::of(&asked.files, &config)?;
    let mut target = Target::open(&asked.out)?;
    let mut work = Work::new(&config, &source, period, asked);
    let done = read(source, &mut work, asked, &config).and_then(|()| work.finish(&mut target));
    match done {
        Ok(()) => target.keep(&work.text),
        Err(error) => {
            target.drop();
            Err(error)
        }
    }
}

/// The days and the step as the caller writes them.
fn period(asked: &Backfill, now: Timestamp) -> anyhow::Result<Period> {
    let zone = Zone::stockholm();
    let from = day(&asked.from, "--from")?;
    let today = zone.day_of(now);
    let until = asked.until.as_deref().map_or(Ok(today), |text| day(text, "--until"))?;
    if until > today {
        return Err(usage(format!(
            "--until {until} is in the future; the last day that can be written is yesterday: leave \
             --until out"
        )));
    }
    if from >= until {
        return Err(usage(format!(
            "--from {from} is not before --until {until}; name the first day and the day after the \
             last"
        )));
    }
    Ok(Period {
        after: zone.day_start(from),
        until: zone.day_start(until),
        step: step(&asked.step)?,
        all_hours: asked.hours == Hours::All,
    })
}

fn step(text: &str) -> anyhow::Result<Millis> {
    let minutes = match (text.strip_suffix('m'), text.strip_suffix('h')) {
        (Some(minutes), _) => minutes.parse().ok(),
        (None, Some(hours)) => hours.parse::<i64>().ok().and_then(|hours| hours.checked_mul(60)),
        (None, None) => None,
    };
    match minutes.filter(|minutes: &i64| *minutes > 0 && 60 % *minutes == 0) {
        Some(minutes) => Ok(Millis(minutes * 60_000)),
        None => Err(usage(format!(
            "--step \"{text}\" is no whole number of minutes that divides an hour; take 5m, 15m or 1h"
        ))),
    }
}

/// Reads a source, as far as the period goes.
fn read(source: Source, work: &mut Work, asked: &Backfill, config: &Config) -> anyhow::Result<()> {
    match source {
        Source::Ledger(records, name) => {
            source::each(*records, &name, |at, frame| {
                work.record(at, &frame.bytes, || source::place(&name, frame))
            })?;
            source::warn_of_broken(work.history.broken(), &name);
            Ok(())
        }
        Source::Events(inputs) => read_events(inputs, work, asked, config),
    }
}

fn read_events(
    inputs: Vec<Input>,
    work: &mut Work,
    asked: &Backfill,
    config: &Config,
) -> anyhow::Result<()> {
    let mut engine = run::engine(config, &Keys::fixed());
    engine.set_rules(config);
    let partition = engine.open_partition("backfill", 0);
    let bar = events::progress(inputs.iter().map(|input| input.size).sum());
    let mut feeding = Feeding::new(engine, partition, &asked.source)?;
    let mut commit = |engine: &mut Engine| work.commit(engine, partition);
    for input in inputs {
        if feeding.file(input, asked.format, &bar, &mut commit)?.is_break() {
            bar.finish_and_clear();
            return Ok(());
        }
    }
    bar.finish_and_clear();
    let mut engine = feeding.into_engine();
    work.commit(&mut engine, partition).map(|_| ())
}

/// History on its way to a text.
struct Work {
    history: History,
    text: OpenMetrics,
    period: Period,
}

impl Work {
    fn new(config: &Config, source: &Source, period: Period, asked: &Backfill) -> Work {
        let mut engine = run::engine(config, &Keys::fixed());
        engine.set_rules(config);
        Work {
            history: History::new(engine, source.partitions(), period),
            text: OpenMetrics::new(&asked.job, &asked.instance),
            period,
        }
    }

    /// Takes in a record of a ledger; breaks off behind the period.
    fn record(
        &mut self,
        at: usize,
        bytes: &[u8],
        place: impl FnOnce() -> String,
    ) -> anyhow::Result<ControlFlow<()>> {
        self.history.record(at, bytes).map_err(|refused| source::refused(refused, place))?;
        self.draw();
        Ok(match self.history.is_over() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    /// Makes records of what an engine has gathered, as a daemon would, and takes them in.
    fn commit(&mut self, engine: &mut Engine, at: usize) -> anyhow::Result<ControlFlow<()>> {
        while let Some((record, bytes, _)) = engine.cut_record(at, Vec::new(), None) {
            let envelope = chain::open(&bytes).expect("what was just written is a record");
            if self.record(at, &bytes, || "the files".to_owned())?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            engine.read_commit(at, &envelope, Some(record)).expect("its names are known already");
            if !engine.has_more(at) {
                break;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn draw(&mut self) {
        while let Some(picture) = self.history.picture() {
            self.text.add(&Arc::new(picture));
        }
    }

    /// Nothing more comes: draws the rest and writes everything.
    fn finish(&mut self, target: &mut Target) -> anyhow::Result<()> {
        self.history.end();
        self.draw();
        if self.text.samples() == 0 {
            return Err(usage(self.nothing()));
        }
        let differing = self.history.differing();
        if let Some(first) = differing.first() {
            eprintln!(
                "warning: on {} of the days, {first} the first, the ledger counts other goals \
                 than this configuration gives; what is written follows the configuration",
                differing.len()
            );
        }
        target.write(&self.text)
    }

    /// Why there is nothing to write.
    fn nothing(&self) -> String {
        let zone = Zone::stockholm();
        let day = |at: Timestamp| zone.day_of(at);
        // The period ends with the first moment of the day after its last.
        let Period { after, until, .. } = self.period;
        match self.history.events() {
            None => "there is no event in it; nothing is written".to_owned(),
            Some((first, _)) if first > until => format!(
                "--until {} is before the first event, which is of {}; nothing is written",
                day(until),
                day(first)
            ),
            Some((_, last)) => format!(
                "--from {} is after the last event, which is of {}; nothing is written",
                day(after),
                day(last)
            ),
        }
    }
}

/// Where the text goes.
enum Target {
    Out,
    /// Written beside the path, and named when it is whole.
    File {
        path: PathBuf,
        new: PathBuf,
        file: File,
    },
}

impl Target {
    /// Made first, so that a path that cannot be written is told before the work.
    fn open(path: &Path) -> anyhow::Result<Target> {
        if path == Path::new("-") {
            return Ok(Target::Out);
        }
        let new = beside(path);
        let file = File::create(&new).map_err(|error| {
            let shown = path.display();
            usage(format!(
                "cannot write --out \"{shown}\": {error}; give a path in a folder of yours"
            ))
        })?;
        Ok(Target::File { path: path.to_owned(), new, file })
    }

    fn write(&mut self, text: &OpenMetrics) -> anyhow::Result<()> {
        match self {
            Target::Out => {
                let mut out = BufWriter::with_capacity(1 << 18, io::stdout().lock());
                text.write(&mut out).and_then(|()| out.flush()).context("cannot print")
            }
            Target::File { path, new, file } => {
                let failed = || format!("cannot write \"{}\"", path.display());
                let mut out = BufWriter::with_capacity(1 << 18, &*file);
                text.write(&mut out).and_then(|()| out.flush()).with_context(failed)?;
                drop(out);
                file.sync_all().with_context(failed)?;
                fs::rename(new, &*path).with_context(failed)?;
                sync_folder(path)
            }
        }
    }

    /// Says what is there.
    fn keep(self, text: &OpenMetrics) -> anyhow::Result<()> {
        let (Target::File { path, .. }, Some((first, last, steps))) = (&self, text.steps()) else {
            return Ok(());
        };
        let zone = Zone::stockholm();
        let samples = text.samples();
        let said = writeln!(
            io::stdout(),
            "{steps} steps from {} to {}, {samples} samples: {}",
            zone.rfc3339(first),
            zone.rfc3339(last),
            path.display()
        );
        said.context("cannot print")
    }

    /// What is half written takes room that somebody may need.
    fn drop(self) {
        if let Target::File { new, .. } = self {
            drop(fs::remove_file(new));
        }
    }
}

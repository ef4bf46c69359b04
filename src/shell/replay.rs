//! The same engine over files: reads events, prints the figures.

use std::io::{self, BufWriter, Write as _};
use std::ops::ControlFlow;

use anyhow::Context as _;

use super::events::{self, Feeding, Input};
use super::run::{self, Keys};
use super::{clock::Clock, read_config, usage};
use crate::cli::Replay;
use crate::config::Config;
use crate::domain::ids::Names;
use crate::domain::rules::Rules;
use crate::engine::{Engine, Settings};
use crate::report::Interval;

/// Who answers the main number when there is no configuration.
const SWITCHBOARD: &str = "vaxel";

/// Replays.
///
/// # Errors
///
/// [`super::Usage`] for files that cannot be read and lines of no known format.
pub fn replay(asked: &Replay) -> anyhow::Result<()> {
    if asked.timezone != "Europe/Stockholm" {
        return Err(usage(format!(
            "--timezone \"{}\" is not supported; so far there is Europe/Stockholm only",
            asked.timezone
        )));
    }
    let interval: Interval = asked.interval.parse().map_err(|_| {
        usage(format!(
            "--interval \"{}\" is unknown; take quarter, hour, day or month",
            asked.interval
        ))
    })?;
    let mut engine = match &asked.config {
        Some(path) => run::engine(&read_config(path, &[])?, &Keys::fixed()),
        None => open_engine(),
    };
    let inputs: Vec<Input> =
        asked.files.iter().map(|path| events::open(path)).collect::<Result<_, _>>()?;
    if matches!(interval, Interval::Quarter | Interval::Hour) {
        engine.keep_all_quarters();
    }
    let progress = events::progress(inputs.iter().map(|input| input.size).sum());
    let partition = engine.open_partition("replay", 0);
    let mut feeding = Feeding::new(engine, partition, &asked.source)?;
    let mut commit = |engine: &mut Engine| {
        engine.commit();
        Ok(ControlFlow::Continue(()))
    };
    for input in inputs {
        if feeding.file(input, asked.format, &progress, &mut commit)?.is_break() {
            break;
        }
    }
    progress.finish_and_clear();
    let mut engine = feeding.into_engine();
    engine.commit();
    engine.tick();
    let now = engine.last_event().unwrap_or_else(|| Clock::Real.now());
    let document = engine.document(interval, now);
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if asked.json {
        writeln!(out, "{}", document.to_json().trim_end())
    } else if asked.csv {
        document.write_csv(&mut out)
    } else {
        document.write_table(&mut out)
    };
    written.and_then(|()| out.flush()).context("cannot print the figures")
}

/// Without a configuration every unit is always open and each queue is a department of its own.
fn open_engine() -> Engine {
    let config = Config::default();
    let limits = &config.limits;
    let mut names = Names::new(limits.departments, limits.queues, limits.sources, true);
    let switchboard = names
        .departments
        .intern(SWITCHBOARD)
        .map_or(crate::domain::ids::Department::UNKNOWN, crate::domain::ids::Department);
    let rules = Rules::always_open(switchboard);
    let shown = vec![(SWITCHBOARD.to_owned(), "Växeln".to_owned())];
    Engine::new(Settings::default(), rules, Keys::fixed().decoder(names, &config), shown)
}

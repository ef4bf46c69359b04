//! The same engine over files: reads events, prints the figures.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, IsTerminal as _, Read, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::run::{self, Keys};
use super::{clock::Clock, read_config, usage};
use crate::cli::{Format, Replay};
use crate::config::Config;
use crate::domain::ids::Names;
use crate::domain::rules::Rules;
use crate::domain::units::Millis;
use crate::engine::{Engine, Settings};
use crate::report::Interval;
use crate::wire::asterisk::Resolver;
use crate::wire::canonical::{Arrival, is_blank};
use crate::wire::event::Event;
use crate::wire::follow::{Line, Lines};
use crate::wire::reject::{Reason, Reject};

/// Bytes read at a time.
const CHUNK: usize = 1 << 18;
/// Events between two commits.
const BATCH: usize = 10_000;
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
    if asked.source.len() > 100 {
        return Err(usage("--source is longer than 100 bytes; take a shorter name"));
    }
    let mut engine = match &asked.config {
        Some(path) => run::engine(&read_config(path, &[])?, &Keys::fixed()),
        None => open_engine(),
    };
    let inputs: Vec<Input> = asked.files.iter().map(|path| open(path)).collect::<Result<_, _>>()?;
    if matches!(interval, Interval::Quarter | Interval::Hour) {
        engine.keep_all_quarters();
    }
    let progress = progress(inputs.iter().map(|input| input.size).sum());
    let partition = engine.open_partition("replay", 0);
    // One resolver for all files: a call may begin in one and end in the next.
    let resolver = Resolver::new(&asked.source, Millis::from_hours(6));
    let mut feeding =
        Feeding { engine, partition, position: 0, before: 0, resolver, events: Vec::new() };
    for input in inputs {
        feeding.file(input, asked.format, &progress)?;
    }
    progress.finish_and_clear();
    let Feeding { mut engine, .. } = feeding;
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

struct Input {
    name: PathBuf,
    bytes: Box<dyn Read>,
    size: u64,
}

/// Opens every file before the first is read: a slip in the last name is told at once.
fn open(path: &Path) -> anyhow::Result<Input> {
    let name = path.to_owned();
    if path == Path::new("-") {
        return Ok(Input { name, bytes: Box::new(io::stdin()), size: 0 });
    }
    let unreadable = |error: io::Error| {
        let shown = path.display();
        usage(format!("cannot read \"{shown}\": {error}; give the path of a file, or - for input"))
    };
    let file = File::open(path).map_err(unreadable)?;
    let facts = file.metadata().map_err(unreadable)?;
    if facts.is_dir() {
        return Err(unreadable(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    Ok(Input { name, bytes: Box::new(file), size: facts.len() })
}

struct Feeding {
    engine: Engine,
    partition: usize,
    /// Events and rejects so far, over all files.
    position: i64,
    /// Bytes of the files before this one: rows of one second stay in order across a rotation.
    before: u64,
    resolver: Resolver,
    events: Vec<Event<'static>>,
}

impl Feeding {
    fn file(
        &mut self,
        input: Input,
        format: Option<Format>,
        progress: &ProgressBar,
    ) -> anyhow::Result<()> {
        let Input { name, bytes, .. } = input;
        let mut reader = BufReader::with_capacity(CHUNK, bytes);
        let mut lines = Lines::new(0);
        let mut format = format;
        loop {
            let chunk = match reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot read {}", name.display()));
                }
            };
            if chunk.is_empty() {
                break;
            }
            if format.is_none() {
                format = guess(chunk, &name)?;
            }
            let length = chunk.len();
            // Blank lines alone are no event in any format.
            let known = format.unwrap_or(Format::Canonical);
            lines.push(chunk, &mut |line| self.line(known, line));
            reader.consume(length);
            progress.inc(length as u64);
        }
        let known = format.unwrap_or(Format::Canonical);
        lines.finish(&mut |line| self.line(known, line));
        self.before += lines.read_to();
        Ok(())
    }

    fn line(&mut self, format: Format, line: Line<'_>) {
        match (line, format) {
            (Line::Whole { bytes, .. }, _) if is_blank(bytes) => return,
            (Line::TooLong { length, .. }, _) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                self.reject(Reject::new(Reason::TooLong, length));
            }
            (Line::Whole { bytes, .. }, Format::Canonical) => {
                self.engine.event(self.partition, self.position, bytes, &Arrival::default());
                self.position += 1;
            }
            (Line::Whole { offset, bytes }, Format::AsteriskQueueLog) => {
                match self.resolver.row(offset, bytes, &mut self.events) {
                    Ok(()) => {
                        if self.events.is_empty() {
                            self.engine.set_aside(self.partition, self.position);
                            self.position += 1;
                        }
                        for mut event in self.events.drain(..) {
                            event.ordinal = event.ordinal.map(|ordinal| self.before + ordinal);
                            let arrival = Arrival::default();
                            self.engine.message(self.partition, self.position, &event, &arrival);
                            self.position += 1;
                        }
                    }
                    Err(reject) => self.reject(reject),
                }
            }
        }
        if self.engine.gathered() >= BATCH {
            self.engine.commit();
        }
    }

    fn reject(&mut self, reject: Reject) {
        self.engine.reject(self.partition, self.position, reject);
        self.position += 1;
    }
}

/// The format by the first byte that is no space; `None` while there is none.
fn guess(chunk: &[u8], name: &Path) -> anyhow::Result<Option<Format>> {
    match chunk.trim_ascii_start().first() {
        None => Ok(None),
        Some(b'{') => Ok(Some(Format::Canonical)),
        Some(b'0'..=b'9') => Ok(Some(Format::AsteriskQueueLog)),
        Some(_) => Err(usage(format!(
            "\"{}\" is of no format that can be guessed; name it with --format",
            name.display()
        ))),
    }
}

/// Bytes read of all, on a terminal; nothing when piped.
fn progress(bytes: u64) -> ProgressBar {
    let target = match io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let template = match bytes {
        0 => "{spinner} {bytes}, {bytes_per_sec}",
        _ => "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
    };
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    ProgressBar::with_draw_target((bytes > 0).then_some(bytes), target).with_style(style)
}

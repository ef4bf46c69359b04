//! Files of events, line by line into an engine: canonical events or a telephone system's own log.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::usage;
use crate::cli::Format;
use crate::domain::units::Millis;
use crate::engine::Engine;
use crate::wire::asterisk::Resolver;
use crate::wire::canonical::{Arrival, is_blank};
use crate::wire::event::Event;
use crate::wire::follow::{Line, Lines};
use crate::wire::reject::{Reason, Reject};

/// Bytes read at a time.
const CHUNK: usize = 1 << 18;
/// Events after which a commit is worth while.
const BATCH: usize = 10_000;

/// A file of events that can be read.
pub(super) struct Input {
    name: PathBuf,
    bytes: Box<dyn Read>,
    /// Its bytes; 0 when that is not known before.
    pub(super) size: u64,
}

/// Opens a file; open every one before the first is read, so that a slip in the last name is told at
/// once.
///
/// # Errors
///
/// [`super::Usage`] when it cannot be read.
pub(super) fn open(path: &Path) -> anyhow::Result<Input> {
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

/// Puts the lines of files into an engine.
pub(super) struct Feeding {
    engine: Engine,
    partition: usize,
    /// Events and rejects so far, over all files.
    position: i64,
    /// Bytes of the files before this one: rows of one second stay in order across a rotation.
    before: u64,
    /// One for all files: a call may begin in one and end in the next.
    resolver: Resolver,
    events: Vec<Event<'static>>,
}

impl Feeding {
    /// Feeds one partition of an engine; `source` names the telephone system that wrote a log.
    ///
    /// # Errors
    ///
    /// [`super::Usage`] for a name that is too long.
    pub(super) fn new(engine: Engine, partition: usize, source: &str) -> anyhow::Result<Feeding> {
        if source.len() > 100 {
            return Err(usage("--source is longer than 100 bytes; take a shorter name"));
        }
        let resolver = Resolver::new(source, Millis::from_hours(6));
        Ok(Feeding { engine, partition, position: 0, before: 0, resolver, events: Vec::new() })
    }

    /// The engine, with what was gathered since the last commit.
    pub(super) fn into_engine(self) -> Engine {
        self.engine
    }

    /// Reads a file to its end, or until `commit`, which is called whenever there is enough for one,
    /// breaks it off.
    ///
    /// # Errors
    ///
    /// [`super::Usage`] for lines of no known format; a failure when it cannot be read; what `commit`
    /// says.
    pub(super) fn file(
        &mut self,
        input: Input,
        format: Option<Format>,
        progress: &ProgressBar,
        commit: &mut dyn FnMut(&mut Engine) -> anyhow::Result<ControlFlow<()>>,
    ) -> anyhow::Result<ControlFlow<()>> {
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
            if self.engine.gathered() >= BATCH && commit(&mut self.engine)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let known = format.unwrap_or(Format::Canonical);
        lines.finish(&mut |line| self.line(known, line));
        self.before += lines.read_to();
        Ok(ControlFlow::Continue(()))
    }

    fn line(&mut self, format: Format, line: Line<'_>) {
        match (line, format) {
            (Line::Whole { bytes, .. }, _) if is_blank(bytes) => {}
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
pub(super) fn progress(bytes: u64) -> ProgressBar {
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

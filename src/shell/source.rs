//! Where the tools beside the daemon find what happened: the ledger in its topic, a copy of it, or
//! files of events.

use std::fs::File;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::events::{self, Input};
use super::records::{self, Records, connection};
use super::usage;
use crate::config::Config;
use crate::engine::archive::{self, Frame};
use crate::engine::rebuild::Refused;

/// Where the events come from.
pub(super) enum Source {
    /// The ledger, and what to call it.
    Ledger(Box<Records>, String),
    Events(Vec<Input>),
}

impl Source {
    /// The files that are named: one copy of a ledger, or event files; without any, the ledger in
    /// its topic.
    pub(super) fn of(files: &[PathBuf], config: &Config) -> anyhow::Result<Source> {
        let Some(first) = files.first() else {
            let settings = connection(config)?;
            let topic = &config.topics.ledger;
            let records = Records::of_topic(config, &settings, topic)?;
            return Ok(Source::Ledger(Box::new(records), format!("ledger \"{topic}\"")));
        };
        if !files.iter().any(|file| is_ledger(file)) {
            let inputs = files.iter().map(|path| events::open(path));
            return Ok(Source::Events(inputs.collect::<Result<_, _>>()?));
        }
        if files.len() > 1 {
            return Err(usage(
                "a copy of the ledger holds everything; name it alone, without other files",
            ));
        }
        let records = Records::of_file(first)?;
        Ok(Source::Ledger(Box::new(records), format!("file \"{}\"", first.display())))
    }

    /// How many partitions it has.
    pub(super) fn partitions(&self) -> i32 {
        match self {
            Source::Ledger(records, _) => records.partitions(),
            Source::Events(_) => 1,
        }
    }
}

/// Whether a file is a copy of a ledger; one that cannot be read is told of when it is opened.
fn is_ledger(path: &Path) -> bool {
    let mut first = Vec::new();
    let read = |file: File| file.take(16).read_to_end(&mut first);
    path != Path::new("-")
        && File::open(path).and_then(read).is_ok_and(|_| archive::is_archive(&first))
}

/// Gives every record and the index of its partition to `take`, until it breaks off.
///
/// # Errors
///
/// When the ledger cannot be read; what `take` says.
pub(super) fn each(
    mut records: Records,
    name: &str,
    mut take: impl FnMut(usize, &Frame) -> anyhow::Result<ControlFlow<()>>,
) -> anyhow::Result<()> {
    let bar = records::progress("reading", records.count());
    while let Some(frame) = records.next().with_context(|| name.to_owned())? {
        bar.inc(1);
        let at = usize::try_from(frame.partition).unwrap_or(usize::MAX);
        if take(at, &frame)?.is_break() {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Where a record is, for people.
pub(super) fn place(name: &str, frame: &Frame) -> String {
    format!("{name} partition {} offset {}", frame.partition, frame.offset)
}

/// Why a ledger cannot be followed, as the caller should hear it.
pub(super) fn refused(refused: Refused, place: impl FnOnce() -> String) -> anyhow::Error {
    match refused {
        Refused::Rules(what) => usage(what),
        refused @ Refused::Unreadable => {
            anyhow!("{}: {refused}; see: svarstid ledger verify", place())
        }
    }
}

/// Says how many records were left out.
pub(super) fn warn_of_broken(broken: u64, name: &str) {
    if broken > 0 {
        eprintln!(
            "warning: {broken} records of the {name} do not fit and are left out, as every instance \
             leaves them out; see: svarstid ledger verify"
        );
    }
}

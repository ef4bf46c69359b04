//! The world: files, brokers, clocks, signals, HTTP. What is decided is decided in the other
//! rooms; this one moves bytes and says aloud what went wrong.
//!
//! A command gives back one error chain, which [`exit_code`] prints once. [`Usage`] in the chain
//! tells a wrong usage or configuration (exit code 2) from a failure (exit code 1).

pub mod access;
pub mod api;
pub mod append;
mod archive;
pub mod audit;
pub mod backfill;
pub mod backup;
pub mod broker;
pub mod calendar;
pub mod check;
pub mod clock;
mod connections;
pub mod consume;
pub mod crash;
pub mod demo;
mod edition;
pub mod enter;
mod events;
pub mod forward;
mod fresh;
pub mod group;
pub mod health;
pub mod http;
pub mod kafka;
mod language;
pub mod ledger;
pub mod live;
pub mod log;
mod member;
pub mod outlet;
pub mod pages;
mod password;
mod place;
pub mod produce;
mod public;
mod publish;
mod published;
pub mod question;
pub mod reader;
pub mod rebuild;
mod records;
pub mod replay;
pub mod report;
pub mod run;
pub mod simulate;
pub mod snapshot_file;
mod source;
pub mod status;
mod tail;
pub mod topics;
mod trends;
mod visit;

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use self::access::Access;
use crate::config::{Config, Fault, GoalsFile};
use crate::domain::calendar::Day;

/// How long a stop may take before the process ends all the same.
const STOP_LIMIT: Duration = Duration::from_millis(4_500);

/// What the caller wrote will not do: exit code 2.
#[derive(Debug)]
pub struct Usage(Vec<String>);

impl fmt::Display for Usage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Usage {}

/// An error of the caller's, as one sentence with the remedy.
pub fn usage(text: impl Into<String>) -> anyhow::Error {
    Usage(vec![text.into()]).into()
}

/// Every fault of a configuration.
fn faults(faults: &[Fault]) -> anyhow::Error {
    Usage(faults.iter().map(Fault::to_string).collect()).into()
}

/// Prints what went wrong, if anything did, and says how the process ends.
pub fn exit_code(done: anyhow::Result<()>) -> ExitCode {
    let Err(error) = done else { return ExitCode::SUCCESS };
    // Whoever reads our output may stop reading: `svarstid replay … | head` is no failure.
    let is_unread = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    if error.chain().any(|link| link.downcast_ref().is_some_and(is_unread)) {
        return ExitCode::SUCCESS;
    }
    match error.downcast_ref::<Usage>() {
        Some(usage) => {
            for line in &usage.0 {
                eprintln!("error: {line}");
            }
            ExitCode::from(2)
        }
        None => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

/// Reads a configuration, with the environment laid over it.
///
/// # Errors
///
/// [`Usage`] when the file cannot be read or has faults: all of them.
pub fn read_config(path: &Path, more: &[(&str, &str)]) -> anyhow::Result<Config> {
    let (text, overrides) = written(path, more)?;
    let goals = goals_file(path, &text, &overrides);
    Config::parse_with(&text, &overrides, &goals).map_err(|found| faults(&found))
}

/// The same, with who may read the pages: the web-config and the files that it names.
///
/// # Errors
///
/// [`Usage`] with the faults of all files.
pub fn read_served(path: &Path, more: &[(&str, &str)]) -> anyhow::Result<(Config, Access)> {
    let (text, overrides) = written(path, more)?;
    let access = match Config::web_config_file(&text, &overrides) {
        Some(file) => Access::read(Path::new(&file)),
        None => Ok(Access::open()),
    };
    let goals = goals_file(path, &text, &overrides);
    match (Config::parse_with(&text, &overrides, &goals), access) {
        (Ok(config), Ok(access)) => {
            let access = access.under(&config.http);
            Ok((config, access))
        }
        (config, access) => {
            let mut found = config.err().unwrap_or_default();
            found.extend(access.err().unwrap_or_default());
            Err(faults(&found))
        }
    }
}

/// What a file says, and what the environment and the flags say over it.
fn written(path: &Path, more: &[(&str, &str)]) -> anyhow::Result<(String, Vec<(String, String)>)> {
    let text = fs::read_to_string(path).map_err(|error| {
        let shown = path.display();
        usage(format!("cannot read config \"{shown}\": {error}; give its path with --config"))
    })?;
    // Variables that are no text cannot be meant for us.
    let mut overrides: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("SVARSTID_"))
        .collect();
    // Flags overrule the environment.
    overrides.retain(|(name, _)| more.iter().all(|(flag, _)| flag != name));
    overrides.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    overrides.sort();
    Ok((text, overrides))
}

/// What stands in the goal list that a configuration names, beside it unless the path is absolute.
fn goals_file(path: &Path, text: &str, overrides: &[(String, String)]) -> GoalsFile {
    let Some(name) = Config::goals_file(text, overrides) else { return GoalsFile::NotRead };
    let folder = path.parent().unwrap_or(Path::new(""));
    match fs::read_to_string(folder.join(name)) {
        Ok(text) => GoalsFile::Text(text),
        Err(error) => GoalsFile::Unreadable(error.to_string()),
    }
}

/// Reads a file that holds a secret; the line's end that editors leave is not part of it.
fn read_secret(path: &str, key: &str) -> anyhow::Result<Vec<u8>> {
    let mut secret = fs::read(path).map_err(|error| {
        usage(format!("cannot read {key} \"{path}\": {error}; make it readable"))
    })?;
    while secret.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        secret.pop();
    }
    if secret.is_empty() {
        return Err(usage(format!("{key} \"{path}\" is empty; put the secret into it")));
    }
    Ok(secret)
}

/// A day as the caller writes it.
fn day(text: &str, flag: &str) -> anyhow::Result<Day> {
    Day::parse(text)
        .ok_or_else(|| usage(format!("{flag} \"{text}\" is no day; write it as 2026-10-05")))
}

/// Minutes since midnight of a time of day as the caller writes it.
fn minute(text: &str, flag: &str) -> anyhow::Result<u16> {
    let parsed = text.split_once(':').and_then(|(hour, minute)| {
        let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    });
    parsed.ok_or_else(|| usage(format!("{flag} \"{text}\" is no time of day; write it as 10:30")))
}

/// Turns true when the process is asked to end (SIGTERM, Ctrl-C), or by the program itself.
///
/// From then on everything has a few seconds to stop in good order; a watchdog ends the process
/// when that is not enough, since closing a client can hang.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: watch::Sender<bool>,
}

impl Stop {
    /// Listens for signals.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn on_signals() -> anyhow::Result<Stop> {
        let stop = Stop { asked: watch::Sender::new(false) };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot listen for signals")?;
        let (mut term, mut int) = {
            let _entered = runtime.enter();
            let listen = |kind| signal(kind).context("cannot listen for signals");
            (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?)
        };
        let told = stop.clone();
        let listen = move || {
            let name = runtime.block_on(async {
                tokio::select! {
                    _ = term.recv() => "SIGTERM",
                    _ = int.recv() => "SIGINT",
                }
            });
            tracing::info!(signal = name, "stopping");
            told.ask();
            thread::sleep(STOP_LIMIT);
            tracing::error!("the stop took too long and is cut short");
            std::process::exit(1);
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(listen)
            .context("cannot start a thread")?;
        Ok(stop)
    }

    /// A stop that only the program asks for.
    pub fn by_hand() -> Stop {
        Stop { asked: watch::Sender::new(false) }
    }

    /// Asks everything to end.
    pub fn ask(&self) {
        self.asked.send_replace(true);
    }

    /// Whether everything should end.
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// For whoever waits for it.
    pub fn receiver(&self) -> watch::Receiver<bool> {
        self.asked.subscribe()
    }

    /// Sleeps, but not past the moment at which a stop is asked for by much. Gives false when it
    /// is asked for.
    pub fn sleep(&self, mut length: Duration) -> bool {
        const LOOK: Duration = Duration::from_millis(50);
        while !self.is_asked() && !length.is_zero() {
            let nap = length.min(LOOK);
            thread::sleep(nap);
            length -= nap;
        }
        !self.is_asked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_read_strictly() {
        assert_eq!(minute("07:30", "--at").unwrap(), 450);
        for text in ["24:00", "7", "07:60", "a:b", ""] {
            let error = minute(text, "--at").unwrap_err();
            assert!(error.is::<Usage>(), "{text}");
            assert!(error.to_string().contains("write it as 10:30"), "{error}");
        }
    }
}

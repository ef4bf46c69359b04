//! What the tests share: waiting, skipping, topics and records, the daemon as a process,
//! Prometheus as its reader.

#![allow(
    dead_code,
    unused_imports,
    reason = "a set of tools: which of them are in use changes with the tests"
)]

mod day;
mod history;
mod http;
mod kafka;
mod metrics;
mod process;
mod tls;
pub(crate) mod truth;

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use day::{Day, Written, assert_counters_equal, assert_metrics_equal};
pub(crate) use history::{History, Recording, moments};
pub(crate) use http::{Response, get, percent_encode, request};
pub(crate) use kafka::{
    Broker, Received, Writer, committed, create_topic, create_topic_with, ends, kafka, produce,
    read_from_start,
};
pub(crate) use metrics::{metric_total, metric_value, promtool, promtool_check_metrics};
pub(crate) use process::{Alertmanager, Daemon, Prometheus};
pub(crate) use tls::{Authority, Reader, Secured};

/// Between two looks at something that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The wall clock of the tests themselves; no figure depends on it.
#[expect(clippy::disallowed_methods, reason = "deadlines of tests are in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits until `probe` gives something.
///
/// # Panics
///
/// When `limit` is over; `what` says for what was waited.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(start.elapsed() < limit, "waited {limit:?} in vain for {what}");
        thread::sleep(LOOK_AGAIN);
    }
}

/// Waits until `condition` holds.
///
/// # Panics
///
/// When `limit` is over; `what` says for what was waited.
#[track_caller]
pub(crate) fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    wait_for(what, limit, || condition().then_some(()));
}

/// Says aloud that the calling test does nothing because something is missing.
///
/// # Panics
///
/// When `SVARSTID_TEST_REQUIRE_ALL` is set: the pipeline must not pass by skipping.
#[track_caller]
pub(crate) fn skip(needs: &str) {
    let caller = std::panic::Location::caller();
    let thread = thread::current();
    let test = match thread.name() {
        Some(name) if name != "main" => name.to_owned(),
        Some(_) | None => format!("{}:{}", caller.file(), caller.line()),
    };
    // Straight to the stream: the test runner swallows what `eprintln!` writes in a test that
    // passes. The line break first, since the runner may have left a line unfinished.
    let line = format!("\nSKIPPED: {test} needs {needs}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("stderr can be written to");
    let required = std::env::var_os("SVARSTID_TEST_REQUIRE_ALL").is_some();
    assert!(!required, "SVARSTID_TEST_REQUIRE_ALL is set, but {test} needs {needs}");
}

/// Whether a program of a Debian package can be started; says so aloud if not.
#[track_caller]
pub(crate) fn have(program: &str, package: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        skip(&format!("the program {program} (apt-get install {package})"));
    }
    found
}

/// A name that nothing else has used, on this broker or any.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{:016x}", RandomState::new().build_hasher().finish())
}

/// A folder that goes away with the value.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(unique("svarstid-test"));
        fs::create_dir_all(&path).expect("a temporary folder can be made");
        TempDir(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // Best effort: what stays is the system's temporary rubbish.
        drop(fs::remove_dir_all(&self.0));
    }
}

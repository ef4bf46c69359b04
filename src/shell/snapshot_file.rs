//! The snapshot file: read at the start, written now and then by a thread of its own.
//!
//! It is written beside, synced and renamed, so that there is always a whole one. It is a cache: one
//! that cannot be used is set aside with the reason and the ledger is folded instead.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::clock::Stopwatch;
use super::crash;
use crate::config::Ledger;
use crate::domain::snapshot::SnapshotFileView;
use crate::domain::units::Timestamp;
use crate::engine::image::Image;
use crate::engine::instance::Instance;

/// What a start found.
pub enum Taken {
    /// No snapshot that can be used.
    Nothing,
    /// The instance goes on from one.
    Snapshot,
}

/// What became of one writing.
struct Written {
    result: io::Result<usize>,
    at: Timestamp,
}

/// The file, if one is configured.
pub struct SnapshotFile {
    path: Option<PathBuf>,
    interval: Duration,
    written: Stopwatch,
    is_taken: bool,
    /// The writing that is under way.
    under_way: Option<mpsc::Receiver<Written>>,
    view: SnapshotFileView,
}

impl SnapshotFile {
    /// The configured file.
    pub fn new(ledger: &Ledger) -> SnapshotFile {
        SnapshotFile {
            path: ledger.snapshot_file.as_ref().map(PathBuf::from),
            interval: Duration::from_secs(u64::from(ledger.snapshot_interval_seconds)),
            written: Stopwatch::start(),
            is_taken: false,
            under_way: None,
            view: SnapshotFileView::default(),
        }
    }

    /// Lets the instance go on from the file. One that it refuses is set aside.
    pub fn take(&mut self, instance: &mut Instance) -> Taken {
        // One that was set aside may lie there still.
        let Some(path) = self.path.as_ref().filter(|_| self.view.set_aside == 0) else {
            return Taken::Nothing;
        };
        let began = Stopwatch::start();
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Taken::Nothing,
            Err(error) => {
                let path = path.display();
                tracing::warn!(%error, %path, "the snapshot cannot be read; folding the ledger");
                return Taken::Nothing;
            }
        };
        match instance.restore(&bytes) {
            Ok(()) => {
                let seconds = began.passed().as_secs_f64();
                tracing::info!(bytes = bytes.len(), seconds, "going on from the snapshot");
                self.is_taken = true;
                Taken::Snapshot
            }
            Err(refused) => {
                self.set_aside(&refused.to_string());
                Taken::Nothing
            }
        }
    }

    /// Whether the instance goes on from a snapshot.
    pub fn is_taken(&self) -> bool {
        self.is_taken
    }

    /// Moves the file out of the way, so that somebody can look at it.
    pub fn set_aside(&mut self, why: &str) {
        self.is_taken = false;
        self.view.set_aside += 1;
        let Some(path) = &self.path else { return };
        let aside = beside(path, "aside");
        let moved = fs::rename(path, &aside);
        let (path, aside) = (path.display(), aside.display());
        match moved {
            Ok(()) => {
                tracing::error!(why, %path, %aside, "snapshot set aside; folding the ledger");
            }
            Err(error) => {
                tracing::error!(why, %path, %error, "snapshot left alone; folding the ledger");
            }
        }
    }

    /// What is known of it, for metrics.
    pub fn view(&self) -> SnapshotFileView {
        self.view
    }

    /// Writes the fold in the background, if that is due.
    pub fn write_if_due(&mut self, instance: &Instance, now: Timestamp) {
        self.hear();
        let Some(path) = &self.path else { return };
        if self.under_way.is_some() || self.written.passed() < self.interval {
            return;
        }
        self.written = Stopwatch::start();
        let began = Stopwatch::start();
        let image = instance.image();
        self.view.pause_seconds = began.passed().as_secs_f64();
        let (tell, told) = mpsc::channel();
        let path = path.clone();
        let started = thread::Builder::new().name("snapshot".to_owned()).spawn(move || {
            let result = write(&path, &image);
            // Whoever stopped meanwhile does not listen.
            tell.send(Written { result, at: now }).unwrap_or_default();
        });
        match started {
            Ok(_) => self.under_way = Some(told),
            Err(error) => self.failed(&error),
        }
    }

    fn hear(&mut self) {
        let Some(told) = &self.under_way else { return };
        let written = match told.try_recv() {
            Ok(written) => written,
            Err(mpsc::TryRecvError::Empty) => return,
            Err(mpsc::TryRecvError::Disconnected) => {
                Written { result: Err(io::Error::other("its thread died")), at: Timestamp(0) }
            }
        };
        self.under_way = None;
        self.note(written);
    }

    fn note(&mut self, written: Written) {
        match written.result {
            Ok(bytes) => {
                self.view.bytes = bytes as i64;
                self.view.written_at = Some(written.at);
                tracing::debug!(bytes, "snapshot written");
            }
            Err(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.view.failures += 1;
        let path = self.path.as_deref().unwrap_or(Path::new("")).display();
        tracing::warn!(%error, %path, "the snapshot was not written; trying again next time");
    }

    /// Writes the fold now: the next start then has little to read.
    pub fn write_now(&mut self, instance: &Instance, now: Timestamp) {
        // Two at once would write the same file.
        if let Some(told) = self.under_way.take()
            && let Ok(written) = told.recv_timeout(Duration::from_secs(10))
        {
            self.note(written);
        }
        let Some(path) = self.path.clone() else { return };
        let result = write(&path, &instance.image());
        self.note(Written { result, at: now });
    }
}

fn beside(path: &Path, word: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(word);
    PathBuf::from(name)
}

/// Writes beside, syncs and renames; gives how many bytes it were.
fn write(path: &Path, image: &Image) -> io::Result<usize> {
    let bytes = image.to_bytes();
    let new = beside(path, "new");
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    if let Err(error) = written {
        // What is half written takes room that somebody may need.
        drop(fs::remove_file(&new));
        return Err(error);
    }
    crash::point("snapshot-rename");
    fs::rename(&new, path)?;
    if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        File::open(directory)?.sync_all()?;
    }
    Ok(bytes.len())
}

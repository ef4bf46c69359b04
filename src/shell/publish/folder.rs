//! The folder of published editions.
//!
//! ```text
//! DIR/2026-10/1/2026-10-internal.sv.html …     an edition; edition.json tells what is in it
//! DIR/2026-10/latest → 2                       the latest edition of a period
//! DIR/latest-month → 2026-10/latest            the latest period of a kind; also latest-tertial,
//!                                              latest-jan_aug and latest-year
//! DIR/index.json                               every edition.json
//! ```
//!
//! An edition is written beside its place, made to last, and renamed: it is there whole or not at
//! all. One that is there is never touched. Links and the index are made anew from the editions that
//! are there and swapped in one step, so whatever a kill leaves behind is put right the next time.
//! What a kill left half-written has a name that begins with a dot and goes when it is ten minutes
//! old: until then another instance may be writing it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::cli::ReportFormat;
use crate::domain::period::Period;
use crate::domain::schedule::Kind;
use crate::domain::units::Millis;
use crate::report::Report;
use crate::shell::clock::Clock;
use crate::shell::{crash, run};

/// What is in an edition's folder.
const ABOUT: &str = "edition.json";
/// How old a leftover is before it is cleared away.
const LEFTOVER: Millis = Millis(600_000);

/// A file of an edition: its name, and its bytes.
pub(in crate::shell) type Document = (String, Vec<u8>);

/// What became of an edition that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::shell) enum Kept {
    /// It was written.
    Written,
    /// It was there, with the same bytes.
    Same,
    /// It was there, with other bytes, and was left alone.
    Other,
}

/// The folder.
#[derive(Clone, Debug)]
pub(in crate::shell) struct Folder(PathBuf);

impl Folder {
    /// The folder, made if it is missing, with the promise that it can be written to.
    pub(in crate::shell) fn open(path: &str) -> io::Result<Folder> {
        let folder = Folder(PathBuf::from(path));
        folder.probe()?;
        Ok(folder)
    }

    /// Whether it can be written to.
    pub(in crate::shell) fn probe(&self) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let probe = self.0.join(format!(".probe-{:x}", std::process::id()));
        File::create(&probe)?;
        fs::remove_file(probe)
    }

    /// Where it is.
    pub(in crate::shell) fn path(&self) -> &Path {
        &self.0
    }

    fn place(&self, period: Period, number: u16) -> PathBuf {
        self.0.join(period.to_string()).join(number.to_string())
    }

    /// Whether an edition is there.
    pub(in crate::shell) fn has(&self, period: Period, number: u16) -> bool {
        self.place(period, number).join(ABOUT).is_file()
    }

    /// When the newest edition of a kind was written.
    pub(in crate::shell) fn written_at(&self, kind: Kind) -> Option<i64> {
        let of_kind =
            self.editions().into_keys().filter(|(_, period, _)| Kind::of(*period) == Some(kind));
        let written = of_kind.filter_map(|(_, period, number)| {
            let about = fs::metadata(self.place(period, number).join(ABOUT)).ok()?;
            about.modified().ok().map(millis)
        });
        written.max()
    }

    /// Keeps an edition, unless it is there.
    pub(in crate::shell) fn keep(
        &self,
        period: Period,
        number: u16,
        documents: &[Document],
    ) -> anyhow::Result<Kept> {
        let place = self.place(period, number);
        if place.exists() {
            return Ok(compare(&place, documents));
        }
        let beside = place.with_file_name(format!(".{number}.new-{:016x}", run::random_number()?));
        let written = write_all(&beside, documents).and_then(|()| {
            crash::point("edition-rename");
            fs::rename(&beside, &place)
        });
        match written {
            Ok(()) => {
                sync(place.parent().unwrap_or(&self.0))?;
                Ok(Kept::Written)
            }
            Err(error) => {
                drop(fs::remove_dir_all(&beside));
                // Another instance that shares the folder may have been faster.
                match self.has(period, number) {
                    true => Ok(compare(&place, documents)),
                    false => Err(anyhow::Error::from(error)
                        .context(format!("cannot write \"{}\"", place.display()))),
                }
            }
        }
    }

    /// Every edition that is there, by the end of its period, with what it tells of itself.
    fn editions(&self) -> BTreeMap<(i32, Period, u16), Value> {
        let mut editions = BTreeMap::new();
        for (period, folder) in entries::<Period>(&self.0) {
            for (number, edition) in entries::<u16>(&folder) {
                let about = fs::read(edition.join(ABOUT)).ok();
                if let Some(about) = about.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
                    editions.insert((period.span().1.0, period, number), about);
                }
            }
        }
        editions
    }

    /// Makes the links and the index say what is there.
    pub(in crate::shell) fn tidy(&self) -> io::Result<()> {
        let editions = self.editions();
        let mut latest: BTreeMap<Period, u16> = BTreeMap::new();
        let mut kinds: BTreeMap<&str, Period> = BTreeMap::new();
        for (_, period, number) in editions.keys() {
            latest.insert(*period, *number);
            if let Some(kind) = Kind::of(*period) {
                kinds.insert(kind.name(), *period);
            }
        }
        for (period, number) in &latest {
            let folder = self.0.join(period.to_string());
            link(&folder.join("latest"), &number.to_string())?;
            clear(&folder);
        }
        for (kind, period) in kinds {
            link(&self.0.join(format!("latest-{kind}")), &format!("{period}/latest"))?;
        }
        clear(&self.0);
        let editions: Vec<Value> = editions.into_values().collect();
        let mut index = serde_json::to_vec_pretty(&json!({ "editions": editions }))?;
        index.push(b'\n');
        let place = self.0.join("index.json");
        if fs::read(&place).is_ok_and(|there| there == index) {
            return Ok(());
        }
        let beside = self.0.join(format!(".index-{:x}", std::process::id()));
        write(&beside, &index)?;
        fs::rename(beside, place)?;
        sync(&self.0)
    }
}

/// In ms since 1970, as file systems tell it.
fn millis(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What an edition tells of itself, as one more file of it.
pub(in crate::shell) fn about(reports: &[Report], files: Vec<Value>) -> Option<Document> {
    let first = reports.first()?;
    let about = json!({
        "period": first.period,
        "edition": first.edition,
        "published": first.published,
        "from": first.from,
        "until": first.until,
        "rules_version": first.rules_version,
        "definitions_version": first.definitions_version,
        "corrections": first.corrections,
        "positions": first.positions,
        "files": files,
    });
    let mut bytes = serde_json::to_vec_pretty(&about).ok()?;
    bytes.push(b'\n');
    Some((ABOUT.to_owned(), bytes))
}

/// What a file of an edition is called.
pub(in crate::shell) fn file_name(report: &Report, format: ReportFormat) -> String {
    let name = report.name();
    format!("{name}-{}.{}.{}", report.audience, report.language, format.name())
}

/// Folders whose names say something.
fn entries<T: std::str::FromStr + ToString>(folder: &Path) -> Vec<(T, PathBuf)> {
    let read = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let named = read.filter_map(|entry| {
        let name = entry.file_name();
        let name = name.to_str()?;
        let parsed: T = name.parse().ok().filter(|parsed: &T| parsed.to_string() == name)?;
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        is_folder.then(|| (parsed, entry.path()))
    });
    named.collect()
}

fn compare(place: &Path, documents: &[Document]) -> Kept {
    let is_same =
        |(name, bytes): &Document| fs::read(place.join(name)).is_ok_and(|there| there == *bytes);
    if documents.iter().all(is_same) { Kept::Same } else { Kept::Other }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn write_all(folder: &Path, documents: &[Document]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, bytes) in documents {
        write(&folder.join(name), bytes)?;
        crash::point("edition-file");
    }
    sync(folder)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Points a link elsewhere, in one step.
fn link(link: &Path, to: &str) -> io::Result<()> {
    if fs::read_link(link).is_ok_and(|there| there == Path::new(to)) {
        return Ok(());
    }
    let name = link.file_name().unwrap_or_default().to_string_lossy();
    let beside = link.with_file_name(format!(".{name}-{:x}", std::process::id()));
    drop(fs::remove_file(&beside));
    std::os::unix::fs::symlink(to, &beside)?;
    fs::rename(beside, link)
}

/// Clears away what was left half-written long ago.
fn clear(folder: &Path) {
    let now = Clock::Real.now();
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let is_ours = entry.file_name().to_string_lossy().starts_with('.');
        let written = entry.metadata().and_then(|about| about.modified());
        let is_old = written.is_ok_and(|at| millis(at) + LEFTOVER.0 < now.0);
        if is_ours && is_old {
            let path = entry.path();
            let gone = match path.is_dir() && !path.is_symlink() {
                true => fs::remove_dir_all(&path),
                false => fs::remove_file(&path),
            };
            if let Err(error) = gone {
                tracing::debug!(%error, path = %path.display(), "a leftover stays");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of one test, gone when it is over.
    struct Here(Folder);

    impl Here {
        fn new() -> Here {
            let name = format!("svarstid-folder-{:x}", run::random_number().unwrap());
            let path = std::env::temp_dir().join(name);
            Here(Folder::open(path.to_str().unwrap()).unwrap())
        }

        fn keep(&self, period: &str, number: u16, text: &str) -> Kept {
            let about = json!({ "period": period, "edition": number }).to_string().into_bytes();
            let documents =
                [("a.html".to_owned(), text.as_bytes().to_vec()), (ABOUT.to_owned(), about)];
            self.0.keep(period.parse().unwrap(), number, &documents).unwrap()
        }

        fn text(&self, path: &str) -> String {
            fs::read_to_string(self.0.0.join(path)).unwrap()
        }

        fn listed(&self) -> Vec<(String, u64)> {
            let index: Value = serde_json::from_str(&self.text("index.json")).unwrap();
            let editions = index["editions"].as_array().unwrap().iter();
            let one = |about: &Value| {
                (about["period"].as_str().unwrap().to_owned(), about["edition"].as_u64().unwrap())
            };
            editions.map(one).collect()
        }
    }

    impl Drop for Here {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0.0));
        }
    }

    #[test]
    fn an_edition_that_is_there_is_never_touched() {
        let here = Here::new();
        assert_eq!(here.keep("2026-10", 1, "first"), Kept::Written);
        assert_eq!(here.keep("2026-10", 1, "first"), Kept::Same);
        assert_eq!(here.keep("2026-10", 1, "other"), Kept::Other);
        assert_eq!(here.text("2026-10/1/a.html"), "first");
        assert_eq!(fs::read_dir(here.0.0.join("2026-10")).unwrap().count(), 1, "nothing beside it");
    }

    #[test]
    fn links_and_index_say_what_is_there() {
        let here = Here::new();
        for (period, number) in [("2026-11", 1), ("2026-10", 1), ("2026", 1), ("2026-10", 2)] {
            here.keep(period, number, &format!("{period} {number}"));
            here.0.tidy().unwrap();
        }
        assert_eq!(here.text("2026-10/latest/a.html"), "2026-10 2");
        assert_eq!(here.text("latest-month/a.html"), "2026-11 1");
        assert_eq!(here.text("latest-year/a.html"), "2026 1");
        assert!(fs::symlink_metadata(here.0.0.join("latest-tertial")).is_err());
        let one = |period: &str, number| (period.to_owned(), number);
        assert_eq!(
            here.listed(),
            [one("2026-10", 1), one("2026-10", 2), one("2026-11", 1), one("2026", 1)]
        );
    }

    #[test]
    fn what_is_half_written_is_not_there() {
        let here = Here::new();
        here.keep("2026-10", 1, "first");
        let half = here.0.0.join("2026-10/.2.new-0123");
        fs::create_dir(&half).unwrap();
        fs::write(half.join(ABOUT), "{}").unwrap();
        here.0.tidy().unwrap();
        assert!(!here.0.has("2026-10".parse().unwrap(), 2));
        assert_eq!(here.listed(), [("2026-10".to_owned(), 1)]);
        assert!(half.exists(), "another instance may be writing it");
        let written = File::open(&half).unwrap();
        let long_ago = UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        written.set_modified(long_ago).unwrap();
        here.0.tidy().unwrap();
        assert!(!half.exists());
    }

    #[test]
    fn a_folder_that_cannot_be_is_told() {
        let here = Here::new();
        let taken = here.0.0.join("taken");
        fs::write(&taken, "").unwrap();
        assert!(Folder::open(taken.to_str().unwrap()).is_err());
        assert!(Folder::open(taken.join("below").to_str().unwrap()).is_err());
    }
}

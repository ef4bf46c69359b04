//! A log that grows, is rotated and is emptied, read so that no line is lost.
//!
//! The file that is being read stays open until another one under its name has lines in it: only
//! then its one writer has moved on. What was written while nobody read is looked for beside the
//! log: the old file by its inode, or by its first bytes where it was copied, and every file that
//! came after it. Compressed files are not read.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::wire::follow::{FileFacts, HEAD_BYTES, Line, Lines, Next, Resume};

/// Bytes read at a time.
const CHUNK: usize = 1 << 18;
/// How much of what was forwarded is read again at a start, to know the calls under way: some
/// million rows, far more than the hours that matter.
const RECALL_BYTES: u64 = 256 << 20;
/// Endings of files that cannot be read as lines.
const COMPRESSED: [&str; 5] = ["gz", "bz2", "xz", "zst", "lz4"];

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Bytes; there may be more.
    Read,
    /// Nothing at the moment.
    End,
    /// The file is read to its end and another one is open.
    NextFile,
}

/// A log that is followed.
pub(super) struct Tail {
    path: PathBuf,
    /// Files beside the log that are ours.
    ours: PathBuf,
    file: File,
    facts: Metadata,
    lines: Lines,
    /// The file's first bytes as they were read: once it is emptied, they tell.
    head: Vec<u8>,
    chunk: Vec<u8>,
}

impl Tail {
    /// Opens the log where it was left. `ours` begins the names of files beside it that are none.
    ///
    /// # Errors
    ///
    /// When the log cannot be opened.
    pub(super) fn open(path: &Path, ours: &Path, left: Option<Resume>) -> io::Result<Tail> {
        let mut tail = Tail::at(path, path, ours, 0)?;
        let Some(left) = left else { return Ok(tail) };
        match left.next(facts(&tail.facts), &head(&tail.file)?) {
            Next::Continue(offset) => tail.seek(offset)?,
            next @ (Next::Rotated | Next::Truncated) => tail.look_beside(&left, next)?,
        }
        Ok(tail)
    }

    fn at(file: &Path, path: &Path, ours: &Path, offset: u64) -> io::Result<Tail> {
        let file = File::open(file)?;
        let facts = file.metadata()?;
        if facts.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        let (path, ours) = (path.to_owned(), ours.to_owned());
        let (lines, head, chunk) = (Lines::new(0), Vec::new(), vec![0; CHUNK]);
        let mut tail = Tail { path, ours, file, facts, lines, head, chunk };
        tail.seek(offset)?;
        Ok(tail)
    }

    fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset))?;
        self.lines = Lines::new(offset);
        self.head = head(&self.file)?;
        self.head.truncate(usize::try_from(offset).unwrap_or(HEAD_BYTES));
        Ok(())
    }

    fn switch(&mut self, file: &Path, offset: u64) -> io::Result<()> {
        *self = Tail::at(file, &self.path, &self.ours, offset)?;
        Ok(())
    }

    /// Goes on in the file that the log has become, or from the start of the log if there is none.
    fn look_beside(&mut self, left: &Resume, next: Next) -> io::Result<()> {
        for (path, metadata) in self.beside()? {
            let Ok(file) = File::open(&path) else { continue };
            if let Next::Continue(offset) = left.next(facts(&metadata), &head(&file)?) {
                tracing::info!(?next, "the log goes on in the file it has become");
                return self.switch(&path, offset);
            }
        }
        if next == Next::Truncated || left.offset > 0 {
            tracing::warn!(
                ?next,
                "the file that was read is not found beside the log; lines between may be missing"
            );
        }
        self.seek(0)
    }

    /// Files beside the log that begin with its name, oldest first.
    fn beside(&self) -> io::Result<Vec<(PathBuf, Metadata)>> {
        let name = self.path.file_name().unwrap_or_default().as_encoded_bytes();
        let ours = self.ours.file_name().unwrap_or_default().as_encoded_bytes();
        let folder = match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            Some(_) | None => Path::new("."),
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let other = entry.file_name();
            let bytes = other.as_encoded_bytes();
            let is_copy = bytes.len() > name.len() && bytes.starts_with(name);
            let ending = Path::new(&other).extension().and_then(OsStr::to_str);
            let is_compressed = ending.is_some_and(|ending| COMPRESSED.contains(&ending));
            if !is_copy || bytes.starts_with(ours) || is_compressed {
                continue;
            }
            // It may have gone since the folder was read.
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_file() {
                found.push((entry.path(), metadata));
            }
        }
        found.sort_by_key(|(path, metadata)| (modified(metadata), path.clone()));
        Ok(found)
    }

    /// Where to go on after everything that was given out.
    pub(super) fn resume(&self) -> Resume {
        Resume::new(self.facts.ino(), self.lines.offset(), &self.head)
    }

    /// Gives out the lines before the place where reading goes on, the file before this one
    /// included: from them the calls under way are known again.
    pub(super) fn recall(&self, give: &mut impl FnMut(Line<'_>)) -> io::Result<()> {
        let here = self.facts.ino();
        let earlier = self.beside()?.into_iter().rfind(|(_, metadata)| {
            metadata.ino() != here && modified(metadata) <= modified(&self.facts)
        });
        if let Some((path, metadata)) = earlier
            && let Ok(file) = File::open(path)
        {
            read_between(&file, metadata.len(), give)?;
        }
        read_between(&self.file, self.lines.offset(), give)
    }

    /// Reads on.
    ///
    /// # Errors
    ///
    /// When the file system fails.
    pub(super) fn step(&mut self, give: &mut impl FnMut(Line<'_>)) -> io::Result<Step> {
        if self.read(give)? {
            return Ok(Step::Read);
        }
        let log = match File::open(&self.path) {
            Ok(log) => log,
            // Renamed, and the next one is not there yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Step::End),
            Err(error) => return Err(error),
        };
        let metadata = log.metadata()?;
        let left = self.resume();
        match left.next(facts(&metadata), &head(&log)?) {
            Next::Continue(_) if metadata.ino() == self.facts.ino() => Ok(Step::End),
            Next::Continue(offset) => {
                let path = self.path.clone();
                self.switch(&path, offset)?;
                Ok(Step::NextFile)
            }
            Next::Truncated => {
                tracing::info!("the log was emptied");
                self.look_beside(&left, Next::Truncated)?;
                Ok(Step::NextFile)
            }
            // The writer has not moved on yet.
            Next::Rotated if metadata.len() == 0 => Ok(Step::End),
            Next::Rotated => {
                // What it wrote between our last look and its move.
                while self.read(give)? {}
                self.lines.finish(give);
                let next = self.after_this()?.unwrap_or_else(|| self.path.clone());
                tracing::info!("the log was rotated");
                self.switch(&next, 0)?;
                Ok(Step::NextFile)
            }
        }
    }

    /// Gives out the last line though no line end follows it.
    pub(super) fn finish(&mut self, give: &mut impl FnMut(Line<'_>)) {
        self.lines.finish(give);
    }

    fn read(&mut self, give: &mut impl FnMut(Line<'_>)) -> io::Result<bool> {
        let length = match self.file.read(&mut self.chunk) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
            Err(error) => return Err(error),
        };
        let piece = &self.chunk[..length];
        // Reading begins within the head or after it, so what is missing of it is next.
        let missing = HEAD_BYTES.saturating_sub(self.head.len()).min(length);
        if self.lines.read_to() == self.head.len() as u64 {
            self.head.extend_from_slice(&piece[..missing]);
        }
        self.lines.push(piece, give);
        Ok(length > 0)
    }

    /// The file that followed this one, if the log was rotated again since.
    fn after_this(&self) -> io::Result<Option<PathBuf>> {
        let current = self.file.metadata()?;
        let is_later =
            |other: &Metadata| other.ino() != current.ino() && modified(other) > modified(&current);
        Ok(self.beside()?.into_iter().find(|(_, other)| is_later(other)).map(|(path, _)| path))
    }
}

fn read_between(file: &File, end: u64, give: &mut impl FnMut(Line<'_>)) -> io::Result<()> {
    let mut at = end.saturating_sub(RECALL_BYTES);
    // Where it does not begin at a line, the first piece is no line.
    let mut is_cut = at > 0;
    let mut lines = Lines::new(at);
    let mut chunk = vec![0; CHUNK];
    while at < end {
        let most = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
        let length = file.read_at(&mut chunk[..most], at)?;
        if length == 0 {
            return Ok(());
        }
        at += length as u64;
        lines.push(&chunk[..length], &mut |line| {
            if !std::mem::take(&mut is_cut) {
                give(line);
            }
        });
    }
    Ok(())
}

fn head(file: &File) -> io::Result<Vec<u8>> {
    let mut head = vec![0; HEAD_BYTES];
    let mut length = 0;
    while length < HEAD_BYTES {
        match file.read_at(&mut head[length..], length as u64)? {
            0 => break,
            more => length += more,
        }
    }
    head.truncate(length);
    Ok(head)
}

fn facts(metadata: &Metadata) -> FileFacts {
    FileFacts { inode: metadata.ino(), size: metadata.len() }
}

fn modified(metadata: &Metadata) -> SystemTime {
    metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let folder =
                std::env::temp_dir().join(format!("svarstid-tail-{}-{name}", std::process::id()));
            drop(fs::remove_dir_all(&folder));
            fs::create_dir_all(&folder).unwrap();
            Folder(folder)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn append(&self, name: &str, text: &str) {
            let mut file =
                fs::OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        fn open(&self, left: Option<Resume>) -> Tail {
            Tail::open(&self.path("log"), &self.path("log.state"), left).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(fs::remove_dir_all(&self.0));
        }
    }

    /// Everything there is at the moment, lines joined by commas.
    fn all(tail: &mut Tail) -> String {
        let mut lines = Vec::new();
        let mut give = |line: Line<'_>| match line {
            Line::Whole { bytes, .. } => lines.push(String::from_utf8_lossy(bytes).into_owned()),
            Line::TooLong { length, .. } => lines.push(format!("<{length}>")),
        };
        while tail.step(&mut give).unwrap() != Step::End {}
        lines.join(",")
    }

    #[test]
    fn a_log_grows_line_by_line() {
        let folder = Folder::new("grows");
        folder.append("log", "a\nb\nha");
        let mut tail = folder.open(None);
        assert_eq!(all(&mut tail), "a,b");
        folder.append("log", "lf\n");
        assert_eq!(all(&mut tail), "half");
        assert_eq!(all(&mut tail), "");
    }

    #[test]
    fn a_rotated_log_is_read_to_its_end_first() {
        let folder = Folder::new("rotated");
        folder.append("log", "a\n");
        let mut tail = folder.open(None);
        assert_eq!(all(&mut tail), "a");
        fs::rename(folder.path("log"), folder.path("log.1")).unwrap();
        assert_eq!(all(&mut tail), "");
        // The writer still has the old one open, though the next one exists.
        folder.append("log", "");
        folder.append("log.1", "b\n");
        assert_eq!(all(&mut tail), "b");
        folder.append("log.1", "c\n");
        folder.append("log", "d\n");
        assert_eq!(all(&mut tail), "c,d");
    }

    #[test]
    fn an_emptied_log_begins_again_and_its_copy_is_read_first() {
        let folder = Folder::new("emptied");
        folder.append("log", "aaaa\nbbbb\n");
        let mut tail = folder.open(None);
        assert_eq!(all(&mut tail), "aaaa,bbbb");
        folder.append("log", "cccc\n");
        fs::copy(folder.path("log"), folder.path("log.1")).unwrap();
        fs::OpenOptions::new().write(true).open(folder.path("log")).unwrap().set_len(0).unwrap();
        folder.append("log", "d\n");
        assert_eq!(all(&mut tail), "cccc,d");
        // Without a copy it goes on from the start.
        fs::remove_file(folder.path("log.1")).unwrap();
        fs::OpenOptions::new().write(true).open(folder.path("log")).unwrap().set_len(0).unwrap();
        assert_eq!(all(&mut tail), "");
        folder.append("log", "e\n");
        assert_eq!(all(&mut tail), "e");
    }

    #[test]
    fn a_restart_goes_on_where_it_was_left_through_every_rotation_since() {
        let folder = Folder::new("restart");
        folder.append("log", "a\nb\n");
        let mut tail = folder.open(None);
        assert_eq!(all(&mut tail), "a,b");
        let left = Some(tail.resume());
        drop(tail);
        let mut tail = folder.open(left);
        assert_eq!(all(&mut tail), "");
        drop(tail);
        // Two rotations while nobody reads. Times are set, since writes may share one.
        let at = |seconds| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let set = |name: &str, seconds| {
            File::options().append(true).open(folder.path(name)).unwrap().set_modified(at(seconds))
        };
        folder.append("log", "c\n");
        fs::rename(folder.path("log"), folder.path("log.2")).unwrap();
        folder.append("log.1", "d\n");
        folder.append("log.0.gz", "no lines");
        folder.append("log.state", "{}");
        folder.append("log", "e\n");
        set("log.2", 100).unwrap();
        set("log.1", 200).unwrap();
        set("log", 300).unwrap();
        let mut tail = folder.open(left);
        assert_eq!(all(&mut tail), "c,d,e");
        let mut recalled = Vec::new();
        tail.recall(&mut |line| {
            if let Line::Whole { bytes, .. } = line {
                recalled.push(bytes.to_vec());
            }
        })
        .unwrap();
        assert_eq!(recalled, [b"d".to_vec(), b"e".to_vec()]);
    }
}

//! Bytes to lines, and where a log that grows and is rotated goes on.
//!
//! [`Lines`] cuts chunks of any size into whole lines with their byte offsets; `replay` and
//! `forward` share it. [`Resume`] is what `forward` keeps on disk: which file it was in and how
//! far. Nothing here opens a file: the shell brings facts and bytes.

use std::io::BufRead;

use siphasher::sip::SipHasher13;

/// The longest line. A longer one is skipped to its end and told as [`Line::TooLong`].
pub const LINE_BYTES: usize = 1 << 20;

/// How many bytes from the start of a file make its fingerprint.
pub const HEAD_BYTES: usize = 1024;

/// One line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A whole line, without its end (`\n` or `\r\n`).
    Whole {
        /// Where it begins.
        offset: u64,
        /// What stands in it.
        bytes: &'a [u8],
    },
    /// A line over [`LINE_BYTES`]: a reject, and the stream goes on after it.
    TooLong {
        /// Where it begins.
        offset: u64,
        /// Its length in bytes.
        length: u64,
    },
}

/// Cuts a stream of bytes into lines. Holds at most one unfinished line.
#[derive(Clone)]
pub struct Lines {
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    /// Where that line begins; all bytes before it have been given out.
    offset: u64,
    /// Bytes of an over-long line that were thrown away.
    skipped: u64,
}

impl Lines {
    /// Starts at an offset of the file, which must be a line's beginning.
    pub fn new(offset: u64) -> Self {
        Lines { begun: Vec::new(), offset, skipped: 0 }
    }

    /// The beginning of the first line that was not given out: here a reader starts again.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The position up to which bytes were pushed: here the next chunk belongs.
    pub fn read_to(&self) -> u64 {
        self.offset + self.skipped + self.begun.len() as u64
    }

    /// Takes the next bytes and gives out every line that they complete.
    pub fn push(&mut self, chunk: &[u8], give: &mut impl FnMut(Line<'_>)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let before = rest;
            let taken = rest.skip_until(b'\n').expect("reading from memory does not fail");
            let piece = &before[..taken];
            let Some(end) = piece.strip_suffix(b"\n") else {
                self.begin(piece);
                return;
            };
            if self.read_to() == self.offset {
                // The usual case: the whole line lies in the chunk, and nothing is copied.
                give_out(self.offset, end, 0, give);
                self.offset += taken as u64;
                continue;
            }
            self.begin(end);
            give_out(self.offset, &self.begun, self.skipped, give);
            self.offset = self.read_to() + 1;
            self.begun.clear();
            self.skipped = 0;
        }
    }

    /// Gives out the last line of a file that is over and does not end in a line end. A log that is
    /// still written must not be finished: its last line may be half a row.
    pub fn finish(&mut self, give: &mut impl FnMut(Line<'_>)) {
        if !self.begun.is_empty() || self.skipped > 0 {
            give_out(self.offset, &self.begun, self.skipped, give);
        }
        self.offset = self.read_to();
        self.begun.clear();
        self.skipped = 0;
    }

    /// Keeps the piece for later, or only its length when the line has grown too long.
    fn begin(&mut self, piece: &[u8]) {
        let length = self.begun.len() + piece.len();
        if self.skipped > 0 || length > LINE_BYTES {
            self.skipped += length as u64;
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(piece);
        }
    }
}

fn give_out(offset: u64, bytes: &[u8], skipped: u64, give: &mut impl FnMut(Line<'_>)) {
    let length = skipped + bytes.len() as u64;
    give(if length > LINE_BYTES as u64 {
        Line::TooLong { offset, length }
    } else {
        Line::Whole { offset, bytes: bytes.strip_suffix(b"\r").unwrap_or(bytes) }
    });
}

/// What the file system says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Number of the inode.
    pub inode: u64,
    /// Length in bytes.
    pub size: u64,
}

/// Where a followed log was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Resume {
    /// The file's inode.
    pub inode: u64,
    /// The beginning of the first line that was not forwarded.
    pub offset: u64,
    /// How many of the file's first bytes the fingerprint covers.
    pub head_bytes: u64,
    /// Hash of those bytes: an inode alone may belong to another file by now.
    pub head_hash: u64,
}

/// Where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The same file, from this offset.
    Continue(u64),
    /// Another file stands under the name. Whoever has the old one open reads it to its end first;
    /// after a restart it may be found beside it by its inode.
    Rotated,
    /// The same file was emptied and begun again.
    Truncated,
}

impl Resume {
    /// The state after everything before `offset` was forwarded. `head` is the beginning of the
    /// file, at least [`HEAD_BYTES`] of it or all there is.
    pub fn new(inode: u64, offset: u64, head: &[u8]) -> Self {
        // Only bytes that were read count: they do not change any more while the file grows.
        let covered = usize::try_from(offset).unwrap_or(HEAD_BYTES).min(HEAD_BYTES).min(head.len());
        Resume {
            inode,
            offset,
            head_bytes: covered as u64,
            head_hash: fingerprint(&head[..covered]),
        }
    }

    /// Compares what was left with the file that stands there now. `head` is its beginning, at
    /// least [`HEAD_BYTES`] of it or all there is.
    pub fn next(&self, facts: FileFacts, head: &[u8]) -> Next {
        let same_head = usize::try_from(self.head_bytes)
            .ok()
            .and_then(|covered| head.get(..covered))
            .is_some_and(|head| fingerprint(head) == self.head_hash);
        let goes_on = same_head && facts.size >= self.offset;
        match (facts.inode == self.inode, goes_on) {
            (true, true) => Next::Continue(self.offset),
            // A copy of the file (restored, or moved to another disk) is the same log, if there
            // was something to tell it by.
            (false, true) if self.head_bytes > 0 => Next::Continue(self.offset),
            (false, true | false) => Next::Rotated,
            (true, false) => Next::Truncated,
        }
    }

    /// The text of the state file.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("four numbers can be written")
    }

    /// Reads the text of the state file; `None` if it is none.
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// Fixed keys: the fingerprint is compared across restarts and machines.
fn fingerprint(head: &[u8]) -> u64 {
    SipHasher13::new_with_keys(0, 0).hash(head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where a line begins, and its text or its excessive length.
    type Got = (u64, Result<String, u64>);

    fn cut(chunks: &[&[u8]], finish: bool) -> (Vec<Got>, Lines) {
        let mut lines = Lines::new(0);
        let mut got = Vec::new();
        let mut give = |line: Line<'_>| match line {
            Line::Whole { offset, bytes } => {
                got.push((offset, Ok(String::from_utf8_lossy(bytes).into_owned())));
            }
            Line::TooLong { offset, length } => got.push((offset, Err(length))),
        };
        for chunk in chunks {
            lines.push(chunk, &mut give);
        }
        if finish {
            lines.finish(&mut give);
        }
        (got, lines)
    }

    fn line(offset: u64, text: &str) -> Got {
        (offset, Ok(text.to_owned()))
    }

    #[test]
    fn lines_across_chunks() {
        let (got, lines) = cut(&[b"one\ntw", b"", b"o\r", b"\n\nfour"], false);
        assert_eq!(got, [line(0, "one"), line(4, "two"), line(9, "")]);
        assert_eq!((lines.offset(), lines.read_to()), (10, 14));
        let (got, lines) = cut(&[b"one\ntwo"], true);
        assert_eq!(got, [line(0, "one"), line(4, "two")]);
        assert_eq!((lines.offset(), lines.read_to()), (7, 7));
    }

    #[test]
    fn a_line_too_long_is_skipped_and_told() {
        let full = vec![b'x'; LINE_BYTES];
        let (got, _) = cut(&[&full, b"\nok\n"], false);
        assert_eq!(got[0].1.as_ref().map(String::len), Ok(LINE_BYTES));
        assert_eq!(got[1], line(LINE_BYTES as u64 + 1, "ok"));

        let length = LINE_BYTES as u64 + 1;
        for chunks in [&[&full, b"x".as_slice(), b"\nok\n"][..], &[&full, b"x\nok\n"]] {
            let (got, lines) = cut(chunks, false);
            assert_eq!(got, [(0, Err(length)), line(length + 1, "ok")]);
            assert_eq!(lines.offset(), length + 4);
        }
        let whole = [full.as_slice(), b"x\nok\n"].concat();
        assert_eq!(cut(&[&whole], false).0, [(0, Err(length)), line(length + 1, "ok")]);
        let (got, lines) = cut(&[&full, &full, &full], true);
        assert_eq!(got, [(0, Err(3 * LINE_BYTES as u64))]);
        assert_eq!(lines.offset(), 3 * LINE_BYTES as u64);
    }

    #[test]
    fn where_a_log_goes_on() {
        let head = b"1366720340|NONE|NONE|NONE|QUEUESTART|\n";
        let resume = Resume::new(7, 38, head);
        let next = |inode, size, head: &[u8]| resume.next(FileFacts { inode, size }, head);
        let grown = [head.as_slice(), b"1366720341|NONE|"].concat();
        assert_eq!(next(7, 38, head), Next::Continue(38));
        assert_eq!(next(7, 54, &grown), Next::Continue(38));
        assert_eq!(next(7, 0, b""), Next::Truncated);
        assert_eq!(next(7, 37, &head[..37]), Next::Truncated);
        // Emptied and already longer than before: only the fingerprint tells.
        assert_eq!(next(7, 54, &grown.to_ascii_lowercase()), Next::Truncated);
        assert_eq!(next(8, 54, &grown.to_ascii_lowercase()), Next::Rotated);
        assert_eq!(next(8, 0, b""), Next::Rotated);
        assert_eq!(next(8, 54, &grown), Next::Continue(38));
        // Left before anything was read: another inode is another file.
        let empty = Resume::new(7, 0, b"");
        assert_eq!(empty.next(FileFacts { inode: 7, size: 9 }, b"123456789"), Next::Continue(0));
        assert_eq!(empty.next(FileFacts { inode: 8, size: 9 }, b"123456789"), Next::Rotated);
    }

    #[test]
    fn the_state_file() {
        let resume = Resume::new(u64::MAX, 5, b"12345678");
        assert_eq!(resume.head_bytes, 5);
        assert_eq!(Resume::from_text(&resume.to_text()), Some(resume));
        assert_eq!(Resume::from_text("{\"inode\":1}"), None);
        assert_eq!(Resume::from_text(""), None);
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            cuts in proptest::collection::vec(0_usize..200, 0..8),
        ) {
            let (whole, _) = cut(&[&bytes], true);
            let mut at: Vec<usize> = cuts.into_iter().filter(|at| *at < bytes.len()).collect();
            at.sort_unstable();
            at.push(bytes.len());
            let mut from = 0;
            let chunks: Vec<&[u8]> = at
                .iter()
                .map(|until| {
                    let chunk = &bytes[from..*until];
                    from = *until;
                    chunk
                })
                .collect();
            let (pieces, lines) = cut(&chunks, true);
            prop_assert_eq!(pieces, whole.clone());
            prop_assert_eq!(lines.offset(), bytes.len() as u64);
            // Every byte but the line ends is in some line.
            let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
            let last = usize::from(!bytes.is_empty() && bytes.last() != Some(&b'\n'));
            prop_assert_eq!(whole.len(), ends + last);
        }
    }
}

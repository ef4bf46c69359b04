//! A ledger as one file: what `ledger export` writes and `ledger import` reads.
//!
//! ```text
//! "svarstid-ledger\n" · format · topic · partitions · key · made at · digest
//! a frame a record:    1 · partition · offset · written at · length · bytes · digest
//! a trailer:           2 · partitions times (records) · digest
//! ```
//!
//! Each digest covers the one before it and everything since, so that no frame can be changed, left
//! out, repeated or moved without its place being told, and a file that was cut has no trailer. It
//! tells accidents; whoever can write the whole file anew can write another one.

use std::fmt;
use std::io::{self, Read};

use super::chain::{Hash, digest};
use crate::domain::pack::Writer;
use crate::domain::units::Timestamp;

const MAGIC: &[u8; 16] = b"svarstid-ledger\n";
/// The version of the form above.
const FORMAT: u8 = 1;
const FRAME: u8 = 1;
const TRAILER: u8 = 2;
/// A record is never larger; a length beyond it is no length.
const LONGEST: u64 = 64 << 20;

/// Whether bytes are the first ones of an archive.
pub fn is_archive(first: &[u8]) -> bool {
    first.starts_with(MAGIC)
}

/// What the file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The topic that it was read from.
    pub topic: String,
    /// How many partitions that had.
    pub partitions: i32,
    /// Of the key that ids are hashed under, when the first claim told it.
    pub key: Option<u64>,
    /// When the file was begun.
    pub made_at: Timestamp,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its partition.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// When it was written, in ms since 1970, if that is known.
    pub time_ms: Option<i64>,
    /// The record.
    pub bytes: Vec<u8>,
}

/// Why a file is no archive, or no whole one.
#[derive(Debug)]
pub enum Damage {
    /// It cannot be read.
    Io(io::Error),
    /// It is no archive.
    Foreign,
    /// A newer program wrote it.
    Format(u8),
    /// It ends before its trailer, behind this record.
    Cut(Option<(i32, i64)>),
    /// What stands behind this record makes no sense.
    Garbled(Option<(i32, i64)>),
    /// The header was changed.
    Header,
    /// This record, or what stands before it, is not what was written; the record before it.
    Frame(i32, i64, Option<(i32, i64)>),
    /// The trailer was changed, or something is behind it; the last record before it.
    Trailer(Option<(i32, i64)>),
}

fn behind(last: Option<(i32, i64)>) -> String {
    match last {
        Some((partition, offset)) => format!("behind partition {partition} offset {offset}"),
        None => "behind the header".to_owned(),
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Io(error) => write!(out, "it cannot be read: {error}"),
            Damage::Foreign => out.write_str("it is no file of \"svarstid ledger export\""),
            Damage::Format(format) => {
                write!(out, "it has format {format} and this program knows up to {FORMAT}")
            }
            Damage::Cut(last) => write!(out, "it is cut {}", behind(*last)),
            Damage::Garbled(last) => write!(out, "its bytes make no sense {}", behind(*last)),
            Damage::Header => out.write_str("its header was changed"),
            Damage::Frame(partition, offset, last) => write!(
                out,
                "partition {partition} offset {offset}: this record was changed, repeated or \
                 moved, or one is missing before it ({})",
                behind(*last)
            ),
            Damage::Trailer(last) => {
                write!(out, "its end is not what was written, {}", behind(*last))
            }
        }
    }
}

impl std::error::Error for Damage {}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Self {
        Damage::Io(error)
    }
}

/// Makes the bytes of an archive, piece by piece.
#[derive(Debug)]
pub struct Scribe {
    running: Hash,
    counts: Vec<u64>,
}

impl Scribe {
    /// Begins a file: gives its first bytes.
    pub fn new(header: &Header) -> (Scribe, Vec<u8>) {
        let mut bytes = Vec::new();
        let mut out = Writer(&mut bytes);
        out.fixed(MAGIC);
        out.byte(FORMAT);
        out.text(&header.topic);
        out.unsigned(header.partitions.max(0) as u64);
        out.byte(u8::from(header.key.is_some()));
        out.fixed(&header.key.unwrap_or(0).to_le_bytes());
        out.signed(header.made_at.0);
        let partitions = usize::try_from(header.partitions).unwrap_or(0);
        let mut scribe = Scribe { running: Hash::default(), counts: vec![0; partitions] };
        scribe.seal(&mut bytes);
        (scribe, bytes)
    }

    fn seal(&mut self, bytes: &mut Vec<u8>) {
        self.running = digest(&[&self.running.0, bytes]);
        bytes.extend_from_slice(&self.running.0);
    }

    /// Gives the bytes of a record.
    pub fn frame(&mut self, frame: &Frame) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(frame.bytes.len() + 64);
        let mut out = Writer(&mut bytes);
        out.byte(FRAME);
        out.unsigned(frame.partition.max(0) as u64);
        out.signed(frame.offset);
        out.signed(frame.time_ms.unwrap_or(i64::MIN));
        out.bytes(&frame.bytes);
        let at = usize::try_from(frame.partition).unwrap_or(usize::MAX);
        if let Some(count) = self.counts.get_mut(at) {
            *count += 1;
        }
        self.seal(&mut bytes);
        bytes
    }

    /// Ends the file: gives its last bytes.
    pub fn trailer(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut out = Writer(&mut bytes);
        out.byte(TRAILER);
        self.counts.iter().for_each(|count| out.unsigned(*count));
        self.seal(&mut bytes);
        bytes
    }
}

/// Reads an archive from its start to its end, one record at a time.
#[derive(Debug)]
pub struct Archive<R> {
    input: R,
    header: Header,
    running: Hash,
    counts: Vec<u64>,
    last: Option<(i32, i64)>,
    /// What was read since the last digest.
    piece: Vec<u8>,
    is_done: bool,
}

impl<R: Read> Archive<R> {
    /// Begins with the header.
    ///
    /// # Errors
    ///
    /// [`Damage`].
    pub fn open(input: R) -> Result<Archive<R>, Damage> {
        let header =
            Header { topic: String::new(), partitions: 0, key: None, made_at: Timestamp(0) };
        let mut archive = Archive {
            input,
            header,
            running: Hash::default(),
            counts: Vec::new(),
            last: None,
            piece: Vec::new(),
            is_done: false,
        };
        let foreign = |damage| match damage {
            Damage::Cut(_) | Damage::Garbled(_) => Damage::Foreign,
            other @ (Damage::Io(_)
            | Damage::Foreign
            | Damage::Format(_)
            | Damage::Header
            | Damage::Frame(..)
            | Damage::Trailer(_)) => other,
        };
        if archive.fixed(MAGIC.len()).map_err(foreign)? != MAGIC {
            return Err(Damage::Foreign);
        }
        let format = archive.byte()?;
        if format != FORMAT {
            return Err(Damage::Format(format));
        }
        let topic = archive.bytes(1_024)?;
        archive.header.topic = String::from_utf8(topic).map_err(|_| Damage::Header)?;
        archive.header.partitions =
            i32::try_from(archive.unsigned()?).map_err(|_| Damage::Header)?;
        let has_key = archive.byte()? == 1;
        let key = archive.fixed(8)?.first_chunk().map(|key| u64::from_le_bytes(*key));
        archive.header.key = key.filter(|_| has_key);
        archive.header.made_at = Timestamp(archive.signed()?);
        if !archive.is_sealed()? {
            return Err(Damage::Header);
        }
        archive.counts = vec![0; usize::try_from(archive.header.partitions).unwrap_or(0)];
        Ok(archive)
    }

    /// What the file says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next record; `None` behind the last one, when the trailer agrees.
    ///
    /// # Errors
    ///
    /// [`Damage`]; nothing more can be read then.
    pub fn record(&mut self) -> Result<Option<Frame>, Damage> {
        if self.is_done {
            return Ok(None);
        }
        match self.byte()? {
            FRAME => {}
            TRAILER => return self.end().map(|()| None),
            _ => return Err(Damage::Garbled(self.last)),
        }
        let partition = self.unsigned()?;
        let partition = i32::try_from(partition).map_err(|_| Damage::Garbled(self.last))?;
        let offset = self.signed()?;
        let time_ms = Some(self.signed()?).filter(|time| *time != i64::MIN);
        let at = usize::try_from(partition).unwrap_or(usize::MAX);
        if at >= self.counts.len() {
            return Err(Damage::Garbled(self.last));
        }
        let bytes = self.bytes(LONGEST)?;
        if !self.is_sealed()? {
            return Err(Damage::Frame(partition, offset, self.last));
        }
        self.counts[at] += 1;
        self.last = Some((partition, offset));
        Ok(Some(Frame { partition, offset, time_ms, bytes }))
    }

    fn end(&mut self) -> Result<(), Damage> {
        for at in 0..self.counts.len() {
            if self.unsigned()? != self.counts[at] {
                return Err(Damage::Trailer(self.last));
            }
        }
        let mut more = [0];
        if !self.is_sealed()? || self.input.read(&mut more)? != 0 {
            return Err(Damage::Trailer(self.last));
        }
        self.is_done = true;
        Ok(())
    }

    fn exactly(&mut self, bytes: &mut [u8]) -> Result<(), Damage> {
        let cut = Damage::Cut(self.last);
        self.input.read_exact(bytes).map_err(|error| {
            if error.kind() == io::ErrorKind::UnexpectedEof { cut } else { Damage::Io(error) }
        })
    }

    fn fixed(&mut self, length: usize) -> Result<Vec<u8>, Damage> {
        let mut bytes = vec![0; length];
        self.exactly(&mut bytes)?;
        self.piece.extend_from_slice(&bytes);
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, Damage> {
        let mut byte = [0];
        self.exactly(&mut byte)?;
        self.piece.push(byte[0]);
        Ok(byte[0])
    }

    fn unsigned(&mut self) -> Result<u64, Damage> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damage::Garbled(self.last))
    }

    fn signed(&mut self) -> Result<i64, Damage> {
        let number = self.unsigned()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn bytes(&mut self, longest: u64) -> Result<Vec<u8>, Damage> {
        let length = self.unsigned()?;
        if length > longest {
            return Err(Damage::Garbled(self.last));
        }
        // Room is taken as bytes come: a length that is wrong costs nothing.
        let mut bytes = Vec::new();
        let read = self.input.by_ref().take(length).read_to_end(&mut bytes)?;
        if read as u64 != length {
            return Err(Damage::Cut(self.last));
        }
        self.piece.extend_from_slice(&bytes);
        Ok(bytes)
    }

    fn is_sealed(&mut self) -> Result<bool, Damage> {
        self.running = digest(&[&self.running.0, &self.piece]);
        let found = self.fixed(16)?;
        self.piece.clear();
        Ok(found == self.running.0)
    }
}

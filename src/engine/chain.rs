//! The chain: which record of a partition's log counts, for every reader alike.
//!
//! A partition of the ledger is a log that several instances may write to at once: an owner, one
//! that believes it still is, and producers that send the same bytes again. [`Head::judge`] tells
//! for each record, in log order, whether it continues the chain. The first valid record wins; a
//! reader needs nothing but the log to agree with all the others.
//!
//! Two kinds of records exist. A **claim** ends an epoch and begins the next; the first claim that
//! ends the epoch in force is valid wherever it lands. A **commit** is valid when epoch, sequence,
//! the hash of the record before it, rules and every input position continue what is folded.
//!
//! ```text
//! schema · kind · partition · fields of the kind · 16 bytes of SHA-256 over everything before
//! ```
//!
//! The digest is at once the checksum of the record and its name in the chain.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::domain::pack::{Reader, Writer};

/// The version of the records' form. A reader refuses a newer one.
const SCHEMA: u8 = 1;
const CLAIM: u8 = 1;
const COMMIT: u8 = 2;

/// 128 bits of SHA-256: the name of a record in its chain.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 16]);

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// The digest of some bytes.
pub fn digest(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    let whole = hasher.finalize();
    let mut hash = [0; 16];
    hash.copy_from_slice(&whole[..16]);
    Hash(hash)
}

/// Which definitions and which version of the configured rules a record was made under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RulesVersion {
    /// Of the figures, built into the binary.
    pub definitions: u32,
    /// Of the configuration.
    pub rules: u32,
}

/// How far a chain has read one input, and what it read last there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The next offset; −1 before anything was read.
    pub next: i64,
    /// Checksum of the record before it: a topic that was made anew is told by it.
    pub last: u32,
}

impl Position {
    /// Before anything was read.
    pub const NONE: Position = Position { next: -1, last: 0 };
}

/// Where a chain stands after its last valid record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Head {
    /// The epoch in force; 0 before the first claim.
    pub epoch: u64,
    /// The claim that began it.
    pub claim: Hash,
    /// Valid records so far.
    pub sequence: u64,
    /// What the next record has to name as the one before it: the last commit, or a claim and all
    /// that was before it.
    pub hash: Hash,
    /// What the last records were judged by.
    pub version: RulesVersion,
    /// By input; shorter than the inputs before they are read.
    pub positions: Vec<Position>,
}

/// Who takes a partition over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The epoch that it ends.
    pub ends: u64,
    /// The claim that began that epoch.
    pub ends_claim: Hash,
    /// A number that the instance drew at its start.
    pub instance: u64,
    /// Tells two attempts of one instance apart.
    pub attempt: u64,
    /// Of the key that ids are hashed under; all instances share it.
    pub key: u64,
    /// Of the instance's binary.
    pub definitions: u32,
}

/// What a commit says of its place in the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Link {
    /// The epoch of its owner.
    pub epoch: u64,
    /// One more than the record before.
    pub sequence: u64,
    /// The record before.
    pub previous: Hash,
    /// What it was judged by.
    pub version: RulesVersion,
    /// Whether it brings the text of that version: it may then be newer than the chain's.
    pub brings_rules: bool,
    /// By input: from where to where.
    pub spans: Vec<(Position, Position)>,
}

/// A record as it stands in the log, its content not looked at yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The partition of the ledger that it was written for.
    pub partition: i32,
    /// Its name.
    pub hash: Hash,
    /// What it is.
    pub kind: Kind<'a>,
}

/// What a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// Takes the partition over.
    Claim(Claim),
    /// Moves it on; the content follows.
    Commit(Link, &'a [u8]),
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corrupt {
    /// Cut short, or bytes were changed.
    Checksum,
    /// A newer program wrote it.
    Schema(u8),
    /// The checksum is right, but the fields make no sense.
    Content,
}

impl fmt::Display for Corrupt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Corrupt::Checksum => out.write_str("its bytes were changed: the checksum is wrong"),
            Corrupt::Schema(schema) => write!(
                out,
                "it has schema {schema} and this program knows up to {SCHEMA}: use a newer program"
            ),
            Corrupt::Content => out.write_str("its fields make no sense"),
        }
    }
}

/// What a record is to the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It continues the chain.
    Valid,
    /// It belongs to an epoch that has ended, or claims one that has: somebody was late.
    Stale,
    /// It is of this epoch, and the chain has already gone on: a copy of a valid record, or what
    /// an owner wrote after losing an acknowledgement.
    Passed,
    /// Nothing that instances which keep the rules can write: something is missing before it.
    Broken(Break),
}

/// What does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// An epoch whose claim is not there.
    Epoch,
    /// Records are missing before it.
    Sequence,
    /// The record before it is another one.
    Previous,
    /// The input positions do not follow.
    Positions,
    /// Judged by rules that the chain does not have.
    Rules,
}

impl fmt::Display for Break {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Break::Epoch => "the claim of its epoch is missing",
            Break::Sequence => "records before it are missing",
            Break::Previous => "the record before it is another one",
            Break::Positions => "its input positions do not follow",
            Break::Rules => "it was judged by rules that the chain does not have",
        })
    }
}

impl Head {
    /// What a record is to the chain that ends here.
    pub fn judge(&self, envelope: &Envelope<'_>) -> Verdict {
        match &envelope.kind {
            Kind::Claim(claim) if claim.ends > self.epoch => Verdict::Broken(Break::Epoch),
            Kind::Claim(claim) if (claim.ends, claim.ends_claim) == (self.epoch, self.claim) => {
                Verdict::Valid
            }
            Kind::Claim(_) => Verdict::Stale,
            Kind::Commit(link, _) => self.judge_commit(link),
        }
    }

    fn judge_commit(&self, link: &Link) -> Verdict {
        if link.epoch < self.epoch {
            return Verdict::Stale;
        }
        if link.epoch > self.epoch {
            return Verdict::Broken(Break::Epoch);
        }
        if link.sequence <= self.sequence {
            return Verdict::Passed;
        }
        if link.sequence != self.sequence + 1 {
            return Verdict::Broken(Break::Sequence);
        }
        if link.previous != self.hash {
            return Verdict::Broken(Break::Previous);
        }
        let follows = |(at, (from, _)): (usize, &(Position, Position))| {
            self.positions.get(at).copied().unwrap_or(Position::NONE) == *from
        };
        if link.spans.len() < self.positions.len() || !link.spans.iter().enumerate().all(follows) {
            return Verdict::Broken(Break::Positions);
        }
        let newer = link.brings_rules
            && link.version.definitions >= self.version.definitions
            && link.version.rules >= self.version.rules;
        if link.version != self.version && !newer {
            return Verdict::Broken(Break::Rules);
        }
        Verdict::Valid
    }

    /// Takes a valid record in.
    pub fn advance(&mut self, envelope: &Envelope<'_>) {
        self.sequence += 1;
        match &envelope.kind {
            Kind::Claim(claim) => {
                self.epoch = claim.ends + 1;
                self.claim = envelope.hash;
                // A claim does not name what was before it, since it is valid wherever it lands;
                // so the chain does.
                self.hash = digest(&[&self.hash.0, &envelope.hash.0]);
            }
            Kind::Commit(link, _) => {
                self.hash = envelope.hash;
                self.version = link.version;
                self.positions.clear();
                self.positions.extend(link.spans.iter().map(|(_, to)| *to));
            }
        }
    }

    /// The claim that would end the epoch in force.
    pub fn claim(&self, instance: u64, attempt: u64, key: u64, definitions: u32) -> Claim {
        Claim { ends: self.epoch, ends_claim: self.claim, instance, attempt, key, definitions }
    }

    /// How far an input is read.
    pub fn position(&self, input: usize) -> Position {
        self.positions.get(input).copied().unwrap_or(Position::NONE)
    }
}

/// A claim as bytes.
pub fn encode_claim(partition: i32, claim: &Claim) -> (Vec<u8>, Hash) {
    let mut bytes = Vec::with_capacity(96);
    let mut out = Writer(&mut bytes);
    out.byte(SCHEMA);
    out.byte(CLAIM);
    out.unsigned(partition as u64);
    out.unsigned(claim.ends);
    out.0.extend_from_slice(&claim.ends_claim.0);
    out.unsigned(claim.instance);
    out.unsigned(claim.attempt);
    out.0.extend_from_slice(&claim.key.to_le_bytes());
    out.unsigned(u64::from(claim.definitions));
    seal(bytes)
}

/// A commit as bytes; `content` appends what follows the link.
pub fn encode_commit(
    partition: i32,
    link: &Link,
    content: impl FnOnce(&mut Writer<'_>),
) -> (Vec<u8>, Hash) {
    let mut bytes = Vec::with_capacity(4_096);
    let mut out = Writer(&mut bytes);
    out.byte(SCHEMA);
    out.byte(COMMIT);
    out.unsigned(partition as u64);
    out.unsigned(link.epoch);
    out.unsigned(link.sequence);
    out.0.extend_from_slice(&link.previous.0);
    out.unsigned(u64::from(link.version.definitions));
    out.unsigned(u64::from(link.version.rules));
    out.byte(u8::from(link.brings_rules));
    out.unsigned(link.spans.len() as u64);
    for (from, to) in &link.spans {
        out.signed(from.next);
        out.unsigned(u64::from(from.last));
        out.signed(to.next.wrapping_sub(from.next));
        out.unsigned(u64::from(to.last));
    }
    content(&mut out);
    seal(bytes)
}

/// The name of the record that these bytes are, or would be: nothing of them is looked at.
pub fn name_of(bytes: &[u8]) -> Hash {
    match bytes.split_last_chunk::<16>() {
        Some((_, hash)) => Hash(*hash),
        None => digest(&[bytes]),
    }
}

fn seal(mut bytes: Vec<u8>) -> (Vec<u8>, Hash) {
    let hash = digest(&[&bytes]);
    bytes.extend_from_slice(&hash.0);
    (bytes, hash)
}

/// Opens a record.
///
/// # Errors
///
/// [`Corrupt`], never a panic, whatever the bytes are.
pub fn open(bytes: &[u8]) -> Result<Envelope<'_>, Corrupt> {
    let (body, hash) = bytes.split_last_chunk::<16>().ok_or(Corrupt::Checksum)?;
    let hash = Hash(*hash);
    if digest(&[body]) != hash {
        return Err(Corrupt::Checksum);
    }
    let mut input = Reader(body);
    match input.byte() {
        Some(SCHEMA) => {}
        Some(other) => return Err(Corrupt::Schema(other)),
        None => return Err(Corrupt::Content),
    }
    read(&mut input, hash).ok_or(Corrupt::Content)
}

fn read<'a>(input: &mut Reader<'a>, hash: Hash) -> Option<Envelope<'a>> {
    let kind = input.byte()?;
    let partition = i32::try_from(input.unsigned()?).ok()?;
    let kind = match kind {
        CLAIM => Kind::Claim(Claim {
            ends: input.unsigned()?,
            ends_claim: Hash(input.fixed()?),
            instance: input.unsigned()?,
            attempt: input.unsigned()?,
            key: u64::from_le_bytes(input.fixed()?),
            definitions: u32::try_from(input.unsigned()?).ok()?,
        }),
        COMMIT => {
            let epoch = input.unsigned()?;
            let sequence = input.unsigned()?;
            let previous = Hash(input.fixed()?);
            let version = RulesVersion {
                definitions: u32::try_from(input.unsigned()?).ok()?,
                rules: u32::try_from(input.unsigned()?).ok()?,
            };
            let brings_rules = input.byte()? == 1;
            let mut spans = Vec::new();
            for _ in 0..input.unsigned()? {
                let from = Position {
                    next: input.signed()?,
                    last: u32::try_from(input.unsigned()?).ok()?,
                };
                let next = from.next.wrapping_add(input.signed()?);
                spans.push((from, Position { next, last: u32::try_from(input.unsigned()?).ok()? }));
            }
            Kind::Commit(Link { epoch, sequence, previous, version, brings_rules, spans }, input.0)
        }
        _ => return None,
    };
    Some(Envelope { partition, hash, kind })
}

#[cfg(test)]
mod tests;

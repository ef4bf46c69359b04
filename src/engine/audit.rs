//! One partition of a ledger, record by record: what counts, what is harmless, what is broken.
//!
//! An [`Auditor`] is fed the records of a partition in the order of the log. It follows the chain
//! as every reader does and reads each content that counts, so that what no program could fold is
//! found too. It tells sums and kinds, never the id of a contact or an agent.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use super::chain::{self, Break, Corrupt, Envelope, Hash, Head, Kind, RulesVersion, Verdict};
use super::codec;
use super::incident::{Incident, IncidentKind};
use super::names::{ChainNames, Unreadable};
use crate::domain::ids::Names;

/// Valid records of which the name is kept, to tell a copy from another record in its place.
const NAMES_KEPT: usize = 100_000;
/// More names than any chain can bring.
const ROOM: usize = u16::MAX as usize;

/// What a record is to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It continues the chain.
    Valid,
    /// Of an epoch that had ended: somebody was late. Harmless.
    Stale,
    /// The same bytes as a valid record before. Harmless.
    Copy,
    /// The ledger is not what its writers wrote.
    Broken(Fault),
}

/// What is wrong with a record, or before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes are no record.
    Corrupt(Corrupt),
    /// It was written for another partition.
    Partition(i32),
    /// It does not continue the chain.
    Chain(Break),
    /// It stands where another record counts.
    Other,
    /// Its claim was made under another key than the first.
    Key,
    /// It counts, and its content cannot be read.
    Unreadable,
    /// The records before it are gone from the topic.
    Truncated,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Corrupt(corrupt) => write!(out, "{corrupt}"),
            Fault::Partition(partition) => write!(out, "it was written for partition {partition}"),
            Fault::Chain(how) => write!(out, "{how}"),
            Fault::Other => out.write_str("another record counts in its place"),
            Fault::Key => out.write_str("it was claimed under another privacy.id_key_file"),
            Fault::Unreadable => out.write_str("its content makes no sense to this program"),
            Fault::Truncated => out.write_str("the records before it are gone"),
        }
    }
}

impl Finding {
    /// One word for tables.
    pub fn word(self) -> &'static str {
        match self {
            Finding::Valid => "valid",
            Finding::Stale => "stale",
            Finding::Copy => "copy",
            Finding::Broken(_) => "BROKEN",
        }
    }
}

/// What one record holds, without anything of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Records of the inputs that it counts.
    pub events: i64,
    /// Contacts whose observations or figures it changes, those let go included.
    pub contacts: usize,
    /// Reports of agents.
    pub agents: usize,
    /// Quarter-hours of a line that it changes.
    pub cells: usize,
    /// What should not have happened.
    pub incidents: Vec<Incident>,
    /// The version of rules whose text it brings.
    pub rules: Option<RulesVersion>,
}

/// One record as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub offset: i64,
    /// How many bytes it has.
    pub bytes: usize,
    /// Its name; the digest of its bytes when they are no record.
    pub hash: Hash,
    /// What it is to the ledger.
    pub finding: Finding,
    /// `"claim"`, `"commit"` or `"unknown"`.
    pub kind: &'static str,
    /// Its epoch: of a claim, the one that it begins.
    pub epoch: Option<u64>,
    /// Its place in the chain.
    pub sequence: Option<u64>,
    /// By input: from which offset to which; −1 before anything was read.
    pub spans: Vec<(i64, i64)>,
    /// What it holds; of valid commits only, since the others need not be readable.
    pub content: Option<Content>,
}

/// Sums over the records of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Records read.
    pub records: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Valid commits.
    pub commits: u64,
    /// Valid claims, which is the number of epochs.
    pub claims: u64,
    /// Of ended epochs.
    pub stale: u64,
    /// Copies of valid records, with where they stand; the first hundred.
    pub copies: Vec<i64>,
    /// How many copies.
    pub copied: u64,
    /// Records that are broken.
    pub broken: u64,
    /// The first of them.
    pub first_broken: Option<(i64, Fault)>,
    /// Where the chain goes on behind the last one that is broken: the owner has read the events
    /// since the last good record anew.
    pub goes_on: Option<i64>,
    /// Records of the inputs that are counted.
    pub events: i64,
    /// By input: the first and the next offset that the chain covers.
    pub covered: Vec<(i64, i64)>,
    /// How many incidents it tells, by kind.
    pub incidents: BTreeMap<IncidentKind, u64>,
    /// Where each version of the rules came in.
    pub rules: Vec<(RulesVersion, i64)>,
    /// Of the key that ids are hashed under.
    pub key: Option<u64>,
}

/// Follows one partition.
#[derive(Debug)]
pub struct Auditor {
    partition: i32,
    head: Head,
    names: Names,
    known: ChainNames,
    /// Names of the last valid records; the last one is that of the head's sequence.
    last: VecDeque<Hash>,
    sums: Sums,
}

impl Auditor {
    /// An auditor that has read nothing of a partition.
    pub fn new(partition: i32) -> Auditor {
        Auditor {
            partition,
            head: Head::default(),
            names: Names::new(ROOM, ROOM, ROOM, false),
            known: ChainNames::default(),
            last: VecDeque::new(),
            sums: Sums::default(),
        }
    }

    /// The partition.
    pub fn partition(&self) -> i32 {
        self.partition
    }

    /// What was found so far.
    pub fn sums(&self) -> &Sums {
        &self.sums
    }

    /// Where the chain stands.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Takes in the next record.
    pub fn record(&mut self, offset: i64, bytes: &[u8]) -> Entry {
        let mut entry = match chain::open(bytes) {
            Ok(envelope) => self.judged(offset, &envelope),
            Err(corrupt) => Entry {
                offset,
                bytes: 0,
                hash: chain::digest(&[bytes]),
                finding: Finding::Broken(Fault::Corrupt(corrupt)),
                kind: "unknown",
                epoch: None,
                sequence: None,
                spans: Vec::new(),
                content: None,
            },
        };
        entry.bytes = bytes.len();
        self.add(&entry);
        entry
    }

    fn judged(&mut self, offset: i64, envelope: &Envelope<'_>) -> Entry {
        let (kind, epoch, sequence, spans) = match &envelope.kind {
            Kind::Claim(claim) => ("claim", claim.ends.saturating_add(1), None, Vec::new()),
            Kind::Commit(link, _) => {
                let spans = link.spans.iter().map(|(from, to)| (from.next, to.next)).collect();
                ("commit", link.epoch, Some(link.sequence), spans)
            }
        };
        let mut entry = Entry {
            offset,
            bytes: 0,
            hash: envelope.hash,
            finding: Finding::Valid,
            kind,
            epoch: Some(epoch),
            sequence,
            spans,
            content: None,
        };
        if envelope.partition != self.partition {
            entry.finding = Finding::Broken(Fault::Partition(envelope.partition));
            return entry;
        }
        entry.finding = match self.head.judge(envelope) {
            Verdict::Valid => self.take(envelope, &mut entry),
            Verdict::Stale => Finding::Stale,
            Verdict::Passed => match (sequence, self.name_of(sequence)) {
                // So long ago that its name is not kept any more.
                (Some(_), None) => Finding::Copy,
                (_, name) if name == Some(envelope.hash) => Finding::Copy,
                (_, _) => Finding::Broken(Fault::Other),
            },
            Verdict::Broken(_) if self.sums.records == 0 => Finding::Broken(Fault::Truncated),
            Verdict::Broken(how) => Finding::Broken(Fault::Chain(how)),
        };
        entry
    }

    fn name_of(&self, sequence: Option<u64>) -> Option<Hash> {
        let behind = self.head.sequence.checked_sub(sequence?)?;
        let at = self.last.len().checked_sub(usize::try_from(behind).ok()?.checked_add(1)?)?;
        self.last.get(at).copied()
    }

    fn take(&mut self, envelope: &Envelope<'_>, entry: &mut Entry) -> Finding {
        let mut finding = Finding::Valid;
        match &envelope.kind {
            Kind::Claim(claim) => {
                if *self.sums.key.get_or_insert(claim.key) != claim.key {
                    finding = Finding::Broken(Fault::Key);
                }
            }
            Kind::Commit(link, content) => {
                match codec::decode(link.clone(), content, &mut self.names, &mut self.known) {
                    Ok(record) => {
                        entry.content = Some(Content {
                            events: record.counts.iter().map(|counts| counts.consumed).sum(),
                            contacts: record.changes.len(),
                            agents: record.agents.len(),
                            cells: record.cells.len(),
                            incidents: record.incidents,
                            rules: record.rules.map(|_| link.version),
                        });
                    }
                    Err(Unreadable::Content | Unreadable::NoRoom) => {
                        finding = Finding::Broken(Fault::Unreadable);
                    }
                }
            }
        }
        self.head.advance(envelope);
        entry.sequence = Some(self.head.sequence);
        if self.last.len() == NAMES_KEPT {
            self.last.pop_front();
        }
        self.last.push_back(envelope.hash);
        finding
    }

    fn add(&mut self, entry: &Entry) {
        let sums = &mut self.sums;
        sums.records += 1;
        sums.bytes += entry.bytes as u64;
        match entry.finding {
            Finding::Valid => {
                let is_claim = entry.kind == "claim";
                sums.claims += u64::from(is_claim);
                sums.commits += u64::from(!is_claim);
                if sums.broken > 0 && !is_claim {
                    sums.goes_on.get_or_insert(entry.offset);
                }
            }
            Finding::Stale => sums.stale += 1,
            Finding::Copy => {
                sums.copied += 1;
                if sums.copies.len() < 100 {
                    sums.copies.push(entry.offset);
                }
            }
            Finding::Broken(fault) => {
                sums.broken += 1;
                sums.goes_on = None;
                sums.first_broken.get_or_insert((entry.offset, fault));
            }
        }
        let Some(content) = &entry.content else { return };
        sums.events += content.events;
        for incident in &content.incidents {
            *sums.incidents.entry(incident.kind).or_default() += 1;
        }
        if let Some(version) = content.rules {
            sums.rules.push((version, entry.offset));
        }
        for (at, (from, to)) in entry.spans.iter().enumerate() {
            if sums.covered.len() <= at {
                sums.covered.push((-1, -1));
            }
            let (first, next) = &mut sums.covered[at];
            if *next < *to {
                *next = *to;
                // The first offset itself is in no record: an input that is read from its start
                // begins at "nothing".
                if *first < 0 {
                    *first = (*from).max(0);
                }
            }
        }
    }
}

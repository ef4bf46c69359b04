//! Everything that a search meets more than once, by number: records, folds, logs, tenures.
//!
//! States are then a few numbers, and the protocol's own code runs once for each different case.
//! Beside what the protocol knows, a record and a fold carry what only the search knows: which
//! fold the record was made over, and which offsets it really holds.

use std::hash::Hash as HashOf;
use std::sync::Arc;

use hashbrown::HashMap;
use svarstid::engine::chain::{self, Break, Hash, Head, Kind, Link, Position, Verdict};
use svarstid::engine::tenure::Tenure;

/// The partition that is searched.
pub(super) const PARTITION: i32 = 0;

/// Index of a record; 0 is none.
pub(super) type RecordId = u32;
/// Index of a fold: some valid records in their order; 0 is the empty one.
pub(super) type FoldId = u32;
/// Index of a log; 0 is the empty one.
pub(super) type LogId = u32;
/// Index of a tenure; 0 is that of a fresh instance.
pub(super) type TenureId = u32;

/// Values by number, each once.
pub(super) struct Table<T> {
    values: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T: Clone + Eq + HashOf> Table<T> {
    fn new(first: T) -> Table<T> {
        let mut table = Table { values: Vec::new(), numbers: HashMap::new() };
        table.number(first);
        table
    }

    /// The number of a value.
    pub(super) fn number(&mut self, value: T) -> u32 {
        if let Some(&number) = self.numbers.get(&value) {
            return number;
        }
        let number = self.values.len() as u32;
        self.values.push(value.clone());
        self.numbers.insert(value, number);
        number
    }

    /// The value of a number.
    pub(super) fn get(&self, number: u32) -> &T {
        &self.values[number as usize]
    }
}

/// A record, and what only the search knows of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Record {
    pub(super) bytes: Arc<[u8]>,
    pub(super) hash: Hash,
    /// The run of an instance that made it.
    pub(super) maker: u8,
    /// What that one had folded.
    pub(super) base: FoldId,
    pub(super) what: What,
}

/// What a record does.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Ends this epoch.
    Claim(u64),
    /// Holds the offsets from the first up to the second, in an epoch.
    Commit(u8, u8, u64),
}

/// Some valid records in their order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Fold {
    pub(super) head: Head,
    /// All but the last of them.
    pub(super) before: FoldId,
    pub(super) last: RecordId,
    /// The run whose claim is in force.
    pub(super) owner: Option<u8>,
    /// Offsets 0 up to this are folded, each once.
    pub(super) folded: u8,
}

/// A log and the folds of all that it begins with.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Log {
    pub(super) records: Vec<RecordId>,
    /// One more than the records.
    pub(super) folds: Vec<FoldId>,
}

/// What a record is to a fold.
#[derive(Clone, Copy)]
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    /// The fold after it.
    pub(super) fold: FoldId,
}

/// All tables, and the first thing that was found wrong.
pub(super) struct Tables {
    pub(super) records: Table<Record>,
    by_hash: HashMap<Hash, RecordId>,
    pub(super) folds: Table<Fold>,
    pub(super) logs: Table<Log>,
    pub(super) tenures: Table<Tenure>,
    judged: HashMap<(FoldId, RecordId), Judged>,
    extended: HashMap<(LogId, RecordId), LogId>,
    /// Whether a record may come without those before it.
    pub(super) is_damaged: bool,
    pub(super) fault: Option<String>,
}

impl Tables {
    pub(super) fn new(is_damaged: bool) -> Tables {
        let nothing = Record {
            bytes: [].into(),
            hash: Hash::default(),
            maker: 0,
            base: 0,
            what: What::Claim(0),
        };
        let empty = Fold { head: Head::default(), before: 0, last: 0, owner: None, folded: 0 };
        Tables {
            records: Table::new(nothing),
            by_hash: HashMap::new(),
            folds: Table::new(empty),
            logs: Table::new(Log { records: Vec::new(), folds: vec![0] }),
            tenures: Table::new(Tenure::default()),
            judged: HashMap::new(),
            extended: HashMap::new(),
            is_damaged,
            fault: None,
        }
    }

    /// Keeps the first fault.
    pub(super) fn blame(&mut self, is_right: bool, fault: impl FnOnce() -> String) {
        if !is_right && self.fault.is_none() {
            self.fault = Some(fault());
        }
    }

    /// The claim of a run that has folded `base`.
    pub(super) fn claim(&mut self, base: FoldId, maker: u8, attempt: u8) -> RecordId {
        let claim = self.folds.get(base).head.claim(u64::from(maker), u64::from(attempt), 0, 0);
        let (bytes, hash) = chain::encode_claim(PARTITION, &claim);
        self.record(bytes, hash, maker, base, What::Claim(claim.ends))
    }

    /// The commit of the offsets `first` up to `until` by a run that has folded `base`. As in the
    /// engine, the positions begin where the chain's head is, whatever was gathered.
    pub(super) fn commit(&mut self, base: FoldId, maker: u8, first: u8, until: u8) -> RecordId {
        let head = &self.folds.get(base).head;
        let to = Position { next: i64::from(until), last: u32::from(until) };
        let link = Link {
            epoch: head.epoch,
            sequence: head.sequence + 1,
            previous: head.hash,
            version: head.version,
            brings_rules: false,
            spans: vec![(head.position(0), to)],
        };
        let (bytes, hash) = chain::encode_commit(PARTITION, &link, |out| {
            // What is folded stands in the content: it is made from what was folded before.
            out.fixed(&[maker, first, until]);
            out.unsigned(u64::from(base));
        });
        self.record(bytes, hash, maker, base, What::Commit(first, until, link.epoch))
    }

    fn record(
        &mut self,
        bytes: Vec<u8>,
        hash: Hash,
        maker: u8,
        base: FoldId,
        what: What,
    ) -> RecordId {
        if let Some(&known) = self.by_hash.get(&hash) {
            return known;
        }
        let id = self.records.number(Record { bytes: bytes.into(), hash, maker, base, what });
        self.by_hash.insert(hash, id);
        id
    }

    /// The record of this name.
    pub(super) fn named(&self, hash: Hash) -> RecordId {
        self.by_hash[&hash]
    }

    /// What a record is to a fold, by the chain's own rule.
    pub(super) fn judge(&mut self, fold: FoldId, record: RecordId) -> Judged {
        if let Some(&judged) = self.judged.get(&(fold, record)) {
            return judged;
        }
        let bytes = Arc::clone(&self.records.get(record).bytes);
        let envelope = chain::open(&bytes).expect("the record was encoded by the same code");
        let verdict = self.folds.get(fold).head.judge(&envelope);
        let judged = match verdict {
            Verdict::Valid => Judged { verdict, fold: self.advance(fold, record, &envelope) },
            Verdict::Stale | Verdict::Passed => Judged { verdict, fold },
            Verdict::Broken(how) => {
                self.refused(how, fold, record);
                Judged { verdict, fold }
            }
        };
        self.judged.insert((fold, record), judged);
        judged
    }

    fn refused(&mut self, how: Break, fold: FoldId, record: RecordId) {
        let said = (self.told(record), self.folds.get(fold).head.clone());
        self.blame(self.is_damaged, || {
            format!("no record is missing, but {} is refused since {how}: {:?}", said.0, said.1)
        });
    }

    fn advance(&mut self, fold: FoldId, id: RecordId, envelope: &chain::Envelope<'_>) -> FoldId {
        let before = self.folds.get(fold).clone();
        let record = self.records.get(id).clone();
        let told = self.told(id);
        let mut next = Fold { before: fold, last: id, ..before.clone() };
        next.head.advance(envelope);
        match (record.what, &envelope.kind) {
            (What::Claim(ends), Kind::Claim(_)) => {
                next.owner = Some(record.maker);
                self.blame(ends == before.head.epoch && next.head.epoch == ends + 1, || {
                    format!("{told} counts, but epoch {} is in force", before.head.epoch)
                });
            }
            (What::Commit(first, until, epoch), Kind::Commit(..)) => {
                self.blame(first == before.folded, || {
                    format!("{told} counts, but {} offsets are folded", before.folded)
                });
                self.blame(next.head.position(0).next == i64::from(until), || {
                    format!("{told} counts, but the chain is read to {:?}", next.head.positions)
                });
                self.blame(
                    epoch == before.head.epoch && before.owner == Some(record.maker),
                    || {
                        format!(
                            "{told} counts, but epoch {} is of run {:?}",
                            before.head.epoch, before.owner
                        )
                    },
                );
                self.blame(record.base == fold, || {
                    format!("{told} counts, but was made over another fold")
                });
                next.folded = until;
            }
            (What::Claim(_) | What::Commit(..), Kind::Claim(_) | Kind::Commit(..)) => {
                self.blame(false, || format!("{told} was read as another kind of record"));
            }
        }
        self.folds.number(next)
    }

    /// Whether a record is among those of a fold.
    pub(super) fn holds(&self, mut fold: FoldId, record: RecordId) -> bool {
        while fold != 0 {
            let node = self.folds.get(fold);
            if node.last == record {
                return true;
            }
            fold = node.before;
        }
        false
    }

    /// A log with one record more.
    pub(super) fn append(&mut self, log: LogId, record: RecordId) -> LogId {
        if let Some(&known) = self.extended.get(&(log, record)) {
            return known;
        }
        let mut longer = self.logs.get(log).clone();
        let fold = longer.folds[longer.records.len()];
        longer.records.push(record);
        longer.folds.push(self.judge(fold, record).fold);
        let id = self.logs.number(longer);
        self.extended.insert((log, record), id);
        id
    }

    /// A log without its last record.
    pub(super) fn cut(&mut self, log: LogId) -> LogId {
        let mut shorter = self.logs.get(log).clone();
        shorter.records.pop();
        shorter.folds.pop();
        self.logs.number(shorter)
    }

    /// A record in words.
    pub(super) fn told(&self, record: RecordId) -> String {
        let Record { maker, what, hash, .. } = self.records.get(record);
        let name = &hash.to_string()[..4];
        match what {
            What::Claim(ends) => format!("[{name} claim by run {maker}, ends epoch {ends}]"),
            What::Commit(first, until, epoch) => {
                format!("[{name} commit by run {maker}, {first}..{until}, epoch {epoch}]")
            }
        }
    }
}

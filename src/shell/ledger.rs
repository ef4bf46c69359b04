//! The ledger's tail: every record of every partition, in the order of each.
//!
//! Nothing of what the records say is known here. The owner says where to begin; an offset that is
//! not there is told and never skipped.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rdkafka::ClientConfig;
use rdkafka::message::Message as _;

use super::clock::Stopwatch;
use super::kafka::Missing;
use super::reader::{OutOfRange, Read, Reader, Standing};
use super::{Stop, kafka, usage};

/// How long one question may take.
const ASK: Duration = Duration::from_secs(2);

/// What comes out of the tail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tailed {
    /// A record.
    Record {
        /// The partition.
        partition: i32,
        /// Its offset.
        offset: i64,
        /// When the broker or the writer says it was written, in milliseconds since 1970.
        time_ms: Option<i64>,
        /// What it says.
        payload: Vec<u8>,
    },
    /// All there is of a partition has been read.
    End {
        /// The partition.
        partition: i32,
        /// The offset of the next record to come.
        next: i64,
    },
    /// Records do not come, or no more; why.
    Trouble(String),
    /// The offset to read next is not there. Nothing more comes of the partition until
    /// [`Tail::restart`].
    Lost(OutOfRange),
}

/// The bounds of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The first offset that is kept.
    pub first: i64,
    /// The offset after the last one.
    pub end: i64,
}

/// Reads the ledger.
pub struct Tail {
    reader: Reader,
    bounds: Vec<Bounds>,
    /// Partitions that have not come to the end at the start, when it is read once.
    unfinished: Option<Vec<i32>>,
}

impl Tail {
    /// A tail over all partitions of the topic. Partition p begins at `starts[p]`, or with its
    /// first record where that is missing. Brokers that are away are waited for.
    ///
    /// Read `once`, [`Tail::is_done`] turns true when every partition has been read to the end that
    /// it had at the start.
    ///
    /// # Errors
    ///
    /// [`super::Usage`] when there is no such topic or the client library refuses the settings; a
    /// failure when a stop is asked for before the brokers have answered.
    pub fn new(
        settings: ClientConfig,
        group: &str,
        topic: &str,
        starts: &[Option<i64>],
        once: bool,
        stop: &Stop,
    ) -> anyhow::Result<Tail> {
        let reader = Reader::new(kafka::consumer(settings, group), topic)?;
        let mut is_away = false;
        let bounds = loop {
            match ask_bounds(&reader) {
                Ok(bounds) => break bounds,
                Err(Missing::Topic(remedy)) => return Err(usage(remedy)),
                Err(Missing::Broker(error)) => {
                    if !is_away {
                        tracing::warn!(topic, %error, "no broker tells the ledger; waiting for one");
                        is_away = true;
                    }
                    if !stop.sleep(Duration::from_millis(500)) {
                        return Err(anyhow!("stopped before a broker told the ledger \"{topic}\""));
                    }
                }
            }
        };
        for (partition, bounds) in (0..).zip(&bounds) {
            let at = usize::try_from(partition).unwrap_or(usize::MAX);
            let start = starts.get(at).copied().flatten().unwrap_or(bounds.first);
            reader
                .take(partition, start)
                .with_context(|| format!("cannot read partition {partition} of \"{topic}\""))?;
        }
        let unfinished = once.then(|| (0..).zip(&bounds).map(|(partition, _)| partition).collect());
        let mut tail = Tail { reader, bounds, unfinished };
        tail.settle();
        Ok(tail)
    }

    /// What each partition held when the tail began, by partition.
    pub fn ends(&self) -> &[Bounds] {
        &self.bounds
    }

    /// What comes next, if it comes within `wait`.
    pub fn next(&mut self, wait: Duration) -> Option<Tailed> {
        let began = Stopwatch::start();
        let mut left = wait;
        loop {
            match self.reader.poll(left) {
                Some(read) => {
                    let tailed = tailed(read);
                    self.settle_after(&tailed);
                    return Some(tailed);
                }
                None => left = began.left_of(wait),
            }
            if left.is_zero() {
                return None;
            }
        }
    }

    fn settle_after(&mut self, tailed: &Tailed) {
        let (partition, next) = match tailed {
            Tailed::Record { partition, offset, .. } => (*partition, *offset + 1),
            Tailed::End { partition, next } => (*partition, *next),
            Tailed::Trouble(_) | Tailed::Lost(_) => return,
        };
        let at = usize::try_from(partition).unwrap_or(usize::MAX);
        let is_there = self.bounds.get(at).is_none_or(|bounds| next >= bounds.end);
        if let Some(unfinished) = &mut self.unfinished
            && is_there
        {
            unfinished.retain(|one| *one != partition);
        }
    }

    /// Partitions that begin at their end are done without a word.
    fn settle(&mut self) {
        for standing in self.reader.standings() {
            let Standing { partition, next, .. } = standing;
            self.settle_after(&Tailed::End { partition, next });
        }
    }

    /// Whether everything that was there at the start has been read; never when not read once.
    pub fn is_done(&self) -> bool {
        self.unfinished.as_ref().is_some_and(Vec::is_empty)
    }

    /// Reads a partition from an offset on; what was fetched before does not come out any more.
    ///
    /// # Errors
    ///
    /// When the client refuses.
    pub fn restart(&mut self, partition: i32, offset: i64) -> anyhow::Result<()> {
        self.reader.take(partition, offset).with_context(|| {
            format!("cannot read \"{}\" [{partition}] from {offset}", self.reader.topic())
        })
    }

    /// Asks where each partition ends now. Blocks for a moment; without an answer it is nothing.
    pub fn ask_ends(&self) -> Option<Vec<i64>> {
        let bounds = ask_bounds(&self.reader).ok()?;
        Some(bounds.into_iter().map(|bounds| bounds.end).collect())
    }

    /// How long nothing was heard of the partition of which that is longest: no record, no end and
    /// no answer from the broker that holds it.
    pub fn stale_for(&self) -> Duration {
        self.reader.stale_for()
    }

    /// How far each partition has been read, and its end as last told.
    pub fn standings(&self) -> Vec<Standing> {
        self.reader.standings()
    }

    /// How many partitions the topic has, as last told.
    pub fn partitions(&self) -> Option<i32> {
        self.reader.partitions()
    }
}

fn ask_bounds(reader: &Reader) -> Result<Vec<Bounds>, Missing> {
    let partitions = reader.ask_partitions(ASK)?;
    (0..partitions)
        .map(|partition| {
            let (first, end) = reader.watermarks(partition, ASK).map_err(Missing::Broker)?;
            Ok(Bounds { first, end })
        })
        .collect()
}

fn tailed(read: Read<'_>) -> Tailed {
    match read {
        Read::Message(message) => Tailed::Record {
            partition: message.partition(),
            offset: message.offset(),
            time_ms: message.timestamp().to_millis(),
            payload: message.payload().unwrap_or_default().to_vec(),
        },
        Read::End { partition, next } => Tailed::End { partition, next },
        Read::OutOfRange(lost) => Tailed::Lost(lost),
        Read::Away(text) | Read::Trouble(text) | Read::Fatal(text) => Tailed::Trouble(text),
    }
}

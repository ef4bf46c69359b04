//! The input: partitions that the group hands out, read from offsets of our own.
//!
//! Two kinds of clients share the work. The *member* is in the group, subscribed to the anchor
//! topic, and never reads a record; a [`Reader`] a topic reads what the owner takes. Were they one,
//! the client library would pause every partition from the moment at which one is to go until it is
//! given back, and topics could not be handed out together.
//!
//! Nothing is decided inside the library's callback: it records, [`Group::poll`] tells. A partition
//! that is revoked stays ours, and the rebalance waits, until the owner calls [`Group::release`];
//! meanwhile the member sends its heartbeats. One that is lost is gone when it is told.

use std::cell::Cell;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use rdkafka::ClientConfig;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::clock::Stopwatch;
use super::kafka;
use super::member::{Member, Told};
use super::reader::{OutOfRange, Read, Reader, Standing};

/// The member is polled at least once in so many messages.
const MESSAGES_BETWEEN: u32 = 64;
/// The longest wait for one reader alone.
const SLICE: Duration = Duration::from_millis(10);

/// What comes out of the group, in order.
pub enum Heard<'a> {
    /// A record of a topic, by its number among those given.
    Message(usize, BorrowedMessage<'a>),
    /// Partitions are ours; none is read before [`Group::take`].
    Assigned(Vec<i32>),
    /// Partitions are to go; they are ours until [`Group::release`] has been called for each.
    Revoking(Vec<i32>),
    /// Partitions are somebody else's already; nothing more is read of them.
    Lost(Vec<i32>),
    /// All there is of a partition has been read.
    End {
        /// Number of the topic.
        topic: usize,
        /// The partition.
        partition: i32,
        /// The offset of the next record to come, unless markers of transactions take it.
        next: i64,
    },
    /// The offset to read next is not there; nothing more comes until [`Group::seek`].
    OutOfRange(usize, OutOfRange),
    /// No broker is to be reached; told once until something is heard again.
    Away(String),
    /// Something else that keeps records from coming, or the group from working.
    Trouble(String),
    /// A client gave up for good; nothing helps but a group made anew.
    Fatal(String),
}

/// The input's side of the group.
pub struct Group {
    /// They end before the member: nothing is read of what the group gives to others.
    readers: Vec<Reader>,
    member: Member,
    is_away: Cell<bool>,
    turn: Cell<usize>,
    unpolled: Cell<u32>,
}

impl Group {
    /// A member that has not joined. No broker need be there.
    ///
    /// The first topic is the anchor that the group hands out; partition p of the others goes with
    /// partition p of it. `settings` are those of the connection.
    ///
    /// # Errors
    ///
    /// [`super::Usage`] when the client library refuses the settings.
    pub fn new(settings: &ClientConfig, group: &str, topics: &[&str]) -> anyhow::Result<Group> {
        let settings = kafka::consumer(settings.clone(), group);
        let member = Member::new(settings.clone())?;
        let readers: anyhow::Result<Vec<Reader>> =
            topics.iter().map(|topic| Reader::new(settings.clone(), topic)).collect();
        Ok(Group {
            readers: readers?,
            member,
            is_away: Cell::new(false),
            turn: Cell::new(0),
            unpolled: Cell::new(0),
        })
    }

    fn anchor(&self) -> &str {
        self.readers.first().map_or("", Reader::topic)
    }

    /// Asks to be given partitions. They come out of [`Group::poll`].
    ///
    /// # Errors
    ///
    /// When the client refuses.
    pub fn join(&self) -> anyhow::Result<()> {
        let anchor = self.anchor();
        self.member.join(anchor).with_context(|| format!("cannot join the group over \"{anchor}\""))
    }

    /// Asks to be out of the group. What is ours comes out of [`Group::poll`] as
    /// [`Heard::Revoking`]; [`Group::leave`] is for when it has been released.
    pub fn resign(&self) {
        self.member.resign();
    }

    /// Leaves the group and ends the clients, whatever is still ours. Gives whether that was done
    /// within `limit`; otherwise it goes on without being waited for.
    pub fn leave(self, limit: Duration) -> bool {
        let (done, is_done) = mpsc::channel();
        let end = move || {
            drop(self);
            // After the limit nobody listens.
            done.send(()).unwrap_or_default();
        };
        let started = thread::Builder::new().name("last member".to_owned()).spawn(end);
        started.is_ok() && is_done.recv_timeout(limit).is_ok()
    }

    /// What comes next, if it comes within `wait`.
    pub fn poll(&self, wait: Duration) -> Option<Heard<'_>> {
        // The clock is asked once there is nothing: in a stream it would cost more than it tells.
        let mut began = None;
        let mut slice = Duration::ZERO;
        loop {
            if let Some(heard) = self.hear_member() {
                return Some(heard);
            }
            for _ in 0..self.readers.len() {
                let turn = self.turn.get() % self.readers.len();
                self.turn.set(turn + 1);
                // Only one is waited for, the others are asked in between.
                let patience = std::mem::take(&mut slice);
                if let Some(read) = self.readers[turn].poll(patience)
                    && let Some(heard) = self.told(turn, read)
                {
                    if let Heard::Message(..) = heard {
                        self.unpolled.set(self.unpolled.get() + 1);
                    }
                    return Some(heard);
                }
            }
            // Whenever there is nothing to read, the member is looked at.
            self.unpolled.set(MESSAGES_BETWEEN);
            if !wait.is_zero() {
                let began: &Stopwatch = began.get_or_insert_with(Stopwatch::start);
                slice = began.left_of(wait).min(SLICE);
            }
            if slice.is_zero() {
                return self.hear_member();
            }
        }
    }

    fn told<'a>(&self, topic: usize, read: Read<'a>) -> Option<Heard<'a>> {
        Some(match read {
            Read::Message(message) => Heard::Message(topic, message),
            Read::End { partition, next } => Heard::End { topic, partition, next },
            Read::OutOfRange(range) => Heard::OutOfRange(topic, range),
            Read::Trouble(text) => Heard::Trouble(format!("\"{}\": {text}", self.topic(topic))),
            Read::Fatal(text) => Heard::Fatal(text),
            Read::Away(text) => return self.away(text),
        })
    }

    /// Every client loses every broker; it is told of the first.
    fn away(&self, text: String) -> Option<Heard<'static>> {
        self.member.doubt();
        let is_news = !self.is_away.replace(true);
        is_news.then_some(Heard::Away(text))
    }

    fn topic(&self, topic: usize) -> &str {
        self.readers.get(topic).map_or("", Reader::topic)
    }

    /// Polls the member when it is time, and tells what the group did.
    fn hear_member(&self) -> Option<Heard<'_>> {
        if self.unpolled.get() < MESSAGES_BETWEEN {
            return None;
        }
        while let Some(told) = self.member.poll() {
            return Some(match told {
                Told::Assigned(partitions) => Heard::Assigned(partitions),
                Told::Revoking(partitions) => Heard::Revoking(partitions),
                Told::Lost(partitions) => {
                    partitions.iter().for_each(|partition| self.stop_reading(*partition));
                    Heard::Lost(partitions)
                }
                Told::Trouble(text) => Heard::Trouble(text),
                Told::Fatal(text) => Heard::Fatal(text),
                Told::Away(text) => match self.away(text) {
                    Some(heard) => heard,
                    None => continue,
                },
            });
        }
        self.unpolled.set(0);
        if self.member.is_up() {
            self.is_away.set(false);
        }
        None
    }

    /// Reads a partition of each topic from its offset on.
    ///
    /// # Errors
    ///
    /// When the client refuses.
    pub fn take(&self, partition: i32, offsets: &[i64]) -> anyhow::Result<()> {
        (0..).zip(offsets).try_for_each(|(topic, offset)| self.seek(topic, partition, *offset))
    }

    /// Reads a partition of one topic from another offset on. Of what was fetched before, nothing
    /// comes out any more.
    ///
    /// # Errors
    ///
    /// When the client refuses.
    pub fn seek(&self, topic: usize, partition: i32, offset: i64) -> anyhow::Result<()> {
        let name = self.topic(topic);
        self.reader(topic)?
            .take(partition, offset)
            .with_context(|| format!("cannot read \"{name}\" [{partition}] from {offset}"))
    }

    fn reader(&self, topic: usize) -> anyhow::Result<&Reader> {
        self.readers.get(topic).with_context(|| format!("there is no topic {topic}"))
    }

    /// Reads a partition no more, and gives it back to the group if the group asked for it. When
    /// the last one asked for is released, the rebalance goes on.
    pub fn release(&self, partition: i32) {
        self.stop_reading(partition);
        self.member.release(partition);
    }

    fn stop_reading(&self, partition: i32) {
        for reader in &self.readers {
            if let Err(error) = reader.give_back(partition) {
                tracing::error!(%error, topic = reader.topic(), partition, "it is read on");
            }
        }
    }

    /// Fetches nothing more of a partition, in any topic, until [`Group::resume`].
    ///
    /// # Errors
    ///
    /// When the client refuses.
    pub fn pause(&self, partition: i32) -> anyhow::Result<()> {
        self.readers.iter().try_for_each(|one| {
            one.pause(partition).with_context(|| format!("cannot pause partition {partition}"))
        })
    }

    /// Ends a pause.
    ///
    /// # Errors
    ///
    /// When the client refuses.
    pub fn resume(&self, partition: i32) -> anyhow::Result<()> {
        self.readers.iter().try_for_each(|one| {
            one.resume(partition).with_context(|| format!("cannot resume partition {partition}"))
        })
    }

    /// The first offset of a partition and the one after its last. Blocks for `wait` at most.
    ///
    /// # Errors
    ///
    /// When no broker answers in time.
    pub fn watermarks(
        &self,
        topic: usize,
        partition: i32,
        wait: Duration,
    ) -> anyhow::Result<(i64, i64)> {
        let name = self.topic(topic);
        self.reader(topic)?
            .watermarks(partition, wait)
            .with_context(|| format!("no broker tells the bounds of \"{name}\" [{partition}]"))
    }

    /// Shows how far we are to whoever looks at the group, as (topic, partition, next offset).
    /// Nothing rests on it: a failure is counted and that is all. The brokers take it while the
    /// member is in the group.
    pub fn commit_gauge(&self, positions: &[(usize, i32, i64)]) {
        let mut list = TopicPartitionList::new();
        for (topic, partition, offset) in positions {
            let offset = Offset::Offset(*offset);
            // An offset that is none is left out, like any other failure here.
            list.add_partition_offset(self.topic(*topic), *partition, offset).unwrap_or_default();
        }
        if list.count() > 0 {
            self.member.commit_gauge(&list);
        }
    }

    /// How many times the brokers did not take the gauge.
    pub fn gauges_failed(&self) -> u64 {
        self.member.gauges_failed()
    }

    /// For each topic: how far each partition that we read has been read, and its end.
    pub fn statistics(&self) -> Vec<Vec<Standing>> {
        self.readers.iter().map(Reader::standings).collect()
    }

    /// For each topic: how many partitions it has, as last told.
    pub fn partitions(&self) -> Vec<Option<i32>> {
        self.readers.iter().map(Reader::partitions).collect()
    }

    /// Whether brokers are out of reach, as far as is known.
    pub fn is_away(&self) -> bool {
        self.is_away.get()
    }
}

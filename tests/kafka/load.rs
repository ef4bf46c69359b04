//! Records on their way into a topic at a steady rate, while something happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::support::{Day, Writer, Written, now};

/// What is asked of the daemon; the tests write a little faster.
pub(crate) const PROMISED_RATE: f64 = 2_000.0;
const RATE: f64 = 2_200.0;

/// Numbers that look like chance and are the same each time.
pub(crate) struct Chance(u64);

impl Chance {
    /// Begins at a number, moved by `SVARSTID_SEED`.
    pub(crate) fn new(number: u64) -> Self {
        let seed = std::env::var("SVARSTID_SEED").ok().and_then(|text| text.parse().ok());
        let mixed =
            (number + 1).wrapping_add(seed.unwrap_or(0_u64)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Chance(mixed | 1)
    }

    /// One of so many numbers from 0 on.
    pub(crate) fn below(&mut self, count: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % count
    }
}

/// A day's records with each delivered once to `most` times, a repeat up to thousands of records
/// later.
pub(crate) fn repeated(day: &Day, partitions: i32, most: u64, number: u64) -> Vec<Written> {
    let mut chance = Chance::new(number);
    let mut placed: Vec<(u64, Written)> = Vec::new();
    for (at, record) in (0..).zip(day.written(partitions)) {
        for _ in 0..chance.below(most) {
            placed.push((at + 1 + chance.below(4_000), record.clone()));
        }
        placed.push((at, record));
    }
    placed.sort_by_key(|(at, _)| *at);
    placed.into_iter().map(|(_, record)| record).collect()
}

/// A thread that writes.
pub(crate) struct Load {
    written: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    /// Records that are no repeats of this thread's own.
    fresh: usize,
    thread: JoinHandle<f64>,
}

impl Load {
    /// Writes the records at the rate; then some of them again and again until [`Load::finish`].
    pub(crate) fn start(brokers: &str, topic: &str, records: Vec<Written>) -> Self {
        let (brokers, topic) = (brokers.to_owned(), topic.to_owned());
        let written = Arc::new(AtomicUsize::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let fresh = records.len();
        let (count, over) = (Arc::clone(&written), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            let writer = Writer::new(&brokers);
            let mut chance = Chance::new(7);
            let began = now();
            loop {
                let at = count.load(Ordering::Relaxed);
                if at >= fresh && over.load(Ordering::Relaxed) {
                    break;
                }
                let again = chance.below(fresh as u64) as usize;
                let (partition, key, time, payload) = records.get(at).unwrap_or(&records[again]);
                writer.write(&topic, *partition, key.as_bytes(), *time, payload.as_bytes());
                count.store(at + 1, Ordering::Relaxed);
                if at % 32 == 0 {
                    writer.poll();
                    let due = Duration::from_secs_f64(at as f64 / RATE);
                    thread::sleep(due.saturating_sub(began.elapsed()));
                }
            }
            let seconds = began.elapsed().as_secs_f64();
            writer.finish();
            seconds
        });
        Load { written, is_over, fresh, thread }
    }

    /// Which part of the records has been handed to the client.
    pub(crate) fn progress(&self) -> f64 {
        self.written.load(Ordering::Relaxed) as f64 / self.fresh as f64
    }

    /// Waits until every record is written at least once, and tells the rate that was reached.
    #[track_caller]
    pub(crate) fn finish(self, what: &str) -> f64 {
        self.is_over.store(true, Ordering::Relaxed);
        let seconds = self.thread.join().expect("the writer writes");
        let written = self.written.load(Ordering::Relaxed);
        let rate = written as f64 / seconds;
        let fresh = self.fresh;
        println!(
            "{what}: {written} records ({fresh} before any that the writer repeats) in \
             {seconds:.1} s, {rate:.0} a second"
        );
        rate
    }
}

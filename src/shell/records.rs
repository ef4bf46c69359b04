//! The records of a ledger, from its topic or from a file, and back into a topic.
//!
//! For the tools beside the daemon: each reads to the end that there was at the start, writes with
//! everything confirmed, and gives up when the brokers do.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal as _};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rdkafka::ClientConfig;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;

use super::append::{Appender, Full};
use super::clock::Stopwatch;
use super::kafka::{self, Missing};
use super::ledger::{Bounds, Tail, Tailed};
use super::{Stop, usage};
use crate::config::{Config, Storage};
use crate::engine::archive::{Archive, Frame};

/// How long the brokers may take for their first answer.
const ASK: Duration = Duration::from_secs(10);
/// How long nothing may come, or be confirmed.
const STALL: Duration = Duration::from_secs(60);
/// How long one append may stay without an answer.
const OUTCOME: Duration = Duration::from_secs(30);

/// The settings of the connection, and the promise that a broker answers.
///
/// # Errors
///
/// [`super::Usage`] for a configuration without a ledger; a failure when no broker answers.
pub(super) fn connection(config: &Config) -> anyhow::Result<ClientConfig> {
    if config.ledger.storage == Storage::Memory {
        return Err(usage(
            "ledger.storage = \"memory\": there is no ledger to look into; set it to \"kafka\"",
        ));
    }
    let settings = kafka::settings(&config.kafka)?;
    let client: AdminClient<DefaultClientContext> =
        settings.create().map_err(|error| usage(kafka::refused(&error)))?;
    client.inner().fetch_metadata(None, ASK).with_context(|| {
        let brokers = config.kafka.brokers.join(",");
        format!("no broker at {brokers} answers; check kafka.brokers")
    })?;
    Ok(settings)
}

/// Whether a topic is there.
pub(super) fn is_there(settings: &ClientConfig, topic: &str) -> anyhow::Result<bool> {
    let client: AdminClient<DefaultClientContext> =
        settings.create().map_err(|error| usage(kafka::refused(&error)))?;
    match kafka::partitions_of(client.inner(), topic, ASK) {
        Ok(_) => Ok(true),
        Err(Missing::Topic(_)) => Ok(false),
        Err(Missing::Broker(error)) => Err(error).context("no broker tells the topics"),
    }
}

/// Records in the order in which they are read: within a partition, that of the log.
pub(super) enum Records {
    /// From a topic.
    Topic {
        /// Reads it.
        tail: Box<Tail>,
        /// What it held at the start.
        bounds: Vec<Bounds>,
    },
    /// From a file.
    File(Box<Archive<BufReader<File>>>),
}

impl Records {
    /// Those of a topic.
    ///
    /// # Errors
    ///
    /// [`super::Usage`] when there is no such topic.
    pub(super) fn of_topic(
        config: &Config,
        settings: &ClientConfig,
        topic: &str,
    ) -> anyhow::Result<Records> {
        Records::of_topic_from(config, settings, topic, Vec::new())
    }

    /// The same, each partition from an offset on; from its first record where none is given.
    ///
    /// # Errors
    ///
    /// As [`Records::of_topic`].
    pub(super) fn of_topic_from(
        config: &Config,
        settings: &ClientConfig,
        topic: &str,
        starts: Vec<Option<i64>>,
    ) -> anyhow::Result<Records> {
        if !is_there(settings, topic)? {
            return Err(usage(format!(
                "there is no ledger \"{topic}\", or no right to see it; check topics.ledger"
            )));
        }
        let group = format!("{}-ledger", config.kafka.group);
        let stop = Stop::by_hand();
        let tail = Tail::new(settings.clone(), &group, topic, &starts, true, &stop)?;
        let bounds = tail.ends().to_vec();
        Ok(Records::Topic { tail: Box::new(tail), bounds })
    }

    /// Those of a file.
    ///
    /// # Errors
    ///
    /// [`super::Usage`] when it cannot be opened, and when it is no archive.
    pub(super) fn of_file(path: &Path) -> anyhow::Result<Records> {
        let shown = path.display();
        let file = File::open(path).map_err(|error| {
            usage(format!(
                "cannot read \"{shown}\": {error}; give a file that \"svarstid ledger export\" wrote"
            ))
        })?;
        let archive = Archive::open(BufReader::with_capacity(1 << 18, file))
            .with_context(|| format!("\"{shown}\""))?;
        Ok(Records::File(Box::new(archive)))
    }

    /// How many partitions there are.
    pub(super) fn partitions(&self) -> i32 {
        match self {
            Records::Topic { bounds, .. } => i32::try_from(bounds.len()).unwrap_or(i32::MAX),
            Records::File(archive) => archive.header().partitions,
        }
    }

    /// How many records there are, if that is known before.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            Records::Topic { bounds, .. } => {
                let records = bounds.iter().map(|bounds| (bounds.end - bounds.first).max(0));
                u64::try_from(records.sum::<i64>()).ok()
            }
            Records::File(_) => None,
        }
    }

    /// The next record; `None` behind the last one.
    ///
    /// # Errors
    ///
    /// [`crate::engine::archive::Damage`] of a file; a failure when nothing comes for a minute.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Frame>> {
        let (tail, bounds) = match self {
            Records::File(archive) => return Ok(archive.record()?),
            Records::Topic { tail, bounds } => (tail, bounds),
        };
        let began = Stopwatch::start();
        let mut trouble = String::from("nothing was heard");
        while !tail.is_done() {
            match tail.next(Duration::from_millis(100)) {
                Some(Tailed::Record { partition, offset, time_ms, payload }) => {
                    let at = usize::try_from(partition).unwrap_or(usize::MAX);
                    // What was appended since is not ours to read.
                    if bounds.get(at).is_some_and(|bounds| offset < bounds.end) {
                        return Ok(Some(Frame { partition, offset, time_ms, bytes: payload }));
                    }
                }
                Some(Tailed::End { .. }) => {}
                Some(Tailed::Trouble(text)) => trouble = text,
                Some(Tailed::Lost(lost)) => {
                    return Err(anyhow!(
                        "the ledger's partition {} lost its records from {} to {} while it was \
                         read; run it again",
                        lost.partition,
                        lost.wanted,
                        lost.first - 1
                    ));
                }
                None => {}
            }
            if began.left_of(STALL).is_zero() {
                return Err(anyhow!("no record came for a minute: {trouble}"));
            }
        }
        Ok(None)
    }
}

/// Appends records in order, and knows of each that it is there.
pub(super) struct Sender {
    appender: Appender,
    topic: String,
}

impl Sender {
    /// A sender to a topic that exists.
    pub(super) fn new(settings: &ClientConfig, topic: &str) -> anyhow::Result<Sender> {
        let appender = Appender::new(settings.clone(), topic, OUTCOME)?;
        Ok(Sender { appender, topic: topic.to_owned() })
    }

    /// Sends a record behind those of its partition.
    ///
    /// # Errors
    ///
    /// When any record before could not be written, or nothing moves for a minute.
    pub(super) fn send(
        &mut self,
        partition: i32,
        time_ms: Option<i64>,
        bytes: &[u8],
    ) -> anyhow::Result<()> {
        let began = Stopwatch::start();
        self.hear()?;
        while self.appender.append_at(0, partition, time_ms, bytes) == Err(Full) {
            self.hear()?;
            self.wait(&began)?;
        }
        Ok(())
    }

    fn hear(&mut self) -> anyhow::Result<()> {
        for outcome in self.appender.poll() {
            if let Err(why) = outcome.result {
                let (topic, partition) = (&self.topic, outcome.partition);
                return Err(anyhow!("cannot write to \"{topic}\" partition {partition}: {why}"));
            }
        }
        Ok(())
    }

    fn wait(&self, began: &Stopwatch) -> anyhow::Result<()> {
        if began.left_of(STALL).is_zero() {
            return Err(anyhow!("no broker took a record of \"{}\" for a minute", self.topic));
        }
        thread::sleep(Duration::from_millis(2));
        Ok(())
    }

    /// Waits until everything is there.
    ///
    /// # Errors
    ///
    /// As [`Sender::send`].
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        let began = Stopwatch::start();
        while self.appender.in_flight() > 0 {
            self.hear()?;
            self.wait(&began)?;
        }
        self.hear()
    }
}

/// Records of all, on a terminal; nothing when piped.
pub(super) fn progress(what: &str, records: Option<u64>) -> ProgressBar {
    let target = match io::stderr().is_terminal() {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let template = match records {
        None => "{msg} {spinner} {human_pos} records, {per_sec}",
        Some(_) => "{msg} {wide_bar} {human_pos} of {human_len} records, {eta} left",
    };
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    ProgressBar::with_draw_target(records, target).with_style(style).with_message(what.to_owned())
}

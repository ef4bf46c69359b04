//! The topics that are ours: made when they are missing, checked when they are there.
//!
//! A ledger that is compacted or that forgets is no ledger, so what the topic promises is looked at
//! before the first record is written.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rdkafka::ClientConfig;
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::{Client, ClientContext};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::kafka::{self, Missing};
use super::{Stop, Usage, usage};

/// How long one question may take.
const ASK: Duration = Duration::from_secs(3);
/// Between two questions while no broker answers.
const PAUSE: Duration = Duration::from_secs(1);
/// How many times a topic that was just made is looked for, a pause apart.
const LOOKS: u32 = 15;
/// The least that a ledger must take in one batch: Kafka's default, a megabyte and its overhead.
const BATCH_BYTES_MIN: i64 = 1_048_588;

/// The ledger's topic as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerWish<'a> {
    /// Name of the topic.
    pub topic: &'a str,
    /// As many as the input has.
    pub partitions: i32,
    /// Replicas of a topic that is made here; the brokers' default unless given.
    pub replication: Option<i32>,
    /// Whether a ledger that forgets is what the owner wants.
    pub finite_retention_is_fine: bool,
}

/// The ledger's topic as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerTopic {
    /// Whether it was made just now.
    pub is_made: bool,
    /// Partitions, as many as wished.
    pub partitions: i32,
    /// Replicas of the partition that has the fewest.
    pub replication_factor: i32,
    /// How many replicas must have a record before it counts; none when it may not be asked.
    pub min_insync_replicas: Option<i32>,
    /// Brokers in the cluster.
    pub brokers: usize,
}

/// How many partitions the topics of events have, all equally many. Brokers that are away are waited
/// for; `None` when a stop is asked for before that.
///
/// # Errors
///
/// [`Usage`] when a topic is missing or their partitions differ.
pub fn input_partitions(
    settings: &ClientConfig,
    topics: &[&str],
    stop: &Stop,
) -> anyhow::Result<Option<i32>> {
    let admin = Admin::new(settings, stop)?;
    let mut first: Option<(&str, i32)> = None;
    for topic in topics {
        let mut looks = 0;
        let found = loop {
            let asked =
                admin.until_answered(|client| match kafka::partitions_of(client, topic, ASK) {
                    Ok(count) => Ok(Ok(count)),
                    Err(Missing::Topic(remedy)) => Ok(Err(remedy)),
                    Err(Missing::Broker(error)) => Err(error),
                });
            match asked {
                Ok(Ok(count)) => break count,
                Err(_) if stop.is_asked() => return Ok(None),
                Err(error) => return Err(error),
                // A broker that has just started may not know its topics yet.
                Ok(Err(_)) if looks < 3 => looks += 1,
                Ok(Err(remedy)) => return Err(Usage(vec![remedy]).into()),
            }
            stop.sleep(PAUSE);
        };
        let (other, count) = *first.get_or_insert((topic, found));
        if count != found {
            return Err(Usage(vec![format!(
                "topics.events: \"{topic}\" has {found} partitions and \"{other}\" has {count}; \
                 give them equally many"
            )])
            .into());
        }
    }
    Ok(first.map(|(_, count)| count))
}

/// Makes or checks the ledger's topic. Brokers that are away are waited for.
///
/// # Errors
///
/// [`Usage`] with every fault of the topic and its remedy, or when it may not be made; a failure
/// when a stop is asked for before a broker answers.
pub fn prepare_ledger(
    settings: &ClientConfig,
    wish: &LedgerWish<'_>,
    stop: &Stop,
) -> anyhow::Result<LedgerTopic> {
    let bytes = BATCH_BYTES_MIN.to_string();
    let made_with = [
        ("cleanup.policy", "delete"),
        ("retention.ms", "-1"),
        ("retention.bytes", "-1"),
        ("max.message.bytes", &bytes),
    ];
    let admin = Admin::new(settings, stop)?;
    let is_made =
        admin.make_if_missing(wish.topic, wish.partitions, wish.replication, &made_with)?;
    let mut faults = Vec::new();
    let (partitions, replication_factor, brokers) = admin.shape(wish.topic)?;
    if partitions != wish.partitions {
        faults.push(other_count(wish, partitions));
    }
    let promises = admin.promises(wish.topic)?;
    if let Some(promises) = &promises {
        faults.extend(broken(wish, promises, &admin.brokers));
    }
    if !faults.is_empty() {
        return Err(Usage(faults).into());
    }
    let min_insync_replicas = promises
        .as_ref()
        .and_then(|promises| promises.get("min.insync.replicas"))
        .and_then(|value| value.parse().ok());
    let topic = wish.topic;
    tracing::info!(
        topic,
        is_made,
        partitions,
        replication_factor,
        min_insync_replicas,
        "the ledger's topic is there"
    );
    if brokers > 1 && (replication_factor == 1 || min_insync_replicas == Some(1)) {
        tracing::warn!(
            topic,
            brokers,
            replication_factor,
            min_insync_replicas,
            "one broker's disk may be all that holds the latest figures; keep 3 replicas and set \
             min.insync.replicas=2"
        );
    }
    Ok(LedgerTopic { is_made, partitions, replication_factor, min_insync_replicas, brokers })
}

/// Makes the rejects' topic if it is missing; one that is there stays as it is. Gives whether it
/// was made.
///
/// # Errors
///
/// As [`prepare_ledger`].
pub fn prepare_rejects(
    settings: &ClientConfig,
    topic: &str,
    partitions: i32,
    replication: Option<i32>,
    stop: &Stop,
) -> anyhow::Result<bool> {
    let made_with = [("cleanup.policy", "compact,delete"), ("retention.ms", "2592000000")];
    Admin::new(settings, stop)?.make_if_missing(topic, partitions, replication, &made_with)
}

/// Makes the reports' topic if it is missing; one that is there stays as it is. Gives whether it was
/// made.
///
/// # Errors
///
/// As [`prepare_ledger`].
pub fn prepare_reports(
    settings: &ClientConfig,
    topic: &str,
    replication: Option<i32>,
    stop: &Stop,
) -> anyhow::Result<bool> {
    let made_with = [("cleanup.policy", "compact")];
    Admin::new(settings, stop)?.make_if_missing(topic, 1, replication, &made_with)
}

fn other_count(wish: &LedgerWish<'_>, partitions: i32) -> String {
    let LedgerWish { topic, partitions: wanted, .. } = *wish;
    let remedy = if partitions < wanted {
        format!(
            "stop every instance, then kafka-topics.sh --alter --topic {topic} --partitions {wanted}"
        )
    } else {
        format!("give the topics of events {partitions} partitions, or name another ledger")
    };
    format!(
        "topics.ledger: \"{topic}\" has {partitions} partitions and the topics of events have \
         {wanted}; {remedy}"
    )
}

/// What the ledger's topic does not promise, each with its remedy.
fn broken(wish: &LedgerWish<'_>, promises: &BTreeMap<String, String>, at: &str) -> Vec<String> {
    let topic = wish.topic;
    let is = |key: &str| promises.get(key).map_or("", String::as_str);
    let fault = |key: &str, what: &str, good: &str| {
        let value = is(key);
        format!(
            "topics.ledger: \"{topic}\" has {key}={value}: {what}; kafka-configs.sh \
             --bootstrap-server {at} --alter --entity-type topics --entity-name {topic} \
             --add-config {key}={good}"
        )
    };
    let mut faults = Vec::new();
    if is("cleanup.policy").split(',').any(|policy| policy.trim() == "compact") {
        faults.push(fault("cleanup.policy", "compaction tears its chains", "delete"));
    }
    for key in ["retention.ms", "retention.bytes"] {
        if !wish.finite_retention_is_fine && promises.contains_key(key) && is(key) != "-1" {
            faults.push(fault(key, "its figures would be forgotten", "-1"));
        }
    }
    if is("max.message.bytes").parse::<i64>().is_ok_and(|bytes| bytes < BATCH_BYTES_MIN) {
        let good = BATCH_BYTES_MIN.to_string();
        faults.push(fault("max.message.bytes", "large records would be refused", &good));
    }
    faults
}

/// Passes the log on, and is silent about brokers that are away, which is told once here.
struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        kafka::log(level, facility, message);
    }

    fn error(&self, _: KafkaError, _: &str) {}
}

/// Asks the brokers, for as long as it takes.
struct Admin<'a> {
    client: AdminClient<Quiet>,
    brokers: String,
    stop: &'a Stop,
    runtime: tokio::runtime::Runtime,
}

impl<'a> Admin<'a> {
    fn new(settings: &ClientConfig, stop: &'a Stop) -> anyhow::Result<Admin<'a>> {
        let client = settings
            .create_with_context(Quiet)
            .map_err(|error: KafkaError| usage(kafka::refused(&error)))?;
        // The client has a thread of its own; this only waits for its answers.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .context("cannot wait for the brokers")?;
        let brokers = settings.get("bootstrap.servers").unwrap_or_default().to_owned();
        Ok(Admin { client, brokers, stop, runtime })
    }

    fn options() -> AdminOptions {
        AdminOptions::new().request_timeout(Some(ASK)).operation_timeout(Some(ASK))
    }

    /// Asks until it is answered; an error is no answer.
    fn until_answered<T>(
        &self,
        mut ask: impl FnMut(&Client<Quiet>) -> Result<T, KafkaError>,
    ) -> anyhow::Result<T> {
        let mut is_away = false;
        loop {
            match ask(self.client.inner()) {
                Ok(answer) => {
                    if is_away {
                        tracing::info!(brokers = self.brokers, "a broker answers");
                    }
                    return Ok(answer);
                }
                Err(error) => {
                    if !is_away {
                        let brokers = &self.brokers;
                        tracing::warn!(brokers, %error, "no broker answers; waiting for one");
                        is_away = true;
                    }
                }
            }
            if !self.stop.sleep(PAUSE) {
                return Err(anyhow!("stopped before a broker at {} answered", self.brokers));
            }
        }
    }

    fn is_there(&self, topic: &str) -> anyhow::Result<bool> {
        self.until_answered(|client| match kafka::partitions_of(client, topic, ASK) {
            Ok(_) => Ok(true),
            Err(Missing::Topic(_)) => Ok(false),
            Err(Missing::Broker(error)) => Err(error),
        })
    }

    fn make_if_missing(
        &self,
        topic: &str,
        partitions: i32,
        replication: Option<i32>,
        made_with: &[(&str, &str)],
    ) -> anyhow::Result<bool> {
        if self.is_there(topic)? {
            return Ok(false);
        }
        // -1 is the brokers' own default.
        let replicas = TopicReplication::Fixed(replication.unwrap_or(-1));
        let mut wanted = NewTopic::new(topic, partitions, replicas);
        for (key, value) in made_with {
            wanted = wanted.set(key, value);
        }
        let answer = self.until_answered(|_| {
            let asked = self.client.create_topics([&wanted], &Self::options());
            match self.runtime.block_on(asked)?.into_iter().next() {
                // Retrying finds out what came of it.
                Some(Err((_, code))) if is_passing(code) => Err(KafkaError::AdminOp(code)),
                Some(Err((_, code))) => Ok(Err(code)),
                Some(Ok(_)) | None => Ok(Ok(())),
            }
        })?;
        let is_made = match answer {
            Ok(()) => true,
            // Another instance was faster, or it is there and may not be seen.
            Err(RDKafkaErrorCode::TopicAlreadyExists) => false,
            Err(code) => return Err(usage(self.not_made(topic, partitions, made_with, code))),
        };
        for _ in 0..LOOKS {
            if self.is_there(topic)? {
                return Ok(is_made);
            }
            if !self.stop.sleep(PAUSE) {
                return Err(anyhow!("stopped before topic \"{topic}\" was there"));
            }
        }
        Err(usage(format!(
            "topic \"{topic}\" exists but may not be seen; allow this user to read, write and \
             describe it with kafka-acls.sh --add --topic {topic} --operation Read --operation \
             Write --operation Describe --operation DescribeConfigs"
        )))
    }

    fn not_made(
        &self,
        topic: &str,
        partitions: i32,
        made_with: &[(&str, &str)],
        code: RDKafkaErrorCode,
    ) -> String {
        let configs: String =
            made_with.iter().map(|(key, value)| format!(" --config {key}={value}")).collect();
        let at = &self.brokers;
        format!(
            "topic \"{topic}\" is missing, or may not be seen, and cannot be made ({code}); allow \
             this user to describe it, or have it made with \
             kafka-topics.sh --bootstrap-server {at} --create --topic {topic} --partitions \
             {partitions}{configs}"
        )
    }

    /// Partitions, the fewest replicas of one, and brokers.
    fn shape(&self, topic: &str) -> anyhow::Result<(i32, i32, usize)> {
        let metadata = self.until_answered(|client| client.fetch_metadata(None, ASK))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let partitions = found.map_or(&[][..], |found| found.partitions());
        let fewest = partitions.iter().map(|one| one.replicas().len()).min().unwrap_or(0);
        let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        Ok((count(partitions.len()), count(fewest), metadata.brokers().len()))
    }

    /// The topic's settings; none, with a warning, when they may not be asked for.
    fn promises(&self, topic: &str) -> anyhow::Result<Option<BTreeMap<String, String>>> {
        let answer = self.until_answered(|_| {
            let wanted = [ResourceSpecifier::Topic(topic)];
            let asked = self.client.describe_configs(&wanted, &Self::options());
            match self.runtime.block_on(asked)?.into_iter().next() {
                Some(Err(code)) if is_passing(code) => Err(KafkaError::AdminOp(code)),
                Some(Err(code)) => Ok(Err(code)),
                Some(Ok(found)) => Ok(Ok(values(found))),
                None => Ok(Ok(BTreeMap::new())),
            }
        })?;
        // Who may not ask gets an answer with nothing in it.
        let why = match answer {
            Ok(values) if !values.is_empty() => return Ok(Some(values)),
            Ok(_) => "no right to describe its settings".to_owned(),
            Err(code) => code.to_string(),
        };
        tracing::warn!(
            topic,
            why,
            "the settings of the ledger's topic cannot be read, so nobody checks that it keeps \
             everything; allow DescribeConfigs"
        );
        Ok(None)
    }
}

/// Faults that a little patience mends.
fn is_passing(code: RDKafkaErrorCode) -> bool {
    [
        RDKafkaErrorCode::OperationTimedOut,
        RDKafkaErrorCode::RequestTimedOut,
        RDKafkaErrorCode::BrokerTransportFailure,
        RDKafkaErrorCode::NotController,
        RDKafkaErrorCode::CoordinatorNotAvailable,
        RDKafkaErrorCode::UnknownTopicOrPartition,
        RDKafkaErrorCode::LeaderNotAvailable,
    ]
    .contains(&code)
}

fn values(found: ConfigResource) -> BTreeMap<String, String> {
    let entries = found.entries.into_iter();
    entries.filter_map(|entry| Some((entry.name, entry.value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WISH: LedgerWish<'_> = LedgerWish {
        topic: "ledger",
        partitions: 6,
        replication: None,
        finite_retention_is_fine: false,
    };

    fn faults(wish: &LedgerWish<'_>, changed: &[(&str, &str)]) -> Vec<String> {
        let good = [
            ("cleanup.policy", "delete"),
            ("retention.ms", "-1"),
            ("retention.bytes", "-1"),
            ("max.message.bytes", "1048588"),
        ];
        let promises = good
            .iter()
            .chain(changed)
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        broken(wish, &promises, "kafka-1:9092")
    }

    #[test]
    fn a_ledger_that_keeps_everything_is_good() {
        assert_eq!(faults(&WISH, &[]), Vec::<String>::new());
        let untold = broken(&WISH, &BTreeMap::new(), "kafka-1:9092");
        assert_eq!(untold, Vec::<String>::new(), "what is not told is no fault");
    }

    #[test]
    fn every_broken_promise_comes_with_the_command_that_mends_it() {
        let changed = [
            ("cleanup.policy", "compact,delete"),
            ("retention.ms", "604800000"),
            ("retention.bytes", "1000000"),
            ("max.message.bytes", "1048587"),
        ];
        let found = faults(&WISH, &changed);
        assert_eq!(found.len(), 4);
        for ((key, value), fault) in changed.iter().zip(&found) {
            assert!(fault.contains(&format!("{key}={value}:")), "{fault}");
            assert!(fault.contains("kafka-configs.sh --bootstrap-server kafka-1:9092"), "{fault}");
        }
        let fine = LedgerWish { finite_retention_is_fine: true, ..WISH };
        assert_eq!(faults(&fine, &changed[1..3]), Vec::<String>::new());
    }

    #[test]
    fn a_wrong_number_of_partitions_names_both_and_what_to_do() {
        let few = other_count(&WISH, 3);
        assert!(few.contains("has 3 partitions") && few.contains("have 6;"), "{few}");
        assert!(few.contains("--alter --topic ledger --partitions 6"), "{few}");
        let many = other_count(&WISH, 8);
        assert!(many.contains("give the topics of events 8 partitions"), "{many}");
    }
}

//! How to talk to the brokers: the client's settings, what it logs, which topics there are.
//!
//! The settings and their reasons are facts about the client library: positions are ours, a full
//! fetch queue is looked at again after 10 ms (the default second costs three quarters of the
//! throughput), a fetch takes little of each partition, since what it takes is unpacked at once
//! (the default megabyte costs twice the memory and gains nothing), and topics are never made by
//! misspelling them.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::{Client, ClientContext};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;

use super::{read_secret, usage};
use crate::config::Kafka;

/// Why a topic cannot be used.
#[derive(Debug)]
pub enum Missing {
    /// A broker answered, and it is not there; with the remedy.
    Topic(String),
    /// No broker answered in time.
    Broker(KafkaError),
}

/// Settings for brokers that ask for neither encryption nor a name.
pub fn plain(brokers: &str) -> ClientConfig {
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", brokers)
        .set("client.id", "svarstid")
        .set("reconnect.backoff.max.ms", "2000")
        .set("log.connection.close", "false");
    settings.set_log_level(RDKafkaLogLevel::Warning);
    settings
}

/// Settings from a configuration, secrets read from their files.
///
/// # Errors
///
/// [`super::Usage`] when a file cannot be read, or the program was built without TLS.
pub fn settings(kafka: &Kafka) -> anyhow::Result<ClientConfig> {
    let needs_tls = kafka.security_protocol.has_ssl()
        || kafka.sasl_mechanism.as_deref().is_some_and(|name| name != "PLAIN");
    if needs_tls && !cfg!(any(feature = "tls", feature = "tls-vendored")) {
        return Err(usage(
            "kafka.security_protocol: this program was built without TLS and SCRAM; build it with \
             --features tls",
        ));
    }
    let mut settings = plain(&kafka.brokers.join(","));
    settings
        .set("client.id", &kafka.client_id)
        .set("security.protocol", kafka.security_protocol.name());
    let texts = [
        ("sasl.mechanism", &kafka.sasl_mechanism),
        ("sasl.username", &kafka.sasl_username),
        ("ssl.ca.location", &kafka.ssl_ca_file),
        ("ssl.certificate.location", &kafka.ssl_certificate_file),
        ("ssl.key.location", &kafka.ssl_key_file),
    ];
    for (property, value) in texts {
        if let Some(value) = value {
            settings.set(property, value);
        }
    }
    let secrets = [
        ("sasl.password", "kafka.sasl_password_file", &kafka.sasl_password_file),
        ("ssl.key.password", "kafka.ssl_key_password_file", &kafka.ssl_key_password_file),
    ];
    for (property, key, path) in secrets {
        if let Some(path) = path {
            let secret = String::from_utf8(read_secret(path, key)?).map_err(|_| {
                usage(format!("{key} \"{path}\" is no text; write the password in UTF-8"))
            })?;
            settings.set(property, secret);
        }
    }
    for (property, value) in &kafka.properties {
        settings.set(property, value);
    }
    Ok(settings)
}

/// Lays the settings of a consumer over those of the connection.
pub fn consumer(mut settings: ClientConfig, group: &str) -> ClientConfig {
    settings
        // The client asks for a group even where partitions are assigned by hand.
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // The figures begin with the oldest event that is retained, wherever that is by now.
        .set("auto.offset.reset", "earliest")
        .set("enable.partition.eof", "true")
        .set("allow.auto.create.topics", "false")
        .set("check.crcs", "true")
        .set("statistics.interval.ms", "5000");
    let defaults = [
        ("queued.max.messages.kbytes", "16384"),
        ("fetch.queue.backoff.ms", "10"),
        ("fetch.wait.max.ms", "50"),
        ("fetch.message.max.bytes", "131072"),
    ];
    for (property, value) in defaults {
        // It has two names, and the other one may have been given.
        let other = "max.partition.fetch.bytes";
        let is_given = property == "fetch.message.max.bytes" && settings.get(other).is_some();
        if settings.get(property).is_none() && !is_given {
            settings.set(property, value);
        }
    }
    settings
}

/// Says why the client library refused its settings.
pub fn refused(error: &KafkaError) -> String {
    format!("the client library refuses the settings: {error}; see kafka.properties")
}

/// How many partitions a topic has. It is looked for among all topics, since asking for one by
/// name may bring it into being.
///
/// # Errors
///
/// [`Missing`].
pub fn partitions_of<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    wait: Duration,
) -> Result<i32, Missing> {
    let metadata = client.fetch_metadata(None, wait).map_err(Missing::Broker)?;
    let partitions = metadata
        .topics()
        .iter()
        .find(|found| found.name() == topic)
        .map_or(0, |found| found.partitions().len());
    match i32::try_from(partitions) {
        Ok(count) if count > 0 => Ok(count),
        Ok(_) | Err(_) => Err(Missing::Topic(format!(
            "there is no topic \"{topic}\", or no right to see it; make it with \
             kafka-topics.sh --create --topic {topic} --partitions 6"
        ))),
    }
}

/// Passes the client library's log on. It repeats itself while a broker is away, which is told
/// once elsewhere, so only what stops it is told loudly.
pub fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(facility, message, "client library");
        }
        RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning
        | RDKafkaLogLevel::Notice
        | RDKafkaLogLevel::Info
        | RDKafkaLogLevel::Debug => tracing::debug!(facility, message, "client library"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn settings_follow_the_configuration_and_never_commit() {
        let text = "[kafka]\nbrokers = [\"a:1\", \"b:2\"]\nclient_id = \"vaxel\"\n\
                    properties = { \"fetch.wait.max.ms\" = 10 }";
        let config = Config::parse(text, &[]).unwrap();
        let settings = consumer(settings(&config.kafka).unwrap(), &config.kafka.group);
        let expected = [
            ("bootstrap.servers", "a:1,b:2"),
            ("client.id", "vaxel"),
            ("security.protocol", "plaintext"),
            ("enable.auto.commit", "false"),
            ("auto.offset.reset", "earliest"),
            ("fetch.queue.backoff.ms", "10"),
            ("fetch.wait.max.ms", "10"),
            ("queued.max.messages.kbytes", "16384"),
        ];
        for (property, value) in expected {
            assert_eq!(settings.get(property), Some(value), "{property}");
        }
    }

    #[test]
    #[cfg(not(any(feature = "tls", feature = "tls-vendored")))]
    fn tls_in_a_program_without_it_is_a_fault_with_a_remedy() {
        let config = Config::parse("[kafka]\nsecurity_protocol = \"ssl\"", &[]).unwrap();
        let error = settings(&config.kafka).unwrap_err();
        assert!(error.is::<crate::shell::Usage>());
        assert!(error.to_string().contains("--features tls"), "{error}");
    }
}

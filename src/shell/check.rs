//! Every fault of a configuration at once, and with `--online` of the brokers' topics too.

use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;

use super::kafka::{self, Missing};
use super::{Usage, read_served, usage};
use crate::cli::Check;

/// How long the brokers may take for an answer.
const ASK: Duration = Duration::from_secs(10);

/// Checks.
///
/// # Errors
///
/// [`Usage`] with every fault; a failure when no broker answers.
pub fn check(asked: &Check) -> anyhow::Result<()> {
    let (config, _) = read_served(&asked.config, &[])?;
    let mut out = io::stdout().lock();
    if asked.online {
        let client: AdminClient<DefaultClientContext> = kafka::settings(&config.kafka)?
            .create()
            .map_err(|error| usage(kafka::refused(&error)))?;
        let mut faults = Vec::new();
        let mut first = None;
        for topic in &config.topics.events {
            match kafka::partitions_of(client.inner(), topic, ASK) {
                Ok(count) => {
                    writeln!(out, "topic {topic}: {count} partitions")?;
                    let expected = *first.get_or_insert(count);
                    if count != expected {
                        faults.push(format!(
                            "topics.events: \"{topic}\" has {count} partitions, the first topic \
                             {expected}; give them equally many"
                        ));
                    }
                }
                Err(Missing::Topic(remedy)) => faults.push(format!("topics.events: {remedy}")),
                Err(Missing::Broker(error)) => {
                    let brokers = config.kafka.brokers.join(",");
                    return Err(error).with_context(|| {
                        format!("no broker at {brokers} answers; check kafka.brokers")
                    });
                }
            }
        }
        if !faults.is_empty() {
            return Err(Usage(faults).into());
        }
    }
    writeln!(out, "ok: {} departments", config.departments().len())?;
    Ok(())
}

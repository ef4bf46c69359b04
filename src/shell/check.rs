//! Every fault of a configuration at once, and with `--online` of the brokers' topics too; then the
//! goals in force today.

use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use rdkafka::admin::AdminClient;
use rdkafka::client::DefaultClientContext;

use super::clock::Clock;
use super::kafka::{self, Missing};
use super::{Usage, read_served, usage};
use crate::cli::Check;
use crate::domain::calendar::Zone;
use crate::domain::goal::{Direction, GoalId};
use crate::domain::level::{Decision, Level};

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
    let rules = config.rules(&config.names());
    let today = Zone::stockholm().day_of(Clock::Real.now());
    for goal in GoalId::ALL {
        if let Some(level) = rules.level(goal, today) {
            writeln!(out, "{}", in_force(goal, &level))?;
        }
    }
    Ok(())
}

/// `goal SM1: at least 90 % from 2014-01-01, decided by … on …`, and whether for this year.
fn in_force(goal: GoalId, level: &Level<'_>) -> String {
    let side = match level.direction {
        Direction::AtLeast => "at least",
        Direction::AtMost => "at most",
    };
    let Decision { valid_from, decided_by, decided_on, .. } = level.decided;
    let carried = if level.carried_over { "; not decided for today, carried over" } else { "" };
    format!(
        "goal {}: {side} {} % from {valid_from}, decided by {decided_by} on {decided_on}{carried}",
        goal.id(),
        level.percent
    )
}

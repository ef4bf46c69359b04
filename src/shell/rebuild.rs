//! `rebuild`: the ledger judged anew under the configuration's rules, into another topic.
//!
//! The old ledger is only read. What the other topic holds already must be what this rebuild makes:
//! then it goes on behind it, and otherwise writes nothing.

use std::io::{self, BufWriter, Write as _};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use serde_json::json;

use super::audit::{aligned, auditors, first_broken, read_all};
use super::backup::prepare;
use super::kafka;
use super::records::{Records, Sender, connection, is_there, progress};
use super::{day, read_config, usage};
use crate::cli;
use crate::config::Config;
use crate::domain::units::Share;
use crate::engine::audit::Auditor;
use crate::engine::rebuild::{Compared, Rebuild, Refused};

/// How long the brokers may take to tell of the group.
const ASK: Duration = Duration::from_secs(10);

/// Rebuilds, and compares.
///
/// # Errors
///
/// [`super::Usage`] when the rules or the topics will not do; a failure when the old ledger
/// cannot be read, the other one cannot be written, or an instance runs during a switch.
pub fn rebuild(asked: &cli::Rebuild) -> anyhow::Result<()> {
    let config = read_config(&asked.config, &[])?;
    day(&asked.from, "--from")?;
    let old = config.topics.ledger.clone();
    let version = config.rules(&config.names()).version();
    let into = asked.into.clone().unwrap_or_else(|| format!("{old}.v{version}"));
    if into == old {
        return Err(usage(format!(
            "--into \"{into}\" is the ledger itself, which stays as it is; name another topic"
        )));
    }
    let settings = connection(&config)?;
    if asked.switch {
        refuse_running(&config, &settings)?;
    }
    let work = Work { config, settings, old, into, asked };
    let (rebuild, written) = work.done()?;
    if asked.switch {
        refuse_running(&work.config, &work.settings)?;
    }
    work.tell(&rebuild, written)
}

struct Work<'a> {
    config: Config,
    settings: ClientConfig,
    old: String,
    into: String,
    asked: &'a cli::Rebuild,
}

impl Work<'_> {
    /// Gives the rebuild at its end, and how many records it has written.
    fn done(&self) -> anyhow::Result<(Rebuild, u64)> {
        let Work { config, settings, old, into, .. } = self;
        let partitions = Records::of_topic(config, settings, old)?.partitions();
        let mut there = auditors(partitions);
        if is_there(settings, into)? {
            prepare(config, settings, into, partitions)?;
            self.audit(&mut there)?;
        }
        // Nothing is written before everything that is there is known to be ours.
        if there.iter().any(|auditor| auditor.sums().records > 0) {
            self.pass(&there, None)?;
        } else {
            prepare(config, settings, into, partitions)?;
        }
        let mut sender = Sender::new(settings, into)?;
        let (rebuild, written) = self.pass(&there, Some(&mut sender))?;
        sender.finish().with_context(|| self.half())?;
        let mut found = auditors(partitions);
        self.audit(&mut found)?;
        for (at, auditor) in found.iter().enumerate() {
            if auditor.head() != rebuild.head(at) {
                return Err(anyhow!("partition {at} of \"{into}\" is not what was written to it"))
                    .with_context(|| self.half());
            }
        }
        Ok((rebuild, written))
    }

    fn audit(&self, auditors: &mut [Auditor]) -> anyhow::Result<()> {
        let into = &self.into;
        read_all(&mut Records::of_topic(&self.config, &self.settings, into)?, auditors)?;
        match first_broken(auditors) {
            None => Ok(()),
            Some((partition, offset, fault)) => Err(usage(format!(
                "\"{into}\" partition {partition} offset {offset}: {fault}; {}",
                self.other()
            ))),
        }
    }

    fn half(&self) -> String {
        format!("\"{}\" is not complete; run it again and it goes on where it stopped", self.into)
    }

    fn other(&self) -> String {
        let into = &self.into;
        format!(
            "name another topic with --into, or delete this one with kafka-topics.sh --delete \
             --topic {into}"
        )
    }

    /// Makes every record; those that are there are compared, the others are sent.
    fn pass(
        &self,
        there: &[Auditor],
        mut sender: Option<&mut Sender>,
    ) -> anyhow::Result<(Rebuild, u64)> {
        let (old, into) = (&self.old, &self.into);
        let mut records = Records::of_topic(&self.config, &self.settings, old)?;
        let from = day(&self.asked.from, "--from")?;
        let mut rebuild = Rebuild::new(&self.config, from, records.partitions());
        let bar = progress("rebuilding", records.count());
        let mut written = 0;
        while let Some(frame) = records.next()? {
            bar.inc(1);
            let at = usize::try_from(frame.partition).unwrap_or(usize::MAX);
            let made = rebuild.record(at, &frame.bytes).map_err(|refused| match refused {
                Refused::Rules(what) => usage(what),
                refused @ Refused::Unreadable => anyhow!(
                    "ledger \"{old}\" partition {} offset {}: {refused}; see: svarstid ledger \
                     verify",
                    frame.partition,
                    frame.offset
                ),
            })?;
            let Some(made) = made else { continue };
            let (head, known) = (rebuild.head(at), there[at].head());
            if head.sequence < known.sequence {
                continue;
            }
            if head.sequence == known.sequence {
                if head != known {
                    return Err(self.foreign(at));
                }
                continue;
            }
            if let Some(sender) = sender.as_deref_mut() {
                sender.send(frame.partition, frame.time_ms, &made).with_context(|| self.half())?;
                written += 1;
            }
        }
        bar.finish_and_clear();
        for (at, auditor) in there.iter().enumerate() {
            if rebuild.head(at).sequence < auditor.head().sequence {
                return Err(usage(format!(
                    "\"{into}\" partition {at} holds more than this rebuild makes: an instance has \
                     gone on from it, or it is another ledger; {}",
                    self.other()
                )));
            }
        }
        Ok((rebuild, written))
    }

    fn foreign(&self, at: usize) -> anyhow::Error {
        usage(format!(
            "\"{}\" partition {at} holds another ledger than this rebuild makes, since the rules, \
             --from or the old ledger were others; {}",
            self.into,
            self.other()
        ))
    }

    fn tell(&self, rebuild: &Rebuild, written: u64) -> anyhow::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        let rows = rebuild.comparison();
        let text = match self.asked.json {
            true => self.as_json(rebuild, written, &rows),
            false => self.as_text(rebuild, written, &rows),
        };
        writeln!(out, "{text}").and_then(|()| out.flush()).context("cannot print")
    }

    fn as_json(&self, rebuild: &Rebuild, written: u64, rows: &[Compared]) -> String {
        let share = |share: Share| json!({"met": share.met, "of": share.of});
        let goals = rows.iter().map(|row| {
            json!({"goal": row.goal.id(), "month": row.month.to_string(),
                   "department": row.department, "old": share(row.old), "new": share(row.new),
                   "difference": {"met": row.new.met - row.old.met, "of": row.new.of - row.old.of}})
        });
        json!({
            "ledger": self.old,
            "into": self.into,
            "from": self.asked.from,
            "records_written": written,
            "records_left_out": rebuild.broken(),
            "stays_not_judged_anew": rebuild.uncarried(),
            "goals": goals.collect::<Vec<_>>(),
        })
        .to_string()
    }

    fn as_text(&self, rebuild: &Rebuild, written: u64, rows: &[Compared]) -> String {
        let (old, into) = (&self.old, &self.into);
        let titles = ["goal", "month", "department", "old", "new", "difference"];
        let shown = |share: Share| format!("{}/{}", share.met, share.of);
        let lines: Vec<[String; 6]> = rows
            .iter()
            .map(|row| {
                [
                    row.goal.id().to_owned(),
                    row.month.to_string(),
                    row.department.clone().unwrap_or_else(|| "(all)".to_owned()),
                    shown(row.old),
                    shown(row.new),
                    difference(row),
                ]
            })
            .collect();
        let mut text = aligned(&titles.map(str::to_owned), &lines);
        text += &match written {
            0 => format!("\"{into}\" was complete already\n"),
            records => format!("{records} records written to \"{into}\", checked\n"),
        };
        if rebuild.broken() > 0 {
            text += &format!(
                "{} records of \"{old}\" do not fit and are left out, as every instance leaves them \
                 out; see: svarstid ledger verify\n",
                rebuild.broken()
            );
        }
        if rebuild.uncarried() > 0 {
            text += &format!(
                "{} stays keep their figures: \"{old}\" counts them without their contacts\n",
                rebuild.uncarried()
            );
        }
        text += &match self.asked.switch {
            true => format!(
                "no instance is running and \"{into}\" has everything: set topics.ledger = \
                 \"{into}\" in every configuration, then start the instances; \"{old}\" stays as \
                 it is"
            ),
            false => format!(
                "to go over to it: stop every instance, run this again with --switch (it takes in \
                 what came since), then set topics.ledger = \"{into}\""
            ),
        };
        text
    }
}

/// Of the shares, in percent; a dash where there is none, or nothing changed.
fn difference(row: &Compared) -> String {
    match (row.old.ratio(), row.new.ratio()) {
        _ if row.old == row.new => "-".to_owned(),
        (Some(old), Some(new)) => format!("{:+.2} %", 100.0 * (new - old)),
        (None, _) | (_, None) => "-".to_owned(),
    }
}

/// While an instance runs, it writes to the old ledger.
fn refuse_running(config: &Config, settings: &ClientConfig) -> anyhow::Result<()> {
    let group = &config.kafka.group;
    let consumer: BaseConsumer = kafka::consumer(settings.clone(), group)
        .create()
        .map_err(|error| usage(kafka::refused(&error)))?;
    let found = consumer
        .fetch_group_list(Some(group), ASK)
        .with_context(|| format!("no broker tells of the group \"{group}\""))?;
    let members: usize = found.groups().iter().map(|group| group.members().len()).sum();
    if members > 0 {
        return Err(anyhow!(
            "{members} instances of the group \"{group}\" are running and write to the old ledger; \
             stop every instance, then run this again"
        ));
    }
    Ok(())
}

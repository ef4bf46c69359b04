//! `ledger export` and `ledger import`: the ledger as a file and back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::audit::{auditors, first_broken, read_all, take};
use super::clock::Clock;
use super::records::{Records, Sender, connection, progress};
use super::topics::{self, LedgerWish};
use super::{Stop, read_config, usage};
use crate::cli::{Export, Import};
use crate::config::Config;
use crate::engine::archive::{Header, Scribe};
use crate::engine::audit::Auditor;
use crate::engine::chain::{self, Kind};

/// Copies the ledger to a file.
///
/// # Errors
///
/// [`super::Usage`] when the file is there already or the ledger is not; a failure when it cannot
/// be read or written. A broken ledger is copied as it is, with a warning.
pub fn export(asked: &Export) -> anyhow::Result<()> {
    let config = read_config(&asked.config, &[])?;
    let path = &asked.out;
    let shown = path.display();
    if path.exists() {
        return Err(usage(format!("--out \"{shown}\" is there already; name another file")));
    }
    let settings = connection(&config)?;
    let topic = &config.topics.ledger;
    let records = Records::of_topic(&config, &settings, topic)?;
    let new = beside(path);
    let written = write(records, topic, &new).and_then(|auditors| {
        fs::rename(&new, path).with_context(|| format!("cannot name the file \"{shown}\""))?;
        sync_folder(path)?;
        Ok(auditors)
    });
    let auditors = match written {
        Ok(auditors) => auditors,
        Err(error) => {
            // What is half written takes room that somebody may need.
            drop(fs::remove_file(&new));
            return Err(error);
        }
    };
    let count: u64 = auditors.iter().map(|auditor| auditor.sums().records).sum();
    println!("{count} records of \"{topic}\" in {} partitions: {shown}", auditors.len());
    warn_broken(&auditors, &shown.to_string());
    Ok(())
}

/// A faithful copy of a ledger that was broken is worth having: it is told, and no failure.
fn warn_broken(auditors: &[Auditor], file: &str) {
    if let Some((partition, offset, fault)) = first_broken(auditors) {
        eprintln!(
            "warning: the ledger in it is broken at partition {partition} offset {offset}: {fault}; \
             see: svarstid ledger verify {file}"
        );
    }
}

pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

pub(super) fn sync_folder(path: &Path) -> anyhow::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("cannot make \"{}\" last", path.display())),
        None => Ok(()),
    }
}

fn write(mut records: Records, topic: &str, path: &Path) -> anyhow::Result<Vec<Auditor>> {
    let shown = path.display();
    let unwritable = |error: io::Error| usage(format!("cannot write \"{shown}\": {error}"));
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(unwritable)?;
    let mut out = BufWriter::with_capacity(1 << 18, file);
    let mut auditors = auditors(records.partitions());
    let bar = progress("copying", records.count());
    let mut frame = records.next()?;
    let key = frame.as_ref().and_then(|frame| match chain::open(&frame.bytes).ok()?.kind {
        Kind::Claim(claim) => Some(claim.key),
        Kind::Commit(..) => None,
    });
    let header = Header {
        topic: topic.to_owned(),
        partitions: records.partitions(),
        key,
        made_at: Clock::Real.now(),
    };
    let failed = || format!("cannot write \"{shown}\"");
    let (mut scribe, bytes) = Scribe::new(&header);
    out.write_all(&bytes).with_context(failed)?;
    while let Some(one) = frame {
        take(&mut auditors, &one);
        out.write_all(&scribe.frame(&one)).with_context(failed)?;
        bar.inc(1);
        frame = records.next()?;
    }
    out.write_all(&scribe.trailer()).with_context(failed)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error).with_context(failed)?;
    file.sync_all().with_context(failed)?;
    bar.finish_and_clear();
    Ok(auditors)
}

/// Brings a copy back.
///
/// # Errors
///
/// [`super::Usage`] when the topic is not empty or does not fit; a failure when the file is damaged
/// or the records cannot be written.
pub fn import(asked: &Import) -> anyhow::Result<()> {
    let config = read_config(&asked.config, &[])?;
    let shown = asked.file.display();
    let mut records = Records::of_file(&asked.file)?;
    let partitions = records.partitions();
    let mut expected = auditors(partitions);
    if let Some(damage) = read_all(&mut records, &mut expected)? {
        return Err(anyhow!("\"{shown}\": {damage}; nothing was written; take another copy"));
    }
    warn_broken(&expected, &shown.to_string());
    let settings = connection(&config)?;
    let topic = config.topics.ledger.as_str();
    make_empty(&config, &settings, topic, partitions)?;
    let mut records = Records::of_file(&asked.file)?;
    let count = expected.iter().map(|auditor| auditor.sums().records).sum();
    let bar = progress("writing", Some(count));
    let mut sender = Sender::new(&settings, topic)?;
    let half = || {
        format!(
            "\"{topic}\" has a part of the records now; delete it with kafka-topics.sh --delete \
             --topic {topic}, then import again"
        )
    };
    while let Some(frame) = records.next().with_context(half)? {
        sender.send(frame.partition, frame.time_ms, &frame.bytes).with_context(half)?;
        bar.inc(1);
    }
    sender.finish().with_context(half)?;
    bar.finish_and_clear();
    let mut found = auditors(partitions);
    read_all(&mut Records::of_topic(&config, &settings, topic)?, &mut found)?;
    for (expected, found) in expected.iter().zip(&found) {
        if expected.head() != found.head() || expected.sums().records != found.sums().records {
            return Err(anyhow!(
                "partition {} of \"{topic}\" is not what the file holds: did somebody else write \
                 to it meanwhile? stop every instance",
                expected.partition()
            ))
            .with_context(half);
        }
    }
    println!("{count} records of \"{shown}\" in \"{topic}\", checked");
    if let Some(snapshot) = &config.ledger.snapshot_file {
        println!(
            "a snapshot file from before ({snapshot}) is set aside by the daemon if it disagrees; \
             delete it to begin in order"
        );
    }
    Ok(())
}

/// Makes a ledger's topic, or sees that it is empty.
pub(super) fn make_empty(
    config: &Config,
    settings: &rdkafka::ClientConfig,
    topic: &str,
    partitions: i32,
) -> anyhow::Result<()> {
    prepare(config, settings, topic, partitions)?;
    match Records::of_topic(config, settings, topic)?.count() {
        Some(0) => Ok(()),
        Some(_) | None => Err(usage(format!(
            "topics.ledger: \"{topic}\" holds records already, and two ledgers do not mix; name \
             another topic (it is made), or delete this one with kafka-topics.sh --delete --topic \
             {topic}"
        ))),
    }
}

/// Makes a ledger's topic, or sees that it keeps everything.
pub(super) fn prepare(
    config: &Config,
    settings: &rdkafka::ClientConfig,
    topic: &str,
    partitions: i32,
) -> anyhow::Result<()> {
    let wish = LedgerWish {
        topic,
        partitions,
        replication: config.ledger.replication_factor,
        finite_retention_is_fine: config.ledger.finite_retention,
    };
    topics::prepare_ledger(settings, &wish, &Stop::by_hand()).map(drop)
}

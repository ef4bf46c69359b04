//! `ledger verify` and `ledger show`: every record of a ledger, or of a copy of it.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};

use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::read_config;
use super::records::{Records, connection, progress};
use crate::cli::{Show, Verify, Whence};
use crate::domain::calendar::Zone;
use crate::domain::units::Timestamp;
use crate::engine::archive::{Damage, Frame};
use crate::engine::audit::{Auditor, Entry, Fault, Finding, Sums};
use crate::engine::chain::Corrupt;

/// One auditor a partition.
pub(super) fn auditors(partitions: i32) -> Vec<Auditor> {
    (0..partitions).map(Auditor::new).collect()
}

fn open(whence: &Whence) -> anyhow::Result<(String, Records)> {
    match (&whence.config, &whence.file) {
        (Some(config), _) => {
            let config = read_config(config, &[])?;
            let settings = connection(&config)?;
            let topic = config.topics.ledger.clone();
            let records = Records::of_topic(&config, &settings, &topic)?;
            Ok((format!("ledger \"{topic}\""), records))
        }
        (None, Some(file)) => Ok((format!("file \"{}\"", file.display()), Records::of_file(file)?)),
        (None, None) => Err(super::usage("name a file, or a configuration with --config")),
    }
}

/// Checks every record.
///
/// # Errors
///
/// [`super::Usage`] when there is no such ledger or file; a failure when a record is broken.
pub fn verify(asked: &Verify) -> anyhow::Result<()> {
    let (name, mut records) = open(&asked.whence)?;
    let is_file = matches!(records, Records::File(_));
    let mut auditors = auditors(records.partitions());
    let damage = read_all(&mut records, &mut auditors)?;
    let mut out = BufWriter::new(io::stdout().lock());
    writeln!(out, "{name}").context("cannot print")?;
    out.write_all(table(&auditors).as_bytes()).context("cannot print")?;
    out.flush().context("cannot print")?;
    drop(out);
    if let Some(damage) = damage {
        return Err(anyhow!(
            "{name}: {damage}; nothing behind that was looked at; take another copy of the file, \
             or export again"
        ));
    }
    match first_broken(&auditors) {
        None => Ok(()),
        Some((partition, offset, fault)) => Err(anyhow!(
            "{name} partition {partition} offset {offset}: {fault}; {}",
            remedy(fault, is_file)
        )),
    }
}

/// Reads everything; gives what is wrong with the file itself.
pub(super) fn read_all(
    records: &mut Records,
    auditors: &mut [Auditor],
) -> anyhow::Result<Option<String>> {
    let bar = progress("checking", records.count());
    loop {
        match records.next() {
            Ok(None) => break,
            Ok(Some(frame)) => {
                bar.inc(1);
                take(auditors, &frame);
            }
            Err(error) => {
                bar.finish_and_clear();
                return match error.downcast::<Damage>() {
                    Ok(damage) => Ok(Some(damage.to_string())),
                    Err(error) => Err(error),
                };
            }
        }
    }
    bar.finish_and_clear();
    Ok(None)
}

/// Gives a record to the auditor of its partition.
pub(super) fn take(auditors: &mut [Auditor], frame: &Frame) -> Option<Entry> {
    let at = usize::try_from(frame.partition).ok()?;
    Some(auditors.get_mut(at)?.record(frame.offset, &frame.bytes))
}

/// The first broken record of the first partition that has one.
pub(super) fn first_broken(auditors: &[Auditor]) -> Option<(i32, i64, Fault)> {
    auditors.iter().find_map(|auditor| {
        let (offset, fault) = auditor.sums().first_broken?;
        Some((auditor.partition(), offset, fault))
    })
}

fn remedy(fault: Fault, is_file: bool) -> &'static str {
    match fault {
        Fault::Corrupt(Corrupt::Schema(_)) => "use the program that wrote it, or a newer one",
        Fault::Key => "give all instances the same privacy.id_key_file",
        Fault::Truncated => {
            "set retention.ms=-1 and retention.bytes=-1 on the topic and bring the ledger back \
             with \"svarstid ledger import\""
        }
        Fault::Corrupt(_)
        | Fault::Partition(_)
        | Fault::Chain(_)
        | Fault::Other
        | Fault::Unreadable => match is_file {
            true => {
                "the file is as it was written, and the ledger was broken then: take an older one"
            }
            false => {
                "no instance counts it or what needs it: the owner reads the events since the last \
                 good record anew, while their topic has them; else name another topics.ledger and \
                 bring a good copy back with \"svarstid ledger import\""
            }
        },
    }
}

const TITLES: [&str; 11] = [
    "partition",
    "records",
    "commits",
    "claims",
    "stale",
    "copies",
    "broken",
    "events",
    "incidents",
    "bytes",
    "input offsets",
];

fn table(auditors: &[Auditor]) -> String {
    let rows: Vec<[String; 11]> = auditors.iter().map(row).collect();
    let mut text = aligned(&TITLES.map(str::to_owned), &rows);
    for auditor in auditors {
        let (partition, sums) = (auditor.partition(), auditor.sums());
        for (version, offset) in &sums.rules {
            let (rules, definitions) = (version.rules, version.definitions);
            tell(
                &mut text,
                partition,
                &format!("rules {rules} (definitions {definitions}) since offset {offset}"),
            );
        }
        for (kind, count) in &sums.incidents {
            tell(&mut text, partition, &format!("{count} × incident {}", kind.name()));
        }
        for offset in &sums.copies {
            tell(
                &mut text,
                partition,
                &format!("offset {offset} is a copy of a record before it: harmless"),
            );
        }
        if let Some((offset, fault)) = sums.first_broken {
            tell(&mut text, partition, &format!("BROKEN at offset {offset}: {fault}"));
            let goes_on = match sums.goes_on {
                Some(offset) => format!("instances went on behind it at offset {offset}"),
                None => "no instance has gone on behind it".to_owned(),
            };
            tell(&mut text, partition, &goes_on);
        }
    }
    text
}

fn tell(text: &mut String, partition: i32, what: &str) {
    // Writing to a string cannot fail.
    writeln!(text, "partition {partition}: {what}").unwrap_or_default();
}

fn row(auditor: &Auditor) -> [String; 11] {
    let Sums { records, bytes, commits, claims, stale, copied, broken, events, .. } =
        auditor.sums();
    let incidents: u64 = auditor.sums().incidents.values().sum();
    let covered = auditor.sums().covered.iter().map(|(from, to)| format!("{from}–{}", to - 1));
    let numbers = [*records, *commits, *claims, *stale, *copied, *broken];
    let [records, commits, claims, stale, copied, broken] = numbers.map(|n| n.to_string());
    [
        auditor.partition().to_string(),
        records,
        commits,
        claims,
        stale,
        copied,
        broken,
        events.to_string(),
        incidents.to_string(),
        bytes.to_string(),
        covered.collect::<Vec<_>>().join(" "),
    ]
}

/// Columns under their titles, all to the right.
pub(super) fn aligned<const N: usize>(titles: &[String; N], rows: &[[String; N]]) -> String {
    let widths: [usize; N] = std::array::from_fn(|at| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.chain([titles[at].chars().count()]).max().unwrap_or(0)
    });
    let mut text = String::new();
    for row in [titles].into_iter().chain(rows) {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}"));
        text += &cells.collect::<Vec<_>>().join("  ");
        text.push('\n');
    }
    text
}

/// Lists records.
///
/// # Errors
///
/// As [`verify`]; a broken record is listed and is no failure here.
pub fn show(asked: &Show) -> anyhow::Result<()> {
    let (name, mut records) = open(&asked.whence)?;
    let mut auditors = auditors(records.partitions());
    if asked.partition.is_some_and(|at| !(0..records.partitions()).contains(&at)) {
        return Err(super::usage(format!(
            "--partition: {name} has the partitions 0 to {}",
            records.partitions() - 1
        )));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let mut left = asked.limit;
    while left > 0 {
        let Some(frame) = records.next().with_context(|| name.clone())? else { break };
        if asked.partition.is_some_and(|partition| partition != frame.partition) {
            continue;
        }
        let Some(entry) = take(&mut auditors, &frame) else { continue };
        if frame.offset < asked.from {
            continue;
        }
        left -= 1;
        let line = if asked.json { as_json(&frame, &entry) } else { as_line(&frame, &entry) };
        writeln!(out, "{line}").context("cannot print")?;
    }
    out.flush().context("cannot print")
}

fn time(frame: &Frame) -> Option<String> {
    frame.time_ms.map(|ms| Zone::stockholm().rfc3339(Timestamp(ms)))
}

fn verdict(finding: Finding) -> String {
    match finding {
        Finding::Broken(fault) => format!("{}: {fault}", finding.word()),
        Finding::Valid | Finding::Stale | Finding::Copy => finding.word().to_owned(),
    }
}

fn as_line(frame: &Frame, entry: &Entry) -> String {
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    let spans = entry.spans.iter().map(|(from, to)| format!("{from}→{to}"));
    let spans = spans.collect::<Vec<_>>().join(",");
    let content = entry.content.clone().unwrap_or_default();
    let mut line = format!(
        "{} {} {} {} epoch={} seq={} input={} events={} contacts={} cells={} incidents={} \
         bytes={} {} {}",
        frame.partition,
        entry.offset,
        time(frame).unwrap_or_else(|| "-".to_owned()),
        entry.kind,
        number(entry.epoch),
        number(entry.sequence),
        if spans.is_empty() { "-" } else { &spans },
        content.events,
        content.contacts,
        content.cells,
        content.incidents.len(),
        entry.bytes,
        entry.hash,
        verdict(entry.finding),
    );
    if let Some(version) = content.rules {
        line += &format!(" (brings rules {})", version.rules);
    }
    line
}

fn as_json(frame: &Frame, entry: &Entry) -> String {
    let spans = entry.spans.iter().map(|(from, to)| json!({"from": from, "to": to}));
    let content = entry.content.as_ref();
    let incidents = content.map(|content| {
        let told = content.incidents.iter().map(|one| {
            json!({"kind": one.kind.name(), "input": one.input, "first": one.first, "last": one.last,
                   "found": Zone::stockholm().rfc3339(one.found)})
        });
        told.collect::<Vec<_>>()
    });
    json!({
        "partition": frame.partition,
        "offset": entry.offset,
        "time": time(frame),
        "kind": entry.kind,
        "epoch": entry.epoch,
        "sequence": entry.sequence,
        "input": spans.collect::<Vec<_>>(),
        "events": content.map(|content| content.events),
        "contacts": content.map(|content| content.contacts),
        "agents": content.map(|content| content.agents),
        "cells": content.map(|content| content.cells),
        "incidents": incidents,
        "rules": content.and_then(|content| content.rules).map(|version| version.rules),
        "bytes": entry.bytes,
        "hash": entry.hash.to_string(),
        "verdict": verdict(entry.finding),
    })
    .to_string()
}

//! The content of a commit as bytes and back.
//!
//! One form for the ledger and for what is held in memory: the packed contacts go in as they are,
//! everything else through the same writer, so a record costs little more than copying. Numbers of
//! departments, queues and sources are the chain's.

use super::chain::{self, Hash, Link};
use super::days::LEAST_DAY;
use super::incident::Incident;
use super::marker::{LEAST_MARKER, Marker};
use super::names::{ChainNames, Unreadable};
use super::record::{ANOMALY_KINDS, Change, Counts, Record, bound_kind, note_kind};
use super::watermark::Watermark;
use crate::domain::board::PaneKey;
use crate::domain::calendar::Day;
use crate::domain::cell::{CellKey, Line};
use crate::domain::contact::packed::Packed;
use crate::domain::event::AgentReport;
use crate::domain::ids::{ContactId, Department, Names, Queue, Renaming, Source};
use crate::domain::kin::{Entry, LEAST_ENTRY};
use crate::domain::pack::{Reader, Writer};
use crate::domain::tally::Tally;
use crate::domain::told::{LEAST_TOLD, Told};
use crate::domain::units::{Quarter, Timestamp};
use crate::wire::canonical::Note;
use crate::wire::reject::Reason;

/// A record as bytes, and its name. `scratch` is room that is used again.
pub(super) fn encode(
    partition: i32,
    record: &Record,
    names: &Names,
    known: &ChainNames,
    scratch: &mut Vec<u8>,
) -> (Vec<u8>, Hash) {
    chain::encode_commit(partition, &record.link, |out| {
        match &record.rules {
            None => out.byte(0),
            Some(text) => {
                out.byte(1);
                out.text(text);
            }
        }
        let after = known.pack_missing(names, out);
        let to = after.to_chain();
        content(record, to.as_ref(), scratch, out);
    })
}

fn content(record: &Record, to: Option<&Renaming>, scratch: &mut Vec<u8>, out: &mut Writer<'_>) {
    record.watermark.pack(out);
    time(record.last_event, out);
    time(record.ticked, out);
    out.unsigned(record.restarts.len() as u64);
    for (source, at) in &record.restarts {
        out.unsigned(u64::from(renamed(to, Table::Sources, source.0)));
        out.signed(at.0);
    }
    out.byte(u8::from(record.rejudge.is_some()));
    if let Some(next) = record.rejudge {
        out.fixed(&next.0.to_le_bytes());
    }
    out.unsigned(record.cells.len() as u64);
    let mut quarter = 0;
    for (key, tally) in &record.cells {
        out.signed(i64::from(key.quarter.0) - quarter);
        quarter = i64::from(key.quarter.0);
        line(key.line, to, out);
        tally.pack(out);
    }
    out.unsigned(record.panes.len() as u64);
    let mut minute = 0;
    for ((at, department), tally) in &record.panes {
        out.signed(i64::from(*at) - minute);
        minute = i64::from(*at);
        out.unsigned(u64::from(renamed(to, Table::Departments, department.0)));
        tally.pack(out);
    }
    out.unsigned(record.changes.len() as u64);
    for change in &record.changes {
        out.fixed(&change.contact.0.to_le_bytes());
        match (&change.held, to) {
            (None, _) => out.bytes(&[]),
            (Some(held), None) => out.bytes(held.as_bytes()),
            (Some(held), Some(to)) => {
                let held = held.renamed(to, scratch).expect("the chain has every name by now");
                out.bytes(held.as_bytes());
            }
        }
    }
    out.unsigned(record.agents.len() as u64);
    for report in &record.agents {
        match to {
            None => report.pack(out),
            Some(_) => rename_report(report, to).pack(out),
        }
    }
    out.unsigned(record.counts.len() as u64);
    record.counts.iter().for_each(|counts| pack_counts(counts, out));
    out.unsigned(record.incidents.len() as u64);
    record.incidents.iter().for_each(|incident| incident.pack(out));
    // Last, and only those of which there are any: few records have them.
    if !record.told.is_empty() {
        out.byte(TOLD);
        out.unsigned(record.told.len() as u64);
        for told in &record.told {
            let mut told = told.clone();
            if let Some(department) = &mut told.slot.department {
                department.0 = renamed(to, Table::Departments, department.0);
            }
            told.pack(out);
        }
    }
    if !record.heard.is_empty() {
        out.byte(HEARD);
        out.unsigned(record.heard.len() as u64);
        let mut before = 0;
        for minute in &record.heard {
            out.signed(i64::from(*minute) - before);
            before = i64::from(*minute);
        }
    }
    if !record.entries.is_empty() {
        out.byte(ENTRIES);
        out.unsigned(record.entries.len() as u64);
        let mut known = Timestamp(0);
        for (entry, is_gone) in &record.entries {
            let cell = CellKey { line: renamed_line(entry.cell.line, to), ..entry.cell };
            Entry { cell, ..*entry }.pack(known, *is_gone, out);
            known = entry.at;
        }
    }
    if !record.markers.is_empty() {
        out.byte(MARKERS);
        out.unsigned(record.markers.len() as u64);
        record.markers.iter().for_each(|marker| marker.pack(out));
    }
    if !record.days.is_empty() {
        out.byte(DAYS);
        out.unsigned(record.days.len() as u64);
        for ((day, department, place), n) in &record.days {
            out.signed(i64::from(day.0));
            out.unsigned(u64::from(renamed(to, Table::Departments, department.0)));
            out.byte(*place);
            out.signed(*n);
        }
    }
}

/// What follows in a record's last part, told by a number that is durable. The parts stand in the
/// order of their numbers, each at most once.
const TOLD: u8 = 1;
/// Minutes in which anything was heard.
const HEARD: u8 = 2;
const ENTRIES: u8 = 3;
const MARKERS: u8 = 4;
const DAYS: u8 = 5;

/// Reads the content of a valid commit; names that it brings are learned.
///
/// # Errors
///
/// [`Unreadable`]; names may then have been learned, which does no harm.
pub(super) fn decode(
    link: Link,
    bytes: &[u8],
    names: &mut Names,
    known: &mut ChainNames,
) -> Result<Record, Unreadable> {
    let mut input = Reader(bytes);
    let rules = rules_text(&mut input).ok_or(Unreadable::Content)?.map(str::to_owned);
    known.learn(&mut input, names)?;
    let to = known.to_instance();
    read(&mut input, link, rules, to.as_ref()).ok_or(Unreadable::Content)
}

/// Learns the names that a valid commit of one's own brings: the rest is known.
///
/// # Errors
///
/// [`Unreadable`].
pub(super) fn learn(
    bytes: &[u8],
    names: &mut Names,
    known: &mut ChainNames,
) -> Result<(), Unreadable> {
    let mut input = Reader(bytes);
    rules_text(&mut input).ok_or(Unreadable::Content)?;
    known.learn(&mut input, names)
}

/// The text of the rules that a commit brings; the outer `None` on foreign bytes.
pub(super) fn rules_text<'a>(input: &mut Reader<'a>) -> Option<Option<&'a str>> {
    Some(match input.byte()? {
        0 => None,
        _ => Some(input.text()?),
    })
}

fn read(
    input: &mut Reader<'_>,
    link: Link,
    rules: Option<String>,
    to: Option<&Renaming>,
) -> Option<Record> {
    let mut scratch = Vec::new();
    let watermark = Watermark::unpack(input)?;
    let last_event = untime(input)?;
    let ticked = untime(input)?;
    let mut restarts = Vec::new();
    for _ in 0..input.count(2)? {
        let source = Source(rerename(to, Table::Sources, input.unsigned()?)?);
        restarts.push((source, Timestamp(input.signed()?)));
    }
    let rejudge = match input.byte()? {
        0 => None,
        _ => Some(ContactId(u64::from_le_bytes(input.fixed()?))),
    };
    let count = input.count(3)?;
    let mut cells = Vec::with_capacity(count);
    let mut quarter = 0;
    for _ in 0..count {
        quarter += input.signed()?;
        let line = unline(to, input)?;
        let key = CellKey { quarter: Quarter(i32::try_from(quarter).ok()?), line };
        cells.push((key, Tally::unpack(input)?));
    }
    let count = input.count(3)?;
    let mut panes: Vec<(PaneKey, Tally)> = Vec::with_capacity(count);
    let mut minute = 0;
    for _ in 0..count {
        minute += input.signed()?;
        let department = Department(rerename(to, Table::Departments, input.unsigned()?)?);
        panes.push(((i32::try_from(minute).ok()?, department), Tally::unpack(input)?));
    }
    let count = input.count(9)?;
    let mut changes = Vec::with_capacity(count);
    for _ in 0..count {
        let contact = ContactId(u64::from_le_bytes(input.fixed()?));
        let bytes = input.bytes()?;
        let held = match (bytes, to) {
            ([], _) => None,
            (bytes, None) => Some(Packed::from_bytes(bytes)?),
            (bytes, Some(to)) => Some(Packed::from_bytes(bytes)?.renamed(to, &mut scratch)?),
        };
        changes.push(Change { contact, held });
    }
    let mut agents = Vec::new();
    for _ in 0..input.count(4)? {
        let report = AgentReport::unpack(input)?;
        agents.push(if to.is_some() { rename_report(&report, to) } else { report });
    }
    let mut counts = Vec::new();
    for _ in 0..input.count(1)? {
        counts.push(unpack_counts(input)?);
    }
    let mut incidents = Vec::new();
    for _ in 0..input.count(5)? {
        incidents.push(Incident::unpack(input)?);
    }
    let mut told = Vec::new();
    let mut heard = Vec::new();
    let mut entries = Vec::new();
    let mut markers = Vec::new();
    let mut days = Vec::new();
    let mut last = 0;
    while !input.is_empty() {
        let part = input.byte().filter(|part| *part > last)?;
        last = part;
        match part {
            TOLD => {
                for _ in 0..input.count(LEAST_TOLD)? {
                    let mut one = Told::unpack(input)?;
                    if let Some(department) = &mut one.slot.department {
                        department.0 = rerename(to, Table::Departments, u64::from(department.0))?;
                    }
                    told.push(one);
                }
            }
            HEARD => {
                let mut minute = 0;
                for _ in 0..input.count(1)? {
                    minute = input.signed()?.checked_add(minute)?;
                    heard.push(i32::try_from(minute).ok()?);
                }
            }
            MARKERS => {
                for _ in 0..input.count(LEAST_MARKER)? {
                    markers.push(Marker::unpack(input)?);
                }
            }
            DAYS => {
                for _ in 0..input.count(LEAST_DAY)? {
                    let day = Day(i32::try_from(input.signed()?).ok()?);
                    let at = rerename(to, Table::Departments, input.unsigned()?)?;
                    let key = (day, Department(at), input.byte()?);
                    days.push((key, input.signed()?));
                }
            }
            ENTRIES => {
                let mut known = Timestamp(0);
                for _ in 0..input.count(LEAST_ENTRY)? {
                    let (mut entry, is_gone) = Entry::unpack(known, input)?;
                    known = entry.at;
                    entry.cell.line = rerenamed_line(entry.cell.line, to)?;
                    entries.push((entry, is_gone));
                }
            }
            _ => return None,
        }
    }
    Some(Record {
        link,
        rules,
        watermark,
        last_event,
        ticked,
        restarts,
        rejudge,
        cells,
        panes,
        changes,
        agents,
        told,
        entries,
        counts,
        incidents,
        days,
        heard,
        markers,
    })
}

#[derive(Clone, Copy)]
enum Table {
    Departments,
    Queues,
    Sources,
}

fn renamed(to: Option<&Renaming>, table: Table, at: u16) -> u16 {
    let Some(to) = to else { return at };
    let table = match table {
        Table::Departments => &to.departments,
        Table::Queues => &to.queues,
        Table::Sources => &to.sources,
    };
    table.get(usize::from(at)).copied().unwrap_or(u16::MAX)
}

fn rerename(to: Option<&Renaming>, table: Table, at: u64) -> Option<u16> {
    let at = u16::try_from(at).ok()?;
    let at = renamed(to, table, at);
    (to.is_none() || at != u16::MAX).then_some(at)
}

fn line(line: Line, to: Option<&Renaming>, out: &mut Writer<'_>) {
    let department = u64::from(renamed(to, Table::Departments, line.department.0));
    out.unsigned(department << 1 | u64::from(line.outside_hours));
    let queue = line.queue.map(|queue| u64::from(renamed(to, Table::Queues, queue.0)) + 1);
    out.unsigned(queue.unwrap_or(0));
}

fn unline(to: Option<&Renaming>, input: &mut Reader<'_>) -> Option<Line> {
    let department = input.unsigned()?;
    let queue = match input.unsigned()? {
        0 => None,
        queue => Some(Queue(rerename(to, Table::Queues, queue - 1)?)),
    };
    Some(Line {
        department: Department(rerename(to, Table::Departments, department >> 1)?),
        queue,
        outside_hours: department & 1 == 1,
    })
}

fn renamed_line(line: Line, to: Option<&Renaming>) -> Line {
    Line {
        department: Department(renamed(to, Table::Departments, line.department.0)),
        queue: line.queue.map(|queue| Queue(renamed(to, Table::Queues, queue.0))),
        ..line
    }
}

fn rerenamed_line(line: Line, to: Option<&Renaming>) -> Option<Line> {
    let department = Department(rerename(to, Table::Departments, u64::from(line.department.0))?);
    let queue = match line.queue {
        None => None,
        Some(queue) => Some(Queue(rerename(to, Table::Queues, u64::from(queue.0))?)),
    };
    Some(Line { department, queue, ..line })
}

fn rename_report(report: &AgentReport, to: Option<&Renaming>) -> AgentReport {
    let department = |at: &Department| Department(renamed(to, Table::Departments, at.0));
    AgentReport {
        departments: report.departments.iter().map(department).collect(),
        queue: report.queue.map(|queue| Queue(renamed(to, Table::Queues, queue.0))),
        ..report.clone()
    }
}

pub(super) fn time(time: Option<Timestamp>, out: &mut Writer<'_>) {
    out.byte(u8::from(time.is_some()));
    if let Some(time) = time {
        out.signed(time.0);
    }
}

pub(super) fn untime(input: &mut Reader<'_>) -> Option<Option<Timestamp>> {
    Some(match input.byte()? {
        0 => None,
        _ => Some(Timestamp(input.signed()?)),
    })
}

/// Where each group of counts begins. The places are durable: a group grows at its end only.
pub(super) const REJECTS: usize = 32;
const ANOMALIES: usize = 64;
const NOTES: usize = 96;
const BOUNDS: usize = 112;
pub(super) const PLACES: usize = 128;

/// Every count with its place.
fn places(counts: &Counts) -> impl Iterator<Item = (usize, i64)> {
    let first = [counts.consumed, counts.applied, counts.late, counts.repeated, counts.set_aside];
    let rejects = counts.rejects.into_iter().enumerate().map(|(at, n)| (REJECTS + at, n));
    let anomalies = counts.anomalies.into_iter().enumerate().map(|(at, n)| (anomaly(at), n));
    first.into_iter().enumerate().chain(rejects).chain(anomalies)
}

/// The place of an anomaly by its index in [`Counts::anomalies`].
pub(super) fn anomaly(at: usize) -> usize {
    let (notes, bounds) = (note_kind(Note::ALL[0]), bound_kind(0));
    match at {
        at if at < notes => ANOMALIES + at,
        at if at < bounds => NOTES + at - notes,
        at => BOUNDS + at - bounds,
    }
}

/// The counts that are not 0, each with its place.
pub(super) fn pack_counts(counts: &Counts, out: &mut Writer<'_>) {
    out.unsigned(places(counts).filter(|(_, n)| *n != 0).count() as u64);
    for (place, n) in places(counts).filter(|(_, n)| *n != 0) {
        out.unsigned(place as u64);
        out.signed(n);
    }
}

pub(super) fn unpack_counts(input: &mut Reader<'_>) -> Option<Counts> {
    let mut flat = [0; PLACES];
    for _ in 0..input.count(2)? {
        // In an assignment the right side would be read first.
        let place = usize::try_from(input.unsigned()?).ok()?;
        *flat.get_mut(place)? = input.signed()?;
    }
    Some(Counts {
        consumed: flat[0],
        applied: flat[1],
        late: flat[2],
        repeated: flat[3],
        set_aside: flat[4],
        rejects: std::array::from_fn(|at| flat[REJECTS + at]),
        anomalies: std::array::from_fn(|at| flat[anomaly(at)]),
    })
}

const _: () =
    assert!(Reason::ALL.len() <= ANOMALIES - REJECTS && ANOMALY_KINDS <= PLACES - ANOMALIES);

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;

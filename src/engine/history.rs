//! The pictures of earlier days: a ledger walked in event time, once more by the same engine.
//!
//! A ledger holds every observation there is. They are taken out of its records and put in the order
//! of event time, over all partitions, and given to an engine of its own. Whenever time passes a
//! step, what has happened up to then is committed, and the ordinary [`Snapshot`] is taken with the
//! reader's clock at the step. So history and the present come from one fold and cannot disagree.
//!
//! - A picture holds what happened at its moment or before it, all of it and nothing else: also what
//!   was told late, and nothing of what came later. A live reader at that moment may have seen less.
//! - A step is taken when no chain can bring anything of before it any more: its watermark less the
//!   lateness has passed the step, or the ledger has ended. What is between is kept in memory: a
//!   day's observations, and as many more as one partition is read ahead of another.
//! - Everything is judged by the configuration at hand, whose rules have their dates. Nothing is told
//!   of the time after the last event.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use super::chain::{self, Head, Kind, RulesVersion, Verdict};
use super::names::ChainNames;
use super::partition::{Gathered, What};
use super::rebuild::Refused;
use super::record::Record;
use super::watermark::Watermark;
use super::{Engine, codec};
use crate::domain::calendar::{Day, Zone};
use crate::domain::cell::{GoalCount, Line};
use crate::domain::contact::packed::Packed;
use crate::domain::event::Message;
use crate::domain::goal::Goal;
use crate::domain::ids::{ContactId, Department, EventId, Source as System};
use crate::domain::rules::DEFINITIONS;
use crate::domain::snapshot::Snapshot;
use crate::domain::tally::Tally;
use crate::domain::units::{Millis, Share, Timestamp};
use crate::wire::canonical::Notes;

/// Which moments are pictured: those of `after < moment ≤ until` that are whole steps since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Pictures come after this moment.
    pub after: Timestamp,
    /// The last moment.
    pub until: Timestamp,
    /// Between two pictures; it divides an hour.
    pub step: Millis,
    /// Also while every unit is closed and nothing happens.
    pub all_hours: bool,
}

impl Period {
    /// The first step at a moment or after it.
    fn step_at(&self, time: Timestamp) -> Timestamp {
        let step = self.step.0;
        Timestamp(
            time.0.div_euclid(step) * step + if time.0.rem_euclid(step) == 0 { 0 } else { step },
        )
    }
}

/// Of which system something was heard does not matter.
const HEARD: System = System(0);

/// One partition of the ledger.
#[derive(Debug, Default)]
struct Source {
    partition: i32,
    head: Head,
    names: ChainNames,
    watermark: Watermark,
    /// What was told of each contact that may still change.
    told: HashMap<ContactId, Packed>,
}

/// Walks through a ledger.
#[derive(Debug)]
pub struct History {
    engine: Engine,
    version: RulesVersion,
    period: Period,
    sources: Vec<Source>,
    /// What has not been passed yet.
    ahead: BTreeMap<Timestamp, Vec<Message>>,
    /// Minutes in which something was heard and that have not been passed yet.
    heard: BTreeSet<i32>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// The next step; `None` before the first event.
    next: Option<Timestamp>,
    fed: i64,
    has_ended: bool,
    broken: u64,
    /// What the ledger itself counts of the goals.
    counted: BTreeMap<(Day, Department, Goal), Share>,
}

impl History {
    /// A walk through a ledger of so many partitions. The engine has read nothing, and has the rules
    /// by which everything is judged.
    pub fn new(mut engine: Engine, partitions: i32, period: Period) -> History {
        engine.open_partition("history", 0);
        engine.set_caught_up(true);
        History {
            version: engine.version(),
            engine,
            period,
            sources: (0..partitions)
                .map(|partition| Source { partition, ..Source::default() })
                .collect(),
            ahead: BTreeMap::new(),
            heard: BTreeSet::new(),
            first: None,
            last: None,
            next: None,
            fed: 0,
            has_ended: false,
            broken: 0,
            counted: BTreeMap::new(),
        }
    }

    /// The times of the first and of the last event so far.
    pub fn events(&self) -> Option<(Timestamp, Timestamp)> {
        self.first.zip(self.last)
    }

    /// Records that do not fit: no instance counts them, and neither does this.
    pub fn broken(&self) -> u64 {
        self.broken
    }

    /// The days of the period, the last one left out, of which the ledger counts other goals than is
    /// told here: they were judged by other rules.
    pub fn differing(&self) -> Vec<Day> {
        let zone = Zone::stockholm();
        let cells = self.engine.board().cells();
        let differs = |day: &Day| {
            let mut ours: BTreeMap<(Day, Department, Goal), Share> = BTreeMap::new();
            for (line, tally) in cells.day(*day) {
                count(&mut ours, *day, line, tally);
            }
            let theirs = self.counted.range((*day, Department(0), Goal::ALL[0])..);
            let theirs = theirs.take_while(|((of, ..), _)| of == day).filter(is_some);
            !theirs.eq(ours.iter().filter(is_some))
        };
        let end = self.period.until.minus(Millis(1));
        let last = zone.day_of(end.min(self.last.unwrap_or(end)));
        zone.day_of(self.period.after).until(last).filter(differs).collect()
    }

    /// Whether the period is over: nothing more need be read.
    pub fn is_over(&self) -> bool {
        self.next.is_some_and(|next| next > self.period.until)
    }

    /// Takes in the next record of a partition, in log order.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing more can be told then.
    pub fn record(&mut self, at: usize, bytes: &[u8]) -> Result<(), Refused> {
        let source = &mut self.sources[at];
        // What does not fit is left out, as every instance leaves it out.
        let envelope = match chain::open(bytes) {
            Ok(envelope) if envelope.partition == source.partition => envelope,
            Ok(_) | Err(_) => {
                self.broken += 1;
                return Ok(());
            }
        };
        match source.head.judge(&envelope) {
            Verdict::Valid => {}
            Verdict::Stale | Verdict::Passed => return Ok(()),
            Verdict::Broken(_) => {
                self.broken += 1;
                return Ok(());
            }
        }
        if let Kind::Commit(link, content) = &envelope.kind {
            check(link.version, self.version)?;
            let names = self.engine.decoder.names_mut();
            let record = codec::decode(link.clone(), content, names, &mut source.names)?;
            if let Some(text) = &record.rules
                && link.version.rules == self.version.rules
                && *text != self.engine.rules_text()
            {
                return Err(Refused::other_rules(self.version.rules));
            }
            self.take(at, record);
        }
        self.sources[at].head.advance(&envelope);
        Ok(())
    }

    fn take(&mut self, at: usize, record: Record) {
        let Source { watermark, told, .. } = &mut self.sources[at];
        *watermark = record.watermark;
        for (key, tally) in &record.cells {
            let day = Zone::stockholm().day_of(key.quarter.start());
            count(&mut self.counted, day, key.line, tally);
        }
        let mut found = Vec::new();
        for change in record.changes {
            let before = told.remove(&change.contact).map(|before| before.contact());
            let Some(held) = change.held else { continue };
            let known = before.as_ref().map_or(&[][..], |before| before.observations());
            for observation in held.contact().observations() {
                if known.binary_search(observation).is_err() {
                    found.push(Message::Contact(change.contact, observation.clone()));
                }
            }
            told.insert(change.contact, held);
        }
        self.heard.extend(record.heard);
        found.extend(record.agents.into_iter().map(Message::Agent));
        found.extend(record.told.into_iter().map(Message::Told));
        let started = |(source, time)| Message::Started { source, time, id: EventId(0) };
        found.extend(record.restarts.into_iter().map(started));
        for message in found {
            let time = message.time();
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = self.last.max(Some(time));
            self.ahead.entry(time).or_default().push(message);
        }
    }

    /// Tells that the ledger has ended.
    pub fn end(&mut self) {
        self.has_ended = true;
    }

    /// The next picture; `None` while more has to be read for it, and behind the last one.
    pub fn picture(&mut self) -> Option<Snapshot> {
        loop {
            if self.is_over() || (self.has_ended && self.ahead.is_empty()) {
                return None;
            }
            let settled = match self.has_ended {
                true => Timestamp(i64::MAX),
                false => self.settled()?,
            };
            let at = match (self.next, self.ahead.first_key_value()) {
                (Some(next), _) => next,
                (None, Some((first, _))) => self.period.step_at(*first),
                (None, None) => return None,
            };
            if at >= settled {
                return None;
            }
            let has_changed = self.pass(at);
            self.next = Some(at.plus(self.period.step));
            let Period { after, until, step, all_hours } = self.period;
            let is_told =
                all_hours || has_changed || self.is_open(at) || self.is_open(at.minus(step));
            if after < at && at <= until && is_told {
                return Some(self.engine.snapshot(at));
            }
        }
    }

    /// Before this moment no chain can tell anything more; `None` while one has not begun.
    fn settled(&self) -> Option<Timestamp> {
        let lateness = self.engine.settings.lateness;
        let of = |source: &Source| Some(source.watermark.get()?.minus(lateness));
        self.sources.iter().map(of).min().flatten()
    }

    /// Commits everything up to a moment; gives whether something happened.
    fn pass(&mut self, at: Timestamp) -> bool {
        self.pass_heard(at);
        while let Some(first) = self.ahead.first_entry()
            && *first.key() <= at
        {
            for message in first.remove() {
                let what = What::Message(message, Notes::default());
                self.engine.gather(0, Gathered { input: 0, offset: self.fed, checksum: 0, what });
                self.fed += 1;
            }
        }
        // All of that time is known, so whoever has been silent for T by then is lost track of.
        self.engine.settle(0, at);
        self.engine.commit()
    }

    /// That something was heard in a minute is no picture by itself.
    fn pass_heard(&mut self, at: Timestamp) {
        while let Some(minute) = self.heard.first().copied()
            && minute < at.minute()
        {
            self.heard.pop_first();
            let time = Timestamp(i64::from(minute) * 60_000);
            let what = Message::Heartbeat { source: HEARD, time };
            let what = What::Message(what, Notes::default());
            self.engine.gather(0, Gathered { input: 0, offset: self.fed, checksum: 0, what });
            self.fed += 1;
        }
        self.engine.commit();
    }

    fn is_open(&self, at: Timestamp) -> bool {
        let departments = self.engine.decoder.names().departments.len();
        (0..departments).any(|one| self.engine.rules.is_open(Department(one as u16), at))
    }
}

/// Adds what a line of a day counts of each goal.
fn count(to: &mut BTreeMap<(Day, Department, Goal), Share>, day: Day, line: Line, tally: &Tally) {
    for goal in Goal::ALL {
        let share = GoalCount::of_line(goal, line, tally).share;
        let sum = to.entry((day, line.department, goal)).or_default();
        *sum = sum.merge(share);
    }
}

fn is_some<K>((_, share): &(K, &Share)) -> bool {
    **share != Share::default()
}

/// Whether records of another version can be read.
pub(super) fn check(theirs: RulesVersion, ours: RulesVersion) -> Result<(), Refused> {
    if theirs.rules > ours.rules {
        return Err(Refused::Rules(format!(
            "rules.version: the ledger has version {} and the configuration {}; give the \
             configuration that the daemon runs with",
            theirs.rules, ours.rules
        )));
    }
    if theirs.definitions > ours.definitions {
        return Err(Refused::Rules(format!(
            "the ledger follows definitions {} and this program knows up to {DEFINITIONS}: use a \
             newer program",
            theirs.definitions
        )));
    }
    Ok(())
}

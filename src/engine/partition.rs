//! What one partition gathers between two commits.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::Settings;
use super::fold::Held;
use super::record::{Change, Counts, Record, bound_kind, note_kind};
use crate::domain::board::{PANES_KEPT, PaneKey};
use crate::domain::cell::{CellKey, Line};
use crate::domain::contact::contribution::{Fact, facts};
use crate::domain::contact::packed::Packed;
use crate::domain::contact::stay::{Judge, Surroundings};
use crate::domain::contact::{Contact, Seen};
use crate::domain::event::{AgentReport, Observation};
use crate::domain::ids::{AgentId, ContactId, Source};
use crate::domain::rules::Rules;
use crate::domain::tally::{Bounds, Tally};
use crate::domain::units::{Millis, Timestamp};
use crate::wire::canonical::Notes;
use crate::wire::reject::Reject;

/// A contact that a commit has to judge.
#[derive(Debug)]
struct Work {
    id: ContactId,
    /// What was gathered; `None` when nothing was and the held one is to be judged again.
    changed: Option<Contact>,
    off_the_wheel: bool,
}

/// Contacts whose room is kept for the next ones.
const ROOMS: usize = 8_192;

/// Restart times kept of one source.
const RESTARTS: usize = 256;

/// What a commit needs to know beside what was gathered.
pub(super) struct Context<'a> {
    pub(super) rules: &'a Rules,
    pub(super) bounds: &'a Bounds,
    pub(super) settings: &'a Settings,
    /// Contacts that this partition may hold.
    pub(super) room: usize,
}

/// The largest event time that three different contacts have reached: one clock gone wild, or two,
/// move nothing.
#[derive(Clone, Debug, Default)]
struct Watermark([Option<(Timestamp, ContactId)>; 3]);

impl Watermark {
    fn reach(&mut self, time: Timestamp, contact: ContactId) {
        let known = |slot: &Option<(Timestamp, ContactId)>| slot.is_some_and(|(_, c)| c == contact);
        let slot = self.0.iter().position(known).unwrap_or(2);
        if self.0[slot].is_none_or(|(known, _)| time > known) {
            self.0[slot] = Some((time, contact));
            self.0.sort_by(|a, b| b.map(|(time, _)| time).cmp(&a.map(|(time, _)| time)));
        }
    }

    fn get(&self) -> Option<Timestamp> {
        self.0[2].map(|(time, _)| time)
    }
}

#[derive(Debug, Default)]
pub(super) struct Partition {
    index: usize,
    sequence: u64,
    from: Option<i64>,
    to: i64,
    gathered: usize,
    watermark: Watermark,
    last_event: Option<Timestamp>,
    ticked: Option<Timestamp>,
    /// Contacts changed since the last commit.
    overlay: HashMap<ContactId, Contact>,
    /// By source: when it restarted, rising.
    restarts: Vec<Vec<Timestamp>>,
    /// The earliest restart since the last commit: whoever was held then is judged again.
    rejudge: bool,
    agents: Vec<AgentReport>,
    known_agents: hashbrown::HashSet<AgentId>,
    counts: Counts,
    /// By the minute (of event time) at which a contact is looked at again: waiting ones after T,
    /// the others when they are let go.
    wheel: BTreeMap<i32, Vec<ContactId>>,
    judge: Judge,
    facts_before: Vec<Fact>,
    facts_after: Vec<Fact>,
    bytes: Vec<u8>,
    /// Room for observations, used again: contacts are packed and unpacked all day long.
    rooms: Vec<Vec<Observation>>,
}

impl Partition {
    pub(super) fn new(index: usize) -> Self {
        Partition { index, ..Partition::default() }
    }

    pub(super) fn gathered(&self) -> usize {
        self.gathered
    }

    pub(super) fn last_event(&self) -> Option<Timestamp> {
        self.last_event
    }

    fn step(&mut self, offset: i64) {
        self.from.get_or_insert(offset);
        self.to = offset + 1;
        self.gathered += 1;
        self.counts.consumed += 1;
    }

    pub(super) fn reject(&mut self, offset: i64, reject: Reject) {
        self.step(offset);
        self.counts.rejects[reject.reason as usize] += 1;
    }

    pub(super) fn begin(&mut self, offset: i64, notes: Notes, time: Timestamp) {
        self.step(offset);
        self.last_event = self.last_event.max(Some(time));
        for note in notes.iter() {
            self.counts.anomalies[note_kind(note)] += 1;
        }
    }

    pub(super) fn neutral(&mut self, offset: i64) {
        self.step(offset);
        self.counts.set_aside += 1;
    }

    pub(super) fn applied(&mut self) {
        self.counts.applied += 1;
    }

    pub(super) fn set_aside(&mut self) {
        self.counts.set_aside += 1;
    }

    pub(super) fn report(&mut self, report: AgentReport, limit: usize) {
        if !self.known_agents.contains(&report.agent) && self.known_agents.len() >= limit {
            self.counts.anomalies[bound_kind(3)] += 1;
            return;
        }
        self.known_agents.insert(report.agent);
        self.counts.applied += 1;
        self.agents.push(report);
    }

    /// A source started: whoever waited in it is lost.
    pub(super) fn restart(&mut self, source: Source, time: Timestamp, settings: &Settings) {
        if self.is_late(time, settings) {
            self.counts.late += 1;
            return;
        }
        let at = usize::from(source.0);
        if self.restarts.len() <= at {
            self.restarts.resize(at + 1, Vec::new());
        }
        let times = &mut self.restarts[at];
        match times.binary_search(&time) {
            Ok(_) => self.counts.repeated += 1,
            Err(place) => {
                times.insert(place, time);
                if times.len() > RESTARTS {
                    times.remove(0);
                    self.counts.anomalies[bound_kind(2)] += 1;
                }
                self.counts.applied += 1;
                self.rejudge = true;
            }
        }
    }

    fn is_late(&self, time: Timestamp, settings: &Settings) -> bool {
        self.watermark.get().is_some_and(|watermark| time < watermark.minus(settings.lateness))
    }

    pub(super) fn observe(
        &mut self,
        id: ContactId,
        observation: Observation,
        held: &Held,
        settings: &Settings,
    ) {
        let time = observation.time;
        if self.is_late(time, settings) {
            self.counts.late += 1;
            return;
        }
        let rooms = &mut self.rooms;
        let contact = self.overlay.entry(id).or_insert_with(|| {
            let room = rooms.pop().unwrap_or_default();
            match held.get(&id) {
                Some(packed) => packed.contact_in(room),
                None => Contact::from_sorted(room),
            }
        });
        match contact.observe(observation, settings.contact) {
            Seen::New => self.counts.applied += 1,
            Seen::Repeat => self.counts.repeated += 1,
            Seen::OverBound => self.counts.anomalies[bound_kind(0)] += 1,
        }
        self.watermark.reach(time, id);
    }

    pub(super) fn tick(&mut self, time: Timestamp) {
        self.ticked = self.ticked.max(Some(time));
        self.gathered += 1;
    }

    /// The record of everything gathered since the last one; `None` if there is nothing.
    pub(super) fn cut(&mut self, held: &Held, context: &Context<'_>) -> Option<Record> {
        if self.gathered == 0 {
            return None;
        }
        self.gathered = 0;
        let silence = context.settings.silence;
        let hold = Millis(silence.0 + context.settings.lateness.0);
        let watermark = self.watermark.get();
        let frontier = self.watermark.get().max(self.ticked).unwrap_or(Timestamp(i64::MIN));
        let work = self.work(held, frontier);
        let evicted = self.evict(held, context.room, &work);

        let oldest_pane = watermark.map_or(i32::MIN, |at| at.minus(PANES_KEPT).minute());
        let mut cells: HashMap<CellKey, Tally> = HashMap::new();
        let mut panes: HashMap<PaneKey, Tally> = HashMap::new();
        let mut changes = Vec::with_capacity(work.len());
        for Work { id, changed, off_the_wheel } in work {
            let known = held.get(&id);
            let rooms = &mut self.rooms;
            let unpack = |packed: &Packed| packed.contact_in(rooms.pop().unwrap_or_default());
            let Some(contact) = changed.or_else(|| known.map(unpack)) else { continue };
            let anomalies_before = match known {
                Some(packed) => packed.committed(&mut self.facts_before),
                None => {
                    self.facts_before.clear();
                    Default::default()
                }
            };
            let around = Surroundings { restarts: &self.restarts, frontier, silence };
            let stays = self.judge.stays(contact.observations(), around);
            facts(stays, context.rules, &mut self.facts_after);
            let anomalies = *self.judge.anomalies();
            for (kind, (after, before)) in anomalies.iter().zip(anomalies_before).enumerate() {
                self.counts.anomalies[kind] += i64::from(*after) - i64::from(before);
            }
            if self.facts_before != self.facts_after {
                let signed = [(&self.facts_before, -1), (&self.facts_after, 1)];
                for (facts, sign) in signed {
                    for fact in facts {
                        add_cell(&mut cells, fact, sign, context.bounds);
                        add_panes(&mut panes, fact, sign, oldest_pane);
                    }
                }
            }
            let last = contact.last_time().unwrap_or(Timestamp(i64::MIN));
            let open = self.facts_after.iter().any(Fact::is_open);
            let gone = watermark.is_some_and(|at| last.plus(hold) < at);
            let was_open = self.facts_before.iter().any(Fact::is_open);
            let due = if open { last.plus(silence) } else { last.plus(hold) };
            if !gone && (off_the_wheel || known.is_none() || (open && !was_open)) {
                // Who waits is looked at within the minute, for lost track must not depend on batches.
                let minute = due.minute() + i32::from(!open);
                self.wheel.entry(minute).or_default().push(id);
            }
            let held = (!gone)
                .then(|| Packed::new(&contact, &self.facts_after, &anomalies, &mut self.bytes));
            self.rooms.push(contact.into_room());
            if held.is_none() && known.is_none() {
                continue;
            }
            let open = if open && !gone { self.facts_after.clone() } else { Vec::new() };
            changes.push(Change { contact: id, held, open });
        }
        self.rooms.truncate(ROOMS);
        changes.extend(evicted);
        self.drop_old_restarts(watermark, hold);
        self.sequence += 1;
        // Offsets have gaps (control records): a record covers everything since the last.
        let from = self.from.replace(self.to).unwrap_or(self.to);
        Some(Record {
            partition: self.index,
            sequence: self.sequence,
            from,
            to: self.to,
            watermark,
            last_event: self.last_event,
            cells: sorted(cells),
            panes: sorted(panes),
            changes,
            agents: std::mem::take(&mut self.agents),
            counts: std::mem::take(&mut self.counts),
        })
    }

    /// The contacts to judge, in order: the changed ones, those whose time on the wheel has come,
    /// and after a restart all that are held. Only the changed ones are unpacked yet: on a Monday
    /// morning the whole of Friday is due at once.
    fn work(&mut self, held: &Held, frontier: Timestamp) -> Vec<Work> {
        let mut work: Vec<Work> = self
            .overlay
            .drain()
            .map(|(id, contact)| Work { id, changed: Some(contact), off_the_wheel: false })
            .collect();
        let unchanged = |id, off_the_wheel| Work { id, changed: None, off_the_wheel };
        while let Some(first) = self.wheel.first_entry()
            && *first.key() <= frontier.minute()
        {
            work.extend(first.remove().into_iter().map(|id| unchanged(id, true)));
        }
        if std::mem::take(&mut self.rejudge) {
            work.extend(held.keys().map(|id| unchanged(*id, false)));
        }
        work.sort_unstable_by_key(|work| (work.id, work.changed.is_none()));
        work.dedup_by(|later, first| {
            let same = later.id == first.id;
            first.off_the_wheel |= same && later.off_the_wheel;
            same
        });
        work
    }

    /// At the bound the contacts whose last event is oldest go first. Their figures stay as they
    /// are. A fiftieth more than needed goes at once, so that the search pays.
    fn evict(&mut self, held: &Held, room: usize, work: &[Work]) -> Vec<Change> {
        let new = |work: &&Work| work.changed.is_some() && !held.contains_key(&work.id);
        let fresh = work.iter().filter(new).count();
        if held.len() + fresh <= room {
            return Vec::new();
        }
        let excess = held.len() + fresh - room + room / 50;
        let in_use = |id: &ContactId| work.binary_search_by_key(id, |work| work.id).is_ok();
        let mut oldest: Vec<(Option<Timestamp>, ContactId)> = held
            .iter()
            .filter(|(id, _)| !in_use(id))
            .map(|(id, packed)| (packed.contact().last_time(), *id))
            .collect();
        oldest.sort_unstable();
        oldest.truncate(excess);
        self.counts.anomalies[bound_kind(1)] += oldest.len() as i64;
        let gone = |(_, contact)| Change { contact, held: None, open: Vec::new() };
        oldest.into_iter().map(gone).collect()
    }

    fn drop_old_restarts(&mut self, watermark: Option<Timestamp>, hold: Millis) {
        let Some(watermark) = watermark else { return };
        for times in &mut self.restarts {
            times.retain(|time| time.plus(hold) >= watermark);
        }
    }
}

fn add_cell(cells: &mut HashMap<CellKey, Tally>, fact: &Fact, sign: i64, bounds: &Bounds) {
    let line =
        Line { department: fact.department, queue: fact.queue, outside_hours: fact.outside_hours };
    let tally = cells.entry(CellKey { quarter: fact.offered_at.quarter(), line }).or_default();
    fact.cell_entries(bounds, |code, n| tally.add(code, sign * n));
}

fn add_panes(panes: &mut HashMap<PaneKey, Tally>, fact: &Fact, sign: i64, oldest: i32) {
    fact.pane_entries(|at, code, n| {
        if at.minute() >= oldest {
            panes.entry((at.minute(), fact.department)).or_default().add(code, sign * n);
        }
    });
}

fn sorted<K: Ord + Copy>(deltas: HashMap<K, Tally>) -> Vec<(K, Tally)> {
    let mut deltas: Vec<(K, Tally)> =
        deltas.into_iter().filter(|(_, tally)| !tally.is_empty()).collect();
    deltas.sort_unstable_by_key(|(key, _)| *key);
    deltas
}

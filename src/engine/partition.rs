//! What one partition gathers between two commits, and how it becomes a record.
//!
//! Events are kept as they came until the record that covers them has been folded: should another
//! instance take over meanwhile, nothing has to be undone. Everything that outlives a commit is in
//! the fold; what is here besides can be made anew from it.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::{HashMap, HashSet};

use super::Settings;
use super::chain::{Link, Position, RulesVersion};
use super::days::{self, Gathering};
use super::deltas::{add_cells, add_entries, add_panes, sorted};
use super::fold::{Chain, Held};
use super::incident::Incident;
use super::marker::Marker;
use super::record::{Change, Counts, Record, bound_kind, note_kind};
use super::restarts::{Restarts, Taken};
use super::told::{self, Hearing};
use crate::domain::board::{PANES_KEPT, PaneKey};
use crate::domain::cell::CellKey;
use crate::domain::contact::contribution::Contribution;
use crate::domain::contact::packed::{Anomalies, Packed};
use crate::domain::contact::stay::{Judge, Surroundings};
use crate::domain::contact::{Contact, Seen};
use crate::domain::event::{AgentReport, Message, Observation};
use crate::domain::ids::{AgentId, ContactId, Department, Source};
use crate::domain::rules::Rules;
use crate::domain::staffing::placed;
use crate::domain::tally::{Bounds, Tally};
use crate::domain::told::Told;
use crate::domain::units::Timestamp;
use crate::wire::canonical::Notes;
use crate::wire::reject::Reason;

mod aside;

/// A contact that a commit has to judge.
#[derive(Debug)]
struct Work {
    id: ContactId,
    /// What was gathered; `None` when nothing was and the held one is to be judged again.
    changed: Option<Contact>,
    off_the_wheel: bool,
}

/// One record of an input, as it waits for its commit.
#[derive(Debug)]
pub(super) struct Gathered {
    /// Which of the partition's inputs.
    pub(super) input: usize,
    /// Where in it.
    pub(super) offset: i64,
    /// Of its bytes.
    pub(super) checksum: u32,
    /// What it is.
    pub(super) what: What,
}

/// What a record of an input is.
#[derive(Debug)]
pub(super) enum What {
    Message(Message, Notes),
    Reject(Reason),
    SetAside,
    /// No record: offsets up to here were never seen.
    Incident(Incident),
}

/// Contacts whose room is kept for the next ones.
const ROOMS: usize = 8_192;

/// What a commit needs to know beside what was gathered.
pub(super) struct Context<'a> {
    pub(super) rules: &'a Rules,
    pub(super) version: RulesVersion,
    /// The rules' text, for a chain that does not have this version.
    pub(super) rules_text: &'a str,
    pub(super) bounds: &'a Bounds,
    pub(super) settings: &'a Settings,
    /// Contacts that this partition may hold.
    pub(super) room: usize,
}

#[derive(Debug, Default)]
pub(super) struct Partition {
    gathered: VecDeque<Gathered>,
    /// How many of them the last record covers.
    taken: usize,
    /// The latest tick that no record has told yet.
    tick: Option<Timestamp>,
    /// Ends of editions that are due and that no record has told yet.
    markers: Vec<Marker>,
    /// Contacts that are looked at again when event time has come so far, by minute: those in
    /// which someone waits after T, the others when they are let go. `None` until it is made from
    /// what is held.
    wheel: Option<Wheel>,
    /// Whether the last record left something over for which there was no room.
    has_more: bool,
    overlay: HashMap<ContactId, Contact>,
    judge: Judge,
    before: Contribution,
    after: Contribution,
    bytes: Vec<u8>,
    /// Room for observations, used again: contacts are packed and unpacked all day long.
    rooms: Vec<Vec<Observation>>,
}

#[derive(Debug, Default)]
struct Wheel {
    open: BTreeMap<i32, Vec<ContactId>>,
    settled: BTreeMap<i32, Vec<ContactId>>,
}

impl Wheel {
    fn of(held: &Held, settings: &Settings) -> Wheel {
        let mut wheel = Wheel::default();
        let mut ids: Vec<&ContactId> = held.keys().collect();
        ids.sort_unstable();
        for id in ids {
            wheel.push(*id, &held[id], settings);
        }
        wheel
    }

    fn push(&mut self, id: ContactId, held: &Packed, settings: &Settings) {
        // Who waits is looked at within the minute, for lost track must not depend on batches.
        let (wheel, minute) = match held.is_open() {
            true => (&mut self.open, held.last_time().plus(settings.silence).minute()),
            false => (&mut self.settled, held.held_until(settings.holding()).minute() + 1),
        };
        wheel.entry(minute).or_default().push(id);
    }
}

/// What the events of a commit have changed so far, before contacts are judged.
struct Batch<'a> {
    chain: &'a Chain,
    settings: &'a Settings,
    rules: &'a Rules,
    link: Link,
    watermark: super::watermark::Watermark,
    last_event: Option<Timestamp>,
    restarts: Option<Restarts>,
    new_restarts: Vec<(Source, Timestamp)>,
    agents: Vec<AgentReport>,
    new_agents: HashSet<AgentId>,
    told: Vec<Told>,
    counts: Vec<Counts>,
    incidents: Vec<Incident>,
    /// About how many bytes the record will take.
    size: usize,
    /// Minutes in which something was heard.
    heard: Vec<i32>,
    /// What was counted beside the figures, by day.
    days: Gathering,
}

/// What a record takes for one contact beside its packed form, about: its id and what it changes
/// in cells and panes.
const CONTACT_BYTES: usize = 200;
/// What one more observation takes, about.
const OBSERVATION_BYTES: usize = 32;

impl Partition {
    pub(super) fn gathered(&self) -> usize {
        self.gathered.len() - self.taken
    }

    /// Whether something is left that a further record has to tell at once.
    pub(super) fn has_more(&self) -> bool {
        self.has_more
    }

    pub(super) fn gather(&mut self, gathered: Gathered) {
        self.gathered.push_back(gathered);
    }

    /// Tells that there is nothing more by `time`.
    pub(super) fn tick(&mut self, time: Timestamp) {
        self.tick = self.tick.max(Some(time));
    }

    /// Tells which editions are to end with the next record.
    pub(super) fn mark(&mut self, markers: Vec<Marker>) {
        self.markers = markers;
    }

    /// The last record has been folded.
    pub(super) fn folded(&mut self) {
        self.gathered.drain(..self.taken);
        self.taken = 0;
    }

    /// The last record will never be folded: forgets everything, to be gathered anew.
    pub(super) fn clear(&mut self) {
        *self = Partition::default();
    }

    /// The record of everything gathered since the last one; `None` if there is nothing to tell.
    pub(super) fn cut(
        &mut self,
        chain: &Chain,
        context: &Context<'_>,
        incidents: Vec<Incident>,
        until: Option<(usize, i64)>,
    ) -> Option<Record> {
        let settings = context.settings;
        let wheel = self.wheel.get_or_insert_with(|| Wheel::of(&chain.held, settings));
        let mut batch = Batch {
            chain,
            settings,
            rules: context.rules,
            link: Link {
                epoch: chain.head.epoch,
                sequence: chain.head.sequence + 1,
                previous: chain.head.hash,
                version: context.version,
                brings_rules: context.version != chain.head.version,
                spans: chain.head.positions.iter().map(|at| (*at, *at)).collect(),
            },
            watermark: chain.watermark.clone(),
            last_event: chain.last_event,
            restarts: None,
            new_restarts: Vec::new(),
            agents: Vec::new(),
            new_agents: HashSet::new(),
            told: Vec::new(),
            counts: Vec::new(),
            incidents,
            size: 0,
            heard: Vec::new(),
            days: Gathering::default(),
        };
        self.taken = 0;
        for gathered in &self.gathered {
            if batch.size >= settings.record_bytes
                || until == Some((gathered.input, gathered.offset))
            {
                break;
            }
            self.taken += 1;
            batch.take(gathered, &mut self.overlay, &mut self.rooms);
        }
        let ticked = chain.ticked.max(self.tick.take());
        let mut markers = std::mem::take(&mut self.markers);
        markers.retain(|marker| chain.marks.wants(marker));
        let watermark = batch.watermark.get();
        let frontier = watermark.max(ticked).unwrap_or(Timestamp(i64::MIN));
        let rejudge = match batch.new_restarts.is_empty() {
            true => chain.rejudge,
            false => Some(ContactId(0)),
        };

        let mut work: Vec<Work> = self
            .overlay
            .drain()
            .map(|(id, contact)| Work { id, changed: Some(contact), off_the_wheel: false })
            .collect();
        let mut gone = Vec::new();
        let rejudge = {
            let size = &mut batch.size;
            let mut again = Again { chain, settings, rejudge, size, work: &mut work };
            again.due(&mut wheel.open, frontier);
            if let Some(watermark) = watermark {
                again.over(&mut wheel.settled, watermark, &mut gone);
            }
            again.rejudge()
        };
        work.sort_unstable_by_key(|work| (work.id, work.changed.is_none()));
        work.dedup_by(|later, first| {
            let same = later.id == first.id;
            first.off_the_wheel |= same && later.off_the_wheel;
            same
        });
        gone.sort_unstable();
        gone.dedup();
        gone.retain(|id| work.binary_search_by_key(id, |work| work.id).is_err());

        self.has_more = self.gathered.len() > self.taken
            || rejudge.is_some()
            || wheel.open.first_key_value().is_some_and(|(at, _)| *at <= frontier.minute())
            || wheel.settled.first_key_value().is_some_and(|(at, _)| {
                watermark.is_some_and(|watermark| *at <= watermark.minute())
            });
        let is_empty = self.taken == 0
            && work.is_empty()
            && gone.is_empty()
            && rejudge == chain.rejudge
            && batch.incidents.is_empty()
            && markers.is_empty()
            && !batch.link.brings_rules;
        if is_empty {
            return None;
        }
        let evicted = evict(chain, context.room, &work, &gone);
        batch.count(0).anomalies[bound_kind(1)] += evicted.len() as i64;

        let oldest_pane = watermark.map_or(i32::MIN, |at| at.minus(PANES_KEPT).minute());
        let mut cells: HashMap<CellKey, Tally> = HashMap::new();
        let mut panes: HashMap<PaneKey, Tally> = HashMap::new();
        // By the watermark before this record, which may cover a year: that is how far the other
        // partitions know this one to have come.
        let oldest_entry =
            chain.watermark.get().map_or(Timestamp(i64::MIN), |at| at.minus(settings.telling()));
        let mut entries = Vec::new();
        let mut changes = Vec::with_capacity(work.len() + gone.len() + evicted.len());
        for Work { id, changed, off_the_wheel } in work {
            let known = chain.held.get(&id);
            let is_observed = changed.is_some();
            let rooms = &mut self.rooms;
            let unpack = |packed: &Packed| packed.contact_in(rooms.pop().unwrap_or_default());
            let Some(contact) = changed.or_else(|| known.map(unpack)) else { continue };
            let anomalies_before = match known {
                Some(packed) => packed.committed(&mut self.before),
                None => {
                    self.before.clear();
                    Default::default()
                }
            };
            let restarts = batch.restarts.as_ref().unwrap_or(&chain.restarts).times();
            let around = Surroundings { restarts, frontier, silence: settings.silence };
            let seen = contact.observations();
            let anomalies = self.after.judge(&mut self.judge, seen, around, context.rules);
            for (kind, (after, before)) in anomalies.iter().zip(anomalies_before).enumerate() {
                batch.count(0).anomalies[kind] += i64::from(*after) - i64::from(before);
            }
            // Also if there are as many as before: the day or the department may be another.
            if let Some(known) = known.filter(|_| anomalies_before != Anomalies::default()) {
                batch.days.strange(&known.contact(), &self.before, &anomalies_before, -1);
            }
            batch.days.strange(&contact, &self.after, &anomalies, 1);
            let has_changed = self.before != self.after;
            if has_changed {
                for (contribution, sign) in [(&self.before, -1), (&self.after, 1)] {
                    add_cells(&mut cells, contribution, sign, context.bounds);
                    add_panes(&mut panes, contribution, sign, oldest_pane);
                }
                add_entries(&mut entries, id, (&self.before, &self.after), oldest_entry);
            }
            let last = contact.last_time().unwrap_or(Timestamp(i64::MIN));
            let until = self.after.held_until(last, settings.holding());
            let is_over = watermark.is_some_and(|at| until < at);
            // Whoever changes a figure stands in the record with its observations, also if nothing
            // can come of it any more: it is let go by a later one. So the ledger alone is enough
            // to judge everything anew.
            let is_told = is_observed || has_changed;
            let is_kept = !is_over || (is_told && !self.after.is_waiting());
            let held =
                is_kept.then(|| Packed::new(&contact, &self.after, &anomalies, &mut self.bytes));
            self.rooms.push(contact.into_room());
            if let Some(held) = &held {
                // What is on its wheel already stays where it is, unless it need not be held for so
                // long any more: it is looked at too early once, and put where it belongs.
                let stays = known.is_some_and(|known| {
                    known.is_open() == held.is_open()
                        && (held.is_open() || known.held_until(settings.holding()) <= until)
                });
                if off_the_wheel || !stays {
                    wheel.push(id, held, settings);
                }
            } else if known.is_none() {
                continue;
            }
            changes.push(Change { contact: id, held });
        }
        self.rooms.truncate(ROOMS);
        self.has_more |= wheel
            .settled
            .first_key_value()
            .is_some_and(|(at, _)| watermark.is_some_and(|watermark| *at <= watermark.minute()));
        let let_go = |contact| Change { contact, held: None };
        changes.extend(gone.into_iter().chain(evicted).map(let_go));
        changes.sort_unstable_by_key(|change| change.contact);
        Some(Record {
            rules: batch.link.brings_rules.then(|| context.rules_text.to_owned()),
            link: batch.link,
            watermark: batch.watermark,
            last_event: batch.last_event,
            ticked,
            restarts: batch.new_restarts,
            rejudge,
            cells: sorted(cells),
            panes: sorted(panes),
            changes,
            agents: batch.agents,
            told: batch.told,
            entries,
            counts: batch.counts,
            incidents: batch.incidents,
            days: batch.days.finish(),
            heard: chain.heard.untold(batch.heard),
            markers,
        })
    }
}

impl Batch<'_> {
    fn count(&mut self, input: usize) -> &mut Counts {
        if self.counts.len() <= input {
            self.counts.resize(input + 1, Counts::default());
        }
        &mut self.counts[input]
    }

    fn take(
        &mut self,
        gathered: &Gathered,
        overlay: &mut HashMap<ContactId, Contact>,
        rooms: &mut Vec<Vec<Observation>>,
    ) {
        let input = gathered.input;
        while self.link.spans.len() <= input {
            self.link.spans.push((Position::NONE, Position::NONE));
        }
        self.link.spans[input].1 = Position { next: gathered.offset + 1, last: gathered.checksum };
        if let What::Incident(incident) = gathered.what {
            self.incidents.push(incident);
            return;
        }
        self.count(input).consumed += 1;
        // What has no time of its own is of the day to which the partition has come.
        let time = match &gathered.what {
            What::Message(message, _) => Some(message.time()),
            What::Reject(_) | What::SetAside | What::Incident(_) => self.last_event,
        };
        self.days.turn(time);
        self.days.event();
        match &gathered.what {
            What::Reject(reason) => {
                self.count(input).rejects[*reason as usize] += 1;
                self.days.add(days::reject(*reason));
            }
            What::SetAside => {
                self.count(input).set_aside += 1;
                self.days.add(days::SET_ASIDE);
            }
            What::Incident(_) => {}
            What::Message(message, notes) => {
                // What people tell says nothing of how far the telephone systems have come.
                if !matches!(message, Message::Told(_)) {
                    self.last_event = self.last_event.max(Some(message.time()));
                }
                for note in notes.iter() {
                    self.anomaly(input, note_kind(note));
                }
                match message {
                    Message::Contact(id, observation) => {
                        self.observe(input, *id, observation, overlay, rooms);
                    }
                    Message::Agent(report) => self.report(input, report),
                    Message::Started { source, time, .. } => self.restart(input, *source, *time),
                    Message::Heartbeat { time, .. } => match self.is_late(*time) {
                        true => self.late(input, Department::UNKNOWN),
                        false => {
                            self.hear(*time);
                            self.count(input).applied += 1;
                        }
                    },
                    Message::Told(told) => self.tell(input, told),
                    Message::SetAside { .. } => {
                        self.count(input).set_aside += 1;
                        self.days.add(days::SET_ASIDE);
                    }
                }
            }
        }
    }

    fn is_late(&self, time: Timestamp) -> bool {
        let watermark = self.watermark.get();
        watermark.is_some_and(|watermark| time < watermark.minus(self.settings.lateness))
    }

    /// A source told of something that happened then.
    fn hear(&mut self, time: Timestamp) {
        let minute = time.minute();
        if self.heard.last() != Some(&minute) {
            self.heard.push(minute);
        }
    }

    fn observe(
        &mut self,
        input: usize,
        id: ContactId,
        observation: &Observation,
        overlay: &mut HashMap<ContactId, Contact>,
        rooms: &mut Vec<Vec<Observation>>,
    ) {
        let time = observation.time;
        if self.is_late(time) {
            self.late(input, self.department_of(observation));
            return;
        }
        self.hear(time);
        let held = &self.chain.held;
        let size = &mut self.size;
        let contact = overlay.entry(id).or_insert_with(|| {
            let room = rooms.pop().unwrap_or_default();
            *size += CONTACT_BYTES;
            match held.get(&id) {
                Some(packed) => {
                    *size += packed.bytes();
                    packed.contact_in(room)
                }
                None => Contact::from_sorted(room),
            }
        });
        self.size += OBSERVATION_BYTES;
        match contact.observe(observation.clone(), self.settings.contact) {
            Seen::New => self.count(input).applied += 1,
            Seen::Repeat => self.repeat(input, self.department_of(observation)),
            Seen::OverBound => self.anomaly(input, bound_kind(0)),
        }
        self.watermark.reach(time, id);
    }

    fn report(&mut self, input: usize, report: &AgentReport) {
        if self.is_late(report.time) {
            self.late(input, Department::UNKNOWN);
            return;
        }
        self.hear(report.time);
        let is_known =
            self.chain.agents.contains(&report.agent) || self.new_agents.contains(&report.agent);
        if !is_known {
            if self.chain.agents.len() + self.new_agents.len() >= self.settings.agents {
                self.anomaly(input, bound_kind(3));
                return;
            }
            self.new_agents.insert(report.agent);
        }
        self.count(input).applied += 1;
        self.size += OBSERVATION_BYTES + 2 * report.departments.len();
        self.agents.push(placed(report, self.rules));
    }

    fn tell(&mut self, input: usize, told: &Told) {
        let hearing = told::hear(&self.chain.told, &self.told, told);
        match hearing {
            Hearing::Kept { is_repeat: true } | Hearing::Outdone { is_repeat: true } => {
                self.repeat(input, told.slot.department.unwrap_or(Department::UNKNOWN));
            }
            Hearing::Kept { is_repeat: false } | Hearing::Outdone { is_repeat: false } => {
                self.count(input).applied += 1;
            }
            Hearing::MeasuresOver => self.anomaly(input, bound_kind(4)),
            Hearing::Over => self.anomaly(input, bound_kind(5)),
        }
        if matches!(hearing, Hearing::Kept { .. }) {
            self.size += 4 * OBSERVATION_BYTES + told.entry.bytes();
            self.told.push(told.clone());
        }
    }

    /// A source started: whoever waited in it is lost.
    fn restart(&mut self, input: usize, source: Source, time: Timestamp) {
        if self.is_late(time) {
            self.late(input, Department::UNKNOWN);
            return;
        }
        self.hear(time);
        let restarts = self.restarts.get_or_insert_with(|| self.chain.restarts.clone());
        match restarts.insert(source, time) {
            Taken::Repeat => {
                self.repeat(input, Department::UNKNOWN);
                return;
            }
            Taken::New => {}
            Taken::OverBound => self.anomaly(input, bound_kind(2)),
        }
        self.new_restarts.push((source, time));
        self.count(input).applied += 1;
    }
}

/// Finds contacts that are judged again though nothing came of them, as many as a record has room
/// for.
struct Again<'a> {
    chain: &'a Chain,
    settings: &'a Settings,
    /// From this contact on all are judged again since a restart.
    rejudge: Option<ContactId>,
    size: &'a mut usize,
    work: &'a mut Vec<Work>,
}

impl Again<'_> {
    /// Those in which someone waits and has been silent for T.
    fn due(&mut self, wheel: &mut BTreeMap<i32, Vec<ContactId>>, frontier: Timestamp) {
        self.turn(wheel, frontier, |again, id| {
            if let Some(held) = again.chain.held.get(&id).filter(|held| held.is_open()) {
                *again.size += held.bytes() + CONTACT_BYTES;
                again.work.push(Work { id, changed: None, off_the_wheel: true });
            }
        });
    }

    /// Those that nothing can come of any more.
    fn over(
        &mut self,
        wheel: &mut BTreeMap<i32, Vec<ContactId>>,
        watermark: Timestamp,
        gone: &mut Vec<ContactId>,
    ) {
        let mut early = Vec::new();
        self.turn(wheel, watermark, |again, id| {
            let Some(held) = again.chain.held.get(&id).filter(|held| !held.is_open()) else {
                return;
            };
            let over_at = held.held_until(again.settings.holding());
            if over_at >= watermark {
                early.push((over_at.minute() + 1, id));
            } else if again.rejudge.is_some_and(|from| id >= from) {
                // It is judged once more before it is let go.
                *again.size += held.bytes() + CONTACT_BYTES;
                again.work.push(Work { id, changed: None, off_the_wheel: true });
            } else {
                *again.size += 10;
                gone.push(id);
            }
        });
        for (minute, id) in early {
            wheel.entry(minute).or_default().push(id);
        }
    }

    fn turn(
        &mut self,
        wheel: &mut BTreeMap<i32, Vec<ContactId>>,
        time: Timestamp,
        mut each: impl FnMut(&mut Self, ContactId),
    ) {
        while let Some(mut first) = wheel.first_entry()
            && *first.key() <= time.minute()
        {
            while *self.size < self.settings.record_bytes
                && let Some(id) = first.get_mut().pop()
            {
                each(self, id);
            }
            if !first.get().is_empty() {
                return;
            }
            first.remove();
        }
    }

    /// All calls that are held, from the cursor on; gives where to go on. No restart touches what is
    /// no call.
    fn rejudge(&mut self) -> Option<ContactId> {
        let from = self.rejudge?;
        let held = self.chain.held.iter();
        let calls = held.filter(|(id, held)| **id >= from && !held.is_of_no_call());
        let mut ids: Vec<ContactId> = calls.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        for id in ids {
            if *self.size >= self.settings.record_bytes {
                return Some(id);
            }
            let bytes = self.chain.held.get(&id).map_or(0, Packed::bytes);
            *self.size += bytes + CONTACT_BYTES;
            self.work.push(Work { id, changed: None, off_the_wheel: false });
        }
        None
    }
}

/// At the bound the contacts whose last event is oldest go first. Their figures stay as they are.
/// A fiftieth more than needed goes at once, so that the search pays.
fn evict(chain: &Chain, room: usize, work: &[Work], gone: &[ContactId]) -> Vec<ContactId> {
    let held = &chain.held;
    let new = |work: &&Work| work.changed.is_some() && !held.contains_key(&work.id);
    let stay = held.len() - gone.len() + work.iter().filter(new).count();
    if stay <= room {
        return Vec::new();
    }
    let excess = stay - room + room / 50;
    let in_use = |id: &ContactId| {
        work.binary_search_by_key(id, |work| work.id).is_ok() || gone.binary_search(id).is_ok()
    };
    let mut oldest: Vec<(Timestamp, ContactId)> = held
        .iter()
        .filter(|(id, _)| !in_use(id))
        .map(|(id, packed)| (packed.last_time(), *id))
        .collect();
    oldest.sort_unstable();
    oldest.truncate(excess);
    oldest.into_iter().map(|(_, id)| id).collect()
}

#[cfg(test)]
mod tests;

//! From batches of events to commit records and from records to figures; still pure.
//!
//! Each partition gathers events as they come. A commit turns them into a [`Record`]: the changed
//! contacts and what they change in the figures, computed once a contact. The record goes to a
//! ledger and is folded when it is read back; nothing is shown before that, and nothing but the fold
//! changes the figures. Over files and in the demo there is no ledger in between
//! ([`Engine::commit`]); over Kafka an [`instance::Instance`] keeps one.
//!
//! | File | Holds |
//! |---|---|
//! | `partition`, `deltas` | what is gathered, and how it becomes a record |
//! | `record`, `codec`, `names` | a record; its bytes; the chain's own numbers for names |
//! | `fold` | everything that records have made, chain by chain |
//! | [`chain`] | which record of a log counts, for every reader alike |
//! | [`tenure`] | who writes a chain, and when it gives way |
//! | [`instance`] | a whole daemon without its clients: told what happens, says what to do |
//! | [`image`] | the fold as the bytes of a snapshot file |
//! | `audit`, `rebuild` | a chain walked by a sceptic; a chain judged anew |
//! | `follow` | a ledger folded by someone who only reads |
//! | [`history`] | the pictures of earlier days, from a ledger |

pub mod archive;
pub mod audit;
pub mod chain;
mod codec;
mod days;
mod deltas;
pub mod edition;
mod fold;
pub mod follow;
mod heard;
pub mod history;
pub mod image;
mod incident;
pub mod instance;
mod marker;
mod names;
mod partition;
mod reading;
pub mod rebuild;
mod record;
mod restarts;
pub mod tenure;
mod told;
mod watermark;

use std::collections::BTreeMap;

pub use days::{DayQuality, is_kept_by_day};
pub use fold::Quality;
pub use incident::{Incident, IncidentKind};
pub use names::Unreadable;
pub use record::Record;

use crate::config::{self, Config};
use crate::domain::board::Board;
use crate::domain::calendar::{Day, Zone};
use crate::domain::contact::ContactLimits;
use crate::domain::contact::contribution::Hold;
use crate::domain::ids::{Department, Queue};
use crate::domain::kin::Kin;
use crate::domain::rules::{DEFINITIONS, Rules};
use crate::domain::snapshot::{LedgerView, PartitionView, Snapshot};
use crate::domain::tally::Bounds;
use crate::domain::told::{Tellings, latest};
use crate::domain::units::{Millis, Timestamp};
use crate::wire::canonical::{Arrival, Decoder};
use crate::wire::event::Event;
use crate::wire::reject::{Reason, Reject};

use chain::{Envelope, Hash, Head, Kind, RulesVersion};
use fold::Fold;
use partition::{Gathered, Partition, What};

/// What the engine is bounded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// An event older than the watermark less this is late (D).
    pub lateness: Millis,
    /// A waiting stay silent for this long is lost track of (T).
    pub silence: Millis,
    /// Contacts held over all partitions; at the bound the oldest go first.
    pub held_contacts: usize,
    /// Observations kept of one contact.
    pub contact: ContactLimits,
    /// Days for which quarter-hours are kept behind the newest; days are kept for good.
    pub quarter_days: i32,
    /// Agents of one partition that are known at once; reports of others are counted and left out.
    pub agents: usize,
    /// Calls and questions kept for what joins contacts, over all partitions; at the bound the oldest
    /// go first.
    pub joined_entries: usize,
    /// About how many bytes a record may take.
    pub record_bytes: usize,
}

impl Settings {
    /// For how long what is held may still be told of.
    pub fn holding(&self) -> Hold {
        Hold { silence: self.silence, lateness: self.lateness }
    }

    /// For how long, behind its watermark, a partition tells what changes in what joins contacts. A
    /// call is over by then: it may be heard of late by D, and last a day.
    pub(crate) fn telling(&self) -> Millis {
        Millis(self.lateness.0 + Millis::from_hours(24).0)
    }

    /// How long a contact is held after its last observation.
    pub fn hold(&self) -> Millis {
        Millis(self.silence.0 + self.lateness.0)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings::from(&config::Config::default())
    }
}

impl From<&config::Config> for Settings {
    fn from(config: &config::Config) -> Self {
        let limits = &config.limits;
        Settings {
            lateness: Millis::from_hours(i64::from(limits.lateness_hours)),
            silence: Millis::from_hours(i64::from(limits.silence_hours)),
            held_contacts: limits.held_contacts,
            contact: ContactLimits {
                ringing: limits.observations_ringing,
                other: limits.observations_other,
            },
            quarter_days: 62,
            agents: 20_000,
            joined_entries: limits.joined_entries,
            record_bytes: usize::MAX,
        }
    }
}

/// Everything between bytes and figures.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    rules: Rules,
    version: RulesVersion,
    rules_text: String,
    decoder: Decoder,
    display: BTreeMap<String, String>,
    partitions: Vec<Partition>,
    fold: Fold,
    caught_up: bool,
    learned_queues: usize,
    bytes: Vec<u8>,
}

fn limits(rules: &Rules) -> impl Iterator<Item = Millis> + '_ {
    rules.sets().flat_map(|(_, set)| [set.switchboard_limit, set.queue_limit, set.short_abandon])
}

impl Engine {
    /// An engine that has read nothing. `display` gives names for people to department slugs.
    pub fn new(
        settings: Settings,
        rules: Rules,
        decoder: Decoder,
        display: Vec<(String, String)>,
    ) -> Self {
        let bounds = Bounds::new(limits(&rules));
        Engine {
            settings,
            version: RulesVersion { definitions: DEFINITIONS, rules: rules.version() },
            rules,
            rules_text: String::new(),
            decoder,
            display: display.into_iter().collect(),
            partitions: Vec::new(),
            fold: Fold::new(Board::new(bounds, settings.quarter_days)),
            caught_up: false,
            learned_queues: 0,
            bytes: Vec::new(),
        }
    }

    /// Judges by a configuration from now on.
    pub fn set_rules(&mut self, config: &Config) {
        config.add_names(self.decoder.names_mut());
        self.rules = config.rules(self.decoder.names());
        self.rules_text = config.rules_text();
        self.version = RulesVersion { definitions: DEFINITIONS, rules: self.rules.version() };
        self.fold.board_mut().extend_bounds(limits(&self.rules));
        let shown = config.departments().iter();
        self.display = shown.map(|entry| (entry.slug.clone(), entry.name.clone())).collect();
        self.settings.silence = Settings::from(config).silence;
    }

    /// About how many bytes a record may take.
    pub fn set_record_bytes(&mut self, bytes: usize) {
        self.settings.record_bytes = bytes;
    }

    /// What is told of the ledger with every picture.
    pub fn set_ledger(&mut self, ledger: LedgerView) {
        self.fold.ledger = Some(ledger);
    }

    /// Forgets everything that was folded and gathered.
    fn forget(&mut self, config: &Config) {
        *self.decoder.names_mut() = config.names();
        self.set_rules(config);
        let bounds = self.fold.board().bounds().clone();
        self.fold.restore(
            Board::new(bounds, self.settings.quarter_days),
            Vec::new(),
            Kin::default(),
            days::Days::default(),
        );
        self.partitions.iter_mut().for_each(Partition::clear);
    }

    /// The first day with figures that another configuration judges otherwise; `None` if there is
    /// none up to the watermark.
    pub fn first_difference(&self, other: &Config) -> Option<Day> {
        let mut names = self.decoder.names().clone();
        other.add_names(&mut names);
        let theirs = other.rules(&names);
        let first = self.fold.board().cells().days().next().map(|(day, ..)| day)?;
        let last = Zone::stockholm().day_of(self.fold.watermark().or(self.last_event())?);
        first.until(last.next()).find(|day| !self.rules.agrees_on(&theirs, *day, &names))
    }

    /// Keeps every quarter-hour, however old: for a document by quarter-hour or hour over files.
    pub fn keep_all_quarters(&mut self) {
        self.fold.board_mut().keep_all_quarters();
    }

    /// Adds a partition of a topic (or a file) and gives its index.
    pub fn open_partition(&mut self, topic: &str, partition: i32) -> usize {
        self.open_partitions(&[topic.to_owned()], partition)
    }

    /// Adds the partition of this number of several topics, its inputs: a contact may be told of in
    /// all of them. Gives its index.
    pub fn open_partitions(&mut self, topics: &[String], partition: i32) -> usize {
        self.partitions.push(Partition::default());
        self.fold.open_chain(topics, partition);
        self.partitions.len() - 1
    }

    /// Takes in the bytes of one record. What cannot be read is counted by its reason.
    pub fn event(&mut self, partition: usize, offset: i64, bytes: &[u8], arrival: &Arrival) {
        self.event_of(partition, 0, offset, bytes, arrival);
    }

    /// The same, of an input of the partition. Gives the reason if it could not be read.
    pub fn event_of(
        &mut self,
        partition: usize,
        input: usize,
        offset: i64,
        bytes: &[u8],
        arrival: &Arrival,
    ) -> Option<Reason> {
        let what = match self.decoder.decode(bytes, arrival) {
            Ok(decoded) => What::Message(decoded.message, decoded.notes),
            Err(reject) => What::Reject(reject.reason),
        };
        let reason = match &what {
            What::Reject(reason) => Some(*reason),
            What::Message(..) | What::SetAside | What::Incident(_) => None,
        };
        let checksum = crc32fast::hash(bytes);
        self.gather(partition, Gathered { input, offset, checksum, what });
        reason
    }

    /// Takes in an event that an adapter made.
    pub fn message(&mut self, partition: usize, offset: i64, event: &Event<'_>, arrival: &Arrival) {
        let what = match self.decoder.event(event, arrival) {
            Ok(decoded) => What::Message(decoded.message, decoded.notes),
            Err(reason) => What::Reject(reason),
        };
        self.gather(partition, Gathered { input: 0, offset, checksum: 0, what });
    }

    /// Counts a record that could not be read.
    pub fn reject(&mut self, partition: usize, offset: i64, reject: Reject) {
        let what = What::Reject(reject.reason);
        self.gather(partition, Gathered { input: 0, offset, checksum: 0, what });
    }

    /// Counts a record that is known and that no figure is made from.
    pub fn set_aside(&mut self, partition: usize, offset: i64) {
        self.gather(partition, Gathered { input: 0, offset, checksum: 0, what: What::SetAside });
    }

    /// Tells of an incident in an input: reading goes on at `next`.
    pub fn incident(&mut self, partition: usize, next: i64, incident: Incident) {
        let input = usize::from(incident.input);
        let what = What::Incident(incident);
        self.gather(partition, Gathered { input, offset: next - 1, checksum: 0, what });
    }

    fn gather(&mut self, partition: usize, gathered: Gathered) {
        if self.decoder.names().queues.len() != self.learned_queues {
            self.learn_queues();
        }
        self.partitions[partition].gather(gathered);
    }

    /// Where names are open, a queue is a department of its own.
    fn learn_queues(&mut self) {
        let names = self.decoder.names_mut();
        let known = self.learned_queues;
        self.learned_queues = names.queues.len();
        if !names.open {
            return;
        }
        for at in known..names.queues.len() {
            let name = names.queues.name(at as u16).to_owned();
            let department =
                names.departments.intern(&name).map_or(Department::UNKNOWN, Department);
            self.rules.learn_queue(Queue(at as u16), department);
        }
    }

    /// Events taken in since the last commit.
    pub fn gathered(&self) -> usize {
        self.partitions.iter().map(Partition::gathered).sum()
    }

    /// Events of one partition taken in since its last commit.
    pub fn gathered_of(&self, partition: usize) -> usize {
        self.partitions[partition].gathered()
    }

    /// Folds what every partition has gathered, with no ledger in between: figures last as long as
    /// the process. Gives whether anything changed.
    pub fn commit(&mut self) -> bool {
        let mut has_changed = false;
        for at in 0..self.partitions.len() {
            while let Some(record) = self.cut(at, Vec::new(), None) {
                let head = &mut self.fold.chains[at].head;
                head.sequence = record.link.sequence;
                head.version = record.link.version;
                head.positions = record.link.spans.iter().map(|(_, to)| *to).collect();
                self.fold.apply(at, record, &self.settings);
                self.fold.advance(&self.rules);
                self.partitions[at].folded();
                has_changed = true;
                if !self.partitions[at].has_more() {
                    break;
                }
            }
        }
        has_changed
    }

    /// The record of everything that a partition has gathered; `None` if there is nothing to tell.
    fn cut(
        &mut self,
        at: usize,
        incidents: Vec<Incident>,
        until: Option<(usize, i64)>,
    ) -> Option<Record> {
        let room = self.settings.held_contacts / self.partitions.len().max(1);
        let context = partition::Context {
            rules: &self.rules,
            version: self.version,
            rules_text: &self.rules_text,
            bounds: self.fold.board().bounds(),
            settings: &self.settings,
            room: room.max(1),
        };
        self.partitions[at].cut(&self.fold.chains[at], &context, incidents, until)
    }

    /// The next record of a partition's chain, its bytes and its name; `None` if there is nothing
    /// to tell. It goes up to the input and offset of `until`, if that is given. It counts once it has been read back ([`Engine::read_own`]).
    pub fn cut_record(
        &mut self,
        at: usize,
        incidents: Vec<Incident>,
        until: Option<(usize, i64)>,
    ) -> Option<(Record, Vec<u8>, Hash)> {
        let record = self.cut(at, incidents, until)?;
        let chain = &self.fold.chains[at];
        let names = self.decoder.names();
        let (bytes, hash) =
            codec::encode(chain.partition, &record, names, &chain.names, &mut self.bytes);
        Some((record, bytes, hash))
    }

    /// Whether a partition's last record left something over that has to be told at once.
    pub fn has_more(&self, at: usize) -> bool {
        self.partitions[at].has_more()
    }

    /// Forgets what a partition has gathered: another record than its own came first.
    pub fn drop_gathered(&mut self, at: usize) {
        self.partitions[at].clear();
    }

    /// The number of a partition in its topic.
    pub fn partition_number(&self, at: usize) -> i32 {
        self.fold.chains[at].partition
    }

    /// What is judged by.
    pub fn version(&self) -> RulesVersion {
        self.version
    }

    /// The rules as their one canonical text; empty without a configuration.
    pub fn rules_text(&self) -> &str {
        &self.rules_text
    }

    /// Where a chain stands.
    pub fn head(&self, at: usize) -> &Head {
        &self.fold.chains[at].head
    }

    /// Moves a chain on by a valid claim.
    pub fn read_claim(&mut self, at: usize, envelope: &Envelope<'_>) {
        self.fold.chains[at].head.advance(envelope);
    }

    /// Moves a chain on by a valid commit, and folds it. The record itself is given by whoever made
    /// it, so that it need not be read again.
    ///
    /// # Errors
    ///
    /// [`Unreadable`]: the chain stays where it was.
    pub fn read_commit(
        &mut self,
        at: usize,
        envelope: &Envelope<'_>,
        own: Option<Record>,
    ) -> Result<Option<String>, Unreadable> {
        let Kind::Commit(link, content) = &envelope.kind else { return Err(Unreadable::Content) };
        let chain = &mut self.fold.chains[at];
        let names = self.decoder.names_mut();
        let is_own = own.is_some();
        let record = match own {
            Some(record) => {
                codec::learn(content, names, &mut chain.names)?;
                record
            }
            None => codec::decode(link.clone(), content, names, &mut chain.names)?,
        };
        chain.head.advance(envelope);
        let rules = record.rules.clone();
        self.fold.apply(at, record, &self.settings);
        self.fold.advance(&self.rules);
        if is_own {
            self.partitions[at].folded();
        }
        Ok(rules)
    }

    /// Tells that nothing more comes: what has been silent for T by the largest event time is lost
    /// track of. It settles that and moves nothing else.
    pub fn tick(&mut self) {
        self.commit();
        let Some(time) = self.last_event() else { return };
        for at in 0..self.partitions.len() {
            self.settle(at, time);
        }
        self.commit();
    }

    /// Tells that a partition has nothing more by a time of the reader's clock: what has been silent
    /// in it for T by then is lost track of. Should something have been under way all the same, it
    /// is a correction.
    pub fn settle(&mut self, partition: usize, time: Timestamp) {
        self.partitions[partition].tick(time);
    }

    /// Tells how far a partition has been read, and where it ends if that is known.
    pub fn set_position(&mut self, partition: usize, input: usize, end: Option<i64>, next: i64) {
        self.fold.set_lag(partition, input, end.map(|end| (end - next).max(0)));
    }

    /// Tells whether everything that was there at the start is folded.
    pub fn set_caught_up(&mut self, caught_up: bool) {
        self.caught_up = caught_up;
    }

    /// Tells how long committing and folding a number of events took.
    pub fn timed(&mut self, events: usize, seconds: f64) {
        self.fold.timed(events, seconds);
    }

    /// The largest event time that was applied.
    pub fn last_event(&self) -> Option<Timestamp> {
        self.fold.chains.iter().filter_map(|chain| chain.last_event).max()
    }

    /// The board, for documents.
    pub fn board(&self) -> &Board {
        self.fold.board()
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The decoder's names.
    pub fn names(&self) -> &crate::domain::ids::Names {
        self.decoder.names()
    }

    /// A department's name for people; the slug where there is none.
    pub fn display_name<'a>(&'a self, slug: &'a str) -> &'a str {
        self.display.get(slug).map_or(slug, String::as_str)
    }

    /// The latest incidents of every partition, each with the partition's number.
    pub fn incidents(&self) -> impl Iterator<Item = (i32, Incident)> + '_ {
        let of = |chain: &'_ fold::Chain| {
            let partition = chain.partition;
            chain.incidents.iter().map(move |one| (partition, *one)).collect::<Vec<_>>()
        };
        self.fold.chains.iter().flat_map(of)
    }

    /// Whether a partition's chain tells of this incident already, whenever it was found.
    fn has_incident(&self, at: usize, incident: &Incident) -> bool {
        let same = |one: &Incident| Incident { found: incident.found, ..*one } == *incident;
        self.fold.chains[at].incidents.iter().any(same)
    }

    /// What was counted beside the figures.
    pub fn quality(&self) -> Quality {
        self.fold.quality()
    }

    /// What was counted beside the figures in the days from one up to, but not including, another:
    /// of one department, or of all.
    pub fn quality_of(&self, days: (Day, Day), department: Option<Department>) -> DayQuality {
        self.fold.days.of(days, department)
    }

    /// Departments of which something was counted beside the figures in these days.
    pub fn quality_departments(&self, days: (Day, Day)) -> Vec<Department> {
        self.fold.days.departments(days)
    }

    /// What people told.
    pub fn told(&self) -> Tellings {
        self.fold.told()
    }

    /// The views of the partitions.
    pub fn partitions(&self) -> Vec<PartitionView> {
        self.fold.views()
    }

    /// Bytes of held contacts and how many there are.
    pub fn held(&self) -> (usize, usize) {
        self.fold.held_size()
    }

    /// One picture of everything, at the reader's clock.
    pub fn snapshot(&mut self, now: Timestamp) -> Snapshot {
        let names = self.decoder.names();
        let mut snapshot = self.fold.board_mut().snapshot(now, &self.rules, names, &self.display);
        let surveys = latest(self.fold.chains.iter().map(|chain| &chain.told));
        for ((measure, department), result) in surveys {
            let slug = department.map(|department| names.departments.name(department.0));
            snapshot.add_survey(slug, measure, &result);
        }
        snapshot.caught_up = self.caught_up;
        snapshot.stream = self.fold.stream();
        snapshot
    }
}

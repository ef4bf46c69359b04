//! Time, the network between daemons and broker, and what happens to both.

use std::collections::BTreeMap;
use std::sync::Arc;

use svarstid::domain::units::Timestamp;
use svarstid::engine::chain::{self, Hash, Kind, Position};
use svarstid::engine::instance::{Effect, Instance, Pace};
use svarstid::engine::tenure::Patience;
use svarstid::wire::canonical::Arrival;
use svarstid::wire::reject::Reason;

use super::broker::{Broker, Landed, Notice};
use super::chance::Chance;
use super::city::Day;
use super::daemon::{Daemon, Manner, Reading, counters, instance, shown};
use super::faults::{Fault, Faults};

/// Simulated ms between two looks of a daemon at its clients.
const TICK: u64 = 5;
/// Daemons at once.
const MOST: usize = 4;

/// What is under way and arrives at a time.
#[derive(Debug)]
enum Coming {
    /// An append reaches the log.
    Land { from: (usize, u64), partition: usize, bytes: Arc<[u8]> },
    /// The producer gives an append up.
    Fail { to: (usize, u64), partition: usize, hash: Hash },
    /// A reject reaches its topic.
    Reject { from: (usize, u64), partition: usize, offset: i64, reason: Reason },
    /// The brokers tell what an input has.
    Bounds { to: (usize, u64), partition: usize },
}

/// A commit that counts: partition, from, to, when it landed.
pub(super) type Commit = (usize, Position, Position, u64);

pub(super) struct World {
    pub(super) now: u64,
    pub(super) chance: Chance,
    pub(super) faults: Faults,
    pub(super) manner: Manner,
    pub(super) day: Day,
    pub(super) broker: Broker,
    pub(super) daemons: Vec<Daemon>,
    coming: BTreeMap<(u64, u64), Coming>,
    pub(super) serial: u64,
    ledger_down_until: u64,
    /// The newest rules that anybody has.
    newest: usize,
    /// Reads every record of the ledger as it lands, and takes no part.
    pub(super) auditor: Instance,
    /// By partition and offset of the ledger: what is shown behind it.
    history: Vec<Vec<[i64; 8]>>,
    pub(super) commits: Vec<Commit>,
    /// When each reject was in its topic first.
    pub(super) rejected_at: BTreeMap<(usize, i64), u64>,
    /// The input from which something was deleted unread, and up to where.
    pub(super) lost: Option<(usize, i64)>,
    pub(super) protocol: [i64; SEEN.len()],
    quiet_since: u64,
    pub(super) is_traced: bool,
}

/// What the daemons tell of the protocol.
pub(super) const SEEN: [&str; 6] = [
    "partition taken over",
    "record dropped for another's claim",
    "record sent again",
    "chain stalled",
    "record of an ended epoch read",
    "copy read",
];

macro_rules! say {
    ($world:expr, $($said:tt)*) => {
        if $world.is_traced {
            println!("{:>6} {}", $world.now, format_args!($($said)*));
        }
    };
}

pub(super) use say;

impl World {
    pub(super) fn new(seed: u64, is_traced: bool) -> World {
        let mut chance = Chance::new(seed);
        let mut faults = Faults::new(&mut chance);
        let day = Day::new(seed, &mut chance, &mut faults);
        let partitions = day.partitions.len();
        let manner = Manner {
            partitions,
            pace: Pace {
                interval: chance.pick(&[10, 30, 100]),
                idle_interval: chance.pick(&[100, 250]),
                events: chance.pick(&[8, 60, 400]),
            },
            patience: Patience { first_wait: 100, longest_wait: 800, resend: 20, stall: 800 },
            session: 800,
            record_bytes: chance.pick(&[600, 5_000, 900_000, 900_000]),
        };
        let first = chance.between(1, 3) as usize;
        let daemons = (0..MOST).map(|at| {
            let starts_at = (at < first).then(|| chance.pick(&[0, 10, 500]));
            Daemon::new(at, starts_at)
        });
        World {
            now: 0,
            daemons: daemons.collect(),
            faults,
            manner,
            broker: Broker::new(day.partitions.clone()),
            auditor: instance(&manner, &day.configs()[0], 0),
            day,
            chance,
            coming: BTreeMap::new(),
            serial: 0,
            ledger_down_until: 0,
            newest: 0,
            history: vec![Vec::new(); partitions],
            commits: Vec::new(),
            rejected_at: BTreeMap::new(),
            lost: None,
            protocol: [0; SEEN.len()],
            quiet_since: 0,
            is_traced,
        }
    }

    /// Lives through the day and then until nothing is left to do.
    pub(super) fn run(&mut self) {
        say!(self, "{:?}", self.manner);
        let trouble = self.day.length + self.chance.between(0, 2_000);
        while self.now < trouble {
            self.step();
        }
        self.calm();
        while !self.is_settled() {
            self.step();
            assert!(self.now < trouble + 60_000, "it does not come to an end");
        }
    }

    fn step(&mut self) {
        self.now += TICK;
        while let Some(first) = self.coming.first_entry()
            && first.key().0 <= self.now
        {
            let coming = first.remove();
            self.arrive(coming);
        }
        let out = self.broker.group.step(self.now, self.manner.session);
        for _ in 0..out {
            self.faults.count(Fault::Expired);
            say!(self, "group: somebody is thrown out");
        }
        self.trouble_broker();
        for at in 0..self.daemons.len() {
            let mut daemon = std::mem::take(&mut self.daemons[at]);
            self.trouble(&mut daemon);
            self.serve(&mut daemon);
            self.daemons[at] = daemon;
        }
    }

    fn send(&mut self, at: u64, coming: Coming) {
        self.serial += 1;
        self.coming.insert((at, self.serial), coming);
    }

    fn arrive(&mut self, coming: Coming) {
        match coming {
            Coming::Land { from: (number, life), partition, bytes } => {
                if self.ledger_down_until > self.now {
                    let again = self.ledger_down_until + self.chance.between(0, 50);
                    return self
                        .send(again, Coming::Land { from: (number, life), partition, bytes });
                }
                let daemon = &self.daemons[number];
                if daemon.life != life || daemon.instance.is_none() {
                    self.faults.count(Fault::LandedAfterDeath);
                }
                self.land(partition, bytes);
            }
            Coming::Fail { to: (number, life), partition, hash } => {
                let now = self.now;
                let daemon = &mut self.daemons[number];
                if daemon.life == life
                    && let Some(instance) = &mut daemon.instance
                {
                    say!(self, "{number}: append {hash} failed");
                    instance.failed(partition, hash, now);
                }
            }
            Coming::Bounds { to: (number, life), partition } => {
                let bounds = vec![self.broker.bounds(partition, self.now)];
                let found = self.day.clock(self.now);
                let mut daemon = std::mem::take(&mut self.daemons[number]);
                if daemon.life == life
                    && let Some(instance) = &mut daemon.instance
                {
                    instance.bounds(partition, bounds, found);
                    self.act(&mut daemon);
                }
                self.daemons[number] = daemon;
            }
            Coming::Reject { from: (number, life), partition, offset, reason } => {
                let is_alive = self.daemons[number].life == life;
                let is_lost = self.faults.strikes(Fault::RejectLost, &mut self.chance);
                let is_there =
                    self.ledger_down_until <= self.now && !(is_lost && self.chance.permille(500));
                if is_there && (is_alive || self.chance.permille(500)) {
                    self.broker.rejects.insert((partition, offset, reason.name()));
                    self.rejected_at.entry((partition, offset)).or_insert(self.now);
                }
                if !is_alive {
                    return;
                }
                if is_lost || !is_there {
                    let again = self.now + 100;
                    return self.send(
                        again,
                        Coming::Reject { from: (number, life), partition, offset, reason },
                    );
                }
                if let Some(instance) = &mut self.daemons[number].instance {
                    instance.rejected(partition, 0, offset);
                }
            }
        }
    }

    /// A record is in the log.
    fn land(&mut self, partition: usize, bytes: Arc<[u8]>) {
        let offset = self.broker.ledger[partition].len() as i64;
        let before = self.auditor.engine().head(partition).clone();
        let found = self.day.clock(self.now);
        self.auditor.ledger(partition, offset, &bytes, self.now, found);
        for effect in self.auditor.effects() {
            if let Effect::Fatal(said) = effect {
                panic!("the ledger cannot be followed: {said}");
            }
        }
        let head = self.auditor.engine().head(partition);
        let is_valid = head.sequence != before.sequence;
        if is_valid
            && let Ok(envelope) = chain::open(&bytes)
            && let Kind::Commit(link, _) = envelope.kind
        {
            for (from, to) in link.spans {
                self.commits.push((partition, from, to, self.now));
            }
        }
        if self.is_traced {
            let what = describe(&bytes);
            say!(
                self,
                "    ledger {partition}/{offset}: {what}{}",
                if is_valid { "" } else { " (does not count)" }
            );
        }
        let views = self.auditor.engine().partitions();
        self.history[partition].push(shown(&views[partition]));
        self.broker.ledger[partition].push(Landed { at: self.now, bytes });
        self.quiet_since = self.now;
    }

    fn trouble_broker(&mut self) {
        let chance = &mut self.chance;
        if self.faults.strikes_rarely(Fault::LedgerDown, 40, chance) {
            self.ledger_down_until = self.now + chance.between(20, 1_500);
            say!(self, "the ledger is away until {}", self.ledger_down_until);
        }
        if self.faults.strikes_rarely(Fault::Joined, 40, &mut self.chance)
            && let Some(daemon) = self
                .daemons
                .iter_mut()
                .find(|daemon| daemon.instance.is_none() && daemon.starts_at.is_none())
        {
            daemon.starts_at = Some(self.now);
        }
        if self.newest + 1 < self.day.configs().len()
            && self.faults.strikes_rarely(Fault::Upgraded, 40, &mut self.chance)
        {
            self.newest += 1;
        }
        if self.faults.strikes_rarely(Fault::Foreign, 20, &mut self.chance) {
            self.put_foreign_bytes();
        }
        if self.lost.is_none() && self.faults.is_given_to(Fault::LostRange) && !self.faults.is_calm
        {
            let partition = self.chance.below(self.manner.partitions);
            let (_, high) = self.broker.bounds(partition, self.now);
            let next = self.auditor.engine().head(partition).position(0).next;
            let is_time = self.chance.permille(5);
            if is_time && next >= 0 && next < high {
                let low = next + self.chance.between(1, (high - next) as u64) as i64;
                self.broker.lows[partition] = low;
                self.lost = Some((partition, low));
                self.faults.count(Fault::LostRange);
                say!(self, "input {partition} is deleted up to {low}; the ledger is at {next}");
            }
        }
    }

    fn put_foreign_bytes(&mut self) {
        let partition = self.chance.below(self.manner.partitions);
        let from = self.chance.below(self.manner.partitions);
        let log = &self.broker.ledger[from];
        if log.is_empty() {
            return;
        }
        let mut bytes = log[self.chance.below(log.len())].bytes.to_vec();
        match self.chance.below(4) {
            0 => {
                let at = self.chance.below(bytes.len());
                bytes[at] ^= 1 << self.chance.below(8);
            }
            1 => bytes.truncate(self.chance.below(bytes.len())),
            // An old record once more, or one of another partition.
            _ => {}
        }
        self.land(partition, bytes.into());
    }

    fn trouble(&mut self, daemon: &mut Daemon) {
        let now = self.now;
        let chance = &mut self.chance;
        let faults = &mut self.faults;
        let number = daemon.number;
        if daemon.instance.is_none() {
            return;
        }
        if faults.strikes_rarely(Fault::Crashed, 60, chance) {
            say!(self, "{number}: crashes");
            let starts_at =
                (self.chance.permille(800)).then(|| now + self.chance.between(20, 2_000));
            self.collect(daemon);
            daemon.end(starts_at);
            return;
        }
        if daemon.paused_until <= now && faults.strikes_rarely(Fault::Paused, 60, chance) {
            daemon.paused_until = now + self.manner.session + chance.between(0, 1_500);
            say!(self, "{number}: stands still until {}", daemon.paused_until);
        }
        if daemon.cut_off_until <= now && faults.strikes_rarely(Fault::CutOff, 60, chance) {
            daemon.cut_off_until = now + chance.between(100, 2_500);
            say!(self, "{number}: does not reach the group until {}", daemon.cut_off_until);
        }
        if daemon.leaves_by.is_none() && faults.strikes_rarely(Fault::Stopped, 60, chance) {
            self.stop(daemon);
        }
        let partition = self.chance.below(daemon.lags.len());
        if self.faults.strikes_rarely(Fault::TailLags, 10, &mut self.chance) {
            daemon.lags[partition] = self.chance.pick(&[0, 50, 400, 1_200]);
        }
    }

    fn stop(&mut self, daemon: &mut Daemon) {
        say!(self, "{}: is stopped", daemon.number);
        daemon.leaves_by = Some(self.now + 1_500);
        for partition in daemon.held.clone() {
            if let Some(instance) = &mut daemon.instance {
                instance.revoked(partition);
            }
        }
    }

    /// Adds what the daemon has seen before it is gone.
    fn collect(&mut self, daemon: &Daemon) {
        let Some(instance) = &daemon.instance else { return };
        let seen = instance.seen();
        let seen =
            [seen.taken_over, seen.dropped, seen.resent, seen.stalled, seen.stale, seen.passed];
        for (sum, count) in self.protocol.iter_mut().zip(seen) {
            *sum += count;
        }
    }

    /// One look of a daemon at its clients.
    fn serve(&mut self, daemon: &mut Daemon) {
        if daemon.starts_at.is_some_and(|at| at <= self.now) {
            self.start(daemon);
        }
        if daemon.instance.is_none() || daemon.paused_until > self.now {
            return;
        }
        let mut turns = [0, 1, 2, 3];
        for at in 1..turns.len() {
            turns.swap(at, self.chance.below(at + 1));
        }
        for turn in turns {
            match turn {
                0 => self.tail(daemon),
                1 => self.read(daemon),
                2 => self.advance(daemon),
                _ => self.attend(daemon),
            }
            if daemon.instance.is_none() {
                return;
            }
        }
        if self.chance.permille(if self.is_traced { 200 } else { 100 }) {
            self.look_at_partitions(daemon);
        }
        if self.chance.permille(4) {
            self.look_at_counters(daemon);
        }
        if self.faults.is_given_to(Fault::SnapshotTaken) && self.chance.permille(10) {
            self.write_snapshot(daemon);
        }
    }

    fn start(&mut self, daemon: &mut Daemon) {
        if daemon.life > 0 {
            self.faults.count(Fault::Restarted);
        }
        let takes_newest = self.chance.permille(600);
        if takes_newest {
            daemon.version = self.newest;
        }
        daemon.clock_error =
            match self.faults.strikes_rarely(Fault::ClockWrong, 1, &mut self.chance) {
                true => self.chance.between(0, 20 * 3_600_000) as i64 - 10 * 3_600_000,
                false => 0,
            };
        let ends = self.broker.ledger.iter().map(|log| log.len() as i64).collect();
        let identity = self.chance.next();
        say!(self, "{}: starts with rules {}", daemon.number, daemon.version + 1);
        daemon.start(&self.manner, &self.day.configs()[daemon.version], identity, ends);
        if self.faults.is_given_to(Fault::SnapshotTaken) {
            self.restore(daemon);
        }
    }

    fn clock(&self, daemon: &Daemon) -> Timestamp {
        Timestamp(self.day.clock(self.now).0 + daemon.clock_error)
    }

    /// Reads the ledger on.
    fn tail(&mut self, daemon: &mut Daemon) {
        let found = self.clock(daemon);
        let first = self.chance.below(self.manner.partitions);
        for turn in 0..self.manner.partitions {
            let partition = (first + turn) % self.manner.partitions;
            let mut most = self.chance.between(0, 40);
            while most > 0
                && let Some(instance) = &mut daemon.instance
            {
                let next = instance.ledger_next(partition);
                let Some(landed) = self.broker.ledger[partition].get(next as usize) else { break };
                if landed.at + daemon.lags[partition] > self.now {
                    break;
                }
                instance.ledger(partition, next, &landed.bytes, self.now, found);
                self.act(daemon);
                most -= 1;
            }
        }
    }

    /// Reads the inputs on.
    fn read(&mut self, daemon: &mut Daemon) {
        let found = self.clock(daemon);
        for partition in 0..self.manner.partitions {
            let Some(reading) = &mut daemon.readings[partition] else { continue };
            if reading.is_paused || reading.not_before > self.now {
                continue;
            }
            if self.faults.strikes(Fault::InputSlow, &mut self.chance) {
                reading.not_before = self.now + self.chance.between(10, 800);
                continue;
            }
            let (low, high) = self.broker.bounds(partition, self.now);
            let mut most = self.chance.pick(&[1, 10, 200]);
            while most > 0
                && let Some(reading) = &mut daemon.readings[partition]
                && let Some(instance) = &mut daemon.instance
                && !reading.is_paused
                && reading.next < high
            {
                most -= 1;
                let offset = reading.next;
                if offset < low {
                    reading.next = low;
                    say!(self, "{}: input {partition} is out of range at {offset}", daemon.number);
                    instance.lost_range(partition, 0, low, found);
                } else {
                    reading.next += 1;
                    let bytes = &self.broker.inputs[partition][offset as usize].bytes;
                    instance.event(partition, 0, offset, bytes, &Arrival::default(), found);
                }
                self.act(daemon);
            }
            self.settle(daemon, partition, high);
        }
    }

    /// Nothing more is there by the daemon's clock.
    fn settle(&mut self, daemon: &mut Daemon, partition: usize, high: i64) {
        let clock = match self.faults.is_calm {
            true => self.day.end(),
            false => self.clock(daemon),
        };
        let is_at_end = daemon.readings[partition].is_some_and(|reading| reading.next >= high);
        let is_whole = high == self.broker.inputs[partition].len() as i64;
        let is_time = if self.faults.is_calm { is_whole } else { self.chance.permille(50) };
        if let Some(instance) = &mut daemon.instance
            && instance.is_owning(partition)
            && is_at_end
            && is_time
        {
            instance.engine_mut().settle(partition, clock);
        }
    }

    fn advance(&mut self, daemon: &mut Daemon) {
        if (self.now / TICK).is_multiple_of(16) {
            self.publish(daemon);
        }
        if let Some(instance) = &mut daemon.instance {
            instance.advance(self.now);
        }
        self.act(daemon);
    }

    /// Talks with the group.
    fn attend(&mut self, daemon: &mut Daemon) {
        if daemon.leaves_by.is_some_and(|by| daemon.held.is_empty() || by <= self.now) {
            if let Some(member) = daemon.member
                && daemon.cut_off_until <= self.now
            {
                self.broker.group.leave(member);
            }
            say!(self, "{}: has left", daemon.number);
            self.collect(daemon);
            let starts_at =
                (!self.faults.is_calm).then(|| self.now + self.chance.between(20, 1_000));
            return daemon.end(starts_at);
        }
        if daemon.cut_off_until > self.now {
            return;
        }
        let is_caught_up = daemon.is_caught_up();
        let Some(instance) = &mut daemon.instance else { return };
        let Some(member) = daemon.member else {
            if daemon.leaves_by.is_none() && is_caught_up && self.chance.permille(200) {
                let fits = instance.check_rules();
                assert!(fits.is_ok(), "{}: {fits:?}", daemon.number);
                daemon.member = Some(self.broker.group.join(self.now));
                say!(self, "{}: joins", daemon.number);
            }
            return;
        };
        if !self.broker.group.hear(member, self.now) {
            say!(self, "{}: learns that it was thrown out", daemon.number);
            for partition in &daemon.held {
                instance.lost(*partition);
            }
            let leaves_by = daemon.leaves_by;
            daemon.forget_group();
            daemon.leaves_by = leaves_by;
            return self.act(daemon);
        }
        for partition in std::mem::take(&mut daemon.to_give_back) {
            self.broker.group.give_back(member, partition);
        }
        if daemon.leaves_by.is_some() || !self.chance.permille(300) {
            return;
        }
        match self.broker.group.notice(member) {
            Some(Notice::Assign(partition)) => {
                say!(self, "{}: is given {partition}", daemon.number);
                let bounds = vec![self.broker.bounds(partition, self.now)];
                daemon.held.insert(partition);
                instance.assigned(partition, bounds, self.now);
            }
            Some(Notice::Revoke(partition)) => {
                say!(self, "{}: shall give {partition} back", daemon.number);
                instance.revoked(partition);
            }
            None => {}
        }
        self.act(daemon);
    }

    /// Does what the program wants.
    fn act(&mut self, daemon: &mut Daemon) {
        let Some(instance) = &mut daemon.instance else { return };
        let number = daemon.number;
        for effect in instance.effects() {
            match effect {
                Effect::Append { partition, hash, bytes } => {
                    self.append(daemon, partition, hash, bytes);
                }
                Effect::Reject { partition, input: _, offset, length: _, reason } => {
                    let at = self.now + self.chance.between(0, 60);
                    let from = (number, daemon.life);
                    self.send(at, Coming::Reject { from, partition, offset, reason });
                }
                Effect::Read { partition, offsets } => {
                    say!(self, "{number}: reads input {partition} from {offsets:?}");
                    let not_before = self.now + self.chance.between(0, 30);
                    daemon.readings[partition] =
                        Some(Reading { next: offsets[0], is_paused: false, not_before });
                }
                Effect::Bounds { partition } => {
                    let at = self.now + self.chance.between(0, 300);
                    self.send(at, Coming::Bounds { to: (number, daemon.life), partition });
                }
                Effect::Pause { partition, is_paused } => {
                    if let Some(reading) = &mut daemon.readings[partition] {
                        reading.is_paused = is_paused;
                    }
                }
                Effect::Release { partition } => {
                    say!(self, "{number}: gives {partition} back");
                    daemon.held.remove(&partition);
                    daemon.readings[partition] = None;
                    daemon.to_give_back.push(partition);
                }
                Effect::Gauge { .. } => {}
                Effect::Notice(said) => say!(self, "{number}: {said}"),
                Effect::Fatal(said) => panic!("{number} gives up: {said}"),
            }
        }
    }

    fn append(&mut self, daemon: &mut Daemon, partition: usize, hash: Hash, bytes: Arc<[u8]>) {
        let chance = &mut self.chance;
        let faults = &mut self.faults;
        let from = (daemon.number, daemon.life);
        let connection = &mut daemon.connection[partition];
        let mut land = (self.now + chance.pick(&[0, 5, 5, 30])).max(*connection);
        let told = land + chance.between(0, 60);
        let mut fails = None;
        let mut copies = 1;
        if faults.strikes(Fault::AppendLost, chance) {
            (copies, fails) = (0, Some(told));
        } else if faults.strikes(Fault::AppendUntold, chance) {
            copies = 0;
        } else if faults.strikes(Fault::AnswerLost, chance) {
            fails = Some(told);
        } else if faults.strikes(Fault::FailedFirst, chance) {
            // It hangs in a connection that is given up, and gets through all the same.
            fails = Some(told);
            land += chance.between(1, 2_500);
        } else if faults.strikes(Fault::AppendTwice, chance) {
            copies = 2;
        }
        if fails.is_none_or(|at| at > land) {
            *connection = land;
        }
        say!(
            self,
            "{}: appends {} to {partition}{}",
            daemon.number,
            describe(&bytes),
            if copies == 0 { ", in vain" } else { "" }
        );
        for _ in 0..copies {
            self.send(land, Coming::Land { from, partition, bytes: Arc::clone(&bytes) });
            land += self.chance.pick(&[0, 20, 700]);
        }
        if let Some(at) = fails {
            self.send(at, Coming::Fail { to: from, partition, hash });
        }
    }

    /// What is shown is what the ledger holds up to where it was read, no more and no less.
    pub(super) fn look_at_partitions(&self, daemon: &Daemon) {
        let Some(instance) = &daemon.instance else { return };
        for (partition, view) in instance.engine().partitions().iter().enumerate() {
            let next = instance.ledger_next(partition) as usize;
            let expected = match next {
                0 => [0, 0, 0, 0, 0, 0, -1, -1],
                next => self.history[partition][next - 1],
            };
            assert_eq!(
                shown(view),
                expected,
                "{} shows of partition {partition} (left) what the ledger does not hold up to {next}",
                daemon.number
            );
        }
    }

    /// No exported counter ever goes down, over all lives of a daemon.
    pub(super) fn look_at_counters(&self, daemon: &mut Daemon) {
        if !daemon.is_caught_up() {
            return;
        }
        let clock = self.clock(daemon);
        let Some(instance) = &mut daemon.instance else { return };
        for (name, count) in counters(&instance.engine_mut().snapshot(clock)) {
            let highest = daemon.exported.entry(name.clone()).or_insert(0);
            assert!(
                count >= *highest,
                "{}: {name:?} went from {highest} to {count}",
                daemon.number
            );
            *highest = count;
        }
    }

    /// Nothing goes wrong any more.
    fn calm(&mut self) {
        say!(self, "it is calm");
        self.faults.is_calm = true;
        self.ledger_down_until = 0;
        for daemon in &mut self.daemons {
            daemon.paused_until = 0;
            daemon.cut_off_until = 0;
            daemon.lags.fill(0);
            for reading in daemon.readings.iter_mut().flatten() {
                reading.not_before = 0;
            }
        }
        // Everybody shall have been told that nothing more comes.
        self.quiet_since = self.now;
        let is_any = |daemon: &Daemon| daemon.instance.is_some() && daemon.leaves_by.is_none();
        if !self.daemons.iter().any(|daemon| is_any(daemon) || daemon.starts_at.is_some()) {
            let at = self.chance.below(MOST);
            self.daemons[at].leaves_by = None;
            if self.daemons[at].instance.is_none() {
                self.daemons[at].starts_at = Some(self.now);
            }
        }
    }

    /// Whether everything is folded everywhere, and has been for a while.
    fn is_settled(&mut self) -> bool {
        let is_done = self.coming.is_empty()
            && self.daemons.iter().all(|daemon| daemon.starts_at.is_none())
            && (0..self.manner.partitions).all(|at| self.is_owned_and_read(at))
            && self.daemons.iter().filter_map(|daemon| daemon.instance.as_ref()).all(|instance| {
                !instance.is_busy()
                    && (0..self.manner.partitions)
                        .all(|at| instance.ledger_next(at) == self.broker.ledger[at].len() as i64)
            });
        if !is_done {
            self.quiet_since = self.now;
            return false;
        }
        self.now > self.quiet_since + 400 && self.is_of_one_version()
    }

    fn is_owned_and_read(&self, partition: usize) -> bool {
        let owner = self.broker.group.owner(partition);
        let end = self.broker.inputs[partition].len() as i64;
        let is_read = self.auditor.engine().head(partition).position(0).next.max(0) == end;
        is_read
            && self.daemons.iter().any(|daemon| {
                daemon.member.is_some()
                    && daemon.member == owner
                    && daemon.instance.as_ref().is_some_and(|one| one.is_owning(partition))
            })
    }

    /// Newer rules reach the ledger with the first partition of whoever has them; so the oldest
    /// go, one by one.
    fn is_of_one_version(&mut self) -> bool {
        let version = |daemon: &Daemon| Some(daemon.instance.as_ref()?.engine().version());
        let oldest = self.daemons.iter().filter_map(version).min();
        let newest = self.daemons.iter().filter_map(version).max();
        if oldest == newest {
            return true;
        }
        let at = self.daemons.iter().position(|daemon| version(daemon) == oldest);
        let at = at.expect("the oldest is one of them");
        if self.daemons[at].leaves_by.is_none() {
            let mut daemon = std::mem::take(&mut self.daemons[at]);
            self.stop(&mut daemon);
            self.daemons[at] = daemon;
        }
        false
    }

    pub(super) fn finish(&mut self) {
        for at in 0..self.daemons.len() {
            let daemon = std::mem::take(&mut self.daemons[at]);
            self.collect(&daemon);
            self.daemons[at] = daemon;
        }
    }
}

fn describe(bytes: &[u8]) -> String {
    match chain::open(bytes) {
        Err(error) => error.to_string(),
        Ok(envelope) => match envelope.kind {
            Kind::Claim(claim) => {
                format!(
                    "claim {} by {:04x}, ends {}",
                    envelope.hash,
                    claim.instance % 65_536,
                    claim.ends
                )
            }
            Kind::Commit(link, _) => {
                let spans: Vec<_> =
                    link.spans.iter().map(|(from, to)| (from.next, to.next)).collect();
                format!("commit {} {}.{} of {spans:?}", envelope.hash, link.epoch, link.sequence)
            }
        },
    }
}

//! One partition, a few instances, a network that loses and repeats: states and the steps between
//! them.

use hashbrown::HashSet;
use svarstid::engine::chain::Verdict;
use svarstid::engine::tenure::{Meaning, Patience, Tenure};

use super::tables::{FoldId, LogId, RecordId, Tables, TenureId, What};

/// Instances at most.
const MEMBERS: usize = 3;
/// Copies on the network at most; a step that needs room for more is not taken.
const IN_FLIGHT: usize = 6;

/// Waits are steps of the search and take no time.
const PATIENCE: Patience = Patience { first_wait: 0, longest_wait: 0, resend: 0, stall: 0 };
const NOW: u64 = 0;

/// How large a world is. Each number bounds how often something happens on one path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Instances.
    pub(super) members: u8,
    /// Offsets of the input.
    pub(super) input: u8,
    /// Records that land.
    pub(super) log: u8,
    /// Claims that are made.
    pub(super) claims: u8,
    /// How often the group gives the partition to somebody.
    pub(super) assigns: u8,
    /// How often the group asks for it back.
    pub(super) drains: u8,
    /// Instances that crash.
    pub(super) crashes: u8,
    /// Copies beside the first of a record: sent again, or repeated by the network.
    pub(super) copies: u8,
    /// Records that the brokers lose after they landed: an unclean election.
    pub(super) cuts: u8,
    /// Whether to leave out what changes nothing for anybody, so that the rest may be larger. The
    /// worlds that do not leave it out are there to show that it changes nothing.
    pub(super) is_terse: bool,
}

/// An instance's part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Member {
    tenure: TenureId,
    fold: FoldId,
    /// Records of the log that it has read.
    read: u8,
    /// The offset that it gathers next.
    next: u8,
    /// Tells its runs apart.
    run: u8,
    attempts: u8,
    /// It has read what the brokers lost afterwards.
    is_astray: bool,
}

/// Where a world stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    log: LogId,
    members: [Member; MEMBERS],
    /// Copies on the network, in order; 0 is none.
    in_flight: [RecordId; IN_FLIGHT],
    /// To whom the group gives the partition.
    group: Option<u8>,
    /// Instances that had it so far; the others are alike.
    known: u8,
    claims: u8,
    assigns: u8,
    drains: u8,
    crashes: u8,
    copies: u8,
    cuts: u8,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Assign(u8),
    TakeAway(u8),
    LearnLoss(u8),
    Drain(u8),
    Release(u8),
    Crash(u8),
    Claim(u8, RecordId),
    Commit(u8, RecordId),
    Resend(u8, RecordId),
    GiveUp(u8),
    Read(u8, RecordId),
    Land(RecordId),
    Repeat(RecordId),
    Cut(RecordId),
}

impl Step {
    /// All kinds of steps.
    pub(super) const KINDS: [&str; 14] = [
        "assign",
        "take away",
        "learn of the loss",
        "drain",
        "release",
        "crash",
        "claim",
        "commit",
        "fail and send again",
        "give up",
        "read",
        "land",
        "land and repeat",
        "cut",
    ];

    /// The index of its kind.
    pub(super) fn kind(self) -> usize {
        match self {
            Step::Assign(_) => 0,
            Step::TakeAway(_) => 1,
            Step::LearnLoss(_) => 2,
            Step::Drain(_) => 3,
            Step::Release(_) => 4,
            Step::Crash(_) => 5,
            Step::Claim(..) => 6,
            Step::Commit(..) => 7,
            Step::Resend(..) => 8,
            Step::GiveUp(_) => 9,
            Step::Read(..) => 10,
            Step::Land(_) => 11,
            Step::Repeat(_) => 12,
            Step::Cut(_) => 13,
        }
    }
}

/// A state that follows, and what is wrong with it.
pub(super) struct Next {
    pub(super) step: Step,
    pub(super) state: State,
    pub(super) fault: Option<String>,
}

/// A world of some size.
pub(super) struct World {
    pub(super) limits: Limits,
    pub(super) tables: Tables,
    continued: HashSet<(LogId, Member, [RecordId; IN_FLIGHT])>,
}

impl World {
    pub(super) fn new(limits: Limits) -> World {
        assert!(usize::from(limits.members) <= MEMBERS);
        // What is late now may be in time after a cut.
        assert!(limits.cuts == 0 || !limits.is_terse);
        World { limits, tables: Tables::new(limits.cuts > 0), continued: HashSet::new() }
    }

    /// Nobody has the partition and the log is empty.
    pub(super) fn start(&self) -> State {
        let mut members = [Member::default(); MEMBERS];
        (0..).zip(&mut members).for_each(|(run, member)| member.run = run);
        let Limits { claims, assigns, drains, crashes, copies, cuts, .. } = self.limits;
        State {
            log: 0,
            members,
            in_flight: [0; IN_FLIGHT],
            group: None,
            known: 0,
            claims,
            assigns,
            drains,
            crashes,
            copies,
            cuts,
        }
    }

    /// All that can happen next.
    pub(super) fn follow(&mut self, state: &State, out: &mut Vec<Next>) {
        for at in 0..self.limits.members {
            self.group_steps(state, at, out);
            self.member_steps(state, at, out);
        }
        self.network_steps(state, out);
    }

    fn group_steps(&mut self, state: &State, at: u8, out: &mut Vec<Next>) {
        let member = state.members[usize::from(at)];
        let tenure = self.tables.tenures.get(member.tenure).clone();
        // Who is given the partition anew forgets what it was at, told of the loss or not. So the
        // terse group takes from one and gives to the next at once.
        let is_free = state.group.is_none() && !tenure.is_assigned();
        if (is_free || self.limits.is_terse) && state.assigns > 0 && at <= state.known {
            let mut next = *state;
            next.group = Some(at);
            next.assigns -= 1;
            next.known = next.known.max(at + 1);
            self.change(&mut next, at, |tenure| tenure.assign(NOW, &PATIENCE));
            self.push(Step::Assign(at), next, out);
        }
        if state.group == Some(at) {
            // It is not told: it may be paused, or cut off.
            if !self.limits.is_terse {
                self.push(Step::TakeAway(at), State { group: None, ..*state }, out);
            }
            if !tenure.is_draining() && state.drains > 0 {
                let mut next = State { drains: state.drains - 1, ..*state };
                self.change(&mut next, at, Tenure::drain);
                self.push(Step::Drain(at), next, out);
            }
        }
        if tenure.is_assigned() && state.group != Some(at) && !self.limits.is_terse {
            let mut next = *state;
            self.change(&mut next, at, Tenure::release);
            self.push(Step::LearnLoss(at), next, out);
        }
        if tenure.is_draining() && (!tenure.is_owning() || tenure.may_commit()) {
            let mut next = *state;
            next.group = next.group.filter(|&to| to != at);
            self.change(&mut next, at, Tenure::release);
            self.push(Step::Release(at), next, out);
        }
        let is_running = tenure.is_assigned() || member.read > 0;
        if is_running && state.crashes > 0 {
            let mut next = *state;
            next.crashes -= 1;
            next.group = next.group.filter(|&to| to != at);
            let run = member.run + MEMBERS as u8;
            next.members[usize::from(at)] = Member { run, ..Member::default() };
            self.push(Step::Crash(at), next, out);
        }
    }

    fn member_steps(&mut self, state: &State, at: u8, out: &mut Vec<Next>) {
        let member = state.members[usize::from(at)];
        let tenure = self.tables.tenures.get(member.tenure).clone();
        // Who is not assigned reads as well; that changes nothing for anybody, so it may be as late
        // as after the next assignment.
        let log = &self.tables.logs.get(state.log).records;
        if let Some(&record) = log.get(usize::from(member.read))
            && tenure.is_assigned()
        {
            let mut next = *state;
            next.members[usize::from(at)] = self.read(member, record);
            self.push(Step::Read(at, record), next, out);
        }
        if tenure.wants_claim(NOW) && state.claims > 0 {
            let (after, record) = self.claim(member);
            let mut next = *state;
            next.members[usize::from(at)] = after;
            next.claims -= 1;
            if next.send(record) {
                self.push(Step::Claim(at, record), next, out);
            }
        }
        if tenure.may_commit() {
            self.is_alone(state, member);
            let last = self.limits.input.min(member.next + 2);
            for until in member.next + 1..=last {
                let (after, record) = self.commit(member, until);
                let mut next = *state;
                next.members[usize::from(at)] = after;
                if next.send(record) {
                    self.push(Step::Commit(at, record), next, out);
                }
            }
        }
        if let Some(hash) = tenure.in_flight() {
            let record = self.tables.named(hash);
            if state.copies > 0 {
                // Nothing that can come between the two makes a difference.
                let mut next = State { copies: state.copies - 1, ..*state };
                let mut again = None;
                self.change(&mut next, at, |tenure| {
                    tenure.failed(hash, NOW, &PATIENCE);
                    again = tenure.resend(NOW);
                });
                if again.is_none_or(|(hash, _)| next.send(self.tables.named(hash))) {
                    self.push(Step::Resend(at, record), next, out);
                }
            }
            let mut next = *state;
            self.change(&mut next, at, |tenure| tenure.give_up(NOW));
            self.push(Step::GiveUp(at), next, out);
        }
    }

    /// A copy that is lost is one that never lands.
    fn network_steps(&mut self, state: &State, out: &mut Vec<Next>) {
        let log = self.tables.logs.get(state.log);
        let is_room = log.records.len() < usize::from(self.limits.log);
        let last = log.records.last().copied();
        for (index, &record) in state.in_flight.iter().enumerate() {
            if record == 0 || (index > 0 && state.in_flight[index - 1] == record) {
                continue;
            }
            if is_room {
                let mut rest = *state;
                rest.in_flight[index] = 0;
                rest.in_flight.sort_unstable();
                let log = self.tables.append(state.log, record);
                self.push(Step::Land(record), State { log, ..rest }, out);
                if state.copies > 0 {
                    let copies = state.copies - 1;
                    self.push(Step::Repeat(record), State { log, copies, ..*state }, out);
                }
            }
        }
        if let Some(record) = last
            && state.cuts > 0
        {
            let log = self.tables.cut(state.log);
            let left = self.tables.logs.get(log).records.len();
            let mut next = State { log, cuts: state.cuts - 1, ..*state };
            for member in &mut next.members {
                member.is_astray |= usize::from(member.read) > left;
            }
            self.push(Step::Cut(record), next, out);
        }
    }

    fn change(&mut self, state: &mut State, at: u8, step: impl FnOnce(&mut Tenure)) {
        let member = &mut state.members[usize::from(at)];
        *member = self.changed(*member, step);
    }

    fn changed(&mut self, member: Member, step: impl FnOnce(&mut Tenure)) -> Member {
        let mut tenure = self.tables.tenures.get(member.tenure).clone();
        step(&mut tenure);
        Member { tenure: self.tables.tenures.number(tenure), ..member }
    }

    fn claim(&mut self, mut member: Member) -> (Member, RecordId) {
        member.attempts += 1;
        let record = self.tables.claim(member.fold, member.run, member.attempts);
        (self.sent(member, record), record)
    }

    fn commit(&mut self, mut member: Member, until: u8) -> (Member, RecordId) {
        let record = self.tables.commit(member.fold, member.run, member.next, until);
        member.next = until;
        (self.sent(member, record), record)
    }

    fn sent(&mut self, member: Member, record: RecordId) -> Member {
        let known = self.tables.records.get(record);
        let (hash, bytes) = (known.hash, known.bytes.clone());
        self.changed(member, |tenure| tenure.sent(hash, bytes, NOW))
    }

    /// Takes in the next record of the log, as an instance does.
    fn read(&mut self, member: Member, id: RecordId) -> Member {
        let was_owning = self.tables.tenures.get(member.tenure).is_owning();
        let judged = self.tables.judge(member.fold, id);
        let record = self.tables.records.get(id).clone();
        let is_claim = matches!(record.what, What::Claim(_));
        let mut meaning = Meaning::Nothing;
        let mut after = self.changed(member, |tenure| {
            meaning = tenure.read(record.hash, is_claim, judged.verdict, NOW, &PATIENCE);
        });
        after.fold = judged.fold;
        after.read += 1;
        let fold = self.tables.folds.get(judged.fold).clone();
        let is_own = record.maker == member.run;
        let counts = judged.verdict == Verdict::Valid && fold.last == id;
        let told = self.tables.told(id);
        match meaning {
            Meaning::Entered => {
                after.next = fold.head.position(0).next.max(0) as u8;
                self.tables.blame(is_claim && is_own && counts, || {
                    format!("run {} entered by {told}, which does not count", member.run)
                });
            }
            Meaning::Committed => self.tables.blame(!is_claim && is_own && counts, || {
                format!("run {} counts {told}, which is not folded", member.run)
            }),
            Meaning::Nothing => {
                let is_missed = is_own && !is_claim && counts && was_owning;
                self.tables.blame(!is_missed, || {
                    format!("run {} does not know {told} as its own", member.run)
                });
            }
            Meaning::Dropped => {}
        }
        after
    }

    /// Nothing else of the same epoch is under way when a commit may be made.
    fn is_alone(&mut self, state: &State, member: Member) {
        let epoch = self.tables.folds.get(member.fold).head.epoch;
        let log = &self.tables.logs.get(state.log).records;
        let unread = log.iter().skip(usize::from(member.read));
        let other = unread.chain(&state.in_flight).copied().find(|&id| {
            let record = self.tables.records.get(id);
            let is_same = matches!(record.what, What::Commit(_, _, of) if of == epoch);
            id != 0 && record.maker == member.run && is_same && !self.tables.holds(member.fold, id)
        });
        if let Some(other) = other {
            let told = self.tables.told(other);
            self.tables.blame(false, || {
                format!("run {} would make a record while {told} is under way", member.run)
            });
        }
    }

    /// Whether a copy would be nothing to everybody, now and later.
    fn is_idle(&mut self, state: &State, record: RecordId) -> bool {
        let fold = *self.tables.logs.get(state.log).folds.last().expect("one more than records");
        let hash = self.tables.records.get(record).hash;
        let is_late = match self.tables.judge(fold, record).verdict {
            Verdict::Stale | Verdict::Passed => true,
            Verdict::Valid | Verdict::Broken(_) => false,
        };
        let is_awaited =
            |member: &Member| self.tables.tenures.get(member.tenure).in_flight() == Some(hash);
        is_late && !state.members.iter().any(is_awaited)
    }

    fn push(&mut self, step: Step, mut state: State, out: &mut Vec<Next>) {
        self.check(&state);
        if self.limits.is_terse {
            for index in 0..IN_FLIGHT {
                let record = state.in_flight[index];
                if record != 0 && self.is_idle(&state, record) {
                    state.in_flight[index] = 0;
                }
            }
            state.in_flight.sort_unstable();
        }
        out.push(Next { step, state, fault: self.tables.fault.take() });
    }

    /// What holds in every state; what holds of every fold is checked where it is made.
    fn check(&mut self, state: &State) {
        for member in &state.members {
            let tenure = self.tables.tenures.get(member.tenure).clone();
            let fold = self.tables.folds.get(member.fold).clone();
            let run = member.run;
            self.tables.blame(!tenure.is_owning() || fold.owner == Some(run), || {
                format!("run {run} writes, but has folded the claim of run {:?}", fold.owner)
            });
            let ends = fold.head.position(0).next.max(0);
            self.tables.blame(!tenure.may_commit() || ends == i64::from(member.next), || {
                format!("run {run} gathers from {}, the chain ends at {ends}", member.next)
            });
            if member.is_astray {
                continue;
            }
            let folds = &self.tables.logs.get(state.log).folds;
            let agrees = folds.get(usize::from(member.read)) == Some(&member.fold);
            self.tables.blame(agrees, || format!("run {run} has folded another chain"));
        }
    }

    /// Lets the instance that has the partition go on with no further fault: everything is folded
    /// after one further claim at most, whenever what is on the network lands.
    pub(super) fn go_on(&mut self, state: &State) -> Option<String> {
        let at = state.group?;
        let member = state.members[usize::from(at)];
        let tenure = self.tables.tenures.get(member.tenure);
        if !tenure.is_assigned() || tenure.is_draining() || member.is_astray {
            return None;
        }
        if !self.continued.insert((state.log, member, state.in_flight)) {
            return None;
        }
        let log = self.tables.logs.get(state.log).records.clone();
        let copies: Vec<RecordId> = state.in_flight.into_iter().filter(|&id| id != 0).collect();
        let backwards: Vec<RecordId> = copies.iter().rev().copied().collect();
        // All land first, in either order; a lost acknowledgement, or a lost record.
        for (copies, resends) in [(&copies, true), (&backwards, false)] {
            let mut run = Run { log: log.clone(), member, claims: 0 };
            run.log.extend(copies);
            self.finish(&mut run, resends);
        }
        // They land when all is done: what was stale then disturbs once.
        for (copies, resends) in [(&backwards, true), (&copies, false)] {
            let mut run = Run { log: log.clone(), member, claims: 0 };
            self.finish(&mut run, resends);
            run.claims = 0;
            run.log.extend(copies);
            self.finish(&mut run, resends);
        }
        self.tables.fault.take().map(|fault| format!("if instance {at} goes on: {fault}"))
    }

    fn finish(&mut self, run: &mut Run, resends: bool) {
        self.run_out(run, resends);
        if let Some(fault) = self.tables.fault.take_if(|fault| !fault.contains('\n')) {
            let log = run.log.iter().map(|&record| format!("\n  {}", self.tables.told(record)));
            self.tables.fault = Some(format!("{fault}; its log:{}", log.collect::<String>()));
        }
    }

    fn run_out(&mut self, run: &mut Run, resends: bool) {
        for _ in 0..64 {
            let mut tenure = self.tables.tenures.get(run.member.tenure).clone();
            if let Some(&record) = run.log.get(usize::from(run.member.read)) {
                run.member = self.read(run.member, record);
            } else if let Some(hash) = tenure.in_flight() {
                if resends {
                    tenure.failed(hash, NOW, &PATIENCE);
                    let again = tenure.resend(NOW).map(|(hash, _)| self.tables.named(hash));
                    self.tables.blame(again == Some(self.tables.named(hash)), || {
                        "it does not send the same record again".to_owned()
                    });
                    run.log.extend(again);
                } else {
                    tenure.give_up(NOW);
                }
                run.member.tenure = self.tables.tenures.number(tenure);
            } else if tenure.wants_claim(NOW) {
                run.claims += 1;
                let (member, record) = self.claim(run.member);
                run.member = member;
                run.log.push(record);
            } else if tenure.may_commit() && run.member.next < self.limits.input {
                let (member, record) = self.commit(run.member, run.member.next + 1);
                run.member = member;
                run.log.push(record);
            } else {
                let folded = self.tables.folds.get(run.member.fold).folded;
                let is_done = tenure.may_commit() && folded == self.limits.input;
                self.tables.blame(is_done, || format!("it stops with {folded} offsets folded"));
                let claims = run.claims;
                self.tables.blame(claims <= 1, || format!("it had to claim {claims} times"));
                return;
            }
        }
        self.tables.blame(false, || "it never comes to an end".to_owned());
    }

    /// A step in words.
    pub(super) fn told(&self, step: Step) -> String {
        let told = |record: RecordId| self.tables.told(record);
        match step {
            Step::Assign(at) => format!("the group gives the partition to instance {at}"),
            Step::TakeAway(at) => format!("the group takes it from instance {at}, untold"),
            Step::LearnLoss(at) => format!("instance {at} learns that it has lost it"),
            Step::Drain(at) => format!("the group asks instance {at} to give it back"),
            Step::Release(at) => format!("instance {at} gives it back"),
            Step::Crash(at) => format!("instance {at} crashes and starts again"),
            Step::Claim(at, record) => format!("instance {at} appends {}", told(record)),
            Step::Commit(at, record) => format!("instance {at} appends {}", told(record)),
            Step::Resend(at, record) => {
                format!("instance {at} hears that {} failed and sends it again", told(record))
            }
            Step::GiveUp(at) => format!("instance {at} gives up what is under way"),
            Step::Read(at, record) => format!("instance {at} reads {}", told(record)),
            Step::Land(record) => format!("{} lands", told(record)),
            Step::Repeat(record) => {
                format!("{} lands, and a copy is still on its way", told(record))
            }
            Step::Cut(record) => format!("the brokers lose {} from the log's end", told(record)),
        }
    }
}

/// One instance alone with the log.
struct Run {
    log: Vec<RecordId>,
    member: Member,
    claims: u32,
}

impl State {
    /// Puts a copy on the network; false when there is no room.
    fn send(&mut self, record: RecordId) -> bool {
        // Those that are none come first.
        let is_room = self.in_flight[0] == 0;
        if is_room {
            self.in_flight[0] = record;
            self.in_flight.sort_unstable();
        }
        is_room
    }
}

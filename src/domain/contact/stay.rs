//! From observations to stays and visits.
//!
//! The rules are those of the README's chapter on definitions ("From observations to segments").
//! One rule is narrower than a plain reading: an end without a start is reconstructed only if its
//! reported wait and talk reach back no more than the silence T. A contact is held for T + D after
//! its last observation, so whatever arrives in time after it was let go lies more than T after
//! it; a reach of at most T therefore cannot count a stay a second time, and the answer does not
//! depend on when the watermark happened to pass (as "unless that start would be late" does).
//!
//! An entry and then a refusal of the same contact at the same queue, neither with a segment, are one
//! stay that was refused: it never was in the queue. A refusal after an end, a restart or a move to
//! another queue is a stay of its own, as a queue log's FULL is when the call comes back; so is one
//! before the entry. An exit within five seconds of a refusal is one with it, and is the stronger.

mod put;
mod refused;
mod visit;

use super::path::{Matters, Passing};
use crate::domain::event::{Escalation, Leaving, Observation, Place, Rejection, What};
use crate::domain::ids::{Department, SegmentId, Source};
use crate::domain::units::{Millis, Timestamp};

use put::{Put, Tie};

pub use visit::{Visit, visits};

/// Exits so close together are one exit; an observation may precede its stay by as much.
const ONE_EXIT: Millis = Millis::from_seconds(5);

/// How a stay ended. Each stay has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Disposition {
    /// The caller is in the queue, or at the switchboard, still.
    Waiting,
    /// A person answered.
    Answered,
    /// The caller hung up while waiting.
    Abandoned,
    /// Sent out after the longest allowed wait.
    TimedOut,
    /// Sent out because the queue had no agents left.
    LeftEmpty,
    /// Pressed a key to get out.
    KeyExit,
    /// Taken out by the system's management.
    Withdrawn,
    /// Keeps the place and is rung back.
    Callback,
    /// Moved on to another queue.
    Overflowed,
    /// The telephone system restarted.
    LostByRestart,
    /// Waiting, and nothing heard for the silence T.
    LostTrack,
    /// Turned away because closed.
    Closed,
    /// Refused: the queue was full.
    RejectedFull,
    /// Refused: no agent was logged in.
    RejectedNoAgent,
    /// Refused: sent elsewhere.
    RejectedDiverted,
}

impl Disposition {
    /// Every disposition in the order of its number.
    pub const ALL: [Disposition; 15] = [
        Disposition::Waiting,
        Disposition::Answered,
        Disposition::Abandoned,
        Disposition::TimedOut,
        Disposition::LeftEmpty,
        Disposition::KeyExit,
        Disposition::Withdrawn,
        Disposition::Callback,
        Disposition::Overflowed,
        Disposition::LostByRestart,
        Disposition::LostTrack,
        Disposition::Closed,
        Disposition::RejectedFull,
        Disposition::RejectedNoAgent,
        Disposition::RejectedDiverted,
    ];

    /// Of exits that are one exit, the lowest counts.
    fn strength(self) -> u8 {
        match self {
            Disposition::Answered => 0,
            Disposition::Callback => 1,
            Disposition::Withdrawn => 2,
            Disposition::KeyExit => 3,
            Disposition::TimedOut => 4,
            Disposition::Overflowed => 5,
            Disposition::LeftEmpty => 6,
            Disposition::Abandoned => 7,
            Disposition::LostByRestart => 8,
            Disposition::LostTrack => 9,
            Disposition::Closed
            | Disposition::RejectedFull
            | Disposition::RejectedNoAgent
            | Disposition::RejectedDiverted => 10,
            Disposition::Waiting => 11,
        }
    }

    /// The queue never took the caller: neither queued nor waiting.
    pub fn is_turned_away(self) -> bool {
        matches!(
            self,
            Disposition::Closed
                | Disposition::RejectedFull
                | Disposition::RejectedNoAgent
                | Disposition::RejectedDiverted
        )
    }

    /// Whether the length of the wait is known: the stay ended by an answer or by the caller
    /// leaving, not by our losing sight of it.
    pub fn has_wait(self) -> bool {
        !self.is_turned_away()
            && !matches!(
                self,
                Disposition::Waiting | Disposition::LostByRestart | Disposition::LostTrack
            )
    }
}

impl From<Leaving> for Disposition {
    fn from(how: Leaving) -> Self {
        match how {
            Leaving::TimedOut => Disposition::TimedOut,
            Leaving::LeftEmpty => Disposition::LeftEmpty,
            Leaving::KeyExit => Disposition::KeyExit,
            Leaving::Withdrawn => Disposition::Withdrawn,
            Leaving::Callback => Disposition::Callback,
            Leaving::Overflowed => Disposition::Overflowed,
        }
    }
}

impl From<Rejection> for Disposition {
    fn from(reason: Rejection) -> Self {
        match reason {
            Rejection::Full => Disposition::RejectedFull,
            Rejection::NoAgent => Disposition::RejectedNoAgent,
            Rejection::Closed => Disposition::Closed,
            Rejection::Diverted => Disposition::RejectedDiverted,
        }
    }
}

/// One stay at one place (a segment).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Where.
    pub place: Place,
    /// The department, if the source said so.
    pub department: Option<Department>,
    /// The system that wrote its beginning.
    pub source: Source,
    /// When the call was offered here.
    pub offered_at: Timestamp,
    /// Its one disposition.
    pub disposition: Disposition,
    /// When it ended; for a waiting stay the offer.
    pub ended_at: Timestamp,
    /// The reported wait where there is one, else the difference of the times. Never negative.
    pub wait: Millis,
    /// Length of the conversation; 0 before it is known.
    pub talk: Millis,
    /// Sent on after an answer, so many times.
    pub transferred: u16,
    /// An agent's phone rang without an answer, so many times.
    pub ring_no_answer: u16,
    /// A machine answered first.
    pub met_by_machine: bool,
    /// Questions put here of which it is known where they were settled.
    pub classified: u16,
    /// Of them, those settled here without being passed on.
    pub resolved: u16,
    /// Of them, those that went to a case officer, by their last outcome.
    pub escalated: [u16; Escalation::ALL.len()],
    /// Of which departments they were; `None` where nobody said so.
    pub matters: Matters<Option<Department>>,
    /// Dialled straight to this desk, past the switchboard.
    pub direct: bool,
    /// How it was passed on after an answer; the last time counts.
    pub passed: Passing,
    /// Work after the call; 0 before it is known.
    pub wrap_up: Millis,
    /// Which of the contact's journeys it belongs to.
    pub journey: u16,
    segment: Option<SegmentId>,
    /// Of the observation it began with; 0 when that is not known.
    ordinal: u64,
    /// When the observation that it was made from was made.
    told_at: Timestamp,
    entered_at: Option<Timestamp>,
    rejection: Option<(Timestamp, Disposition)>,
    talk_known: bool,
    over_at: Option<Timestamp>,
    /// Its position before the stays were sorted, when questions are to be found again.
    begun_as: usize,
}

#[derive(Clone, Copy, Debug)]
struct Exit {
    stay: usize,
    at: Timestamp,
    how: Disposition,
    wait: Option<Millis>,
}

/// What beside its own observations decides about a contact.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// When each source restarted, by the source's index, each list in rising order.
    pub restarts: &'a [Vec<Timestamp>],
    /// How far event time is known to have come.
    pub frontier: Timestamp,
    /// The silence T after which a waiting stay is lost.
    pub silence: Millis,
}

/// Something that does not fit and is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anomaly {
    /// An exit before the stay began: its wait counts as 0.
    NegativeWait,
    /// An end without a start: the stay was made from its reported wait and talk.
    Reconstructed,
    /// An end without a start that reaches back too far: left out.
    NotReconstructed,
    /// An observation of a stay that does not exist.
    WithoutStay,
}

impl Anomaly {
    /// Every kind, in the order of its number.
    pub const ALL: [Anomaly; 4] = [
        Anomaly::NegativeWait,
        Anomaly::Reconstructed,
        Anomaly::NotReconstructed,
        Anomaly::WithoutStay,
    ];

    /// The name in metrics and documents.
    pub fn name(self) -> &'static str {
        match self {
            Anomaly::NegativeWait => "negative_wait",
            Anomaly::Reconstructed => "reconstructed_start",
            Anomaly::NotReconstructed => "not_reconstructed",
            Anomaly::WithoutStay => "without_stay",
        }
    }
}

/// Works out stays; its buffers are used again for the next contact.
#[derive(Debug, Default)]
pub struct Judge {
    stays: Vec<Stay>,
    exits: Vec<Exit>,
    questions: Vec<Put>,
    ties: Vec<Tie>,
    anomalies: [u16; Anomaly::ALL.len()],
}

impl Judge {
    /// The stays of a contact in order of (journey, offer).
    pub fn stays(&mut self, seen: &[Observation], around: Surroundings<'_>) -> &[Stay] {
        self.stays.clear();
        self.exits.clear();
        self.ties.clear();
        self.anomalies = [0; Anomaly::ALL.len()];
        let mut from = 0;
        let mut journey = 0;
        for at in 1..=seen.len() {
            let splits = at == seen.len()
                || (opens(&seen[at].what)
                    && seen[at].time.since(seen[at - 1].time) > around.silence);
            if splits {
                // What was heard of the contact itself tells how far time has come, too.
                let heard_next = seen[at.min(seen.len() - 1)].time;
                let around = Surroundings { frontier: heard_next.max(around.frontier), ..around };
                self.journey(&seen[from..at], journey, around);
                from = at;
                journey += 1;
            }
        }
        &self.stays
    }

    /// How often each anomaly was met in the last contact, in the order of [`Anomaly::ALL`].
    pub fn anomalies(&self) -> &[u16; Anomaly::ALL.len()] {
        &self.anomalies
    }

    fn note(&mut self, anomaly: Anomaly) {
        self.anomalies[anomaly as usize] = self.anomalies[anomaly as usize].saturating_add(1);
    }

    fn journey(&mut self, seen: &[Observation], journey: u16, around: Surroundings<'_>) {
        let first = self.stays.len();
        let first_tie = self.ties.len();
        for observation in seen.iter().filter(|o| opens(&o.what)) {
            match self.turned_away(observation, first, seen, around) {
                Some(exit) => self.exits.push(exit),
                None => self.open(observation, first, journey),
            }
        }
        for observation in seen.iter().filter(|o| !opens(&o.what) && !tells(&o.what)) {
            self.attach(observation, first, journey, seen, around);
        }
        // After the ends: what happened during a stay may come before the end that tells of it.
        for observation in seen.iter().filter(|o| tells(&o.what)) {
            match self.find(observation, first) {
                Some(at) => self.stays[at].tell(&observation.what),
                None => self.note(Anomaly::WithoutStay),
            }
        }
        let asked_to_call_later = self.classify(first, seen, around.silence);
        self.settle(first, seen, around);
        // Last, for exits name their stays by position.
        self.tie(first, first_tie, seen, asked_to_call_later);
    }

    /// Begins a stay, or tells more about the beginning of one.
    fn open(&mut self, observation: &Observation, first: usize, journey: u16) {
        let place = observation.place.unwrap_or(Place::Switchboard);
        let known = match (observation.segment, &observation.what) {
            (Some(segment), _) => {
                self.stays[first..].iter().position(|stay| stay.segment == Some(segment))
            }
            (None, What::Offered { .. }) => None,
            // An entry or a refusal belongs to the offer before it, if that still lacks one.
            (None, _) => self.stays[first..].iter().rposition(|stay| {
                stay.place == place
                    && stay.offered_at <= observation.time
                    && stay.entered_at.is_none()
                    && stay.rejection.is_none()
            }),
        };
        let at = match known {
            Some(at) => first + at,
            None => {
                self.stays.push(Stay::begin(observation, place, observation.time, journey));
                self.stays.len() - 1
            }
        };
        let stay = &mut self.stays[at];
        stay.offered_at = stay.offered_at.min(observation.time);
        stay.ended_at = stay.offered_at;
        stay.department = stay.department.or(observation.department);
        match observation.what {
            What::QueueEntered { .. } => {
                stay.entered_at = stay.entered_at.or(Some(observation.time));
            }
            What::QueueRejected(reason) => {
                stay.rejection = stay.rejection.or(Some((observation.time, reason.into())));
            }
            What::Offered { direct, .. } => stay.direct |= direct,
            What::MetByMachine
            | What::Ringing
            | What::NoAnswer
            | What::Answered { .. }
            | What::Abandoned { .. }
            | What::Left { .. }
            | What::Passed { .. }
            | What::Resolved { .. }
            | What::Escalated { .. }
            | What::Ended { .. }
            | What::Question(_)
            | What::Callback(_) => {}
        }
    }

    /// The stay an observation belongs to: by its segment, else by place and time.
    fn find(&self, observation: &Observation, first: usize) -> Option<usize> {
        let stays = &self.stays[first..];
        let found = if let Some(segment) = observation.segment {
            stays.iter().rposition(|stay| stay.segment == Some(segment))
        } else {
            let here = |stay: &Stay| observation.place.is_none_or(|place| place == stay.place);
            // By the order of the observations: in a file of whole seconds a stay may begin in the
            // second in which the one before it ended.
            let now = (observation.time, observation.ordinal);
            let has_begun = |stay: &Stay| (stay.offered_at, stay.ordinal) <= now;
            let begun = stays
                .iter()
                .enumerate()
                .filter(|(_, stay)| here(stay) && has_begun(stay))
                .max_by_key(|(at, stay)| (stay.offered_at, *at));
            let soon = || {
                stays
                    .iter()
                    .enumerate()
                    .filter(|(_, stay)| {
                        here(stay)
                            && !has_begun(stay)
                            && stay.offered_at.since(observation.time) <= ONE_EXIT
                    })
                    .min_by_key(|(at, stay)| (stay.offered_at, *at))
            };
            begun.or_else(soon).map(|(at, _)| at)
        };
        found.map(|at| first + at)
    }

    fn attach(
        &mut self,
        observation: &Observation,
        first: usize,
        journey: u16,
        seen: &[Observation],
        around: Surroundings<'_>,
    ) {
        let found = self.find(observation, first);
        match observation.what {
            What::Answered { wait } => {
                self.exit(observation, found, Disposition::Answered, wait, journey, seen, around);
            }
            What::Abandoned { wait } => {
                self.exit(observation, found, Disposition::Abandoned, wait, journey, seen, around);
            }
            What::Left { how, wait } => {
                self.exit(observation, found, how.into(), wait, journey, seen, around);
            }
            What::Ended { wait, talk, wrap_up } => {
                self.end(observation, found, (wait, talk, wrap_up), journey, around);
            }
            What::MetByMachine
            | What::Passed { .. }
            | What::NoAnswer
            | What::Ringing
            | What::Resolved { .. }
            | What::Escalated { .. }
            | What::Offered { .. }
            | What::QueueEntered { .. }
            | What::QueueRejected(_)
            | What::Question(_)
            | What::Callback(_) => {}
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one observation and what surrounds it")]
    fn exit(
        &mut self,
        observation: &Observation,
        found: Option<usize>,
        how: Disposition,
        wait: Option<Millis>,
        journey: u16,
        seen: &[Observation],
        around: Surroundings<'_>,
    ) {
        let at = observation.time;
        let reach = wait.unwrap_or_default();
        let stay = match found {
            Some(stay) => match self.first_exit(stay, at, seen, around) {
                // The source speaks of another stay, one that began after this one ended.
                Some(exit) if wait.is_some() && at.minus(reach) > exit => {
                    self.reconstruct(observation, reach, journey, around)
                }
                _ => Some(stay),
            },
            None => self.reconstruct(observation, reach, journey, around),
        };
        if let Some(stay) = stay {
            self.exits.push(Exit { stay, at, how, wait });
        }
    }

    /// The end of a call: how long the conversation was, and, where the answer itself was lost,
    /// that there was one.
    fn end(
        &mut self,
        observation: &Observation,
        found: Option<usize>,
        (wait, talk, wrap_up): (Option<Millis>, Option<Millis>, Option<Millis>),
        journey: u16,
        around: Surroundings<'_>,
    ) {
        let at = observation.time;
        let length = talk.unwrap_or_default();
        let reach = Millis(length.0 + wait.unwrap_or_default().0);
        let begun = at.minus(reach);
        let belongs = found.filter(|stay| {
            let over = self.stays[*stay].over_at;
            !(talk.is_some() && over.is_some_and(|over| begun > over))
        });
        match belongs {
            Some(stay) => {
                let exits = self.exits.iter().filter(|exit| exit.stay == stay);
                let answered = exits
                    .clone()
                    .filter(|exit| exit.how == Disposition::Answered)
                    .map(|exit| exit.at)
                    .min();
                let left = exits.count() > 0;
                let lost_answer = answered.is_none() && !left && talk.is_some();
                if lost_answer {
                    let how = Disposition::Answered;
                    self.exits.push(Exit { stay, at: at.minus(length), how, wait });
                }
                let stay = &mut self.stays[stay];
                if !stay.talk_known && (answered.is_some() || lost_answer) {
                    let by_times = answered.map_or(Millis(0), |answered| at.since(answered));
                    stay.talk = Millis(talk.unwrap_or(by_times).0.max(0));
                    stay.wrap_up = wrap_up.unwrap_or_default();
                    stay.talk_known = true;
                }
                stay.over_at = stay.over_at.or(Some(at));
            }
            None if talk.is_some() => {
                if let Some(stay) = self.reconstruct(observation, reach, journey, around) {
                    let how = Disposition::Answered;
                    self.exits.push(Exit { stay, at: at.minus(length), how, wait });
                    let stay = &mut self.stays[stay];
                    stay.talk = length;
                    stay.wrap_up = wrap_up.unwrap_or_default();
                    stay.talk_known = true;
                    stay.over_at = Some(at);
                }
            }
            None => self.note(Anomaly::WithoutStay),
        }
    }

    fn reconstruct(
        &mut self,
        observation: &Observation,
        reach: Millis,
        journey: u16,
        around: Surroundings<'_>,
    ) -> Option<usize> {
        if reach > around.silence {
            self.note(Anomaly::NotReconstructed);
            return None;
        }
        self.note(Anomaly::Reconstructed);
        let place = observation.place.unwrap_or(Place::Switchboard);
        let start = observation.time.minus(reach);
        let stay = Stay { ordinal: 0, ..Stay::begin(observation, place, start, journey) };
        self.stays.push(stay);
        Some(self.stays.len() - 1)
    }

    /// When a stay was first left, as far as is known at `until`.
    fn first_exit(
        &self,
        stay: usize,
        until: Timestamp,
        seen: &[Observation],
        around: Surroundings<'_>,
    ) -> Option<Timestamp> {
        let told = self.exits.iter().filter(|exit| exit.stay == stay).map(|exit| exit.at);
        let of_itself = [
            self.restart_of(stay, around),
            lost_track_of(&self.stays[stay], seen, Surroundings { frontier: until, ..around }),
        ];
        told.chain(of_itself.into_iter().flatten()).filter(|at| *at <= until).min()
    }

    fn restart_of(&self, stay: usize, around: Surroundings<'_>) -> Option<Timestamp> {
        let stay = &self.stays[stay];
        let restarts = around.restarts.get(usize::from(stay.source.0))?;
        restarts.iter().copied().find(|restart| *restart > stay.offered_at)
    }

    /// Gives every stay of a journey its one disposition.
    fn settle(&mut self, first: usize, seen: &[Observation], around: Surroundings<'_>) {
        for at in first..self.stays.len() {
            let mut around = around;
            if let Some(restart) = self.restart_of(at, around) {
                let how = Disposition::LostByRestart;
                self.exits.push(Exit { stay: at, at: restart, how, wait: None });
                // It tells how far time has come, too: who was lost track of before it stays so,
                // whether the watermark has passed that or not.
                around.frontier = around.frontier.max(restart);
            }
            if let Some(lost) = lost_track_of(&self.stays[at], seen, around) {
                let how = Disposition::LostTrack;
                self.exits.push(Exit { stay: at, at: lost, how, wait: None });
            }
        }
        for at in first..self.stays.len() {
            if let Some(moved) = self.moved_on(at, first) {
                let how = Disposition::Overflowed;
                self.exits.push(Exit { stay: at, at: moved, how, wait: None });
            }
        }
        for at in first..self.stays.len() {
            self.dispose(at);
        }
    }

    fn dispose(&mut self, at: usize) {
        let own = || self.exits.iter().filter(|exit| exit.stay == at);
        let Some(first) = own().map(|exit| exit.at).min() else {
            if let Some((when, how)) = self.stays[at].rejection {
                let stay = &mut self.stays[at];
                (stay.disposition, stay.ended_at) = (how, when);
            }
            return;
        };
        if let Some((when, how)) = self.stays[at].rejection
            && self.stays[at].entered_at.is_none()
        {
            let stay = &mut self.stays[at];
            (stay.disposition, stay.ended_at) = (how, when);
            return;
        }
        let exit = *own()
            .filter(|exit| exit.at.since(first) <= ONE_EXIT)
            .min_by_key(|exit| (exit.how.strength(), exit.at))
            .expect("the first exit is within five seconds of itself");
        let stay = &mut self.stays[at];
        stay.disposition = exit.how;
        stay.ended_at = exit.at;
        let by_times = exit.at.since(stay.offered_at);
        stay.wait = match exit.how.is_turned_away() {
            true => Millis(0),
            false => exit.wait.unwrap_or(by_times),
        };
        if stay.wait.0 < 0 {
            stay.wait = Millis(0);
            self.note(Anomaly::NegativeWait);
        }
        let stay = &mut self.stays[at];
        if exit.how != Disposition::Answered {
            stay.talk = Millis(0);
            stay.wrap_up = Millis(0);
            stay.transferred = 0;
            stay.passed = Passing::Not;
        }
    }
}

/// When a stay that nobody had left by then had been silent for T.
fn lost_track_of(stay: &Stay, seen: &[Observation], around: Surroundings<'_>) -> Option<Timestamp> {
    if stay.is_turned_away() {
        return None;
    }
    let mut heard = stay.offered_at;
    for observation in seen {
        if observation.time > heard {
            if observation.time.since(heard) >= around.silence {
                break;
            }
            heard = observation.time;
        }
    }
    let lost = heard.plus(around.silence);
    (lost <= around.frontier).then_some(lost)
}

/// Whether an observation begins a stay (and so may begin a journey).
fn opens(what: &What) -> bool {
    matches!(what, What::Offered { .. } | What::QueueEntered { .. } | What::QueueRejected(_))
}

/// Whether an observation tells something of a stay and neither begins nor ends it.
fn tells(what: &What) -> bool {
    matches!(what, What::MetByMachine | What::Passed { .. } | What::NoAnswer)
}

impl Stay {
    fn begin(observation: &Observation, place: Place, at: Timestamp, journey: u16) -> Stay {
        Stay {
            place,
            department: observation.department,
            source: observation.source,
            offered_at: at,
            disposition: Disposition::Waiting,
            ended_at: at,
            wait: Millis(0),
            talk: Millis(0),
            transferred: 0,
            ring_no_answer: 0,
            met_by_machine: false,
            classified: 0,
            resolved: 0,
            escalated: [0; Escalation::ALL.len()],
            matters: Matters::default(),
            direct: false,
            passed: Passing::Not,
            wrap_up: Millis(0),
            journey,
            segment: observation.segment,
            ordinal: observation.ordinal,
            told_at: observation.time,
            entered_at: None,
            rejection: None,
            talk_known: false,
            over_at: None,
            begun_as: 0,
        }
    }

    fn is_turned_away(&self) -> bool {
        self.rejection.is_some() && self.entered_at.is_none()
    }

    fn tell(&mut self, what: &What) {
        if matches!(what, What::MetByMachine) {
            self.met_by_machine = true;
        } else if let What::Passed { by_matter } = what {
            self.transferred = self.transferred.saturating_add(1);
            self.passed = Passing::of(*by_matter);
        } else {
            self.ring_no_answer = self.ring_no_answer.saturating_add(1);
        }
    }
}

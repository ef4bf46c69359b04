//! What a contact adds to the figures: a pure function of its observations and the rules.
//!
//! A contribution is a list of facts, one a stay; or, of what is held under a question's id, the
//! question as the figures see it. The fold keeps it in packed form beside the contact; a change of
//! the contact changes the figures by the new contribution minus that one.

use crate::domain::callback::{Callback, callbacks};
use crate::domain::cell::{CellKey, Line};
use crate::domain::event::{Escalation, Observation, Place, What};
use crate::domain::goal::Goal;
use crate::domain::ids::{Caller, ContactId, Department, QuestionTag, Queue};
use crate::domain::kin;
use crate::domain::pack::{Reader, Writer};
use crate::domain::question::{ANSWERABLE, Question, questions};
use crate::domain::rules::Rules;
use crate::domain::settlement::Settlement;
use crate::domain::tally::{Bounds, Code, code, wait_slot};
use crate::domain::units::{Millis, Timestamp};

use super::packed::Anomalies;
use super::path::{Matters, Path, paths};
use super::stay::{Anomaly, Disposition, Judge, Stay, Surroundings, visits};

/// How a visit to customer service came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum VisitOutcome {
    /// Answered within the limit of goal 2, counted from the visit's first entry.
    Within,
    /// Answered later.
    Late,
    /// Every other end.
    Missed,
    /// The caller hung up within the short-abandon limit of the visit's first entry.
    Short,
    /// Turned away because closed.
    Closed,
    /// The caller waits.
    Undecided,
}

impl VisitOutcome {
    /// Every outcome in the order of its number.
    pub const ALL: [VisitOutcome; 6] = [
        VisitOutcome::Within,
        VisitOutcome::Late,
        VisitOutcome::Missed,
        VisitOutcome::Short,
        VisitOutcome::Closed,
        VisitOutcome::Undecided,
    ];

    /// Where it is counted.
    pub const fn code(self) -> Code {
        code::VISIT + self as Code
    }
}

/// One stay as the figures see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// When the call was offered here; decides quarter-hour and date.
    pub offered_at: Timestamp,
    /// When the stay ended; the offer while it waits.
    pub ended_at: Timestamp,
    /// The unit it counts on.
    pub department: Department,
    /// Its queue; `None` at the switchboard.
    pub queue: Option<Queue>,
    /// Its one disposition.
    pub disposition: Disposition,
    /// Offered while the unit was closed.
    pub outside_hours: bool,
    /// Abandoned within the short-abandon limit.
    pub short: bool,
    /// Answered within the limit of goal 1 (switchboard).
    pub within_target: bool,
    /// A machine answered first.
    pub met_by_machine: bool,
    /// Its wait; 0 where none is known.
    pub wait: Millis,
    /// Length of the conversation.
    pub talk: Millis,
    /// Sent on after an answer.
    pub transferred: u16,
    /// Rang without an answer.
    pub ring_no_answer: u16,
    /// Questions put here of which it is known where they were settled.
    pub classified: u16,
    /// Of them, those settled here without being passed on.
    pub resolved: u16,
    /// Of them, those that went to a case officer, by their last outcome.
    pub escalated: [u16; Escalation::ALL.len()],
    /// Of which departments they were.
    pub matters: Matters<Department>,
    /// Work after the call.
    pub wrap_up: Millis,
    /// The contact's way to and from here.
    pub path: Path,
    /// When goal 1's verdict on it fell (switchboard): its end or its limit, whichever is first.
    pub decided_at: Timestamp,
    /// The visit that begins with this stay: its outcome and when goal 2's verdict fell (while the
    /// caller waits: when it will).
    pub visit: Option<(VisitOutcome, Timestamp)>,
}

/// What is held under one id adds: a contact's stays, or what a question's or a promise's own id tells.
/// Room for all of them is kept from one contact to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contribution {
    /// One a stay.
    pub stays: Vec<Fact>,
    /// Mostly one, of what is held under a question's id.
    pub questions: Vec<Question>,
    /// Where such questions were settled.
    pub settlements: Vec<Settlement>,
    /// Mostly one, of what is held under a promise's id.
    pub callbacks: Vec<Callback>,
    /// What joins the stays to other contacts.
    pub ties: Vec<Tie>,
}

/// What joins a contact to others, and the stay that it is counted at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// A journey of a known caller.
    Call {
        /// The journey's first stay.
        stay: u16,
        /// Whose.
        caller: Caller,
        /// The caller hung up at last.
        abandoned: bool,
        /// The caller was asked to ring later.
        asked_to_call_later: bool,
    },
    /// A question that has a name.
    Question {
        /// The stay in which it was first spoken of.
        stay: u16,
        /// Which.
        question: QuestionTag,
        /// When it was first spoken of.
        at: Timestamp,
        /// Whether it was passed on.
        passed_on: bool,
    },
}

impl Tie {
    /// The stay that it is counted at.
    pub fn stay(self) -> usize {
        match self {
            Tie::Call { stay, .. } | Tie::Question { stay, .. } => usize::from(stay),
        }
    }
}

/// For how long what is held may still be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// T.
    pub silence: Millis,
    /// D.
    pub lateness: Millis,
}

impl Contribution {
    /// Works out what a contact adds, and how often each anomaly was met.
    pub fn judge(
        &mut self,
        judge: &mut Judge,
        seen: &[Observation],
        around: Surroundings<'_>,
        rules: &Rules,
    ) -> Anomalies {
        self.clear();
        let is_of = |kind: fn(&What) -> bool| seen.first().is_some_and(|first| kind(&first.what));
        let early = if is_of(|what| matches!(what, What::Question(_))) {
            let Contribution { questions: of, settlements, .. } = self;
            Some(questions(seen, rules, around.silence, of, settlements))
        } else if is_of(|what| matches!(what, What::Callback(_))) {
            Some(callbacks(seen, rules, around.silence, &mut self.callbacks))
        } else {
            None
        };
        if let Some(early) = early {
            let mut anomalies = Anomalies::default();
            anomalies[Anomaly::NegativeWait as usize] = early;
            return anomalies;
        }
        facts(judge.stays(seen, around), rules, &mut self.stays);
        self.ties.extend_from_slice(judge.ties());
        *judge.anomalies()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.stays.clear();
        self.questions.clear();
        self.settlements.clear();
        self.callbacks.clear();
        self.ties.clear();
    }

    /// Whether it is of something that is no call.
    pub fn is_of_no_call(&self) -> bool {
        !(self.questions.is_empty() && self.settlements.is_empty() && self.callbacks.is_empty())
    }

    /// What joins the contact of this id to others.
    pub fn entries(&self, contact: ContactId) -> impl Iterator<Item = kin::Entry> + '_ {
        self.ties.iter().filter_map(move |tie| {
            let fact = self.stays.get(tie.stay())?;
            let (at, what) = match *tie {
                Tie::Call { caller, abandoned, asked_to_call_later, .. } => {
                    (fact.offered_at, kin::What::Call { caller, abandoned, asked_to_call_later })
                }
                Tie::Question { question, at, passed_on, .. } => {
                    (at, kin::What::Question { question, passed_on })
                }
            };
            Some(kin::Entry { contact, at, cell: fact.cell(), what })
        })
    }

    /// Whether someone waits, so that the figures change by mere silence.
    pub fn is_waiting(&self) -> bool {
        self.stays.iter().any(Fact::is_open)
    }

    /// When the first of it was offered or received.
    pub fn first_at(&self) -> Option<Timestamp> {
        let stay = self.stays.first().map(|fact| fact.offered_at);
        stay.or(self.questions.first().map(|question| question.received_at))
            .or(self.settlements.first().map(|settlement| settlement.at))
            .or(self.callbacks.first().map(|callback| callback.promised_at))
    }

    /// Until when, by the watermark, a contact with its last observation at `last` is held: T + D
    /// more, a question until nothing can be its answer any more, and a promise until nothing can keep
    /// it.
    pub fn held_until(&self, last: Timestamp, hold: Hold) -> Timestamp {
        let settled = last.plus(hold.silence).plus(hold.lateness);
        let unanswered = self.questions.iter().filter(|question| question.answered_at.is_none());
        unanswered
            .map(|question| question.received_at.plus(ANSWERABLE))
            .chain(self.callbacks.iter().filter_map(Callback::keepable_until))
            .map(|until| until.plus(hold.lateness))
            .fold(settled, Timestamp::max)
    }
}

/// The facts of a contact's stays.
fn facts(stays: &[Stay], rules: &Rules, facts: &mut Vec<Fact>) {
    facts.clear();
    let Some(first) = stays.first() else { return };
    // For ever by the rules in force at the contact's first offer.
    let set = rules.at(first.offered_at);
    for stay in stays {
        let queue = match stay.place {
            Place::Switchboard => None,
            Place::Queue(queue) => Some(queue),
        };
        let department = rules.department_of(queue, stay.department, stay.offered_at);
        let answered = stay.disposition == Disposition::Answered;
        let verdict_by = stay.offered_at.plus(set.switchboard_limit);
        let waiting = stay.disposition == Disposition::Waiting;
        facts.push(Fact {
            offered_at: stay.offered_at,
            ended_at: stay.ended_at,
            department,
            queue,
            disposition: stay.disposition,
            outside_hours: !rules.is_open(department, stay.offered_at),
            short: stay.disposition == Disposition::Abandoned && stay.wait <= set.short_abandon,
            within_target: queue.is_none() && answered && stay.wait <= set.switchboard_limit,
            met_by_machine: stay.met_by_machine,
            wait: if stay.disposition.has_wait() { stay.wait } else { Millis(0) },
            talk: stay.talk,
            transferred: stay.transferred,
            ring_no_answer: stay.ring_no_answer,
            classified: stay.classified,
            resolved: stay.resolved,
            escalated: stay.escalated,
            matters: matters(stay, department),
            wrap_up: stay.wrap_up,
            path: Path::default(),
            decided_at: if waiting { verdict_by } else { stay.ended_at.min(verdict_by) },
            visit: None,
        });
    }
    visits(stays, |visit| {
        let begun = stays[visit.first].offered_at;
        let verdict_by = begun.plus(set.queue_limit);
        let last = &stays[visit.last];
        let answer = (last.disposition == Disposition::Answered).then_some(last.ended_at);
        let (outcome, decided_at) = match (answer, last.disposition) {
            (Some(at), _) if at.since(begun) <= set.queue_limit => (VisitOutcome::Within, at),
            (Some(_), _) => (VisitOutcome::Late, verdict_by),
            (None, Disposition::Waiting) => (VisitOutcome::Undecided, verdict_by),
            (None, Disposition::Closed) => (VisitOutcome::Closed, last.ended_at),
            (None, Disposition::Abandoned) if last.ended_at.since(begun) <= set.short_abandon => {
                (VisitOutcome::Short, last.ended_at)
            }
            (None, _) => (VisitOutcome::Missed, last.ended_at.min(verdict_by)),
        };
        facts[visit.first].visit = Some((outcome, decided_at));
    });
    paths(stays, facts);
}

/// Of which departments a stay's questions were; of its own where nobody said so.
fn matters(stay: &Stay, own: Department) -> Matters<Department> {
    let mut matters = Matters::default();
    for (department, questions) in stay.matters.iter() {
        matters.add(department.unwrap_or(own), questions);
    }
    matters
}

impl Fact {
    /// Whether the figures may still change without a further observation: someone waits.
    pub fn is_open(&self) -> bool {
        self.disposition == Disposition::Waiting
            || matches!(self.visit, Some((VisitOutcome::Undecided, _)))
    }

    /// Where the stay is counted.
    pub fn cell(&self) -> CellKey {
        let Fact { department, queue, outside_hours, .. } = *self;
        let line = Line { department, queue, outside_hours };
        CellKey { quarter: self.offered_at.quarter(), line }
    }

    /// What the stay adds to its cell.
    pub fn cell_entries(&self, bounds: &Bounds, mut add: impl FnMut(Code, i64)) {
        add(code::disposition(self.disposition), 1);
        if self.disposition.has_wait() {
            add(code::WAIT_MS, self.wait.0);
            let kind = if self.disposition == Disposition::Answered {
                add(code::ANSWERED_WAIT_MS, self.wait.0);
                add(code::ANSWERED_SLOT + bounds.slot(self.wait), 1);
                add(code::ANSWERED_AT_ONCE, i64::from(self.wait.0 == 0));
                add(code::WITHIN_TARGET, i64::from(self.within_target));
                add(code::TALK_MS, self.talk.0);
                add(code::TRANSFERRED, i64::from(self.transferred));
                add(code::WRAP_UP_MS, self.wrap_up.0);
                let unclassified = self.queue.is_some() && self.classified == 0;
                add(code::UNCLASSIFIED, i64::from(unclassified));
                code::WAITS_ANSWERED
            } else if self.disposition == Disposition::Abandoned {
                add(code::ABANDONED_WAIT_MS, self.wait.0);
                add(code::ABANDONED_SLOT + bounds.slot(self.wait), 1);
                add(code::SHORT_ABANDONED, i64::from(self.short));
                code::WAITS_ABANDONED
            } else {
                code::WAITS_OTHER
            };
            add(wait_slot(kind, self.wait), 1);
        }
        add(code::RING_NO_ANSWER, i64::from(self.ring_no_answer));
        add(code::MET_BY_MACHINE, i64::from(self.met_by_machine));
        add(code::CLASSIFIED, i64::from(self.classified));
        add(code::RESOLVED, i64::from(self.resolved));
        if self.classified != self.resolved {
            for (outcome, n) in Escalation::ALL.into_iter().zip(self.escalated) {
                add(code::ESCALATED + outcome as Code, i64::from(n));
            }
        }
        self.path.cell_entries(&mut add);
        if self.path.contact.is_some() {
            add(code::CONTACTS_BY_MACHINE, i64::from(self.met_by_machine));
        }
        if let Some((outcome, _)) = self.visit {
            add(outcome.code(), 1);
        }
    }

    /// What the stay adds to the load that each matter's department puts on this desk: the
    /// department, and its part of the handling.
    pub fn matter_entries(&self, each: impl FnMut((Department, i64))) {
        if self.queue.is_some() && self.disposition == Disposition::Answered {
            self.matters.split(self.talk.0 + self.wrap_up.0).for_each(each);
        }
    }

    /// What the stay adds to the panes, by the moment its verdicts fell.
    pub fn pane_entries(&self, mut add: impl FnMut(Timestamp, Code, i64)) {
        let settled = self.disposition != Disposition::Waiting;
        if settled && self.disposition.has_wait() {
            let kind = match (self.queue, self.disposition) {
                (None, Disposition::Answered) => Some(code::WAITS_ANSWERED),
                (None, _) => None,
                (Some(_), _) => Some(code::WAITS_OTHER),
            };
            if let Some(kind) = kind {
                add(self.ended_at, wait_slot(kind, self.wait), 1);
            }
        }
        if self.outside_hours {
            return;
        }
        let mut goal = |goal: Goal, at: Timestamp, met: bool| {
            add(at, goal_code(goal), i64::from(met));
            add(at, goal_code(goal) + 1, 1);
        };
        if self.queue.is_none() {
            if settled && self.disposition != Disposition::Closed && !self.short {
                goal(Goal::Sm1, self.decided_at, self.within_target);
            }
            return;
        }
        if let Some((outcome, decided_at)) = self.visit
            && matches!(outcome, VisitOutcome::Within | VisitOutcome::Late | VisitOutcome::Missed)
        {
            goal(Goal::Sm2, decided_at, outcome == VisitOutcome::Within);
        }
        if settled && !self.disposition.is_turned_away() && !self.short {
            let lost = self.disposition == Disposition::Abandoned;
            goal(Goal::Sm3, self.ended_at, lost);
            if !(self.disposition == Disposition::Answered && self.wait.0 == 0) {
                goal(Goal::Sm3w, self.ended_at, lost);
            }
        }
    }

    /// Writes the fact in packed form.
    pub fn pack(&self, out: &mut Writer<'_>) {
        self.pack_after(Timestamp(0), out);
    }

    /// Reads what [`Fact::pack`] wrote; `None` at the end or on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Fact> {
        Fact::unpack_after(Timestamp(0), input)
    }

    /// As [`Fact::pack`], in fewer bytes: the offer as its distance from a time that the reader
    /// knows.
    pub(super) fn pack_after(&self, known: Timestamp, out: &mut Writer<'_>) {
        out.signed(self.offered_at.0.wrapping_sub(known.0));
        out.signed(self.ended_at.since(self.offered_at).0);
        out.unsigned(u64::from(self.department.0));
        out.unsigned(self.queue.map_or(0, |queue| u64::from(queue.0) + 1));
        let flags = u8::from(self.outside_hours)
            | u8::from(self.short) << 1
            | u8::from(self.within_target) << 2
            | u8::from(self.met_by_machine) << 3;
        out.byte(self.disposition as u8 | flags << 4);
        out.signed(self.wait.0);
        out.signed(self.talk.0);
        out.unsigned(u64::from(self.transferred));
        out.unsigned(u64::from(self.ring_no_answer));
        out.signed(self.wrap_up.0);
        self.path.pack(out);
        out.signed(self.decided_at.since(self.offered_at).0);
        let classified = u8::from(self.classified != 0) * CLASSIFIED;
        match self.visit {
            None => out.byte(classified),
            Some((outcome, decided_at)) => {
                out.byte((outcome as u8 + 1) | classified);
                out.signed(decided_at.since(self.offered_at).0);
            }
        }
        if classified != 0 {
            out.unsigned(u64::from(self.classified));
            out.unsigned(u64::from(self.resolved));
            if self.classified != self.resolved {
                self.escalated.iter().for_each(|n| out.unsigned(u64::from(*n)));
            }
            self.matters.pack(out);
        }
    }

    /// Reads what [`Fact::pack_after`] wrote.
    pub(super) fn unpack_after(known: Timestamp, input: &mut Reader<'_>) -> Option<Fact> {
        let offered_at = Timestamp(known.0.wrapping_add(input.signed()?));
        let ended_at = offered_at.plus(Millis(input.signed()?));
        let department = Department(input.index()?);
        let queue = match input.unsigned()? {
            0 => None,
            queue => Some(Queue(u16::try_from(queue - 1).ok()?)),
        };
        let byte = input.byte()?;
        let disposition = *Disposition::ALL.get(usize::from(byte & 15))?;
        let flag = |bit: u8| byte >> (4 + bit) & 1 == 1;
        let mut fact = Fact {
            offered_at,
            ended_at,
            department,
            queue,
            disposition,
            outside_hours: flag(0),
            short: flag(1),
            within_target: flag(2),
            met_by_machine: flag(3),
            wait: Millis(input.signed()?),
            talk: Millis(input.signed()?),
            transferred: input.index()?,
            ring_no_answer: input.index()?,
            wrap_up: Millis(input.signed()?),
            path: Path::unpack(input)?,
            classified: 0,
            resolved: 0,
            escalated: [0; Escalation::ALL.len()],
            matters: Matters::default(),
            decided_at: offered_at.plus(Millis(input.signed()?)),
            visit: None,
        };
        let byte = input.byte()?;
        if let Some(outcome) = (byte & !CLASSIFIED).checked_sub(1) {
            let outcome = *VisitOutcome::ALL.get(usize::from(outcome))?;
            fact.visit = Some((outcome, offered_at.plus(Millis(input.signed()?))));
        }
        if byte & CLASSIFIED != 0 {
            fact.classified = input.index()?;
            fact.resolved = input.index()?;
            if fact.classified != fact.resolved {
                for n in &mut fact.escalated {
                    *n = input.index()?;
                }
            }
            fact.matters = Matters::unpack(input)?;
        }
        Some(fact)
    }
}

/// Beside the outcome of a visit: counts of questions follow.
const CLASSIFIED: u8 = 0x80;

/// Where a pane counts what met a goal's condition; one more is where it counts all.
pub const fn goal_code(goal: Goal) -> Code {
    code::GOAL + 2 * goal as Code
}

//! A held contact in few bytes: its observations and the contribution last committed for it.
//!
//! Hundreds of thousands of settled contacts are held for a day and more in case something late
//! arrives. Most observations of a contact share place, segment and source with the one before,
//! so those are written only when they change; times are differences.

use crate::domain::callback::Callback;
use crate::domain::event::{
    CallbackStep, Channel, Escalation, Leaving, Observation, Place, Rejection, Step, Way, What,
};
use crate::domain::ids::{
    Caller, Department, EventId, QuestionTag, Queue, Renaming, SegmentId, Source,
};
use crate::domain::pack::{Reader, Writer};
use crate::domain::question::Question;
use crate::domain::settlement::Settlement;
use crate::domain::units::{Millis, Timestamp};

use super::Contact;
use super::contribution::{Contribution, Fact, Hold, Tie};
use super::stay::Anomaly;

/// A contact with the contribution last committed for it.
///
/// In order: how many stays, with three flags (someone waits, there are anomalies, there are ties);
/// the time of the last observation; the anomalies; the facts of the stays; the ties; the
/// observations. That someone waits in no stay at all says that it is of no call: then come
/// questions, where questions were settled, and promises to ring back, each with their number before
/// them, in place of the facts.
/// Times are differences, the first ones from the last observation, so that it can be looked at
/// without unpacking and costs little.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed(Box<[u8]>);

/// Beside the number of facts.
const STRANGE: u64 = 1;
const OPEN: u64 = 2;
const TIED: u64 = 4;
/// Behind which the number stands.
const FLAGS: u32 = 3;

impl Packed {
    /// Packs both, and how often each anomaly was met.
    pub fn new(
        contact: &Contact,
        contribution: &Contribution,
        anomalies: &Anomalies,
        scratch: &mut Vec<u8>,
    ) -> Packed {
        let Contribution { stays, questions, settlements, callbacks, ties } = contribution;
        scratch.clear();
        let mut out = Writer(scratch);
        let strange = anomalies.iter().any(|n| *n != 0);
        let open = contribution.is_waiting() || contribution.is_of_no_call();
        let last = contact.last_time().unwrap_or(NEVER);
        let tied = u64::from(!ties.is_empty()) * TIED;
        let flags = u64::from(strange) * STRANGE + u64::from(open) * OPEN + tied;
        out.unsigned((stays.len() as u64) << FLAGS | flags);
        out.signed(last.0);
        if strange {
            anomalies.iter().for_each(|n| out.unsigned(u64::from(*n)));
        }
        let mut time = last;
        for fact in stays {
            fact.pack_after(time, &mut out);
            time = fact.offered_at;
        }
        if contribution.is_of_no_call() {
            debug_assert!(stays.is_empty(), "what is no call is held under an id of its own");
            out.unsigned(questions.len() as u64);
            for question in questions {
                question.pack_after(time, &mut out);
                time = question.received_at;
            }
            out.unsigned(settlements.len() as u64);
            for settlement in settlements {
                settlement.pack_after(time, &mut out);
                time = settlement.at;
            }
            out.unsigned(callbacks.len() as u64);
            for callback in callbacks {
                callback.pack_after(time, &mut out);
                time = callback.promised_at;
            }
        }
        if !ties.is_empty() {
            out.unsigned(ties.len() as u64);
            ties.iter().for_each(|tie| write_tie(&mut out, *tie, last));
        }
        let caller = ties.iter().find_map(caller_of);
        let mut before = Before { time: last.0, caller, ..Before::default() };
        for observation in contact.observations() {
            write(&mut out, observation, &mut before);
        }
        Packed(scratch.as_slice().into())
    }

    /// What [`Packed::as_bytes`] gave; `None` when it cannot be read to the end, or does not agree
    /// with itself.
    pub fn from_bytes(bytes: &[u8]) -> Option<Packed> {
        let mut open = false;
        let head = read_head(bytes, |fact| open |= is_live(&fact))?;
        let Head { mut input, last, caller, .. } = head;
        let mut before = Before { time: last.0, caller, ..Before::default() };
        let mut latest: Option<Observation> = None;
        while !input.is_empty() {
            let observation = read(&mut input, &mut before)?;
            if latest.as_ref().is_some_and(|latest| *latest >= observation) {
                return None;
            }
            latest = Some(observation);
        }
        let agrees = head.open == open && latest.map_or(NEVER, |latest| latest.time) == last;
        agrees.then(|| Packed(bytes.into()))
    }

    /// The whole of it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The time of the last observation; the beginning of time without any.
    pub fn last_time(&self) -> Timestamp {
        let mut input = Reader(&self.0);
        let last = input.unsigned().and_then(|_| input.signed());
        last.map_or(NEVER, Timestamp)
    }

    /// Whether someone waits in it by the contribution last committed.
    pub fn is_open(&self) -> bool {
        Reader(&self.0).unsigned().is_some_and(|first| first & OPEN != 0 && !is_of_no_call(first))
    }

    /// Whether it may show in the state of the moment: someone waits, or it is of no call.
    pub fn is_live(&self) -> bool {
        Reader(&self.0).unsigned().is_some_and(|first| first & OPEN != 0)
    }

    /// Whether it is of no call: a question, where one was settled, a promise to ring back.
    pub fn is_of_no_call(&self) -> bool {
        Reader(&self.0).unsigned().is_some_and(is_of_no_call)
    }

    /// The contribution last committed, and the anomalies counted for it.
    pub fn committed(&self, contribution: &mut Contribution) -> Anomalies {
        contribution.clear();
        let Contribution { stays, questions, settlements, callbacks, ties } = contribution;
        let head = read_head(&self.0, |part| match part {
            Part::Stay(fact) => stays.push(fact),
            Part::Question(question) => questions.push(question),
            Part::Settlement(settlement) => settlements.push(settlement),
            Part::Callback(callback) => callbacks.push(callback),
            Part::Tie(tie) => ties.push(tie),
        });
        head.map_or_else(Default::default, |head| head.anomalies)
    }

    /// Until when it is held, see [`Contribution::held_until`].
    pub fn held_until(&self, hold: Hold) -> Timestamp {
        let mut contribution = Contribution::default();
        if self.is_of_no_call() {
            self.committed(&mut contribution);
        }
        contribution.held_until(self.last_time(), hold)
    }

    /// The contact.
    pub fn contact(&self) -> Contact {
        self.contact_in(Vec::with_capacity(12))
    }

    /// The contact, in room that another has left.
    pub(crate) fn contact_in(&self, room: Vec<Observation>) -> Contact {
        let mut seen = room;
        seen.clear();
        if let Some(Head { mut input, last, caller, .. }) = read_head(&self.0, |_| ()) {
            let mut before = Before { time: last.0, caller, ..Before::default() };
            while let Some(observation) = read(&mut input, &mut before) {
                seen.push(observation);
            }
        }
        Contact::from_sorted(seen)
    }

    /// The same under other names; `None` when one of its names has no other. `scratch` is room.
    pub fn renamed(&self, names: &Renaming, scratch: &mut Vec<u8>) -> Option<Packed> {
        let mut contribution = Contribution::default();
        let anomalies = self.committed(&mut contribution);
        for fact in &mut contribution.stays {
            fact.department = names.department(fact.department)?;
            fact.queue = fact.queue.map_or(Some(None), |queue| names.queue(queue).map(Some))?;
            fact.matters = fact.matters.renamed(|department| names.department(department))?;
        }
        for settlement in &mut contribution.settlements {
            settlement.department = names.department(settlement.department)?;
        }
        for callback in &mut contribution.callbacks {
            callback.department = names.department(callback.department)?;
            callback.queue =
                callback.queue.map_or(Some(None), |queue| names.queue(queue).map(Some))?;
        }
        for question in &mut contribution.questions {
            question.department = names.department(question.department)?;
        }
        // No two observations have one id, and that comes before the names in their order.
        let mut seen = self.contact().into_observations();
        for observation in &mut seen {
            if let Some(Place::Queue(queue)) = &mut observation.place {
                *queue = names.queue(*queue)?;
            }
            if let Some(department) = &mut observation.department {
                *department = names.department(*department)?;
            }
            observation.source = names.source(observation.source)?;
        }
        Some(Packed::new(&Contact::from_sorted(seen), &contribution, &anomalies, scratch))
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// The time of the last observation where there is none.
const NEVER: Timestamp = Timestamp(i64::MIN);

/// What comes before the observations, the facts left out.
struct Head<'a> {
    open: bool,
    last: Timestamp,
    anomalies: Anomalies,
    /// Of the first tie that has one: mostly that of every observation.
    caller: Option<Caller>,
    /// The observations.
    input: Reader<'a>,
}

/// A part of a contribution.
enum Part {
    Stay(Fact),
    Question(Question),
    Settlement(Settlement),
    Callback(Callback),
    Tie(Tie),
}

/// What the head calls open.
fn is_live(part: &Part) -> bool {
    match part {
        Part::Stay(fact) => fact.is_open(),
        Part::Question(_) | Part::Settlement(_) | Part::Callback(_) => true,
        Part::Tie(_) => false,
    }
}

/// Whether no stays follow the head that begins so.
fn is_of_no_call(first: u64) -> bool {
    first & OPEN != 0 && first >> FLAGS == 0
}

fn read_head(bytes: &[u8], mut each: impl FnMut(Part)) -> Option<Head<'_>> {
    let mut input = Reader(bytes);
    let first = input.unsigned()?;
    let last = Timestamp(input.signed()?);
    let mut anomalies = Anomalies::default();
    if first & STRANGE != 0 {
        for n in &mut anomalies {
            *n = input.index()?;
        }
    }
    let mut time = last;
    let stays = first >> FLAGS;
    for _ in 0..stays {
        let fact = Fact::unpack_after(time, &mut input)?;
        time = fact.offered_at;
        each(Part::Stay(fact));
    }
    if is_of_no_call(first) {
        for _ in 0..input.count(4)? {
            let question = Question::unpack_after(time, &mut input)?;
            time = question.received_at;
            each(Part::Question(question));
        }
        for _ in 0..input.count(3)? {
            let settlement = Settlement::unpack_after(time, &mut input)?;
            time = settlement.at;
            each(Part::Settlement(settlement));
        }
        for _ in 0..input.count(5)? {
            let callback = Callback::unpack_after(time, &mut input)?;
            time = callback.promised_at;
            each(Part::Callback(callback));
        }
    }
    let mut caller = None;
    if first & TIED != 0 {
        for _ in 0..input.count(LEAST_TIE)? {
            let tie = read_tie(&mut input, last)?;
            if tie.stay() as u64 >= stays {
                return None;
            }
            caller = caller.or(caller_of(&tie));
            each(Part::Tie(tie));
        }
    }
    Some(Head { open: first & OPEN != 0, last, anomalies, caller, input })
}

fn caller_of(tie: &Tie) -> Option<Caller> {
    match tie {
        Tie::Call { caller, .. } => Some(*caller),
        Tie::Question { .. } => None,
    }
}

/// The bytes that a tie takes at least.
const LEAST_TIE: usize = 1 + 1 + 8;

/// What a tie is in one byte: a question, and then that it was passed on, or a call with two marks.
const TIE_QUESTION: u8 = 1;
const TIE_FIRST: u8 = 2;
const TIE_SECOND: u8 = 4;

fn write_tie(out: &mut Writer<'_>, tie: Tie, last: Timestamp) {
    let flag = |is: bool, flag: u8| u8::from(is) * flag;
    match tie {
        Tie::Call { stay, caller, abandoned, asked_to_call_later } => {
            out.byte(flag(abandoned, TIE_FIRST) | flag(asked_to_call_later, TIE_SECOND));
            out.unsigned(u64::from(stay));
            caller.pack(out);
        }
        Tie::Question { stay, question, at, passed_on } => {
            out.byte(TIE_QUESTION | flag(passed_on, TIE_FIRST));
            out.unsigned(u64::from(stay));
            out.fixed(&question.0.to_le_bytes());
            out.signed(at.0.wrapping_sub(last.0));
        }
    }
}

fn read_tie(input: &mut Reader<'_>, last: Timestamp) -> Option<Tie> {
    let flags = input.byte()?;
    let stay = input.index()?;
    Some(match flags & TIE_QUESTION {
        0 => Tie::Call {
            stay,
            caller: Caller::unpack(input)?,
            abandoned: flags & TIE_FIRST != 0,
            asked_to_call_later: flags & TIE_SECOND != 0,
        },
        _ => Tie::Question {
            stay,
            question: QuestionTag(u64::from_le_bytes(input.fixed()?)),
            at: Timestamp(last.0.wrapping_add(input.signed()?)),
            passed_on: flags & TIE_FIRST != 0,
        },
    })
}

/// How often each anomaly was met, in the order of [`Anomaly::ALL`].
pub type Anomalies = [u16; Anomaly::ALL.len()];

#[derive(Default)]
struct Before {
    time: i64,
    segment: Option<SegmentId>,
    place: Option<Place>,
    department: Option<Department>,
    source: Source,
    caller: Option<Caller>,
}

/// The kinds in one byte, beside two flags: something of the stay changed, an ordinal follows.
const CHANGED: u8 = 0x80;
const ORDINAL: u8 = 0x40;

fn write(out: &mut Writer<'_>, observation: &Observation, before: &mut Before) {
    let Observation { time, ordinal, what, id, segment, place, department, source } = observation;
    let changed = (*segment, *place, *department, *source)
        != (before.segment, before.place, before.department, before.source);
    let flags = (u8::from(changed) * CHANGED) | (u8::from(*ordinal != 0) * ORDINAL);
    out.byte(kind(what) | flags);
    out.signed(time.0.wrapping_sub(before.time));
    out.fixed(&id.0.to_le_bytes());
    if *ordinal != 0 {
        out.unsigned(*ordinal);
    }
    if changed {
        let place_kind = match place {
            None => 0,
            Some(Place::Switchboard) => 1,
            Some(Place::Queue(_)) => 2,
        };
        out.byte(
            place_kind | u8::from(segment.is_some()) << 2 | u8::from(department.is_some()) << 3,
        );
        if let Some(Place::Queue(queue)) = place {
            out.unsigned(u64::from(queue.0));
        }
        if let Some(segment) = segment {
            out.fixed(&segment.0.to_le_bytes());
        }
        if let Some(department) = department {
            out.unsigned(u64::from(department.0));
        }
        out.unsigned(u64::from(source.0));
    }
    *before = Before {
        time: time.0,
        segment: *segment,
        place: *place,
        department: *department,
        source: *source,
        caller: before.caller,
    };
    match what {
        What::Offered { caller, .. } | What::QueueEntered { caller } => match caller {
            None => out.byte(0),
            Some(_) if *caller == before.caller => out.byte(SAME_CALLER),
            Some(one) => {
                out.byte(1);
                one.pack(out);
                before.caller = *caller;
            }
        },
        What::Answered { wait } | What::Abandoned { wait } | What::Left { wait, .. } => {
            length(out, *wait);
        }
        What::Ended { wait, talk, wrap_up } => {
            length(out, *wait);
            length(out, *talk);
            length(out, *wrap_up);
        }
        What::QueueRejected(_)
        | What::MetByMachine
        | What::Ringing
        | What::NoAnswer
        | What::Passed { .. }
        | What::Callback(_)
        | What::Question(
            Step::Received(_) | Step::Reclassified | Step::Replied { .. } | Step::Closed,
        ) => {}
        What::Question(Step::Settled(_)) => out.byte(0),
        What::Question(Step::PassedOn(_, outcome)) => out.byte(1 + escalation(*outcome)),
        What::Resolved { question } | What::Escalated { question, .. } => {
            if let Some(question) = question {
                out.fixed(&question.0.to_le_bytes());
            }
        }
    }
}

fn read(input: &mut Reader<'_>, before: &mut Before) -> Option<Observation> {
    let first = input.byte()?;
    let time = before.time.wrapping_add(input.signed()?);
    let id = EventId(u64::from_le_bytes(input.fixed()?));
    let ordinal = if first & ORDINAL != 0 { input.unsigned()? } else { 0 };
    if first & CHANGED != 0 {
        let flags = input.byte()?;
        before.place = match flags & 3 {
            0 => None,
            1 => Some(Place::Switchboard),
            _ => Some(Place::Queue(Queue(input.index()?))),
        };
        before.segment = match flags >> 2 & 1 {
            0 => None,
            _ => Some(SegmentId(u32::from_le_bytes(input.fixed()?))),
        };
        before.department = match flags >> 3 & 1 {
            0 => None,
            _ => Some(Department(input.index()?)),
        };
        before.source = Source(input.index()?);
    }
    before.time = time;
    let what = unkind(first & 0x3f, input, &mut before.caller)?;
    Some(Observation {
        time: Timestamp(time),
        ordinal,
        what,
        id,
        segment: before.segment,
        place: before.place,
        department: before.department,
        source: before.source,
    })
}

/// The caller of the observation before that had one.
const SAME_CALLER: u8 = 2;

fn length(out: &mut Writer<'_>, length: Option<Millis>) {
    out.unsigned(length.map_or(0, |length| length.0.max(0) as u64 + 1));
}

fn unlength(input: &mut Reader<'_>) -> Option<Option<Millis>> {
    Some(match input.unsigned()? {
        0 => None,
        length => Some(Millis(i64::try_from(length - 1).ok()?)),
    })
}

fn kind(what: &What) -> u8 {
    match what {
        What::Offered { direct: false, .. } => 0,
        What::Offered { direct: true, .. } => 1,
        What::QueueEntered { .. } => 2,
        What::QueueRejected(Rejection::Full) => 3,
        What::QueueRejected(Rejection::NoAgent) => 4,
        What::QueueRejected(Rejection::Closed) => 5,
        What::QueueRejected(Rejection::Diverted) => 6,
        What::MetByMachine => 7,
        What::Ringing => 8,
        What::NoAnswer => 9,
        What::Answered { .. } => 10,
        What::Abandoned { .. } => 11,
        What::Left { how: Leaving::TimedOut, .. } => 12,
        What::Left { how: Leaving::LeftEmpty, .. } => 13,
        What::Left { how: Leaving::KeyExit, .. } => 14,
        What::Left { how: Leaving::Withdrawn, .. } => 15,
        What::Left { how: Leaving::Callback, .. } => 16,
        What::Left { how: Leaving::Overflowed, .. } => 17,
        What::Passed { by_matter: None } => 18,
        What::Passed { by_matter: Some(false) } => 19,
        What::Passed { by_matter: Some(true) } => 20,
        What::Resolved { question: None } => 21,
        What::Escalated { question: None, outcome } => 22 + escalation(*outcome),
        What::Ended { .. } => 26,
        What::Resolved { question: Some(_) } => 27,
        What::Escalated { question: Some(_), outcome } => 28 + escalation(*outcome),
        What::Question(Step::Received(channel)) => 32 + *channel as u8,
        What::Question(Step::Reclassified) => 35,
        What::Question(Step::Replied { by_person: false }) => 36,
        What::Question(Step::Replied { by_person: true }) => 37,
        What::Question(Step::Closed) => 38,
        What::Question(Step::Settled(way) | Step::PassedOn(way, _)) => 39 + *way as u8,
        What::Callback(step) => 43 + *step as u8,
    }
}

const CALLBACK_STEPS: [CallbackStep; 4] =
    [CallbackStep::Promised, CallbackStep::Attempted, CallbackStep::Kept, CallbackStep::Expired];

const ESCALATIONS: [Escalation; 4] = [
    Escalation::TakesOver,
    Escalation::WillCallBack,
    Escalation::AskedToCallLater,
    Escalation::Other,
];

/// The place in [`ESCALATIONS`].
fn escalation(outcome: Escalation) -> u8 {
    match outcome {
        Escalation::TakesOver => 0,
        Escalation::WillCallBack => 1,
        Escalation::AskedToCallLater => 2,
        Escalation::Other => 3,
    }
}

fn unkind(kind: u8, input: &mut Reader<'_>, known: &mut Option<Caller>) -> Option<What> {
    let mut caller = |input: &mut Reader<'_>| -> Option<Option<Caller>> {
        Some(match input.byte()? {
            0 => None,
            SAME_CALLER => Some((*known)?),
            _ => {
                *known = Some(Caller::unpack(input)?);
                *known
            }
        })
    };
    let question = |input: &mut Reader<'_>| Some(QuestionTag(u64::from_le_bytes(input.fixed()?)));
    let left = |how, input: &mut Reader<'_>| Some(What::Left { how, wait: unlength(input)? });
    match kind {
        0 => Some(What::Offered { direct: false, caller: caller(input)? }),
        1 => Some(What::Offered { direct: true, caller: caller(input)? }),
        2 => Some(What::QueueEntered { caller: caller(input)? }),
        3 => Some(What::QueueRejected(Rejection::Full)),
        4 => Some(What::QueueRejected(Rejection::NoAgent)),
        5 => Some(What::QueueRejected(Rejection::Closed)),
        6 => Some(What::QueueRejected(Rejection::Diverted)),
        7 => Some(What::MetByMachine),
        8 => Some(What::Ringing),
        9 => Some(What::NoAnswer),
        10 => Some(What::Answered { wait: unlength(input)? }),
        11 => Some(What::Abandoned { wait: unlength(input)? }),
        12 => left(Leaving::TimedOut, input),
        13 => left(Leaving::LeftEmpty, input),
        14 => left(Leaving::KeyExit, input),
        15 => left(Leaving::Withdrawn, input),
        16 => left(Leaving::Callback, input),
        17 => left(Leaving::Overflowed, input),
        18 => Some(What::Passed { by_matter: None }),
        19 => Some(What::Passed { by_matter: Some(false) }),
        20 => Some(What::Passed { by_matter: Some(true) }),
        21 => Some(What::Resolved { question: None }),
        22..26 => {
            let outcome = ESCALATIONS[usize::from(kind - 22)];
            Some(What::Escalated { question: None, outcome })
        }
        26 => Some(What::Ended {
            wait: unlength(input)?,
            talk: unlength(input)?,
            wrap_up: unlength(input)?,
        }),
        27 => Some(What::Resolved { question: Some(question(input)?) }),
        28..32 => {
            let outcome = ESCALATIONS[usize::from(kind - 28)];
            Some(What::Escalated { question: Some(question(input)?), outcome })
        }
        32..35 => Some(What::Question(Step::Received(Channel::ALL[usize::from(kind - 32)]))),
        35 => Some(What::Question(Step::Reclassified)),
        36 => Some(What::Question(Step::Replied { by_person: false })),
        37 => Some(What::Question(Step::Replied { by_person: true })),
        38 => Some(What::Question(Step::Closed)),
        39..43 => {
            let way = Way::ALL[usize::from(kind - 39)];
            Some(What::Question(match usize::from(input.byte()?).checked_sub(1) {
                None => Step::Settled(way),
                Some(outcome) => Step::PassedOn(way, *ESCALATIONS.get(outcome)?),
            }))
        }
        43..47 => Some(What::Callback(CALLBACK_STEPS[usize::from(kind - 43)])),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::contact::ContactLimits;
    use crate::domain::contact::contribution::VisitOutcome;
    use crate::domain::contact::path::{Begun, Matters, Origin, Passing, Path, Sent};
    use crate::domain::contact::stay::Disposition;
    use crate::domain::ids::CallerPseudonym;

    const NOON: i64 = 1_791_194_400_000;

    fn times() -> impl Strategy<Value = Timestamp> {
        prop_oneof![
            9 => (0..3_600_000i64).prop_map(|ms| Timestamp(NOON + ms)),
            1 => (0..4_000_000_000_000i64).prop_map(Timestamp),
        ]
    }

    fn caller_of(number: u64) -> Caller {
        let number = number % 3;
        Caller { own: CallerPseudonym(number), before: CallerPseudonym(number + 9) }
    }

    fn tie(stays: u16) -> impl Strategy<Value = Tie> {
        let flags = any::<(bool, bool, bool)>();
        (0..stays, any::<u64>(), times(), flags).prop_map(|(stay, n, at, (is_call, one, other))| {
            match is_call {
                true => Tie::Call {
                    stay,
                    caller: caller_of(n),
                    abandoned: one,
                    asked_to_call_later: other,
                },
                false => Tie::Question { stay, question: QuestionTag(n), at, passed_on: one },
            }
        })
    }

    fn observation() -> impl Strategy<Value = Observation> {
        let what = (0..47u8, any::<Option<u64>>(), any::<[Option<u32>; 3]>()).prop_map(
            |(of, caller, lengths)| {
                let [wait, talk, wrap_up] = lengths.map(|ms| ms.map(|ms| Millis(i64::from(ms))));
                let question = Some(QuestionTag(caller.unwrap_or_default()));
                let caller = caller.map(caller_of);
                // Any bytes do for the fields: only the kind is taken from them.
                match unkind(of, &mut Reader(&[0; 8]), &mut None).unwrap() {
                    What::Offered { direct, .. } => What::Offered { direct, caller },
                    What::QueueEntered { .. } => What::QueueEntered { caller },
                    What::Answered { .. } => What::Answered { wait },
                    What::Abandoned { .. } => What::Abandoned { wait },
                    What::Left { how, .. } => What::Left { how, wait },
                    What::Ended { .. } => What::Ended { wait, talk, wrap_up },
                    other @ (What::QueueRejected(_)
                    | What::MetByMachine
                    | What::Ringing
                    | What::NoAnswer
                    | What::Passed { .. }
                    | What::Question(
                        Step::Received(_)
                        | Step::Reclassified
                        | Step::Replied { .. }
                        | Step::Closed
                        | Step::PassedOn(..),
                    )
                    | What::Callback(_)
                    | What::Resolved { question: None }
                    | What::Escalated { question: None, .. }) => other,
                    What::Question(Step::Settled(way)) => {
                        What::Question(match wait.map(|wait| wait.0 as usize % 4) {
                            None => Step::Settled(way),
                            Some(outcome) => Step::PassedOn(way, ESCALATIONS[outcome]),
                        })
                    }
                    What::Resolved { question: Some(_) } => What::Resolved { question },
                    What::Escalated { question: Some(_), outcome } => {
                        What::Escalated { question, outcome }
                    }
                }
            },
        );
        let place = proptest::option::of(proptest::option::of(0..6u16));
        let names = (place, proptest::option::of(0..4u16), 0..3u16);
        let ids = (any::<u64>(), proptest::option::of(0..3u32), 0..3u64);
        (times(), what, ids, names).prop_map(
            |(time, what, (id, segment, ordinal), (place, department, source))| Observation {
                time,
                ordinal,
                what,
                id: EventId(id),
                segment: segment.map(SegmentId),
                place: place
                    .map(|queue| queue.map_or(Place::Switchboard, |q| Place::Queue(Queue(q)))),
                department: department.map(Department),
                source: Source(source),
            },
        )
    }

    fn fact() -> impl Strategy<Value = Fact> {
        fact_at(times())
    }

    /// Any fact of four departments and six queues, offered at one of the times.
    pub(crate) fn fact_at(times: impl Strategy<Value = Timestamp>) -> impl Strategy<Value = Fact> {
        let lengths = any::<[u16; 5]>();
        let way = (any::<[u16; 4]>(), 0..8u16, path());
        let names = (0..4u16, proptest::option::of(0..6u16));
        let visit = proptest::option::of(0..VisitOutcome::ALL.len());
        let ended = (0..Disposition::ALL.len(), any::<[bool; 4]>());
        (times, lengths, names, ended, visit, way).prop_map(
            |(offered_at, lengths, (department, queue), ended_how, visit, way)| {
                let (disposition, flags) = ended_how;
                let (escalated, matter, path) = way;
                let (classified, resolved) =
                    (lengths[2], if lengths[2] == 0 { 0 } else { lengths[3] });
                let mut matters = Matters::default();
                for at in 0..if classified == 0 { 0 } else { matter } {
                    matters.add(Department(at * matter % 4), at);
                }
                let [ended, wait, talk, decided, visited] = lengths.map(|ms| Millis(i64::from(ms)));
                Fact {
                    offered_at,
                    ended_at: offered_at.plus(ended),
                    department: Department(department),
                    queue: queue.map(Queue),
                    disposition: Disposition::ALL[disposition],
                    outside_hours: flags[0],
                    short: flags[1],
                    within_target: flags[2],
                    met_by_machine: flags[3],
                    wait,
                    talk,
                    transferred: lengths[0],
                    ring_no_answer: lengths[1],
                    classified,
                    resolved,
                    escalated: if classified == resolved { [0; 4] } else { escalated },
                    matters,
                    wrap_up: Millis(i64::from(lengths[4])),
                    path,
                    decided_at: offered_at.plus(decided),
                    visit: visit.map(|at| (VisitOutcome::ALL[at], offered_at.plus(visited))),
                }
            },
        )
    }

    fn path() -> impl Strategy<Value = Path> {
        let begun = (0..Origin::ALL.len(), any::<bool>(), any::<u16>());
        let begun = begun.prop_map(|(origin, answered, passes)| Begun {
            origin: Origin::ALL[origin],
            answered,
            passes: if answered { passes } else { 0 },
        });
        let sent = [Sent::Not, Sent::Unanswered, Sent::Right, Sent::Onward];
        (proptest::option::of(begun), 0..Passing::ALL.len(), 0..sent.len()).prop_map(
            move |(contact, passed, at)| Path {
                contact,
                passed: Passing::ALL[passed],
                sent: sent[at],
            },
        )
    }

    /// Any promise of four departments and six queues, given at one of the times.
    pub(crate) fn callback_at(
        times: impl Strategy<Value = Timestamp>,
    ) -> impl Strategy<Value = Callback> {
        let names = (0..4u16, proptest::option::of(0..6u16));
        let kept = proptest::option::of(-5_000..500_000_000i64);
        (times, names, 0..400_000_000i64, kept, any::<bool>()).prop_map(
            |(promised_at, (department, queue), due, kept, expired)| Callback {
                promised_at,
                department: Department(department),
                queue: queue.map(Queue),
                due_at: promised_at.plus(Millis(due)),
                kept_at: kept.map(|after| promised_at.plus(Millis(after))),
                expired: expired && kept.is_none(),
            },
        )
    }

    fn settlement() -> impl Strategy<Value = Settlement> {
        let outcome = proptest::option::of(0..ESCALATIONS.len());
        (times(), 0..4u16, 0..Way::ALL.len(), outcome).prop_map(|(at, department, way, outcome)| {
            Settlement {
                at,
                department: Department(department),
                way: Way::ALL[way],
                passed_on: outcome.map(|at| ESCALATIONS[at]),
            }
        })
    }

    /// Any question of four departments, received at one of the times.
    pub(crate) fn question_at(
        times: impl Strategy<Value = Timestamp>,
    ) -> impl Strategy<Value = Question> {
        let answer = proptest::option::of((-5_000..500_000_000i64, 0..90_000_000i64));
        let names = (0..4u16, 0..Channel::ALL.len());
        (times, names, 0..400_000_000i64, answer, any::<bool>()).prop_map(
            |(received_at, (department, channel), due, answer, closed)| Question {
                received_at,
                department: Department(department),
                channel: Channel::ALL[channel],
                due_at: received_at.plus(Millis(due)),
                answered_at: answer.map(|(after, _)| received_at.plus(Millis(after))),
                worked: Millis(answer.map_or(0, |(_, worked)| worked)),
                closed: closed && answer.is_none(),
            },
        )
    }

    fn contributions() -> impl Strategy<Value = Contribution> {
        let stays = proptest::collection::vec(fact(), 0..4).prop_flat_map(|stays| {
            let ties = proptest::collection::vec(tie(stays.len().max(1) as u16), 0..4);
            (Just(stays), ties)
        });
        let questions = proptest::collection::vec(question_at(times()), 0..3);
        let settlements = proptest::collection::vec(settlement(), 0..3);
        let callbacks = proptest::collection::vec(callback_at(times()), 0..3);
        let nothing = Contribution::default;
        prop_oneof![
            3 => stays.prop_map(move |(stays, mut ties)| {
                ties.retain(|tie| tie.stay() < stays.len());
                Contribution { stays, ties, ..nothing() }
            }),
            1 => (questions, settlements).prop_map(move |(questions, settlements)| Contribution {
                questions,
                settlements,
                ..nothing()
            }),
            1 => callbacks.prop_map(move |callbacks| Contribution { callbacks, ..nothing() }),
        ]
    }

    type Parts = (Contact, Contribution, Anomalies);

    fn parts() -> impl Strategy<Value = Parts> {
        let seen = proptest::collection::vec(observation(), 0..12);
        let anomalies = prop_oneof![Just(Anomalies::default()), any::<[u16; Anomaly::ALL.len()]>()];
        (seen, contributions(), anomalies).prop_map(|(seen, contribution, anomalies)| {
            let mut contact = Contact::new();
            for observation in seen {
                contact.observe(observation, ContactLimits::default());
            }
            (contact, contribution, anomalies)
        })
    }

    fn pack((contact, contribution, anomalies): &Parts) -> Packed {
        Packed::new(contact, contribution, anomalies, &mut Vec::new())
    }

    fn unpack(packed: &Packed) -> Parts {
        let mut contribution = Contribution::default();
        let anomalies = packed.committed(&mut contribution);
        (packed.contact(), contribution, anomalies)
    }

    #[test]
    fn a_contact_without_observations_was_never_heard_of() {
        let packed = pack(&(Contact::new(), Contribution::default(), Anomalies::default()));
        assert_eq!(packed.last_time(), Timestamp(i64::MIN));
        assert!(!packed.is_open());
        assert_eq!(Packed::from_bytes(packed.as_bytes()), Some(packed));
        assert_eq!(Packed::from_bytes(&[]), None);
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(parts in parts()) {
            let packed = pack(&parts);
            prop_assert_eq!(unpack(&packed), parts.clone());
            let last = parts.0.last_time().unwrap_or(Timestamp(i64::MIN));
            prop_assert_eq!(packed.last_time(), last);
            prop_assert_eq!(packed.is_open(), parts.1.is_waiting());
            prop_assert_eq!(packed.is_of_no_call(), parts.1.is_of_no_call());
            let hold = Hold { silence: Millis(7), lateness: Millis(9) };
            prop_assert_eq!(packed.held_until(hold), parts.1.held_until(last, hold));
            prop_assert_eq!(Packed::from_bytes(packed.as_bytes()), Some(packed));
        }

        #[test]
        fn damaged_bytes_do_no_harm_and_what_is_taken_can_be_read(
            parts in parts(),
            flips in proptest::collection::vec((any::<proptest::sample::Index>(), 1..=255u8), 0..3),
            cut in proptest::option::of(any::<proptest::sample::Index>()),
        ) {
            let mut bytes = pack(&parts).as_bytes().to_vec();
            for (at, flip) in flips {
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Some(packed) = Packed::from_bytes(&bytes) {
                let (contact, contribution, _) = unpack(&packed);
                prop_assert_eq!(packed.last_time(), contact.last_time().unwrap_or(NEVER));
                prop_assert_eq!(packed.is_open(), contribution.is_waiting());
            }
        }

        #[test]
        fn random_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(Packed::from_bytes(&bytes).is_none_or(|p| p.as_bytes() == bytes));
        }

        #[test]
        fn renaming_there_and_back_changes_nothing(parts in parts()) {
            let packed = pack(&parts);
            let turned = |count: u16| (0..count).rev().collect::<Vec<u16>>();
            let there = Renaming { departments: turned(4), queues: turned(6), sources: turned(3) };
            let renamed = packed.renamed(&there, &mut Vec::new()).unwrap();
            let mine = unpack(&renamed).1;
            for (mine, theirs) in mine.stays.iter().zip(&parts.1.stays) {
                prop_assert_eq!(mine.department.0, 3 - theirs.department.0);
            }
            for (mine, theirs) in mine.questions.iter().zip(&parts.1.questions) {
                prop_assert_eq!(mine.department.0, 3 - theirs.department.0);
            }
            prop_assert_eq!(renamed.renamed(&there, &mut Vec::new()), Some(packed.clone()));
            let nothing = Renaming::default();
            let empty = parts.0.observations().is_empty() && parts.1 == Contribution::default();
            prop_assert_eq!(packed.renamed(&nothing, &mut Vec::new()).is_some(), empty);
        }
    }
}

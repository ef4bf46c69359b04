//! A held contact in few bytes: its observations and the contribution last committed for it.
//!
//! Hundreds of thousands of settled contacts are held for a day and more in case something late
//! arrives. Most observations of a contact share place, segment and source with the one before,
//! so those are written only when they change; times are differences.

use crate::domain::event::{Escalation, Leaving, Observation, Place, Rejection, What};
use crate::domain::ids::{CallerPseudonym, Department, EventId, Queue, SegmentId, Source};
use crate::domain::pack::{Reader, Writer};
use crate::domain::units::{Millis, Timestamp};

use super::Contact;
use super::contribution::Fact;
use super::stay::Anomaly;

/// A contact with the contribution last committed for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// Packs both, and how often each anomaly was met.
    pub fn new(
        contact: &Contact,
        facts: &[Fact],
        anomalies: &Anomalies,
        scratch: &mut Vec<u8>,
    ) -> Packed {
        scratch.clear();
        let mut out = Writer(scratch);
        let strange = anomalies.iter().any(|n| *n != 0);
        out.unsigned((facts.len() as u64) << 1 | u64::from(strange));
        if strange {
            anomalies.iter().for_each(|n| out.unsigned(u64::from(*n)));
        }
        for fact in facts {
            fact.pack(&mut out);
        }
        let mut before = Before::default();
        for observation in contact.observations() {
            write(&mut out, observation, &mut before);
        }
        Packed(scratch.as_slice().into())
    }

    /// The contribution last committed, and the anomalies counted for it.
    pub fn committed(&self, facts: &mut Vec<Fact>) -> Anomalies {
        facts.clear();
        self.read_facts(|fact| facts.push(fact)).1
    }

    /// The contact.
    pub fn contact(&self) -> Contact {
        self.contact_in(Vec::with_capacity(12))
    }

    /// The contact, in room that another has left.
    pub(crate) fn contact_in(&self, room: Vec<Observation>) -> Contact {
        let (mut input, _) = self.read_facts(|_| ());
        let mut before = Before::default();
        let mut seen = room;
        seen.clear();
        while let Some(observation) = read(&mut input, &mut before) {
            seen.push(observation);
        }
        Contact::from_sorted(seen)
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }

    fn read_facts(&self, mut each: impl FnMut(Fact)) -> (Reader<'_>, Anomalies) {
        let mut input = Reader(&self.0);
        let mut anomalies = Anomalies::default();
        let count = input.unsigned().unwrap_or(0);
        if count & 1 == 1 {
            for n in &mut anomalies {
                *n = input.unsigned().unwrap_or(0) as u16;
            }
        }
        for _ in 0..count >> 1 {
            let Some(fact) = Fact::unpack(&mut input) else { break };
            each(fact);
        }
        (input, anomalies)
    }
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
    out.signed(time.0 - before.time);
    out.0.extend_from_slice(&id.0.to_le_bytes());
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
            out.0.extend_from_slice(&segment.0.to_le_bytes());
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
    };
    match what {
        What::Offered { caller, .. } | What::QueueEntered { caller } => {
            out.byte(u8::from(caller.is_some()));
            if let Some(caller) = caller {
                out.0.extend_from_slice(&caller.0.to_le_bytes());
            }
        }
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
        | What::Resolved
        | What::Escalated(_) => {}
    }
}

fn read(input: &mut Reader<'_>, before: &mut Before) -> Option<Observation> {
    let first = input.byte()?;
    let time = before.time + input.signed()?;
    let id = EventId(u64::from_le_bytes(input.fixed()?));
    let ordinal = if first & ORDINAL != 0 { input.unsigned()? } else { 0 };
    if first & CHANGED != 0 {
        let flags = input.byte()?;
        before.place = match flags & 3 {
            0 => None,
            1 => Some(Place::Switchboard),
            _ => Some(Place::Queue(Queue(u16::try_from(input.unsigned()?).ok()?))),
        };
        before.segment = match flags >> 2 & 1 {
            0 => None,
            _ => Some(SegmentId(u32::from_le_bytes(input.fixed()?))),
        };
        before.department = match flags >> 3 & 1 {
            0 => None,
            _ => Some(Department(u16::try_from(input.unsigned()?).ok()?)),
        };
        before.source = Source(u16::try_from(input.unsigned()?).ok()?);
    }
    before.time = time;
    let what = unkind(first & 0x3f, input)?;
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
        What::Resolved => 21,
        What::Escalated(Escalation::TakesOver) => 22,
        What::Escalated(Escalation::WillCallBack) => 23,
        What::Escalated(Escalation::AskedToCallLater) => 24,
        What::Escalated(Escalation::Other) => 25,
        What::Ended { .. } => 26,
    }
}

fn unkind(kind: u8, input: &mut Reader<'_>) -> Option<What> {
    let caller = |input: &mut Reader<'_>| -> Option<Option<CallerPseudonym>> {
        Some(match input.byte()? {
            0 => None,
            _ => Some(CallerPseudonym(u64::from_le_bytes(input.fixed()?))),
        })
    };
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
        21 => Some(What::Resolved),
        22 => Some(What::Escalated(Escalation::TakesOver)),
        23 => Some(What::Escalated(Escalation::WillCallBack)),
        24 => Some(What::Escalated(Escalation::AskedToCallLater)),
        25 => Some(What::Escalated(Escalation::Other)),
        26 => Some(What::Ended {
            wait: unlength(input)?,
            talk: unlength(input)?,
            wrap_up: unlength(input)?,
        }),
        _ => None,
    }
}

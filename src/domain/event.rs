//! Everything the switchboard and the queue can tell us, once the bytes are read.
//!
//! An [`Observation`] belongs to one contact; what it means for the figures is decided in
//! [`super::contact`] alone. Observations are ordered by (time, ordinal, type rank, id), and that
//! order is total, so a contact is the same whatever order its observations came in.

use super::ids::{
    AgentId, Caller, ContactId, Department, EventId, QuestionTag, Queue, SegmentId, Source,
};
use super::pack::{Reader, Writer};
use super::told::Told;
use super::units::{Millis, Timestamp};

/// Where a caller stays: with the operators, or in one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The operators who answer the main number.
    Switchboard,
    /// A staffed queue.
    Queue(Queue),
}

/// Something that was observed of one contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observation {
    /// When it happened, by the source's own clock.
    pub time: Timestamp,
    /// Order within one time for sources with whole seconds (the byte offset in a file), else 0.
    pub ordinal: u64,
    /// What was observed. Its position among the variants is the type rank.
    pub what: What,
    /// For recognising repeats.
    pub id: EventId,
    /// The stay it belongs to, where the source says so.
    pub segment: Option<SegmentId>,
    /// Where, if the source says so.
    pub place: Option<Place>,
    /// The department, if the source says so.
    pub department: Option<Department>,
    /// The system that wrote it.
    pub source: Source,
}

/// The kinds of observation, in the order in which they count when their times are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A call reached the switchboard or a queue.
    Offered {
        /// Dialled straight to a desk, past the switchboard.
        direct: bool,
        /// For the recognition of repeat calls.
        caller: Option<Caller>,
    },
    /// The caller was placed in a queue.
    QueueEntered {
        /// For the recognition of repeat calls.
        caller: Option<Caller>,
    },
    /// The queue did not take the caller.
    QueueRejected(Rejection),
    /// A machine answered first; that is not an answer.
    MetByMachine,
    /// An agent's phone rings.
    Ringing,
    /// An agent's phone rang without an answer.
    NoAnswer,
    /// A person answered.
    Answered {
        /// The wait as the source reports it.
        wait: Option<Millis>,
    },
    /// The caller hung up while waiting.
    Abandoned {
        /// The wait as the source reports it.
        wait: Option<Millis>,
    },
    /// The caller left the queue in another way.
    Left {
        /// In which way.
        how: Leaving,
        /// The wait as the source reports it.
        wait: Option<Millis>,
    },
    /// Whoever answered sent the caller on.
    Passed {
        /// By the matter (true) or by the name of a person (false), where known.
        by_matter: Option<bool>,
    },
    /// A question was settled at the desk.
    Resolved {
        /// Which, if the source says so; without a name each observation is of its own question.
        question: Option<QuestionTag>,
    },
    /// A question went to a case officer.
    Escalated {
        /// Which, if the source says so.
        question: Option<QuestionTag>,
        /// What became of it.
        outcome: Escalation,
    },
    /// The call is over.
    Ended {
        /// The wait as the source reports it once more.
        wait: Option<Millis>,
        /// Length of the conversation.
        talk: Option<Millis>,
        /// Work after the call.
        wrap_up: Option<Millis>,
    },
    /// A step of a question by e-mail or e-service.
    Question(Step),
    /// A step of a promise to ring back.
    Callback(CallbackStep),
}

/// The steps of a promise to ring back, in the order in which they count when their times are
/// equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallbackStep {
    /// The caller was told that somebody rings back.
    Promised,
    /// Somebody rang, and nobody answered.
    Attempted,
    /// A person spoke with the caller.
    Kept,
    /// Given up.
    Expired,
}

/// The steps of a question by e-mail or e-service, in the order in which they count when their
/// times are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It came in.
    Received(Channel),
    /// It went to another department.
    Reclassified,
    /// Somebody or something replied.
    Replied {
        /// A person, not an automatic receipt.
        by_person: bool,
    },
    /// It is over.
    Closed,
    /// Whoever it came to settled it.
    Settled(Way),
    /// Whoever it came to passed it on to a case officer.
    PassedOn(Way, Escalation),
}

/// How a citizen reaches the municipality otherwise than by telephone, where it is told what became
/// of the question (first-contact resolution).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// E-mail.
    Email,
    /// An electronic service on the municipality's site.
    EService,
    /// In person.
    Visit,
    /// A letter.
    Post,
}

impl Way {
    /// Every way, in the order of their numbers.
    pub const ALL: [Way; 4] = [Way::Email, Way::EService, Way::Visit, Way::Post];

    /// The name in events and figures.
    pub fn name(self) -> &'static str {
        match self {
            Way::Email => "email",
            Way::EService => "e_service",
            Way::Visit => "visit",
            Way::Post => "post",
        }
    }
}

/// How a question came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// E-mail.
    Email,
    /// An electronic service on the municipality's site.
    EService,
    /// Another way, or none was said: counted apart, never dropped.
    Other,
}

impl Channel {
    /// Every channel, in the order of their numbers.
    pub const ALL: [Channel; 3] = [Channel::Email, Channel::EService, Channel::Other];

    /// The name in events and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::EService => "e_service",
            Channel::Other => "other",
        }
    }
}

/// Why a queue refused a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejection {
    /// The queue was full.
    Full,
    /// No agent was logged in.
    NoAgent,
    /// Turned away because closed; a disposition of its own.
    Closed,
    /// Sent elsewhere before it entered (expected wait or load too high).
    Diverted,
}

/// The ends of a stay that are neither an answer nor a hang-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leaving {
    /// The longest wait that the queue allows was over.
    TimedOut,
    /// The queue had no agents left.
    LeftEmpty,
    /// The caller pressed a key to get out.
    KeyExit,
    /// Taken out of the queue by the system's management.
    Withdrawn,
    /// The caller keeps the place and is rung back.
    Callback,
    /// Moved on to another queue.
    Overflowed,
}

/// What became of a question that the desk could not settle (R14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Escalation {
    /// The case officer takes the call over.
    TakesOver,
    /// The case officer will ring back.
    WillCallBack,
    /// The caller was asked to ring later.
    AskedToCallLater,
    /// Another outcome.
    Other,
}

impl Escalation {
    /// Every outcome, in the order of their numbers.
    pub const ALL: [Escalation; 4] = [
        Escalation::TakesOver,
        Escalation::WillCallBack,
        Escalation::AskedToCallLater,
        Escalation::Other,
    ];

    /// The name in events and figures.
    pub fn name(self) -> &'static str {
        match self {
            Escalation::TakesOver => "takes_over",
            Escalation::WillCallBack => "will_call_back",
            Escalation::AskedToCallLater => "asked_to_call_later",
            Escalation::Other => "other",
        }
    }
}

/// What an agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgentState {
    /// Not logged in.
    LoggedOut,
    /// Logged in and free.
    Ready,
    /// A call rings at the agent.
    Ringing,
    /// In a conversation.
    Talking,
    /// Work after a call.
    WrapUp,
    /// Logged in but away.
    Paused,
}

impl AgentState {
    /// Every state, in the order of their numbers.
    pub const ALL: [AgentState; 6] = [
        AgentState::LoggedOut,
        AgentState::Ready,
        AgentState::Ringing,
        AgentState::Talking,
        AgentState::WrapUp,
        AgentState::Paused,
    ];

    /// The name in events and metrics.
    pub fn name(self) -> &'static str {
        match self {
            AgentState::LoggedOut => "logged_out",
            AgentState::Ready => "ready",
            AgentState::Ringing => "ringing",
            AgentState::Talking => "talking",
            AgentState::WrapUp => "wrap_up",
            AgentState::Paused => "paused",
        }
    }

    /// Whether an agent who does this staffs the number (R21): logged in and not paused.
    pub fn staffs(self) -> bool {
        match self {
            AgentState::LoggedOut | AgentState::Paused => false,
            AgentState::Ready | AgentState::Ringing | AgentState::Talking | AgentState::WrapUp => {
                true
            }
        }
    }
}

/// One event, decoded: for whom it is and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Something observed of one contact, or of one question.
    Contact(ContactId, Observation),
    /// What an agent is doing from `time` on, and which numbers the agent staffs.
    Agent(AgentReport),
    /// A telephone system started: whoever waited in it is lost.
    Started {
        /// Which system.
        source: Source,
        /// When.
        time: Timestamp,
        /// For recognising repeats.
        id: EventId,
    },
    /// A telephone system says that it lives.
    Heartbeat {
        /// Which system.
        source: Source,
        /// When.
        time: Timestamp,
    },
    /// What people tell the program: a survey, an evaluator's figure, a count by hand, a note.
    Told(Told),
    /// A known event that no figure is made from (a call between employees): read, counted, and left
    /// in the topic.
    SetAside {
        /// When.
        time: Timestamp,
    },
}

impl Message {
    /// When it happened.
    pub fn time(&self) -> Timestamp {
        match self {
            Message::Contact(_, observation) => observation.time,
            Message::Agent(report) => report.time,
            Message::Told(told) => told.entry.time,
            Message::Started { time, .. }
            | Message::Heartbeat { time, .. }
            | Message::SetAside { time } => *time,
        }
    }
}

/// What an agent is doing from a moment on. The latest (time, id) of an agent holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentReport {
    /// Who.
    pub agent: AgentId,
    /// From when on.
    pub time: Timestamp,
    /// For recognising repeats, and to decide between two reports of one time.
    pub id: EventId,
    /// Doing what.
    pub state: AgentState,
    /// The departments whose number the agent staffs; empty keeps what was last said.
    pub departments: Vec<Department>,
    /// The one queue the report is about, where the source keeps a state per queue (Asterisk's
    /// members); `None` is about the agent as a whole.
    pub queue: Option<Queue>,
}

impl AgentReport {
    /// Writes the report in packed form.
    pub fn pack(&self, out: &mut Writer<'_>) {
        out.fixed(&self.agent.0.to_le_bytes());
        out.signed(self.time.0);
        out.fixed(&self.id.0.to_le_bytes());
        out.byte(self.state as u8);
        out.unsigned(self.queue.map_or(0, |queue| u64::from(queue.0) + 1));
        out.unsigned(self.departments.len() as u64);
        for department in &self.departments {
            out.unsigned(u64::from(department.0));
        }
    }

    /// Reads what [`AgentReport::pack`] wrote; `None` at the end or on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<AgentReport> {
        Some(AgentReport {
            agent: AgentId(u64::from_le_bytes(input.fixed()?)),
            time: Timestamp(input.signed()?),
            id: EventId(u64::from_le_bytes(input.fixed()?)),
            state: *AgentState::ALL.get(usize::from(input.byte()?))?,
            queue: match input.unsigned()? {
                0 => None,
                queue => Some(Queue(u16::try_from(queue - 1).ok()?)),
            },
            departments: {
                let count = input.count(1)?;
                (0..count).map(|_| input.index().map(Department)).collect::<Option<_>>()?
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_report_that_was_packed_is_unpacked(
            (agent, time, id) in any::<(u64, i64, u64)>(),
            state in 0..AgentState::ALL.len(),
            departments in proptest::collection::vec(any::<u16>(), 0..5),
            queue in any::<Option<u16>>(),
        ) {
            let report = AgentReport {
                agent: AgentId(agent),
                time: Timestamp(time),
                id: EventId(id),
                state: AgentState::ALL[state],
                departments: departments.into_iter().map(Department).collect(),
                queue: queue.map(Queue),
            };
            let mut bytes = Vec::new();
            report.pack(&mut Writer(&mut bytes));
            let mut input = Reader(&bytes);
            prop_assert_eq!(AgentReport::unpack(&mut input), Some(report));
            prop_assert!(input.is_empty());
            bytes.pop();
            prop_assert_eq!(AgentReport::unpack(&mut Reader(&bytes)), None);
        }

        #[test]
        fn random_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let report = AgentReport::unpack(&mut Reader(&bytes));
            prop_assert!(report.is_none_or(|report| report.departments.len() <= bytes.len()));
        }
    }
}

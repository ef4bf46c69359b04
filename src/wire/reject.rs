//! Why bytes did not become an event. The list is fixed: each reason is a counter's label.

use std::fmt;

use crate::domain::ids::Source;

/// Why an event or a row was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Not JSON, not UTF-8, cut short, or with a NUL in it.
    Unreadable,
    /// JSON whose fields have another type than the format says.
    WrongType,
    /// The whole, or one field of it, is over its limit.
    TooLong,
    /// An event type that the format does not have.
    UnknownType,
    /// No event id.
    MissingId,
    /// An event of a contact without the contact.
    MissingContact,
    /// An event of a queue without the queue.
    MissingQueue,
    /// An event of an agent without the agent.
    MissingAgent,
    /// A field with a fixed list of values has another one.
    UnknownValue,
    /// The time cannot be read, or is before 2000.
    ImpossibleTime,
    /// The time is further ahead of the record's than the tolerance allows.
    FutureTime,
    /// The table of queues or sources is full.
    TooManyNames,
    /// A row with fewer fields than every row has.
    TruncatedRow,
    /// A row of a type that is not known.
    UnknownRow,
    /// An event of a question without the question.
    MissingQuestion,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 15] = [
        Reason::Unreadable,
        Reason::WrongType,
        Reason::TooLong,
        Reason::UnknownType,
        Reason::MissingId,
        Reason::MissingContact,
        Reason::MissingQueue,
        Reason::MissingAgent,
        Reason::UnknownValue,
        Reason::ImpossibleTime,
        Reason::FutureTime,
        Reason::TooManyNames,
        Reason::TruncatedRow,
        Reason::UnknownRow,
        Reason::MissingQuestion,
    ];

    /// The name in metrics, in the rejects topic and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Unreadable => "unreadable",
            Reason::WrongType => "wrong_type",
            Reason::TooLong => "too_long",
            Reason::UnknownType => "unknown_type",
            Reason::MissingId => "missing_id",
            Reason::MissingContact => "missing_contact",
            Reason::MissingQueue => "missing_queue",
            Reason::MissingAgent => "missing_agent",
            Reason::UnknownValue => "unknown_value",
            Reason::ImpossibleTime => "impossible_time",
            Reason::FutureTime => "future_time",
            Reason::TooManyNames => "too_many_names",
            Reason::TruncatedRow => "truncated_row",
            Reason::UnknownRow => "unknown_row",
            Reason::MissingQuestion => "missing_question",
        }
    }
}

/// Bytes that did not become an event. Whoever holds the bytes knows their position and adds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Why.
    pub reason: Reason,
    /// Which system wrote it, where that could be read and is a system already known.
    pub source: Option<Source>,
    /// Length of the input in bytes.
    pub length: usize,
}

impl Reject {
    /// A reject of which no more is known than its reason and length.
    pub fn new(reason: Reason, length: usize) -> Self {
        Reject { reason, source: None, length }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "rejected {} bytes: {}", self.length, self.reason.name())
    }
}

impl std::error::Error for Reject {}

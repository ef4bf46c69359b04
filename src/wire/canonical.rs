//! The canonical event (DOMAIN 5.1) to a [`Message`] and back.
//!
//! This is the hot path: a national year passes through it in minutes. Text is borrowed from the
//! input, ids become keyed hashes at once, and names are looked up, not copied. All checks come
//! before any name is interned, so an event that is rejected leaves no trace in the tables.
//!
//! What it never does: keep a caller's number, an agent's name or the free text of a call. Notes and
//! wordings, which are told to be read, are kept without anybody's number in them ([`super::told`]).

mod apart;

use crate::domain::event::{
    AgentReport, AgentState, CallbackStep, Leaving, Message, Observation, Place, Rejection, Way,
    What,
};
use crate::domain::ids::{Caller, CallerNumber, Department, Names, QuestionTag, Queue, Source};
use crate::domain::told::LONGEST_NOTE;
use crate::domain::units::{Millis, Timestamp};

use super::event::{Event, Text};
use super::identity::{IdKey, Pseudonyms};
use super::reject::{Reason, Reject};
use super::time;
use super::told::Telling;

use apart::{outcome, said_department};

/// Sizes and times beyond which an event is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The whole event, bytes.
    pub event_bytes: usize,
    /// A field that holds an id or a name, bytes.
    pub field_bytes: usize,
    /// A field that holds free text (matter, cause), bytes.
    pub text_bytes: usize,
    /// Departments that one agent staffs.
    pub numbers: usize,
    /// How far an event may be ahead of its record.
    pub future: Millis,
    /// A reported length over this is a fault of the source, and dropped.
    pub length: Millis,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            event_bytes: 1 << 20,
            field_bytes: 256,
            text_bytes: 4096,
            numbers: 256,
            future: Millis::from_seconds(300),
            length: Millis::from_hours(240),
        }
    }
}

/// What is known of the bytes from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Time of the Kafka record. `None` for files: the future is then not judged.
    pub record_time: Option<Timestamp>,
    /// Whether the record's `content-type` is `application/cloudevents+json`.
    pub content_type_cloudevents: bool,
}

/// Something odd in an event that was taken all the same. Each is a counter's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// A department that is not configured; it counts on [`Department::UNKNOWN`].
    UnknownDepartment,
    /// A reported length below zero was dropped.
    NegativeLength,
    /// A reported length over the limit was dropped.
    AbsurdLength,
    /// A step of a contact on another channel than the telephone was set aside; where its questions
    /// were settled is taken.
    OtherChannel,
    /// A question that came in neither by e-mail nor by e-service; it counts on a channel apart.
    UnknownChannel,
    /// A number or an address of a person was taken out of a text.
    NumberMasked,
    /// A call between employees, or for consultation, was set aside: nobody rang in.
    InternalCall,
}

impl Note {
    /// Every note.
    pub const ALL: [Note; 7] = [
        Note::UnknownDepartment,
        Note::NegativeLength,
        Note::AbsurdLength,
        Note::OtherChannel,
        Note::UnknownChannel,
        Note::NumberMasked,
        Note::InternalCall,
    ];

    /// The name in metrics and reports.
    pub fn name(self) -> &'static str {
        match self {
            Note::UnknownDepartment => "unknown_department",
            Note::NegativeLength => "negative_length",
            Note::AbsurdLength => "absurd_length",
            Note::OtherChannel => "other_channel",
            Note::UnknownChannel => "unknown_channel",
            Note::NumberMasked => "number_masked",
            Note::InternalCall => "internal_call",
        }
    }
}

/// A set of notes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes(u8);

impl Notes {
    pub(super) fn add(&mut self, note: Note) {
        self.0 |= 1 << note as u8;
    }

    /// Whether the note was made.
    pub fn has(self, note: Note) -> bool {
        self.0 & (1 << note as u8) != 0
    }

    /// Whether nothing was odd.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The notes that were made.
    pub fn iter(self) -> impl Iterator<Item = Note> {
        Note::ALL.into_iter().filter(move |note| self.has(*note))
    }
}

/// An event as the core takes it, and what was odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// For whom it is and what it says.
    pub message: Message,
    /// What was odd.
    pub notes: Notes,
}

/// Whether a line holds nothing: it is then no event and no reject either.
pub fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

/// Writes an event as one line of JSON, without the line's end.
pub fn encode(event: &Event<'_>) -> String {
    serde_json::to_string(event).expect("an event holds only text, numbers and flags")
}

/// Turns canonical events into messages. One per partition or file; it owns the interned names.
#[derive(Clone, Debug)]
pub struct Decoder {
    names: Names,
    ids: IdKey,
    pseudonyms: Pseudonyms,
    limits: Limits,
}

/// A CloudEvents 1.0 envelope in structured mode. Its other attributes carry no figures.
#[derive(Default, serde::Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    specversion: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    time: Text<'a>,
    #[serde(borrow, default)]
    source: Text<'a>,
    #[serde(borrow, default)]
    data: Event<'a>,
}

impl Decoder {
    /// A decoder with these names and keys.
    pub fn new(names: Names, ids: IdKey, pseudonyms: Pseudonyms, limits: Limits) -> Self {
        Decoder { names, ids, pseudonyms, limits }
    }

    /// The names as they stand.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The names, for whoever interns some of its own (configured queues, a ledger's).
    pub fn names_mut(&mut self) -> &mut Names {
        &mut self.names
    }

    /// The key that hashes ids.
    pub fn ids(&self) -> &IdKey {
        &self.ids
    }

    /// Reads one event. Blank input ([`is_blank`]) is `unreadable`.
    ///
    /// # Errors
    ///
    /// A [`Reject`] with the first reason found, in this order: size, readability, field sizes,
    /// id, type, time, contact or agent, queue, values, room for names.
    pub fn decode(&mut self, bytes: &[u8], context: &Arrival) -> Result<Decoded, Reject> {
        let reject = |reason| Reject::new(reason, bytes.len());
        if bytes.len() > self.limits.event_bytes {
            return Err(reject(Reason::TooLong));
        }
        // Checked once as a whole, since unknown fields are skipped without being looked at.
        let text = std::str::from_utf8(bytes).map_err(|_| reject(Reason::Unreadable))?;
        let event = read(text, context.content_type_cloudevents).map_err(reject)?;
        self.event(&event, context).map_err(|reason| Reject {
            reason,
            // Known systems only: a reject interns nothing.
            source: event
                .source
                .as_ref()
                .and_then(|source| self.names.sources.find(source.as_str()))
                .map(Source),
            length: bytes.len(),
        })
    }

    /// Takes an event that was not read from bytes, such as one the `queue_log` adapter made.
    ///
    /// # Errors
    ///
    /// As [`Decoder::decode`].
    pub fn event(&mut self, event: &Event<'_>, context: &Arrival) -> Result<Decoded, Reason> {
        self.check_sizes(event)?;
        if event.id.as_str().is_empty() {
            return Err(Reason::MissingId);
        }
        let kind = Kind::named(event.kind.as_str()).ok_or(Reason::UnknownType)?;
        let time = time::parse(event.time.as_str()).ok_or(Reason::ImpossibleTime)?;
        if time < Timestamp::EARLIEST {
            return Err(Reason::ImpossibleTime);
        }
        if context.record_time.is_some_and(|record| time.since(record) > self.limits.future) {
            return Err(Reason::FutureTime);
        }
        let mut notes = Notes::default();
        let message = match kind {
            Kind::Contact(kind) => self.contact(event, kind, time, &mut notes)?,
            Kind::Question(kind) => self.question(event, kind, time, &mut notes)?,
            Kind::Callback(step) => self.callback(event, step, time, &mut notes)?,
            Kind::AgentState => self.agent(event, time, &mut notes)?,
            Kind::Started => Message::Started {
                source: self.source(event)?,
                time,
                id: self.ids.event(event.id.as_str()),
            },
            Kind::Heartbeat => Message::Heartbeat { source: self.source(event)?, time },
            Kind::Told(telling) => self.told(event, telling, time, &mut notes)?,
        };
        Ok(Decoded { message, notes })
    }

    fn contact(
        &mut self,
        event: &Event<'_>,
        kind: ContactKind,
        time: Timestamp,
        notes: &mut Notes,
    ) -> Result<Message, Reason> {
        let contact = field(&event.contact).ok_or(Reason::MissingContact)?;
        let named = named_place(event, kind)?;
        match field(&event.channel) {
            None | Some("phone") => {}
            Some("internal") => {
                notes.add(Note::InternalCall);
                return Ok(Message::SetAside { time });
            }
            // The figures of contacts are telephone figures; another channel must not enter them.
            Some(channel) => {
                let way = Way::ALL.into_iter().find(|way| way.name() == channel);
                return self.otherwise(event, kind, way.ok_or(Reason::UnknownValue)?, time, notes);
            }
        }
        let what = self.what(event, kind, time, notes)?;
        let place = match named {
            None => None,
            Some(NamedPlace::Switchboard) => Some(Place::Switchboard),
            Some(NamedPlace::Queue(queue)) => Some(Place::Queue(self.queue(queue)?)),
        };
        let observation = Observation {
            time,
            ordinal: event.ordinal.unwrap_or(0),
            what,
            id: self.ids.event(event.id.as_str()),
            segment: field(&event.segment).map(|segment| self.ids.segment(segment)),
            place,
            source: self.source(event)?,
            department: said_department(event, kind).map(|slug| self.department(slug, notes)),
        };
        Ok(Message::Contact(self.ids.contact(contact), observation))
    }

    fn what(
        &mut self,
        event: &Event<'_>,
        kind: ContactKind,
        time: Timestamp,
        notes: &mut Notes,
    ) -> Result<What, Reason> {
        let limit = self.limits.length;
        let mut length = |millis: Option<i64>| believed(millis, limit, notes);
        Ok(match kind {
            ContactKind::Offered => What::Offered {
                direct: event.direct.unwrap_or(false),
                caller: self.caller(event, time),
            },
            ContactKind::Entered => What::QueueEntered { caller: self.caller(event, time) },
            ContactKind::Rejected => What::QueueRejected(match field(&event.reason) {
                Some("full") => Rejection::Full,
                Some("no_agent") => Rejection::NoAgent,
                Some("closed") => Rejection::Closed,
                Some("diverted") => Rejection::Diverted,
                Some(_) | None => return Err(Reason::UnknownValue),
            }),
            ContactKind::MetByMachine => What::MetByMachine,
            ContactKind::Ringing => What::Ringing,
            ContactKind::NoAnswer => What::NoAnswer,
            ContactKind::Answered => What::Answered { wait: length(event.wait_ms) },
            ContactKind::Abandoned => What::Abandoned { wait: length(event.wait_ms) },
            ContactKind::Left => What::Left {
                how: match field(&event.disposition) {
                    Some("timed_out") => Leaving::TimedOut,
                    Some("left_empty") => Leaving::LeftEmpty,
                    Some("key_exit") => Leaving::KeyExit,
                    Some("withdrawn") => Leaving::Withdrawn,
                    Some("callback") => Leaving::Callback,
                    Some("overflowed") => Leaving::Overflowed,
                    Some(_) | None => return Err(Reason::UnknownValue),
                },
                wait: length(event.wait_ms),
            },
            ContactKind::Passed => What::Passed {
                by_matter: match field(&event.by) {
                    None => None,
                    Some("matter") => Some(true),
                    Some("name") => Some(false),
                    Some(_) => return Err(Reason::UnknownValue),
                },
            },
            ContactKind::Resolved => What::Resolved { question: self.question_tag(event) },
            ContactKind::Escalated => {
                What::Escalated { question: self.question_tag(event), outcome: outcome(event)? }
            }
            ContactKind::Ended => What::Ended {
                wait: length(event.wait_ms),
                talk: length(event.talk_ms),
                wrap_up: length(event.wrap_up_ms),
            },
        })
    }

    fn question_tag(&self, event: &Event<'_>) -> Option<QuestionTag> {
        field(&event.question).map(|question| self.ids.question_tag(question))
    }

    fn agent(
        &mut self,
        event: &Event<'_>,
        time: Timestamp,
        notes: &mut Notes,
    ) -> Result<Message, Reason> {
        let agent = field(&event.agent).ok_or(Reason::MissingAgent)?;
        let state = field(&event.state)
            .and_then(|name| AgentState::ALL.into_iter().find(|state| state.name() == name))
            .ok_or(Reason::UnknownValue)?;
        let queue = field(&event.queue).map(|queue| self.queue(queue)).transpose()?;
        let departments =
            event.numbers.iter().map(|slug| self.department(slug.as_str(), notes)).collect();
        Ok(Message::Agent(AgentReport {
            agent: self.ids.agent(agent),
            time,
            id: self.ids.event(event.id.as_str()),
            state,
            departments,
            queue,
        }))
    }

    fn check_sizes(&self, event: &Event<'_>) -> Result<(), Reason> {
        let short = [
            &event.source,
            &event.contact,
            &event.segment,
            &event.department,
            &event.queue,
            &event.channel,
            &event.place,
            &event.dialled,
            &event.caller,
            &event.agent,
            &event.reason,
            &event.disposition,
            &event.mode,
            &event.by,
            &event.to,
            &event.question,
            &event.matter_department,
            &event.outcome,
            &event.state,
            &event.by_whom,
            &event.measure,
            &event.period,
            &event.evaluator,
            &event.scale,
            &event.replaces,
            &event.goal,
        ];
        let required = [&event.id, &event.kind, &event.time];
        for text in required.into_iter().chain(short.into_iter().flatten()).chain(&event.numbers) {
            check_size(text, self.limits.field_bytes)?;
        }
        for text in [&event.matter, &event.cause, &event.wording].into_iter().flatten() {
            check_size(text, self.limits.text_bytes)?;
        }
        if let Some(text) = &event.text {
            check_size(text, 4 * LONGEST_NOTE)?;
        }
        if event.numbers.len() > self.limits.numbers {
            return Err(Reason::TooLong);
        }
        Ok(())
    }

    /// The number is seen here and nowhere else.
    fn caller(&mut self, event: &Event<'_>, time: Timestamp) -> Option<Caller> {
        self.pseudonyms.of(&CallerNumber::new(field(&event.caller)?)?, time)
    }

    /// A source without a name is a source too: the table holds `""` for it. When the table is full
    /// the event is rejected: in a shared slot one system's restart would end the other's calls.
    fn source(&mut self, event: &Event<'_>) -> Result<Source, Reason> {
        let name = field(&event.source).unwrap_or("");
        self.names.sources.intern(name).map(Source).ok_or(Reason::TooManyNames)
    }

    fn queue(&mut self, name: &str) -> Result<Queue, Reason> {
        self.names.queues.intern(name).map(Queue).ok_or(Reason::TooManyNames)
    }

    pub(super) fn department(&mut self, slug: &str, notes: &mut Notes) -> Department {
        let departments = &mut self.names.departments;
        let found = if self.names.open { departments.intern(slug) } else { departments.find(slug) };
        found.map(Department).unwrap_or_else(|| {
            notes.add(Note::UnknownDepartment);
            Department::UNKNOWN
        })
    }
}

fn read(text: &str, cloudevents: bool) -> Result<Event<'_>, Reason> {
    let reason = |error: serde_json::Error| match error.classify() {
        serde_json::error::Category::Data => Reason::WrongType,
        serde_json::error::Category::Io
        | serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof => Reason::Unreadable,
    };
    // Read as a struct, an array would be taken field by field.
    if !text.trim_ascii_start().starts_with('{') {
        return match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Err(Reason::WrongType),
            Err(error) => Err(reason(error)),
        };
    }
    if !cloudevents {
        return serde_json::from_str(text).map_err(reason);
    }
    let outer: Envelope<'_> = serde_json::from_str(text).map_err(reason)?;
    if outer.specversion.as_str() != "1.0" {
        return Err(Reason::UnknownValue);
    }
    // The envelope only fills the gaps: what the event says of itself was said by its writer.
    let mut event = outer.data;
    for (inner, outer) in
        [(&mut event.id, outer.id), (&mut event.kind, outer.kind), (&mut event.time, outer.time)]
    {
        if inner.as_str().is_empty() {
            *inner = outer;
        }
    }
    if event.source.is_none() && !outer.source.as_str().is_empty() {
        event.source = Some(outer.source);
    }
    Ok(event)
}

fn check_size(text: &Text<'_>, limit: usize) -> Result<(), Reason> {
    if text.as_str().len() > limit {
        return Err(Reason::TooLong);
    }
    // A raw NUL is no JSON; an escaped one makes the text an owned one.
    match &text.0 {
        std::borrow::Cow::Owned(text) if text.contains('\0') => Err(Reason::Unreadable),
        std::borrow::Cow::Owned(_) | std::borrow::Cow::Borrowed(_) => Ok(()),
    }
}

/// A field's text; an empty one says as little as a missing one.
pub(super) fn field<'e>(text: &'e Option<Text<'_>>) -> Option<&'e str> {
    text.as_ref().map(Text::as_str).filter(|text| !text.is_empty())
}

/// A reported length, if it can be believed. Zero is a length like any other.
fn believed(millis: Option<i64>, limit: Millis, notes: &mut Notes) -> Option<Millis> {
    let millis = millis?;
    if millis < 0 {
        notes.add(Note::NegativeLength);
        return None;
    }
    if millis > limit.0 {
        notes.add(Note::AbsurdLength);
        return None;
    }
    Some(Millis(millis))
}

enum NamedPlace<'e> {
    Switchboard,
    Queue(&'e str),
}

/// Where it happened. A queue's own events name the queue; a call that is offered nowhere in
/// particular is offered to the switchboard.
fn named_place<'e>(
    event: &'e Event<'_>,
    kind: ContactKind,
) -> Result<Option<NamedPlace<'e>>, Reason> {
    let queue = field(&event.queue);
    let of_queue = matches!(kind, ContactKind::Entered | ContactKind::Rejected | ContactKind::Left);
    match (field(&event.place), queue) {
        // The switchboard too turns callers away, and callers leave it by a key.
        (Some("switchboard"), _) if kind != ContactKind::Entered => {
            Ok(Some(NamedPlace::Switchboard))
        }
        (Some("queue") | None, Some(queue)) => Ok(Some(NamedPlace::Queue(queue))),
        (Some("queue"), None) => Err(Reason::MissingQueue),
        (Some(_), _) => Err(Reason::UnknownValue),
        (None, None) if of_queue => Err(Reason::MissingQueue),
        (None, None) if kind == ContactKind::Offered => Ok(Some(NamedPlace::Switchboard)),
        (None, None) => Ok(None),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ContactKind {
    Offered,
    Entered,
    Rejected,
    MetByMachine,
    Ringing,
    NoAnswer,
    Answered,
    Abandoned,
    Left,
    Passed,
    Resolved,
    Escalated,
    Ended,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum QuestionKind {
    Received,
    Replied,
    Reclassified,
    Closed,
}

enum Kind {
    Contact(ContactKind),
    Question(QuestionKind),
    Callback(CallbackStep),
    AgentState,
    Started,
    Heartbeat,
    Told(Telling),
}

impl Kind {
    fn named(name: &str) -> Option<Kind> {
        Some(match name {
            "contact.offered" => Kind::Contact(ContactKind::Offered),
            "contact.met_by_machine" => Kind::Contact(ContactKind::MetByMachine),
            "contact.ringing" => Kind::Contact(ContactKind::Ringing),
            "contact.no_answer" => Kind::Contact(ContactKind::NoAnswer),
            "queue.entered" => Kind::Contact(ContactKind::Entered),
            "queue.rejected" => Kind::Contact(ContactKind::Rejected),
            "queue.left" => Kind::Contact(ContactKind::Left),
            "contact.answered" => Kind::Contact(ContactKind::Answered),
            "contact.abandoned" => Kind::Contact(ContactKind::Abandoned),
            "contact.passed" => Kind::Contact(ContactKind::Passed),
            "contact.resolved" => Kind::Contact(ContactKind::Resolved),
            "contact.escalated" => Kind::Contact(ContactKind::Escalated),
            "contact.ended" => Kind::Contact(ContactKind::Ended),
            "question.received" => Kind::Question(QuestionKind::Received),
            "question.replied" => Kind::Question(QuestionKind::Replied),
            "question.reclassified" => Kind::Question(QuestionKind::Reclassified),
            "question.closed" => Kind::Question(QuestionKind::Closed),
            "survey.result" => Kind::Told(Telling::Survey),
            "evaluator.result" => Kind::Told(Telling::Evaluator),
            "count.entered" => Kind::Told(Telling::Count),
            "note.entered" => Kind::Told(Telling::Note),
            "agent.state" => Kind::AgentState,
            "system.started" => Kind::Started,
            "system.heartbeat" => Kind::Heartbeat,
            "callback.promised" => Kind::Callback(CallbackStep::Promised),
            "callback.attempted" => Kind::Callback(CallbackStep::Attempted),
            "callback.kept" => Kind::Callback(CallbackStep::Kept),
            "callback.expired" => Kind::Callback(CallbackStep::Expired),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;

//! What is held apart from calls: the steps of questions by e-mail and e-service, where a question was
//! settled that did not come by telephone, and promises to ring back.

use super::{ContactKind, Decoder, NamedPlace, Note, Notes, QuestionKind, field, named_place};
use crate::domain::event::{
    CallbackStep, Channel, Escalation, Message, Observation, Place, Step, Way, What,
};
use crate::domain::ids::{Department, Source};
use crate::domain::units::Timestamp;
use crate::wire::event::Event;
use crate::wire::reject::Reason;

impl Decoder {
    /// A contact on another channel: where its question was settled is a step of that question,
    /// everything else is set aside.
    pub(super) fn otherwise(
        &mut self,
        event: &Event<'_>,
        kind: ContactKind,
        way: Way,
        time: Timestamp,
        notes: &mut Notes,
    ) -> Result<Message, Reason> {
        let step = match kind {
            ContactKind::Resolved => Step::Settled(way),
            ContactKind::Escalated => Step::PassedOn(way, outcome(event)?),
            ContactKind::Offered
            | ContactKind::Entered
            | ContactKind::Rejected
            | ContactKind::MetByMachine
            | ContactKind::Ringing
            | ContactKind::NoAnswer
            | ContactKind::Answered
            | ContactKind::Abandoned
            | ContactKind::Left
            | ContactKind::Passed
            | ContactKind::Ended => {
                notes.add(Note::OtherChannel);
                return Ok(Message::SetAside { time });
            }
        };
        // A thread with one question may be named by its contact alone.
        let question = field(&event.question).or(field(&event.contact));
        let id = self.ids.question(question.ok_or(Reason::MissingContact)?);
        let source = self.source(event)?;
        let department = said_department(event, kind).map(|slug| self.department(slug, notes));
        let what = What::Question(step);
        Ok(Message::Contact(id, self.of_no_place(event, time, what, source, department)))
    }

    fn of_no_place(
        &self,
        event: &Event<'_>,
        time: Timestamp,
        what: What,
        source: Source,
        department: Option<Department>,
    ) -> Observation {
        Observation {
            time,
            ordinal: event.ordinal.unwrap_or(0),
            what,
            id: self.ids.event(event.id.as_str()),
            segment: None,
            place: None,
            source,
            department,
        }
    }

    /// A step of a promise to ring back is an observation of what is held under an id made of the
    /// contact and the question: a promise outlives its call by days.
    pub(super) fn callback(
        &mut self,
        event: &Event<'_>,
        step: CallbackStep,
        time: Timestamp,
        notes: &mut Notes,
    ) -> Result<Message, Reason> {
        let contact = field(&event.contact).ok_or(Reason::MissingContact)?;
        // As an answer, it may name a queue, the switchboard or nothing.
        let named = named_place(event, ContactKind::Answered)?;
        if field(&event.channel) == Some("internal") {
            notes.add(Note::InternalCall);
            return Ok(Message::SetAside { time });
        }
        let place = match named {
            None => None,
            Some(NamedPlace::Switchboard) => Some(Place::Switchboard),
            Some(NamedPlace::Queue(queue)) => Some(Place::Queue(self.queue(queue)?)),
        };
        let source = self.source(event)?;
        let department = field(&event.department).map(|slug| self.department(slug, notes));
        let what = What::Callback(step);
        let observation = self.of_no_place(event, time, what, source, department);
        let id = self.ids.callback(contact, field(&event.question));
        Ok(Message::Contact(id, Observation { place, ..observation }))
    }

    /// A step of a question is an observation of what is held under the question's own id.
    pub(super) fn question(
        &mut self,
        event: &Event<'_>,
        kind: QuestionKind,
        time: Timestamp,
        notes: &mut Notes,
    ) -> Result<Message, Reason> {
        // A thread with one question may be named by its contact alone.
        let question = field(&event.question).or(field(&event.contact));
        let question = question.ok_or(Reason::MissingQuestion)?;
        let step = match kind {
            QuestionKind::Received => Step::Received(match field(&event.channel) {
                Some("email") => Channel::Email,
                Some("e_service") => Channel::EService,
                Some(_) | None => {
                    notes.add(Note::UnknownChannel);
                    Channel::Other
                }
            }),
            QuestionKind::Reclassified => Step::Reclassified,
            QuestionKind::Replied => Step::Replied {
                by_person: match field(&event.by_whom) {
                    Some("human") => true,
                    Some("automatic") => false,
                    Some(_) | None => return Err(Reason::UnknownValue),
                },
            },
            QuestionKind::Closed => Step::Closed,
        };
        let source = self.source(event)?;
        let department = field(&event.department).map(|slug| self.department(slug, notes));
        if department.is_none()
            && matches!(kind, QuestionKind::Received | QuestionKind::Reclassified)
        {
            notes.add(Note::UnknownDepartment);
        }
        let id = self.ids.question(question);
        let what = What::Question(step);
        Ok(Message::Contact(id, self.of_no_place(event, time, what, source, department)))
    }
}

/// The department that an event speaks of: of where a question was settled, the one whose matter it
/// is.
pub(super) fn said_department<'e>(event: &'e Event<'_>, kind: ContactKind) -> Option<&'e str> {
    let matter = match kind {
        ContactKind::Resolved | ContactKind::Escalated => field(&event.matter_department),
        ContactKind::Offered
        | ContactKind::Entered
        | ContactKind::Rejected
        | ContactKind::MetByMachine
        | ContactKind::Ringing
        | ContactKind::NoAnswer
        | ContactKind::Answered
        | ContactKind::Abandoned
        | ContactKind::Left
        | ContactKind::Passed
        | ContactKind::Ended => None,
    };
    matter.or(field(&event.department))
}

/// What became of a question that was passed on.
pub(super) fn outcome(event: &Event<'_>) -> Result<Escalation, Reason> {
    match field(&event.outcome) {
        None => Ok(Escalation::Other),
        Some(name) => Escalation::ALL
            .into_iter()
            .find(|outcome| outcome.name() == name)
            .ok_or(Reason::UnknownValue),
    }
}

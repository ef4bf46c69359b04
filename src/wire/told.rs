//! What people tell the program, from canonical events: surveys, an evaluator's figures, counts by
//! hand and notes. Their texts are the only ones that are kept, so they are looked through first.

use super::canonical::{Decoder, Note, Notes, field};
use super::event::{Event, Text};
use super::mask::masked;
use super::reject::Reason;
use crate::domain::calendar::Zone;
use crate::domain::event::Message;
use crate::domain::survey::is_measure;
use crate::domain::told::{
    Counted, Entry, Found, LONGEST_NOTE, LONGEST_WORDING, Outcome, Period, Scale, Slot, Subject,
    Told,
};
use crate::domain::units::Timestamp;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// `survey.result`.
    Survey,
    /// `evaluator.result`.
    Evaluator,
    /// `count.entered`.
    Count,
    /// `note.entered`.
    Note,
}

impl Telling {
    /// Every kind.
    pub const ALL: [Telling; 4] =
        [Telling::Survey, Telling::Evaluator, Telling::Count, Telling::Note];

    /// The type of its events.
    pub fn kind(self) -> &'static str {
        match self {
            Telling::Survey => "survey.result",
            Telling::Evaluator => "evaluator.result",
            Telling::Count => "count.entered",
            Telling::Note => "note.entered",
        }
    }

    /// What is told by an event of a type.
    pub fn of_kind(kind: &str) -> Option<Telling> {
        Telling::ALL.into_iter().find(|telling| telling.kind() == kind)
    }
}

impl Decoder {
    pub(super) fn told(
        &mut self,
        event: &Event<'_>,
        telling: Telling,
        time: Timestamp,
        notes: &mut Notes,
    ) -> Result<Message, Reason> {
        // What has not begun has no result.
        let has_begun = |period: &Period| period.from <= Zone::stockholm().day_of(time);
        let period = field(&event.period).and_then(Period::parse).filter(has_begun);
        let period = period.ok_or(Reason::UnknownValue)?;
        let (subject, found) = match telling {
            Telling::Survey => {
                let measure = field(&event.measure).filter(|measure| is_measure(measure));
                let measure = measure.ok_or(Reason::UnknownValue)?.to_owned();
                (Subject::Survey { measure, scale: scale(event)? }, outcome(event, notes)?)
            }
            Telling::Evaluator => {
                let measure = measure(&event.measure).ok_or(Reason::UnknownValue)?;
                let evaluator = measure_or_none(&event.evaluator)?.ok_or(Reason::UnknownValue)?;
                let scale = scale(event)?;
                (Subject::Evaluator { measure, scale, evaluator }, outcome(event, notes)?)
            }
            Telling::Count => {
                let channel = field(&event.channel).ok_or(Reason::UnknownValue)?;
                let channel = Counted::ALL.into_iter().find(|one| one.name() == channel);
                let n = event.n.ok_or(Reason::UnknownValue)?;
                // Months add up to every longer period, and departments to the whole.
                if !period.is_month() || field(&event.department).is_none() {
                    return Err(Reason::UnknownValue);
                }
                let subject = Subject::Count(channel.ok_or(Reason::UnknownValue)?);
                (subject, Found::Count(i64::from(n)))
            }
            Telling::Note => {
                let goal = measure_or_none(&event.goal)?;
                let text = clean(&event.text, LONGEST_NOTE, notes)?.ok_or(Reason::UnknownValue)?;
                let is_public = event.public.unwrap_or(false);
                (Subject::Note { goal }, Found::Note { text, is_public })
            }
        };
        let department = field(&event.department).map(|slug| self.department(slug, notes));
        let id = self.ids().event(event.id.as_str());
        let slot = Slot { subject, department, period };
        Ok(Message::Told(Told { slot, entry: Entry { time, id, found } }))
    }
}

fn outcome(event: &Event<'_>, notes: &mut Notes) -> Result<Found, Reason> {
    // A share over 100 % is an index or a slip, and no share.
    let value = event.value.as_ref().and_then(millionths).ok_or(Reason::UnknownValue)?;
    // Where nobody answered there is no result.
    let responses = event.n.filter(|n| *n > 0).ok_or(Reason::UnknownValue)?;
    let responses = i64::from(responses);
    let margin = match &event.margin {
        None => None,
        Some(margin) => Some(millionths(margin).ok_or(Reason::UnknownValue)?),
    };
    let replaces = measure_or_none(&event.replaces)?;
    let wording = clean(&event.wording, LONGEST_WORDING, notes)?;
    Ok(Found::Outcome(Outcome { value, responses, margin, wording, replaces }))
}

/// A number from 0 to 100 in millionths of the whole.
fn millionths(percent: &serde_json::Number) -> Option<i64> {
    let percent = percent.as_f64().filter(|percent| (0.0..=100.0).contains(percent))?;
    Some((percent * 10_000.0).round() as i64)
}

fn scale(event: &Event<'_>) -> Result<Scale, Reason> {
    let Some(name) = field(&event.scale) else { return Ok(Scale::Share) };
    Scale::ALL.into_iter().find(|scale| scale.name() == name).ok_or(Reason::UnknownValue)
}

/// A goal's id in whatever letters, or another slug.
fn measure(text: &Option<Text<'_>>) -> Option<String> {
    let measure = field(text)?.to_ascii_lowercase();
    is_measure(&measure).then_some(measure)
}

fn measure_or_none(text: &Option<Text<'_>>) -> Result<Option<String>, Reason> {
    match field(text) {
        None => Ok(None),
        Some(_) => measure(text).map(Some).ok_or(Reason::UnknownValue),
    }
}

/// Whether a text has characters that no line of text has: controls, and those that turn the
/// direction of writing.
pub(super) fn has_controls(text: &str) -> bool {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().any(|c| c.is_control() || turns(c) || breaks(c))
}

/// A text without anybody's number in it; `None` where there is none.
fn clean(
    text: &Option<Text<'_>>,
    longest: usize,
    notes: &mut Notes,
) -> Result<Option<String>, Reason> {
    let Some(text) = field(text).map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.chars().count() > longest {
        return Err(Reason::TooLong);
    }
    if has_controls(text) {
        return Err(Reason::UnknownValue);
    }
    let (text, taken) = masked(text);
    if taken > 0 {
        notes.add(Note::NumberMasked);
    }
    Ok(Some(text))
}

//! The canonical event as it stands in JSON: a flat envelope, every field but `id`, `type` and
//! `time` optional. This is the one definition of the field names; reading and writing share it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize, Serializer};
use serde_json::Number;

use super::told::Telling;

/// Text that borrows from the input unless it had escapes. (serde borrows a bare `Cow` but not one
/// inside an `Option`.)
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text(Cow::Owned(text))
    }
}

/// Fields may hold a number or a name: only the length is shown.
impl fmt::Debug for Text<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "<{} bytes>", self.0.len())
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A canonical event (DOMAIN 5.1). Lengths of time are whole milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, DeriveDeserialize)]
pub struct Event<'a> {
    /// For recognising repeats. Where it is missing the text is empty: a CloudEvents envelope may
    /// carry the id, the type and the time instead.
    #[serde(borrow, default)]
    pub id: Text<'a>,
    /// `contact.offered`, `queue.entered`, …
    #[serde(borrow, default, rename = "type")]
    pub kind: Text<'a>,
    /// RFC 3339, milliseconds.
    #[serde(borrow, default)]
    pub time: Text<'a>,
    /// The system that wrote it.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Text<'a>>,
    /// The caller's journey.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Text<'a>>,
    /// The stay within the journey.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Text<'a>>,
    /// Slug of the department.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub department: Option<Text<'a>>,
    /// Name of the queue.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Text<'a>>,
    /// `phone` (default), `email`, `e_service`, `visit`, `post`; `internal` for calls between
    /// employees and for consultation, on every event of such a call.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Text<'a>>,
    /// `switchboard` or `queue`; by default `queue` where a queue is named.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Text<'a>>,
    /// The number that was rung.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub dialled: Option<Text<'a>>,
    /// Rung straight to a desk, past the switchboard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct: Option<bool>,
    /// The caller's number: turned into a pseudonym on decoding and dropped.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<Text<'a>>,
    /// Who answers or whose phone rings.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Text<'a>>,
    /// Ring number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring: Option<u32>,
    /// Place in the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// Of `queue.rejected`: `full`, `no_agent`, `closed`, `diverted`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text<'a>>,
    /// Of `queue.left`: `timed_out`, `left_empty`, `key_exit`, `withdrawn`, `callback`,
    /// `overflowed`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Text<'a>>,
    /// Reported wait, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<i64>,
    /// Reported ring time, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_ms: Option<i64>,
    /// Length of the conversation, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk_ms: Option<i64>,
    /// Work after the call, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrap_up_ms: Option<i64>,
    /// Of `contact.passed`: `blind` or `attended`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Text<'a>>,
    /// Of `contact.passed`: `matter` or `name`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Text<'a>>,
    /// Of `contact.passed`: the queue, unit or extension the caller was sent to.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Text<'a>>,
    /// Id of a question; of `callback.…`, which of several promises to one contact it is about.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Text<'a>>,
    /// What a question is about.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<Text<'a>>,
    /// Of `contact.resolved` and `contact.escalated`: slug of the department whose matter it is; by
    /// default `department`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub matter_department: Option<Text<'a>>,
    /// Of `contact.escalated`: `takes_over`, `will_call_back`, `asked_to_call_later`, `other`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Text<'a>>,
    /// Why a call ended.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Text<'a>>,
    /// Of `agent.state`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Text<'a>>,
    /// Of `agent.state`: slugs of the departments whose number the agent staffs.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<Text<'a>>,
    /// Of `question.replied`: `human` or `automatic`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub by_whom: Option<Text<'a>>,
    /// Of `survey.result`: which question was asked, a slug; of `evaluator.result`: which measure was
    /// looked at.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Text<'a>>,
    /// Of `survey.result`: the share that is satisfied or very satisfied, percent; of
    /// `evaluator.result` the share found; or an index of 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Number>,
    /// Of `survey.result` and `evaluator.result`: how many answered; of `count.entered` how many came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Of `survey.result` and `evaluator.result`: the margin of error, percentage points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<Number>,
    /// Of what people tell: `2026`, `2026-jan-aug`, `2026-T1`, `2026-10`, `2026-W41` or `2026-10-05`;
    /// of `count.entered` a month.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Text<'a>>,
    /// Of `evaluator.result`: who found it, a slug.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub evaluator: Option<Text<'a>>,
    /// Of `survey.result` and `evaluator.result`: `share` (default) or `index`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<Text<'a>>,
    /// Of `survey.result`: how the question is worded.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub wording: Option<Text<'a>>,
    /// Of `survey.result`: the measure whose place this one took; the series breaks there.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Text<'a>>,
    /// Of `note.entered`: the goal or measure that it is about.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Text<'a>>,
    /// Of `note.entered`: what it says, at most 2 000 characters on one line.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
    /// Of `note.entered`: whether citizens may read it; by default not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<bool>,
    /// Order within one time where the source has whole seconds; by default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<u64>,
}

impl Event<'_> {
    /// The key of the event's record in Kafka: the contact, for `agent.state` the agent, for a
    /// question without a contact the question, for what people tell the type, so that one partition
    /// sees what is told twice. `None` for events of a whole system, which go to every partition.
    pub fn record_key(&self) -> Option<&str> {
        if Telling::of_kind(self.kind.as_str()).is_some() {
            return Some(self.kind.as_str());
        }
        let of_question = self.kind.as_str().starts_with("question.");
        let otherwise = if of_question { &self.question } else { &self.agent };
        self.contact.as_ref().or(otherwise.as_ref()).map(Text::as_str)
    }
}

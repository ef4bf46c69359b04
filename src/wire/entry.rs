//! What somebody enters by hand, field by field, to canonical events: surveys, an evaluator's figures,
//! counts and notes. What the decoder would reject is told here first, in sentences.
//!
//! The event's id is made of what it says, and neither of when nor by whom it was entered: the same
//! entered twice is a repeat.

pub mod table;

use sha2::{Digest as _, Sha256};

use super::canonical::encode;
use super::event::{Event, Text};
use super::mask::masked;
use super::time;
use super::told::{Telling, has_controls};
use crate::domain::calendar::Zone;
use crate::domain::goal::{Goal, GoalId};
use crate::domain::survey::is_measure;
use crate::domain::told::{Counted, LONGEST_NOTE, LONGEST_WORDING, Period, Scale};
use crate::domain::units::Timestamp;

/// What may be entered. The names are those of the event's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the fields of the canonical event say it")]
pub enum Field {
    Measure,
    Evaluator,
    Channel,
    Goal,
    Period,
    Department,
    Value,
    N,
    Margin,
    Scale,
    Wording,
    Replaces,
    Text,
    Public,
}

impl Field {
    /// Every field.
    pub const ALL: [Field; 14] = [
        Field::Measure,
        Field::Evaluator,
        Field::Channel,
        Field::Goal,
        Field::Period,
        Field::Department,
        Field::Value,
        Field::N,
        Field::Margin,
        Field::Scale,
        Field::Wording,
        Field::Replaces,
        Field::Text,
        Field::Public,
    ];

    /// The name in events, flags and the first row of a table.
    pub fn name(self) -> &'static str {
        match self {
            Field::Measure => "measure",
            Field::Evaluator => "evaluator",
            Field::Channel => "channel",
            Field::Goal => "goal",
            Field::Period => "period",
            Field::Department => "department",
            Field::Value => "value",
            Field::N => "n",
            Field::Margin => "margin",
            Field::Scale => "scale",
            Field::Wording => "wording",
            Field::Replaces => "replaces",
            Field::Text => "text",
            Field::Public => "public",
        }
    }
}

impl Telling {
    /// The name in the command and in the column `type` of a table.
    pub fn name(self) -> &'static str {
        match self {
            Telling::Survey => "survey",
            Telling::Evaluator => "evaluator",
            Telling::Count => "count",
            Telling::Note => "note",
        }
    }

    /// What it cannot be told without, and what it may have besides.
    fn fields(self) -> (&'static [Field], &'static [Field]) {
        use Field::{
            Channel, Department, Evaluator, Goal, Margin, Measure, N, Period, Public, Replaces,
            Scale, Text, Value, Wording,
        };
        match self {
            Telling::Survey => {
                (&[Measure, Period, Value, N], &[Department, Margin, Scale, Wording, Replaces])
            }
            Telling::Evaluator => {
                (&[Evaluator, Measure, Period, Value, N], &[Department, Margin, Scale, Wording])
            }
            Telling::Count => (&[Channel, Period, Department, N], &[]),
            Telling::Note => (&[Period, Text], &[Goal, Department, Public]),
        }
    }
}

/// What is known of who enters something.
pub struct Circumstances<'a> {
    /// The moment.
    pub now: Timestamp,
    /// The name of the source in events.
    pub source: &'a str,
    /// What to say of a department that is not configured; `None` of one that is, and of all where
    /// nothing is configured.
    pub unknown: &'a dyn Fn(&str) -> Option<String>,
}

/// An event that was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// The event.
    pub event: Event<'static>,
    /// Numbers and addresses of people that were taken out of its texts.
    pub masked: usize,
}

/// The event that fields tell, each at most once and none of them empty.
///
/// # Errors
///
/// Every fault as a sentence that begins with the field's name.
pub fn event(
    telling: Telling,
    fields: &[(Field, &str)],
    at: &Circumstances<'_>,
) -> Result<Entered, Vec<String>> {
    let mut entry = Entry { telling, fields, faults: Vec::new(), masked: 0 };
    let (needed, more) = telling.fields();
    let names =
        |fields: &[Field]| fields.iter().map(|field| field.name()).collect::<Vec<_>>().join(", ");
    for (field, _) in fields {
        if !needed.contains(field) && !more.contains(field) {
            let (field, kind) = (field.name(), telling.name());
            let takes = [names(needed), names(more)].join(", ");
            let takes = takes.trim_end_matches(", ");
            entry.faults.push(format!("{field} does not belong to a {kind}; it takes {takes}"));
        }
    }
    for field in needed {
        if entry.text(*field).is_none() {
            let (field, kind) = (field.name(), telling.name());
            entry.faults.push(format!("{field} is missing: a {kind} needs {}", names(needed)));
        }
    }
    let mut event = Event {
        kind: telling.kind().into(),
        period: entry.period(at.now),
        department: entry.department(at.unknown),
        channel: entry.one_of(Field::Channel, Counted::ALL.map(Counted::name)),
        scale: entry.one_of(Field::Scale, Scale::ALL.map(Scale::name)),
        measure: entry.slug(Field::Measure),
        evaluator: entry.slug(Field::Evaluator),
        goal: entry.slug(Field::Goal),
        replaces: entry.slug(Field::Replaces),
        value: entry.percent(Field::Value),
        margin: entry.percent(Field::Margin),
        n: entry.count(Field::N),
        wording: entry.prose(Field::Wording, LONGEST_WORDING),
        text: entry.prose(Field::Text, LONGEST_NOTE),
        public: entry.yes_or_no(Field::Public),
        ..Event::default()
    };
    if !entry.faults.is_empty() {
        return Err(entry.faults);
    }
    let digest = Sha256::digest(encode(&event).as_bytes());
    let id: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    event.id = format!("{}-{id}", telling.name()).into();
    event.time = time::format(at.now).unwrap_or_default().into();
    event.source = Some(at.source.to_owned().into());
    Ok(Entered { event, masked: entry.masked })
}

/// The fields of one thing, being looked through.
struct Entry<'a> {
    telling: Telling,
    fields: &'a [(Field, &'a str)],
    faults: Vec<String>,
    masked: usize,
}

impl<'a> Entry<'a> {
    fn text(&self, field: Field) -> Option<&'a str> {
        self.fields.iter().find(|(of, _)| *of == field).map(|(_, text)| *text)
    }

    fn fault(&mut self, field: Field, what: String) {
        self.faults.push(format!("{} {what}", field.name()));
    }

    fn period(&mut self, now: Timestamp) -> Option<Text<'static>> {
        let text = self.text(Field::Period)?;
        let Some(period) = Period::parse(text) else {
            let forms = "2026, 2026-jan-aug, 2026-T1, 2026-10, 2026-W41 or 2026-10-05";
            self.fault(Field::Period, format!("\"{text}\" is no period; write {forms}"));
            return None;
        };
        if period.from > Zone::stockholm().day_of(now) {
            self.fault(Field::Period, format!("\"{text}\" is to come; take one that has begun"));
        }
        if self.telling == Telling::Count && !period.is_month() {
            let why = "is no month; counts are entered by the month, as in 2026-10";
            self.fault(Field::Period, format!("\"{text}\" {why}"));
        }
        Some(text.to_owned().into())
    }

    fn department(&mut self, unknown: &dyn Fn(&str) -> Option<String>) -> Option<Text<'static>> {
        let text = self.text(Field::Department)?;
        if let Some(remedy) = unknown(text) {
            self.fault(Field::Department, format!("\"{text}\" is not configured; {remedy}"));
        }
        Some(text.to_owned().into())
    }

    fn slug(&mut self, field: Field) -> Option<Text<'static>> {
        let text = self.text(field)?;
        // Goals are called SM1 in reports; a survey's measure is a label and stays as it is.
        let is_label = self.telling == Telling::Survey;
        let slug = if is_label { text.to_owned() } else { text.to_ascii_lowercase() };
        if !is_measure(&slug) {
            let form = "write a-z, 0-9, - and _ only, at most 63 of them, as in nojd-2016";
            self.fault(field, format!("\"{text}\" is no name of one; {form}"));
        }
        let may_be_goal = field == Field::Goal || self.telling == Telling::Evaluator;
        if may_be_goal && looks_like_goal(&slug) && !is_goal(&slug) {
            let goals = "SM1, SM2, SM3, SM3w, SM4, FCR, SATISFACTION and STAFFED";
            self.fault(field, format!("\"{text}\" is no goal; there are {goals}"));
        }
        Some(slug.into())
    }

    fn one_of<const N: usize>(
        &mut self,
        field: Field,
        names: [&'static str; N],
    ) -> Option<Text<'static>> {
        let text = self.text(field)?;
        let known = names.into_iter().find(|name| *name == text);
        if known.is_none() {
            self.fault(field, format!("\"{text}\" is unknown; take {}", names.join(" or ")));
        }
        known.map(Text::from)
    }

    /// 0 to 100, with a decimal comma or point.
    fn percent(&mut self, field: Field) -> Option<serde_json::Number> {
        let text = self.text(field)?;
        let digits = text.trim_end_matches('%').trim_end().replace(',', ".");
        let number: Option<f64> = digits.parse().ok().filter(|number: &f64| number.is_finite());
        let Some(number) = number else {
            self.fault(field, format!("\"{text}\" is no number; write it as 71,5 or 71.5"));
            return None;
        };
        if number > 100.0 {
            let what = "is over 100; neither a share in percent nor an index of 0 to 100 can be";
            self.fault(field, format!("\"{text}\" {what}"));
        } else if number < 0.0 || digits.starts_with('-') {
            self.fault(field, format!("\"{text}\" is negative; write 0 to 100"));
        }
        serde_json::Number::from_f64(number)
    }

    fn count(&mut self, field: Field) -> Option<u32> {
        let text = self.text(field)?;
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let number: Option<i64> = digits.parse().ok();
        match number.map(|number| (number, u32::try_from(number))) {
            Some((0, _)) if self.telling != Telling::Count => {
                let what = "means that nobody answered, and then there is no result to enter";
                self.fault(field, format!("\"{text}\" {what}"));
            }
            Some((_, Ok(count))) => return Some(count),
            Some((..0, _)) => {
                self.fault(field, format!("\"{text}\" is negative; write how many there were"));
            }
            Some(_) => self.fault(field, format!("\"{text}\" is too much to be believed")),
            None => self.fault(field, format!("\"{text}\" is no whole number; write it as 412")),
        }
        None
    }

    /// One line without anybody's number in it.
    fn prose(&mut self, field: Field, longest: usize) -> Option<Text<'static>> {
        let text = self.text(field)?;
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let length = line.chars().count();
        if has_controls(&line) {
            self.fault(field, "has control characters in it; write it as plain text".to_owned());
        }
        if length > longest {
            let what = format!("has {length} characters; write {longest} at most");
            self.fault(field, what);
        }
        let (line, taken) = masked(&line);
        self.masked += taken;
        Some(line.into())
    }

    fn yes_or_no(&mut self, field: Field) -> Option<bool> {
        let text = self.text(field)?;
        match text.to_lowercase().as_str() {
            "true" | "yes" | "ja" | "1" => Some(true),
            "false" | "no" | "nej" | "0" => Some(false),
            _ => {
                self.fault(field, format!("\"{text}\" is neither; write true or false"));
                None
            }
        }
    }
}

/// Whether a name in small letters can only be meant as that of a goal: sm and digits.
fn looks_like_goal(slug: &str) -> bool {
    slug.strip_prefix("sm").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a name in small letters is that of a goal.
fn is_goal(slug: &str) -> bool {
    let mut names = GoalId::ALL.map(GoalId::id).into_iter().chain(Goal::ALL.map(Goal::id));
    names.any(|id| id.eq_ignore_ascii_case(slug))
}

#[cfg(test)]
#[path = "entry/tests.rs"]
mod tests;

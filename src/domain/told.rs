//! What people tell the program, since no telephone system knows it: results of citizens' surveys
//! (R19, R20), an outside evaluator's figures (R32), counts of visits and letters made by hand (R17)
//! and notes on what is done about a goal (R37).
//!
//! - Each is kept in a slot of its own: what it is about, whose it is, and of which period. In a slot
//!   the one told last holds, the greatest (time, id); so neither order nor repeats matter.
//! - Every period is kept, so that years can be laid side by side.
//! - They are sources of their own: nothing here is added to what is counted from events, and an
//!   evaluator's figure never replaces ours.
//! - A question that is worded anew is another measure. It may say which one it replaces: the series
//!   breaks there, and a change across the break is told nowhere.

use std::collections::BTreeMap;
use std::fmt;

use super::calendar::Day;
use super::ids::{Department, EventId};
use super::pack::{Reader, Writer};
use super::period;
use super::survey::{SurveyResult, is_measure};
use super::units::Timestamp;

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 2_000;
/// The longest wording of a question, in characters.
pub const LONGEST_WORDING: usize = 250;

/// A stretch of whole days that figures are accounted for by: a day, an ISO week, a month, a tertial,
/// January to August or a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The last day.
    pub until: Day,
    /// The first day.
    pub from: Day,
}

impl Period {
    /// Reads the name of a [`period::Period`]; `None` for anything else, and for what is not within 2000
    /// to 2099.
    pub fn parse(text: &str) -> Option<Period> {
        let (from, end) = text.parse::<period::Period>().ok()?.span();
        Some(Period { from, until: end.previous() })
    }

    /// The period of these days; `None` for another stretch of days.
    fn named(&self) -> Option<period::Period> {
        period::Period::of((self.from, self.until.next()))
    }

    /// Whether it is a calendar month.
    pub fn is_month(&self) -> bool {
        matches!(self.named(), Some(period::Period::Month(_)))
    }

    /// Whether all of its days are among those from `from` up to, but not including, `end`.
    pub fn is_within(&self, (from, end): (Day, Day)) -> bool {
        from <= self.from && self.until < end
    }
}

/// The name in events.
impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.named() {
            Some(period) => period.fmt(out),
            None => write!(out, "{}/{}", self.from, self.until),
        }
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scale {
    /// A share: of satisfaction, those who are satisfied or very satisfied.
    #[default]
    Share,
    /// A mean of answers that count 0, 25, 50, 75 or 100. It is no share and is never shown as one.
    Index,
}

impl Scale {
    /// Both.
    pub const ALL: [Scale; 2] = [Scale::Share, Scale::Index];

    /// The name in events.
    pub fn name(self) -> &'static str {
        match self {
            Scale::Share => "share",
            Scale::Index => "index",
        }
    }
}

/// A way to the municipality that is counted by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// People at the counter.
    Visit,
    /// Letters.
    Post,
}

impl Counted {
    /// Both.
    pub const ALL: [Counted; 2] = [Counted::Visit, Counted::Post];

    /// The name in events.
    pub fn name(self) -> &'static str {
        match self {
            Counted::Visit => "visit",
            Counted::Post => "post",
        }
    }
}

/// What is told of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// What citizens answered to a question.
    Survey {
        /// Which question: a name that [`is_measure`] allows.
        measure: String,
        /// What the value is.
        scale: Scale,
    },
    /// What somebody from outside found.
    Evaluator {
        /// Of which measure: a goal's id in small letters, a survey's measure, or one of theirs.
        measure: String,
        /// What the value is.
        scale: Scale,
        /// Who, as a slug.
        evaluator: String,
    },
    /// What was counted by hand in a month.
    Count(Counted),
    /// What is said of a goal, or of all.
    Note {
        /// Which goal or measure.
        goal: Option<String>,
    },
}

/// Where what is told is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// What it is about.
    pub subject: Subject,
    /// Whose; `None` for the whole municipality.
    pub department: Option<Department>,
    /// Of when.
    pub period: Period,
}

/// What a survey or an evaluator found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// A share in millionths; an index in ten-thousandths of a point. 0 to 1 000 000.
    pub value: i64,
    /// How many answered, or cases that were looked at.
    pub responses: i64,
    /// Margin of error in the value's unit, if it was told.
    pub margin: Option<i64>,
    /// How the question is worded, if it was told.
    pub wording: Option<String>,
    /// The measure that this one took the place of.
    pub replaces: Option<String>,
}

/// What was told. Of a slot's [`Subject`] follows which of these it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// Of a survey or an evaluator.
    Outcome(Outcome),
    /// Of a count by hand.
    Count(i64),
    /// Of a note.
    Note {
        /// What it says: one line, with nobody's number in it.
        text: String,
        /// Whether citizens may read it.
        is_public: bool,
    },
}

/// What stands in a slot. The greater of two is the one told later.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// When it was told.
    pub time: Timestamp,
    /// To recognise it, and to decide between two of one time.
    pub id: EventId,
    /// What it says.
    pub found: Found,
}

/// One thing that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where it belongs.
    pub slot: Slot,
    /// What it is.
    pub entry: Entry,
}

/// Everything that was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tellings {
    slots: BTreeMap<Slot, Entry>,
    bytes: usize,
}

impl Tellings {
    /// Takes in what was told.
    pub fn take(&mut self, told: Told) {
        let Told { slot, entry } = told;
        let more = entry.bytes();
        match self.slots.get_mut(&slot) {
            None => {
                self.bytes += more + SLOT_BYTES;
                self.slots.insert(slot, entry);
            }
            Some(known) if entry > *known => {
                self.bytes += more;
                self.bytes -= known.bytes();
                *known = entry;
            }
            Some(_) => {}
        }
    }

    /// Takes in what another holds.
    pub fn merge(&mut self, other: &Tellings) {
        for (slot, entry) in other.iter() {
            self.take(Told { slot: slot.clone(), entry: entry.clone() });
        }
    }

    /// What stands in a slot.
    pub fn get(&self, slot: &Slot) -> Option<&Entry> {
        self.slots.get(slot)
    }

    /// Everything, in order of (subject, department, period).
    pub fn iter(&self) -> impl Iterator<Item = (&Slot, &Entry)> {
        self.slots.iter()
    }

    /// Results of surveys, in order of (measure, scale, department, period).
    pub fn surveys(&self) -> impl Iterator<Item = (&str, Scale, &Slot, &Entry)> {
        // They are the first of all subjects.
        self.slots.iter().map_while(|(slot, entry)| match &slot.subject {
            Subject::Survey { measure, scale } => Some((measure.as_str(), *scale, slot, entry)),
            Subject::Evaluator { .. } | Subject::Count(_) | Subject::Note { .. } => None,
        })
    }

    /// Whether there is a result of a survey's measure.
    pub fn has_measure(&self, measure: &str) -> bool {
        let first = Slot {
            subject: Subject::Survey { measure: measure.to_owned(), scale: Scale::Share },
            department: None,
            period: Period { until: Day(i32::MIN), from: Day(i32::MIN) },
        };
        let next = self.slots.range(first..).next().map(|(slot, _)| &slot.subject);
        matches!(next, Some(Subject::Survey { measure: of, .. }) if of == measure)
    }

    /// How many slots there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// About how many bytes it all takes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes everything in packed form.
    pub fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.slots.len() as u64);
        for (slot, entry) in self.iter() {
            pack(slot, entry, out);
        }
    }

    /// Reads what [`Tellings::pack`] wrote; `None` on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Tellings> {
        let mut tellings = Tellings::default();
        for _ in 0..input.count(LEAST_TOLD)? {
            tellings.take(Told::unpack(input)?);
        }
        Some(tellings)
    }
}

/// The latest share of each survey's measure, by measure and whose it is.
pub fn latest<'a>(
    all: impl Iterator<Item = &'a Tellings>,
) -> BTreeMap<(&'a str, Option<Department>), SurveyResult> {
    let mut latest: BTreeMap<_, SurveyResult> = BTreeMap::new();
    for (measure, scale, slot, entry) in all.flat_map(Tellings::surveys) {
        let (Scale::Share, Some(result)) = (scale, entry.survey(slot.period)) else { continue };
        let known = latest.entry((measure, slot.department)).or_insert(result);
        *known = (*known).max(result);
    }
    latest
}

/// What a slot takes beside what it holds, about.
pub const SLOT_BYTES: usize = 160;

impl Entry {
    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        match &self.found {
            Found::Outcome(outcome) => length(&outcome.wording) + length(&outcome.replaces),
            Found::Count(_) => 0,
            Found::Note { text, .. } => text.len(),
        }
    }

    fn survey(&self, period: Period) -> Option<SurveyResult> {
        let Found::Outcome(outcome) = &self.found else { return None };
        Some(SurveyResult {
            until: period.until,
            time: self.time,
            id: self.id,
            satisfied_millionths: outcome.value,
            responses: outcome.responses,
            margin_millionths: outcome.margin,
        })
    }
}

/// The bytes that one takes at least.
pub const LEAST_TOLD: usize = 15;

// What is told of; durable.
const SURVEY: u8 = 1;
const EVALUATOR: u8 = 2;
const COUNT: u8 = 3;
const NOTE: u8 = 4;

impl Told {
    /// Writes it in packed form.
    pub fn pack(&self, out: &mut Writer<'_>) {
        pack(&self.slot, &self.entry, out);
    }

    /// Reads what [`Told::pack`] wrote; `None` at the end or on foreign bytes.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Told> {
        let kind = input.byte()?;
        let subject = match kind {
            SURVEY => Subject::Survey { measure: slug(input)?, scale: scale(input)? },
            EVALUATOR => Subject::Evaluator {
                measure: slug(input)?,
                scale: scale(input)?,
                evaluator: slug(input)?,
            },
            COUNT => Subject::Count(*Counted::ALL.get(usize::from(input.byte()?))?),
            NOTE => Subject::Note { goal: maybe(input, is_measure)? },
            _ => return None,
        };
        let department = match input.unsigned()? {
            0 => None,
            department => Some(Department(u16::try_from(department - 1).ok()?)),
        };
        let mut day = || Some(Day(i32::try_from(input.signed()?).ok()?));
        let period = Period { from: day()?, until: day()? };
        period.named()?;
        let (time, id) = (Timestamp(input.signed()?), EventId(u64::from_le_bytes(input.fixed()?)));
        let found = match kind {
            COUNT => Found::Count(input.signed()?),
            NOTE => Found::Note { is_public: input.byte()? != 0, text: input.text()?.to_owned() },
            _ => Found::Outcome(Outcome {
                value: input.signed()?,
                responses: input.signed()?,
                margin: Some(input.signed()?).filter(|margin| *margin >= 0),
                wording: maybe(input, |_| true)?,
                replaces: maybe(input, is_measure)?,
            }),
        };
        let slot = Slot { subject, department, period };
        Some(Told { slot, entry: Entry { time, id, found } })
    }
}

fn pack(slot: &Slot, entry: &Entry, out: &mut Writer<'_>) {
    match &slot.subject {
        Subject::Survey { measure, scale } => {
            out.byte(SURVEY);
            out.text(measure);
            out.byte(*scale as u8);
        }
        Subject::Evaluator { measure, scale, evaluator } => {
            out.byte(EVALUATOR);
            out.text(measure);
            out.byte(*scale as u8);
            out.text(evaluator);
        }
        Subject::Count(channel) => {
            out.byte(COUNT);
            out.byte(*channel as u8);
        }
        Subject::Note { goal } => {
            out.byte(NOTE);
            out.text(goal.as_deref().unwrap_or(""));
        }
    }
    out.unsigned(slot.department.map_or(0, |department| u64::from(department.0) + 1));
    out.signed(i64::from(slot.period.from.0));
    out.signed(i64::from(slot.period.until.0));
    out.signed(entry.time.0);
    out.fixed(&entry.id.0.to_le_bytes());
    match &entry.found {
        Found::Outcome(Outcome { value, responses, margin, wording, replaces }) => {
            out.signed(*value);
            out.signed(*responses);
            out.signed(margin.unwrap_or(-1));
            out.text(wording.as_deref().unwrap_or(""));
            out.text(replaces.as_deref().unwrap_or(""));
        }
        Found::Count(n) => out.signed(*n),
        Found::Note { text, is_public } => {
            out.byte(u8::from(*is_public));
            out.text(text);
        }
    }
}

fn slug(input: &mut Reader<'_>) -> Option<String> {
    input.text().filter(|text| is_measure(text)).map(str::to_owned)
}

/// A text that may be missing; the outer `None` on foreign bytes.
fn maybe(input: &mut Reader<'_>, allowed: impl Fn(&str) -> bool) -> Option<Option<String>> {
    match input.text()? {
        "" => Some(None),
        text => allowed(text).then(|| Some(text.to_owned())),
    }
}

fn scale(input: &mut Reader<'_>) -> Option<Scale> {
    Scale::ALL.get(usize::from(input.byte()?)).copied()
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;

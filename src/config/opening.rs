//! `[opening.NAME]`: when a unit is open. An array of tables (`[[opening.NAME]]`) gives hours with
//! a history, each table in force from its `valid_from`.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "TOML's kinds of value are fixed by its standard; a key takes one and refuses the rest"
)]

use std::collections::BTreeMap;

use toml::Value;

use super::fault::{Fault, closest};
use super::raw::{Section, parse_date, shown};
use crate::domain::calendar::{Day, HalfDay, OpeningHours, Span, SpecialDay, Weekday, Weekly};

/// The schedule of every unit that names none.
pub(super) const DEFAULT: &str = "default";

/// The keys of the days, Monday first.
pub(super) const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// One schedule: weekly hours by the day from which they hold, and special dates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) weeks: Vec<(Day, Weekly)>,
    /// In rising order of dates.
    pub(super) special: Vec<SpecialDay>,
}

impl Opening {
    /// Monday to Friday 07:30–16:30, closed on holidays: the hours of the switchboard.
    pub(super) fn office() -> Opening {
        let mut week = Weekly::default();
        for day in Weekday::ALL.into_iter().filter(|day| !day.is_weekend()) {
            week.days[day.index()] = Span::new(7 * 60 + 30, 16 * 60 + 30).into_iter().collect();
        }
        Opening { weeks: vec![(Day::FIRST, week)], special: Vec::new() }
    }

    /// The schedule as the calendar knows it.
    pub(super) fn hours(&self) -> OpeningHours {
        OpeningHours::new(self.weeks.clone(), self.special.clone())
    }
}

/// Reads all schedules; [`DEFAULT`] is always among them.
pub(super) fn openings(value: Option<Value>, faults: &mut Vec<Fault>) -> BTreeMap<String, Opening> {
    let mut found = BTreeMap::from([(DEFAULT.to_owned(), Opening::office())]);
    let named = match value {
        None => return found,
        Some(Value::Table(named)) => named,
        Some(other) => {
            let remedy = "write [opening.NAME] and its keys below";
            faults.push(Fault::new("opening", shown(&other), "is not a section", remedy));
            return found;
        }
    };
    for (name, value) in named {
        let versions = match value {
            Value::Table(table) => vec![Value::Table(table)],
            Value::Array(tables) => tables,
            other => {
                let remedy = format!("write [opening.{name}] and its keys below");
                let key = format!("opening.{name}");
                faults.push(Fault::new(key, shown(&other), "is not a section", remedy));
                continue;
            }
        };
        if versions.is_empty() {
            let remedy = format!("write [[opening.{name}]] and its keys below, or remove it");
            faults.push(Fault::new(format!("opening.{name}"), "[]", "has no hours", remedy));
        }
        let mut opening = Opening::default();
        for version in versions {
            let path = format!("opening.{name}");
            match version {
                Value::Table(table) => {
                    let section = Section::new(path, table, BTreeMap::new(), faults);
                    read_version(section, &mut opening);
                }
                other => {
                    let remedy = format!("write [[opening.{name}]] and its keys below");
                    faults.push(Fault::new(path, shown(&other), "is not a table", remedy));
                }
            }
        }
        opening.special.sort_by_key(|special| special.day);
        found.insert(name, opening);
    }
    found
}

fn read_version(mut section: Section<'_>, opening: &mut Opening) {
    let mut week = Weekly::default();
    for (key, spans) in WEEKDAYS.into_iter().zip(&mut week.days) {
        let written = section.texts(key).unwrap_or_default();
        *spans = read_spans(&mut section, key, &written);
    }
    let holidays = section.word("public_holidays", &[("closed", false), ("open", true)]);
    week.open_on_holidays = holidays.unwrap_or(false);
    week.half_days = half_days(&mut section);
    let from = section.date("valid_from").unwrap_or(Day::FIRST);
    match opening.weeks.last() {
        Some((last, _)) if *last >= from => {
            let problem = format!("is not after {last}, from which the hours before it hold");
            let remedy = "give each [[opening.…]] a later valid_from than the one above";
            section.fault("valid_from", format!("\"{from}\""), problem, remedy);
        }
        Some(_) | None => opening.weeks.push((from, week)),
    }
    for value in section.values("closed").unwrap_or_default() {
        special_day(&mut section, opening, "closed", &value, Vec::new());
    }
    for (date, value) in section.table("special").unwrap_or_default() {
        let key = format!("special.\"{date}\"");
        let written: Option<Vec<String>> = value
            .as_array()
            .and_then(|spans| spans.iter().map(|span| span.as_str().map(str::to_owned)).collect());
        let spans = match written {
            Some(written) => read_spans(&mut section, &key, &written),
            None => {
                let remedy = "write [\"10:00-14:00\"], or [] for a closed day";
                section.fault(&key, shown(&value), "is not a list of times", remedy);
                continue;
            }
        };
        special_day(&mut section, opening, &key, &Value::String(date), spans);
    }
    section.finish();
}

fn special_day(
    section: &mut Section<'_>,
    opening: &mut Opening,
    key: &str,
    date: &Value,
    spans: Vec<Span>,
) {
    let Some(day) = parse_date(date) else {
        let remedy = "write \"2026-12-28\"";
        section.fault(key, shown(date), "is not a date from 2000 to 2099", remedy);
        return;
    };
    if opening.special.iter().any(|special| special.day == day) {
        let remedy = "keep one of the entries in closed and special";
        section.fault(key, shown(date), "is given twice", remedy);
        return;
    }
    opening.special.push(SpecialDay { day, spans });
}

fn half_days(section: &mut Section<'_>) -> [Option<u16>; 4] {
    let mut closes = [None; 4];
    for (name, value) in section.table("half_days").unwrap_or_default() {
        let key = format!("half_days.{name}");
        let known = HalfDay::ALL.map(HalfDay::key);
        let Some(half) = HalfDay::ALL.into_iter().find(|half| half.key() == name) else {
            let remedy = match closest(&name, &known) {
                Some(close) => format!("did you mean \"{close}\"?"),
                None => format!("there are: {}", known.join(", ")),
            };
            section.fault(&key, shown(&value), "is no half day", remedy);
            continue;
        };
        match value.as_str().and_then(minute) {
            Some(minute) => closes[half.index()] = Some(minute),
            None => section.fault(&key, shown(&value), "is not a time", "write \"12:00\""),
        }
    }
    closes
}

fn read_spans(section: &mut Section<'_>, key: &str, written: &[String]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for text in written {
        let shown = shown(&Value::String(text.clone()));
        let ends = text.split_once(['-', '–']).map(|(from, until)| (minute(from), minute(until)));
        let Some((Some(from), Some(until))) = ends else {
            section.fault(key, shown, "is not a stretch of time", "write \"07:30-16:30\"");
            continue;
        };
        match (Span::new(from, until), spans.last()) {
            (None, _) => {
                let remedy = "write the opening first; split hours that pass midnight at 24:00";
                section.fault(key, shown, "does not end after it begins", remedy);
            }
            (Some(span), Some(last)) if span.from() < last.until() => {
                let remedy = "write the hours of a day in order and apart";
                section.fault(key, shown, "begins before the one before it ends", remedy);
            }
            (Some(span), _) => spans.push(span),
        }
    }
    spans
}

/// Minutes after midnight of `07:30`, up to `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= Span::DAY_MINUTES).then_some(total)
}

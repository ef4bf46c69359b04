//! `[publish]`: which closed periods are published, when, and where.

use super::raw::Section;
use crate::domain::period::Period;
use crate::domain::schedule::{Kind, Schedule};

/// For whom reports are published, as their files name them.
const AUDIENCES: [&str; 2] = ["internal", "public"];
const LANGUAGES: [&str; 2] = ["sv", "en"];
const FORMATS: [&str; 4] = ["html", "csv", "xlsx", "json"];

/// Which closed periods are published, when, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// When which periods are due.
    pub schedule: Schedule,
    /// The folder that this instance keeps the editions in; without one it keeps none.
    pub directory: Option<String>,
    /// Whether the editions are written to `topics.reports` too.
    pub topic: bool,
    /// `internal`, `public`.
    pub audiences: Vec<&'static str>,
    /// `sv`, `en`.
    pub languages: Vec<&'static str>,
    /// `html`, `csv`, `xlsx`, `json`.
    pub formats: Vec<&'static str>,
    /// Whether every department has a report of its own.
    pub sheets: bool,
}

impl Publish {
    /// Whether this instance makes any report.
    pub fn is_made_here(&self) -> bool {
        self.directory.is_some() || self.topic
    }
}

pub(super) fn publish(mut section: Section<'_>) -> Publish {
    let section_of = &mut section;
    let kinds = words(section_of, "periods", &Kind::ALL.map(Kind::name), true);
    let kinds = match kinds {
        None => Kind::ALL.to_vec(),
        Some(named) => Kind::ALL.into_iter().filter(|one| named.contains(&one.name())).collect(),
    };
    let working_day = section_of.number("working_day", "working days", 1..=15, 3) as u32;
    let publish = Publish {
        schedule: Schedule {
            kinds,
            working_day,
            minute: minute(section_of),
            also: also(section_of),
        },
        directory: section_of.text("directory"),
        topic: section_of.flag("topic").unwrap_or(false),
        audiences: words(section_of, "audiences", &AUDIENCES, false)
            .unwrap_or_else(|| AUDIENCES.to_vec()),
        languages: words(section_of, "languages", &LANGUAGES, false)
            .unwrap_or_else(|| vec![LANGUAGES[0]]),
        formats: words(section_of, "formats", &FORMATS, false).unwrap_or_else(|| FORMATS.to_vec()),
        sheets: section_of.flag("sheets").unwrap_or(true),
    };
    section.finish();
    publish
}

/// Some of a few words, in the order of the list that knows them.
fn words(
    section: &mut Section<'_>,
    key: &'static str,
    known: &[&'static str],
    may_be_empty: bool,
) -> Option<Vec<&'static str>> {
    let written = section.texts(key)?;
    if written.is_empty() && !may_be_empty {
        section.fault(key, "[]", "is empty", format!("there are: {}", known.join(", ")));
        return None;
    }
    for word in written.iter().filter(|word| !known.contains(&word.as_str())) {
        let remedy = super::fault::did_you_mean(word, known);
        section.fault(key, format!("\"{word}\""), "is none of the possible values", remedy);
    }
    Some(known.iter().copied().filter(|word| written.iter().any(|one| one == word)).collect())
}

fn minute(section: &mut Section<'_>) -> u16 {
    const SEVEN: u16 = 7 * 60;
    let Some(text) = section.text("at") else { return SEVEN };
    let parsed = text.split_once(':').and_then(|(hour, minute)| {
        let is_pair = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let (hour, minute) = (is_pair(hour).then_some(hour)?, is_pair(minute).then_some(minute)?);
        let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    });
    parsed.unwrap_or_else(|| {
        section.fault("at", format!("\"{text}\""), "is no time of day", "write \"07:00\"");
        SEVEN
    })
}

fn also(section: &mut Section<'_>) -> Vec<Period> {
    let mut periods = Vec::new();
    for text in section.texts("also").unwrap_or_default() {
        match text.parse::<Period>() {
            Ok(period) if Kind::of(period).is_some() => periods.push(period),
            Ok(_) | Err(_) => section.fault(
                "also",
                format!("\"{text}\""),
                "is no month, tertial, January–August or year",
                "write \"2026-01\", \"2026-T1\", \"2026-jan-aug\" or \"2026\"",
            ),
        }
    }
    periods.sort_unstable();
    periods.dedup();
    periods
}

//! A report as headings, sentences and tables: every format writes this and nothing else, so they
//! cannot disagree.

use std::str::FromStr;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::edition::Position;
use super::number::{self, Precision};
use crate::domain::goal::Direction;
use crate::domain::units::{Millis, Share};

/// What a report is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Swedish.
    #[default]
    Swedish,
    /// English.
    English,
}

impl Language {
    /// The text in this language.
    pub fn pick<'a>(self, swedish: &'a str, english: &'a str) -> &'a str {
        match self {
            Language::Swedish => swedish,
            Language::English => english,
        }
    }

    /// Its code (BCP 47).
    pub fn code(self) -> &'static str {
        self.pick("sv", "en")
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sv" => Ok(Language::Swedish),
            "en" => Ok(Language::English),
            _ => Err(format!("\"{text}\" is no language of the reports; take sv or en")),
        }
    }
}

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The municipality itself: everything, with one decimal.
    Internal,
    /// Citizens: whole percent, and nothing so small that it points at somebody.
    Public,
}

impl Audience {
    /// The name in commands and files.
    pub fn name(self) -> &'static str {
        match self {
            Audience::Internal => "internal",
            Audience::Public => "public",
        }
    }

    /// How exact shares are shown.
    pub fn precision(self) -> Precision {
        match self {
            Audience::Internal => Precision::Tenths,
            Audience::Public => Precision::Whole,
        }
    }
}

/// One value in a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing to tell of: no calls, or no figures from that time.
    None,
    /// Withheld, since it is so small that it could point at somebody.
    Hidden,
    /// Words.
    Text(String),
    /// A whole number of things.
    Count(i64),
    /// A mean with one decimal, in tenths.
    Tenths(i64),
    /// A difference of shares in tenths of a percentage point.
    Points(i64),
    /// A share, held against a level if there is one.
    Share(Share, Option<(Direction, u8)>, Precision),
    /// From and until, as shares.
    Interval(f64, f64),
    /// A wait, to whole seconds.
    Wait(Millis),
}

impl Cell {
    /// Words.
    pub fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    /// A wait that may not be there.
    pub fn wait(wait: Option<Millis>) -> Cell {
        wait.map_or(Cell::None, Cell::Wait)
    }

    /// As people read it. Swedish numbers in both languages would confuse English readers, so
    /// English has a decimal point.
    pub fn shown(&self, language: Language) -> String {
        let swedish = match self {
            Cell::None => "–".to_owned(),
            Cell::Hidden => "..".to_owned(),
            Cell::Text(text) => return text.clone(),
            Cell::Count(n) => number::count(*n),
            Cell::Tenths(tenths) => number::tenths(*tenths),
            Cell::Points(tenths) => number::signed_tenths(*tenths),
            Cell::Share(share, goal, precision) => {
                number::percent(*share, *goal, *precision).unwrap_or_else(|| "–".to_owned())
            }
            Cell::Interval(low, high) => {
                let tenths = |ratio: f64| number::tenths((ratio * 1_000.0).round() as i64);
                format!("{}–{}\u{a0}%", tenths(*low), tenths(*high))
            }
            Cell::Wait(wait) => number::clock((wait.0 + 500).div_euclid(1_000)),
        };
        match language {
            Language::Swedish => swedish,
            Language::English => swedish.replace(',', "."),
        }
    }

    /// As programs read it: a count, a mean, percent as they are shown, or seconds.
    pub fn value(&self) -> Option<f64> {
        match self {
            Cell::None | Cell::Hidden | Cell::Text(_) | Cell::Interval(..) => None,
            Cell::Count(n) => Some(*n as f64),
            Cell::Tenths(tenths) | Cell::Points(tenths) => Some(*tenths as f64 / 10.0),
            Cell::Share(share, goal, precision) => {
                let parts = number::rounded(*share, *goal, *precision)? as f64;
                Some(match precision {
                    Precision::Whole => parts,
                    Precision::Tenths => parts / 10.0,
                })
            }
            Cell::Wait(wait) => Some((wait.0 + 500).div_euclid(1_000) as f64),
        }
    }

    /// The level in percent that a share is held against.
    pub fn level(&self) -> Option<u8> {
        if let Cell::Share(_, Some((_, percent)), _) = self { Some(*percent) } else { None }
    }

    /// The unit of [`Cell::value`].
    pub fn unit(&self) -> &'static str {
        match self {
            Cell::None | Cell::Hidden | Cell::Text(_) | Cell::Interval(..) => "",
            Cell::Count(_) => "count",
            Cell::Tenths(_) => "mean",
            Cell::Points(_) => "percentage_points",
            Cell::Share(..) => "percent",
            Cell::Wait(_) => "seconds",
        }
    }
}

/// A number, a text, `null` for nothing, `{"hidden": true}`, or `{"low": …, "high": …}` in percent.
impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Text(text) => out.serialize_str(text),
            Cell::Count(n) => out.serialize_i64(*n),
            Cell::Hidden => {
                let mut map = out.serialize_map(Some(1))?;
                map.serialize_entry("hidden", &true)?;
                map.end()
            }
            Cell::Interval(low, high) => {
                let percent = |ratio: f64| (ratio * 1_000.0).round() / 10.0;
                let mut map = out.serialize_map(Some(2))?;
                map.serialize_entry("low", &percent(*low))?;
                map.serialize_entry("high", &percent(*high))?;
                map.end()
            }
            Cell::None | Cell::Tenths(_) | Cell::Points(_) | Cell::Share(..) | Cell::Wait(_) => {
                self.value().serialize(out)
            }
        }
    }
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Column {
    /// Stable name for programs.
    pub id: String,
    /// Heading for people.
    pub heading: String,
}

impl Column {
    /// A column.
    pub fn new(id: impl Into<String>, heading: impl Into<String>) -> Column {
        Column { id: id.into(), heading: heading.into() }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Row {
    /// Stable name for programs.
    pub id: String,
    /// What the row is about, for people.
    pub heading: String,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// Characters of a text that is a word or two.
const WORDS: usize = 20;

/// How a table is drawn beside its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// Not at all.
    Nothing,
    /// A line for each column of shares, over the rows.
    Lines,
    /// A field for each cell, darker where the value is higher.
    Heat,
}

/// A table.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Table {
    /// Stable name for programs.
    pub id: &'static str,
    /// Heading for people.
    pub heading: String,
    /// What the rows are, above their headings.
    pub rows_are: String,
    /// The columns, the row's own heading left out.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// What has to be known to read it.
    pub notes: Vec<String>,
    /// How it is drawn.
    #[serde(skip)]
    pub drawing: Drawing,
}

impl Table {
    /// Leaves out one column.
    pub(super) fn leave_out(&mut self, column: &str) {
        if let Some(at) = self.columns.iter().position(|of| of.id == column) {
            self.columns.remove(at);
            self.rows.iter_mut().for_each(|row| drop(row.cells.remove(at)));
        }
    }

    /// Whether a column holds texts that are read as lines, and not beside each other.
    pub(super) fn is_prose(&self, column: usize) -> bool {
        let is_long = |cell: &Cell| match cell {
            Cell::Text(text) => text.chars().count() > WORDS,
            Cell::None
            | Cell::Hidden
            | Cell::Count(_)
            | Cell::Tenths(_)
            | Cell::Points(_)
            | Cell::Share(..)
            | Cell::Interval(..)
            | Cell::Wait(_) => false,
        };
        self.rows.iter().filter_map(|row| row.cells.get(column)).any(is_long)
    }

    /// Leaves out every column but these.
    pub(super) fn keep(&mut self, columns: &[&str]) {
        let kept: Vec<bool> =
            self.columns.iter().map(|column| columns.contains(&column.id.as_str())).collect();
        for row in &mut self.rows {
            let mut kept = kept.iter();
            row.cells.retain(|_| kept.next().copied().unwrap_or(false));
        }
        self.columns.retain(|column| columns.contains(&column.id.as_str()));
    }
}

/// A whole report.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Report {
    /// The period's name, as in `2026-10`.
    pub period: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub until: String,
    /// The department's slug; `None` for the whole municipality.
    pub department: Option<String>,
    /// Who reads it.
    pub audience: &'static str,
    /// The language's code.
    pub language: &'static str,
    /// The version of the rules that the figures are judged by.
    pub rules_version: u32,
    /// The version of the figures' definitions.
    pub definitions_version: u32,
    /// Its title.
    pub title: String,
    /// What it says, in a sentence for each goal.
    pub sentences: Vec<String>,
    /// The tables in reading order.
    pub tables: Vec<Table>,
    /// Definitions, by their id.
    pub definitions: Vec<(String, String)>,
    /// The number of the published edition; `None` for a report that is none.
    pub edition: Option<u16>,
    /// The local date of that edition.
    pub published: Option<String>,
    /// Where that edition was cut in the ledger, by partition.
    pub positions: Vec<Position>,
    /// How many cells differ from the edition before; `None` where there is none.
    pub corrections: Option<usize>,
}

impl Report {
    /// Whether any goal has something that it is the share of.
    pub fn has_outcomes(&self) -> bool {
        let goals = self.tables.iter().find(|table| table.id == "goals");
        let Some(goals) = goals else { return false };
        let of = goals.columns.iter().position(|column| column.id == "of");
        let counted = goals.rows.iter().filter_map(|row| row.cells.get(of?));
        counted.into_iter().any(|cell| !matches!(cell, Cell::None | Cell::Count(0)))
    }

    /// The report as one JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and numbers are JSON")
    }

    /// The report's own name in files: `2026-10` or `2026-10-socialforvaltningen`.
    pub fn name(&self) -> String {
        match &self.department {
            None => self.period.clone(),
            Some(slug) => format!("{}-{slug}", self.period),
        }
    }
}

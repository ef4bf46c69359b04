//! What citizens see: the goals of the last closed month and year, every closed period, and each
//! period's report with its open data.
//!
//! What a report says is taken from the report itself, the published one where there is one, so that
//! no page can say anything else.

use std::collections::BTreeMap;

use askama::Template;
use serde_json::Value;

use super::archive::{Link, department_name, label};
use super::form;
use super::frame::{Frame, Side};
use super::locale::Locale;
use super::period;
use super::view::View;
use crate::cli::ReportFormat;
use crate::domain::units::Share;
use crate::report::{Cell, Language, Period, Precision};

/// The page's path, and that of everything below it.
pub const PATH: &str = "/publik";
/// The goals that are told at the start.
const GOALS: [&str; 7] = ["SM1", "SM2", "SM3", "SM4", "FCR", "SATISFACTION", "STAFFED"];

/// Whether a report stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::shell) enum Standing {
    /// It is that of an edition, of this number and date.
    Edition(u16, String),
    /// It may still change.
    Preliminary,
}

impl Standing {
    fn words(&self, locale: Locale) -> String {
        match self {
            Standing::Edition(number, date) => format!(
                "{} {number}, {} {date}",
                locale.say("Utgåva", "Edition"),
                locale.say("publicerad", "published")
            ),
            Standing::Preliminary => locale
                .say(
                    "Preliminär: perioden är slut men inte publicerad, och siffrorna kan ändras",
                    "Preliminary: the period is over but not published, and the figures may change",
                )
                .to_owned(),
        }
    }

    fn is_preliminary(&self) -> bool {
        *self == Standing::Preliminary
    }
}

/// A report for citizens, as the pages know it.
#[derive(Clone, Debug)]
pub(in crate::shell) struct Told {
    pub(in crate::shell) period: Period,
    /// A department's slug; `None` for the whole municipality.
    pub(in crate::shell) department: Option<String>,
    /// The report's own language.
    pub(in crate::shell) language: Language,
    pub(in crate::shell) standing: Standing,
    /// The report as JSON and as a page, where it is there as such.
    pub(in crate::shell) document: Option<Value>,
    pub(in crate::shell) page: Option<String>,
    /// Its formats, each with its length.
    pub(in crate::shell) formats: Vec<(ReportFormat, Option<u64>)>,
    /// Departments with a report of their own.
    pub(in crate::shell) departments: Vec<String>,
}

impl Told {
    fn links(&self, locale: Locale) -> Vec<Link> {
        let name = period::name(self.period, locale.language);
        let department =
            self.department.as_ref().map(|slug| format!("?department={slug}")).unwrap_or_default();
        let links = self.formats.iter().map(|(format, bytes)| Link {
            href: locale.href(&format!("{PATH}/{}/{}{department}", self.period, format.name())),
            label: label(*format),
            size: bytes.map(|bytes| form::size(bytes, locale.language)).unwrap_or_default(),
            of: name.clone(),
            code: self.language.code(),
        });
        links.collect()
    }
}

/// The start.
#[derive(Template)]
#[template(path = "public.html")]
pub(super) struct Page {
    frame: Frame,
    summaries: Vec<Summary>,
    earlier: Vec<(&'static str, Vec<(String, String)>)>,
    /// Why there is nothing to show.
    nothing: &'static str,
}

/// What one period's report says of the goals.
struct Summary {
    id: String,
    name: String,
    href: String,
    standing: String,
    is_preliminary: bool,
    /// The report's own language.
    code: &'static str,
    cards: Vec<Card>,
    links: Vec<Link>,
}

/// One goal.
struct Card {
    name: String,
    target: String,
    figure: String,
    word: String,
    class: &'static str,
    of: String,
}

impl Page {
    /// `told` is of the last closed month and year; `closed` every closed period that has a report;
    /// both empty while they cannot be told.
    pub(super) fn of(locale: Locale, told: &[Told], closed: &[Period], is_known: bool) -> Page {
        let title = locale.say("Så svarar kommunen i telefon", "How the municipality answers");
        let earlier = period::sorted(closed.iter().map(|period| (*period, ())));
        let earlier = earlier.into_iter().map(|(group, periods)| {
            let links = periods.into_iter().map(|(of, ())| {
                (locale.href(&format!("{PATH}/{of}")), period::name(of, locale.language))
            });
            (group.title(locale.language), links.collect())
        });
        Page {
            frame: Frame::still(locale, title, PATH).on(Side::Outside),
            summaries: told.iter().map(|told| Summary::of(locale, told)).collect(),
            earlier: earlier.collect(),
            nothing: match is_known {
                true => locale.say(
                    "Ingen period är avslutad ännu. Siffrorna för en månad visas här när månaden är slut.",
                    "No period is over yet. The figures of a month are shown here when the month is over.",
                ),
                false => locale.say(
                    "Siffrorna kan inte visas just nu. Ladda om sidan om en stund.",
                    "The figures cannot be shown now. Reload the page in a while.",
                ),
            },
        }
    }
}

impl Summary {
    fn of(locale: Locale, told: &Told) -> Summary {
        Summary {
            id: format!("p-{}", told.period),
            name: period::name(told.period, locale.language),
            href: locale.href(&format!("{PATH}/{}", told.period)),
            standing: told.standing.words(locale),
            is_preliminary: told.standing.is_preliminary(),
            code: told.language.code(),
            cards: told
                .document
                .as_ref()
                .map(|report| cards(report, told.language))
                .unwrap_or_default(),
            links: told.links(locale),
        }
    }
}

/// The goals that a report tells an outcome of.
fn cards(report: &Value, language: Language) -> Vec<Card> {
    let tables = report["tables"].as_array().into_iter().flatten();
    let Some(goals) = tables.into_iter().find(|table| table["id"] == "goals") else {
        return Vec::new();
    };
    let columns: BTreeMap<&str, usize> = goals["columns"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(at, column)| Some((column["id"].as_str()?, at)))
        .collect();
    let rows = goals["rows"].as_array().into_iter().flatten();
    let card = |row: &Value| {
        if !GOALS.iter().any(|goal| row["id"] == *goal) {
            return None;
        }
        let cell = |name: &str| columns.get(name).map(|at| &row["cells"][*at]);
        let text = |name: &str| cell(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let figure = match cell("outcome")? {
            Value::Number(percent) => {
                // A share of a hundred is written as the report writes it.
                let percent = percent.as_f64()? as i64;
                let share = Share { met: percent, of: 100 };
                Cell::Share(share, None, Precision::Whole).shown(language)
            }
            Value::Object(_) => Cell::Hidden.shown(language),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) => return None,
        };
        let verdict = text("verdict");
        let class = match verdict.chars().next() {
            Some('✓') => "met",
            Some('✗') => "missed",
            Some(_) | None => "none",
        };
        let count = cell("of").and_then(Value::as_i64);
        Some(Card {
            name: row["heading"].as_str()?.to_owned(),
            target: text("level"),
            figure,
            word: verdict,
            class,
            of: count.map_or_else(String::new, |n| {
                let counted = match row["id"].as_str() {
                    Some("SM4" | "FCR") => language.pick("frågor", "questions"),
                    Some("SATISFACTION") => language.pick("svar", "answers"),
                    Some("STAFFED") => language.pick("minuter", "minutes"),
                    Some(_) | None => language.pick("samtal", "calls"),
                };
                let n = Cell::Count(n).shown(language);
                format!("{} {n} {counted}", language.pick("av", "of"))
            }),
        })
    };
    rows.filter_map(card).collect()
}

/// One period's report in the pages' own frame.
#[derive(Template)]
#[template(path = "public_period.html")]
pub(super) struct PeriodPage {
    frame: Frame,
    title: String,
    days: String,
    standing: String,
    is_preliminary: bool,
    code: &'static str,
    /// What the report says, as the report writes it; empty when it is not there as a page.
    body: String,
    links: Vec<Link>,
    action: String,
    departments: Vec<(String, String, bool)>,
}

impl PeriodPage {
    pub(super) fn of(view: &View<'_>, told: &Told) -> PeriodPage {
        let locale = view.locale;
        let name = period::name(told.period, locale.language);
        let own = told.department.as_deref();
        let path = format!("{PATH}/{}", told.period);
        let asked = own.map(|slug| format!("{path}?department={slug}"));
        let mut departments: Vec<(String, String, bool)> = told
            .departments
            .iter()
            .map(|slug| (slug.clone(), department_name(view, Some(slug)), own == Some(slug)))
            .collect();
        departments.sort_by_key(|(_, name, _)| form::sort_key(name));
        let whose = match own {
            Some(_) => department_name(view, own),
            None => locale.say("hela kommunen", "the whole municipality").to_owned(),
        };
        PeriodPage {
            frame: Frame::still(
                locale,
                format!("{name}: {whose}"),
                asked.as_deref().unwrap_or(&path),
            )
            .on(Side::Outside),
            title: format!("{name}: {}", form::breakable(&whose)),
            days: period::days(told.period),
            standing: told.standing.words(locale),
            is_preliminary: told.standing.is_preliminary(),
            code: told.language.code(),
            body: told.page.as_deref().and_then(body).unwrap_or_default().to_owned(),
            links: told.links(locale),
            action: path,
            departments,
        }
    }
}

/// What stands in a report's page below its heading.
fn body(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("<main>")?;
    let (inner, _) = rest.rsplit_once("</main>")?;
    let (_, below) = inner.split_once("</header>")?;
    Some(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_says_what_the_report_says() {
        let report = serde_json::json!({"tables": [{"id": "goals",
        "columns": [{"id": "level"}, {"id": "outcome"}, {"id": "verdict"}, {"id": "of"}],
        "rows": [
            {"id": "SM1", "heading": "Mål 1", "cells": ["minst 90 %", 94, "✓ uppfyllt", 1249]},
            {"id": "SM2", "heading": "Mål 2", "cells": ["minst 90 %", 89, "✗ ej uppfyllt", 800]},
            {"id": "SM3w", "heading": "Mål 3w", "cells": ["–", 5, "–", 800]},
            {"id": "SM4", "heading": "Mål 4", "cells": ["100 %", {"hidden": true}, {"hidden": true}, 3]},
            {"id": "FCR", "heading": "Löst", "cells": ["–", null, "inga frågor", 0]},
            {"id": "SATISFACTION", "heading": "Nöjda", "cells": ["80 %", 81, "✓ uppfyllt", 412]},
            {"id": "STAFFED", "heading": "Bemannat", "cells": ["100 %", 99, "✗ ej uppfyllt", 510]},
        ]}]});
        let cards = cards(&report, Language::Swedish);
        let told: Vec<(&str, &str, &str, &str)> = cards
            .iter()
            .map(|card| (card.name.as_str(), card.figure.as_str(), card.class, card.of.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("Mål 1", "94\u{a0}%", "met", "av 1\u{a0}249 samtal"),
                ("Mål 2", "89\u{a0}%", "missed", "av 800 samtal"),
                ("Mål 4", "..", "none", "av 3 frågor"),
                ("Nöjda", "81\u{a0}%", "met", "av 412 svar"),
                ("Bemannat", "99\u{a0}%", "missed", "av 510 minuter"),
            ]
        );
    }

    #[test]
    fn the_body_of_a_report_is_what_stands_below_its_heading() {
        let page = "<body><main>\n<header><h1>a</h1></header>\n<p>b</p>\n</main></body>";
        assert_eq!(body(page), Some("\n<p>b</p>\n"));
        assert_eq!(body("<p>"), None);
    }
}

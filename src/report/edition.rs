//! What makes a report an edition: its number, where it was cut, and what it corrects.

use std::collections::{BTreeMap, BTreeSet};

use super::number;
use super::table::{Audience, Cell, Column, Drawing, Language, Report, Row, Table};
use super::withhold::SHARE_MIN;
use crate::domain::units::Share;
use crate::engine::edition::{Comparison, Edition};

/// Corrections that are listed; all are counted.
const CORRECTIONS: usize = 200;
/// Tables of what is in no figure: what comes too late, or twice, corrects nothing.
const NOT_OF_THE_PERIOD: [&str; 2] = ["quality", "quality_departments"];

/// Where an edition was cut in one partition of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Position {
    /// The partition.
    pub partition: i32,
    /// Records of its chain up to there.
    pub sequence: u64,
    /// The name of the last of them.
    pub record: String,
}

/// Whether a share that a period is compared with reads as it did, for every reader.
pub fn reads_alike(comparison: &Comparison) -> bool {
    let Comparison { before, after, own, level } = *comparison;
    let shown = |share: Share, audience: Audience| {
        let is_small = audience == Audience::Public && share.of < SHARE_MIN;
        match share.of {
            ..=0 => Cell::None,
            _ if is_small => Cell::Hidden,
            _ => Cell::Share(share, level, audience.precision()),
        }
        .shown(Language::Swedish)
    };
    let points = |share: Share| own.and_then(|own| number::points(own, share));
    [Audience::Internal, Audience::Public]
        .into_iter()
        .all(|audience| shown(before, audience) == shown(after, audience))
        && points(before) == points(after)
}

/// One cell, by table, row and column.
type Place<'a> = (&'a str, &'a str, &'a str);

impl Report {
    /// The report as an edition. With the edition before, cut where that one was, it tells what has
    /// changed since: the cells that readers see otherwise.
    #[must_use]
    pub fn published(mut self, edition: &Edition, before: Option<&Report>) -> Report {
        self.edition = Some(edition.number);
        self.published = Some(edition.day.to_string());
        let places = edition.places.iter().map(|place| Position {
            partition: place.partition,
            sequence: place.sequence,
            record: place.record.to_string(),
        });
        self.positions = places.collect();
        if let Some(before) = before {
            let (table, count) = self.corrections(before, edition.number - 1);
            self.tables.push(table);
            self.corrections = Some(count);
        }
        self
    }

    /// The edition in words; that it is none, where it is none.
    pub fn edition_words(&self) -> String {
        let language: Language = self.language.parse().unwrap_or_default();
        match (self.edition, &self.published) {
            (Some(number), Some(day)) => {
                format!("{} {number}, {day}", language.pick("Utgåva", "Edition"))
            }
            (_, _) => language.pick("Ej publicerad utgåva", "Not a published edition").to_owned(),
        }
    }

    /// Where it was cut, in words; empty when it is no edition.
    pub fn position_words(&self) -> String {
        if self.positions.is_empty() {
            return String::new();
        }
        let language: Language = self.language.parse().unwrap_or_default();
        let places = self
            .positions
            .iter()
            .map(|at| format!("{}: {} ({})", at.partition, at.sequence, at.record));
        let told = language
            .pick("Huvudbokens läge, partition: post", "Position in the ledger, partition: record");
        format!("{told} {}", places.collect::<Vec<_>>().join(", "))
    }

    /// What is shown otherwise than in the edition before, and how many cells that are.
    fn corrections(&self, before: &Report, number: u16) -> (Table, usize) {
        let language: Language = self.language.parse().unwrap_or_default();
        let say = |swedish: &str, english: &str| language.pick(swedish, english).to_owned();
        let (old, new) = (before.shown(language), self.shown(language));
        let headings = before.headings().into_iter().chain(self.headings());
        let headings: BTreeMap<Place<'_>, String> = headings.collect();
        // In the order in which the report tells them; what is there no more comes last.
        let mut seen = BTreeSet::new();
        let order = self.places().into_iter().chain(before.places());
        let changed: Vec<Place<'_>> =
            order.filter(|place| seen.insert(*place) && old.get(place) != new.get(place)).collect();
        let none = || Cell::None.shown(language);
        let shown = |of: &BTreeMap<Place<'_>, String>, place: &Place<'_>| {
            Cell::text(of.get(place).cloned().unwrap_or_else(none))
        };
        let rows = changed.iter().take(CORRECTIONS).map(|place| Row {
            id: format!("{}/{}/{}", place.0, place.1, place.2),
            heading: headings.get(place).cloned().unwrap_or_default(),
            cells: vec![shown(&old, place), shown(&new, place)],
        });
        let count = changed.len();
        let note = match count {
            0 => say("Ingen siffra i den här rapporten är ändrad.", "No figure here has changed."),
            count if count > CORRECTIONS => format!(
                "{} {CORRECTIONS} {} {count}.",
                say("De första", "The first"),
                say("av", "of")
            ),
            count => format!("{}: {count}.", say("Antal rättelser", "Number of corrections")),
        };
        let table = Table {
            id: "corrections",
            heading: format!(
                "{} {number}",
                say("Rättelser sedan utgåva", "Corrections since edition")
            ),
            rows_are: say("Siffra", "Figure"),
            columns: vec![
                Column::new("before", say("Före", "Before")),
                Column::new("after", say("Efter", "After")),
            ],
            rows: rows.collect(),
            notes: vec![note],
            drawing: Drawing::Nothing,
        };
        (table, count)
    }

    fn compared(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| !NOT_OF_THE_PERIOD.contains(&table.id))
    }

    fn places(&self) -> Vec<Place<'_>> {
        self.compared().flat_map(places).collect()
    }

    fn shown(&self, language: Language) -> BTreeMap<Place<'_>, String> {
        let cells = self.compared().flat_map(|table| &table.rows).flat_map(|row| &row.cells);
        self.places().into_iter().zip(cells.map(|cell| cell.shown(language))).collect()
    }

    fn headings(&self) -> Vec<(Place<'_>, String)> {
        let headings = self.compared().flat_map(|table| {
            table.rows.iter().flat_map(move |row| {
                let columns = table.columns.iter().take(row.cells.len());
                columns.map(move |column| {
                    format!("{} · {} · {}", table.heading, row.heading, column.heading)
                })
            })
        });
        self.places().into_iter().zip(headings).collect()
    }
}

/// Every cell of a table.
fn places(table: &Table) -> impl Iterator<Item = Place<'_>> {
    table.rows.iter().flat_map(|row| {
        let columns = table.columns.iter().take(row.cells.len());
        columns.map(|column| (table.id, row.id.as_str(), column.id.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::Day;
    use crate::engine::chain::Hash;
    use crate::engine::edition::Place as Cut;

    fn report(rows: &[(&str, i64)], quality: i64) -> Report {
        let table = |id, rows: &[(&str, i64)]| Table {
            id,
            heading: format!("Tabell {id}"),
            rows_are: "Vad".to_owned(),
            columns: vec![Column::new("n", "Antal")],
            rows: rows
                .iter()
                .map(|(row, n)| Row {
                    id: (*row).to_owned(),
                    heading: row.to_uppercase(),
                    cells: vec![Cell::Count(*n)],
                })
                .collect(),
            notes: Vec::new(),
            drawing: Drawing::Nothing,
        };
        Report {
            period: "2026-10".to_owned(),
            from: "2026-10-01".to_owned(),
            until: "2026-10-31".to_owned(),
            department: None,
            audience: "internal",
            language: "sv",
            rules_version: 1,
            definitions_version: 3,
            title: "Servicemål".to_owned(),
            sentences: Vec::new(),
            tables: vec![table("goals", rows), table("quality", &[("events", quality)])],
            definitions: Vec::new(),
            edition: None,
            published: None,
            positions: Vec::new(),
            corrections: None,
        }
    }

    fn edition(number: u16) -> Edition {
        let places = vec![Cut { partition: 0, sequence: 12, record: Hash([0xab; 16]) }];
        let day = Day::parse("2026-11-04").unwrap();
        Edition { period: "2026-10".parse().unwrap(), number, day, places }
    }

    #[test]
    fn a_first_edition_tells_where_it_was_cut_and_corrects_nothing() {
        let report = report(&[("a", 1)], 7).published(&edition(1), None);
        assert_eq!(report.edition_words(), "Utgåva 1, 2026-11-04");
        assert_eq!(
            report.position_words(),
            "Huvudbokens läge, partition: post 0: 12 (abababababababab)"
        );
        assert_eq!((report.tables.len(), report.corrections), (2, None));
    }

    #[test]
    fn a_later_one_lists_what_is_shown_otherwise_also_what_came_and_what_went() {
        let before = report(&[("a", 1), ("b", 2), ("gone", 3)], 7);
        let after =
            report(&[("a", 1), ("new", 4), ("b", 5)], 8).published(&edition(2), Some(&before));
        assert_eq!(after.corrections, Some(3));
        let table = after.tables.last().unwrap();
        assert_eq!(table.heading, "Rättelser sedan utgåva 1");
        let rows: Vec<(&str, &str, Vec<String>)> = table
            .rows
            .iter()
            .map(|row| {
                let cells = row.cells.iter().map(|cell| cell.shown(Language::Swedish)).collect();
                (row.id.as_str(), row.heading.as_str(), cells)
            })
            .collect();
        let cells = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        assert_eq!(
            rows,
            [
                ("goals/new/n", "Tabell goals · NEW · Antal", cells("–", "4")),
                ("goals/b/n", "Tabell goals · B · Antal", cells("2", "5")),
                ("goals/gone/n", "Tabell goals · GONE · Antal", cells("3", "–")),
            ]
        );
    }

    #[test]
    fn the_list_is_bounded_and_the_count_is_not() {
        let many: Vec<(String, i64)> = (0..201).map(|n| (format!("r{n}"), n)).collect();
        let rows: Vec<(&str, i64)> = many.iter().map(|(id, n)| (id.as_str(), *n)).collect();
        let moved: Vec<(&str, i64)> = rows.iter().map(|(id, n)| (*id, n + 1)).collect();
        let after = report(&moved, 0).published(&edition(2), Some(&report(&rows, 0)));
        let table = after.tables.last().unwrap();
        assert_eq!((table.rows.len(), after.corrections), (200, Some(201)));
        assert_eq!(table.notes, ["De första 200 av 201."]);
        let same = report(&moved, 0).published(&edition(3), Some(&report(&moved, 0)));
        assert_eq!(same.corrections, Some(0));
    }
}

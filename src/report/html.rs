//! A report as one HTML file: no script, nothing fetched, a print style of its own.

use askama::Template;

use super::chart::Chart;
use super::table::{Cell, Drawing, Language, Report, Table};

/// Rows that stand on one page of the print.
const LONG: usize = 20;
/// Columns from which on the print is small.
const DENSE: usize = 14;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    language: Language,
    style: &'static str,
}

impl Report {
    /// The report as an HTML document.
    pub fn to_html(&self) -> String {
        let language = self.language.parse().unwrap_or_default();
        let page = Page { report: self, language, style: include_str!("report.css") };
        page.render().expect("a template over texts cannot fail")
    }
}

impl Page<'_> {
    fn say<'b>(&self, swedish: &'b str, english: &'b str) -> &'b str {
        self.language.pick(swedish, english)
    }

    fn charts(&self, table: &Table) -> Vec<Chart> {
        table.charts(self.language)
    }

    fn class_of(&self, table: &Table) -> Option<&'static str> {
        match table.drawing {
            Drawing::Heat => Some("heat"),
            Drawing::Nothing | Drawing::Lines => (table.columns.len() >= DENSE).then_some("dense"),
        }
    }

    /// Whether the table may go on on another page of the print.
    fn is_long(&self, table: &Table) -> bool {
        table.rows.len() > LONG && table.drawing != Drawing::Heat
    }

    fn is_prose(&self, table: &Table, column: &usize) -> bool {
        table.is_prose(*column)
    }

    fn shown(&self, cell: &Cell) -> String {
        cell.shown(self.language)
    }

    /// The classes of a cell: numbers stand to the right, long texts to the left, heat has a shade.
    fn class(&self, table: &Table, cell: &Cell, column: &usize) -> String {
        let kind = match (matches!(cell, Cell::Text(_)), table.is_prose(*column)) {
            (true, true) => "words prose",
            (true, false) => "words",
            (false, true) => "number prose",
            (false, false) => "number",
        };
        match table.shade(cell) {
            Some(shade) => format!("{kind} shade-{shade}"),
            None => kind.to_owned(),
        }
    }

    fn has_hidden(&self) -> bool {
        let cells = self.report.tables.iter().flat_map(|table| &table.rows);
        cells.flat_map(|row| &row.cells).any(|cell| *cell == Cell::Hidden)
    }
}

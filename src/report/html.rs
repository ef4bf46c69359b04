//! A report as one HTML file: no script, nothing fetched, a print style of its own.

use askama::Template;

use super::chart::Chart;
use super::table::{Cell, Drawing, Language, Report, Table};

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

    fn is_heat(&self, table: &Table) -> bool {
        table.drawing == Drawing::Heat
    }

    fn shown(&self, cell: &Cell) -> String {
        cell.shown(self.language)
    }

    /// The classes of a cell: numbers stand to the right, heat has a shade.
    fn class(&self, table: &Table, cell: &Cell) -> String {
        let kind = if matches!(cell, Cell::Text(_)) { "words" } else { "number" };
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

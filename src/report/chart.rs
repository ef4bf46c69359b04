//! Charts as SVG, drawn from a table that stands beside them. Each says in words what it shows, is
//! told apart without colour, and takes its colours from the page's style.

use super::table::{Cell, Column, Drawing, Language, Table};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 64.0;
/// Room for the level's name, which must not lie on the line.
const RIGHT: f64 = 92.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 32.0;
/// Names under the axis at most.
const NAMES: usize = 12;
/// The same where they are longer than two letters.
const LONG_NAMES: usize = 8;

/// A chart and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// The drawing.
    pub svg: String,
}

impl Table {
    /// The table's charts: one for each column of shares.
    pub fn charts(&self, language: Language) -> Vec<Chart> {
        match self.drawing {
            Drawing::Nothing | Drawing::Heat => Vec::new(),
            Drawing::Lines if self.rows.len() < 2 => Vec::new(),
            Drawing::Lines => {
                let columns = self.columns.iter().enumerate();
                columns.filter_map(|(at, column)| self.line(at, column, language)).collect()
            }
        }
    }

    /// How dark a cell is drawn, 0 to 4: by its share of the table's highest value.
    pub fn shade(&self, cell: &Cell) -> Option<u8> {
        if self.drawing != Drawing::Heat {
            return None;
        }
        let highest = self.rows.iter().flat_map(|row| &row.cells).filter_map(Cell::value);
        let highest = highest.fold(0.0, f64::max);
        let value = cell.value()?;
        Some(if highest > 0.0 { (value / highest * 4.0).round() as u8 } else { 0 })
    }

    fn line(&self, at: usize, column: &Column, language: Language) -> Option<Chart> {
        let cells: Vec<&Cell> = self.rows.iter().map(|row| &row.cells[at]).collect();
        if !cells.iter().any(|cell| matches!(cell, Cell::Share(..))) {
            return None;
        }
        let level = cells.iter().find_map(|cell| cell.level()).map(f64::from);
        let values: Vec<Option<f64>> = cells.iter().map(|cell| cell.value()).collect();
        let known = || values.iter().flatten().copied().chain(level);
        let (low, high) = axis(known().fold(100.0, f64::min), known().fold(0.0, f64::max));
        let x = |at: usize| {
            LEFT + (WIDTH - LEFT - RIGHT) * (at as f64 + 0.5) / values.len().max(1) as f64
        };
        let y = |value: f64| TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low);
        let number = |value: f64| {
            let text = format!("{value}");
            language.pick(&text.replace('.', ","), &text).to_owned()
        };
        let mut svg = String::new();
        for value in [low, (low + high) / 2.0, high] {
            let at = y(value);
            svg.push_str(&format!(
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{}\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{} %</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                number(value)
            ));
        }
        if let Some(level) = level {
            let at = y(level);
            svg.push_str(&format!(
                "<path class=\"level\" d=\"M{LEFT} {at:.1}H{}\"/>\
                 <text class=\"level-name\" x=\"{}\" y=\"{:.1}\">{} {} %</text>",
                WIDTH - RIGHT,
                WIDTH - RIGHT + 6.0,
                at + 4.0,
                language.pick("mål", "goal"),
                number(level)
            ));
        }
        svg.push_str(&path(&values, x, y));
        let names = if self.rows[0].heading.len() > 7 { LONG_NAMES } else { NAMES };
        let step = self.rows.len().div_ceil(names).max(1);
        for (at, row) in self.rows.iter().enumerate().step_by(step) {
            // Days of one month and months of one year: what differs is at the end.
            // A period in words is named as programs name it.
            let is_date = row.heading.starts_with(|first: char| first.is_ascii_digit());
            let name = if is_date { &row.heading } else { &row.id };
            let name = match is_date && name.len() > 5 {
                true => escaped(name.get(5..).unwrap_or(name)),
                false => escaped(name),
            };
            svg.push_str(&format!(
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{name}</text>",
                x(at),
                HEIGHT - 8.0
            ));
        }
        let title = column.heading.clone();
        let (least, most) = (
            values.iter().flatten().copied().fold(100.0, f64::min),
            values.iter().flatten().copied().fold(0.0, f64::max),
        );
        let told = format!(
            "{}: {} {} % {} {} %",
            title,
            language.pick("från", "from"),
            number(least),
            language.pick("till", "to"),
            number(most)
        );
        let id = format!("{}-{}", self.id, column.id);
        let svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title>\
             <desc id=\"{id}-d\">{}</desc>{svg}</svg>",
            escaped(&title),
            escaped(&told)
        );
        Some(Chart { title, svg })
    }
}

/// The values joined where they follow each other, each with a dot.
fn path(values: &[Option<f64>], x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) -> String {
    let mut line = String::new();
    let mut dots = String::new();
    let mut is_down = false;
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else {
            is_down = false;
            continue;
        };
        let (x, y) = (x(at), y(*value));
        line.push_str(&format!("{}{x:.1} {y:.1}", if is_down { "L" } else { "M" }));
        dots.push_str(&format!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"));
        is_down = true;
    }
    format!("<path class=\"line\" d=\"{line}\"/>{dots}")
}

/// Round ends around the values, within 0 to 100.
fn axis(least: f64, most: f64) -> (f64, f64) {
    let low = ((least - 2.0) / 10.0).floor() * 10.0;
    let high = ((most + 2.0) / 10.0).ceil() * 10.0;
    let (low, high) = (low.max(0.0), high.min(100.0));
    if high > low { (low, high) } else { (low - 10.0, low + 10.0) }
}

/// Text inside SVG and HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

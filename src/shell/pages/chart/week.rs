//! The half-hours of a week, darker where it is harder, each with its value written in it.

use super::{WIDTH, escaped, opening, push};

const LEFT: f64 = 66.0;
const TOP: f64 = 30.0;
const ROW: f64 = 26.0;

/// One half-hour of one weekday.
#[derive(Clone, Debug)]
pub(in crate::shell::pages) struct Square {
    /// Place of its row and its column.
    pub(in crate::shell::pages) at: (usize, usize),
    /// What is written in it.
    pub(in crate::shell::pages) shown: String,
    /// How dark, 0 to 4.
    pub(in crate::shell::pages) shade: u8,
}

/// A drawing of a week.
#[derive(Clone, Debug)]
pub(in crate::shell::pages) struct Week<'a> {
    pub(in crate::shell::pages) id: &'a str,
    pub(in crate::shell::pages) title: &'a str,
    /// What it shows, in a sentence.
    pub(in crate::shell::pages) told: &'a str,
    /// Short names of the weekdays.
    pub(in crate::shell::pages) columns: &'a [String],
    /// Names of the half-hours.
    pub(in crate::shell::pages) rows: &'a [String],
    pub(in crate::shell::pages) squares: &'a [Square],
}

impl Week<'_> {
    /// The drawing.
    pub(in crate::shell::pages) fn svg(&self) -> String {
        let column = (WIDTH - LEFT) / self.columns.len().max(1) as f64;
        let height = TOP + ROW * self.rows.len() as f64;
        let x = |at: usize| LEFT + column * at as f64;
        let y = |at: usize| TOP + ROW * at as f64;
        let mut svg = opening(self.id, self.title, self.told, height);
        for (at, name) in self.columns.iter().enumerate() {
            push(
                &mut svg,
                format_args!(
                    "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                    x(at) + column / 2.0,
                    TOP - 10.0,
                    escaped(name)
                ),
            );
        }
        for (at, name) in self.rows.iter().enumerate() {
            push(
                &mut svg,
                format_args!(
                    "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                    LEFT - 8.0,
                    y(at) + ROW / 2.0 + 5.0,
                    escaped(name)
                ),
            );
        }
        for square in self.squares {
            let (row, at) = square.at;
            let shade = square.shade.min(4);
            push(
                &mut svg,
                format_args!(
                    "<rect class=\"heat-{shade}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" \
                     height=\"{}\"/><text class=\"on-{shade}\" x=\"{:.1}\" y=\"{:.1}\" \
                     text-anchor=\"middle\">{}</text>",
                    x(at) + 1.0,
                    y(row) + 1.0,
                    column - 2.0,
                    ROW - 2.0,
                    x(at) + column / 2.0,
                    y(row) + ROW / 2.0 + 5.0,
                    escaped(&square.shown)
                ),
            );
        }
        svg.push_str("</svg>");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stands_in_its_own_square() {
        let names = ["<mon>".to_owned()];
        let squares = [Square { at: (0, 0), shown: "4:05".into(), shade: 9 }];
        let (id, title, told) = ("w", "t", "d");
        let svg = Week { id, title, told, columns: &names, rows: &names, squares: &squares }.svg();
        assert!(svg.contains("class=\"heat-4\"") && svg.contains(">4:05</text>"));
        assert!(!svg.contains("<mon>"));
    }
}

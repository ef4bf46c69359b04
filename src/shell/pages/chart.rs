//! Charts of the live pages as SVG. Each says in words what it shows, is told apart without colour
//! (lost calls are outlined, limits are dashed), and stands beside a table of the same numbers.

mod lanes;
mod line;
mod week;

use std::fmt::Write as _;

pub(super) use lanes::{Lane, Lanes};
pub(super) use line::{Line, Point};
pub(super) use week::{Square, Week};

/// The drawing's own units; it grows with the page.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 50.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 30.0;
/// Names under the axis at most. Every other one is left out on a narrow screen.
const NAMES: usize = 11;
/// The same of bounds, which are short.
const BOUNDS: usize = 14;

/// One bar: what it is called under the axis, and its parts from the bottom up.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    /// Answered, abandoned, the rest.
    pub(super) parts: [i64; 3],
}

/// A drawing of bars.
#[derive(Clone, Debug)]
pub(super) struct Bars<'a> {
    /// Tells it apart from the others of its page.
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    /// What it shows, in a sentence.
    pub(super) told: &'a str,
    pub(super) bars: &'a [Bar],
    /// A line before a bar: the place and what it is called.
    pub(super) limit: Option<(usize, &'a str)>,
    /// Whether a bar's name is that of its upper bound, and so stands under its right edge.
    pub(super) is_bounds: bool,
}

const CLASSES: [&str; 3] = ["answered", "abandoned", "other"];

impl Bars<'_> {
    /// The drawing.
    pub(super) fn svg(&self) -> String {
        let highest = self.bars.iter().map(|bar| bar.parts.iter().sum::<i64>()).max().unwrap_or(0);
        let (top, step) = axis(highest);
        let y = |n: i64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - n as f64 / top as f64);
        let slot = (WIDTH - LEFT - RIGHT) / self.bars.len().max(1) as f64;
        let mut svg = opening(self.id, self.title, self.told, HEIGHT);
        for n in (0..=top).step_by(step as usize) {
            grid(&mut svg, y(n), &n.to_string());
        }
        if let Some((at, _)) = self.limit {
            let x = LEFT + slot * at as f64;
            push(
                &mut svg,
                format_args!(
                    "<rect class=\"beyond\" x=\"{x:.1}\" y=\"{TOP}\" width=\"{:.1}\" \
                     height=\"{}\"/>",
                    WIDTH - RIGHT - x,
                    HEIGHT - TOP - BOTTOM
                ),
            );
        }
        let names = if self.is_bounds { BOUNDS } else { NAMES };
        let every = self.bars.len().div_ceil(names).max(1);
        for (at, bar) in self.bars.iter().enumerate() {
            let x = LEFT + slot * at as f64;
            let mut below = 0;
            for (class, part) in CLASSES.iter().zip(bar.parts) {
                if part > 0 {
                    let (from, until) = (y(below), y(below + part));
                    push(
                        &mut svg,
                        format_args!(
                            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{until:.1}\" width=\"{:.1}\" \
                         height=\"{:.1}\"/>",
                            x + slot * 0.1,
                            slot * 0.8,
                            from - until
                        ),
                    );
                }
                below += part;
            }
            if at % every == 0 {
                let middle = if self.is_bounds { slot } else { slot / 2.0 };
                name(&mut svg, x + middle, &bar.name, at / every % 2 == 1);
            }
        }
        if let Some((at, named)) = self.limit {
            let x = LEFT + slot * at as f64;
            let (anchor, beside) =
                if at * 2 > self.bars.len() { ("end", -6.0) } else { ("start", 6.0) };
            push(
                &mut svg,
                format_args!(
                    "<path class=\"limit\" d=\"M{x:.1} {:.1}V{:.1}\"/>\
                 <text class=\"limit-name\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
                    TOP - 12.0,
                    HEIGHT - BOTTOM,
                    x + beside,
                    TOP - 6.0,
                    escaped(named)
                ),
            );
        }
        svg.push_str("</svg>");
        svg
    }
}

/// Round steps up to a highest value: the axis' end, and the step.
fn axis(highest: i64) -> (i64, i64) {
    let mut steps = (0..).flat_map(|power| [1, 2, 5].map(|step| step * 10_i64.pow(power)));
    let step = steps.find(|step| highest <= step * 5).unwrap_or(i64::MAX / 8);
    (step * (highest.max(1) as u64).div_ceil(step as u64) as i64, step)
}

fn opening(id: &str, title: &str, told: &str, height: f64) -> String {
    let (title, told) = (escaped(title), escaped(told));
    format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{title}</title>\
         <desc id=\"{id}-d\">{told}</desc>"
    )
}

fn grid(svg: &mut String, y: f64, named: &str) {
    push(
        svg,
        format_args!(
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{}\"/>\
         <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{named}</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            y + 4.0
        ),
    );
}

/// A name under the axis; one `more` is left out where the screen is narrow.
fn name(svg: &mut String, x: f64, named: &str, more: bool) {
    push(
        svg,
        format_args!(
            "<text{} x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            if more { " class=\"more\"" } else { "" },
            HEIGHT - 8.0,
            escaped(named)
        ),
    );
}

fn push(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text).expect("a text takes everything");
}

/// Text inside SVG.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number_with_at_most_five_steps() {
        let ends = [0, 1, 5, 6, 9, 10, 11, 26, 50, 51, 499].map(axis);
        assert_eq!(
            ends,
            [
                (1, 1),
                (1, 1),
                (5, 1),
                (6, 2),
                (10, 2),
                (10, 2),
                (15, 5),
                (30, 10),
                (50, 10),
                (60, 20),
                (500, 100)
            ]
        );
    }

    #[test]
    fn what_is_written_cannot_become_markup() {
        let bars = [Bar { name: "<b>".into(), parts: [1, 0, 0] }];
        let drawn = Bars {
            id: "x",
            title: "a \"quoted\" <title>",
            told: "&",
            bars: &bars,
            limit: Some((1, "<script>")),
            is_bounds: false,
        };
        let svg = drawn.svg();
        assert!(!svg.contains("<b>") && !svg.contains("<script>") && !svg.contains("<title>\""));
        assert_eq!(svg.matches("<rect class=\"answered\"").count(), 1);
    }
}

//! A line over time with the level that it is held against.

use super::{WIDTH, escaped, opening, push};

const HEIGHT: f64 = 236.0;
const LEFT: f64 = 64.0;
/// Room for the level's name, beside the line's end.
const RIGHT: f64 = 106.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 46.0;
/// Names under the axis at most.
const NAMES: usize = 12;
/// Points farther apart than this have their value at them and not beside the line's end.
const WIDE: f64 = 80.0;
/// From one line of words to the next.
const CLEAR: f64 = 17.0;

/// One point in time.
#[derive(Clone, Debug, Default)]
pub(in crate::shell::pages) struct Point {
    /// What stands under the axis.
    pub(in crate::shell::pages) name: String,
    /// What stands under that, where it differs from the point before: the year.
    pub(in crate::shell::pages) year: String,
    /// The whole name, for words.
    pub(in crate::shell::pages) long_name: String,
    /// In percent.
    pub(in crate::shell::pages) value: Option<f64>,
    /// The value as it is read.
    pub(in crate::shell::pages) shown: String,
    /// `Some(true)` when it reaches its level.
    pub(in crate::shell::pages) is_met: Option<bool>,
    /// Its level in percent.
    pub(in crate::shell::pages) level: Option<u8>,
    /// Its time is not over yet.
    pub(in crate::shell::pages) is_open: bool,
    /// It cannot be held against the point before.
    pub(in crate::shell::pages) is_break: bool,
}

/// A drawing of points in time.
#[derive(Clone, Debug)]
pub(in crate::shell::pages) struct Line<'a> {
    pub(in crate::shell::pages) id: &'a str,
    pub(in crate::shell::pages) title: &'a str,
    /// What it shows, in a sentence.
    pub(in crate::shell::pages) told: &'a str,
    pub(in crate::shell::pages) points: &'a [Point],
    /// What a level is called.
    pub(in crate::shell::pages) level_word: &'a str,
    /// What a break of the series is called.
    pub(in crate::shell::pages) break_word: &'a str,
    /// Whether the good side is below the level.
    pub(in crate::shell::pages) is_at_most: bool,
}

impl Line<'_> {
    /// The drawing.
    pub(in crate::shell::pages) fn svg(&self) -> String {
        let values = self.points.iter().filter_map(|point| point.value);
        let levels = self.points.iter().filter_map(|point| point.level).map(f64::from);
        let (low, high, step) = axis(values.chain(levels), self.is_at_most);
        let slot = (WIDTH - LEFT - RIGHT) / self.points.len().max(1) as f64;
        let x = |at: usize| LEFT + slot * (at as f64 + 0.5);
        let y = |value: f64| TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low);
        let mut svg = opening(self.id, self.title, self.told, HEIGHT);
        let mut value = low;
        while value <= high {
            let at = y(value);
            push(
                &mut svg,
                format_args!(
                    "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{}\"/>\
                     <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}\u{a0}%</text>",
                    WIDTH - RIGHT,
                    LEFT - 7.0,
                    at + 5.0
                ),
            );
            value += step;
        }
        self.names(&mut svg, x);
        self.level(&mut svg, slot, &y);
        self.values(&mut svg, x, &y);
        svg.push_str("</svg>");
        svg
    }

    fn names(&self, svg: &mut String, x: impl Fn(usize) -> f64) {
        let every = self.points.len().div_ceil(NAMES).max(1);
        let mut year = "";
        // On a narrow screen there is room for half of them.
        let sparse = if self.points.len() > 6 { 2 } else { 1 };
        for (count, (at, point)) in self.points.iter().enumerate().step_by(every).enumerate() {
            let more = if count % sparse == 1 { " class=\"more\"" } else { "" };
            let mut text = |y: f64, named: &str| {
                push(
                    svg,
                    format_args!(
                        "<text{more} x=\"{:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>",
                        x(at),
                        escaped(named)
                    ),
                );
            };
            text(HEIGHT - BOTTOM + 19.0, &point.name);
            if point.year != year {
                text(HEIGHT - BOTTOM + 39.0, &point.year);
                // What is left out on a narrow screen is told by the next one.
                if more.is_empty() {
                    year = &point.year;
                }
            }
        }
    }

    /// Dashed, with a step where it changes, and its name beside its end.
    fn level(&self, svg: &mut String, slot: f64, y: &impl Fn(f64) -> f64) {
        let mut path = String::new();
        let mut before = None;
        for (at, point) in self.points.iter().enumerate() {
            let (from, until) = (LEFT + slot * at as f64, LEFT + slot * (at + 1) as f64);
            if let Some(level) = point.level {
                let y = y(f64::from(level));
                match before {
                    Some(_) => path.push_str(&format!("V{y:.1}H{until:.1}")),
                    None => path.push_str(&format!("M{from:.1} {y:.1}H{until:.1}")),
                }
            }
            before = point.level;
        }
        if path.is_empty() {
            return;
        }
        push(svg, format_args!("<path class=\"limit\" d=\"{path}\"/>"));
        if let Some(level) = before {
            push(
                svg,
                format_args!(
                    "<text class=\"limit-name\" x=\"{}\" y=\"{:.1}\">{} {level}\u{a0}%</text>",
                    WIDTH - RIGHT + 6.0,
                    y(f64::from(level)) + 5.0,
                    escaped(self.level_word)
                ),
            );
        }
    }

    fn values(&self, svg: &mut String, x: impl Fn(usize) -> f64, y: &impl Fn(f64) -> f64) {
        let (mut path, mut open, mut dots) = (String::new(), String::new(), String::new());
        let mut before: Option<(f64, f64)> = None;
        let mut last = None;
        for (at, point) in self.points.iter().enumerate() {
            if point.is_break && at > 0 {
                before = None;
                let between = (x(at - 1) + x(at)) / 2.0;
                push(
                    svg,
                    format_args!(
                        "<path class=\"break\" d=\"M{between:.1} {TOP}V{:.1}\"/>\
                         <text x=\"{between:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                        HEIGHT - BOTTOM,
                        TOP - 7.0,
                        escaped(self.break_word)
                    ),
                );
            }
            let Some(value) = point.value else {
                before = None;
                continue;
            };
            let (x, y) = (x(at), y(value));
            if let Some((from_x, from_y)) = before {
                let path = if point.is_open { &mut open } else { &mut path };
                path.push_str(&format!("M{from_x:.1} {from_y:.1}L{x:.1} {y:.1}"));
            }
            dots.push_str(&dot(x, y, point.is_met, self.points.len() > 40));
            before = Some((x, y));
            last = Some((at, x, y));
        }
        for (class, path) in [("line", path), ("line so-far", open)] {
            if !path.is_empty() {
                push(svg, format_args!("<path class=\"{class}\" d=\"{path}\"/>"));
            }
        }
        svg.push_str(&dots);
        let Some((at, x, at_y)) = last else { return };
        let point = &self.points[at];
        let level = point.level.map(|level| y(f64::from(level)));
        let slot = (WIDTH - LEFT - RIGHT) / self.points.len() as f64;
        let (x, y, anchor) = match slot < WIDE {
            // Beside the line's end, clear of the level's name.
            true => {
                let y = match level {
                    Some(level) if (at_y - level).abs() < CLEAR && at_y > level => level + CLEAR,
                    Some(level) if (at_y - level).abs() < CLEAR => level - CLEAR,
                    Some(_) | None => at_y,
                };
                (WIDTH - RIGHT + 6.0, y + 5.0, "start")
            }
            // Over its point, or below it where the level is above and there is room.
            false => {
                let room = at_y + 26.0 < HEIGHT - BOTTOM;
                let is_below = level.is_some_and(|level| at_y > level) && room;
                (x, if is_below { at_y + 21.0 } else { at_y - 11.0 }, "middle")
            }
        };
        push(
            svg,
            format_args!(
                "<text class=\"value\" x=\"{x:.1}\" y=\"{y:.1}\" \
                 text-anchor=\"{anchor}\">{}</text>",
                escaped(&point.shown)
            ),
        );
    }
}

/// A filled disc on the good side, an open diamond on the other one.
fn dot(x: f64, y: f64, is_met: Option<bool>, is_small: bool) -> String {
    let size = if is_small { 3.0 } else { 5.5 };
    match is_met {
        Some(false) => {
            let size = size * 1.25;
            format!(
                "<path class=\"dot missed\" d=\"M{:.1} {y:.1}L{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}Z\"/>",
                x - size,
                y - size,
                x + size,
                y + size
            )
        }
        Some(true) => {
            format!("<circle class=\"dot met\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{size}\"/>")
        }
        None => format!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{size}\"/>"),
    }
}

/// Round ends around values in percent, and the step between the lines: the good end is always
/// there, and no line is drawn as if it moved a lot when it moves by tenths.
fn axis(values: impl Iterator<Item = f64>, is_at_most: bool) -> (f64, f64, f64) {
    let (mut least, mut most) = (f64::MAX, f64::MIN);
    for value in values {
        (least, most) = (least.min(value), most.max(value));
    }
    if least > most {
        return (0.0, 100.0, 25.0);
    }
    let reach = if is_at_most { most } else { 100.0 - least };
    // The outermost value keeps a distance from the end.
    let ends = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0];
    let end = ends.into_iter().find(|end| reach <= end * 0.95).unwrap_or(100.0);
    let step = match end {
        10.0 => 5.0,
        ..=40.0 => 10.0,
        ..=80.0 => 20.0,
        _ => 25.0,
    };
    match is_at_most {
        true => (0.0, end, step),
        // Whole steps from the lowest line up to 100 %.
        false => (100.0 - (end / step).ceil() * step, 100.0, step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_has_the_good_end_and_room_for_the_worst() {
        let of = |values: &[f64], is_at_most| axis(values.iter().copied(), is_at_most);
        assert_eq!(of(&[90.0, 93.0], false), (80.0, 100.0, 10.0));
        assert_eq!(of(&[99.9, 100.0], false), (90.0, 100.0, 5.0));
        assert_eq!(of(&[90.0, 45.0], false), (40.0, 100.0, 20.0));
        assert_eq!(of(&[0.0], false), (0.0, 100.0, 25.0));
        assert_eq!(of(&[10.0, 3.0], true), (0.0, 20.0, 10.0));
        assert_eq!(of(&[10.0, 100.0], true), (0.0, 100.0, 25.0));
        assert_eq!(of(&[], true), (0.0, 100.0, 25.0));
    }

    fn point(value: f64, level: Option<u8>) -> Point {
        let is_met = level.map(|level| value >= f64::from(level));
        Point { value: Some(value), level, is_met, shown: format!("{value} %"), ..Point::default() }
    }

    fn drawn(points: &[Point]) -> String {
        let (level_word, break_word) = ("mål", "ny fråga");
        let (id, title, told) = ("a", "<b>", "&");
        Line { id, title, told, points, level_word, break_word, is_at_most: false }.svg()
    }

    #[test]
    fn a_level_steps_where_it_changes_and_is_not_drawn_before_it_began() {
        let points = [point(70.0, None), point(75.0, Some(70)), point(75.0, Some(80))];
        let svg = drawn(&points);
        let level = svg.split("class=\"limit\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!((level.matches('M').count(), level.matches('V').count()), (1, 1), "{level}");
        assert!(svg.contains("mål 80\u{a0}%"), "{svg}");
        let of = |class: &str| svg.matches(&format!("class=\"{class}\"")).count();
        assert_eq!([of("dot"), of("dot met"), of("dot missed")], [1, 1, 1]);
        assert!(!svg.contains("<b>"));
    }

    #[test]
    fn a_line_is_not_drawn_over_what_is_missing_or_across_a_break() {
        let all = [point(90.0, None), point(91.0, None), point(92.0, None)];
        let lines = |points: &[Point]| drawn(points).matches('L').count();
        assert_eq!(lines(&all), 2);
        let mut gap = all.clone();
        gap[1].value = None;
        assert_eq!(lines(&gap), 0);
        let mut broken = all.clone();
        broken[2].is_break = true;
        assert_eq!(lines(&broken), 1);
        assert!(drawn(&broken).contains("ny fråga"));
        let mut open = all;
        open[2].is_open = true;
        assert!(drawn(&open).contains("class=\"line so-far\""));
    }
}

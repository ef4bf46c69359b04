//! One day in lanes: each state has its own, so that place and pattern tell states apart, and its
//! length stands in words beside its name.

use super::{WIDTH, escaped, opening, push};

const LEFT: f64 = 4.0;
const RIGHT: f64 = 4.0;
const TOP: f64 = 4.0;
/// Of one lane: its words, then its bar.
const LANE: f64 = 46.0;
const BAR: f64 = 17.0;
const BOTTOM: f64 = 26.0;
/// A stretch must be so wide for a word to stand in it.
const WORD: f64 = 80.0;

/// A state of the day.
#[derive(Clone, Debug)]
pub(in crate::shell::pages) struct Lane {
    /// The class of its bars; a pattern of the same name fills them where there is one.
    pub(in crate::shell::pages) class: &'static str,
    pub(in crate::shell::pages) name: String,
    /// How long, in words.
    pub(in crate::shell::pages) length: String,
    /// From and until, in minutes on the axis.
    pub(in crate::shell::pages) bars: Vec<(f64, f64)>,
}

/// A drawing of one day.
#[derive(Clone, Debug)]
pub(in crate::shell::pages) struct Lanes<'a> {
    pub(in crate::shell::pages) id: &'a str,
    pub(in crate::shell::pages) title: &'a str,
    /// What it shows, in a sentence.
    pub(in crate::shell::pages) told: &'a str,
    pub(in crate::shell::pages) lanes: &'a [Lane],
    /// The axis' length in minutes.
    pub(in crate::shell::pages) minutes: f64,
    /// Names under the axis, by their minutes.
    pub(in crate::shell::pages) hours: &'a [(f64, String)],
    /// Stretches that are not looked at, and what they are called.
    pub(in crate::shell::pages) closed: &'a [(f64, f64)],
    pub(in crate::shell::pages) closed_word: &'a str,
    /// The present, unless it is past the axis, and what it is called.
    pub(in crate::shell::pages) now: Option<(f64, &'a str)>,
}

impl Lanes<'_> {
    /// The drawing.
    pub(in crate::shell::pages) fn svg(&self) -> String {
        let end = TOP + LANE * self.lanes.len() as f64;
        let x = |minute: f64| {
            LEFT + (WIDTH - LEFT - RIGHT) * (minute / self.minutes.max(1.0)).clamp(0.0, 1.0)
        };
        let mut svg = opening(self.id, self.title, self.told, end + BOTTOM);
        svg.push_str(&patterns(self.id));
        for (count, (minute, name)) in self.hours.iter().enumerate() {
            let more = if count % 2 == 1 { " class=\"more\"" } else { "" };
            let x = x(*minute);
            let anchor = match x {
                ..20.0 => "start",
                x if x > WIDTH - 20.0 => "end",
                _ => "middle",
            };
            push(
                &mut svg,
                format_args!(
                    "<path class=\"grid\" d=\"M{x:.1} {TOP}V{:.1}\"/>\
                     <text{more} x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
                    end + 4.0,
                    end + 20.0,
                    escaped(name)
                ),
            );
        }
        for (at, lane) in self.lanes.iter().enumerate() {
            let top = TOP + LANE * at as f64;
            let bar = top + LANE - BAR - 6.0;
            push(
                &mut svg,
                format_args!(
                    "<rect class=\"lane\" x=\"{LEFT}\" y=\"{bar:.1}\" width=\"{:.1}\" \
                     height=\"{BAR}\"/>",
                    WIDTH - LEFT - RIGHT
                ),
            );
            for (from, until) in self.closed {
                let (from, until) = (x(*from), x(*until));
                push(
                    &mut svg,
                    format_args!(
                        "<rect class=\"shut\" x=\"{from:.1}\" y=\"{bar:.1}\" width=\"{:.1}\" \
                         height=\"{BAR}\"/>",
                        until - from
                    ),
                );
                if at == 0 && until - from > WORD {
                    push(
                        &mut svg,
                        format_args!(
                            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                            (from + until) / 2.0,
                            bar + BAR - 3.0,
                            escaped(self.closed_word)
                        ),
                    );
                }
            }
            for (from, until) in &lane.bars {
                let (from, until) = (x(*from), x(*until));
                push(
                    &mut svg,
                    format_args!(
                        "<rect class=\"{0}\" fill=\"url(#{1}-{0})\" x=\"{from:.1}\" y=\"{bar:.1}\" \
                         width=\"{2:.1}\" height=\"{BAR}\"/>",
                        lane.class,
                        self.id,
                        // Half a minute too is seen.
                        (until - from).max(1.5)
                    ),
                );
            }
            push(
                &mut svg,
                format_args!(
                    "<text class=\"lane-name\" x=\"{LEFT}\" y=\"{0:.1}\">{1}</text>\
                     <text class=\"value\" x=\"{2}\" y=\"{0:.1}\" text-anchor=\"end\">{3}</text>",
                    bar - 6.0,
                    escaped(&lane.name),
                    WIDTH - RIGHT,
                    escaped(&lane.length)
                ),
            );
        }
        if let Some((minute, word)) = self.now {
            let x = x(minute);
            let (anchor, beside) = if x > WIDTH / 2.0 { ("end", -5.0) } else { ("start", 5.0) };
            push(
                &mut svg,
                format_args!(
                    "<path class=\"limit\" d=\"M{x:.1} {TOP}V{:.1}\"/>\
                     <text class=\"limit-name\" x=\"{:.1}\" y=\"{:.1}\" \
                     text-anchor=\"{anchor}\">{}</text>",
                    end + 4.0,
                    x + beside,
                    end - 1.0,
                    escaped(word)
                ),
            );
        }
        svg.push_str("</svg>");
        svg
    }
}

/// What bars are filled with: strokes of the states that are not plain.
fn patterns(id: &str) -> String {
    let pattern = |class: &str, path: &str| {
        format!(
            "<pattern id=\"{id}-{class}\" width=\"8\" height=\"8\" \
             patternUnits=\"userSpaceOnUse\"><rect class=\"{class}-ground\" width=\"8\" \
             height=\"8\"/><path class=\"{class}-stroke\" d=\"{path}\"/></pattern>"
        )
    };
    format!(
        "<defs>{}{}{}{}</defs>",
        pattern("several", ""),
        pattern("one", "M-2 2L2-2M0 8L8 0M6 10L10 6"),
        pattern("nobody", "M0 0L8 8M0 8L8 0"),
        pattern("unknown", "M3.5 4H4.5")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_is_drawn_in_its_own_lane_and_what_is_written_is_no_markup() {
        let lane = |class, bars| Lane { class, name: "<b>".into(), length: "&".into(), bars };
        let lanes = [lane("several", vec![(0.0, 60.0)]), lane("nobody", vec![(60.0, 120.0)])];
        let drawn = Lanes {
            id: "x",
            title: "t",
            told: "d",
            lanes: &lanes,
            minutes: 120.0,
            hours: &[(0.0, "08".into()), (60.0, "09".into())],
            closed: &[(90.0, 100.0)],
            closed_word: "<closed>",
            now: Some((110.0, "<now>")),
        };
        let svg = drawn.svg();
        let bar = |class: &str| {
            let start = format!("<rect class=\"{class}\" fill=\"url(#x-{class})\" x=\"");
            let [_, bar] = svg.split(&start).collect::<Vec<_>>()[..] else {
                panic!("{class}: {svg}")
            };
            bar.split('"').step_by(2).take(3).map(|n| n.parse::<f64>().unwrap()).collect::<Vec<_>>()
        };
        let (first, second) = (bar("several"), bar("nobody"));
        assert_eq!((first[0], first[2]), (4.0, 296.0));
        assert_eq!((second[0], second[2]), (300.0, 296.0));
        assert!(second[1] > first[1]);
        for markup in ["<b>", "<closed>", "<now>"] {
            assert!(!svg.contains(markup));
        }
    }
}

//! A chart with its key and, folded away, the same numbers in a table.

use askama::Template;

/// A chart with its table.
#[derive(Template)]
#[template(path = "part_figure.html")]
pub(super) struct Figure {
    pub(super) id: &'static str,
    pub(super) title: String,
    /// What it shows, in words beside it.
    pub(super) told: Option<String>,
    pub(super) svg: String,
    /// Signs as drawings, and what they mean.
    pub(super) key: Vec<(String, &'static str)>,
    pub(super) numbers: &'static str,
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<(String, Vec<String>)>,
    /// Said instead when there is nothing to draw.
    pub(super) nothing: Option<&'static str>,
}

/// A sign of the key: a square as bars of a class are drawn.
pub(super) fn square(class: &str) -> String {
    sign(12, &format!("<rect class=\"{class}\" width=\"12\" height=\"12\"/>"))
}

/// A line as one of a class is drawn.
pub(super) fn stroke(class: &str) -> String {
    sign(26, &format!("<path class=\"{class}\" d=\"M0 6H26\"/>"))
}

/// A dot on the good side of its level, and one that is not.
pub(super) fn dot(is_met: bool) -> String {
    match is_met {
        true => sign(12, "<circle class=\"dot met\" cx=\"6\" cy=\"6\" r=\"5.5\"/>"),
        false => sign(14, "<path class=\"dot missed\" d=\"M1 6L7 0L13 6L7 12Z\"/>"),
    }
}

fn sign(width: u8, drawn: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {width} 12\" width=\"{width}\" height=\"12\" \
         aria-hidden=\"true\">{drawn}</svg>"
    )
}

//! The page "läget nu", drawn from one snapshot.
//!
//! The page is made of [`Part`]s, each an element with an id. The whole page is the parts in
//! their frame; the live stream sends the parts that changed. Both come from the same templates,
//! so a reload never shows anything else than the stream did.

mod form;
mod view;

use askama::Template;

use crate::domain::snapshot::Snapshot;
use view::{Card, Moment, Row, Standing, Status};

/// The one stylesheet.
pub const STYLE: &str = include_str!("style.css");
/// The script that keeps the page live.
pub const SCRIPT: &str = include_str!("live.js");
/// The page's icon.
pub const ICON: &str = include_str!("icon.svg");

/// One element of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The element's id.
    pub id: String,
    /// The element.
    pub html: String,
}

impl Part {
    fn new(id: impl Into<String>, template: &impl Template) -> Part {
        Part { id: id.into(), html: render(template) }
    }
}

/// The whole page.
pub fn index(snapshot: &Snapshot, ready: bool) -> String {
    let parts = parts(snapshot, ready);
    let of = |prefix: &str| -> Vec<&str> {
        parts.iter().filter(|p| p.id.starts_with(prefix)).map(|p| p.html.as_str()).collect()
    };
    render(&Page {
        loading: Standing::of(snapshot, ready) == Standing::Loading,
        status: of("status"),
        cards: of("card-"),
        moment: of("moment"),
        rows: of("row-"),
    })
}

/// The page's parts in their order. Their ids change only when departments come or go, or when
/// the history has been read.
pub fn parts(snapshot: &Snapshot, ready: bool) -> Vec<Part> {
    let mut parts = vec![Part::new("status", &Status::of(snapshot, ready))];
    if Standing::of(snapshot, ready) == Standing::Loading {
        return parts;
    }
    parts.extend(Card::all(snapshot).iter().map(|card| Part::new(card.id, card)));
    parts.push(Part::new("moment", &Moment::of(snapshot)));
    parts.extend(Row::all(snapshot).iter().map(|row| Part::new(row.id.clone(), row)));
    parts
}

/// The message that brings a reader from `sent` to `parts`: changed parts, or the request to load
/// the page again when there are others than before. `None` when nothing changed.
pub fn change(sent: Option<&[Part]>, parts: &[Part]) -> Option<String> {
    let ids: Vec<&str> = parts.iter().map(|part| part.id.as_str()).collect();
    let changed: Vec<&Part> = match sent {
        Some(sent) => parts.iter().filter(|part| !sent.contains(part)).collect(),
        None => parts.iter().collect(),
    };
    let same = sent.is_none_or(|sent| sent.iter().map(|p| p.id.as_str()).eq(ids.iter().copied()));
    if changed.is_empty() && same {
        return None;
    }
    let changed: Vec<_> =
        changed.iter().map(|p| serde_json::json!({"id": p.id, "html": p.html})).collect();
    let mut message = serde_json::json!({"parts": changed});
    if sent.is_none() || !same {
        // The reader loads the page again when it shows other parts than these.
        message["ids"] = ids.into();
    }
    Some(message.to_string())
}

/// The page for addresses that do not exist.
pub fn not_found() -> String {
    render(&NotFound)
}

fn render(template: &impl Template) -> String {
    template.render().expect("templates write to a string and call nothing that fails")
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    loading: bool,
    status: Vec<&'a str>,
    cards: Vec<&'a str>,
    moment: Vec<&'a str>,
    rows: Vec<&'a str>,
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFound;

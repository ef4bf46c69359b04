//! What the live stream sends: the elements of a page that change.
//!
//! A page is its parts in their frame, and the stream sends the parts that changed. Both come from
//! the same templates, so a reload never shows anything else than the stream did.

use askama::Template;

/// One element of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The element's id.
    pub id: String,
    /// The element, which carries the id and `data-part`.
    pub html: String,
}

impl Part {
    pub(super) fn new(id: impl Into<String>, template: &impl Template) -> Part {
        Part { id: id.into(), html: super::render(template) }
    }
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

//! The description of the interface. It is kept by hand, and the tests hold every answer against it.

use axum::response::Response;

use super::reader::{Document, Reader};

pub(super) const DESCRIPTION: &str = include_str!("openapi.json");

pub(super) async fn openapi(reader: Reader) -> Response {
    let found = reader.parameters([]).map(|[]| Document::json(DESCRIPTION));
    reader.answer(found)
}

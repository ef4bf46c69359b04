//! What has been published: files in a folder, served as they are.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::Response;

use super::problem::Problem;
use super::reader::{Document, Reader};
use super::reports::no_period;
use crate::report::Period;
use crate::shell::http::Shared;
use crate::shell::published::{File, Unread, guard};

pub(super) async fn index(State(shared): State<Shared>, reader: Reader) -> Response {
    let found = async {
        let [] = reader.parameters([])?;
        let bytes = shared.published.index_bytes().await;
        bytes.map(|bytes| Document::new("application/json", bytes)).map_err(unread)
    };
    reader.answer(found.await)
}

pub(super) async fn file(
    State(shared): State<Shared>,
    names: Result<Path<(String, String, String)>, PathRejection>,
    reader: Reader,
) -> Response {
    let names = names.ok().map(|Path(names)| names);
    let found = found(&shared, names, &reader).await;
    let page = found.as_ref().ok().and_then(Document::html);
    let policy = page.map(guard);
    let mut response = reader.answer(found);
    if let Some(policy) = policy {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

async fn found(
    shared: &Shared,
    names: Option<(String, String, String)>,
    reader: &Reader,
) -> Result<Document, Problem> {
    let [] = reader.parameters([])?;
    let (period, edition, name) = names.ok_or_else(nothing)?;
    let period: Period = period.parse().map_err(|_| no_period())?;
    let file = File::named(period, &edition, &name).ok_or_else(nothing)?;
    let bytes = shared.published.read(&file).await;
    bytes.map(|bytes| Document::new(file.content_type, bytes)).map_err(unread)
}

fn unread(why: Unread) -> Problem {
    match why {
        Unread::Missing => nothing(),
        Unread::Failed => Problem::failed(),
    }
}

fn nothing() -> Problem {
    Problem::not_found("Ingen sådan publicering finns.", "There is no such publication.")
}

//! The present figures.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::figures::is_whole;
use super::problem::Problem;
use super::reader::{Document, Reader};
use crate::report::LiveFigures;
use crate::shell::http::Shared;

pub(super) async fn live(State(shared): State<Shared>, reader: Reader) -> Response {
    reader.answer(found(&shared, &reader).await)
}

async fn found(shared: &Shared, reader: &Reader) -> Result<Document, Problem> {
    let [department] = reader.parameters(["department"])?;
    let snapshot = is_whole(shared)?;
    let slug = department.map(str::to_owned);
    let drawn = Arc::clone(&snapshot);
    // Milliseconds of work where departments are many.
    let drawing = tokio::task::spawn_blocking(move || {
        LiveFigures::new(&drawn, slug.as_deref()).map(|figures| figures.to_json())
    });
    match drawing.await {
        Ok(Some(text)) => Ok(Document::json(text)),
        Ok(None) => {
            let known = snapshot.departments.iter().map(|view| view.slug.clone());
            Err(Problem::no_department("department", known.collect()))
        }
        Err(error) => {
            tracing::error!(%error, "cannot draw the present figures");
            Err(Problem::failed())
        }
    }
}

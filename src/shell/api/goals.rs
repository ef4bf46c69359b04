//! The goals of a day.

use axum::extract::State;
use axum::response::Response;

use super::figures::ask;
use super::problem::Problem;
use super::question::Asked;
use super::reader::{Document, Reader};
use crate::domain::calendar::Day;
use crate::shell::http::Shared;

pub(super) async fn goals(State(shared): State<Shared>, reader: Reader) -> Response {
    reader.answer(found(&shared, &reader).await)
}

async fn found(shared: &Shared, reader: &Reader) -> Result<Document, Problem> {
    let [on] = reader.parameters(["on"])?;
    let on = match on {
        None => None,
        Some(text) => Some(Day::parse(text).ok_or_else(no_day)?),
    };
    ask(shared, Asked::Goals(on), "department").await.map(Document::json)
}

fn no_day() -> Problem {
    let (first, last) = (Day::FIRST, Day::END.previous());
    Problem::bad(
        "on",
        format!("Ingen dag; skriv den som 2026-10-05, från {first} till {last}."),
        format!("Not a day; write it as 2026-10-05, from {first} to {last}."),
    )
}

//! The counts by interval; and how the engine is asked for anything.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::problem::Problem;
use super::question::Asked;
use super::reader::{Document, Reader};
use crate::domain::snapshot::Snapshot;
use crate::report::Interval;
use crate::shell::http::Shared;
use crate::shell::question::{self, Unanswered};

/// The intervals; the first is the default.
const INTERVALS: [(&str, Interval); 4] = [
    ("hour", Interval::Hour),
    ("quarter", Interval::Quarter),
    ("day", Interval::Day),
    ("month", Interval::Month),
];

pub(super) async fn figures(State(shared): State<Shared>, reader: Reader) -> Response {
    reader.answer(found(&shared, &reader).await)
}

async fn found(shared: &Shared, reader: &Reader) -> Result<Document, Problem> {
    let [interval] = reader.parameters(["interval"])?;
    let interval = match interval {
        None => INTERVALS[0].1,
        Some(asked) => {
            let found = INTERVALS.into_iter().find(|(name, _)| *name == asked);
            found.ok_or_else(unknown_interval)?.1
        }
    };
    is_whole(shared)?;
    ask(shared, Asked::Figures(interval), "department").await.map(Document::json)
}

fn unknown_interval() -> Problem {
    let names = INTERVALS.map(|(name, _)| name);
    let list = names.join(", ");
    Problem::bad(
        "interval",
        format!("Okänt intervall; välj bland {list}."),
        format!("Unknown interval; choose among {list}."),
    )
    .of("interval", &names)
}

/// The present picture, once everything that was there at the start is counted.
pub(super) fn is_whole(shared: &Shared) -> Result<Arc<Snapshot>, Problem> {
    let snapshot = shared.web.pictures.borrow().now();
    if snapshot.caught_up { Ok(snapshot) } else { Err(Problem::not_caught_up()) }
}

/// Asks the engine; `department` is the name of the parameter that a department is asked for by.
pub(super) async fn ask(
    shared: &Shared,
    asked: Asked,
    department: &'static str,
) -> Result<String, Problem> {
    let answer = question::ask(&shared.web.questions, move |engine, now| asked.answer(engine, now));
    match answer.await {
        Ok(found) => found.map_err(|refused| Problem::refused(refused, department)),
        Err(Unanswered::Stopped) => Err(Problem::stopped()),
        Err(Unanswered::Late) => Err(Problem::timeout()),
    }
}

//! The counts by interval; and how the engine is asked for anything.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use tokio::sync::oneshot;

use super::problem::Problem;
use super::question::{Asked, Question};
use super::reader::{Document, Reader};
use crate::domain::snapshot::Snapshot;
use crate::report::Interval;
use crate::shell::http::Shared;

/// The intervals; the first is the default.
const INTERVALS: [(&str, Interval); 4] = [
    ("hour", Interval::Hour),
    ("quarter", Interval::Quarter),
    ("day", Interval::Day),
    ("month", Interval::Month),
];
/// How long the engine may take for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

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
    let (answer, answered) = oneshot::channel();
    let asking = async {
        shared.web.questions.send(Question { asked, answer }).await.ok()?;
        answered.await.ok()
    };
    match tokio::time::timeout(ANSWER_LIMIT, asking).await {
        Ok(Some(Ok(text))) => Ok(text),
        Ok(Some(Err(refused))) => Err(Problem::refused(refused, department)),
        Ok(None) => Err(Problem::stopped()),
        Err(_) => Err(Problem::timeout()),
    }
}

//! Reports that are made on demand.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;

use super::figures::{ask, is_whole};
use super::problem::Problem;
use super::question::Asked;
use super::reader::{Document, Reader};
use crate::report::{Audience, Language, Period};
use crate::shell::http::Shared;

const AUDIENCES: [Audience; 2] = [Audience::Internal, Audience::Public];

pub(super) async fn periods(State(shared): State<Shared>, reader: Reader) -> Response {
    let found = async {
        let [] = reader.parameters([])?;
        is_whole(&shared)?;
        ask(&shared, Asked::Periods, "department").await.map(Document::json)
    };
    reader.answer(found.await)
}

pub(super) async fn report(
    State(shared): State<Shared>,
    period: Result<Path<String>, PathRejection>,
    reader: Reader,
) -> Response {
    let period = period.ok().and_then(|Path(text)| text.parse().ok());
    reader.answer(found(&shared, period, &reader).await)
}

async fn found(
    shared: &Shared,
    period: Option<Period>,
    reader: &Reader,
) -> Result<Document, Problem> {
    let [department, audience, language] = reader.parameters(["department", "audience", "lang"])?;
    let period = period.ok_or_else(no_period)?;
    let audience = match audience {
        None => Audience::Internal,
        Some(name) => AUDIENCES
            .into_iter()
            .find(|audience| audience.name() == name)
            .ok_or_else(no_audience)?,
    };
    let language = match language {
        None => reader.language,
        Some(code) => code.parse::<Language>().map_err(|_| no_language())?,
    };
    is_whole(shared)?;
    // While one is made no calls are counted, so nobody waits in line for the next.
    let turn = shared.reports.try_acquire().map_err(|_| Problem::busy())?;
    let department = department.map(str::to_owned);
    let asked = Asked::Report { period, department, audience, language };
    let found = ask(shared, asked, "department").await;
    drop(turn);
    Ok(Document::json(found?).in_language(language))
}

/// A period that cannot be read.
pub(super) fn no_period() -> Problem {
    Problem::not_found(
        "Ingen period; skriv 2026-10-05, 2026-W41, 2026-10, 2026-T1, 2026-jan-aug eller 2026.",
        "Not a period; write 2026-10-05, 2026-W41, 2026-10, 2026-T1, 2026-jan-aug or 2026.",
    )
}

fn no_audience() -> Problem {
    let names = AUDIENCES.map(Audience::name);
    let list = names.join(", ");
    Problem::bad(
        "audience",
        format!("Okända läsare; välj bland {list}."),
        format!("Unknown audience; choose among {list}."),
    )
    .of("audience", &names)
}

fn no_language() -> Problem {
    Problem::not_found(
        "Rapporterna finns på svenska (sv) och engelska (en).",
        "The reports are in Swedish (sv) and English (en).",
    )
    .of("lang", &["sv", "en"])
}

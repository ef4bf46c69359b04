//! `/rapporter`: what is published, with every format, and reports that are made on demand.
//!
//! While a report is being made no calls are counted, so one is made at a time and nobody waits in
//! line: who comes meanwhile is told to come again.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::api::question::report;
use super::fresh::Keeper;
use super::http::Shared;
use super::pages::{self, View};
use super::publish::file_name;
use super::published::{content_type, guard};
use super::question;
use super::report::bytes;
use super::visit::{Refusal, Visit};
use crate::cli::ReportFormat;
use crate::report::{Audience, Period, Periods, Report};

/// The list of everything.
pub(super) async fn archive(State(shared): State<Shared>, visit: Visit) -> Response {
    listed(&shared, &visit).await.unwrap_or_else(|why| visit.refuse(why))
}

/// One period, or its report when a format is asked for.
pub(super) async fn period(
    State(shared): State<Shared>,
    period: Result<Path<String>, PathRejection>,
    visit: Visit,
) -> Response {
    let period = period.ok().and_then(|Path(text)| text.parse().ok());
    let found = async {
        let period: Period = period.ok_or(Refusal::Nowhere)?;
        visit.in_a_language()?;
        match visit.value("format") {
            Some(name) => made(&shared, &visit, period, format(name)?).await,
            None => of_period(&shared, &visit, period).await,
        }
    };
    found.await.unwrap_or_else(|why| visit.refuse(why))
}

/// A format by its name.
pub(super) fn format(name: &str) -> Result<ReportFormat, Refusal> {
    let found = ReportFormat::ALL.into_iter().find(|format| format.name() == name);
    found.ok_or(Refusal::Nowhere)
}

async fn listed(shared: &Shared, visit: &Visit) -> Result<Response, Refusal> {
    visit.in_a_language()?;
    let editions = shared.published.editions().await.map_err(|_| Refusal::Failed)?;
    let periods = periods(shared).await.ok();
    let snapshot = shared.web.pictures.borrow().now();
    let view = View { snapshot: &snapshot, ready: true, locale: visit.locale };
    let is_kept = shared.published.is_kept();
    Ok(visit.give(pages::archive(&view, is_kept, &editions, periods.as_ref())))
}

async fn of_period(shared: &Shared, visit: &Visit, of: Period) -> Result<Response, Refusal> {
    let editions = shared.published.editions().await.map_err(|_| Refusal::Failed)?;
    let periods = periods(shared).await;
    let snapshot = shared.web.pictures.borrow().now();
    let view = View { snapshot: &snapshot, ready: true, locale: visit.locale };
    let page = pages::period(&view, of, &editions, periods.as_ref().ok());
    match (page, periods) {
        (Some(page), _) => Ok(visit.give(page)),
        (None, Ok(_)) => Err(Refusal::Nowhere),
        (None, Err(why)) => Err(why),
    }
}

/// The periods with figures.
///
/// # Errors
///
/// While the history is being read, and when the engine does not answer.
pub(super) async fn periods(shared: &Shared) -> Result<Periods, Refusal> {
    is_whole(shared)?;
    Ok(question::ask(&shared.web.questions, |engine, now| engine.periods(now)).await?)
}

/// Goes on once everything that was there at the start is counted.
pub(super) fn is_whole(shared: &Shared) -> Result<(), Refusal> {
    let is_whole = shared.web.pictures.borrow().now().caught_up;
    if is_whole { Ok(()) } else { Err(Refusal::Reading) }
}

async fn made(
    shared: &Shared,
    visit: &Visit,
    period: Period,
    format: ReportFormat,
) -> Result<Response, Refusal> {
    let audience = match visit.value("audience") {
        None => Audience::Internal,
        Some(name) if name == Audience::Internal.name() => Audience::Internal,
        Some(name) if name == Audience::Public.name() => Audience::Public,
        Some(_) => return Err(Refusal::Nowhere),
    };
    let department = visit.value("department").map(str::to_owned);
    let language = visit.locale.language;
    is_whole(shared)?;
    let turn = shared.reports.try_acquire().map_err(|_| Refusal::Busy)?;
    let asked = question::ask(&shared.web.questions, move |engine, now| {
        report(engine, period, department.as_deref(), audience, language, now)
    });
    let made = asked.await;
    drop(turn);
    let made = made?.map_err(|_| Refusal::Nowhere)?;
    document(visit, Arc::new(made), format, Keeper::Reader).await
}

/// A report in one of its formats; all but the page are kept as files of the names that published
/// ones have.
pub(super) async fn document(
    visit: &Visit,
    report: Arc<Report>,
    format: ReportFormat,
    keeper: Keeper,
) -> Result<Response, Refusal> {
    // A workbook takes milliseconds, which the async workers should not be held up by.
    let made = tokio::task::spawn_blocking(move || {
        (bytes(&report, format), file_name(&report, format), report.language)
    });
    match made.await {
        Ok((Ok(bytes), name, language)) => {
            let mut response = file(visit, bytes, &name, format, keeper);
            let code = HeaderValue::from_static(language);
            response.headers_mut().insert(header::CONTENT_LANGUAGE, code);
            Ok(response)
        }
        Ok((Err(error), ..)) => {
            tracing::error!(%error, "cannot make a report");
            Err(Refusal::Failed)
        }
        Err(error) => {
            tracing::error!(%error, "cannot make a report");
            Err(Refusal::Failed)
        }
    }
}

/// A report's bytes under their name.
pub(super) fn file(
    visit: &Visit,
    bytes: Vec<u8>,
    name: &str,
    format: ReportFormat,
    keeper: Keeper,
) -> Response {
    let more = match format {
        ReportFormat::Html => Some((header::CONTENT_SECURITY_POLICY, guard(&bytes))),
        ReportFormat::Csv | ReportFormat::Xlsx | ReportFormat::Json => {
            let disposition = format!("attachment; filename=\"{name}\"");
            let disposition = HeaderValue::from_str(&disposition).ok();
            disposition.map(|value| (header::CONTENT_DISPOSITION, value))
        }
    };
    let mut response = visit.known.answer(content_type(format), bytes, keeper);
    response.headers_mut().extend(more);
    visit.in_language(response)
}

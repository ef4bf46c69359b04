//! The interface for programs: figures as JSON, described by `openapi.json`.
//!
//! | Route below `/api/v1` | Answers |
//! |---|---|
//! | `/openapi.json` | the description of all of these (OpenAPI 3.1) |
//! | `/live?department=` | the present figures, from the picture that `/metrics` renders |
//! | `/figures?interval=hour\|quarter\|day\|month` | the counts, from the engine |
//! | `/goals?on=` | every goal with its level, direction, validity, decision and definition |
//! | `/calendar?year=&unit=` | days, the reasons of days off, opening hours |
//! | `/calendar/deadline?time=` | the last moment to answer, under each rule |
//! | `/reports` | the periods with figures |
//! | `/reports/{period}?department=&audience=&lang=` | a report, made on demand |
//! | `/reports/index.json` | the list of what is published |
//! | `/reports/{period}/{edition}/{file}` | a published file |
//!
//! Every answer has a tag (`ETag`), every error is a problem (RFC 9457) in the reader's language.
//! Parameters that a route does not know are refused; nothing that was asked is repeated.

mod calendar;
mod figures;
mod goals;
mod live;
mod openapi;
mod problem;
mod published;
pub mod question;
mod reader;
mod reports;

use axum::RequestPartsExt as _;
use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{MethodRouter, get};

use self::problem::Problem;
use self::reader::Reader;
use super::http::Shared;

/// Every route.
pub(super) fn routes() -> [(&'static str, MethodRouter<Shared>); 10] {
    [
        ("/api/v1/openapi.json", read(openapi::openapi)),
        ("/api/v1/live", read(live::live)),
        ("/api/v1/figures", read(figures::figures)),
        ("/api/v1/goals", read(goals::goals)),
        ("/api/v1/calendar", read(calendar::calendar)),
        ("/api/v1/calendar/deadline", read(calendar::deadline)),
        ("/api/v1/reports", read(reports::periods)),
        ("/api/v1/reports/{period}", read(reports::report)),
        ("/api/v1/reports/index.json", read(published::index)),
        ("/api/v1/reports/{period}/{edition}/{file}", read(published::file)),
    ]
}

/// Whether an address that leads nowhere was meant for a program.
pub(super) fn is_meant(request: &Request) -> bool {
    let path = request.uri().path();
    path == "/api" || path.starts_with("/api/")
}

/// The answer for addresses that do not exist.
pub(super) async fn not_found(request: Request) -> Response {
    let Ok(reader) = request.into_parts().0.extract::<Reader>().await;
    reader.answer(Err(Problem::not_found(
        "Adressen finns inte; /api/v1/openapi.json beskriver dem som finns.",
        "There is no such address; /api/v1/openapi.json describes those that there are.",
    )))
}

/// The answer for one who was not let in and whom no password would help.
pub(super) async fn refuse(request: Request) -> Response {
    let Ok(reader) = request.into_parts().0.extract::<Reader>().await;
    reader.answer(Err(Problem::stranger()))
}

/// A route that can only be read.
fn read<T: 'static>(handler: impl Handler<T, Shared>) -> MethodRouter<Shared> {
    get(handler).fallback(async |reader: Reader| reader.answer(Err(Problem::method())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn description() -> Value {
        serde_json::from_str(openapi::DESCRIPTION).unwrap()
    }

    #[test]
    fn every_route_is_described_and_every_description_is_a_routes() {
        let described = description();
        let described: BTreeSet<&String> = described["paths"].as_object().unwrap().keys().collect();
        let routes: BTreeSet<String> = routes().into_iter().map(|(path, _)| path.into()).collect();
        assert_eq!(described, routes.iter().collect());
    }

    /// An object has either its own fields and no others, or fields of one kind under any name.
    #[test]
    fn no_object_of_the_description_takes_what_it_does_not_tell() {
        fn look(at: &str, value: &Value, open: &mut Vec<String>) {
            if value["type"] == "object" {
                let others = &value["additionalProperties"];
                let is_map = value["properties"].is_null() && others.is_object();
                if others != false && !is_map {
                    open.push(at.to_owned());
                }
            }
            let parts = value.as_object().into_iter().flatten();
            parts.for_each(|(key, part)| look(&format!("{at}/{key}"), part, open));
            let parts = value.as_array().into_iter().flatten().enumerate();
            parts.for_each(|(key, part)| look(&format!("{at}/{key}"), part, open));
        }
        let mut open = Vec::new();
        look("", &description(), &mut open);
        // This is not the place to describe the fields of this document itself.
        let route = "/paths//api/v1/openapi.json/get/responses/200/content/application/json/schema";
        assert_eq!(open, [route]);
    }
}

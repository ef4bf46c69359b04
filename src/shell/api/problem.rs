//! What is wrong with a request, as JSON (RFC 9457) in the reader's language. Nothing that the
//! request said is repeated.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::question::Refused;
use crate::report::Language;

/// An error that a reader is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    swedish: String,
    english: String,
    parameter: Option<&'static str>,
    allowed: Vec<String>,
    retry_after_seconds: Option<u16>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'static str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    allowed: &'a [String],
}

impl Problem {
    fn new(status: StatusCode, swedish: impl Into<String>, english: impl Into<String>) -> Problem {
        Problem {
            status,
            swedish: swedish.into(),
            english: english.into(),
            parameter: None,
            allowed: Vec::new(),
            retry_after_seconds: None,
        }
    }

    /// There is no such thing.
    pub(super) fn not_found(swedish: impl Into<String>, english: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, swedish, english)
    }

    /// A parameter that will not do.
    pub(super) fn bad(
        parameter: &'static str,
        swedish: impl Into<String>,
        english: impl Into<String>,
    ) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, swedish, english).of(parameter, &[])
    }

    /// A parameter that is not one of the route's, or stands there twice.
    pub(super) fn unknown_parameter(allowed: &[&str]) -> Problem {
        let names = allowed.join(", ");
        let (swedish, english) = match allowed {
            [] => (
                "Adressen tar inga parametrar.".to_owned(),
                "The address takes no parameters.".to_owned(),
            ),
            _ => (
                format!("Okänd eller upprepad parameter. Adressen tar, en gång var: {names}."),
                format!("Unknown or repeated parameter. The address takes, once each: {names}."),
            ),
        };
        let problem = Problem::new(StatusCode::BAD_REQUEST, swedish, english);
        Problem { allowed: allowed.iter().map(|&name| name.to_owned()).collect(), ..problem }
    }

    /// Anything but GET and HEAD.
    pub(super) fn method() -> Problem {
        Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Adressen kan bara läsas: GET eller HEAD.",
            "The address can only be read: GET or HEAD.",
        )
    }

    /// Only a proxy that is trusted lets readers in.
    pub(super) fn stranger() -> Problem {
        Problem::new(
            StatusCode::FORBIDDEN,
            "Adressen läses genom den server framför som vet vem som är inloggad.",
            "The address is read through the server in front that knows who is logged in.",
        )
    }

    /// The history is not read yet, or nobody has taken a picture for long.
    pub(super) fn not_caught_up() -> Problem {
        Problem::later(
            5,
            "Historiken läses in, eller så är siffrorna inaktuella. Försök igen.",
            "The history is being read, or the figures are stale. Try again.",
        )
    }

    /// Somebody else's report is being made.
    pub(super) fn busy() -> Problem {
        Problem::later(
            2,
            "En annan rapport tas fram just nu. Försök igen.",
            "Another report is being made. Try again.",
        )
    }

    /// The engine takes no questions.
    pub(super) fn stopped() -> Problem {
        Problem::later(5, "Tjänsten stoppas.", "The service is stopping.")
    }

    fn later(seconds: u16, swedish: &str, english: &str) -> Problem {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, swedish, english);
        Problem { retry_after_seconds: Some(seconds), ..problem }
    }

    /// The engine was too slow.
    pub(super) fn timeout() -> Problem {
        Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "Svaret tog för lång tid.",
            "The answer took too long.",
        )
    }

    /// Something that should not fail did.
    pub(super) fn failed() -> Problem {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Något gick fel; loggen vet mer.",
            "Something failed; the log knows more.",
        )
    }

    /// Names the parameter, and the values that it may have.
    pub(super) fn of(mut self, parameter: &'static str, allowed: &[&str]) -> Problem {
        self.parameter = Some(parameter);
        self.allowed = allowed.iter().map(|&value| value.to_owned()).collect();
        self
    }

    /// Why the engine gave no answer; departments are asked for by `parameter`.
    pub(super) fn refused(refused: Refused, parameter: &'static str) -> Problem {
        match refused {
            Refused::Department(known) => Problem::no_department(parameter, known),
            Refused::NoFigures(None) => {
                Problem::not_found("Det finns inga siffror ännu.", "There are no figures yet.")
            }
            Refused::NoFigures(Some((first, last))) => Problem::not_found(
                format!("Perioden har inga siffror; de finns från {first} till {last}."),
                format!("The period has no figures; there are some from {first} to {last}."),
            ),
            Refused::Short => Problem::not_found(
                "Medborgare får månader, tertial och år: dagar och veckor röjer små antal.",
                "Citizens are told of months, tertials and years: days and weeks tell small counts.",
            ),
            Refused::Open(end) => Problem::not_found(
                format!("Medborgare får avslutade perioder; den här är slut den {end}."),
                format!("Citizens are told of periods that are over; this one is on {end}."),
            ),
        }
    }

    /// A department that there is not.
    pub(super) fn no_department(parameter: &'static str, known: Vec<String>) -> Problem {
        let problem = Problem::not_found(
            "Det finns ingen sådan förvaltning.",
            "There is no such department.",
        );
        Problem { allowed: known, parameter: Some(parameter), ..problem }
    }

    pub(super) fn response(&self, language: Language) -> Response {
        let title = match self.status {
            StatusCode::BAD_REQUEST => ("Felaktig fråga", "Bad request"),
            StatusCode::FORBIDDEN => ("Bara för inloggade", "Forbidden"),
            StatusCode::NOT_FOUND => ("Finns inte", "Not found"),
            StatusCode::METHOD_NOT_ALLOWED => ("Går bara att läsa", "Method not allowed"),
            StatusCode::SERVICE_UNAVAILABLE => ("Inte tillgängligt nu", "Service unavailable"),
            StatusCode::GATEWAY_TIMEOUT => ("Inget svar i tid", "Gateway timeout"),
            _ => ("Fel", "Internal error"),
        };
        let body = Body {
            r#type: "about:blank",
            title: language.pick(title.0, title.1),
            status: self.status.as_u16(),
            detail: language.pick(&self.swedish, &self.english),
            parameter: self.parameter,
            allowed: &self.allowed,
        };
        let body = serde_json::to_string(&body).expect("texts and numbers are JSON");
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status, content_type, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.code()));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

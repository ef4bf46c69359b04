//! One reader at one page: in which language, what is asked for, what he has already, and how far he
//! was let in. Whatever goes wrong is a page in his language, and nothing that he wrote is repeated.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::fresh::{Keeper, Known};
use super::pages::{self, Locale, Side};
use super::password::Visitor;
use super::published::HTML;
use super::question::Unanswered;

/// A reader at a page.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    /// The language to answer in.
    pub(super) locale: Locale,
    /// Whether the pages know the language that the address asks for.
    is_language: bool,
    /// Whose pages he is shown.
    pub(super) side: Side,
    pub(super) known: Known,
    query: Vec<(String, String)>,
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visit, Infallible> {
        let visitor = parts.extensions.get::<Visitor>().copied();
        let query = Query::try_from_uri(&parts.uri).map(|Query(pairs)| pairs).unwrap_or_default();
        Ok(Visit::new(&parts.headers, query, parts.uri.path(), visitor))
    }
}

impl Visit {
    fn new(
        headers: &HeaderMap,
        query: Vec<(String, String)>,
        path: &str,
        visitor: Option<Visitor>,
    ) -> Visit {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let asked = query.iter().find(|(key, _)| key == "lang").map(|(_, value)| value.as_str());
        let locale = Locale::of(asked, accepted);
        let is_citizens = path == pages::PUBLIC
            || path.strip_prefix(pages::PUBLIC).is_some_and(|rest| rest.starts_with('/'));
        let side = match visitor {
            Some(Visitor::Insider) if !is_citizens => Side::Inside,
            Some(Visitor::Insider | Visitor::Citizen) | None => Side::Outside,
        };
        Visit {
            locale: locale.unwrap_or_else(|locale| locale),
            is_language: locale.is_ok(),
            side,
            known: Known::of(headers),
            query,
        }
    }

    /// What a parameter says; nothing when it is empty.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Goes on when the language is one of ours.
    pub(super) fn in_a_language(&self) -> Result<(), Refusal> {
        if self.is_language { Ok(()) } else { Err(Refusal::Nowhere) }
    }

    /// A page that may be kept until it is asked for again.
    pub(super) fn give(&self, page: String) -> Response {
        let keeper = match self.side {
            Side::Inside => Keeper::Reader,
            Side::Outside | Side::Door => Keeper::Anybody,
        };
        self.in_language(self.known.answer(HTML, page, keeper))
    }

    /// A page of the moment.
    pub(super) fn show(&self, page: String) -> Response {
        self.say(StatusCode::OK, page)
    }

    /// The page that says why there is no other.
    pub(super) fn refuse(&self, why: Refusal) -> Response {
        let (status, swedish, english) = match why {
            Refusal::Nowhere => {
                let page = pages::not_found(self.locale, self.side);
                return self.say(StatusCode::NOT_FOUND, page);
            }
            Refusal::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                ("Strax", "En annan rapport tas fram just nu. Ladda om sidan om några sekunder."),
                ("In a moment", "Another report is being made. Reload the page in a few seconds."),
            ),
            Refusal::Reading => (
                StatusCode::SERVICE_UNAVAILABLE,
                (
                    "Siffrorna är snart här",
                    "Historiken läses in, eller så är siffrorna inaktuella. Ladda om sidan om en stund.",
                ),
                (
                    "The figures are soon here",
                    "The history is being read, or the figures are out of date. Reload the page in \
                     a while.",
                ),
            ),
            Refusal::Failed => (
                StatusCode::INTERNAL_SERVER_ERROR,
                ("Något gick fel", "Sidan kunde inte visas. Tjänstens logg säger varför."),
                ("Something failed", "The page could not be shown. The service's log tells why."),
            ),
            Refusal::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                ("Går bara att läsa", "Adressen kan bara läsas, inte ändras."),
                ("Can only be read", "The address can only be read, not changed."),
            ),
            Refusal::Stranger => (
                StatusCode::FORBIDDEN,
                (
                    "Bara för inloggade",
                    "Sidan visas för den som är inloggad hos kommunen. Logga in där och gå hit \
                     därifrån.",
                ),
                (
                    "For those who are let in",
                    "The page is shown to those who are logged in at the municipality. Log in there \
                     and come from there.",
                ),
            ),
        };
        let say = |of: fn(&(&'static str, &'static str)) -> &'static str| {
            self.locale.say(of(&swedish), of(&english))
        };
        let side = if why == Refusal::Stranger { Side::Door } else { self.side };
        let page = pages::message(self.locale, side, say(|words| words.0), say(|words| words.1));
        let mut response = self.say(status, page);
        let more = match why {
            Refusal::Busy => Some((header::RETRY_AFTER, "3")),
            Refusal::Reading => Some((header::RETRY_AFTER, "10")),
            Refusal::Method => Some((header::ALLOW, "GET, HEAD")),
            Refusal::Nowhere | Refusal::Failed | Refusal::Stranger => None,
        };
        if let Some((name, value)) = more {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// A page that is not to be kept.
    pub(super) fn say(&self, status: StatusCode, page: String) -> Response {
        let response = (status, [(header::CONTENT_TYPE, HTML)], page).into_response();
        self.in_language(response)
    }

    /// The same address is given in two languages.
    pub(super) fn in_language(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("accept-language"));
        headers
            .entry(header::CONTENT_LANGUAGE)
            .or_insert(HeaderValue::from_static(self.locale.language.code()));
        response
    }
}

/// Why there is no such page now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The address leads nowhere.
    Nowhere,
    /// Somebody else's report is being made.
    Busy,
    /// There are no figures to show yet.
    Reading,
    /// Something that should not fail did.
    Failed,
    /// Anything but GET and HEAD.
    Method,
    /// He was not let in, and no password would help.
    Stranger,
}

impl From<Unanswered> for Refusal {
    fn from(why: Unanswered) -> Refusal {
        match why {
            Unanswered::Stopped => Refusal::Reading,
            Unanswered::Late => Refusal::Busy,
        }
    }
}

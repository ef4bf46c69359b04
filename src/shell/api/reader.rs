//! Who asks: in which language, with which parameters, and what he has already.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::problem::Problem;
use crate::report::Language;
use crate::shell::fresh::{Keeper, Known};
use crate::shell::language::negotiated;
use crate::shell::published::HTML;

/// What matters of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Reader {
    /// The language of errors, and of reports unless another is asked for.
    pub(super) language: Language,
    /// `None` for a query that cannot be read.
    query: Option<Vec<(String, String)>>,
    known: Known,
}

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Reader, Infallible> {
        let text = |name| {
            let values = parts.headers.get_all(name).iter();
            let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
            values.join(",")
        };
        Ok(Reader {
            language: negotiated(&text(header::ACCEPT_LANGUAGE)),
            query: Query::try_from_uri(&parts.uri).ok().map(|Query(pairs)| pairs),
            known: Known::of(&parts.headers),
        })
    }
}

/// A document that is given.
#[derive(Clone, Debug)]
pub(super) struct Document {
    content_type: &'static str,
    body: Vec<u8>,
    language: Option<Language>,
}

impl Document {
    pub(super) fn new(content_type: &'static str, body: Vec<u8>) -> Document {
        Document { content_type, body, language: None }
    }

    pub(super) fn json(body: impl Into<String>) -> Document {
        Document::new("application/json", body.into().into_bytes())
    }

    /// The page, if it is one.
    pub(super) fn html(&self) -> Option<&[u8]> {
        (self.content_type == HTML).then_some(self.body.as_slice())
    }

    pub(super) fn in_language(self, language: Language) -> Document {
        Document { language: Some(language), ..self }
    }
}

impl Reader {
    /// The values of a route's parameters; an empty one is none.
    ///
    /// # Errors
    ///
    /// For a parameter that is none of these, or stands there twice.
    pub(super) fn parameters<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<[Option<&str>; N], Problem> {
        let mut values = [None; N];
        let query = self.query.as_ref().ok_or_else(|| Problem::unknown_parameter(&names))?;
        for (key, value) in query {
            match names.iter().position(|name| name == key) {
                Some(at) if values[at].is_none() => values[at] = Some(value.as_str()),
                Some(_) | None => return Err(Problem::unknown_parameter(&names)),
            }
        }
        Ok(values.map(|value| value.filter(|value| !value.is_empty())))
    }

    /// The response: the document unless he has it already, or the problem.
    pub(super) fn answer(&self, found: Result<Document, Problem>) -> Response {
        let mut response = match found {
            Ok(document) => self.give(document),
            Err(problem) => problem.response(self.language),
        };
        response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-language"));
        response
    }

    fn give(&self, document: Document) -> Response {
        let mut response = self.known.answer(document.content_type, document.body, Keeper::Reader);
        if let Some(language) = document.language {
            let code = HeaderValue::from_static(language.code());
            response.headers_mut().insert(header::CONTENT_LANGUAGE, code);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(query: &str) -> Reader {
        let uri = format!("/x?{query}").parse().unwrap();
        let query = Query::try_from_uri(&uri).ok().map(|Query(pairs)| pairs);
        Reader { query, ..Reader::default() }
    }

    #[test]
    fn a_parameter_stands_there_once_and_an_empty_one_is_none() {
        let (asked, nothing) = (reader("b=1&a="), reader(""));
        assert_eq!(asked.parameters(["a", "b", "c"]), Ok([None, Some("1"), None]));
        assert_eq!(nothing.parameters([]), Ok([]));
        for (query, names) in [("a=1&a=2", ["a"]), ("a=1&b=2", ["a"]), ("A=1", ["a"])] {
            let asked = reader(query);
            assert_eq!(asked.parameters(names), Err(Problem::unknown_parameter(&["a"])), "{query}");
        }
    }
}

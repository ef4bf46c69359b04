//! Who asks: in which language, with which parameters, and what he has already.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use super::problem::Problem;
use crate::report::Language;
use crate::shell::language::negotiated;

/// What matters of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Reader {
    /// The language of errors, and of reports unless another is asked for.
    pub(super) language: Language,
    /// `None` for a query that cannot be read.
    query: Option<Vec<(String, String)>>,
    /// `If-None-Match`.
    known: String,
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
            known: text(header::IF_NONE_MATCH),
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
        let tag = tag(&document.body);
        let is_known = self.knows(&tag);
        let mut response = match is_known {
            true => (StatusCode::NOT_MODIFIED, Body::empty()).into_response(),
            false => document.body.into_response(),
        };
        let headers = response.headers_mut();
        if !is_known {
            let content_type = HeaderValue::from_static(document.content_type);
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        if let Some(language) = document.language {
            let code = HeaderValue::from_static(language.code());
            headers.insert(header::CONTENT_LANGUAGE, code);
        }
        // It may be kept, but not shown again without asking whether it still holds.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        response
    }

    /// Compares weakly, as RFC 9110 wants it for reading.
    fn knows(&self, tag: &str) -> bool {
        let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        self.known.split(',').any(|known| known.trim() == "*" || weak(known) == weak(tag))
    }
}

/// Weak, since it goes by the text and not by how it is compressed.
fn tag(body: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(body).into();
    let hex: String = digest[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{hex}\"")
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

    #[test]
    fn what_a_reader_has_is_told_by_its_tag() {
        let tag = tag(b"{}");
        let knows = |known: &str| {
            let reader = Reader { known: known.to_owned(), ..Reader::default() };
            reader.knows(&tag)
        };
        assert!(knows(&tag) && knows(tag.trim_start_matches("W/")) && knows("*"));
        assert!(knows(&format!("\"other\", {tag}")));
        assert!(!knows("") && !knows("W/\"other\""));
    }
}

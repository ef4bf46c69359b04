//! What a reader has already is not sent again: tags of what is given (`ETag`), and how long it may
//! be kept.
//!
//! | What | Kept |
//! |---|---|
//! | pages with the moment's figures, `/metrics`, health, errors, what asks for a password | not at all: shown again later it would look true, and a borrowed screen would remember it |
//! | documents, reports, the archive | by the reader alone, who asks each time whether they still hold |
//! | style, script, icon, what citizens read | by anybody, who asks each time: a page must never meet the style of another build |

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

/// Who may keep what is given, until it is asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// The one who asked.
    Reader,
    /// Whoever passes it on too.
    Anybody,
}

/// The tags of what a reader has: `If-None-Match`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known(String);

impl Known {
    /// Those of a request.
    pub(super) fn of(headers: &HeaderMap) -> Known {
        let values = headers.get_all(header::IF_NONE_MATCH).iter();
        let values: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        Known(values.join(","))
    }

    /// Compares weakly, as RFC 9110 wants it for reading.
    fn has(&self, tag: &str) -> bool {
        let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        self.0.split(',').any(|known| known.trim() == "*" || weak(known) == weak(tag))
    }

    /// The bytes with their tag, or only that they are the same.
    pub(super) fn answer(
        &self,
        content_type: &'static str,
        body: impl Into<Vec<u8>>,
        keeper: Keeper,
    ) -> Response {
        let body: Vec<u8> = body.into();
        let tag = tag(&body);
        let is_known = self.has(&tag);
        let mut response = match is_known {
            true => (StatusCode::NOT_MODIFIED, Body::empty()).into_response(),
            false => body.into_response(),
        };
        let headers = response.headers_mut();
        if !is_known {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let kept = match keeper {
            Keeper::Reader => "private, no-cache",
            Keeper::Anybody => "no-cache",
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        response
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

    #[test]
    fn what_a_reader_has_is_told_by_its_tag() {
        let tag = tag(b"{}");
        let has = |known: &str| Known(known.to_owned()).has(&tag);
        assert!(has(&tag) && has(tag.trim_start_matches("W/")) && has("*"));
        assert!(has(&format!("\"other\", {tag}")));
        assert!(!has("") && !has("W/\"other\""));
    }

    #[test]
    fn what_is_the_same_is_not_sent_again() {
        let first = Known::default().answer("text/plain", "a", Keeper::Anybody);
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[header::CACHE_CONTROL], "no-cache");
        let known = Known(first.headers()[header::ETAG].to_str().unwrap().to_owned());
        let same = known.answer("text/plain", "a", Keeper::Reader);
        assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(same.headers()[header::CACHE_CONTROL], "private, no-cache");
        assert_eq!(same.headers()[header::ETAG], first.headers()[header::ETAG]);
        assert!(!same.headers().contains_key(header::CONTENT_TYPE));
        assert_eq!(known.answer("text/plain", "b", Keeper::Reader).status(), StatusCode::OK);
    }
}

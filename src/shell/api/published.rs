//! What has been published: files in a folder, served as they are.
//!
//! `FOLDER/index.json` lists them, `FOLDER/PERIOD/EDITION/FILE` are they. A name that could lead
//! elsewhere is no name, and a link that leads out of the folder is not followed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path as FilePath, PathBuf};

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::problem::Problem;
use super::reader::{Document, Reader};
use super::reports::no_period;
use crate::report::{Language, Period};
use crate::shell::http::Shared;

/// The longest file that is served.
const BYTES_MAX: u64 = 64 << 20;
/// The longest name of a file.
const NAME_MAX: usize = 120;
/// A published page has its style in it, and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; sandbox";

/// The kinds of files that are published.
const KINDS: [(&str, &str); 4] = [
    ("html", "text/html; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("json", "application/json"),
];

pub(super) async fn index(State(shared): State<Shared>, reader: Reader) -> Response {
    let found = async {
        let [] = reader.parameters([])?;
        let folder = shared.web.published.clone().ok_or_else(nothing)?;
        read(folder.clone(), folder.join("index.json"), "application/json").await
    };
    reader.answer(found.await)
}

pub(super) async fn file(
    State(shared): State<Shared>,
    names: Result<Path<(String, String, String)>, PathRejection>,
    reader: Reader,
) -> Response {
    let names = names.ok().map(|Path(names)| names);
    let mut response = reader.answer(found(&shared, names, &reader).await);
    let is_page = response.headers().get(header::CONTENT_TYPE).is_some_and(|is| is == KINDS[0].1);
    if is_page {
        let policy = HeaderValue::from_static(PAGE_POLICY);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

async fn found(
    shared: &Shared,
    names: Option<(String, String, String)>,
    reader: &Reader,
) -> Result<Document, Problem> {
    let [] = reader.parameters([])?;
    let folder = shared.web.published.clone().ok_or_else(nothing)?;
    let (period, edition, name) = names.ok_or_else(nothing)?;
    let period: Period = period.parse().map_err(|_| no_period())?;
    let content_type = kind(&name).ok_or_else(nothing)?;
    if !is_edition(&edition) {
        return Err(nothing());
    }
    let path = folder.join(period.to_string()).join(edition).join(name);
    read(folder, path, content_type).await
}

/// An edition's number, or the link to the latest.
fn is_edition(text: &str) -> bool {
    let is_number = (1..=4).contains(&text.len())
        && !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number || text == "latest"
}

/// The type of a file by its name; `None` for what is no name of a published file.
pub(super) fn kind(name: &str) -> Option<&'static str> {
    let (stem, extension) = name.rsplit_once('.')?;
    // The publisher puts the language between: 2026-10-public.sv.html.
    let stem = match stem.rsplit_once('.') {
        Some((stem, language)) if language.parse::<Language>().is_ok() => stem,
        Some(_) | None => stem,
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_name = !stem.is_empty() && name.len() <= NAME_MAX && stem.bytes().all(is_plain);
    let found = KINDS.into_iter().find(|(kind, _)| is_name && *kind == extension);
    found.map(|(_, content_type)| content_type)
}

async fn read(
    folder: PathBuf,
    path: PathBuf,
    content_type: &'static str,
) -> Result<Document, Problem> {
    let reading = tokio::task::spawn_blocking(move || bytes(&folder, &path));
    match reading.await {
        Ok(Ok(Some(bytes))) => Ok(Document::new(content_type, bytes)),
        Ok(Ok(None)) => Err(nothing()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "cannot read a published file");
            Err(Problem::failed())
        }
        Err(error) => {
            tracing::error!(%error, "cannot read a published file");
            Err(Problem::failed())
        }
    }
}

/// A file's bytes; `None` when there is none, or when it lies outside the folder.
fn bytes(folder: &FilePath, path: &FilePath) -> io::Result<Option<Vec<u8>>> {
    let is_missing = |error: &io::Error| {
        matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    };
    let (folder, path) = match (folder.canonicalize(), path.canonicalize()) {
        (Ok(folder), Ok(path)) => (folder, path),
        (Err(error), _) | (_, Err(error)) if is_missing(&error) => return Ok(None),
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    if !path.starts_with(&folder) || !path.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(io::Error::other("it is longer than 64 MiB"));
    }
    Ok(Some(bytes))
}

fn nothing() -> Problem {
    Problem::not_found("Ingen sådan publicering finns.", "There is no such publication.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_lead_elsewhere_are_none() {
        for name in [
            "2026-10-public.sv.html",
            "2026-10-soc-internal.en.xlsx",
            "2026-10-public.html",
            "a.csv",
            "a_b.json",
        ] {
            assert!(kind(name).is_some(), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            ".html",
            "a",
            "a.",
            "a.txt",
            "a.HTML",
            "../a.html",
            "a/b.html",
            "a\\b.html",
            "a..html",
            "a.b.html",
            "a.sv.sv.html",
            ".sv.html",
            "a.SV.html",
            ".a.html",
            "a\0.html",
            "å.html",
            "a b.html",
        ] {
            assert_eq!(kind(name), None, "{name:?}");
        }
        assert_eq!(kind(&format!("{}.html", "a".repeat(NAME_MAX))), None);
    }

    #[test]
    fn an_edition_is_a_number_or_the_latest() {
        for text in ["1", "12", "9999", "latest"] {
            assert!(is_edition(text), "{text}");
        }
        for text in ["", "0", "01", "10000", "-1", "+1", "..", ".", "Latest", "1.0"] {
            assert!(!is_edition(text), "{text}");
        }
    }
}

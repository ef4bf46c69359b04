//! The folder of published editions, as readers meet it: its index, and its files as they are.
//!
//! `FOLDER/index.json` lists them, `FOLDER/PERIOD/EDITION/FILE` are they. A name that could lead
//! elsewhere is no name, and a link that leads out of the folder is not followed. `publish/folder.rs`
//! writes it.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::cli::ReportFormat;
use crate::report::{Audience, Language, Period};

/// The longest file that is served.
const BYTES_MAX: u64 = 64 << 20;
/// The longest name of a file.
const NAME_MAX: usize = 120;
/// What a page is, to browsers.
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// What a format is, to browsers.
pub(super) fn content_type(format: ReportFormat) -> &'static str {
    match format {
        ReportFormat::Html => HTML,
        ReportFormat::Csv => "text/csv; charset=utf-8",
        ReportFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ReportFormat::Json => "application/json",
    }
}

/// The policy of a report's own page: it has its style in it, known by its hash, and nothing else.
pub(super) fn guard(page: &[u8]) -> HeaderValue {
    let text = String::from_utf8_lossy(page);
    let style = text.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    let style = style.map_or_else(String::new, |(style, _)| {
        let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
        format!("style-src 'sha256-{hash}'; ")
    });
    let policy = format!(
        "default-src 'none'; {style}base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         sandbox"
    );
    HeaderValue::from_str(&policy)
        .unwrap_or(HeaderValue::from_static("default-src 'none'; sandbox"))
}

/// A file of an edition, by a name that leads nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    place: PathBuf,
    /// What it is, to browsers.
    pub(super) content_type: &'static str,
}

impl File {
    /// The file of these names; `None` when they are none. The edition is a number or `latest`.
    pub(super) fn named(period: Period, edition: &str, name: &str) -> Option<File> {
        let content_type = content_type(format_of(name)?);
        let place = PathBuf::from(period.to_string()).join(edition).join(name);
        is_edition(edition).then_some(File { place, content_type })
    }
}

/// One edition of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edition {
    pub(super) period: Period,
    pub(super) number: u16,
    /// The local date of its publication.
    pub(super) published: String,
    /// How many cells differ from the edition before; `None` for a first one.
    pub(super) corrections: Option<u64>,
    pub(super) sheets: Vec<Sheet>,
}

/// One file of an edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) name: String,
    /// A department's slug; `None` for the whole municipality.
    pub(super) department: Option<String>,
    pub(super) audience: Audience,
    pub(super) language: Language,
    pub(super) format: ReportFormat,
    pub(super) bytes: u64,
}

/// Why nothing could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// There is no such file.
    Missing,
    /// It cannot be read; the log says why.
    Failed,
}

/// When a file was written, and how long it is.
type Stamp = (SystemTime, u64);

/// Every edition that the index lists.
pub(super) type Editions = Arc<Vec<Edition>>;

/// The folder, if anything is published here.
#[derive(Clone, Debug, Default)]
pub(super) struct Published {
    folder: Option<PathBuf>,
    /// The index as it was read last.
    kept: Arc<Mutex<Option<(Stamp, Editions)>>>,
}

impl Published {
    pub(super) fn new(folder: Option<PathBuf>) -> Published {
        Published { folder, kept: Arc::default() }
    }

    /// Whether there is a folder.
    pub(super) fn is_kept(&self) -> bool {
        self.folder.is_some()
    }

    /// The index as it stands in the folder.
    pub(super) async fn index_bytes(&self) -> Result<Vec<u8>, Unread> {
        let folder = self.folder.clone().ok_or(Unread::Missing)?;
        blocking(move || bytes(&folder, &folder.join("index.json"))).await
    }

    /// A file's bytes.
    pub(super) async fn read(&self, file: &File) -> Result<Vec<u8>, Unread> {
        let folder = self.folder.clone().ok_or(Unread::Missing)?;
        let path = folder.join(&file.place);
        blocking(move || bytes(&folder, &path)).await
    }

    /// What is published; nothing when there is no index.
    pub(super) async fn editions(&self) -> Result<Editions, Unread> {
        let Some(folder) = self.folder.clone() else { return Ok(Arc::default()) };
        let kept = Arc::clone(&self.kept);
        let read = blocking(move || {
            let path = folder.join("index.json");
            let Ok(about) = fs::metadata(&path) else { return Ok(None) };
            let stamp: Stamp = (about.modified()?, about.len());
            let kept_now = || kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((of, editions)) = &*kept_now()
                && *of == stamp
            {
                return Ok(Some(Arc::clone(editions)));
            }
            let Some(text) = bytes(&folder, &path)? else { return Ok(None) };
            let index: Value = serde_json::from_slice(&text)?;
            let listed = index["editions"].as_array().into_iter().flatten();
            let editions = Arc::new(listed.filter_map(edition).collect::<Vec<_>>());
            *kept_now() = Some((stamp, Arc::clone(&editions)));
            Ok(Some(editions))
        });
        match read.await {
            Err(Unread::Missing) => Ok(Arc::default()),
            other => other,
        }
    }
}

/// An edition as the index tells it; files that it does not tell of as it should are left out.
fn edition(about: &Value) -> Option<Edition> {
    let sheet = |file: &Value| -> Option<Sheet> {
        let text = |key: &str| file[key].as_str();
        let name = text("name")?;
        Some(Sheet {
            name: name.to_owned(),
            department: text("department").map(str::to_owned),
            audience: match text("audience")? {
                "internal" => Audience::Internal,
                "public" => Audience::Public,
                _ => return None,
            },
            language: text("language")?.parse().ok()?,
            format: format_of(name)?,
            bytes: file["bytes"].as_u64()?,
        })
    };
    Some(Edition {
        period: about["period"].as_str()?.parse().ok()?,
        number: about["edition"].as_u64()?.try_into().ok()?,
        published: about["published"].as_str()?.to_owned(),
        corrections: about["corrections"].as_u64(),
        sheets: about["files"].as_array()?.iter().filter_map(sheet).collect(),
    })
}

async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> io::Result<Option<T>> + Send + 'static,
) -> Result<T, Unread> {
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(Some(read))) => Ok(read),
        Ok(Ok(None)) => Err(Unread::Missing),
        Ok(Err(error)) => {
            tracing::warn!(%error, "cannot read a published file");
            Err(Unread::Failed)
        }
        Err(error) => {
            tracing::error!(%error, "cannot read a published file");
            Err(Unread::Failed)
        }
    }
}

/// An edition's number, or the link to the latest.
fn is_edition(text: &str) -> bool {
    let is_number = (1..=4).contains(&text.len())
        && !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number || text == "latest"
}

/// The format of a file by its name; `None` for what is no name of a published file.
fn format_of(name: &str) -> Option<ReportFormat> {
    let (stem, extension) = name.rsplit_once('.')?;
    // A report is named `2026-10-internal.sv.html`.
    let (stem, language) = stem.split_once('.').unwrap_or((stem, "sv"));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_name = !stem.is_empty() && name.len() <= NAME_MAX && stem.bytes().all(is_plain);
    let is_language = language.parse::<Language>().is_ok();
    let mut formats = ReportFormat::ALL.into_iter();
    formats.find(|format| is_name && is_language && format.name() == extension)
}

/// A file's bytes; `None` when there is none, or when it lies outside the folder.
fn bytes(folder: &Path, path: &Path) -> io::Result<Option<Vec<u8>>> {
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
    fs::File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(io::Error::other("it is longer than 64 MiB"));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_lead_elsewhere_are_none() {
        for name in ["2026-10-public.html", "2026-10-soc-internal.sv.xlsx", "a.en.csv", "a_b.json"]
        {
            assert!(format_of(name).is_some(), "{name}");
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
            "a.sv",
            ".sv.html",
            ".a.html",
            "a\0.html",
            "å.html",
            "a b.html",
        ] {
            assert_eq!(format_of(name), None, "{name:?}");
        }
        assert_eq!(format_of(&format!("{}.html", "a".repeat(NAME_MAX))), None);
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

    #[test]
    fn a_page_may_use_its_own_style_and_nothing_else() {
        let policy = |page: &str| guard(page.as_bytes()).to_str().unwrap().to_owned();
        let styled = policy("<head><style>p{}</style></head><style>q{}</style>");
        // openssl dgst -sha256 -binary <<< p{} | base64, without the end of the line.
        let hash = STANDARD.encode(Sha256::digest(b"p{}"));
        assert!(styled.contains(&format!("style-src 'sha256-{hash}';")), "{styled}");
        assert!(styled.starts_with("default-src 'none';") && styled.ends_with("sandbox"));
        assert!(!policy("<p>").contains("style-src"));
    }

    #[test]
    fn what_the_index_does_not_tell_as_it_should_is_left_out() {
        let about = serde_json::json!({
            "period": "2026-10", "edition": 2, "published": "2026-11-04", "corrections": 3,
            "files": [
                {"name": "2026-10-public.sv.csv", "department": null, "audience": "public",
                 "language": "sv", "format": "csv", "bytes": 7},
                {"name": "../secret.csv", "department": null, "audience": "public",
                 "language": "sv", "format": "csv", "bytes": 7},
                {"name": "2026-10-x.sv.csv", "department": null, "audience": "nobody",
                 "language": "sv", "format": "csv", "bytes": 7},
            ],
        });
        let read = edition(&about).unwrap();
        assert_eq!((read.number, read.corrections, read.sheets.len()), (2, Some(3), 1));
        assert_eq!(edition(&serde_json::json!({"period": "2026-13"})), None);
    }
}

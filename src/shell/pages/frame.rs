//! What stands around every page: title, ways to the other pages, language, and how it is kept live.

use super::locale::Locale;

/// A page among the others.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) href: String,
    pub(super) name: &'static str,
    pub(super) is_current: bool,
}

/// The frame of one page.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) locale: Locale,
    pub(super) title: String,
    /// The page's own path.
    pub(super) path: String,
    /// Where the stream of what changes comes from; `None` for a page that stands still.
    pub(super) events: Option<String>,
}

/// The pages in the navigation: path, Swedish and English name.
const PAGES: [(&str, &str, &str); 6] = [
    ("/", "Start", "Start"),
    ("/lage", "Läget nu", "Right now"),
    ("/mal", "Målen", "The goals"),
    ("/vaggtavla", "Väggtavla", "Wallboard"),
    ("/fragor", "E-post", "E-mail"),
    ("/om-matten", "Om måtten", "About the figures"),
];

impl Frame {
    /// The frame of a page that stands still.
    pub(super) fn still(locale: Locale, title: impl Into<String>, path: &str) -> Frame {
        Frame { locale, title: title.into(), path: path.to_owned(), events: None }
    }

    /// The frame of a page that is kept live.
    pub(super) fn live(locale: Locale, title: impl Into<String>, path: &str) -> Frame {
        let events = format!("/events?page={path}&lang={}", locale.language.code());
        Frame { events: Some(events), ..Frame::still(locale, title, path) }
    }

    pub(super) fn say<'a>(&self, swedish: &'a str, english: &'a str) -> &'a str {
        self.locale.say(swedish, english)
    }

    pub(super) fn code(&self) -> &'static str {
        self.locale.language.code()
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let entry = |(path, swedish, english): (&'static str, &'static str, &'static str)| Entry {
            href: self.locale.href(path),
            name: self.locale.say(swedish, english),
            is_current: path == self.path
                || (path == "/vaggtavla" && self.path.starts_with("/vaggtavla/"))
                || (path == "/mal" && self.path.starts_with("/mal/")),
        };
        PAGES.into_iter().map(entry).collect()
    }

    /// The same page in the other language: its address, code and the language's own name.
    pub(super) fn other(&self) -> (String, &'static str, &'static str) {
        let other = self.locale.other();
        let name = other.say("På svenska", "In English");
        (other.href(&self.path), other.language.code(), name)
    }
}

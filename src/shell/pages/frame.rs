//! What stands around every page: title, ways to the other pages, language, and how it is kept live.

use super::locale::Locale;

/// A page among the others.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) href: String,
    pub(super) name: &'static str,
    pub(super) is_current: bool,
}

/// Whose pages a reader is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The municipality's own.
    Inside,
    /// Citizens': the ways from there lead to such pages only.
    Outside,
    /// One who was not let in: no way leads on from there.
    Door,
}

/// The frame of one page.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) locale: Locale,
    pub(super) title: String,
    pub(super) side: Side,
    /// The page's own path, with what was asked for beside the language.
    pub(super) path: String,
    /// Where the stream of what changes comes from; `None` for a page that stands still.
    pub(super) events: Option<String>,
}

/// The pages in the navigation: path, Swedish and English name.
const PAGES: [(&str, &str, &str); 7] = [
    ("/", "Start", "Start"),
    ("/lage", "Läget nu", "Right now"),
    ("/mal", "Målen", "The goals"),
    ("/vaggtavla", "Väggtavla", "Wallboard"),
    ("/fragor", "E-post", "E-mail"),
    ("/rapporter", "Rapporter", "Reports"),
    ("/om-matten", "Om måtten", "About the figures"),
];

/// Those for citizens.
const FOR_CITIZENS: [(&str, &str, &str); 3] = [
    ("/publik", "Servicemålen", "The service goals"),
    ("/om-matten", "Om måtten", "About the figures"),
    ("/tillganglighet", "Tillgänglighet", "Accessibility"),
];
/// Pages that have others below them.
const WITH_MORE_BELOW: [&str; 4] = ["/mal", "/vaggtavla", "/rapporter", "/publik"];

/// Where everything begins for those on a side.
pub(super) fn home(side: Side) -> &'static str {
    match side {
        Side::Inside | Side::Door => "/",
        Side::Outside => "/publik",
    }
}

impl Frame {
    /// The frame of a page that stands still.
    pub(super) fn still(locale: Locale, title: impl Into<String>, path: &str) -> Frame {
        let side = Side::Inside;
        Frame { locale, title: title.into(), side, path: path.to_owned(), events: None }
    }

    /// The same for those on a side.
    pub(super) fn on(self, side: Side) -> Frame {
        Frame { side, ..self }
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
            is_current: self.is_at(path),
        };
        match self.side {
            Side::Inside => PAGES.into_iter().map(entry).collect(),
            Side::Outside => FOR_CITIZENS.into_iter().map(entry).collect(),
            Side::Door => Vec::new(),
        }
    }

    fn is_at(&self, path: &str) -> bool {
        let own = self.path.split('?').next().unwrap_or_default();
        let below = own.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        own == path || (below && WITH_MORE_BELOW.contains(&path))
    }

    pub(super) fn is_inside(&self) -> bool {
        self.side == Side::Inside
    }

    /// Where everything begins.
    pub(super) fn home(&self) -> String {
        self.locale.href(home(self.side))
    }

    /// The same page in the other language: its address, code and the language's own name.
    pub(super) fn other(&self) -> (String, &'static str, &'static str) {
        let other = self.locale.other();
        let name = other.say("På svenska", "In English");
        (other.href(&self.path), other.language.code(), name)
    }
}

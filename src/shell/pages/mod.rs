//! The pages for people, drawn from one snapshot in the reader's language.
//!
//! | Path | Page |
//! |---|---|
//! | `/` | [`start`]: the goals today, the moment, and the way to the rest |
//! | `/lage` | [`now`]: the managers' tables |
//! | `/mal`, `/mal/{slug}` | [`goals`]: every goal's level, outcome and trend; the week's hard hours |
//! | `/avdelning/{slug}` | [`department`]: one department's day |
//! | `/fragor` | [`questions`]: what awaits a reply by e-mail and e-service |
//! | `/om-matten`, `/tillganglighet` | [`still`]: what each figure means; the accessibility statement |
//! | `/rapporter`, `/rapporter/{period}` | [`archive`]: editions with every format, and reports on demand |
//! | `/vaggtavla`, `/vaggtavla/{slug}` | [`wall`]: six figures for a large screen |
//! | `/publik`, `/publik/{period}` | [`public`]: what citizens see of closed periods |
//!
//! A page that is kept live is made of [`Part`]s in a [`frame`]; the stream sends the parts that
//! changed. Every page works without a script, by reload.

mod archive;
mod chart;
mod department;
mod figure;
mod form;
mod frame;
mod goals;
mod locale;
mod now;
mod part;
mod period;
mod public;
mod questions;
mod staffing;
mod start;
mod still;
mod view;
mod wall;

use askama::Template;

use crate::report::{Trends, WeekHours};

pub use frame::Side;
pub use locale::Locale;
pub use part::{Part, change};
pub use public::PATH as PUBLIC;
pub(super) use public::{Standing, Told};
pub use view::View;

use frame::Frame;

use super::published::Edition;
use crate::report::{Period, Periods};

/// The one stylesheet.
pub const STYLE: &str = include_str!("style.css");
/// The script that keeps a page live.
pub const SCRIPT: &str = include_str!("live.js");
/// The pages' icon.
pub const ICON: &str = include_str!("icon.svg");

/// A page that is kept live.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Live {
    /// The start page.
    Start,
    /// The managers' tables.
    Now,
    /// The wallboard, of one department by its slug or of all.
    Wall(Option<String>),
    /// One department's day.
    Department(String),
    /// Questions by e-mail and e-service.
    Questions,
}

impl Live {
    /// The page at a path; `None` when none is kept live there.
    pub fn at(path: &str) -> Option<Live> {
        match path {
            start::PATH => Some(Live::Start),
            now::PATH => Some(Live::Now),
            questions::PATH => Some(Live::Questions),
            wall::PATH => Some(Live::Wall(None)),
            _ => {
                let slug_under = |page| path.strip_prefix(page)?.strip_prefix('/');
                let wall = slug_under(wall::PATH).map(|slug| Live::Wall(Some(slug.to_owned())));
                wall.or_else(|| Some(Live::Department(slug_under(department::PATH)?.to_owned())))
            }
        }
    }

    /// The whole page; `None` when it is of a department that there is not.
    pub fn page(&self, view: &View<'_>) -> Option<String> {
        Some(match self {
            Live::Start => render(&start::Page::of(view)),
            Live::Now => render(&now::Page::of(view)),
            Live::Questions => render(&questions::Page::of(view)),
            Live::Wall(slug) => render(&wall::Page::of(view, slug.as_deref())?),
            Live::Department(slug) => render(&department::Page::of(view, slug)?),
        })
    }

    /// The page's parts in their order; `None` as for [`Live::page`]. Their ids change only when
    /// departments come or go, or when the history has been read.
    pub fn parts(&self, view: &View<'_>) -> Option<Vec<Part>> {
        match self {
            Live::Start => Some(start::parts(view)),
            Live::Now => Some(now::parts(view)),
            Live::Questions => Some(questions::parts(view)),
            Live::Wall(slug) => wall::parts(view, slug.as_deref()),
            Live::Department(slug) => department::parts(view, slug),
        }
    }
}

/// A page that stands still, by its path; `None` when there is none.
pub fn still(path: &str, view: &View<'_>, side: Side) -> Option<String> {
    match path {
        still::DEFINITIONS => Some(render(&still::Definitions::of(view, side))),
        still::ACCESSIBILITY => Some(render(&still::Accessibility::of(view, side))),
        _ => None,
    }
}

/// The page of the goals, of a department by its slug or of all; `None` when there is no such
/// department. Without `told` it says that there are no figures.
pub fn goals(
    view: &View<'_>,
    slug: Option<&str>,
    told: Option<(&Trends, &WeekHours)>,
) -> Option<String> {
    goals::Page::of(view, slug, told).map(|page| render(&page))
}

/// The archive; `periods` is `None` while the engine does not tell them, `is_kept` whether there is a
/// folder for editions.
pub(super) fn archive(
    view: &View<'_>,
    is_kept: bool,
    editions: &[Edition],
    periods: Option<&Periods>,
) -> String {
    render(&archive::Page::of(view, is_kept, editions, periods))
}

/// One period of the archive; `None` when it is neither published nor has figures.
pub(super) fn period(
    view: &View<'_>,
    of: Period,
    editions: &[Edition],
    periods: Option<&Periods>,
) -> Option<String> {
    archive::PeriodPage::of(view, of, editions, periods).map(|page| render(&page))
}

/// The start for citizens: what the reports of the last closed month and year say, and every closed
/// period; `is_known` is false while the engine does not tell them.
pub(super) fn public(locale: Locale, told: &[Told], closed: &[Period], is_known: bool) -> String {
    render(&public::Page::of(locale, told, closed, is_known))
}

/// A closed period's report for citizens.
pub(super) fn public_period(view: &View<'_>, told: &Told) -> String {
    render(&public::PeriodPage::of(view, told))
}

/// The page for addresses that do not exist.
pub fn not_found(locale: Locale, side: Side) -> String {
    let title = locale.say("Sidan finns inte", "There is no such page");
    render(&NotFound { frame: Frame::still(locale, title, frame::home(side)).on(side) })
}

/// A page that says one thing.
pub fn message(locale: Locale, side: Side, title: &str, says: &str) -> String {
    let frame = Frame::still(locale, title, frame::home(side)).on(side);
    render(&Message { frame, says: says.to_owned() })
}

fn render(template: &impl Template) -> String {
    template.render().expect("templates write to a string and call nothing that fails")
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFound {
    frame: Frame,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    frame: Frame,
    says: String,
}

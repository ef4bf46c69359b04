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
//! | `/vaggtavla`, `/vaggtavla/{slug}` | [`wall`]: six figures for a large screen |
//!
//! A page that is kept live is made of [`Part`]s in a [`frame`]; the stream sends the parts that
//! changed. Every page works without a script, by reload.

mod chart;
mod department;
mod figure;
mod form;
mod frame;
mod goals;
mod locale;
mod now;
mod part;
mod questions;
mod staffing;
mod start;
mod still;
mod view;
mod wall;

use askama::Template;

use crate::report::{Trends, WeekHours};

pub use locale::Locale;
pub use part::{Part, change};
pub use view::View;

use frame::Frame;

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
pub fn still(path: &str, view: &View<'_>) -> Option<String> {
    match path {
        still::DEFINITIONS => Some(render(&still::Definitions::of(view))),
        still::ACCESSIBILITY => Some(render(&still::Accessibility::of(view))),
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

/// The page for addresses that do not exist.
pub fn not_found(locale: Locale) -> String {
    let title = locale.say("Sidan finns inte", "There is no such page");
    render(&NotFound { frame: Frame::still(locale, title, "/") })
}

fn render(template: &impl Template) -> String {
    template.render().expect("templates write to a string and call nothing that fails")
}

#[derive(Template)]
#[template(path = "not_found.html")]
struct NotFound {
    frame: Frame,
}

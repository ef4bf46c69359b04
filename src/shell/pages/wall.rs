//! The wallboard: six figures, legible at five metres, of the whole municipality or one department.

use askama::Template;

use super::form;
use super::frame::Frame;
use super::part::Part;
use super::view::{SHOWN, Staff, Status, View};
use crate::domain::goal::Goal;
use crate::domain::snapshot::{DepartmentView, Window};

/// The page's path; a department's has its slug behind it.
pub(super) const PATH: &str = "/vaggtavla";

/// The page.
#[derive(Template)]
#[template(path = "wall.html")]
pub(super) struct Page {
    frame: Frame,
    whose: String,
    loading: bool,
    parts: Vec<Part>,
}

/// Whose figures are shown; `None` when there is no such department.
fn whose<'a>(view: &View<'a>, slug: Option<&str>) -> Option<&'a DepartmentView> {
    match slug {
        None => Some(&view.snapshot.all),
        Some(slug) => view.department(slug),
    }
}

impl Page {
    pub(super) fn of(view: &View<'_>, slug: Option<&str>) -> Option<Page> {
        let place = whose(view, slug)?;
        let name = match slug {
            None => view.say("Hela kommunen", "The whole municipality").to_owned(),
            Some(_) => form::breakable(&place.name),
        };
        let path = match slug {
            None => PATH.to_owned(),
            Some(slug) => format!("{PATH}/{slug}"),
        };
        let title = format!("{} – {name}", view.say("Väggtavla", "Wallboard"));
        Some(Page {
            frame: Frame::live(view.locale, title, &path),
            whose: name,
            loading: view.is_loading(),
            parts: parts(view, slug)?,
        })
    }

    fn of_kind(&self, prefix: &str) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(move |p| p.id.starts_with(prefix)).map(|p| p.html.as_str())
    }
}

/// What changes on it; `None` when there is no such department.
pub(super) fn parts(view: &View<'_>, slug: Option<&str>) -> Option<Vec<Part>> {
    let place = whose(view, slug)?;
    let mut parts = vec![Part::new("status", &Status::of(view, place))];
    if !view.is_loading() {
        let tiles = Tile::all(view, place, slug.is_none());
        parts.extend(tiles.iter().map(|tile| Part::new(tile.id.clone(), tile)));
    }
    Some(parts)
}

/// One figure with its target, over how many, and a word.
#[derive(Template)]
#[template(path = "part_tile.html")]
struct Tile {
    id: String,
    name: &'static str,
    value: String,
    target: String,
    of: String,
    word: String,
    symbol: &'static str,
    class: &'static str,
}

impl Tile {
    fn all(view: &View<'_>, place: &DepartmentView, is_whole: bool) -> Vec<Tile> {
        let mut tiles: Vec<Tile> = SHOWN
            .into_iter()
            // A department without a switchboard has no goal 1.
            .filter(|goal| *goal != Goal::Sm1 || is_whole || place.has_switchboard())
            .map(|goal| Tile::of_goal(view, place, goal))
            .collect();
        tiles.extend([
            Tile::waiting(view, place),
            Tile::longest(view, place),
            Tile::staffed(view, place, is_whole),
        ]);
        tiles
    }

    fn of_goal(view: &View<'_>, place: &DepartmentView, goal: Goal) -> Tile {
        let mark = view.mark(place, Window::Today, goal);
        let of =
            format!("{} {} {}", view.say("i dag, av", "today, of"), mark.of, view.counted(goal));
        Tile {
            id: format!("tile-{}", goal.id()),
            name: view.title(goal),
            value: mark.percent.unwrap_or_else(|| "–".to_owned()),
            target: view.target(goal),
            of,
            word: mark.word,
            symbol: mark.symbol,
            class: mark.class,
        }
    }

    fn waiting(view: &View<'_>, place: &DepartmentView) -> Tile {
        let over = place.live.waiting_over_target;
        let limit = view.queue_limit();
        let (word, symbol, class) = match over {
            0 => (format!("{} {limit}", view.say("Ingen mer än", "Nobody more than")), "✓", "met"),
            _ => (
                format!("{} {} {limit}", view.count(over), view.say("mer än", "more than")),
                "✗",
                "missed",
            ),
        };
        let counted = view.say("uppringare i kö", "callers in the queue");
        Tile {
            id: "tile-waiting".to_owned(),
            name: view.locale.say("Väntar nu", "Waiting now"),
            value: view.count(place.live.waiting),
            target: format!("{} {limit}", view.say("Mål: ingen mer än", "Goal: nobody more than")),
            of: counted.to_owned(),
            word,
            symbol,
            class,
        }
    }

    fn longest(view: &View<'_>, place: &DepartmentView) -> Tile {
        let limit = view.snapshot.goal(Goal::Sm2).and_then(|goal| goal.limit);
        let is_over = limit.is_some_and(|limit| place.live.longest_wait(view.snapshot.now) > limit);
        let (word, symbol, class) = match (place.live.longest_waiting_since, is_over) {
            (None, _) => (view.say("Ingen väntar", "Nobody waits"), "✓", "met"),
            (Some(_), false) => (view.say("Inom målet", "Within the goal"), "✓", "met"),
            (Some(_), true) => (view.say("Längre än målet", "Longer than the goal"), "✗", "missed"),
        };
        Tile {
            id: "tile-longest".to_owned(),
            name: view.locale.say("Längsta väntetid", "Longest wait"),
            value: view.longest(&place.live),
            target: format!("{} {}", view.say("Mål: högst", "Goal: at most"), view.queue_limit()),
            of: view.say("minuter och sekunder", "minutes and seconds").to_owned(),
            word: word.to_owned(),
            symbol,
            class,
        }
    }

    fn staffed(view: &View<'_>, place: &DepartmentView, is_whole: bool) -> Tile {
        let may_show = match is_whole {
            true => view.snapshot.may_show_all_states(),
            false => place.live.may_show_states(),
        };
        let staff = Staff::of(view, &place.live, may_show);
        let (word, symbol, class) = match (staff.is_staffed, place.open) {
            (Some(true), _) => (view.say("Bemannat", "Staffed"), "✓", "met"),
            (Some(false) | None, false) => (view.say("Stängt", "Closed"), "–", "none"),
            (Some(false), true) => (view.say("Obemannat", "Unstaffed"), "✗", "missed"),
            (None, true) => (view.say("Okänt", "Unknown"), "–", "none"),
        };
        Tile {
            id: "tile-staffed".to_owned(),
            name: view.locale.say("Inloggade", "Logged in"),
            value: staff.logged_in,
            target: view.say("Mål: alltid bemannat", "Goal: always staffed").to_owned(),
            of: staff.says,
            word: word.to_owned(),
            symbol,
            class,
        }
    }
}

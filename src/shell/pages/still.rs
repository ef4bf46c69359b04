//! Pages that stand still: what each figure means, and how accessible the pages are.

use askama::Template;

use super::frame::{Frame, Side};
use super::view::View;
use crate::domain::goal::Goal;
use crate::report::meaning;

/// What each figure means.
pub(super) const DEFINITIONS: &str = "/om-matten";
/// The accessibility statement.
pub(super) const ACCESSIBILITY: &str = "/tillganglighet";

/// The page of definitions.
#[derive(Template)]
#[template(path = "definitions.html")]
pub(super) struct Definitions {
    frame: Frame,
    /// The levels now in force, in words; empty before the goals apply.
    targets: Vec<String>,
    queue_limit: String,
    /// As reports have them: what it is called, its id there, and what it means.
    reported: Vec<(&'static str, &'static str, &'static str)>,
}

impl Definitions {
    pub(super) fn of(view: &View<'_>, side: Side) -> Definitions {
        let title = view.say("Om måtten", "About the figures");
        let say = |swedish, english| view.locale.say(swedish, english);
        let reported = [
            ("SM3w", say("Förlorade efter väntan", "Lost after a wait")),
            ("SATISFACTION", say("Nöjda medborgare", "Satisfied citizens")),
            ("REPEATS", say("Återkommande samtal", "Repeats")),
            ("callbacks", say("Återuppringning", "Callbacks")),
        ];
        let reported = reported
            .into_iter()
            .filter_map(|(id, name)| Some((name, id, meaning(id, view.locale.language)?)));
        let goals = [Goal::Sm1, Goal::Sm2, Goal::Sm3];
        Definitions {
            frame: Frame::still(view.locale, title, DEFINITIONS).on(side),
            targets: goals.map(|goal| view.target(goal)).into(),
            queue_limit: view.queue_limit(),
            reported: reported.collect(),
        }
    }
}

/// The accessibility statement.
#[derive(Template)]
#[template(path = "accessibility.html")]
pub(super) struct Accessibility {
    frame: Frame,
}

impl Accessibility {
    pub(super) fn of(view: &View<'_>, side: Side) -> Accessibility {
        let title = view.say("Tillgänglighet", "Accessibility");
        Accessibility { frame: Frame::still(view.locale, title, ACCESSIBILITY).on(side) }
    }
}

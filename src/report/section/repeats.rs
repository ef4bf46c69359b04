//! Who had to ring again within 24 hours (R15).

use super::super::document::DEFINITION_REPEATS;
use super::super::figures::Figures;
use super::super::sheet::Sheet;
use super::super::table::{Audience, Cell, Column, Drawing, Row, Table};
use super::super::withhold::SHARE_MIN;

/// The id that the figure carries, and what it means.
pub(super) const MEANING: (&str, &str, &str) = (
    "REPEATS",
    "kontakter per telefon vars uppringare hade en tidigare kontakt som kom in högst 24 timmar \
     före, även över midnatt / kontakter per telefon där numret visades",
    DEFINITION_REPEATS,
);

impl Sheet<'_> {
    pub(in crate::report) fn repeats_definition(&self) -> String {
        let (_, swedish, english) = MEANING;
        self.say(swedish, english)
    }

    /// Contacts of known callers and repeats among them; citizens are told the whole municipality's
    /// share alone. `None` without any known caller, or where nothing may be told.
    pub(in crate::report) fn repeat_table(&self) -> Option<Table> {
        let own = self.own(&self.span);
        let is_public = self.order.audience == Audience::Public;
        let of = own.repeats().share.of;
        if of == 0 || (is_public && (self.order.department.is_some() || of < SHARE_MIN)) {
            return None;
        }
        let mut columns = vec![Column::new("share", self.say("Andel", "Share"))];
        if !is_public {
            columns.extend([
                Column::new(
                    "known_callers",
                    self.say("Kontakter med känt nummer", "Known callers"),
                ),
                Column::new("repeats", self.say("Återkommande", "Repeats")),
                Column::new(
                    "after_abandoned",
                    self.say("Efter ett förlorat samtal", "After a lost call"),
                ),
                Column::new(
                    "after_asked",
                    self.say("Efter att ha ombetts återkomma", "After being asked to ring later"),
                ),
            ]);
        }
        let row = |id: &str, heading: String, figures: &Figures| {
            let repeats = figures.repeats();
            let share = match repeats.share.of {
                ..=0 => Cell::None,
                _ => Cell::Share(repeats.share, None, self.order.audience.precision()),
            };
            let mut cells = vec![share];
            if !is_public {
                cells.extend([
                    Cell::Count(repeats.share.of),
                    Cell::Count(repeats.share.met),
                    Cell::Count(repeats.after_abandoned),
                    Cell::Count(repeats.after_asked),
                ]);
            }
            Row { id: id.to_owned(), heading, cells }
        };
        let mut rows = Vec::new();
        match self.order.department {
            Some(at) => {
                let slug = self.slug(at);
                rows.push(row(slug, self.engine.display_name(slug).to_owned(), &own));
            }
            None => {
                rows.push(row("all", self.say("Hela kommunen", "The whole municipality"), &own));
                if !is_public {
                    let some = self.span.departments.iter();
                    let some = some.filter(|(_, figures)| figures.repeats().share.of > 0);
                    rows.extend(some.map(|(at, figures)| {
                        let slug = self.slug(*at);
                        row(slug, self.engine.display_name(slug).to_owned(), figures)
                    }));
                }
            }
        }
        Some(Table {
            id: "repeats",
            heading: self
                .say("Återkommande kontakter inom 24 timmar", "Repeat contacts within 24 hours"),
            rows_are: self.say("Förvaltning", "Department"),
            columns,
            rows,
            notes: vec![self.say(
                "Av telefonkontakter där numret visades: samma nummer hade ringt inom de 24 \
                 timmarna före. Räknas där kontakten först kom in. Numret sparas inte.",
                "Of contacts by phone whose number was shown: the same number had rung within the \
                 24 hours before. Counted where the contact first came in. No number is kept.",
            )],
            drawing: Drawing::Nothing,
        })
    }
}

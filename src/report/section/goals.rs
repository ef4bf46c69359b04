//! The goals, and the departments side by side in them.

use std::collections::BTreeMap;

use super::super::figures::{Figures, Measure};
use super::super::sheet::{COMPARED, Sheet};
use super::super::table::{Audience, Cell, Column, Drawing, Row, Table};
use super::super::withhold::{is_number_told, is_told_of_departments};
use crate::domain::goal::Direction;
use crate::domain::ids::Department;
use crate::domain::units::Share;

/// The columns of the goals that citizens see: what has decimals, or tells few calls beside a share,
/// is for the municipality.
const GOALS_FOR_CITIZENS: [&str; 7] =
    ["level", "outcome", "verdict", "of", "previous", "a_year_before", "year_to_date"];
/// 97.5 % quantile of the normal distribution, for 95 % intervals.
const WILSON_Z: f64 = 1.959_964;

impl Sheet<'_> {
    /// Each goal: this period, those it is compared with, and the verdict.
    pub(in crate::report) fn goal_table(&self) -> Table {
        let period = self.order.period;
        let now = self.own(&self.span);
        let [before, last_year, to_date] = period.compared().map(|days| self.own_of(days));
        let columns = vec![
            Column::new("level", self.say("Nivå", "Level")),
            Column::new("outcome", self.say("Utfall", "Outcome")),
            Column::new("verdict", self.say("Bedömning", "Verdict")),
            Column::new("of", self.say("Antal", "Number")),
            Column::new("missed", self.say("Missade", "Missed")),
            Column::new("interval", self.say("Osäkerhet (95\u{a0}%)", "Interval (95\u{a0}%)")),
            Column::new("previous", period.previous().name()),
            Column::new("change", self.say("Ändring", "Change")),
            Column::new("a_year_before", period.a_year_before().name()),
            Column::new("year_to_date", self.say("Hittills i år", "Year to date")),
            Column::new("of_answered", self.say("Av besvarade", "Of answered")),
            Column::new("of_offered", self.say("Av alla inkomna", "Of all offered")),
        ];
        let is_small = self.order.audience == Audience::Public && self.order.department.is_some();
        let is_told = move |goal: &Measure| !is_small || is_told_of_departments(*goal);
        let measures = Measure::ALL.into_iter().filter(is_told);
        let row = |goal: Measure| {
            let count = now.count(goal);
            let share = count.share;
            let outcome = self.share(goal, share);
            let interval = match wilson(share) {
                Some((low, high)) if outcome.value().is_some() => Cell::Interval(low, high),
                Some(_) | None => outcome.clone(),
            };
            let of = match self.is_own_number_told(goal) {
                true => Cell::Count(share.of),
                false => Cell::Hidden,
            };
            let verdict = match outcome == Cell::Hidden {
                true => Cell::Hidden,
                false => Cell::text(self.verdict_words(goal, share)),
            };
            let over = |of: i64| match goal.direction() {
                Direction::AtLeast => self.share(goal, Share { met: share.met, of }),
                Direction::AtMost => Cell::None,
            };
            Row {
                id: goal.id().to_owned(),
                heading: self.name(goal),
                cells: vec![
                    Cell::text(self.level_words(goal.goal())),
                    outcome,
                    verdict,
                    of,
                    Cell::Count(goal.missed(share)),
                    interval,
                    self.share(goal, before.share(goal)),
                    self.change(goal, share, before.share(goal)),
                    self.share(goal, last_year.share(goal)),
                    self.share(goal, to_date.share(goal)),
                    over(count.of_answered),
                    over(count.of_offered),
                ],
            }
        };
        let mut table = Table {
            id: "goals",
            heading: self.say("Målen", "The goals"),
            rows_are: self.say("Mål", "Goal"),
            columns,
            rows: measures.map(row).chain(self.other_goal_rows()).collect(),
            notes: vec![self.say(
                "Utfallet avrundas aldrig så att ett missat mål ser uppfyllt ut.",
                "An outcome is never rounded so that a missed goal looks met.",
            )],
            drawing: Drawing::Nothing,
        };
        table.notes.extend(self.other_goal_notes());
        table.notes.extend(self.level_notes());
        if period.previous() == period.a_year_before() {
            table.leave_out("a_year_before");
        }
        match self.order.audience {
            Audience::Public => {
                table.keep(&GOALS_FOR_CITIZENS);
                if is_small {
                    table.notes.push(self.number_note());
                }
            }
            Audience::Internal => table.notes.push(self.say(
                "Osäkerheten är Wilsons intervall, endast som läshjälp: siffran är en totalräkning. \
                 Ändringar är i procentenheter.",
                "The interval is Wilson's and only an aid: the figure is a full count. Changes are \
                 in percentage points.",
            )),
        }
        table
    }

    /// Why goal 3 of a department has no number.
    fn number_note(&self) -> String {
        self.say(
            "Av en förvaltning visas antalet samtal för mål 2 men inte för mål 3: det som skiljer dem åt \
             kan vara så få samtal att de pekar ut någon.",
            "Of a department the number of calls is shown for goal 2 and not for goal 3: what they differ \
             by may be so few calls that they point at somebody.",
        )
    }

    /// The departments side by side.
    pub(in crate::report) fn department_table(&self) -> Table {
        let mut columns = Vec::new();
        for measure in COMPARED {
            let id = measure.id();
            // The goals' table, right above it, says what each of them is.
            let name = self.name(measure);
            let short = match name.split_once(':') {
                Some((number, _)) => number.replace(' ', "\u{a0}"),
                None => name,
            };
            columns.push(Column::new(id, short));
            columns.push(Column::new(format!("{id}_of"), self.say("antal", "number")));
            let verdict = self.say("bedömning", "verdict");
            columns.push(Column::new(format!("{id}_verdict"), verdict));
        }
        columns.extend(self.staffed_columns());
        let counted = self.span.departments.iter().filter(|(_, figures)| !figures.is_empty());
        let mut known: BTreeMap<Department, &Figures> = counted.map(|(at, of)| (*at, of)).collect();
        let nothing = Figures::default();
        for department in self.staffed_departments() {
            known.entry(department).or_insert(&nothing);
        }
        let departments: Vec<(Department, &Figures)> = known.into_iter().collect();
        let mut rows: Vec<Row> = departments
            .iter()
            .map(|(at, _)| Row {
                id: self.slug(*at).to_owned(),
                heading: self.engine.display_name(self.slug(*at)).to_owned(),
                cells: Vec::new(),
            })
            .collect();
        for measure in COMPARED {
            for (row, (at, figures)) in rows.iter_mut().zip(&departments) {
                let share = figures.share(measure);
                let (outcome, of) = match share.of {
                    0 => (Cell::None, Cell::None),
                    _ if self.is_withheld(measure, *at) => (Cell::Hidden, Cell::Hidden),
                    _ if self.is_number_withheld(measure, *at) => {
                        (self.share(measure, share), Cell::Hidden)
                    }
                    of => (self.share(measure, share), Cell::Count(of)),
                };
                let verdict = match outcome.value() {
                    Some(_) => Cell::text(self.verdict_words(measure, share)),
                    None => outcome.clone(),
                };
                row.cells.extend([outcome, of, verdict]);
            }
        }
        for (row, (at, _)) in rows.iter_mut().zip(&departments) {
            row.cells.extend(self.staffed_cells(*at));
        }
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        let mut table = Table {
            id: "departments",
            heading: self.say("Förvaltningarna", "The departments"),
            rows_are: self.say("Förvaltning", "Department"),
            columns,
            rows,
            notes: Vec::new(),
            drawing: Drawing::Nothing,
        };
        if self.order.audience == Audience::Public {
            for measure in COMPARED.into_iter().filter(|measure| !is_number_told(*measure)) {
                table.leave_out(&format!("{}_of", measure.id()));
            }
            table.notes.push(self.number_note());
        }
        table
    }
}

/// Wilson's interval of a share, 95 %.
fn wilson(share: Share) -> Option<(f64, f64)> {
    let ratio = share.ratio()?;
    let (n, z2) = (share.of as f64, WILSON_Z * WILSON_Z);
    let centre = (ratio + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = WILSON_Z / (1.0 + z2 / n) * (ratio * (1.0 - ratio) / n + z2 / (4.0 * n * n)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

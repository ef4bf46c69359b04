//! Which half-hours of which weekdays are hard: tables of the queues, drawn darker where the value
//! is higher.

use super::super::figures::waits;
use super::super::sheet::Sheet;
use super::super::sums::{HALF_HOURS, Week};
use super::super::table::{Cell, Column, Drawing, Row, Table};
use crate::domain::calendar::{Weekday, Zone};
use crate::domain::cell::queued;
use crate::domain::contact::stay::Disposition;
use crate::domain::tally::{Tally, code};
use crate::domain::units::{Millis, Share};

impl Sheet<'_> {
    /// Weekday by half-hour, in queues: how long nine of ten waited at most, and how many gave up.
    pub(in crate::report) fn heat_tables(&self) -> [Table; 2] {
        let heat = self.sums.heat(self.order.period.span());
        let none = Week::new();
        let tallies = heat.week(self.order.department).unwrap_or(&none);
        let weekdays: Vec<Weekday> = Weekday::ALL
            .into_iter()
            .filter(|weekday| tallies.keys().any(|(_, of)| of == weekday))
            .collect();
        let columns: Vec<Column> = weekdays
            .iter()
            .map(|day| Column::new(day.english(), self.weekday_name(*day)))
            .collect();
        let table = |id, heading, value: &dyn Fn(&Tally) -> Cell| {
            let rows = (0..HALF_HOURS).filter_map(|half_hour| {
                let cell = |weekday: &Weekday| tallies.get(&(half_hour, *weekday)).map(value);
                let cells: Vec<Option<Cell>> = weekdays.iter().map(cell).collect();
                let name = format!("{:02}:{:02}", half_hour / 2, half_hour % 2 * 30);
                cells.iter().any(Option::is_some).then(|| Row {
                    id: name.clone(),
                    heading: name,
                    cells: cells.into_iter().map(|cell| cell.unwrap_or(Cell::None)).collect(),
                })
            });
            Table {
                id,
                heading,
                rows_are: self.say("Från klockan", "From"),
                columns: columns.clone(),
                rows: rows.collect(),
                notes: self.quarters_let_go().into_iter().collect(),
                drawing: Drawing::Heat,
            }
        };
        let wait = |tally: &Tally| Cell::wait(ninth_wait(tally));
        let lost = |tally: &Tally| match lost(tally) {
            Share { of: ..=0, .. } => Cell::None,
            share => Cell::Share(share, None, self.order.audience.precision()),
        };
        [
            table(
                "wait_by_half_hour",
                self.say("Väntetid i kö: nio av tio väntade högst", "Nine of ten waited at most"),
                &wait,
            ),
            table(
                "lost_by_half_hour",
                self.say("Andel förlorade i kö", "Share lost in the queue"),
                &lost,
            ),
        ]
    }

    /// From when quarter-hours are kept, where that is not the whole period.
    fn quarters_let_go(&self) -> Option<String> {
        let zone = Zone::stockholm();
        let kept_from = self.engine.board().cells().quarters_from().start();
        let (first, ..) = self.engine.board().cells().days().next()?;
        let from = self.order.period.span().0.max(first);
        (zone.day_start(from) < kept_from).then(|| {
            let local = zone.rfc3339(kept_from);
            format!(
                "{} {} {}.",
                self.say(
                    "Kvartstimmar finns kvar och är räknade här från",
                    "Quarter-hours are kept and counted here from"
                ),
                &local[..10],
                &local[11..16]
            )
        })
    }

    fn weekday_name(&self, weekday: Weekday) -> String {
        self.say(weekday.name(), weekday.english())
    }
}

/// How long nine of ten waited in the queue at most.
pub(in crate::report) fn ninth_wait(tally: &Tally) -> Option<Millis> {
    let kinds = [code::WAITS_ANSWERED, code::WAITS_ABANDONED, code::WAITS_OTHER];
    waits(tally, &kinds, [0.9]).map(|[wait]| wait)
}

/// Those who gave up in the queue, short abandons left out.
pub(in crate::report) fn lost(tally: &Tally) -> Share {
    let short = tally.get(code::SHORT_ABANDONED);
    Share { met: tally.stays(Disposition::Abandoned) - short, of: queued(tally) - short }
}

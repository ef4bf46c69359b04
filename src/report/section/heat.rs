//! Which half-hours of which weekdays are hard: tables of the queues, drawn darker where the value
//! is higher.

use std::collections::BTreeMap;

use super::super::figures::waits;
use super::super::sheet::Sheet;
use super::super::table::{Cell, Column, Drawing, Row, Table};
use crate::domain::calendar::{Weekday, Zone};
use crate::domain::cell::queued;
use crate::domain::contact::stay::Disposition;
use crate::domain::tally::{Tally, code};
use crate::domain::units::{Millis, Quarter, Share, Timestamp};

/// Half-hours of a day.
const HALF_HOURS: usize = 48;

impl Sheet<'_> {
    /// Weekday by half-hour, in queues: how long nine of ten waited at most, and how many gave up.
    pub(in crate::report) fn heat_tables(&self) -> [Table; 2] {
        let zone = Zone::stockholm();
        let (from, end) = self.order.period.span();
        let until = zone.day_start(end).minus(Millis(1)).quarter();
        let cells = self.engine.board().cells();
        let mut tallies: BTreeMap<(usize, Weekday), Tally> = BTreeMap::new();
        let until = Quarter(until.0 + 1);
        for (key, tally) in cells.quarters_in(zone.day_start(from).quarter(), until) {
            let is_ours = self.order.department.is_none_or(|own| own == key.line.department);
            if is_ours && key.line.queue.is_some() && !key.line.outside_hours {
                let (half_hour, weekday) = half_hour(key.quarter.start());
                tallies.entry((half_hour, weekday)).or_default().merge(tally);
            }
        }
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
                notes: Vec::new(),
                drawing: Drawing::Heat,
            }
        };
        let wait = |tally: &Tally| {
            let kinds = [code::WAITS_ANSWERED, code::WAITS_ABANDONED, code::WAITS_OTHER];
            Cell::wait(waits(tally, &kinds, [0.9]).map(|[wait]| wait))
        };
        let lost = |tally: &Tally| {
            let short = tally.get(code::SHORT_ABANDONED);
            let met = tally.stays(Disposition::Abandoned) - short;
            let share = Share { met, of: queued(tally) - short };
            match share.of {
                ..=0 => Cell::None,
                _ => Cell::Share(share, None, self.order.audience.precision()),
            }
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

    fn weekday_name(&self, weekday: Weekday) -> String {
        self.say(weekday.name(), weekday.english())
    }
}

/// The half-hour by the clock on the wall, and the weekday.
fn half_hour(at: Timestamp) -> (usize, Weekday) {
    let zone = Zone::stockholm();
    let day = zone.day_of(at);
    let local = at.0 + i64::from(zone.offset_seconds(at)) * 1_000;
    ((local.rem_euclid(86_400_000) / 1_800_000) as usize, day.weekday())
}

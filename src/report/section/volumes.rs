//! How many calls there were, what became of them, how long they waited, and how it went day by day.

use std::collections::BTreeMap;

use super::super::figures::Place;
use super::super::sheet::{JUDGED, Sheet};
use super::super::table::{Audience, Cell, Column, Drawing, Row, Table};
use super::super::withhold::TOGETHER_MIN;
use crate::domain::calendar::{Day, WorkingDays, Zone};
use crate::domain::contact::stay::Disposition;

impl Sheet<'_> {
    /// How many calls, what became of them, and how long they waited.
    pub(in crate::report) fn volume_table(&self) -> Table {
        let columns = vec![
            Column::new("offered", self.say("Inkomna", "Offered")),
            Column::new("per_working_day", self.say("Per arbetsdag", "Per working day")),
            Column::new("answered", self.say("Besvarade", "Answered")),
            Column::new("abandoned", self.say("Förlorade", "Abandoned")),
            Column::new("short_abandoned", self.say("Därav korta avbrott", "Of them short")),
            Column::new("otherwise", self.say("Slutade på annat sätt", "Ended otherwise")),
            Column::new("turned_away", self.say("Avvisade eller stängt", "Turned away")),
            Column::new("outside_hours", self.say("Utanför öppettid", "Outside hours")),
            Column::new("machine", self.say("Först mötta av maskin", "First met by a machine")),
            Column::new("mean_wait", self.say("Medelsvarstid", "Average speed of answer")),
            Column::new("p50_wait", self.say("Median", "Median")),
            Column::new("p90_wait", self.say("90 % inom", "90 % within")),
            Column::new("longest_wait", self.say("Längst", "Longest")),
        ];
        let figures = self.own(&self.span);
        let last = Zone::stockholm().day_of(self.known_until);
        let first = self.first_day().unwrap_or(last);
        let days = self.order.period.days().filter(|day| first <= *day && *day <= last);
        let working = days.filter(|day| WorkingDays::is_working_day(*day)).count() as i64;
        let row = |id: &str, heading: String, place: &Place| {
            let stays = |disposition| place.stays(disposition);
            let (answered, abandoned) =
                (stays(Disposition::Answered), stays(Disposition::Abandoned));
            let per_day = (working > 0).then(|| (20 * place.offered() + working) / (2 * working));
            let waits = place.answer_waits();
            let wait = |at: usize| Cell::wait(waits.map(|waits| waits[at]));
            Row {
                id: id.to_owned(),
                heading,
                cells: vec![
                    Cell::Count(place.offered()),
                    per_day.map_or(Cell::None, Cell::Tenths),
                    Cell::Count(answered),
                    Cell::Count(abandoned),
                    Cell::Count(place.short_abandoned()),
                    Cell::Count(place.queued() - answered - abandoned),
                    Cell::Count(place.offered() - place.queued()),
                    Cell::Count(place.outside_hours()),
                    Cell::Count(place.met_by_machine()),
                    Cell::wait(place.mean_answer_wait()),
                    wait(0),
                    wait(1),
                    wait(2),
                ],
            }
        };
        let places = [
            ("switchboard", self.say("Växeln", "Switchboard"), &figures.switchboard),
            ("queue", self.say("Kundtjänst", "Customer service"), &figures.queue),
        ];
        Table {
            id: "volumes",
            heading: self.say("Samtal och väntetider", "Calls and waits"),
            rows_are: self.say("Plats", "Place"),
            columns,
            rows: places
                .into_iter()
                .filter(|(_, _, place)| place.offered() > 0 && self.is_enough(place.offered()))
                .map(|(id, heading, place)| row(id, heading, place))
                .collect(),
            notes: vec![self.say(
                "Väntetider i minuter:sekunder, av besvarade samtal; percentiler ur \
                 sammanslagna histogram.",
                "Waits in minutes:seconds, of answered calls; percentiles from merged histograms.",
            )],
            drawing: Drawing::Nothing,
        }
    }

    /// Whether so many calls of the municipality together may be told: of few it is told nowhere how
    /// many each department had.
    fn is_enough(&self, calls: i64) -> bool {
        self.order.audience == Audience::Internal || calls >= TOGETHER_MIN
    }

    /// Day by day up to a month, else month by month.
    pub(in crate::report) fn course_table(&self) -> Table {
        let (from, end) = self.order.period.span();
        let by_month = end.0 - from.0 > 31;
        let mut spans: BTreeMap<String, (Day, Day)> = BTreeMap::new();
        for day in from.until(end) {
            let name = if by_month { day.month().to_string() } else { day.to_string() };
            spans.entry(name).or_insert((day, day)).1 = day.next();
        }
        let mut columns = vec![Column::new("offered", self.say("Inkomna", "Offered"))];
        columns.extend(JUDGED.map(|goal| Column::new(goal.id(), self.name(goal))));
        let rows = spans.into_iter().filter_map(|(name, span)| {
            let figures = self.own_of(span);
            let offered = figures.switchboard.offered() + figures.queue.offered();
            let mut cells = vec![match self.is_enough(offered) {
                true => Cell::Count(offered),
                false => Cell::Hidden,
            }];
            cells.extend(JUDGED.map(|goal| self.share(goal, figures.share(goal))));
            (offered > 0).then(|| Row { id: name.clone(), heading: name, cells })
        });
        Table {
            id: "course",
            heading: match by_month {
                true => self.say("Månad för månad", "Month by month"),
                false => self.say("Dag för dag", "Day by day"),
            },
            rows_are: match by_month {
                true => self.say("Månad", "Month"),
                false => self.say("Dag", "Day"),
            },
            columns,
            rows: rows.collect(),
            notes: Vec::new(),
            drawing: Drawing::Lines,
        }
    }
}

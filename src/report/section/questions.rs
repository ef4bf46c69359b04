//! Questions by e-mail and e-service: how many came, how they were answered, and what is still open.

use super::super::figures::Measure;
use super::super::sheet::Sheet;
use super::super::table::{Cell, Column, Drawing, Row, Table};
use crate::domain::calendar::Zone;
use crate::domain::event::Channel;
use crate::domain::snapshot::Awaiting;
use crate::domain::tally::{Code, code};
use crate::domain::units::Share;

/// Milliseconds of a tenth of an hour.
const TENTH_OF_HOUR: i64 = 360_000;

impl Sheet<'_> {
    /// The period's questions by channel, and together; `None` where none came.
    pub(in crate::report) fn question_table(&self) -> Option<Table> {
        let figures = self.own(&self.span);
        let awaiting = self.awaiting();
        let level = self.level(Measure::Questions);
        let row = |id: &str, heading: String, channels: &[Channel], worked: Cell| {
            let sum = |beside: Code| -> i64 {
                let of = |channel: &Channel| {
                    code::QUESTION + code::QUESTION_STRIDE * *channel as Code + beside
                };
                channels.iter().map(|channel| figures.switchboard.count(of(channel))).sum()
            };
            let mut open = Awaiting::default();
            channels.iter().for_each(|channel| open.merge(&awaiting[*channel as usize]));
            let received = sum(0);
            let decided = received - (open.open - open.overdue);
            let share = Share { met: sum(code::QUESTION_WITHIN), of: decided };
            (received > 0).then(|| Row {
                id: id.to_owned(),
                heading,
                cells: vec![
                    Cell::Count(received),
                    Cell::Count(sum(code::QUESTION_ANSWERED)),
                    match share.of {
                        ..=0 => Cell::None,
                        _ => Cell::Share(share, level, self.order.audience.precision()),
                    },
                    Cell::Count(open.open),
                    Cell::Count(open.overdue),
                    worked,
                ],
            })
        };
        let answered: i64 = Channel::ALL
            .into_iter()
            .map(|channel| {
                let of = code::QUESTION + code::QUESTION_STRIDE * channel as Code;
                figures.switchboard.count(of + code::QUESTION_ANSWERED)
            })
            .sum();
        let worked = figures.switchboard.count(code::WORKED_MS);
        let mean = match answered {
            ..=0 => Cell::None,
            of => {
                Cell::Tenths((2 * worked + of * TENTH_OF_HOUR).div_euclid(2 * of * TENTH_OF_HOUR))
            }
        };
        let mut rows: Vec<Row> = Channel::ALL
            .into_iter()
            .filter_map(|channel| {
                let heading = match channel {
                    Channel::Email => self.say("E-post", "E-mail"),
                    Channel::EService => self.say("E-tjänst", "E-service"),
                    Channel::Other => self.say("Annan väg", "Another way"),
                };
                row(channel.name(), heading, &[channel], Cell::None)
            })
            .collect();
        rows.push(row("all", self.say("Alla", "All"), &Channel::ALL, mean)?);
        Some(Table {
            id: "questions",
            heading: self.say("Frågor via e-post och e-tjänst", "Questions by e-mail and e-service"),
            rows_are: self.say("Väg in", "Channel"),
            columns: vec![
                Column::new("received", self.say("Inkomna", "Received")),
                Column::new("answered", self.say("Besvarade", "Answered")),
                Column::new("within", self.say("I tid", "In time")),
                Column::new("open", self.say("Öppna", "Open")),
                Column::new("overdue", self.say("Därav försenade", "Of them overdue")),
                Column::new(
                    "mean_working_hours",
                    self.say("Arbetstimmar till svar", "Working hours to the reply"),
                ),
            ],
            rows,
            notes: vec![self.say(
                "Frågorna räknas i den period då de kom. Öppna är de som vid den senaste händelsen \
                 inte hade fått svar av en människa. Arbetstimmar är i medeltal, måndag till fredag \
                 klockan 8–16.",
                "Questions count in the period in which they came. Open are those that had no reply \
                 by a person at the latest event. Working hours are a mean, Monday to Friday from 8 \
                 to 16.",
            )],
            drawing: Drawing::Nothing,
        })
    }

    /// The period's questions that await a reply, by channel.
    fn awaiting(&self) -> [Awaiting; Channel::ALL.len()] {
        let zone = Zone::stockholm();
        let (from, end) = self.order.period.span();
        let mut awaiting = [Awaiting::default(); Channel::ALL.len()];
        for question in self.engine.board().questions() {
            let day = zone.day_of(question.received_at);
            let is_own = self.order.department.is_none_or(|own| own == question.department);
            if is_own && from <= day && day < end {
                awaiting[question.channel as usize].count(question, self.known_until);
            }
        }
        awaiting
    }
}

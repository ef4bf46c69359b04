//! A municipality that rings, and the exact figures it must give.
//!
//! The simulator is the independent oracle of the program: it shares no code with the rooms that
//! compute the figures (`domain`, `engine`, `wire`, `config`), has its own calendar, and counts its
//! own events by a naive reading of the definitions. It is pure: parameters in, records out, no
//! clock, no files. The same seed and parameters give the same bytes.
//!
//! ```text
//! demand → day (operators, desk) → faults → records in order of arrival
//!                                       └→ recount → truth
//! ```

mod agenda;
mod calendar;
mod caller;
mod chance;
mod day;
mod demand;
mod desk;
mod event;
mod faults;
mod municipality;
mod questions;
mod recount;
mod staffing;
mod station;
mod truth;
mod ways;

#[cfg(test)]
mod tests;

use std::ops::Range;

use jiff::civil::Date;

pub use municipality::{Department, Parameters, ParametersError, departments};
pub use station::erlang_a;
pub use truth::{Goal, GoalId, LIMITS, Rejected, Row, RowKey, Truth, Waits, Within};

use chance::Chance;
use day::Comeback;
use event::{Event, NONE, Source, What};
use faults::Delivery;
use municipality::Municipality;

/// Purpose of the streams of chance of this file.
const RESTARTS: u64 = 50;
const HEARTBEAT_MS: i64 = 15 * 60_000;

/// One record as a telephone system delivers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it arrives, UTC milliseconds by the true clock (not the source's).
    pub arrival_ms: i64,
    /// The contact, for `agent.state` the agent; empty when it goes to every partition.
    pub key: String,
    /// A canonical event (DOMAIN 5.1) as one line of JSON, without line end.
    pub payload: String,
    /// Whether it is written to every partition (`system.*`).
    pub every_partition: bool,
}

/// The records of a municipality in order of arrival, made one day at a time; memory holds the
/// events of one day and the few that arrive later.
#[derive(Debug)]
pub struct Simulation {
    city: Municipality,
    date: Date,
    /// Not yet due, in order of arrival.
    later: Vec<Delivery>,
    due: std::vec::IntoIter<Delivery>,
    comebacks: Vec<Comeback>,
    truth: Truth,
}

impl Simulation {
    /// A municipality before its first day.
    ///
    /// # Errors
    /// A parameter that cannot be simulated.
    pub fn new(parameters: Parameters) -> Result<Self, ParametersError> {
        let city = Municipality::new(parameters)?;
        let truth = Truth::new(city.parameters.clone(), city.names.clone(), city.calendar.clone());
        Ok(Simulation {
            date: city.parameters.from,
            city,
            later: Vec::new(),
            due: Vec::new().into_iter(),
            comebacks: Vec::new(),
            truth,
        })
    }

    /// The exact figures of the whole period. Records not yet taken count as delivered.
    #[must_use]
    pub fn into_truth(mut self) -> Truth {
        while self.date < self.city.parameters.to {
            self.live();
        }
        self.truth.finish();
        self.truth
    }

    /// Lives through the next day and finds what is due before the day after.
    fn live(&mut self) {
        let (city, date) = (&self.city, self.date);
        let restarts = restarts(city, date);
        let outcome = day::simulate(city, date, std::mem::take(&mut self.comebacks), &restarts);
        self.comebacks = outcome.comebacks;
        let mut events = outcome.events;
        if city.parameters.questions {
            events.extend(questions::simulate(city, date, number(&events)));
        }
        let stop = city.calendar.midnight(city.parameters.to);
        events.retain(|event| event.time < stop || is_heard_to_its_end(event.what));
        let next_date = calendar::next(date);
        let until = city.calendar.midnight(next_date);
        let day = i32::try_from(calendar::day_number(date)).expect("within two centuries");
        system(&mut events, day, city.calendar.midnight(date)..until, &restarts);
        let parameters = &city.parameters;
        let deliveries = faults::deliver(parameters.seed, parameters.faults, date, events);
        count(&mut self.truth, &deliveries);
        self.later.extend(deliveries);
        self.later.sort_unstable_by_key(|delivery| {
            (delivery.arrives, delivery.event.day, delivery.event.number, delivery.repeat)
        });
        let is_last = next_date >= parameters.to;
        let due = self.later.partition_point(|delivery| is_last || delivery.arrives < until);
        let later = self.later.split_off(due);
        self.due = std::mem::replace(&mut self.later, later).into_iter();
        self.date = next_date;
    }
}

impl Iterator for Simulation {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while self.due.as_slice().is_empty() && self.date < self.city.parameters.to {
            self.live();
        }
        let Delivery { arrives, event, .. } = self.due.next()?;
        Some(Record {
            arrival_ms: arrives,
            key: event::key(&event),
            payload: event::payload(&event, &self.city.names),
            every_partition: matches!(event.what, What::Started | What::Heartbeat),
        })
    }
}

/// The next free number of an event.
fn number(events: &[Event]) -> u32 {
    u32::try_from(events.len()).expect("a day has fewer than 4 G events")
}

/// Callbacks and questions outlive a call by days; the recording stops before that.
fn is_heard_to_its_end(what: What) -> bool {
    !matches!(
        what,
        What::Callback { .. }
            | What::QuestionReceived
            | What::QuestionReplied { .. }
            | What::QuestionClosed
            | What::Settled { .. }
    )
}

/// What the systems say of themselves within a span of time.
fn system(events: &mut Vec<Event>, day: i32, span: Range<i64>, restarts: &[(Source, i64)]) {
    let mut first = events.iter().map(|event| event.number + 1).max().unwrap_or(0);
    let mut write = |time, source, what| {
        events.push(Event {
            time,
            number: first,
            day,
            contact: 0,
            department: NONE,
            queue: NONE,
            segment: 0,
            source,
            what,
        });
        first += 1;
    };
    let mut at = span.start;
    while at < span.end {
        for source in Source::ALL {
            write(at, source, What::Heartbeat);
        }
        at += HEARTBEAT_MS;
    }
    for &(source, at) in restarts {
        write(at, source, What::Started);
    }
}

/// The restarts of a day. They fall into the quiet hour of noon, on Monday to Friday; two of three
/// are of the queues.
fn restarts(city: &Municipality, date: Date) -> Vec<(Source, i64)> {
    // Day 4 was a Monday.
    let week = (calendar::day_number(date) - 4).div_euclid(7);
    let mut chance = Chance::new(city.parameters.seed, RESTARTS, week);
    let mut restarts = Vec::new();
    for _ in 0..city.parameters.restarts_per_week {
        let weekday = chance.below(5);
        let source = if chance.happens(0.67) { Source::Queues } else { Source::Switchboard };
        let at = city.calendar.at(date, 11, 30) + (chance.unit() * 3_600_000.0) as i64;
        if weekday == calendar::weekday(date) {
            restarts.push((source, at));
        }
    }
    restarts
}

/// Tells the truth what was delivered, contact by contact.
fn count(truth: &mut Truth, deliveries: &[Delivery]) {
    let mut heard: Vec<Event> = Vec::with_capacity(deliveries.len());
    for delivery in deliveries.iter().filter(|delivery| !delivery.repeat) {
        truth.hear(&delivery.event);
        if delivery.event.segment != 0 {
            heard.push(delivery.event);
        }
    }
    let of_question = |event: &Event| {
        matches!(
            event.what,
            What::QuestionReceived
                | What::QuestionReplied { .. }
                | What::QuestionClosed
                | What::Settled { .. }
        )
    };
    let told = deliveries.iter().filter(|delivery| !delivery.repeat).map(|one| one.event);
    let mut questions: Vec<Event> = told.filter(of_question).collect();
    questions.sort_unstable_by_key(|event| event.contact);
    for question in questions.chunk_by(|left, right| left.contact == right.contact) {
        truth.question(question);
    }
    heard.sort_unstable_by_key(|event| (event.contact, event.time, event.number));
    for contact in heard.chunk_by(|left, right| left.contact == right.contact) {
        truth.contact(contact);
    }
}

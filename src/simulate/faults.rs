//! What goes wrong between the telephone systems and the log: wrong clocks, and records that come
//! late, twice, out of order or not at all (DOMAIN section 6, data faults).

use super::calendar::day_number;
use super::chance::{Chance, scramble};
use super::event::{Event, Source, What};
use jiff::civil::Date;

const REPEATED: f64 = 0.005;
const LATE: f64 = 0.01;
const LOST_ENDS: f64 = 0.003;
const OUT_OF_ORDER: f64 = 0.10;

const FAULTS: u64 = 30;
const CLOCKS: u64 = 31;
const WEEK_MS: i64 = 7 * 86_400_000;

/// An event on its way: stamped by its source's clock, and when it arrives by the true one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    pub(super) arrives: i64,
    pub(super) event: Event,
    /// The second copy of a record.
    pub(super) repeat: bool,
}

/// How far a source's clock is ahead, milliseconds, at most two seconds either way. It keeps an
/// error of its own and takes a step once a week at a moment of its own.
pub(super) fn clock_error(seed: u64, source: Source, at: i64) -> i64 {
    let uniform = |number: i64, width: i64| {
        let mixed = scramble(seed ^ scramble(CLOCKS + source as u64) ^ number.cast_unsigned());
        i64::try_from(mixed % (2 * width as u64 + 1)).expect("small") - width
    };
    let moment_of_step = uniform(-1, WEEK_MS / 2);
    let week = (at + moment_of_step).div_euclid(WEEK_MS);
    uniform(-2, 1_200) + uniform(week, 800)
}

/// Stamps and delivers the events of a day; without faults each at its true time.
pub(super) fn deliver(seed: u64, faults: bool, date: Date, events: Vec<Event>) -> Vec<Delivery> {
    if !faults {
        let whole = |event: Event| Delivery { arrives: event.time, event, repeat: false };
        return events.into_iter().map(whole).collect();
    }
    let mut chance = Chance::new(seed, FAULTS, day_number(date));
    let mut deliveries = Vec::with_capacity(events.len() + events.len() / 100);
    for mut event in events {
        if matches!(event.what, What::Ended { .. }) && chance.happens(LOST_ENDS) {
            continue;
        }
        let way = if chance.happens(LATE) {
            chance.between(5_000.0, 7_200_000.0)
        } else if chance.happens(OUT_OF_ORDER) {
            chance.between(0.0, 5_000.0)
        } else {
            chance.between(5.0, 60.0)
        };
        let arrives = event.time + way as i64;
        event.time += clock_error(seed, event.source, event.time);
        deliveries.push(Delivery { arrives, event, repeat: false });
        if chance.happens(REPEATED) {
            let after = if chance.happens(0.1) { 3_600_000.0 } else { 30_000.0 };
            let arrives = arrives + 1 + chance.between(0.0, after) as i64;
            deliveries.push(Delivery { arrives, event, repeat: true });
        }
    }
    deliveries
}

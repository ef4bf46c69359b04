//! Questions by e-mail: a tenth as many as calls, a quarter of them outside hours; and a third as many
//! that are put at a visit or by post.

use jiff::civil::Date;

use super::calendar::{day_number, is_working_day};
use super::chance::Chance;
use super::day::HOUR;
use super::demand;
use super::event::{Escalation, Event, NONE, Source, What};
use super::municipality::{CALLS_A_DAY, Municipality};

const QUESTIONS: u64 = 20;

/// The questions that arrive on a day and what becomes of them, numbered from `first` on.
pub(super) fn simulate(city: &Municipality, date: Date, first: u32) -> Vec<Event> {
    let day = i32::try_from(day_number(date)).expect("within two centuries");
    let mut chance = Chance::new(city.parameters.seed, QUESTIONS, i64::from(day));
    let mean = CALLS_A_DAY * city.parameters.scale * if is_working_day(date) { 0.1 } else { 0.01 };
    let opens = city.calendar.at(date, 7, 30);
    let midnight = city.calendar.midnight(date);
    let mut events: Vec<Event> = Vec::new();
    let mut contact = 0;
    let mut spent = chance.exponential(1.0);
    while spent < mean {
        spent += chance.exponential(1.0);
        let received = if chance.happens(0.25) {
            midnight + chance.below(7) as i64 * HOUR + chance.below(3_600_000) as i64
        } else {
            opens + chance.below(9 * 3_600_000) as i64
        };
        let department = demand::department(city, &mut chance);
        contact += 1;
        let mut write = |time, what| {
            let number = first + u32::try_from(events.len()).expect("few");
            let source = Source::Queues;
            let (queue, segment) = (NONE, 0);
            let event =
                Event { time, number, day, contact, department, queue, segment, source, what };
            events.push(event);
        };
        write(received, What::QuestionReceived);
        let fate = chance.unit();
        // 3 % get nothing, 8 % only ever the receipt.
        if (0.03..0.60).contains(&fate) {
            write(received + 5_000, What::QuestionReplied { human: false });
        }
        if fate >= 0.11 {
            let reply = working(city, received, chance.lognormal(3.0, 1.3));
            write(reply, What::QuestionReplied { human: true });
            write(reply + 60_000, What::QuestionClosed);
            // Of three in four it is said where they were settled; one of five went on.
            let outcome = (fate < 0.27).then_some(match contact % 4 {
                0 => Escalation::TakesOver,
                1 => Escalation::WillCallBack,
                2 => Escalation::AskedToCallLater,
                _ => Escalation::Other,
            });
            if fate < 0.8 {
                write(reply + 30_000, What::Settled { in_person: false, outcome });
            }
        }
        if contact % 3 == 0 {
            let outcome = (fate > 0.8).then_some(Escalation::WillCallBack);
            write(received + HOUR, What::Settled { in_person: true, outcome });
        }
    }
    events
}

/// So many working hours after a moment.
fn working(city: &Municipality, from: i64, hours: f64) -> i64 {
    let mut left = (hours.min(400.0) * HOUR as f64) as i64;
    let mut date = city.calendar.local_date(from);
    loop {
        if let Some((opens, closes)) = city.calendar.hours(date) {
            let start = from.max(opens);
            let room = (closes - start).max(0);
            if left < room {
                return start + left;
            }
            left -= room;
        }
        date = super::calendar::next(date);
    }
}

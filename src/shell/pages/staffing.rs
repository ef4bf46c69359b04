//! Whether one department's number was staffed today, as a timeline to the present minute.
//!
//! What is drawn tells how many were there and never who, and that more than two were there is told
//! as several.

use std::collections::BTreeMap;

use super::chart::{Lane, Lanes};
use super::figure::Figure;
use super::form;
use super::view::{View, time_of_day};
use crate::domain::coverage::{Staffed, StaffedDay, Stretch};
use crate::domain::snapshot::DepartmentView;
use crate::domain::units::{Millis, Timestamp};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Bars nearer to each other than this are drawn as one.
const SEEN: i64 = MINUTE / 2;

/// In the order in which they are told.
const STATES: [Staffed; 4] = [Staffed::More, Staffed::One, Staffed::Nobody, Staffed::Unknown];

/// Today's timeline with its numbers, hour by hour.
pub(super) fn figure(view: &View<'_>, place: &DepartmentView) -> Figure {
    let say = |swedish, english| view.locale.say(swedish, english);
    let title = say("Bemannat nummer i dag", "Whether the number is staffed today");
    // By whole minutes, so that what is sent to readers changes once a minute.
    let now = Timestamp(view.snapshot.now.0.div_euclid(MINUTE) * MINUTE);
    let none = StaffedDay::default();
    let day = place.staffed.as_deref();
    let nothing = match day {
        None => Some(say(
            "Ingen källa har berättat om inloggade.",
            "No source has told of who is logged in.",
        )),
        Some(day) if day.hours.is_empty() => Some(say(
            "I dag behöver numret inte vara bemannat.",
            "The number need not be staffed today.",
        )),
        Some(day) if until(day, now).is_empty() => {
            Some(say("Numret har inte öppnat ännu i dag.", "The number has not opened yet today."))
        }
        Some(_) => None,
    };
    let day = day.filter(|_| nothing.is_none()).unwrap_or(&none);
    let course = until(day, now);
    let told = told(view, &course);
    Figure {
        id: "staffing",
        title: title.to_owned(),
        svg: if nothing.is_some() { String::new() } else { svg(view, day, &course, now, &told) },
        told: Some(told),
        key: Vec::new(),
        numbers: say("Siffrorna i en tabell", "The numbers in a table"),
        heads: std::iter::once(say("Från klockan", "From"))
            .chain(STATES.map(|state| name(view, state)))
            .map(str::to_owned)
            .collect(),
        rows: hours(&course),
        nothing,
    }
}

/// What has been, cut to a whole minute.
fn until(day: &StaffedDay, now: Timestamp) -> Vec<(Stretch, Staffed)> {
    let cut = day.course.iter().map(|((from, until), state)| ((*from, (*until).min(now)), *state));
    cut.filter(|((from, until), _)| from < until).collect()
}

fn name(view: &View<'_>, state: Staffed) -> &'static str {
    match state {
        Staffed::More => view.locale.say("Två eller fler", "Two or more"),
        Staffed::One => view.locale.say("En person", "One person"),
        Staffed::Nobody => view.locale.say("Obemannat", "Unstaffed"),
        Staffed::Unknown => view.locale.say("Uppgift saknas", "No data"),
    }
}

fn class(state: Staffed) -> &'static str {
    match state {
        Staffed::More => "several",
        Staffed::One => "one",
        Staffed::Nobody => "nobody",
        Staffed::Unknown => "unknown",
    }
}

fn length(course: &[(Stretch, Staffed)], state: Staffed) -> Millis {
    let of_state = course.iter().filter(|(_, of)| *of == state);
    Millis(of_state.map(|((from, until), _)| until.since(*from).0).sum())
}

/// The longest stretch without anybody; of equal ones the first.
fn longest_gap(course: &[(Stretch, Staffed)]) -> Option<Stretch> {
    let gaps = course.iter().filter(|(_, of)| *of == Staffed::Nobody).map(|(gap, _)| *gap);
    gaps.max_by_key(|(from, until)| (until.since(*from), std::cmp::Reverse(*from)))
}

fn told(view: &View<'_>, course: &[(Stretch, Staffed)]) -> String {
    let say = |swedish, english| view.locale.say(swedish, english);
    match longest_gap(course) {
        Some((from, until)) => format!(
            "{} {} {}. {} {}, {} {}.",
            say("Obemannat", "Unstaffed for"),
            form::hours(length(course, Staffed::Nobody)),
            say("i dag", "today"),
            say("Längsta glappet", "The longest gap"),
            form::hours(until.since(from)),
            say("från klockan", "from"),
            clock(from)
        ),
        None if length(course, Staffed::Unknown).0 > 0 => say(
            "Inget känt glapp i dag, men för en del av tiden saknas uppgift.",
            "No known gap today, but there is no data for a part of the time.",
        )
        .to_owned(),
        None => say("Bemannat hela tiden hittills i dag.", "Staffed all the time today so far.")
            .to_owned(),
    }
}

fn clock(at: Timestamp) -> String {
    time_of_day(at)[..5].to_owned()
}

fn svg(
    view: &View<'_>,
    day: &StaffedDay,
    course: &[(Stretch, Staffed)],
    now: Timestamp,
    told: &str,
) -> String {
    let (Some(first), Some(last)) = (day.hours.first(), day.hours.last()) else {
        return String::new();
    };
    let begin = first.0.0.div_euclid(HOUR) * HOUR;
    let end = -(-last.1.0).div_euclid(HOUR) * HOUR;
    let minutes = |at: Timestamp| (at.0 - begin) as f64 / MINUTE as f64;
    let lanes = STATES.map(|state| {
        let mut bars: Vec<Stretch> = Vec::new();
        for (stretch, _) in course.iter().filter(|(_, of)| *of == state) {
            match bars.last_mut() {
                Some(last) if stretch.0.since(last.1).0 < SEEN => last.1 = stretch.1,
                Some(_) | None => bars.push(*stretch),
            }
        }
        Lane {
            class: class(state),
            name: name(view, state).to_owned(),
            length: form::hours(length(course, state)),
            bars: bars.iter().map(|(from, until)| (minutes(*from), minutes(*until))).collect(),
        }
    });
    let hours: Vec<(f64, String)> = (begin..=end)
        .step_by(HOUR as usize)
        .map(|at| (minutes(Timestamp(at)), clock(Timestamp(at))[..2].to_owned()))
        .collect();
    // Of a day and a night every hour is too much.
    let every = hours.len().div_ceil(14);
    let hours: Vec<(f64, String)> = hours.into_iter().step_by(every).collect();
    // Before, between and after the openings.
    let opens = day.hours.iter().map(|(opens, _)| *opens).chain([Timestamp(end)]);
    let closes = [Timestamp(begin)].into_iter().chain(day.hours.iter().map(|(_, closes)| *closes));
    let closed: Vec<(f64, f64)> = closes
        .zip(opens)
        .filter(|(closes, opens)| closes < opens)
        .map(|(closes, opens)| (minutes(closes), minutes(opens)))
        .collect();
    Lanes {
        id: "staffing-chart",
        title: view.say("Bemannat nummer i dag", "Whether the number is staffed today"),
        told,
        lanes: &lanes,
        minutes: (end - begin) as f64 / MINUTE as f64,
        hours: &hours,
        closed: &closed,
        closed_word: view.say("stängt", "closed"),
        now: (begin < now.0 && now.0 < end).then(|| (minutes(now), view.say("nu", "now"))),
    }
    .svg()
}

/// Minutes of each state, hour by hour.
fn hours(course: &[(Stretch, Staffed)]) -> Vec<(String, Vec<String>)> {
    let mut hours: BTreeMap<i64, [i64; STATES.len()]> = BTreeMap::new();
    for ((from, until), state) in course {
        for hour in from.0.div_euclid(HOUR)..=(until.0 - 1).div_euclid(HOUR) {
            let within = (until.0.min((hour + 1) * HOUR)) - from.0.max(hour * HOUR);
            let at = STATES.iter().position(|of| of == state).unwrap_or(0);
            hours.entry(hour).or_default()[at] += within;
        }
    }
    let row = |(hour, lengths): (i64, [i64; STATES.len()])| {
        let cells = lengths.map(|length| form::hours(Millis(length)));
        (clock(Timestamp(hour * HOUR)), cells.into())
    };
    hours.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        // 08:00 in Stockholm on 28 November 2026.
        Timestamp(1_795_849_200_000 + minute * MINUTE)
    }

    fn course() -> Vec<(Stretch, Staffed)> {
        vec![
            ((at(0), at(30)), Staffed::Unknown),
            ((at(30), at(50)), Staffed::More),
            ((at(50), at(55)), Staffed::Nobody),
            ((at(55), at(70)), Staffed::One),
            ((at(70), at(75)), Staffed::Nobody),
        ]
    }

    #[test]
    fn minutes_go_to_the_hour_in_which_they_were() {
        let row = |name: &str, cells: [&str; 4]| {
            (name.to_owned(), cells.map(|cell| cell.replace(' ', "\u{a0}")).to_vec())
        };
        let wanted = [
            row("08:00", ["20 min", "5 min", "5 min", "30 min"]),
            row("09:00", ["0 min", "10 min", "5 min", "0 min"]),
        ];
        assert_eq!(hours(&course()), wanted);
    }

    #[test]
    fn of_two_gaps_as_long_the_first_is_told_and_the_present_minute_is_the_end() {
        assert_eq!(longest_gap(&course()), Some((at(50), at(55))));
        let day = StaffedDay { hours: vec![(at(0), at(540))], course: course() };
        let before = |minute| until(&day, at(minute)).last().copied();
        assert_eq!(before(52), Some(((at(50), at(52)), Staffed::Nobody)));
        assert_eq!(before(50), Some(((at(30), at(50)), Staffed::More)));
        assert_eq!(before(0), None);
    }
}

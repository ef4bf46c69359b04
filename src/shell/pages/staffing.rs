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
    let hours = Hours::of(&course);
    let told = told(view, &course, &hours);
    Figure {
        id: "staffing",
        title: title.to_owned(),
        svg: if nothing.is_some() {
            String::new()
        } else {
            svg(view, day, &course, &hours, (now, &told))
        },
        told: Some(told),
        key: Vec::new(),
        numbers: say("Siffrorna i en tabell", "The numbers in a table"),
        heads: std::iter::once(say("Från klockan", "From"))
            .chain(STATES.map(|state| name(view, state)))
            .map(str::to_owned)
            .collect(),
        rows: hours.rows(),
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

fn told(view: &View<'_>, course: &[(Stretch, Staffed)], hours: &Hours) -> String {
    let say = |swedish, english| view.locale.say(swedish, english);
    match longest_gap(course) {
        Some((from, until)) => format!(
            "{} {} {}. {} {}, {} {}.",
            say("Obemannat", "Unstaffed for"),
            hours.lane(Staffed::Nobody),
            say("i dag", "today"),
            say("Längsta glappet", "The longest gap"),
            hours.gap(until.since(from)),
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
    in_hours: &Hours,
    (now, told): (Timestamp, &str),
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
            length: in_hours.lane(state),
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

/// Of each state, in the order of [`STATES`].
type Lengths = [i64; STATES.len()];

/// The same day in whole minutes: those of an hour are together as long as the hour, those of a state
/// as long as what is told of the state, and both are less than a minute from what they were.
#[derive(Default)]
struct Hours {
    /// By hour: in milliseconds, and in minutes.
    by_hour: BTreeMap<i64, (Lengths, Lengths)>,
    /// Of the whole day.
    all: (Lengths, Lengths),
}

impl Hours {
    fn of(course: &[(Stretch, Staffed)]) -> Hours {
        let mut hours = Hours::default();
        for ((from, until), state) in course {
            for hour in from.0.div_euclid(HOUR)..=(until.0 - 1).div_euclid(HOUR) {
                let within = (until.0.min((hour + 1) * HOUR)) - from.0.max(hour * HOUR);
                let (exact, _) = hours.by_hour.entry(hour).or_default();
                exact[place(*state)] += within;
            }
        }
        let (all, shown) = &mut hours.all;
        for (exact, minutes) in hours.by_hour.values_mut() {
            *minutes = exact.map(|length| length / MINUTE);
            let left = (exact.iter().sum::<i64>() + MINUTE / 2) / MINUTE;
            let left = left - minutes.iter().sum::<i64>();
            // Those that lack most, with what earlier hours left out; of equal ones nobody first.
            let mut lacking: Vec<usize> =
                (0..STATES.len()).filter(|at| exact[*at] % MINUTE > 0).collect();
            lacking.sort_by_key(|at| {
                let lacks = all[*at] + exact[*at] - (shown[*at] + minutes[*at]) * MINUTE;
                (-lacks, *at != place(Staffed::Nobody))
            });
            for at in lacking.into_iter().take(usize::try_from(left).unwrap_or(0)) {
                minutes[at] += 1;
            }
            for at in 0..STATES.len() {
                all[at] += exact[at];
                shown[at] += minutes[at];
            }
        }
        hours
    }

    fn lane(&self, state: Staffed) -> String {
        let (exact, minutes) = &self.all;
        shown(exact[place(state)], minutes[place(state)])
    }

    /// A gap, never longer than all of them.
    fn gap(&self, length: Millis) -> String {
        let (exact, minutes) = &self.all;
        let nobody = place(Staffed::Nobody);
        let is_only = exact[nobody] == length.0;
        let nearest = (length.0 + MINUTE / 2) / MINUTE;
        shown(length.0, if is_only { minutes[nobody] } else { nearest.min(minutes[nobody]) })
    }

    /// Minutes of each state, hour by hour.
    fn rows(&self) -> Vec<(String, Vec<String>)> {
        let row = |(hour, (exact, minutes)): (&i64, &(Lengths, Lengths))| {
            let cells = exact.iter().zip(minutes).map(|(exact, minutes)| shown(*exact, *minutes));
            (clock(Timestamp(hour * HOUR)), cells.collect())
        };
        self.by_hour.iter().map(row).collect()
    }
}

/// The place of a state in [`STATES`].
fn place(state: Staffed) -> usize {
    STATES.iter().position(|of| *of == state).unwrap_or(0)
}

/// So many minutes; what was there is never told as none.
fn shown(exact: i64, minutes: i64) -> String {
    match (exact, minutes) {
        (1.., 0) => "<1\u{a0}min".to_owned(),
        _ => form::hours(Millis(minutes * MINUTE)),
    }
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
        assert_eq!(Hours::of(&course()).rows(), wanted);
    }

    #[test]
    fn an_hour_has_sixty_minutes_and_a_lane_what_its_hours_have() {
        let second = |second: i64| Timestamp(at(0).0 + second * 1_000);
        // In each of nine hours: 20 seconds nobody, 15 minutes and 10 seconds one, then several.
        let course: Vec<(Stretch, Staffed)> = (0..9)
            .flat_map(|hour| {
                let cut = [0, 20, 930, 3_600].map(|of| second(hour * 3_600 + of));
                [
                    ((cut[0], cut[1]), Staffed::Nobody),
                    ((cut[1], cut[2]), Staffed::One),
                    ((cut[2], cut[3]), Staffed::More),
                ]
            })
            .collect();
        let hours = Hours::of(&course);
        for (exact, minutes) in hours.by_hour.values() {
            assert_eq!(minutes.iter().sum::<i64>(), 60);
            let is_near =
                |(exact, minutes): (&i64, &i64)| (exact - minutes * MINUTE).abs() < MINUTE;
            assert!(exact.iter().zip(minutes).all(is_near), "{minutes:?}");
        }
        // Three minutes are three, though no hour has one.
        assert_eq!(hours.all.1[place(Staffed::Nobody)], 3);
        assert_eq!(hours.all.1.iter().sum::<i64>(), 540);
        let nobody: Vec<String> = hours.rows().into_iter().map(|(_, row)| row[2].clone()).collect();
        assert!(nobody.iter().all(|cell| ["1\u{a0}min", "<1\u{a0}min"].contains(&cell.as_str())));
        assert_eq!(hours.gap(Millis(20_000)), "<1\u{a0}min");
        let one = Hours::of(&course[..3]);
        assert_eq!(one.lane(Staffed::Nobody), one.gap(Millis(20_000)));
        assert_eq!(one.lane(Staffed::Unknown), "0\u{a0}min");
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

//! When people ring: the volume of a day, its course, and the storms (DOMAIN section 6).

use jiff::civil::Date;

use super::calendar::{
    day_number, follows_holiday, is_half_day, is_squeeze_day, is_working_day, next, weekday,
};
use super::chance::Chance;
use super::municipality::{CALLS_A_DAY, DIRECT, Municipality, TO_A_DESK};

const HALF_HOURS: [f64; 18] =
    [2.0, 4.0, 6.0, 8.0, 9.0, 9.0, 8.5, 7.0, 5.0, 4.5, 6.0, 7.0, 7.0, 6.0, 5.0, 3.5, 2.0, 0.5];
const WEEKDAYS: [f64; 5] = [1.20, 1.05, 1.00, 0.95, 0.80];
const MONTHS: [f64; 12] = [1.10, 1.05, 1.05, 1.00, 1.00, 0.95, 0.70, 1.05, 1.10, 1.05, 1.00, 0.85];
const HALF_HOUR_MS: i64 = 1_800_000;
/// Those who ring again are part of the volume; what is left are first calls.
const FIRST_CALLS: f64 = 0.92;
/// Calls outside opening hours, per call of the day.
const OUTSIDE: f64 = 0.04;
/// What rings on a day off, per call of a working day.
const DAY_OFF: f64 = 0.03;

/// Purposes of streams of chance, so that no two are the same.
const VOLUME: u64 = 1;
const STORMS: u64 = 2;

/// Somebody who decides to ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) at: i64,
    pub(super) department: u16,
    /// Straight to the desk.
    pub(super) direct: bool,
    /// A matter that only the desk can settle (a storm).
    pub(super) for_the_desk: bool,
}

/// A rush at one department.
#[derive(Clone, Copy, Debug)]
struct Storm {
    day: i64,
    from_half_hour: usize,
    half_hours: usize,
    factor: f64,
    department: u16,
}

/// Everyone who rings on a day without having been told to, in order of time.
pub(super) fn arrivals(city: &Municipality, date: Date, chance: &mut Chance) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    let volume = volume(city, date);
    let at = |hour, minute| city.calendar.at(date, hour, minute);
    if !is_working_day(date) {
        let calls = CALLS_A_DAY * city.parameters.scale * DAY_OFF;
        for (from, until) in [(at(8, 0), at(12, 0)), (at(12, 0), at(20, 0))] {
            spread(city, &mut arrivals, from, until, calls / 2.0, None, false, chance);
        }
        return arrivals;
    }
    let opens = at(7, 30);
    let storms = storms(city, date);
    for (index, weight) in (0_i64..).zip(HALF_HOURS) {
        let from = opens + index * HALF_HOUR_MS;
        let until = from + HALF_HOUR_MS;
        let calls = volume * weight / 100.0;
        spread(city, &mut arrivals, from, until, calls, None, false, chance);
        spread(city, &mut arrivals, from, until, calls * DIRECT, None, true, chance);
        for storm in &storms {
            let half_hour = usize::try_from(index).unwrap_or(0);
            if (storm.from_half_hour..storm.from_half_hour + storm.half_hours).contains(&half_hour)
            {
                let share = city.share[usize::from(storm.department)];
                let extra = calls * TO_A_DESK * share * (storm.factor - 1.0);
                let whose = Some(storm.department);
                spread(city, &mut arrivals, from, until, extra, whose, false, chance);
            }
        }
    }
    let outside = volume * OUTSIDE;
    for (from, until, share) in
        [(at(6, 0), at(7, 0), 0.1), (at(7, 0), opens, 0.3), (at(16, 30), at(20, 0), 0.6)]
    {
        spread(city, &mut arrivals, from, until, outside * share, None, false, chance);
        spread(city, &mut arrivals, from, until, outside * share * 0.1, None, true, chance);
    }
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
}

/// A Poisson stream of this many expected calls between two moments.
#[expect(clippy::too_many_arguments, reason = "one call's circumstances, spelled out once")]
fn spread(
    city: &Municipality,
    into: &mut Vec<Arrival>,
    from: i64,
    until: i64,
    calls: f64,
    storm: Option<u16>,
    direct: bool,
    chance: &mut Chance,
) {
    if calls <= 0.0 {
        return;
    }
    let mean_gap = (until - from) as f64 / calls;
    let mut at = from as f64 + chance.exponential(mean_gap);
    while at < until as f64 {
        let department = storm.unwrap_or_else(|| department(city, chance));
        into.push(Arrival { at: at as i64, department, direct, for_the_desk: storm.is_some() });
        at += chance.exponential(mean_gap);
    }
}

/// Whose matter a call is.
pub(super) fn department(city: &Municipality, chance: &mut Chance) -> u16 {
    u16::try_from(chance.pick(city.share.iter().copied())).expect("at most 1000 departments")
}

/// Expected first calls within opening hours.
fn volume(city: &Municipality, date: Date) -> f64 {
    if !is_working_day(date) {
        return 0.0;
    }
    let month = usize::try_from(date.month() - 1).expect("1 to 12");
    let special = if is_squeeze_day(date) {
        0.65
    } else if is_half_day(date) {
        0.6
    } else if follows_holiday(date) {
        1.25
    } else {
        1.0
    };
    let mut chance = Chance::new(city.parameters.seed, VOLUME, day_number(date));
    CALLS_A_DAY
        * FIRST_CALLS
        * city.parameters.scale
        * WEEKDAYS[weekday(date)]
        * MONTHS[month]
        * special
        * chance.gamma(0.12)
}

/// The storms of a day: three a year, each at one department.
fn storms(city: &Municipality, date: Date) -> Vec<Storm> {
    let mut chance = Chance::new(city.parameters.seed, STORMS, i64::from(date.year()));
    let first = Date::new(date.year(), 1, 1).expect("the first of January exists");
    let all: Vec<Storm> = (0..3)
        .map(|_| {
            let mut day = first
                .checked_add(jiff::Span::new().days(chance.below(350) as i64))
                .expect("within the year");
            while !is_working_day(day) {
                day = next(day);
            }
            Storm {
                day: day_number(day),
                from_half_hour: chance.below(11),
                half_hours: 2 + chance.below(7),
                factor: chance.between(5.0, 20.0),
                department: department(city, &mut chance),
            }
        })
        .collect();
    all.into_iter().filter(|storm| storm.day == day_number(date)).collect()
}

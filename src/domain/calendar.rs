//! Local days, working days and opening hours in Europe/Stockholm.
//!
//! Days are counted, never added up from hours: the two switch days of a year have 23 and 25
//! hours. The time zone's rules come embedded in the binary, so the same events give the same
//! figures on every machine. Nothing here reads a clock.

mod hours;
mod working;

use std::fmt;
use std::sync::LazyLock;

use super::units::Timestamp;

pub use hours::{OpeningHours, Span, SpecialDay, Weekly};
pub use working::{Closed, HalfDay, Holiday, WorkingDays};

const DAY_MILLIS: i64 = 86_400_000;

/// A date in local time, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// A month of the local calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// Year of the Gregorian calendar.
    pub year: i32,
    /// 1 (January) to 12.
    pub month: u8,
}

/// A day of the week; weeks start on Monday (ISO 8601).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names of the days say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// Monday to Sunday.
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    /// 0 (Monday) to 6.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The Swedish name.
    pub fn name(self) -> &'static str {
        ["måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"][self.index()]
    }

    /// The English name.
    pub fn english(self) -> &'static str {
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][self.index()]
    }

    /// Saturday and Sunday.
    pub fn is_weekend(self) -> bool {
        self >= Weekday::Saturday
    }
}

impl Day {
    /// The first day the daemon knows, 2000-01-01. Events are never older ([`Timestamp::EARLIEST`]).
    pub const FIRST: Day = Day(10_957);
    /// The day after the last one the daemon knows, 2100-01-01.
    pub const END: Day = Day(47_482);

    /// The day of a date; `None` when there is no such date, or its year is outside 1..=9999.
    pub fn from_ymd(year: i32, month: u8, day: u8) -> Option<Day> {
        let valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && day <= Month { year, month }.length();
        valid.then(|| Day::of_valid(year, month, day))
    }

    /// Reads `2026-06-19`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Day> {
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let (year, month, day) = (text.get(0..4)?, text.get(5..7)?, text.get(8..10)?);
        let dashes = text.len() == 10 && text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
        if !dashes || ![year, month, day].into_iter().all(digits) {
            return None;
        }
        Day::from_ymd(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    }

    /// Year, month (1 to 12) and day of the month (from 1).
    pub fn date(self) -> (i32, u8, u8) {
        // Howard Hinnant's days-to-civil: years are counted from March, so that the leap day is
        // the last day of the year and months follow one linear rule.
        let shifted = i64::from(self.0) + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        (year as i32, month as u8, day as u8)
    }

    /// The day of the week.
    pub fn weekday(self) -> Weekday {
        // 1970-01-01 was a Thursday.
        Weekday::ALL[(i64::from(self.0) + 3).rem_euclid(7) as usize]
    }

    /// Year and number (1 to 53) of the ISO 8601 week. The year is that of the week's Thursday,
    /// so it differs from the date's year around New Year.
    pub fn iso_week(self) -> (i32, u8) {
        let thursday = self.plus(3 - self.weekday().index() as i32);
        let (year, _, _) = thursday.date();
        let week = (thursday.0 - Day::of_valid(year, 1, 1).0) / 7 + 1;
        (year, week as u8)
    }

    /// The month that contains this day.
    pub fn month(self) -> Month {
        let (year, month, _) = self.date();
        Month { year, month }
    }

    /// The day so many days later; earlier when negative.
    #[must_use]
    pub fn plus(self, days: i32) -> Day {
        Day(self.0.saturating_add(days))
    }

    /// The following day.
    #[must_use]
    pub fn next(self) -> Day {
        self.plus(1)
    }

    /// The day before.
    #[must_use]
    pub fn previous(self) -> Day {
        self.plus(-1)
    }

    /// Every day from this one up to, but not including, `end`.
    pub fn until(self, end: Day) -> impl DoubleEndedIterator<Item = Day> + use<> {
        (self.0..end.0).map(Day)
    }

    fn of_valid(year: i32, month: u8, day: u8) -> Day {
        let year = i64::from(year) - i64::from(month <= 2);
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let from_march = (i64::from(month) + 9) % 12;
        let day_of_year = (153 * from_march + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Day((era * 146_097 + day_of_era - 719_468) as i32)
    }
}

/// ISO 8601: `2026-06-19`.
impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(out, "{year:04}-{month:02}-{day:02}")
    }
}

impl Month {
    /// The month's first day.
    pub fn first_day(self) -> Day {
        Day::of_valid(self.year, self.month, 1)
    }

    /// How many days it has: 28 to 31.
    pub fn length(self) -> u8 {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// The month after.
    #[must_use]
    pub fn next(self) -> Month {
        match self.month {
            12 => Month { year: self.year + 1, month: 1 },
            month => Month { year: self.year, month: month + 1 },
        }
    }

    /// The month before.
    #[must_use]
    pub fn previous(self) -> Month {
        match self.month {
            1 => Month { year: self.year - 1, month: 12 },
            month => Month { year: self.year, month: month - 1 },
        }
    }

    /// Its days in order.
    pub fn days(self) -> impl DoubleEndedIterator<Item = Day> + use<> {
        self.first_day().until(self.next().first_day())
    }
}

/// `2026-06`.
impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.year, self.month)
    }
}

/// A time zone's local days, tabulated from [`Day::FIRST`] to [`Day::END`].
///
/// Outside the table the offset of its nearest edge holds, so conversions stay monotone and total
/// but no longer know summer time.
pub struct Zone {
    rules: jiff::tz::TimeZone,
    /// Offset from UTC at each local midnight, in quarter-hours: one byte a day, so that the days
    /// in use stay in the processor's nearest cache.
    midnights: Box<[i8]>,
    least_offset_millis: i64,
}

static STOCKHOLM: LazyLock<Zone> = LazyLock::new(|| Zone::build("Europe/Stockholm"));

const OFFSET_UNIT_MILLIS: i64 = 900_000;

impl Zone {
    /// Europe/Stockholm, from the rules embedded in the binary. Built at the first use.
    pub fn stockholm() -> &'static Zone {
        &STOCKHOLM
    }

    /// The local date at a time. A table lookup, no search.
    pub fn day_of(&self, at: Timestamp) -> Day {
        let least = at.0.saturating_add(self.least_offset_millis).div_euclid(DAY_MILLIS);
        let least = Day(least.clamp(i64::from(i32::MIN) + 1, i64::from(i32::MAX) - 1) as i32);
        // Under a larger offset the next local day may have begun already.
        if self.day_start(least.next()) <= at { least.next() } else { least }
    }

    /// The first moment of a local day.
    pub fn day_start(&self, day: Day) -> Timestamp {
        let last = self.midnights.len() as i32 - 1;
        let at = day.0.saturating_sub(Day::FIRST.0).clamp(0, last) as usize;
        let offset = i64::from(self.midnights[at]) * OFFSET_UNIT_MILLIS;
        Timestamp(i64::from(day.0) * DAY_MILLIS - offset)
    }

    /// The first moment after a local day: the start of the next.
    pub fn day_end(&self, day: Day) -> Timestamp {
        self.day_start(day.next())
    }

    /// When a clock on the wall shows `minute` minutes after midnight. A time that is skipped in
    /// spring is read one hour later, a time that comes twice in autumn is the first one, as RFC
    /// 5545 has it. 1440 and above are the end of the day.
    pub fn at_wall_clock(&self, day: Day, minute: u16) -> Timestamp {
        if minute >= Span::DAY_MINUTES {
            return self.day_end(day);
        }
        let simple = Timestamp(self.day_start(day).0 + i64::from(minute) * 60_000);
        if !self.is_switch_day(day) {
            return simple;
        }
        let (year, month, date) = day.date();
        jiff::civil::Date::new(year as i16, month as i8, date as i8)
            .and_then(|date| {
                let (hour, minute) = ((minute / 60) as i8, (minute % 60) as i8);
                self.rules.to_timestamp(date.at(hour, minute, 0, 0))
            })
            .map_or(simple, |at| Timestamp(at.as_millisecond()))
    }

    /// Whether the clocks change on this day: it has 23 or 25 hours.
    pub fn is_switch_day(&self, day: Day) -> bool {
        self.day_end(day).since(self.day_start(day)).0 != DAY_MILLIS
    }

    /// Seconds to add to UTC for local time; for writing times, not for arithmetic.
    pub fn offset_seconds(&self, at: Timestamp) -> i32 {
        let day = self.day_of(at);
        let outside = day < Day::FIRST || day >= Day::END;
        match jiff::Timestamp::from_millisecond(at.0) {
            Ok(at) if !outside => self.rules.to_offset(at).seconds(),
            _ => ((i64::from(day.0) * DAY_MILLIS - self.day_start(day).0) / 1_000) as i32,
        }
    }

    /// RFC 3339 in local time, whole seconds: `2026-06-19T08:00:00+02:00`.
    pub fn rfc3339(&self, at: Timestamp) -> String {
        let offset = self.offset_seconds(at);
        let local = at.0.saturating_add(i64::from(offset) * 1_000);
        let day = Day(local.div_euclid(DAY_MILLIS) as i32);
        let second = local.rem_euclid(DAY_MILLIS) / 1_000;
        let sign = if offset < 0 { '-' } else { '+' };
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let offset = offset.abs() / 60;
        let (ahead, minutes) = (offset / 60, offset % 60);
        format!("{day}T{hour:02}:{minute:02}:{second:02}{sign}{ahead:02}:{minutes:02}")
    }

    fn build(name: &str) -> Zone {
        // The bundled data, never the machine's: two hosts must agree on where a day begins.
        let rules = jiff::tz::TimeZoneDatabase::bundled()
            .get(name)
            .expect("the embedded time zone data has the zone");
        let midnights: Box<[i8]> = Day::FIRST
            .until(Day::END.next())
            .map(|day| {
                let (year, month, date) = day.date();
                let start = jiff::civil::Date::new(year as i16, month as i8, date as i8)
                    .and_then(|date| rules.to_timestamp(date.at(0, 0, 0, 0)))
                    .expect("a date between 2000 and 2100 has a midnight");
                let offset = i64::from(day.0) * DAY_MILLIS - start.as_millisecond();
                (offset / OFFSET_UNIT_MILLIS) as i8
            })
            .collect();
        let least = midnights.iter().copied().min().unwrap_or_default();
        Zone { rules, midnights, least_offset_millis: i64::from(least) * OFFSET_UNIT_MILLIS }
    }
}

#[cfg(test)]
mod tests;

//! The simulator's own calendar: working days by DOMAIN section 4, opening hours, and the way from
//! local clock time in Europe/Stockholm to UTC milliseconds.
//!
//! It shares nothing with the calendar of the program under test, so that one mistake cannot hide
//! in both.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

/// Opening and closing of every unit on a whole working day, local (hour, minute).
const OPENS: (i8, i8) = (7, 30);
const CLOSES: (i8, i8) = (16, 30);

/// Local time and opening hours.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    zone: TimeZone,
    half_day_close: Option<(i8, i8)>,
}

impl Calendar {
    /// `half_day_close` is the local (hour, minute) at which units close on half days; without it
    /// half days are as long as others.
    pub(super) fn new(half_day_close: Option<(i8, i8)>) -> Self {
        let zone = TimeZone::get("Europe/Stockholm").expect("the zone is embedded in the binary");
        Calendar { zone, half_day_close }
    }

    /// UTC milliseconds of a local clock time.
    pub(super) fn at(&self, date: Date, hour: i8, minute: i8) -> i64 {
        date.at(hour, minute, 0, 0)
            .to_zoned_datetime(self.zone.clone())
            .expect("the simulated years are far from the ends of time")
            .timestamp()
            .as_millisecond()
    }

    /// UTC milliseconds of the first moment of a local day.
    pub(super) fn midnight(&self, date: Date) -> i64 {
        self.at(date, 0, 0)
    }

    /// Opening and closing of a local day in UTC milliseconds, closing excluded; none on a day
    /// that is not a working day.
    pub(super) fn hours(&self, date: Date) -> Option<(i64, i64)> {
        if !is_working_day(date) {
            return None;
        }
        let (hour, minute) = self.half_day_close.filter(|_| is_half_day(date)).unwrap_or(CLOSES);
        Some((self.at(date, OPENS.0, OPENS.1), self.at(date, hour, minute)))
    }

    /// The local date at a moment.
    pub(super) fn local_date(&self, ms: i64) -> Date {
        self.timestamp(ms).to_zoned_datetime(self.zone.clone()).date()
    }

    /// A moment as RFC 3339 with the local offset, whole seconds.
    pub(super) fn local_text(&self, ms: i64) -> String {
        let local = self.timestamp(ms).to_zoned_datetime(self.zone.clone());
        let offset = local.offset().seconds() / 60;
        format!(
            "{}T{:02}:{:02}:{:02}{}{:02}:{:02}",
            local.date(),
            local.hour(),
            local.minute(),
            local.second(),
            if offset < 0 { '-' } else { '+' },
            offset.abs() / 60,
            offset.abs() % 60
        )
    }

    fn timestamp(&self, ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).expect("simulated times are far from the ends of time")
    }
}

/// Tells whether a moment is within opening hours, remembering the day it was last asked about.
#[derive(Clone, Debug)]
pub(super) struct Hours {
    calendar: Calendar,
    day: (i64, i64),
    open: Option<(i64, i64)>,
}

impl Hours {
    pub(super) fn new(calendar: Calendar) -> Self {
        Hours { calendar, day: (0, 0), open: None }
    }

    /// Open from the first millisecond of opening to the last before closing.
    pub(super) fn is_open(&mut self, ms: i64) -> bool {
        if ms < self.day.0 || ms >= self.day.1 {
            let date = self.calendar.local_date(ms);
            self.day = (self.calendar.midnight(date), self.calendar.midnight(next(date)));
            self.open = self.calendar.hours(date);
        }
        self.open.is_some_and(|(opens, closes)| opens <= ms && ms < closes)
    }
}

/// The day after.
pub(super) fn next(date: Date) -> Date {
    date.tomorrow().expect("the simulated years are far from the last date")
}

fn previous(date: Date) -> Date {
    date.yesterday().expect("the simulated years are far from the first date")
}

/// Days since 1970-01-01.
pub(super) fn day_number(date: Date) -> i64 {
    let start = Date::constant(1970, 1, 1);
    i64::from(date.since(start).expect("both are dates").get_days())
}

/// Monday to Friday, 0 to 4; Saturday 5 and Sunday 6.
pub(super) fn weekday(date: Date) -> usize {
    usize::try_from(date.weekday().to_monday_zero_offset()).expect("0 to 6")
}

/// Helgfri måndag–fredag, and none of the three eves.
pub(super) fn is_working_day(date: Date) -> bool {
    weekday(date) < 5 && !is_free(date)
}

/// A working day that many units shorten: skärtorsdag, trettondagsafton, valborg, and the day
/// before Alla helgons dag.
pub(super) fn is_half_day(date: Date) -> bool {
    if !is_working_day(date) {
        return false;
    }
    let easter = easter(date.year());
    let all_saints_eve = date.weekday() == Weekday::Friday
        && ((date.month() == 10 && date.day() >= 30) || (date.month() == 11 && date.day() <= 5));
    (date.month(), date.day()) == (1, 5)
        || (date.month(), date.day()) == (4, 30)
        || day_number(date) == day_number(easter) - 3
        || all_saints_eve
}

/// A single working day between two days off (klämdag).
pub(super) fn is_squeeze_day(date: Date) -> bool {
    is_working_day(date) && !is_working_day(previous(date)) && !is_working_day(next(date))
}

/// The first working day after a holiday on a weekday.
pub(super) fn follows_holiday(date: Date) -> bool {
    let mut before = previous(date);
    let mut holiday = false;
    while !is_working_day(before) {
        holiday |= weekday(before) < 5;
        before = previous(before);
    }
    is_working_day(date) && holiday
}

fn is_free(date: Date) -> bool {
    let (month, day) = (date.month(), date.day());
    let fixed =
        matches!((month, day), (1, 1) | (1, 6) | (5, 1) | (6, 6) | (12, 24) | (12, 25) | (12, 26))
            || (month, day) == (12, 31);
    let midsummer_eve = month == 6 && (19..=25).contains(&day) && date.weekday() == Weekday::Friday;
    // Good Friday, Easter Monday and Ascension Day, counted from Easter Sunday.
    let moveable = matches!(day_number(date) - day_number(easter(date.year())), -2 | 1 | 39);
    fixed || midsummer_eve || moveable
}

/// Easter Sunday (Gregorian), by the anonymous algorithm printed in Nature in 1876.
fn easter(year: i16) -> Date {
    let year_number = i32::from(year);
    let golden = year_number % 19;
    let century = year_number / 100;
    let in_century = year_number % 100;
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - correction + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4) % 7;
    let shift = (golden + 11 * epact + 22 * weekday) / 451;
    let position = epact + weekday - 7 * shift + 114;
    let month = i8::try_from(position / 31).expect("3 or 4");
    let day = i8::try_from(position % 31 + 1).expect("1 to 31");
    Date::new(year, month, day).expect("a day in March or April")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        for (year, month, day) in [
            (2000, 4, 23),
            (2014, 4, 20),
            (2024, 3, 31),
            (2026, 4, 5),
            (2038, 4, 25),
            (2285, 3, 22),
        ] {
            assert_eq!(easter(year), date(year, month, day));
        }
    }

    #[test]
    fn weekdays_off_in_2026() {
        let mut off = Vec::new();
        let mut day = date(2026, 1, 1);
        while day.year() == 2026 {
            if weekday(day) < 5 && !is_working_day(day) {
                off.push((day.month(), day.day()));
            }
            day = next(day);
        }
        let expected = [
            (1, 1),
            (1, 6),
            (4, 3),
            (4, 6),
            (5, 1),
            (5, 14),
            (6, 19),
            (12, 24),
            (12, 25),
            (12, 31),
        ];
        assert_eq!(off, expected);
        assert!(is_squeeze_day(date(2026, 5, 15)) && is_squeeze_day(date(2026, 1, 5)));
        assert!(follows_holiday(date(2026, 4, 7)) && !follows_holiday(date(2026, 4, 13)));
        assert!(is_half_day(date(2026, 4, 2)) && is_half_day(date(2026, 10, 30)));
    }

    #[test]
    fn opening_is_local_time_on_both_sides_of_the_switch() {
        let calendar = Calendar::new(None);
        assert_eq!(
            calendar.local_text(calendar.at(date(2026, 3, 27), 7, 30)),
            "2026-03-27T07:30:00+01:00"
        );
        assert_eq!(
            calendar.local_text(calendar.at(date(2026, 3, 30), 7, 30)),
            "2026-03-30T07:30:00+02:00"
        );
        let mut hours = Hours::new(calendar.clone());
        let (opens, closes) = calendar.hours(date(2026, 3, 30)).unwrap();
        assert!(!hours.is_open(opens - 1) && hours.is_open(opens));
        assert!(hours.is_open(closes - 1) && !hours.is_open(closes));
        assert!(calendar.hours(date(2026, 3, 29)).is_none());
    }
}

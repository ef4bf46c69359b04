//! The calendar against independent algorithms and hand-listed dates.

use super::*;
use crate::domain::units::Millis;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap_or_else(|| panic!("no date: {text}"))
}

fn utc(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn civil(day: Day) -> jiff::civil::Date {
    let (year, month, date) = day.date();
    jiff::civil::Date::new(year as i16, month as i8, date as i8).unwrap()
}

fn office() -> Weekly {
    let mut week = Weekly::default();
    for weekday in 0..5 {
        week.days[weekday] = vec![Span::new(450, 990).unwrap()];
    }
    week
}

fn hours(week: Weekly, special: Vec<SpecialDay>) -> OpeningHours {
    OpeningHours::new(vec![(Day::FIRST, week)], special)
}

#[test]
fn every_date_agrees_with_jiff() {
    let mut expected = jiff::civil::Date::new(1999, 12, 25).unwrap();
    for day in Day::FIRST.plus(-7).until(Day::END.plus(400)) {
        let (year, month, date) = day.date();
        assert_eq!(
            (year, month, date),
            (i32::from(expected.year()), expected.month() as u8, expected.day() as u8)
        );
        assert_eq!(Day::from_ymd(year, month, date), Some(day));
        assert_eq!(Day::parse(&day.to_string()), Some(day));
        let weekday = expected.weekday().to_monday_zero_offset() as usize;
        assert_eq!(day.weekday().index(), weekday);
        let week = expected.iso_week_date();
        assert_eq!(day.iso_week(), (i32::from(week.year()), week.week() as u8), "{day}");
        assert_eq!(day.month(), Month { year, month });
        expected = expected.tomorrow().unwrap();
    }
    assert_eq!(Day::FIRST, day("2000-01-01"));
    assert_eq!(Day::END, day("2100-01-01"));
}

#[test]
fn dates_that_do_not_exist_are_none() {
    for text in ["2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-1-01", "20260101"] {
        assert_eq!(Day::parse(text), None, "{text}");
    }
    for text in ["", "2026-06-19T", "+026-01-01", "å026-01-1", "2026-06-1å", "0000-01-01"] {
        assert_eq!(Day::parse(text), None, "{text}");
    }
    assert_eq!(Day::parse("2028-02-29").map(Day::date), Some((2028, 2, 29)));
    assert_eq!(Day::from_ymd(2100, 2, 29), None);
}

#[test]
fn months_follow_each_other_and_hold_their_days() {
    let december = Month { year: 2026, month: 12 };
    assert_eq!(december.next(), Month { year: 2027, month: 1 });
    assert_eq!(december.next().previous(), december);
    assert!(december < december.next());
    assert_eq!(december.to_string(), "2026-12");
    assert_eq!(Month { year: 2028, month: 2 }.days().count(), 29);
    assert!(december.days().all(|day| day.month() == december));
}

#[test]
fn every_midnight_agrees_with_jiff() {
    let zone = Zone::stockholm();
    let rules = jiff::tz::TimeZoneDatabase::bundled().get("Europe/Stockholm").unwrap();
    for day in Day::FIRST.until(Day::END.next()) {
        let start = rules.to_timestamp(civil(day).at(0, 0, 0, 0)).unwrap();
        let start = Timestamp(start.as_millisecond());
        assert_eq!(zone.day_start(day), start, "{day}");
        assert_eq!(zone.day_of(start), day);
        assert_eq!(zone.day_of(start.minus(Millis(1))), day.previous());
        assert_eq!(zone.day_of(start.plus(Millis::from_hours(12))), day);
        let offset = rules.to_offset(jiff::Timestamp::from_millisecond(start.0).unwrap());
        assert_eq!(zone.offset_seconds(start), offset.seconds());
    }
}

#[test]
fn switch_days_have_23_and_25_hours() {
    let zone = Zone::stockholm();
    let length = |text| zone.day_end(day(text)).since(zone.day_start(day(text)));
    assert_eq!(length("2026-03-29"), Millis::from_hours(23));
    assert_eq!(length("2026-10-25"), Millis::from_hours(25));
    assert_eq!(length("2026-10-26"), Millis::from_hours(24));
    let switches: Vec<Day> =
        day("2026-01-01").until(day("2027-01-01")).filter(|&day| zone.is_switch_day(day)).collect();
    assert_eq!(switches, [day("2026-03-29"), day("2026-10-25")]);
    // 02:30 does not exist in spring and comes twice in autumn.
    assert_eq!(zone.at_wall_clock(day("2026-03-29"), 150), utc("2026-03-29T01:30:00Z"));
    assert_eq!(zone.at_wall_clock(day("2026-10-25"), 150), utc("2026-10-25T00:30:00Z"));
    assert_eq!(zone.at_wall_clock(day("2026-10-25"), 1_440), utc("2026-10-25T23:00:00Z"));
    assert_eq!(zone.rfc3339(utc("2026-10-25T00:30:00Z")), "2026-10-25T02:30:00+02:00");
    assert_eq!(zone.rfc3339(utc("2026-10-25T01:30:00Z")), "2026-10-25T02:30:00+01:00");
    assert_eq!(zone.rfc3339(utc("2026-12-31T23:00:00Z")), "2027-01-01T00:00:00+01:00");
}

#[test]
fn outside_the_table_days_stay_whole_and_in_order() {
    let zone = Zone::stockholm();
    for at in [i64::MIN, i64::MIN / 2, -1, 0, i64::MAX / 2, i64::MAX] {
        let day = zone.day_of(Timestamp(at));
        assert!(zone.day_of(Timestamp(at.saturating_add(1))) >= day);
        assert!(!hours(office(), Vec::new()).is_open(Timestamp(at)));
    }
    assert_eq!(zone.day_of(utc("2150-07-01T22:59:59Z")), day("2150-07-01"));
    assert_eq!(zone.day_of(utc("2150-07-01T23:00:00Z")), day("2150-07-02"));
    assert_eq!(zone.rfc3339(utc("2150-07-01T23:00:00Z")), "2150-07-02T00:00:00+01:00");
    assert_eq!(zone.rfc3339(utc("1990-07-01T00:00:00Z")), "1990-07-01T01:00:00+01:00");
}

/// Easter by Gauss, with his two exceptions; shares nothing with the program's computus.
fn easter_by_gauss(year: i32) -> Day {
    let (a, b, c) = (year % 19, year % 4, year % 7);
    let k = year / 100;
    let m = (15 - (13 + 8 * k) / 25 + k - k / 4).rem_euclid(30);
    let n = (4 + k - k / 4) % 7;
    let d = (19 * a + m) % 30;
    let e = (2 * b + 4 * c + 6 * d + n) % 7;
    let mut from_march = 22 + d + e;
    if (d == 29 && e == 6) || (d == 28 && e == 6 && a > 10) {
        from_march -= 7;
    }
    Day::from_ymd(year, 3, 1).unwrap().plus(from_march - 1)
}

/// A year's holidays as a list, built day by day from the definition.
fn holidays_by_list(year: i32) -> Vec<(Day, &'static str)> {
    let date = |month, day| Day::from_ymd(year, month, day).unwrap();
    let first = |from: Day, weekday: usize| {
        (0..7).map(|n| from.plus(n)).find(|day| day.weekday().index() == weekday).unwrap()
    };
    let easter = easter_by_gauss(year);
    vec![
        (date(1, 1), "nyårsdagen"),
        (date(1, 6), "trettondedag jul"),
        (date(5, 1), "första maj"),
        (date(6, 6), "nationaldagen"),
        (easter.plus(-2), "långfredagen"),
        (easter, "påskdagen"),
        (easter.plus(1), "annandag påsk"),
        (easter.plus(39), "Kristi himmelsfärdsdag"),
        (easter.plus(49), "pingstdagen"),
        (first(date(6, 19), 4), "midsommarafton"),
        (first(date(6, 20), 5), "midsommardagen"),
        (first(date(10, 31), 5), "alla helgons dag"),
        (date(12, 24), "julafton"),
        (date(12, 25), "juldagen"),
        (date(12, 26), "annandag jul"),
        (date(12, 31), "nyårsafton"),
    ]
}

#[test]
fn every_day_of_a_century_is_open_or_closed_for_the_right_reason() {
    for year in 2000..=2100 {
        assert_eq!(WorkingDays::easter_sunday(year), easter_by_gauss(year), "{year}");
        let list = holidays_by_list(year);
        let year = Day::from_ymd(year, 1, 1).unwrap().until(Day::from_ymd(year + 1, 1, 1).unwrap());
        for day in year {
            let named = list.iter().find(|(date, _)| *date == day).map(|(_, name)| *name);
            let weekend = ["lördag", "söndag"].get(day.weekday().index().wrapping_sub(5)).copied();
            let reason = WorkingDays::reason_closed(day).map(Closed::name);
            assert_eq!(reason, named.or(weekend), "{day}");
            assert_eq!(WorkingDays::is_working_day(day), reason.is_none());
        }
    }
}

/// Weekdays off, listed by hand.
#[test]
fn known_years_have_their_known_weekdays_off() {
    let years: [(i32, &[&str]); 4] = [
        (
            2014,
            &[
                "01-01", "01-06", "04-18", "04-21", "05-01", "05-29", "06-06", "06-20", "12-24",
                "12-25", "12-26", "12-31",
            ],
        ),
        (
            2024,
            &[
                "01-01", "03-29", "04-01", "05-01", "05-09", "06-06", "06-21", "12-24", "12-25",
                "12-26", "12-31",
            ],
        ),
        (
            2026,
            &[
                "01-01", "01-06", "04-03", "04-06", "05-01", "05-14", "06-19", "12-24", "12-25",
                "12-31",
            ],
        ),
        (2027, &["01-01", "01-06", "03-26", "03-29", "05-06", "06-25", "12-24", "12-31"]),
    ];
    for (year, expected) in years {
        let days = Day::from_ymd(year, 1, 1).unwrap().until(Day::from_ymd(year + 1, 1, 1).unwrap());
        let off: Vec<String> = days
            .filter(|day| !day.weekday().is_weekend() && !WorkingDays::is_working_day(*day))
            .map(|day| day.to_string()[5..].to_owned())
            .collect();
        assert_eq!(off, expected, "{year}");
    }
}

#[test]
fn the_national_day_is_named_on_weekdays_and_sundays_alike() {
    for (text, weekday) in [("2025-06-06", "fredag"), ("2027-06-06", "söndag")] {
        let day = day(text);
        assert_eq!(day.weekday().name(), weekday);
        assert_eq!(WorkingDays::holiday(day), Some(Holiday::Nationaldagen));
    }
    // A holiday on a Sunday gives no day off instead.
    assert!(WorkingDays::is_working_day(day("2027-06-07")));
}

#[test]
fn half_days_are_working_days_with_a_name() {
    let named = |text| WorkingDays::half_day(day(text)).map(HalfDay::key);
    assert_eq!(named("2026-01-05"), Some("trettondagsafton"));
    assert_eq!(named("2026-04-02"), Some("skartorsdagen"));
    assert_eq!(named("2026-04-30"), Some("valborgsmassoafton"));
    assert_eq!(named("2026-10-30"), Some("allhelgonaafton"));
    assert_eq!(named("2027-11-05"), Some("allhelgonaafton"));
    assert_eq!(named("2027-10-29"), None);
    // 5 January 2025 was a Sunday, 30 April 2022 a Saturday.
    assert_eq!(named("2025-01-05"), None);
    assert_eq!(named("2022-04-30"), None);
    for day in Day::FIRST.until(Day::END) {
        if let Some(half) = WorkingDays::half_day(day) {
            assert!(WorkingDays::is_working_day(day), "{day}");
            assert_eq!(HalfDay::ALL[half.index()], half);
        }
    }
}

#[test]
fn squeeze_days_stand_alone_between_days_off() {
    let squeezed: Vec<String> = day("2026-01-01")
        .until(day("2027-01-01"))
        .filter(|day| WorkingDays::is_squeeze_day(*day))
        .map(|day| day.to_string())
        .collect();
    assert_eq!(squeezed, ["2026-01-02", "2026-01-05", "2026-05-15"]);
}

#[test]
fn the_second_working_day_skips_everything_that_is_none() {
    let second = |text| WorkingDays::nth_after(day(text), 2).to_string();
    assert_eq!(second("2026-11-23"), "2026-11-25");
    assert_eq!(second("2026-11-27"), "2026-12-01");
    assert_eq!(second("2026-12-31"), "2027-01-05");
    assert_eq!(second("2026-04-02"), "2026-04-08");
    assert_eq!(second("2026-06-18"), "2026-06-23");
    assert_eq!(WorkingDays::nth_after(day("2026-12-31"), 0), day("2026-12-31"));
}

#[test]
fn an_office_is_open_from_opening_until_just_before_closing() {
    let hours = hours(office(), Vec::new());
    let monday = day("2026-11-23");
    let opens = utc("2026-11-23T06:30:00Z");
    let closes = utc("2026-11-23T15:30:00Z");
    assert_eq!(hours.intervals(monday).collect::<Vec<_>>(), [(opens, closes)]);
    assert!(hours.is_open(opens) && !hours.is_open(opens.minus(Millis(1))));
    assert!(hours.is_open(closes.minus(Millis(1))) && !hours.is_open(closes));
    assert!(!hours.opens_on(day("2026-11-22")));
    assert!(!hours.opens_on(day("2026-06-19")));
    let summer = hours.intervals(day("2026-07-01")).next();
    assert_eq!(summer.map(|(from, _)| from), Some(utc("2026-07-01T05:30:00Z")));
}

#[test]
fn open_time_agrees_with_asking_minute_by_minute() {
    let mut week = office();
    week.days[6] = vec![Span::new(0, 200).unwrap(), Span::new(1_380, 1_440).unwrap()];
    week.half_days[HalfDay::Allhelgonaafton.index()] = Some(720);
    let special = SpecialDay {
        day: day("2026-10-28"),
        spans: vec![Span::new(540, 600).unwrap(), Span::new(660, 665).unwrap()],
    };
    let hours = hours(week, vec![special]);
    let (from, until) = (utc("2026-10-23T12:07:00Z"), utc("2026-11-03T09:13:00Z"));
    let minutes = (0..until.since(from).0 / 60_000)
        .filter(|minute| hours.is_open(from.plus(Millis(minute * 60_000))))
        .count() as i64;
    assert_eq!(hours.open_millis(from, until), minutes * 60_000);
    assert_eq!(hours.open_millis(until, from), 0);
    assert_eq!(hours.open_millis(from, from), 0);
    let friday = utc("2026-11-02T06:30:00Z");
    assert_eq!(hours.open_millis(friday, friday.plus(Millis(1))), 1);
}

#[test]
fn a_night_of_25_hours_is_open_for_all_of_them() {
    let mut week = Weekly::default();
    week.days[6] = vec![Span::new(0, 1_440).unwrap()];
    let hours = hours(week, Vec::new());
    let zone = Zone::stockholm();
    for (text, expected) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-08", 24)] {
        let (from, until) = (zone.day_start(day(text)), zone.day_end(day(text)));
        assert_eq!(hours.open_millis(from, until), Millis::from_hours(expected).0, "{text}");
    }
}

#[test]
fn hours_that_the_clock_skips_are_no_hours() {
    let mut week = Weekly::default();
    week.days[6] = vec![Span::new(120, 180).unwrap(), Span::new(300, 360).unwrap()];
    let hours = hours(week, Vec::new());
    assert_eq!(hours.intervals(day("2026-03-29")).count(), 1);
    let twice = hours.intervals(day("2026-10-25")).next().unwrap();
    assert_eq!(twice.1.since(twice.0), Millis::from_hours(2));
}

#[test]
fn half_days_close_early_only_where_configured() {
    let mut week = office();
    week.half_days[HalfDay::Skartorsdagen.index()] = Some(720);
    let hours = hours(week, Vec::new());
    let spans = |text| hours.spans(day(text));
    assert_eq!(spans("2026-04-02"), [Span::new(450, 720).unwrap()]);
    assert_eq!(spans("2026-04-30"), [Span::new(450, 990).unwrap()]);
}

#[test]
fn special_dates_overrule_holidays_and_the_week() {
    let spans = vec![Span::new(600, 840).unwrap()];
    let special = vec![
        SpecialDay { day: day("2026-11-14"), spans: spans.clone() },
        SpecialDay { day: day("2026-12-28"), spans: Vec::new() },
        SpecialDay { day: day("2026-12-25"), spans: spans.clone() },
    ];
    let hours = hours(office(), special);
    assert_eq!(hours.spans(day("2026-11-14")), spans);
    assert_eq!(hours.spans(day("2026-12-25")), spans);
    assert!(!hours.opens_on(day("2026-12-28")));
}

#[test]
fn a_museum_keeps_its_saturdays_and_its_holidays() {
    let mut week = Weekly { open_on_holidays: true, ..Weekly::default() };
    week.days[5] = vec![Span::new(600, 840).unwrap()];
    let open = hours(week.clone(), Vec::new());
    week.open_on_holidays = false;
    let closed = hours(week, Vec::new());
    let midsummer = day("2026-06-20");
    assert!(open.opens_on(midsummer) && !closed.opens_on(midsummer));
    assert!(open.opens_on(day("2026-06-27")) && closed.opens_on(day("2026-06-27")));
}

#[test]
fn hours_hold_from_their_day_on() {
    let mut longer = office();
    longer.days[0] = vec![Span::new(450, 1_080).unwrap()];
    let weeks = vec![(day("2026-11-16"), longer), (day("2026-11-01"), office())];
    let hours = OpeningHours::new(weeks, Vec::new());
    assert!(!hours.opens_on(day("2026-10-30")));
    assert_eq!(hours.spans(day("2026-11-09"))[0].until(), 990);
    assert_eq!(hours.spans(day("2026-11-16"))[0].until(), 1_080);
}

#[test]
fn the_last_open_days_skip_the_closed_ones() {
    let hours = hours(office(), Vec::new());
    let days: Vec<String> =
        hours.last_open_days(day("2026-04-07"), 3).iter().map(Day::to_string).collect();
    assert_eq!(days, ["2026-04-01", "2026-04-02", "2026-04-07"]);
    let sunday = hours.last_open_days(day("2026-04-05"), 1);
    assert_eq!(sunday, [day("2026-04-02")]);
    assert!(hours.last_open_days(day("1999-01-01"), 2).is_empty());
    assert_eq!(OpeningHours::always().last_open_days(day("2026-04-05"), 2).len(), 2);
}

#[test]
fn whoever_is_always_open_is_open_always() {
    let always = OpeningHours::always();
    for at in [i64::MIN, 0, i64::MAX] {
        assert!(always.is_open(Timestamp(at)));
    }
    assert_eq!(always.open_millis(Timestamp(5), Timestamp(17)), 12);
    let day = day("2026-10-25");
    let whole = (Zone::stockholm().day_start(day), Zone::stockholm().day_end(day));
    assert_eq!(always.intervals(day).collect::<Vec<_>>(), [whole]);
}

#[test]
fn a_span_has_a_beginning_before_its_end() {
    assert_eq!(Span::new(600, 600), None);
    assert_eq!(Span::new(600, 500), None);
    assert_eq!(Span::new(600, 1_441), None);
    assert!(Span::new(0, 1_440).is_some_and(|span| span.from() == 0));
}

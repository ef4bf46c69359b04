//! When the reports of closed periods are due (R30, R35).
//!
//! A closed period is published on the n-th working day after its end, at a time of day. By then the
//! questions that were received on its last day have had their two working days (goal 4). Whoever
//! starts with an old ledger does not flood its readers: only what ended lately is published by
//! itself, the rest when it is asked for by name.

use super::calendar::{Day, Month, WorkingDays, Zone};
use super::period::Period;
use super::units::Timestamp;

/// A period that ended more than so many days ago is published only when it is asked for.
pub const PUBLISHED_DAYS: i32 = 35;

/// The kinds of period that are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A calendar month.
    Month,
    /// Four months.
    Tertial,
    /// January–August: the interim report.
    JanuaryToAugust,
    /// A calendar year.
    Year,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Month, Kind::Tertial, Kind::JanuaryToAugust, Kind::Year];

    /// The name in the configuration, in metrics and in names of links.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Month => "month",
            Kind::Tertial => "tertial",
            Kind::JanuaryToAugust => "jan_aug",
            Kind::Year => "year",
        }
    }

    /// The kind of a period; `None` for those that are not published.
    pub fn of(period: Period) -> Option<Kind> {
        match period {
            Period::Day(_) | Period::Week { .. } => None,
            Period::Month(_) => Some(Kind::Month),
            Period::Tertial { .. } => Some(Kind::Tertial),
            Period::JanuaryToAugust(_) => Some(Kind::JanuaryToAugust),
            Period::Year(_) => Some(Kind::Year),
        }
    }

    /// The period of this kind with a day in it, or the next one to come for January–August.
    fn around(self, day: Day) -> Period {
        let (year, month, _) = day.date();
        match self {
            Kind::Month => Period::Month(Month { year, month }),
            Kind::Tertial => Period::Tertial { year, number: (month - 1) / 4 + 1 },
            Kind::JanuaryToAugust => Period::JanuaryToAugust(year),
            Kind::Year => Period::Year(year),
        }
    }
}

/// When which periods are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Which kinds, each once.
    pub kinds: Vec<Kind>,
    /// The working day after the period's end, from 1.
    pub working_day: u32,
    /// Minutes since midnight by the clock on the wall.
    pub minute: u16,
    /// Older periods that are published too.
    pub also: Vec<Period>,
}

impl Default for Schedule {
    fn default() -> Self {
        Schedule { kinds: Kind::ALL.to_vec(), working_day: 3, minute: 7 * 60, also: Vec::new() }
    }
}

impl Schedule {
    /// The moment from which a period is published.
    pub fn moment(&self, period: Period) -> Timestamp {
        let (_, end) = period.span();
        let day = WorkingDays::nth_after(end.previous(), self.working_day);
        Zone::stockholm().at_wall_clock(day, self.minute)
    }

    /// The periods that are to be published by a time, where there are figures from a day on: those
    /// of the schedule that ended lately, and those that are asked for by name.
    pub fn due(&self, now: Timestamp, first: Day) -> Vec<Period> {
        let today = Zone::stockholm().day_of(now);
        let lately = self.kinds.iter().flat_map(|kind| {
            let periods =
                std::iter::successors(Some(kind.around(today)), |one| Some(one.previous()));
            periods.take_while(|period| {
                let (_, end) = period.span();
                end.0 + PUBLISHED_DAYS >= today.0
            })
        });
        let mut due: Vec<Period> = lately
            .chain(self.also.iter().copied())
            .filter(|period| first < period.span().1 && self.moment(*period) <= now)
            .collect();
        due.sort_unstable();
        due.dedup();
        due
    }

    /// Whether the daily round of a day has come: corrections are published on working days, at the
    /// same time of day.
    pub fn is_round(&self, now: Timestamp) -> bool {
        let zone = Zone::stockholm();
        let today = zone.day_of(now);
        WorkingDays::is_working_day(today) && zone.at_wall_clock(today, self.minute) <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn at(text: &str, minute: u16) -> Timestamp {
        Zone::stockholm().at_wall_clock(day(text), minute)
    }

    fn due(now: Timestamp, first: &str) -> Vec<String> {
        Schedule::default().due(now, day(first)).iter().map(Period::to_string).collect()
    }

    #[test]
    fn a_month_is_due_on_its_third_working_day_at_seven_and_not_before() {
        // 1 November 2026 is a Sunday: the working days are Monday 2, Tuesday 3, Wednesday 4.
        assert_eq!(due(at("2026-11-04", 419), "2026-10-05"), Vec::<String>::new());
        assert_eq!(due(at("2026-11-04", 420), "2026-10-05"), ["2026-10"]);
    }

    #[test]
    fn holidays_are_no_working_days() {
        // 1 January 2026 is a holiday, Friday 2 is not, 5 is a Monday, 6 is a holiday.
        assert_eq!(due(at("2026-01-07", 419), "2025-01-01"), Vec::<String>::new());
        let all = ["2025-12", "2025-T3", "2025"];
        assert_eq!(due(at("2026-01-07", 420), "2025-01-01"), all);
    }

    #[test]
    fn the_interim_report_comes_with_august_and_the_second_tertial() {
        assert_eq!(
            due(at("2026-09-03", 420), "2026-08-01"),
            ["2026-08", "2026-T2", "2026-jan-aug"]
        );
    }

    #[test]
    fn what_ended_before_there_were_figures_or_long_ago_is_left_alone() {
        assert_eq!(due(at("2026-11-04", 420), "2026-10-31"), ["2026-10"]);
        assert_eq!(due(at("2026-11-04", 420), "2026-11-01"), Vec::<String>::new());
        // The month ended on 1 November; 35 days later it still is due, 36 days later it is not.
        assert_eq!(due(at("2026-12-03", 1), "2026-10-05"), ["2026-10"]);
        assert_eq!(due(at("2026-12-03", 420), "2026-05-05"), ["2026-10", "2026-11"]);
        assert_eq!(due(at("2026-12-06", 1), "2026-05-05"), ["2026-10", "2026-11"]);
        assert_eq!(due(at("2026-12-07", 1), "2026-05-05"), ["2026-11"]);
    }

    #[test]
    fn older_ones_come_when_they_are_asked_for_and_no_sooner_than_they_are_over() {
        let also = vec!["2025".parse().unwrap(), "2026-11".parse().unwrap()];
        let schedule = Schedule { kinds: vec![Kind::Year], also, ..Schedule::default() };
        let due: Vec<String> = schedule
            .due(at("2026-11-04", 420), day("2025-03-01"))
            .iter()
            .map(Period::to_string)
            .collect();
        assert_eq!(due, ["2025"]);
    }

    #[test]
    fn the_round_is_on_working_days_from_its_time_on() {
        let schedule = Schedule::default();
        assert!(!schedule.is_round(at("2026-11-04", 419)));
        assert!(schedule.is_round(at("2026-11-04", 420)));
        assert!(!schedule.is_round(at("2026-11-07", 420)), "a Saturday");
    }
}

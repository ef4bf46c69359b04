//! Which periods have figures, so that their reports can be asked for.

use serde::Serialize;

use super::period::Period;
use crate::domain::calendar::{Day, Zone};
use crate::domain::units::Timestamp;
use crate::engine::Engine;

/// The periods with figures.
#[derive(Clone, Debug, Serialize)]
pub struct Periods {
    /// The first day with figures; `None` when there are none. Each day up to the last is a period
    /// too.
    first_day: Option<String>,
    last_day: Option<String>,
    /// By kind, and of each the latest first.
    periods: Vec<Told>,
}

#[derive(Clone, Debug, Serialize)]
struct Told {
    #[serde(skip)]
    of: Period,
    period: String,
    kind: &'static str,
    from: String,
    until: String,
    closed: bool,
}

impl Engine {
    /// The periods with figures, and which of them are over.
    pub fn periods(&self, now: Timestamp) -> Periods {
        Periods::new(self.days_with_figures(), now)
    }
}

impl Periods {
    fn new(days: Option<(Day, Day)>, now: Timestamp) -> Periods {
        let (first, last) = days.unzip();
        Periods {
            first_day: first.map(|day| day.to_string()),
            last_day: last.map(|day| day.to_string()),
            periods: days
                .into_iter()
                .flat_map(|(first, last)| {
                    latest(last).into_iter().flat_map(move |(kind, period)| {
                        std::iter::successors(Some(period), |period| Some(period.previous()))
                            .take_while(move |period| first < period.span().1)
                            .filter(move |period| period.span().0 <= last)
                            .map(move |period| Told::new(kind, period, now))
                    })
                })
                .collect(),
        }
    }

    /// The first day with figures and the last, if there are any.
    pub fn days(&self) -> Option<(Day, Day)> {
        let day = |text: &Option<String>| text.as_deref().and_then(Day::parse);
        day(&self.first_day).zip(day(&self.last_day))
    }

    /// The periods in the order of [`Periods::to_json`], each with whether it is over.
    pub fn each(&self) -> impl Iterator<Item = (Period, bool)> {
        self.periods.iter().map(|told| (told.of, told.closed))
    }

    /// As one JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts are JSON")
    }
}

impl Period {
    /// Whether its last day is over.
    pub fn is_closed(self, now: Timestamp) -> bool {
        now >= Zone::stockholm().day_start(self.span().1)
    }
}

impl Told {
    fn new(kind: &'static str, period: Period, now: Timestamp) -> Told {
        let (from, end) = period.span();
        Told {
            of: period,
            period: period.to_string(),
            kind,
            from: from.to_string(),
            until: end.previous().to_string(),
            closed: period.is_closed(now),
        }
    }
}

/// The periods of a day, one a kind, those of single days left out.
fn latest(day: Day) -> [(&'static str, Period); 5] {
    let (year, month, _) = day.date();
    let (week_year, week) = day.iso_week();
    [
        ("year", Period::Year(year)),
        ("january_to_august", Period::JanuaryToAugust(year)),
        ("tertial", Period::Tertial { year, number: (month - 1) / 4 + 1 }),
        ("month", Period::Month(day.month())),
        ("week", Period::Week { year: week_year, week }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(first: &str, last: &str, now: &str) -> Vec<(String, bool)> {
        let day = |text| Day::parse(text).unwrap();
        let now = Zone::stockholm().day_start(day(now));
        let told = Periods::new(Some((day(first), day(last))), now).periods;
        told.into_iter().map(|told| (told.period, told.closed)).collect()
    }

    #[test]
    fn every_period_that_the_days_touch_is_told_and_those_that_are_over_are_closed() {
        let told = told("2025-12-31", "2026-01-05", "2026-01-05");
        let wanted = [
            ("2026", false),
            ("2025", true),
            ("2026-jan-aug", false),
            ("2026-T1", false),
            ("2025-T3", true),
            ("2026-01", false),
            ("2025-12", true),
            ("2026-W02", false),
            ("2026-W01", true),
        ];
        assert_eq!(told, wanted.map(|(period, closed)| (period.to_owned(), closed)));
    }

    #[test]
    fn a_period_closes_with_its_last_day() {
        assert!(!told("2026-01-04", "2026-01-04", "2026-01-04").last().unwrap().1);
        assert!(told("2026-01-04", "2026-01-04", "2026-01-05").last().unwrap().1);
        let autumn = told("2026-10-01", "2026-10-02", "2026-10-03");
        assert!(!autumn.iter().any(|(period, _)| period.contains("aug")), "{autumn:?}");
    }

    #[test]
    fn without_figures_there_is_no_period() {
        let none = Periods::new(None, Timestamp(0));
        assert_eq!(none.to_json(), r#"{"first_day":null,"last_day":null,"periods":[]}"#);
    }
}

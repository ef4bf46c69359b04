//! The periods that figures are accounted for by (R30), and those they are compared with.

use std::fmt;
use std::str::FromStr;

use super::calendar::{Day, Month};

/// A stretch of whole local days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// One local date.
    Day(Day),
    /// An ISO 8601 week, Monday to Sunday, by the year of its Thursday.
    Week {
        /// Of its Thursday.
        year: i32,
        /// 1 to 53.
        week: u8,
    },
    /// A calendar month.
    Month(Month),
    /// Four months: January–April, May–August, September–December.
    Tertial {
        /// Calendar year.
        year: i32,
        /// 1 to 3.
        number: u8,
    },
    /// January–August: the interim report (delårsrapport).
    JanuaryToAugust(i32),
    /// A calendar year.
    Year(i32),
}

const MONTHS: [&str; 12] = [
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
];

fn month_name(month: u8) -> &'static str {
    MONTHS[usize::from(month - 1)]
}

impl Period {
    /// Its first day, and the day after its last.
    pub fn span(self) -> (Day, Day) {
        let months = |year, from: u8, until: u8| {
            let (from, until) = (Month { year, month: from }, Month { year, month: until });
            (from.first_day(), until.next().first_day())
        };
        match self {
            Period::Day(day) => (day, day.next()),
            Period::Week { year, week } => {
                let monday = first_monday(year).plus(7 * (i32::from(week) - 1));
                (monday, monday.plus(7))
            }
            Period::Month(Month { year, month }) => months(year, month, month),
            Period::Tertial { year, number } => months(year, 4 * number - 3, 4 * number),
            Period::JanuaryToAugust(year) => months(year, 1, 8),
            Period::Year(year) => months(year, 1, 12),
        }
    }

    /// The period of these days, from the first up to, but not including, the last; `None` when they
    /// are none.
    pub fn of(days: (Day, Day)) -> Option<Period> {
        let (first, _) = days;
        let (month, year) = (first.month(), first.date().0);
        let tertials = (1..=3).map(|number| Period::Tertial { year, number });
        [Period::Day(first), Period::week_of(first), Period::Month(month)]
            .into_iter()
            .chain(tertials)
            .chain([Period::JanuaryToAugust(year), Period::Year(year)])
            .find(|period| period.span() == days)
    }

    /// Its months, when it is of several.
    pub fn months(self) -> impl Iterator<Item = Period> {
        let (from, end) = self.span();
        let is_of_several = match self {
            Period::Day(_) | Period::Week { .. } | Period::Month(_) => false,
            Period::Tertial { .. } | Period::JanuaryToAugust(_) | Period::Year(_) => true,
        };
        let months = std::iter::successors(Some(from.month()), |month| Some(month.next()));
        months.take_while(move |month| is_of_several && month.first_day() < end).map(Period::Month)
    }

    /// Whether citizens are told of it. Days and weeks beside the months would tell what is withheld of
    /// a month.
    pub fn is_for_citizens(self) -> bool {
        match self {
            Period::Day(_) | Period::Week { .. } => false,
            Period::Month(_)
            | Period::Tertial { .. }
            | Period::JanuaryToAugust(_)
            | Period::Year(_) => true,
        }
    }

    /// Every day of it.
    pub fn days(self) -> impl DoubleEndedIterator<Item = Day> + use<> {
        let (from, end) = self.span();
        from.until(end)
    }

    /// The period before it of the same kind; for January–August that of the year before.
    #[must_use]
    pub fn previous(self) -> Period {
        let (from, _) = self.span();
        match self {
            Period::Day(day) => Period::Day(day.previous()),
            Period::Week { .. } => Period::week_of(from.previous()),
            Period::Month(month) => Period::Month(month.previous()),
            Period::Tertial { year, number: 1 } => Period::Tertial { year: year - 1, number: 3 },
            Period::Tertial { year, number } => Period::Tertial { year, number: number - 1 },
            Period::JanuaryToAugust(year) => Period::JanuaryToAugust(year - 1),
            Period::Year(year) => Period::Year(year - 1),
        }
    }

    /// The same period of the year before: for a day the same weekday 52 weeks earlier, for a week
    /// the week of the same number (the last one, where the year before has no week 53).
    #[must_use]
    pub fn a_year_before(self) -> Period {
        match self {
            Period::Day(day) => Period::Day(day.plus(-364)),
            Period::Week { year, week } => {
                let last = first_monday(year).previous().iso_week().1;
                Period::Week { year: year - 1, week: week.min(last) }
            }
            Period::Month(Month { year, month }) => Period::Month(Month { year: year - 1, month }),
            Period::Tertial { year, number } => Period::Tertial { year: year - 1, number },
            Period::JanuaryToAugust(year) => Period::JanuaryToAugust(year - 1),
            Period::Year(year) => Period::Year(year - 1),
        }
    }

    /// From 1 January of the year of its last day up to its end: first day, and day after the last.
    pub fn year_to_date(self) -> (Day, Day) {
        let (_, end) = self.span();
        let (year, ..) = end.previous().date();
        (Month { year, month: 1 }.first_day(), end)
    }

    /// How many stretches of days a period is compared with.
    pub const COMPARED: usize = 3;

    /// The days that its report reads besides its own, to compare with: of the period before, of the
    /// same one of the year before, and of the year so far. Each from its first day up to, but not
    /// including, the last.
    pub fn compared(self) -> [(Day, Day); Period::COMPARED] {
        [self.previous().span(), self.a_year_before().span(), self.year_to_date()]
    }

    fn week_of(day: Day) -> Period {
        let (year, week) = day.iso_week();
        Period::Week { year, week }
    }

    /// What it is called in Swedish: `oktober 2026`.
    pub fn name(self) -> String {
        match self {
            Period::Day(day) => day.to_string(),
            Period::Week { year, week } => format!("vecka {week} {year}"),
            Period::Month(Month { year, month }) => format!("{} {year}", month_name(month)),
            Period::Tertial { year, number } => {
                let (first, last) = (month_name(4 * number - 3), month_name(4 * number));
                format!("tertial {number} {year} ({first}–{last})")
            }
            Period::JanuaryToAugust(year) => format!("januari–augusti {year}"),
            Period::Year(year) => year.to_string(),
        }
    }
}

/// The Monday of ISO week 1: that of the week with 4 January.
fn first_monday(year: i32) -> Day {
    let fourth = Month { year, month: 1 }.first_day().plus(3);
    fourth.plus(-(fourth.weekday().index() as i32))
}

/// The name in commands, files and topics: `2026-10-05`, `2026-W41`, `2026-10`, `2026-T1`,
/// `2026-jan-aug`, `2026`.
impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Period::Day(day) => day.fmt(out),
            Period::Week { year, week } => write!(out, "{year:04}-W{week:02}"),
            Period::Month(month) => month.fmt(out),
            Period::Tertial { year, number } => write!(out, "{year:04}-T{number}"),
            Period::JanuaryToAugust(year) => write!(out, "{year:04}-jan-aug"),
            Period::Year(year) => write!(out, "{year:04}"),
        }
    }
}

/// Not the name of a period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no period; write 2026-10-05, 2026-W41, 2026-10, 2026-T1, 2026-jan-aug or 2026, \
     between 2000 and 2099"
)]
pub struct NoPeriod(pub String);

impl FromStr for Period {
    type Err = NoPeriod;

    fn from_str(text: &str) -> Result<Self, NoPeriod> {
        let found = || {
            let year: i32 = text.get(..4)?.parse().ok()?;
            let number = |digits: &str| -> Option<u8> {
                digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
            };
            let rest = text.get(4..)?;
            match (rest.get(..2).unwrap_or(rest), rest.len()) {
                ("", _) => Some(Period::Year(year)),
                ("-W", 4) => Some(Period::Week { year, week: number(&rest[2..])? }),
                ("-T", 3) => Some(Period::Tertial { year, number: number(&rest[2..])? }),
                _ if rest == "-jan-aug" => Some(Period::JanuaryToAugust(year)),
                (_, 3) => Some(Period::Month(Month { year, month: number(&rest[1..])? })),
                _ => Day::parse(text).map(Period::Day),
            }
        };
        // A period is its name and nothing else: no month 13, no week 53 where there is none.
        let real = |period: &Period| match *period {
            Period::Week { year, week } => {
                week > 0 && Period::week_of(period.span().0) == Period::Week { year, week }
            }
            Period::Month(Month { month, .. }) => (1..=12).contains(&month),
            Period::Tertial { number, .. } => (1..=3).contains(&number),
            Period::Day(_) | Period::JanuaryToAugust(_) | Period::Year(_) => true,
        };
        found()
            .filter(real)
            .filter(|period| period.to_string() == text)
            .filter(|period| period.span().0 >= Day::FIRST && period.span().1 <= Day::END)
            .ok_or_else(|| NoPeriod(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn check(text: &str, span: (&str, &str), previous: &str, a_year_before: &str, name: &str) {
        let of = period(text);
        assert_eq!(of.to_string(), text);
        let (from, end) = of.span();
        assert_eq!((from.to_string().as_str(), end.previous().to_string().as_str()), span);
        assert_eq!(of.previous().to_string(), previous);
        assert_eq!(of.a_year_before().to_string(), a_year_before);
        assert_eq!(of.name(), name);
        assert_eq!(Period::of(of.span()), Some(of));
        assert_eq!(Period::of((from, end.next())), None);
        assert_eq!(Period::of((end, from)), None);
    }

    #[test]
    fn periods_of_several_months_tell_them() {
        let months = |text: &str| -> Vec<String> {
            period(text).months().map(|month| month.to_string()).collect()
        };
        assert_eq!(months("2026-T1"), ["2026-01", "2026-02", "2026-03", "2026-04"]);
        assert_eq!(months("2026-T3").last().unwrap(), "2026-12");
        assert_eq!(months("2026-jan-aug").len(), 8);
        assert_eq!(months("2026").len(), 12);
        for text in ["2026-10", "2026-12", "2026-W40", "2026-10-05"] {
            assert_eq!(months(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn every_kind_has_its_days_and_what_it_is_compared_with() {
        let day = ("2026-01-01", "2026-01-01");
        check("2026-01-01", day, "2025-12-31", "2025-01-02", "2026-01-01");
        // 2020 has 53 weeks, 2019 has 52; week 1 of 2021 follows week 53.
        let week = ("2020-12-28", "2021-01-03");
        check("2020-W53", week, "2020-W52", "2019-W52", "vecka 53 2020");
        check("2021-W01", ("2021-01-04", "2021-01-10"), "2020-W53", "2020-W01", "vecka 1 2021");
        check("2026-01", ("2026-01-01", "2026-01-31"), "2025-12", "2025-01", "januari 2026");
        let tertial = ("2026-05-01", "2026-08-31");
        check("2026-T2", tertial, "2026-T1", "2025-T2", "tertial 2 2026 (maj–augusti)");
        check(
            "2026-T1",
            ("2026-01-01", "2026-04-30"),
            "2025-T3",
            "2025-T1",
            "tertial 1 2026 (januari–april)",
        );
        check(
            "2026-jan-aug",
            ("2026-01-01", "2026-08-31"),
            "2025-jan-aug",
            "2025-jan-aug",
            "januari–augusti 2026",
        );
        check("2024", ("2024-01-01", "2024-12-31"), "2023", "2023", "2024");
    }

    #[test]
    fn the_year_to_date_is_that_of_the_last_day() {
        let shown = |text| {
            let (from, end) = period(text).year_to_date();
            (from.to_string(), end.to_string())
        };
        assert_eq!(shown("2026-10"), ("2026-01-01".into(), "2026-11-01".into()));
        assert_eq!(shown("2020-W53"), ("2021-01-01".into(), "2021-01-04".into()));
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in [
            "",
            "26",
            "2026-13",
            "2026-00",
            "2026-1",
            "2026-W54",
            "2026-W00",
            "2021-W53",
            "2026-T4",
            "2026-T0",
            "2026-02-30",
            "2026-jan",
            "1999",
            "2100",
            "2026-w41",
            "+026",
            "2026-+1",
            "å026",
            "2026-é",
        ] {
            assert_eq!(text.parse::<Period>(), Err(NoPeriod(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn periods_of_a_kind_follow_each_other_without_gap() {
        for text in ["2026-10-05", "2026-W41", "2026-10", "2026-T1", "2026"] {
            let mut at = period(text);
            for _ in 0..60 {
                let before = at.previous();
                assert_eq!(before.span().1, at.span().0, "{before} and {at}");
                at = before;
            }
        }
    }
}

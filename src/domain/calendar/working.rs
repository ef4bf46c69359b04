//! Working days (helgfri måndag–fredag), holidays by name, half days and squeeze days.

use super::{Day, Weekday};

/// A day on which public offices are closed whatever the weekday: the public holidays of the act
/// (1989:253) on public holidays, and the three eves that the guideline's "helgfri" leaves out as
/// well (`DOMAIN.md` section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holiday {
    /// 1 January.
    Nyarsdagen,
    /// 6 January.
    TrettondedagJul,
    /// Two days before Easter Sunday.
    Langfredagen,
    /// Easter Sunday.
    Paskdagen,
    /// The day after Easter Sunday.
    AnnandagPask,
    /// 1 May.
    ForstaMaj,
    /// 39 days after Easter Sunday, a Thursday.
    KristiHimmelsfardsdag,
    /// 49 days after Easter Sunday, a Sunday.
    Pingstdagen,
    /// 6 June, a public holiday since 2005 and counted as one in every year.
    Nationaldagen,
    /// The Friday of 19–25 June.
    Midsommarafton,
    /// The Saturday of 20–26 June.
    Midsommardagen,
    /// The Saturday of 31 October–6 November.
    AllaHelgonsDag,
    /// 24 December.
    Julafton,
    /// 25 December.
    Juldagen,
    /// 26 December.
    AnnandagJul,
    /// 31 December.
    Nyarsafton,
}

impl Holiday {
    /// The Swedish name, as people read it.
    pub fn name(self) -> &'static str {
        match self {
            Holiday::Nyarsdagen => "nyårsdagen",
            Holiday::TrettondedagJul => "trettondedag jul",
            Holiday::Langfredagen => "långfredagen",
            Holiday::Paskdagen => "påskdagen",
            Holiday::AnnandagPask => "annandag påsk",
            Holiday::ForstaMaj => "första maj",
            Holiday::KristiHimmelsfardsdag => "Kristi himmelsfärdsdag",
            Holiday::Pingstdagen => "pingstdagen",
            Holiday::Nationaldagen => "nationaldagen",
            Holiday::Midsommarafton => "midsommarafton",
            Holiday::Midsommardagen => "midsommardagen",
            Holiday::AllaHelgonsDag => "alla helgons dag",
            Holiday::Julafton => "julafton",
            Holiday::Juldagen => "juldagen",
            Holiday::AnnandagJul => "annandag jul",
            Holiday::Nyarsafton => "nyårsafton",
        }
    }
}

/// Why a day is not a working day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closed {
    /// A holiday, named also when it falls on a weekend.
    Holiday(Holiday),
    /// Any other Saturday or Sunday.
    Weekend(Weekday),
}

impl Closed {
    /// The Swedish name of the holiday or of the weekday.
    pub fn name(self) -> &'static str {
        match self {
            Closed::Holiday(holiday) => holiday.name(),
            Closed::Weekend(weekday) => weekday.name(),
        }
    }
}

/// A working day on which many offices close early. It shortens opening hours only where the
/// configuration says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HalfDay {
    /// 5 January.
    Trettondagsafton,
    /// The Thursday before Easter.
    Skartorsdagen,
    /// 30 April.
    Valborgsmassoafton,
    /// The Friday before alla helgons dag.
    Allhelgonaafton,
}

impl HalfDay {
    /// Every half day, in the order of [`HalfDay::index`].
    pub const ALL: [HalfDay; 4] = [
        HalfDay::Trettondagsafton,
        HalfDay::Skartorsdagen,
        HalfDay::Valborgsmassoafton,
        HalfDay::Allhelgonaafton,
    ];

    /// Its position in [`HalfDay::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The Swedish name, as people read it.
    pub fn name(self) -> &'static str {
        match self {
            HalfDay::Trettondagsafton => "trettondagsafton",
            HalfDay::Skartorsdagen => "skärtorsdagen",
            HalfDay::Valborgsmassoafton => "valborgsmässoafton",
            HalfDay::Allhelgonaafton => "dagen före alla helgons dag",
        }
    }

    /// The name in the configuration: ASCII, one word.
    pub fn key(self) -> &'static str {
        match self {
            HalfDay::Trettondagsafton => "trettondagsafton",
            HalfDay::Skartorsdagen => "skartorsdagen",
            HalfDay::Valborgsmassoafton => "valborgsmassoafton",
            HalfDay::Allhelgonaafton => "allhelgonaafton",
        }
    }
}

/// The working days of the municipality: Monday to Friday, neither a public holiday nor
/// midsommarafton, julafton or nyårsafton. Source: the guideline's "helgfri måndag–fredag".
pub struct WorkingDays;

impl WorkingDays {
    /// Whether this is a working day.
    pub fn is_working_day(day: Day) -> bool {
        Self::reason_closed(day).is_none()
    }

    /// Why this is not a working day; `None` for a working day.
    pub fn reason_closed(day: Day) -> Option<Closed> {
        let weekend = day.weekday().is_weekend().then_some(Closed::Weekend(day.weekday()));
        Self::holiday(day).map(Closed::Holiday).or(weekend)
    }

    /// The holiday on this day. Where two meet (första maj on Kristi himmelsfärdsdag, as in 2008),
    /// the one with a fixed date.
    pub fn holiday(day: Day) -> Option<Holiday> {
        let (year, month, date) = day.date();
        match (month, date, day.weekday()) {
            (1, 1, _) => Some(Holiday::Nyarsdagen),
            (1, 6, _) => Some(Holiday::TrettondedagJul),
            (5, 1, _) => Some(Holiday::ForstaMaj),
            (6, 6, _) => Some(Holiday::Nationaldagen),
            (6, 19..=25, Weekday::Friday) => Some(Holiday::Midsommarafton),
            (6, 20..=26, Weekday::Saturday) => Some(Holiday::Midsommardagen),
            (10, 31, Weekday::Saturday) | (11, 1..=6, Weekday::Saturday) => {
                Some(Holiday::AllaHelgonsDag)
            }
            (12, 24, _) => Some(Holiday::Julafton),
            (12, 25, _) => Some(Holiday::Juldagen),
            (12, 26, _) => Some(Holiday::AnnandagJul),
            (12, 31, _) => Some(Holiday::Nyarsafton),
            (3..=6, _, _) => match day.0 - Self::easter_sunday(year).0 {
                -2 => Some(Holiday::Langfredagen),
                0 => Some(Holiday::Paskdagen),
                1 => Some(Holiday::AnnandagPask),
                39 => Some(Holiday::KristiHimmelsfardsdag),
                49 => Some(Holiday::Pingstdagen),
                _ => None,
            },
            _ => None,
        }
    }

    /// The half day on this day, if it is a working day.
    pub fn half_day(day: Day) -> Option<HalfDay> {
        if !Self::is_working_day(day) {
            return None;
        }
        let (year, month, date) = day.date();
        match (month, date, day.weekday()) {
            (1, 5, _) => Some(HalfDay::Trettondagsafton),
            (4, 30, _) => Some(HalfDay::Valborgsmassoafton),
            (10, 30..=31, Weekday::Friday) | (11, 1..=5, Weekday::Friday) => {
                Some(HalfDay::Allhelgonaafton)
            }
            (3 | 4, _, Weekday::Thursday) => {
                (day.plus(3) == Self::easter_sunday(year)).then_some(HalfDay::Skartorsdagen)
            }
            _ => None,
        }
    }

    /// Whether this is a squeeze day (klämdag): a single working day between two days off.
    pub fn is_squeeze_day(day: Day) -> bool {
        Self::is_working_day(day)
            && !Self::is_working_day(day.previous())
            && !Self::is_working_day(day.next())
    }

    /// The `n`th working day strictly after a day; the day itself when `n` is 0. Goal 4 asks for
    /// the second one.
    pub fn nth_after(day: Day, n: u32) -> Day {
        let mut found = day;
        for _ in 0..n {
            found = found.next();
            while !Self::is_working_day(found) {
                found = found.next();
            }
        }
        found
    }

    /// Easter Sunday of a Gregorian year.
    pub fn easter_sunday(year: i32) -> Day {
        // The anonymous Gregorian computus (Meeus, Astronomical Algorithms, chapter 8).
        let golden = year.rem_euclid(19);
        let (century, rest) = (year.div_euclid(100), year.rem_euclid(100));
        let correction = (century - (century + 8) / 25 + 1) / 3;
        let epact = (19 * golden + century - century / 4 - correction + 15) % 30;
        let to_sunday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
        let shift = (golden + 11 * epact + 22 * to_sunday) / 451;
        let from_march = epact + to_sunday - 7 * shift + 114;
        Day::of_valid(year, (from_march / 31) as u8, (from_march % 31 + 1) as u8)
    }
}

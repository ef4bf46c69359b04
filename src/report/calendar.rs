//! A year of the calendar for people and programs: working days, the reason for each day off, half
//! days, and when units are open (R3).

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use crate::domain::calendar::{Day, Month, OpeningHours, Span, WorkingDays, Zone};
use crate::domain::question::DeadlineRule;
use crate::domain::units::Timestamp;

/// A unit whose opening hours are told.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Stable ASCII name.
    pub slug: String,
    /// When it is open.
    pub hours: OpeningHours,
}

/// A year, day by day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CalendarYear {
    /// Which year.
    pub year: i32,
    /// How many of its days are working days.
    pub working_days: usize,
    /// Every day in order.
    pub days: Vec<CalendarDay>,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CalendarDay {
    /// `2026-06-19`.
    pub date: String,
    /// Its Swedish name.
    pub weekday: &'static str,
    /// Whether it is a working day (helgfri måndag–fredag).
    pub working: bool,
    /// Why it is not: the holiday, else the weekday; `None` for a working day.
    pub reason: Option<&'static str>,
    /// The half day that it is.
    pub half_day: Option<&'static str>,
    /// A single working day between two days off.
    pub squeeze_day: bool,
    /// Its length in hours: 23 and 25 where the clocks change, else 24.
    pub hours: i64,
    /// By unit, its opening hours by the clock on the wall; none on a closed day.
    pub open: BTreeMap<String, Vec<Hours>>,
}

/// The last moment to answer something, under each rule of practice: at 24:00, written as the 00:00
/// of the day after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deadlines(BTreeMap<&'static str, String>);

impl Deadlines {
    /// Of what was received at a time.
    pub fn new(received: Timestamp) -> Deadlines {
        let zone = Zone::stockholm();
        let of = |rule: DeadlineRule| (rule.name(), zone.rfc3339(rule.deadline(received)));
        Deadlines(DeadlineRule::ALL.map(of).into())
    }

    /// As one JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts are JSON")
    }

    /// Writes a line for each rule.
    ///
    /// # Errors
    ///
    /// Whatever the output says.
    pub fn write_table(&self, out: &mut dyn io::Write) -> io::Result<()> {
        self.0.iter().try_for_each(|(rule, moment)| writeln!(out, "{rule:<12} {moment}"))
    }
}

/// A stretch of a day by the clock on the wall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hours {
    /// `07:30`, inclusive.
    pub from: String,
    /// `16:30`, exclusive; `24:00` is the end of the day.
    pub until: String,
}

impl CalendarYear {
    /// The year from 1 January to 31 December, and its hours for each of the units.
    pub fn new(year: i32, units: &[Unit]) -> CalendarYear {
        let months = (1..=12).map(|month| Month { year, month });
        let days: Vec<CalendarDay> =
            months.flat_map(Month::days).map(|day| CalendarDay::new(day, units)).collect();
        let working_days = days.iter().filter(|day| day.working).count();
        CalendarYear { year, working_days, days }
    }

    /// As one JSON document.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and numbers are JSON")
    }

    /// Writes the days that are not as any other of their weekday, then the working days of each
    /// month.
    ///
    /// # Errors
    ///
    /// Whatever the output says.
    pub fn write_table(&self, out: &mut dyn io::Write) -> io::Result<()> {
        for day in self.days.iter().filter(|day| day.is_remarkable()) {
            let hours: Vec<String> = day.open.iter().map(shown_hours).collect();
            let line = format!(
                "{}  {:<8} {:<8} {:<28} {}",
                day.date,
                day.weekday,
                if day.working { "working" } else { "off" },
                day.remark(),
                hours.join("; ")
            );
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out, "\nworking days")?;
        for month in 1..=12 {
            let prefix = Month { year: self.year, month }.to_string();
            let working = |day: &&CalendarDay| day.working && day.date.starts_with(&prefix);
            writeln!(out, "{prefix}     {:>4}", self.days.iter().filter(working).count())?;
        }
        writeln!(out, "{}        {:>4}", self.year, self.working_days)
    }
}

impl CalendarDay {
    fn new(day: Day, units: &[Unit]) -> CalendarDay {
        let zone = Zone::stockholm();
        let open = units.iter().map(|unit| {
            (unit.slug.clone(), unit.hours.spans(day).into_iter().map(Hours::new).collect())
        });
        CalendarDay {
            date: day.to_string(),
            weekday: day.weekday().name(),
            working: WorkingDays::is_working_day(day),
            reason: WorkingDays::reason_closed(day).map(|closed| closed.name()),
            half_day: WorkingDays::half_day(day).map(|half| half.name()),
            squeeze_day: WorkingDays::is_squeeze_day(day),
            hours: zone.day_end(day).since(zone.day_start(day)).0 / 3_600_000,
            open: open.collect(),
        }
    }

    fn is_remarkable(&self) -> bool {
        let is_plain_weekend = self.reason == Some(self.weekday);
        let is_off = !self.working && !is_plain_weekend;
        is_off || self.half_day.is_some() || self.squeeze_day || self.hours != 24
    }

    fn remark(&self) -> String {
        let holiday = self.reason.filter(|reason| *reason != self.weekday);
        let squeeze = self.squeeze_day.then_some("klämdag");
        let mut remarks: Vec<String> =
            holiday.into_iter().chain(self.half_day).chain(squeeze).map(str::to_owned).collect();
        if self.hours != 24 {
            remarks.push(format!("{} timmar", self.hours));
        }
        remarks.join(", ")
    }
}

impl Hours {
    fn new(span: Span) -> Hours {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        Hours { from: clock(span.from()), until: clock(span.until()) }
    }
}

fn shown_hours((unit, hours): (&String, &Vec<Hours>)) -> String {
    let spans: Vec<String> =
        hours.iter().map(|hours| format!("{}–{}", hours.from, hours.until)).collect();
    match spans.is_empty() {
        true => format!("{unit}: closed"),
        false => format!("{unit}: {}", spans.join(", ")),
    }
}

//! What a program can ask of the engine, and why there may be no answer.

use crate::domain::calendar::{Day, Zone};
use crate::domain::ids::Department;
use crate::domain::units::Timestamp;
use crate::engine::Engine;
use crate::report::{
    Audience, CalendarYear, Drawing, Interval, Language, Order, Period, Report, Unit,
};

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The document of figures.
    Figures(Interval),
    /// The goals of a day; today's when none is given.
    Goals(Option<Day>),
    /// A year of the calendar, this one when none is given, with the opening hours of one unit or
    /// of all.
    Calendar {
        /// Which year.
        year: Option<i32>,
        /// A department's slug.
        unit: Option<String>,
    },
    /// The periods with figures.
    Periods,
    /// A report.
    Report {
        /// Of which days.
        period: Period,
        /// A department's slug; `None` for the whole municipality.
        department: Option<String>,
        /// For whom.
        audience: Audience,
        /// In what language.
        language: Language,
    },
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no such department; there are these.
    Department(Vec<String>),
    /// There are figures of these days only: the first and the last, if there are any.
    NoFigures(Option<(Day, Day)>),
    /// Citizens are told of periods that are over; this one is, at the start of a day.
    Open(Day),
    /// Citizens are told of months and longer periods.
    Short,
}

impl Asked {
    /// Asks the engine.
    ///
    /// # Errors
    ///
    /// When there is no such thing.
    pub fn answer(&self, engine: &Engine, now: Timestamp) -> Result<String, Refused> {
        let today = || Zone::stockholm().day_of(now);
        match self {
            Asked::Figures(interval) => Ok(engine.document(*interval, now).to_json()),
            Asked::Goals(on) => Ok(engine.goal_levels(on.unwrap_or_else(today)).to_json()),
            Asked::Calendar { year, unit } => {
                let units = units(engine, unit.as_deref())?;
                let year = year.unwrap_or_else(|| today().date().0);
                Ok(CalendarYear::new(year, &units).to_json())
            }
            Asked::Periods => Ok(engine.periods(now).to_json()),
            Asked::Report { period, department, audience, language } => {
                let made =
                    report(engine, *period, department.as_deref(), *audience, *language, now);
                made.map(|report| report.to_json())
            }
        }
    }
}

/// A report that is made on demand, of the whole municipality when no department is named.
///
/// # Errors
///
/// When there is no such thing.
pub(in crate::shell) fn report(
    engine: &Engine,
    period: Period,
    department: Option<&str>,
    audience: Audience,
    language: Language,
    now: Timestamp,
) -> Result<Report, Refused> {
    let department = department.map(|slug| find(engine, slug)).transpose()?;
    let order = &Order { period, department, audience, language };
    let (from, end) = order.period.span();
    let days = engine.days_with_figures();
    let Some((first, last)) = days.filter(|(first, last)| *first < end && from <= *last) else {
        return Err(Refused::NoFigures(days));
    };
    if order.audience == Audience::Public && !period.is_for_citizens() {
        return Err(Refused::Short);
    }
    if order.audience == Audience::Public && !period.is_closed(now) {
        return Err(Refused::Open(end));
    }
    let mut report = engine.report(order);
    // Quarter-hours are kept for two months: a table of half-hours would tell of some days only.
    let kept = engine.board().cells().quarters().next();
    let kept = kept.map_or(last, |(key, _)| Zone::stockholm().day_of(key.quarter.start()));
    if from.max(first) < kept {
        report.tables.retain(|table| table.drawing != Drawing::Heat);
    }
    Ok(report)
}

fn find(engine: &Engine, slug: &str) -> Result<Department, Refused> {
    let departments = &engine.names().departments;
    let found = departments.find(slug).map(Department);
    found.ok_or_else(|| Refused::Department(departments.iter().map(str::to_owned).collect()))
}

/// The units that are asked for with their hours.
fn units(engine: &Engine, asked: Option<&str>) -> Result<Vec<Unit>, Refused> {
    let unit = |department: Department| Unit {
        slug: engine.names().departments.name(department.0).to_owned(),
        hours: engine.rules().hours(department).clone(),
    };
    match asked {
        Some(slug) => Ok(vec![unit(find(engine, slug)?)]),
        None => {
            let all = 0..u16::try_from(engine.names().departments.len()).unwrap_or(u16::MAX);
            let known = all.map(Department).filter(|at| *at != Department::UNKNOWN);
            Ok(known.map(unit).collect())
        }
    }
}

//! The calendar as a command: which days are working days and why the others are not, when a unit is
//! open, and until when something received has to be answered.

use std::io::{self, BufWriter, Write as _};

use anyhow::Context as _;

use super::{read_config, usage};
use crate::cli::Calendar;
use crate::config::Config;
use crate::domain::calendar::{Day, Zone};
use crate::domain::ids::Department;
use crate::report::{CalendarYear, Deadlines, Unit};
use crate::wire::time;

/// Prints the year, or the deadlines.
///
/// # Errors
///
/// [`super::Usage`] for a year or a time that the daemon does not know, and a unit that is not
/// configured.
pub fn calendar(asked: &Calendar) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match (&asked.deadline, asked.year) {
        (Some(received), _) => {
            let deadlines = deadlines(received)?;
            match asked.json {
                true => writeln!(out, "{}", deadlines.to_json()),
                false => deadlines.write_table(&mut out),
            }
        }
        (None, year) => {
            let year = year_of(year.unwrap_or_default(), asked)?;
            match asked.json {
                true => writeln!(out, "{}", year.to_json()),
                false => year.write_table(&mut out),
            }
        }
    };
    written.and_then(|()| out.flush()).context("cannot print the calendar")
}

fn deadlines(received: &str) -> anyhow::Result<Deadlines> {
    let known = Zone::stockholm();
    let days = Day::FIRST..Day::END.plus(-30);
    time::parse(received)
        .filter(|at| days.contains(&known.day_of(*at)))
        .map(Deadlines::new)
        .ok_or_else(|| {
            usage(format!(
                "--deadline \"{received}\" is no time; write it as 2026-06-18T15:04:00+02:00"
            ))
        })
}

fn year_of(year: i32, asked: &Calendar) -> anyhow::Result<CalendarYear> {
    let (first, end) = (Day::FIRST.date().0, Day::END.date().0);
    if !(first..end).contains(&year) {
        let last = end - 1;
        return Err(usage(format!(
            "--year {year} is not in the calendar; take one from {first} to {last}"
        )));
    }
    let units = match &asked.config {
        None => Vec::new(),
        Some(path) => units(&read_config(path, &[])?, asked.unit.as_deref())?,
    };
    Ok(CalendarYear::new(year, &units))
}

/// The units that are asked for with their hours, in the order of the file.
fn units(config: &Config, asked: Option<&str>) -> anyhow::Result<Vec<Unit>> {
    let names = config.names();
    let rules = config.rules(&names);
    let all = || config.departments().iter().map(|entry| entry.slug.as_str());
    if let Some(unit) = asked.filter(|unit| !all().any(|slug| slug == *unit)) {
        let known: Vec<&str> = all().collect();
        return Err(usage(format!(
            "--unit \"{unit}\" is not configured; there are {}",
            known.join(", ")
        )));
    }
    let units = all().filter(|slug| asked.is_none_or(|unit| unit == *slug)).map(|slug| {
        let at = names.departments.find(slug).map_or(Department::UNKNOWN, Department);
        Unit { slug: slug.to_owned(), hours: rules.hours(at).clone() }
    });
    Ok(units.collect())
}

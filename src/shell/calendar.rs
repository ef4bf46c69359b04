//! The calendar as a command: which days are working days and why the others are not, and when a
//! unit is open.

use std::io::{self, BufWriter, Write as _};

use anyhow::Context as _;

use super::{read_config, usage};
use crate::cli::Calendar;
use crate::config::Config;
use crate::domain::calendar::Day;
use crate::domain::ids::Department;
use crate::report::{CalendarYear, Unit};

/// Prints the year.
///
/// # Errors
///
/// [`super::Usage`] for a year that the daemon does not know and a unit that is not configured.
pub fn calendar(asked: &Calendar) -> anyhow::Result<()> {
    let (first, end) = (Day::FIRST.date().0, Day::END.date().0);
    if !(first..end).contains(&asked.year) {
        let last = end - 1;
        return Err(usage(format!(
            "--year {} is not in the calendar; take one from {first} to {last}",
            asked.year
        )));
    }
    let units = match &asked.config {
        None => Vec::new(),
        Some(path) => units(&read_config(path, &[])?, asked.unit.as_deref())?,
    };
    let year = CalendarYear::new(asked.year, &units);
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match asked.json {
        true => writeln!(out, "{}", year.to_json()),
        false => year.write_table(&mut out),
    };
    written.and_then(|()| out.flush()).context("cannot print the calendar")
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

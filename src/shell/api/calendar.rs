//! Days, opening hours and deadlines.

use axum::extract::State;
use axum::response::Response;

use super::figures::ask;
use super::problem::Problem;
use super::question::Asked;
use super::reader::{Document, Reader};
use crate::domain::calendar::{Day, Zone};
use crate::domain::units::Timestamp;
use crate::report::Deadlines;
use crate::shell::http::Shared;
use crate::wire::time;

/// Deadlines are days after what was received, and have to be in the calendar too.
const DEADLINE_DAYS_MAX: i32 = 30;

pub(super) async fn calendar(State(shared): State<Shared>, reader: Reader) -> Response {
    reader.answer(year(&shared, &reader).await)
}

pub(super) async fn deadline(reader: Reader) -> Response {
    reader.answer(deadlines(&reader))
}

async fn year(shared: &Shared, reader: &Reader) -> Result<Document, Problem> {
    let [year, unit] = reader.parameters(["year", "unit"])?;
    let year = match year {
        None => None,
        Some(text) => Some(known_year(text).ok_or_else(no_year)?),
    };
    let unit = unit.map(str::to_owned);
    ask(shared, Asked::Calendar { year, unit }, "unit").await.map(Document::json)
}

fn known_year(text: &str) -> Option<i32> {
    let year = text.parse().ok().filter(|_| text.len() == 4)?;
    let known = Day::FIRST.date().0..Day::END.date().0;
    known.contains(&year).then_some(year)
}

fn no_year() -> Problem {
    let (first, last) = (Day::FIRST.date().0, Day::END.date().0 - 1);
    Problem::bad(
        "year",
        format!("Inget år i kalendern; välj ett från {first} till {last}."),
        format!("Not a year of the calendar; take one from {first} to {last}."),
    )
}

fn deadlines(reader: &Reader) -> Result<Document, Problem> {
    let [time] = reader.parameters(["time"])?;
    let received = time.and_then(received).ok_or_else(|| {
        Problem::bad(
            "time",
            "Ingen tid; skriv den som 2026-06-18T15:04:00Z (ett plus i adressen skrivs %2B).",
            "Not a time; write it as 2026-06-18T15:04:00Z (a plus in the address is %2B).",
        )
    })?;
    Ok(Document::json(Deadlines::new(received).to_json()))
}

/// A plus that was written as itself arrives as a space.
fn received(text: &str) -> Option<Timestamp> {
    let days = Day::FIRST..Day::END.plus(-DEADLINE_DAYS_MAX);
    let received = time::parse(&text.replacen(' ', "+", 1))?;
    days.contains(&Zone::stockholm().day_of(received)).then_some(received)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_may_have_become_a_space() {
        let utc = received("2026-06-18T13:04:00Z");
        assert!(utc.is_some());
        assert_eq!(received("2026-06-18T15:04:00 02:00"), utc);
        assert_eq!(received("2026-06-18T15:04:00+02:00"), utc);
        for text in ["2026-06-18", "i dag", "", "1999-12-31T12:00:00Z", "2099-12-31T12:00:00Z"] {
            assert_eq!(received(text), None, "{text}");
        }
    }

    #[test]
    fn a_year_is_four_digits_of_the_calendar() {
        assert_eq!(known_year("2026"), Some(2026));
        assert_eq!(known_year("2000"), Some(2000));
        for text in ["1999", "2100", "26", "+026", "02026", "-2026", "år"] {
            assert_eq!(known_year(text), None, "{text}");
        }
    }
}

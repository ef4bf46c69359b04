//! A month, a tertial and a year in every format: whole texts, and the same numbers read back out of
//! each by a reader of that format alone.
//!
//! The golden files are of three departments with some forty calls a day;
//! `SVARSTID_UPDATE_GOLDEN=1` writes them again. A workbook stands there as its cells.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::LazyLock;

use calamine::{Data, DataType as _, Reader as _, Xlsx};
use serde_json::Value;
use svarstid::config::Config;
use svarstid::engine::Engine;
use svarstid::report::{Audience, Language, Order, Report};
use svarstid::simulate::{Parameters, Record, Simulation};
use svarstid::wire::canonical::Arrival;

use crate::metrics::assert_golden;
use crate::oracle;
use crate::support::truth::configuration_text;

/// One department joins the pool in mid-year.
const DESKS: &str = r#"
[[desk]]
slug = "samlad"
name = "Samlad kundtjänst"
departments = ["kommunledning"]
[[membership]]
department = "socialforvaltningen"
desk = "samlad"
valid_from = "2024-10-15"
"#;

const PERIODS: [&str; 3] = ["2024-10", "2024-T3", "2024"];

static RECORDS: LazyLock<(Parameters, Vec<Record>)> = LazyLock::new(|| {
    let mut parameters =
        Parameters::new(11, "2023-12-01".parse().unwrap(), "2025-01-01".parse().unwrap());
    parameters.departments.truncate(3);
    parameters.scale = 0.05;
    let records = Simulation::new(parameters.clone()).unwrap().collect();
    (parameters, records)
});

static YEAR: LazyLock<Engine> = LazyLock::new(|| engine(1_000));

/// The same events, committed every so many.
fn engine(commit_every: usize) -> Engine {
    let (parameters, records) = &*RECORDS;
    let text = configuration_text(parameters) + DESKS;
    let config = Config::parse(&text, &[]).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut engine = oracle::engine(&config);
    engine.set_rules(&config);
    engine.keep_all_quarters();
    engine.open_partition("test", 0);
    for (offset, record) in records.iter().enumerate() {
        engine.event(0, offset as i64, record.payload.as_bytes(), &Arrival::default());
        if offset % commit_every == 0 {
            engine.commit();
        }
    }
    engine.tick();
    engine
}

fn order(period: &str, audience: Audience) -> Order {
    Order {
        period: period.parse().unwrap(),
        department: None,
        audience,
        language: Language::Swedish,
    }
}

fn csv(report: &Report) -> String {
    let mut bytes = Vec::new();
    report.write_csv(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A value's place: table, row and column.
type Place = [String; 3];

/// What a number is counted in, as CSV alone says it.
type Numbers = BTreeMap<Place, f64>;

/// Records and fields by RFC 4180: CRLF ends a record, quotes may hold anything, and two are one.
fn rfc4180(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' => {
                assert_eq!(field, "", "a quote in the middle of a field");
                loop {
                    match chars.next().expect("a quoted field ends") {
                        '"' if chars.next_if_eq(&'"').is_some() => field.push('"'),
                        '"' => break,
                        char => field.push(char),
                    }
                }
                assert!(matches!(chars.peek(), Some(',' | '\r')), "text behind a quoted field");
            }
            ',' => record.push(std::mem::take(&mut field)),
            '\r' => {
                assert_eq!(chars.next(), Some('\n'));
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            '\n' => panic!("a line feed alone"),
            char => field.push(char),
        }
    }
    assert!(record.is_empty() && field.is_empty(), "the last record ends");
    records
}

/// The numbers of a CSV text, and their units.
fn from_csv(text: &str) -> (Numbers, BTreeMap<Place, String>) {
    let mut records = rfc4180(text).into_iter();
    let header = records.next().unwrap();
    let place = ["period", "department", "table", "row", "column", "value", "unit", "text"];
    let made = ["edition", "rules_version", "definitions_version"];
    assert_eq!(header, [&place[..], &made].concat());
    let (mut numbers, mut units) = (BTreeMap::new(), BTreeMap::new());
    for record in records {
        let [_, _, table, row, column, value, unit, _, made @ ..] =
            <[String; 11]>::try_from(record).unwrap();
        assert_eq!(made, ["", "1", "3"], "no edition, first rules");
        if !value.is_empty() {
            let place = [table, row, column];
            assert_eq!(numbers.insert(place.clone(), value.parse().unwrap()), None, "{place:?}");
            units.insert(place, unit);
        }
    }
    (numbers, units)
}

/// The ids of a document's rows and columns, which stand in the order in which people read them.
fn places(json: &Value) -> Vec<(String, Vec<String>, Vec<String>)> {
    let ids = |of: &Value| -> Vec<String> {
        of.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let tables = json["tables"].as_array().unwrap().iter();
    let place =
        |of: &Value| (of["id"].as_str().unwrap().to_owned(), ids(&of["rows"]), ids(&of["columns"]));
    tables.map(place).collect()
}

fn from_json(json: &Value) -> Numbers {
    let mut numbers = BTreeMap::new();
    for (at, (table, rows, columns)) in places(json).into_iter().enumerate() {
        for (line, row) in rows.iter().enumerate() {
            for (cell, column) in columns.iter().enumerate() {
                let cell = &json["tables"][at]["rows"][line]["cells"][cell];
                if let Some(number) = cell.as_f64() {
                    numbers.insert([table.clone(), row.clone(), column.clone()], number);
                }
            }
        }
    }
    numbers
}

/// A number as it is written in Swedish; `None` for words, ranges and nothing.
fn swedish(text: &str) -> Option<f64> {
    let bare = text.replace('\u{a0}', "");
    let bare = bare.strip_suffix('%').unwrap_or(&bare);
    if bare.contains(':') {
        return bare
            .split(':')
            .try_fold(0.0, |sum, part| Some(60.0 * sum + part.parse::<f64>().ok()?));
    }
    let bare = bare.trim_start_matches('±').trim_start_matches('+').replace('−', "-");
    bare.replace(',', ".").parse().ok()
}

/// What stands between a tag and its end, for every element of a name.
fn elements<'h>(html: &'h str, name: &str) -> Vec<(&'h str, &'h str)> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once(&open) {
        rest = after;
        if !after.starts_with([' ', '>']) {
            continue;
        }
        let (attributes, inside) = after.split_once('>').unwrap();
        let (inside, after) = inside.split_once(&close).unwrap();
        found.push((attributes, inside));
        rest = after;
    }
    found
}

fn from_html(html: &str, places: &[(String, Vec<String>, Vec<String>)]) -> Numbers {
    let mut numbers = BTreeMap::new();
    let tables = elements(html, "table");
    assert_eq!(tables.len(), places.len());
    for ((_, table), (id, rows, columns)) in tables.into_iter().zip(places) {
        let heading = format!("<h2 id=\"{id}\">");
        assert!(html.contains(&heading), "{id}");
        let head = elements(table, "thead")[0].1;
        assert_eq!(elements(head, "th").len(), columns.len() + 1, "{id}");
        let body = elements(elements(table, "tbody")[0].1, "tr");
        assert_eq!(body.len(), rows.len(), "{id}");
        for ((_, line), row) in body.into_iter().zip(rows) {
            let cells = elements(line, "td");
            assert_eq!(cells.len(), columns.len(), "{id} {row}");
            for ((attributes, text), column) in cells.into_iter().zip(columns) {
                let is_number = !attributes.contains("words");
                if let Some(number) = swedish(text).filter(|_| is_number) {
                    numbers.insert([id.clone(), row.clone(), column.clone()], number);
                }
            }
        }
    }
    numbers
}

fn workbook(bytes: &[u8]) -> Vec<(String, calamine::Range<Data>)> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes.to_vec())).unwrap();
    book.worksheets()
}

/// Excel counts percent in parts of one and waits in parts of a day.
fn from_xlsx(
    bytes: &[u8],
    places: &[(String, Vec<String>, Vec<String>)],
    units: &BTreeMap<Place, String>,
) -> Numbers {
    let mut numbers = BTreeMap::new();
    let sheets = workbook(bytes);
    // What the report says comes before its tables.
    assert_eq!(sheets.len(), places.len() + 1);
    for ((_, sheet), (id, rows, columns)) in sheets[1..].iter().zip(places) {
        for (line, row) in (4..).zip(rows) {
            for (at, column) in (1..).zip(columns) {
                let cell = sheet.get_value((line, at));
                let length = |cell: &Data| Some(cell.get_datetime()?.as_f64());
                let value = cell.and_then(|cell| cell.get_float().or_else(|| length(cell)));
                let Some(value) = value else { continue };
                let place = [id.clone(), row.clone(), column.clone()];
                let factor = match units[&place].as_str() {
                    "percent" => 100.0,
                    "seconds" => 86_400.0,
                    "count" | "mean" | "percentage_points" => 1.0,
                    other => panic!("{other} is no unit"),
                };
                // Back to the tenths that were written.
                numbers.insert(place, (value * factor * 10.0).round() / 10.0);
            }
        }
    }
    numbers
}

/// The first number that differs is enough to read.
#[track_caller]
fn assert_same(found: &Numbers, told: &Numbers, format: &str, period: &str) {
    let mut places = told.keys().chain(found.keys());
    if let Some(place) = places.find(|place| found.get(*place) != told.get(*place)) {
        let (found, told) = (found.get(place), told.get(place));
        panic!("{format} of {period}: {place:?} is {found:?}, not {told:?}");
    }
}

#[test]
fn the_numbers_read_back_out_of_every_format_are_equal() {
    for period in PERIODS {
        for audience in [Audience::Internal, Audience::Public] {
            let report = YEAR.report(&order(period, audience));
            let (numbers, units) = from_csv(&csv(&report));
            let least = if audience == Audience::Internal { 250 } else { 50 };
            assert!(numbers.len() > least, "{period}: {}", numbers.len());
            let json: Value = serde_json::from_str(&report.to_json()).unwrap();
            let places = places(&json);
            assert_same(&from_json(&json), &numbers, "JSON", period);
            assert_same(&from_html(&report.to_html(), &places), &numbers, "HTML", period);
            let xlsx = report.to_xlsx().unwrap();
            assert_same(&from_xlsx(&xlsx, &places, &units), &numbers, "XLSX", period);
        }
    }
}

#[test]
fn whole_reports_of_a_month_a_tertial_and_a_year() {
    for period in PERIODS {
        let report = YEAR.report(&order(period, Audience::Internal));
        let golden = |ending: &str, text: &str| {
            assert_golden(&format!("tests/data/report/{period}.{ending}"), text);
        };
        golden("html", &report.to_html());
        golden("csv", &csv(&report));
        golden("json", &format!("{}\n", report.to_json()));
        let mut cells = String::new();
        for (name, sheet) in workbook(&report.to_xlsx().unwrap()) {
            cells += &format!("# {name}\n");
            let start = sheet.start().unwrap_or_default();
            for (row, column, value) in sheet.used_cells() {
                let (row, column) = (row as u32 + start.0 + 1, column as u32 + start.1 + 1);
                cells += &format!("R{row}C{column} {value}\n");
            }
        }
        golden("xlsx.txt", &cells);
    }
}

#[test]
fn another_instance_makes_the_same_bytes() {
    let other = engine(737);
    for period in PERIODS {
        let order = order(period, Audience::Internal);
        let (one, other) = (YEAR.report(&order), other.report(&order));
        assert_eq!(one.to_html(), other.to_html());
        assert_eq!(one.to_json(), other.to_json());
        assert_eq!(csv(&one), csv(&other));
        assert_eq!(one.to_xlsx().unwrap(), other.to_xlsx().unwrap());
    }
}

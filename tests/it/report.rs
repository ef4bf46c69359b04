//! Periodic reports: the same figures in every format, and they are the truth.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::{Value, json};
use svarstid::config::Config;
use svarstid::domain::goal::Goal;
use svarstid::domain::ids::Department;
use svarstid::engine::{Engine, Settings};
use svarstid::report::{Audience, Cell, Language, Order, Report};
use svarstid::simulate::{Parameters, Simulation};
use svarstid::wire::canonical::Arrival;

use crate::backfill::frames;
use crate::ledger_tools::{Ledger, pieces};
use crate::oracle;
use crate::support::Recording;
use crate::town::{Town, cell};

/// September and October of a small municipality, and the truth of October alone.
struct Autumn {
    engine: Engine,
    october: Value,
}

static AUTUMN: LazyLock<Autumn> = LazyLock::new(|| {
    let parameters = |from: &str, to: &str| Parameters {
        scale: 0.5,
        ..Parameters::new(3, from.parse().unwrap(), to.parse().unwrap())
    };
    let both = parameters("2026-09-01", "2026-11-01");
    let config: Config = oracle::configuration(&both);
    let mut engine = oracle::engine(&config);
    engine.open_partition("test", 0);
    let mut simulation = Simulation::new(both).unwrap();
    for (offset, record) in simulation.by_ref().enumerate() {
        engine.event(0, offset as i64, record.payload.as_bytes(), &Arrival::default());
    }
    engine.tick();
    let truth = simulation.into_truth().to_json();
    let rows = truth["rows"].as_array().unwrap();
    let is_october = |row: &&Value| row["from"].as_str().unwrap().starts_with("2026-10");
    let october = Value::Array(rows.iter().filter(is_october).cloned().collect());
    Autumn { engine, october }
});

/// September and October of a small municipality.
pub(crate) fn autumn() -> &'static Engine {
    &AUTUMN.engine
}

fn order(period: &str) -> Order {
    Order {
        period: period.parse().unwrap(),
        department: None,
        audience: Audience::Internal,
        language: Language::Swedish,
    }
}

fn october() -> Report {
    AUTUMN.engine.report(&order("2026-10"))
}

/// Every value of a report by table, row and column, as programs read it.
fn values(report: &Report) -> BTreeMap<[String; 3], f64> {
    let mut values = BTreeMap::new();
    for table in &report.tables {
        for row in &table.rows {
            assert_eq!(row.cells.len(), table.columns.len(), "{}: {}", table.id, row.id);
            for (column, cell) in table.columns.iter().zip(&row.cells) {
                if let Some(value) = cell.value() {
                    let key = [table.id.to_owned(), row.id.clone(), column.id.clone()];
                    assert_eq!(values.insert(key, value), None, "ids are unique");
                }
            }
        }
    }
    values
}

#[test]
fn the_volumes_of_a_month_are_the_truth() {
    let sum = |place: &str, count: &str| -> i64 {
        let rows = AUTUMN.october.as_array().unwrap().iter();
        rows.filter(|row| row["place"] == place).map(|row| row[count].as_i64().unwrap()).sum()
    };
    let values = values(&october());
    for place in ["switchboard", "queue"] {
        for count in ["offered", "answered", "abandoned", "short_abandoned", "outside_hours"] {
            let told = values[&["volumes".into(), place.into(), count.into()]];
            assert_eq!(told, sum(place, count) as f64, "{place} {count}");
        }
    }
    assert!(values[&["volumes".into(), "queue".into(), "offered".into()]] > 1_000.0);
}

#[test]
fn a_report_made_again_has_the_same_bytes() {
    let (one, again) = (october(), october());
    assert_eq!(one.to_html(), again.to_html());
    assert_eq!(one.to_json(), again.to_json());
    assert_eq!(one.to_xlsx().unwrap(), again.to_xlsx().unwrap());
}

#[test]
fn days_weeks_and_months_add_up_and_departments_to_the_whole() {
    let engine = &AUTUMN.engine;
    let of = |period: &str, department: Option<Department>| {
        let values = values(&engine.report(&Order { department, ..order(period) }));
        let count = |row: &str, column: &str| {
            values.get(&["goals".into(), row.into(), column.into()]).copied().unwrap_or(0.0)
        };
        Goal::ALL.map(|goal| count(goal.id(), "of") as i64)
    };
    let sum = |parts: Vec<[i64; 4]>| -> [i64; 4] {
        std::array::from_fn(|at| parts.iter().map(|part| part[at]).sum())
    };
    let month = of("2026-10", None);
    let days = (1..=31).map(|day| of(&format!("2026-10-{day:02}"), None)).collect();
    assert_eq!(sum(days), month);
    let departments = engine.names().departments.len() as u16;
    let each = (0..departments).map(|at| of("2026-10", Some(Department(at)))).collect();
    assert_eq!(sum(each), month);
    assert_eq!(sum(vec![of("2026-09", None), month]), of("2026-T3", None));
    assert_eq!(of("2026-T3", None), of("2026", None));
    assert_eq!(of("2025", None), [0; 4]);
}

#[test]
fn citizens_see_whole_percent_and_nothing_that_can_be_worked_out() {
    let engine = &AUTUMN.engine;
    let public = Order { audience: Audience::Public, ..order("2026-10-05") };
    let whole = engine.report(&public);
    for table in &whole.tables {
        assert!(!table.id.contains("half_hour") && table.id != "quality", "{}", table.id);
    }
    let departments = whole.tables.iter().find(|table| table.id == "departments").unwrap();
    let goals = |report: &Report| {
        let table = report.tables.iter().find(|table| table.id == "goals").unwrap().clone();
        let at = |id: &str| table.columns.iter().position(|column| column.id == id).unwrap();
        (at("of"), at("outcome"), at("verdict"), table)
    };
    let cells = whole.tables.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells);
    for cell in cells {
        assert!(!matches!(cell, Cell::Interval(..) | Cell::Points(_)), "decimals give counts away");
        assert_eq!(cell.value().filter(|_| cell.unit() == "percent").map_or(0.0, f64::fract), 0.0);
    }
    let mut withheld = 0;
    for (at, column) in departments.columns.iter().enumerate() {
        let Some(measure) = column.id.strip_suffix("_of") else { continue };
        let told: Vec<i64> = departments
            .rows
            .iter()
            .filter_map(|row| row.cells[at].value())
            .map(|n| n as i64)
            .collect();
        assert!(told.iter().all(|n| *n >= 5), "{measure}: {told:?}");
        // What the sum leaves over is of two at least, and more than twice the most of a small one.
        let (of, _, _, table) = goals(&whole);
        let row = table.rows.iter().find(|row| row.id == measure).unwrap();
        let left = row.cells[of].value().unwrap_or(0.0) as i64 - told.iter().sum::<i64>();
        let hidden = departments.rows.iter().filter(|row| row.cells[at] == Cell::Hidden).count();
        assert!(
            hidden == 0 && left == 0 || hidden >= 2 && left >= 10,
            "{measure}: {hidden} {left}"
        );
        withheld += hidden;
        // A department's own sheet tells no more than the comparison.
        for row in &departments.rows {
            let own = engine.names().departments.find(&row.id).map(Department);
            let sheet = engine.report(&Order { department: own, ..public.clone() });
            let names: Vec<&str> = sheet.tables.iter().map(|table| table.id).collect();
            assert_eq!(names, ["goals", "levels", "staffing"]);
            let (of, outcome, verdict, table) = goals(&sheet);
            let alone = table.rows.iter().find(|row| row.id == measure).unwrap();
            if row.cells[at] == Cell::Hidden {
                for column in [of, outcome, verdict] {
                    assert_eq!(alone.cells[column], Cell::Hidden, "{} {measure}", row.id);
                }
            }
            if alone.cells[outcome] == Cell::Hidden {
                assert_eq!(alone.cells[verdict], Cell::Hidden, "{} {measure}", row.id);
            }
        }
    }
    assert!(withheld > 0, "a day of small departments has small counts");
}

/// Of a month that has begun, a working day's mean is over the days that have been.
#[test]
fn an_unfinished_month_says_how_far_it_has_come_and_divides_by_its_days() {
    let parameters = Parameters {
        scale: 0.3,
        ..Parameters::new(4, "2026-10-01".parse().unwrap(), "2026-10-14".parse().unwrap())
    };
    let mut engine = oracle::engine(&oracle::configuration(&parameters));
    engine.open_partition("test", 0);
    for (offset, record) in Simulation::new(parameters).unwrap().enumerate() {
        engine.event(0, offset as i64, record.payload.as_bytes(), &Arrival::default());
    }
    engine.tick();
    let report = engine.report(&order("2026-10"));
    let told = &report.sentences[0];
    assert!(told.starts_with("Den senaste händelsen är från 2026-10-1"), "{told}");
    let values = values(&report);
    let of = |column: &str| values[&["volumes".into(), "switchboard".into(), column.into()]];
    // 1, 2, 5–9, 12 and 13 October.
    assert!((of("per_working_day") - of("offered") / 9.0).abs() < 0.06);
}

/// The daemon lets old quarter-hours go; days stay.
#[test]
fn a_report_says_from_when_quarter_hours_are_kept() {
    let parameters = Parameters {
        scale: 0.1,
        ..Parameters::new(4, "2026-10-01".parse().unwrap(), "2026-10-21".parse().unwrap())
    };
    let config = oracle::configuration(&parameters);
    let records: Vec<_> = Simulation::new(parameters).unwrap().collect();
    let heat = |quarter_days: i32| {
        let settings = Settings { quarter_days, ..Settings::from(&config) };
        let mut engine = oracle::engine_with(&config, settings);
        engine.open_partition("test", 0);
        for (offset, record) in records.iter().enumerate() {
            engine.event(0, offset as i64, record.payload.as_bytes(), &Arrival::default());
        }
        engine.tick();
        let report = engine.report(&order("2026-10"));
        report.tables.into_iter().find(|table| table.id == "wait_by_half_hour").unwrap()
    };
    assert_eq!(heat(62).notes, [""; 0]);
    let told = &heat(7).notes[0];
    assert!(
        told.starts_with("Kvartstimmar finns kvar och är räknade här från 2026-10-13"),
        "{told}"
    );
}

#[test]
fn english_readers_get_english() {
    let english = Order { language: Language::English, ..order("2026-10") };
    let html = AUTUMN.engine.report(&english).to_html();
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    for word in ["Förvaltning<", "Besvarade", "uppfyllt", "Regelversion"] {
        assert!(!html.contains(word), "{word}");
    }
}

/// `report` as its callers know it.
fn svarstid(config: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_svarstid"));
    command.args(["report", "--config"]).arg(config).args(args).env("NO_COLOR", "1");
    command.output().expect("the program starts")
}

#[test]
fn a_copy_of_the_ledger_and_its_events_give_the_same_report() {
    let recording = Recording::of(3, 0.5, "2024-10-07", "2024-10-11");
    let config = oracle::configuration(&recording.parameters);
    let ledger = Ledger::of(&config, &recording.records, 300);
    let copy = recording.folder.path().join("ledger");
    fs::write(&copy, pieces(&frames(&ledger)).concat()).unwrap();
    let report = |file: &Path| -> Value {
        let file = file.to_str().unwrap();
        let args = ["--period", "2024-W41", "--format", "json", "--out", "-", file];
        let output = svarstid(&recording.config(), &args);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{told}");
        serde_json::from_slice(&output.stdout).expect("one document")
    };
    let (mut of_copy, mut of_events) = (report(&copy), report(&recording.events()));
    for report in [&mut of_copy, &mut of_events] {
        // What is counted beside the figures depends on how the events came in.
        let is_quality = |table: &Value| table["id"].as_str().unwrap().starts_with("quality");
        report["tables"].as_array_mut().unwrap().retain(|table| !is_quality(table));
        assert_eq!(report["tables"].as_array().unwrap().len(), 17);
    }
    assert_eq!(of_copy, of_events);
    let told = of_copy["sentences"][0].as_str().unwrap();
    assert!(told.starts_with("Den senaste händelsen är från 2024-10-1"), "{told}");
}

#[test]
fn sheets_are_written_whole_and_what_cannot_be_told_is_refused() {
    let recording = Recording::of(3, 0.2, "2024-10-07", "2024-10-09");
    let (config, events) = (recording.config(), recording.events());
    let folder = recording.folder.path().join("reports");
    let [folder, events] = [&folder, &events].map(|path| path.to_str().unwrap());
    let output = svarstid(&config, &["--period", "2024-10", "--sheets", "--out", folder, events]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    let mut named: Vec<&str> = told.lines().collect();
    named.sort_unstable();
    let mut there: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path().to_str().unwrap().to_owned())
        .collect();
    there.sort_unstable();
    assert_eq!(named, there);
    assert_eq!(there.len(), 4 * (1 + 3), "the whole and three departments in four formats");

    let cases: &[(&[&str], &str)] = &[
        (&["--period", "2024-13", events], "is no period; write 2026-10-05"),
        (&["--period", "2098-01", events], "is to come"),
        (&["--period", "2024-09", events], "is before the first event, which is of 2024-10-07"),
        (&["--period", "2024-11", events], "is after the last event"),
        (&["--period", "2024-10", "--department", "kansli", events], "there are kommunledning"),
        (&["--period", "2024-10", "--out", "/proc/svarstid", events], "give a folder of yours"),
        (&["--period", "2024-10", "--out", "-", events], "takes one report of one text"),
        (&["--period", "2024-10", "missing.jsonl"], "give the path of a file"),
        (&["--period", "2024-10", "/dev/null"], "there is no event in it"),
    ];
    for (args, remedy) in cases {
        let output = svarstid(&config, args);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {told}");
        assert!(told.contains(remedy) && output.stdout.is_empty(), "{args:?}: {told}");
    }
}

/// What was counted beside the figures is told of the period, and of each department where it says
/// whose it is; for the whole municipality since the ledger began too.
#[test]
fn the_quality_of_the_data_is_that_of_the_period() {
    let call = |day: &str, call: &str, queue: &str| {
        format!(
            "{day}T10:00:00.000 entered {queue} {call}\n{day}T10:00:30.000 answered {queue} {call}\n"
        )
    };
    let script = [
        // In September: told twice, and an end of a call that nobody knows of.
        call("09-28", "a", "social"),
        "09-28T10:00:30.000 answered social a id=twice\n".to_owned(),
        "09-28T10:00:30.000 answered social a id=twice\n".to_owned(),
        "09-28T11:00:00.000 ended dygn b\n".to_owned(),
        // In October: a clock that went back.
        call("10-06", "c", "dygn"),
        "10-06T12:00:00.000 entered social d seg=1\n".to_owned(),
        "10-06T11:59:59.000 answered social d seg=1\n".to_owned(),
        call("10-07", "e", "social"),
        call("10-07", "f", "social"),
        call("10-07", "g", "social"),
        // Much too late: it counts where it would have been.
        "09-28T13:00:00.000 entered social h\n".to_owned(),
    ]
    .concat();
    let town = Town::of(&script);
    let of = |period: &str, row: &str| {
        let place = |column: &str| format!("quality/{row}/{column}");
        ["count", "since"].map(|column| town.figure(period, &place(column)))
    };
    assert_eq!(of("2026-09", "events"), [json!(6), json!(16)]);
    assert_eq!(of("2026-10", "events"), [json!(10), json!(16)]);
    assert_eq!(of("2026-09-28", "repeats"), [json!(1), json!(1)]);
    assert_eq!(of("2026-10", "repeats"), [json!(0), json!(1)]);
    assert_eq!(of("2026-09", "late"), [json!(1), json!(1)]);
    assert_eq!(of("2026-10", "late"), [json!(0), json!(1)]);
    assert_eq!(of("2026-09", "anomaly_without_stay"), [json!(1), json!(1)]);
    assert_eq!(of("2026-10", "anomaly_negative_wait"), [json!(1), json!(1)]);
    assert_eq!(of("2026-09", "anomaly_negative_wait"), [json!(0), json!(1)]);
    assert_eq!(of("2026", "late"), [json!(1), json!(1)]);
    let departments = |period: &str, slug: &str| {
        ["repeats", "late", "anomalies"]
            .map(|column| town.figure(period, &format!("quality_departments/{slug}/{column}")))
    };
    assert_eq!(departments("2026-09", "social"), [1, 1, 0].map(|n| json!(n)));
    assert_eq!(departments("2026-10", "social"), [0, 0, 1].map(|n| json!(n)));
    let own = town.report_of("2026-09", Some("social"), Audience::Internal);
    assert_eq!(cell(&own, "quality/late/count"), 1);
    assert_eq!(cell(&own, "quality/events/count"), Value::Null);
    let public = town.report_of("2026-09", None, Audience::Public);
    assert_eq!(cell(&public, "quality/late/count"), Value::Null);
}

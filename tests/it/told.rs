//! What people tell the program, from bytes to the cell that somebody reads, and `enter`.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use proptest::prelude::*;
use serde_json::{Value, json};
use svarstid::config::Config;
use svarstid::domain::ids::Department;
use svarstid::engine::Engine;
use svarstid::report::{Audience, Language, Order, Report};
use svarstid::simulate::Record;
use svarstid::wire::canonical::Arrival;
use svarstid::wire::mask::MASK;

use crate::backfill::frames;
use crate::cases::CONFIG;
use crate::ledger_tools::{Ledger, pieces};
use crate::oracle;
use crate::support::{Recording, TempDir, create_topic, kafka, read_from_start, unique};

/// An event that somebody told on 5 November 2026, with more fields.
fn event(id: &str, kind: &str, more: &Value) -> String {
    let mut event = json!({"id": id, "type": kind, "time": "2026-11-05T08:00:00Z"});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event.to_string()
}

/// A call to social's queue in October, answered within the goal if it is said so.
fn call(number: u32, in_time: bool) -> [String; 2] {
    let event = |kind: &str, minute: u32| {
        json!({
            "id": format!("{kind}{number}"), "type": kind, "contact": format!("c{number}"),
            "queue": "social", "time": format!("2026-10-06T{:02}:{minute:02}:00+02:00", 9 + number % 5),
        })
        .to_string()
    };
    [event("queue.entered", 0), event("contact.answered", if in_time { 2 } else { 7 })]
}

fn engine_of(events: &[String]) -> Engine {
    let config = Config::parse(CONFIG, &[]).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut engine = oracle::engine(&config);
    engine.open_partition("test", 0);
    for (offset, event) in events.iter().enumerate() {
        engine.event(0, offset as i64, event.as_bytes(), &Arrival::default());
    }
    engine.tick();
    engine
}

fn report(engine: &Engine, period: &str, slug: Option<&str>, audience: Audience) -> Report {
    let find = |slug| Department(engine.names().departments.find(slug).unwrap());
    engine.report(&Order {
        period: period.parse().unwrap(),
        department: slug.map(find),
        audience,
        language: Language::Swedish,
    })
}

/// One cell of a report's JSON; `null` where there is none.
fn cell(report: &Report, table: &str, row: &str, column: &str) -> Value {
    let report: Value = serde_json::from_str(&report.to_json()).unwrap();
    let of = |list: &Value, id: &str| -> Option<usize> {
        list.as_array()?.iter().position(|one| one["id"] == id)
    };
    let found = || {
        let table = &report["tables"][of(&report["tables"], table)?];
        let (row, column) = (of(&table["rows"], row)?, of(&table["columns"], column)?);
        Some(table["rows"][row]["cells"][column].clone())
    };
    found().unwrap_or(Value::Null)
}

fn has_table(report: &Report, id: &str) -> bool {
    report.tables.iter().any(|table| table.id == id)
}

#[test]
fn a_survey_is_shown_by_year_and_a_new_wording_breaks_the_series() {
    let survey = |id: &str, more: Value| event(id, "survey.result", &more);
    let engine = engine_of(&[
        survey("a", json!({"measure": "nojd-2014", "value": 68, "n": 900, "period": "2014"})),
        survey("b", json!({"measure": "nojd-2014", "value": 70.4, "n": 950, "period": "2015"})),
        survey(
            "c",
            json!({"measure": "nojd-2016", "value": 78.54, "n": 1200, "margin": 2.5,
            "period": "2016", "wording": "Hur <nöjd> är du?", "replaces": "nojd-2014"}),
        ),
        survey(
            "d",
            json!({"measure": "nojd-2016", "value": 66.5, "n": 800, "period": "2016",
            "scale": "index"}),
        ),
        survey(
            "e",
            json!({"measure": "nojd-2016", "value": 81, "n": 19, "period": "2016",
            "department": "social"}),
        ),
    ]);
    let inside = report(&engine, "2016", None, Audience::Internal);
    let of = |row: &str, column: &str| cell(&inside, "satisfaction", row, column);
    assert_eq!(of("2014", "nojd-2014"), 68.0);
    assert_eq!(of("2015", "nojd-2014"), 70.4);
    assert_eq!(of("2016", "nojd-2014"), Value::Null);
    assert_eq!(of("2015", "nojd-2016"), Value::Null);
    assert_eq!(of("2016", "nojd-2016"), 78.5);
    assert_eq!(of("2016", "nojd-2016_n"), 1200);
    assert_eq!(of("2016", "nojd-2016_margin"), 2.5);
    // An index is a mean and no share.
    assert_eq!(of("2016", "nojd-2016_index"), 66.5);
    let html = inside.to_html();
    assert!(html.contains("78,5\u{a0}%") && !html.contains("66,5\u{a0}%"));
    assert!(html.contains("Hur &#60;nöjd&#62; är du?"), "what people write is no HTML");
    assert!(html.contains(
        "Serien är bruten: frågan ”nojd-2014” ersattes av ”nojd-2016” från och med 2016"
    ));
    let told = &inside.sentences;
    let goal = "Nöjda medborgare (nojd-2016), 2016: 78,5\u{a0}% av 1\u{a0}200 svarande var nöjda eller mycket \
        nöjda, felmarginal 2,5 procentenheter. Målet minst 80\u{a0}% är inte uppfyllt.";
    assert!(told.iter().any(|one| one == goal), "{told:?}");
    assert_eq!(
        told.iter().filter(|one| one.contains("nojd-2016")).count(),
        1,
        "told once: {told:?}"
    );
    assert!(!told.iter().any(|one| one.contains("(nojd-2014)")), "{told:?}");

    // A report of a year before knows nothing of the years to come.
    let before = report(&engine, "2015", None, Audience::Internal);
    assert_eq!(cell(&before, "satisfaction", "2016", "nojd-2016"), Value::Null);
    assert_eq!(cell(&before, "satisfaction", "2015", "nojd-2014"), 70.4);

    // Citizens see whole percent, and nothing of nineteen answers.
    let public = report(&engine, "2016", None, Audience::Public);
    assert_eq!(cell(&public, "satisfaction", "2016", "nojd-2016"), 79.0);
    let own = cell(&public, "satisfaction_departments", "social", "nojd-2016");
    assert_eq!(own, json!({"hidden": true}));
    let inside = report(&engine, "2016", Some("social"), Audience::Internal);
    assert_eq!(cell(&inside, "satisfaction", "2016", "nojd-2016"), 81.0);
}

/// Level, outcome, verdict, n, and what it is compared with.
fn satisfied(report: &Report) -> [Value; 7] {
    ["level", "outcome", "verdict", "of", "previous", "change", "year_to_date"]
        .map(|column| cell(report, "goals", "SATISFACTION", column))
}

#[test]
fn the_survey_that_ends_last_within_the_period_is_the_goals_outcome() {
    let survey = |id: &str, measure: &str, period: &str, value: f64, n: u32, more: Value| {
        let mut all = json!({"measure": measure, "value": value, "n": n, "period": period});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event(id, "survey.result", &all)
    };
    let none = json!({});
    let engine = engine_of(&[
        survey("a", "nojd-2014", "2024", 60.0, 100, none.clone()),
        survey("b", "nojd", "2025-T1", 95.0, 100, none.clone()),
        survey("c", "nojd", "2025", 79.96, 1_200, json!({"margin": 2.5})),
        // It ends on the same day and is of a shorter time.
        survey("d", "pulse", "2025-12", 99.0, 50, none.clone()),
        survey("e", "pulse", "2025-11", 81.0, 19, none.clone()),
        // Sources and others' answers of the same time are no answer to it.
        survey("f", "nojd", "2025", 12.0, 500, json!({"department": "social"})),
        survey("g", "nojd", "2025", 13.0, 500, json!({"scale": "index"})),
        event(
            "h",
            "evaluator.result",
            &json!({"measure": "satisfaction", "evaluator": "scb", "value": 14, "n": 90,
                "period": "2025"}),
        ),
        survey("i", "nojd", "2026", 80.0, 1_000, none.clone()),
    ]);
    let of = |period: &str, slug| satisfied(&report(&engine, period, slug, Audience::Internal));
    let none = Value::Null;
    let level = "minst 80\u{a0}%";
    let [met, missed] = ["✓ uppfyllt", "✗ ej uppfyllt"].map(|word| json!(word));
    // The year before was asked another question, so nothing is compared with it.
    let year = [
        json!(level),
        json!(79.9),
        missed.clone(),
        json!(1_200),
        none.clone(),
        none.clone(),
        json!(79.9),
    ];
    assert_eq!(of("2025", None), year);
    let next = [json!(level), json!(80.0), met, json!(1_000), json!(79.9), json!(0.0), json!(80.0)];
    assert_eq!(of("2026", None), next);
    assert_eq!(of("2025-12", None)[1..4], [json!(99.0), json!("✓ uppfyllt"), json!(50)]);
    let no_survey = [json!(level), none.clone(), json!("ingen mätning"), none.clone()];
    assert_eq!(of("2025-10", None)[..4], no_survey);
    assert_eq!(of("2025", Some("kultur"))[..4], no_survey);
    assert_eq!(of("2025", Some("social"))[1..4], [json!(12.0), missed, json!(500)]);
    let told = report(&engine, "2025-10", None, Audience::Internal).sentences;
    let none_in_it = "Nöjda medborgare: ingen mätning i perioden.";
    assert!(told.iter().any(|one| one == none_in_it), "{told:?}");
    // Nineteen answers are not told to citizens, in no word of the row.
    let public = report(&engine, "2025-11", None, Audience::Public);
    for column in ["outcome", "verdict", "of"] {
        assert_eq!(cell(&public, "goals", "SATISFACTION", column), json!({"hidden": true}));
    }
    let told = "Nöjda medborgare (pulse), november 2025: för få svar för att visa.";
    assert!(public.sentences.iter().any(|one| one == told), "{:?}", public.sentences);
}

#[test]
fn a_survey_of_the_same_days_in_a_wording_that_was_replaced_gives_way() {
    let survey = |id: &str, more: Value| event(id, "survey.result", &more);
    let both = [
        survey(
            "a",
            json!({"measure": "new", "value": 71, "n": 90, "period": "2025", "replaces": "old"}),
        ),
        survey("b", json!({"measure": "old", "value": 91, "n": 90, "period": "2025"})),
    ];
    let report = report(&engine_of(&both), "2025", None, Audience::Internal);
    assert_eq!(satisfied(&report)[1], 71.0);
}

#[test]
fn an_evaluator_stands_beside_our_own_figure_and_changes_nothing_in_it() {
    let calls = (0..25).flat_map(|number| call(number, number % 5 != 0));
    let result = |measure: &str, value: f64, department: Option<&str>| {
        let more = json!({"measure": measure, "evaluator": "kundmatning", "value": value, "n": 300,
            "margin": 5, "period": "2026-10", "department": department});
        event(measure, "evaluator.result", &more)
    };
    let mut events: Vec<String> = calls.collect();
    let alone = report(&engine_of(&events), "2026-10", None, Audience::Internal);
    events.extend([result("SM2", 88.5, None), result("bemotande", 92.0, None)]);
    let engine = engine_of(&events);
    let beside = report(&engine, "2026-10", None, Audience::Internal);
    let of = |row: &str, column: &str| cell(&beside, "evaluator", row, column);
    let ours = "kundmatning.sm2.share.2026-10";
    assert_eq!(of(ours, "value"), 88.5);
    assert_eq!(of(ours, "n"), 300);
    assert_eq!(of(ours, "ours"), 80.0);
    assert_eq!(of(ours, "ours_n"), 25);
    assert_eq!(of(ours, "difference"), -8.5);
    assert_eq!(of("kundmatning.bemotande.share.2026-10", "value"), 92.0);
    assert_eq!(of("kundmatning.bemotande.share.2026-10", "ours"), Value::Null);
    for column in ["outcome", "of", "missed"] {
        let goal = |report: &Report| cell(report, "goals", "SM2", column);
        assert_eq!(goal(&beside), goal(&alone), "{column}");
    }
    assert!(beside.to_html().contains(">88,5\u{a0}%<"));
    let public = report(&engine, "2026-10", None, Audience::Public);
    assert_eq!(cell(&public, "evaluator", ours, "value"), 89.0);
    assert_eq!(cell(&public, "evaluator", ours, "difference"), Value::Null);
    // Of another period there is no row.
    assert!(!has_table(&report(&engine, "2026-09", None, Audience::Internal), "evaluator"));
}

#[test]
fn counts_by_hand_join_the_channels_and_say_that_they_were_entered() {
    let mut events: Vec<String> = (0..6).flat_map(|number| call(number, true)).collect();
    let count = |id: &str, channel: &str, slug: &str, period: &str, n: i64| {
        let more = json!({"channel": channel, "department": slug, "period": period, "n": n});
        event(id, "count.entered", &more)
    };
    events.extend([
        count("a", "visit", "social", "2026-10", 10),
        count("b", "visit", "kultur", "2026-10", 3),
        count("c", "post", "social", "2026-10", 2),
        count("d", "visit", "social", "2026-09", 100),
        event(
            "e",
            "question.received",
            &json!({"question": "f", "channel": "email",
            "department": "social", "time": "2026-10-07T10:00:00+02:00"}),
        ),
    ]);
    let engine = engine_of(&events);
    let month = report(&engine, "2026-10", None, Audience::Internal);
    let of = |row: &str, column: &str| cell(&month, "channels", row, column);
    for (row, count) in [("phone", 6), ("email", 1), ("e_service", 0), ("visit", 13), ("post", 2)] {
        assert_eq!(of(row, "count"), count, "{row}");
    }
    assert_eq!(of("visit", "share"), 59.1);
    assert_eq!(of("visit", "source"), "inmatat för hand");
    assert!(month.to_html().contains("inmatat för hand"));
    let own = report(&engine, "2026-10", Some("social"), Audience::Internal);
    assert_eq!(cell(&own, "channels", "visit", "count"), 10);
    // Months add up, and it is said of how many there is nothing.
    let year = report(&engine, "2026", None, Audience::Internal);
    assert_eq!(cell(&year, "channels", "visit", "count"), 113);
    let notes = &year.tables.iter().find(|table| table.id == "channels").unwrap().notes;
    assert!(notes[0].contains("inga antal inmatade för 10"), "{notes:?}");
    assert!(!has_table(&report(&engine, "2026-10", None, Audience::Public), "channels"));
}

#[test]
fn a_note_is_carried_into_the_sheets_without_anybody_s_number_and_is_no_html() {
    let note = |id: &str, more: Value| event(id, "note.entered", &more);
    let engine = engine_of(&[
        note(
            "a",
            json!({"period": "2026-10", "goal": "SM2", "department": "social",
            "text": "<script>Ring Anna</script>, 070-123 45 67"}),
        ),
        note("b", json!({"period": "2026-10", "text": "Vi har anställt två.", "public": true})),
        note("c", json!({"period": "2026-09", "text": "Förra månaden."})),
    ]);
    let sheet = report(&engine, "2026-10", Some("social"), Audience::Internal);
    let told = cell(&sheet, "notes", "social.sm2.2026-10", "text");
    assert_eq!(told, format!("<script>Ring Anna</script>, {MASK}"));
    let html = sheet.to_html();
    assert!(html.contains(&format!("&#60;script&#62;Ring Anna&#60;/script&#62;, {MASK}")));
    assert!(!html.contains("<script>") && !html.contains("070"));
    assert!(html.contains("Mål 2: svar inom fem minuter"));
    assert!(!html.contains("anställt"), "it is the whole municipality's");

    let whole = report(&engine, "2026-10", None, Audience::Internal);
    // It was told in November.
    let november = report(&engine, "2026-11", None, Audience::Internal);
    for (report, count) in [(&whole, 0), (&november, 1)] {
        assert_eq!(cell(report, "quality", "anomaly_number_masked", "count"), count);
        assert_eq!(cell(report, "quality", "anomaly_number_masked", "since"), 1);
    }
    assert_eq!(cell(&whole, "notes", ".all.2026-10", "text"), "Vi har anställt två.");
    assert!(!whole.to_html().contains("Förra månaden"));
    // Citizens read what is meant for them.
    let public = report(&engine, "2026-10", None, Audience::Public).to_html();
    assert!(public.contains("anställt") && !public.contains("Ring Anna"));
    assert!(!has_table(&report(&engine, "2026-10", Some("social"), Audience::Public), "notes"));
}

#[test]
fn what_is_told_says_nothing_of_how_far_the_telephones_have_come() {
    let calls: Vec<String> = (0..3).flat_map(|number| call(number, true)).collect();
    let told = event("a", "note.entered", &json!({"period": "2026-10", "text": "hej"}));
    let alone = engine_of(&calls).last_event();
    assert_eq!(engine_of(&[calls, vec![told]].concat()).last_event(), alone);
}

/// Tellings of a few slots, with corrections and repeats among them.
fn told() -> impl Strategy<Value = String> {
    (0..4u8, 0..2u8, 0..3u8, 0..4u32).prop_map(|(kind, slot, second, n)| {
        let more = match kind {
            0 => json!({"measure": format!("m{slot}"), "value": 60 + n, "n": n, "period": "2025"}),
            1 => json!({"measure": format!("m{slot}"), "evaluator": "e", "value": n, "n": n,
                "period": "2025"}),
            2 => json!({"channel": "visit", "n": n, "period": format!("2026-0{}", 1 + slot)}),
            _ => json!({"goal": format!("m{slot}"), "text": format!("text {n}"), "period": "2025"}),
        };
        let kinds = ["survey.result", "evaluator.result", "count.entered", "note.entered"];
        let mut event: Value = serde_json::from_str(&event(
            &format!("{kind}{slot}{n}"),
            kinds[usize::from(kind)],
            &more,
        ))
        .unwrap();
        event["department"] = json!("social");
        event["time"] = json!(format!("2026-11-05T08:00:0{second}Z"));
        event.to_string()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn neither_order_nor_repeats_nor_commits_nor_partitions_change_what_was_told(
        (told, other) in proptest::collection::vec(told(), 1..20)
            .prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle())),
        again in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        partitions in 1..4usize,
        every in 1..5usize,
    ) {
        let straight = engine_of(&told);
        let config = Config::parse(CONFIG, &[]).unwrap();
        let mut engine = oracle::engine(&config);
        (0..partitions).for_each(|at| { engine.open_partition("test", at as i32); });
        let repeats = again.iter().map(|at| at.get(&told));
        for (offset, event) in other.iter().chain(repeats).enumerate() {
            engine.event(offset % partitions, offset as i64, event.as_bytes(), &Arrival::default());
            if offset % every == 0 {
                engine.commit();
            }
        }
        engine.commit();
        prop_assert_eq!(engine.told(), straight.told());
        let tables = |engine: &Engine| {
            let mut report = report(engine, "2026", Some("social"), Audience::Internal);
            report.tables.retain(|table| table.id != "quality");
            report.to_json()
        };
        prop_assert_eq!(tables(&engine), tables(&straight));
    }
}

fn svarstid(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_svarstid"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SVARSTID_") {
            command.env_remove(name);
        }
    }
    command.args(args).output().expect("the program starts")
}

#[track_caller]
fn ends(args: &[&str], code: i32) -> (String, String) {
    let output = svarstid(args);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}\nstdout:\n{out}\nstderr:\n{err}");
    (out, err)
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("temporary paths are text")
}

const SURVEY: [&str; 10] =
    ["enter", "survey", "--measure", "nojd", "--period", "2025", "--n", "400", "--value", "78,5"];

#[test]
fn what_is_entered_into_a_file_is_in_the_report_of_it() {
    let recording = Recording::of(3, 0.2, "2024-10-07", "2024-10-09");
    let (config, events) = (recording.config(), recording.events());
    let [config, events] = [&config, &events].map(|path| shown(path));
    let slug = recording.parameters.departments[1].slug.clone();
    let enter = |more: &[&str]| {
        ends(&[&["enter"], more, &["--config", config, "--out", events]].concat(), 0)
    };
    let before = fs::read_to_string(events).unwrap().lines().count();
    let (out, _) = enter(&[
        "survey",
        "--measure",
        "nojd",
        "--period",
        "2024",
        "--value",
        "78,5",
        "--n",
        "400",
    ]);
    assert!(out.starts_with("entered 1 into "), "{out}");
    enter(&[
        "evaluator",
        "--evaluator",
        "SCB",
        "--measure",
        "SM1",
        "--period",
        "2024-10",
        "--value",
        "85",
        "--n",
        "90",
    ]);
    enter(&[
        "count",
        "--channel",
        "visit",
        "--department",
        &slug,
        "--period",
        "2024-10",
        "--n",
        "412",
    ]);
    let (_, err) = enter(&[
        "note",
        "--department",
        &slug,
        "--period",
        "2024-10",
        "--text",
        "-ring\n0920-45 30 00",
    ]);
    assert!(err.contains("taken out of the text: 1"), "{err}");
    // Twice is once.
    enter(&[
        "count",
        "--channel",
        "visit",
        "--department",
        &slug,
        "--period",
        "2024-10",
        "--n",
        "412",
    ]);
    let lines = fs::read_to_string(events).unwrap();
    assert_eq!(lines.lines().count(), before + 5);
    assert!(!lines.contains("0920-45 30 00"));
    let args =
        ["report", "--config", config, "--period", "2024-10", "--format", "json", "--out", "-"];
    let (out, _) = ends(&[&args[..], &[events]].concat(), 0);
    let report: Value = serde_json::from_str(&out).unwrap();
    let rows = |id: &str| {
        let tables = report["tables"].as_array().unwrap();
        tables.iter().find(|table| table["id"] == id).unwrap()["rows"].clone()
    };
    assert_eq!(rows("satisfaction")[0]["cells"][0], 78.5);
    assert_eq!(rows("evaluator")[0]["cells"][2], 85.0);
    assert_eq!(rows("channels")[3]["cells"][0], 412);
    assert_eq!(rows("notes")[0]["cells"][2], format!("-ring {MASK}"));
    let quality = rows("quality");
    let repeats = quality.as_array().unwrap().iter().find(|row| row["id"] == "repeats").unwrap();
    assert!(repeats["cells"][0].as_i64().unwrap() >= 1);
}

#[test]
fn what_is_wrong_is_told_before_anything_is_written() {
    let folder = TempDir::new();
    let [config, out] = ["config.toml", "out.jsonl"].map(|name| folder.path().join(name));
    fs::write(&config, CONFIG).unwrap();
    let to = ["--config", shown(&config), "--out", shown(&out)];
    for (more, fault) in [
        (&["--value", "100.1"][..], "error: --value \"100.1\" is over 100"),
        (&["--value", "-1"], "--value \"-1\" is negative"),
        (&["--value", "70", "--department", "socal"], "did you mean \"social\"?"),
        (&["--value", "70", "--scale", "mean"], "take share or index"),
        (&["--value", "70", "--at", "2098-01-01T00:00:00Z"], "is to come"),
    ] {
        let (_, err) = ends(&[&SURVEY[..8], more, &to[..]].concat(), 2);
        assert!(err.contains(fault) && err.lines().count() == 1, "{more:?}: {err}");
    }
    for (measure, n, fault) in [
        (
            "sm77",
            "90",
            "error: --measure \"sm77\" is no goal; there are SM1, SM2, SM3, SM3w, SM4, FCR",
        ),
        ("SM1", "0", "error: --n \"0\" means that nobody answered"),
    ] {
        let found = ["--measure", measure, "--period", "2025", "--value", "85", "--n", n];
        let evaluator = [&["enter", "evaluator", "--evaluator", "scb"][..], &found, &to].concat();
        let (_, err) = ends(&evaluator, 2);
        assert!(err.starts_with(fault) && err.lines().count() == 1, "{err}");
    }
    let (_, err) = ends(
        &[
            &[
                "enter",
                "survey",
                "--measure",
                "Nöjd",
                "--period",
                "2098",
                "--value",
                "7",
                "--n",
                "-4",
            ][..],
            &to[..],
        ]
        .concat(),
        2,
    );
    assert_eq!(err.lines().count(), 3, "every fault at once: {err}");
    for args in [&["enter"][..], &SURVEY[..9], &["enter", "--csv", "missing.csv"]] {
        ends(args, 2);
    }
    let (_, err) = ends(&SURVEY, 2);
    assert!(err.contains("say where it goes: --config FILE"), "{err}");
    assert!(!out.exists(), "nothing was written");
    let (out, _) = ends(&[&SURVEY[..], &["--dry-run"]].concat(), 0);
    let event: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&event["type"], &event["value"]), (&json!("survey.result"), &json!(78.5)));
}

#[test]
fn a_table_is_entered_as_a_whole_or_not_at_all() {
    let folder = TempDir::new();
    let [config, table, out] =
        ["config.toml", "told.csv", "out.jsonl"].map(|name| folder.path().join(name));
    fs::write(&config, CONFIG).unwrap();
    let enter = ["enter", "--csv", shown(&table), "--config", shown(&config), "--out", shown(&out)];
    let head = "type,measure,channel,period,department,value,n,text\n";
    let good = "survey,nojd,,2025,,\"78,5\",400,\nnote,,,2025,social,,,\"Två \"\"nya\"\", nu\"\n";
    let bad = "count,,visit,2025,social,,3,\nsurvey,nojd,,2024,socal,101,4,\n";
    fs::write(&table, format!("{head}{good}{bad}")).unwrap();
    let (_, err) = ends(&enter, 2);
    for fault in [
        "line 4: period \"2025\" is no month",
        "line 5: department \"socal\"",
        "line 5: value \"101\"",
        "nothing is entered",
    ] {
        assert!(err.contains(fault), "{fault}: {err}");
    }
    assert_eq!(err.lines().count(), 4);
    assert!(!out.exists());
    fs::write(&table, format!("{head}{good}")).unwrap();
    ends(&enter, 0);
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 2);
    // The shipped one is free of faults.
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/enter.csv");
    let (out, err) = ends(&["enter", "--csv", shown(&shipped), "--dry-run"], 0);
    assert!(out.lines().count() >= 6 && err.is_empty(), "{err}");
}

#[test]
fn what_was_told_is_in_the_ledger_and_its_copies() {
    let mut recording = Recording::of(3, 0.3, "2024-10-07", "2024-10-10");
    let slug = recording.parameters.departments[1].slug.clone();
    let told = [
        json!({"type": "survey.result", "measure": "nojd", "value": 71, "n": 300, "period": "2024"}),
        json!({"type": "evaluator.result", "measure": "sm1", "evaluator": "scb", "value": 80, "n": 90,
            "period": "2024-10"}),
        json!({"type": "count.entered", "channel": "visit", "n": 412, "period": "2024-09",
            "department": slug}),
        json!({"type": "note.entered", "text": "Två nya.", "period": "2024-10", "department": slug}),
    ];
    for (number, mut event) in told.into_iter().enumerate() {
        event["id"] = json!(format!("told-{number}"));
        event["time"] = json!("2024-10-09T10:00:00Z");
        let key = event["type"].as_str().unwrap().to_owned();
        let payload = event.to_string();
        let record = Record { arrival_ms: 1_728_468_000_000, key, payload, every_partition: false };
        recording.records.insert(100 * number, record);
    }
    recording.write("events.jsonl", |_| true);
    let config = oracle::configuration(&recording.parameters);
    let ledger = Ledger::of(&config, &recording.records, 300);
    let copy = recording.folder.path().join("ledger");
    fs::write(&copy, pieces(&frames(&ledger)).concat()).unwrap();
    let report = |file: &Path| -> Value {
        let config = recording.config();
        let args = [
            "report",
            "--config",
            shown(&config),
            "--period",
            "2024",
            "--format",
            "json",
            "--out",
            "-",
            shown(file),
        ];
        let mut report: Value = serde_json::from_str(&ends(&args, 0).0).unwrap();
        report["tables"].as_array_mut().unwrap().retain(|table| table["id"] != "quality");
        report
    };
    let of_copy = report(&copy);
    assert_eq!(of_copy, report(&recording.events()));
    let tables: Vec<&str> = of_copy["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["id"].as_str().unwrap())
        .collect();
    for id in ["satisfaction", "evaluator", "channels", "notes"] {
        assert!(tables.contains(&id), "{tables:?}");
    }
}

#[test]
fn what_is_entered_reaches_a_broker_once_for_all_partitions() {
    let Some(brokers) = kafka() else { return };
    let topic = unique("enter");
    create_topic(&brokers, &topic, 3);
    let to = ["--brokers", brokers.as_str(), "--topic", topic.as_str()];
    let (out, _) = ends(&[&SURVEY[..], &to[..]].concat(), 0);
    assert_eq!(out, format!("entered 1 into topic \"{topic}\"\n"));
    ends(&[&SURVEY[..], &to[..]].concat(), 0);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/enter.csv");
    ends(&[&["enter", "--csv", shown(&shipped)][..], &to[..]].concat(), 0);
    let records = read_from_start(&brokers, &topic);
    let events: Vec<Value> =
        records.iter().map(|record| serde_json::from_slice(&record.payload).unwrap()).collect();
    let ids: Vec<&Value> = events
        .iter()
        .filter(|event| event["measure"] == "nojd")
        .map(|event| &event["id"])
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "the same entered twice is a repeat");
    let (_, err) =
        ends(&[&SURVEY[..], &["--brokers", &brokers, "--topic", "nowhere-told"]].concat(), 2);
    assert!(err.contains("there is no topic \"nowhere-told\""), "{err}");
}

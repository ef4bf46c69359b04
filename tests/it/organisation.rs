//! Departments that move between desks, merge and get other names (R7–R9): results follow the
//! department, and desks have what was theirs on the day.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use svarstid::config::Config;
use svarstid::report::{Audience, Cell, Language, Order, Report, Table};
use svarstid::wire::canonical::Arrival;

use crate::cases::{CONFIG, event};
use crate::oracle;

/// `social` gives its desk up for the pool on the 15th; the pool's own queue is the pool's whatever
/// department a call counts on.
const MOVED: &str = r#"
[[desk]]
slug = "samlad"
name = "Samlad kundtjänst"
queues = ["pool"]
[[membership]]
department = "social"
desk = "samlad"
valid_from = "2026-10-15"
"#;

/// A call in a queue: entered, answered after so many seconds (or hung up), and a minute's talk.
fn call(day: &str, queue: &str, id: u32, answered_after: Option<u32>, more: &str) -> String {
    let name = format!("{day}-{queue}-{id}");
    let at = |seconds: u32| format!("{day}T10:{:02}:{:02}", id + seconds / 60, seconds % 60);
    let end = match answered_after {
        Some(wait) => format!(
            "{} answered {queue} {name}\n{} ended - {name} talk=60000",
            at(wait),
            at(wait + 60)
        ),
        None => format!("{} hungup {queue} {name}", at(30)),
    };
    format!("{} entered {queue} {name} {more}\n{end}\n", at(0))
}

/// What a script makes of October for the whole municipality.
fn october(config: &str, script: &str, audience: Audience) -> Report {
    let config = Config::parse(config, &[]).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut engine = oracle::engine(&config);
    engine.set_rules(&config);
    let partition = engine.open_partition("organisation", 0);
    for (number, line) in script.lines().enumerate() {
        let event = event(number, line);
        engine.event(partition, number as i64, event.as_bytes(), &Arrival::default());
    }
    engine.tick();
    assert!(engine.quality().rejects.iter().all(|(_, n)| *n == 0), "{:?}", engine.quality());
    let period = "2026-10".parse().unwrap();
    engine.report(&Order { period, department: None, audience, language: Language::Swedish })
}

fn table<'r>(report: &'r Report, id: &str) -> Option<&'r Table> {
    report.tables.iter().find(|table| table.id == id)
}

/// Rows with the values of some columns, as `samlad 3 2/3`.
fn told(report: &Report, id: &str, columns: &[&str]) -> Vec<String> {
    let table = table(report, id).unwrap_or_else(|| panic!("there is no table {id}"));
    let row = |row: &svarstid::report::Row| {
        let cells = columns.iter().map(|column| {
            let at = table.columns.iter().position(|of| of.id == *column).unwrap();
            let cell = &row.cells[at];
            if let Cell::Share(share, ..) = cell {
                return format!("{}/{}", share.met, share.of);
            }
            cell.shown(Language::Swedish)
        });
        std::iter::once(row.id.clone()).chain(cells).collect::<Vec<_>>().join(" ")
    };
    table.rows.iter().map(row).collect()
}

/// Two calls to `social` on the 14th and three on the 15th; the pool has one of its own department
/// and one that counts on `kultur`.
fn days_of_a_move() -> String {
    [
        call("14", "social", 1, Some(20), ""),
        call("14", "social", 2, None, ""),
        call("15", "social", 1, Some(20), ""),
        call("15", "social", 2, Some(20), ""),
        call("15", "social", 3, Some(301), ""),
        call("14", "pool", 5, Some(20), ""),
        call("15", "pool", 6, Some(20), "dept=kultur"),
    ]
    .concat()
}

#[test]
fn a_move_in_mid_month_leaves_the_department_and_splits_the_desks_at_the_day() {
    let columns = ["SM2", "SM3"];
    let script = days_of_a_move();
    let without = october(CONFIG, &script, Audience::Internal);
    let moved = october(&format!("{CONFIG}{MOVED}"), &script, Audience::Internal);
    assert_eq!(
        told(&without, "departments", &columns),
        ["kansli 1/1 0/1", "kultur 1/1 0/1", "social 3/5 1/5"]
    );
    assert_eq!(table(&moved, "departments"), table(&without, "departments"));
    assert_eq!(table(&moved, "goals"), table(&without, "goals"));
    assert_eq!(
        told(&moved, "desks", &["kind", "offered", "SM2", "SM3"]),
        ["samlad samlad 5 4/5 0/5", "social egen 2 1/2 1/2"]
    );
    let notes = &table(&moved, "desks").unwrap().notes;
    assert_eq!(notes[1], "social: Samlad kundtjänst från 2026-10-15 (förut egen kundtjänst).");
    // Whose calls the pool took, and what they took of it.
    assert_eq!(
        told(&moved, "pool", &["offered", "answered", "talk_minutes", "talk_share"]),
        [
            "samlad/kansli 1 1 1,0 1/5".replace("1/5", "60000/300000"),
            "samlad/social 3 3 3,0 180000/300000".to_owned(),
            "samlad/kultur 1 1 1,0 60000/300000".to_owned(),
        ]
    );
}

#[test]
fn without_desks_each_department_is_its_own_and_citizens_are_not_told_of_desks() {
    let script = days_of_a_move();
    assert_eq!(table(&october(CONFIG, &script, Audience::Internal), "desks"), None);
    let moved = format!("{CONFIG}{MOVED}");
    assert_eq!(table(&october(&moved, &script, Audience::Public), "desks"), None);
}

#[test]
fn a_question_is_its_departments_desks_on_the_day_of_receipt() {
    // One is answered in time; one is open at the end of what is known, and may still be.
    let script = "14T09:00:00 received - a about=a channel=email dept=social
                  15T09:00:00 received - b about=b channel=email dept=social
                  15T10:00:00 replied - b about=b by=human
                  15T11:00:00 received - c about=c channel=email dept=social
                  15T12:00:00 replied - a about=a by=human";
    let config = format!("{CONFIG}{MOVED}");
    let report = october(&config, script, Audience::Internal);
    assert_eq!(told(&report, "departments", &["SM4"]), ["social 2/2"]);
    assert_eq!(told(&report, "desks", &["SM4"]), ["samlad 1/1", "social 1/1"]);
}

#[test]
fn a_department_that_takes_over_a_queue_has_its_calls_from_the_day() {
    // `turist` is kultur's up to the 14th and kansli's from the 15th.
    let script = [
        call("14", "turist", 1, Some(20), ""),
        call("14", "turist", 2, Some(20), ""),
        call("15", "turist", 1, Some(301), ""),
    ]
    .concat();
    let report = october(CONFIG, &script, Audience::Internal);
    assert_eq!(told(&report, "departments", &["SM2"]), ["kansli 0/1", "kultur 2/2"]);
    let renamed =
        CONFIG.replace("slug = \"kultur\"", "slug = \"kultur\"\nname = \"Kultur och fritid\"");
    let renamed = october(&renamed, &script, Audience::Internal);
    assert_eq!(told(&renamed, "departments", &["SM2"]), ["kansli 0/1", "kultur 2/2"]);
    let heading = |report: &Report| table(report, "departments").unwrap().rows[1].heading.clone();
    assert_eq!([heading(&report), heading(&renamed)], ["kultur", "Kultur och fritid"]);
}

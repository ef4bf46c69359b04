//! Goals as data: which level a period is held against, and what is said about it.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::fs;

use serde_json::{Value, json};
use svarstid::config::Config;
use svarstid::domain::calendar::{Day, Zone};
use svarstid::engine::Engine;
use svarstid::report::{Audience, Interval, Language, Order, Report};
use svarstid::wire::canonical::Arrival;

use crate::cli::{ends, shown, svarstid};
use crate::oracle::engine;
use crate::support::TempDir;

/// An entry of the goal list.
fn goal(id: &str, percent: u8, days: &str) -> String {
    let direction = if id == "SM3" { "at_most" } else { "at_least" };
    let (from, until) = days.split_once("..").unwrap();
    let until =
        if until.is_empty() { until.into() } else { format!("valid_until = \"{until}\"\n") };
    format!(
        "[[goal]]\nid = \"{id}\"\ndirection = \"{direction}\"\npercent = {percent}\n\
         valid_from = \"{from}\"\n{until}decided_by = \"kommundirektören\"\n\
         decided_on = \"2025-11-03\"\ndefinition = \"{id}.1\"\n"
    )
}

fn configuration(goals: &str) -> Config {
    Config::parse(goals, &[]).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// A town whose events come one after another.
struct Town {
    engine: Engine,
    offset: i64,
}

impl Town {
    fn new(goals: &str) -> Town {
        let mut engine = engine(&configuration(goals));
        engine.open_partition("test", 0);
        Town { engine, offset: 0 }
    }

    fn event(&mut self, day: &str, second: i64, kind: &str, more: Value) {
        let ten = Zone::stockholm().at_wall_clock(Day::parse(day).unwrap(), 600);
        let time = jiff::Timestamp::from_millisecond(ten.0 + second * 1_000).unwrap().to_string();
        self.offset += 1;
        let id = format!("e{}", self.offset);
        let mut event = json!({"id": id, "type": kind, "time": time, "source": "pbx"});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.engine.event(0, self.offset, event.to_string().as_bytes(), &Arrival::default());
    }

    /// Calls to the switchboard of which so many are answered after 5 s, the others after 20 s.
    fn calls(mut self, day: &str, met: i64, of: i64) -> Town {
        for at in 0..of {
            let call = json!({"contact": format!("{day} {at}"), "place": "switchboard"});
            self.event(day, 20 * at, "contact.offered", call.clone());
            self.event(day, 20 * at + if at < met { 5 } else { 20 }, "contact.answered", call);
        }
        self.engine.tick();
        self
    }

    /// Questions by e-mail of which so many are answered within the hour, the others in 20 days.
    fn questions(mut self, day: &str, met: i64, of: i64) -> Town {
        for at in 0..of {
            let question = json!({"question": format!("{day} {at}"), "channel": "email",
                                  "department": "vaxel", "by_whom": "human"});
            let reply = 3_600 + if at < met { 0 } else { 20 * 86_400 };
            self.event(day, 60 * at, "question.received", question.clone());
            self.event(day, 60 * at + reply, "question.replied", question);
        }
        self.engine.tick();
        self
    }

    fn report(&self, period: &str) -> Report {
        self.engine.report(&Order {
            period: period.parse().unwrap(),
            department: None,
            audience: Audience::Internal,
            language: Language::Swedish,
        })
    }

    /// A cell's text in the report of a period.
    fn told(&self, period: &str, table: &str, row: &str, column: &str) -> String {
        let report = self.report(period);
        let table = report.tables.iter().find(|one| one.id == table).unwrap();
        let at = table.columns.iter().position(|one| one.id == column).unwrap();
        let row = table.rows.iter().find(|one| one.id == row).unwrap();
        row.cells[at].shown(Language::Swedish).replace('\u{a0}', " ")
    }

    /// The level and the verdict of a goal.
    fn verdict(&self, period: &str, goal: &str) -> [String; 2] {
        ["level", "verdict"].map(|column| self.told(period, "goals", goal, column))
    }

    /// The goal of all in the document of figures.
    fn document(&self, day: &str, goal: &str) -> Value {
        let noon = Zone::stockholm().at_wall_clock(Day::parse(day).unwrap(), 720);
        let text = self.engine.document(Interval::Day, noon).to_json();
        let document: Value = serde_json::from_str(&text).unwrap();
        let goals = document["goals"].as_array().unwrap();
        goals.iter().find(|row| row["id"] == goal && row["department"].is_null()).unwrap().clone()
    }
}

#[test]
fn a_period_is_held_against_the_level_of_its_last_day_and_says_when_it_changed() {
    let list = goal("SM1", 80, "2026-01-01..") + &goal("SM1", 90, "2026-07-01..");
    let town = Town::new(&list).calls("2026-06-30", 85, 100).calls("2026-07-01", 85, 100).calls(
        "2027-01-07",
        9,
        10,
    );
    let remark = |period: &str| town.told(period, "levels", "SM1", "remark");
    assert_eq!(town.verdict("2026-06-30", "SM1"), ["minst 80 %", "✓ uppfyllt"]);
    assert_eq!(town.verdict("2026-06", "SM1"), ["minst 80 %", "✓ uppfyllt"]);
    assert_eq!(remark("2026-06"), "–");
    assert_eq!(town.verdict("2026-07-01", "SM1"), ["minst 90 %", "✗ ej uppfyllt"]);
    assert_eq!(town.verdict("2026-07", "SM1"), ["minst 90 %", "✗ ej uppfyllt"]);
    assert_eq!(remark("2026-07"), "–");
    let changed = "ändrad 2026-07-01 från minst 80 % till minst 90 %";
    for period in ["2026", "2026-T2", "2026-W27"] {
        assert_eq!(town.verdict(period, "SM1"), ["minst 90 %", "✗ ej uppfyllt"], "{period}");
        assert_eq!(remark(period), changed, "{period}");
        let report = town.report(period);
        let goals = report.tables.iter().find(|table| table.id == "goals").unwrap();
        let told = goals.notes.iter().any(|note| note.replace('\u{a0}', " ").contains(changed));
        assert!(told, "{:?}", goals.notes);
    }
    // Nobody has decided for 2027: the level of July goes on, and is called so.
    assert_eq!(town.verdict("2027-01", "SM1"), ["minst 90 %", "✓ uppfyllt"]);
    assert_eq!(remark("2027-01"), "nivån från 2026-07-01 gäller tills vidare");
}

#[test]
fn a_year_without_a_decision_keeps_the_last_level_and_is_marked_everywhere() {
    let town = Town::new("").calls("2014-03-03", 90, 100).calls("2026-10-05", 899, 1_000);
    let remark = |period: &str| town.told(period, "levels", "SM1", "remark");
    assert_eq!(town.verdict("2014", "SM1"), ["minst 90 %", "✓ uppfyllt"]);
    assert_eq!(remark("2014"), "–");
    assert_eq!(town.verdict("2026", "SM1"), ["minst 90 %", "✗ ej uppfyllt"]);
    assert_eq!(remark("2026"), "nivån från 2014 gäller tills vidare");
    let fcr = |column: &str| town.told("2026", "levels", "FCR", column);
    assert_eq!(fcr("level"), "minst 80 %");
    assert_eq!(fcr("remark"), "nivån från 2016 gäller tills vidare");
    assert_eq!([fcr("decided_by"), fcr("decided_on")], ["riktlinjen Luleå Direkt", "2013-08"]);
    let report = town.report("2026");
    for text in [report.to_html(), report.to_json()] {
        assert!(text.contains("nivån från 2014 gäller tills vidare"));
    }

    let row = town.document("2026-10-05", "SM1");
    assert_eq!((&row["target_percent"], &row["verdict"]), (&json!(90), &json!("missed")));
    assert_eq!(row["target_from"], "2014-01-01");
    assert_eq!(row["target_decided_by"], "riktlinjen Luleå Direkt");
    assert_eq!(row["target_carried_over"], true);
    assert_eq!(town.document("2014-12-31", "SM1")["target_carried_over"], false);

    // A decision for the year takes the mark away.
    let decided = Town::new(&goal("SM1", 90, "2014-01-01..2026-12-31")).calls("2026-10-05", 9, 10);
    assert_eq!(decided.told("2026", "levels", "SM1", "remark"), "–");
    assert_eq!(decided.told("2026", "levels", "SM1", "valid_until"), "2026-12-31");
    assert_eq!(decided.document("2026-12-31", "SM1")["target_carried_over"], false);
    assert_eq!(decided.document("2027-01-01", "SM1")["target_carried_over"], true);
}

#[test]
fn there_is_no_verdict_before_2014() {
    let mut town = Town::new("").calls("2013-12-30", 9, 10).questions("2013-12-30", 9, 10).calls(
        "2014-01-02",
        9,
        10,
    );
    for id in ["SM1", "SM4", "FCR"] {
        assert_eq!(town.verdict("2013", id), ["gäller från 2014-01-01", "–"], "{id}");
        let row = town.document("2013-12-31", id);
        assert_eq!(
            (&row["verdict"], &row["target_percent"]),
            (&json!("not_in_force"), &json!(null))
        );
    }
    assert_eq!(town.told("2013", "goals", "SM1", "outcome"), "90,0 %");
    assert_eq!(town.verdict("2014", "SM1"), ["minst 90 %", "✓ uppfyllt"]);
    assert!(!town.report("2013").sentences.iter().any(|told| told.contains("uppfyllt")));
    let mut in_force = |day: &str| {
        let noon = Zone::stockholm().at_wall_clock(Day::parse(day).unwrap(), 720);
        let snapshot = town.engine.snapshot(noon);
        (snapshot.goals.len(), snapshot.levels.len())
    };
    assert_eq!(in_force("2013-12-31"), (0, 0));
    assert_eq!(in_force("2014-01-01"), (4, 4));
}

#[test]
fn goal_4_is_a_promise_to_everybody_until_another_level_is_decided() {
    let town = Town::new("").questions("2026-10-05", 10, 10).questions("2026-11-02", 9, 10);
    assert_eq!(town.verdict("2026-10", "SM4"), ["100 %", "✓ uppfyllt"]);
    assert_eq!(town.verdict("2026-11", "SM4"), ["100 %", "✗ ej uppfyllt"]);
    assert_eq!(town.told("2026-11", "goals", "SM4", "missed"), "1");
    assert_eq!(town.verdict("2026-09", "SM4"), ["100 %", "inga frågor"]);
    let told = town.report("2026-11").sentences.join(" ").replace('\u{a0}', " ");
    assert!(told.contains("90,0 % av 10 frågor besvarades i tid. Målet 100 % är inte uppfyllt."));

    let lenient = Town::new(&goal("SM4", 90, "2026-01-01..")).questions("2026-11-02", 9, 10);
    assert_eq!(lenient.verdict("2026-11", "SM4"), ["minst 90 %", "✓ uppfyllt"]);
    assert_eq!(lenient.verdict("2025-11", "SM4")[0], "gäller från 2026-01-01");
}

#[test]
fn an_unforgiving_level_spends_no_budget() {
    let budget = |list: &str| {
        let mut town = Town::new(list).calls("2026-10-05", 99, 100);
        let noon = Zone::stockholm().at_wall_clock(Day::parse("2026-10-05").unwrap(), 720);
        let month = town.engine.snapshot(noon).all.month.goals[0].unwrap();
        (month.budget_events > 0.0, month.budget_remaining_ratio.is_some())
    };
    assert_eq!(budget(&goal("SM1", 99, "2026-01-01..")), (true, true));
    assert_eq!(budget(&goal("SM1", 100, "2026-01-01..")), (false, false));
}

/// A level decided afterwards changes no count, so it needs no counting anew; a limit does.
#[test]
fn a_level_may_be_decided_when_its_days_are_over() {
    let town = Town::new("").calls("2026-10-05", 9, 10);
    let with = |text: &str| configuration(&format!("[rules]\nversion = 2\n{text}"));
    let raised = with(&goal("SM1", 95, "2026-01-01.."));
    assert_ne!(raised.rules_text(), with("").rules_text());
    assert_eq!(town.engine.first_difference(&raised), None);
    let stricter = with("switchboard_limit_seconds = 10");
    assert_eq!(town.engine.first_difference(&stricter), Day::parse("2026-10-05"));
}

#[test]
fn a_goal_list_beside_the_configuration_is_read_and_its_faults_are_told_with_the_others() {
    let folder = TempDir::new();
    let [config, list] = ["svarstid.toml", "mina-mål.toml"].map(|name| folder.path().join(name));
    fs::write(&config, "[goals]\nfile = \"mina-mål.toml\"\n").unwrap();
    let check = |code| ends(&svarstid(&["check", "--config", shown(&config)]), code);

    let (out, err) = check(2);
    assert_eq!(out, "");
    assert!(err.contains("goals.file = \"mina-mål.toml\": cannot be read: No such file"), "{err}");

    fs::write(&list, goal("FCR", 85, "2026-01-01..2099-12-31")).unwrap();
    let (out, _) = check(0);
    let fcr =
        "goal FCR: at least 85 % from 2026-01-01, decided by kommundirektören on 2025-11-03\n";
    assert!(out.starts_with("ok: ") && out.contains(fcr), "{out}");
    let sm3 = "goal SM3: at most 10 % from 2014-01-01, decided by riktlinjen Luleå Direkt on 2013-08; \
               not decided for today, carried over\n";
    assert!(out.contains(sm3), "{out}");

    let overlap = goal("FCR", 85, "2026-01-01..2026-12-31") + &goal("FCR", 101, "2026-12-31..");
    fs::write(&list, overlap).unwrap();
    fs::write(&config, "[goals]\nfile = \"mina-mål.toml\"\n[http]\nwidow = 1\n").unwrap();
    let (out, err) = check(2);
    assert_eq!(out, "");
    assert!(err.contains("mina-mål.toml: goal[1].valid_until = \"2026-12-31\": overlaps"), "{err}");
    assert!(err.contains("mina-mål.toml: goal[2].percent = 101: is out of range"), "{err}");
    assert!(err.contains("http.widow"), "{err}");
    assert_eq!(err.lines().count(), 3, "{err}");
}

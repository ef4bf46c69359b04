//! The requirements R1–R41: of each, one input is changed and the published figure moves as it must.
//!
//! Which test stands for which row, where its figure is seen, and why a row is no matter for a
//! program, says the table of `docs/krav.md`; [`the_table_of_requirements_names_tests_that_exist`]
//! holds that table against the sources.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use svarstid::domain::calendar::{Day, Zone};
use svarstid::domain::period::Period;
use svarstid::domain::schedule::Schedule;
use svarstid::domain::units::Millis;
use svarstid::engine::edition::Edition;
use svarstid::report::{Audience, Report};

use crate::cases::CONFIG;
use crate::cli::{ends, shown, svarstid};
use crate::support::TempDir;
use crate::town::{Town, cell};

const MET: &str = "✓ uppfyllt";
const MISSED: &str = "✗ ej uppfyllt";

/// An entry of the goal list, decided until it is changed.
fn goal(id: &str, percent: u8, from: &str) -> String {
    format!(
        "[[goal]]\nid = \"{id}\"\ndirection = \"at_least\"\npercent = {percent}\n\
         valid_from = \"{from}\"\ndecided_by = \"kommundirektören\"\ndecided_on = \"2025-11-03\"\n\
         definition = \"{id}.1\"\n"
    )
}

/// Calls to the switchboard of which so many are answered in time, the others after 20 s.
fn calls(met: usize, of: usize) -> String {
    let call = |n: usize| {
        let (minute, until) = (n % 60, if n < met { 5 } else { 20 });
        format!(
            "{:02}:{minute:02}:00.000 offered vx c{n}\n{:02}:{minute:02}:{until:02}.000 answered vx c{n}\n",
            8 + n / 60,
            8 + n / 60
        )
    };
    (0..of).map(call).collect()
}

#[test]
fn r01_there_is_no_verdict_before_the_goals_apply() {
    let places = ["goals/SM1/outcome", "goals/SM1/verdict"];
    let on = |day: &str, year: &str| {
        let script = format!(
            "{day}T10:00:00.000+01:00 offered vx a
             {day}T10:00:05.000+01:00 answered vx a"
        );
        Town::of(&script).figures(year, places)
    };
    assert_eq!(on("2013-12-30", "2013"), [json!(100.0), json!("–")]);
    assert_eq!(on("2014-01-02", "2014"), [json!(100.0), json!(MET)]);
}

#[test]
fn r02_the_same_events_give_the_same_bytes_and_another_event_gives_others() {
    let bytes = |lines: &[&str]| {
        let report = Town::of(&lines.join("\n")).report("2026-10");
        let mut csv = Vec::new();
        report.write_csv(&mut csv).unwrap();
        [
            report.to_html().into_bytes(),
            report.to_json().into_bytes(),
            csv,
            report.to_xlsx().unwrap(),
        ]
    };
    let lines = [
        "08:00:00.000 offered vx a id=1",
        "08:00:05.000 answered vx a id=2",
        "08:00:30.000 passed vx a by=matter id=3",
        "08:00:31.000 entered social a id=4",
        "08:02:00.000 answered social a id=5",
        "08:04:00.000 ended social a id=6",
    ];
    let mut backwards = lines;
    backwards.reverse();
    assert_eq!(bytes(&lines), bytes(&backwards));
    for (mine, other) in bytes(&lines).iter().zip(bytes(&lines[..5])) {
        assert_ne!(*mine, other);
    }
}

/// Opening hours have one source: what decides whether a call counts is what is exported.
#[test]
fn r03_opening_hours_are_exported_from_where_calls_are_judged() {
    let told = |from: &str| {
        let config = format!("{CONFIG}[opening.default]\nmonday = [\"{from}-16:30\"]\n");
        let folder = TempDir::new();
        let file = folder.path().join("svarstid.toml");
        fs::write(&file, &config).unwrap();
        let arguments =
            ["calendar", "--json", "--year", "2026", "--unit", "social", "--config", shown(&file)];
        let (calendar, _) = ends(&svarstid(&arguments), 0);
        let calendar: Value = serde_json::from_str(&calendar).unwrap();
        let days = calendar["days"].as_array().unwrap();
        let monday = days.iter().find(|day| day["date"] == "2026-10-05").unwrap();
        let call = "07:45:00.000 entered social a\n07:45:10.000 answered social a";
        let outside =
            Town::new(&config).plays(call).figure("2026-10", "volumes/queue/outside_hours");
        (monday["open"]["social"][0]["from"].clone(), outside)
    };
    assert_eq!(told("07:30"), (json!("07:30"), json!(0)));
    assert_eq!(told("08:00"), (json!("08:00"), json!(1)));
}

/// A Monday of one agent or more, and some of its cells.
fn monday<const N: usize>(agents: &[[&str; 4]], places: [&str; N]) -> [Value; N] {
    Town::new(CONFIG).staffed("2026-10-05", agents).figures("2026-10-05", places)
}

#[test]
fn r04_customer_service_is_open_while_the_switchboard_is() {
    let places = ["staffing/all/open", "staffing/all/unstaffed", "staffing/all/share"];
    let until = |time| {
        monday(&[["07:00", "a", "ready", "social"], [time, "a", "logged_out", "social"]], places)
    };
    assert_eq!(until("16:30"), [json!(540), json!(0), json!(100.0)]);
    assert_eq!(until("15:36"), [json!(540), json!(54), json!(90.0)]);
}

#[test]
fn r05_minutes_with_one_person_alone() {
    let one = ["07:00", "a", "ready", "social"];
    let second = [["12:00", "b", "ready", "social"], ["13:00", "b", "logged_out", "social"]];
    let single = ["staffing/social/single", "staffing/social/unstaffed"];
    assert_eq!(monday(&[one], single), [json!(540), json!(0)]);
    assert_eq!(monday(&[one, second[0], second[1]], single), [json!(480), json!(0)]);
}

#[test]
fn r06_questions_are_settled_by_telephone_letter_and_visit() {
    let call = "05T08:00:00.000 entered social a
                05T08:00:05.000 answered social a
                05T08:01:00.000 resolved social a about=1";
    let places = [
        "first_contact/phone/of",
        "first_contact/visit/count",
        "first_contact/visit/of",
        "first_contact/all/share",
        "goals/FCR/of",
    ];
    let with = |visit: &str| Town::of(&format!("{call}\n{visit}")).figures("2026-10", places);
    let none = [json!(1), json!(0), json!(0), json!(100.0), json!(1)];
    assert_eq!(with(""), none);
    let settled = [json!(1), json!(1), json!(1), json!(100.0), json!(2)];
    assert_eq!(with("06T10:00:00 resolved - v channel=visit dept=kultur about=v"), settled);
    let handed_over = [json!(1), json!(0), json!(1), json!(50.0), json!(2)];
    let visit = "06T10:00:00 escalated - v channel=visit dept=kultur about=v outcome=takes_over";
    assert_eq!(with(visit), handed_over);
}

/// A department that joins the pool takes its results along, and they show at the pool's desk.
#[test]
fn r07_r08_results_follow_the_department_and_show_at_its_desk() {
    let script = "15T10:00:00.000 entered social a
                  15T10:00:10.000 answered social a
                  15T10:01:10.000 ended social a
                  15T10:00:00.000 entered pool b
                  15T10:06:00.000 answered pool b";
    let desk = "[[desk]]\nslug = \"samlad\"\nqueues = [\"pool\"]\n";
    let joins = |on: &str| {
        let config = format!(
            "{CONFIG}{desk}[[membership]]\ndepartment = \"social\"\ndesk = \"samlad\"\nvalid_from = \"{on}\"\n"
        );
        Town::new(&config).plays(script)
    };
    let desks = ["desks/samlad/offered", "desks/samlad/SM2", "desks/social/offered"];
    let (before, after) = (joins("2026-10-15"), joins("2026-10-16"));
    assert_eq!(before.figures("2026-10", desks), [json!(2), json!(50.0), json!(null)]);
    assert_eq!(after.figures("2026-10", desks), [json!(1), json!(0.0), json!(1)]);
    let departments = ["departments/social/SM2", "departments/kansli/SM2"];
    for town in [before, after] {
        assert_eq!(town.figures("2026-10", departments), [json!(100.0), json!(0.0)]);
    }
}

#[test]
fn r09_the_pools_work_is_split_by_whose_matter_it_was() {
    let load = |matter: &str| {
        let call = |id: &str, matter: &str, talk: u32| {
            format!(
                "08:00:00.000 entered pool {id}
                 08:00:05.000 answered pool {id}
                 08:01:00.000 resolved pool {id} about={id} matter={matter}
                 08:05:00.000 ended pool {id} talk={talk}\n"
            )
        };
        let script = call("a", "social", 120_000)
            + &call("b", "kultur", 60_000)
            + &call("c", matter, 180_000);
        let places = [
            "pool_load/pool/social/minutes",
            "pool_load/pool/kultur/minutes",
            "pool_load/pool/kultur/share",
        ];
        Town::of(&script).figures("2026-10", places)
    };
    assert_eq!(load("social"), [json!(5), json!(1), json!(16.7)]);
    assert_eq!(load("kultur"), [json!(2), json!(4), json!(66.7)]);
}

#[test]
fn r10_calls_begin_at_the_switchboard_or_straight_at_a_desk() {
    let places = [
        "contact_paths/from_switchboard/count",
        "contact_paths/direct/count",
        "contact_paths/unknown/count",
    ];
    let began = |first: &str| {
        let script = format!(
            "08:00:00.000 offered vx other
             08:00:05.000 answered vx other
             08:00:00.000 {first}
             08:00:01.000 entered social a
             08:00:05.000 answered social a"
        );
        Town::of(&script).figures("2026-10", places)
    };
    assert_eq!(began("offered vx a"), [json!(2), json!(0), json!(0)]);
    assert_eq!(began("offered social a direct=true"), [json!(1), json!(1), json!(0)]);
    assert_eq!(began("entered social a"), [json!(1), json!(0), json!(1)]);
}

#[test]
fn r11_the_switchboard_helps_or_passes_on_by_matter_or_by_name() {
    let places = [
        "contact_paths/answered_here/count",
        "contact_paths/by_matter/count",
        "contact_paths/by_name/count",
        "contact_paths/by_name/share",
    ];
    let then = |end: &str| {
        let script = format!(
            "08:00:00.000 offered vx a
             08:00:05.000 answered vx a
             08:01:00.000 {end}
             08:00:00.000 offered vx b
             08:00:05.000 answered vx b
             08:01:00.000 ended vx b"
        );
        Town::of(&script).figures("2026-10", places)
    };
    assert_eq!(then("ended vx a"), [json!(2), json!(0), json!(0), json!(0.0)]);
    assert_eq!(then("passed vx a by=matter"), [json!(1), json!(1), json!(0), json!(0.0)]);
    assert_eq!(then("passed vx a by=name"), [json!(1), json!(0), json!(1), json!(50.0)]);
}

#[test]
fn r12_a_machine_first_is_seen_and_is_no_answer() {
    let places = [
        "contact_paths/machine/count",
        "contact_paths/machine/share",
        "volumes/switchboard/machine",
        "goals/SM1/outcome",
    ];
    let met_by = |machine: &str| {
        let script = format!(
            "08:00:00.000 offered vx a
             {machine}
             08:00:20.000 answered vx a
             08:01:00.000 offered vx b
             08:01:10.000 answered vx b"
        );
        Town::of(&script).figures("2026-10", places)
    };
    assert_eq!(met_by(""), [json!(0), json!(0.0), json!(0), json!(50.0)]);
    let machine = "08:00:01.000 machine vx a";
    assert_eq!(met_by(machine), [json!(1), json!(50.0), json!(1), json!(50.0)]);
}

#[test]
fn r13_passed_right_the_first_time() {
    let places =
        ["contact_paths/right/count", "contact_paths/right/of", "contact_paths/right/share"];
    let then = |onward: &str| {
        let script = format!(
            "08:00:00.000 offered vx a
             08:00:05.000 answered vx a
             08:01:00.000 passed vx a by=matter
             08:01:00.500 entered social a
             08:02:00.000 answered social a
             {onward}"
        );
        Town::of(&script).figures("2026-10", places)
    };
    assert_eq!(then("08:03:00.000 ended social a"), [json!(1), json!(1), json!(100.0)]);
    let bounced = "08:03:00.000 passed social a by=matter\n08:03:00.500 entered dygn a";
    assert_eq!(then(bounced), [json!(0), json!(1), json!(0.0)]);
}

#[test]
fn r14_case_officers_take_over_ring_back_or_ask_to_be_rung() {
    let outcomes = ["takes_over", "will_call_back", "asked_to_call_later"];
    for outcome in outcomes {
        let script = format!(
            "08:00:00.000 entered social a
             08:00:05.000 answered social a
             08:01:00.000 escalated social a about=1 outcome={outcome}"
        );
        let town = Town::of(&script);
        for other in outcomes {
            let place = format!("handed_over/{other}/count");
            let wanted = i64::from(other == outcome);
            assert_eq!(town.figure("2026-10", &place), wanted, "{other} of {outcome}");
        }
    }
    // Promised on a Monday: until Wednesday 24:00.
    let places = [
        "handed_over/callbacks_within/count",
        "handed_over/callbacks_late/count",
        "handed_over/callbacks_open/count",
        "handed_over/callbacks_overdue/count",
    ];
    let kept = |then: &str| {
        let script = format!("08:00:00.000 promised social a\n{then}");
        Town::of(&script).figures("2026-10", places)
    };
    assert_eq!(kept("08T00:00:00.000 kept social a"), [json!(1), json!(0), json!(0), json!(0)]);
    assert_eq!(kept("08T00:00:00.001 kept social a"), [json!(0), json!(1), json!(0), json!(0)]);
    assert_eq!(kept("07T10:00:00.000 tried social a"), [json!(0), json!(0), json!(1), json!(0)]);
    let overdue = "08T10:00:00.000 offered vx b";
    assert_eq!(kept(overdue), [json!(0), json!(0), json!(1), json!(1)]);
}

/// Who rings again within 24 hours is in `joins.rs`.
#[test]
fn r15_how_often_a_contact_is_passed_on() {
    let places =
        ["contact_paths/passes/count", "contact_paths/passes/of", "contact_paths/passes/mean"];
    let with = |more: &str| {
        let script = format!(
            "08:00:00.000 offered vx a
             08:00:05.000 answered vx a
             08:01:00.000 passed vx a by=matter
             08:01:00.500 entered social a
             08:02:00.000 answered social a
             {more}"
        );
        Town::of(&script).figures("2026-10", places)
    };
    assert_eq!(with(""), [json!(1), json!(1), json!(1.0)]);
    assert_eq!(with("08:03:00.000 passed social a by=name"), [json!(2), json!(1), json!(2.0)]);
}

/// What one may expect stands beside what came of it, in the report of the municipality, of each
/// department, and for citizens.
#[test]
fn r16_targets_stand_beside_results() {
    let script = calls(17, 20);
    let told = |goals: &str| {
        let town = Town::new(&format!("{CONFIG}{goals}")).plays(&script);
        [
            town.report("2026-10"),
            town.report_of("2026-10", Some("kansli"), Audience::Internal),
            town.report_of("2026-10", None, Audience::Public),
        ]
    };
    let row =
        |report: &Report| ["goals/SM1/level", "goals/SM1/verdict"].map(|place| cell(report, place));
    let says = |report: &Report, what: &str| {
        report.sentences.iter().any(|told| told.replace('\u{a0}', " ").contains(what))
    };
    for report in told("") {
        assert_eq!(row(&report), [json!("minst 90 %"), json!(MISSED)]);
        assert!(says(&report, "minst 90 % är inte uppfyllt"));
    }
    for report in told(&goal("SM1", 85, "2014-01-01")) {
        assert_eq!(row(&report), [json!("minst 85 %"), json!(MET)]);
        assert!(says(&report, "minst 85 % är uppfyllt"));
    }
}

#[test]
fn r17_r18_the_ways_by_which_people_came() {
    let places = [
        "channels/phone/count",
        "channels/email/count",
        "channels/e_service/count",
        "channels/visit/count",
        "channels/post/count",
    ];
    let question = |channel: &str| {
        Town::of(&format!(
            "08:00:00.000 entered social a
             08:00:05.000 answered social a
             08:00:00.000 received - q channel={channel} dept=social"
        ))
    };
    let none = Value::Null;
    let by_email = question("email").figures("2026-10", places);
    assert_eq!(by_email, [json!(1), json!(1), json!(0), none.clone(), none.clone()]);
    let by_service = question("e_service");
    let found = by_service.figures("2026-10", places);
    assert_eq!(found, [json!(1), json!(0), json!(1), none.clone(), none.clone()]);
    let count = |channel: &str, n: u32| json!({"channel": channel, "department": "social", "period": "2026-10", "n": n});
    let counted = by_service.tells("count.entered", count("visit", 7));
    let counted = counted.tells("count.entered", count("post", 2));
    let found = counted.figures("2026-10", places);
    assert_eq!(found, [json!(1), json!(0), json!(1), json!(7), json!(2)]);
}

/// 70 % from 2014 and 80 % from 2016; and what misses a level never rounds up to it.
#[test]
fn r19_r20_satisfied_citizens_by_survey() {
    let found = |year: &str, measure: &str, value: f64| {
        let survey =
            json!({"measure": measure, "value": value, "n": 900, "margin": 3, "period": year});
        let town = Town::new(CONFIG).tells("survey.result", survey);
        let place = |column: &str| format!("satisfaction/{year}/{measure}{column}");
        let [value, n, margin] =
            ["", "_n", "_margin"].map(|column| town.figure(year, &place(column)));
        assert_eq!((n, margin), (json!(900), json!(3.0)));
        (town.figure(year, "levels/SATISFACTION/level"), value)
    };
    assert_eq!(found("2014", "nojd-2014", 69.96), (json!("minst 70 %"), json!(69.9)));
    assert_eq!(found("2014", "nojd-2014", 70.0), (json!("minst 70 %"), json!(70.0)));
    assert_eq!(found("2014", "nojd-2014", 79.96), (json!("minst 70 %"), json!(80.0)));
    assert_eq!(found("2016", "nojd-2016", 79.96), (json!("minst 80 %"), json!(79.9)));
    // Another wording is another series.
    let survey = |year: &str, measure: &str| json!({"measure": measure, "value": 75, "n": 900, "period": year});
    let town = Town::new(CONFIG)
        .tells("survey.result", survey("2014", "nojd-2014"))
        .tells("survey.result", survey("2016", "nojd-2016"));
    let [old, new] = ["satisfaction/2016/nojd-2014", "satisfaction/2016/nojd-2016"];
    assert_eq!(town.figures("2016", [old, new]), [Value::Null, json!(75.0)]);
}

#[test]
fn r21_each_departments_number_is_staffed() {
    let places = [
        "staffing/social/open",
        "staffing/social/staffed",
        "staffing/social/unstaffed",
        "staffing/social/gap",
        "staffing/social/gap_from",
        "staffing/all/unstaffed",
    ];
    let other = ["07:00", "b", "ready", "kultur"];
    let day = |back: &str| {
        let agents = [
            other,
            ["07:00", "a", "ready", "social"],
            ["12:00", "a", "paused", "social"],
            [back, "a", "ready", "social"],
        ];
        monday(&agents, places)
    };
    let from = json!("2026-10-05 12:00");
    let wanted = |staffed, unstaffed, gap: f64| {
        [json!(540), json!(staffed), json!(unstaffed), json!(gap), from.clone(), json!(0)]
    };
    assert_eq!(day("12:10"), wanted(530, 10, 600.0));
    assert_eq!(day("12:45"), wanted(495, 45, 2_700.0));
}

#[test]
fn r22_a_unit_with_hours_of_its_own_is_held_to_them() {
    let saturday = |hours: &str, is_exempt: bool| {
        let config = format!(
            "[[department]]\nslug = \"social\"\nqueues = [\"social\"]\n\
             [[department]]\nslug = \"kultur\"\nqueues = [\"turist\"]\nopening = \"hus\"\n\
             exempt_from_switchboard_hours = {is_exempt}\n\
             [opening.hus]\nsaturday = [\"{hours}\"]\n"
        );
        let agents = [["09:00", "a", "ready", "kultur"], ["13:00", "a", "logged_out", "kultur"]];
        let town = Town::new(&config).staffed("2026-10-10", &agents).plays(
            "10T14:30:00.000 entered turist a
             10T14:30:10.000 hungup turist a",
        );
        let places = [
            "staffing/kultur/open",
            "staffing/kultur/unstaffed",
            "staffing/social/open",
            "volumes/queue/outside_hours",
        ];
        town.figures("2026-10-10", places)
    };
    assert_eq!(saturday("10:00-15:00", true), [json!(300), json!(120), json!(0), json!(0)]);
    assert_eq!(saturday("10:00-14:00", true), [json!(240), json!(60), json!(0), json!(1)]);
    // Held to the switchboard's hours, which has none on a Saturday.
    assert_eq!(saturday("10:00-15:00", false), [json!(0), json!(0), json!(0), json!(0)]);
}

#[test]
fn r23_goal_1_three_rings() {
    let answered = |at: &str| {
        let script = format!("08:00:00.000 offered vx a\n{at} answered vx a");
        Town::of(&script).figures("2026-10", ["goals/SM1/outcome", "goals/SM1/verdict"])
    };
    assert_eq!(answered("08:00:15.000"), [json!(100.0), json!(MET)]);
    assert_eq!(answered("08:00:15.001"), [json!(0.0), json!(MISSED)]);
    for (met, verdict) in [(90, MET), (89, MISSED)] {
        let town = Town::of(&calls(met, 100));
        assert_eq!(town.figure("2026-10", "goals/SM1/verdict"), verdict, "{met} of 100");
    }
}

#[test]
fn r24_goal_2_five_minutes() {
    let answered = |at: &str| {
        let script = format!("08:00:00.000 entered social a\n{at} answered social a");
        let places = ["goals/SM2/outcome", "goals/SM2/verdict", "departments/social/SM2"];
        Town::of(&script).figures("2026-10", places)
    };
    assert_eq!(answered("08:05:00.000"), [json!(100.0), json!(MET), json!(100.0)]);
    assert_eq!(answered("08:05:00.001"), [json!(0.0), json!(MISSED), json!(0.0)]);
}

#[test]
fn r25_goal_3_lost_calls() {
    let lost = |lost: usize, after: &str| {
        let call = |n: usize| {
            let end =
                if n < lost { format!("{after} hungup") } else { "08:01:00.000 answered".into() };
            format!("08:00:00.000 entered social c{n}\n{end} social c{n}\n")
        };
        let script: String = (0..10).map(call).collect();
        let places = ["goals/SM3/outcome", "goals/SM3/of", "goals/SM3/verdict"];
        Town::of(&script).figures("2026-10", places)
    };
    assert_eq!(lost(1, "08:00:30.000"), [json!(10.0), json!(10), json!(MET)]);
    assert_eq!(lost(2, "08:00:30.000"), [json!(20.0), json!(10), json!(MISSED)]);
    // A short abandon is none of them.
    assert_eq!(lost(2, "08:00:05.000"), [json!(0.0), json!(8), json!(MET)]);
}

#[test]
fn r26_questions_come_in_on_every_working_day() {
    let week = |days: &[&str]| {
        let question = |day: &&str| {
            format!("{day}T10:00:00.000 received - q{day} channel=email dept=social\n")
        };
        let script: String = days.iter().map(question).collect();
        let places = ["intake/social/working_days", "intake/social/without", "intake/social/dates"];
        Town::of(&script).figures("2026-W41", places)
    };
    let whole = week(&["05", "06", "07", "08", "09", "12"]);
    assert_eq!(whole, [json!(5), json!(0), Value::Null]);
    let silent = week(&["05", "06", "08", "09", "12"]);
    assert_eq!(silent, [json!(5), json!(1), json!("2026-10-07")]);
}

#[test]
fn r27_goal_4_two_working_days() {
    let answered = |how: &str| {
        let script = format!(
            "08:00:00.000 received - a channel=email dept=social
             {how}
             09T10:00:00.000 received - b channel=email dept=kultur"
        );
        let places = ["goals/SM4/outcome", "goals/SM4/verdict", "departments/social/SM4"];
        Town::of(&script).figures("2026-10", places)
    };
    let (met, missed) =
        ([json!(100.0), json!(MET), json!(100.0)], [json!(0.0), json!(MISSED), json!(0.0)]);
    assert_eq!(answered("08T00:00:00.000 replied - a by=human"), met);
    assert_eq!(answered("08T00:00:00.001 replied - a by=human"), missed);
    assert_eq!(answered("05T08:00:05.000 replied - a by=automatic"), missed);
    assert_eq!(answered(""), missed);
}

#[test]
fn r28_r29_settled_at_the_first_contact() {
    let year = |day: &str, resolved: usize| {
        let question = |n: usize| {
            let how = if n < resolved { "resolved" } else { "escalated" };
            format!(
                "{day}T08:00:00.000 entered social c{n}
                 {day}T08:00:05.000 answered social c{n}
                 {day}T08:01:00.000 {how} social c{n} about={n}\n"
            )
        };
        let script: String = (0..10).map(question).collect();
        let places = ["goals/FCR/outcome", "goals/FCR/verdict"];
        Town::of(&script).figures(&day[..4], places)
    };
    assert_eq!(year("2014-10-06", 6), [json!(60.0), json!(MISSED)]);
    assert_eq!(year("2014-10-06", 7), [json!(70.0), json!(MET)]);
    assert_eq!(year("2016-10-03", 7), [json!(70.0), json!(MISSED)]);
    assert_eq!(year("2016-10-03", 8), [json!(80.0), json!(MET)]);
    // Of how many calls nobody knows what was asked.
    let unclassified = |question: &str| {
        let script = format!(
            "08:00:00.000 entered social a
             08:00:05.000 answered social a
             {question}"
        );
        Town::of(&script).figure("2026-10", "first_contact/unclassified/share")
    };
    assert_eq!(unclassified(""), 100.0);
    assert_eq!(unclassified("08:01:00.000 resolved social a about=1"), 0.0);
}

#[test]
fn r30_every_kind_of_period_has_its_days() {
    let periods = [
        "2026-08-31",
        "2026-09-01",
        "2026-W35",
        "2026-W36",
        "2026-08",
        "2026-09",
        "2026-T2",
        "2026-T3",
        "2026-jan-aug",
        "2026",
        "2025",
    ];
    let counts = |at: &str| {
        let town = Town::of(&format!("{at} entered dygn a\n{at} answered dygn a"));
        periods.map(|period| town.figure(period, "volumes/queue/offered").as_i64().unwrap_or(0))
    };
    assert_eq!(counts("2026-08-30T23:59:59.999"), [0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0]);
    assert_eq!(counts("2026-08-31T23:59:59.999"), [1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 0]);
    assert_eq!(counts("2026-09-01T00:00:00.000"), [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
    assert_eq!(counts("2025-12-31T23:59:59.999+01:00"), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn r31_each_department_has_a_sheet_of_its_own() {
    let sheets = |queue: &str| {
        let town = Town::of(&format!(
            "08:00:00.000 entered {queue} a
             08:06:00.000 answered {queue} a
             09:00:00.000 entered social b
             09:00:10.000 answered social b"
        ));
        ["social", "dygn"].map(|slug| {
            let sheet = town.report_of("2026-10", Some(slug), Audience::Internal);
            ["goals/SM2/outcome", "goals/SM2/of"].map(|place| cell(&sheet, place))
        })
    };
    assert_eq!(sheets("social"), [[json!(50.0), json!(2)], [Value::Null, json!(0)]]);
    assert_eq!(sheets("dygn"), [[json!(100.0), json!(1)], [json!(0.0), json!(1)]]);
}

#[test]
fn r32_an_outside_evaluator_stands_beside_and_is_never_blended_in() {
    let told = |value: f64| {
        let result = json!({"measure": "SM1", "evaluator": "kundmatning", "value": value, "n": 300,
            "period": "2026-10"});
        let place = |column: &str| format!("evaluator/kundmatning.sm1.share.2026-10/{column}");
        let town = Town::of(&calls(9, 10)).tells("evaluator.result", result);
        let beside =
            ["value", "ours", "difference"].map(|column| town.figure("2026-10", &place(column)));
        (beside, town.figures("2026-10", ["goals/SM1/outcome", "goals/SM1/of"]))
    };
    let ours = [json!(90.0), json!(10)];
    assert_eq!(told(88.5), ([json!(88.5), json!(90.0), json!(1.5)], ours.clone()));
    assert_eq!(told(70.0), ([json!(70.0), json!(90.0), json!(20.0)], ours));
}

/// Every goal stands in the report of a year, with what became of it and whether it was met.
#[test]
fn r33_r34_the_yearly_report_tells_of_every_goal() {
    let year = |ring: &str,
                wait: &str,
                end: &str,
                reply: &str,
                settled: &str,
                survey: f64,
                pause: &str| {
        let script = format!(
            "08:00:00.000 offered vx a
             08:00:{ring}.000 answered vx a
             08:00:00.000 entered social b
             08:0{wait}:00.000 answered social b
             08:08:00.000 {settled} social b about=1
             08:00:00.000 entered social c
             08:00:30.000 {end} social c
             05T08:00:00.000 received - q channel=email dept=social
             {reply}T09:00:00.000 replied - q by=human"
        );
        let agents = [["07:00", "a", "ready", "social"], [pause, "a", "paused", "social"]];
        let result = json!({"measure": "nojd", "value": survey, "n": 900, "period": "2026"});
        let town = Town::of(&script).staffed("2026-10-12", &agents).tells("survey.result", result);
        town.figures(
            "2026",
            [
                "goals/SM1/verdict",
                "goals/SM2/verdict",
                "goals/SM3/verdict",
                "goals/SM4/verdict",
                "goals/FCR/verdict",
                "goals/SATISFACTION/verdict",
                "goals/STAFFED/verdict",
                "satisfaction/2026/nojd",
                "staffing/all/unstaffed",
            ],
        )
    };
    let [met, missed] = [MET, MISSED].map(|word| json!(word));
    let of = |word: &Value| [(); 7].map(|()| word.clone());
    let good = year("05", "1", "answered", "06", "resolved", 81.0, "16:30");
    assert_eq!(good[..7], of(&met));
    assert_eq!(good[7..], [json!(81.0), json!(0)]);
    let bad = year("20", "6", "hungup", "09", "escalated", 79.0, "15:30");
    assert_eq!(bad[..7], of(&missed));
    assert_eq!(bad[7..], [json!(79.0), json!(60)]);
}

#[test]
fn r35_closed_periods_are_published_for_citizens() {
    // In whole percent, and nothing that is too small.
    let public = |met: usize, of: usize| {
        let report = Town::of(&calls(met, of)).report_of("2026-10", None, Audience::Public);
        (cell(&report, "goals/SM1/outcome"), cell(&report, "goals/SM1/missed"))
    };
    assert_eq!(public(20, 20), (json!(100.0), Value::Null));
    assert_eq!(public(19, 21), (json!(90.0), Value::Null));
    assert_eq!(public(19, 19), (json!({"hidden": true}), Value::Null));
    // Once it is over and three working days have gone.
    let schedule = Schedule::default();
    let first = Day::parse("2026-10-05").unwrap();
    let month: Period = "2026-10".parse().unwrap();
    let due = Zone::stockholm().at_wall_clock(Day::parse("2026-11-04").unwrap(), 7 * 60);
    assert!(schedule.due(due, first).contains(&month));
    assert!(!schedule.due(due.minus(Millis(1)), first).contains(&month));
    // What is known otherwise later is another edition, which says so.
    let edition = |number| Edition {
        period: month,
        number,
        day: Day::parse("2026-11-04").unwrap(),
        places: vec![],
    };
    let (before, after) = (Town::of(&calls(18, 20)), Town::of(&calls(19, 20)));
    let [before, after] =
        [before, after].map(|town| town.report_of("2026-10", None, Audience::Public));
    let same = before.clone().published(&edition(2), Some(&before));
    assert_eq!((same.edition, same.corrections), (Some(2), Some(0)));
    let corrected = after.published(&edition(2), Some(&before));
    let of = |column: &str| cell(&corrected, &format!("corrections/goals/SM1/outcome/{column}"));
    assert_eq!([of("before"), of("after")], [json!("90 %"), json!("95 %")]);
}

#[test]
fn r36_the_level_of_each_year_is_decided_and_a_missing_one_is_marked() {
    let script = calls(85, 100);
    let places =
        ["goals/SM1/level", "goals/SM1/verdict", "levels/SM1/decided_by", "levels/SM1/remark"];
    let told =
        |goals: &str| Town::new(&format!("{CONFIG}{goals}")).plays(&script).figures("2026", places);
    let decided = told(&goal("SM1", 80, "2026-01-01"));
    let by = json!("kommundirektören");
    assert_eq!(decided, [json!("minst 80 %"), json!(MET), by.clone(), Value::Null]);
    let last_year = told(&goal("SM1", 90, "2025-01-01"));
    let carried = json!("nivån från 2025 gäller tills vidare");
    assert_eq!(last_year, [json!("minst 90 %"), json!(MISSED), by.clone(), carried]);
    let in_mid_year = told(&(goal("SM1", 80, "2026-01-01") + &goal("SM1", 90, "2026-07-01")));
    let changed = json!("ändrad 2026-07-01 från minst 80 % till minst 90 %");
    assert_eq!(in_mid_year, [json!("minst 90 %"), json!(MISSED), by, changed]);
}

#[test]
fn r37_what_is_done_about_it_is_carried_into_the_sheets() {
    let note = |slug: &str| {
        let note = json!({"period": "2026-10", "goal": "SM2", "department": slug,
            "text": "Två till från november."});
        let town = Town::of(&calls(1, 1)).tells("note.entered", note);
        ["social", "kultur"].map(|of| {
            let sheet = town.report_of("2026-10", Some(of), Audience::Internal);
            cell(&sheet, &format!("notes/{of}.sm2.2026-10/text"))
        })
    };
    assert_eq!(note("social"), [json!("Två till från november."), Value::Null]);
    assert_eq!(note("kultur"), [Value::Null, json!("Två till från november.")]);
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The rows of a table below a heading, each as its cells; without the two rows that head it.
fn rows<'t>(text: &'t str, heading: &str) -> Vec<Vec<&'t str>> {
    let below = text.split(heading).nth(1).unwrap_or_else(|| panic!("there is no {heading:?}"));
    let lines = below.lines().skip_while(|line| !line.starts_with('|'));
    let table = lines.take_while(|line| line.starts_with('|')).skip(2);
    table.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The tests that a cell names: `room::name`, the room being a file below `tests/it`, `tests` or
/// `src`.
fn named(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect()
}

/// Whether a test of this name stands in the file that is named with it.
fn is_a_test(name: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (room, name) = name.rsplit_once("::").unwrap();
    let room = format!("{}.rs", room.replace("::", "/"));
    let head = format!("fn {name}(");
    ["tests/it", "tests", "src"].iter().any(|folder| {
        let Ok(source) = fs::read_to_string(root.join(folder).join(&room)) else { return false };
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        let at = lines.iter().position(|line| line.starts_with(&head));
        // In `proptest!` the attribute stands right above too.
        at.is_some_and(|at| lines[..at].iter().rev().take(3).any(|line| *line == "#[test]"))
    })
}

/// The faults of a table whose last column names tests, or says why there is none.
fn check_tests(rows: &[Vec<&str>]) {
    let mut faults = Vec::new();
    for row in rows {
        let (what, tests) = (row[0], row[row.len() - 1]);
        let named = named(tests);
        if named.is_empty() && !tests.starts_with("Inget:") {
            faults.push(format!("{what}: names no test and no reason"));
        }
        let missing = named.iter().filter(|name| !is_a_test(name));
        faults.extend(missing.map(|name| format!("{what}: there is no test {name}")));
    }
    assert!(faults.is_empty(), "docs/krav.md:\n{}", faults.join("\n"));
}

#[test]
fn the_table_of_requirements_names_tests_that_exist() {
    let tables = read("docs/krav.md");
    let rows = rows(&tables, "## Kraven");
    check_tests(&rows);
    let numbers: Vec<String> = rows.iter().map(|row| row[0].to_owned()).collect();
    let all: Vec<String> = (1..=41).map(|n| format!("R{n}")).collect();
    assert_eq!(numbers, all);
    // Every test here is named there.
    let named: BTreeSet<&str> = rows.iter().flat_map(|row| named(row[row.len() - 1])).collect();
    for line in read("tests/it/requirements.rs").lines() {
        let Some(name) =
            line.strip_prefix("fn r").filter(|name| name.starts_with(char::is_numeric))
        else {
            continue;
        };
        let name = format!("requirements::r{}", name.split('(').next().unwrap());
        assert!(named.contains(name.as_str()), "docs/krav.md does not name {name}");
    }
}

#[test]
fn the_table_of_edge_cases_names_tests_that_exist() {
    let tables = read("docs/krav.md");
    let rows = rows(&tables, "## Gränsfallen");
    check_tests(&rows);
    assert_eq!(rows.len(), 48, "a new case raises the number, and none goes");
    // Every test of the room is named there.
    let named: BTreeSet<&str> = rows.iter().flat_map(|row| named(row[row.len() - 1])).collect();
    let source = read("tests/it/edges.rs");
    let tests = source.split("#[test]\nfn ").skip(1);
    for name in tests.map(|test| format!("edges::{}", test.split('(').next().unwrap())) {
        assert!(named.contains(name.as_str()), "docs/krav.md does not name {name}");
    }
}

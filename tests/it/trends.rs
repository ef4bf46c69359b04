//! How the goals have gone: every month is what the month's own report says, for all and for each
//! department.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use serde_json::json;
use svarstid::domain::calendar::{Day, Month, Zone};
use svarstid::domain::goal::{Direction, GoalId, Verdict};
use svarstid::domain::ids::Department;
use svarstid::domain::units::{Millis, Share, Timestamp};
use svarstid::engine::Engine;
use svarstid::report::{Audience, Cell, Language, Order, Period, Report, Trends};

use crate::cases::CONFIG;
use crate::report::autumn;
use crate::town::Town;

const NONE: Share = Share { met: 0, of: 0 };

fn report(engine: &Engine, period: Period, slug: Option<&str>) -> Report {
    let find = |slug| Department(engine.names().departments.find(slug).unwrap());
    engine.report(&Order {
        period,
        department: slug.map(find),
        audience: Audience::Internal,
        language: Language::Swedish,
    })
}

/// A share of a report and the level that it is held against.
fn told(report: &Report, table: &str, row: &str, column: &str) -> (Share, Option<(Direction, u8)>) {
    let found = || {
        let table = report.tables.iter().find(|one| one.id == table)?;
        let at = table.columns.iter().position(|one| one.id == column)?;
        table.rows.iter().find(|one| one.id == row)?.cells.get(at)
    };
    match found() {
        Some(Cell::Share(share, level, _)) => (*share, *level),
        Some(_) | None => (Share::default(), None),
    }
}

fn noon(day: &str) -> Timestamp {
    Zone::stockholm().at_wall_clock(Day::parse(day).unwrap(), 720)
}

/// The table and row that a report tells a goal in.
fn place(goal: GoalId, slug: &str) -> (&'static str, &str, &'static str) {
    match goal {
        GoalId::Staffed => ("staffing", slug, "share"),
        GoalId::Sm1
        | GoalId::Sm2
        | GoalId::Sm3
        | GoalId::Sm4
        | GoalId::Fcr
        | GoalId::Satisfaction => ("goals", goal.id(), "outcome"),
    }
}

#[test]
fn every_month_of_every_goal_is_what_its_report_says() {
    let engine = autumn();
    let trends = engine.trends(noon("2026-10-31"));
    let month = |month| Month { year: 2026, month };
    assert_eq!(trends.months, [month(9), month(10)]);
    let slugs: Vec<&str> = engine.names().departments.iter().collect();
    let mut compared = 0;
    for slug in std::iter::once(None).chain(slugs.iter().copied().map(Some)) {
        for (at, month) in trends.months.iter().enumerate() {
            let report = report(engine, Period::Month(*month), slug);
            for goal in GoalId::ALL {
                // What all numbers have together is no row of a report.
                if goal == GoalId::Satisfaction || goal == GoalId::Staffed && slug.is_none() {
                    continue;
                }
                let (table, row, column) = place(goal, slug.unwrap_or_default());
                let (share, level) = told(&report, table, row, column);
                let Some(trend) = trends.of(slug) else {
                    assert_eq!(share, Share::default(), "{slug:?} {goal:?}");
                    continue;
                };
                let outcome = trends.month(trend, goal, at);
                assert_eq!(outcome.share, share, "{slug:?} {goal:?} {month:?}");
                if share.of > 0 {
                    assert_eq!(outcome.level, level, "{slug:?} {goal:?} {month:?}");
                    compared += 1;
                }
                if at == 1 && goal != GoalId::Staffed {
                    let year = told(&report, table, row, "year_to_date").0;
                    assert_eq!(trends.year_to_date(trend, goal).share, year, "{slug:?} {goal:?}");
                    assert_eq!(trends.month_to_date(trend, goal), outcome);
                } else if at == 0 {
                    assert_eq!(trends.last_closed(trend, goal), Some(outcome));
                }
            }
        }
    }
    assert!(compared > 60, "{compared}");
    // The whole's staffed time is that of all numbers together.
    let whole = trends.month_to_date(trends.of(None).unwrap(), GoalId::Staffed).share;
    let sum = trends.departments.iter().fold(Share::default(), |sum, trend| {
        sum.merge(trends.month_to_date(trend, GoalId::Staffed).share)
    });
    assert_eq!(whole, sum);
    assert!(whole.of > 0);
}

#[test]
fn what_is_told_again_is_what_would_be_told_anew() {
    let engine = autumn();
    let early = engine.trends(noon("2026-10-02"));
    for now in ["2026-10-31", "2026-11-05"] {
        let now = noon(now);
        assert_eq!(engine.trends_after(now, Some(&early)), engine.trends(now));
    }
}

#[test]
fn the_hard_half_hours_are_those_of_the_report() {
    let engine = autumn();
    let week: Period = "2026-W42".parse().unwrap();
    let hours = engine.hours(week.span());
    assert_eq!(
        (hours.from.to_string(), hours.until.to_string()),
        ("2026-10-12".into(), "2026-10-18".into())
    );
    let mut compared = 0;
    for slug in [None, Some("socialforvaltningen")] {
        let report = report(engine, week, slug);
        let table = |id: &str| report.tables.iter().find(|one| one.id == id).unwrap();
        let (waits, lost) = (table("wait_by_half_hour"), table("lost_by_half_hour"));
        for one in hours.of(slug) {
            let name = format!("{:02}:{:02}", one.half_hour / 2, one.half_hour % 2 * 30);
            let cell = |table: &svarstid::report::Table| {
                let at = table.columns.iter().position(|one_of| one_of.id == one.weekday.english());
                let row = table.rows.iter().find(|row| row.id == name).unwrap();
                row.cells[at.unwrap()].clone()
            };
            let wait = one.ninth_wait.map_or(Cell::None, Cell::Wait);
            assert_eq!(cell(waits), wait, "{slug:?} {name}");
            let share = if let Cell::Share(share, ..) = cell(lost) { share } else { NONE };
            let wanted = if one.lost.of > 0 { one.lost } else { NONE };
            assert_eq!(share, wanted, "{slug:?} {name}");
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
    assert!(hours.of(Some("nobody")).is_empty());
}

/// A call to social's queue, answered within the goal's limit if it is said so.
fn call(day: &str, name: &str, in_time: bool) -> String {
    let answered = if in_time { "10:01" } else { "10:09" };
    format!("{day}T10:00:00 entered social {name}\n{day}T{answered}:00 answered social {name}\n")
}

const LEVELS: &str = r#"
[[goal]]
id = "SM2"
direction = "at_least"
percent = 50
valid_from = "2026-09-01"
decided_by = "kommundirektören"
decided_on = "2026-08-20"
definition = "SM2.1"
[[goal]]
id = "SM2"
direction = "at_least"
percent = 60
valid_from = "2026-10-31"
decided_by = "kommundirektören"
decided_on = "2026-10-20"
definition = "SM2.1"
"#;

#[test]
fn a_month_is_held_against_the_level_of_its_last_day_and_none_before_there_was_one() {
    let half =
        |day: &str| call(day, &format!("a{day}"), true) + &call(day, &format!("b{day}"), false);
    let script: String = ["2026-08-05", "2026-09-02", "2026-10-05"].map(half).concat();
    let town = Town::new(&format!("{CONFIG}{LEVELS}")).plays(&script);
    let trends = town.engine.trends(noon("2026-11-03"));
    let whole = trends.of(None).unwrap();
    let months: Vec<(u8, Option<u8>, Option<Verdict>, bool)> = (0..trends.months.len())
        .map(|at| {
            let outcome = trends.month(whole, GoalId::Sm2, at);
            let level = outcome.level.map(|(_, percent)| percent);
            (trends.months[at].month, level, outcome.verdict, outcome.carried_over)
        })
        .collect();
    assert_eq!(
        months,
        [
            (8, None, None, false),
            (9, Some(50), Some(Verdict::Met), false),
            (10, Some(60), Some(Verdict::Missed), false),
            (11, Some(60), Some(Verdict::NoCalls), false),
        ]
    );
    let year = trends.year_to_date(whole, GoalId::Sm2);
    assert_eq!((year.share, year.verdict), (Share { met: 3, of: 6 }, Some(Verdict::Missed)));
    // In the year after, nobody has decided.
    let after = town.engine.trends(noon("2027-01-10"));
    let whole = after.of(None).unwrap();
    assert!(after.month_to_date(whole, GoalId::Sm2).carried_over);
    assert_eq!(after.year_to_date(whole, GoalId::Sm2).share, Share::default());
    assert_eq!(after.months.len(), 6);
}

#[test]
fn a_month_ends_with_its_last_millisecond_on_the_wall_clock() {
    let script = "31T23:59:59.999+01:00 entered dygn a
                  11-01T00:00:05.000+01:00 answered dygn a
                  11-01T00:00:00.000+01:00 entered dygn b
                  11-01T00:00:06.000+01:00 answered dygn b";
    let trends = Town::of(script).engine.trends(noon("2026-11-03"));
    let whole = trends.of(None).unwrap();
    let of = |at| trends.month(whole, GoalId::Sm2, at).share;
    assert_eq!(
        (trends.months.len(), of(0), of(1)),
        (2, Share { met: 1, of: 1 }, Share { met: 1, of: 1 })
    );
}

#[test]
fn a_town_without_events_has_this_month_and_nothing_in_it() {
    let trends: Trends = Town::new(CONFIG).engine.trends(noon("2026-10-05"));
    assert_eq!(trends.months, [Month { year: 2026, month: 10 }]);
    let whole = trends.of(None).unwrap();
    assert!(GoalId::ALL.into_iter().all(|goal| !whole.has(goal)));
    assert_eq!(trends.last_closed(whole, GoalId::Sm1), None);
    assert_eq!(trends.month_to_date(whole, GoalId::Sm1).verdict, Some(Verdict::NoCalls));
    assert!(trends.departments.is_empty() && trends.of(Some("social")).is_none());
}

#[test]
fn a_new_wording_is_another_series_and_the_latest_of_the_latest_question_holds() {
    let survey = |measure: &str, value: f64, n: i64, period: &str| json!({"measure": measure, "value": value, "n": n, "period": period});
    let mut reworded = survey("nojd-2016", 78.5, 1_200, "2016");
    reworded["replaces"] = json!("nojd-2014");
    reworded["wording"] = json!("Hur nöjd är du?");
    let mut own = survey("nojd-2016", 81.0, 40, "2016");
    own["department"] = json!("social");
    let mut index = survey("nojd-2016", 66.5, 800, "2017");
    index["scale"] = json!("index");
    let town = [
        // A later period of the question that was given up is not the latest word.
        survey("nojd-2014", 68.0, 900, "2014"),
        survey("nojd-2014", 70.0, 950, "2018"),
        reworded,
        own,
        index,
    ]
    .into_iter()
    .fold(Town::new(CONFIG), |town, survey| town.tells("survey.result", survey));
    let trends = town.engine.trends(noon("2026-11-06"));
    let whole = trends.of(None).unwrap();
    let measures: Vec<&str> = whole.surveys.iter().map(|one| one.measure.as_str()).collect();
    assert_eq!(measures, ["nojd-2014", "nojd-2016"]);
    assert_eq!(whole.surveys[1].replaces.as_deref(), Some("nojd-2014"));
    assert_eq!(whole.surveys[1].wording.as_deref(), Some("Hur nöjd är du?"));
    let latest = whole.latest_survey().unwrap();
    assert_eq!((latest.share.met, latest.responses), (785_000, 1_200));
    let outcome = trends.satisfaction(latest);
    assert_eq!(
        (outcome.level, outcome.verdict),
        (Some((Direction::AtLeast, 80)), Some(Verdict::Missed))
    );
    let first = trends.satisfaction(&whole.surveys[0].results[0]);
    assert_eq!(
        (first.level, first.verdict),
        (Some((Direction::AtLeast, 70)), Some(Verdict::Missed))
    );
    let social = trends.of(Some("social")).unwrap();
    assert_eq!(trends.satisfaction(social.latest_survey().unwrap()).verdict, Some(Verdict::Met));
}

#[test]
fn the_days_timeline_sums_to_the_reports_staffing() {
    let mut town = Town::new(CONFIG).staffed(
        "2026-10-12",
        &[
            ["07:50", "anna", "ready", "social"],
            ["09:00", "bo", "ready", "social"],
            ["11:30", "bo", "logged_out", "social"],
            ["12:10", "anna", "paused", "social"],
            ["12:45", "anna", "ready", "social"],
        ],
    );
    let at = Zone::stockholm().at_wall_clock(Day::parse("2026-10-12").unwrap(), 23 * 60 + 50);
    let report = report(&town.engine, "2026-10-12".parse().unwrap(), Some("social"));
    let snapshot = town.engine.snapshot(at);
    let social = snapshot.departments.iter().find(|one| one.slug == "social").unwrap();
    let day = social.staffed.as_ref().unwrap();
    let length = |stretch: &(Timestamp, Timestamp)| stretch.1.since(stretch.0).0;
    let minutes = |wanted| {
        let course = day.course.iter().filter(|(_, of)| *of == wanted);
        course.map(|(stretch, _)| length(stretch)).sum::<i64>() / 60_000
    };
    use svarstid::domain::coverage::Staffed;
    let cell = |column: &str| {
        let table = report.tables.iter().find(|one| one.id == "staffing").unwrap();
        let at = table.columns.iter().position(|one| one.id == column).unwrap();
        table.rows.iter().find(|one| one.id == "social").unwrap().cells[at].clone()
    };
    assert_eq!(cell("unstaffed"), Cell::Count(minutes(Staffed::Nobody)));
    assert_eq!(minutes(Staffed::Nobody), 35);
    let staffed = minutes(Staffed::One) + minutes(Staffed::More);
    assert_eq!(cell("staffed"), Cell::Count(staffed));
    assert_eq!(minutes(Staffed::More), 150);
    assert_eq!(cell("gap"), Cell::Wait(Millis(35 * 60_000)));
    let open: i64 = day.hours.iter().map(length).sum();
    assert_eq!(cell("open"), Cell::Count(open / 60_000));
    // Nobody was ever heard of at the others.
    assert!(
        snapshot
            .departments
            .iter()
            .filter(|one| one.slug != "social")
            .all(|one| one.staffed.is_none())
    );
}

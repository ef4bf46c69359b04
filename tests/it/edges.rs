//! Edge cases of whole programs: scripts from bytes to published figures. Which test stands for which
//! edge case says the second table of `docs/krav.md`; most of them lie beside what they concern.

use std::fmt::Write as _;

use serde_json::{Value, json};
use svarstid::domain::calendar::Day;
use svarstid::engine::edition::Edition;
use svarstid::report::Audience;

use crate::cases::{CONFIG, check};
use crate::town::{Town, cell};

/// What counts is whether it was open when the call came.
#[test]
fn a_desk_opens_or_closes_while_the_caller_waits() {
    check(
        "07:29:00.000 entered social a
         07:31:00.000 answered social a",
        "social.answered=1 social.outside_hours=1 SM2.of=0 SM3.of=0",
    );
    check(
        "16:29:00.000 entered social a
         16:33:00.000 answered social a
         16:29:59.999 entered social b
         16:40:00.000 hungup social b",
        "social.outside_hours=0 social.answered=1 social.abandoned=1 SM2.met=1 SM2.of=2
         SM3.met=1 SM3.of=2",
    );
    // Turned away by the system when it closes; that it is the same stay its segment says.
    check(
        "16:29:00.000 entered social a seg=1
         16:30:00.000 refused:closed social a seg=1",
        "social.offered=1 social.closed=1 social.waiting=0 SM2.of=0 SM2.of_offered=1 SM3.of=0
         quality.open_contacts=0",
    );
}

/// The telephone system begins its numbers anew: the first caller is lost, and is not the second.
#[test]
fn an_id_that_is_used_again_after_a_restart_is_another_caller() {
    check(
        "08:00:00.000 entered social a
         08:06:40.000 restart - -
         08:08:20.000 entered social a
         08:08:25.000 answered social a",
        "social.offered=2 social.lost_by_restart=1 social.answered=1 social.wait_seconds.count=1
         social.wait_seconds.sum=5 SM2.met=1 SM2.of=2",
    );
}

/// By a clock that was set back a minute while somebody waited, nobody waited less than nothing.
#[test]
fn a_clock_that_steps_back_makes_no_negative_wait() {
    check(
        "08:01:00.000 entered social a seg=1
         08:00:30.000 answered social a seg=1
         08:05:00.000 ended social a seg=1",
        "social.offered=1 social.answered=1 social.wait_seconds.sum=0 SM2.met=1 SM2.of=1
         quality.anomalies.negative_wait=1 quality.open_contacts=0",
    );
}

#[test]
fn a_tertial_and_the_interim_report_end_in_mid_call() {
    let town = Town::of(
        "08-31T23:59:50.000 entered dygn a
         09-01T00:00:05.000 answered dygn a
         09-01T00:01:05.000 ended dygn a",
    );
    let of = |period: &str| {
        town.figures(
            period,
            ["volumes/queue/answered", "goals/SM2/of", "volumes/queue/longest_wait"],
        )
    };
    let counted = [json!(1), json!(1), json!(15.0)];
    let nothing = [Value::Null, json!(0), Value::Null];
    for period in ["2026-08-31", "2026-08", "2026-T2", "2026-jan-aug", "2026"] {
        assert_eq!(of(period), counted, "{period}");
    }
    for period in ["2026-09-01", "2026-09", "2026-T3"] {
        assert_eq!(of(period), nothing, "{period}");
    }
}

/// On a Friday it makes the week shorter, on a Sunday it changes nothing.
#[test]
fn the_sixth_of_june_on_a_weekday_and_on_a_sunday() {
    check(
        "2025-06-05T10:00:00.000 received - a channel=email dept=social
         2025-06-05T10:00:00.000 received - b channel=email dept=social
         2025-06-11T00:00:00.000 replied - a by=human
         2025-06-11T00:00:00.001 replied - b by=human",
        "SM4.met=1 SM4.of=2",
    );
    check(
        "2027-06-04T10:00:00.000 received - a channel=email dept=social
         2027-06-04T10:00:00.000 received - b channel=email dept=social
         2027-06-09T00:00:00.000 replied - a by=human
         2027-06-09T00:00:00.001 replied - b by=human",
        "SM4.met=1 SM4.of=2",
    );
    // Nobody has to be there on the Friday, and on the Monday after the Sunday everybody.
    for (day, outside) in [("2025-06-06", 1), ("2027-06-07", 0)] {
        check(
            &format!(
                "{day}T10:00:00.000 entered social a
                 {day}T10:00:05.000 answered social a"
            ),
            &format!("social.answered=1 social.outside_hours={outside} SM2.of={}", 1 - outside),
        );
    }
}

/// A half day is a working day that ends early.
#[test]
fn a_half_day_is_shorter_and_a_working_day_all_the_same() {
    let maundy_thursday = |more: &str| {
        let config = format!("{CONFIG}[opening.default]\nthursday = [\"07:30-16:30\"]\n{more}");
        let town = Town::new(&config).plays(
            "2026-04-01T10:00:00.000 received - a channel=email dept=social
             2026-04-01T10:00:00.000 received - b channel=email dept=social
             2026-04-02T11:59:59.999 entered social c
             2026-04-02T12:00:05.000 answered social c
             2026-04-02T12:00:00.000 entered social d
             2026-04-02T12:00:05.000 answered social d
             2026-04-08T00:00:00.000 replied - a by=human
             2026-04-08T00:00:00.001 replied - b by=human",
        );
        town.figures(
            "2026-04",
            ["volumes/queue/outside_hours", "goals/SM2/of", "goals/SM4/outcome"],
        )
    };
    assert_eq!(maundy_thursday(""), [json!(0), json!(2), json!(50.0)]);
    let half = maundy_thursday("half_days = { skartorsdagen = \"12:00\" }\n");
    assert_eq!(half, [json!(1), json!(1), json!(50.0)]);
}

#[test]
fn a_department_with_no_calls_one_call_or_only_short_abandons() {
    let town = Town::of(
        "08:00:00.000 entered social a
         08:00:05.000 answered social a
         08:00:00.000 entered dygn b
         08:00:05.000 hungup dygn b
         08:01:00.000 entered dygn c
         08:01:00.000 hungup dygn c",
    );
    let whole = town.report("2026-10");
    for (slug, outcome, of) in [
        ("social", json!(100.0), json!(1)),
        ("dygn", Value::Null, Value::Null),
        ("kultur", Value::Null, Value::Null),
    ] {
        let found =
            ["SM2", "SM2_of"].map(|column| cell(&whole, &format!("departments/{slug}/{column}")));
        assert_eq!(found, [outcome, of], "{slug}");
    }
    let sheet = |slug: &str, audience: Audience| {
        let sheet = town.report_of("2026-10", Some(slug), audience);
        ["goals/SM2/outcome", "goals/SM2/verdict", "goals/SM2/of"].map(|place| cell(&sheet, place))
    };
    let none = [Value::Null, json!("inga samtal"), json!(0)];
    assert_eq!(sheet("social", Audience::Internal), [json!(100.0), json!("✓ uppfyllt"), json!(1)]);
    assert_eq!(sheet("dygn", Audience::Internal), none);
    assert_eq!(sheet("kultur", Audience::Internal), none);
    // One call points at somebody.
    let hidden = json!({"hidden": true});
    assert_eq!(sheet("social", Audience::Public), [(); 3].map(|()| hidden.clone()));
    let dygn = town.report_of("2026-10", Some("dygn"), Audience::Internal);
    assert_eq!(cell(&dygn, "volumes/queue/short_abandoned"), 2);
}

/// A thousand calls in a minute, and room for fifty.
#[test]
fn a_storm_fills_the_queue() {
    let script = (0..1_000).fold(String::new(), |mut script, n| {
        let (second, millis) = (n * 60 / 1_000, n * 60 % 1_000);
        match n % 20 {
            0 => writeln!(
                script,
                "08:00:{second:02}.{millis:03} entered social {n}\n\
                 08:04:{second:02}.{millis:03} answered social {n}"
            ),
            _ => writeln!(script, "08:00:{second:02}.{millis:03} refused:full social {n}"),
        }
        .unwrap();
        script
    });
    check(
        &script,
        "social.offered=1000 social.queued=50 social.answered=50 social.rejected.full=950
         SM2.met=50 SM2.of=1000 SM2.verdict=missed SM3.met=0 SM3.of=50 SM3.verdict=met",
    );
}

/// What comes late within a day corrects the month; what comes later is counted and changes nothing;
/// what people tell afterwards makes another edition that says so.
#[test]
fn what_comes_when_the_month_was_reported() {
    let october = "30T10:00:00.000+01:00 entered dygn a
                   30T10:00:05.000+01:00 answered dygn a";
    let november = |day: &str| {
        let call = |id: char| format!("{day}T08:00:00.000+01:00 offered vx {id}\n");
        ['x', 'y', 'z'].map(call).concat()
    };
    let late = "31T23:50:00.000+01:00 entered dygn b
                31T23:57:00.000+01:00 hungup dygn b";
    let places = ["goals/SM2/outcome", "goals/SM2/of", "quality/late/count"];
    let in_time = Town::of(october).plays(&november("11-01")).plays(late);
    assert_eq!(in_time.figures("2026-10", places), [json!(50.0), json!(2), json!(0)]);
    let reported = Town::of(october).plays(&november("11-04"));
    let first = reported.report("2026-10");
    let too_late = reported.plays(late);
    assert_eq!(too_late.figures("2026-10", places), [json!(100.0), json!(1), json!(2)]);

    let second = Edition {
        period: "2026-10".parse().unwrap(),
        number: 2,
        day: Day::parse("2026-11-05").unwrap(),
        places: Vec::new(),
    };
    let again = too_late.report("2026-10").published(&second, Some(&first));
    assert_eq!(again.corrections, Some(0));
    let visits = json!({"channel": "visit", "department": "social", "period": "2026-10", "n": 3});
    let told = too_late.tells("count.entered", visits);
    let corrected = told.report("2026-10").published(&second, Some(&first));
    let visit =
        |column: &str| cell(&corrected, &format!("corrections/channels/visit/count/{column}"));
    assert_eq!([visit("before"), visit("after")], [json!("–"), json!("3")]);
    assert_eq!(first.corrections, None);
}

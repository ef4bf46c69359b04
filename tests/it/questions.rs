//! Questions: put at the desk, and sent by e-mail or e-service. Cases by hand, in the scripts of
//! [`crate::cases`].

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use svarstid::config::Config;
use svarstid::domain::units::Timestamp;
use svarstid::report::Interval;
use svarstid::wire::canonical::Arrival;

use crate::cases::{CONFIG, check};
use crate::oracle::engine;
use crate::support::metric_value;

#[test]
fn two_questions_in_one_call_count_each_where_it_was_settled() {
    check(
        "08:00:00.000 entered social a
         08:00:05.000 answered social a
         08:01:00.000 resolved social a about=1
         08:02:00.000 escalated social a about=2
         08:03:00.000 ended social a",
        "FCR.met=1 FCR.of=2 FCR@social.met=1 FCR@social.of=2 quality.anomalies.without_stay=0",
    );
}

#[test]
fn a_question_that_was_passed_on_is_not_settled_at_the_desk_whatever_comes_after() {
    check(
        "08:00:00.000 entered social a
         08:00:05.000 answered social a
         08:01:00.000 escalated social a about=1
         08:02:00.000 entered dygn a
         08:02:05.000 answered dygn a
         08:03:00.000 resolved dygn a about=1
         08:04:00.000 resolved dygn a about=2
         08:05:00.000 resolved dygn a about=2",
        "FCR@social.met=0 FCR@social.of=1 FCR@dygn.met=1 FCR@dygn.of=1",
    );
}

#[test]
fn one_question_in_three_calls_counts_once() {
    check(
        "08:00:00.000 entered social a
         08:00:05.000 answered social a
         08:01:00.000 escalated social a about=1
         09:00:00.000 entered social b
         09:00:05.000 answered social b
         09:01:00.000 escalated social b about=1
         10:00:00.000 entered social c
         10:00:05.000 answered social c
         10:01:00.000 resolved social c about=1",
        "FCR.met=0 FCR.of=1",
    );
}

#[test]
fn what_the_switchboard_settles_was_not_put_at_a_desk() {
    check(
        "08:00:00.000 offered vx a
         08:00:05.000 answered vx a
         08:01:00.000 resolved vx a about=1",
        "FCR.of=0 vx.answered=1",
    );
}

#[test]
fn questions_without_a_name_are_questions_of_their_own() {
    check(
        "08:00:00.000 entered social a
         08:00:05.000 answered social a
         08:01:00.000 resolved social a
         08:02:00.000 resolved social a
         08:03:00.000 escalated social a",
        "FCR.met=2 FCR.of=3",
    );
}

/// By then the call may have been let go, and the figures must not depend on that. What is asked in
/// the journey after it is the same question put again.
#[test]
fn what_is_said_of_a_question_hours_after_the_call_belongs_to_no_call() {
    check(
        "08:00:00.000 entered social a
         08:00:05.000 answered social a
         08:01:00.000 resolved social a about=1
         14:01:00.001 escalated social a about=1
         14:02:00.000 entered social a
         14:02:05.000 answered social a
         14:03:00.000 resolved social a about=1",
        "FCR.met=1 FCR.of=1 quality.anomalies.without_stay=1",
    );
}

#[test]
fn the_last_moment_is_the_end_of_the_second_working_day() {
    // Received on a Monday: until Wednesday 24:00.
    check(
        "08:00:00.000 received - a channel=email dept=social
         08T00:00:00.000 replied - a by=human",
        "SM4.met=1 SM4.of=1 SM4@social.of_answered=1 SM4@social.of_offered=1",
    );
    check(
        "08:00:00.000 received - a channel=email dept=social
         08T00:00:00.001 replied - a by=human",
        "SM4.met=0 SM4.of=1 SM4.of_answered=1",
    );
}

#[test]
fn a_question_that_can_still_be_answered_in_time_is_not_judged() {
    let question = "08:00:00.000 received - a channel=e_service dept=social";
    let until = |time: &str| format!("{question}\n{time} received - b channel=email dept=kultur");
    check(&until("08T00:00:00.000"), "SM4@social.of=0 SM4@social.of_offered=1 SM4.of_offered=2");
    check(&until("08T00:00:00.001"), "SM4@social.of=1 SM4@social.met=0 SM4@kultur.of=0");
}

#[test]
fn a_receipt_that_a_machine_wrote_is_no_answer() {
    check(
        "08:00:00.000 received - a channel=email dept=social
         08:00:05.000 replied - a by=automatic
         09T08:00:00.000 replied - a by=human",
        "SM4.met=0 SM4.of=1 SM4.of_answered=1",
    );
}

#[test]
fn a_question_on_a_saturday_or_on_new_years_eve() {
    // Saturday the 10th: Monday and Tuesday.
    check(
        "10T12:00:00.000 received - a channel=email dept=social
         14T00:00:00.000 replied - a by=human",
        "SM4.met=1 SM4.of=1",
    );
    // Thursday, and a day off; Friday is New Year's Day: Monday the 4th and Tuesday the 5th.
    check(
        "12-31T10:00:00.000+01:00 received - a channel=email dept=social
         2027-01-06T00:00:00.000+01:00 replied - a by=human
         12-31T10:00:00.000+01:00 received - b channel=email dept=social
         2027-01-06T00:00:00.001+01:00 replied - b by=human",
        "SM4.met=1 SM4.of=2",
    );
}

#[test]
fn a_reclassified_question_keeps_its_clock_and_counts_where_it_was_when_it_was_answered() {
    check(
        "08:00:00.000 received - a channel=email dept=social
         07T08:00:00.000 moved - a dept=kultur
         08T10:00:00.000 replied - a by=human
         08T10:00:01.000 moved - a dept=dygn",
        "SM4@kultur.met=0 SM4@kultur.of=1 SM4@social.of_offered=0 SM4@dygn.of_offered=0",
    );
}

#[test]
fn replied_before_it_was_received_is_answered_in_time() {
    check(
        "08:00:00.000 replied - a by=human
         08:00:01.000 received - a channel=email dept=social",
        "SM4.met=1 SM4.of=1 quality.anomalies.negative_wait=1",
    );
}

#[test]
fn a_thread_with_two_questions_has_two_clocks() {
    check(
        "08:00:00.000 received - thread about=1 channel=email dept=social
         08:00:00.000 received - thread about=2 channel=email dept=kultur
         09:00:00.000 replied - thread about=1 by=human
         09T09:00:00.000 replied - thread about=2 by=human",
        "SM4.met=1 SM4.of=2 SM4@social.met=1 SM4@kultur.met=0",
    );
}

#[test]
fn a_question_closed_without_a_reply_was_not_answered_in_time() {
    check(
        "08:00:00.000 received - a channel=email dept=social
         08:30:00.000 shut - a",
        "SM4.met=0 SM4.of=1 SM4.of_answered=0",
    );
    check(
        "08:00:00.000 received - a channel=email dept=social
         08:30:00.000 shut - a
         06T15:00:00.000 replied - a by=human",
        "SM4.met=1 SM4.of=1 SM4.of_answered=1",
    );
}

#[test]
fn a_question_on_another_channel_or_of_no_department_is_counted_apart() {
    check(
        "08:00:00.000 received - a channel=fax dept=social
         08:00:00.000 received - b channel=email dept=nobody
         08:01:00.000 replied - b by=human",
        "SM4@social.of_offered=1 SM4@okand.met=1 SM4.of_offered=2",
    );
}

#[test]
fn an_id_used_again_after_the_answer_is_a_question_of_its_own() {
    check(
        "08:00:00.000 received - a channel=email dept=social
         09:00:00.000 replied - a by=human
         15:00:00.001 received - a channel=email dept=social",
        "SM4.met=1 SM4.of=1 SM4.of_offered=2",
    );
    // A reminder while the answer is awaited, and a thank-you soon after it, are not.
    check(
        "08:00:00.000 received - a channel=email dept=social
         07T08:00:00.000 received - a channel=email dept=kultur
         07T09:00:00.000 replied - a by=human
         07T10:00:00.000 received - a channel=email dept=social",
        "SM4.met=1 SM4.of=1 SM4.of_offered=1 SM4@social.met=1",
    );
}

#[test]
fn an_answer_after_half_a_year_is_none() {
    let question = "08:00:00.000 received - a channel=email dept=social";
    let answered = |time: &str| format!("{question}\n2027-04-03T{time}+02:00 replied - a by=human");
    check(&answered("08:00:00.000"), "SM4.met=0 SM4.of=1 SM4.of_answered=1");
    check(&answered("08:00:00.001"), "SM4.met=0 SM4.of=1 SM4.of_answered=0");
}

/// It is open as long as it is held; when it is let go its figures stay.
#[test]
fn a_question_without_an_answer_is_held_for_half_a_year_and_a_day() {
    let config = Config::parse(CONFIG, &[]).unwrap();
    let mut engine = engine(&config);
    engine.open_partition("test", 0);
    let receipt = |question: &str, at: i64| {
        let event = json!({
            "id": format!("{question} {at}"), "type": "question.received", "question": question,
            "time": jiff::Timestamp::from_millisecond(at).unwrap().to_string(),
            "department": "social", "channel": "email",
        });
        event.to_string()
    };
    let mut open_after = |days: i64| {
        let at = MONDAY + days * DAY;
        for (offset, number) in (0..3).enumerate() {
            let event = receipt(&format!("{days} {number}"), at);
            engine.event(0, days * 10 + offset as i64, event.as_bytes(), &Arrival::default());
        }
        engine.commit();
        // What the new watermark lets go goes with the next record.
        engine.event(0, days * 10 + 5, b"", &Arrival::default());
        engine.commit();
        let snapshot = engine.snapshot(Timestamp(at));
        let view = snapshot.departments.iter().find(|view| view.slug == "social").unwrap();
        (view.awaiting[0].open, view.questions.channels[0].received, engine.held().1)
    };
    assert_eq!(open_after(0), (3, 3, 3));
    assert_eq!(open_after(181), (6, 6, 6));
    assert_eq!(open_after(182), (6, 9, 6));
}

/// One question as it is made up.
#[derive(Clone, Debug)]
struct Made {
    received: i64,
    department: usize,
    /// When it went to which department, after the receipt.
    moved: Option<(i64, usize)>,
    automatic: bool,
    /// After the receipt, or a little before it.
    replied: Option<i64>,
    follow_up: Option<i64>,
}

const SLUGS: [&str; 3] = ["social", "kultur", "dygn"];
/// Monday 2026-10-05T00:00+02:00. There is no holiday in the weeks that follow.
const MONDAY: i64 = 1_791_151_200_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn made() -> impl Strategy<Value = Made> {
    let after = || prop_oneof![0..2 * HOUR, 0..6 * DAY, 0..40 * DAY];
    let replied = proptest::option::weighted(0.8, prop_oneof![8 => after(), 1 => -HOUR..0i64]);
    let moved = proptest::option::weighted(0.4, (after(), 0..SLUGS.len()));
    let more = (any::<bool>(), replied, proptest::option::of(1..20 * DAY));
    (0..10 * DAY, 0..SLUGS.len(), moved, more).prop_map(
        |(received, department, moved, (automatic, replied, follow_up))| {
            let received = MONDAY + received;
            Made { received, department, moved, automatic, replied, follow_up }
        },
    )
}

impl Made {
    /// Its events: time and JSON.
    fn events(&self, number: usize) -> Vec<(i64, String)> {
        let event = |step: &str, at: i64, more: Value| {
            let mut event = json!({
                "id": format!("{number} {step} {at}"), "type": format!("question.{step}"),
                "time": jiff::Timestamp::from_millisecond(at).unwrap().to_string(),
                "question": format!("question {number}"),
            });
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            (at, event.to_string())
        };
        let slug = SLUGS[self.department];
        let receipt = json!({"department": slug, "channel": "email"});
        let mut events = vec![event("received", self.received, receipt)];
        if let Some((after, to)) = self.moved {
            let to = json!({"department": SLUGS[to]});
            events.push(event("reclassified", self.received + after, to));
        }
        if self.automatic {
            let by = json!({"by_whom": "automatic"});
            events.push(event("replied", self.received + 3_000, by));
        }
        if let Some(after) = self.replied {
            let human = json!({"by_whom": "human"});
            events.push(event("replied", self.received + after, human.clone()));
            if let Some(later) = self.follow_up {
                events.push(event("replied", self.received + after + later, human));
            }
            events.push(event("closed", self.received + after + HOUR, json!({})));
        }
        events
    }

    /// Where it counts, and whether it is answered, in time, and judged by `now`.
    fn figures(&self, now: i64) -> (usize, [i64; 4]) {
        let answer = self.replied.map(|after| self.received + after);
        let moved = self.moved.map(|(after, to)| (self.received + after, to));
        let moved = moved.filter(|(at, _)| answer.is_none_or(|answer| *at <= answer));
        let mut day = (self.received - MONDAY).div_euclid(DAY);
        let mut working_days = 0;
        while working_days < 2 {
            day += 1;
            working_days += i64::from(day.rem_euclid(7) < 5);
        }
        // The clocks go back on Sunday the 25th.
        let due = MONDAY + (day + 1) * DAY + if day >= 20 { HOUR } else { 0 };
        let within = answer.is_some_and(|at| at <= due);
        let judged = answer.is_some() || now > due;
        let department = moved.map_or(self.department, |(_, to)| to);
        (department, [within, judged, answer.is_some(), true].map(i64::from))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Displacement up to the lateness, repeats, any spread over partitions and any size of batch:
    /// what a naive count gives, also where questions have long been let go.
    #[test]
    fn questions_are_those_of_a_naive_count(
        questions in proptest::collection::vec(made(), 1..60),
        partitions in 1usize..4,
        commit_every in 1usize..40,
        displacement in 0..=DAY,
        dice in proptest::collection::vec(any::<u32>(), 400),
    ) {
        let mut told: Vec<(i64, u32, usize, String)> = Vec::new();
        let mut dice = dice.iter().copied().cycle();
        let mut roll = || dice.next().unwrap();
        for (number, question) in questions.iter().enumerate() {
            for (time, event) in question.events(number) {
                for _ in 0..1 + usize::from(roll() % 5 == 0) {
                    let moved = i64::from(roll()) % displacement.max(1);
                    told.push((time + moved, roll(), number % partitions, event.clone()));
                }
            }
        }
        told.sort();
        let config = Config::parse(CONFIG, &[]).unwrap();
        let mut engine = engine(&config);
        for partition in 0..partitions {
            engine.open_partition("test", partition as i32);
        }
        for (offset, (_, _, partition, event)) in told.iter().enumerate() {
            engine.event(*partition, offset as i64, event.as_bytes(), &Arrival::default());
            if (offset + 1) % commit_every == 0 {
                engine.commit();
            }
        }
        engine.tick();
        let now = engine.last_event().unwrap();
        let document = engine.document(Interval::Quarter, now).to_json();
        let document: Value = serde_json::from_str(&document).unwrap();
        prop_assert_eq!(&document["quality"]["late"], 0);
        let mut expected = [[0; 4]; SLUGS.len()];
        for question in &questions {
            let (department, counts) = question.figures(now.0);
            expected[department].iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
        }
        for (slug, expected) in SLUGS.iter().zip(expected) {
            let goals = document["goals"].as_array().unwrap();
            let own = goals.iter().find(|row| row["id"] == "SM4" && row["department"] == *slug);
            let found = ["met", "of", "of_answered", "of_offered"]
                .map(|count| own.map_or(0, |row| row[count].as_i64().unwrap()));
            prop_assert_eq!(found, expected, "{}", slug);
        }
        // What is open by the held questions is what the cells leave unanswered.
        let snapshot = engine.snapshot(now);
        for (slug, expected) in SLUGS.iter().zip(expected) {
            let view = snapshot.departments.iter().find(|view| view.slug == *slug).unwrap();
            let [within, judged, answered, received] = expected;
            let email = view.awaiting[0];
            prop_assert_eq!([email.open, email.overdue], [received - answered, judged - answered]);
            prop_assert_eq!(email.next_due.is_some(), received > judged);
            prop_assert_eq!(view.questions.answer.count >= answered, true);
            prop_assert!(view.questions.channels[0].within >= within);
        }
    }
}

#[test]
fn the_latest_survey_of_a_measure_shows_and_a_share_is_no_more_than_all() {
    let config = Config::parse(CONFIG, &[]).unwrap();
    let mut engine = engine(&config);
    engine.open_partition("test", 0);
    let survey = |id: &str, more: Value| {
        let mut event = json!({
            "id": id, "type": "survey.result", "time": "2026-10-05T08:00:00Z",
            "measure": "nojd", "n": 400,
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event.to_string()
    };
    let told = [
        survey("a", json!({"value": 80.5, "period": "2016", "department": "social", "margin": 4})),
        survey("b", json!({"value": 70, "period": "2014", "department": "social"})),
        survey("c", json!({"value": 75.25, "period": "2016"})),
        survey("d", json!({"value": 100.1, "period": "2017"})),
        survey("e", json!({"value": 80, "period": "2017", "measure": "Är du nöjd?"})),
        survey("f", json!({"value": 80, "period": "2017-T4"})),
    ];
    for (offset, event) in told.iter().enumerate() {
        engine.event(0, offset as i64, event.as_bytes(), &Arrival::default());
    }
    for number in 0..40 {
        let measure = json!({"value": 50, "period": "2016", "measure": format!("m{number}")});
        let event = survey(&format!("m{number}"), measure);
        engine.event(0, 100 + number, event.as_bytes(), &Arrival::default());
        engine.commit();
    }
    engine.set_caught_up(true);
    let now = svarstid::wire::time::parse("2026-10-05T08:00:00Z").unwrap();
    let snapshot = engine.snapshot(now);
    let text = svarstid::metrics::render(&Arc::new(snapshot));
    let value = |family: &str, labels: &[(&str, &str)]| metric_value(&text, family, labels);
    let social = [("department", "social"), ("measure", "nojd")];
    assert_eq!(value("svarstid_survey_satisfied_ratio", &social), Some(0.805));
    assert_eq!(value("svarstid_survey_responses", &social), Some(400.0));
    let all = [("measure", "nojd")];
    assert_eq!(value("svarstid_all_survey_satisfied_ratio", &all), Some(0.7525));
    let rejected = value("svarstid_events_rejected_total", &[("reason", "unknown_value")]);
    assert_eq!(rejected, Some(3.0));
    // 32 measures are known: this one and 31 of the forty.
    let over = value("svarstid_anomalies_total", &[("kind", "measures_over_bound")]);
    assert_eq!(over, Some(9.0));
}

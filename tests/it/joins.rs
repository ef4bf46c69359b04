//! What joins contacts: callers who ring again, and questions put in several calls. Cases by hand,
//! in the scripts of [`crate::cases`].

use crate::cases::check;

#[test]
fn a_repeat_is_no_more_than_24_hours_after_the_earlier_call() {
    check(
        "08:00:00.000 offered vx a caller=0920-1
         06T08:00:00.000 offered vx b caller=09201
         08:00:00.000 offered vx c caller=09202
         06T08:00:00.001 offered vx d caller=09202",
        "REPEATS.met=1 REPEATS.of=4 REPEATS@kansli.met=1",
    );
}

#[test]
fn a_repeat_counts_where_and_when_it_was_first_offered() {
    check(
        "23:55:00.000 entered dygn a caller=09201
         23:56:00.000 hungup dygn a
         06T00:05:00.000 entered social b caller=09201
         06T00:05:10.000 answered social b",
        "REPEATS.met=1 REPEATS.of=2 REPEATS@social.met=1 REPEATS@dygn.met=0 REPEATS@dygn.of=1",
    );
}

#[test]
fn across_the_night_of_25_hours_real_time_decides() {
    // From midnight to midnight it is 25 hours.
    check(
        "10-25T00:00:00.000 offered vx a caller=09201
         10-26T00:00:00.000+01:00 offered vx b caller=09201",
        "REPEATS.met=0 REPEATS.of=2",
    );
    check(
        "10-25T00:00:00.000 offered vx a caller=09201
         10-25T23:00:00.000+01:00 offered vx b caller=09201
         10-26T00:00:00.000+01:00 offered vx c caller=09201
         10-26T23:00:00.001+01:00 offered vx d caller=09201",
        "REPEATS.met=3 REPEATS.of=4",
    );
    check(
        "10-24T23:59:59.999 offered vx a caller=09201
         10-25T22:59:59.999+01:00 offered vx b caller=09201
         10-26T23:00:00.000+01:00 offered vx c caller=09201",
        "REPEATS.met=1 REPEATS.of=3",
    );
}

#[test]
fn an_anonymous_caller_is_never_a_repeat() {
    check(
        "08:00:00.000 offered vx a caller=anonymous
         09:00:00.000 offered vx b caller=anonymous
         10:00:00.000 offered vx c",
        "REPEATS.met=0 REPEATS.of=0",
    );
}

#[test]
fn a_call_that_is_passed_on_is_no_repeat_of_itself() {
    check(
        "08:00:00.000 offered vx a caller=09201
         08:00:05.000 answered vx a
         08:00:30.000 passed vx a
         08:00:31.000 entered social a caller=09201
         08:01:00.000 answered social a",
        "REPEATS.met=0 REPEATS.of=1 REPEATS@kansli.of=1 REPEATS@social.of=0",
    );
}

/// `check` plays the events in the other order too, so each comes late there.
#[test]
fn a_late_event_makes_an_earlier_call_and_so_another_one_a_repeat() {
    check(
        "09:00:00.000 entered social b caller=09201
         09:00:10.000 answered social b
         08:00:00.000 entered dygn a caller=09201
         08:00:10.000 answered dygn a",
        "REPEATS.met=1 REPEATS@social.met=1 REPEATS@dygn.met=0",
    );
    // The first offer of b was earlier than was known: now a is the repeat.
    check(
        "09:00:00.000 entered social b caller=09201
         08:30:00.000 entered dygn a caller=09201
         08:00:00.000 offered vx b caller=09201",
        "REPEATS.met=1 REPEATS@dygn.met=1 REPEATS@social.of=0 REPEATS@kansli.of=1",
    );
}

#[test]
fn one_question_in_several_calls_is_settled_where_it_was_first_put() {
    check(
        "08:00:00.000 entered social a
         08:00:05.000 answered social a
         08:01:00.000 resolved social a about=1
         09:00:00.000 entered dygn b
         09:00:05.000 answered dygn b
         09:01:00.000 resolved dygn b about=1
         10:00:00.000 entered dygn c
         10:00:05.000 answered dygn c
         10:01:00.000 resolved dygn c about=2",
        "FCR.met=2 FCR.of=2 FCR@social.met=1 FCR@social.of=1 FCR@dygn.met=1 FCR@dygn.of=1",
    );
}

#[test]
fn passed_on_in_another_call_within_seven_days_it_was_not_settled() {
    let script = |day: &str, time: &str| {
        format!(
            "05T08:00:00.000 entered dygn a
             05T08:00:05.000 answered dygn a
             05T08:01:00.000 resolved dygn a about=1
             {day}T08:00:00.000 entered dygn b
             {day}T08:00:05.000 answered dygn b
             {day}T{time} escalated dygn b about=1"
        )
    };
    check(&script("12", "08:01:00.000"), "FCR.met=0 FCR.of=1");
    // A millisecond later it is another question.
    check(&script("12", "08:01:00.001"), "FCR.met=1 FCR.of=2");
}

//! Questions: put at the desk, and sent by e-mail or e-service. Cases by hand, in the scripts of
//! [`crate::cases`].

use crate::cases::check;

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
fn one_question_in_three_calls_counts_once_in_each() {
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
        "FCR.met=1 FCR.of=3",
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

/// By then the call may have been let go, and the figures must not depend on that.
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
        "FCR.met=2 FCR.of=2 quality.anomalies.without_stay=1",
    );
}

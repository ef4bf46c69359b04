//! What contacts tell beside answers and waits. Cases by hand, in the scripts of [`crate::cases`].

use crate::cases::check;

/// R11: whether the switchboard helped, and by what it passed the others on.
#[test]
fn a_switchboard_call_is_answered_there_or_passed_on_by_matter_by_name_or_without_saying() {
    check(
        "08:00:00.000 offered vx a
         08:00:05.000 answered vx a
         08:01:00.000 ended vx a
         08:00:00.000 offered vx b
         08:00:05.000 answered vx b
         08:01:00.000 passed vx b by=matter
         08:00:00.000 offered vx c
         08:00:05.000 answered vx c
         08:01:00.000 passed vx c by=name
         08:00:00.000 offered vx d
         08:00:05.000 answered vx d
         08:01:00.000 passed vx d
         08:00:00.000 offered vx e
         08:00:30.000 hungup vx e
         08:00:31.000 passed vx e by=name",
        "vx.answered=4 ~vx.passed_by_matter=1 ~vx.passed_by_name=1 ~vx.passed_unsaid=1
         ~vx.returned=0 ~vx.contacts_from_switchboard=5 ~vx.contacts_answered=4",
    );
}

/// Passed to a person who does not answer, the call comes back and is passed by its matter: one
/// contact and one call, and how it was passed on in the end counts.
#[test]
fn an_unanswered_transfer_that_returns_to_the_switchboard_is_no_new_call() {
    check(
        "08:14:00.000 offered vx a
         08:14:05.000 answered vx a
         08:14:30.000 passed vx a by=name
         08:15:10.000 offered vx a
         08:15:15.000 answered vx a
         08:15:40.000 passed vx a by=matter
         08:15:41.000 entered social a
         08:15:50.000 answered social a
         08:17:00.000 ended social a",
        "~vx.contacts_from_switchboard=1 ~vx.contacts_answered=1 ~vx.contact_passes=2
         ~vx.passed_by_name=0 ~vx.passed_by_matter=1 ~vx.returned=1
         ~social.sent_here=1 ~social.sent_right=1 vx.answered=2",
    );
    // Helped by the operator after all.
    check(
        "08:14:00.000 offered vx a
         08:14:05.000 answered vx a
         08:14:30.000 passed vx a by=name
         08:15:10.000 offered vx a
         08:15:15.000 answered vx a
         08:15:40.000 ended vx a",
        "~vx.passed_by_name=0 ~vx.returned=1 ~vx.contact_passes=1",
    );
    // Without a pass before it, a second offer is a call of its own; so it is after an answer at a
    // desk.
    check(
        "08:14:00.000 offered vx a
         08:14:05.000 answered vx a
         08:15:10.000 offered vx a
         08:15:15.000 answered vx a
         08:15:20.000 passed vx a by=matter
         08:15:21.000 entered social a
         08:15:30.000 answered social a
         08:16:00.000 passed social a by=matter
         08:16:01.000 offered vx a
         08:16:05.000 answered vx a
         08:16:30.000 passed vx a by=name",
        "~vx.returned=0 ~vx.passed_by_matter=1 ~vx.passed_by_name=1 ~social.sent_on=1",
    );
}

/// R13: the desk that answers keeps the caller, sends the caller on, or nobody answers.
#[test]
fn right_the_first_time_is_of_those_that_the_desk_answered() {
    let sent_to_social = |call: &str, then: &str| {
        format!(
            "08:00:00.000 offered vx {call}
             08:00:05.000 answered vx {call}
             08:01:00.000 passed vx {call} by=matter
             08:01:00.500 entered social {call}
             {then}"
        )
    };
    let script = [
        sent_to_social("kept", "08:02:00.000 answered social kept"),
        sent_to_social(
            "bounced",
            "08:02:00.000 answered social bounced
             08:03:00.000 passed social bounced by=matter
             08:03:01.000 entered dygn bounced
             08:03:05.000 answered dygn bounced",
        ),
        // To a unit that writes no events of its own.
        sent_to_social(
            "away",
            "08:02:00.000 answered social away
             08:03:00.000 passed social away by=matter",
        ),
        sent_to_social("lost", "08:05:00.000 hungup social lost"),
        sent_to_social(
            "officer",
            "08:02:00.000 answered social officer
             08:03:00.000 escalated social officer about=1 outcome=takes_over
             08:03:01.000 passed social officer by=name",
        ),
        sent_to_social(
            "matter-officer",
            "08:02:00.000 answered social matter-officer
             08:03:00.000 escalated social matter-officer about=1 outcome=takes_over
             08:03:01.000 passed social matter-officer by=matter",
        ),
        // Overflows to the pool, which answers: the receiving desk.
        sent_to_social(
            "over",
            "08:04:00.000 left:overflowed social over
             08:04:00.100 entered pool over
             08:04:10.000 answered pool over",
        ),
    ];
    check(
        &script.join("\n"),
        "~social.sent_here=7 ~social.sent_right=4 ~social.sent_on=2 ~pool.sent_here=0
         ~dygn.sent_here=0 ~vx.contacts_from_switchboard=7",
    );
}

#[test]
fn a_call_passed_to_a_closed_desk_is_neither_right_nor_sent_on() {
    check(
        "08:00:00.000 offered vx a
         08:00:05.000 answered vx a
         08:01:00.000 passed vx a by=matter
         08:01:00.500 offered social a
         08:01:00.600 refused:closed social a",
        "~social.sent_here=1 ~social.sent_right=0 ~social.sent_on=0 social.closed=1
         ~vx.passed_by_matter=1 ~vx.contact_passes=1 SM2.of=0",
    );
}

/// R10: where contacts begin. A queue's own log says nothing of the switchboard before it.
#[test]
fn a_contact_began_at_the_switchboard_straight_at_a_desk_or_nobody_knows() {
    check(
        "08:00:00.000 offered vx a
         08:00:05.000 answered vx a
         08:01:00.000 passed vx a
         08:01:00.500 entered social a
         08:00:00.000 offered social b direct=true
         08:00:00.100 entered social b
         08:00:00.000 entered social c",
        "~vx.contacts_from_switchboard=1 ~social.contacts_from_direct=1
         ~social.contacts_from_unknown=1 social.offered=3",
    );
}

/// R15: everything of a contact counts where and when it was offered first, also over midnight.
#[test]
fn passes_count_on_the_contacts_first_offer() {
    check(
        "23:50:00.000 entered dygn a
         23:50:05.000 answered dygn a
         23:55:00.000 passed dygn a by=matter
         06T00:05:00.000 entered pool a
         06T00:05:05.000 answered pool a
         06T00:06:00.000 passed pool a by=name
         06T00:05:00.000 entered pool b",
        "~05:dygn.contacts_answered=1 ~05:dygn.contact_passes=2 ~06:pool.contacts_from_unknown=1
         ~06:pool.contact_passes=0",
    );
}

/// R12.
#[test]
fn a_machine_first_and_a_person_later_is_one_answer_and_one_machine() {
    check(
        "08:00:00.000 offered vx a
         08:00:01.000 machine vx a
         08:00:20.000 answered vx a
         08:01:00.000 passed vx a by=name",
        "vx.answered=1 vx.met_by_machine=1 vx.wait_seconds.sum=20 SM1.met=0 SM1.of=1
         ~vx.passed_by_name=1 ~vx.contacts_answered=1",
    );
}

#[test]
fn internal_and_consultation_calls_are_not_inbound() {
    check(
        "08:00:00.000 offered social a channel=internal
         08:00:05.000 answered social a channel=internal
         08:01:00.000 ended social a channel=internal
         08:01:00.000 promised social a channel=internal
         08:02:00.000 entered social b",
        "social.offered=1 social.answered=0 quality.anomalies.internal_call=4 quality.set_aside=4
         ~social.contacts_from_unknown=1 ~social.callbacks_promised=0",
    );
}

/// R14: a question that went to a case officer twice in a contact went there once, as it was told last.
#[test]
fn of_two_outcomes_of_one_question_the_last_counts() {
    check(
        "08:00:00.000 entered social a
         08:00:05.000 answered social a
         08:01:00.000 escalated social a about=1 outcome=takes_over
         08:02:00.000 escalated social a about=1 outcome=will_call_back
         08:02:30.000 resolved social a about=1
         08:03:00.000 escalated social a about=2 outcome=asked_to_call_later
         08:03:00.000 escalated social a about=3
         08:04:00.000 resolved social a about=4",
        "~social.escalated_takes_over=0 ~social.escalated_will_call_back=1
         ~social.escalated_asked_to_call_later=1 ~social.escalated_other=1 FCR.met=1 FCR.of=4",
    );
}

/// R28: calls answered at a desk of which no question is known; the switchboard's are none of them.
#[test]
fn a_call_without_a_question_is_unclassified() {
    check(
        "08:00:00.000 entered social a
         08:00:05.000 answered social a
         08:00:00.000 entered social b
         08:00:05.000 answered social b
         08:00:06.000 resolved social b
         08:00:00.000 entered social c
         08:00:20.000 hungup social c
         08:00:00.000 offered vx d
         08:00:05.000 answered vx d",
        "social.answered=2 ~social.unclassified=1 ~vx.unclassified=0",
    );
}

/// R9: the pool's work by the department whose matter it was.
#[test]
fn a_desks_handling_is_split_between_the_departments_whose_matters_it_was() {
    check(
        "08:00:00.000 entered pool a
         08:00:05.000 answered pool a
         08:01:00.000 resolved pool a about=1 matter=social
         08:01:10.000 escalated pool a about=2 matter=kultur
         08:01:20.000 resolved pool a about=3 matter=social
         08:01:45.000 ended pool a talk=100000 wrap=1
         08:00:00.000 entered pool b
         08:00:05.000 answered pool b
         08:01:00.000 resolved pool b about=1 dept=social
         08:01:45.000 ended pool b talk=7 wrap=3
         08:00:00.000 entered pool c
         08:00:05.000 answered pool c
         08:01:00.000 resolved pool c about=1
         08:01:45.000 ended pool c talk=50
         08:00:00.000 entered pool d
         08:00:05.000 answered pool d
         08:01:45.000 ended pool d talk=70 wrap=5",
        // 100 001 ms are three times 33 333 and 2 ms more, which go to the first.
        "~social/pool.matter_contacts=2 ~social/pool.matter_handling_ms=66678
         ~kultur/pool.matter_contacts=1 ~kultur/pool.matter_handling_ms=33333
         ~kansli/pool.matter_contacts=1 ~kansli/pool.matter_handling_ms=50
         ~kansli/pool.wrap_up_ms=9 kansli/pool.answered=4 ~kansli/pool.unclassified=1
         kansli/pool.talk_seconds_sum=100.127",
    );
}

/// FCR on the other ways: on the receipt of the question where that is known, and in no figure of calls.
#[test]
fn questions_on_other_channels_count_on_their_own() {
    check(
        "05T14:00:00.000 received - a channel=email dept=social about=e1
         06T09:00:00.000 resolved - a channel=email dept=social about=e1
         06T09:00:01.000 replied - a by=human about=e1
         05T14:00:00.000 received - b channel=e_service dept=social about=e2
         05T15:00:00.000 resolved - b channel=e_service about=e2
         06T10:00:00.000 escalated - b channel=e_service about=e2 outcome=will_call_back
         06T10:00:00.000 resolved - c channel=visit dept=kultur
         06T11:00:00.000 resolved - d channel=post matter=kultur dept=social about=p
         06T11:00:00.000 offered - c channel=visit dept=kultur",
        "FCR.met=3 FCR.of=4 FCR@social.met=1 FCR@social.of=2 FCR@kultur.of=2
         ~05:social/vx.classified_email=1 ~05:social/vx.resolved_email=1
         ~05:social/vx.classified_e_service=1 ~05:social/vx.resolved_e_service=0
         ~05:social/vx.other_escalated_will_call_back=1
         ~06:kultur/vx.resolved_visit=1 ~06:kultur/vx.resolved_post=1
         vx.offered=0 SM4@social.of_answered=1 quality.anomalies.other_channel=1
         quality.open_contacts=0",
    );
}

#[test]
fn a_question_on_another_channel_is_settled_once() {
    check(
        "08:00:00.000 resolved - a channel=visit dept=kultur about=1
         08:00:01.000 resolved - a channel=visit dept=kultur about=1
         08:00:02.000 escalated - a channel=visit dept=kultur about=2 outcome=takes_over
         08:00:03.000 escalated - a channel=visit dept=kultur about=2
         08:00:04.000 resolved - a channel=visit dept=kultur about=2",
        "FCR.met=1 FCR.of=2 ~kultur/vx.other_escalated_other=1
         ~kultur/vx.other_escalated_takes_over=0",
    );
}

/// The place kept in the queue and the promise are one callback; it is kept on the next day.
#[test]
fn a_place_kept_in_the_queue_and_rung_back_next_day_is_one_callback() {
    check(
        "08:00:00.000 entered social a
         08:03:00.000 left:callback social a
         08:03:00.000 promised social a
         09:00:00.000 tried social a
         06T09:00:00.000 kept social a",
        "social.offered=1 social.callback=1 social.answered=0 SM2.met=0 SM2.of=1
         ~05:social.callbacks_promised=1 ~05:social.callbacks_kept=1
         ~05:social.callbacks_kept_within_target=1 ~05:social.callbacks_expired=0
         ~05:social.contacts_from_unknown=1 quality.set_aside=0 quality.anomalies.without_stay=0",
    );
}

#[test]
fn three_attempts_in_vain_keep_no_promise() {
    check(
        "08:00:00.000 promised social a
         09:00:00.000 tried social a
         10:00:00.000 tried social a
         06T09:00:00.000 tried social a
         08T09:00:00.000 expired social a",
        "~05:social.callbacks_promised=1 ~05:social.callbacks_kept=0 ~05:social.callbacks_expired=1",
    );
    // Reached after all: that outweighs that it was given up.
    check(
        "08:00:00.000 promised social a
         09:00:00.000 expired social a
         06T09:00:00.000 kept social a",
        "~05:social.callbacks_kept_within_target=1 ~05:social.callbacks_expired=0",
    );
}

/// Promised on a Monday: until Wednesday 24:00.
#[test]
fn a_promise_is_kept_in_time_until_the_end_of_the_second_working_day() {
    check(
        "08:00:00.000 promised social a
         08T00:00:00.000 kept social a
         08:00:00.000 promised social b
         08T00:00:00.001 kept social b
         08:00:00.000 promised social c",
        "~05:social.callbacks_promised=3 ~05:social.callbacks_kept=2
         ~05:social.callbacks_kept_within_target=1 ~05:social.callbacks_expired=0",
    );
}

#[test]
fn a_promise_kept_before_it_was_given_by_another_clock_is_kept() {
    check(
        "08:00:00.000 kept social a
         08:00:02.000 promised social a",
        "~social.callbacks_promised=1 ~social.callbacks_kept_within_target=1
         quality.anomalies.negative_wait=1",
    );
}

#[test]
fn a_promise_that_is_repeated_is_one_until_it_is_over() {
    check(
        "08:00:00.000 promised social a
         08:01:00.000 promised social a
         09:00:00.000 kept social a
         10:00:00.000 promised social a
         11:00:00.000 expired social a
         11:30:00.000 promised social a",
        "~social.callbacks_promised=3 ~social.callbacks_kept=1 ~social.callbacks_expired=1",
    );
    // Two promises of one call are told apart by their questions.
    check(
        "08:00:00.000 promised social a about=1
         08:01:00.000 promised social a about=2
         09:00:00.000 kept social a about=2",
        "~social.callbacks_promised=2 ~social.callbacks_kept=1",
    );
}

/// Thirty days after it was given nothing keeps a promise any more.
#[test]
fn a_promise_can_be_kept_for_thirty_days() {
    check(
        "01T08:00:00.000 promised social a
         31T07:00:00.000+01:00 kept social a",
        "~01:social.callbacks_kept=1 ~01:social.callbacks_kept_within_target=0",
    );
    check(
        "01T08:00:00.000 promised social a
         31T07:00:00.001+01:00 kept social a",
        "~01:social.callbacks_promised=1 ~01:social.callbacks_kept=0",
    );
}

/// The department that the event names, else that of the queue, else the switchboard's.
#[test]
fn a_promise_counts_on_who_gave_it() {
    check(
        "08:00:00.000 promised pool a dept=kultur
         08:00:00.000 promised pool b
         08:00:00.000 promised vx c
         08:00:00.000 promised - d",
        "~kultur/pool.callbacks_promised=1 ~kansli/pool.callbacks_promised=1
         ~kansli/vx.callbacks_promised=2",
    );
}

/// DOMAIN section 3: without a segment, the latest stay at that place that has begun and has no end.
#[test]
fn an_entry_and_then_a_refusal_without_a_segment_are_one_stay_that_was_refused() {
    check(
        "08:00:00.000 entered social a
         08:00:00.300 refused:full social a",
        "social.offered=1 social.queued=0 social.rejected.full=1 social.waiting=0 SM2.met=0 SM2.of=1
         SM3.of=0",
    );
    // At the same millisecond too, and with the offer told apart.
    check(
        "08:00:00.000 offered social a
         08:00:00.100 entered social a
         08:00:00.100 refused:no_agent social a",
        "social.offered=1 social.queued=0 social.rejected.no_agent=1",
    );
    check(
        "08:00:00.000 entered social a
         08:09:00.000 refused:closed social a",
        "social.offered=1 social.closed=1 social.queued=0 SM2.of=0",
    );
}

#[test]
fn a_refusal_without_a_stay_to_end_is_a_stay_of_its_own() {
    // Refused, and in at the second try.
    check(
        "08:00:00.000 refused:full social a
         08:00:00.001 entered social a
         08:00:10.000 answered social a",
        "social.offered=2 social.queued=1 social.answered=1 social.rejected.full=1",
    );
    // In, out, and refused when the call comes back.
    for end in ["answered", "hungup", "left:timed_out"] {
        check(
            &format!(
                "08:00:00.000 entered social a
                 08:00:30.000 {end} social a
                 08:00:31.000 refused:full social a"
            ),
            "social.offered=2 social.queued=1 social.rejected.full=1",
        );
    }
    // Another queue, the same queue after a move to another one, and after a restart.
    check(
        "08:00:00.000 entered social a
         08:00:30.000 refused:full dygn a",
        "social.offered=1 social.lost_track=0 social.waiting=1 dygn.rejected.full=1",
    );
    check(
        "08:00:00.000 entered social a
         08:00:30.000 entered dygn a
         08:01:00.000 refused:full social a",
        "social.offered=2 social.overflowed=1 social.rejected.full=1 dygn.waiting=1",
    );
    check(
        "08:00:00.000 entered social a
         08:00:30.000 restart - -
         08:01:00.000 refused:full social a",
        "social.offered=2 social.lost_by_restart=1 social.rejected.full=1",
    );
    // One refusal ends one stay.
    check(
        "08:00:00.000 entered social a
         08:00:30.000 refused:full social a
         08:01:00.000 refused:full social a",
        "social.offered=2 social.queued=0 social.rejected.full=2",
    );
}

#[test]
fn an_exit_within_five_seconds_of_a_refusal_is_one_with_it_and_the_stronger() {
    check(
        "08:00:00.000 entered social a
         08:00:10.000 refused:full social a
         08:00:15.000 hungup social a",
        "social.offered=1 social.queued=1 social.abandoned=1 social.rejected.full=0
         social.wait_seconds.sum=15",
    );
    check(
        "08:00:00.000 entered social a
         08:00:10.000 refused:full social a
         08:00:15.001 hungup social a",
        "social.offered=1 social.queued=0 social.abandoned=0 social.rejected.full=1",
    );
}

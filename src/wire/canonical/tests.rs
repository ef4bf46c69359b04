//! Every field, every reason, and no panic on foreign bytes.

use proptest::prelude::*;

use super::*;
use crate::domain::event::{Channel, Escalation, Step};
use crate::domain::ids::{ContactId, EventId};
use crate::domain::told::{Counted, Found, Period, Scale, Slot, Subject, Told};

fn decoder_with(open: bool) -> Decoder {
    let mut names = Names::new(2, 2, 2, open);
    names.departments.intern("barn");
    Decoder::new(names, IdKey::new(b"k"), Pseudonyms::new(Some(b"p")), Limits::default())
}

fn decode(json: &str) -> Result<Decoded, Reason> {
    decoder_with(false).decode(json.as_bytes(), &Arrival::default()).map_err(|r| r.reason)
}

/// An event of the given type with the given further fields.
fn event(kind: &str, more: &str) -> String {
    format!(r#"{{"id":"e1","type":"{kind}","time":"2026-06-15T12:00:00.000Z"{more}}}"#)
}

fn observation(kind: &str, more: &str) -> Observation {
    let Message::Contact(_, observation) = decode(&event(kind, more)).unwrap().message else {
        panic!("not of a contact");
    };
    observation
}

fn reason(kind: &str, more: &str) -> Reason {
    decode(&event(kind, more)).unwrap_err()
}

fn escalated(outcome: Escalation) -> What {
    What::Escalated { question: None, outcome }
}

const CONTACT: &str = r#","contact":"c1""#;

#[test]
fn every_field_of_an_answer() {
    let mut decoder = decoder_with(false);
    let json = r#"{"id":"e1","type":"contact.answered","time":"2026-06-15T12:00:15.000Z",
        "source":"pbx1","contact":"c1","segment":"s1","department":"barn","queue":"q1",
        "agent":"anna","wait_ms":15000,"ring_ms":3000,"ordinal":7,"unheard_of":{"deep":[1,null]}}"#;
    let decoded = decoder.decode(json.as_bytes(), &Arrival::default()).unwrap();
    assert!(decoded.notes.is_empty());
    let ids = IdKey::new(b"k");
    let expected = Observation {
        time: Timestamp(1_781_524_815_000),
        ordinal: 7,
        what: What::Answered { wait: Some(Millis(15_000)) },
        id: ids.event("e1"),
        segment: Some(ids.segment("s1")),
        place: Some(Place::Queue(Queue(0))),
        department: Some(Department(1)),
        source: Source(0),
    };
    assert_eq!(decoded.message, Message::Contact(ids.contact("c1"), expected));
    assert_eq!(decoder.names().queues.name(0), "q1");
    assert_eq!(decoder.names().sources.name(0), "pbx1");
}

#[test]
fn every_contact_type() {
    let q = r#","contact":"c1","queue":"q1""#;
    let with = |more: &str| format!("{q},{more}");
    let wait = Some(Millis(9_000));
    for (kind, more, what) in [
        ("contact.offered", with(r#""direct":true"#), What::Offered { direct: true, caller: None }),
        ("queue.entered", q.to_owned(), What::QueueEntered { caller: None }),
        ("queue.rejected", with(r#""reason":"full""#), What::QueueRejected(Rejection::Full)),
        ("queue.rejected", with(r#""reason":"no_agent""#), What::QueueRejected(Rejection::NoAgent)),
        ("queue.rejected", with(r#""reason":"closed""#), What::QueueRejected(Rejection::Closed)),
        (
            "queue.rejected",
            with(r#""reason":"diverted""#),
            What::QueueRejected(Rejection::Diverted),
        ),
        ("contact.met_by_machine", q.to_owned(), What::MetByMachine),
        ("contact.ringing", with(r#""agent":"a","ring":1"#), What::Ringing),
        ("contact.no_answer", q.to_owned(), What::NoAnswer),
        ("contact.answered", with(r#""wait_ms":9000"#), What::Answered { wait }),
        ("contact.abandoned", with(r#""wait_ms":9000,"position":2"#), What::Abandoned { wait }),
        (
            "queue.left",
            with(r#""disposition":"timed_out","wait_ms":9000"#),
            What::Left { how: Leaving::TimedOut, wait },
        ),
        (
            "queue.left",
            with(r#""disposition":"left_empty""#),
            What::Left { how: Leaving::LeftEmpty, wait: None },
        ),
        (
            "queue.left",
            with(r#""disposition":"key_exit","wait_ms":null"#),
            What::Left { how: Leaving::KeyExit, wait: None },
        ),
        (
            "queue.left",
            with(r#""disposition":"withdrawn","wait_ms":0"#),
            What::Left { how: Leaving::Withdrawn, wait: Some(Millis(0)) },
        ),
        (
            "queue.left",
            with(r#""disposition":"callback""#),
            What::Left { how: Leaving::Callback, wait: None },
        ),
        (
            "queue.left",
            with(r#""disposition":"overflowed""#),
            What::Left { how: Leaving::Overflowed, wait: None },
        ),
        ("contact.passed", with(r#""mode":"blind","to":"q2""#), What::Passed { by_matter: None }),
        ("contact.passed", with(r#""by":"matter""#), What::Passed { by_matter: Some(true) }),
        ("contact.passed", with(r#""by":"name""#), What::Passed { by_matter: Some(false) }),
        (
            "contact.resolved",
            with(r#""question":"f1","matter":"bygglov""#),
            What::Resolved { question: Some(IdKey::new(b"k").question_tag("f1")) },
        ),
        ("contact.resolved", q.to_owned(), What::Resolved { question: None }),
        ("contact.escalated", q.to_owned(), escalated(Escalation::Other)),
        ("contact.escalated", with(r#""outcome":"takes_over""#), escalated(Escalation::TakesOver)),
        (
            "contact.escalated",
            with(r#""outcome":"will_call_back""#),
            escalated(Escalation::WillCallBack),
        ),
        (
            "contact.escalated",
            with(r#""outcome":"asked_to_call_later""#),
            escalated(Escalation::AskedToCallLater),
        ),
        (
            "contact.ended",
            with(r#""wait_ms":9000,"talk_ms":60000,"wrap_up_ms":5000,"cause":"caller""#),
            What::Ended { wait, talk: Some(Millis(60_000)), wrap_up: Some(Millis(5_000)) },
        ),
    ] {
        assert_eq!(observation(kind, &more).what, what, "{kind}{more}");
    }
}

#[test]
fn where_it_happened() {
    let place = |kind, more: &str| observation(kind, &format!("{CONTACT}{more}")).place;
    let queue = Some(Place::Queue(Queue(0)));
    assert_eq!(place("contact.offered", ""), Some(Place::Switchboard));
    assert_eq!(place("contact.offered", r#","queue":"q1""#), queue);
    assert_eq!(place("contact.answered", ""), None);
    assert_eq!(place("contact.answered", r#","queue":"q1""#), queue);
    assert_eq!(place("contact.answered", r#","place":"queue","queue":"q1""#), queue);
    let both = r#","place":"switchboard","queue":"q1""#;
    assert_eq!(place("contact.answered", both), Some(Place::Switchboard));

    let bad = |kind, more: &str| reason(kind, &format!("{CONTACT}{more}"));
    assert_eq!(bad("queue.entered", ""), Reason::MissingQueue);
    assert_eq!(bad("queue.entered", r#","queue":"""#), Reason::MissingQueue);
    assert_eq!(bad("contact.answered", r#","place":"queue""#), Reason::MissingQueue);
    assert_eq!(bad("queue.left", both), Reason::UnknownValue);
    assert_eq!(bad("contact.offered", r#","place":"hall""#), Reason::UnknownValue);
}

#[test]
fn agents_and_systems() {
    let mut decoder = decoder_with(false);
    let json = event(
        "agent.state",
        r#","agent":"anna","state":"paused","numbers":["barn","okänd"],"queue":"q1""#,
    );
    let decoded = decoder.decode(json.as_bytes(), &Arrival::default()).unwrap();
    assert!(decoded.notes.has(Note::UnknownDepartment));
    let Message::Agent(report) = decoded.message else { panic!() };
    assert_eq!(report.state, AgentState::Paused);
    assert_eq!(report.departments, [Department(1), Department::UNKNOWN]);
    assert_eq!(report.queue, Some(Queue(0)));

    for state in AgentState::ALL {
        let json = event("agent.state", &format!(r#","agent":"a","state":"{}""#, state.name()));
        let Message::Agent(report) = decode(&json).unwrap().message else { panic!() };
        assert_eq!(report.state, state);
    }
    assert_eq!(reason("agent.state", r#","state":"ready""#), Reason::MissingAgent);
    assert_eq!(reason("agent.state", r#","agent":"a","state":"asleep""#), Reason::UnknownValue);
    assert_eq!(reason("agent.state", r#","agent":"a""#), Reason::UnknownValue);

    let started = decode(&event("system.started", r#","source":"pbx1""#)).unwrap().message;
    assert!(matches!(started, Message::Started { source: Source(0), .. }));
    let alive = decode(&event("system.heartbeat", "")).unwrap().message;
    assert!(matches!(alive, Message::Heartbeat { source: Source(0), .. }));
}

#[test]
fn calls_on_another_channel_are_set_aside() {
    let email = decode(&event("contact.offered", r#","contact":"c","channel":"email""#)).unwrap();
    assert!(matches!(email.message, Message::SetAside { .. }));
    assert!(email.notes.has(Note::OtherChannel));
    let phone = r#","contact":"c","channel":"phone""#;
    assert!(matches!(observation("contact.offered", phone).what, What::Offered { .. }));
}

#[test]
fn the_steps_of_a_promise_are_observations_of_it_and_not_of_its_call() {
    let ids = IdKey::new(b"k");
    for (kind, step) in [
        ("callback.promised", CallbackStep::Promised),
        ("callback.attempted", CallbackStep::Attempted),
        ("callback.kept", CallbackStep::Kept),
        ("callback.expired", CallbackStep::Expired),
    ] {
        let of = |more: &str| {
            let Message::Contact(id, seen) = decode(&event(kind, more)).unwrap().message else {
                panic!("not of a promise");
            };
            (id, seen)
        };
        let (id, seen) = of(r#","contact":"c","queue":"q","segment":"s""#);
        assert_eq!((id, seen.what), (ids.callback("c", None), What::Callback(step)));
        assert_eq!((seen.place, seen.segment), (Some(Place::Queue(Queue(0))), None));
        assert_ne!(id, ids.contact("c"));
        let (other, _) = of(r#","contact":"c","question":"f1""#);
        assert_eq!(other, ids.callback("c", Some("f1")));
        assert_ne!(other, id);
        assert_eq!(reason(kind, r#","queue":"q""#), Reason::MissingContact);
        assert_eq!(reason(kind, r#","contact":"c","place":"queue""#), Reason::MissingQueue);
    }
}

#[test]
fn where_a_question_on_another_channel_was_settled_is_a_step_of_it() {
    let ids = IdKey::new(b"k");
    for way in Way::ALL {
        let of = |kind: &str, more: &str| {
            let more = format!(r#","contact":"c","channel":"{}"{more}"#, way.name());
            let Message::Contact(id, seen) = decode(&event(kind, &more)).unwrap().message else {
                panic!("not of a question");
            };
            (id, seen.what)
        };
        let settled = What::Question(Step::Settled(way));
        assert_eq!(of("contact.resolved", ""), (ids.question("c"), settled));
        let passed_on = What::Question(Step::PassedOn(way, Escalation::WillCallBack));
        let more = r#","question":"f1","outcome":"will_call_back""#;
        assert_eq!(of("contact.escalated", more), (ids.question("f1"), passed_on));
    }
    let odd = r#","contact":"c","channel":"visit","outcome":"gone""#;
    assert_eq!(reason("contact.escalated", odd), Reason::UnknownValue);
    assert_eq!(reason("contact.resolved", r#","channel":"visit""#), Reason::MissingContact);
    assert_eq!(
        reason("contact.resolved", r#","contact":"c","channel":"smoke""#),
        Reason::UnknownValue
    );
}

#[test]
fn whose_matter_it_is_stands_before_the_department_of_the_desk() {
    let of = |more: &str| observation("contact.resolved", more).department;
    let both = r#","contact":"c","department":"miljo","matter_department":"barn""#;
    let one = r#","contact":"c","department":"barn""#;
    assert_eq!(of(both), of(one));
    assert!(of(one).is_some());
    assert_eq!(of(r#","contact":"c""#), None);
    let offered = |more: &str| observation("contact.offered", more).department;
    assert_ne!(offered(both), offered(one));
}

#[test]
fn internal_calls_are_set_aside_and_counted() {
    for kind in ["contact.offered", "contact.answered", "callback.promised"] {
        let decoded = decode(&event(kind, r#","contact":"c","channel":"internal""#)).unwrap();
        assert!(matches!(decoded.message, Message::SetAside { .. }));
        assert!(decoded.notes.has(Note::InternalCall) && !decoded.notes.has(Note::OtherChannel));
    }
}

#[test]
fn the_steps_of_a_question_are_observations_of_it() {
    let of = |kind: &str, more: &str| decode(&event(kind, more)).unwrap();
    let what = |kind: &str, more: &str| {
        let more = format!(r#","contact":"thread","question":"f1"{more}"#);
        let Message::Contact(id, observation) = of(kind, &more).message else {
            panic!("not of a question");
        };
        let ids = IdKey::new(b"k");
        assert_eq!(id, ids.question("f1"));
        assert_ne!(id, ids.contact("f1"));
        assert_eq!((observation.segment, observation.place), (None, None));
        observation.what
    };
    let received = |channel| What::Question(Step::Received(channel));
    let kind = "question.received";
    assert_eq!(what(kind, r#","channel":"email","department":"barn""#), received(Channel::Email));
    assert_eq!(what(kind, r#","channel":"e_service""#), received(Channel::EService));
    assert_eq!(what(kind, r#","channel":"phone""#), received(Channel::Other));
    let replied = |by_person| What::Question(Step::Replied { by_person });
    assert_eq!(what("question.replied", r#","by_whom":"human""#), replied(true));
    assert_eq!(what("question.replied", r#","by_whom":"automatic""#), replied(false));
    let moved = what("question.reclassified", r#","department":"barn""#);
    assert_eq!(moved, What::Question(Step::Reclassified));
    assert_eq!(what("question.closed", ""), What::Question(Step::Closed));

    // A thread of one question may be named by its contact alone.
    let alone = of("question.closed", r#","contact":"f1""#).message;
    assert!(matches!(alone, Message::Contact(id, _) if id == IdKey::new(b"k").question("f1")));
    let odd = of(kind, r#","question":"f1""#).notes;
    assert!(odd.has(Note::UnknownChannel) && odd.has(Note::UnknownDepartment));
    assert_eq!(reason("question.closed", ""), Reason::MissingQuestion);
    let by = r#","question":"f1","by_whom":"anna""#;
    assert_eq!(reason("question.replied", by), Reason::UnknownValue);
    assert_eq!(reason("question.replied", r#","question":"f1""#), Reason::UnknownValue);
}

fn told(kind: &str, more: &str) -> Told {
    let Message::Told(told) = decode(&event(kind, more)).unwrap().message else {
        panic!("nothing is told");
    };
    told
}

#[test]
fn a_survey_tells_a_share_or_an_index_of_a_period() {
    let survey = r#","measure":"nojd","value":71.5,"n":1200,"margin":2.5,"period":"2016""#;
    let one = told("survey.result", survey);
    let subject = Subject::Survey { measure: "nojd".to_owned(), scale: Scale::Share };
    let period = Period::parse("2016").unwrap();
    assert_eq!(one.slot, Slot { subject, department: None, period });
    let outcome = |of: &Told| {
        let Found::Outcome(outcome) = &of.entry.found else { panic!("no outcome") };
        outcome.clone()
    };
    let found = outcome(&one);
    assert_eq!((found.value, found.responses, found.margin), (715_000, 1200, Some(25_000)));
    assert_eq!((found.wording, found.replaces), (None, None));
    let more = r#","scale":"index","wording":"Är du nöjd?","replaces":"nojd-2014""#;
    let index = told("survey.result", &format!("{survey}{more}"));
    assert!(matches!(index.slot.subject, Subject::Survey { scale: Scale::Index, .. }));
    let found = outcome(&index);
    assert_eq!(found.wording.as_deref(), Some("Är du nöjd?"));
    assert_eq!(found.replaces.as_deref(), Some("nojd-2014"));
    let unknown =
        decode(&event("survey.result", &format!(r#"{survey},"department":"x""#))).unwrap();
    assert!(unknown.notes.has(Note::UnknownDepartment));
    // The event is of June 2026.
    for (right, wrong) in [
        ("71.5", "100.01"),
        ("71.5", "-1"),
        ("2.5", "101"),
        ("\"nojd\"", "\"Nöjd\""),
        ("\"nojd\"", "\"NOJD\""),
        ("\"2016\"", "\"2016-T4\""),
        ("\"2016\"", "\"2027\""),
        ("\"2016\"", "\"2026-07\""),
        (",\"n\":1200", ""),
        (",\"period\":\"2016\"", ""),
        (",\"value\":71.5", ""),
    ] {
        assert_eq!(reason("survey.result", &survey.replace(right, wrong)), Reason::UnknownValue);
    }
    for scale in ["mean", "Index"] {
        let more = format!(r#"{survey},"scale":"{scale}""#);
        assert_eq!(reason("survey.result", &more), Reason::UnknownValue);
    }
    assert_eq!(reason("survey.result", &survey.replace("71.5", "\"71.5\"")), Reason::WrongType);
    assert_eq!(reason("survey.result", &survey.replace("1200", "-1200")), Reason::WrongType);
    let begun = survey.replace("2016", "2026-06-15");
    assert_eq!(told("survey.result", &begun).slot.period.to_string(), "2026-06-15");
}

#[test]
fn an_evaluator_has_a_name_and_goals_any_letters() {
    let result = r#","measure":"SM1","evaluator":"SCB","value":88,"n":300,"period":"2025""#;
    let subject = Subject::Evaluator {
        measure: "sm1".to_owned(),
        scale: Scale::Share,
        evaluator: "scb".to_owned(),
    };
    assert_eq!(told("evaluator.result", result).slot.subject, subject);
    for (right, wrong) in [(r#","evaluator":"SCB""#, ""), ("SCB", "S C B"), ("88", "100.1")] {
        assert_eq!(reason("evaluator.result", &result.replace(right, wrong)), Reason::UnknownValue);
    }
}

#[test]
fn counts_are_a_department_s_of_a_month() {
    let count = r#","channel":"visit","n":412,"period":"2026-05","department":"barn""#;
    let one = told("count.entered", count);
    assert_eq!(one.slot.subject, Subject::Count(Counted::Visit));
    assert_eq!(one.entry.found, Found::Count(412));
    let post = told("count.entered", &count.replace("visit", "post"));
    assert_eq!(post.slot.subject, Subject::Count(Counted::Post));
    for (right, wrong) in [
        ("visit", "phone"),
        (r#""channel":"visit","#, ""),
        ("2026-05", "2026"),
        ("2026-05", "2026-05-04"),
        (r#","department":"barn""#, ""),
        (r#""n":412,"#, ""),
    ] {
        assert_eq!(reason("count.entered", &count.replace(right, wrong)), Reason::UnknownValue);
    }
    assert_eq!(reason("count.entered", &count.replace("412", "1.5")), Reason::WrongType);
}

#[test]
fn a_note_is_one_line_with_nobody_s_number_in_it() {
    let note = |text: &str, more: &str| {
        let text = serde_json::to_string(text).unwrap();
        format!(r#","period":"2026-05","text":{text}{more}"#)
    };
    let one = told("note.entered", &note(" <b>Två</b> vikarier ", r#","goal":"SM2""#));
    assert_eq!(one.slot.subject, Subject::Note { goal: Some("sm2".to_owned()) });
    let text = "<b>Två</b> vikarier".to_owned();
    assert_eq!(one.entry.found, Found::Note { text, is_public: false });
    let open = told("note.entered", &note("Hej", r#","public":true"#));
    assert_eq!(open.slot.subject, Subject::Note { goal: None });
    assert!(matches!(open.entry.found, Found::Note { is_public: true, .. }));

    let masked = decode(&event("note.entered", &note("Ring Anna, 070-123 45 67", ""))).unwrap();
    assert!(masked.notes.has(Note::NumberMasked));
    let Message::Told(Told { entry, .. }) = masked.message else { panic!("no note") };
    let text = "Ring Anna, [nummer borttaget]".to_owned();
    assert_eq!(entry.found, Found::Note { text, is_public: false });

    let long = "å".repeat(LONGEST_NOTE);
    assert!(matches!(told("note.entered", &note(&long, "")).entry.found, Found::Note { .. }));
    assert_eq!(reason("note.entered", &note(&format!("{long}å"), "")), Reason::TooLong);
    for text in ["", "  ", "a\nb", "a\u{1b}[31m", "a\u{202e}b"] {
        assert_eq!(reason("note.entered", &note(text, "")), Reason::UnknownValue, "{text:?}");
    }
    assert_eq!(reason("note.entered", &note("a\0b", "")), Reason::Unreadable);
    assert_eq!(reason("note.entered", &note("a", r#","goal":"mål 1""#)), Reason::UnknownValue);
}

#[test]
fn every_reason_of_a_reject() {
    let bytes =
        |bytes: &[u8]| decoder_with(false).decode(bytes, &Arrival::default()).unwrap_err().reason;
    assert_eq!(bytes(b""), Reason::Unreadable);
    assert_eq!(bytes(b" \n"), Reason::Unreadable);
    assert_eq!(bytes(b"\0"), Reason::Unreadable);
    assert_eq!(bytes(br#"{"id":"#), Reason::Unreadable);
    assert_eq!(bytes(b"{\"id\":\"\xff\"}"), Reason::Unreadable);
    assert_eq!(bytes(b"{\"unknown\":\"\xff\"}"), Reason::Unreadable);
    assert_eq!(bytes("[".repeat(100_000).as_bytes()), Reason::Unreadable);
    assert_eq!(bytes(b"12"), Reason::WrongType);
    assert_eq!(
        bytes(br#"["e","contact.offered","2026-06-15T12:00:00Z","s","c"]"#),
        Reason::WrongType
    );
    assert_eq!(bytes(&vec![b' '; (1 << 20) + 1]), Reason::TooLong);
    assert_eq!(reason("contact.offered", r#","contact":"c\u0000""#), Reason::Unreadable);
    assert_eq!(reason("contact.offered", r#","contact":7"#), Reason::WrongType);
    assert_eq!(reason("contact.offered", r#","id":"twice""#), Reason::WrongType);
    assert_eq!(reason("contact.ended", r#","contact":"c","talk_ms":"9""#), Reason::WrongType);
    assert_eq!(reason("contact.sung", CONTACT), Reason::UnknownType);
    assert_eq!(reason("contact.offered", ""), Reason::MissingContact);
    assert_eq!(reason("contact.offered", r#","contact":"""#), Reason::MissingContact);
    assert_eq!(decode(r#"{"type":"contact.offered"}"#), Err(Reason::MissingId));
    assert_eq!(
        decode(r#"{"id":"e","type":"contact.offered","contact":"c"}"#),
        Err(Reason::ImpossibleTime)
    );
    for more in [r#","reason":"tired""#, ""] {
        let more = format!(r#","contact":"c","queue":"q"{more}"#);
        assert_eq!(reason("queue.rejected", &more), Reason::UnknownValue);
        assert_eq!(reason("queue.left", &more), Reason::UnknownValue);
    }
    assert_eq!(reason("contact.passed", r#","contact":"c","by":"luck""#), Reason::UnknownValue);
    assert_eq!(
        reason("contact.escalated", r#","contact":"c","outcome":"x""#),
        Reason::UnknownValue
    );
    assert_eq!(
        reason("contact.offered", r#","contact":"c","channel":"fax""#),
        Reason::UnknownValue
    );
}

#[test]
fn fields_at_their_limit_and_over() {
    let sized = |field: &str, size: usize| {
        decode(&event("contact.resolved", &format!(r#","{field}":"{}""#, "x".repeat(size)))).err()
    };
    assert_eq!(sized("contact", 256), None);
    assert_eq!(sized("contact", 257), Some(Reason::TooLong));
    assert_eq!(sized("dialled", 257), Some(Reason::TooLong));
    let matter = |size: usize| {
        let more = format!(r#","contact":"c","matter":"{}""#, "x".repeat(size));
        decode(&event("contact.resolved", &more)).err()
    };
    assert_eq!(matter(4096), None);
    assert_eq!(matter(4097), Some(Reason::TooLong));
}

#[test]
fn times_at_their_limits() {
    let at = |time: &str, record: Option<&str>| {
        let json =
            format!(r#"{{"id":"e","type":"contact.offered","contact":"c","time":"{time}"}}"#);
        let record_time = record.map(|text| time::parse(text).unwrap());
        let context = Arrival { record_time, ..Arrival::default() };
        decoder_with(false).decode(json.as_bytes(), &context).err().map(|reject| reject.reason)
    };
    assert_eq!(at("2000-01-01T00:00:00.000Z", None), None);
    assert_eq!(at("1999-12-31T23:59:59.999Z", None), Some(Reason::ImpossibleTime));
    assert_eq!(at("2026-10-25T02:30:00", None), Some(Reason::ImpossibleTime));
    assert_eq!(at("2026-10-25T02:30:00+01:00", None), None);
    assert_eq!(at("2099-01-01T00:00:00Z", None), None);
    let record = Some("2026-06-15T12:00:00.000Z");
    assert_eq!(at("2026-06-15T12:05:00.000Z", record), None);
    assert_eq!(at("2026-06-15T12:05:00.001Z", record), Some(Reason::FutureTime));
    assert_eq!(at("2016-06-15T12:00:00.000Z", record), None);
}

#[test]
fn lengths_that_cannot_be_believed_are_dropped_and_noted() {
    let ended = |talk: i64| {
        let more = format!(r#","contact":"c","talk_ms":{talk}"#);
        let decoded = decode(&event("contact.ended", &more)).unwrap();
        let Message::Contact(_, Observation { what: What::Ended { talk, .. }, .. }) =
            decoded.message
        else {
            panic!()
        };
        (talk, decoded.notes.iter().collect::<Vec<_>>())
    };
    assert_eq!(ended(0), (Some(Millis(0)), vec![]));
    assert_eq!(ended(-1), (None, vec![Note::NegativeLength]));
    assert_eq!(ended(864_000_000), (Some(Millis(864_000_000)), vec![]));
    assert_eq!(ended(864_000_001), (None, vec![Note::AbsurdLength]));
}

#[test]
fn names_are_bounded() {
    let mut decoder = decoder_with(false);
    let mut enter = |queue: &str, source: &str| {
        let more = format!(r#","contact":"c","queue":"{queue}","source":"{source}""#);
        decoder
            .decode(event("queue.entered", &more).as_bytes(), &Arrival::default())
            .err()
            .map(|reject| (reject.reason, reject.source))
    };
    assert_eq!(enter("q1", "s1"), None);
    assert_eq!(enter("q2", "s2"), None);
    assert_eq!(enter("q3", "s2"), Some((Reason::TooManyNames, Some(Source(1)))));
    assert_eq!(enter("q1", "s3"), Some((Reason::TooManyNames, None)));
    assert_eq!(enter("q2", "s1"), None);
}

#[test]
fn unknown_departments_are_kept_apart_or_taken_up() {
    let department = |decoder: &mut Decoder, slug: &str| {
        let json = event("contact.offered", &format!(r#","contact":"c","department":"{slug}""#));
        let decoded = decoder.decode(json.as_bytes(), &Arrival::default()).unwrap();
        let Message::Contact(_, observation) = decoded.message else { panic!() };
        (observation.department.unwrap(), decoded.notes.has(Note::UnknownDepartment))
    };
    let mut closed = decoder_with(false);
    assert_eq!(department(&mut closed, "barn"), (Department(1), false));
    assert_eq!(department(&mut closed, "bygg"), (Department::UNKNOWN, true));
    let mut open = decoder_with(true);
    assert_eq!(department(&mut open, "bygg"), (Department(2), false));
    assert_eq!(department(&mut open, "fritid"), (Department::UNKNOWN, true));
}

#[test]
fn a_rejected_event_leaves_no_name() {
    let mut decoder = decoder_with(true);
    let json = event(
        "queue.left",
        r#","contact":"c","queue":"q9","source":"s9","department":"d9","disposition":"x""#,
    );
    let reject = decoder.decode(json.as_bytes(), &Arrival::default()).unwrap_err();
    assert_eq!(reject.to_string(), format!("rejected {} bytes: unknown_value", json.len()));
    assert!(decoder.names().queues.is_empty() && decoder.names().sources.is_empty());
    assert_eq!(decoder.names().departments.len(), 2);
}

#[test]
fn cloudevents_fill_the_gaps() {
    let context = Arrival { content_type_cloudevents: true, ..Arrival::default() };
    let both = |json: &str| decoder_with(false).decode(json.as_bytes(), &context);
    let outer = r#"{"specversion":"1.0","id":"e1","type":"contact.offered","source":"/pbx/1",
        "time":"2026-06-15T12:00:00Z","datacontenttype":"application/json",
        "data":{"contact":"c1"}}"#;
    let plain = r#"{"id":"e1","type":"contact.offered","time":"2026-06-15T12:00:00.000Z",
        "source":"/pbx/1","contact":"c1"}"#;
    assert_eq!(both(outer).unwrap(), decode(plain).unwrap());
    // The event's own word goes before the envelope's.
    let inner = r#"{"specversion":"1.0","id":"x","type":"x","source":"x","time":"x","data":
        {"id":"e1","type":"contact.offered","time":"2026-06-15T12:00:00.000Z","source":"/pbx/1",
        "contact":"c1"}}"#;
    assert_eq!(both(inner).unwrap(), decode(plain).unwrap());
    let old = outer.replace("1.0", "0.3");
    assert_eq!(both(&old).unwrap_err().reason, Reason::UnknownValue);
    assert_eq!(both(r#"{"specversion":"1.0"}"#).unwrap_err().reason, Reason::MissingId);
    assert_eq!(both("[]").unwrap_err().reason, Reason::WrongType);
}

#[test]
fn a_caller_becomes_a_pseudonym_or_nothing() {
    let caller = |number: &str| {
        let more = format!(r#","contact":"c","queue":"q","caller":"{number}""#);
        let What::QueueEntered { caller } = observation("queue.entered", &more).what else {
            panic!("not a queue entry");
        };
        caller
    };
    assert_eq!(caller("0920-45 30 00"), caller("0920453000"));
    assert!(caller("0920453000").is_some());
    assert_ne!(caller("0920453000"), caller("0920453001"));
    assert_eq!(caller("anonymous"), None);
    assert_eq!(caller(""), None);
}

#[test]
fn nothing_personal_is_printed() {
    let more = r#","contact":"c","queue":"q","caller":"0920453000","agent":"Anna Andersson""#;
    let json = event("queue.entered", more);
    let mut decoder = decoder_with(false);
    let decoded = decoder.decode(json.as_bytes(), &Arrival::default()).unwrap();
    let read: Event<'_> = serde_json::from_str(&json).unwrap();
    let broken = json.replace("2026", "1926");
    let reject = decoder.decode(broken.as_bytes(), &Arrival::default()).unwrap_err();
    let printed = format!("{decoded:?}{read:?}{reject:?}{reject}{decoder:?}");
    assert!(!printed.contains("0920453000") && !printed.contains("Anna"), "{printed}");
}

#[test]
fn reasons_and_notes_have_names_of_their_own() {
    let names = Reason::ALL.map(Reason::name).into_iter().chain(Note::ALL.map(Note::name));
    let unlike: std::collections::BTreeSet<_> = names.collect();
    assert_eq!(unlike.len(), Reason::ALL.len() + Note::ALL.len());
}

#[test]
fn record_keys() {
    let key = |json: &str| {
        let event: Event<'_> = serde_json::from_str(json).unwrap();
        event.record_key().map(str::to_owned)
    };
    assert_eq!(key(&event("contact.answered", r#","contact":"c","agent":"a""#)), Some("c".into()));
    assert_eq!(key(&event("agent.state", r#","agent":"a""#)), Some("a".into()));
    assert_eq!(key(&event("system.started", "")), None);
}

fn text() -> impl Strategy<Value = Option<Text<'static>>> {
    proptest::option::of("[a-zåäö0-9\"\\\\ \n.-]{1,12}".prop_map(Text::from))
}

prop_compose! {
    fn any_event()(
        texts in proptest::collection::vec(text(), 12),
        numbers in proptest::collection::vec("[a-z]{1,5}".prop_map(Text::from), 0..3),
        lengths in proptest::collection::vec(proptest::option::of(any::<i64>()), 4),
        direct: Option<bool>, ring: Option<u32>, ordinal: Option<u64>,
    ) -> Event<'static> {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        Event {
            id: next().unwrap_or_default(), kind: next().unwrap_or_default(),
            time: next().unwrap_or_default(), source: next(), contact: next(), queue: next(),
            caller: next(), agent: next(), reason: next(), matter: next(), to: next(),
            by_whom: next(), numbers, direct, ring, ordinal,
            wait_ms: lengths[0], ring_ms: lengths[1], talk_ms: lengths[2], wrap_up_ms: lengths[3],
            ..Event::default()
        }
    }
}

const VALID: &str = r#"{"id":"e1","type":"contact.answered","time":"2026-06-15T12:00:15.000Z","source":"pbx1","contact":"c1","department":"barn","queue":"q1","agent":"a\u00e5","wait_ms":15000,"caller":"0920","numbers":["barn"]}"#;

proptest! {
    #[test]
    fn what_is_encoded_is_read_back(event in any_event()) {
        let json = encode(&event);
        let back: Event<'_> = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(back, event);
        prop_assert!(!json.contains('\n'));
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for content_type_cloudevents in [false, true] {
            let context = Arrival { content_type_cloudevents, record_time: None };
            let result = decoder_with(true).decode(&bytes, &context);
            prop_assert!(result.is_err());
        }
    }

    #[test]
    fn mutations_do_no_harm(
        changes in proptest::collection::vec((0..VALID.len(), any::<u8>()), 0..4),
        cut in 0..=VALID.len(),
    ) {
        let mut bytes = VALID.as_bytes().to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let whole = decoder_with(true).decode(&bytes, &Arrival::default());
        if let Ok(Decoded { message: Message::Contact(contact, observation), .. }) = whole {
            prop_assert!(contact != ContactId(0) && observation.id != EventId(0));
        }
        bytes.truncate(cut);
        let cut_short = decoder_with(true).decode(&bytes, &Arrival::default());
        prop_assert!(cut == VALID.len() || cut_short.is_err());
    }
}

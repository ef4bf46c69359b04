//! The rows of `tests/data/queue_log` through `svarstid replay`, against the figures that its README
//! works out by hand.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// The document of one file, by the day.
#[track_caller]
fn replay(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/queue_log").join(file);
    let mut command = Command::new(env!("CARGO_BIN_EXE_svarstid"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SVARSTID_") {
            command.env_remove(name);
        }
    }
    let output = command
        .args(["replay", "--json", "--interval", "day"])
        .arg(path)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the document is JSON")
}

/// What a queue may count; what the hand does not name is 0.
const COUNTS: [&str; 17] = [
    "offered",
    "closed",
    "queued",
    "answered",
    "abandoned",
    "short_abandoned",
    "timed_out",
    "left_empty",
    "key_exit",
    "withdrawn",
    "callback",
    "overflowed",
    "lost_by_restart",
    "lost_track",
    "waiting",
    "transferred",
    "ring_no_answer",
];

/// A queue's figures by hand: counts as JSON (what is missing is 0), and the waits in seconds of
/// those who were answered, who hung up, and who left in another way.
struct ByHand {
    queue: &'static str,
    counts: Value,
    answered: &'static [u32],
    abandoned: &'static [u32],
    other: &'static [u32],
    talk: u32,
}

impl ByHand {
    fn new(queue: &'static str, counts: Value) -> ByHand {
        ByHand { queue, counts, answered: &[], abandoned: &[], other: &[], talk: 0 }
    }
}

/// Replays a file: nobody is left waiting, nothing is rejected, and the queues are exactly these.
#[track_caller]
fn check(file: &str, queues: &[ByHand]) -> Value {
    check_rejecting(file, &json!({}), queues)
}

#[track_caller]
fn check_rejecting(file: &str, rejects: &Value, queues: &[ByHand]) -> Value {
    let document = replay(file);
    let quality = &document["quality"];
    assert_eq!(quality["rejects"], *rejects, "{file}");
    for nothing in ["open_contacts", "late", "repeats"] {
        assert_eq!(quality[nothing], 0, "{file}: {nothing}");
    }
    // One file has a DID row, which says nothing of any figure.
    assert_eq!(quality["set_aside"], i32::from(file == "swapped_ids.log"), "{file}");
    // All rows of a file are of one day, so the day and the total are the same.
    for part in ["rows", "totals"] {
        let rows = document[part].as_array().expect("an array");
        let names: Vec<&str> = rows.iter().filter_map(|row| row["queue"].as_str()).collect();
        let expected: Vec<&str> = queues.iter().map(|queue| queue.queue).collect();
        assert_eq!(names, expected, "{file}: {part}");
        for (row, by_hand) in rows.iter().zip(queues) {
            check_queue(&format!("{file}: {part}: {}", by_hand.queue), row, by_hand);
        }
    }
    document
}

#[track_caller]
fn check_queue(what: &str, row: &Value, by_hand: &ByHand) {
    let expected = |name: &str| by_hand.counts.get(name).cloned().unwrap_or(json!(0));
    for name in COUNTS {
        assert_eq!(row[name], expected(name), "{what}: {name}");
    }
    for name in ["full", "no_agent", "diverted"] {
        assert_eq!(row["rejected"][name], expected(name), "{what}: rejected {name}");
    }
    let known = ["full", "no_agent", "diverted"].into_iter().chain(COUNTS);
    let known: Vec<&str> = known.collect();
    for name in by_hand.counts.as_object().expect("counts are an object").keys() {
        assert!(known.contains(&name.as_str()), "{what}: no count is called {name}");
    }
    let all = [by_hand.answered, by_hand.abandoned, by_hand.other].concat();
    for (name, waits) in [
        ("wait_seconds", all.as_slice()),
        ("answered_wait_seconds", by_hand.answered),
        ("abandoned_wait_seconds", by_hand.abandoned),
    ] {
        let found = &row[name];
        assert_eq!(found["count"], json!(waits.len()), "{what}: {name}");
        assert_eq!(found["sum"], json!(f64::from(waits.iter().sum::<u32>())), "{what}: {name}");
        let max = waits.iter().max().map(|max| f64::from(*max));
        assert_eq!(found["max"], json!(max), "{what}: {name}");
    }
    assert_eq!(row["talk_seconds_sum"], json!(f64::from(by_hand.talk)), "{what}: talk");
}

/// Met and all of a goal over the whole file.
#[track_caller]
fn goal(document: &Value, id: &str) -> (i64, i64) {
    let goals = document["goals"].as_array().expect("an array");
    let all = goals.iter().find(|goal| goal["id"] == id && goal["department"].is_null());
    let all = all.expect("the goal is there");
    let count = |name: &str| all[name].as_i64().expect("a count");
    (count("met"), count("of"))
}

#[test]
fn an_answered_call() {
    let counts = json!({ "offered": 1, "queued": 1, "answered": 1 });
    let by_hand = ByHand { answered: &[6], talk: 25, ..ByHand::new("8000", counts) };
    let document = check("docs_answered.log", &[by_hand]);
    assert_eq!(goal(&document, "SM2"), (1, 1));
}

#[test]
fn whoever_waits_at_a_restart_is_lost_and_not_abandoned() {
    let lost = json!({ "offered": 1, "queued": 1, "lost_by_restart": 1 });
    let abandoned = json!({ "offered": 1, "queued": 1, "abandoned": 1 });
    let document = check(
        "restart.log",
        &[
            ByHand::new("sales", lost),
            ByHand { abandoned: &[68], ..ByHand::new("support", abandoned) },
        ],
    );
    assert_eq!(goal(&document, "SM3"), (1, 2));
    assert_eq!(goal(&document, "SM2"), (0, 2));
}

#[test]
fn an_end_without_a_start_is_reconstructed() {
    let counts = json!({ "offered": 2, "queued": 2, "answered": 2, "ring_no_answer": 3 });
    let by_hand = ByHand { answered: &[2, 36], talk: 4, ..ByHand::new("9000", counts) };
    let document = check("no_start.log", &[by_hand]);
    // The last agent rang for a call of which nothing else is known.
    let anomalies = json!({ "reconstructed_start": 2, "without_stay": 1 });
    assert_eq!(document["quality"]["anomalies"], anomalies);
}

#[test]
fn agents_alone_are_no_calls() {
    let document =
        check("wazo_agents.log", &[ByHand::new("q1", json!({ "offered": 1, "no_agent": 1 }))]);
    assert_eq!(goal(&document, "SM2"), (0, 1));
    assert_eq!(goal(&document, "SM3"), (0, 0));
}

#[test]
fn ids_swapped_at_an_attended_transfer_are_one_caller() {
    let first = json!({ "offered": 1, "queued": 1, "answered": 1, "transferred": 1 });
    let second = json!({ "offered": 1, "queued": 1, "answered": 1 });
    let document = check(
        "swapped_ids.log",
        &[
            ByHand { answered: &[12], talk: 93, ..ByHand::new("1500", first) },
            ByHand { answered: &[7], talk: 53, ..ByHand::new("1509", second) },
        ],
    );
    assert_eq!(document["quality"]["anomalies"], json!({}));
    assert_eq!(goal(&document, "SM2"), (2, 2));
}

#[test]
fn every_disposition_once_and_two_rows_of_one_exit_once() {
    let counts = json!({
        "offered": 14, "queued": 8, "timed_out": 2, "key_exit": 1, "left_empty": 2,
        "withdrawn": 1, "abandoned": 2, "short_abandoned": 1, "full": 2, "no_agent": 1,
        "diverted": 2, "closed": 1,
    });
    let by_hand =
        ByHand { abandoned: &[5, 6], other: &[30, 30, 12, 9, 20, 15], ..ByHand::new("q", counts) };
    let document = check("dispositions.log", &[by_hand]);
    assert_eq!(document["quality"]["anomalies"], json!({}));
    // Of 14 visits one was turned away because closed and one is a short abandon.
    assert_eq!(goal(&document, "SM2"), (0, 12));
    assert_eq!(goal(&document, "SM3"), (1, 7));
}

#[test]
fn every_kind_of_transfer_ends_the_conversation() {
    let counts = json!({
        "offered": 4, "queued": 4, "answered": 4, "transferred": 4, "ring_no_answer": 1,
    });
    let by_hand = ByHand { answered: &[10, 4, 3, 2], talk: 170, ..ByHand::new("q", counts) };
    let document = check("transfers.log", &[by_hand]);
    assert_eq!(document["quality"]["anomalies"], json!({}));
}

#[test]
fn the_same_queue_again_in_the_same_second_is_two_stays_and_one_visit() {
    let first = json!({
        "offered": 3, "queued": 3, "timed_out": 1, "answered": 2, "transferred": 1,
    });
    let second = json!({ "offered": 1, "queued": 1, "answered": 1 });
    let document = check(
        "again.log",
        &[
            ByHand { answered: &[20, 10], other: &[60], talk: 60, ..ByHand::new("q1", first) },
            ByHand { answered: &[15], talk: 40, ..ByHand::new("q2", second) },
        ],
    );
    // The first call one visit, the second two: it was answered in between.
    assert_eq!(goal(&document, "SM2"), (3, 3));
    assert_eq!(goal(&document, "SM3"), (0, 4));
}

#[test]
fn faulty_rows_are_counted_and_the_others_give_their_figures() {
    let rejects = json!({
        "truncated_row": 2, "unknown_row": 1, "impossible_time": 1, "missing_queue": 1,
    });
    let counts = json!({
        "offered": 6, "queued": 6, "answered": 4, "abandoned": 2, "short_abandoned": 1,
    });
    let by_hand = ByHand {
        answered: &[0, 8, 7, 5],
        abandoned: &[18, 4],
        talk: 50 + 30 + 40 + 20,
        ..ByHand::new("q", counts)
    };
    let document = check_rejecting("faults.log", &rejects, &[by_hand]);
    assert_eq!(goal(&document, "SM2"), (4, 5));
    assert_eq!(goal(&document, "SM3"), (1, 5));
    // The call that was answered at once is not among those who waited.
    assert_eq!(goal(&document, "SM3w"), (1, 4));
}

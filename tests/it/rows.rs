//! Rows of `queue_log` that once gave a wrong figure, each with what is right.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::TempDir;

/// Replays rows as one file per text, by so long an interval.
fn replay(files: &[&str], interval: &str) -> Value {
    let folder = TempDir::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_svarstid"));
    command.args(["replay", "--json", "--format", "asterisk-queue-log", "--interval", interval]);
    for (at, text) in files.iter().enumerate() {
        let path = folder.path().join(format!("queue_log.{at}"));
        let mut file = std::fs::File::create(&path).expect("a file");
        file.write_all(text.as_bytes()).expect("the rows are written");
        command.arg(path);
    }
    let output = command.stderr(Stdio::inherit()).output().expect("replay runs");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("one document")
}

fn total(document: &Value, queue: &str, count: &str) -> i64 {
    let totals = document["totals"].as_array().expect("totals");
    let row = totals.iter().find(|row| row["queue"] == queue).expect("the queue has a total");
    row[count].as_i64().expect("a count")
}

/// met and of.
fn goal(document: &Value, id: &str) -> (i64, i64) {
    let goals = document["goals"].as_array().expect("goals");
    let all = |goal: &&Value| goal["id"] == id && goal["department"].is_null();
    let goal = goals.iter().find(all).expect("the goal of all");
    (goal["met"].as_i64().expect("met"), goal["of"].as_i64().expect("of"))
}

#[test]
fn hours_are_kept_however_long_the_log() {
    let call = |at: i64| {
        format!("{at}|c{at}|q1|NONE|ENTERQUEUE||1|1\n{}|c{at}|q1|NONE|ABANDON|1|1|10\n", at + 10)
    };
    let log = call(1_600_000_000) + &call(1_600_000_000 + 100 * 86_400);
    for interval in ["quarter", "hour", "day", "month"] {
        let document = replay(&[&log], interval);
        let rows = document["rows"].as_array().expect("rows");
        let offered: i64 = rows.iter().filter_map(|row| row["offered"].as_i64()).sum();
        assert_eq!(offered, 2, "{interval}");
    }
}

#[test]
fn rows_of_one_second_stay_in_order_across_a_rotation() {
    let first =
        "1600000000|A|q1|NONE|ENTERQUEUE||1|1\n1600000010|A|q1|NONE|EXITWITHTIMEOUT|1|1|10\n";
    let second = "1600000010|A|q1|NONE|ENTERQUEUE||1|1\n1600000010|A|q1|Ag|CONNECT|0|x|0\n\
                  1600000015|A|q1|Ag|COMPLETEAGENT|0|5|1\n";
    let document = replay(&[first, second], "day");
    assert_eq!(total(&document, "q1", "timed_out"), 1);
    assert_eq!(total(&document, "q1", "answered"), 1);
    assert_eq!(document["quality"]["open_contacts"], 0);
}

/// Lost track of six hours after it was last heard of, whatever comes later and whoever else calls.
#[test]
fn a_hang_up_after_seven_silent_hours_is_lost_track_of() {
    let alone = "1600000000|A|q1|NONE|ENTERQUEUE||1|1\n1600025200|A|q1|NONE|ABANDON|1|1|\n";
    let others =
        "1600025300|x|q2|NONE|FULL|\n1600025300|y|q2|NONE|FULL|\n1600025300|z|q2|NONE|FULL|\n";
    for log in [alone.to_owned(), alone.to_owned() + others] {
        let document = replay(&[&log], "day");
        assert_eq!(total(&document, "q1", "lost_track"), 1);
        assert_eq!(total(&document, "q1", "abandoned"), 0);
    }
}

/// The id is another caller's after the restart: the first visit is missed, the second answered.
#[test]
fn an_id_used_again_after_a_restart_is_another_visit() {
    let document = replay(
        &["1600000000|A|q1|NONE|ENTERQUEUE||100|1\n1600000400|NONE|NONE|NONE|QUEUESTART|\n\
           1600000500|A|q1|NONE|ENTERQUEUE||102|1\n1600000505|A|q1|Ag|CONNECT|5|x|2\n\
           1600000530|A|q1|Ag|COMPLETECALLER|5|25|1\n"],
        "day",
    );
    assert_eq!(goal(&document, "SM2"), (1, 2));
    assert_eq!(total(&document, "q1", "lost_by_restart"), 1);
}

#[test]
fn another_queue_entered_within_the_second_is_an_overflow() {
    let document = replay(
        &["1600000000|A|q1|NONE|ENTERQUEUE||100|1\n1600000000|A|q2|NONE|ENTERQUEUE||100|1\n\
           1600000010|A|q2|Ag|CONNECT|10|x|1\n1600000020|A|q2|Ag|COMPLETEAGENT|10|10|1\n"],
        "day",
    );
    assert_eq!(total(&document, "q1", "overflowed"), 1);
    assert_eq!(total(&document, "q2", "answered"), 1);
}

#[test]
fn harmless_rows_are_set_aside_and_counted() {
    let document = replay(&["1600000000|A|q1|NONE|DID|123\n1600000000|A|q1|NONE|INFO|x\n"], "day");
    assert_eq!(document["quality"]["set_aside"], 2);
}

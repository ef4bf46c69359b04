//! The daemon as a process: starts, becomes ready, survives a broker that goes away, stops.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rdkafka::mocking::MockCluster;

use crate::support::{Daemon, TempDir, produce, wait_until};

const LIMIT: Duration = Duration::from_secs(20);
const EVENT: &str =
    r#"{"id":"1","type":"system.heartbeat","time":"2026-10-05T08:00:00Z","source":"s"}"#;

fn config(folder: &TempDir, brokers: &str, topics: &str) -> String {
    let path = folder.path().join("config.toml");
    let text = format!(
        "[kafka]\nbrokers = [\"{brokers}\"]\n[ledger]\nstorage = \"memory\"\n[topics]\nevents = {topics}\n"
    );
    fs::write(&path, text).expect("a temporary file can be written");
    path.to_str().expect("temporary paths are text").to_owned()
}

#[test]
fn the_demo_is_ready_within_seconds_with_its_past_and_stops_at_once() {
    let begin = ["demo", "--listen", "127.0.0.1:0", "--date", "2026-10-05", "--history", "7"];
    let mut demo = Daemon::start(&begin);
    demo.wait_ready(Duration::from_secs(10));
    let periods = demo.get("/api/v1/reports");
    let periods: serde_json::Value = serde_json::from_str(periods.text()).expect("it is JSON");
    assert_eq!([&periods["first_day"], &periods["last_day"]], ["2026-09-28", "2026-10-05"]);
    assert!(demo.lines().iter().any(|line| line.starts_with("open http://127.0.0.1:")));
    assert_eq!(demo.terminate(Duration::from_secs(5)).code(), Some(0), "{:?}", demo.lines());
}

#[test]
fn the_demo_delivers_a_whole_day_and_its_truth() {
    let folder = TempDir::new();
    let truth = folder.path().join("truth.json");
    let mut demo = Daemon::start(&[
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--date",
        "2026-10-05",
        "--at",
        "16:00",
        "--until",
        "17:00",
        "--speed",
        "3600",
        "--truth",
        truth.to_str().unwrap(),
    ]);
    demo.wait_ready(Duration::from_secs(10));
    wait_until("the truth", LIMIT, || {
        fs::read(&truth)
            .is_ok_and(|text| serde_json::from_slice::<serde_json::Value>(&text).is_ok())
    });
    assert_eq!(demo.terminate(Duration::from_secs(5)).code(), Some(0));
}

#[test]
fn a_daemon_reads_from_the_beginning_and_says_when_its_broker_is_away() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("events", 2, 1).unwrap();
    let brokers = cluster.bootstrap_servers();
    produce(
        &brokers,
        "events",
        (0..100).map(|n| (None, format!("k{n}"), 1_790_000_000_000, EVENT)),
    );
    let folder = TempDir::new();
    let path = config(&folder, &brokers, "[\"events\"]");
    let mut daemon = Daemon::start(&["run", "--config", &path, "--listen", "127.0.0.1:0"]);
    daemon.wait_ready(LIMIT);
    let caught_up = |line: &String| line.contains("caught up records=100");
    assert!(daemon.lines().iter().any(caught_up), "{:?}", daemon.lines());

    cluster.broker_down(1).unwrap();
    wait_until("the daemon to miss its broker", LIMIT, || daemon.get("/-/ready").status == 503);
    let said = daemon.get("/-/ready").text().to_owned();
    assert!(said.contains(&format!("broker {brokers} unreachable since ")), "{said}");
    cluster.broker_up(1).unwrap();
    daemon.wait_ready(LIMIT);
    let warnings = daemon.lines().iter().filter(|line| line.contains(" WARN ")).count();
    assert_eq!(warnings, 1, "{:?}", daemon.lines());
    assert_eq!(daemon.terminate(Duration::from_secs(5)).code(), Some(0));
}

#[test]
fn a_daemon_waits_for_a_broker_that_is_not_there_yet() {
    let folder = TempDir::new();
    let path = config(&folder, "127.0.0.1:1", "[\"events\"]");
    let mut daemon = Daemon::start(&["run", "--config", &path, "--listen", "127.0.0.1:0"]);
    wait_until("a reason", LIMIT, || {
        daemon.get("/-/ready").text().contains("broker 127.0.0.1:1 unreachable since ")
    });
    assert_eq!(daemon.get("/-/ready").status, 503);
    assert_eq!(daemon.terminate(Duration::from_secs(5)).code(), Some(0));
}

#[test]
fn topics_that_cannot_be_read_together_end_the_daemon_with_two() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("two", 2, 1).unwrap();
    cluster.create_topic("three", 3, 1).unwrap();
    let folder = TempDir::new();
    let cases = [
        ("[\"missing\"]", "there is no topic \"missing\""),
        ("[\"two\", \"three\"]", "give them equally many"),
    ];
    for (topics, remedy) in cases {
        let path = config(&folder, &cluster.bootstrap_servers(), topics);
        let output = Command::new(env!("CARGO_BIN_EXE_svarstid"))
            .args(["run", "--config", &path, "--listen", "127.0.0.1:0"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(remedy), "{said}");
        let online = Command::new(env!("CARGO_BIN_EXE_svarstid"))
            .args(["check", "--online", "--config", &path])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&online.stderr);
        assert_eq!(online.status.code(), Some(2), "{said}");
        assert!(said.contains(remedy), "{said}");
    }
}

#[test]
fn two_topics_are_read_together() {
    let cluster = MockCluster::new(1).unwrap();
    let brokers = cluster.bootstrap_servers();
    for topic in ["calls", "agents"] {
        cluster.create_topic(topic, 3, 1).unwrap();
        let records = (0..50).map(|n| (None, format!("k{n}"), 1_790_000_000_000, EVENT));
        produce(&brokers, topic, records);
    }
    let folder = TempDir::new();
    let path = config(&folder, &brokers, "[\"calls\", \"agents\"]");
    let mut daemon = Daemon::start(&["run", "--config", &path, "--listen", "127.0.0.1:0"]);
    daemon.wait_ready(LIMIT);
    let caught_up = |line: &String| line.contains("caught up records=100");
    assert!(daemon.lines().iter().any(caught_up), "{:?}", daemon.lines());
    assert_eq!(daemon.terminate(Duration::from_secs(5)).code(), Some(0));
}

//! What `docker-compose.yml` runs, without the containers.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use svarstid::config::Config;

use crate::support::{
    Daemon, TempDir, create_topic, ends, kafka, metric_total, unique, wait_until,
};

const COMPOSE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/compose.toml");

#[test]
fn the_stack_is_configured_for_the_municipality_that_its_simulator_plays() {
    let demo = Path::new(COMPOSE).with_file_name("demo.toml");
    let read = |path: &Path| Config::parse(&fs::read_to_string(path).unwrap(), &[]).unwrap();
    let (stack, demo) = (read(Path::new(COMPOSE)), read(&demo));
    assert_eq!(stack.rules_text(), demo.rules_text());
    assert_eq!(stack.departments(), demo.departments());
}

#[test]
fn the_stack_becomes_ready_and_counts_what_the_simulator_delivers_as_time_passes() {
    let Some(brokers) = kafka() else { return };
    let folder = TempDir::new();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for key in ["id-key", "caller-key"] {
        fs::write(path(key), unique(key)).unwrap();
    }
    let topic = unique("stack-events");
    create_topic(&brokers, &topic, 3);
    let (ledger, group, rejects) = (unique("ledger"), unique("group"), unique("rejects"));
    let environment = [
        ("SVARSTID_KAFKA_BROKERS", brokers.as_str()),
        ("SVARSTID_KAFKA_GROUP", &group),
        ("SVARSTID_TOPICS_EVENTS", &topic),
        ("SVARSTID_TOPICS_LEDGER", &ledger),
        ("SVARSTID_TOPICS_REJECTS", &rejects),
        ("SVARSTID_LEDGER_SNAPSHOT_FILE", &path("snapshot")),
        ("SVARSTID_PRIVACY_ID_KEY_FILE", &path("id-key")),
        ("SVARSTID_PRIVACY_CALLER_KEY_FILE", &path("caller-key")),
        ("SVARSTID_HTTP_LISTEN", "127.0.0.1:0"),
    ];
    let mut daemon = Daemon::start_with(&["run", "--config", COMPOSE], &environment);
    daemon.wait_ready(Duration::from_secs(60));
    let address = daemon.address().to_string();
    let mut health = Command::new(env!("CARGO_BIN_EXE_svarstid"));
    health.args(["health", "--ready", "--config", COMPOSE]);
    let answer = health.env("SVARSTID_HTTP_LISTEN", address).output().unwrap();
    assert_eq!((answer.status.code(), answer.stdout.as_slice()), (Some(0), b"ready\n".as_slice()));

    // Days that are past whenever this runs, and some that are to come.
    let live = |from: &str| {
        Command::new(env!("CARGO_BIN_EXE_svarstid"))
            .args(["simulate", "--live", "--scale", "0.2", "--from", from, "--to", "2099-12-31"])
            .args(["--brokers", &brokers, "--topic", &topic, "--state", &path("simulator")])
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut simulator = live("2026-10-05");
    wait_until("calls to be counted", Duration::from_secs(60), || {
        metric_total(&daemon.metrics(), "svarstid_switchboard_calls_offered_total") > 500
    });
    assert!(simulator.try_wait().unwrap().is_none(), "there are days to come");
    let stop = |simulator: &mut std::process::Child| {
        let asked = Command::new("sh").args(["-c", &format!("kill {}", simulator.id())]).status();
        assert!(asked.unwrap().success());
        assert!(simulator.wait().unwrap().success(), "it stops in good order");
    };
    let kept = || fs::read_to_string(path("simulator")).unwrap_or_default();
    wait_until("the position to be kept", Duration::from_secs(30), || !kept().is_empty());
    stop(&mut simulator);
    // Started on another day, it is the same municipality, and says nothing twice.
    let written: i64 = ends(&brokers, &topic).iter().sum();
    fs::rename(path("simulator"), path("simulator.first")).unwrap();
    fs::copy(path("simulator.first"), path("simulator")).unwrap();
    let count = || kept().split_once(' ').unwrap().1.trim().parse::<u64>().unwrap();
    let first = count();
    let mut simulator = live("2026-10-12");
    let age = || fs::metadata(path("simulator")).unwrap().modified().unwrap();
    let copied = age();
    wait_until("it to go on", Duration::from_secs(30), || age() > copied);
    stop(&mut simulator);
    assert!(kept().starts_with("2026-10-05 ") && count() >= first, "{first} {}", kept());
    let again = ends(&brokers, &topic).iter().sum::<i64>() - written;
    assert!(again < written / 100, "{again} after {written}");
    assert!(daemon.terminate(Duration::from_secs(10)).success());
}

#[test]
fn health_fails_where_nobody_answers() {
    let output = Command::new(env!("CARGO_BIN_EXE_svarstid"))
        .args(["health", "--config", COMPOSE])
        .env("SVARSTID_HTTP_LISTEN", "127.0.0.1:1")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: nobody answers at 127.0.0.1:1"), "{said}");
}

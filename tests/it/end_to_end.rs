//! From records in a topic to what people read: the daemon as a process over a broker.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::{Value, json};
use svarstid::simulate::Parameters;

use crate::support::truth::{assert_equal, configuration_text};
use crate::support::{
    Broker, Daemon, Day, Prometheus, TempDir, assert_metrics_equal, create_topic, kafka,
    metric_total, metric_value, now, produce, unique, wait_until,
};

const LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(5);
const PARTITIONS: i32 = 3;

/// A configuration file of `run`; `rest` begins with further sections.
fn config(folder: &TempDir, brokers: &str, topic: &str, rest: &str) -> String {
    let path = folder.path().join("config.toml");
    let text = format!(
        "[kafka]\nbrokers = [\"{brokers}\"]\nproperties = {{ \"fetch.wait.max.ms\" = 10 }}\n\
         [ledger]\nstorage = \"memory\"\n[topics]\nevents = [\"{topic}\"]\n{rest}"
    );
    fs::write(&path, text).expect("a temporary file can be written");
    path.to_str().expect("temporary paths are text").to_owned()
}

fn run(config: &str, clock: &str) -> Daemon {
    Daemon::start(&["run", "--config", config, "--listen", "127.0.0.1:0", "--clock", clock])
}

#[track_caller]
fn wait_consumed(daemon: &Daemon, records: usize) {
    let what = format!("{records} records to be read");
    wait_until(&what, LIMIT, || {
        let consumed = metric_total(&daemon.metrics(), "svarstid_events_consumed_total");
        assert!(consumed <= records as i64, "{consumed} were read, {records} were written");
        consumed == records as i64
    });
}

#[track_caller]
fn figures(daemon: &Daemon) -> Value {
    let response = daemon.get("/api/v1/figures?interval=quarter");
    assert_eq!(response.status, 200, "{}", response.text());
    serde_json::from_slice(&response.body).expect("figures are JSON")
}

#[test]
fn a_day_with_every_fault_gives_the_truth_over_the_embedded_broker() {
    let day = Day::settled(1.0);
    assert!(day.sum("offered") > 500);
    let written = day.written(PARTITIONS);
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("events", PARTITIONS, 1).unwrap();
    let brokers = cluster.bootstrap_servers();
    let folder = TempDir::new();
    let path = config(&folder, &brokers, "events", &configuration_text(&day.parameters));

    // Half the day has been, the other half comes while the daemon serves. The clock is late
    // enough for everything to have happened, and stays within the day for minutes.
    let half = written.len() / 2;
    produce(&brokers, "events", written[..half].iter().cloned());
    let mut daemon = run(&path, "2026-10-05T19:00:00+02:00x60");
    daemon.wait_ready(LIMIT);
    produce(&brokers, "events", written[half..].iter().cloned());
    wait_consumed(&daemon, written.len());

    let document = figures(&daemon);
    assert_equal(&day.truth, &document);
    assert!(document["quality"]["repeats"].as_i64().unwrap() > 10, "{}", document["quality"]);
    assert_eq!(document["quality"]["open_contacts"], 0);
    let metrics = daemon.metrics();
    assert_metrics_equal(&day.truth, &metrics);
    assert_eq!(metric_total(&metrics, "svarstid_events_rejected_total"), 0);
    assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0));
}

#[test]
fn without_faults_of_the_data_every_counter_is_the_truth() {
    let parameters = Parameters { faults: false, restarts_per_week: 0, ..Day::monday(1) };
    let day = Day::of(parameters);
    let written = day.written(PARTITIONS);
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("events", PARTITIONS, 1).unwrap();
    let brokers = cluster.bootstrap_servers();
    let folder = TempDir::new();
    let path = config(&folder, &brokers, "events", &configuration_text(&day.parameters));
    let mut daemon = run(&path, "2026-10-05T19:00:00+02:00x60");
    daemon.wait_ready(LIMIT);
    // While it looks on: many small batches, none of which takes anything back.
    produce(&brokers, "events", written.iter().cloned());
    wait_consumed(&daemon, written.len());
    assert_equal(&day.truth, &figures(&daemon));
    let metrics = daemon.metrics();
    assert_eq!(metric_total(&metrics, "svarstid_corrections_total"), 0);
    assert_metrics_equal(&day.truth, &metrics);
    assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0));
}

#[test]
fn the_demo_shows_the_truth_of_its_own_day() {
    // The demo's own parameters; only the number of records is taken from here.
    let parameters = Parameters { every_agent_state: true, ..Day::monday(1) };
    let records = Day::of(parameters).written(6).len();
    let folder = TempDir::new();
    let file = folder.path().join("truth.json");
    let mut demo = Daemon::start(&[
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--date",
        "2026-10-05",
        "--at",
        "15:00",
        "--until",
        "17:00",
        "--speed",
        "600",
        "--truth",
        file.to_str().unwrap(),
    ]);
    demo.wait_ready(LIMIT);
    let mut truth = Value::Null;
    wait_until("the truth", LIMIT, || {
        truth = fs::read(&file)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        truth.is_object()
    });
    let settled = |row: &Value| row["waiting"] == 0 && row["lost_track"] == 0;
    assert!(truth["rows"].as_array().unwrap().iter().all(settled), "see Day::settled");
    wait_consumed(&demo, records);
    assert_equal(&truth, &figures(&demo));
    assert_eq!(demo.terminate(STOP_LIMIT).code(), Some(0));
}

#[test]
fn a_daemon_killed_midway_gives_the_truth_on_a_real_broker() {
    let Some(brokers) = kafka() else { return };
    let day = Day::settled(1.0);
    let mut written = day.written(PARTITIONS);
    // Repeats beyond the simulator's own: every seventh record once more, a while later.
    for at in (0..written.len().saturating_sub(400)).rev().step_by(7) {
        let again = written[at].clone();
        written.insert(at + 400, again);
    }
    let topic = unique("end-to-end");
    create_topic(&brokers, &topic, PARTITIONS);
    let folder = TempDir::new();
    let path = config(&folder, &brokers, &topic, &configuration_text(&day.parameters));
    let half = written.len() / 2;
    produce(&brokers, &topic, written[..half].iter().cloned());
    let mut daemon = run(&path, "2026-10-05T19:00:00+02:00x60");
    daemon.wait_ready(LIMIT);
    thread::scope(|scope| {
        let rest = &written[half..];
        let (brokers, topic) = (&brokers, &topic);
        let writer = scope.spawn(move || {
            // In pieces, so that the kill falls between some of them.
            rest.chunks(rest.len() / 10 + 1).for_each(|piece| {
                produce(brokers, topic, piece.iter().cloned());
            });
        });
        wait_until("some of the rest to be read", LIMIT, || {
            metric_total(&daemon.metrics(), "svarstid_events_consumed_total") > half as i64
        });
        assert_eq!(daemon.kill().code(), None);
        daemon = run(&path, "2026-10-05T19:00:00+02:00x60");
        writer.join().expect("the writer writes");
    });
    daemon.wait_ready(LIMIT);
    wait_consumed(&daemon, written.len());
    let document = figures(&daemon);
    assert_equal(&day.truth, &document);
    assert!(document["quality"]["repeats"].as_i64().unwrap() > written.len() as i64 / 20);
    assert_metrics_equal(&day.truth, &daemon.metrics());
    assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0));
}

#[test]
fn prometheus_reads_the_demo() {
    let mut demo = Daemon::start(&["demo", "--listen", "127.0.0.1:0", "--date", "2026-10-05"]);
    demo.wait_ready(LIMIT);
    let Some(prometheus) = Prometheus::start(demo.address()) else { return };
    wait_until("a scrape", LIMIT, || {
        prometheus.value("sum(svarstid_queue_calls_offered_total)").is_some_and(|sum| sum > 10.0)
    });
    assert_eq!(prometheus.value("up{job=\"svarstid\"}"), Some(1.0));
    let share = prometheus.value("svarstid_all_goal_window_ratio{goal=\"SM1\",window=\"today\"}");
    assert!(share.is_some_and(|share| share > 0.0 && share <= 1.0), "{share:?}");
    let quantile =
        "histogram_quantile(0.9, sum by (le) (svarstid_queue_answer_wait_seconds_bucket))";
    assert!(prometheus.value(quantile).is_some_and(|wait| wait > 0.0));
    assert_eq!(demo.terminate(STOP_LIMIT).code(), Some(0));
}

/// 08:00 in Sweden on a Monday.
const START_MS: i64 = 1_791_180_000_000;
const DEPARTMENTS: &str = "[switchboard]\ndepartment = \"vaxel\"\n\
    [[department]]\nslug = \"vaxel\"\nname = \"Växeln\"\n\
    [[department]]\nslug = \"bygg\"\nname = \"Bygg\"\nqueues = [\"bygg-ko\"]\n";

/// An event of the queue of `bygg` so many seconds after the start, with more fields or others.
fn event(kind: &str, contact: &str, second: i64, more: Value) -> String {
    let time = jiff::Timestamp::from_millisecond(START_MS + second * 1_000).unwrap().to_string();
    let mut event = json!({
        "id": format!("{contact}-{kind}-{second}"), "type": kind, "time": time, "source": "ko",
        "contact": contact, "segment": format!("{contact}.1"), "department": "bygg",
        "queue": "bygg-ko", "place": "queue",
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    event.to_string()
}

fn record(second: i64, payload: impl Into<Vec<u8>>) -> (Option<i32>, String, i64, Vec<u8>) {
    (Some(0), "k".to_owned(), START_MS + second * 1_000, payload.into())
}

#[test]
fn bad_input_between_good_events_is_counted_and_costs_nothing() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("events", 1, 1).unwrap();
    let brokers = cluster.bootstrap_servers();
    let folder = TempDir::new();
    let path = config(&folder, &brokers, "events", DEPARTMENTS);
    let good = event("queue.entered", "x", 1, Value::Null);
    let offered = |more| event("queue.entered", "bad", 1, more);
    let mut invalid = good.clone().into_bytes();
    let at = invalid.iter().position(|byte| *byte == b'x').unwrap();
    invalid[at] = 0xff;
    let mut nul = good.clone().into_bytes();
    nul[at] = 0;
    let bad: Vec<(&str, Vec<u8>)> = vec![
        ("unreadable", b"no JSON at all".to_vec()),
        ("unreadable", Vec::new()),
        ("unreadable", good.as_bytes()[..40].to_vec()),
        ("unreadable", b"\0\0\0\0".to_vec()),
        ("unreadable", nul),
        ("unreadable", invalid),
        ("unreadable", offered(json!({"contact": "nul\0inside"})).into()),
        ("wrong_type", b"[1, 2, 3]".to_vec()),
        ("wrong_type", b"17".to_vec()),
        ("wrong_type", offered(json!({"contact": {"a": 1}})).into()),
        ("wrong_type", offered(json!({"talk_ms": "long"})).into()),
        ("unknown_type", offered(json!({"type": "contact.teleported"})).into()),
        ("missing_id", offered(json!({"id": ""})).into()),
        ("missing_contact", offered(json!({"contact": null})).into()),
        ("missing_queue", offered(json!({"queue": null})).into()),
        ("impossible_time", offered(json!({"time": "1999-12-31T22:59:59Z"})).into()),
        ("impossible_time", offered(json!({"time": "yesterday"})).into()),
        // Record number n comes at n seconds; this is more than six minutes after any of them.
        ("future_time", event("queue.entered", "bad", 460, Value::Null).into()),
        ("too_long", offered(json!({"queue": "q".repeat(257)})).into()),
        ("too_long", offered(json!({"matter": "m".repeat(990_000)})).into()),
        ("unreadable", vec![b'x'; 990_000]),
    ];
    let mut expected: BTreeMap<&str, i64> = BTreeMap::new();
    let mut records = Vec::new();
    for (n, (reason, bytes)) in (0_i64..).zip(&bad) {
        let contact = format!("good{n}");
        records.push(record(n * 4, event("queue.entered", &contact, n * 4, Value::Null)));
        records.push(record(n * 4 + 1, bytes.clone()));
        let answered = event("contact.answered", &contact, n * 4 + 2, json!({"agent": "a"}));
        records.push(record(n * 4 + 2, answered));
        *expected.entry(reason).or_default() += 1;
    }
    let strange = json!({"department": "finns-inte"});
    records.push(record(100, event("queue.entered", "strange", 100, strange)));
    let count = records.len();
    produce(&brokers, "events", records);

    let mut daemon = run(&path, "2026-10-05T12:00:00+02:00x1");
    daemon.wait_ready(LIMIT);
    wait_consumed(&daemon, count);
    let metrics = daemon.metrics();
    for (reason, count) in &expected {
        let found = metric_value(&metrics, "svarstid_events_rejected_total", &[("reason", reason)]);
        assert_eq!(found, Some(*count as f64), "{reason}");
    }
    assert_eq!(metric_total(&metrics, "svarstid_events_rejected_total"), bad.len() as i64);
    let value = |family: &str, department: &str| {
        metric_value(&metrics, family, &[("department", department)])
    };
    let goods = Some(bad.len() as f64);
    assert_eq!(value("svarstid_queue_calls_offered_total", "bygg"), goods);
    assert_eq!(value("svarstid_queue_calls_answered_total", "bygg"), goods);
    assert_eq!(value("svarstid_queue_calls_offered_total", "okand"), Some(1.0));
    let unknown = &[("kind", "unknown_department")];
    assert_eq!(metric_value(&metrics, "svarstid_anomalies_total", unknown), Some(1.0));
    assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0));
}

/// What must never be told. Each stands in the input as it is, and the numbers with other spacing.
const SECRETS: [&str; 9] = [
    "701740605",
    "70-174 06 05",
    "701 74 06 05",
    "804650042",
    "Hemlund",
    "hemlund",
    "Agneta",
    "agneta",
    "198001019999",
];
const CALLER: &str = "+46701740605";

/// What a never-ending answer brings within a time.
fn stream(server: SocketAddr, path: &str, limit: Duration) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let since = now();
    let mut all = Vec::new();
    let mut piece = [0; 65_536];
    while since.elapsed() < limit {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => all.extend_from_slice(&piece[..length]),
            Err(error) => assert!(
                matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ),
                "{error}"
            ),
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

#[track_caller]
fn assert_silent(where_: &str, text: &str) {
    for secret in SECRETS {
        let told = text.lines().find(|line| line.contains(secret));
        assert_eq!(told, None, "{where_} tells \"{secret}\"");
    }
}

/// Events that hold what must not be told, in every field that may hold it.
fn personal_events() -> Vec<Vec<u8>> {
    let contact = "samtal-46701740605";
    let agent = "Agneta Hemlund";
    let mut all: Vec<Vec<u8>> = [
        event("queue.entered", contact, 1, json!({"caller": CALLER, "dialled": "0804650042"})),
        event("contact.ringing", contact, 2, json!({"agent": agent, "ring": 1})),
        event(
            "contact.answered",
            contact,
            3,
            json!({"agent": agent, "matter": "ring 070-174 06 05"}),
        ),
        event(
            "contact.passed",
            contact,
            4,
            json!({"to": "0804650042", "by": "name", "mode": "blind"}),
        ),
        event("contact.ended", contact, 5, json!({"cause": "Agneta Hemlund, 070-174 06 05"})),
        event("contact.ended", "c2", 6, json!({"outcome": agent, "reason": CALLER})),
        event("agent.state", contact, 7, json!({"agent": agent, "state": "ready"})),
        event("agent.state", contact, 8, json!({"agent": agent, "state": "agneta"})),
        event("note.entered", contact, 9, json!({"text": "198001019999 Agneta", "matter": CALLER})),
        event("callback.promised", contact, 10, json!({"caller": CALLER, "agent": agent})),
        event("question.replied", contact, 11, json!({"by_whom": "human", "question": CALLER})),
        event(
            "question.received",
            contact,
            22,
            json!({"question": CALLER, "channel": agent, "department": "agneta-hemlund"}),
        ),
        // Rejected, each for a reason of its own.
        event("question.replied", contact, 23, json!({"by_whom": agent, "question": CALLER})),
        event(
            "survey.result",
            contact,
            24,
            json!({"measure": agent, "value": 70, "n": 5, "period": "2026"}),
        ),
        event(CALLER, contact, 12, Value::Null),
        event("queue.entered", contact, 13, json!({"time": CALLER})),
        event("queue.entered", contact, 14, json!({"channel": CALLER})),
        event("queue.entered", contact, 15, json!({"talk_ms": CALLER})),
        event("queue.rejected", contact, 16, json!({"reason": agent})),
        event("queue.entered", contact, 17, json!({"contact": "", "caller": CALLER})),
        event("queue.entered", contact, 18, json!({"caller": CALLER.repeat(40)})),
        // Taken, and counted as unknown or with nothing to show.
        event("queue.entered", "c3", 19, json!({"department": "agneta-hemlund"})),
        event("queue.entered", "c4", 20, json!({"source": "agneta-46701740605"})),
        event("queue.entered", "c5", 21, json!({"segment": CALLER, "id": CALLER})),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    all.push(format!("{{\"caller\":\"{CALLER}\",\"agent\":\"Agneta").into_bytes());
    all.push(format!("{CALLER} Agneta Hemlund").into_bytes());
    all.push([b"\xff\xfe\0", CALLER.as_bytes(), b" Agneta\0"].concat());
    all
}

#[test]
fn nobody_is_named_anywhere_even_when_everything_is_told() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("events", 1, 1).unwrap();
    let brokers = cluster.bootstrap_servers();
    let folder = TempDir::new();
    // The client library's own log too.
    let path = folder.path().join("config.toml");
    let text = format!(
        "[kafka]\nbrokers = [\"{brokers}\"]\nproperties = {{ debug = \"all\" }}\n\
         [ledger]\nstorage = \"memory\"\n[topics]\nevents = [\"events\"]\n[log]\nlevel = \"trace\"\n{DEPARTMENTS}"
    );
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let events = personal_events();
    let plain = events.iter().zip(0..).map(|(event, n)| record(n, event.clone()));
    let mut count = produce(&brokers, "events", plain);
    count += produce_cloudevents(&brokers, &events);

    let mut daemon = Daemon::start_with(
        &[
            "run",
            "--config",
            path,
            "--listen",
            "127.0.0.1:0",
            "--clock",
            "2026-10-05T08:05:00+02:00x1",
        ],
        &[("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full")],
    );
    daemon.wait_ready(LIMIT);
    let live = stream(daemon.address(), "/events", Duration::from_secs(2));
    assert!(live.contains("text/event-stream"), "{live}");
    wait_consumed(&daemon, count);
    assert_silent("/events", &live);
    let rejected = metric_total(&daemon.metrics(), "svarstid_events_rejected_total");
    assert!(rejected >= 19, "{rejected}");
    for page in [
        "/",
        "/metrics",
        "/-/ready",
        "/api/v1/figures",
        "/api/v1/figures?interval=quarter",
        "/api/v1/figures?interval=month",
    ] {
        let response = daemon.get(page);
        assert_eq!(response.status, 200, "{page}");
        assert_silent(page, response.text());
    }
    assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0));
    let lines = daemon.lines();
    assert!(lines.iter().any(|line| line.contains("TRACE") || line.contains("DEBUG")));
    assert_silent("the log", &lines.join("\n"));
}

/// The same events in envelopes that repeat what they hold.
fn produce_cloudevents(brokers: &str, events: &[Vec<u8>]) -> usize {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
    for event in events {
        let data: Value = serde_json::from_slice(event).unwrap_or_else(|_| json!(CALLER));
        let outer = json!({
            "specversion": "1.0", "id": CALLER, "type": "Agneta", "source": "/agneta/hemlund",
            "subject": CALLER, "time": "2026-10-05T06:00:00Z", "data": data,
        });
        let payload = outer.to_string();
        let header = Header {
            key: "content-type",
            value: Some("application/cloudevents+json; charset=utf-8"),
        };
        let headers = OwnedHeaders::new()
            .insert(header)
            .insert(Header { key: "agent", value: Some("Agneta") });
        let record = BaseRecord::to("events")
            .key(CALLER)
            .payload(&payload)
            .partition(0)
            .timestamp(START_MS + 60_000)
            .headers(headers);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(LIMIT).unwrap();
    events.len()
}

#[test]
fn a_replayed_queue_log_names_nobody() {
    let folder = TempDir::new();
    let log = folder.path().join("queue_log");
    let rows = "\
1791180000|1791180000.1|bygg-ko|NONE|ENTERQUEUE||+46701740605|1
1791180003|1791180000.1|bygg-ko|Agneta Hemlund|RINGNOANSWER|3000
1791180005|1791180000.1|bygg-ko|Agneta Hemlund|CONNECT|5|1791180004.2|3
1791180050|1791180000.1|bygg-ko|Agneta Hemlund|BLINDTRANSFER|0804650042|default|5|45|1
1791180060|1791180000.1|bygg-ko|SIP/agneta-hemlund|PAUSE|Agneta ringer 070-174 06 05
1791180061|NONE|bygg-ko|SIP/agneta-hemlund|ADDMEMBER|
1791180070|1791180070.1|bygg-ko|NONE|ENTERQUEUE||0701740605|1
1791180075|1791180070.1|bygg-ko|NONE|ABANDON|1|1|5
1791180080|1791180080.1|bygg-ko|Agneta Hemlund|UNHEARDOF|+46701740605
Agneta Hemlund +46701740605
1791180090|+46701740605
x|y|z|Agneta|CONNECT|+46701740605|||
";
    fs::write(&log, rows).unwrap();
    let config = folder.path().join("config.toml");
    fs::write(&config, format!("[log]\nlevel = \"trace\"\n{DEPARTMENTS}")).unwrap();
    for form in [&["--json"][..], &["--csv"], &[]] {
        for with_config in [true, false] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_svarstid"));
            command.env("RUST_LOG", "trace").args(["replay", "--format", "asterisk-queue-log"]);
            if with_config {
                command.arg("--config").arg(&config);
            }
            let output = command.args(form).arg(&log).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{said}");
            assert!(said.contains("bygg-ko"), "{said}");
            assert_silent("replay", &said);
        }
    }
}

#[test]
fn a_real_broker_that_goes_away_is_told_and_waited_for() {
    let Some(broker) = Broker::start() else { return };
    create_topic(broker.address(), "events", PARTITIONS);
    let entered = event("queue.entered", "one", 1, Value::Null);
    produce(broker.address(), "events", [record(1, entered)]);
    let folder = TempDir::new();
    let path = config(&folder, broker.address(), "events", DEPARTMENTS);
    let mut daemon = run(&path, "2026-10-05T08:05:00+02:00x1");
    daemon.wait_ready(LIMIT);
    wait_consumed(&daemon, 1);
    broker.stop();
    wait_until("the daemon to miss its broker", LIMIT, || daemon.get("/-/ready").status == 503);
    let said = daemon.get("/-/ready").text().to_owned();
    let reason = format!("broker {} unreachable since ", broker.address());
    assert!(said.contains(&reason), "{said}");
    // What is known is still shown.
    assert_eq!(metric_total(&daemon.metrics(), "svarstid_queue_calls_offered_total"), 1);
    broker.start_again();
    daemon.wait_ready(LIMIT);
    let entered = event("queue.entered", "two", 2, Value::Null);
    produce(broker.address(), "events", [record(2, entered)]);
    wait_consumed(&daemon, 2);
    assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0));

    // A topic that is not there ends the program with a remedy; and is not made by asking.
    for _ in 0..2 {
        let path = config(&folder, broker.address(), "missing", DEPARTMENTS);
        let output = Command::new(env!("CARGO_BIN_EXE_svarstid"))
            .args(["run", "--config", &path, "--listen", "127.0.0.1:0"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        let about: Vec<&str> = said.lines().filter(|line| line.contains("missing")).collect();
        assert_eq!(about.len(), 1, "{said}");
        assert!(about[0].contains("there is no topic \"missing\""), "{said}");
        assert!(about[0].contains("kafka-topics.sh --create --topic missing"), "{said}");
    }
}

//! From a telephone system's events to a message in someone's hand: a broker, the daemon, Prometheus
//! and Alertmanager as they are shipped, with the shipped rules.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Alertmanager, Daemon, Prometheus, TempDir, create_topic, kafka, metric_value, now, produce,
    unique, wait_until,
};

/// `for: 1m`, the group's wait, and what scraping, judging and sending take.
const ALERT_LIMIT: Duration = Duration::from_secs(180);
const LIMIT: Duration = Duration::from_secs(30);
const AGENTS: [&str; 2] = ["Agneta Hemlund", "Bo Öst"];
const CALLER: &str = "+46701740605";

/// Two departments with a queue each: one that is always open, and one that never opens.
const DEPARTMENTS: &str = "[switchboard]\ndepartment = \"oppet\"\n\
    [opening.alltid]\nmonday = [\"00:00-24:00\"]\ntuesday = [\"00:00-24:00\"]\n\
    wednesday = [\"00:00-24:00\"]\nthursday = [\"00:00-24:00\"]\nfriday = [\"00:00-24:00\"]\n\
    saturday = [\"00:00-24:00\"]\nsunday = [\"00:00-24:00\"]\npublic_holidays = \"open\"\n\
    [opening.aldrig]\nmonday = []\n\
    [[department]]\nslug = \"oppet\"\nname = \"Öppet\"\nqueues = [\"oppet-ko\"]\n\
    opening = \"alltid\"\n\
    [[department]]\nslug = \"stangt\"\nname = \"Stängt\"\nqueues = [\"stangt-ko\"]\n\
    opening = \"aldrig\"\n";

/// Keeps the body of everything that is posted to it.
struct Webhook {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl Webhook {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bodies: Arc<Mutex<Vec<Value>>> = Arc::default();
        let into = Arc::clone(&bodies);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if let Some(body) = receive(stream.unwrap()) {
                    into.lock().unwrap().push(body);
                }
            }
        });
        Webhook { address, bodies }
    }

    /// Every alert that was told, whatever the message.
    fn alerts(&self) -> Vec<Value> {
        let bodies = self.bodies.lock().unwrap();
        bodies.iter().flat_map(|body| body["alerts"].as_array().cloned().unwrap()).collect()
    }
}

/// Reads one request with a JSON body and answers 200.
fn receive(mut stream: TcpStream) -> Option<Value> {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part).unwrap();
        request.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&request);
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let head = head.to_ascii_lowercase();
            let length = head.split_once("content-length: ").unwrap().1;
            let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
            body.len() >= length
        });
        if whole || read == 0 {
            break;
        }
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    let text = String::from_utf8(request).unwrap();
    serde_json::from_str(text.split_once("\r\n\r\n")?.1).ok()
}

/// An event of a department at the present moment.
fn event(department: &str, kind: &str, more: Value) -> (Option<i32>, String, i64, Vec<u8>) {
    #[expect(clippy::disallowed_methods, reason = "Prometheus lives in real time")]
    let time = jiff::Timestamp::now();
    let mut event = json!({
        "id": unique("e"), "type": kind, "time": time.to_string(), "source": "ko",
        "department": department,
    });
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    let key = event["contact"].as_str().or(event["agent"].as_str()).unwrap().to_owned();
    (Some(0), key, time.as_millisecond(), event.to_string().into_bytes())
}

/// Copies the shipped rules to where Prometheus will look for them.
fn copy_rules(to: &Path) {
    fs::create_dir_all(to.join("rules")).unwrap();
    for file in fs::read_dir("config/prometheus/rules").unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join("rules").join(file.file_name())).unwrap();
    }
}

/// The shipped configuration with other addresses: each must occur.
fn readdressed(file: &str, addresses: &[(&str, String)]) -> String {
    let mut text = fs::read_to_string(file).unwrap();
    for (shipped, here) in addresses {
        assert!(text.contains(shipped), "{file} does not name {shipped}");
        text = text.replace(shipped, here);
    }
    text
}

#[test]
fn callers_without_anyone_to_answer_are_told_of_where_it_is_open() {
    let Some(brokers) = kafka() else { return };
    let webhook = Webhook::start();
    let state = TempDir::new();
    let alertmanager = readdressed(
        "config/alertmanager/alertmanager.yml",
        &[("WEBHOOK", webhook.address.to_string())],
    );
    let Some(alertmanager) = Alertmanager::start_on(state, &alertmanager) else { return };

    let topic = unique("alerts");
    create_topic(&brokers, &topic, 1);
    let folder = TempDir::new();
    let key = folder.path().join("key");
    fs::write(&key, [7; 32]).unwrap();
    let config = folder.path().join("config.toml");
    let text = format!(
        "[kafka]\nbrokers = [\"{brokers}\"]\ngroup = \"{topic}\"\n[topics]\nevents = [\"{topic}\"]\n\
         ledger = \"{topic}.ledger\"\nrejects = \"{topic}.rejects\"\n[privacy]\nid_key_file = {key:?}\n\
         {DEPARTMENTS}"
    );
    fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let mut daemon = Daemon::start(&["run", "--config", config, "--listen", "127.0.0.1:0"]);
    daemon.wait_ready(LIMIT);

    let data = TempDir::new();
    copy_rules(data.path());
    let prometheus = readdressed(
        "config/prometheus/prometheus.yml",
        &[
            ("svarstid:9464", daemon.address().to_string()),
            ("alertmanager:9093", alertmanager.address().to_string()),
        ],
    );
    let Some(prometheus) = Prometheus::start_on(data, &prometheus) else { return };

    let departments = ["oppet", "stangt"];
    let agent_state = |state: &str| {
        let each = departments.iter().zip(AGENTS);
        each.map(|(department, agent)| {
            let more = json!({"agent": agent, "state": state, "numbers": [department]});
            event(department, "agent.state", more)
        })
        .collect::<Vec<_>>()
    };
    let mut events = agent_state("ready");
    for department in departments {
        for caller in 0..3 {
            let more = json!({
                "contact": format!("{department}-{caller}"), "segment": "1", "caller": CALLER,
                "queue": format!("{department}-ko"), "place": "queue",
            });
            events.push(event(department, "queue.entered", more));
        }
    }
    produce(&brokers, &topic, events);
    let staffed = |value: f64| {
        wait_until("the staffing to be told", LIMIT, || {
            departments.iter().all(|department| {
                let labels = [("department", *department)];
                let metrics = daemon.metrics();
                metric_value(&metrics, "svarstid_queue_calls_waiting", &labels) == Some(3.0)
                    && metric_value(&metrics, "svarstid_department_staffed", &labels) == Some(value)
            })
        });
    };
    staffed(1.0);
    // Callers wait, but somebody is there.
    wait_until("a scrape", LIMIT, || {
        prometheus.value("sum(svarstid_queue_calls_waiting)") == Some(6.0)
    });
    assert!(prometheus.query("ALERTS{alertname=\"SvarstidQueueNoAgents\"}").is_empty());
    produce(&brokers, &topic, agent_state("logged_out"));
    staffed(0.0);
    let since = now();
    let named = |alert: &&Value| alert["labels"]["alertname"] == "SvarstidQueueNoAgents";
    wait_until("the alert to reach the webhook", ALERT_LIMIT, || {
        webhook.alerts().iter().any(|alert| named(&alert))
    });
    println!("alerts: the webhook heard of it after {:.0?}", since.elapsed());

    let alerts = webhook.alerts();
    for alert in alerts.iter().filter(named) {
        assert_eq!(alert["labels"]["department"], "oppet", "{alert}");
        assert_eq!(alert["status"], "firing", "{alert}");
        assert!(alert["annotations"]["summary"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(alert["annotations"]["runbook_url"].is_string(), "{alert}");
    }
    // Where it is closed nothing was even pending.
    let closed = "ALERTS{department=\"stangt\"}";
    assert!(prometheus.query(closed).is_empty(), "{:?}", prometheus.query(closed));
    let told = serde_json::to_string(&alerts).unwrap();
    for secret in AGENTS.into_iter().chain([CALLER, "oppet-0"]) {
        assert!(!told.contains(secret), "an alert tells {secret}");
    }
}

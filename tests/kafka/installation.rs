//! Topics, a key and a group, and the instances of the daemon that share them.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::proxy::Proxy;
use crate::support::truth::{assert_equal, configuration_text};
use crate::support::{
    Daemon, Day, TempDir, create_topic, ends, metric_total, metric_value, now, unique, wait_until,
};

pub(crate) const PARTITIONS: i32 = 3;
/// The shortest session that the configuration allows.
pub(crate) const SESSION: Duration = Duration::from_secs(6);
pub(crate) const READY_LIMIT: Duration = Duration::from_secs(60);
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(5);
/// Until all is read, with a session to wait for and a broker to come back.
const READ_LIMIT: Duration = Duration::from_secs(90);
/// Before any event, so that no window ends within the day and nobody is given up by the clock.
const CLOCK: &str = "2026-10-05T00:00:01+02:00x1";

/// What the instances have in common.
pub(crate) struct Installation {
    /// Where the tests write and look.
    pub(crate) brokers: String,
    pub(crate) topic: String,
    folder: TempDir,
    departments: String,
}

impl Installation {
    /// Makes the input topic.
    pub(crate) fn new(brokers: &str, day: &Day) -> Self {
        let topic = unique("kills");
        create_topic(brokers, &topic, PARTITIONS);
        let folder = TempDir::new();
        fs::write(folder.path().join("key"), [7; 32]).unwrap();
        fs::write(folder.path().join("callers"), [8; 32]).unwrap();
        let departments = configuration_text(&day.parameters);
        Installation { brokers: brokers.to_owned(), topic, folder, departments }
    }

    /// An instance that has not been started.
    pub(crate) fn node(&self, name: &str) -> Node {
        self.node_with(name, &self.brokers, SESSION, "", "")
    }

    /// The same with a way of its own to the broker, and a session of its own.
    pub(crate) fn node_behind(&self, proxy: &Proxy, name: &str, session: Duration) -> Node {
        self.node_with(name, proxy.address(), session, "", "")
    }

    /// An instance that the group knows again when it comes back, without waiting for the end of
    /// its session.
    pub(crate) fn known_node(&self, name: &str) -> Node {
        self.node_with(
            name,
            &self.brokers,
            SESSION,
            &format!(", \"group.instance.id\" = \"{name}\""),
            "",
        )
    }

    /// An instance that publishes into a folder.
    pub(crate) fn publishing_node(&self, name: &str, reports: &Path) -> Node {
        let publish = format!("[publish]\ndirectory = {reports:?}\ntopic = true\n");
        self.node_with(name, &self.brokers, SESSION, "", &publish)
    }

    fn node_with(
        &self,
        name: &str,
        brokers: &str,
        session: Duration,
        properties: &str,
        sections: &str,
    ) -> Node {
        let Installation { topic, departments, .. } = self;
        let path = |what: &str| self.folder.path().join(format!("{name}.{what}"));
        let snapshot = path("snapshot");
        let [key, callers] = ["key", "callers"].map(|name| self.folder.path().join(name));
        let config = path("toml");
        let text = format!(
            "[kafka]\nbrokers = [\"{brokers}\"]\ngroup = \"{topic}\"\n\
             session_timeout_seconds = {}\n\
             properties = {{ \"fetch.wait.max.ms\" = 10{properties} }}\n\
             [topics]\nevents = [\"{topic}\"]\nledger = \"{topic}.ledger\"\n\
             rejects = \"{topic}.rejects\"\nreports = \"{topic}.reports\"\n\
             [privacy]\nid_key_file = {key:?}\ncaller_key_file = {callers:?}\n\
             [ledger]\nsnapshot_file = {snapshot:?}\nsnapshot_interval_seconds = 1\n\
             {sections}{departments}",
            session.as_secs()
        );
        fs::write(&config, text).unwrap();
        let config = config.to_str().unwrap().to_owned();
        let clock = CLOCK.to_owned();
        Node {
            name: name.to_owned(),
            config,
            snapshot,
            listen: free_address(),
            clock,
            daemon: None,
        }
    }

    /// Lets the program check every record of the ledger.
    #[track_caller]
    pub(crate) fn assert_sound(&self, node: &Node) {
        let output = Command::new(env!("CARGO_BIN_EXE_svarstid"))
            .args(["ledger", "verify", "--config", &node.config])
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        println!("{}", said.trim_end());
    }

    /// Waits until these instances have folded every record of the input, and compares what each
    /// serves with the truth and with the others.
    #[track_caller]
    pub(crate) fn assert_truth(&self, day: &Day, nodes: &[&Node]) {
        let written: i64 = ends(&self.brokers, &self.topic).iter().sum();
        for node in nodes {
            let name = &node.name;
            wait_until(&format!("{name} to fold {written} records"), READ_LIMIT, || {
                let consumed = node.consumed();
                assert!(consumed <= written, "{name}: {consumed} of {written} records were read");
                consumed == written
            });
        }
        let documents: Vec<Value> = nodes.iter().map(|node| node.figures()).collect();
        for (document, node) in documents.iter().zip(nodes) {
            assert_equal(&day.truth, document);
            assert_eq!(document["quality"]["events"], written, "{}", node.name);
            assert_eq!(document["quality"]["late"], 0, "{}", document["quality"]);
            assert_eq!(document, &documents[0], "{} and {} differ", node.name, nodes[0].name);
        }
        let metrics: Vec<String> = nodes.iter().map(|node| node.daemon().metrics()).collect();
        for metrics in &metrics {
            assert_eq!(metric_total(metrics, "svarstid_caught_up"), 1);
            for family in [
                "svarstid_events_rejected_total",
                "svarstid_incidents_total",
                "svarstid_input_gaps_total",
                "svarstid_ledger_stale",
            ] {
                assert_eq!(metric_total(metrics, family), 0, "{family}");
            }
            let broken = [("verdict", "broken")];
            assert_eq!(metric_value(metrics, "svarstid_ledger_read_total", &broken), Some(0.0));
            assert_eq!(counters(metrics), counters(&nodes[0].daemon().metrics()));
        }
    }
}

/// What this process has done to keep the chains, for people.
pub(crate) fn protocol(metrics: &str) -> String {
    let told = metrics.lines().filter_map(|line| {
        let line = line.strip_prefix("svarstid_ledger_")?;
        let is_told = ["protocol_total", "read_total", "append_failures_total"]
            .iter()
            .any(|family| line.starts_with(family));
        (is_told && !line.ends_with(" 0")).then_some(line)
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The municipality's counters, each series with its value.
pub(crate) fn counters(metrics: &str) -> Vec<&str> {
    metrics
        .lines()
        .filter(|line| {
            let name = &line[..line.find(['{', ' ']).unwrap_or(0)];
            let is_municipal =
                name.starts_with("svarstid_queue_") || name.starts_with("svarstid_switchboard_");
            let is_counter =
                ["_total", "_count", "_bucket", "_sum"].iter().any(|end| name.ends_with(end));
            is_municipal && is_counter
        })
        .collect()
}

/// Nobody listens there now, and the kernel gives it to no outgoing connection.
fn free_address() -> SocketAddr {
    let mut port = 14_999 - (std::process::id() % 2_000) as u16;
    loop {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        // A listener that has had no connection leaves nothing behind.
        if !taken(port) && TcpListener::bind(address).is_ok() {
            return address;
        }
        port -= 1;
    }
}

/// Whether another instance of these tests has been given the port already.
fn taken(port: u16) -> bool {
    static GIVEN: std::sync::Mutex<Vec<u16>> = std::sync::Mutex::new(Vec::new());
    let mut given = GIVEN.lock().unwrap();
    let is_taken = given.contains(&port);
    given.push(port);
    is_taken
}

/// One instance: it may be started again and again, at the same address and with the same
/// snapshot file.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) config: String,
    pub(crate) snapshot: PathBuf,
    pub(crate) listen: SocketAddr,
    /// The clock that it starts with.
    pub(crate) clock: String,
    daemon: Option<Daemon>,
}

impl Node {
    pub(crate) fn start(&mut self) {
        self.start_with(&[]);
    }

    /// Starts it so that it dies when a place is passed for the n-th time.
    pub(crate) fn start_to_die(&mut self, place: &str, passes: u64) {
        self.start_with(&[("SVARSTID_CRASH", &format!("{place}:{passes}"))]);
    }

    fn start_with(&mut self, environment: &[(&str, &str)]) {
        let listen = self.listen.to_string();
        let args = ["run", "--config", &self.config, "--listen", &listen, "--clock", &self.clock];
        self.daemon = Some(Daemon::start_with(&args, environment));
    }

    /// Starts it where no file may grow beyond so many blocks of 512 bytes, as on a disk that is
    /// full.
    pub(crate) fn start_on_full_disk(&mut self, blocks: u32) {
        let listen = self.listen.to_string();
        let args = ["run", "--config", &self.config, "--listen", &listen, "--clock", &self.clock];
        // The signal of the limit is ignored, and that is passed on: writing fails instead.
        let before = format!("trap '' XFSZ; ulimit -f {blocks};");
        self.daemon = Some(Daemon::start_after(&before, &args));
    }

    pub(crate) fn is_running(&self) -> bool {
        self.daemon.is_some()
    }

    #[track_caller]
    pub(crate) fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("it is running")
    }

    #[track_caller]
    pub(crate) fn wait_ready(&mut self) {
        self.daemon.as_mut().expect("it is running").wait_ready(READY_LIMIT);
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            assert_eq!(daemon.kill().code(), None);
        }
    }

    /// Whether it has died by itself within a while; if not it is killed.
    pub(crate) fn dies_within(&mut self, limit: Duration) -> bool {
        let mut daemon = self.daemon.take().expect("it is running");
        let since = now();
        while since.elapsed() < limit {
            if let Some(status) = daemon.exited() {
                assert_eq!(status.code(), None, "it ended by itself");
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        daemon.kill();
        false
    }

    /// Stops it as an operator would; gives what it printed.
    #[track_caller]
    pub(crate) fn stop(&mut self) -> Vec<String> {
        let mut daemon = self.daemon.take().expect("it is running");
        assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0), "{}", self.name);
        daemon.lines()
    }

    /// Records of the input that the ledger counts.
    #[track_caller]
    pub(crate) fn consumed(&self) -> i64 {
        metric_total(&self.daemon().metrics(), "svarstid_events_consumed_total")
    }

    /// The partitions that it reads.
    #[track_caller]
    pub(crate) fn assigned(&self) -> i64 {
        metric_total(&self.daemon().metrics(), "svarstid_assigned_partitions")
    }

    #[track_caller]
    pub(crate) fn figures(&self) -> Value {
        let response = self.daemon().get("/api/v1/figures?interval=quarter");
        assert_eq!(response.status, 200, "{}", response.text());
        serde_json::from_slice(&response.body).expect("figures are JSON")
    }
}

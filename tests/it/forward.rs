//! `forward` against a broker: growing, rotated and emptied logs, stops and restarts.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use crate::support::{Received, TempDir, read_from_start, wait_until};

const LIMIT: Duration = Duration::from_secs(60);
/// 2012-07-01 00:00 in Stockholm.
const START: u64 = 1_341_093_600;

struct Site {
    cluster: MockCluster<'static, DefaultProducerContext>,
    folder: TempDir,
}

impl Site {
    fn new() -> Site {
        let cluster = MockCluster::new(1).expect("the cluster starts");
        cluster.create_topic("events", 3, 1).expect("a topic can be made");
        Site { cluster, folder: TempDir::new() }
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("queue_log")
    }

    /// Calls `calls`, each with its three rows.
    fn write(&self, calls: std::ops::Range<u64>) {
        let mut text = String::new();
        for call in calls {
            let at = START + call * 60;
            text += &format!("{at}|c{call}|q|NONE|ENTERQUEUE||0920453000|1\n");
            text += &format!("{}|c{call}|q|anna|CONNECT|10|x|3\n", at + 10);
            text += &format!("{}|c{call}|q|anna|COMPLETECALLER|10|20|1\n", at + 30);
        }
        append(&self.log(), &text);
    }

    fn start(&self, follow: bool) -> Forward {
        let mut command = Command::new(env!("CARGO_BIN_EXE_svarstid"));
        command.arg("forward").arg(self.log());
        command.args(["--topic", "events", "--brokers", &self.cluster.bootstrap_servers()]);
        if follow {
            command.arg("--follow");
        }
        command.env("NO_COLOR", "1").env_remove("SVARSTID_CONFIG").stdin(Stdio::null());
        let said = fs::File::create(self.folder.path().join("said"))
            .expect("a temporary file can be written");
        Forward(command.stderr(said).spawn().expect("the program starts"))
    }

    /// What the program that was started last has logged.
    fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join("said")).expect("the log can be read")
    }

    fn received(&self) -> Vec<Received> {
        read_from_start(&self.cluster.bootstrap_servers(), "events")
    }

    /// The ids of all events, and of how many calls they tell.
    fn told(&self) -> (usize, usize, usize) {
        let received = self.received();
        let field = |record: &Received, name: &str| {
            let event: serde_json::Value =
                serde_json::from_slice(&record.payload).expect("an event is JSON");
            event[name].as_str().map(str::to_owned)
        };
        let ids: BTreeSet<_> = received.iter().map(|record| field(record, "id")).collect();
        let calls: BTreeSet<_> = received.iter().map(|record| field(record, "contact")).collect();
        (received.len(), ids.len(), calls.len())
    }

    #[track_caller]
    fn wait_calls(&self, calls: usize) {
        wait_until(&format!("{calls} calls"), LIMIT, || self.told().2 >= calls);
        let (_, ids, told) = self.told();
        assert_eq!((ids, told), (calls * 3, calls));
    }
}

fn append(path: &Path, text: &str) {
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("a temporary file can be written");
    file.write_all(text.as_bytes()).expect("a temporary file can be written");
}

/// The program; killed when dropped.
struct Forward(Child);

impl Forward {
    #[track_caller]
    fn terminate(&mut self) {
        let sent = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.0.id())]).status();
        assert!(sent.expect("sh starts").success());
        self.wait();
    }

    #[track_caller]
    fn wait(&mut self) {
        wait_until("forward to end", LIMIT, || {
            self.0.try_wait().expect("a child can be asked").is_some()
        });
        assert_eq!(self.0.wait().expect("a child can be asked").code(), Some(0));
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        // Best effort: it may have ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_log_is_forwarded_to_its_end_once_and_by_contact() {
    let site = Site::new();
    append(&site.log(), &format!("{START}|NONE|NONE|NONE|QUEUESTART|\nnot a row\n"));
    site.write(0..20);
    site.start(false).wait();
    let received = site.received();
    let system: Vec<_> = received.iter().filter(|record| record.key.is_none()).collect();
    let partitions: BTreeSet<i32> = system.iter().map(|record| record.partition).collect();
    assert_eq!((system.len(), partitions.len()), (3, 3), "a restart is told everywhere");
    let calls: Vec<_> = received.iter().filter(|record| record.key.is_some()).collect();
    assert_eq!(calls.len(), 60);
    for record in &calls {
        let event: serde_json::Value = serde_json::from_slice(&record.payload).unwrap();
        assert_eq!(record.key.as_deref(), event["contact"].as_str().map(str::as_bytes));
    }
    let keys: BTreeSet<_> = calls.iter().map(|record| (&record.key, record.partition)).collect();
    assert_eq!(keys.len(), 20, "a contact stays in its partition");
    // Nothing has come since, so nothing is said again.
    site.start(false).wait();
    assert_eq!(site.received().len(), received.len());
}

#[test]
fn a_log_is_followed_through_rotation_and_truncation() {
    let site = Site::new();
    site.write(0..5);
    let mut forward = site.start(true);
    site.wait_calls(5);
    site.write(5..10);
    site.wait_calls(10);

    let old = site.folder.path().join("queue_log.1");
    fs::rename(site.log(), &old).unwrap();
    let row = format!("{}|c10|q|NONE|ENTERQUEUE||1|1\n", START + 900);
    append(&old, &row);
    let rows = format!(
        "{}|c10|q|anna|CONNECT|10|x|3\n{}|c10|q|anna|COMPLETECALLER|10|20|1\n",
        START + 910,
        START + 930
    );
    append(&site.log(), &rows);
    site.wait_calls(11);
    site.write(11..15);
    site.wait_calls(15);

    fs::OpenOptions::new().write(true).open(site.log()).unwrap().set_len(0).unwrap();
    site.write(15..16);
    site.wait_calls(16);
    forward.terminate();
    assert_eq!(site.told(), (48, 48, 16), "nothing was said twice");
}

#[test]
fn what_is_written_while_nobody_reads_is_not_lost() {
    let site = Site::new();
    site.write(0..5);
    let mut forward = site.start(true);
    site.wait_calls(5);
    forward.terminate();
    site.write(5..8);
    fs::rename(site.log(), site.folder.path().join("queue_log.1")).unwrap();
    site.write(8..10);
    let mut forward = site.start(true);
    site.wait_calls(10);
    forward.terminate();
    assert_eq!(site.told().0, 30, "a clean stop repeats nothing");
}

#[test]
fn a_kill_repeats_events_and_loses_none() {
    let site = Site::new();
    // It is there before anybody follows it.
    append(&site.log(), "");
    for round in 0..5 {
        let mut forward = site.start(true);
        site.write(round * 40..(round + 1) * 40);
        // Somewhere in the middle of its work, another place each time.
        wait_until("some calls", LIMIT, || site.told().2 > usize::try_from(round).unwrap() * 40);
        forward.0.kill().unwrap();
        forward.0.wait().unwrap();
    }
    let mut forward = site.start(true);
    site.wait_calls(200);
    forward.terminate();
}

#[test]
fn a_broker_that_is_away_is_waited_for() {
    let site = Site::new();
    site.write(0..2);
    let mut forward = site.start(true);
    site.wait_calls(2);
    site.cluster.broker_down(1).unwrap();
    site.write(2..4);
    wait_until("a warning", LIMIT, || site.said().contains("WARN"));
    assert!(forward.0.try_wait().unwrap().is_none(), "it still runs");
    site.cluster.broker_up(1).unwrap();
    site.wait_calls(4);
    wait_until("good news", LIMIT, || site.said().contains("a broker answers again"));
    forward.terminate();
    assert_eq!(site.said().matches("WARN").count(), 1, "{}", site.said());
}

//! What does the whole process cost? CPU seconds (all threads) per million events from a preloaded
//! topic beside raw consumption in the same run, and the seconds and memory of a long replay.
//!
//! ```text
//! SVARSTID_TEST_KAFKA=127.0.0.1:9092 cargo bench --bench whole           # both
//! SVARSTID_BENCH_EVENTS=22500000 cargo bench --bench whole -- replay     # the long replay
//! ```
//!
//! It asserts that every event was counted before it prints a time.

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

const PARTITIONS: i32 = 3;
const SCALE: &str = "140";

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wants = |what: &str| asked.is_empty() || asked.iter().any(|a| a == what);
    let events: usize = std::env::var("SVARSTID_BENCH_EVENTS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(5_500_000);
    if wants("kafka") {
        match std::env::var("SVARSTID_TEST_KAFKA") {
            Ok(brokers) => kafka(&brokers, events),
            Err(_) => println!("kafka: left out, set SVARSTID_TEST_KAFKA"),
        }
    }
    if wants("replay") {
        replay(events);
    }
}

fn svarstid() -> Command {
    Command::new(env!("CARGO_BIN_EXE_svarstid"))
}

/// The last day of so many simulated events, at about a million a working day.
fn until(events: usize) -> String {
    let days = events.div_ceil(1_000_000) as i64 * 8 / 5 + 1;
    let first = jiff::civil::date(2026, 9, 1);
    first.checked_add(jiff::Span::new().days(days)).expect("a date").to_string()
}

/// CPU seconds of a process so far, all threads.
fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
    let ticks: f64 =
        fields[11].parse::<f64>().expect("utime") + fields[12].parse::<f64>().expect("stime");
    ticks / 100.0
}

/// Peak resident megabytes of a process.
fn peak_mb(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).expect("VmHWM");
    line.split_whitespace().nth(1).expect("kB").parse::<f64>().expect("a number") / 1e3
}

fn kafka(brokers: &str, events: usize) {
    let topic = format!("bench-{}", std::process::id());
    create_topic(brokers, &topic);
    let done = svarstid()
        .args(["simulate", "--from", "2026-09-01", "--to", &until(events), "--seed", "7"])
        .args(["--scale", SCALE, "--brokers", brokers, "--topic", &topic])
        .status()
        .expect("simulate starts");
    assert!(done.success(), "simulate failed");

    let (total, bytes, raw_cpu, raw_seconds) = raw(brokers, &topic);
    println!(
        "raw consumption: {total} events of {} bytes in {raw_seconds:.1} s, {:.2} M events/s, \
         {:.2} CPU s per million",
        bytes / total,
        total as f64 / raw_seconds / 1e6,
        raw_cpu / total as f64 * 1e6,
    );

    let folder = std::env::temp_dir().join(&topic);
    std::fs::create_dir_all(&folder).expect("a folder");
    let config = folder.join("svarstid.toml");
    let demo = include_str!("../config/demo.toml").replace("svarstid.demo", &topic);
    let text = format!("[kafka]\nbrokers = [\"{brokers}\"]\n{demo}");
    std::fs::write(&config, text).expect("the configuration is written");
    let begun = Instant::now();
    let mut daemon = svarstid()
        .args(["run", "--listen", "127.0.0.1:0", "--config"])
        .arg(&config)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the daemon starts");
    let address = address(&mut daemon);
    loop {
        if get(&address, "/-/ready").starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(600), "never ready");
        std::thread::sleep(Duration::from_millis(20));
    }
    let (seconds, cpu, peak) =
        (begun.elapsed().as_secs_f64(), cpu(daemon.id()), peak_mb(daemon.id()));
    let consumed: f64 = get(&address, "/metrics")
        .lines()
        .filter(|line| line.starts_with("svarstid_events_consumed_total{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    daemon.kill().expect("the daemon is there");
    daemon.wait().expect("the daemon ends");
    std::fs::remove_dir_all(&folder).expect("the folder goes");
    assert_eq!(consumed as u64, total, "every event is counted");
    println!(
        "svarstid run: {total} events in {seconds:.1} s, {:.2} M events/s, {:.2} CPU s per million \
         (all threads), peak {peak:.0} MB resident",
        total as f64 / seconds / 1e6,
        cpu / total as f64 * 1e6,
    );
}

fn create_topic(brokers: &str, topic: &str) {
    use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", brokers).create().expect("a client");
    let new =
        NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1)).set("retention.ms", "-1");
    let asked = admin.create_topics([&new], &AdminOptions::new());
    let results = futures_lite(asked).expect("the broker answers");
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

/// Runs a future to its end on this thread.
fn futures_lite<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// Consumes a topic and throws it away: events, bytes, CPU seconds, seconds.
fn raw(brokers: &str, topic: &str) -> (u64, u64, f64, f64) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "raw")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("fetch.queue.backoff.ms", "10")
        .set("queued.max.messages.kbytes", "16384")
        .set("check.crcs", "true")
        .create()
        .expect("a consumer");
    let mut assigned = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        assigned.add_partition_offset(topic, partition, Offset::Beginning).expect("an offset");
    }
    let (before, begun) = (cpu(std::process::id()), Instant::now());
    consumer.assign(&assigned).expect("assigned");
    let (mut events, mut bytes, mut ended) = (0, 0, 0);
    while ended < PARTITIONS {
        match consumer.poll(Duration::from_secs(30)).expect("the broker answers") {
            Ok(message) => {
                events += 1;
                bytes += message.payload().map_or(0, <[u8]>::len) as u64;
            }
            Err(rdkafka::error::KafkaError::PartitionEOF(_)) => ended += 1,
            Err(error) => panic!("{error}"),
        }
    }
    (events, bytes, cpu(std::process::id()) - before, begun.elapsed().as_secs_f64())
}

/// The address in the daemon's line "listening".
fn address(daemon: &mut Child) -> String {
    let mut lines = BufReader::new(daemon.stderr.take().expect("stderr is piped")).lines();
    let found = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("listening")?.1.split_once("address=")?.1.to_owned()))
        .expect("the daemon listens");
    std::thread::spawn(move || lines.for_each(drop));
    found.trim().to_owned()
}

fn get(address: &str, path: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    match stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer)) {
        Ok(_) => answer,
        Err(_) => String::new(),
    }
}

fn replay(events: usize) {
    let file = std::env::temp_dir().join(format!("svarstid-bench-{}.jsonl", std::process::id()));
    let mut simulate = svarstid()
        .args(["simulate", "--from", "2026-09-01", "--to", &until(events), "--seed", "7"])
        .args(["--scale", SCALE])
        .stdout(Stdio::piped())
        .spawn()
        .expect("simulate starts");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&file).expect("a file"));
    let lines = BufReader::new(simulate.stdout.take().expect("stdout is piped")).lines();
    let mut written = 0;
    for line in lines.map_while(Result::ok).take(events) {
        writeln!(out, "{line}").expect("the line is written");
        written += 1;
    }
    out.flush().expect("the file is written");
    simulate.kill().expect("simulate is there");
    simulate.wait().expect("simulate ends");

    let begun = Instant::now();
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/config/demo.toml");
    let mut replay = svarstid()
        .args(["replay", "--json", "--interval", "month", "--config", config])
        .arg(&file)
        .stdout(Stdio::piped())
        .spawn()
        .expect("replay starts");
    let pid = replay.id();
    let mut out = replay.stdout.take().expect("stdout is piped");
    let mut document = vec![0_u8; 1];
    // The first byte of the document: everything is read, and the process still lives.
    out.read_exact(&mut document).expect("a document");
    let (cpu, peak) = (cpu(pid), peak_mb(pid));
    out.read_to_end(&mut document).expect("a document");
    assert!(replay.wait().expect("replay ends").success());
    let seconds = begun.elapsed().as_secs_f64();
    let document: serde_json::Value = serde_json::from_slice(&document).expect("JSON");
    assert_eq!(document["quality"]["events"], written);
    std::fs::remove_file(&file).expect("the file goes");
    println!(
        "replay: {written} events in {seconds:.1} s, {:.2} M events/s, {:.2} CPU s per million, \
         peak {peak:.0} MB resident",
        written as f64 / seconds / 1e6,
        cpu / written as f64 * 1e6,
    );
}

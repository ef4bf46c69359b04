//! What does the whole process cost? CPU seconds (all threads) per million events from a preloaded
//! topic beside raw consumption in the same run, with the ledger in memory and in Kafka; the time
//! from an event's append to its place in `/metrics`; how long a scrape takes meanwhile; the time from
//! a start to ready; and the seconds and memory of a long replay.
//!
//! ```text
//! SVARSTID_TEST_KAFKA=127.0.0.1:9092 cargo bench --bench whole           # all
//! SVARSTID_TEST_KAFKA=127.0.0.1:9092 cargo bench --bench whole -- kafka  # or latency, scrape, year, replay
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
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use svarstid::simulate::departments;

mod process;

use process::{address, cpu, get, memory_mb, resident_mb, svarstid};

const PARTITIONS: i32 = 3;
const SCALE: &str = "140";

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wants = |what: &str| asked.is_empty() || asked.iter().any(|a| a == what);
    let events: usize = std::env::var("SVARSTID_BENCH_EVENTS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(5_500_000);
    let brokers = std::env::var("SVARSTID_TEST_KAFKA").ok();
    let with_broker = |what: &str, bench: &dyn Fn(&str)| match &brokers {
        _ if !wants(what) => {}
        Some(brokers) => bench(brokers),
        None => println!("{what}: left out, set SVARSTID_TEST_KAFKA"),
    };
    with_broker("kafka", &|brokers| kafka(brokers, events));
    with_broker("latency", &latency);
    with_broker("scrape", &scrape);
    with_broker("year", &year);
    if wants("replay") {
        replay(events);
    }
}

/// The last day of so many simulated events, at about a million a working day.
fn until(events: usize) -> String {
    let days = events.div_ceil(1_000_000) as i64 * 8 / 5 + 1;
    let first = jiff::civil::date(2026, 9, 1);
    first.checked_add(jiff::Span::new().days(days)).expect("a date").to_string()
}

/// Peak resident megabytes of a process.
fn peak_mb(pid: u32) -> f64 {
    memory_mb(pid, "VmHWM")
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
    for storage in ["memory", "kafka"] {
        let mut daemon = Daemon::start(brokers, &topic, &folder, storage);
        daemon.wait(|daemon| daemon.consumed() as u64 >= total);
        let (seconds, cpu, peak) = (
            daemon.begun.elapsed().as_secs_f64(),
            cpu(daemon.child.id()),
            peak_mb(daemon.child.id()),
        );
        assert_eq!(daemon.consumed() as u64, total, "every event is counted");
        println!(
            "svarstid run, ledger in {storage}: {total} events in {seconds:.1} s, {:.2} M events/s, \
             {:.2} CPU s per million (all threads), peak {peak:.0} MB resident",
            total as f64 / seconds / 1e6,
            cpu / total as f64 * 1e6,
        );
        if storage == "kafka" {
            let bytes = daemon.metric("svarstid_ledger_committed_bytes_total");
            let records = daemon.metric("svarstid_ledger_records_total{");
            println!(
                "its ledger: {records:.0} records, {:.0} bytes an event before compression",
                bytes / total as f64
            );
            daemon.end();
            let again = Daemon::start(brokers, &topic, &folder, storage);
            again.wait(Daemon::is_ready);
            println!(
                "start to ready from a snapshot of {:.1} MB: {:.2} s, {:.2} CPU s, peak {:.0} MB",
                std::fs::metadata(folder.join("snapshot")).expect("a snapshot").len() as f64 / 1e6,
                again.begun.elapsed().as_secs_f64(),
                cpu_of(&again),
                peak_mb(again.child.id()),
            );
            drop(again);
            std::fs::remove_file(folder.join("snapshot")).expect("the snapshot goes");
            let again = Daemon::start(brokers, &topic, &folder, storage);
            again.wait(Daemon::is_ready);
            println!(
                "start to ready from the whole ledger: {:.2} s, {:.2} CPU s",
                again.begun.elapsed().as_secs_f64(),
                cpu_of(&again),
            );
        }
    }
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

fn cpu_of(daemon: &Daemon) -> f64 {
    cpu(daemon.child.id())
}

/// A running daemon; killed when it is dropped.
struct Daemon {
    child: Child,
    address: String,
    begun: Instant,
}

impl Daemon {
    fn start(brokers: &str, topic: &str, folder: &std::path::Path, storage: &str) -> Daemon {
        Daemon::start_over(brokers, topic, folder, storage, departments().len())
    }

    /// Over so many departments: the simulated municipality's, and then copies of them.
    fn start_over(
        brokers: &str,
        topic: &str,
        folder: &std::path::Path,
        storage: &str,
        count: usize,
    ) -> Daemon {
        let (config, key) = (folder.join("svarstid.toml"), folder.join("id-key"));
        std::fs::write(&key, [7; 32]).expect("a key");
        let snapshot = folder.join("snapshot");
        let ledger = format!("storage = \"{storage}\"\nsnapshot_file = {snapshot:?}");
        let mut demo = include_str!("../config/demo.toml").to_owned();
        let each = departments();
        for (copy, department) in
            (each.len()..count).map(|at| (at / each.len(), &each[at % each.len()]))
        {
            demo += &format!(
                "\n[[department]]\nslug = \"{0}-{copy}\"\nname = \"{0} {copy}\"\n",
                department.slug
            );
        }
        let topics = format!("[topics]\nledger = \"{topic}-l\"\nrejects = \"{topic}-r\"");
        let demo = demo
            .replace("svarstid.demo", topic)
            .replace("storage = \"memory\"", &ledger)
            .replace("[topics]", &topics);
        let text = format!(
            "[kafka]\nbrokers = [\"{brokers}\"]\ngroup = \"{topic}\"\n\
             [privacy]\nid_key_file = {key:?}\n{demo}"
        );
        std::fs::write(&config, text).expect("the configuration is written");
        let begun = Instant::now();
        let mut child = svarstid()
            .args(["run", "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon starts");
        let address = address(&mut child);
        Daemon { child, address, begun }
    }

    fn wait(&self, mut is_so: impl FnMut(&Daemon) -> bool) {
        while !is_so(self) {
            assert!(self.begun.elapsed() < Duration::from_secs(600), "it never came so far");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_ready(&self) -> bool {
        get(&self.address, "/-/ready").starts_with("HTTP/1.1 200")
    }

    /// The sum of all series that begin so.
    fn metric(&self, name: &str) -> f64 {
        let text = get(&self.address, "/metrics");
        let of = text.lines().filter(|line| line.starts_with(name));
        of.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    fn consumed(&self) -> f64 {
        self.metric("svarstid_events_consumed_total{")
    }

    /// Ends it in order.
    fn end(&mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        assert!(self.child.wait().expect("the daemon ends").success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A year of calls spread over 192 departments: what it weighs, and how soon it is there again.
fn year(brokers: &str) {
    const COPIES: usize = 16;
    let topic = format!("year-{}", std::process::id());
    create_topic(brokers, &topic);
    let folder = std::env::temp_dir().join(&topic);
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut simulate = svarstid()
        .args(["simulate", "--from", "2025-09-01", "--to", "2026-09-01", "--seed", "7"])
        .args(["--scale", "4"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("simulate starts");
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", brokers).create().expect("a producer");
    let mut total = 0_u64;
    let lines = BufReader::new(simulate.stdout.take().expect("stdout is piped")).lines();
    for line in lines.map_while(Result::ok) {
        let (key, line) = spread(line, COPIES);
        let mut record = BaseRecord::to(&topic).key(&key).payload(&line);
        while let Err((_, back)) = producer.send(record) {
            producer.poll(Duration::from_millis(10));
            record = back;
        }
        total += 1;
    }
    producer.flush(Duration::from_secs(60)).expect("delivered");
    assert!(simulate.wait().expect("simulate ends").success());
    let mut daemon =
        Daemon::start_over(brokers, &topic, &folder, "kafka", COPIES * departments().len());
    daemon.wait(|daemon| daemon.consumed() as u64 >= total);
    std::thread::sleep(Duration::from_secs(2));
    println!(
        "a year, 192 departments: {total} events, {:.0} MB resident (peak {:.0} MB)",
        resident_mb(daemon.child.id()),
        peak_mb(daemon.child.id()),
    );
    daemon.end();
    let again = Daemon::start_over(brokers, &topic, &folder, "kafka", COPIES * departments().len());
    again.wait(Daemon::is_ready);
    println!(
        "start to ready from its snapshot of {:.1} MB: {:.2} s, {:.2} CPU s; {:.0} MB resident",
        std::fs::metadata(folder.join("snapshot")).expect("a snapshot").len() as f64 / 1e6,
        again.begun.elapsed().as_secs_f64(),
        cpu_of(&again),
        resident_mb(again.child.id()),
    );
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

/// The key of a simulated event, and the event with its contact moved to one of so many copies of
/// the municipality.
fn spread(line: String, copies: usize) -> (String, String) {
    let contact = line.split_once("\"contact\":\"").and_then(|(_, rest)| rest.split_once('"'));
    let key = contact.map_or("", |(contact, _)| contact).to_owned();
    let copy = key.bytes().fold(7, |sum, byte| sum * 31 % 1_000_003 + usize::from(byte)) % copies;
    let moved = match line.split_once("\"department\":\"") {
        Some((before, rest)) if copy > 0 && !key.is_empty() => {
            let (slug, after) = rest.split_once('"').expect("a text ends");
            format!("{before}\"department\":\"{slug}-{copy}\"{after}")
        }
        _ => line,
    };
    (key, moved)
}

/// What a scrape of fifty departments costs while events come, gzipped as Prometheus asks for it.
fn scrape(brokers: &str) {
    const RATE: u64 = 2_000;
    const SCRAPES: usize = 300;
    const DEPARTMENTS: usize = 49;
    let topic = format!("scrape-{}", std::process::id());
    create_topic(brokers, &topic);
    let folder = std::env::temp_dir().join(&topic);
    std::fs::create_dir_all(&folder).expect("a folder");
    let daemon = Daemon::start_over(brokers, &topic, &folder, "kafka", DEPARTMENTS);
    daemon.wait(Daemon::is_ready);
    // The days up to this one, so that windows and what is expected have something in them.
    let today = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
    let from = today.checked_sub(jiff::Span::new().days(30)).expect("a date").to_string();
    let mut simulate = svarstid()
        .args(["simulate", "--from", &from, "--to", &today.tomorrow().expect("a date").to_string()])
        .args(["--seed", "7", "--scale", "4", "--faults", "off"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("simulate starts");
    let lines = BufReader::new(simulate.stdout.take().expect("stdout is piped")).lines();
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", brokers).create().expect("a producer");
    let events: Vec<(String, String)> =
        lines.map_while(Result::ok).map(|line| spread(line, DEPARTMENTS / 12)).collect();
    assert!(simulate.wait().expect("simulate ends").success());
    let live = events.len() - (RATE as usize * SCRAPES / 5).min(events.len() / 2);
    let send = |(key, line): &(String, String)| {
        let mut record = BaseRecord::to(&topic).key(key).payload(line);
        while let Err((_, back)) = producer.send(record) {
            producer.poll(Duration::from_millis(10));
            record = back;
        }
    };
    events[..live].iter().for_each(send);
    producer.flush(Duration::from_secs(60)).expect("delivered");
    daemon.wait(|daemon| daemon.consumed() as usize >= live);
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n",
        daemon.address
    );
    let cpu_before = cpu_of(&daemon);
    let mut lengths = Vec::new();
    let (begun, mut bytes) = (Instant::now(), 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (at, event) in events[live..].iter().enumerate() {
                let due = Duration::from_secs_f64(at as f64 / RATE as f64);
                std::thread::sleep(due.saturating_sub(begun.elapsed()));
                send(event);
                producer.poll(Duration::ZERO);
            }
        });
        for at in 0..SCRAPES {
            let due = Duration::from_millis(at as u64 * 200);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            let asked = Instant::now();
            let mut stream = TcpStream::connect(&daemon.address).expect("it listens");
            stream.write_all(request.as_bytes()).expect("it reads");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).expect("it answers");
            lengths.push(asked.elapsed());
            bytes = answer.len();
        }
    });
    let took = begun.elapsed().as_secs_f64();
    lengths.sort_unstable();
    let at = |share: f64| lengths[((SCRAPES - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let text = get(&daemon.address, "/metrics");
    let series = text.lines().filter(|line| !line.starts_with('#') && line.contains(' ')).count();
    let departments = text.lines().filter(|l| l.starts_with("svarstid_department_info{")).count();
    println!(
        "a scrape of {departments} departments at {:.0} events/s: {series} series, {bytes} bytes \
         gzipped; p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms; {:.1} % of one core with a scrape each \
         200 ms",
        (events.len() - live) as f64 / took,
        at(0.5),
        at(0.99),
        at(1.0),
        (cpu_of(&daemon) - cpu_before) / took * 100.0,
    );
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

/// From an event's append to its place in `/metrics`, at so many events a second.
fn latency(brokers: &str) {
    const RATE: u64 = 2_000;
    const EVENTS: u64 = 40_000;
    let topic = format!("latency-{}", std::process::id());
    create_topic(brokers, &topic);
    let folder = std::env::temp_dir().join(&topic);
    std::fs::create_dir_all(&folder).expect("a folder");
    let daemon = Daemon::start(brokers, &topic, &folder, "kafka");
    daemon.wait(Daemon::is_ready);
    std::thread::sleep(Duration::from_secs(3));
    let mut simulate = svarstid()
        .args(["simulate", "--from", "2026-09-01", "--to", "2026-09-03", "--seed", "7"])
        .args(["--scale", "8", "--faults", "off"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("simulate starts");
    let lines = BufReader::new(simulate.stdout.take().expect("stdout is piped")).lines();
    let begun = Instant::now();
    let brokers = brokers.to_owned();
    let writer = std::thread::spawn(move || {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &brokers)
            .set("linger.ms", "0")
            .create()
            .expect("a producer");
        let mut sent = Vec::new();
        for (at, line) in lines.map_while(Result::ok).take(EVENTS as usize).enumerate() {
            let due = Duration::from_secs_f64(at as f64 / RATE as f64);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            let contact = serde_json::from_str::<serde_json::Value>(&line).expect("an event");
            let key = contact["contact"].as_str().unwrap_or("none").to_owned();
            let record = BaseRecord::to(&topic).key(&key).payload(&line);
            producer.send(record).map_err(|(error, _)| error).expect("sent");
            producer.poll(Duration::ZERO);
            sent.push(begun.elapsed());
        }
        producer.flush(Duration::from_secs(10)).expect("delivered");
        sent
    });
    // What is seen when, as (count, moment).
    let mut seen: Vec<(u64, Duration)> = Vec::new();
    while seen.last().is_none_or(|(count, _)| *count < EVENTS) {
        let count = daemon.consumed() as u64;
        seen.push((count, begun.elapsed()));
        assert!(begun.elapsed() < Duration::from_secs(60), "{count} of {EVENTS} were seen");
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = writer.join().expect("the writer ends");
    drop(simulate.kill());
    simulate.wait().expect("simulate ends");
    let mut lengths = Vec::new();
    let mut before = 0;
    for (count, moment) in seen {
        for event in before..count {
            lengths.push(moment.saturating_sub(sent[event as usize]));
        }
        before = count.max(before);
    }
    lengths.sort_unstable();
    let at = |share: f64| lengths[((lengths.len() - 1) as f64 * share) as usize].as_millis();
    println!(
        "append to /metrics at {:.0} events/s: p50 {} ms, p99 {} ms, max {} ms (a scrape each 5 ms \
         is part of it), {:.1} % of one core",
        EVENTS as f64 / sent[EVENTS as usize - 1].as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0),
        cpu_of(&daemon) / daemon.begun.elapsed().as_secs_f64() * 100.0,
    );
    std::fs::remove_dir_all(&folder).expect("the folder goes");
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

//! What do open live pages cost? A demo in the middle of its day, with no stream open, with many that
//! are read, and with as many whose readers have fallen asleep: memory, CPU, and how long a scrape
//! takes meanwhile, one each second; and how soon the program has ended with all of them open.
//!
//! ```text
//! cargo bench --bench streams
//! ```

#![expect(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

mod process;

use process::{address, cpu, get, resident_mb, svarstid};

const STREAMS: usize = 500;
const SCRAPES: u32 = 30;
/// Where people would have them open, in two languages.
const PAGES: [&str; 5] = ["/vaggtavla", "/lage", "/", "/fragor", "/avdelning/socialforvaltningen"];

fn main() {
    let mut demo = svarstid()
        .args(["demo", "--listen", "127.0.0.1:0", "--at", "10:00", "--history", "30"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the demo starts");
    let address = address(&mut demo);
    while !get(&address, "/-/ready").contains("200 OK") {
        std::thread::sleep(Duration::from_millis(100));
    }

    scrapes("no stream", &demo, &address, || 0);
    let read = open(&address);
    let (heard, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let asleep = std::thread::scope(|scope| {
        let reading = scope.spawn(|| read_all(read, &heard, &stop));
        scrapes(&format!("{STREAMS} streams, read"), &demo, &address, || {
            heard.load(Ordering::Relaxed)
        });
        stop.store(true, Ordering::Relaxed);
        reading.join().expect("they are read")
    });
    scrapes(&format!("{STREAMS} streams, nobody reads"), &demo, &address, || 0);

    let asked = Instant::now();
    let done = Command::new("kill").arg(demo.id().to_string()).status().expect("kill is there");
    assert!(done.success());
    let ended = demo.wait().expect("the demo ends");
    println!(
        "SIGTERM with {} streams open: ended after {:.2} s, {ended}",
        asleep.len(),
        asked.elapsed().as_secs_f64()
    );
}

/// Opens every stream.
fn open(address: &str) -> Vec<TcpStream> {
    let pages = PAGES.iter().flat_map(|page| [(page, "sv"), (page, "en")]).cycle();
    pages
        .take(STREAMS)
        .map(|(page, lang)| {
            let mut stream = TcpStream::connect(address).expect("it listens");
            write!(
                stream,
                "GET /events?page={page}&lang={lang} HTTP/1.1\r\nHost: {address}\r\n\r\n"
            )
            .expect("it reads");
            stream
        })
        .collect()
}

/// Reads all streams until the stop, and counts the bytes; gives them back still open.
fn read_all(mut streams: Vec<TcpStream>, heard: &AtomicU64, stop: &AtomicBool) -> Vec<TcpStream> {
    let mut buffer = vec![0; 1 << 16];
    for stream in &streams {
        stream.set_nonblocking(true).expect("a socket can be set up");
    }
    while !stop.load(Ordering::Relaxed) {
        for stream in &mut streams {
            match stream.read(&mut buffer) {
                Ok(0) => panic!("a stream ended"),
                Ok(bytes) => drop(heard.fetch_add(bytes as u64, Ordering::Relaxed)),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    streams
}

/// Scrapes once a second, and says what that and everything else took.
fn scrapes(what: &str, demo: &Child, address: &str, heard: impl Fn() -> u64) {
    let (begun, cpu_before, heard_before) = (Instant::now(), cpu(demo.id()), heard());
    let mut lengths: Vec<f64> = (1..=SCRAPES)
        .map(|second| {
            let due = Duration::from_secs(second.into());
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            let asked = Instant::now();
            let text = get(address, "/metrics");
            assert!(text.contains("svarstid_queue_calls_waiting{"), "it answers with figures");
            asked.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    lengths.sort_by(f64::total_cmp);
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{what}: {:.0} MB resident, {:.1} % of one core, {:.0} kB/s sent; a scrape takes p50 {:.1} ms, \
         max {:.1} ms",
        resident_mb(demo.id()),
        (cpu(demo.id()) - cpu_before) / seconds * 100.0,
        (heard() - heard_before) as f64 / seconds / 1e3,
        lengths[lengths.len() / 2],
        lengths[lengths.len() - 1],
    );
}

//! The web server over a made-up snapshot.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use svarstid::domain::calendar::{Day, Zone};
use svarstid::domain::coverage::{Staffed, StaffedDay};
use svarstid::domain::snapshot::Snapshot;
use svarstid::domain::units::{Millis, Timestamp};
use svarstid::engine::Engine;
use svarstid::shell::access::Access;
use svarstid::shell::clock::Stopwatch;
use svarstid::shell::http::{Readiness, Shown, Web, serve};
use svarstid::shell::question::Question;
use tokio::sync::{mpsc, watch};

use crate::metrics::{Made, NOBODY, NOW, snapshot};
use crate::support::{
    Response, get, metric_value, now, promtool_check_metrics, request, wait_until,
};
use crate::town::Town;

fn shown(snapshot: Snapshot) -> Shown {
    Shown { snapshot: Arc::new(snapshot), taken: Stopwatch::start() }
}

/// The server in a thread of its own.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pictures: watch::Sender<Shown>,
    readiness: watch::Sender<Readiness>,
    shutdown: watch::Sender<bool>,
    pub(crate) questions: mpsc::Receiver<Question>,
    thread: Option<std::thread::JoinHandle<anyhow::Result<()>>>,
}

impl Site {
    pub(crate) fn start(snapshot: Snapshot) -> Site {
        Site::start_with(snapshot, Access::open())
    }

    pub(crate) fn start_with(snapshot: Snapshot, access: Access) -> Site {
        Site::publishing(snapshot, access, None)
    }

    /// The same, with a folder of what has been published.
    pub(crate) fn publishing(
        snapshot: Snapshot,
        access: Access,
        published: Option<PathBuf>,
    ) -> Site {
        let (pictures, picture_reader) = watch::channel(shown(snapshot));
        let ready = Readiness { ready: true, ..Readiness::default() };
        let (readiness, readiness_reader) = watch::channel(ready);
        let (shutdown, shutdown_reader) = watch::channel(false);
        let (asking, questions) = mpsc::channel(4);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        listener.set_nonblocking(true).expect("a socket can be set up");
        let address = listener.local_addr().expect("a bound socket has an address");
        let web = Web {
            pictures: picture_reader,
            readiness: readiness_reader,
            questions: asking,
            published,
            shutdown: shutdown_reader,
            access,
        };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()?;
            runtime.block_on(async {
                serve(tokio::net::TcpListener::from_std(listener)?, web).await;
                Ok(())
            })
        });
        Site { address, pictures, readiness, shutdown, questions, thread: Some(thread) }
    }

    pub(crate) fn show(&self, snapshot: Snapshot) {
        self.pictures.send(shown(snapshot)).expect("the server listens");
    }

    /// From now on an engine answers what is asked, at this moment.
    pub(crate) fn answers(&mut self, engine: Engine, now: Timestamp) {
        let (_, nothing) = mpsc::channel(1);
        let mut questions = std::mem::replace(&mut self.questions, nothing);
        std::thread::spawn(move || {
            while let Some(question) = questions.blocking_recv() {
                question.answer(&engine, now);
            }
        });
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response {
        get(self.address, path, &[]).expect("the server answers")
    }

    /// Stops it and waits; gives how long that took.
    pub(crate) fn stop(&mut self) -> Duration {
        let start = now();
        self.shutdown.send(true).expect("the server listens for the stop");
        self.thread
            .take()
            .expect("the site is stopped once")
            .join()
            .expect("the server does not panic")
            .expect("the server ends without fault");
        start.elapsed()
    }

    fn events(&self) -> impl Iterator<Item = String> + use<> {
        self.events_of("/lage", "sv")
    }

    /// What the stream of a page sends.
    fn events_of(&self, page: &str, lang: &str) -> impl Iterator<Item = String> + use<> {
        let mut stream = TcpStream::connect(self.address).expect("the server accepts");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket can be set up");
        stream
            .write_all(
                format!(
                    "GET /events?page={page}&lang={lang} HTTP/1.1\r\nHost: x\r\n\
                     Accept-Encoding: gzip\r\n\r\n"
                )
                .as_bytes(),
            )
            .expect("the server reads");
        let lines = BufReader::new(stream).lines().map(|line| line.expect("the stream is whole"));
        lines.filter_map(|line| line.strip_prefix("data: ").map(str::to_owned))
    }
}

pub(crate) fn town() -> Snapshot {
    let made = |slug, name, waiting, longest_seconds, agents, sm2, sm3| Made {
        slug,
        name,
        waiting,
        longest_seconds,
        agents,
        goals: [(0, 0), sm2, sm3, sm3],
    };
    let departments = [
        made(
            "barn",
            "Barn- och utbildningsförvaltningen",
            4,
            372,
            [2, 1, 1, 4, 1, 1],
            (148, 171),
            (19, 176),
        ),
        made("fritid", "Fritidsförvaltningen", 0, 0, [1, 2, 0, 1, 0, 0], (41, 42), (1, 43)),
        made("kultur", "Kulturförvaltningen", 0, 0, [1, 1, 0, 0, 0, 0], (12, 12), (0, 12)),
        made(
            "miljo",
            "Miljö- och byggnadsförvaltningen",
            1,
            48,
            [0, 2, 0, 3, 0, 1],
            (96, 103),
            (7, 105),
        ),
        made("okand", "Okänd", 0, 0, NOBODY, (0, 0), (0, 0)),
        made("raddning", "Räddningstjänsten", 0, 0, [0, 2, 0, 0, 0, 0], (0, 0), (0, 0)),
        made("soc", "Socialförvaltningen", 2, 131, [3, 0, 1, 6, 2, 0], (203, 220), (14, 226)),
        made("aldre", "Äldreomsorgen", 0, 0, [1, 2, 0, 2, 0, 0], (88, 91), (3, 92)),
        made("teknik", "Tekniska förvaltningen", 1, 12, [0, 3, 0, 2, 1, 0], (131, 138), (8, 139)),
    ];
    let all = Made {
        slug: "",
        name: "",
        waiting: 8,
        longest_seconds: 372,
        agents: [8, 12, 2, 18, 4, 2],
        goals: [(1_176, 1_249), (719, 800), (52, 793), (52, 700)],
    };
    let mut town = snapshot(&departments, &all);
    town.departments[2].open = false;
    let okand = &mut town.departments[4];
    okand.queue = Default::default();
    okand.switchboard = Default::default();
    town
}

#[test]
fn every_route_answers_with_its_type_and_the_same_protection() {
    let mut site = Site::start(town());
    for (path, status, content_type) in [
        ("/", 200, "text/html; charset=utf-8"),
        ("/style.css", 200, "text/css; charset=utf-8"),
        ("/live.js", 200, "text/javascript; charset=utf-8"),
        ("/icon.svg", 200, "image/svg+xml"),
        ("/metrics", 200, "text/plain; version=0.0.4; charset=utf-8"),
        ("/-/healthy", 200, "text/plain; charset=utf-8"),
        ("/-/ready", 200, "text/plain; charset=utf-8"),
        ("/api/v1/figures?interval=week", 400, "application/problem+json"),
        ("/finns/inte", 404, "text/html; charset=utf-8"),
    ] {
        let response = site.get(path);
        assert_eq!(response.status, status, "{path}");
        assert_eq!(response.header("content-type"), Some(content_type), "{path}");
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = response.header("content-security-policy").unwrap();
        for part in ["default-src 'none';", "style-src 'self';", "script-src 'self';"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        let is_file = path.ends_with(".css") || path.ends_with(".js") || path.ends_with(".svg");
        let kept = if is_file { "no-cache" } else { "no-store" };
        assert_eq!(response.header("cache-control"), Some(kept), "{path}");
    }
    assert_eq!(site.get("/-/healthy").text(), "healthy\n");
    site.stop();
}

/// Every page, a department's own among them.
const PAGES: [&str; 12] = [
    "/",
    "/lage",
    "/vaggtavla",
    "/vaggtavla/soc",
    "/avdelning/barn",
    "/fragor",
    "/om-matten",
    "/tillganglighet",
    "/mal",
    "/mal/soc",
    "/rapporter",
    "/publik",
];

/// The town, and an engine that has heard of one call.
fn answering() -> Site {
    let mut site = Site::start(town());
    site.answers(Town::of("08:00:00.000 entered social a").engine, NOW);
    site
}

#[test]
fn the_pages_say_in_swedish_what_the_snapshot_says() {
    let mut site = Site::start(town());
    let says = |path: &str, texts: &[&str]| {
        let response = site.get(path);
        for text in texts {
            assert!(response.text().contains(text), "{text:?} is missing in {path}");
        }
    };
    let levels = [
        "Mål: minst 90\u{a0}% inom tre signaler (15 sekunder)",
        "Mål: minst 90\u{a0}% inom fem minuter",
        "Mål: högst 10\u{a0}% förlorade samtal",
    ];
    says("/", &levels);
    says("/lage", &levels);
    says("/om-matten", &levels);
    says(
        "/om-matten",
        &["SM3w", "SATISFACTION", "REPEATS", "callbacks", "löften om återuppringning"],
    );
    says(
        "/",
        &[
            "<html lang=\"sv\">",
            "<title>Telefonservicen i dag – Svarstid</title>",
            // 719 of 800 is 89.875 %, and 1 176 of 1 249 is 94.155 %.
            "89,9\u{a0}%",
            "94,2\u{a0}%",
            "av 1\u{a0}249 samtal till växeln",
            "Målet nås",
            "Målet nås inte",
            "<b>10:32:05</b>",
            "tisdag 2026-11-24",
            "Aktuell",
            "<b>6:12</b>",
            "<noscript><a href=\"/\">Uppdatera</a></noscript>",
        ],
    );
    says("/lage", &["Inga samtal", "Räddningstjänsten", ">6:12<", "href=\"/avdelning/soc\""]);
    says("/vaggtavla", &["Hela kommunen", "89,9\u{a0}%", "1 mer än fem minuter"]);
    says("/avdelning/barn", &["Barn- och utbildningsförvaltningen", "av 171"]);
    says("/fragor", &[">tisdag 2026-11-24<"]);
    let page = site.get("/lage");
    let page = page.text();
    assert!(!page.contains("Okänd"), "nothing came to the unknown department");
    let names = ["Barn- och", "Tekniska", "Äldreomsorgen"].map(|name| page.find(name).unwrap());
    assert!(names.is_sorted(), "Swedish letters come last");
    site.stop();
}

#[test]
fn every_page_is_whole_in_both_languages_and_nothing_on_it_is_refused_by_the_policy() {
    let mut site = answering();
    for path in PAGES {
        for (lang, other) in [("sv", "en"), ("en", "sv")] {
            let response = site.get(&format!("{path}?lang={lang}"));
            assert_eq!(response.status, 200, "{path}");
            let page = response.text();
            assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{path}");
            assert!(page.contains(&format!("href=\"{path}?lang={other}\"")), "{path}");
            for inline in ["style=", "<style", "onclick", "<script>", "http://", "https://"] {
                assert!(!page.contains(inline), "{path}: {inline} is refused by the policy");
            }
        }
    }
    let english = get(site.address, "/lage", &[("Accept-Language", "en-GB, sv;q=0.5")]).unwrap();
    assert!(english.text().contains("<html lang=\"en\">") && english.text().contains("Right now"));
    for lost in [
        "/avdelning/nagon",
        "/vaggtavla/nagon",
        "/mal/nagon",
        "/mal?lang=de",
        "/lage?lang=de",
        "/lage/mer",
        "/avdelning/",
    ] {
        let response = site.get(lost);
        assert_eq!(response.status, 404, "{lost}");
        assert!(response.text().contains("Sidan finns inte"), "{lost}");
    }
    let lost = get(site.address, "/nowhere", &[("Accept-Language", "en")]).unwrap();
    assert!(lost.text().contains("There is no such page"));
    assert_eq!(site.get("/events?page=/om-matten").status, 404, "it stands still");
    assert_eq!(site.get("/events?page=/avdelning/nagon").status, 404);
    site.stop();
}

#[test]
fn every_live_page_is_made_of_what_its_stream_sends() {
    let mut site = Site::start(town());
    for path in &PAGES[..6] {
        let first = site.events_of(path, "en").next().unwrap();
        let first: serde_json::Value = serde_json::from_str(&first).unwrap();
        let page = site.get(&format!("{path}?lang=en"));
        let parts = first["parts"].as_array().unwrap();
        assert_eq!(page.text().matches(" data-part").count(), parts.len(), "{path}");
        for part in parts {
            let html = part["html"].as_str().unwrap();
            assert!(page.text().contains(html), "{path}: a reload shows the same: {html}");
            assert!(html.contains(&format!("id=\"{}\" data-part", part["id"].as_str().unwrap())));
        }
    }
    site.stop();
}

#[test]
fn what_a_reader_has_already_is_not_sent_again_and_the_moment_is_never_kept() {
    let mut site = answering();
    let again = |path: &str, tag: &str| get(site.address, path, &[("If-None-Match", tag)]).unwrap();
    for (path, kept) in [
        ("/style.css", "no-cache"),
        ("/live.js", "no-cache"),
        ("/icon.svg", "no-cache"),
        ("/om-matten", "private, no-cache"),
        ("/tillganglighet", "private, no-cache"),
        ("/rapporter", "private, no-cache"),
        ("/publik", "no-cache"),
    ] {
        let first = site.get(path);
        assert_eq!(first.header("cache-control"), Some(kept), "{path}");
        let tag = first.header("etag").unwrap();
        let same = again(path, tag);
        assert_eq!((same.status, same.body.len()), (304, 0), "{path}");
        assert_eq!(same.header("etag"), Some(tag), "{path}");
        assert_eq!(again(path, "W/\"another\"").status, 200, "{path}");
        let small = get(site.address, path, &[("Accept-Encoding", "gzip")]).unwrap();
        assert_eq!(small.header("etag"), Some(tag), "{path}: however it is sent");
    }
    let swedish = site.get("/om-matten").header("etag").unwrap().to_owned();
    let english =
        get(site.address, "/om-matten", &[("Accept-Language", "en"), ("If-None-Match", &swedish)]);
    assert_eq!(english.unwrap().status, 200, "another language is another page");
    assert!(site.get("/om-matten").header("vary").unwrap().contains("accept-language"));
    for path in &PAGES[..6] {
        let page = again(path, "*");
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(page.header("etag"), None, "{path}");
    }
    site.stop();
}

#[test]
fn whatever_is_asked_in_whatever_way_is_answered_and_not_repeated() {
    const MARK: &str = "Ekorre7";
    let mut site = answering();
    // Sends bytes and gives what comes back: the status, 0 when the connection is just closed.
    let send = |bytes: &[u8]| -> (u16, String) {
        let mut stream = TcpStream::connect(site.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // The server may have closed before all is written.
        drop(stream.write_all(bytes));
        let mut answer = Vec::new();
        drop(std::io::Read::read_to_end(&mut stream, &mut answer));
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, text)
    };
    let long = MARK.repeat(10_000);
    let ask = |line: &str, more: &str| {
        send(format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n").as_bytes())
    };
    let many: String = (0..200).map(|n| format!("X-{MARK}-{n}: 1\r\n")).collect();
    let cases: Vec<(&str, (u16, String), &[u16])> = vec![
        ("a long address", ask(&format!("GET /{long}"), ""), &[414, 431]),
        ("a long query", ask(&format!("GET /publik?lang={long}"), ""), &[414, 431]),
        ("a long header", ask("GET /", &format!("X-{MARK}: {long}\r\n")), &[431]),
        ("many headers", ask("GET /", &many), &[431]),
        ("no method", send(b"\r\n\r\n / \r\n\r\n"), &[400]),
        ("no version", send(format!("GET /{MARK}\r\n\r\n").as_bytes()), &[400]),
        ("another version", send(format!("GET /{MARK} HTTP/9.9\r\n\r\n").as_bytes()), &[400]),
        ("no text", send(&[0xff, 0xfe, 0x00, 0x0d, 0x0a, 0x0d, 0x0a]), &[400]),
        ("TLS where it is plain", send(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]), &[0, 400]),
        ("a header without a name", ask("GET /", &format!(": {MARK}\r\n")), &[400]),
        ("a space in a name", ask("GET /", &format!("X {MARK}: 1\r\n")), &[400]),
        ("two lengths", ask("GET /", "Content-Length: 1\r\nContent-Length: 2\r\n"), &[400]),
        ("no length", ask("POST /", "Content-Length: many\r\n"), &[400]),
        (
            "a length too long for any",
            ask("POST /", "Content-Length: 99999999999999999999\r\n"),
            &[400],
        ),
        ("a body", ask("POST /rapporter", &format!("Content-Length: 70000\r\n\r\n{long}")), &[405]),
        (
            "a chunk of no length",
            ask("POST /", &format!("Transfer-Encoding: chunked\r\n\r\n{MARK}")),
            &[405],
        ),
        ("an unknown method", ask(&format!("{MARK} /publik"), ""), &[405]),
        ("TRACE", ask("TRACE /", &format!("X-Remote-User: {MARK}\r\n")), &[405]),
        ("PUT", ask("PUT /publik/2026-10", ""), &[405]),
        ("DELETE", ask(&format!("DELETE /{MARK}"), ""), &[404]),
        ("OPTIONS of all", ask("OPTIONS *", ""), &[400, 404, 405]),
        ("CONNECT", ask(&format!("CONNECT {MARK}:443"), ""), &[400, 404, 405]),
        ("an address with a host", ask(&format!("GET http://{MARK}/lage/{MARK}"), ""), &[404]),
        ("a fragment", ask(&format!("GET /lage#{MARK}"), ""), &[200, 400]),
        ("a broken escape", ask(&format!("GET /avdelning/%{MARK}"), ""), &[404]),
        ("no UTF-8", ask("GET /publik/%FF%FE", ""), &[404]),
        ("a NUL", ask(&format!("GET /rapporter/%00{MARK}"), ""), &[404]),
        ("upwards", ask(&format!("GET /publik/../../{MARK}"), ""), &[404]),
        ("upwards escaped", ask(&format!("GET /publik/%2e%2e%2f{MARK}"), ""), &[404]),
        ("twice a language", ask(&format!("GET /lage?lang=sv&lang={MARK}"), ""), &[200, 404]),
        ("no language", ask(&format!("GET /rapporter?lang={MARK}"), ""), &[404]),
        ("a strange query", ask(&format!("GET /om-matten?%FF=%FE&&=&{MARK}=%"), ""), &[200]),
        (
            "a strange wish",
            ask("GET /om-matten", &format!("Accept-Language: {MARK};q=é\r\n")),
            &[200],
        ),
        ("a strange tag", ask("GET /style.css", &format!("If-None-Match: {MARK},\"\r\n")), &[200]),
        ("markup", ask(&format!("GET /publik/<script>{MARK}"), ""), &[400, 404]),
    ];
    for (what, (status, text), allowed) in cases {
        assert!(allowed.contains(&status), "{what}: {status}\n{text}");
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        assert!(!text.contains(MARK), "{what}: repeated in\n{text}");
        assert!(!body.contains("panicked"), "{what}");
    }
    let posted = request(site.address, "POST", "/lage", &[("Content-Length", "0")]).unwrap();
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));
    assert!(posted.text().contains("Går bara att läsa"));
    let lost = get(site.address, "/lage?lang=de", &[("Accept-Language", "en")]).unwrap();
    assert!(lost.status == 404 && lost.text().contains("There is no such page"));
    assert_eq!(site.get("/-/healthy").text(), "healthy\n", "it serves on");
    site.stop();
}

#[test]
fn names_cannot_become_markup() {
    let mut evil = town();
    evil.departments[0].name = "<script>alert(1)</script>".into();
    let mut site = Site::start(evil);
    site.answers(Town::of("08:00:00.000 entered social a").engine, NOW);
    for path in PAGES {
        assert!(!site.get(path).text().contains("<script>alert"), "{path}");
    }
    assert!(!site.get("/avdelning/barn?lang=<script>alert").text().contains("<script>alert"));
    assert!(!site.get("/%3Cscript%3Ealert").text().contains("<script>alert"));
    assert!(!site.events().next().unwrap().contains("<script>alert"));
    site.stop();
}

#[test]
fn a_page_that_cannot_be_relied_on_says_so() {
    let mut silent = town();
    silent.stream.partitions[0].last_event = Some(NOW.minus(Millis::from_seconds(700)));
    let mut site = Site::start(silent.clone());
    assert!(site.get("/").text().contains("Inaktuell: ingen händelse sedan 10:20:25"));
    silent.all.open = false;
    site.show(silent.clone());
    assert!(!site.get("/").text().contains("Inaktuell"), "at night silence is usual");
    site.readiness.send(Readiness::default()).unwrap();
    assert!(site.get("/").text().contains("Inaktuell: tjänsten är inte redo"));
    silent.caught_up = false;
    site.show(silent);
    let page = site.get("/");
    assert!(page.text().contains("Historiken läses in"));
    assert!(!page.text().contains("Uppgifter från"), "there are none");
    assert!(!page.text().contains("Målet nås"), "figures that are not whole are not shown");
    site.stop();
}

#[test]
fn metrics_are_compressed_when_asked_and_counted() {
    let mut site = Site::start(town());
    let plain = site.get("/metrics");
    assert_eq!(plain.header("content-encoding"), None);
    promtool_check_metrics(plain.text()).unwrap();
    let small = get(site.address, "/metrics", &[("Accept-Encoding", "gzip")]).unwrap();
    assert_eq!(small.header("content-encoding"), Some("gzip"));
    assert_eq!(small.header("content-type"), plain.header("content-type"));
    assert_eq!(small.body[..2], [0x1f, 0x8b]);
    assert!(small.body.len() * 5 < plain.body.len(), "{}", small.body.len());

    site.get("/../etc/passwd");
    let text = site.get("/metrics");
    let count = |handler, code| {
        let labels = [("handler", handler), ("code", code)];
        metric_value(text.text(), "svarstid_http_requests_total", &labels)
    };
    assert_eq!(count("/metrics", "200"), Some(2.0));
    assert_eq!(count("none", "404"), Some(1.0));
    assert!(!text.text().contains("passwd"));
    site.stop();
}

#[test]
fn not_ready_tells_the_reasons() {
    let mut site = Site::start(town());
    let reasons = vec!["the ledger is being read".to_owned(), "no partition assigned".to_owned()];
    site.readiness.send(Readiness { ready: false, reasons, ..Readiness::default() }).unwrap();
    let response = site.get("/-/ready");
    let wanted = (503, "the ledger is being read\nno partition assigned\n");
    assert_eq!((response.status, response.text()), wanted);
    assert_eq!(site.get("/-/healthy").status, 200);
    site.readiness.send(Readiness { ready: true, ..Readiness::default() }).unwrap();
    assert_eq!(site.get("/-/ready").status, 200);
    site.stop();
}

#[test]
fn the_engine_answers_for_figures() {
    let mut site = Site::start(town());
    let engine = Town::of(
        "08:00:00.000 entered social a
         08:00:05.000 answered social a
         08:01:05.000 ended social a",
    )
    .engine;
    let last = engine.last_event().unwrap();
    let address = site.address;
    let queries = ["?interval=month", "", "?interval=day"];
    let asking = std::thread::spawn(move || {
        queries.map(|query| get(address, &format!("/api/v1/figures{query}"), &[]).unwrap())
    });
    for _ in queries {
        site.questions.blocking_recv().unwrap().answer(&engine, last);
    }
    let [month, hour, day] = asking.join().unwrap();
    for (response, from) in [(&month, "10-01T00"), (&hour, "10-05T08"), (&day, "10-05T00")] {
        let document: serde_json::Value = serde_json::from_str(response.text()).unwrap();
        let row = &document["rows"][0];
        assert_eq!(row["from"], format!("2026-{from}:00:00+02:00"));
        assert_eq!(row["answered"], 1);
        assert_eq!(response.header("content-type"), Some("application/json"));
    }
    site.questions.close();
    assert_eq!(site.get("/api/v1/figures").status, 503, "the engine is gone");
    site.stop();
}

/// A day whose end is the last minute that an engine knows.
fn evening(engine: &Engine, day: &str) -> (Snapshot, Timestamp) {
    let day = Day::parse(day).expect("a day is written well");
    let at = Zone::stockholm().at_wall_clock(day, 17 * 60);
    let mut snapshot = town();
    snapshot.now = at;
    assert!(engine.last_event().is_some_and(|last| last <= at));
    (snapshot, at)
}

#[test]
fn a_department_tells_whether_its_number_was_staffed_today() {
    let mut snapshot = town();
    snapshot.now = Zone::stockholm().at_wall_clock(Day::parse("2026-10-05").unwrap(), 13 * 60);
    let at = |minute: i64| snapshot.now.minus(Millis((13 * 60 - minute) * 60_000));
    let course = vec![
        ((at(480), at(600)), Staffed::More),
        ((at(600), at(625)), Staffed::Nobody),
        ((at(625), at(720)), Staffed::One),
        ((at(720), at(780)), Staffed::Unknown),
    ];
    let hours = vec![(at(480), at(960))];
    let soc = snapshot.departments.iter().position(|one| one.slug == "soc").unwrap();
    snapshot.departments[soc].staffed = Some(Arc::new(StaffedDay { hours, course }));
    let mut site = Site::start(snapshot);
    let page = site.get("/avdelning/soc").text().replace('\u{a0}', " ");
    for told in [
        "Obemannat 25 min i dag. Längsta glappet 25 min, från klockan 10:00.",
        "<th scope=\"row\">10:00</th><td>0 min</td><td>35 min</td><td>25 min</td><td>0 min</td>",
        "<th scope=\"row\">12:00</th><td>0 min</td><td>0 min</td><td>0 min</td><td>1 h</td>",
        ">Två eller fler</text>",
        ">1 h 35 min</text>",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(site.get("/avdelning/barn").text().contains("Ingen källa har berättat om inloggade."));
    site.stop();
}

#[test]
fn the_goals_tell_their_levels_and_every_month_since_they_began() {
    // Seven of eight in September, two of two in October.
    let call = |day: &str, at: u32, answered: &str| {
        let stay = format!("vx c{day}{at}");
        format!("{day}T10:{at:02}:00 offered {stay}\n{day}T10:{at:02}:{answered} answered {stay}\n")
    };
    let september = (0..8).map(|at| call("09-07", at, if at == 0 { "25" } else { "05" }));
    let october = (0..2).map(|at| call("10-05", at, "05"));
    let script: String = september.chain(october).collect();
    let engine = Town::of(&script).engine;
    let (snapshot, at) = evening(&engine, "2026-10-05");
    let mut site = Site::start(snapshot);
    site.answers(engine, at);
    let page = site.get("/mal");
    let text = page.text().replace('\u{a0}', " ").replace('\u{2011}', "-");
    for told in [
        "Räknat till och med <b>2026-10-05 10:01</b>",
        "<th class=\"edge\" scope=\"col\">September 2026</th>",
        "<th class=\"edge\" scope=\"col\">Oktober 2026 hittills</th>",
        "<th class=\"edge\" scope=\"col\">2026 hittills</th>",
        "Minst 90 % av samtalen till växeln ska besvaras av en människa inom tre signaler",
        "Gäller sedan 2014-01-01, beslutad av riktlinjen Luleå Direkt 2013-08.",
        "Gäller tills vidare: inget beslut för 2026.",
        "<th scope=\"row\">september 2026</th><td>87,5 %</td><td>8</td><td>minst 90 %</td><td>✗ ej uppfyllt</td>",
        "<th scope=\"row\">oktober 2026 hittills</th><td>100,0 %</td><td>2</td><td>minst 90 %</td><td>✓ uppfyllt</td>",
        "87,5 % i september 2026, 100,0 % i oktober 2026 hittills. Målet nåddes i 0 av 1 hela månader.",
        "Ingen undersökning är inlagd ännu.",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert_eq!(text.matches("role=\"img\"").count(), text.matches("<desc ").count());
    let english = site.get("/mal?lang=en");
    assert!(english.text().contains("October 2026 so far"));
    // The switchboard's goal is of the unit that runs it.
    let own = site.get("/mal/soc");
    assert!(own.text().contains("Målen: Socialförvaltningen"), "{}", own.text());
    site.stop();
}

#[test]
fn the_goals_are_asked_for_at_most_once_a_minute_and_are_missed_aloud() {
    let engine = Town::of("08:00:00 entered social a").engine;
    let (snapshot, at) = evening(&engine, "2026-10-05");
    let mut loading = snapshot.clone();
    loading.caught_up = false;
    let mut site = Site::start(loading);
    let (address, get) = (site.address, |path| get(site.address, path, &[]).unwrap());
    let page = get("/mal");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Siffrorna är snart här"));
    site.show(snapshot.clone());
    let asking = std::thread::spawn(move || crate::support::get(address, "/mal", &[]).unwrap());
    for _ in 0..2 {
        site.questions.blocking_recv().unwrap().answer(&engine, at);
    }
    assert_eq!(asking.join().unwrap().status, 200);
    // Whoever reads within the minute asks nothing.
    assert_eq!(site.get("/mal").status, 200);
    assert_eq!(site.get("/mal/soc").status, 200);
    assert!(site.questions.try_recv().is_err());
    site.questions.close();
    let mut later = snapshot;
    later.now = at.plus(Millis(60_000));
    site.show(later);
    let missed = site.get("/mal");
    assert_eq!(missed.status, 503);
    assert!(missed.text().contains("Siffrorna kunde inte hämtas"));
    site.stop();
}

#[test]
fn the_live_stream_sends_what_changed_and_ends_at_the_stop() {
    let mut site = Site::start(town());
    let mut events = site.events();
    let mut next =
        || -> serde_json::Value { serde_json::from_str(&events.next().unwrap()).unwrap() };
    let ids = |event: &serde_json::Value| -> Vec<String> {
        let parts = event["parts"].as_array().unwrap();
        parts.iter().map(|part| part["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = next();
    let all = ids(&first);
    assert_eq!(all[..3], ["status", "row--all", "row-barn"]);
    assert_eq!(first["ids"].as_array().unwrap().len(), all.len());

    let mut later = town();
    later.departments[3].live.waiting = 7;
    site.show(later.clone());
    let second = next();
    assert_eq!(ids(&second), ["row-miljo"]);
    assert!(second["parts"][0]["html"].as_str().unwrap().contains(">7<"));

    later.departments.remove(0);
    site.show(later);
    assert!(next()["ids"].is_array(), "other parts than before are announced");

    let text = site.get("/metrics");
    assert_eq!(metric_value(text.text(), "svarstid_live_clients", &[]), Some(1.0));
    let took = site.stop();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(events.next(), None, "the stream is over");
}

#[test]
fn a_reader_that_leaves_is_forgotten() {
    let mut site = Site::start(town());
    let mut events = site.events();
    assert!(events.next().is_some());
    drop(events);
    wait_until("the reader to be forgotten", Duration::from_secs(10), || {
        // Writing is what finds out that nobody reads.
        let mut later = town();
        later.now = later.now.plus(Millis::from_seconds(1));
        site.show(later);
        site.show(town());
        let text = site.get("/metrics");
        metric_value(text.text(), "svarstid_live_clients", &[]) == Some(0.0)
    });
    site.stop();
}

#[test]
fn a_client_that_reads_nothing_does_not_hold_up_the_stop() {
    let mut site = Site::start(town());
    let mut idle = TcpStream::connect(site.address).unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    assert_eq!(site.get("/-/healthy").status, 200);
    let took = site.stop();
    assert!(took < Duration::from_secs(2), "{took:?}");
}

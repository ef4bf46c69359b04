//! Certificates and passwords in front of the pages, by the web-config of the Prometheus exporters.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use svarstid::config::Config;
use svarstid::shell::access::Access;

use crate::http::{Site, town};
use crate::metrics::NOW;
use crate::support::{
    Authority, Daemon, Prometheus, Reader, Response, TempDir, get, metric_value, now, promtool,
    wait_for, wait_until,
};
use crate::town::Town;

const PASSWORD: &str = "öppna sesam";
/// Cheap to check, as tests should be.
const COST: u32 = 4;

/// A folder with a server's certificate and the web-config that names it.
struct Folder {
    folder: TempDir,
    authority: Authority,
}

/// What a web-config says of TLS.
const TLS: &str = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

impl Folder {
    fn new() -> Folder {
        let made = Folder { folder: TempDir::new(), authority: Authority::new() };
        made.authority.write(made.path(), "server");
        fs::write(made.path().join("ca.pem"), made.authority.pem()).unwrap();
        made
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, text: &str) {
        fs::write(self.path().join("web.yml"), text).unwrap();
    }

    /// A site with the web-config that was written.
    fn site(&self) -> Site {
        Site::start_with(town(), Access::read(&self.path().join("web.yml")).unwrap())
    }

    fn reader(&self) -> Reader {
        Reader::new(&self.authority)
    }
}

fn users(cost: u32) -> String {
    let hash = bcrypt::hash(PASSWORD, cost).unwrap();
    format!("basic_auth_users:\n  prometheus: {hash}\n")
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[test]
fn every_route_asks_for_the_password_and_nothing_leaks_without_it() {
    let folder = Folder::new();
    folder.write(&users(COST));
    let mut site = folder.site();
    let ask = |path: &str, authorization: &str| {
        get(site.address, path, &[("Authorization", authorization)]).unwrap()
    };
    let right = basic("prometheus", PASSWORD);
    for path in [
        "/",
        "/events",
        "/style.css",
        "/live.js",
        "/icon.svg",
        "/metrics",
        "/-/healthy",
        "/-/ready",
        "/api/v1/figures",
        "/api/v1/live",
        "/api/v1/openapi.json",
        "/api/v1/reports/2026-10/1/a.html",
        "/api/finns/inte",
        "/finns/inte",
    ] {
        let refused = get(site.address, path, &[]).unwrap();
        assert_eq!(refused.status, 401, "{path}");
        let challenge = "Basic realm=\"svarstid\", charset=\"UTF-8\"";
        assert_eq!(refused.header("www-authenticate"), Some(challenge), "{path}");
        assert_eq!(refused.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(refused.text(), "a user's name and password are needed\n", "{path}");
    }
    for wrong in [
        basic("prometheus", "öppna sesam "),
        basic("prometheus", ""),
        basic("grafana", PASSWORD),
        basic("", ""),
        right.replace("Basic", "Bearer"),
        "Basic !".to_owned(),
    ] {
        assert_eq!(ask("/metrics", &wrong).status, 401, "{wrong}");
    }
    assert_eq!(ask("/-/healthy", &right).text(), "healthy\n");
    assert_eq!(ask("/", &right).status, 200);
    assert_eq!(ask("/finns/inte", &right).status, 404);
    assert_eq!(ask("/metrics", &basic("prometheus", "fel")).status, 401, "still");

    let metrics = ask("/metrics", &right);
    let count = |name: &str, labels: &[(&str, &str)]| metric_value(metrics.text(), name, labels);
    let checks = |outcome| count("svarstid_http_password_checks_total", &[("outcome", outcome)]);
    assert_eq!(checks("accepted"), Some(1.0), "who was let in once is remembered");
    assert_eq!(checks("refused"), Some(5.0), "what is no name and password is not checked");
    assert_eq!(checks("busy"), Some(0.0));
    let unauthorised = [("handler", "/metrics"), ("code", "401")];
    assert_eq!(count("svarstid_http_requests_total", &unauthorised), Some(8.0));
    site.stop();
}

#[test]
fn a_flood_of_wrong_passwords_does_not_stop_those_who_are_known() {
    let folder = Folder::new();
    // Every wrong one takes a good part of a second.
    folder.write(&users(11));
    let mut site = folder.site();
    let address = site.address;
    let right = basic("prometheus", PASSWORD);
    let ask = |authorization: &str| {
        get(address, "/-/healthy", &[("Authorization", authorization)]).unwrap().status
    };
    assert_eq!(ask(&right), 200);
    let flood: Vec<_> = (0..40)
        .map(|at| {
            std::thread::spawn(move || {
                let wrong = basic(if at % 2 == 0 { "prometheus" } else { "x" }, "fel");
                get(address, "/-/healthy", &[("Authorization", &wrong)]).map(|answer| answer.status)
            })
        })
        .collect();
    let busy = || {
        let answer = get(address, "/metrics", &[("Authorization", &right)]).unwrap();
        let labels = [("outcome", "busy")];
        metric_value(answer.text(), "svarstid_http_password_checks_total", &labels).unwrap()
    };
    wait_until("the flood to be turned away", Duration::from_secs(10), || busy() >= 20.0);
    let start = now();
    assert_eq!(ask(&right), 200);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?} while others wait");
    let mut answers: Vec<u16> =
        flood.into_iter().filter_map(|thread| thread.join().unwrap().ok()).collect();
    answers.sort_unstable();
    answers.dedup();
    assert_eq!(answers, [401, 503], "nobody got in");
    site.stop();
}

#[test]
fn pages_and_streams_are_the_same_over_tls() {
    let folder = Folder::new();
    folder.write(&format!("{TLS}{}", users(COST)));
    let mut site = folder.site();
    let right = basic("prometheus", PASSWORD);
    let reader = folder.reader();
    let page = reader.get(site.address, "/", &[("Authorization", &right)]).unwrap();
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<title>Telefonservicen i dag – Svarstid</title>"));
    assert_eq!(reader.get(site.address, "/", &[]).unwrap().status, 401);
    let old = Reader::old(&folder.authority);
    let metrics = old.get(site.address, "/metrics", &[("Authorization", &right)]).unwrap();
    assert_eq!(metrics.status, 200);

    let strangers = Reader::new(&Authority::new());
    assert!(strangers.get(site.address, "/", &[]).is_err(), "they do not trust this server");
    let metrics = reader.get(site.address, "/metrics", &[("Authorization", &right)]).unwrap();
    let failures = metric_value(metrics.text(), "svarstid_http_handshake_failures_total", &[]);
    assert_eq!(failures, Some(1.0));

    // A stream lives on until the stop, and one who said nothing does not hold the stop up.
    let mut stream = reader.connect(site.address).unwrap();
    let request = format!("GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: {right}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "HTTP/1.1 200 OK");
    let is_first = |line: &std::io::Result<String>| line.as_ref().unwrap().starts_with("data: ");
    assert!(lines.any(|line| is_first(&line)));
    let silent = TcpStream::connect(site.address).unwrap();
    let took = site.stop();
    assert!(took < Duration::from_secs(2), "{took:?}");
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(rest.iter().all(|line| !line.starts_with("data: ")), "the stream is over: {rest:?}");
    drop(silent);
}

#[test]
fn plain_http_is_not_spoken_where_tls_is() {
    let folder = Folder::new();
    folder.write(TLS);
    let mut site = folder.site();
    assert!(get(site.address, "/metrics", &[]).is_err());
    assert_eq!(folder.reader().get(site.address, "/metrics", &[]).unwrap().status, 200);
    site.stop();
}

#[test]
fn the_newest_version_can_be_demanded() {
    let folder = Folder::new();
    folder.write(&format!("{TLS}  min_version: TLS13\n"));
    let mut site = folder.site();
    assert!(Reader::old(&folder.authority).get(site.address, "/", &[]).is_err());
    assert_eq!(folder.reader().get(site.address, "/", &[]).unwrap().status, 200);
    site.stop();
}

#[test]
fn certificates_of_readers_are_verified() {
    let folder = Folder::new();
    let readers = Authority::new();
    fs::write(folder.path().join("readers.pem"), readers.pem()).unwrap();
    let ours = Reader::with_certificate(&folder.authority, &readers);
    let others = Reader::with_certificate(&folder.authority, &folder.authority);
    for (kind, without) in
        [("RequireAndVerifyClientCert", false), ("VerifyClientCertIfGiven", true)]
    {
        folder.write(&format!("{TLS}  client_auth_type: {kind}\n  client_ca_file: readers.pem\n"));
        let mut site = folder.site();
        let may = |reader: &Reader| {
            reader.get(site.address, "/-/healthy", &[]).is_ok_and(|answer| answer.status == 200)
        };
        assert!(may(&ours), "{kind}");
        assert!(!may(&others), "{kind}");
        assert_eq!(may(&folder.reader()), without, "{kind}");
        site.stop();
    }
}

#[test]
fn a_renewed_certificate_is_taken_over_and_a_broken_one_is_not() {
    let folder = Folder::new();
    folder.write(&format!("{TLS}{}", users(COST)));
    let mut site = folder.site();
    let right = basic("prometheus", PASSWORD);
    let failures = |reader: &Reader| {
        let answer = reader.get(site.address, "/metrics", &[("Authorization", &right)]).ok()?;
        metric_value(answer.text(), "svarstid_http_web_config_failures_total", &[])
    };
    assert_eq!(failures(&folder.reader()), Some(0.0));
    let limit = Duration::from_secs(30);

    // Half of a renewal: the key does not belong to the certificate.
    let renewed = Authority::new();
    let (certificate, key) = renewed.sign("127.0.0.1");
    fs::write(folder.path().join("server.pem"), certificate).unwrap();
    wait_until("the broken pair to be seen", limit, || failures(&folder.reader()) == Some(1.0));

    fs::write(folder.path().join("server.key"), key).unwrap();
    let reader = Reader::new(&renewed);
    let seen = wait_for("the renewed certificate", limit, || failures(&reader));
    assert_eq!(seen, 1.0);
    assert_eq!(failures(&folder.reader()), None, "the old one is gone");
    site.stop();
}

#[test]
fn one_who_asks_nothing_is_shown_out() {
    let folder = Folder::new();
    folder.write(TLS);
    for mut site in [folder.site(), Site::start_with(town(), Access::open())] {
        let start = now();
        let mut silent = TcpStream::connect(site.address).unwrap();
        let mut slow = TcpStream::connect(site.address).unwrap();
        slow.write_all(b"GET / HTT").unwrap();
        for stream in [&mut silent, &mut slow] {
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            // Whatever is said before the end: the connection is over.
            drop(stream.read_to_end(&mut Vec::new()));
        }
        let took = start.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?}");
        site.stop();
    }
}

#[test]
fn prometheus_scrapes_over_tls_with_its_password_and_is_refused_without() {
    let folder = Folder::new();
    folder.write(&format!(
        "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n{}",
        users(COST)
    ));
    let mut site = folder.site();
    let data = TempDir::new();
    fs::copy(folder.path().join("ca.pem"), data.path().join("ca.pem")).unwrap();
    folder.authority.write(data.path(), "own");
    let target = site.address;
    let job = |name: &str, password: &str, certificate: &str| {
        format!(
            "  - job_name: {name}\n    scheme: https\n    basic_auth: {{username: prometheus, \
             password: '{password}'}}\n    tls_config: {{ca_file: ca.pem{certificate}}}\n    \
             static_configs: [{{targets: ['{target}']}}]\n"
        )
    };
    let own = ", cert_file: own.pem, key_file: own.key";
    let text = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{}{}{}",
        job("right", PASSWORD, own),
        job("wrong-password", "fel", own),
        job("no-certificate", PASSWORD, ""),
    );
    let Some(prometheus) = Prometheus::start_on(data, &text) else { return };
    wait_until("a scrape", Duration::from_secs(30), || {
        prometheus.value("up{job=\"right\"}") == Some(1.0)
    });
    for job in ["wrong-password", "no-certificate"] {
        let up = format!("up{{job=\"{job}\"}}");
        let seen = wait_for("a refusal", Duration::from_secs(30), || prometheus.value(&up));
        assert_eq!(seen, 0.0, "{job}");
    }
    let waiting = "svarstid_queue_calls_waiting{job=\"right\",department=\"barn\"}";
    assert_eq!(prometheus.value(waiting), Some(4.0));
    site.stop();
}

#[test]
fn a_head_without_end_is_refused() {
    let mut site = Site::start_with(town(), Access::open());
    let long = "x".repeat(20_000);
    assert_eq!(get(site.address, "/-/healthy", &[("X-Long", &long)]).unwrap().status, 200);
    let longer = "x".repeat(40_000);
    let mut stream = TcpStream::connect(site.address).unwrap();
    // It may hang up before all is written.
    drop(write!(
        stream,
        "GET /-/healthy HTTP/1.1\r\nConnection: close\r\nX-Long: {longer}\r\n\r\n"
    ));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{answer:?}");
    assert_eq!(get(site.address, "/-/healthy", &[]).unwrap().status, 200);
    site.stop();
}

/// The example as it is shipped, with the lines of TLS put to use.
fn example() -> (String, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/web-config.yml");
    let text = fs::read_to_string(path).unwrap();
    let used: Vec<String> = text
        .lines()
        .map(|line| {
            let trimmed = line.trim_start();
            let is_setting = trimmed.starts_with('#') && !trimmed.starts_with("# ");
            if is_setting { line.replacen('#', "", 1) } else { line.to_owned() }
        })
        .collect();
    (text.clone(), used.join("\n"))
}

#[test]
fn the_shipped_example_is_read_alike_by_promtool_and_us() {
    let folder = Folder::new();
    fs::copy(folder.path().join("ca.pem"), folder.path().join("readers.pem")).unwrap();
    let (shipped, used) = example();
    assert!(used.contains("\n  client_auth_type: Require") && !shipped.contains("\n  client_auth"));
    for text in [shipped, used] {
        folder.write(&text);
        let file = folder.path().join("web.yml");
        Access::read(&file).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
        if let Some(told) = promtool(&["check", "web-config", &file.to_string_lossy()], "") {
            told.unwrap();
        }
    }
}

#[test]
fn the_daemon_serves_it_and_its_log_keeps_the_secret() {
    let folder = Folder::new();
    folder.write(&format!("{TLS}{}", users(COST)));
    let config = folder.path().join("svarstid.toml");
    let web = folder.path().join("web.yml");
    fs::write(
        &config,
        format!(
            "[kafka]\nbrokers = [\"127.0.0.1:1\"]\n[ledger]\nstorage = \"memory\"\n[http]\n\
             web_config_file = {web:?}\n[log]\nlevel = \"trace\"\n"
        ),
    )
    .unwrap();
    let args = ["run", "--listen", "127.0.0.1:0", "--config", config.to_str().unwrap()];
    let mut daemon = Daemon::start(&args);
    let reader = folder.reader();
    let ask = |password: &str| {
        let authorization = basic("prometheus", password);
        let headers = [("Authorization", authorization.as_str())];
        reader.get(daemon.address(), "/-/healthy", &headers).unwrap().status
    };
    assert_eq!([ask(PASSWORD), ask("hemligt")], [200, 401]);
    assert!(get(daemon.address(), "/-/healthy", &[]).is_err());
    let healthy = |args: &[&str]| {
        let listen = ("SVARSTID_HTTP_LISTEN", daemon.address().to_string());
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_svarstid"));
        command.args(["health", "--config", config.to_str().unwrap()]).args(args).envs([listen]);
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    };
    assert_eq!(healthy(&[]), (0, "it asks for a password, so it serves\n".to_owned()));
    assert_eq!(healthy(&["--ready"]).0, 1);
    let said = daemon.lines().join("\n");
    assert!(said.contains("listening"), "{said}");
    let encoded =
        [PASSWORD, "hemligt"].map(|password| basic("prometheus", password)[6..].to_owned());
    for secret in [PASSWORD, "hemligt", "$2b$", &encoded[0], &encoded[1]] {
        assert!(!said.contains(secret), "the log tells {secret:?}");
    }
    assert!(daemon.terminate(Duration::from_secs(10)).success());
}

/// A site under what `[http]` says, with a web-config or without.
fn site_under(http: &str, access: Access) -> Site {
    let config = Config::parse(&format!("[http]\n{http}"), &[]).unwrap();
    let mut site = Site::start_with(town(), access.under(&config.http));
    site.answers(Town::of("08:00:00.000 entered social a").engine, NOW);
    site
}

const INTERNAL: [&str; 9] = [
    "/",
    "/lage",
    "/rapporter",
    "/rapporter/2026-10",
    "/rapporter/2026-10?format=csv",
    "/events?page=/publik",
    "/metrics",
    "/api/v1/live",
    "/publiken",
];
const CITIZENS: [&str; 7] = [
    "/publik",
    "/publik/2026-10",
    "/publik/2026-10/csv",
    "/publik/finns/inte",
    "/om-matten",
    "/tillganglighet",
    "/style.css",
];

#[test]
fn citizens_pages_can_be_open_while_the_others_ask_for_the_password() {
    let folder = Folder::new();
    folder.write(&users(COST));
    let read = || Access::read(&folder.path().join("web.yml")).unwrap();
    let mut shut = site_under("", read());
    for path in CITIZENS.iter().chain(&INTERNAL) {
        assert_eq!(shut.get(path).status, 401, "{path}: nothing is open by default");
    }
    shut.stop();

    let mut site = site_under("public_without_password = true", read());
    for path in INTERNAL {
        assert_eq!(site.get(path).status, 401, "{path}");
    }
    for path in CITIZENS {
        let status = if path.contains("inte") { 404 } else { 200 };
        assert_eq!(site.get(path).status, status, "{path}");
    }
    let right = basic("prometheus", PASSWORD);
    let ask = |path: &str, authorization: &str| {
        get(site.address, path, &[("Authorization", authorization)]).unwrap()
    };
    let leads_inside = |page: &Response| page.text().contains("href=\"/lage\"");
    assert!(!leads_inside(&site.get("/om-matten")), "a citizen's ways lead to citizens' pages");
    assert!(site.get("/om-matten").text().contains("href=\"/publik\""));
    assert!(!leads_inside(&ask("/om-matten", &basic("prometheus", "fel"))), "nor with a wrong one");
    assert_eq!(ask("/lage", &right).status, 200);
    assert!(leads_inside(&ask("/om-matten", &right)), "one who was let in finds the way back");
    assert!(!leads_inside(&ask("/publik", &right)), "what citizens see is the same for all");
    let metrics = ask("/metrics", &right);
    let refused = [("outcome", "refused")];
    let checks = metric_value(metrics.text(), "svarstid_http_password_checks_total", &refused);
    assert_eq!(checks, Some(0.0), "no password is checked for a page that is open");
    site.stop();
}

#[test]
fn a_trusted_proxy_vouches_for_its_readers_and_nobody_else_does() {
    let proxy = "trusted_proxy_header = \"X-Remote-User\"\n";
    let mut site = site_under(proxy, Access::open());
    let ask = |path: &str, headers: &[(&str, &str)]| get(site.address, path, headers).unwrap();
    for path in INTERNAL.iter().chain(&CITIZENS).filter(|path| !path.contains(".css")) {
        for headers in [
            &[] as &[(&str, &str)],
            &[("X-Remote-User", "")],
            &[("X-Remote-User", "  ")],
            &[("X-Remote-Users", "asa")],
            &[("Authorization", "Basic YTpi")],
            // The proxy's own, which knows nobody, and one that its client has sent.
            &[("X-Remote-User", ""), ("X-Remote-User", "asa")],
            &[("X-Remote-User", "asa"), ("X-Remote-User", "")],
        ] {
            assert_eq!(ask(path, headers).status, 403, "{path}: {headers:?}");
        }
        let status = match *path {
            "/publiken" | "/publik/finns/inte" | "/events?page=/publik" => 404,
            _ => 200,
        };
        let let_in = ask(path, &[("x-remote-user", "Åsa Ekorre")]);
        assert_eq!(let_in.status, status, "{path}");
        assert!(!let_in.text().contains("Ekorre"), "{path}: nobody is named");
    }
    assert_eq!(ask("/style.css", &[]).status, 200, "the page that refuses has a style");
    let page = ask("/lage", &[("Accept-Language", "en")]);
    assert!(page.text().contains("For those who are let in"), "{}", page.text());
    assert!(ask("/lage", &[]).text().contains("Bara för inloggade"));
    assert!(!ask("/lage", &[]).text().contains("<nav"), "no way leads on");
    let problem = ask("/api/v1/live", &[]);
    assert_eq!(problem.header("content-type"), Some("application/problem+json"));
    site.stop();

    // From elsewhere the header means nothing.
    let mut site =
        site_under(&format!("{proxy}trusted_proxies = [\"127.0.0.2\", \"::1\"]"), Access::open());
    let let_in = get(site.address, "/lage", &[("X-Remote-User", "asa")]).unwrap();
    assert_eq!(let_in.status, 403);
    site.stop();

    // Beside a password either lets in.
    let folder = Folder::new();
    folder.write(&users(COST));
    let access = Access::read(&folder.path().join("web.yml")).unwrap();
    let mut site = site_under(proxy, access);
    let ask = |headers: &[(&str, &str)]| get(site.address, "/lage", headers).unwrap().status;
    let right = basic("prometheus", PASSWORD);
    assert_eq!(ask(&[]), 401);
    assert_eq!(ask(&[("X-Remote-User", "asa")]), 200);
    assert_eq!(ask(&[("Authorization", &right)]), 200);
    assert_eq!(ask(&[("X-Remote-User", ""), ("Authorization", "Basic YTpi")]), 401);
    site.stop();

    // What citizens may see needs neither.
    let http = format!("{proxy}public_without_password = true");
    let mut site = site_under(&http, Access::open());
    assert_eq!(site.get("/publik").status, 200);
    assert_eq!(site.get("/lage").status, 403);
    site.stop();
}

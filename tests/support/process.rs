//! The daemon and Prometheus as processes of their own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::http::{self, Response, percent_encode};
use super::{TempDir, have, wait_for, wait_until};

/// How long a process may take until it listens.
const LISTEN_LIMIT: Duration = Duration::from_secs(30);

/// A process that serves HTTP, with every line it prints kept. Killed when dropped.
struct Server {
    name: &'static str,
    child: Child,
    /// What came on standard error and standard output, in the order it came.
    lines: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(name: &'static str, mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("cannot start {name}: {e}"));
        let lines = Arc::default();
        keep_lines(child.stderr.take().expect("stderr is piped"), &lines);
        keep_lines(child.stdout.take().expect("stdout is piped"), &lines);
        Server { name, child, lines }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("no reader panics").clone()
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked")
    }

    #[track_caller]
    fn wait_listening(&mut self) -> SocketAddr {
        let what = format!("{} to listen", self.name);
        wait_for(&what, LISTEN_LIMIT, || {
            let found = self.lines().iter().find_map(|line| listening_address(line));
            if found.is_none()
                && let Some(status) = self.exited()
            {
                panic!("{} ended with {status} before it listened", self.name);
            }
            found
        })
    }

    #[track_caller]
    fn wait_ready(&mut self, address: SocketAddr, limit: Duration) {
        let what = format!("{} to be ready", self.name);
        wait_until(&what, limit, || {
            if let Some(status) = self.exited() {
                panic!("{} ended with {status} before it was ready", self.name);
            }
            http::get(address, "/-/ready", &[]).is_ok_and(|response| response.status == 200)
        });
    }

    /// Sends a signal by name, as in `TERM`.
    fn signal(&self, signal: &str) {
        // The shell's own `kill` is everywhere; the program of that name is not.
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{signal} {}", self.child.id())])
            .status()
            .expect("sh starts");
        assert!(sent.success(), "cannot send {signal} to {}", self.name);
    }

    #[track_caller]
    fn wait_exit(&mut self, limit: Duration) -> ExitStatus {
        let what = format!("{} to exit", self.name);
        wait_for(&what, limit, || self.exited())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Best effort: it may have ended.
        drop(self.child.kill());
        drop(self.child.wait());
        if thread::panicking() {
            eprintln!("--- {} printed:\n{}\n---", self.name, self.lines().join("\n"));
        }
    }
}

fn keep_lines(from: impl Read + Send + 'static, into: &Arc<Mutex<Vec<String>>>) {
    let into = Arc::clone(into);
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let line = without_colour(&String::from_utf8_lossy(&line));
            into.lock().expect("no reader panics").push(line);
        }
    });
}

/// Text without the escape sequences that colour a terminal.
fn without_colour(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    plain
}

/// The address in a line that says `listening` and has a field `address`: `address=127.0.0.1:80`
/// or `"address":"127.0.0.1:80"`. Port 0 is a wish, not an address.
fn listening_address(line: &str) -> Option<SocketAddr> {
    if !line.to_lowercase().contains("listening") {
        return None;
    }
    let (_, field) = line.split_once("address")?;
    let field = field.trim_start_matches(['"', '=', ':', ' ']);
    let end = field.find(['"', ' ', ',', '}']).unwrap_or(field.len());
    let address: SocketAddr = field[..end].parse().ok()?;
    (address.port() != 0).then_some(address)
}

/// The built daemon as a process. Killed when dropped; what it printed is shown when the test
/// fails.
pub(crate) struct Daemon {
    server: Server,
    address: SocketAddr,
}

impl Daemon {
    /// Starts the daemon and waits until it says at which address it listens, so `args` should
    /// hold `--listen 127.0.0.1:0`. Nothing of the test's own `SVARSTID_…` settings reaches it.
    ///
    /// # Panics
    ///
    /// When it ends, or does not listen within 30 s.
    #[track_caller]
    pub(crate) fn start(args: &[&str]) -> Self {
        Daemon::start_with(args, &[])
    }

    /// The same with variables added to its environment.
    #[track_caller]
    pub(crate) fn start_with(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_svarstid"));
        command.args(args);
        without_settings(&mut command);
        command.envs(environment.iter().copied());
        Daemon::start_command(command)
    }

    /// The same, started by a shell that runs the command `before` first, which may change what a
    /// process inherits.
    #[track_caller]
    pub(crate) fn start_after(before: &str, args: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{before} exec \"$@\"")).arg("sh");
        command.arg(env!("CARGO_BIN_EXE_svarstid")).args(args);
        without_settings(&mut command);
        Daemon::start_command(command)
    }

    #[track_caller]
    fn start_command(command: Command) -> Self {
        let mut server = Server::start("the daemon", command);
        let address = server.wait_listening();
        Daemon { server, address }
    }

    /// Where it serves HTTP.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything it printed so far, without colours.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.server.lines()
    }

    /// Waits until `/-/ready` answers 200.
    #[track_caller]
    pub(crate) fn wait_ready(&mut self, limit: Duration) {
        self.server.wait_ready(self.address, limit);
    }

    /// Asks for a page.
    ///
    /// # Panics
    ///
    /// When there is no whole answer; any status is an answer.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response {
        self.get_with(path, &[])
    }

    /// Asks for a page with request headers.
    #[track_caller]
    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        http::get(self.address, path, headers)
            .unwrap_or_else(|e| panic!("cannot get {path} of {}: {e}", self.address))
    }

    /// The text of `/metrics`.
    #[track_caller]
    pub(crate) fn metrics(&self) -> String {
        let response = self.get("/metrics");
        assert_eq!(response.status, 200, "{}", response.text());
        response.text().to_owned()
    }

    /// Asks it to stop (SIGTERM) and waits for its exit.
    #[track_caller]
    pub(crate) fn terminate(&mut self, limit: Duration) -> ExitStatus {
        self.signal("TERM");
        self.server.wait_exit(limit)
    }

    /// Ends it at once (SIGKILL), as a crash would.
    #[track_caller]
    pub(crate) fn kill(&mut self) -> ExitStatus {
        self.signal("KILL");
        self.server.wait_exit(Duration::from_secs(10))
    }

    /// Sends a signal by name: `STOP` and `CONT` make it a daemon that hangs for a while.
    pub(crate) fn signal(&self, signal: &str) {
        self.server.signal(signal);
    }

    /// How it ended, if it has.
    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        self.server.exited()
    }

    /// Waits for an exit that nobody asked for.
    #[track_caller]
    pub(crate) fn wait_exit(&mut self, limit: Duration) -> ExitStatus {
        self.server.wait_exit(limit)
    }
}

pub(super) fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SVARSTID_") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1");
}

/// A Prometheus server that scrapes every second. Killed when dropped.
pub(crate) struct Prometheus {
    server: Server,
    address: SocketAddr,
    _data: TempDir,
}

impl Prometheus {
    /// Starts a server that scrapes `target`; `None`, said aloud, where there is no Prometheus.
    #[track_caller]
    pub(crate) fn start(target: SocketAddr) -> Option<Self> {
        Prometheus::start_many(&[target])
    }

    /// The same for several targets.
    #[track_caller]
    pub(crate) fn start_many(targets: &[SocketAddr]) -> Option<Self> {
        let text = format!(
            "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n\
             scrape_configs:\n  - job_name: svarstid\n    static_configs:\n      \
             - targets: [{}]\n",
            targets.iter().map(|target| format!("'{target}'")).collect::<Vec<_>>().join(", ")
        );
        Prometheus::start_on(TempDir::new(), &text)
    }

    /// Starts a server with a configuration of its own, over a folder in which `tsdb` may hold
    /// earlier samples; files that the configuration names relatively are looked for there.
    #[track_caller]
    pub(crate) fn start_on(data: TempDir, configuration: &str) -> Option<Self> {
        Prometheus::start_with(data, configuration, &[])
    }

    /// The same with more flags.
    #[track_caller]
    pub(crate) fn start_with(data: TempDir, configuration: &str, flags: &[&str]) -> Option<Self> {
        if !have("prometheus", "prometheus") {
            return None;
        }
        let config = data.path().join("prometheus.yml");
        fs::write(&config, configuration).expect("the configuration can be written");
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", data.path().join("tsdb").display()))
            .arg("--storage.tsdb.retention.time=20y")
            .arg("--web.listen-address=127.0.0.1:0")
            .args(flags);
        let mut server = Server::start("Prometheus", command);
        let address = server.wait_listening();
        server.wait_ready(address, LISTEN_LIMIT);
        Some(Prometheus { server, address, _data: data })
    }

    /// Where it serves its own API.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a PromQL expression gives at this moment: label sets and values.
    ///
    /// # Panics
    ///
    /// When the expression is wrong or there is no answer.
    #[track_caller]
    pub(crate) fn query(&self, expression: &str) -> Vec<(serde_json::Value, f64)> {
        self.query_when(expression, None)
    }

    /// The same at a moment, in seconds since 1970.
    ///
    /// # Panics
    ///
    /// As [`Prometheus::query`].
    #[track_caller]
    pub(crate) fn query_at(&self, expression: &str, at: i64) -> Vec<(serde_json::Value, f64)> {
        self.query_when(expression, Some(at))
    }

    #[track_caller]
    fn query_when(&self, expression: &str, at: Option<i64>) -> Vec<(serde_json::Value, f64)> {
        let json = self.ask(expression, at);
        let result = &json["data"]["result"];
        if json["data"]["resultType"] == "scalar" {
            return vec![(serde_json::Value::Null, sample(result))];
        }
        let rows = result.as_array().expect("the result is a vector");
        rows.iter().map(|row| (row["metric"].clone(), sample(&row["value"]))).collect()
    }

    #[track_caller]
    fn ask(&self, expression: &str, at: Option<i64>) -> serde_json::Value {
        let at = at.map_or_else(String::new, |at| format!("&time={at}"));
        let path = format!("/api/v1/query?query={}{at}", percent_encode(expression));
        let response = http::get(self.address, &path, &[]).expect("Prometheus answers");
        assert_eq!(response.status, 200, "{expression}: {}", response.text());
        serde_json::from_slice(&response.body).expect("Prometheus answers in JSON")
    }

    /// Every sample that a range of an expression holds, as in `up[1h]`: label sets, and values in
    /// the order of time.
    ///
    /// # Panics
    ///
    /// As [`Prometheus::query`].
    #[track_caller]
    pub(crate) fn samples(&self, range: &str) -> Vec<(serde_json::Value, Vec<f64>)> {
        let json = self.ask(range, None);
        let rows = json["data"]["result"].as_array().expect("the result is a matrix");
        let values = |row: &serde_json::Value| {
            row["values"].as_array().into_iter().flatten().map(sample).collect()
        };
        rows.iter().map(|row| (row["metric"].clone(), values(row))).collect()
    }

    /// The value of an expression that gives exactly one; `None` while it gives another number.
    #[track_caller]
    pub(crate) fn value(&self, expression: &str) -> Option<f64> {
        match self.query(expression).as_slice() {
            [(_, value)] => Some(*value),
            _ => None,
        }
    }
}

/// An Alertmanager. Killed when dropped.
pub(crate) struct Alertmanager {
    server: Server,
    address: SocketAddr,
    _data: TempDir,
}

impl Alertmanager {
    /// Starts one over a folder in which its configuration may name files; `None`, said aloud,
    /// where there is none.
    #[track_caller]
    pub(crate) fn start_on(data: TempDir, configuration: &str) -> Option<Self> {
        const PROGRAM: &str = "prometheus-alertmanager";
        if !have(PROGRAM, PROGRAM) {
            return None;
        }
        let config = data.path().join("alertmanager.yml");
        fs::write(&config, configuration).expect("the configuration can be written");
        let mut command = Command::new(PROGRAM);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", data.path().join("state").display()))
            .arg("--cluster.listen-address=")
            .arg("--web.listen-address=127.0.0.1:0");
        let mut server = Server::start("Alertmanager", command);
        let address = server.wait_listening();
        server.wait_ready(address, LISTEN_LIMIT);
        Some(Alertmanager { server, address, _data: data })
    }

    /// Where it serves its API.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything it printed so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.server.lines()
    }
}

/// A sample is a pair of time and text.
fn sample(pair: &serde_json::Value) -> f64 {
    pair[1].as_str().and_then(|text| text.parse().ok()).expect("a sample is a number")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_address_is_read_from_text_and_json_and_not_from_the_wish_for_any_port() {
        let found = Some("127.0.0.1:8080".parse().unwrap());
        let coloured = "INFO \x1b[1mlistening\x1b[0m \x1b[3maddress\x1b[0m\x1b[2m=\x1b[0m\
                        127.0.0.1:8080 more=1";
        assert_eq!(listening_address(&without_colour(coloured)), found);
        let json = r#"{"message":"listening","address":"127.0.0.1:8080"}"#;
        assert_eq!(listening_address(json), found);
        assert_eq!(listening_address("Start listening address=127.0.0.1:0"), None);
        assert_eq!(listening_address("resolved address=127.0.0.1:80"), None);
    }

    /// A stand-in for the daemon: prints the address of `listener` and ends as `on_term` says.
    fn stand_in(listener: &TcpListener, on_term: &str) -> Daemon {
        let address = listener.local_addr().unwrap();
        let script = format!(
            "trap '{on_term}' TERM; echo listening address={address} >&2; \
             while :; do sleep 0.02; done"
        );
        let mut command = Command::new("sh");
        command.args(["-c", &script]);
        Daemon::start_command(command)
    }

    /// Answers every request with one series until the process of the test ends.
    fn serve(listener: &TcpListener) {
        let listener = listener.try_clone().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let body = "answers_total 42\n";
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\
                     Content-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                // Read first: closing with unread bytes would reset the connection.
                let read = stream.read(&mut [0; 4096]).unwrap();
                assert!(read > 0);
                stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
            }
        });
    }

    #[test]
    fn a_process_is_found_read_and_stopped() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        serve(&listener);
        let mut daemon = stand_in(&listener, "exit 3");
        daemon.wait_ready(Duration::from_secs(5));
        assert_eq!(daemon.metrics(), "answers_total 42\n");
        assert_eq!(daemon.lines().len(), 1);
        assert_eq!(daemon.terminate(Duration::from_secs(5)).code(), Some(3));
    }

    #[test]
    fn a_process_that_will_not_stop_is_reported_and_can_be_killed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut daemon = stand_in(&listener, "");
        let patience = std::panic::AssertUnwindSafe(|| {
            daemon.terminate(Duration::from_millis(200));
        });
        let message = std::panic::catch_unwind(patience).unwrap_err();
        assert!(message.downcast_ref::<String>().unwrap().contains("the daemon to exit"));
        assert_eq!(daemon.kill().code(), None);
    }

    #[test]
    fn prometheus_scrapes_what_it_is_pointed_at() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        serve(&listener);
        let Some(prometheus) = Prometheus::start(listener.local_addr().unwrap()) else { return };
        wait_until("a scrape", Duration::from_secs(15), || {
            prometheus.value("answers_total{job=\"svarstid\"}") == Some(42.0)
        });
        assert_eq!(prometheus.value("scalar(up) + 1"), Some(2.0));
        assert_eq!(prometheus.value("nothing_here"), None);
    }
}

//! The interface for programs: every answer is as its description says, and the present figures
//! are those of `/metrics`.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::time::Duration;

use rdkafka::mocking::MockCluster;
use serde_json::{Value, json};
use svarstid::config::Config;
use svarstid::domain::calendar::{Day as Date, Zone};
use svarstid::domain::snapshot::Snapshot;
use svarstid::report::{Audience, Language};
use svarstid::shell::access::Access;
use svarstid::shell::api::question::Asked;
use svarstid::simulate::{Parameters, Simulation};
use svarstid::wire::canonical::Arrival;

use crate::http::{Site, town};
use crate::metrics::small;
use crate::oracle;
use crate::support::truth::configuration_text;
use crate::support::{
    Daemon, Day, Response, TempDir, get, metric_total, metric_value, percent_encode, produce,
    request, wait_for, wait_until,
};
use crate::town::Town;

const LIMIT: Duration = Duration::from_secs(60);
/// A value that no parameter takes, and that would be markup if it were repeated.
const NONSENSE: &str = "<b>å&\"\0../..";

/// The interface's description, as a server gives it.
struct Described {
    server: SocketAddr,
    document: Value,
}

/// A route of the description.
struct Route<'a> {
    path: &'a str,
    operation: &'a Value,
}

impl Described {
    fn read(server: SocketAddr) -> Described {
        let response = get(server, "/api/v1/openapi.json", &[]).unwrap();
        assert_eq!(response.status, 200);
        Described { server, document: serde_json::from_slice(&response.body).unwrap() }
    }

    fn routes(&self) -> impl Iterator<Item = Route<'_>> {
        let paths = self.document["paths"].as_object().unwrap();
        paths.iter().map(|(path, operations)| Route { path, operation: &operations["get"] })
    }

    fn route(&self, path: &str) -> Route<'_> {
        self.routes().find(|route| route.path == path).unwrap()
    }

    /// What a reference leads to, or the thing itself.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            None => value,
            Some(reference) => self.document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        }
    }

    fn parameters<'a>(&'a self, route: &'a Route<'_>, place: &str) -> Vec<&'a Value> {
        let all = route.operation["parameters"].as_array().unwrap().iter();
        all.map(|one| self.resolve(one)).filter(|one| one["in"] == place).collect()
    }

    /// A route's address with the examples of what it must have, and these parameters.
    fn address(&self, route: &Route<'_>, query: &[(&str, &str)]) -> String {
        let mut address = route.path.to_owned();
        for one in self.parameters(route, "path") {
            let name = format!("{{{}}}", one["name"].as_str().unwrap());
            address = address.replace(&name, &text(&one["example"]));
        }
        let is_given = |one: &&&Value| query.iter().any(|(name, _)| *name == one["name"]);
        let parameters = self.parameters(route, "query");
        let needed = parameters.iter().filter(|one| one["required"] == true);
        let needed = needed
            .filter(|one| !is_given(one))
            .map(|one| (one["name"].as_str().unwrap(), text(&one["example"])));
        let given = query.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let pairs: Vec<String> = needed
            .chain(given)
            .map(|(name, value)| format!("{name}={}", percent_encode(&value)))
            .collect();
        if pairs.is_empty() { address } else { format!("{address}?{}", pairs.join("&")) }
    }

    /// Asks, and holds the answer against the description.
    #[track_caller]
    fn ask(&self, route: &Route<'_>, address: &str, headers: &[(&str, &str)]) -> Response {
        let response = get(self.server, address, headers).unwrap();
        self.check(route, address, &response);
        response
    }

    #[track_caller]
    fn check(&self, route: &Route<'_>, address: &str, response: &Response) {
        let status = response.status.to_string();
        let described = self.resolve(&route.operation["responses"][&status]);
        assert!(!described.is_null(), "{address}: {status} is not described");
        assert!(
            response.header("vary").is_some_and(|vary| vary.contains("accept-language")),
            "{address}"
        );
        let Some(content_type) = response.header("content-type") else {
            assert!(described["content"].is_null(), "{address}: {status} without content");
            return;
        };
        let content = &described["content"][content_type];
        assert!(!content.is_null(), "{address}: {status} as {content_type} is not described");
        let schema = &content["schema"];
        if schema.is_null() {
            return;
        }
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        let faults = self.faults(schema, &body);
        assert!(faults.is_empty(), "{address}: {status}\n{}", faults.join("\n"));
        for header in described["headers"].as_object().into_iter().flat_map(|all| all.keys()) {
            let name = header.to_ascii_lowercase();
            assert!(response.header(&name).is_some(), "{address}: {status} has no {header}");
        }
    }

    /// What a schema of the description finds wrong with a document.
    fn faults(&self, schema: &Value, body: &Value) -> Vec<String> {
        let whole = json!({"allOf": [schema], "components": self.document["components"]});
        let options = jsonschema::options().should_validate_formats(true);
        let validator = options.build(&whole).unwrap();
        let faults = validator.iter_errors(body);
        faults.map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
    }

    /// Asks every route with everything that may be asked of it, and with what may not.
    fn ask_everything(&self, is_there: impl Fn(&str) -> bool) {
        for route in self.routes() {
            let plain = self.address(&route, &[]);
            if !is_there(route.path) {
                assert_eq!(self.ask(&route, &plain, &[]).status, 404, "{plain}");
                continue;
            }
            self.ask_plainly(&route, &plain);
            let parameters = self.parameters(&route, "query");
            let mut together = Vec::new();
            let examples: Vec<(&str, String)> = parameters
                .iter()
                .map(|one| (one["name"].as_str().unwrap(), text(&one["example"])))
                .collect();
            for (one, (name, example)) in parameters.iter().zip(&examples) {
                let choices = one["schema"]["enum"].as_array().into_iter().flatten().map(text);
                for value in choices.chain([example.clone()]) {
                    let address = self.address(&route, &[(name, &value)]);
                    // The period asked for is a day, and days are not for citizens.
                    let wanted = if value == "public" { 404 } else { 200 };
                    assert_eq!(self.ask(&route, &address, &[]).status, wanted, "{address}");
                }
                self.ask_wrongly(&route, name);
                together.push((*name, example.as_str()));
            }
            let address = self.address(&route, &together);
            assert_eq!(self.ask(&route, &address, &[]).status, 200, "{address}");
            let names: Vec<&str> = examples.iter().map(|(name, _)| *name).collect();
            self.ask_strangely(&route, &plain, &names);
        }
    }

    fn ask_plainly(&self, route: &Route<'_>, plain: &str) {
        let response = self.ask(route, plain, &[]);
        assert_eq!(response.status, 200, "{plain}: {}", response.text());
        assert_eq!(response.header("cache-control"), Some("private, no-cache"), "{plain}");
        let head = request(self.server, "HEAD", plain, &[]).unwrap();
        assert_eq!(head.status, 200, "{plain}");
        assert_eq!(head.header("content-type"), response.header("content-type"), "{plain}");
        let small = self.get(plain, &[("Accept-Encoding", "gzip")]);
        assert_eq!(small.header("content-encoding"), Some("gzip"), "{plain}");
        // The present figures are others a second later.
        wait_until("the same twice", LIMIT, || {
            let tag = self.get(plain, &[]).header("etag").unwrap().to_owned();
            let again = self.ask(route, plain, &[("If-None-Match", &tag)]);
            assert!(again.header("etag").is_some(), "{plain}");
            again.status == 304 && again.body.is_empty()
        });
        assert_eq!(self.ask(route, plain, &[("If-None-Match", "W/\"0\"")]).status, 200, "{plain}");
        let posted = request(self.server, "POST", plain, &[("Content-Length", "0")]).unwrap();
        assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")), "{plain}");
        self.check(route, plain, &posted);
    }

    fn ask_wrongly(&self, route: &Route<'_>, name: &str) {
        let address = self.address(route, &[(name, NONSENSE)]);
        let problem = |language: &str| {
            let response = self.ask(route, &address, &[("Accept-Language", language)]);
            assert!([400, 404].contains(&response.status), "{address}: {}", response.status);
            assert_eq!(response.header("content-language"), Some(language), "{address}");
            assert!(!response.text().contains("<b>"), "{address}: {}", response.text());
            let problem: Value = serde_json::from_slice(&response.body).unwrap();
            assert_eq!(problem["parameter"], name, "{address}");
            problem["detail"].clone()
        };
        assert_ne!(problem("sv"), problem("en"), "{address}");
        let twice = self.address(route, &[(name, "1"), (name, "2")]);
        assert_eq!(self.ask(route, &twice, &[]).status, 400, "{twice}");
    }

    fn ask_strangely(&self, route: &Route<'_>, plain: &str, names: &[&str]) {
        let unknown = self.address(route, &[("fraga", NONSENSE)]);
        let response = self.ask(route, &unknown, &[]);
        assert_eq!(response.status, 400, "{unknown}");
        let problem: Value = serde_json::from_slice(&response.body).unwrap();
        let allowed = problem["allowed"].as_array().map_or(0, Vec::len);
        assert_eq!(allowed, names.len(), "{unknown}: {problem}");
        for one in self.parameters(route, "path") {
            let good = format!("/{}", percent_encode(&text(&one["example"])));
            let bad = plain.replace(&good, &format!("/{}", percent_encode(NONSENSE)));
            assert_ne!(bad, plain);
            let response = self.ask(route, &bad, &[]);
            assert_eq!(response.status, 404, "{bad}");
            assert!(!response.text().contains("<b>"), "{bad}");
        }
    }

    fn get(&self, address: &str, headers: &[(&str, &str)]) -> Response {
        get(self.server, address, headers).unwrap()
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A daemon on the morning after a whole day.
fn the_day_after(
    folder: &TempDir,
    cluster: &MockCluster<'_, impl rdkafka::ClientContext>,
) -> Daemon {
    let day = Day::of(Day::monday(1));
    let written = day.written(3);
    cluster.create_topic("events", 3, 1).unwrap();
    let brokers = cluster.bootstrap_servers();
    let path = folder.path().join("config.toml");
    let config = format!(
        "[kafka]\nbrokers = [\"{brokers}\"]\nproperties = {{ \"fetch.wait.max.ms\" = 10 }}\n\
         [ledger]\nstorage = \"memory\"\n[topics]\nevents = [\"events\"]\n{}",
        configuration_text(&day.parameters)
    );
    fs::write(&path, config).unwrap();
    produce(&brokers, "events", written.iter().cloned());
    let clock = "2026-10-06T09:00:00+02:00x1";
    let path = path.to_str().unwrap();
    let mut daemon =
        Daemon::start(&["run", "--config", path, "--listen", "127.0.0.1:0", "--clock", clock]);
    daemon.wait_ready(LIMIT);
    wait_until("every record to be read", LIMIT, || {
        metric_total(&daemon.metrics(), "svarstid_events_consumed_total") == written.len() as i64
    });
    daemon
}

#[test]
fn every_route_answers_as_described_and_the_present_is_that_of_the_metrics() {
    let folder = TempDir::new();
    let cluster = MockCluster::new(1).unwrap();
    let mut daemon = the_day_after(&folder, &cluster);
    let described = Described::read(daemon.address());
    // This daemon publishes nothing.
    let published = ["/api/v1/reports/index.json", "/api/v1/reports/{period}/{edition}/{file}"];
    described.ask_everything(|path| !published.contains(&path));

    // The picture was the same if the metrics before and after are of the same moment.
    let (live, metrics) = wait_for("one picture", LIMIT, || {
        let before = daemon.metrics();
        let live: Value = serde_json::from_slice(&daemon.get("/api/v1/live").body).unwrap();
        let clock = |text: &str| {
            metric_value(text, "svarstid_reader_clock_timestamp_seconds", &[]).unwrap()
        };
        (clock(&before) == clock(&daemon.metrics())).then_some((live, before))
    });
    let compared = assert_live_is(&metrics, &live);
    assert!(compared > 500, "{compared}");

    let report = daemon.get("/api/v1/reports/2026-10-05?lang=en");
    assert_eq!(report.header("content-language"), Some("en"));
    let report: Value = serde_json::from_slice(&report.body).unwrap();
    assert!(text(&report["title"]).starts_with("Service goals"), "{}", report["title"]);
    let open = daemon.get("/api/v1/reports/2026-10?audience=public");
    assert_eq!(open.status, 404, "the month is not over");
    assert!(open.text().contains("2026-11-01"), "{}", open.text());
    let short = daemon.get("/api/v1/reports/2026-10-05?audience=public");
    assert!(short.status == 404 && short.text().contains("månader"), "{}", short.text());
    let before = daemon.get("/api/v1/reports/2025");
    assert!(before.status == 404 && before.text().contains("2026-10-05"), "{}", before.text());
    assert_eq!(daemon.terminate(Duration::from_secs(5)).code(), Some(0));
}

/// Holds the present figures against the metrics; gives how many values were compared.
#[track_caller]
fn assert_live_is(metrics: &str, live: &Value) -> usize {
    let mut compared = Compared { metrics, values: 0 };
    for unit in live["departments"].as_array().unwrap() {
        let slug = unit["department"].as_str().unwrap();
        compared.unit(unit, "svarstid_", &[("department", slug)]);
        compared.same("svarstid_department_open", &[("department", slug)], &unit["open"]);
        compared.same("svarstid_department_staffed", &[("department", slug)], &unit["staffed"]);
        for questions in unit["questions"].as_array().unwrap() {
            let labels =
                [("department", slug), ("channel", questions["channel"].as_str().unwrap())];
            compared.same("svarstid_questions_open", &labels, &questions["open"]);
            compared.same("svarstid_questions_overdue", &labels, &questions["overdue"]);
        }
    }
    compared.unit(&live["all"], "svarstid_all_", &[]);
    for goal in live["goals"].as_array().unwrap() {
        let labels = [("goal", goal["goal"].as_str().unwrap())];
        let target = json!(goal["target_percent"].as_f64().unwrap() / 100.0);
        compared.same("svarstid_goal_target_ratio", &labels, &target);
        compared.same("svarstid_goal_threshold_seconds", &labels, &goal["limit_seconds"]);
    }
    // And nothing that the metrics tell is left out.
    for (family, count) in [
        ("svarstid_queue_calls_waiting", live["departments"].as_array().unwrap().len()),
        ("svarstid_goal_window_eligible_events", goals(&live["departments"])),
        ("svarstid_all_goal_window_eligible_events", goals(&json!([live["all"]]))),
    ] {
        let told = metrics.lines().filter(|line| line.starts_with(&format!("{family}{{"))).count();
        assert_eq!(told, count, "{family}");
    }
    compared.values
}

fn goals(units: &Value) -> usize {
    let windows = units.as_array().unwrap().iter().flat_map(|unit| unit["windows"].as_array());
    windows.flatten().map(|window| window["goals"].as_array().unwrap().len()).sum()
}

struct Compared<'a> {
    metrics: &'a str,
    values: usize,
}

impl Compared<'_> {
    /// A value, and that of a series; null is no series.
    #[track_caller]
    fn same(&mut self, family: &str, labels: &[(&str, &str)], value: &Value) {
        let wanted = metric_value(self.metrics, family, labels);
        let is = match value {
            Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
            Value::Number(number) => number.as_f64(),
            Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let is_same = match (is, wanted) {
            // Reading JSON may miss the last bit.
            (Some(is), Some(wanted)) => (is - wanted).abs() <= 1e-12 * wanted.abs(),
            (is, wanted) => is == wanted,
        };
        assert!(is_same, "{family} {labels:?}: {is:?} instead of {wanted:?}");
        self.values += 1;
    }

    #[track_caller]
    fn unit(&mut self, unit: &Value, prefix: &str, own: &[(&str, &str)]) {
        let family = |name: &str| format!("{prefix}{name}");
        self.same(&family("queue_calls_waiting"), own, &unit["waiting"]);
        self.same(&family("queue_calls_waiting_over_target"), own, &unit["waiting_over_target"]);
        self.same(&family("queue_longest_wait_seconds"), own, &unit["longest_wait_seconds"]);
        let agents = &unit["agents"];
        self.same(&family("agents_logged_in"), own, &agents["logged_in"]);
        for state in ["logged_out", "ready", "ringing", "talking", "wrap_up", "paused"] {
            let states = agents["states"].as_array().into_iter().flatten();
            let found = states.into_iter().find(|one| one["state"] == state);
            let count = found.map_or(Value::Null, |one| one["agents"].clone());
            self.same(&family("agents"), &[own, &[("state", state)]].concat(), &count);
        }
        for window in unit["windows"].as_array().unwrap() {
            let name = window["window"].as_str().unwrap();
            let labels = [own, &[("window", name)]].concat();
            self.same(&family("goal_window_open_seconds"), &labels, &window["open_seconds"]);
            for (waits, of) in [
                ("queue_wait", &window["queue_wait_seconds"]),
                ("switchboard_answer", &window["switchboard_answer_seconds"]),
            ] {
                for (percentile, field) in
                    [("50", "p50"), ("90", "p90"), ("95", "p95"), ("99", "p99"), ("max", "max")]
                {
                    let labels = [labels.as_slice(), &[("percentile", percentile)]].concat();
                    self.same(&family(&format!("{waits}_window_seconds")), &labels, &of[field]);
                }
            }
            for goal in window["goals"].as_array().unwrap() {
                let labels = [&labels[..], &[("goal", goal["goal"].as_str().unwrap())]].concat();
                for (name, field) in [
                    ("ratio", "ratio"),
                    ("eligible_events", "of"),
                    ("missed_events", "missed"),
                    ("miss_lower_bound_ratio", "miss_lower_bound_ratio"),
                    ("expected_events", "expected"),
                ] {
                    self.same(&family(&format!("goal_window_{name}")), &labels, &goal[field]);
                }
                self.verdict(goal);
            }
        }
        let month = &unit["month"];
        self.same(&family("goal_month_open_ratio"), own, &month["open_ratio"]);
        for goal in ["SM1", "SM2", "SM3", "SM3w"] {
            let told = month["goals"].as_array().unwrap().iter().find(|one| one["goal"] == goal);
            let told = told.unwrap_or(&Value::Null);
            let labels = [own, &[("goal", goal)]].concat();
            for field in ["budget_events", "budget_remaining_ratio", "projected_ratio"] {
                self.same(&family(&format!("goal_month_{field}")), &labels, &told[field]);
            }
        }
    }

    /// The verdict is that of whole numbers against the level that the metrics tell.
    #[track_caller]
    fn verdict(&self, goal: &Value) {
        let labels = [("goal", goal["goal"].as_str().unwrap())];
        let number = |field: &str| goal[field].as_i64().unwrap();
        let target = metric_value(self.metrics, "svarstid_goal_target_ratio", &labels).unwrap();
        let target = (target * 100.0).round() as i64;
        assert_eq!(goal["target_percent"], target);
        let (met, of) = (number("met") * 100, number("of") * target);
        let kept = match goal["goal"].as_str().unwrap() {
            "SM1" | "SM2" => met >= of,
            _ => met <= of,
        };
        let verdict = match (of, kept) {
            (0, _) => "no_calls",
            (_, true) => "met",
            (_, false) => "missed",
        };
        assert_eq!(goal["verdict"], verdict, "{goal}");
    }
}

fn live_of(site: &Site, query: &str) -> Value {
    let described = Described::read(site.address);
    let route = described.route("/api/v1/live");
    let response = described.ask(&route, &format!("/api/v1/live{query}"), &[]);
    serde_json::from_slice(&response.body).unwrap()
}

#[test]
fn the_present_of_a_made_up_town_is_that_of_its_metrics() {
    for snapshot in [town(), small()] {
        let mut site = Site::start(snapshot);
        let live = live_of(&site, "");
        let compared = assert_live_is(site.get("/metrics").text(), &live);
        assert!(compared > 500, "{compared}");
        assert_eq!(live["moment"], "2026-11-24T10:32:05+01:00");
        site.stop();
    }
}

#[test]
fn a_field_that_is_not_described_is_found_and_so_is_one_that_is_missing() {
    let mut site = Site::start(small());
    let described = Described::read(site.address);
    let live = live_of(&site, "");
    let faults =
        |body: &Value| described.faults(&json!({"$ref": "#/components/schemas/Live"}), body);
    assert_eq!(faults(&live), Vec::<String>::new());
    for place in ["", "/departments/1", "/all/agents", "/departments/0/windows/2/goals/0"] {
        let mut more = live.clone();
        more.pointer_mut(place).unwrap()["number"] = json!("0701234567");
        assert_eq!(faults(&more).len(), 1, "{place}");
    }
    let mut other = live.clone();
    other["departments"][0]["windows"][0].as_object_mut().unwrap().remove("goals");
    other["moment"] = json!("i dag");
    assert_eq!(faults(&other).len(), 2, "{:?}", faults(&other));
    site.stop();
}

#[test]
fn what_a_single_person_does_is_not_told() {
    let mut site = Site::start(small());
    let live = live_of(&site, "");
    let soc = &live["departments"][1];
    assert_eq!(soc["agents"], json!({"logged_in": 2, "states": null}));
    // Nor by subtracting the other department from the whole.
    assert_eq!(live["all"]["agents"], json!({"logged_in": 8, "states": null}));
    assert!(live["departments"][0]["agents"]["states"].is_array());
    let own = live_of(&site, "?department=soc");
    assert_eq!(own["departments"], json!([soc]));
    assert!(own["all"].is_null());
    site.stop();
}

#[test]
fn figures_that_are_not_whole_are_not_given() {
    let mut site = Site::start(Snapshot::default());
    let described = Described::read(site.address);
    for path in ["/api/v1/live", "/api/v1/figures", "/api/v1/reports", "/api/v1/reports/{period}"] {
        let route = described.route(path);
        let response = described.ask(&route, &described.address(&route, &[]), &[]);
        assert_eq!((response.status, response.header("retry-after")), (503, Some("5")), "{path}");
    }
    site.stop();
}

#[test]
fn one_report_is_made_at_a_time() {
    let mut site = Site::start(town());
    let described = Described::read(site.address);
    let address = site.address;
    let path = "/api/v1/reports/2026-10?department=social&audience=public";
    let first = std::thread::spawn(move || get(address, path, &[("Accept-Language", "en")]));
    let question = site.questions.blocking_recv().unwrap();
    let route = described.route("/api/v1/reports/{period}");
    let busy = described.ask(&route, "/api/v1/reports/2026", &[]);
    assert_eq!((busy.status, busy.header("retry-after")), (503, Some("2")));
    let town = Town::of("08:00:00.000 entered social a");
    question.answer(&town.engine, town.engine.last_event().unwrap());
    let first = first.join().unwrap().unwrap();
    assert_eq!(first.status, 404);
    assert!(first.text().contains("is on 2026-11-01"), "{}", first.text());
    site.questions.close();
    wait_until("the next one's turn", LIMIT, || {
        // It is an engine that has gone then, and no other report.
        described.ask(&route, "/api/v1/reports/2026", &[]).header("retry-after") == Some("5")
    });
    site.stop();
}

#[test]
fn an_address_that_leads_nowhere_is_a_problem_in_the_readers_language() {
    let mut site = Site::start(town());
    for path in ["/api", "/api/", "/api/v1", "/api/v2/live", "/api/v1/reports/2026-10/1"] {
        let swedish = site.get(path);
        assert_eq!(swedish.status, 404, "{path}");
        assert_eq!(swedish.header("content-type"), Some("application/problem+json"), "{path}");
        assert!(swedish.text().contains("Adressen finns inte"), "{}", swedish.text());
        let english = get(site.address, path, &[("Accept-Language", "fr, en;q=0.4")]).unwrap();
        assert!(english.text().contains("no such address"), "{}", english.text());
    }
    assert_eq!(site.get("/apina").header("content-type"), Some("text/html; charset=utf-8"));
    site.stop();
}

#[test]
fn what_is_published_is_served_and_nothing_else() {
    let folder = TempDir::new();
    let edition = folder.path().join("public/2026-10/1");
    fs::create_dir_all(&edition).unwrap();
    fs::write(folder.path().join("secret.json"), "{}").unwrap();
    fs::write(folder.path().join("public/index.json"), "{\"editions\": []}").unwrap();
    for (name, text) in [
        ("2026-10-public.sv.html", "<!DOCTYPE html><title>x</title>"),
        ("2026-10-public.sv.csv", "a,b\r\n"),
        ("2026-10-public.sv.json", "{}"),
        ("2026-10-public.sv.xlsx", "PK"),
        ("2026-10-public.txt", "no"),
    ] {
        fs::write(edition.join(name), text).unwrap();
    }
    symlink("1", folder.path().join("public/2026-10/latest")).unwrap();
    symlink(folder.path().join("secret.json"), edition.join("linked.json")).unwrap();
    fs::create_dir(edition.join("folder.json")).unwrap();
    let published = Some(folder.path().join("public"));
    let mut site = Site::publishing(town(), Access::open(), published);
    let described = Described::read(site.address);

    let route = described.route("/api/v1/reports/index.json");
    let index = described.ask(&route, route.path, &[]);
    assert_eq!((index.status, index.text()), (200, "{\"editions\": []}"));
    let route = described.route("/api/v1/reports/{period}/{edition}/{file}");
    let ask = |path: &str| described.ask(&route, &format!("/api/v1/reports/{path}"), &[]);
    for kind in ["html", "csv", "json", "xlsx"] {
        for edition in ["1", "latest"] {
            let file = ask(&format!("2026-10/{edition}/2026-10-public.sv.{kind}"));
            assert_eq!(file.status, 200, "{kind}");
            assert!(file.header("etag").is_some());
            let policy = file.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none';"), "{policy}");
            assert_eq!(policy.contains("sandbox"), kind == "html", "{policy}");
        }
    }
    for path in [
        "2026-10/1/2026-10-public.txt",
        "2026-10/2/2026-10-public.sv.html",
        "2026-10/01/2026-10-public.sv.html",
        "2026-10/1/2026-11-public.sv.html",
        "2026-10/1/linked.json",
        "2026-10/1/folder.json",
        "2026-10/1/..%2F..%2F..%2Fsecret.json",
        "2026-10/1/%2e%2e%2fsecret.json",
        "2026-10/..%2F..%2F/secret.json",
        "2026-10/../secret.json",
        "../../secret.json",
        "%2e%2e/1/secret.json",
        "..%2F..%2Fetc/1/passwd",
        "2026-13/1/2026-10-public.sv.html",
        "2026-10/1/%00.html",
        "2026-10/1/%FF.html",
    ] {
        assert_eq!(ask(path).status, 404, "{path}");
    }
    assert_eq!(ask("2026-10/1/2026-10-public.sv.html?x=1").status, 400);
    site.stop();
}

#[test]
fn without_a_folder_nothing_is_published() {
    let mut site = Site::start(town());
    for path in ["index.json", "2026-10/1/2026-10-public.html"] {
        assert_eq!(site.get(&format!("/api/v1/reports/{path}")).status, 404, "{path}");
    }
    site.stop();
}

#[test]
fn half_hours_are_told_where_all_of_them_are_kept() {
    let parameters = Parameters {
        scale: 0.02,
        ..Parameters::new(3, "2026-06-01".parse().unwrap(), "2026-10-01".parse().unwrap())
    };
    let config: Config = oracle::configuration(&parameters);
    let mut engine = oracle::engine(&config);
    engine.open_partition("test", 0);
    for (offset, record) in Simulation::new(parameters).unwrap().enumerate() {
        engine.event(0, offset as i64, record.payload.as_bytes(), &Arrival::default());
    }
    engine.commit();
    engine.tick();
    let now = Zone::stockholm().day_start(Date::parse("2026-10-01").unwrap());
    let tables = |period: &str, audience| -> Vec<String> {
        let asked = Asked::Report {
            period: period.parse().unwrap(),
            department: None,
            audience,
            language: Language::Swedish,
        };
        let report: Value = serde_json::from_str(&asked.answer(&engine, now).unwrap()).unwrap();
        report["tables"].as_array().unwrap().iter().map(|table| text(&table["id"])).collect()
    };
    let has_heat = |tables: &[String]| tables.iter().any(|id| id == "wait_by_half_hour");
    assert!(has_heat(&tables("2026-09", Audience::Internal)));
    assert!(!has_heat(&tables("2026-06", Audience::Internal)));
    assert!(!has_heat(&tables("2026-T2", Audience::Internal)), "May to August, in part");
    assert!(tables("2026-06", Audience::Public).contains(&"goals".to_owned()));
}

//! The boards for Grafana: the committed files, what they ask for and whom they could show.
//!
//! The rules are those of Grafana's own dashboard linter as far as they concern Prometheus, and
//! ours. `SVARSTID_UPDATE_GOLDEN=1` writes the files again.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use svarstid::boards::{self, Asked, Board};
use svarstid::metrics;
use svarstid::metrics::names::{CATALOGUE, Family, INCIDENTS, Kind, UNSTAFFED_SECONDS};

use crate::metrics::{assert_golden, small};
use crate::support::{Prometheus, wait_until};

/// What Prometheus itself makes: of its rules, and of each scrape.
const OF_PROMETHEUS: [(&str, &[&str]); 4] = [
    ("ALERTS", &["alertname", "alertstate"]),
    ("up", &[]),
    ("scrape_duration_seconds", &[]),
    ("scrape_samples_scraped", &[]),
];

/// Words of PromQL that stand where a metric's name could.
const WORDS: [&str; 13] = [
    "and",
    "bool",
    "by",
    "group_left",
    "group_right",
    "ignoring",
    "offset",
    "on",
    "or",
    "unless",
    "without",
    "inf",
    "nan",
];

/// Every query of every board, as Grafana would send it.
pub(crate) fn every_expression(job: &str) -> Vec<Asked> {
    let values = [
        ("job", job),
        ("instance", ".+"),
        ("department", ".+"),
        ("__rate_interval", "1m"),
        ("__range", "1h"),
    ];
    boards::all().iter().flat_map(|board| board.asked(&values)).collect()
}

fn document(board: &Board) -> Value {
    serde_json::from_str(&board.json()).expect("a board is JSON")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("{key} is a list"))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is a text in {value}"))
}

/// Names with their matchers' labels, and the labels that are grouped or joined by.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    series: Vec<(String, Vec<String>)>,
    grouped: BTreeSet<String>,
    functions: BTreeSet<String>,
}

/// Reads so much of PromQL as our boards write.
fn read(expression: &str) -> Read {
    let mut found = Read::default();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut rest = expression;
    let mut groups = false;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let end = rest[1..].find('"').expect("a text ends") + 2;
            rest = &rest[end..];
        } else if first == '[' {
            rest = &rest[rest.find(']').expect("a range ends")..][1..];
        } else if first == '(' && groups {
            let end = rest.find(')').expect("a list of labels ends");
            let labels = rest[1..end].split(',').map(str::trim).filter(|label| !label.is_empty());
            found.grouped.extend(labels.map(str::to_owned));
            rest = &rest[end + 1..];
            groups = false;
        } else if first == '{' {
            let end = rest.find('}').expect("matchers end");
            let series = found.series.last_mut().expect("matchers follow a name");
            let parts = rest[1..end].split(", ");
            series.1.extend(
                parts.map(|part| part.trim_start().split(['=', '!']).next().unwrap().to_owned()),
            );
            rest = &rest[end + 1..];
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            groups = ["by", "without", "on", "ignoring", "group_left"].contains(&word);
            if rest.trim_start().starts_with('(') && !WORDS.contains(&word) {
                found.functions.insert(word.to_owned());
            } else if !WORDS.contains(&word) && !is_aggregation(word) {
                found.series.push((word.to_owned(), Vec::new()));
            }
        } else if first.is_ascii_digit() {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.');
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    found
}

fn is_aggregation(word: &str) -> bool {
    ["sum", "max", "min", "topk", "count"].contains(&word)
}

/// The family that a series belongs to, and the labels it has from us.
fn family(name: &str) -> Option<(&'static Family, Vec<&'static str>)> {
    CATALOGUE.iter().find_map(|family| {
        let labels = family.labels.to_vec();
        if family.kind != Kind::Histogram {
            return (family.name == name).then_some((family, labels));
        }
        match name.strip_prefix(family.name)? {
            "_bucket" => Some((family, [labels, vec!["le"]].concat())),
            "_sum" | "_count" => Some((family, labels)),
            _ => None,
        }
    })
}

#[test]
fn expressions_are_read_as_prometheus_would() {
    let found = read(
        "sum by (le) (max without (instance) (rate(a_bucket{job=~\"x\", b!=\"y\"}[1m]))) \
         / on (goal) group_left (name) (3600 * c{d=\"1\"} offset -23h)",
    );
    let series = |name: &str, labels: &[&str]| {
        (name.to_owned(), labels.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(found.series, [series("a_bucket", &["job", "b"]), series("c", &["d"])]);
    assert_eq!(
        found.grouped.iter().map(String::as_str).collect::<Vec<_>>(),
        ["goal", "instance", "le", "name"]
    );
    assert!(found.functions.contains("rate"));
}

#[test]
fn the_committed_files_are_what_is_generated() {
    let mut uids = BTreeSet::new();
    for board in boards::all() {
        assert!(uids.insert(board.uid()), "{} is there twice", board.uid());
        assert_golden(&format!("config/grafana/dashboards/{}.json", board.uid()), &board.json());
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/grafana/dashboards");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, uids.iter().map(|uid| format!("{uid}.json")).collect());
    assert_eq!(uids.len(), 7);
}

#[test]
fn every_name_and_label_is_in_the_catalogue() {
    for Asked { board, panel, expression } in every_expression("svarstid") {
        let found = read(&expression);
        let place = format!("{board}: {panel}: {expression}");
        assert!(!found.series.is_empty(), "{place}");
        let mut labels_of_all = BTreeSet::from(["job", "instance"]);
        for (name, matched) in &found.series {
            let of_prometheus = OF_PROMETHEUS.iter().find(|(own, _)| own == name);
            let labels = match (family(name), of_prometheus) {
                (Some((_, labels)), None) => labels,
                (None, Some((_, labels))) => labels.to_vec(),
                (Some(_), Some(_)) | (None, None) => panic!("{place}: what is {name}?"),
            };
            for label in matched {
                let is_known = labels.contains(&label.as_str())
                    || ["job", "instance"].contains(&label.as_str());
                assert!(is_known, "{place}: {name} has no label {label}");
                assert_ne!(label, "le", "{place}: bounds are written differently by versions");
            }
            labels_of_all.extend(labels);
        }
        for label in &found.grouped {
            assert!(labels_of_all.contains(label.as_str()), "{place}: no series has {label}");
        }
    }
}

#[test]
fn figures_are_folded_over_instances_and_counters_are_rates() {
    for Asked { board, panel, expression } in every_expression("svarstid") {
        let place = format!("{board}: {panel}: {expression}");
        let found = read(&expression);
        // An estimate; only to see that something happened, in the moments beside the curves.
        let grows = found.functions.contains("increase");
        assert!(
            !grows || (panel == "Händelser i huvudboken" && expression.contains("[2m]")),
            "{place}"
        );
        for (name, matched) in found.series {
            let Some((family, labels)) = family(&name) else { continue };
            let is_of_job = matched.iter().any(|label| label == "job");
            assert!(is_of_job || panel == "job", "{place}: {name} of any job");
            let at = expression.find(&name).unwrap();
            let before = &expression[..at];
            // The one that is never reset is subtracted exactly.
            let is_plain = *family == INCIDENTS || *family == UNSTAFFED_SECONDS;
            if family.kind != Kind::Gauge && !is_plain {
                assert!(before.ends_with("rate(") || before.ends_with("increase("), "{place}");
            }
            // What has a department comes from the ledger and is the same from every instance.
            let is_figure = labels.contains(&"department") || name.starts_with("svarstid_all_");
            let is_folded = ["max without (instance) (", "max by (department, name) (", "min("]
                .iter()
                .any(|fold| before.contains(fold));
            assert!(!is_figure || is_folded, "{place}: {name} of each instance");
        }
    }
}

/// States are withheld where they would tell of one or two people; no board works around that, and
/// none has a label or a variable for a person.
#[test]
fn nobody_can_be_seen() {
    let variables = ["datasource", "job", "instance", "department"];
    for board in boards::all() {
        for variable in list(&document(&board)["templating"], "list") {
            assert!(variables.contains(&text(variable, "name")), "{variable}");
        }
    }
    for Asked { expression, .. } in every_expression("svarstid") {
        for person in ["agent=", "agent)", "caller", "contact=", "user", "extension", "phone"] {
            assert!(!expression.contains(person), "{expression}");
        }
    }
}

#[test]
fn panels_are_numbered_named_explained_and_do_not_overlap() {
    for board in boards::all() {
        let document = document(&board);
        assert!(!text(&document, "title").is_empty() && !text(&document, "description").is_empty());
        let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
        let mut taken: BTreeMap<(u64, u64), String> = BTreeMap::new();
        for panel in list(&document, "panels") {
            let title = text(panel, "title");
            let place = format!("{}: {title}", board.uid());
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{place}");
            assert!(titles.insert(title.to_owned()), "{place} is there twice");
            assert!(text(panel, "description").ends_with('.'), "{place}");
            let side = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            assert!(side("x") + side("w") <= 24, "{place} sticks out");
            for x in side("x")..side("x") + side("w") {
                for y in side("y")..side("y") + side("h") {
                    if let Some(other) = taken.insert((x, y), place.clone()) {
                        panic!("{place} lies on {other}");
                    }
                }
            }
        }
    }
}

/// Units of Grafana's own that the boards use.
const UNITS: [&str; 9] =
    ["none", "percentunit", "s", "dthms", "bytes", "Bps", "ops", "reqps", "dateTimeAsLocal"];

/// Rules of grafana/dashboard-linter beside those above: templates for data source, job and
/// instance, on the board, in every panel and in every query; filled anew with the time; units;
/// `$__rate_interval`; not to be edited.
#[test]
fn the_rules_of_grafanas_linter_hold() {
    let core = ["stat", "table", "timeseries", "state-timeline", "status-history", "heatmap"];
    for board in boards::all() {
        let document = document(&board);
        let place = board.uid();
        assert_eq!(document["schemaVersion"], 39, "{place}");
        assert_eq!(document["editable"], false, "{place}");
        assert!(document.get("id").is_none(), "{place}: the number is the installation's own");
        let variables = list(&document["templating"], "list");
        let find = |name: &str| variables.iter().find(|variable| variable["name"] == name).unwrap();
        assert_eq!(find("datasource")["type"], "datasource", "{place}");
        assert_eq!(find("datasource")["query"], "prometheus", "{place}");
        assert_eq!(find("datasource")["label"], "Data source", "{place}");
        for (name, label) in [("job", "Job"), ("instance", "Instance")] {
            let variable = find(name);
            assert_eq!(variable["label"], label, "{place}");
            assert_eq!(variable["multi"], true, "{place}");
            assert_eq!(variable["allValue"], ".+", "{place}");
        }
        for variable in variables.iter().filter(|variable| variable["type"] == "query") {
            assert_eq!(variable["refresh"], 2, "{place}: filled anew when the time changes");
            assert_eq!(variable["datasource"]["uid"], "$datasource", "{place}");
        }
        let required: BTreeSet<&str> =
            list(&document, "__requires").iter().map(|required| text(required, "id")).collect();
        for panel in list(&document, "panels") {
            let place = format!("{place}: {}", text(panel, "title"));
            assert!(core.contains(&text(panel, "type")), "{place}");
            assert!(required.contains(text(panel, "type")), "{place}");
            assert_eq!(panel["datasource"]["uid"], "$datasource", "{place}");
            assert!(UNITS.contains(&text(&panel["fieldConfig"]["defaults"], "unit")), "{place}");
            let targets = list(panel, "targets");
            assert!(!targets.is_empty(), "{place}");
            for target in targets {
                assert_eq!(target["datasource"]["uid"], "$datasource", "{place}");
                let expression = text(target, "expr");
                let is_of_rules = expression.starts_with("ALERTS{");
                assert!(is_of_rules || expression.contains("job=~\"$job\""), "{place}");
                assert!(is_of_rules || expression.contains("instance=~\"$instance\""), "{place}");
                for rate in expression.split("rate(").skip(1) {
                    let range = rate.split_once('[').unwrap().1.split(']').next().unwrap();
                    assert_eq!(range, "$__rate_interval", "{place}");
                }
            }
        }
    }
}

/// What Grafana makes of a number: the first range that holds it, where an end that is null is 0.
#[test]
fn words_stand_for_every_margin() {
    let word = |mappings: &Value, margin: f64| {
        let fits = |mapping: &&Value| {
            let end = |key: &str| mapping["options"][key].as_f64().unwrap_or(0.0);
            margin >= end("from") && margin <= end("to")
        };
        let found = mappings.as_array().unwrap().iter().find(fits);
        found.map(|mapping| text(&mapping["options"]["result"], "text").to_owned())
    };
    let mut judged = 0;
    for board in boards::all() {
        for panel in list(&document(&board), "panels") {
            let defaults = &panel["fieldConfig"]["defaults"]["mappings"];
            let overridden = list(&panel["fieldConfig"], "overrides")
                .iter()
                .flat_map(|one| list(one, "properties"))
                .filter(|property| property["id"] == "mappings")
                .map(|property| &property["value"]);
            for mappings in overridden.chain([defaults]).filter(|m| m[0]["type"] == "range") {
                let cases = [
                    (0.1, "Målet nås"),
                    (0.0, "Målet nås"),
                    (-1e-9, "Nära"),
                    (-0.02, "Nära"),
                    (-0.021, "Nås inte"),
                    (-0.9, "Nås inte"),
                ];
                for (margin, wanted) in cases {
                    assert_eq!(word(mappings, margin).as_deref(), Some(wanted), "{margin}");
                }
                judged += 1;
            }
        }
    }
    assert!(judged >= 10, "{judged}");
}

/// A field or a column that an override or a link speaks of is one that the panel has.
#[test]
fn columns_that_are_spoken_of_are_there() {
    for board in boards::all() {
        for panel in list(&document(&board), "panels").iter().filter(|p| p["type"] == "table") {
            let organized = list(panel, "transformations").last().unwrap();
            let renamed = organized["options"]["renameByName"].as_object().unwrap();
            let shown: Vec<&str> = renamed.values().map(|name| name.as_str().unwrap()).collect();
            for one in list(&panel["fieldConfig"], "overrides") {
                let name = text(&one["matcher"], "options");
                assert!(shown.contains(&name), "{}: {name}", text(panel, "title"));
            }
            let values = renamed.keys().filter(|name| name.starts_with("Value")).count();
            let targets = list(panel, "targets");
            assert!(
                values == targets.len()
                    || text(&targets[0], "expr").starts_with("ALERTS")
                    || values == 0,
                "{}",
                text(panel, "title")
            );
            // One query's column has no letter.
            assert_eq!(targets.len() == 1, !renamed.contains_key("Value #A"));
        }
    }
}

/// Serves a text as `/metrics` for as long as the test runs.
fn serve(text: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap_or(0) > 2 {
                line.clear();
            }
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\
                        Connection: close\r\n\r\n";
            // A reader that hangs up has what it wants.
            drop(write!(stream.get_mut(), "{head}{text}"));
        }
    });
    address
}

/// Two instances that export the same: joins must be of one to many, and an answer must be there
/// wherever the catalogue's families are.
#[test]
fn a_real_prometheus_answers_every_expression() {
    let instruments = metrics::Instruments::new();
    instruments.count_request("/metrics", 200);
    let mut snapshot = small();
    // With three agents everywhere no state is held back.
    snapshot.departments[1].live.agents = [3, 2, 0, 1, 0, 0];
    let rendered = instruments.render(&Arc::new(snapshot));
    let targets = [serve(rendered.clone()), serve(rendered.clone())];
    let Some(prometheus) = Prometheus::start_many(&targets) else { return };
    wait_until("scrapes", Duration::from_secs(30), || {
        prometheus.value("min(count_over_time(svarstid_build_info[1m]))").is_some_and(|n| n > 2.0)
            && prometheus.value("count(svarstid_build_info)") == Some(2.0)
    });
    let expressions = every_expression("svarstid");
    let mut silent = BTreeSet::new();
    for Asked { board, panel, expression } in &expressions {
        // Panics where Prometheus objects.
        let answers = prometheus.query(expression);
        let series = read(expression).series;
        let is_there = |name: &str| {
            name != "ALERTS" && {
                let is_ours = family(name).is_some();
                !is_ours || rendered.contains(&format!("\n{name}")) || rendered.starts_with(name)
            }
        };
        let has_past = !expression.contains(" offset ");
        // Only what happened shows, and what is looked at once a minute may not have been yet.
        let is_filtered = expression.contains(" > 0") || expression.contains("sum_over_time");
        if has_past && !is_filtered && series.iter().all(|(name, _)| is_there(name)) {
            assert!(!answers.is_empty(), "{board}: {panel}: {expression} gives nothing");
        } else if answers.is_empty() {
            silent.insert(format!("{board}: {panel}"));
        }
        // No two answers may be told apart by the instance alone in what is folded.
        let labels: BTreeSet<String> = answers.iter().map(|(l, _)| l.to_string()).collect();
        assert_eq!(labels.len(), answers.len(), "{board}: {panel}: {expression}");
    }
    println!("{} expressions, of these silent here: {silent:#?}", expressions.len());
    assert!(expressions.len() > 150, "{}", expressions.len());
}

/// The words for whether a goal is met: exact at the level, and no rounding up to it.
#[test]
fn a_goal_is_met_exactly_at_its_level_and_never_by_rounding() {
    let at = |met: i64, of: i64| {
        let goal = |goal: &str| format!("svarstid_goal_target_ratio{{goal=\"{goal}\"}} ");
        let share = |goal: &str, met: i64| {
            let labels = format!("goal=\"{goal}\",window=\"today\"");
            format!("svarstid_all_goal_window_ratio{{{labels}}} {}\n", met as f64 / of as f64)
        };
        let info = "svarstid_goal_info{goal=\"SM2\",direction=\"at_least\"} 1\n\
                    svarstid_goal_info{goal=\"SM3\",direction=\"at_most\"} 1\n";
        format!(
            "{info}{}0.9\n{}0.1\n{}{}",
            goal("SM2"),
            goal("SM3"),
            share("SM2", met),
            share("SM3", of - met)
        )
    };
    // Met, of, and what is printed of goals 2 and 3 in percent.
    let cases = [
        (90, 100, true, 90.0, 10.0),
        (8_996, 10_000, false, 89.9, 10.1),
        (89_999, 100_000, false, 89.9, 10.1),
        (2, 3, false, 66.6, 33.4),
        (9_234_567, 10_000_000, true, 92.345_67, 7.654_33),
        (899_999_999, 1_000_000_000, false, 89.9, 10.1),
    ];
    let targets = cases.map(|(met, of, ..)| serve(at(met, of)));
    let Some(prometheus) = Prometheus::start_many(&targets) else { return };
    wait_until("scrapes", Duration::from_secs(30), || {
        prometheus.value("count(svarstid_goal_info)") == Some(2.0 * cases.len() as f64)
    });
    for ((met, of, is_met, printed_2, printed_3), target) in cases.iter().zip(targets) {
        let instance = target.to_string();
        let values = [("job", "svarstid"), ("instance", instance.as_str())];
        let of_goal = |goal: &str, start: &str| {
            let asked = boards::all()[0].asked(&values);
            let panels = asked.iter().filter(|one| {
                let of_panel = one.panel.starts_with(&format!("Mål {} i dag", &goal[2..]));
                of_panel && one.expression.starts_with(start)
            });
            let [one] = panels.collect::<Vec<_>>()[..] else { panic!("{goal} is asked for once") };
            prometheus.value(&one.expression).expect("one share")
        };
        for (goal, printed) in [("SM2", printed_2), ("SM3", printed_3)] {
            let margin = of_goal(goal, "(max without");
            assert_eq!(margin >= 0.0, *is_met, "{goal}: {met} of {of}: {margin}");
            let shown = 100.0 * of_goal(goal, "(floor");
            assert!((shown - printed).abs() < 1e-6, "{goal}: {met} of {of}: {shown}");
        }
    }
}

/// Closed, unstaffed, staffed and unknown are told apart, and only open minutes without anyone are
/// counted as unstaffed.
#[test]
fn unstaffed_is_open_without_anyone() {
    let departments = [
        ("closed", 0, Some(0)),
        ("unstaffed", 1, Some(0)),
        ("staffed", 1, Some(1)),
        ("unknown", 1, None),
        ("closed_and_unknown", 0, None),
    ];
    let mut rendered = String::new();
    for (department, open, staffed) in departments {
        let mut put = |family: &str, more: &str, value: u8| {
            let line = format!("svarstid_{family}{{department=\"{department}\"{more}}} {value}\n");
            rendered.push_str(&line);
        };
        put("department_info", &format!(",name=\"{department}\""), 1);
        put("department_open", "", open);
        if let Some(staffed) = staffed {
            put("department_staffed", "", staffed);
            put("department_unstaffed_open_seconds_total", "", 90);
        }
    }
    let targets = [serve(rendered.clone()), serve(rendered)];
    let Some(prometheus) = Prometheus::start_many(&targets) else { return };
    wait_until("scrapes", Duration::from_secs(30), || {
        prometheus.value("count(svarstid_department_open)") == Some(10.0)
    });
    let asked = |panel: &str| {
        let all = every_expression("svarstid").into_iter();
        let found = all.filter(|one| one.board == "Bemanning" && one.panel.starts_with(panel));
        // Seconds, since nobody waits for minutes.
        found.map(|one| one.expression.replace(":1m]", ":1s]")).collect::<Vec<_>>()
    };
    let answer = |expression: &str| {
        let found = prometheus.query(expression).into_iter();
        found
            .map(|(labels, value)| (text(&labels, "name").to_owned(), value))
            .collect::<BTreeMap<_, _>>()
    };
    let [staffing] = &asked("Bemannade nummer")[..] else { panic!("one query") };
    let wanted = [
        ("closed", 0.0),
        ("unstaffed", 1.0),
        ("staffed", 2.0),
        ("unknown", 3.0),
        ("closed_and_unknown", 0.0),
    ];
    assert_eq!(answer(staffing), wanted.map(|(name, code)| (name.to_owned(), code)).into());
    // What was counted before Prometheus looked first is left out; where nothing is known of agents
    // nothing is told.
    let [minutes] = &asked("Obemannade minuter")[..] else { panic!("one query") };
    let wanted = ["closed", "unstaffed", "staffed"].map(|name| (name.to_owned(), 0.0));
    assert_eq!(answer(minutes), wanted.into(), "{minutes}");
}

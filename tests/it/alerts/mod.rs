//! The shipped alert rules: what they use exists, what they say is complete, what they ask for can
//! happen. Whether they fire when they should is for `promtool test rules`, which runs here too,
//! and how often they fire when they should not for [`calibration`].

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

mod calibration;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;
use svarstid::domain::goal::{Goal, GoalId};
use svarstid::domain::snapshot::Window;
use svarstid::metrics::names::{CATALOGUE, Kind};

use crate::support::{have, promtool};

/// What Prometheus itself records of a target.
const OF_PROMETHEUS: [&str; 2] = ["up", "scrape_duration_seconds"];

/// Every alert there is, without its prefix.
const ALERTS: [&str; 26] = [
    "AbandonmentHigh",
    "AlwaysFiring",
    "ClockSkew",
    "ConsumerLagGrowing",
    "DepartmentUnstaffed",
    "Down",
    "EventTimeLag",
    "EventsLate",
    "EventsRejected",
    "GoalBurnDay",
    "GoalBurnFast",
    "GoalBurnSlow",
    "GoalMonthBudgetSpent",
    "GoalMonthProjectedMiss",
    "GoalUnmeasured",
    "Incident",
    "LedgerCommitStale",
    "LedgerFenced",
    "QuestionsDueSoon",
    "QuestionsOverdue",
    "QueueNoAgents",
    "QueueWaitOverTarget",
    "ReportMissing",
    "SatisfactionOrResolutionLow",
    "ScrapeSlow",
    "SnapshotStale",
];

/// Those about the program itself, which may speak when everything is closed.
const AT_ANY_HOUR: [&str; 12] = [
    "AlwaysFiring",
    "ClockSkew",
    "ConsumerLagGrowing",
    "Down",
    "EventsLate",
    "EventsRejected",
    "Incident",
    "LedgerCommitStale",
    "LedgerFenced",
    "ReportMissing",
    "ScrapeSlow",
    "SnapshotStale",
];

const BOARDS: [&str; 7] = [
    "svarstid-wall",
    "svarstid-goals",
    "svarstid-department",
    "svarstid-staffing",
    "svarstid-questions",
    "svarstid-quality",
    "svarstid-operations",
];

const ANNOTATIONS: [&str; 4] = ["dashboard_url", "description", "runbook_url", "summary"];

/// The labels that an alert may carry or speak of: places, goals, times and machinery, no people.
const IMPERSONAL: [&str; 16] = [
    "channel",
    "department",
    "figure",
    "goal",
    "instance",
    "job",
    "measure",
    "name",
    "partition",
    "period",
    "reason",
    "kind",
    "scope",
    "severity",
    "topic",
    "window",
];

#[derive(Debug, Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// A rule as its file says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    alert: Option<String>,
    record: Option<String>,
    expr: String,
    #[serde(rename = "for")]
    held: Option<String>,
    #[serde(rename = "keep_firing_for")]
    _kept: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl Rule {
    /// The alert without its prefix.
    fn name(&self) -> &str {
        let alert = self.alert.as_deref().unwrap();
        alert.strip_prefix("Svarstid").unwrap_or_else(|| panic!("{alert} lacks the prefix"))
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder of `config/prometheus`, by name.
fn files(folder: &str) -> Vec<String> {
    let folder = root().join("config/prometheus").join(folder);
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn rules() -> Vec<Rule> {
    let parse = |file: &String| {
        let text = fs::read_to_string(file).unwrap();
        serde_saphyr::from_str::<RuleFile>(&text).unwrap_or_else(|fault| panic!("{file}: {fault}"))
    };
    files("rules").iter().map(parse).flat_map(|file| file.groups).flat_map(|g| g.rules).collect()
}

fn alerts() -> Vec<Rule> {
    rules().into_iter().filter(|rule| rule.alert.is_some()).collect()
}

/// The names in an expression that may be metrics, each with what stands in its braces.
fn selectors(text: &str) -> Vec<(String, String)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("svarstid") {
        let before = rest[..start].chars().next_back();
        rest = &rest[start..];
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let inside = after.strip_prefix('{').and_then(|a| a.split_once('}')).map_or("", |a| a.0);
        // A board's uid and a page's address are no metrics; `job="svarstid"` is a value.
        let is_name = name.contains(['_', ':']) && !before.is_some_and(|c| is_part(c) || c == '/');
        if is_name {
            found.push((name.to_owned(), inside.replace("\\\"", "\"")));
        }
        rest = after;
    }
    found
}

/// `a="b", c=~"d"` as pairs, whatever the comparison.
fn matchers(inside: &str) -> Vec<(String, String)> {
    inside
        .split("\",")
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            let value = value.trim_start_matches('~').trim_matches('"');
            (name.trim_end_matches('!').trim().to_owned(), value.to_owned())
        })
        .collect()
}

#[test]
fn every_metric_and_label_in_a_rule_exists() {
    let rules = rules();
    let recorded: BTreeSet<&str> = rules.iter().filter_map(|rule| rule.record.as_deref()).collect();
    let labels_of = |name: &str| -> Option<Vec<&str>> {
        let known = CATALOGUE.iter().find(|family| match family.kind {
            Kind::Histogram => ["_bucket", "_count", "_sum"]
                .iter()
                .any(|end| name.strip_suffix(end) == Some(family.name)),
            Kind::Counter | Kind::Gauge => family.name == name,
        });
        known.map(|family| family.labels.to_vec())
    };
    for rule in &rules {
        let texts = rule.annotations.values().chain([&rule.expr]);
        for (name, inside) in texts.flat_map(|text| selectors(text)) {
            if name.contains(':') {
                assert!(recorded.contains(name.as_str()), "{name} is not recorded");
                continue;
            }
            let labels = labels_of(&name).unwrap_or_else(|| panic!("{name} is not exported"));
            for (label, value) in matchers(&inside) {
                let known = labels.contains(&label.as_str()) || label == "job";
                assert!(known, "{name} has no label {label}");
                let is_template = value.contains('%');
                match label.as_str() {
                    "window" if !is_template => {
                        assert!(Window::ALL.iter().any(|w| w.name() == value), "{name} {value}");
                    }
                    "goal" if !is_template => {
                        let of_calls = Goal::ALL.iter().map(|goal| goal.id());
                        let mut known = of_calls.chain(GoalId::ALL.map(GoalId::id));
                        assert!(known.any(|id| id == value), "{name} {value}");
                    }
                    _ => {}
                }
            }
        }
    }
    // What does not begin with our prefix is Prometheus's own.
    let words = rules
        .iter()
        .flat_map(|rule| rule.expr.split(|c: char| !c.is_ascii_lowercase() && c != '_'));
    let own: BTreeSet<&str> = words.filter(|word| OF_PROMETHEUS.contains(word)).collect();
    assert_eq!(own, OF_PROMETHEUS.into_iter().collect());
}

#[test]
fn every_alert_is_there_and_says_what_it_must() {
    let alerts = alerts();
    let names: BTreeSet<&str> = alerts.iter().map(Rule::name).collect();
    assert_eq!(names, ALERTS.into_iter().collect());
    let runbooks = fs::read_to_string(root().join("docs/larm.md")).unwrap();
    for rule in &alerts {
        let name = rule.name();
        let keys: Vec<&str> = rule.annotations.keys().map(String::as_str).collect();
        assert_eq!(keys, ANNOTATIONS, "{name}");
        let severity = rule.labels.get("severity").map(String::as_str);
        assert!(["critical", "warning", "none"].map(Some).contains(&severity), "{name}");
        let says = |annotation: &str| rule.annotations[annotation].as_str();
        // Of how many: a number that the template works out, or one that the text says.
        let description = says("description");
        let counts = description.contains("{{") || description.contains(char::is_numeric);
        assert!(counts || name == "AlwaysFiring", "{name}");

        let runbook = says("runbook_url");
        let anchor =
            format!("https://example.org/svarstid/docs/larm.md#svarstid{}", name.to_lowercase());
        assert_eq!(runbook, anchor);
        let page = runbooks.split(&format!("\n## Svarstid{name}\n")).nth(1);
        let page = page.unwrap_or_else(|| panic!("docs/larm.md says nothing of {name}"));
        let page = page.split("\n## ").next().unwrap();
        for part in ["**För den som ringer:**", "**Titta:**", "**Gör:**", "**Slutar:**"] {
            assert!(page.contains(part), "docs/larm.md, {name}: {part}");
        }

        let board = says("dashboard_url").strip_prefix("https://example.org/grafana/d/").unwrap();
        let board = board.split('?').next().unwrap();
        assert!(BOARDS.contains(&board), "{name}: {board}");
    }
}

#[test]
fn nothing_of_callers_sounds_when_it_is_closed() {
    for rule in alerts() {
        let gated = ["svarstid_department_open", "svarstid_switchboard_open"]
            .iter()
            .any(|gate| rule.expr.trim_end().lines().last().is_some_and(|l| l.contains(gate)));
        assert_eq!(gated, !AT_ANY_HOUR.contains(&rule.name()), "{}", rule.name());
    }
}

#[test]
fn no_alert_names_anybody() {
    for rule in rules() {
        let mut named: Vec<&str> = rule.labels.keys().map(String::as_str).collect();
        for text in rule.annotations.values() {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let after = text.split("$labels.").skip(1);
            named.extend(after.map(|a| a.split(|c| !is_part(c)).next().unwrap()));
            named.extend(text.split("label \"").skip(1).map(|a| a.split('"').next().unwrap()));
            assert!(!text.contains("range $labels"), "{text}");
        }
        for name in named {
            assert!(IMPERSONAL.contains(&name), "{name} in {rule:?}");
        }
        for (name, inside) in selectors(&rule.expr) {
            for (label, _) in matchers(&inside) {
                let known = IMPERSONAL.contains(&label.as_str());
                assert!(known || ["direction", "what"].contains(&label.as_str()), "{name} {label}");
            }
        }
    }
}

/// The shares of calls that may miss the goals at the shipped levels.
fn budgets() -> Vec<f64> {
    let text = fs::read_to_string(root().join("config/goals.toml")).unwrap();
    let list: toml::Table = toml::from_str(&text).unwrap();
    let level = |id: &str| {
        let of_goal = |entry: &&toml::Value| entry["id"].as_str() == Some(id);
        let entry = list["goal"].as_array().unwrap().iter().rfind(of_goal).unwrap();
        entry["percent"].as_integer().unwrap() as f64 / 100.0
    };
    vec![1.0 - level("SM1"), 1.0 - level("SM2"), level("SM3")]
}

/// The factor before each mention of the budget; 1 where there is none.
fn burn_factors(expression: &str) -> Vec<f64> {
    let mut parts = expression.split("svarstid:goal_budget:ratio").peekable();
    let mut factors = Vec::new();
    while let Some(before) = parts.next() {
        if parts.peek().is_some() {
            let product = before.trim_end().strip_suffix('*').map(str::trim_end);
            let factor = product.and_then(|p| p.rsplit(['(', ' ']).next());
            factors.push(factor.map_or(1.0, |factor| factor.parse().unwrap()));
        }
    }
    factors
}

#[test]
fn no_burn_factor_asks_for_more_than_everything() {
    let mut of_alerts: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for rule in alerts() {
        let factors = burn_factors(&rule.expr);
        for factor in &factors {
            for budget in budgets() {
                assert!(*factor <= 1.0 / budget, "{}: {factor} x {budget}", rule.name());
            }
        }
        // Where a level leaves a larger budget than the shipped ones, a clamp keeps it in reach.
        for clamp in rule.expr.split("svarstid:goal_budget:ratio, ").skip(1) {
            let clamp: f64 = clamp.split(')').next().unwrap().parse().unwrap();
            assert!(clamp < 1.0, "{}: {clamp}", rule.name());
        }
        if rule.name().starts_with("GoalBurn") {
            assert!(!factors.is_empty(), "{} has no threshold", rule.name());
            let largest = factors.iter().copied().fold(0.0, f64::max);
            of_alerts.entry(rule.name().to_owned()).or_default().push(largest);
        }
    }
    // Part of the month's budget, in so many of its 22 x 8.5 open hours.
    let burn = |share: f64, hours: f64| (share * 22.0 * 8.5 / hours * 10.0).round() / 10.0;
    assert_eq!(of_alerts["GoalBurnFast"], [burn(0.02, 1.0); 2]);
    assert_eq!(of_alerts["GoalBurnDay"], [burn(0.10, 8.5); 2]);
    assert_eq!(of_alerts["GoalBurnSlow"], [1.0; 2]);
}

#[test]
fn a_factor_from_a_month_without_closing_time_would_be_seen() {
    let expression = "a > on (goal) clamp_max(14.4 * svarstid:goal_budget:ratio, 0.9) and b > svarstid:goal_budget:ratio";
    assert_eq!(burn_factors(expression), [14.4, 1.0]);
    assert!(budgets().iter().all(|budget| 14.4 > 1.0 / budget));
}

#[test]
fn promtool_accepts_rules_and_configuration() {
    let rules = files("rules");
    let mut arguments = vec!["check", "rules"];
    arguments.extend(rules.iter().map(String::as_str));
    let Some(result) = promtool(&arguments, "") else { return };
    result.unwrap();
    let config = root().join("config/prometheus/prometheus.yml");
    promtool(&["check", "config", config.to_str().unwrap()], "").unwrap().unwrap();
}

#[test]
fn promtool_sees_every_alert_fire_and_keep_silent() {
    let tests = files("tests");
    let mut arguments = vec!["test", "rules"];
    arguments.extend(tests.iter().map(String::as_str));
    let Some(result) = promtool(&arguments, "") else { return };
    result.unwrap();
}

#[test]
fn every_alert_is_tested_firing_and_silent() {
    let (mut firing, mut silent) = (BTreeSet::new(), BTreeSet::new());
    for file in files("tests") {
        let text = fs::read_to_string(file).unwrap();
        let file: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        for case in file["tests"].as_array().unwrap() {
            for check in case["promql_expr_test"].as_array().unwrap() {
                let expression = check["expr"].as_str().unwrap().to_owned();
                let expected = check["exp_samples"].as_array().unwrap();
                let labels = expected.iter().map(|sample| sample["labels"].as_str().unwrap());
                let told = labels.collect::<String>() + &expression;
                let into = if expected.is_empty() { &mut silent } else { &mut firing };
                into.extend(
                    ALERTS.into_iter().filter(|alert| told.contains(&format!("Svarstid{alert}\""))),
                );
            }
        }
    }
    assert_eq!(firing, ALERTS.into_iter().collect());
    let never_silent: BTreeSet<&str> = ALERTS.into_iter().filter(|a| !silent.contains(a)).collect();
    assert_eq!(never_silent, BTreeSet::new());
}

#[test]
fn amtool_accepts_the_configuration_and_routes_by_it() {
    if !have("amtool", "prometheus-alertmanager") {
        return;
    }
    let config = root().join("config/alertmanager/alertmanager.yml");
    let run = |arguments: &[&str]| {
        let output = Command::new("amtool").args(arguments).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
        told
    };
    run(&["check-config", config.to_str().unwrap()]);
    let mut routed = BTreeMap::new();
    for rule in alerts() {
        let name = format!("alertname={}", rule.alert.as_deref().unwrap());
        let severity = format!("severity={}", rule.labels["severity"]);
        let file = format!("--config.file={}", config.display());
        let receiver = run(&["config", "routes", "test", &file, &name, &severity]);
        routed.insert(rule.labels["severity"].clone(), receiver.trim().to_owned());
    }
    let expected = [("critical", "vakthavande"), ("none", "livstecken"), ("warning", "chefer")];
    assert_eq!(routed, expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
}

//! PromQL from the catalogue, so that a board cannot ask for a metric that does not exist.
//!
//! Every instance exports the same figures, so what the boards draw of them is folded over
//! `instance`. Figures of a process itself keep the label.

use crate::metrics::names::{self, Family};

/// Alerts that say something; the one that always fires only proves that the chain works.
pub(super) const FIRING: &str =
    r#"ALERTS{alertstate="firing", alertname=~"Svarstid.+", alertname!="SvarstidAlwaysFiring"}"#;

/// What everyone is served from: the chosen jobs and instances.
const CHOSEN: &str = r#"job=~"$job", instance=~"$instance""#;

/// The departments that the reader has chosen.
pub(super) const DEPARTMENT: &str = r#"department=~"$department""#;

/// The series of a name under further matchers, such as `window="1h"`.
fn series(name: &str, matchers: &str) -> String {
    match matchers {
        "" => format!("{name}{{{CHOSEN}}}"),
        matchers => format!("{name}{{{CHOSEN}, {matchers}}}"),
    }
}

/// The series of a family, one for each instance.
pub(super) fn each(family: &Family, matchers: &str) -> String {
    series(family.name, matchers)
}

/// What Prometheus itself notes of a scrape, such as `up`.
pub(super) fn of_scrape(name: &str) -> String {
    series(name, "")
}

/// A gauge, the instances folded into one.
pub(super) fn gauge(family: &Family, matchers: &str) -> String {
    format!("max without (instance) ({})", each(family, matchers))
}

/// How fast a counter grows in a second, the instances folded into one.
pub(super) fn rate(family: &Family, matchers: &str) -> String {
    format!("max without (instance) ({})", each_rate(family, matchers))
}

/// How fast a counter of each process grows in a second.
pub(super) fn each_rate(family: &Family, matchers: &str) -> String {
    format!("rate({}[$__rate_interval])", each(family, matchers))
}

/// The mean of what a histogram of each process has seen.
pub(super) fn each_mean(family: &Family) -> String {
    let part = |suffix| {
        let name = format!("{}{suffix}", family.name);
        format!("rate({}[$__rate_interval])", series(&name, ""))
    };
    format!("{} / {}", part("_sum"), part("_count"))
}

/// How fast the buckets of a histogram fill, for a heatmap.
pub(super) fn buckets(family: &Family, matchers: &str) -> String {
    let name = format!("{}_bucket", family.name);
    let filled = series(&name, matchers);
    format!("sum by (le) (max without (instance) (rate({filled}[$__rate_interval])))")
}

/// How far a share is on the good side of its goal's level: 0 or more means met.
///
/// Exact at the level: 90 of 100 and a level of 90 % are the same number.
pub(super) fn margin(share: &str) -> String {
    let (floor, ceiling) = (level("at_least"), level("at_most"));
    format!(
        "({share} - on (goal) group_left () {floor}) \
         or -({share} - on (goal) group_left () {ceiling})"
    )
}

/// A share as it is printed with one decimal: what misses its goal is never rounded up to it.
pub(super) fn printed(share: &str) -> String {
    let (floor, ceiling) = (level("at_least"), level("at_most"));
    format!(
        "(floor(1000 * {share} + 1e-9) / 1000 < on (goal) group_left () {floor}) \
         or (ceil(1000 * {share} - 1e-9) / 1000 > on (goal) group_left () {ceiling}) \
         or {share}"
    )
}

/// As [`printed`], for a share that should reach the level of a goal without being labelled so.
pub(super) fn printed_against(share: &str, goal: &str) -> String {
    let level = target(goal);
    format!("(floor(1000 * {share} + 1e-9) / 1000 < on () group_left () {level}) or {share}")
}

/// How far such a share is above the level of a goal: 0 or more means met.
pub(super) fn above(share: &str, goal: &str) -> String {
    format!("{share} - on () group_left () {}", target(goal))
}

/// The levels of the goals with this good side.
fn level(direction: &str) -> String {
    let (target, info) = (each(&names::GOAL_TARGET, ""), each(&names::GOAL_INFO, ""));
    let with = info.replace('}', &format!(", direction=\"{direction}\"}}"));
    format!("max by (goal) ({target} and on (goal, instance) {with})")
}

/// The level of a goal.
pub(super) fn target(goal: &str) -> String {
    format!("max by (goal) ({})", each(&names::GOAL_TARGET, &format!("goal=\"{goal}\"")))
}

/// The same series with the department's name for people.
pub(super) fn named(expression: &str) -> String {
    // One name for each, also while two instances start with different ones.
    let info = each(&names::DEPARTMENT_INFO, "");
    format!(
        "({expression}) * on (department) group_left (name) \
         topk by (department) (1, max by (department, name) ({info}))"
    )
}

/// Whether open departments have someone to answer: 0 closed, 1 unstaffed, 2 staffed, 3 unknown.
pub(super) fn staffing(matchers: &str) -> String {
    let open = gauge(&names::DEPARTMENT_OPEN, matchers);
    let staffed = gauge(&names::DEPARTMENT_STAFFED, matchers);
    format!("({open} * (1 + {staffed}) or {open} * 3)")
}

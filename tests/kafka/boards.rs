//! Every query of every board over a month of history and a daemon that is scraped: each finds
//! something, and none is refused.

use std::time::Duration;

use svarstid::boards::{self, Asked};

use crate::installation::{Installation, PARTITIONS};
use crate::support::{Day, History, ends, kafka, produce, wait_until};

const LIMIT: Duration = Duration::from_secs(60);

/// What is there only when something is amiss, or where reports are published: that these find nothing is as it should be.
const ONLY_WHEN_AMISS: [&str; 4] = [
    "ALERTS{",
    "svarstid_incidents_total",
    "svarstid_report_awaited_since",
    "svarstid_report_last_success",
];

/// Moments of working hours in the month, the last of its last open day among them.
const MOMENTS: [&str; 4] = [
    "2024-10-09T10:30:00+02:00",
    "2024-10-16T14:00:00+02:00",
    "2024-10-28T09:00:00+01:00",
    "2024-10-31T16:00:00+01:00",
];

/// Every query with a range for rates that holds some samples.
fn asked(rate_interval: &str) -> Vec<Asked> {
    let values = [
        ("job", "svarstid"),
        ("instance", ".+"),
        ("department", ".+"),
        ("__rate_interval", rate_interval),
        ("__range", "1h"),
    ];
    boards::all().iter().flat_map(|board| board.asked(&values)).collect()
}

#[test]
fn every_query_of_every_board_finds_something() {
    let Some(brokers) = kafka() else { return };
    let day = Day::of(Day::monday(3));
    let here = Installation::new(&brokers, &day);
    let mut node = here.node("boards");
    node.start();
    produce(&brokers, &here.topic, day.written(PARTITIONS));
    let written: i64 = ends(&brokers, &here.topic).iter().sum();
    wait_until("the day to be read", LIMIT, || node.consumed() == written);

    let rules = std::env::current_dir().unwrap().join("config/prometheus/rules/*.yml");
    let configuration = format!(
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  evaluation_interval: 1s\n\
         rule_files: [{rules:?}]\nscrape_configs:\n  - job_name: svarstid\n    \
         static_configs:\n      - targets: ['{}']\n",
        node.listen
    );
    let Some(History { prometheus, .. }) = History::beside(&configuration) else { return };
    wait_until("scrapes", LIMIT, || {
        prometheus.value("min(count_over_time(svarstid_caught_up[1m]))").is_some_and(|n| n > 15.0)
    });

    let moments = MOMENTS.map(|text| text.parse::<jiff::Timestamp>().unwrap().as_second());
    let mut found_nothing = Vec::new();
    let (mut of_history, mut of_now) = (0, 0);
    for (then, now) in asked("45m").into_iter().zip(asked("10s")) {
        let is_amiss = ONLY_WHEN_AMISS.iter().any(|name| now.expression.contains(name));
        let in_history =
            moments.iter().any(|at| !prometheus.query_at(&then.expression, *at).is_empty());
        let is_now = !prometheus.query(&now.expression).is_empty();
        of_history += usize::from(in_history);
        of_now += usize::from(is_now);
        if !in_history && !is_now && !is_amiss {
            found_nothing.push(format!("{}: {}: {}", now.board, now.panel, now.expression));
        }
    }
    println!("boards: {of_history} queries find something in history, {of_now} now");
    assert!(found_nothing.is_empty(), "{}", found_nothing.join("\n"));
    assert!(of_history > 100, "{of_history}");
    node.stop();
}

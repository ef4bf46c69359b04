//! Earlier days as OpenMetrics: what a real Prometheus makes of them is the truth of those days.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use svarstid::domain::calendar::{Day, Zone};
use svarstid::domain::goal::Goal;
use svarstid::domain::units::Timestamp;
use svarstid::engine::archive::Frame;
use svarstid::metrics::openmetrics::OpenMetrics;
use svarstid::metrics::{self, names::CATALOGUE};
use svarstid::report::Interval;
use svarstid::wire::canonical::Arrival;

use crate::ledger_tools::{Ledger, pieces};
use crate::metrics::small;
use crate::oracle::{configuration, engine};
use crate::support::{History, Prometheus, Recording, moments};

/// A label and its value for each department, in seconds the moment.
fn by_department(prometheus: &Prometheus, query: &str, at: i64) -> BTreeMap<String, f64> {
    prometheus
        .query_at(query, at)
        .into_iter()
        .map(|(labels, value)| {
            assert_eq!(
                (&labels["job"], &labels["instance"]),
                (&"svarstid".into(), &"historik".into())
            );
            (labels["department"].as_str().unwrap().to_owned(), value)
        })
        .collect()
}

/// Goals on calls have windows; those on questions are told by counters alone.
fn has_windows(id: &str) -> bool {
    Goal::ALL.iter().any(|goal| goal.id() == id)
}

fn day_of(event: &Value) -> Day {
    Zone::stockholm().day_of(time_of(event))
}

fn time_of(event: &Value) -> Timestamp {
    let time: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
    Timestamp(time.as_millisecond())
}

/// Goals of one day, by an engine that has seen nothing but that day: id and department, met, of.
fn goals_of(recording: &Recording, day: Day) -> Vec<(String, String, i64, i64)> {
    let mut engine = engine(&configuration(&recording.parameters));
    let partition = engine.open_partition("day", 0);
    for (offset, record) in recording.records.iter().enumerate() {
        if day_of(&serde_json::from_str(&record.payload).unwrap()) == day {
            let bytes = record.payload.as_bytes();
            engine.event(partition, offset as i64, bytes, &Arrival::default());
        }
    }
    engine.tick();
    let document = engine.document(Interval::Day, Zone::stockholm().day_end(day)).to_json();
    let document: Value = serde_json::from_str(&document).unwrap();
    let goals = document["goals"].as_array().unwrap().iter();
    goals
        .filter(|goal| has_windows(goal["id"].as_str().unwrap()))
        .filter_map(|goal| {
            let department = goal["department"].as_str()?.to_owned();
            let count = |key: &str| goal[key].as_i64().unwrap();
            Some((goal["id"].as_str().unwrap().to_owned(), department, count("met"), count("of")))
        })
        .collect()
}

#[test]
fn a_month_in_prometheus_is_the_truth_and_each_day_is_its_own() {
    let Some(history) = History::of_a_month() else { return };
    let History { recording, prometheus, .. } = &history;
    let moments = history.moments();
    let last = *moments.last().unwrap();

    let mut expected: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in recording.truth["rows"].as_array().unwrap() {
        let (place, department) =
            (row["place"].as_str().unwrap(), row["department"].as_str().unwrap());
        for count in ["offered", "answered", "abandoned", "short_abandoned"] {
            let family = format!("svarstid_{place}_calls_{count}_total");
            *expected.entry((family, department.to_owned())).or_default() +=
                row[count].as_i64().unwrap();
        }
    }
    for ((family, department), count) in &expected {
        let found = by_department(prometheus, family, last);
        assert_eq!(found[department], *count as f64, "{family} of {department}");
    }
    assert!(expected.values().sum::<i64>() > 5_000, "{expected:?}");

    // The month's window at its end is the month of the truth.
    for goal in recording.truth["totals"].as_array().unwrap() {
        let Some(department) = goal["department"].as_str() else { continue };
        let id = goal["id"].as_str().unwrap();
        if !has_windows(id) {
            continue;
        }
        let (met, of) = (goal["met"].as_i64().unwrap(), goal["of"].as_i64().unwrap());
        let of_goal = |name: &str| {
            let query = format!("svarstid_goal_window_{name}{{goal=\"{id}\",window=\"month\"}}");
            by_department(prometheus, &query, last).get(department).copied()
        };
        assert_eq!(of_goal("eligible_events"), Some(of as f64), "{id} of {department}");
        let ratio = (of > 0).then(|| met as f64 / of as f64);
        assert_eq!(of_goal("ratio"), ratio, "{id} of {department}: {met} of {of}");
    }

    let mut ends: BTreeMap<Day, i64> = BTreeMap::new();
    for at in &moments {
        ends.insert(Zone::stockholm().day_of(Timestamp(at * 1_000)), *at);
    }
    assert_eq!(ends.len(), 31);
    let mut judged = 0;
    for (day, at) in ends {
        for (id, department, met, of) in goals_of(recording, day) {
            let query = format!("svarstid_goal_window_ratio{{goal=\"{id}\",window=\"today\"}}");
            let found = by_department(prometheus, &query, at).get(&department).copied();
            let ratio = (of > 0).then(|| met as f64 / of as f64);
            assert_eq!(found, ratio, "{id} of {department} on {day}: {met} of {of}");
            judged += usize::from(of > 0);
        }
    }
    assert!(judged > 100, "{judged}");
}

#[test]
fn nothing_of_later_is_in_a_picture() {
    let recording = Recording::of(2, 1.0, "2024-10-07", "2024-10-09");
    let period = ["--from", "2024-10-07", "--until", "2024-10-09"];
    let whole = recording.backfill(&recording.events(), &period);
    // In the busiest hour of the second day, where calls wait and many of them end later.
    let moment: jiff::Timestamp = "2024-10-08T10:15:00+02:00".parse().unwrap();
    let moment = moment.as_second();
    let until = |event: &Value| time_of(event).0 <= moment * 1_000;
    let cut = recording.backfill(&recording.write("cut.jsonl", until), &period);
    let samples = |text: &str, last: i64| -> Vec<String> {
        let time = |line: &str| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap();
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        samples.filter(|line| time(line) <= last).map(str::to_owned).collect()
    };
    assert_eq!(moments(&cut).last(), Some(&moment));
    let (found, expected) = (samples(&cut, i64::MAX), samples(&whole, moment));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
    let waiting = format!(
        "svarstid_all_queue_calls_waiting{{job=\"svarstid\",instance=\"historik\"}} 0 {moment}"
    );
    assert!(!found.contains(&waiting), "nobody waits at the moment of the cut");
}

pub(crate) fn frames(ledger: &Ledger) -> Vec<Frame> {
    let mut next = BTreeMap::new();
    let frame = |(at, bytes): &(usize, Vec<u8>)| {
        let next = next.entry(*at).or_insert(0);
        *next += 1;
        Frame { partition: *at as i32, offset: *next - 1, time_ms: None, bytes: bytes.clone() }
    };
    ledger.log.iter().map(frame).collect()
}

#[test]
fn a_copy_of_the_ledger_gives_the_same_text_whatever_its_partitions_are_read_in() {
    let recording = Recording::of(3, 0.5, "2024-10-07", "2024-10-11");
    let period = ["--from", "2024-10-08", "--until", "2024-10-11"];
    let text = recording.backfill(&recording.events(), &period);
    assert!(text.lines().count() > 10_000);
    let ledger = Ledger::of(&configuration(&recording.parameters), &recording.records, 300);
    let mut frames = frames(&ledger);
    let file = recording.folder.path().join("ledger");
    fs::write(&file, pieces(&frames).concat()).unwrap();
    let same = |found: String| {
        let differs = found.lines().zip(text.lines()).find(|(found, expected)| found != expected);
        assert_eq!(differs, None);
        assert_eq!(found.len(), text.len());
    };
    same(recording.backfill(&file, &period));
    // One partition after the other, as far apart as can be.
    frames.sort_by_key(|frame| frame.partition);
    fs::write(&file, pieces(&frames).concat()).unwrap();
    same(recording.backfill(&file, &period));
}

#[test]
fn open_hours_are_those_of_all_hours_without_the_empty_steps() {
    let recording = Recording::of(4, 0.2, "2024-10-04", "2024-10-08");
    let period = ["--from", "2024-10-04", "--until", "2024-10-08", "--step", "30m"];
    let open = recording.backfill(&recording.events(), &period);
    let all = recording.backfill(&recording.events(), &[&period[..], &["--hours", "all"]].concat());
    let (some, every) = (moments(&open), moments(&all));
    assert!(every.windows(2).all(|two| two[1] - two[0] == 1_800), "a step is missing");
    assert!(some.len() * 2 < every.len() * 3 && some.len() < every.len());
    let lines: BTreeSet<&str> = all.lines().collect();
    assert!(open.lines().all(|line| lines.contains(line)));
    // Friday is told from its opening to its closing, and ends closed.
    let opens: jiff::Timestamp = "2024-10-04T08:00:00+02:00".parse().unwrap();
    let closes: jiff::Timestamp = "2024-10-04T16:30:00+02:00".parse().unwrap();
    let (opens, closes) = (opens.as_second(), closes.as_second());
    assert!((opens..=closes).step_by(1_800).all(|at| some.contains(&at)));
    let is_open = |at: i64| {
        let head = "svarstid_switchboard_open{department=\"kommunledning\",";
        let end = format!(" {at}");
        let mut lines = open.lines();
        lines.find(|line| line.starts_with(head) && line.ends_with(&end)).map(|line| {
            let values: Vec<&str> = line.split(' ').collect();
            values[values.len() - 2] == "1"
        })
    };
    assert_eq!(is_open(opens), Some(true));
    assert_eq!(is_open(closes - 1_800), Some(true));
    assert_eq!(is_open(closes), Some(false));
}

#[test]
fn labels_and_values_are_those_of_a_scrape() {
    let snapshot = Arc::new(small());
    let mut text = OpenMetrics::new("växel", "a\"b");
    text.add(&snapshot);
    let mut written = Vec::new();
    text.write(&mut written).unwrap();
    let written = String::from_utf8(written).unwrap();
    assert!(written.ends_with("\n# EOF\n"));
    let target = "job=\"växel\",instance=\"a\\\"b\"";
    let seconds = format!(" {}", snapshot.now.0 / 1_000);
    let plain: BTreeSet<String> = written
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let line = line.strip_suffix(&seconds).unwrap();
            let labels = [format!(",{target}"), format!("{target},"), format!("{{{target}}}")];
            let alone = labels.iter().find(|labels| line.contains(*labels)).unwrap();
            line.replace(alone, "")
        })
        .collect();
    let scraped = metrics::render(&snapshot);
    let is_told = |line: &&str| {
        let family = CATALOGUE
            .iter()
            .filter(|family| line.starts_with(family.name))
            .max_by_key(|family| family.name.len())
            .unwrap();
        family.is_of_service()
    };
    let scraped: BTreeSet<String> = scraped
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter(is_told)
        .map(str::to_owned)
        .collect();
    assert_eq!(plain, scraped);
    assert!(plain.iter().any(|line| line.starts_with("svarstid_department_info{")));
    assert!(!written.contains("svarstid_build_info") && !written.contains("svarstid_ledger"));
    // The name of a counter goes without its suffix, and each family is told once.
    assert!(written.contains("# TYPE svarstid_queue_calls_offered counter\n"));
    let types: Vec<&str> = written.lines().filter(|line| line.starts_with("# TYPE ")).collect();
    assert_eq!(types.len(), types.iter().collect::<BTreeSet<_>>().len());
}

#[test]
fn a_ledger_that_was_judged_by_other_rules_is_told() {
    let recording = Recording::of(3, 0.5, "2024-10-07", "2024-10-11");
    let ledger = Ledger::of(&configuration(&recording.parameters), &recording.records, 300);
    let file = recording.folder.path().join("ledger");
    fs::write(&file, pieces(&frames(&ledger)).concat()).unwrap();
    let config = recording.folder.path().join("other.toml");
    let stricter = "[rules]\nversion = 2\n[[change]]\nvalid_from = \"2024-10-09\"\n\
        queue_limit_seconds = 20\n";
    fs::write(&config, fs::read_to_string(recording.config()).unwrap() + stricter).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_svarstid"))
        .args(["backfill", "--from", "2024-10-07", "--until", "2024-10-11", "--config"])
        .args([&config, &file])
        .output()
        .unwrap();
    assert!(output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("on 1 of the days, 2024-10-09 the first"), "{told}");
}

/// Exit code and what was printed on standard error.
fn refused(args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_svarstid")).args(args).output().unwrap();
    assert_eq!(output.stdout, b"");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn what_cannot_be_told_is_one_sentence_and_leaves_nothing_behind() {
    let recording = Recording::of(1, 0.1, "2024-10-07", "2024-10-08");
    let folder = recording.folder.path();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (config, events, out) = (path("svarstid.toml"), path("events.jsonl"), path("out.om"));
    fs::write(folder.join("ledger"), pieces(&[]).concat()).unwrap();
    fs::write(folder.join("empty"), "\n").unwrap();
    let (ledger, empty) = (path("ledger"), path("empty"));
    let cases: [(&[&str], &str); 9] = [
        (&["--from", "2024-10-08", "--until", "2024-10-08", &events], "is not before --until"),
        (&["--from", "2024-10-01", "--until", "2099-01-01", &events], "is in the future"),
        (&["--from", "2024-13-01", &events], "is no day; write it as"),
        (&["--from", "2024-10-07", "--step", "7m", &events], "take 5m, 15m or 1h"),
        (
            &["--from", "2024-09-01", "--until", "2024-10-01", &events],
            "before the first event, which is of 2024-10-0",
        ),
        (
            &["--from", "2024-11-01", "--until", "2024-12-01", &events],
            "after the last event, which is of 2024-10-0",
        ),
        (&["--from", "2024-10-07", &ledger, &events], "name it alone"),
        (&["--from", "2024-10-07", &empty], "there is no event in it"),
        (&["--from", "2024-10-07", "/nowhere/events"], "give the path of a file"),
    ];
    for (args, expected) in cases {
        let args = [&["backfill", "--config", &config, "--out", &out], args].concat();
        let (code, told) = refused(&args);
        assert_eq!(code, 2, "{args:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains(expected), "{args:?}: {told}");
        let left: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| !name.to_str().unwrap().starts_with("out.om")), "{left:?}");
    }
    let elsewhere =
        ["backfill", "--config", &config, "--from", "2024-10-07", "--out", "/nowhere/x"];
    let (code, told) = refused(&[&elsewhere[..], &[&events]].concat());
    assert!(code == 2 && told.contains("give a path in a folder of yours"), "{told}");

    let other = path("other.toml");
    let text = fs::read_to_string(Path::new(&config)).unwrap();
    fs::write(&other, text + "[rules]\nqueue_limit_seconds = 30\n").unwrap();
    let made = Ledger::of(&configuration(&recording.parameters), &recording.records, 300);
    fs::write(&ledger, pieces(&frames(&made)).concat()).unwrap();
    let (code, told) = refused(&["backfill", "--config", &other, "--from", "2024-10-07", &ledger]);
    assert!(code == 2 && told.contains("the configuration that the daemon runs with"), "{told}");

    let written = Command::new(env!("CARGO_BIN_EXE_svarstid"))
        .args(["backfill", "--config", &config, "--from", "2024-10-07", "--out", &out, &events])
        .output()
        .unwrap();
    let printed = String::from_utf8(written.stdout).unwrap();
    assert!(written.status.success() && printed.contains(" samples: "), "{printed}");
    assert!(fs::read_to_string(&out).unwrap().ends_with("# EOF\n"));
    assert!(!Path::new(&format!("{out}.new")).exists());
}

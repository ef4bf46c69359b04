//! Closed periods published by two instances, corrected, made again, and killed in the midst of it.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::installation::{Installation, Node, PARTITIONS};
use crate::support::{Day, TempDir, kafka, metric_value, produce, read_from_start, wait_until};

/// Until something is published: the round of the daemon's clock, a fold, and files.
const LIMIT: Duration = Duration::from_secs(90);
/// Ten minutes before October 2026 is due, at a minute a second.
const BEFORE: &str = "2026-11-04T06:50:00+01:00x60";
/// The round of the day after.
const DAY_AFTER: &str = "2026-11-05T06:58:00+01:00x60";

/// Every file of a folder by its path in it, links by where they lead; what begins with a dot is
/// nobody's.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(at) = left.pop() {
        for entry in fs::read_dir(&at).unwrap().map(Result::unwrap) {
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            match entry.file_type().unwrap() {
                kind if kind.is_symlink() => {
                    let to = fs::read_link(&path).unwrap();
                    files.insert(name, to.to_str().unwrap().as_bytes().to_vec());
                }
                kind if kind.is_dir() => left.push(path),
                _ => drop(files.insert(name, fs::read(&path).unwrap())),
            }
        }
    }
    files
}

fn is_published(folder: &Path, period: &str, edition: u16) -> bool {
    folder.join(format!("{period}/{edition}/edition.json")).is_file()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The index lists the edition, which is the last thing that is written.
fn is_listed(folder: &Path, edition: u64) -> bool {
    let Ok(bytes) = fs::read(folder.join("index.json")) else { return false };
    let index: Value = serde_json::from_slice(&bytes).unwrap();
    let editions = index["editions"].as_array().unwrap();
    editions.iter().any(|one| one["edition"] == edition)
}

fn wait_edition(folders: &[&TempDir], nodes: &[&Node], edition: u64) {
    for (folder, node) in folders.iter().zip(nodes) {
        wait_until(&format!("{} to publish edition {edition}", node.name), LIMIT, || {
            is_listed(folder.path(), edition)
        });
    }
}

fn report(node: &Node, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_svarstid"))
        .args(["report", "--config", &node.config])
        .args(arguments)
        .output()
        .expect("it starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_month_is_published_alike_everywhere_corrected_and_made_again() {
    let Some(brokers) = kafka() else { return };
    let day = Day::settled(1.0);
    let here = Installation::new(&brokers, &day);
    let mut early = day.written(PARTITIONS);
    // The last hours of the day come when the month is published.
    let late = early.split_off(early.len() * 9 / 10);
    produce(&brokers, &here.topic, early);

    let [a, b, c] = [TempDir::new(), TempDir::new(), TempDir::new()];
    let mut one = here.publishing_node("one", a.path());
    let mut other = here.publishing_node("other", b.path());
    for node in [&mut one, &mut other] {
        node.clock = BEFORE.to_owned();
        node.start();
        node.wait_ready();
    }
    assert!(!is_published(a.path(), "2026-10", 1), "it is not due yet");
    wait_edition(&[&a, &b], &[&one, &other], 1);

    let first = tree(a.path());
    assert_eq!(first, tree(b.path()), "both instances publish the same bytes");
    assert_eq!(first["2026-10/latest"], b"1");
    assert_eq!(first["latest-month"], b"2026-10/latest");
    assert!(first.contains_key("2026-10/1/2026-10-public.sv.html"));
    assert!(first.contains_key("2026-10/1/2026-10-kommunledning-internal.sv.xlsx"));
    assert!(!first.keys().any(|name| name.contains("2026-09") || name.contains("2026-T")));
    let main = json(&a.path().join("2026-10/1/2026-10-internal.sv.json"));
    assert_eq!((&main["edition"], &main["published"]), (&1.into(), &"2026-11-04".into()));
    assert_eq!(main["positions"].as_array().unwrap().len(), PARTITIONS as usize);
    let told = |family: &str| metric_value(&one.daemon().metrics(), family, &[("period", "month")]);
    wait_until("the metrics to tell of it", LIMIT, || {
        told("svarstid_report_last_success_timestamp_seconds").is_some()
            && told("svarstid_report_awaited_since_timestamp_seconds").is_none()
    });
    let failures = metric_value(&one.daemon().metrics(), "svarstid_report_failures_total", &[]);
    assert_eq!(failures, Some(0.0));

    // What is told late changes October, and the next round corrects it.
    one.stop();
    other.stop();
    produce(&brokers, &here.topic, late);
    for node in [&mut one, &mut other] {
        node.clock = DAY_AFTER.to_owned();
        node.start();
    }
    wait_edition(&[&a, &b], &[&one, &other], 2);
    let second = tree(a.path());
    assert_eq!(second, tree(b.path()));
    for (name, bytes) in first.iter().filter(|(name, _)| name.starts_with("2026-10/1/")) {
        assert_eq!(second.get(name), Some(bytes), "{name} was touched");
    }
    assert_eq!(second["2026-10/latest"], b"2");
    let main = json(&a.path().join("2026-10/2/2026-10-internal.sv.json"));
    let corrections = main["corrections"].as_u64().unwrap();
    assert!(corrections > 0, "something changed");
    let tables = main["tables"].as_array().unwrap();
    let table = tables.iter().find(|table| table["id"] == "corrections").unwrap();
    assert_eq!(table["heading"], "Rättelser sedan utgåva 1");
    assert_eq!(table["rows"].as_array().unwrap().len() as u64, corrections.min(200));
    let index = json(&a.path().join("index.json"));
    assert_eq!(index["editions"][1]["corrections"], corrections);

    // The topic has every report under its key, as the files have them.
    let topic = format!("{}.reports", here.topic);
    let files: Vec<&String> = second.keys().filter(|name| name.ends_with("sv.json")).collect();
    let reports = |name: &&&String| !name.ends_with("edition.json");
    let wanted = files.iter().filter(reports).count();
    wait_until("the topic to have every report", LIMIT, || {
        let records = read_from_start(&brokers, &topic);
        let keys: BTreeMap<Vec<u8>, Vec<u8>> = records
            .into_iter()
            .map(|record| (record.key.unwrap_or_default(), record.payload))
            .collect();
        let main = keys.get(&b"2026-10//2/internal/sv"[..]);
        keys.len() == wanted
            && main.is_some_and(|bytes| {
                let file = &second["2026-10/2/2026-10-internal.sv.json"];
                bytes[..] == file[..file.len() - 1]
            })
    });

    // Another instance, killed in the midst of it twice, ends with the same.
    let mut third = here.publishing_node("third", c.path());
    third.clock = DAY_AFTER.to_owned();
    for (place, passes) in [("edition-file", 5), ("edition-rename", 2)] {
        third.start_to_die(place, passes);
        assert!(third.dies_within(LIMIT), "it did not come to {place}");
        for (name, bytes) in tree(c.path()) {
            match name.as_str() {
                // Whole, if it does not list everything yet.
                "index.json" => drop(json(&c.path().join(name))),
                "latest-month" => {}
                "2026-10/latest" => assert!(bytes == b"1" || bytes == b"2"),
                _ => assert_eq!(second.get(&name), Some(&bytes), "{name} after {place}"),
            }
        }
    }
    third.start();
    wait_edition(&[&c], &[&third], 2);
    assert_eq!(tree(c.path()), second);

    // Each edition can be made again, long after the next one.
    let again = TempDir::new();
    for (edition, audience) in [("1", "internal"), ("1", "public"), ("2", "public")] {
        let folder = again.path().join(format!("{edition}-{audience}"));
        let out = folder.to_str().unwrap();
        let (code, said) = report(
            &one,
            &[
                "--period",
                "2026-10",
                "--edition",
                edition,
                "--sheets",
                "--audience",
                audience,
                "--out",
                out,
            ],
        );
        assert_eq!(code, Some(0), "{said}");
        let made = tree(&folder);
        assert!(made.len() > 20, "{made:?}");
        for (name, bytes) in made {
            assert_eq!(second.get(&format!("2026-10/{edition}/{name}")), Some(&bytes), "{name}");
        }
    }
    let out = again.path().join("none");
    let arguments = ["--period", "2026-10", "--edition", "3", "--out", out.to_str().unwrap()];
    let (code, said) = report(&one, &arguments);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--edition 3: of 2026-10, the latest is 2"), "{said}");
    here.assert_sound(&one);
    [one, other, third].iter_mut().for_each(|node| drop(node.stop()));
}

#[test]
fn a_folder_that_cannot_be_written_is_told_at_the_start_and_later_counted_and_tried_again() {
    let Some(brokers) = kafka() else { return };
    let day = Day::settled(1.0);
    let here = Installation::new(&brokers, &day);
    produce(&brokers, &here.topic, day.written(PARTITIONS));
    let folder = TempDir::new();
    let taken = folder.path().join("taken");
    fs::write(&taken, "a file").unwrap();
    let refused = here.publishing_node("refused", &taken);
    let output = Command::new(env!("CARGO_BIN_EXE_svarstid"))
        .args(["run", "--config", &refused.config, "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("publish.directory: cannot write to"), "{said}");

    // Taken away before the round: nothing is written, until it is there again.
    let reports = folder.path().join("reports");
    let mut node = here.publishing_node("one", &reports);
    node.clock = "2026-11-04T06:50:00+01:00x60".to_owned();
    node.start();
    node.wait_ready();
    fs::remove_dir_all(&reports).unwrap();
    fs::write(&reports, "in the way").unwrap();
    let failures =
        |node: &Node| metric_value(&node.daemon().metrics(), "svarstid_report_failures_total", &[]);
    wait_until("a failure", LIMIT, || failures(&node).is_some_and(|count| count > 0.0));
    // Since 4 November 2026, 07:00.
    wait_until("the metrics to tell what is awaited", LIMIT, || {
        let family = "svarstid_report_awaited_since_timestamp_seconds";
        let awaited = metric_value(&node.daemon().metrics(), family, &[("period", "month")]);
        awaited == Some(1_793_772_000.0)
    });
    fs::remove_file(&reports).unwrap();
    wait_until("the edition", LIMIT, || is_listed(&reports, 1));
    node.stop();
}

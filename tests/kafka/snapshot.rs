//! A snapshot file that cannot be written, and one that was changed.

use std::fs;
use std::time::Duration;

use crate::installation::{Installation, PARTITIONS};
use crate::load::{Load, repeated};
use crate::support::{Day, kafka, metric_total, wait_until};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_full_disk_costs_the_snapshot_and_nothing_else() {
    let Some(brokers) = kafka() else { return };
    let day = Day::settled(2.0);
    let here = Installation::new(&brokers, &day);
    let mut node = here.node("one");
    node.start_on_full_disk(16);
    let load = Load::start(&brokers, &here.topic, repeated(&day, PARTITIONS, 2, 60));
    let failures = |lines: &[String]| {
        lines.iter().filter(|line| line.contains("the snapshot was not written")).count()
    };
    wait_until("some snapshots to fail", LIMIT, || failures(&node.daemon().lines()) >= 3);
    load.finish("full disk");
    here.assert_truth(&day, &[&node]);
    let counted = metric_total(&node.daemon().metrics(), "svarstid_snapshot_failures_total");
    assert!(counted >= 3, "{counted}");
    let lines = node.stop();
    let line = lines.iter().find(|line| line.contains("the snapshot was not written")).unwrap();
    println!("full disk: {} failures, as in: {line}", failures(&lines));
    let half_written = node.snapshot.with_extension("snapshot.new");
    assert!(!half_written.exists(), "{} is left", half_written.display());
    // What is there is from before the disk was full, and whole.
    node.start();
    node.wait_ready();
    here.assert_truth(&day, &[&node]);
    assert!(!node.stop().iter().any(|line| line.contains("set aside")));
}

#[test]
fn a_changed_snapshot_is_set_aside_and_the_ledger_folded() {
    let Some(brokers) = kafka() else { return };
    let day = Day::settled(2.0);
    let here = Installation::new(&brokers, &day);
    let mut node = here.node("one");
    node.start();
    let load = Load::start(&brokers, &here.topic, day.written(PARTITIONS));
    load.finish("changed snapshot");
    here.assert_truth(&day, &[&node]);
    node.stop();
    let whole = fs::read(&node.snapshot).unwrap();
    // In the head, in the midst, in the checksum; and cut short, and empty.
    let mut changed: Vec<Vec<u8>> = [9, whole.len() / 2, whole.len() - 1]
        .into_iter()
        .map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            bytes
        })
        .collect();
    changed.push(whole[..whole.len() / 3].to_vec());
    changed.push(Vec::new());
    for bytes in changed {
        fs::write(&node.snapshot, &bytes).unwrap();
        node.start();
        node.wait_ready();
        here.assert_truth(&day, &[&node]);
        let metrics = node.daemon().metrics();
        assert_eq!(metric_total(&metrics, "svarstid_snapshot_set_aside_total"), 1);
        let lines = node.stop();
        let said: Vec<&String> =
            lines.iter().filter(|line| line.contains("snapshot set aside")).collect();
        assert_eq!(said.len(), 1, "{lines:?}");
        assert!(said[0].contains("its bytes are damaged"), "{}", said[0]);
        let aside = node.snapshot.with_extension("snapshot.aside");
        assert_eq!(fs::read(&aside).unwrap(), bytes);
        println!("changed snapshot of {} bytes: {}", bytes.len(), said[0]);
    }
}

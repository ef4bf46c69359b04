//! How one instance takes over from another, and from itself.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use crate::installation::{Installation, Node, PARTITIONS, READY_LIMIT, SESSION, protocol};
use crate::load::{Load, repeated};
use crate::support::{Day, committed, ends, get, kafka, metric_total, now, wait_until};

/// What is promised for a takeover after the session's end; asserted four times as loosely.
const PROMISED_TAKEOVER: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(60);

fn offered(metrics: &str) -> i64 {
    metric_total(metrics, "svarstid_queue_calls_offered_total")
}

/// Waits until both have some of the partitions.
fn wait_shared(one: &Node, other: &Node) {
    wait_until("both to have partitions", LIMIT, || {
        let (one, other) = (one.assigned(), other.assigned());
        one > 0 && other > 0 && one + other == i64::from(PARTITIONS)
    });
}

#[test]
fn an_instance_that_was_frozen_shows_nothing_old_and_doubles_nothing() {
    let Some(brokers) = kafka() else { return };
    let day = Day::settled(5.0);
    let here = Installation::new(&brokers, &day);
    let (mut frozen, mut other) = (here.node("frozen"), here.node("other"));
    frozen.start();
    other.start();
    wait_shared(&frozen, &other);
    let load = Load::start(&brokers, &here.topic, repeated(&day, PARTITIONS, 2, 20));
    wait_until("some of the load", LIMIT, || load.progress() > 0.15);
    frozen.daemon().signal("STOP");
    let since = now();
    wait_until("the other to own everything", LIMIT, || other.assigned() == i64::from(PARTITIONS));
    println!("frozen: the other owned everything after {:.1} s", since.elapsed().as_secs_f64());
    // Longer than figures may be old.
    wait_until("a while", LIMIT, || since.elapsed() > 2 * SESSION);
    let newest = offered(&other.daemon().metrics());
    // Some ask before it wakes, and are answered first of all.
    let server = frozen.listen;
    let early: Vec<_> =
        (0..4).map(|_| thread::spawn(move || get(server, "/metrics", &[]))).collect();
    wait_until("the questions to be asked", LIMIT, || since.elapsed() > 2 * SESSION + SESSION / 10);
    frozen.daemon().signal("CONT");
    let mut answers: Vec<String> = Vec::new();
    for asked in early {
        answers.push(asked.join().unwrap().unwrap().text().to_owned());
    }
    let woken = now();
    while woken.elapsed() < SESSION / 2 {
        answers.push(frozen.daemon().metrics());
    }
    let hidden = answers.iter().filter(|text| !text.contains("svarstid_queue_calls_offered"));
    println!("frozen: {} of {} answers had no figures", hidden.count(), answers.len());
    for text in answers.iter().filter(|text| text.contains("svarstid_queue_calls_offered")) {
        let found = offered(text);
        assert!(found >= newest, "{found} calls are shown where {newest} were known to the other");
    }
    load.finish("frozen");
    here.assert_truth(&day, &[&frozen, &other]);
    for node in [&frozen, &other] {
        println!("{}: {}", node.name, protocol(&node.daemon().metrics()));
    }
    here.assert_sound(&other);
    other.stop();
    frozen.stop();
}

#[test]
fn a_killed_owner_is_followed_soon_after_its_session() {
    let Some(brokers) = kafka() else { return };
    let day = Day::settled(5.0);
    let here = Installation::new(&brokers, &day);
    let (mut one, mut other) = (here.node("one"), here.node("other"));
    one.start();
    other.start();
    wait_shared(&one, &other);
    let load = Load::start(&brokers, &here.topic, repeated(&day, PARTITIONS, 2, 30));
    wait_until("some of the load", LIMIT, || load.progress() > 0.2);
    let began = now();
    one.kill();
    wait_until("the other to own everything", LIMIT, || other.assigned() == i64::from(PARTITIONS));
    let taken = began.elapsed();
    let after = taken.saturating_sub(SESSION);
    println!(
        "takeover: the other owned everything {:.1} s after the kill, {:.1} s after the session",
        taken.as_secs_f64(),
        after.as_secs_f64()
    );
    let began = now();
    one.start();
    one.wait_ready();
    println!("restart to ready: {:.1} s", began.elapsed().as_secs_f64());
    load.finish("takeover");
    here.assert_truth(&day, &[&one, &other]);
    one.stop();
    other.stop();
    assert!(after <= 4 * PROMISED_TAKEOVER, "{after:?}");
}

/// Where each partition was read on last, by the log.
fn reading_on(lines: &[String]) -> BTreeMap<i32, i64> {
    let number = |text: &str| -> i64 {
        let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
        digits.parse().unwrap()
    };
    lines
        .iter()
        .filter(|line| line.contains("reading on behind the ledger"))
        .map(|line| {
            let after = |field: &str| number(line.split_once(field).unwrap().1);
            (after("partition=") as i32, after("offsets=["))
        })
        .collect()
}

#[test]
fn a_stop_under_load_loses_no_step_and_reads_nothing_twice() {
    let Some(brokers) = kafka() else { return };
    let day = Day::settled(5.0);
    let here = Installation::new(&brokers, &day);
    let mut node = here.node("one");
    node.start();
    node.wait_ready();
    let load = Load::start(&brokers, &here.topic, day.written(PARTITIONS));
    for stop in 1..=3 {
        wait_until("some of the load", LIMIT, || load.progress() > 0.25 * f64::from(stop));
        let began = now();
        let lines = node.stop();
        let stopped = began.elapsed();
        let drained = lines.iter().filter(|line| line.contains("drained and given back")).count();
        assert_eq!(drained, PARTITIONS as usize, "{lines:?}");
        let positions = committed(&brokers, &here.topic, &here.topic);
        assert!(
            ends(&brokers, &here.topic).iter().zip(&positions).any(|(end, at)| end > at),
            "there was nothing left to read"
        );
        let began = now();
        node.start();
        wait_until("every partition to be read on", READY_LIMIT, || {
            reading_on(&node.daemon().lines()).len() == PARTITIONS as usize
        });
        let owning = began.elapsed();
        node.wait_ready();
        let again: Vec<i64> = reading_on(&node.daemon().lines())
            .into_values()
            .zip(&positions)
            // The last record before is read once more to see that it is the same; not counted.
            .map(|(begun, position)| position - 1 - begun)
            .collect();
        println!(
            "stop {stop}: out in {:.1} s, owning again in {:.1} s, ready in {:.1} s, \
             events read again {again:?}",
            stopped.as_secs_f64(),
            owning.as_secs_f64(),
            began.elapsed().as_secs_f64()
        );
        assert_eq!(again, vec![0; PARTITIONS as usize], "stop {stop}");
    }
    load.finish("stops");
    here.assert_truth(&day, &[&node]);
    node.stop();
}

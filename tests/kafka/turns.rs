//! Instances that come and go while events stream in.

use std::thread;
use std::time::Duration;

use crate::installation::{Installation, Node, PARTITIONS};
use crate::load::{Chance, Load, PROMISED_RATE, repeated};
use crate::support::{Day, kafka, metric_total, promtool_check_metrics, wait_until};

/// Between two turns at most.
const TURN_MS: u64 = 3_000;

#[test]
fn every_event_once_at_the_promised_rate() {
    let Some(brokers) = kafka() else { return };
    let day = Day::settled(5.0);
    let here = Installation::new(&brokers, &day);
    let mut node = here.node("one");
    node.start();
    node.wait_ready();
    let load = Load::start(&brokers, &here.topic, day.written(PARTITIONS));
    wait_until("half of the load", Duration::from_secs(60), || load.progress() > 0.5);
    // While it reads, it shows what it has.
    promtool_check_metrics(&node.daemon().metrics()).expect("the metrics are in order");
    assert!(node.consumed() > 0);
    let rate = load.finish("once");
    here.assert_truth(&day, &[&node]);
    assert_eq!(metric_total(&node.daemon().metrics(), "svarstid_consumer_lag_messages"), 0);
    node.stop();
    assert!(rate >= PROMISED_RATE, "only {rate:.0} records a second were written");
}

#[test]
fn two_instances_killed_stopped_and_started_in_turns() {
    in_turns(2, 12);
}

#[test]
fn three_instances_killed_stopped_and_started_in_turns() {
    in_turns(3, 16);
}

fn in_turns(instances: usize, turns: usize) {
    let Some(brokers) = kafka() else { return };
    let day = Day::settled(5.0);
    let here = Installation::new(&brokers, &day);
    let mut nodes: Vec<Node> =
        ["one", "two", "three"][..instances].iter().map(|name| here.node(name)).collect();
    let mut chance = Chance::new(instances as u64);
    let load = Load::start(&brokers, &here.topic, repeated(&day, PARTITIONS, 3, instances as u64));
    let (mut started, mut killed, mut stopped) = (0, 0, 0);
    for _ in 0..turns {
        let node = &mut nodes[chance.below(instances as u64) as usize];
        match (node.is_running(), chance.below(2)) {
            (false, _) => {
                node.start();
                started += 1;
            }
            (true, 0) => {
                node.kill();
                killed += 1;
            }
            (true, _) => {
                node.stop();
                stopped += 1;
            }
        }
        // The turns come at any moment.
        thread::sleep(Duration::from_millis(chance.below(TURN_MS)));
    }
    for node in nodes.iter_mut().filter(|node| !node.is_running()) {
        node.start();
        started += 1;
    }
    println!("{instances} instances: {started} starts, {killed} kills, {stopped} stops");
    let rate = load.finish(&format!("{instances} instances"));
    let all: Vec<&Node> = nodes.iter().collect();
    here.assert_truth(&day, &all);
    here.assert_sound(&nodes[0]);
    let assigned: i64 = nodes.iter().map(Node::assigned).sum();
    assert_eq!(assigned, i64::from(PARTITIONS), "each partition is read by one");
    nodes.iter_mut().for_each(|node| drop(node.stop()));
    assert!(killed > 0 && stopped > 0);
    assert!(rate >= PROMISED_RATE, "only {rate:.0} records a second were written");
}

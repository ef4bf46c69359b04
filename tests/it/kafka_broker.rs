//! What the tests take for granted of a broker: the real one, and the mock inside the client.
//! Where the two differ, a test here says how.

use std::collections::BTreeMap;

use rdkafka::mocking::MockCluster;

use crate::support::{Broker, Received, create_topic, kafka, produce, read_from_start, unique};

const RECORDS: i64 = 1_000;
/// 2012-07-01 00:00 in Stockholm: records of any year must stay.
const START_MS: i64 = 1_341_093_600_000;

/// Writes a thousand records by key, reads them back and compares every one.
fn round_trip(brokers: &str, topic: &str, partitions: i32) {
    let written = (0..RECORDS)
        .map(|n| (None, format!("contact-{}", n % 50), START_MS + n, format!("payload {n}")));
    assert_eq!(produce(brokers, topic, written), 1_000);

    let read = read_from_start(brokers, topic);
    assert_eq!(read.len(), 1_000);
    assert_whole(&read);

    let mut spread: BTreeMap<i32, i64> = BTreeMap::new();
    let mut home: BTreeMap<&[u8], i32> = BTreeMap::new();
    for record in &read {
        let next = spread.entry(record.partition).or_default();
        assert_eq!(record.offset, *next, "offsets have no gaps");
        *next += 1;
        let key = record.key.as_deref().expect("every record has a key");
        assert_eq!(*home.entry(key).or_insert(record.partition), record.partition);
    }
    assert_eq!(spread.len(), partitions as usize, "fifty keys reach every partition");
}

/// Every record came once, with the time and key it was given; within a key, in order.
fn assert_whole(read: &[Received]) {
    let mut by_time: Vec<&Received> = read.iter().collect();
    by_time.sort_by_key(|record| record.timestamp_ms);
    for (n, record) in by_time.iter().enumerate() {
        assert_eq!(record.timestamp_ms, Some(START_MS + n as i64));
        assert_eq!(record.key.as_deref(), Some(format!("contact-{}", n % 50).as_bytes()));
        assert_eq!(record.payload, format!("payload {n}").as_bytes());
    }
    assert!(read.is_sorted_by_key(|record| (record.partition, record.timestamp_ms)));
}

#[test]
fn a_real_broker_gives_back_what_it_was_given() {
    let Some(brokers) = kafka() else { return };
    let topic = unique("round-trip");
    create_topic(&brokers, &topic, 3);
    round_trip(&brokers, &topic, 3);
}

#[test]
fn the_mock_cluster_gives_back_what_it_was_given() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("round-trip", 3, 1).unwrap();
    round_trip(&cluster.bootstrap_servers(), "round-trip", 3);
}

#[test]
fn a_partition_can_be_chosen_and_a_key_lands_where_java_would_put_it() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("keys", 3, 1).unwrap();
    let brokers = cluster.bootstrap_servers();
    produce(&brokers, "keys", [(Some(2), "chosen", 1, "a"), (None, "foobar", 2, "b")]);
    let read = read_from_start(&brokers, "keys");
    let place = |key: &str| {
        read.iter().find(|r| r.key.as_deref() == Some(key.as_bytes())).map(|r| r.partition)
    };
    assert_eq!(place("chosen"), Some(2));
    // Java's own test vector: murmur2("foobar") = -790332482; masked to 31 bits, modulo 3.
    assert_eq!(place("foobar"), Some((-790_332_482_i32 & i32::MAX) % 3));
}

#[test]
fn a_broker_comes_back_with_its_records_after_a_stop_and_after_a_kill() {
    let Some(broker) = Broker::start() else { return };
    create_topic(broker.address(), "kept", 1);
    produce(broker.address(), "kept", [(None, "a", 1, "before")]);
    broker.stop();
    broker.start_again();
    produce(broker.address(), "kept", [(None, "a", 2, "between")]);
    broker.kill();
    broker.start_again();
    let read = read_from_start(broker.address(), "kept");
    let payloads: Vec<&[u8]> = read.iter().map(|r| r.payload.as_slice()).collect();
    assert_eq!(payloads, [b"before".as_slice(), b"between"]);
}

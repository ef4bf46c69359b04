//! The daemon's side towards Kafka, below the ledger's rules: topics, appends, the tail and the
//! group, each against a real broker.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::mocking::MockCluster;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use svarstid::shell::append::{Appender, Full, OUTCOME_LIMIT, Outcome};
use svarstid::shell::ledger::{Tail, Tailed};
use svarstid::shell::reader::OutOfRange;
use svarstid::shell::topics::{LedgerWish, prepare_ledger, prepare_rejects};
use svarstid::shell::{Stop, Usage, kafka as client};

use crate::support::{
    Broker, create_topic, create_topic_with, kafka, now, produce, read_from_start, unique,
    wait_for, wait_until,
};

const LIMIT: Duration = Duration::from_secs(30);

fn wish(topic: &str, partitions: i32) -> LedgerWish<'_> {
    LedgerWish { topic, partitions, replication: None, finite_retention_is_fine: false }
}

fn appender(brokers: &str, topic: &str) -> Appender {
    Appender::new(client::plain(brokers), topic, OUTCOME_LIMIT).expect("the settings are good")
}

fn tail(brokers: &str, topic: &str, starts: &[Option<i64>], once: bool) -> Tail {
    Tail::new(client::plain(brokers), "tail", topic, starts, once, &Stop::by_hand())
        .expect("the ledger can be read")
}

/// Polls until `count` outcomes are told.
#[track_caller]
fn outcomes(appender: &mut Appender, count: usize, limit: Duration) -> Vec<Outcome> {
    let mut told = Vec::new();
    wait_until("outcomes", limit, || {
        told.append(&mut appender.poll());
        told.len() >= count
    });
    told
}

/// Appends one record and waits for its offset.
#[track_caller]
fn append(appender: &mut Appender, partition: i32, payload: &[u8]) -> i64 {
    appender.append(0, partition, payload).expect("there is room");
    outcomes(appender, 1, LIMIT)[0].result.clone().expect("the broker is there")
}

/// Reads until `done` says so of (partition, offset, payload).
#[track_caller]
fn tail_until(
    tail: &mut Tail,
    mut done: impl FnMut(&Tailed, &[(i32, i64, Vec<u8>)]) -> bool,
) -> Vec<(i32, i64, Vec<u8>)> {
    let mut read = Vec::new();
    wait_until("the tail", LIMIT, || {
        let Some(told) = tail.next(Duration::from_millis(20)) else { return false };
        if let Tailed::Record { partition, offset, payload, .. } = &told {
            read.push((*partition, *offset, payload.clone()));
        }
        done(&told, &read)
    });
    read
}

#[test]
fn a_missing_ledger_is_made_and_a_good_one_is_taken() {
    let Some(brokers) = kafka() else { return };
    let (settings, topic, stop) = (client::plain(&brokers), unique("ledger"), Stop::by_hand());
    let made = prepare_ledger(&settings, &wish(&topic, 3), &stop).unwrap();
    assert!(made.is_made);
    assert_eq!((made.partitions, made.replication_factor, made.brokers), (3, 1, 1));
    assert_eq!(made.min_insync_replicas, Some(1));
    let found = prepare_ledger(&settings, &wish(&topic, 3), &stop).unwrap();
    assert!(!found.is_made);
    assert_eq!(found.partitions, 3);

    let rejects = unique("rejects");
    assert!(prepare_rejects(&settings, &rejects, 3, Some(1), &stop).unwrap());
    assert!(!prepare_rejects(&settings, &rejects, 6, None, &stop).unwrap());
    assert!(prepare_ledger(&settings, &wish(&rejects, 3), &stop).is_err(), "it is compacted");
}

#[test]
fn a_ledger_that_would_lose_figures_is_refused_with_the_remedy() {
    let Some(brokers) = kafka() else { return };
    let kept = [("retention.ms", "-1"), ("retention.bytes", "-1")];
    let cases = [
        (6, vec![], "topics of events have 3; give the topics of events 6 partitions"),
        (2, vec![], "--alter --topic"),
        (3, vec![("cleanup.policy", "compact")], "--add-config cleanup.policy=delete"),
        (3, vec![("retention.ms", "60000")], "--add-config retention.ms=-1"),
        (3, vec![("retention.bytes", "60000")], "--add-config retention.bytes=-1"),
        (3, vec![("max.message.bytes", "900000")], "--add-config max.message.bytes=1048588"),
    ];
    for (partitions, changed, said) in cases {
        let topic = unique("ledger");
        let settings: BTreeMap<&str, &str> = kept.into_iter().chain(changed).collect();
        let settings: Vec<(&str, &str)> = settings.into_iter().collect();
        create_topic_with(&brokers, &topic, partitions, &settings);
        let error = prepare_ledger(&client::plain(&brokers), &wish(&topic, 3), &Stop::by_hand())
            .unwrap_err();
        assert!(error.is::<Usage>(), "{error:#}");
        assert!(error.to_string().contains(said), "{error:#}");
    }
    let topic = unique("ledger");
    create_topic_with(&brokers, &topic, 3, &[("retention.ms", "60000")]);
    let fine = LedgerWish { finite_retention_is_fine: true, ..wish(&topic, 3) };
    prepare_ledger(&client::plain(&brokers), &fine, &Stop::by_hand()).unwrap();
}

#[test]
fn a_stop_ends_the_wait_for_a_broker() {
    let stop = Stop::by_hand();
    let settings = client::plain("127.0.0.1:1");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| prepare_ledger(&settings, &wish("ledger", 1), &stop));
        std::thread::sleep(Duration::from_millis(300));
        stop.ask();
        let error = waiting.join().unwrap().unwrap_err();
        assert!(error.to_string().contains("stopped before"), "{error:#}");
    });
}

#[test]
fn what_is_appended_is_told_and_tailed_in_order() {
    let Some(brokers) = kafka() else { return };
    let topic = unique("ledger");
    create_topic(&brokers, &topic, 2);
    let mut appender = appender(&brokers, &topic);
    let mut tail = tail(&brokers, &topic, &[], false);
    let large = vec![b'x'; 900_000];
    for n in 0..20_u64 {
        let partition = i32::try_from(n % 2).unwrap();
        let text = format!("record {n}");
        let payload = if n == 11 { large.as_slice() } else { text.as_bytes() };
        assert_eq!(appender.append(n, partition, payload), Ok(()));
    }
    assert_eq!(appender.in_flight(), 20);
    let mut told = outcomes(&mut appender, 20, LIMIT);
    assert_eq!(appender.in_flight(), 0);
    told.sort_by_key(|outcome| outcome.token);
    for (n, outcome) in (0..).zip(&told) {
        let expected = Outcome { token: n, partition: (n % 2) as i32, result: Ok((n / 2) as i64) };
        assert_eq!(*outcome, expected);
    }
    let mut ends = Vec::new();
    let read = tail_until(&mut tail, |told, read| {
        if let Tailed::End { partition, next: 10 } = told {
            ends.push(*partition);
        }
        read.len() == 20 && ends.len() >= 2
    });
    for partition in 0..2 {
        let of = read.iter().filter(|(at, ..)| *at == partition);
        assert!(of.map(|(_, offset, _)| *offset).eq(0..10));
    }
    assert_eq!(read.iter().map(|(.., payload)| payload.len()).max(), Some(900_000));
    // A record that comes later is seen soon, and again after a restart.
    let began = now();
    assert_eq!(append(&mut appender, 0, b"late"), 10);
    tail_until(&mut tail, |_, read| read == [(0, 10, b"late".to_vec())]);
    println!("a late record was read {:?} after its append", began.elapsed());
    tail.restart(0, 8).unwrap();
    let again = tail_until(&mut tail, |_, read| read.len() == 3);
    assert_eq!(again.iter().map(|(_, offset, _)| *offset).collect::<Vec<_>>(), [8, 9, 10]);
    assert!(tail.stale_for() < Duration::from_secs(3));
    assert_eq!(appender.close(Duration::from_secs(1)), []);
}

#[test]
fn an_append_that_cannot_be_is_told_and_rejects_go_by_key() {
    let Some(brokers) = kafka() else { return };
    let (topic, rejects) = (unique("ledger"), unique("rejects"));
    create_topic(&brokers, &topic, 1);
    create_topic(&brokers, &rejects, 3);
    let mut appender = appender(&brokers, &topic);
    appender.append(1, 0, &vec![0; 1_100_000]).unwrap();
    let told = outcomes(&mut appender, 1, LIMIT);
    assert!(told[0].token == 1 && told[0].result.is_err(), "{told:?}");
    appender.append(2, 7, b"no such partition").unwrap();
    let told = outcomes(&mut appender, 1, LIMIT);
    assert!(told[0].token == 2 && told[0].result.is_err(), "{told:?}");
    appender.reject(&rejects, b"foobar", b"unreadable", 3).unwrap();
    let told = outcomes(&mut appender, 1, LIMIT);
    // Java's own test vector: murmur2("foobar") = -790332482; masked to 31 bits, modulo 3.
    let home = (-790_332_482_i32 & i32::MAX) % 3;
    assert_eq!(told, [Outcome { token: 3, partition: home, result: Ok(0) }]);
    assert_eq!(appender.in_flight(), 0);
}

#[test]
fn a_ledger_is_read_once_to_the_end_it_had() {
    let Some(brokers) = kafka() else { return };
    let topic = unique("ledger");
    create_topic(&brokers, &topic, 3);
    produce(&brokers, &topic, (0..100).map(|n| (Some(n % 2), "k", 1, format!("{n}"))));
    let mut tail = tail(&brokers, &topic, &[Some(40), None, None], true);
    let ends: Vec<(i64, i64)> = tail.ends().iter().map(|one| (one.first, one.end)).collect();
    assert_eq!(ends, [(0, 50), (0, 50), (0, 0)]);
    assert!(!tail.is_done());
    let mut count = 0;
    wait_until("the end", LIMIT, || {
        if let Some(Tailed::Record { .. }) = tail.next(Duration::from_millis(20)) {
            count += 1;
        }
        tail.is_done()
    });
    assert_eq!(count, 60);
}

#[test]
fn an_offset_that_is_not_there_is_told_with_the_bounds() {
    let Some(brokers) = kafka() else { return };
    let topic = unique("ledger");
    create_topic(&brokers, &topic, 2);
    produce(&brokers, &topic, (0..20).map(|n| (Some(n % 2), "k", 1, format!("{n}"))));
    delete_before(&brokers, &topic, 1, 4);
    let mut tail = tail(&brokers, &topic, &[Some(11), Some(2)], false);
    let mut lost = Vec::new();
    let deadline = now();
    wait_until("both losses", LIMIT, || {
        match tail.next(Duration::from_millis(20)) {
            Some(Tailed::Lost(one)) => lost.push(one),
            Some(other) => panic!("{other:?} after {:?}", deadline.elapsed()),
            None => {}
        }
        lost.len() == 2
    });
    lost.sort_by_key(|one| one.partition);
    assert_eq!(lost[0], OutOfRange { partition: 0, wanted: 11, first: 0, end: 10 });
    assert_eq!(lost[1], OutOfRange { partition: 1, wanted: 2, first: 4, end: 10 });
    tail.restart(1, 4).unwrap();
    let read = tail_until(&mut tail, |_, read| read.len() == 6);
    assert_eq!(read[0].1, 4);
}

fn delete_before(brokers: &str, topic: &str, partition: i32, offset: i64) {
    let admin: AdminClient<DefaultClientContext> =
        client::plain(brokers).create().expect("a client can be made");
    let mut before = TopicPartitionList::new();
    before.add_partition_offset(topic, partition, Offset::Offset(offset)).expect("it is an offset");
    let options = AdminOptions::new().operation_timeout(Some(LIMIT));
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime can be made")
        .block_on(admin.delete_records(&before, &options))
        .expect("records can be deleted");
}

#[test]
fn every_append_is_told_though_the_broker_is_killed() {
    let Some(broker) = Broker::start() else { return };
    let brokers = broker.address();
    create_topic(brokers, "ledger", 2);
    let limit = Duration::from_secs(2);
    let mut appender = Appender::new(client::plain(brokers), "ledger", limit).unwrap();
    let mut tail = tail(brokers, "ledger", &[], false);
    append(&mut appender, 0, b"first");
    tail_until(&mut tail, |_, read| read.len() == 1);
    let mut told: Vec<Outcome> = Vec::new();
    let mut tailed = 1_usize;
    let mut given = 0_u64;
    let mut step = |appender: &mut Appender, tail: &mut Tail, told: &mut Vec<Outcome>| {
        for _ in 0..10 {
            given += 1;
            if appender.append(given, (given % 2) as i32, &given.to_be_bytes()) == Err(Full) {
                given -= 1;
            }
        }
        told.append(&mut appender.poll());
        if let Some(Tailed::Record { .. }) = tail.next(Duration::from_millis(5)) {
            tailed += 1;
        }
        given
    };
    for _ in 0..20 {
        step(&mut appender, &mut tail, &mut told);
    }
    broker.kill();
    let down = now();
    while down.elapsed() < Duration::from_secs(4) {
        step(&mut appender, &mut tail, &mut told);
    }
    assert!(told.iter().any(|outcome| outcome.result.is_err()), "given up while it was away");
    assert!(appender.is_away());
    assert!(tail.stale_for() > Duration::from_secs(2), "{:?}", tail.stale_for());
    broker.start_again();
    wait_until("an append that works", LIMIT, || {
        let before = told.len();
        step(&mut appender, &mut tail, &mut told);
        told[before..].iter().any(|outcome| outcome.result.is_ok())
    });
    let given = step(&mut appender, &mut tail, &mut told);
    wait_until("every outcome", LIMIT, || {
        told.append(&mut appender.poll());
        appender.in_flight() == 0
    });
    let mut tokens: Vec<u64> = told.iter().map(|outcome| outcome.token).collect();
    tokens.sort_unstable();
    assert!(tokens.into_iter().eq(1..=given), "each is told once");
    // What was said to be there is there, at that place.
    let there: BTreeMap<(i32, i64), Vec<u8>> = read_from_start(brokers, "ledger")
        .into_iter()
        .map(|one| ((one.partition, one.offset), one.payload))
        .collect();
    for outcome in &told {
        if let Ok(offset) = outcome.result {
            let kept = there.get(&(outcome.partition, offset));
            assert_eq!(kept, Some(&outcome.token.to_be_bytes().to_vec()));
        }
    }
    wait_until("the tail to be fresh", LIMIT, || {
        tail.next(Duration::from_millis(20));
        tail.standings().iter().map(|one| one.next as usize).sum::<usize>() == there.len()
    });
    assert!(tail.stale_for() < Duration::from_secs(3));
}

#[test]
fn a_broker_that_says_nothing_keeps_nobody_waiting() {
    let Some(broker) = Broker::start() else { return };
    let brokers = broker.address();
    create_topic(brokers, "ledger", 1);
    let limit = Duration::from_secs(2);
    let mut appender =
        Appender::new(client::plain(brokers), "ledger", limit).expect("the settings are good");
    let mut tail = tail(brokers, "ledger", &[], false);
    append(&mut appender, 0, b"first");
    tail_until(&mut tail, |_, read| read.len() == 1);
    broker.freeze();
    let frozen = now();
    appender.append(7, 0, b"ambiguous").unwrap();
    let mut told = Vec::new();
    let mut longest = Duration::ZERO;
    wait_until("an outcome", LIMIT, || {
        let began = now();
        told.append(&mut appender.poll());
        tail.next(Duration::ZERO);
        longest = longest.max(began.elapsed());
        !told.is_empty()
    });
    assert!(told[0].token == 7 && told[0].result.is_err(), "{told:?}");
    println!("told after {:?}, the longest poll took {longest:?}", frozen.elapsed());
    // Nobody waited for the broker: a call that does would last as long as an append may.
    assert!(longest < limit, "a poll took {longest:?}");
    wait_until("the tail to be stale", LIMIT, || {
        tail.next(Duration::from_millis(5));
        tail.stale_for() > Duration::from_secs(4)
    });
    broker.thaw();
    // The one that was in doubt may have arrived; the next one does, and may be read before its
    // outcome is told.
    let (mut is_told, mut is_read) = (false, false);
    wait_until("an append that works, told and read", LIMIT, || {
        if appender.in_flight() == 0 && !is_told {
            appender.append(8, 0, b"last").unwrap();
        }
        is_told |= appender.poll().iter().any(|outcome| outcome.result.is_ok());
        let read = tail.next(Duration::from_millis(5));
        is_read |= matches!(read, Some(Tailed::Record { payload, .. }) if payload == b"last");
        is_told && is_read
    });
    assert!(tail.stale_for() < Duration::from_secs(3));
}

#[test]
fn a_producer_that_gave_up_for_good_is_replaced() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("ledger", 1, 1).unwrap();
    // To be refused a producer id is fatal to an idempotent producer.
    cluster.request_errors(
        RDKafkaApiKey::InitProducerId,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED],
    );
    let mut appender = appender(&cluster.bootstrap_servers(), "ledger");
    appender.append(1, 0, b"a").unwrap();
    let told = outcomes(&mut appender, 1, LIMIT);
    assert!(told[0].token == 1 && told[0].result.is_err(), "{told:?}");
    wait_for("room again", LIMIT, || {
        appender.poll();
        appender.append(2, 0, b"b").ok()
    });
    let told = outcomes(&mut appender, 1, LIMIT);
    assert_eq!(told, [Outcome { token: 2, partition: 0, result: Ok(0) }]);
    assert_eq!(appender.renewals(), 1);
}

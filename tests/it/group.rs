//! The input's group against a real broker: who has which partition, and from where it is read.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use svarstid::shell::group::{Group, Heard};
use svarstid::shell::kafka as client;

use crate::support::{Broker, create_topic, kafka, now, produce, unique, wait_until};

const LIMIT: Duration = Duration::from_secs(30);

/// A group's owner that takes what it is given and counts what it reads.
struct Owner {
    group: Group,
    topics: usize,
    is_draining: bool,
    ours: BTreeSet<i32>,
    asked_back: BTreeSet<i32>,
    lost: Vec<Vec<i32>>,
    assigned: u32,
    ends: BTreeSet<(usize, i32)>,
    /// Next offset by topic and partition; every record continues it.
    next: BTreeMap<(usize, i32), i64>,
    away: u32,
    troubles: Vec<String>,
}

impl Owner {
    fn new(brokers: &str, name: &str, topics: &[&str]) -> Owner {
        let mut settings = client::plain(brokers);
        settings.set("session.timeout.ms", "2000").set("heartbeat.interval.ms", "500");
        let group = Group::new(&settings, name, topics).expect("the settings are good");
        group.join().expect("it can be joined");
        Owner {
            group,
            topics: topics.len(),
            is_draining: false,
            ours: BTreeSet::new(),
            asked_back: BTreeSet::new(),
            lost: Vec::new(),
            assigned: 0,
            ends: BTreeSet::new(),
            next: BTreeMap::new(),
            away: 0,
            troubles: Vec::new(),
        }
    }

    /// Polls for a moment.
    fn step(&mut self) {
        let mut back = Vec::new();
        for _ in 0..200 {
            match self.group.poll(Duration::from_millis(1)) {
                Some(Heard::Message(topic, message)) => {
                    let place = self.next.entry((topic, message.partition())).or_default();
                    assert_eq!(message.offset(), *place, "{topic} [{}]", message.partition());
                    *place += 1;
                    assert!(self.ours.contains(&message.partition()));
                }
                Some(Heard::Assigned(partitions)) => {
                    self.assigned += 1;
                    for partition in partitions {
                        assert!(self.ours.insert(partition));
                        let starts: Vec<i64> = (0..self.topics)
                            .map(|at| *self.next.entry((at, partition)).or_default())
                            .collect();
                        self.group.take(partition, &starts).expect("it can be taken");
                    }
                }
                Some(Heard::Revoking(partitions)) => {
                    assert!(partitions.iter().all(|one| self.ours.contains(one)));
                    self.asked_back.extend(&partitions);
                    back = partitions;
                }
                Some(Heard::Lost(partitions)) => {
                    assert!(partitions.iter().all(|one| self.ours.remove(one)));
                    self.lost.push(partitions);
                }
                Some(Heard::End { topic, partition, next }) => {
                    assert_eq!(self.next[&(topic, partition)], next);
                    self.ends.insert((topic, partition));
                }
                Some(Heard::OutOfRange(topic, range)) => {
                    self.troubles.push(format!("{topic} {range:?}"));
                }
                Some(Heard::Away(_)) => self.away += 1,
                Some(Heard::Trouble(text) | Heard::Fatal(text)) => self.troubles.push(text),
                None => break,
            }
        }
        if !self.is_draining {
            back.iter().for_each(|partition| self.release(*partition));
        }
    }

    fn release(&mut self, partition: i32) {
        self.group.release(partition);
        self.asked_back.remove(&partition);
        self.ours.remove(&partition);
    }

    fn read(&self, partition: i32) -> i64 {
        self.next.get(&(0, partition)).copied().unwrap_or(0)
    }
}

fn write(brokers: &str, topic: &str, partitions: i32, each: i32) {
    let records = (0..partitions * each).map(|n| (Some(n % partitions), "k", 1, format!("{n}")));
    produce(brokers, topic, records);
}

#[test]
fn a_revocation_waits_for_the_drain_and_all_is_read_meanwhile() {
    let Some(brokers) = kafka() else { return };
    let (topic, name) = (unique("events"), unique("group"));
    create_topic(&brokers, &topic, 4);
    write(&brokers, &topic, 4, 10);
    let mut first = Owner::new(&brokers, &name, &[&topic]);
    first.is_draining = true;
    wait_until("all four", LIMIT, || {
        first.step();
        first.ours.len() == 4 && (0..4).all(|partition| first.read(partition) == 10)
    });
    let mut second = Owner::new(&brokers, &name, &[&topic]);
    wait_until("the revocation", LIMIT, || {
        first.step();
        second.step();
        !first.asked_back.is_empty()
    });
    assert_eq!(first.asked_back.len(), 2);
    // Longer than a session, so the member must have sent its heartbeats; the stay is read on.
    let began = now();
    let mut rounds = 0;
    while began.elapsed() < Duration::from_secs(3) {
        rounds += 1;
        write(&brokers, &topic, 4, 5);
        wait_until("all partitions read on", LIMIT, || {
            first.step();
            second.step();
            (0..4).all(|partition| first.read(partition) == 10 + 5 * rounds)
        });
        assert!(second.ours.is_empty(), "nothing is handed over before it is released");
    }
    assert!(rounds >= 3, "{rounds} rounds");
    let released = first.asked_back.clone();
    first.release(*released.first().unwrap());
    let began = now();
    while began.elapsed() < Duration::from_millis(500) {
        first.step();
        second.step();
        assert!(second.ours.is_empty(), "one of two is not all");
    }
    // The other one goes on where the first one stopped.
    let last = *released.last().unwrap();
    for partition in &released {
        second.next.insert((0, *partition), first.read(*partition));
    }
    first.release(last);
    let began = now();
    wait_until("the handover", LIMIT, || {
        first.step();
        second.step();
        second.ours == released
    });
    println!("handed over {:?} after the last release", began.elapsed());
    write(&brokers, &topic, 4, 5);
    wait_until("both read", LIMIT, || {
        first.step();
        second.step();
        let at = |partition| match released.contains(&partition) {
            true => second.read(partition),
            false => first.read(partition),
        };
        (0..4).all(|partition| at(partition) == 15 + 5 * rounds)
    });
    assert!(first.lost.is_empty() && second.lost.is_empty());
    assert_eq!((&first.troubles, &second.troubles), (&vec![], &vec![]));
    // A planned end hands over at once, not after a session.
    first.is_draining = false;
    first.group.resign();
    wait_until("the resignation", LIMIT, || {
        first.step();
        first.ours.is_empty()
    });
    for partition in 0..4 {
        let next = second.read(partition).max(first.read(partition));
        second.next.insert((0, partition), next);
    }
    assert!(first.group.leave(Duration::from_secs(5)));
    wait_until("all four", Duration::from_secs(10), || {
        second.step();
        second.ours.len() == 4
    });
}

#[test]
fn partitions_are_lost_with_the_session_and_come_back() {
    let Some(broker) = Broker::start() else { return };
    let brokers = broker.address();
    create_topic(brokers, "events", 2);
    write(brokers, "events", 2, 10);
    let mut owner = Owner::new(brokers, "group", &["events"]);
    wait_until("both", LIMIT, || {
        owner.step();
        owner.read(0) == 10 && owner.read(1) == 10
    });
    broker.kill();
    wait_until("the loss", LIMIT, || {
        owner.step();
        !owner.lost.is_empty()
    });
    assert_eq!(owner.lost, [vec![0, 1]]);
    assert!(owner.group.is_away());
    assert_eq!(owner.away, 1, "told once");
    broker.start_again();
    write(brokers, "events", 2, 10);
    wait_until("both again", LIMIT, || {
        owner.step();
        owner.read(0) == 20 && owner.read(1) == 20
    });
    wait_until("good news", LIMIT, || {
        owner.step();
        !owner.group.is_away()
    });
    assert_eq!(owner.assigned, 2);
    assert!(owner.asked_back.is_empty());
    // Nobody is there to say goodbye to, and still it ends in time.
    broker.kill();
    let began = now();
    owner.group.leave(Duration::from_secs(4));
    assert!(began.elapsed() < Duration::from_secs(20), "it waited for nobody");
}

#[test]
fn other_topics_follow_the_anchor() {
    let Some(brokers) = kafka() else { return };
    let (anchor, other, name) = (unique("events"), unique("events"), unique("group"));
    for topic in [&anchor, &other] {
        create_topic(&brokers, topic, 2);
        write(&brokers, topic, 2, 100);
    }
    let mut owner = Owner::new(&brokers, &name, &[&anchor, &other]);
    wait_until("the ends", LIMIT, || {
        owner.step();
        owner.ends.len() == 4
    });
    assert!(owner.next.values().all(|next| *next == 100));
    assert_eq!(owner.group.watermarks(1, 0, LIMIT).unwrap(), (0, 100));

    // Back to an earlier offset, in one topic only.
    owner.group.seek(1, 1, 40).unwrap();
    owner.next.insert((1, 1), 40);
    wait_until("the same again", LIMIT, || {
        owner.step();
        owner.next[&(1, 1)] == 100
    });

    owner.group.pause(0).unwrap();
    for topic in [&anchor, &other] {
        write(&brokers, topic, 2, 10);
    }
    wait_until("the other partition", LIMIT, || {
        owner.step();
        owner.next[&(0, 1)] == 110 && owner.next[&(1, 1)] == 110
    });
    assert_eq!((owner.next[&(0, 0)], owner.next[&(1, 0)]), (100, 100));
    owner.group.resume(0).unwrap();
    wait_until("the paused one", LIMIT, || {
        owner.step();
        owner.next[&(0, 0)] == 110 && owner.next[&(1, 0)] == 110
    });

    wait_until("the statistics", LIMIT, || {
        owner.step();
        let standings = owner.group.statistics();
        standings.iter().all(|topic| topic.iter().all(|one| one.lag() == Some(0)))
            && owner.group.partitions() == [Some(2), Some(2)]
    });

    owner.group.commit_gauge(&[(0, 0, 33), (1, 1, 44)]);
    wait_until("the gauge", LIMIT, || {
        owner.step();
        committed(&brokers, &name, &anchor, 0) == Some(33)
            && committed(&brokers, &name, &other, 1) == Some(44)
    });
    assert_eq!(owner.group.gauges_failed(), 0);

    owner.group.seek(0, 1, 111).unwrap();
    wait_until("out of range", LIMIT, || {
        owner.step();
        !owner.troubles.is_empty()
    });
    assert_eq!(owner.troubles, ["0 OutOfRange { partition: 1, wanted: 111, first: 0, end: 110 }"]);
}

fn committed(brokers: &str, group: &str, topic: &str, partition: i32) -> Option<i64> {
    let reader: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", group)
        .create()
        .expect("a consumer can be made");
    let mut asked = TopicPartitionList::new();
    asked.add_partition(topic, partition);
    let told = reader.committed_offsets(asked, LIMIT).expect("the broker tells");
    match told.elements().first().expect("one was asked for").offset() {
        Offset::Offset(offset) => Some(offset),
        Offset::Beginning
        | Offset::End
        | Offset::Stored
        | Offset::Invalid
        | Offset::OffsetTail(_) => None,
    }
}

#[test]
fn a_group_ends_though_a_revocation_waits() {
    let Some(brokers) = kafka() else { return };
    let (topic, name) = (unique("events"), unique("group"));
    create_topic(&brokers, &topic, 2);
    let mut first = Owner::new(&brokers, &name, &[&topic]);
    first.is_draining = true;
    wait_until("both", LIMIT, || {
        first.step();
        first.ours.len() == 2
    });
    let mut second = Owner::new(&brokers, &name, &[&topic]);
    wait_until("the revocation", LIMIT, || {
        first.step();
        second.step();
        !first.asked_back.is_empty()
    });
    assert!(first.group.leave(Duration::from_secs(5)), "it ends in time");
    wait_until("the heir", Duration::from_secs(10), || {
        second.step();
        second.ours.len() == 2
    });
}

/// While a revocation waits, the library tells of no loss; it must come afterwards.
///
/// A broker that wakes up finds both a session that is over and a heartbeat that waits, and which
/// it sees first is chance. So it is tried until the session has ended.
#[test]
fn a_session_that_ends_during_a_drain_is_survived() {
    let Some(broker) = Broker::start() else { return };
    create_topic(broker.address(), "events", 4);
    let has_ended =
        (1..=5).any(|round| drains_past_its_session(&broker, &format!("group-{round}")));
    assert!(has_ended, "no session ended in five tries");
}

/// Freezes the broker for longer than the session during a drain; gives whether the session ended.
fn drains_past_its_session(broker: &Broker, group: &str) -> bool {
    let brokers = broker.address();
    let mut first = Owner::new(brokers, group, &["events"]);
    first.is_draining = true;
    wait_until("all four", LIMIT, || {
        first.step();
        first.ours.len() == 4
    });
    let mut second = Owner::new(brokers, group, &["events"]);
    wait_until("the revocation", LIMIT, || {
        first.step();
        second.step();
        !first.asked_back.is_empty()
    });
    broker.freeze();
    let began = now();
    while began.elapsed() < Duration::from_secs(5) {
        first.step();
        second.step();
    }
    assert!(first.lost.is_empty(), "nothing is told while we drain");
    assert_eq!(first.ours.len(), 4);
    broker.thaw();
    let asked_back = first.asked_back.clone();
    asked_back.iter().for_each(|partition| first.release(*partition));
    first.is_draining = false;
    let mut both = [first, second];
    let mut lone = 0;
    wait_until("a fair share that stays", Duration::from_secs(60), || {
        both.iter_mut().for_each(Owner::step);
        let [first, second] = &both;
        let is_fair =
            first.ours.len() == 2 && second.ours.len() == 2 && first.ours.is_disjoint(&second.ours);
        lone = if is_fair { lone + 1 } else { 0 };
        lone > 50
    });
    // The rest was lost with the session, or nothing was.
    assert!(both[0].lost.len() <= 1, "{:?}", both[0].lost);
    !both[0].lost.is_empty()
}

#[test]
fn who_resigns_during_a_drain_gives_back_the_rest_afterwards() {
    let Some(brokers) = kafka() else { return };
    let (topic, name) = (unique("events"), unique("group"));
    create_topic(&brokers, &topic, 4);
    let mut first = Owner::new(&brokers, &name, &[&topic]);
    first.is_draining = true;
    wait_until("all four", LIMIT, || {
        first.step();
        first.ours.len() == 4
    });
    let mut second = Owner::new(&brokers, &name, &[&topic]);
    wait_until("the revocation", LIMIT, || {
        first.step();
        second.step();
        !first.asked_back.is_empty()
    });
    first.group.resign();
    let asked_back = first.asked_back.clone();
    asked_back.iter().for_each(|partition| first.release(*partition));
    first.is_draining = false;
    wait_until("the rest", LIMIT, || {
        first.step();
        second.step();
        first.ours.is_empty()
    });
    assert!(first.lost.is_empty());
    wait_until("the heir", LIMIT, || {
        first.step();
        second.step();
        second.ours.len() == 4
    });
}

//! How far each partition of a topic has been read, and when something was last heard of it.

use std::time::Duration;

use rdkafka::statistics::{Broker, Statistics};

use super::clock::Stopwatch;

/// A range of records that is gone, or was never there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    /// The partition.
    pub partition: i32,
    /// The offset that was to be read next.
    pub wanted: i64,
    /// The first offset that is kept.
    pub first: i64,
    /// The offset after the last one.
    pub end: i64,
}

/// How far a partition has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The partition.
    pub partition: i32,
    /// The offset to read next.
    pub next: i64,
    /// The end of what may be read, as the statistics last told; never before `next`.
    pub end: Option<i64>,
}

impl Standing {
    /// Records left to read, as far as is known.
    pub fn lag(&self) -> Option<i64> {
        self.end.map(|end| end - self.next)
    }
}

/// When something was last heard.
#[derive(Clone, Copy)]
struct Heard {
    told: Stopwatch,
    /// How old the news was when it was told.
    age: Duration,
}

impl Heard {
    fn fresh() -> Heard {
        Heard { told: Stopwatch::start(), age: Duration::ZERO }
    }

    fn passed(&self) -> Duration {
        self.told.passed() + self.age
    }
}

struct Place {
    next: i64,
    end: Option<i64>,
    heard: Heard,
    /// Something came since `heard` was set; the clock is not asked for each record.
    is_fresh: bool,
    is_out_of_range: bool,
}

/// The partitions that are being read.
#[derive(Default)]
pub(super) struct Places {
    /// By partition.
    list: Vec<Option<Place>>,
}

impl Places {
    /// Begins to follow a partition; gives false where that is no partition.
    pub(super) fn begin(&mut self, partition: i32, next: i64) -> bool {
        let Ok(at) = usize::try_from(partition) else { return false };
        if self.list.len() <= at {
            self.list.resize_with(at + 1, || None);
        }
        self.list[at] = Some(Place {
            next,
            end: None,
            heard: Heard::fresh(),
            is_fresh: false,
            is_out_of_range: false,
        });
        true
    }

    /// Follows a partition no more; gives whether it was followed.
    pub(super) fn cease(&mut self, partition: i32) -> bool {
        let place = usize::try_from(partition).ok().and_then(|at| self.list.get_mut(at));
        place.and_then(Option::take).is_some()
    }

    fn of(&mut self, partition: i32) -> Option<&mut Place> {
        usize::try_from(partition).ok().and_then(|at| self.list.get_mut(at))?.as_mut()
    }

    /// A record came; gives whether it is one that was waited for.
    pub(super) fn arrived(&mut self, partition: i32, offset: i64) -> bool {
        let Some(place) = self.of(partition).filter(|place| offset >= place.next) else {
            return false;
        };
        place.next = offset + 1;
        place.is_fresh = true;
        true
    }

    /// The end of a partition was reached; gives the offset to read next.
    pub(super) fn ended(&mut self, partition: i32) -> Option<i64> {
        let place = self.of(partition)?;
        place.is_fresh = true;
        Some(place.next)
    }

    /// The offset to read next.
    pub(super) fn next(&mut self, partition: i32) -> Option<i64> {
        self.of(partition).map(|place| place.next)
    }

    /// The offset to read next is known not to be there.
    pub(super) fn out_of_range(&mut self, partition: i32) {
        if let Some(place) = self.of(partition) {
            place.is_out_of_range = true;
        }
    }

    /// Partitions of which nothing bad is known.
    pub(super) fn in_range(&self) -> impl Iterator<Item = i32> {
        (0..).zip(&self.list).filter_map(|(partition, place)| {
            let place = place.as_ref()?;
            (!place.is_out_of_range).then_some(partition)
        })
    }

    /// Takes in what has come and what the statistics say; gives whether anything was heard.
    pub(super) fn look(&mut self, topic: &str, told: Option<&Statistics>) -> bool {
        let mut is_heard = false;
        let partitions = told.and_then(|told| Some(&told.topics.get(topic)?.partitions));
        for (partition, place) in (0..).zip(&mut self.list) {
            let Some(place) = place else { continue };
            if std::mem::take(&mut place.is_fresh) {
                place.heard = Heard::fresh();
                is_heard = true;
            }
            let Some(partition) = partitions.and_then(|all| all.get(&partition)) else { continue };
            if partition.ls_offset >= 0 {
                place.end = Some(partition.ls_offset.max(place.next));
            }
            let source = told
                .iter()
                .flat_map(|told| told.brokers.values())
                .find(|broker| broker.nodeid == partition.broker && broker.nodeid >= 0);
            if let Some(age) = source.and_then(idle)
                && age < place.heard.passed()
            {
                place.heard = Heard { told: Stopwatch::start(), age };
                is_heard = true;
            }
        }
        is_heard
    }

    /// The longest time that nothing was heard of a partition.
    pub(super) fn stale_for(&self) -> Duration {
        let ages = self.list.iter().flatten().map(|place| match place.is_fresh {
            true => Duration::ZERO,
            false => place.heard.passed(),
        });
        ages.max().unwrap_or_default()
    }

    /// How far each partition has been read, in order.
    pub(super) fn standings(&self) -> Vec<Standing> {
        let places = (0..).zip(&self.list);
        places
            .filter_map(|(partition, place)| {
                let place = place.as_ref()?;
                let end = place.end.map(|end| end.max(place.next));
                Some(Standing { partition, next: place.next, end })
            })
            .collect()
    }
}

/// How long ago a broker was heard, if it is connected.
fn idle(broker: &Broker) -> Option<Duration> {
    let micros = u64::try_from(broker.rxidle).ok()?;
    (broker.state == "UP").then(|| Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use rdkafka::statistics::{Partition, Topic};

    use super::*;

    /// Statistics of partition 0, held by broker 1 in this state.
    fn told(state: &str, idle: Duration, end: i64) -> Statistics {
        let mut told = Statistics::default();
        let broker = Broker {
            nodeid: 1,
            state: state.to_owned(),
            rxidle: idle.as_micros() as i64,
            ..Broker::default()
        };
        told.brokers.insert("b:9092/1".to_owned(), broker);
        let partition = Partition { broker: 1, ls_offset: end, ..Partition::default() };
        let mut topic = Topic::default();
        topic.partitions.insert(0, partition);
        told.topics.insert("t".to_owned(), topic);
        told
    }

    #[test]
    fn only_what_was_waited_for_arrives() {
        let mut places = Places::default();
        assert!(!places.begin(-1, 0));
        assert!(places.begin(2, 10));
        for (partition, offset, is_taken) in
            [(2, 9, false), (2, 10, true), (2, 10, false), (2, 12, true), (1, 0, false)]
        {
            assert_eq!(places.arrived(partition, offset), is_taken, "{partition} {offset}");
        }
        assert_eq!((places.ended(2), places.ended(0)), (Some(13), None));
        assert!(places.cease(2) && !places.cease(2) && !places.arrived(2, 13));
    }

    #[test]
    fn a_partition_is_as_stale_as_its_broker_is_silent() {
        let mut places = Places::default();
        places.begin(0, 0);
        let silent = Duration::from_secs(60);
        let Some(Some(place)) = places.list.first_mut() else { panic!("it has begun") };
        place.heard.age = silent;
        assert!(places.stale_for() >= silent);
        assert!(!places.look("t", Some(&told("DOWN", Duration::ZERO, 5))), "not connected");
        assert!(!places.look("t", Some(&told("UP", 2 * silent, 5))), "older than what is known");
        assert!(places.stale_for() >= silent);
        assert!(places.look("t", Some(&told("UP", Duration::from_secs(3), 5))));
        assert!((3..10).contains(&places.stale_for().as_secs()));
        assert!(places.arrived(0, 7));
        assert_eq!(places.stale_for(), Duration::ZERO);
        assert_eq!(places.standings(), [Standing { partition: 0, next: 8, end: Some(8) }]);
        assert_eq!(places.standings()[0].lag(), Some(0));
    }
}

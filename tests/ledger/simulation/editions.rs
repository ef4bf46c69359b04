//! Editions of the month, begun while everything goes wrong: every daemon knows the same ones, and
//! each is the same report in whatever order the chains are folded up to its end.

use svarstid::domain::calendar::{Day, Zone};
use svarstid::domain::period::Period;
use svarstid::domain::rules::DEFINITIONS;
use svarstid::domain::schedule::Schedule;
use svarstid::domain::units::{Millis, Timestamp};
use svarstid::engine::chain::RulesVersion;
use svarstid::engine::edition::{Edition, Reach};
use svarstid::engine::{Engine, Settings};
use svarstid::report::{Audience, Language, Order, reads_alike};

use super::daemon::{Daemon, engine};
use super::world::World;

/// The simulated day is of this month.
fn october() -> Period {
    "2026-10".parse().expect("a month")
}

/// From an hour before the month is due, five days pass while the run lasts: at every round, what
/// came since the one before gives another edition.
const DAYS: i64 = 5;

fn begin() -> Timestamp {
    let day = Day::parse("2026-11-04").expect("a day");
    Zone::stockholm().at_wall_clock(day, 360)
}

impl World {
    /// Notes what is due, by a clock that is as wrong as the daemon's.
    pub(super) fn publish(&mut self, daemon: &mut Daemon) {
        let share = self.now.min(self.day.length) as i64;
        let passed = Millis(DAYS * 86_400_000 * share / self.day.length as i64);
        let clock = match self.faults.is_calm {
            // On a Tuesday, which every clock has reached.
            true => begin().plus(Millis((DAYS + 1) * 86_400_000 + 3_600_000)),
            false => begin().plus(passed).plus(Millis(daemon.clock_error)),
        };
        if let Some(instance) = &mut daemon.instance {
            instance.publish(&Schedule::default(), clock, reads_alike, |_| true);
        }
    }
}

/// Fails unless all know the same editions, and two readers make the same of each.
pub(super) fn check(world: &World) -> usize {
    let instances = || world.daemons.iter().filter_map(|daemon| daemon.instance.as_ref());
    let mut known = instances().map(|instance| instance.engine().editions());
    let editions: Vec<Edition> = known.next().expect("somebody lives");
    assert!(known.all(|others| others == editions), "two daemons know different editions");
    if world.auditor.engine().days_with_figures().is_none() {
        return 0;
    }
    assert!(!editions.is_empty(), "the month is not published");
    assert!(editions.iter().all(|edition| edition.period == october()));
    // Two of them are enough, for time's sake.
    for edition in [editions.first(), editions.last()].into_iter().flatten() {
        let partitions = 0..world.manner.partitions;
        let forward = cut(world, edition, partitions.clone());
        let backward = cut(world, edition, partitions.rev());
        assert_eq!(forward, backward, "edition {} depends on the order", edition.number);
    }
    editions.len()
}

/// The report of an edition, as somebody makes it who reads the chains one after the other.
fn cut(world: &World, edition: &Edition, order: impl Iterator<Item = usize>) -> String {
    let version = world.auditor.engine().version();
    let config = world.day.configs().iter().find(|config| config.figures.version == version.rules);
    let config = config.expect("the ledger's rules are known");
    let mut reader: Engine = engine(config, Settings::from(config));
    reader.set_rules(config);
    reader.keep_all_quarters();
    for partition in 0..world.manner.partitions {
        reader.open_partitions(&config.topics.events, partition as i32);
    }
    let newest = RulesVersion { definitions: DEFINITIONS, rules: u32::MAX };
    for at in order {
        let records = &mut world.broker.ledger[at].iter();
        while reader.reach(at, edition.period, edition.number) != Reach::There {
            let landed = records.next().expect("the edition is whole");
            reader.follow_any(at, &landed.bytes, newest).expect("it can be read");
        }
    }
    let order = Order {
        period: edition.period,
        department: None,
        audience: Audience::Internal,
        language: Language::Swedish,
    };
    assert_eq!(reader.edition(edition.period, edition.number).as_ref(), Some(edition));
    reader.report(&order).published(edition, None).to_json()
}

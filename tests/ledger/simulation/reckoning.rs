//! The reckoning at the end of a run: every daemon against the others, the log and the events.

use std::collections::BTreeMap;

use svarstid::domain::calendar::Zone;
use svarstid::domain::ids::Department;
use svarstid::domain::units::Timestamp;
use svarstid::engine::{DayQuality, Engine, Settings};
use svarstid::report::Interval;
use svarstid::wire::canonical::Arrival;

use super::daemon::{counters, engine, instance, shown};
use super::world::World;

/// Every counter, and how many incidents of each kind there were.
type Export = (BTreeMap<(String, usize), i64>, Vec<(&'static str, i64)>);

/// Fails if anything is not as it must be.
pub(super) fn check(world: &mut World) {
    let lost = check_cover(world);
    let live: Vec<usize> =
        (0..world.daemons.len()).filter(|at| world.daemons[*at].instance.is_some()).collect();
    let end = world.day.end();
    let mut documents = Vec::new();
    let mut exports = Vec::new();
    for at in live {
        let mut daemon = std::mem::take(&mut world.daemons[at]);
        world.look_at_partitions(&daemon);
        world.look_at_counters(&mut daemon);
        if let Some(instance) = &mut daemon.instance {
            documents.push(figures(instance.engine(), end));
            let snapshot = instance.engine_mut().snapshot(end);
            exports.push((counters(&snapshot), snapshot.stream.incidents));
        }
        world.daemons[at] = daemon;
    }
    for (document, export) in documents.iter().zip(&exports) {
        assert_eq!(&documents[0], document, "two daemons show different figures");
        assert_eq!(&exports[0], export, "two daemons export different counters");
    }
    check_afresh(world, &documents[0], &exports[0]);
    let reference = check_reference(world, lost);
    assert_eq!(reference, documents[0], "the figures are not those of the events, read once");
    if world.day.knows_truth() && lost.is_none() {
        let counted = documents[0].rsplit_once('\n').map_or("", |(counted, _)| counted);
        world.day.compare_with_truth(counted);
    }
}

/// Every record of the inputs is in one commit that counts, and in one only. Gives what was
/// deleted before it was read.
fn check_cover(world: &World) -> Option<(usize, i64, i64)> {
    let mut lost = None;
    let views = world.auditor.engine().partitions();
    for (partition, input) in world.broker.inputs.iter().enumerate() {
        let mut next = None;
        for (_, from, to, _) in world.commits.iter().filter(|commit| commit.0 == partition) {
            assert!(from.next == next.unwrap_or(-1), "a gap or an overlap at {}", from.next);
            assert!(to.next >= from.next, "a step back at {}", from.next);
            next = Some(to.next);
        }
        assert_eq!(next.unwrap_or(-1).max(0), input.len() as i64, "input {partition} is not read");
        let missing = input.len() as i64 - views[partition].consumed;
        if missing != 0 {
            let (of, low) = world.lost.expect("events are missing, and none were deleted");
            assert_eq!(of, partition, "events are missing where none were deleted");
            assert!((0..=low).contains(&missing), "{missing} events are missing up to {low}");
            lost = Some((partition, low - missing, low));
        }
    }
    lost
}

/// The ledger, folded from its start by somebody who was not there.
fn check_afresh(world: &World, document: &str, export: &Export) {
    let newest = world.day.configs().last().expect("there are some");
    let version = world.auditor.engine().version();
    let config = world.day.configs().iter().find(|config| config.figures.version == version.rules);
    let mut fresh = instance(&world.manner, config.unwrap_or(newest), 1);
    // In another order than anybody has read it.
    for partition in (0..world.manner.partitions).rev() {
        for (offset, landed) in world.broker.ledger[partition].iter().enumerate() {
            fresh.ledger(partition, offset as i64, &landed.bytes, world.now, world.day.end());
        }
    }
    let end = world.day.end();
    assert_eq!(
        figures(fresh.engine(), end),
        document,
        "the ledger, folded afresh, gives other figures"
    );
    let snapshot = fresh.engine_mut().snapshot(end);
    assert_eq!(
        &(counters(&snapshot), snapshot.stream.incidents),
        export,
        "the ledger, folded afresh, gives other counters"
    );
    for (fresh, view) in fresh.engine().partitions().iter().zip(world.auditor.engine().partitions())
    {
        assert_eq!(shown(fresh), shown(&view), "the order of partitions matters");
    }
}

/// The figures of the events, each read once with no ledger in between; and the rejects.
fn check_reference(world: &World, lost: Option<(usize, i64, i64)>) -> String {
    let version = world.auditor.engine().version();
    let config = world.day.configs().iter().find(|config| config.figures.version == version.rules);
    let config = config.expect("the ledger's rules are known");
    let mut engine = engine(config, Settings::from(config));
    engine.set_rules(config);
    let topics = &config.topics.events;
    for partition in 0..world.manner.partitions {
        engine.open_partitions(topics, partition as i32);
    }
    for (partition, input) in world.broker.inputs.iter().enumerate() {
        for (offset, event) in input.iter().enumerate() {
            let offset = offset as i64;
            if lost.is_some_and(|(of, from, to)| of == partition && (from..to).contains(&offset)) {
                continue;
            }
            let arrival = Arrival::default();
            let reason = engine.event_of(partition, 0, offset, &event.bytes, &arrival);
            if let Some(reason) = reason {
                check_reject(world, partition, offset, reason.name());
            }
            if offset % 97 == 0 {
                engine.commit();
            }
        }
        engine.settle(partition, world.day.end());
    }
    engine.commit();
    figures(&engine, world.day.end())
}

/// Everything that was counted, and behind it what people told and how good the data was, by
/// department and on the days around the simulated one.
fn figures(engine: &Engine, end: Timestamp) -> String {
    let document = engine.document(Interval::Quarter, end).to_json();
    let today = Zone::stockholm().day_of(end);
    let departments = (0..engine.names().departments.len() as u16).map(|at| Some(Department(at)));
    let whose: Vec<Option<Department>> = departments.chain([None]).collect();
    let quality = today.plus(-3).until(today.plus(3)).flat_map(|day| {
        whose.iter().map(move |of| {
            // Whoever has no ledger has no incidents.
            let quality = engine.quality_of((day, day.next()), *of);
            DayQuality { incidents: BTreeMap::new(), lost: 0, ..quality }
        })
    });
    let quality: Vec<DayQuality> = quality.collect();
    format!("{document}\n{:?} {quality:?}", engine.told())
}

/// A reject is told before the commit that passes it.
fn check_reject(world: &World, partition: usize, offset: i64, reason: &'static str) {
    let there = world.broker.rejects.contains(&(partition, offset, reason));
    assert!(there, "nobody was told of the reject {partition}/{offset}: {reason}");
    let told_at = world.rejected_at[&(partition, offset)];
    let passed_at = world
        .commits
        .iter()
        .find(|(of, from, to, _)| *of == partition && from.next <= offset && offset < to.next)
        .map(|commit| commit.3);
    assert!(
        passed_at.is_none_or(|at| told_at <= at),
        "the reject {partition}/{offset} was passed before it was told"
    );
}

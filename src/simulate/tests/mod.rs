//! What the simulated municipality must be like.

mod from_bytes;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;
use serde_json::Value;

use super::*;

fn month(seed: u64) -> Parameters {
    Parameters::new(seed, date(2026, 10, 1), date(2026, 11, 1))
}

fn simulate(parameters: Parameters) -> Vec<Record> {
    Simulation::new(parameters).unwrap().collect()
}

fn truth(parameters: Parameters) -> Truth {
    Simulation::new(parameters).unwrap().into_truth()
}

fn read(record: &Record) -> Value {
    serde_json::from_str(&record.payload).unwrap()
}

fn sums(truth: &Truth) -> BTreeMap<Option<String>, Row> {
    let mut sums: BTreeMap<Option<String>, Row> = BTreeMap::new();
    for (key, row) in truth.rows() {
        sums.entry(key.queue).or_default().add(row);
    }
    sums
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let week = |seed| simulate(Parameters::new(seed, date(2026, 3, 23), date(2026, 3, 30)));
    let first = week(5);
    assert_eq!(first, week(5));
    assert_ne!(first, week(6));
    let json = |seed| truth(month(seed)).to_json().to_string();
    assert_eq!(json(5), json(5));
}

#[test]
fn taking_records_first_does_not_change_the_truth() {
    let mut simulation = Simulation::new(month(3)).unwrap();
    assert_eq!(simulation.by_ref().take(50_000).count(), 50_000);
    assert_eq!(simulation.into_truth().to_json(), truth(month(3)).to_json());
}

#[test]
fn records_stream_in_order_of_arrival() {
    let records = simulate(month(2));
    assert!(records.is_sorted_by_key(|record| record.arrival_ms));
    for record in &records {
        assert_eq!(record.every_partition, record.key.is_empty());
    }
}

#[test]
fn the_identities_hold_in_every_row() {
    for (key, row) in truth(month(4)).rows() {
        let rejected = row.rejected.full + row.rejected.no_agent + row.rejected.diverted;
        assert_eq!(row.offered, row.closed + rejected + row.queued, "{key:?}");
        let left = row.timed_out
            + row.left_empty
            + row.key_exit
            + row.withdrawn
            + row.callback
            + row.overflowed;
        let lost = row.lost_by_restart + row.lost_track;
        let ended = row.answered + row.abandoned + left + lost + row.waiting;
        assert_eq!(row.queued, ended, "{key:?}");
        assert!(row.short_abandoned <= row.abandoned && row.short_abandoned >= 0);
        assert_eq!(row.short_abandoned, row.abandoned_within.0[0]);
        assert!(row.wait_ms.max <= row.wait_ms.sum);
        assert!(row.answered_within.0.is_sorted() && row.answered_within.0[10] <= row.answered);
    }
}

#[test]
fn the_goals_agree_with_the_rows() {
    let truth = truth(month(4));
    let sums = sums(&truth);
    let switchboard = sums[&None];
    assert_eq!(truth.goal(GoalId::SM1, None).of_offered, switchboard.offered);
    assert_eq!(truth.goal(GoalId::SM1, None), truth.goal(GoalId::SM1, Some("kommunledning")));
    let at_desks: i64 =
        sums.iter().filter(|(queue, _)| queue.is_some()).map(|(_, row)| row.offered).sum();
    assert_eq!(truth.goal(GoalId::SM3, None).of_offered, at_desks);
    let visits = truth.goal(GoalId::SM2, None);
    assert!(visits.of_offered < at_desks && visits.met <= visits.of);
}

#[test]
fn a_working_day_is_about_eight_hundred_calls() {
    let truth = truth(Parameters::new(8, date(2026, 1, 1), date(2027, 1, 1)));
    let days = 250.0;
    let a_day = sums(&truth)[&None].offered as f64 / days;
    assert!((720.0..880.0).contains(&a_day), "{a_day} calls a day");
}

#[test]
fn goals_are_nearly_met() {
    let truth = truth(Parameters::new(8, date(2026, 9, 1), date(2026, 12, 1)));
    let share = |id| {
        let goal = truth.goal(id, None);
        goal.met as f64 / goal.of as f64
    };
    for (id, low, high) in
        [(GoalId::SM1, 0.85, 0.95), (GoalId::SM2, 0.84, 0.95), (GoalId::SM3, 0.05, 0.14)]
    {
        let value = share(id);
        assert!((low..high).contains(&value), "{id:?} {value}");
    }
}

#[test]
fn every_end_occurs_in_a_month() {
    let mut parameters = month(9);
    parameters.scale = 2.0;
    parameters.restarts_per_week = 5;
    let mut all = Row::default();
    for row in sums(&truth(parameters)).values() {
        all.add(row);
    }
    let counts = [
        all.outside_hours,
        all.closed,
        all.rejected.full,
        all.rejected.no_agent,
        all.rejected.diverted,
        all.answered,
        all.short_abandoned,
        all.timed_out,
        all.left_empty,
        all.key_exit,
        all.withdrawn,
        all.callback,
        all.overflowed,
        all.lost_by_restart,
        all.lost_track,
        all.transferred,
        all.ring_no_answer,
    ];
    assert!(counts.iter().all(|&count| count > 0), "{all:?}");
}

/// DOMAIN section 6 and issue 5: how questions go to case officers, and whether promises are kept.
#[test]
fn what_contacts_tell_comes_as_often_as_it_should() {
    let truth = truth(Parameters { scale: 3.0, ..month(9) });
    let share = |name: &str, of: &[&str]| {
        let of: i64 = of.iter().map(|name| truth.way(name)).sum();
        truth.way(name) as f64 / of as f64
    };
    let outcomes = [
        ("escalated_takes_over", 0.45),
        ("escalated_will_call_back", 0.35),
        ("escalated_asked_to_call_later", 0.15),
        ("escalated_other", 0.05),
    ];
    let names = outcomes.map(|(name, _)| name);
    for (name, wanted) in outcomes {
        let found = share(name, &names);
        assert!((found - wanted).abs() < 0.03, "{name} {found}");
    }
    let kept = share("callbacks_kept_within_target", &["callbacks_promised"]);
    assert!((0.78..0.88).contains(&kept), "{kept} of promises kept in time");
    let right = share("sent_right", &["sent_right", "sent_on"]);
    assert!((0.93..0.999).contains(&right), "{right} right the first time");
    for name in [
        "contacts_from_switchboard",
        "contacts_from_direct",
        "passed_by_matter",
        "passed_by_name",
        "returned",
        "sent_on",
        "unclassified",
        "callbacks_expired",
        "matter_handling_ms",
        "resolved_email",
        "resolved_e_service",
        "resolved_visit",
        "resolved_post",
        "other_escalated_will_call_back",
    ] {
        assert!(truth.way(name) > 0, "{name} never occurs");
    }
}

#[test]
fn faults_come_as_often_as_they_should() {
    let records = simulate(month(10));
    let clean = simulate(Parameters { faults: false, ..month(10) });
    let ids: BTreeSet<String> =
        records.iter().map(|record| read(record)["id"].as_str().unwrap().to_owned()).collect();
    let near = |count: usize, of: usize, expected: f64| {
        let share = count as f64 / of as f64;
        assert!((share / expected - 1.0).abs() < 0.25, "{count} of {of} is not {expected}");
    };
    near(records.len() - ids.len(), ids.len(), 0.005);
    let ends = |records: &[Record]| {
        records.iter().filter(|record| record.payload.contains("\"contact.ended\"")).count()
    };
    near(clean.len() - ids.len(), ends(&clean), 0.003);
    let mut times: BTreeMap<String, i64> = BTreeMap::new();
    for record in &clean {
        times.insert(read(record)["id"].as_str().unwrap().to_owned(), record.arrival_ms);
    }
    let mut seen = BTreeSet::new();
    let mut late = 0;
    for record in &records {
        let event = read(record);
        let id = event["id"].as_str().unwrap();
        let stamp: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
        let error = stamp.as_millisecond() - times[id];
        assert!(error.abs() <= 2_000, "a clock is {error} ms wrong");
        let way = record.arrival_ms - times[id];
        assert!(way >= 0);
        if seen.insert(id.to_owned()) {
            assert!(way <= 7_200_000);
            late += usize::from(way > 5_000);
        }
    }
    near(late, ids.len(), 0.01);
}

#[test]
fn without_faults_a_record_arrives_at_the_time_it_tells() {
    for record in simulate(Parameters { faults: false, ..month(10) }) {
        let stamp: jiff::Timestamp = read(&record)["time"].as_str().unwrap().parse().unwrap();
        assert_eq!(stamp.as_millisecond(), record.arrival_ms);
    }
}

#[test]
fn no_parameter_that_cannot_work_is_taken() {
    let check = |change: fn(&mut Parameters)| {
        let mut parameters = month(1);
        change(&mut parameters);
        parameters.check()
    };
    assert_eq!(check(|_| {}), Ok(()));
    assert!(check(|parameters| parameters.to = parameters.from).is_err());
    assert!(check(|parameters| parameters.scale = f64::NAN).is_err());
    assert!(check(|parameters| parameters.departments[1].slug = "Å\"".to_owned()).is_err());
    assert!(check(|parameters| parameters.departments.clear()).is_err());
}

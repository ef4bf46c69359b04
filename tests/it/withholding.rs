//! Citizens cannot work out a small count of a department from everything that one edition tells them:
//! the municipality's report and every department's sheet, laid side by side.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use svarstid::domain::ids::Department;
use svarstid::engine::Engine;
use svarstid::report::{Audience, Cell, Language, Order, Report};
use svarstid::simulate::{Parameters, Simulation};
use svarstid::wire::canonical::Arrival;

use crate::oracle;

/// Goals that are of nearly the same calls, each by itself for the others.
const GROUPS: [&[&str]; 4] = [&["SM1"], &["SM2", "SM3", "SM3w"], &["SM4"], &["FCR"]];

/// Counts of one to four.
fn is_small(count: i64) -> bool {
    (1..5).contains(&count.abs())
}

/// Some days of a small town.
fn town(seed: u64, scale: f64, days: i32) -> Engine {
    let until = format!("2026-10-{:02}", 5 + days);
    let parameters = Parameters {
        scale,
        ..Parameters::new(seed, "2026-10-05".parse().unwrap(), until.parse().unwrap())
    };
    let mut engine = oracle::engine(&oracle::configuration(&parameters));
    engine.open_partition("test", 0);
    for (offset, record) in Simulation::new(parameters).unwrap().enumerate() {
        engine.event(0, offset as i64, record.payload.as_bytes(), &Arrival::default());
    }
    engine.tick();
    engine
}

fn report(engine: &Engine, department: Option<Department>, audience: Audience) -> Report {
    engine.report(&Order {
        period: "2026-10".parse().unwrap(),
        department,
        audience,
        language: Language::Swedish,
    })
}

/// The numbers that goals are told over, by their ids.
fn numbers(report: &Report) -> BTreeMap<String, i64> {
    let table = report.tables.iter().find(|table| table.id == "goals").unwrap();
    let of = table.columns.iter().position(|column| column.id == "of").unwrap();
    let counts = table.rows.iter().filter_map(|row| {
        let Cell::Count(count) = row.cells[of] else { return None };
        Some((row.id.clone(), count))
    });
    counts.collect()
}

/// The same of each department in the municipality's comparison.
fn compared(report: &Report) -> BTreeMap<(String, String), i64> {
    let table = report.tables.iter().find(|table| table.id == "departments").unwrap();
    let mut found = BTreeMap::new();
    for row in &table.rows {
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            if let (Some(goal), Cell::Count(count)) = (column.id.strip_suffix("_of"), cell) {
                found.insert((row.id.clone(), goal.to_owned()), *count);
            }
        }
    }
    found
}

/// Small differences between the numbers of goals that are of nearly the same calls.
fn small_differences(numbers: &BTreeMap<String, i64>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for group in GROUPS {
        for (at, one) in group.iter().enumerate() {
            for other in &group[at + 1..] {
                let both = numbers.get(*one).zip(numbers.get(*other));
                if both.is_some_and(|(one, other)| is_small(one - other)) {
                    found.push(((*one).to_owned(), (*other).to_owned()));
                }
            }
        }
    }
    found
}

/// Looks through one edition; how many small differences the municipality itself sees.
fn look(engine: &Engine) -> Result<usize, TestCaseError> {
    let whole = report(engine, None, Audience::Public);
    let (told, sum) = (compared(&whole), numbers(&whole));
    let mut inside = 0;
    for at in 0..engine.names().departments.len() as u16 {
        let slug = engine.names().departments.name(at).to_owned();
        let sheet = report(engine, Some(Department(at)), Audience::Public);
        let own = numbers(&sheet);
        prop_assert_eq!(small_differences(&own), [], "{}: {:?}", slug, own);
        inside +=
            small_differences(&numbers(&report(engine, Some(Department(at)), Audience::Internal)))
                .len();
        for group in GROUPS.concat() {
            let count = own.get(group).copied().filter(|count| *count > 0);
            prop_assert!(!count.is_some_and(is_small), "{} {}: {:?}", slug, group, count);
            // The sheet tells no other number than the comparison.
            let there = told.get(&(slug.clone(), group.to_owned())).copied();
            prop_assert_eq!(there, count, "{} {}", slug, group);
            // Nor does a share stand where whole percent would be as good as a count.
            let table = sheet.tables.iter().find(|table| table.id == "goals").unwrap();
            if let Some(row) = table.rows.iter().find(|row| row.id == group) {
                let shares = row.cells.iter().filter_map(|cell| {
                    let Cell::Share(share, ..) = cell else { return None };
                    Some(share.of)
                });
                for of in shares {
                    prop_assert!(of >= 20, "{} {}: {}", slug, group, of);
                }
            }
        }
        // What has no number has no sentence with one either.
        let of_goal_3 = sheet.sentences.iter().find(|told| told.starts_with("Mål 3")).unwrap();
        prop_assert!(
            ["av alla samtal", "för få", "inga samtal"].iter().any(|word| of_goal_3.contains(word)),
            "{}",
            of_goal_3
        );
    }
    for group in GROUPS.concat() {
        let of: Vec<i64> =
            told.iter().filter(|((_, goal), _)| goal == group).map(|(_, count)| *count).collect();
        let Some(sum) = sum.get(group) else { continue };
        if of.is_empty() {
            continue;
        }
        let left = sum - of.iter().sum::<i64>();
        prop_assert!(left == 0 || left >= 10, "{}: {} of {}", group, left, sum);
        for count in of {
            prop_assert!(!is_small(sum - count), "{}: {} of {}", group, count, sum);
        }
    }
    Ok(inside)
}

#[test]
fn the_towns_have_small_counts_that_only_the_municipality_sees() {
    let inside: usize = (1..=6).map(|seed| look(&town(seed, 0.05, 3)).unwrap()).sum();
    assert!(inside >= 10, "{inside}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_small_count_of_a_department_can_be_worked_out(
        seed in 1..10_000_u64,
        scale in 0.005..0.4_f64,
        days in 1..8_i32,
    ) {
        look(&town(seed, scale, days))?;
    }
}

#[test]
fn what_a_month_withholds_the_longer_periods_do_not_tell() {
    let mut withheld = 0;
    for (seed, scale) in [(1, 0.01), (2, 0.03), (3, 0.1)] {
        let parameters = Parameters {
            scale,
            ..Parameters::new(seed, "2026-01-01".parse().unwrap(), "2026-05-01".parse().unwrap())
        };
        let mut engine = oracle::engine(&oracle::configuration(&parameters));
        engine.open_partition("test", 0);
        for (offset, record) in Simulation::new(parameters).unwrap().enumerate() {
            engine.event(0, offset as i64, record.payload.as_bytes(), &Arrival::default());
        }
        engine.tick();
        let of = |period: &str, audience| {
            let period = period.parse().unwrap();
            let order = Order { period, department: None, audience, language: Language::Swedish };
            engine.report(&order)
        };
        let told = |report: &Report| {
            let whole = numbers(report).into_iter().map(|(goal, n)| ((String::new(), goal), n));
            whole.chain(compared(report)).collect::<BTreeMap<_, _>>()
        };
        let months = ["2026-01", "2026-02", "2026-03", "2026-04"];
        for long in ["2026-T1", "2026-jan-aug", "2026"] {
            let long = told(&of(long, Audience::Public));
            for month in months {
                let shown = told(&of(month, Audience::Public));
                let inside = told(&of(month, Audience::Internal));
                for (place, count) in inside.iter().filter(|(_, count)| **count > 0) {
                    if !shown.contains_key(place) {
                        assert!(!long.contains_key(place), "{place:?}: {count} in {month}");
                        withheld += 1;
                    }
                }
            }
        }
    }
    assert!(withheld > 20, "{withheld}");
}

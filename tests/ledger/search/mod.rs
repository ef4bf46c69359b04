//! Every order of events in small worlds: the chain and the tenure as they are, some instances, a
//! group that gives and takes, a network that loses, delays and repeats, brokers that forget.
//!
//! In every state that can be reached:
//!
//! 1. the log folds each input offset once and in order, each record over the very fold that it was
//!    made from, under the one owner of its epoch;
//! 2. who has read as much of the log has folded the same;
//! 3. an instance counts its own record when it is read back and folded, and makes none before;
//! 4. who enters gathers from where the chain ends;
//! 5. while the brokers lose nothing, no record comes without those before it;
//! 6. the instance that has the partition, let alone, folds the whole input with one further claim
//!    at most, and once more after every late copy has landed.
//!
//! The search goes breadth first, so that what it prints on a fault is a shortest way there.

mod tables;
mod world;

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use world::{Limits, Next, State, Step, World};

/// Walks through a world; panics on the first fault.
fn explore(name: &str, limits: Limits) {
    let mut world = World::new(limits);
    let hasher = DefaultHashBuilder::default();
    let mut states: Vec<State> = vec![world.start()];
    let mut came: Vec<(u32, Step)> = vec![(0, Step::Assign(0))];
    let mut known: HashTable<u32> = HashTable::new();
    known.insert_unique(hasher.hash_one(states[0]), 0, |_| unreachable!("it is the first"));
    let mut counts = [0_u64; Step::KINDS.len()];
    let mut depth = 0;
    let mut level_ends = 1;
    let mut next: Vec<Next> = Vec::new();
    let mut at = 0;
    while at < states.len() {
        if at == level_ends {
            depth += 1;
            level_ends = states.len();
        }
        let state = states[at];
        if let Some(fault) = world.go_on(&state) {
            panic!("{name}: {}\n{fault}\n{state:?}", path(&world, &came, at, None));
        }
        world.follow(&state, &mut next);
        for Next { step, state, fault } in next.drain(..) {
            if let Some(fault) = fault {
                panic!("{name}: {}\n{fault}\n{state:?}", path(&world, &came, at, Some(step)));
            }
            counts[step.kind()] += 1;
            let hash = hasher.hash_one(state);
            if known.find(hash, |&other| states[other as usize] == state).is_none() {
                known.insert_unique(hash, states.len() as u32, |&other| {
                    hasher.hash_one(states[other as usize])
                });
                states.push(state);
                came.push((at as u32, step));
            }
        }
        at += 1;
    }
    // In one piece: worlds are searched side by side.
    let mut told = format!("{name}: {} states, depth {depth}, {limits:?}", states.len());
    for (kind, count) in Step::KINDS.iter().zip(counts) {
        told += &format!("\n  {count:>10} {kind}");
        let is_taken = count > 0;
        assert_eq!(is_taken, is_wanted(kind, &limits), "{name}: {count} steps of the kind {kind}");
    }
    println!("{told}");
}

/// The steps to a state.
fn path(world: &World, came: &[(u32, Step)], at: usize, last: Option<Step>) -> String {
    let mut steps: Vec<Step> = last.into_iter().collect();
    let mut at = at;
    while at > 0 {
        steps.push(came[at].1);
        at = came[at].0 as usize;
    }
    let told = steps.iter().rev().map(|step| format!("\n  {}", world.told(*step)));
    format!("after {} steps{}", steps.len(), told.collect::<String>())
}

/// Whether steps of a kind are taken in a world of this size.
fn is_wanted(kind: &str, limits: &Limits) -> bool {
    match kind {
        "take away" | "learn of the loss" => !limits.is_terse,
        "drain" | "release" => limits.drains > 0,
        "crash" => limits.crashes > 0,
        "fail and send again" | "land and repeat" => limits.copies > 0,
        "cut" => limits.cuts > 0,
        _ => true,
    }
}

const SMALL: Limits = Limits {
    members: 2,
    input: 2,
    log: 5,
    claims: 2,
    assigns: 2,
    drains: 0,
    crashes: 0,
    copies: 0,
    cuts: 0,
    is_terse: false,
};

#[test]
fn two_instances_and_all_that_a_group_does() {
    explore("group", Limits { drains: 1, copies: 1, ..SMALL });
}

#[test]
fn brokers_that_forget_what_has_landed() {
    explore("cuts", Limits { cuts: 2, ..SMALL });
}

#[test]
fn brokers_that_forget_a_claim() {
    explore("claim", Limits { input: 1, log: 4, claims: 3, cuts: 1, ..SMALL });
}

#[test]
fn two_instances_that_take_over_and_crash() {
    let limits = Limits { log: 6, claims: 3, crashes: 1, copies: 1, is_terse: true, ..SMALL };
    explore("crash", limits);
}

#[test]
fn two_instances_and_a_longer_input() {
    let limits = Limits { input: 3, log: 7, claims: 3, copies: 1, is_terse: true, ..SMALL };
    explore("longer", limits);
}

#[test]
fn three_instances() {
    let limits = Limits { members: 3, claims: 3, assigns: 3, is_terse: true, ..SMALL };
    explore("three", limits);
}

#[test]
fn three_instances_and_copies() {
    let limits =
        Limits { members: 3, input: 1, claims: 3, assigns: 3, copies: 1, is_terse: true, ..SMALL };
    explore("copies", limits);
}

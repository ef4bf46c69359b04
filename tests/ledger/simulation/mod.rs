//! Whole instances over a model of the broker, on one thread, driven by one number.
//!
//! A run is a day of a very small municipality, told in a few simulated seconds to one to four
//! partitions, and one to four daemons that share them while everything goes wrong that the run is
//! given to ([`faults`]). Then it is calm, at least one daemon lives, and it runs until everything
//! is folded. Nothing depends on the machine: no clock, no thread and no hashing takes part.
//!
//! Checked during every run: what a daemon shows of a partition is what the ledger holds up to
//! where the daemon has read it (so nothing is shown before it was read back), and no exported
//! counter goes down, over all lives of a daemon.
//!
//! Checked at the end of every run: all live daemons show the same document and export the same
//! counters; the ledger folded afresh in another order gives them too; the commits that count
//! cover each input once, without a gap; each reject was told before the commit that passes it;
//! and the document is that of an [`Engine`](svarstid::engine::Engine) that reads the same events
//! once with no ledger in between; and all know the same editions of the month, each the same in
//! whatever order the chains are folded up to it. Where no event comes later than the lateness and none was
//! deleted unread (nearly half of the runs), the document also equals the truth of
//! [`svarstid::simulate`], which shares no code with the engine.
//!
//! `SVARSTID_SEED=n` replays one run with its trace, `SVARSTID_SEEDS=from..to` (or a count) chooses
//! others than the usual ones.

mod broker;
mod chance;
mod city;
mod daemon;
mod editions;
mod faults;
mod reckoning;
mod snapshot;
#[path = "../../support/truth.rs"]
mod truth;
mod world;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use faults::Fault;
use world::{SEEN, World};

/// As many as one core gets through in two minutes.
const USUAL: u64 = 2_000;

/// How often everything happened.
#[derive(Default)]
struct Tally {
    faults: [u64; Fault::ALL.len()],
    protocol: [i64; SEEN.len()],
    commits: usize,
    against_truth: u64,
    editions: usize,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.faults.iter_mut().zip(other.faults).for_each(|(sum, one)| *sum += one);
        self.protocol.iter_mut().zip(other.protocol).for_each(|(sum, one)| *sum += one);
        self.commits += other.commits;
        self.against_truth += other.against_truth;
        self.editions += other.editions;
    }
}

fn simulate(seed: u64, is_traced: bool) -> Tally {
    let mut world = World::new(seed, is_traced);
    world.run();
    reckoning::check(&mut world);
    let editions = editions::check(&world);
    world.finish();
    Tally {
        faults: world.faults.tally,
        protocol: world.protocol,
        commits: world.commits.len(),
        against_truth: u64::from(world.day.knows_truth() && world.lost.is_none()),
        editions,
    }
}

fn seeds() -> Range<u64> {
    let number = |text: &str| text.parse().expect("SVARSTID_SEEDS is a count or from..to");
    match std::env::var("SVARSTID_SEEDS") {
        Err(_) => 0..USUAL,
        Ok(text) => match text.split_once("..") {
            Some((from, to)) => number(from)..number(to),
            None => 0..number(&text),
        },
    }
}

/// Runs the seeds on two threads until one fails. Gives the tally and the lowest that failed.
fn simulate_all(seeds: Range<u64>) -> (Tally, Option<u64>) {
    let next = AtomicU64::new(seeds.start);
    let failed = AtomicU64::new(u64::MAX);
    let work = || {
        let mut tally = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || failed.load(Ordering::Relaxed) != u64::MAX {
                return tally;
            }
            match catch_unwind(AssertUnwindSafe(|| simulate(seed, false))) {
                Ok(one) => tally.add(&one),
                Err(_) => {
                    failed.fetch_min(seed, Ordering::Relaxed);
                }
            }
        }
    };
    let tally = thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut tally = work();
        tally.add(&other.join().expect("failures are caught"));
        tally
    });
    let failed = failed.into_inner();
    (tally, (failed != u64::MAX).then_some(failed))
}

#[test]
fn whatever_happens_the_figures_are_those_of_the_events() {
    if let Ok(seed) = std::env::var("SVARSTID_SEED") {
        simulate(seed.parse().expect("SVARSTID_SEED is a number"), true);
        return;
    }
    let seeds = seeds();
    let runs = seeds.end.saturating_sub(seeds.start);
    let (tally, failed) = simulate_all(seeds);
    if let Some(seed) = failed {
        panic!(
            "seed {seed} fails; replay it by\n\
             SVARSTID_SEED={seed} cargo test --test ledger simulation -- --nocapture"
        );
    }
    let counts = Fault::ALL.iter().zip(tally.faults).map(|(fault, count)| (fault.name(), count));
    let seen = SEEN.iter().zip(tally.protocol).map(|(name, count)| (*name, count as u64));
    let all: Vec<(&str, u64)> = counts.chain(seen).collect();
    for (name, count) in &all {
        println!("{count:>9}  {name}");
    }
    println!("{:>9}  commit that counts", tally.commits);
    println!("{:>9}  edition that is complete", tally.editions);
    println!("{runs} runs, {} of them held against the independent truth", tally.against_truth);
    if runs >= USUAL {
        let never: Vec<&str> =
            all.iter().filter(|(_, count)| *count == 0).map(|(name, _)| *name).collect();
        assert!(never.is_empty(), "never happened: {never:?}");
        assert!(tally.editions as u64 > runs, "corrections were hardly published");
    }
}

//! kill -9 at named places and at any moment, with the next start at once.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use crate::installation::{Installation, PARTITIONS};
use crate::load::{Chance, Load, PROMISED_RATE, repeated};
use crate::support::{Day, kafka, now};

/// Kills against one ledger; then another is begun.
const KILLS_A_ROUND: usize = 40;
/// Until a named place is passed; a life that did not come there is killed like the others.
const LIFE_MAX: Duration = Duration::from_secs(20);
/// Places, and how often each may be passed in a life.
const PLACES: [(&str, u64); 4] =
    [("before-append", 20), ("unacknowledged", 20), ("acknowledged", 20), ("snapshot-rename", 2)];

fn kills_wanted() -> usize {
    let asked = std::env::var("SVARSTID_KILLS").ok();
    asked.map_or(KILLS_A_ROUND, |text| text.parse().expect("SVARSTID_KILLS is a number"))
}

#[test]
fn kills_at_named_places_and_at_any_moment_change_nothing() {
    let Some(brokers) = kafka() else { return };
    let day = Day::settled(5.0);
    let kills = kills_wanted();
    let mut deaths: BTreeMap<String, usize> = BTreeMap::new();
    let began = now();
    for round in 0..kills.div_ceil(KILLS_A_ROUND) {
        let count = KILLS_A_ROUND.min(kills - round * KILLS_A_ROUND);
        one_round(&brokers, &day, round, count, &mut deaths);
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{kills} kills in {seconds:.0} s, figures equal after each round; how it died:");
    for (how, count) in &deaths {
        println!("  {count:5} {how}");
    }
    for (place, _) in PLACES {
        assert!(kills < 20 || deaths.contains_key(place), "never died at {place}: {deaths:?}");
    }
}

fn one_round(
    brokers: &str,
    day: &Day,
    round: usize,
    kills: usize,
    deaths: &mut BTreeMap<String, usize>,
) {
    let mut chance = Chance::new(round as u64);
    let here = Installation::new(brokers, day);
    let mut node = here.known_node("one");
    let records = repeated(day, PARTITIONS, 3, round as u64);
    let load = Load::start(brokers, &here.topic, records);
    for kill in 0..kills {
        let how = match PLACES.get(kill % (PLACES.len() + 1)) {
            Some((place, most)) => {
                node.start_to_die(place, 1 + chance.below(*most));
                match node.dies_within(LIFE_MAX) {
                    true => (*place).to_owned(),
                    false => format!("killed, since it did not come to {place}"),
                }
            }
            None => {
                node.start();
                // Any moment: in the fold, before the claim, in the midst of commits.
                thread::sleep(Duration::from_millis(chance.below(2_500)));
                node.kill();
                "at any moment".to_owned()
            }
        };
        *deaths.entry(how).or_default() += 1;
    }
    println!("round {round}: {kills} kills by {:.0} % of the load", 100.0 * load.progress());
    node.start();
    let rate = load.finish(&format!("round {round}"));
    here.assert_truth(day, &[&node]);
    node.stop();
    here.assert_sound(&node);
    assert!(rate >= PROMISED_RATE, "only {rate:.0} records a second were written");
}

//! Whether there is room for what people tell, and whether it was told before.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::told::{Entry, SLOT_BYTES, Slot, Subject, Tellings, Told};

/// Measures of surveys that are known in one partition: they become labels.
const MEASURES: usize = 32;
/// Slots that one partition keeps.
const SLOTS: usize = 16_384;
/// Bytes that it keeps, about.
const BYTES: usize = 8 << 20;

/// What becomes of something that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// It goes into the record.
    Kept {
        /// It was told before, at an earlier time.
        is_repeat: bool,
    },
    /// Something told later stands there, or the same.
    Outdone {
        /// It is the same.
        is_repeat: bool,
    },
    /// There are too many measures of surveys.
    MeasuresOver,
    /// There is too much of all.
    Over,
}

/// Judges what is told by what a chain holds and what its next record has so far. How records are cut
/// makes no difference.
pub(super) fn hear(known: &Tellings, gathered: &[Told], told: &Told) -> Hearing {
    let Told { slot, entry } = told;
    let so_far = gathered.iter().filter(|one| one.slot == *slot).map(|one| &one.entry);
    let standing = so_far.chain(known.get(slot)).max();
    // The same told once more counts as a repeat, yet its time may be what decides.
    let is_repeat = standing.is_some_and(|standing| standing.id == entry.id);
    if standing.is_some_and(|standing| entry <= standing) {
        return Hearing::Outdone { is_repeat };
    }
    if !has_room_for_measure(known, gathered, &slot.subject) {
        return Hearing::MeasuresOver;
    }
    if !has_room(known, gathered, told) {
        return Hearing::Over;
    }
    Hearing::Kept { is_repeat }
}

/// Whether slots and bytes stay within their bounds with what is told.
fn has_room(known: &Tellings, gathered: &[Told], told: &Told) -> bool {
    let all = || gathered.iter().chain([told]);
    let most: usize = all().map(|one| one.entry.bytes() + SLOT_BYTES).sum();
    if known.len() + gathered.len() < SLOTS && known.bytes() + most <= BYTES {
        return true;
    }
    // Near a bound it is counted exactly: of each slot only what stands there last.
    let last: BTreeMap<&Slot, &Entry> = all().map(|one| (&one.slot, &one.entry)).collect();
    let (mut slots, mut bytes) = (known.len(), known.bytes());
    for (slot, entry) in last {
        match known.get(slot) {
            None => (slots, bytes) = (slots + 1, bytes + SLOT_BYTES + entry.bytes()),
            Some(before) => bytes = bytes + entry.bytes() - before.bytes(),
        }
    }
    let is_new =
        known.get(&told.slot).is_none() && !gathered.iter().any(|one| one.slot == told.slot);
    bytes <= BYTES && (!is_new || slots <= SLOTS)
}

fn has_room_for_measure(known: &Tellings, gathered: &[Told], subject: &Subject) -> bool {
    let Subject::Survey { measure, .. } = subject else { return true };
    if known.has_measure(measure) {
        return true;
    }
    let gathered = gathered.iter().filter_map(|one| match &one.slot.subject {
        Subject::Survey { measure, .. } => Some(measure.as_str()),
        Subject::Evaluator { .. } | Subject::Count(_) | Subject::Note { .. } => None,
    });
    let known = known.surveys().map(|(measure, ..)| measure);
    let measures: BTreeSet<&str> = known.chain(gathered).collect();
    measures.len() < MEASURES || measures.contains(measure.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::EventId;
    use crate::domain::told::{Found, Period};
    use crate::domain::units::Timestamp;

    fn note(goal: usize, time: i64, text: &str) -> Told {
        Told {
            slot: Slot {
                subject: Subject::Note { goal: Some(format!("g{goal}")) },
                department: None,
                period: Period::parse("2026-10").expect("a month"),
            },
            entry: Entry {
                time: Timestamp(time),
                id: EventId(text.len() as u64),
                found: Found::Note { text: text.to_owned(), is_public: false },
            },
        }
    }

    #[test]
    fn what_is_told_again_is_a_repeat_and_its_time_counts() {
        let mut known = Tellings::default();
        assert_eq!(hear(&known, &[], &note(1, 5, "a")), Hearing::Kept { is_repeat: false });
        assert_eq!(
            hear(&known, &[note(1, 5, "a")], &note(1, 6, "a")),
            Hearing::Kept { is_repeat: true }
        );
        known.take(note(1, 5, "a"));
        for (time, text, expected) in [
            (5, "a", Hearing::Outdone { is_repeat: true }),
            (4, "bb", Hearing::Outdone { is_repeat: false }),
            (6, "a", Hearing::Kept { is_repeat: true }),
            (6, "bb", Hearing::Kept { is_repeat: false }),
        ] {
            assert_eq!(hear(&known, &[], &note(1, time, text)), expected, "{time} {text}");
        }
    }

    /// Something else was told in between: the first is neither a repeat of it nor outdone by itself.
    #[test]
    fn how_records_are_cut_makes_no_difference() {
        let told = [note(1, 1, "a"), note(1, 2, "bb"), note(1, 1, "a"), note(1, 3, "a")];
        let hearings = |every: usize| {
            let (mut known, mut gathered) = (Tellings::default(), Vec::new());
            let mut hearings = Vec::new();
            for (at, one) in told.iter().enumerate() {
                let hearing = hear(&known, &gathered, one);
                if matches!(hearing, Hearing::Kept { .. }) {
                    gathered.push(one.clone());
                }
                hearings.push(hearing);
                if (at + 1) % every == 0 {
                    gathered.drain(..).for_each(|one| known.take(one));
                }
            }
            hearings
        };
        let alone = hearings(1);
        assert_eq!(alone[2], Hearing::Outdone { is_repeat: false });
        for every in 2..5 {
            assert_eq!(hearings(every), alone, "{every}");
        }
    }

    #[test]
    fn at_the_bound_what_stands_may_be_corrected_and_nothing_is_added() {
        let mut known = Tellings::default();
        (0..SLOTS).for_each(|goal| known.take(note(goal, 1, "a")));
        assert_eq!(hear(&known, &[], &note(SLOTS, 2, "bb")), Hearing::Over);
        assert_eq!(hear(&known, &[], &note(0, 2, "bb")), Hearing::Kept { is_repeat: false });
        let long = "x".repeat(2_000);
        let many: Vec<Told> = (0..BYTES / 2_000).map(|goal| note(goal, 2, &long)).collect();
        assert_eq!(hear(&Tellings::default(), &many, &note(0, 3, &long)), Hearing::Over);
    }
}

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::ids::{CallerPseudonym, Department, Queue};

const NOON: i64 = 1_791_194_400_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn cell(at: Timestamp, department: u16) -> CellKey {
    let queue = Some(Queue(department));
    let line = Line { department: Department(department), queue, outside_hours: false };
    CellKey { quarter: at.quarter(), line }
}

/// The caller's pseudonyms on the day of a moment, as [`crate::wire::identity`] makes them: days
/// begin at noon here.
fn caller(who: u64, at: Timestamp) -> Caller {
    let day = (at.0 - NOON).div_euclid(DAY);
    let of = |day: i64| CallerPseudonym((day + 1_000) as u64 * 1_000 + who);
    Caller { own: of(day), before: of(day - 1) }
}

fn call(contact: u64, who: u64, at: i64, marks: (bool, bool)) -> Entry {
    let at = Timestamp(at);
    let what =
        What::Call { caller: caller(who, at), abandoned: marks.0, asked_to_call_later: marks.1 };
    Entry { contact: ContactId(contact), at, cell: cell(at, (contact % 3) as u16), what }
}

fn question(contact: u64, tag: u64, at: i64, passed_on: bool) -> Entry {
    let at = Timestamp(at);
    let what = What::Question { question: QuestionTag(tag), passed_on };
    Entry { contact: ContactId(contact), at, cell: cell(at, (contact % 3) as u16), what }
}

#[test]
fn who_says_later_that_a_question_was_not_settled_is_known() {
    let (first, later) = (question(1, 7, NOON, false), question(2, 7, NOON + 7 * DAY, true));
    let of = |sequence| Origin { chain: 3, sequence };
    for entries in [[(first, 4), (later, 9)], [(later, 9), (first, 4)]] {
        let mut kin = Kin::default();
        for (entry, sequence) in entries {
            assert_eq!(kin.take_undone(), []);
            kin.insert(entry, 100, of(sequence));
        }
        assert_eq!(kin.take_undone(), [(first.cell, of(9))], "whichever was heard first");
        kin.take_deltas();
        let mut bytes = Vec::new();
        kin.pack(&mut Writer(&mut bytes));
        assert_eq!(Kin::unpack(&mut Reader(&bytes)), Some(kin));
    }
}

type Counts = BTreeMap<(CellKey, Code), i64>;

fn add(counts: &mut Counts, deltas: Vec<(CellKey, Code, i64)>) {
    for (cell, code, n) in deltas {
        *counts.entry((cell, code)).or_default() += n;
    }
    counts.retain(|_, n| *n != 0);
}

/// Who is who, for the oracle: pseudonyms of one caller differ from day to day.
fn who(caller: Caller) -> u64 {
    caller.own.0 % 1_000
}

/// The definitions, word by word, over all entries there ever were.
fn naive(entries: &[Entry]) -> Counts {
    let mut counts = Counts::new();
    let mut count = |cell: CellKey, code: Code| *counts.entry((cell, code)).or_default() += 1;
    for one in entries {
        let order = |entry: &Entry| (entry.at, entry.contact);
        let earlier = |entry: &&Entry| order(entry) < order(one);
        match one.what {
            What::Call { caller, .. } => {
                let last = entries
                    .iter()
                    .filter(earlier)
                    .filter(|entry| match entry.what {
                        What::Call { caller: other, .. } => who(other) == who(caller),
                        What::Question { .. } => false,
                    })
                    .max_by_key(|entry| order(entry));
                let Some(last) = last.filter(|last| one.at.since(last.at).0 <= DAY) else {
                    continue;
                };
                count(one.cell, code::REPEATS);
                if let What::Call { abandoned, asked_to_call_later, .. } = last.what {
                    if abandoned {
                        count(one.cell, code::REPEATS_AFTER_ABANDONED);
                    }
                    if asked_to_call_later {
                        count(one.cell, code::REPEATS_AFTER_ASKED);
                    }
                }
            }
            What::Question { question, passed_on } => {
                let same = |entry: &&Entry| match entry.what {
                    What::Question { question: other, .. } => other == question,
                    What::Call { .. } => false,
                };
                let again = entries
                    .iter()
                    .filter(same)
                    .filter(earlier)
                    .any(|entry| one.at.since(entry.at).0 <= 7 * DAY);
                let undone = entries.iter().filter(same).any(|entry| {
                    order(entry) > order(one)
                        && entry.at.since(one.at).0 <= 7 * DAY
                        && matches!(entry.what, What::Question { passed_on: true, .. })
                });
                if again {
                    count(one.cell, code::ASKED_AGAIN);
                }
                if !passed_on && (again || undone) {
                    count(one.cell, code::RESOLVED_AGAIN);
                }
            }
        }
    }
    counts
}

#[track_caller]
fn check(entries: &[Entry], repeats: i64, code: Code) {
    let mut kin = Kin::default();
    let mut counts = Counts::new();
    for entry in entries.iter().rev() {
        kin.insert(*entry, 100, Origin::default());
        add(&mut counts, kin.take_deltas());
    }
    let total: i64 = counts.iter().filter(|((_, of), _)| *of == code).map(|(_, n)| n).sum();
    assert_eq!(total, repeats);
    assert_eq!(counts, naive(entries));
}

#[test]
fn a_repeat_at_24_hours_and_not_a_millisecond_later() {
    let no = (false, false);
    check(&[call(1, 1, NOON + 5, no), call(2, 1, NOON + 5 + DAY, no)], 1, code::REPEATS);
    check(&[call(1, 1, NOON + 5, no), call(2, 1, NOON + 6 + DAY, no)], 0, code::REPEATS);
    check(&[call(1, 1, NOON, no), call(2, 2, NOON + 1, no)], 0, code::REPEATS);
}

#[test]
fn of_two_calls_at_one_time_one_is_the_repeat() {
    let no = (false, false);
    check(&[call(1, 1, NOON, no), call(2, 1, NOON, no)], 1, code::REPEATS);
}

#[test]
fn the_call_just_before_tells_whether_it_was_given_up() {
    let calls = [
        call(1, 1, NOON, (true, false)),
        call(2, 1, NOON + HOUR, (false, true)),
        call(3, 1, NOON + 2 * HOUR, (false, false)),
    ];
    check(&calls, 1, code::REPEATS_AFTER_ABANDONED);
    check(&calls, 1, code::REPEATS_AFTER_ASKED);
}

/// A question that a source names alike for all callers is one question; finding that out must not
/// take a look at all the others each time.
#[test]
fn many_entries_under_one_key_cost_no_more_each() {
    let mut kin = Kin::default();
    let mut counts = Counts::new();
    for n in 0..20_000u64 {
        kin.insert(question(n, 7, NOON + n as i64, n % 2 == 0), 100_000, Origin::default());
        kin.insert(call(n, 1, NOON + n as i64, (false, false)), 100_000, Origin::default());
    }
    add(&mut counts, kin.take_deltas());
    let total =
        |code| counts.iter().filter(|((_, of), _)| *of == code).map(|(_, n)| n).sum::<i64>();
    assert_eq!(total(code::REPEATS), 19_999);
    assert_eq!(total(code::ASKED_AGAIN), 19_999);
}

#[test]
fn at_the_bound_the_oldest_go_and_what_is_counted_stays() {
    let mut kin = Kin::default();
    let mut counts = Counts::new();
    for n in 0..101u64 {
        kin.insert(call(n, 1, NOON + n as i64, (false, false)), 100, Origin::default());
    }
    add(&mut counts, kin.take_deltas());
    assert_eq!((kin.len(), kin.evicted()), (98, 3));
    assert_eq!(counts.values().sum::<i64>(), 100);
    // Taking back what is gone changes nothing.
    kin.remove(call(0, 1, NOON, (false, false)));
    assert_eq!(kin.take_deltas(), []);
}

fn entry() -> impl Strategy<Value = Entry> {
    let hours = prop_oneof![0..4 * 24i64, 0..30 * 24i64];
    let at = (hours, 0..3i64).prop_map(|(hour, ms)| NOON + hour * HOUR + ms);
    prop_oneof![
        (0..30u64, 0..3u64, at.clone(), any::<(bool, bool)>())
            .prop_map(|(contact, who, at, marks)| call(contact, who, at, marks)),
        (0..30u64, 0..3u64, at, any::<bool>())
            .prop_map(|(contact, tag, at, passed_on)| question(contact, tag, at, passed_on)),
    ]
}

/// Entries of which no two stand in one place.
fn entries() -> impl Strategy<Value = Vec<Entry>> {
    proptest::collection::vec(entry(), 0..40).prop_map(|mut entries| {
        let place = |entry: &Entry| match entry.what {
            What::Call { caller, .. } => (0, caller.own.0, entry.at, entry.contact),
            What::Question { question, .. } => (1, question.0, entry.at, entry.contact),
        };
        entries.sort_by_key(place);
        entries.dedup_by_key(|entry| place(entry));
        entries
    })
}

proptest! {
    /// Whatever the order, what comes twice, and what is taken back: what is counted follows from
    /// the entries that are there.
    #[test]
    fn counts_follow_from_the_set_of_entries(
        steps in entries().prop_flat_map(|entries| {
            let count = entries.len();
            let steps = proptest::collection::vec((0..count.max(1), any::<bool>()), 0..80);
            (Just(entries), steps)
        }),
        cut in any::<proptest::sample::Index>(),
    ) {
        let (entries, steps) = steps;
        let mut kin = Kin::default();
        let mut counts = Counts::new();
        let mut there = BTreeSet::new();
        for (at, (which, is_gone)) in steps.iter().enumerate() {
            let Some(entry) = entries.get(*which) else { continue };
            match is_gone {
                true => { there.remove(which); kin.remove(*entry); }
                false => { there.insert(*which); kin.insert(*entry, 1_000, Origin::default()); }
            }
            add(&mut counts, kin.take_deltas());
            kin.take_undone();
            if at == cut.index(steps.len()) {
                let mut bytes = Vec::new();
                kin.pack(&mut Writer(&mut bytes));
                let mut input = Reader(&bytes);
                let read = Kin::unpack(&mut input);
                prop_assert_eq!(read.as_ref(), Some(&kin));
                prop_assert!(input.is_empty());
            }
        }
        let left: Vec<Entry> = there.into_iter().map(|which| entries[which]).collect();
        prop_assert_eq!(counts, naive(&left));
    }

    /// Several partitions fold in any interleaving, each letting its lowest watermark tell what may
    /// go: as long as what they change is not older than told, nothing differs from keeping all.
    #[test]
    fn letting_go_behind_the_lowest_watermark_changes_nothing(
        entries in entries(),
        marks in proptest::collection::vec(any::<bool>(), 40),
        turns in proptest::collection::vec(0..3usize, 200),
    ) {
        const TELLING: Millis = Millis::from_hours(48);
        // Each partition tells its entries in the order of their times, and later, up to two days,
        // the same ones with other marks.
        let mut told: [Vec<(i64, Option<Entry>, Entry)>; 3] = Default::default();
        for (entry, mark) in entries.iter().zip(&marks) {
            let other = match entry.what {
                What::Call { caller, abandoned, asked_to_call_later } => What::Call {
                    caller, abandoned: abandoned != *mark, asked_to_call_later,
                },
                What::Question { question, passed_on } => {
                    What::Question { question, passed_on: passed_on != *mark }
                }
            };
            let changed = Entry { what: other, ..*entry };
            let part = &mut told[(entry.contact.0 % 3) as usize];
            part.push((entry.at.0, None, *entry));
            part.push((entry.at.0 + TELLING.0, Some(*entry), changed));
        }
        for part in &mut told {
            part.sort_by_key(|(watermark, ..)| *watermark);
        }
        let all: Vec<Entry> = told.iter().flatten().filter(|(_, from, _)| from.is_some()).map(|(.., to)| *to).collect();
        let mut kin = Kin::default();
        let mut counts = Counts::new();
        let mut watermarks = [i64::MIN; 3];
        let mut next = [0; 3];
        let rest = (0..3).flat_map(|part| std::iter::repeat_n(part, 100));
        for part in turns.into_iter().chain(rest) {
            let Some((watermark, from, to)) = told[part].get(next[part]) else {
                watermarks[part] = i64::MAX / 2;
                continue;
            };
            next[part] += 1;
            if let Some(from) = from {
                kin.remove(*from);
            }
            kin.insert(*to, 1_000, Origin::default());
            add(&mut counts, kin.take_deltas());
            watermarks[part] = *watermark;
            let lowest = watermarks.into_iter().min().unwrap_or(i64::MIN);
            if lowest > i64::MIN {
                let settled = Timestamp(lowest).minus(TELLING);
                kin.forget_before(settled.minus(REPEAT_WINDOW), settled.minus(QUESTION_WINDOW));
            }
        }
        prop_assert_eq!(counts, naive(&all));
    }

    #[test]
    fn an_entry_that_was_packed_is_unpacked(entry in entry(), known in any::<i64>(), gone in any::<bool>()) {
        let mut bytes = Vec::new();
        entry.pack(Timestamp(known), gone, &mut Writer(&mut bytes));
        prop_assert!(bytes.len() >= LEAST_ENTRY);
        let mut input = Reader(&bytes);
        prop_assert_eq!(Entry::unpack(Timestamp(known), &mut input), Some((entry, gone)));
        prop_assert!(input.is_empty());
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        let kin = Kin::unpack(&mut Reader(&bytes));
        prop_assert!(kin.is_none_or(|kin| kin.len() <= bytes.len()));
    }
}

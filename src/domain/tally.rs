//! Counts that add up: a sparse vector of signed 64-bit integers.
//!
//! Tallies form a commutative group under [`Tally::merge`], so a correction is a negative count
//! and the order of additions never matters. One index space ([`Code`]) holds the counters, the
//! exact counts at fixed bounds and the slots of the HDR histograms.

use std::sync::LazyLock;

use hdrhistogram::Histogram;

use super::contact::stay::Disposition;
use super::pack::{Reader, Writer};
use super::units::Millis;

/// What is counted. See the constants of [`code`].
pub type Code = u32;

/// The index space of a [`Tally`]. Codes are stored, so none may ever change its meaning.
pub mod code {
    use super::{Code, Disposition};

    /// Stays by disposition, 15 of them; `Abandoned` includes the short ones.
    pub const fn disposition(disposition: Disposition) -> Code {
        disposition as Code
    }
    /// Part of abandoned: within the short-abandon limit.
    pub const SHORT_ABANDONED: Code = 15;
    /// Answered with a wait of 0.
    pub const ANSWERED_AT_ONCE: Code = 16;
    /// Answered at the switchboard within the limit of goal 1.
    pub const WITHIN_TARGET: Code = 17;
    /// Sum of the waits whose length is known, ms.
    pub const WAIT_MS: Code = 18;
    /// Sum of the waits of answered stays, ms.
    pub const ANSWERED_WAIT_MS: Code = 19;
    /// Sum of the waits of abandoned stays, ms.
    pub const ABANDONED_WAIT_MS: Code = 20;
    /// Sum of conversations, ms.
    pub const TALK_MS: Code = 21;
    /// Sent on after an answer.
    pub const TRANSFERRED: Code = 22;
    /// An agent's phone rang without an answer.
    pub const RING_NO_ANSWER: Code = 23;
    /// First met by a machine.
    pub const MET_BY_MACHINE: Code = 24;
    /// Visits by outcome, six of them; see `VisitOutcome`.
    pub const VISIT: Code = 25;
    /// Questions put in a call of which it is known where they were settled.
    pub const CLASSIFIED: Code = 31;
    /// Of them, those settled without being passed on.
    pub const RESOLVED: Code = 32;
    /// Calls of a known caller, where they were first offered.
    pub const KNOWN_CALLERS: Code = 33;
    /// Of them, repeats within 24 h. This code and the next ones are of no contact: they are counted
    /// where contacts are joined, see [`crate::domain::kin`].
    pub const REPEATS: Code = 34;
    /// Of repeats, those after a call that the caller gave up.
    pub const REPEATS_AFTER_ABANDONED: Code = 35;
    /// Of repeats, those after a call in which the caller was asked to ring later.
    pub const REPEATS_AFTER_ASKED: Code = 36;
    /// Part of `CLASSIFIED` that is to be left out: put before in another contact.
    pub const ASKED_AGAIN: Code = 37;
    /// Part of `RESOLVED` that is to be left out: put before, or passed on later in another contact.
    pub const RESOLVED_AGAIN: Code = 38;
    /// Panes: `met` and `of` of each goal, two codes a goal.
    pub const GOAL: Code = 40;
    /// Questions by e-mail and e-service: all of a channel, plus the strides of the channels before.
    pub const QUESTION: Code = 64;
    /// From one channel's questions to the next one's.
    pub const QUESTION_STRIDE: Code = 4;
    /// Beside all of a channel: those that a person replied to.
    pub const QUESTION_ANSWERED: Code = 1;
    /// Beside all of a channel: those that a person replied to in time.
    pub const QUESTION_WITHIN: Code = 2;
    /// Sum of the working times from the receipt of questions to the first reply by a person, ms.
    pub const WORKED_MS: Code = 80;
    /// Questions that a person replied to by the bound that the working time falls under (not
    /// cumulative), plus the bound's place; after the last bound, those over all of them.
    pub const WORKED_SLOT: Code = 81;
    /// Contacts that a machine met first.
    pub const CONTACTS_BY_MACHINE: Code = 152;
    /// Contacts by where they began, counted at their first stay: `contact::path::Origin` added.
    pub const CONTACT_FROM: Code = 100;
    /// Contacts in which a person answered, counted at their first stay.
    pub const CONTACTS_ANSWERED: Code = 103;
    /// How often they were passed on, likewise.
    pub const CONTACT_PASSES: Code = 104;
    /// Calls that the switchboard answered, by how it passed them on: by matter, by name, without
    /// saying; then answers to calls that came back to it. `contact::path::Passing` added, less one.
    pub const PASSED: Code = 105;
    /// Visits to a desk that the switchboard sent there.
    pub const SENT_HERE: Code = 109;
    /// Of them, those answered and not passed on to another desk.
    pub const SENT_RIGHT: Code = 110;
    /// Of them, those answered and passed on to another desk or the switchboard.
    pub const SENT_ON: Code = 111;
    /// Questions put in a call that went to a case officer, by outcome: `Escalation` added.
    pub const ESCALATED: Code = 112;
    /// Calls answered at a desk of which no question is known.
    pub const UNCLASSIFIED: Code = 116;
    /// Sum of the work after calls, ms.
    pub const WRAP_UP_MS: Code = 117;
    /// Promises to ring back.
    pub const CALLBACKS_PROMISED: Code = 120;
    /// Of them, those kept at some time.
    pub const CALLBACKS_KEPT: Code = 121;
    /// Of them, those kept within two working days.
    pub const CALLBACKS_KEPT_WITHIN: Code = 122;
    /// Promises given up and never kept.
    pub const CALLBACKS_EXPIRED: Code = 123;
    /// Questions on other ways than by telephone of which it is known where they were settled: two
    /// codes a `Way`; the second counts those that were settled where they came in.
    pub const SETTLED: Code = 128;
    /// Of them, those that went to a case officer, by outcome: `Escalation` added.
    pub const SETTLED_ESCALATED: Code = 136;
    /// Contacts at a queue with a question of a department, on the line of that department and the
    /// answering queue.
    pub const MATTER_CONTACTS: Code = 150;
    /// Their part of the handling (talk and wrap-up), ms.
    pub const MATTER_HANDLING_MS: Code = 151;
    /// Answered stays by the bound they fall under (not cumulative): plus the bound in ms, see
    /// [`super::Bounds::slot`].
    pub const ANSWERED_SLOT: Code = 1 << 28;
    /// Abandoned stays by the bound they fall under (not cumulative), likewise.
    pub const ABANDONED_SLOT: Code = 2 << 28;
    /// Codes below this are kept for the life of the ledger; above are histograms of waits.
    pub const COUNTERS: Code = WAITS_ANSWERED;
    /// Histogram of the waits of answered stays.
    pub const WAITS_ANSWERED: Code = 3 << 28;
    /// Histogram of the waits of abandoned stays.
    pub const WAITS_ABANDONED: Code = 4 << 28;
    /// Histogram of the waits of stays that the caller left in another way.
    pub const WAITS_OTHER: Code = 5 << 28;
}

/// A sparse vector of counts, in order of their codes, none of them 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(Vec<(Code, i64)>);

impl Tally {
    /// Adds `n` to the count of `code`.
    pub fn add(&mut self, code: Code, n: i64) {
        if n == 0 {
            return;
        }
        match self.0.binary_search_by_key(&code, |(code, _)| *code) {
            Ok(at) => {
                self.0[at].1 += n;
                if self.0[at].1 == 0 {
                    self.0.remove(at);
                }
            }
            Err(at) => self.0.insert(at, (code, n)),
        }
    }

    /// Adds every count of another.
    pub fn merge(&mut self, other: &Tally) {
        for (code, n) in &other.0 {
            self.add(*code, *n);
        }
    }

    /// The sum of many, quicker than one after another: counts of the first codes are added in
    /// place, and the rest are sorted once.
    pub fn sum<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Tally {
        const FIRST: usize = 128;
        let mut first = [0_i64; FIRST];
        let mut rest: Vec<(Code, i64)> = Vec::new();
        for Tally(counts) in tallies {
            let split = counts.partition_point(|(code, _)| (*code as usize) < FIRST);
            counts[..split].iter().for_each(|(code, n)| first[*code as usize] += n);
            rest.extend_from_slice(&counts[split..]);
        }
        rest.sort_unstable_by_key(|(code, _)| *code);
        let mut counts: Vec<(Code, i64)> = (0..).zip(first).filter(|(_, n)| *n != 0).collect();
        for (code, n) in rest {
            match counts.last_mut() {
                Some((last, sum)) if *last == code => *sum += n,
                _ => counts.push((code, n)),
            }
        }
        counts.retain(|(_, n)| *n != 0);
        Tally(counts)
    }

    /// The same of what goals are made of alone: no exact counts of waits and no histograms, which
    /// are most of a tally.
    pub fn sum_of_counts<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Tally {
        const LAST: usize = code::CONTACTS_BY_MACHINE as usize;
        let mut sums = [0_i64; LAST + 1];
        for Tally(counts) in tallies {
            let counts = counts.iter().take_while(|(code, _)| *code as usize <= LAST);
            counts.for_each(|(code, n)| sums[*code as usize] += n);
        }
        Tally((0..).zip(sums).filter(|(_, n)| *n != 0).collect())
    }

    /// The count of `code`.
    pub fn get(&self, code: Code) -> i64 {
        self.0.binary_search_by_key(&code, |(code, _)| *code).map_or(0, |at| self.0[at].1)
    }

    /// Whether every count is 0.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The counts, in order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = (Code, i64)> + '_ {
        self.0.iter().copied()
    }

    /// The stays of a disposition.
    pub fn stays(&self, disposition: Disposition) -> i64 {
        self.get(code::disposition(disposition))
    }

    /// Writes the counts, each code as its distance from the least that may follow the one before.
    pub fn pack(&self, out: &mut Writer<'_>) {
        out.unsigned(self.0.len() as u64);
        let mut least = 0;
        for (code, n) in &self.0 {
            out.unsigned(u64::from(*code) - least);
            out.signed(*n);
            least = u64::from(*code) + 1;
        }
    }

    /// Reads what [`Tally::pack`] wrote; `None` on foreign bytes, a count of 0 among them.
    pub fn unpack(input: &mut Reader<'_>) -> Option<Tally> {
        let count = input.count(2)?;
        let mut counts = Vec::with_capacity(count);
        let mut least = 0_u64;
        for _ in 0..count {
            let code = Code::try_from(least.checked_add(input.unsigned()?)?).ok()?;
            let n = input.signed()?;
            if n == 0 {
                return None;
            }
            counts.push((code, n));
            least = u64::from(code) + 1;
        }
        Some(Tally(counts))
    }

    /// Bytes that the counts take.
    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(Code, i64)>()
    }
}

/// The geometry of the wait histograms: 1 ms to 72 h at three significant digits.
static GEOMETRY: LazyLock<Histogram<u32>> = LazyLock::new(|| {
    Histogram::new_with_bounds(1, LONGEST_WAIT_MS as u64, 3).expect("the bounds are in range")
});

/// Longer waits count as this one in histograms (not in sums or exact counts).
const LONGEST_WAIT_MS: i64 = 72 * 3_600_000;

/// What a code of waits carries beside its kind: the slot's lowest value or the bound, in ms.
const VALUE: Code = (1 << 28) - 1;

/// The histogram slot of a wait within one of the `WAITS_…` ranges of [`code`].
pub fn wait_slot(kind: Code, wait: Millis) -> Code {
    let clamped = wait.0.clamp(0, LONGEST_WAIT_MS) as u64;
    kind | GEOMETRY.lowest_equivalent(clamped) as Code & VALUE
}

/// Waits of several kinds merged into one histogram: sparse while kept, sorted while read.
#[derive(Clone, Debug, Default)]
pub struct WaitHistogram {
    /// (lowest value of the slot in ms, count), not sorted until it is read.
    slots: Vec<(u32, i64)>,
}

impl WaitHistogram {
    /// Adds the waits of the given kinds from a tally.
    pub fn add(&mut self, tally: &Tally, kinds: &[Code]) {
        for kind in kinds {
            let from = tally.0.partition_point(|(code, _)| code < kind);
            let waits = tally.0[from..].iter().take_while(|(code, _)| code & !VALUE == *kind);
            self.slots.extend(waits.map(|(code, n)| (code & VALUE, *n)));
        }
    }

    /// Adds another histogram.
    pub fn merge(&mut self, other: &WaitHistogram) {
        self.slots.extend_from_slice(&other.slots);
    }

    /// Sorts and joins what was added.
    pub fn join(&mut self) {
        self.slots.sort_unstable_by_key(|(value, _)| *value);
        self.slots.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1 += later.1;
            }
            same
        });
        self.slots.retain(|(_, n)| *n != 0);
    }

    /// How many waits there are.
    pub fn count(&self) -> i64 {
        self.slots.iter().map(|(_, n)| n).sum()
    }

    /// The values at rising quantiles: of the slot in which the quantile falls, the whole second if
    /// it holds one (many sources know nothing finer, and 17 s should read 17), else its highest
    /// value, as `hdrhistogram` gives it. `None` without waits. Call [`WaitHistogram::join`] first.
    pub fn quantiles<const N: usize>(&self, quantiles: [f64; N]) -> Option<[Millis; N]> {
        let count = self.count();
        if count <= 0 {
            return None;
        }
        let mut slots = self.slots.iter();
        let (mut passed, mut value) = (0, 0);
        Some(quantiles.map(|quantile| {
            let rank = ((quantile * count as f64).ceil() as i64).clamp(1, count);
            while passed < rank
                && let Some((slot, n)) = slots.next()
            {
                passed += n;
                value = *slot;
            }
            let highest = GEOMETRY.highest_equivalent(u64::from(value)) as i64;
            let whole = highest - highest % 1_000;
            Millis(if whole >= i64::from(value) { whole } else { highest })
        }))
    }
}

/// The bounds in ms at which waits are counted exactly, rising.
///
/// A count carries its bound, not the bound's place in the list. So counts made under different
/// lists add up, and are right at every bound that all of the lists have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds(Vec<i64>);

/// The bounds of reports and of exported histograms, in seconds.
const FIXED_BOUNDS: [i64; 20] =
    [3, 5, 6, 9, 10, 12, 15, 18, 20, 24, 30, 60, 120, 180, 240, 300, 420, 600, 900, 1800];

/// The bounds that every document lists, in seconds.
pub const DOCUMENT_BOUNDS: [i64; 11] = [5, 10, 12, 15, 18, 20, 30, 60, 120, 300, 600];

/// The most bounds there are, so that the counts of a busy line stay few.
const MOST_BOUNDS: usize = 255;

impl Bounds {
    /// The fixed bounds and those that the rules name.
    pub fn new(configured: impl IntoIterator<Item = Millis>) -> Self {
        let mut bounds = Bounds(FIXED_BOUNDS.iter().map(|seconds| seconds * 1_000).collect());
        bounds.extend(configured);
        bounds
    }

    /// Adds the bounds that other rules name. At 255 bounds, further ones are left out; so is one
    /// that is negative or longer than three days, which no code can carry.
    pub fn extend(&mut self, limits: impl IntoIterator<Item = Millis>) {
        for Millis(limit) in limits {
            if self.0.len() < MOST_BOUNDS
                && (0..i64::from(VALUE)).contains(&limit)
                && let Err(at) = self.0.binary_search(&limit)
            {
                self.0.insert(at, limit);
            }
        }
    }

    /// The slot of a wait: the first bound in ms that it does not exceed, and one value for all
    /// waits beyond the last.
    pub fn slot(&self, wait: Millis) -> Code {
        let at = self.0.partition_point(|bound| *bound < wait.0);
        self.0.get(at).map_or(VALUE, |bound| *bound as Code)
    }

    /// How many of a kind (`code::ANSWERED_SLOT` or `code::ABANDONED_SLOT`) were within a bound
    /// that is one of these.
    pub fn within(&self, tally: &Tally, kind: Code, bound: Millis) -> i64 {
        if bound.0 < 0 {
            return 0;
        }
        let last = kind | bound.0.min(i64::from(VALUE - 1)) as Code;
        let from = tally.0.partition_point(|(code, _)| *code < kind);
        let slots = tally.0[from..].iter().take_while(|(code, _)| *code <= last);
        slots.map(|(_, n)| n).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [Code; 2] = [code::ANSWERED_SLOT, code::ABANDONED_SLOT];

    fn count(bounds: &Bounds, waits: &[(usize, i64)]) -> Tally {
        let mut tally = Tally::default();
        for (kind, wait) in waits {
            tally.add(KINDS[*kind] + bounds.slot(Millis(*wait)), 1);
            tally.add(wait_slot(code::WAITS_ANSWERED, Millis(*wait)), 1);
            tally.add(code::WAIT_MS, *wait);
        }
        tally
    }

    #[test]
    fn a_wait_exactly_at_a_bound_is_within_it() {
        let bounds = Bounds::new([Millis(7_500)]);
        assert_eq!(bounds.slot(Millis(7_500)), 7_500);
        assert_eq!(bounds.slot(Millis(7_501)), 9_000);
        assert_eq!(bounds.slot(Millis(0)), 3_000);
        assert_eq!(bounds.slot(Millis(1_800_001)), VALUE);
        let tally = count(&bounds, &[(0, 1_800_001), (0, 1_800_000)]);
        let within = |bound| bounds.within(&tally, code::ANSWERED_SLOT, Millis(bound));
        assert_eq!([-1, 900_000, 1_800_000, i64::MAX].map(within), [0, 0, 1, 1]);
    }

    #[test]
    fn bounds_are_a_set_and_only_such_as_a_code_can_carry() {
        let mut bounds = Bounds::new([Millis(7_500), Millis(5_000), Millis(-1)]);
        bounds.extend([Millis(i64::MAX), Millis(7_500), Millis(1)]);
        assert_eq!(bounds, Bounds::new([Millis(1), Millis(7_500)]));
        bounds.extend((0..1_000).map(|n| Millis(2_000_000 + n)));
        assert_eq!(bounds.0.len(), 255);
        assert!(bounds.0.is_sorted());
    }

    proptest! {
        #[test]
        fn a_sum_of_many_is_one_after_another(
            parts in proptest::collection::vec(
                proptest::collection::vec((prop_oneof![0..200u32, Just(3 << 28)], -2..3i64), 0..40),
                0..12,
            ),
        ) {
            let tally = |counts: &Vec<(Code, i64)>| {
                let mut tally = Tally::default();
                counts.iter().for_each(|(code, n)| tally.add(*code, *n));
                tally
            };
            let parts: Vec<Tally> = parts.iter().map(tally).collect();
            let mut merged = Tally::default();
            parts.iter().for_each(|part| merged.merge(part));
            prop_assert_eq!(Tally::sum(&parts), merged);
        }

        #[test]
        fn what_was_packed_is_unpacked(
            counts in proptest::collection::vec((any::<Code>(), any::<i64>()), 0..30),
        ) {
            let mut tally = Tally::default();
            counts.iter().for_each(|(code, n)| tally.add(*code, n >> 1));
            let mut bytes = Vec::new();
            tally.pack(&mut Writer(&mut bytes));
            let mut input = Reader(&bytes);
            prop_assert_eq!(Tally::unpack(&mut input), Some(tally));
            prop_assert!(input.is_empty());
        }

        #[test]
        fn what_is_taken_from_foreign_bytes_is_sorted_and_without_zeros(
            bytes in proptest::collection::vec(prop_oneof![0..4u8, any::<u8>()], 0..40),
        ) {
            if let Some(tally) = Tally::unpack(&mut Reader(&bytes)) {
                prop_assert!(tally.0.is_sorted_by(|a, b| a.0 < b.0));
                prop_assert!(tally.0.iter().all(|(_, n)| *n != 0));
            }
        }

        #[test]
        fn counts_under_different_bounds_add_up_at_those_that_both_have(
            lists in proptest::collection::vec(proptest::collection::vec(0..400_000i64, 0..4), 2),
            shared in 0..400_000i64,
            waits in proptest::collection::vec(
                proptest::collection::vec((0..2usize, 0..2_500_000i64), 0..40), 2),
        ) {
            let bounds: Vec<Bounds> = lists
                .iter()
                .map(|list| Bounds::new(list.iter().chain([&shared]).map(|ms| Millis(*ms))))
                .collect();
            let mut sum = count(&bounds[0], &waits[0]);
            sum.merge(&count(&bounds[1], &waits[1]));
            let fixed = FIXED_BOUNDS.iter().map(|seconds| seconds * 1_000);
            for bound in fixed.chain([shared]) {
                for (at, kind) in KINDS.into_iter().enumerate() {
                    let wanted =
                        waits.iter().flatten().filter(|(of, wait)| *of == at && *wait <= bound);
                    let wanted = wanted.count() as i64;
                    prop_assert_eq!(bounds[0].within(&sum, kind, Millis(bound)), wanted);
                }
            }
            // The slots are among the counters, the histograms are not.
            let counters: i64 = crate::domain::cell::counters(&sum)
                .filter(|(code, _)| *code >= code::ANSWERED_SLOT)
                .map(|(_, n)| n)
                .sum();
            let all = waits.iter().flatten().count() as i64;
            prop_assert_eq!(counters, all);
            let mut histogram = WaitHistogram::default();
            histogram.add(&sum, &[code::WAITS_ANSWERED]);
            prop_assert_eq!(histogram.count(), all);
        }
    }
}

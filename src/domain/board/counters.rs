//! Counters since the ledger began, as they are exported: they never shrink.
//!
//! What is exported is, per partition and series, the running maximum of the net count over the
//! chain's records, summed over partitions. A correction lowers the net count; the exported one
//! waits until the net count has caught up.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::cell::{GoalCount, Line, offered};
use crate::domain::contact::contribution::VisitOutcome;
use crate::domain::contact::stay::Disposition;
use crate::domain::event::{Channel, Way};
use crate::domain::ids::Department;
use crate::domain::pack::{Reader, Writer};
use crate::domain::question::WORKING_BOUNDS_HOURS;
use crate::domain::snapshot::{
    CallbackCounters, ChannelCounters, CounterHistogram, PlaceCounters, QuestionCounters, bounds,
};
use crate::domain::tally::{Bounds, Code, Tally, code};
use crate::domain::units::Millis;

/// A partition's counters of a department, at the switchboard (false) or its queues (true).
type Key = (usize, Department, bool);

#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    net: BTreeMap<Key, Tally>,
    highest: BTreeMap<Key, PlaceCounters>,
    questions: BTreeMap<(usize, Department), QuestionCounters>,
    /// What is found where contacts of all partitions are joined: it is of no partition.
    joined: Joined,
    /// Since the last record; none between records.
    touched: BTreeSet<Key>,
}

/// Counts over all partitions.
#[derive(Clone, Debug, Default)]
struct Joined {
    repeats: Highest,
    /// By department, of questions put in calls.
    settled: BTreeMap<Department, Settled>,
    /// Since the last record; none between records.
    touched: BTreeSet<Department>,
}

/// A net count and its running maximum.
#[derive(Clone, Copy, Debug, Default)]
struct Highest {
    net: i64,
    highest: i64,
}

/// Questions of which it is known where they were settled, and those settled at the first contact:
/// the running maxima of what partitions count less what is counted in another contact.
#[derive(Clone, Copy, Debug, Default)]
struct Settled {
    again: [i64; 2],
    highest: [i64; 2],
}

impl Counters {
    /// Adds what was found where contacts are joined. It shows with the next record's cells.
    pub(super) fn add_joined(&mut self, line: Line, code: Code, n: i64) {
        let settled = match code {
            code::REPEATS => {
                self.joined.repeats.net += n;
                return;
            }
            code::ASKED_AGAIN => 0,
            code::RESOLVED_AGAIN => 1,
            _ => return,
        };
        // What the switchboard settles never reached a desk.
        if line.queue.is_some() {
            self.joined.settled.entry(line.department).or_default().again[settled] += n;
            self.joined.touched.insert(line.department);
        }
    }

    /// Repeats within 24 hours.
    pub(super) fn repeats(&self) -> i64 {
        self.joined.repeats.highest
    }

    fn settle_joined(&mut self) {
        let repeats = &mut self.joined.repeats;
        repeats.highest = repeats.highest.max(repeats.net);
        for department in std::mem::take(&mut self.joined.touched) {
            let partitions = self.highest.last_key_value().map_or(0, |((last, ..), _)| last + 1);
            let told = (0..partitions).filter_map(|at| self.highest.get(&(at, department, true)));
            let net = told.fold([0, 0], |[classified, resolved], one| {
                [classified + one.classified, resolved + one.resolved]
            });
            let Settled { again, highest } = self.joined.settled.entry(department).or_default();
            for ((highest, net), again) in highest.iter_mut().zip(net).zip(again) {
                *highest = (*highest).max(net - *again);
            }
        }
    }

    pub(super) fn add(&mut self, partition: usize, line: Line, delta: &Tally) {
        let key = (partition, line.department, line.queue.is_some());
        let net = self.net.entry(key).or_default();
        for (code, n) in crate::domain::cell::counters(delta) {
            // Goals speak of opening hours only.
            if !(line.outside_hours && is_of_goals(code)) {
                net.add(code, n);
            }
        }
        if line.queue.is_some()
            && (delta.get(code::CLASSIFIED) != 0 || delta.get(code::RESOLVED) != 0)
        {
            self.joined.touched.insert(line.department);
        }
        self.touched.insert(key);
    }

    /// Raises the maxima after a record; how many series went down.
    pub(super) fn settle(&mut self, partition: usize, bounds: &Bounds) -> i64 {
        let mut lowered = 0;
        for key in std::mem::take(&mut self.touched) {
            debug_assert_eq!(key.0, partition);
            let net = place_counters(&self.net[&key], key.2, bounds);
            let highest = self.highest.entry(key).or_default();
            raise(highest, &net, &mut lowered);
            let (partition, department, of_queue) = key;
            if !of_queue {
                let net = question_counters(&self.net[&key]);
                let highest = self.questions.entry((partition, department)).or_default();
                each_question_pair(highest, &net, |highest, net| {
                    lowered += i64::from(net < *highest);
                    *highest = (*highest).max(net);
                });
            }
        }
        self.settle_joined();
        lowered
    }

    /// The exported counters of a department: switchboard, queues.
    pub(super) fn of(
        &self,
        department: Department,
        bounds: &Bounds,
    ) -> (PlaceCounters, PlaceCounters) {
        let empty = Tally::default();
        let mut both =
            (place_counters(&empty, false, bounds), place_counters(&empty, true, bounds));
        for ((_, _, queue), counters) in
            self.highest.iter().filter(|((_, of, _), _)| *of == department)
        {
            merge(if *queue { &mut both.1 } else { &mut both.0 }, counters);
        }
        let Settled { highest, .. } =
            self.joined.settled.get(&department).copied().unwrap_or_default();
        [both.1.classified, both.1.resolved] = highest;
        both
    }

    /// The exported counters of a department's questions.
    pub(super) fn questions_of(&self, department: Department) -> QuestionCounters {
        let mut sum = question_counters(&Tally::default());
        let own = self.questions.iter().filter(|((_, of), _)| *of == department);
        own.for_each(|(_, counters)| merge_questions(&mut sum, counters));
        sum
    }

    /// Writes net counts and maxima, and first the bounds that the maxima of waits stand for.
    pub(super) fn pack(&self, out: &mut Writer<'_>) {
        for limits in LIMITS {
            out.unsigned(limits.len() as u64);
            limits.iter().for_each(|seconds| out.signed(*seconds));
        }
        let Joined { repeats, settled, touched: _ } = &self.joined;
        out.signed(repeats.net);
        out.signed(repeats.highest);
        out.unsigned(settled.len() as u64);
        for (department, Settled { again, highest }) in settled {
            out.unsigned(u64::from(department.0));
            again.iter().chain(highest).for_each(|n| out.signed(*n));
        }
        out.unsigned(self.highest.len() as u64);
        for (key, highest) in &self.highest {
            let (partition, department, queue) = *key;
            out.unsigned(partition as u64);
            out.unsigned(u64::from(department.0) << 1 | u64::from(queue));
            self.net[key].pack(out);
            pack_place(highest, limits(queue).len(), out);
            if !queue {
                let mut questions = self.questions[&(partition, department)].clone();
                each_question_pair(&mut questions, &QuestionCounters::default(), |n, _| {
                    out.signed(*n);
                });
            }
        }
    }

    /// Reads what [`Counters::pack`] wrote; `None` on foreign bytes.
    pub(super) fn unpack(input: &mut Reader<'_>) -> Option<Counters> {
        let mut stored: [Vec<i64>; 2] = Default::default();
        for stored in &mut stored {
            let count = input.count(1)?;
            *stored = (0..count).map(|_| input.signed()).collect::<Option<_>>()?;
            if !stored.is_sorted_by(|a, b| a < b) {
                return None;
            }
        }
        let mut counters = Counters::default();
        let joined = &mut counters.joined;
        joined.repeats = Highest { net: input.signed()?, highest: input.signed()? };
        for _ in 0..input.count(5)? {
            let department = Department(input.index()?);
            let again = [input.signed()?, input.signed()?];
            let highest = [input.signed()?, input.signed()?];
            joined.settled.insert(department, Settled { again, highest });
        }
        for _ in 0..input.count(LEAST_KEY)? {
            let partition = usize::try_from(input.unsigned()?).ok()?;
            let place = input.unsigned()?;
            let queue = place & 1 == 1;
            let key = (partition, Department(u16::try_from(place >> 1).ok()?), queue);
            if counters.net.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return None;
            }
            counters.net.insert(key, Tally::unpack(input)?);
            let highest = unpack_place(input, &stored[usize::from(queue)], limits(queue))?;
            counters.highest.insert(key, highest);
            if !queue {
                let mut questions = question_counters(&Tally::default());
                let mut is_whole = true;
                each_question_pair(
                    &mut questions,
                    &QuestionCounters::default(),
                    |n, _| match input.signed() {
                        Some(read) => *n = read,
                        None => is_whole = false,
                    },
                );
                if !is_whole {
                    return None;
                }
                counters.questions.insert((partition, key.1), questions);
            }
        }
        Some(counters)
    }
}

/// The bounds of exported histograms in seconds: switchboard, queues.
const LIMITS: [&[i64]; 2] = [&bounds::SWITCHBOARD, &bounds::QUEUE];

fn limits(queue: bool) -> &'static [i64] {
    LIMITS[usize::from(queue)]
}

/// The bytes that a key, an empty tally and maxima without any bound take at least.
const LEAST_KEY: usize = 2 + 1 + 8 + 3 + 1 + 2 * 2;

fn pack_place(counters: &PlaceCounters, limits: usize, out: &mut Writer<'_>) {
    let PlaceCounters {
        offered,
        answered,
        answered_within_target,
        abandoned,
        short_abandoned,
        left,
        classified,
        resolved,
        callbacks,
        known_callers,
        answer_wait,
        abandon_wait,
    } = counters;
    let CallbackCounters { promised, kept, within } = callbacks;
    let counts = [
        offered,
        answered,
        answered_within_target,
        abandoned,
        short_abandoned,
        classified,
        resolved,
        promised,
        kept,
        within,
        known_callers,
    ];
    counts.into_iter().for_each(|n| out.signed(*n));
    out.unsigned(left.len() as u64);
    left.iter().for_each(|n| out.signed(*n));
    for CounterHistogram { cumulative, count, sum } in [answer_wait, abandon_wait] {
        debug_assert_eq!(cumulative.len(), limits);
        cumulative.iter().for_each(|n| out.signed(*n));
        out.signed(*count);
        out.signed(sum.0);
    }
}

/// Reads the maxima of one place. A series that was not there begins at 0; the waits within a
/// bound that was not there begin at those within the stored bound below it, for they are at least
/// as many.
fn unpack_place(input: &mut Reader<'_>, stored: &[i64], limits: &[i64]) -> Option<PlaceCounters> {
    let mut counters = PlaceCounters {
        offered: input.signed()?,
        answered: input.signed()?,
        answered_within_target: input.signed()?,
        abandoned: input.signed()?,
        short_abandoned: input.signed()?,
        classified: input.signed()?,
        resolved: input.signed()?,
        callbacks: CallbackCounters {
            promised: input.signed()?,
            kept: input.signed()?,
            within: input.signed()?,
        },
        known_callers: input.signed()?,
        ..PlaceCounters::default()
    };
    for at in 0..input.count(1)? {
        *counters.left.get_mut(at)? = input.signed()?;
    }
    for histogram in [&mut counters.answer_wait, &mut counters.abandon_wait] {
        let within: Vec<i64> = stored.iter().map(|_| input.signed()).collect::<Option<_>>()?;
        let at = |limit: &i64| match stored.partition_point(|stored| stored <= limit) {
            0 => 0,
            after => within[after - 1],
        };
        histogram.cumulative = limits.iter().map(at).collect();
        histogram.count = input.signed()?;
        histogram.sum = Millis(input.signed()?);
    }
    Some(counters)
}

fn is_of_goals(code: Code) -> bool {
    let visits = code::VISIT..code::VISIT + VisitOutcome::ALL.len() as Code;
    code == code::WITHIN_TARGET || visits.contains(&code)
}

fn place_counters(net: &Tally, queue: bool, exact: &Bounds) -> PlaceCounters {
    let histogram = |kind: Code, sum: Code, disposition: Disposition, limits: &[i64]| {
        let within = |seconds: &i64| exact.within(net, kind, Millis::from_seconds(*seconds));
        CounterHistogram {
            cumulative: limits.iter().map(within).collect(),
            count: net.stays(disposition),
            sum: Millis(net.get(sum)),
        }
    };
    let limits = limits(queue);
    let within_visit = net.get(VisitOutcome::Within.code());
    // What the switchboard settles was put at no desk; what came otherwise than by telephone has no
    // queue.
    let (classified, resolved) = match queue {
        true => (net.get(code::CLASSIFIED), net.get(code::RESOLVED)),
        false => Way::ALL.into_iter().fold((0, 0), |(classified, resolved), way| {
            let share = GoalCount::first_contact_by(way, net).share;
            (classified + share.of, resolved + share.met)
        }),
    };
    PlaceCounters {
        offered: offered(net),
        answered: net.stays(Disposition::Answered),
        answered_within_target: if queue { within_visit } else { net.get(code::WITHIN_TARGET) },
        abandoned: net.stays(Disposition::Abandoned),
        short_abandoned: net.get(code::SHORT_ABANDONED),
        left: LEFT.map(|disposition| net.stays(disposition)),
        classified,
        resolved,
        callbacks: CallbackCounters {
            promised: net.get(code::CALLBACKS_PROMISED),
            kept: net.get(code::CALLBACKS_KEPT),
            within: net.get(code::CALLBACKS_KEPT_WITHIN),
        },
        known_callers: net.get(code::KNOWN_CALLERS),
        answer_wait: histogram(
            code::ANSWERED_SLOT,
            code::ANSWERED_WAIT_MS,
            Disposition::Answered,
            limits,
        ),
        abandon_wait: histogram(
            code::ABANDONED_SLOT,
            code::ABANDONED_WAIT_MS,
            Disposition::Abandoned,
            limits,
        ),
    }
}

/// In the order of [`crate::domain::snapshot::LEFT_DISPOSITIONS`].
const LEFT: [Disposition; 12] = [
    Disposition::TimedOut,
    Disposition::LeftEmpty,
    Disposition::KeyExit,
    Disposition::Withdrawn,
    Disposition::Callback,
    Disposition::Overflowed,
    Disposition::LostByRestart,
    Disposition::LostTrack,
    Disposition::Closed,
    Disposition::RejectedFull,
    Disposition::RejectedNoAgent,
    Disposition::RejectedDiverted,
];

/// Visits every series of two sets of counters side by side.
fn each_pair(a: &mut PlaceCounters, b: &PlaceCounters, mut with: impl FnMut(&mut i64, i64)) {
    with(&mut a.offered, b.offered);
    with(&mut a.answered, b.answered);
    with(&mut a.answered_within_target, b.answered_within_target);
    with(&mut a.abandoned, b.abandoned);
    with(&mut a.short_abandoned, b.short_abandoned);
    with(&mut a.classified, b.classified);
    with(&mut a.resolved, b.resolved);
    with(&mut a.callbacks.promised, b.callbacks.promised);
    with(&mut a.callbacks.kept, b.callbacks.kept);
    with(&mut a.callbacks.within, b.callbacks.within);
    with(&mut a.known_callers, b.known_callers);
    for (a, b) in a.left.iter_mut().zip(b.left) {
        with(a, b);
    }
    for (a, b) in [(&mut a.answer_wait, &b.answer_wait), (&mut a.abandon_wait, &b.abandon_wait)] {
        a.cumulative.resize(b.cumulative.len(), 0);
        for (a, b) in a.cumulative.iter_mut().zip(&b.cumulative) {
            with(a, *b);
        }
        with(&mut a.count, b.count);
        with(&mut a.sum.0, b.sum.0);
    }
}

fn question_counters(net: &Tally) -> QuestionCounters {
    let of_channel = |channel: Channel, beside: Code| {
        net.get(code::QUESTION + code::QUESTION_STRIDE * channel as Code + beside)
    };
    let channels = Channel::ALL.map(|channel| ChannelCounters {
        received: of_channel(channel, 0),
        answered: of_channel(channel, code::QUESTION_ANSWERED),
        within: of_channel(channel, code::QUESTION_WITHIN),
    });
    let mut passed = 0;
    let mut within = |at: usize| {
        passed += net.get(code::WORKED_SLOT + at as Code);
        passed
    };
    QuestionCounters {
        channels,
        answer: CounterHistogram {
            cumulative: (0..WORKING_BOUNDS_HOURS.len()).map(&mut within).collect(),
            count: within(WORKING_BOUNDS_HOURS.len()),
            sum: Millis(net.get(code::WORKED_MS)),
        },
    }
}

/// Visits every series of two sets of counters of questions side by side.
fn each_question_pair(
    a: &mut QuestionCounters,
    b: &QuestionCounters,
    mut with: impl FnMut(&mut i64, i64),
) {
    for (a, b) in a.channels.iter_mut().zip(&b.channels) {
        with(&mut a.received, b.received);
        with(&mut a.answered, b.answered);
        with(&mut a.within, b.within);
    }
    a.answer.cumulative.resize(WORKING_BOUNDS_HOURS.len(), 0);
    for (at, a) in a.answer.cumulative.iter_mut().enumerate() {
        with(a, b.answer.cumulative.get(at).copied().unwrap_or(0));
    }
    with(&mut a.answer.count, b.answer.count);
    with(&mut a.answer.sum.0, b.answer.sum.0);
}

/// Adds every series of another set of counters of questions.
pub(super) fn merge_questions(to: &mut QuestionCounters, from: &QuestionCounters) {
    each_question_pair(to, from, |to, from| *to += from);
}

fn raise(highest: &mut PlaceCounters, net: &PlaceCounters, lowered: &mut i64) {
    each_pair(highest, net, |highest, net| {
        *lowered += i64::from(net < *highest);
        *highest = (*highest).max(net);
    });
}

/// Adds every series of another set of counters.
pub(super) fn merge(to: &mut PlaceCounters, from: &PlaceCounters) {
    if from.answer_wait.cumulative.len() < to.answer_wait.cumulative.len() {
        return;
    }
    each_pair(to, from, |to, from| *to += from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maxima_are_found_again_by_their_bounds() {
        let mut bytes = Vec::new();
        let stored = PlaceCounters {
            answer_wait: CounterHistogram { cumulative: vec![1, 4, 6], count: 9, sum: Millis(70) },
            abandon_wait: CounterHistogram { cumulative: vec![0, 0, 2], count: 2, sum: Millis(8) },
            offered: 12,
            ..PlaceCounters::default()
        };
        pack_place(&stored, 3, &mut Writer(&mut bytes));
        let read = |limits: &[i64]| {
            let mut input = Reader(&bytes);
            let read = unpack_place(&mut input, &[5, 10, 30], limits).unwrap();
            assert!(input.is_empty());
            read
        };
        assert_eq!(read(&[5, 10, 30]), stored);
        let other = read(&[3, 10, 20, 60]);
        assert_eq!(other.answer_wait.cumulative, [0, 4, 4, 6]);
        assert_eq!((other.answer_wait.count, other.offered), (9, 12));
    }
}

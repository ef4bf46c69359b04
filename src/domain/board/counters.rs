//! Counters since the ledger began, as they are exported: they never shrink.
//!
//! What is exported is, per partition and series, the running maximum of the net count over the
//! chain's records, summed over partitions. A correction lowers the net count; the exported one
//! waits until the net count has caught up.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::cell::{Line, offered};
use crate::domain::contact::contribution::VisitOutcome;
use crate::domain::contact::stay::Disposition;
use crate::domain::ids::Department;
use crate::domain::snapshot::{CounterHistogram, PlaceCounters, bounds};
use crate::domain::tally::{Bounds, Code, Tally, code};
use crate::domain::units::Millis;

/// A partition's counters of a department, at the switchboard (false) or its queues (true).
type Key = (usize, Department, bool);

#[derive(Debug, Default)]
pub(super) struct Counters {
    net: BTreeMap<Key, Tally>,
    highest: BTreeMap<Key, PlaceCounters>,
    touched: BTreeSet<Key>,
}

impl Counters {
    pub(super) fn add(&mut self, partition: usize, line: Line, delta: &Tally) {
        let key = (partition, line.department, line.queue.is_some());
        let net = self.net.entry(key).or_default();
        for (code, n) in crate::domain::cell::counters(delta) {
            // Goals speak of opening hours only.
            if !(line.outside_hours && is_of_goals(code)) {
                net.add(code, n);
            }
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
        }
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
        both
    }
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
    let limits: &[i64] = if queue { &bounds::QUEUE } else { &bounds::SWITCHBOARD };
    let within_visit = net.get(VisitOutcome::Within.code());
    PlaceCounters {
        offered: offered(net),
        answered: net.stays(Disposition::Answered),
        answered_within_target: if queue { within_visit } else { net.get(code::WITHIN_TARGET) },
        abandoned: net.stays(Disposition::Abandoned),
        short_abandoned: net.get(code::SHORT_ABANDONED),
        left: LEFT.map(|disposition| net.stays(disposition)),
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

//! Promises to ring back (R14), from the promise to the call in which it was kept.
//!
//! A promise outlives its call by days, so it is held apart from it, under a name made of the contact
//! and, where one is told, the question: as a bounded set of observations, of which everything here is
//! a pure function. A place kept in the queue is the end of a stay; the promise is what
//! `callback.promised` tells, so the two together are one callback.
//!
//! - It counts in the quarter-hour of the promise, on the department and queue that the event names.
//! - It is kept when a person spoke with the caller up to [`KEEPABLE`] after the promise, also by a
//!   clock that says that this came before the promise. That it was given up does not undo that,
//!   whichever came first. Attempts keep nothing.
//! - It is kept in time until the end of the second working day after the promise, by the rule
//!   [`DeadlineRule::Strict`].
//! - A promise that is repeated while it is open is one; after it was kept or given up it is another.
//! - Once it was kept, or can be no longer, what comes after more than T of silence is of another
//!   promise: the first one may have been let go by then.

use super::event::{CallbackStep, Observation, Place, What};
use super::ids::{Department, Queue};
use super::pack::{Reader, Writer};
use super::question::DeadlineRule;
use super::rules::Rules;
use super::tally::{Code, code};
use super::units::{Millis, Timestamp};

/// A promise is held so long for being kept.
pub const KEEPABLE: Millis = Millis::from_hours(30 * 24);

/// One promise to ring back as the figures see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Callback {
    /// When it was given; decides quarter-hour and date.
    pub promised_at: Timestamp,
    /// The department it counts on.
    pub department: Department,
    /// The queue whose caller it was given to; `None` at the switchboard.
    pub queue: Option<Queue>,
    /// The last moment, inclusive, to keep it in time.
    pub due_at: Timestamp,
    /// When a person spoke with the caller.
    pub kept_at: Option<Timestamp>,
    /// Given up and never kept.
    pub expired: bool,
}

/// Works out the promises that observations of one tell of, in order, and counts those kept before
/// they were given.
pub fn callbacks(
    seen: &[Observation],
    rules: &Rules,
    silence: Millis,
    callbacks: &mut Vec<Callback>,
) -> u16 {
    callbacks.clear();
    let mut early = 0;
    let mut from = 0;
    for at in 1..=seen.len() {
        let splits = at == seen.len()
            || is_anew(&seen[from..at], &seen[at])
            || (seen[at].time.since(seen[at - 1].time) > silence
                && !awaits(&seen[from..at], seen[at].time));
        if splits {
            if let Some(callback) = callback(&seen[from..at], rules) {
                early += u16::from(callback.kept_at.is_some_and(|at| at < callback.promised_at));
                callbacks.push(callback);
            }
            from = at;
        }
    }
    early
}

fn step(observation: &Observation) -> Option<CallbackStep> {
    let What::Callback(step) = observation.what else { return None };
    Some(step)
}

fn promise(seen: &[Observation]) -> Option<&Observation> {
    seen.iter().find(|observation| step(observation) == Some(CallbackStep::Promised))
}

fn kept(seen: &[Observation], promised_at: Timestamp) -> Option<Timestamp> {
    seen.iter()
        .filter(|observation| step(observation) == Some(CallbackStep::Kept))
        .map(|observation| observation.time)
        .find(|at| at.since(promised_at) <= KEEPABLE)
}

/// Whether an observation promises once more what is over.
fn is_anew(seen: &[Observation], next: &Observation) -> bool {
    let is_over = |observation: &Observation| {
        matches!(step(observation), Some(CallbackStep::Kept | CallbackStep::Expired))
    };
    step(next) == Some(CallbackStep::Promised)
        && promise(seen).is_some()
        && seen.iter().any(is_over)
}

/// Whether what comes at a time may still keep the promise.
fn awaits(seen: &[Observation], at: Timestamp) -> bool {
    promise(seen).is_some_and(|promise| {
        at.since(promise.time) <= KEEPABLE && kept(seen, promise.time).is_none()
    })
}

fn callback(seen: &[Observation], rules: &Rules) -> Option<Callback> {
    let promise = promise(seen)?;
    let promised_at = promise.time;
    let queue = match promise.place {
        Some(Place::Queue(queue)) => Some(queue),
        Some(Place::Switchboard) | None => None,
    };
    let kept_at = kept(seen, promised_at);
    let given_up = seen.iter().any(|observation| step(observation) == Some(CallbackStep::Expired));
    Some(Callback {
        promised_at,
        department: rules.department_of(queue, promise.department, promised_at),
        queue,
        due_at: DeadlineRule::Strict.deadline(promised_at),
        kept_at,
        expired: given_up && kept_at.is_none(),
    })
}

/// Beside each other in one byte.
const KEPT: u8 = 1;
const EXPIRED: u8 = 2;

impl Callback {
    /// Whether it was kept in time.
    pub fn is_within(&self) -> bool {
        self.kept_at.is_some_and(|at| at <= self.due_at)
    }

    /// Whether it waits to be kept.
    pub fn is_open(&self) -> bool {
        self.kept_at.is_none() && !self.expired
    }

    /// Whether it waits to be kept and can no longer be in time.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.is_open() && now > self.due_at
    }

    /// Until when it may still be kept, if it was not.
    pub fn keepable_until(&self) -> Option<Timestamp> {
        self.kept_at.is_none().then(|| self.promised_at.plus(KEEPABLE))
    }

    /// What the promise adds to its cell.
    pub fn cell_entries(&self, mut add: impl FnMut(Code, i64)) {
        add(code::CALLBACKS_PROMISED, 1);
        add(code::CALLBACKS_KEPT, i64::from(self.kept_at.is_some()));
        add(code::CALLBACKS_KEPT_WITHIN, i64::from(self.is_within()));
        add(code::CALLBACKS_EXPIRED, i64::from(self.expired));
    }

    /// Writes the promise in packed form, its time as the distance from one that the reader knows.
    pub fn pack_after(&self, known: Timestamp, out: &mut Writer<'_>) {
        out.signed(self.promised_at.0.wrapping_sub(known.0));
        out.unsigned(u64::from(self.department.0));
        out.unsigned(self.queue.map_or(0, |queue| u64::from(queue.0) + 1));
        let kept = u8::from(self.kept_at.is_some()) * KEPT;
        let expired = u8::from(self.expired) * EXPIRED;
        out.byte(kept | expired);
        out.signed(self.due_at.since(self.promised_at).0);
        if let Some(at) = self.kept_at {
            out.signed(at.since(self.promised_at).0);
        }
    }

    /// Reads what [`Callback::pack_after`] wrote; `None` at the end or on foreign bytes.
    pub fn unpack_after(known: Timestamp, input: &mut Reader<'_>) -> Option<Callback> {
        let promised_at = Timestamp(known.0.wrapping_add(input.signed()?));
        let department = Department(input.index()?);
        let queue = match input.unsigned()? {
            0 => None,
            queue => Some(Queue(u16::try_from(queue - 1).ok()?)),
        };
        let byte = input.byte()?;
        let due_at = promised_at.plus(Millis(input.signed()?));
        let kept_at = match byte & KEPT {
            0 => None,
            _ => Some(promised_at.plus(Millis(input.signed()?))),
        };
        let expired = byte & EXPIRED != 0;
        Some(Callback { promised_at, department, queue, due_at, kept_at, expired })
    }
}

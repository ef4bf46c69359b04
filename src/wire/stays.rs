//! Whose stay an end belongs to, in a log whose call ids cannot be trusted.
//!
//! On an attended transfer the ids of the call's legs swap: a second queue is entered under the
//! consultation's id and answered under the caller's (asterisk issue 759). So the stays are
//! followed per queue. An end (an answer, a hang-up, an exit, a completed or passed call) that finds
//! no stay of its own call is compared, by its reported lengths, with the stays of other calls. If
//! one fits, the end is that stay's, and the two calls are one contact from then on.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use std::sync::Arc;

use crate::domain::units::{Millis, Timestamp};

/// How far a start computed from reported lengths may be off: both are whole seconds.
const TOLERANCE: Millis = Millis(1_000);

/// Exits this close to the first are the same exit written twice (DOMAIN 3).
const SAME_EXIT: Millis = Millis(5_000);

/// How long a stay that is over is remembered, to recognise an exit written twice.
const AFTERLIFE: Millis = Millis(60_000);

/// Calls remembered; at the bound the one seen first is forgotten first.
const MAX_CALLS: usize = 100_000;

/// Queues whose stays are followed; calls in further queues keep their own ids.
const MAX_QUEUES: usize = 1_024;

/// Stays followed per queue; at the bound the oldest tenth is forgotten.
const MAX_STAYS: usize = 10_000;

/// The stays of one log, and the calls they belong to.
pub(super) struct Stays {
    silence: Millis,
    calls: BTreeMap<u64, Call>,
    serials: HashMap<String, u64>,
    /// From a call to the older one that it turned out to be a leg of. Kept apart from the calls,
    /// since it is looked into for every stay and is nearly always empty.
    joins: BTreeMap<u64, u64>,
    next_serial: u64,
    queues: HashMap<String, Line>,
    /// Ends that were found to belong to another call's stay.
    pub(super) adopted: u64,
    /// Calls and stays forgotten because a bound was reached.
    pub(super) forgotten: u64,
}

/// One call id; its serial number tells which of two came first.
struct Call {
    id: String,
    last: Timestamp,
}

/// The stays in one queue, in file order.
#[derive(Default)]
struct Line {
    stays: Vec<Stay>,
    /// At this length what is over or silent is cleared away.
    clear_at: usize,
}

struct Stay {
    /// The contact that its events go out under.
    contact: Arc<str>,
    call: Option<u64>,
    entered: Option<Timestamp>,
    answered: Option<Timestamp>,
    ended: Option<Timestamp>,
}

impl Stay {
    fn waits(&self) -> bool {
        self.answered.is_none() && self.ended.is_none()
    }

    fn talks(&self) -> bool {
        self.answered.is_some() && self.ended.is_none()
    }

    fn exited(&self) -> Option<Timestamp> {
        self.ended.or(self.answered)
    }

    fn fresh(&self, now: Timestamp, silence: Millis) -> bool {
        match self.ended {
            Some(ended) => now.since(ended) <= AFTERLIFE,
            None => self.answered.max(self.entered).is_some_and(|last| now.since(last) <= silence),
        }
    }
}

/// What an end reports of its stay.
#[derive(Clone, Copy)]
pub(super) struct Reported {
    time: Timestamp,
    /// When the caller entered, by the reported lengths.
    entered: Option<Timestamp>,
    /// When the call was answered, by the reported lengths; only of conversations.
    answered: Option<Timestamp>,
}

impl Reported {
    pub(super) fn waiting(time: Timestamp, wait: Option<i64>) -> Self {
        Reported { time, entered: before(Some(time), wait), answered: None }
    }

    pub(super) fn talking(time: Timestamp, hold: Option<i64>, talk: Option<i64>) -> Self {
        let answered = before(Some(time), talk);
        Reported { time, entered: before(answered, hold), answered }
    }
}

/// The time so much earlier; a negative length is no length.
fn before(time: Option<Timestamp>, millis: Option<i64>) -> Option<Timestamp> {
    millis.filter(|millis| *millis >= 0).and_then(|millis| Some(time?.minus(Millis(millis))))
}

fn distance(one: Timestamp, other: Timestamp) -> i64 {
    one.since(other).0.saturating_abs()
}

fn near(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if distance(one, other) <= TOLERANCE.0)
}

impl Stays {
    pub(super) fn new(silence: Millis) -> Self {
        Stays {
            silence,
            calls: BTreeMap::new(),
            serials: HashMap::new(),
            joins: BTreeMap::new(),
            next_serial: 0,
            queues: HashMap::new(),
            adopted: 0,
            forgotten: 0,
        }
    }

    /// How many calls and stays are remembered.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        (
            self.calls.len().max(self.serials.len()),
            self.queues.values().map(|line| line.stays.len()).sum(),
        )
    }

    /// The serial of a call id. It and the calls it is joined to are remembered from now on.
    pub(super) fn call(&mut self, id: &str, time: Timestamp) -> u64 {
        if let Some(serial) = self.serials.get(id).copied() {
            let mut at = Some(serial);
            while let Some(call) = at.and_then(|at| self.calls.get_mut(&at)) {
                call.last = time;
                at = at.and_then(|at| self.joins.get(&at).copied());
            }
            return serial;
        }
        if self.calls.len() >= MAX_CALLS
            && let Some((serial, oldest)) = self.calls.pop_first()
        {
            self.serials.remove(&oldest.id);
            self.joins.remove(&serial);
            self.forgotten += 1;
        }
        let serial = self.next_serial;
        self.next_serial += 1;
        self.serials.insert(id.to_owned(), serial);
        self.calls.insert(serial, Call { id: id.to_owned(), last: time });
        serial
    }

    /// The oldest call that this one is joined to; joins lead to older calls only.
    fn oldest(&self, call: u64) -> u64 {
        let mut at = call;
        while let Some(older) = self.joins.get(&at)
            && self.calls.contains_key(older)
        {
            at = *older;
        }
        at
    }

    /// The id of the oldest call that this one is joined to.
    pub(super) fn oldest_id(&self, call: u64) -> Option<&str> {
        self.calls.get(&self.oldest(call)).map(|call| call.id.as_str())
    }

    fn join(&mut self, one: u64, other: u64) {
        let (one, other) = (self.oldest(one), self.oldest(other));
        let (older, younger) = (one.min(other), one.max(other));
        if older != younger {
            self.joins.insert(younger, older);
        }
    }

    fn add(&mut self, queue: &str, stay: Stay, now: Timestamp) {
        if !self.queues.contains_key(queue) {
            if self.queues.len() >= MAX_QUEUES {
                self.forgotten += 1;
                return;
            }
            self.queues.insert(queue.to_owned(), Line::default());
        }
        let Some(line) = self.queues.get_mut(queue) else { return };
        if line.stays.len() >= line.clear_at {
            line.stays.retain(|stay| stay.fresh(now, self.silence));
            if line.stays.len() >= MAX_STAYS {
                self.forgotten += line.stays.drain(..MAX_STAYS / 10).len() as u64;
            }
            line.clear_at = (line.stays.len() * 2).clamp(32, MAX_STAYS);
        }
        line.stays.push(stay);
    }

    /// A caller enters a queue.
    pub(super) fn enter(
        &mut self,
        queue: &str,
        call: Option<u64>,
        time: Timestamp,
        contact: Arc<str>,
    ) {
        let stay = Stay { contact, call, entered: Some(time), answered: None, ended: None };
        self.add(queue, stay, time);
    }

    /// The contact of a caller who is answered. Without an entry the answer begins a stay, so that
    /// its end is found.
    pub(super) fn answer(
        &mut self,
        queue: &str,
        call: Option<u64>,
        reported: Reported,
        own: Arc<str>,
    ) -> Arc<str> {
        let answered = Some(reported.time);
        if let Some(stay) = self.waiting(queue, call, reported) {
            stay.answered = stay.answered.or(answered);
            stay.ended = None;
            return stay.contact.clone();
        }
        let contact = own.clone();
        let stay = Stay { contact, call, entered: reported.entered, answered, ended: None };
        self.add(queue, stay, reported.time);
        own
    }

    /// The contact of a caller who leaves the queue without an answer.
    pub(super) fn leave(
        &mut self,
        queue: &str,
        call: Option<u64>,
        reported: Reported,
        own: Arc<str>,
    ) -> Arc<str> {
        let Some(stay) = self.waiting(queue, call, reported) else { return own };
        if stay.waits() {
            stay.ended = Some(reported.time);
        }
        stay.contact.clone()
    }

    /// The contact of a conversation that ends.
    pub(super) fn hang_up(
        &mut self,
        queue: &str,
        call: Option<u64>,
        reported: Reported,
        own: Arc<str>,
    ) -> Arc<str> {
        let Some(stay) = self.talking(queue, call, reported) else { return own };
        if stay.ended.is_none() {
            stay.ended = Some(reported.time);
        }
        stay.contact.clone()
    }

    /// The contact of the caller for whom an agent's phone rings.
    pub(super) fn ringing(
        &self,
        queue: &str,
        call: Option<u64>,
        now: Timestamp,
    ) -> Option<Arc<str>> {
        let call = self.oldest(call?);
        let stays = &self.queues.get(queue)?.stays;
        let own = |stay: &&Stay| {
            stay.waits()
                && stay.fresh(now, self.silence)
                && stay.call.is_some_and(|other| self.oldest(other) == call)
        };
        stays.iter().rev().find(own).map(|stay| stay.contact.clone())
    }

    /// The stay whose wait ends: one of this call's, or one of another call's that fits.
    fn waiting(&mut self, queue: &str, call: Option<u64>, reported: Reported) -> Option<&mut Stay> {
        let at = {
            let seen = self.seen(queue, call, reported.time)?;
            let expected = reported.entered;
            let fits = |stay: &Stay| stay.waits() && near(stay.entered, expected);
            seen.own(Stay::waits, |stay| stay.entered, expected)
                .or_else(|| seen.same_exit(reported))
                .or_else(|| seen.other(fits, |stay| stay.entered, expected))?
        };
        self.take(queue, at, call)
    }

    /// The stay whose conversation ends.
    fn talking(&mut self, queue: &str, call: Option<u64>, reported: Reported) -> Option<&mut Stay> {
        let at = {
            let seen = self.seen(queue, call, reported.time)?;
            let (entered, answered) = (reported.entered, reported.answered);
            let unanswered = |stay: &Stay| stay.waits() && near(stay.entered, entered);
            let fits = |stay: &Stay| {
                stay.talks() && near(stay.answered, answered) && near(stay.entered, entered)
            };
            seen.own(Stay::talks, |stay| stay.answered, answered)
                // The row of the answer is missing, and the lengths tell which stay it was.
                .or_else(|| seen.own(unanswered, |stay| stay.entered, entered))
                .or_else(|| seen.same_exit(reported))
                .or_else(|| seen.other(fits, |stay| stay.answered, answered))
                .or_else(|| seen.own(Stay::waits, |stay| stay.entered, entered))?
        };
        self.take(queue, at, call)
    }

    fn seen<'s>(&'s self, queue: &str, call: Option<u64>, now: Timestamp) -> Option<Seen<'s>> {
        let stays = &self.queues.get(queue)?.stays;
        Some(Seen { all: self, stays, call: call.map(|call| self.oldest(call)), now })
    }

    /// Makes the stay this call's as well, if it was another's.
    fn take(&mut self, queue: &str, at: usize, call: Option<u64>) -> Option<&mut Stay> {
        let owner = self.queues.get(queue)?.stays.get(at)?.call;
        let own = match (call, owner) {
            (Some(call), Some(owner)) => {
                let own = self.oldest(call) == self.oldest(owner);
                self.join(call, owner);
                own
            }
            (None, _) | (_, None) => false,
        };
        if !own {
            self.adopted += 1;
        }
        let stay = self.queues.get_mut(queue)?.stays.get_mut(at)?;
        stay.call = stay.call.or(call);
        Some(stay)
    }

    /// Forgets everything: the system started anew.
    pub(super) fn clear(&mut self) {
        self.calls.clear();
        self.serials.clear();
        self.joins.clear();
        self.queues.clear();
    }

    /// Forgets what has been silent for too long.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        let silence = self.silence;
        self.calls.retain(|_, call| now.since(call.last) <= silence);
        self.serials.retain(|_, serial| self.calls.contains_key(serial));
        self.joins.retain(|serial, _| self.calls.contains_key(serial));
        self.queues.retain(|_, line| {
            line.stays.retain(|stay| stay.fresh(now, silence));
            !line.stays.is_empty()
        });
    }
}

/// The stays of one queue as an end sees them: its own call's, and those of others.
struct Seen<'s> {
    all: &'s Stays,
    stays: &'s [Stay],
    call: Option<u64>,
    now: Timestamp,
}

impl<'s> Seen<'s> {
    /// The stays in this state that are this call's, or that are not.
    fn fitting(
        &self,
        fits: impl Fn(&Stay) -> bool,
        own: bool,
    ) -> impl DoubleEndedIterator<Item = (usize, &'s Stay)> {
        let is_own = |stay: &Stay| {
            self.call.is_some_and(|call| {
                stay.call.is_some_and(|other| other == call || self.all.oldest(other) == call)
            })
        };
        self.stays.iter().enumerate().filter(move |(_, stay)| {
            fits(stay) && is_own(stay) == own && stay.fresh(self.now, self.all.silence)
        })
    }

    /// This call's stay nearest to the expected time, the latest of equals; the latest one if no
    /// time is expected.
    fn own(
        &self,
        fits: impl Fn(&Stay) -> bool,
        time: impl Fn(&Stay) -> Option<Timestamp>,
        expected: Option<Timestamp>,
    ) -> Option<usize> {
        let far = |stay: &Stay| match (time(stay), expected) {
            (Some(time), Some(expected)) => distance(time, expected),
            (None, _) | (_, None) => i64::MAX,
        };
        self.fitting(fits, true).rev().min_by_key(|(_, stay)| far(stay)).map(|(at, _)| at)
    }

    /// Another call's stay nearest to the expected time, the oldest of equals.
    fn other(
        &self,
        fits: impl Fn(&Stay) -> bool,
        time: impl Fn(&Stay) -> Option<Timestamp>,
        expected: Option<Timestamp>,
    ) -> Option<usize> {
        let expected = expected?;
        self.fitting(fits, false)
            .min_by_key(|(_, stay)| {
                (time(stay).map_or(i64::MAX, |time| distance(time, expected)), stay.entered)
            })
            .map(|(at, _)| at)
    }

    /// The call's own stay that was left just now: this end tells of the same exit once more,
    /// unless its wait began only after it.
    fn same_exit(&self, reported: Reported) -> Option<usize> {
        let same = |stay: &Stay| {
            stay.exited().is_some_and(|exited| {
                distance(reported.time, exited) <= SAME_EXIT.0
                    && reported.entered.is_none_or(|entered| entered <= exited)
            })
        };
        self.fitting(same, true).next_back().map(|(at, _)| at)
    }
}

//! Rows of an Asterisk `queue_log`, in file order, to canonical events.
//!
//! What this adds to [`super::queue_log`] is identity (DOMAIN 5.2): the private module `stays` says
//! which stay an end belongs to, and which call ids are legs of one call.
//!
//! An end always goes out under the contact that its stay's entry went out under: what was
//! forwarded cannot be renamed, and the engine looks for the stay within the contact. The joined
//! name, which is the older call's, is for entries and refusals that follow.
//!
//! The state is bounded, forgets a call six hours after its last row, and depends on nothing but
//! the rows: feeding the rows of the last T again, and throwing the events away, rebuilds it.

use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::domain::units::Millis;

use super::event::{Event, Text};
use super::queue_log::{Row, RowEvent, parse_row};
use super::reject::{Reason, Reject};
use super::stays::{Reported, Stays};
use super::time;

/// Rows between two sweeps for what has been silent for too long.
const SWEEP: u64 = 4_096;

/// What became of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows given, rejects included.
    pub rows: u64,
    /// Events that came out.
    pub events: u64,
    /// Rows that change no figure.
    pub set_aside: u64,
    /// Ends that were found to belong to another call's stay.
    pub adopted: u64,
    /// Calls and stays forgotten because a bound was reached.
    pub forgotten: u64,
}

/// Follows one `queue_log` in file order.
pub struct Resolver {
    source: String,
    stays: Stays,
    counts: Counts,
}

/// Ids and names stay inside.
impl fmt::Debug for Resolver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Resolver({:?})", self.counts())
    }
}

impl Resolver {
    /// A resolver for the log of the system `source` (at most 100 bytes, so that contacts fit their
    /// field) that forgets what has been silent for `silence`.
    pub fn new(source: &str, silence: Millis) -> Self {
        Resolver {
            source: source.to_owned(),
            stays: Stays::new(silence),
            counts: Counts::default(),
        }
    }

    /// What became of the rows so far.
    pub fn counts(&self) -> Counts {
        Counts { adopted: self.stays.adopted, forgotten: self.stays.forgotten, ..self.counts }
    }

    /// Takes the row at a byte offset of the file and adds its events to `out`: none for a row
    /// that is set aside, two for a transfer, else one.
    ///
    /// # Errors
    ///
    /// As [`parse_row`], and `missing_queue` or `missing_agent` where the row needs one. A reject
    /// changes no state.
    pub fn row(
        &mut self,
        offset: u64,
        line: &[u8],
        out: &mut Vec<Event<'static>>,
    ) -> Result<(), Reject> {
        self.counts.rows += 1;
        let row = parse_row(line)?;
        let now = row.time;
        let reject = |reason| Reject::new(reason, line.len());
        let time = time::format(now).ok_or(reject(Reason::ImpossibleTime))?;
        let blank = Event {
            time: time.into(),
            source: Some(self.source.clone().into()),
            ordinal: Some(offset),
            ..Event::default()
        };
        let first = out.len();
        self.events(offset, row, blank, out).map_err(reject)?;
        for (at, event) in (0_u64..).zip(&mut out[first..]) {
            event.id = self.event_id(offset, line, at).into();
        }
        self.counts.events += (out.len() - first) as u64;
        if self.counts.rows.is_multiple_of(SWEEP) {
            self.stays.sweep(now);
        }
        Ok(())
    }

    fn events(
        &mut self,
        offset: u64,
        row: Row<'_>,
        blank: Event<'static>,
        out: &mut Vec<Event<'static>>,
    ) -> Result<(), Reason> {
        let time = row.time;
        let owned = |text: &Option<Text<'_>>| -> Option<Text<'static>> {
            text.as_ref().map(|text| text.as_str().to_owned().into())
        };
        let agent = owned(&row.agent);
        match row.event {
            RowEvent::SetAside => {
                self.counts.set_aside += 1;
                return Ok(());
            }
            RowEvent::Started => {
                // Nobody waits or talks in a system that starts, and ids may come again.
                self.stays.clear();
                out.push(Event { kind: "system.started".into(), ..blank });
                return Ok(());
            }
            RowEvent::Agent { state } => {
                if agent.is_none() {
                    return Err(Reason::MissingAgent);
                }
                out.push(Event {
                    kind: "agent.state".into(),
                    agent,
                    queue: owned(&row.queue),
                    state: Some(state.name().into()),
                    ..blank
                });
                return Ok(());
            }
            RowEvent::Entered { .. }
            | RowEvent::Connected { .. }
            | RowEvent::Abandoned { .. }
            | RowEvent::Completed { .. }
            | RowEvent::NoAnswer { .. }
            | RowEvent::Left { .. }
            | RowEvent::Passed { .. }
            | RowEvent::Refused { .. } => {}
        }
        let queue = row.queue.as_ref().ok_or(Reason::MissingQueue)?.as_str();
        let call = row.call.as_ref().map(|id| self.stays.call(id.as_str(), time));
        let own = self.contact_of(call, offset);
        let blank = Event { queue: owned(&row.queue), ..blank };
        let event = |kind: &'static str, contact: &Arc<str>| Event {
            kind: kind.into(),
            contact: Some(String::from(&**contact).into()),
            ..blank.clone()
        };
        match row.event {
            RowEvent::Entered { caller, position } => {
                out.push(Event {
                    caller: owned(&caller),
                    position,
                    ..event("queue.entered", &own)
                });
                self.stays.enter(queue, call, time, own);
            }
            RowEvent::Connected { hold_ms, ring_ms } => {
                let reported = Reported::waiting(time, hold_ms);
                let contact = self.stays.answer(queue, call, reported, own);
                let answered = event("contact.answered", &contact);
                out.push(Event { agent, wait_ms: hold_ms, ring_ms, ..answered });
            }
            RowEvent::Abandoned { position, wait_ms } => {
                let contact = self.stays.leave(queue, call, Reported::waiting(time, wait_ms), own);
                out.push(Event { position, wait_ms, ..event("contact.abandoned", &contact) });
            }
            RowEvent::Left { disposition, wait_ms } => {
                let contact = self.stays.leave(queue, call, Reported::waiting(time, wait_ms), own);
                let disposition = Some(disposition.into());
                out.push(Event { disposition, wait_ms, ..event("queue.left", &contact) });
            }
            RowEvent::Completed { hold_ms, talk_ms, cause } => {
                let reported = Reported::talking(time, hold_ms, talk_ms);
                let contact = self.stays.hang_up(queue, call, reported, own);
                let cause = Some(cause.into());
                let ended = event("contact.ended", &contact);
                out.push(Event { agent, cause, wait_ms: hold_ms, talk_ms, ..ended });
            }
            RowEvent::Passed { mode, to, hold_ms, talk_ms } => {
                let reported = Reported::talking(time, hold_ms, talk_ms);
                let contact = self.stays.hang_up(queue, call, reported, own);
                let mode = Some(mode.into());
                let passed = event("contact.passed", &contact);
                out.push(Event { agent: agent.clone(), mode, to: owned(&to), ..passed });
                let cause = Some("passed".into());
                let ended = event("contact.ended", &contact);
                out.push(Event { agent, cause, wait_ms: hold_ms, talk_ms, ..ended });
            }
            RowEvent::NoAnswer { ring_ms } => {
                let contact = self.stays.ringing(queue, call, time).unwrap_or(own);
                out.push(Event { agent, ring_ms, ..event("contact.no_answer", &contact) });
            }
            RowEvent::Refused { reason } => {
                let reason = Some(reason.into());
                out.push(Event { reason, ..event("queue.rejected", &own) });
            }
            RowEvent::Agent { .. } | RowEvent::Started | RowEvent::SetAside => {}
        }
        Ok(())
    }

    /// The same row of the same file has the same id wherever it is read again.
    fn event_id(&self, offset: u64, line: &[u8], at: u64) -> String {
        let mut hasher = SipHasher13::new();
        hasher.write(self.source.as_bytes());
        hasher.write(&[0xff]);
        hasher.write_u64(offset);
        hasher.write_u64(at);
        hasher.write(line.trim_ascii());
        let hash = hasher.finish128();
        format!("{:016x}{:016x}", hash.h1, hash.h2)
    }

    /// The name of a call's contact. Without a call id every row is a contact of its own.
    fn contact_of(&self, call: Option<u64>, offset: u64) -> Arc<str> {
        match call.and_then(|call| self.stays.oldest_id(call)) {
            Some(id) => format!("{}/{id}", self.source).into(),
            None => format!("{}/@{offset}", self.source).into(),
        }
    }
}

#[cfg(test)]
#[path = "asterisk_tests.rs"]
mod tests;

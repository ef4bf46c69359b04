//! One contact: everything that was observed of one caller's journey, and what follows from it.
//!
//! A contact is a bounded set of observations. Merging is set union; of two observations with one
//! event id the smaller stays. Stays, visits, waits and dispositions ([`stay`]) and what they add
//! to the figures ([`contribution`]) are pure functions of the sorted set, so repeats, reordering
//! and interleaving change nothing, by construction. Nothing derived is part of a contact.

pub mod contribution;
pub mod packed;
pub mod path;
pub mod stay;

use super::event::{Observation, What};
use super::units::Timestamp;

/// What became of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was not known before.
    New,
    /// An event of the same id is there already; the smaller of the two stays.
    Repeat,
    /// The contact is full: the last in order of its class was left out.
    OverBound,
}

/// Bounds on what is kept of one contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactLimits {
    /// Ringing and no-answer observations; the first in order stay.
    pub ringing: usize,
    /// All other observations; the first in order stay.
    pub other: usize,
}

impl Default for ContactLimits {
    fn default() -> Self {
        ContactLimits { ringing: 256, other: 256 }
    }
}

/// The observations of one contact, in order, no two with one event id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    seen: Vec<Observation>,
}

impl Contact {
    /// A contact of which nothing is known.
    pub fn new() -> Self {
        Contact::default()
    }

    /// A contact from observations that come from one, in their order.
    pub(crate) fn from_sorted(seen: Vec<Observation>) -> Self {
        debug_assert!(seen.is_sorted());
        Contact { seen }
    }

    /// The room that the observations took, for the next contact.
    pub(crate) fn into_room(self) -> Vec<Observation> {
        let mut room = self.seen;
        room.clear();
        room
    }

    /// The observations themselves, in order.
    fn into_observations(self) -> Vec<Observation> {
        self.seen
    }

    /// The observations in order.
    pub fn observations(&self) -> &[Observation] {
        &self.seen
    }

    /// The time of the first observation.
    pub fn first_time(&self) -> Option<Timestamp> {
        self.seen.first().map(|o| o.time)
    }

    /// The time of the last observation.
    pub fn last_time(&self) -> Option<Timestamp> {
        self.seen.last().map(|o| o.time)
    }

    /// Takes in one observation. The result depends on the set alone, not on the order of calls,
    /// also at the bounds.
    pub fn observe(&mut self, observation: Observation, limits: ContactLimits) -> Seen {
        if let Some(at) = self.seen.iter().position(|o| o.id == observation.id) {
            if observation < self.seen[at] {
                self.seen.remove(at);
                self.insert(observation);
            }
            return Seen::Repeat;
        }
        let ringing = is_ringing(&observation.what);
        self.insert(observation);
        let bound = if ringing { limits.ringing } else { limits.other };
        if self.seen.len() > bound {
            let class = || self.seen.iter().filter(|o| is_ringing(&o.what) == ringing);
            if class().count() > bound
                && let Some(last) = self.seen.iter().rposition(|o| is_ringing(&o.what) == ringing)
            {
                self.seen.remove(last);
                return Seen::OverBound;
            }
        }
        Seen::New
    }

    /// Mostly at the end: events come nearly in order.
    fn insert(&mut self, observation: Observation) {
        let at = self.seen.partition_point(|o| *o < observation);
        self.seen.insert(at, observation);
    }
}

fn is_ringing(what: &What) -> bool {
    matches!(what, What::Ringing | What::NoAnswer)
}

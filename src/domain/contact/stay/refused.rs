//! A refusal without a segment: which stay it is of; and when a stay was left for another queue.

use super::{Exit, Judge, Surroundings};
use crate::domain::event::{Observation, Place, What};
use crate::domain::units::Timestamp;

impl Judge {
    /// When the contact entered another queue while it still waited in this one.
    pub(super) fn moved_on(&self, at: usize, first: usize) -> Option<Timestamp> {
        let stay = &self.stays[at];
        if stay.place == Place::Switchboard || stay.is_turned_away() {
            return None;
        }
        let left = self.exits.iter().filter(|exit| exit.stay == at).map(|exit| exit.at).min();
        self.stays[first..]
            .iter()
            .filter(|other| {
                other.place != Place::Switchboard
                    && other.place != stay.place
                    && !other.is_turned_away()
            })
            .map(|other| (other.entered_at.unwrap_or(other.offered_at), other.ordinal))
            .filter(|entry| *entry > (stay.offered_at, stay.ordinal))
            .map(|(entry, _)| entry)
            .filter(|entry| left.is_none_or(|left| left > *entry))
            .min()
    }

    /// The exit that a refusal without a segment is of a stay whose entry was told, the latest one at
    /// its place that nobody has left by then: a call that was written twice is one stay, and was
    /// refused. `None` where there is none (the refusal begins a stay of its own, or belongs to an
    /// offer), and for anything else.
    pub(super) fn turned_away(
        &self,
        observation: &Observation,
        first: usize,
        seen: &[Observation],
        around: Surroundings<'_>,
    ) -> Option<Exit> {
        let (What::QueueRejected(reason), None) = (&observation.what, observation.segment) else {
            return None;
        };
        let place = observation.place.unwrap_or(Place::Switchboard);
        let now = (observation.time, observation.ordinal);
        let begun = (first..self.stays.len()).rev().filter(|at| {
            let stay = &self.stays[*at];
            stay.place == place
                && stay.rejection.is_none()
                && (stay.offered_at, stay.ordinal) <= now
                && !self.is_left(*at, now, first, seen, around)
        });
        let stay = begun.max_by_key(|at| (self.stays[*at].offered_at, *at))?;
        self.stays[stay].entered_at?;
        Some(Exit { stay, at: observation.time, how: (*reason).into(), wait: None })
    }

    /// Whether somebody has left a stay before a moment, by the stays that had begun by then.
    fn is_left(
        &self,
        at: usize,
        now: (Timestamp, u64),
        first: usize,
        seen: &[Observation],
        around: Surroundings<'_>,
    ) -> bool {
        let ends = seen.iter().filter(|one| ends(&one.what) && (one.time, one.ordinal) < now);
        self.exits.iter().any(|exit| exit.stay == at)
            || self.restart_of(at, around).is_some_and(|restart| restart <= now.0)
            || self.moved_on(at, first).is_some()
            || ends.into_iter().any(|one| self.find(one, first) == Some(at))
    }
}

/// Whether an observation ends a stay.
fn ends(what: &What) -> bool {
    matches!(
        what,
        What::Answered { .. } | What::Abandoned { .. } | What::Left { .. } | What::Ended { .. }
    )
}

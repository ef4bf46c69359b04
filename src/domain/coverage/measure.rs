//! How long a number was staffed, by the hours in which it should have been.

use super::steps::Level;
use crate::domain::units::{Millis, Share, Timestamp};

/// From a moment until another one.
pub type Stretch = (Timestamp, Timestamp);

/// Whether somebody staffs a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Staffed {
    /// It is not known.
    Unknown,
    /// Nobody.
    Nobody,
    /// Exactly one person.
    One,
    /// More than one.
    More,
}

/// How long a number was staffed while it should have been. `open` is the sum of `staffed`,
/// `unstaffed` and `unknown`; `single` is a part of `staffed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The time in which somebody should be there.
    pub open: Millis,
    /// Somebody was.
    pub staffed: Millis,
    /// Exactly one person was.
    pub single: Millis,
    /// Nobody was.
    pub unstaffed: Millis,
    /// It is not known.
    pub unknown: Millis,
    /// The longest stretch without anybody, within one opening; of equal ones the first.
    pub gap: Option<Stretch>,
}

impl Coverage {
    /// Adds a stretch of open time in one state.
    fn add(&mut self, (from, until): Stretch, state: Staffed) {
        let length = until.since(from);
        self.open.0 += length.0;
        match state {
            Staffed::Unknown => self.unknown.0 += length.0,
            Staffed::Nobody => self.unstaffed.0 += length.0,
            Staffed::One => {
                self.staffed.0 += length.0;
                self.single.0 += length.0;
            }
            Staffed::More => self.staffed.0 += length.0,
        }
    }

    fn meet(&mut self, gap: Stretch) {
        let length = |(from, until): Stretch| until.since(from);
        let is_longer = self.gap.is_none_or(|known| {
            (length(gap), std::cmp::Reverse(gap.0)) > (length(known), std::cmp::Reverse(known.0))
        });
        if is_longer {
            self.gap = Some(gap);
        }
    }

    /// Adds those of other days, or of other departments.
    pub fn merge(&mut self, other: &Coverage) {
        self.open.0 += other.open.0;
        self.staffed.0 += other.staffed.0;
        self.single.0 += other.single.0;
        self.unstaffed.0 += other.unstaffed.0;
        self.unknown.0 += other.unknown.0;
        if let Some(gap) = other.gap {
            self.meet(gap);
        }
    }

    /// Staffed, of the time of which something is known, in milliseconds.
    pub fn share(&self) -> Share {
        Share { met: self.staffed.0, of: self.staffed.0 + self.unstaffed.0 }
    }
}

/// What is known of one day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// How many agents there are from each moment on.
    pub(super) levels: &'a [Level],
    /// Since when something is known of the number at all.
    pub(super) since: Option<Timestamp>,
    /// Open time without data, in rising order.
    pub(super) dark: &'a [Stretch],
}

/// Cuts open time into stretches of one state, in rising order.
pub(super) fn cut(open: &[Stretch], known: Known<'_>, mut tell: impl FnMut(Stretch, Staffed)) {
    let (mut level, mut dark) = (0, 0);
    for &(from, until) in open {
        let mut at = from;
        while at < until {
            while known.levels.get(level + 1).is_some_and(|(next, _)| *next <= at) {
                level += 1;
            }
            while known.dark.get(dark).is_some_and(|(_, end)| *end <= at) {
                dark += 1;
            }
            let mut end = until;
            let mut ends_at = |moment: Timestamp| {
                if moment > at {
                    end = end.min(moment);
                }
            };
            if let Some((next, _)) = known.levels.get(level + 1) {
                ends_at(*next);
            }
            let in_dark = known.dark.get(dark).is_some_and(|(begin, _)| *begin <= at);
            if let Some((begin, finish)) = known.dark.get(dark) {
                ends_at(*begin);
                ends_at(*finish);
            }
            ends_at(known.since.unwrap_or(until));
            let state = match known.levels.get(level) {
                _ if in_dark || known.since.is_none_or(|since| at < since) => Staffed::Unknown,
                Some((_, 2..)) => Staffed::More,
                Some((_, 1)) => Staffed::One,
                Some(_) | None => Staffed::Nobody,
            };
            tell((at, end), state);
            at = end;
        }
    }
}

/// The figures of open time.
pub(super) fn measure(open: &[Stretch], known: Known<'_>) -> Coverage {
    let mut coverage = Coverage::default();
    let mut gap: Option<Stretch> = None;
    cut(open, known, |stretch, state| {
        coverage.add(stretch, state);
        if state != Staffed::Nobody {
            return;
        }
        // What lies between two openings, or is not known, parts two gaps.
        let joined = match gap {
            Some((from, until)) if until == stretch.0 => (from, stretch.1),
            Some(_) | None => stretch,
        };
        gap = Some(joined);
        coverage.meet(joined);
    });
    coverage
}

/// The open time in which silence lasted longer than a limit: of each silence only what lies in
/// open time counts, for at night it is quiet everywhere.
pub(super) fn dark(silences: &[Stretch], open: &[Stretch], limit: Millis) -> Vec<Stretch> {
    let mut dark = Vec::new();
    for (from, until) in silences {
        if until.since(*from) <= limit {
            continue;
        }
        let within = open
            .iter()
            .map(|(opens, closes)| ((*opens).max(*from), (*closes).min(*until)))
            .filter(|(from, until)| from < until);
        let pieces: Vec<Stretch> = within.collect();
        let length: i64 = pieces.iter().map(|(from, until)| until.since(*from).0).sum();
        if length > limit.0 {
            dark.extend(pieces);
        }
    }
    dark
}

//! When telephone systems restarted, for as long as it can matter.

use crate::domain::ids::Source;
use crate::domain::units::Timestamp;

/// Restart times kept of one source.
const KEPT: usize = 256;

/// By source: when it restarted, rising.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Restarts(Vec<Vec<Timestamp>>);

/// What came of a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    New,
    Repeat,
    /// New, and the oldest of its source had to go.
    OverBound,
}

impl Restarts {
    pub(super) fn insert(&mut self, source: Source, time: Timestamp) -> Taken {
        let at = usize::from(source.0);
        if self.0.len() <= at {
            self.0.resize(at + 1, Vec::new());
        }
        let times = &mut self.0[at];
        match times.binary_search(&time) {
            Ok(_) => Taken::Repeat,
            Err(place) => {
                times.insert(place, time);
                if times.len() <= KEPT {
                    return Taken::New;
                }
                times.remove(0);
                Taken::OverBound
            }
        }
    }

    /// Forgets what came before a time.
    pub(super) fn forget_before(&mut self, time: Timestamp) {
        for times in &mut self.0 {
            times.retain(|at| *at >= time);
        }
    }

    /// By source.
    pub(super) fn times(&self) -> &[Vec<Timestamp>] {
        &self.0
    }

    /// Every restart, in order of source and time.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Source, Timestamp)> + '_ {
        let of = |(at, times): (usize, &'_ Vec<Timestamp>)| {
            times.iter().map(|time| (Source(at as u16), *time)).collect::<Vec<_>>()
        };
        self.0.iter().enumerate().flat_map(of)
    }
}

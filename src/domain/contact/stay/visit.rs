//! Visits: the stays at desks that belong together.

use super::{Disposition, Stay};
use crate::domain::event::Place;

/// A chain of stays at desks with no human answer between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Index of its first stay: its department, its queue, its clock.
    pub first: usize,
    /// Index of its last stay: how it ended.
    pub last: usize,
}

/// The visits among stays that are in order of (journey, offer). A visit goes on until a stay,
/// here or at the switchboard, is answered; it is the order of the offers that decides, not the
/// clocks of two sources that may differ by seconds.
pub fn visits(stays: &[Stay], mut each: impl FnMut(Visit)) {
    let mut open: Option<Visit> = None;
    for (at, stay) in stays.iter().enumerate() {
        if open.is_some_and(|visit| stays[visit.first].journey != stay.journey) {
            open.take().into_iter().for_each(&mut each);
        }
        if stay.place != Place::Switchboard {
            open = Some(Visit { first: open.map_or(at, |visit| visit.first), last: at });
        }
        // After a restart of the system the same id is another caller's.
        if matches!(stay.disposition, Disposition::Answered | Disposition::LostByRestart) {
            open.take().into_iter().for_each(&mut each);
        }
    }
    open.into_iter().for_each(each);
}

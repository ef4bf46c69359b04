//! The pure core: what calls, departments and goals are. It opens nothing, reads no clock and
//! imports no other room.

pub mod calendar;
pub mod event;
pub mod goal;
pub mod ids;
pub mod rules;
pub mod snapshot;
pub mod units;

//! The pure core: what calls, departments and goals are. It opens nothing, reads no clock and
//! imports no other room.

mod blocks;
pub mod board;
pub mod calendar;
pub mod cell;
pub mod contact;
pub mod event;
pub mod goal;
pub mod ids;
pub mod kin;
pub mod outlook;
pub mod pack;
pub mod question;
pub mod rules;
pub mod snapshot;
pub mod staffing;
pub mod survey;
pub mod tally;
pub mod units;

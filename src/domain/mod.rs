//! The pure core: what calls, departments and goals are. It opens nothing, reads no clock and
//! imports no other room.

mod blocks;
pub mod board;
pub mod calendar;
pub mod callback;
pub mod cell;
pub mod contact;
pub mod coverage;
pub mod desk;
pub mod event;
pub mod goal;
pub mod ids;
pub mod kin;
pub mod level;
pub mod outlook;
pub mod pack;
pub mod period;
pub mod question;
pub mod rules;
pub mod schedule;
pub mod settlement;
pub mod snapshot;
pub mod staffing;
pub mod survey;
pub mod tally;
pub mod told;
pub mod units;

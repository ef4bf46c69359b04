//! Bytes to domain events and back, one file per source format; what cannot be read is a reject.
//!
//! Everything here is pure: bytes and facts come in, events and rejects go out; files, brokers and
//! clocks are the shell's. No input panics. A reject says why, how long the input was and which
//! system it came from, never what stood in it.
//!
//! - [`event`]: the canonical event's fields, for reading and writing;
//! - [`canonical`]: canonical JSON to [`crate::domain::event::Message`];
//! - [`queue_log`]: one row of an Asterisk `queue_log`;
//! - [`queue_log`]: one row of an Asterisk `queue_log`;
//! - [`asterisk`]: rows in file order to canonical events, with the identities resolved;
//! - [`follow`]: bytes to lines, and where a followed log goes on;
//! - [`identity`]: keyed hashes of ids, daily pseudonyms of callers;
//! - [`time`]: RFC 3339 to milliseconds and back;
//! - [`told`]: what people tell; [`mask`] takes numbers and addresses of people out of its texts;
//! - [`entry`]: what somebody enters by hand, to canonical events;
//! - [`reject`]: the fixed list of reasons.

pub mod asterisk;
pub mod canonical;
pub mod entry;
pub mod event;
pub mod follow;
pub mod identity;
pub mod mask;
pub mod queue_log;
pub mod reject;
mod stays;
pub mod time;
pub mod told;

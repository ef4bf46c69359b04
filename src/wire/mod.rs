//! Bytes to domain events and back, one file per source format; what cannot be read is a reject.

pub mod event;

//! svarstid turns a municipality's telephony events into exact, real-time service figures.

pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod metrics;
pub mod report;
pub mod shell;
pub mod simulate;
pub mod wire;

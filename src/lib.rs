//! svarstid turns a municipality's telephony events into exact, real-time service figures.
//!
//! ```text
//! bytes ─wire→ Observation ─contact→ Contribution ─delta→ Ledger ─fold→ Board ─snapshot→ metrics, pages, reports
//! ```
//!
//! The rooms in reading order. Dependencies point inward: [`domain`] knows nobody, [`shell`] alone
//! knows the world, and [`simulate`], the oracle, shares nothing with those that it checks.
//!
//! - [`domain`]: contacts, stays and visits, cells and windows, goals, calendar, rules, the board
//! - [`wire`]: bytes to observations and back, one file a source format; rejects
//! - [`engine`]: batches to commit records, the chain that they form, the fold, a whole instance
//!   above its clients
//! - [`report`]: the document of figures
//! - [`metrics`]: the snapshot as Prometheus text
//! - [`boards`]: the boards that draw those metrics in Grafana
//! - [`config`]: what a file says, checked, with every fault at once
//! - [`simulate`]: a municipality that rings, and the figures it must give
//! - [`cli`] and [`shell`]: commands, Kafka, files, clocks, HTTP and the page

pub mod boards;
pub mod cli;
pub mod config;
pub mod domain;
pub mod engine;
pub mod metrics;
pub mod report;
pub mod shell;
pub mod simulate;
pub mod wire;

//! The one integration test binary: a module per subject.
//!
//! Tests that need something this machine may lack (a broker, Prometheus) say so aloud on a line
//! that starts with `SKIPPED:`; the pipeline fails when it sees one. Start a broker by
//! `tests/kafka/broker.sh start DIR` and put the address it prints in `SVARSTID_TEST_KAFKA`.

mod alerts;
mod api;
mod archive;
mod backfill;
mod boards;
mod cases;
mod cli;
mod contacts;
mod daemon;
mod edges;
mod end_to_end;
mod forward;
mod goals;
mod group;
mod http;
mod joins;
mod kafka_broker;
mod ledger_clients;
mod ledger_tools;
mod metrics;
mod oracle;
mod organisation;
mod pages;
mod questions;
mod queue_log;
mod report;
mod report_formats;
mod requirements;
mod rows;
mod stack;
mod staffing;
#[path = "../support/mod.rs"]
mod support;
mod tidy;
mod told;
mod town;
mod trends;
mod web_config;
mod windows;
mod withholding;

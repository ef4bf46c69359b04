//! What Prometheus reads: one [`Snapshot`](crate::domain::snapshot::Snapshot) as text.
//!
//! [`names`] is the only place where the name of a metric is written; [`collector`] draws the
//! snapshot; [`Instruments`] holds what the daemon counts about its own pages, and what the
//! process takes of the machine is the library's own collector; [`openmetrics`] makes one text of many
//! snapshots. Nothing here reads a clock or opens a socket.
//!
//! Invariants: a ratio without calls is absent, never 0 or 1; every known department has every
//! counter from the start; before the ledger is folded to its end only the program's own families
//! are rendered; a unit with fewer than three agents logged in shows no states.

pub mod collector;
pub mod document;
pub mod names;
pub mod openmetrics;

use std::sync::Arc;

use prometheus::process_collector::ProcessCollector;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

use crate::domain::snapshot::Snapshot;
use collector::SnapshotCollector;

/// The content type of the text. Prometheus 3 fails a scrape without it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the daemon counts about its own web pages: ordinary instruments, beside the snapshot.
#[derive(Clone, Debug)]
pub struct Instruments {
    requests: IntCounterVec,
    live_clients: IntGauge,
    password_checks: IntCounterVec,
    handshake_failures: IntCounter,
    web_config_failures: IntCounter,
}

/// What became of a password that was not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    /// It is right.
    Accepted,
    /// It is wrong, or there is no such user.
    Refused,
    /// Too many waited for their check.
    Busy,
}

impl PasswordCheck {
    const ALL: [PasswordCheck; 3] =
        [PasswordCheck::Accepted, PasswordCheck::Refused, PasswordCheck::Busy];

    fn label(self) -> &'static str {
        match self {
            PasswordCheck::Accepted => "accepted",
            PasswordCheck::Refused => "refused",
            PasswordCheck::Busy => "busy",
        }
    }
}

impl Instruments {
    /// All at zero.
    pub fn new() -> Self {
        let counters = |family: names::Family| {
            IntCounterVec::new(Opts::new(family.name, family.help), family.labels).expect(VALID)
        };
        let counter =
            |family: names::Family| IntCounter::new(family.name, family.help).expect(VALID);
        let password_checks = counters(names::HTTP_PASSWORD_CHECKS);
        for outcome in PasswordCheck::ALL {
            password_checks.with_label_values(&[outcome.label()]);
        }
        Instruments {
            requests: counters(names::HTTP_REQUESTS),
            live_clients: IntGauge::new(names::LIVE_CLIENTS.name, names::LIVE_CLIENTS.help)
                .expect(VALID),
            password_checks,
            handshake_failures: counter(names::HTTP_HANDSHAKE_FAILURES),
            web_config_failures: counter(names::HTTP_WEB_CONFIG_FAILURES),
        }
    }

    /// Counts a password that was not known yet.
    pub fn count_password_check(&self, outcome: PasswordCheck) {
        self.password_checks.with_label_values(&[outcome.label()]).inc();
    }

    /// Counts a TLS handshake that came to nothing.
    pub fn count_handshake_failure(&self) {
        self.handshake_failures.inc();
    }

    /// Counts a change of the web-config that could not be taken over.
    pub fn count_web_config_failure(&self) {
        self.web_config_failures.inc();
    }

    /// Counts one answered request. `handler` is a route of ours, never what the client wrote.
    pub fn count_request(&self, handler: &'static str, code: u16) {
        self.requests.with_label_values(&[handler, &code.to_string()]).inc();
    }

    /// Counts one reader of the live stream for as long as the guard lives.
    pub fn live_client(&self) -> LiveClient {
        self.live_clients.inc();
        LiveClient(self.live_clients.clone())
    }

    /// The text of `/metrics`. Takes milliseconds: call it off the async workers.
    pub fn render(&self, snapshot: &Arc<Snapshot>) -> String {
        // A registry of its own for each scrape: the lock is nobody else's, and the snapshot
        // cannot be exchanged halfway.
        let registry = Registry::new();
        registry.register(Box::new(SnapshotCollector::new(snapshot.clone()))).expect(VALID);
        registry.register(Box::new(self.requests.clone())).expect(VALID);
        registry.register(Box::new(self.live_clients.clone())).expect(VALID);
        registry.register(Box::new(self.password_checks.clone())).expect(VALID);
        registry.register(Box::new(self.handshake_failures.clone())).expect(VALID);
        registry.register(Box::new(self.web_config_failures.clone())).expect(VALID);
        registry.register(Box::new(ProcessCollector::for_self())).expect(VALID);
        TextEncoder::new().encode_to_string(&registry.gather()).expect(VALID)
    }
}

/// Why building the families cannot fail.
const VALID: &str = "the catalogue's names are valid and unique, and no family is empty";

impl Default for Instruments {
    fn default() -> Self {
        Instruments::new()
    }
}

/// One reader of the live stream.
#[derive(Debug)]
pub struct LiveClient(IntGauge);

impl Drop for LiveClient {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A snapshot alone as the text of `/metrics`.
pub fn render(snapshot: &Arc<Snapshot>) -> String {
    let registry = Registry::new();
    registry.register(Box::new(SnapshotCollector::new(snapshot.clone()))).expect(VALID);
    TextEncoder::new().encode_to_string(&registry.gather()).expect(VALID)
}

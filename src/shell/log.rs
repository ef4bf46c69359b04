//! Log lines: to standard error, values as fields.
//!
//! Nothing personal ever stands in one; whatever is logged here was made for it.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts logging. Done once; a second call changes nothing.
pub fn start(log: &Log) {
    // Libraries speak up only when something is wrong, unless everything is asked for.
    let others = if log.level == "trace" { "trace" } else { "warn" };
    let filter = EnvFilter::new(format!("{others},svarstid={level}", level = log.level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => {
            let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            builder.with_ansi(colour).try_init()
        }
    };
    // Somebody else listens already: then it is theirs.
    drop(started);
}

/// Logging for commands without a configuration.
pub fn start_default() {
    start(&crate::config::Config::default().log);
}

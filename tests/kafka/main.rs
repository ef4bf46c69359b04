//! The daemon over its ledger in a real Kafka, killed, stopped, frozen, cut off and started again
//! under load: afterwards every figure is what the simulator's truth says, to the call.
//!
//! ```text
//! export SVARSTID_TEST_KAFKA=$(bash tests/kafka/broker.sh start DIR)
//! cargo test --features crash-points --test kafka
//! SVARSTID_KILLS=1000 cargo test --release --features crash-points --test kafka kills -- --nocapture
//! ```
//!
//! The second line takes minutes, the third about an hour. Environment: `SVARSTID_KILLS`, how many
//! kills there are in `kills` (40 unless told); `SVARSTID_SEED`, where chance begins.

mod alerts;
mod boards;
mod brokers;
mod installation;
mod kills;
mod load;
mod prometheus;
mod proxy;
mod publishing;
mod rates;
mod snapshot;
#[path = "../support/mod.rs"]
mod support;
mod takeover;
mod turns;

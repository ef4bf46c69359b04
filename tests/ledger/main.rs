//! The ledger's protocol: searched exhaustively in small worlds, simulated with many seeds in large
//! ones.

mod search;
mod simulation;

//! The front door.

use std::process::ExitCode;

use clap::Parser as _;
use svarstid::cli::{Cli, Command, Ledger};
use svarstid::shell;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Demo(asked) => shell::demo::demo(&asked),
        Command::Run(asked) => shell::run::run(&asked),
        Command::Simulate(asked) => shell::simulate::simulate(&asked),
        Command::Replay(asked) => shell::replay::replay(&asked),
        Command::Backfill(asked) => shell::backfill::backfill(&asked),
        Command::Report(asked) => shell::report::report(&asked),
        Command::Enter(asked) => shell::enter::enter(&asked),
        Command::Forward(asked) => shell::forward::forward(&asked),
        Command::Calendar(asked) => shell::calendar::calendar(&asked),
        Command::Check(asked) => shell::check::check(&asked),
        Command::Health(asked) => shell::health::health(&asked),
        Command::Ledger(Ledger::Verify(asked)) => shell::audit::verify(&asked),
        Command::Ledger(Ledger::Show(asked)) => shell::audit::show(&asked),
        Command::Ledger(Ledger::Export(asked)) => shell::backup::export(&asked),
        Command::Ledger(Ledger::Import(asked)) => shell::backup::import(&asked),
        Command::Rebuild(asked) => shell::rebuild::rebuild(&asked),
    };
    shell::exit_code(done)
}

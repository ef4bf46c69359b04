//! The command line: commands, flags and their help. Flags overrule the environment, and both
//! overrule a configuration file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::report;

mod enter;

pub use enter::{Destination, Enter, Entry};

/// Exact, real-time service figures for a municipality's telephony.
#[derive(Clone, Debug, Parser)]
#[command(version, about, long_about = None, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.\n\n\
    Example:\n  svarstid demo          # then open the address that it prints")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Show everything at work with a simulated municipality; nothing else to install.
    Demo(Demo),
    /// Read events from Kafka and serve the figures.
    Run(Run),
    /// Make the events of a simulated municipality, and the exact figures they must give.
    Simulate(Simulate),
    /// Read events from files and print the figures.
    Replay(Replay),
    /// Write earlier days as OpenMetrics, so that boards in Grafana show them.
    Backfill(Backfill),
    /// Write a period's report: how the goals were kept, for people and programs.
    Report(Report),
    /// Enter what no telephone system knows: surveys, an evaluator's figures, counts, notes.
    Enter(Enter),
    /// Put a telephone system's log into Kafka as it grows.
    Forward(Forward),
    /// Tell working days, why the others are not, and when units are open.
    Calendar(Calendar),
    /// Tell every fault of a configuration at once.
    Check(Check),
    /// Ask the daemon of this machine whether it is well, as containers do.
    Health(Health),
    /// Look into the ledger, copy it to a file and bring it back.
    #[command(
        subcommand,
        after_help = "Example:\n  svarstid ledger verify --config /etc/svarstid/svarstid.toml"
    )]
    Ledger(Ledger),
    /// Judge what the ledger holds anew under the configuration's rules, into another ledger.
    Rebuild(Rebuild),
}

/// `demo`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  svarstid demo --speed 60 --at 07:30")]
pub struct Demo {
    /// Host and port for the pages and metrics; port 0 takes a free one.
    #[arg(
        long,
        value_name = "ADDR",
        env = "SVARSTID_HTTP_LISTEN",
        default_value = "127.0.0.1:9464"
    )]
    pub listen: String,
    /// Simulated seconds per second, over 0 and up to 86 400.
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub speed: f64,
    /// Seed of the simulated day; the same seed gives the same calls.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The day, YYYY-MM-DD [default: today, or the next working day].
    #[arg(long, value_name = "DATE")]
    pub date: Option<String>,
    /// Local time at which to begin; what was before has already been.
    #[arg(long, value_name = "HH:MM", default_value = "10:30")]
    pub at: String,
    /// Days before it that have been too, at most 100 [default: since the first of the month
    /// before].
    #[arg(long, value_name = "DAYS", conflicts_with = "until",
        value_parser = clap::value_parser!(i32).range(0..=100))]
    pub history: Option<i32>,
    /// Let only this one day be, and deliver the rest of it at this local time.
    #[arg(long, value_name = "HH:MM")]
    pub until: Option<String>,
    /// Write the day's exact figures to a file when everything is delivered.
    #[arg(long, value_name = "FILE", requires = "until")]
    pub truth: Option<PathBuf>,
}

/// `run`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  svarstid run --config /etc/svarstid/svarstid.toml")]
pub struct Run {
    /// The configuration.
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG")]
    pub config: PathBuf,
    /// Host and port for the pages and metrics, instead of http.listen.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// A clock for tests and rehearsals: it begins at START and runs SPEED times as fast as time,
    /// as in 2026-10-05T07:00:00+02:00x60.
    #[arg(long, value_name = "STARTxSPEED", env = "SVARSTID_CLOCK")]
    pub clock: Option<String>,
}

/// `simulate`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    svarstid simulate --from 2026-10-05 --to 2026-10-10 --seed 7 --out week.jsonl --truth week.json\n  \
    svarstid simulate --from 2026-10-05 --to 2026-10-06 --brokers localhost:9092 --topic svarstid.events")]
pub struct Simulate {
    /// The first day, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub from: String,
    /// The day after the last, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub to: String,
    /// The same seed and parameters give the same bytes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Size; 1 has about 800 calls to the switchboard on a working day.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub scale: f64,
    /// Whether records are repeated, late, lost and out of order, and clocks wrong.
    #[arg(long, value_enum, default_value_t = Switch::On)]
    pub faults: Switch,
    /// Tell of every agent's ringing, talking and wrap-up too; it doubles the events.
    #[arg(long)]
    pub every_agent_state: bool,
    /// Where the events go, one line of JSON each; - is standard output [default: -].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Where the exact figures go, as JSON.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// Brokers to write the events to instead, as host:port,…
    #[arg(long, value_name = "A", requires = "topic", conflicts_with = "out")]
    pub brokers: Option<String>,
    /// The topic; it must exist.
    #[arg(long, value_name = "T", requires = "brokers")]
    pub topic: Option<String>,
    /// Write each event when its time has come: what is past at once, the rest as it happens.
    #[arg(long, requires = "brokers", conflicts_with = "truth")]
    pub live: bool,
    /// Where it is kept how far that has come: started again, it goes on there, with the first day
    /// of the first start.
    #[arg(long, value_name = "FILE", requires = "live")]
    pub state: Option<PathBuf>,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// What the lines of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One canonical event per line, as JSON.
    Canonical,
    /// The `queue_log` of an Asterisk.
    AsteriskQueueLog,
}

/// `replay`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    svarstid replay --interval hour /var/log/asterisk/queue_log\n  \
    zcat queue_log.1.gz | svarstid replay --json -")]
pub struct Replay {
    /// A configuration with departments, opening hours and goals; without it every unit is always
    /// open and each queue is a department of its own.
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG")]
    pub config: Option<PathBuf>,
    /// What the lines are; guessed from the first one when it is left out.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Time zone of days and of times without an offset; so far Europe/Stockholm only.
    #[arg(long, value_name = "TZ", default_value = "Europe/Stockholm")]
    pub timezone: String,
    /// Length of a row: quarter, hour, day or month.
    #[arg(long, value_name = "LENGTH", default_value = "day")]
    #[arg(value_parser = ["quarter", "hour", "day", "month"])]
    pub interval: String,
    /// Name of the telephone system that wrote a queue_log.
    #[arg(long, value_name = "NAME", default_value = "asterisk")]
    pub source: String,
    /// Print one JSON document instead of a table.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print comma-separated values instead of a table.
    #[arg(long)]
    pub csv: bool,
    /// Files in the order of their time; - is standard input.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// `backfill`.
#[derive(Clone, Debug, Args)]
#[command(after_help = BACKFILL_HELP)]
pub struct Backfill {
    /// The configuration with departments, opening hours and goals; without a FILE, also where the
    /// ledger is.
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG")]
    pub config: PathBuf,
    /// The first day, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    pub from: String,
    /// The day after the last, YYYY-MM-DD [default: today].
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// Between two samples: whole minutes that divide an hour, as in 15m.
    #[arg(long, value_name = "LENGTH", default_value = "15m")]
    pub step: String,
    /// Whether steps are written while every unit is closed and nothing happens.
    #[arg(long, value_enum, default_value_t = Hours::Open)]
    pub hours: Hours,
    /// Where the text goes; - is standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub out: PathBuf,
    /// The label job of every series: that of the daemon's scrape.
    #[arg(long, value_name = "NAME", default_value = "svarstid")]
    pub job: String,
    /// The label instance of every series; it should be that of no scrape.
    #[arg(long, value_name = "NAME", default_value = "historik")]
    pub instance: String,
    /// What the lines of event files are; guessed from the first one when it is left out.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Name of the telephone system that wrote a queue_log.
    #[arg(long, value_name = "NAME", default_value = "asterisk")]
    pub source: String,
    /// A file that `ledger export` wrote, or event files in the order of their time (- is standard
    /// input) [default: the ledger in its topic].
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

const BACKFILL_HELP: &str = "\
A month at a time is best: everything is in memory until it is written, and promtool reads the text
once for each block. What comes before --from has to be in the source too: the day's, week's and
month's figures, the counts to expect (of four weeks) and the counters begin with the first event.

Example, with a Prometheus of Debian, which finds the blocks within a minute or two:
  svarstid backfill --config /etc/svarstid/svarstid.toml --from 2026-07-01 --until 2026-08-01 \\
    --out july.om
  promtool tsdb create-blocks-from openmetrics --max-block-duration=744h july.om blocks
  chown -R prometheus: blocks && mv blocks/* /var/lib/prometheus/metrics2/

Start Prometheus with --storage.tsdb.retention.time=5y before that: it deletes blocks beyond its
retention (15 days by default). It looks for a sample in the last five minutes only: with steps of
15 minutes start it with --query.lookback-delta=16m, or write with --step 5m. Where days overlap
with scraped ones, both are shown, since their instances differ; Prometheus before 2.39 also needs
--storage.tsdb.allow-overlapping-blocks.";

/// Which hours of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Hours {
    /// While some unit is open, the step after, and any step in which something happened.
    Open,
    /// All of them.
    All,
}

/// `report`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    svarstid report --config /etc/svarstid/svarstid.toml --period 2026-10 --out reports\n  \
    svarstid report --config svarstid.toml --period 2026-T2 --sheets --audience public --out reports\n  \
    svarstid report --config svarstid.toml --period 2026-10 --edition 1 --sheets --out reports\n  \
    svarstid report --config config/demo.toml --period 2026-10 --format csv --out - october.jsonl")]
pub struct Report {
    /// The configuration with departments, opening hours and goals; without a FILE, also where the
    /// ledger is.
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG")]
    pub config: PathBuf,
    /// A day (2026-10-05), week (2026-W41), month (2026-10), tertial (2026-T1), 2026-jan-aug or
    /// year (2026).
    #[arg(long, value_name = "PERIOD")]
    pub period: String,
    /// One department, by its slug, instead of the whole municipality.
    #[arg(long, value_name = "SLUG", conflicts_with = "sheets")]
    pub department: Option<String>,
    /// The whole municipality, and a sheet for each department.
    #[arg(long)]
    pub sheets: bool,
    /// For whom: citizens see whole percent and nothing so small that it points at somebody.
    #[arg(long, value_enum, default_value_t = Audience::Internal)]
    pub audience: Audience,
    /// Its language.
    #[arg(long, value_enum, default_value_t = Lang::Sv)]
    pub lang: Lang,
    /// Only these formats, separated by commas; all four when it is left out.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub format: Vec<ReportFormat>,
    /// A folder; - is standard output, for one text.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub out: PathBuf,
    /// This published edition, made again from the ledger: the same bytes as when it was published.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..))]
    pub edition: Option<u16>,
    /// What the lines of event files are; guessed from the first one when it is left out.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format_of_events: Option<Format>,
    /// Name of the telephone system that wrote a queue_log.
    #[arg(long, value_name = "NAME", default_value = "asterisk")]
    pub source: String,
    /// A file that `ledger export` wrote, or event files in the order of their time (- is standard
    /// input) [default: the ledger in its topic].
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Who reads a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Audience {
    /// The municipality: everything.
    Internal,
    /// Citizens.
    Public,
}

impl From<Audience> for report::Audience {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::Internal => report::Audience::Internal,
            Audience::Public => report::Audience::Public,
        }
    }
}

/// A report's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Swedish.
    Sv,
    /// English.
    En,
}

impl From<Lang> for report::Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Sv => report::Language::Swedish,
            Lang::En => report::Language::English,
        }
    }
}

/// A report's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// To read and to print.
    Html,
    /// One value a line.
    Csv,
    /// A workbook.
    Xlsx,
    /// One document.
    Json,
}

impl ReportFormat {
    /// Every format.
    pub const ALL: [ReportFormat; 4] =
        [ReportFormat::Html, ReportFormat::Csv, ReportFormat::Xlsx, ReportFormat::Json];

    /// The ending of its files.
    pub fn name(self) -> &'static str {
        match self {
            ReportFormat::Html => "html",
            ReportFormat::Csv => "csv",
            ReportFormat::Xlsx => "xlsx",
            ReportFormat::Json => "json",
        }
    }
}

/// `forward`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  svarstid forward --format asterisk-queue-log --follow \
    /var/log/asterisk/queue_log --brokers kafka-1:9092 --topic svarstid.events")]
pub struct Forward {
    /// What the lines are.
    #[arg(long, value_enum, default_value_t = Format::AsteriskQueueLog)]
    pub format: Format,
    /// Go on as the file grows and is rotated, until told to stop.
    #[arg(long)]
    pub follow: bool,
    /// The log.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Brokers, as host:port,…
    #[arg(
        long,
        value_name = "A",
        env = "SVARSTID_KAFKA_BROKERS",
        required_unless_present = "config"
    )]
    pub brokers: Option<String>,
    /// A configuration whose kafka section says how to reach the brokers (TLS, SASL).
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG")]
    pub config: Option<PathBuf>,
    /// The topic; it must exist.
    #[arg(long, value_name = "T", env = "SVARSTID_TOPIC")]
    pub topic: String,
    /// Name of the telephone system, at most 100 bytes; one for each log.
    #[arg(long, value_name = "NAME", default_value = "asterisk", env = "SVARSTID_SOURCE")]
    pub source: String,
    /// Where the position is kept [default: FILE.svarstid-position].
    #[arg(long, value_name = "FILE", env = "SVARSTID_STATE")]
    pub state: Option<PathBuf>,
}

/// `calendar`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:\n  \
    svarstid calendar --year 2026\n  \
    svarstid calendar --year 2026 --config /etc/svarstid/svarstid.toml --unit kulturens-hus --json\n  \
    svarstid calendar --deadline 2026-06-18T15:04:00+02:00")]
pub struct Calendar {
    /// The year.
    #[arg(long, value_name = "Y", required_unless_present = "deadline")]
    pub year: Option<i32>,
    /// Instead of a year: the last moment to answer what was received at this time, as in
    /// 2026-06-18T15:04:00+02:00, under each rule of practice.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["year", "unit"])]
    pub deadline: Option<String>,
    /// A configuration, for the opening hours of its departments.
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG")]
    pub config: Option<PathBuf>,
    /// Only this department's opening hours, by its slug.
    #[arg(long, value_name = "U", requires = "config")]
    pub unit: Option<String>,
    /// One JSON document, for a year with every day.
    #[arg(long)]
    pub json: bool,
}

/// `check`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  svarstid check --config config/svarstid.toml")]
pub struct Check {
    /// The configuration.
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG")]
    pub config: PathBuf,
    /// Ask the brokers too: whether the topics exist, and how many partitions they have.
    #[arg(long)]
    pub online: bool,
}

/// `health`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit code 0 when the daemon answers, 1 when it does not.\n\nExample:\n  \
    svarstid health --config /etc/svarstid/svarstid.toml")]
pub struct Health {
    /// The configuration that the daemon runs with.
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG")]
    pub config: PathBuf,
    /// Ask whether its figures may be relied on, and print what is missing.
    #[arg(long)]
    pub ready: bool,
}

/// `ledger`.
#[derive(Clone, Debug, Subcommand)]
pub enum Ledger {
    /// Check every record of the ledger, or of a copy of it.
    Verify(Verify),
    /// List records, one a line; nothing of a person is in it.
    Show(Show),
    /// Copy the ledger to a file.
    Export(Export),
    /// Bring a copy back into a topic that is empty or missing.
    Import(Import),
}

/// Where a ledger is.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Whence {
    /// A configuration, for the ledger in its topic.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A file that `ledger export` wrote.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// `ledger verify`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit code 1 when a record is broken.\n\nExamples:\n  \
    svarstid ledger verify --config /etc/svarstid/svarstid.toml\n  \
    svarstid ledger verify /backup/ledger-2026-10-05")]
pub struct Verify {
    /// Where the ledger is.
    #[command(flatten)]
    pub whence: Whence,
}

/// `ledger show`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "What a record is worth depends on all before it, so a partition is always \
    read from its start.\n\nExamples:\n  \
    svarstid ledger show --config /etc/svarstid/svarstid.toml --partition 2 --from 1200 --limit 20\n  \
    svarstid ledger show --json /backup/ledger-2026-10-05"
)]
pub struct Show {
    /// Where the ledger is.
    #[command(flatten)]
    pub whence: Whence,
    /// Only this partition.
    #[arg(long, value_name = "P")]
    pub partition: Option<i32>,
    /// From this offset on.
    #[arg(long, value_name = "OFFSET", default_value_t = 0)]
    pub from: i64,
    /// At most so many records.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u64,
    /// One JSON document a line.
    #[arg(long)]
    pub json: bool,
}

/// `ledger export`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "The daemon may go on meanwhile: the copy ends where the ledger ended at the \
    start.\n\nExample:\n  svarstid ledger export --config /etc/svarstid/svarstid.toml --out \
    /backup/ledger-2026-10-05"
)]
pub struct Export {
    /// The configuration.
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG")]
    pub config: PathBuf,
    /// The file; it must not exist.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `ledger import`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "The file is checked before, the topic after.\n\nExample:\n  \
    svarstid ledger import --config /etc/svarstid/svarstid.toml /backup/ledger-2026-10-05")]
pub struct Import {
    /// The configuration; its topics.ledger is where the records go.
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG")]
    pub config: PathBuf,
    /// A file that `ledger export` wrote.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `rebuild`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "The old ledger stays as it is. Run it while the daemon goes on, then stop \
    every instance and run it again with --switch: it goes on where it stopped.\n\nExample:\n  \
    svarstid rebuild --config /etc/svarstid/svarstid.toml --from 2026-07-01"
)]
pub struct Rebuild {
    /// The configuration with the rules that are to hold; topics.ledger is the old ledger.
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG")]
    pub config: PathBuf,
    /// The first day, YYYY-MM-DD, whose contacts are judged anew.
    #[arg(long, value_name = "DATE")]
    pub from: String,
    /// The topic of the other ledger [default: the old one's name and .v<rules.version>].
    #[arg(long, value_name = "TOPIC")]
    pub into: Option<String>,
    /// Tell how to go over to it; refused while an instance is running.
    #[arg(long)]
    pub switch: bool,
    /// Print the comparison as one JSON document.
    #[arg(long)]
    pub json: bool,
}

//! The flags of `enter`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::wire::entry::Field;
use crate::wire::told::Telling;

/// `enter`.
#[derive(Clone, Debug, Args)]
#[command(
    subcommand_negates_reqs = true,
    after_help = "Where it goes: to --out; else to --topic; else to the first of topics.events in \
    --config.\nExit codes: 0 entered, 1 not written, 2 something is wrong with it, and then nothing \
    was written.\n\nExamples:\n  \
    svarstid enter survey --config svarstid.toml --measure nojd-2016 --period 2026 --value 78,5 --n 1200\n  \
    svarstid enter --csv october.csv --config svarstid.toml --dry-run\n  \
    svarstid enter --csv october.csv --out told.jsonl"
)]
pub struct Enter {
    /// What is entered.
    #[command(subcommand)]
    pub what: Option<Entry>,
    /// A table instead: a first row of field names, one thing a row; nothing is written when any row
    /// is wrong.
    #[arg(long, value_name = "FILE", required = true)]
    pub csv: Option<PathBuf>,
    /// Where it goes.
    #[command(flatten)]
    pub to: Destination,
}

/// Where it goes.
#[derive(Clone, Debug, Args)]
pub struct Destination {
    /// A configuration: its departments are the only ones, and it says how to reach the brokers.
    #[arg(long, value_name = "FILE", env = "SVARSTID_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// Brokers, as host:port,…
    #[arg(long, value_name = "A", env = "SVARSTID_KAFKA_BROKERS", global = true)]
    pub brokers: Option<String>,
    /// The topic; it must exist.
    #[arg(long, value_name = "T", env = "SVARSTID_TOPIC", global = true)]
    pub topic: Option<String>,
    /// Put it behind what is in a file instead, one line of JSON each; - is standard output.
    #[arg(long, value_name = "FILE", global = true, conflicts_with_all = ["brokers", "topic"])]
    pub out: Option<PathBuf>,
    /// Print what would be written, and write nothing.
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// When it was told, as in 2026-10-05T12:00:00+02:00 [default: now]; of two that are told of the
    /// same thing the later one holds.
    #[arg(long, value_name = "TIME", global = true)]
    pub at: Option<String>,
    /// The source that the events name.
    #[arg(long, value_name = "NAME", default_value = "enter", global = true)]
    pub source: String,
}

/// What is entered.
#[derive(Clone, Debug, Subcommand)]
pub enum Entry {
    /// What citizens answered in a survey: the share who are satisfied, or an index.
    Survey(Survey),
    /// What an outside evaluator found; it is shown beside our own figure.
    Evaluator(Evaluator),
    /// Visits or letters of a department in a month.
    Count(Count),
    /// What is said of a goal, or done about it.
    Note(Note),
}

/// `enter survey`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "A question that is worded anew gets a measure of its own, and says which one \
    it replaces.\n\nExample:\n  \
    svarstid enter survey --measure nojd-2016 --replaces nojd-2014 --period 2016 --value 71,5 \\\n    \
    --n 1200 --margin 2,5 --config svarstid.toml"
)]
pub struct Survey {
    /// Which question, as in nojd-2016.
    #[arg(long, value_name = "SLUG")]
    pub measure: String,
    /// What was found.
    #[command(flatten)]
    pub found: Outcome,
    /// How the question is worded.
    #[arg(long, value_name = "TEXT")]
    pub wording: Option<String>,
    /// The measure that this one takes the place of: the series breaks there.
    #[arg(long, value_name = "SLUG")]
    pub replaces: Option<String>,
}

/// `enter evaluator`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  \
    svarstid enter evaluator --evaluator kundmatning --measure SM1 --period 2026 --value 88 --n 300 \\\n    \
    --config svarstid.toml")]
pub struct Evaluator {
    /// Who found it, as a slug.
    #[arg(long, value_name = "SLUG")]
    pub evaluator: String,
    /// Of what: SM1, SM2, SM3, SM4 or FCR, the measure of a survey, or one of theirs.
    #[arg(long, value_name = "SLUG")]
    pub measure: String,
    /// What was found.
    #[command(flatten)]
    pub found: Outcome,
    /// How the question is worded.
    #[arg(long, value_name = "TEXT")]
    pub wording: Option<String>,
}

/// What a survey or an evaluator found.
#[derive(Clone, Debug, Args)]
pub struct Outcome {
    /// Of when: 2026, 2026-jan-aug, 2026-T1, 2026-10, 2026-W41 or 2026-10-05.
    #[arg(long, value_name = "PERIOD")]
    pub period: String,
    /// Percent, or an index of 0 to 100.
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true)]
    pub value: String,
    /// How many answered.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub n: String,
    /// Margin of error, percentage points.
    #[arg(long, value_name = "POINTS", allow_hyphen_values = true)]
    pub margin: Option<String>,
    /// share, or index: a mean of answers that count 0, 25, 50, 75 and 100.
    #[arg(long, value_name = "SCALE")]
    pub scale: Option<String>,
    /// Whose, by the department's slug [default: the whole municipality].
    #[arg(long, value_name = "SLUG")]
    pub department: Option<String>,
}

/// `enter count`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  \
    svarstid enter count --channel visit --department social --period 2026-10 --n 412 \\\n    \
    --config svarstid.toml")]
pub struct Count {
    /// visit or post.
    #[arg(long, value_name = "CHANNEL")]
    pub channel: String,
    /// Whose, by the department's slug.
    #[arg(long, value_name = "SLUG")]
    pub department: String,
    /// The month, as in 2026-10.
    #[arg(long, value_name = "MONTH")]
    pub period: String,
    /// How many there were.
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub n: String,
}

/// `enter note`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Numbers and addresses of people are taken out of it.\n\nExample:\n  \
    svarstid enter note --goal SM2 --department social --period 2026-10 \\\n    \
    --text \"Två vikarier från juni.\" --config svarstid.toml")]
pub struct Note {
    /// The goal or measure that it is about [default: all of them].
    #[arg(long, value_name = "SLUG")]
    pub goal: Option<String>,
    /// Whose, by the department's slug [default: the whole municipality].
    #[arg(long, value_name = "SLUG")]
    pub department: Option<String>,
    /// Of when: 2026, 2026-jan-aug, 2026-T1, 2026-10, 2026-W41 or 2026-10-05.
    #[arg(long, value_name = "PERIOD")]
    pub period: String,
    /// What it says, at most 2 000 characters.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub text: String,
    /// Let citizens read it.
    #[arg(long)]
    pub public: bool,
}

impl Entry {
    /// What is told, and its fields as they were written; empty ones say nothing.
    pub fn fields(&self) -> (Telling, Vec<(Field, &str)>) {
        let (telling, fields) = match self {
            Entry::Survey(survey) => {
                let mut fields = survey.found.fields();
                fields.extend([
                    (Field::Measure, Some(&survey.measure)),
                    (Field::Wording, survey.wording.as_ref()),
                    (Field::Replaces, survey.replaces.as_ref()),
                ]);
                (Telling::Survey, fields)
            }
            Entry::Evaluator(evaluator) => {
                let mut fields = evaluator.found.fields();
                fields.extend([
                    (Field::Measure, Some(&evaluator.measure)),
                    (Field::Evaluator, Some(&evaluator.evaluator)),
                    (Field::Wording, evaluator.wording.as_ref()),
                ]);
                (Telling::Evaluator, fields)
            }
            Entry::Count(count) => {
                let fields = vec![
                    (Field::Channel, Some(&count.channel)),
                    (Field::Department, Some(&count.department)),
                    (Field::Period, Some(&count.period)),
                    (Field::N, Some(&count.n)),
                ];
                (Telling::Count, fields)
            }
            Entry::Note(note) => {
                let fields = vec![
                    (Field::Goal, note.goal.as_ref()),
                    (Field::Department, note.department.as_ref()),
                    (Field::Period, Some(&note.period)),
                    (Field::Text, Some(&note.text)),
                ];
                (Telling::Note, fields)
            }
        };
        let written = fields.into_iter().filter_map(|(field, text)| Some((field, text?.trim())));
        let mut fields: Vec<(Field, &str)> = written.filter(|(_, text)| !text.is_empty()).collect();
        if let Entry::Note(Note { public: true, .. }) = self {
            fields.push((Field::Public, "true"));
        }
        (telling, fields)
    }
}

impl Outcome {
    fn fields(&self) -> Vec<(Field, Option<&String>)> {
        vec![
            (Field::Period, Some(&self.period)),
            (Field::Value, Some(&self.value)),
            (Field::N, Some(&self.n)),
            (Field::Margin, self.margin.as_ref()),
            (Field::Scale, self.scale.as_ref()),
            (Field::Department, self.department.as_ref()),
        ]
    }
}

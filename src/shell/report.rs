//! `report`: a period's figures for people, from the ledger, a copy of it, or files of events.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::backup::{beside, sync_folder};
use super::clock::Clock;
use super::edition::{Choice, Cutter, Departments, Shelf};
use super::events::{self, Feeding};
use super::publish::file_name;
use super::records::{Records, connection};
use super::run::{self, Keys};
use super::source::{self, Source};
use super::{Stop, read_config, usage};
use crate::cli::{self, ReportFormat};
use crate::config::Config;
use crate::domain::calendar::Zone;
use crate::domain::ids::Department;
use crate::engine::Engine;
use crate::report::{Audience, NoPeriod, Order, Period, Report};

/// Writes the reports.
///
/// # Errors
///
/// [`super::Usage`] for a period that is none, to come or without figures, for a department that is
/// not configured and a folder that cannot be written; a failure when something cannot be read.
pub fn report(asked: &cli::Report) -> anyhow::Result<()> {
    let period: Period =
        asked.period.parse().map_err(|error: NoPeriod| usage(format!("--period {error}")))?;
    let zone = Zone::stockholm();
    let (from, end) = period.span();
    if from > zone.day_of(Clock::Real.now()) {
        return Err(usage(format!("--period {period} is to come; take one that has begun")));
    }
    let audience = asked.audience.into();
    if audience == Audience::Public && !period.is_for_citizens() {
        return Err(usage(format!(
            "--audience public: {period} is shorter than a month, and beside the months days and weeks \
             tell small counts; take a month or longer"
        )));
    }
    let config = read_config(&asked.config, &[])?;
    let departments = departments(asked, &config)?;
    let source = Source::of(&asked.files, &config)?;
    let target = Target::open(asked)?;
    if let Some(number) = asked.edition {
        return edition(asked, &config, (period, number), source, &target);
    }
    let engine = read(source, asked, &config)?;
    match engine.days_with_figures() {
        None => return Err(usage("there is no event in it; nothing is written")),
        Some((first, _)) if end <= first => {
            return Err(usage(format!(
                "--period {period} is before the first event, which is of {first}; nothing is written"
            )));
        }
        Some((_, last)) if from > last => {
            return Err(usage(format!(
                "--period {period} is after the last event, which is of {last}; nothing is written"
            )));
        }
        Some(_) => {}
    }
    let sums = engine.sums();
    for slug in departments {
        let department = slug.as_ref().map(|slug| {
            engine.names().departments.find(slug).map_or(Department::UNKNOWN, Department)
        });
        let order = Order { period, department, audience, language: asked.lang.into() };
        target.write(&sums.report(&order))?;
    }
    Ok(())
}

/// Makes a published edition again.
fn edition(
    asked: &cli::Report,
    config: &Config,
    (period, number): (Period, u16),
    source: Source,
    target: &Target,
) -> anyhow::Result<()> {
    let shelf = match source {
        Source::Events(_) => {
            return Err(usage("--edition is cut in a ledger; give none of its events, or a copy"));
        }
        Source::Ledger(..) => match asked.files.first() {
            Some(file) => Shelf::File(file.clone()),
            None => Shelf::Topic(Box::new(connection(config)?)),
        },
    };
    let departments = match (&asked.department, asked.sheets) {
        (Some(slug), _) => Departments::One(slug.clone()),
        (None, true) => Departments::Sheets,
        (None, false) => Departments::All,
    };
    let choice = Choice {
        departments,
        audiences: vec![asked.audience.into()],
        languages: vec![asked.lang.into()],
    };
    let mut cutter = Cutter::new(config, shelf, &Stop::by_hand());
    let Some(reports) = cutter.reports(period, number, &choice)? else {
        let said = match cutter.editions_of(period) {
            0 => "none is published".to_owned(),
            count => format!("the latest is {count}"),
        };
        return Err(usage(format!("--edition {number}: of {period}, {said}; nothing is written")));
    };
    reports.iter().try_for_each(|report| target.write(report))
}

/// Whose reports are asked for; `None` is the whole municipality.
fn departments(asked: &cli::Report, config: &Config) -> anyhow::Result<Vec<Option<String>>> {
    let slugs = || config.departments().iter().map(|entry| entry.slug.clone());
    if asked.sheets {
        return Ok(std::iter::once(None).chain(slugs().map(Some)).collect());
    }
    match &asked.department {
        Some(slug) if !slugs().any(|known| known == *slug) => Err(usage(format!(
            "--department \"{slug}\" is not configured; there are {}",
            slugs().collect::<Vec<_>>().join(", ")
        ))),
        department => Ok(vec![department.clone()]),
    }
}

/// Everything folded, with every quarter-hour kept.
fn read(source: Source, asked: &cli::Report, config: &Config) -> anyhow::Result<Engine> {
    let mut engine = run::engine(config, &Keys::fixed());
    engine.set_rules(config);
    engine.keep_all_quarters();
    match source {
        Source::Ledger(records, name) => fold(*records, &name, &mut engine)?,
        Source::Events(inputs) => {
            let partition = engine.open_partition("report", 0);
            let bar = events::progress(inputs.iter().map(|input| input.size).sum());
            let mut feeding = Feeding::new(engine, partition, &asked.source)?;
            let mut commit = |engine: &mut Engine| {
                engine.commit();
                Ok(ControlFlow::Continue(()))
            };
            for input in inputs {
                // Nothing here breaks it off.
                let _whole = feeding.file(input, asked.format_of_events, &bar, &mut commit)?;
            }
            bar.finish_and_clear();
            engine = feeding.into_engine();
            engine.commit();
            engine.tick();
        }
    }
    Ok(engine)
}

/// Folds a ledger up to its end.
fn fold(records: Records, name: &str, engine: &mut Engine) -> anyhow::Result<()> {
    for partition in 0..records.partitions() {
        engine.open_partition("report", partition);
    }
    let mut broken = 0;
    source::each(records, name, |at, frame| {
        let fits = engine
            .follow(at, &frame.bytes)
            .map_err(|refused| source::refused(refused, || source::place(name, frame)))?;
        broken += u64::from(!fits);
        Ok(ControlFlow::Continue(()))
    })?;
    source::warn_of_broken(broken, name);
    Ok(())
}

/// Where the reports go.
enum Target {
    /// One text to standard output.
    Out(ReportFormat),
    /// Files in a folder.
    Folder(PathBuf, Vec<ReportFormat>),
}

impl Target {
    /// A folder that cannot be written is told before the work.
    fn open(asked: &cli::Report) -> anyhow::Result<Target> {
        let formats = match asked.format.is_empty() {
            true => ReportFormat::ALL.to_vec(),
            false => asked.format.clone(),
        };
        if asked.out == Path::new("-") {
            return match formats[..] {
                [format] if format != ReportFormat::Xlsx && !asked.sheets => {
                    Ok(Target::Out(format))
                }
                _ => Err(usage("--out - takes one report of one text: --format html, csv or json")),
            };
        }
        fs::create_dir_all(&asked.out)
            .and_then(|()| {
                let probe = asked.out.join(".svarstid-probe");
                File::create(&probe)?;
                fs::remove_file(probe)
            })
            .map_err(|error| {
                let shown = asked.out.display();
                usage(format!("cannot write to --out \"{shown}\": {error}; give a folder of yours"))
            })?;
        Ok(Target::Folder(asked.out.clone(), formats))
    }

    fn write(&self, report: &Report) -> anyhow::Result<()> {
        match self {
            Target::Out(format) => {
                let bytes = bytes(report, *format)?;
                io::stdout().lock().write_all(&bytes).context("cannot print")
            }
            Target::Folder(folder, formats) => {
                for format in formats {
                    let name = match report.edition {
                        Some(_) => file_name(report, *format),
                        None => format!("{}-{}.{}", report.name(), report.audience, format.name()),
                    };
                    let path = folder.join(name);
                    keep(&path, &bytes(report, *format)?)?;
                    writeln!(io::stdout(), "{}", path.display()).context("cannot print")?;
                }
                Ok(())
            }
        }
    }
}

/// A report in one of its formats.
pub(super) fn bytes(report: &Report, format: ReportFormat) -> anyhow::Result<Vec<u8>> {
    Ok(match format {
        ReportFormat::Html => report.to_html().into_bytes(),
        ReportFormat::Json => format!("{}\n", report.to_json()).into_bytes(),
        ReportFormat::Xlsx => report.to_xlsx().context("cannot make the workbook")?,
        ReportFormat::Csv => {
            let mut bytes = Vec::new();
            report.write_csv(&mut bytes).context("cannot make the CSV")?;
            bytes
        }
    })
}

/// Written beside its name, and named when it is whole.
fn keep(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let failed = || format!("cannot write \"{}\"", path.display());
    let new = beside(path);
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let kept = written.and_then(|()| fs::rename(&new, path));
    if kept.is_err() {
        // What is half written is of use to nobody.
        drop(fs::remove_file(&new));
    }
    kept.with_context(failed)?;
    sync_folder(path)
}

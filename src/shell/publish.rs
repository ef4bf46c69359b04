//! Publishing: once a minute the daemon sees which editions are due and which are complete; a thread
//! of its own makes and writes those that are missing.
//!
//! The thread folds the ledger once more, up to the markers ([`super::edition`]), so nothing that the
//! daemon does waits for it. What fails is told, counted and tried again; a stop does not wait for
//! it, since nothing is ever half there.

mod folder;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use rdkafka::ClientConfig;
use serde_json::json;

use super::append::Appender;
use super::clock::Stopwatch;
use super::edition::{Choice, Cutter, Departments, Shelf};
use super::records::Records;
use super::report::bytes;
use super::{Stop, usage};
use crate::cli::ReportFormat;
use crate::config::{Config, Publish};
use crate::domain::calendar::{Day, Zone};
use crate::domain::period::Period;
use crate::domain::schedule::Kind;
use crate::domain::snapshot::ReportsView;
use crate::domain::units::{Millis, Timestamp};
use crate::engine::edition::Edition;
use crate::engine::instance::Instance;
use crate::report::{Audience, Language, Report, reads_alike};

pub(super) use folder::file_name;
use folder::{Document, Folder, Kept, about};

/// After a failure, before it is tried again, by the daemon's clock.
const AGAIN: Millis = Millis(600_000);
/// How long one record may take into the topic.
const SENT: Duration = Duration::from_secs(30);

/// What the thread is asked.
struct Asked {
    editions: Vec<Edition>,
    /// Whether this instance is the one that writes the topic.
    writes_topic: bool,
    now: Timestamp,
}

/// What both sides know.
#[derive(Debug, Default)]
struct Shared {
    failures: i64,
    last: BTreeMap<&'static str, Timestamp>,
    /// Editions that are complete and not written here, and since when.
    missing: BTreeMap<(Period, u16), Timestamp>,
}

/// The daemon's side.
pub(super) struct Publishing {
    publish: Publish,
    shared: Arc<Mutex<Shared>>,
    ask: Option<SyncSender<Asked>>,
    awaited: Vec<Option<Timestamp>>,
}

/// The folder of a configuration can be written to.
///
/// # Errors
///
/// [`super::Usage`] when it cannot.
pub(super) fn check(config: &Config) -> anyhow::Result<()> {
    let Some(path) = &config.publish.directory else { return Ok(()) };
    Folder::open(path).map(drop).map_err(|error| {
        usage(format!(
            "publish.directory: cannot write to \"{path}\": {error}; give a folder of the daemon's"
        ))
    })
}

impl Publishing {
    /// Starts the thread, if this instance makes any reports.
    ///
    /// # Errors
    ///
    /// When there is no thread.
    pub(super) fn start(
        config: &Config,
        settings: &ClientConfig,
        stop: &Stop,
    ) -> anyhow::Result<Publishing> {
        let publish = config.publish.clone();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let mut ask = None;
        if publish.is_made_here() {
            // One question waits while one is answered; those in between are asked again.
            let (tell, told) = mpsc::sync_channel(1);
            let writer = Writer {
                config: config.clone(),
                settings: settings.clone(),
                stop: stop.clone(),
                folder: publish.directory.as_ref().map(|path| Folder::open(path)).transpose()?,
                shared: Arc::clone(&shared),
                sent: None,
                not_before: Timestamp(i64::MIN),
            };
            thread::Builder::new()
                .name("publisher".to_owned())
                .spawn(move || writer.run(&told))
                .context("cannot start the publisher's thread")?;
            ask = Some(tell);
        }
        Ok(Publishing { publish, shared, ask, awaited: Vec::new() })
    }

    /// Once a minute of the daemon's clock: notes what is due, and has made what is complete.
    pub(super) fn minute(
        &mut self,
        instance: &mut Instance,
        now: Timestamp,
        is_read: impl FnMut(usize) -> bool,
    ) {
        let schedule = &self.publish.schedule;
        instance.publish(schedule, now, reads_alike, is_read);
        let engine = instance.engine();
        let awaited = Kind::ALL.map(|kind| engine.awaited_since(kind, schedule, now));
        self.awaited = awaited.to_vec();
        if let Some(ask) = &self.ask {
            let editions = engine.editions();
            let writes_topic = self.publish.topic && instance.is_owning(0);
            // The thread is busy: there is another minute.
            drop(ask.try_send(Asked { editions, writes_topic, now }));
        }
    }

    /// What is told of it.
    pub(super) fn view(&self) -> ReportsView {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let kinds = Kind::ALL.into_iter().enumerate().map(|(at, kind)| {
            let missing = shared.missing.iter();
            let missing = missing.filter(|((period, _), _)| Kind::of(*period) == Some(kind));
            let since = missing.map(|(_, since)| *since);
            let awaited = since.chain(self.awaited.get(at).copied().flatten()).min();
            (kind.name(), shared.last.get(kind.name()).copied(), awaited)
        });
        ReportsView { failures: shared.failures, kinds: kinds.collect() }
    }
}

/// The thread's side.
struct Writer {
    config: Config,
    settings: ClientConfig,
    stop: Stop,
    folder: Option<Folder>,
    shared: Arc<Mutex<Shared>>,
    /// Keys that the topic has; unknown before they are needed.
    sent: Option<BTreeSet<String>>,
    not_before: Timestamp,
}

impl Writer {
    fn run(mut self, told: &Receiver<Asked>) {
        if let Some(folder) = &self.folder {
            for kind in Kind::ALL {
                if let Some(at) = folder.written_at(kind) {
                    self.shared().last.insert(kind.name(), Timestamp(at));
                }
            }
        }
        while let Ok(asked) = told.recv() {
            if self.stop.is_asked() {
                return;
            }
            let missing = self.missing(&asked);
            let round = |day: Day| {
                let minute = self.config.publish.schedule.minute;
                Zone::stockholm().at_wall_clock(day, minute)
            };
            let since = missing.iter().map(|one| ((one.period, one.number), round(one.day)));
            self.shared().missing = since.collect();
            if asked.now < self.not_before {
                continue;
            }
            if let Err(error) = self.make(&missing, &asked) {
                if self.stop.is_asked() {
                    return;
                }
                self.shared().failures += 1;
                self.not_before = asked.now.plus(AGAIN);
                tracing::warn!("reports are not published, and tried again: {error:#}");
            }
        }
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Editions that are not everywhere where they should be, in the order in which they were cut.
    fn missing(&mut self, asked: &Asked) -> Vec<Edition> {
        let is_missing = |edition: &&Edition| {
            let Edition { period, number, .. } = **edition;
            let in_folder = self.folder.as_ref().is_none_or(|folder| folder.has(period, number));
            let in_topic = !asked.writes_topic
                || self.sent.as_ref().is_some_and(|sent| sent.contains(&self.last_key(edition)));
            !in_folder || !in_topic
        };
        let mut missing: Vec<Edition> = asked.editions.iter().filter(is_missing).cloned().collect();
        missing.sort_by_key(|edition| {
            let cut: u64 = edition.places.iter().map(|place| place.sequence).sum();
            (cut, edition.period, edition.number)
        });
        missing
    }

    /// The key of the report that is sent last.
    fn last_key(&self, edition: &Edition) -> String {
        let publish = &self.config.publish;
        let (audience, language) = (publish.audiences[0], publish.languages[0]);
        format!("{}//{}/{audience}/{language}", edition.period, edition.number)
    }

    fn make(&mut self, missing: &[Edition], asked: &Asked) -> anyhow::Result<()> {
        if let Some(folder) = &self.folder {
            let shown = folder.path().display();
            folder.probe().with_context(|| format!("cannot write to \"{shown}\""))?;
            folder.tidy().with_context(|| format!("cannot write to \"{shown}\""))?;
        }
        if asked.writes_topic && self.sent.is_none() {
            self.sent = Some(self.keys()?);
        }
        let shelf = Shelf::Topic(Box::new(self.settings.clone()));
        let mut cutter = Cutter::new(&self.config, shelf, &self.stop);
        let choice = choice(&self.config.publish);
        for edition in missing {
            let Edition { period, number, .. } = *edition;
            if asked.writes_topic
                && self.folder.as_ref().is_none_or(|folder| folder.has(period, number))
                && self.sent.as_ref().is_some_and(|sent| sent.contains(&self.last_key(edition)))
            {
                continue;
            }
            let began = Stopwatch::start();
            let reports = cutter
                .reports(period, number, &choice)?
                .ok_or_else(|| anyhow!("the ledger does not hold edition {number} of {period}"))?;
            let bytes = self.keep(edition, &reports, asked.now)?;
            if asked.writes_topic {
                self.send(&reports)?;
            }
            let kind = Kind::of(period).map_or("", Kind::name);
            let mut shared = self.shared();
            shared.last.insert(kind, asked.now);
            shared.missing.remove(&(period, number));
            drop(shared);
            let seconds = began.passed().as_secs_f64();
            tracing::info!(%period, number, reports = reports.len(), bytes, seconds, "published");
        }
        Ok(())
    }

    /// Writes an edition to the folder; gives how many bytes it is.
    fn keep(
        &mut self,
        edition: &Edition,
        reports: &[Report],
        now: Timestamp,
    ) -> anyhow::Result<usize> {
        let Some(folder) = self.folder.clone() else { return Ok(0) };
        let documents = documents(reports, &self.config.publish)?;
        let size = documents.iter().map(|(_, bytes)| bytes.len()).sum();
        let Edition { period, number, .. } = *edition;
        match folder.keep(period, number, &documents)? {
            Kept::Written | Kept::Same => {}
            Kept::Other => {
                self.shared().failures += 1;
                self.not_before = now.plus(AGAIN);
                tracing::error!(
                    %period,
                    number,
                    "incident: the edition that is there has other bytes than the ledger gives; it is \
                     left as it is"
                );
            }
        }
        folder
            .tidy()
            .with_context(|| format!("cannot write to \"{}\"", folder.path().display()))?;
        Ok(size)
    }

    /// The keys of the reports that the topic has.
    fn keys(&self) -> anyhow::Result<BTreeSet<String>> {
        let topic = &self.config.topics.reports;
        let mut records = Records::of_topic(&self.config, &self.settings, topic)?;
        let mut keys = BTreeSet::new();
        while let Some(frame) = records.next()? {
            let read: Result<serde_json::Value, _> = serde_json::from_slice(&frame.bytes);
            if let Ok(report) = read {
                let text = |name: &str| report[name].as_str().unwrap_or_default().to_owned();
                keys.insert(format!(
                    "{}/{}/{}/{}/{}",
                    text("period"),
                    text("department"),
                    report["edition"],
                    text("audience"),
                    text("language")
                ));
            }
        }
        Ok(keys)
    }

    /// Writes reports to the topic, that of the whole municipality last: who finds it finds all.
    fn send(&mut self, reports: &[Report]) -> anyhow::Result<()> {
        let topic = self.config.topics.reports.clone();
        let mut appender = Appender::new(self.settings.clone(), &topic, SENT)?;
        for report in reports.iter().rev() {
            let key = key(report);
            let payload = report.to_json();
            let began = Stopwatch::start();
            while appender.reject(&topic, key.as_bytes(), payload.as_bytes(), 0).is_err() {
                hear(&mut appender, &topic)?;
                if began.left_of(SENT).is_zero() {
                    return Err(anyhow!("no broker takes records of \"{topic}\""));
                }
                thread::sleep(Duration::from_millis(2));
            }
            let began = Stopwatch::start();
            while appender.in_flight() > 0 && !began.left_of(2 * SENT).is_zero() {
                hear(&mut appender, &topic)?;
                thread::sleep(Duration::from_millis(1));
            }
            if let Some(sent) = &mut self.sent {
                sent.insert(key);
            }
        }
        Ok(())
    }
}

fn hear(appender: &mut Appender, topic: &str) -> anyhow::Result<()> {
    for outcome in appender.poll() {
        outcome.result.map_err(|why| anyhow!("cannot write to \"{topic}\": {why}"))?;
    }
    Ok(())
}

/// `period/department/edition/audience/language`; the whole municipality has no department.
fn key(report: &Report) -> String {
    let department = report.department.as_deref().unwrap_or_default();
    let edition = report.edition.unwrap_or_default();
    format!("{}/{department}/{edition}/{}/{}", report.period, report.audience, report.language)
}

/// Which reports are published.
fn choice(publish: &Publish) -> Choice {
    let departments = if publish.sheets { Departments::Sheets } else { Departments::All };
    let audience = |name: &&str| match *name {
        "public" => Audience::Public,
        _ => Audience::Internal,
    };
    let languages = publish.languages.iter().filter_map(|code| code.parse::<Language>().ok());
    Choice {
        departments,
        audiences: publish.audiences.iter().map(audience).collect(),
        languages: languages.collect(),
    }
}

/// The files of an edition.
fn documents(reports: &[Report], publish: &Publish) -> anyhow::Result<Vec<Document>> {
    let formats =
        ReportFormat::ALL.into_iter().filter(|format| publish.formats.contains(&format.name()));
    let formats: Vec<ReportFormat> = formats.collect();
    let mut documents = Vec::new();
    let mut files = Vec::new();
    for report in reports {
        for format in &formats {
            let bytes = bytes(report, *format)?;
            let name = file_name(report, *format);
            files.push(json!({
                "name": name,
                "department": report.department,
                "audience": report.audience,
                "language": report.language,
                "format": format.name(),
                "bytes": bytes.len(),
            }));
            documents.push((name, bytes));
        }
    }
    documents.extend(about(reports, files));
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::ids::Department;
    use crate::engine::chain::Hash;
    use crate::engine::edition::Place;
    use crate::engine::{Engine, Settings};
    use crate::report::Order;
    use crate::shell::run;
    use crate::wire::canonical::{Decoder, Limits};
    use crate::wire::identity::{IdKey, Pseudonyms};

    /// Two editions of a small town, as they are published.
    fn editions(config: &Config) -> Vec<Vec<Document>> {
        let names = config.names();
        let rules = config.rules(&names);
        let decoder =
            Decoder::new(names, IdKey::new(b"k"), Pseudonyms::new(None), Limits::default());
        let engine = Engine::new(Settings::from(config), rules, decoder, Vec::new());
        let report = |department, audience, edition: &Edition| {
            let (period, language) = (edition.period, Language::Swedish);
            let order = Order { period, department, audience, language };
            let before = (edition.number > 1).then(|| engine.report(&order));
            engine.report(&order).published(edition, before.as_ref())
        };
        let edition = |number| {
            let places = vec![Place { partition: 0, sequence: 12, record: Hash([0xab; 16]) }];
            let day = Day::parse("2026-11-04").expect("a day");
            Edition { period: "2026-10".parse().expect("a period"), number, day, places }
        };
        let of = |number: u16| {
            let edition = edition(number);
            let whole = report(None, Audience::Internal, &edition);
            let sheet = report(Some(Department(1)), Audience::Public, &edition);
            documents(&[whole, sheet], &config.publish).expect("files")
        };
        vec![of(1), of(2)]
    }

    #[test]
    fn the_index_is_what_the_api_describes_and_every_file_of_it_has_a_name_that_is_served() {
        let text = "[switchboard]\ndepartment = \"vaxel\"\n[[department]]\nslug = \"social\"\n\
                    name = \"Social\"\n";
        let config = Config::parse(text, &[]).unwrap();
        let name = format!("svarstid-publish-{:x}", run::random_number().unwrap());
        let path = std::env::temp_dir().join(name);
        let folder = Folder::open(path.to_str().unwrap()).unwrap();
        let described: Value = serde_json::from_str(include_str!("api/openapi.json")).unwrap();
        let faults = |index: &Value| -> Vec<String> {
            let of = "#/components/schemas/PublishedIndex";
            let whole = json!({"$ref": of, "components": described["components"]});
            let options = jsonschema::options().should_validate_formats(true);
            let validator = options.build(&whole).unwrap();
            validator.iter_errors(index).map(|fault| fault.to_string()).collect()
        };
        let index = || -> Value {
            folder.tidy().unwrap();
            serde_json::from_slice(&std::fs::read(path.join("index.json")).unwrap()).unwrap()
        };
        assert_eq!(faults(&index()), [""; 0], "of nothing published");
        for (number, documents) in (1..).zip(editions(&config)) {
            folder.keep("2026-10".parse().unwrap(), number, &documents).unwrap();
        }
        let mut index = index();
        assert_eq!(faults(&index), [""; 0]);
        assert_eq!(index["editions"][0]["corrections"], Value::Null);
        assert_eq!(index["editions"][1]["corrections"], 0);
        let files = index["editions"][1]["files"].as_array().unwrap().clone();
        assert_eq!(files.len(), 8);
        for file in &files {
            let name = file["name"].as_str().unwrap();
            let period = "2026-10".parse().unwrap();
            assert!(super::super::published::File::named(period, "1", name).is_some(), "{name}");
        }
        // Nothing that is not described passes.
        index["editions"][0]["more"] = json!(1);
        assert_eq!(faults(&index).len(), 1);
        drop(std::fs::remove_dir_all(path));
    }
}

//! The tools beside the daemon: a ledger is checked, copied, brought back and judged anew.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use serde_json::Value;
use svarstid::config::Config;
use svarstid::domain::calendar::Day;
use svarstid::domain::rules::DEFINITIONS;
use svarstid::domain::units::Timestamp;
use svarstid::engine::Engine;
use svarstid::engine::archive::{Archive, Damage, Frame, Header, Scribe};
use svarstid::engine::audit::{Auditor, Fault, Finding};
use svarstid::engine::chain::{self, Break, Corrupt, Kind, Verdict};
use svarstid::engine::rebuild::{Rebuild, Refused};
use svarstid::report::Interval;
use svarstid::simulate::{Parameters, Record, Simulation};
use svarstid::wire::canonical::Arrival;

use crate::oracle::{assert_equal, configuration_text, engine};
use crate::support::{
    Daemon, TempDir, create_topic, kafka, produce, read_from_start, unique, wait_until,
};

const PARTITIONS: usize = 2;

/// Rules that judge everything otherwise, silence included.
const OTHER_RULES: &str = "[rules]\nversion = 2\nqueue_limit_seconds = 40\n\
    switchboard_limit_seconds = 7\nshort_abandon_seconds = 11\n[limits]\nsilence_hours = 3\n";

/// The same from the third day on.
const LATER_RULES: &str = "[rules]\nversion = 2\n[[change]]\nvalid_from = \"2026-10-07\"\n\
    queue_limit_seconds = 40\nswitchboard_limit_seconds = 7\nshort_abandon_seconds = 11\n";

fn parameters(days: u8) -> Parameters {
    let until = format!("2026-10-{:02}", 5 + days);
    let parameters = Parameters::new(3, "2026-10-05".parse().unwrap(), until.parse().unwrap());
    Parameters { restarts_per_week: 20, ..parameters }
}

fn records(parameters: &Parameters) -> (Vec<Record>, Value) {
    let mut simulation = Simulation::new(parameters.clone()).unwrap();
    let records = simulation.by_ref().collect();
    (records, simulation.into_truth().to_json())
}

fn config(parameters: &Parameters, rest: &str) -> Config {
    let text = configuration_text(parameters) + rest;
    Config::parse(&text, &[]).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// One record of the ledger: partition and bytes, in the order of the log.
pub(crate) type Log = Vec<(usize, Vec<u8>)>;

pub(crate) struct Ledger {
    engine: Engine,
    pub(crate) log: Log,
}

fn opened(config: &Config) -> Engine {
    let mut engine = engine(config);
    engine.set_rules(config);
    engine.keep_all_quarters();
    for partition in 0..PARTITIONS {
        engine.open_partition("events", partition as i32);
    }
    engine
}

impl Ledger {
    /// What a daemon writes that reads these records, committing every so many; the partitions are
    /// claimed anew half way.
    pub(crate) fn of(config: &Config, records: &[Record], every: usize) -> Ledger {
        let mut ledger = Ledger { engine: opened(config), log: Vec::new() };
        ledger.claim();
        for (offset, record) in records.iter().enumerate() {
            let own = record.key.bytes().map(usize::from).sum::<usize>() % PARTITIONS;
            for at in (0..PARTITIONS).filter(|at| record.every_partition || *at == own) {
                let bytes = record.payload.as_bytes();
                ledger.engine.event(at, offset as i64, bytes, &Arrival::default());
            }
            if offset == records.len() / 2 {
                ledger.commit();
                ledger.claim();
            }
            if offset % every == every - 1 {
                ledger.commit();
            }
        }
        ledger.commit();
        let last = ledger.engine.last_event().unwrap();
        (0..PARTITIONS).for_each(|at| ledger.engine.settle(at, last));
        ledger.commit();
        ledger
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    fn claim(&mut self) {
        for at in 0..PARTITIONS {
            let claim = self.engine.head(at).claim(5, self.log.len() as u64, 77, DEFINITIONS);
            let (bytes, _) = chain::encode_claim(at as i32, &claim);
            self.engine.read_claim(at, &chain::open(&bytes).unwrap());
            self.log.push((at, bytes));
        }
    }

    fn commit(&mut self) {
        for at in 0..PARTITIONS {
            while let Some((record, bytes, _)) = self.engine.cut_record(at, Vec::new(), None) {
                let envelope = chain::open(&bytes).unwrap();
                self.engine.read_commit(at, &envelope, Some(record)).unwrap();
                self.log.push((at, bytes));
                if !self.engine.has_more(at) {
                    break;
                }
            }
        }
    }
}

/// What a daemon shows that reads a ledger.
pub(crate) fn folded(config: &Config, log: &Log) -> Engine {
    let mut engine = opened(config);
    for (at, bytes) in log {
        let envelope = chain::open(bytes).unwrap();
        assert_eq!(engine.head(*at).judge(&envelope), Verdict::Valid);
        match &envelope.kind {
            Kind::Claim(_) => engine.read_claim(*at, &envelope),
            Kind::Commit(..) => drop(engine.read_commit(*at, &envelope, None).unwrap()),
        }
    }
    engine
}

fn document(engine: &Engine) -> Value {
    let now = engine.last_event().unwrap();
    serde_json::from_str(&engine.document(Interval::Quarter, now).to_json()).unwrap()
}

pub(crate) fn rebuilt(config: &Config, from: &str, log: &Log) -> (Rebuild, Log) {
    let mut rebuild = Rebuild::new(config, Day::parse(from).unwrap(), PARTITIONS as i32);
    let mut made = Log::new();
    for (at, bytes) in log {
        made.extend(rebuild.record(*at, bytes).unwrap().map(|bytes| (*at, bytes)));
    }
    (rebuild, made)
}

#[test]
fn a_rebuild_gives_what_the_rules_would_have_given_from_the_start() {
    let parameters = parameters(4);
    let (records, truth) = records(&parameters);
    let old = config(&parameters, "");
    // All at once: most contacts can be let go in the record that brings them.
    for every in [50, 700, usize::MAX] {
        let ledger = Ledger::of(&old, &records, every);
        assert_equal(&truth, &document(&ledger.engine));
        for (rules, from) in [(OTHER_RULES, "2026-10-01"), (LATER_RULES, "2026-10-07")] {
            let new = config(&parameters, rules);
            let (rebuild, made) = rebuilt(&new, from, &ledger.log);
            assert_eq!(rebuild.uncarried(), 0);
            let expected = Ledger::of(&new, &records, every);
            let engine = folded(&new, &made);
            assert_eq!(document(&engine), document(&expected.engine), "{from}, every {every}");
            assert_ne!(document(&engine)["goals"], document(&ledger.engine)["goals"]);
            assert_eq!(engine.board().open(), expected.engine.board().open());
            for at in 0..PARTITIONS {
                assert_eq!(engine.head(at).positions, ledger.engine.head(at).positions);
            }
            assert_eq!(engine.held().1, ledger.engine.held().1);
        }
    }
}

#[test]
fn under_the_same_rules_a_rebuild_changes_nothing() {
    let parameters = parameters(3);
    let (records, _) = records(&parameters);
    let config = config(&parameters, "");
    let ledger = Ledger::of(&config, &records, 90);
    let (rebuild, made) = rebuilt(&config, "2026-10-01", &ledger.log);
    let mut engine = folded(&config, &made);
    let mut before = folded(&config, &ledger.log);
    assert_eq!(document(&engine), document(&before));
    let now = before.last_event().unwrap();
    let (engine, before) = (engine.snapshot(now), before.snapshot(now));
    assert_eq!(format!("{:?}", engine.departments), format!("{:?}", before.departments));
    let compared = rebuild.comparison();
    assert!(compared.len() > 10);
    assert!(compared.iter().all(|row| row.old == row.new), "{compared:?}");
    // The comparison is of the same goals as the document.
    let goals = document(&folded(&config, &made))["goals"].clone();
    for row in &compared {
        let goal = goals.as_array().unwrap().iter().find(|goal| {
            goal["id"] == row.goal.id() && goal["department"].as_str() == row.department.as_deref()
        });
        let goal = goal.unwrap();
        assert_eq!((&goal["met"], &goal["of"]), (&row.new.met.into(), &row.new.of.into()));
    }
}

#[test]
fn a_rebuild_gives_the_same_bytes_each_time_and_grows_with_its_ledger() {
    let parameters = parameters(2);
    let (records, _) = records(&parameters);
    let ledger = Ledger::of(&config(&parameters, ""), &records, 120);
    let new = config(&parameters, OTHER_RULES);
    let (_, whole) = rebuilt(&new, "2026-10-01", &ledger.log);
    assert_eq!(rebuilt(&new, "2026-10-01", &ledger.log).1, whole);
    let half = ledger.log[..ledger.log.len() / 2].to_vec();
    let (_, half) = rebuilt(&new, "2026-10-01", &half);
    assert_eq!(half, whole[..half.len()]);
    // A daemon goes on from it.
    let mut auditor = Auditor::new(0);
    for (_, bytes) in whole.iter().filter(|(at, _)| *at == 0) {
        assert_eq!(auditor.record(0, bytes).finding, Finding::Valid);
    }
    assert_eq!(auditor.sums().rules.len(), 1);
}

#[test]
fn a_rebuild_refuses_what_it_cannot_judge() {
    let parameters = parameters(1);
    let (records, _) = records(&parameters);
    let ledger = Ledger::of(&config(&parameters, OTHER_RULES), &records, 500);
    let run = |rest: &str, log: &Log| {
        let config = config(&parameters, rest);
        let mut rebuild = Rebuild::new(&config, Day::parse("2026-10-01").unwrap(), 2);
        log.iter().find_map(|(at, bytes)| rebuild.record(*at, bytes).err())
    };
    let Some(Refused::Rules(older)) = run("", &ledger.log) else { panic!("older rules") };
    assert!(older.contains("raise rules.version"), "{older}");
    let other = "[rules]\nversion = 2\nqueue_limit_seconds = 90\n";
    let Some(Refused::Rules(same)) = run(other, &ledger.log) else { panic!("the same version") };
    assert!(same.contains("other rules under version 2"), "{same}");
    // A goal's level is of the rules as well.
    let level = "[[goal]]\nid = \"SM1\"\ndirection = \"at_least\"\npercent = 95\n\
        valid_from = \"2026-01-01\"\ndecided_by = \"kommundirektören\"\n\
        decided_on = \"2025-11\"\ndefinition = \"SM1.1\"\n";
    let other = format!("{OTHER_RULES}{level}");
    let Some(Refused::Rules(same)) = run(&other, &ledger.log) else { panic!("another level") };
    assert!(same.contains("other rules under version 2"), "{same}");
    // What does not fit is left out.
    let mut torn = ledger.log.clone();
    torn.remove(4);
    let (rebuild, made) = rebuilt(&config(&parameters, OTHER_RULES), "2026-10-01", &torn);
    assert!(rebuild.broken() > 0);
    assert!(made.len() < ledger.log.len() - 1);
}

/// A small ledger with everything harmless in it: a claim that came too late and a copy.
fn frames() -> Vec<Frame> {
    let parameters = parameters(1);
    let (records, _) = records(&parameters);
    let ledger = Ledger::of(&config(&parameters, ""), &records, 300);
    let mut log = ledger.log;
    let (late, copy) = (log[0].clone(), log[7].clone());
    log.insert(9, late);
    log.insert(10, copy);
    let mut next = [0; PARTITIONS];
    log.into_iter()
        .map(|(at, bytes)| {
            next[at] += 1;
            let time_ms = Some(1_791_194_400_000 + next[at]);
            Frame { partition: at as i32, offset: next[at] - 1, time_ms, bytes }
        })
        .collect()
}

pub(crate) fn pieces(frames: &[Frame]) -> Vec<Vec<u8>> {
    let header = Header {
        topic: "ledger".to_owned(),
        partitions: PARTITIONS as i32,
        key: Some(77),
        made_at: Timestamp(1_791_194_400_000),
    };
    let (mut scribe, header) = Scribe::new(&header);
    let mut pieces = vec![header];
    pieces.extend(frames.iter().map(|frame| scribe.frame(frame)));
    pieces.push(scribe.trailer());
    pieces
}

fn read(bytes: &[u8]) -> Result<Vec<Frame>, Damage> {
    let mut archive = Archive::open(bytes)?;
    let mut frames = Vec::new();
    while let Some(frame) = archive.record()? {
        frames.push(frame);
    }
    Ok(frames)
}

fn names(frame: &Frame) -> String {
    format!("partition {} offset {}", frame.partition, frame.offset)
}

#[test]
fn in_a_file_every_single_change_is_found_with_its_place() {
    let frames = frames();
    assert!(frames.len() > 15);
    let pieces = pieces(&frames);
    assert_eq!(read(&pieces.concat()).unwrap(), frames);
    let told = |what: &str, at: usize, pieces: &[Vec<u8>]| {
        let damage = read(&pieces.concat()).expect_err(&format!("{what} {at}")).to_string();
        let near = frames[at.saturating_sub(1)..frames.len().min(at + 3)].iter().map(names);
        let is_near = near.into_iter().any(|name| damage.contains(&name));
        assert!(is_near || damage.contains("behind the header"), "{what} {at}: {damage}");
    };
    for at in 0..frames.len() {
        let length = pieces[at + 1].len();
        // The head of the frame, its record and its digest.
        for byte in [0, 1, 2, 5, 12, length / 2, length - 20, length - 16, length - 1] {
            let mut changed = pieces.clone();
            changed[at + 1][byte] ^= 1;
            told("changed", at, &changed);
        }
        let mut removed = pieces.clone();
        removed.remove(at + 1);
        told("removed", at, &removed);
        let mut repeated = pieces.clone();
        repeated.insert(at + 1, pieces[at + 1].clone());
        told("repeated", at, &repeated);
        if at + 1 < frames.len() {
            let mut swapped = pieces.clone();
            swapped.swap(at + 1, at + 2);
            told("swapped", at, &swapped);
        }
        // Cut, with and without the trailer.
        assert!(matches!(read(&pieces[..at + 2].concat()), Err(Damage::Cut(Some(_)))));
        let mut short = pieces[..at + 1].to_vec();
        short.push(pieces[pieces.len() - 1].clone());
        told("shortened", at, &short);
    }
    let mut longer = pieces.concat();
    longer.push(0);
    assert!(matches!(read(&longer), Err(Damage::Trailer(_))));
    let mut header = pieces.concat();
    header[20] ^= 1;
    assert!(matches!(read(&header), Err(Damage::Header)));
    assert!(matches!(read(b"no ledger at all, but long enough"), Err(Damage::Foreign)));
    assert!(matches!(read(b""), Err(Damage::Foreign)));
}

fn findings(log: &[Frame]) -> Vec<(i64, Finding)> {
    let mut auditors = [Auditor::new(0), Auditor::new(1)];
    let each = log.iter().map(|frame| {
        let at = usize::try_from(frame.partition).unwrap();
        (frame.offset, auditors[at].record(frame.offset, &frame.bytes).finding)
    });
    each.collect()
}

#[test]
fn in_a_topic_harmless_records_are_told_from_breaks() {
    let frames = frames();
    let good = findings(&frames);
    let count = |found: &[(i64, Finding)], what: Finding| {
        found.iter().filter(|(_, finding)| *finding == what).count()
    };
    assert_eq!(count(&good, Finding::Stale), 1);
    assert_eq!(count(&good, Finding::Copy), 1);
    assert_eq!(count(&good, Finding::Valid), frames.len() - 2);

    let is_broken = |finding: &Finding| matches!(finding, Finding::Broken(_));
    for at in 0..frames.len() {
        let mut changed = frames.clone();
        let middle = changed[at].bytes.len() / 2;
        changed[at].bytes[middle] ^= 4;
        let found = findings(&changed);
        assert_eq!(found[at].1, Finding::Broken(Fault::Corrupt(Corrupt::Checksum)));
        assert_eq!(found[..at], good[..at]);

        let mut other = frames.clone();
        other[at].partition = 1 - other[at].partition;
        let found = findings(&other);
        let wrote = frames[at].partition;
        assert_eq!(found[at].1, Finding::Broken(Fault::Partition(wrote)));

        let mut repeated = frames.clone();
        repeated.insert(at + 1, frames[at].clone());
        let found = findings(&repeated);
        assert!(matches!(found[at + 1].1, Finding::Copy | Finding::Stale), "{:?}", found[at + 1]);
        assert!(!found.iter().any(|(_, finding)| is_broken(finding)));

        // Where a copy follows, it counts instead.
        let is_copied = frames[at + 1..].iter().any(|later| later.bytes == frames[at].bytes);
        if good[at].1 != Finding::Valid || is_copied {
            continue;
        }
        // What counted is missed by the next commit that counts (a claim is valid wherever it
        // lands); nobody can miss the last one.
        let is_commit = |frame: &Frame| {
            chain::open(&frame.bytes).is_ok_and(|open| matches!(open.kind, Kind::Commit(..)))
        };
        let next = (at + 1..frames.len()).find(|next| {
            frames[*next].partition == frames[at].partition
                && good[*next].1 == Finding::Valid
                && is_commit(&frames[*next])
        });
        let mut removed = frames.clone();
        removed.remove(at);
        let found = findings(&removed);
        assert_eq!(found.iter().any(|(_, finding)| is_broken(finding)), next.is_some(), "{at}");
        if let Some(next) = next {
            let first = found.iter().find(|(_, finding)| is_broken(finding)).unwrap();
            assert!(first.0 <= frames[next].offset, "{at}: {first:?}");
            let mut swapped = frames.clone();
            swapped.swap(at, next);
            let found = findings(&swapped);
            assert!(found.iter().any(|(_, finding)| is_broken(finding)), "{at}");
        }
    }
    let gone: Vec<Frame> = frames[4..].to_vec();
    assert!(findings(&gone).iter().any(|(_, f)| *f == Finding::Broken(Fault::Truncated)));
    let sequence = Finding::Broken(Fault::Chain(Break::Sequence));
    let mut hole = frames.clone();
    hole.remove(2);
    assert!(findings(&hole).iter().any(|(_, finding)| *finding == sequence));
}

const LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(8);
const CLOCK: &str = "2026-10-05T19:00:00+02:00x60";

/// A ledger over a real broker, with everything named so that nobody else uses it.
struct Place {
    brokers: String,
    folder: TempDir,
    events: String,
    ledger: String,
    parameters: Parameters,
}

impl Place {
    fn new() -> Option<Place> {
        let brokers = kafka()?;
        let (events, ledger) = (unique("events"), unique("ledger"));
        create_topic(&brokers, &events, PARTITIONS as i32);
        let folder = TempDir::new();
        fs::write(folder.path().join("key"), "a key of this test").unwrap();
        fs::write(folder.path().join("callers"), "another key of it").unwrap();
        Some(Place { brokers, folder, events, ledger, parameters: parameters(1) })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A configuration file over another ledger, with other rules.
    fn config(&self, name: &str, ledger: &str, rest: &str) -> String {
        let Place { brokers, events, .. } = self;
        let [key, callers, snapshot] = ["key", "callers", "snapshot"].map(|name| self.path(name));
        let text = format!(
            "[kafka]\nbrokers = [\"{brokers}\"]\ngroup = \"{events}\"\n\
             properties = {{ \"fetch.wait.max.ms\" = 10 }}\n\
             [topics]\nevents = [\"{events}\"]\nledger = \"{ledger}\"\n\
             rejects = \"{events}-rejects\"\n\
             [ledger]\nstorage = \"kafka\"\nsnapshot_file = \"{}\"\n\
             [privacy]\nid_key_file = \"{key}\"\ncaller_key_file = \"{callers}\"\n{}{rest}",
            snapshot.display(),
            configuration_text(&self.parameters),
            key = key.display(),
            callers = callers.display(),
        );
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn produce(&self, records: &[Record]) {
        let copies = records.iter().flat_map(|record| {
            let parts: Vec<Option<i32>> = match record.every_partition {
                true => (0..PARTITIONS as i32).map(Some).collect(),
                false => vec![None],
            };
            let one = |at| (at, record.key.clone(), record.arrival_ms, record.payload.clone());
            parts.into_iter().map(one).collect::<Vec<_>>()
        });
        produce(&self.brokers, &self.events, copies);
    }

    /// A daemon that has read everything there is.
    fn daemon(&self, config: &str) -> Daemon {
        let args = ["run", "--config", config, "--listen", "127.0.0.1:0", "--clock", CLOCK];
        let mut daemon = Daemon::start(&args);
        daemon.wait_ready(LIMIT);
        self.wait_read(&daemon);
        daemon
    }

    fn wait_read(&self, daemon: &Daemon) {
        let all = read_from_start(&self.brokers, &self.events).len() as i64;
        wait_until("everything to be read", LIMIT, || {
            figures(daemon)["quality"]["events"].as_i64() == Some(all)
        });
    }
}

#[track_caller]
fn figures(daemon: &Daemon) -> Value {
    let response = daemon.get("/api/v1/figures?interval=quarter");
    assert_eq!(response.status, 200, "{}", response.text());
    serde_json::from_slice(&response.body).unwrap()
}

/// Runs the program: exit code, standard output, standard error.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_svarstid")).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[track_caller]
fn good(args: &[&str]) -> String {
    let (code, out, error) = run(args);
    assert_eq!(code, 0, "{args:?}: {out}{error}");
    out
}

#[track_caller]
fn bad(code: i32, words: &[&str], args: &[&str]) {
    let (found, out, error) = run(args);
    assert_eq!(found, code, "{args:?}: {out}{error}");
    for word in words {
        assert!(error.contains(word), "{args:?}: {error}");
    }
}

fn delete_topic(brokers: &str, topic: &str) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", brokers).create().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(admin.delete_topics(&[topic], &AdminOptions::new())).unwrap();
}

#[test]
fn a_ledger_is_checked_copied_and_brought_back() {
    let Some(place) = Place::new() else { return };
    let (records, truth) = records(&place.parameters);
    let (first, second) = records.split_at(records.len() / 2);
    let config = place.config("config.toml", &place.ledger, "");
    place.produce(first);
    let mut daemon = place.daemon(&config);
    // By the clock of the daemon, whoever waited at noon is lost track of.
    wait_until("nobody to wait", LIMIT, || figures(&daemon)["quality"]["open_contacts"] == 0);
    let half = figures(&daemon);

    // The daemon goes on while its ledger is looked at.
    let table = good(&["ledger", "verify", "--config", &config]);
    assert!(table.contains(&place.ledger) && table.contains("rules 1"), "{table}");
    let lines = good(&["ledger", "show", "--config", &config, "--json", "--limit", "100000"]);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["verdict"] == "valid"));
    let events: i64 = lines.iter().filter_map(|line| line["events"].as_i64()).sum();
    assert_eq!(half["quality"]["events"], events);
    // The first is the claim; how many follow depends on how fast they were read.
    let few = ["ledger", "show", "--config", &config, "--partition", "1", "--from", "1"];
    let few = good(&[&few[..], &["--limit", "1"]].concat());
    assert_eq!(few.lines().count(), 1);
    assert!(few.starts_with("1 1 2026-"), "{few}");

    let file = place.path("copy").to_str().unwrap().to_owned();
    good(&["ledger", "export", "--config", &config, "--out", &file]);
    good(&["ledger", "verify", &file]);
    bad(2, &["there already"], &["ledger", "export", "--config", &config, "--out", &file]);
    bad(2, &["holds records already"], &["ledger", "import", "--config", &config, &file]);

    // Into another topic: the same figures, and it goes on.
    assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0));
    let other = unique("ledger");
    let restored = place.config("restored.toml", &other, "");
    good(&["ledger", "import", "--config", &restored, &file]);
    let shape = |topic: &str| -> Vec<(i32, Option<i64>, Vec<u8>)> {
        let all = read_from_start(&place.brokers, topic).into_iter();
        all.map(|one| (one.partition, one.timestamp_ms, one.payload)).collect()
    };
    let of_file = read(&fs::read(&file).unwrap()).unwrap();
    let copied = of_file.into_iter().map(|one| (one.partition, one.offset, one.time_ms, one.bytes));
    let mut copied: Vec<_> = copied.collect();
    copied.sort();
    let copied: Vec<_> = copied.into_iter().map(|(at, _, time, bytes)| (at, time, bytes)).collect();
    assert_eq!(shape(&other), copied);
    let mut daemon = place.daemon(&restored);
    assert_eq!(figures(&daemon)["rows"], half["rows"]);
    place.produce(second);
    place.wait_read(&daemon);
    assert_equal(&truth, &figures(&daemon));
    assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0));

    // The older copy comes back under the name of a ledger whose snapshot knows more.
    delete_topic(&place.brokers, &other);
    wait_until("the topic to be gone", LIMIT, || {
        run(&["ledger", "verify", "--config", &restored]).0 == 2
    });
    good(&["ledger", "import", "--config", &restored, &file]);
    let mut daemon = place.daemon(&restored);
    assert!(place.path("snapshot.aside").exists());
    assert_equal(&truth, &figures(&daemon));
    assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0));

    // A copy in the topic is harmless, other bytes are not.
    let last = read_from_start(&place.brokers, &other).pop().unwrap();
    let at = last.offset + 1;
    let partition = last.partition;
    let payload = last.payload;
    produce(&place.brokers, &other, [(Some(partition), "", 1_791_194_400_000, payload.clone())]);
    let table = good(&["ledger", "verify", "--config", &restored]);
    let told = format!("partition {partition}: offset {at} is a copy");
    assert!(table.contains(&told), "{table}");
    let mut changed = payload;
    changed[20] ^= 1;
    produce(&place.brokers, &other, [(Some(partition), "", 1_791_194_400_000, changed)]);
    let told = format!("partition {partition} offset {}: its bytes were changed", at + 1);
    bad(1, &[&told, "svarstid ledger import"], &["ledger", "verify", "--config", &restored]);

    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let damaged = place.path("damaged").to_str().unwrap().to_owned();
    fs::write(&damaged, bytes).unwrap();
    bad(1, &["partition ", "offset "], &["ledger", "verify", &damaged]);
    let empty = place.config("empty.toml", &unique("ledger"), "");
    let told = format!("at partition {partition} offset {}", at + 1);
    let copy = place.path("broken").to_str().unwrap().to_owned();
    let (code, _, error) = run(&["ledger", "export", "--config", &restored, "--out", &copy]);
    assert!(code == 0 && error.contains(&told), "{error}");
    bad(1, &["nothing was written"], &["ledger", "import", "--config", &empty, &damaged]);
}

#[test]
fn a_rebuild_makes_a_ledger_that_a_daemon_goes_on_from() {
    let Some(place) = Place::new() else { return };
    let (records, truth) = records(&place.parameters);
    let (first, second) = records.split_at(records.len() / 2);
    let config = place.config("config.toml", &place.ledger, "");
    let later = place.config("later.toml", &place.ledger, OTHER_RULES);
    place.produce(first);
    let mut daemon = place.daemon(&config);
    let rebuild = |from: &'static str, more: &[&str]| -> (i32, String, String) {
        run(&[&["rebuild", "--config", &later, "--from", from], more].concat())
    };
    let good = |more: &[&str]| {
        let (code, out, error) = rebuild("2026-10-01", more);
        assert_eq!(code, 0, "{more:?}: {out}{error}");
        out
    };
    let bad = |code: i32, words: &[&str], from: &'static str, more: &[&str]| {
        let (found, out, error) = rebuild(from, more);
        assert_eq!(found, code, "{more:?}: {out}{error}");
        words.iter().for_each(|word| assert!(error.contains(word), "{error}"));
    };

    // While the daemon writes to the old one; then with what came since.
    good(&[]);
    bad(1, &["stop every instance"], "2026-10-01", &["--switch"]);
    bad(2, &["is the ledger itself"], "2026-10-01", &["--into", &place.ledger]);
    place.produce(second);
    place.wait_read(&daemon);
    assert_equal(&truth, &figures(&daemon));
    assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0));
    let before = read_from_start(&place.brokers, &place.ledger);
    wait_until("the group to be empty", LIMIT, || rebuild("2026-10-01", &["--switch"]).0 == 0);
    let told = good(&["--switch"]);
    assert!(told.contains("was complete already") && told.contains("set topics.ledger"), "{told}");
    let made = format!("{}.v2", place.ledger);
    let whole = read_from_start(&place.brokers, &made);

    // Half of it in another topic, as after a crash; then something that is not of it.
    let part = unique("part");
    create_topic(&place.brokers, &part, PARTITIONS as i32);
    let half = whole.iter().filter(|one| one.offset < 3 + i64::from(one.partition));
    let half = half.map(|one| (Some(one.partition), "", 1, one.payload.clone()));
    produce(&place.brokers, &part, half);
    let json: Value = serde_json::from_str(&good(&["--into", &part, "--json"])).unwrap();
    let payloads = |topic: &str| {
        let all = read_from_start(&place.brokers, topic).into_iter();
        all.map(|one| (one.partition, one.payload)).collect::<Vec<_>>()
    };
    assert_eq!(payloads(&part), payloads(&made));
    bad(2, &["another ledger", "--delete"], "2027-01-01", &["--into", &part]);
    assert_eq!(read_from_start(&place.brokers, &place.ledger), before);

    // A daemon goes on from it.
    let switched = place.config("switched.toml", &made, OTHER_RULES);
    assert_eq!(run(&["ledger", "verify", "--config", &switched]).0, 0);
    let mut daemon = place.daemon(&switched);
    let found = figures(&daemon);
    let mut goals = BTreeMap::new();
    for row in json["goals"].as_array().unwrap() {
        goals.insert((row["goal"].to_string(), row["department"].to_string()), row["new"].clone());
    }
    assert!(goals.len() > 8);
    // The comparison is of the goals that are judged on calls.
    let others = ["SM4", "FCR", "REPEATS"];
    let of_calls = |goal: &&Value| !others.iter().any(|id| goal["id"] == **id);
    for goal in found["goals"].as_array().unwrap().iter().filter(of_calls) {
        let key = (goal["id"].to_string(), goal["department"].to_string());
        let Some(new) = goals.get(&key) else {
            assert_eq!(goal["of"], 0, "{goal}");
            continue;
        };
        assert_eq!((&goal["met"], &goal["of"]), (&new["met"], &new["of"]), "{goal}");
    }
    assert_ne!(found["goals"], truth["totals"]);
    assert_eq!(daemon.terminate(STOP_LIMIT).code(), Some(0));
    bad(2, &["more than this rebuild makes"], "2026-10-01", &[]);
}

//! A month of a simulated municipality as the boards see it afterwards: written by `backfill`, made
//! into blocks by promtool, served by a Prometheus that never scraped anything.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use svarstid::simulate::{Parameters, Record, Simulation};

use super::process::without_settings;
use super::truth::configuration_text;
use super::{Prometheus, TempDir, promtool};

/// Events of simulated days in a file, with the configuration that fits them.
pub(crate) struct Recording {
    pub(crate) folder: TempDir,
    pub(crate) parameters: Parameters,
    pub(crate) records: Vec<Record>,
    pub(crate) truth: Value,
}

impl Recording {
    /// The switchboard's department and two more, from a day up to and without another, long enough
    /// ago for any clock.
    pub(crate) fn of(seed: u64, scale: f64, from: &str, to: &str) -> Recording {
        let mut parameters = Parameters::new(seed, from.parse().unwrap(), to.parse().unwrap());
        parameters.departments.truncate(3);
        parameters.scale = scale;
        let mut simulation = Simulation::new(parameters.clone()).unwrap();
        let records: Vec<Record> = simulation.by_ref().collect();
        let truth = simulation.into_truth().to_json();
        let recording = Recording { folder: TempDir::new(), parameters, records, truth };
        fs::write(recording.config(), configuration_text(&recording.parameters)).unwrap();
        recording.write("events.jsonl", |_| true);
        recording
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("svarstid.toml")
    }

    pub(crate) fn events(&self) -> PathBuf {
        self.folder.path().join("events.jsonl")
    }

    /// Writes the events that are wanted, in order of their arrival.
    pub(crate) fn write(&self, name: &str, is_wanted: impl Fn(&Value) -> bool) -> PathBuf {
        let lines = self.records.iter().map(|record| &record.payload);
        let wanted = lines.filter(|line| is_wanted(&serde_json::from_str(line).unwrap()));
        let path = self.folder.path().join(name);
        fs::write(&path, wanted.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        path
    }

    /// What `backfill` makes of a file with more arguments; its text.
    #[track_caller]
    pub(crate) fn backfill(&self, file: &Path, more: &[&str]) -> String {
        let config = self.config();
        let mut args = vec!["backfill", "--config", config.to_str().unwrap()];
        args.extend(more);
        args.push(file.to_str().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_svarstid"));
        without_settings(&mut command);
        let output = command.args(args).output().expect("the program starts");
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// A month behind a Prometheus.
pub(crate) struct History {
    pub(crate) recording: Recording,
    /// What promtool made blocks from.
    pub(crate) text: String,
    pub(crate) prometheus: Prometheus,
}

impl History {
    /// October 2024 of three departments, the night in which the clock is put back included; `None`,
    /// said aloud, where there is no Prometheus. An instant between two steps finds the one before.
    #[track_caller]
    pub(crate) fn of_a_month() -> Option<History> {
        History::beside("scrape_configs: []\n")
    }

    /// The same behind a Prometheus that has something to do besides, by its configuration. Citizens
    /// were asked in that month, and some department has so many agents that their states show.
    #[track_caller]
    pub(crate) fn beside(configuration: &str) -> Option<History> {
        let mut recording = Recording::of(5, 2.0, "2024-10-01", "2024-11-01");
        let departments = [Some(recording.parameters.departments[1].slug.clone()), None];
        recording.records.extend(departments.into_iter().map(asked_citizens));
        let events = recording.write("asked.jsonl", |_| true);
        let text = recording.backfill(&events, &["--from", "2024-10-01", "--until", "2024-11-01"]);
        let data = TempDir::new();
        let file = data.path().join("history.om");
        let blocks = data.path().join("tsdb");
        fs::write(&file, &text).unwrap();
        let made = promtool(
            &[
                "tsdb",
                "create-blocks-from",
                "openmetrics",
                "--max-block-duration=744h",
                file.to_str().unwrap(),
                blocks.to_str().unwrap(),
            ],
            "",
        )?;
        made.unwrap();
        let flags = ["--query.lookback-delta=16m"];
        let prometheus = Prometheus::start_with(data, configuration, &flags)?;
        Some(History { recording, text, prometheus })
    }

    /// The moments of which there are samples, in seconds since 1970.
    pub(crate) fn moments(&self) -> Vec<i64> {
        moments(&self.text)
    }
}

/// What a survey found, of a department or of the whole municipality.
fn asked_citizens(department: Option<String>) -> Record {
    let mut survey = json!({
        "id": format!("survey-{}", department.as_deref().unwrap_or("all")),
        "type": "survey.result", "time": "2024-10-15T08:00:00Z", "source": "enkat",
        "measure": "nojda", "value": 78.5, "n": 412, "period": "2024",
    });
    if let Some(slug) = department {
        survey["department"] = json!(slug);
    }
    Record {
        arrival_ms: 1_728_979_200_000,
        key: "enkat".to_owned(),
        payload: survey.to_string(),
        every_partition: false,
    }
}

/// The moments of which a text tells, in seconds since 1970. Every picture has the unnamed series.
pub(crate) fn moments(text: &str) -> Vec<i64> {
    text.lines()
        .filter(|line| line.starts_with("svarstid_all_queue_calls_waiting{"))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect()
}

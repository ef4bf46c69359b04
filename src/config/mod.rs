//! Settings: what a file and the environment say, turned once into a checked [`Config`].
//!
//! Nothing here opens a file or reads the environment: the shell passes both in as text. Whatever
//! is wrong is told at once, each [`Fault`] with its key, its value and a remedy, and nothing
//! downstream checks again. Secrets are never in the settings, only the names of their files.
//! `config/svarstid.toml` names every key with its unit and its default.

mod canon;
mod daemon;
mod desks;
mod fault;
mod figures;
mod goals;
mod opening;
mod publish;
mod raw;
pub mod web;

pub use daemon::{
    Commit, Http, Kafka, Ledger, Limits, Log, LogFormat, Privacy, SecurityProtocol, Storage,
    Topics, TrustedProxy,
};
pub use fault::{Fault, did_you_mean};
pub use figures::{DepartmentEntry, Figures};
pub use goals::GoalsFile;
pub use publish::Publish;

use crate::domain::ids::{Names, UNKNOWN_DEPARTMENT};
use crate::domain::rules::Rules;

/// Settings that are complete and free of faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How to reach the brokers.
    pub kafka: Kafka,
    /// Names of the topics.
    pub topics: Topics,
    /// How the figures are kept.
    pub ledger: Ledger,
    /// Pages, metrics and health.
    pub http: Http,
    /// Every bound.
    pub limits: Limits,
    /// When a batch is written to the ledger.
    pub commit: Commit,
    /// Files with the keys of the hashes.
    pub privacy: Privacy,
    /// What is told, and how.
    pub log: Log,
    /// Which closed periods are published, when, and where.
    pub publish: Publish,
    /// What the figures are made by; [`Config::names`] and [`Config::rules`] are made from it.
    pub figures: Figures,
}

impl Config {
    /// Reads settings from TOML and lays the overrides over them: pairs like
    /// (`SVARSTID_KAFKA_BROKERS`, `a:9092,b:9092`), the section and the key in capitals. Lists are
    /// separated by commas, an empty text sets nothing, other variables are left alone. Lists of
    /// tables (`department`, `queue`, `opening`, `change`, `goal`, `desk`, `membership`) are for the
    /// file only.
    ///
    /// # Errors
    ///
    /// Every fault at once, in the order in which sections are read. A `goals.file` is one, since
    /// nobody has read it: [`Config::parse_with`] takes its text.
    pub fn parse(text: &str, overrides: &[(String, String)]) -> Result<Config, Vec<Fault>> {
        Config::parse_with(text, overrides, &GoalsFile::NotRead)
    }

    /// The same with what was found at [`Config::goals_file`].
    ///
    /// # Errors
    ///
    /// Every fault of both texts.
    pub fn parse_with(
        text: &str,
        overrides: &[(String, String)],
        goals: &GoalsFile,
    ) -> Result<Config, Vec<Fault>> {
        let mut document = raw::Document::parse(text, overrides);
        let kafka = daemon::kafka(document.section("kafka"));
        let topics = daemon::topics(document.section("topics"));
        let ledger = daemon::ledger(document.section("ledger"));
        let http = daemon::http(document.section("http"));
        let limits = daemon::limits(document.section("limits"));
        let commit = daemon::commit(document.section("commit"));
        let privacy = daemon::privacy(document.section("privacy"));
        let log = daemon::log(document.section("log"));
        let mut publish = publish::publish(document.section("publish"));
        let figures = figures::read(&mut document, &limits, goals);
        let settled = figures.questions_settled_on();
        publish.schedule.working_day = publish.schedule.working_day.max(settled);
        let config =
            Config { kafka, topics, ledger, http, limits, commit, privacy, log, publish, figures };
        config.check_room(&mut document.faults);
        config.check_publish(&mut document.faults);
        let faults = document.finish();
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    /// The `http.web_config_file` of a text that may have faults, so that the faults of both files
    /// can be told at once.
    pub fn web_config_file(text: &str, overrides: &[(String, String)]) -> Option<String> {
        daemon::http(raw::Document::parse(text, overrides).section("http")).web_config_file
    }

    /// The `goals.file` of a text that may have faults: a path relative to the configuration's own
    /// folder.
    pub fn goals_file(text: &str, overrides: &[(String, String)]) -> Option<String> {
        raw::Document::parse(text, overrides).section("goals").text("file")
    }

    /// The names of the configured departments and queues, with room for the sources (and further
    /// queues) up to the limits. A department that is not configured counts as unknown.
    pub fn names(&self) -> Names {
        let mut names = self.roomy(self.limits.departments, self.limits.queues);
        self.figures.intern(&mut names);
        names
    }

    /// Adds the configured names to those that are known already.
    pub fn add_names(&self, names: &mut Names) {
        self.figures.intern(names);
    }

    /// The rules over names that come from [`Config::names`].
    pub fn rules(&self, names: &Names) -> Rules {
        self.figures.rules(names)
    }

    /// What the figures are made by, as one canonical text for the ledger's chains. Two files that
    /// mean the same give the same bytes. It is TOML that [`Config::parse`] reads.
    pub fn rules_text(&self) -> String {
        canon::text(&self.figures)
    }

    /// Takes over what the figures are made by from a text of [`Config::rules_text`]: what an
    /// instance with an older version does with the chain's. Everything else stays.
    ///
    /// # Errors
    ///
    /// Every fault of the text, and then nothing has changed.
    pub fn adopt_rules(&mut self, text: &str) -> Result<(), Vec<Fault>> {
        // Room for the names is this instance's own matter, so its limits are judged, not the
        // defaults that the text leaves out.
        let room = [
            ("SVARSTID_LIMITS_DEPARTMENTS", self.limits.departments),
            ("SVARSTID_LIMITS_QUEUES", self.limits.queues),
        ];
        let adopted =
            Config::parse(text, &room.map(|(name, room)| (name.to_owned(), room.to_string())))?;
        self.limits.silence_hours = adopted.limits.silence_hours;
        self.limits.data_gap_minutes = adopted.limits.data_gap_minutes;
        self.figures = adopted.figures;
        Ok(())
    }

    /// The departments in the order of the file.
    pub fn departments(&self) -> &[DepartmentEntry] {
        &self.figures.departments
    }

    /// A department's name for people; the slug itself when it is not configured.
    pub fn department_name<'a>(&'a self, slug: &'a str) -> &'a str {
        let found = self.figures.departments.iter().find(|entry| entry.slug == slug);
        match found {
            Some(entry) => &entry.name,
            None if slug == UNKNOWN_DEPARTMENT => "Okänd förvaltning",
            None => slug,
        }
    }

    fn roomy(&self, departments: usize, queues: usize) -> Names {
        Names::new(departments, queues, self.limits.sources, false)
    }

    /// Editions are cut in the ledger's chains; a ledger in memory has none that can be read again.
    fn check_publish(&self, faults: &mut Vec<Fault>) {
        let made = [
            ("publish.directory", self.publish.directory.clone()),
            ("publish.topic", self.publish.topic.then(|| "true".to_owned())),
        ];
        if self.ledger.storage == Storage::Memory {
            for (key, value) in made.into_iter().filter_map(|(key, value)| Some((key, value?))) {
                let problem = "has no effect with ledger.storage = \"memory\": what is published \
                               is cut in a ledger that can be read again";
                let remedy = "leave it out, or keep the ledger in \"kafka\"";
                faults.push(Fault::new(key, value, problem, remedy));
            }
        }
    }

    /// More names than there is room for would end up as unknown without a word.
    fn check_room(&self, faults: &mut Vec<Fault>) {
        let mut names = self.roomy(usize::from(u16::MAX), usize::from(u16::MAX));
        self.figures.intern(&mut names);
        let counts = [
            ("limits.departments", self.limits.departments, names.departments.len() - 1),
            ("limits.queues", self.limits.queues, names.queues.len()),
        ];
        for (key, room, needed) in counts.into_iter().filter(|(_, room, needed)| needed > room) {
            let problem = format!("is too small for the {needed} that are configured");
            let remedy = format!("set {key} to {needed} or more");
            faults.push(Fault::new(key, room.to_string(), problem, remedy));
        }
    }
}

/// The settings of a file that says nothing.
impl Default for Config {
    fn default() -> Self {
        Config::parse("", &[]).expect("the defaults are free of faults")
    }
}

#[cfg(test)]
mod tests;

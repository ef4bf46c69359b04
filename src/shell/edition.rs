//! Editions made from the ledger: a fold of every chain up to the edition's marker.
//!
//! The rules and the names are those that the chains had there, whatever the configuration says
//! today: so an edition comes out the same on every instance and on any day, as long as the program
//! draws its reports alike. Whoever makes several in the order in which they were cut reads the
//! ledger once.

use std::path::PathBuf;

use rdkafka::ClientConfig;

use super::records::Records;
use super::run::{self, Keys};
use super::{Stop, source};
use crate::config::Config;
use crate::domain::ids::Department;
use crate::domain::period::Period;
use crate::domain::rules::DEFINITIONS;
use crate::engine::Engine;
use crate::engine::chain::RulesVersion;
use crate::engine::edition::{Edition, Reach};
use crate::report::{Audience, Language, Order, Report};

/// Where the records of a ledger are read, again and again.
#[derive(Clone, Debug)]
pub(super) enum Shelf {
    /// Its topic.
    Topic(Box<ClientConfig>),
    /// A copy of it.
    File(PathBuf),
}

/// Which reports of an edition are made.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// The whole municipality first, if it is among them.
    pub(super) departments: Departments,
    pub(super) audiences: Vec<Audience>,
    pub(super) languages: Vec<Language>,
}

/// Whose reports are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Departments {
    /// The whole municipality's.
    All,
    /// That, and one for each department that there was.
    Sheets,
    /// One department's, by its slug.
    One(String),
}

/// Cuts editions.
pub(super) struct Cutter {
    config: Config,
    shelf: Shelf,
    stop: Stop,
    engine: Engine,
    /// By partition: the record of the ledger that is folded next.
    next: Vec<i64>,
    /// The newest rules that any chain brought so far.
    rules: Option<(u32, String)>,
}

impl Cutter {
    /// A cutter that has read nothing.
    pub(super) fn new(config: &Config, shelf: Shelf, stop: &Stop) -> Cutter {
        Cutter {
            config: config.clone(),
            shelf,
            stop: stop.clone(),
            engine: run::engine(config, &Keys::fixed()),
            next: Vec::new(),
            rules: None,
        }
    }

    /// How many editions of a period were seen.
    pub(super) fn editions_of(&self, period: Period) -> u16 {
        self.engine.editions_of(period)
    }

    /// The reports of an edition, those of the whole municipality first; `None` when the ledger does
    /// not hold it whole.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read, or cannot be followed.
    pub(super) fn reports(
        &mut self,
        period: Period,
        number: u16,
        choice: &Choice,
    ) -> anyhow::Result<Option<Vec<Report>>> {
        let before = match number {
            ..=1 => Vec::new(),
            _ => match self.reach(period, number - 1)? {
                Some(_) => self.draw(period, choice),
                None => return Ok(None),
            },
        };
        let Some(edition) = self.reach(period, number)? else { return Ok(None) };
        let same = |a: &Report, b: &Report| {
            (&a.department, a.audience, a.language) == (&b.department, b.audience, b.language)
        };
        let published = |report: Report| {
            let before = before.iter().find(|one| same(one, &report));
            report.published(&edition, before)
        };
        Ok(Some(self.draw(period, choice).into_iter().map(published).collect()))
    }

    fn draw(&self, period: Period, choice: &Choice) -> Vec<Report> {
        let slugs = self.config.departments().iter().map(|entry| Some(entry.slug.clone()));
        let whose: Vec<Option<String>> = match &choice.departments {
            Departments::All => vec![None],
            Departments::Sheets => std::iter::once(None).chain(slugs).collect(),
            Departments::One(slug) => vec![Some(slug.clone())],
        };
        let mut reports = Vec::new();
        for slug in whose {
            let department = slug.as_ref().map(|slug| {
                let found = self.engine.names().departments.find(slug);
                found.map_or(Department::UNKNOWN, Department)
            });
            for audience in &choice.audiences {
                for language in &choice.languages {
                    let (audience, language) = (*audience, *language);
                    let order = Order { period, department, audience, language };
                    reports.push(self.engine.report(&order));
                }
            }
        }
        reports
    }

    /// Folds up to the end of an edition and nothing behind it.
    fn reach(&mut self, period: Period, number: u16) -> anyhow::Result<Option<Edition>> {
        // Which rules are in force at the cut is known when it is reached. Were they others than the
        // fold began with, it begins anew with them: names are then numbered as they were.
        for is_last in [false, false, true] {
            let is_behind = |at| self.engine.reach(at, period, number) == Reach::Behind;
            if self.next.is_empty() || (0..self.next.len()).any(is_behind) {
                self.begin();
            }
            if !self.fold(period, number)? {
                return Ok(None);
            }
            let Some((_, text)) = &self.rules else { break };
            if is_last || *text == self.engine.rules_text() {
                break;
            }
            let text = text.clone();
            self.config.adopt_rules(&text).map_err(|faults| {
                let said = faults.first().map(ToString::to_string).unwrap_or_default();
                anyhow::anyhow!("the rules that the ledger had there cannot be followed: {said}")
            })?;
            self.begin();
        }
        Ok(self.engine.edition(period, number))
    }

    fn begin(&mut self) {
        self.engine = run::engine(&self.config, &Keys::fixed());
        self.engine.set_rules(&self.config);
        self.engine.keep_all_quarters();
        self.next.clear();
        self.rules = None;
    }

    /// Folds every chain up to the edition's marker; gives false when one has none.
    fn fold(&mut self, period: Period, number: u16) -> anyhow::Result<bool> {
        let mut records = self.open()?;
        if self.next.is_empty() {
            for partition in 0..records.partitions() {
                self.engine.open_partition("edition", partition);
                self.next.push(0);
            }
        }
        let newest = RulesVersion { definitions: DEFINITIONS, rules: u32::MAX };
        let is_there = |engine: &Engine, at| engine.reach(at, period, number) == Reach::There;
        let mut left = (0..self.next.len()).filter(|at| !is_there(&self.engine, *at)).count();
        while left > 0
            && let Some(frame) = records.next()?
        {
            if self.stop.is_asked() {
                return Err(anyhow::anyhow!("stopped while the ledger was read"));
            }
            let at = usize::try_from(frame.partition).unwrap_or(usize::MAX);
            let is_new = self.next.get(at).is_some_and(|next| *next <= frame.offset);
            if !is_new || is_there(&self.engine, at) {
                continue;
            }
            self.next[at] = frame.offset + 1;
            let followed = self
                .engine
                .follow_any(at, &frame.bytes, newest)
                .map_err(|refused| source::refused(refused, || source::place("ledger", &frame)))?;
            if let Some((version, text)) = followed.rules
                && self.rules.as_ref().is_none_or(|(known, _)| version >= *known)
            {
                self.rules = Some((version, text));
            }
            left -= usize::from(is_there(&self.engine, at));
        }
        Ok(left == 0)
    }

    fn open(&self) -> anyhow::Result<Records> {
        match &self.shelf {
            Shelf::File(path) => Records::of_file(path),
            Shelf::Topic(settings) => {
                let starts: Vec<Option<i64>> = self.next.iter().map(|next| Some(*next)).collect();
                // Where nothing is read yet, the first record that there is.
                let starts = starts.into_iter().map(|start| start.filter(|at| *at > 0)).collect();
                Records::of_topic_from(&self.config, settings, &self.config.topics.ledger, starts)
            }
        }
    }
}

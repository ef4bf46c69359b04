//! A ledger judged anew under other rules, as another ledger.
//!
//! Each commit holds every contact that it changes with all that was ever observed of it, so the
//! ledger is enough. The old chain is replayed record by record. For each valid commit one is made
//! that has the same positions, watermark, agents and counts, and holds the same contacts; their
//! figures are judged by the rules at hand, and the deltas are those against what the *other* chain
//! holds of them. So the other chain is one that a daemon could have written, and one goes on from
//! it where the old one ended.
//!
//! - Contacts first offered before the day from which is rebuilt keep the figures that they have.
//! - The same ledger and rules give the same bytes: a rebuild that was cut short, or whose ledger
//!   has grown since, goes on where it stopped.
//! - Whoever waits is judged again when its silence is over under these rules, which may be another
//!   moment than under the old ones; contacts are let go when the old chain lets them go.

use std::collections::BTreeMap;
use std::fmt;

use hashbrown::HashMap;

use super::chain::{self, Claim, Head, Kind, Link, RulesVersion, Verdict};
use super::codec;
use super::days::Gathering;
use super::deltas::{add_cells, add_entries, add_panes, sorted};
use super::names::{ChainNames, Unreadable};
use super::record::{Change, Record};
use super::restarts::Restarts;
use super::{Settings, limits};
use crate::config::Config;
use crate::domain::board::{PANES_KEPT, PaneKey};
use crate::domain::calendar::{Day, Month, Zone};
use crate::domain::cell::{CellKey, GoalCount};
use crate::domain::contact::contribution::Contribution;
use crate::domain::contact::packed::{Anomalies, Packed};
use crate::domain::contact::stay::{Disposition, Judge, Surroundings};
use crate::domain::event::AgentReport;
use crate::domain::goal::Goal;
use crate::domain::ids::{ContactId, Department, Names};
use crate::domain::kin::Entry;
use crate::domain::rules::{DEFINITIONS, Rules};
use crate::domain::staffing::placed;
use crate::domain::tally::{Bounds, Tally, code};
use crate::domain::units::{Share, Timestamp};

/// Bytes of contacts that a record takes along because their silence is over; the rest come with
/// the next one.
const DUE_BYTES: usize = 200_000;

/// Why a ledger is not rebuilt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A record of the old ledger counts and cannot be read.
    Unreadable,
    /// The rules will not do, with the remedy.
    Rules(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Unreadable => out.write_str("its content makes no sense"),
            Refused::Rules(what) => out.write_str(what),
        }
    }
}

impl std::error::Error for Refused {}

/// One line of the comparison: a goal of a department (or of all) in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The goal.
    pub goal: Goal,
    /// The month of the offers.
    pub month: Month,
    /// The department's slug; `None` for all of them.
    pub department: Option<String>,
    /// In the old ledger.
    pub old: Share,
    /// In the other one.
    pub new: Share,
}

/// Old and new counts of a goal.
#[derive(Clone, Copy, Debug, Default)]
struct Both {
    old: GoalCount,
    new: GoalCount,
}

/// One partition in both ledgers.
#[derive(Debug, Default)]
struct Pair {
    partition: i32,
    old: Head,
    old_names: ChainNames,
    old_held: HashMap<ContactId, Packed>,
    restarts: Restarts,
    new: Head,
    new_names: ChainNames,
    new_held: HashMap<ContactId, Packed>,
    watermark: Option<Timestamp>,
    /// By minute: contacts in which someone waits, to be judged again then.
    open: BTreeMap<i32, Vec<ContactId>>,
}

/// What one commit changes.
#[derive(Default)]
struct Deltas {
    cells: HashMap<CellKey, Tally>,
    panes: HashMap<PaneKey, Tally>,
    /// What the contacts of the old record account for.
    told: HashMap<CellKey, Tally>,
    changes: Vec<Change>,
    entries: Vec<(Entry, bool)>,
    /// What the contacts change in what is counted by day.
    days: Gathering,
    /// Nothing is told of entries before this.
    oldest_entry: Option<Timestamp>,
}

/// Makes another ledger from one.
#[derive(Debug)]
pub struct Rebuild {
    names: Names,
    rules: Rules,
    rules_text: String,
    version: RulesVersion,
    bounds: Bounds,
    settings: Settings,
    from: Timestamp,
    pairs: Vec<Pair>,
    months: BTreeMap<(Month, Department, Goal), Both>,
    uncarried: i64,
    broken: u64,
    judge: Judge,
    bytes: Vec<u8>,
    scratch: Vec<u8>,
}

impl Rebuild {
    /// A rebuild under a configuration's rules of everything first offered on a day or later.
    pub fn new(config: &Config, from: Day, partitions: i32) -> Rebuild {
        let names = config.names();
        let rules = config.rules(&names);
        Rebuild {
            version: RulesVersion { definitions: DEFINITIONS, rules: rules.version() },
            rules_text: config.rules_text(),
            bounds: Bounds::new(limits(&rules)),
            settings: Settings::from(config),
            from: Zone::stockholm().day_start(from),
            pairs: (0..partitions).map(|partition| Pair { partition, ..Pair::default() }).collect(),
            months: BTreeMap::new(),
            uncarried: 0,
            broken: 0,
            judge: Judge::default(),
            bytes: Vec::new(),
            scratch: Vec::new(),
            names,
            rules,
        }
    }

    /// Where the other chain of a partition stands.
    pub fn head(&self, partition: usize) -> &Head {
        &self.pairs[partition].new
    }

    /// Stays that the old ledger counts without telling of their contacts: they keep their figures.
    pub fn uncarried(&self) -> i64 {
        self.uncarried
    }

    /// Records of the old ledger that do not fit: no instance counts them, and neither does this.
    pub fn broken(&self) -> u64 {
        self.broken
    }

    /// Takes in the next record of a partition of the old ledger, in log order; gives the record of
    /// the other one that follows from it, if any does.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing more can be made then.
    pub fn record(&mut self, at: usize, bytes: &[u8]) -> Result<Option<Vec<u8>>, Refused> {
        let pair = &mut self.pairs[at];
        // What does not fit is left out, as every instance leaves it out.
        let envelope = match chain::open(bytes) {
            Ok(envelope) if envelope.partition == pair.partition => envelope,
            Ok(_) | Err(_) => {
                self.broken += 1;
                return Ok(None);
            }
        };
        match pair.old.judge(&envelope) {
            Verdict::Valid => {}
            Verdict::Stale | Verdict::Passed => return Ok(None),
            Verdict::Broken(_) => {
                self.broken += 1;
                return Ok(None);
            }
        }
        match &envelope.kind {
            Kind::Claim(claim) => {
                pair.old.advance(&envelope);
                Ok(pair.claim(claim, &self.rules_text))
            }
            Kind::Commit(link, content) => {
                self.check(link.version)?;
                let pair = &mut self.pairs[at];
                let record =
                    codec::decode(link.clone(), content, &mut self.names, &mut pair.old_names)
                        .map_err(|unreadable| match unreadable {
                            Unreadable::Content => Refused::Unreadable,
                            Unreadable::NoRoom => Refused::Rules(
                                "there is no room for its names: raise limits.departments, \
                                 limits.queues or limits.sources"
                                    .to_owned(),
                            ),
                        })?;
                pair.old.advance(&envelope);
                if let Some(text) = &record.rules
                    && link.version.rules == self.version.rules
                    && *text != self.rules_text
                {
                    let version = self.version.rules;
                    return Err(Refused::Rules(format!(
                        "rules.version: the ledger holds other rules under version {version}; \
                         raise rules.version"
                    )));
                }
                Ok(Some(self.commit(at, record)))
            }
        }
    }

    fn check(&self, version: RulesVersion) -> Result<(), Refused> {
        if version.rules > self.version.rules {
            return Err(Refused::Rules(format!(
                "rules.version: the ledger has version {} and the configuration {}; raise \
                 rules.version",
                version.rules, self.version.rules
            )));
        }
        if version.definitions > self.version.definitions {
            return Err(Refused::Rules(format!(
                "the ledger follows definitions {} and this program knows up to {DEFINITIONS}: use \
                 a newer program",
                version.definitions
            )));
        }
        Ok(())
    }

    fn commit(&mut self, at: usize, record: Record) -> Vec<u8> {
        let frontier = record.watermark.get().max(record.ticked).unwrap_or(Timestamp(i64::MIN));
        let mut restarts = std::mem::take(&mut self.pairs[at].restarts);
        for (source, time) in &record.restarts {
            restarts.insert(*source, *time);
        }
        let around =
            Surroundings { restarts: restarts.times(), frontier, silence: self.settings.silence };
        let oldest_pane = record
            .watermark
            .get()
            .map_or(i32::MIN, |watermark| watermark.minus(PANES_KEPT).minute());
        let mut counts = record.counts.clone();
        if counts.is_empty() {
            counts.push(super::record::Counts::default());
        }
        // By the watermark before the record, as the daemon does.
        let before = std::mem::replace(&mut self.pairs[at].watermark, record.watermark.get());
        let oldest_entry = before.map(|watermark| watermark.minus(self.settings.telling()));
        let mut deltas = Deltas { oldest_entry, ..Deltas::default() };
        let mut work: Vec<(ContactId, Option<Change>)> = self.pairs[at]
            .due(frontier, &self.settings, &record.changes)
            .into_iter()
            .map(|id| (id, None))
            .collect();
        work.extend(record.changes.into_iter().map(|change| (change.contact, Some(change))));
        work.sort_by_key(|(id, _)| *id);
        for (id, change) in work {
            self.rejudge(at, id, change, around, oldest_pane, &mut deltas, &mut counts[0]);
        }
        let Deltas { mut cells, panes, told, changes, entries, mut days, .. } = deltas;
        record.days.iter().for_each(|(key, n)| days.put(*key, *n));
        self.carry(&record.cells, told, &mut cells);
        if let Some(watermark) = record.watermark.get() {
            restarts.forget_before(watermark.minus(self.settings.hold()));
        }
        let cells = sorted(cells);
        self.compare(&record.cells, &cells);
        let pair = &mut self.pairs[at];
        pair.restarts = restarts;
        let place = |report: &AgentReport| match report.time < self.from {
            true => report.clone(),
            false => placed(report, &self.rules),
        };
        let agents = record.agents.iter().map(place).collect();
        let brings_rules = self.version != pair.new.version;
        let made = Record {
            link: Link {
                epoch: pair.new.epoch,
                sequence: pair.new.sequence + 1,
                previous: pair.new.hash,
                version: self.version,
                brings_rules,
                spans: record.link.spans,
            },
            rules: brings_rules.then(|| self.rules_text.clone()),
            cells,
            panes: sorted(panes),
            changes,
            entries,
            counts,
            days: days.finish(),
            agents,
            ..record
        };
        let (bytes, _) =
            codec::encode(pair.partition, &made, &self.names, &pair.new_names, &mut self.scratch);
        let envelope = chain::open(&bytes).expect("what was just written is a record");
        if let Kind::Commit(_, content) = &envelope.kind {
            codec::learn(content, &mut self.names, &mut pair.new_names)
                .expect("its names are known already");
        }
        pair.new.advance(&envelope);
        for change in made.changes {
            match change.held {
                Some(held) => pair.new_held.insert(change.contact, held),
                None => pair.new_held.remove(&change.contact),
            };
        }
        bytes
    }

    /// Judges one contact by the rules; `change` is what the old chain makes of it, if it does.
    #[expect(clippy::too_many_arguments, reason = "one step of a commit, apart to be read")]
    fn rejudge(
        &mut self,
        at: usize,
        id: ContactId,
        change: Option<Change>,
        around: Surroundings<'_>,
        oldest_pane: i32,
        deltas: &mut Deltas,
        counts: &mut super::record::Counts,
    ) {
        let pair = &mut self.pairs[at];
        let is_due = change.is_none();
        let (mut old_before, mut old_after) = <(Contribution, Contribution)>::default();
        let (mut before, mut after) = <(Contribution, Contribution)>::default();
        let known = pair.old_held.get(&id);
        let old_strange = known.map_or(Anomalies::default(), |old| old.committed(&mut old_before));
        let is_let_go = change.as_ref().is_some_and(|change| change.held.is_none());
        let source = match change {
            Some(Change { held: Some(held), .. }) => Some(held),
            Some(Change { held: None, .. }) | None => known.cloned(),
        };
        let Some(source) = source else { return };
        let strange_after = source.committed(&mut old_after);
        for (contribution, sign) in [(&old_before, -1), (&old_after, 1)] {
            add_cells(&mut deltas.told, contribution, sign, &self.bounds);
        }
        let strange_before =
            pair.new_held.get(&id).map_or(Anomalies::default(), |new| new.committed(&mut before));
        let contact = source.contact();
        let is_settled = is_let_go && !before.is_waiting();
        let mut strange = strange_before;
        if is_settled {
            after.clone_from(&before);
        } else {
            strange = after.judge(&mut self.judge, contact.observations(), around, &self.rules);
            let is_before = after.first_at().is_some_and(|first| first < self.from);
            if is_before {
                after.clone_from(&old_after);
                strange = strange_after;
            }
        }
        let days = &mut deltas.days;
        // As a commit does, also if there are as many as before; and what the old one did is undone.
        let none = Anomalies::default();
        if let Some(new) = pair.new_held.get(&id).filter(|_| strange_before != none) {
            days.strange(&new.contact(), &before, &strange_before, -1);
        }
        days.strange(&contact, &after, &strange, 1);
        if let Some(old) = known.filter(|_| old_strange != none) {
            days.strange(&old.contact(), &old_before, &old_strange, 1);
        }
        days.strange(&contact, &old_after, &strange_after, -1);
        // The old counts have what the old judgement found strange.
        for kind in 0..strange.len() {
            counts.anomalies[kind] += i64::from(strange[kind]) - i64::from(strange_before[kind])
                + i64::from(old_strange[kind])
                - i64::from(strange_after[kind]);
        }
        let is_same = before == after;
        if !is_same {
            for (contribution, sign) in [(&before, -1), (&after, 1)] {
                add_cells(&mut deltas.cells, contribution, sign, &self.bounds);
                add_panes(&mut deltas.panes, contribution, sign, oldest_pane);
            }
            let oldest = deltas.oldest_entry.unwrap_or(Timestamp(i64::MIN));
            add_entries(&mut deltas.entries, id, (&before, &after), oldest);
        }
        let held = (!is_let_go).then(|| Packed::new(&contact, &after, &strange, &mut self.bytes));
        if let Some(held) = held.as_ref().filter(|held| held.is_open()) {
            let minute = held.last_time().plus(self.settings.silence).minute();
            pair.open.entry(minute).or_default().push(id);
        }
        match is_let_go {
            true => drop(pair.old_held.remove(&id)),
            false => drop(pair.old_held.insert(id, source)),
        }
        if !is_due || !is_same {
            deltas.changes.push(Change { contact: id, held });
        }
    }

    /// What the old record counts beyond its contacts keeps its figures.
    fn carry(
        &mut self,
        old: &[(CellKey, Tally)],
        mut told: HashMap<CellKey, Tally>,
        cells: &mut HashMap<CellKey, Tally>,
    ) {
        for (key, tally) in old {
            let mut rest = tally.clone();
            if let Some(told) = told.remove(key) {
                negated(&told, |code, n| rest.add(code, n));
            }
            // Beyond these, counts depend on the bounds that were in force when they were made.
            if rest.iter().any(|(code, _)| code < code::ANSWERED_SLOT) {
                self.uncarried +=
                    Disposition::ALL.into_iter().map(|one| rest.stays(one)).sum::<i64>();
                cells.entry(*key).or_default().merge(&rest);
            }
        }
    }

    fn compare(&mut self, old: &[(CellKey, Tally)], new: &[(CellKey, Tally)]) {
        for (side, cells) in [(0, old), (1, new)] {
            for (key, tally) in cells {
                let month = Zone::stockholm().day_of(key.quarter.start()).month();
                for goal in Goal::ALL {
                    let count = GoalCount::of_line(goal, key.line, tally);
                    if count == GoalCount::default() {
                        continue;
                    }
                    let at = (month, key.line.department, goal);
                    let both = self.months.entry(at).or_default();
                    let side = if side == 0 { &mut both.old } else { &mut both.new };
                    side.merge(count);
                }
            }
        }
    }

    /// Old and new by goal, month and department, all departments first.
    pub fn comparison(&self) -> Vec<Compared> {
        let mut all: BTreeMap<(Goal, Month), Both> = BTreeMap::new();
        let mut rows: BTreeMap<(Goal, Month, Option<String>), Both> = BTreeMap::new();
        for ((month, department, goal), both) in &self.months {
            let slug = self.names.departments.name(department.0).to_owned();
            rows.insert((*goal, *month, Some(slug)), *both);
            let sum = all.entry((*goal, *month)).or_default();
            sum.old.merge(both.old);
            sum.new.merge(both.new);
        }
        rows.extend(all.into_iter().map(|((goal, month), both)| ((goal, month, None), both)));
        rows.into_iter()
            .map(|((goal, month, department), both)| Compared {
                goal,
                month,
                department,
                old: both.old.share,
                new: both.new.share,
            })
            .filter(|row| row.old.of != 0 || row.new.of != 0)
            .collect()
    }
}

fn negated(tally: &Tally, mut add: impl FnMut(crate::domain::tally::Code, i64)) {
    tally.iter().for_each(|(code, n)| add(code, -n));
}

impl Pair {
    /// The other chain has one epoch. Its claim is made from the first of the old one.
    fn claim(&mut self, old: &Claim, rules_text: &str) -> Option<Vec<u8>> {
        if self.new.epoch > 0 {
            return None;
        }
        let made_from = chain::digest(&[
            b"rebuild",
            &old.instance.to_le_bytes(),
            &old.attempt.to_le_bytes(),
            rules_text.as_bytes(),
        ]);
        let instance = made_from.0.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let claim = self.new.claim(instance, 1, old.key, DEFINITIONS);
        let (bytes, _) = chain::encode_claim(self.partition, &claim);
        let envelope = chain::open(&bytes).expect("what was just written is a record");
        self.new.advance(&envelope);
        Some(bytes)
    }

    /// Contacts whose silence is over and that the old record does not speak of.
    fn due(
        &mut self,
        frontier: Timestamp,
        settings: &Settings,
        changes: &[Change],
    ) -> Vec<ContactId> {
        let mut due = Vec::new();
        let mut size = 0;
        while let Some(mut first) = self.open.first_entry()
            && *first.key() <= frontier.minute()
        {
            while size < DUE_BYTES
                && let Some(id) = first.get_mut().pop()
            {
                let Some(held) = self.new_held.get(&id).filter(|held| held.is_open()) else {
                    continue;
                };
                let is_later = held.last_time().plus(settings.silence).minute() > frontier.minute();
                let is_told = changes.binary_search_by_key(&id, |change| change.contact).is_ok();
                if !is_later && !is_told {
                    size += held.bytes();
                    due.push(id);
                }
            }
            if !first.get().is_empty() {
                break;
            }
            first.remove();
        }
        due.sort_unstable();
        due.dedup();
        due
    }
}

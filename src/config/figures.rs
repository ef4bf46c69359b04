//! What the figures are made by: limits, goal levels, departments and their queues and hours, each
//! with the day from which it holds. This becomes the domain's rules. The levels are read in
//! [`goals`](super::goals).

use std::collections::BTreeMap;

use toml::Value;

use super::daemon::Limits;
use super::desks::{self, Organisation};
use super::fault::{Fault, did_you_mean};
use super::goals::{self, GoalsFile};
use super::opening::{self, Opening};
use super::raw::{Document, Section, shown};
use crate::domain::calendar::Day;
use crate::domain::ids::{Department, Names, Queue, UNKNOWN_DEPARTMENT};
use crate::domain::level::Levels;
use crate::domain::question::DeadlineRule;
use crate::domain::rules::{RuleSet, Rules};
use crate::domain::units::Millis;

/// The department of the main number when the configuration names none.
const SWITCHBOARD: &str = "vaxel";

/// A department as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepartmentEntry {
    /// Its name in labels, addresses and events: `[a-z0-9-]+`.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Which schedule of opening hours.
    pub opening: String,
    /// Whether its number has to be staffed by its own opening hours and not by the switchboard's.
    pub is_exempt: bool,
}

impl DepartmentEntry {
    /// Units with hours of their own are exempt, unless they say otherwise (R22).
    pub(super) fn exempt_by_default(opening: &str) -> bool {
        opening != opening::DEFAULT
    }
}

/// Everything the figures are made by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Rises with every change of what is in here.
    pub version: u32,
    pub(super) silence: Millis,
    pub(super) data_gap: Millis,
    pub(super) base: Terms,
    /// From when `base` holds; before, the guideline's limits do.
    pub(super) base_from: Option<Day>,
    pub(super) levels: Levels,
    /// Complete terms by the day from which they hold, in rising order.
    pub(super) changes: Vec<(Day, Terms)>,
    /// In the order of the file; the switchboard's own is added at the end when it is not there.
    pub departments: Vec<DepartmentEntry>,
    pub(super) mappings: Vec<Mapping>,
    pub(super) openings: BTreeMap<String, Opening>,
    pub(super) organisation: Organisation,
}

/// What holds from one day until the next change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) switchboard_limit: Millis,
    pub(super) queue_limit: Millis,
    pub(super) short_abandon: Millis,
    pub(super) question_deadline: DeadlineRule,
    pub(super) switchboard: String,
}

/// A queue's department from a day on; without one, from the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) queue: String,
    pub(super) from: Option<Day>,
    pub(super) department: String,
}

impl Terms {
    fn guideline() -> Terms {
        let rules = RuleSet::guideline(Department::UNKNOWN);
        Terms {
            switchboard_limit: rules.switchboard_limit,
            queue_limit: rules.queue_limit,
            short_abandon: rules.short_abandon,
            question_deadline: rules.question_deadline,
            switchboard: SWITCHBOARD.to_owned(),
        }
    }

    fn read_limits(&mut self, section: &mut Section<'_>) {
        let limit = section.seconds("switchboard_limit_seconds", 1..=3_600);
        let rings = section.optional_number("rings", "rings", 1..=60);
        let period = section.seconds("ring_period_seconds", 1..=60);
        match (limit, rings, period) {
            (Some(_), Some(rings), _) => section.fault(
                "rings",
                rings.to_string(),
                "gives the switchboard's limit a second time",
                "keep either switchboard_limit_seconds or rings",
            ),
            (_, None, Some(period)) => section.fault(
                "ring_period_seconds",
                period.as_seconds().to_string(),
                "has no effect without rings",
                "set rings, or remove it",
            ),
            (None, Some(rings), period) => {
                // Sweden rings 1 s on and 5 s off.
                let period = period.unwrap_or(Millis::from_seconds(6));
                self.switchboard_limit = Millis(rings * period.0);
            }
            (Some(limit), None, None) => self.switchboard_limit = limit,
            (None, None, None) => {}
        }
        set(&mut self.queue_limit, section.seconds("queue_limit_seconds", 1..=86_400));
        set(&mut self.short_abandon, section.seconds("short_abandon_seconds", 0..=60));
        let words = DeadlineRule::ALL.map(|rule| (rule.name(), rule));
        set(&mut self.question_deadline, section.word("question_deadline", &words));
    }
}

impl Figures {
    /// The first working day after a period's end on which goal 4 is decided for all of its
    /// questions: the third, or the fourth where what comes on a day off has two days more.
    pub(super) fn questions_settled_on(&self) -> u32 {
        let changed = self.changes.iter().map(|(_, terms)| terms.question_deadline);
        let mut rules = changed.chain([self.base.question_deadline]);
        if rules.all(|rule| rule == DeadlineRule::Strict) { 3 } else { 4 }
    }

    /// The names of departments and queues, in the order of the file.
    pub(super) fn intern(&self, names: &mut Names) {
        for department in &self.departments {
            names.departments.intern(&department.slug);
        }
        for mapping in &self.mappings {
            names.queues.intern(&mapping.queue);
        }
    }

    /// The rules over names that [`Figures::intern`] has seen.
    pub(super) fn rules(&self, names: &Names) -> Rules {
        let department =
            |slug: &str| names.departments.find(slug).map_or(Department::UNKNOWN, Department);
        let default = self.openings.get(opening::DEFAULT).map(Opening::hours);
        let hours = default.unwrap_or_else(|| Opening::office().hours());
        let first = self.set_at(None, &department);
        let exempt = self.departments.iter().filter(|entry| entry.is_exempt);
        let exempt = exempt.map(|entry| department(&entry.slug)).collect();
        let mut rules = Rules::new(self.version, first, hours)
            .with_levels(self.levels.clone())
            .with_exempt(exempt)
            .with_data_gap(self.data_gap);
        let changes = self.changes.iter().map(|(from, _)| *from);
        for from in self.base_from.into_iter().chain(changes) {
            rules = rules.with_set(from, self.set_at(Some(from), &department));
        }
        for mapping in &self.mappings {
            if let Some(queue) = names.queues.find(&mapping.queue) {
                let to = department(&mapping.department);
                rules = rules.with_queue(Queue(queue), mapping.from, to);
            }
        }
        for (name, opening) in &self.openings {
            let has = |entry: &&DepartmentEntry| entry.opening == *name;
            let theirs: Vec<Department> = self
                .departments
                .iter()
                .filter(has)
                .map(|entry| department(&entry.slug))
                .filter(|department| *department != Department::UNKNOWN)
                .collect();
            if name != opening::DEFAULT && !theirs.is_empty() {
                rules = rules.with_hours(opening.hours(), &theirs);
            }
        }
        rules.with_desks(self.organisation.desks(names))
    }

    /// What is in force on a day; `None` asks for the time before any day.
    fn set_at(&self, day: Option<Day>, department: &impl Fn(&str) -> Department) -> RuleSet {
        let guideline = Terms { switchboard: self.base.switchboard.clone(), ..Terms::guideline() };
        let started = self.base_from.is_none_or(|from| Some(from) <= day);
        let base = if started { &self.base } else { &guideline };
        let change = self.changes.iter().rev().find(|(from, _)| Some(*from) <= day);
        let terms = change.map_or(base, |(_, terms)| terms);
        RuleSet {
            switchboard_limit: terms.switchboard_limit,
            queue_limit: terms.queue_limit,
            short_abandon: terms.short_abandon,
            silence: self.silence,
            question_deadline: terms.question_deadline,
            switchboard_department: department(&terms.switchboard),
        }
    }
}

/// Reads everything the figures are made by.
pub(super) fn read(document: &mut Document, limits: &Limits, goals: &GoalsFile) -> Figures {
    let mut base = Terms::guideline();
    let mut section = document.section("rules");
    let version = section.number("version", "versions", 1..=i64::from(u32::MAX), 1) as u32;
    let base_from = section.date("valid_from");
    base.read_limits(&mut section);
    section.finish();

    let levels = goals::read(document, goals);

    let mut section = document.section("switchboard");
    set(&mut base.switchboard, section.text("department"));
    section.finish();

    let mut figures = Figures {
        version,
        silence: Millis::from_hours(i64::from(limits.silence_hours)),
        data_gap: Millis::from_seconds(60 * i64::from(limits.data_gap_minutes)),
        changes: Vec::new(),
        departments: Vec::new(),
        mappings: Vec::new(),
        openings: opening::openings(document.take("opening"), &mut document.faults),
        organisation: Organisation::default(),
        base,
        base_from,
        levels,
    };
    departments(document, &mut figures);
    changes(document, &mut figures);
    queues(document, &mut figures);
    references(&mut figures, &mut document.faults);
    figures.organisation = desks::read(document, &figures.departments, &figures.mappings);
    figures
}

fn changes(document: &mut Document, figures: &mut Figures) {
    let mut terms = figures.base.clone();
    let mut last = figures.base_from;
    for (at, table) in document.tables("change").into_iter().enumerate() {
        let path = format!("change[{}]", at + 1);
        let mut section = document.nested(path, table);
        terms.read_limits(&mut section);
        set(&mut terms.switchboard, section.text("switchboard_department"));
        match (section.date("valid_from"), last) {
            (Some(from), Some(last)) if from <= last => {
                let problem = format!("is not after {last}, from which the terms before it hold");
                let remedy = "write changes in the order of their dates";
                section.fault("valid_from", format!("\"{from}\""), problem, remedy);
            }
            (Some(from), _) => {
                last = Some(from);
                figures.changes.push((from, terms.clone()));
            }
            (None, _) if section.has_fault("valid_from") => {}
            (None, _) => {
                let remedy = "write valid_from = \"2026-07-01\"";
                section.fault("valid_from", "", "is missing", remedy);
            }
        }
        section.finish();
    }
}

fn departments(document: &mut Document, figures: &mut Figures) {
    for (at, table) in document.tables("department").into_iter().enumerate() {
        let path = path_of("department", at, table.get("slug"));
        let mut section = document.nested(path, table);
        let slug = section.text("slug");
        let name = section.text("name");
        let opening = section.text("opening").unwrap_or_else(|| opening::DEFAULT.to_owned());
        let queues = section.texts("queues").unwrap_or_default();
        let from = section.date("valid_from");
        let is_exempt = section
            .flag("exempt_from_switchboard_hours")
            .unwrap_or_else(|| DepartmentEntry::exempt_by_default(&opening));
        let Some(slug) = slug else {
            if !section.has_fault("slug") {
                section.fault("slug", "", "is missing", "write slug = \"kultur-fritid\"");
            }
            section.finish();
            continue;
        };
        let shown_slug = shown(&Value::String(slug.clone()));
        let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !slug.bytes().all(valid) || slug.len() > 63 {
            let remedy = "use at most 63 of a-z, 0-9 and \"-\"; å, ä and ö belong in name";
            section.fault("slug", shown_slug, "is no slug", remedy);
        } else if slug == UNKNOWN_DEPARTMENT {
            let problem = "is reserved for events of departments that are not configured";
            section.fault("slug", shown_slug, problem, "choose another");
        } else if figures.departments.iter().any(|other| other.slug == slug) {
            let remedy = "give every department a slug of its own";
            section.fault("slug", shown_slug, "is given twice", remedy);
        } else {
            let known: Vec<&str> = figures.openings.keys().map(String::as_str).collect();
            if !known.contains(&opening.as_str()) {
                let remedy = match did_you_mean(&opening, &known) {
                    close if close.starts_with("did") => close,
                    _ => format!("write [opening.{opening}] or name another schedule"),
                };
                let written = shown(&Value::String(opening.clone()));
                section.fault("opening", written, "is no schedule", remedy);
            }
            for queue in queues {
                map(
                    &mut section,
                    "queues",
                    figures,
                    Mapping { queue, from, department: slug.clone() },
                );
            }
            let name = name.unwrap_or_else(|| slug.clone());
            figures.departments.push(DepartmentEntry { slug, name, opening, is_exempt });
        }
        section.finish();
    }
}

fn queues(document: &mut Document, figures: &mut Figures) {
    for (at, table) in document.tables("queue").into_iter().enumerate() {
        let path = path_of("queue", at, table.get("name"));
        let mut section = document.nested(path, table);
        let (queue, department) = (section.text("name"), section.text("department"));
        let from = section.date("valid_from");
        for (key, given) in [("name", &queue), ("department", &department)] {
            if given.is_none() && !section.has_fault(key) {
                section.fault(key, "", "is missing", format!("write {key} = \"…\""));
            }
        }
        if let (Some(queue), Some(department)) = (queue, department) {
            let known: Vec<&str> =
                figures.departments.iter().map(|entry| entry.slug.as_str()).collect();
            if department != SWITCHBOARD && !known.contains(&department.as_str()) {
                let remedy = did_you_mean(&department, &known);
                let written = shown(&Value::String(department.clone()));
                section.fault("department", written, "is no department", remedy);
            }
            map(&mut section, "name", figures, Mapping { queue, from, department });
        }
        section.finish();
    }
}

/// Adds a mapping unless the queue has one from the same day: then nobody could say which holds.
fn map(section: &mut Section<'_>, key: &str, figures: &mut Figures, mapping: Mapping) {
    let same = |other: &&Mapping| other.queue == mapping.queue && other.from == mapping.from;
    if let Some(other) = figures.mappings.iter().find(same) {
        let from = mapping.from.map_or_else(|| "the beginning".to_owned(), |day| day.to_string());
        let problem = format!("is already mapped to \"{}\" from {from}", other.department);
        let remedy = "remove one, or give the later one a valid_from";
        section.fault(key, shown(&Value::String(mapping.queue)), problem, remedy);
        return;
    }
    figures.mappings.push(mapping);
}

/// The departments of the switchboard exist; the default one comes into being when it is used.
fn references(figures: &mut Figures, faults: &mut Vec<Fault>) {
    let base = [("switchboard.department".to_owned(), figures.base.switchboard.clone())];
    let later = figures.changes.iter().map(|(from, terms)| {
        (format!("change from {from}: switchboard_department"), terms.switchboard.clone())
    });
    let mut last = String::new();
    let used: Vec<(String, String)> = base.into_iter().chain(later).collect();
    for (key, slug) in used {
        // A change keeps what it does not mention; a fault is told once.
        if slug == last || figures.departments.iter().any(|entry| entry.slug == slug) {
            last = slug;
            continue;
        }
        if slug == SWITCHBOARD {
            figures.departments.push(DepartmentEntry {
                slug: SWITCHBOARD.to_owned(),
                name: "Växeln".to_owned(),
                opening: opening::DEFAULT.to_owned(),
                is_exempt: false,
            });
        } else {
            let slugs = figures.departments.iter().map(|entry| entry.slug.as_str());
            let known: Vec<&str> = slugs.chain([SWITCHBOARD]).collect();
            let remedy = did_you_mean(&slug, &known);
            let written = shown(&Value::String(slug.clone()));
            faults.push(Fault::new(key, written, "is no department", remedy));
        }
        last = slug;
    }
    let added = |slug: &str| figures.departments.iter().any(|entry| entry.slug == slug);
    let lost = figures.mappings.iter().any(|mapping| mapping.department == SWITCHBOARD);
    if lost && !added(SWITCHBOARD) {
        let remedy = format!("write a [[department]] with slug = \"{SWITCHBOARD}\"");
        let written = format!("\"{SWITCHBOARD}\"");
        faults.push(Fault::new("queue.department", written, "is no department", remedy));
    }
}

/// `department.fritid`, or `department[3]` when the entry has no name to tell it by.
pub(super) fn path_of(list: &str, at: usize, name: Option<&Value>) -> String {
    match name.and_then(Value::as_str) {
        Some(name) if !name.trim().is_empty() => format!("{list}.{}", name.trim()),
        Some(_) | None => format!("{list}[{}]", at + 1),
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

//! Desks, and which of them answers for a department or a queue from which day to which.

use toml::{Table, Value};

use super::fault::did_you_mean;
use super::figures::{DepartmentEntry, Mapping, path_of};
use super::raw::{Document, Section, shown};
use crate::domain::calendar::Day;
use crate::domain::desk::{DeskEntry, DeskKind, Desks, Member};
use crate::domain::ids::{Department, Names, Queue};

/// The kinds of desks as they are written.
const KINDS: [(&str, DeskKind); 2] = [("pooled", DeskKind::Pooled), ("own", DeskKind::Own)];

/// What the file says of desks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Organisation {
    desks: Vec<DeskEntry>,
    memberships: Vec<Membership>,
}

/// A desk answers for a member from a day up to and with another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Membership {
    who: Who,
    name: String,
    desk: String,
    from: Option<Day>,
    until: Option<Day>,
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Department,
    Queue,
}

impl Who {
    fn key(self) -> &'static str {
        match self {
            Who::Department => "department",
            Who::Queue => "queue",
        }
    }
}

/// What is known when desks are read.
struct Known<'a> {
    departments: Vec<&'a str>,
    queues: Vec<&'a str>,
}

/// Reads `[[desk]]` and `[[membership]]`.
pub(super) fn read(
    document: &mut Document,
    departments: &[DepartmentEntry],
    mappings: &[Mapping],
) -> Organisation {
    let known = Known {
        departments: departments.iter().map(|entry| entry.slug.as_str()).collect(),
        queues: mappings.iter().map(|mapping| mapping.queue.as_str()).collect(),
    };
    let mut organisation = Organisation::default();
    for (at, table) in document.tables("desk").into_iter().enumerate() {
        let path = path_of("desk", at, table.get("slug"));
        organisation.read_desk(document.nested(path, table), &known);
    }
    for (at, table) in document.tables("membership").into_iter().enumerate() {
        let name = table.get("department").or_else(|| table.get("queue"));
        let path = path_of("membership", at, name);
        organisation.read_membership(document.nested(path, table), &known);
    }
    organisation
}

impl Organisation {
    /// As the rules ask it, over names that know every department and queue.
    pub(super) fn desks(&self, names: &Names) -> Desks {
        let mut desks = Desks::new(self.desks.clone());
        for membership in &self.memberships {
            let name = &membership.name;
            let member = match membership.who {
                Who::Department => {
                    names.departments.find(name).map(|at| Member::Department(Department(at)))
                }
                Who::Queue => names.queues.find(name).map(|at| Member::Queue(Queue(at))),
            };
            let desk = self.desks.iter().position(|entry| entry.slug == membership.desk);
            if let (Some(member), Some(desk)) = (member, desk) {
                desks = desks.with(member, desk as u16, membership.from, membership.until);
            }
        }
        desks
    }

    /// Writes it into the canonical text; without desks it leaves no trace.
    pub(super) fn write(&self, document: &mut Table) {
        if self.desks.is_empty() {
            return;
        }
        let desks = self.desks.iter().map(|entry| {
            let kind = KINDS.into_iter().find(|(_, kind)| *kind == entry.kind);
            let pairs = [
                ("slug", entry.slug.as_str()),
                ("name", entry.name.as_str()),
                ("kind", kind.map_or("pooled", |(word, _)| word)),
            ];
            table(pairs.map(|(key, text)| (key, Some(text.to_owned()))))
        });
        let memberships = self.memberships.iter().map(|one| {
            table([
                (one.who.key(), Some(one.name.clone())),
                ("desk", Some(one.desk.clone())),
                ("valid_from", one.from.map(|day| day.to_string())),
                ("valid_until", one.until.map(|day| day.to_string())),
            ])
        });
        document.insert("desk".to_owned(), Value::Array(desks.collect()));
        document.insert("membership".to_owned(), Value::Array(memberships.collect()));
    }

    fn read_desk(&mut self, mut section: Section<'_>, known: &Known<'_>) {
        let slug = section.text("slug");
        let name = section.text("name");
        let kind = section.word("kind", &KINDS).unwrap_or(DeskKind::Pooled);
        let departments = section.texts("departments").unwrap_or_default();
        let queues = section.texts("queues").unwrap_or_default();
        let from = section.date("valid_from");
        let Some(slug) = slug else {
            if !section.has_fault("slug") {
                section.fault("slug", "", "is missing", "write slug = \"kundtjanst\"");
            }
            return section.finish();
        };
        let written = quoted(&slug);
        let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !slug.bytes().all(valid) || slug.len() > 63 {
            let remedy = "use at most 63 of a-z, 0-9 and \"-\"; å, ä and ö belong in name";
            section.fault("slug", written, "is no slug", remedy);
        } else if self.desks.iter().any(|other| other.slug == slug) {
            let remedy = "give every desk a slug of its own";
            section.fault("slug", written, "is given twice", remedy);
        } else if known.departments.contains(&slug.as_str()) {
            let remedy = "choose another; a department in no desk has its own without a [[desk]]";
            section.fault("slug", written, "is a department's slug", remedy);
        } else {
            let name = name.unwrap_or_else(|| slug.clone());
            self.desks.push(DeskEntry { slug: slug.clone(), name, kind });
            let departments = departments.into_iter().map(|name| (Who::Department, name));
            let queues = queues.into_iter().map(|name| (Who::Queue, name));
            for (who, name) in departments.chain(queues) {
                let key = if who == Who::Department { "departments" } else { "queues" };
                let desk = slug.clone();
                let membership = Membership { who, name, desk, from, until: None };
                self.add(&mut section, key, membership, known);
            }
        }
        section.finish();
    }

    fn read_membership(&mut self, mut section: Section<'_>, known: &Known<'_>) {
        let (department, queue) = (section.text("department"), section.text("queue"));
        let desk = section.text("desk");
        let (from, until) = (section.date("valid_from"), section.date("valid_until"));
        let (who, name) = match (department, queue) {
            (Some(name), None) => (Who::Department, name),
            (None, Some(name)) => (Who::Queue, name),
            (Some(_), Some(queue)) => {
                let problem = "stands beside a department";
                section.fault("queue", quoted(&queue), problem, "write a [[membership]] for each");
                return section.finish();
            }
            (None, None) => {
                if !section.has_fault("department") && !section.has_fault("queue") {
                    let remedy = "write department = \"…\" or queue = \"…\"";
                    section.fault("department", "", "is missing", remedy);
                }
                return section.finish();
            }
        };
        match desk {
            None if section.has_fault("desk") => {}
            None => section.fault("desk", "", "is missing", "write desk = \"…\""),
            Some(desk) if !self.desks.iter().any(|entry| entry.slug == desk) => {
                let slugs: Vec<&str> = self.desks.iter().map(|entry| entry.slug.as_str()).collect();
                let remedy = match slugs.is_empty() {
                    true => format!("write a [[desk]] with slug = \"{desk}\""),
                    false => did_you_mean(&desk, &slugs),
                };
                section.fault("desk", quoted(&desk), "is no desk", remedy);
            }
            Some(desk) => {
                let membership = Membership { who, name, desk, from, until };
                self.add(&mut section, who.key(), membership, known);
            }
        }
        section.finish();
    }

    /// Adds a membership unless its member would be in two desks on one day.
    fn add(&mut self, section: &mut Section<'_>, key: &str, new: Membership, known: &Known<'_>) {
        let written = quoted(&new.name);
        let (names, problem) = match new.who {
            Who::Department => (&known.departments, "is no department"),
            Who::Queue => (&known.queues, "is no department's queue"),
        };
        if !names.contains(&new.name.as_str()) {
            section.fault(key, written, problem, did_you_mean(&new.name, names));
            return;
        }
        if let (Some(from), Some(until)) = (new.from, new.until)
            && until < from
        {
            let problem = format!("is before {from}, the first day");
            section.fault("valid_until", format!("\"{until}\""), problem, "write the last day");
            return;
        }
        let same =
            self.memberships.iter().filter(|one| (one.who, &one.name) == (new.who, &new.name));
        for one in same {
            let (first, then) = if one.from <= new.from { (one, &new) } else { (&new, one) };
            // Without a last day it ends when the next begins; two that begin together never do.
            if then.from == first.from || first.until >= then.from {
                let day =
                    then.from.map_or_else(|| "the beginning".to_owned(), |day| day.to_string());
                let problem = match one.desk == new.desk {
                    true => format!("is in the desk \"{}\" twice on {day}", new.desk),
                    false => format!("is in two desks on {day}, \"{}\" too", one.desk),
                };
                let remedy =
                    "let valid_until of the earlier be the day before valid_from of the later";
                section.fault(key, written, problem, remedy);
                return;
            }
        }
        self.memberships.push(new);
        self.memberships.sort_by(|a, b| (a.who, &a.name, a.from).cmp(&(b.who, &b.name, b.from)));
    }
}

fn quoted(text: &str) -> String {
    shown(&Value::String(text.to_owned()))
}

fn table<const N: usize>(pairs: [(&str, Option<String>); N]) -> Value {
    let given = pairs.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?.into())));
    Value::Table(given.collect())
}

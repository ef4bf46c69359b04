//! The goal list: which level of which goal holds from when, as decided by whom (R36).
//!
//! The list stands in the configuration itself or in a file of its own, which `goals.file` names.
//! A goal of which it says nothing has the guideline's levels; of a goal that it names, it is the
//! whole history.

use toml::Table;

use super::fault::Fault;
use super::raw::{Document, Section, shown};
use crate::domain::calendar::Day;
use crate::domain::goal::{Direction, GoalId};
use crate::domain::level::{Decision, Levels};

/// More decisions than anybody makes; the list stands in each chain of the ledger.
const DECISIONS_MAX: usize = 500;
/// The longest name of who decided, in characters.
const DECIDED_BY_MAX: usize = 120;

/// What the shell found at [`Config::goals_file`](super::Config::goals_file).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoalsFile {
    /// Nobody looked, since no file is named.
    NotRead,
    /// Its text.
    Text(String),
    /// Why it cannot be read, for people.
    Unreadable(String),
}

/// An entry's place in the list and the days it speaks of, to be held against the others.
struct Place {
    goal: GoalId,
    from: Day,
    until: Option<Day>,
    path: String,
}

/// Reads the list from wherever it stands.
pub(super) fn read(document: &mut Document, file: &GoalsFile) -> Levels {
    let mut section = document.section("goals");
    let named = section.text("file");
    section.finish();
    let here = document.tables("goal");
    let Some(name) = named else {
        let (levels, faults) = list(here, document);
        document.faults.extend(faults);
        return levels;
    };
    if !here.is_empty() {
        let problem = format!("is written here while goals.file = \"{name}\" holds the goals");
        let remedy = "keep the list in one place";
        document.faults.push(Fault::new("goal", "", problem, remedy));
    }
    let wrong = |problem: String| {
        let remedy = "name a readable file, relative to the configuration, or remove the key";
        Fault::new("goals.file", format!("\"{name}\""), problem, remedy)
    };
    let text = match file {
        GoalsFile::Text(text) => text,
        GoalsFile::NotRead => {
            document.faults.push(wrong("was not read".to_owned()));
            return Levels::guideline();
        }
        GoalsFile::Unreadable(why) => {
            document.faults.push(wrong(format!("cannot be read: {why}")));
            return Levels::guideline();
        }
    };
    let mut of_file = Document::parse(text, &[]);
    let entries = of_file.tables("goal");
    if entries.is_empty() && of_file.faults.is_empty() {
        document.faults.push(Fault::new(
            "goals.file",
            format!("\"{name}\""),
            "holds no goal",
            "write [[goal]] before each entry, or remove the key",
        ));
    }
    let (levels, faults) = list(entries, &mut of_file);
    of_file.faults.extend(faults);
    let found = of_file.finish_knowing(&["goal"]);
    document.faults.extend(
        found.into_iter().map(|fault| Fault { key: format!("{name}: {}", fault.key), ..fault }),
    );
    levels
}

/// The entries as levels, and what is wrong with them as a whole.
fn list(entries: Vec<Table>, document: &mut Document) -> (Levels, Vec<Fault>) {
    let mut faults = Vec::new();
    if entries.len() > DECISIONS_MAX {
        let remedy = format!("keep at most {DECISIONS_MAX}");
        faults.push(Fault::new("goal", entries.len().to_string(), "are too many entries", remedy));
    }
    let mut decisions = Vec::new();
    let mut places = Vec::new();
    for (at, table) in entries.into_iter().take(DECISIONS_MAX).enumerate() {
        let path = format!("goal[{}]", at + 1);
        let mut section = document.nested(path.clone(), table);
        let decision = entry(&mut section, path, &mut places);
        section.finish();
        decisions.extend(decision);
    }
    faults.extend(overlaps(places));
    let mut levels: Vec<Decision> = Levels::guideline().all().to_vec();
    levels.retain(|guideline| !decisions.iter().any(|decision| decision.goal == guideline.goal));
    levels.extend(decisions);
    (Levels::new(levels), faults)
}

/// One entry; its days are noted even when the rest of it is wrong.
fn entry(section: &mut Section<'_>, path: String, places: &mut Vec<Place>) -> Option<Decision> {
    let goal = id(section);
    let direction = section.word("direction", &Direction::ALL.map(|side| (side.word(), side)));
    let percent = section.optional_number("percent", "percent", 0..=100);
    let valid_from = section.date("valid_from");
    let valid_until = section.date("valid_until");
    let decided_by = section.text("decided_by");
    let decided_on = section.moment("decided_on");
    let definition = section.text("definition");
    let definitions = GoalId::ALL.map(GoalId::definition_id);
    let known = format!("\"{}\"", goal.unwrap_or(GoalId::Sm1).definition_id());
    for (key, is_given, example) in [
        ("id", goal.is_some(), "\"SM1\""),
        ("direction", direction.is_some(), "\"at_least\""),
        ("percent", percent.is_some(), "90"),
        ("valid_from", valid_from.is_some(), "\"2027-01-01\""),
        ("decided_by", decided_by.is_some(), "\"kommundirektören\""),
        ("decided_on", decided_on.is_some(), "\"2026-11-02\""),
        ("definition", definition.is_some(), &known),
    ] {
        if !is_given && !section.has_fault(key) {
            section.fault(key, "", "is missing", format!("write {key} = {example}"));
        }
    }
    if let (Some(goal), Some(direction)) = (goal, direction)
        && direction != goal.direction()
    {
        let problem = format!("is not the good side of {}", goal.id());
        let remedy = format!("write direction = \"{}\"", goal.direction().word());
        section.fault("direction", format!("\"{}\"", direction.word()), problem, remedy);
    }
    if let Some(from) = valid_from.filter(|from| *from < Levels::FROM) {
        let problem = "is before the service goals began, and there is no verdict before that";
        let remedy = format!("give {} or a later day", Levels::FROM);
        section.fault("valid_from", format!("\"{from}\""), problem, remedy);
    }
    if let (Some(from), Some(until)) = (valid_from, valid_until)
        && until < from
    {
        let problem = format!("is before valid_from = \"{from}\"");
        let remedy = "give the last day that the decision covers, or leave the key out";
        section.fault("valid_until", format!("\"{until}\""), problem, remedy);
    } else if let (Some(goal), Some(from)) = (goal, valid_from) {
        places.push(Place { goal, from, until: valid_until, path });
    }
    if let Some(by) = &decided_by
        && (by.chars().count() > DECIDED_BY_MAX || by.chars().any(char::is_control))
    {
        let remedy = format!("name the office on one line of at most {DECIDED_BY_MAX} characters");
        section.fault("decided_by", shown(&by.clone().into()), "is no short name", remedy);
    }
    if let (Some(goal), Some(definition)) = (goal, &definition)
        && definition != goal.definition_id()
    {
        let problem = match definitions.contains(&definition.as_str()) {
            true => format!("is not how {} is counted", goal.id()),
            false => format!("is no definition of {} that this program knows", goal.id()),
        };
        let remedy = format!("write definition = \"{}\"", goal.definition_id());
        section.fault("definition", shown(&definition.clone().into()), problem, remedy);
    }
    Some(Decision {
        goal: goal?,
        percent: percent? as u8,
        valid_from: valid_from?,
        valid_until,
        decided_by: decided_by?,
        decided_on: decided_on?,
    })
}

/// The goal that an entry is about. Ids are so alike that a guess at a slip would mislead.
fn id(section: &mut Section<'_>) -> Option<GoalId> {
    let written = section.text("id")?;
    let goal = GoalId::ALL.into_iter().find(|goal| goal.id() == written);
    if goal.is_none() {
        let known = GoalId::ALL.map(GoalId::id).join(", ");
        section.fault("id", shown(&written.into()), "is no goal", format!("there are: {known}"));
    }
    goal
}

/// Of two decisions for one day nobody could say which holds. One without an end yields to the next.
fn overlaps(mut places: Vec<Place>) -> Vec<Fault> {
    places.sort_by_key(|place| (place.goal, place.from));
    let of_two = |pair: &[Place]| {
        let [one, next] = pair else { return None };
        if one.goal != next.goal {
            return None;
        }
        let id = one.goal.id();
        if one.from == next.from {
            let problem = format!("is already the first day of {} for {id}", one.path);
            let key = format!("{}.valid_from", next.path);
            return Some(Fault::new(
                key,
                format!("\"{}\"", next.from),
                problem,
                "remove one of them",
            ));
        }
        let until = one.until.filter(|until| *until >= next.from)?;
        let problem = format!("overlaps {}, which holds for {id} from {}", next.path, next.from);
        let remedy = format!("end it on {} or before, or leave the key out", next.from.previous());
        let key = format!("{}.valid_until", one.path);
        Some(Fault::new(key, format!("\"{until}\""), problem, remedy))
    };
    places.windows(2).filter_map(of_two).collect()
}

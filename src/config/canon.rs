//! The figures' settings as one canonical text: what stands in each chain of the ledger.
//!
//! Comments, defaults and the order of keys leave no trace, so two files that mean the same give
//! the same bytes; and what a default was when the text was written stays in force with it.

use toml::{Table, Value};

use super::figures::{DepartmentEntry, Figures, Terms};
use super::opening::{Opening, WEEKDAYS};
use crate::domain::calendar::{HalfDay, Span};
use crate::domain::level::Decision;
use crate::domain::question::DeadlineRule;
use crate::domain::units::Millis;

/// The text; reading it gives equal figures.
pub(super) fn text(figures: &Figures) -> String {
    let mut rules = Table::new();
    put(&mut rules, "version", i64::from(figures.version));
    if let Some(from) = figures.base_from {
        put(&mut rules, "valid_from", from.to_string());
    }
    limits(&mut rules, &figures.base, false);
    let goals = figures.levels.all().iter().map(goal);
    let mut switchboard = Table::new();
    put(&mut switchboard, "department", figures.base.switchboard.clone());
    let mut bounds = Table::new();
    put(&mut bounds, "silence_hours", figures.silence.0 / Millis::from_hours(1).0);
    put(&mut bounds, "data_gap_minutes", figures.data_gap.0 / Millis::from_seconds(60).0);

    let strict = |terms: &Terms| terms.question_deadline == DeadlineRule::Strict;
    let has_others =
        !strict(&figures.base) || !figures.changes.iter().all(|(_, terms)| strict(terms));
    let changes = figures.changes.iter().map(|(from, terms)| {
        let mut change = Table::new();
        put(&mut change, "valid_from", from.to_string());
        limits(&mut change, terms, has_others);
        put(&mut change, "switchboard_department", terms.switchboard.clone());
        Value::Table(change)
    });
    let departments = figures.departments.iter().map(|entry| {
        let mut department = Table::new();
        put(&mut department, "slug", entry.slug.clone());
        put(&mut department, "name", entry.name.clone());
        put(&mut department, "opening", entry.opening.clone());
        if entry.is_exempt != DepartmentEntry::exempt_by_default(&entry.opening) {
            put(&mut department, "exempt_from_switchboard_hours", entry.is_exempt);
        }
        Value::Table(department)
    });
    let queues = figures.mappings.iter().map(|mapping| {
        let mut queue = Table::new();
        put(&mut queue, "name", mapping.queue.clone());
        put(&mut queue, "department", mapping.department.clone());
        if let Some(from) = mapping.from {
            put(&mut queue, "valid_from", from.to_string());
        }
        Value::Table(queue)
    });
    let openings = figures.openings.iter().map(|(name, hours)| (name.clone(), opening(hours)));

    let mut document = Table::new();
    put(&mut document, "rules", rules);
    put(&mut document, "goal", goals.collect::<Vec<Value>>());
    put(&mut document, "switchboard", switchboard);
    put(&mut document, "limits", bounds);
    put(&mut document, "change", changes.collect::<Vec<Value>>());
    put(&mut document, "department", departments.collect::<Vec<Value>>());
    put(&mut document, "queue", queues.collect::<Vec<Value>>());
    put(&mut document, "opening", openings.collect::<Table>());
    figures.organisation.write(&mut document);
    document.to_string()
}

fn limits(table: &mut Table, terms: &Terms, has_others: bool) {
    put(table, "switchboard_limit_seconds", seconds(terms.switchboard_limit));
    put(table, "queue_limit_seconds", seconds(terms.queue_limit));
    put(table, "short_abandon_seconds", seconds(terms.short_abandon));
    // A text without it is of a time before there was a choice, and means the strict rule.
    if has_others {
        put(table, "question_deadline", terms.question_deadline.name());
    }
}

/// A decision as an entry of the goal list.
fn goal(decision: &Decision) -> Value {
    let mut goal = Table::new();
    put(&mut goal, "id", decision.goal.id());
    put(&mut goal, "direction", decision.goal.direction().word());
    put(&mut goal, "percent", i64::from(decision.percent));
    put(&mut goal, "valid_from", decision.valid_from.to_string());
    if let Some(until) = decision.valid_until {
        put(&mut goal, "valid_until", until.to_string());
    }
    put(&mut goal, "decided_by", decision.decided_by.clone());
    put(&mut goal, "decided_on", decision.decided_on.clone());
    put(&mut goal, "definition", decision.goal.definition_id());
    Value::Table(goal)
}

/// Special dates belong to the whole schedule and stand with its first hours.
fn opening(opening: &Opening) -> Value {
    let mut special = Table::new();
    for day in &opening.special {
        special.insert(day.day.to_string(), spans(&day.spans));
    }
    let versions = opening.weeks.iter().enumerate().map(|(at, (from, week))| {
        let mut version = Table::new();
        put(&mut version, "valid_from", from.to_string());
        for (key, day) in WEEKDAYS.into_iter().zip(&week.days) {
            put(&mut version, key, spans(day));
        }
        put(&mut version, "public_holidays", if week.open_on_holidays { "open" } else { "closed" });
        let mut half_days = Table::new();
        for half in HalfDay::ALL {
            if let Some(closes) = week.half_days[half.index()] {
                put(&mut half_days, half.key(), clock(closes));
            }
        }
        put(&mut version, "half_days", half_days);
        if at == 0 {
            put(&mut version, "special", std::mem::take(&mut special));
        }
        Value::Table(version)
    });
    Value::Array(versions.collect())
}

fn spans(spans: &[Span]) -> Value {
    let text = |span: &Span| Value::from(format!("{}-{}", clock(span.from()), clock(span.until())));
    Value::Array(spans.iter().map(text).collect())
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Whole seconds as a whole number, so that they read as they were written.
fn seconds(length: Millis) -> Value {
    match length.0 % 1_000 {
        0 => Value::from(length.0 / 1_000),
        _ => Value::from(length.as_seconds()),
    }
}

fn put(table: &mut Table, key: &str, value: impl Into<Value>) {
    table.insert(key.to_owned(), value.into());
}

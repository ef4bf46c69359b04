//! What the file says: sections from which keys are taken one by one.
//!
//! A key that is taken is known, whatever is left at the end is not. Every fault is noted with its
//! key, its value and a remedy, and reading goes on with the default, so that one run tells all
//! faults of a file.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "TOML's kinds of value are fixed by its standard; a key takes one and refuses the rest"
)]

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use toml::{Table, Value};

use super::fault::{Fault, closest, did_you_mean};
use crate::domain::calendar::Day;
use crate::domain::told::Period;
use crate::domain::units::Millis;

/// Sections of plain keys, which the environment may set: `SVARSTID_` + section + `_` + key.
pub(super) const SECTIONS: [&str; 12] = [
    "kafka",
    "topics",
    "ledger",
    "http",
    "limits",
    "commit",
    "privacy",
    "rules",
    "switchboard",
    "goals",
    "log",
    "publish",
];

/// Lists and named tables, which only the file can hold.
const TABLES: [&str; 7] =
    ["department", "queue", "opening", "change", "goal", "desk", "membership"];

const PREFIX: &str = "SVARSTID_";

/// The whole file and what the environment sets, with the faults found so far.
pub(super) struct Document {
    tables: Table,
    overrides: BTreeMap<&'static str, BTreeMap<String, Override>>,
    pub(super) faults: Vec<Fault>,
}

impl Document {
    /// Reads TOML. A text that is no TOML is an empty document with a fault for each place that
    /// cannot be read.
    pub(super) fn parse(text: &str, overrides: &[(String, String)]) -> Document {
        let (_, mut errors) = toml::de::DeTable::parse_recoverable(text);
        errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
        let mut faults: Vec<Fault> = errors.iter().map(|error| syntax(text, error)).collect();
        let tables = match text.parse::<Table>() {
            Ok(tables) => tables,
            Err(error) if faults.is_empty() => {
                faults.push(syntax(text, &error));
                Table::new()
            }
            Err(_) => Table::new(),
        };
        let overrides = sort_overrides(overrides, &mut faults);
        Document { tables, overrides, faults }
    }

    /// One of [`SECTIONS`].
    pub(super) fn section(&mut self, name: &'static str) -> Section<'_> {
        let table = match self.tables.remove(name) {
            Some(Value::Table(table)) => table,
            Some(other) => {
                let remedy = format!("write [{name}] and its keys below");
                let value = if is_secret(name) { "…".to_owned() } else { shown(&other) };
                self.faults.push(Fault::new(name, value, "is not a section", remedy));
                Table::new()
            }
            None => Table::new(),
        };
        let overrides = self.overrides.remove(name).unwrap_or_default();
        Section::new(name, table, overrides, &mut self.faults)
    }

    /// A table inside another, with the path that faults tell.
    pub(super) fn nested(&mut self, path: String, table: Table) -> Section<'_> {
        Section::new(path, table, BTreeMap::new(), &mut self.faults)
    }

    /// An array of tables (`[[name]]`).
    pub(super) fn tables(&mut self, name: &'static str) -> Vec<Table> {
        let remedy = format!("write [[{name}]] before each entry");
        match self.tables.remove(name) {
            None => Vec::new(),
            Some(Value::Array(values)) if values.iter().all(Value::is_table) => {
                values.into_iter().filter_map(|value| value.try_into().ok()).collect()
            }
            Some(other) => {
                self.faults.push(Fault::new(
                    name,
                    shown(&other),
                    "is not a list of tables",
                    remedy,
                ));
                Vec::new()
            }
        }
    }

    /// Anything at the top.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Value> {
        self.tables.remove(name)
    }

    /// All faults, unknown sections included.
    pub(super) fn finish(self) -> Vec<Fault> {
        let known: Vec<&str> = SECTIONS.into_iter().chain(TABLES).collect();
        self.finish_knowing(&known)
    }

    /// The same of a text in which only these may stand at the top.
    pub(super) fn finish_knowing(mut self, known: &[&str]) -> Vec<Fault> {
        for (name, value) in self.tables {
            let remedy = did_you_mean(&name, known);
            let (value, problem) = match value {
                Value::Table(_) => (String::new(), "unknown section"),
                _ if is_secret(&name) => ("…".to_owned(), "unknown key"),
                value => (shown(&value), "unknown key"),
            };
            self.faults.push(Fault::new(name, value, problem, remedy));
        }
        self.faults
    }
}

/// Sorts the environment by section. A variable that is empty sets nothing. Variables of other
/// sections are left alone (a container platform sets `SVARSTID_SERVICE_HOST` by itself) unless
/// they look like a slip.
fn sort_overrides(
    overrides: &[(String, String)],
    faults: &mut Vec<Fault>,
) -> BTreeMap<&'static str, BTreeMap<String, Override>> {
    let mut sorted: BTreeMap<&'static str, BTreeMap<String, Override>> = BTreeMap::new();
    for (variable, text) in overrides {
        let Some(name) = variable.strip_prefix(PREFIX).map(str::to_ascii_lowercase) else {
            continue;
        };
        let Some((section, key)) = name.split_once('_').filter(|_| !text.trim().is_empty()) else {
            continue;
        };
        if let Some(section) = SECTIONS.into_iter().find(|known| *known == section) {
            let given = Override { variable: variable.clone(), text: text.trim().to_owned() };
            sorted.entry(section).or_default().insert(key.to_owned(), given);
        } else if let Some(close) = closest(section, &SECTIONS) {
            let meant = format!("{PREFIX}{}_{}", close.to_uppercase(), key.to_uppercase());
            let remedy = format!("did you mean \"{meant}\"?");
            faults.push(Fault::new(variable, "…", "unknown section", remedy));
        }
    }
    sorted
}

fn syntax(text: &str, error: &toml::de::Error) -> Fault {
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
    let problem = error.message().lines().collect::<Vec<_>>().join(", ");
    Fault::new(format!("line {line}"), "", problem, "write it as TOML")
}

/// One table of the file, laid over by what the environment sets.
pub(super) struct Section<'f> {
    path: String,
    table: Table,
    overrides: BTreeMap<String, Override>,
    known: Vec<&'static str>,
    faults: &'f mut Vec<Fault>,
}

/// A value from the environment; it is text, whatever type the key has.
pub(super) struct Override {
    /// The variable's whole name, for faults.
    pub(super) variable: String,
    /// Its text, not empty.
    pub(super) text: String,
}

/// A value with the name of the place that gave it.
struct Given {
    key: String,
    value: Value,
    from_text: bool,
}

impl<'f> Section<'f> {
    pub(super) fn new(
        path: impl Into<String>,
        table: Table,
        overrides: BTreeMap<String, Override>,
        faults: &'f mut Vec<Fault>,
    ) -> Self {
        Section { path: path.into(), table, overrides, known: Vec::new(), faults }
    }

    /// Text that is not empty.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        let given = self.take(key)?;
        match &given.value {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Value::String(_) => self.wrong(&given, "is empty", "give a value or leave the key out"),
            other => {
                let remedy = format!("write {key} = \"…\"");
                self.wrong(&given, format!("is {}, not text", kind(other)), remedy)
            }
        }
    }

    /// A whole number within a range; the default when absent or wrong.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        unit: &str,
        range: RangeInclusive<i64>,
        default: i64,
    ) -> i64 {
        self.optional_number(key, unit, range).unwrap_or(default)
    }

    /// A whole number within a range.
    pub(super) fn optional_number(
        &mut self,
        key: &'static str,
        unit: &str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let given = self.take(key)?;
        let remedy =
            format!("give a whole number of {unit} from {} to {}", range.start(), range.end());
        let number = match &given.value {
            Value::Integer(number) => Some(*number),
            Value::String(text) if given.from_text => text.replace('_', "").parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if range.contains(&number) => Some(number),
            Some(_) => self.wrong(&given, "is out of range", remedy),
            None => self.wrong(&given, "is not a whole number", remedy),
        }
    }

    /// Seconds, whole or with up to three decimals, within a range of whole seconds.
    pub(super) fn seconds(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<Millis> {
        let given = self.take(key)?;
        let seconds = match &given.value {
            Value::Integer(seconds) => Some(*seconds as f64),
            Value::Float(seconds) => Some(*seconds),
            Value::String(text) if given.from_text => text.parse().ok(),
            _ => None,
        };
        let remedy = format!("give seconds from {} to {}", range.start(), range.end());
        let Some(seconds) = seconds.filter(|seconds| seconds.is_finite()) else {
            return self.wrong(&given, "is not a number of seconds", remedy);
        };
        let millis = seconds * 1_000.0;
        if (millis - millis.round()).abs() > 1e-6 {
            return self.wrong(
                &given,
                "is finer than a millisecond",
                "give at most three decimals",
            );
        }
        if seconds < *range.start() as f64 || seconds > *range.end() as f64 {
            return self.wrong(&given, "is out of range", remedy);
        }
        Some(Millis(millis.round() as i64))
    }

    /// A list of texts; in the environment, separated by commas.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let given = self.take(key)?;
        let texts: Option<Vec<String>> = match &given.value {
            Value::Array(values) => {
                values.iter().map(|value| value.as_str().map(|text| text.trim().into())).collect()
            }
            Value::String(list) if given.from_text => {
                Some(list.split(',').map(|text| text.trim().to_owned()).collect())
            }
            _ => None,
        };
        match texts {
            Some(texts) if texts.iter().any(String::is_empty) => {
                self.wrong(&given, "has an empty entry", "leave the entry out")
            }
            Some(texts) => Some(texts),
            None => {
                let remedy = format!("write {key} = [\"…\", \"…\"]");
                self.wrong(&given, "is not a list of texts", remedy)
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let given = self.take(key)?;
        match (&given.value, given.value.as_str()) {
            (Value::Boolean(flag), _) => Some(*flag),
            (_, Some("true")) => Some(true),
            (_, Some("false")) => Some(false),
            _ => self.wrong(&given, "is neither true nor false", "write true or false"),
        }
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let given = self.take(key)?;
        let written = given.value.as_str().unwrap_or_default();
        match words.iter().find(|(word, _)| *word == written) {
            Some((_, meaning)) => Some(*meaning),
            None => {
                let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                let remedy = did_you_mean(written, &known);
                self.wrong(&given, "is none of the possible values", remedy)
            }
        }
    }

    /// A date, as text or as TOML's own local date.
    pub(super) fn date(&mut self, key: &'static str) -> Option<Day> {
        let given = self.take(key)?;
        match parse_date(&given.value) {
            Some(day) => Some(day),
            None => self.wrong(&given, "is not a date from 2000 to 2099", "write \"2026-07-01\""),
        }
    }

    /// A year, a month or a day (`2026`, `2026-11`, `2026-11-02`), as it is written.
    pub(super) fn moment(&mut self, key: &'static str) -> Option<String> {
        let given = self.take(key)?;
        let written = match &given.value {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Datetime(date) => Some(date.to_string()),
            _ => None,
        };
        match written.filter(|text| {
            Period::parse(text).is_some() && text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        }) {
            Some(text) => Some(text),
            None => {
                let remedy = "write \"2026-11-02\", \"2026-11\" or \"2026\"";
                self.wrong(&given, "is no day, month or year", remedy)
            }
        }
    }

    /// A list of values of any kind.
    pub(super) fn values(&mut self, key: &'static str) -> Option<Vec<Value>> {
        let given = self.take(key)?;
        match given.value {
            Value::Array(values) => Some(values),
            _ => self.wrong(&given, "is not a list", format!("write {key} = [\"…\", \"…\"]")),
        }
    }

    /// A table whose keys are free. What is written instead is not told: somebody may have put
    /// client settings with a password there.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Table> {
        let given = self.take(key)?;
        match given.value {
            Value::Table(table) => Some(table),
            _ => {
                let remedy = format!("write {key} = {{ … = … }}");
                self.faults.push(Fault::new(given.key, "…", "is not a table", remedy));
                None
            }
        }
    }

    /// Notes a fault of one of this section's keys.
    pub(super) fn fault(
        &mut self,
        key: &str,
        value: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let key = self.place(key);
        self.faults.push(Fault::new(key, value, problem, remedy));
    }

    /// Whether a key of this section has been found wrong.
    pub(super) fn has_fault(&self, key: &str) -> bool {
        let key = self.place(key);
        self.faults.iter().any(|fault| fault.key == key)
    }

    /// A key that would hold a secret in the open: a fault that does not repeat the secret.
    pub(super) fn never_inline(&mut self, key: &'static str, file_key: &str) {
        if let Some(given) = self.take_unlisted(key) {
            let remedy = format!("put it in a file that only the daemon reads and set {file_key}");
            self.faults.push(Fault::new(given.key, "…", "secrets are not written here", remedy));
        }
    }

    /// Turns every key that was not taken into a fault.
    pub(super) fn finish(mut self) {
        let table = std::mem::take(&mut self.table);
        let overrides = std::mem::take(&mut self.overrides);
        for (key, value) in table {
            let value = if is_secret(&key) { "…".to_owned() } else { shown(&value) };
            let remedy = did_you_mean(&key, &self.known);
            self.fault(&key, value, "unknown key", remedy);
        }
        for (key, given) in overrides {
            if !is_service_link(&key) {
                let remedy = did_you_mean(&key, &self.known);
                self.faults.push(Fault::new(given.variable, "…", "unknown key", remedy));
            }
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Given> {
        self.known.push(key);
        self.take_unlisted(key)
    }

    fn take_unlisted(&mut self, key: &str) -> Option<Given> {
        let written = self.table.remove(key);
        if let Some(Override { variable, text }) = self.overrides.remove(key) {
            return Some(Given { key: variable, value: Value::String(text), from_text: true });
        }
        Some(Given { key: self.place(key), value: written?, from_text: false })
    }

    fn wrong<T>(
        &mut self,
        given: &Given,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Option<T> {
        let fault = Fault::new(given.key.clone(), shown(&given.value), problem, remedy);
        self.faults.push(fault);
        None
    }

    fn place(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }
}

/// A date of the years the calendar knows.
pub(super) fn parse_date(value: &Value) -> Option<Day> {
    let day = match value {
        Value::String(text) => Day::parse(text.trim()),
        Value::Datetime(date) => Day::parse(&date.to_string()),
        _ => None,
    };
    day.filter(|day| (Day::FIRST..Day::END).contains(day))
}

/// A value as the file would write it, on one line and not endless.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 80;
    let text = value.to_string().replace('\n', " ");
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// Whether a key's value may be a secret, so that faults do not print it. Names of files may be
/// told; a misspelt password may not.
pub(super) fn is_secret(key: &str) -> bool {
    let like = |word: &str| {
        let near = |(secret, slips)| strsim::damerau_levenshtein(word, secret) <= slips;
        word.contains("key") || [("password", 2), ("secret", 1), ("token", 1)].into_iter().any(near)
    };
    let key = key.to_lowercase();
    !key.ends_with("_file") && key.split(['_', '.', '-']).any(like)
}

/// Variables that Kubernetes sets by itself for a service whose name begins with the program's:
/// `SVARSTID_KAFKA_SERVICE_HOST`. They are nobody's mistake.
fn is_service_link(key: &str) -> bool {
    key == "service_host" || key.starts_with("service_port") || key == "port" || {
        key.strip_prefix("port_").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a decimal number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

//! Holds the code to its absences: who may name the network, the clock, the metrics library.
//!
//! The sources are read as tokens, so that comments and the insides of strings do not count, and
//! `use` trees are spread out: `use std::{fmt, fs}` names `std::fs`, and `super::super::wire` in
//! `src/domain/contact` names `crate::wire`. Test modules (`#[cfg(test)]`, files named `tests.rs`)
//! may do what they need, except to be switched off.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// The longest file, in lines that hold code.
const CODE_LINES_MAX: usize = 600;

/// The one file that reads the clock.
const CLOCK: &str = "src/shell/clock.rs";

/// Who may name what. A path begins with one of `names`; a file's path with one of `allowed`.
struct Only {
    names: &'static [&'static str],
    allowed: &'static [&'static str],
}

/// The world and the libraries with a room of their own. An address is a value and not the world:
/// `core::net` has the addresses without the sockets.
const ONLY: &[Only] = &[
    Only {
        names: &["tokio", "rdkafka", "std::fs", "std::net", "std::env"],
        allowed: &["src/shell/", "src/shell.rs", "src/main.rs"],
    },
    Only { names: &["prometheus"], allowed: &["src/metrics/", "src/metrics.rs"] },
    // Iteration over them differs from run to run, and so would the output.
    Only { names: &["std::collections::HashMap", "std::collections::HashSet"], allowed: &[] },
    Only { names: &["std::collections::hash_map", "std::collections::hash_set"], allowed: &[] },
];

/// What a room must not import.
struct Never {
    room: &'static str,
    names: &'static [&'static str],
}

const NEVER: &[Never] = &[
    // Its figures are the oracle for the others, so it must not share their code.
    Never {
        room: "src/simulate",
        names: &[
            "crate::domain",
            "crate::engine",
            "crate::wire",
            "crate::config",
            "crate::metrics",
            "crate::shell",
        ],
    },
    Never { room: "src/engine", names: &["crate::shell"] },
    Never { room: "src/wire", names: &["crate::shell"] },
    Never { room: "src/metrics", names: &["crate::shell"] },
    Never { room: "src/boards", names: &["crate::shell"] },
    Never { room: "src/config", names: &["crate::shell"] },
    Never { room: "src/report", names: &["crate::shell"] },
    // A stored format must not freeze the core.
    Never { room: "src/domain", names: &["serde", "serde_json", "serde_with"] },
];

#[test]
fn the_code_keeps_to_its_rooms() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        rust_files(&root.join(folder), &mut files);
    }
    let faults: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let path = file.strip_prefix(root).expect("the file lies in the repository");
            let source = fs::read_to_string(file).expect("a source file can be read");
            check(&path.to_string_lossy(), &source)
        })
        .map(|fault| fault.to_string())
        .collect();
    assert!(files.contains(&root.join("src/domain/mod.rs")), "the sources were not found");
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
    into.sort();
}

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    path: String,
    line: usize,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Everything wrong with one file; `path` is relative to the repository.
fn check(path: &str, source: &str) -> Vec<Fault> {
    let mut faults = BTreeSet::new();
    let mut fault = |line: usize, what: String| {
        faults.insert(Fault { path: path.to_owned(), line, what });
    };
    let tokens = tokens(source);
    check_switched_off(&tokens, &mut fault);

    let is_test_file = path.ends_with("/tests.rs") || path.contains("/tests/");
    if !path.starts_with("src/") || is_test_file {
        return faults.into_iter().collect();
    }
    let code = without_tests(&tokens);
    check_names(path, &code, &mut fault);
    check_metric_names(path, &code, &mut fault);
    let lines = code.iter().flat_map(|t| t.line..=t.last_line).collect::<BTreeSet<_>>();
    if lines.len() > CODE_LINES_MAX {
        let count = lines.len();
        fault(1, format!("{count} lines of code, at most {CODE_LINES_MAX}: find the two rooms"));
    }
    faults.into_iter().collect()
}

/// No test is ignored, and nothing is left for later.
fn check_switched_off(tokens: &[Token], fault: &mut impl FnMut(usize, String)) {
    for at in 0..tokens.len() {
        let word = |ahead: usize| tokens.get(at + ahead).map_or("", Token::code);
        let line = tokens[at].line;
        if (word(0), word(1), word(2)) == ("#", "[", "ignore") {
            fault(line, "#[ignore]: assert the wrong behaviour and explain it".into());
        }
        if ["todo", "unimplemented"].contains(&word(0)) && word(1) == "!" {
            fault(line, format!("{}! in a program that must not stop", word(0)));
        }
    }
}

fn check_names(path: &str, code: &[Token], fault: &mut impl FnMut(usize, String)) {
    let in_domain = in_room(path, "src/domain");
    for Named { line, segments, bare } in names(code, &module_of(path)) {
        let name = segments.join("::");
        if in_domain && ["Serialize", "Deserialize"].contains(&name.as_str()) {
            fault(line, format!("{name}: the domain derives no serde"));
        }
        if bare {
            continue;
        }
        for only in ONLY {
            let breached = only.names.iter().any(|n| is_under(&name, n));
            if breached && !only.allowed.iter().any(|a| path.starts_with(a)) {
                let allowed = match only.allowed {
                    [] => "nowhere".to_owned(),
                    rooms => format!("only in {}", rooms.join(", ")),
                };
                fault(line, format!("{name}: allowed {allowed}"));
            }
        }
        for never in NEVER {
            let breached = never.names.iter().any(|n| is_under(&name, n));
            if breached && in_room(path, never.room) {
                fault(line, format!("{name}: never in {}", never.room));
            }
        }
        let first = segments.first().map(String::as_str);
        if in_domain && first == Some("crate") && !is_under(&name, "crate::domain") {
            fault(line, format!("{name}: the domain imports nothing else of ours"));
        }
        if segments.last().map(String::as_str) == Some("now") && path != CLOCK {
            fault(line, format!("{name}: only {CLOCK} reads the clock"));
        }
    }
    let words: Vec<&str> = code.iter().map(Token::code).collect();
    for (at, three) in words.windows(3).enumerate() {
        if three == [".", "elapsed", "("] && path != CLOCK {
            fault(code[at].line, format!("elapsed: only {CLOCK} reads the clock"));
        }
    }
}

fn check_metric_names(path: &str, code: &[Token], fault: &mut impl FnMut(usize, String)) {
    if path == "src/metrics/names.rs" {
        return;
    }
    for token in code {
        if let Kind::Text(text) = &token.kind
            && text.starts_with("svarstid_")
        {
            fault(token.line, format!("{text:?}: metric names live in src/metrics/names.rs"));
        }
    }
}

fn in_room(path: &str, room: &str) -> bool {
    path.strip_prefix(room).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

fn is_under(name: &str, root: &str) -> bool {
    name.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// `src/domain/contact/mod.rs` is `crate::domain::contact`.
fn module_of(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    let mut module = vec!["crate".to_owned()];
    if !["lib", "main"].contains(&inner) {
        module.extend(inner.split('/').map(str::to_owned));
    }
    module
}

/// A path that the code names, spread out and seen from the crate's root.
#[derive(Debug)]
struct Named {
    line: usize,
    segments: Vec<String>,
    /// A single word that is not imported: a variable, a field, a keyword.
    bare: bool,
}

/// All paths that the code of `module` names, single words included.
fn names(code: &[Token], module: &[String]) -> Vec<Named> {
    let mut found = Vec::new();
    let mut module = module.to_vec();
    // Brace depths at which inline modules end.
    let mut inline: Vec<usize> = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while let Some(token) = code.get(at) {
        let next = code.get(at + 1).map_or("", Token::code);
        let after = code.get(at + 2).map_or("", Token::code);
        match &token.kind {
            Kind::Punct("{") => depth += 1,
            Kind::Punct("}") => {
                if inline.last() == Some(&depth) {
                    inline.pop();
                    module.pop();
                }
                depth -= 1;
            }
            Kind::Word(word) if word == "mod" && after == "{" => {
                depth += 1;
                inline.push(depth);
                module.push(next.to_owned());
                at += 2;
            }
            Kind::Word(_) => {
                at = spread(code, at, &[], &module, &mut found);
                continue;
            }
            Kind::Punct(_) | Kind::Text(_) | Kind::Other => {}
        }
        at += 1;
    }
    found
}

/// Reads one path or `use` tree from `at` on; gives where it ends.
fn spread(
    code: &[Token],
    mut at: usize,
    before: &[String],
    module: &[String],
    found: &mut Vec<Named>,
) -> usize {
    let line = code[at].line;
    let imported = at.checked_sub(1).is_some_and(|b| ["use", "crate"].contains(&code[b].code()));
    let mut segments = before.to_vec();
    loop {
        match code.get(at).map(|t| &t.kind) {
            Some(Kind::Word(word)) => segments.push(word.clone()),
            Some(Kind::Punct("*")) if !segments.is_empty() => {}
            Some(Kind::Punct("{")) if !segments.is_empty() => {
                at += 1;
                loop {
                    match code.get(at).map(|t| &t.kind) {
                        None => return at,
                        Some(Kind::Punct("}")) => return at + 1,
                        Some(Kind::Word(_) | Kind::Punct("{" | "*")) => {
                            at = spread(code, at, &segments, module, found);
                        }
                        Some(Kind::Punct(_) | Kind::Text(_) | Kind::Other) => at += 1,
                    }
                }
            }
            Some(Kind::Punct(_) | Kind::Text(_) | Kind::Other) | None => break,
        }
        at += 1;
        if code.get(at).map(Token::code) == Some("::") {
            at += 1;
        } else {
            break;
        }
    }
    let bare = segments.len() == 1 && !imported;
    found.push(Named { line, segments: from_root(segments, module), bare });
    at
}

/// Resolves `self`, `super` and the crate's own name.
fn from_root(segments: Vec<String>, module: &[String]) -> Vec<String> {
    let mut base: Option<Vec<String>> = None;
    let mut rest = segments.iter().map(String::as_str).peekable();
    while let Some(&segment) = rest.peek() {
        match segment {
            "self" if segments.len() > 1 => {
                base.get_or_insert_with(|| module.to_vec());
            }
            "super" => {
                base.get_or_insert_with(|| module.to_vec()).pop();
            }
            "svarstid" if base.is_none() && segments.len() > 1 => {
                base = Some(vec!["crate".to_owned()]);
            }
            "crate" if base.is_none() => base = Some(vec!["crate".to_owned()]),
            _ => break,
        }
        rest.next();
    }
    let mut resolved = base.unwrap_or_default();
    // `use std::fs::{self, File}` names `std::fs`.
    resolved.extend(rest.filter(|&s| s != "self").map(str::to_owned));
    resolved
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Word(String),
    /// The inside of a string, escapes as they stand.
    Text(String),
    Punct(&'static str),
    /// Numbers, characters, lifetimes.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    line: usize,
    last_line: usize,
    kind: Kind,
}

impl Token {
    /// The word or sign; nothing for a string.
    fn code(&self) -> &str {
        match &self.kind {
            Kind::Word(word) => word,
            Kind::Punct(sign) => sign,
            Kind::Text(_) | Kind::Other => "",
        }
    }
}

/// Leaves out what stands under `#[cfg(test)]`: the item up to its closing brace or semicolon.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    const ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let ahead = tokens[at..].iter().map(Token::code).take(ATTRIBUTE.len());
        if !ahead.eq(ATTRIBUTE) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += ATTRIBUTE.len();
        let mut depth = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token.code() {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                _ => {}
            }
            if depth == 0 && ["}", ";"].contains(&token.code()) {
                break;
            }
        }
    }
    kept
}

/// Splits a source into tokens, without comments.
fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer { rest: source, line: 1, tokens: Vec::new() };
    while lexer.step() {}
    lexer.tokens
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    /// Takes one token, comment or space; false at the end.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        if first.is_whitespace() {
            self.take(first.len_utf8());
        } else if self.rest.starts_with("//") {
            self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.block_comment();
        } else if let Some((open, hashes)) = string_start(self.rest) {
            self.string(open, hashes);
        } else if first == '_' || first.is_alphabetic() {
            self.word();
        } else if first.is_ascii_digit() {
            let is_part = |c: char| c == '_' || c.is_alphanumeric();
            let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
            self.push(end, Kind::Other);
        } else if first == '\'' {
            self.character_or_lifetime();
        } else {
            let signs = ["::", "{", "}", "(", ")", "[", "]", "#", "!", ";", ",", ".", "*"];
            let sign = signs.into_iter().find(|s| self.rest.starts_with(s));
            match sign {
                Some(sign) => self.push(sign.len(), Kind::Punct(sign)),
                None => self.push(first.len_utf8(), Kind::Other),
            }
        }
        true
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.line += taken.matches('\n').count();
        taken
    }

    fn push(&mut self, length: usize, kind: Kind) {
        let line = self.line;
        self.take(length);
        self.tokens.push(Token { line, last_line: self.line, kind });
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
            } else {
                let Some(next) = self.rest.chars().next() else { return };
                self.take(next.len_utf8());
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// `open` bytes up to and with the quote; raw strings have `hashes`.
    fn string(&mut self, open: usize, hashes: Option<usize>) {
        let inside = &self.rest[open..];
        let (length, close) = match hashes {
            Some(hashes) => {
                let end = format!("\"{}", "#".repeat(hashes));
                (inside.find(&end).unwrap_or(inside.len()), end.len())
            }
            None => {
                let mut escaped = false;
                let end = inside.find(|c: char| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                (end.unwrap_or(inside.len()), 1)
            }
        };
        let text = inside[..length].to_owned();
        let whole = (open + length + close).min(self.rest.len());
        self.push(whole, Kind::Text(text));
    }

    fn word(&mut self) {
        let raw = if self.rest.starts_with("r#") { 2 } else { 0 };
        let is_part = |c: char| c == '_' || c.is_alphanumeric();
        let end = self.rest[raw..].find(|c| !is_part(c)).map_or(self.rest.len(), |e| raw + e);
        let word = self.rest[raw..end].to_owned();
        self.push(end, Kind::Word(word));
    }

    fn character_or_lifetime(&mut self) {
        let mut chars = self.rest.char_indices().skip(1);
        let second = chars.next();
        let third = chars.next();
        let length = match (second, third) {
            // From the escaped character on, the next quote ends it: `'\''`, `'\u{1F600}'`.
            (Some((_, '\\')), Some((at, escaped))) => {
                let from = at + escaped.len_utf8();
                self.rest[from..].find('\'').map_or(self.rest.len(), |e| from + e + 1)
            }
            (Some(_), Some((at, '\''))) => at + 1,
            _ => 1,
        };
        self.push(length, Kind::Other);
    }
}

/// Whether a string begins here: the length of its opening, and the hashes of a raw one.
fn string_start(rest: &str) -> Option<(usize, Option<usize>)> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|p| {
        rest.strip_prefix(p).is_some_and(|r| r.trim_start_matches('#').starts_with('"'))
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let raw = prefix.ends_with('r');
    (raw || hashes == 0).then_some((prefix.len() + hashes + 1, raw.then_some(hashes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn clean(path: &str, source: &str) {
        assert_eq!(check(path, source), []);
    }

    #[track_caller]
    fn found(path: &str, source: &str, wanted: &[(usize, &str)]) {
        let faults = check(path, source);
        let seen: Vec<(usize, &str)> = faults
            .iter()
            .map(|f| (f.line, f.what.split(": ").next().unwrap_or_default()))
            .collect();
        assert_eq!(seen, wanted, "{faults:?}");
    }

    #[test]
    fn the_world_is_named_in_the_shell_alone() {
        let source = "use std::{fmt, fs::File};\nuse tokio;\nfn f() { std::env::args(); }\n\
                      fn g(c: rdkafka::Offset) -> std::net::IpAddr {}\n#[tokio::main]\nfn m() {}";
        found(
            "src/engine/fold.rs",
            source,
            &[
                (1, "std::fs::File"),
                (2, "tokio"),
                (3, "std::env::args"),
                (4, "rdkafka::Offset"),
                (4, "std::net::IpAddr"),
                (5, "tokio::main"),
            ],
        );
        clean("src/shell/kafka.rs", source);
        clean("src/main.rs", source);
        found("src/cli.rs", "use std::fs::{self};", &[(1, "std::fs")]);
        found("src/shellac.rs", "use std::fs;", &[(1, "std::fs")]);
        clean("src/wire/mod.rs", "use std::fmt; use core::net::IpAddr; use crate::wire::env;");
    }

    #[test]
    fn comments_and_strings_do_not_count_and_do_not_hide() {
        clean(
            "src/wire/mod.rs",
            r####"//! Not tokio::spawn.
            /* std::fs /* nested */ tokio::x */
            const A: &str = "tokio::spawn \" std::fs::x // ";
            const B: &str = r#"use "tokio::x"; "#;
            const C: &[u8] = b"tokio::x";
            const D: [char; 3] = ['"', '\'', '\u{22}'];
            fn f<'a>(x: &'a str) -> &'a str { x }"####,
        );
        let after = "const D: char = '\"'; fn f<'a>() { tokio::x() } // \"\n/* \" */ tokio::y";
        found("src/wire/mod.rs", after, &[(1, "tokio::x"), (2, "tokio::y")]);
        let after_raw =
            "const A: &str = r#\"\\\"#;\nuse std::fs; const B: &str = \"\\\\\";tokio::x";
        found("src/wire/mod.rs", after_raw, &[(2, "std::fs"), (2, "tokio::x")]);
    }

    #[test]
    fn one_file_reads_the_clock() {
        let source =
            "fn f() { Instant::now(); }\nfn g() { t.elapsed(); }\nlet (now, elapsed) = now();";
        found("src/shell/run.rs", source, &[(1, "Instant::now"), (2, "elapsed")]);
        found("src/metrics/mod.rs", "use jiff::Timestamp::now;", &[(1, "jiff::Timestamp::now")]);
        clean("src/shell/clock.rs", source);
    }

    #[test]
    fn metrics_alone_knows_prometheus_and_names_alone_the_metrics() {
        let library = "use prometheus::{Encoder, TextEncoder};";
        found(
            "src/shell/http.rs",
            library,
            &[(1, "prometheus::Encoder"), (1, "prometheus::TextEncoder")],
        );
        clean("src/metrics/render.rs", library);
        clean("src/shell/http.rs", "let prometheus = 3; // prometheus::x");

        let name = "const A: &str = \"svarstid_up\"; const B: &str = \"not svarstid_up\";";
        found("src/metrics/render.rs", name, &[(1, "\"svarstid_up\"")]);
        clean("src/metrics/names.rs", name);
    }

    #[test]
    fn the_domain_knows_itself_alone() {
        clean("src/domain/contact/mod.rs", "use super::units::Rings; use crate::domain::ids;");
        let escape = "use super::super::wire;\nuse crate::{domain::ids, engine};\n\
                      #[derive(Clone, serde::Serialize)]\n#[derive(Deserialize)]\n\
                      mod inner { use super::super::super::shell; }\nuse super::goal;";
        found(
            "src/domain/contact/mod.rs",
            escape,
            &[
                (1, "crate::wire"),
                (2, "crate::engine"),
                (3, "serde::Serialize"),
                (4, "Deserialize"),
                (5, "crate::shell"),
            ],
        );
    }

    #[test]
    fn the_oracle_shares_nothing_and_the_pure_rooms_know_no_shell() {
        let source = "use crate::{domain::Rings, simulate::day};\nuse super::super::config;";
        found("src/simulate/day.rs", source, &[(1, "crate::domain::Rings"), (2, "crate::config")]);
        clean("src/report/mod.rs", source);
        for room in ["engine", "wire", "metrics", "config", "report"] {
            let path = format!("src/{room}/a.rs");
            found(&path, "use svarstid::shell::clock;", &[(1, "crate::shell::clock")]);
        }
        clean("src/main.rs", "use svarstid::shell::clock;");
    }

    #[test]
    fn nothing_is_switched_off_in_tests_either() {
        let source = "#[test]\n#[ignore]\nfn f() { todo!() }\n\
                      #[cfg(test)]\nmod tests { #[ignore = \"slow\"] fn g() { unimplemented!() } }";
        let wanted = [
            (2, "#[ignore]"),
            (3, "todo! in a program that must not stop"),
            (5, "#[ignore]"),
            (5, "unimplemented! in a program that must not stop"),
        ];
        found("src/wire/mod.rs", source, &wanted);
        found("tests/it/x.rs", source, &wanted);
        clean("src/wire/mod.rs", "// #[ignore] todo!\nlet todo = 1; if !todo {}");
    }

    #[test]
    fn tests_may_do_what_they_need() {
        let source = "#[cfg(test)]\nmod tests {\n use std::fs;\n fn f() { let a = [{ 1 }]; }\n}\n\
                      #[cfg(test)]\nuse std::env;\n";
        clean("src/wire/mod.rs", source);
        let after = format!("{source}use std::net;");
        found("src/wire/mod.rs", &after, &[(8, "std::net")]);
        clean("src/wire/tests.rs", "use std::fs;");
    }

    #[test]
    fn hashed_tables_of_std_are_not_used() {
        let source = "use std::collections::{BTreeMap, HashMap, hash_map::Entry};";
        found(
            "src/shell/run.rs",
            source,
            &[(1, "std::collections::HashMap"), (1, "std::collections::hash_map::Entry")],
        );
        clean("src/shell/run.rs", "use hashbrown::HashMap;");
    }

    #[test]
    fn a_file_has_six_hundred_lines_of_code_at_most() {
        let line = "// said\n\nfn f() {}\n";
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", line.repeat(50));
        clean("src/wire/mod.rs", &format!("{}{tests}", line.repeat(600)));
        found(
            "src/wire/mod.rs",
            &format!("{}{tests}", line.repeat(601)),
            &[(1, "601 lines of code, at most 600")],
        );
    }
}

//! The command line as its callers know it: help, exit codes, what is printed where.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::TempDir;

/// Runs the program with nothing of the test's own settings; gives what it printed and how it
/// ended.
pub(crate) fn svarstid(args: &[&str]) -> Output {
    svarstid_with(args, &[], b"")
}

fn svarstid_with(args: &[&str], environment: &[(&str, &str)], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_svarstid"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SVARSTID_") {
            command.env_remove(name);
        }
    }
    let mut child = command
        .args(args)
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that does not read its input may be gone already.
    drop(child.stdin.take().expect("stdin is piped").write_all(input));
    child.wait_with_output().expect("the program ends")
}

#[track_caller]
pub(crate) fn ends(output: &Output, code: i32) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("output is text");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "stdout:\n{out}\nstderr:\n{err}");
    (out, err)
}

pub(crate) fn shown(path: &Path) -> &str {
    path.to_str().expect("temporary paths are text")
}

#[test]
fn every_command_has_help_with_an_example() {
    let (help, _) = ends(&svarstid(&["--help"]), 0);
    assert!(help.contains("Exit codes: 0 done, 1 failed, 2 wrong usage"), "{help}");
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    for expected in
        ["demo", "run", "simulate", "replay", "report", "forward", "calendar", "check", "health"]
    {
        assert!(commands.contains(&expected), "{commands:?}");
    }
    for name in commands {
        let (help, _) = ends(&svarstid(&[name, "--help"]), 0);
        let example = format!("svarstid {name} ");
        let (_, after) = help.split_once("Example").expect("an example");
        assert!(after.contains(&example), "{help}");
    }
}

#[test]
fn wrong_usage_ends_with_two_and_a_remedy() {
    let folder = TempDir::new();
    let missing = folder.path().join("missing");
    let missing = shown(&missing);
    let day = ["--from", "2026-10-05", "--to", "2026-10-06"];
    let cases: &[(&[&str], &str)] = &[
        (&["run", "--config", missing], "give its path with --config"),
        (&["check", "--config", missing], "give its path with --config"),
        (&["replay", missing], "give the path of a file"),
        (&["replay", "--timezone", "Europe/Oslo", "-"], "there is Europe/Stockholm only"),
        (&["replay", "--interval", "week", "-"], "quarter"),
        (
            &["forward", missing, "--brokers", "127.0.0.1:1", "--topic", "t"],
            "give the path of the log",
        ),
        (&["simulate", "--from", "2026-10-05", "--to", "oktober"], "write it as 2026-10-05"),
        (&["simulate", "--from", "2026-10-05", "--to", "2026-10-05"], "no day between"),
        (&["simulate", day[0], day[1], day[2], day[3], "--brokers", "a:1"], "--topic"),
        (&["demo", "--at", "25:00"], "write it as 10:30"),
        (&["demo", "--speed", "0", "--listen", "127.0.0.1:0"], "outside 0 to 86400"),
        (&["demo", "--until", "09:00"], "not after --at"),
        (&["demo", "--listen", "nowhere"], "write it as 127.0.0.1:9464"),
        (&["dmeo"], "demo"),
    ];
    for (args, remedy) in cases {
        let (out, err) = ends(&svarstid(args), 2);
        assert!(err.contains(remedy), "{args:?} said:\n{err}");
        assert_eq!(out, "", "{args:?}");
    }
}

#[test]
fn check_tells_every_fault_at_once_and_the_environment_overrules_the_file() {
    let folder = TempDir::new();
    let path = folder.path().join("config.toml");
    fs::write(&path, "[http]\nwidow = 1\n[limits]\nlateness_hours = 99\n").unwrap();
    let (out, err) = ends(&svarstid(&["check", "--config", shown(&path)]), 2);
    assert_eq!(out, "");
    assert!(err.contains("http.widow") && err.contains("limits.lateness_hours"), "{err}");
    assert_eq!(err.lines().count(), 2, "{err}");

    fs::write(&path, "[http]\nlisten = \"127.0.0.1:9000\"\n").unwrap();
    let (out, err) = ends(&svarstid(&["check", "--config", shown(&path)]), 0);
    assert!(out.starts_with("ok"), "{out}");
    assert_eq!(err, "");
    let environment = [("SVARSTID_LIMITS_LATENESS_HOURS", "99")];
    let output = svarstid_with(&["check", "--config", shown(&path)], &environment, b"");
    assert!(ends(&output, 2).1.contains("SVARSTID_LIMITS_LATENESS_HOURS"));
}

#[test]
fn the_shipped_configurations_are_free_of_faults() {
    for name in ["svarstid.toml", "demo.toml", "compose.toml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name);
        ends(&svarstid(&["check", "--config", shown(&path)]), 0);
    }
}

#[test]
fn check_online_says_that_nobody_answers() {
    let folder = TempDir::new();
    let path = folder.path().join("config.toml");
    fs::write(&path, "[kafka]\nbrokers = [\"127.0.0.1:1\"]\n[ledger]\nstorage = \"memory\"\n")
        .unwrap();
    let (_, err) = ends(&svarstid(&["check", "--online", "--config", shown(&path)]), 1);
    assert!(err.contains("no broker at 127.0.0.1:1 answers; check kafka.brokers"), "{err}");
}

#[test]
fn a_web_config_that_cannot_be_kept_is_refused_with_all_other_faults() {
    let folder = TempDir::new();
    let [path, web] = ["config.toml", "web.yml"].map(|name| folder.path().join(name));
    let tls = "cert_file: missing.pem, key_file: key.pem";
    fs::write(folder.path().join("key.pem"), "no key").unwrap();
    fs::write(&path, format!("[http]\nwidow = 1\nweb_config_file = {web:?}\n")).unwrap();
    let told = |command: &str, text: &str| {
        fs::write(&web, text).unwrap();
        let (out, err) = ends(&svarstid(&[command, "--config", shown(&path)]), 2);
        assert_eq!(out, "");
        err
    };
    for command in ["check", "run"] {
        let err = told(command, &format!("tls_server_config: {{{tls}, min_version: TLS11}}\n"));
        assert!(err.contains("web.yml: tls_server_config.min_version = \"TLS11\""), "{err}");
        assert!(err.contains("http.widow"), "{err}");
        assert_eq!(err.lines().count(), 2, "{err}");
        let err = told(command, &format!("tls_server_config: {{{tls}}}\n"));
        assert!(err.contains("missing.pem\": cannot be read: No such file"), "{err}");
        assert!(err.contains("key_file = \"key.pem\": holds no private key"), "{err}");
        assert_eq!(err.lines().count(), 3, "{err}");
    }
    fs::remove_file(&web).unwrap();
    let (_, err) = ends(&svarstid(&["check", "--config", shown(&path)]), 2);
    assert!(err.contains("http.web_config_file = \"/"), "{err}");
}

#[test]
fn a_simulated_day_has_the_same_bytes_each_time_and_others_with_another_seed() {
    let folder = TempDir::new();
    let day = |seed: &str, name: &str| {
        let truth = folder.path().join(name);
        let args = ["simulate", "--from", "2026-10-05", "--to", "2026-10-06", "--scale", "0.2"];
        let more = ["--seed", seed, "--truth", shown(&truth)];
        let (out, err) = ends(&svarstid(&[&args[..], &more].concat()), 0);
        assert_eq!(err, "", "no progress when piped");
        (out, fs::read_to_string(&truth).unwrap())
    };
    let first = day("7", "first.json");
    assert!(first.0.lines().count() > 500, "{}", first.0.lines().count());
    assert!(first.0.lines().all(|line| line.starts_with('{') && line.ends_with('}')));
    assert!(first.1.contains("\"rows\""), "{}", first.1);
    assert_eq!(first, day("7", "second.json"));
    assert_ne!(first.0, day("8", "third.json").0);
}

#[test]
fn a_replay_guesses_its_format_from_file_and_input_alike() {
    let folder = TempDir::new();
    let log = b"\n1341093600|1.1|q01|NONE|ENTERQUEUE||0920453000|1\n\
                1341093610|1.1|q01|a|CONNECT|10|1.2|3\n\
                1341093640|1.1|q01|a|COMPLETECALLER|10|30|1\n";
    let path = folder.path().join("queue_log");
    fs::write(&path, log).unwrap();
    let from_file = ends(&svarstid(&["replay", "--json", shown(&path)]), 0);
    let from_input = ends(&svarstid_with(&["replay", "--json", "-"], &[], log), 0);
    assert_eq!(from_file, from_input);
    assert_eq!(from_file.1, "", "no progress when piped");
    let document: serde_json::Value = serde_json::from_str(&from_file.0).expect("one document");
    assert_eq!(document["quality"]["events"], 3);
    assert!(!from_file.0.contains("0920453000"), "numbers never appear");

    let (out, _) = ends(&svarstid(&["simulate", "--from", "2026-10-05", "--to", "2026-10-06"]), 0);
    let (out, _) = ends(&svarstid_with(&["replay", "--csv", "-"], &[], out.as_bytes()), 0);
    assert!(out.lines().count() > 1, "{out}");

    let (_, err) = ends(&svarstid_with(&["replay", "-"], &[], b"<xml/>"), 2);
    assert!(err.contains("name it with --format"), "{err}");
}

#[test]
fn no_bytes_make_a_replay_fail() {
    let mut bytes = vec![b'{'];
    // A fixed sequence of every byte, in lines of all lengths.
    bytes.extend((0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
    for format in ["canonical", "asterisk-queue-log"] {
        let args = ["replay", "--json", "--format", format, "-"];
        let (out, _) = ends(&svarstid_with(&args, &[], &bytes), 0);
        let document: serde_json::Value = serde_json::from_str(&out).expect("one document");
        let rejects = document["quality"]["rejects"].as_object().expect("by reason");
        let rejected: u64 = rejects.values().filter_map(serde_json::Value::as_u64).sum();
        assert_eq!(document["quality"]["events"], rejected, "{format}");
        assert!(rejected > 0, "{format}");
    }
}

#[test]
fn the_calendar_tells_reasons_and_the_hours_of_each_unit() {
    let folder = TempDir::new();
    let config = folder.path().join("config.toml");
    let text = "[opening.default]\nmonday = [\"07:30-16:30\"]\nfriday = [\"07:30-16:30\"]\n\
        half_days = { allhelgonaafton = \"12:00\" }\n\
        [opening.turism]\nsaturday = [\"10:00-15:00\"]\npublic_holidays = \"open\"\n\
        [[department]]\nslug = \"vaxel\"\n\
        [[department]]\nslug = \"turistbyran\"\nopening = \"turism\"\n";
    fs::write(&config, text).unwrap();
    let asked = ["calendar", "--year", "2026", "--json", "--config", shown(&config)];
    let (out, _) = ends(&svarstid(&asked), 0);
    let year: serde_json::Value = serde_json::from_str(&out).expect("one document");
    let days = year["days"].as_array().unwrap();
    assert_eq!(days.len(), 365);
    assert_eq!(year["working_days"], 251);
    let day = |date: &str| days.iter().find(|day| day["date"] == date).unwrap();
    let open = |date: &str, unit: &str| day(date)["open"][unit].clone();
    let span = |from: &str, until: &str| serde_json::json!([{"from": from, "until": until}]);

    assert_eq!(day("2026-06-19")["working"], false);
    assert_eq!(day("2026-06-19")["reason"], "midsommarafton");
    assert_eq!(day("2026-06-22")["reason"], serde_json::Value::Null);
    assert_eq!(day("2026-01-02")["squeeze_day"], true);
    assert_eq!(day("2026-03-29")["hours"], 23);
    assert_eq!(day("2026-10-25")["hours"], 25);
    assert_eq!(open("2026-06-19", "vaxel"), serde_json::json!([]));
    assert_eq!(open("2026-06-22", "vaxel"), span("07:30", "16:30"));
    assert_eq!(open("2026-10-30", "vaxel"), span("07:30", "12:00"));
    // 6 June is a Saturday: closed at the switchboard, open where holidays are.
    assert_eq!(open("2026-06-06", "turistbyran"), span("10:00", "15:00"));

    let one = [&asked[..], &["--unit", "turistbyran"]].concat();
    let (out, _) = ends(&svarstid(&one), 0);
    assert!(out.contains("turistbyran") && !out.contains("vaxel"));
    let (out, _) = ends(&svarstid(&["calendar", "--year", "2026"]), 0);
    assert!(out.contains("2026-06-19  fredag   off      midsommarafton\n"), "{out}");
    // A Thursday before midsommarafton, at a quarter to five: Monday and Tuesday, or one day more.
    let asked_at = ["calendar", "--deadline", "2026-06-18T16:45:00+02:00"];
    let (out, _) = ends(&svarstid(&[&asked_at[..], &["--json"]].concat()), 0);
    let deadlines: serde_json::Value = serde_json::from_str(&out).expect("one document");
    assert_eq!(
        deadlines,
        serde_json::json!({
            "strict": "2026-06-24T00:00:00+02:00", "roll": "2026-06-24T00:00:00+02:00",
            "roll_cutoff": "2026-06-25T00:00:00+02:00",
        })
    );
    let (out, _) = ends(&svarstid(&asked_at), 0);
    assert!(out.contains("strict       2026-06-24T00:00:00+02:00\n"), "{out}");
    for (args, remedy) in [
        (&["calendar", "--year", "1999"][..], "take one from 2000 to 2099"),
        (&["calendar", "--deadline", "2026-06-18T16:45"], "write it as 2026-06-18T15:04:00+02:00"),
        (&[&asked[..], &["--unit", "kansli"]].concat(), "there are vaxel, turistbyran"),
    ] {
        let (out, err) = ends(&svarstid(args), 2);
        assert!(err.contains(remedy) && out.is_empty(), "{args:?} said:\n{err}");
    }
}

//! Settings as people write them, right and wrong.

use super::*;
use crate::domain::calendar::{Day, Zone};
use crate::domain::ids::{Department, Queue};
use crate::domain::question::DeadlineRule;
use crate::domain::rules::Targets;
use crate::domain::units::{Millis, Timestamp};

const EXAMPLE: &str = include_str!("../../config/svarstid.toml");

fn parse(text: &str) -> Config {
    Config::parse(text, &[]).unwrap_or_else(|faults| panic!("{}", told(&faults)))
}

fn told(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

/// What a person is told about a file.
fn faults_of(text: &str) -> String {
    Config::parse(text, &[]).map_or_else(|faults| told(&faults), |_| String::new())
}

fn start(text: &str) -> Timestamp {
    Zone::stockholm().day_start(Day::parse(text).unwrap())
}

/// The example with its commented settings switched on.
fn full_example() -> String {
    let on = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting.to_owned(),
        _ => line.to_owned(),
    };
    let text: Vec<String> = EXAMPLE.lines().map(on).collect();
    text.join("\n").replace("\"plaintext\"", "\"sasl_ssl\"")
}

#[test]
fn the_example_says_what_the_program_does_without_it() {
    assert_eq!(parse(EXAMPLE), Config::default());
}

#[test]
fn the_examples_optional_settings_are_valid_too() {
    let config = parse(&full_example());
    assert_eq!(config.kafka.security_protocol, SecurityProtocol::SaslSsl);
    assert_eq!(
        config.kafka.properties,
        [("socket.keepalive.enable".to_owned(), "true".to_owned())]
    );
    let slugs: Vec<&str> = config.departments().iter().map(|entry| entry.slug.as_str()).collect();
    assert_eq!(slugs, ["kundtjanst", "kultur-fritid", "vaxel"]);
}

/// Every key that the program takes is in the example: a wrong key makes it list what there is.
#[test]
fn the_example_mentions_every_key() {
    let sections = [
        "kafka",
        "topics",
        "ledger",
        "http",
        "limits",
        "commit",
        "privacy",
        "log",
        "publish",
        "rules",
        "goals",
        "switchboard",
        "opening.x",
    ];
    let lists = ["change", "department", "queue"];
    let headers = sections
        .iter()
        .map(|name| format!("[{name}]"))
        .chain(lists.iter().map(|name| format!("[[{name}]]")));
    for header in headers {
        let faults = Config::parse(&format!("{header}\nqqqqqqqqqq = 1"), &[]).unwrap_err();
        let known = faults.iter().find(|fault| fault.problem == "unknown key").unwrap();
        let keys = known.remedy.strip_prefix("there are: ").unwrap();
        for key in keys.split(", ") {
            let mentioned = EXAMPLE.contains(&format!("{key} ="));
            assert!(mentioned, "{header} {key} is not in the example");
        }
    }
}

#[test]
fn every_fault_of_a_file_is_told_at_once() {
    let told = faults_of(include_str!("tests/bad.toml"));
    assert!(!told.contains("hunter2"), "a secret was told: {told}");
    assert_eq!(told, include_str!("tests/bad.txt"), "{told}");
}

#[test]
fn a_text_that_is_no_toml_is_told_by_its_lines() {
    let told = faults_of("[kafka]\ngroup = \n[http]\nlisten = \"a\nx");
    assert_eq!(
        told,
        "config: line 2: string values must be quoted, expected literal string; write it as TOML\n\
         config: line 4: invalid basic string, expected `\"`; write it as TOML\n\
         config: line 5: key with no value, expected `=`; write it as TOML\n"
    );
}

#[test]
fn a_slip_of_the_fingers_is_recognised() {
    for (text, remedy) in [
        ("[htpp]\n", "did you mean \"http\"?"),
        ("[kafka]\nbroker = []", "did you mean \"brokers\"?"),
        ("[limits]\nlatenes_hours = 3", "did you mean \"lateness_hours\"?"),
        ("[commit]\nzzz = 3", "there are: interval_ms, idle_interval_ms, max_events"),
    ] {
        let faults = Config::parse(text, &[]).unwrap_err();
        assert_eq!(faults.len(), 1, "{}", told(&faults));
        assert_eq!(faults[0].remedy, remedy);
    }
    assert_eq!(
        Fault::new("windows.widow", "\"x\"", "unknown key", "did you mean \"window\"?").to_string(),
        "config: windows.widow = \"x\": unknown key; did you mean \"window\"?"
    );
}

#[test]
fn the_environment_overrules_the_file() {
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    };
    let file = "[kafka]\nbrokers = [\"a:1\"]\n[limits]\nqueues = 5\n[http]\nlisten = \"a:1\"";
    let given = pairs(&[
        ("SVARSTID_KAFKA_BROKERS", "b:1, c:2"),
        ("SVARSTID_LIMITS_QUEUES", "7"),
        ("SVARSTID_HTTP_LISTEN", ""),
        ("SVARSTID_RULES_SHORT_ABANDON_SECONDS", "2.5"),
        ("SVARSTID_KAFKA_SERVICE_HOST", "10.0.0.1"),
        ("SVARSTID_KAFKA_PORT_9092_TCP_ADDR", "10.0.0.1"),
        ("SVARSTID_SERVICE_PORT", "9464"),
        ("SVARSTID_CONFIG", "x.toml"),
        ("PATH", "/bin"),
    ]);
    let config = Config::parse(file, &given).unwrap();
    assert_eq!(config.kafka.brokers, ["b:1", "c:2"]);
    assert_eq!(config.limits.queues, 7);
    assert_eq!(config.http.listen, "a:1");
    let rules = config.rules(&config.names());
    assert_eq!(rules.at(start("2026-01-01")).short_abandon, Millis(2_500));

    let wrong = pairs(&[
        ("SVARSTID_LIMITS_QUEUES", "many"),
        ("SVARSTID_LIMIT_QUEUES", "7"),
        ("SVARSTID_KAFKA_GROPU", "x"),
        ("SVARSTID_KAFKA_SASL_PASSWORD", "hunter2"),
    ]);
    let faults = told(&Config::parse("", &wrong).unwrap_err());
    assert_eq!(
        faults,
        "config: SVARSTID_LIMIT_QUEUES = …: unknown section; \
         did you mean \"SVARSTID_LIMITS_QUEUES\"?\n\
         config: SVARSTID_KAFKA_SASL_PASSWORD = …: secrets are not written here; \
         put it in a file that only the daemon reads and set kafka.sasl_password_file\n\
         config: SVARSTID_KAFKA_GROPU = …: unknown key; did you mean \"group\"?\n\
         config: SVARSTID_LIMITS_QUEUES = \"many\": is not a whole number; \
         give a whole number of queues from 1 to 60000\n"
    );
}

#[test]
fn a_password_in_the_wrong_place_is_never_repeated() {
    for text in [
        "[kafka]\nproperties = \"sasl.password=hunter2\"",
        "[kafka]\nproperties = { \"sasl.password\" = \"hunter2\" }",
        "[kafka]\nsasl_pasword = \"hunter2\"\npassword = \"hunter2\"",
        "[kafka]\nsasl_password = hunter2",
        "password = \"hunter2\"",
    ] {
        let told = faults_of(text);
        assert!(!told.is_empty() && !told.contains("hunter2"), "{told}");
    }
}

const MUNICIPALITY: &str = r#"
[rules]
version = 3
rings = 3
ring_period_seconds = 5
[goals]
sm1_percent = 85
[switchboard]
department = "kundtjanst"
[[change]]
valid_from = "2026-07-01"
queue_limit_seconds = 240
[[change]]
valid_from = "2027-01-01"
sm1_percent = 90
switchboard_department = "vaxel"
[[opening.museum]]
saturday = ["10:00-14:00"]
[[opening.museum]]
valid_from = "2026-12-01"
sunday = ["10:00-14:00"]
[[department]]
slug = "kundtjanst"
name = "Kundtjänst"
queues = ["q01"]
[[department]]
slug = "kultur"
queues = ["q02", "q03"]
opening = "museum"
[[queue]]
name = "q03"
department = "kundtjanst"
valid_from = "2026-07-15"
"#;

#[test]
fn names_come_in_the_order_of_the_file() {
    let config = parse(MUNICIPALITY);
    let names = config.names();
    let departments: Vec<&str> = names.departments.iter().collect();
    assert_eq!(departments, ["okand", "kundtjanst", "kultur", "vaxel"]);
    assert_eq!(names.queues.iter().collect::<Vec<_>>(), ["q01", "q02", "q03"]);
    assert!(!names.open);
    assert_eq!(config.department_name("kundtjanst"), "Kundtjänst");
    assert_eq!(config.department_name("kultur"), "kultur");
    assert_eq!(config.department_name("okand"), "Okänd förvaltning");
}

#[test]
fn rules_change_on_their_days_and_keep_what_a_change_leaves_out() {
    let config = parse(MUNICIPALITY);
    let rules = config.rules(&config.names());
    assert_eq!(rules.version(), 3);
    let before = rules.at(start("2013-12-31"));
    assert_eq!((before.targets, before.switchboard_limit), (None, Millis(15_000)));
    let summer = rules.at(start("2026-07-01"));
    assert_eq!(summer.queue_limit, Millis(240_000));
    assert_eq!(summer.targets, Some(Targets { sm1_percent: 85, ..Targets::GUIDELINE }));
    assert_eq!(summer.switchboard_department, Department(1));
    let later = rules.at(start("2027-01-01"));
    assert_eq!(later.queue_limit, Millis(240_000));
    assert_eq!(later.targets, Some(Targets::GUIDELINE));
    assert_eq!(later.switchboard_department, Department(3));
    assert_eq!(rules.at(start("2026-06-30")).queue_limit, Millis(300_000));
}

#[test]
fn limits_before_their_first_day_are_the_guidelines() {
    let config = parse("[rules]\nvalid_from = 2026-01-01\nqueue_limit_seconds = 180");
    let rules = config.rules(&config.names());
    let eve = start("2026-01-01").minus(Millis(1));
    assert_eq!(rules.at(eve).queue_limit, Millis(300_000));
    assert_eq!(rules.at(eve).targets, Some(Targets::GUIDELINE));
    assert_eq!(rules.at(start("2026-01-01")).queue_limit, Millis(180_000));
}

#[test]
fn queues_and_hours_follow_the_departments() {
    let config = parse(MUNICIPALITY);
    let rules = config.rules(&config.names());
    let of = |queue, at| rules.department_of(Some(Queue(queue)), None, at);
    assert_eq!(of(0, start("2026-07-15")), Department(1));
    assert_eq!(of(2, start("2026-07-15").minus(Millis(1))), Department(2));
    assert_eq!(of(2, start("2026-07-15")), Department(1));
    assert_eq!(of(3, start("2026-07-15")), Department::UNKNOWN);
    let noon = |date| Zone::stockholm().at_wall_clock(Day::parse(date).unwrap(), 12 * 60);
    assert!(rules.is_open(Department(2), noon("2026-11-14")));
    assert!(!rules.is_open(Department(2), noon("2026-12-05")));
    assert!(rules.is_open(Department(2), noon("2026-12-06")));
    assert!(rules.is_open(Department(1), noon("2026-11-13")));
    assert!(!rules.is_open(Department(1), noon("2026-11-14")));
}

#[test]
fn the_ledgers_text_of_the_rules_means_the_same() {
    let fine = "[rules]\nshort_abandon_seconds = 2.125\nvalid_from = 2020-05-17";
    for text in ["", MUNICIPALITY, &full_example(), fine] {
        let config = parse(text);
        let written = config.rules_text();
        assert_eq!(parse(&written).figures, config.figures);
        assert_eq!(parse(&written).rules_text(), written);
        let mut other = parse("[kafka]\ngroup = \"other\"");
        other.adopt_rules(&written).unwrap();
        assert_eq!((&other.figures, other.kafka.group.as_str()), (&config.figures, "other"));
    }
}

#[test]
fn the_rule_for_questions_changes_on_its_day_and_leaves_no_trace_while_it_is_the_guidelines() {
    let text = "[[change]]\nvalid_from = 2027-01-01\nquestion_deadline = \"roll_cutoff\"\n\
                [[change]]\nvalid_from = 2027-07-01\nquestion_deadline = \"strict\"\n";
    let config = parse(text);
    let rules = config.rules(&config.names());
    let on = |day| rules.at(start(day)).question_deadline;
    assert_eq!(on("2026-12-31"), DeadlineRule::Strict);
    assert_eq!(on("2027-01-01"), DeadlineRule::RollCutoff);
    assert_eq!(on("2027-07-01"), DeadlineRule::Strict);
    let written = config.rules_text();
    assert_eq!(parse(&written).figures, config.figures);
    // A ledger of a time before there was a choice has the same text as one without a choice made.
    assert!(!parse("").rules_text().contains("question_deadline"));
    let strict = "[rules]\nquestion_deadline = \"strict\"";
    assert_eq!(parse(strict).rules_text(), parse("").rules_text());
    let faults = faults_of("[rules]\nquestion_deadline = \"stric\"");
    assert!(faults.contains("strict"), "{faults}");
}

#[test]
fn the_ledgers_text_does_not_depend_on_how_a_file_is_written() {
    let one = "# A comment.\n[rules]\nrings = 3\nring_period_seconds = 5\n[opening.default]\n\
               monday = ['08:00-12:00', '13:00-16:00']\nclosed = [2026-12-28, 2026-01-02]";
    let other = "opening.default.closed = ['2026-01-02']\n\
                 opening.default.special.2026-12-28 = []\n\
                 opening.default.monday = ['08:00–12:00', '13:00 - 16:00']";
    assert_eq!(parse(one).rules_text(), parse(other).rules_text());
    assert_ne!(parse(one).rules_text(), parse("").rules_text());
}

#[test]
fn rules_that_do_not_fit_are_not_adopted() {
    let mut small = parse("[limits]\ndepartments = 2");
    let before = small.clone();
    let faults = told(&small.adopt_rules(&parse(MUNICIPALITY).rules_text()).unwrap_err());
    assert!(faults.contains("is too small for the 3 that are configured"), "{faults}");
    assert_eq!(small, before);
}

#[test]
fn more_departments_than_there_is_room_for_is_a_fault() {
    let text = "[limits]\ndepartments = 1\n[[department]]\nslug = \"a\"";
    assert_eq!(
        faults_of(text),
        "config: limits.departments = 1: is too small for the 2 that are configured; \
         set limits.departments to 2 or more\n"
    );
}

#[test]
fn what_is_published_is_told_in_known_words() {
    let publish =
        parse("[publish]\nperiods = [\"year\", \"month\"]\nat = \"06:05\"\nalso = [\"2025\"]")
            .publish;
    let kinds: Vec<&str> = publish.schedule.kinds.iter().map(|kind| kind.name()).collect();
    assert_eq!((kinds, publish.schedule.minute), (vec!["month", "year"], 365));
    assert_eq!(publish.schedule.also, ["2025".parse().unwrap()]);
    assert!(!publish.is_made_here());
    assert!(parse("[publish]\nperiods = []").publish.schedule.kinds.is_empty());
    let text = "[publish]\nperiods = [\"months\"]\nworking_day = 0\nat = \"7:00\"\nformats = []\n\
                also = [\"2026-W41\", \"x\"]\nlanguages = [\"se\"]";
    assert_eq!(
        faults_of(text),
        "config: publish.periods = \"months\": is none of the possible values; did you mean \"month\"?\n\
         config: publish.working_day = 0: is out of range; give a whole number of working days from 1 to 15\n\
         config: publish.at = \"7:00\": is no time of day; write \"07:00\"\n\
         config: publish.also = \"2026-W41\": is no month, tertial, January–August or year; write \
         \"2026-01\", \"2026-T1\", \"2026-jan-aug\" or \"2026\"\n\
         config: publish.also = \"x\": is no month, tertial, January–August or year; write \
         \"2026-01\", \"2026-T1\", \"2026-jan-aug\" or \"2026\"\n\
         config: publish.languages = \"se\": is none of the possible values; did you mean \"sv\"?\n\
         config: publish.formats = []: is empty; there are: html, csv, xlsx, json\n"
    );
}

#[test]
fn a_ledger_in_memory_is_never_published() {
    let text = "[ledger]\nstorage = \"memory\"\n[publish]\n";
    assert_eq!(faults_of(text), "");
    for key in ["directory = \"reports\"", "topic = true"] {
        let told = faults_of(&format!("{text}{key}"));
        assert!(told.contains("can be read again; leave it out"), "{told}");
    }
}

//! Settings as people write them, right and wrong.

use super::*;
use crate::domain::calendar::{Day, Zone};
use crate::domain::goal::GoalId;
use crate::domain::ids::{Department, Queue};
use crate::domain::question::DeadlineRule;
use crate::domain::rules::Rules;
use crate::domain::units::{Millis, Timestamp};

const EXAMPLE: &str = include_str!("../../config/svarstid.toml");
const GOALS: &str = include_str!("../../config/goals.toml");

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

/// A configuration with its goal list in a file of its own.
fn parse_goals(goals: &str) -> Result<Config, Vec<Fault>> {
    let file = GoalsFile::Text(goals.to_owned());
    Config::parse_with("[goals]\nfile = \"goals.toml\"", &[], &file)
}

/// A goal's level on a day in whole percent, and whether it is carried over.
fn level(rules: &Rules, goal: GoalId, date: &str) -> Option<(u8, bool)> {
    let level = rules.level(goal, Day::parse(date).unwrap())?;
    Some((level.percent, level.carried_over))
}

/// An entry of the goal list with some keys of its own.
fn goal(keys: &[(&str, &str)]) -> String {
    let usual = [
        ("id", "\"FCR\""),
        ("direction", "\"at_least\""),
        ("percent", "80"),
        ("valid_from", "\"2027-01-01\""),
        ("decided_by", "\"kommundirektören\""),
        ("decided_on", "\"2026-11-02\""),
        ("definition", "\"FCR.1\""),
    ];
    let kept = usual.iter().filter(|(key, _)| keys.iter().all(|(own, _)| own != key));
    let all = kept.chain(keys).filter(|(_, value)| !value.is_empty());
    all.fold("[[goal]]\n".to_owned(), |text, (key, value)| format!("{text}{key} = {value}\n"))
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
    let file = GoalsFile::Text(GOALS.to_owned());
    let config = Config::parse_with(&full_example(), &[], &file).unwrap();
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
    let lists = ["change", "department", "queue", "goal", "desk", "membership"];
    let headers = sections
        .iter()
        .map(|name| format!("[{name}]"))
        .chain(lists.iter().map(|name| format!("[[{name}]]")));
    for header in headers {
        let faults = Config::parse(&format!("{header}\nqqqqqqqqqq = 1"), &[]).unwrap_err();
        let known = faults.iter().find(|fault| fault.problem == "unknown key").unwrap();
        let keys = known.remedy.strip_prefix("there are: ").unwrap();
        for key in keys.split(", ") {
            let mentioned = match header.as_str() {
                "[[goal]]" => GOALS.contains(&format!("#   {key} ")),
                _ => EXAMPLE.contains(&format!("{key} =")),
            };
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
[switchboard]
department = "kundtjanst"
[[goal]]
id = "SM1"
direction = "at_least"
percent = 85
valid_from = "2025-01-01"
valid_until = "2026-12-31"
decided_by = "kommundirektören"
decided_on = "2024-11-04"
definition = "SM1.1"
[[change]]
valid_from = "2026-07-01"
queue_limit_seconds = 240
[[change]]
valid_from = "2027-01-01"
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
    assert_eq!(before.switchboard_limit, Millis(15_000));
    let summer = rules.at(start("2026-07-01"));
    assert_eq!(summer.queue_limit, Millis(240_000));
    assert_eq!(summer.switchboard_department, Department(1));
    let later = rules.at(start("2027-01-01"));
    assert_eq!(later.queue_limit, Millis(240_000));
    assert_eq!(later.switchboard_department, Department(3));
    assert_eq!(rules.at(start("2026-06-30")).queue_limit, Millis(300_000));
}

#[test]
fn the_shipped_goal_list_is_what_holds_without_one() {
    assert_eq!(parse_goals(GOALS).unwrap(), Config::default());
    assert_eq!(parse_goals(GOALS).unwrap().rules_text(), parse("").rules_text());
}

#[test]
fn a_goal_of_the_list_has_no_other_levels_and_the_others_keep_the_guidelines() {
    let config = parse(MUNICIPALITY);
    let rules = config.rules(&config.names());
    assert_eq!(level(&rules, GoalId::Sm1, "2024-12-31"), None);
    assert_eq!(level(&rules, GoalId::Sm1, "2025-01-01"), Some((85, false)));
    assert_eq!(level(&rules, GoalId::Sm1, "2026-12-31"), Some((85, false)));
    assert_eq!(level(&rules, GoalId::Sm1, "2027-01-01"), Some((85, true)));
    assert_eq!(level(&rules, GoalId::Sm2, "2013-12-31"), None);
    assert_eq!(level(&rules, GoalId::Sm2, "2014-01-01"), Some((90, false)));
    assert_eq!(level(&rules, GoalId::Fcr, "2026-01-01"), Some((80, true)));
}

#[test]
fn a_list_says_the_same_here_and_in_its_own_file_whatever_the_order() {
    let [first, then] = [goal(&[]), goal(&[("valid_from", "2027-07-01"), ("percent", "85")])];
    let file = parse_goals(&format!("{first}{then}")).unwrap();
    assert_eq!(parse(&format!("{then}{first}")).rules_text(), file.rules_text());
    let rules = file.rules(&file.names());
    assert_eq!(level(&rules, GoalId::Fcr, "2027-06-30"), Some((80, false)));
    assert_eq!(level(&rules, GoalId::Fcr, "2027-07-01"), Some((85, false)));
    assert_eq!(level(&rules, GoalId::Fcr, "2028-01-01"), Some((85, true)));
    // A decision may come after the days that it speaks of, and be known to the year only.
    let late = parse(&goal(&[("decided_on", "2027-03-01")]));
    assert_ne!(late.rules_text(), parse(&goal(&[("decided_on", "\"2027\"")])).rules_text());
}

#[test]
fn every_fault_of_a_goal_list_is_told_at_once() {
    let bad = include_str!("tests/bad_goals.toml");
    let told_of = told(&parse_goals(bad).unwrap_err());
    assert_eq!(told_of, include_str!("tests/bad_goals.txt"), "{told_of}");
    let here = faults_of(bad);
    assert!(here.contains("config: goal[1].id = \"SM5\""), "{here}");
}

#[test]
fn a_goal_list_that_is_not_there_is_told_with_everything_else() {
    let text = "[goals]\nfile = \"goals.toml\"\n[htpp]\n";
    let of = |file: GoalsFile| told(&Config::parse_with(text, &[], &file).unwrap_err());
    let rest = "; name a readable file, relative to the configuration, or remove the key\n\
                config: htpp: unknown section; did you mean \"http\"?\n";
    assert_eq!(
        of(GoalsFile::Unreadable("no such file".to_owned())),
        format!("config: goals.file = \"goals.toml\": cannot be read: no such file{rest}")
    );
    let unread = format!("config: goals.file = \"goals.toml\": was not read{rest}");
    assert_eq!(of(GoalsFile::NotRead), unread);
    assert_eq!(faults_of(text), unread);
    for empty in ["", "# nothing\n"] {
        let told = told(&parse_goals(empty).unwrap_err());
        assert_eq!(
            told,
            "config: goals.file = \"goals.toml\": holds no goal; \
             write [[goal]] before each entry, or remove the key\n"
        );
    }
    let both = format!("[goals]\nfile = \"goals.toml\"\n{}", goal(&[]));
    let twice = Config::parse_with(&both, &[], &GoalsFile::Text(goal(&[]))).unwrap_err();
    assert_eq!(
        told(&twice),
        "config: goal: is written here while goals.file = \"goals.toml\" holds the goals; \
         keep the list in one place\n"
    );
    assert_eq!(Config::goals_file(text, &[]).as_deref(), Some("goals.toml"));
    assert_eq!(Config::goals_file("", &[]), None);
}

#[test]
fn a_goal_list_has_a_bound() {
    let many = goal(&[]).repeat(501);
    let found = told(&Config::parse(&many, &[]).unwrap_err());
    assert!(
        found.contains("config: goal = 501: are too many entries; keep at most 500"),
        "{found}"
    );
}

#[test]
fn limits_before_their_first_day_are_the_guidelines() {
    let config = parse("[rules]\nvalid_from = 2026-01-01\nqueue_limit_seconds = 180");
    let rules = config.rules(&config.names());
    let eve = start("2026-01-01").minus(Millis(1));
    assert_eq!(rules.at(eve).queue_limit, Millis(300_000));
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
    let file = GoalsFile::Text(goal(&[("percent", "85")]));
    for text in ["", MUNICIPALITY, &full_example(), fine] {
        let config = Config::parse_with(text, &[], &file).unwrap();
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

/// Two departments, three queues and a pool, before what is added.
const TWO_DESKS: &str = r#"
    [[department]]
    slug = "social"
    queues = ["s"]
    [[department]]
    slug = "kultur"
    queues = ["k", "p"]
    [[desk]]
    slug = "samlad"
    name = "Samlad kundtjänst"
    queues = ["p"]
    [[desk]]
    slug = "ovrig"
    kind = "own"
"#;

#[test]
fn a_department_joins_a_desk_on_a_day_and_leaves_it() {
    use crate::domain::desk::{Desk, DeskKind};
    let text = format!(
        "{TWO_DESKS}
         [[membership]]\ndepartment = \"social\"\ndesk = \"samlad\"\nvalid_from = \"2026-10-15\"
         [[membership]]\ndepartment = \"social\"\ndesk = \"ovrig\"\nvalid_from = \"2026-11-02\"
         valid_until = \"2026-11-30\""
    );
    let config = parse(&text);
    let rules = config.rules(&config.names());
    let (social, culture) = (Department(1), Department(2));
    let of = |department, queue: Option<u16>, day| {
        rules.desk_of(department, queue.map(Queue), Day::parse(day).unwrap())
    };
    assert_eq!(of(social, Some(0), "2026-10-14"), Desk::Of(social));
    assert_eq!(of(social, Some(0), "2026-10-15"), Desk::Named(0));
    assert_eq!(of(social, None, "2026-11-01"), Desk::Named(0));
    assert_eq!(of(social, None, "2026-11-02"), Desk::Named(1));
    assert_eq!(of(social, None, "2026-12-01"), Desk::Of(social));
    assert_eq!(of(culture, Some(1), "2026-10-14"), Desk::Of(culture));
    assert_eq!(of(culture, Some(2), "2026-10-14"), Desk::Named(0));
    assert_eq!(rules.desks().entries()[1].kind, DeskKind::Own);
    // The ledger's own text says the same.
    let mut adopted = Config::default();
    adopted.adopt_rules(&config.rules_text()).unwrap();
    assert_eq!(adopted.rules_text(), config.rules_text());
    assert_eq!(adopted.figures, config.figures);
    assert!(!parse("").rules_text().contains("desk"));
}

#[test]
fn nobody_is_in_two_desks_on_one_day() {
    let member = |desk: &str, dates: &str| {
        format!("[[membership]]\ndepartment = \"social\"\ndesk = \"{desk}\"\n{dates}\n")
    };
    let until = "valid_until = \"2026-10-15\"";
    let [at, after] = ["2026-10-15", "2026-10-16"].map(|day| format!("valid_from = \"{day}\""));
    let told = |members: String| faults_of(&format!("{TWO_DESKS}{members}"));
    for (members, fault) in [
        (member("samlad", until) + &member("ovrig", &after), ""),
        (
            member("samlad", until) + &member("ovrig", &at),
            "config: membership.social.department = \"social\": is in two desks on 2026-10-15, \
             \"samlad\" too; let valid_until of the earlier be the day before valid_from of the \
             later\n",
        ),
        (
            member("ovrig", &at) + &member("samlad", until),
            "is in two desks on 2026-10-15, \"ovrig\" too;",
        ),
        (
            member("samlad", "") + &member("samlad", ""),
            "is in the desk \"samlad\" twice on the beginning",
        ),
        (
            member("samlad", &format!("{after}\n{until}")),
            "membership.social.valid_until = \"2026-10-15\": is before 2026-10-16, the first day;",
        ),
        (
            member("samlat", ""),
            "membership.social.desk = \"samlat\": is no desk; did you mean \"samlad\"?",
        ),
        (
            "[[membership]]\ndepartment = \"socail\"\ndesk = \"samlad\"".to_owned(),
            "membership.socail.department = \"socail\": is no department; did you mean \"social\"?",
        ),
        (
            "[[membership]]\nqueue = \"zz\"\ndesk = \"samlad\"".to_owned(),
            "membership.zz.queue = \"zz\": is no department's queue; there are: s, k, p",
        ),
        (
            "[[membership]]\nqueue = \"s\"\ndepartment = \"social\"".to_owned(),
            "membership.social.queue = \"s\": stands beside a department;",
        ),
        ("[[membership]]\ndesk = \"samlad\"".to_owned(), "membership[1].department: is missing;"),
        (
            "[[desk]]\nslug = \"social\"".to_owned(),
            "desk.social.slug = \"social\": is a department's slug; choose another;",
        ),
        ("[[desk]]\nslug = \"samlad\"".to_owned(), "is given twice;"),
        ("[[desk]]\nslug = \"x\"\nkind = \"pool\"".to_owned(), "there are: pooled, own"),
    ] {
        let told = told(members);
        let fits = if fault.is_empty() { told.is_empty() } else { told.contains(fault) };
        assert!(fits && told.lines().count() <= 1, "{told}");
    }
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

#[test]
fn nothing_is_published_before_the_last_questions_are_decided() {
    let day = |text: &str| parse(text).publish.schedule.working_day;
    assert_eq!(day(""), 3);
    assert_eq!(day("[publish]\nworking_day = 1"), 3);
    assert_eq!(day("[rules]\nquestion_deadline = \"roll\""), 4);
    assert_eq!(day("[rules]\nquestion_deadline = \"roll_cutoff\"\n[publish]\nworking_day = 5"), 5);
}

#[test]
fn a_proxy_is_believed_by_its_headers_name_and_its_address() {
    let http = |text: &str| Config::parse(&format!("[http]\n{text}"), &[]);
    assert_eq!(http("trusted_proxies = [\"10.0.0.1\"]").unwrap().http.trusted_proxy, None);
    let proxy = http("trusted_proxy_header = \"X-Remote-User\"").unwrap().http.trusted_proxy;
    let proxy = proxy.unwrap();
    assert_eq!(proxy.header, "X-Remote-User");
    assert_eq!(proxy.peers, ["127.0.0.1".parse::<core::net::IpAddr>().unwrap()]);
    let both =
        "trusted_proxy_header = \"X-User\"\ntrusted_proxies = [\"::1\", \"::ffff:10.0.0.1\"]";
    let peers = http(both).unwrap().http.trusted_proxy.unwrap().peers;
    let wanted = ["::1", "10.0.0.1"].map(|text| text.parse::<core::net::IpAddr>().unwrap());
    assert_eq!(peers, wanted, "as connections tell them");
    for (text, fault) in [
        ("trusted_proxy_header = \"X Remote\"", "is no name of a header"),
        ("trusted_proxy_header = \"X-Remote-Användare\"", "is no name of a header"),
        ("trusted_proxy_header = \"Cookie\"", "is a header that every client may send"),
        ("trusted_proxy_header = \"\"", "is empty"),
        ("trusted_proxies = [\"10.0.0.0/8\"]", "is not an address"),
        ("trusted_proxies = [\"proxy\"]", "is not an address"),
        ("trusted_proxy_header = \"X-User\"\ntrusted_proxies = []", "lets nobody set the header"),
        ("public_without_password = \"ja\"", "is neither true nor false"),
    ] {
        let faults = http(text).unwrap_err();
        assert_eq!(faults.len(), 1, "{text}: {}", told(&faults));
        assert_eq!(faults[0].problem, fault, "{text}");
    }
}

//! How the daemon runs: brokers, topics, addresses, bounds. Nothing here changes a figure, except
//! the bounds that say what is dropped.

use core::net::IpAddr;

use super::raw::{Section, is_secret, shown};

/// `[kafka]`: how to reach the brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kafka {
    /// Host and port of at least one broker.
    pub brokers: Vec<String>,
    /// Name of the consumer group that shares the partitions.
    pub group: String,
    /// Seconds after which the group takes an instance that says nothing for dead.
    pub session_timeout_seconds: u32,
    /// How this instance names itself to the brokers.
    pub client_id: String,
    /// Encryption and authentication on the way to the brokers.
    pub security_protocol: SecurityProtocol,
    /// `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512`, `GSSAPI` or `OAUTHBEARER`; set exactly when the
    /// protocol is one with SASL.
    pub sasl_mechanism: Option<String>,
    /// User for SASL.
    pub sasl_username: Option<String>,
    /// File that holds the SASL password.
    pub sasl_password_file: Option<String>,
    /// File with the authorities that may sign the brokers' certificates.
    pub ssl_ca_file: Option<String>,
    /// File with the daemon's own certificate.
    pub ssl_certificate_file: Option<String>,
    /// File with the key of the certificate.
    pub ssl_key_file: Option<String>,
    /// File that holds the password of the key.
    pub ssl_key_password_file: Option<String>,
    /// Other settings of the client library, passed through in the order of their names.
    pub properties: Vec<(String, String)>,
}

/// Encryption and authentication on the way to the brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityProtocol {
    /// Neither.
    Plaintext,
    /// Encrypted.
    Ssl,
    /// Authenticated in the open.
    SaslPlaintext,
    /// Encrypted and authenticated.
    SaslSsl,
}

impl SecurityProtocol {
    const WORDS: [(&'static str, SecurityProtocol); 4] = [
        ("plaintext", SecurityProtocol::Plaintext),
        ("ssl", SecurityProtocol::Ssl),
        ("sasl_plaintext", SecurityProtocol::SaslPlaintext),
        ("sasl_ssl", SecurityProtocol::SaslSsl),
    ];

    /// The name in the configuration and for the client library.
    pub fn name(self) -> &'static str {
        Self::WORDS[self as usize].0
    }

    /// Whether the connection is encrypted.
    pub fn has_ssl(self) -> bool {
        matches!(self, SecurityProtocol::Ssl | SecurityProtocol::SaslSsl)
    }

    /// Whether the client proves who it is with SASL.
    pub fn has_sasl(self) -> bool {
        matches!(self, SecurityProtocol::SaslPlaintext | SecurityProtocol::SaslSsl)
    }
}

/// `[topics]`: names of the topics, all different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// Where events come from; the first is the anchor that the group shares out.
    pub events: Vec<String>,
    /// Where the figures are kept.
    pub ledger: String,
    /// Where unreadable events are told.
    pub rejects: String,
    /// Where closed periods are published.
    pub reports: String,
}

/// `[ledger]`: how the figures are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Where.
    pub storage: Storage,
    /// Replicas of a ledger topic that is made; the brokers' default unless given.
    pub replication_factor: Option<i32>,
    /// Whether a ledger topic that forgets is what the owner wants.
    pub finite_retention: bool,
    /// File that makes the next start quick.
    pub snapshot_file: Option<String>,
    /// Seconds between two snapshots.
    pub snapshot_interval_seconds: u32,
}

/// Where the ledger is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In its topic: figures outlive every process.
    Kafka,
    /// In memory: figures are made anew from the retained events at each start.
    Memory,
}

/// `[http]`: pages, metrics and health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Host and port to listen on.
    pub listen: String,
    /// TLS and basic authentication in the format of the Prometheus exporters' `web-config`.
    pub web_config_file: Option<String>,
    /// Whether the pages for citizens are shown to those who are not let in to the others.
    pub public_without_password: bool,
    /// Who lets readers in instead of a password.
    pub trusted_proxy: Option<TrustedProxy>,
}

/// A server in front of this one that knows its readers and says so in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxy {
    /// The header's name; its value is the reader's, which nothing here keeps.
    pub header: String,
    /// The addresses that are believed.
    pub peers: Vec<IpAddr>,
}

/// `[limits]`: every bound, and what is beyond it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Departments; events of others count as unknown.
    pub departments: usize,
    /// Queues; events of others are rejected.
    pub queues: usize,
    /// Telephone systems; events of others are rejected.
    pub sources: usize,
    /// Contacts held open for late events, over all partitions; the oldest goes first.
    pub held_contacts: usize,
    /// Calls and questions kept for repeats within 24 hours and questions put again; the oldest goes
    /// first.
    pub joined_entries: usize,
    /// Ringing and no-answer observations of one contact; the first ones stay.
    pub observations_ringing: usize,
    /// Other observations of one contact; the first ones stay.
    pub observations_other: usize,
    /// Bytes of one event; longer ones are rejected.
    pub event_bytes: usize,
    /// Hours that an event may be late.
    pub lateness_hours: u32,
    /// Hours of silence after which a waiting call is lost track of.
    pub silence_hours: u32,
    /// Seconds that an event may be ahead of its record's timestamp.
    pub future_tolerance_seconds: u32,
    /// Minutes of open time without a word from any source, beyond which they are without data.
    pub data_gap_minutes: u32,
}

/// `[commit]`: when a batch is written to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Milliseconds since the last commit when events flow.
    pub interval_ms: u32,
    /// Milliseconds since the last commit when little happens.
    pub idle_interval_ms: u32,
    /// Events in one commit at most.
    pub max_events: u32,
}

/// `[privacy]`: files with the keys of the hashes. Without them the daemon makes keys of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Privacy {
    /// File with the key for contact, agent and event ids; lives as long as the ledger.
    pub id_key_file: Option<String>,
    /// File with the key that callers' daily keys are made from.
    pub caller_key_file: Option<String>,
}

/// `[log]`: what is told, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: &'static str,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text.
    Text,
    /// One JSON object.
    Json,
}

/// Client settings that are keys of their own here.
const NAMED_PROPERTIES: [(&str, &str); 17] = [
    ("bootstrap.servers", "kafka.brokers"),
    ("metadata.broker.list", "kafka.brokers"),
    ("group.id", "kafka.group"),
    ("session.timeout.ms", "kafka.session_timeout_seconds"),
    ("client.id", "kafka.client_id"),
    ("security.protocol", "kafka.security_protocol"),
    ("sasl.mechanism", "kafka.sasl_mechanism"),
    ("sasl.mechanisms", "kafka.sasl_mechanism"),
    ("sasl.username", "kafka.sasl_username"),
    ("sasl.password", "kafka.sasl_password_file"),
    ("ssl.ca.location", "kafka.ssl_ca_file"),
    ("ssl.certificate.location", "kafka.ssl_certificate_file"),
    ("ssl.key.location", "kafka.ssl_key_file"),
    ("ssl.key.password", "kafka.ssl_key_password_file"),
    ("ssl.key.pem", "kafka.ssl_key_file"),
    ("ssl.ca.pem", "kafka.ssl_ca_file"),
    ("ssl.certificate.pem", "kafka.ssl_certificate_file"),
];

/// Client settings that the figures depend on.
const OWNED_PROPERTIES: [(&str, &str); 13] = [
    ("enable.auto.commit", "positions live in the ledger with the figures they produced"),
    ("enable.auto.offset.store", "positions live in the ledger with the figures they produced"),
    ("auto.commit.enable", "positions live in the ledger with the figures they produced"),
    ("auto.offset.reset", "a lost range of events must be told, never skipped"),
    ("partition.assignment.strategy", "partitions are taken over one by one"),
    ("enable.idempotence", "the ledger is written once and in order"),
    ("acks", "the ledger is written to all replicas"),
    ("request.required.acks", "the ledger is written to all replicas"),
    ("transactional.id", "the ledger's chain takes the place of transactions"),
    ("partitioner", "keys must land where other programs put them"),
    ("allow.auto.create.topics", "a misspelt topic must be a fault, not an empty topic"),
    ("enable.partition.eof", "the end of a partition settles lost calls"),
    ("log_level", "log.level decides for the client library too"),
];

const SASL_MECHANISMS: [(&str, &str); 5] = [
    ("PLAIN", "PLAIN"),
    ("SCRAM-SHA-256", "SCRAM-SHA-256"),
    ("SCRAM-SHA-512", "SCRAM-SHA-512"),
    ("GSSAPI", "GSSAPI"),
    ("OAUTHBEARER", "OAUTHBEARER"),
];

pub(super) fn kafka(mut section: Section<'_>) -> Kafka {
    let brokers = section.texts("brokers").unwrap_or_else(|| vec!["localhost:9092".to_owned()]);
    if brokers.is_empty() {
        section.fault("brokers", "[]", "names no broker", "give host:port of one broker or more");
    }
    for broker in brokers.iter().filter(|broker| !is_address(broker)) {
        section.fault("brokers", quoted(broker), "is not host:port", "write \"kafka-1:9092\"");
    }
    section.never_inline("sasl_password", "kafka.sasl_password_file");
    section.never_inline("ssl_key_password", "kafka.ssl_key_password_file");
    let protocol = section.word("security_protocol", &SecurityProtocol::WORDS);
    let kafka = Kafka {
        brokers,
        group: section.text("group").unwrap_or_else(|| "svarstid".to_owned()),
        session_timeout_seconds: section.number("session_timeout_seconds", "seconds", 6..=300, 10)
            as u32,
        client_id: section.text("client_id").unwrap_or_else(|| "svarstid".to_owned()),
        security_protocol: protocol.unwrap_or(SecurityProtocol::Plaintext),
        sasl_mechanism: section.word("sasl_mechanism", &SASL_MECHANISMS).map(str::to_owned),
        sasl_username: section.text("sasl_username"),
        sasl_password_file: section.text("sasl_password_file"),
        ssl_ca_file: section.text("ssl_ca_file"),
        ssl_certificate_file: section.text("ssl_certificate_file"),
        ssl_key_file: section.text("ssl_key_file"),
        ssl_key_password_file: section.text("ssl_key_password_file"),
        properties: properties(&mut section),
    };
    security(&mut section, &kafka);
    section.finish();
    kafka
}

/// Faults of keys that only make sense together.
fn security(section: &mut Section<'_>, kafka: &Kafka) {
    let protocol = kafka.security_protocol;
    let by_password =
        !matches!(kafka.sasl_mechanism.as_deref(), Some("GSSAPI") | Some("OAUTHBEARER"));
    let sasl = [
        ("sasl_mechanism", kafka.sasl_mechanism.is_some(), true),
        ("sasl_username", kafka.sasl_username.is_some(), by_password),
        ("sasl_password_file", kafka.sasl_password_file.is_some(), by_password),
    ];
    for (key, given, needed) in sasl {
        let name = protocol.name();
        if protocol.has_sasl() && needed && !given && !section.has_fault(key) {
            let problem = format!("is needed with security_protocol = \"{name}\"");
            section.fault(key, "", problem, "set it, or choose another protocol");
        }
        if given && !protocol.has_sasl() {
            let problem = format!("has no effect with security_protocol = \"{name}\"");
            section.fault(key, "", problem, "set security_protocol = \"sasl_ssl\"");
        }
    }
    let ssl = [
        ("ssl_ca_file", &kafka.ssl_ca_file),
        ("ssl_certificate_file", &kafka.ssl_certificate_file),
        ("ssl_key_file", &kafka.ssl_key_file),
        ("ssl_key_password_file", &kafka.ssl_key_password_file),
    ];
    for (key, file) in ssl {
        if let (Some(file), false) = (file, protocol.has_ssl()) {
            let problem = format!("has no effect with security_protocol = \"{}\"", protocol.name());
            let remedy = "set security_protocol = \"ssl\" or \"sasl_ssl\"";
            section.fault(key, quoted(file), problem, remedy);
        }
    }
    match (&kafka.ssl_certificate_file, &kafka.ssl_key_file) {
        (Some(file), None) => section.fault(
            "ssl_certificate_file",
            quoted(file),
            "has no key",
            "set kafka.ssl_key_file too",
        ),
        (None, Some(file)) => section.fault(
            "ssl_key_file",
            quoted(file),
            "has no certificate",
            "set kafka.ssl_certificate_file too",
        ),
        (Some(_), Some(_)) | (None, None) => {}
    }
}

fn properties(section: &mut Section<'_>) -> Vec<(String, String)> {
    let mut passed = Vec::new();
    for (name, value) in section.table("properties").unwrap_or_default() {
        let key = format!("properties.\"{name}\"");
        let written = if is_secret(&name) { "…".to_owned() } else { shown(&value) };
        let named = NAMED_PROPERTIES.iter().find(|(property, _)| *property == name);
        let owned = OWNED_PROPERTIES.iter().find(|(property, _)| *property == name);
        let text = match value {
            toml::Value::String(text) => Some(text),
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => {
                Some(value.to_string())
            }
            toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => None,
        };
        match (named, owned, text) {
            (Some((_, ours)), _, _) => {
                section.fault(&key, written, "has a key of its own", format!("set {ours}"));
            }
            (_, Some((_, reason)), _) => {
                section.fault(
                    &key,
                    written,
                    format!("belongs to the program: {reason}"),
                    "remove it",
                );
            }
            (_, _, Some(_)) if is_secret(&name) && !is_public(&name) => {
                section.fault(&key, written, "secrets are not written here", "remove it");
            }
            (_, _, Some(text)) => passed.push((name, text)),
            (_, _, None) => {
                section.fault(&key, written, "is not a single value", "write it as text");
            }
        }
    }
    passed
}

/// Names of settings that speak of a secret but hold a place.
fn is_public(property: &str) -> bool {
    property.ends_with(".location") || property.ends_with(".url")
}

pub(super) fn topics(mut section: Section<'_>) -> Topics {
    let named = |section: &mut Section<'_>, key, default: &str| {
        section.text(key).unwrap_or_else(|| default.to_owned())
    };
    let events = section.texts("events").unwrap_or_else(|| vec!["svarstid.events".to_owned()]);
    let topics = Topics {
        ledger: named(&mut section, "ledger", "svarstid.ledger"),
        rejects: named(&mut section, "rejects", "svarstid.rejects"),
        reports: named(&mut section, "reports", "svarstid.reports"),
        events,
    };
    if topics.events.is_empty() {
        section.fault("events", "[]", "names no topic", "name one topic or more");
    }
    let ours =
        [("ledger", &topics.ledger), ("rejects", &topics.rejects), ("reports", &topics.reports)];
    let all = topics.events.iter().map(|topic| ("events", topic)).chain(ours);
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for (key, topic) in all {
        let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if topic.len() > 249 || !topic.chars().all(valid) || topic == "." || topic == ".." {
            let remedy = "use at most 249 letters, digits, \".\", \"_\" and \"-\"";
            section.fault(key, quoted(topic), "is no name for a topic", remedy);
        }
        match seen.iter().find(|(_, other)| *other == topic) {
            Some((other, _)) => {
                let problem = format!("is also topics.{other}");
                section.fault(key, quoted(topic), problem, "give every topic a name of its own");
            }
            None => seen.push((key, topic)),
        }
    }
    section.finish();
    topics
}

pub(super) fn ledger(mut section: Section<'_>) -> Ledger {
    let storages = [("kafka", Storage::Kafka), ("memory", Storage::Memory)];
    // 0 stands for the brokers' default, so that the key has one.
    let replicas = section.number("replication_factor", "replicas", 0..=32, 0) as i32;
    let ledger = Ledger {
        storage: section.word("storage", &storages).unwrap_or(Storage::Kafka),
        replication_factor: (replicas > 0).then_some(replicas),
        finite_retention: section.flag("finite_retention").unwrap_or(false),
        snapshot_file: section.text("snapshot_file"),
        snapshot_interval_seconds: section.number(
            "snapshot_interval_seconds",
            "seconds",
            1..=86_400,
            300,
        ) as u32,
    };
    section.finish();
    ledger
}

pub(super) fn http(mut section: Section<'_>) -> Http {
    let listen = section.text("listen").unwrap_or_else(|| "127.0.0.1:9464".to_owned());
    if !is_address(&listen) {
        let remedy = "write \"127.0.0.1:9464\", or \"[::]:9464\" for every address";
        section.fault("listen", quoted(&listen), "is not host:port", remedy);
    }
    let http = Http {
        listen,
        web_config_file: section.text("web_config_file"),
        public_without_password: section.flag("public_without_password").unwrap_or(false),
        trusted_proxy: trusted_proxy(&mut section),
    };
    section.finish();
    http
}

/// Headers that every client sends, or any may: a stranger's would pass for a proxy's.
const CLIENTS_HEADERS: [&str; 13] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "if-none-match",
    "origin",
    "referer",
    "user-agent",
];

/// A proxy is believed on both words: its header's name, and where it asks from.
fn trusted_proxy(section: &mut Section<'_>) -> Option<TrustedProxy> {
    let written = section.texts("trusted_proxies");
    let mut peers = Vec::new();
    for text in written.unwrap_or_else(|| vec!["127.0.0.1".to_owned()]) {
        match text.parse::<IpAddr>() {
            Ok(peer) => peers.push(peer.to_canonical()),
            Err(_) => {
                let remedy = "write \"127.0.0.1\" or \"::1\", one entry an address";
                section.fault("trusted_proxies", quoted(&text), "is not an address", remedy);
            }
        }
    }
    let header = section.text("trusted_proxy_header")?;
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if !header.chars().all(is_token) || header.len() > 100 {
        let remedy = "write \"X-Remote-User\"";
        section.fault("trusted_proxy_header", quoted(&header), "is no name of a header", remedy);
        return None;
    }
    if CLIENTS_HEADERS.contains(&header.to_ascii_lowercase().as_str()) {
        let problem = "is a header that every client may send";
        let remedy = "take one that the proxy alone sets, and removes from what its clients send";
        section.fault("trusted_proxy_header", quoted(&header), problem, remedy);
        return None;
    }
    if peers.is_empty() && !section.has_fault("trusted_proxies") {
        let remedy = "give the proxy's address";
        section.fault("trusted_proxies", "[]", "lets nobody set the header", remedy);
    }
    Some(TrustedProxy { header, peers })
}

pub(super) fn limits(mut section: Section<'_>) -> Limits {
    let s = &mut section;
    let limits = Limits {
        departments: s.number("departments", "departments", 1..=2_000, 200) as usize,
        queues: s.number("queues", "queues", 1..=60_000, 1_000) as usize,
        sources: s.number("sources", "systems", 1..=1_000, 64) as usize,
        held_contacts: s.number("held_contacts", "contacts", 1_000..=100_000_000, 2_000_000)
            as usize,
        joined_entries: s.number("joined_entries", "entries", 1_000..=10_000_000, 500_000) as usize,
        observations_ringing: s.number("observations_ringing", "observations", 8..=65_536, 256)
            as usize,
        observations_other: s.number("observations_other", "observations", 8..=65_536, 256)
            as usize,
        event_bytes: s.number("event_bytes", "bytes", 1_024..=16_777_216, 1_048_576) as usize,
        lateness_hours: s.number("lateness_hours", "hours", 1..=48, 24) as u32,
        silence_hours: s.number("silence_hours", "hours", 1..=48, 6) as u32,
        future_tolerance_seconds: s.number("future_tolerance_seconds", "seconds", 0..=86_400, 300)
            as u32,
        data_gap_minutes: s.number("data_gap_minutes", "minutes", 1..=240, 15) as u32,
    };
    section.finish();
    limits
}

pub(super) fn commit(mut section: Section<'_>) -> Commit {
    let commit = Commit {
        interval_ms: section.number("interval_ms", "milliseconds", 1..=10_000, 50) as u32,
        idle_interval_ms: section.number("idle_interval_ms", "milliseconds", 1..=60_000, 250)
            as u32,
        max_events: section.number("max_events", "events", 1..=1_000_000, 50_000) as u32,
    };
    if commit.idle_interval_ms < commit.interval_ms {
        let problem = format!("is shorter than commit.interval_ms = {}", commit.interval_ms);
        let remedy = "make it at least as long";
        section.fault("idle_interval_ms", commit.idle_interval_ms.to_string(), problem, remedy);
    }
    section.finish();
    commit
}

pub(super) fn privacy(mut section: Section<'_>) -> Privacy {
    section.never_inline("id_key", "privacy.id_key_file");
    section.never_inline("caller_key", "privacy.caller_key_file");
    let privacy = Privacy {
        id_key_file: section.text("id_key_file"),
        caller_key_file: section.text("caller_key_file"),
    };
    if let (Some(one), true) =
        (&privacy.id_key_file, privacy.id_key_file == privacy.caller_key_file)
    {
        let problem = "is also privacy.id_key_file";
        let remedy = "give the two keys files of their own: one lives long, the other a day";
        section.fault("caller_key_file", quoted(one), problem, remedy);
    }
    section.finish();
    privacy
}

pub(super) fn log(mut section: Section<'_>) -> Log {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let levels =
        ["error", "warn", "info", "debug", "trace"].map(|level: &'static str| (level, level));
    let log = Log {
        format: section.word("format", &formats).unwrap_or(LogFormat::Text),
        level: section.word("level", &levels).unwrap_or("info"),
    };
    section.finish();
    log
}

/// `host:port`, `1.2.3.4:port` or `[::1]:port`. Whether the host exists is for the shell to find.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let valid = match bare {
        Some(v6) => {
            !v6.is_empty() && v6.chars().all(|c| c.is_ascii_hexdigit() || ":.%".contains(c))
        }
        None => {
            !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
        }
    };
    valid && port.chars().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

fn quoted(text: &str) -> String {
    shown(&toml::Value::String(text.to_owned()))
}

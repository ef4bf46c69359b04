//! Who may read the pages and metrics, and over what: the `web-config` file of the Prometheus
//! exporters (exporter-toolkit `docs/web-configuration.md`), as YAML text.
//!
//! The keys that matter are read; the others of that format are refused by name, each with what to
//! do instead, since a promise that is not kept must not look as if it were. Names of files stay as
//! they are written; the shell finds and reads them. No hash of a password is ever shown.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "YAML's kinds of value are fixed by its standard; a key takes one and refuses the rest"
)]

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::fault::{Fault, did_you_mean};

/// Users in one file at most.
const USERS_MAX: usize = 100;
/// The dearest hash that is checked: a cost of 14 takes about a second.
const COST_MAX: u32 = 14;

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebConfig {
    /// `tls_server_config`; without it the pages are served as plain HTTP.
    pub tls: Option<Tls>,
    /// `basic_auth_users`; without any, nobody is asked for a password.
    pub users: BTreeMap<String, PasswordHash>,
}

/// `tls_server_config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The server's certificate and those between it and its authority (PEM).
    pub cert_file: String,
    /// The key of that certificate (PEM).
    pub key_file: String,
    /// What is asked of clients.
    pub client_auth: ClientAuth,
    /// Whether only TLS 1.3 is spoken, or 1.2 too.
    pub only_tls13: bool,
}

/// `client_auth_type`, with the file of `client_ca_file` (PEM) where one is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// Nothing.
    None,
    /// A certificate may be shown, and then it must be right.
    IfGiven(String),
    /// A right certificate.
    Required(String),
}

/// A bcrypt hash.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash as the file has it.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The logarithm of the work that a check takes.
    pub fn cost(&self) -> u32 {
        cost_of(&self.0).unwrap_or(COST_MAX)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PasswordHash(…)")
    }
}

impl WebConfig {
    /// Reads a file's text.
    ///
    /// # Errors
    ///
    /// Every fault at once.
    pub fn parse(text: &str) -> Result<WebConfig, Vec<Fault>> {
        let value: Value = match serde_saphyr::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                // The parser's pictures of the place would show what stands there: hashes too.
                let place = error.location().map_or(String::new(), |at| {
                    format!(" at line {}, column {}", at.line(), at.column())
                });
                let problem = format!("is not the YAML of a web-config{place}");
                return Err(vec![Fault::new("", "", problem, REMEDY_FORMAT)]);
            }
        };
        let mut faults = Vec::new();
        let mut top = match value {
            Value::Null => Map::new(),
            Value::Object(top) => top,
            _ => {
                return Err(vec![Fault::new("", "", "is not a list of keys", REMEDY_FORMAT)]);
            }
        };
        let tls = section(&mut top, "tls_server_config", &mut faults);
        let tls = tls.and_then(|section| tls_of(section, &mut faults));
        if let Some(http) = section(&mut top, "http_server_config", &mut faults) {
            check_http(http, &mut faults);
        }
        let users = section(&mut top, "basic_auth_users", &mut faults);
        let users = users_of(users.unwrap_or_default(), &mut faults);
        if top.remove("rate_limit").is_some() {
            let problem = "is not known here: the bounds of the server are its own";
            faults.push(Fault::new("rate_limit", "", problem, "remove it"));
        }
        let known = ["tls_server_config", "http_server_config", "basic_auth_users"];
        for name in top.keys() {
            faults.push(Fault::new(name, "", "unknown key", did_you_mean(name, &known)));
        }
        if faults.is_empty() && tls.is_none() && users.is_empty() {
            let remedy = "fill it in, or remove http.web_config_file";
            faults.push(Fault::new("", "", "asks for neither TLS nor passwords", remedy));
        }
        if faults.is_empty() { Ok(WebConfig { tls, users }) } else { Err(faults) }
    }
}

const REMEDY_FORMAT: &str = "see config/web-config.yml";

/// A section of the file; `None` when it is left out or empty.
fn section(
    top: &mut Map<String, Value>,
    name: &str,
    faults: &mut Vec<Fault>,
) -> Option<Map<String, Value>> {
    match top.remove(name)? {
        Value::Null => None,
        Value::Object(section) => Some(section),
        _ => {
            faults.push(Fault::new(name, "", "is not a list of keys", REMEDY_FORMAT));
            None
        }
    }
}

/// What there is in the format and not here, with what to do instead.
const TLS_REFUSED: [(&str, &str, &str); 8] = [
    ("cert", INLINE, "put it into a file and name it as cert_file"),
    ("key", INLINE, "put it into a file and name it as key_file"),
    ("client_ca", INLINE, "put it into a file and name it as client_ca_file"),
    (
        "client_allowed_sans",
        "is not known here: everybody whom client_ca_file vouches for is let in",
        "remove it, and let an authority of its own sign the readers' certificates",
    ),
    ("max_version", "is not known here: the newest version that both speak is taken", "remove it"),
    ("cipher_suites", SAFE, "remove it"),
    ("prefer_server_cipher_suites", SAFE, "remove it"),
    ("curve_preferences", SAFE, "remove it"),
];
const INLINE: &str = "is not read from this file";
const SAFE: &str = "is not known here: nothing but what is held to be safe is offered";

fn tls_of(mut section: Map<String, Value>, faults: &mut Vec<Fault>) -> Option<Tls> {
    let found = faults.len();
    let mut text = |key: &str| take_text(&mut section, "tls_server_config", key, faults);
    let files = ["cert_file", "key_file"].map(&mut text);
    let client_ca = text("client_ca_file");
    let auth = text("client_auth_type");
    let version = text("min_version");
    for (key, file) in ["cert_file", "key_file"].iter().zip(&files) {
        if file.is_none() && !section.contains_key(key.trim_end_matches("_file")) {
            let key = format!("tls_server_config.{key}");
            faults.push(Fault::new(key, "", "is missing", "name the file (PEM)"));
        }
    }
    let client_auth = client_auth(auth.as_deref().unwrap_or(""), client_ca, faults);
    let only_tls13 = match version.as_deref() {
        None | Some("" | "TLS12") => false,
        Some("TLS13") => true,
        Some(other) => {
            let key = "tls_server_config.min_version";
            let remedy = "write TLS12 or TLS13";
            faults.push(Fault::new(key, quoted(other), "is not spoken", remedy));
            false
        }
    };
    for (key, problem, remedy) in TLS_REFUSED {
        if section.remove(key).is_some() {
            faults.push(Fault::new(format!("tls_server_config.{key}"), "", problem, remedy));
        }
    }
    let known = ["cert_file", "key_file", "client_auth_type", "client_ca_file", "min_version"];
    for name in section.keys() {
        let key = format!("tls_server_config.{name}");
        faults.push(Fault::new(key, "", "unknown key", did_you_mean(name, &known)));
    }
    let [Some(cert_file), Some(key_file)] = files else { return None };
    (faults.len() == found).then_some(Tls { cert_file, key_file, client_auth, only_tls13 })
}

fn client_auth(written: &str, file: Option<String>, faults: &mut Vec<Fault>) -> ClientAuth {
    let key = "tls_server_config.client_auth_type";
    let asked = match (written, file) {
        ("" | "NoClientCert", None) => return ClientAuth::None,
        ("VerifyClientCertIfGiven", Some(file)) => return ClientAuth::IfGiven(file),
        ("RequireAndVerifyClientCert", Some(file)) => return ClientAuth::Required(file),
        ("" | "NoClientCert", Some(_)) => Fault::new(
            "tls_server_config.client_ca_file",
            "",
            "verifies nobody without client_auth_type",
            "add client_auth_type: RequireAndVerifyClientCert",
        ),
        ("VerifyClientCertIfGiven" | "RequireAndVerifyClientCert", None) => {
            let problem = "needs client_ca_file to verify with";
            Fault::new(key, quoted(written), problem, "name the authorities' file (PEM)")
        }
        ("RequestClientCert" | "RequireAnyClientCert" | "RequireClientCert", _) => {
            let problem = "asks for a certificate that nobody verifies";
            Fault::new(key, quoted(written), problem, "write RequireAndVerifyClientCert")
        }
        (other, _) => {
            let known = ["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"];
            Fault::new(key, quoted(other), "is not known", did_you_mean(other, &known))
        }
    };
    faults.push(asked);
    ClientAuth::None
}

fn check_http(mut section: Map<String, Value>, faults: &mut Vec<Fault>) {
    match section.remove("http2") {
        None | Some(Value::Null | Value::Bool(false)) => {}
        Some(_) => {
            let problem = "is not served: HTTP/1.1 is all that scrapes and pages need";
            faults.push(Fault::new("http_server_config.http2", "", problem, "write http2: false"));
        }
    }
    if section.remove("headers").is_some() {
        let problem = "are not set from here: the server has its own, and its policy is strict";
        faults.push(Fault::new("http_server_config.headers", "", problem, "remove them"));
    }
    for name in section.keys() {
        let key = format!("http_server_config.{name}");
        faults.push(Fault::new(key, "", "unknown key", did_you_mean(name, &["http2"])));
    }
}

fn users_of(
    section: Map<String, Value>,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, PasswordHash> {
    if section.len() > USERS_MAX {
        let problem = format!("has {} users, at most {USERS_MAX}", section.len());
        let remedy = "let those who share a task share a user";
        faults.push(Fault::new("basic_auth_users", "", problem, remedy));
    }
    let mut users = BTreeMap::new();
    for (name, value) in section {
        let key = format!("basic_auth_users.{name}");
        let remedy = "make it with: htpasswd -nBC 10 NAME";
        let problem = match value {
            // A colon ends the name in what a client sends (RFC 7617).
            _ if name.contains(':') || name.is_empty() => "is not a name: no colon, not empty",
            Value::String(hash) => match cost_of(&hash) {
                Some(cost) if cost <= COST_MAX => {
                    users.insert(name, PasswordHash(hash));
                    continue;
                }
                Some(_) => "takes too long to check: a cost of at most 14 is a second",
                None => "is not a bcrypt hash",
            },
            _ => "is not a bcrypt hash",
        };
        faults.push(Fault::new(key, "", problem, remedy));
    }
    users
}

/// `$2y$10$` and 53 characters of bcrypt's own alphabet: the cost, if it is one.
fn cost_of(hash: &str) -> Option<u32> {
    let mut parts = hash.strip_prefix('$')?.split('$');
    let (version, cost, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'/';
    let whole = ["2a", "2b", "2y"].contains(&version)
        && cost.len() == 2
        && rest.len() == 53
        && rest.bytes().all(is_letter)
        && parts.next().is_none();
    cost.parse().ok().filter(|cost| whole && (4..=31).contains(cost))
}

/// A text, or nothing and a fault when it is something else.
fn take_text(
    section: &mut Map<String, Value>,
    name: &str,
    key: &str,
    faults: &mut Vec<Fault>,
) -> Option<String> {
    match section.remove(key)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        _ => {
            let key = format!("{name}.{key}");
            faults.push(Fault::new(key, "", "is not text", "write it in quotes"));
            None
        }
    }
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2b$04$abcdefghijklmnopqrstuuOyJKeBNQ8iCEmkBtPVL3SPUDWtW2EFi";

    fn faults(text: &str) -> Vec<String> {
        let found = WebConfig::parse(text).unwrap_err();
        found.iter().map(|fault| fault.to_string()).collect()
    }

    #[test]
    fn what_matters_is_read() {
        let text = format!(
            "tls_server_config:\n  cert_file: a.pem\n  key_file: /b.pem\n  min_version: TLS13\n  \
             client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n\
             http_server_config:\n  http2: false\nbasic_auth_users:\n  prometheus: {HASH}\n"
        );
        let read = WebConfig::parse(&text).unwrap();
        let tls = Tls {
            cert_file: "a.pem".to_owned(),
            key_file: "/b.pem".to_owned(),
            client_auth: ClientAuth::Required("ca.pem".to_owned()),
            only_tls13: true,
        };
        assert_eq!(read.tls, Some(tls));
        assert_eq!(read.users["prometheus"].text(), HASH);
        assert_eq!(read.users["prometheus"].cost(), 4);
        assert!(!format!("{read:?}").contains(HASH), "hashes do not show");
    }

    #[test]
    fn every_fault_is_told_at_once_and_no_hash_with_it() {
        let short = &HASH[..50];
        let told = faults(&format!(
            "tls_server_config:\n  cert_file: a.pem\n  key: inline\n  min_version: TLS10\n  \
             cipher_suites: [x]\n  client_auth_typ: NoClientCert\n  client_ca_file: ca.pem\n\
             http_server_config:\n  http2: true\n  headers: {{X-Frame-Options: deny}}\n\
             rate_limit: {{interval: 1s}}\nbasic_auth_users:\n  a: {short}\n  'b:c': {HASH}\n  \
             d: {}\n  e: 7\nbasic_auth_user: {{}}\n",
            HASH.replace("$04$", "$17$"),
        ));
        let parts = [
            "client_ca_file: verifies nobody without client_auth_type",
            "min_version = \"TLS10\": is not spoken; write TLS12 or TLS13",
            "tls_server_config.key: is not read from this file; put it into a file",
            "tls_server_config.cipher_suites: is not known here",
            "client_auth_typ: unknown key; did you mean \"client_auth_type\"?",
            "http_server_config.http2: is not served",
            "http_server_config.headers: are not set from here",
            "basic_auth_users.a: is not a bcrypt hash",
            "basic_auth_users.b:c: is not a name",
            "basic_auth_users.d: takes too long to check",
            "basic_auth_users.e: is not a bcrypt hash; make it with: htpasswd",
            "rate_limit: is not known here",
            "basic_auth_user: unknown key; did you mean \"basic_auth_users\"?",
        ];
        assert_eq!(told.len(), parts.len(), "{told:#?}");
        for (told, part) in told.iter().zip(parts) {
            assert!(told.contains(part), "{told}\nlacks: {part}");
            assert!(!told.contains("$2b$"), "{told}");
        }
    }

    #[test]
    fn a_file_that_protects_nothing_or_is_none_is_refused() {
        for text in ["", "# only words\n", "tls_server_config:\nbasic_auth_users:\n", "{}"] {
            assert!(faults(text)[0].contains("neither TLS nor passwords"), "{text:?}");
        }
        assert!(faults("- a\n")[0].contains("is not a list of keys"));
        let twice = format!("basic_auth_users:\n  a: {HASH}\n  a: {HASH}\n");
        let told = faults(&twice);
        assert!(told[0].contains("at line 3"), "{told:?}");
        assert!(!told[0].contains("$2b$"), "{told:?}");
        assert!(faults("a: [")[0].contains("is not the YAML"));
    }

    #[test]
    fn clients_are_verified_or_not_asked() {
        let with = |auth: &str| {
            format!("tls_server_config: {{cert_file: a, key_file: b, client_auth_type: {auth}}}")
        };
        for (auth, part) in [
            ("RequireAndVerifyClientCert", "needs client_ca_file"),
            ("VerifyClientCertIfGiven", "needs client_ca_file"),
            ("RequireAnyClientCert", "nobody verifies"),
            ("RequestClientCert", "nobody verifies"),
            ("NoClientCerts", "did you mean \"NoClientCert\"?"),
        ] {
            let told = faults(&with(auth));
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains(part), "{told:?}");
        }
        let none = WebConfig::parse(&with("NoClientCert")).unwrap();
        assert_eq!(none.tls.unwrap().client_auth, ClientAuth::None);
    }

    #[test]
    fn no_text_makes_it_panic() {
        // A fixed sequence of the characters that mean something to YAML.
        let signs: Vec<char> = "ab: -[]{}#&*!|>'\"%@`,?\n\t$2".chars().collect();
        let mut state = 1_u32;
        for _ in 0..20_000 {
            let text: String = (0..40)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    signs[(state >> 16) as usize % signs.len()]
                })
                .collect();
            drop(WebConfig::parse(&text));
        }
    }
}

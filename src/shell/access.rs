//! Who may read the pages, and over what: the web-config file and the files that it names, read
//! at the start and again when they change.
//!
//! A certificate is renewed by writing its files anew: at most ten seconds later new connections
//! get it, and those that are open go on. What cannot be taken over is told once and counted, and
//! what was there before stays in force. Paths in the file are relative to the file's folder.
//!
//! Passwords and hashes are never logged.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderName;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{Error as TlsError, RootCertStore, ServerConfig};

use super::password::Verified;
use crate::config::web::{ClientAuth, PasswordHash, Tls, WebConfig};
use crate::config::{Fault, Http};
use crate::metrics::Instruments;

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(10);
/// No file that is read here is longer.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What the files say, and where they are.
#[derive(Clone, Debug)]
pub struct Access {
    file: Option<PathBuf>,
    terms: Arc<Terms>,
    entrance: Entrance,
}

/// Who is let in without a password of ours.
#[derive(Clone, Debug, Default)]
pub(super) struct Entrance {
    /// Whether anybody may read what is meant for citizens.
    pub(super) is_open_to_citizens: bool,
    /// The header in which a proxy names its reader, and the addresses that are believed.
    pub(super) proxy: Option<(HeaderName, Vec<IpAddr>)>,
}

/// On what terms one is let in.
#[derive(Debug)]
pub(super) struct Terms {
    /// How a connection is secured; `None` for plain HTTP.
    pub(super) tls: Option<Arc<ServerConfig>>,
    /// Whether nobody connects without a certificate that is known.
    demands_certificate: bool,
    /// Who may read; empty when nobody is asked.
    pub(super) users: BTreeMap<String, PasswordHash>,
    /// Passwords that were found right under these terms.
    pub(super) verified: Verified,
    /// Of all the bytes that they were made from.
    fingerprint: [u8; 32],
}

impl Access {
    /// Plain HTTP for everybody who reaches the address.
    pub fn open() -> Access {
        let terms = Terms {
            tls: None,
            demands_certificate: false,
            users: BTreeMap::new(),
            verified: Verified::default(),
            fingerprint: [0; 32],
        };
        Access { file: None, terms: Arc::new(terms), entrance: Entrance::default() }
    }

    /// Reads a web-config and the files that it names.
    ///
    /// # Errors
    ///
    /// Every fault at once.
    pub fn read(file: &Path) -> Result<Access, Vec<Fault>> {
        let mut reader = Reader::new(file);
        let terms = reader.terms();
        terms.map(|terms| Access {
            file: Some(file.to_owned()),
            terms: Arc::new(terms),
            entrance: Entrance::default(),
        })
    }

    /// The same under what the settings say of the pages.
    #[must_use]
    pub fn under(mut self, http: &Http) -> Access {
        let proxy = http.trusted_proxy.as_ref().and_then(|proxy| {
            // A name that the settings let through is one.
            let header = HeaderName::from_bytes(proxy.header.as_bytes()).ok()?;
            Some((header, proxy.peers.clone()))
        });
        self.entrance = Entrance { is_open_to_citizens: http.public_without_password, proxy };
        self
    }

    /// Who is let in without a password of ours.
    pub(super) fn entrance(&self) -> Entrance {
        self.entrance.clone()
    }

    /// Whether everybody who reaches the address reads everything.
    pub(super) fn is_open(&self) -> bool {
        let is_asked = self.terms.demands_certificate || !self.terms.users.is_empty();
        !is_asked && self.entrance.proxy.is_none()
    }

    /// Whether connections are secured.
    pub(super) fn is_tls(&self) -> bool {
        self.terms.tls.is_some()
    }

    /// Whether passwords are asked for over plain HTTP.
    pub(super) fn asks_in_the_clear(&self) -> bool {
        !self.is_tls() && !self.terms.users.is_empty()
    }

    /// What is in force from now on, and the task that follows the files.
    pub(super) fn follow(
        self,
        instruments: Instruments,
    ) -> (watch::Receiver<Arc<Terms>>, impl Future<Output = ()> + Send) {
        let (sender, receiver) = watch::channel(Arc::clone(&self.terms));
        (receiver, follow(self, sender, instruments))
    }
}

/// Looks at the files for ever, and puts what they say in force when it is another.
async fn follow(access: Access, in_force: watch::Sender<Arc<Terms>>, instruments: Instruments) {
    let Some(file) = access.file else { return std::future::pending().await };
    let mut last = access.terms.fingerprint;
    loop {
        tokio::time::sleep(LOOK).await;
        let file = file.clone();
        let look = move || {
            let mut reader = Reader::new(&file);
            let terms = reader.terms();
            (reader.fingerprint(), terms)
        };
        let Ok((fingerprint, terms)) = tokio::task::spawn_blocking(look).await else { continue };
        if fingerprint == last {
            continue;
        }
        last = fingerprint;
        match terms {
            Ok(terms) => {
                tracing::info!(
                    tls = terms.tls.is_some(),
                    users = terms.users.len(),
                    "the web-config was read anew"
                );
                in_force.send_replace(Arc::new(terms));
            }
            Err(faults) => {
                instruments.count_web_config_failure();
                let told = faults.iter().fold(String::new(), |mut told, fault| {
                    let gap = if told.is_empty() { "" } else { " | " };
                    write!(told, "{gap}{fault}").expect("a string takes all text");
                    told
                });
                tracing::error!(
                    faults = told,
                    "the changed web-config cannot be used; what was in force before stays so"
                );
            }
        }
    }
}

/// Reads the files, and remembers their bytes and their faults.
struct Reader {
    file: PathBuf,
    seen: Sha256,
    faults: Vec<Fault>,
}

impl Reader {
    fn new(file: &Path) -> Reader {
        Reader { file: file.to_owned(), seen: Sha256::new(), faults: Vec::new() }
    }

    /// Of everything that was read, also of what could not be.
    fn fingerprint(&self) -> [u8; 32] {
        self.seen.clone().finalize().into()
    }

    fn terms(&mut self) -> Result<Terms, Vec<Fault>> {
        let read = self.parsed();
        let written = read.as_ref().and_then(|read| read.tls.as_ref());
        let demands_certificate =
            written.is_some_and(|tls| matches!(tls.client_auth, ClientAuth::Required(_)));
        let tls = written.map(|tls| self.tls(tls));
        let users = read.map(|read| read.users).unwrap_or_default();
        if !self.faults.is_empty() {
            return Err(std::mem::take(&mut self.faults));
        }
        let tls = tls.flatten().map(Arc::new);
        Ok(Terms {
            tls,
            demands_certificate,
            users,
            verified: Verified::default(),
            fingerprint: self.fingerprint(),
        })
    }

    fn parsed(&mut self) -> Option<WebConfig> {
        let file = self.file.clone();
        let bytes = match read(&file) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.unreadable("http.web_config_file", &file, &error);
                return None;
            }
        };
        self.see(&bytes);
        match WebConfig::parse(&String::from_utf8_lossy(&bytes)) {
            Ok(read) => Some(read),
            Err(faults) => {
                for fault in faults {
                    let key = self.key(&fault.key);
                    self.faults.push(Fault { key, ..fault });
                }
                None
            }
        }
    }

    fn tls(&mut self, tls: &Tls) -> Option<ServerConfig> {
        let chain = self.certificates("cert_file", &tls.cert_file);
        let key = self.private_key(&tls.key_file);
        let (asked, file) = match &tls.client_auth {
            ClientAuth::None => (None, ""),
            ClientAuth::IfGiven(file) => (Some(false), file.as_str()),
            ClientAuth::Required(file) => (Some(true), file.as_str()),
        };
        let authorities = asked.map(|_| self.certificates("client_ca_file", file));
        let (chain, key) = (chain?, key?);
        let versions: &[_] = if tls.only_tls13 { &[&TLS13] } else { &[&TLS13, &TLS12] };
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_protocol_versions(versions).expect("ring speaks both versions");
        let builder = match (asked, authorities) {
            (Some(required), Some(authorities)) => {
                let mut roots = RootCertStore::empty();
                for authority in authorities? {
                    if let Err(error) = roots.add(authority) {
                        self.unusable("client_ca_file", file, &error.to_string());
                        return None;
                    }
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier =
                    if required { verifier } else { verifier.allow_unauthenticated() }.build();
                match verifier {
                    Ok(verifier) => builder.with_client_cert_verifier(verifier),
                    Err(error) => {
                        self.unusable("client_ca_file", file, &error.to_string());
                        return None;
                    }
                }
            }
            _ => builder.with_no_client_auth(),
        };
        match builder.with_single_cert(chain, key) {
            Ok(mut config) => {
                config.alpn_protocols = vec![b"http/1.1".to_vec()];
                Some(config)
            }
            Err(TlsError::InconsistentKeys(_)) => {
                let cert_file = &tls.cert_file;
                let problem =
                    format!("is not the key of the certificate in cert_file \"{cert_file}\"");
                self.unusable("key_file", &tls.key_file, &problem);
                None
            }
            Err(error) => {
                self.unusable("cert_file", &tls.cert_file, &error.to_string());
                None
            }
        }
    }

    fn certificates(&mut self, key: &str, file: &str) -> Option<Vec<CertificateDer<'static>>> {
        let bytes = self.named(key, file)?;
        let found: Result<Vec<_>, PemError> = CertificateDer::pem_slice_iter(&bytes).collect();
        match found {
            Ok(found) if !found.is_empty() => Some(found),
            Ok(_) | Err(_) => {
                self.unusable(key, file, "holds no certificate as PEM");
                None
            }
        }
    }

    fn private_key(&mut self, file: &str) -> Option<PrivateKeyDer<'static>> {
        let bytes = self.named("key_file", file)?;
        let found = PrivateKeyDer::from_pem_slice(&bytes).ok();
        if found.is_none() {
            let problem = "holds no private key as PEM without a password";
            self.unusable("key_file", file, problem);
        }
        found
    }

    /// A file that the web-config names.
    fn named(&mut self, key: &str, file: &str) -> Option<Vec<u8>> {
        let path = self.file.parent().unwrap_or(Path::new("")).join(file);
        match read(&path) {
            Ok(bytes) => {
                self.see(&bytes);
                Some(bytes)
            }
            Err(error) => {
                let key = self.key(&format!("tls_server_config.{key}"));
                self.unreadable(&key, &path, &error);
                None
            }
        }
    }

    fn see(&mut self, bytes: &[u8]) {
        self.seen.update(bytes.len().to_le_bytes());
        self.seen.update(bytes);
    }

    /// A key of the web-config, with the file that it stands in.
    fn key(&self, key: &str) -> String {
        let file = self.file.display();
        if key.is_empty() { file.to_string() } else { format!("{file}: {key}") }
    }

    fn unreadable(&mut self, key: &str, path: &Path, error: &std::io::Error) {
        self.seen.update(error.to_string());
        self.faults.push(Fault {
            key: key.to_owned(),
            value: format!("{:?}", path.display().to_string()),
            problem: format!("cannot be read: {error}"),
            remedy: "check its name and its rights".to_owned(),
        });
    }

    fn unusable(&mut self, key: &str, file: &str, problem: &str) {
        self.faults.push(Fault {
            key: self.key(&format!("tls_server_config.{key}")),
            value: format!("{file:?}"),
            problem: problem.to_owned(),
            remedy: "write certificates and their key as PEM".to_owned(),
        });
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(std::io::Error::other("it is longer than 1 MiB"));
    }
    Ok(bytes)
}

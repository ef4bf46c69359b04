//! The daemon: a thread that reads and folds, and a server that shows.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::sync::{mpsc, oneshot, watch};

use super::access::Access;
use super::clock::{Clock, Stopwatch};
use super::consume::{self, Feed};
use super::http::{self, Readiness, Shown, Web};
use super::live::{self, Live};
use super::outlet::Outlet;
use super::{Stop, kafka, log, read_secret, read_served, usage};
use crate::cli::Run;
use crate::config::{Config, Privacy, Storage};
use crate::domain::snapshot::Snapshot;
use crate::domain::units::Millis;
use crate::engine::{Engine, Settings};
use crate::wire::canonical::{Decoder, Limits};
use crate::wire::identity::{IdKey, Pseudonyms};

/// How long the reader may take to end, and then the open connections.
const END_LIMIT: Duration = Duration::from_secs(3);
const CONNECTIONS_LIMIT: Duration = Duration::from_millis(500);
/// Questions to the engine that wait for an answer.
const QUESTIONS: usize = 16;

/// Runs the daemon until it is told to stop.
///
/// # Errors
///
/// [`super::Usage`] for a faulty configuration, a failure otherwise.
pub fn run(asked: &Run) -> anyhow::Result<()> {
    let listen = asked.listen.as_deref().map(|address| ("SVARSTID_HTTP_LISTEN", address));
    let (config, access) = read_served(&asked.config, listen.as_slice())?;
    let settings = kafka::settings(&config.kafka)?;
    if config.ledger.storage == Storage::Kafka && config.privacy.id_key_file.is_none() {
        return Err(usage(
            "privacy.id_key_file: a ledger outlives the program, so the key of its ids has to as \
             well; make one with: head -c 32 /dev/urandom > /etc/svarstid/id-key, or set \
             ledger.storage = \"memory\"",
        ));
    }
    super::publish::check(&config)?;
    let keys = Keys::read(&config)?;
    let engine = engine(&config, &keys);
    let clock = match &asked.clock {
        Some(text) => text.parse().map_err(|fault: String| usage(format!("--clock: {fault}")))?,
        None => Clock::Real,
    };
    log::start(&config.log);
    let stop = Stop::on_signals()?;
    let (listener, address) = bind(&config.http.listen)?;
    if access.asks_in_the_clear() && !address.ip().is_loopback() {
        tracing::warn!(%address, "passwords travel in the clear; add tls_server_config");
    }
    if access.is_open() && !address.ip().is_loopback() {
        tracing::warn!(
            %address,
            "everybody who reaches this address reads everything: set http.web_config_file or \
             http.trusted_proxy_header, or listen on 127.0.0.1"
        );
    }
    let published = config.publish.directory.clone().map(PathBuf::from);
    match config.ledger.storage {
        Storage::Memory => {
            let settings = kafka::consumer(settings, &config.kafka.group);
            let feed = Feed::new(&config, settings, clock, engine, stop.clone());
            serve(&clock, &stop, listener, access, published, move |outlet| {
                consume::read(feed, outlet)
            })
        }
        Storage::Kafka => {
            let key = keys.fingerprint();
            let stopped = stop.clone();
            let live = Live { config, settings, clock, engine, key, stop: stop.clone() };
            serve(&clock, &stopped, listener, access, published, move |outlet| {
                live::read(live, outlet)
            })
        }
    }
}

/// Keys of the hashes.
pub(super) struct Keys {
    id: Vec<u8>,
    /// `None` where callers are not recognised.
    caller: Option<Vec<u8>>,
}

impl Keys {
    /// Keys from their files. Without one, figures that are made anew at each start have keys of
    /// this run alone. A ledger that outlives it would then know a caller under as many keys as it
    /// had instances, and count too few repeats: no caller is recognised then.
    fn read(config: &Config) -> anyhow::Result<Keys> {
        let Privacy { id_key_file, caller_key_file } = &config.privacy;
        let is_kept = config.ledger.storage == Storage::Kafka;
        Ok(Keys {
            id: match id_key_file {
                Some(path) => read_secret(path, "privacy.id_key_file")?,
                None => random()?,
            },
            caller: match caller_key_file {
                Some(path) => Some(read_secret(path, "privacy.caller_key_file")?),
                None if is_kept => {
                    tracing::warn!(
                        "repeat calls are not recognised: set privacy.caller_key_file, the same \
                         for all instances"
                    );
                    None
                }
                None => Some(random()?),
            },
        })
    }

    /// The same keys each time, for figures of files and simulations that are not kept: the output
    /// must not change from run to run.
    pub(super) fn fixed() -> Keys {
        Keys { id: b"id".to_vec(), caller: Some(b"caller".to_vec()) }
    }

    /// Tells the key of the ids from others without giving anything of it away.
    fn fingerprint(&self) -> u64 {
        IdKey::new(&self.id).fingerprint()
    }

    /// The decoder with these keys.
    pub(super) fn decoder(&self, names: crate::domain::ids::Names, config: &Config) -> Decoder {
        let limits = Limits {
            event_bytes: config.limits.event_bytes,
            future: Millis::from_seconds(i64::from(config.limits.future_tolerance_seconds)),
            ..Limits::default()
        };
        Decoder::new(names, IdKey::new(&self.id), Pseudonyms::new(self.caller.as_deref()), limits)
    }
}

/// A number that no other instance draws.
pub(super) fn random_number() -> anyhow::Result<u64> {
    let bytes = random()?;
    Ok(bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)))
}

fn random() -> anyhow::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut key = vec![0; 32];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut key))
        .context("cannot make a key from /dev/urandom; set privacy.id_key_file")?;
    Ok(key)
}

/// The engine of a configuration.
pub(super) fn engine(config: &Config, keys: &Keys) -> Engine {
    let names = config.names();
    let rules = config.rules(&names);
    let shown = config.departments().iter();
    let shown = shown.map(|entry| (entry.slug.clone(), entry.name.clone())).collect();
    Engine::new(Settings::from(config), rules, keys.decoder(names, config), shown)
}

/// Takes the address.
///
/// # Errors
///
/// [`super::Usage`] when it is none, a failure when it is taken.
pub(super) fn bind(listen: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let addresses: Vec<SocketAddr> = listen
        .to_socket_addrs()
        .map_err(|_| usage(format!("\"{listen}\" is no address; write it as 127.0.0.1:9464")))?
        .collect();
    let listener = TcpListener::bind(addresses.as_slice())
        .with_context(|| format!("cannot listen at {listen}; choose another with --listen"))?;
    listener.set_nonblocking(true).context("cannot set up the listener")?;
    let address = listener.local_addr().context("cannot tell the address")?;
    Ok((listener, address))
}

/// Reads, folds and serves until somebody asks for a stop or something fails. `published` is the
/// folder with what has been published; `read` is the reader's thread.
pub(super) fn serve(
    clock: &Clock,
    stop: &Stop,
    listener: TcpListener,
    access: Access,
    published: Option<PathBuf>,
    read: impl FnOnce(Outlet) -> anyhow::Result<()> + Send + 'static,
) -> anyhow::Result<()> {
    let address = listener.local_addr().context("cannot tell the address")?;
    let nothing = Snapshot { now: clock.now(), ..Snapshot::default() };
    let pictures =
        watch::Sender::new(Shown { snapshot: Arc::new(nothing), taken: Stopwatch::start() });
    let waiting = Readiness { reasons: vec!["starting".to_owned()], ..Readiness::default() };
    let readiness = watch::Sender::new(waiting);
    let (asking, questions) = mpsc::channel(QUESTIONS);
    let web = Web {
        pictures: pictures.subscribe(),
        readiness: readiness.subscribe(),
        questions: asking,
        published,
        shutdown: stop.receiver(),
        access,
    };
    let outlet = Outlet::new(pictures, readiness, questions);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("http")
        .enable_all()
        .build()
        .context("cannot start the server's threads")?;
    let (tell, told) = oneshot::channel();
    thread::Builder::new()
        .name("reader".to_owned())
        // The receiver may be gone when the stop was cut short.
        .spawn(move || drop(tell.send(read(outlet))))
        .context("cannot start the reader's thread")?;
    let done = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).context("cannot serve")?;
        tracing::info!(%address, "listening");
        let mut server = tokio::spawn(http::serve(listener, web));
        let mut told = told;
        let died = |_| anyhow!("the reader's thread died; its last words are above");
        let mut end = stop.receiver();
        let (read, served) = tokio::select! {
            read = &mut told => (Some(read.map_err(died).and_then(|done| done)), None),
            served = &mut server => (None, Some(served)),
            _ = end.wait_for(|asked| *asked) => (None, None),
        };
        stop.ask();
        let read = match read {
            Some(read) => read,
            None => match tokio::time::timeout(END_LIMIT, told).await {
                Ok(read) => read.map_err(died).and_then(|done| done),
                Err(_) => Err(anyhow!("the reader did not stop in time")),
            },
        };
        let served = match served {
            Some(served) => served.context("the server died"),
            // Whoever keeps a connection open is not waited for.
            None => match tokio::time::timeout(CONNECTIONS_LIMIT, server).await {
                Ok(served) => served.context("the server died"),
                Err(_) => Ok(()),
            },
        };
        read.and(served)
    });
    runtime.shutdown_background();
    tracing::info!("stopped");
    done
}

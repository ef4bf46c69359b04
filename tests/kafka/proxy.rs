//! A way to the broker that can be cut, in each direction.

#![expect(clippy::unwrap_used, reason = "the helpers here are as much tests as their callers")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// What becomes of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// All pass.
    Open,
    /// Requests arrive, answers vanish: a record has landed and nobody hears of it.
    NoAnswers,
    /// Requests vanish, and with them their answers.
    NoRequests,
    /// Connections are closed, also new ones.
    Closed,
}

const WAYS: [Way; 4] = [Way::Open, Way::NoAnswers, Way::NoRequests, Way::Closed];
/// How soon a changed way is noticed.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Default)]
struct State {
    way: AtomicU8,
    /// How often the way has changed: what lost bytes may not go on.
    changes: AtomicUsize,
    is_over: AtomicBool,
    lost: AtomicUsize,
}

impl State {
    fn way(&self) -> Way {
        WAYS[usize::from(self.way.load(Ordering::SeqCst))]
    }
}

/// A proxy that runs until it is dropped.
pub(crate) struct Proxy {
    state: Arc<State>,
    address: String,
}

impl Proxy {
    /// From one port of the loopback interface to another.
    pub(crate) fn start(at: u16, to: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", at)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            while !shared.is_over.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((client, _)) if shared.way() != Way::Closed => connect(client, to, &shared),
                    Ok((client, _)) => drop(client),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(LOOK / 4),
                    Err(error) => panic!("the proxy cannot accept: {error}"),
                }
            }
        });
        Proxy { state, address: format!("127.0.0.1:{at}") }
    }

    /// Where clients connect.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Changes the way of every connection. One that has lost bytes is closed with the next change,
    /// since what follows would be torn.
    pub(crate) fn set(&self, way: Way) {
        let at = WAYS.iter().position(|one| *one == way).unwrap();
        self.state.way.store(at as u8, Ordering::SeqCst);
        self.state.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Bytes that vanished.
    pub(crate) fn lost(&self) -> usize {
        self.state.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
    }
}

fn connect(client: TcpStream, to: u16, state: &Arc<State>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { return };
    for stream in [&client, &server] {
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(LOOK)).unwrap();
        stream.set_nodelay(true).unwrap();
    }
    let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
    for (from, into, loses) in [(client, server, Way::NoRequests), (back.0, back.1, Way::NoAnswers)]
    {
        let state = Arc::clone(state);
        thread::spawn(move || {
            pass(&from, &into, loses, &state);
            // The other direction ends with this one.
            for stream in [from, into] {
                drop(stream.shutdown(Shutdown::Both));
            }
        });
    }
}

fn pass(mut from: &TcpStream, mut into: &TcpStream, loses: Way, state: &State) {
    let mut bytes = vec![0; 65_536];
    let mut lost_since = None;
    loop {
        let read = from.read(&mut bytes);
        let changes = state.changes.load(Ordering::SeqCst);
        let is_torn = lost_since.is_some_and(|since| since != changes);
        if is_torn || state.way() == Way::Closed || state.is_over.load(Ordering::SeqCst) {
            return;
        }
        match read {
            Ok(0) => return,
            Ok(count) if state.way() == loses => {
                state.lost.fetch_add(count, Ordering::SeqCst);
                lost_since = Some(changes);
            }
            Ok(count) => {
                if into.write_all(&bytes[..count]).is_err() {
                    return;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
    }
}

//! Basic authentication (RFC 7617) against bcrypt hashes, so that it cannot be used to stop others.
//!
//! A check costs tens of milliseconds by design. A password that was found right is remembered, by
//! a keyed digest and compared in constant time, so readers who come back pay nothing and do not
//! wait for others. What is not remembered is checked on a thread of its own, one at a time, so that
//! strangers can take one core at most; they wait in order, [`WAITING_MAX`] at most of all and
//! [`WAITING_PER_PEER_MAX`] from one address, and who is beyond that gets 503. An unknown user
//! costs a check as the dearest hash does: where all hashes have one cost, the time does not tell who
//! exists.
//!
//! A proxy in front may know the readers instead: where its word is trusted, nobody else is let in
//! without a password, and where there is no password nobody else at all. What citizens may see can be
//! open to all.
//!
//! Neither passwords nor the names that clients give are logged: people mistype one for the other.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::{Semaphore, watch};

use super::access::{Entrance, Terms};
use super::http::refuse;
use crate::config::web::PasswordHash;
use crate::metrics::{Instruments, PasswordCheck};

/// Checks that wait or run, of all readers together and from one address.
const WAITING_MAX: usize = 64;
const WAITING_PER_PEER_MAX: usize = 16;
/// Checks that run at once.
const CHECKS_AT_ONCE: usize = 1;

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// Who reads, as far as the gate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visitor {
    /// One who was let in to everything.
    Insider,
    /// One who was let in to what is meant for citizens.
    Citizen,
}

/// Whom a route is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// Those who are let in.
    Insiders,
    /// Citizens, where the settings say so.
    Citizens,
    /// What pages of both are drawn with; it tells nothing.
    Anybody,
}

/// Lets in who may read.
#[derive(Clone)]
pub(super) struct Gate {
    terms: watch::Receiver<Arc<Terms>>,
    entrance: Arc<Entrance>,
    checks: Arc<Checks>,
    instruments: Instruments,
}

/// The checks under way.
struct Checks {
    turns: Semaphore,
    waiting: Mutex<BTreeMap<IpAddr, usize>>,
}

impl Gate {
    pub(super) fn new(
        terms: watch::Receiver<Arc<Terms>>,
        entrance: Entrance,
        instruments: Instruments,
    ) -> Gate {
        let checks =
            Checks { turns: Semaphore::new(CHECKS_AT_ONCE), waiting: Mutex::new(BTreeMap::new()) };
        Gate { terms, entrance: Arc::new(entrance), checks: Arc::new(checks), instruments }
    }

    /// Whether a request may pass that comes from there, with these credentials, to a route that is
    /// meant for these.
    async fn judge(
        &self,
        is_vouched_for: bool,
        credentials: Option<(String, Vec<u8>)>,
        peer: Option<Peer>,
        meant: For,
    ) -> Verdict {
        let terms = Arc::clone(&self.terms.borrow());
        let is_open = terms.users.is_empty() && self.entrance.proxy.is_none();
        if is_open || is_vouched_for {
            return Verdict::Welcome(Visitor::Insider);
        }
        if meant != For::Insiders && self.entrance.is_open_to_citizens {
            // Nobody's password is worth a check here; one that is known shows the way back inside.
            let is_known = credentials.is_some_and(|(name, password)| {
                let hash = terms.users.get(&name);
                hash.is_some_and(|hash| terms.verified.knows(&name, hash, &password))
            });
            let visitor = if is_known { Visitor::Insider } else { Visitor::Citizen };
            return Verdict::Welcome(visitor);
        }
        if terms.users.is_empty() {
            // The page that says so has a style too.
            let is_drawn_with = meant == For::Anybody;
            let citizen = Verdict::Welcome(Visitor::Citizen);
            return if is_drawn_with { citizen } else { Verdict::Refused };
        }
        let Some((name, password)) = credentials else { return Verdict::Unknown };
        let known = terms.users.get(&name);
        if known.is_some_and(|hash| terms.verified.knows(&name, hash, &password)) {
            return Verdict::Welcome(Visitor::Insider);
        }
        let Some(_place) = Place::take(&self.checks, peer.map(|peer| peer.0)) else {
            self.instruments.count_password_check(PasswordCheck::Busy);
            return Verdict::Busy;
        };
        let Ok(_turn) = self.checks.turns.acquire().await else { return Verdict::Busy };
        // While this one waited, the same reader's may have been found right: a browser asks for a
        // page and what belongs to it at once.
        if known.is_some_and(|hash| terms.verified.knows(&name, hash, &password)) {
            return Verdict::Welcome(Visitor::Insider);
        }
        let checked = Arc::clone(&terms);
        let check = tokio::task::spawn_blocking(move || checked.check(&name, &password));
        let (outcome, verdict) = match check.await {
            Ok(true) => (PasswordCheck::Accepted, Verdict::Welcome(Visitor::Insider)),
            Ok(false) | Err(_) => (PasswordCheck::Refused, Verdict::Unknown),
        };
        self.instruments.count_password_check(outcome);
        verdict
    }
}

enum Verdict {
    Welcome(Visitor),
    Unknown,
    /// No password would help.
    Refused,
    Busy,
}

/// The middleware.
pub(super) async fn authenticate(
    State((gate, meant)): State<(Gate, For)>,
    mut request: Request,
    next: Next,
) -> Response {
    let (carried, peer) = (credentials(&request), request.extensions().get::<Peer>().copied());
    let is_vouched_for = gate.entrance.vouches(request.headers(), peer);
    let verdict = gate.judge(is_vouched_for, carried, peer, meant).await;
    let (status, name, value) = match verdict {
        Verdict::Welcome(visitor) => {
            request.extensions_mut().insert(visitor);
            return next.run(request).await;
        }
        Verdict::Refused => return refuse(request).await,
        Verdict::Unknown => (
            StatusCode::UNAUTHORIZED,
            header::WWW_AUTHENTICATE,
            "Basic realm=\"svarstid\", charset=\"UTF-8\"",
        ),
        Verdict::Busy => (StatusCode::SERVICE_UNAVAILABLE, header::RETRY_AFTER, "1"),
    };
    let text = if status == StatusCode::UNAUTHORIZED {
        "a user's name and password are needed\n"
    } else {
        "too many passwords wait to be checked; try again\n"
    };
    (status, [(name, HeaderValue::from_static(value))], text).into_response()
}

impl Entrance {
    /// Whether a proxy that is believed says once that it knows its reader. Who that is stays with it.
    fn vouches(&self, headers: &HeaderMap, peer: Option<Peer>) -> bool {
        let (Some((name, peers)), Some(Peer(peer))) = (&self.proxy, peer) else { return false };
        // A second one may be the client's own, which the proxy has let through.
        let mut values = headers.get_all(name).iter();
        let value = values.next().filter(|_| values.next().is_none());
        let names = value.is_some_and(|value| !value.as_bytes().trim_ascii().is_empty());
        names && peers.contains(&peer)
    }
}

/// Name and password of a request, if it carries any.
fn credentials(request: &Request) -> Option<(String, Vec<u8>)> {
    let value = request.headers().get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, encoded) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let pair = STANDARD.decode(encoded.trim_ascii()).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let name = String::from_utf8(pair[..colon].to_vec()).ok()?;
    Some((name, pair[colon + 1..].to_vec()))
}

/// A place among those that wait, given back when it is dropped.
struct Place {
    checks: Arc<Checks>,
    peer: IpAddr,
}

impl Place {
    fn take(checks: &Arc<Checks>, peer: Option<IpAddr>) -> Option<Place> {
        let peer = peer.unwrap_or(IpAddr::from([0, 0, 0, 0]));
        let mut waiting = checks.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let own = waiting.get(&peer).copied().unwrap_or(0);
        if own >= WAITING_PER_PEER_MAX || waiting.values().sum::<usize>() >= WAITING_MAX {
            return None;
        }
        waiting.insert(peer, own + 1);
        Some(Place { checks: Arc::clone(checks), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.checks.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.get_mut(&self.peer) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => drop(waiting.remove(&self.peer)),
        }
    }
}

impl Terms {
    /// Whether the password is the user's. Takes as long as bcrypt takes.
    fn check(&self, name: &str, password: &[u8]) -> bool {
        let dearest = || self.users.values().max_by_key(|hash| hash.cost());
        let known = self.users.get(name);
        let Some(hash) = known.or_else(dearest) else { return false };
        let fits = bcrypt::verify(password, hash.text()).unwrap_or(false);
        let right = fits && known.is_some();
        if right {
            self.verified.remember(name, hash, password);
        }
        right
    }
}

/// Passwords that were found right: one a user, as a digest under the user's hash, in memory alone.
#[derive(Debug, Default)]
pub(super) struct Verified(Mutex<BTreeMap<String, [u8; 32]>>);

impl Verified {
    fn remember(&self, name: &str, hash: &PasswordHash, password: &[u8]) {
        let digest = digest(hash, password).finalize().into_bytes().into();
        self.remembered().insert(name.to_owned(), digest);
    }

    /// Compares in constant time.
    fn knows(&self, name: &str, hash: &PasswordHash, password: &[u8]) -> bool {
        let remembered = self.remembered().get(name).copied();
        remembered.is_some_and(|known| digest(hash, password).verify_slice(&known).is_ok())
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, [u8; 32]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(hash: &PasswordHash, password: &[u8]) -> Hmac<Sha256> {
    let key = hash.text().as_bytes();
    let mut digest = Hmac::new_from_slice(key).expect("HMAC takes a key of any length");
    digest.update(password);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(header: &str) -> Option<(String, Vec<u8>)> {
        let request = Request::builder().header("authorization", header);
        credentials(&request.body(axum::body::Body::empty()).unwrap())
    }

    #[test]
    fn credentials_are_a_name_and_all_that_follows_the_first_colon() {
        let pair = Some(("åsa".to_owned(), b"a:b".to_vec()));
        assert_eq!(asked(&format!("Basic {}", STANDARD.encode("åsa:a:b"))), pair);
        assert_eq!(asked(&format!("bASIC   {} ", STANDARD.encode("åsa:a:b"))), pair);
        for wrong in ["", "Basic", "Basic ", "Basic ???", "Bearer YTpi", "Basic YWI="] {
            assert_eq!(asked(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn places_are_bounded_for_each_address_and_together_and_given_back() {
        let checks =
            Arc::new(Checks { turns: Semaphore::new(1), waiting: Mutex::new(BTreeMap::new()) });
        let take = |last: u8| Place::take(&checks, Some(IpAddr::from([10, 0, 0, last])));
        let mut held = Vec::new();
        for _ in 0..WAITING_PER_PEER_MAX {
            held.push(take(1).expect("there is room"));
        }
        assert!(take(1).is_none(), "one address has its share");
        for last in 2..=4 {
            held.extend((0..WAITING_PER_PEER_MAX).map(|_| take(last).expect("there is room")));
        }
        assert_eq!(held.len(), WAITING_MAX);
        assert!(take(5).is_none(), "all have theirs");
        held.pop();
        assert!(take(5).is_some());
        drop(held);
        assert!(checks.waiting.lock().unwrap().is_empty(), "nothing is left behind");
    }
}

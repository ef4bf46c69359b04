//! The daemon's web server.
//!
//! | Route | Answers |
//! |---|---|
//! | `/`, `/lage`, `/vaggtavla[/{slug}]`, `/avdelning/{slug}`, `/fragor`, `/om-matten`, `/tillganglighet` | the [`pages`], `?lang=sv\|en` |
//! | `/mal[/{slug}]` | the goals and their trends, asked of the engine at most once a minute |
//! | `/rapporter` | the [`archive`]: what is published, and the periods with figures |
//! | `/rapporter/{period}?department=&audience=&format=` | a period's editions, or its report made on demand |
//! | `/publik` | the [`public`] start: the goals of the last closed month and year |
//! | `/publik/{period}[/{format}]?department=` | a closed period's report for citizens |
//! | `/events?page=…&lang=…` | server-sent events: the parts of a page that changed, at most once a second |
//! | `/style.css`, `/live.js`, `/icon.svg` | what the pages need; nothing is fetched from outside |
//! | `/metrics` | Prometheus text, gzip where accepted |
//! | `/-/healthy` | 200 while the process serves |
//! | `/-/ready` | 200, or 503 with the reasons, one a line |
//! | `/api/v1/…` | figures for programs: see [`api`] |
//!
//! With a web-config, every route asks for the password (and the certificate) that it demands, the
//! two of health included, as the Prometheus exporters do: whoever probes from outside can carry
//! credentials, and what stands on `/-/ready` names topics and partitions. A trusted proxy may vouch
//! for its readers instead, and what is meant for citizens ([`For`]) may be open to all.
//!
//! What may be kept by whom is in [`fresh`](super::fresh): pages of the moment by nobody.
//!
//! What is live is drawn from one snapshot; `/mal`, the reports and some of `/api/v1` ask the engine.
//! Scripts and styles come from here alone, by a strict content security policy.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::RequestPartsExt as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tower_http::compression::CompressionLayer;

use super::access::Access;
use super::clock::Stopwatch;
use super::fresh::{Keeper, Known};
use super::pages::{self, Live, Locale, Part, View};
use super::password::{For, Gate, authenticate};
use super::published::Published;
use super::question::Question;
use super::visit::{Refusal, Visit};
use super::{api, archive, connections, public, trends};
use crate::domain::snapshot::Snapshot;
use crate::metrics::{self, Instruments, LiveClient};

/// What the pages are made of.
#[derive(Clone, Debug)]
pub struct Web {
    /// The picture that metrics and pages are drawn from.
    pub pictures: watch::Receiver<Shown>,
    /// Whether the figures may be relied on.
    pub readiness: watch::Receiver<Readiness>,
    /// Questions to the engine.
    pub questions: mpsc::Sender<Question>,
    /// The folder with what has been published, if anything is.
    pub published: Option<PathBuf>,
    /// Turns true when the daemon stops.
    pub shutdown: watch::Receiver<bool>,
    /// Who may read, and over what.
    pub access: Access,
}

/// A picture and how old it is.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The picture.
    pub snapshot: Arc<Snapshot>,
    /// Since it was taken: an instance that was frozen must not show it as if it were new.
    pub taken: Stopwatch,
}

impl Shown {
    /// The picture as it may be shown now. When nobody has taken one for long, it carries no
    /// figures of the municipality.
    pub fn now(&self) -> Arc<Snapshot> {
        if self.taken.passed() <= PICTURE_AGE_MAX || !self.snapshot.caught_up {
            return Arc::clone(&self.snapshot);
        }
        let mut snapshot = Snapshot::clone(&self.snapshot);
        snapshot.caught_up = false;
        Arc::new(snapshot)
    }
}

/// Whether the daemon is ready, and why not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Whether the figures may be relied on.
    pub ready: bool,
    /// What is missing, for operators; one line each.
    pub reasons: Vec<String>,
    /// What they should know of though it is ready, one line each.
    pub notes: Vec<String>,
}

/// An older picture is not shown as the present.
const PICTURE_AGE_MAX: Duration = Duration::from_secs(10);
/// A live page hears at most so often.
const LIVE_PERIOD: Duration = Duration::from_secs(1);
/// More open streams than this are refused; the page then still works by reload.
const LIVE_CLIENTS_MAX: usize = 1_000;

/// Nothing is loaded from elsewhere, nothing is inline, nobody may frame the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
     connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'";

/// Serves until `web.shutdown` turns true, or its sender goes.
pub async fn serve(listener: TcpListener, web: Web) {
    let instruments = Instruments::new();
    let (terms, follow) = web.access.clone().follow(instruments.clone());
    let stop = web.shutdown.clone();
    let gate = Gate::new(terms.clone(), web.access.entrance(), instruments.clone());
    let router = router(web, gate, instruments.clone());
    tokio::select! {
        () = connections::serve(listener, router, terms, instruments, stop) => {}
        () = follow => {}
    }
}

/// Waits for the stop; a sender that is gone is a stop too.
pub(super) async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    drop(shutdown.wait_for(|stop| *stop).await);
}

/// What every route may need.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) web: Web,
    instruments: Instruments,
    live: Arc<AtomicUsize>,
    drawn: Arc<Drawn>,
    /// Whose turn it is to have a report made.
    pub(super) reports: Arc<Semaphore>,
    trends: Arc<trends::Kept>,
    /// What is published.
    pub(super) published: Published,
    /// Where reports for citizens are made.
    pub(super) desk: Arc<public::Desk>,
}

/// Whom a route is meant for.
fn meant_for(path: &str) -> For {
    match path {
        "/style.css" | "/icon.svg" | "/live.js" => For::Anybody,
        "/om-matten" | "/tillganglighet" => For::Citizens,
        _ if path == pages::PUBLIC || path.starts_with("/publik/") => For::Citizens,
        _ => For::Insiders,
    }
}

fn router(web: Web, gate: Gate, instruments: Instruments) -> Router {
    let reports = Arc::new(Semaphore::new(1));
    let (live, drawn, trends, desk) = Default::default();
    let published = Published::new(web.published.clone());
    let shared = Shared { web, instruments, live, drawn, reports, trends, published, desk };
    let counted = |handler: &'static str, route: MethodRouter<Shared>| {
        let instruments = shared.instruments.clone();
        let gate = (gate.clone(), meant_for(handler));
        let route = route.layer(from_fn_with_state(gate, authenticate));
        route.layer(from_fn_with_state((instruments, handler), count))
    };
    let mut router = Router::new().fallback_service(
        counted("none", get(not_found).fallback(not_found)).with_state(shared.clone()),
    );
    let pages = [
        ("/", get(page)),
        ("/lage", get(page)),
        ("/vaggtavla", get(page)),
        ("/vaggtavla/{slug}", get(page)),
        ("/avdelning/{slug}", get(page)),
        ("/fragor", get(page)),
        ("/mal", get(goals)),
        ("/mal/{slug}", get(goals)),
        ("/om-matten", get(page)),
        ("/tillganglighet", get(page)),
        ("/rapporter", get(archive::archive)),
        ("/rapporter/{period}", get(archive::period)),
        ("/publik", get(public::start)),
        ("/publik/", get(nowhere)),
        ("/publik/{period}", get(public::period)),
        ("/publik/{period}/{format}", get(public::data)),
        ("/publik/{period}/{format}/{*more}", get(nowhere)),
        ("/events", get(events)),
        ("/style.css", get(|headers| file(headers, "text/css; charset=utf-8", pages::STYLE))),
        ("/live.js", get(|headers| file(headers, "text/javascript; charset=utf-8", pages::SCRIPT))),
        ("/icon.svg", get(|headers| file(headers, "image/svg+xml", pages::ICON))),
        ("/metrics", get(metrics_text)),
        ("/-/healthy", get(async || "healthy\n")),
        ("/-/ready", get(ready)),
    ];
    let pages = pages.map(|(path, route)| (path, route.fallback(not_allowed)));
    for (path, route) in pages.into_iter().chain(api::routes()) {
        router = router.route(path, counted(path, route));
    }
    router.layer(CompressionLayer::new()).layer(from_fn(protect)).with_state(shared)
}

async fn count(
    State((instruments, handler)): State<(Instruments, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    instruments.count_request(handler, response.status().as_u16());
    response
}

async fn protect(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Figures are true now and not later.
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn file(headers: HeaderMap, content_type: &'static str, text: &'static str) -> Response {
    Known::of(&headers).answer(content_type, text, Keeper::Anybody)
}

async fn nowhere(visit: Visit) -> Response {
    visit.refuse(Refusal::Nowhere)
}

async fn not_allowed(visit: Visit) -> Response {
    visit.refuse(Refusal::Method)
}

async fn not_found(request: Request) -> Response {
    if api::is_meant(&request) {
        return api::not_found(request).await;
    }
    let Ok(visit) = request.into_parts().0.extract::<Visit>().await;
    visit.refuse(Refusal::Nowhere)
}

/// The answer for one who was not let in, and whom no password would help.
pub(super) async fn refuse(request: Request) -> Response {
    if api::is_meant(&request) {
        return api::refuse(request).await;
    }
    let path = request.uri().path();
    if path == "/metrics" || path.starts_with("/-/") {
        let text = "this is read through the proxy that http.trusted_proxies names\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    let Ok(visit) = request.into_parts().0.extract::<Visit>().await;
    visit.refuse(Refusal::Stranger)
}

async fn page(State(shared): State<Shared>, uri: Uri, visit: Visit) -> Response {
    if let Err(why) = visit.in_a_language() {
        return visit.refuse(why);
    }
    let snapshot = shared.web.pictures.borrow().now();
    let ready = shared.web.readiness.borrow().ready;
    let view = View { snapshot: &snapshot, ready, locale: visit.locale };
    if let Some(still) = pages::still(uri.path(), &view, visit.side) {
        return visit.give(still);
    }
    match Live::at(uri.path()).and_then(|live| live.page(&view)) {
        Some(text) => visit.show(text),
        None => visit.refuse(Refusal::Nowhere),
    }
}

async fn goals(State(shared): State<Shared>, uri: Uri, visit: Visit) -> Response {
    goals_found(&shared, &uri, &visit).await.unwrap_or_else(|why| visit.refuse(why))
}

async fn goals_found(shared: &Shared, uri: &Uri, visit: &Visit) -> Result<Response, Refusal> {
    visit.in_a_language()?;
    let snapshot = shared.web.pictures.borrow().now();
    let ready = shared.web.readiness.borrow().ready;
    let view = View { snapshot: &snapshot, ready, locale: visit.locale };
    let slug = uri.path().strip_prefix("/mal/");
    if slug.is_some_and(|slug| !snapshot.departments.iter().any(|of| of.slug == slug)) {
        return Err(Refusal::Nowhere);
    }
    let told = match snapshot.caught_up {
        true => shared.trends.at(&shared.web.questions, snapshot.now).await.ok(),
        false => None,
    };
    let status = match told.is_none() && snapshot.caught_up {
        true => StatusCode::SERVICE_UNAVAILABLE,
        false => StatusCode::OK,
    };
    let told = told.as_ref().map(|told| (&*told.trends, &*told.hours));
    let page = pages::goals(&view, slug, told).ok_or(Refusal::Nowhere)?;
    Ok(visit.say(status, page))
}

async fn metrics_text(State(shared): State<Shared>) -> Response {
    let snapshot = shared.web.pictures.borrow().now();
    let instruments = shared.instruments.clone();
    // Milliseconds of work, which the async workers should not be held up by.
    match tokio::task::spawn_blocking(move || instruments.render(&snapshot)).await {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot render the metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn ready(State(shared): State<Shared>) -> (StatusCode, String) {
    let readiness = shared.web.readiness.borrow();
    let lines = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let notes = lines(&readiness.notes);
    if readiness.ready {
        return (StatusCode::OK, format!("ready\n{notes}"));
    }
    (StatusCode::SERVICE_UNAVAILABLE, lines(&readiness.reasons) + &notes)
}

async fn events(State(shared): State<Shared>, visit: Visit) -> Response {
    if let Err(why) = visit.in_a_language() {
        return visit.refuse(why);
    }
    let locale = visit.locale;
    let snapshot = shared.web.pictures.borrow().now();
    let view = View { snapshot: &snapshot, ready: false, locale };
    let found = Live::at(visit.value("page").unwrap_or("/"));
    let Some(live) = found.filter(|live| live.parts(&view).is_some()) else {
        return visit.refuse(Refusal::Nowhere);
    };
    let Some(place) = Place::take(&shared.live) else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many live pages are open\n").into_response();
    };
    let reader = Reader {
        web: shared.web.clone(),
        live,
        locale,
        drawn: shared.drawn.clone(),
        sent: None,
        _counted: shared.instruments.live_client(),
        _place: place,
    };
    Sse::new(reader.stream()).keep_alive(KeepAlive::default()).into_response()
}

/// The parts of pages as drawn from the latest picture: many readers of one page cost one drawing.
#[derive(Debug, Default)]
struct Drawn(Mutex<Drawings>);

#[derive(Debug, Default)]
struct Drawings {
    /// What they are drawn from.
    of: Option<(Arc<Snapshot>, bool)>,
    parts: BTreeMap<(Live, &'static str), Arc<Vec<Part>>>,
}

impl Drawn {
    fn parts(&self, live: &Live, view: &View<'_>, of: &Arc<Snapshot>) -> Option<Arc<Vec<Part>>> {
        let key = (live.clone(), view.locale.language.code());
        let mut drawings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = drawings
            .of
            .as_ref()
            .is_some_and(|(picture, ready)| Arc::ptr_eq(picture, of) && *ready == view.ready);
        if !is_same {
            *drawings = Drawings { of: Some((of.clone(), view.ready)), parts: BTreeMap::new() };
        }
        if let Some(parts) = drawings.parts.get(&key) {
            return Some(parts.clone());
        }
        let parts = Arc::new(live.parts(view)?);
        drawings.parts.insert(key, parts.clone());
        Some(parts)
    }
}

/// One of the limited places at the live stream.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(live: &Arc<AtomicUsize>) -> Option<Place> {
        let place = Place(live.clone());
        (live.fetch_add(1, Ordering::Relaxed) < LIVE_CLIENTS_MAX).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One live page: which parts it was sent last. There is no queue, so one who reads slowly gets
/// the latest.
struct Reader {
    web: Web,
    live: Live,
    locale: Locale,
    drawn: Arc<Drawn>,
    sent: Option<Arc<Vec<Part>>>,
    _counted: LiveClient,
    _place: Place,
}

impl Reader {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        unfold(self, async |mut reader| {
            let event = reader.next().await?;
            Some((Ok(event), reader))
        })
    }

    /// The next event; `None` at the stop.
    async fn next(&mut self) -> Option<Event> {
        if self.sent.is_some() {
            tokio::select! {
                biased;
                () = stopped(&mut self.web.shutdown) => return None,
                () = tokio::time::sleep(LIVE_PERIOD) => {}
            }
        }
        loop {
            if self.sent.is_some() {
                tokio::select! {
                    biased;
                    () = stopped(&mut self.web.shutdown) => return None,
                    changed = self.web.pictures.changed() => changed.ok()?,
                    changed = self.web.readiness.changed() => changed.ok()?,
                }
            }
            let snapshot = self.web.pictures.borrow_and_update().now();
            let ready = self.web.readiness.borrow_and_update().ready;
            let view = View { snapshot: &snapshot, ready, locale: self.locale };
            // The page of a department that is gone is loaded again, and then says so.
            let parts = self.drawn.parts(&self.live, &view, &snapshot).unwrap_or_default();
            let event = pages::change(self.sent.as_ref().map(|sent| sent.as_slice()), &parts);
            self.sent = Some(parts);
            if let Some(message) = event {
                return Some(Event::default().data(message));
            }
        }
    }
}

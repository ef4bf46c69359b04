//! Connections: how many, how long, and the TLS around them. What is asked over them is answered
//! by the routes of `http.rs`.
//!
//! Nobody can pile up connections that do nothing. Each has a bound, and at the bound it is closed:
//!
//! | Bound | Of |
//! |---|---|
//! | [`CONNECTIONS_MAX`] | open connections; more wait in the system's queue until one ends |
//! | [`FIRST_REQUEST_LIMIT`] | handshake and first request's head together |
//! | [`KEEP_ALIVE_LIMIT`] | waiting for another request, its head included |
//! | [`WRITE_LIMIT`] | writing without the reader taking a single byte |
//! | [`HEAD_BYTES_MAX`] | a request's head |
//! | [`DRAIN_LIMIT`] | what a stop waits for requests under way |

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Sleep, sleep};
use tokio_rustls::TlsAcceptor;

use super::access::Terms;
use super::http::stopped;
use super::password::Peer;
use crate::metrics::Instruments;

/// Room for every live page (1 000) and as many more.
const CONNECTIONS_MAX: u32 = 2_000;
/// From the connection to the end of its first request's head.
const FIRST_REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// Longer than a minute, so that one who scrapes every minute keeps the connection.
const KEEP_ALIVE_LIMIT: Duration = Duration::from_secs(100);
/// Without a byte taken.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// A head that is longer is answered with 431.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// After this a stop does not wait for slow readers.
const DRAIN_LIMIT: Duration = Duration::from_millis(1_500);
/// When the system has no room for another connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// Serves until the stop, and then until the requests under way are answered or the drain is over.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    terms: watch::Receiver<Arc<Terms>>,
    instruments: Instruments,
    stop: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX as usize));
    let mut stopping = stop.clone();
    let accepting = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // One who left again, or no descriptor is left: others may end meanwhile.
                    tracing::debug!(%error, "cannot accept a connection");
                    sleep(ACCEPT_AGAIN).await;
                    continue;
                }
            };
            let connection = Connection {
                peer: peer.ip().to_canonical(),
                first: Box::pin(sleep(FIRST_REQUEST_LIMIT)),
                router: router.clone(),
                stop: stop.clone(),
            };
            let tls = terms.borrow().tls.clone().map(TlsAcceptor::from);
            let instruments = instruments.clone();
            tokio::spawn(async move {
                connection.secure(stream, tls, &instruments).await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stopped(&mut stopping) => {}
    }
    drop(listener);
    // All places are free when the last connection has ended.
    drop(tokio::time::timeout(DRAIN_LIMIT, places.acquire_many(CONNECTIONS_MAX)).await);
}

struct Connection {
    peer: IpAddr,
    /// Until when there must be a request.
    first: Pin<Box<Sleep>>,
    router: Router,
    stop: watch::Receiver<bool>,
}

impl Connection {
    /// The handshake, where there is one, and then the requests.
    async fn secure(mut self, stream: TcpStream, tls: Option<TlsAcceptor>, told: &Instruments) {
        // A page that updates itself is many small writes. What cannot be set is not needed.
        drop(stream.set_nodelay(true));
        let Some(tls) = tls else { return self.answer(stream).await };
        let secured = tokio::select! {
            secured = tls.accept(stream) => secured,
            () = &mut self.first => Err(io::ErrorKind::TimedOut.into()),
            () = stopped(&mut self.stop) => return,
        };
        match secured {
            Ok(stream) => self.answer(stream).await,
            Err(error) => {
                told.count_handshake_failure();
                tracing::debug!(peer = %self.peer, %error, "no TLS handshake");
            }
        }
    }

    async fn answer(mut self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let asked = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&asked);
        let (router, peer) = (TowerToHyperService::new(self.router), Peer(self.peer));
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            heard.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(peer);
            router.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(KEEP_ALIVE_LIMIT)
            .max_header_size(HEAD_BYTES_MAX)
            .max_buf_size(2 * HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(Taken::new(stream, WRITE_LIMIT)), service);
        let mut connection = std::pin::pin!(connection);
        let (mut is_first, mut is_stopping) = (true, false);
        loop {
            tokio::select! {
                // Whoever breaks off, sends no HTTP or is too slow has ended it.
                done = &mut connection => return drop(done),
                () = &mut self.first, if is_first => {
                    if !asked.load(Ordering::Relaxed) {
                        return;
                    }
                    is_first = false;
                }
                () = stopped(&mut self.stop), if !is_stopping => {
                    is_stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// A stream whose writes fail when the reader takes nothing for so long.
struct Taken<S> {
    stream: S,
    limit: Duration,
    /// Runs while a write waits.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncWrite + Unpin> Taken<S> {
    fn new(stream: S, limit: Duration) -> Taken<S> {
        Taken { stream, limit, patience: None }
    }

    fn patiently<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = write(Pin::new(&mut self.stream), context) {
            self.patience = None;
            return Poll::Ready(done);
        }
        let limit = self.limit;
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(patience.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Taken<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Taken<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.patiently(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.patiently(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.patiently(context, |stream, context| stream.poll_shutdown(context))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.patiently(context, |stream, context| stream.poll_write_vectored(context, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    /// Writes ten bytes to a reader who has room for four; the reader waits before each byte.
    fn write_ten(limit: Duration, pause: Option<Duration>) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        runtime.block_on(async {
            let (ours, mut theirs) = duplex(4);
            let reading = async {
                let Some(pause) = pause else { return std::future::pending().await };
                for _ in 0..10 {
                    sleep(pause).await;
                    theirs.read_u8().await.expect("there are ten");
                }
            };
            let mut stream = Taken::new(ours, limit);
            tokio::select! {
                biased;
                done = stream.write_all(&[7; 10]) => done,
                () = reading => Ok(()),
            }
        })
    }

    #[test]
    fn one_who_reads_slowly_is_waited_for_and_one_who_does_not_read_is_not() {
        let stuck = write_ten(Duration::from_millis(50), None).unwrap_err();
        assert_eq!(stuck.kind(), io::ErrorKind::TimedOut);
        // Longer than the limit all together, but never without a byte for so long.
        write_ten(Duration::from_millis(500), Some(Duration::from_millis(100))).unwrap();
    }
}

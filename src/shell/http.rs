//! Stand-in for the HTTP server.
#![allow(missing_docs)]

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::sync::{mpsc, oneshot, watch};

use crate::domain::snapshot::Snapshot;

#[derive(Clone, Debug)]
pub struct Web {
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    pub readiness: watch::Receiver<Readiness>,
    pub figures: mpsc::Sender<FiguresQuestion>,
    pub shutdown: watch::Receiver<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    pub ready: bool,
    pub reasons: Vec<String>,
}

#[derive(Debug)]
pub struct FiguresQuestion {
    pub interval: String,
    pub answer: oneshot::Sender<Result<String, String>>,
}

pub async fn serve(listener: tokio::net::TcpListener, web: Web) -> anyhow::Result<()> {
    let mut shutdown = web.shutdown.clone();
    let router = Router::new()
        .route("/-/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/api/v1/figures", get(figures))
        .with_state(web);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            drop(shutdown.wait_for(|stop| *stop).await);
        })
        .await?;
    Ok(())
}

async fn ready(State(web): State<Web>) -> (StatusCode, String) {
    let readiness = web.readiness.borrow().clone();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, readiness.reasons.join("\n"))
}

async fn metrics(State(web): State<Web>) -> String {
    let snapshot = Arc::clone(&web.snapshots.borrow());
    let mut text = format!("now {}\n", snapshot.now.0);
    for view in &snapshot.stream.partitions {
        let lag = view.lag.unwrap_or(-1);
        text += &format!("{}-{} {} lag {lag}\n", view.topic, view.partition, view.consumed);
    }
    text
}

async fn figures(State(web): State<Web>) -> (StatusCode, String) {
    let (answer, answered) = oneshot::channel();
    let question = FiguresQuestion { interval: "day".to_owned(), answer };
    match web.figures.send(question).await {
        Ok(()) => match answered.await {
            Ok(Ok(text)) => (StatusCode::OK, text),
            Ok(Err(text)) => (StatusCode::BAD_REQUEST, text),
            Err(_) => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
        },
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
    }
}

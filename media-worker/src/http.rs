//! What the worker serves to machines over HTTP: `/metrics`, `/healthz`, `/readyz` and, for the operator, `/report`.

use std::future::Future;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::metrics::Metrics;
use crate::report::ReportBoard;

/// What the pages are made from.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The figures.
    pub metrics: Metrics,
    /// Whether phones can be served.
    pub readiness: watch::Receiver<Readiness>,
    /// What the operator is told.
    pub report: ReportBoard,
}

/// Whether phones can be served, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet: this is waited for.
    WaitingFor(&'static str),
    /// They can, also those in calls while the worker drains.
    Ready,
    /// No more.
    Stopping,
}

/// Serves the pages until `stop` is done.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    pages: Pages,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route(crds::report::PATH, get(report))
        .with_state(pages);
    axum::serve(listener, routes)
        .with_graceful_shutdown(stop)
        .await
}

async fn metrics(State(pages): State<Pages>) -> Response {
    match pages.metrics.page() {
        Ok(page) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], page).into_response(),
        Err(error) => failed(&error),
    }
}

async fn ready(State(pages): State<Pages>) -> Response {
    let readiness = *pages.readiness.borrow();
    match readiness {
        Readiness::Ready => (StatusCode::OK, "ready\n").into_response(),
        Readiness::WaitingFor(what) => {
            let text = format!("not ready: waiting for {what}\n");
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
        Readiness::Stopping => {
            (StatusCode::SERVICE_UNAVAILABLE, "not ready: stopping\n").into_response()
        }
    }
}

async fn report(State(pages): State<Pages>, RawQuery(query): RawQuery) -> Response {
    let report = pages.report.after(query.as_deref().and_then(after)).await;
    match serde_json::to_vec(&report) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &impl std::fmt::Display) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
}

/// The revision in `after=REVISION`.
fn after(query: &str) -> Option<u64> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == "after")?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_is_found_in_the_query() {
        assert_eq!(after("after=12"), Some(12));
        assert_eq!(after("a=b&after=3"), Some(3));
        assert_eq!(after("after=yes"), None);
    }
}

//! What the worker serves to machines over HTTP: `/metrics`, `/healthz`, `/readyz` and, for the operator, `/report`.

use std::future::Future;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use crds::report::KEEPS_LOADED;
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
    let query = query.unwrap_or_default();
    // It names people. In the node's network anybody may reach the port; the UID is known to who may read Pods.
    if !pages.report.is_of(value(&query, "pod").unwrap_or_default()) {
        let told = "ask with pod=UID, the UID of this worker's Pod\n";
        return (StatusCode::FORBIDDEN, told).into_response();
    }
    let after = value(&query, "after").and_then(|revision| revision.parse().ok());
    let keeps_loaded = value(&query, "keeps") == Some(KEEPS_LOADED);
    let report = match after {
        Some(after) if keeps_loaded => pages.report.change_after(after).await,
        Some(_) | None => pages.report.after(after).await,
    };
    match serde_json::to_vec(&report) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &impl std::fmt::Display) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
}

/// The value in `NAME=VALUE`.
fn value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Some(pairs.find(|(other, _)| *other == name)?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_the_query() {
        assert_eq!(value("after=12", "after"), Some("12"));
        assert_eq!(value("pod=a&after=3", "after"), Some("3"));
        assert_eq!(value("pod=a&after", "after"), None);
    }

    #[tokio::test]
    async fn only_who_knows_the_pod_is_told_the_report() {
        let pages = Pages {
            metrics: Metrics::new().unwrap(),
            readiness: watch::channel(Readiness::Ready).1,
            report: ReportBoard::new("its-uid"),
        };
        let ask = |query: &str| report(State(pages.clone()), RawQuery(Some(query.to_owned())));
        assert_eq!(ask("pod=its-uid").await.status(), StatusCode::OK);
        for other in ["", "after=1", "pod=", "pod=another&after=1"] {
            assert_eq!(ask(other).await.status(), StatusCode::FORBIDDEN, "{other}");
        }
    }
}

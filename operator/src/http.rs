//! What the operator serves to machines: `/metrics`, `/healthz`, `/readyz`.
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;

use crate::metrics::Metrics;

/// Serves the pages for ever. An operator that waits for its turn to lead is ready too: it can lead any time.
pub async fn serve(listener: TcpListener, metrics: Metrics) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/metrics", get(page))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(|| async { "ready\n" }))
        .with_state(metrics);
    axum::serve(listener, routes).await
}

async fn page(State(metrics): State<Metrics>) -> impl IntoResponse {
    match metrics.page() {
        Ok(page) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], page).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

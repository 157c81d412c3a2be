//! What a worker shows to machines, from its first moment on.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::spawn_local;
use tracing::error;

use crate::http::{self, Pages, Readiness};
use crate::metrics::Metrics;
use crate::report::ReportBoard;

/// The pages of `/metrics`, `/readyz` and `/report`, served, and what they show.
pub(super) struct Shown {
    pub(super) address: SocketAddr,
    pub(super) metrics: Metrics,
    pub(super) readiness: watch::Sender<Readiness>,
    pub(super) report: ReportBoard,
}

impl Shown {
    /// Serves the pages of the worker in this Pod; standalone the UID is empty.
    pub(super) async fn serve(address: SocketAddr, pod_uid: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("metrics can't be served on {address}: choose another address with --metrics")
        })?;
        let shown = Self {
            address: listener.local_addr()?,
            metrics: Metrics::new()?,
            readiness: watch::Sender::new(Readiness::WaitingFor("the directory")),
            report: ReportBoard::new(pod_uid),
        };
        let pages = Pages {
            metrics: shown.metrics.clone(),
            readiness: shown.readiness.subscribe(),
            report: shown.report.clone(),
        };
        spawn_local(async move {
            if let Err(error) = http::serve(listener, pages, std::future::pending()).await {
                error!(%error, "metrics are no longer served");
            }
        });
        Ok(shown)
    }
}

//! The whole operator: pages for machines, the election, and one set of controllers for each namespace.
use std::{future::Future, sync::Arc};

use anyhow::Context as _;
use futures::future::join_all;
use kube::Client;
use tokio::net::TcpListener;

use crate::{
    context::Context, deletion, http, leader::Candidate, metrics::Metrics, namespace,
    options::Options,
};

/// Runs until `stop`, or until the pages cannot be served.
///
/// # Errors
/// When there is no API server to talk to, or the address of the pages is not free.
pub async fn run(options: Options, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let client = Client::try_default()
        .await
        .context("no cluster is known; run this in a Pod, or with KUBECONFIG set")?;
    let metrics = Metrics::new()?;
    let listener = TcpListener::bind(options.metrics)
        .await
        .with_context(|| format!("cannot serve pages at {}", options.metrics))?;
    tracing::info!(
        "serving /metrics, /healthz and /readyz at http://{}",
        listener.local_addr()?
    );
    let candidate = Candidate::new(client.clone(), &options, metrics.clone());
    let options = Arc::new(options);
    let work = || {
        let contexts = options.namespaces().into_iter().map(|name| {
            Arc::new(Context::new(
                client.clone(),
                &name,
                options.clone(),
                metrics.clone(),
            ))
        });
        let all: Vec<_> = contexts.map(namespace::run).collect();
        async {
            join_all(all).await;
        }
    };
    tokio::select! {
        () = candidate.lead(work, stop) => {}
        served = http::serve(listener, metrics.clone()) => return served.context("the pages could not be served"),
    }
    deletion::farewell(&client, &options, &metrics).await;
    Ok(())
}

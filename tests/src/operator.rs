//! The operator before a real API server, with a worker that is played: there is no kubelet.

mod namespace;
mod worker;

use std::sync::Arc;

use clap::Parser;
use crds::{PhoneSystem, User};
use kube::Client;
use operator::context::Context;
use operator::metrics::Metrics;
use operator::options::Options;
use tokio::task::JoinHandle;

pub use self::namespace::Namespace;
pub use self::worker::PlayedWorker;

/// Mary, who has no more than a number.
pub const MARY: &str = "
apiVersion: switchboard.dev/v1alpha1
kind: User
metadata: {name: mary}
spec: {extension: '101'}
";

/// A namespace with an office and Mary in it, its operator, and a worker that does not run yet.
pub async fn office_with_mary() -> (Namespace, PlayedWorker, Operator) {
    let namespace = Namespace::new().await;
    let worker = PlayedWorker::start(&namespace).await;
    let operator = Operator::start(namespace.client.clone(), &namespace.name, worker.port);
    namespace.apply_office().await;
    namespace.apply(MARY).await;
    (namespace, worker, operator)
}

/// The same once the worker runs and has loaded the office.
pub async fn served_office_with_mary() -> (Namespace, PlayedWorker, Operator) {
    let (namespace, worker, operator) = office_with_mary().await;
    namespace.comes::<User>("mary").await;
    worker.run().await;
    namespace
        .condition::<PhoneSystem>("office", "Ready", "True", "Loaded")
        .await;
    (namespace, worker, operator)
}

/// An operator of one namespace, in this process; stopped when dropped.
#[derive(Debug)]
pub struct Operator {
    metrics: Metrics,
    task: JoinHandle<()>,
}

impl Operator {
    /// Starts one that does not take part in elections. `report_port` is where its workers serve their report.
    pub fn start(client: Client, namespace: &str, report_port: u16) -> Self {
        Self::start_with(client, namespace, report_port, &[])
    }

    /// The same with more options.
    pub fn start_with(client: Client, namespace: &str, report_port: u16, more: &[&str]) -> Self {
        let metrics = Metrics::new().expect("metrics");
        let report_port = report_port.to_string();
        let more = [&["--report-port", &report_port], more].concat();
        let options = Arc::new(options(namespace, &more));
        let context = Context::new(client, namespace, options, metrics.clone());
        let task = tokio::spawn(operator::namespace::run(Arc::new(context)));
        Self { metrics, task }
    }

    /// Ends it; what it was doing has stopped when this returns.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// How often it has reconciled objects of this Kind.
    pub fn reconciles(&self, kind: &str) -> u64 {
        let line = format!("switchboard_operator_reconciles_total{{kind=\"{kind}\"}} ");
        self.figure(&line).unwrap_or_default()
    }

    /// The figure of its page that this line begins with, up to the value.
    pub fn figure(&self, line: &str) -> Option<u64> {
        let page = self.metrics.page().expect("a page");
        let value = page.lines().find_map(|it| it.strip_prefix(line))?;
        Some(value.parse().expect("a number"))
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The options of an operator of this namespace.
pub fn options(namespace: &str, more: &[&str]) -> Options {
    let own = [
        "operator",
        "--namespace",
        namespace,
        "--worker-image",
        "worker:test",
    ];
    Options::parse_from(own.iter().chain(more))
}

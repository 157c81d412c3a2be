//! Follows the reports of all workers of a namespace.
use std::{collections::HashMap, sync::Arc, time::Duration};

use crds::report::{PATH, Report};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use tokio::task::JoinHandle;

use super::locked::Told;
use super::refused::Refused;
use crate::{context::Context, names};

/// Follows every running worker until dropped.
pub async fn follow(context: Arc<Context>) {
    let mut followed: HashMap<String, Following> = HashMap::new();
    loop {
        let running: HashMap<String, Worker> = context
            .caches
            .made
            .pods
            .all()
            .iter()
            .filter_map(|pod| Worker::of(pod, context.options.report_port))
            .map(|worker| (worker.uid.clone(), worker))
            .collect();
        followed.retain(|uid, following| {
            let same = running.get(uid) == Some(&following.worker);
            if !same {
                context.reports.forget(uid);
                following.worker.changed(&context);
            }
            same
        });
        for (uid, worker) in running {
            followed
                .entry(uid)
                .or_insert_with(|| Following::start(worker, context.clone()));
        }
        context.triggers.pods_changed().await;
    }
}

/// A worker that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Worker {
    uid: String,
    pod: String,
    system: String,
    address: String,
}

/// A worker that is being asked; dropping this ends it.
struct Following {
    worker: Worker,
    task: JoinHandle<()>,
}

impl Worker {
    /// That in this Pod, if it has an address and is not on its way out.
    fn of(pod: &Pod, port: u16) -> Option<Self> {
        let status = pod.status.as_ref()?;
        let ip = status.pod_ip.as_deref().filter(|ip| !ip.is_empty())?;
        let ended = matches!(status.phase.as_deref(), Some("Failed" | "Succeeded"));
        let host = if ip.contains(':') {
            format!("[{ip}]")
        } else {
            ip.to_owned()
        };
        let uid = pod.uid()?;
        (!ended).then_some(Self {
            pod: pod.name_any(),
            system: pod.labels().get(names::INSTANCE)?.clone(),
            address: format!("http://{host}:{port}{PATH}?pod={uid}"),
            uid,
        })
    }

    fn changed(&self, context: &Context) {
        context.queues.phone_systems.push(&self.system);
        let system = context.snapshot().system.clone();
        let live = system.map(|system| context.reports.live(&system));
        let live = live.unwrap_or_default();
        context.queues.wake_if(|awaited| awaited.has_come(&live));
    }
}

impl Following {
    fn start(worker: Worker, context: Arc<Context>) -> Self {
        let task = tokio::spawn(ask(worker.clone(), context));
        Self { worker, task }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Asks one worker again and again, and passes on what it answers.
async fn ask(worker: Worker, context: Arc<Context>) {
    let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let mut after = None;
    let mut told = Told::default();
    let mut failed = 0_u32;
    let mut refused = Refused::new();
    loop {
        match question(&client, &worker, after).await {
            Ok(report) => {
                failed = 0;
                if after != Some(report.revision) {
                    after = Some(report.revision);
                    told.tell(&context, &report).await;
                    refused.tell(&context, &report).await;
                    context.reports.put(&worker.uid, Some(report));
                    worker.changed(&context);
                }
            }
            Err(error) => {
                failed += 1;
                tracing::debug!(pod = worker.pod, "no report: {error}");
                after = None;
                if failed == GIVEN_UP_AFTER {
                    context.reports.put(&worker.uid, None);
                    worker.changed(&context);
                }
                tokio::time::sleep(LONGEST_PAUSE.min(FIRST_PAUSE * failed)).await;
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum NoReport {
    #[error("{0}")]
    Address(#[from] hyper::http::uri::InvalidUri),
    #[error("{0}")]
    Unreachable(#[from] hyper_util::client::legacy::Error),
    #[error("the answer broke off: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("the answer is no report: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("it answered {0}")]
    Refused(hyper::StatusCode),
    #[error("it did not answer in time")]
    Late(#[from] tokio::time::error::Elapsed),
    #[error("another Pod answered")]
    Another,
}

async fn question(
    client: &Client<HttpConnector, Empty<Bytes>>,
    worker: &Worker,
    after: Option<u64>,
) -> Result<Report, NoReport> {
    let address = match after {
        Some(revision) => format!("{}&after={revision}", worker.address),
        None => worker.address.clone(),
    };
    let address = address.parse()?;
    let answer = async {
        let response = client.get(address).await?;
        if !response.status().is_success() {
            return Err(NoReport::Refused(response.status()));
        }
        let body = Limited::new(response.into_body(), LARGEST_REPORT);
        let bytes = body.collect().await.map_err(NoReport::Body)?.to_bytes();
        let report: Report = serde_json::from_slice(&bytes)?;
        if report.pod_uid == worker.uid {
            Ok(report)
        } else {
            Err(NoReport::Another)
        }
    };
    tokio::time::timeout(PATIENCE, answer).await?
}

/// A worker answers after 20 s at the latest.
const PATIENCE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// After so many failures in a row, about ten seconds, the worker is no longer taken to live.
const GIVEN_UP_AFTER: u32 = 12;
/// A hundred thousand objects, each with its UID.
const LARGEST_REPORT: usize = 16 << 20;

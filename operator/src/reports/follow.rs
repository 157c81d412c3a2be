//! Follows the reports of all workers of a namespace.
use std::{collections::HashMap, sync::Arc, time::Duration};

use crds::report::PATH;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use tokio::task::JoinHandle;

use super::locked::Told;
use super::question::{Asking, NoReport};
use super::refused::Refused;
use super::undone::Undone;
use crate::{context::Context, names, phone_system::worker::is_ready};

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

    /// Whether the kubelet says that it does.
    fn serves(&self, context: &Context) -> bool {
        let pod = context.caches.made.pods.get(&self.pod);
        pod.is_some_and(|pod| is_ready(&pod))
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
    let asking = Asking::new();
    let mut after = None;
    let mut told = Told::default();
    let mut failures = Failures::default();
    let mut refused = Refused::new();
    let mut undone = Undone::default();
    loop {
        match asking.report(&worker.uid, &worker.address, after).await {
            Ok(report) => {
                failures = Failures::default();
                if after != Some(report.revision) {
                    after = Some(report.revision);
                    let report = context.reports.says(&worker.uid, report);
                    worker.changed(&context);
                    // After that: of many Events `Ready` need not wait for one.
                    told.tell(&context, &report).await;
                    refused.tell(&context, &report).await;
                    undone.tell(&context, &report).await;
                }
            }
            Err(error) => {
                after = None;
                tracing::debug!(pod = worker.pod, "no report: {error}");
                failures.one_more(&worker, &context, &error);
                tokio::time::sleep(LONGEST_PAUSE.min(FIRST_PAUSE * failures.in_a_row)).await;
            }
        }
    }
}

/// How often a worker has been asked in vain.
#[derive(Debug, Default)]
struct Failures {
    in_a_row: u32,
    /// Of these the last ones, during which the kubelet said that it serves.
    though_it_serves: u32,
}

impl Failures {
    /// Counts one, and passes on what many mean.
    fn one_more(&mut self, worker: &Worker, context: &Context, error: &NoReport) {
        self.in_a_row += 1;
        self.though_it_serves = if worker.serves(context) {
            self.though_it_serves + 1
        } else {
            0
        };
        let trouble = if self.though_it_serves == GIVEN_UP_AFTER {
            let trouble = error.told(&worker.address);
            tracing::warn!(pod = worker.pod, "the worker serves, but {trouble}");
            Some(trouble.into())
        } else if self.in_a_row == GIVEN_UP_AFTER {
            None
        } else {
            return;
        };
        context.reports.is_silent(&worker.uid, trouble);
        worker.changed(context);
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// After so many failures in a row the worker is no longer taken to live: seven seconds where it refuses, half a minute
/// where packets are dropped.
const GIVEN_UP_AFTER: u32 = 12;

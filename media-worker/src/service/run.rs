//! `media-worker run`: a worker in a Pod, with its directory from the Kubernetes API.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use prompts::Library;
use tracing::info;

use super::block_on;
use super::leaving::Signals;
use super::parts::MediaPlan;
use super::shown::Shown;
use super::sockets::Sockets;
use super::worker::{Blueprint, Worker};
use crate::cli;
use crate::http::Readiness;
use crate::source::{Cluster, Scope, Source};
use crate::state::State;
use crate::statuses::Statuses;
use crate::storage::{self, LeftBehind};

/// Runs until it is told to go, and then until its calls have ended. Exit code 0: went as asked; 1: failed.
///
/// # Errors
/// What failed, with what to do about it.
pub fn run(
    options: &cli::Run,
    log: cli::LogFormat,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let library = super::prompts(options.prompts.as_deref())?;
    block_on(async {
        let mut signals = Signals::listen()?;
        let shown = Shown::serve(options.metrics, &options.pod_uid).await?;
        let worker = tokio::select! {
            worker = start(options, library, shown) => worker?,
            () = signals.next() => {
                info!("told to go before the Kubernetes API server has answered");
                return Ok(());
            }
        };
        worker.introduce_sockets(log, out)?;
        worker
            .serve_and_drain(signals, options.drain_timeout.get())
            .await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Waits for the directory, as long as it takes.
async fn start(options: &cli::Run, library: Library, shown: Shown) -> anyhow::Result<Worker> {
    let sockets = Sockets::bind(&options.sockets()).await?;
    let state = State::open_within(&options.state, GIVING_WAY)?;
    let owner = storage::owner(&options.slot);
    let store = storage::open(&options.bucket, owner, &options.state).await?;
    let scope = Scope {
        namespace: options.slot.namespace.clone(),
        system: options.slot.system.clone(),
        slot: options.slot.slot,
    };
    shown
        .readiness
        .send_replace(Readiness::WaitingFor("the Kubernetes API server"));
    info!(metrics = %shown.address, namespace = scope.namespace, system = scope.system, "waiting for the Kubernetes API server");
    let cluster = Cluster::start(scope.clone(), state, shown.report.clone()).await?;
    Worker::start(Blueprint {
        statuses: Statuses::start(&cluster, &scope),
        source: Source::Cluster(cluster),
        store,
        left_behind: LeftBehind::follow(options),
        name: storage::worker_name(&options.slot),
        state: options.state.clone(),
        library,
        sockets,
        media: MediaPlan {
            bind: options.sip.ip(),
            ports: options.media.clone(),
            send_first: options.send_first,
        },
        advertise: None,
        shown,
    })
}

/// Longer than a sidecar takes to end what it carries.
const GIVING_WAY: Duration = Duration::from_secs(10);

//! A worker's life from ready to gone.

use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, interval, sleep};
use tracing::{info, warn};

use super::figures;
use super::worker::Worker;
use crate::calls::Life;
use crate::http::Readiness;

/// The signals that ask a process to go.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on.
    pub(super) fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("SIGTERM can't be heard")?,
            interrupt: signal(SignalKind::interrupt()).context("SIGINT can't be heard")?,
        })
    }

    /// Done when one comes.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

impl Worker {
    /// Serves until SIGTERM or SIGINT; then ends the calls, carries what is recorded, and returns.
    pub(super) async fn serve(self) -> anyhow::Result<()> {
        let mut signals = Signals::listen()?;
        self.shown.readiness.send_replace(Readiness::Ready);
        self.count_until(signals.next()).await;
        self.stop().await;
        Ok(())
    }

    /// The same, but first lets calls end by themselves, at most for `drain`. A second signal hurries.
    pub(super) async fn serve_and_drain(
        self,
        mut signals: Signals,
        drain: Duration,
    ) -> anyhow::Result<()> {
        self.shown.readiness.send_replace(Readiness::Ready);
        self.count_until(signals.next()).await;
        info!(
            calls = self.exchange.calls_in_progress(),
            "draining: no new calls"
        );
        self.life.send_replace(Life::Draining);
        let drained = async {
            tokio::select! {
                () = self.without_calls() => info!("the last call has ended"),
                () = sleep(drain) => warn!("the drain time-out has passed: calls are ended"),
                () = signals.next() => warn!("told to hurry: calls are ended"),
            }
        };
        self.count_until(drained).await;
        self.stop().await;
        Ok(())
    }

    /// Keeps the figures up to date until `end`.
    async fn count_until(&self, end: impl Future<Output = ()>) {
        let mut end = std::pin::pin!(end);
        let spool = self.state.join("spool");
        let mut second = interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                () = &mut end => return,
                _ = second.tick() => {
                    figures::read(&self.exchange, &spool);
                    let (post, left_behind) = (&self.post, &self.left_behind);
                    figures::report(&self.exchange, post, left_behind, &self.shown.report);
                }
            }
        }
    }

    async fn without_calls(&self) {
        while self.exchange.calls_in_progress() > 0 {
            sleep(POLL).await;
        }
    }

    async fn stop(self) {
        info!("stopping");
        self.shown.readiness.send_replace(Readiness::Stopping);
        // The calls hear of it, deliver what was being recorded, and tell their phones.
        self.life.send_replace(Life::Stopping);
        let _ = tokio::time::timeout(STOP_LIMIT, self.without_calls()).await;
        // A BYE or a 503 that was lost is sent again.
        let settle = Instant::now() + SETTLE;
        while self.sessions() > 0 && Instant::now() < settle {
            sleep(POLL).await;
        }
        self.media.stop();
        let mailboxes = &self.exchange.mailboxes;
        if !mailboxes.carry_until(sleep(CARRY_LIMIT)).await {
            warn!("not all messages could be stored: they wait in the spool for the next start");
        }
        mailboxes.close().await;
        self.exchange.traces.close().await;
        self.exchange.homes.settle().await;
        info!("stopped");
    }

    fn sessions(&self) -> usize {
        let signalling = &self.exchange.signalling;
        signalling.with(|endpoint, _| endpoint.session_count())
    }
}

/// Storage that is away must not hold up the end; a sidecar, or the next start, carries the rest.
const CARRY_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(5);
const SETTLE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(20);

//! Leader election: one operator works, others wait, by a Lease.
//!
//! A Lease's times are the holder's; others go by how long they have seen no change, so clocks need not agree.
use std::{
    future::Future,
    time::{Duration, Instant},
};

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, api::PostParams, core::Status};

use crate::{
    error::{said, status},
    metrics::Metrics,
    options::Options,
};

/// The Lease's name, unless the operator is told another.
pub const LEASE: &str = "switchboard-operator";

/// Takes part in the election of the leader.
#[derive(Debug)]
pub struct Candidate {
    leases: Api<Lease>,
    name: String,
    identity: String,
    duration: Duration,
    metrics: Metrics,
    /// The version of another's Lease, and since when it has not changed.
    seen: Option<(Option<String>, Instant)>,
}

impl Candidate {
    /// A candidate for the Lease in the operator's own namespace.
    pub fn new(client: Client, options: &Options, metrics: Metrics) -> Self {
        Self {
            leases: Api::namespaced(client, &options.namespace),
            name: options.lease.clone(),
            identity: options.identity.clone(),
            duration: options.lease_duration,
            metrics,
            seen: None,
        }
    }

    /// Works whenever it leads, until `stop`; then it lets another lead at once.
    pub async fn lead<W: Future<Output = ()>>(
        mut self,
        work: impl Fn() -> W,
        stop: impl Future<Output = ()>,
    ) {
        tokio::pin!(stop);
        loop {
            let mut lease = tokio::select! {
                lease = self.wait() => lease,
                () = &mut stop => return,
            };
            tracing::info!("this operator leads");
            self.metrics.leads(true);
            let stopped = tokio::select! {
                () = work() => false,
                () = self.hold(&mut lease) => false,
                () = &mut stop => true,
            };
            // What was being done is dropped here: whoever does not lead does not write.
            self.metrics.leads(false);
            if stopped {
                self.release(lease).await;
                return;
            }
            tracing::warn!("this operator leads no longer");
        }
    }

    /// Waits until it is this one's turn.
    async fn wait(&mut self) -> Lease {
        loop {
            match tokio::time::timeout(self.duration, self.take()).await {
                Ok(Ok(Some(lease))) => return lease,
                Ok(Ok(None)) => {}
                Ok(Err(error)) => {
                    tracing::warn!("the Lease cannot be read or taken: {}", said(&error));
                }
                Err(_) => tracing::warn!("the Lease cannot be read or taken: no answer"),
            }
            tokio::time::sleep(self.duration / 8).await;
        }
    }

    /// Renews the Lease until it is lost to another, or could not be renewed for so long that it may be.
    async fn hold(&self, lease: &mut Lease) {
        let mut renewed = Instant::now();
        while renewed.elapsed() < self.duration * 2 / 3 {
            tokio::time::sleep(self.duration / 5).await;
            let next = self.mine(lease.clone());
            let write = self.replace(&next);
            match tokio::time::timeout(self.duration / 5, write).await {
                Ok(Ok(written)) => {
                    *lease = written;
                    renewed = Instant::now();
                }
                Ok(Err(error)) if status(&error).is_some_and(Status::is_conflict) => return,
                Ok(Err(error)) => tracing::warn!("the Lease cannot be renewed: {}", said(&error)),
                Err(_) => tracing::warn!("the Lease cannot be renewed: no answer"),
            }
        }
    }

    /// Takes the Lease, if it is free; none if another has it.
    async fn take(&mut self) -> Result<Option<Lease>, kube::Error> {
        let taken = match self.leases.get_opt(&self.name).await? {
            None => {
                let lease = self.mine(Lease::default());
                self.leases.create(&PostParams::default(), &lease).await
            }
            Some(lease) if self.is_free(&lease) => self.replace(&self.mine(lease)).await,
            Some(_) => return Ok(None),
        };
        match taken {
            Ok(lease) => Ok(Some(lease)),
            Err(error)
                if status(&error).is_some_and(|it| it.is_conflict() || it.is_already_exists()) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether nobody holds it, we do, or its holder has given no sign of life.
    fn is_free(&mut self, lease: &Lease) -> bool {
        let spec = lease.spec.as_ref();
        let holder = spec.and_then(|spec| spec.holder_identity.as_deref());
        if holder.is_none_or(|holder| holder.is_empty() || holder == self.identity) {
            return true;
        }
        let patience = spec
            .and_then(|spec| u64::try_from(spec.lease_duration_seconds?).ok())
            .map_or(self.duration, Duration::from_secs);
        let version = &lease.metadata.resource_version;
        match &self.seen {
            Some((seen, since)) if seen == version => since.elapsed() >= patience,
            Some(_) | None => {
                self.seen = Some((version.clone(), Instant::now()));
                false
            }
        }
    }

    /// The Lease as ours, renewed now.
    fn mine(&self, lease: Lease) -> Lease {
        let before = lease.spec.unwrap_or_default();
        let now = Some(MicroTime(Timestamp::now()));
        let held = before.holder_identity.as_ref() == Some(&self.identity);
        let transitions = before.lease_transitions.unwrap_or_default();
        let seconds = self.duration.as_secs().max(1);
        Lease {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..lease.metadata
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: i32::try_from(seconds).ok(),
                acquire_time: if held {
                    before.acquire_time
                } else {
                    now.clone()
                },
                renew_time: now,
                lease_transitions: Some(if held { transitions } else { transitions + 1 }),
                ..LeaseSpec::default()
            }),
        }
    }

    /// Replaces the Lease, if it is still in the version that was read: that is how a Lease is taken.
    async fn replace(&self, lease: &Lease) -> Result<Lease, kube::Error> {
        self.leases
            .replace(&self.name, &PostParams::default(), lease)
            .await
    }

    async fn release(&self, lease: Lease) {
        let mut free = self.mine(lease);
        if let Some(spec) = &mut free.spec {
            spec.holder_identity = None;
        }
        match tokio::time::timeout(self.duration / 5, self.replace(&free)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!("the Lease could not be given back: {}", said(&error)),
            Err(_) => tracing::warn!("the Lease could not be given back: no answer"),
        }
    }
}

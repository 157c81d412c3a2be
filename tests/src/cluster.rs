//! A real Kubernetes: the one that `tests/cluster/up` runs, as seen from outside, where the phones are.
//!
//! `./check cluster test` runs these tests in the phones' network: everything they do goes through load balancers and
//! a firewall that lets only replies in.

mod command;
mod site;

use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use command::{helm, kubectl, refusal, try_kubectl};
pub use site::{BUCKET, Process, S3_ACCESS_KEY, S3_SECRET_KEY, SYSTEM, Setup, Site, messages};

use crate::root;

/// The cluster, for a test that others may run beside.
#[derive(Debug)]
pub struct Shared {
    _turn: RwLockReadGuard<'static, ()>,
}

/// The cluster, for a test that takes parts of it away.
#[derive(Debug)]
pub struct Alone {
    _turn: RwLockWriteGuard<'static, ()>,
}

/// A part of the cluster that tests take away.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// The API server.
    ApiServer,
    /// What runs containers; those that run go on.
    Containerd,
    /// Object storage.
    S3,
}

/// A part is away until this is dropped.
#[derive(Debug)]
pub struct Outage<'a> {
    part: Part,
    _cluster: &'a Alone,
}

impl Shared {
    /// Waits until no test has the cluster alone.
    pub fn cluster() -> Self {
        let turn = TURN.read().unwrap_or_else(PoisonError::into_inner);
        prepare();
        Self { _turn: turn }
    }
}

impl Alone {
    /// Waits until no other test uses the cluster.
    pub fn cluster() -> Self {
        let turn = TURN.write().unwrap_or_else(PoisonError::into_inner);
        prepare();
        Self { _turn: turn }
    }

    /// Takes a part away, as suddenly as a power failure.
    pub fn without(&self, part: Part) -> Outage<'_> {
        part.change("stop");
        Outage {
            part,
            _cluster: self,
        }
    }
}

impl Drop for Outage<'_> {
    fn drop(&mut self) {
        self.part.change("start");
    }
}

impl Part {
    fn change(self, how: &str) {
        let name = match self {
            Self::ApiServer => "apiserver",
            Self::Containerd => "containerd",
            Self::S3 => "s3",
        };
        let script = root().join("tests/cluster/part");
        command::run(&script, &[how, name]).expect("the part obeys");
    }
}

static TURN: RwLock<()> = RwLock::new(());
static PREPARED: OnceLock<()> = OnceLock::new();

/// The resource definitions are the cluster's: all tests share them.
fn prepare() {
    PREPARED.get_or_init(|| {
        assert!(
            std::env::var_os("PHONES_ADDRESS").is_some(),
            "these tests run outside a cluster of their own: ./check cluster test"
        );
        let manifests = root().join("crds/manifests");
        kubectl(&[
            "apply",
            "--server-side",
            "--force-conflicts",
            // As a release that brings them does, so that the two don't quarrel.
            "--field-manager=helm",
            "--filename",
            &manifests.to_string_lossy(),
        ]);
        kubectl(&[
            "wait",
            "--for=condition=Established",
            "customresourcedefinitions",
            "--all",
            "--timeout=60s",
        ]);
    });
}

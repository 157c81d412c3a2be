//! A worker's Pod.
use std::time::Duration;

use data_encoding::HEXLOWER;
use k8s_openapi::api::core::v1::{
    EmptyDirVolumeSource, LocalObjectReference, PersistentVolumeClaimVolumeSource, Pod,
    PodSecurityContext, PodSpec, SeccompProfile, SecretVolumeSource, Volume,
};
use sha2::{Digest, Sha256};

use super::{Source, container};
use crate::{error::Error, names};

/// The worker in this slot, marked with what it was built from.
pub(super) fn pod(source: Source<'_>, slot: u32) -> Result<Pod, Error> {
    let spec = spec(source, slot);
    let built = HEXLOWER.encode(&Sha256::digest(serde_json::to_vec(&spec)?));
    let mut metadata = source.of_slot(&names::pod(&source.name(), slot), slot);
    metadata.annotations = Some(
        [
            (names::BUILT.to_owned(), built),
            (DEFAULT_CONTAINER.to_owned(), "worker".to_owned()),
        ]
        .into(),
    );
    Ok(Pod {
        metadata,
        spec: Some(spec),
        status: None,
    })
}

fn spec(source: Source<'_>, slot: u32) -> PodSpec {
    let workers = &source.system.spec.workers;
    let in_node_network = source.in_node_network();
    PodSpec {
        service_account_name: Some(names::worker(&source.name())),
        enable_service_links: Some(false),
        host_network: in_node_network.then_some(true),
        dns_policy: in_node_network.then(|| "ClusterFirstWithHostNet".to_owned()),
        termination_grace_period_seconds: Some(grace(workers.drain_timeout.get())),
        security_context: Some(security()),
        image_pull_secrets: some(pull_secrets(source)),
        affinity: workers.affinity.clone(),
        node_selector: (!workers.node_selector.is_empty()).then(|| workers.node_selector.clone()),
        tolerations: some(workers.tolerations.clone()),
        topology_spread_constraints: some(workers.topology_spread_constraints.clone()),
        init_containers: Some(vec![container::upload(source, slot)]),
        containers: vec![container::worker(source, slot)],
        volumes: Some(volumes(source, slot)),
        ..PodSpec::default()
    }
}

/// What the restricted Pod Security Standard asks for.
fn security() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(NOBODY),
        run_as_group: Some(NOBODY),
        fs_group: Some(NOBODY),
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            localhost_profile: None,
        }),
        ..PodSecurityContext::default()
    }
}

/// The drain time-out, and a minute to carry the spool.
fn grace(drain: Duration) -> i64 {
    let drain = i64::try_from(drain.as_secs()).unwrap_or(i64::MAX);
    drain.saturating_add(60)
}

fn pull_secrets(source: Source<'_>) -> Vec<LocalObjectReference> {
    let names = source.options.image_pull_secrets.iter();
    names
        .map(|name| LocalObjectReference { name: name.clone() })
        .collect()
}

fn volumes(source: Source<'_>, slot: u32) -> Vec<Volume> {
    let spec = &source.system.spec;
    let spool = if spec.workers.spool.ephemeral.is_some() {
        empty("spool")
    } else {
        Volume {
            name: "spool".to_owned(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: names::spool(&source.name(), slot),
                read_only: None,
            }),
            ..Volume::default()
        }
    };
    let tls = spec.network.sip.tls_secret_ref.as_ref();
    let storage = spec.storage.as_ref();
    let s3 = storage.and_then(|it| it.s3.credentials_secret_ref.as_ref());
    let mounted = [("tls", tls), ("s3", s3)];
    let mounted = mounted
        .into_iter()
        .filter_map(|(name, of)| Some(secret(name, &of?.name)));
    [spool, empty("tmp")].into_iter().chain(mounted).collect()
}

fn empty(name: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource::default()),
        ..Volume::default()
    }
}

/// A worker starts without it as well, keeps what it records and says what is missing.
fn secret(name: &str, secret: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        secret: Some(SecretVolumeSource {
            secret_name: Some(secret.to_owned()),
            optional: Some(true),
            default_mode: Some(0o440),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

const NOBODY: i64 = 65_532;
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

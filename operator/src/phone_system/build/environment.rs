//! What a worker is told by its environment (`docs/decisions/0010`).
use crds::{PhoneSystem, phone_system::ADOPT_STORAGE};
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector};
use kube::ResourceExt;

use super::{METRICS_PORT, Source};

/// Where the spool is mounted.
pub(super) const STATE: &str = "/var/lib/switchboard";
/// Where the certificate is mounted.
pub(super) const TLS: &str = "/etc/switchboard/tls";
/// Where the credentials of object storage are mounted.
pub(super) const S3: &str = "/etc/switchboard/s3";

/// The variables of both containers. Addresses are not among them: they may change while a worker runs.
pub(super) fn environment(source: Source<'_>, slot: u32) -> Vec<EnvVar> {
    let system = source.system;
    let media = &system.spec.network.media;
    let (first, last) = (
        media.first_port,
        media
            .first_port
            .saturating_add(media.ports.saturating_sub(1)),
    );
    let drain = system.spec.workers.drain_timeout;
    let mut all = vec![
        field("SWITCHBOARD_NAMESPACE", "metadata.namespace"),
        variable("SWITCHBOARD_SYSTEM", source.name()),
        variable("SWITCHBOARD_SYSTEM_UID", system.uid().unwrap_or_default()),
        field("SWITCHBOARD_POD_UID", "metadata.uid"),
        variable("SWITCHBOARD_SLOT", slot.to_string()),
        variable("SWITCHBOARD_STATE", STATE),
        variable("SWITCHBOARD_SIP", format!("0.0.0.0:{}", source.sip_port())),
        variable("SWITCHBOARD_MEDIA", format!("{first}-{last}")),
        field(NODE_ADDRESS, "status.hostIP"),
        variable("SWITCHBOARD_METRICS", metrics(source)),
        variable("SWITCHBOARD_DRAIN_TIMEOUT", drain.to_string()),
        variable(
            "SWITCHBOARD_SEND_FIRST",
            source.in_node_network().to_string(),
        ),
    ];
    if source.has_tls() {
        let address = format!("0.0.0.0:{}", source.tls_port());
        all.push(variable("SWITCHBOARD_SIP_TLS", address));
        all.push(variable("SWITCHBOARD_TLS_DIR", TLS));
    }
    all.extend(object_storage(system));
    all
}

/// In the node's network no `NetworkPolicy` holds: what is for the cluster is served at the node's own address only.
fn metrics(source: Source<'_>) -> String {
    if source.in_node_network() {
        format!("$({NODE_ADDRESS}):{METRICS_PORT}")
    } else {
        format!("0.0.0.0:{METRICS_PORT}")
    }
}

const NODE_ADDRESS: &str = "SWITCHBOARD_NODE_ADDRESS";

fn object_storage(system: &PhoneSystem) -> Vec<EnvVar> {
    let Some(storage) = &system.spec.storage else {
        return Vec::new();
    };
    let s3 = &storage.s3;
    let mut all = vec![
        variable("SWITCHBOARD_S3_REGION", &*s3.region),
        variable("SWITCHBOARD_S3_BUCKET", &*s3.bucket),
        variable("SWITCHBOARD_S3_PREFIX", prefix(system)),
    ];
    if let Some(endpoint) = &s3.endpoint {
        all.push(variable("SWITCHBOARD_S3_ENDPOINT", &**endpoint));
    }
    if let Some(uid) = system.annotations().get(ADOPT_STORAGE) {
        all.push(variable("SWITCHBOARD_S3_ADOPT", uid));
    }
    if s3.credentials_secret_ref.is_some() {
        all.push(variable("SWITCHBOARD_S3_CREDENTIALS_DIR", S3));
    }
    all
}

/// What every key in the bucket begins with.
pub(crate) fn prefix(system: &PhoneSystem) -> String {
    let given = system
        .spec
        .storage
        .as_ref()
        .and_then(|it| it.s3.prefix.clone());
    given.unwrap_or_else(|| {
        let namespace = system.namespace().unwrap_or_default();
        format!("{namespace}/{}/", system.name_any())
    })
}

fn variable(name: &str, value: impl Into<String>) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: Some(value.into()),
        value_from: None,
    }
}

fn field(name: &str, path: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                field_path: path.to_owned(),
                api_version: None,
            }),
            ..EnvVarSource::default()
        }),
    }
}

//! The containers of a worker's Pod: the worker, and the sidecar that carries its spool.
use k8s_openapi::{
    api::core::v1::{
        Capabilities, Container, ContainerPort, HTTPGetAction, Probe, SecurityContext, VolumeMount,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{METRICS_PORT, Source, environment, environment::environment as variables};

/// Serves SIP and media.
pub(super) fn worker(source: Source<'_>, slot: u32) -> Container {
    Container {
        name: "worker".to_owned(),
        args: Some(arguments(source, "run")),
        ports: Some(ports(source)),
        resources: source.system.spec.workers.resources.clone(),
        liveness_probe: Some(probe("/healthz", 10, 6)),
        readiness_probe: Some(probe("/readyz", 2, 2)),
        ..common(source, slot)
    }
}

/// Carries what a worker left behind to object storage, also while no worker runs.
pub(super) fn upload(source: Source<'_>, slot: u32) -> Container {
    Container {
        name: "upload".to_owned(),
        args: Some(arguments(source, "upload")),
        restart_policy: Some("Always".to_owned()),
        ..common(source, slot)
    }
}

fn arguments(source: Source<'_>, command: &str) -> Vec<String> {
    let log = source.options.worker_log.as_str();
    vec![command.to_owned(), format!("--log={log}")]
}

fn common(source: Source<'_>, slot: u32) -> Container {
    let storage = source.system.spec.storage.as_ref();
    let mut mounts = vec![
        mount("spool", environment::STATE, false),
        mount("tmp", "/tmp", false),
    ];
    if source.has_tls() {
        mounts.push(mount("tls", environment::TLS, true));
    }
    if storage.is_some_and(|storage| storage.s3.credentials_secret_ref.is_some()) {
        mounts.push(mount("s3", environment::S3, true));
    }
    Container {
        image: Some(source.options.worker_image.clone()),
        image_pull_policy: Some(source.options.image_pull_policy.as_str().to_owned()),
        env: Some(variables(source, slot)),
        volume_mounts: Some(mounts),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                add: None,
            }),
            ..SecurityContext::default()
        }),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

fn ports(source: Source<'_>) -> Vec<ContainerPort> {
    let mut all = vec![
        port("sip-udp", "UDP", source.sip_port()),
        port("sip-tcp", "TCP", source.sip_port()),
        port("metrics", "TCP", METRICS_PORT),
    ];
    if source.has_tls() {
        all.push(port("sip-tls", "TCP", source.tls_port()));
    }
    let media = (0..).zip(source.media_ports());
    all.extend(media.map(|(n, number)| port(&format!("media-{n}"), "UDP", number)));
    all
}

fn port(name: &str, protocol: &str, number: u16) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        protocol: Some(protocol.to_owned()),
        container_port: i32::from(number),
        ..ContainerPort::default()
    }
}

fn probe(path: &str, period: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("metrics".to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period),
        failure_threshold: Some(failures),
        timeout_seconds: Some(2),
        ..Probe::default()
    }
}

fn mount(name: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    }
}

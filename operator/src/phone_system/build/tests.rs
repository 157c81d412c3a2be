use clap::Parser;
use k8s_openapi::api::core::v1::Container;
use serde_json::{Value, json};

use super::*;

fn built(spec: &str) -> Desired {
    built_by(&["operator", "--worker-image", "worker:1"], spec)
}

fn built_by(operator: &[&str], spec: &str) -> Desired {
    let yaml = format!(
        "{{apiVersion: switchboard.dev/v1alpha1, kind: PhoneSystem, \
         metadata: {{name: office, namespace: telephony, uid: u1}}, \
         spec: {{domain: office.example.com, {spec}}}}}"
    );
    let system: PhoneSystem = serde_saphyr::from_str(&yaml).unwrap();
    let options = Options::parse_from(operator);
    build(&system, &options).unwrap()
}

fn json_of(object: &impl serde::Serialize) -> Value {
    serde_json::to_value(object).unwrap()
}

fn variables(pod: &Pod) -> std::collections::BTreeMap<String, String> {
    let environment = pod.spec.as_ref().unwrap().containers[0]
        .env
        .clone()
        .unwrap();
    environment
        .into_iter()
        .filter_map(|it| Some((it.name, it.value?)))
        .collect()
}

#[test]
fn names_and_labels_are_as_agreed_with_the_worker() {
    let desired = built("");
    let pod = desired.pod.unwrap();
    assert_eq!(pod.name_any(), "office-worker-0");
    assert_eq!(
        json_of(&pod.labels()),
        json!({
            "app.kubernetes.io/name": "switchboard",
            "app.kubernetes.io/component": "worker",
            "app.kubernetes.io/instance": "office",
            "switchboard.dev/slot": "0",
        })
    );
    assert_eq!(desired.spool.unwrap().name_any(), "office-spool-0");
    assert_eq!(desired.sip.unwrap().name_any(), "office-sip");
    assert_eq!(desired.media.unwrap().name_any(), "office-media-0");
    assert_eq!(desired.role.name_any(), "office-worker");
    assert_eq!(desired.network_policy.name_any(), "office-worker");
    let owner = &pod.owner_references()[0];
    assert_eq!(
        (owner.kind.as_str(), owner.uid.as_str()),
        ("PhoneSystem", "u1")
    );
}

#[test]
fn the_environment_tells_the_worker_all_but_addresses() {
    let told = variables(&built("").pod.unwrap());
    let expected = [
        ("SWITCHBOARD_SYSTEM", "office"),
        ("SWITCHBOARD_SYSTEM_UID", "u1"),
        ("SWITCHBOARD_SLOT", "0"),
        ("SWITCHBOARD_STATE", "/var/lib/switchboard"),
        ("SWITCHBOARD_SIP", "0.0.0.0:5060"),
        ("SWITCHBOARD_MEDIA", "20000-20007"),
        ("SWITCHBOARD_METRICS", "0.0.0.0:9090"),
        ("SWITCHBOARD_DRAIN_TIMEOUT", "15m"),
        ("SWITCHBOARD_SEND_FIRST", "false"),
    ];
    assert_eq!(
        told,
        expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    );
    let more = variables(
        &built(
            "storage: {s3: {endpoint: 'http://s3:7070', bucket: voicemail, credentialsSecretRef: {name: s3}}}, \
             network: {sip: {tlsSecretRef: {name: tls}}}",
        )
        .pod
        .unwrap(),
    );
    assert_eq!(more["SWITCHBOARD_S3_PREFIX"], "telephony/office/");
    assert_eq!(
        more["SWITCHBOARD_S3_CREDENTIALS_DIR"],
        "/etc/switchboard/s3"
    );
    assert_eq!(more["SWITCHBOARD_SIP_TLS"], "0.0.0.0:5061");
}

#[test]
fn in_the_nodes_network_metrics_are_served_at_the_nodes_own_address() {
    let pod = built("network: {mode: HostNetwork}").pod.unwrap();
    let address = "$(SWITCHBOARD_NODE_ADDRESS):9090";
    assert_eq!(variables(&pod)["SWITCHBOARD_METRICS"], address);
    // Kubernetes puts in only what stands before.
    let environment = pod.spec.unwrap().containers[0].env.clone().unwrap();
    let place = |name: &str| environment.iter().position(|it| it.name == name);
    assert!(place("SWITCHBOARD_NODE_ADDRESS").unwrap() < place("SWITCHBOARD_METRICS").unwrap());
}

#[test]
fn both_containers_write_their_log_as_the_operator_is_told() {
    for (told, log) in [
        (None, "--log=text"),
        (Some("--worker-log=json"), "--log=json"),
    ] {
        let operator: Vec<&str> = ["operator"].into_iter().chain(told).collect();
        let spec = built_by(&operator, "").pod.unwrap().spec.unwrap();
        let arguments = |container: &Container| container.args.clone().unwrap();
        assert_eq!(arguments(&spec.containers[0]), ["run", log]);
        assert_eq!(
            arguments(&spec.init_containers.unwrap()[0]),
            ["upload", log]
        );
    }
}

#[test]
fn the_pod_meets_the_restricted_security_standard() {
    let pod = built("").pod.unwrap();
    let spec = pod.spec.unwrap();
    let security = spec.security_context.unwrap();
    assert_eq!(security.run_as_non_root, Some(true));
    assert_eq!(security.seccomp_profile.unwrap().type_, "RuntimeDefault");
    assert_eq!(spec.host_network, None);
    assert_eq!(spec.termination_grace_period_seconds, Some(960));
    let sidecar = &spec.init_containers.unwrap()[0];
    assert_eq!(sidecar.restart_policy.as_deref(), Some("Always"));
    for container in [sidecar, &spec.containers[0]] {
        let security = json_of(container.security_context.as_ref().unwrap());
        assert_eq!(
            security,
            json!({
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": true,
            })
        );
    }
}

#[test]
fn services_keep_addresses_and_list_every_media_port() {
    let desired =
        built("network: {media: {firstPort: 30100, ports: 2}, mode: NodePort, sip: {udp: 5070}}");
    let media = json_of(&desired.media.unwrap());
    assert_eq!(media["spec"]["publishNotReadyAddresses"], true);
    assert_eq!(media["spec"]["externalTrafficPolicy"], "Local");
    assert_eq!(
        media["spec"]["ports"],
        json!([
            {"name": "media-0", "protocol": "UDP", "port": 30100, "targetPort": 30100, "nodePort": 30100},
            {"name": "media-1", "protocol": "UDP", "port": 30101, "targetPort": 30101, "nodePort": 30101},
        ])
    );
    let sip = json_of(&desired.sip.unwrap());
    assert_eq!(
        sip["spec"]["ports"],
        json!([
            {"name": "sip-udp", "protocol": "UDP", "port": 5070, "targetPort": 5060},
            {"name": "sip-tcp", "protocol": "TCP", "port": 5060, "targetPort": 5060},
        ])
    );
}

#[test]
fn in_the_nodes_network_there_are_no_services_and_packets_may_be_sent_first() {
    let desired = built("network: {mode: HostNetwork, sip: {udp: 5070}}");
    assert!(desired.sip.is_none() && desired.media.is_none());
    let pod = desired.pod.unwrap();
    assert_eq!(pod.spec.as_ref().unwrap().host_network, Some(true));
    let told = variables(&pod);
    assert_eq!(told["SWITCHBOARD_SIP"], "0.0.0.0:5070");
    assert_eq!(told["SWITCHBOARD_SEND_FIRST"], "true");
}

#[test]
fn a_worker_may_read_its_own_secrets_and_no_others() {
    let rules = built("").role.rules.unwrap();
    let secrets: Vec<_> = rules
        .iter()
        .filter(|rule| {
            rule.resources
                .as_ref()
                .unwrap()
                .contains(&"secrets".to_owned())
        })
        .collect();
    assert_eq!(secrets.len(), 1);
    let names = secrets[0].resource_names.as_ref().unwrap();
    assert_eq!(names.len(), 17);
    assert!(names.contains(&"office-keys".to_owned()));
    assert!(names.contains(&"office-credentials-15".to_owned()));
    let may_write_users = rules.iter().any(|rule| {
        rule.resources
            .as_ref()
            .unwrap()
            .contains(&"users".to_owned())
            && rule
                .verbs
                .iter()
                .any(|verb| !["get", "list", "watch"].contains(&verb.as_str()))
    });
    assert!(!may_write_users);
}

#[test]
fn only_what_a_pod_is_built_from_changes_its_mark() {
    let mark = |spec: &str| built(spec).pod.unwrap().annotations()[names::BUILT].clone();
    assert_eq!(
        mark(""),
        mark("timeZone: Europe/Berlin, limits: {callsPerUser: 2}")
    );
    assert_ne!(mark(""), mark("workers: {resources: {limits: {cpu: '1'}}}"));
}

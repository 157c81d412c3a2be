//! What `helm template` makes of the values files in `charts/switchboard/ci`.

use std::path::PathBuf;

use serde_json::Value;
use switchboard_tests::chart::{self, find, helm, objects};

#[test]
fn helm_lint_has_nothing_to_say() {
    for file in values_files() {
        let folder = chart::folder();
        let file = file.to_str().unwrap();
        let said = helm(&[
            "lint",
            "--strict",
            folder.to_str().unwrap(),
            "--values",
            file,
        ]);
        assert!(said.is_ok(), "{file}: {}", said.unwrap_err());
    }
}

#[test]
fn every_pod_is_content_with_the_restricted_standard() {
    for file in values_files() {
        let objects = objects(&["--values", file.to_str().unwrap()]);
        let mut pods = 0;
        for object in &objects {
            let spec = match object["kind"].as_str() {
                Some("Deployment") => &object["spec"]["template"]["spec"],
                Some("Pod") => &object["spec"],
                Some(_) | None => continue,
            };
            pods += 1;
            assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
            assert_eq!(
                spec["securityContext"]["seccompProfile"]["type"],
                "RuntimeDefault"
            );
            for list in ["initContainers", "containers"] {
                for container in spec[list].as_array().into_iter().flatten() {
                    let context = &container["securityContext"];
                    assert_eq!(context["readOnlyRootFilesystem"], true);
                    assert_eq!(context["allowPrivilegeEscalation"], false);
                    assert_eq!(context["capabilities"]["drop"][0], "ALL");
                }
            }
        }
        assert_eq!(pods, 2, "the operator's and the test's");
    }
}

#[test]
fn the_operator_has_a_role_in_each_namespace_it_watches_and_no_cluster_wide_right_to_secrets() {
    let objects = objects(&["--set=watchNamespaces={sales,support}"]);
    let of = |kind: &'static str| objects.iter().filter(move |object| object["kind"] == kind);
    for namespace in ["sales", "support"] {
        let here = |object: &&Value| object["metadata"]["namespace"] == namespace;
        assert_eq!(of("Role").filter(here).count(), 1, "{namespace}");
        let binding = of("RoleBinding").find(here).unwrap();
        assert_eq!(binding["subjects"][0]["namespace"], "telephony");
    }
    let home: Vec<&Value> = of("Role")
        .filter(|role| role["metadata"]["namespace"] == "telephony")
        .collect();
    assert_eq!(home.len(), 1, "only for the Lease");
    assert_eq!(home[0]["rules"][0]["resources"][0], "leases");
    let cluster = of("ClusterRole").next().unwrap();
    assert_eq!(of("ClusterRole").count(), 1);
    for rule in cluster["rules"].as_array().unwrap() {
        for resource in rule["resources"].as_array().unwrap() {
            assert_eq!(resource, "nodes");
        }
        assert_eq!(rule["verbs"].to_string(), r#"["get"]"#);
    }
}

#[test]
fn the_operator_is_told_what_the_values_say() {
    let file = chart::folder().join("ci/everything.yaml");
    let objects = objects(&["--values", file.to_str().unwrap()]);
    let deployment = find(&objects, "Deployment", "switchboard-operator");
    assert_eq!(deployment["spec"]["replicas"], 2);
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let image = container["image"].as_str().unwrap();
    assert!(
        image.starts_with("registry.example.com/telephony/operator@sha256:0123"),
        "{image}"
    );
    let arguments = container["args"].to_string();
    for argument in [
        "--watch-namespaces=sales,support",
        "--worker-image=registry.example.com/telephony/media-worker:1.2.3",
        "--image-pull-policy=Always",
        "--image-pull-secret=registry",
        "--log=json",
        "--worker-log=text",
    ] {
        assert!(arguments.contains(argument), "{argument}: {arguments}");
    }
    let pod = find(&objects, "Pod", "switchboard-test");
    assert_eq!(pod["metadata"]["namespace"], "support");
    assert!(
        pod.to_string()
            .contains("sip:3900@headquarters-sip.support:5060")
    );
}

#[test]
fn each_release_has_a_lease_of_its_own() {
    for (name, lease) in [
        ("switchboard", "--lease=switchboard-operator"),
        ("branch", "--lease=branch-operator"),
    ] {
        let objects = objects(&[&format!("--set=fullnameOverride={name}")]);
        let deployment = find(&objects, "Deployment", &format!("{name}-operator"));
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let arguments = container["args"].as_array().unwrap();
        assert!(arguments.iter().any(|it| it == lease), "{arguments:?}");
    }
}

#[test]
fn definitions_come_with_the_chart_stay_when_it_goes_and_can_be_left_out() {
    let with = objects(&[]);
    let definition = |object: &&Value| object["kind"] == "CustomResourceDefinition";
    let count = with.iter().filter(definition).count();
    assert_eq!(count, crds::manifests::definitions().len());
    for object in with.iter().filter(definition) {
        let policy = &object["metadata"]["annotations"]["helm.sh/resource-policy"];
        assert_eq!(policy, "keep");
    }
    let without = objects(&["--set=crds.install=false"]);
    assert_eq!(without.iter().filter(definition).count(), 0);
}

fn values_files() -> Vec<PathBuf> {
    let files = std::fs::read_dir(chart::folder().join("ci")).unwrap();
    let files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 3);
    files
}

//! A release's life before a real API server: install, upgrade, uninstall.

use std::fs;
use std::path::Path;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ListParams};
use serde_json::json;
use switchboard_tests::api_server::{ApiServer, apply};
use switchboard_tests::chart;
use tempfile::TempDir;

#[tokio::test]
async fn an_upgrade_renews_the_definitions_and_an_uninstall_leaves_users_behind() {
    // Its own server: the definitions are changed for all.
    let server = ApiServer::start();
    let (client, namespace) = (server.client().await, server.namespace().await);
    let release = Release {
        kubeconfig: server.kubeconfig().display().to_string(),
        namespace: &namespace,
    };
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let short_names = async || {
        let users = definitions.get("users.switchboard.dev").await.unwrap();
        users.spec.names.short_names.unwrap_or_default()
    };

    let older = older_chart();
    // The server has had the definitions from its start, by kubectl.
    let taking_over = ["--take-ownership", "--force-conflicts"];
    let install = ["install", "switchboard", path(older.path())];
    release.helm(&[&install[..], &taking_over].concat());
    assert_eq!(short_names().await, ["oldu"]);
    release.helm(&["upgrade", "switchboard", path(&chart::folder())]);
    assert_eq!(short_names().await, ["sbu"]);

    let mary = json!({"apiVersion": "switchboard.dev/v1alpha1", "kind": "User", "metadata": {"name": "mary"}, "spec": {"extension": "101"}});
    apply(&client, &namespace, &mary).await.unwrap();
    release.helm(&["uninstall", "switchboard"]);
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), &namespace);
    let left = deployments.list(&ListParams::default()).await.unwrap();
    assert_eq!(left.items.len(), 0, "the operator is gone");
    let users: Api<crds::User> = Api::namespaced(client, &namespace);
    let mary = users.get("mary").await.unwrap();
    assert_eq!(mary.spec.extension.as_deref(), Some("101"));

    release.helm(&["install", "switchboard", path(&chart::folder())]);
}

/// The chart as an older version might have been: with another definition of User.
fn older_chart() -> TempDir {
    let older = TempDir::new().unwrap();
    copy(&chart::folder(), older.path());
    let users = older.path().join("files/crds/users.yaml");
    let definition = fs::read_to_string(&users).unwrap();
    assert!(definition.contains("- sbu\n"));
    fs::write(users, definition.replace("- sbu\n", "- oldu\n")).unwrap();
    older
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).unwrap();
        }
    }
}

/// Where a release lives.
struct Release<'a> {
    kubeconfig: String,
    namespace: &'a str,
}

impl Release<'_> {
    /// Runs helm; nobody waits for Pods, since there is no node.
    fn helm(&self, arguments: &[&str]) {
        let place = [
            "--kubeconfig",
            &self.kubeconfig,
            "--namespace",
            self.namespace,
        ];
        let done = chart::helm(&[arguments, &place[..]].concat());
        done.unwrap_or_else(|error| panic!("helm {arguments:?}: {error}"));
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

//! A real worker beside the operator under measurement, in the Pod that the operator has made.

use std::process::{Child, Command, Stdio};

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::wait::await_condition;
use kube::{Api, ResourceExt};
use switchboard_tests::api_server::ApiServer;
use switchboard_tests::operator::Namespace;
use switchboard_tests::root;
use switchboard_tests::worker::binary;
use tempfile::TempDir;

/// A running worker; stopped when dropped.
pub(crate) struct Worker {
    process: Child,
    _state: TempDir,
}

impl Worker {
    /// Waits for the Pod, runs the worker that would be in it, and says of the Pod that it serves. The worker tells at
    /// this port what it has loaded.
    pub(crate) async fn start(server: &ApiServer, namespace: &Namespace, port: u16) -> Self {
        let pod = new_pod(&namespace.api()).await;
        let state = TempDir::new().expect("a folder");
        let process = Command::new(binary())
            .arg("run")
            .env("KUBECONFIG", server.kubeconfig())
            .env("SWITCHBOARD_NAMESPACE", &namespace.name)
            .env("SWITCHBOARD_SYSTEM", "office")
            .env("SWITCHBOARD_POD_UID", pod.uid().unwrap())
            .env("SWITCHBOARD_STATE", state.path())
            .env("SWITCHBOARD_SIP", "127.0.0.1:0")
            .env("SWITCHBOARD_MEDIA", "0-0")
            .env("SWITCHBOARD_METRICS", format!("127.0.0.1:{port}"))
            .env("SWITCHBOARD_PROMPTS", root().join("prompts"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the worker starts");
        let status = serde_json::json!({"status": {
            "phase": "Running",
            "podIP": "127.0.0.1",
            "podIPs": [{"ip": "127.0.0.1"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        }});
        let patched = namespace
            .api::<Pod>()
            .patch_status(NAME, &PatchParams::default(), &Patch::Merge(status))
            .await;
        patched.expect("a Pod to patch");
        Self {
            process,
            _state: state,
        }
    }
}

/// The Pod that the operator makes now. One that an earlier run has left goes first: the operator replaces it as soon as it
/// pleases, and the worker in it would be nobody's.
async fn new_pod(pods: &Api<Pod>) -> Pod {
    let left = pods.get_opt(NAME).await.expect("an answer");
    let left = left.and_then(|pod| pod.uid());
    if left.is_some() {
        let deleted = pods.delete(NAME, &DeleteParams::default()).await;
        deleted.expect("a Pod to delete");
    }
    let is_new = |pod: Option<&Pod>| {
        let uid = pod.and_then(ResourceExt::uid);
        uid.is_some() && uid != left
    };
    let pod = await_condition(pods.clone(), NAME, is_new).await;
    pod.expect("a watch of the Pod").expect("a Pod")
}

const NAME: &str = "office-worker-0";

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

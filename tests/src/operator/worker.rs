//! A worker that is played: its Pod is said to run, and its report tells that everything is loaded.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;
use crds::credentials::{SHARDS, shard_name};
use crds::report::{KEEPS_LOADED, PATH, Report};
use crds::{
    AutoAttendant, CallRoute, Extension, Handset, PhoneSystem, Secret, Trunk, User, UserSettings,
};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Resource, ResourceExt};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::Namespace;
use crate::eventually::eventually;

/// A worker of the `PhoneSystem` office; stopped when dropped.
pub struct PlayedWorker {
    /// Where it serves its report.
    pub port: u16,
    played: Arc<Played>,
    task: JoinHandle<()>,
}

struct Played {
    namespace: Namespace,
    /// What the test says; the rest is what the API server holds.
    said: Mutex<Report>,
    /// The revision in which what is loaded changed last.
    loaded_since: AtomicU64,
}

impl PlayedWorker {
    /// Begins to serve the report of a worker that has no Pod yet.
    pub async fn start(namespace: &Namespace) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let played = Arc::new(Played {
            namespace: namespace.clone(),
            said: Mutex::default(),
            loaded_since: AtomicU64::default(),
        });
        let routes = Router::new()
            .route(PATH, get(report))
            .with_state(played.clone());
        let task = tokio::spawn(async move {
            axum::serve(listener, routes)
                .await
                .expect("pages are served");
        });
        Self { port, played, task }
    }

    /// Waits for the Pod and plays the kubelet that has started it. The Pod.
    pub async fn run(&self) -> Pod {
        let namespace = &self.played.namespace;
        let before = self.pod_uid();
        let pod = eventually("a new Pod of the worker", || async {
            let pod: Pod = namespace.get("office-worker-0").await?;
            (pod.uid() != before).then_some(pod)
        })
        .await;
        self.says(|report| report.pod_uid = pod.uid().unwrap_or_default());
        let status = json!({"status": {
            "phase": "Running",
            "podIP": "127.0.0.1",
            "podIPs": [{"ip": "127.0.0.1"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        }});
        let api = namespace.api::<Pod>();
        let patch = Patch::Merge(status);
        let name = pod.name_any();
        let patched = api
            .patch_status(&name, &PatchParams::default(), &patch)
            .await;
        patched.expect("a Pod to patch")
    }

    /// Changes what the worker says of itself.
    pub fn says(&self, change: impl FnOnce(&mut Report)) {
        let mut said = self.played.said.lock().expect("a report");
        change(&mut said);
        said.revision += 1;
    }

    fn pod_uid(&self) -> Option<String> {
        let said = self.played.said.lock().expect("a report");
        (!said.pod_uid.is_empty()).then(|| said.pod_uid.clone())
    }
}

impl Drop for PlayedWorker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers when something has changed, at the latest after a second.
async fn report(State(played): State<Arc<Played>>, RawQuery(query): RawQuery) -> String {
    let query = query.unwrap_or_default();
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name));
    let after = value("after=").map(|it| it.parse::<u64>().expect("a revision"));
    let keeps_loaded = value("keeps=") == Some(KEEPS_LOADED);
    if value("pod=") != Some(&*played.said.lock().expect("a report").pod_uid) {
        return "another Pod is asked for".to_owned();
    }
    let end = Instant::now() + Duration::from_secs(1);
    loop {
        let mut report = played.now().await;
        if after != Some(report.revision) || Instant::now() > end {
            let since = played.loaded_since.load(Ordering::Relaxed);
            if keeps_loaded && after.is_some_and(|after| after >= since) {
                report.loaded = None;
            }
            return serde_json::to_string(&report).expect("JSON");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Played {
    /// What was said, and all that the API server holds as loaded.
    async fn now(&self) -> Report {
        let mut loaded = Vec::new();
        self.loaded::<PhoneSystem>(&mut loaded).await;
        self.loaded::<User>(&mut loaded).await;
        self.loaded::<UserSettings>(&mut loaded).await;
        self.loaded::<Handset>(&mut loaded).await;
        self.loaded::<Extension>(&mut loaded).await;
        self.loaded::<CallRoute>(&mut loaded).await;
        self.loaded::<Trunk>(&mut loaded).await;
        self.loaded::<AutoAttendant>(&mut loaded).await;
        let mut credentials = Vec::new();
        let secrets = self.namespace.api::<Secret>();
        let secrets = secrets.list_metadata(&ListParams::default()).await;
        let secrets = secrets.expect("a list").items;
        for number in 0..SHARDS {
            let name = shard_name("office", number);
            let found = secrets.iter().find(|it| it.name_any() == name);
            credentials.extend(found.and_then(|it| Some((number, it.resource_version()?))));
        }
        let mut said = self.said.lock().expect("a report");
        let (loaded, credentials) = (
            Some(loaded.into_iter().collect()),
            credentials.into_iter().collect(),
        );
        if said.loaded != loaded || said.credentials != credentials {
            said.revision += 1;
            if said.loaded != loaded {
                let revision = said.revision;
                self.loaded_since.store(revision, Ordering::Relaxed);
            }
            said.loaded = loaded;
            said.credentials = credentials;
        }
        said.clone()
    }

    async fn loaded<K>(&self, loaded: &mut Vec<(String, i64)>)
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let list = self
            .namespace
            .api::<K>()
            .list_metadata(&ListParams::default())
            .await;
        let all = list.expect("a list").items.into_iter();
        loaded.extend(all.filter_map(|it| Some((it.metadata.uid?, it.metadata.generation?))));
    }
}

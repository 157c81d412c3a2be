//! A Kubernetes API server with etcd behind it and no nodes: the judge of manifests, and of who may do what.

mod apply;
mod certificates;
mod process;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

pub use self::apply::{apply, apply_as, documents, dry_run, resource_of};
use self::certificates::Authority;
use self::process::Held;
use crate::root;

/// A running API server with our Kinds; ended when dropped, or with the process that started it.
#[derive(Debug)]
pub struct ApiServer {
    folder: PathBuf,
    api: Held,
    etcd: Held,
    etcd_port: u16,
}

impl ApiServer {
    /// The one that all tests of a binary share, each in a [`namespace`](Self::namespace) of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<ApiServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts one with our Kinds established, for a test that stops it or changes what all see.
    pub fn start() -> Self {
        Self::start_with(&[], None)
    }

    /// Starts one that keeps nothing in its memory, so that what was [compacted](Self::compact) is gone for watches too.
    pub fn start_without_cache() -> Self {
        Self::start_with(&["--watch-cache=false"], None)
    }

    /// Starts one whose objects lie in this folder and stay there, for the next one that starts with it.
    pub fn start_keeping(data: &Path) -> Self {
        Self::start_with(&[], Some(data.to_owned()))
    }

    fn start_with(more: &'static [&'static str], data: Option<PathBuf>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A thread of its own, since the test that asks is inside a runtime already.
        let starting = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let mut said = String::new();
                for _ in 0..PORT_RACES {
                    match Self::try_start(more, data.as_deref()).await {
                        Ok(server) => {
                            server.establish().await;
                            return server;
                        }
                        Err(last_words) => said = last_words,
                    }
                }
                panic!("the API server did not start {PORT_RACES} times\n{said}");
            })
        });
        starting.join().expect("an API server with our Kinds")
    }

    /// Fails if one of the two has ended, perhaps since somebody else took a port that the system had called free.
    async fn try_start(more: &[&str], data: Option<&Path>) -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let (etcd_port, peer_port, port) = (free_port(), free_port(), free_port());
        Authority::new().write(&folder, port);
        let data = data.map_or_else(|| folder.join("etcd"), Path::to_owned);
        let etcd = Held::spawn(&folder, "etcd", &etcd(&data, etcd_port, peer_port));
        let mut command = api_server(&folder, etcd_port, port);
        command.extend(more.iter().map(|&it| it.to_owned()));
        let api = Held::spawn(&folder, "api", &command);
        let mut server = Self {
            folder,
            api,
            etcd,
            etcd_port,
        };
        let client = server.client().await;
        let end = Instant::now() + START;
        while !server.api.has_ended() && !server.etcd.has_ended() {
            let ready = http::Request::get("/readyz").body(Vec::new());
            if client.request_text(ready.expect("a request")).await.is_ok() {
                return Ok(server);
            }
            assert!(Instant::now() < end, "waited {START:?} for the API server");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(server.etcd.last_words() + &server.api.last_words())
    }

    /// A client that may do everything. It belongs to the runtime of the test that asks for it.
    pub async fn client(&self) -> Client {
        Client::try_from(self.config().await).expect("a client")
    }

    /// A client that acts as this user of these groups, for example `system:serviceaccount:NAMESPACE:NAME`.
    pub async fn client_as(&self, user: &str, groups: &[&str]) -> Client {
        let mut config = self.config().await;
        config.auth_info.impersonate = Some(user.to_owned());
        if !groups.is_empty() {
            let groups = groups.iter().map(|&group| group.to_owned()).collect();
            config.auth_info.impersonate_groups = Some(groups);
        }
        Client::try_from(config).expect("a client")
    }

    /// Has etcd forget what was before this version.
    pub fn compact(&self, version: &str) {
        let etcd = ([127, 0, 0, 1], self.etcd_port).into();
        let request = format!("{{\"revision\": \"{version}\", \"physical\": true}}");
        let (status, body) = crate::http::post(etcd, "/v3/kv/compaction", &request);
        assert!(status.contains("200"), "{status}: {body}");
    }

    /// How [`client`](Self::client) connects.
    pub async fn config(&self) -> Config {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig()).expect("our kubeconfig");
        Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .expect("a configuration")
    }

    /// The kubeconfig of an administrator, for `kubectl` and for processes under test.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join(certificates::KUBECONFIG)
    }

    /// Makes a namespace that nobody else uses; its name.
    pub async fn namespace(&self) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("office-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let namespaces: Api<Namespace> = Api::all(self.client().await);
        let namespace = Namespace {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        match namespaces.create(&PostParams::default(), &namespace).await {
            Ok(_) => name,
            // From an earlier run, whose objects were kept.
            Err(kube::Error::Api(status)) if status.is_already_exists() => name,
            Err(error) => panic!("no namespace: {error}"),
        }
    }

    /// Applies `crds/manifests` and waits until each Kind is served.
    async fn establish(&self) {
        let client = self.client().await;
        let mut names = Vec::new();
        for manifest in manifests() {
            for document in documents(&manifest) {
                let applied = apply(&client, "", &document).await;
                names.extend(applied.expect("a definition").metadata.name);
            }
        }
        let definitions: Api<CustomResourceDefinition> = Api::all(client);
        for name in names {
            let established = kube::runtime::conditions::is_crd_established();
            let wait =
                kube::runtime::wait::await_condition(definitions.clone(), &name, established);
            let served = tokio::time::timeout(START, wait).await;
            let served = served.unwrap_or_else(|_| panic!("waited {START:?} for {name}"));
            served.expect("a watch of definitions");
        }
    }
}

/// The texts of `crds/manifests`.
pub fn manifests() -> Vec<String> {
    texts(&root().join("crds/manifests"))
}

/// The YAML files of a folder, by name.
pub fn texts(folder: &Path) -> Vec<String> {
    let files =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    files
        .iter()
        .map(|file| fs::read_to_string(file).expect("a text"))
        .collect()
}

/// A program of Kubernetes or beside it.
///
/// # Panics
/// When it is not installed.
pub fn kubernetes_binary(name: &str) -> PathBuf {
    let path = root().join(".tools/kubernetes/bin").join(name);
    assert!(
        path.exists(),
        "no {}: run .ci/kubernetes, which installs it",
        path.display()
    );
    path
}

fn etcd(data: &Path, port: u16, peer_port: u16) -> Vec<String> {
    let (client, peer) = (local("http", port), local("http", peer_port));
    ["etcd", "--unsafe-no-fsync", "--log-level=warn"]
        .map(str::to_owned)
        .into_iter()
        .chain([
            format!("--data-dir={}", data.display()),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
        ])
        .collect()
}

fn api_server(folder: &Path, etcd_port: u16, port: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        kubernetes_binary("kube-apiserver").display().to_string(),
        format!("--etcd-servers={}", local("http", etcd_port)),
        "--bind-address=127.0.0.1".into(),
        format!("--secure-port={port}"),
        format!("--tls-cert-file={}", file(certificates::SERVER_CERTIFICATE)),
        format!("--tls-private-key-file={}", file(certificates::SERVER_KEY)),
        format!("--client-ca-file={}", file(certificates::AUTHORITY)),
        format!(
            "--service-account-key-file={}",
            file(certificates::ACCOUNT_PUBLIC_KEY)
        ),
        format!(
            "--service-account-signing-key-file={}",
            file(certificates::ACCOUNT_KEY)
        ),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        "--service-cluster-ip-range=10.96.0.0/16".into(),
        "--authorization-mode=RBAC".into(),
        "--endpoint-reconciler-type=none".into(),
        "--enable-priority-and-fairness=false".into(),
        "--event-ttl=1h".into(),
        "--v=1".into(),
    ]
}

fn local(scheme: &str, port: u16) -> String {
    format!("{scheme}://127.0.0.1:{port}")
}

/// A port that nobody listened on a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its number").port()
}

/// The longest that a start may take on a busy machine.
const START: Duration = Duration::from_mins(1);
const PORT_RACES: usize = 3;

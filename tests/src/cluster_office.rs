//! A small company in a namespace of a real API server, with what the operator makes for its worker: credentials and rights.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use clap::Parser;
use crds::PhoneSystem;
use crds::credentials::{
    HandsetCredentials, SHARD_ENTRY, Shard, TrunkCredentials, UserCredentials, shard_name, shard_of,
};
use crds::pin::PinKey;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use media_worker::source::Scope;
use operator::options::Options;
use operator::phone_system::build::build;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api_server::{ApiServer, apply_as, resource_of};
use crate::gate::Gate;
use crate::office::{DOMAIN, PASSWORD, PIN, Person};
use crate::root;
use crate::worker::{Worker, binary};

/// A namespace with a `PhoneSystem` named `office`.
#[derive(Debug)]
pub struct ClusterOffice {
    namespace: String,
    client: ClientOf,
    folder: TempDir,
    gate: Gate,
    shards: Mutex<BTreeMap<u32, Shard>>,
}

/// A client says nothing of itself.
struct ClientOf(Client);

impl std::fmt::Debug for ClientOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl ClusterOffice {
    /// Makes a namespace with the system, its keys, and the worker's rights.
    pub async fn open(server: &ApiServer) -> Self {
        let address = server.config().await.cluster_url;
        let port = address.port_u16().expect("the API server's port");
        let office = Self {
            namespace: server.namespace().await,
            client: ClientOf(server.client().await),
            folder: TempDir::new().expect("a folder"),
            gate: Gate::before(([127, 0, 0, 1], port).into()),
            shards: Mutex::default(),
        };
        office.write_kubeconfig(server);
        office.apply(&system(&json!({}))).await;
        office.grant().await;
        let key = |byte: u8| data_encoding::BASE64.encode(&[byte; 32]);
        let data = json!({"pin": key(PIN_KEY), "nonce": key(2)});
        office.apply(&secret("office-keys", &data)).await;
        office
    }

    /// Gives the worker the rights that the operator gives it.
    async fn grant(&self) {
        let systems: Api<PhoneSystem> = Api::namespaced(self.client.0.clone(), &self.namespace);
        let stored = systems.get("office").await.expect("the system");
        let options = Options::parse_from(["operator"]);
        let desired = build(&stored, &options).expect("what the operator makes");
        for object in [
            serde_json::to_value(desired.role),
            serde_json::to_value(desired.role_binding),
        ] {
            self.apply(&object.expect("JSON")).await;
        }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The worker's way to the API server.
    pub fn api_gate(&self) -> &Gate {
        &self.gate
    }

    /// Applies an object as the operator would.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn apply(&self, object: &Value) {
        let applied = apply_as(
            "switchboard-operator",
            &self.client.0,
            &self.namespace,
            object,
        );
        applied.await.expect("an object of ours");
    }

    /// Applies a status as the operator would.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn apply_status(&self, kind: &str, name: &str, status: &Value) {
        let mut named = object(kind, name, &Value::Null);
        named["status"] = status.clone();
        let resource = resource_of(&named);
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.0.clone(), &self.namespace, &resource);
        let params = PatchParams::apply("switchboard-operator").force();
        let patch = Patch::Apply(&named);
        let patched = api.patch_status(name, &params, &patch).await;
        patched.expect("a status");
    }

    /// Applies a person's User, Handset and credentials.
    pub async fn hire(&self, person: &Person) {
        let Person {
            name, extension, ..
        } = person;
        self.set_password(person, PASSWORD).await;
        self.apply(&object(
            "User",
            name,
            &json!({"extension": extension, "displayName": person.display_name}),
        ))
        .await;
        let owner = json!({"ownerRef": {"name": name}});
        self.apply(&object("Handset", &person.handset(), &owner))
            .await;
    }

    /// Compiles this password for a person's handset, as when its Secret was changed.
    pub async fn set_password(&self, person: &Person, password: &str) {
        self.set_credentials(person, password, PIN).await;
    }

    /// Compiles this PIN for a person, as when its Secret was changed.
    pub async fn set_pin(&self, person: &Person, pin: &str) {
        self.set_credentials(person, PASSWORD, pin).await;
    }

    async fn set_credentials(&self, person: &Person, password: &str, pin: &str) {
        let handset = person.handset();
        let credentials = HandsetCredentials::new(&handset, DOMAIN, password);
        let pin = UserCredentials {
            pin_verifier: PinKey::new(&[PIN_KEY; 32]).verifier(person.name, pin),
            initial: false,
        };
        let changed = {
            let mut shards = self.shards.lock().unwrap();
            let of = |name: &str| shard_of(name);
            let (phones, users) = (of(&handset), of(person.name));
            let shard = shards.entry(phones).or_default();
            shard.handsets.insert(handset, credentials);
            let shard = shards.entry(users).or_default();
            shard.users.insert(person.name.to_owned(), pin);
            [phones, users].map(|number| (number, shards[&number].clone()))
        };
        self.store(changed).await;
    }

    /// Compiles this password for a trunk.
    pub async fn set_trunk_password(&self, trunk: &str, password: &str) {
        let number = shard_of(trunk);
        let credentials = TrunkCredentials {
            password: password.to_owned(),
        };
        let changed = {
            let mut shards = self.shards.lock().unwrap();
            let shard = shards.entry(number).or_default();
            shard.trunks.insert(trunk.to_owned(), credentials);
            shard.clone()
        };
        self.store([(number, changed)]).await;
    }

    async fn store(&self, changed: impl IntoIterator<Item = (u32, Shard)>) {
        for (number, shard) in changed {
            let text = serde_json::to_vec(&shard).expect("a shard");
            let data = json!({SHARD_ENTRY: data_encoding::BASE64.encode(&text)});
            self.apply(&secret(&shard_name("office", number), &data))
                .await;
        }
    }

    /// Starts its worker under the account that the operator gives it, and waits until it serves.
    pub fn worker(&self) -> Worker {
        Worker::launch(&mut self.command(), &self.path("worker.log"))
    }

    /// The command that [`worker`](Self::worker) starts.
    pub fn command(&self) -> Command {
        let mut command = Command::new(binary());
        command
            .arg("run")
            .env("KUBECONFIG", self.path("worker.kubeconfig"))
            .env("SWITCHBOARD_NAMESPACE", &self.namespace)
            .env("SWITCHBOARD_SYSTEM", "office")
            .env("SWITCHBOARD_POD_UID", "pod-1")
            .env("SWITCHBOARD_STATE", self.path("state"))
            .env("SWITCHBOARD_SIP", "127.0.0.1:0")
            .env("SWITCHBOARD_MEDIA", "0-0")
            .env("SWITCHBOARD_METRICS", "127.0.0.1:0")
            .env("SWITCHBOARD_PROMPTS", root().join("prompts"))
            .env("RUST_LOG", "info")
            .stdin(Stdio::null());
        command
    }

    /// How its worker connects to the API server.
    pub async fn worker_config(&self) -> Config {
        let path = self.path("worker.kubeconfig");
        let kubeconfig = Kubeconfig::read_from(path).expect("a kubeconfig");
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        config.expect("a configuration")
    }

    /// What its worker watches.
    pub fn scope(&self) -> Scope {
        Scope {
            namespace: self.namespace.clone(),
            system: "office".into(),
            slot: 0,
        }
    }

    /// A path for a test's own files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The worker's account, through the gate.
    fn write_kubeconfig(&self, server: &ApiServer) {
        let given = server.kubeconfig();
        let folder = given.parent().expect("a folder").display().to_string();
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "worker",
            "contexts": [{"name": "worker", "context": {"cluster": "test", "user": "worker"}}],
            "clusters": [{"name": "test", "cluster": {
                "server": format!("https://{}", self.gate.address()),
                "certificate-authority": format!("{folder}/ca.crt"),
            }}],
            "users": [{"name": "worker", "user": {
                "client-certificate": format!("{folder}/admin.crt"),
                "client-key": format!("{folder}/admin.key"),
                "as": account(&self.namespace),
            }}],
        });
        std::fs::write(self.path("worker.kubeconfig"), text.to_string()).expect("a kubeconfig");
    }
}

/// The user that the worker's `ServiceAccount` is.
pub fn account(namespace: &str) -> String {
    format!("system:serviceaccount:{namespace}:office-worker")
}

/// A `PhoneSystem` named `office` with more in its spec.
pub fn system(more: &Value) -> Value {
    let mut spec = json!({"domain": DOMAIN, "timeZone": "America/New_York"});
    let members = more.as_object().into_iter().flatten();
    for (name, value) in members {
        spec[name] = value.clone();
    }
    object("PhoneSystem", "office", &spec)
}

/// An object of ours.
pub fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "switchboard.dev/v1alpha1", "kind": kind,
        "metadata": {"name": name}, "spec": spec,
    })
}

fn secret(name: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data})
}

const PIN_KEY: u8 = 1;

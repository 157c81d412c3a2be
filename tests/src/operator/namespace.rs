//! A namespace that a test plays an administrator in.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{DeleteParams, ListParams};
use kube::{Api, Client, Config, Resource};
use operator::ours::Ours;

use crate::api_server::{ApiServer, apply, documents};
use crate::eventually::eventually;
use crate::gate::Gate;

/// A namespace of one test.
#[derive(Clone)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// A client that may do everything.
    pub client: Client,
}

impl Namespace {
    /// A new one on the shared API server.
    pub async fn new() -> Self {
        let server = ApiServer::shared();
        Self {
            name: server.namespace().await,
            client: server.client().await,
        }
    }

    /// The same namespace by a client whose way to this API server can be shut.
    pub async fn behind_gate(&self, server: &ApiServer) -> (Gate, Self) {
        let (gate, config) = Self::gate_before(server).await;
        let behind = Self {
            name: self.name.clone(),
            client: Client::try_from(config).expect("a client"),
        };
        (gate, behind)
    }

    /// How a client is set up whose way to this API server can be shut.
    pub async fn gate_before(server: &ApiServer) -> (Gate, Config) {
        let mut config = server.config().await;
        let port = config.cluster_url.port_u16().expect("a port");
        let gate = Gate::before(([127, 0, 0, 1], port).into());
        let address = format!("https://{}", gate.address());
        config.cluster_url = address.parse().expect("an address");
        (gate, config)
    }

    /// The API of one Kind.
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), &self.name)
    }

    /// Applies manifests as `kubectl apply` does.
    pub async fn apply(&self, yaml: &str) {
        for document in documents(yaml) {
            let applied = apply(&self.client, &self.name, &document).await;
            applied.unwrap_or_else(|error| panic!("{error}: {document}"));
        }
    }

    /// Applies one manifest that may be refused.
    pub async fn try_apply(&self, yaml: &str) -> Result<(), kube::Error> {
        for document in documents(yaml) {
            apply(&self.client, &self.name, &document).await?;
        }
        Ok(())
    }

    /// Applies a `PhoneSystem` named office, reached at addresses that are given.
    pub async fn apply_office(&self) {
        self.apply_office_with("").await;
    }

    /// The same with another line of its spec, as YAML.
    pub async fn apply_office_with(&self, line: &str) {
        self.apply(&format!("{OFFICE}  {line}\n")).await;
    }

    /// The object of this name, if it exists.
    pub async fn get<K>(&self, name: &str) -> Option<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + serde::de::DeserializeOwned,
    {
        self.api::<K>().get_opt(name).await.expect("an answer")
    }

    /// The object of this name, once it exists.
    pub async fn comes<K>(&self, name: &str) -> K
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + serde::de::DeserializeOwned,
    {
        let what = format!("{} {name}", K::kind(&()));
        eventually(&what, || self.get::<K>(name)).await
    }

    /// Returns once there is no object of this name.
    pub async fn goes<K>(&self, name: &str)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + serde::de::DeserializeOwned,
    {
        let what = format!("the end of {} {name}", K::kind(&()));
        let gone = || async { self.get::<K>(name).await.is_none().then_some(()) };
        eventually(&what, gone).await;
    }

    /// Deletes the object of this name.
    pub async fn delete<K>(&self, name: &str)
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
            + Clone
            + Debug
            + serde::de::DeserializeOwned,
    {
        let deleted = self.api::<K>().delete(name, &DeleteParams::default()).await;
        deleted.expect("an object to delete");
    }

    /// An Event of this reason, once there is one.
    pub async fn event(&self, reason: &str) -> Event {
        let events = self.api::<Event>();
        eventually("the Event", || async {
            let listed = events.list(&ListParams::default()).await.ok()?;
            let mut listed = listed.items.into_iter();
            listed.find(|event| event.reason.as_deref() == Some(reason))
        })
        .await
    }

    /// The condition of this type, once it has this status and reason for the object's present generation.
    pub async fn condition<K: Ours>(
        &self,
        name: &str,
        condition: &str,
        status: &str,
        reason: &str,
    ) -> Condition {
        let what = format!(
            "{} {name} to be {condition}={status}, {reason}",
            K::kind(&())
        );
        eventually(&what, || async {
            let object: K = self.get(name).await?;
            let generation = object.meta().generation;
            let conditions = object.conditions().iter().cloned();
            let mut as_wanted = conditions.filter(|it| {
                it.type_ == condition
                    && it.status == status
                    && it.reason == reason
                    && it.observed_generation == generation
            });
            as_wanted.next()
        })
        .await
    }
}

const OFFICE: &str = "
apiVersion: switchboard.dev/v1alpha1
kind: PhoneSystem
metadata: {name: office}
spec:
  domain: office.example.com
  network:
    sip: {advertised: {addresses: [203.0.113.5]}}
    media: {advertised: [{slot: 0, addresses: [203.0.113.6], firstPort: 20000}]}
";

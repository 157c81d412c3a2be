//! What is made for a telephone system. Pure: objects come out, nothing is read or written.
mod access;
mod container;
mod environment;
mod monitor;
mod pod;
mod policies;
mod services;
mod storage;

use crds::{PhoneSystem, phone_system::NetworkMode};
use k8s_openapi::{
    api::{
        core::v1::{PersistentVolumeClaim, Pod, Service, ServiceAccount},
        networking::v1::NetworkPolicy,
        policy::v1::PodDisruptionBudget,
        rbac::v1::{Role, RoleBinding},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::ResourceExt;

pub(crate) use self::environment::prefix;
pub(super) use self::services::{SIP_TCP, SIP_TLS, SIP_UDP, first_node_port};
pub use self::{
    access::{is_shard, keys, shard},
    monitor::{monitor, monitors},
};
use crate::{error::Error, names, options::Options, users::owned_by};

/// The only slot in use, as long as workers cannot share calls.
pub const SLOT: u32 = 0;

/// Everything that is made for a telephone system, but for its Secrets and its `PodMonitor`.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The workers' identity.
    pub service_account: ServiceAccount,
    /// Their rights.
    pub role: Role,
    /// Who has them.
    pub role_binding: RoleBinding,
    /// Signalling; none in the node's network.
    pub sip: Option<Service>,
    /// Media; none in the node's network.
    pub media: Option<Service>,
    /// The spool; none if it is ephemeral.
    pub spool: Option<PersistentVolumeClaim>,
    /// How many workers may be evicted at once.
    pub disruption_budget: PodDisruptionBudget,
    /// Who may reach workers.
    pub network_policy: NetworkPolicy,
    /// The worker; none if none is asked for.
    pub pod: Option<Pod>,
}

/// Everything that is made for this system.
pub fn build(system: &PhoneSystem, options: &Options) -> Result<Desired, Error> {
    let source = Source { system, options };
    let asked_for = system.spec.workers.replicas > 0;
    Ok(Desired {
        service_account: access::service_account(source),
        role: access::role(source),
        role_binding: access::role_binding(source),
        sip: services::sip(source),
        media: services::media(source, SLOT),
        spool: storage::claim(source, SLOT),
        disruption_budget: policies::disruption_budget(source),
        network_policy: policies::network_policy(source),
        pod: asked_for.then(|| pod::pod(source, SLOT)).transpose()?,
    })
}

/// What everything is built from.
#[derive(Clone, Copy, Debug)]
struct Source<'a> {
    system: &'a PhoneSystem,
    options: &'a Options,
}

impl Source<'_> {
    fn name(&self) -> String {
        self.system.name_any()
    }

    /// The metadata of something that all workers share.
    fn shared(&self, name: &str) -> ObjectMeta {
        ObjectMeta {
            labels: Some(names::labels(&self.name())),
            ..owned_by(self.system, name)
        }
    }

    /// The metadata of something that belongs to a slot.
    fn of_slot(&self, name: &str, slot: u32) -> ObjectMeta {
        ObjectMeta {
            labels: Some(names::slot_labels(&self.name(), slot)),
            ..owned_by(self.system, name)
        }
    }

    fn in_node_network(&self) -> bool {
        match self.system.spec.network.mode {
            NetworkMode::HostNetwork => true,
            NetworkMode::LoadBalancerPerWorker | NetworkMode::NodePort => false,
        }
    }

    /// The port SIP is bound to. A Service leads there from the port phones use; in the node's network they are one.
    fn sip_port(&self) -> u16 {
        if self.in_node_network() {
            self.system.spec.network.sip.udp
        } else {
            SIP_PORT
        }
    }

    fn tls_port(&self) -> u16 {
        if self.in_node_network() {
            self.system.spec.network.sip.tls
        } else {
            TLS_PORT
        }
    }

    fn has_tls(&self) -> bool {
        self.system.spec.network.sip.tls_secret_ref.is_some()
    }

    /// The media ports.
    fn media_ports(&self) -> impl Iterator<Item = u16> + use<> {
        let media = &self.system.spec.network.media;
        let first = media.first_port;
        (0..media.ports).map(move |n| first.saturating_add(n))
    }
}

const SIP_PORT: u16 = 5060;
const TLS_PORT: u16 = 5061;
/// Where workers serve `/metrics`, `/healthz`, `/readyz` and `/report`.
const METRICS_PORT: u16 = 9090;

#[cfg(test)]
mod tests;

//! What there is of a telephone system: its Pod, what the worker says, and where it is reached.
use std::{net::IpAddr, sync::Arc};

use crds::{PhoneSystem, phone_system::SipPorts, report::Report};
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use kube::{Api, ResourceExt, core::Status};

use super::{
    addresses::needs_node,
    build::{SIP_TCP, SIP_TLS, SIP_UDP, SLOT},
    worker::is_ready,
};
use crate::{
    context::Context,
    error::{Error, status},
    names,
};

/// What there is of a telephone system.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The worker's Pod.
    pub(super) pod: Option<Arc<Pod>>,
    /// What the worker said last.
    pub(super) report: Option<Arc<Report>>,
    /// What keeps the operator from asking a worker that serves.
    pub(super) trouble: Option<Arc<str>>,
    /// The addresses that a load balancer gave for SIP.
    pub(super) sip: Vec<String>,
    /// The nodes' ports that the cluster has chosen for SIP.
    pub(super) node_ports: Option<SipPorts>,
    /// The addresses that a load balancer gave for media.
    pub(super) media: Vec<String>,
    /// The addresses of the node that the worker runs on, those seen from outside first. Learnt only where phones are
    /// told of them.
    pub(super) node: Vec<String>,
}

impl Found {
    /// What the caches hold; names that load balancers gave are resolved, and the node is looked at if need be. Where no
    /// answer comes, what was known stays known: a status must not deny what was only not to be learnt at this moment.
    pub(super) async fn of(system: &PhoneSystem, context: &Context) -> Result<Self, Error> {
        let name = system.name_any();
        let made = &context.caches.made;
        let pod = made.pods.get(&names::pod(&name, SLOT));
        let uid = pod.as_ref().and_then(|pod| pod.uid());
        let sip = made.services.get(&names::sip_service(&name));
        let media = made.services.get(&names::media_service(&name, SLOT));
        let known = system.status.clone().unwrap_or_default();
        let known_media = known.media.into_iter().find(|it| it.slot == SLOT);
        let known_media = known_media.map(|it| it.addresses).unwrap_or_default();
        let node = if needs_node(system) {
            node(context, pod.as_deref()).await?
        } else {
            Vec::new()
        };
        let reports = &context.reports;
        Ok(Self {
            report: uid.as_ref().and_then(|uid| reports.of_pod(uid)),
            trouble: uid.as_ref().and_then(|uid| reports.trouble(uid)),
            sip: balancer(sip.as_deref(), &known.addresses).await,
            node_ports: sip.as_deref().and_then(node_ports),
            media: balancer(media.as_deref(), &known_media).await,
            node,
            pod,
        })
    }

    /// Whether a worker serves and has not been heard yet, as after a restart of the operator: a status written now
    /// would deny what is so.
    pub(super) fn is_yet_to_be_heard(&self, context: &Context) -> bool {
        let serves = self.pod.as_deref().filter(|pod| is_ready(pod));
        let uid = serves.and_then(ResourceExt::uid);
        uid.is_some_and(|uid| !context.reports.has_been_asked(&uid))
    }
}

/// The addresses in a Service's status; of a name that cannot be resolved now, those `known` from before.
async fn balancer(service: Option<&Service>, known: &[String]) -> Vec<String> {
    let ingress = service
        .and_then(|service| {
            service
                .status
                .as_ref()?
                .load_balancer
                .as_ref()?
                .ingress
                .clone()
        })
        .unwrap_or_default();
    let mut addresses = Vec::new();
    for entry in ingress {
        if let Some(ip) = entry.ip {
            addresses.push(ip);
        } else if let Some(host) = entry.hostname {
            match tokio::net::lookup_host((host.as_str(), 0)).await {
                Ok(found) => addresses.extend(found.map(|it| it.ip().to_string())),
                Err(error) => {
                    tracing::warn!(host, "the load balancer's name is unknown: {error}");
                    addresses.extend_from_slice(known);
                }
            }
        }
    }
    addresses.sort();
    addresses.dedup();
    addresses
}

/// The nodes' ports of the SIP Service.
fn node_ports(service: &Service) -> Option<SipPorts> {
    let ports = service.spec.as_ref()?.ports.as_ref()?;
    let of = |name: &str| {
        let port = ports.iter().find(|it| it.name.as_deref() == Some(name))?;
        u16::try_from(port.node_port?).ok()
    };
    Some(SipPorts {
        udp: of(SIP_UDP)?,
        tcp: of(SIP_TCP)?,
        tls: of(SIP_TLS),
    })
}

/// The addresses of the Pod's node. Who may not read nodes gets the one that the Pod itself names.
async fn node(context: &Context, pod: Option<&Pod>) -> Result<Vec<String>, Error> {
    let Some(pod) = pod else {
        return Ok(Vec::new());
    };
    let own = || {
        let hosts = pod
            .status
            .as_ref()
            .and_then(|it| it.host_ips.clone())
            .unwrap_or_default();
        hosts.into_iter().map(|host| host.ip).collect()
    };
    let Some(name) = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) else {
        return Ok(Vec::new());
    };
    let node = match Api::<Node>::all(context.client.clone()).get(name).await {
        Ok(node) => node,
        Err(error) if status(&error).is_some_and(may_not_look) => return Ok(own()),
        Err(error) => {
            return Err(Error::Api {
                doing: format!("read Node {name}"),
                error: Box::new(error),
            });
        }
    };
    let all = node.status.and_then(|it| it.addresses).unwrap_or_default();
    let of_type = |wanted: &str| -> Vec<String> {
        let of = all.iter().filter(|it| it.type_ == wanted);
        let addresses = of.map(|it| it.address.clone());
        addresses
            .filter(|it| it.parse::<IpAddr>().is_ok())
            .collect()
    };
    let found = [of_type("ExternalIP"), of_type("InternalIP")]
        .into_iter()
        .find(|addresses| !addresses.is_empty());
    Ok(found.unwrap_or_else(own))
}

fn may_not_look(status: &Status) -> bool {
    status.is_forbidden() || status.is_not_found()
}

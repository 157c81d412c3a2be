//! From a far side's name to where it is reached (RFC 3263 section 4): SRV records where no port is given, then addresses.

use std::net::{IpAddr, SocketAddr};

use crds::directory::TrunkEntry;
use crds::trunk::Transport;
use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::{RData, RecordType};

/// A name can't be looked up.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookupError {
    /// This machine has no resolver.
    #[error("names can't be looked up here: {0}")]
    NoResolver(NetError),
    /// DNS does not know it, or does not answer.
    #[error("{name} can't be looked up: {error}")]
    NotFound {
        /// The name.
        name: String,
        /// Why not.
        error: NetError,
    },
}

/// Where the far side of a trunk is reached, the best place first.
pub(super) async fn places(trunk: &TrunkEntry) -> Result<Vec<SocketAddr>, LookupError> {
    let default = match trunk.transport {
        Transport::Udp | Transport::Tcp => 5060,
        Transport::Tls => 5061,
    };
    if let Ok(address) = trunk.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(
            address,
            trunk.port.unwrap_or(default),
        )]);
    }
    let resolver = TokioResolver::builder_tokio()
        .and_then(hickory_resolver::ResolverBuilder::build)
        .map_err(LookupError::NoResolver)?;
    if trunk.port.is_none() {
        let mut places = Vec::new();
        for (target, port) in servers(&resolver, trunk).await {
            // One server whose name is wrong leaves the others.
            places.extend(
                addresses(&resolver, &target, port)
                    .await
                    .unwrap_or_default(),
            );
        }
        if !places.is_empty() {
            places.truncate(MAX_PLACES);
            return Ok(places);
        }
    }
    addresses(&resolver, &trunk.host, trunk.port.unwrap_or(default)).await
}

/// The servers that SRV records name, by priority; among equals the heavier first.
async fn servers(resolver: &TokioResolver, trunk: &TrunkEntry) -> Vec<(String, u16)> {
    let service = match trunk.transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    };
    let name = format!("{service}.{}.", trunk.host.trim_end_matches('.'));
    let Ok(found) = resolver.lookup(name.as_str(), RecordType::SRV).await else {
        return Vec::new();
    };
    let mut servers: Vec<_> = found
        .answers()
        .iter()
        .filter_map(|record| {
            let RData::SRV(server) = &record.data else {
                return None;
            };
            Some(server)
        })
        .collect();
    servers.sort_by_key(|server| (server.priority, u16::MAX - server.weight));
    servers
        .into_iter()
        .map(|server| (server.target.to_string(), server.port))
        .collect()
}

async fn addresses(
    resolver: &TokioResolver,
    name: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, LookupError> {
    let found = resolver.lookup_ip(name).await;
    let found = found.map_err(|error| LookupError::NotFound {
        name: name.to_owned(),
        error,
    })?;
    let places = found.iter().map(|address| SocketAddr::new(address, port));
    Ok(places.take(MAX_PLACES).collect())
}

/// More than any provider has.
const MAX_PLACES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crds::directory::TakenTo;

    #[tokio::test]
    async fn an_address_needs_no_resolver_and_has_the_port_of_its_transport() {
        for (host, port, transport, place) in [
            ("192.0.2.1", None, Transport::Udp, "192.0.2.1:5060"),
            ("192.0.2.1", None, Transport::Tls, "192.0.2.1:5061"),
            ("192.0.2.1", Some(5080), Transport::Tcp, "192.0.2.1:5080"),
            ("2001:db8::1", None, Transport::Udp, "[2001:db8::1]:5060"),
        ] {
            let trunk = TrunkEntry {
                name: "provider".into(),
                host: host.into(),
                port,
                transport,
                account: None,
                networks: Vec::new(),
                token: None,
                numbers: std::collections::HashMap::new(),
                otherwise: TakenTo::Operator,
                outbound: None,
                max_calls: None,
            };
            let found = places(&trunk).await.unwrap();
            assert_eq!(found, [place.parse().unwrap()]);
        }
    }
}

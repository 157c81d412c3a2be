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
    #[error("{name} can't be looked up: {}", told(error))]
    NotFound {
        /// The name.
        name: String,
        /// Why not.
        error: NetError,
    },
}

/// What people are told of it: the resolver itself would show them its query.
fn told(error: &NetError) -> String {
    if error.is_no_records_found() {
        return "DNS knows no address of it".to_owned();
    }
    error.to_string()
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
    look_up(&resolver, trunk, default).await
}

async fn look_up(
    resolver: &TokioResolver,
    trunk: &TrunkEntry,
    default: u16,
) -> Result<Vec<SocketAddr>, LookupError> {
    if trunk.port.is_none() {
        let mut places = Vec::new();
        for (target, port) in servers(resolver, trunk).await? {
            // One server whose name is wrong leaves the others.
            places.extend(addresses(resolver, &target, port).await.unwrap_or_default());
        }
        if !places.is_empty() {
            places.truncate(MAX_PLACES);
            return Ok(places);
        }
    }
    addresses(resolver, &trunk.host, trunk.port.unwrap_or(default)).await
}

/// The servers that SRV records name, by priority; among equals the heavier first. None where there are no such records; that they
/// can't be asked for now is an error, for the name's own addresses may be somebody else's.
async fn servers(
    resolver: &TokioResolver,
    trunk: &TrunkEntry,
) -> Result<Vec<(String, u16)>, LookupError> {
    let service = match trunk.transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
    };
    let name = format!("{service}.{}.", trunk.host.trim_end_matches('.'));
    let found = match resolver.lookup(name.as_str(), RecordType::SRV).await {
        Ok(found) => found,
        Err(error) if error.is_no_records_found() => return Ok(Vec::new()),
        Err(error) => return Err(LookupError::NotFound { name, error }),
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
    let servers = servers.into_iter();
    Ok(servers
        .map(|server| (server.target.to_string(), server.port))
        .collect())
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
mod tests;

use std::collections::HashMap;
use std::net::Ipv4Addr;

use crds::directory::TakenTo;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, SRV};
use hickory_resolver::proto::rr::{Name, Record};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::*;

fn trunk(host: &str, port: Option<u16>, transport: Transport) -> TrunkEntry {
    TrunkEntry {
        name: "provider".into(),
        host: host.into(),
        port,
        transport,
        account: None,
        networks: Vec::new(),
        token: None,
        numbers: HashMap::new(),
        otherwise: TakenTo::Operator,
        outbound: None,
        max_calls: None,
    }
}

#[tokio::test]
async fn an_address_needs_no_resolver_and_has_the_port_of_its_transport() {
    for (host, port, transport, place) in [
        ("192.0.2.1", None, Transport::Udp, "192.0.2.1:5060"),
        ("192.0.2.1", None, Transport::Tls, "192.0.2.1:5061"),
        ("192.0.2.1", Some(5080), Transport::Tcp, "192.0.2.1:5080"),
        ("2001:db8::1", None, Transport::Udp, "[2001:db8::1]:5060"),
    ] {
        let found = places(&trunk(host, port, transport)).await.unwrap();
        assert_eq!(found, [place.parse().unwrap()]);
    }
}

/// A name server that knows a few records; it ends when dropped.
struct NameServer {
    resolver: TokioResolver,
    task: JoinHandle<()>,
}

impl NameServer {
    async fn knowing(records: Vec<Record>) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut server = NameServerConfig::udp(Ipv4Addr::LOCALHOST.into());
        server.connections[0].port = socket.local_addr().unwrap().port();
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        Self {
            resolver: builder.build().unwrap(),
            task: tokio::spawn(serve(socket, records)),
        }
    }

    async fn places(&self, trunk: &TrunkEntry) -> Vec<String> {
        let found = look_up(&self.resolver, trunk, 5060).await.unwrap();
        found.iter().map(ToString::to_string).collect()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, records: Vec<Record>) {
    let mut buffer = [0; 4096];
    loop {
        let (length, asker) = socket.recv_from(&mut buffer).await.unwrap();
        let mut message = Message::from_vec(&buffer[..length])
            .unwrap()
            .into_response();
        let query = message.queries[0].clone();
        let asked =
            |it: &&Record| it.name == *query.name() && it.record_type() == query.query_type();
        message.answers = records.iter().filter(asked).cloned().collect();
        if query.query_type() == RecordType::SRV && query.name() == &name(TROUBLED) {
            message.metadata.response_code = ResponseCode::ServFail;
        } else if !records.iter().any(|it| it.name == *query.name()) {
            message.metadata.response_code = ResponseCode::NXDomain;
        }
        let bytes = message.to_vec().unwrap();
        socket.send_to(&bytes, asker).await.unwrap();
    }
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn srv(service: &str, priority: u16, weight: u16, port: u16, target: &str) -> Record {
    let data = RData::SRV(SRV::new(priority, weight, port, name(target)));
    Record::from_rdata(name(service), 60, data)
}

fn a(host: &str, last: u8) -> Record {
    let data = RData::A(A::new(192, 0, 2, last));
    Record::from_rdata(name(host), 60, data)
}

#[tokio::test]
async fn srv_records_name_servers_by_priority_and_weight_and_one_that_is_wrong_leaves_the_others() {
    let server = NameServer::knowing(vec![
        srv(
            "_sip._udp.provider.example.",
            10,
            40,
            5070,
            "light.provider.example.",
        ),
        srv(
            "_sip._udp.provider.example.",
            10,
            60,
            5080,
            "heavy.provider.example.",
        ),
        srv(
            "_sip._udp.provider.example.",
            5,
            0,
            5090,
            "first.provider.example.",
        ),
        srv(
            "_sip._udp.provider.example.",
            1,
            0,
            5060,
            "gone.provider.example.",
        ),
        srv(
            "_sips._tcp.provider.example.",
            1,
            0,
            5061,
            "first.provider.example.",
        ),
        a("first.provider.example.", 1),
        a("heavy.provider.example.", 2),
        a("light.provider.example.", 3),
        a("provider.example.", 9),
    ])
    .await;
    assert_eq!(
        server
            .places(&trunk("provider.example", None, Transport::Udp))
            .await,
        ["192.0.2.1:5090", "192.0.2.2:5080", "192.0.2.3:5070"]
    );
    assert_eq!(
        server
            .places(&trunk("provider.example", None, Transport::Tls))
            .await,
        ["192.0.2.1:5061"]
    );
    // Whoever gives a port means the name's own addresses (RFC 3263 section 4.2).
    assert_eq!(
        server
            .places(&trunk("provider.example", Some(5066), Transport::Udp))
            .await,
        ["192.0.2.9:5066"]
    );
}

#[tokio::test]
async fn a_name_without_srv_records_is_its_addresses_and_an_unknown_one_is_an_error() {
    let server = NameServer::knowing(vec![a("provider.example.", 9)]).await;
    assert_eq!(
        server
            .places(&trunk("provider.example", None, Transport::Tcp))
            .await,
        ["192.0.2.9:5060"]
    );
    let unknown = trunk("nobody.example", None, Transport::Udp);
    let error = look_up(&server.resolver, &unknown, 5060).await.unwrap_err();
    let told = error.to_string();
    assert_eq!(
        told,
        "nobody.example can't be looked up: DNS knows no address of it"
    );
}

#[tokio::test]
async fn while_srv_records_cannot_be_asked_for_the_names_own_addresses_are_not_taken() {
    let server = NameServer::knowing(vec![a("troubled.example.", 9)]).await;
    let troubled = trunk("troubled.example", None, Transport::Udp);
    let error = look_up(&server.resolver, &troubled, 5060)
        .await
        .unwrap_err();
    let told = error.to_string();
    assert!(
        told.starts_with("_sip._udp.troubled.example. can't be looked up"),
        "{told}"
    );
}

/// Of this name the server says that it fails.
const TROUBLED: &str = "_sip._udp.troubled.example.";

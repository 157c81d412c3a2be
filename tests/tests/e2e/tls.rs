//! SIP over TLS, and certificates that are renewed while phones are connected.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crds::report::Report;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};
use switchboard_tests::certificate::CertificateFiles;
use switchboard_tests::office::{DOMAIN, JOHN, MARY, Office};
use switchboard_tests::phone::{Phone, Setup};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

#[test]
fn a_phone_registers_over_tls_is_rung_over_it_and_calls_over_it() {
    let office = Office::of(&[MARY, JOHN]);
    let files = CertificateFiles::make(&office.path("."));
    let worker = Worker::start_with_tls(&office, &files.certificate, &files.key);
    let setup = Setup {
        transport: "tls",
        ..Setup::default()
    };
    let mut mary = Phone::set_up(&MARY, worker.tls.unwrap(), setup);
    let mut john = Phone::of(&JOHN, worker.sip);
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    mary.answer(None, None);
    john.expect_call("CONFIRMED");
    john.hang_up();
    mary.expect_call("DISCONNECTED");
    mary.call(JOHN.extension, None, None);
    john.expect("incoming", |_| true);
    john.answer(None, None);
    mary.expect_call("CONFIRMED");
    mary.hang_up();
    john.expect_call("DISCONNECTED");
}

#[test]
fn a_renewed_certificate_is_shown_to_new_connections_and_old_ones_stay() {
    let office = Office::of(&[MARY]);
    let files = CertificateFiles::make(&office.path("."));
    let worker = Worker::start_with_tls(&office, &files.certificate, &files.key);
    let address = worker.tls.unwrap();
    let (mut before, first) = connect(address);
    assert!(options(&mut before).starts_with("SIP/2.0 200"));

    files.spoil();
    wait_for("it to say so", Duration::from_mins(1), || {
        worker
            .output()
            .contains("the old one stays in use")
            .then_some(())
    });
    assert_eq!(connect(address).1, first);

    let renewed = files.renew();
    wait_for("the new certificate", Duration::from_mins(1), || {
        (connect(address).1 == renewed).then_some(())
    });
    let answer = options(&mut before);
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    assert!(answer.contains("Via: SIP/2.0/TLS"), "{answer}");
}

#[test]
fn without_a_usable_certificate_phones_have_udp_and_tls_comes_with_the_files() {
    let office = Office::of(&[MARY]);
    let files = CertificateFiles::make(&office.path("."));
    files.spoil();
    let worker = Worker::start_with_tls(&office, &files.certificate, &files.key);
    let said = worker.output();
    assert!(
        said.contains("(TLS), once there is a certificate"),
        "{said}"
    );
    let _registered = Phone::of(&MARY, worker.sip);
    let told = || {
        let report: Report = serde_json::from_str(&worker.get("/report").1).unwrap();
        report.certificate
    };
    let unusable = wait_for("the report", Duration::from_mins(1), told);
    assert_eq!(
        (unusable.ok, unusable.reason.as_str()),
        (false, "CertificateUnusable")
    );
    let field = "spec.network.sip.tlsSecretRef: ";
    assert!(unusable.message.starts_with(field), "{}", unusable.message);
    // Whoever tries TLS is not left waiting.
    let mut tcp = TcpStream::connect(worker.tls.unwrap()).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(tcp.read(&mut [0]).unwrap(), 0);

    let renewed = files.renew();
    wait_for("the certificate", Duration::from_mins(1), || {
        told().is_some_and(|told| told.ok).then_some(())
    });
    let (mut connection, shown) = connect(worker.tls.unwrap());
    assert_eq!(shown, renewed);
    assert!(options(&mut connection).starts_with("SIP/2.0 200"));
}

#[test]
fn whoever_does_not_shake_hands_keeps_nobody_out() {
    let office = Office::of(&[MARY]);
    let files = CertificateFiles::make(&office.path("."));
    let worker = Worker::start_with_tls(&office, &files.certificate, &files.key);
    let address = worker.tls.unwrap();
    let _idle: Vec<TcpStream> = (0..50)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    assert!(options(&mut connect(address).0).starts_with("SIP/2.0 200"));
}

type Connection = StreamOwned<ClientConnection, TcpStream>;

/// A connection and the certificate that it was shown.
fn connect(address: SocketAddr) -> (Connection, Vec<u8>) {
    let shown = Arc::new(Shown::default());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&shown) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let name = ServerName::from(address.ip());
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut connection = StreamOwned::new(client, tcp);
    while connection.conn.is_handshaking() {
        connection.conn.complete_io(&mut connection.sock).unwrap();
    }
    let certificate = shown.0.lock().unwrap().clone();
    (connection, certificate)
}

/// The answer to OPTIONS.
fn options(connection: &mut Connection) -> String {
    let own = connection.sock.local_addr().unwrap();
    let request = format!(
        "OPTIONS sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/TLS {own};branch=z9hG4bK{}\r\nMax-Forwards: 70\r\n\
         From: <sip:test@{DOMAIN}>;tag=1\r\nTo: <sip:{DOMAIN}>\r\nCall-ID: {own}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        own.port()
    );
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 2048];
    let length = connection.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// Believes every certificate, and remembers it.
#[derive(Debug, Default)]
struct Shown(Mutex<Vec<u8>>);

impl ServerCertVerifier for Shown {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.0.lock().unwrap() = end_entity.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

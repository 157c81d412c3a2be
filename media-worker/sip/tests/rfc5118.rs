//! The IPv6 torture messages of RFC 5118. Section numbers are those of the RFC.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod common;

use common::{answered, message, read};
use sip::syntax::{Host, Message, Request};

fn request(text: common::Text) -> Request {
    match read(text) {
        Message::Request(request) => request,
        Message::Response(response) => panic!("{response:?}"),
    }
}

fn ip(text: &str) -> Host {
    Host::Ip(text.parse().unwrap())
}

#[test]
fn s4_1_an_ipv6_reference() {
    let request = request(
        message("REGISTER sip:[2001:db8::10] SIP/2.0")
            .only("To", "sip:user@example.com")
            .only("Via", "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111")
            .with("Contact", "\"Caller\" <sip:caller@[2001:db8::1]>"),
    );
    assert_eq!(
        (&request.uri.host, request.uri.port),
        (&ip("2001:db8::10"), None)
    );
    assert_eq!(
        request.headers.via().unwrap().unwrap().host,
        ip("2001:db8::9:1")
    );
    assert_eq!(
        request
            .headers
            .contacts()
            .unwrap()
            .first()
            .unwrap()
            .uri
            .to_string(),
        "sip:caller@[2001:db8::1]"
    );
}

#[test]
fn s4_2_an_ipv6_address_without_brackets() {
    assert_eq!(answered(message("REGISTER sip:2001:db8::10 SIP/2.0")), 400);
}

#[test]
fn s4_3_and_4_4_a_port_within_and_behind_the_brackets() {
    let within = request(message("REGISTER sip:[2001:db8::10:5070] SIP/2.0")).uri;
    assert_eq!((within.host, within.port), (ip("2001:db8::10:5070"), None));
    let behind = request(message("REGISTER sip:[2001:db8::10]:5070 SIP/2.0")).uri;
    assert_eq!((behind.host, behind.port), (ip("2001:db8::10"), Some(5070)));
}

#[test]
fn s4_5_received_with_brackets_and_without() {
    for received in ["[2001:db8::9:255]", "2001:db8::9:255"] {
        let via =
            format!("SIP/2.0/UDP [2001:db8::9:1]:6050;received={received};branch=z9hG4bKas3-111");
        let via = request(message("BYE sip:user@host.example.net SIP/2.0").only("Via", &via))
            .headers
            .via();
        let via = via.unwrap().unwrap();
        assert_eq!(
            (via.received(), via.port),
            (Some("2001:db8::9:255".parse().unwrap()), Some(6050))
        );
    }
}

#[test]
fn s4_7_several_addresses_in_one_message() {
    let request = request(
        message("BYE sip:user@host.example.net SIP/2.0")
            .only(
                "Via",
                "SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111",
            )
            .with(
                "Via",
                "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144",
            )
            .with(
                "Via",
                "SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200",
            ),
    );
    let vias = request.headers.vias().unwrap();
    let hosts: Vec<_> = vias.iter().map(|via| via.host.to_string()).collect();
    assert_eq!(hosts, ["[2001:db8::9:1]", "192.0.2.1", "[2001:db8::9:255]"]);
    assert_eq!(vias[2].received(), Some("192.0.2.200".parse().unwrap()));
}

#[test]
fn s4_9_ipv4_mapped_addresses() {
    let via = "SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19";
    let via = request(message("INVITE sip:user@example.com SIP/2.0").only("Via", via))
        .headers
        .via();
    assert_eq!(via.unwrap().unwrap().host, ip("::ffff:192.0.2.10"));
}

#[test]
fn s4_10_the_third_colon_of_the_old_grammar() {
    let uri = request(message("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0")).uri;
    assert_eq!(uri.host, ip("2001:db8::192.0.2.1"));
    assert_eq!(
        uri.to_string(),
        "sip:user@[2001:db8::c000:201]",
        "written with two"
    );
    assert_eq!(
        answered(message("OPTIONS sip:user@[2001:db8:::1] SIP/2.0")),
        400
    );
    assert_eq!(
        answered(message("OPTIONS sip:user@[2001:db8::1%eth0] SIP/2.0")),
        400
    );
}

//! What is written is read back as it was, and nothing that comes makes the reader panic.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

use std::net::IpAddr;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use sip::syntax::{
    CSeq, HeaderName, Headers, Host, Limits, Message, Method, NameAddr, Params, Reason, Request,
    StatusCode, Uri, Via, parse,
};

fn token() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9.!%*_+`'~-]{1,12}"
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![
        any::<IpAddr>().prop_map(Host::Ip),
        "[a-z][a-z0-9-]{0,8}(\\.[a-z][a-z0-9]{1,4}){0,2}".prop_map(|name| name.parse().unwrap()),
    ]
}

/// Values are any text: what is no token is written quoted.
fn params() -> impl Strategy<Value = Params> {
    let param = (token(), proptest::option::of("[^\\p{C}]{0,12}"));
    vec(param, 0..4).prop_map(|pairs| {
        pairs.iter().fold(Params::new(), |params, (name, value)| {
            params.with(name, value.as_deref())
        })
    })
}

fn uri() -> impl Strategy<Value = Uri> {
    let param = ("[a-z]{1,6}", proptest::option::of("[a-z0-9]{1,6}"));
    let header = ("[A-Z][a-z]{1,6}", "\\PC{0,12}");
    let user = proptest::option::of("\\PC{1,12}");
    (
        user,
        host(),
        any::<Option<u16>>(),
        vec(param, 0..3),
        vec(header, 0..2),
    )
        .prop_map(|(user, host, port, params, headers)| {
            let uri = Uri::sip(user.as_deref(), host, port);
            let uri = params.iter().fold(uri, |uri, (name, value)| {
                uri.with_param(name, value.as_deref())
            });
            headers
                .iter()
                .fold(uri, |uri, (name, value)| uri.with_header(name, value))
        })
}

fn name_addr() -> impl Strategy<Value = NameAddr> {
    (proptest::option::of("[^\\p{C}]{0,16}"), uri(), params()).prop_map(|(display, uri, params)| {
        NameAddr {
            display,
            uri,
            params,
        }
    })
}

fn via() -> impl Strategy<Value = Via> {
    (token(), host(), any::<Option<u16>>(), params()).prop_map(|(transport, host, port, params)| {
        Via {
            transport: transport.parse().unwrap(),
            host,
            port,
            params,
        }
    })
}

fn request() -> impl Strategy<Value = Request> {
    let others = vec((token(), vec(any::<u8>(), 0..20)), 0..4);
    let parts = (
        token(),
        uri(),
        vec(via(), 1..3),
        name_addr(),
        name_addr(),
        vec(name_addr(), 0..3),
    );
    (parts, others, vec(any::<u8>(), 0..64)).prop_map(
        |((method, mut uri, vias, from, to, contacts), others, body)| {
            uri.remove_headers();
            let mut request = Request::new(method.parse().unwrap(), uri);
            let headers = &mut request.headers;
            for via in &vias {
                headers.push(HeaderName::Via, via.to_string());
            }
            headers.push(HeaderName::From, from.to_string());
            headers.push(HeaderName::To, to.to_string());
            headers.push(HeaderName::CallId, "call@id");
            headers.push(
                HeaderName::CSeq,
                CSeq {
                    seq: 7,
                    method: request.method.clone(),
                }
                .to_string(),
            );
            for contact in &contacts {
                headers.push(HeaderName::Contact, contact.to_string());
            }
            for (name, value) in others {
                let value = String::from_utf8_lossy(&value).into_owned();
                // The name may be a known one, or the compact form of one, which then would be malformed.
                headers.push(
                    format!("X-{name}").parse().unwrap(),
                    value.trim_matches([' ', '\t', '\r', '\n']).to_owned(),
                );
            }
            request.body = body.into();
            request
        },
    )
}

fn sentence() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("\r\n"),
        Just("\r\n "),
        Just("\n"),
        Just(" "),
        Just(":"),
        Just(";"),
        Just(","),
        Just("<"),
        Just(">"),
        Just("\""),
        Just("\\"),
        Just("="),
        Just("@"),
        Just("%"),
        Just("["),
        Just("]"),
        Just("*"),
        Just("SIP/2.0"),
        Just("INVITE"),
        Just("sip:"),
        Just("tel:"),
        Just("Via"),
        Just("SIP/2.0/UDP a"),
        Just("Contact"),
        Just("To"),
        Just("Content-Length"),
        Just("CSeq"),
        Just("1"),
        Just("4294967296"),
        Just("é"),
        Just("\0"),
        Just(":::1.2.3.4"),
    ];
    vec(word, 0..40).prop_map(|words| words.concat())
}

fn touch_everything(headers: &Headers) {
    let _ = (
        headers.vias(),
        headers.from(),
        headers.to(),
        headers.call_id(),
        headers.cseq(),
        headers.contacts(),
    );
    let _ = (
        headers.routes(),
        headers.record_routes(),
        headers.max_forwards(),
        headers.expires(),
        headers.min_se(),
    );
    let _ = (
        headers.session_expires(),
        headers.allow(),
        headers.supported(),
        headers.require(),
        headers.event(),
    );
    let _ = (
        headers.subscription_state(),
        headers.replaces(),
        headers.refer_to(),
        headers.reasons(),
        headers.rack(),
    );
    let _ = (
        headers.rseq(),
        headers.content_type(),
        headers.retry_after(),
    );
}

proptest! {
    #[test]
    fn a_request_is_read_back_as_written(request in request()) {
        let read = parse(&request.to_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(read, Message::Request(request));
    }

    #[test]
    fn a_response_to_anything_is_read_back_as_written(request in request(), code in 100_u16..700) {
        let response = request.respond_tagged(StatusCode::new(code).unwrap(), "our-tag");
        let Ok(Message::Response(read)) = parse(&response.to_bytes(), &Limits::default()) else { panic!() };
        prop_assert!(read.headers.to().unwrap().unwrap().tag().is_some());
        prop_assert_eq!(read, response);
    }

    #[test]
    fn a_uri_is_read_back_as_written(uri in uri()) {
        let read = Uri::parse(uri.to_string()).unwrap();
        prop_assert!(read.equivalent(&uri));
        prop_assert_eq!(read, uri);
    }

    #[test]
    fn a_user_survives_escaping(user in "\\PC{1,20}") {
        let uri = Uri::sip(Some(&user), Host::Name("example.com".into()), None);
        let read = Uri::parse(uri.to_string()).unwrap();
        prop_assert_eq!(read.user().unwrap(), user);
    }

    #[test]
    fn an_address_is_read_back_as_written(address in name_addr()) {
        prop_assert_eq!(NameAddr::parse(address.to_string()).unwrap(), address);
    }

    #[test]
    fn a_via_is_read_back_as_written(via in via()) {
        prop_assert_eq!(Via::parse(via.to_string()).unwrap(), via);
    }

    #[test]
    fn a_reason_is_read_back_as_written(cause in any::<Option<u16>>(), text in proptest::option::of("[^\\p{C}]{0,20}")) {
        let reason = Reason { protocol: "Q.850".into(), cause, text };
        prop_assert_eq!(reason.to_string().parse::<Reason>().unwrap(), reason);
    }

    #[test]
    fn a_header_value_never_breaks_its_line(value in ".{0,30}", name in token()) {
        let mut request = Request::new(Method::Options, Uri::parse("sip:a@b").unwrap());
        request.headers.push(format!("X-{name}").parse().unwrap(), format!("{value}\r\nEvil: 1"));
        let written = request.to_bytes();
        let lines = String::from_utf8_lossy(&written).split("\r\n").count();
        prop_assert_eq!(lines, 5, "start, one header, Content-Length, the empty line, the body");
    }

    #[test]
    fn no_octets_make_the_reader_panic(octets in vec(any::<u8>(), 0..300)) {
        let _ = parse(&Bytes::from(octets), &Limits::default()).map_err(|error| error.reply().map(|reply| reply.to_bytes()));
    }

    #[test]
    fn no_sentence_makes_the_reader_panic(start in sentence(), headers in sentence()) {
        let text = format!("INVITE {start} SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n{headers}\r\n\r\n");
        match parse(&Bytes::from(text), &Limits::default()) {
            Ok(message) => touch_everything(message.headers()),
            Err(error) => {
                let reply = error.reply().map(|reply| reply.to_bytes());
                prop_assert!(reply.is_none_or(|reply| reply.starts_with(b"SIP/2.0 4") || reply.starts_with(b"SIP/2.0 5")));
            }
        }
        let mut loose = Headers::new();
        for name in ["Contact", "Route", "Replaces", "Reason", "Event", "Refer-To", "Allow", "RAck", "Session-Expires"] {
            loose.push(name.parse().unwrap(), headers.clone());
        }
        touch_everything(&loose);
    }
}

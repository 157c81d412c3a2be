//! The torture messages of RFC 4475, written from its descriptions: valid ones are read right, invalid ones are answered
//! as it asks. Section numbers are those of the RFC.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

mod common;

use common::{Octets, answered, message, read, refused_silently};
use sip::syntax::{Contacts, HeaderName, Message, Method, Params, Request, Scheme, Uri};

fn request(octets: impl Octets) -> Request {
    match read(octets) {
        Message::Request(request) => request,
        Message::Response(response) => panic!("{response:?}"),
    }
}

fn user(uri: &Uri) -> String {
    uri.user().unwrap().into_owned()
}

#[test]
fn s3_1_1_1_a_short_tortuous_invite() {
    let text = "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n\
        TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n\
        from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n\
        MaX-fOrWaRdS: 0068\r\n\
        Call-ID: wsinv.ndaksdj@192.0.2.1\r\n\
        Content-Length   : 3\r\n\
        cseq: 0009\r\n  INVITE\r\n\
        Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\n\
        s :\r\n\
        NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n\
        UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n\
        Content-Type: application/sdp\r\n\
        Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n\
        v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n \
        SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n\
        m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  \
        secondparam ; q = 0.33\r\n\r\nv=0";
    let request = request(text);
    let headers = &request.headers;
    assert_eq!(request.uri.params.get("unknownparam"), Some(None));
    assert_eq!(headers.to().unwrap().unwrap().tag(), Some("1918181833n"));
    let from = headers.from().unwrap().unwrap();
    assert_eq!(
        (from.display.as_deref(), from.tag()),
        (Some("J Rosenberg \\\""), Some("98asjd8"))
    );
    assert_eq!(headers.max_forwards().unwrap(), Some(68));
    assert_eq!(headers.cseq().unwrap().unwrap().seq, 9);
    let vias = headers.vias().unwrap();
    let branches: Vec<_> = vias.iter().map(|via| via.branch().unwrap()).collect();
    assert_eq!(branches, ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]);
    assert_eq!(vias[0].rfc3261_branch(), None);
    assert_eq!(vias[1].transport.as_str(), "TCP");
    assert_eq!(headers.get(&HeaderName::Subject), Some(""));
    let unknown = "UnknownHeaderWithUnusualValue".parse().unwrap();
    assert_eq!(headers.get(&unknown), Some(";;,,;;,;"));
    assert!(
        headers
            .get(&"newfangledheader".parse().unwrap())
            .unwrap()
            .ends_with("continued newfangled value")
    );
    assert!(headers.routes().unwrap()[0].uri.params.has("lr"));
    let contacts = headers.contacts().unwrap();
    let contact = contacts.first().unwrap();
    assert_eq!(contact.display.as_deref(), Some("Quoted string \"\""));
    assert_eq!(
        (contact.params.value("newparam"), contact.params.value("q")),
        (Some("newvalue"), Some("0.33"))
    );
    assert_eq!(&request.body[..], b"v=0");
}

#[test]
fn s3_1_1_2_a_wide_range_of_valid_characters() {
    let mut text = "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*\
        :&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\r\n\
        Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\r\n\
        To: \"BEL:\\\u{7} NUL:\\\u{0} DEL:\\\u{7f}\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\r\n\
        From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"работающий\";tag=_token~1'+`*%!-.\r\n\
        Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n\
        CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\n\
        Max-Forwards: 255\r\n"
        .to_owned();
    text.push_str("extensionHeader-!.%*+_`'~: 大停電\r\nContent-Length: 0\r\n\r\n");
    let request = request(&text);
    assert_eq!(
        request.method.as_str(),
        "!interesting-Method0123456789_*+`.%indeed'~"
    );
    assert_eq!(
        user(&request.uri),
        "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    );
    assert_eq!(
        request.uri.password().unwrap(),
        "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    );
    let to = request.headers.to().unwrap().unwrap();
    assert_eq!(
        to.display.as_deref(),
        Some("BEL:\u{7} NUL:\u{0} DEL:\u{7f}")
    );
    let from = request.headers.from().unwrap().unwrap();
    assert_eq!(
        from.display.as_deref(),
        Some("token1~` token2'+_ token3*%!.-")
    );
    assert_eq!(
        from.params.text("fromparam''~+*_!.-%").unwrap(),
        "работающий"
    );
    assert_eq!(from.tag(), Some("_token~1'+`*%!-."));
    let extension = "extensionHeader-!.%*+_`'~".parse().unwrap();
    assert_eq!(request.headers.get(&extension), Some("大停電"));
}

#[test]
fn s3_1_1_3_a_valid_use_of_the_percent_escape() {
    let request = request(
        message("INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0")
            .only("To", "sip:%75se%72@example.com")
            .with(
                "Contact",
                "<sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>",
            ),
    );
    assert_eq!(user(&request.uri), "sips:user@example.com");
    assert_eq!(request.uri.raw_user(), Some("sips%3Auser%40example.com"));
    let to = request.headers.to().unwrap().unwrap();
    assert!(
        to.uri
            .equivalent(&Uri::parse("sip:user@example.com").unwrap())
    );
    let contacts = request.headers.contacts().unwrap();
    let uri = &contacts.first().unwrap().uri;
    assert!(
        !uri.params.has("lr"),
        "an escaped name is not unescaped to find a parameter"
    );
    assert_eq!(
        uri.to_string(),
        "sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31"
    );
}

#[test]
fn s3_1_1_4_escaped_nulls_in_uris() {
    let request = request(
        message("REGISTER sip:example.com SIP/2.0")
            .only("To", "sip:null-%00-null@example.com")
            .with("Contact", "<sip:%00@host5.example.com>")
            .with("Contact", "<sip:%00%00@host5.example.com>"),
    );
    let Contacts::List(contacts) = request.headers.contacts().unwrap() else {
        panic!()
    };
    let users: Vec<_> = contacts.iter().map(|contact| user(&contact.uri)).collect();
    assert_eq!(users, ["\0", "\0\0"]);
    assert!(!contacts[0].uri.equivalent(&contacts[1].uri));
}

#[test]
fn s3_1_1_5_a_percent_is_no_escape_in_a_method() {
    let request =
        request(message("RE%47IST%45R sip:registrar.example.com SIP/2.0").cseq("RE%47IST%45R"));
    assert_ne!(request.method, Method::Register);
    assert_eq!(request.method.as_str(), "RE%47IST%45R");
}

#[test]
fn s3_1_1_6_no_space_between_display_name_and_bracket() {
    let request = request(
        message("OPTIONS sip:user@example.com SIP/2.0")
            .only("From", "caller<sip:caller@example.com>;tag=323"),
    );
    let from = request.headers.from().unwrap().unwrap();
    assert_eq!(
        (from.display.as_deref(), from.tag()),
        (Some("caller"), Some("323"))
    );
}

#[test]
fn s3_1_1_7_long_values() {
    let long = "long".repeat(200);
    let mut text = message("INVITE sip:user@example.com SIP/2.0")
        .only("To", &format!("\"I have a user name of {long} proportion\"<sip:user@example.com:6000;unknownparam1={long}>"))
        .with(&format!("Unknown-{long}"), &long);
    for hop in 0..34 {
        text = text.with(
            "v",
            &format!("SIP/2.0/TCP sip{hop}.example.com;branch=z9hG4bK{hop}"),
        );
    }
    let request = request(text);
    assert_eq!(
        request
            .headers
            .to()
            .unwrap()
            .unwrap()
            .uri
            .params
            .value("unknownparam1"),
        Some(long.as_str())
    );
    assert_eq!(request.headers.vias().unwrap().len(), 35);
}

#[test]
fn s3_1_1_8_octets_behind_the_body_of_a_datagram_are_ignored() {
    let text = message("REGISTER sip:example.com SIP/2.0")
        .with("Content-Length", "0")
        .into_text();
    let request = request(format!(
        "{text}INVITE sip:joe@example.com SIP/2.0\r\nTo: sip:joe@example.com\r\n\r\n"
    ));
    assert_eq!(request.method, Method::Register);
    assert!(request.body.is_empty());
}

#[test]
fn s3_1_1_9_a_semicolon_in_the_user_part() {
    let request = request(message(
        "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0",
    ));
    assert_eq!(user(&request.uri), "user;par=u@example.net");
    assert_eq!(request.uri.params, Params::new());
}

#[test]
fn s3_1_1_10_varied_and_unknown_transports() {
    let mut text = message("OPTIONS sip:user@example.com SIP/2.0");
    for transport in ["SCTP", "TLS", "UNKNOWN", "TCP"] {
        text = text.with(
            "Via",
            &format!("SIP/2.0/{transport} t1.example.com;branch=z9hG4bKkdjuw"),
        );
    }
    let vias = request(text).headers.vias().unwrap();
    let transports: Vec<_> = vias.iter().map(|via| via.transport.as_str()).collect();
    assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
}

#[test]
fn s3_1_1_11_a_binary_multipart_body() {
    let body = [
        &b"--7a9cbec02ceef655\r\n\r\n"[..],
        &(0..=255).collect::<Vec<u8>>(),
        b"\r\n--7a9cbec02ceef655--\r\n",
    ]
    .concat();
    let head = message("MESSAGE sip:kumiko@example.org SIP/2.0")
        .with("Content-Type", "multipart/mixed;boundary=7a9cbec02ceef655")
        .with("Content-Length", &body.len().to_string());
    let request = request([head.into_text().as_bytes(), &body].concat());
    assert_eq!(&request.body[..], body);
    assert_eq!(
        request.headers.content_type().as_deref(),
        Some("multipart/mixed")
    );
    let again = common::read(request.to_bytes());
    assert_eq!(
        again,
        Message::Request(request),
        "octets that are no text survive"
    );
}

#[test]
fn s3_1_1_12_and_13_unusual_and_empty_reason_phrases() {
    for reason in ["= 2**3 * 5**2 но сто девяносто девять - простое", ""]
    {
        let Message::Response(response) = read(message(&format!("SIP/2.0 200 {reason}"))) else {
            panic!()
        };
        assert_eq!(
            (response.status.code(), response.reason.as_str()),
            (200, reason)
        );
    }
}

#[test]
fn s3_1_2_1_extraneous_separators() {
    let vias =
        message("INVITE sip:user@example.com SIP/2.0").only("Via", "SIP/2.0/UDP 192.0.2.15;;,;,,");
    assert_eq!(answered(vias), 400);
    let contact = message("INVITE sip:user@example.com SIP/2.0")
        .with("Contact", "\"Joe\" <sip:joe@example.org>;;;;");
    assert_eq!(answered(contact), 400);
}

#[test]
fn s3_1_2_2_a_content_length_larger_than_the_message() {
    assert_eq!(
        answered(message("INVITE sip:user@example.com SIP/2.0").with("Content-Length", "9999")),
        400
    );
}

#[test]
fn s3_1_2_3_a_negative_content_length() {
    assert_eq!(
        answered(message("INVITE sip:user@example.com SIP/2.0").with("Content-Length", "-999")),
        400
    );
}

#[test]
fn s3_1_2_4_numbers_out_of_range_in_a_request() {
    let register = || message("REGISTER sip:example.com SIP/2.0");
    assert_eq!(
        answered(register().only("CSeq", "36893488147419103232 REGISTER")),
        400
    );
    assert_eq!(answered(register().only("Max-Forwards", "300")), 400);
    let request = request(register().with("Expires", "10000000000000000000000000"));
    assert!(
        request.headers.expires().is_err(),
        "left to the registrar, which takes its default"
    );
}

#[test]
fn s3_1_2_5_numbers_out_of_range_in_a_response() {
    refused_silently(
        message("SIP/2.0 503 Service Unavailable").only("CSeq", "9292394834772304023312 OPTIONS"),
    );
}

#[test]
fn s3_1_2_6_an_unterminated_quoted_string() {
    assert_eq!(
        answered(
            message("INVITE sip:user@example.com SIP/2.0")
                .only("To", "\"Mr. J. User <sip:j.user@example.com>")
        ),
        400
    );
}

#[test]
fn s3_1_2_7_to_11_malformed_request_lines() {
    for line in [
        "INVITE <sip:user@example.com> SIP/2.0",
        "INVITE sip:user@example.com; lr SIP/2.0",
        "INVITE  sip:user@example.com  SIP/2.0",
        "INVITE sip:user@example.com  SIP/2.0",
        "INVITE sip:user@example.com SIP/2.0  ",
        "INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0",
        "INVITE sip:us%zzer@example.com SIP/2.0",
        "INVITE sip: SIP/2.0",
        "INVITE sip:user@example.com:70000 SIP/2.0",
    ] {
        assert_eq!(answered(message(line).cseq("INVITE")), 400, "{line}");
    }
}

#[test]
fn s3_1_2_12_a_date_in_another_zone_is_let_pass() {
    let request = request(
        message("INVITE sip:user@example.com SIP/2.0")
            .with("Date", "Fri, 01 Jan 2010 16:00:00 EST"),
    );
    assert_eq!(
        request.headers.get(&HeaderName::Date),
        Some("Fri, 01 Jan 2010 16:00:00 EST")
    );
}

#[test]
fn s3_1_2_13_a_contact_with_headers_outside_brackets() {
    let register = message("REGISTER sip:example.com SIP/2.0").with(
        "Contact",
        "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
    );
    assert_eq!(answered(register), 400);
}

#[test]
fn s3_1_2_14_spaces_within_an_address() {
    let text = message("OPTIONS sip:user@example.org SIP/2.0")
        .only("To", "\"Watson, Thomas\" < sip:t.watson@example.org >");
    assert_eq!(answered(text), 400);
}

#[test]
fn s3_1_2_15_a_display_name_that_needs_quotes() {
    let text = message("OPTIONS sip:t.watson@example.org SIP/2.0")
        .only("From", "Bell, Alexander <sip:a.g.bell@example.com>;tag=43");
    assert_eq!(answered(text), 400);
}

#[test]
fn s3_1_2_16_an_unknown_version() {
    assert_eq!(
        answered(message("OPTIONS sip:t.watson@example.org SIP/7.0")),
        505
    );
}

#[test]
fn s3_1_2_17_and_18_methods_that_do_not_match() {
    assert_eq!(
        answered(message("OPTIONS sip:user@example.com SIP/2.0").cseq("INVITE")),
        400
    );
    assert_eq!(
        answered(message("NEWMETHOD sip:user@example.com SIP/2.0").cseq("INVITE")),
        501
    );
}

#[test]
fn s3_1_2_19_a_status_code_out_of_range() {
    for status in [
        "4294967301 better not break the receiver",
        "099 low",
        "700 high",
        "20",
        "2oo OK",
    ] {
        refused_silently(message(&format!("SIP/2.0 {status}")));
    }
}

#[test]
fn s3_2_1_a_branch_of_the_cookie_alone_is_no_identifier() {
    let text = message("OPTIONS sip:user@example.com SIP/2.0")
        .only("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK");
    assert_eq!(
        request(text)
            .headers
            .via()
            .unwrap()
            .unwrap()
            .rfc3261_branch(),
        None
    );
}

#[test]
fn s3_3_1_missing_headers() {
    for name in ["From", "To", "Call-ID", "CSeq"] {
        assert_eq!(
            answered(message("INVITE sip:user@example.com SIP/2.0").without(name)),
            400,
            "{name}"
        );
    }
    refused_silently(message("INVITE sip:user@example.com SIP/2.0").without("Via"));
}

#[test]
fn s3_3_2_and_3_unknown_schemes_of_the_request_uri() {
    assert_eq!(
        answered(message(
            "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"
        )),
        416
    );
    assert_eq!(
        answered(message("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0")),
        416
    );
}

#[test]
fn s3_3_4_unknown_schemes_elsewhere_are_let_pass() {
    let request = request(
        message("REGISTER sip:example.com SIP/2.0")
            .only("To", "isbn:2983792873")
            .only("From", "<http://www.example.com>;tag=3234233")
            .with("Contact", "<name:John_Smith>"),
    );
    assert_eq!(
        request.headers.to().unwrap().unwrap().uri.scheme,
        Scheme::Other("isbn".into())
    );
    assert_eq!(
        request.headers.to().unwrap().unwrap().uri.to_string(),
        "isbn:2983792873"
    );
}

#[test]
fn s3_3_5_unknown_extensions_are_named_in_the_refusal() {
    let text = message("OPTIONS sip:user@example.com SIP/2.0").with(
        "Require",
        "nothingSupportsThis, timer, nothingSupportsThisEither",
    );
    let refusal = request(text).unsupported(&["timer", "100rel"]).unwrap();
    assert_eq!(refusal.status.code(), 420);
    let named = refusal.headers.get(&HeaderName::Unsupported);
    assert_eq!(
        named,
        Some("nothingSupportsThis, nothingSupportsThisEither")
    );
}

#[test]
fn s3_3_7_an_unknown_authorization_scheme_is_kept() {
    let text = message("REGISTER sip:example.com SIP/2.0")
        .with("Authorization", "NoOneKnowsThisScheme opaque-data=here");
    assert_eq!(request(text).headers.authorizations().count(), 1);
}

#[test]
fn s3_3_8_and_9_headers_given_twice() {
    for (name, value) in [
        ("CSeq", "59 INVITE"),
        ("Call-ID", "other"),
        ("From", "<sip:b@b>;tag=1"),
        ("To", "<sip:b@b>"),
        ("Max-Forwards", "5"),
    ] {
        assert_eq!(
            answered(message("INVITE sip:user@example.com SIP/2.0").with(name, value)),
            400,
            "{name}"
        );
    }
    let twice = message("OPTIONS sip:user@example.com SIP/2.0")
        .with("Content-Length", "0")
        .with("l", "5");
    assert_eq!(answered(format!("{}abcde", twice.into_text())), 400);
}

#[test]
fn s3_3_11_zero_max_forwards_is_read() {
    let request =
        request(message("OPTIONS sip:user@example.com SIP/2.0").only("Max-Forwards", "0"));
    assert_eq!(request.headers.max_forwards().unwrap(), Some(0));
}

#[test]
fn s3_3_12_and_13_parameters_within_and_outside_brackets_are_told_apart() {
    let contact = |value: &str| {
        let request = request(message("REGISTER sip:example.com SIP/2.0").with("Contact", value));
        request.headers.contacts().unwrap().first().unwrap().clone()
    };
    let outside = contact("sip:+19725552222@gw1.example.net;unknownparam");
    assert!(outside.params.has("unknownparam") && !outside.uri.params.has("unknownparam"));
    let within = contact("<sip:+19725552222@gw1.example.net;unknownparam>");
    assert!(!within.params.has("unknownparam") && within.uri.params.has("unknownparam"));
}

#[test]
fn s3_3_14_escaped_headers_in_a_contact_are_kept() {
    let request = request(message("REGISTER sip:example.com SIP/2.0").with(
        "Contact",
        "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>",
    ));
    let contacts = request.headers.contacts().unwrap();
    let headers: Vec<_> = contacts.first().unwrap().uri.headers().collect();
    assert_eq!(headers, [("Route".into(), "<sip:sip.example.com>".into())]);
}

#[test]
fn s3_4_1_an_invite_of_rfc_2543() {
    let text = "INVITE sip:UserB@example.com SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example.com\r\n\
        From: <sip:+13035551111@ift.client.example.net;user=phone>\r\n\
        Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\r\n\
        To: sip:+16505552222@ss1.example.net;user=phone\r\nCall-ID: inv2543.1717@ift.client.example.com\r\n\
        CSeq: 56 INVITE\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n";
    let request = request(text);
    assert_eq!(request.headers.from().unwrap().unwrap().tag(), None);
    assert_eq!(
        &request.body[..],
        b"v=0\r\n",
        "without Content-Length the body fills the datagram"
    );
    assert_eq!(
        request.headers.record_routes().unwrap()[0]
            .uri
            .params
            .value("maddr"),
        Some("ss1.example.com")
    );
}

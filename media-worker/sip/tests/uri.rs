//! URIs compared and built (RFC 3261 section 19.1, RFC 3966).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails loudly")]

use sip::syntax::{Host, NameAddr, Params, Scheme, Uri};

fn equivalent(one: &str, two: &str) -> bool {
    let (one, two) = (Uri::parse(one).unwrap(), Uri::parse(two).unwrap());
    assert_eq!(one.equivalent(&two), two.equivalent(&one));
    one.equivalent(&two)
}

#[test]
fn the_equivalent_pairs_of_section_19_1_4() {
    for (one, two) in [
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtLanTa.CoM;Transport=tcp",
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:carol@chicago.com;newparam=5",
            "sip:carol@chicago.com;security=on",
        ),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ] {
        assert!(equivalent(one, two), "{one} {two}");
    }
}

#[test]
fn the_different_pairs_of_section_19_1_4() {
    for (one, two) in [
        (
            "SIP:ALICE@AtLanTa.CoM;Transport=udp",
            "sip:alice@AtLanTa.CoM;Transport=UDP",
        ),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        (
            "sip:bob@biloxi.com",
            "sip:bob@biloxi.com:6000;transport=tcp",
        ),
        (
            "sip:carol@chicago.com",
            "sip:carol@chicago.com?Subject=next%20meeting",
        ),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;security=off",
        ),
        ("sip:carol@chicago.com", "sips:carol@chicago.com"),
    ] {
        assert!(!equivalent(one, two), "{one} {two}");
    }
}

#[test]
fn telephone_numbers_are_compared_without_their_separators() {
    assert!(equivalent("tel:+1-201-555-0123", "tel:+1(201)555.0123"));
    assert!(!equivalent(
        "tel:7042;phone-context=example.com",
        "tel:7042"
    ));
    let uri = Uri::parse("tel:7042;phone-context=example.com").unwrap();
    assert_eq!(
        (&uri.scheme, uri.user().unwrap().as_ref()),
        (&Scheme::Tel, "7042")
    );
    assert_eq!(uri.to_string(), "tel:7042;phone-context=example.com");
}

#[test]
fn numbers_with_star_and_hash_are_read_however_they_are_written() {
    for text in ["sip:*72#@example.com", "sip:*72%23@example.com"] {
        let uri = Uri::parse(text).unwrap();
        assert_eq!(uri.user().unwrap(), "*72#");
        assert_eq!(uri.to_string(), text, "and kept as written");
    }
    let ours = Uri::sip(Some("*72#"), Host::Name("example.com".into()), None);
    assert_eq!(ours.to_string(), "sip:*72%23@example.com");
}

#[test]
fn malformed_uris_are_refused() {
    for text in [
        "",
        "sip",
        ":a@b",
        "sip:",
        "sip:@b",
        "sip:a@",
        "sip:a@b@c",
        "sip:a@b:",
        "sip:a@b:x",
        "sip:a@b:65536",
        "sip:a b@c",
        "sip:a@b;",
        "sip:a@b;;x",
        "sip:a@b;x=",
        "sip:a@b?",
        "sip:%4@b",
        "sip:%zz@b",
        "sip:a@[::1",
        "sip:a@[b]",
        "sip:é@b",
        "sip:a@b\r\nTo: c",
        "tel:",
        "tel:a b",
        "1sip:a@b",
        "sip:\"a\"@b",
    ] {
        assert!(Uri::parse(text).is_err(), "{text}");
    }
    assert!(Uri::parse(b"sip:\xff@b").is_err());
}

#[test]
fn parameters_are_found_changed_and_removed_in_their_places() {
    let mut params = NameAddr::parse("<sip:a@b>;A=1;b;c=\"x;y=\\\"z\";d=4")
        .unwrap()
        .params;
    assert_eq!(
        (
            params.len(),
            params.get("a"),
            params.get("B"),
            params.get("x")
        ),
        (4, Some(Some("1")), Some(None), None)
    );
    assert_eq!(
        (params.value("c"), params.text("c").unwrap().as_ref()),
        (Some("\"x;y=\\\"z\""), "x;y=\"z")
    );
    params.set("B", Some("two words"));
    params.set("e", None);
    assert!(params.remove("A") && !params.remove("A"));
    assert_eq!(params.to_string(), ";b=\"two words\";c=\"x;y=\\\"z\";d=4;e");
    params.set("evil name", Some("1"));
    params.set("f", Some("a\r\nb"));
    assert_eq!(params.text("f").unwrap(), "a  b");
    assert_eq!(Params::new().with("g", Some("")).to_string(), ";g=\"\"");
}

#[test]
fn a_display_name_is_quoted_when_written() {
    let address = NameAddr::named(
        "Joe \"Doe\"\r\n",
        Uri::parse("sip:joe@example.com").unwrap(),
    )
    .with_tag("1");
    assert_eq!(
        address.to_string(),
        "\"Joe \\\"Doe\\\"  \" <sip:joe@example.com>;tag=1"
    );
    let latin1 = NameAddr::parse(b"\"J\xf6rg\" <sip:j@example.com>").unwrap();
    assert_eq!(latin1.display.as_deref(), Some("J\u{fffd}rg"));
}

//! A message read and written again.
use bytes::Bytes;
use sip::syntax::{Limits, Message, StatusCode, parse};

#[test]
fn an_invite_is_read_answered_and_written() {
    let text = "INVITE sip:bob@biloxi.com SIP/2.0\r\nv: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n\
        Max-Forwards: 70\r\nTo: Bob <sip:bob@biloxi.com>\r\nf: \"Alice\" <sip:alice@atlanta.com>;tag=1928301774\r\n\
        Call-ID: a84b4c76e66710@pc33.atlanta.com\r\nCSeq: 314159 INVITE\r\nm: <sip:alice@pc33.atlanta.com>\r\n\
        Content-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n";
    let Ok(Message::Request(request)) = parse(&Bytes::from(text), &Limits::default()) else {
        panic!()
    };
    assert_eq!(
        request.headers.to().unwrap().unwrap().uri.user().unwrap(),
        "bob"
    );
    assert_eq!(&request.body[..], b"v=0\n");
    let again = parse(&request.to_bytes(), &Limits::default()).unwrap();
    assert_eq!(again, Message::Request(request.clone()));
    let response = request
        .respond_tagged(StatusCode::RINGING, "xyz")
        .to_bytes();
    let Ok(Message::Response(response)) = parse(&response, &Limits::default()) else {
        panic!()
    };
    assert_eq!(response.headers.to().unwrap().unwrap().tag(), Some("xyz"));
}

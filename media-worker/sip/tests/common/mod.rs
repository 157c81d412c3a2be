//! Messages for the torture tests.
#![allow(dead_code, reason = "each test file uses its own part")]

use bytes::Bytes;
use sip::syntax::{Limits, Message, ParseError, parse};

/// A message being written line by line.
pub(crate) struct Text {
    start: String,
    lines: Vec<(String, String)>,
}

/// A sound message with this start line; the method of its `CSeq` is that of the line.
pub(crate) fn message(start: &str) -> Text {
    let method = start
        .split(' ')
        .next()
        .filter(|word| !word.starts_with("SIP/"))
        .unwrap_or("OPTIONS");
    let lines = [
        ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKkdjuw"),
        ("Max-Forwards", "70"),
        ("From", "<sip:caller@example.net>;tag=3sa923"),
        ("To", "<sip:user@example.com>"),
        ("Call-ID", "torture.0ha0isndaksdj@192.0.2.1"),
    ];
    let lines = lines.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Text {
        start: start.to_owned(),
        lines: lines.into(),
    }
    .only("CSeq", &format!("8 {method}"))
}

impl Text {
    /// Adds a line.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.lines.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Replaces the lines of this name.
    pub(crate) fn only(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value)
    }

    /// Removes the lines of this name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.lines.retain(|(known, _)| known != name);
        self
    }

    /// Sets the method of the `CSeq`.
    pub(crate) fn cseq(self, method: &str) -> Self {
        self.only("CSeq", &format!("8 {method}"))
    }

    /// The message, with the empty line.
    pub(crate) fn into_text(self) -> String {
        let lines = self
            .lines
            .iter()
            .flat_map(|(name, value)| [name, ": ", value, "\r\n"]);
        let lines: String = lines.collect();
        format!("{}\r\n{lines}\r\n", self.start)
    }
}

/// Anything that becomes the octets of a message.
pub(crate) trait Octets {
    /// The octets.
    fn octets(self) -> Bytes;
}

impl Octets for Text {
    fn octets(self) -> Bytes {
        self.into_text().into()
    }
}

impl<T: AsRef<[u8]>> Octets for T {
    fn octets(self) -> Bytes {
        Bytes::copy_from_slice(self.as_ref())
    }
}

/// Reads a message that is valid, and checks that it survives being written.
pub(crate) fn read(text: impl Octets) -> Message {
    let message = parse(&text.octets(), &Limits::default()).unwrap();
    assert_eq!(
        parse(&message.to_bytes(), &Limits::default()).unwrap(),
        message
    );
    message
}

/// Reads a message that is invalid.
pub(crate) fn refused(text: impl Octets) -> ParseError {
    parse(&text.octets(), &Limits::default()).unwrap_err()
}

/// Reads a message that is invalid and the status of the answer it gets.
pub(crate) fn answered(text: impl Octets) -> u16 {
    refused(text).reply().unwrap().status.code()
}

/// Reads a message that is invalid and gets no answer.
pub(crate) fn refused_silently(text: impl Octets) {
    assert_eq!(refused(text).reply(), None);
}

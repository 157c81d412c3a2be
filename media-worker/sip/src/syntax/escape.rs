//! `%HH` escapes of URIs (RFC 3261 section 19.1.2).

use std::borrow::Cow;
use std::fmt;

use super::chars::Class;

/// Whether each `%` is followed by two hexadecimal digits.
pub(crate) fn is_well_escaped(text: &str) -> bool {
    if memchr::memchr(b'%', text.as_bytes()).is_none() {
        return true;
    }
    text.split('%').skip(1).all(|after| {
        let mut digits = after.bytes();
        [digits.next(), digits.next()]
            .iter()
            .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit()))
    })
}

/// The octets that an escaped text stands for; what is not UTF-8 becomes U+FFFD.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        let mut ahead = octets.clone();
        match (octet, hex(ahead.next()), hex(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                plain.push(high << 4 | low);
                octets = ahead;
            }
            _ => plain.push(octet),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

/// Escapes what the class does not hold, and `%` itself.
pub(crate) fn escape(text: &str, allowed: &Class) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet != b'%' && allowed.has(octet) {
            escaped.push(char::from(octet));
        } else {
            let _: fmt::Result = fmt::Write::write_fmt(&mut escaped, format_args!("%{octet:02X}"));
        }
    }
    escaped
}

fn hex(digit: Option<u8>) -> Option<u8> {
    digit
        .and_then(|digit| char::from(digit).to_digit(16))
        .map(|digit| digit as u8)
}

//! Whom to call, and where that is.

use std::net::{SocketAddr, ToSocketAddrs};

use sip::syntax::{Host, Scheme, Uri};
use sip::transport::Protocol;

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Callee {
    /// The Request-URI.
    pub(super) uri: Uri,
}

impl Callee {
    /// Reads `sip:101@127.0.0.1:5060`, `sip:101@127.0.0.1` or `101@host`; what is wrong is told in a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!("`{text}` cannot be called: {why}. Write for example sip:101@127.0.0.1:5060")
        };
        let user_part = text.split('@').next().unwrap_or_default();
        let whole = if user_part.contains(':') {
            text.to_owned()
        } else {
            format!("sip:{text}")
        };
        let uri = Uri::parse(&whole).map_err(|error| wrong(&error.to_string()))?;
        if uri.scheme != Scheme::Sip {
            return Err(wrong("the probe speaks sip: over UDP only"));
        }
        let transport = uri.params.value("transport");
        if transport.is_some_and(|name| !name.eq_ignore_ascii_case(Protocol::Udp.uri_name())) {
            return Err(wrong("the probe speaks UDP only"));
        }
        if uri.user().is_none() {
            return Err(wrong("there is no number before an @"));
        }
        Ok(Callee { uri })
    }

    /// Whom it is, as a person says it: the user part.
    pub(super) fn name(&self) -> String {
        self.uri.user().unwrap_or_default().into_owned()
    }

    /// Where to send the call; a name that is not known is told in a sentence.
    pub(super) fn resolve(&self) -> Result<SocketAddr, String> {
        let port = self.uri.port.unwrap_or(Protocol::Udp.default_port());
        let found = match &self.uri.host {
            Host::Ip(ip) => Some(SocketAddr::new(*ip, port)),
            Host::Name(name) => (&**name, port)
                .to_socket_addrs()
                .ok()
                .and_then(|mut addresses| addresses.next()),
        };
        found.ok_or_else(|| {
            let host = &self.uri.host;
            format!("the name {host} has no address. Check it, or write the IP address")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_are_read() {
        for (text, uri, address) in [
            (
                "sip:101@127.0.0.1:5070",
                "sip:101@127.0.0.1:5070",
                "127.0.0.1:5070",
            ),
            ("sip:101@127.0.0.1", "sip:101@127.0.0.1", "127.0.0.1:5060"),
            ("101@127.0.0.1", "sip:101@127.0.0.1", "127.0.0.1:5060"),
            ("*5@[::1]:5061", "sip:*5@[::1]:5061", "[::1]:5061"),
        ] {
            let callee = Callee::parse(text).unwrap();
            assert_eq!(callee.uri.to_string(), uri);
            assert_eq!(callee.resolve(), Ok(address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_called_is_told_with_a_remedy() {
        for text in [
            "",
            "127.0.0.1",
            "sips:101@127.0.0.1",
            "tel:101",
            "101@127.0.0.1;transport=tcp",
            "101@127.0.0.1:x",
        ] {
            let sentence = Callee::parse(text).unwrap_err();
            assert!(sentence.contains("sip:101@127.0.0.1:5060"), "{sentence}");
        }
    }
}

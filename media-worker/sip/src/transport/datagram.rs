//! What arrives on the port of SIP over UDP.

use std::net::{IpAddr, SocketAddr};

/// The kind of a datagram, by its first octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datagram {
    /// Line breaks, zeros or nothing: keeps a NAT's binding open, wants no answer (RFC 5626 section 4.4.1 has pings on
    /// streams only).
    Keepalive,
    /// STUN (RFC 8489): the keepalive of RFC 5626 section 4.4.2.
    Stun,
    /// Anything else: to be parsed as SIP.
    Sip,
}

/// Tells keepalives and STUN from SIP.
pub fn classify_datagram(datagram: &[u8]) -> Datagram {
    if datagram
        .iter()
        .all(|octet| matches!(octet, b'\r' | b'\n' | b' ' | 0))
    {
        return Datagram::Keepalive;
    }
    // RFC 8489 section 5: the two first bits are zero, then comes the cookie. No SIP message starts with such octets.
    let is_stun = datagram.len() >= STUN_HEADER
        && datagram.first().is_some_and(|octet| octet & 0xC0 == 0)
        && datagram.get(4..8) == Some(&STUN_COOKIE);
    if is_stun {
        Datagram::Stun
    } else {
        Datagram::Sip
    }
}

/// The answer to a STUN binding request: where it came from (RFC 5626 section 4.4.2, RFC 8489 section 14.2). `None` for
/// any other STUN message.
pub fn stun_binding_response(request: &[u8], source: SocketAddr) -> Option<Vec<u8>> {
    const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
    const BINDING_SUCCESS: [u8; 2] = [0x01, 0x01];
    const XOR_MAPPED_ADDRESS: [u8; 2] = [0x00, 0x20];
    let length = request
        .get(2..4)
        .and_then(|octets| octets.try_into().ok())
        .map(u16::from_be_bytes)?;
    let cookie_and_transaction = request.get(4..STUN_HEADER)?;
    if !request.starts_with(&BINDING_REQUEST)
        || !cookie_and_transaction.starts_with(&STUN_COOKIE)
        || request.len() != STUN_HEADER + usize::from(length)
    {
        return None;
    }
    let (family, octets) = match source.ip() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    let port = source.port().to_be_bytes();
    let attribute_length = (4 + octets.len()) as u16;
    let mut response = Vec::with_capacity(STUN_HEADER + 24);
    response.extend(BINDING_SUCCESS);
    response.extend((attribute_length + 4).to_be_bytes());
    response.extend(cookie_and_transaction);
    response.extend(XOR_MAPPED_ADDRESS);
    response.extend(attribute_length.to_be_bytes());
    response.extend([0, family]);
    response.extend(
        port.iter()
            .zip(cookie_and_transaction)
            .map(|(octet, mask)| octet ^ mask),
    );
    response.extend(
        octets
            .iter()
            .zip(cookie_and_transaction)
            .map(|(octet, mask)| octet ^ mask),
    );
    Some(response)
}

const STUN_HEADER: usize = 20;
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

#[cfg(test)]
mod tests {
    use super::*;

    fn binding_request() -> Vec<u8> {
        [&[0, 1, 0, 0][..], &STUN_COOKIE, b"transaction!"].concat()
    }

    #[test]
    fn line_breaks_zeros_and_nothing_are_keepalives() {
        for datagram in [&b""[..], b"\r\n", b"\r\n\r\n", &[0, 0, 0, 0]] {
            assert_eq!(classify_datagram(datagram), Datagram::Keepalive);
        }
    }

    #[test]
    fn stun_is_told_by_its_cookie() {
        assert_eq!(classify_datagram(&binding_request()), Datagram::Stun);
        assert_eq!(
            classify_datagram(b"OPTIONS sip:a@b SIP/2.0\r\n"),
            Datagram::Sip
        );
        assert_eq!(classify_datagram(&binding_request()[..19]), Datagram::Sip);
    }

    #[test]
    fn a_binding_request_is_told_its_source() {
        let source = "192.0.2.1:32853".parse().unwrap();
        let response = stun_binding_response(&binding_request(), source).unwrap();
        assert_eq!(&response[..4], [1, 1, 0, 12]);
        assert_eq!(&response[8..20], b"transaction!");
        // The address of RFC 5769 section 2.2.
        assert_eq!(
            &response[20..],
            [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]
        );
        assert_eq!(stun_binding_response(&response, source), None);
    }

    #[test]
    fn an_ipv6_source_is_masked_with_the_transaction() {
        let response =
            stun_binding_response(&binding_request(), "[2001:db8::1]:5060".parse().unwrap())
                .unwrap();
        let unmasked: Vec<u8> = response[28..]
            .iter()
            .zip(&binding_request()[4..])
            .map(|(one, two)| one ^ two)
            .collect();
        assert_eq!(
            unmasked,
            "2001:db8::1"
                .parse::<std::net::Ipv6Addr>()
                .unwrap()
                .octets()
        );
    }
}

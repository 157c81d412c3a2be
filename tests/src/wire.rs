//! SIP messages as text: as much of them as hand-made phones need.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where phones are: the address that the environment names in `PHONES_ADDRESS`, as outside a cluster; this machine's own otherwise.
///
/// # Panics
/// When the environment names something else.
pub fn phones_address() -> IpAddr {
    std::env::var("PHONES_ADDRESS").map_or(Ipv4Addr::LOCALHOST.into(), |named| {
        named.parse().expect("PHONES_ADDRESS is an IP address")
    })
}

/// The values of a header, in order.
pub fn headers<'a>(message: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    message
        .lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .filter(move |(found, _)| found.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// A header's first value; empty when there is none.
pub fn header<'a>(message: &'a str, name: &str) -> &'a str {
    headers(message, name).next().unwrap_or_default()
}

/// A response's status; none for a request.
pub fn status(message: &str) -> Option<u16> {
    message.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
}

/// A request's method; none for a response.
pub fn method(message: &str) -> Option<&str> {
    let (method, _) = message.split_once(' ')?;
    (method != "SIP/2.0").then_some(method)
}

/// What follows the empty line.
pub fn body(message: &str) -> &str {
    message.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// The URI within `<>`, or the whole value without parameters.
pub fn uri(value: &str) -> &str {
    let inner = value
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(
        || value.split(';').next().unwrap_or_default(),
        |(uri, _)| uri,
    )
}

/// A response to `request` (RFC 3261 section 8.2.6). `tag` is added to the To that has none; `headers` are whole lines.
pub fn response(request: &str, status: u16, tag: &str, headers_too: &str, body: &str) -> String {
    let mut text = format!("SIP/2.0 {status} Answer\r\n");
    for name in ["Via", "From", "Call-ID", "CSeq", "Record-Route"] {
        for value in headers(request, name) {
            let _ = write!(text, "{name}: {value}\r\n");
        }
    }
    let to = header(request, "To");
    let tag = if to.contains(";tag=") {
        String::new()
    } else {
        format!(";tag={tag}")
    };
    let _ = write!(
        text,
        "To: {to}{tag}\r\n{headers_too}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    text
}

/// One side's audio as SDP says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audio {
    /// Where it wants to be sent to.
    pub address: SocketAddr,
    /// What it will send with (RFC 5576), where announced.
    pub ssrc: Option<u32>,
    /// Whether it speaks RFC 4733 events; otherwise its keys are tones.
    pub events: bool,
}

impl Audio {
    /// An address where nobody is, another for each `number`: for calls whose audio is of no interest.
    pub fn nowhere(number: u32) -> Self {
        let ip = [127, 1, (number >> 14) as u8, 1];
        Self {
            address: SocketAddr::from((ip, 20_000 + (number % 0x4000) as u16)),
            ssrc: Some(number),
            events: true,
        }
    }

    /// The same of a phone whose keys are tones.
    #[must_use]
    pub fn without_events(self) -> Self {
        Self {
            events: false,
            ..self
        }
    }

    /// An offer or answer of G.711 µ-law and, where it speaks them, RFC 4733 events.
    pub fn sdp(&self) -> String {
        let Self { address, ssrc, .. } = self;
        let ip = address.ip();
        let (format, lines) = if self.events {
            (
                " 101",
                "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n",
            )
        } else {
            ("", "")
        };
        let mut text = format!(
            "v=0\r\no=- {port} 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0{format}\r\n\
             a=rtpmap:0 PCMU/8000\r\n{lines}a=ptime:20\r\na=rtcp-mux\r\n",
            port = address.port()
        );
        if let Some(ssrc) = ssrc {
            let _ = write!(text, "a=ssrc:{ssrc} cname:line\r\n");
        }
        text
    }

    /// Reads a session description with one audio stream over IPv4.
    pub fn read(sdp: &str) -> Option<Self> {
        let line = |prefix: &str| sdp.lines().find_map(|line| line.strip_prefix(prefix));
        let ip = line("c=IN IP4 ")?.trim().parse().ok()?;
        let port = line("m=audio ")?.split(' ').next()?.parse().ok()?;
        let ssrc = line("a=ssrc:").and_then(|value| value.split(' ').next()?.parse().ok());
        Some(Self {
            address: SocketAddr::new(ip, port),
            ssrc,
            events: sdp.contains("telephone-event/"),
        })
    }
}

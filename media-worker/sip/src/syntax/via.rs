//! Via: the way a request came (RFC 3261 sections 18.2 and 20.42, RFC 3581).

use std::fmt;
use std::net::IpAddr;

use super::chars::{VALUE, is_space};
use super::cursor::{Cursor, SyntaxError};
use super::params::Params;
use super::token::Token;
use super::uri::Host;

/// One hop of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// `UDP`, `TCP`, `TLS` or something else, as written.
    pub transport: Token,
    /// Who sent it, by its own account.
    pub host: Host,
    /// Its port, when written.
    pub port: Option<u16>,
    /// All parameters, those with accessors included.
    pub params: Params,
}

/// What a branch starts with that is unique by RFC 3261 section 8.1.1.7.
const MAGIC_COOKIE: &str = "z9hG4bK";

impl Via {
    /// Our own hop, asking for the source port back (RFC 3581).
    pub fn new(transport: Token, host: impl Into<Host>, port: Option<u16>, branch: &str) -> Self {
        let params = Params::new()
            .with("branch", Some(branch))
            .with("rport", None);
        Via {
            transport,
            host: host.into(),
            port,
            params,
        }
    }

    /// Reads one hop that fills the whole text.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, SyntaxError> {
        let text = String::from_utf8_lossy(text.as_ref());
        let mut cursor = Cursor::new(&text);
        let via = Via::read(&mut cursor)?;
        cursor.finish()?;
        Ok(via)
    }

    /// The transaction's branch, as written.
    pub fn branch(&self) -> Option<&str> {
        self.params.value("branch")
    }

    /// The branch when it is unique in space and time, as RFC 3261 asks: the cookie and something behind it.
    pub fn rfc3261_branch(&self) -> Option<&str> {
        self.branch().filter(|branch| {
            let cookie = branch.get(..MAGIC_COOKIE.len());
            cookie.is_some_and(|cookie| cookie.eq_ignore_ascii_case(MAGIC_COOKIE))
                && branch.len() > MAGIC_COOKIE.len()
        })
    }

    /// The source address that the next hop saw; IPv6 is accepted with brackets and without (RFC 5118 section 4.5).
    pub fn received(&self) -> Option<IpAddr> {
        self.params
            .value("received")
            .and_then(|text| text.parse().ok())
            .and_then(|host: Host| host.ip())
    }

    /// RFC 3581: `None` when absent, `Some(None)` when asked for, `Some(Some(port))` when filled in.
    pub fn rport(&self) -> Option<Option<u16>> {
        self.params
            .get("rport")
            .map(|value| value.and_then(|port| port.parse().ok()))
    }

    /// The port that it sends from by its own account: the one written, else the transport's usual one (RFC 3261 section
    /// 18.2.2); 5060 for transports that nobody knows.
    pub fn sent_port(&self) -> u16 {
        let is_ours = |known: &rsip::Transport| {
            known
                .to_string()
                .eq_ignore_ascii_case(self.transport.as_str())
        };
        let known = rsip::Transport::all()
            .into_iter()
            .find(is_ours)
            .unwrap_or(rsip::Transport::Udp);
        self.port.unwrap_or(*known.default_port().value())
    }

    /// Notes where the request really came from: `received` when it differs from what was written or when `rport` is
    /// asked for, and the port into `rport` (RFC 3261 section 18.2.1, RFC 3581 section 4).
    pub fn note_source(&mut self, source: std::net::SocketAddr) {
        let asked = self.params.has("rport");
        if asked {
            self.params.set("rport", Some(&source.port().to_string()));
        }
        if asked || self.host.ip() != Some(source.ip()) {
            self.params.set("received", Some(&source.ip().to_string()));
        }
    }

    /// Reads one element of a list.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Via, SyntaxError> {
        cursor.skip_space();
        let name = cursor.token()?;
        let slash = cursor.eat_spaced(b'/');
        let version = cursor.token()?;
        if !slash
            || !name.eq_ignore_ascii_case("SIP")
            || version != "2.0"
            || !cursor.eat_spaced(b'/')
        {
            return Err(SyntaxError("expected SIP/2.0/"));
        }
        let transport = cursor.token()?.parse()?;
        if !cursor.peek().is_some_and(is_space) {
            return Err(SyntaxError("expected a space behind the transport"));
        }
        cursor.skip_space();
        let sent_by = read_sent_by(cursor)?;
        let (host, port) = Host::parse_with_port(&sent_by)?;
        let params = Params::of_header(cursor)?;
        Ok(Via {
            transport,
            host,
            port,
            params,
        })
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.fmt(f)
    }
}

/// `host [ COLON port ]`, where white space may surround the colon.
fn read_sent_by<'a>(cursor: &mut Cursor<'a>) -> Result<std::borrow::Cow<'a, str>, SyntaxError> {
    let host = cursor.take(&VALUE);
    let mut ahead = cursor.clone();
    if !host.is_empty() && !host.ends_with(':') && !ahead.eat_spaced(b':') {
        return Ok(host.into());
    }
    ahead.skip_space();
    let port = ahead.number()?;
    *cursor = ahead;
    Ok(format!("{}:{port}", host.trim_end_matches(':')).into())
}

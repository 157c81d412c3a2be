//! SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966).

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::chars::{
    HOST, OPAQUE, PASSWORD, PLAIN_HEADER, PLAIN_USER, SCHEME, TEL, TOKEN, URI_HEADERS, URI_PARAM,
    USER,
};
use super::cursor::{SyntaxError, cut};
use super::escape::{escape, is_well_escaped, unescape};
use super::params::Params;

/// The part of a URI before the first colon.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip`.
    Sip,
    /// `sips`.
    Sips,
    /// `tel` (RFC 3966).
    Tel,
    /// Any other, in small letters.
    Other(Box<str>),
}

impl Scheme {
    /// The scheme as written, in small letters.
    pub fn as_str(&self) -> &str {
        match self {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
            Scheme::Other(name) => name,
        }
    }
}

/// Where a URI or a Via points.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A domain name, as written; empty for URIs that have no host (`tel`).
    Name(Box<str>),
    /// An address; IPv6 is written in brackets.
    Ip(IpAddr),
}

impl Host {
    /// The address, unless it is a name.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Host::Ip(ip) => Some(*ip),
            Host::Name(_) => None,
        }
    }

    /// Whether both mean the same without asking DNS.
    pub fn equivalent(&self, other: &Host) -> bool {
        match (self, other) {
            (Host::Name(one), Host::Name(two)) => one.eq_ignore_ascii_case(two),
            (Host::Ip(one), Host::Ip(two)) => one == two,
            (Host::Name(_), Host::Ip(_)) | (Host::Ip(_), Host::Name(_)) => false,
        }
    }

    /// Reads a host and the port behind it, if there is one.
    pub(crate) fn parse_with_port(text: &str) -> Result<(Host, Option<u16>), SyntaxError> {
        let (host, port) = if let Some(bracketed) = text.strip_prefix('[') {
            let (address, behind) =
                cut(bracketed, b']').ok_or(SyntaxError("an IPv6 address is not closed"))?;
            (Host::Ip(ipv6(address)?.into()), behind)
        } else {
            let end = text
                .bytes()
                .position(|octet| octet == b':')
                .unwrap_or(text.len());
            let (host, behind) = text.split_at_checked(end).unwrap_or((text, ""));
            (Host::from_str(host)?, behind)
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => Some(
                digits
                    .parse()
                    .map_err(|_| SyntaxError("a port is out of range"))?,
            ),
            None if port.is_empty() => None,
            Some(_) | None => return Err(SyntaxError("a port is malformed")),
        };
        Ok((host, port))
    }
}

impl FromStr for Host {
    type Err = SyntaxError;

    /// Reads a host without a port; IPv6 with brackets or without.
    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let bracketed = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        if let Some(address) = bracketed {
            return Ok(Host::Ip(ipv6(address)?.into()));
        }
        if text.bytes().any(|octet| octet == b':') {
            return Ok(Host::Ip(ipv6(text)?.into()));
        }
        if !HOST.all(text.as_bytes()) {
            return Err(SyntaxError("a host is malformed"));
        }
        let numeric = text.as_bytes().first().is_some_and(u8::is_ascii_digit);
        match text.parse().ok().filter(|_: &IpAddr| numeric) {
            Some(ip) => Ok(Host::Ip(ip)),
            None => Ok(Host::Name(text.into())),
        }
    }
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        Host::Ip(ip)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
        }
    }
}

/// An address of somebody or something.
///
/// A `tel` URI has its number as the user and no host; a URI of an unknown scheme has all behind the colon as the user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Uri {
    /// The scheme.
    pub scheme: Scheme,
    user: Option<Box<str>>,
    password: Option<Box<str>>,
    /// The host; an empty name when the scheme has none.
    pub host: Host,
    /// The port, when written.
    pub port: Option<u16>,
    /// What follows in the form `;name=value`.
    pub params: Params,
    headers: Option<Box<str>>,
}

impl Uri {
    /// A SIP URI; the user is escaped where needed.
    pub fn sip(user: Option<&str>, host: impl Into<Host>, port: Option<u16>) -> Self {
        Uri {
            scheme: Scheme::Sip,
            user: user
                .filter(|user| !user.is_empty())
                .map(|user| escape(user, &PLAIN_USER).into()),
            password: None,
            host: host.into(),
            port,
            params: Params::new(),
            headers: None,
        }
    }

    /// The SIP URI of a socket.
    pub fn of_socket(user: Option<&str>, address: SocketAddr) -> Self {
        Uri::sip(user, address.ip(), Some(address.port()))
    }

    /// Adds or replaces a parameter, escaping its value where needed, for chains.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: Option<&str>) -> Self {
        let value = value.map(|value| escape(value, &URI_PARAM));
        self.params.set(name, value.as_deref());
        self
    }

    /// Reads a URI that fills the whole text.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, SyntaxError> {
        let text =
            std::str::from_utf8(text.as_ref()).map_err(|_| SyntaxError("a URI is not ASCII"))?;
        let (scheme, rest) = cut(text, b':').ok_or(SyntaxError("a URI has no scheme"))?;
        if !scheme
            .as_bytes()
            .first()
            .is_some_and(u8::is_ascii_alphabetic)
            || !SCHEME.all(scheme.as_bytes())
        {
            return Err(SyntaxError("a URI's scheme is malformed"));
        }
        if scheme.eq_ignore_ascii_case("sip") {
            parse_sip(Scheme::Sip, rest)
        } else if scheme.eq_ignore_ascii_case("sips") {
            parse_sip(Scheme::Sips, rest)
        } else if scheme.eq_ignore_ascii_case("tel") {
            parse_tel(rest)
        } else if OPAQUE.all(rest.as_bytes()) {
            Ok(without_host(
                Scheme::Other(scheme.to_ascii_lowercase().into()),
                rest,
                Params::new(),
            ))
        } else {
            Err(SyntaxError("a URI is malformed"))
        }
    }

    /// The user, unescaped.
    pub fn user(&self) -> Option<Cow<'_, str>> {
        self.user.as_deref().map(unescape)
    }

    /// The user as written.
    pub fn raw_user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Sets the user, escaping it where needed.
    pub fn set_user(&mut self, user: Option<&str>) {
        self.user = user
            .filter(|user| !user.is_empty())
            .map(|user| escape(user, &PLAIN_USER).into());
    }

    /// The password, unescaped.
    pub fn password(&self) -> Option<Cow<'_, str>> {
        self.password.as_deref().map(unescape)
    }

    /// Names and values of the headers behind the `?`, unescaped (RFC 3261 section 19.1.1).
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let pairs = self
            .headers
            .as_deref()
            .into_iter()
            .flat_map(|headers| headers.split('&'));
        pairs
            .map(|pair| cut(pair, b'=').unwrap_or((pair, "")))
            .map(|(name, value)| (unescape(name), unescape(value)))
    }

    /// Whether headers follow a `?`.
    pub fn has_headers(&self) -> bool {
        self.headers.is_some()
    }

    /// Drops the headers behind the `?`.
    pub fn remove_headers(&mut self) {
        self.headers = None;
    }

    /// Adds a header behind the `?`, escaping it, for chains.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.take().map_or_else(String::new, String::from);
        if !headers.is_empty() {
            headers.push('&');
        }
        headers.push_str(&escape(name, &TOKEN));
        headers.push('=');
        headers.push_str(&escape(value, &PLAIN_HEADER));
        self.headers = Some(headers.into());
        self
    }

    /// Whether a request to the one is a request to the other (RFC 3261 section 19.1.4, RFC 3966 section 5).
    pub fn equivalent(&self, other: &Uri) -> bool {
        self.scheme == other.scheme
            && self.equivalent_user(other)
            && self.password() == other.password()
            && self.host.equivalent(&other.host)
            && self.port == other.port
            && params_agree(self, other)
            && params_agree(other, self)
            && sorted_headers(self) == sorted_headers(other)
    }

    fn equivalent_user(&self, other: &Uri) -> bool {
        if self.scheme == Scheme::Tel {
            return digits(self.user.as_deref()).eq(digits(other.user.as_deref()));
        }
        self.user() == other.user()
    }
}

impl FromStr for Uri {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Uri::parse(text)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scheme.as_str())?;
        f.write_str(":")?;
        match (&self.scheme, &self.user) {
            (Scheme::Tel | Scheme::Other(_), user) => {
                f.write_str(user.as_deref().unwrap_or_default())?;
            }
            (Scheme::Sip | Scheme::Sips, user) => {
                if let Some(user) = user {
                    f.write_str(user)?;
                    if let Some(password) = &self.password {
                        f.write_str(":")?;
                        f.write_str(password)?;
                    }
                    f.write_str("@")?;
                }
                self.host.fmt(f)?;
                if let Some(port) = self.port {
                    write!(f, ":{port}")?;
                }
            }
        }
        self.params.fmt(f)?;
        if let Some(headers) = &self.headers {
            f.write_str("?")?;
            f.write_str(headers)?;
        }
        Ok(())
    }
}

fn parse_sip(scheme: Scheme, text: &str) -> Result<Uri, SyntaxError> {
    let (userinfo, rest) = match cut(text, b'@') {
        Some((userinfo, rest)) => (Some(userinfo), rest),
        None => (None, text),
    };
    let (user, password) = match userinfo.map(|userinfo| cut(userinfo, b':').ok_or(userinfo)) {
        None => (None, None),
        Some(Ok((user, password))) => (Some(user), Some(password)),
        Some(Err(user)) => (Some(user), None),
    };
    let sound_user = |user: &str| USER.all(user.as_bytes()) && is_well_escaped(user);
    let sound_password =
        |text: &str| text.is_empty() || PASSWORD.all(text.as_bytes()) && is_well_escaped(text);
    if !user.is_none_or(sound_user) || !password.is_none_or(sound_password) {
        return Err(SyntaxError("the user part of a URI is malformed"));
    }
    let (rest, headers) = match cut(rest, b'?') {
        Some((rest, headers)) => (rest, Some(headers)),
        None => (rest, None),
    };
    if !headers
        .is_none_or(|headers| URI_HEADERS.all(headers.as_bytes()) && is_well_escaped(headers))
    {
        return Err(SyntaxError("the headers of a URI are malformed"));
    }
    let (hostport, params) = match cut(rest, b';') {
        Some((hostport, params)) => (hostport, Params::of_uri(params)?),
        None => (rest, Params::new()),
    };
    let (host, port) = Host::parse_with_port(hostport)?;
    Ok(Uri {
        scheme,
        user: user.map(Into::into),
        password: password.map(Into::into),
        host,
        port,
        params,
        headers: headers.map(Into::into),
    })
}

fn parse_tel(text: &str) -> Result<Uri, SyntaxError> {
    let (number, params) = match cut(text, b';') {
        Some((number, params)) => (number, Params::of_uri(params)?),
        None => (text, Params::new()),
    };
    if TEL.all(number.as_bytes()) && is_well_escaped(number) {
        Ok(without_host(Scheme::Tel, number, params))
    } else {
        Err(SyntaxError("a telephone number is malformed"))
    }
}

fn without_host(scheme: Scheme, user: &str, params: Params) -> Uri {
    let host = Host::Name("".into());
    Uri {
        scheme,
        user: Some(user.into()),
        password: None,
        host,
        port: None,
        params,
        headers: None,
    }
}

/// Reads an IPv6 address. RFC 3261's grammar allowed a third colon before an embedded IPv4 address, and RFC 5118 section
/// 4.10 asks to put up with it.
fn ipv6(text: &str) -> Result<Ipv6Addr, SyntaxError> {
    let malformed = SyntaxError("an IPv6 address is malformed");
    match text.split_once(":::") {
        Some((before, after)) if after.contains('.') => {
            format!("{before}::{after}").parse().map_err(|_| malformed)
        }
        Some(_) | None => text.parse().map_err(|_| malformed),
    }
}

/// Whether each parameter of `one` is either the same in `two` or of no weight there (RFC 3261 section 19.1.4).
fn params_agree(one: &Uri, two: &Uri) -> bool {
    const WEIGHTY: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];
    one.params
        .iter()
        .all(|(name, value)| match two.params.get(name) {
            Some(other) => unescape(value.unwrap_or_default())
                .eq_ignore_ascii_case(&unescape(other.unwrap_or_default())),
            None => {
                one.scheme != Scheme::Tel
                    && !WEIGHTY
                        .iter()
                        .any(|weighty| weighty.eq_ignore_ascii_case(name))
            }
        })
}

fn sorted_headers(uri: &Uri) -> Vec<(String, Cow<'_, str>)> {
    let mut headers: Vec<_> = uri
        .headers()
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    headers.sort();
    headers
}

/// A telephone number without visual separators (RFC 3966 section 5.1.1).
fn digits(number: Option<&str>) -> impl Iterator<Item = char> {
    let number = number.unwrap_or_default().chars();
    number
        .filter(|digit| !matches!(digit, '-' | '.' | '(' | ')'))
        .map(|digit| digit.to_ascii_lowercase())
}

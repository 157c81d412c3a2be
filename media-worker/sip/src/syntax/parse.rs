//! From octets to messages.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;

use super::cursor::SyntaxError;
use super::header_name::HeaderName;
use super::headers::Headers;
use super::lexer::{Lexed, StartLine, lex};
use super::message::{Message, Request, Response};
use super::method::Method;
use super::status::StatusCode;
use super::typed::HeaderError;
use super::uri::{Scheme, Uri};

/// How much of a message is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets in a message.
    pub message: usize,
    /// Octets in a Request-URI.
    pub uri: usize,
    /// Header lines.
    pub headers: usize,
    /// Vias, Routes, Record-Routes or Contacts, each, over all their lines.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            message: 65_535,
            uri: 2048,
            headers: 256,
            depth: 70,
        }
    }
}

/// Why octets are not a message, and what was understood of them.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    /// The first thing that was wrong.
    pub kind: ParseErrorKind,
    /// What was understood; `None` when it is no SIP at all.
    pub understood: Option<Box<Partial>>,
}

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// Neither a request nor a response.
    #[error("this is not SIP")]
    NotSip,
    /// The start line is malformed.
    #[error("the start line is malformed")]
    StartLine,
    /// Another version of SIP.
    #[error("the version of SIP is not 2.0")]
    Version,
    /// The Request-URI is longer than the limit.
    #[error("the Request-URI is too long")]
    UriTooLong,
    /// The Request-URI is malformed.
    #[error("the Request-URI is malformed: {0}")]
    Uri(SyntaxError),
    /// The Request-URI is of a scheme that nobody can route.
    #[error("the Request-URI's scheme is unknown")]
    Scheme,
    /// The message is larger than the limit.
    #[error("the message is too large")]
    TooLarge,
    /// More header lines, or more values of one header, than the limit.
    #[error("there are too many headers")]
    TooManyHeaders,
    /// A line without a colon, or with a name that is no token.
    #[error("a header line is malformed")]
    HeaderLine,
    /// A CR or LF that does not end a line.
    #[error("a line ends with something else than CR LF")]
    LineBreak,
    /// No empty line ends the headers.
    #[error("the headers do not end")]
    Unterminated,
    /// A header stands twice that may stand once.
    #[error("there are two {0} headers")]
    Duplicate(HeaderName),
    /// A header is missing that every message needs.
    #[error("there is no {0}")]
    Missing(HeaderName),
    /// A header that every message needs is malformed.
    #[error("{0}")]
    Header(#[from] HeaderError),
    /// Content-Length is no number or larger than what came.
    #[error("the Content-Length is wrong")]
    ContentLength,
    /// The method in `CSeq` is another than in the start line.
    #[error("the method in CSeq is another than in the start line")]
    MethodMismatch,
    /// The same, and the method is unknown anyway.
    #[error("the method is unknown, and another in CSeq")]
    UnknownMethod,
}

impl ParseErrorKind {
    /// How a request with this mistake is answered (RFC 4475 section 3).
    pub fn status(&self) -> StatusCode {
        match self {
            ParseErrorKind::Version => StatusCode::VERSION_NOT_SUPPORTED,
            ParseErrorKind::UriTooLong => StatusCode::REQUEST_URI_TOO_LONG,
            ParseErrorKind::Scheme => StatusCode::UNSUPPORTED_URI_SCHEME,
            ParseErrorKind::TooLarge => StatusCode::REQUEST_ENTITY_TOO_LARGE,
            ParseErrorKind::UnknownMethod => StatusCode::NOT_IMPLEMENTED,
            ParseErrorKind::NotSip
            | ParseErrorKind::StartLine
            | ParseErrorKind::Uri(_)
            | ParseErrorKind::TooManyHeaders
            | ParseErrorKind::HeaderLine
            | ParseErrorKind::LineBreak
            | ParseErrorKind::Unterminated
            | ParseErrorKind::Duplicate(_)
            | ParseErrorKind::Missing(_)
            | ParseErrorKind::Header(_)
            | ParseErrorKind::ContentLength
            | ParseErrorKind::MethodMismatch => StatusCode::BAD_REQUEST,
        }
    }
}

/// What was understood of a malformed message.
#[derive(Debug, Clone)]
pub struct Partial {
    /// The method; `None` when it is a response or the method is no token.
    pub method: Option<Method>,
    /// The header lines that could be told apart.
    pub headers: Headers,
}

impl ParseError {
    /// The error of a message of which only the head was read.
    pub(crate) fn of_head(head: &Bytes, limits: &Limits, kind: ParseErrorKind) -> ParseError {
        let Lexed { start, headers, .. } = lex(head, limits);
        let method = start.map_or_else(|(_, method)| method, StartLine::into_method);
        ParseError {
            kind,
            understood: Some(Box::new(Partial { method, headers })),
        }
    }

    /// The response to send, if the octets were a request that can be answered: it says where to (a Via) and is no ACK.
    /// The headers of RFC 3261 section 8.2.6 are copied as far as they were there, malformed or not.
    pub fn reply(&self) -> Option<Response> {
        let partial = self.understood.as_deref()?;
        let method = partial.method.as_ref()?;
        if *method == Method::Ack || !partial.headers.has(&HeaderName::Via) {
            return None;
        }
        let mut response = Response::to_headers(&partial.headers, self.kind.status());
        if let ParseErrorKind::Header(_)
        | ParseErrorKind::Missing(_)
        | ParseErrorKind::Duplicate(_) = self.kind
        {
            response.reason = format!("Bad Request: {}", self.kind);
        }
        response.tag_to(&stateless_tag(&partial.headers));
        Some(response)
    }
}

/// What stream framing needs to know of a message's head.
pub(crate) enum StreamHead {
    /// This many octets follow.
    Body(usize),
    /// Content-Length is missing, malformed or there twice, or a stray CR or LF makes it doubtful.
    NoLength,
    /// The start line is no SIP.
    NotSip,
}

impl StreamHead {
    /// Reads start line and headers up to and with the empty line.
    pub(crate) fn read(head: &Bytes, limits: &Limits) -> StreamHead {
        let lexed = lex(head, limits);
        if matches!(lexed.start, Err((ParseErrorKind::NotSip, _))) {
            return StreamHead::NotSip;
        }
        match lexed.length {
            Some(Ok(length)) if !lexed.blurred => StreamHead::Body(length),
            Some(_) | None => StreamHead::NoLength,
        }
    }
}

/// Reads a message. On UDP a missing Content-Length means that the body fills the datagram, and what lies behind the
/// body is ignored (RFC 3261 section 18.3); stream framing has already cut messages exactly.
///
/// # Errors
/// The first mistake, with what was understood beside it: [`ParseError::reply`] makes the answer of it.
pub fn parse(datagram: &Bytes, limits: &Limits) -> Result<Message, ParseError> {
    let Lexed {
        start,
        headers,
        body,
        problem,
        ..
    } = lex(datagram, limits);
    let fail = |kind, method, headers| {
        let understood =
            (kind != ParseErrorKind::NotSip).then(|| Box::new(Partial { method, headers }));
        Err(ParseError { kind, understood })
    };
    match (start, problem) {
        (Err((kind, method)), _) => fail(kind, method, headers),
        (Ok(start), Some(kind)) => fail(kind, start.into_method(), headers),
        (Ok(StartLine::Request { method, uri }), None) => {
            match check_request(&method, &uri, &headers, limits) {
                Ok(uri) => Ok(Message::Request(Request {
                    method,
                    uri,
                    headers,
                    body,
                })),
                Err(kind) => fail(kind, Some(method), headers),
            }
        }
        (Ok(StartLine::Response { status, reason }), None) => {
            match check_common(&headers, limits) {
                Ok(_) => Ok(Message::Response(Response {
                    status,
                    reason,
                    headers,
                    body,
                })),
                Err(kind) => fail(kind, None, headers),
            }
        }
    }
}

fn check_request(
    method: &Method,
    uri: &str,
    headers: &Headers,
    limits: &Limits,
) -> Result<Uri, ParseErrorKind> {
    if uri.len() > limits.uri {
        return Err(ParseErrorKind::UriTooLong);
    }
    let uri = Uri::parse(uri).map_err(ParseErrorKind::Uri)?;
    if matches!(uri.scheme, Scheme::Other(_)) {
        return Err(ParseErrorKind::Scheme);
    }
    if uri.has_headers() {
        // RFC 3261 section 19.1.1: not in a Request-URI.
        return Err(ParseErrorKind::Uri(SyntaxError(
            "headers are not allowed here",
        )));
    }
    let named = check_common(headers, limits)?;
    if named != *method {
        let unknown = matches!(method, Method::Other(_));
        return Err(if unknown {
            ParseErrorKind::UnknownMethod
        } else {
            ParseErrorKind::MethodMismatch
        });
    }
    headers.max_forwards()?;
    at_most(limits.depth, headers.routes()?.len())?;
    Ok(uri)
}

/// What every message has (RFC 3261 section 8.1.1); returns the method that `CSeq` names.
fn check_common(headers: &Headers, limits: &Limits) -> Result<Method, ParseErrorKind> {
    let missing = |name| move || ParseErrorKind::Missing(name);
    headers.from()?.ok_or_else(missing(HeaderName::From))?;
    headers.to()?.ok_or_else(missing(HeaderName::To))?;
    headers.call_id()?.ok_or_else(missing(HeaderName::CallId))?;
    let cseq = headers.cseq()?.ok_or_else(missing(HeaderName::CSeq))?;
    let vias = headers.vias()?;
    if vias.is_empty() {
        return Err(ParseErrorKind::Missing(HeaderName::Via));
    }
    at_most(limits.depth, vias.len())?;
    at_most(limits.depth, headers.record_routes()?.len())?;
    if let super::name_addr::Contacts::List(contacts) = headers.contacts()? {
        at_most(limits.depth, contacts.len())?;
    }
    Ok(cseq.method)
}

fn at_most(limit: usize, count: usize) -> Result<(), ParseErrorKind> {
    if count > limit {
        Err(ParseErrorKind::TooManyHeaders)
    } else {
        Ok(())
    }
}

/// The same tag for the same request, since nothing is remembered of it (RFC 3261 section 8.2.7).
fn stateless_tag(headers: &Headers) -> String {
    let mut hasher = DefaultHasher::new();
    for name in [HeaderName::Via, HeaderName::From, HeaderName::CallId] {
        headers.get_bytes(&name).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

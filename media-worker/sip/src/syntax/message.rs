//! Requests and responses.

use bytes::Bytes;

use super::header_name::HeaderName;
use super::headers::Headers;
use super::method::Method;
use super::status::StatusCode;
use super::uri::Uri;

/// A request (RFC 3261 section 7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is asked for.
    pub method: Method,
    /// Whom it is asked of: the Request-URI.
    pub uri: Uri,
    /// All headers but Content-Length, which follows from the body.
    pub headers: Headers,
    /// The body, of any octets.
    pub body: Bytes,
}

/// A response (RFC 3261 section 7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// What became of the request.
    pub status: StatusCode,
    /// The same for people.
    pub reason: String,
    /// All headers but Content-Length, which follows from the body.
    pub headers: Headers,
    /// The body, of any octets.
    pub body: Bytes,
}

/// A SIP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

impl Message {
    /// The headers.
    pub fn headers(&self) -> &Headers {
        match self {
            Message::Request(request) => &request.headers,
            Message::Response(response) => &response.headers,
        }
    }

    /// The message as it goes over the wire.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Message::Request(request) => request.to_bytes(),
            Message::Response(response) => response.to_bytes(),
        }
    }
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, uri: Uri) -> Self {
        Request {
            method,
            uri,
            headers: Headers::with_capacity(16),
            body: Bytes::new(),
        }
    }

    /// Adds a body of this media type.
    #[must_use]
    pub fn with_body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.set_body(content_type, body);
        self
    }

    /// Sets the body and its media type.
    pub fn set_body(&mut self, content_type: &'static str, body: impl Into<Bytes>) {
        self.headers.set(HeaderName::ContentType, content_type);
        self.body = body.into();
    }

    /// A response with what RFC 3261 section 8.2.6 has copied: Via, From, To, Call-ID, `CSeq`, and Record-Route (section
    /// 12.1.1). The To has a tag only when the request's had one.
    pub fn respond(&self, status: StatusCode) -> Response {
        Response::to_headers(&self.headers, status)
    }

    /// As [`Request::respond`]; the To gets this tag unless it has one.
    pub fn respond_tagged(&self, status: StatusCode, tag: &str) -> Response {
        let mut response = self.respond(status);
        response.tag_to(tag);
        response
    }

    /// The request as it goes over the wire; Content-Length is always written, and always right.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(512 + self.body.len());
        self.write_into(&mut out);
        exact(out)
    }

    /// As [`Request::to_bytes`], appended to a buffer.
    pub fn write_into(&self, out: &mut Vec<u8>) {
        use std::io::Write as _;
        // Writing to a Vec does not fail.
        let _: std::io::Result<()> = write!(out, "{} {} SIP/2.0\r\n", self.method, self.uri);
        write_rest(&self.headers, &self.body, out);
    }
}

impl Response {
    /// A response without headers and body.
    pub fn new(status: StatusCode) -> Self {
        Response {
            status,
            reason: status.reason_phrase().to_owned(),
            headers: Headers::with_capacity(12),
            body: Bytes::new(),
        }
    }

    /// Adds a header at the end, for chains.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl Into<Bytes>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Adds a body of this media type.
    #[must_use]
    pub fn with_body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.set_body(content_type, body);
        self
    }

    /// Sets the body and its media type.
    pub fn set_body(&mut self, content_type: &'static str, body: impl Into<Bytes>) {
        self.headers.set(HeaderName::ContentType, content_type);
        self.body = body.into();
    }

    /// Gives the To a tag unless it has one.
    pub fn tag_to(&mut self, tag: &str) {
        let untagged = self
            .headers
            .to()
            .ok()
            .flatten()
            .is_some_and(|to| to.tag().is_none());
        if let Some(value) = self.headers.get_bytes(&HeaderName::To).filter(|_| untagged) {
            let tagged = [&**value, b";tag=", tag.as_bytes()].concat();
            self.headers.set(HeaderName::To, tagged);
        }
    }

    /// The response as it goes over the wire; Content-Length is always written, and always right.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(512 + self.body.len());
        self.write_into(&mut out);
        exact(out)
    }

    /// As [`Response::to_bytes`], appended to a buffer.
    pub fn write_into(&self, out: &mut Vec<u8>) {
        use std::io::Write as _;
        let _: std::io::Result<()> = write!(out, "SIP/2.0 {} ", self.status);
        out.extend(self.reason.bytes().map(|octet| {
            if matches!(octet, b'\r' | b'\n') {
                b' '
            } else {
                octet
            }
        }));
        out.extend_from_slice(b"\r\n");
        write_rest(&self.headers, &self.body, out);
    }

    /// A response to a request of which these headers are known.
    pub(crate) fn to_headers(request: &Headers, status: StatusCode) -> Response {
        let mut response = Response::new(status);
        let headers = &mut response.headers;
        headers.copy_all(request, &HeaderName::Via);
        headers.copy_all(request, &HeaderName::RecordRoute);
        headers.copy_first(request, &HeaderName::From);
        headers.copy_first(request, &HeaderName::To);
        headers.copy_first(request, &HeaderName::CallId);
        headers.copy_first(request, &HeaderName::CSeq);
        response
    }
}

/// No larger than it is: transactions keep what they may have to send again.
fn exact(out: Vec<u8>) -> Bytes {
    out.into_boxed_slice().into()
}

fn write_rest(headers: &Headers, body: &[u8], out: &mut Vec<u8>) {
    use std::io::Write as _;
    for header in headers
        .iter()
        .filter(|header| *header.name() != HeaderName::ContentLength)
    {
        out.extend_from_slice(header.name().as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(header.value());
        out.extend_from_slice(b"\r\n");
    }
    let _: std::io::Result<()> = write!(out, "Content-Length: {}\r\n\r\n", body.len());
    out.extend_from_slice(body);
}

//! The single pass over a message: start line, header lines, body.

use bytes::{Buf as _, Bytes};
use memchr::{memchr, memchr2};

use super::chars::is_space;
use super::header_name::HeaderName;
use super::headers::Headers;
use super::method::Method;
use super::parse::{Limits, ParseErrorKind};
use super::status::StatusCode;

/// A message cut into its parts. The lexer goes on behind a mistake, so that the headers can be answered.
pub(crate) struct Lexed {
    /// The start line, or what is wrong with it and the method if that was readable.
    pub(crate) start: Result<StartLine, (ParseErrorKind, Option<Method>)>,
    /// All header lines that could be told apart.
    pub(crate) headers: Headers,
    /// What Content-Length says is the body; else all behind the headers.
    pub(crate) body: Bytes,
    /// What Content-Length says, when there is one.
    pub(crate) length: Option<Result<usize, ParseErrorKind>>,
    /// Whether the headers may be read in two ways, by us and by others: stray line breaks, lines that are no headers,
    /// or headers given twice.
    pub(crate) blurred: bool,
    /// The first mistake behind the start line.
    pub(crate) problem: Option<ParseErrorKind>,
}

/// The first line of a message.
pub(crate) enum StartLine {
    /// `Method SP Request-URI SP SIP/2.0`.
    Request { method: Method, uri: String },
    /// `SIP/2.0 SP Status-Code SP Reason-Phrase`.
    Response { status: StatusCode, reason: String },
}

impl StartLine {
    /// The method of a request.
    pub(crate) fn into_method(self) -> Option<Method> {
        match self {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }
}

/// Cuts a message into its parts.
pub(crate) fn lex(message: &Bytes, limits: &Limits) -> Lexed {
    let mut lines = Lines {
        message,
        at: 0,
        problem: None,
    };
    lines.skip_empty();
    let start = lines.next_line().ok_or((ParseErrorKind::NotSip, None));
    let start = start.and_then(|line| start_line(&line));
    let head = read_headers(&mut lines, limits);
    let too_large = (message.len() > limits.message).then_some(ParseErrorKind::TooLarge);
    let (body, misfit) = cut_body(message, lines.at, head.length.as_ref());
    Lexed {
        start,
        headers: head.headers,
        body,
        length: head.length,
        blurred: head.blurred || lines.problem.is_some(),
        problem: too_large.or(lines.problem).or(head.problem).or(misfit),
    }
}

#[derive(Default)]
struct Head {
    headers: Headers,
    length: Option<Result<usize, ParseErrorKind>>,
    blurred: bool,
    problem: Option<ParseErrorKind>,
}

impl Head {
    /// Notes a mistake that leaves no doubt of where the message ends.
    fn mistake(&mut self, kind: ParseErrorKind) {
        self.problem.get_or_insert(kind);
    }

    /// Notes a mistake that others may read in another way than we.
    fn blur(&mut self, kind: ParseErrorKind) {
        self.blurred = true;
        self.mistake(kind);
    }
}

/// Reads header lines up to the empty line.
fn read_headers(lines: &mut Lines<'_>, limits: &Limits) -> Head {
    let mut head = Head {
        headers: Headers::with_capacity(20),
        ..Head::default()
    };
    let mut seen = 0;
    loop {
        let Some(line) = lines.next_line() else {
            head.blur(ParseErrorKind::Unterminated);
            return head;
        };
        if line.is_empty() {
            return head;
        }
        match header_line(line) {
            Err(kind) => head.blur(kind),
            Ok((HeaderName::ContentLength, value)) => {
                if head.length.is_some() {
                    head.blur(ParseErrorKind::Duplicate(HeaderName::ContentLength));
                }
                head.length = Some(content_length(&value));
            }
            Ok(_) if head.headers.len() >= limits.headers => {
                head.blur(ParseErrorKind::TooManyHeaders);
                return head;
            }
            Ok((name, value)) => {
                let bit = name.singleton_bit().unwrap_or(0);
                if seen & bit != 0 {
                    head.mistake(ParseErrorKind::Duplicate(name.clone()));
                }
                seen |= bit;
                head.headers.push_line(name, value);
            }
        }
    }
}

/// The body, and whether Content-Length fits it.
fn cut_body(
    message: &Bytes,
    at: usize,
    length: Option<&Result<usize, ParseErrorKind>>,
) -> (Bytes, Option<ParseErrorKind>) {
    let mut body = message.slice(at.min(message.len())..);
    match length {
        Some(Ok(length)) if *length <= body.len() => body.truncate(*length),
        Some(_) => return (body, Some(ParseErrorKind::ContentLength)),
        None => {}
    }
    (body, None)
}

/// The value of a Content-Length: digits and nothing else, the one rule for datagrams and streams.
pub(crate) fn content_length(value: &[u8]) -> Result<usize, ParseErrorKind> {
    let digits = std::str::from_utf8(value)
        .ok()
        .filter(|text| text.bytes().all(|octet| octet.is_ascii_digit()));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or(ParseErrorKind::ContentLength)
}

/// Cuts a header line into name and value. White space may stand before the colon (RFC 3261 section 7.3.1).
pub(crate) fn header_line(mut line: Bytes) -> Result<(HeaderName, Bytes), ParseErrorKind> {
    let colon = memchr(b':', &line).ok_or(ParseErrorKind::HeaderLine)?;
    let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
    let name = std::str::from_utf8(name)
        .ok()
        .and_then(|name| name.parse().ok());
    line.advance(colon + 1);
    let leading = line.iter().take_while(|octet| is_space(**octet)).count();
    line.advance(leading);
    let trailing = line
        .iter()
        .rev()
        .take_while(|octet| is_space(**octet))
        .count();
    line.truncate(line.len() - trailing);
    Ok((name.ok_or(ParseErrorKind::HeaderLine)?, line))
}

/// The lines of a message, folded ones joined.
pub(crate) struct Lines<'a> {
    pub(crate) message: &'a Bytes,
    pub(crate) at: usize,
    pub(crate) problem: Option<ParseErrorKind>,
}

impl Lines<'_> {
    /// Passes empty lines before the start line (RFC 3261 section 7.5).
    pub(crate) fn skip_empty(&mut self) {
        while self
            .message
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(b"\r\n"))
        {
            self.at += 2;
        }
    }

    /// The next line without its CR LF; `None` when no CR LF follows.
    pub(crate) fn next_line(&mut self) -> Option<Bytes> {
        let start = self.at;
        let mut end = self.line_end()?;
        if end == start || !self.continues() {
            return Some(self.message.slice(start..end));
        }
        while self.continues() {
            end = self.line_end()?;
        }
        let unfold = |octet: &u8| {
            if matches!(octet, b'\r' | b'\n') {
                b' '
            } else {
                *octet
            }
        };
        Some(
            self.message
                .get(start..end)
                .unwrap_or_default()
                .iter()
                .map(unfold)
                .collect(),
        )
    }

    /// Whether the line here continues the one before (RFC 3261 section 7.3.1).
    fn continues(&self) -> bool {
        self.message
            .get(self.at)
            .is_some_and(|octet| is_space(*octet))
    }

    /// Passes the next CR LF; where it begins. A CR or LF alone is noted as a problem and belongs to the line.
    fn line_end(&mut self) -> Option<usize> {
        let mut from = self.at;
        loop {
            let rest = self.message.get(from..)?;
            let found = from + memchr2(b'\r', b'\n', rest)?;
            if self.message.get(found..)?.starts_with(b"\r\n") {
                self.at = found + 2;
                return Some(found);
            }
            self.problem.get_or_insert(ParseErrorKind::LineBreak);
            from = found + 1;
        }
    }
}

fn start_line(line: &[u8]) -> Result<StartLine, (ParseErrorKind, Option<Method>)> {
    if line
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"))
    {
        return status_line(line).map_err(|kind| (kind, None));
    }
    let not_sip = || (ParseErrorKind::NotSip, None);
    let first = memchr(b' ', line).ok_or_else(not_sip)?;
    let (method, rest) = line.split_at_checked(first).ok_or_else(not_sip)?;
    let method: Method = std::str::from_utf8(method)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(not_sip)?;
    match request_line(rest) {
        Ok(uri) => Ok(StartLine::Request { method, uri }),
        Err(kind) => Err((kind, Some(method))),
    }
}

/// Reads ` Request-URI SIP/2.0` with exactly these two spaces (RFC 3261 section 7.1).
fn request_line(rest: &[u8]) -> Result<String, ParseErrorKind> {
    let malformed = ParseErrorKind::StartLine;
    let rest = std::str::from_utf8(rest).map_err(|_| malformed.clone())?;
    let (uri, version) = rest
        .trim_start_matches(' ')
        .rsplit_once(' ')
        .ok_or(malformed.clone())?;
    match version
        .get(..4)
        .filter(|name| name.eq_ignore_ascii_case("SIP/"))
        .and(version.get(4..))
    {
        Some("2.0") if rest.starts_with("  ") || uri.contains([' ', '\t']) => Err(malformed),
        Some("2.0") => Ok(uri.to_owned()),
        Some(other)
            if other
                .bytes()
                .all(|octet| octet.is_ascii_digit() || octet == b'.') =>
        {
            Err(ParseErrorKind::Version)
        }
        Some(_) => Err(malformed),
        None if version.is_empty() || uri.contains(' ') => Err(malformed),
        None => Err(ParseErrorKind::NotSip),
    }
}

fn status_line(line: &[u8]) -> Result<StartLine, ParseErrorKind> {
    let malformed = || ParseErrorKind::StartLine;
    let rest = line
        .get(4..)
        .and_then(|rest| rest.strip_prefix(b"2.0 "))
        .ok_or_else(malformed)?;
    let (digits, reason) = rest.split_at_checked(3).ok_or_else(malformed)?;
    let code = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.bytes().all(|octet| octet.is_ascii_digit()));
    let status = code
        .and_then(|digits| digits.parse().ok())
        .and_then(StatusCode::new)
        .ok_or_else(malformed)?;
    let reason = match reason {
        [] => reason,
        [b' ', reason @ ..] => reason,
        _ => return Err(malformed()),
    };
    Ok(StartLine::Response {
        status,
        reason: String::from_utf8_lossy(reason).into_owned(),
    })
}

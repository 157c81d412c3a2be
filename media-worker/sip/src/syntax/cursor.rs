//! A place in a header value, moved forward by the grammar's elements.

use super::chars::{Class, TOKEN, VALUE, is_space};

/// A text does not follow the grammar; says what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SyntaxError(pub &'static str);

/// A place in a text that has no line breaks.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Cursor { text, at: 0 }
    }

    /// The octet here, if the text has not ended.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether only white space is left.
    pub(crate) fn is_done(&mut self) -> bool {
        self.skip_space();
        self.at >= self.text.len()
    }

    /// Passes white space.
    #[inline]
    pub(crate) fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    /// Passes the ASCII octet when it is here.
    #[inline]
    pub(crate) fn eat(&mut self, octet: u8) -> bool {
        let here = self.peek() == Some(octet);
        self.at += usize::from(here);
        here
    }

    /// As [`Cursor::eat`], with white space on both sides (`SEMI`, `COMMA`, `EQUAL`, `SLASH` of the grammar).
    #[inline]
    pub(crate) fn eat_spaced(&mut self, octet: u8) -> bool {
        self.skip_space();
        let here = self.eat(octet);
        if here {
            self.skip_space();
        }
        here
    }

    /// Passes and returns what is in the class; may be empty.
    pub(crate) fn take(&mut self, class: &Class) -> &'a str {
        self.take_while(|octet| class.has(octet))
    }

    /// Passes and returns octets as long as they are wanted; a test must treat all octets beyond ASCII alike.
    pub(crate) fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest
            .bytes()
            .position(|octet| !wanted(octet))
            .unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Passes a `token`.
    pub(crate) fn token(&mut self) -> Result<&'a str, SyntaxError> {
        let token = self.take(&TOKEN);
        if token.is_empty() {
            Err(SyntaxError("expected a token"))
        } else {
            Ok(token)
        }
    }

    /// Passes a `quoted-string` and returns it with its quotes and escapes.
    pub(crate) fn quoted(&mut self) -> Result<&'a str, SyntaxError> {
        let rest = self.rest();
        let octets = rest.as_bytes();
        if octets.first() != Some(&b'"') {
            return Err(SyntaxError("expected a quoted string"));
        }
        let mut at = 1;
        loop {
            match octets.get(at) {
                None => return Err(SyntaxError("a quoted string is not closed")),
                Some(b'"') => break,
                // quoted-pair = "\" (%x00-09 / %x0B-0C / %x0E-7F), RFC 3261 section 25.1
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
            }
        }
        self.at += at + 1;
        rest.get(..=at)
            .ok_or(SyntaxError("a quoted string is cut within a character"))
    }

    /// Passes a `gen-value`: a quoted string, with its quotes, or what may stand without them.
    pub(crate) fn value(&mut self) -> Result<&'a str, SyntaxError> {
        if self.peek() == Some(b'"') {
            return self.quoted();
        }
        let value = self.take(&VALUE);
        if value.is_empty() {
            Err(SyntaxError("expected a value behind ="))
        } else {
            Ok(value)
        }
    }

    /// Passes everything up to the octet and the octet itself; returns what stood before it.
    pub(crate) fn until(&mut self, octet: u8) -> Option<&'a str> {
        let (before, _) = cut(self.rest(), octet)?;
        self.at += before.len() + 1;
        Some(before)
    }

    /// Passes a decimal number that fits into 32 bits; leading zeros are allowed.
    pub(crate) fn number(&mut self) -> Result<u32, SyntaxError> {
        let digits = self.take_while(|octet| octet.is_ascii_digit());
        digits
            .parse()
            .map_err(|_| SyntaxError("expected a number below 2^32"))
    }

    /// What has not been passed.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Fails when anything but white space is left.
    pub(crate) fn finish(mut self) -> Result<(), SyntaxError> {
        if self.is_done() {
            Ok(())
        } else {
            Err(SyntaxError("something is left over behind the value"))
        }
    }
}

/// Cuts a text at the first such ASCII octet. Faster on the short texts of headers than the search for a `char`.
#[inline]
pub(crate) fn cut(text: &str, octet: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|next| next == octet)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The text inside a `quoted-string`; anything else as it is.
pub(crate) fn unquote(text: &str) -> std::borrow::Cow<'_, str> {
    let Some(inner) = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    else {
        return text.into();
    };
    if !inner.contains('\\') {
        return inner.into();
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(next) = chars.next() {
        plain.push(if next == '\\' {
            chars.next().unwrap_or('\\')
        } else {
            next
        });
    }
    plain.into()
}

/// Writes a text as a `quoted-string`; control characters become spaces.
pub(crate) fn quote(text: &str, out: &mut impl std::fmt::Write) -> std::fmt::Result {
    out.write_char('"')?;
    for next in text.chars() {
        match next {
            '"' | '\\' => {
                out.write_char('\\')?;
                out.write_char(next)?;
            }
            next if next.is_control() => out.write_char(' ')?,
            next => out.write_char(next)?,
        }
    }
    out.write_char('"')
}

//! Addresses with a display name: From, To, Contact, Route and their like (RFC 3261 section 20.10).

use std::fmt;

use super::chars::{TOKEN, is_space};
use super::cursor::{Cursor, SyntaxError, quote, unquote};
use super::params::Params;
use super::uri::Uri;

/// `"display name" <uri>;params`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameAddr {
    /// The name to show, without quotes.
    pub display: Option<String>,
    /// The address.
    pub uri: Uri,
    /// Parameters of the header, not of the URI: `tag`, `expires`, `q`.
    pub params: Params,
}

/// What stands in a REGISTER's Contact (RFC 3261 section 10.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contacts {
    /// `*`.
    All,
    /// The addresses listed; empty when there is no Contact.
    List(Vec<NameAddr>),
}

impl Contacts {
    /// The first address, if there is one.
    pub fn first(&self) -> Option<&NameAddr> {
        match self {
            Contacts::All => None,
            Contacts::List(list) => list.first(),
        }
    }
}

impl NameAddr {
    /// An address without a name.
    pub fn new(uri: Uri) -> Self {
        NameAddr {
            display: None,
            uri,
            params: Params::new(),
        }
    }

    /// An address with a name.
    pub fn named(display: impl Into<String>, uri: Uri) -> Self {
        NameAddr {
            display: Some(display.into()),
            uri,
            params: Params::new(),
        }
    }

    /// Reads one address that fills the whole text.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, SyntaxError> {
        let text = String::from_utf8_lossy(text.as_ref());
        let mut cursor = Cursor::new(&text);
        let address = NameAddr::read(&mut cursor)?;
        cursor.finish()?;
        Ok(address)
    }

    /// The dialog tag (RFC 3261 section 19.3).
    pub fn tag(&self) -> Option<&str> {
        self.params.value("tag")
    }

    /// Sets the dialog tag.
    pub fn set_tag(&mut self, tag: &str) {
        self.params.set("tag", Some(tag));
    }

    /// As [`NameAddr::set_tag`], for chains.
    #[must_use]
    pub fn with_tag(mut self, tag: &str) -> Self {
        self.set_tag(tag);
        self
    }

    /// Reads one element of a list.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<NameAddr, SyntaxError> {
        cursor.skip_space();
        let display = read_display(cursor)?;
        let uri = if cursor.eat(b'<') {
            let inner = cursor
                .until(b'>')
                .ok_or(SyntaxError("an address is not closed with >"))?;
            Uri::parse(inner)?
        } else {
            // Without brackets a `;` ends the URI, and `?` and `,` may not occur in it (RFC 3261 section 20).
            let bare =
                cursor.take_while(|octet| !is_space(octet) && octet != b';' && octet != b',');
            if bare.bytes().any(|octet| octet == b'?') {
                return Err(SyntaxError("a URI with headers must stand in < >"));
            }
            Uri::parse(bare)?
        };
        let params = Params::of_header(cursor)?;
        Ok(NameAddr {
            display,
            uri,
            params,
        })
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            quote(display, f)?;
            f.write_str(" ")?;
        }
        f.write_str("<")?;
        self.uri.fmt(f)?;
        f.write_str(">")?;
        self.params.fmt(f)
    }
}

/// Reads `[ display-name ]` and stops at the `<` behind it, or at a URI without brackets.
fn read_display(cursor: &mut Cursor<'_>) -> Result<Option<String>, SyntaxError> {
    if cursor.peek() == Some(b'"') {
        let display = unquote(cursor.quoted()?).into_owned();
        cursor.skip_space();
        return match cursor.peek() {
            Some(b'<') => Ok(Some(display)),
            _ => Err(SyntaxError("expected < behind a display name")),
        };
    }
    let mut ahead = cursor.clone();
    // Letters beyond ASCII are not allowed without quotes, but phones send them.
    let display = ahead
        .take_while(|octet| TOKEN.has(octet) || is_space(octet) || !octet.is_ascii())
        .trim();
    if ahead.peek() != Some(b'<') {
        return Ok(None);
    }
    *cursor = ahead;
    Ok(Some(display.to_owned()).filter(|display| !display.is_empty()))
}

//! The `name=value` list behind `Digest` in both directions (RFC 7616 sections 3.3 and 3.4).

use std::borrow::Cow;

use crate::syntax::{Cursor, SyntaxError, unquote};

/// A challenge or credentials cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Another scheme than Digest.
    #[error("the scheme is not Digest")]
    Scheme,
    /// Malformed.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// A field is missing that must be there.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// An algorithm or quality of protection that we don't speak.
    #[error("the algorithm or the quality of protection is not supported")]
    Unsupported,
}

/// The fields of one challenge or of one set of credentials.
pub(crate) struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    /// Reads `Digest name=value, …`.
    pub(crate) fn parse(text: &'a str) -> Result<Self, DigestError> {
        let mut cursor = Cursor::new(text);
        cursor.skip_space();
        if !cursor.token()?.eq_ignore_ascii_case("Digest") {
            return Err(DigestError::Scheme);
        }
        cursor.skip_space();
        let mut fields = Vec::with_capacity(12);
        loop {
            let name = cursor.token()?;
            if !cursor.eat_spaced(b'=') {
                return Err(SyntaxError("expected = behind a name").into());
            }
            fields.push((name, cursor.value()?));
            if fields.len() > MOST_FIELDS {
                return Err(SyntaxError("there are too many fields").into());
            }
            if !cursor.eat_spaced(b',') {
                cursor.finish()?;
                return Ok(Fields(fields));
            }
        }
    }

    /// The value of a field, without quotes.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| unquote(value))
    }

    /// The value of a field that must be there.
    pub(crate) fn need(&self, name: &'static str) -> Result<Cow<'a, str>, DigestError> {
        self.get(name).ok_or(DigestError::Missing(name))
    }
}

const MOST_FIELDS: usize = 32;

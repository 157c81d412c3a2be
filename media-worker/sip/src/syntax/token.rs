//! The grammar's `token`.

use std::fmt;
use std::str::FromStr;

use super::chars::TOKEN;
use super::cursor::SyntaxError;

/// A word of the grammar (RFC 3261 section 25.1 `token`), never empty, kept as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Token(Box<str>);

impl Token {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        if TOKEN.all(text.as_bytes()) {
            Ok(Token(text.into()))
        } else {
            Err(SyntaxError("expected a token"))
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

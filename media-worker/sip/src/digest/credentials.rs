//! What a client answers to a challenge.

use std::borrow::Cow;

use data_encoding::HEXLOWER_PERMISSIVE;

use super::fields::{DigestError, Fields};
use super::hash::Algorithm;

/// The value of an Authorization header (RFC 7616 section 3.4) with `qop=auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// Who it claims to be.
    pub username: Cow<'a, str>,
    /// Of the challenge.
    pub realm: Cow<'a, str>,
    /// Of the challenge.
    pub nonce: Cow<'a, str>,
    /// The Request-URI, as the client wrote it.
    pub uri: Cow<'a, str>,
    /// The algorithm chosen.
    pub algorithm: Algorithm,
    /// The client's own nonce.
    pub cnonce: Cow<'a, str>,
    /// How often the nonce was used, in eight hexadecimal digits.
    pub nc: Cow<'a, str>,
    /// The proof, as octets.
    pub response: Vec<u8>,
}

impl<'a> Credentials<'a> {
    /// Reads the value of an Authorization header.
    ///
    /// # Errors
    /// [`DigestError::Unsupported`] when it has no `qop=auth`, since without it nothing tells a replay.
    pub fn parse(text: &'a str) -> Result<Self, DigestError> {
        let fields = Fields::parse(text)?;
        let algorithm = Algorithm::from_name(fields.get("algorithm").as_deref())
            .ok_or(DigestError::Unsupported)?;
        if !fields
            .get("qop")
            .is_some_and(|qop| qop.eq_ignore_ascii_case("auth"))
        {
            return Err(DigestError::Unsupported);
        }
        let response = fields.need("response")?;
        Ok(Credentials {
            username: fields.need("username")?,
            realm: fields.need("realm")?,
            nonce: fields.need("nonce")?,
            uri: fields.need("uri")?,
            algorithm,
            cnonce: fields.need("cnonce")?,
            nc: fields.need("nc")?,
            response: HEXLOWER_PERMISSIVE
                .decode(response.as_bytes())
                .map_err(|_| DigestError::Missing("response"))?,
        })
    }

    /// The nonce count as a number.
    pub(crate) fn count(&self) -> Option<u32> {
        let is_count = self.nc.len() == 8 && self.nc.bytes().all(|digit| digit.is_ascii_hexdigit());
        u32::from_str_radix(&self.nc, 16)
            .ok()
            .filter(|count| is_count && *count > 0)
    }
}

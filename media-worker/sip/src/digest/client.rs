//! The side that is asked for credentials: trunks, the probe, tests.

use super::fields::{DigestError, Fields};
use super::hash::{Algorithm, Exchange, Ha1, ha1};
use crate::syntax::{Method, Uri};

/// The value of a WWW-Authenticate or Proxy-Authenticate header (RFC 7616 section 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Whose password is wanted.
    pub realm: String,
    /// To be hashed in.
    pub nonce: String,
    /// To be returned as it is.
    pub opaque: Option<String>,
    /// The algorithm to use.
    pub algorithm: Algorithm,
    /// Whether `qop=auth` is offered; without it the old way of RFC 2069 is meant.
    pub qop_auth: bool,
    /// The last answer was right, only its nonce too old.
    pub stale: bool,
}

/// What proves who one is.
#[derive(Debug, Clone, Copy)]
pub enum Secret<'a> {
    /// The password itself.
    Password(&'a str),
    /// Its hash for the challenge's realm and algorithm.
    Ha1(&'a Ha1),
}

impl Challenge {
    /// Reads the value of a WWW-Authenticate or Proxy-Authenticate header.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let fields = Fields::parse(text)?;
        let qops = fields.get("qop");
        let has_auth = |qops: &str| {
            qops.split(',')
                .any(|qop| qop.trim().eq_ignore_ascii_case("auth"))
        };
        let qop_auth = qops.as_deref().is_some_and(has_auth);
        if qops.is_some() && !qop_auth {
            return Err(DigestError::Unsupported);
        }
        Ok(Challenge {
            realm: fields.need("realm")?.into_owned(),
            nonce: fields.need("nonce")?.into_owned(),
            opaque: fields.get("opaque").map(Into::into),
            algorithm: Algorithm::from_name(fields.get("algorithm").as_deref())
                .ok_or(DigestError::Unsupported)?,
            qop_auth,
            stale: fields
                .get("stale")
                .is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }

    /// The first of several challenges that we can answer (RFC 8760 section 2.4: the order is the server's preference).
    pub fn first_of<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Challenge> {
        values
            .into_iter()
            .find_map(|value| Challenge::parse(value).ok())
    }
}

/// The value of the Authorization or Proxy-Authorization header that answers a challenge. `cnonce` is to be random, `nc`
/// counts the uses of the nonce from 1.
pub fn answer(
    challenge: &Challenge,
    method: &Method,
    uri: &Uri,
    user: &str,
    secret: Secret<'_>,
    cnonce: &str,
    nc: u32,
) -> String {
    let Challenge {
        realm,
        nonce,
        opaque,
        algorithm,
        qop_auth,
        ..
    } = challenge;
    let (uri, nc) = (uri.to_string(), format!("{nc:08x}"));
    let exchange = Exchange {
        method: method.as_str(),
        uri: &uri,
        nonce,
        qop_auth: qop_auth.then_some((nc.as_str(), cnonce)),
    };
    let response = match secret {
        Secret::Password(password) => exchange.response(&ha1(*algorithm, user, realm, password)),
        Secret::Ha1(ha1) => exchange.response(ha1),
    };
    let (user, realm, nonce) = (quoted(user), quoted(realm), quoted(nonce));
    let mut value = format!(
        r#"Digest username={user}, realm={realm}, nonce={nonce}, uri="{uri}", response="{}", algorithm={}"#,
        response.hex(),
        algorithm.as_str()
    );
    if *qop_auth {
        value.push_str(", qop=auth, nc=");
        value.push_str(&nc);
        value.push_str(", cnonce=");
        value.push_str(&quoted(cnonce));
    }
    if let Some(opaque) = opaque {
        value.push_str(", opaque=");
        value.push_str(&quoted(opaque));
    }
    value
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    let _: std::fmt::Result = crate::syntax::quote(text, &mut quoted);
    quoted
}

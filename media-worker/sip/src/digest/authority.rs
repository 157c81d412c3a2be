//! The side that asks for credentials.

use std::time::{Duration, Instant};

use subtle::ConstantTimeEq as _;

use super::credentials::Credentials;
use super::fields::DigestError;
use super::hash::{Algorithm, Exchange, Ha1, Ha1s, ha1};
use super::nonce::Mint;
use super::replay::Replays;
use crate::syntax::{Request, Uri};

/// Challenges requests of one realm and verifies the answers.
///
/// Nothing is remembered of a challenge: a nonce proves by itself who made it and when. Only for a nonce that was
/// answered rightly are its counts remembered, so strangers cannot make this grow.
pub struct Authority {
    realm: String,
    mint: Mint,
    replays: Replays,
    lifetime: Duration,
    decoys: Ha1s,
}

/// What a request's credentials are worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is from this user.
    Ok {
        /// The user's name, as the lookup knows it.
        username: String,
    },
    /// It has no credentials of ours that could be verified: answer 401 with [`Authority::challenge`].
    Challenge {
        /// The credentials were right, but the nonce is too old or its count was used before.
        stale: bool,
    },
    /// It has credentials, and they are not right.
    Denied(Denial),
}

/// Why credentials are not right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Denial {
    /// The user is unknown or the password wrong: nothing tells which.
    Credentials,
    /// They are for another Request-URI.
    Uri,
    /// They cannot be read.
    Malformed,
}

impl Authority {
    /// An authority that begins now. The issuer must be another after each start, or the secret must: the memory of
    /// used nonces ends with the process.
    pub fn new(secret: &[u8], realm: impl Into<String>, issuer: &str, now: Instant) -> Self {
        let realm = realm.into();
        let decoy = data_encoding::HEXLOWER.encode(secret);
        Authority {
            mint: Mint::new(secret, issuer, now),
            replays: Replays::new(DEFAULT_WINDOWS),
            lifetime: DEFAULT_LIFETIME,
            decoys: Ha1s::default()
                .with(ha1(Algorithm::Md5, "", &realm, &decoy))
                .with(ha1(Algorithm::Sha256, "", &realm, &decoy)),
            realm,
        }
    }

    /// How long a nonce may be used; five minutes if not set.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Of how many nonces the counts are remembered; 65,536 if not set. When there are more, the oldest are stale.
    #[must_use]
    pub fn with_windows(mut self, windows: usize) -> Self {
        self.replays = Replays::new(windows);
        self
    }

    /// The realm.
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The values of the WWW-Authenticate headers of a 401, the strongest first (RFC 8760 section 2.4).
    pub fn challenge(&mut self, now: Instant, stale: bool) -> Vec<String> {
        let nonce = self.mint.issue(now);
        let stale = if stale { ", stale=true" } else { "" };
        let challenge = |algorithm: Algorithm| {
            let (realm, name) = (&self.realm, algorithm.as_str());
            format!(
                r#"Digest realm="{realm}", nonce="{nonce}", algorithm={name}, qop="auth"{stale}"#
            )
        };
        [Algorithm::Sha256, Algorithm::Md5].map(challenge).into()
    }

    /// Verifies the credentials of a request. `lookup` is asked once for the user named, known or not; an unknown one
    /// costs the same hashes as a wrong password.
    pub fn verify(
        &mut self,
        request: &Request,
        lookup: impl FnOnce(&str) -> Option<Ha1s>,
        now: Instant,
    ) -> Outcome {
        let credentials = match self.choose(request) {
            Ok(Some(credentials)) => credentials,
            Ok(None) => return Outcome::Challenge { stale: false },
            Err(denial) => return Outcome::Denied(denial),
        };
        let Some(count) = credentials.count() else {
            return Outcome::Denied(Denial::Malformed);
        };
        let known = lookup(&credentials.username);
        let ha1 = known
            .as_ref()
            .and_then(|known| known.get(credentials.algorithm));
        let right = self.is_right(&credentials, request.method.as_str(), ha1);
        let nonce = self.mint.recognize(&credentials.nonce, now);
        if !right {
            return Outcome::Denied(Denial::Credentials);
        }
        if !is_same_uri(&credentials.uri, &request.uri) {
            return Outcome::Denied(Denial::Uri);
        }
        let Some(nonce) = nonce else {
            return Outcome::Challenge { stale: true };
        };
        if nonce.age > self.lifetime {
            self.replays.forget_up_to(nonce.number);
            return Outcome::Challenge { stale: true };
        }
        if self.replays.take(nonce.number, count) {
            Outcome::Ok {
                username: credentials.username.into_owned(),
            }
        } else {
            Outcome::Challenge { stale: true }
        }
    }

    /// The first credentials for our realm that we can verify.
    fn choose<'r>(&self, request: &'r Request) -> Result<Option<Credentials<'r>>, Denial> {
        for value in request.headers.authorizations().take(MOST_CREDENTIALS) {
            match Credentials::parse(value) {
                Ok(credentials) if credentials.realm == self.realm => return Ok(Some(credentials)),
                // Other schemes are for others (RFC 4475 section 3.3.7), and a new challenge says what we speak.
                Ok(_) | Err(DigestError::Scheme | DigestError::Unsupported) => {}
                Err(DigestError::Syntax(_) | DigestError::Missing(_)) => {
                    return Err(Denial::Malformed);
                }
            }
        }
        Ok(None)
    }

    fn is_right(&self, credentials: &Credentials<'_>, method: &str, ha1: Option<&Ha1>) -> bool {
        let exchange = Exchange {
            method,
            uri: &credentials.uri,
            nonce: &credentials.nonce,
            qop_auth: Some((&credentials.nc, &credentials.cnonce)),
        };
        let Some(tried) = ha1.or(self.decoys.get(credentials.algorithm)) else {
            return false;
        };
        let proven: bool = exchange
            .response(tried)
            .octets()
            .ct_eq(&credentials.response)
            .into();
        proven & ha1.is_some()
    }
}

/// The URI in the credentials must be the request's (RFC 7616 section 3.4.6); some phones write it a little differently.
fn is_same_uri(written: &str, uri: &Uri) -> bool {
    written == uri.to_string() || Uri::parse(written).is_ok_and(|written| written.equivalent(uri))
}

const DEFAULT_LIFETIME: Duration = Duration::from_mins(5);
const DEFAULT_WINDOWS: usize = 65_536;
const MOST_CREDENTIALS: usize = 8;

//! Who calls, and how he proves it (RFC 3261 section 22).

use sip::digest::{Algorithm, Challenge, Secret, answer};
use sip::syntax::{HeaderName, Headers, Host, Method, NameAddr, Response, StatusCode, Uri};

use super::callee::Callee;

/// Who calls.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    account: Option<Account>,
    domain: Host,
}

#[derive(Clone, Debug)]
struct Account {
    username: String,
    password: String,
}

impl Caller {
    /// A handset with its password, or nobody in particular; the domain is the callee's unless another is named.
    pub(super) fn new(
        handset: Option<&str>,
        password: Option<&str>,
        domain: Option<&str>,
        callee: &Callee,
    ) -> Result<Self, String> {
        let account = match (handset, password) {
            (Some(username), Some(password)) => Some(Account {
                username: username.to_owned(),
                password: password.to_owned(),
            }),
            (Some(handset), None) => {
                return Err(format!(
                    "to call as {handset}, its SIP password is needed: --password, or SWITCHBOARD_PROBE_PASSWORD"
                ));
            }
            (None, _) => None,
        };
        let domain = match domain {
            Some(name) => name
                .parse()
                .map_err(|error| format!("`{name}` is no domain: {error}"))?,
            None => callee.uri.host.clone(),
        };
        Ok(Caller { account, domain })
    }

    /// The user part of our addresses.
    pub(super) fn user(&self) -> &str {
        self.account
            .as_ref()
            .map_or(ANONYMOUS, |account| &account.username)
    }

    /// The handset that calls, if it is one.
    pub(super) fn handset(&self) -> Option<&str> {
        self.account
            .as_ref()
            .map(|account| account.username.as_str())
    }

    /// From.
    pub(super) fn from(&self) -> NameAddr {
        NameAddr::new(Uri::sip(Some(self.user()), self.domain.clone(), None))
    }

    /// To.
    pub(super) fn to(&self, callee: &Callee) -> NameAddr {
        let user = callee.uri.user();
        NameAddr::new(Uri::sip(user.as_deref(), self.domain.clone(), None))
    }

    /// The headers that answer a 401 or 407 to an INVITE, SHA-256 preferred; `None` if there is nothing to answer with.
    pub(super) fn credentials(
        &self,
        refusal: &Response,
        target: &Uri,
        cnonce: &str,
    ) -> Option<Headers> {
        let account = self.account.as_ref()?;
        let (asked, answered) = match refusal.status {
            StatusCode::UNAUTHORIZED => (HeaderName::WwwAuthenticate, HeaderName::Authorization),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => (
                HeaderName::ProxyAuthenticate,
                HeaderName::ProxyAuthorization,
            ),
            _ => return None,
        };
        let challenges: Vec<Challenge> = refusal
            .headers
            .get_all(&asked)
            .filter_map(|value| Challenge::parse(value).ok())
            .collect();
        let challenge = challenges
            .iter()
            .find(|challenge| challenge.algorithm == Algorithm::Sha256)
            .or(challenges.first())?;
        let secret = Secret::Password(&account.password);
        let value = answer(
            challenge,
            &Method::Invite,
            target,
            &account.username,
            secret,
            cnonce,
            1,
        );
        Some(Headers::default().with(answered, value))
    }

    /// Whether a second challenge only says that the nonce was too old.
    pub(super) fn is_stale(refusal: &Response) -> bool {
        [HeaderName::WwwAuthenticate, HeaderName::ProxyAuthenticate]
            .iter()
            .flat_map(|name| refusal.headers.get_all(name))
            .any(|value| Challenge::parse(value).is_ok_and(|challenge| challenge.stale))
    }
}

const ANONYMOUS: &str = "probe";

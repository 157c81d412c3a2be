//! The account of one who is asked for credentials, and the challenges he was asked with last (RFC 3261 section 22.2, 22.3).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::client::{Challenge, Secret, answer};
use crate::syntax::{HeaderName, Request, Response, StatusCode};

/// A username and its password at another server.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The username.
    pub username: Arc<str>,
    /// Its password.
    pub password: Arc<str>,
}

/// The password is not shown.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Answers the challenges of one far side: once asked, it signs every further request unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    account: Account,
    cnonce: Box<str>,
    /// Of the server itself (401), and of a proxy before it (407).
    asked: [Option<Asked>; 2],
    /// Challenges answered since anything was accepted.
    tries: u8,
}

/// A challenge and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    challenge: Challenge,
    uses: u32,
    /// Whether it was answered since anything was accepted.
    answered: bool,
}

impl Answers {
    /// Nothing asked yet. `cnonce` is to be random.
    pub fn new(account: Account, cnonce: impl Into<Box<str>>) -> Self {
        Self {
            account,
            cnonce: cnonce.into(),
            asked: [None, None],
            tries: 0,
        }
    }

    /// Takes in a final response. True: it is a challenge that may be answered, by sending the request again, signed. False also where
    /// the answer before was wrong: a second one would be so too, unless only the nonce was too old. And a far side that calls every
    /// nonce too old is not answered for ever.
    pub fn challenged(&mut self, response: &Response) -> bool {
        let slot = match response.status {
            StatusCode::UNAUTHORIZED => 0,
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => 1,
            _ => return false,
        };
        let (Some((asks, _)), Some(asked)) = (HEADERS.get(slot), self.asked.get_mut(slot)) else {
            return false;
        };
        let Some(challenge) = Challenge::first_of(response.headers.get_all(asks)) else {
            return false;
        };
        let wrong = asked
            .as_ref()
            .is_some_and(|asked| asked.answered && !challenge.stale);
        *asked = Some(Asked {
            challenge,
            uses: 0,
            answered: true,
        });
        if wrong || self.tries >= MOST_TRIES {
            return false;
        }
        self.tries += 1;
        true
    }

    /// Something signed was accepted: a challenge that comes later is a new one.
    pub fn accepted(&mut self) {
        for asked in self.asked.iter_mut().flatten() {
            asked.answered = false;
        }
        self.tries = 0;
    }

    /// Signs a request, in place of a signature before.
    pub fn sign(&mut self, request: &mut Request) {
        for (asked, (_, answers)) in self.asked.iter_mut().zip(&HEADERS) {
            let Some(asked) = asked else { continue };
            asked.uses = asked.uses.saturating_add(1);
            let value = answer(
                &asked.challenge,
                &request.method,
                &request.uri,
                &self.account.username,
                Secret::Password(&self.account.password),
                &self.cnonce,
                asked.uses,
            );
            request.headers.set(answers.clone(), value);
        }
    }
}

/// The answers of one call, whoever sends for it: its dialogs, and what ends a fork too many. The uses of a nonce are counted together.
#[derive(Clone, Debug)]
pub(crate) struct Signer(Arc<Mutex<Answers>>);

impl Signer {
    pub(crate) fn new(answers: Answers) -> Self {
        Self(Arc::new(Mutex::new(answers)))
    }

    /// As [`Answers::challenged`].
    pub(crate) fn challenged(&self, response: &Response) -> bool {
        self.answers().challenged(response)
    }

    /// As [`Answers::accepted`].
    pub(crate) fn accepted(&self) {
        self.answers().accepted();
    }

    /// As [`Answers::sign`].
    pub(crate) fn sign(&self, request: &mut Request) {
        self.answers().sign(request);
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same are those of the same call.
impl PartialEq for Signer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Signer {}

/// So many challenges are answered until something is accepted: a proxy's, a server's, and a nonce too old.
const MOST_TRIES: u8 = 3;
/// What asks, and what answers.
const HEADERS: [(HeaderName, HeaderName); 2] = [
    (HeaderName::WwwAuthenticate, HeaderName::Authorization),
    (
        HeaderName::ProxyAuthenticate,
        HeaderName::ProxyAuthorization,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{Method, Uri};

    fn answers() -> Answers {
        let account = Account {
            username: "acme".into(),
            password: "secret".into(),
        };
        Answers::new(account, "c0ffee")
    }

    fn asks(status: StatusCode, name: HeaderName, more: &str) -> Response {
        Response::new(status).with_header(
            name,
            format!(r#"Digest realm="provider", nonce="n1", qop="auth"{more}"#),
        )
    }

    fn unauthorized(more: &str) -> Response {
        asks(StatusCode::UNAUTHORIZED, HeaderName::WwwAuthenticate, more)
    }

    #[test]
    fn a_wrong_password_is_not_sent_again_and_an_old_nonce_is_replaced() {
        let mut answers = answers();
        assert!(answers.challenged(&unauthorized("")));
        assert!(answers.challenged(&unauthorized(", stale=true")));
        assert!(!answers.challenged(&unauthorized("")));
    }

    #[test]
    fn a_nonce_that_is_always_too_old_is_not_replaced_for_ever() {
        let mut answers = answers();
        let stale = unauthorized(", stale=true");
        for _ in 0..MOST_TRIES {
            assert!(answers.challenged(&stale));
        }
        assert!(!answers.challenged(&stale));
        answers.accepted();
        assert!(answers.challenged(&stale));
    }

    #[test]
    fn after_success_a_new_challenge_is_answered_again() {
        let mut answers = answers();
        assert!(answers.challenged(&unauthorized("")));
        answers.accepted();
        assert!(answers.challenged(&unauthorized("")));
    }

    #[test]
    fn every_use_of_a_nonce_is_counted_and_the_password_stays_out_of_logs() {
        let mut answers = answers();
        answers.challenged(&unauthorized(""));
        let mut request = Request::new(Method::Bye, Uri::parse("sip:a@b").unwrap());
        answers.sign(&mut request);
        answers.sign(&mut request);
        let signed: Vec<_> = request
            .headers
            .get_all(&HeaderName::Authorization)
            .collect();
        assert_eq!(signed.len(), 1);
        assert!(signed[0].contains("nc=00000002"), "{signed:?}");
        assert!(!format!("{answers:?}").contains("secret"));
    }

    #[test]
    fn a_proxy_and_the_server_behind_it_are_both_answered() {
        let mut answers = answers();
        let proxy = HeaderName::ProxyAuthenticate;
        let status = StatusCode::PROXY_AUTHENTICATION_REQUIRED;
        assert!(answers.challenged(&asks(status, proxy, "")));
        assert!(answers.challenged(&unauthorized("")));
        let mut request = Request::new(Method::Invite, Uri::parse("sip:a@b").unwrap());
        answers.sign(&mut request);
        assert!(request.headers.has(&HeaderName::Authorization));
        assert!(request.headers.has(&HeaderName::ProxyAuthorization));
    }

    #[test]
    fn what_is_no_challenge_is_not_answered() {
        let mut answers = answers();
        assert!(!answers.challenged(&Response::new(StatusCode::UNAUTHORIZED)));
        assert!(!answers.challenged(&Response::new(StatusCode::FORBIDDEN)));
    }
}

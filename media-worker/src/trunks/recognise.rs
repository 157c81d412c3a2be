//! Who calls in by a trunk: one whom the far side's address or the contact that only it knows gives away. Nobody else comes in
//! this way: strangers are asked for a phone's password, as ever.

use std::rc::Rc;
use std::sync::Arc;

use crds::Directory;
use crds::directory::{Caller, TrunkEntry};
use sip::syntax::{HeaderName, Host, NameAddr, Request};
use sip::transport::Flow;

use super::{Line, Trunks};

/// A call that comes in by a trunk.
pub struct Incoming {
    /// The trunk.
    pub line: Rc<Line>,
    /// The number that was called, as the far side gave it.
    pub dialled: Box<str>,
    /// Who calls.
    pub caller: Caller,
}

impl Trunks {
    /// The trunk that a call comes from, if it is one's; a phone that stands where a trunk does is still a phone.
    pub fn recognise(
        &self,
        request: &Request,
        flow: &Flow,
        directory: &Directory,
    ) -> Option<Incoming> {
        let user = request.uri.user();
        let lines = self.all();
        let knows = |line: &&Rc<Line>| user.as_deref().is_some_and(|user| is_token(line, user));
        if let Some(line) = lines.iter().find(knows) {
            return Some(Incoming {
                line: Rc::clone(line),
                dialled: called(request).unwrap_or_default().into(),
                caller: caller(request, line.entry(), directory),
            });
        }
        if is_phone(request, directory) {
            return None;
        }
        let stands = |line: &&Rc<Line>| line.sends_from(flow.remote.ip());
        let line = lines.iter().filter(stands).min_by_key(|line| {
            // Of two trunks to one address, the one with the number.
            let number = user.as_deref().unwrap_or_default();
            let numbers = &directory.system().numbers;
            let has = line.entry().listed(number, numbers).is_some();
            (!has, Arc::clone(&line.entry().name))
        })?;
        Some(Incoming {
            line: Rc::clone(line),
            dialled: user.unwrap_or_default().into(),
            caller: caller(request, line.entry(), directory),
        })
    }
}

fn is_token(line: &Line, user: &str) -> bool {
    line.entry().token.as_deref() == Some(user)
}

/// Whether the request says that it comes from one of our phones, which must prove it.
fn is_phone(request: &Request, directory: &Directory) -> bool {
    let Ok(Some(from)) = request.headers.from() else {
        return false;
    };
    let domain = Host::Name((*directory.system().domain).into());
    let ours = from.uri.host.equivalent(&domain);
    let user = from.uri.user();
    ours && user.is_some_and(|user| directory.account(&user).is_some())
}

/// The number that was called, where the Request-URI is our contact: P-Called-Party-ID (RFC 3455), else To.
fn called(request: &Request) -> Option<String> {
    let named = request.headers.address(&HeaderName::PCalledPartyId);
    let named = named
        .ok()
        .flatten()
        .or_else(|| request.headers.to().ok().flatten());
    Some(named?.uri.user()?.into_owned())
}

/// Who calls: as the far side asserts (RFC 3325), else as From says; nobody where the caller wants it so.
fn caller(request: &Request, trunk: &TrunkEntry, directory: &Directory) -> Caller {
    let asserted = request.headers.address(&HeaderName::PAssertedIdentity);
    let from = || request.headers.from().ok().flatten();
    let identity = asserted.ok().flatten().or_else(from);
    let hidden = request
        .headers
        .get(&HeaderName::Privacy)
        .is_some_and(|privacy| privacy.split(';').any(|each| each.trim() == "id"));
    let identity = identity.filter(|_| !hidden);
    let number = identity.as_ref().and_then(number).unwrap_or_default();
    let numbers = &directory.system().numbers;
    let number = trunk.caller_number(&number, numbers).unwrap_or(number);
    Caller::External {
        number: number.into(),
        name: identity
            .and_then(|identity| identity.display)
            .filter(|name| !name.trim().is_empty())
            .map(Into::into),
    }
}

/// The number of a caller; none of one without.
fn number(identity: &NameAddr) -> Option<String> {
    let user = identity.uri.user()?;
    let is_number = user.chars().any(|c| c.is_ascii_digit())
        && user
            .chars()
            .all(|c| c.is_ascii_digit() || "+-.() ".contains(c));
    is_number.then(|| user.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::syntax::{Method, Uri};

    fn request(headers: &[(HeaderName, &'static str)]) -> Request {
        let uri = Uri::parse("sip:+15855550100@office.example.com").unwrap();
        let mut request = Request::new(Method::Invite, uri);
        for (name, value) in headers {
            request.headers.push(name.clone(), *value);
        }
        request
    }

    fn trunk() -> TrunkEntry {
        TrunkEntry {
            name: "provider".into(),
            host: "provider.example".into(),
            port: None,
            transport: crds::trunk::Transport::Udp,
            account: None,
            networks: Vec::new(),
            token: None,
            numbers: std::collections::HashMap::new(),
            otherwise: crds::directory::TakenTo::Operator,
            outbound: None,
            max_calls: None,
        }
    }

    fn calls(headers: &[(HeaderName, &'static str)]) -> (String, Option<String>) {
        let (directory, _) = crds::compile(&crds::Objects::default());
        match caller(&request(headers), &trunk(), &directory) {
            Caller::External { number, name } => {
                (number.to_string(), name.as_deref().map(str::to_owned))
            }
            other @ (Caller::User(_) | Caller::SharedHandset(_)) => panic!("{other:?}"),
        }
    }

    const FROM: (HeaderName, &str) = (
        HeaderName::From,
        "\"Olga\" <sip:2125551234@provider.example>;tag=1",
    );

    #[test]
    fn what_the_provider_asserts_goes_before_what_the_caller_says() {
        assert_eq!(calls(&[FROM]), ("+12125551234".into(), Some("Olga".into())));
        let asserted = (
            HeaderName::PAssertedIdentity,
            "<sip:+13105559876@provider.example>",
        );
        assert_eq!(calls(&[FROM, asserted]), ("+13105559876".into(), None));
    }

    #[test]
    fn whoever_does_not_want_to_be_known_is_nobody() {
        let nobody = (String::new(), None);
        assert_eq!(calls(&[FROM, (HeaderName::Privacy, "id")]), nobody);
        let anonymous = (HeaderName::From, "<sip:anonymous@anonymous.invalid>;tag=1");
        assert_eq!(calls(&[anonymous]), nobody);
        assert_eq!(calls(&[]), nobody);
    }

    #[test]
    fn the_number_called_stands_beside_our_contact() {
        let to = (HeaderName::To, "<sip:5855550100@provider.example>");
        assert_eq!(
            called(&request(std::slice::from_ref(&to))).as_deref(),
            Some("5855550100")
        );
        let named = (
            HeaderName::PCalledPartyId,
            "<sip:+15855550101@provider.example>",
        );
        assert_eq!(
            called(&request(&[to, named])).as_deref(),
            Some("+15855550101")
        );
    }
}

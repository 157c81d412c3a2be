//! Typed accessors of headers: read on demand, `None` when the header is absent.

use std::borrow::Cow;

use super::chars::CALL_ID;
use super::cursor::{Cursor, SyntaxError};
use super::header_name::HeaderName;
use super::headers::Headers;
use super::method::Method;
use super::name_addr::{Contacts, NameAddr};
use super::values::{CSeq, Event, RAck, Reason, Replaces, SessionExpires, SubscriptionState};
use super::via::Via;

/// A header's value does not follow its grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {error}")]
pub struct HeaderError {
    /// The header.
    pub name: HeaderName,
    /// What was expected.
    pub error: SyntaxError,
}

type Typed<T> = Result<Option<T>, HeaderError>;

impl Headers {
    /// The first Via: the last hop.
    pub fn via(&self) -> Typed<Via> {
        self.one(&HeaderName::Via, |text| Via::read(&mut Cursor::new(text)))
    }

    /// All Vias, the last hop first.
    pub fn vias(&self) -> Result<Vec<Via>, HeaderError> {
        self.list(&HeaderName::Via, Via::read)
    }

    /// From.
    pub fn from(&self) -> Typed<NameAddr> {
        self.one(&HeaderName::From, |text| NameAddr::parse(text))
    }

    /// To.
    pub fn to(&self) -> Typed<NameAddr> {
        self.one(&HeaderName::To, |text| NameAddr::parse(text))
    }

    /// Call-ID.
    pub fn call_id(&self) -> Typed<&str> {
        let Some(value) = self.get_bytes(&HeaderName::CallId) else {
            return Ok(None);
        };
        match std::str::from_utf8(value) {
            Ok(text) if CALL_ID.all(value) => Ok(Some(text)),
            _ => Err(HeaderError {
                name: HeaderName::CallId,
                error: SyntaxError("a Call-ID is malformed"),
            }),
        }
    }

    /// `CSeq`.
    pub fn cseq(&self) -> Typed<CSeq> {
        self.one(&HeaderName::CSeq, str::parse)
    }

    /// All Contacts.
    pub fn contacts(&self) -> Result<Contacts, HeaderError> {
        let name = HeaderName::Contact;
        if !self.raw_all(&name).any(|value| **value == *b"*") {
            return self.list(&name, NameAddr::read).map(Contacts::List);
        }
        if self.raw_all(&name).count() == 1 {
            return Ok(Contacts::All);
        }
        Err(HeaderError {
            name,
            error: SyntaxError("* stands beside another contact"),
        })
    }

    /// All Routes, the next hop first.
    pub fn routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(&HeaderName::Route, NameAddr::read)
    }

    /// All Record-Routes, as in the message.
    pub fn record_routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(&HeaderName::RecordRoute, NameAddr::read)
    }

    /// All addresses of a header that holds a list of them: Path, P-Asserted-Identity, Diversion.
    pub fn addresses(&self, name: &HeaderName) -> Result<Vec<NameAddr>, HeaderError> {
        self.list(name, NameAddr::read)
    }

    /// The address in a header that holds one: Refer-To, Referred-By.
    pub fn address(&self, name: &HeaderName) -> Typed<NameAddr> {
        self.one(name, |text| NameAddr::parse(text))
    }

    /// Max-Forwards, at most 255.
    pub fn max_forwards(&self) -> Typed<u8> {
        let number = self.number(&HeaderName::MaxForwards)?;
        let error = SyntaxError("expected a number up to 255");
        number
            .map(u8::try_from)
            .transpose()
            .map_err(|_| HeaderError {
                name: HeaderName::MaxForwards,
                error,
            })
    }

    /// Expires in seconds.
    pub fn expires(&self) -> Typed<u32> {
        self.number(&HeaderName::Expires)
    }

    /// Min-Expires in seconds.
    pub fn min_expires(&self) -> Typed<u32> {
        self.number(&HeaderName::MinExpires)
    }

    /// Min-SE in seconds (RFC 4028).
    pub fn min_se(&self) -> Typed<u32> {
        self.one(&HeaderName::MinSe, |text| Cursor::new(text).number())
    }

    /// Retry-After in seconds, without its comment.
    pub fn retry_after(&self) -> Typed<u32> {
        self.one(&HeaderName::RetryAfter, |text| Cursor::new(text).number())
    }

    /// Session-Expires (RFC 4028).
    pub fn session_expires(&self) -> Typed<SessionExpires> {
        self.one(&HeaderName::SessionExpires, str::parse)
    }

    /// `RSeq` (RFC 3262).
    pub fn rseq(&self) -> Typed<u32> {
        self.number(&HeaderName::RSeq)
    }

    /// `RAck` (RFC 3262).
    pub fn rack(&self) -> Typed<RAck> {
        self.one(&HeaderName::RAck, str::parse)
    }

    /// Event (RFC 6665).
    pub fn event(&self) -> Typed<Event> {
        self.one(&HeaderName::Event, str::parse)
    }

    /// Subscription-State (RFC 6665).
    pub fn subscription_state(&self) -> Typed<SubscriptionState> {
        self.one(&HeaderName::SubscriptionState, str::parse)
    }

    /// Replaces (RFC 3891).
    pub fn replaces(&self) -> Typed<Replaces> {
        self.one(&HeaderName::Replaces, str::parse)
    }

    /// Refer-To (RFC 3515).
    pub fn refer_to(&self) -> Typed<NameAddr> {
        self.address(&HeaderName::ReferTo)
    }

    /// All Reasons (RFC 3326).
    pub fn reasons(&self) -> Result<Vec<Reason>, HeaderError> {
        self.list(&HeaderName::Reason, Reason::read)
    }

    /// The first Reason.
    pub fn reason(&self) -> Typed<Reason> {
        self.reasons().map(|reasons| reasons.into_iter().next())
    }

    /// The methods in Allow; empty when absent.
    pub fn allow(&self) -> Result<Vec<Method>, HeaderError> {
        self.list(&HeaderName::Allow, |cursor| cursor.token()?.parse())
    }

    /// The option tags in Supported.
    pub fn supported(&self) -> Result<Vec<String>, HeaderError> {
        self.tokens(&HeaderName::Supported)
    }

    /// The option tags in Require.
    pub fn require(&self) -> Result<Vec<String>, HeaderError> {
        self.tokens(&HeaderName::Require)
    }

    /// Whether an option tag stands in Supported or Require; malformed lists count as empty.
    pub fn offers_option(&self, tag: &str) -> bool {
        let has = |tags: Result<Vec<String>, _>| {
            tags.is_ok_and(|tags| tags.iter().any(|known| known.eq_ignore_ascii_case(tag)))
        };
        has(self.require()) || has(self.supported())
    }

    /// The tokens of a header that is a list of them: Supported, Require, Unsupported, Allow-Events.
    pub fn tokens(&self, name: &HeaderName) -> Result<Vec<String>, HeaderError> {
        self.list(name, |cursor| cursor.token().map(str::to_owned))
    }

    /// The values of Authorization, one per set of credentials.
    pub fn authorizations(&self) -> impl Iterator<Item = &str> {
        self.get_all(&HeaderName::Authorization)
    }

    /// The media type of the body in small letters, without its parameters; `None` when absent.
    pub fn content_type(&self) -> Option<String> {
        let value = self.get(&HeaderName::ContentType)?;
        let media_type = value.split(';').next().unwrap_or_default();
        Some(
            media_type
                .chars()
                .filter(|next| !next.is_whitespace())
                .collect::<String>()
                .to_ascii_lowercase(),
        )
    }

    fn number(&self, name: &HeaderName) -> Typed<u32> {
        self.one(name, |text| {
            let mut cursor = Cursor::new(text);
            let number = cursor.number()?;
            cursor.finish()?;
            Ok(number)
        })
    }

    fn one<T>(
        &self,
        name: &HeaderName,
        read: impl FnOnce(&str) -> Result<T, SyntaxError>,
    ) -> Typed<T> {
        let value = self.get_bytes(name).map(|value| read(&text_of(value)));
        value.transpose().map_err(|error| HeaderError {
            name: name.clone(),
            error,
        })
    }

    /// Reads comma-separated values over all lines of the name; a line that is empty holds none.
    fn list<T>(
        &self,
        name: &HeaderName,
        read: impl Fn(&mut Cursor<'_>) -> Result<T, SyntaxError>,
    ) -> Result<Vec<T>, HeaderError> {
        let mut values = Vec::new();
        for line in self.raw_all(name) {
            read_line(&text_of(line), &read, &mut values).map_err(|error| HeaderError {
                name: name.clone(),
                error,
            })?;
        }
        Ok(values)
    }
}

fn read_line<T>(
    line: &str,
    read: impl Fn(&mut Cursor<'_>) -> Result<T, SyntaxError>,
    values: &mut Vec<T>,
) -> Result<(), SyntaxError> {
    let mut cursor = Cursor::new(line);
    if cursor.is_done() {
        return Ok(());
    }
    loop {
        values.push(read(&mut cursor)?);
        if !cursor.eat_spaced(b',') {
            return cursor.finish();
        }
    }
}

/// A value as text; octets that are not UTF-8 become U+FFFD, which only quoted strings and display names may hold.
fn text_of(value: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed)
}

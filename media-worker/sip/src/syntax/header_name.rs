//! Names of headers.

use std::fmt;
use std::str::FromStr;

use super::cursor::SyntaxError;
use super::token::Token;

macro_rules! header_names {
    ($($name:ident $canonical:literal $($compact:literal)? $(, $once:ident)?;)*) => {
        /// The name of a header, without regard to case and with the compact forms known (RFC 3261 section 7.3.3).
        #[derive(Debug, Clone)]
        pub enum HeaderName {
            $(#[doc = concat!("`", $canonical, "`")] $name,)*
            /// Any other, as written.
            Other(Token),
        }

        impl HeaderName {
            /// The usual spelling.
            pub fn as_str(&self) -> &str {
                match self {
                    $(HeaderName::$name => $canonical,)*
                    HeaderName::Other(token) => token.as_str(),
                }
            }
        }

        /// The known names alone, for their numbers.
        #[allow(dead_code, reason = "only those that may stand once are asked for theirs")]
        enum Known {
            $($name,)*
        }

        impl HeaderName {
            /// A bit of its own for a header that may stand once in a message (RFC 3261 section 7.3.1).
            pub(crate) fn singleton_bit(&self) -> Option<u128> {
                match self {
                    $(HeaderName::$name => header_names!(@bit $name $($once)?),)*
                    HeaderName::Other(_) => None,
                }
            }
        }

        /// The header with this name, if it is a known one.
        fn known(text: &str) -> Option<HeaderName> {
            if let [letter] = text.as_bytes() {
                return match letter.to_ascii_lowercase() {
                    $($($compact => Some(HeaderName::$name),)?)*
                    _ => None,
                };
            }
            $(if text.len() == $canonical.len() && text.eq_ignore_ascii_case($canonical) {
                return Some(HeaderName::$name);
            })*
            None
        }
    };
    (@bit $name:ident once) => { Some(1 << Known::$name as u32) };
    (@bit $name:ident) => { None };
}

header_names! {
    Via "Via" b'v';
    From "From" b'f', once;
    To "To" b't', once;
    CallId "Call-ID" b'i', once;
    CSeq "CSeq", once;
    MaxForwards "Max-Forwards", once;
    Contact "Contact" b'm';
    ContentLength "Content-Length" b'l';
    ContentType "Content-Type" b'c', once;
    Route "Route";
    RecordRoute "Record-Route";
    Allow "Allow";
    Supported "Supported" b'k';
    UserAgent "User-Agent";
    Authorization "Authorization";
    Expires "Expires", once;
    Accept "Accept";
    AcceptEncoding "Accept-Encoding";
    AcceptLanguage "Accept-Language";
    AlertInfo "Alert-Info";
    AllowEvents "Allow-Events" b'u';
    AuthenticationInfo "Authentication-Info";
    CallInfo "Call-Info";
    ContentDisposition "Content-Disposition";
    ContentEncoding "Content-Encoding" b'e';
    ContentLanguage "Content-Language";
    Date "Date";
    Diversion "Diversion";
    ErrorInfo "Error-Info";
    Event "Event" b'o', once;
    HistoryInfo "History-Info";
    InReplyTo "In-Reply-To";
    InfoPackage "Info-Package";
    Join "Join";
    MimeVersion "MIME-Version";
    MinExpires "Min-Expires";
    MinSe "Min-SE";
    Organization "Organization";
    PAssertedIdentity "P-Asserted-Identity";
    PCalledPartyId "P-Called-Party-ID";
    PPreferredIdentity "P-Preferred-Identity";
    Path "Path";
    Priority "Priority";
    Privacy "Privacy";
    ProxyAuthenticate "Proxy-Authenticate";
    ProxyAuthorization "Proxy-Authorization";
    ProxyRequire "Proxy-Require";
    RAck "RAck";
    RSeq "RSeq";
    Reason "Reason";
    RecvInfo "Recv-Info";
    ReferSub "Refer-Sub";
    ReferTo "Refer-To" b'r', once;
    ReferredBy "Referred-By" b'b';
    RejectContact "Reject-Contact" b'j';
    RemotePartyId "Remote-Party-ID";
    Replaces "Replaces", once;
    ReplyTo "Reply-To";
    RequestDisposition "Request-Disposition" b'd';
    Require "Require";
    RetryAfter "Retry-After";
    Server "Server";
    ServiceRoute "Service-Route";
    SessionExpires "Session-Expires" b'x', once;
    SipEtag "SIP-ETag";
    SipIfMatch "SIP-If-Match";
    Subject "Subject" b's';
    SubscriptionState "Subscription-State", once;
    Timestamp "Timestamp";
    Unsupported "Unsupported";
    Warning "Warning";
    WwwAuthenticate "WWW-Authenticate";
}

impl FromStr for HeaderName {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        known(text).map_or_else(|| text.parse().map(HeaderName::Other), Ok)
    }
}

impl PartialEq for HeaderName {
    fn eq(&self, other: &Self) -> bool {
        if std::mem::discriminant(self) != std::mem::discriminant(other) {
            return false;
        }
        match (self, other) {
            (HeaderName::Other(one), HeaderName::Other(two)) => {
                one.as_str().eq_ignore_ascii_case(two.as_str())
            }
            _ => true,
        }
    }
}

impl Eq for HeaderName {}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

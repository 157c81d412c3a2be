//! Names of headers.

use std::fmt;
use std::str::FromStr;

use super::cursor::SyntaxError;
use super::token::Token;

macro_rules! header_names {
    ($($name:ident $canonical:literal $($compact:literal)?;)*) => {
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

        /// The known names of one length.
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
}

header_names! {
    Via "Via" b'v';
    From "From" b'f';
    To "To" b't';
    CallId "Call-ID" b'i';
    CSeq "CSeq";
    MaxForwards "Max-Forwards";
    Contact "Contact" b'm';
    ContentLength "Content-Length" b'l';
    ContentType "Content-Type" b'c';
    Route "Route";
    RecordRoute "Record-Route";
    Allow "Allow";
    Supported "Supported" b'k';
    UserAgent "User-Agent";
    Authorization "Authorization";
    Expires "Expires";
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
    Event "Event" b'o';
    HistoryInfo "History-Info";
    InReplyTo "In-Reply-To";
    InfoPackage "Info-Package";
    Join "Join";
    MimeVersion "MIME-Version";
    MinExpires "Min-Expires";
    MinSe "Min-SE";
    Organization "Organization";
    PAssertedIdentity "P-Asserted-Identity";
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
    ReferTo "Refer-To" b'r';
    ReferredBy "Referred-By" b'b';
    RejectContact "Reject-Contact" b'j';
    RemotePartyId "Remote-Party-ID";
    Replaces "Replaces";
    ReplyTo "Reply-To";
    RequestDisposition "Request-Disposition" b'd';
    Require "Require";
    RetryAfter "Retry-After";
    Server "Server";
    ServiceRoute "Service-Route";
    SessionExpires "Session-Expires" b'x';
    SipEtag "SIP-ETag";
    SipIfMatch "SIP-If-Match";
    Subject "Subject" b's';
    SubscriptionState "Subscription-State";
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
        match (self, other) {
            (HeaderName::Other(one), HeaderName::Other(two)) => {
                one.as_str().eq_ignore_ascii_case(two.as_str())
            }
            (one, two) => std::mem::discriminant(one) == std::mem::discriminant(two),
        }
    }
}

impl Eq for HeaderName {}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! SIP messages as values: a single-pass lexer, message and header types, and a serializer (RFC 3261 sections 7, 19, 20, 25).
//!
//! [`parse`] keeps every header value as a slice of the datagram and reads only what every message needs; all else is
//! read on demand by the typed accessors of [`Headers`]. What a peer sends can make these functions fail, never panic.

mod chars;
mod cursor;
mod escape;
mod header_name;
mod headers;
mod lexer;
mod message;
mod method;
mod name_addr;
mod params;
mod parse;
mod refuse;
mod status;
mod token;
mod typed;
mod uri;
mod values;
mod via;

pub use cursor::SyntaxError;
pub(crate) use cursor::{Cursor, quote, unquote};
pub use header_name::HeaderName;
pub use headers::{Header, Headers};
pub use message::{Message, Request, Response};
pub use method::Method;
pub use name_addr::{Contacts, NameAddr};
pub use params::Params;
pub(crate) use parse::StreamHead;
pub use parse::{Limits, ParseError, ParseErrorKind, Partial, parse};
pub use status::{Class, StatusCode};
pub use token::Token;
pub use typed::HeaderError;
pub use uri::{Host, Scheme, Uri};
pub use values::{
    CSeq, Event, RAck, Reason, Refresher, Replaces, SessionExpires, SubscriptionState,
};
pub use via::Via;

//! Character classes of the grammar (RFC 3261 section 25.1), as tables.

/// A set of octets.
pub(crate) struct Class([bool; 256]);

impl Class {
    const fn alphanumeric_and(others: &[u8]) -> Class {
        let mut table = [false; 256];
        let mut octet = 0;
        while octet < 128 {
            table[octet] = (octet as u8).is_ascii_alphanumeric();
            octet += 1;
        }
        let mut at = 0;
        while at < others.len() {
            table[others[at] as usize] = true;
            at += 1;
        }
        Class(table)
    }

    /// Whether the octet is in the set.
    #[inline]
    pub(crate) fn has(&self, octet: u8) -> bool {
        self.0[octet as usize]
    }

    /// Whether the text is not empty and all its octets are in the set.
    pub(crate) fn all(&self, text: &[u8]) -> bool {
        !text.is_empty() && text.iter().all(|octet| self.has(*octet))
    }
}

/// `token`.
pub(crate) static TOKEN: Class = Class::alphanumeric_and(b"-.!%*_+`'~");
/// `word`, the parts of a Call-ID, with the `@` between them.
pub(crate) static CALL_ID: Class = Class::alphanumeric_and(b"-.!%*_+`'~()<>:\\\"/[]?{}@");
/// `gen-value` that is not quoted: a token or a host, and what phones put there beside.
pub(crate) static VALUE: Class = Class::alphanumeric_and(b"-.!%*_+`'~[]:/@&$?#{}|()");
/// `user` of a SIP URI, `#` added since phones dial it unescaped.
pub(crate) static USER: Class = Class::alphanumeric_and(b"-_.!~*'()%&=+$,;?/#");
/// What we write unescaped in the user of a SIP URI.
pub(crate) static PLAIN_USER: Class = Class::alphanumeric_and(b"-_.!~*'()&=+$,");
/// What we write unescaped in a header of a SIP URI.
pub(crate) static PLAIN_HEADER: Class = Class::alphanumeric_and(b"-_.!~*'()[]/?:+$");
/// `password` of a SIP URI.
pub(crate) static PASSWORD: Class = Class::alphanumeric_and(b"-_.!~*'()%&=+$,");
/// `paramchar` of a SIP URI.
pub(crate) static URI_PARAM: Class = Class::alphanumeric_and(b"-_.!~*'()%[]/:&+$");
/// `hname` and `hvalue` of a SIP URI with `=` and `&` between them.
pub(crate) static URI_HEADERS: Class = Class::alphanumeric_and(b"-_.!~*'()%[]/?:+$=&;,");
/// A host name; `_` occurs in private networks.
pub(crate) static HOST: Class = Class::alphanumeric_and(b"-._");
/// The number of a `tel` URI, global or local (RFC 3966 section 3).
pub(crate) static TEL: Class = Class::alphanumeric_and(b"+-.()*#%");
/// What a URI of a scheme that we don't know may hold (RFC 3986 section 2).
pub(crate) static OPAQUE: Class = Class::alphanumeric_and(b"-._~:/?#[]@!$&'()*+,;=%");
/// `scheme` after its first letter.
pub(crate) static SCHEME: Class = Class::alphanumeric_and(b"+-.");

/// Space or tab.
#[inline]
pub(crate) fn is_space(octet: u8) -> bool {
    octet == b' ' || octet == b'\t'
}

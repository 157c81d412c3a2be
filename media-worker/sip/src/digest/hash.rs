//! The hashes of digest authentication.

use data_encoding::HEXLOWER;
use md5::Md5;
use sha2::Sha256;

/// A hash algorithm (RFC 7616 section 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `MD5`, for old phones.
    Md5,
    /// `SHA-256` (RFC 8760).
    Sha256,
}

impl Algorithm {
    /// The name in a header.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    /// The algorithm of this name; MD5 when none is given (RFC 7616 section 3.3). The `-sess` variants are not supported.
    pub(crate) fn from_name(name: Option<&str>) -> Option<Algorithm> {
        match name {
            None => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Algorithm::Md5),
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Algorithm::Sha256),
            Some(_) => None,
        }
    }

    /// The hash of the parts with colons between them.
    pub(crate) fn hash(self, parts: &[&[u8]]) -> Hash {
        match self {
            Algorithm::Md5 => Hash::Md5(joined::<Md5>(parts).into()),
            Algorithm::Sha256 => Hash::Sha256(joined::<Sha256>(parts).into()),
        }
    }
}

/// The hash of user, realm and password: all that a server needs to store.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha1(Hash);

impl Ha1 {
    /// A stored MD5 hash.
    pub fn md5(hash: [u8; 16]) -> Self {
        Ha1(Hash::Md5(hash))
    }

    /// A stored SHA-256 hash.
    pub fn sha256(hash: [u8; 32]) -> Self {
        Ha1(Hash::Sha256(hash))
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            Hash::Md5(_) => Algorithm::Md5,
            Hash::Sha256(_) => Algorithm::Sha256,
        }
    }

    /// The hash's 16 or 32 octets.
    pub fn hash(&self) -> &[u8] {
        self.0.octets()
    }
}

/// Does not show the hash, which is as good as the password.
impl std::fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Ha1").field(&self.algorithm()).finish()
    }
}

/// What a server knows of one user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ha1s {
    md5: Option<Ha1>,
    sha256: Option<Ha1>,
}

impl Ha1s {
    /// The hashes for both algorithms.
    pub fn of_password(user: &str, realm: &str, password: &str) -> Self {
        Ha1s::default()
            .with(ha1(Algorithm::Md5, user, realm, password))
            .with(ha1(Algorithm::Sha256, user, realm, password))
    }

    /// Adds or replaces the hash of its algorithm.
    #[must_use]
    pub fn with(mut self, ha1: Ha1) -> Self {
        match ha1.algorithm() {
            Algorithm::Md5 => self.md5 = Some(ha1),
            Algorithm::Sha256 => self.sha256 = Some(ha1),
        }
        self
    }

    /// The hash for an algorithm, when known.
    pub fn get(&self, algorithm: Algorithm) -> Option<&Ha1> {
        match algorithm {
            Algorithm::Md5 => self.md5.as_ref(),
            Algorithm::Sha256 => self.sha256.as_ref(),
        }
    }
}

/// The hash of `user:realm:password` (RFC 7616 section 3.4.2).
pub fn ha1(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> Ha1 {
    Ha1(algorithm.hash(&[user.as_bytes(), realm.as_bytes(), password.as_bytes()]))
}

/// What a response is made of beside HA1.
pub(crate) struct Exchange<'a> {
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) nonce: &'a str,
    /// `nc` and `cnonce`, as written; `None` for challenges without qop (RFC 2069).
    pub(crate) qop_auth: Option<(&'a str, &'a str)>,
}

impl Exchange<'_> {
    /// The response (RFC 7616 section 3.4.1).
    pub(crate) fn response(&self, ha1: &Ha1) -> Hash {
        let algorithm = ha1.algorithm();
        let ha2 = algorithm
            .hash(&[self.method.as_bytes(), self.uri.as_bytes()])
            .hex();
        let (ha1, nonce) = (ha1.0.hex(), self.nonce.as_bytes());
        match self.qop_auth {
            Some((nc, cnonce)) => algorithm.hash(&[
                ha1.text(),
                nonce,
                nc.as_bytes(),
                cnonce.as_bytes(),
                b"auth",
                ha2.text(),
            ]),
            None => algorithm.hash(&[ha1.text(), nonce, ha2.text()]),
        }
    }
}

/// A hash of either algorithm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5([u8; 16]),
    Sha256([u8; 32]),
}

impl Hash {
    pub(crate) fn octets(&self) -> &[u8] {
        match self {
            Hash::Md5(octets) => octets,
            Hash::Sha256(octets) => octets,
        }
    }

    /// In small hexadecimal digits, without allocating.
    pub(crate) fn hex(&self) -> Hex {
        let mut hex = Hex {
            digits: [0; 64],
            length: 2 * self.octets().len(),
        };
        if let Some(digits) = hex.digits.get_mut(..hex.length) {
            HEXLOWER.encode_mut(self.octets(), digits);
        }
        hex
    }
}

/// Up to 64 hexadecimal digits.
pub(crate) struct Hex {
    digits: [u8; 64],
    length: usize,
}

impl Hex {
    pub(crate) fn text(&self) -> &[u8] {
        self.digits.get(..self.length).unwrap_or_default()
    }
}

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text()
            .iter()
            .try_for_each(|digit| std::fmt::Write::write_char(f, char::from(*digit)))
    }
}

fn joined<D: sha2::Digest>(parts: &[&[u8]]) -> sha2::digest::Output<D> {
    let mut hash = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    hash.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_7616_section_3_9_1_come_out() {
        let exchange = Exchange {
            method: "GET",
            uri: "/dir/index.html",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            qop_auth: Some(("00000001", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")),
        };
        for (algorithm, response) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let ha1 = ha1(
                algorithm,
                "Mufasa",
                "http-auth@example.org",
                "Circle of Life",
            );
            assert_eq!(exchange.response(&ha1).hex().to_string(), response);
        }
    }

    #[test]
    fn without_qop_the_response_is_that_of_rfc_2069() {
        let exchange = Exchange {
            method: "M",
            uri: "u",
            nonce: "n",
            qop_auth: None,
        };
        let ha1 = ha1(Algorithm::Md5, "a", "b", "c");
        let hex = |parts: &[&[u8]]| Algorithm::Md5.hash(parts).hex().to_string();
        let wanted = hex(&[hex(&[b"a:b:c"]).as_bytes(), b"n", hex(&[b"M:u"]).as_bytes()]);
        assert_eq!(exchange.response(&ha1).hex().to_string(), wanted);
    }
}

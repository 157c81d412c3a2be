//! Which generation of each object a worker has loaded. Ten thousand Users are forty thousand objects, so they are kept
//! as small as they can be, and copies share them.
use std::{fmt, sync::Arc};

use data_encoding::HEXLOWER;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

/// The generation of every object, by its UID. It does not change, and a copy costs nothing.
#[derive(Clone, Default)]
pub struct Generations(Arc<Vec<(Uid, i64)>>);

impl Generations {
    /// That of the object with this UID.
    pub fn get(&self, uid: &str) -> Option<i64> {
        let uid = Uid::from(uid);
        let at = self.0.binary_search_by(|(other, _)| other.cmp(&uid)).ok()?;
        Some(self.0.get(at)?.1)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn sorted(mut all: Vec<(Uid, i64)>) -> Self {
        all.sort_unstable();
        all.shrink_to_fit();
        Self(Arc::new(all))
    }
}

impl<U: AsRef<str>> FromIterator<(U, i64)> for Generations {
    fn from_iter<I: IntoIterator<Item = (U, i64)>>(all: I) -> Self {
        let all = all.into_iter();
        let all = all.map(|(uid, generation)| (Uid::from(uid.as_ref()), generation));
        Self::sorted(all.collect())
    }
}

impl PartialEq for Generations {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for Generations {}

impl fmt::Debug for Generations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.0.iter().map(|(uid, generation)| (uid, generation));
        f.debug_map().entries(all).finish()
    }
}

impl Serialize for Generations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(uid, generation)| (uid, generation)))
    }
}

impl<'de> Deserialize<'de> for Generations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Map)
    }
}

/// Reads the generations straight into their place, without a map beside it.
struct Map;

impl<'de> Visitor<'de> for Map {
    type Value = Generations;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("generations by UID")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Generations, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = map.next_entry()? {
            all.push(entry);
        }
        Ok(Generations::sorted(all))
    }
}

/// The UID of an object. Its text would take five times the room.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Form);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    /// As Kubernetes gives them.
    Uuid([u8; 16]),
    /// Kubernetes does not promise the form: any other text.
    Text(Box<str>),
}

impl From<&str> for Uid {
    fn from(text: &str) -> Self {
        Self(uuid(text).map_or_else(|| Form::Text(text.into()), Form::Uuid))
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Text(text) => f.write_str(text),
            Form::Uuid(uuid) => {
                let text = hyphenated(uuid);
                f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Uid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Uid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a UID")
    }

    fn visit_str<E>(self, text: &str) -> Result<Uid, E> {
        Ok(text.into())
    }
}

/// The bytes of a UUID, if it is written exactly as [`hyphenated`] writes it.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; LENGTH] = text.as_bytes().try_into().ok()?;
    let mut digits = [0; 32];
    let mut places = digits.iter_mut();
    for (at, byte) in text.iter().enumerate() {
        if !HYPHENS.contains(&at) {
            *places.next()? = *byte;
        } else if *byte != b'-' {
            return None;
        }
    }
    let mut uuid = [0; 16];
    HEXLOWER.decode_mut(&digits, &mut uuid).ok()?;
    Some(uuid)
}

fn hyphenated(uuid: &[u8; 16]) -> [u8; LENGTH] {
    let mut digits = [b'0'; 32];
    HEXLOWER.encode_mut(uuid, &mut digits);
    let mut digits = digits.into_iter();
    std::array::from_fn(|at| {
        if HYPHENS.contains(&at) {
            b'-'
        } else {
            digits.next().unwrap_or(b'0')
        }
    })
}

const LENGTH: usize = 36;
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

#[cfg(test)]
mod tests {
    use super::*;

    const MARY: &str = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d";

    #[test]
    fn every_uid_is_found_and_written_as_it_was_read() {
        let others = [
            "mary",
            "",
            "9B1DEB4D-3B7D-4BAD-9BDD-2B0D7B3DCB6D",
            "9b1deb4d03b7d-4bad-9bdd-2b0d7b3dcb6d",
            "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6x",
        ];
        let uids = others.into_iter().chain([MARY]);
        let loaded: Generations = uids.clone().zip(1..).collect();
        let read: Generations =
            serde_json::from_str(&serde_json::to_string(&loaded).unwrap()).unwrap();
        assert_eq!(read, loaded);
        for (uid, generation) in uids.zip(1..) {
            assert_eq!(read.get(uid), Some(generation), "{uid}");
            assert_eq!(Uid::from(uid).to_string(), uid);
        }
        assert_eq!(read.get("john"), None);
    }

    #[test]
    fn a_uid_of_kubernetes_takes_no_room_beside_its_entry() {
        assert!(matches!(Uid::from(MARY).0, Form::Uuid(_)));
        assert!(size_of::<(Uid, i64)>() <= 32);
    }
}

//! Secrets that no manifest gave: made once, kept in the state folder.
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::Path,
};

use crds::{
    Objects, Secret, pin,
    secrets::{self, Use, Wanted},
};
use data_encoding::BASE64;

use super::{StateError, durable};

/// One Secret for each name that is wanted, as the state folder has it, with what it lacks generated.
pub(super) fn secrets(
    folder: &Path,
    wanted: &[Wanted],
    objects: &Objects,
) -> Result<Vec<Secret>, StateError> {
    let mut by_name: BTreeMap<&str, Vec<&Wanted>> = BTreeMap::new();
    for each in wanted {
        by_name.entry(&each.entry.name).or_default().push(each);
    }
    let mut all = Vec::with_capacity(by_name.len());
    for (name, wanted) in by_name {
        let path = folder.join(format!("{name}.yaml"));
        let kept: Option<Secret> = durable::read_yaml(&path)?;
        let mut entries = kept
            .and_then(|secret| secret.string_data)
            .unwrap_or_default();
        let before = entries.len();
        for each in wanted {
            if !entries.contains_key(&each.entry.key) {
                let value = generate(each, objects).map_err(|error| StateError::Io {
                    path: URANDOM.into(),
                    error,
                })?;
                entries.insert(each.entry.key.clone(), value);
            }
        }
        let mut secret = secrets::secret(name, entries);
        let marked = (secrets::GENERATED.to_owned(), "true".to_owned());
        secret.metadata.annotations = Some([marked].into());
        if secret
            .string_data
            .as_ref()
            .is_some_and(|entries| entries.len() > before)
        {
            durable::write_yaml(&path, &secret)?;
        }
        all.push(secret);
    }
    Ok(all)
}

fn generate(wanted: &Wanted, objects: &Objects) -> io::Result<String> {
    match wanted.purpose {
        Use::Sip | Use::Portal => characters(PASSWORD_LENGTH, PASSWORD_ALPHABET),
        Use::Key => Ok(BASE64.encode(&random::<32>()?)),
        Use::Pin => loop {
            let pin = characters(PIN_LENGTH, b"0123456789")?;
            let guessable = |extension: &str| pin.contains(extension);
            let extensions = objects
                .users
                .iter()
                .filter_map(|user| user.spec.extension.as_deref());
            if pin::check(&pin, None).is_ok() && !extensions.take(100).any(guessable) {
                return Ok(pin);
            }
        },
    }
}

/// 31 characters that are hard to confuse: 16 of them are 79 bits.
const PASSWORD_ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";
const PASSWORD_LENGTH: usize = 16;
const PIN_LENGTH: usize = 6;
const URANDOM: &str = "/dev/urandom";

/// So many characters, each of the alphabet equally likely.
fn characters(length: usize, alphabet: &[u8]) -> io::Result<String> {
    let whole = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in random::<64>()?.map(usize::from) {
            if byte < whole
                && text.len() < length
                && let Some(character) = alphabet.get(byte % alphabet.len())
            {
                text.push(char::from(*character));
            }
        }
    }
    Ok(text)
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open(URANDOM)?.read_exact(&mut bytes)?;
    Ok(bytes)
}

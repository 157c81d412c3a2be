//! Passwords, PINs and keys.
use crds::pin;

use crate::error::Error;

/// A password for a phone or a web page: 24 characters that are hard to confuse, 118 bits.
pub fn password() -> Result<String, Error> {
    characters(24, b"abcdefghijkmnpqrstuvwxyz23456789")
}

/// A PIN of six digits that is not easily guessed.
pub fn pin(extension: Option<&str>) -> Result<String, Error> {
    loop {
        let pin = characters(6, b"0123456789")?;
        let tells = extension.is_some_and(|number| !number.is_empty() && pin.contains(number));
        if pin::check(&pin, extension).is_ok() && !tells {
            return Ok(pin);
        }
    }
}

/// A key that nobody types.
pub fn key() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(Error::Random)?;
    Ok(bytes)
}

/// So many characters, each of the alphabet equally likely.
fn characters(length: usize, alphabet: &[u8]) -> Result<String, Error> {
    let whole = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in key()?.map(usize::from) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_never_easily_guessed() {
        for _ in 0..1000 {
            let pin = pin(Some("10")).unwrap();
            assert!(
                pin::check(&pin, Some("10")).is_ok() && !pin.contains("10"),
                "{pin}"
            );
        }
        assert_eq!(password().unwrap().len(), 24);
        assert_ne!(password().unwrap(), password().unwrap());
    }
}

//! Letters that a language has no name for are spelled as the plain letters that they are written upon.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Whether every language can spell a text whole: it has a letter or digit, and each is one of a to z and 0 to 9,
/// with or without marks ("Zoë", "Łukasz"). What is neither letter nor digit is passed over in spelling.
pub fn can_be_spelled(text: &str) -> bool {
    let mut letters = composed(text).filter(|c| c.is_alphanumeric()).peekable();
    letters.peek().is_some() && letters.all(|c| plain(c).all(|c| c.is_ascii_alphanumeric()))
}

/// The letters and digits of a text, in lower case and without their marks: "zoe lukasz" of "Zoë Łukasz".
pub fn plain_letters(text: &str) -> impl Iterator<Item = char> {
    composed(text).flat_map(plain)
}

/// The characters of a text as catalogues name them: lower case, and letter and mark in one.
pub(crate) fn composed(text: &str) -> impl Iterator<Item = char> {
    text.nfc().flat_map(char::to_lowercase).nfc()
}

/// A character without its marks; ligatures and letters with a stroke as they are commonly written without.
pub(crate) fn plain(c: char) -> impl Iterator<Item = char> {
    let written = match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        _ => "",
    };
    let itself = written.is_empty().then_some(c);
    let unmarked = itself.into_iter().nfd().filter(|&c| !is_combining_mark(c));
    written.chars().chain(unmarked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_spelled_only_if_all_its_letters_can_be_said() {
        for name in [
            "Mary O'Neill-Smith",
            "Zoë",
            "Zoe\u{308}",
            "Łukasz Đặng",
            "Straße 4",
            "İbrahim Işık",
        ] {
            assert!(can_be_spelled(name), "{name}");
        }
        for name in ["李", "Mary 李", "Ольга", " - ", "", "\u{308}"] {
            assert!(!can_be_spelled(name), "{name}");
        }
    }

    #[test]
    fn letters_lose_their_marks() {
        let plain = |text: &str| plain_letters(text).collect::<String>();
        assert_eq!(plain("ÉCOLE ñandú ẞ Ærø"), "ecole nandu ss aero");
    }
}

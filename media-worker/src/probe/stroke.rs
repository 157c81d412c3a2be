//! Keys to press.

use media::dtmf::Digit;

/// One thing of a list of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    /// A key is pressed.
    Press(Digit),
    /// A second passes.
    Wait,
}

/// Reads `13579#,1`; a character that is no key is told in a sentence.
pub(super) fn parse(text: &str) -> Result<Vec<Stroke>, String> {
    text.chars()
        .map(|character| match character {
            ',' => Ok(Stroke::Wait),
            _ => Digit::from_char(character)
                .map(Stroke::Press)
                .ok_or_else(|| {
                    format!(
                        "`{character}` is no key: write 0-9, *, # or A-D, and `,` to wait a second"
                    )
                }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_waits_are_read_in_order() {
        let strokes = parse("1#,*").unwrap();
        assert_eq!(
            strokes,
            [
                Stroke::Press(Digit::One),
                Stroke::Press(Digit::Pound),
                Stroke::Wait,
                Stroke::Press(Digit::Star)
            ]
        );
        assert!(parse("12x").is_err_and(|sentence| sentence.contains("`x`")));
    }
}

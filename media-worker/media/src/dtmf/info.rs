//! Digits in the body of a SIP INFO.

use super::Digit;

/// The digit of an INFO body of `application/dtmf-relay` (`Signal=5`, `Duration=160`) or `application/dtmf` (`5`).
/// Both are customs without an RFC; `10` and `11` stand for star and pound as in the event codes.
pub fn from_info(content_type: &str, body: &[u8]) -> Option<Digit> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let body = std::str::from_utf8(body.get(..body.len().min(MAX_BODY))?).ok()?;
    if media_type.eq_ignore_ascii_case("application/dtmf-relay") {
        body.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("signal")
                .then(|| signal(value))?
        })
    } else if media_type.eq_ignore_ascii_case("application/dtmf") {
        signal(body)
    } else {
        None
    }
}

fn signal(value: &str) -> Option<Digit> {
    let value = value.trim();
    let mut characters = value.chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) => Digit::from_char(only),
        (Some(_), Some(_)) => value
            .parse()
            .ok()
            .filter(|code| *code >= 10)
            .and_then(Digit::from_code),
        (None, _) => None,
    }
}

const MAX_BODY: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relay_bodies_name_the_signal_among_other_lines() {
        let relay = |body: &str| from_info("application/dtmf-relay", body.as_bytes());
        assert_eq!(relay("Signal=5\r\nDuration=160\r\n"), Some(Digit::Five));
        assert_eq!(relay("duration = 160\nsignal = #\n"), Some(Digit::Pound));
        assert_eq!(relay("Signal=10"), Some(Digit::Star));
        assert_eq!(relay("Signal=11"), Some(Digit::Pound));
        assert_eq!(relay("Signal=16"), None);
        assert_eq!(relay("Signal=05"), None);
        assert_eq!(relay("Duration=160"), None);
    }

    #[test]
    fn plain_bodies_are_the_digit() {
        assert_eq!(from_info("application/dtmf", b"a\r\n"), Some(Digit::A));
        assert_eq!(
            from_info("Application/DTMF; charset=utf-8", b" 7 "),
            Some(Digit::Seven)
        );
        assert_eq!(from_info("application/dtmf", b""), None);
        assert_eq!(from_info("application/dtmf", b"\xff"), None);
        assert_eq!(from_info("text/plain", b"7"), None);
    }
}

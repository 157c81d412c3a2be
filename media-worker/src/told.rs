//! Errors told to people.

/// What failed and why, in one line. Many errors say their cause themselves: it is not said again.
pub fn in_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let said = cause.to_string();
        if line.ends_with(&said) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&said);
    }
    line
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use media::wav;

    use super::*;

    #[test]
    fn a_cause_that_is_said_already_is_not_said_again() {
        let read = wav::read(b"no recording");
        let error = read.context("noise.wav can't be played").unwrap_err();
        let line = in_one_line(&error);
        assert!(
            line.starts_with("noise.wav can't be played: not a"),
            "{line}"
        );
        assert_eq!(line.matches("RIFF").count(), 1, "{line}");
    }

    #[test]
    fn every_cause_that_says_more_is_told_in_order() {
        let gone = std::io::Error::other("the disk is gone");
        let error = anyhow::Error::new(gone).context("it can't be read");
        let error = error.context("the store can't be opened");
        assert_eq!(
            in_one_line(&error),
            "the store can't be opened: it can't be read: the disk is gone"
        );
    }
}

//! Texts with places: `You have {0}, and {1}.`, `{weekday:weekday} at {time}`.

/// A text cut at its places.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(pub(crate) Vec<Part>);

/// A stretch of a [`Template`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    /// Spoken as it stands: one recording, but for the [`Part::Mark`]s around it.
    Words(String),
    /// Punctuation at the edge of the words: what is before it ends a clause or the sentence.
    Mark(char),
    /// `{0}`: filled by the caller.
    Place(usize),
    /// `{date}`: another form of the catalogue.
    Form(String),
    /// `{day:ordinal}`: a variable spelled by a set of rules.
    Spelled {
        /// The variable.
        variable: String,
        /// The set of rules.
        rules: String,
    },
}

impl Template {
    /// Cuts a text at its places. The error is a sentence fragment for the catalogue's author.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            push_words(&mut parts, before);
            let (inside, next) = after
                .split_once('}')
                .ok_or_else(|| format!("`{text}` lacks a closing brace"))?;
            parts.push(place(inside).ok_or_else(|| format!("`{{{inside}}}` is no place"))?);
            rest = next;
        }
        if rest.contains('}') {
            return Err(format!("`{text}` has a closing brace too many"));
        }
        push_words(&mut parts, rest);
        if parts.is_empty() {
            return Err("the text is empty".to_owned());
        }
        Ok(Self(parts))
    }

    /// The stretches of words, in order: each is one recording.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Words(words) => Some(words.as_str()),
            Part::Mark(_) | Part::Place(_) | Part::Form(_) | Part::Spelled { .. } => None,
        })
    }

    /// The same stretches as they are to be spoken: with their mark, and an ellipsis where other
    /// words go before or follow in the sentence.
    pub(crate) fn spoken(&self) -> impl Iterator<Item = String> {
        self.0.iter().enumerate().filter_map(|(index, part)| {
            let Part::Words(words) = part else {
                return None;
            };
            let before = if self.begins_sentence(index) {
                ""
            } else {
                "… "
            };
            let after = match self.0.get(index + 1) {
                Some(Part::Mark(mark)) if ends_sentence(*mark) => mark.to_string(),
                Some(_) => " …".to_owned(),
                None => ".".to_owned(),
            };
            Some(format!("{before}{words}{after}"))
        })
    }

    fn begins_sentence(&self, index: usize) -> bool {
        match index.checked_sub(1).and_then(|before| self.0.get(before)) {
            None => true,
            Some(Part::Mark(mark)) => ends_sentence(*mark),
            Some(Part::Words(_) | Part::Place(_) | Part::Form(_) | Part::Spelled { .. }) => false,
        }
    }
}

/// Whether a character is punctuation that shapes the melody of what stands before it.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(c, '.' | ',' | '!' | '?' | ';' | ':')
}

/// Whether a mark ends a sentence.
pub(crate) fn ends_sentence(mark: char) -> bool {
    matches!(mark, '.' | '!' | '?')
}

fn push_words(parts: &mut Vec<Part>, text: &str) {
    let text = text.trim();
    let words = text.trim_start_matches(is_mark);
    let leading = text.len() - words.len();
    parts.extend(text[..leading].chars().map(Part::Mark));
    let bare = words.trim_end_matches(is_mark);
    if !bare.trim().is_empty() {
        parts.push(Part::Words(bare.trim().to_owned()));
    }
    parts.extend(words[bare.len()..].chars().map(Part::Mark));
}

fn place(inside: &str) -> Option<Part> {
    if let Ok(number) = inside.parse() {
        return Some(Part::Place(number));
    }
    let name = |s: &str| {
        let fits = !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || c == '-');
        fits.then(|| s.to_owned())
    };
    match inside.split_once(':') {
        Some((variable, rules)) => Some(Part::Spelled {
            variable: name(variable)?,
            rules: name(rules)?,
        }),
        None => name(inside).map(Part::Form),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_places_and_marks_are_told_apart() {
        let template = Template::parse("You have {0}, and {n:cardinal} at {time}.").unwrap();
        assert_eq!(
            template.0,
            [
                Part::Words("You have".into()),
                Part::Place(0),
                Part::Mark(','),
                Part::Words("and".into()),
                Part::Spelled {
                    variable: "n".into(),
                    rules: "cardinal".into()
                },
                Part::Words("at".into()),
                Part::Form("time".into()),
                Part::Mark('.'),
            ]
        );
    }

    #[test]
    fn marks_inside_words_stay() {
        let template = Template::parse("Cancelled. Nothing was sent.").unwrap();
        assert_eq!(
            template.0,
            [
                Part::Words("Cancelled. Nothing was sent".into()),
                Part::Mark('.')
            ]
        );
    }

    #[test]
    fn broken_places_are_refused() {
        for text in ["{", "a {0", "a } b", "{}", "{a b}", "{:x}", "", "{x:}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}

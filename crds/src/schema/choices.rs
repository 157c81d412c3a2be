//! Texts that are a choice of a few words, some of which YAML takes for true or false.
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;

use super::suggestion;

/// What a text may be.
pub(super) struct Choices<'s>(Vec<&'s str>);

impl<'s> Choices<'s> {
    /// Those of this schema; none where any text will do.
    pub(super) fn of(schema: &'s JSONSchemaProps) -> Option<Self> {
        let choices = schema.enum_.as_ref()?.iter();
        Some(Self(
            choices.filter_map(|choice| choice.0.as_str()).collect(),
        ))
    }

    pub(super) fn contain(&self, text: &str) -> bool {
        self.0.contains(&text)
    }

    /// What to write where this word is none of them.
    pub(super) fn instead_of_word(&self, text: &str) -> String {
        match suggestion(text, self.0.iter().copied()) {
            Some(meant) => format!("did you mean {}?", in_yaml(meant)),
            None => self.one_of(),
        }
    }

    /// What to write where a word was read as yes or no.
    pub(super) fn instead_of(&self, read: bool) -> String {
        match self.0.iter().find(|word| is_taken_for(read, word)) {
            Some(meant) => format!("put it in quotes: {}", in_yaml(meant)),
            None => self.one_of(),
        }
    }

    fn one_of(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|word| in_yaml(word)).collect();
        format!("write one of {}", words.join(", "))
    }
}

/// A word as it is to be written: in quotes where YAML would take the bare one for true or false.
fn in_yaml(word: &str) -> String {
    if is_taken_for(true, word) || is_taken_for(false, word) {
        format!("\"{word}\"")
    } else {
        word.to_owned()
    }
}

fn is_taken_for(value: bool, word: &str) -> bool {
    let words = if value {
        ["true", "yes", "on"]
    } else {
        ["false", "no", "off"]
    };
    words.iter().any(|it| it.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{Kind, ObjectRef, schema::check};

    fn remedy(kind: Kind, spec: &Value, field: &str) -> Option<String> {
        let object = ObjectRef::new(kind, "x");
        let problems = check(&object, &json!({"spec": spec}));
        let about = problems.into_iter().find(|it| it.field == field);
        about.map(|it| it.remedy)
    }

    #[test]
    fn a_choice_that_yaml_takes_for_no_is_to_be_quoted_as_it_was_meant() {
        let mode = |mode: Value| {
            let spec = json!({"voicemail": {"email": {"mode": mode}}});
            remedy(Kind::User, &spec, "spec.voicemail.email.mode")
        };
        let off = Some("put it in quotes: \"Off\"".to_owned());
        assert_eq!(mode(json!(false)), off);
        let one_of = Some("write one of \"Off\", Notify, Attach, AttachAndDelete".to_owned());
        assert_eq!(mode(json!(true)), one_of);
        assert_eq!(mode(json!("false")), one_of);
        assert_eq!(mode(json!("of")).as_deref(), Some("did you mean \"Off\"?"));
        assert_eq!(mode(json!("Off")), None);
        let smtp = json!({"mail": {"smtp": {"tls": false}}});
        assert_eq!(remedy(Kind::PhoneSystem, &smtp, "spec.mail.smtp.tls"), off);
    }
}

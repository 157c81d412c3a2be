//! Parameters of URIs and of header values.

use std::borrow::Cow;
use std::fmt;

use super::chars::{TOKEN, URI_PARAM, VALUE};
use super::cursor::{Cursor, SyntaxError, cut, quote, unquote};
use super::escape::is_well_escaped;

/// `;name=value` pairs in order. Names are looked up without regard to case; values are kept as written, quotes and
/// escapes included. Held as one text, since most are read once and never changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Params(String);

impl Params {
    /// No parameters.
    pub const fn new() -> Self {
        Params(String::new())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// The first parameter of this name: `None` when absent, `Some(None)` when it has no value. The value is as
    /// written; see [`Params::text`] for what a quoted one says.
    pub fn get(&self, name: &str) -> Option<Option<&str>> {
        self.iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether a parameter of this name is there, with a value or without.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The value of the first parameter of this name, as written; `None` also when it has none.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.get(name).flatten()
    }

    /// As [`Params::value`], without the quotes and their escapes.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.value(name).map(unquote)
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut cursor = Cursor::new(&self.0);
        std::iter::from_fn(move || {
            if !cursor.eat(b';') {
                return None;
            }
            let name = cursor.take_while(|octet| octet != b';' && octet != b'=');
            if !cursor.eat(b'=') {
                return Some((name, None));
            }
            let quoted = cursor.quoted();
            Some((
                name,
                Some(quoted.unwrap_or_else(|_| cursor.take_while(|octet| octet != b';'))),
            ))
        })
    }

    /// Sets a parameter, in its place when it is there. A value that the grammar does not allow bare is written quoted;
    /// a name that is no token is ignored.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        if !TOKEN.all(name.as_bytes()) {
            return;
        }
        let value = value.map(as_written);
        if !self.has(name) {
            self.push(name, value.as_deref());
            return;
        }
        let mut changed = Params::new();
        for (known, old) in self.iter() {
            let same = known.eq_ignore_ascii_case(name);
            changed.push(known, if same { value.as_deref() } else { old });
        }
        *self = changed;
    }

    /// As [`Params::set`], for chains.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.set(name, value);
        self
    }

    /// Removes the parameters of this name; whether there were any.
    pub fn remove(&mut self, name: &str) -> bool {
        let had = self.has(name);
        if had {
            let mut kept = Params::new();
            for (known, value) in self
                .iter()
                .filter(|(known, _)| !known.eq_ignore_ascii_case(name))
            {
                kept.push(known, value);
            }
            *self = kept;
        }
        had
    }

    /// Reads `*(SEMI generic-param)` of a header value.
    pub(crate) fn of_header(cursor: &mut Cursor<'_>) -> Result<Params, SyntaxError> {
        let mut params = Params::new();
        while cursor.eat_spaced(b';') {
            if params.0.is_empty() {
                params.0.reserve(cursor.rest().len() + 1);
            }
            let name = cursor.token()?;
            let value = if cursor.eat_spaced(b'=') {
                Some(cursor.value()?)
            } else {
                None
            };
            params.push(name, value);
        }
        Ok(params)
    }

    /// Reads what follows the first `;` of a URI.
    pub(crate) fn of_uri(text: &str) -> Result<Params, SyntaxError> {
        for part in text.split(';') {
            let (name, value) =
                cut(part, b'=').map_or((part, None), |(name, value)| (name, Some(value)));
            let sound = |text: &str| URI_PARAM.all(text.as_bytes()) && is_well_escaped(text);
            if !sound(name) || !value.is_none_or(sound) {
                return Err(SyntaxError("a parameter of a URI is malformed"));
            }
        }
        Ok(Params([";", text].concat()))
    }

    fn push(&mut self, name: &str, value: Option<&str>) {
        self.0.push(';');
        self.0.push_str(name);
        if let Some(value) = value {
            self.0.push('=');
            self.0.push_str(value);
        }
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn as_written(value: &str) -> Box<str> {
    let is_quoted = || {
        Cursor::new(value)
            .quoted()
            .is_ok_and(|quoted| quoted.len() == value.len())
    };
    if VALUE.all(value.as_bytes()) || is_quoted() && !value.contains(['\r', '\n']) {
        return value.into();
    }
    let mut quoted = String::with_capacity(value.len() + 2);
    let _: fmt::Result = quote(value, &mut quoted);
    quoted.into()
}

//! Parameters of URIs and of header values.

use std::borrow::Cow;
use std::fmt;

use super::chars::{TOKEN, URI_PARAM, VALUE};
use super::cursor::{Cursor, SyntaxError, quote, unquote};
use super::escape::is_well_escaped;

/// `;name=value` pairs in order. Names are looked up without regard to case; values are kept as written, quotes and
/// escapes included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Params(Vec<Param>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Param {
    name: Box<str>,
    value: Option<Box<str>>,
}

impl Params {
    /// No parameters.
    pub const fn new() -> Self {
        Params(Vec::new())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
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
        self.0
            .iter()
            .map(|param| (&*param.name, param.value.as_deref()))
    }

    /// Sets a parameter, in its place when it is there. A value that the grammar does not allow bare is written quoted;
    /// a name that is no token is ignored.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        if !TOKEN.all(name.as_bytes()) {
            return;
        }
        let value = value.map(as_written);
        match self
            .0
            .iter_mut()
            .find(|param| param.name.eq_ignore_ascii_case(name))
        {
            Some(param) => param.value = value,
            None => self.0.push(Param {
                name: name.into(),
                value,
            }),
        }
    }

    /// As [`Params::set`], for chains.
    #[must_use]
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.set(name, value);
        self
    }

    /// Removes the parameters of this name; whether there were any.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0
            .retain(|param| !param.name.eq_ignore_ascii_case(name));
        self.0.len() < before
    }

    /// Reads `*(SEMI generic-param)` of a header value.
    pub(crate) fn of_header(cursor: &mut Cursor<'_>) -> Result<Params, SyntaxError> {
        let mut params = Vec::new();
        while cursor.eat_spaced(b';') {
            let name = cursor.token()?;
            let value = if cursor.eat_spaced(b'=') {
                Some(cursor.value()?.into())
            } else {
                None
            };
            params.push(Param {
                name: name.into(),
                value,
            });
        }
        Ok(Params(params))
    }

    /// Reads what follows the first `;` of a URI.
    pub(crate) fn of_uri(text: &str) -> Result<Params, SyntaxError> {
        let mut params = Vec::with_capacity(2);
        for part in text.split(';') {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (part, None),
            };
            let sound = |text: &str| URI_PARAM.all(text.as_bytes()) && is_well_escaped(text);
            if !sound(name) || !value.is_none_or(sound) {
                return Err(SyntaxError("a parameter of a URI is malformed"));
            }
            params.push(Param {
                name: name.into(),
                value: value.map(Into::into),
            });
        }
        Ok(Params(params))
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.iter() {
            f.write_str(";")?;
            f.write_str(name)?;
            if let Some(value) = value {
                f.write_str("=")?;
                f.write_str(value)?;
            }
        }
        Ok(())
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

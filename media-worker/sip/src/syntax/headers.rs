//! The headers of a message, in order.

use bytes::Bytes;

use super::header_name::HeaderName;

/// One header: its name and its value, which is kept byte for byte (folded lines joined by spaces).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    name: HeaderName,
    value: Bytes,
}

impl Header {
    /// The name.
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// The value, without the white space around it.
    pub fn value(&self) -> &Bytes {
        &self.value
    }

    /// The value when it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.value).ok()
    }
}

/// All headers of a message in order. Values are raw here; the typed accessors read them on demand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    list: Vec<Header>,
}

impl Headers {
    /// No headers.
    pub const fn new() -> Self {
        Headers { list: Vec::new() }
    }

    /// No headers, with room for some.
    pub fn with_capacity(capacity: usize) -> Self {
        Headers {
            list: Vec::with_capacity(capacity),
        }
    }

    /// How many header lines there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All headers in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Header> {
        self.list.iter()
    }

    /// The value of the first header of this name, when it is there and UTF-8.
    pub fn get(&self, name: &HeaderName) -> Option<&str> {
        self.get_bytes(name)
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The value of the first header of this name, whatever octets it has.
    pub fn get_bytes(&self, name: &HeaderName) -> Option<&Bytes> {
        self.list
            .iter()
            .find(|header| header.name == *name)
            .map(|header| &header.value)
    }

    /// The values of all headers of this name that are UTF-8, one per line of the message.
    pub fn get_all<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a str> {
        self.raw_all(name)
            .filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// The values of all headers of this name, whatever octets they have.
    pub fn raw_all<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a Bytes> {
        self.list
            .iter()
            .filter(move |header| header.name == *name)
            .map(|header| &header.value)
    }

    /// Whether a header of this name is there.
    pub fn has(&self, name: &HeaderName) -> bool {
        self.get_bytes(name).is_some()
    }

    /// Adds a header at the end. Line breaks in the value become spaces.
    pub fn push(&mut self, name: HeaderName, value: impl Into<Bytes>) {
        self.list.push(Header {
            name,
            value: one_line(value.into()),
        });
    }

    /// Adds a header whose value has no line breaks.
    pub(crate) fn push_line(&mut self, name: HeaderName, value: Bytes) {
        self.list.push(Header { name, value });
    }

    /// As [`Headers::push`], for chains.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<Bytes>) -> Self {
        self.push(name, value);
        self
    }

    /// Adds a header before all others of its name, at the top when there are none (Via, Record-Route).
    pub fn push_front(&mut self, name: HeaderName, value: impl Into<Bytes>) {
        let at = self
            .list
            .iter()
            .position(|header| header.name == name)
            .unwrap_or(0);
        self.list.insert(
            at,
            Header {
                name,
                value: one_line(value.into()),
            },
        );
    }

    /// Replaces all headers of this name by one, in the place of the first.
    pub fn set(&mut self, name: HeaderName, value: impl Into<Bytes>) {
        let value = one_line(value.into());
        let Some(at) = self.list.iter().position(|header| header.name == name) else {
            self.list.push(Header { name, value });
            return;
        };
        let mut index = 0;
        self.list.retain(|header| {
            index += 1;
            index <= at + 1 || header.name != name
        });
        if let Some(header) = self.list.get_mut(at) {
            header.value = value;
        }
    }

    /// Removes all headers of this name; whether there were any.
    pub fn remove(&mut self, name: &HeaderName) -> bool {
        let before = self.list.len();
        self.list.retain(|header| header.name != *name);
        self.list.len() < before
    }

    /// Removes the first line of this name (our own Via, when a response has come back).
    pub fn remove_first(&mut self, name: &HeaderName) -> Option<Bytes> {
        let at = self.list.iter().position(|header| header.name == *name)?;
        Some(self.list.remove(at).value)
    }

    /// Adds all headers of another list at the end.
    pub fn extend(&mut self, others: Headers) {
        self.list.extend(others.list);
    }

    /// Copies all headers of this name from another message, values shared.
    pub fn copy_all(&mut self, from: &Headers, name: &HeaderName) {
        self.list.extend(
            from.list
                .iter()
                .filter(|header| header.name == *name)
                .cloned(),
        );
    }

    /// Copies the first header of this name from another message, its value shared.
    pub fn copy_first(&mut self, from: &Headers, name: &HeaderName) {
        self.list.extend(
            from.list
                .iter()
                .find(|header| header.name == *name)
                .cloned(),
        );
    }
}

/// A value that cannot break its line and so smuggle in a header.
fn one_line(value: Bytes) -> Bytes {
    if memchr::memchr2(b'\r', b'\n', &value).is_none() {
        return value;
    }
    value
        .iter()
        .map(|octet| {
            if matches!(octet, b'\r' | b'\n') {
                b' '
            } else {
                *octet
            }
        })
        .collect()
}

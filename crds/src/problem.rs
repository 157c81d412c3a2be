//! What is wrong with an object, said so that its author can put it right.
use std::fmt;

pub use crate::{conditions::Reason, kinds::Kind};

/// One object, by Kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// Its Kind.
    pub kind: Kind,
    /// Its `metadata.name`.
    pub name: String,
}

impl ObjectRef {
    /// The object of this Kind and name.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is missing altogether has no name.
        match self.name.as_str() {
            "" => self.kind.fmt(f),
            name => write!(f, "{} {name}", self.kind),
        }
    }
}

/// Whether the object, or the part of it that is named, is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Everything is in force; its author should know nevertheless.
    Warning,
    /// The part that is named is not in force: `Accepted=False`.
    Error,
}

/// One thing that is wrong with one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Whose.
    pub object: ObjectRef,
    /// Which field, as `spec.attempts[0].rings`; empty when the whole object is meant.
    pub field: String,
    /// How bad.
    pub severity: Severity,
    /// The condition's reason, for machines.
    pub reason: Reason,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What to write or do instead, one sentence without a full stop.
    pub remedy: String,
    /// Whether nothing of the object is in force because of it.
    pub leaves_out: bool,
}

impl Problem {
    /// A part that is not in force.
    pub fn error(object: ObjectRef, field: impl Into<String>, reason: Reason) -> Self {
        let (field, message, remedy) = (field.into(), String::new(), String::new());
        Self {
            object,
            field,
            severity: Severity::Error,
            reason,
            message,
            remedy,
            leaves_out: false,
        }
    }

    /// Something to know about a part that is in force.
    pub fn warning(object: ObjectRef, field: impl Into<String>, reason: Reason) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(object, field, reason)
        }
    }

    /// Says what is wrong.
    #[must_use]
    pub fn because(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Says that nothing of the object is in force because of it.
    #[must_use]
    pub fn leaving_out(mut self) -> Self {
        self.leaves_out = true;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.object)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        write!(f, "{}; {}", self.message, self.remedy)
    }
}

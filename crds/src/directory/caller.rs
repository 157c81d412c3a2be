//! Who is calling.
use std::sync::Arc;

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A phone that is this user's own or that he is logged in to.
    User(Arc<str>),
    /// A shared handset that nobody is logged in to, by handset name.
    SharedHandset(Arc<str>),
    /// Somebody outside; the number as it came, empty when withheld.
    External {
        /// The number, in whatever form the trunk gave it.
        number: Arc<str>,
        /// The name that came with it.
        name: Option<Arc<str>>,
    },
}

impl Caller {
    /// The user who calls, if one does.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::User(name) => Some(name),
            Self::SharedHandset(_) | Self::External { .. } => None,
        }
    }

    /// Whether the call comes from a phone of the company.
    pub fn is_internal(&self) -> bool {
        match self {
            Self::User(_) | Self::SharedHandset(_) => true,
            Self::External { .. } => false,
        }
    }
}

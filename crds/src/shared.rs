//! Objects that several hold and nobody copies: a namespace of ten thousand Users is compiled over and over.
use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

/// An object that several hold. Whoever changes it changes his own copy.
#[derive(Debug, Default, PartialEq)]
pub struct Shared<K>(Arc<K>);

impl<K> Clone for Shared<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Deref for Shared<K> {
    type Target = K;

    fn deref(&self) -> &K {
        &self.0
    }
}

impl<K: Clone> DerefMut for Shared<K> {
    fn deref_mut(&mut self) -> &mut K {
        Arc::make_mut(&mut self.0)
    }
}

impl<K> From<K> for Shared<K> {
    fn from(object: K) -> Self {
        Self(Arc::new(object))
    }
}

impl<K> From<Arc<K>> for Shared<K> {
    fn from(object: Arc<K>) -> Self {
        Self(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_changes_an_object_leaves_that_of_the_others_as_it_is() {
        let held = Arc::new(String::from("mary"));
        let mut changed = Shared::from(Arc::clone(&held));
        assert!(
            std::ptr::eq(&raw const *held, &raw const *changed),
            "nothing is copied"
        );
        changed.push_str("-desk");
        assert_eq!((held.as_str(), changed.as_str()), ("mary", "mary-desk"));
    }
}

//! What of a list in a worker's reports is new.
use std::{collections::HashSet, hash::Hash};

/// What was in the list before, so that each is told of once.
#[derive(Debug)]
pub(super) struct News<T>(HashSet<T>);

impl<T> Default for News<T> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<T: Clone + Eq + Hash> News<T> {
    /// Those that were not in the list before.
    pub(super) fn of(&mut self, list: &[T]) -> Vec<T> {
        self.0.retain(|told| list.contains(told));
        let new: Vec<T> = list
            .iter()
            .filter(|&it| !self.0.contains(it))
            .cloned()
            .collect();
        self.0.extend(new.iter().cloned());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_once_and_the_next_round_again() {
        let mut news = News::default();
        assert_eq!(news.of(&["mary 60", "john 60"]), ["mary 60", "john 60"]);
        assert_eq!(news.of(&["mary 60", "john 60"]), [] as [&str; 0]);
        assert_eq!(news.of(&["john 60", "mary 120"]), ["mary 120"]);
        assert_eq!(news.0.len(), 2, "what is over is forgotten");
    }
}

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
    /// Those that were not in the list before and of which there still is something to tell. A worker's list keeps what is
    /// over until it has something else to say, and an operator that begins to lead has heard of none of it.
    pub(super) fn of(&mut self, list: &[T], still: impl Fn(&T) -> bool) -> Vec<T> {
        self.0.retain(|told| list.contains(told));
        let new: Vec<T> = list
            .iter()
            .filter(|&it| !self.0.contains(it) && still(it))
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
        let mut of = |list: &[&'static str]| news.of(list, |_| true);
        assert_eq!(of(&["mary 60", "john 60"]), ["mary 60", "john 60"]);
        assert_eq!(of(&["mary 60", "john 60"]), [] as [&str; 0]);
        assert_eq!(of(&["john 60", "mary 120"]), ["mary 120"]);
        assert_eq!(news.0.len(), 2, "what is over is forgotten");
    }

    #[test]
    fn who_hears_for_the_first_time_of_what_is_over_tells_nothing_of_it() {
        let mut news = News::default();
        let list = ["mary 60", "john 120"];
        assert_eq!(news.of(&list, |it| *it != "mary 60"), ["john 120"]);
        assert_eq!(news.of(&list, |it| *it != "mary 60"), [] as [&str; 0]);
    }
}

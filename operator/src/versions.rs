//! Resource versions, which tell of two readings of one object the newer.
use std::cmp::Ordering;

/// How two versions of one object stand to each other; none if they are not the numbers that grow which the API
/// server makes (Kubernetes enhancement 5504).
pub fn compare(one: &str, other: &str) -> Option<Ordering> {
    let number = |version: &str| version.parse::<u128>().ok();
    Some(number(one)?.cmp(&number(other)?))
}

/// Whether this version is that one or a newer.
pub fn reaches(one: &str, other: &str) -> bool {
    one == other || compare(one, other).is_some_and(Ordering::is_ge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow_as_numbers_and_not_as_texts() {
        assert!(reaches("1000", "999"));
        assert!(!reaches("99", "100"));
        assert!(reaches("same", "same"));
        assert!(!reaches("one", "other"));
    }
}

//! Conditions on numbers, in the notation of the CLDR plural rules, such as
//! `n % 10 = 2..4 and n % 100 != 12..14`, over whatever variables a form has.

use std::collections::BTreeMap;

/// The values that conditions and templates of one form speak of.
pub(crate) type Variables = BTreeMap<&'static str, i64>;

/// A condition: alternatives, each of relations that must all hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition(Vec<Vec<Relation>>);

#[derive(Clone, Debug, PartialEq)]
struct Relation {
    variable: String,
    modulus: Option<i64>,
    negated: bool,
    ranges: Vec<(i64, i64)>,
}

impl Condition {
    /// Reads a condition; `else` always holds. The error is a fragment for the catalogue's author.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == "else" {
            return Ok(Self(vec![Vec::new()]));
        }
        let alternatives = text
            .split(" or ")
            .map(|all| all.split(" and ").map(relation).collect());
        alternatives.collect::<Result<_, _>>().map(Self)
    }

    /// Whether it holds. A variable that the form does not have makes its relation false.
    pub(crate) fn holds(&self, variables: &Variables) -> bool {
        self.0
            .iter()
            .any(|all| all.iter().all(|relation| relation.holds(variables)))
    }

    /// The variables it speaks of.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .flatten()
            .map(|relation| relation.variable.as_str())
    }
}

impl Relation {
    fn holds(&self, variables: &Variables) -> bool {
        let Some(&value) = variables.get(self.variable.as_str()) else {
            return false;
        };
        let value = self
            .modulus
            .map_or(value, |modulus| value.rem_euclid(modulus));
        let within = self
            .ranges
            .iter()
            .any(|&(low, high)| (low..=high).contains(&value));
        within != self.negated
    }
}

fn relation(text: &str) -> Result<Relation, String> {
    let wrong = || format!("`{}` is no condition", text.trim());
    let (left, right) = text.split_once('=').ok_or_else(wrong)?;
    let (left, negated) = match left.trim_end().strip_suffix('!') {
        Some(left) => (left, true),
        None => (left, false),
    };
    let (variable, modulus) = match left.split_once('%') {
        Some((variable, modulus)) => {
            let modulus = modulus.trim().parse().ok().filter(|&m: &i64| m > 0);
            (variable.trim(), Some(modulus.ok_or_else(wrong)?))
        }
        None => (left.trim(), None),
    };
    let ranges: Option<Vec<_>> = right.split(',').map(range).collect();
    Ok(Relation {
        variable: variable.to_owned(),
        modulus,
        negated,
        ranges: ranges.ok_or_else(wrong)?,
    })
}

fn range(text: &str) -> Option<(i64, i64)> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    Some((low.trim().parse().ok()?, high.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, n: i64) -> bool {
        Condition::parse(text)
            .unwrap()
            .holds(&BTreeMap::from([("n", n)]))
    }

    #[test]
    fn the_few_of_polish_holds_where_cldr_says() {
        let few = "n % 10 = 2..4 and n % 100 != 12..14";
        let held: Vec<i64> = (0..=35).filter(|&n| holds(few, n)).collect();
        assert_eq!(held, [2, 3, 4, 22, 23, 24, 32, 33, 34]);
    }

    #[test]
    fn alternatives_lists_and_else() {
        assert!(holds("n = 0 or n = 3,5..6", 6));
        assert!(!holds("n = 0 or n = 3,5..6", 4));
        assert!(holds("else", 7));
        assert!(holds("n = -1", -1));
    }

    #[test]
    fn a_variable_that_is_not_there_never_holds() {
        assert!(!holds("m = 1", 1));
        assert!(!holds("m != 1", 1));
    }

    #[test]
    fn broken_conditions_are_refused() {
        for text in ["", "n", "n = ", "n = x", "n % 0 = 1", "n = 1 and", "one"] {
            assert!(Condition::parse(text).is_err(), "{text}");
        }
    }
}

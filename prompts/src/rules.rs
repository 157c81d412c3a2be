//! Numbers in words by rules that are data, after the rule-based number format of CLDR
//! (UTS #35, part 3, "Rule-Based Number Formatting").

use std::collections::BTreeMap;

/// The sets of rules of one language, by name.
pub(crate) type RuleSets = BTreeMap<String, RuleSet>;

/// The rules of one way of counting, by rising base.
#[derive(Clone, Debug)]
pub(crate) struct RuleSet(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    base: u64,
    divisor: u64,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Words(String),
    /// A number, spelled by a set: this one if none is named.
    Number(Operand, Option<String>),
    /// Left out when the number has no rest.
    Optional(Vec<Part>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operand {
    /// `<<`: the number divided by the rule's divisor.
    Quotient,
    /// `>>`: what the division leaves.
    Rest,
    /// `=set=`: the number itself.
    Same,
}

impl RuleSet {
    /// Reads rules: each a base, or `base/radix`, and a body. The error is for the author.
    pub(crate) fn parse<'a>(
        lines: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, String> {
        let mut rules: Vec<Rule> = lines
            .into_iter()
            .map(|(base, body)| rule(base, body))
            .collect::<Result<_, _>>()?;
        rules.sort_by_key(|rule| rule.base);
        match rules.windows(2).find(|pair| pair[0].base == pair[1].base) {
            Some(pair) => Err(format!("there are two rules for {}", pair[0].base)),
            None => Ok(Self(rules)),
        }
    }

    /// Every stretch of words in the rules: each is a recording.
    pub(crate) fn words(&self) -> Vec<&str> {
        let mut words = Vec::new();
        self.visit(&mut |part| {
            if let Part::Words(text) = part {
                words.push(text.as_str());
            }
        });
        words
    }

    /// The other sets the rules name.
    pub(crate) fn sets(&self) -> Vec<&str> {
        let mut sets = Vec::new();
        self.visit(&mut |part| {
            if let Part::Number(_, Some(set)) = part {
                sets.push(set.as_str());
            }
        });
        sets
    }

    fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Part)) {
        for part in self.0.iter().flat_map(|rule| &rule.parts) {
            see(part);
            if let Part::Optional(inner) = part {
                inner.iter().for_each(&mut *see);
            }
        }
    }

    /// The rule for a number: the greatest base not above it, but the one before where the rule
    /// would say a rest of zero ("Rollback" in the standard).
    fn rule_for(&self, number: u64) -> Option<&Rule> {
        let after = self.0.partition_point(|rule| rule.base <= number);
        let rule = self.0.get(after.checked_sub(1)?)?;
        let says_zero = rule.says_rest()
            && number.is_multiple_of(rule.divisor)
            && !rule.base.is_multiple_of(rule.divisor);
        if says_zero {
            self.0.get(after.checked_sub(2)?)
        } else {
            Some(rule)
        }
    }
}

/// Spells a number: the stretches of words, in order. `None` if no rule covers it, or if the rules
/// run in a circle.
pub(crate) fn spell<'a>(sets: &'a RuleSets, set: &'a str, number: u64) -> Option<Vec<&'a str>> {
    let mut words = Vec::new();
    spell_into(sets, set, number, MAX_DEPTH, &mut words)?;
    Some(words)
}

fn spell_into<'a>(
    sets: &'a RuleSets,
    set: &'a str,
    number: u64,
    depth: u32,
    words: &mut Vec<&'a str>,
) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let rule = sets.get(set)?.rule_for(number)?;
    let mut say = |part: &'a Part| match part {
        Part::Words(text) => {
            words.push(text);
            Some(())
        }
        Part::Number(operand, other) => {
            let other = other.as_deref().unwrap_or(set);
            spell_into(sets, other, operand.of(number, rule.divisor), depth, words)
        }
        Part::Optional(_) => Some(()),
    };
    for part in &rule.parts {
        match part {
            Part::Optional(inner) if !number.is_multiple_of(rule.divisor) => {
                inner.iter().try_for_each(&mut say)?;
            }
            Part::Optional(_) => {}
            Part::Words(_) | Part::Number(..) => say(part)?,
        }
    }
    Some(())
}

impl Rule {
    fn says_rest(&self) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Number(Operand::Rest, _)))
    }
}

impl Operand {
    fn of(self, number: u64, divisor: u64) -> u64 {
        match self {
            Self::Quotient => number / divisor,
            Self::Rest => number % divisor,
            Self::Same => number,
        }
    }
}

fn rule(base: &str, body: &str) -> Result<Rule, String> {
    let wrong = || format!("`{base}` is no base of a rule");
    let (base_text, radix) = base.split_once('/').unwrap_or((base, "10"));
    let base: u64 = base_text.trim().parse().map_err(|_| wrong())?;
    let radix: u64 = radix.trim().parse().map_err(|_| wrong())?;
    let exponent = base.max(1).checked_ilog(radix).ok_or_else(wrong)?;
    let parts = parts(body).ok_or_else(|| format!("`{body}` is no body of a rule"))?;
    Ok(Rule {
        base,
        divisor: radix.pow(exponent),
        parts,
    })
}

fn parts(body: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find(['<', '>', '=', '[', ']']) {
        push_words(&mut parts, &rest[..at]);
        let sign = rest[at..].chars().next()?;
        let after = &rest[at + 1..];
        let close = if sign == '[' { ']' } else { sign };
        let (inside, next) = after.split_once(close)?;
        let set = Some(inside.to_owned()).filter(|set| !set.is_empty());
        parts.push(match sign {
            '<' => Part::Number(Operand::Quotient, set),
            '>' => Part::Number(Operand::Rest, set),
            '=' => Part::Number(Operand::Same, Some(set?)),
            '[' if !inside.contains('[') => Part::Optional(self::parts(inside)?),
            _ => return None,
        });
        rest = next;
    }
    push_words(&mut parts, rest);
    Some(parts)
}

fn push_words(parts: &mut Vec<Part>, text: &str) {
    if !text.trim().is_empty() {
        parts.push(Part::Words(text.trim().to_owned()));
    }
}

/// More than any number in words needs.
const MAX_DEPTH: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(rules: &[(&str, &[(&str, &str)])]) -> RuleSets {
        let set = |lines: &[(&str, &str)]| RuleSet::parse(lines.iter().copied()).unwrap();
        rules
            .iter()
            .map(|(name, lines)| ((*name).to_owned(), set(lines)))
            .collect()
    }

    #[test]
    fn quotient_rest_and_optional() {
        let sets = sets(&[(
            "c",
            &[
                ("0", "nil"),
                ("1", "one"),
                ("2", "two"),
                ("10", "<< ten[ >>]"),
            ],
        )]);
        assert_eq!(spell(&sets, "c", 20).unwrap(), ["two", "ten"]);
        assert_eq!(spell(&sets, "c", 21).unwrap(), ["two", "ten", "one"]);
        assert_eq!(spell(&sets, "c", 0).unwrap(), ["nil"]);
    }

    #[test]
    fn a_radix_other_than_ten_counts_in_scores() {
        let sets = sets(&[(
            "c",
            &[("0", "x"), ("3", "three"), ("20/20", "<< score[ >>]")],
        )]);
        assert_eq!(spell(&sets, "c", 63).unwrap(), ["three", "score", "three"]);
    }

    #[test]
    fn no_zero_is_said_where_a_rule_before_says_it_better() {
        let sets = sets(&[(
            "o",
            &[
                ("0", "0th"),
                ("2", "2"),
                ("100", "<< hundredth"),
                ("101", "<< hundred >>"),
            ],
        )]);
        assert_eq!(spell(&sets, "o", 200).unwrap(), ["2", "hundredth"]);
        assert_eq!(spell(&sets, "o", 202).unwrap(), ["2", "hundred", "2"]);
    }

    #[test]
    fn what_no_rule_covers_and_what_runs_in_a_circle_is_none() {
        let sets = sets(&[("a", &[("5", "=b=")]), ("b", &[("0", "=a=")])]);
        assert_eq!(spell(&sets, "a", 4), None);
        assert_eq!(spell(&sets, "a", 5), None);
        assert_eq!(spell(&sets, "none", 5), None);
    }

    #[test]
    fn broken_rules_are_refused() {
        for (base, body) in [
            ("x", "a"),
            ("1/1", "a"),
            ("1", "<"),
            ("1", "=="),
            ("1", "[a"),
            ("1", "[[a]]"),
            ("1", "a]"),
        ] {
            assert!(RuleSet::parse([(base, body)]).is_err(), "{base}: {body}");
        }
        assert!(RuleSet::parse([("1", "a"), ("1", "b")]).is_err());
    }
}

//! Maven's versions: numbers and words in lists within lists.
//!
//! Specification: "Version Order Specification" of Maven's POM reference, `ComparableVersion` of maven-artifact, whose own
//! tests the table below holds. All texts are versions.

use std::cmp::Ordering;

use super::{Scheme, Step, compare_digits, leading_numbers, numbers_step};

/// The scheme of `maven`.
pub struct Maven;

impl Scheme for Maven {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        let is_version = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
        // Of what begins with a word, Maven's order is no order: two of three may go round in a circle.
        (is_version(a) && is_version(b)).then(|| compare(&items(a), &items(b)))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        match self.order(a, b) {
            _ if a == b => Step::None,
            None => Step::Unknown,
            Some(Ordering::Equal) => Step::None,
            Some(_) => numbers_step(&leading_numbers(a), &leading_numbers(b)).max(Step::Patch),
        }
    }
}

/// A part of a version, with what stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    /// Digits, less zeros before them.
    Number { after_hyphen: bool, digits: String },
    /// A word, by its rank, and spelled where it is none that is known.
    Word { rank: u8, text: String },
}

/// The words that are known, by rank: a release has the rank of the empty one.
const RELEASE: u8 = 5;
const UNKNOWN: u8 = 7;

fn rank(word: &str) -> u8 {
    match word {
        "alpha" => 0,
        "beta" => 1,
        "milestone" => 2,
        "rc" | "cr" => 3,
        "snapshot" => 4,
        "" | "ga" | "final" | "release" => RELEASE,
        "sp" => 6,
        _ => UNKNOWN,
    }
}

/// Parts a version at points, hyphens and between digits and letters, less the parts that say nothing.
fn items(version: &str) -> Vec<Item> {
    let lower = version.to_ascii_lowercase();
    let mut items: Vec<Item> = Vec::new();
    let (mut rest, mut after_hyphen) = (lower.as_str(), false);
    while let Some(first) = rest.chars().next() {
        if matches!(first, '.' | '-' | '_') {
            after_hyphen = first != '.';
            rest = &rest[1..];
            continue;
        }
        let is_digit = first.is_ascii_digit();
        let end = rest.find(|sign: char| sign.is_ascii_digit() != is_digit || matches!(sign, '.' | '-' | '_'));
        let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
        // A letter before a digit is short for a word.
        let is_before_digit = after.starts_with(|next: char| next.is_ascii_digit());
        let word = match part {
            "a" if is_before_digit => "alpha",
            "b" if is_before_digit => "beta",
            "m" if is_before_digit => "milestone",
            word => word,
        };
        if is_digit {
            // Between letters and digits there is as good as a hyphen.
            let digits = part.trim_start_matches('0').to_owned();
            items.push(Item::Number { after_hyphen, digits });
        } else {
            let rank = rank(word);
            let text = if rank == UNKNOWN { word.to_owned() } else { String::new() };
            items.push(Item::Word { rank, text });
        }
        after_hyphen = true;
        rest = after;
    }
    let is_null = |item: &Item| match item {
        Item::Number { digits, .. } => digits.is_empty(),
        Item::Word { rank, .. } => *rank == RELEASE,
    };
    let begins_list = |item: &Item| !matches!(item, Item::Number { after_hyphen: false, .. });
    // Nothing is left out before a number behind a point: `1.0.1` is not `1.1`.
    let mut kept: Vec<Item> = Vec::new();
    for item in items {
        if begins_list(&item) {
            while kept.last().is_some_and(is_null) {
                kept.pop();
            }
        }
        kept.push(item);
    }
    while kept.last().is_some_and(is_null) {
        kept.pop();
    }
    kept
}

/// The order of what stands at one place: words before the end, then hyphened numbers, then numbers behind a point.
fn class(item: Option<&Item>) -> (u8, u8) {
    match item {
        Some(Item::Word { rank, .. }) if *rank < RELEASE => (0, *rank),
        None => (1, RELEASE),
        Some(Item::Word { rank, .. }) => (2, *rank),
        Some(Item::Number { after_hyphen: true, .. }) => (3, 0),
        Some(Item::Number { after_hyphen: false, .. }) => (4, 0),
    }
}

fn compare(a: &[Item], b: &[Item]) -> Ordering {
    for at in 0..a.len().max(b.len()) {
        let (left, right) = (a.get(at), b.get(at));
        let order = match (left, right) {
            (
                Some(Item::Number { after_hyphen, digits }),
                Some(Item::Number { after_hyphen: other_hyphen, digits: other }),
            ) => other_hyphen.cmp(after_hyphen).then_with(|| compare_digits(digits.as_bytes(), other.as_bytes())),
            (Some(Item::Word { rank, text }), Some(Item::Word { rank: other_rank, text: other })) => {
                rank.cmp(other_rank).then_with(|| text.cmp(other))
            }
            // A zero that other numbers follow is as good as an end.
            (Some(Item::Number { digits, .. }), None) if digits.is_empty() => continue,
            (None, Some(Item::Number { digits, .. })) if digits.is_empty() => continue,
            _ => class(left).cmp(&class(right)),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: maven-artifact, `ComparableVersionTest`: its lists of versions with qualifiers and with numbers, and its equals.
    #[test]
    fn versions_are_ordered_as_maven_does() {
        let qualified = [
            "1-alpha2snapshot",
            "1-alpha2",
            "1-alpha-123",
            "1-beta-2",
            "1-beta123",
            "1-m2",
            "1-m11",
            "1-rc",
            "1-rc2",
            "1-rc123",
            "1-SNAPSHOT",
            "1",
            "1-sp",
            "1-sp2",
            "1-sp123",
            "1-abc",
            "1-def",
            "1-pom-1",
            "1-1-snapshot",
            "1-1",
            "1-2",
            "1-123",
        ];
        let numbers = [
            "2.0", "2.0.a", "2-1", "2.0.2", "2.0.123", "2.1.0", "2.1-a", "2.1b", "2.1-c", "2.1-1", "2.1.0.1", "2.2",
            "2.123", "11.a2", "11.a11", "11.b2", "11.b11", "11.m2", "11.m11", "11", "11.a", "11b", "11c", "11m",
        ];
        for list in [&qualified[..], &numbers[..]] {
            for (at, low) in list.iter().enumerate() {
                for high in &list[at + 1..] {
                    assert_eq!(Maven.order(low, high), Some(Ordering::Less), "{low} {high}");
                }
            }
        }
        for (a, b) in [
            ("1", "1.0"),
            ("1", "1.0.0"),
            ("1.0", "1.0.0"),
            ("1", "1-0"),
            ("1", "1.0-0"),
            ("1a", "1-a"),
            ("1.0x", "1-x"),
            ("1ga", "1"),
            ("1release", "1"),
            ("1final", "1"),
            ("1cr", "1rc"),
            ("1a1", "1-alpha-1"),
            ("1b2", "1-beta-2"),
            ("1m3", "1-milestone-3"),
            ("1X", "1x"),
            ("1GA", "1"),
            ("0.0-1552", "0-1552"),
        ] {
            assert_eq!(Maven.order(a, b), Some(Ordering::Equal), "{a} {b}");
        }
        assert_eq!(Maven.step("2.17.0", "2.17.1"), Step::Patch);
        assert_eq!(Maven.step("5.3.0", "6.0.0-M1"), Step::Major);
    }
}

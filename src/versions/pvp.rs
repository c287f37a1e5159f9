//! Haskell's versions: numbers parted by points, of which the first two are the major one.
//!
//! Specification: the Haskell Package Versioning Policy. Versions are ordered by their numbers from the left, so that `1.0` is before
//! `1.0.0`, and is another.

use std::cmp::Ordering;

use super::{Scheme, Step, compare_digits};

/// The scheme of `hackage`.
pub struct Pvp;

impl Scheme for Pvp {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        let (a, b) = (numbers(a)?, numbers(b)?);
        let orders = a.iter().zip(&b).map(|(a, b)| compare_digits(a.as_bytes(), b.as_bytes()));
        Some(orders.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len())))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        if a == b {
            return Step::None;
        }
        let (Some(a), Some(b)) = (numbers(a), numbers(b)) else { return Step::Unknown };
        let moved = (0..a.len().max(b.len())).find(|&at| a.get(at) != b.get(at));
        match moved {
            None => Step::None,
            Some(0 | 1) => Step::Major,
            Some(2) => Step::Minor,
            Some(_) => Step::Patch,
        }
    }
}

/// Parts a version into its numbers; one with a leading zero is none of Cabal's.
fn numbers(text: &str) -> Option<Vec<&str>> {
    let is_number = |part: &&str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && (*part == "0" || !part.starts_with('0'))
    };
    let parts: Vec<&str> = text.split('.').collect();
    parts.iter().all(is_number).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the policy's own words on what is major and minor, and the order that `Data.Version` of GHC 9.0.2 sorts by.
    #[test]
    fn versions_are_ordered_by_the_policy() {
        let ascending =
            ["0", "0.1", "0.1.0", "0.1.0.0", "0.1.1", "0.2", "0.10", "1", "1.0", "1.0.0", "1.2.0.4", "2.0.3.0"];
        for (at, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(Pvp.order(a, b), Some(at.cmp(&other)), "{a} {b}");
            }
        }
        for text in ["", "1.", "1..2", "1.02", "1.0-alpha", "v1", "1.*"] {
            assert_eq!(Pvp.order(text, text), None, "{text}");
        }
        for (a, b, expected) in [
            ("1.2.3", "1.3", Step::Major),
            ("1.2.3", "2.2.3", Step::Major),
            ("0.1", "0.2", Step::Major),
            ("1.2.3", "1.2.4", Step::Minor),
            ("1.2", "1.2.0", Step::Minor),
            ("1.2.3.1", "1.2.3.2", Step::Patch),
            ("1.2.3", "1.2.3.1", Step::Patch),
            ("1.2", "1.2", Step::None),
            ("1.2", "HEAD", Step::Unknown),
        ] {
            assert_eq!(Pvp.step(a, b), expected, "{a} {b}");
        }
    }
}

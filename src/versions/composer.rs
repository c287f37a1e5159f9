//! Composer's versions: up to four numbers and a stability; a branch is no version.
//!
//! Specification: "Versions and constraints" of Composer's documentation, `VersionParser::normalize` of composer/semver, and
//! PHP's `version_compare`.

use std::cmp::Ordering;

use super::{Scheme, Step, compare_digits, numbers_step};

/// The scheme of `composer`.
pub struct Composer;

impl Scheme for Composer {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        let (a, b) = (Version::read(a)?, Version::read(b)?);
        let numbers = a.numbers.cmp(&b.numbers).then(a.stability.cmp(&b.stability));
        Some(
            numbers
                .then_with(|| compare_digits(a.number.as_bytes(), b.number.as_bytes()))
                .then(a.is_dev.cmp(&b.is_dev).reverse()),
        )
    }

    fn step(&self, a: &str, b: &str) -> Step {
        if a == b {
            return Step::None;
        }
        let (Some(left), Some(right)) = (Version::read(a), Version::read(b)) else { return Step::Unknown };
        match numbers_step(&left.numbers, &right.numbers) {
            Step::None if self.order(a, b) != Some(Ordering::Equal) => Step::Patch,
            step => step,
        }
    }
}

/// How stable a version is, least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stability {
    Alpha,
    Beta,
    Candidate,
    Stable,
    Patch,
}

struct Version<'t> {
    numbers: [u64; 4],
    stability: Stability,
    number: &'t str,
    is_dev: bool,
}

impl<'t> Version<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let plain = text.split(['+', ' ']).next().unwrap_or(text);
        let plain = plain.strip_prefix(['v', 'V']).unwrap_or(plain);
        let (plain, is_dev) = match plain.len().checked_sub(4).and_then(|at| Some((plain.get(..at)?, plain.get(at..)?)))
        {
            Some((before, end)) if end.eq_ignore_ascii_case("-dev") => (before, true),
            _ => (plain, false),
        };
        let end = plain.find(|sign: char| !sign.is_ascii_digit() && sign != '.').unwrap_or(plain.len());
        let (numbers, suffix) = plain.split_at(end);
        let mut read = [0; 4];
        let parts: Vec<&str> = numbers.trim_end_matches('.').split('.').collect();
        if parts.len() > read.len() {
            return None;
        }
        for (part, number) in parts.into_iter().zip(&mut read) {
            *number = part.parse().ok()?;
        }
        let suffix = suffix.trim_start_matches(['-', '_', '.']);
        let digits = suffix.find(|sign: char| sign.is_ascii_digit()).unwrap_or(suffix.len());
        let (word, number) = suffix.split_at(digits);
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let stability = match word.trim_end_matches(['.', '-']).to_ascii_lowercase().as_str() {
            "" if number.is_empty() => Stability::Stable,
            "stable" if number.is_empty() => Stability::Stable,
            "a" | "alpha" => Stability::Alpha,
            "b" | "beta" => Stability::Beta,
            "rc" => Stability::Candidate,
            "p" | "pl" | "patch" => Stability::Patch,
            _ => return None,
        };
        Some(Version { numbers: read, stability, number, is_dev })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: "Versions and constraints" of Composer's documentation; `ComparatorTest` and `VersionParserTest` of
    /// composer/semver.
    #[test]
    fn versions_are_ordered_as_composer_does() {
        for (a, b, expected) in [
            ("1.25.0", "1.24.0", Some(Ordering::Greater)),
            ("1.25.0", "1.25.0", Some(Ordering::Equal)),
            ("1.25.0-beta2.1", "1.25.0", None),
            ("1.25.0-beta2", "1.25.0-b3", Some(Ordering::Less)),
            ("v1.0.0", "1.0.0.0", Some(Ordering::Equal)),
            ("1.0.0-alpha1", "1.0.0-beta1", Some(Ordering::Less)),
            ("1.0.0RC1", "1.0.0", Some(Ordering::Less)),
            ("1.0.0-p1", "1.0.0", Some(Ordering::Greater)),
            ("1.0.0-dev", "1.0.0", Some(Ordering::Less)),
            ("1.0.0+foo", "1.0.0", Some(Ordering::Equal)),
            ("dev-main", "1.0.0", None),
            ("2.x-dev", "2.0.0", None),
        ] {
            assert_eq!(Composer.order(a, b), expected, "{a} {b}");
        }
        assert_eq!(Composer.step("v5.4.45", "v6.0.0"), Step::Major);
    }
}

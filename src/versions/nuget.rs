//! NuGet's versions: up to four numbers, a pre-release without regard to case, and metadata that says nothing.
//!
//! Specification: "Package versioning" of NuGet's documentation, `NuGet.Versioning`.

use std::cmp::Ordering;

use super::{Scheme, Step, compare_digits, numbers_step};

/// The scheme of `nuget`.
pub struct NuGet;

impl Scheme for NuGet {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        let (a, b) = (Version::read(a)?, Version::read(b)?);
        Some(a.numbers.cmp(&b.numbers).then_with(|| compare_labels(&a.labels, &b.labels)))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        if a == b {
            return Step::None;
        }
        let (Some(left), Some(right)) = (Version::read(a), Version::read(b)) else { return Step::Unknown };
        match numbers_step(&left.numbers, &right.numbers) {
            Step::None if compare_labels(&left.labels, &right.labels) != Ordering::Equal => Step::Patch,
            step => step,
        }
    }
}

struct Version {
    numbers: [u64; 4],
    /// In lower case; empty for a release.
    labels: String,
}

impl Version {
    fn read(text: &str) -> Option<Self> {
        let plain = text.split('+').next().unwrap_or(text);
        let (numbers, labels) = plain.split_once('-').map_or((plain, None), |(numbers, rest)| (numbers, Some(rest)));
        let is_label =
            |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if labels.is_some_and(|labels| !labels.split('.').all(is_label)) {
            return None;
        }
        let mut read = [0; 4];
        let parts: Vec<&str> = numbers.split('.').collect();
        if parts.len() > read.len() {
            return None;
        }
        for (part, number) in parts.into_iter().zip(&mut read) {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            *number = part.parse().ok()?;
        }
        Some(Version { numbers: read, labels: labels.unwrap_or_default().to_ascii_lowercase() })
    }
}

/// Compares pre-releases as semantic versions do; a release comes after all of them.
fn compare_labels(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => match (is_number(left), is_number(right)) {
                (true, true) => compare_digits(left.as_bytes(), right.as_bytes()),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => left.cmp(right),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: "Package versioning" of NuGet's documentation, its examples of pre-release order and of normalization.
    #[test]
    fn versions_are_ordered_as_nuget_does() {
        let ascending = [
            "1.0.1-aaa",
            "1.0.1-alpha",
            "1.0.1-alpha.2",
            "1.0.1-alpha.10",
            "1.0.1-beta",
            "1.0.1-open",
            "1.0.1-rc",
            "1.0.1-rc.2",
            "1.0.1-rc.10",
            "1.0.1-zzz",
            "1.0.1",
            "1.0.1.1",
            "1.0.2",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(NuGet.order(pair[0], pair[1]), Some(Ordering::Less), "{pair:?}");
        }
        for (a, b, expected) in [
            ("1.0", "1.0.0.0", Some(Ordering::Equal)),
            ("1.01.1", "1.1.1", Some(Ordering::Equal)),
            ("1.0.7+r3456", "1.0.7", Some(Ordering::Equal)),
            ("1.0.0-Beta", "1.0.0-beta", Some(Ordering::Equal)),
            ("1.0.0.0.0", "1.0", None),
            ("[1.0,2.0)", "1.0", None),
        ] {
            assert_eq!(NuGet.order(a, b), expected, "{a} {b}");
        }
        assert_eq!(NuGet.step("8.0.0", "8.0.1"), Step::Patch);
        assert_eq!(NuGet.step("8.0.0-rc.1", "8.0.0"), Step::Patch);
    }
}

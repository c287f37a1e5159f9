//! Conan's versions: any texts, compared part by part; loosely as semantic versions.
//!
//! Specification: "Versioning" of Conan's documentation and its `Version`. Zeros at the end say nothing (`1.0` is `1`), a dash
//! begins a pre-release and a plus a build. Where a number meets a word (`1.2` and `cci.20230920`) Conan compares them by their
//! spelling, which is no order (10 < 2a < 9 < 10); such versions have none here.

use std::cmp::Ordering;

use super::{Scheme, Step, compare_digits, leading_numbers, numbers_step};

/// The scheme of `conan`.
pub struct Conan;

impl Scheme for Conan {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        let (a, b) = (Version::read(a)?, Version::read(b)?);
        Some(a.order(&b)?.then(builds(&a, &b)?))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        if a == b {
            return Step::None;
        }
        let (Some(left), Some(right)) = (Version::read(a), Version::read(b)) else { return Step::Unknown };
        match (left.order(&right), builds(&left, &right)) {
            (None, _) | (_, None) => Step::Unknown,
            (Some(Ordering::Equal), Some(Ordering::Equal)) => Step::None,
            (Some(Ordering::Equal), Some(_)) => Step::Local,
            (Some(_), Some(_)) => numbers_step(&leading_numbers(a), &leading_numbers(b)).max(Step::Patch),
        }
    }
}

struct Version<'t> {
    main: Vec<&'t str>,
    pre: Option<Vec<&'t str>>,
    build: Option<Vec<&'t str>>,
}

impl<'t> Version<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let (rest, build) = text.rsplit_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
        let (main, pre) = rest.split_once('-').map_or((rest, None), |(main, pre)| (main, Some(pre)));
        let optional = |text: Option<&'t str>| text.map_or(Some(None), |text| parts(text).map(Some));
        Some(Version { main: parts(main)?, pre: optional(pre)?, build: optional(build)? })
    }

    /// Compares all but builds: a pre-release comes before its release.
    fn order(&self, other: &Self) -> Option<Ordering> {
        let main = compare(&self.main, &other.main)?;
        let pre = match (&self.pre, &other.pre) {
            (None, None) => Ordering::Equal,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(pre), Some(other)) if main.is_eq() => compare(pre, other)?,
            (Some(_), Some(_)) => Ordering::Equal,
        };
        Some(main.then(pre))
    }
}

/// Compares builds, which count where all else is equal: none comes first.
fn builds(a: &Version<'_>, b: &Version<'_>) -> Option<Ordering> {
    if a.order(b)?.is_ne() {
        return Some(Ordering::Equal);
    }
    match (&a.build, &b.build) {
        (Some(a), Some(b)) => compare(a, b),
        (a, b) => Some(a.is_some().cmp(&b.is_some())),
    }
}

/// Parts a text at its points, less the zeros at the end.
fn parts(text: &str) -> Option<Vec<&str>> {
    let is_part = |part: &&str| {
        let mut bytes = part.bytes();
        // An underscore between digits would be read over by Conan.
        let is_doubtful = part.contains('_') && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
        !part.is_empty() && !is_doubtful && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte))
    };
    let mut parts: Vec<&str> = text.split('.').collect();
    if !parts.iter().all(is_part) {
        return None;
    }
    while parts.last().is_some_and(|part| part.bytes().all(|byte| byte == b'0')) {
        parts.pop();
    }
    Some(parts)
}

/// Compares part by part; none where a number meets a word.
fn compare(a: &[&str], b: &[&str]) -> Option<Ordering> {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    for (a, b) in a.iter().zip(b) {
        let order = match (is_number(a), is_number(b)) {
            (true, true) => compare_digits(a.as_bytes(), b.as_bytes()),
            (false, false) => a.cmp(b),
            _ => return None,
        };
        if order.is_ne() {
            return Some(order);
        }
    }
    Some(a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: what `Version` of Conan 2.34.0 answers.
    #[test]
    fn versions_are_ordered_as_conan_does() {
        for (a, b, expected) in [
            ("1", "2", Some(Ordering::Less)),
            ("1.0", "1.1", Some(Ordering::Less)),
            ("1.0.2", "1.1.0", Some(Ordering::Less)),
            ("1.3", "1.22", Some(Ordering::Less)),
            ("1.1.3", "1.1.22", Some(Ordering::Less)),
            ("1.1.1.3", "1.1.1.22", Some(Ordering::Less)),
            ("1.1.1.a", "1.1.1.b", Some(Ordering::Less)),
            ("1.0", "1", Some(Ordering::Equal)),
            ("1.0.0", "1", Some(Ordering::Equal)),
            ("1.1-pre1", "1.1", Some(Ordering::Less)),
            ("1.1-alpha", "1.1-beta", Some(Ordering::Less)),
            ("1.1-alpha.2", "1.1-alpha.10", Some(Ordering::Less)),
            ("1.1", "1.1+b1", Some(Ordering::Less)),
            ("1.1-pre1+b1", "1.1+b1", Some(Ordering::Less)),
            ("1.1+b1", "1.1+b2", Some(Ordering::Less)),
            ("1.0.1-rc-1", "1.0.1-rc-2", Some(Ordering::Less)),
            ("1.1.1t", "1.1.1u", Some(Ordering::Less)),
            ("cci.20230101", "cci.20240101", Some(Ordering::Less)),
            ("cci.20230101", "1.2", None),
            ("1.1.1", "1.1.1t", None),
            ("1..2", "1.2", None),
            ("[>=1.0]", "1.0", None),
        ] {
            assert_eq!(Conan.order(a, b), expected, "{a} {b}");
        }
        for (a, b, expected) in [
            ("1.3.0", "1.3.1", Step::Patch),
            ("1.3", "1.4", Step::Minor),
            ("3.2.1", "4.0", Step::Major),
            ("1.1+b1", "1.1+b2", Step::Local),
            ("1.1-rc1", "1.1", Step::Patch),
            ("1.1.1t", "1.1.1u", Step::Patch),
            ("1.0", "1.0.0", Step::None),
            ("1.2", "cci.1", Step::Unknown),
        ] {
            assert_eq!(Conan.step(a, b), expected, "{a} {b}");
        }
    }
}

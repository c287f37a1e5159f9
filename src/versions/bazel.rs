//! Versions of Bazel's modules: as semantic versions, but with as many parts as they like, and letters in them.
//!
//! Specification: "Bazel modules", "Version format", in Bazel's documentation, whose own tests (`VersionTest`) the table below
//! holds. What is built (`+…`) says nothing. `1.0.0.bcr.1` is after `1.0.0`, and before `1.0.1`.

use std::cmp::Ordering;

use super::{Scheme, Step, leading_numbers, numbers_step};

/// The scheme of `bazel`.
pub struct Bazel;

impl Scheme for Bazel {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        Some(Version::read(a)?.cmp(&Version::read(b)?))
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

/// A part between two points, in the order of Bazel: numbers, then words.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'t> {
    /// A number, and how it is spelled.
    Number(u64, &'t str),
    Word(&'t str),
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Version<'t> {
    release: Vec<Part<'t>>,
    /// What is no pre-release comes after all that are.
    is_release: bool,
    pre: Vec<Part<'t>>,
}

impl<'t> Version<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
        let (release, pre) = rest.split_once('-').map_or((rest, None), |(release, pre)| (release, Some(pre)));
        let is_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if build.is_some_and(|build| !build.bytes().all(|byte| is_label(byte) || byte == b'.')) {
            return None;
        }
        Some(Version {
            release: parts(release, |byte| byte.is_ascii_alphanumeric())?,
            is_release: pre.is_none(),
            pre: pre.map_or(Some(Vec::new()), |pre| parts(pre, is_label))?,
        })
    }
}

fn parts(text: &str, is_sign: impl Fn(u8) -> bool) -> Option<Vec<Part<'_>>> {
    let part = |part: &'_ str| -> Option<()> { (!part.is_empty() && part.bytes().all(&is_sign)).then_some(()) };
    text.split('.')
        .map(|word| {
            part(word)?;
            let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
            // A number past all measure is an error in Bazel too.
            if is_number { Some(Part::Number(word.parse().ok()?, word)) } else { Some(Part::Word(word)) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: `VersionTest` of Bazel. The empty version, which stands for an override, is none here.
    #[test]
    fn versions_are_ordered_as_bazel_does() {
        for (a, b, expected) in [
            ("2.0", "1.0", Some(Ordering::Greater)),
            ("2.0", "1.9", Some(Ordering::Greater)),
            ("11.0", "3.0", Some(Ordering::Greater)),
            ("1.0.1", "1.0", Some(Ordering::Greater)),
            ("1.0.0", "1.0", Some(Ordering::Greater)),
            ("1.0+build2", "1.0+build3", Some(Ordering::Equal)),
            ("1.0", "1.0-pre", Some(Ordering::Greater)),
            ("1.0", "1.0+build-notpre", Some(Ordering::Equal)),
            ("1.0.patch.3", "1.0", Some(Ordering::Greater)),
            ("1.0.patch.3", "1.0.patch.2", Some(Ordering::Greater)),
            ("1.0.patch.3", "1.0.patch.10", Some(Ordering::Less)),
            ("1.0.patch3", "1.0.patch10", Some(Ordering::Greater)),
            ("4", "a", Some(Ordering::Less)),
            ("abc", "abd", Some(Ordering::Less)),
            ("1.0-pre", "1.0-are", Some(Ordering::Greater)),
            ("1.0-3", "1.0-2", Some(Ordering::Greater)),
            ("1.0-pre", "1.0-pre.foo", Some(Ordering::Less)),
            ("1.0-pre.10", "1.0-pre.2", Some(Ordering::Greater)),
            ("1.0-pre.10a", "1.0-pre.2a", Some(Ordering::Less)),
            ("1.0-pre.99", "1.0-pre.2a", Some(Ordering::Less)),
            ("1.0--", "1.0----", Some(Ordering::Less)),
            ("2.1.1-develop.bcr.20250113215904", "2.1.1-develop.bcr.20250113215903", Some(Ordering::Greater)),
            ("1.0.0.bcr.1", "1.0.1", Some(Ordering::Less)),
            ("", "1.0", None),
            ("-abc", "1.0", None),
            ("1_2", "1.0", None),
            ("1.0-pre?", "1.0", None),
            ("1.0-11111111111111111111111111111111111111111", "1.0", None),
            ("1..0", "1.0", None),
            ("1.0-pre..erp", "1.0", None),
        ] {
            assert_eq!(Bazel.order(a, b), expected, "{a} {b}");
        }
        for (a, b, expected) in [
            ("8.8.0", "8.8.0.bcr.1", Step::Patch),
            ("1.6.1", "1.7.1", Step::Minor),
            ("20230802.0", "20240116.1", Step::Major),
            ("1.0+a", "1.0+b", Step::None),
            ("1.0-rc1", "1.0", Step::Patch),
        ] {
            assert_eq!(Bazel.step(a, b), expected, "{a} {b}");
        }
    }
}

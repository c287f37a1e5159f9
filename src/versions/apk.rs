//! Versions of Alpine's packages: `1.2.3a_rc1~3c04c2fb-r4`.
//!
//! Specification: apk-package(5) "Package version" and apk-tools' `version.c`. Where one version goes on and the other does
//! not, the longer one is newer, unless what follows marks a pre-release.

use std::cmp::Ordering;

use super::{Scheme, Step, numbers_step};

/// The scheme of `apk`.
pub struct Apk;

impl Scheme for Apk {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        Some(compare(&read(a)?, &read(b)?))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        let (Some(x), Some(y)) = (read(a), read(b)) else {
            return if a == b { Step::None } else { Step::Unknown };
        };
        if compare(&x, &y).is_eq() {
            return Step::None;
        }
        match numbers_step(&numbers(&x), &numbers(&y)) {
            Step::None => Step::Patch,
            step => step,
        }
    }
}

/// A part of a version, in the order in which they may follow each other but for suffixes, which may come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'t> {
    First(&'t [u8]),
    Number(&'t [u8]),
    Letter(u8),
    /// The suffix's place among the suffixes.
    Suffix(usize),
    SuffixNumber(&'t [u8]),
    Hash(&'t [u8]),
    Revision(&'t [u8]),
    End,
}

/// The suffixes, oldest first.
const SUFFIXES: &[&str] = &["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"];

/// How many of them mark what is older than the plain version.
const OLDER: usize = 4;

impl Part<'_> {
    fn rank(&self) -> usize {
        match self {
            Part::First(_) => 0,
            Part::Number(_) => 1,
            Part::Letter(_) => 2,
            Part::Suffix(_) => 3,
            Part::SuffixNumber(_) => 4,
            Part::Hash(_) => 5,
            Part::Revision(_) => 6,
            Part::End => 7,
        }
    }

    fn is_pre_release(&self) -> bool {
        matches!(self, Part::Suffix(at) if *at < OLDER)
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            // Behind a point, what begins with a zero is a fraction: 1.02 is below 1.1.
            (Part::Number(a), Part::Number(b)) if a[0] == b'0' || b[0] == b'0' => a.cmp(b),
            (Part::First(a), Part::First(b))
            | (Part::Number(a), Part::Number(b))
            | (Part::SuffixNumber(a), Part::SuffixNumber(b))
            | (Part::Revision(a), Part::Revision(b)) => super::compare_digits(a, b),
            (Part::Letter(a), Part::Letter(b)) => a.cmp(&b),
            (Part::Suffix(a), Part::Suffix(b)) => a.cmp(&b),
            (Part::Hash(a), Part::Hash(b)) => a.cmp(b),
            (a, b) => b.is_pre_release().cmp(&a.is_pre_release()).then(b.rank().cmp(&a.rank())),
        }
    }
}

fn compare(a: &[Part<'_>], b: &[Part<'_>]) -> Ordering {
    // Both end with the same part, so neither runs out before they part.
    a.iter().zip(b).map(|(a, b)| a.cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Returns the numbers that a version begins with; those past all measure are as large as can be.
fn numbers(parts: &[Part<'_>]) -> Vec<u64> {
    let digits = parts.iter().map_while(|part| match part {
        Part::First(digits) | Part::Number(digits) => std::str::from_utf8(digits).ok(),
        _ => None,
    });
    digits.map(|digits| digits.parse().unwrap_or(u64::MAX)).collect()
}

/// Reads a version; none where it is none of apk's.
fn read(text: &str) -> Option<Vec<Part<'_>>> {
    let mut rest = text.as_bytes();
    let mut parts = vec![Part::First(some_digits(&mut rest)?)];
    while let Some(after) = rest.strip_prefix(b".") {
        rest = after;
        parts.push(Part::Number(some_digits(&mut rest)?));
    }
    if let Some(letter) = rest.first().filter(|byte| byte.is_ascii_lowercase()) {
        parts.push(Part::Letter(*letter));
        rest = &rest[1..];
    }
    while let Some(after) = rest.strip_prefix(b"_") {
        let end = after.iter().position(|byte| !byte.is_ascii_lowercase()).unwrap_or(after.len());
        parts.push(Part::Suffix(SUFFIXES.iter().position(|suffix| suffix.as_bytes() == &after[..end])?));
        rest = &after[end..];
        parts.extend(some_digits(&mut rest).map(Part::SuffixNumber));
    }
    if let Some(after) = rest.strip_prefix(b"~") {
        let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        let end = after.iter().position(|byte| !is_hex(byte)).unwrap_or(after.len());
        parts.push(Part::Hash(after.get(..end).filter(|hash| !hash.is_empty())?));
        rest = &after[end..];
    }
    if let Some(after) = rest.strip_prefix(b"-r") {
        rest = after;
        parts.push(Part::Revision(some_digits(&mut rest)?));
    }
    parts.push(Part::End);
    rest.is_empty().then_some(parts)
}

fn some_digits<'t>(rest: &mut &'t [u8]) -> Option<&'t [u8]> {
    Some(super::digits(rest)).filter(|digits| !digits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered() {
        use Ordering::{Equal, Greater, Less};
        for (a, b, expected) in [
            ("2.34", "0.1.0_alpha", Greater),
            ("0.1.0_alpha", "0.1.0_alpha", Equal),
            ("0.1.0_alpha", "0.1.3_alpha", Less),
            ("0.1.0_alpha2", "0.1.0_alpha", Greater),
            ("0.1.0_alpha", "2.2.39-r1", Less),
            ("0.12.1", "0.12.0-r1", Greater),
            ("1.0.3-r1", "1.0.3-r2", Less),
            ("1.0.4_pre2", "1.0.4", Less),
            ("1.0.4_rc3", "1.0.4_beta3", Greater),
            ("1.0.4_p1", "1.0.4", Greater),
            ("1.0_p1", "1.0_hg", Greater),
            ("1.0_git20210101", "1.0", Greater),
            ("1.0_cvs", "1.0_svn", Less),
            ("3.0.0_alpha_p1", "3.0.0_alpha", Greater),
            ("1.0a", "1.0", Greater),
            ("1.0a", "1.0b", Less),
            ("1.0b", "1.0.1", Less),
            ("1.02", "1.1", Less),
            ("1.02", "1.03", Less),
            ("1.9", "1.10", Less),
            ("01.1", "1.1", Equal),
            ("1.2.3", "1.2.3-r0", Less),
            ("1.0-r9", "1.0-r10", Less),
            ("1.0_rc1-r5", "1.0-r0", Less),
            ("1.0~1234-r1", "1.0-r1", Greater),
            ("1.0~1234", "1.0~1235", Less),
            ("20240226-r0", "20240705-r0", Less),
        ] {
            assert_eq!(Apk.order(a, b), Some(expected), "{a} {b}");
            assert_eq!(Apk.order(b, a), Some(expected.reverse()), "{b} {a}");
        }
        for wrong in ["", "a", "1.", "1_foo", "1.0bc", "1-2", "1.0-r", "1~", "1.0-r1.2"] {
            assert_eq!(Apk.order(wrong, "1"), None, "{wrong}");
        }
    }

    #[test]
    fn steps_are_told_apart() {
        for (a, b, expected) in [
            ("1.2-r0", "1.2-r1", Step::Patch),
            ("1.2.3-r0", "1.2.4-r0", Step::Patch),
            ("1.2-r0", "1.3-r0", Step::Minor),
            ("1.2-r0", "2.0-r0", Step::Major),
            ("1.2_rc1", "1.2", Step::Patch),
            ("1.2", "edge", Step::Unknown),
        ] {
            assert_eq!(Apk.step(a, b), expected, "{a} {b}");
        }
    }
}

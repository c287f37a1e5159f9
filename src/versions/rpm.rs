//! Versions of RPM packages: `[epoch:]version[-release]`.
//!
//! Specification: rpm-version(7). A version is a run of numbers and words, whatever parts them; `~` is below the end, `^`
//! above it but below all else, words below numbers.

use std::cmp::Ordering;

use super::{Scheme, Step, leading_numbers, numbers_step};

/// The scheme of `rpm`.
pub struct Rpm;

impl Scheme for Rpm {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        Some(Version::read(a)?.cmp(&Version::read(b)?))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        let (Some(x), Some(y)) = (Version::read(a), Version::read(b)) else {
            return if a == b { Step::None } else { Step::Unknown };
        };
        if x.cmp(&y).is_eq() {
            return Step::None;
        }
        if compare(x.epoch, y.epoch).is_ne() {
            return Step::Major;
        }
        match numbers_step(&leading_numbers(x.version), &leading_numbers(y.version)) {
            Step::None => Step::Patch,
            step => step,
        }
    }
}

/// A version in its parts.
struct Version<'t> {
    epoch: &'t str,
    version: &'t str,
    release: &'t str,
}

impl<'t> Version<'t> {
    /// Reads a version; none where it is none of RPM's.
    fn read(text: &'t str) -> Option<Self> {
        let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
        let (version, release) = rest.rsplit_once('-').unwrap_or((rest, ""));
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"._+~^".contains(&byte);
        let is_whole = version.bytes().any(|byte| byte.is_ascii_alphanumeric())
            && version.bytes().chain(release.bytes()).all(is_sign)
            && !epoch.is_empty()
            && epoch.bytes().all(|byte| byte.is_ascii_digit());
        is_whole.then_some(Version { epoch, version, release })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        compare(self.epoch, other.epoch)
            .then_with(|| compare(self.version, other.version))
            .then_with(|| compare(self.release, other.release))
    }
}

/// Compares two versions or two releases, as `rpmvercmp` does.
fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        let (x, y) = (next(&mut a), next(&mut b));
        let order = match (x, y) {
            (Part::End, Part::End) => return Ordering::Equal,
            (Part::Number(x), Part::Number(y)) => super::compare_digits(x, y),
            (x, y) => x.cmp(&y),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// A part of a version, in the order of RPM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'t> {
    Tilde,
    End,
    Caret,
    Word(&'t [u8]),
    Number(&'t [u8]),
}

/// Takes the next part off; what is neither letter, digit, `~` nor `^` only parts.
fn next<'t>(rest: &mut &'t [u8]) -> Part<'t> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'~' | b'^');
    *rest = &rest[rest.iter().position(is_part).unwrap_or(rest.len())..];
    match rest.first() {
        None => Part::End,
        Some(b'~') => {
            *rest = &rest[1..];
            Part::Tilde
        }
        Some(b'^') => {
            *rest = &rest[1..];
            Part::Caret
        }
        Some(byte) if byte.is_ascii_digit() => Part::Number(super::digits(rest)),
        Some(_) => {
            let end = rest.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            *rest = after;
            Part::Word(word)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered() {
        use Ordering::{Equal, Greater, Less};
        for (a, b, expected) in [
            ("1.0", "1.0", Equal),
            ("1.0", "2.0", Less),
            ("2.0.1", "2.0.1", Equal),
            ("2.0", "2.0.1", Less),
            ("2.0.1a", "2.0.1", Greater),
            ("5.5p1", "5.5p2", Less),
            ("5.5p10", "5.5p1", Greater),
            ("10xyz", "10.1xyz", Less),
            ("xyz10", "xyz10.1", Less),
            ("xyz.4", "8", Less),
            ("5.5p2", "5.6p1", Less),
            ("5.6p1", "6.5p1", Less),
            ("6.0.rc1", "6.0", Greater),
            ("10b2", "10a1", Greater),
            ("1.0aa", "1.0a", Greater),
            ("10.0001", "10.1", Equal),
            ("10.0001", "10.0039", Less),
            ("4.999.9", "5.0", Less),
            ("20101121", "20101122", Less),
            ("2_0", "2.0", Equal),
            ("a+", "a_", Equal),
            ("1.0~rc1", "1.0", Less),
            ("1.0~rc1", "1.0~rc2", Less),
            ("1.0~rc1~git123", "1.0~rc1", Less),
            ("1.0^", "1.0", Greater),
            ("1.0^git1", "1.0", Greater),
            ("1.0^git1", "1.0^git2", Less),
            ("1.0^git1", "1.01", Less),
            ("1.0^20160101", "1.0.1", Less),
            ("1.0^20160101^git1", "1.0^20160102", Less),
            ("1.0~rc1^git1", "1.0~rc1", Greater),
            ("1.0^git1~pre", "1.0^git1", Less),
            ("1.900", "1.8000", Less),
            ("1-2", "1-10", Less),
            ("1:1-1", "2-1", Greater),
            ("1-1.el9", "1-1.el9_4", Less),
        ] {
            assert_eq!(Rpm.order(a, b), Some(expected), "{a} {b}");
            assert_eq!(Rpm.order(b, a), Some(expected.reverse()), "{b} {a}");
        }
        assert_eq!(Rpm.order("", "1"), None);
        assert_eq!(Rpm.order("1 2", "1"), None);
    }

    #[test]
    fn steps_are_told_apart() {
        for (a, b, expected) in [
            ("1.2-1", "1.2-1", Step::None),
            ("1.2-1.fc40", "1.2-2.fc40", Step::Patch),
            ("1.2.3-1", "1.2.4-1", Step::Patch),
            ("1.2-1", "1.3-1", Step::Minor),
            ("1.2-1", "2.2-1", Step::Major),
            ("1.2~rc1-1", "1.2-1", Step::Patch),
            ("1.2-1", "/", Step::Unknown),
        ] {
            assert_eq!(Rpm.step(a, b), expected, "{a} {b}");
        }
    }
}

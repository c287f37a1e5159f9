//! Versions of Debian packages: `[epoch:]upstream[-revision]`.
//!
//! Specification: the Debian Policy Manual, section 5.6.12 "Version", and deb-version(7). Texts are compared in turns: what
//! is no digit sign by sign, where `~` is below the end, the end below letters and letters below all else; then digits as a
//! number.

use std::cmp::Ordering;

use super::{Scheme, Step, leading_numbers, numbers_step};

/// The scheme of `deb`.
pub struct Debian;

impl Scheme for Debian {
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
        match numbers_step(&leading_numbers(x.upstream), &leading_numbers(y.upstream)) {
            Step::None if compare(x.upstream, y.upstream).is_eq() && x.is_build_of_same_source(&y) => Step::Local,
            Step::None => Step::Patch,
            step => step,
        }
    }
}

/// A version in its parts.
struct Version<'t> {
    epoch: &'t str,
    upstream: &'t str,
    revision: &'t str,
}

impl<'t> Version<'t> {
    /// Reads a version; none where it is none of Debian's.
    fn read(text: &'t str) -> Option<Self> {
        let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b".+-~:".contains(&byte);
        let is_whole = upstream.starts_with(|first: char| first.is_ascii_alphanumeric())
            && rest.bytes().all(is_sign)
            && !epoch.is_empty()
            && epoch.bytes().all(|byte| byte.is_ascii_digit());
        is_whole.then_some(Version { epoch, upstream, revision })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        compare(self.epoch, other.epoch)
            .then_with(|| compare(self.upstream, other.upstream))
            .then_with(|| compare(self.revision, other.revision))
    }

    /// Says whether both were built from one source package: a binary rebuild alone adds `+b1`.
    fn is_build_of_same_source(&self, other: &Self) -> bool {
        compare(source_revision(self.revision), source_revision(other.revision)).is_eq()
    }
}

/// Returns a revision without the number of its binary rebuild.
fn source_revision(revision: &str) -> &str {
    match revision.rsplit_once("+b") {
        Some((source, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => source,
        _ => revision,
    }
}

/// Compares two parts of versions.
fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        while [a, b].iter().any(|rest| rest.first().is_some_and(|byte| !byte.is_ascii_digit())) {
            let order = weight(a.first()).cmp(&weight(b.first()));
            if order.is_ne() {
                return order;
            }
            (a, b) = (&a[1..], &b[1..]);
        }
        let (x, y) = (super::digits(&mut a), super::digits(&mut b));
        let order = super::compare_digits(x, y);
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// Returns where a sign stands among those that are no digits.
fn weight(sign: Option<&u8>) -> i32 {
    match sign {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_digit() => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered() {
        // The chain of the policy manual, then what dpkg itself is tested with, in kind.
        let chain = ["~~", "~~a", "~", "", "a"].map(|end| format!("1{end}"));
        for pair in chain.windows(2) {
            assert_eq!(Debian.order(&pair[0], &pair[1]), Some(Ordering::Less), "{pair:?}");
            assert_eq!(Debian.order(&pair[1], &pair[0]), Some(Ordering::Greater), "{pair:?}");
        }
        for (a, b, expected) in [
            ("1.0~beta1~svn1245", "1.0~beta1", Some(Ordering::Less)),
            ("1.0~beta1", "1.0", Some(Ordering::Less)),
            ("1.0", "1.0-0", Some(Ordering::Equal)),
            ("0:1.0", "1.0", Some(Ordering::Equal)),
            ("1:0.1", "9.9", Some(Ordering::Greater)),
            ("1.9", "1.10", Some(Ordering::Less)),
            ("1.09", "1.9", Some(Ordering::Equal)),
            ("1.0+dfsg", "1.0", Some(Ordering::Greater)),
            ("1.0a", "1.0+", Some(Ordering::Less)),
            ("2.36-9+deb12u4", "2.36-9+deb12u10", Some(Ordering::Less)),
            ("5.36.0-7", "5.36.0-7+b1", Some(Ordering::Less)),
            ("1.2-3-1", "1.2-3-2", Some(Ordering::Less)),
            ("99999999999999999999999999", "99999999999999999999999998", Some(Ordering::Greater)),
            ("1.2.*", "1.2", None),
            ("", "1", None),
            ("a:1", "1", None),
        ] {
            assert_eq!(Debian.order(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn steps_are_told_apart() {
        for (a, b, expected) in [
            ("1.2-1", "1.2-1", Step::None),
            ("1.2-1", "1.2-1+b1", Step::Local),
            ("1.2-1", "1.2-2", Step::Patch),
            ("2.36-9+deb12u4", "2.36-9+deb12u7", Step::Patch),
            ("1.2.3-1", "1.2.4-1", Step::Patch),
            ("1.2.3-1", "1.3.0-1", Step::Minor),
            ("1.2-1", "2.0-1", Step::Major),
            ("1.2-1", "1:1.2-1", Step::Major),
            ("1.2", "x y", Step::Unknown),
        ] {
            assert_eq!(Debian.step(a, b), expected, "{a} {b}");
        }
    }
}

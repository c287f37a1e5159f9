//! RubyGems' versions: segments of digits and of letters; letters make a pre-release.
//!
//! Specification: `Gem::Version` of RubyGems, whose own tests the table below holds.

use std::cmp::Ordering;

use super::{Scheme, Step, compare_digits, leading_numbers, numbers_step};

/// The scheme of `gem` and `cocoapods`.
pub struct Gem;

impl Scheme for Gem {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        let (a, b) = (segments(a)?, segments(b)?);
        for at in 0..a.len().max(b.len()) {
            // What one lacks is zero: before it come letters, after it other numbers.
            let order = match (a.get(at).unwrap_or(&"0"), b.get(at).unwrap_or(&"0")) {
                (left, right) if is_number(left) && is_number(right) => {
                    compare_digits(left.as_bytes(), right.as_bytes())
                }
                (left, right) if is_number(left) == is_number(right) => left.cmp(right),
                (left, _) if is_number(left) => Ordering::Greater,
                _ => Ordering::Less,
            };
            if order != Ordering::Equal {
                return Some(order);
            }
        }
        Some(Ordering::Equal)
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

fn is_number(segment: &str) -> bool {
    segment.starts_with(|first: char| first.is_ascii_digit())
}

/// Parts a version into its segments, less the zeros that say nothing: at the end, and before the first letters.
fn segments(version: &str) -> Option<Vec<&str>> {
    let version = version.trim();
    let is_version = version.starts_with(|first: char| first.is_ascii_digit())
        && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
        && !version.contains("..")
        && !version.ends_with(['.', '-']);
    if !is_version {
        return None;
    }
    let mut segments: Vec<&str> = Vec::new();
    let mut rest = version;
    while let Some(first) = rest.chars().next() {
        // A hyphen begins a pre-release: `1.0-rc` is `1.0.pre.rc`.
        if first == '-' {
            segments.push("pre");
            rest = &rest[1..];
            continue;
        }
        let end = match first {
            '.' => {
                rest = &rest[1..];
                continue;
            }
            _ if first.is_ascii_digit() => rest.find(|sign: char| !sign.is_ascii_digit()),
            _ => rest.find(|sign: char| !sign.is_ascii_alphabetic()),
        };
        let (segment, after) = rest.split_at(end.unwrap_or(rest.len()));
        segments.push(segment);
        rest = after;
    }
    let is_zero = |segment: &&str| segment.bytes().all(|byte| byte == b'0');
    let letters = segments.iter().position(|segment| !is_number(segment)).unwrap_or(segments.len());
    let mut tail = segments.split_off(letters);
    for part in [&mut segments, &mut tail] {
        while part.last().is_some_and(is_zero) {
            part.pop();
        }
    }
    segments.append(&mut tail);
    Some(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: RubyGems, `test/rubygems/test_gem_version.rs`, `test_spaceship` and `test_prerelease`.
    #[test]
    fn versions_are_ordered_as_rubygems_does() {
        for (a, b, expected) in [
            ("1.0", "1.0.0", Some(Ordering::Equal)),
            ("1.0", "1.0.a", Some(Ordering::Greater)),
            ("1.8.2", "0.0.0", Some(Ordering::Greater)),
            ("1.8.2", "1.8.2.a", Some(Ordering::Greater)),
            ("1.8.2.b", "1.8.2.a", Some(Ordering::Greater)),
            ("1.8.2.a", "1.8.2", Some(Ordering::Less)),
            ("1.8.2.a10", "1.8.2.a9", Some(Ordering::Greater)),
            ("0.beta.1", "0.0.beta.1", Some(Ordering::Equal)),
            ("0.0.beta", "0.0.beta.1", Some(Ordering::Less)),
            ("0.0.beta", "0.beta.1", Some(Ordering::Less)),
            ("5.a", "5.0.0.rc2", Some(Ordering::Less)),
            ("5.x", "5.0.0.rc2", Some(Ordering::Greater)),
            ("1.9.3", "1.9.3.1", Some(Ordering::Less)),
            ("1.0.0-alpha", "1.0.0", Some(Ordering::Less)),
            ("1.2", "junk", None),
            ("1..2", "1.2", None),
        ] {
            assert_eq!(Gem.order(a, b), expected, "{a} {b}");
        }
        for (a, b, expected) in [
            ("7.1.0", "7.2.0", Step::Minor),
            ("7.1.0", "8.0.0", Step::Major),
            ("7.1.0.rc1", "7.1.0", Step::Patch),
            ("1.0", "1.0.0", Step::None),
        ] {
            assert_eq!(Gem.step(a, b), expected, "{a} {b}");
        }
    }
}

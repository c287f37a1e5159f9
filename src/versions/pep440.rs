//! Versions of Python projects.
//!
//! Specification: the Python packaging specification "Version specifiers" (PEP 440). Versions are compared, never matched:
//! a specifier `==2.5.0` lets `2.5.0+cu121` through, while as versions they are two.

use std::cmp::Ordering;
use std::str::FromStr;

use pep440_rs::Version;

use super::{Scheme, Step, numbers_step};

/// The scheme of `pypi`.
pub struct Pep440;

impl Scheme for Pep440 {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        let a_version = Version::from_str(a).ok()?;
        if a == b {
            return Some(Ordering::Equal);
        }
        Some(a_version.cmp(&Version::from_str(b).ok()?))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        if a == b {
            return Step::None;
        }
        let (Ok(a), Ok(b)) = (Version::from_str(a), Version::from_str(b)) else { return Step::Unknown };
        if a.epoch() != b.epoch() {
            return Step::Major;
        }
        match numbers_step(a.release(), b.release()) {
            Step::None if (a.pre(), a.post(), a.dev()) != (b.pre(), b.post(), b.dev()) => Step::Patch,
            Step::None if a != b => Step::Local,
            step => step,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered() {
        // The order given in the specification, with local versions beside their release.
        let ascending = [
            "1.dev0",
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "2.5.0",
            "2.5.0+cpu",
            "2.5.0+cu121",
            "2.5.0+cu124",
            "2.5.1",
            "2.10",
            "1!0.1",
        ];
        for (at, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(Pep440.order(a, b), Some(at.cmp(&other)), "{a} {b}");
            }
        }
    }

    #[test]
    fn one_version_is_spelled_in_many_ways() {
        for (a, b, expected) in [
            ("1.0", "1.0.0", true),
            ("1.0", "v1.0", true),
            ("1.0RC1", "1.0-c.1", true),
            ("1.0-1", "1.0.post1", true),
            ("1.0+ubuntu-1", "1.0+ubuntu.1", true),
            ("0!1", "1", true),
            ("1.0", "1.0+cpu", false),
            ("2.5.0+cu121", "2.5.0+cu124", false),
            ("legacy", "legacy", true),
            ("legacy", "Legacy", false),
        ] {
            assert_eq!(Pep440.same(a, b), expected, "{a} {b}");
            assert_eq!(Pep440.step(a, b) == Step::None, expected, "{a} {b}");
        }
    }

    #[test]
    fn steps_are_measured() {
        for (a, b, expected) in [
            ("2.5.0+cu121", "2.5.0+cu124", Step::Local),
            ("2.5.0", "2.5+cpu", Step::Local),
            ("1.0rc1", "1.0", Step::Patch),
            ("1.0", "1.0.post1", Step::Patch),
            ("1.0.dev1", "1.0.dev2+x", Step::Patch),
            ("2.5", "2.5.1+cu124", Step::Patch),
            ("2.9.0", "2.10.0", Step::Minor),
            ("1.26.4", "2.0.0", Step::Major),
            ("1.0", "1!1.0", Step::Major),
            ("0.11.0", "0.12.0", Step::Major),
            ("2024.1", "2024.2", Step::Minor),
            ("1.0", "legacy", Step::Unknown),
            ("1.0", "", Step::Unknown),
        ] {
            assert_eq!(Pep440.step(a, b), expected, "{a} {b}");
        }
    }
}

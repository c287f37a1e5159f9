//! Semantic versions, as Cargo, Go and npm write them.
//!
//! Specification: Semantic Versioning 2.0.0. Two versions that differ in build metadata alone are of one precedence there;
//! here they are two, ordered by it as the `semver` crate does, for they are two artifacts.

use std::cmp::Ordering;

use semver::Version;

use super::{Scheme, Step, numbers_step};

/// The scheme of `cargo`, `golang`, `npm` and others.
pub struct Semver;

impl Scheme for Semver {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        if a == b {
            return version(a).map(|_| Ordering::Equal);
        }
        Some(version(a)?.cmp(&version(b)?))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        if a == b {
            return Step::None;
        }
        let (Some(a), Some(b)) = (version(a), version(b)) else { return Step::Unknown };
        match numbers_step(&[a.major, a.minor, a.patch], &[b.major, b.minor, b.patch]) {
            Step::None if a.pre != b.pre => Step::Patch,
            Step::None if a.build != b.build => Step::Local,
            step => step,
        }
    }
}

/// Reads a version; Go writes a `v` before it, and npm takes one, or a `=`.
fn version(text: &str) -> Option<Version> {
    Version::parse(text.trim_start_matches(['=', ' ']).trim_start_matches('v')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered() {
        for (a, b, expected) in [
            ("1.2.3", "1.2.3", Some(Ordering::Equal)),
            ("v1.2.3", "=1.2.3", Some(Ordering::Equal)),
            ("1.9.0", "1.10.0", Some(Ordering::Less)),
            ("1.0.0-alpha", "1.0.0-alpha.1", Some(Ordering::Less)),
            ("1.0.0-alpha.beta", "1.0.0-beta", Some(Ordering::Less)),
            ("1.0.0-beta.2", "1.0.0-beta.11", Some(Ordering::Less)),
            ("1.0.0-rc.1", "1.0.0", Some(Ordering::Less)),
            ("1.0.0", "1.0.0+build", Some(Ordering::Less)),
            ("1.0", "1.0.0", None),
            ("01.0.0", "1.0.0", None),
            ("", "1.0.0", None),
            ("99999999999999999999.0.0", "1.0.0", None),
            ("1.2.x", "1.2.x", None),
        ] {
            assert_eq!(Semver.order(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn steps_are_measured() {
        for (a, b, expected) in [
            ("1.2.3", "v1.2.3", Step::None),
            ("1.2.3", "1.2.3+gpu", Step::Local),
            ("1.2.3-rc.1", "1.2.3-rc.2", Step::Patch),
            ("1.2.3-rc.1", "1.2.3", Step::Patch),
            ("1.2.3", "1.2.4", Step::Patch),
            ("1.2.3", "1.3.0", Step::Minor),
            ("1.2.3", "2.0.0-rc.1", Step::Major),
            ("0.1.0", "0.2.0", Step::Major),
            ("0.1.2", "0.1.3", Step::Minor),
            ("0.0.1", "0.0.2", Step::Major),
            ("1.2.3", "git", Step::Unknown),
        ] {
            assert_eq!(Semver.step(a, b), expected, "{a} {b}");
        }
    }
}

//! Orders versions and says how far apart they are, one file a scheme.
//!
//! A scheme never guesses: where a text is none of its versions there is no order, and the step is [`Step::Unknown`].

mod apk;
mod bazel;
mod composer;
mod conan;
mod conda;
mod cran;
mod debian;
mod gem;
mod maven;
mod nuget;
mod opaque;
mod pep440;
mod pvp;
mod ranges;
mod rpm;
mod semver;
mod tag;
mod vcpkg;

use std::cmp::Ordering;
use std::fmt;

pub use ranges::fits;

/// How versions of an ecosystem are written.
///
/// Laws: `order` is total among the texts that are versions of the scheme, and equal exactly where `same` holds; the step
/// is the same in both directions, and [`Step::None`] exactly where `same` holds.
pub trait Scheme: Sync {
    /// Returns which of two versions is older; none where either is no version of the scheme.
    fn order(&self, a: &str, b: &str) -> Option<Ordering>;

    /// Says whether both spell one version: `1.0` and `1.0.0` in PEP 440. Equal texts always do.
    fn same(&self, a: &str, b: &str) -> bool {
        a == b || self.order(a, b) == Some(Ordering::Equal)
    }

    /// Returns the size of the step between two versions, up or down.
    fn step(&self, a: &str, b: &str) -> Step;
}

/// The size of a step between two versions, smallest first.
///
/// As Cargo reads versions, below `1.0` the first number that is not zero is the major one: `0.1` to `0.2` is a major
/// step, `0.1.2` to `0.1.3` a minor one, and every step among `0.0.z` a major one. Python's tools read the caret the same
/// way, so all schemes of numbers do.
///
/// Source: the Cargo Book, "SemVer compatibility".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// One version.
    #[default]
    None,
    /// The same release, built otherwise: semver's build metadata, a local version as in `2.5.0+cu121`.
    Local,
    /// A number past the second, or no number but a mark of a pre-release, post-release or development release.
    Patch,
    /// The second number.
    Minor,
    /// The first number, the first that is not zero, or an epoch.
    Major,
    /// No scheme tells: a commit, a tag, a version that is malformed or missing. Greater than every known step.
    Unknown,
}

impl Step {
    /// The steps that a policy can name, smallest first.
    pub const NAMED: [Step; 5] = [Step::None, Step::Local, Step::Patch, Step::Minor, Step::Major];

    /// Returns the name in policies and reports.
    pub fn name(self) -> &'static str {
        match self {
            Step::None => "none",
            Step::Local => "local",
            Step::Patch => "patch",
            Step::Minor => "minor",
            Step::Major => "major",
            Step::Unknown => "unknown",
        }
    }

    /// Finds a step by its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().chain([Step::Unknown]).find(|step| step.name() == name)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The schemes, by purl type.
const SCHEMES: &[(&str, &dyn Scheme)] = &[
    ("apk", &apk::Apk),
    ("bazel", &bazel::Bazel),
    ("cargo", &semver::Semver),
    ("cocoapods", &gem::Gem),
    ("composer", &composer::Composer),
    ("conan", &conan::Conan),
    ("conda", &conda::Conda),
    ("cran", &cran::Cran),
    ("deb", &debian::Debian),
    ("docker", &tag::Tag),
    ("gem", &gem::Gem),
    ("github", &tag::Tag),
    ("golang", &semver::Semver),
    ("hackage", &pvp::Pvp),
    ("helm", &semver::Semver),
    ("hex", &semver::Semver),
    ("julia", &semver::Semver),
    ("maven", &maven::Maven),
    ("npm", &semver::Semver),
    ("nuget", &nuget::NuGet),
    ("oci", &tag::Tag),
    ("pub", &semver::Semver),
    ("pypi", &pep440::Pep440),
    ("rpm", &rpm::Rpm),
    ("swift", &semver::Semver),
    ("terraform", &semver::Semver),
    ("vcpkg", &vcpkg::Vcpkg),
];

/// Returns the scheme of a purl type; where none is known, versions are equal or not.
pub fn scheme(purl_type: &str) -> &'static dyn Scheme {
    SCHEMES.iter().find(|(ty, _)| *ty == purl_type).map_or(&opaque::Opaque, |(_, scheme)| *scheme)
}

/// Returns the step between two runs of numbers, most important first; what one lacks is zero.
fn numbers_step(a: &[u64], b: &[u64]) -> Step {
    let at = |numbers: &[u64], index: usize| numbers.get(index).copied().unwrap_or(0);
    let Some(moved) = (0..a.len().max(b.len())).find(|&index| at(a, index) != at(b, index)) else { return Step::None };
    // Up to where they part the two are equal, so `a` tells for both.
    let leading = (0..moved).find(|&index| at(a, index) != 0).unwrap_or(moved);
    match moved - leading {
        0 => Step::Major,
        _ if moved >= 2 && at(a, 0) != 0 => Step::Patch,
        1 => Step::Minor,
        _ => Step::Patch,
    }
}

/// Returns the numbers parted by points that a text begins with; those past all measure are as large as can be.
fn leading_numbers(text: &str) -> Vec<u64> {
    let end = text.find(|sign: char| !sign.is_ascii_digit() && sign != '.').unwrap_or(text.len());
    let numbers = text[..end].split('.').take_while(|number| !number.is_empty());
    numbers.map(|number| number.parse().unwrap_or(u64::MAX)).collect()
}

/// Takes the digits off that a text begins with.
fn digits<'t>(rest: &mut &'t [u8]) -> &'t [u8] {
    let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    digits
}

/// Compares two runs of digits as numbers, however long; an empty one is zero.
fn compare_digits(a: &[u8], b: &[u8]) -> Ordering {
    let plain = |digits: &[u8]| digits.iter().position(|byte| *byte != b'0').unwrap_or(digits.len());
    let (a, b) = (&a[plain(a)..], &b[plain(b)..]);
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_of_numbers() {
        for (a, b, expected) in [
            (&[1, 2, 3][..], &[1, 2, 3][..], Step::None),
            (&[1, 2], &[1, 2, 0], Step::None),
            (&[1, 2, 3], &[1, 2, 4], Step::Patch),
            (&[1, 2, 3, 4], &[1, 2, 3, 5], Step::Patch),
            (&[1, 0, 3], &[1, 0, 4], Step::Patch),
            (&[1, 2, 3], &[1, 3, 0], Step::Minor),
            (&[1, 2, 3], &[2, 2, 3], Step::Major),
            (&[0, 1, 0], &[0, 2, 0], Step::Major),
            (&[0, 1, 2], &[0, 1, 3], Step::Minor),
            (&[0, 1, 2, 1], &[0, 1, 2, 2], Step::Patch),
            (&[0, 0, 1], &[0, 0, 2], Step::Major),
            (&[0, 0, 1, 4], &[0, 0, 1, 5], Step::Minor),
            (&[0, 9], &[1, 0], Step::Major),
            (&[], &[1], Step::Major),
        ] {
            assert_eq!(numbers_step(a, b), expected, "{a:?} {b:?}");
            assert_eq!(numbers_step(b, a), expected, "{b:?} {a:?}");
        }
    }

    #[test]
    fn every_ecosystem_has_a_scheme() {
        assert_eq!(scheme("cargo").order("1.2.3", "1.10.0"), Some(Ordering::Less));
        assert_eq!(scheme("pypi").order("1.0rc1", "1.0"), Some(Ordering::Less));
        assert_eq!(scheme("conda").order("1.0.1a", "1.0.1"), Some(Ordering::Less));
        assert_eq!(scheme("docker").order("3.12-slim", "3.13-slim"), Some(Ordering::Less));
        assert_eq!(scheme("no-such-type").order("1", "2"), None);
        assert_eq!(scheme("no-such-type").step("1", "1"), Step::None);
    }

    #[test]
    fn steps_have_names() {
        for step in Step::NAMED.into_iter().chain([Step::Unknown]) {
            assert_eq!(Step::named(step.name()), Some(step));
        }
        assert!(Step::NAMED.is_sorted() && Step::NAMED.iter().all(|step| *step < Step::Unknown));
    }

    /// Texts near enough to each other that order and equality both happen, some of no scheme at all.
    fn version() -> impl Strategy<Value = String> {
        prop_oneof![
            "[v=]?[0-2](\\.[0-2]){0,3}(-(rc|alpha)(\\.[01])?|(a|rc)[01])?(\\.post[01])?(\\.dev[01])?(\\+(cu12[14]|1|1\\.a|b))?",
            "[01]!1\\.[01]",
            "[01](\\.|_)?(dev|post|rc|a)?[01]?(_|-|\\.0)?",
            "([01]:)?[01](\\.0?[0-2]){0,2}[ab~^]?(_rc|_p|~)?[01]?(-r?[01](\\+b[01])?)?",
            "0?[0-3](\\.[0-2])?(-slim|-runtime-ubuntu22\\.04)?",
            "[0-2]{4}-0[12]-0[12](\\.[01])?(#[01])?",
            "[01]\\.[01](\\.[01])?(-(rc|[01])(\\.[01])?)?(#[01]|\\+[ab])?",
            "[01](\\.bcr)?\\.[01a]",
            "[a-c]{0,2}",
        ]
    }

    proptest! {
        #[test]
        fn laws(a in version(), b in version(), c in version()) {
            for (ty, scheme) in SCHEMES.iter().copied().chain([("generic", &opaque::Opaque as &dyn Scheme)]) {
                let order = scheme.order(&a, &b);
                prop_assert_eq!(order, scheme.order(&b, &a).map(Ordering::reverse), "antisymmetry in {}", ty);
                prop_assert_eq!(scheme.same(&a, &b), scheme.same(&b, &a));
                prop_assert!(scheme.same(&a, &a));
                if order.is_some() {
                    prop_assert_eq!(order == Some(Ordering::Equal), scheme.same(&a, &b), "equality in {}", ty);
                }
                if order.is_some() && order == scheme.order(&b, &c) {
                    prop_assert_eq!(scheme.order(&a, &c), order, "transitivity in {}", ty);
                }
                prop_assert_eq!(scheme.step(&a, &b), scheme.step(&b, &a), "symmetry of steps in {}", ty);
                prop_assert_eq!(scheme.step(&a, &b) == Step::None, scheme.same(&a, &b), "no step in {}", ty);
                prop_assert_eq!(scheme.step(&a, &b) == Step::Unknown, order.is_none() && a != b, "unknown in {}", ty);
            }
        }

        #[test]
        fn no_text_panics(a in ".{0,12}", b in ".{0,12}") {
            for (_, scheme) in SCHEMES {
                let _ = (scheme.order(&a, &b), scheme.same(&a, &b), scheme.step(&a, &b));
            }
        }
    }
}

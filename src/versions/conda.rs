//! Versions of conda packages.
//!
//! Specification: conda's `VersionOrder` (conda/conda `conda/models/version.py`). A version is an epoch, components parted by
//! `.` or `_`, and a local version after `+`; each component is a run of numbers and words. Words are below numbers, `dev`
//! is below all other words, and `post` is above all numbers; what a version lacks is 0.

use std::cmp::Ordering;

use super::{Scheme, Step, numbers_step};

/// The scheme of `conda`.
pub struct Conda;

impl Scheme for Conda {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        let a_version = Version::read(a)?;
        if a == b {
            return Some(Ordering::Equal);
        }
        Some(a_version.cmp(&Version::read(b)?))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        if a == b {
            return Step::None;
        }
        let (Some(a), Some(b)) = (Version::read(a), Version::read(b)) else { return Step::Unknown };
        let public = compare_all(&a.components, &b.components);
        if a.components[0] != b.components[0] {
            return Step::Major;
        }
        match numbers_step(&a.numbers(), &b.numbers()) {
            Step::None if public.is_ne() => Step::Patch,
            Step::None if a.cmp(&b).is_ne() => Step::Local,
            step => step,
        }
    }
}

/// A version in its parts.
struct Version {
    /// The epoch, then the components.
    components: Vec<Vec<Part>>,
    local: Vec<Vec<Part>>,
}

/// A part of a component, in the order of conda: words, then numbers, then `post`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Letters, in lower case; `dev` is spelled in upper case, so that it stands before all others.
    Word(String),
    /// A number: how many digits it has, and these without leading zeros.
    Number(usize, String),
    Post,
}

impl Part {
    fn read(text: &str) -> Self {
        match text {
            "post" => Part::Post,
            "dev" => Part::Word("DEV".to_owned()),
            digits if digits.starts_with(|first: char| first.is_ascii_digit()) => {
                let digits = digits.trim_start_matches('0');
                Part::Number(digits.len(), digits.to_owned())
            }
            word => Part::Word(word.to_owned()),
        }
    }

    fn zero() -> Self {
        Part::Number(0, String::new())
    }
}

impl Version {
    /// Reads a version; none where it is none of conda's. A pattern as `1.2.*` is no version.
    fn read(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        // Dashes are taken for underscores, but not both.
        let lower = if lower.contains('_') { lower } else { lower.replace('-', "_") };
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"._+!".contains(&byte);
        if !lower.bytes().all(is_sign) {
            return None;
        }
        let (epoch, rest) = lower.split_once('!').unwrap_or(("0", &lower));
        if epoch.is_empty() || !epoch.bytes().all(|byte| byte.is_ascii_digit()) || rest.contains('!') {
            return None;
        }
        if rest.matches('+').count() > 1 {
            return None;
        }
        let (public, local) = rest.split_once('+').map_or((rest, None), |(public, local)| (public, Some(local)));
        // An underscore at the end belongs to the last component: `1.0.1_` is below `1.0.1a`, as OpenSSL numbers.
        let (plain, is_open) = public.strip_suffix('_').map_or((public, false), |plain| (plain, true));
        let mut texts: Vec<String> = plain.split(['.', '_']).map(str::to_owned).collect();
        if is_open {
            texts.last_mut()?.push('_');
        }
        let mut components = vec![vec![Part::read(epoch)]];
        for text in &texts {
            components.push(component(text)?);
        }
        let local = local.into_iter().flat_map(|local| local.split(['.', '_']));
        Some(Version { components, local: local.map(component).collect::<Option<_>>()? })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        compare_all(&self.components, &other.components).then_with(|| compare_all(&self.local, &other.local))
    }

    /// Returns the numbers that it begins with, less the epoch; those past all measure are as large as can be.
    fn numbers(&self) -> Vec<u64> {
        let mut numbers = Vec::new();
        for component in &self.components[1..] {
            if let Some(Part::Number(digits, text)) = component.first() {
                numbers.push(if *digits == 0 { 0 } else { text.parse().unwrap_or(u64::MAX) });
            }
            if component.len() > 1 {
                break;
            }
        }
        numbers
    }
}

/// Parts a component into runs of digits and of others; one that begins with a word begins with a 0 before it.
fn component(text: &str) -> Option<Vec<Part>> {
    let is_digit = |at: usize| text.as_bytes()[at].is_ascii_digit();
    if text.is_empty() {
        return None;
    }
    let mut parts = if is_digit(0) { Vec::new() } else { vec![Part::zero()] };
    let mut start = 0;
    for at in 1..=text.len() {
        if at == text.len() || is_digit(at) != is_digit(start) {
            parts.push(Part::read(&text[start..at]));
            start = at;
        }
    }
    Some(parts)
}

fn compare_all(a: &[Vec<Part>], b: &[Vec<Part>]) -> Ordering {
    let at = |all: &[Vec<Part>], index: usize| all.get(index).cloned().unwrap_or_default();
    let orders = (0..a.len().max(b.len())).map(|index| compare(&at(a, index), &at(b, index)));
    orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn compare(a: &[Part], b: &[Part]) -> Ordering {
    let zero = Part::zero();
    let orders = (0..a.len().max(b.len())).map(|at| a.get(at).unwrap_or(&zero).cmp(b.get(at).unwrap_or(&zero)));
    orders.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered() {
        // The order given in the documentation of `VersionOrder`, with OpenSSL's letters and local versions beside it.
        let ascending: &[&[&str]] = &[
            &["0.4", "0.4.0"],
            &["0.4.1.rc", "0.4.1.RC"],
            &["0.4.1"],
            &["0.5a1"],
            &["0.5b3"],
            &["0.5C1"],
            &["0.5"],
            &["0.9.6"],
            &["0.960923"],
            &["1.0"],
            &["1.0.1dev"],
            &["1.0.1_"],
            &["1.0.1a"],
            &["1.0.1q"],
            &["1.0.1"],
            &["1.0.2a"],
            &["1.1dev1"],
            &["1.1_", "1.1-"],
            &["1.1a1"],
            &["1.1.0dev1", "1.1.dev1"],
            &["1.1.a1"],
            &["1.1.0rc1", "1.1.0RC1", "1.1_0rc1"],
            &["1.1.0+cpu"],
            &["1.1.0+cu121", "1.1+CU121"],
            &["1.1.0", "1.1", "01.01", "0!1.1"],
            &["1.1.0+1"],
            &["1.1.0post1", "1.1.post1"],
            &["1.1post1"],
            &["12.9.79"],
            &["12.10"],
            &["1996.07.12"],
            &["2023a"],
            &["2023c"],
            &["2023"],
            &["2025b"],
            &["99999999999999999999"],
            &["100000000000000000000"],
            &["1!0.4.1"],
            &["1!3.1.1.6"],
            &["2!0.4.1"],
        ];
        for (at, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                for (a, b) in a.iter().flat_map(|a| b.iter().map(move |b| (a, b))) {
                    assert_eq!(Conda.order(a, b), Some(at.cmp(&other)), "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn other_texts_are_no_versions() {
        for text in
            ["", "1..2", "1.2+", "+1", "1!", "!1", "a!1", "1!2!3", "1+2+3", "1-2_3", "1.2.*", ">=1", "1 2", "é", "."]
        {
            assert_eq!(Conda.order(text, text), None, "{text}");
        }
    }

    #[test]
    fn steps_are_measured() {
        for (a, b, expected) in [
            ("2.5.0+cu121", "2.5.0+cu124", Step::Local),
            ("1.1", "1.1.0", Step::None),
            ("1.0rc1", "1.0", Step::Patch),
            ("2.5", "2.5.1", Step::Patch),
            ("1.0.1q", "1.0.1r", Step::Patch),
            ("12.6", "12.9", Step::Minor),
            ("11.8", "12.9", Step::Major),
            ("2023c", "2024a", Step::Major),
            ("2024a", "2024b", Step::Patch),
            ("0.11.0", "0.12.0", Step::Major),
            ("1.0", "1!1.0", Step::Major),
            ("12.0.0.r4.gg4f2fc60ca", "12.0.0.r5.gg4f2fc60ca", Step::Patch),
            ("1.0", "1.*", Step::Unknown),
        ] {
            assert_eq!(Conda.step(a, b), expected, "{a} {b}");
        }
    }
}

//! vcpkg's versions: numbers, dates, semantic versions; each with the revision of its port after `#`.
//!
//! Specification: "Versioning reference", "Version schemes" and "Port version", of vcpkg's documentation, whose examples the
//! table below holds. Which scheme a package has stands in its registry. A text tells as much: a date is compared with dates,
//! and numbers with numbers, with which semantic versions agree. Other texts (`version-string`) have no order.

use std::cmp::Ordering;

use super::{Scheme, Step, compare_digits, leading_numbers, numbers_step};

/// The scheme of `vcpkg`.
pub struct Vcpkg;

impl Scheme for Vcpkg {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        let (a, b) = (Version::read(a)?, Version::read(b)?);
        (a.is_date == b.is_date).then(|| a.order(&b).then_with(|| a.last(&b)))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        if a == b {
            return Step::None;
        }
        let (Some(left), Some(right)) = (Version::read(a), Version::read(b)) else { return Step::Unknown };
        if left.is_date != right.is_date {
            return Step::Unknown;
        }
        if left.order(&right).is_eq() {
            return if left.last(&right).is_eq() { Step::None } else { Step::Local };
        }
        let numbers = |text: &str, is_date| {
            if is_date { leading_numbers(&text.replace('-', ".")) } else { leading_numbers(text) }
        };
        numbers_step(&numbers(a, left.is_date), &numbers(b, right.is_date)).max(Step::Patch)
    }
}

struct Version<'t> {
    is_date: bool,
    numbers: Vec<&'t str>,
    /// Empty for a release.
    pre: Vec<&'t str>,
    build: &'t str,
    port: &'t str,
}

impl<'t> Version<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let (rest, port) = text.split_once('#').unwrap_or((text, "0"));
        if !is_number(port) {
            return None;
        }
        if let Some(numbers) = date(rest) {
            return Some(Version { is_date: true, numbers, pre: Vec::new(), build: "", port });
        }
        let (rest, build) = rest.split_once('+').map_or((rest, None), |(rest, build)| (rest, Some(build)));
        let (numbers, pre) = rest.split_once('-').map_or((rest, None), |(numbers, pre)| (numbers, Some(pre)));
        let numbers: Vec<&str> = numbers.split('.').collect();
        let pre: Vec<&str> = pre.map_or(Vec::new(), |pre| pre.split('.').collect());
        let is_label =
            |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_semantic = pre.is_empty() && build.is_none() || numbers.len() == 3;
        let is_numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
        let is_version = is_semantic
            && numbers.iter().all(|number| is_number(number))
            && pre.iter().all(|label| is_label(label) && (!is_numeric(label) || is_number(label)))
            && build.is_none_or(|build| build.split('.').all(is_label));
        is_version.then(|| Version { is_date: false, numbers, pre, build: build.unwrap_or_default(), port })
    }

    fn order(&self, other: &Self) -> Ordering {
        let mut pairs = self.numbers.iter().zip(&other.numbers);
        let numbers = pairs.find_map(|(a, b)| Some(compare_digits(a.as_bytes(), b.as_bytes())).filter(|it| it.is_ne()));
        numbers
            .unwrap_or_else(|| self.numbers.len().cmp(&other.numbers.len()))
            .then_with(|| self.pre.is_empty().cmp(&other.pre.is_empty()))
            .then_with(|| self.compare_pre(other))
    }

    /// Compares as semantic versions do: numbers come before words.
    fn compare_pre(&self, other: &Self) -> Ordering {
        for (a, b) in self.pre.iter().zip(&other.pre) {
            let order = match (is_number(a), is_number(b)) {
                (true, true) => compare_digits(a.as_bytes(), b.as_bytes()),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.cmp(b),
            };
            if order.is_ne() {
                return order;
            }
        }
        self.pre.len().cmp(&other.pre.len())
    }

    /// Compares what was built, and the revisions of the port.
    fn last(&self, other: &Self) -> Ordering {
        self.build.cmp(other.build).then_with(|| compare_digits(self.port.as_bytes(), other.port.as_bytes()))
    }
}

/// Says whether a text is a number without a leading zero.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}

/// Reads `2024-01-16.1`.
fn date(text: &str) -> Option<Vec<&str>> {
    let mut parts = text.split('.');
    let mut numbers: Vec<&str> = parts.next()?.split('-').collect();
    let is_digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(numbers[..], [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2)
        || !numbers.iter().all(is_digits)
    {
        return None;
    }
    for part in parts {
        numbers.push(Some(part).filter(|part| is_number(part))?);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the examples of the four schemes, and of revisions.
    #[test]
    fn versions_are_ordered_as_vcpkg_does() {
        for ascending in [
            &["0", "0.1", "0.1.0", "1", "1.0.0", "1.0.1", "1.1", "2.0.0"][..],
            &["1.0.0-1", "1.0.0-alpha", "1.0.0-beta", "1.0.0", "1.0.1", "1.1.0"],
            &["2021-01-01", "2021-01-01.1", "2021-02-01.1.2", "2021-02-01.1.3"],
            &["1.0.0", "1.0.0#1", "1.0.1", "1.0.1#5", "2.0.0"],
        ] {
            for (at, a) in ascending.iter().enumerate() {
                for (other, b) in ascending.iter().enumerate() {
                    assert_eq!(Vcpkg.order(a, b), Some(at.cmp(&other)), "{a} {b}");
                }
            }
        }
        for (a, b) in [
            ("2021-01-01", "1.0"),
            ("2021-01-01", "2021.1.1"),
            ("apple", "apple"),
            ("1.02", "1.2"),
            ("1.0-rc", "1.0"),
            ("1#", "1"),
        ] {
            assert_eq!(Vcpkg.order(a, b), None, "{a} {b}");
        }
        for (a, b, expected) in [
            ("1.2.11", "1.2.13", Step::Patch),
            ("1.2.11", "1.3", Step::Minor),
            ("1.0", "2.0", Step::Major),
            ("1.0", "1.0.0", Step::Patch),
            ("1.0.0-rc", "1.0.0", Step::Patch),
            ("1.0#1", "1.0#2", Step::Local),
            ("1.0", "1.0#0", Step::None),
            ("2023-01-02", "2024-01-02", Step::Major),
            ("2024-01-02", "2024-03-02", Step::Minor),
            ("1.0", "2024-03-02", Step::Unknown),
        ] {
            assert_eq!(Vcpkg.step(a, b), expected, "{a} {b}");
        }
    }
}

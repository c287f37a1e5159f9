//! R's versions: numbers parted by points or dashes, which mean the same.
//!
//! Specification: `numeric_version` and `compareVersion` in R's manual, and "Writing R Extensions", "The DESCRIPTION file".

use std::cmp::Ordering;

use super::{Scheme, Step, compare_digits, numbers_step};

/// The scheme of `cran`.
pub struct Cran;

impl Scheme for Cran {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        let (a, b) = (numbers(a)?, numbers(b)?);
        let orders = a.iter().zip(&b).map(|(a, b)| compare_digits(a.as_bytes(), b.as_bytes()));
        Some(orders.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len())))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        match self.order(a, b) {
            _ if a == b => Step::None,
            None => Step::Unknown,
            Some(Ordering::Equal) => Step::None,
            Some(_) => {
                let read = |text| -> Vec<u64> {
                    let numbers = numbers(text).unwrap_or_default();
                    numbers.iter().map(|number| number.parse().unwrap_or(u64::MAX)).collect()
                };
                numbers_step(&read(a), &read(b)).max(Step::Patch)
            }
        }
    }
}

fn numbers(text: &str) -> Option<Vec<&str>> {
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split(['.', '-']).collect();
    parts.iter().all(is_number).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: what `compareVersion` and `package_version` of R 4.2.2 answer.
    #[test]
    fn versions_are_ordered_as_r_does() {
        for (a, b, expected) in [
            ("1.2.3", "1.2.3-1", Some(Ordering::Less)),
            ("1.2-4", "1.2.4", Some(Ordering::Equal)),
            ("1.0", "1.0.0", Some(Ordering::Less)),
            ("0.9-10", "0.9-9", Some(Ordering::Greater)),
            ("1.10", "1.9", Some(Ordering::Greater)),
            ("2022.1-3", "2022.2", Some(Ordering::Less)),
            ("1.01", "1.1", Some(Ordering::Equal)),
            ("1.2rc1", "1.2", None),
            ("1.", "1", None),
            ("-1", "1", None),
            ("1..2", "1.2", None),
        ] {
            assert_eq!(Cran.order(a, b), expected, "{a} {b}");
        }
        for (a, b, expected) in [
            ("7.3-58", "7.3-59", Step::Patch),
            ("1.2.3", "1.3.0", Step::Minor),
            ("1.5", "2.0", Step::Major),
            ("1.0", "1.0.0", Step::Patch),
            ("1.2-4", "1.2.4", Step::None),
        ] {
            assert_eq!(Cran.step(a, b), expected, "{a} {b}");
        }
    }
}

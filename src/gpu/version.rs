//! Versions of drivers and of CUDA: numbers between dots, and nothing else.

use std::cmp::Ordering;
use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A driver's or CUDA's version: `550.54.15`, `12.8`.
///
/// Versions are compared part by part as numbers, and a missing part is 0: `535.54.03` is below `535.104.05`, `12.10` is
/// above `12.9`. Each is shown as it was written, so that a leading zero as in `418.39.04` stays.
///
/// Source: the CUDA container requirements' own comparison (NVIDIA/libnvidia-container `src/cli/dsl.c`).
#[derive(Clone, Debug)]
pub struct Dotted {
    numbers: Vec<u32>,
    written: String,
}

impl Dotted {
    /// Reads a version; none where it is no run of numbers between dots.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten();
        let numbers = text.split('.').map(number).collect::<Option<Vec<u32>>>()?;
        Some(Dotted { numbers, written: text.to_owned() })
    }

    /// Returns a major version and a minor one.
    pub fn of(major: u32, minor: u32) -> Self {
        Dotted { numbers: vec![major, minor], written: format!("{major}.{minor}") }
    }

    /// Returns a major version, the minor one not known.
    pub fn major_alone(major: u32) -> Self {
        Dotted { numbers: vec![major], written: major.to_string() }
    }

    /// Returns the first numbers of it, as many as asked for.
    pub fn first_parts(&self, count: usize) -> Self {
        let numbers: Vec<u32> = (0..count).map(|index| self.part(index)).collect();
        let written = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        Dotted { numbers, written }
    }

    /// Returns the first number: CUDA's major, or a Linux driver's branch.
    pub fn major(&self) -> u32 {
        self.part(0)
    }

    /// Returns the second number, 0 where there is none.
    pub fn minor(&self) -> u32 {
        self.part(1)
    }

    /// Returns the number at a place, 0 where there is none.
    pub fn part(&self, index: usize) -> u32 {
        self.numbers.get(index).copied().unwrap_or(0)
    }

    /// Returns the first two numbers: `12.8` of `12.8.90`.
    pub fn major_minor(&self) -> Self {
        Self::of(self.major(), self.minor())
    }

    /// Returns a compute capability times ten: 90 of `9.0`.
    pub fn sm(&self) -> u32 {
        self.major().saturating_mul(10).saturating_add(self.minor())
    }

    /// Says how many parts are written.
    pub fn parts(&self) -> usize {
        self.numbers.len()
    }
}

impl Ord for Dotted {
    fn cmp(&self, other: &Self) -> Ordering {
        let longest = self.numbers.len().max(other.numbers.len());
        (0..longest)
            .map(|index| self.part(index).cmp(&other.part(index)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Dotted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Dotted {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Dotted {}

impl fmt::Display for Dotted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl<'de> Deserialize<'de> for Dotted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Dotted::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no version of numbers between dots")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dotted(text: &str) -> Dotted {
        Dotted::parse(text).expect("a version of the table")
    }

    #[test]
    fn numbers_are_compared() {
        for (low, high) in [
            ("535.54.03", "535.104.05"),
            ("12.9", "12.10"),
            ("525", "525.60.13"),
            ("450.36.06", "450.80.02"),
            ("11.8", "12"),
        ] {
            assert!(dotted(low) < dotted(high), "{low} {high}");
        }
        assert_eq!(dotted("12"), dotted("12.0.0"));
        assert_eq!(dotted("418.39.04"), dotted("418.39.4"));
        assert_eq!(dotted("418.39.04").to_string(), "418.39.04");
        assert_eq!(dotted("12.8.90").major_minor().to_string(), "12.8");
        assert_eq!((dotted("9.0").sm(), dotted("12").sm(), dotted("4294967295.9").sm()), (90, 120, u32::MAX));
    }

    #[test]
    fn other_texts_are_none() {
        for text in ["", ".", "12.", ".8", "12.x", "+12", "99999999999", "12 8", "535.54.03-1", "١٢"] {
            assert!(Dotted::parse(text).is_none(), "{text}");
        }
    }
}

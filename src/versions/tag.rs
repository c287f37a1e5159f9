//! Tags of container images: `3.12-slim`, `12.4.1-runtime-ubuntu22.04`, `latest`, `sha256:…`.
//!
//! A tag is a name that anyone can move. Only tags of one make are ordered: a `v` or none, as many numbers, the same
//! suffix to the letter. `3.12` against `3.12.4` has no order, for the first may be the second tomorrow.

use std::cmp::Ordering;

use super::{Scheme, Step, numbers_step};

/// The scheme of `docker` and `oci`.
pub struct Tag;

impl Scheme for Tag {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        if a == b {
            return Some(Ordering::Equal);
        }
        let (a, b) = alike(a, b)?;
        Some(a.cmp(&b))
    }

    fn step(&self, a: &str, b: &str) -> Step {
        if a == b {
            return Step::None;
        }
        alike(a, b).map_or(Step::Unknown, |(a, b)| numbers_step(&a, &b))
    }
}

/// Returns the numbers of two tags of one make; none where they are spelled apart but mean the same (`24.04`, `24.4`).
fn alike(a: &str, b: &str) -> Option<(Vec<u64>, Vec<u64>)> {
    let (v, rest) = split_v(a);
    let (other_v, other_rest) = split_v(b);
    let (numbers, suffix) = rest.split_at(rest.find('-').unwrap_or(rest.len()));
    let (other_numbers, other_suffix) = other_rest.split_at(other_rest.find('-').unwrap_or(other_rest.len()));
    if v != other_v || suffix != other_suffix {
        return None;
    }
    let (a, b) = (read(numbers)?, read(other_numbers)?);
    (a.len() == b.len() && a != b).then_some((a, b))
}

fn split_v(tag: &str) -> (bool, &str) {
    tag.strip_prefix('v').map_or((false, tag), |rest| (true, rest))
}

fn read(numbers: &str) -> Option<Vec<u64>> {
    let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten();
    numbers.split('.').map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_one_make_are_ordered() {
        for (a, b, order, step) in [
            ("3.12-slim", "3.13-slim", Some(Ordering::Less), Step::Minor),
            ("12.4.1-runtime-ubuntu22.04", "12.4.0-runtime-ubuntu22.04", Some(Ordering::Greater), Step::Patch),
            ("12.4.1-runtime-ubuntu22.04", "12.8.1-runtime-ubuntu22.04", Some(Ordering::Less), Step::Minor),
            ("12.4.1-runtime-ubuntu22.04", "12.4.1-runtime-ubuntu24.04", None, Step::Unknown),
            ("12.4.1-runtime-ubuntu22.04", "12.4.1-devel-ubuntu22.04", None, Step::Unknown),
            ("v0.11.0", "v0.12.0", Some(Ordering::Less), Step::Major),
            ("v1.0", "1.1", None, Step::Unknown),
            ("22.04", "24.04", Some(Ordering::Less), Step::Major),
            ("24.04", "24.4", None, Step::Unknown),
            ("3.12", "3.12.4", None, Step::Unknown),
            ("3", "4", Some(Ordering::Less), Step::Major),
            ("latest", "latest", Some(Ordering::Equal), Step::None),
            ("latest", "stable", None, Step::Unknown),
            ("3.12alpine", "3.13alpine", None, Step::Unknown),
            ("1..2", "1..3", None, Step::Unknown),
            ("", "1", None, Step::Unknown),
            ("+1", "+2", None, Step::Unknown),
            ("99999999999999999999", "1", None, Step::Unknown),
            ("sha256:aa", "sha256:ab", None, Step::Unknown),
        ] {
            assert_eq!(Tag.order(a, b), order, "{a} {b}");
            assert_eq!(Tag.step(a, b), step, "{a} {b}");
            assert_eq!(Tag.same(a, b), a == b, "{a} {b}");
        }
    }
}

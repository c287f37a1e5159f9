//! Versions without an order: equal or not.

use std::cmp::Ordering;

use super::{Scheme, Step};

/// The scheme of ecosystems that no other is known for.
pub struct Opaque;

impl Scheme for Opaque {
    fn order(&self, a: &str, b: &str) -> Option<Ordering> {
        (a == b).then_some(Ordering::Equal)
    }

    fn step(&self, a: &str, b: &str) -> Step {
        if a == b { Step::None } else { Step::Unknown }
    }
}

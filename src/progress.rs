//! How far the work is, for somebody who waits at a screen: counts that the work adds to, and that no result is made of.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// One count of the run.
#[derive(Default)]
pub struct Counter(AtomicUsize);

impl Counter {
    const fn new() -> Self {
        Counter(AtomicUsize::new(0))
    }

    /// Adds to the count.
    pub fn add(&self, more: usize) {
        self.0.fetch_add(more, Relaxed);
    }

    /// Returns the count.
    pub fn get(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// The entries of folders that were looked at.
pub static LISTED: Counter = Counter::new();
/// The files that are to be read.
pub static FOUND: Counter = Counter::new();
/// Those of them that were.
pub static READ: Counter = Counter::new();
/// The layers of images that are to be read.
pub static LAYERS: Counter = Counter::new();
/// Those of them that were.
pub static UNPACKED: Counter = Counter::new();

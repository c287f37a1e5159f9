//! Files that are no text: whatever is done to them, they are read or named, and nothing panics.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{files, path};
use driftgate::binary;
use proptest::prelude::*;

/// Returns the fixtures that are no text, and known.
fn samples() -> Vec<Vec<u8>> {
    let all = files(&path("fixtures/formats")).into_iter().map(|file| fs::read(file).unwrap());
    all.filter(|bytes| binary::text_of(bytes).is_some()).collect()
}

#[test]
fn fixtures_are_known() {
    let samples = samples();
    assert!(samples.len() >= 3);
    for bytes in samples {
        assert!(binary::text_of(&bytes).is_some_and(|text| text.is_ok_and(|text| !text.is_empty())));
    }
}

#[test]
fn what_is_cut_is_survived() {
    for bytes in samples() {
        for part in 0..200 {
            let _ = binary::text_of(&bytes[..bytes.len() * part / 200]);
        }
        for len in 0..bytes.len().min(200) {
            let _ = binary::text_of(&bytes[..len]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_panics(
        seed in any::<u64>(),
        // Most of what steers a reader stands at the beginning.
        changes in prop::collection::vec((0.0..1.0f64, any::<bool>(), prop::sample::select(vec![0u8, 1, 0x7f, 0x80, 0xff])), 1..24),
    ) {
        let samples = samples();
        let mut bytes = samples[(seed % samples.len() as u64) as usize].clone();
        for (part, is_early, value) in changes {
            let reach = if is_early { bytes.len().min(512) } else { bytes.len() };
            let at = ((reach as f64 * part) as usize).min(bytes.len() - 1);
            bytes[at] = value;
        }
        let _ = binary::text_of(&bytes);
    }
}

//! An image archive: whatever it holds, it is opened and listed, or refused.
#![no_main]

use std::fs;

use driftgate::tree::image::Wish;
use driftgate::tree::{Image, Tree};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let file = std::env::temp_dir().join(format!("driftgate-fuzz-{}.tar", std::process::id()));
    if fs::write(&file, bytes).is_err() {
        return;
    }
    let looks = |path: &str| driftgate::discover::look(path);
    if let Ok(Some(image)) = Image::open(&file, "image", &Wish::default(), &looks) {
        let _ = image.about();
    }
});

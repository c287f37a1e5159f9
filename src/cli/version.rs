//! `driftgate --version`: what a build is made of. Nothing else says it: outputs are the same whatever was built when.

use crate::gpu::tables;

/// Returns the version with the commit that it was built from, where that is known, and the day of the newest facts.
pub fn long() -> String {
    let facts = tables::newest();
    let from = option_env!("DRIFTGATE_BUILT_FROM").map(|from| format!("{from}; ")).unwrap_or_default();
    format!("{} ({from}facts of {facts})", env!("CARGO_PKG_VERSION"))
}

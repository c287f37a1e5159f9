//! `Packages.db`: RPM's own database, as SUSE uses it.
//!
//! Specification: RPM's `lib/backend/ndb/rpmpkg.c`. Pages of slots, each of which says where the header of a package
//! begins, in blocks of 16 bytes; all numbers have their lowest byte first.

use anyhow::{Context, Result, bail};

use super::Blobs;
use crate::binary::numbers::{Order, slice};

const PAGE: usize = 4096;
const BLOCK: usize = 16;
const SLOT: usize = 16;

/// Returns the headers in the file; none where it is of another kind.
pub(super) fn blobs(bytes: &[u8]) -> Option<Result<Blobs>> {
    bytes.starts_with(b"RpmP").then(|| read(bytes))
}

fn read(bytes: &[u8]) -> Result<Blobs> {
    const DAMAGED: &str = "it is damaged";
    let little = |at: usize| Order::Little.size(bytes, at).context(DAMAGED);
    if little(4)? != 0 {
        bail!("its version is {}, and 0 is the only one that is known", little(4)?);
    }
    let slots = slice(bytes, 0, little(12)?.checked_mul(PAGE).context(DAMAGED)?).context(DAMAGED)?;
    let mut blobs = Blobs::of(bytes);
    // The header takes the room of two slots.
    for slot in slots.chunks_exact(SLOT).skip(2) {
        if !slot.starts_with(b"Slot") {
            bail!("{DAMAGED}: a slot is none");
        }
        let [package, start] = [4, 8].map(|at| Order::Little.size(slot, at));
        let (Some(package), Some(start)) = (package, start) else { bail!(DAMAGED) };
        if start == 0 {
            continue;
        }
        let start = start.checked_mul(BLOCK).context(DAMAGED)?;
        if slice(bytes, start, 4) != Some(b"BlbS") || little(start + 4)? != package {
            bail!("{DAMAGED}: the package of a slot is not there");
        }
        let len = little(start + 12)?;
        let mut blob = blobs.begin(len)?;
        blob.extend(slice(bytes, start + 16, len).context(DAMAGED)?);
        blobs.found.push(blob);
    }
    Ok(blobs)
}

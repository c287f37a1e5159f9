//! `Packages`: a hash file of Berkeley DB, as RPM kept its database until 4.16.
//!
//! Specification: Berkeley DB's `dbinc/db_page.h` and `dbinc/hash.h`. A page of a hash holds keys and values in turn; what
//! is too large for it stands in a chain of pages. The order of the bytes is that of the machine that wrote it.

use anyhow::{Context, Result, bail};

use super::Blobs;
use crate::binary::numbers::{Order, slice};

/// The number that marks a hash, at the twelfth byte.
const MAGIC: u32 = 0x0006_1561;
/// Where a page's header ends.
const HEADER: usize = 26;
const DAMAGED: &str = "it is damaged";

/// Returns the headers in the file; none where it is of another kind.
pub(super) fn blobs(bytes: &[u8]) -> Option<Result<Blobs>> {
    let order = [Order::Little, Order::Big].into_iter().find(|order| order.u32(bytes, 12) == Some(MAGIC))?;
    Some(read(bytes, order))
}

fn read(bytes: &[u8], order: Order) -> Result<Blobs> {
    let size = order.size(bytes, 20).context(DAMAGED)?;
    if !(512..=65536).contains(&size) || !size.is_power_of_two() {
        bail!("{DAMAGED}: {size} bytes are no size of a page");
    }
    if bytes.get(24) != Some(&0) {
        bail!("it is encrypted");
    }
    let file = File { bytes, order, size };
    let mut blobs = Blobs::of(bytes);
    for page in bytes.chunks_exact(size).skip(1) {
        // Both kinds of pages of a hash: in the newer one the keys are sorted.
        if !matches!(page[25], 2 | 13) {
            continue;
        }
        let count = usize::from(order.u16(page, 20).context(DAMAGED)?);
        for pair in 0..count / 2 {
            let key = file.item(page, 2 * pair).context(DAMAGED)?;
            let value = file.item(page, 2 * pair + 1).context(DAMAGED)?;
            // Under the number 0 stands the highest number.
            if key.first() == Some(&1) && key[1..].iter().all(|byte| *byte == 0) {
                continue;
            }
            file.value(value, &mut blobs)?;
        }
    }
    Ok(blobs)
}

struct File<'b> {
    bytes: &'b [u8],
    order: Order,
    size: usize,
}

impl<'b> File<'b> {
    /// Returns an item of a page: a byte that says of what kind it is, and what it holds. It ends where the one before it
    /// begins.
    fn item(&self, page: &'b [u8], index: usize) -> Option<&'b [u8]> {
        let offset = |index: usize| self.order.u16(page, HEADER + 2 * index).map(usize::from);
        let end = index.checked_sub(1).map_or(Some(self.size), offset)?;
        page.get(offset(index)?..end).filter(|item| !item.is_empty())
    }

    fn value(&self, item: &[u8], blobs: &mut Blobs) -> Result<()> {
        match item[0] {
            1 => {
                let mut blob = blobs.begin(item.len() - 1)?;
                blob.extend(&item[1..]);
                blobs.found.push(blob);
            }
            3 => {
                let mut next = self.order.size(item, 4).context(DAMAGED)?;
                let len = self.order.size(item, 8).context(DAMAGED)?;
                let mut blob = blobs.begin(len)?;
                while blob.len() < len {
                    let page = next.checked_mul(self.size).and_then(|start| slice(self.bytes, start, self.size));
                    let page = page.with_context(|| format!("{DAMAGED}: it has no page {next}"))?;
                    let part = usize::from(self.order.u16(page, 22).context(DAMAGED)?);
                    if page[25] != 7 || part == 0 {
                        bail!("{DAMAGED}: page {next} holds no part of a package");
                    }
                    blob.extend(slice(page, HEADER, part.min(len - blob.len())).context(DAMAGED)?);
                    next = self.order.size(page, 16).context(DAMAGED)?;
                }
                blobs.found.push(blob);
            }
            kind => bail!("{DAMAGED}: a package is of the kind {kind}"),
        }
        Ok(())
    }
}

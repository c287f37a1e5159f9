//! `rpmdb.sqlite`: the table `Packages` of an SQLite file.
//!
//! Specification: SQLite's "Database File Format". Only tables are walked, for the one that is wanted. What waits in a
//! write-ahead log beside the file is not seen: [`super::wal`] says where there is one.

use anyhow::{Context, Result, bail};

use super::Blobs;
use crate::binary::numbers::{Order, slice};

const MAGIC: &[u8] = b"SQLite format 3\0";
const DAMAGED: &str = "it is damaged";

/// Returns the headers in the file; none where it is no SQLite file, or has no table of packages.
pub(super) fn blobs(bytes: &[u8]) -> Option<Result<Blobs>> {
    let file = bytes.starts_with(MAGIC).then(|| File::read(bytes))?;
    match file.and_then(|file| Ok((file.table("Packages")?, file))) {
        Ok((None, _)) => None,
        Ok((Some(root), file)) => Some(file.blobs(root)),
        Err(error) => Some(Err(error)),
    }
}

struct File<'b> {
    bytes: &'b [u8],
    page: usize,
    /// How much of a page is used.
    usable: usize,
}

/// A row: the bytes of it that stand in its page, and where the rest begins.
struct Row<'b> {
    len: usize,
    local: &'b [u8],
    overflow: usize,
}

impl<'b> File<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self> {
        let page = match Order::Big.u16(bytes, 16).context(DAMAGED)? {
            1 => 1 << 16,
            size => usize::from(size),
        };
        let reserved = usize::from(*bytes.get(20).context(DAMAGED)?);
        if page < 512 || !page.is_power_of_two() || page - reserved < 480 {
            bail!("{DAMAGED}: {page} bytes are no size of a page");
        }
        Ok(File { bytes, page, usable: page - reserved })
    }

    /// Returns a page by its number, from 1.
    fn page(&self, number: usize) -> Result<&'b [u8]> {
        let start = number.checked_sub(1).and_then(|before| before.checked_mul(self.page));
        let page = start.and_then(|start| slice(self.bytes, start, self.page));
        page.with_context(|| format!("{DAMAGED}: it has no page {number}"))
    }

    /// Finds the first page of a table; none where there is no such table.
    fn table(&self, name: &str) -> Result<Option<usize>> {
        let mut found = None;
        let mut left = self.bytes.len();
        self.walk(1, &mut |row| {
            let row = self.whole(&row, &mut left)?;
            // Type, name, table, first page, SQL.
            let columns = columns(&row).context(DAMAGED)?;
            if let [Value::Text(b"table"), Value::Text(own), _, Value::Number(root), ..] = columns[..]
                && own == name.as_bytes()
            {
                found = Some(usize::try_from(root).ok().context(DAMAGED)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn blobs(&self, root: usize) -> Result<Blobs> {
        let mut blobs = Blobs::of(self.bytes);
        let mut left = self.bytes.len();
        self.walk(root, &mut |row| {
            let row = self.whole(&row, &mut left)?;
            for value in columns(&row).context(DAMAGED)? {
                if let Value::Bytes(header) = value {
                    let mut blob = blobs.begin(header.len())?;
                    blob.extend(header);
                    blobs.found.push(blob);
                }
            }
            Ok(())
        })?;
        Ok(blobs)
    }

    /// Calls `each` with the rows of a table, by their numbers.
    fn walk(&self, root: usize, each: &mut dyn FnMut(Row<'b>) -> Result<()>) -> Result<()> {
        let mut open = vec![root];
        // In a tree no page comes twice.
        let mut left = self.bytes.len() / self.page;
        while let Some(number) = open.pop() {
            left = left.checked_sub(1).context("it is damaged: its pages form a circle")?;
            let page = self.page(number)?;
            let header = if number == 1 { 100 } else { 0 };
            let kind = *page.get(header).context(DAMAGED)?;
            let count = usize::from(Order::Big.u16(page, header + 3).context(DAMAGED)?);
            let cells = header + if kind == 5 { 12 } else { 8 };
            let cell = |index: usize| Order::Big.u16(page, cells + 2 * index).map(usize::from).context(DAMAGED);
            match kind {
                // Inner page: the last child stands in the header. The first is walked first.
                5 => {
                    open.push(Order::Big.size(page, header + 8).context(DAMAGED)?);
                    for index in (0..count).rev() {
                        open.push(Order::Big.size(page, cell(index)?).context(DAMAGED)?);
                    }
                    if open.len() > left {
                        bail!("{DAMAGED}: it names more pages than it has");
                    }
                }
                13 => {
                    for index in 0..count {
                        each(self.row(page, cell(index)?).context(DAMAGED)?)?;
                    }
                }
                kind => bail!("{DAMAGED}: page {number} is of the kind {kind}, and of no table"),
            }
        }
        Ok(())
    }

    /// Reads the row at an offset of a page.
    fn row(&self, page: &'b [u8], at: usize) -> Option<Row<'b>> {
        let mut rest = page.get(at..)?;
        let len = usize::try_from(varint(&mut rest)?).ok()?;
        varint(&mut rest)?;
        let most = self.usable - 35;
        if len <= most {
            return Some(Row { len, local: rest.get(..len)?, overflow: 0 });
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let local = least + (len - least) % (self.usable - 4);
        let local = if local <= most { local } else { least };
        Some(Row { len, local: rest.get(..local)?, overflow: Order::Big.size(rest, local)? })
    }

    /// Returns all bytes of a row. `left` is how many all rows together may still have.
    fn whole(&self, row: &Row<'b>, left: &mut usize) -> Result<Vec<u8>> {
        *left = left.checked_sub(row.len).context("it is damaged: it says that it holds more than it does")?;
        let mut whole = Vec::with_capacity(row.len);
        whole.extend(row.local);
        let mut next = row.overflow;
        while whole.len() < row.len {
            let page = self.page(next)?;
            let part = (row.len - whole.len()).min(self.usable - 4);
            whole.extend(slice(page, 4, part).context(DAMAGED)?);
            next = Order::Big.size(page, 0).context(DAMAGED)?;
        }
        Ok(whole)
    }
}

/// A value of a row.
#[derive(Debug)]
enum Value<'r> {
    Number(i64),
    Text(&'r [u8]),
    Bytes(&'r [u8]),
    Other,
}

/// Returns the values of a row; none where it is damaged.
fn columns(row: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut rest = row;
    let len = usize::try_from(varint(&mut rest)?).ok()?;
    let mut kinds = row.get(row.len() - rest.len()..len)?;
    let mut data = row.get(len..)?;
    let mut values = Vec::new();
    while !kinds.is_empty() {
        let kind = varint(&mut kinds)?;
        let len = match kind {
            0 | 8..=11 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            kind => usize::try_from((kind - 12) / 2).ok()?,
        };
        let bytes = data.get(..len)?;
        data = &data[len..];
        values.push(match kind {
            1..=6 => Value::Number(bytes.iter().fold(0, |number: i64, byte| number << 8 | i64::from(*byte))),
            8 | 9 => Value::Number(i64::try_from(kind).ok()? - 8),
            kind if kind >= 12 && kind % 2 == 0 => Value::Bytes(bytes),
            kind if kind >= 12 => Value::Text(bytes),
            _ => Value::Other,
        });
    }
    Some(values)
}

/// Reads a number of one to nine bytes.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for at in 0..9 {
        let byte = *rest.get(at)?;
        if at == 8 || byte < 0x80 {
            let (bits, byte) = if at == 8 { (8, byte) } else { (7, byte & 0x7f) };
            *rest = &rest[at + 1..];
            return Some(number << bits | u64::from(byte));
        }
        number = number << 7 | u64::from(byte & 0x7f);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_to_nine_bytes() {
        for (bytes, expected) in [
            (&[0x7f][..], Some((0x7f, 0))),
            (&[0x81, 0x00, 1], Some((0x80, 1))),
            (&[0xff; 9], Some((u64::MAX, 0))),
            (&[0x80], None),
            (&[], None),
        ] {
            let mut rest = bytes;
            assert_eq!(varint(&mut rest).map(|number| (number, rest.len())), expected, "{bytes:?}");
        }
    }
}

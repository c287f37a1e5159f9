//! `rpmdb.sqlite-wal`: the log of what was not yet written into an SQLite file.
//!
//! Specification: SQLite's "WAL-mode File Format". Only whether it holds anything is looked at.

use crate::binary::numbers::Order;

/// The first line of the text.
pub const FIRST_LINE: &str = "# write-ahead log of an SQLite database";

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Returns how many pages of finished changes a log holds, as a text; none where the file is no log.
pub(in crate::binary) fn text_of(bytes: &[u8]) -> Option<String> {
    // The two differ in the order of the bytes that checksums are made of.
    let is_log = matches!(Order::Big.u32(bytes, 0)?, 0x377f_0682 | 0x377f_0683);
    let page = Order::Big.size(bytes, 8).filter(|_| is_log)?;
    let salt = bytes.get(16..24)?;
    let mut finished = 0;
    for (frame, number) in bytes.get(HEADER..)?.chunks_exact(page.checked_add(FRAME_HEADER)?).zip(1..) {
        // Frames of an earlier round, which is in the database, have another salt.
        if frame.get(8..16) != Some(salt) {
            break;
        }
        // The last page of a change says how large the database is after it.
        if Order::Big.u32(frame, 4) != Some(0) {
            finished = number;
        }
    }
    Some(format!("{FIRST_LINE}\nPages: {finished}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finished_changes_are_counted() {
        let header = [[0x37, 0x7f, 6, 0x82].as_slice(), &[0; 6], &[2, 0], &[0; 4], &[7; 8], &[0; 8]].concat();
        let frame = |salt: u8, size: u8| [[0, 0, 0, 1, 0, 0, 0, size].as_slice(), &[salt; 8], &[0; 8 + 512]].concat();
        for (frames, expected) in [
            (vec![], 0),
            (vec![frame(7, 0)], 0),
            (vec![frame(7, 0), frame(7, 9), frame(7, 0)], 2),
            (vec![frame(7, 9), frame(6, 9)], 1),
        ] {
            let bytes = [header.clone(), frames.concat()].concat();
            assert_eq!(text_of(&bytes), Some(format!("{FIRST_LINE}\nPages: {expected}\n")));
        }
        assert_eq!(text_of(b""), None);
        assert_eq!(text_of(b"SQLite format 3\0"), None);
    }
}

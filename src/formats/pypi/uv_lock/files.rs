//! The lists of files in a `uv.lock`, read quickly.
//!
//! Five in six bytes of a lock are wheels, and all that is wanted of a wheel is its hash and its host. uv writes each file on one line of
//! its own, always in the same form; such lines are read here and cut out, so that TOML's parser has only the rest to read,
//! and places are put back afterwards. A line in any other form is left to TOML, with all that follows in its list: what is
//! well-formed, malformed or given twice is for TOML to say in both cases.

use crate::model::{Digest, Inventory};
use crate::source::Place;

/// What was taken out of a text.
#[derive(Debug, Default)]
pub(super) struct Taken<'t> {
    /// The text that is left.
    pub(super) rest: String,
    /// The files, in order.
    pub(super) files: Vec<Listed<'t>>,
    /// Where in the rest something is missing, and how much is up to there.
    cuts: Vec<(usize, usize)>,
}

/// A file of a package, as the lock lists it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed<'t> {
    /// Where in the rest it stood.
    pub(super) at: usize,
    /// Its address; empty where it has none.
    pub(super) url: &'t str,
    /// Its digest.
    pub(super) digest: Option<Digest>,
}

/// Takes the files out of a lock; none where the text can hold strings of several lines, which uv does not write.
pub(super) fn take(text: &str) -> Option<Taken<'_>> {
    let mut taken = Taken { rest: String::with_capacity(text.len() / 4), ..Taken::default() };
    // In a package's own table, and in its list of wheels, all lines of which were in form so far.
    let (mut in_package, mut in_wheels) = (false, false);
    let (mut at, mut copied) = (0, 0);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let file = match line.as_bytes().first() {
            Some(b' ') if in_wheels => line.strip_prefix("    ").and_then(|file| file.strip_suffix(',')),
            Some(b'[') => {
                (in_package, in_wheels) = (line == "[[package]]", false);
                None
            }
            Some(b's') if in_package => line.strip_prefix("sdist = "),
            Some(b'w') if in_package && line == "wheels = [" => {
                in_wheels = true;
                continue;
            }
            _ => None,
        };
        let Some(listed) = file.and_then(read) else {
            if line.as_bytes().windows(3).any(|three| three == b"\"\"\"" || three == b"'''") {
                return None;
            }
            in_wheels = false;
            continue;
        };
        // A wheel goes whole; of a source distribution `{}` stays, so that a second one is still one too many.
        let (from, to) = if in_wheels { (start, at) } else { (start + "sdist = {".len(), start + line.len() - 1) };
        taken.rest.push_str(&text[copied..from]);
        copied = to;
        let here = taken.rest.len();
        taken.files.push(Listed { at: here, ..listed });
        match taken.cuts.last_mut() {
            Some((cut, missing)) if *cut == here => *missing += to - from,
            last => {
                let before = last.map_or(0, |(_, missing)| *missing);
                taken.cuts.push((here, before + to - from));
            }
        }
    }
    taken.rest.push_str(&text[copied..]);
    Some(taken)
}

impl Taken<'_> {
    /// Puts the places of what was read from the rest back into the whole text.
    pub(super) fn restore(&self, inventory: &mut Inventory) {
        let whole = |at: u32| {
            let cuts = self.cuts.partition_point(|(cut, _)| *cut <= at as usize);
            at + cuts.checked_sub(1).map_or(0, |last| self.cuts[last].1 as u32)
        };
        let restore = |place: &mut Place| {
            let start = whole(place.start);
            // The last byte, not what follows it: that may be behind a cut.
            place.len = if place.len == 0 { 0 } else { whole(place.start + place.len - 1) + 1 - start };
            place.start = start;
        };
        inventory.nodes.iter_mut().for_each(|node| restore(&mut node.place));
        inventory.edges.iter_mut().for_each(|edge| restore(&mut edge.place));
        inventory.declared.iter_mut().for_each(|declared| restore(&mut declared.place));
        inventory.faults.iter_mut().for_each(|fault| restore(&mut fault.place));
    }
}

/// The keys of a file.
const KEYS: [&str; 6] = ["url", "path", "filename", "hash", "size", "upload-time"];

/// Reads `{ key = "text", key = 1 }`; none where it has any other form, or a hash that is none.
fn read(file: &str) -> Option<Listed<'_>> {
    let mut rest = file.strip_prefix("{ ")?.strip_suffix(" }")?;
    let mut listed = Listed::default();
    let mut seen = 0u8;
    loop {
        let (key, value) = rest.split_once(' ')?;
        let value = value.strip_prefix("= ")?;
        let bit = 1 << KEYS.iter().position(|known| *known == key)?;
        if seen & bit != 0 {
            return None;
        }
        seen |= bit;
        rest = if let Some(text) = value.strip_prefix('"') {
            let (text, rest) = text.split_once('"')?;
            // A backslash escapes; other controls than a tab are not allowed. A size that is text, TOML may judge.
            let is_odd = text.bytes().fold(false, |odd, byte| odd | (byte == b'\\') | (byte < b' ') | (byte == 0x7f));
            if key == "size" || is_odd {
                return None;
            }
            match key {
                "hash" => listed.digest = Some(Digest::colon(text)?),
                "url" => listed.url = text,
                _ => {}
            }
            rest
        } else {
            let digits = value.bytes().take_while(u8::is_ascii_digit).count();
            if key != "size" || !(1..19).contains(&digits) || (digits > 1 && value.starts_with('0')) {
                return None;
            }
            &value[digits..]
        };
        if rest.is_empty() {
            return Some(listed);
        }
        rest = rest.strip_prefix(", ")?;
    }
}

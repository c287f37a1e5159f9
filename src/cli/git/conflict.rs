//! A file that git could not merge: both its sides, told apart by the markers that git puts between them.

use crate::outputs::text::plain;

/// How many times a marker's character stands in it at least: what `conflict-marker-size` may make more of.
const SIZE: usize = 7;

/// Both sides of a file.
pub struct Conflict {
    /// Ours and theirs, each whole.
    pub sides: [Vec<u8>; 2],
    /// The lines that open and close the first conflict, with the names that git gives the sides.
    pub markers: [String; 2],
}

/// Which side a line is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Both,
    Ours,
    /// What both came from, as `diff3` and `zdiff3` show it: no side has it.
    Base,
    Theirs,
}

/// Splits a file at its markers; none where it has none, or they do not stand as git puts them.
pub fn split(bytes: &[u8]) -> Option<Conflict> {
    let lines = || bytes.split_inclusive(|byte| *byte == b'\n');
    let opens = |line: &[u8]| {
        let size = line.iter().take_while(|byte| **byte == b'<').count();
        (size >= SIZE && is_marker(line, b'<', size)).then_some(size)
    };
    // Markers within a base are of conflicts before, and longer.
    let size = lines().find_map(opens)?;
    let mut sides = [Vec::new(), Vec::new()];
    let mut markers = [None, None];
    let mut of = Of::Both;
    for line in lines() {
        let is = |marker: u8| is_marker(line, marker, size);
        let name = |marker: &mut Option<String>| {
            marker.get_or_insert_with(|| plain(String::from_utf8_lossy(line).trim_end()).into_owned());
        };
        of = match of {
            Of::Both if is(b'<') => {
                name(&mut markers[0]);
                Of::Ours
            }
            Of::Ours if is(b'|') => Of::Base,
            Of::Ours | Of::Base if is(b'=') => Of::Theirs,
            Of::Theirs if is(b'>') => {
                name(&mut markers[1]);
                Of::Both
            }
            _ if is(b'<') || is(b'>') => return None,
            _ => {
                let [ours, theirs] = &mut sides;
                if matches!(of, Of::Both | Of::Ours) {
                    ours.extend_from_slice(line);
                }
                if matches!(of, Of::Both | Of::Theirs) {
                    theirs.extend_from_slice(line);
                }
                of
            }
        };
    }
    let [open, close] = markers;
    (of == Of::Both).then_some(Conflict { sides, markers: [open?, close?] })
}

/// Says whether a line is a marker of this size, with or without a name.
fn is_marker(line: &[u8], marker: u8, size: usize) -> bool {
    let line = line.trim_ascii_end();
    let (start, rest) = line.split_at(size.min(line.len()));
    start.len() == size && start.iter().all(|byte| *byte == marker) && matches!(rest.first(), None | Some(b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(text: &str) -> Option<[String; 4]> {
        let Conflict { sides: [ours, theirs], markers: [open, close] } = split(text.as_bytes())?;
        let text = |bytes| String::from_utf8(bytes).expect("what is split is text");
        Some([text(ours), text(theirs), open, close])
    }

    #[test]
    fn a_file_is_split_as_git_merged_it() {
        for (text, expected) in [
            (
                "a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x y\nd\n",
                ["a\nb\nd\n", "a\nc\nd\n", "<<<<<<< HEAD", ">>>>>>> x y"],
            ),
            ("<<<<<<< o\r\nb\r\n=======\r\n>>>>>>> t\r\n", ["b\r\n", "", "<<<<<<< o", ">>>>>>> t"]),
            ("<<<<<<<\na\n||||||| 1f\nx\n=======\nb\n>>>>>>>", ["a\n", "b\n", "<<<<<<<", ">>>>>>>"]),
            // The base of a merge of merges has conflicts of its own.
            (
                "<<<<<<< o\na\n||||||| m\n<<<<<<<<< p\nx\n=========\ny\n>>>>>>>>> q\n=======\nb\n>>>>>>> t\n",
                ["a\n", "b\n", "<<<<<<< o", ">>>>>>> t"],
            ),
            (
                "<<<<<<<<< o\n======= a\n=========\nb\n>>>>>>>>> t\n<<<<<<<<< o2\nc\n=========\n>>>>>>>>> t2\n",
                ["======= a\nc\n", "b\n", "<<<<<<<<< o", ">>>>>>>>> t"],
            ),
        ] {
            assert_eq!(sides(text), Some(expected.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn what_git_did_not_mark_is_not_split() {
        for text in [
            "",
            "a\n=======\nb\n",
            "<<<<<< o\na\n=======\nb\n>>>>>> t\n",
            "<<<<<<< o\na\n=======\nb\n",
            "<<<<<<< o\na\n>>>>>>> t\n",
            "<<<<<<< o\n<<<<<<< o\na\n=======\nb\n>>>>>>> t\n",
            "<<<<<<< o\na\n=======\nb\n>>>>>>> t\n>>>>>>> t\n",
            "<<<<<<<o\na\n=======\nb\n>>>>>>> t\n",
        ] {
            assert_eq!(sides(text), None, "{text}");
        }
    }
}

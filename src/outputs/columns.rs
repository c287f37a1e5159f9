//! Tables of text, as wide as they may be.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cells stand at least this far apart.
const GAP: usize = 2;
/// The last column is not made narrower than this: then it stands below its row.
const NARROW: usize = 24;

/// Returns the lines of a table: columns two blanks apart, `indent` before each row.
///
/// With a width that is not 0, no line is longer: the last column, which is prose, is wrapped beside its row or, where
/// little room is left there, below it; where even the other columns do not fit, each cell stands on a line of its own. No
/// cell is cut.
pub fn lines(rows: &[Vec<String>], indent: usize, width: usize) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let Some(last) = columns.checked_sub(1) else { return Vec::new() };
    let widths: Vec<usize> = (0..last)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| long(cell)).max().unwrap_or(0))
        .collect();
    let lead = indent + widths.iter().map(|width| width + GAP).sum::<usize>();
    let prose = rows.iter().filter_map(|row| row.get(last)).map(|cell| long(cell)).max().unwrap_or(0);
    let room = width.saturating_sub(lead);
    let beside = width == 0 || prose <= room || room >= NARROW;
    let blank = |amount: usize| " ".repeat(amount);
    let mut lines = Vec::new();
    for row in rows {
        let cells = || row.iter().take(last).zip(&widths);
        let joined: String =
            cells().map(|(cell, width)| format!("{cell}{}", blank(width - long(cell) + GAP))).collect();
        let head = format!("{}{joined}", blank(indent));
        let prose = row.get(last).map_or("", String::as_str);
        if beside {
            let mut parts = wrapped(prose, if width == 0 { usize::MAX } else { room }).into_iter();
            lines.push(format!("{head}{}", parts.next().unwrap_or_default()));
            lines.extend(parts.map(|part| format!("{}{part}", blank(lead))));
            continue;
        }
        if lead.saturating_sub(GAP) <= width {
            lines.push(head);
        } else {
            let mut cells = row.iter().take(last).filter(|cell| !cell.is_empty());
            let first = cells.next().map_or("", String::as_str);
            lines.extend(
                wrapped(first, width.saturating_sub(indent)).iter().map(|part| format!("{}{part}", blank(indent))),
            );
            let below = blank(indent + GAP);
            let parts = cells.flat_map(|cell| wrapped(cell, width.saturating_sub(below.len())));
            lines.extend(parts.map(|part| format!("{below}{part}")));
        }
        let below = blank(indent + 2 * GAP);
        let parts = wrapped(prose, width.saturating_sub(below.len()));
        lines.extend(parts.into_iter().filter(|part| !part.is_empty()).map(|part| format!("{below}{part}")));
    }
    lines.iter_mut().for_each(|line| line.truncate(line.trim_end().len()));
    lines
}

/// Breaks a text at blanks into lines that are no longer than `width`; a word that is longer is broken too.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    if long(text) <= width {
        return vec![text.to_owned()];
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut at = 0;
    for word in text.split(' ') {
        let size = long(word);
        if at > 0 && at + 1 + size > width {
            lines.push(std::mem::take(&mut line));
            at = 0;
        } else if at > 0 {
            line.push(' ');
            at += 1;
        }
        for c in word.chars() {
            let size = c.width().unwrap_or(0);
            if at > 0 && at + size > width {
                lines.push(std::mem::take(&mut line));
                at = 0;
            }
            line.push(c);
            at += size;
        }
    }
    lines.push(line);
    lines
}

/// Returns how many cells of a screen a text takes.
fn long(text: &str) -> usize {
    text.width()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(width: usize) -> String {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [
            row(["package", "locked", "what it means"]),
            row(["torch", "2.10.0+cu126", "replaced in the image, after the lockfile was installed (layer 3)"]),
            row(["py-spy", "-", ""]),
        ];
        lines(&rows, 2, width).join("\n")
    }

    #[test]
    fn columns_are_as_wide_as_a_screen_shows_them() {
        let rows = [["模型", "b"], ["abcde", "c"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(lines(&rows, 0, 0), ["模型   b", "abcde  c"]);
    }

    #[test]
    fn rows_are_no_wider_than_the_screen() {
        let wide = "  package  locked        what it means\n  torch    2.10.0+cu126  replaced in the image, after the \
                    lockfile was installed (layer 3)\n  py-spy   -";
        assert_eq!(table(0), wide);
        assert_eq!(table(200), wide);
        assert_eq!(
            table(60),
            "  package  locked        what it means\n  torch    2.10.0+cu126  replaced in the image, after the\n\
             \x20                        lockfile was installed (layer 3)\n  py-spy   -"
        );
        assert_eq!(
            table(40),
            "  package  locked\n      what it means\n  torch    2.10.0+cu126\n      replaced in the image, after the\n\
             \x20     lockfile was installed (layer 3)\n  py-spy   -"
        );
        for width in 20..120 {
            let shown = table(width);
            assert!(shown.lines().all(|line| line.chars().count() <= width), "{width}:\n{shown}");
            assert!(shown.contains("2.10.0+cu126") && shown.contains("replaced"), "{width}:\n{shown}");
        }
    }

    #[test]
    fn words_are_broken_where_no_blank_is_near() {
        assert_eq!(wrapped("a bb ccc", 4), ["a bb", "ccc"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("", 3), [""]);
        assert_eq!(wrapped("模型模型", 5), ["模型", "模型"]);
        assert_eq!(wrapped("模型", 1), ["模", "型"]);
    }
}

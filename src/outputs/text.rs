//! Words that outputs share, and the one way by which text from files becomes harmless on a screen.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::report::{ChangeLine, Difference, ImageRow, ImageTable};
use crate::source::Location;
use crate::versions::{self, Step};

/// Returns `text` with every character that a reader can't see, or that a terminal or a CI system obeys, spelled out:
/// `\u{1b}`, `\n`, `\u{202e}`, `##\u{5b}error]`. What comes from a file reaches no screen by another way.
pub fn plain(text: &str) -> Cow<'_, str> {
    if (is_seen(text) || !text.contains(hides)) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| push_plain(&mut shown, c));
    Cow::Owned(shown)
}

/// Says whether a text is printable ASCII throughout, as almost all are: nothing in it hides anything.
pub fn is_seen(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Adds one character as [`plain`] shows it.
pub fn push_plain(shown: &mut String, c: char) {
    match c {
        _ if hides(c) => shown.extend(c.escape_default()),
        '[' if begins_command(shown) => shown.extend(c.escape_unicode()),
        _ => shown.push(c),
    }
}

/// Says whether a bracket after this text makes a command of it that CI systems obey wherever it stands in their logs:
/// `##[add-mask]`, `##vso[…]`, `##teamcity[…]`.
pub fn begins_command(text: &str) -> bool {
    text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).ends_with("##")
}

/// Says whether a character hides something: controls, marks and overrides of direction, what has no width and no ink
/// (selectors of variants and fillers too), what is no character, and the one private character that the terminal marks its
/// own places with.
pub fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{e000}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns `text` as [`plain`] shows it, cut after `most` characters with an ellipsis.
pub fn clip(text: &str, most: usize) -> Cow<'_, str> {
    let Some((end, _)) = text.char_indices().nth(most) else {
        return plain(text);
    };
    let mut shown = plain(&text[..end]).into_owned();
    shown.push('…');
    Cow::Owned(shown)
}

/// Returns what is approved, locked and installed of a package, for a table: versions, `-` for none, `?` where the BOM says
/// nothing of the lockfile.
pub fn three(table: &ImageTable, row: &ImageRow) -> [String; 3] {
    let versions = |versions: &[&str]| match versions {
        [] => "-".to_owned(),
        [one] => clip(one, 40).into_owned(),
        [first, ..] => format!("{} and {} more", clip(first, 30), versions.len() - 1),
    };
    let approved = if table.is_approved { versions(&row.approved) } else { "?".to_owned() };
    [approved, versions(&row.locked), versions(&row.installed)]
}

/// Returns a number with its thousands apart: `1,204`.
pub fn number(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Returns a number of things: `1 error`, `1,204 components`.
pub fn count(amount: usize, thing: &str) -> String {
    format!("{} {thing}{}", number(amount), if amount == 1 { "" } else { "s" })
}

/// Returns a location as people write it: `uv.lock:12:9`.
pub fn at(location: &Location) -> String {
    format!("{}:{}:{}", clip(location.path, 400), location.line, location.column)
}

/// Returns what differs beside the version, each with what it was and is: `source: registry a → registry b`.
pub fn differences(change: &ChangeLine) -> impl Iterator<Item = String> {
    let shown = |difference: &Difference| {
        let Difference { what, from, to } = difference;
        format!("{}: {} → {}", clip(what, 40), clip(from, 200), clip(to, 200))
    };
    change.differences.iter().map(shown)
}

/// Returns a purl's package and version, as people write them: `@scope/name 1.2.3`.
pub fn package(purl: &str) -> String {
    let rest = purl.split_once('/').map_or(purl, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    clip(&rest.replacen('@', " ", 1).replace("%40", "@").replace("%2B", "+"), 100).into_owned()
}

/// Returns a path through the graph, a long one without its middle.
pub fn path(names: &[&str]) -> String {
    const MOST: usize = 12;
    let cut = names.len() > MOST;
    let mut shown = String::new();
    for (at, name) in names.iter().enumerate() {
        if cut && (MOST / 2..names.len() - MOST / 2).contains(&at) {
            if at == MOST / 2 {
                let _ = write!(shown, " → … {} more …", names.len() - MOST);
            }
            continue;
        }
        if at > 0 {
            shown.push_str(" → ");
        }
        shown.push_str(&clip(name, 120));
    }
    shown
}

/// Returns the docs of an entry less the blank that leads each line.
pub fn docs(docs: &str) -> String {
    let lines: Vec<&str> = docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).collect();
    lines.join("\n").trim().to_owned()
}

/// Returns what makes a finding the same tomorrow, as one word: the digest of its identity.
pub fn fingerprint(identity: &str) -> String {
    sha256(identity.as_bytes())
}

/// Returns the SHA-256 digest of bytes, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(shown, "{byte:02x}");
    }
    shown
}

/// Returns a version as it stands beside another one: an image may have lost its tag, a package its exact version.
pub fn version(version: &str) -> Cow<'_, str> {
    if version.is_empty() { Cow::Borrowed("no version") } else { clip(version, 100) }
}

/// Returns the versions of a change, with a blank before: ` 2.2.1 → 2.5.0`; empty where there is none.
pub fn versions(change: &ChangeLine) -> String {
    match (change.from, change.to) {
        (Some(from), Some(to)) if from != to => format!(" {} → {}", version(from), version(to)),
        (Some(""), _) | (_, Some("")) | (None, None) => String::new(),
        (Some(version), _) | (_, Some(version)) => format!(" {}", clip(version, 100)),
    }
}

/// Returns how large a step between versions is, by their ecosystem's rules; none where those know no steps.
pub fn step(change: &ChangeLine) -> Option<&'static str> {
    let (from, to) = (change.from?, change.to?);
    if from == to {
        return None;
    }
    match versions::scheme(change.ecosystem).step(from, to) {
        Step::Major => Some("major"),
        Step::Minor => Some("minor"),
        Step::Patch => Some("patch"),
        Step::Local => Some("local"),
        Step::None | Step::Unknown => None,
    }
}

/// Returns what brings a change in: `direct`, `via fastapi → starlette`, `via a and 2 more`; empty where nothing is known.
pub fn via(change: &ChangeLine) -> String {
    if change.direct {
        return "direct".to_owned();
    }
    let Some(first) = change.introduced_by.first() else {
        return String::new();
    };
    let between = first.get(1..first.len().saturating_sub(1)).unwrap_or_default();
    if between.is_empty() {
        return String::new();
    }
    match change.introduced_by.len() - 1 {
        0 => format!("via {}", path(between)),
        more => format!("via {} and {} more", path(between), number(more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_spelled_out() {
        for (text, shown) in [
            ("torch → 2.3", "torch → 2.3"),
            ("\u{1b}[31m", r"\u{1b}[31m"),
            ("a\nb\tc\r", r"a\nb\tc\r"),
            ("\u{202e}\u{2066}\u{9b}\u{7f}", r"\u{202e}\u{2066}\u{9b}\u{7f}"),
            ("\u{200b}\u{e000}\u{e0041}", r"\u{200b}\u{e000}\u{e0041}"),
            ("a\u{fe0f}\u{ffff}\u{fffd}", "a\\u{fe0f}\\u{ffff}\u{fffd}"),
            ("##[error]x ##vso[a] # [b] ##", r"##\u{5b}error]x ##vso\u{5b}a] # [b] ##"),
        ] {
            assert_eq!(plain(text), shown);
        }
        assert_eq!(clip("aé\u{1b}b", 3), r"aé\u{1b}…");
        assert_eq!(clip("abc", 3), "abc");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([count(1, "error"), count(2, "error")], ["1 error", "2 errors"]);
    }

    #[test]
    fn a_long_path_loses_its_middle() {
        let names: Vec<String> = (0..40).map(|at| at.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(path(&names[..3]), "0 → 1 → 2");
        assert_eq!(path(&names), "0 → 1 → 2 → 3 → 4 → 5 → … 28 more … → 34 → 35 → 36 → 37 → 38 → 39");
    }
}

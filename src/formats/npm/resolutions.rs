//! What yarn's `resolutions`, which stand in the project's manifest, answer whatever a package asks for.

use serde::Deserialize;

use super::shapes::{Lenient, Names};
use super::yarn_classic::parted;

/// Returns the `resolutions` of a manifest: patterns, and what yarn answers them with.
pub(super) fn of(manifest: &str) -> Vec<(String, String)> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Manifest<'t> {
        #[serde(borrow)]
        resolutions: Names<'t, Lenient<'t>>,
    }
    // What is wrong with the manifest is said where it is read itself.
    let manifest: Manifest<'_> = serde_json::from_str(manifest).unwrap_or_default();
    manifest.resolutions.0.iter().map(|(pattern, answer)| (pattern.to_string(), answer.0.to_string())).collect()
}

/// Says whether a pattern of `resolutions` speaks of what a package asks for by name and range: `ms`, `ms@npm:2.1.2`,
/// `debug/ms`, `**/ms`.
///
/// Source: yarn's documentation of the field, and its `parseResolution`.
pub(super) fn speaks(pattern: &str, by: &str, (name, range): (&str, &str)) -> bool {
    let pattern = pattern.strip_prefix("**/").unwrap_or(pattern);
    // A scope's slash is a part of the name.
    let mut slashes = pattern.match_indices('/').map(|(at, _)| at);
    let is_scoped = pattern.starts_with('@');
    let cut = if is_scoped { slashes.nth(1) } else { slashes.next() };
    let is_range = |at: usize| pattern[..at].get(1..).is_some_and(|before| before.contains('@'));
    let (parent, asked) = match cut {
        Some(at) if !is_range(at) || pattern[at + 1..].contains('@') => (&pattern[..at], &pattern[at + 1..]),
        _ => ("", pattern),
    };
    let (of_name, of_range) = parted(asked);
    let plain = |range: &str| range.strip_prefix("npm:").unwrap_or(range).to_owned();
    let is_parent = parent.is_empty() || parted(parent).0 == by;
    is_parent && of_name == name && (of_range.is_empty() || plain(of_range) == plain(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolutions_speak_of_what_they_name() {
        for (pattern, expected) in [
            ("ms", true),
            ("ms@npm:2.1.2", true),
            ("ms@2.1.2", true),
            ("ms@npm:2.1.3", false),
            ("debug/ms", true),
            ("@s/debug/ms", false),
            ("**/ms", true),
            ("other/ms", false),
            ("debug@npm:4.3.4/ms@npm:2.1.2", true),
            ("ms@patch:ms@npm%3A2.1.2#./a/b.patch", false),
            ("@s/ms", false),
        ] {
            assert_eq!(speaks(pattern, "debug", ("ms", "2.1.2")), expected, "{pattern}");
        }
        assert!(speaks("@s/a", "b", ("@s/a", "1")) && speaks("b/@s/a@1", "b", ("@s/a", "npm:1")));
    }
}

//! Which folders are members of a workspace.

use globset::{GlobBuilder, GlobMatcher};

/// The patterns of `workspaces`: globs of folders; those after `!` take out again, wherever they stand.
pub(super) struct Workspaces(Vec<(bool, GlobMatcher)>);

impl Workspaces {
    /// Reads the patterns; one that is no glob matches nothing.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = &'a str>) -> Self {
        let read = |pattern: &'a str| {
            let bare = pattern.trim_start_matches('!');
            let glob = bare.trim_start_matches("./").trim_matches('/');
            let glob = GlobBuilder::new(glob).literal_separator(true).build().ok()?;
            Some(((pattern.len() - bare.len()).is_multiple_of(2), glob.compile_matcher()))
        };
        Workspaces(patterns.filter_map(read).collect())
    }

    /// Says whether the folder is a member.
    pub(super) fn has(&self, folder: &str) -> bool {
        let matches = |wanted: bool| self.0.iter().any(|(takes, glob)| *takes == wanted && glob.is_match(folder));
        matches(true) && !matches(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_match_the_patterns() {
        let workspaces = Workspaces::new(["./packages/*/", "tools/**", "!tools/old", "[", "apps/{a,b}"].into_iter());
        for (folder, expected) in [
            ("packages/a", true),
            ("packages/a/b", false),
            ("tools/x/y", true),
            ("tools/old", false),
            ("apps/b", true),
            ("apps/c", false),
            ("lib", false),
        ] {
            assert_eq!(workspaces.has(folder), expected, "{folder}");
        }
    }
}

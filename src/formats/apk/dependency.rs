//! What packages of Alpine ask for and provide: `musl>=1.2.3_git20230424`, `so:libssl.so.3`, `cmd:sh=1.36.1-r29`.
//!
//! Specification: apk-package(5) "Dependencies" and apk-world(5).

use std::cmp::Ordering;

use crate::versions;

/// What is asked for, or provided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dependency<'t> {
    /// The name: a package's, a path, or one with its kind before it (`so:`, `cmd:`, `pc:`).
    pub(super) name: &'t str,
    /// How the version is compared; empty where any will do.
    pub(super) operator: &'t str,
    /// The version that it is compared with.
    pub(super) version: &'t str,
}

impl<'t> Dependency<'t> {
    /// Reads one word.
    pub(super) fn read(word: &'t str) -> Self {
        let is_operator = |sign: char| "<>=~".contains(sign);
        let (name, rest) = word.split_at(word.find(is_operator).unwrap_or(word.len()));
        let end = rest.find(|sign: char| !is_operator(sign)).unwrap_or(rest.len());
        // In the world file a repository may stand behind the name.
        let name = name.split_once('@').map_or(name, |(name, _)| name);
        Dependency { name, operator: &rest[..end], version: &rest[end..] }
    }

    /// Says whether a version is one that is asked for; an empty one, as a provided name without a version has it, only
    /// where any will do.
    pub(super) fn fits(&self, version: &str) -> bool {
        if self.operator.is_empty() {
            return true;
        }
        let has = |sign: char| self.operator.contains(sign);
        if has('~') && begins_with(version, self.version) {
            return true;
        }
        match versions::scheme("apk").order(version, self.version) {
            Some(Ordering::Less) => has('<'),
            // `~` alone, and `=`, are all that is left beside `<` and `>`.
            Some(Ordering::Equal) => has('=') || has('~'),
            Some(Ordering::Greater) => has('>'),
            None => has('=') && version == self.version,
        }
    }

    /// Returns what is asked of the version, in one spelling.
    pub(super) fn constraint(&self) -> String {
        if self.operator.is_empty() { String::new() } else { format!("{} {}", self.operator, self.version) }
    }
}

/// Says whether a version is the other one or goes on from it: `3.20.1-r0` from `3.20`.
fn begins_with(version: &str, start: &str) -> bool {
    version.strip_prefix(start).is_some_and(|rest| !rest.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        let text = "so:libc.musl-x86_64.so.1 musl>=1.2.3_git1 /bin/sh a@edge=1 b=~1.2 c><x";
        let all: Vec<_> = text.split(' ').map(Dependency::read).map(|it| (it.name, it.operator, it.version)).collect();
        assert_eq!(
            all,
            [
                ("so:libc.musl-x86_64.so.1", "", ""),
                ("musl", ">=", "1.2.3_git1"),
                ("/bin/sh", "", ""),
                ("a", "=", "1"),
                ("b", "=~", "1.2"),
                ("c", "><", "x"),
            ]
        );
    }

    #[test]
    fn versions_fit() {
        for (asked, version, expected) in [
            ("a", "", true),
            ("a=1", "", false),
            ("a>=1.2.3_git20230424", "1.2.5-r0", true),
            ("a<1.2", "1.2-r0", false),
            ("a<=1.2-r0", "1.2-r0", true),
            ("a>1.2", "1.2-r0", true),
            ("a~1.2", "1.2.9-r3", true),
            ("a~1.2", "1.20-r3", false),
            ("a=~1.2", "1.2-r3", true),
            ("a>=~1.2", "1.3-r3", true),
            ("a>~1.2", "1.1", false),
            ("a=odd", "odd", true),
        ] {
            assert_eq!(Dependency::read(asked).fits(version), expected, "{asked} {version}");
        }
    }
}

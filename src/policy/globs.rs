//! Globs on paths below the tree's root.

use anyhow::{Result, bail};
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::cursor::{Placed, Table};
use crate::intern::Text;

/// Globs of which one must match: `*` and `?` stand for letters of one name, `**` for folders, `{a,b}` for either.
///
/// Without a wildcard a glob is the file or folder itself, and all below it.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    set: GlobSet,
    texts: Vec<Placed<Text>>,
}

impl Globs {
    /// Reads the globs of a key; what is no glob is a fault.
    pub(super) fn read(table: &Table<'_, '_>, key: &'static str) -> Self {
        let mut set = GlobSetBuilder::new();
        let mut texts = Vec::new();
        for text in table.texts(key) {
            match globs(text.value) {
                Ok(globs) => {
                    globs.into_iter().for_each(|glob| {
                        set.add(glob);
                    });
                    texts.push(text);
                }
                Err(error) => table.fault(text.place, error),
            }
        }
        match set.build() {
            Ok(set) => Globs { set, texts },
            Err(error) => {
                table.fault(table.place, format_args!("\"{key}\": {error}"));
                Globs::default()
            }
        }
    }

    /// Says whether one of them matches a path below the tree's root, with forward slashes. What is in an image is below
    /// what the image is named by: `services/**` and `services/api/**` hold for `services/api!/var/lib/dpkg/status`.
    pub fn matches(&self, path: &str) -> bool {
        let is_below =
            || path.split_once("!/").is_some_and(|(image, rest)| self.set.is_match(format!("{image}/{rest}")));
        !self.texts.is_empty() && (self.set.is_match(path) || is_below())
    }

    /// Returns those that match none of some paths; what is in an image that none of them is in is not counted.
    pub fn unmatched<'p>(&self, paths: impl IntoIterator<Item = &'p Text> + Clone) -> Vec<Placed<Text>> {
        let is_unmatched = |text: &&Placed<Text>| {
            let mut set = GlobSetBuilder::new();
            globs(text.value).unwrap_or_default().into_iter().for_each(|glob| {
                set.add(glob);
            });
            let one = Globs { set: set.build().unwrap_or_default(), texts: vec![**text] };
            !text.value.contains('!') && !paths.clone().into_iter().any(|path| one.matches(path))
        };
        self.texts.iter().filter(is_unmatched).copied().collect()
    }

    /// Returns them as one set.
    pub fn set(&self) -> &GlobSet {
        &self.set
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Returns them as they are written.
    pub fn texts(&self) -> &[Placed<Text>] {
        &self.texts
    }
}

fn globs(text: &str) -> Result<Vec<Glob>> {
    if text.contains('\\') {
        bail!("\"{}\" has a backslash; paths have forward slashes on every system", text.escape_debug());
    }
    if text.starts_with('/') {
        bail!("\"{text}\" begins with a slash; paths are below the root of the tree");
    }
    if text.split('/').any(|part| part == "..") {
        bail!("\"{text}\" climbs up; paths are below the root of the tree");
    }
    let plain = text.trim_start_matches("./").trim_end_matches('/');
    if plain.is_empty() || plain == "." {
        return Ok(vec![build("**", text)?]);
    }
    let mut globs = vec![build(plain, text)?];
    if text.ends_with('/') || !plain.contains(['*', '?', '[', '{']) {
        globs.push(build(&format!("{plain}/**"), text)?);
    }
    Ok(globs)
}

fn build(glob: &str, text: &str) -> Result<Glob> {
    match GlobBuilder::new(glob).literal_separator(true).backslash_escape(false).build() {
        Ok(glob) => Ok(glob),
        Err(error) => bail!("\"{}\" is no glob: {}", text.escape_debug(), error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_globs() {
        for (glob, path, expected) in [
            ("services/batch/**", "services/batch/uv.lock", true),
            ("services/batch/**", "services/batch/a/uv.lock", true),
            ("services/batch/**", "services/api/uv.lock", false),
            ("services/batch", "services/batch/uv.lock", true),
            ("services/batch/", "services/batch/uv.lock", true),
            ("services/batch", "services/batch2/uv.lock", false),
            ("./services", "services/uv.lock", true),
            ("services/*", "services/uv.lock", true),
            ("services/*", "services/a/uv.lock", false),
            ("**/uv.lock", "uv.lock", true),
            ("**/uv.lock", "a/b/uv.lock", true),
            ("*.lock", "a/uv.lock", false),
            ("{a,b}/**", "b/uv.lock", true),
            (".", "a/uv.lock", true),
            ("Dockerfile", "Dockerfile", true),
        ] {
            let mut set = GlobSetBuilder::new();
            globs(glob).expect(glob).into_iter().for_each(|glob| {
                set.add(glob);
            });
            assert_eq!(set.build().expect(glob).is_match(path), expected, "{glob} {path}");
        }
    }
}

//! Which files are records of an installed package, and of which environment.

/// The folders that packages are installed into.
const PACKAGES: &[&str] = &["site-packages", "dist-packages"];

/// The folders in which a package brings others along.
const VENDOR: &[&str] = &["_vendor", "_vendored", "vendored"];

/// The files of a `.dist-info` that are read.
const DIST_INFO: &[&str] = &["METADATA", "INSTALLER", "REQUESTED", "direct_url.json"];

/// The files of an `.egg-info` that are read.
const EGG_INFO: &[&str] = &["PKG-INFO", "requires.txt"];

/// A file that is one of the records of an installed package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'p> {
    /// The environment's folder; empty at the root.
    holder: &'p str,
    /// The path of the package's own record, `…/name-1.0.dist-info`.
    pub folder: &'p str,
    /// The file in it; empty where the record is a single file.
    file: &'p str,
    /// The folder of the package that brings this one along, `setuptools`; empty where it is installed itself.
    pub bundled_by: &'p str,
}

impl<'p> Record<'p> {
    /// Reads a path; none where it is no record of an installed package.
    pub(super) fn of(path: &'p str) -> Option<Self> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let (folder, file) = if name.ends_with(".egg-info") {
            (path, "")
        } else if above.ends_with(".dist-info") && DIST_INFO.contains(&name)
            || above.ends_with(".egg-info") && EGG_INFO.contains(&name)
        {
            (above, name)
        } else {
            (above.strip_suffix("/EGG-INFO").filter(|egg| egg.ends_with(".egg") && EGG_INFO.contains(&name))?, name)
        };
        let (holder, own) = folder.rsplit_once('/').unwrap_or(("", folder));
        // pip puts a `~` before the name of what it is about to remove.
        if own.starts_with(['~', '.']) || holder.ends_with("-info") || holder.contains("-info/") || is_cached(holder) {
            return None;
        }
        let (holder, bundled_by) = environment(holder)?;
        let is_egg = !own.ends_with(".dist-info");
        // Where a project is developed setuptools leaves an egg-info too.
        let is_installed = holder.is_empty() || PACKAGES.contains(&last(holder));
        (!is_egg || is_installed).then_some(Record { holder, folder, file, bundled_by })
    }

    /// Returns the name of the environment.
    pub(super) fn subject(&self) -> &'p str {
        if self.holder.is_empty() { "." } else { self.holder }
    }

    /// Returns the name of the file in the record.
    pub(super) fn file(&self) -> &'p str {
        self.file
    }

    /// Returns the name and version in the record's own name; each is empty where it is not there.
    pub(super) fn named(&self) -> (&'p str, &'p str) {
        let own = last(self.folder);
        let stem = [".dist-info", ".egg-info", ".egg"].iter().find_map(|end| own.strip_suffix(end)).unwrap_or(own);
        let mut parts = stem.split('-');
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    }
}

/// Returns the environment that a folder with records belongs to, and the package whose folder it is in, if it is in one;
/// none where it is neither: packages have records among their test data.
fn environment(folder: &str) -> Option<(&str, &str)> {
    let own = last(folder);
    if PACKAGES.contains(&own) {
        return Some((folder, ""));
    }
    let is_within = folder.split('/').any(|part| PACKAGES.contains(&part));
    if !VENDOR.contains(&own) {
        return (!is_within).then_some((folder, ""));
    }
    // `setuptools/_vendor` stands beside `setuptools-80.0.dist-info`, `bleach/sub/_vendor` may too.
    let mut holder = parent(folder)?;
    while !holder.is_empty() {
        let above = parent(holder).unwrap_or_default();
        if PACKAGES.contains(&last(above)) || !is_within {
            return Some((above, last(holder)));
        }
        holder = above;
    }
    None
}

/// Says whether a folder is one of a cache: uv's and conda's hold packages unpacked that no environment has.
fn is_cached(folder: &str) -> bool {
    let mut parts = folder.split('/').peekable();
    while let Some(part) = parts.next() {
        let is_conda = part == "pkgs" && parts.peek().is_some_and(|next| next.matches('-').count() >= 2);
        if part == ".cache" || part.starts_with("archive-v") || is_conda {
            return true;
        }
    }
    false
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn parent(path: &str) -> Option<&str> {
    (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(above, _)| above))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_belong_to_an_environment() {
        let site = "lib/python3.11/site-packages";
        for (path, expected) in [
            ("lib/python3.11/site-packages/a_b-1.0.dist-info/METADATA", Some((site, "a_b", "1.0", "METADATA", ""))),
            ("lib/python3.11/site-packages/a-1.dist-info/RECORD", None),
            ("lib/python3.11/site-packages/a-1.dist-info/licenses/METADATA", None),
            ("lib/python3.11/site-packages/a-1.dist-info/licenses/b-1.dist-info/METADATA", None),
            ("lib/python3.11/site-packages/~a-1.dist-info/METADATA", None),
            ("lib/python3.11/site-packages/a-1-py3.11.egg-info/PKG-INFO", Some((site, "a", "1", "PKG-INFO", ""))),
            ("lib/python3.11/site-packages/a-1-py3.11.egg/EGG-INFO/PKG-INFO", Some((site, "a", "1", "PKG-INFO", ""))),
            ("lib/python3.11/site-packages/a.egg-info", Some((site, "a", "", "", ""))),
            ("usr/lib/python3/dist-packages/a-1.egg-info", Some(("usr/lib/python3/dist-packages", "a", "1", "", ""))),
            ("app/a.egg-info/PKG-INFO", None),
            (
                "lib/python3.11/site-packages/setuptools/_vendor/b-2.dist-info/METADATA",
                Some((site, "b", "2", "METADATA", "setuptools")),
            ),
            ("lib/python3.11/site-packages/x/tests/b-2.dist-info/METADATA", None),
            ("setuptools/_vendor/b-2.dist-info/METADATA", Some((".", "b", "2", "METADATA", "setuptools"))),
            ("b-2.dist-info/INSTALLER", Some((".", "b", "2", "INSTALLER", ""))),
            ("var/task/b-2.dist-info/REQUESTED", Some(("var/task", "b", "2", "REQUESTED", ""))),
            ("root/.cache/uv/archive-v0/x/b-2.dist-info/METADATA", None),
            ("opt/conda/pkgs/b-2-py_0/site-packages/b-2.dist-info/METADATA", None),
            ("METADATA", None),
        ] {
            let found = Record::of(path).map(|record| {
                let (name, version) = record.named();
                (record.subject(), name, version, record.file(), record.bundled_by)
            });
            assert_eq!(found, expected, "{path}");
        }
    }
}

//! The folders that packages stand in, and which copy of a package one of them loads.
//!
//! Node looks into the `node_modules` of the folder that the requiring file stands in, then of each folder above it:
//! <https://nodejs.org/api/modules.html#loading-from-node_modules-folders>.

use hashbrown::HashMap;

/// The number of a folder that packages are looked for from.
pub(super) type Folder = u32;

/// The project's own folder.
pub(super) const TOP: Folder = 0;

/// The longest location that is taken for one: longer than any system's paths.
pub(super) const LONGEST: usize = 4096;

/// Folders with a `node_modules`, and what is in these.
pub(super) struct Tree<'k> {
    /// For each folder the next one above it.
    above: Vec<Option<Folder>>,
    held: HashMap<(Folder, &'k str), usize>,
}

impl<'k> Tree<'k> {
    /// Returns a tree that holds nothing but the project's own folder.
    pub(super) fn new() -> Self {
        Tree { above: vec![None], held: HashMap::new() }
    }

    /// Builds the tree of the entries that stand at these locations; entries are numbered by their order.
    pub(super) fn of(locations: impl Iterator<Item = &'k str> + Clone) -> (Self, Vec<Folder>) {
        let mut tree = Tree::new();
        let mut paths = Paths::new();
        let mut folders = vec![""];
        for (entry, location) in locations.clone().enumerate() {
            let Some((holder, name)) = installed(location) else { continue };
            let folder = paths.number(holder, folders.len() as Folder);
            if folder as usize == folders.len() {
                folders.push(holder);
            }
            tree.held.insert((folder, name), entry);
        }
        tree.above = folders.iter().map(|folder| paths.nearest(folder).0).collect();
        let starts = locations.map(|location| paths.nearest(location).1.unwrap_or_else(|| tree.add_above(None)));
        let starts = starts.collect();
        (tree, starts)
    }

    /// Adds a folder below another one.
    pub(super) fn add(&mut self, above: Folder) -> Folder {
        self.add_above(Some(above))
    }

    fn add_above(&mut self, above: Option<Folder>) -> Folder {
        self.above.push(above);
        (self.above.len() - 1) as Folder
    }

    /// Puts an entry into a folder's `node_modules`; says which one it displaces.
    pub(super) fn put(&mut self, folder: Folder, name: &'k str, entry: usize) -> Option<usize> {
        self.held.insert((folder, name), entry)
    }

    /// Returns the entry that `name` is loaded from, seen from `folder`.
    pub(super) fn find(&self, folder: Folder, name: &str) -> Option<usize> {
        let mut next = Some(folder);
        while let Some(folder) = next {
            if let Some(&entry) = self.held.get(&(folder, name)) {
                return Some(entry);
            }
            next = self.above[folder as usize];
        }
        None
    }
}

/// Parts the location of an installed package into the folder whose `node_modules` holds it and its name there; none
/// for the project itself, workspace members and folders that links point to.
pub(super) fn installed(location: &str) -> Option<(&str, &str)> {
    const FOLDER: &str = "node_modules/";
    let (holder, name) = match location.rfind("/node_modules/") {
        Some(at) => (&location[..at], &location[at + 1 + FOLDER.len()..]),
        None => ("", location.strip_prefix(FOLDER)?),
    };
    let base = match name.starts_with('@') {
        true => name.split_once('/').map_or("", |(_, base)| base),
        false => name,
    };
    (!base.is_empty() && !base.contains('/')).then_some((holder, name))
}

/// Says whether a location is outside of the project's folder: what is loaded there, this file does not rule.
pub(super) fn is_outside(location: &str) -> bool {
    location == ".."
        || location.starts_with("../")
        || location.starts_with('/')
        || location.as_bytes().get(1) == Some(&b':')
}

/// Paths by their segments, so that the folders above one are found in one go down its path.
struct Paths<'k> {
    below: HashMap<(usize, &'k str), usize>,
    /// For each path, its number as a folder with a `node_modules`.
    folders: Vec<Option<Folder>>,
}

impl<'k> Paths<'k> {
    fn new() -> Self {
        Paths { below: HashMap::new(), folders: vec![Some(TOP)] }
    }

    /// Returns the number of a folder, which is `next` if it had none yet.
    fn number(&mut self, path: &'k str, next: Folder) -> Folder {
        let mut at = 0;
        for segment in segments(path) {
            at = *self.below.entry((at, segment)).or_insert_with(|| {
                self.folders.push(None);
                self.folders.len() - 1
            });
        }
        *self.folders[at].get_or_insert(next)
    }

    /// Returns the nearest numbered folder above a path, and the nearest one that is the path itself or above it.
    fn nearest(&self, path: &str) -> (Option<Folder>, Option<Folder>) {
        let (mut above, mut found) = (None, (!is_outside(path)).then_some(TOP));
        let mut at = 0;
        for segment in segments(path) {
            if segment == ".." {
                found = None;
            }
            above = found;
            let Some(&next) = self.below.get(&(at, segment)) else { break };
            at = next;
            found = self.folders[at].or(found);
        }
        (above, found)
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|_| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_that_node_loads_is_found() {
        let locations = [
            "",
            "node_modules/a",
            "node_modules/a/node_modules/b",
            "node_modules/b",
            "node_modules/@s/c",
            "packages/m",
            "packages/m/node_modules/a",
            "../out",
            "../out/node_modules/b",
            "../lone",
        ];
        let (tree, starts) = Tree::of(locations.into_iter());
        for (from, name, expected) in [
            ("", "a", Some("node_modules/a")),
            ("", "c", None),
            ("node_modules/a", "b", Some("node_modules/a/node_modules/b")),
            ("node_modules/a/node_modules/b", "b", Some("node_modules/a/node_modules/b")),
            ("node_modules/a/node_modules/b", "@s/c", Some("node_modules/@s/c")),
            ("node_modules/@s/c", "b", Some("node_modules/b")),
            ("packages/m", "a", Some("packages/m/node_modules/a")),
            ("packages/m", "b", Some("node_modules/b")),
            ("packages/m/node_modules/a", "b", Some("node_modules/b")),
            ("../out", "b", Some("../out/node_modules/b")),
            ("../out", "a", None),
            ("../lone", "a", None),
        ] {
            let start = starts[locations.iter().position(|location| *location == from).expect("listed above")];
            assert_eq!(tree.find(start, name).map(|entry| locations[entry]), expected, "{name} from {from}");
        }
    }

    #[test]
    fn locations_are_parted() {
        for (location, expected) in [
            ("", None),
            ("node_modules/", None),
            ("node_modules/@s", None),
            ("node_modules/@s/", None),
            ("node_modules/a/lib/b", None),
            ("packages/a", None),
            ("node_modules/@s/a", Some(("", "@s/a"))),
            ("p/node_modules/a", Some(("p", "a"))),
            ("node_modules/a/node_modules/b", Some(("node_modules/a", "b"))),
            ("xnode_modules/a", None),
        ] {
            assert_eq!(installed(location), expected, "{location}");
        }
    }
}

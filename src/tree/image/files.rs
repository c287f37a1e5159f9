//! The files of an image: its layers laid on each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;

use super::layer::{self, Brings};
use crate::model::Layer;

/// The files that are looked at, and the links.
#[derive(Default)]
pub(super) struct Files {
    files: BTreeMap<String, File>,
    links: HashMap<String, String>,
}

/// A file as it is now.
#[derive(Clone)]
struct File {
    content: Content,
    /// The layer that it is from.
    layer: &'static Layer,
    /// What it was in the layers below, the lowest first.
    earlier: Vec<(&'static Layer, Arc<[u8]>)>,
    /// Whether it is a program, and the content what that carries.
    is_program: bool,
}

/// A file's content.
#[derive(Clone)]
pub(super) enum Content {
    /// As it was read.
    Read(Arc<[u8]>),
    /// Too large to be read: its size.
    Large(u64),
    /// The weights of a model: what stands for them.
    Weighed(Arc<str>),
}

/// Another name of a file that was not looked at under its own.
pub(super) struct Other {
    /// The name that is looked at.
    pub path: String,
    /// The name that has the content.
    pub target: String,
    layer: &'static Layer,
    /// What was there before.
    old: Option<File>,
}

/// Stands for a layer that is not known.
static NO_LAYER: &Layer = &Layer { number: 0, digest: "", created_by: "" };

/// How many links a path may lead through.
const MAX_LINKS: usize = 40;

/// How many folders all links of a path may add.
const MAX_PARTS: usize = 1000;

impl Files {
    /// Lays a layer on those below, and returns the files whose content it holds under names that are not looked at.
    pub(super) fn lay(&mut self, layer: layer::Layer, from: &'static Layer) -> Vec<Other> {
        let is_gone = |path: &String| layer.hides(path) || layer.replaces(path);
        self.links.retain(|path, _| !is_gone(path));
        // A file that is written again keeps what it was.
        self.files.retain(|path, _| {
            matches!(layer.brings.get(path), Some(Brings::File(_) | Brings::HardLink(_))) && !layer.hides(path)
                || !is_gone(path)
        });
        for (path, brings) in &layer.brings {
            if let Brings::Link(target) = brings {
                self.links.insert(path.clone(), target.clone());
            }
        }
        let mut missing = Vec::new();
        let mut hard = Vec::new();
        // Of a folder, many files come in a row.
        let mut last: (String, Option<String>) = Default::default();
        for (path, brings) in layer.brings {
            let is_program = layer.programs.contains(&path);
            let path = match path.rsplit_once('/') {
                Some((folder, name)) => {
                    if last.0 != folder {
                        last = (folder.to_owned(), self.follow(folder));
                    }
                    let Some(folder) = &last.1 else { continue };
                    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
                }
                None => path,
            };
            match brings {
                Brings::File(bytes) => self.put(path, Content::Read(bytes), from, is_program),
                Brings::Weighed(pointer) => self.put(path, Content::Weighed(pointer), from, false),
                Brings::Large(size) => self.put(path, Content::Large(size), from, false),
                Brings::HardLink(target) => hard.push((path, target)),
                Brings::Link(_) => {}
            }
        }
        // One may name another that comes later.
        while !hard.is_empty() {
            let open = hard.len();
            hard.retain(|(path, target): &(String, String)| match self.get(target).cloned() {
                Some(content) if path != target => {
                    self.put(path.clone(), content, from, false);
                    false
                }
                _ => true,
            });
            if hard.len() == open {
                break;
            }
        }
        for (path, target) in hard {
            // What was there is not what is there now.
            let old = self.files.remove(&path);
            missing.push(Other { path, target, layer: from, old });
        }
        missing
    }

    /// Returns the links at paths that are looked at which lead to a file that is not.
    pub(super) fn linked(&self, looks: &dyn Fn(&str) -> bool) -> Vec<Other> {
        let mut linked: Vec<Other> = Vec::new();
        for path in self.links.keys().filter(|path| looks(path)) {
            if self.file(path).is_none() {
                let target = self.follow(path).unwrap_or_default();
                // Whose layer it is, is found with the file.
                linked.push(Other { path: path.clone(), target, layer: NO_LAYER, old: None });
            }
        }
        linked.sort_by(|a, b| a.path.cmp(&b.path));
        linked
    }

    fn put(&mut self, path: String, content: Content, layer: &'static Layer, is_program: bool) {
        let mut earlier = Vec::new();
        if let Some(File { content: Content::Read(bytes), layer, earlier: before, .. }) = self.files.remove(&path) {
            earlier = before;
            earlier.push((layer, bytes));
        }
        self.files.insert(path, File { content, layer, earlier, is_program });
    }

    /// Gives a file the content that a layer has under another name: the last that has it, up to its own. False where none
    /// has.
    pub(super) fn name(&mut self, other: &Other, layers: &[Option<layer::Layer>]) -> bool {
        let up_to = if other.layer.number == 0 { layers.len() } else { other.layer.number as usize };
        let found = layers.iter().take(up_to).rev().find_map(|layer| match layer.as_ref()?.brings.get(&other.target) {
            Some(Brings::File(bytes)) => Some(Content::Read(bytes.clone())),
            Some(Brings::Weighed(pointer)) => Some(Content::Weighed(pointer.clone())),
            _ => None,
        });
        let named = self.files.get(&other.target).map(|file| file.content.clone());
        let Some(content) = found.or(named) else { return false };
        if let Some(old) = other.old.clone() {
            self.files.insert(other.path.clone(), old);
        }
        self.links.remove(&other.path);
        self.put(other.path.clone(), content, other.layer, false);
        true
    }

    /// Says whether a file is a program, of which there is what it carries.
    pub(super) fn is_program(&self, path: &str) -> bool {
        self.files.get(path).is_some_and(|file| file.is_program)
    }

    /// Returns the paths of the files that are looked at.
    pub(super) fn paths(&self) -> impl Iterator<Item = &String> {
        self.files.keys()
    }

    /// Returns a file's content; links are followed, and lead nowhere out of the image.
    pub(super) fn get(&self, path: &str) -> Option<&Content> {
        self.file(path).map(|file| &file.content)
    }

    /// Returns the layer that a file is from as it is: one that only changed its owner wrote the same again.
    pub(super) fn layer(&self, path: &str) -> Option<&'static Layer> {
        let file = self.file(path)?;
        let Content::Read(now) = &file.content else { return Some(file.layer) };
        let same = file.earlier.iter().rev().take_while(|(_, bytes)| bytes == now).last();
        let layer = same.map_or(file.layer, |(layer, _)| *layer);
        (layer.number > 0).then_some(layer)
    }

    /// Returns what a file was in the layers below, the lowest first.
    pub(super) fn earlier(&self, path: &str) -> Vec<(&'static Layer, Vec<u8>)> {
        let earlier = self.file(path).map(|file| file.earlier.as_slice()).unwrap_or_default();
        earlier.iter().map(|(layer, bytes)| (*layer, bytes.to_vec())).collect()
    }

    fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path).or_else(|| self.files.get(&self.follow(path)?))
    }

    /// Returns where a path leads, links followed as in a file system whose root is the image's; none where they lead in
    /// circles.
    fn follow(&self, path: &str) -> Option<String> {
        let mut open: Vec<&str> = path.split('/').rev().collect();
        let mut at = String::new();
        let (mut links, mut parts) = (0, 0);
        while let Some(part) = open.pop() {
            match part {
                "" | "." => continue,
                // Above the root is the root.
                ".." => {
                    at.truncate(at.rfind('/').unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let before = at.len();
            if !at.is_empty() {
                at.push('/');
            }
            at.push_str(part);
            if let Some(target) = self.links.get(&at) {
                links += 1;
                parts += target.split('/').count();
                if links > MAX_LINKS || parts > MAX_PARTS {
                    return None;
                }
                at.truncate(if target.starts_with('/') { 0 } else { before });
                open.extend(target.split('/').rev());
            }
        }
        Some(at)
    }
}

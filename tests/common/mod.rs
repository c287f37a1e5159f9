//! What the tests share: snapshots, folders of cases, reading a folder as the gate does.
#![allow(dead_code, clippy::unwrap_used)]

pub mod project;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use driftgate::Side;
use driftgate::discover::{self, Scan};
use driftgate::source::Sources;
use driftgate::tree::{Folder, Memory, Tree};

/// Returns a path below the repository.
pub fn path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// Returns the folders in a folder, sorted.
pub fn folders(of: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(of) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Returns the files below a folder, sorted.
pub fn files(of: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![of.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// Reads a folder as the gate does: the BOM that its policy pins is no subject.
pub fn read(folder: &Path, sources: &Sources) -> Side {
    let tree: Arc<dyn Tree> = Arc::new(Folder::new(folder).unwrap());
    let pinned = folder.join("driftgate.toml").exists().then(|| "bom.cdx.json".to_owned());
    side(&tree, &Scan { skip: pinned.into_iter().collect(), ..Scan::default() }, sources)
}

/// Reads files held in memory as the gate does.
pub fn read_memory(files: &[(&str, &[u8])], sources: &Sources) -> Side {
    let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
    let tree: Arc<dyn Tree> = Arc::new(Memory::new(files));
    side(&tree, &Scan::default(), sources)
}

fn side(tree: &Arc<dyn Tree>, scan: &Scan, sources: &Sources) -> Side {
    let read = discover::read(sources, tree, scan).unwrap();
    // A BOM of our own is read where it is named.
    let own = read.notes.first().and_then(|note| note.split_once(" is a BOM")).map(|(path, _)| path);
    match own.filter(|_| read.inventories.is_empty()) {
        Some(path) => discover::read_file(sources, tree, path).unwrap().side(),
        None => read.side(),
    }
}

/// Compares with a snapshot; `UPDATE_SNAPSHOTS=1` writes it. Returns what differs.
pub fn snapshot(file: &Path, actual: &str) -> Option<String> {
    let expected = fs::read_to_string(file).unwrap_or_default();
    if expected == actual {
        return None;
    }
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(file, actual).unwrap();
        return None;
    }
    let mut lines = expected.lines().zip(actual.lines()).enumerate();
    let (at, (expected_line, actual_line)) = lines
        .find(|(_, (a, b))| a != b)
        .unwrap_or((expected.lines().count().min(actual.lines().count()), ("(end)", "(end or more)")));
    let file = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(file);
    Some(format!("{}:{}\n  expected: {expected_line}\n  actual:   {actual_line}", file.display(), at + 1))
}

/// Fails with everything that differs.
pub fn assert_none(differs: Vec<String>) {
    assert!(differs.is_empty(), "{}\nUPDATE_SNAPSHOTS=1 writes them anew", differs.join("\n"));
}

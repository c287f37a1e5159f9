//! The floor: what it costs to read the same bytes at all. Plain serde into typed borrowed structs, one map, one thread.
//!
//! `cargo bench --bench floor -- FILE_OR_FOLDER` prints how many packages it saw; `benches/whole.sh` times it.
#![allow(clippy::print_stdout, clippy::unwrap_used, dead_code)]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;

#[derive(Deserialize)]
struct PackageLock<'a> {
    #[serde(borrow, default)]
    packages: HashMap<Cow<'a, str>, Npm<'a>>,
}

#[derive(Deserialize)]
struct Npm<'a> {
    #[serde(borrow)]
    version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    resolved: Option<Cow<'a, str>>,
    #[serde(borrow)]
    integrity: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    dependencies: HashMap<Cow<'a, str>, Cow<'a, str>>,
}

#[derive(Deserialize)]
struct TomlLock<'a> {
    #[serde(borrow, default)]
    package: Vec<TomlPackage<'a>>,
}

#[derive(Deserialize)]
struct TomlPackage<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    checksum: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    wheels: Vec<Wheel<'a>>,
}

#[derive(Deserialize)]
struct Wheel<'a> {
    #[serde(borrow)]
    hash: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Bom<'a> {
    #[serde(borrow, default)]
    components: Vec<Component<'a>>,
}

#[derive(Deserialize)]
struct Component<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    version: Option<Cow<'a, str>>,
}

fn main() {
    let Some(path) = env::args().skip(1).find(|argument| !argument.starts_with("--")) else { return };
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut open: Vec<PathBuf> = vec![Path::new(&path).to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let mut count = |name: &str, version: &Option<Cow<'_, str>>| {
            *seen.entry((name.to_owned(), version.as_deref().unwrap_or_default().to_owned())).or_default() += 1;
        };
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let text = || fs::read_to_string(&path).unwrap();
        if name == "package-lock.json" || name == "npm-shrinkwrap.json" {
            let text = text();
            let lock: PackageLock<'_> = serde_json::from_str(&text).unwrap();
            lock.packages
                .iter()
                .for_each(|(at, package)| count(at.rsplit("node_modules/").next().unwrap_or(at), &package.version));
        } else if name.ends_with(".lock") {
            let text = text();
            let lock: TomlLock<'_> = toml::from_str(&text).unwrap();
            lock.package.iter().for_each(|package| count(&package.name, &package.version));
        } else if name.ends_with(".cdx.json") {
            let text = text();
            let bom: Bom<'_> = serde_json::from_str(&text).unwrap();
            bom.components.iter().for_each(|component| count(&component.name, &component.version));
        }
    }
    println!("{} packages, {} times", seen.len(), seen.values().sum::<usize>());
}

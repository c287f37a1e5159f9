//! A container image as a file system: an OCI layout or what `docker save` writes, as a folder or an archive.
//!
//! Layers are streamed, one pass each, and never unpacked to disk: what is kept is what [`Look`] asks for. Each blob is
//! held to its digest.
//!
//! Specification: the OCI image format 1.1 (layout, index, manifest, configuration, layer), and Docker's image
//! specification 1.2 for `docker save`.

mod choose;
mod entries;
mod files;
mod layer;
mod limits;
mod store;
#[cfg(test)]
mod tests;
mod zstd;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Enter, Listing, Tree};
use crate::progress::{Counter, LAYERS, UNPACKED};
use crate::source::{MAX_FILE, Open};
use crate::{binary, formats, model};
use choose::Chosen;
pub use choose::Wish;
use files::Files;
use limits::Spent;
use store::Store;

/// What is looked at of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing; of a program, what it carries of how it was built.
    No,
    /// All of it.
    Whole,
    /// What stands for it, where it holds the weights of a model: see [`Open::weigh`].
    Weighed,
}

/// Says by a file's path what is looked at of it.
pub type Looks<'l> = &'l (dyn Fn(&str) -> Look + Sync);

/// The path by which an image's configuration is listed and opened.
pub const CONFIG: &str = "image-config.json";

/// A container image.
pub struct Image {
    label: String,
    chosen: Chosen,
    files: Files,
    faults: Vec<String>,
}

impl Image {
    /// Opens what holds an image; none where it is no such thing: a folder without a layout, a file that is no archive.
    ///
    /// # Errors
    /// Where it can't be read, or holds no image or several that fit.
    pub fn open(path: &Path, label: &str, wish: &Wish, looks: Looks<'_>) -> Result<Option<Self>> {
        let store = if path.is_dir() {
            let is_layout = path.join("oci-layout").is_file() && path.join("index.json").is_file();
            let is_saved = path.join("manifest.json").is_file() && path.join("repositories").is_file();
            if !is_layout && !is_saved {
                return Ok(None);
            }
            Store::folder(path).map(Some)
        } else {
            Store::archive(path)
        };
        let reading = || format!("reading the image {label}");
        let Some(store) = store.with_context(reading)? else { return Ok(None) };
        let chosen = choose::choose(&store, wish).with_context(reading)?;
        let (files, mut faults) = read(&store, &chosen, looks);
        if faults.len() > MAX_FAULTS {
            let more = faults.len() - MAX_FAULTS;
            faults.truncate(MAX_FAULTS);
            faults.push(format!("there are {more} more problems with this image"));
        }
        Ok(Some(Image { label: label.to_owned(), chosen, files, faults }))
    }

    /// Returns the name by which the archive has the image; empty where it has none.
    pub fn name(&self) -> &str {
        &self.chosen.name
    }
}

/// How many problems of one image are told.
const MAX_FAULTS: usize = 40;

/// The most layers that an image has: a file system holds no more.
const MAX_LAYERS: usize = 512;

/// Reads all layers and lays them on each other.
fn read(store: &Store, chosen: &Chosen, looks: Looks<'_>) -> (Files, Vec<String>) {
    let mut faults = chosen.faults.clone();
    if chosen.layers.len() > MAX_LAYERS {
        faults
            .push(format!("the image has {} layers, and {MAX_LAYERS} are the most that are read", chosen.layers.len()));
        return (Files::default(), faults);
    }
    let spent = Spent::default();
    let (layers, fault) = read_layers(store, chosen, looks, &spent);
    if let Some(fault) = fault {
        faults.push(fault);
        return (Files::default(), faults);
    }
    let mut files = Files::default();
    let mut missing = Vec::new();
    for (read, history) in layers.into_iter().zip(&chosen.history) {
        let called = || format!("layer {} ({})", history.number, short(history.digest));
        match read {
            Ok(mut layer) => {
                faults.extend(layer.faults.drain(..).map(|fault| format!("{}: {fault}", called())));
                missing.extend(files.lay(layer, history));
            }
            Err(error) => faults.push(format!("{}: {error:#}", called())),
        }
    }
    missing.extend(files.linked(&|path| formats::of_installed(path).is_some()));
    if !missing.is_empty() {
        // Of a file that has two names, the layer holds the content under one, which may be the one that nobody looks at.
        let targets: BTreeMap<&str, Look> =
            missing.iter().map(|other| (other.target.as_str(), looks(&other.path))).collect();
        let looks = |path: &str| targets.get(path).copied().unwrap_or(Look::No);
        let (again, fault) = read_layers(store, chosen, &looks, &spent);
        if let Some(fault) = fault {
            faults.push(fault);
            return (Files::default(), faults);
        }
        let again: Vec<Option<layer::Layer>> = again.into_iter().map(Result::ok).collect();
        // One may be another name of one that is found only now.
        let mut open = missing.len() + 1;
        while missing.len() < open {
            open = missing.len();
            missing.retain(|other| !files.name(other, &again));
        }
        for other in missing.iter().filter(|other| formats::of_installed(&other.path).is_some()) {
            let (path, target) = (other.path.escape_debug(), other.target.escape_debug());
            faults.push(format!("{path} is another name of {target}, which is not there to be read"));
        }
    }
    (files, faults)
}

/// What is read of each layer, in their order, and what is wrong with the image as a whole.
type Layers = (Vec<Result<layer::Layer>>, Option<String>);

/// Reads each layer once, however often it stands in the image.
fn read_layers(store: &Store, chosen: &Chosen, looks: Looks<'_>, spent: &Spent) -> Layers {
    let mut distinct: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, layer) in chosen.layers.iter().enumerate() {
        distinct.entry(store.real(&layer.name)).or_insert(number);
    }
    let (names, firsts): (Vec<&str>, Vec<usize>) = distinct.iter().map(|(name, number)| (*name, *number)).unzip();
    LAYERS.add(names.len());
    let done = Counter::default();
    let read = store.each(&names, &|at, stream| {
        let read = layer::read(stream, &chosen.layers[firsts[at]], looks, spent);
        [&UNPACKED, &done].into_iter().for_each(|count| count.add(1));
        read
    });
    // One that is not there is waited for no longer.
    UNPACKED.add(names.len().saturating_sub(done.get()));
    let read: BTreeMap<&str, Result<layer::Layer>> = names.into_iter().zip(read).collect();
    let layers = chosen.layers.iter().map(|layer| match read.get(store.real(&layer.name)) {
        Some(Ok(read)) => Ok(read.clone()),
        Some(Err(error)) => Err(anyhow::anyhow!("{error:#}")),
        None => Err(anyhow::anyhow!("it was not read")),
    });
    (layers.collect(), spent.fault())
}

/// Returns a digest as people tell it apart.
fn short(digest: &str) -> String {
    digest.chars().take(19).collect::<String>().escape_debug().to_string()
}

/// Returns what is kept of a file: of a database, the text that it is read as. A damaged one is kept as it is, to be told of.
fn as_text(bytes: Vec<u8>) -> Vec<u8> {
    match binary::text_of(&bytes) {
        Some(Ok(text)) => text.into_bytes(),
        _ => bytes,
    }
}

impl Open for Image {
    fn open(&self, path: &str) -> Result<Vec<u8>> {
        if path == CONFIG {
            return Ok(self.chosen.config.clone());
        }
        match self.files.get(path) {
            Some(files::Content::Read(bytes)) => Ok(bytes.to_vec()),
            Some(files::Content::Large(size)) => {
                bail!("is {} MiB; files past {} MiB are not read", size >> 20, MAX_FILE >> 20)
            }
            Some(files::Content::Weighed(_)) => bail!("holds the weights of a model, which are not read"),
            None => bail!("cannot be opened: there is no such file in the image"),
        }
    }

    fn weigh(&self, path: &str) -> Result<Option<String>> {
        match self.files.get(path) {
            Some(files::Content::Weighed(pointer)) => Ok(Some(pointer.to_string())),
            _ => Ok(None),
        }
    }

    fn has(&self, path: &str) -> bool {
        path == CONFIG || self.files.get(path).is_some()
    }
}

impl Tree for Image {
    fn list(&self, enter: &Enter, hidden: bool) -> Result<Listing> {
        let mut listing = super::listed(self.files.paths(), enter, hidden);
        listing.files.push(CONFIG.to_owned());
        listing.files.sort_unstable();
        listing.unlisted.extend(self.faults.iter().map(|fault| (self.label.clone(), fault.clone())));
        Ok(listing)
    }

    fn label(&self) -> String {
        self.label.clone()
    }

    fn about(&self) -> Option<model::Component> {
        Some(self.chosen.component())
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn programs(&self, listed: &[String]) -> Vec<String> {
        listed.iter().filter(|path| self.files.is_program(path)).cloned().collect()
    }

    fn layer(&self, path: &str) -> Option<&'static model::Layer> {
        self.files.layer(path)
    }

    fn earlier(&self, path: &str) -> Vec<(&'static model::Layer, Vec<u8>)> {
        self.files.earlier(path)
    }
}

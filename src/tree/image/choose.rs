//! Finds the image that is meant among those that a store holds, and checks its documents against their digests.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::layer::Named;
use super::limits::Hasher;
use super::store::Store;
use crate::intern;
use crate::model::{Component, Kind, Layer, Purl, secret};

/// Which image of several is meant.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The platform: `linux/arm64`.
    pub platform: Option<String>,
    /// The name or tag by which the archive has it.
    pub reference: Option<String>,
}

/// An image that was found.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// The name by which the archive has it; empty where it has none.
    pub name: String,
    /// The digest of its manifest; empty in what `docker save` wrote before it wrote OCI layouts.
    pub digest: String,
    /// The bytes of its configuration.
    pub config: Vec<u8>,
    /// Its layers, the lowest first.
    pub layers: Vec<Named>,
    /// The layers as its history tells of them.
    pub history: Vec<&'static Layer>,
    /// Its platform.
    platform: Platform,
    /// What is wrong with its documents.
    pub faults: Vec<String>,
}

impl Chosen {
    /// Returns the image as a component: `pkg:oci/api@sha256:…?arch=amd64&repository_url=…&tag=1.4`, as the purl standard
    /// has it. Without a manifest's digest it has that of its configuration, which is the image's id.
    pub(super) fn component(&self) -> Component {
        let id = || {
            let mut hasher = Hasher::of(&format!("sha256:{}", "0".repeat(64)))?;
            hasher.update(&self.config);
            Some(hasher.digest())
        };
        let digest = if self.digest.is_empty() { id().unwrap_or_default() } else { self.digest.clone() };
        let name = self.name.split_once('@').map_or(self.name.as_str(), |(name, _)| name);
        let (repository, tag) = match name.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, tag),
            _ => (name, ""),
        };
        let last = repository.rsplit('/').next().unwrap_or_default();
        let last = if last.is_empty() { "image" } else { last };
        let address = if repository.contains('/') { repository } else { "" };
        let architecture = self.platform.architecture.as_str();
        let purl = Purl::new("oci", "", last, &digest).with_qualifiers(&[
            ("arch", architecture),
            ("os", &self.platform.os),
            ("repository_url", address),
            ("tag", tag),
        ]);
        Component { kind: Kind::Container, ..Component::new(purl) }
    }
}

/// A document's address in a layout.
#[derive(Clone, Debug, Deserialize)]
struct Descriptor {
    #[serde(default, rename = "mediaType")]
    media_type: String,
    digest: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    platform: Option<Platform>,
    #[serde(default)]
    annotations: std::collections::BTreeMap<String, String>,
    #[serde(default, rename = "artifactType")]
    artifact_type: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Platform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: String,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

/// The configuration, as far as it speaks of layers and the platform.
#[derive(Default, Deserialize)]
struct Config {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: String,
    #[serde(default)]
    rootfs: RootFs,
    #[serde(default)]
    history: Option<Vec<History>>,
}

#[derive(Default, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct History {
    #[serde(default)]
    created_by: Option<String>,
    #[serde(default)]
    empty_layer: bool,
}

/// An image in the list that `docker save` writes.
#[derive(Deserialize)]
struct Saved {
    #[serde(rename = "Config")]
    config: String,
    #[serde(default, rename = "RepoTags")]
    tags: Option<Vec<String>>,
    #[serde(default, rename = "Layers")]
    layers: Option<Vec<String>>,
}

/// An image that may be meant.
struct Candidate {
    names: Vec<String>,
    /// The digest of the index that it stands in; empty for none.
    index: String,
    platform: Platform,
    from: From,
}

enum From {
    Layout { digest: String, manifest: Manifest },
    Saved(Saved),
}

/// How deep indexes may stand in each other.
const MAX_NESTING: usize = 8;

/// The most documents of a layout that are looked at.
const MAX_MANIFESTS: usize = 1000;

/// Finds the image that is meant.
///
/// # Errors
/// Where there is none or more than one that fits, or a document that it needs can't be read.
pub(super) fn choose(store: &Store, wish: &Wish) -> Result<Chosen> {
    let mut chosen = Chosen::default();
    let mut candidates = if store.has("index.json") {
        let index: Index = parse("index.json", &store.document("index.json")?)?;
        let mut seen = BTreeSet::new();
        let mut candidates = Vec::new();
        walk(store, &index, "", 0, &mut seen, &mut candidates, &mut chosen.faults)?;
        candidates
    } else if store.has("manifest.json") {
        let saved: Vec<Saved> = parse("manifest.json", &store.document("manifest.json")?)?;
        saved.into_iter().map(|saved| of_saved(store, saved)).collect::<Result<_>>()?
    } else if store.has("repositories") {
        bail!("it is of the kind that Docker wrote before 1.10, without a manifest.json; save the image again");
    } else {
        bail!("it holds no container image: neither index.json (an OCI layout) nor manifest.json (`docker save`)");
    };
    if candidates.is_empty() {
        bail!("it holds no container image");
    }
    let all = listed(&candidates);
    candidates.retain(|candidate| {
        wish.platform.as_ref().is_none_or(|wanted| candidate.platform.is(wanted))
            && wish.reference.as_ref().is_none_or(|wanted| candidate.is_called(wanted))
    });
    match candidates.len() {
        1 => {}
        0 => bail!("it holds no image that is asked for, but {all}"),
        _ => bail!(
            "it holds several images: {}; name one with --platform, or by its name as in FILE#NAME",
            listed(&candidates)
        ),
    }
    let Some(Candidate { names, from, platform, .. }) = candidates.pop() else { bail!("it holds no container image") };
    chosen.platform = platform;
    chosen.name = names.into_iter().next().unwrap_or_default();
    match from {
        From::Layout { digest, manifest } => {
            chosen.digest = digest;
            chosen.config = checked(store, &manifest.config, &mut chosen.faults)?;
            chosen.layers = manifest
                .layers
                .into_iter()
                .map(|layer| {
                    let name = blob(&layer.digest)?;
                    Ok(Named { name, digest: Some(layer.digest), size: layer.size, diff_id: None })
                })
                .collect::<Result<_>>()?;
        }
        From::Saved(saved) => {
            chosen.config = store.document(&saved.config)?;
            // The configuration is named by its digest: `<hex>.json`, or `blobs/sha256/<hex>`.
            let hex = saved.config.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
            let digest = format!("sha256:{hex}");
            if Hasher::of(&digest).is_some() {
                check(&saved.config, &digest, &chosen.config, &mut chosen.faults);
            }
            let layers = saved.layers.unwrap_or_default();
            chosen.layers = layers.into_iter().map(|name| Named { name, ..Named::default() }).collect();
        }
    }
    let config: Config = parse("the image's configuration", &chosen.config)?;
    let diff_ids = config.rootfs.diff_ids.unwrap_or_default();
    if diff_ids.len() != chosen.layers.len() {
        let (named, listed) = (chosen.layers.len(), diff_ids.len());
        chosen.faults.push(format!("its manifest has {named} layers, its configuration lists {listed}"));
    }
    let made = config.history.unwrap_or_default().into_iter().filter(|made| !made.empty_layer);
    let mut made: Vec<String> = made.map(|made| made.created_by.unwrap_or_default()).collect();
    // Which of them made which layer is known where there is one for each.
    if made.len() != chosen.layers.len() {
        made.clear();
    }
    let mut made = made.into_iter();
    for (at, layer) in chosen.layers.iter_mut().enumerate() {
        layer.diff_id = diff_ids.get(at).cloned();
        let digest = layer.diff_id.clone().or_else(|| layer.digest.clone()).unwrap_or_default();
        let created_by = command(&made.next().unwrap_or_default());
        let (digest, created_by) = (intern::text(&digest), intern::text(&created_by));
        chosen.history.push(Layer { number: at as u32 + 1, digest, created_by }.intern());
    }
    Ok(chosen)
}

/// Returns a line of history as a Dockerfile would have it.
fn command(created_by: &str) -> String {
    let text = created_by.trim();
    let text = text.strip_suffix("# buildkit").unwrap_or(text).trim();
    // The builders write build arguments before a command: `RUN |2 TOKEN=x A=b /bin/sh -c …`.
    let bare = text.strip_prefix("RUN ").unwrap_or(text);
    let text = match bare.strip_prefix('|').and_then(|_| bare.find("/bin/sh -c ")) {
        Some(at) => &bare[at..],
        None => text,
    };
    let text = &*secret::covered(text);
    match text.strip_prefix("/bin/sh -c ") {
        Some(command) => match command.trim_start().strip_prefix("#(nop)") {
            Some(instruction) => instruction.trim().to_owned(),
            None => format!("RUN {}", command.trim()),
        },
        None => text.replacen("RUN /bin/sh -c ", "RUN ", 1),
    }
}

/// Finds the images of an index and those in it.
fn walk(
    store: &Store,
    index: &Index,
    name: &str,
    depth: usize,
    seen: &mut BTreeSet<String>,
    candidates: &mut Vec<Candidate>,
    faults: &mut Vec<String>,
) -> Result<()> {
    if depth > MAX_NESTING {
        bail!("its indexes stand in each other more than {MAX_NESTING} deep");
    }
    for descriptor in &index.manifests {
        let own = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];
        let own = own.iter().find_map(|key| descriptor.annotations.get(*key)).map_or(name, String::as_str);
        let platform = descriptor.platform.clone().unwrap_or_default();
        let is_attestation = descriptor.annotations.contains_key("vnd.docker.reference.type")
            || (platform.os == "unknown" && platform.architecture == "unknown");
        if is_attestation || descriptor.artifact_type.is_some() {
            continue;
        }
        let known = candidates.iter_mut().find(|candidate| candidate.digest() == Some(&descriptor.digest));
        if let Some(known) = known {
            known.names.extend((!own.is_empty()).then(|| own.to_owned()));
            continue;
        }
        // An index that names itself, through others, is read once; it may have several names.
        if !seen.insert(descriptor.digest.clone()) {
            let of_index = candidates.iter_mut().filter(|candidate| candidate.index == descriptor.digest);
            of_index.for_each(|candidate| candidate.names.extend((!own.is_empty()).then(|| own.to_owned())));
            continue;
        }
        if seen.len() > MAX_MANIFESTS {
            bail!("it has more than {MAX_MANIFESTS} manifests, which is the most that is read");
        }
        // Of an image for many platforms, often only one is copied.
        if depth > 0 && !store.has(&blob(&descriptor.digest)?) {
            continue;
        }
        let bytes = checked(store, descriptor, faults)?;
        let what = descriptor.digest.as_str();
        if descriptor.media_type.ends_with(".index.v1+json") || descriptor.media_type.ends_with(".list.v2+json") {
            let first = candidates.len();
            walk(store, &parse(what, &bytes)?, own, depth + 1, seen, candidates, faults)?;
            candidates[first..].iter_mut().for_each(|candidate| candidate.index.clone_from(&descriptor.digest));
            continue;
        }
        let manifest: Manifest = parse(what, &bytes)?;
        // A chart, a signature, a model: what is in a registry beside images.
        let kind = manifest.config.media_type.as_str();
        if !matches!(
            kind,
            "" | "application/vnd.oci.image.config.v1+json" | "application/vnd.docker.container.image.v1+json"
        ) {
            continue;
        }
        let platform = if platform.os.is_empty() {
            let config = store.document(&blob(&manifest.config.digest)?)?;
            let Config { os, architecture, variant, .. } = parse("the image's configuration", &config)?;
            Platform { os, architecture, variant }
        } else {
            platform
        };
        let names = if own.is_empty() { Vec::new() } else { vec![own.to_owned()] };
        candidates.push(Candidate {
            names,
            index: String::new(),
            platform,
            from: From::Layout { digest: descriptor.digest.clone(), manifest },
        });
    }
    Ok(())
}

fn of_saved(store: &Store, saved: Saved) -> Result<Candidate> {
    let config: Config = parse(&saved.config, &store.document(&saved.config)?)?;
    let Config { os, architecture, variant, .. } = config;
    let names = saved.tags.clone().unwrap_or_default();
    Ok(Candidate {
        names,
        index: String::new(),
        platform: Platform { os, architecture, variant },
        from: From::Saved(saved),
    })
}

impl Platform {
    /// Says whether it is the one that is written as `linux/arm64/v8`, `linux/arm64` or `arm64`.
    fn is(&self, wanted: &str) -> bool {
        let parts: Vec<&str> = wanted.split('/').collect();
        let (os, architecture, variant) = match parts[..] {
            [architecture] => ("linux", architecture, None),
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return false,
        };
        self.os == os && self.architecture == architecture && variant.is_none_or(|variant| variant == self.variant)
    }

    fn written(&self) -> String {
        let parts = [self.os.as_str(), &self.architecture, &self.variant];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }
}

impl Candidate {
    fn digest(&self) -> Option<&String> {
        match &self.from {
            From::Layout { digest, .. } => Some(digest),
            From::Saved(_) => None,
        }
    }

    fn is_called(&self, wanted: &str) -> bool {
        let is_it = |name: &String| {
            name == wanted || name.strip_suffix(wanted).is_some_and(|rest| rest.ends_with('/') || rest.ends_with(':'))
        };
        self.names.iter().any(is_it) || self.digest().is_some_and(|digest| digest.starts_with(wanted))
    }
}

/// Lists images for a message.
fn listed(candidates: &[Candidate]) -> String {
    let one = |candidate: &Candidate| {
        let name = candidate.names.first().map_or("one without a name", String::as_str);
        format!("{} ({})", name.escape_debug(), candidate.platform.written().escape_debug())
    };
    let mut shown: Vec<String> = candidates.iter().take(10).map(one).collect();
    if candidates.len() > 10 {
        shown.push(format!("{} more", candidates.len() - 10));
    }
    shown.join(", ")
}

/// Returns where a blob stands in a layout.
fn blob(digest: &str) -> Result<String> {
    // A digest is part of a path: only what is known to be one may be.
    if Hasher::of(digest).is_none() {
        bail!("\"{}\" is no digest", digest.chars().take(100).collect::<String>().escape_debug());
    }
    Ok(format!("blobs/{}", digest.replacen(':', "/", 1)))
}

/// Reads a document and holds it to its digest.
fn checked(store: &Store, descriptor: &Descriptor, faults: &mut Vec<String>) -> Result<Vec<u8>> {
    let name = blob(&descriptor.digest)?;
    let bytes = store.document(&name)?;
    if let Some(size) = descriptor.size.filter(|size| *size != bytes.len() as u64) {
        faults.push(format!("{name} has {} bytes; what names it says {size}", bytes.len()));
    }
    check(&name, &descriptor.digest, &bytes, faults);
    Ok(bytes)
}

fn check(name: &str, digest: &str, bytes: &[u8], faults: &mut Vec<String>) {
    let Some(mut hasher) = Hasher::of(digest) else { return };
    hasher.update(bytes);
    let found = hasher.digest();
    if found != digest {
        faults.push(format!("{name} is not what it is named by: its digest is {found}"));
    }
}

fn parse<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).with_context(|| format!("{} can't be read", what.escape_debug()))
}

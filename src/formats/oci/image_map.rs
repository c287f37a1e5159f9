//! Images in files whose shape is open: the values of a chart, the settings of an operator.
//!
//! There is no specification, only usage: `image: {registry, repository, tag, digest}`, `image: repo:tag`, `imageName` beside
//! `imageTag`, and the same under names that end so. What looks like none of these is no image.

use super::reference::Reference;
use crate::syntax::yaml::{Node, Value};

/// An image that such a file names, in parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct ImageMap<'n> {
    /// The path of its keys: `web.image`.
    pub path: String,
    /// The registry.
    pub registry: Option<&'n Node<'n>>,
    /// The repository, or all of the reference; none where only other parts are said, for another file has it.
    pub repository: Option<&'n Node<'n>>,
    /// The tag; null or empty where the key is there and says nothing.
    pub tag: Option<&'n Node<'n>>,
    /// The digest.
    pub digest: Option<&'n Node<'n>>,
    /// The map that says how it runs: what asks for resources and nodes.
    pub owner: Option<&'n Node<'n>>,
    /// Whether it stands under something that is switched off.
    pub is_off: bool,
}

/// Finds all images in a map, in the order of the text.
pub(crate) fn find<'n>(node: &'n Node<'n>) -> Vec<ImageMap<'n>> {
    let mut finder = Finder { found: Vec::new() };
    finder.walk(node, &mut String::new(), false);
    finder.found
}

/// Returns the registry that a chart's values set for all of its images.
pub(crate) fn registry<'n>(values: &'n Node<'n>) -> Option<&'n Node<'n>> {
    let paths: [&[&str]; 3] = [&["global", "imageRegistry"], &["global", "image", "registry"], &["global", "hub"]];
    let said = |path: &&[&str]| values.at(path).filter(|node| node.text().is_some_and(|text| !text.is_empty()));
    paths.iter().find_map(said)
}

struct Finder<'n> {
    found: Vec<ImageMap<'n>>,
}

impl<'n> Finder<'n> {
    fn walk(&mut self, node: &'n Node<'n>, path: &mut String, is_off: bool) {
        let len = path.len();
        let is_off = is_off || is_switched_off(node);
        let in_images = key(path) == "images";
        for entry in node.entries() {
            path.truncate(len);
            if len > 0 {
                path.push('.');
            }
            path.push_str(&entry.key);
            let value = &entry.node;
            let found = match &value.value {
                Value::Map(_) => of_map(&entry.key, node, value),
                Value::Scalar(text) => of_scalar(&entry.key, text, node, value, in_images),
                _ => None,
            };
            match found {
                Some(found) => {
                    let is_off = is_off || is_switched_off(value);
                    self.found.push(ImageMap { path: path.clone(), is_off, ..found });
                }
                None => self.walk(value, path, is_off),
            }
        }
        for (index, item) in node.items().iter().enumerate() {
            path.truncate(len);
            *path += &format!("[{index}]");
            self.walk(item, path, is_off);
        }
        path.truncate(len);
    }
}

fn is_switched_off(node: &Node<'_>) -> bool {
    node.get("enabled").and_then(Node::text) == Some("false")
}

/// Returns the last key of a path.
fn key(path: &str) -> &str {
    path.rsplit(['.', '[']).next().unwrap_or(path)
}

/// What else a map says that is an image.
const SIGNS: [&str; 5] = ["tag", "digest", "registry", "pullPolicy", "imagePullPolicy"];

/// Reads a map that may be an image.
fn of_map<'n>(key: &str, parent: &'n Node<'n>, map: &'n Node<'n>) -> Option<ImageMap<'n>> {
    let text = |name: &str| map.get(name).filter(|node| node.text().is_some_and(|text| !text.is_empty()));
    let is_named = is_image_key(key);
    let is_signed = SIGNS.iter().any(|sign| raw(map, sign).is_some());
    // A repository of code or of charts is none of images.
    if !is_named && ["git", "chart", "source", "helm"].iter().any(|other| key.to_lowercase().contains(other)) {
        return None;
    }
    let repository = text("repository").filter(|_| is_named || is_signed);
    let repository = repository.or_else(|| text("image").or_else(|| text("name")).filter(|_| is_named && is_signed));
    let image = ImageMap {
        registry: text("registry"),
        repository,
        tag: raw(map, "tag").filter(|tag| tag.is_null() || tag.text().is_some()),
        digest: text("digest").or_else(|| text("sha")),
        owner: Some(if is_named { parent } else { map }),
        ..ImageMap::default()
    };
    let is_part = is_named && (text("tag").is_some() || image.digest.is_some() || image.registry.is_some());
    match repository {
        Some(repository) => is_plausible(repository.text().unwrap_or_default()).then_some(image),
        None => is_part.then_some(image),
    }
}

/// Reads a scalar that may be an image, with what stands beside it.
fn of_scalar<'n>(
    key: &str,
    text: &str,
    parent: &'n Node<'n>,
    value: &'n Node<'n>,
    in_images: bool,
) -> Option<ImageMap<'n>> {
    if !is_plausible(text) {
        return None;
    }
    let stem = ["Name", "Repository", "_name", "_repository"].iter().find_map(|end| key.strip_suffix(end));
    let stem = stem.filter(|stem| is_image_key(stem));
    let is_image = is_image_key(key);
    let beside = |ends: &[&str], alone: &str| {
        let named = ends.iter().find_map(|end| raw(parent, &format!("{}{end}", stem.unwrap_or(key))));
        named.or_else(|| raw(parent, alone).filter(|_| stem.unwrap_or(key) == "image"))
    };
    let is_said = |node: &&Node<'_>| node.text().is_some_and(|text| !text.is_empty());
    let image = ImageMap {
        registry: beside(&["Registry", "_registry"], "registry").or_else(|| raw(parent, "hub")).filter(is_said),
        repository: Some(value),
        tag: beside(&["Tag", "_tag"], "tag").or_else(|| raw(parent, "imageTag")),
        digest: beside(&["Digest", "_digest"], "digest").filter(is_said),
        owner: Some(parent),
        ..ImageMap::default()
    };
    let is_whole =
        text.contains("{{") || Reference::parse(text).is_ok_and(|it| it.tag.is_some() || it.digest.is_some());
    let is_parted = image.tag.is_some() || image.digest.is_some();
    let runs = ["resources", "imagePullPolicy", "pullPolicy", "command", "ports", "env"];
    let is_run = || runs.iter().any(|field| raw(parent, field).is_some());
    let is_it = match (is_image, stem) {
        (true, _) if key == "image" => is_whole || is_parted || text.contains('/') || is_run(),
        (true, _) => is_whole || is_parted,
        (_, Some(_)) => is_whole || is_parted,
        _ => in_images && !SIGNS.contains(&key) && is_whole,
    };
    is_it.then_some(image)
}

/// Returns what stands under a key, though it be null.
fn raw<'n>(map: &'n Node<'n>, key: &str) -> Option<&'n Node<'n>> {
    map.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
}

/// Says whether a key names an image: `image`, `initImage`, `init-image`.
fn is_image_key(key: &str) -> bool {
    let is_end = |end: &str| key.strip_suffix(end).is_some_and(|before| !before.is_empty());
    key == "image" || is_end("Image") || is_end("-image") || is_end("_image")
}

/// What pictures and disks end with, which are called images too.
const OTHERS: [&str; 12] =
    [".png", ".svg", ".jpg", ".jpeg", ".gif", ".ico", ".webp", ".iso", ".qcow2", ".img", ".sif", ".vmdk"];

/// Says whether a text may be an image's name.
fn is_plausible(text: &str) -> bool {
    let is_other = OTHERS.iter().any(|end| text.to_ascii_lowercase().ends_with(end));
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_word = matches!(text, "true" | "false" | "null" | "none" | "auto" | "default");
    if text.contains("{{") {
        return !text.contains('\n');
    }
    !is_other && !is_number && !is_word && !text.contains("://") && Reference::parse(text).is_ok()
}

/// Returns an image's reference, put together of its parts; `tag` stands in for one that is there and says nothing.
///
/// None where a part is not known.
pub(crate) fn reference(registry: &str, repository: &str, tag: Option<&str>, digest: &str) -> Option<String> {
    let mut text = String::new();
    if !registry.is_empty() {
        text.push_str(registry.trim_end_matches('/'));
        text.push('/');
    }
    text.push_str(repository);
    let own = Reference::parse(repository).ok();
    let is_whole = own.is_some_and(|own| own.tag.is_some() || own.digest.is_some());
    match tag {
        Some("") if digest.is_empty() && !is_whole => return None,
        Some(tag) if !tag.is_empty() && !is_whole => {
            // A digest is given in the place of a tag: `tag: sha256:…`, `tag: "1.2@sha256:…"`.
            let sign = if tag.starts_with("sha256:") { '@' } else { ':' };
            text.push(sign);
            text.push_str(tag);
        }
        _ => {}
    }
    if !digest.is_empty() && !text.contains('@') {
        text.push('@');
        if !digest.contains(':') {
            text.push_str("sha256:");
        }
        text.push_str(digest);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::Source;
    use crate::syntax::yaml;

    #[test]
    fn images_are_told_from_other_settings() {
        for (text, expected) in [
            ("image: {repository: a/b, tag: '1'}", "image a/b:1"),
            ("image: {registry: r.example, repository: a, tag: '', pullPolicy: x}", "image r.example a:"),
            ("web: {image: {repository: a, tag: ~}}\ndb: {image: b:2}", "web.image a:, db.image b:2"),
            ("image: {name: a, tag: 1.10}", "image a:1.10"),
            ("imageName: a/b\nimageTag: '3'", "imageName a/b:3"),
            ("initImage: busybox:1\nbackgroundImage: x.png\nlogoImage: x", "initImage busybox:1"),
            ("curlImage: curl\ncurlImageTag: '8'", "curlImage curl:8"),
            ("web: {image: nginx, tag: '1'}", "web.image nginx:1"),
            ("git: {repository: a/b, tag: v1}\nimage: {repository: 'https://x.example/y', tag: v1}", ""),
            ("proxy: {repository: envoy, tag: v1, enabled: false}", "proxy envoy:v1 off"),
            ("images: {web: 'a:1', tag: '2', policy: Always}", "images.web a:1"),
            ("jobs: [{image: 'a:1'}, {image: {tag: '2'}}]", "jobs[0].image a:1, jobs[1].image :2"),
            ("image: '{{ .Values.x }}'", "image {{ .Values.x }}"),
            ("image: true\nicon: a:1\nstorageImage: '2024'", ""),
            ("repository: a/b", ""),
            ("image: nginx\nresources: {}", "image nginx"),
        ] {
            let source = Source { file: Default::default(), path: "values.yaml", text };
            let trees = yaml::trees(&source).unwrap();
            let shown = |found: &ImageMap<'_>| {
                let text = |node: Option<&Node<'_>>| node.and_then(Node::text).unwrap_or_default().to_owned();
                let registry = found.registry.map(|_| text(found.registry) + " ").unwrap_or_default();
                let tag = found.tag.map(|_| format!(":{}", text(found.tag))).unwrap_or_default();
                let off = if found.is_off { " off" } else { "" };
                format!("{} {registry}{}{tag}{off}", found.path, text(found.repository))
            };
            assert_eq!(find(&trees[0]).iter().map(shown).collect::<Vec<_>>().join(", "), expected, "{text}");
        }
    }

    #[test]
    fn references_are_put_together() {
        for (registry, repository, tag, digest, expected) in [
            ("", "a", Some("1"), "", Some("a:1")),
            ("r.example", "a", Some("1"), "sha256:00", Some("r.example/a:1@sha256:00")),
            ("", "a", Some(""), "", None),
            ("", "a", None, "", Some("a")),
            ("", "a:2", Some(""), "", Some("a:2")),
            ("", "a", Some("sha256:00"), "", Some("a@sha256:00")),
            ("", "a", Some(""), "00", Some("a@sha256:00")),
        ] {
            assert_eq!(reference(registry, repository, tag, digest).as_deref(), expected, "{repository} {tag:?}");
        }
    }
}

//! How findings speak: names, versions, digests and sources in the same words everywhere, one line, safe to print.

use std::borrow::Cow;
use std::fmt;

use crate::compare::Facts;
use crate::graph::{Resolved, Subject};
use crate::model::{Component, Digest, Layer, Origin, Scope, without_credentials};

/// Returns the build string of a component; empty where its ecosystem has none.
pub fn build(component: &Component) -> String {
    let qualifiers = component.purl.qualifiers();
    qualifiers.into_iter().find(|(name, _)| name == "build").map(|(_, value)| value).unwrap_or_default()
}

/// The formats whose commands install packages.
const BUILDS: &[&str] = &["apptainer", "bentofile", "cog", "dockerfile"];

/// How many digits of a digest or a commit are enough to tell two apart.
const SHORT: usize = 12;

/// Returns a text from a file as it may stand in a message: without control characters.
pub fn safe(text: &str) -> Cow<'_, str> {
    // What turns the direction of writing around hides text as well as a control character does.
    let is_hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Returns a component's name.
pub fn name(component: &Component) -> Cow<'static, str> {
    safe(component.name())
}

/// Returns a component's name and version: `urllib3 2.2.1`, an image's as it is written in a manifest: `python:3.12`.
pub fn full(component: &Component) -> String {
    let separator = if is_image(component) { ":" } else { " " };
    match component.version() {
        "" => name(component).into_owned(),
        version => format!("{}{separator}{}", name(component), safe(version)),
    }
}

/// Returns a node's component by name and version, and which copy it is where there are several: `b 1.0.0 (react@18.2.0)`.
pub fn node(node: Resolved<'_>) -> String {
    let full = full(node.component);
    match node.copy() {
        "" => full,
        copy if copy.starts_with('(') => format!("{full} {}", safe(copy)),
        copy => format!("{full} ({})", safe(copy)),
    }
}

/// Returns a component's version, or says that it has none.
pub fn version(component: &Component) -> Cow<'static, str> {
    match component.version() {
        "" if is_image(component) => Cow::Borrowed("without a tag"),
        "" => Cow::Borrowed("without a version"),
        version => safe(version),
    }
}

/// Says whether a component is a container image, which has a tag for a version and one digest for all.
pub fn is_image(component: &Component) -> bool {
    matches!(component.purl.ty(), "docker" | "oci")
}

/// Says whether people write a component's version into a manifest by hand, so that no tool locks it: an image, an action or
/// hook, a model, a package that a build's commands install.
pub fn is_written(resolved: Resolved<'_>) -> bool {
    let is_typed = matches!(resolved.component.purl.ty(), "github" | "huggingface");
    is_typed || is_image(resolved.component) || BUILDS.contains(&resolved.subject.format)
}

/// Returns how an address that packages are looked up at is taken out of a subject.
pub fn take_out(subject: &Subject) -> &'static str {
    if BUILDS.contains(&subject.format) { "take the address out" } else { "take the address out and lock again" }
}

/// Says in a word how a component gets in.
pub fn how(resolved: Resolved<'_>) -> &'static str {
    match () {
        () if resolved.is_root() => "the project itself",
        () if resolved.is_direct() => "direct",
        () if resolved.scope().is_none() => "required by nothing",
        () => "transitive",
    }
}

/// Returns a scope's name.
pub fn scope(scope: Option<Scope>) -> &'static str {
    scope.map_or("required by nothing", Scope::name)
}

/// Says which layer of an image brought a component, with the command that made it.
pub fn layer(layer: &Layer) -> String {
    let command: Vec<&str> = layer.created_by.split_whitespace().collect();
    let command = command.join(" ");
    let shown = match command.char_indices().nth(COMMAND) {
        Some((at, _)) => format!("{}…", safe(&command[..at])),
        None => safe(&command).into_owned(),
    };
    let shown = if shown.is_empty() { shown } else { format!(": {shown}") };
    format!("layer {} brought it{shown}", layer.number)
}

/// How much of a command is enough to know it by.
const COMMAND: usize = 160;

/// Returns a digest, cut to what tells it apart.
pub fn digest(digest: &Digest) -> String {
    format!("{}:{}…", digest.algorithm.name(), digest.hex.get(..SHORT).unwrap_or(digest.hex))
}

/// Returns the strongest digest, cut, and how many more there are.
pub fn digests(digests: &[&Digest]) -> String {
    let Some(strongest) = digests.iter().max_by_key(|digest| digest.algorithm) else { return "none".to_owned() };
    match digests.len() - 1 {
        0 => digest(strongest),
        more => format!("{} and {more} more", digest(strongest)),
    }
}

/// Returns where a component comes from, without a password and with commits cut.
pub fn origin(origin: &Origin) -> String {
    match *origin {
        Origin::Git { url, commit, reference } => {
            let mut text = format!("git {}", address(url));
            if !reference.is_empty() {
                text.push_str(&format!(" ({})", safe(reference)));
            }
            if !commit.is_empty() {
                text.push_str(&format!(" at {}", safe(commit.get(..SHORT).unwrap_or(commit))));
            }
            text
        }
        Origin::Registry(url) => format!("registry {}", address(url)),
        Origin::Url(url) => address(url),
        Origin::Path(path) => format!("path {}", safe(path)),
        Origin::Unknown => "the default source, as none is named".to_owned(),
    }
}

/// Returns an address without the credentials that some files keep in it.
pub fn address(url: &str) -> String {
    safe(&without_credentials(url)).into_owned()
}

/// Returns the command that accepts a component into the BOM.
pub fn accept(component: &Component) -> String {
    format!("`driftgate pin --only {}`", safe(component.purl.key()))
}

/// Returns a count with its noun: `1 component`, `3 components`.
pub fn count(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Returns what tells a build from another: `arch=arm64, os=linux`; `or` where nothing does.
pub fn facts(facts: &Facts, or: &str) -> String {
    let words = facts.iter().map(|(name, value)| format!("{}={}", safe(name), safe(value)));
    if facts.is_empty() { or.to_owned() } else { list(words) }
}

/// Returns texts as a list that people read, cut after a few: `a, b, c and 4 more`.
pub fn list(texts: impl IntoIterator<Item = impl fmt::Display>) -> String {
    const SHOWN: usize = 3;
    let mut shown = String::new();
    let mut left = 0;
    for (index, text) in texts.into_iter().enumerate() {
        if index >= SHOWN {
            left += 1;
            continue;
        }
        if index > 0 {
            shown.push_str(", ");
        }
        shown.push_str(&text.to_string());
    }
    if left > 0 {
        shown.push_str(&format!(" and {left} more"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Algorithm, Purl};

    #[test]
    fn texts_from_files_are_safe_to_print() {
        for (text, expected) in [
            ("torch", "torch"),
            ("@scope/näme", "@scope/näme"),
            ("a\x1b[31mb", "a\\u{1b}[31mb"),
            ("a\nb", "a\\nb"),
            ("a\u{202e}b", "a\\u{202e}b"),
        ] {
            assert_eq!(safe(text), expected);
        }
    }

    #[test]
    fn addresses_lose_their_passwords() {
        for (url, expected) in [
            ("https://mirror.example/simple", "https://mirror.example/simple"),
            ("https://user:secret@mirror.example/a@b", "https://mirror.example/a@b"),
            ("https://token@mirror.example", "https://mirror.example"),
            ("ssh://git@git.example/a.git", "ssh://git@git.example/a.git"),
            ("git+https://t:x@git.example/a", "git+https://git.example/a"),
            ("https://mirror.example/a?token=x", "https://mirror.example/a"),
            ("https://mirror.example/a@2", "https://mirror.example/a@2"),
            ("docker.io", "docker.io"),
        ] {
            assert_eq!(address(url), expected, "{url}");
        }
    }

    #[test]
    fn lists_are_cut() {
        assert_eq!(list(["a"]), "a");
        assert_eq!(list(["a", "b", "c"]), "a, b, c");
        assert_eq!(list(["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
        assert_eq!(list(Vec::<&str>::new()), "");
    }

    #[test]
    fn the_strongest_digest_is_shown() {
        let sha1 = Digest::hex(Algorithm::Sha1, &"ab".repeat(20)).expect("a digest");
        let sha256 = Digest::hex(Algorithm::Sha256, &"cd".repeat(32)).expect("a digest");
        assert_eq!(digests(&[&sha256, &sha1]), "sha256:cdcdcdcdcdcd… and 1 more");
        assert_eq!(digests(&[]), "none");
    }

    #[test]
    fn images_are_spelled_as_in_manifests() {
        assert_eq!(full(&Component::new(Purl::new("docker", "nvidia", "cuda", "12.4.1"))), "nvidia/cuda:12.4.1");
        assert_eq!(full(&Component::new(Purl::new("pypi", "", "torch", "2.5.0"))), "torch 2.5.0");
        assert_eq!(version(&Component::new(Purl::new("docker", "", "python", ""))), "without a tag");
    }
}

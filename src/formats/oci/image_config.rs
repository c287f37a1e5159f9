//! The configuration of a built image: what `docker image inspect` prints, or the configuration that an image itself has.
//!
//! Specification: the "OCI Image Configuration" of the OCI image format, and the Docker Engine's `ImageInspect`.

use std::borrow::Cow;

use anyhow::Result;
use serde::Deserialize;

use crate::entry;
use crate::formats::Format;
use crate::intern;
use crate::model::{Fact, FactKind, Inventory, Part, PartKind, Says, secret};
use crate::source::{Place, Source};
use crate::syntax::json::{self, Located, Map, Str};

entry! {
    /// The configuration of a built image, as `docker image inspect` prints it or the image itself has it.
    ///
    /// It says what no Dockerfile does: all variables, labels and the platform, those of the base image too. It names no
    /// components. Keep it beside the Dockerfile as `image-config.json`, or `image-inspect.json`.
    pub ImageConfig = "image-config"
}

impl Format for ImageConfig {
    fn files(&self) -> &'static [&'static str] {
        &["*image-config*.json", "*image-inspect*.json", "*docker-inspect*.json"]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "image-config");
        inventory.says = Says::NOTHING;
        let is_list = source.text.trim_start().starts_with('[');
        let images: Vec<Located<'_, Image<'_>>> = if is_list { json::read(source)? } else { vec![json::read(source)?] };
        if images.is_empty() {
            return Err(source.fault(source.start(), "the list holds no image"));
        }
        for image in &images {
            let place = image.place(source);
            let part = image.value.part(source, place);
            if part.facts.is_empty() && image.value.config.is_none() {
                inventory.fault(place, "this is no configuration of an image: it has neither a config nor a platform");
            }
            inventory.parts.push(part);
        }
        Ok(inventory)
    }
}

/// An image, in the words of either specification.
#[derive(Deserialize)]
struct Image<'t> {
    #[serde(borrow, default, alias = "Config")]
    config: Option<Config<'t>>,
    #[serde(borrow, default, alias = "Architecture")]
    architecture: Option<Str<'t>>,
    #[serde(borrow, default, alias = "Os")]
    os: Option<Str<'t>>,
    #[serde(borrow, default, alias = "Variant")]
    variant: Option<Str<'t>>,
    #[serde(borrow, default, rename = "RepoTags")]
    tags: Option<Vec<Str<'t>>>,
}

#[derive(Deserialize)]
struct Config<'t> {
    #[serde(borrow, default, rename = "Env")]
    env: Option<Vec<Located<'t, Str<'t>>>>,
    #[serde(borrow, default, rename = "Labels")]
    labels: Option<Map<Str<'t>, Located<'t, Str<'t>>>>,
}

impl<'t> Image<'t> {
    fn part(&self, source: &Source<'t>, place: Place) -> Part {
        let mut facts = Vec::new();
        let mut add = |kind, name: &str, value: &str, place| {
            let (name, value) = (intern::text(name), intern::text(&secret::value(name, value).0));
            facts.push(Fact { kind, name, value, detail: "", place });
        };
        if let (Some(os), Some(architecture)) = (&self.os, &self.architecture) {
            let variant = self.variant.as_deref().filter(|variant| !variant.is_empty());
            let variant = variant.map(|variant| format!("/{variant}")).unwrap_or_default();
            let platform = format!("{os}/{architecture}{variant}");
            add(FactKind::Platform, "platform", &platform, architecture.place(source, place));
        }
        let config = self.config.as_ref();
        for setting in config.and_then(|config| config.env.as_ref()).into_iter().flatten() {
            let (name, value) = setting.value.split_once('=').unwrap_or((&setting.value, ""));
            add(FactKind::Env, name, value, setting.value.place(source, setting.place(source)));
        }
        for (name, value) in config.and_then(|config| config.labels.as_ref()).into_iter().flat_map(|labels| &labels.0) {
            let place = if let Cow::Borrowed(name) = name.0 { source.place(name) } else { value.place(source) };
            add(FactKind::Label, name, &value.value, place);
        }
        let name = self.tags.iter().flatten().next();
        Part {
            name: name.map_or("image", |name| intern::text(name)),
            kind: PartKind::Stage,
            base: None,
            image: None,
            runs: true,
            facts,
            place: name.map_or(place, |name| name.place(source, place)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn both_specifications_are_read() {
        for (text, expected) in [
            (
                r#"{"architecture":"arm64","variant":"v8","os":"linux","config":{"Env":["A=b=c","D"],"Labels":{"l":"m"}}}"#,
                "image: platform=linux/arm64/v8 @ arm64, A=b=c @ A=b=c, D= @ D, l=m @ l",
            ),
            (
                r#"[{"Id":"x","RepoTags":["a:1","b:1"],"Os":"linux","Architecture":"amd64","Config":{"Env":["E=\"q\""],"Labels":null}}]"#,
                r#"a:1: platform=linux/amd64 @ amd64, E="q" @ E=\"q\""#,
            ),
            (r#"{"config":{}}"#, "image: "),
        ] {
            let inventory = ImageConfig.parse(&Source { file: Default::default(), path: "x", text }).unwrap();
            let cut = |place: Place| &text[place.start as usize..][..place.len as usize];
            let shown = |fact: &Fact| format!("{}={} @ {}", fact.name, fact.value, cut(fact.place));
            let part = &inventory.parts[0];
            let facts: Vec<String> = part.facts.iter().map(shown).collect();
            assert_eq!(format!("{}: {}", part.name, facts.join(", ")), expected);
            assert!(inventory.faults.is_empty());
        }
        for text in ["", "[]", "[1]", "{\"config\":1}", "x"] {
            assert!(ImageConfig.parse(&Source { file: Default::default(), path: "x", text }).is_err(), "{text}");
        }
        let inventory = ImageConfig.parse(&Source { file: Default::default(), path: "x", text: "{}" }).unwrap();
        assert_eq!(inventory.faults.len(), 1);
    }
}

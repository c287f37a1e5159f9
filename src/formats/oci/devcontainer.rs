//! Development containers: the image that they run in, and the features that are added to it.
//!
//! Specification: the "Dev Container metadata reference" of containers.dev. The file is JSON with comments.

use anyhow::Result;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::deployment::{Deployment, said};
use super::pipeline::is_subject;
use crate::entry;
use crate::formats::{Format, Yield};
use crate::model::{Fact, FactKind, Inventory, Scope};
use crate::source::Source;
use crate::syntax::json::{self, Map, Str};

entry! {
    /// `devcontainer.json`, the image of a development container, and its features.
    ///
    /// One that is built, or that a Compose file describes, has no image here: those files say it. Features are images in a
    /// registry too; those of a folder are none. None of them is what a cluster runs: they are needed to develop.
    pub Devcontainer = "devcontainer"
}

impl Format for Devcontainer {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["devcontainer.json", ".devcontainer.json"]
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let text = json::without_comments(source.text);
        let plain = Source { text: &text, ..*source };
        let file: File<'_> = json::read(&plain)?;
        let mut deployment = Deployment::new(source, self);
        deployment.scope = Scope::Dev;
        let start = source.start();
        let mut facts: Vec<Fact> = Vec::new();
        let build = file.build.as_ref().and_then(|build| build.dockerfile.as_ref()).or(file.dockerfile.as_ref());
        if let Some(path) = build {
            facts.push(said(
                FactKind::Label,
                "build.dockerfile",
                path.trim_start_matches("./"),
                path.place(&plain, start),
            ));
        }
        if let Some(target) = file.build.as_ref().and_then(|build| build.target.as_ref()) {
            facts.push(said(FactKind::Label, "build.target", target, target.place(&plain, start)));
        }
        let image = file.image.as_ref().filter(|_| build.is_none());
        let node = image.and_then(|image| deployment.image(image, image.place(&plain, start)));
        if image.is_some() || !facts.is_empty() {
            let place = image.or(build).map_or(start, |text| text.place(&plain, start));
            let name = file.name.as_ref().map_or("devcontainer", |name| name);
            deployment.container(name, node, false, facts, place);
        }
        for (feature, _) in file.features.iter().flat_map(|features| &features.0) {
            let is_elsewhere = feature.starts_with(['.', '/']) || feature.contains("://");
            // Short names are of a registry that the tool knew once.
            if !is_elsewhere && feature.contains('/') {
                deployment.image(feature, feature.place(&plain, start));
            }
        }
        Ok(deployment.inventory)
    }

    fn is_subject(&self, inventory: &Inventory) -> bool {
        is_subject(inventory)
    }
}

#[derive(Deserialize)]
struct File<'t> {
    #[serde(borrow)]
    name: Option<Str<'t>>,
    image: Option<Str<'t>>,
    build: Option<Build<'t>>,
    #[serde(rename = "dockerFile")]
    dockerfile: Option<Str<'t>>,
    features: Option<Map<Str<'t>, IgnoredAny>>,
}

#[derive(Deserialize)]
struct Build<'t> {
    #[serde(borrow)]
    dockerfile: Option<Str<'t>>,
    target: Option<Str<'t>>,
}

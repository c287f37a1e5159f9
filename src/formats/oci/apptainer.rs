//! Apptainer's (Singularity's) definition files: the images that a build starts from, and what it installs.
//!
//! Specification: "Definition Files" of the Apptainer user guide.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::Result;

use super::deployment::Deployment;
use super::facts::Facts;
use super::installed;
use super::line::Line;
use crate::entry;
use crate::formats::{self, Format, Yield};
use crate::intern;
use crate::model::{FactKind, Inventory, Part, PartKind, Scope};
use crate::source::Source;

entry! {
    /// `*.def` and `Singularity`, the images that a build of Apptainer starts from.
    ///
    /// Read are `Bootstrap: docker` and `oras` with `From`, stage by stage: the image of the last stage is required at run time,
    /// others to build. `{{ NAME }}` takes the default of `%arguments`; without one the image is reported as unpinned. Of each
    /// stage it also reads what `%post` runs and installs, as of a Dockerfile, `%environment`, `%labels` and `%files`. Images of
    /// other kinds of sources (a library, a file on disk) are not read.
    pub Apptainer = "apptainer"
}

impl Format for Apptainer {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Scopes, Yield::Sources]
    }

    fn files(&self) -> &'static [&'static str] {
        &["*.def", "Singularity", "Singularity.*", "*.singularity", "Apptainer"]
    }

    fn takes(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        !name.ends_with(".sif") && self.files().iter().any(|glob| formats::matches(glob, name))
    }

    fn is_of(&self, _path: &str, text: &str) -> bool {
        text.lines().any(is_begin)
    }

    fn recognizes(&self, text: &str) -> bool {
        text.lines().any(is_begin) && text.lines().any(|line| line.starts_with('%'))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        if !source.text.lines().any(is_begin) {
            return Err(source.fault(source.start(), "no definition file: a line with \"Bootstrap:\" is expected"));
        }
        let stages = stages(source.text);
        let mut deployment = Deployment::new(source, self);
        let mut facts = Facts::new(source, '\\');
        let mut parts = Vec::new();
        let last = stages.len().saturating_sub(1);
        for (number, stage) in stages.iter().enumerate() {
            deployment.scope = if number == last { Scope::Runtime } else { Scope::Build };
            facts.begin();
            let image = stage.image(&mut deployment);
            stage.sections(source.text, &mut facts);
            let name = stage.header("stage").map_or_else(|| number.to_string(), |(name, _)| name.to_lowercase());
            let place = source.place_at(stage.place.clone());
            let (name, runs) = (intern::text(&name), number == last);
            parts.push(Part { name, kind: PartKind::Stage, base: None, image, runs, facts: Vec::new(), place });
        }
        if let Some(place) = facts.full {
            deployment
                .inventory
                .fault(place, "the file says more than is kept; what follows is not known of its stages");
        }
        for (part, facts) in parts.iter_mut().zip(facts.take()) {
            part.facts = facts;
        }
        let mut inventory = deployment.inventory;
        inventory.parts = parts;
        installed::add(source, &mut inventory, &facts.installed);
        installed::ship(&mut inventory, &|_| Vec::new());
        Ok(inventory)
    }
}

/// Says whether a line begins a stage.
fn is_begin(line: &str) -> bool {
    line.get(..10).is_some_and(|begin| begin.eq_ignore_ascii_case("bootstrap:"))
}

/// A stage: its header and its sections.
struct Stage<'t> {
    place: Range<usize>,
    /// Names in lower case, values, and where those stand.
    headers: Vec<(String, &'t str, Range<usize>)>,
    /// The line that begins each, and where its text stands.
    sections: Vec<(&'t str, Range<usize>)>,
}

/// Parts a file into its stages.
fn stages(text: &str) -> Vec<Stage<'_>> {
    let mut stages: Vec<Stage<'_>> = Vec::new();
    let mut at = 0;
    let mut in_header = false;
    for physical in text.split_inclusive('\n') {
        let line = physical.trim_end();
        let range = at..at + line.len();
        at += physical.len();
        if is_begin(line) {
            stages.push(Stage { place: range.start..range.start + 9, headers: Vec::new(), sections: Vec::new() });
            in_header = true;
        }
        let Some(stage) = stages.last_mut() else { continue };
        if line.starts_with('%') && !line.starts_with("%%") {
            in_header = false;
            stage.sections.push((line, at..at));
        } else if in_header {
            let line = line.split_once(" #").map_or(line, |(line, _)| line).trim_end();
            if let Some((name, value)) = line.split_once(':').filter(|_| !line.trim_start().starts_with('#')) {
                let from = range.start + (line.len() - value.trim_start().len());
                stage.headers.push((name.trim().to_lowercase(), value.trim(), from..range.start + line.len()));
            }
        } else if let Some((_, section)) = stage.sections.last_mut() {
            section.end = at;
        }
    }
    stages
}

impl<'t> Stage<'t> {
    fn header(&self, name: &str) -> Option<(&'t str, Range<usize>)> {
        let found = self.headers.iter().find(|(own, ..)| own == name);
        found.map(|(_, value, range)| (*value, range.clone()))
    }

    /// Adds the image that the stage starts from.
    fn image(&self, deployment: &mut Deployment<'_, '_>) -> Option<u32> {
        let (bootstrap, _) = self.header("bootstrap")?;
        if !matches!(bootstrap.to_lowercase().as_str(), "docker" | "oras") {
            return None;
        }
        let (from, range) = self.header("from")?;
        let place = deployment.source.place_at(range);
        let mut text = from.strip_prefix("docker://").or(from.strip_prefix("//")).unwrap_or(from).to_owned();
        for above in ["namespace", "registry"] {
            if let Some((above, _)) = self.header(above) {
                text = format!("{above}/{text}");
            }
        }
        let filled = filled(&text, &self.arguments(deployment.source.text));
        deployment.image(filled.as_deref().unwrap_or(&text), place)
    }

    /// Returns the defaults of the arguments.
    fn arguments(&self, text: &'t str) -> BTreeMap<&'t str, &'t str> {
        let sections = self.sections.iter().filter(|(name, _)| name.split_whitespace().next() == Some("%arguments"));
        let lines = sections.flat_map(|(_, range)| text[range.clone()].lines());
        lines.filter_map(|line| line.trim().split_once('=')).map(|(name, value)| (name.trim(), value.trim())).collect()
    }

    /// Reads the sections that say what an image holds.
    fn sections(&self, text: &'t str, facts: &mut Facts<'_, '_>) {
        for (line, range) in &self.sections {
            let mut words = line.split_whitespace();
            let name = words.next().unwrap_or_default();
            match name {
                "%post" => {
                    // Another interpreter may be named.
                    let is_other = words.clone().next() == Some("-c") && !line.contains("sh");
                    if !is_other {
                        let mut script = Line::default();
                        script.push(&text[range.clone()], range.start);
                        facts.script(&script);
                    }
                }
                "%environment" | "%labels" | "%files" => {
                    let from = words.next().filter(|word| *word == "from").and_then(|_| words.next());
                    let detail = from.map(|from| format!("from={}", from.to_lowercase())).unwrap_or_default();
                    let mut at = range.start;
                    for physical in text[range.clone()].split_inclusive('\n') {
                        let line = physical.trim();
                        let start = at + (physical.len() - physical.trim_start().len());
                        at += physical.len();
                        if !line.is_empty() && !line.starts_with('#') {
                            read(name, line, &detail, start, facts);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Reads one line of a section.
fn read(section: &str, line: &str, detail: &str, start: usize, facts: &mut Facts<'_, '_>) {
    let range = start..start + line.len();
    match section {
        "%environment" => {
            let line = line.strip_prefix("export ").unwrap_or(line);
            let Some((name, value)) = line.split_once('=') else { return };
            let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_name && !name.is_empty() {
                facts.add(FactKind::Env, name, value.trim_matches(['"', '\'']), "", range);
            }
        }
        "%labels" => {
            if let Some((name, value)) = line.split_once(char::is_whitespace) {
                facts.add(FactKind::Label, name, value.trim(), "", range);
            }
        }
        _ => {
            let (from, to) = line.split_once(char::is_whitespace).unwrap_or((line, line));
            facts.add(FactKind::Copy, from, to.trim(), detail, range);
        }
    }
}

/// Returns a text with its `{{ NAME }}` filled in; none where one has no default.
fn filled(text: &str, arguments: &BTreeMap<&str, &str>) -> Option<String> {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}")?;
        filled.push_str(before);
        filled.push_str(arguments.get(name.trim())?);
        rest = after;
        if filled.len() > 4096 {
            return None;
        }
    }
    Some(filled + rest)
}

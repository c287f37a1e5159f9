//! A Dockerfile: the images that a build starts from, stage by stage.
//!
//! Specification: the Dockerfile reference; where it is silent, what BuildKit's `dockerfile2llb` does.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::Result;
use hashbrown::HashMap;

use super::expand::{Expansion, MISSING, Variable, expand};
use super::instructions::{self, Instruction, Word};
use super::reference::Reference;
use crate::entry;
use crate::formats::{self, Format};
use crate::intern::{self, Text};
use crate::model::{Component, Gap, Inventory, NodeId, Requirement, SUBJECT, Says, Scope};
use crate::source::{Place, Source};

entry! {
    /// `Dockerfile` and `Containerfile`, the images that a build starts from and copies from.
    ///
    /// The image that the last stage starts from, directly or through other stages, is required at run time; all others,
    /// and the frontend that `# syntax=` names, to build. `ARG` defaults are used; an image named by a variable without
    /// one is reported as unpinned.
    pub Dockerfile = "dockerfile"
}

impl Format for Dockerfile {
    fn files(&self) -> &'static [&'static str] {
        &[
            "Dockerfile",
            "Containerfile",
            "Dockerfile.*",
            "Containerfile.*",
            "*.Dockerfile",
            "*.dockerfile",
            "*.Containerfile",
            "*.containerfile",
        ]
    }

    fn takes(&self, name: &str) -> bool {
        // `Dockerfile.dockerignore` stands beside a Dockerfile and lists files.
        !name.ends_with(".dockerignore") && self.files().iter().any(|glob| formats::matches(glob, name))
    }

    fn recognizes(&self, text: &str) -> bool {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.next().is_some_and(|line| line.starts_with("FROM ") || line.starts_with("ARG "))
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        if source.text.trim().is_empty() {
            return Err(source.fault(source.start(), "the file is empty"));
        }
        let file = instructions::read(source.text);
        let mut inventory = Inventory::new(source, "dockerfile");
        inventory.says = Says { licence: false, ..Says::ALL };
        for (place, message) in file.faults {
            inventory.fault(source.place_at(place), message);
        }
        if !file.instructions.iter().any(|instruction| instruction.keyword == "FROM" && !instruction.onbuild) {
            return Err(source.fault(source.start(), "the file has no FROM instruction"));
        }
        let mut build = Build::new(source, file.escape, inventory);
        if let Some(syntax) = file.syntax {
            build.syntax(syntax);
        }
        for instruction in &file.instructions {
            build.read(instruction);
        }
        Ok(build.finish())
    }
}

/// The variables that each build sets by itself, before the first `FROM` too.
const PLATFORM: [&str; 8] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
];

/// The image that is none: a stage that starts from nothing.
const SCRATCH: &str = "scratch";

/// The most stages that one variable may leave open, and the most variables that may do so: more would only cost time.
const MAX_OPEN: usize = 64;

/// A build: its stages, and what they ask for.
struct Build<'s, 't> {
    source: &'s Source<'t>,
    escape: char,
    inventory: Inventory,
    /// The variables set before the first stage, and where their defaults stand.
    globals: HashMap<String, (Variable, Range<usize>)>,
    stages: Vec<Stage>,
    /// The stage that a name means now; later stages of one name take it over.
    names: HashMap<String, usize>,
    wants: Vec<Want>,
    /// `--from` of instructions, which may also mean later stages: looked up at the end.
    copies: Vec<(usize, bool, Word)>,
    nodes: HashMap<*const Component, NodeId>,
    /// How many stages start from one that the file leaves open.
    open: usize,
}

#[derive(Default)]
struct Stage {
    name: Text,
    /// The stage that it starts from.
    base: Option<usize>,
    /// What it starts from, among the wants.
    want: Option<usize>,
}

/// Something that a stage asks for.
struct Want {
    stage: usize,
    what: What,
    /// Whether the stage starts from it, and does not only copy.
    is_base: bool,
    written: Text,
    environment: Text,
    place: Place,
}

enum What {
    Image(NodeId),
    /// An image whose name is not known here.
    Unknown,
    /// One of these stages, which the file leaves open.
    Stages(Vec<usize>),
}

impl<'s, 't> Build<'s, 't> {
    fn new(source: &'s Source<'t>, escape: char, inventory: Inventory) -> Self {
        Build {
            source,
            escape,
            inventory,
            globals: HashMap::new(),
            stages: Vec::new(),
            names: HashMap::new(),
            wants: Vec::new(),
            copies: Vec::new(),
            nodes: HashMap::new(),
            open: 0,
        }
    }

    /// The frontend that the build itself is read by: an image too.
    fn syntax(&mut self, reference: &'t str) {
        let place = self.source.place(reference);
        match Reference::parse(reference) {
            Ok(image) => {
                let node = self.node(&image, place);
                let requirement = Requirement { scope: Scope::Build, extra: "syntax", ..Requirement::default() };
                self.inventory.edge(SUBJECT, node, requirement, place);
            }
            Err(message) => self.inventory.fault(place, format!("the syntax directive: {message}")),
        }
    }

    fn read(&mut self, instruction: &Instruction<'_>) {
        match (instruction.keyword.as_str(), instruction.onbuild) {
            ("FROM", false) => self.from(instruction),
            ("FROM" | "ONBUILD", true) => {
                let place = self.source.place_at(instruction.place.clone());
                self.inventory.fault(place, format!("ONBUILD may not hold {}", instruction.keyword));
            }
            ("ARG", false) if self.stages.is_empty() => self.arg(instruction),
            _ if self.stages.is_empty() => {
                let place = self.source.place_at(instruction.place.clone());
                self.inventory.fault(place, format!("{} before the first FROM", instruction.keyword));
            }
            ("COPY", _) => {
                let from = instruction.flags.iter().filter_map(|flag| flag.flag("from"));
                self.copies.extend(from.map(|from| (self.stages.len() - 1, instruction.onbuild, from)));
            }
            ("RUN", _) => {
                let mounts = instruction.flags.iter().filter_map(|flag| flag.flag("mount"));
                let from = mounts.filter_map(|mount| mount_from(&mount, self.source.text));
                self.copies.extend(from.map(|from| (self.stages.len() - 1, instruction.onbuild, from)));
            }
            _ => {}
        }
    }

    /// `ARG NAME=default` before the first stage: what `FROM` may use.
    fn arg(&mut self, instruction: &Instruction<'_>) {
        for word in instruction.quoted_words(self.escape) {
            let Some((name, default)) = word.text.split_once('=') else {
                // A declaration without a default keeps an earlier one.
                self.globals.entry(word.text).or_insert((Variable::Unset, word.range));
                continue;
            };
            let place = self.source.place_at(word.range.clone());
            if name.is_empty() {
                self.inventory.fault(place, "ARG without a name");
                continue;
            }
            match self.expand(default) {
                Ok(Expansion { text, missing, .. }) => {
                    let value = if missing { Variable::Partial(text) } else { Variable::Known(text) };
                    self.globals.insert(name.to_owned(), (value, word.range));
                }
                Err(message) => self.inventory.fault(place, message),
            }
        }
    }

    fn expand(&self, word: &str) -> Result<Expansion, String> {
        expand(word, self.escape, &|name| match self.globals.get(name) {
            Some((Variable::Unset, _)) | None if PLATFORM.contains(&name) => Variable::Unknown,
            Some((variable, _)) => variable.clone(),
            None => Variable::Unset,
        })
    }

    /// `FROM image` and `FROM stage`: begins a stage, whatever is wrong with it.
    fn from(&mut self, instruction: &Instruction<'_>) {
        let index = self.stages.len();
        self.stages.push(Stage::default());
        let words = instruction.words();
        let (image, name) = match words.as_slice() {
            [image] => (image, None),
            [image, word, name] if word.text.eq_ignore_ascii_case("as") => (image, Some(name)),
            _ => {
                let place = self.source.place_at(instruction.place.clone());
                self.inventory.fault(place, "FROM takes an image, and maybe \"AS\" and a name");
                return;
            }
        };
        self.start(index, instruction, image);
        let Some(name) = name else { return };
        let lower = name.text.to_lowercase();
        if is_stage_name(&lower) {
            self.stages[index].name = intern::text(&lower);
            self.names.insert(lower, index);
        } else {
            let message = format!("\"{}\" is no name for a stage", instructions::shortened(&name.text).escape_debug());
            self.inventory.fault(self.source.place_at(name.range.clone()), message);
        }
    }

    /// Finds out what a stage starts from.
    fn start(&mut self, index: usize, instruction: &Instruction<'_>, image: &Word) {
        let place = self.source.place_at(image.range.clone());
        let expansion = match self.expand(&image.text) {
            Ok(expansion) => expansion,
            Err(message) => return self.inventory.fault(place, message),
        };
        let platform = instruction.flags.iter().find_map(|flag| flag.flag("platform"));
        let environment = platform.map_or("", |platform| match self.expand(&platform.text) {
            Ok(expansion) if !expansion.missing => intern::text(&expansion.text),
            _ => intern::text(&platform.text),
        });
        let what = if expansion.missing {
            let stages = self.candidates(&expansion.text);
            if stages.is_empty() { What::Unknown } else { What::Stages(stages) }
        } else if expansion.text.is_empty() {
            What::Unknown
        } else if let Some(&stage) = self.names.get(&expansion.text.to_lowercase()) {
            self.stages[index].base = Some(stage);
            return;
        } else if expansion.text == SCRATCH {
            return;
        } else {
            match Reference::parse(&expansion.text) {
                Ok(reference) => {
                    let place = self.place_of(&reference, image, &expansion);
                    What::Image(self.node(&reference, place))
                }
                Err(message) => return self.inventory.fault(place, message),
            }
        };
        let written = intern::text(&image.text);
        self.stages[index].want = Some(self.wants.len());
        self.wants.push(Want { stage: index, what, is_base: true, written, environment, place });
    }

    /// Returns the stages that a name with missing parts may mean; none where it may mean anything.
    fn candidates(&mut self, name: &str) -> Vec<usize> {
        if self.open >= MAX_OPEN || name.chars().all(|character| character == MISSING) {
            return Vec::new();
        }
        let name = name.to_lowercase();
        let named = self.names.iter().filter(|(stage, _)| formats::matches(&name, stage));
        let mut stages: Vec<usize> = named.map(|(_, stage)| *stage).take(MAX_OPEN + 1).collect();
        if stages.len() > MAX_OPEN {
            return Vec::new();
        }
        self.open += usize::from(!stages.is_empty());
        stages.sort_unstable();
        stages
    }

    /// Returns the place that spells an image's name: in `FROM`, or in the default of a variable that `FROM` uses.
    fn place_of(&self, reference: &Reference<'_>, image: &Word, expansion: &Expansion) -> Place {
        let spells =
            |range: &Range<usize>| self.source.text.get(range.clone()).unwrap_or_default().contains(reference.path);
        let defaults = expansion.names.iter().filter_map(|name| self.globals.get(name)).map(|(_, range)| range);
        let place = std::iter::once(&image.range).chain(defaults).find(|range| spells(range)).unwrap_or(&image.range);
        self.source.place_at(place.clone())
    }

    /// Returns the node of an image: one, however many stages use it.
    fn node(&mut self, reference: &Reference<'_>, place: Place) -> NodeId {
        let component = reference.component().intern();
        *self.nodes.entry(std::ptr::from_ref(component)).or_insert_with(|| self.inventory.add(component.clone(), place))
    }

    /// Looks up what `--from` means: a stage by name or number, or an image.
    fn copy(&mut self, stage: usize, onbuild: bool, from: &Word) {
        let place = self.source.place_at(from.range.clone());
        if from.text.contains('$') {
            return self
                .inventory
                .fault(place, "\"from\" takes no variables: name a stage that starts FROM the variable");
        }
        if self.names.contains_key(&from.text.to_lowercase()) || from.text == SCRATCH || from.text.is_empty() {
            return;
        }
        // Such a name means a stage of the build that starts from this one, as likely as an image.
        if onbuild && !from.text.contains(['/', ':', '@']) {
            return;
        }
        if let Ok(number) = from.text.parse::<usize>() {
            if number >= self.stages.len() {
                self.inventory.fault(place, format!("there is no stage {number}"));
            }
            return;
        }
        match Reference::parse(&from.text) {
            Ok(reference) => {
                let what = What::Image(self.node(&reference, place));
                let written = intern::text(&from.text);
                self.wants.push(Want { stage, what, is_base: false, written, environment: "", place });
            }
            Err(message) => self.inventory.fault(place, message),
        }
    }

    /// Gives each image the platforms it is taken for; none where one use names none, for it is the builder's then.
    fn platforms(&mut self) {
        let mut platforms: BTreeMap<NodeId, BTreeSet<Text>> = BTreeMap::new();
        for want in &self.wants {
            if let What::Image(node) = want.what {
                platforms.entry(node).or_default().insert(want.environment);
            }
        }
        for (node, platforms) in platforms {
            if !platforms.contains("") {
                let all: Vec<&str> = platforms.into_iter().collect();
                self.inventory.nodes[node as usize].environment = intern::text(&all.join(" or "));
            }
        }
    }

    /// Says who requires what, now that all stages are known.
    fn finish(mut self) -> Inventory {
        for (stage, onbuild, from) in std::mem::take(&mut self.copies) {
            self.copy(stage, onbuild, &from);
        }
        // A stage starts from earlier ones only, so the chain ends.
        let mut shipped = vec![false; self.stages.len()];
        let mut next = self.stages.len().checked_sub(1);
        while let Some(stage) = next {
            shipped[stage] = true;
            next = self.stages[stage].base;
        }
        self.platforms();
        let mut seen = BTreeMap::new();
        for want in &self.wants {
            let scope = if shipped[want.stage] && want.is_base { Scope::Runtime } else { Scope::Build };
            let constraint = if want.written.contains('$') { want.written } else { "" };
            let extra = self.stages[want.stage].name;
            let requirement = Requirement { scope, constraint, environment: want.environment, extra };
            let images = match &want.what {
                What::Image(node) => vec![*node],
                What::Unknown => Vec::new(),
                What::Stages(stages) => self.images(stages),
            };
            match (images.as_slice(), &want.what) {
                ([node], _) => {
                    if seen.insert((*node, requirement), ()).is_none() {
                        self.inventory.edge(SUBJECT, *node, requirement, want.place);
                    }
                }
                ([], What::Stages(_)) => {}
                ([], _) => self.inventory.declare(SUBJECT, want.written, requirement, want.place, Gap::Unpinned),
                _ => {
                    self.inventory.declare(SUBJECT, want.written, requirement, want.place, Gap::Ambiguous(images));
                }
            }
        }
        self.inventory
    }

    /// Returns the images that these stages start from, through whatever stages.
    fn images(&self, stages: &[usize]) -> Vec<NodeId> {
        let mut images = Vec::new();
        let mut seen = vec![false; self.stages.len()];
        let mut open = stages.to_vec();
        while let Some(stage) = open.pop() {
            if std::mem::replace(&mut seen[stage], true) {
                continue;
            }
            open.extend(self.stages[stage].base);
            match self.stages[stage].want.map(|want| &self.wants[want].what) {
                Some(What::Image(node)) => images.push(*node),
                Some(What::Stages(stages)) => open.extend(stages),
                _ => {}
            }
        }
        images.sort_unstable();
        images.dedup();
        images
    }
}

/// Returns the image or stage that `--mount=type=bind,from=…` takes files from.
fn mount_from(mount: &Word, text: &str) -> Option<Word> {
    let field = mount.text.split(',').find_map(|field| {
        let (key, value) = field.split_once('=')?;
        key.eq_ignore_ascii_case("from").then_some(value)
    })?;
    let start = field.as_ptr() as usize - mount.text.as_ptr() as usize;
    let range = mount.range.start + start..mount.range.start + start + field.len();
    // A quoted or continued flag is longer in the file: then the whole flag is the place.
    let range = if text.get(range.clone()) == Some(field) { range } else { mount.range.clone() };
    Some(Word { text: field.to_owned(), range })
}

/// Says whether a text may name a stage: a letter, then letters, digits, `-`, `_` and `.`.
fn is_stage_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    fn read(text: &str) -> Result<Inventory> {
        Dockerfile.parse(&Source { file: FileId(0), path: "Dockerfile", text })
    }

    /// Each requirement as `purl scope extra|environment|constraint @ place`, each gap and fault behind them.
    fn facts(text: &str) -> Vec<String> {
        let inventory = read(text).unwrap();
        let cut = |place: Place| &text[place.start as usize..][..place.len as usize];
        let requirement = |requirement: &Requirement| {
            let Requirement { scope, constraint, environment, extra } = requirement;
            format!("{} {extra}|{environment}|{constraint}", scope.name())
        };
        let mut facts = Vec::new();
        for edge in &inventory.edges {
            let component = inventory.component(edge.to).unwrap();
            let purl = component.purl.as_str().trim_start_matches("pkg:docker/");
            facts.push(format!("{purl} {} @ {}", requirement(edge.requirement), cut(edge.place)));
            let place = cut(inventory.nodes[edge.to as usize].place);
            assert!(place.contains(component.purl.name()), "{place} does not hold {purl}");
        }
        for declared in &inventory.declared {
            let gap = match &declared.gap {
                Gap::Ambiguous(nodes) => format!("{} candidates", nodes.len()),
                gap => format!("{gap:?}"),
            };
            facts.push(format!("{} {} {gap}", declared.name, requirement(declared.requirement)));
        }
        facts.extend(inventory.faults.iter().map(|fault| format!("fault {}: {}", cut(fault.place), fault.message)));
        facts
    }

    #[test]
    fn stages_say_what_ships() {
        for (text, expected) in [
            ("FROM python:3.12\nRUN x", vec!["python@3.12 runtime || @ python:3.12"]),
            (
                "FROM golang:1 AS Build\nFROM alpine:3\nCOPY --from=build /a /b\n",
                vec!["golang@1 build build|| @ golang:1", "alpine@3 runtime || @ alpine:3"],
            ),
            (
                "FROM a:1 AS base\nFROM base AS mid\nFROM b:1 AS other\nFROM MID AS last",
                vec!["a@1 runtime base|| @ a:1", "b@1 build other|| @ b:1"],
            ),
            (
                "FROM scratch\nCOPY --from=uv.example/uv:1 /uv /\n",
                vec!["uv@1?repository_url=uv.example build || @ uv.example/uv:1"],
            ),
            ("FROM alpine AS alpine\nFROM alpine\n", vec!["alpine runtime alpine|| @ alpine"]),
            (
                "FROM a\nFROM b\nCOPY --from=0 x y\nCOPY --from=7 x y",
                vec!["a build || @ a", "b runtime || @ b", "fault 7: there is no stage 7"],
            ),
            ("FROM a\nCOPY --from=late x y\nFROM b AS late\n", vec!["a build || @ a", "b runtime late|| @ b"]),
            (
                "FROM a\nRUN --mount=type=bind,from=cache:1,target=/x --mount=type=cache,target=/y x\nADD --from=q x y",
                vec!["a runtime || @ a", "cache@1 build || @ cache:1"],
            ),
            (
                "FROM a\nRUN \\\n --mount=\"from=c:1\",target=/x \\\n x",
                vec!["a runtime || @ a", "c@1 build || @ --mount=\"from=c:1\",target=/x"],
            ),
            ("FROM a\nFROM a AS b\n", vec!["a build || @ a", "a runtime b|| @ a"]),
            (
                "FROM a\nONBUILD COPY --from=x /y /z\nONBUILD COPY --from=x:1 /y /z",
                vec!["a runtime || @ a", "x@1 build || @ x:1"],
            ),
            (
                "# syntax=docker/dockerfile:1\nFROM a",
                vec!["docker/dockerfile@1 build syntax|| @ docker/dockerfile:1", "a runtime || @ a"],
            ),
            ("FROM --platform=linux/arm64 a", vec!["a runtime |linux/arm64| @ a"]),
            ("FROM --platform=$BUILDPLATFORM a", vec!["a runtime |$BUILDPLATFORM| @ a"]),
            ("FROM a\nRUN <<EOF\nFROM b\nEOF\n", vec!["a runtime || @ a"]),
        ] {
            assert_eq!(facts(text), expected, "{text}");
        }
    }

    #[test]
    fn variables_come_from_before_the_first_stage() {
        for (text, expected) in [
            (
                "ARG V=3.12\nFROM python:${V}-slim",
                vec!["python@3.12-slim runtime ||python:${V}-slim @ python:${V}-slim"],
            ),
            ("ARG B=\"python:3\"\nFROM $B", vec!["python@3 runtime ||$B @ $B"]),
            (
                "ARG V=1\nFROM a:$V AS x\nARG W=2\nFROM b:${W:-3}",
                vec!["a@1 build x||a:$V @ a:$V", "b@3 runtime ||b:${W:-3} @ b:${W:-3}"],
            ),
            ("ARG B\nFROM ${B}", vec!["${B} runtime ||${B} Unpinned"]),
            ("ARG B=\nFROM ${B}", vec!["${B} runtime ||${B} Unpinned"]),
            ("ARG T\nARG B=python:$T\nFROM $B AS s", vec!["$B runtime s||$B Unpinned"]),
            ("ARG P=linux/amd64\nFROM --platform=$P a", vec!["a runtime |linux/amd64| @ a"]),
            (
                "FROM a:1 AS b-amd64\nFROM a:2 AS b-arm64\nFROM b-${TARGETARCH}\n",
                vec![
                    "a@1 build b-amd64|| @ a:1",
                    "a@2 build b-arm64|| @ a:2",
                    "b-${TARGETARCH} runtime ||b-${TARGETARCH} 2 candidates",
                ],
            ),
            (
                "FROM a:1 AS b-amd64\nFROM b-amd64 AS b-arm64\nFROM b-${TARGETARCH}\n",
                vec!["a@1 build b-amd64|| @ a:1", "a@1 runtime ||b-${TARGETARCH} @ b-${TARGETARCH}"],
            ),
            (
                "FROM a\nCOPY --from=$X x y",
                vec![
                    "a runtime || @ a",
                    "fault $X: \"from\" takes no variables: name a stage that starts FROM the variable",
                ],
            ),
        ] {
            assert_eq!(facts(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_stepped_over() {
        for (text, expected) in [
            (
                "FROM Python:3\nFROM b",
                vec!["b runtime || @ b", "fault Python:3: the repository \"Python\" must be in lower case"],
            ),
            ("FROM a AS 1x", vec!["a runtime || @ a", "fault 1x: \"1x\" is no name for a stage"]),
            ("FROM a b", vec!["fault FROM: FROM takes an image, and maybe \"AS\" and a name"]),
            ("RUN x\nFROM a", vec!["a runtime || @ a", "fault RUN: RUN before the first FROM"]),
            ("FROM ${a^}", vec!["fault ${a^}: unsupported modifier (^) in substitution"]),
            ("FROM a\nONBUILD FROM b", vec!["a runtime || @ a", "fault FROM: ONBUILD may not hold FROM"]),
        ] {
            assert_eq!(facts(text), expected, "{text}");
        }
        for (text, expected) in [("", "the file is empty"), ("ARG X\nRUN y", "the file has no FROM instruction")] {
            assert_eq!(read(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn digests_are_kept_apart_from_tags() {
        let text = format!("FROM python:3.12@sha256:{}", "0a".repeat(32));
        let inventory = read(&text).unwrap();
        let component = inventory.component(1).unwrap();
        assert_eq!((component.version(), component.digests.len()), ("3.12", 1));
    }

    #[test]
    fn lists_of_ignored_files_are_left_out() {
        for (name, expected) in [
            ("Dockerfile", true),
            ("Dockerfile.gpu", true),
            ("api.Dockerfile", true),
            ("Containerfile", true),
            ("Dockerfile.dockerignore", false),
            ("api.Dockerfile.dockerignore", false),
            (".dockerignore", false),
            ("Dockerfiles", false),
        ] {
            assert_eq!(Dockerfile.takes(name), expected, "{name}");
        }
    }

    /// Files cut anywhere, and with a part taken out, are no reason to panic; every place can be cut from the text.
    #[test]
    fn cut_files_do_not_panic() {
        const TEXT: &str = "# escape=\\\n# syntax=é/x:1\nARG A=\"é b\" B=${A:-é}\r\nFROM --platform=é \\\n é${B%%*é}:1 AS é\n\
            FROM a:${X}\\\n# é\n AS b\nRUN --mount=\"from=é\",x <<-\"É\" <<'B' \\é\n\té\n\tÉ\nB\nONBUILD COPY --from=\\éb:1 x é\nFROM b";
        let boundaries: Vec<usize> = (0..=TEXT.len()).filter(|end| TEXT.is_char_boundary(*end)).collect();
        for (index, end) in boundaries.iter().enumerate() {
            for skip in [1, 3, 9, boundaries.len()] {
                let rest = boundaries.get(index + skip).map_or("", |from| &TEXT[*from..]);
                let text = format!("{}{rest}", &TEXT[..*end]);
                let Ok(inventory) = read(&text) else { continue };
                let faults = inventory.faults.iter().map(|fault| fault.place);
                for place in inventory.edges.iter().map(|edge| edge.place).chain(faults) {
                    assert!(text.get(place.start as usize..(place.start + place.len) as usize).is_some(), "{text}");
                }
            }
        }
        let many: String = (0..3000).map(|stage| format!("FROM s$X AS s{stage}\n")).collect();
        assert_eq!(read(&format!("FROM a AS s\n{many}")).unwrap().nodes.len(), 2);
    }
}

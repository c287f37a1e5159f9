//! The stages of a Dockerfile: what each starts from, what it copies from, and which of them ships.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use hashbrown::HashMap;

use super::arguments::Given;
use super::expand::{Expansion, MISSING, Variable, expand};
use super::facts::{Facts, Start};
use super::installed;
use super::instructions::{self, Instruction};
use super::line::Word;
use super::models;
use super::reference::Reference;
use crate::formats;
use crate::intern::{self, Text};
use crate::model::{Component, FactKind, Gap, Inventory, NodeId, Part, PartKind, Requirement, SUBJECT, Scope};
use crate::source::{Place, Source};

/// The variables that each build sets by itself, before the first `FROM` too.
const PLATFORM: [&str; 11] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
];

/// The image that is none: a stage that starts from nothing.
const SCRATCH: &str = "scratch";

/// The most stages that one variable may leave open, and the most variables that may do so: more would only cost time.
const MAX_OPEN: usize = 64;

/// How often what `ONBUILD` holds back is read.
const MAX_TRIGGERED: usize = 10_000;

/// A build: its stages, and what they ask for.
pub(super) struct Build<'s, 't, 'i> {
    source: &'s Source<'t>,
    escape: char,
    inventory: Inventory,
    /// The variables set before the first stage, and where their defaults stand.
    globals: HashMap<String, (Variable, Range<usize>)>,
    /// The arguments that it is built with.
    given: Given,
    stages: Vec<Stage<'i>>,
    /// The stage that a name means now; later stages of one name take it over.
    names: HashMap<String, usize>,
    wants: Vec<Want>,
    /// `--from` of instructions, which may also mean later stages: looked up at the end.
    copies: Vec<Copied>,
    nodes: HashMap<*const Component, NodeId>,
    /// How many stages start from one that the file leaves open.
    open: usize,
    /// How often something was read that `ONBUILD` held back.
    triggered: usize,
    /// What the stages say.
    facts: Facts<'s, 't>,
}

#[derive(Default)]
struct Stage<'i> {
    name: Text,
    /// The stage that it starts from.
    base: Option<usize>,
    /// What it starts from, among the wants.
    want: Option<usize>,
    /// Where what it starts from is named.
    place: Place,
    /// What it holds back for those that start from it: `ONBUILD`.
    triggers: Vec<&'i Instruction<'i>>,
}

/// A `--from` of an instruction.
struct Copied {
    stage: usize,
    onbuild: bool,
    /// Whether it is a mount's, which knows stages by name only.
    is_mount: bool,
    from: Word,
}

/// Something that a stage asks for.
struct Want {
    stage: usize,
    what: What,
    /// Whether the stage starts from it, and does not only copy.
    is_base: bool,
    /// Whether it is only what the file says by itself, and whoever builds it may name another.
    is_open: bool,
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

impl<'s, 't, 'i> Build<'s, 't, 'i> {
    /// Returns a build without stages yet.
    pub fn new(source: &'s Source<'t>, escape: char, inventory: Inventory, given: &Given) -> Self {
        let mut facts = Facts::new(source, escape);
        facts.given.clone_from(given);
        Build {
            source,
            escape,
            inventory,
            globals: HashMap::new(),
            given: given.clone(),
            stages: Vec::new(),
            names: HashMap::new(),
            wants: Vec::new(),
            copies: Vec::new(),
            nodes: HashMap::new(),
            open: 0,
            triggered: 0,
            facts,
        }
    }

    /// The frontend that the build itself is read by: an image too.
    pub fn syntax(&mut self, reference: &'t str) {
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

    /// Reads one instruction.
    pub fn read(&mut self, instruction: &'i Instruction<'i>) {
        if !instruction.onbuild && !self.stages.is_empty() && instruction.keyword != "FROM" {
            self.facts.read(instruction, &self.globals);
        }
        match (instruction.keyword.as_str(), instruction.onbuild) {
            ("FROM", false) => self.from(instruction),
            ("FROM" | "ONBUILD" | "MAINTAINER", true) => {
                let place = self.source.place_at(instruction.place.clone());
                self.inventory.fault(place, format!("ONBUILD may not hold {}", instruction.keyword));
            }
            ("ARG", false) if self.stages.is_empty() => self.arg(instruction),
            _ if self.stages.is_empty() => {
                let place = self.source.place_at(instruction.place.clone());
                self.inventory.fault(place, format!("{} before the first FROM", instruction.keyword));
            }
            _ => self.copied(instruction),
        }
    }

    /// Notes what an instruction copies and mounts of stages and images, and what it holds back.
    fn copied(&mut self, instruction: &'i Instruction<'i>) {
        let (stage, onbuild) = (self.stages.len() - 1, instruction.onbuild);
        let is_mount = instruction.keyword == "RUN";
        let from = instruction.flags.iter().filter_map(|flag| match instruction.keyword.as_str() {
            "COPY" => flag.flag("from"),
            "RUN" => flag.flag("mount")?.field(&["from"], self.source.text),
            _ => None,
        });
        self.copies.extend(from.map(|from| Copied { stage, onbuild, is_mount, from }));
        if onbuild {
            self.stages[stage].triggers.push(instruction);
        }
    }

    /// Reads what the stage that this one starts from holds back.
    fn trigger(&mut self, base: usize) {
        let triggers = self.stages[base].triggers.clone();
        for trigger in triggers {
            self.triggered += 1;
            if self.triggered > MAX_TRIGGERED {
                self.facts.full.get_or_insert(self.source.place_at(trigger.place.clone()));
                return;
            }
            self.facts.read(trigger, &self.globals);
        }
    }

    /// `ARG NAME=default` before the first stage: what `FROM` may use.
    fn arg(&mut self, instruction: &Instruction<'_>) {
        for word in instruction.quoted_words(self.escape) {
            let name = word.text.split('=').next().unwrap_or_default();
            if let Some((Some(value), _)) = self.given.get(name).filter(|_| !is_given(name)) {
                self.globals.insert(name.to_owned(), (Variable::Known((*value).to_owned()), word.range));
                continue;
            }
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
            Some((Variable::Unset, _)) | None if is_given(name) => Variable::Unknown,
            Some((variable, _)) => variable.clone(),
            None => Variable::Unset,
        })
    }

    /// `FROM image` and `FROM stage`: begins a stage, whatever is wrong with it.
    fn from(&mut self, instruction: &Instruction<'_>) {
        let index = self.stages.len();
        let place = self.source.place_at(instruction.place.clone());
        self.stages.push(Stage { place, ..Stage::default() });
        self.facts.begin();
        let words = instruction.words();
        let (image, name) = match words.as_slice() {
            [image] => (image, None),
            [image, word, name] if word.text.eq_ignore_ascii_case("as") => (image, Some(name)),
            _ => {
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
        self.stages[index].place = place;
        let expansion = match self.expand(&image.text) {
            Ok(expansion) => expansion,
            Err(message) => return self.inventory.fault(place, message),
        };
        let platform = instruction.flags.iter().find_map(|flag| flag.flag("platform"));
        let environment = platform.as_ref().map_or("", |platform| match self.expand(&platform.text) {
            Ok(expansion) if !expansion.missing => intern::text(&expansion.text),
            _ => intern::text(&platform.text),
        });
        if let Some(platform) = platform {
            self.facts.add(FactKind::Platform, "platform", environment, "", platform.range);
        }
        let what = if expansion.missing {
            let stages = self.candidates(&expansion.text);
            if stages.is_empty() { What::Unknown } else { What::Stages(stages) }
        } else if expansion.text.is_empty() {
            What::Unknown
        } else if let Some(&stage) = self.names.get(&expansion.text.to_lowercase()) {
            self.stages[index].base = Some(stage);
            self.facts.start_from(Start::Stage(stage));
            self.trigger(stage);
            return;
        } else if expansion.text == SCRATCH {
            self.facts.start_from(Start::Nothing);
            return;
        } else {
            match Reference::parse(&expansion.text) {
                Ok(reference) => {
                    let place = self.place_of(&reference, image, &expansion);
                    What::Image(self.node(&reference, place))
                }
                // What another program puts an image's name in the place of.
                Err(_) if is_mark(&expansion.text) => What::Unknown,
                Err(message) => return self.inventory.fault(place, message),
            }
        };
        let written = intern::text(&image.text);
        // What whoever builds it may say besides is not known here.
        let is_open = expansion.names.iter().any(|name| matches!(self.given.get(name.as_str()), Some((None, _))));
        self.stages[index].want = Some(self.wants.len());
        self.wants.push(Want { stage: index, what, is_base: true, is_open, written, environment, place });
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
        if let Some(range) = std::iter::once(&image.range).chain(defaults).find(|range| spells(range)) {
            return self.source.place_at(range.clone());
        }
        let given = expansion.names.iter().filter_map(|name| self.given.get(name.as_str()));
        let mut spelled = given.filter(|(value, _)| value.is_some_and(|value| value.contains(reference.path)));
        spelled.next().map_or_else(|| self.source.place_at(image.range.clone()), |(_, place)| *place)
    }

    /// Returns the node of an image: one, however many stages use it.
    fn node(&mut self, reference: &Reference<'_>, place: Place) -> NodeId {
        let component = reference.component().intern();
        *self.nodes.entry(std::ptr::from_ref(component)).or_insert_with(|| self.inventory.add(component.clone(), place))
    }

    /// Looks up what `--from` means: a stage by name or number, or an image.
    fn copy(&mut self, Copied { stage, onbuild, is_mount, from }: &Copied) {
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
        if *onbuild && !from.text.contains(['/', ':', '@']) {
            return;
        }
        if let Ok(number) = from.text.parse::<usize>()
            && !is_mount
        {
            if number >= self.stages.len() {
                self.inventory.fault(place, format!("there is no stage {number}"));
            }
            return;
        }
        match Reference::parse(&from.text) {
            Ok(reference) => {
                let what = What::Image(self.node(&reference, place));
                let written = intern::text(&from.text);
                let (is_base, is_open) = (false, false);
                self.wants.push(Want { stage: *stage, what, is_base, is_open, written, environment: "", place });
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
    pub fn finish(mut self) -> Inventory {
        for copied in std::mem::take(&mut self.copies) {
            self.copy(&copied);
        }
        // A stage starts from earlier ones only, so the chain ends.
        let mut shipped = vec![false; self.stages.len()];
        let mut next = self.stages.len().checked_sub(1);
        while let Some(stage) = next {
            shipped[stage] = true;
            next = self.stages[stage].base;
        }
        self.platforms();
        self.parts();
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
                    if want.is_open {
                        self.inventory.declare(SUBJECT, want.written, requirement, want.place, Gap::Unpinned);
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

    /// Makes each stage a part of the subject, with what it says.
    fn parts(&mut self) {
        if let Some(place) = self.facts.full {
            self.inventory.fault(place, "the file says more than is kept; what follows is not known of its stages");
        }
        let mut parts = Vec::with_capacity(self.stages.len());
        for (number, (stage, facts)) in self.stages.iter().zip(self.facts.take()).enumerate() {
            let what = stage.want.map(|want| &self.wants[want].what);
            let (base, image) = match what {
                Some(What::Image(node)) => (None, Some(*node)),
                // A name that the file leaves open, and that only one stage answers to.
                Some(What::Stages(stages)) if stages.len() == 1 => (Some(stages[0]), None),
                _ => (stage.base, None),
            };
            let name = if stage.name.is_empty() { intern::text(&number.to_string()) } else { stage.name };
            parts.push(Part { name, kind: PartKind::Stage, base, image, runs: false, facts, place: stage.place });
        }
        // A stage starts from earlier ones only, so the chain ends.
        let mut next = parts.len().checked_sub(1);
        while let Some(part) = next {
            parts[part].runs = true;
            next = parts[part].base;
        }
        self.models(&parts);
        self.inventory.parts = parts;
        installed::add(self.source, &mut self.inventory, &self.facts.installed);
        let open = |stage: usize| match self.stages[stage].want.map(|want| &self.wants[want].what) {
            Some(What::Stages(stages)) => stages.clone(),
            _ => Vec::new(),
        };
        installed::ship(&mut self.inventory, &open);
    }

    /// Adds the models that commands of the build fetch, and that containers of what is built load.
    fn models(&mut self, parts: &[Part]) {
        let mut commands: Vec<(Text, Vec<models::Word>)> = Vec::new();
        for fact in parts.iter().flat_map(|part| part.facts_of(FactKind::Command)) {
            commands.push(("", vec![models::Word { text: fact.value.to_owned(), place: fact.place }]));
        }
        // The entry point and its arguments are one command.
        for number in (0..parts.len()).filter(|number| parts[*number].runs) {
            let words = self.facts.started.iter().filter(|(stage, _)| *stage == number).flat_map(|(_, words)| words);
            let word =
                |word: &Word| models::Word { text: word.text.clone(), place: self.source.place_at(word.range.clone()) };
            // Arguments alone are for the program of the image that it all starts from.
            let mut at = number;
            while let Some(base) = parts[at].base {
                at = base;
            }
            let image = parts[at].image.and_then(|image| self.inventory.component(image));
            commands.push((image.map_or("", |image| image.name()), words.map(word).collect()));
        }
        // What runs, with all that is set in the stages that it starts from.
        let mut next = parts.iter().rposition(|part| part.runs);
        let (mut settings, mut image) = (Vec::new(), "");
        while let Some(at) = next {
            let own = models::variables(&parts[at].facts);
            settings.extend(own.into_iter().rev());
            let component = parts[at].image.and_then(|image| self.inventory.component(image));
            image = component.map_or(image, |component| component.name());
            next = parts[at].base;
        }
        settings.reverse();
        let mut named: Vec<models::Named> = models::of(image, &[], &settings);
        for (image, words) in commands {
            for model in models::of(image, &words, &[]) {
                named.retain(|set| !set.is_of(&model));
                models::add(self.source, &mut self.inventory, vec![model]);
            }
        }
        models::add(self.source, &mut self.inventory, named);
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

/// Says whether each build sets a variable by itself.
pub(super) fn is_given(name: &str) -> bool {
    PLATFORM.contains(&name)
}

/// Says whether a text is a mark, `BASEIMAGE`, and no image's name.
fn is_mark(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Says whether a text may name a stage: a letter, then letters, digits, `-`, `_` and `.`.
fn is_stage_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte))
}

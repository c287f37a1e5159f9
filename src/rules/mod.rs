//! A folder a subject, a file a rule: each looks at the case and says what it found.
//!
//! A rule knows neither its level nor the waivers: [`crate::judge`] applies both, once. What findings say in common is
//! said in [`phrase`].

pub mod component;
pub mod container;
pub mod gpu;
pub mod graph;
pub mod integrity;
pub mod phrase;
pub mod policy;
pub mod source;
pub mod version;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use time::Date;

use crate::causes::{self, Cause};
use crate::compare::{Change, Drift};
use crate::entry::Entry;
use crate::graph::{Graph, Resolved, Subject};
use crate::images::{self, Held};
use crate::intern::{self, Text};
use crate::model::{Purl, Scope};
use crate::policy::{Level, Placed, Policy};
use crate::report::Finding;
use crate::source::{Place, Sources};
use crate::stacks::{self, Image};

/// One rule.
pub trait Rule: Entry {
    /// Returns the level where the policy says nothing: one that a team can live with on day one.
    fn level(&self) -> Level {
        Level::Deny
    }

    /// Says whether it has anything to look at in a subject, so that it says something if it finds nothing there. Of the
    /// rules that tell a class of GPU mismatch, [`gpu::Judged`] says so.
    fn looks_at(&self, _case: &Case<'_>, _subject: &Subject) -> bool {
        true
    }

    /// Returns the shape of its options, that of the struct it reads them into, for the policy's schema.
    #[cfg(test)]
    fn options(&self, schemas: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <NoOptions as schemars::JsonSchema>::json_schema(schemas)
    }

    /// Looks at the case.
    ///
    /// # Errors
    /// Where the policy's options are none of this rule's.
    fn check<'g>(&self, _case: &Case<'g>, _findings: &mut Findings<'g>) -> Result<()> {
        Ok(())
    }

    /// Looks at what became of the findings, and at the waivers that let some through.
    ///
    /// # Errors
    /// As [`Rule::check`].
    fn review<'g>(&self, _case: &Case<'g>, _review: &Review<'_>, _findings: &mut Findings<'g>) -> Result<()> {
        Ok(())
    }
}

/// What rules look at.
pub struct Case<'c> {
    /// What the BOM pins; empty where there is no BOM to hold the tree to.
    pub pinned: &'c Graph,
    /// What the tree resolves to.
    pub resolved: &'c Graph,
    /// The difference.
    pub drift: &'c Drift<'c>,
    /// What is allowed.
    pub policy: &'c Policy,
    /// The files.
    pub sources: &'c Sources,
    /// The day of the check.
    pub today: Date,
    judged: OnceCell<gpu::Judged>,
    images: OnceCell<Held<'c>>,
    causes: OnceCell<Vec<Vec<Cause<'c>>>>,
    builds: OnceCell<Vec<Image<'c>>>,
    moved: OnceCell<BTreeMap<Text, Text>>,
}

impl<'c> Case<'c> {
    /// Returns a case of a comparison, under a policy, on a day.
    pub fn new(
        (pinned, resolved): (&'c Graph, &'c Graph),
        drift: &'c Drift<'c>,
        policy: &'c Policy,
        sources: &'c Sources,
        today: Date,
    ) -> Self {
        Case {
            pinned,
            resolved,
            drift,
            policy,
            sources,
            today,
            judged: OnceCell::new(),
            images: OnceCell::new(),
            causes: OnceCell::new(),
            builds: OnceCell::new(),
            moved: OnceCell::new(),
        }
    }

    /// Returns what is worth telling of the GPU stacks: computed once, told by many rules.
    pub fn judged(&self) -> &gpu::Judged {
        self.judged.get_or_init(|| gpu::judged(self.resolved, self.policy))
    }

    /// Returns how the images at hand compare with their lockfiles: computed once, told by several rules.
    pub fn images(&self) -> &Held<'c> {
        self.images.get_or_init(|| images::compare(self.resolved, &|path| self.pinned_at(path), self.policy))
    }

    /// Returns what caused the changes of each subject of the drift.
    pub fn causes(&self) -> &[Vec<Cause<'c>>] {
        self.causes.get_or_init(|| causes::of(self.drift))
    }

    /// Returns the images that the tree builds, with what their builds install: found once, asked by several rules.
    pub fn builds(&self) -> &[Image<'c>] {
        self.builds.get_or_init(|| stacks::images(self.resolved, self.policy))
    }

    /// Says whether the BOM pins a subject, so that it can have drifted.
    pub fn is_pinned(&self, subject: &Subject) -> bool {
        self.pinned_at(subject.path).is_some()
    }

    /// Returns what the BOM pins of the subject that stands at a path, wherever it stood then.
    pub fn pinned_at(&self, path: Text) -> Option<&'c Subject> {
        let moved = || self.moved().iter().find(|(_, new)| **new == path).and_then(|(old, _)| self.pinned.subject(old));
        self.pinned.subject(path).or_else(moved)
    }

    /// Returns where subjects stand that stood at another path, by that.
    pub fn moved(&self) -> &BTreeMap<Text, Text> {
        self.moved.get_or_init(|| {
            let sides = self.drift.subjects.iter().filter_map(|pair| Some((pair.old?.path, pair.new?.path)));
            sides.filter(|(old, new)| old != new).collect()
        })
    }

    /// Reads a rule's options from the policy; the defaults where it gives none.
    ///
    /// # Errors
    /// Where an option is unknown or of another type, with its place in the policy.
    pub fn options<T: DeserializeOwned + Default>(&self, rule: &dyn Entry) -> Result<T> {
        self.policy.options(rule.id()).map_or_else(|| Ok(T::default()), |options| options.read())
    }

    /// Holds the policy to a rule that has no options.
    ///
    /// # Errors
    /// Where the policy gives it one.
    pub fn no_options(&self, rule: &dyn Entry) -> Result<()> {
        self.options::<NoOptions>(rule).map(|NoOptions {}| ())
    }

    /// Says whether the policy allows all that a rule could find, so that it need not look.
    pub fn is_off(&self, rule: &dyn Rule) -> bool {
        let id = rule.id();
        let own = self.policy.rules.get(id).and_then(|rule| rule.level);
        let is_raised = |(rule, level): &(Placed<Text>, Placed<Level>)| {
            (rule.value == id || rule.value == "*") && level.value > Level::Allow
        };
        own.map_or(rule.level(), |level| level.value) == Level::Allow
            && !self.policy.overrides.iter().any(|other| other.rules.iter().any(is_raised))
    }
}

/// The options of a rule that has none.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct NoOptions {}

/// What became of the findings.
pub struct Review<'r> {
    /// The findings so far, with the waivers that let some through.
    pub findings: &'r [Finding],
    /// For each waiver of the policy, what it matched.
    pub used: &'r [Used],
}

/// What a waiver matched: one that has ended matches too, and lets nothing through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// How many findings it matched.
    pub matched: usize,
    /// How many of them another waiver lets through.
    pub covered: usize,
}

/// Collects what rules find.
#[derive(Default)]
pub struct Findings<'g> {
    pub(crate) drafts: Vec<Draft<'g>>,
}

/// A finding before levels and waivers.
pub struct Draft<'g> {
    pub(crate) rule: Text,
    pub(crate) message: String,
    pub(crate) help: String,
    pub(crate) place: Place,
    pub(crate) related: Vec<(Place, Text)>,
    pub(crate) about: Option<Resolved<'g>>,
    /// The packages that it may be about where it is about no component, without versions.
    pub(crate) packages: Vec<Purl>,
    pub(crate) subject: Text,
    pub(crate) name: Text,
    pub(crate) from: Text,
    pub(crate) to: Text,
    pub(crate) scope: Option<Scope>,
    pub(crate) paths: bool,
    pub(crate) notes: Vec<String>,
    pub(crate) level: Option<Level>,
}

impl<'g> Findings<'g> {
    /// Adds a finding about a component, at its place.
    pub fn add(&mut self, rule: &dyn Entry, about: Resolved<'g>, message: impl Into<String>) -> &mut Draft<'g> {
        let draft = self.at(rule, about.subject.path, about.place(), message);
        draft.about = Some(about);
        draft.scope = about.scope();
        draft.paths = true;
        draft.to = about.component.version();
        draft
    }

    /// Adds a finding about a change, at its new side, or at the old one of what was removed; with both versions, and
    /// the pinned place beside it.
    pub fn change(&mut self, rule: &dyn Entry, change: &Change<'g>, message: impl Into<String>) -> &mut Draft<'g> {
        let (old, new) = (change.old, change.new);
        let draft = self.add(rule, change.either(), message);
        draft.from = old.map_or("", |old| old.component.version());
        draft.to = new.map_or("", |new| new.component.version());
        if let (Some(old), Some(_)) = (old, new) {
            draft.related.push((old.place(), "pinned here"));
        }
        draft
    }

    /// Adds a finding about a place: a file, an entry of the policy.
    pub fn at(&mut self, rule: &dyn Entry, subject: Text, place: Place, message: impl Into<String>) -> &mut Draft<'g> {
        self.drafts.push(Draft {
            rule: rule.id(),
            message: message.into(),
            help: String::new(),
            place,
            related: Vec::new(),
            about: None,
            packages: Vec::new(),
            subject,
            name: "",
            from: "",
            to: "",
            scope: None,
            paths: false,
            notes: Vec::new(),
            level: None,
        });
        self.drafts.last_mut().expect("one was just added")
    }
}

impl Draft<'_> {
    /// Says how to mend it.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = help.into();
        self
    }

    /// Makes it deny where the policy does not set the rule's level: what was proved is no longer.
    pub fn grave(&mut self) -> &mut Self {
        self.level(Level::Deny)
    }

    /// Gives it another level than its rule's, where the policy does not set that.
    pub fn level(&mut self, level: Level) -> &mut Self {
        self.level = Some(level);
        self
    }

    /// Adds a step of the argument: a fact, a rule, the numbers.
    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a place that belongs to it.
    pub fn related(&mut self, place: Place, note: Text) -> &mut Self {
        self.related.push((place, note));
        self
    }

    /// Moves it to another place of the same component: the requirement's, say.
    pub fn place(&mut self, place: Place) -> &mut Self {
        self.place = place;
        self
    }

    /// Names what it is about where that is no component: keeps findings of one rule in one file apart.
    pub fn name(&mut self, name: &str) -> &mut Self {
        self.name = intern::text(name);
        self
    }

    /// Says by which packages waivers and overrides may mean it, where it is about no component: what is asked for without
    /// a version, the image of a container.
    pub fn packages(&mut self, packages: impl IntoIterator<Item = Purl>) -> &mut Self {
        self.packages.extend(packages);
        self
    }

    /// Leaves out the paths through the graph, where they say nothing.
    pub fn without_paths(&mut self) -> &mut Self {
        self.paths = false;
        self
    }
}

/// All rules, by subject.
pub const RULES: &[&[&dyn Rule]] = &[
    gpu::RULES,
    version::RULES,
    integrity::RULES,
    source::RULES,
    graph::RULES,
    component::RULES,
    container::RULES,
    policy::RULES,
];

/// Returns every rule.
pub fn all() -> impl Iterator<Item = &'static dyn Rule> {
    RULES.iter().flat_map(|folder| folder.iter().copied())
}

/// Returns the rules that have something to look at in a subject.
pub fn looking_at(case: &Case<'_>, subject: &Subject) -> impl Iterator<Item = &'static dyn Rule> {
    all().filter(|rule| match gpu::class_of(rule.id()) {
        Some(class) => case.judged().is_answered(class, subject.path),
        None => rule.looks_at(case, subject),
    })
}

/// Finds a rule by its id.
pub fn named(id: &str) -> Option<&'static dyn Rule> {
    all().find(|rule| rule.id() == id)
}

//! The images of a tree as they are built: which stages are in what runs, what their commands install, and which lockfiles.

use super::shipped::{self, Share};
use super::{Build, builds, locks, stages};
use crate::graph::{Graph, Subject};
use crate::model::{Fact, FactKind, PartKind};
use crate::policy::Policy;

/// An image as it is built up to one stage.
pub struct Image<'g> {
    /// The file that it is built by.
    pub subject: &'g Subject,
    /// The stage that runs, by its number.
    pub stage: usize,
    /// The lockfiles that are installed into it, sorted by path.
    pub locks: Vec<&'g Subject>,
    shares: Vec<Share>,
}

/// Something that a command of a build installs.
#[derive(Clone, Copy)]
pub struct Installed<'g> {
    /// The package, or the file that it installs from.
    pub fact: &'g Fact,
    /// The command, as it is written.
    pub command: &'g Fact,
    /// The stage of the command, by its number.
    pub stage: usize,
    /// Whether its stage is in what runs, with what is installed there.
    pub ships: bool,
    /// Whether a program of its stage is, at least.
    pub ships_programs: bool,
}

impl<'g> Image<'g> {
    /// Returns what the commands of all stages install, in the order of the file.
    pub fn installs(&self) -> Vec<Installed<'g>> {
        let mut installs = Vec::new();
        for (stage, (part, share)) in self.subject.parts.iter().zip(&self.shares).enumerate() {
            if part.kind != PartKind::Stage {
                continue;
            }
            let mut command = None;
            for fact in &part.facts {
                match fact.kind {
                    FactKind::Command => command = Some(fact),
                    FactKind::Install | FactKind::InstallFile => {
                        let (ships, ships_programs) = (*share == Share::Whole, *share > Share::Nothing);
                        let command = command.unwrap_or(fact);
                        installs.push(Installed { fact, command, stage, ships, ships_programs });
                    }
                    _ => {}
                }
            }
        }
        installs.sort_by_key(|installed| installed.fact.place);
        installs
    }

    /// Returns the variables that are set where a command installs something, by its stage or by those that it starts from.
    pub fn settings(&self, installed: &Installed<'g>) -> impl Iterator<Item = &'g Fact> {
        let place = installed.fact.place;
        let facts = shipped::chain(&self.subject.parts, installed.stage).flat_map(|part| &part.facts);
        facts.filter(move |fact| matches!(fact.kind, FactKind::Env | FactKind::Arg) && fact.place < place)
    }

    /// Returns the commands of the stages that are in what runs, in the order of the file.
    pub fn commands(&self) -> impl Iterator<Item = &'g Fact> {
        let shipped = self.subject.parts.iter().zip(&self.shares).filter(|(_, share)| **share == Share::Whole);
        shipped.flat_map(|(part, _)| part.facts_of(FactKind::Command))
    }
}

/// Returns the images of a tree, sorted by the paths of their files; one that is built up to several stages several times.
pub fn images<'g>(graph: &'g Graph, policy: &Policy) -> Vec<Image<'g>> {
    let images = builds(graph, policy).into_iter().map(|Build { image, stage, said, .. }| {
        let shares = shipped::shares(image, stage);
        let (locks, _) = locks(image, &shares, &stages(image), &said, graph);
        Image { subject: image, stage, locks, shares }
    });
    images.collect()
}

//! The image has more than the lockfile.

use std::collections::BTreeSet;

use anyhow::Result;

use super::is_compared;
use crate::entry;
use crate::graph::{Resolved, Subject};
use crate::images::Meaning;
use crate::model::NodeId;
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// An image holds a package, beside those of its lockfile, that the lockfile does not have.
    ///
    /// # Why
    /// What is in no lockfile was resolved on the day of the build: nobody reviewed it, and the next build may bring
    /// another version, with other requirements that replace what is locked.
    ///
    /// Where the build says what it asks for of the lockfile, what is locked and not asked for counts too (`--no-dev`); and
    /// so does what a later command installs into another environment of the image. Installers (pip, setuptools, wheel, uv, npm), what the base image brought before anything that is locked, and the
    /// project itself are no finding; what is approved and no longer locked is told in the table alone, since there the
    /// image is behind. A package that another such package requires is told with that one.
    ///
    /// # Mend
    /// Add it to the project and lock it; or take out of the build what installs it.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// image-extra-package = "deny"
    /// ```
    pub ImageExtraPackage = "image-extra-package"
}

impl Rule for ImageExtraPackage {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn looks_at(&self, case: &Case<'_>, subject: &Subject) -> bool {
        is_compared(case, subject)
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for comparison in &case.images().comparisons {
            let (image, lock) = (phrase::safe(comparison.image), phrase::safe(comparison.lock.path));
            let rows = || comparison.rows.iter().filter(|row| row.meaning == Meaning::Extra);
            let extra: BTreeSet<NodeId> = rows().flat_map(|row| &row.installed).map(|node| node.id()).collect();
            for node in rows().filter_map(|row| row.installed.first()) {
                let Some(more) = brings(*node, &extra) else { continue };
                let full = phrase::full(node.component);
                self.tell(*node, format!("{full} is in the image {image} and not in {lock}{more}"), findings);
            }
            let unasked = comparison.rows.iter().filter(|row| row.meaning == Meaning::Unasked);
            for (row, node) in unasked.filter_map(|row| Some((row, row.installed.first()?))) {
                let full = phrase::full(node.component);
                let message = format!("{full} is in the image {image}, whose build does not ask for it of {lock}");
                let draft = findings.add(self, *node, message);
                draft.help("see that the build installs without groups and extras of development").without_paths();
                if let Some(locked) = row.locked.first() {
                    draft.related(locked.place(), "locked here");
                }
            }
        }
        let beside = &case.images().beside;
        let all: BTreeSet<(&str, NodeId)> = beside.iter().map(|(_, node)| (node.subject.path, node.id())).collect();
        for (image, node) in beside {
            let of_subject = all.iter().filter(|(path, _)| *path == node.subject.path).map(|(_, id)| *id).collect();
            let Some(more) = brings(*node, &of_subject) else { continue };
            let (full, image) = (phrase::full(node.component), phrase::safe(image));
            let message = format!("{full} is in the image {image}, beside what its lockfile is installed into{more}");
            self.tell(*node, message, findings);
        }
        Ok(())
    }
}

impl ImageExtraPackage {
    fn tell<'g>(&self, node: Resolved<'g>, message: String, findings: &mut Findings<'g>) {
        findings
            .add(self, node, message)
            .help("add it to the project and lock it; or take out of the build what installs it")
            .without_paths();
    }
}

/// Says how many others of these a package brings; none where one of these brings it.
fn brings(node: Resolved<'_>, extra: &BTreeSet<NodeId>) -> Option<String> {
    let mut by = node.required_by().filter_map(|link| link.from);
    if by.any(|by| extra.contains(&by.id()) && by != node) {
        return None;
    }
    let brought: BTreeSet<NodeId> = node.requires().map(|link| link.to.id()).filter(|id| extra.contains(id)).collect();
    Some(match brought.len() {
        0 => String::new(),
        brought => format!(", and with it {brought} more"),
    })
}

//! The image has more than the lockfile.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::entry;
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
    /// Installers (pip, setuptools, wheel, uv, npm), what the base image brought before anything that is locked, and the
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

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for comparison in case.images() {
            let rows = || comparison.rows.iter().filter(|row| row.meaning == Meaning::Extra);
            let extra: BTreeSet<NodeId> = rows().flat_map(|row| &row.installed).map(|node| node.id()).collect();
            for row in rows() {
                let Some(node) = row.installed.first() else { continue };
                let mut by = node.required_by().filter_map(|link| link.from);
                if by.any(|by| extra.contains(&by.id()) && by != *node) {
                    continue;
                }
                let brought = node.requires().filter(|link| extra.contains(&link.to.id())).count();
                let more = match brought {
                    0 => String::new(),
                    1 => ", and with it 1 more".to_owned(),
                    brought => format!(", and with it {brought} more"),
                };
                let (full, image) = (phrase::full(node.component), phrase::safe(comparison.image));
                let lock = phrase::safe(comparison.lock.path);
                findings
                    .add(self, *node, format!("{full} is in the image {image} and not in {lock}{more}"))
                    .help("add it to the project and lock it; or take out of the build what installs it")
                    .without_paths();
            }
        }
        Ok(())
    }
}

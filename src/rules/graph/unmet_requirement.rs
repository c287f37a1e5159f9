//! Requirements that nothing installed answers.

use anyhow::Result;

use crate::entry;
use crate::formats::pypi;
use crate::graph::Subject;
use crate::images;
use crate::model::{Gap, Scope};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A package is installed without something that it requires.
    ///
    /// # Why
    /// It fails at the first import, or it uses what the system has beside it. `pip check`, `npm ls` and `dpkg --audit`
    /// say the same where they can be run; in an image nobody runs them.
    ///
    /// Only what is required to run counts, without extras, peers and what is merely recommended, and only what is
    /// installed: an image, an environment, and what other environments of the image have beside it. Packages of Python that
    /// a distribution packs are left out: it answers their requirements in its own way; and so are images without a
    /// distribution's tools (`status.d`), which leave out on purpose what their packages require.
    ///
    /// # Mend
    /// Install what is missing; or take out of the build what uninstalls it, or installs with `--no-deps`.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// unmet-requirement = "deny"
    /// ```
    pub UnmetRequirement = "unmet-requirement"
}

impl Rule for UnmetRequirement {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        for subject in case.resolved.subjects().iter().filter(|subject| !is_packed(subject.path)) {
            let runtime = |gap: &Gap, scope| *gap == Gap::Unmet && scope == Scope::Runtime;
            for declared in subject.declared.iter().filter(|it| runtime(&it.gap, it.requirement.scope)) {
                let Some(from) = subject.node(declared.from) else { continue };
                // Python looks through several environments: a user's, the system's, one for each architecture.
                if is_beside(case, subject, from.component.purl.ty(), declared.name) {
                    continue;
                }
                let asked = match declared.requirement.constraint {
                    "" => phrase::safe(declared.name).into_owned(),
                    constraint => format!("{} {}", phrase::safe(declared.name), phrase::safe(constraint)),
                };
                let full = phrase::full(from.component);
                let draft = findings.add(self, from, format!("{full} requires {asked}, which is not installed"));
                draft.place(declared.place).name(declared.name).without_paths().help(
                    "install what is missing; or see which command of the build uninstalls it, or installs with --no-deps",
                );
            }
        }
        Ok(())
    }
}

/// Says whether a distribution packs what stands at a path, or leaves out on purpose what its packages require.
fn is_packed(path: &str) -> bool {
    path.ends_with("/dist-packages") || path.ends_with("/status.d")
}

/// Says whether another environment of the same image or folder has a package of this name.
fn is_beside(case: &Case<'_>, subject: &Subject, ty: &str, asked: &str) -> bool {
    let plain = asked.split('[').next().unwrap_or(asked);
    let name = if ty == "pypi" { pypi::normal(plain) } else { plain.to_owned() };
    let is_near = |other: &&Subject| {
        other.format == subject.format
            && other.path != subject.path
            && images::image_of(other.path) == images::image_of(subject.path)
    };
    let mut others = case.resolved.subjects().iter().filter(is_near);
    others.any(|other| other.components().any(|node| node.component.name() == name))
}

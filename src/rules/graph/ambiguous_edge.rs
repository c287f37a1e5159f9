//! Requirements to which the file gives several answers.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::entry;
use crate::formats;
use crate::graph::Subject;
use crate::model::{Declared, Gap};
use crate::policy::Level;
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// The file does not say which of several versions answers a requirement.
    ///
    /// driftgate draws no edge then, rather than a wrong one: scope and paths of the candidates may be incomplete.
    ///
    /// # Why
    /// What a lockfile leaves open, the installer decides, and may decide otherwise tomorrow.
    ///
    /// # Mend
    /// Where the lockfile was merged by hand, throw the merge away and lock again; older versions of most tools leave out
    /// what current ones write. Poetry names no version in what a package requires: it is clear where the markers of the
    /// locked versions exclude each other, so ask for the package under markers that do. A list that was exported
    /// (`uv export`, `pip-compile`) names none either: export it for one platform, or let the lockfile be read that it was
    /// made of. Where both versions are fine, allow the rule for that file.
    ///
    /// # Options
    /// None.
    ///
    /// ```toml
    /// [rules]
    /// ambiguous-edge = "warn"
    /// ```
    pub AmbiguousEdge = "ambiguous-edge"
}

impl Rule for AmbiguousEdge {
    fn level(&self) -> Level {
        Level::Warn
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        // What is installed twice is no fault of a file, and no tool locks it again.
        let is_installed =
            |subject: &Subject| formats::named(subject.format).is_some_and(|format| format.is_installed());
        for subject in case.resolved.subjects().iter().filter(|subject| !is_installed(subject)) {
            let mut forked: Vec<&Declared> = Vec::new();
            for declared in &subject.declared {
                let Gap::Ambiguous(candidates) = &declared.gap else { continue };
                let candidates: Vec<_> = candidates.iter().filter_map(|id| subject.node(*id)).collect();
                // With one candidate it is the requirer that is forked: a file of many such says so once.
                if candidates.len() < 2 {
                    forked.push(declared);
                    continue;
                }
                let from = subject.node(declared.from);
                let who =
                    from.map_or_else(|| phrase::safe(subject.path).into_owned(), |from| phrase::full(from.component));
                let versions = phrase::list(candidates.iter().map(|candidate| phrase::version(candidate.component)));
                let name = phrase::safe(declared.name);
                let message = format!("{who} requires {name}, and the file does not say which: {versions}");
                let draft = match from {
                    Some(from) => findings.add(self, from, message).without_paths().place(declared.place),
                    None => {
                        findings.at(self, subject.path, declared.place, message).packages(subject.may_mean(declared))
                    }
                };
                draft.name(declared.name).help(advice(subject));
                for candidate in candidates.iter().take(3) {
                    draft.related(candidate.place(), "this may be it");
                }
            }
            if let Some(first) = forked.first() {
                let from = forked.iter().filter_map(|declared| subject.node(declared.from));
                let names: BTreeSet<String> = from.map(|from| phrase::name(from.component).into_owned()).collect();
                let count = phrase::count(forked.len(), "requirement");
                let message = format!(
                    "{count} in it come from what is locked in several versions, and the file does not say from which: {}",
                    phrase::list(names)
                );
                findings
                    .at(self, subject.path, first.place, message)
                    .name("forked")
                    .help("nothing is wrong with the file; a uv.lock or poetry.lock would say which requires what");
            }
        }
        Ok(())
    }
}

/// Says what can be done where a file does not say which version is required.
fn advice(subject: &Subject) -> &'static str {
    match subject.format {
        "poetry-lock" => {
            "the markers of these do not exclude each other, and Poetry names no version here: ask for the package under \
             markers that do, and run `poetry lock`; if either will do, allow this rule for the file"
        }
        "requirements-txt" | "pylock" => {
            "such a list names no version here: export it for one platform, or check the lockfile that it was made of; if \
             either will do, allow this rule for the file"
        }
        _ => "lock again with a current version of the tool; a lockfile that was merged by hand is made anew",
    }
}

//! Components from places that the policy does not name.

use anyhow::Result;
use hashbrown::HashMap;

use crate::entry;
use crate::graph::Subject;
use crate::intern;
use crate::model::{Component, Origin};
use crate::rules::{Case, Findings, Rule, phrase};

entry! {
    /// A component comes from a source that the policy does not allow, or a file looks packages up at one.
    ///
    /// Silent where the policy has no list of sources, and for folders of the tree.
    ///
    /// # Why
    /// Who controls the place that packages come from controls what runs. The list of such places is short, and one that
    /// nobody decided on gets in by a single line of a lockfile.
    ///
    /// # Mend
    /// Lock again from an allowed source (a mirror, an index setting), or add the source to the list if it is one to
    /// trust.
    ///
    /// # Options
    /// None of its own; the list stands in the policy, as addresses with wildcards. An image's is `docker://`, its
    /// registry's host and its repository, and the hub's host is `docker.io`: `docker://docker.io/postgres`. Images that are
    /// deployed count, and those that a build starts from or copies from.
    ///
    /// ```toml
    /// [sources]
    /// allowed = ["https://packages.example/simple", "git+https://git.example/team/*", "docker://registry.example/*"]
    ///
    /// [rules]
    /// source-not-allowed = "deny"
    /// ```
    pub SourceNotAllowed = "source-not-allowed"
}

impl Rule for SourceNotAllowed {
    fn looks_at(&self, case: &Case<'_>, _subject: &Subject) -> bool {
        case.policy.sources.is_some()
    }

    fn check<'g>(&self, case: &Case<'g>, findings: &mut Findings<'g>) -> Result<()> {
        case.no_options(self)?;
        if case.is_off(self) || case.policy.sources.is_none() {
            return Ok(());
        }
        // A tree has hundreds of thousands of components and a handful of sources.
        let mut known: HashMap<Origin, bool> = HashMap::new();
        for resolved in case.resolved.components() {
            let Some(origin) = held_against(resolved.component) else { continue };
            let is_allowed = *known.entry(origin).or_insert_with(|| case.policy.allows(&origin));
            if !is_allowed {
                let (full, from) = (phrase::full(resolved.component), phrase::origin(&resolved.component.origin));
                findings
                    .add(self, resolved, format!("{full} comes from {from}, which the policy does not allow"))
                    .help(format!(
                        "{} from an allowed source, or add this one to the policy's [sources] allowed",
                        if phrase::is_written(resolved) { "take it" } else { "lock it again" }
                    ));
            }
        }
        for subject in case.resolved.subjects() {
            for &(address, place) in subject.sources.iter().filter(|(address, _)| is_remote(address)) {
                if !case.policy.allows(&Origin::Registry(address)) {
                    let shown = phrase::address(address);
                    findings
                        .at(
                            self,
                            subject.path,
                            place,
                            format!("packages are looked up at {shown}, which the policy does not allow"),
                        )
                        .name(address)
                        .help(format!("{}, or add it to the policy's [sources] allowed", phrase::take_out(subject)));
                }
            }
        }
        Ok(())
    }
}

/// Says whether an address leads out of the tree; pages of links may be folders of it.
fn is_remote(address: &str) -> bool {
    address.contains("://") && !address.starts_with("file:")
}

/// Returns the source of a component as the list spells sources; none for folders and where nothing is known.
///
/// Manifests name an image's registry by its host alone, which is no address: `docker://` makes it one.
pub fn held_against(component: &Component) -> Option<Origin> {
    let address = component.origin.address()?;
    if !phrase::is_image(component) || address.contains("://") {
        return Some(component.origin);
    }
    Some(Origin::Registry(intern::text(&format!("docker://{address}/{}", component.name()))))
}

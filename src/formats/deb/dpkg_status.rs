//! `var/lib/dpkg/status` and `status.d`: what dpkg has installed, and what images without dpkg say was put there.
//!
//! Specification: dpkg(1) and deb-control(5). Purls carry the qualifiers that the field's other tools write: `arch`,
//! `distro`, and `upstream` for a source package of another name or version.

use anyhow::Result;
use hashbrown::{HashMap, HashSet};

use super::relation::{Choice, choices, relations};
use super::{copyright, extended_states};
use crate::entry;
use crate::formats::{Format, Near, Yield, os};
use crate::intern::{self, Text};
use crate::model::{Component, Declared, Gap, Inventory, Manifest, Node, NodeId, Purl, Requirement, Says, Scope};
use crate::source::{Place, Source};
use crate::syntax::deb822::{self, Stanza};

entry! {
    /// `var/lib/dpkg/status`, every package that dpkg has installed, or `status.d`, which images without dpkg keep instead.
    ///
    /// Who requires whom is read (`Depends`, `Pre-Depends`; `Recommends` as optional), with alternatives,
    /// versions and what packages provide. What apt's `extended_states` does not mark as installed for others counts as
    /// direct; without that file, what nothing requires. Licences come from `usr/share/doc`, where machines can read them.
    /// dpkg keeps no digests of packages.
    pub DpkgStatus = "dpkg-status"
}

/// The database of dpkg.
const FILE: &str = "var/lib/dpkg/status";
/// The folder with a file for each package.
const FOLDER: &str = "var/lib/dpkg/status.d";

impl Format for DpkgStatus {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["status"]
    }

    fn takes(&self, path: &str) -> bool {
        os::is_below_root(path, &[FILE]) || self.gathers(path).is_some()
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn gathers(&self, path: &str) -> Option<String> {
        let (folder, name) = path.rsplit_once('/')?;
        let is_stanza = !name.ends_with(".md5sums") && os::is_below_root(folder, &[FOLDER]);
        is_stanza.then(|| folder.to_owned())
    }

    fn recognizes(&self, text: &str) -> bool {
        text.starts_with("Package: ") && text.contains("\nStatus: ")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "dpkg-status");
        inventory.says = Says { integrity: false, origin: false, licence: false, ..Says::ALL };
        let mut count = 0;
        for stanza in deb822::stanzas(source.text) {
            count += 1;
            for stray in &stanza.strays {
                inventory.fault(source.place(stray), "this is no field: a name and a colon are missing");
            }
            add(&mut inventory, source, &stanza);
        }
        if count == 0 {
            return Err(source.fault(source.start(), "the file is empty"));
        }
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let root = os::root(inventory.subject, &[FOLDER, FILE]).unwrap_or_default();
        resolve(inventory);
        let automatic = near.get(&format!("{root}{}", extended_states::FILE)).and_then(|it| it.manifest.as_ref());
        let chosen = automatic.map_or_else(Vec::new, |automatic| asked_for(inventory, automatic));
        os::ask(inventory, &chosen);
        if let Some(licences) = near.get(&format!("{root}{}", copyright::FOLDER)).and_then(|it| it.manifest.as_ref()) {
            license(inventory, licences);
        }
        os::release::name(inventory, near, root, "debian");
    }
}

/// Adds the package of a stanza, if it is installed. What it requires waits as it stands for [`resolve`], for in
/// `status.d` the other packages are in other files; and so does what it provides, as facts under its purl.
fn add(inventory: &mut Inventory, source: &Source<'_>, stanza: &Stanza<'_>) {
    // Of "install ok installed" the last word is what the package is now. One that is only unpacked has its files in place.
    let state = stanza.get("Status").and_then(|status| status.split_whitespace().last()).unwrap_or("installed");
    if ["not-installed", "config-files", "half-installed"].contains(&state) {
        return;
    }
    let field = |name: &str| stanza.get(name).filter(|value| !value.is_empty());
    let (name, version) = match (field("Package"), field("Version")) {
        (Some(name), Some(version)) => (name, version),
        (name, _) => {
            let near = name.or(stanza.fields.first().map(|(field, _)| *field)).unwrap_or(source.text);
            let missing = if name.is_none() { "no name" } else { "no version" };
            // What has only strays in it has been told of already.
            if !stanza.fields.is_empty() {
                inventory.fault(source.place(near), format!("a package with {missing}"));
            }
            return;
        }
    };
    let upstream = field("Source").map(upstream).unwrap_or_default();
    let qualifiers = [("arch", field("Architecture").unwrap_or_default()), ("upstream", &upstream)];
    let purl = Purl::new("deb", "debian", name, version).with_qualifiers(&qualifiers);
    let node = inventory.add(Component::new(purl), source.place(name));
    let provides = relations(field("Provides").unwrap_or_default());
    let provides = provides.map(|provided| (purl.as_str(), intern::text(provided)));
    inventory.manifest.get_or_insert_with(Manifest::default).facts.extend(provides);
    for (field_name, scope) in
        [("Pre-Depends", Scope::Runtime), ("Depends", Scope::Runtime), ("Recommends", Scope::Optional)]
    {
        for relation in relations(field(field_name).unwrap_or_default()) {
            let place = source.place(relation);
            inventory.declare(node, intern::text(relation), Requirement::of(scope), place, Gap::Open);
        }
    }
}

/// Returns a source package, `glibc (2.36-9)`, as purls spell it: `glibc@2.36-9`.
fn upstream(source: &str) -> String {
    let (name, version) = source.split_once('(').unwrap_or((source, ""));
    let version = version.trim_end_matches(')').trim();
    let at = if version.is_empty() { "" } else { "@" };
    format!("{}{at}{version}", name.trim())
}

/// Makes edges of what waits. What nothing installed answers stays open, but for what is only recommended or suggested.
fn resolve(inventory: &mut Inventory) {
    let provided = inventory.manifest.take().unwrap_or_default().facts;
    let installed = Installed::of(&inventory.nodes, &provided);
    for waiting in std::mem::take(&mut inventory.declared) {
        let Declared { from, name: relation, requirement, place, .. } = waiting;
        if installed.offers.is_spent() {
            inventory.fault(place, os::SPENT);
            break;
        }
        let asked = |choice: &Choice<'_>| {
            let constraint = intern::text(&choice.constraint());
            let start = place.start + (choice.name.as_ptr() as usize - relation.as_ptr() as usize) as u32;
            let place = Place { start, len: choice.name.len() as u32, ..place };
            (Requirement { constraint, ..*requirement }, place)
        };
        // dpkg is content with any of the choices. The first that is there is the one that was preferred, and the one
        // that apt would have taken; an edge to each would say that all of them are required.
        let answer = choices(relation).find_map(|choice| {
            let answers = installed.answers(from, &choice);
            (!answers.is_empty()).then_some((choice, answers))
        });
        match (answer, choices(relation).next()) {
            (Some((choice, answers)), _) => {
                let (requirement, place) = asked(&choice);
                // What a package provides itself, it does not need of another.
                let is_own = answers.binary_search(&from).is_ok();
                for to in answers.into_iter().filter(|_| !is_own) {
                    inventory.edge(from, to, requirement, place);
                }
            }
            (None, Some(first)) if requirement.scope == Scope::Runtime => {
                let (requirement, place) = asked(&first);
                inventory.declare(from, intern::text(first.name), requirement, place, Gap::Open);
            }
            (None, _) => {}
        }
    }
}

/// The packages that are there, by what they answer to.
struct Installed {
    offers: os::Offers,
    architectures: Vec<String>,
}

impl Installed {
    fn of(nodes: &[Node], provided: &[(Text, Text)]) -> Self {
        let mut installed = Installed { offers: os::Offers::default(), architectures: vec![String::new()] };
        let mut by_purl: HashMap<Text, NodeId> = HashMap::with_capacity(nodes.len());
        for (node, id) in nodes.iter().zip(0..).skip(1) {
            let purl = node.component.map(|component| component.purl).unwrap_or_default();
            installed.offers.add(purl.name(), os::Offer { node: id, version: purl.version(), is_own: true });
            installed.architectures.push(architecture(&purl));
            by_purl.insert(purl.as_str(), id);
        }
        for (purl, provided) in provided {
            let Some((&node, choice)) = by_purl.get(purl).zip(choices(provided).next()) else { continue };
            let version = if choice.operator.is_empty() { "" } else { intern::text(choice.version) };
            installed.offers.add(intern::text(choice.name), os::Offer { node, version, is_own: false });
        }
        installed
    }

    /// Returns the packages that answer. Where a name is there for several architectures, those of the asked one's or the
    /// asking package's own are meant; `all` and `Multi-Arch: foreign` serve each.
    fn answers(&self, from: NodeId, choice: &Choice<'_>) -> Vec<NodeId> {
        let mut answers = self.offers.answers(choice.name, |offer| choice.fits(offer.version));
        let wanted = match choice.architecture {
            "" | "any" | "native" => &self.architectures[from as usize],
            architecture => architecture,
        };
        let is_wanted = |id: &NodeId| self.architectures[*id as usize] == wanted;
        if answers.iter().any(is_wanted) {
            answers.retain(is_wanted);
        }
        answers
    }
}

fn architecture(purl: &Purl) -> String {
    purl.qualifiers().into_iter().find(|(name, _)| name == "arch").map(|(_, value)| value).unwrap_or_default()
}

/// Returns the packages that were not installed just because others require them.
fn asked_for(inventory: &Inventory, automatic: &Manifest) -> Vec<NodeId> {
    let names: HashSet<Text> = automatic.facts.iter().map(|(name, _)| *name).collect();
    let exact: HashSet<(Text, &str)> = automatic.facts.iter().copied().collect();
    let is_automatic = |purl: Purl| {
        let own = architecture(&purl);
        // apt files what is for all architectures under its own.
        exact.contains(&(purl.name(), own.as_str())) || (own == "all" && names.contains(purl.name()))
    };
    let packages = inventory.nodes.iter().zip(0..).filter_map(|(node, id)| Some((node.component?, id)));
    packages.filter(|(component, _)| !is_automatic(component.purl)).map(|(_, id)| id).collect()
}

/// Adds the licences to the packages.
fn license(inventory: &mut Inventory, licences: &Manifest) {
    let by_name: HashMap<Text, Text> = licences.facts.iter().copied().collect();
    inventory.says.licence = true;
    for node in &mut inventory.nodes {
        node.component = node.component.map(|component| match by_name.get(component.purl.name()) {
            Some(licence) => Component { licence, ..component.clone() }.intern(),
            None => component,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_packages_are_named() {
        for (source, expected) in [("glibc", "glibc"), ("gcc-defaults (1.203)", "gcc-defaults@1.203"), ("a ()", "a")] {
            assert_eq!(upstream(source), expected, "{source}");
        }
    }

    #[test]
    fn files_are_taken_by_their_path() {
        for (path, expected) in [
            ("var/lib/dpkg/status", true),
            ("rootfs/var/lib/dpkg/status", true),
            ("var/lib/dpkg/status-old", false),
            ("xvar/lib/dpkg/status", false),
            ("var/lib/dpkg/status.d/base", true),
            ("var/lib/dpkg/status.d/base.md5sums", false),
            ("status", false),
        ] {
            assert_eq!(DpkgStatus.takes(path), expected, "{path}");
        }
    }
}

//! The database of rpm: `rpmdb.sqlite`, `Packages.db` or `Packages`, as [`crate::binary::rpm`] prints it.
//!
//! A purl carries the qualifiers that the field's other tools write: `arch`, `distro`, `epoch`, and `upstream` for the file
//! of the source package.

use anyhow::Result;

use super::relation::{Asked, Relation};
use crate::binary::rpm::FIRST_LINE;
use crate::entry;
use crate::formats::{Format, Near, Yield, os};
use crate::intern;
use crate::model::{Component, Gap, Inventory, NodeId, Purl, Requirement, Says, Scope};
use crate::source::Source;
use crate::syntax::deb822::{self, Stanza};

entry! {
    /// The database of rpm, every package that it has installed: `rpmdb.sqlite`, `Packages.db` or `Packages`.
    ///
    /// Who requires whom is read, by package, path or what packages agreed on, with boolean requirements; `Recommends` and
    /// `Suggests` are optional. What a write-ahead log beside an SQLite database holds is not read, and said (`rpm-wal`).
    /// rpm does not keep who asked for a package: what nothing requires counts as direct. The digest of a package's header
    /// is kept as the property `rpm:sha256header`, for it tells two builds of one version apart.
    pub RpmPackages = "rpm-packages"
}

/// The paths of the database.
const FILES: &[&str] = &[
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/Packages",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/Packages.db",
    "usr/lib/sysimage/rpm/Packages",
    "usr/share/rpm/rpmdb.sqlite",
    "usr/share/rpm/Packages.db",
    "usr/share/rpm/Packages",
];

impl Format for RpmPackages {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Licences]
    }

    fn files(&self) -> &'static [&'static str] {
        &["rpmdb.sqlite", "Packages.db", "Packages"]
    }

    fn takes(&self, path: &str) -> bool {
        os::is_below_root(path, FILES)
    }

    fn is_installed(&self) -> bool {
        true
    }

    fn recognizes(&self, text: &str) -> bool {
        text.starts_with(FIRST_LINE)
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        if !self.recognizes(source.text) {
            let message =
                "this is no database of rpm: neither SQLite with a table of packages, nor ndb, nor Berkeley DB";
            return Err(source.fault(source.start(), message));
        }
        let mut inventory = Inventory::new(source, "rpm-packages");
        inventory.says = Says { integrity: false, origin: false, ..Says::ALL };
        let mut packages = Vec::new();
        for stanza in deb822::stanzas(source.text) {
            if let Some(node) = add(&mut inventory, source, &stanza) {
                packages.push((node, stanza));
            }
        }
        let offers = Offers::of(&packages);
        'packages: for (node, stanza) in &packages {
            for (field, value) in &stanza.fields {
                if offers.0.is_spent() {
                    inventory.fault(source.place(value), os::SPENT);
                    break 'packages;
                }
                let scope = match *field {
                    "Requires" => Scope::Runtime,
                    "Recommends" | "Suggests" => Scope::Optional,
                    _ => continue,
                };
                offers.require(&mut inventory, source, *node, scope, value);
            }
        }
        os::ask(&mut inventory, &[]);
        Ok(inventory)
    }

    fn joins(&self) -> bool {
        true
    }

    fn join(&self, inventory: &mut Inventory, near: &Near<'_>) {
        let root = os::root(inventory.subject, FILES).unwrap_or_default();
        os::release::name(inventory, near, root, "");
    }
}

/// Adds a package; none where it has no name.
fn add(inventory: &mut Inventory, source: &Source<'_>, stanza: &Stanza<'_>) -> Option<NodeId> {
    let field = |name: &str| stanza.get(name).unwrap_or_default();
    let name = stanza.get("Name")?;
    // The epoch 0 is that of a package without one.
    let epoch = stanza.get("Epoch").filter(|epoch| *epoch != "0").unwrap_or_default();
    let qualifiers = [("arch", field("Arch")), ("epoch", epoch), ("upstream", field("SourceRpm"))];
    let release = field("Release");
    let dash = if release.is_empty() { "" } else { "-" };
    let version = format!("{}{dash}{release}", field("Version"));
    let digest = stanza.get("Sha256Header").map(|digest| ("rpm:sha256header", intern::text(digest)));
    let component = Component {
        licence: intern::text(field("License")),
        properties: digest.into_iter().collect(),
        ..Component::new(Purl::new("rpm", "", name, &version).with_qualifiers(&qualifiers))
    };
    Some(inventory.add(component, source.place(name)))
}

/// What the packages offer; a version stands with its operator, `= 1:3.0-1`.
struct Offers(os::Offers);

impl Offers {
    fn of(packages: &[(NodeId, Stanza<'_>)]) -> Self {
        let mut offers = os::Offers::default();
        for (node, stanza) in packages {
            let own = stanza.get("Name");
            for (field, value) in &stanza.fields {
                match *field {
                    // Each package provides its own name too, in its own version.
                    "Provides" => {
                        let Relation { name, .. } = Relation::read(value);
                        let is_own = own == Some(name);
                        let version = intern::text(value[name.len()..].trim());
                        offers.add(intern::text(name), os::Offer { node: *node, version, is_own });
                    }
                    "File" => {
                        offers.add(intern::text(value), os::Offer { node: *node, version: "", is_own: false });
                    }
                    _ => {}
                }
            }
        }
        Offers(offers)
    }

    fn answers(&self, asked: &Relation<'_>) -> Vec<NodeId> {
        self.0.answers(asked.name, |offer| {
            let (operator, version) = offer.version.split_once(' ').unwrap_or_default();
            asked.fits(&Relation { name: asked.name, operator, version })
        })
    }

    /// Adds the edges of one requirement. What nothing installed answers stays open, but for what is only recommended or
    /// suggested.
    fn require(&self, inventory: &mut Inventory, source: &Source<'_>, from: NodeId, scope: Scope, text: &str) {
        let Some(asked) = Asked::read(text) else {
            inventory.fault(source.place(text), "this condition cannot be read");
            return;
        };
        let requirement = |asked: &Relation<'_>| Requirement {
            constraint: intern::text(&asked.constraint()),
            ..Requirement::of(scope)
        };
        match asked.answers(&|asked| self.answers(asked)) {
            Some(answers) => {
                for (asked, nodes) in answers {
                    // What a package provides itself, it does not need of another.
                    if nodes.binary_search(&from).is_ok() {
                        continue;
                    }
                    for to in nodes {
                        inventory.edge(from, to, requirement(&asked), source.place(asked.name));
                    }
                }
            }
            None if scope == Scope::Runtime && !self.0.is_spent() => {
                let (name, requirement) = match asked {
                    Asked::One(one) => (one.name, requirement(&one)),
                    _ => (text, Requirement::of(scope)),
                };
                inventory.declare(from, intern::text(name), requirement, source.place(name), Gap::Open);
            }
            None => {}
        }
    }
}

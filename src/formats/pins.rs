//! What small lockfiles have in common: texts of their trees, names to nodes, repositories.

use std::collections::BTreeMap;

use crate::intern;
use crate::model::{Component, Gap, Inventory, NodeId, Origin, Purl, Requirement};
use crate::source::Place;
use crate::syntax::yaml::Node;

/// Returns the text under a key; empty where there is none.
pub(crate) fn text<'n>(node: &'n Node<'_>, key: &str) -> &'n str {
    node.get(key).and_then(Node::text).unwrap_or_default()
}

/// Nodes by name, as far as names tell them apart.
pub(crate) type Named<'n> = BTreeMap<&'n str, Vec<NodeId>>;

/// Adds a requirement by name: an edge where one node answers.
pub(crate) fn require(
    inventory: &mut Inventory,
    named: &Named<'_>,
    from: NodeId,
    name: &str,
    requirement: Requirement,
    place: Place,
) {
    match named.get(name).map_or(&[][..], Vec::as_slice) {
        [] => inventory.declare(from, intern::text(name), requirement, place, Gap::Unpinned),
        [one] => inventory.edge(from, *one, requirement, place),
        several => inventory.declare(from, intern::text(name), requirement, place, Gap::Ambiguous(several.to_vec())),
    }
}

/// Says whether a revision is a full commit id: what else it may be, a branch, a tag, an abbreviation, can move.
pub(crate) fn is_commit(revision: &str) -> bool {
    matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns a repository at a revision as a component: of a forge that has a purl type, by that.
pub(crate) fn repository(url: &str, revision: &str, reference: &str, folder: &str) -> Component {
    let plain = crate::model::without_credentials(url);
    let bare = plain.trim_end_matches('/').trim_end_matches(".git");
    let path = bare.split_once("://").map_or(bare, |(_, path)| path);
    let path = path.strip_prefix("git@").unwrap_or(path);
    let (host, path) = path.split_once(['/', ':']).unwrap_or(("", path));
    let (owner, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (commit, reference) = if is_commit(revision) { (revision, reference) } else { ("", revision) };
    let purl = match host {
        "github.com" if !owner.is_empty() => Purl::build("github", owner, name, revision, &[], folder),
        "bitbucket.org" if !owner.is_empty() => Purl::build("bitbucket", owner, name, revision, &[], folder),
        _ => Purl::build("generic", "", name, revision, &[("vcs_url", &format!("git+{plain}"))], folder),
    };
    Component { origin: Origin::git(url, commit, reference), ..Component::new(purl) }
}

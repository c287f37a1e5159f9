//! What hangs from the subject itself, where a file does not say what was asked for.

use crate::model::{Inventory, NodeId, Requirement, SUBJECT, Scope};

/// Adds an edge from the subject to all that it does not reach: to what nobody requires, and to the first of each ring.
///
/// `asked` says how each node is meant if the project itself asks for it. What is needed to run is not there because
/// something needed to develop requires it, nor because something would take it where it is there (an optional
/// requirement): such requirements do not count.
pub(super) fn hang(inventory: &mut Inventory, asked: impl Fn(NodeId) -> Requirement) {
    let count = inventory.nodes.len();
    let scope: Vec<_> = (0..count).map(|node| asked(node as NodeId).scope).collect();
    let mut next: Vec<Vec<NodeId>> = vec![Vec::new(); count];
    let mut required = vec![false; count];
    for edge in &inventory.edges {
        let (from, to) = (edge.from as usize, edge.to as usize);
        let is_optional = edge.requirement.scope == Scope::Optional;
        if from == SUBJECT as usize || (scope[from] <= scope[to] && !is_optional) {
            next[from].push(edge.to);
            required[to] |= from != to;
        }
    }
    let mut reached = vec![false; count];
    spread(&next, SUBJECT, &mut reached);
    let mut nodes: Vec<usize> = (1..count).collect();
    let name = |node: usize| inventory.nodes[node].component.map(|component| component.purl.as_str());
    nodes.sort_by_key(|&node| (required[node], scope[node], required[node].then(|| name(node))));
    for node in nodes {
        if !reached[node] {
            let id = node as NodeId;
            inventory.edge(SUBJECT, id, asked(id), inventory.nodes[node].place);
            spread(&next, id, &mut reached);
        }
    }
}

/// Marks what is reached from a node.
fn spread(next: &[Vec<NodeId>], from: NodeId, reached: &mut [bool]) {
    let mut open = vec![from];
    reached[from as usize] = true;
    while let Some(node) = open.pop() {
        for &to in &next[node as usize] {
            if !std::mem::replace(&mut reached[to as usize], true) {
                open.push(to);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::model::Inventory;

    /// Writes an inventory in short lines; each place is cut from the text.
    pub(crate) fn lines(inventory: &Inventory, text: &str) -> Vec<String> {
        let id = |node| inventory.component(node).map_or("-".to_owned(), |component| component.purl.to_string());
        let nodes = inventory.nodes.iter().filter_map(|node| {
            let component = node.component?;
            let cut = &text[node.place.start as usize..][..node.place.len as usize];
            let line = format!("{} [{cut}] {} {}", component.purl, component.origin, node.environment);
            Some(line.trim_end().to_owned() + if node.root { " root" } else { "" })
        });
        let edges = inventory.edges.iter().map(|edge| {
            let asked = edge.requirement;
            let more = [asked.scope.name(), asked.constraint, asked.environment];
            let more: Vec<&str> = more.into_iter().filter(|part| !part.is_empty()).collect();
            format!("{} -> {} {}", id(edge.from), id(edge.to), more.join("; "))
        });
        let declared = inventory.declared.iter().map(|declared| format!("{} ?? {}", id(declared.from), declared.name));
        let faults = inventory.faults.iter().map(|fault| format!("! {}", fault.message));
        nodes.chain(edges).chain(declared).chain(faults).collect()
    }
}

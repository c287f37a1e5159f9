//! Copies of a component in one subject: which are one, as they require the same, and which are several.

use hashbrown::HashMap;

use crate::intern::Text;
use crate::model::{Component, Edge, Node, Requirement};

/// How often copies are told apart by what they require, before each stands for itself: a longer chain of packages that
/// are each there several times is none that a tool wrote.
const ROUNDS: usize = 64;

/// Returns for each node which copy of its component it is: empty for the only one.
///
/// Copies that require the same, each time from the same copy, are one and are called as the first of them: npm installs a
/// package into several folders, and only where those folders answer otherwise is it another thing that runs.
pub(super) fn copies(nodes: &[Node], edges: &[Edge]) -> Vec<Text> {
    if nodes.iter().all(|node| node.copy.is_empty()) {
        return vec![""; nodes.len()];
    }
    let instances = Instances::of(nodes, edges);
    let classes = instances.classes();
    let mut first: HashMap<u32, usize> = HashMap::new();
    let mut count: HashMap<*const Component, usize> = HashMap::new();
    for (number, class) in classes.iter().enumerate() {
        first.entry(*class).or_insert_with(|| {
            *count.entry(instances.known[number].0).or_default() += 1;
            number
        });
    }
    let name = |instance: usize| {
        let (component, _) = instances.known[instance];
        if count[&component] > 1 { instances.known[first[&classes[instance]]].1 } else { "" }
    };
    instances.of_node.iter().map(|instance| instance.map_or("", name)).collect()
}

/// What a node is, however often it is listed: a component and the name of its copy.
type Instance = (*const Component, Text);
/// What an instance requires, by the number of an instance or a class, and how.
type Requires = Vec<(u32, *const Requirement)>;

struct Instances {
    /// Sorted by component and copy.
    known: Vec<Instance>,
    of_node: Vec<Option<usize>>,
    /// What those require whose component has several, as numbers of instances.
    requires: HashMap<usize, Requires>,
}

impl Instances {
    fn of(nodes: &[Node], edges: &[Edge]) -> Self {
        let mut sorted: Vec<(&'static Component, Text)> =
            nodes.iter().filter_map(|node| Some((node.component?, node.copy))).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let known: Vec<Instance> =
            sorted.into_iter().map(|(component, copy)| (std::ptr::from_ref(component), copy)).collect();
        let numbers: HashMap<Instance, usize> =
            known.iter().enumerate().map(|(number, instance)| (*instance, number)).collect();
        let of_node: Vec<Option<usize>> = nodes
            .iter()
            .map(|node| node.component.map(|component| numbers[&(std::ptr::from_ref(component), node.copy)]))
            .collect();
        let mut requires: HashMap<usize, Requires> = HashMap::new();
        for same in known.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            requires.extend(same.iter().map(|instance| (numbers[instance], Vec::new())));
        }
        for edge in edges {
            let ends = of_node[edge.from as usize].zip(of_node[edge.to as usize]);
            if let Some((list, to)) = ends.and_then(|(from, to)| Some((requires.get_mut(&from)?, to))) {
                // The range is the manifest's business; a BOM does not keep it.
                let asked = Requirement { constraint: "", ..*edge.requirement }.intern();
                list.push((to as u32, std::ptr::from_ref(asked)));
            }
        }
        Instances { known, of_node, requires }
    }

    /// Parts the instances into classes that require the same, classes of the same components.
    fn classes(&self) -> Vec<u32> {
        let mut open: Vec<usize> = self.requires.keys().copied().collect();
        open.sort_unstable();
        let mut classes: Vec<u32> = Vec::with_capacity(self.known.len());
        for (number, instance) in self.known.iter().enumerate() {
            let is_same = number > 0 && self.known[number - 1].0 == instance.0;
            classes.push(if is_same { classes[number - 1] } else { number as u32 });
        }
        let mut count = 0;
        for _ in 0..ROUNDS {
            let mut found: HashMap<(u32, Requires), u32> = HashMap::new();
            let mut next = classes.clone();
            for &number in &open {
                let mut required: Requires =
                    self.requires[&number].iter().map(|(to, asked)| (classes[*to as usize], *asked)).collect();
                required.sort_unstable();
                required.dedup();
                next[number] = *found.entry((classes[number], required)).or_insert(number as u32);
            }
            classes = next;
            if found.len() == count {
                return classes;
            }
            count = found.len();
        }
        (0..self.known.len() as u32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Purl, Scope};
    use crate::source::{FileId, Place};

    fn node(name: &str, copy: Text) -> Node {
        let component = Component::new(Purl::new("npm", "", name, "1.0.0"));
        Node { component: Some(component.intern()), copy, ..Node::default() }
    }

    fn edge(from: u32, to: u32) -> Edge {
        let place = Place { file: FileId(0), start: 0, len: 0 };
        Edge { from, to, requirement: Requirement::of(Scope::Runtime).intern(), place }
    }

    #[test]
    fn copies_that_require_the_same_are_one() {
        // The second `b` is told from the first by its own `c`, and so the second `a` from the first by its `b`.
        let nodes = [
            Node::default(),
            node("a", "a"),
            node("a", "x/a"),
            node("a", "y/a"),
            node("b", "b"),
            node("b", "x/b"),
            node("c", "c"),
            node("d", ""),
            node("e", "e"),
            node("e", "x/e"),
        ];
        let edges = [edge(1, 4), edge(2, 5), edge(3, 4), edge(4, 6), edge(5, 7), edge(8, 7), edge(9, 7)];
        assert_eq!(copies(&nodes, &edges), ["", "a", "x/a", "a", "b", "x/b", "", "", "", ""]);
    }

    #[test]
    fn copies_in_circles_end() {
        let nodes = [Node::default(), node("a", "1"), node("a", "2"), node("b", "1"), node("b", "2")];
        let edges = [edge(1, 3), edge(3, 1), edge(2, 4), edge(4, 2)];
        assert_eq!(copies(&nodes, &edges), [""; 5]);
    }
}

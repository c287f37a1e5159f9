//! Which subjects of a graph make one environment, and what stack it is: lockfiles, the images that they are installed
//! into, and the deployments that run those.

use hashbrown::HashMap;

use crate::formats::pypi;
use crate::gpu::{Environment, Package, Stack};
use crate::graph::{Graph, Resolved, Subject};
use crate::intern::Text;
use crate::model::Scope;
use crate::policy::Policy;

/// Returns the stacks of a graph, sorted by name: one for each lockfile, joined with the image that it is installed into.
pub fn stacks(graph: &Graph, _policy: &Policy) -> Vec<Stack> {
    graph.subjects().iter().map(stack).collect()
}

/// Returns the stack of one subject by itself.
pub fn stack(subject: &Subject) -> Stack {
    let packages = runtime(subject).iter().map(package).collect();
    Stack::of(Environment { name: subject.path, packages, ..Environment::default() })
}

fn package(node: &Resolved<'_>) -> Package {
    let asked = node.required_by().filter(|link| !link.requirement.extra.is_empty());
    let mut extras: Vec<Text> = asked.flat_map(|link| link.requirement.extra.split(',')).collect();
    extras.sort_unstable();
    extras.dedup();
    Package {
        component: node.component,
        place: node.place(),
        subject: node.subject.path,
        requires: node.requires().map(|link| link.to.component).collect(),
        extras,
        installed: false,
        optional: node.scope() == Some(Scope::Optional),
    }
}

/// Returns what of a subject runs on Linux. What is only there to develop and to build, or locked for other systems, is not
/// what runs on the nodes.
fn runtime(subject: &Subject) -> Vec<Resolved<'_>> {
    let mut known: HashMap<Text, bool> = HashMap::new();
    let mut holds = |marker: Text| *known.entry(marker).or_insert_with(|| pypi::can_hold_on_linux(marker));
    let mut runs = |node: &Resolved<'_>| {
        let mut asked = node.required_by().peekable();
        !matches!(node.scope(), Some(Scope::Build | Scope::Dev))
            && (node.component.purl.ty() != "pypi"
                || (holds(node.environment())
                    && (asked.peek().is_none() || asked.any(|link| holds(link.requirement.environment)))))
    };
    subject.components().filter(|node| runs(node)).collect()
}

//! A pool whose machines are not alike: a stack is judged on each kind of them, and what fails names those that it fails on.

use super::target::{Node, Target};
use super::{Answer, Link, Stack, Verdict};

/// How many nodes are named before the rest is counted.
const NAMED: usize = 4;

/// The nodes of a pool that are alike.
struct Group<'t> {
    /// The pool, as if it were made of these alone.
    target: Target,
    /// The nodes, in the pool's order.
    nodes: Vec<&'t Node>,
}

/// Judges a stack on each kind of machine of a target, of those that its workloads may land on. What holds of some machines
/// alone says so, in its argument.
pub(super) fn judge(stack: &Stack, target: &Target, on: impl Fn(&Stack, &Target) -> Vec<Answer>) -> Vec<Answer> {
    let workloads = &stack.environment.workloads;
    let lands = |node: &&Node| {
        node.takes_pods() && (workloads.is_empty() || workloads.iter().any(|workload| workload.may_run_on_node(node)))
    };
    let mut nodes: Vec<&Node> = target.nodes.iter().filter(lands).collect();
    if nodes.is_empty() {
        // Whoever asks about a pool that no workload may land on, asks about all of it.
        nodes = target.nodes.iter().collect();
    }
    let groups = groups(target, &nodes);
    match groups.as_slice() {
        [] => return on(stack, target),
        [_] if nodes.len() == target.nodes.len() => return on(stack, target),
        [one] => return on(stack, &one.target),
        _ => {}
    }
    // The same thing on several kinds of machines is told once, as it is on the first of them.
    let mut answers: Vec<(Answer, Vec<usize>)> = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        for answer in on(stack, &group.target) {
            match answers.iter_mut().find(|(told, _)| is_same(told, &answer)) {
                Some((_, on)) => {
                    if on.last() != Some(&at) {
                        on.push(at);
                    }
                }
                None => answers.push((answer, vec![at])),
            }
        }
    }
    let tell = |(mut answer, on): (Answer, Vec<usize>)| {
        let all = match nodes.len() == target.nodes.len() {
            true => format!("the {} nodes", nodes.len()),
            false => format!("the {} nodes that it may land on", nodes.len()),
        };
        if let Some(link) = where_it_holds(&all, &groups, &on, answer.verdict) {
            answer.chain.push(link);
        }
        answer
    };
    answers.into_iter().map(tell).collect()
}

fn is_same(a: &Answer, b: &Answer) -> bool {
    let component = |answer: &Answer| answer.about.component.map(std::ptr::from_ref);
    (a.class, a.verdict, component(a), a.about.place, &a.message)
        == (b.class, b.verdict, component(b), b.about.place, &b.message)
}

fn where_it_holds(nodes: &str, groups: &[Group<'_>], on: &[usize], verdict: Verdict) -> Option<Link> {
    if on.len() == groups.len() {
        return None;
    }
    let count = |which: &dyn Fn(usize) -> bool| {
        let groups = groups.iter().enumerate().filter(|(at, _)| which(*at));
        groups.map(|(_, group)| group.nodes.len()).sum::<usize>()
    };
    let some = count(&|at| on.contains(&at));
    let kinds = on.iter().map(|at| kind(&groups[*at])).collect::<Vec<_>>().join("; ");
    // What is not known of a driver is no yes.
    let (known, unknown): (Vec<&Group<'_>>, Vec<&Group<'_>>) = (0..groups.len())
        .filter(|at| !on.contains(at))
        .map(|at| &groups[at])
        .partition(|group| group.target.driver.is_some());
    let all = |groups: &[&Group<'_>]| groups.iter().map(|group| kind(group)).collect::<Vec<_>>().join("; ");
    let mut others = String::new();
    if !known.is_empty() {
        others.push_str(&format!("; not on {}", all(&known)));
    }
    if !unknown.is_empty() {
        others.push_str(&format!("; not judged on {}", all(&unknown)));
    }
    let holds = match verdict {
        Verdict::FailsAtStart | Verdict::FailsAtKernel => "it fails on",
        _ => "that is so on",
    };
    let text = format!("{holds} {some} of {nodes}: {kinds}{others}");
    Some(Link { text, source: "" })
}

/// Says which nodes a group has, and what they are.
fn kind(group: &Group<'_>) -> String {
    let driver =
        group.target.driver.as_ref().map_or("driver not known".to_owned(), |driver| format!("driver {driver}"));
    format!(
        "{} ({driver}{})",
        names(&group.nodes),
        group.target.gpus.iter().map(|gpu| format!(", {gpu}")).collect::<String>()
    )
}

/// Returns the names of nodes: a few, and how many more there are.
pub(super) fn names(nodes: &[&Node]) -> String {
    let named: Vec<&str> = nodes.iter().take(NAMED).map(|node| node.name.as_str()).collect();
    match nodes.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Returns the kinds of machines among nodes of a target, the least driver first.
fn groups<'t>(target: &Target, nodes: &[&'t Node]) -> Vec<Group<'t>> {
    let mut groups: Vec<Group<'t>> = Vec::new();
    for node in nodes {
        let alike = |group: &&mut Group<'t>| {
            let first = group.nodes[0];
            first.driver == node.driver && first.gpus == node.gpus
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.nodes.push(node),
            None => groups.push(Group {
                target: Target {
                    driver: node.driver.clone(),
                    capability: node.capability.clone(),
                    compute: node.compute.clone(),
                    gpus: node.gpus.clone(),
                    nodes: Vec::new(),
                    ..target.clone()
                },
                nodes: vec![node],
            }),
        }
    }
    groups.sort_by(|a, b| a.target.driver.cmp(&b.target.driver).then_with(|| a.target.gpus.cmp(&b.target.gpus)));
    for group in &mut groups {
        group.target.name = format!("{} ({})", target.name, names(&group.nodes));
        group.target.nodes = group.nodes.iter().map(|node| (*node).clone()).collect();
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::environment::{Setting, Workload};
    use crate::gpu::{self, Dotted, Environment};
    use crate::model::{Component, Purl};
    use crate::source::Place;

    fn node(name: &str, driver: &str) -> Node {
        let labels = [("branch".to_owned(), driver.split('.').next().unwrap_or_default().to_owned())];
        let gpus = vec!["NVIDIA-A100-SXM4-40GB".to_owned()];
        Node { name: name.to_owned(), driver: Dotted::parse(driver), gpus, labels: labels.into(), ..Node::default() }
    }

    fn pool(nodes: &[Node]) -> Target {
        let driver = nodes.iter().filter_map(|node| node.driver.clone()).min();
        let gpus = nodes.iter().flat_map(|node| node.gpus.clone()).collect();
        Target { name: "pool".to_owned(), driver, gpus, nodes: nodes.to_vec(), ..Target::default() }
    }

    /// A stack for CUDA 13, deployed by a workload that selects nodes of a branch; an empty one for no workload.
    fn stack(branch: &'static str) -> Stack {
        let torch = Component::new(Purl::new("pypi", "", "torch", "2.9.1+cu130")).intern();
        let mut environment = Environment::of("uv.lock", [torch]);
        if !branch.is_empty() {
            let selects = vec![Setting { name: "branch", value: branch, place: Place::default() }];
            environment.workloads.push(Workload { selects, ..Workload::default() });
        }
        Stack::of(environment)
    }

    fn last_links(stack: &Stack, target: &Target) -> Vec<String> {
        let floor = gpu::judge(stack, target).into_iter().filter(|answer| answer.class == "DRV-FLOOR");
        floor.map(|answer| answer.chain.last().map(|link| link.text.clone()).unwrap_or_default()).collect()
    }

    #[test]
    fn what_fails_on_some_nodes_names_them() {
        let mixed = pool(&[node("a", "535.183.06"), node("b", "580.95.05"), node("c", "")]);
        let said = last_links(&stack(""), &mixed);
        assert_eq!(
            said,
            [
                "that is so on 1 of the 3 nodes: c (driver not known, NVIDIA-A100-SXM4-40GB); not on a (driver 535.183.06, \
              NVIDIA-A100-SXM4-40GB); b (driver 580.95.05, NVIDIA-A100-SXM4-40GB)",
                "it fails on 1 of the 3 nodes: a (driver 535.183.06, NVIDIA-A100-SXM4-40GB); not on b (driver 580.95.05, \
              NVIDIA-A100-SXM4-40GB); not judged on c (driver not known, NVIDIA-A100-SXM4-40GB)"
            ]
        );
    }

    #[test]
    fn nodes_that_no_workload_may_land_on_do_not_count() {
        let mixed = pool(&[node("a", "535.183.06"), node("b", "580.95.05"), node("c", "580.65.06")]);
        assert!(last_links(&stack("580"), &mixed).is_empty());
        let told = last_links(&stack("535"), &mixed);
        assert!(told.len() == 1 && told[0].contains("pool (a) has driver 535.183.06"), "{told:?}");
        // Of a pool that it may not land on at all, all is told.
        assert_eq!(last_links(&stack("470"), &mixed).len(), 1);
    }

    #[test]
    fn nodes_that_are_alike_are_one_pool() {
        let alike: Vec<Node> = (0..9).map(|at| node(&format!("n{at}"), "535.183.06")).collect();
        let told = last_links(&stack(""), &pool(&alike));
        assert!(told.len() == 1 && told[0].starts_with("pool has driver 535.183.06"), "{told:?}");
    }

    #[test]
    fn many_nodes_are_counted() {
        let nodes: Vec<Node> = (0..9).map(|at| node(&format!("n{at}"), "535.183.06")).collect();
        assert_eq!(names(&nodes.iter().collect::<Vec<_>>()), "n0, n1, n2, n3 and 5 more");
        assert_eq!(names(&[]), "");
    }
}

//! A pool whose machines are not alike: a stack is judged on each kind of them, and what fails names those that it fails on.

use super::target::{Node, Target};
use super::{Answer, Link, Stack, Verdict};

/// How many nodes are named before the rest is counted.
const NAMED: usize = 4;

/// The nodes of a pool that are alike.
pub(super) struct Group<'t> {
    /// The pool, as if it were made of these alone.
    pub(super) target: Target,
    /// The nodes, in the pool's order.
    pub(super) nodes: Vec<&'t Node>,
}

/// Judges a stack on each kind of machine of a target. What holds of some machines alone says so, in its argument.
pub(super) fn judge(stack: &Stack, target: &Target, on: impl Fn(&Stack, &Target) -> Vec<Answer>) -> Vec<Answer> {
    let groups = groups(target);
    if groups.len() < 2 {
        return on(stack, target);
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
        if let Some(link) = where_it_holds(target, &groups, &on, answer.verdict) {
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

fn where_it_holds(target: &Target, groups: &[Group<'_>], on: &[usize], verdict: Verdict) -> Option<Link> {
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
    let text = format!("{holds} {some} of the {} nodes: {kinds}{others}", target.nodes.len());
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

/// Returns the kinds of machines that a target has, the least driver first; none where its machines are not known.
pub(super) fn groups(target: &Target) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for node in &target.nodes {
        let alike = |group: &&mut Group<'_>| {
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

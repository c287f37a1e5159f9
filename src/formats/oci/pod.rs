//! What a pod's description says of its containers and of the nodes that they run on.
//!
//! Specification: the Kubernetes API reference. Charts, and resources that others define, use the same fields.

use super::deployment::{across, fact, said};
use crate::intern;
use crate::model::{Fact, FactKind};
use crate::syntax::yaml::Node;

/// Says whether a map is a container: a patch of one may name no image.
pub(crate) fn is_container(node: &Node<'_>) -> bool {
    ["image", "env", "resources", "command", "args"].iter().any(|field| node.get(field).is_some())
}

/// Returns the variables that a container sets; what it takes from elsewhere is not known here.
pub(crate) fn settings(container: &Node<'_>) -> Vec<Fact> {
    let variables = container.get("env").map_or(&[][..], Node::items);
    let setting = |variable: &Node<'_>| {
        let name = variable.get("name").filter(|name| name.text().is_some())?;
        match variable.get("value") {
            Some(value) => value.text().is_some().then(|| fact(FactKind::Env, name.text().unwrap_or_default(), value)),
            None if variable.get("valueFrom").is_some() => None,
            None => Some(said(FactKind::Env, name.text().unwrap_or_default(), "", name.place)),
        }
    };
    variables.iter().filter_map(setting).collect()
}

/// Returns the devices that a container asks for: resources whose names begin with a domain.
pub(crate) fn limits(container: &Node<'_>) -> Vec<Fact> {
    let mut limits: Vec<Fact> = Vec::new();
    for field in ["limits", "requests"] {
        for entry in container.at(&["resources", field]).map_or(&[][..], Node::entries) {
            let is_known = limits.iter().any(|limit| limit.name == entry.key);
            if entry.key.contains('/') && !is_known && entry.node.text().is_some() {
                limits.push(fact(FactKind::Limit, &entry.key, &entry.node));
            }
        }
    }
    limits
}

/// Returns the claims of dynamic resources that a container uses, by what the pod claims under their names.
pub(crate) fn claimed(pod: &Node<'_>, container: &Node<'_>) -> Vec<Fact> {
    let used = container.at(&["resources", "claims"]).map_or(&[][..], Node::items);
    let claims = pod.get("resourceClaims").map_or(&[][..], Node::items);
    let claim = |used: &Node<'_>| {
        let name = used.get("name")?;
        let claim = claims.iter().find(|claim| claim.get("name").and_then(Node::text) == name.text());
        let of = claim.and_then(|claim| claim.get("resourceClaimTemplateName").or(claim.get("resourceClaimName")));
        Some(fact(FactKind::Limit, "resource-claim", of.unwrap_or(name)))
    };
    used.iter().filter_map(claim).collect()
}

/// Returns what a pod asks of its node, for all of its containers.
pub(crate) fn wishes_of(pod: &Node<'_>) -> Vec<Fact> {
    let mut wishes = selects(pod);
    for toleration in pod.get("tolerations").map_or(&[][..], Node::items) {
        let key = toleration.get("key");
        let text = |field: &str| toleration.get(field).and_then(Node::text).unwrap_or_default();
        let place = key.or_else(|| toleration.get("operator")).unwrap_or(toleration).place;
        let mut fact = said(FactKind::Tolerate, text("key"), text("value"), place);
        fact.detail = intern::text(text("effect"));
        wishes.push(fact);
    }
    wishes.extend(pod.get("runtimeClassName").map(|class| fact(FactKind::Runtime, "runtimeClassName", class)));
    wishes
}

/// Returns the labels that a node must have.
pub(crate) fn selects(pod: &Node<'_>) -> Vec<Fact> {
    let labels = pod.get("nodeSelector").map_or(&[][..], Node::entries).iter();
    let mut selects: Vec<Fact> = labels.map(|label| fact(FactKind::Select, &label.key, &label.node)).collect();
    let terms = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    // One term must hold, with all that it says: what all of them say of a label, the node must meet.
    let terms: Vec<Vec<Term<'_>>> = pod.at(&terms).map_or(&[][..], Node::items).iter().map(terms_of).collect();
    let Some((first, rest)) = terms.split_first() else { return selects };
    for term in first {
        let alike: Option<Vec<&Term<'_>>> =
            rest.iter().map(|terms| terms.iter().find(|other| other.key == term.key)).collect();
        let Some(alike) = alike else { continue };
        let all: Vec<&Term<'_>> = std::iter::once(term).chain(alike).collect();
        let values: Vec<&Node<'_>> = all.iter().flat_map(|term| term.values.iter().copied()).collect();
        let exists = all.iter().any(|term| term.values.is_empty());
        let mut texts: Vec<&str> = values.iter().filter_map(|value| value.text()).filter(|_| !exists).collect();
        let mut seen = std::collections::BTreeSet::new();
        texts.retain(|text| seen.insert(*text));
        let place = if exists { term.place.place } else { across(&values).unwrap_or(term.place.place) };
        selects.push(said(FactKind::Select, term.key, &texts.join(","), place));
    }
    selects
}

/// What a term says of one label: the values that it may have; any where there are none.
struct Term<'n> {
    key: &'n str,
    place: &'n Node<'n>,
    values: Vec<&'n Node<'n>>,
}

/// Returns what a term says of labels that a node must have; what it must not have is left out.
fn terms_of<'n>(term: &'n Node<'n>) -> Vec<Term<'n>> {
    let expressions = term.get("matchExpressions").map_or(&[][..], Node::items);
    let read = |expression: &'n Node<'n>| {
        let key = expression.get("key")?;
        let values = match expression.get("operator").and_then(Node::text)? {
            "In" => expression.get("values")?.items().iter().filter(|value| value.text().is_some()).collect(),
            "Exists" => Vec::new(),
            _ => return None,
        };
        Some(Term { key: key.text()?, place: key, values })
    };
    expressions.iter().filter_map(read).collect()
}

//! Helm: the charts that a chart depends on, and the images that its values name.

mod chart_lock;
mod chart_yaml;
mod values;

use super::Format;
use super::oci::deployment::Deployment;
use crate::intern;
use crate::model::{Component, Gap, Origin, Purl, Requirement, SUBJECT};
use crate::syntax::yaml::Node;

/// The formats of this folder.
pub const FORMATS: &[&dyn Format] = &[&chart_lock::ChartLock, &chart_yaml::ChartYaml, &values::Values];

/// Returns a chart as a component: `pkg:helm/redis@19.6.4?repository_url=…`.
pub(crate) fn component(name: &str, version: &str, repository: &str) -> Component {
    let (namespace, name) = name.rsplit_once('/').unwrap_or(("", name));
    let mut purl = Purl::new("helm", namespace, name, version);
    let mut origin = Origin::Unknown;
    // An alias names a repository of whoever runs Helm.
    if !repository.is_empty() && !repository.starts_with(['@', '.', '/']) && !repository.starts_with("alias:") {
        origin = Origin::registry(repository);
        purl = purl.with_qualifiers(&[("repository_url", origin.address().unwrap_or_default())]);
    }
    Component { origin, ..Component::new(purl) }
}

/// Adds a chart that a file asks for: a component where its version is exact, else a requirement without an answer.
pub(crate) fn asked(
    name: Option<&Node<'_>>,
    version: Option<&Node<'_>>,
    repository: Option<&Node<'_>>,
    deployment: &mut Deployment<'_, '_>,
) {
    let Some((name, node)) = name.and_then(|node| Some((node.text()?, node))) else { return };
    let text = |node: Option<&Node<'_>>| node.and_then(Node::text).unwrap_or_default().to_owned();
    let (constraint, repository) = (text(version), text(repository));
    let asked = version.unwrap_or(node).place;
    // A folder of the tree, and not a chart that was packed.
    if name.is_empty() || name.starts_with(['.', '/']) || repository.starts_with("file:") {
        return;
    }
    if is_exact(&constraint) && !name.contains(['{', '$']) {
        deployment.package(component(name, &constraint, &repository), node.place, asked);
        return;
    }
    let requirement = Requirement { constraint: intern::text(&constraint), ..Requirement::of(deployment.scope) };
    deployment.inventory.declare(SUBJECT, intern::text(name), requirement, asked, Gap::Unpinned);
}

/// Says whether a version is one, and no range: Helm takes `1.2` for any of it.
fn is_exact(version: &str) -> bool {
    let version = version.strip_prefix('v').unwrap_or(version);
    let numbers = version.split(['-', '+']).next().unwrap_or_default();
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    numbers.split('.').count() == 3
        && numbers.split('.').all(is_number)
        && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_exact;

    #[test]
    fn ranges_are_told_from_versions() {
        for (version, expected) in [
            ("1.2.3", true),
            ("v1.2.3-rc.1+build", true),
            ("1.2", false),
            ("1.2.x", false),
            ("~1.2.3", false),
            (">=1.2.3 <2", false),
            ("1.2.3 - 2.0.0", false),
            ("*", false),
            ("", false),
            ("HEAD", false),
        ] {
            assert_eq!(is_exact(version), expected, "{version}");
        }
    }
}

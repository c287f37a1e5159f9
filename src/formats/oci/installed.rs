//! What a build installs, as components: what a command names by its exact version, its commit or its address is held to the
//! BOM as what a lockfile locks. The rest is installed at whatever there is on that day, and is none.

use std::collections::BTreeMap;

use super::installs::{Found, Taken};
use super::shipped::{self, Share};
use crate::formats::conda::address::{channel_name, is_subdir};
use crate::formats::pypi::constraint::pinned;
use crate::formats::pypi::pep508::Address;
use crate::intern;
use crate::model::{Component, FactKind, Inventory, NodeId, Origin, Purl, Requirement, SUBJECT, Scope};
use crate::source::{Place, Source};

/// The property of a package for which uv chose the index of PyTorch: `cu128`.
const BACKEND: &str = "torch-backend";

/// Adds what the commands of a build install, once its parts are known.
pub(super) fn add(source: &Source<'_>, inventory: &mut Inventory, found: &[(Found, Place)]) {
    for (found, place) in found {
        let component = component(found);
        // What a component is taken from, it says itself.
        let is_said =
            |address: &&String| component.is_some() && matches!(&found.taken, Taken::Index(index) if index == *address);
        for address in found.places.iter().filter(|address| is_looked_up(found, address) && !is_said(address)) {
            inventory.look_up(address, *place);
        }
        let Some(component) = component else { continue };
        let spelled = spelled(source, inventory, component.purl.name(), *place);
        let node = inventory.add(component, spelled);
        let extras = found.name.split_once('[').map_or("", |(_, extras)| extras.trim_end_matches(']'));
        let requirement = Requirement { extra: intern::text(extras), ..Requirement::of(Scope::Build) };
        inventory.edge(SUBJECT, node, requirement, *place);
    }
}

/// Says of each package whether it is in what runs: `open` returns the stages that one may start from where the file leaves
/// that open.
pub(super) fn ship(inventory: &mut Inventory, open: &dyn Fn(usize) -> Vec<usize>) {
    let Some(runs) = inventory.parts.iter().rposition(|part| part.runs) else { return };
    let shares = shipped::shares(&inventory.parts, runs, open);
    // What `ONBUILD` holds back is installed in several stages by one command.
    let mut places: BTreeMap<Place, Share> = BTreeMap::new();
    for (part, share) in inventory.parts.iter().zip(shares) {
        for fact in part.facts_of(FactKind::Install) {
            let known = places.entry(fact.place).or_insert(share);
            *known = share.max(*known);
        }
    }
    for at in 0..inventory.edges.len() {
        let (to, place) = (inventory.edges[at].to, inventory.edges[at].place);
        let Some(share) = places.get(&place).filter(|_| is_package(inventory, to)) else { continue };
        // What cargo and go compile is a program, and is copied as one.
        let is_program = inventory.component(to).is_some_and(|it| matches!(it.purl.ty(), "cargo" | "golang"));
        let ships = *share == Share::Whole || (is_program && *share == Share::Program);
        let scope = if ships { Scope::Runtime } else { Scope::Build };
        let edge = &mut inventory.edges[at];
        edge.requirement = Requirement { scope, ..*edge.requirement }.intern();
    }
}

/// Says whether a node is a package, and neither an image nor a model.
pub(super) fn is_package(inventory: &Inventory, node: NodeId) -> bool {
    inventory.component(node).is_some_and(|it| !matches!(it.purl.ty(), "docker" | "oci" | "huggingface"))
}

/// Says whether an address is one that can be held to: no folder of the build, and nothing that only the build knows.
fn is_looked_up(found: &Found, address: &str) -> bool {
    let is_channel = || found.name.starts_with("conda:") && !address.starts_with(['.', '/']);
    !is_open(address) && (address.contains("://") || is_channel())
}

/// Says whether a text has parts that only the build knows.
fn is_open(text: &str) -> bool {
    text.contains(['$', '`'])
}

/// Returns the place that spells a package's name: where it is installed, or in the variable that the command uses.
fn spelled(source: &Source<'_>, inventory: &Inventory, name: &str, place: Place) -> Place {
    let normal = |text: &str| text.to_lowercase().replace(['_', '.'], "-");
    let name = normal(name);
    let spells = |place: &Place| {
        let text = source.text.get(place.start as usize..(place.start + place.len) as usize).unwrap_or_default();
        normal(text).contains(&name)
    };
    if spells(&place) {
        return place;
    }
    let facts = inventory.parts.iter().flat_map(|part| &part.facts);
    let settings = facts.filter(|fact| matches!(fact.kind, FactKind::Env | FactKind::Arg) && fact.place < place);
    settings.map(|fact| fact.place).filter(spells).max().unwrap_or(place)
}

/// Returns what a command installs; none where it leaves a choice, or only the build knows.
fn component(found: &Found) -> Option<Component> {
    let (manager, name) = found.name.split_once(':').filter(|_| found.kind == FactKind::Install)?;
    let name = name.split('[').next().unwrap_or(name);
    let is_name = name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '@')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+/@".contains(&byte));
    if !is_name || is_open(&found.value) || (found.taken == Taken::Address && is_open(&found.detail)) {
        return None;
    }
    let mut component = match manager {
        "conda" => of_conda(name, found)?,
        _ => of_others(manager, name, found)?,
    };
    if let Taken::Index(index) = &found.taken
        && !is_open(index)
    {
        component.origin = Origin::registry(index);
    }
    // What it chooses the index of, uv knows by name: PyTorch, its own libraries, and vLLM.
    let backend = found.detail.split(',').find_map(|part| part.strip_prefix("torch-backend="));
    if let Some(backend) = backend.filter(|backend| !is_open(backend) && (name.contains("torch") || name == "vllm")) {
        component.properties.push((BACKEND, intern::text(backend)));
    }
    Some(component)
}

fn of_others(manager: &str, name: &str, found: &Found) -> Option<Component> {
    let value = found.value.as_str();
    let begins = |sign: fn(&char) -> bool, text: &str| text.chars().next().is_some_and(|first| sign(&first));
    let is_number = begins(char::is_ascii_digit, value) && !value.contains([' ', '*', '|', ',', '<', '>']);
    let is_whole = value.split('.').take(3).filter(|part| begins(char::is_ascii_digit, part)).count() == 3;
    let (ty, version) = match manager {
        "pip" | "pipx" => ("pypi", pinned(value)),
        "npm" => ("npm", Some(value).filter(|_| is_number && is_whole)),
        "cargo" => ("cargo", Some(value).filter(|_| is_number && is_whole)),
        "gem" => ("gem", Some(value).filter(|_| is_number)),
        "go" => {
            let is_version = value.strip_prefix('v').is_some_and(|rest| begins(char::is_ascii_digit, rest));
            ("golang", Some(value).filter(|_| is_version && value.matches('.').count() >= 2))
        }
        "apt" | "apk" | "rpm" => {
            let version = value.strip_prefix('=').filter(|version| begins(char::is_ascii_alphanumeric, version));
            let ty = if manager == "apt" { "deb" } else { manager };
            (ty, version.filter(|version| !version.contains(['*', '?', '[', ' '])))
        }
        _ => return None,
    };
    let address = (found.taken == Taken::Address).then(|| Address::read(&found.detail));
    let is_named = match address.as_ref().map(|address| address.origin) {
        // A branch that is not even named is whatever it holds.
        Some(Origin::Git { commit, reference, .. }) => !commit.is_empty() || !reference.is_empty(),
        Some(Origin::Url(_)) => true,
        _ => false,
    };
    if version.is_none() && !is_named {
        return None;
    }
    let (namespace, base) = match ty {
        "npm" | "golang" => name.rsplit_once('/').unwrap_or(("", name)),
        _ => ("", name),
    };
    let mut component = Component::new(Purl::new(ty, namespace, base, version.unwrap_or_default()));
    if let Some(address) = address {
        component.origin = address.origin;
        component.digests = address.digests;
    }
    Some(component)
}

/// Reads `=2.5.1`, `==2.5.1`, `=2.5.1=py3.12_cuda12.4_0`. One `=` with fewer numbers holds those: it is the version that the
/// command names.
fn of_conda(name: &str, found: &Found) -> Option<Component> {
    let pin = found.value.strip_prefix("==").or(found.value.strip_prefix('='))?;
    let (version, build) = pin.split_once(['=', ' ']).unwrap_or((pin, ""));
    let is_version = version.starts_with(|first: char| first.is_ascii_digit())
        && !version.contains(|sign: char| "*,|<>~^=![]'\" ".contains(sign));
    if !is_version || build.contains(|sign: char| "=,[]'\" ".contains(sign)) {
        return None;
    }
    let (build, pattern) = if build.contains(['*', '^']) { ("", build) } else { (build, "") };
    let channel = match &found.taken {
        Taken::Index(channel) if !is_open(channel) => channel.as_str(),
        _ => "",
    };
    let (channel, subdir) = channel.rsplit_once('/').filter(|(_, end)| is_subdir(end)).unwrap_or((channel, ""));
    let qualifiers = [("build", build), ("channel", channel_name(channel)), ("subdir", subdir)];
    let mut component = Component::new(Purl::build("conda", "", name, version, &qualifiers, ""));
    if !pattern.is_empty() {
        component.properties.push(("conda:build", intern::text(pattern)));
    }
    Some(component)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::oci::line::Word;

    #[test]
    fn what_is_exact_is_a_component() {
        let word = Word { text: String::new(), range: 0..1 };
        let git = "git+https://git.example/team/a";
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (name, value, detail, expected) in [
            ("pip:torch", "==2.5.1", "", "pkg:pypi/torch@2.5.1"),
            ("pip:Flash_Attn[x]", "==2.8.2+cu12", "", "pkg:pypi/flash-attn@2.8.2%2Bcu12"),
            ("pipx:poetry", "==1.8.4", "", "pkg:pypi/poetry@1.8.4"),
            ("pip:torch", ">=2.5", "", "-"),
            ("pip:torch", "==2.5.*", "", "-"),
            ("pip:torch", "==${TORCH}", "", "-"),
            ("pip:torch", "", "", "-"),
            ("pip:$(cat x)", "==1", "", "-"),
            (
                "pip:a",
                "",
                &format!("{git}@{commit}"),
                &format!("pkg:pypi/a git https://git.example/team/a at {commit}"),
            ),
            ("pip:a", "", &format!("{git}@v1.2"), "pkg:pypi/a git https://git.example/team/a (v1.2)"),
            ("pip:a", "", git, "-"),
            ("pip:a", "", &format!("{git}@$REF"), "-"),
            (
                "pip:a",
                "==1.0",
                "https://w.example/a-1.0-py3-none-any.whl",
                "pkg:pypi/a@1.0 https://w.example/a-1.0-py3-none-any.whl",
            ),
            ("pip:apex", "==0.1", "apex-0.1-py3-none-any.whl", "pkg:pypi/apex@0.1 path apex-0.1-py3-none-any.whl"),
            ("pip:vllm", "", "dist/vllm-*.whl", "-"),
            ("npm:@scope/tool", "1.2.3", "", "pkg:npm/%40scope/tool@1.2.3"),
            ("npm:pnpm", "9", "", "-"),
            ("npm:pnpm", "9.x.1", "", "-"),
            ("npm:pnpm", "latest", "", "-"),
            ("npm:pnpm", "^9.1.2", "", "-"),
            ("cargo:just", "1.36.0", "", "pkg:cargo/just@1.36.0"),
            ("cargo:just", "1.36", "", "-"),
            (
                "cargo:tool",
                "",
                &format!("{git}@{commit}"),
                &format!("pkg:cargo/tool git https://git.example/team/a at {commit}"),
            ),
            ("go:git.example/team/cmd", "v1.2.3", "", "pkg:golang/git.example/team/cmd@v1.2.3"),
            ("go:git.example/team/cmd", "latest", "", "-"),
            ("go:git.example/team/cmd", "v1", "", "-"),
            ("gem:puma", "6.4.3", "", "pkg:gem/puma@6.4.3"),
            ("gem:puma", "~> 6", "", "-"),
            ("apt:curl", "=7.88.1-10+deb12u8", "", "pkg:deb/curl@7.88.1-10%2Bdeb12u8"),
            ("apt:curl", "=7.88.*", "", "-"),
            ("apk:gcc", "=13.2.1-r0", "", "pkg:apk/gcc@13.2.1-r0"),
            ("apk:gcc", "~13", "", "-"),
            ("conda:pytorch", "=2.5.1=py3.12_cuda12.4_0", "", "pkg:conda/pytorch@2.5.1?build=py3.12_cuda12.4_0"),
            ("conda:pytorch", "==2.5.1=*cuda*", "", "pkg:conda/pytorch@2.5.1"),
            ("conda:cuda-version", "=12.4", "", "pkg:conda/cuda-version@12.4"),
            ("conda:numpy", ">=2", "", "-"),
            ("conda:numpy", "=2.*", "", "-"),
            ("cog:cuda", "=12.4", "", "-"),
        ] {
            let found = Found::new(FactKind::Install, name, value, detail, &word);
            let found = if detail.is_empty() { found } else { found.addressed() };
            let shown = component(&found).map_or("-".to_owned(), |component| {
                let origin = Some(component.origin).filter(|origin| *origin != Origin::Unknown);
                let origin = origin.map_or(String::new(), |origin| format!(" {origin}"));
                format!("{}{origin}", component.purl)
            });
            assert_eq!(shown, *expected, "{name} {value} {detail}");
        }
    }

    #[test]
    fn sources_are_kept_where_they_are_known() {
        let word = Word { text: String::new(), range: 0..1 };
        let of = |name: &str, value: &str, detail: &str| Found::new(FactKind::Install, name, value, detail, &word);
        let indexed = component(&of("pip:torch", "==2.8.0", "").indexed("https://w.example/cu126"));
        let indexed = indexed.map(|component| component.origin.to_string());
        assert_eq!(indexed.as_deref(), Some("registry https://w.example/cu126"));
        let open = component(&of("pip:torch", "==2.8.0", "").indexed("https://$HOST/cu126"));
        assert_eq!(open.map(|component| component.origin), Some(Origin::Unknown));
        let channel = component(&of("conda:pytorch", "==2.5.1", "pytorch").indexed("pytorch"));
        assert_eq!(channel.map(|component| component.purl.as_str()), Some("pkg:conda/pytorch@2.5.1?channel=pytorch"));
        let backend = component(&of("pip:torch", "==2.8.0", "torch-backend=cu128"));
        assert_eq!(backend.map(|component| component.properties), Some(vec![(BACKEND, "cu128")]));
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let url = format!("https://w.example/a-1.0-py3-none-any.whl#sha256={hex}");
        let hashed = component(&of("pip:a", "==1.0", &url).addressed());
        assert_eq!(hashed.map(|component| component.digests.len()), Some(1));
    }
}

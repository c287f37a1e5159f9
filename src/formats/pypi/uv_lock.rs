//! `uv.lock`, version 1 in all its revisions.
//!
//! Specification: uv's `crates/uv-resolver/src/lock`. A package is told by name, version and source; an entry that requires
//! it leaves out what is unique. Several versions of one name are several packages, each under its `resolution-markers`.

mod files;
mod raw;

use ::toml::Spanned;
use anyhow::Result;
use hashbrown::{HashMap, HashSet};
use pep440_rs::{Version, VersionSpecifiers};

use self::files::Listed;
use self::raw::{Asked, Entry, File, Head, One, Package, Where};
use super::answers::pythons;
use super::hosts::Hosts;
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{Component, Digest, Gap, Inventory, NodeId, Purl, Requirement, SUBJECT, Says, Scope};
use crate::source::{Place, Source};
use crate::syntax::toml::{self, Chunk};

entry! {
    /// `uv.lock`, every package uv resolved for a project, a workspace or a script.
    ///
    /// Version 1, all revisions. A package that uv locks in several versions is several components, each under the
    /// markers for which uv chose it.
    pub UvLock = "uv-lock"
}

impl Format for UvLock {
    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Scopes, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn files(&self) -> &'static [&'static str] {
        &["uv.lock", "*.py.lock"]
    }

    fn recognizes(&self, text: &str) -> bool {
        let is_uvs = text.contains("source = { registry") || text.contains("requires-python = ");
        text.contains("[[package]]") && is_uvs && !text.contains("content-hash") && !text.contains("lock-version")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        // What is wrong with a lock is said by the plain way, which sees all of it.
        parse(source, true).or_else(|_| parse(source, false))
    }
}

/// How many answers to one requirement are told apart; real locks have a handful.
const MOST: usize = 256;

/// Reads a lock; `quick` reads the lists of files by [`files::take`] where they have uv's own layout.
fn parse(source: &Source<'_>, quick: bool) -> Result<Inventory> {
    let taken = if quick { files::take(source.text) } else { None };
    let text = Source { text: taken.as_ref().map_or(source.text, |taken| &taken.rest), ..*source };
    let (head, chunks): (Head, Vec<Chunk<One>>) = toml::chunked(&text, "package")?;
    // Which files are whose is known by the text of each package.
    if taken.is_some() && chunks.iter().any(|chunk| chunk.is_of_whole() || chunk.value.package.len() != 1) {
        return parse(source, false);
    }
    match &head.version {
        Some(version) if *version.get_ref() == 1 => {}
        Some(version) => {
            let message = format!("version {} of uv.lock is not known; version 1 is read", version.get_ref());
            return Err(source.fault(source.place_at(version.span()), message));
        }
        None => return Err(source.fault(source.start(), "no version in it; is it a lock of uv's?")),
    }
    if chunks.is_empty() && head.manifest.requirements.is_empty() {
        let message = "no [[package]] in it; a lock holds at least its own project";
        return Err(source.fault(source.start(), message));
    }
    let mut inventory = Inventory::new(source, "uv-lock");
    inventory.says = Says { licence: false, ..Says::ALL };
    let mut lock = Lock { source: &text, packages: Vec::with_capacity(chunks.len()), named: HashMap::new() };
    lock.add(&chunks, taken.as_ref().map_or(&[], |taken| &taken.files), &head, &mut inventory);
    lock.link(&mut inventory);
    lock.asked_by_the_workspace(&head, &mut inventory);
    pythons(&mut inventory, head.requires_python.as_deref());
    if let Some(taken) = &taken {
        taken.restore(&mut inventory);
    }
    Ok(inventory)
}

/// A package, and where it went.
struct Locked<'l> {
    package: &'l Package,
    chunk: &'l Chunk<One>,
    node: NodeId,
}

struct Lock<'l, 't> {
    source: &'l Source<'t>,
    packages: Vec<Locked<'l>>,
    /// Packages by name and version, and by name alone, as indices.
    named: HashMap<(&'l str, Option<&'l str>), Vec<usize>>,
}

impl<'l> Lock<'l, '_> {
    /// Adds the packages.
    fn add(&mut self, chunks: &'l [Chunk<One>], files: &[Listed<'_>], head: &Head, inventory: &mut Inventory) {
        let members: HashMap<&str, &Spanned<String>> =
            head.manifest.members.iter().map(|member| (member.get_ref().as_str(), member)).collect();
        let mut seen: HashSet<(&str, Option<&str>, (Where, &str))> = HashSet::with_capacity(chunks.len());
        let packages = chunks.iter().flat_map(|chunk| chunk.value.package.iter().map(move |package| (chunk, package)));
        let packages: Vec<(&Chunk<One>, &Package)> = packages.collect();
        let (mut rest, mut hosts) = (files, Hosts::default());
        let mut taken_of: Vec<&[Listed<'_>]> = Vec::with_capacity(packages.len());
        for (chunk, package) in &packages {
            let whole = chunk.whole(self.source);
            let start = rest.partition_point(|file| file.at < whole.start as usize);
            let end = rest.partition_point(|file| file.at < whole.start as usize + whole.len as usize);
            let taken = &rest[start..end];
            rest = &rest[end..];
            let listed = package.sdist.iter().chain(&package.wheels).filter_map(|file| file.url.as_deref());
            hosts.add(package.source.origin(), taken.iter().map(|file| file.url).chain(listed));
            taken_of.push(taken);
        }
        for (((chunk, package), taken), odd) in packages.into_iter().zip(taken_of).zip(hosts.odd()) {
            let (name, version) = (package.name.get_ref().as_str(), package.version.as_deref());
            let place = chunk.place(self.source, package.name.span());
            if !seen.insert((name, version, package.source.key())) {
                let name = name.escape_debug();
                inventory.fault(place, format!("{name} is listed twice with one version and source"));
                continue;
            }
            let mut component = Component::new(Purl::new("pypi", "", name, version.unwrap_or_default()));
            component.origin = package.source.origin();
            component.properties = odd;
            component.digests = taken.iter().filter_map(|file| file.digest).collect();
            for file in package.sdist.iter().chain(&package.wheels) {
                component.digests.extend(self.digest(chunk, file, inventory));
            }
            let is_root = match &head.manifest.members[..] {
                [] => package.source.is_here(),
                _ => members.contains_key(name) && package.source.is_local(),
            };
            let node = if is_root { inventory.add_root(component, place) } else { inventory.add(component, place) };
            inventory.nodes[node as usize].environment = intern::text(&package.markers.join(" or "));
            self.named.entry((name, None)).or_default().push(self.packages.len());
            if version.is_some() {
                self.named.entry((name, version)).or_default().push(self.packages.len());
            }
            self.packages.push(Locked { package, chunk, node });
        }
        for member in &head.manifest.members {
            let name = member.get_ref().as_str();
            let of_name = self.named.get(&(name, None)).map_or(&[][..], Vec::as_slice);
            if !of_name.iter().any(|&index| inventory.nodes[self.packages[index].node as usize].root) {
                let message = format!("the member {} is not in the lock", name.escape_debug());
                inventory.fault(self.head_place(member), message);
            }
        }
        if !inventory.nodes.iter().any(|node| node.root)
            && head.manifest.requirements.is_empty()
            && head.manifest.groups.values().all(Vec::is_empty)
        {
            inventory.fault(inventory.nodes[SUBJECT as usize].place, "no package of the project itself in it");
        }
    }

    fn digest(&self, chunk: &Chunk<One>, file: &File, inventory: &mut Inventory) -> Option<Digest> {
        let hash = file.hash.as_ref()?;
        let digest = Digest::colon(hash.get_ref());
        if digest.is_none() {
            let message = format!("\"{}\" is no digest that is known", hash.get_ref().escape_debug());
            inventory.fault(chunk.place(self.source, hash.span()), message);
        }
        digest
    }

    /// Adds the requirements of every package.
    fn link(&self, inventory: &mut Inventory) {
        for locked in &self.packages {
            let package = locked.package;
            let asked = Asking::new(package.metadata.requires.iter());
            for entry in &package.dependencies {
                self.require(locked, entry, Scope::Runtime, "", &asked, inventory);
            }
            for (extra, entries) in &package.extras {
                for entry in entries {
                    self.require(locked, entry, Scope::Optional, extra, &asked, inventory);
                }
            }
            for (group, entries) in &package.groups {
                let asked = Asking::new(package.metadata.groups.get(group).into_iter().flatten());
                for entry in entries {
                    self.require(locked, entry, Scope::Dev, group, &asked, inventory);
                }
            }
        }
    }

    /// Adds one requirement of a package.
    fn require(
        &self,
        from: &Locked<'_>,
        entry: &Entry,
        scope: Scope,
        extra: &str,
        asked: &Asking<'_>,
        inventory: &mut Inventory,
    ) {
        let found =
            self.find(entry.name.get_ref(), entry.version.as_deref(), entry.source.as_ref().map(raw::From::key));
        let optional = if scope == Scope::Optional { extra } else { "" };
        let version = match found[..] {
            [one] => self.packages[one].package.version.as_deref(),
            _ => None,
        };
        let said = asked.by(entry, optional, version);
        let part = said.map_or(&entry.name, |said| &said.name);
        let place = from.chunk.place(self.source, part.span());
        let requirement = Requirement {
            scope,
            constraint: said.map_or("", Asked::constraint),
            environment: intern::text(entry.marker.as_deref().unwrap_or_default()),
            extra: if scope == Scope::Runtime { intern::text(&entry.extra.join(",")) } else { intern::text(extra) },
        };
        let asks =
            Asks { from: from.node, by: from.package.name.get_ref(), name: entry.name.get_ref(), requirement, place };
        self.answer(asks, found, inventory);
    }

    /// Adds what the workspace itself, or a script, asks for.
    fn asked_by_the_workspace(&self, head: &Head, inventory: &mut Inventory) {
        let plain = head.manifest.requirements.iter().map(|asked| (asked, Scope::Runtime, ""));
        let groups = head
            .manifest
            .groups
            .iter()
            .flat_map(|(group, all)| all.iter().map(move |asked| (asked, Scope::Dev, group.as_str())));
        for (asked, scope, group) in plain.chain(groups) {
            let name = asked.name.get_ref();
            let mut found = self.find(name, None, None);
            if found.len() > 1
                && let Some(specifier) = asked.specifier.as_deref()
            {
                found.retain(|&index| {
                    self.packages[index].package.version.as_deref().is_none_or(|version| satisfies(version, specifier))
                });
            }
            let requirement = Requirement {
                scope,
                constraint: asked.constraint(),
                environment: intern::text(asked.marker.as_deref().unwrap_or_default()),
                extra: if group.is_empty() { intern::text(&asked.extras.join(",")) } else { intern::text(group) },
            };
            let place = self.head_place(&asked.name);
            let asks = Asks { from: SUBJECT, by: "the workspace", name, requirement, place };
            self.answer(asks, found, inventory);
        }
    }

    /// Adds a requirement by what was found for it.
    fn answer(&self, asks: Asks<'_>, found: Vec<usize>, inventory: &mut Inventory) {
        let Asks { from, by, name, requirement, place } = asks;
        match found[..] {
            [] => {
                let (by, name) = (by.escape_debug(), name.escape_debug());
                inventory
                    .fault(place, format!("{by} requires {name} in a form that the lock does not hold; run uv lock"));
            }
            [one] => inventory.edge(from, self.packages[one].node, requirement, place),
            _ => {
                let nodes = found.iter().map(|&index| self.packages[index].node).collect();
                inventory.declare(from, intern::text(name), requirement, place, Gap::Ambiguous(nodes));
            }
        }
    }

    /// Returns the packages that a name, and version and source where they are given, can mean.
    fn find(&self, name: &str, version: Option<&str>, from: Option<(Where, &str)>) -> Vec<usize> {
        let Some(all) = self.named.get(&(name, version)) else { return Vec::new() };
        let is_it = |&index: &usize| from.is_none_or(|from| self.packages[index].package.source.key() == from);
        all.iter().copied().filter(is_it).take(MOST).collect()
    }

    /// Returns the place of a string of the head, whose pieces may stand after the packages.
    fn head_place(&self, part: &Spanned<String>) -> Place {
        let (text, name) = (self.source.text, part.get_ref().as_str());
        if text.get(part.span()).is_some_and(|spelled| spelled.contains(name)) {
            return self.source.place_at(part.span());
        }
        let spelled = format!("\"{name}\"");
        text.find(&spelled).map_or(self.source.start(), |at| self.source.place_at(at..at + spelled.len()))
    }
}

/// A requirement that waits for its answer.
struct Asks<'r> {
    from: NodeId,
    by: &'r str,
    name: &'r str,
    requirement: Requirement,
    place: Place,
}

/// What a package's own metadata asks for, by name.
struct Asking<'l>(HashMap<&'l str, Vec<&'l Asked>>);

impl<'l> Asking<'l> {
    fn new(all: impl Iterator<Item = &'l Asked>) -> Self {
        let mut named: HashMap<&str, Vec<&Asked>> = HashMap::new();
        for asked in all {
            let all = named.entry(asked.name.get_ref()).or_default();
            if all.len() < MOST {
                all.push(asked);
            }
        }
        Asking(named)
    }

    /// Returns what an entry answers; none where several could be it.
    fn by(&self, entry: &Entry, extra: &str, version: Option<&str>) -> Option<&'l Asked> {
        let mut found: Vec<&Asked> = self.0.get(entry.name.get_ref().as_str())?.clone();
        let mut narrow = |keep: &dyn Fn(&Asked) -> bool| {
            if found.len() > 1 {
                let kept: Vec<&Asked> = found.iter().copied().filter(|asked| keep(asked)).collect();
                if !kept.is_empty() {
                    found = kept;
                }
            }
        };
        let of_extra = |asked: &Asked| {
            let marker = asked.marker.as_deref().unwrap_or_default();
            if extra.is_empty() {
                !marker.contains("extra ==")
            } else {
                marker.contains(&format!("extra == '{extra}'"))
            }
        };
        narrow(&of_extra);
        narrow(&|asked| asked.marker == entry.marker);
        if let Some(version) = version {
            narrow(&|asked| asked.specifier.as_deref().is_none_or(|specifier| satisfies(version, specifier)));
        }
        match found[..] {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// Says whether a version is within a range; one that cannot be read is taken to be.
fn satisfies(version: &str, specifier: &str) -> bool {
    let (Ok(version), Ok(range)) = (version.parse::<Version>(), specifier.parse::<VersionSpecifiers>()) else {
        return true;
    };
    range.contains(&version)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::FileId;

    fn source(text: &str) -> Source<'_> {
        Source { file: FileId(0), path: "uv.lock", text }
    }

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// A lock in uv's own layout, with everything in it.
    fn lock() -> String {
        r#"version = 1
revision = 3
requires-python = ">=3.11"

[manifest]
members = [
    "app",
    "core",
]
requirements = [{ name = "attrs", specifier = ">=20" }]

[manifest.dependency-groups]
lint = [{ name = "torch", specifier = "<2.5" }]

[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "core", extra = ["gpu", "s3"] },
    { name = "torch", version = "2.4.1", source = { registry = "https://pypi.example/simple" }, marker = "sys_platform == 'darwin'" },
    { name = "torch", version = "2.6.0", source = { registry = "https://pypi.example/simple" }, marker = "sys_platform != 'darwin'" },
]

[package.optional-dependencies]
cpu = [
    { name = "attrs" },
]

[package.dev-dependencies]
dev = [
    { name = "attrs" },
    { name = "torch" },
]

[package.metadata]
requires-dist = [
    { name = "attrs", marker = "extra == 'cpu'", specifier = ">=21" },
    { name = "core", extras = ["gpu", "s3"], editable = "core" },
    { name = "torch", marker = "sys_platform == 'darwin'", specifier = "<2.5" },
    { name = "torch", marker = "sys_platform != 'darwin'", specifier = ">=2.5" },
]

[package.metadata.requires-dev]
dev = [{ name = "attrs", specifier = ">=22" }]

[[package]]
name = "attrs"
version = "23.1.0"
source = { git = "https://git.example/attrs?tag=23.1.0#0123" }

[[package]]
name = "core"
source = { editable = "core" }

[[package]]
name = "torch"
version = "2.4.1"
source = { registry = "https://pypi.example/simple" }
resolution-markers = [
    "sys_platform == 'darwin'",
    "sys_platform == 'ios'",
]
sdist = { url = "https://pypi.example/torch.tar.gz", hash = "sha256:HEX", size = 12, upload-time = "2024-01-01T00:00:00Z" }
wheels = [
    { url = "https://pypi.example/torch-1.whl", hash = "sha256:1EX", size = 12, upload-time = "2024-01-01T00:00:00Z" },
    { url = "https://pypi.example/torch-2.whl", hash = "sha256:2EX", size = 12 },
]

[[package]]
name = "torch"
version = "2.6.0"
source = { registry = "https://pypi.example/simple" }
wheels = [
    { url = "https://pypi.example/torch-3.whl", hash = "sha256:3EX", zstd = { hash = "sha256:HEX" } },
    { path = "torch-4.whl" },
    { url = "https://pypi.example/torch-5.whl", hash = "sha256:4EX", size = 12 },
]
"#
        .replace("HEX", HEX)
        .replace("EX\"", &format!("{}\"", &HEX[1..]))
    }

    #[test]
    fn requirements_come_with_scope_range_marker_and_extra() {
        let text = lock();
        let inventory = UvLock.parse(&source(&text)).unwrap();
        assert!(inventory.faults.is_empty(), "{:?}", inventory.faults);
        let label = |node: NodeId| {
            inventory.component(node).map_or(".".to_owned(), |c| format!("{}@{}", c.name(), c.version()))
        };
        let mut edges: Vec<String> = inventory
            .edges
            .iter()
            .map(|edge| {
                let Requirement { scope, constraint, environment, extra } = edge.requirement;
                let place = edge.place.start as usize..(edge.place.start + edge.place.len) as usize;
                assert!(text[place].contains(inventory.component(edge.to).unwrap().name()));
                let line = text[..edge.place.start as usize].matches('\n').count() + 1;
                let (from, to) = (label(edge.from), label(edge.to));
                format!("{from} -> {to} {}|{constraint}|{environment}|{extra} {line}", scope.name())
            })
            .collect();
        edges.sort();
        assert_eq!(
            edges,
            [
                ". -> app@0.1.0 runtime||| 16",
                ". -> attrs@23.1.0 runtime|>=20|| 10",
                ". -> core@ runtime||| 53",
                ". -> torch@2.4.1 dev|<2.5||lint 13",
                "app@0.1.0 -> attrs@23.1.0 dev|>=22||dev 45",
                "app@0.1.0 -> attrs@23.1.0 optional|>=21||cpu 38",
                "app@0.1.0 -> core@ runtime|||gpu,s3 39",
                "app@0.1.0 -> torch@2.4.1 runtime|<2.5|sys_platform == 'darwin'| 40",
                "app@0.1.0 -> torch@2.6.0 runtime|>=2.5|sys_platform != 'darwin'| 41",
            ]
        );
        assert_eq!(inventory.declared.len(), 1);
        assert_eq!(inventory.declared[0].gap, Gap::Ambiguous(vec![4, 5]));
        assert_eq!(inventory.nodes[4].environment, "sys_platform == 'darwin' or sys_platform == 'ios'");
        let digests = |node: NodeId| inventory.component(node).unwrap().digests.len();
        assert_eq!((digests(4), digests(5)), (3, 2));
        assert!(inventory.nodes[1].root && inventory.nodes[3].root && !inventory.nodes[2].root);
    }

    /// Both ways of reading the files say the same, whatever is done to a lock.
    #[test]
    fn the_quick_way_says_what_the_plain_one_says() {
        let says = |read: anyhow::Result<Inventory>| match read {
            Ok(inventory) => format!("{inventory:?}"),
            Err(error) => format!("{:?}", error.downcast_ref::<crate::source::Fault>()),
        };
        let lock = lock();
        assert_eq!(files::take(&lock).unwrap().files.len(), 3);
        let wheel = format!("    {{ url = \"x\", hash = \"sha256:{HEX}\", size = 12 }},\n");
        let mut texts = vec![lock.clone(), lock.replace('\n', "\r\n")];
        for (from, to) in [
            ("size = 12", "size = 012"),
            ("size = 12", "size = \"12\""),
            ("size = 12", "size = 1_2"),
            ("size = 12", "size = 12, size = 12"),
            ("size = 12", "size = 12, url = \"y\""),
            ("size = 12 }", "size = 12, }"),
            ("size = 12", "size = 99999999999999999999"),
            ("sha256:", "sha257:"),
            ("sha256:", "\\u0073ha256:"),
            ("sha256:", "sha256:\u{1}"),
            ("wheels = [\n", "wheels = [\n    # all of them\n"),
            ("wheels = [\n", "wheels = [\n,\n"),
            ("wheels = [\n", "wheels = []\nwheels = [\n"),
            ("wheels = [\n", "wheels = [ # all\n"),
            ("wheels = [\n", "wheels = \"\"\"[\n"),
            ("wheels = [\n", "\"wheels\" = [\n"),
            ("dependencies = [\n", "dependencies = [\nwheels = [\n"),
            ("requires-dist = [\n", "wheels = [\n"),
            ("]\n\n[[package]]", "\n[[package]]"),
            ("[[package]]\n", "[[package]] # one\n"),
            ("sdist = {", "sdist.size = 1\nsdist = {"),
            ("sdist = {", "sdist = {}\nsdist = {"),
            (" },\n", " }\n"),
            (" },\n", " },,\n"),
            ("name = \"torch\"\n", ""),
        ] {
            assert!(lock.contains(from), "{from}");
            texts.push(lock.replace(from, to));
        }
        texts.push(lock.replace("wheels = [\n", &format!("wheels = [\n{wheel}{wheel}")));
        texts.extend((0..lock.len()).step_by(3).filter_map(|end| lock.get(..end)).map(str::to_owned));
        for text in texts {
            let (quick, plain) = (says(UvLock.parse(&source(&text))), says(parse(&source(&text), false)));
            assert!(quick == plain, "{text}\nquick: {quick}\nplain: {plain}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, message) in [
            ("", "the file is empty"),
            ("version = 2\n", "version 2 of uv.lock is not known; version 1 is read"),
            ("requires-python = \">=3\"\n", "no version in it; is it a lock of uv's?"),
            ("version = 1\n", "no [[package]] in it; a lock holds at least its own project"),
        ] {
            assert_eq!(UvLock.parse(&source(text)).unwrap_err().to_string(), message);
        }
        let text = r#"version = 1
[manifest]
members = ["gone"]
[[package]]
name = "app"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "nowhere" }, { name = "app", version = "2" }]
sdist = { hash = "sha1:0" }
[[package]]
name = "app"
version = "1"
source = { virtual = "." }
"#;
        let messages: Vec<String> =
            UvLock.parse(&source(text)).unwrap().faults.into_iter().map(|fault| fault.message).collect();
        assert_eq!(
            messages,
            [
                "\"sha1:0\" is no digest that is known",
                "app is listed twice with one version and source",
                "the member gone is not in the lock",
                "no package of the project itself in it",
                "app requires nowhere in a form that the lock does not hold; run uv lock",
                "app requires app in a form that the lock does not hold; run uv lock",
            ]
        );
    }

    #[test]
    fn others_locks_are_not_taken_for_uvs() {
        assert!(UvLock.recognizes(&lock()));
        assert!(!UvLock.recognizes("[[package]]\nchecksum = \"00\"\n"));
        assert!(!UvLock.recognizes("[[package]]\npython-versions = \">=3\"\n[metadata]\ncontent-hash = \"00\"\n"));
    }
}

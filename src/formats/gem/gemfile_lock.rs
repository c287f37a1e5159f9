//! `Gemfile.lock` and `gems.locked`, what Bundler resolved.
//!
//! Specification: Bundler's `lib/bundler/lockfile_parser.rs` and `lockfile_generator.rs`. Sections begin at the left margin;
//! what stands in them is told by how far it is indented.

use anyhow::Result;
use hashbrown::{HashMap, HashSet};

use super::platform::{Platform, taken};
use crate::entry;
use crate::formats::{Format, Yield};
use crate::intern;
use crate::model::{
    Algorithm, Component, Digest, Gap, Inventory, NodeId, Origin, Purl, Requirement, SUBJECT, Says, Scope,
};
use crate::source::{Place, Source};

entry! {
    /// `Gemfile.lock`, also called `gems.locked`: every gem Bundler resolved.
    ///
    /// Read are the sources (`GEM`, `GIT`, `PATH`, `PLUGIN SOURCE`) with their gems and what each requires, `DEPENDENCIES` and
    /// `CHECKSUMS`. A gem built for a platform (`nokogiri (1.18.9-x86_64-linux-gnu)`) is a component of its own, with the
    /// qualifier `platform`; who requires `nokogiri` requires the build that each of the lock's `PLATFORMS` takes beside its
    /// own, under the condition of its platform. A gem that stands in the folder of the lock itself (`PATH` with `remote: .`) is the project. Where one `GEM` section has
    /// several remotes, the lock does not say which gem is from which. `bundler`, where a gem requires it, is the version
    /// under `BUNDLED WITH`.
    ///
    /// The lock holds no groups, so that scopes are not compared, and no licences. What `DEPENDENCIES` names and no source
    /// holds is for a platform that the lock is not for. `RUBY VERSION` is no gem and is not read.
    pub GemfileLock = "gemfile-lock"
}

impl Format for GemfileLock {
    fn files(&self) -> &'static [&'static str] {
        &["Gemfile.lock", "gems.locked", "*.gemfile.lock"]
    }

    fn yields(&self) -> &'static [Yield] {
        &[Yield::Edges, Yield::Digests, Yield::Sources, Yield::Environments]
    }

    fn recognizes(&self, text: &str) -> bool {
        let has = |line: &str| text.lines().any(|other| other == line);
        has("DEPENDENCIES") && has("PLATFORMS")
    }

    fn parse(&self, source: &Source<'_>) -> Result<Inventory> {
        let mut inventory = Inventory::new(source, "gemfile-lock");
        let lock = Lock::read(source, &mut inventory);
        if !lock.is_one {
            let message = "no section of a Gemfile.lock in it; write it anew with `bundle lock`";
            return Err(source.fault(source.start(), message));
        }
        let integrity = !lock.checksums.is_empty();
        inventory.says = Says { scopes: false, licence: false, integrity, ..Says::ALL };
        lock.fill(source, &mut inventory);
        Ok(inventory)
    }
}

/// How many builds of one gem and how many machines are told apart; real locks have a dozen.
const MOST: usize = 64;

/// What kind of thing stands in a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Gem,
    Git,
    Path,
    Plugin,
    Dependencies,
    Checksums,
    BundledWith,
    Platforms,
    Other,
}

/// Where the gems of a section come from.
#[derive(Default)]
struct From<'t> {
    remotes: Vec<&'t str>,
    revision: &'t str,
    reference: &'t str,
}

/// A gem with its version in a line: `name (version-platform)`.
struct Gem<'t> {
    name: &'t str,
    version: &'t str,
    platform: &'t str,
    line: &'t str,
    section: Section,
    from: usize,
}

/// A gem asked for in a line: `name (>= 1.0)`, with `!` where the Gemfile says where it is from.
struct Asked<'t> {
    /// The number of the gem that asks; none for the project itself.
    by: Option<usize>,
    name: &'t str,
    constraint: &'t str,
}

/// The builds of one gem, by the numbers of the gems.
struct Builds {
    all: Vec<usize>,
    /// For each of the lock's machines those that it takes; none where there is but one build.
    taken: Vec<Vec<usize>>,
    /// Those that no machine takes.
    others: Vec<usize>,
}

#[derive(Default)]
struct Lock<'t> {
    is_one: bool,
    froms: Vec<From<'t>>,
    gems: Vec<Gem<'t>>,
    asked: Vec<Asked<'t>>,
    /// By name, and by version with platform.
    checksums: HashMap<(&'t str, &'t str), &'t str>,
    bundler: &'t str,
    /// The machines that the lock is for.
    platforms: Vec<Platform<'t>>,
}

impl<'t> Lock<'t> {
    fn read(source: &Source<'t>, inventory: &mut Inventory) -> Self {
        let mut lock = Lock::default();
        let mut section = Section::Other;
        for line in source.text.lines() {
            let content = line.trim_ascii();
            if content.is_empty() {
                continue;
            }
            let indent = line.len() - line.trim_start_matches(' ').len();
            if indent == 0 {
                section = lock.open(source, content, inventory);
                continue;
            }
            let is_read = match section {
                Section::Gem | Section::Git | Section::Path | Section::Plugin => lock.sourced(section, indent, content),
                Section::Dependencies => lock.ask(None, content),
                Section::Checksums => lock.checksum(content),
                Section::BundledWith => {
                    lock.bundler = content;
                    true
                }
                Section::Platforms => {
                    lock.platforms.push(Platform::read(content));
                    true
                }
                Section::Other => true,
            };
            if !is_read {
                let message = format!(
                    "\"{}\" is no line of a Gemfile.lock; write it anew with `bundle lock`",
                    content.escape_debug()
                );
                inventory.fault(source.place(content), message);
            }
        }
        lock
    }

    /// Begins a section by its head.
    fn open(&mut self, source: &Source<'t>, head: &'t str, inventory: &mut Inventory) -> Section {
        let section = match head {
            "GEM" => Section::Gem,
            "GIT" => Section::Git,
            "PATH" => Section::Path,
            "PLUGIN SOURCE" => Section::Plugin,
            "DEPENDENCIES" => Section::Dependencies,
            "CHECKSUMS" => Section::Checksums,
            "BUNDLED WITH" => Section::BundledWith,
            "PLATFORMS" => Section::Platforms,
            "RUBY VERSION" => Section::Other,
            _ => {
                let message = format!(
                    "\"{}\" is no section that driftgate knows of a Gemfile.lock: what stands in it is not read",
                    head.escape_debug()
                );
                inventory.fault(source.place(head), message);
                return Section::Other;
            }
        };
        self.is_one = true;
        if matches!(section, Section::Gem | Section::Git | Section::Path | Section::Plugin) {
            self.froms.push(From::default());
        }
        section
    }

    /// Reads a line of a source.
    fn sourced(&mut self, section: Section, indent: usize, content: &'t str) -> bool {
        let from = self.froms.len() - 1;
        if indent < 4 {
            let Some((key, value)) = content.split_once(':') else { return false };
            let value = value.trim();
            match key {
                "remote" => self.froms[from].remotes.push(value),
                "revision" => self.froms[from].revision = value,
                "branch" | "tag" | "ref" => self.froms[from].reference = value,
                _ => {}
            }
            return true;
        }
        if indent > 4 {
            let by = self.gems.len().checked_sub(1).filter(|&by| self.gems[by].from == from);
            return by.is_some() && self.ask(by, content);
        }
        let Some((name, inside)) = entry(content) else { return false };
        let (version, platform) = inside.split_once('-').unwrap_or((inside, ""));
        if version.is_empty() {
            return false;
        }
        self.gems.push(Gem { name, version, platform, line: inside, section, from });
        true
    }

    fn ask(&mut self, by: Option<usize>, content: &'t str) -> bool {
        let content = content.strip_suffix('!').unwrap_or(content);
        let Some((name, constraint)) = entry(content) else { return false };
        self.asked.push(Asked { by, name, constraint });
        true
    }

    fn checksum(&mut self, content: &'t str) -> bool {
        let end = content.find(')').map_or(content.len(), |end| end + 1);
        let Some((name, version)) = entry(&content[..end]) else { return false };
        self.checksums.insert((name, version), content[end..].trim());
        true
    }

    fn fill(&self, source: &Source<'t>, inventory: &mut Inventory) {
        for from in self.froms.iter().filter(|from| from.remotes.len() > 1) {
            from.remotes.iter().for_each(|remote| inventory.look_up(remote, source.place(remote)));
        }
        let mut nodes: Vec<Option<NodeId>> = Vec::with_capacity(self.gems.len());
        let mut named: HashMap<&str, Vec<usize>> = HashMap::with_capacity(self.gems.len());
        let mut seen = HashSet::with_capacity(self.gems.len());
        for (number, gem) in self.gems.iter().enumerate() {
            let place = source.place(gem.name);
            if !seen.insert((gem.name, gem.line)) {
                inventory
                    .fault(place, format!("{} {} is listed twice", gem.name.escape_debug(), gem.line.escape_debug()));
                nodes.push(None);
                continue;
            }
            let component = self.component(gem, place, inventory);
            let is_own = gem.section == Section::Path && self.froms[gem.from].remotes == ["."];
            let node = if is_own { inventory.add_root(component, place) } else { inventory.add(component, place) };
            inventory.nodes[node as usize].environment = intern::text(gem.platform);
            nodes.push(Some(node));
            named.entry(gem.name).or_default().push(number);
        }
        for found in named.values().filter(|found| found.len() > MOST) {
            let gem = &self.gems[found[MOST]];
            let message = format!("{} has more builds than the {MOST} that are told apart", gem.name.escape_debug());
            inventory.fault(source.place(gem.name), message);
        }
        if self.platforms.len() > MOST {
            inventory.fault(source.start(), format!("more PLATFORMS than the {MOST} that are told apart"));
        }
        let named: HashMap<&str, Builds> = named.into_iter().map(|(name, all)| (name, self.builds(all))).collect();
        let mut bundler = None;
        let mut once = HashSet::with_capacity(self.asked.len());
        for asked in self.asked.iter().filter(|asked| once.insert((asked.by, asked.name))) {
            let by = asked.by.and_then(|by| nodes[by]);
            if asked.by.is_some() && by.is_none() {
                continue;
            }
            let from = by.unwrap_or(SUBJECT);
            let place = source.place(asked.name);
            let requirement =
                Requirement { constraint: intern::text(asked.constraint), ..Requirement::of(Scope::Runtime) };
            let found = self.fitting(&named, asked.name, asked.by);
            let answers: Vec<(NodeId, &str)> =
                found.iter().filter_map(|&number| Some((nodes[number]?, self.gems[number].platform))).collect();
            let mut platforms: Vec<&str> = answers.iter().map(|(_, platform)| *platform).collect();
            platforms.sort_unstable();
            if platforms.windows(2).any(|pair| pair[0] == pair[1]) {
                let gap = Gap::Ambiguous(answers.iter().map(|(node, _)| *node).collect());
                inventory.declare(from, intern::text(asked.name), requirement, place, gap);
                continue;
            }
            for &(to, platform) in &answers {
                if from != SUBJECT || !inventory.nodes[to as usize].root {
                    inventory.edge(from, to, Requirement { environment: intern::text(platform), ..requirement }, place);
                }
            }
            if !answers.is_empty() {
                continue;
            }
            if asked.name == "bundler" && !self.bundler.is_empty() {
                let mut component = Component::new(Purl::new("gem", "", "bundler", self.bundler));
                component.digests = self.digests("bundler", self.bundler, place, inventory);
                let to = *bundler.get_or_insert_with(|| inventory.add(component, place));
                inventory.edge(from, to, requirement, place);
            } else if asked.name == "bundler" {
                inventory.declare(from, "bundler", requirement, place, Gap::Unpinned);
            } else if named.contains_key(asked.name) {
                // It is locked, but for other machines than the build that asks for it.
                inventory.declare(from, intern::text(asked.name), requirement, place, Gap::Unpinned);
            } else if let Some(by) = asked.by {
                let (by, name) = (self.gems[by].name.escape_debug(), asked.name.escape_debug());
                let message =
                    format!("{by} requires {name}, which the lock does not hold; write it anew with `bundle lock`");
                inventory.fault(place, message);
            }
        }
    }

    /// Returns which builds of a gem answer the build `by` of another: those that the same machines take. What none of the
    /// lock's machines takes is there for others, of which no more is known than its own platform. The project itself asks
    /// for every build.
    fn fitting(&self, named: &HashMap<&str, Builds>, name: &str, by: Option<usize>) -> Vec<usize> {
        let Some(found) = named.get(name) else { return Vec::new() };
        let Some(by) = by.filter(|_| found.all.len() > 1) else { return found.all.clone() };
        let own = &named[self.gems[by].name];
        let is_here = |machine: &usize| own.all.len() < 2 || own.taken[*machine].contains(&by);
        let here: Vec<usize> = (0..found.taken.len()).filter(is_here).collect();
        let platform = self.platform(by);
        if here.is_empty() {
            let is_general = self.gems[by].platform.is_empty();
            return if is_general { found.all.clone() } else { self.taken(&found.all, platform) };
        }
        let answers = |build: &usize| {
            here.iter().any(|&machine| found.taken[machine].contains(build))
                || (found.others.contains(build) && !self.taken(&[*build], platform).is_empty())
        };
        found.all.iter().copied().filter(answers).collect()
    }

    /// Says which of the lock's machines takes which of a gem's builds.
    fn builds(&self, mut all: Vec<usize>) -> Builds {
        all.truncate(MOST);
        let machines = &self.platforms[..self.platforms.len().min(MOST)];
        let taken: Vec<Vec<usize>> = match all.len() {
            1 => Vec::new(),
            _ => machines.iter().map(|&machine| self.taken(&all, machine)).collect(),
        };
        let others = all.iter().copied().filter(|build| !taken.iter().flatten().any(|other| other == build)).collect();
        Builds { all, taken, others }
    }

    /// Returns which of some builds a machine takes.
    fn taken(&self, builds: &[usize], machine: Platform<'_>) -> Vec<usize> {
        let platforms: Vec<Platform<'_>> = builds.iter().map(|&build| self.platform(build)).collect();
        taken(&platforms, machine).into_iter().map(|number| builds[number]).collect()
    }

    fn platform(&self, gem: usize) -> Platform<'t> {
        Platform::read(self.gems[gem].platform)
    }

    fn component(&self, gem: &Gem<'t>, place: Place, inventory: &mut Inventory) -> Component {
        let purl = Purl::new("gem", "", gem.name, gem.version).with_qualifiers(&[("platform", gem.platform)]);
        let mut component = Component::new(purl);
        let from = &self.froms[gem.from];
        component.origin = match (gem.section, &from.remotes[..]) {
            (Section::Git, [remote]) => Origin::git(remote, from.revision, from.reference),
            (Section::Path, [remote]) => Origin::path(remote),
            (_, [remote]) => Origin::registry(remote),
            _ => Origin::Unknown,
        };
        component.digests = self.digests(gem.name, gem.line, place, inventory);
        component
    }

    /// Returns what `CHECKSUMS` says of a gem, by its name and the version with its platform.
    fn digests(&self, name: &str, version: &str, place: Place, inventory: &mut Inventory) -> Vec<Digest> {
        let digests = self.checksums.get(&(name, version)).copied().unwrap_or_default();
        let mut found = Vec::new();
        for text in digests.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            let digest = text.split_once('=').and_then(|(name, hex)| Digest::hex(Algorithm::named(name)?, hex));
            match digest {
                Some(digest) => found.push(digest),
                None => {
                    let message = format!("the checksum \"{}\" is no digest", text.escape_debug());
                    inventory.fault(place, message);
                }
            }
        }
        found
    }
}

/// Parts `name (inside)`; what is inside may be missing.
fn entry(content: &str) -> Option<(&str, &str)> {
    let Some((name, inside)) = content.split_once(" (") else {
        let is_name = !content.is_empty() && !content.contains([' ', '(', ')']);
        return is_name.then_some((content, ""));
    };
    let inside = inside.strip_suffix(')')?;
    (!name.is_empty() && !name.contains(' ')).then_some((name, inside))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::formats::hang::tests::lines;
    use crate::source::FileId;

    fn parse(text: &str) -> Result<Inventory> {
        GemfileLock.parse(&Source { file: FileId(0), path: "Gemfile.lock", text })
    }

    #[test]
    fn builds_for_platforms_are_told_apart() {
        let text = "GEM\n  remote: https://mirror.example/\n  specs:\n    a (1.0)\n      n (~> 1)\n    n (1.2)\n      p (>= 0)\n    \
                    n (1.2-x86_64-linux-gnu)\n      p\n    p (2.0)\n    p (2.0-arm64-darwin)\n    p (2.0-x86_64-linux)\n\n\
                    DEPENDENCIES\n  a!\n  gone\n";
        let expected = [
            "pkg:gem/a@1.0 [a] registry https://mirror.example/",
            "pkg:gem/n@1.2 [n] registry https://mirror.example/",
            "pkg:gem/n@1.2?platform=x86_64-linux-gnu [n] registry https://mirror.example/ x86_64-linux-gnu",
            "pkg:gem/p@2.0 [p] registry https://mirror.example/",
            "pkg:gem/p@2.0?platform=arm64-darwin [p] registry https://mirror.example/ arm64-darwin",
            "pkg:gem/p@2.0?platform=x86_64-linux [p] registry https://mirror.example/ x86_64-linux",
            "pkg:gem/a@1.0 -> pkg:gem/n@1.2 runtime; ~> 1",
            "pkg:gem/a@1.0 -> pkg:gem/n@1.2?platform=x86_64-linux-gnu runtime; ~> 1; x86_64-linux-gnu",
            "pkg:gem/n@1.2 -> pkg:gem/p@2.0 runtime; >= 0",
            "pkg:gem/n@1.2 -> pkg:gem/p@2.0?platform=arm64-darwin runtime; >= 0; arm64-darwin",
            "pkg:gem/n@1.2 -> pkg:gem/p@2.0?platform=x86_64-linux runtime; >= 0; x86_64-linux",
            "pkg:gem/n@1.2?platform=x86_64-linux-gnu -> pkg:gem/p@2.0?platform=x86_64-linux runtime; x86_64-linux",
            "- -> pkg:gem/a@1.0 runtime",
        ];
        assert_eq!(lines(&parse(text).unwrap(), text), expected);
    }

    #[test]
    fn what_is_wrong_is_named_and_stepped_over() {
        for (text, expected) in [
            (
                "NEW THING\n  a\nGEM\n",
                "\"NEW THING\" is no section that driftgate knows of a Gemfile.lock: what stands in it is not read",
            ),
            ("GEM\n  specs:\n    a\n", "\"a\" is no line of a Gemfile.lock; write it anew with `bundle lock`"),
            ("GEM\n      a\n", "\"a\" is no line of a Gemfile.lock; write it anew with `bundle lock`"),
            (
                "GEM\n    a (1)\n      b\n",
                "a requires b, which the lock does not hold; write it anew with `bundle lock`",
            ),
            ("GEM\n    a (1)\n    a (1)\n", "a 1 is listed twice"),
            ("GEM\n    a (1)\nCHECKSUMS\n  a (1) sha256=00\n", "the checksum \"sha256=00\" is no digest"),
        ] {
            let faults: Vec<String> = parse(text).unwrap().faults.into_iter().map(|fault| fault.message).collect();
            assert_eq!(faults, [expected], "{text}");
        }
        let message = parse("{}").unwrap_err().to_string();
        assert_eq!(message, "no section of a Gemfile.lock in it; write it anew with `bundle lock`");
        assert!(parse("DEPENDENCIES\n").unwrap().faults.is_empty(), "a project without gems is fine");
    }

    #[test]
    fn two_versions_of_one_gem_are_ambiguous() {
        let text = "GEM\n  specs:\n    a (1)\n      b\n    b (1)\n    b (2)\n";
        let inventory = parse(text).unwrap();
        assert_eq!(inventory.declared.len(), 1);
        assert!(matches!(&inventory.declared[0].gap, Gap::Ambiguous(candidates) if candidates.len() == 2));
    }
}

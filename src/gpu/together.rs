//! Whether two locked packages get into one installation.
//!
//! A lock may hold more than is ever installed together: builds of torch that exclude one another, extras that nobody asks
//! for both, the members of a workspace. What is told of a pair is told only where the pair is there in every choice.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::{Environment, Package};
use crate::intern::Text;
use crate::model::{Component, Kind};

impl Environment {
    /// Says whether two packages get into one installation: one of them in every choice of the locked alternatives, the
    /// other in every choice too, or wherever its extra is asked for; and both for one and the same project.
    pub fn together(&self, one: &Package, other: &Package) -> bool {
        let asking = Asking::of(self);
        let is_sure = |package: &Package, extras| asking.is_sure(package.name(), extras);
        let is_both = |a, b| is_sure(a, false) && is_sure(b, true);
        (is_both(one, other) || is_both(other, one)) && self.is_of_one_project(one, other)
    }

    /// Says whether no workspace parts two packages: some project requires both, or the lock as a whole asks for one.
    fn is_of_one_project(&self, one: &Package, other: &Package) -> bool {
        let projects: Vec<&Package> =
            self.packages.iter().filter(|package| package.component.kind == Kind::Application).collect();
        if projects.len() < 2 {
            return true;
        }
        let reached: Vec<(bool, bool)> = projects
            .iter()
            .map(|project| self.reach(project.component))
            .map(|reach| (reach.contains(&address(one.component)), reach.contains(&address(other.component))))
            .collect();
        let is_free = !reached.iter().any(|(one, _)| *one) || !reached.iter().any(|(_, other)| *other);
        is_free || reached.iter().any(|(one, other)| *one && *other)
    }

    /// Returns a component and all that it requires, by their addresses.
    fn reach(&self, from: &'static Component) -> BTreeSet<usize> {
        let mut reach = BTreeSet::new();
        let mut open = vec![from];
        while let Some(component) = open.pop() {
            if reach.insert(address(component)) {
                let own = self.packages.iter().find(|package| std::ptr::eq(package.component, component));
                open.extend(own.iter().flat_map(|package| &package.requires));
            }
        }
        reach
    }
}

/// Who asks for whom among the packages of an environment.
struct Asking<'e> {
    /// The Python packages by name.
    named: HashMap<Text, Vec<&'e Package>>,
    /// The packages that require a component, by its address.
    by: HashMap<usize, Vec<&'e Package>>,
}

impl<'e> Asking<'e> {
    fn of(environment: &'e Environment) -> Self {
        let mut asking = Asking { named: HashMap::new(), by: HashMap::new() };
        for package in &environment.packages {
            if package.component.purl.ty() == "pypi" {
                asking.named.entry(package.name()).or_default().push(package);
            }
            for part in &package.requires {
                asking.by.entry(address(part)).or_default().push(package);
            }
        }
        asking
    }

    /// Returns the packages of a name.
    fn own(&self, name: &str) -> &[&'e Package] {
        self.named.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns who asks for a package, but for packages of its own name.
    fn others(&self, one: &Package) -> impl Iterator<Item = &'e Package> {
        let name = one.name();
        let by = self.by.get(&address(one.component)).into_iter().flatten();
        by.copied().filter(move |by| by.name() != name)
    }

    /// Says whether some package of a name is in every choice of the locked alternatives; with `extras`, whether it is
    /// where all extras are asked for.
    ///
    /// What nothing else requires was asked for by the project itself. Else a package that is in every choice must require
    /// the name in each of its own versions.
    fn is_sure(&self, name: Text, extras: bool) -> bool {
        let mut seen: BTreeSet<Text> = BTreeSet::from([name]);
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            let own = self.own(name);
            if own.is_empty() || (!extras && own.iter().all(|package| package.optional)) {
                continue;
            }
            if own.iter().any(|one| self.others(one).next().is_none()) {
                return true;
            }
            let addresses: BTreeSet<usize> = own.iter().map(|one| address(one.component)).collect();
            let asks = |by: &&Package| by.requires.iter().any(|part| addresses.contains(&address(part)));
            let by: BTreeSet<Text> = own.iter().flat_map(|one| self.others(one)).map(Package::name).collect();
            let all_ask = by.into_iter().filter(|by| self.own(by).iter().all(asks));
            open.extend(all_ask.filter(|by| seen.insert(by)));
        }
        false
    }
}

/// Components are kept once, so that the address is the component.
fn address(component: &Component) -> usize {
    std::ptr::from_ref(component).addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Purl;

    #[test]
    fn long_ways_are_walked() {
        const LONG: usize = 30_000;
        let component = |name: &str| Component::new(Purl::new("pypi", "", name, "1.0")).intern();
        let names = (0..LONG).map(|at| format!("link-{at}"));
        let chain: Vec<&'static Component> = names.map(|name| component(&name)).collect();
        let (one, other) = (component("one"), component("other"));
        let mut environment = Environment::of("test", chain.iter().copied().chain([one, other]));
        for (package, next) in environment.packages.iter_mut().zip(&chain[1..]) {
            package.requires = vec![next];
        }
        environment.packages[LONG - 1].requires = vec![one, other];
        let [.., one, other] = environment.packages.as_slice() else { panic!("they are there") };
        assert!(environment.together(one, other));
    }
}

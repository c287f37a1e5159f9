//! Whether two locked packages get into one installation.
//!
//! A lock may hold more than is ever installed together: builds of torch that exclude one another, extras that nobody asks
//! for both, the members of a workspace. What is told of a pair is told only where the pair is there in every choice.

use std::collections::BTreeSet;

use super::{Environment, Package};
use crate::intern::Text;
use crate::model::{Component, Kind};

impl Environment {
    /// Says whether two packages get into one installation: one of them in every choice of the locked alternatives, the
    /// other in every choice too, or wherever its extra is asked for; and both for one and the same project.
    pub fn together(&self, one: &Package, other: &Package) -> bool {
        let is_sure = |package: &Package, extras| self.is_sure(package.name(), extras, &mut BTreeSet::new());
        let is_both = |a, b| is_sure(a, false) && is_sure(b, true);
        (is_both(one, other) || is_both(other, one)) && self.is_of_one_project(one, other)
    }

    /// Says whether some package of a name is in every choice of the locked alternatives; with `extras`, whether it is
    /// where all extras are asked for.
    ///
    /// What nothing else requires was asked for by the project itself. Else a package that is in every choice must require
    /// the name in each of its own versions.
    fn is_sure(&self, name: Text, extras: bool, seen: &mut BTreeSet<Text>) -> bool {
        if !seen.insert(name) {
            return false;
        }
        let own: Vec<&Package> = self.python(name).collect();
        if own.is_empty() || (!extras && own.iter().all(|package| package.optional)) {
            return false;
        }
        let asks_for = |by: &Package, one: &Package| by.requires.iter().any(|part| std::ptr::eq(*part, one.component));
        let asks = |by: &Package| own.iter().any(|one| asks_for(by, one));
        let is_asked = |one: &&Package| self.packages.iter().any(|by| by.name() != name && asks_for(by, one));
        if !own.iter().all(is_asked) {
            return true;
        }
        let by: BTreeSet<Text> =
            self.packages.iter().filter(|by| by.name() != name && asks(by)).map(Package::name).collect();
        by.into_iter().any(|by| self.python(by).all(asks) && self.is_sure(by, extras, seen))
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

/// Components are kept once, so that the address is the component.
fn address(component: &Component) -> usize {
    std::ptr::from_ref(component).addr()
}

//! Where the files of packages are kept, and which of them elsewhere than the others of their registry.
//!
//! A lock names a registry for a package and an address for each of its files; installers fetch what the address says. The
//! files of a registry are kept on its own host, or on another that is the same for nearly all of them.

use std::borrow::Cow;

use hashbrown::HashMap;

use crate::intern::{self, Text};
use crate::model::{Component, Origin, host, without_credentials};

/// A host serves a registry's files if it has those of at least one in this many of the packages that the usual one has.
const FEW: usize = 3;

/// A host, and how many of a package's files it has.
type Served<'t> = (Cow<'t, str>, usize);

/// The hosts of each package's files.
#[derive(Default)]
pub(super) struct Hosts<'t> {
    /// For each package its source, and its hosts with how many of its files they have.
    packages: Vec<(Origin, Vec<Served<'t>>)>,
}

impl<'t> Hosts<'t> {
    /// Adds a package by its source and the addresses of its files.
    pub(super) fn add(&mut self, origin: Origin, addresses: impl Iterator<Item = &'t str>) {
        let mut hosts: Vec<Served<'t>> = Vec::new();
        if matches!(origin, Origin::Registry(_)) {
            for address in addresses.filter(|address| address.contains("://")) {
                let host = match host(address) {
                    plain if !plain.contains(['@', '?', '#']) => Cow::Borrowed(plain),
                    _ => Cow::Owned(host(&without_credentials(address)).to_owned()),
                };
                match hosts.iter_mut().find(|(known, _)| *known == host) {
                    Some((_, files)) => *files += 1,
                    None => hosts.push((host, 1)),
                }
            }
        }
        self.packages.push((origin, hosts));
    }

    /// Returns for each package, in the order in which they came, what is to be said of its files: the hosts that are
    /// neither its registry's own nor the usual one.
    pub(super) fn odd(&self) -> Vec<Vec<(Text, Text)>> {
        let mut count: HashMap<(Origin, &str), usize> = HashMap::new();
        let mut most: HashMap<Origin, usize> = HashMap::new();
        for (origin, hosts) in &self.packages {
            for (host, _) in hosts {
                let packages = count.entry((*origin, &**host)).or_default();
                *packages += 1;
                let most = most.entry(*origin).or_default();
                *most = (*most).max(*packages);
            }
        }
        let odd = |(origin, hosts): &(Origin, Vec<Served<'t>>)| {
            let own = origin.address().map_or("", host);
            let files = hosts.iter().map(|(_, files)| *files).max().unwrap_or_default();
            let is_odd = |(host, of_it): &&Served<'t>| {
                **host != *own && (*of_it < files || count[&(*origin, &**host)] * FEW < most[origin])
            };
            let said = hosts.iter().filter(is_odd).map(|(host, _)| (Component::FILES, intern::text(host)));
            said.collect()
        };
        self.packages.iter().map(odd).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: &str = "https://mirror.example/simple";
    const FILES: &str = "https://files.example/a";
    const OTHER: &str = "https://other.example/a";

    fn odd(packages: &[&[&'static str]]) -> Vec<Vec<Text>> {
        let mut hosts = Hosts::default();
        packages.iter().for_each(|files| hosts.add(Origin::registry(REGISTRY), files.iter().copied()));
        hosts.odd().into_iter().map(|odd| odd.into_iter().map(|(_, host)| host).collect()).collect()
    }

    #[test]
    fn what_is_kept_elsewhere_than_the_rest_is_odd() {
        const OWN: &str = "https://mirror.example/files/a";
        let none: Vec<Text> = Vec::new();
        let other = vec!["https://other.example"];
        type Case = (&'static [&'static [&'static str]], Vec<Vec<Text>>);
        let cases: &[Case] = &[
            (&[&[FILES, FILES], &[FILES]], vec![none.clone(), none.clone()]),
            // One file of a package, however few packages there are.
            (&[&[FILES, FILES, OTHER]], vec![other.clone()]),
            (&[&[FILES, OTHER, FILES], &[FILES, OTHER, FILES]], vec![other.clone(), other.clone()]),
            // All files of a package, where the others show where files are kept.
            (
                &[&[OTHER], &[FILES], &[FILES], &[FILES], &[FILES]],
                vec![other.clone(), none.clone(), none.clone(), none.clone(), none.clone()],
            ),
            // A registry that has two such hosts, and one that keeps files itself.
            (&[&[OTHER], &[FILES], &[FILES], &[FILES]], vec![none.clone(); 4]),
            (&[&[FILES, FILES, OWN]], vec![none.clone()]),
            (&[&["a-1.whl", "../b.whl"], &[]], vec![none.clone(), none.clone()]),
            (&[&["https://me:s3cret@files.example/a", FILES, FILES]], vec![none]),
            (&[&["https://me:s3cret@other.example/a", FILES, FILES]], vec![other]),
        ];
        for (packages, expected) in cases {
            assert_eq!(odd(packages), *expected, "{packages:?}");
        }
    }

    #[test]
    fn only_registries_keep_files() {
        let mut hosts = Hosts::default();
        hosts.add(Origin::url(OTHER), [OTHER].into_iter());
        hosts.add(Origin::registry(REGISTRY), [FILES].into_iter());
        assert_eq!(hosts.odd(), [Vec::new(), Vec::new()]);
    }
}

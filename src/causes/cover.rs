//! The fewest causes that explain everything.

use std::collections::{BTreeMap, BTreeSet};

/// Up to this many candidates, all choices are tried.
const FEW: usize = 12;

/// Up to this many candidates, one that explains no more than another is looked for.
const SOME: usize = 60;

/// Returns a smallest set of candidates of which each element has one; `sets` names the candidates of each.
///
/// What must be chosen is, and what another explains as well is not. Where that leaves many candidates, those that explain
/// most are chosen first, and the set may be larger than the smallest. Of equal ones the lower numbers are chosen.
pub(super) fn cover(sets: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut elements: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (element, candidates) in sets.iter().enumerate() {
        candidates.iter().for_each(|candidate| {
            elements.entry(*candidate).or_default().insert(element);
        });
    }
    let mut open: BTreeSet<usize> = (0..sets.len()).filter(|element| !sets[*element].is_empty()).collect();
    let mut chosen = BTreeSet::new();
    while !open.is_empty() {
        let of = |element: &usize| sets[*element].iter().filter(|candidate| elements.contains_key(*candidate));
        let must: BTreeSet<usize> =
            open.iter().filter(|element| of(element).count() == 1).flat_map(of).copied().collect();
        let picked = if must.is_empty() { best(&elements) } else { must };
        for candidate in &picked {
            for element in elements.remove(candidate).unwrap_or_default() {
                open.remove(&element);
                elements.values_mut().for_each(|others| {
                    others.remove(&element);
                });
            }
        }
        chosen.extend(picked);
        drop_less(&mut elements);
    }
    chosen
}

/// Takes out the candidates that explain no more than another does.
fn drop_less(elements: &mut BTreeMap<usize, BTreeSet<usize>>) {
    elements.retain(|_, explains| !explains.is_empty());
    if elements.len() > SOME {
        return;
    }
    let mut less = BTreeSet::new();
    for (one, explains) in elements.iter() {
        let is_less = |other: &usize, more: &BTreeSet<usize>| {
            other != one
                && !less.contains(other)
                && more.is_superset(explains)
                && (more.len() > explains.len() || other < one)
        };
        if elements.iter().any(|(other, more)| is_less(other, more)) {
            less.insert(*one);
        }
    }
    elements.retain(|candidate, _| !less.contains(candidate));
}

/// Returns the smallest choice that explains all, where there are few candidates; else the one that explains most.
fn best(elements: &BTreeMap<usize, BTreeSet<usize>>) -> BTreeSet<usize> {
    let all: BTreeSet<usize> = elements.values().flatten().copied().collect();
    let candidates: Vec<usize> = elements.keys().copied().collect();
    if candidates.len() > FEW {
        let most = elements.iter().max_by_key(|(candidate, explains)| (explains.len(), std::cmp::Reverse(**candidate)));
        return most.map(|(candidate, _)| *candidate).into_iter().collect();
    }
    let choice =
        |mask: u32| candidates.iter().enumerate().filter(move |(at, _)| mask >> at & 1 == 1).map(|(_, one)| *one);
    let explains = |mask: u32| choice(mask).flat_map(|one| &elements[&one]).collect::<BTreeSet<_>>().len() == all.len();
    let masks = (1..1u32 << candidates.len()).filter(|mask| explains(*mask));
    let smallest = masks.min_by_key(|mask| (mask.count_ones(), choice(*mask).collect::<Vec<_>>()));
    smallest.map(|mask| choice(mask).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Tries every choice.
    fn smallest(sets: &[Vec<usize>]) -> usize {
        let sets = || sets.iter().filter(|set| !set.is_empty());
        let explains = |mask: u32| sets().all(|set| set.iter().any(|one| mask >> one & 1 == 1));
        (0..1u32 << 8).filter(|mask| explains(*mask)).map(u32::count_ones).min().unwrap_or(0) as usize
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_fewest_explain_all(sets in prop::collection::vec(prop::collection::vec(0usize..8, 0..4), 0..14)) {
            let chosen = cover(&sets);
            let is_explained = |set: &Vec<usize>| set.is_empty() || set.iter().any(|one| chosen.contains(one));
            prop_assert!(sets.iter().all(is_explained), "{chosen:?}");
            prop_assert_eq!(chosen.len(), smallest(&sets), "{:?}", chosen);
        }

        #[test]
        fn many_candidates_are_explained_too(sets in prop::collection::vec(prop::collection::vec(0usize..60, 1..5), 0..80)) {
            let chosen = cover(&sets);
            prop_assert!(sets.iter().all(|set| set.iter().any(|one| chosen.contains(one))));
        }
    }
}

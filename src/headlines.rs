//! What stands above the list: what a drift does to the GPU stack of each subject, and what an image says of its lockfile.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::compare::Drift;
use crate::gpu::facts::gpus;
use crate::gpu::{self, Carrier, Cuda, Stack, Verdict, summary};
use crate::graph::{Graph, Subject};
use crate::images::{Comparison, Meaning};
use crate::intern::Text;
use crate::model::Layer;
use crate::policy::{self, Policy};
use crate::rules::phrase;
use crate::stacks;

/// Returns a line for each subject whose stack moved: the driver floor and because of whom, the targets and GPUs that are
/// lost or won, builds that changed under one name or version.
///
/// Subjects of which the same is to be said share a line. `resolved` is the new side: by its images and workloads it is known
/// on which targets a lockfile runs.
pub fn of(drift: &Drift<'_>, resolved: &Graph, policy: &Policy) -> Vec<String> {
    let mut lines: Vec<(String, Vec<Text>)> = Vec::new();
    let whole = OnceCell::new();
    for pair in drift.subjects.iter().filter(|pair| !pair.changes.is_empty()) {
        let (Some(old), Some(new)) = (pair.old, pair.new) else { continue };
        let (was, is) = (stacks::stack(old), stacks::stack(new));
        let mut parts: Vec<String> = floor(&was, &is).into_iter().collect();
        parts.extend(targets(&was, &is, policy, |target| {
            let all: &Vec<Stack> = whole.get_or_init(|| stacks::stacks(resolved, policy));
            let mut with = all.iter().filter(|stack| stack.environment.subjects.contains(&new.path)).peekable();
            with.peek().is_none() || with.any(|stack| stacks::runs(&stack.environment, target))
        }));
        parts.extend(boards(&was, &is));
        parts.extend(builds(&was, &is));
        let said = parts.join("; ");
        match lines.iter_mut().find(|(other, _)| *other == said) {
            _ if said.is_empty() => {}
            Some((_, paths)) => paths.push(new.path),
            None => lines.push((said, vec![new.path])),
        }
    }
    lines.into_iter().map(|(said, paths)| format!("{}: {said}", named(&paths))).collect()
}

/// Names subjects, of many the first two.
fn named(paths: &[Text]) -> String {
    match paths {
        [paths @ .., last] if paths.len() < 3 && !paths.is_empty() => format!("{} and {last}", paths.join(", ")),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
        _ => paths.join(", "),
    }
}

/// Returns a line for each image that was built from another state of its lockfile than the one at hand.
pub fn of_images(comparisons: &[Comparison<'_>]) -> Vec<String> {
    let line = |comparison: &Comparison<'_>| {
        let count = |wanted| comparison.rows.iter().filter(|row| row.meaning == wanted).count();
        let (behind, stale) = (count(Meaning::Behind), count(Meaning::Stale));
        let (image, lock) = (comparison.image, comparison.lock.path);
        let packages = |count| if count == 1 { "1 package".to_owned() } else { format!("{count} packages") };
        (behind + stale > 0).then(|| {
            let of = if stale == 0 { " approved" } else { "" };
            let differ = packages(behind + stale);
            format!(
                "the image {image} was built from another{of} state of {lock}: {differ} not as locked; build it again"
            )
        })
    };
    comparisons.iter().filter_map(line).collect()
}

/// Returns a line for each image whose system moved: its release, how many of its packages, and the layers that brought
/// them. A base image that was built again under its tag shows like this.
pub fn of_systems(drift: &Drift<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for pair in drift.subjects.iter().filter(|pair| !pair.changes.is_empty()) {
        let (Some(old), Some(new)) = (pair.old, pair.new) else { continue };
        let is_system = matches!(new.format, "apk-installed" | "dpkg-status" | "rpm-packages");
        let layers: BTreeSet<&Layer> = pair.changes.iter().filter_map(|change| change.new?.layer()).collect();
        if !is_system || layers.is_empty() {
            continue;
        }
        let (was, is) = (release(old), release(new));
        let moved = match (was, is) {
            (Some(was), Some(is)) if was != is => format!("from {was} to {is}, "),
            _ => String::new(),
        };
        let count = pair.changes.len();
        let packages =
            if count == 1 { "1 package of the system".to_owned() } else { format!("{count} packages of the system") };
        let by: Vec<String> =
            layers.iter().take(3).map(|layer| phrase::layer(layer).replacen(" brought it", "", 1)).collect();
        let more = if layers.len() > 3 { format!("; {} more layers", layers.len() - 3) } else { String::new() };
        lines.push(format!("{}: {moved}{packages} changed, by {}{more}", new.path, by.join("; ")));
    }
    lines
}

/// Returns the release that a system's packages are of: `debian-12`.
fn release(subject: &Subject) -> Option<String> {
    let of = |(name, value): (String, String)| (name == "distro").then_some(value);
    subject.components().find_map(|node| node.component.purl.qualifiers().into_iter().find_map(of))
}

/// Names a carrier with the step that it took: `torch 2.10.0 (CUDA 12.8) → 2.11.0 (CUDA 13.0)`.
fn step(was: &Stack, carrier: &Carrier) -> String {
    let (name, version) = (carrier.component.name(), carrier.component.version());
    let before = was.carriers.iter().find(|old| old.component.purl.key() == carrier.component.purl.key());
    let before = before.map_or(String::new(), |old| format!("{} ({}) → ", old.component.version(), old.cuda));
    format!("{name} {before}{version} ({})", carrier.cuda)
}

fn floor(was: &Stack, is: &Stack) -> Option<String> {
    let (from, to) = (was.driver_floor()?, is.driver_floor()?);
    (from.driver != to.driver).then(|| {
        let because = step(was, &is.carriers[to.carrier]);
        format!("the driver floor goes from {} to {}, because of {because}", from.driver, to.driver)
    })
}

/// Says which targets could run it and no longer can, and which can now.
fn targets(was: &Stack, is: &Stack, policy: &Policy, runs: impl Fn(&policy::Target) -> bool) -> Vec<String> {
    let fails = |stack: &Stack, target: &gpu::Target| {
        let verdict = summary::gravest(&gpu::judge(stack, target));
        matches!(verdict, Verdict::FailsAtStart | Verdict::FailsAtKernel)
    };
    let (mut lost, mut won) = (Vec::new(), Vec::new());
    for target in policy.targets.iter().filter(|target| runs(target)) {
        match (fails(was, &target.target), fails(is, &target.target)) {
            (false, true) => lost.push(target.target.name.as_str()),
            (true, false) => won.push(target.target.name.as_str()),
            _ => {}
        }
    }
    let say = |names: Vec<&str>, what: &str| (!names.is_empty()).then(|| format!("{} {what}", names.join(", ")));
    [say(lost, "could run it and no longer can"), say(won, "could not run it and now can")]
        .into_iter()
        .flatten()
        .collect()
}

/// Says which GPUs' kernels are gone and which came, by compute capability; nothing where one side's are not known.
fn boards(was: &Stack, is: &Stack) -> Vec<String> {
    let served = |stack: &Stack| {
        let carriers = stack.carriers.iter().filter(|carrier| !carrier.is_part() && carrier.cuda.major().is_some());
        let known: Vec<&Carrier> = carriers.filter(|carrier| !carrier.architectures.is_empty()).collect();
        let all = gpus().models.iter().filter(|board| board.class != "jetson").map(|board| board.sm);
        let least = gpu::least_of_libraries(stack).map_or(0, |(least, _)| least);
        let served = all.filter(|sm| *sm >= least && known.iter().all(|carrier| carrier.serves(*sm)));
        (!known.is_empty()).then(|| served.collect::<BTreeSet<u32>>())
    };
    let (Some(before), Some(after)) = (served(was), served(is)) else { return Vec::new() };
    let say = |numbers: Vec<&u32>, what: &str| {
        let named = numbers.iter().map(|sm| {
            let board =
                gpus().models.iter().filter(|board| board.sm == **sm).min_by_key(|board| rank(board.class.as_str()));
            let board = board.map_or(String::new(), |board| format!(" ({})", board.name));
            format!("{}.{}{board}", *sm / 10, *sm % 10)
        });
        (!numbers.is_empty()).then(|| format!("GPUs {what}: {}", named.collect::<Vec<_>>().join(", ")))
    };
    let lost = say(before.difference(&after).collect(), "lost");
    lost.into_iter().chain(say(after.difference(&before).collect(), "gained")).collect()
}

/// The boards that a reader of a line most likely has, first.
fn rank(class: &str) -> usize {
    ["datacenter", "geforce", "workstation"].iter().position(|known| *known == class).unwrap_or(3)
}

/// Says which builds flipped between CPU and GPU under one version, and which changed their CUDA's major under one name.
fn builds(was: &Stack, is: &Stack) -> Vec<String> {
    let named = is.driver_floor().map(|floor| is.carriers[floor.carrier].component);
    let moved = was.driver_floor().map(|floor| floor.driver) != is.driver_floor().map(|floor| floor.driver);
    let public = |carrier: &Carrier| carrier.component.version().split('+').next().unwrap_or_default().to_owned();
    let mut parts = Vec::new();
    for new in is.carriers.iter().filter(|carrier| !carrier.is_part()) {
        let mut same = was.carriers.iter().filter(|old| old.component.purl.key() == new.component.purl.key());
        let (Some(old), None) = (same.next(), same.next()) else { continue };
        let is_told = moved && named.is_some_and(|named| std::ptr::eq(named, new.component));
        let flips = matches!((&old.cuda, &new.cuda), (Cuda::Cpu, cuda) | (cuda, Cuda::Cpu) if cuda.is_known() && *cuda != Cuda::Cpu);
        if flips && public(old) == public(new) {
            parts.push(format!(
                "{} is built for {} now, under the version that was for {}",
                new.component.name(),
                new.cuda,
                old.cuda
            ));
        } else if let (Some(from), Some(to)) = (old.cuda.major(), new.cuda.major())
            && from != to
            && !is_told
        {
            parts.push(format!("{} changes its CUDA without a change of name", step(was, new)));
        }
    }
    parts
}

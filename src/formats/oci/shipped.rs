//! Which stages of an image's build are in what runs: the one that runs with those it starts from, and those that it copies
//! an environment, an application or a program out of.

use crate::model::{Fact, FactKind, Part};

/// How much of a stage is in what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Share {
    /// Nothing of it.
    Nothing,
    /// A file that it made: a program with what was compiled into it, but no environment.
    Program,
    /// A folder, with what is installed there.
    Whole,
}

/// Folders that hold what an environment or an application is not: what is built, downloaded or served.
const OTHERS: [&str; 11] =
    ["wheel", "whl", "model", "weight", "checkpoint", "engine", "static", "asset", "data", "cache", "artifact"];

/// Returns how much of each part of an image's build is in what runs when this one does; `open` returns the parts that one
/// may start from where the file leaves that open.
pub(crate) fn shares(parts: &[Part], runs: usize, open: &dyn Fn(usize) -> Vec<usize>) -> Vec<Share> {
    let mut shares = vec![Share::Nothing; parts.len()];
    let mut left = vec![(runs, Share::Whole)];
    while let Some((number, share)) = left.pop() {
        let Some(part) = parts.get(number).filter(|_| shares[number] < share) else { continue };
        shares[number] = share;
        match part.base {
            Some(base) => left.push((base, share)),
            None => left.extend(open(number).into_iter().map(|base| (base, share))),
        }
        for fact in part.facts_of(FactKind::Copy) {
            if let Some(stage) = copied_from(fact).and_then(|name| find(parts, name)) {
                // What is mounted is only there while the command runs.
                let is_mounted = fact.detail.starts_with("mount ");
                let own = if is_mounted { Share::Program } else { share_of(fact.name) };
                left.push((stage, share.min(own)));
            }
        }
    }
    shares
}

/// Returns the stage or image that a copied file comes out of; none where it is of the build context.
pub(crate) fn copied_from(fact: &Fact) -> Option<&'static str> {
    fact.detail.trim_start_matches("mount ").strip_prefix("from=")
}

/// Finds a stage by its name or number.
fn find(parts: &[Part], name: &str) -> Option<usize> {
    let named = parts.iter().rposition(|part| part.name == name);
    named.or_else(|| name.parse().ok().filter(|number| *number < parts.len()))
}

/// Returns how much of a stage a path in it is.
fn share_of(path: &str) -> Share {
    let mut folders = path.trim_end_matches('/').rsplit('/');
    let last = folders.next().unwrap_or_default().to_lowercase();
    let is_file = match last.trim_start_matches('.').rsplit_once('.') {
        // `python3.11` is a folder.
        Some((name, end)) => name.contains(".so") || end.starts_with(|first: char| first.is_ascii_alphabetic()),
        None => false,
    };
    let is_program = matches!(last.as_str(), "bin" | "dist")
        || folders.any(|folder| matches!(folder, "bin" | "sbin" | "release" | "debug"));
    let is_other = OTHERS.iter().any(|other| last.contains(other));
    if is_file || is_program || is_other { Share::Program } else { Share::Whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_told_from_files() {
        for (path, expected) in [
            ("/opt/venv", Share::Whole),
            ("/opt/venv/", Share::Whole),
            ("/", Share::Whole),
            ("/app", Share::Whole),
            ("/app/.venv", Share::Whole),
            ("/home/app/.local", Share::Whole),
            ("/usr/local/lib/python3.11", Share::Whole),
            ("/usr/local/lib/python3.11/site-packages", Share::Whole),
            ("/usr/local/lib/python3/dist-packages", Share::Whole),
            ("/app/*", Share::Whole),
            ("/usr/local/bin/uv", Share::Program),
            ("/usr/local/bin", Share::Program),
            ("/src/target/release/server", Share::Program),
            ("/src/native/libfast.so", Share::Program),
            ("/src/native/libfast.so.1", Share::Program),
            ("/app/requirements.txt", Share::Program),
            ("/wheels", Share::Program),
            ("/wheels/*.whl", Share::Program),
            ("/home/app/.cache/huggingface-models", Share::Program),
            ("/engine", Share::Program),
        ] {
            assert_eq!(share_of(path), expected, "{path}");
        }
    }
}

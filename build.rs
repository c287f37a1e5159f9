//! Says which commit a build is of, where that is known, for `driftgate --version` alone.

#![allow(clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What says it from outside: `9ab50cf0e`, or with its day, `9ab50cf0e 2026-11-26`.
const GIVEN: &str = "DRIFTGATE_COMMIT";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={GIVEN}");
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let said = given().or_else(|| packaged(&folder)).or_else(|| committed(&folder));
    let words: Vec<&str> = said.iter().flat_map(|said| said.split_whitespace()).take(2).collect();
    let is_plain = |word: &&str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !words.is_empty() && words.iter().all(is_plain) {
        println!("cargo::rustc-env=DRIFTGATE_BUILT_FROM=commit {}", words.join(", "));
    }
}

fn given() -> Option<String> {
    std::env::var(GIVEN).ok().filter(|said| !said.trim().is_empty())
}

/// Reads what `cargo package` wrote down: `{"git": {"sha1": "…"}}`.
fn packaged(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join(".cargo_vcs_info.json")).ok()?;
    let sha = text.split("\"sha1\"").nth(1)?.split('"').nth(1)?;
    sha.get(..9).map(str::to_owned)
}

/// Asks git, where the folder is a checkout itself: in another's repository the commit would be another's too.
fn committed(folder: &Path) -> Option<String> {
    if !folder.join(".git").exists() {
        return None;
    }
    let said = git(folder, &["log", "-1", "--no-show-signature", "--abbrev=9", "--format=%h %cs"])?;
    let path = |name: &str| Some(folder.join(git(folder, &["rev-parse", "--git-path", name])?));
    // What names the commit: HEAD, the branch that it names, and where branches are packed. What is not there yet is made
    // in a folder that is, for cargo would take a missing file for a changed one.
    let branch = git(folder, &["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        let there = path(name).and_then(|path| path.ancestors().find(|path| path.exists()).map(Path::to_owned));
        let Some(there) = there.filter(|there| name != "packed-refs" || there.is_file()) else { continue };
        println!("cargo::rerun-if-changed={}", there.display());
    }
    Some(said)
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    // In a hook these name the repository that the hook is of.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    let output = command.output().ok().filter(|output| output.status.success())?;
    let said = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!said.is_empty()).then_some(said)
}

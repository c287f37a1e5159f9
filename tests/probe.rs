//! Each text under `fixtures/gpu/probe/<kind>/`, as a tool prints it, with the targets that are read of it or why there are
//! none. `UPDATE_SNAPSHOTS=1 cargo test --test probe` writes `expected.snap` anew.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use driftgate::gpu::probe;
use driftgate::gpu::{Module, Platform, Target};

/// Returns what a folder holds, sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn kinds() -> Vec<PathBuf> {
    let mut kinds = entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/gpu/probe"));
    kinds.retain(|path| path.is_dir());
    kinds
}

/// Returns the texts of a kind, with their names.
fn texts(kind: &Path) -> Vec<(String, String)> {
    let files = entries(kind).into_iter().filter(|path| path.extension().is_none_or(|ending| ending != "snap"));
    files
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect()
}

fn show(target: &Target) -> String {
    let mut text = format!("  {}\n", target.name);
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            writeln!(text, "    {key}: {value}").unwrap();
        }
    };
    line("driver", target.driver.as_ref().map(ToString::to_string));
    line("gpus", Some(target.gpus.join(", ")));
    line("platform", (target.platform != Platform::Linux).then(|| format!("{:?}", target.platform)));
    line("brand", target.brand.clone());
    line("module", (target.module != Module::Unknown).then(|| format!("{:?}", target.module)));
    line("capability", target.capability.as_ref().map(ToString::to_string));
    line("compute", target.compute.as_ref().map(ToString::to_string));
    line("user driver", target.user_driver.clone());
    line("fabric manager", target.fabric_manager.as_ref().map(ToString::to_string));
    line("nvswitch", target.nvswitch.then(|| "yes".to_owned()));
    for node in &target.nodes {
        let known =
            |version: &Option<driftgate::gpu::Dotted>| version.as_ref().map_or("?".to_owned(), ToString::to_string);
        let told = [known(&node.driver), known(&node.capability), known(&node.compute), node.gpus.join(", ")];
        line("node", Some(format!("{} {} {}", node.name, told.join(" "), node.created)));
        line(
            "  taints",
            Some(node.taints.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")),
        );
    }
    text
}

fn read(name: &str, text: &str) -> String {
    match probe::read(probe::stem(name), text) {
        Ok(targets) => targets.iter().map(show).collect(),
        Err(error) => format!("  error: {error:#}\n"),
    }
}

#[test]
fn texts_tell_what_they_told() {
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut wrong = String::new();
    for kind in kinds() {
        let each = texts(&kind).into_iter().map(|(name, text)| format!("{name}\n{}", read(&name, &text)));
        let is = each.collect::<Vec<_>>().join("\n");
        let file = kind.join("expected.snap");
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if is != expected {
            writeln!(wrong, "{}\n--- expected\n{expected}--- is\n{is}", kind.display()).unwrap();
            if update {
                fs::write(file, is).unwrap();
            }
        }
    }
    assert!(wrong.is_empty() || update, "{wrong}");
}

/// Whatever of a text there is, and with whatever line ends, nothing panics, and the name of the file says nothing.
#[test]
fn cut_and_changed_texts_are_survived() {
    for kind in kinds() {
        for (name, text) in texts(&kind) {
            let mut cuts: Vec<usize> = (0..64).map(|part| text.len() * part / 64).collect();
            cuts.retain(|at| text.is_char_boundary(*at));
            for at in cuts {
                let _ = probe::read("cut", &text[..at]);
                let _ = probe::read("cut", &text[at..]);
                let _ = probe::read("cut", &format!("{}\u{0}é|<{}", &text[..at], &text[at..]));
            }
            let other = read("same.zip", &text.replace('\n', "\r\n")).replace("  same\n", "");
            let (stem, _) = name.rsplit_once('.').unwrap();
            assert_eq!(other, read(&name, &text).replace(&format!("  {stem}\n"), ""), "{name}");
        }
    }
}

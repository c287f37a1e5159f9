//! Which files of a tree are looked at: those of projects in a folder or a commit, what is installed in an image.

use std::sync::Arc;

use anyhow::Result;
use rayon::prelude::*;

use super::{Found, Scan};
use crate::formats::{self, Format, oci};
use crate::source;
use crate::tree::image::{self, Look};
use crate::tree::{Enter, Listing, Tree};

/// Folders that hold other people's projects, or what tools made of ours.
pub(super) const VENDORED: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    "target",
    "vendor",
    "venv",
    ".venv",
    "virtualenv",
    "site-packages",
    "__pypackages__",
    "__pycache__",
    ".tox",
    ".nox",
    ".git",
    ".hg",
    ".svn",
    ".terraform",
    ".pixi",
    ".gradle",
];

/// Lists the files of a tree that are looked at.
pub(super) fn walk(tree: &dyn Tree, scan: &Scan) -> Result<Listing> {
    let exclude = scan.exclude.clone();
    let enter: Enter = Arc::new(move |folder: &str| {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        !VENDORED.contains(&name) && !exclude.is_match(folder) && !exclude.is_match(format!("{folder}/"))
    });
    let mut listing = tree.list(&enter, false)?;
    listing.files.extend(led_to(tree, &listing.files));
    listing.files.sort_unstable();
    listing.files.dedup();
    if !scan.include.is_empty() {
        let all = tree.list(&(Arc::new(|_: &str| true) as Enter), true)?;
        listing.files.extend(all.files.into_iter().filter(|path| scan.include.is_match(path)));
        listing.files.sort_unstable();
        listing.files.dedup();
        listing.unlisted.extend(all.unlisted);
    }
    listing.files.retain(|path| !scan.exclude.is_match(path) && !scan.skip.contains(path));
    Ok(listing)
}

/// Returns the files in folders that are not walked which those that were found lead to.
fn led_to(tree: &dyn Tree, files: &[String]) -> Vec<String> {
    let leading: Vec<&dyn Format> = formats::all().filter(|format| !format.leads_to().is_empty()).collect();
    let of_file = |path: &String| {
        let formats = leading.iter().filter(|format| format.takes(path));
        let names = formats.flat_map(|format| format.leads_to());
        names.filter_map(|name| source::join(source::folder(path), name)).collect::<Vec<_>>()
    };
    files.iter().flat_map(of_file).filter(|path| tree.has(path)).collect()
}

/// Lists the files of a root file system or an installed environment that are looked at: what tells what is installed,
/// and the lockfiles of projects, which stand elsewhere. The programs that carry what they were built from come apart.
pub(super) fn installed(tree: &dyn Tree, scan: &Scan, programs: &mut Vec<Found>) -> Result<Listing> {
    let exclude = scan.exclude.clone();
    let enter: Enter =
        Arc::new(move |folder: &str| !exclude.is_match(folder) && !exclude.is_match(format!("{folder}/")));
    let mut listing = tree.list(&enter, true)?;
    let mut carrying = tree.programs(&listing.files);
    carrying.retain(|path| !scan.exclude.is_match(path) && !scan.skip.contains(path));
    programs.par_extend(carrying.into_par_iter().filter_map(|path| {
        let text = source::text(tree.open(&path).ok()?).ok()?;
        let format = formats::of_text(&text)?;
        Some(Found { path, format, text: Some(text), included: false })
    }));
    listing.files.retain(|path| {
        let is_looked_at = || path == image::CONFIG || look(path) != Look::No;
        !scan.exclude.is_match(path) && !scan.skip.contains(path) && (scan.include.is_match(path) || is_looked_at())
    });
    Ok(listing)
}

/// Says what is looked at of a file in a root file system, by its path: the records of packages, and lockfiles of projects.
/// What deploys images is not: an image that holds a chart does not run what the chart names.
pub fn look(path: &str) -> Look {
    // What is in an image is the file itself, and no pointer to it.
    let is_whole = |format: &&dyn Format| format.most() == source::MAX_FILE && is_of_a_project(path);
    let of_project = || formats::of_file(path).filter(is_whole);
    let deploys = |format: &dyn Format| oci::FORMATS.iter().any(|other| other.id() == format.id());
    if formats::of_installed(path).is_some() || of_project().is_some_and(|format| !deploys(format)) {
        return Look::Whole;
    }
    let is_weighed = is_of_a_project(path) && formats::of_file(path).is_some_and(|format| format.weighs(path));
    if is_weighed { Look::Weighed } else { Look::No }
}

/// Says whether a file of a root file system may belong to a project that was copied into it.
fn is_of_a_project(path: &str) -> bool {
    let mut folders = source::folder(path).split('/').filter(|folder| !folder.is_empty());
    let is_system = match path.split_once('/') {
        Some((folder, rest)) if SYSTEM.contains(&folder) => !PROJECTS.iter().any(|project| rest.starts_with(project)),
        _ => false,
    };
    !is_system && folders.all(|folder| !folder.starts_with('.') && !VENDORED.contains(&folder))
}

/// The folders of a root file system that belong to its packages.
const SYSTEM: &[&str] =
    &["bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "tmp", "usr", "var"];

/// Where projects stand in those all the same: `usr/src/app`, `var/task`, `var/www`.
const PROJECTS: &[&str] = &["src/", "task/", "www/"];

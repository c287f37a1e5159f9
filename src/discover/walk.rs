//! Which files of a tree are looked at: those of projects in a folder or a commit, what is installed in an image.

use std::sync::Arc;

use anyhow::Result;
use rayon::prelude::*;

use super::{Found, Scan, told};
use crate::formats::{self, Format, Role, oci};
use crate::source;
use crate::tree::image::{self, Look};
use crate::tree::{Enter, Link, Listing, Tree};

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

/// Returns which folders of a project are entered.
fn enter(scan: &Scan) -> Enter {
    let exclude = scan.exclude.clone();
    Arc::new(move |folder: &str| {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        !VENDORED.contains(&name) && !exclude.is_match(folder) && !exclude.is_match(format!("{folder}/"))
    })
}

/// Lists the files of a tree that are looked at.
pub(super) fn walk(tree: &dyn Tree, scan: &Scan) -> Result<Listing> {
    let mut listing = tree.list(&enter(scan), false)?;
    listing.files.extend(led_to(tree, &listing.files));
    listing.files.sort_unstable();
    listing.files.dedup();
    if !scan.include.is_empty() {
        let all = tree.list(&(Arc::new(|_: &str| true) as Enter), true)?;
        listing.files.extend(all.files.into_iter().filter(|path| scan.include.is_match(path)));
        listing.files.sort_unstable();
        listing.files.dedup();
        listing.unlisted.extend(all.unlisted);
        listing.links.extend(all.links.into_iter().filter(|link| scan.include.is_match(&link.path)));
        listing.links.sort_unstable();
        listing.links.dedup();
    }
    let is_looked_at = |path: &String| !scan.exclude.is_match(path) && !scan.skip.contains(path);
    listing.files.retain(is_looked_at);
    listing.links.retain(|link| is_looked_at(&link.path) && !link.to.as_ref().is_some_and(|to| scan.skip.contains(to)));
    let read: Vec<String> =
        listing.links.iter().filter(|link| is_read(link, &listing.files)).map(|link| link.path.clone()).collect();
    listing.files.extend(read);
    listing.files.sort_unstable();
    Ok(listing)
}

/// Says whether a link is read by its own name, which is that of a subject: what it leads to is not read as one where it
/// stands, or is no file of the tree, which is then a problem.
fn is_read(link: &Link, files: &[String]) -> bool {
    let subject = |path: &str| {
        let format = formats::of_file(path).filter(|format| format.role() == Role::Subject);
        format.filter(|format| format.is_of(path, ""))
    };
    let Some(format) = subject(&link.path) else { return false };
    match &link.to {
        // Weights lie in stores of their own, and many links lead there.
        None => !format.weighs(&link.path),
        Some(to) => {
            let at_home = files.binary_search(to).ok().and_then(|_| formats::of_file(to));
            at_home.is_none_or(|other| other.id() != format.id())
        }
    }
}

/// Says that git could not be asked which files it tracks, where that leaves out files that look like those of a format.
pub(super) fn untold(tree: &dyn Tree, scan: &Scan, listing: &Listing) -> Option<String> {
    let why = listing.untold.as_ref()?;
    let all = tree.list(&enter(scan), true).ok()?;
    let is_hidden = |path: &str| path.split('/').any(|part| part.starts_with('.'));
    let is_left_out = |path: &&String| {
        listing.files.binary_search(path).is_err()
            && !is_hidden(path)
            && told::looks_known(path)
            && !scan.exclude.is_match(path)
            && !scan.skip.contains(*path)
    };
    let left: Vec<&String> = all.files.iter().filter(is_left_out).collect();
    let (first, others) = (left.first()?, left.len() - 1);
    let more = if others > 0 { format!(" and {others} more") } else { String::new() };
    Some(format!("{first}{more} not read: .gitignore matches, and that git does not track it is not known: {why}"))
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

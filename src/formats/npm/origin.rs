//! Where a package comes from, by what `resolved` says, and how it is named.

use std::borrow::Cow;

use crate::model::{Digest, Origin, Purl};

/// Returns the purl of a package; a scope is the namespace.
pub(super) fn purl(name: &str, version: &str) -> Purl {
    match name.split_once('/').filter(|(_, base)| name.starts_with('@') && !base.is_empty()) {
        Some((scope, name)) => Purl::new("npm", scope, name, version),
        None => Purl::new("npm", "", name, version),
    }
}

/// Returns the digests of `integrity`: one or more tokens of subresource integrity.
pub(super) fn digests(integrity: &str) -> Vec<Digest> {
    integrity.split_ascii_whitespace().filter_map(Digest::sri).collect()
}

/// Returns where the package `name` comes from. No registry is known by its host: an address is a registry's where it
/// has the layout that all of them share, with this package's name in it, `<registry>/<name>/-/<file>.tgz`.
pub(super) fn origin(resolved: &str, name: &str) -> Origin {
    if resolved.is_empty() {
        return Origin::Unknown;
    }
    if let Some(path) = resolved.strip_prefix("file:") {
        return Origin::path(path);
    }
    if is_git(resolved) {
        return git(resolved);
    }
    match registry(resolved, name) {
        Some(address) => Origin::registry(address),
        None if resolved.contains("://") => Origin::url(resolved),
        None => Origin::path(resolved),
    }
}

/// Returns the repository that an archive of a forge is of: `https://codeload.github.com/o/r/tar.gz/COMMIT`.
pub(super) fn hosted(tarball: &str) -> Option<Origin> {
    let path = tarball.strip_prefix("https://codeload.github.com/")?;
    let (repository, commit) = path.split_once("/tar.gz/")?;
    let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| Origin::git(&format!("https://github.com/{repository}"), commit, ""))
}

/// Says whether an address is a git repository's, in any spelling that npm knows.
fn is_git(address: &str) -> bool {
    const SCHEMES: &[&str] = &["git+", "git:", "git@", "github:", "gitlab:", "bitbucket:", "gist:"];
    SCHEMES.iter().any(|scheme| address.starts_with(scheme))
        || address.contains("://") && address.split(['?', '#']).next().is_some_and(|path| path.ends_with(".git"))
}

fn git(address: &str) -> Origin {
    let (url, fragment) = address.split_once('#').unwrap_or((address, ""));
    let url = url.strip_prefix("git+").unwrap_or(url);
    let is_commit = matches!(fragment.len(), 40 | 64) && fragment.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (commit, reference) = if is_commit { (fragment, "") } else { ("", fragment) };
    Origin::git(url, commit, reference)
}

/// Returns the part of a tarball's address that stands before the package's own path.
fn registry<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let path = url.split(['?', '#']).next()?;
    let at = path.rfind("/-/")?;
    if !path[at..].ends_with(".tgz") {
        return None;
    }
    // Some registries write the scope's slash as %2f.
    let package = &path[..at];
    let address = [Cow::Borrowed(name), name.replace('/', "%2f").into(), name.replace('/', "%2F").into()]
        .iter()
        .find_map(|name| package.strip_suffix(&**name))
        .filter(|address| address.ends_with('/'))?;
    let (_, host) = address.split_once("://")?;
    // `…/@other/name/-/name.tgz` is a package of another scope.
    let parent = host.trim_end_matches('/').rsplit('/').next()?;
    (!parent.is_empty() && !parent.starts_with('@')).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_told_apart_without_knowing_a_host() {
        let commit = "0123456789012345678901234567890123456789";
        let git = |url, commit, reference| Origin::Git { url, commit, reference };
        for (resolved, name, expected) in [
            ("", "a", Origin::Unknown),
            ("https://mirror.example/a/-/a-1.0.0.tgz", "a", Origin::Registry("https://mirror.example/")),
            ("https://mirror.example/npm/a/-/a-1.0.0.tgz?x=1", "a", Origin::Registry("https://mirror.example/npm/")),
            ("https://mirror.example/@s/a/-/a-1.tgz", "@s/a", Origin::Registry("https://mirror.example/")),
            ("https://mirror.example/@s%2fa/-/a-1.tgz", "@s/a", Origin::Registry("https://mirror.example/")),
            ("https://mirror.example/@s/a/-/@s/a-1.tgz", "@s/a", Origin::Registry("https://mirror.example/")),
            ("https://mirror.example/@s/a/-/a-1.tgz", "a", Origin::Url("https://mirror.example/@s/a/-/a-1.tgz")),
            ("https://mirror.example/ba/-/a-1.tgz", "a", Origin::Url("https://mirror.example/ba/-/a-1.tgz")),
            ("https://mirror.example/b/-/b-1.tgz", "a", Origin::Url("https://mirror.example/b/-/b-1.tgz")),
            ("https://a/-/a-1.tgz", "a", Origin::Url("https://a/-/a-1.tgz")),
            ("https://u:p@mirror.example/npm/a/-/a-1.tgz", "a", Origin::Registry("https://mirror.example/npm/")),
            ("https://files.example/a.tgz?x=1&token=p", "a", Origin::Url("https://files.example/a.tgz?x=1")),
            ("git+https://u:p@host.example/o/r.git#main", "a", git("https://host.example/o/r.git", "", "main")),
            ("https://files.example/a.tgz", "a", Origin::Url("https://files.example/a.tgz")),
            ("file:lib/a.tgz", "a", Origin::Path("lib/a.tgz")),
            (
                "git+ssh://git@host.example/o/r.git#0123456789012345678901234567890123456789",
                "a",
                git("ssh://git@host.example/o/r.git", commit, ""),
            ),
            ("git+https://host.example/o/r#main", "a", git("https://host.example/o/r", "", "main")),
            ("https://host.example/o/r.git", "a", git("https://host.example/o/r.git", "", "")),
        ] {
            assert_eq!(origin(resolved, name), expected, "{resolved}");
        }
        assert_eq!(purl("@s/a", "1.0.0").as_str(), "pkg:npm/%40s/a@1.0.0");
        assert_eq!(purl("a", "").as_str(), "pkg:npm/a");
    }
}

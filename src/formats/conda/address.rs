//! What the address of a conda package says: channel, platform, name, version and build.
//!
//! Specification: conda's package naming conventions, `<channel>/<subdir>/<name>-<version>-<build>.conda` or `.tar.bz2`.

use std::borrow::Cow;

use crate::intern::{self, Text};
use crate::model::{Component, Origin, Purl, without_credentials};

/// A package of a channel, in the parts of its address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address<'t> {
    /// The channel's address; a folder's path; empty where there is none.
    pub channel: &'t str,
    /// The platform that it is built for: `linux-64`, `noarch`.
    pub subdir: &'t str,
    /// Its name.
    pub name: &'t str,
    /// Its version.
    pub version: &'t str,
    /// Its build string.
    pub build: &'t str,
    /// The archive's type: `conda` or `tar.bz2`.
    pub ty: &'static str,
}

impl<'t> Address<'t> {
    /// Reads the address of an archive; none where it is no conda package's.
    pub fn read(url: &'t str) -> Option<Self> {
        let path = url.split(['#', '?']).next()?;
        let (folder, file) = path.rsplit_once(['/', '\\']).unwrap_or(("", path));
        let ty = ["conda", "tar.bz2"].into_iter().find(|ty| file.ends_with(ty))?;
        let stem = file.strip_suffix(ty)?.strip_suffix('.')?;
        let (rest, build) = stem.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        if name.is_empty() || version.is_empty() {
            return None;
        }
        let (channel, subdir) = match folder.rsplit_once(['/', '\\']) {
            Some((channel, subdir)) if is_subdir(subdir) => (channel, subdir),
            _ => (folder, ""),
        };
        Some(Address { channel, subdir, name, version, build, ty })
    }

    /// Returns the component that is found there.
    pub fn component(&self) -> Component {
        let channel = plain(self.channel);
        let name = if channel.contains("://") { channel_name(&channel) } else { "" };
        let mut component = Component::new(self.purl(name));
        component.origin = match channel.strip_prefix("file:") {
            Some(path) => Origin::path(path.strip_prefix("//").unwrap_or(path)),
            None if channel.contains("://") => Origin::registry(&channel),
            None if channel.is_empty() => Origin::Unknown,
            None => Origin::path(&channel),
        };
        component
    }

    /// Returns the purl, with the channel by its name.
    pub fn purl(&self, channel: &str) -> Purl {
        let qualifiers = [("build", self.build), ("channel", channel), ("subdir", self.subdir), ("type", self.ty)];
        // Signs of a version that an address may not hold as they are: of an epoch and of a local version.
        let version = self.version.replace("%21", "!").replace("%2B", "+").replace("%2b", "+");
        Purl::build("conda", "", self.name, &version, &qualifiers, "")
    }
}

/// Says whether a folder of a channel is one of a platform: `linux-64`, `osx-arm64`, `noarch`.
pub fn is_subdir(text: &str) -> bool {
    const SYSTEMS: &[&str] =
        &["linux", "osx", "win", "emscripten", "wasi", "zos", "freebsd", "android", "ios", "iossimulator"];
    text == "noarch" || text.split_once('-').is_some_and(|(system, _)| SYSTEMS.contains(&system))
}

/// Returns the name of a channel: the last part of its address, and the label where it has one.
///
/// Of `https://mirror.example/pkgs/main` that is `main`, of `https://mirror.example/team/label/dev` `team/label/dev`.
pub fn channel_name(address: &str) -> Text {
    let address = address.trim_end_matches(['/', '\\']);
    let path = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (before, label) = path.split_once("/label/").map_or((path, ""), |(before, label)| (before, label));
    let name = before.rsplit(['/', '\\']).next().unwrap_or(before);
    if label.is_empty() { intern::text(name) } else { intern::text(&format!("{name}/label/{label}")) }
}

/// Returns an address without credentials, conda's own `/t/<token>/` among them.
pub fn plain(address: &str) -> Cow<'_, str> {
    let address = without_credentials(address);
    let Some(host) = address.find("://").map(|at| at + 3) else { return address };
    let Some(path) = address[host..].find('/').map(|at| host + at) else { return address };
    let Some(token) = address[path..].strip_prefix("/t/") else { return address };
    let after = token.find('/').map_or("", |at| &token[at..]);
    Cow::Owned(format!("{}{after}", &address[..path]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (url, purl, origin) in [
            (
                "https://mirror.example/conda-forge/linux-64/pytorch-2.8.0-cuda129_mkl_py313_h7947483_302.conda",
                "pkg:conda/pytorch@2.8.0?build=cuda129_mkl_py313_h7947483_302&channel=conda-forge&subdir=linux-64&type=conda",
                "registry https://mirror.example/conda-forge",
            ),
            (
                "https://mirror.example/pkgs/main/noarch/tzdata-2025b-0.tar.bz2#d41d8cd98f00b204e9800998ecf8427e",
                "pkg:conda/tzdata@2025b?build=0&channel=main&subdir=noarch&type=tar.bz2",
                "registry https://mirror.example/pkgs/main",
            ),
            (
                "https://me:s3cret@mirror.example/t/s3cret/team/label/dev/win-64/a-b_c-1!2.0+cpu-h1_0.conda?token=s3cret",
                "pkg:conda/a-b_c@1%212.0%2Bcpu?build=h1_0&channel=team%2Flabel%2Fdev&subdir=win-64&type=conda",
                "registry https://mirror.example/team/label/dev",
            ),
            (
                "file:///opt/channel/linux-64/own-1.0-0.conda",
                "pkg:conda/own@1.0?build=0&channel=channel&subdir=linux-64&type=conda",
                "path /opt/channel",
            ),
            ("./own-1.0-0.conda", "pkg:conda/own@1.0?build=0&type=conda", "path ."),
            ("own-1.0-0.conda", "pkg:conda/own@1.0?build=0&type=conda", "an unknown source"),
        ] {
            let component = Address::read(url).map(|address| address.component());
            let told = component.map(|component| (component.purl.as_str(), component.origin.to_string()));
            assert_eq!(told, Some((purl, origin.to_owned())), "{url}");
        }
    }

    #[test]
    fn other_addresses_are_none() {
        for url in
            ["", "x.conda", "a-1.conda", "-1-0.conda", "https://mirror.example/a-1-0.whl", "https://mirror.example/t"]
        {
            assert_eq!(Address::read(url), None, "{url}");
        }
        assert_eq!(plain("https://mirror.example/t/s3cret"), "https://mirror.example");
        assert_eq!(plain("https://mirror.example/t"), "https://mirror.example/t");
    }
}

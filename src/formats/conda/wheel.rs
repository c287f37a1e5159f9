//! Python projects that stand in a lock beside conda's packages: what the address of one says.

use std::borrow::Cow;

use crate::formats::pypi::pep508::Address;
use crate::model::{Component, Origin, Purl};

/// Returns the component of a Python project that is installed from `url`; an empty version is taken from there.
///
/// `direct` says that the address itself was asked for. Else an index led there, and the folder stands for it: the index's
/// own address is not in the file.
pub fn component(name: &str, version: &str, url: &str, direct: bool) -> Component {
    let plain = url.strip_prefix("direct+").unwrap_or(url);
    let address = Address::read(plain);
    let of_file = address.version.unwrap_or_default().replace("%2B", "+").replace("%2b", "+");
    let version = if version.is_empty() { Cow::Owned(of_file) } else { Cow::Borrowed(version) };
    let mut component = Component::new(Purl::new("pypi", "", name, &version));
    component.digests = address.digests;
    component.origin = match address.origin {
        Origin::Url(archive) if !direct && plain.len() == url.len() => Origin::registry(folder(archive)),
        origin => origin,
    };
    component
}

/// Returns the folder of an archive, less the folders that an index names after its digest.
fn folder(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let host = path.find("://").map_or(0, |at| at + 3);
    let is_of_digest =
        |part: &str| (part.len() == 2 || part.len() > 32) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut folder = path;
    while let Some(at) = folder[host..].rfind('/').map(|at| host + at) {
        let last = &folder[at + 1..];
        if folder.len() < path.len() && !is_of_digest(last) {
            break;
        }
        folder = &folder[..at];
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_where_a_wheel_comes_from() {
        let hex = "40c792cccd91d45e87d9e00033abc4f6ca8a828467b193f711139ff1f1cd";
        for (url, direct, version, origin) in [
            (
                &*format!("https://files.mirror.example/packages/8c/40/{hex}/numpy-2.2.1-cp313-cp313-linux_x86_64.whl"),
                false,
                "2.2.1",
                "registry https://files.mirror.example/packages",
            ),
            (
                "https://mirror.example/whl/cu121/torch-2.5.1%2Bcu121-cp311-cp311-linux_x86_64.whl",
                false,
                "2.5.1+cu121",
                "registry https://mirror.example/whl/cu121",
            ),
            ("direct+https://mirror.example/a/b-1.0.tar.gz", false, "1.0", "https://mirror.example/a/b-1.0.tar.gz"),
            ("https://mirror.example/a/b-1.0.tar.gz", true, "1.0", "https://mirror.example/a/b-1.0.tar.gz"),
            (
                "git+https://git.example/flask@b90a4f1f4a370e92054b9cc9db0efcb864f87ebe",
                false,
                "",
                "git https://git.example/flask at b90a4f1f4a370e92054b9cc9db0efcb864f87ebe",
            ),
            ("./local-pkg", false, "", "path ./local-pkg"),
            ("https://mirror.example", false, "", "registry https://mirror.example"),
        ] {
            let component = component("x", "", url, direct);
            assert_eq!((component.version(), &*component.origin.to_string()), (version, origin), "{url}");
        }
    }
}

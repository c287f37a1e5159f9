//! Links to files, in terminals that have them (OSC 8): the text stays what it is, and a click opens the file.

use hashbrown::HashMap;

use crate::intern::Text;
use crate::source::{FileId, Place, Sources};

/// Makes links of locations; none where the terminal has none.
pub struct Links<'s> {
    host: Option<Text>,
    sources: &'s Sources,
    /// The file of each path; none where several files are shown by it.
    files: HashMap<Text, Option<FileId>>,
}

impl<'s> Links<'s> {
    /// Returns links to files of the machine called `host`, whose name may be empty; no links without it.
    pub fn new(host: Option<Text>, sources: &'s Sources) -> Self {
        let mut files: HashMap<Text, Option<FileId>> = HashMap::new();
        for file in host.iter().flat_map(|_| sources.files()) {
            let path = sources.path(file);
            let folder = sources.on_disk(file);
            let is_same = |other: Option<FileId>| other.is_some_and(|other| sources.on_disk(other) == folder);
            files.entry(path).and_modify(|known| *known = known.filter(|_| is_same(*known))).or_insert(Some(file));
        }
        Links { host, sources, files }
    }

    /// Returns a text as a link to the file that a place is in; the text alone where that is no file on disk.
    pub fn at(&self, place: Place, shown: String) -> String {
        self.to(Some(place.file), shown)
    }

    /// Returns a text as a link to the one file that is shown by a path.
    pub fn of(&self, path: &str, shown: String) -> String {
        self.to(self.files.get(path).copied().flatten(), shown)
    }

    fn to(&self, file: Option<FileId>, shown: String) -> String {
        let path = self.host.and(file).and_then(|file| self.sources.on_disk(file));
        match (self.host, path.as_deref().and_then(std::path::Path::to_str)) {
            (Some(host), Some(path)) => format!("\u{1b}]8;;{}\u{1b}\\{shown}\u{1b}]8;;\u{1b}\\", address(host, path)),
            _ => shown,
        }
    }
}

/// Returns the address of a file: everything that is no plain letter in it is spelled out, so that it ends where it ends.
fn address(host: &str, path: &str) -> String {
    let mut address = format!("file://{host}");
    // What Windows puts before a path that may be long.
    let path = path.strip_prefix(r"\\?\").unwrap_or(path);
    if !path.starts_with('/') {
        address.push('/');
    }
    for byte in path.bytes() {
        match byte {
            b'\\' if cfg!(windows) => address.push('/'),
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => address.push(byte.into()),
            b':' if cfg!(windows) => address.push(':'),
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_hold_plain_letters_alone() {
        let plain = "/srv/my repo/ü/a\u{1b}\\;%.lock";
        assert_eq!(address("host", plain), "file://host/srv/my%20repo/%C3%BC/a%1B%5C%3B%25.lock");
        assert_eq!(address("", "/a:1"), "file:///a%3A1");
    }

    #[test]
    fn without_a_terminal_there_is_no_link() {
        let sources = Sources::default();
        assert_eq!(Links::new(None, &sources).at(Place::default(), "a:1:1".to_owned()), "a:1:1");
        assert_eq!(Links::new(Some("h"), &sources).at(Place::default(), "a:1:1".to_owned()), "a:1:1");
    }
}

//! The values of the properties under `driftgate:`, as they are written to a BOM and read from it.
//!
//! A value is a head and fields, parted by ` | `: `pkg:pypi/anyio@4.9.0 | scope=dev | extra=test`. CycloneDX wants one line
//! without tabs, so line breaks and tabs are escaped, and so are `|` and `\`; in XML, what is no character there: `\u{1b}`.

use crate::model::Origin;

/// On the document: the version of this encoding.
pub const SCHEMA: &str = "driftgate:schema";
/// The version of this encoding.
pub const VERSION: &str = "1";
/// On a subject: the id of the format that read it (and `path`, where CycloneDX can't name it so; and `environment`, where all of it
/// is locked under a condition).
pub const SUBJECT: &str = "driftgate:subject";
/// On a subject: the facts that its file does not carry (`edges`, `scopes`, `environments`, `integrity`,
/// `origin`, `licence`), and of another tool's BOM `whole`.
pub const SILENT: &str = "driftgate:silent";
/// On a component: the subjects that have it and say no more of it.
pub const SUBJECTS: &str = "driftgate:subjects";
/// On a component: one subject that has it, and what it says of it (`root`, `environment`).
pub const IN: &str = "driftgate:in";
/// On a component: where it comes from.
pub const SOURCE: &str = "driftgate:source";
/// On a component: a digest that CycloneDX has no name for, `sha224:<hex>`.
pub const DIGEST: &str = "driftgate:digest";
/// On a component: its licence, where CycloneDX can't spell it so.
pub const LICENCE: &str = "driftgate:licence";
/// On a component: a property whose name is one of these, or whose value CycloneDX can't spell (`value`).
pub const PROPERTY: &str = "driftgate:property";
/// On a component or subject: one way of requiring another component (`scope`, `environment`, `extra`, `in`).
pub const EDGE: &str = "driftgate:edge";
/// On a subject: an address that its file looks packages up at.
pub const INDEX: &str = "driftgate:index";
/// On a subject: a requirement without an exact answer (`from`, `candidate`, `gap` and as an edge).
pub const GAP: &str = "driftgate:gap";
/// What `gap` says of a requirement that nothing installed answers.
pub const UNMET: &str = "unmet";

/// On a subject in an image: a layer that brought some of it, by its digest (`number`, `by`: the command that made it).
pub const LAYER: &str = "driftgate:layer";
/// On a component: the number of the layer that brought it (`in`, where it is in several subjects).
pub const BROUGHT: &str = "driftgate:brought-by";
/// On a component: its kind, where a version of CycloneDX has no word for it.
pub const KIND: &str = "driftgate:kind";
/// Which copy of a component it is, where a subject has several that require differently.
pub const COPY: &str = "driftgate:copy";

/// On a component that carries a GPU runtime: what it was built for, as driftgate's tables had it when the BOM was written.
pub const GPU_RUNTIME: &str = "driftgate:gpu:runtime";
/// On such a component: the least Linux driver that it starts on.
pub const GPU_DRIVER: &str = "driftgate:gpu:driver-floor";
/// On such a component: the architectures that it has kernels for.
pub const GPU_KERNELS: &str = "driftgate:gpu:kernels";

/// The reference of what the document is about: the tree that the subjects are parts of.
pub const TREE: &str = "tree";

/// What the names of all these properties begin with.
pub const PREFIX: &str = "driftgate:";

const SEPARATOR: &str = " | ";

/// Named fields, in order; a name may stand several times.
pub type Fields = Vec<(String, String)>;

/// Writes a head and fields as one value.
pub fn encode(head: &str, fields: &[(String, String)]) -> String {
    let mut value = escape(head);
    for (name, field) in fields {
        value.push_str(SEPARATOR);
        value.push_str(name);
        value.push('=');
        value.push_str(&escape(field));
    }
    value
}

/// Reads a value as a head and fields; a field without `=` has an empty value.
pub fn decode(value: &str) -> (String, Fields) {
    let mut parts = value.split(SEPARATOR);
    let head = unescape(parts.next().unwrap_or_default());
    let field = |part: &str| {
        let (name, field) = part.split_once('=').unwrap_or((part, ""));
        (name.to_owned(), unescape(field))
    };
    (head, parts.map(field).collect())
}

/// Writes a list as one value.
pub fn list(items: &[&str]) -> String {
    items.iter().map(|item| escape(item)).collect::<Vec<_>>().join(SEPARATOR)
}

/// Reads a list.
pub fn unlist(value: &str) -> impl Iterator<Item = String> {
    value.split(SEPARATOR).map(unescape)
}

/// Writes where a component comes from; none where that is not known.
pub fn origin(origin: Origin) -> Option<String> {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Some(match origin {
        Origin::Unknown => return None,
        Origin::Registry(url) => encode("registry", &[field("url", url)]),
        Origin::Url(url) => encode("url", &[field("url", url)]),
        Origin::Path(path) => encode("path", &[field("path", path)]),
        Origin::Git { url, commit, reference } => {
            encode("git", &[field("url", url), field("commit", commit), field("reference", reference)])
        }
    })
}

/// Reads where a component comes from; none where a value says so in no way that is known.
pub fn read_origin(value: &str) -> Option<Origin> {
    let (head, fields) = decode(value);
    let field = |name: &str| fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str());
    Some(match head.as_str() {
        "registry" => Origin::registry(field("url")?),
        "url" => Origin::url(field("url")?),
        "path" => Origin::path(field("path")?),
        "git" => {
            Origin::git(field("url")?, field("commit").unwrap_or_default(), field("reference").unwrap_or_default())
        }
        _ => return None,
    })
}

/// Says whether CycloneDX spells a text as it is: a name or value has no line breaks and no tabs.
pub fn is_plain(text: &str) -> bool {
    !text.contains(['\n', '\r', '\t'])
}

fn escape(text: &str) -> String {
    if !text.contains(['\\', '|', '\n', '\r', '\t']) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 4);
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '|' => escaped.push_str("\\p"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            character => escaped.push(character),
        }
    }
    escaped
}

fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('p') => plain.push('|'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('u') => match unspelled(characters.as_str()) {
                Some((character, rest)) => {
                    plain.push(character);
                    characters = rest.chars();
                }
                None => plain.push('u'),
            },
            Some(other) => plain.push(other),
            None => plain.push('\\'),
        }
    }
    plain
}

/// Reads `{1b}`, as XML spells what it has no character for; returns the character and what follows.
fn unspelled(text: &str) -> Option<(char, &str)> {
    let (digits, rest) = text.strip_prefix('{')?.split_once('}')?;
    let character = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
    Some((character, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(head in ".*", fields in prop::collection::vec(("[a-z]{1,9}", ".*"), 0..4)) {
            let value = encode(&head, &fields);
            prop_assert!(!value.contains(['\n', '\r', '\t']));
            prop_assert_eq!(decode(&value), (head, fields));
        }
    }

    #[test]
    fn origins_are_read_back() {
        let git = Origin::git("https://git.example/a|b", "0123", "");
        for from in
            [Origin::registry("https://mirror.example/"), Origin::url("https://x.example/a"), Origin::path(""), git]
        {
            assert_eq!(origin(from).as_deref().map(read_origin), Some(Some(from)));
        }
        for value in ["", "registry", "registry | ulr=x", "regist | url=x", "git | commit=0", "https://mirror.example/"]
        {
            assert_eq!(read_origin(value), None, "{value}");
        }
        assert_eq!(read_origin("url | url=https://u:p@x.example/a"), Some(Origin::Url("https://x.example/a")));
    }
}

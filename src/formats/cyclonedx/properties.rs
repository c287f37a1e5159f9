//! The values of the properties under `driftgate:`, by which a BOM keeps what CycloneDX has no words for: both directions.
//!
//! A value is a head and fields, parted by TABs: `pkg:pypi/anyio@4.9.0<TAB>scope=dev<TAB>extra=test`. TABs, line breaks and
//! backslashes inside are escaped. Where a component comes from is a word and its parts, parted by blanks.

use std::borrow::Cow;

use crate::intern;
use crate::model::{Origin, Requirement, Scope};

/// On the document's metadata: the version of this encoding.
pub const SCHEMA: &str = "driftgate:schema";
/// The version of this encoding.
pub const VERSION: &str = "1";
/// On a subject: the id of the format that read it.
pub const SUBJECT: &str = "driftgate:subject";
/// On a component: where it comes from, an [`Origin`].
pub const SOURCE: &str = "driftgate:source";
/// On a component, once a subject that has it: a [`Member`].
pub const IN: &str = "driftgate:in";
/// On a component or subject: one way of requiring another component, a [`Link`].
pub const EDGE: &str = "driftgate:edge";
/// On a component or subject: a requirement without an exact answer, a [`Missing`].
pub const GAP: &str = "driftgate:gap";

/// That a subject has a component, and what it says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member<'t> {
    /// The subject's path.
    pub subject: Cow<'t, str>,
    /// Whether it is the project itself or a member of its workspace.
    pub root: bool,
    /// The condition under which it is locked; empty where it always is.
    pub environment: Cow<'t, str>,
}

/// One way of requiring a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link<'t> {
    /// The `bom-ref` of what is required.
    pub to: Cow<'t, str>,
    /// How.
    pub requirement: Requirement,
    /// The subjects it holds for; none for all that have both.
    pub subjects: Vec<Cow<'t, str>>,
}

/// A requirement without an exact answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing<'t> {
    /// What is required, as its file spells it.
    pub name: Cow<'t, str>,
    /// How.
    pub requirement: Requirement,
    /// The subjects it holds for; none for all that have the component.
    pub subjects: Vec<Cow<'t, str>>,
    /// The `bom-ref`s of what could answer; none where nothing is pinned.
    pub candidates: Vec<Cow<'t, str>>,
}

impl<'t> Member<'t> {
    /// Writes the value.
    pub fn encode(&self) -> String {
        let mut value = escape(&self.subject).into_owned();
        if self.root {
            value.push_str("\troot");
        }
        field(&mut value, "environment", &self.environment);
        value
    }

    /// Reads a value.
    ///
    /// # Errors
    /// Names a field that is not known: what it means, this version can't say.
    pub fn decode(value: &'t str) -> Result<Self, String> {
        let mut parts = value.split('\t');
        let mut member = Member { subject: unescape(parts.next().unwrap_or_default()), ..Member::default() };
        for part in parts {
            match part.split_once('=') {
                None if part == "root" => member.root = true,
                Some(("environment", value)) => member.environment = unescape(value),
                _ => return Err(unknown(part)),
            }
        }
        Ok(member)
    }
}

impl<'t> Link<'t> {
    /// Writes the value.
    pub fn encode(&self) -> String {
        let mut value = escape(&self.to).into_owned();
        requirement_fields(&mut value, &self.requirement);
        self.subjects.iter().for_each(|subject| field(&mut value, "in", subject));
        value
    }

    /// Reads a value.
    ///
    /// # Errors
    /// Names a field or scope that is not known.
    pub fn decode(value: &'t str) -> Result<Self, String> {
        let mut parts = value.split('\t');
        let mut link = Link { to: unescape(parts.next().unwrap_or_default()), ..Link::default() };
        for part in parts {
            match part.split_once('=') {
                Some(("in", subject)) => link.subjects.push(unescape(subject)),
                Some((name, value)) => requirement_field(&mut link.requirement, name, value)?,
                None => return Err(unknown(part)),
            }
        }
        Ok(link)
    }
}

impl<'t> Missing<'t> {
    /// Writes the value.
    pub fn encode(&self) -> String {
        let mut value = escape(&self.name).into_owned();
        requirement_fields(&mut value, &self.requirement);
        self.subjects.iter().for_each(|subject| field(&mut value, "in", subject));
        self.candidates.iter().for_each(|candidate| field(&mut value, "candidate", candidate));
        value
    }

    /// Reads a value.
    ///
    /// # Errors
    /// Names a field or scope that is not known.
    pub fn decode(value: &'t str) -> Result<Self, String> {
        let mut parts = value.split('\t');
        let mut missing = Missing { name: unescape(parts.next().unwrap_or_default()), ..Missing::default() };
        for part in parts {
            match part.split_once('=') {
                Some(("in", subject)) => missing.subjects.push(unescape(subject)),
                Some(("candidate", candidate)) => missing.candidates.push(unescape(candidate)),
                Some((name, value)) => requirement_field(&mut missing.requirement, name, value)?,
                None => return Err(unknown(part)),
            }
        }
        Ok(missing)
    }
}

/// Writes where a component comes from; none where that is not known.
pub fn encode_origin(origin: Origin) -> Option<String> {
    let parts: [&str; 4] = match origin {
        Origin::Unknown => return None,
        Origin::Registry(url) => ["registry", url, "", ""],
        Origin::Url(url) => ["url", url, "", ""],
        Origin::Path(path) => ["path", path, "", ""],
        Origin::Git { url, commit, reference } => ["git", url, commit, reference],
    };
    // The word and the address are always written, of what may follow only what is not empty.
    let last = parts.iter().rposition(|part| !part.is_empty()).unwrap_or(0).max(1);
    Some(parts[..=last].iter().map(|part| percent(part)).collect::<Vec<_>>().join(" "))
}

/// Reads where a component comes from.
///
/// # Errors
/// Says what is malformed.
pub fn decode_origin(value: &str) -> Result<Origin, String> {
    let malformed = || format!("\"{}\" is no source", value.escape_debug());
    let mut parts = [""; 4];
    for (index, part) in value.split(' ').enumerate() {
        *parts.get_mut(index).ok_or_else(malformed)? = part;
    }
    let [word, parts @ ..] = parts;
    let mut texts = [""; 3];
    for (text, part) in texts.iter_mut().zip(parts) {
        *text = intern::text(&unpercent(part).ok_or_else(malformed)?);
    }
    match (word, texts) {
        ("registry", [url, "", ""]) => Ok(Origin::Registry(url)),
        ("url", [url, "", ""]) => Ok(Origin::Url(url)),
        ("path", [path, "", ""]) => Ok(Origin::Path(path)),
        ("git", [url, commit, reference]) => Ok(Origin::Git { url, commit, reference }),
        _ => Err(malformed()),
    }
}

fn requirement_fields(value: &mut String, requirement: &Requirement) {
    if requirement.scope != Scope::default() {
        field(value, "scope", requirement.scope.name());
    }
    field(value, "constraint", requirement.constraint);
    field(value, "environment", requirement.environment);
    field(value, "extra", requirement.extra);
}

fn requirement_field(requirement: &mut Requirement, name: &str, value: &str) -> Result<(), String> {
    let text = || intern::text(&unescape(value));
    match name {
        "scope" => {
            let unknown = || format!("\"{}\" is no scope", value.escape_debug());
            requirement.scope = Scope::named(value).ok_or_else(unknown)?;
        }
        "constraint" => requirement.constraint = text(),
        "environment" => requirement.environment = text(),
        "extra" => requirement.extra = text(),
        _ => return Err(unknown(name)),
    }
    Ok(())
}

fn unknown(field: &str) -> String {
    format!("the field \"{}\" is not known to this version", field.escape_debug())
}

/// Appends a field, unless it is empty.
fn field(to: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        to.push('\t');
        to.push_str(name);
        to.push('=');
        to.push_str(&escape(value));
    }
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['\t', '\n', '\r', '\\']) {
        return Cow::Borrowed(text);
    }
    let escaped = text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r");
    Cow::Owned(escaped)
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(match characters.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            }),
            character => plain.push(character),
        }
    }
    Cow::Owned(plain)
}

/// Percent-encodes what parts or breaks: blanks, control characters and the percent sign.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' ' | '%' | '\x00'..='\x1f' | '\x7f' => encoded.push_str(&format!("%{:02x}", u32::from(character))),
            character => encoded.push(character),
        }
    }
    encoded
}

/// Decodes percent signs; none where one is followed by no two digits, or the bytes are no text.
fn unpercent(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut pieces = text.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let digits = piece.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(&piece.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn requirement()(scope in 0..5usize, texts in prop::array::uniform3("(?s).{0,12}")) -> Requirement {
            let [constraint, environment, extra] = texts.map(|text| intern::text(&text));
            Requirement { scope: Scope::ALL[scope], constraint, environment, extra }
        }
    }

    fn texts() -> impl Strategy<Value = Vec<Cow<'static, str>>> {
        prop::collection::vec("(?s).{1,12}".prop_map(Cow::Owned), 0..3)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            head in "(?s).*", root: bool, environment in "(?s).*", requirement in requirement(),
            subjects in texts(), candidates in texts(),
        ) {
            let member = Member { subject: head.clone().into(), root, environment: environment.into() };
            let value = member.encode();
            prop_assert_eq!(Member::decode(&value), Ok(member.clone()));
            let link = Link { to: head.clone().into(), requirement, subjects: subjects.clone() };
            let value = link.encode();
            prop_assert_eq!(Link::decode(&value), Ok(link.clone()));
            let missing = Missing { name: head.into(), requirement, subjects, candidates };
            let value = missing.encode();
            prop_assert_eq!(Missing::decode(&value), Ok(missing.clone()));
        }

        #[test]
        fn origins_are_read_back(kind in 0..4, texts in prop::array::uniform3("(?s).{0,12}")) {
            let [url, commit, reference] = texts.map(|text| intern::text(&text));
            let origin = match kind {
                0 => Origin::Registry(url),
                1 => Origin::Url(url),
                2 => Origin::Path(url),
                _ => Origin::Git { url, commit, reference },
            };
            let value = encode_origin(origin);
            prop_assert_eq!(value.map(|value| decode_origin(&value)), Some(Ok(origin)));
        }

        #[test]
        fn no_value_panics(value in "(?s).*") {
            let _ = (Member::decode(&value), Link::decode(&value), Missing::decode(&value), decode_origin(&value));
        }
    }

    #[test]
    fn values_look_like_this() {
        let link = Link {
            to: "pkg:pypi/a@1".into(),
            requirement: Requirement { scope: Scope::Dev, constraint: ">=1", ..Requirement::default() },
            subjects: vec!["uv.lock".into()],
        };
        assert_eq!(link.encode(), "pkg:pypi/a@1\tscope=dev\tconstraint=>=1\tin=uv.lock");
        let git = Origin::Git { url: "https://git.example/a b", commit: "", reference: "main" };
        assert_eq!(encode_origin(git).as_deref(), Some("git https://git.example/a%20b  main"));
        for wrong in ["", "registry", "ftp x", "git a b c d", "url %zz"] {
            assert_eq!(decode_origin(wrong).is_err(), wrong != "registry", "{wrong}");
        }
        assert!(Link::decode("a\tscope=never").is_err() && Member::decode("a\tx").is_err());
    }
}

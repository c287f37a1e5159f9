//! A package as Composer's files spell it.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::intern::{self, Text};
use crate::model::{Algorithm, Component, Digest, Origin, Purl};
use crate::syntax::json::{Map, Str};

/// An object by names: PHP writes an empty one as a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Links<'t> {
    Some(#[serde(borrow)] Map<Str<'t>, Str<'t>>),
    None(IgnoredAny),
}

impl Default for Links<'_> {
    fn default() -> Self {
        Links::None(IgnoredAny)
    }
}

impl<'t> Links<'t> {
    /// Returns the names with what is asked of each.
    pub(super) fn each(&self) -> &[(Str<'t>, Str<'t>)] {
        match self {
            Links::Some(map) => &map.0,
            Links::None(_) => &[],
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Licence<'t> {
    Several(#[serde(borrow)] Vec<Str<'t>>),
    One(#[serde(borrow)] Str<'t>),
    None(IgnoredAny),
}

#[derive(Clone, Debug, Deserialize)]
struct From<'t> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Str<'t>>,
    #[serde(borrow, default)]
    url: Option<Str<'t>>,
    #[serde(borrow, default)]
    reference: Option<Str<'t>>,
    #[serde(borrow, default)]
    shasum: Option<Str<'t>>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Package<'t> {
    #[serde(borrow)]
    pub name: Str<'t>,
    #[serde(borrow, default)]
    pub version: Option<Str<'t>>,
    #[serde(borrow, default)]
    source: Option<From<'t>>,
    #[serde(borrow, default)]
    dist: Option<From<'t>>,
    #[serde(borrow, default)]
    pub require: Links<'t>,
    #[serde(borrow, default)]
    pub provide: Links<'t>,
    #[serde(borrow, default)]
    pub replace: Links<'t>,
    #[serde(borrow, default)]
    license: Option<Licence<'t>>,
    #[serde(borrow, default, rename = "notification-url")]
    pub notification_url: Option<Str<'t>>,
}

impl Package<'_> {
    /// Returns what it is; says what is wrong with its digest.
    pub(super) fn component(&self) -> (Component, Option<String>) {
        let mut component = Component::new(purl(&self.name, self.version.as_deref().unwrap_or_default()));
        component.origin = self.origin();
        component.licence = self.licence();
        let mut wrong = None;
        let digest = self.dist.as_ref().and_then(|dist| dist.shasum.as_deref()).unwrap_or_default();
        if !digest.is_empty() {
            match Digest::hex(Algorithm::Sha1, digest) {
                Some(digest) => component.digests.push(digest),
                None => wrong = Some(format!("the shasum \"{}\" is no SHA-1 digest", digest.escape_debug())),
            }
        }
        (component, wrong)
    }

    /// Returns where its code is from: the repository at a commit, which the archive is made of, else the archive.
    fn origin(&self) -> Origin {
        let text = |part: &Option<Str<'_>>| part.as_deref().unwrap_or_default().to_owned();
        let dist = self.dist.as_ref().filter(|dist| !text(&dist.url).is_empty());
        if let Some(dist) = dist.filter(|dist| dist.kind.as_deref() == Some("path")) {
            return Origin::path(&text(&dist.url));
        }
        match (self.source.as_ref().filter(|source| !text(&source.url).is_empty()), dist) {
            (Some(source), _) if source.kind.as_deref() == Some("git") => {
                let version = self.version.as_deref().unwrap_or_default();
                let branch = version.strip_prefix("dev-").or(version.strip_suffix("-dev")).unwrap_or_default();
                Origin::git(&text(&source.url), &text(&source.reference), branch)
            }
            (_, Some(dist)) => Origin::url(&text(&dist.url)),
            (Some(source), None) => Origin::url(&text(&source.url)),
            (None, None) => Origin::Unknown,
        }
    }

    /// Returns the licences, of which one may choose.
    fn licence(&self) -> Text {
        let several = match &self.license {
            Some(Licence::Several(several)) => several.as_slice(),
            Some(Licence::One(one)) => std::slice::from_ref(one),
            _ => &[],
        };
        match several {
            [] => "",
            [one] => intern::text(one),
            _ => {
                let part = |one: &Str<'_>| if one.contains(' ') { format!("({one})") } else { one.to_string() };
                intern::text(&several.iter().map(part).collect::<Vec<_>>().join(" OR "))
            }
        }
    }
}

/// Returns the purl of `vendor/name`.
pub(super) fn purl(name: &str, version: &str) -> Purl {
    let (namespace, name) = name.rsplit_once('/').unwrap_or(("", name));
    Purl::new("composer", namespace, name, version)
}

/// Says whether a name is no package's: PHP itself, its extensions and libraries, Composer.
pub(super) fn is_platform(name: &str) -> bool {
    !name.contains('/')
}

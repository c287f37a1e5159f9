//! What driftgate's own SPDX says beside the standard's fields, as it is written and read: in the comments of packages, a line
//! a fact, `driftgate:source: registry | url=…`, spelled as the properties of its CycloneDX are.

use crate::formats::cyclonedx::properties::{self, Fields};
use crate::intern::{self, Text};
use crate::model::{Kind, Origin};

/// What the tool's name among the creators of a document begins with.
pub const TOOL: &str = "Tool: driftgate-";
/// The id of the package that stands for the whole tree, where that is no single project: what it depends on is what the
/// lockfiles ask for themselves, what it contains are projects.
pub const TREE: &str = "SPDXRef-Tree";

const COPY: &str = "copy";
const ENVIRONMENT: &str = "environment";
const KIND: &str = "kind";
const PROPERTY: &str = "property";
const SOURCE: &str = "source";

/// The kinds of components that SPDX 2 has no purpose for.
const KINDS: [(Kind, &str); 3] = [(Kind::Model, "model"), (Kind::Data, "data"), (Kind::Platform, "platform")];

/// What a package's comment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    /// Where the component comes from.
    pub origin: Origin,
    /// What it is, where SPDX has no word for it.
    pub kind: Option<Kind>,
    /// The condition under which it is locked; empty where it always is.
    pub environment: Text,
    /// Which copy of its component it is; empty for the only one.
    pub copy: Text,
    /// Facts beside these.
    pub properties: Vec<(Text, Text)>,
}

impl Remarks {
    /// Returns the comment; none where there is nothing to say.
    pub fn write(&self) -> Option<String> {
        let kind = self.kind.and_then(|kind| KINDS.iter().find(|(known, _)| *known == kind));
        let fact = |name: &str, text: Text| (!text.is_empty()).then(|| line(name, text, &[]));
        let properties = self.properties.iter().map(|(name, value)| {
            let fields = [("value".to_owned(), (*value).to_owned())];
            line(PROPERTY, name, &fields)
        });
        let source = properties::origin(self.origin).map(|origin| format!("{}{SOURCE}: {origin}", properties::PREFIX));
        let lines = source
            .into_iter()
            .chain(kind.map(|(_, name)| line(KIND, name, &[])))
            .chain(fact(ENVIRONMENT, self.environment))
            .chain(fact(COPY, self.copy))
            .chain(properties);
        let lines: Vec<String> = lines.collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Reads a comment; what is no remark of driftgate's in it means nothing.
    pub fn read(comment: &str) -> Self {
        let mut remarks = Remarks::default();
        let lines = comment.split('\n').filter_map(|line| line.strip_prefix(properties::PREFIX)?.split_once(": "));
        for (name, value) in lines {
            let (head, fields) = properties::decode(value);
            match name {
                SOURCE => remarks.origin = properties::read_origin(value).unwrap_or_default(),
                KIND => remarks.kind = KINDS.iter().find(|(_, name)| *name == head).map(|(kind, _)| *kind),
                ENVIRONMENT => remarks.environment = intern::text(&head),
                COPY => remarks.copy = intern::text(&head),
                PROPERTY => remarks.properties.push((intern::text(&head), intern::text(value_of(&fields)))),
                _ => {}
            }
        }
        remarks
    }
}

fn line(name: &str, head: &str, fields: &[(String, String)]) -> String {
    format!("{}{name}: {}", properties::PREFIX, properties::encode(head, fields))
}

fn value_of(fields: &Fields) -> &str {
    fields.iter().find(|(name, _)| name == "value").map_or("", |(_, value)| value)
}

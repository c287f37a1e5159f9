//! What a requirement without an exact answer asks for: a package by its name, of the types that its file may mean.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::Subject;
use crate::formats;
use crate::formats::oci::is_model;
use crate::intern::Text;
use crate::model::{Declared, Gap, Purl};

/// What files of a format ask for beside what their folder is called after.
const BESIDE: &[(Text, &[Text])] = &[("environment-yml", &["pypi"]), ("pre-commit", &["npm", "pypi"])];

impl Subject {
    /// Returns the packages that a requirement without an exact answer may mean, without versions: one for each type of
    /// package that its file may name.
    pub fn may_mean(&self, declared: &Declared) -> Vec<Purl> {
        if is_model(declared.requirement.extra) {
            return vec![named("huggingface", declared.name)];
        }
        self.types.iter().map(|ty| named(ty, declared.name)).collect()
    }

    /// Returns the requirements to which the file pins no version, by the keys of the packages that they may mean.
    pub fn unpinned(&self) -> HashMap<Text, Vec<&Declared>> {
        let mut asked: HashMap<Text, Vec<&Declared>> = HashMap::new();
        for declared in self.declared.iter().filter(|declared| declared.gap == Gap::Unpinned) {
            let model = is_model(declared.requirement.extra).then_some("huggingface");
            for ty in self.types.iter().copied().filter(|_| model.is_none()).chain(model) {
                asked.entry(named(ty, declared.name).key()).or_default().push(declared);
            }
        }
        asked
    }
}

/// Returns the types of package that a file may name: its format's, and those of the packages that it has.
pub(super) fn types(format: Text, here: impl Iterator<Item = Text>) -> Vec<Text> {
    let beside = BESIDE.iter().filter(|(of, _)| *of == format).flat_map(|(_, types)| *types).copied();
    let own = Some(formats::ecosystem(format)).filter(|ty| !ty.is_empty());
    let all: BTreeSet<Text> = here.chain(beside).chain(own).collect();
    all.into_iter().collect()
}

/// Returns the package of a type that a file calls so; of a requirement of Python's, the name alone.
fn named(ty: &str, text: &str) -> Purl {
    let name = match ty {
        "pypi" => text.split(['[', '(', '<', '>', '=', '!', '~', ';', '@', ' ']).next().unwrap_or(text),
        _ => text,
    };
    let parted = if ty == "maven" { name.split_once(':') } else { name.rsplit_once('/') };
    let (namespace, name) = parted.unwrap_or(("", name));
    Purl::new(ty, namespace, name, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_their_type_has_them() {
        for (ty, text, expected) in [
            ("pypi", "Types_Requests>=2", "pkg:pypi/types-requests"),
            ("pypi", "uvicorn[standard]", "pkg:pypi/uvicorn"),
            ("npm", "@scope/name", "pkg:npm/%40scope/name"),
            ("maven", "org.example:lib", "pkg:maven/org.example/lib"),
            ("huggingface", "Qwen/Qwen2.5-7B", "pkg:huggingface/qwen/qwen2.5-7b"),
        ] {
            assert_eq!(named(ty, text).key(), expected);
        }
    }
}

//! The purl types that are known, with the rules of each that bear on names: data.
//!
//! Source: the type definitions beside the purl standard (ECMA-427). What a type says of a name's letters or length is
//! asked for where a purl is read strictly; one that came out of another tool's file is taken as it stands.

/// What a type makes of the case of a namespace and a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// They are told apart by case.
    Keep,
    /// They are spelled as their tools spell them, and paired without regard to case.
    ///
    /// For `golang` the standard asks for lower case, against the ecosystem's own practice: a module path with a capital
    /// letter, folded, is one that no tool finds. The spelling is kept, and the key is folded.
    Key,
    /// The name is in lower case.
    Name,
    /// The namespace is in lower case.
    Namespace,
    /// Both are in lower case.
    Both,
    /// The name is in the normal form of Python's index (PEP 503).
    Python,
}

/// Whether a type has a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// It may have one, which is part of the name as people write it.
    Part,
    /// It may have one, which names the distribution: people write the name alone.
    Vendor,
    /// It has none.
    Never,
    /// It always has one.
    Always,
}

/// A purl type.
#[derive(Clone, Copy, Debug)]
pub struct Ecosystem {
    /// The type.
    pub ty: &'static str,
    /// Whether it has a namespace.
    pub namespace: Namespace,
    /// What it makes of case.
    pub fold: Fold,
    /// What people call it beside its type.
    pub called: &'static [&'static str],
}

const fn row(ty: &'static str, namespace: Namespace, fold: Fold, called: &'static [&'static str]) -> Ecosystem {
    Ecosystem { ty, namespace, fold, called }
}

/// The known types, sorted.
const ECOSYSTEMS: &[Ecosystem] = &[
    row("alpm", Namespace::Vendor, Fold::Both, &["arch", "pacman"]),
    row("apk", Namespace::Vendor, Fold::Both, &["alpine"]),
    row("bazel", Namespace::Part, Fold::Keep, &[]),
    row("bitbucket", Namespace::Part, Fold::Both, &[]),
    row("bitnami", Namespace::Part, Fold::Both, &[]),
    row("brew", Namespace::Part, Fold::Both, &["homebrew"]),
    row("cargo", Namespace::Never, Fold::Keep, &["rust", "crates", "crate"]),
    row("chrome-extension", Namespace::Never, Fold::Name, &[]),
    row("cocoapods", Namespace::Never, Fold::Keep, &[]),
    row("composer", Namespace::Part, Fold::Both, &["php", "packagist"]),
    row("conan", Namespace::Part, Fold::Keep, &["cpp", "c++"]),
    row("conda", Namespace::Part, Fold::Key, &["mamba", "anaconda"]),
    row("cpan", Namespace::Part, Fold::Keep, &["perl"]),
    row("cran", Namespace::Part, Fold::Keep, &["r"]),
    row("deb", Namespace::Vendor, Fold::Both, &["debian", "ubuntu", "apt", "dpkg"]),
    row("docker", Namespace::Part, Fold::Keep, &["dockerfile"]),
    row("gem", Namespace::Part, Fold::Keep, &["ruby", "rubygems"]),
    row("generic", Namespace::Part, Fold::Keep, &[]),
    row("git", Namespace::Part, Fold::Keep, &[]),
    row("github", Namespace::Part, Fold::Both, &["actions"]),
    row("gitlab", Namespace::Part, Fold::Both, &[]),
    row("golang", Namespace::Part, Fold::Key, &["go"]),
    row("hackage", Namespace::Part, Fold::Keep, &["haskell"]),
    // Not defined by the standard yet: what others write, with the address of the repository of charts.
    row("helm", Namespace::Part, Fold::Keep, &["chart", "charts"]),
    row("hex", Namespace::Part, Fold::Both, &["elixir", "erlang"]),
    row("huggingface", Namespace::Part, Fold::Key, &["hf"]),
    row("julia", Namespace::Part, Fold::Keep, &[]),
    row("luarocks", Namespace::Part, Fold::Both, &["lua"]),
    row("maven", Namespace::Part, Fold::Keep, &["java", "gradle", "kotlin", "scala"]),
    row("mlflow", Namespace::Part, Fold::Keep, &[]),
    row("npm", Namespace::Part, Fold::Keep, &["node", "nodejs", "javascript", "js", "yarn", "pnpm"]),
    row("nuget", Namespace::Part, Fold::Key, &["dotnet", "csharp"]),
    row("oci", Namespace::Part, Fold::Name, &["image", "container"]),
    row("opam", Namespace::Part, Fold::Keep, &["ocaml"]),
    row("otp", Namespace::Never, Fold::Name, &[]),
    row("pub", Namespace::Part, Fold::Name, &["dart", "flutter"]),
    row("pypi", Namespace::Part, Fold::Python, &["python", "pip", "pipy", "uv", "poetry"]),
    row("qpkg", Namespace::Vendor, Fold::Namespace, &["qnx"]),
    row("rpm", Namespace::Vendor, Fold::Namespace, &["fedora", "redhat", "yum", "dnf"]),
    row("swid", Namespace::Part, Fold::Keep, &[]),
    row("swift", Namespace::Always, Fold::Keep, &[]),
    row("vcpkg", Namespace::Never, Fold::Keep, &[]),
    row("vscode-extension", Namespace::Always, Fold::Both, &["vscode"]),
    row("yocto", Namespace::Part, Fold::Keep, &[]),
];

/// What holds for a type that is not known.
const OTHER: Ecosystem = row("", Namespace::Part, Fold::Keep, &[]);

impl Ecosystem {
    /// Returns the known types, sorted.
    pub fn all() -> &'static [Ecosystem] {
        ECOSYSTEMS
    }

    /// Finds a type by its name in purls.
    pub fn known(ty: &str) -> Option<&'static Ecosystem> {
        ECOSYSTEMS.binary_search_by(|row| row.ty.cmp(ty)).ok().map(|at| &ECOSYSTEMS[at])
    }

    /// Returns the rules of a type, known or not.
    pub fn of(ty: &str) -> &'static Ecosystem {
        Self::known(ty).unwrap_or(&OTHER)
    }

    /// Returns the type that people call by this name, in any case: `python` is `pypi`.
    pub fn called(name: &str) -> Option<&'static Ecosystem> {
        let lower = name.to_ascii_lowercase();
        ECOSYSTEMS.iter().find(|row| row.ty == lower || row.called.contains(&lower.as_str()))
    }

    /// Returns the known type that `name`, which is none, was probably meant to be: by what people call it, or by sight.
    pub fn meant(name: &str) -> Option<&'static str> {
        let called = Self::called(name).map(|row| row.ty);
        called.or_else(|| crate::suggest::closest(name, ECOSYSTEMS.iter().map(|row| row.ty)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(ECOSYSTEMS.is_sorted_by(|a, b| a.ty < b.ty));
    }

    #[test]
    fn types_are_known_by_other_names() {
        for (name, expected) in [
            ("python", Some("pypi")),
            ("PyPI", Some("pypi")),
            ("pipy", Some("pypi")),
            ("nmp", Some("npm")),
            ("go", Some("golang")),
            ("rust", Some("cargo")),
            ("fortran", None),
        ] {
            assert_eq!(Ecosystem::meant(name), expected, "{name}");
        }
    }
}

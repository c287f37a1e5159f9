//! The conformance suite of the package URL standard (ECMA-427), as its authors publish it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use driftgate::model::Purl;
use serde::Deserialize;

#[derive(Deserialize)]
struct Suite {
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    description: String,
    test_group: String,
    test_type: String,
    input: Form,
    expected_output: Option<Form>,
    #[serde(default)]
    expected_failure: bool,
}

/// A purl, spelled out or in parts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Parts(Parts),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Parts {
    r#type: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    version: Option<String>,
    qualifiers: Option<BTreeMap<String, String>>,
    subpath: Option<String>,
}

/// Rules of single types that driftgate does not apply: file, input, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    // A BOM of another tool is worth reading: what a name's letters are is its registry's matter, and a purl that is
    // refused is a component that nobody guards.
    ("chrome-extension-test", "pkg:chrome-extension/44444algnefjeiefhmpklpfiohadpglk", "letters of a name"),
    ("chrome-extension-test", "pkg:chrome-extension/dogs", "length of a name"),
    ("chrome-extension-test", "pkg:chrome-extension/dlpngalgnefjeiefhmpklpfiohadpglk@1.2.3.4.5", "form of a version"),
    ("chrome-extension-test", "pkg:chrome-extension/dlpngalgnefjeiefhmpklpfiohadpglk@1.2.3-beta", "form of a version"),
    ("cpan-test", "pkg:cpan/LWP::UserAgent@6.7.6", "a module's name for a distribution's"),
    ("cpan-test", "pkg:cpan/GDT/URI::PackageURL", "a module's name for a distribution's"),
    ("cpan-test", "cpan GDT URI::PackageURL ", "a module's name for a distribution's"),
    ("cpan-test", "pkg:cpan/URI::PackageURL", "a module's name for a distribution's"),
    ("cpan-test", "cpan  URI::PackageURL ", "a module's name for a distribution's"),
    ("julia-test", "pkg:julia/Dates", "a qualifier that the type asks for"),
    // The standard's earlier editions folded a qualifier's name where it now refuses capital letters; tools still write
    // them, and nothing is in doubt.
    ("gem-test", "pkg:gem/jruby-launcher@1.1.2?Platform=java", "capital letters in a qualifier's name"),
    (
        "rpm-test",
        "pkg:Rpm/fedora/curl@7.50.3-1.fc25?Arch=i386&Distro=fedora-25",
        "capital letters in a qualifier's name",
    ),
    // Case rules that hang on the host behind a name are not applied: the spelling of the tool stands.
    (
        "mlflow-test",
        "pkg:mlflow/CreditFraud@3?repository_url=https://adb-5245952564735461.0.azuredatabricks.net/api/2.0/mlflow",
        "names without case at one of the hosts",
    ),
    (
        "git-test",
        "pkg:git/github/Package-url/purl-Spec@244fd47e07d1004f0aed9c",
        "names without case at one of the hosts",
    ),
    // A name with bare slashes breaks the standard's own encoding; no file that is read gives a purl of this type.
    (
        "git-test",
        "pkg:git/codeberg.org/forgejo/forgejo@a72d2c07cfca03b55371089de6aa230d8c951fa0",
        "a name with bare slashes",
    ),
    (
        "git-test",
        "pkg:git/codeberg.org/forgejo/forgejo@a72d2c07cfca03b55371089de6aa230d8c951fa0#options/locale_readme.md",
        "a name with bare slashes",
    ),
    (
        "git-test",
        "git codeberg.org forgejo/forgejo a72d2c07cfca03b55371089de6aa230d8c951fa0",
        "a name with bare slashes",
    ),
];

#[test]
fn the_standard_is_followed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/conformance/purl");
    let mut used = vec![false; EXCEPTIONS.len()];
    let (mut passed, mut failed) = (0, Vec::new());
    for part in ["spec", "types"] {
        let mut files: Vec<_> =
            fs::read_dir(folder.join(part)).expect("the suite").map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        for path in files {
            let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("text");
            let suite: Suite = serde_json::from_str(&text).expect("the suite's shape");
            for case in suite.tests {
                let Err(why) = run(&case) else {
                    passed += 1;
                    continue;
                };
                let input = input(&case.input);
                if let Some(at) = EXCEPTIONS.iter().position(|(of, what, _)| *of == file && *what == input) {
                    used[at] = true;
                    continue;
                }
                let Case { test_group, test_type, description, .. } = case;
                failed.push(format!("{file} {test_group} {test_type} {input:?} ({description}): {why}"));
            }
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
    for ((file, input, _), used) in EXCEPTIONS.iter().zip(used) {
        assert!(used, "{file} {input} passes: take it off the list of exceptions");
    }
    assert_eq!(passed, 567, "as many cases as the suite has, less the exceptions");
}

fn input(form: &Form) -> String {
    match form {
        Form::Text(text) => text.clone(),
        Form::Parts(parts) => {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            format!("{} {} {} {}", part(&parts.r#type), part(&parts.namespace), part(&parts.name), part(&parts.version))
        }
    }
}

fn run(case: &Case) -> Result<(), String> {
    let purl = match &case.input {
        Form::Text(text) => Purl::parse(text),
        Form::Parts(parts) => build(parts),
    };
    let purl = match purl {
        Ok(_) if case.expected_failure => return Err("is taken".to_owned()),
        Err(_) if case.expected_failure => return Ok(()),
        Err(error) => return Err(error.to_string()),
        Ok(purl) => purl,
    };
    let same = match &case.expected_output {
        Some(Form::Text(text)) => purl.as_str() == text,
        Some(Form::Parts(expected)) => parts(&purl) == *expected,
        None => true,
    };
    if same { Ok(()) } else { Err(format!("is {purl}, {:?}", parts(&purl))) }
}

fn build(parts: &Parts) -> anyhow::Result<Purl> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let qualifiers = parts.qualifiers.clone().unwrap_or_default();
    let qualifiers: Vec<(&str, &str)> = qualifiers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    Purl::checked(
        &text(&parts.r#type),
        &text(&parts.namespace),
        &text(&parts.name),
        &text(&parts.version),
        &qualifiers,
        &text(&parts.subpath),
    )
}

fn parts(purl: &Purl) -> Parts {
    let part = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let qualifiers: BTreeMap<String, String> = purl.qualifiers().into_iter().collect();
    Parts {
        r#type: part(purl.ty()),
        namespace: part(purl.namespace()),
        name: part(purl.name()),
        version: part(purl.version()),
        qualifiers: (!qualifiers.is_empty()).then_some(qualifiers),
        subpath: part(purl.subpath()),
    }
}

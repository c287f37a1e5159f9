//! The conformance suite of the package URL standard (ECMA-427), as its authors publish it.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use driftgate::model::Purl;
use driftgate::source::Sources;
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

#[test]
fn the_standard_is_followed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/conformance/purl");
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
                let Case { test_group, test_type, description, .. } = case;
                failed.push(format!("{file} {test_group} {test_type} {input:?} ({description}): {why}"));
            }
        }
    }
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
    assert_eq!(passed, 586, "as many cases as the suite has");
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

/// Runs a case. What the suite brings into canonical form (`validate`) it takes in spellings that it refuses to read
/// (`parse`): the two ways of reading are held to one each.
fn run(case: &Case) -> Result<(), String> {
    let purl = match &case.input {
        Form::Text(text) if case.test_type == "validate" && !case.expected_failure => Purl::parse(text),
        Form::Text(text) => Purl::strict(text),
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

/// What another tool reads of driftgate's BOMs holds what the standard asks for: each purl of each fixture that is no BOM.
#[test]
fn what_formats_make_is_strict() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for format in common::folders(&common::path("fixtures/formats")) {
        let name = format.file_name().expect("a name").to_string_lossy().into_owned();
        if name.starts_with("cyclonedx") || name.starts_with("spdx") {
            continue;
        }
        for case in common::folders(&format) {
            let side = common::read(&case, &Sources::default());
            for purl in
                side.graph.subjects().iter().flat_map(|subject| subject.components()).map(|node| node.component.purl)
            {
                count += 1;
                match Purl::strict(purl.as_str()) {
                    Ok(read) if read == purl => {}
                    Ok(read) => wrong.push(format!("{}: {purl} is read as {read}", case.display())),
                    Err(error) => wrong.push(format!("{}: {error:#}", case.display())),
                }
            }
        }
    }
    common::assert_none(wrong);
    assert!(count > 1000, "only {count} purls");
}

//! The shape of `driftgate.toml` as a JSON Schema, for editors. Tests hold it to what [`super::Policy::parse`] takes, key by
//! key and kind by kind.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::{Level, target, waiver};
use crate::model::{Ecosystem, Scope};
use crate::outputs::text;
use crate::rules::{self, Rule};

/// Returns the schema. Draft 7 is what taplo (and with it Even Better TOML), Tombi and VS Code's own service all take.
pub(crate) fn schema() -> Value {
    let mut schema = table(
        "The policy of driftgate: what is held to what, how much it weighs, and what is let through.",
        &[],
        [
            ("version", json!({ "description": "The form of this file.", "const": 1 })),
            (
                "bom",
                described("The path of the pinned BOM, relative to this file.", with(one(), "default", super::BOM)),
            ),
            ("gate", gate()),
            ("scan", scan()),
            ("rules", rules()),
            ("override", list("Other levels for parts of the tree; where several match, the last one wins.", other())),
            ("sources", sources()),
            ("waivers", waivers()),
            ("waiver", list("Findings let through.", waiver())),
            ("target", list("Places that subjects run on: node pools, workstations.", target())),
            ("environment", list("What runs as one, where no Dockerfile of the tree shows it.", environment())),
        ],
    );
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("driftgate.toml");
    schema["definitions"] = json!({
        "level": words(Level::ALL.map(Level::name)),
        "rule": words(rules::all().map(|rule| rule.id())),
        "ecosystem": words(Ecosystem::all().iter().map(|known| known.ty)),
    });
    schema
}

fn gate() -> Value {
    let levels = with(words([Level::Deny.name(), Level::Warn.name()]), "default", Level::default().name());
    table("What fails a run.", &[], [("fail-on", described("Findings of this level and above fail the run.", levels))])
}

fn scan() -> Value {
    let keys = [
        (
            "include",
            described("Brings back what is left out by default: hidden, vendored, ignored by git.", texts(one())),
        ),
        ("exclude", described("Leaves out more; a folder's name alone is the folder and all below it.", texts(one()))),
    ];
    table("What of the tree is looked at.", &[], keys)
}

fn rules() -> Value {
    let mut generator = schemars::generate::SchemaSettings::draft07().into_generator();
    let keys: Vec<_> = rules::all().map(|rule| (rule.id(), of_rule(rule, &mut generator))).collect();
    let mut schema = table("Levels and options of rules.", &[], []);
    schema["properties"] = keys.into_iter().map(|(key, schema)| (key.to_owned(), schema)).collect::<Map<_, _>>().into();
    schema
}

/// A level, or a table of a level and the rule's own options.
fn of_rule(rule: &dyn Rule, generator: &mut SchemaGenerator) -> Value {
    let docs = text::docs(rule.docs());
    let options = docs.split("# Options\n").nth(1).unwrap_or_default();
    let mut properties = match rule.options(generator).to_value()["properties"].take() {
        Value::Object(properties) => properties,
        _ => Map::new(),
    };
    properties.insert("level".to_owned(), level());
    let table = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    described(
        &format!("{}\n\n{}", rule.summary(), options.trim()),
        json!({ "anyOf": [level(), table], "default": rule.level().name() }),
    )
}

fn other() -> Value {
    let ids = rules::all().map(|rule| rule.id()).chain(["*"]);
    let levels: Map<String, Value> = ids.map(|id| (id.to_owned(), level())).collect();
    let rules = json!({ "type": "object", "properties": levels, "additionalProperties": false });
    let keys = [
        ("path", described("Globs of lockfiles and manifests.", texts(one()))),
        ("ecosystem", described("The purl's type.", texts(defined("ecosystem")))),
        ("scope", described("How a component is required.", texts(words(Scope::ALL.map(Scope::name))))),
        ("package", described("A purl with wildcards, or a bare name.", texts(one()))),
        ("rules", described("The levels that hold there; `*` is every rule that is not named.", rules)),
    ];
    let parts = ["path", "ecosystem", "scope", "package"];
    any(table("What holds for what matches all that is given.", &["rules"], keys), parts.map(|part| vec![part]))
}

fn sources() -> Value {
    // An empty list is a policy of its own: components come from nowhere.
    let mut addresses = texts(one());
    addresses["anyOf"][1]["minItems"] = json!(0);
    let docs = "Addresses with wildcards, as in \"https://mirror.example/*\" or \"git+https://git.example/*\".";
    table("Where components may come from; anywhere without it.", &[], [("allowed", described(docs, addresses))])
}

fn waivers() -> Value {
    let mut require = texts(words(waiver::REQUIRABLE.iter().map(|(name, _)| *name)));
    require["anyOf"][1]["minItems"] = json!(0);
    let demands = waiver::Demands::default();
    let keys = [
        ("require", described("The keys that each waiver must have.", with(require, "default", demands.require))),
        ("longest", described("The most days from the day of a check to a waiver's last day.", days())),
        (
            "warn-before",
            described(
                "How many days before its last day it is spoken of.",
                with(days(), "default", demands.warn_before),
            ),
        ),
    ];
    table("What a waiver must have.", &[], keys)
}

fn waiver() -> Value {
    let keys = [
        ("rule", described("The rules whose findings it lets through.", texts(defined("rule")))),
        ("package", described("The package: a purl with wildcards, or a bare name.", one())),
        ("path", described("Globs of lockfiles and manifests.", texts(one()))),
        ("from", described("The pinned version, if only it is meant.", one())),
        ("to", described("The resolved version, if only it is meant.", one())),
        ("reason", described("Why.", one())),
        ("owner", described("Who answers for it.", one())),
        ("until", described("The last day on which it holds.", json!({ "type": "string", "format": "date" }))),
    ];
    any(table("A finding let through.", &["rule"], keys), [vec!["package"], vec!["path"]])
}

fn target() -> Value {
    let keys = [
        ("name", described("What it is called.", one())),
        (
            "file",
            described(
                "A file that tells of it: a list of nodes, the output of nvidia-smi. Relative to this one.",
                one(),
            ),
        ),
        ("driver", described("The driver's version, as nvidia-smi prints it.", one())),
        ("gpus", described("The GPUs, as in \"A100\".", texts(one()))),
        ("platform", described("The kind of system.", words(target::PLATFORMS.map(|(word, _)| word)))),
        ("path", described("Globs of the lockfiles and manifests that run there; all if not given.", texts(one()))),
        ("image", described("What deployments call the images that run there; all if not given.", texts(one()))),
        ("mode", described("How containers get their GPUs.", words(target::MODES.map(|(word, _)| word)))),
        ("module", described("The kernel modules.", words(target::MODULES.map(|(word, _)| word)))),
        ("brand", described("The board's brand, if the GPUs do not tell it.", one())),
        ("fabric-manager", described("The version of NVSwitch's manager.", one())),
        ("user-driver", described("The driver's user-space half, where it was read apart.", one())),
        ("rocm", described("The version of ROCm.", one())),
    ];
    let says = any(table("A place that subjects run on.", &[], keys), [vec!["name"], vec!["file"]]);
    let judged = any(json!({}), ["driver", "gpus", "rocm", "file"].map(|key| vec![key]));
    with(says, "allOf", [judged])
}

fn environment() -> Value {
    let keys = [
        ("name", described("What it is called.", one())),
        ("locks", described("Globs of the lockfiles.", texts(one()))),
        ("image", described("A Dockerfile, or an image's configuration.", one())),
        ("stage", described("The stage that runs; the last one if not given.", one())),
        ("deployed-as", described("What deployments call the image, without its tag.", texts(one()))),
    ];
    let pairs = [vec!["locks", "image"], vec!["locks", "deployed-as"], vec!["image", "deployed-as"]];
    any(table("What runs as one.", &[], keys), pairs)
}

/// A table that takes these keys and no other.
fn table<const N: usize>(docs: &str, required: &[&str], keys: [(&str, Value); N]) -> Value {
    let properties: Map<String, Value> = keys.into_iter().map(|(key, schema)| (key.to_owned(), schema)).collect();
    let mut table = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        table["required"] = json!(required);
    }
    described(docs, table)
}

/// A list of tables.
fn list(docs: &str, of: Value) -> Value {
    described(docs, json!({ "type": "array", "items": of }))
}

/// A text that is not blank.
fn one() -> Value {
    json!({ "type": "string", "pattern": "\\S" })
}

/// One such text or several.
fn texts(one: Value) -> Value {
    json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
}

fn words(names: impl IntoIterator<Item = &'static str>) -> Value {
    json!({ "type": "string", "enum": names.into_iter().collect::<Vec<_>>() })
}

/// What the schema says once and uses often.
fn defined(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

fn level() -> Value {
    defined("level")
}

fn days() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": 36_500 })
}

/// Asks for one of these sets of keys.
fn any<const N: usize>(table: Value, sets: [Vec<&str>; N]) -> Value {
    with(table, "anyOf", sets.map(|keys| json!({ "required": keys })))
}

fn described(docs: &str, schema: Value) -> Value {
    with(schema, "description", docs)
}

fn with(mut schema: Value, key: &str, value: impl Into<Value>) -> Value {
    schema[key] = value.into();
    schema
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::cursor::asked;
    use super::super::{EXAMPLE, Policy};
    use super::*;
    use crate::source::{Faults, FileId, Source};

    /// The tables of the parser, by what messages call them, and where the schema has them.
    const TABLES: &[(&str, &str)] = &[
        ("", ""),
        ("[gate]", "/properties/gate"),
        ("[scan]", "/properties/scan"),
        ("[sources]", "/properties/sources"),
        ("[waivers]", "/properties/waivers"),
        ("[[override]]", "/properties/override/items"),
        ("[[waiver]]", "/properties/waiver/items"),
        ("[[target]]", "/properties/target/items"),
        ("[[environment]]", "/properties/environment/items"),
    ];

    fn parse(text: &str) -> Result<Policy, Vec<String>> {
        let known: Vec<&str> = rules::all().map(|rule| rule.id()).collect();
        let source = Source { file: FileId(0), path: "driftgate.toml", text };
        Policy::parse(&source, &known).map_err(|error| {
            let faults = error.downcast::<Faults>().expect("faults");
            faults.0.into_iter().map(|fault| fault.message).collect()
        })
    }

    /// What a reader of JSON Schema sees of TOML: a day is a text.
    fn json_of(value: &toml::Value) -> Value {
        match value {
            toml::Value::Datetime(day) => day.to_string().into(),
            toml::Value::Array(items) => items.iter().map(json_of).collect(),
            toml::Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), json_of(value))).collect(),
            other => serde_json::to_value(other).expect("it is a plain value"),
        }
    }

    fn keys(schema: &Value, at: &str) -> BTreeSet<String> {
        let properties = schema.pointer(&format!("{at}/properties")).and_then(Value::as_object);
        properties.expect(at).keys().cloned().collect()
    }

    #[test]
    fn the_schema_has_the_keys_that_the_parser_asks_for() {
        parse(EXAMPLE).expect("the example is a policy");
        let schema = schema();
        let asked: BTreeMap<_, BTreeSet<String>> = asked::all()
            .into_iter()
            .map(|(table, keys)| (table, keys.into_iter().map(str::to_owned).collect()))
            .collect();
        let has: BTreeMap<_, _> = TABLES.iter().map(|(table, at)| (*table, keys(&schema, at))).collect();
        assert_eq!(asked, has);
    }

    /// Each key of each table with values of each kind: what the parser takes, the schema takes, and what the parser refuses
    /// for its kind, the schema refuses.
    #[test]
    fn the_schema_takes_what_the_parser_takes() {
        let samples = [
            "\"x\"",
            "\"\"",
            "\" \"",
            "\"1.2\"",
            "\"535.183.06\"",
            "\"2026-12-31\"",
            "2026-12-31",
            "2026-12-31T00:00:00Z",
            "1",
            "7",
            "-1",
            "36501",
            "1.5",
            "true",
            "[]",
            "[\"x\"]",
            "[\"\"]",
            "[7]",
            "[\"reason\"]",
            "{}",
            "{ x = 1 }",
            "[{}]",
            "\"deny\"",
            "\"allow\"",
            "\"warn\"",
            "\"linux\"",
            "\"cdi\"",
            "\"open\"",
            "\"npm\"",
            "\"dev\"",
            "\"version-drift\"",
            "[\"version-drift\", \"floating-tag\"]",
            "{ version-drift = \"deny\" }",
            "{ \"*\" = \"deny\" }",
            "\"https://a.example/*\"",
        ];
        let schema = schema();
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("it is a schema");
        let example: toml::Table = toml::from_str(EXAMPLE).expect("the example is TOML");
        assert!(validator.is_valid(&json_of(&example.clone().into())));
        let (mut taken, mut refused) = (0, 0);
        for (_, at) in TABLES {
            let table = at.split('/').nth(2);
            for key in keys(&schema, at) {
                for sample in samples {
                    let value: toml::Table = toml::from_str(&format!("value = {sample}")).expect(sample);
                    let mut policy = example.clone();
                    let inner = match table.map(|table| &mut policy[table]) {
                        None => &mut policy,
                        Some(toml::Value::Array(items)) => items[0].as_table_mut().expect("an array of tables"),
                        Some(table) => table.as_table_mut().expect("a table"),
                    };
                    inner.insert(key.clone(), value["value"].clone());
                    let text = toml::to_string(&policy).expect("it can be written");
                    let is_valid = validator.is_valid(&json_of(&policy.into()));
                    match parse(&text) {
                        Ok(_) => {
                            taken += 1;
                            assert!(is_valid, "{at}: {key} = {sample} is a policy, and the schema refuses it");
                        }
                        Err(faults) => {
                            let is_kind = |fault: &String| {
                                [
                                    " takes ",
                                    " is empty",
                                    "unknown key",
                                    "unknown level",
                                    "unknown ecosystem",
                                    "unknown scope",
                                ]
                                .iter()
                                .any(|word| fault.contains(word))
                                    && !fault.contains("not a date")
                            };
                            refused += 1;
                            assert!(!is_valid || !faults.iter().any(is_kind), "{at}: {key} = {sample}: {faults:?}");
                        }
                    }
                }
            }
        }
        assert!(taken > 150 && refused > 300, "{taken} {refused}");
    }

    /// A key that the parser does not know, and one that a table must have.
    #[test]
    fn the_schema_refuses_what_the_parser_refuses() {
        let schema = schema();
        let validator = jsonschema::validator_for(&schema).expect("it is a schema");
        for text in [
            "fail_on = 'deny'",
            "[gate]\nfailon = 'deny'",
            "[rules]\nversion-drfit = 'deny'",
            "[rules]\nversion-drift = { lvl = 'deny' }",
            "[rules]\nversion-drift = 'error'",
            "[[override]]\npath = 'a'",
            "[[override]]\nrules = { version-drift = 'warn' }",
            "[[override]]\npath = 'a'\nrules = { version-drift = { level = 'warn' } }",
            "[[waiver]]\nrule = 'version-drift'\nreason = 'a'\nuntil = 2026-12-31",
            "[[waiver]]\npackage = 'a'\nreason = 'a'\nuntil = 2026-12-31",
            "[[waiver]]\nrule = '*'\npackage = 'a'\nreason = 'a'\nuntil = 2026-12-31",
            "[[target]]\ndriver = '535.183.06'",
            "[[target]]\nname = 'a'",
            "[[environment]]\nlocks = 'a'",
            "waiver = 1",
        ] {
            let value: toml::Value = toml::from_str::<toml::Table>(text).expect(text).into();
            let is_valid = validator.is_valid(&json_of(&value));
            // What only the rule itself knows, the parser hands over unread.
            let is_parsed = parse(text).is_ok() && !text.contains("lvl");
            assert!(!is_parsed && !is_valid, "{text}");
        }
    }

    /// The options of each rule are those that it takes: what the schema has is read, and what has none says so.
    #[test]
    fn rules_take_the_options_that_the_schema_has() {
        let schema = schema();
        for rule in rules::all() {
            let at = format!("/properties/rules/properties/{}/anyOf/1/properties", rule.id());
            let options = schema.pointer(&at).and_then(Value::as_object).expect("it is in the schema");
            let says = |options: &str| {
                let policy = parse(&format!("[rules]\n{} = {{ {options} }}", rule.id())).expect(options);
                let (graph, sources) = (crate::graph::Graph::default(), crate::source::Sources::default());
                let drift = crate::compare::drift(&graph, &graph);
                let day = time::macros::date!(2026 - 06 - 01);
                let case = rules::Case::new((&graph, &graph), &drift, &policy, &sources, day);
                crate::judge::judge(&case).err().map(|error| format!("{error:#}"))
            };
            let wrong = says("nobodys = true").expect("no rule has that option");
            assert_eq!(wrong.contains("has no options"), options.len() == 1, "{}: {wrong}", rule.id());
            for (option, kind) in options.iter().filter(|(option, _)| *option != "level") {
                let value = match (kind["type"].as_str(), kind["enum"].get(0).or(kind["oneOf"][0].get("const"))) {
                    (_, Some(word)) => word.to_string(),
                    (Some("boolean"), _) => "true".to_owned(),
                    (Some("integer"), _) => "3".to_owned(),
                    (Some("array"), _) => "[\"torch\"]".to_owned(),
                    other => panic!("{} {option}: {other:?} {kind}", rule.id()),
                };
                assert_eq!(says(&format!("{option} = {value}")), None, "{} {option}", rule.id());
            }
        }
    }
}

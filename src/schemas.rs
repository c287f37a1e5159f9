//! JSON Schemas of what people write and what programs read, for editors and validators: the policy and the report. They are
//! made of the code by its tests and kept beside it, in `schemas/`.

use crate::intern::Text;

/// A schema, by its name on the command line.
pub struct Schema {
    /// What it is called.
    pub name: Text,
    /// Its text.
    pub text: Text,
}

/// All schemas.
pub const SCHEMAS: &[Schema] = &[
    Schema { name: "policy", text: include_str!("../schemas/policy.schema.json") },
    Schema { name: "report", text: include_str!("../schemas/report.schema.json") },
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use schemars::generate::SchemaSettings;
    use serde_json::Value;

    use super::*;
    use crate::{outputs, policy};

    /// Returns what the code makes.
    fn made(name: &str) -> Value {
        match name {
            "policy" => policy::shape::schema(),
            "report" => {
                let generator = SchemaSettings::draft07().for_serialize().into_generator();
                let mut schema = generator.into_root_schema_for::<outputs::json::Document<'_>>().to_value();
                schema["title"] = "driftgate's JSON report".into();
                schema
            }
            _ => panic!("no schema is called {name}"),
        }
    }

    #[test]
    fn schemas_are_what_the_code_makes() {
        for schema in SCHEMAS {
            let text = format!("{:#}\n", made(schema.name));
            let file = format!("{}/schemas/{}.schema.json", env!("CARGO_MANIFEST_DIR"), schema.name);
            if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
                fs::write(Path::new(&file), &text).expect("it can be written");
            } else {
                assert!(text == schema.text, "{file} is not what the code makes; UPDATE_SNAPSHOTS=1 writes it anew");
            }
        }
    }
}

//! JSON Schemas of what people write and what programs read, for editors and validators: the policy, the report, and what other
//! commands print as JSON. They are made of the code by its tests and kept beside it, in `schemas/`.

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
    Schema { name: "why", text: include_str!("../schemas/why.schema.json") },
    Schema { name: "gpu", text: include_str!("../schemas/gpu.schema.json") },
    Schema { name: "gpu-facts", text: include_str!("../schemas/gpu-facts.schema.json") },
    Schema { name: "list", text: include_str!("../schemas/list.schema.json") },
];

/// Returns the policy's.
pub fn policy() -> Text {
    SCHEMAS[0].text
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use schemars::JsonSchema;
    use schemars::generate::SchemaSettings;
    use serde_json::Value;

    use super::*;
    use crate::cli::documents;
    use crate::{outputs, policy};

    /// Returns what the code makes.
    fn made(name: &str) -> Value {
        match name {
            "policy" => policy::shape::schema(),
            "report" => of::<outputs::json::Document<'_>>("driftgate's JSON report"),
            "why" => of::<documents::Why>("What driftgate why --format json prints"),
            "gpu" => of::<documents::Gpu<'_>>("What driftgate gpu --format json prints"),
            "gpu-facts" => of::<documents::Facts<'_>>("What driftgate gpu facts --format json prints"),
            "list" => of::<documents::List>("What driftgate list --format json prints"),
            _ => panic!("no schema is called {name}"),
        }
    }

    fn of<T: JsonSchema>(title: &str) -> Value {
        let mut schema =
            SchemaSettings::draft07().for_serialize().into_generator().into_root_schema_for::<T>().to_value();
        schema["title"] = title.into();
        schema
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

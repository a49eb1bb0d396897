//! `schemas/`: the JSON Schemas of what others may read are those of the types.
//!
//! `UPDATE_SCHEMAS=true cargo test --package record --test schemas` writes them anew.

use std::{fs, path::Path};

use record::{baseline, comparison, doctor, verdict};
use schemars::{JsonSchema, Schema, schema_for};

/// The file of a type, and the id that its values carry.
fn files() -> [(&'static str, &'static str, Schema); 4] {
    [
        ("verdict", verdict::SCHEMA, schema_for!(verdict::Verdict)),
        ("comparison", comparison::SCHEMA, schema_for!(comparison::Comparison)),
        ("baseline", baseline::SCHEMA, schema_for!(baseline::Baseline)),
        ("doctor", doctor::SCHEMA, schema_for!(doctor::Diagnosis)),
    ]
}

#[test]
fn the_files_are_those_of_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    for (name, _, schema) in files() {
        let path = folder.join(name).with_extension("json");
        let expect = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::write(&path, &expect).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == expect, "{} differs from its type; see the head of this test", path.display());
    }
}

#[test]
fn a_schema_has_the_id_that_its_values_carry() {
    for (name, id, schema) in files() {
        assert_eq!(schema.get("$id").and_then(|id| id.as_str()), Some(id), "{name}");
        assert_eq!(schema.pointer("/properties/schema/const").and_then(|id| id.as_str()), Some(id), "{name}");
        assert_eq!(schema.get("additionalProperties").and_then(|more| more.as_bool()), Some(false), "{name}");
    }
}

/// What the files of old runs may lack is not required.
#[test]
fn what_may_be_left_out_is_not_required() {
    let schema = schema_for!(verdict::ScenarioVerdict);
    let required = schema.get("required").unwrap().as_array().unwrap();
    assert!(required.iter().any(|name| name == "word") && !required.iter().any(|name| name == "unavailable"));
    assert_eq!(verdict::ScenarioVerdict::schema_name(), "ScenarioVerdict");
}

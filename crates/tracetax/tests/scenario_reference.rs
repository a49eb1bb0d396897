//! What is made from the form of scenario files: their JSON Schema and their reference page.
//!
//! `UPDATE_SCHEMAS=true cargo test --package tracetax --test scenario_reference` writes both anew.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use jsonschema::{Validator, draft7};
use serde_json::Value;
use tracetax::scenario::{
    Key, LeftOut, Need, SCHEMA_FILE, Scenario, editor_comment, keys, parse, reference, schema,
};

/// Files of `bad-scenarios/` in which the schema sees nothing, each for what it is about.
const UNSEEN: &[&str] = &[
    // Two numbers, or a number and a word.
    "agent-budget-without-flood",
    "block-too-short-for-rate",
    "flood-block-too-short-for-rate",
    "flood-with-latency-budget",
    "pairs-out-of-order",
    "soak-falling",
    // The order of a list, and what is the same in several sections.
    "flood-rates-falling",
    "four-gates",
    "soak-of-a-flood",
    "soak-with-a-budget-of-pairs",
    "soak-with-margin-and-bystander",
    "uptime-without-soak",
    "treatment-limits-too-many",
    "treatment-name-taken",
    // The upper end of a number within a text.
    "treatment-wakeup-too-long",
    // The name of the file.
    "File Name",
    // To JSON, 50.0 is a whole number.
    "number-with-point",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn validator() -> Validator {
    draft7::new(&schema(&keys())).unwrap()
}

/// Files of a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    files
}

#[test]
fn the_files_are_those_of_the_form() {
    let schema = serde_json::to_string_pretty(&schema(&keys())).unwrap() + "\n";
    for (name, expect) in [(SCHEMA_FILE, schema), ("docs/scenarios.md", reference(&keys()))] {
        let path = root().join(name);
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::write(&path, &expect).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == expect, "{name} differs from the form; see the head of this test");
    }
}

#[test]
fn each_scenario_of_the_repository_names_the_schema_and_keeps_it() {
    let validator = validator();
    let files = files(&root().join("scenarios"));
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let first = text.lines().next();
        assert_eq!(first, Some(editor_comment().as_str()), "the first line of {}", file.display());
        let scenario = toml::from_str(&text).unwrap();
        let errors: Vec<_> = validator.iter_errors(&scenario).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", file.display());
    }
    let schema = editor_comment().replace("#:schema ", "");
    assert!(root().join("scenarios").join(schema).is_file());
}

#[test]
fn the_schema_is_one_of_draft_07() {
    assert!(draft7::meta::is_valid(&schema(&keys())));
    assert_eq!(schema(&keys())["$schema"], "http://json-schema.org/draft-07/schema#");
}

/// What is no TOML an editor tells by itself. Of all else the schema refuses what it can express.
#[test]
fn the_schema_refuses_bad_files_but_those_that_are_named() {
    let validator = validator();
    let mut unseen: Vec<String> = Vec::new();
    let mut refused = 0;
    for file in files(Path::new("tests/bad-scenarios")) {
        let Some(value) = fs::read_to_string(&file).ok().and_then(|text| toml::from_str(&text).ok()) else {
            continue;
        };
        if validator.is_valid(&value) {
            unseen.push(file.file_stem().unwrap().to_str().unwrap().to_owned());
        } else {
            refused += 1;
        }
    }
    let mut expect = UNSEEN.to_vec();
    expect.sort_unstable();
    assert_eq!(unseen, expect);
    assert!(refused >= 60, "{refused}");
}

/// The least file with this key: all that is required, and what the key depends on.
fn least_file_with(key: &Key, pacing: &str) -> String {
    let keys = keys();
    let line = |key: &Key| format!("{} = {}\n", key.name, key.example);
    let needed = |one: &Key| match one.need {
        Need::Required => true,
        Need::By(by) => by.words.contains(&pacing),
        Need::OneOf(names) => match key.need {
            Need::OneOf(_) => one.name == key.name,
            Need::Beside(other, _) => one.name == other,
            _ => one.name == names[0],
        },
        Need::Optional(_) | Need::Beside(..) => false,
    };
    let mut text = String::new();
    let sections = keys.iter().filter(|one| one.is_section());
    for section in [""].into_iter().chain(sections.map(|one| one.name)) {
        let own = keys.iter().filter(|one| one.section == section && !one.is_section());
        let own = own.map(|one| if one.name == key.name && section == key.section { key } else { one });
        let lines = own.filter(|one| needed(one) || *one == key).map(line);
        let lines =
            lines.collect::<String>().replace("pacing = \"poisson\"", &format!("pacing = \"{pacing}\""));
        let head = keys.iter().find(|one| one.name == section);
        let is_needed = head.is_none_or(|head| match head.need {
            Need::OneOf(_) => section == how_long(key),
            need => need == Need::Required,
        });
        if section == key.section || is_needed {
            text += &format!("{section}\n{lines}");
        }
    }
    text
}

/// Of which kind a scenario with this key is: windows, or pairs.
fn how_long(key: &Key) -> &'static str {
    let of_soak = ["uptime_pct", "agent_growth_mb_per_hour"].contains(&key.name) || key.section == "[soak]";
    if of_soak { "[soak]" } else { "[pairs]" }
}

/// Some pacing takes the key, and the file with it is good for reader and schema alike.
fn with_example(key: &Key) -> Scenario {
    let (validator, all) = (validator(), keys());
    let pacings = all.iter().find(|key| key.name == "pacing").unwrap().words().to_vec();
    let good = pacings.into_iter().find_map(|pacing| {
        let text = least_file_with(key, pacing);
        assert!(text.contains(&format!("{} = ", key.name)), "{text}");
        Some((parse("least", "least.toml", &text).ok()?, text))
    });
    let (scenario, text) = good.unwrap_or_else(|| panic!("no pacing takes the example of {key:?}"));
    let value: Value = toml::from_str(&text).unwrap();
    assert!(validator.is_valid(&value), "{text}: {:?}", validator.iter_errors(&value).next());
    scenario
}

#[test]
fn reader_and_schema_take_the_example_of_each_key() {
    let keys = keys();
    let with_values: Vec<_> = keys.iter().filter(|key| !key.is_section()).collect();
    assert!(with_values.len() > 25);
    for key in with_values {
        assert!(!key.meaning.is_empty() && !key.example.is_empty(), "{key:?}");
        with_example(key);
    }
}

#[test]
fn a_key_that_is_left_out_is_as_its_default() {
    let keys = keys();
    let mut defaults = 0;
    for key in &keys {
        if let Need::Optional(LeftOut::Is(value)) | Need::Beside(_, LeftOut::Is(value)) = key.need {
            let written = with_example(&Key { example: value, ..key.clone() });
            let other = keys.iter().find(|other| other.name == "tracer").unwrap();
            assert_eq!(written.treatments[0].kind, with_example(other).treatments[0].kind, "{}", key.name);
            defaults += 1;
        }
    }
    assert_eq!(defaults, 2);
}

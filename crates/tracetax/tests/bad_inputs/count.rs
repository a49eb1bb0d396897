//! How many bad inputs there are, and that each has its text.

use std::{fs, path::Path};

use crate::table::cases;

/// Fewer may not be left.
const FEWEST: usize = 550;

/// Every table, from this crate's folder. That of the target lies beside its tests.
const TABLES: [&str; 5] = [
    "tests/bad-inputs/baselines.toml",
    "tests/bad-inputs/commands.toml",
    "tests/bad-inputs/replies.toml",
    "tests/bad-inputs/results.toml",
    "../target/tests/it/bad-requests.toml",
];

/// The cases of a table, each of which has its text.
fn count(table: &str) -> usize {
    let file = Path::new(table);
    let texts = fs::read_to_string(file.with_extension("snap")).unwrap();
    let cases = cases(file);
    for case in &cases {
        let name = format!("\n## {} {}\n", case.kind, case.name);
        assert!(texts.contains(&name), "{table}: nothing is expected of `{}`", name.trim());
    }
    assert_eq!(
        texts.matches("\n## ").count(),
        cases.len(),
        "{table}: something is expected of what is not there"
    );
    cases.len()
}

fn scenarios() -> usize {
    let names = fs::read_dir("tests/bad-scenarios").unwrap().flatten().map(|entry| entry.path());
    let files: Vec<_> = names.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    assert!(files.iter().all(|file| file.with_extension("snap").is_file()));
    files.len()
}

#[test]
fn there_are_hundreds_and_each_has_its_text() {
    let counted: Vec<_> = TABLES.map(|table| (table, count(table))).into();
    let all = scenarios() + counted.iter().map(|(_, count)| count).sum::<usize>();
    assert!(all >= FEWEST, "only {all}: {counted:?}");
}

//! The commands that pages and workflows tell the reader to type: each option and each scenario in them exists.
//! (Which commands there are the driver knows: `xtask/tests/docs.rs`.)

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Commands of the driver, which hands all others on to the lab.
const DRIVERS: [&str; 4] = ["setup", "build", "test", "ci"];

/// Where a command ends and something else begins.
const ENDS: [char; 8] = ['`', '#', '\n', ';', '|', '&', '<', ')'];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The text of every page and workflow, by its path.
fn texts() -> BTreeMap<PathBuf, String> {
    let folders = ["", "docs", ".github/workflows"].map(|folder| root().join(folder));
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let files = entries.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "md" || end == "yml"));
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The words of each `cargo xtask` command of the lab in a text.
fn commands(text: &str) -> Vec<Vec<&str>> {
    let calls = text.split("cargo xtask ").skip(1).filter_map(|rest| rest.split(ENDS).next());
    let words = calls.map(|call| call.split_whitespace().collect::<Vec<_>>());
    words.filter(|words| words.first().is_some_and(|name| !DRIVERS.contains(name))).collect()
}

/// The options that the lab's own help lists for a command; empty where it knows no such command.
fn options(command: &str) -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_tracetax")).args([command, "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let words = help.split_whitespace().map(|word| word.trim_matches([',', '[', ']']));
    words.filter(|word| word.starts_with('-')).map(str::to_owned).collect()
}

/// The options of a command that do not exist, without their values.
fn unknown_options<'a>(words: &[&'a str], known: &[String]) -> Vec<&'a str> {
    let options = words[1..].iter().filter(|word| word.starts_with('-') && word.len() > 1);
    let options = options.map(|word| word.trim_end_matches([',', '.', ':']).split('=').next().unwrap());
    options.filter(|option| !known.iter().any(|known| known == option)).collect()
}

/// The scenarios that a command names and `scenarios/` lacks. Capitals are for the reader to fill in.
fn unknown_scenarios<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let names = words[1..].iter().take_while(|word| !word.starts_with('-'));
    let names = names.filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
    names
        .filter(|name| !root().join("scenarios").join(name).with_extension("toml").exists())
        .copied()
        .collect()
}

#[test]
fn every_option_that_is_told_exists() {
    let mut told = 0;
    for (path, text) in texts() {
        for words in commands(&text) {
            let known = options(words[0]);
            assert!(known.iter().any(|option| option == "--help"), "{}: no {}", path.display(), words[0]);
            let unknown = unknown_options(&words, &known);
            assert!(unknown.is_empty(), "{}: {unknown:?} in {words:?}", path.display());
            told += words.iter().filter(|word| word.starts_with("--")).count();
        }
    }
    assert!(told > 20, "{told}");
}

#[test]
fn every_scenario_that_is_told_exists() {
    let mut told = 0;
    for (path, text) in texts() {
        for words in commands(&text).iter().filter(|words| words[0] == "bench") {
            let unknown = unknown_scenarios(words);
            assert!(unknown.is_empty(), "{}: {unknown:?} in {words:?}", path.display());
            told += 1;
        }
    }
    assert!(told > 5, "{told}");
}

#[test]
fn what_does_not_exist_is_found() {
    let text = "`cargo xtask bench --al stress`, `cargo xtask test`\ncargo xtask compare --against=HEAD -x && cargo xtask bench strass\n";
    let found = commands(text);
    assert_eq!(
        found,
        [vec!["bench", "--al", "stress"], vec!["compare", "--against=HEAD", "-x"], vec!["bench", "strass"]]
    );
    assert_eq!(unknown_options(&found[0], &options("bench")), ["--al"]);
    assert_eq!(unknown_options(&found[1], &options("compare")), ["-x"]);
    assert_eq!(unknown_scenarios(&found[2]), ["strass"]);
    assert_eq!(options("bnech"), [""; 0]);
}

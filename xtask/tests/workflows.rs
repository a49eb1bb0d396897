//! The workflows call only what exists, and only what is pinned.
//!
//! Each rule is a pure function of a workflow; one test asks it about the files, another shows that it can fail.

// Clippy allows unwrap in tests, and does not see that their helpers are such.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use saphyr::{LoadableYamlNode, Yaml};

fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap();
    Path::new(&manifest).parent().unwrap().to_owned()
}

fn workflows() -> Vec<(String, String)> {
    let folder = root().join(".github/workflows");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| (path.display().to_string(), fs::read_to_string(&path).unwrap());
    files.map(read).collect()
}

fn parse(text: &str) -> Yaml<'_> {
    let mut documents = Yaml::load_from_str(text).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

/// The steps of all jobs.
fn steps<'a>(workflow: &'a Yaml<'a>) -> Vec<&'a Yaml<'a>> {
    let jobs = workflow["jobs"].as_mapping().unwrap();
    jobs.values().flat_map(|job| job["steps"].as_vec().unwrap()).collect()
}

/// The texts of all steps at this key.
fn all<'a>(workflow: &'a Yaml<'a>, key: &str) -> Vec<&'a str> {
    let values = steps(workflow).into_iter().filter_map(|step| step.as_mapping_get(key));
    values.map(|value| value.as_str().unwrap()).collect()
}

/// An action is pinned by the whole hash of a commit.
fn is_pinned(action: &str) -> bool {
    let hash = action.split_once('@').map_or("", |(_, hash)| hash);
    hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}

/// The commands of `cargo xtask` in a script.
fn commands(script: &str) -> Vec<&str> {
    let calls = script.split("cargo xtask ").skip(1);
    calls.filter_map(|rest| rest.split_whitespace().next()).collect()
}

/// What the driver's help lists.
fn known() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let lines = help.lines().filter_map(|line| line.strip_prefix("  "));
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// Jobs that the job `conclusion` does not wait for.
fn not_concluded(workflow: &Yaml<'_>) -> Vec<String> {
    let jobs = workflow["jobs"].as_mapping().unwrap();
    let names = jobs.keys().map(|name| name.as_str().unwrap().to_owned()).filter(|name| name != "conclusion");
    let needs = workflow["jobs"]["conclusion"]["needs"].as_vec().unwrap();
    names.filter(|name| !needs.iter().any(|need| need.as_str() == Some(name))).collect()
}

#[test]
fn every_action_is_pinned_by_a_hash_and_says_its_version() {
    for (path, text) in workflows() {
        let actions = all(&parse(&text), "uses").into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert!(!actions.is_empty(), "{path}");
        for action in actions {
            assert!(is_pinned(&action), "{path}: {action}");
            let line = text.lines().find(|line| line.contains(&action)).unwrap();
            assert!(line.contains(" # v"), "{path}: which version is {action}?");
        }
    }
}

#[test]
fn an_action_without_a_hash_is_found() {
    let hash = "3d3c42e5aac5ba805825da76410c181273ba90b1";
    assert!(is_pinned(&format!("actions/checkout@{hash}")));
    for wrong in ["v7", "main", &hash[1..], &hash.replace('3', "g"), ""] {
        assert!(!is_pinned(&format!("actions/checkout@{wrong}")), "{wrong}");
    }
    assert!(!is_pinned("actions/checkout"));
}

#[test]
fn every_command_exists() {
    let known = known();
    for (path, text) in workflows() {
        for script in all(&parse(&text), "run") {
            let unknown: Vec<_> =
                commands(script).into_iter().filter(|name| !known.iter().any(|k| k == name)).collect();
            assert!(unknown.is_empty(), "{path}: {unknown:?}");
        }
    }
    assert!(known.iter().any(|name| name == "bench") && !known.iter().any(|name| name == "bnech"));
}

#[test]
fn the_workflows_are_read_as_they_are_written() {
    let text = "jobs:\n  a:\n    steps:\n      - uses: x@y\n      - run: |\n          cargo xtask setup\n          sudo cargo xtask test -v\n";
    let workflow = parse(text);
    assert_eq!(all(&workflow, "uses"), ["x@y"]);
    assert_eq!(commands(all(&workflow, "run")[0]), ["setup", "test"]);
}

#[test]
fn nothing_may_write_and_every_job_ends() {
    for (path, text) in workflows() {
        let workflow = parse(&text);
        let allowed = workflow["permissions"].as_mapping().unwrap();
        let allowed: Vec<_> = allowed.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(allowed, [(Some("contents"), Some("read"))], "{path}");
        for (name, job) in workflow["jobs"].as_mapping().unwrap() {
            let has = |key: &str| job.as_mapping_get(key).is_some();
            assert!(has("timeout-minutes") && !has("permissions"), "{path}: {name:?}");
        }
    }
}

#[test]
fn the_conclusion_waits_for_every_job() {
    let text = fs::read_to_string(root().join(".github/workflows/ci.yml")).unwrap();
    assert_eq!(not_concluded(&parse(&text)), [""; 0]);
    let forgotten = "jobs:\n  a: {}\n  b: {}\n  conclusion:\n    needs: [a]\n";
    assert_eq!(not_concluded(&parse(forgotten)), ["b"]);
}

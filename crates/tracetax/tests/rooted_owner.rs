//! A lab that sudo has raised: what it writes belongs to the user who had it raised. Needs root and leaves nothing behind.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[macro_use]
#[path = "fixtures/closed_loop.rs"]
mod closed_loop;
#[allow(dead_code, reason = "shared with the tests of whole runs")]
#[path = "rooted_bench/site.rs"]
mod site;
#[allow(dead_code, reason = "shared with the tests of whole runs")]
#[path = "rooted_bench/traces.rs"]
mod traces;

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use site::{SOUND, Site};

const SHORT: &str = closed_loop!(
    "What does the tracer cost in a short run?",
    block_ms = 50,
    warmup_ms = 0,
    pairs = [5, 5, 5],
    per_life = 5,
    ""
);

/// Two numbers that nobody has here, so that user and group cannot stand in for each other.
const USER: u32 = 63_998;
const GROUP: u32 = 63_997;

/// Everything at and below a path that is not of this user and group. Links count themselves.
fn not_of(path: &Path, owner: (u32, u32)) -> Vec<String> {
    let about = fs::symlink_metadata(path).unwrap();
    let mut others = Vec::new();
    if (about.uid(), about.gid()) != owner {
        others.push(format!("{} is of {}:{}", path.display(), about.uid(), about.gid()));
    }
    if about.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| others.extend(not_of(&entry.unwrap().path(), owner)));
    }
    others
}

#[test]
#[ignore = "needs root"]
fn all_of_a_run_belongs_to_the_user_who_had_it_raised() {
    let site = Site::new("short", SHORT);
    let below = site.results().join("made/for/it");
    let site = site
        .with_variable("OUTPUT_DIR", &below)
        .with_variable("SUDO_UID", USER.to_string())
        .with_variable("SUDO_GID", GROUP.to_string());
    let bench = site.run(&["bench", "short"]);
    assert!(SOUND.contains(&bench.code()) || bench.code() == 5, "{}", bench.stderr);
    let run = below.join("latest").canonicalize().unwrap();
    for file in ["plan.json", "blocks.jsonl", "verdict.json", "logs/agent.log"] {
        assert!(run.join(file).exists(), "{file} was not written");
    }
    assert_eq!(not_of(&site.results(), (USER, GROUP)), [""; 0]);
    // The folder around was there before: it is not given away.
    assert_eq!(
        not_of(site.results().parent().unwrap(), (USER, GROUP))[0].split(" is of ").nth(1),
        Some("0:0")
    );
}

#[test]
#[ignore = "needs root"]
fn without_sudo_a_run_stays_with_root() {
    let site = Site::new("short", SHORT);
    assert_eq!(site.run(&["inspect"]).code(), 0);
    assert_eq!(not_of(&site.results(), (0, 0)), [""; 0]);
}

#[test]
#[ignore = "needs root"]
fn a_user_who_is_no_number_is_told_before_anything_is_measured() {
    let site = Site::new("short", SHORT).with_variable("SUDO_UID", "me").with_variable("SUDO_GID", "1");
    let bench = site.run(&["bench", "short"]);
    assert_eq!(bench.code(), 2, "{}", bench.stderr);
    assert!(
        bench.stderr.contains("SUDO_UID is me") && bench.stderr.contains("unset both"),
        "{}",
        bench.stderr
    );
}

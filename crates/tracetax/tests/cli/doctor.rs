//! What is told of this machine.

use std::process::Output;

use record::doctor::{Diagnosis, State};

use super::site::{Site, text};

fn doctor(site: &Site, args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = site.lab(&["doctor"]).args(args).output().unwrap();
    assert_eq!(text(&stderr), "");
    (status.code(), text(&stdout))
}

/// Whatever this machine is like: the code is that of what was told, every fact is in text and JSON, and nothing is written.
#[test]
fn doctor_ends_with_the_code_of_what_it_tells() {
    let site = Site::new();
    let (code, json) = doctor(&site, &["--json"]);
    let facts = serde_json::from_str::<Diagnosis>(&json).unwrap().facts;
    let fails = facts.iter().any(|fact| fact.state == State::Fail);
    assert_eq!(code, Some(if fails { 3 } else { 0 }), "{json}");
    assert!(facts.len() >= 25);
    let (_, shown) = doctor(&site, &[]);
    assert!(shown.contains(&format!("\n{} facts: ", facts.len())), "{shown}");
    assert!(facts.iter().all(|fact| shown.contains(&format!(" {} ", fact.id))), "{shown}");
    assert!(!shown.contains('\x1b'), "colours where no terminal is: {shown}");
    assert!(!site.results().exists());
}

/// `/proc` has no room for results: that is a failure, and the first thing to do.
#[test]
fn doctor_fails_where_results_have_no_room() {
    let site = Site::new();
    let output = site.lab(&["doctor"]).env("OUTPUT_DIR", "/proc/results").output().unwrap();
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert!(shown.contains("fail     disk") && shown.contains("0 MB free for /proc/results"), "{shown}");
    let (_, verbose) = doctor(&site, &["--verbose"]);
    assert!(verbose.matches("why: ").count() >= 25, "{verbose}");
}

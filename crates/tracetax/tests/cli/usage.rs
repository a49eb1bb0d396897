//! What is asked wrongly, or where it cannot be done.

use std::{fs, os::unix::fs::PermissionsExt as _};

use tracetax::{exit, results::Folder};

use super::site::{Site, refused, refused_at_once};

#[test]
fn a_command_line_that_asks_for_nothing_is_usage() {
    let site = Site::new();
    for (args, says) in [
        (&[][..], "Usage"),
        (&["bench"], "<SCENARIOS>"),
        (&["bnech"], "'bench'"),
        (&["bench", "good", "--all"], "cannot be used with"),
        (&["bench", "good", "--profile", "long"], "standard"),
        (&["bench", "good", "--seed", "x"], "--seed"),
        (&["bench", "good", "--duration", "5"], "is no duration: write for example 60s"),
        (&["bench", "good", "--duration", "169h"], "168h or less"),
    ] {
        refused_at_once(&site, &mut site.lab(args), 2, &[says]);
    }
}

#[test]
fn a_duration_that_is_none_is_usage() {
    let site = Site::new();
    for duration in ["abc", "", "0s", "-5s", "5"] {
        let mut lab = site.lab(&["bench", "good"]);
        let says = format!("BENCHMARK_DURATION={duration} is no duration");
        refused_at_once(&site, lab.env("BENCHMARK_DURATION", duration), 2, &[&says, "60s"]);
    }
}

#[test]
fn a_file_that_is_no_object_is_told_and_leaves_nothing() {
    let site = Site::new();
    let path = site.0.path().join("object.o");
    let mut inspect = site.lab(&["inspect", "--object", path.to_str().unwrap()]);
    refused_at_once(
        &site,
        &mut inspect,
        2,
        &["cannot read", "object.o", "No such file", "cargo xtask build"],
    );
    fs::write(&path, "").unwrap();
    refused_at_once(&site, &mut inspect, 2, &["object.o: it is no ELF file, or cut off"]);
    let program = fs::read("/bin/sh").unwrap();
    fs::write(&path, &program[..program.len() / 2]).unwrap();
    refused_at_once(&site, &mut inspect, 2, &["object.o: it is no ELF file, or cut off"]);
    fs::write(&path, &program).unwrap();
    refused_at_once(&site, &mut inspect, 2, &["object.o: it is a file for"]);
}

/// What a user can run into without root: each says what to do next, with the right code.
#[test]
fn every_error_says_what_to_do() {
    let site = Site::new();
    let run = site.stored_run();
    let path = |path: &str| site.0.path().join(path).to_str().unwrap().to_owned();
    fs::write(path("no-object"), "x").unwrap();
    let cases: [(&[&str], i32, &str); 8] = [
        (&["bench", "godo"], 2, "did you mean `good`?"),
        (&["report", "scenarios"], 2, "name another (`cargo xtask bench` makes them"),
        (&["compare", "a", "b"], 2, "name scenarios with --against REV"),
        (&["compare"], 2, "measure again, or see what there is"),
        (&["baseline", "good"], 2, "give it one, and say why"),
        (&["baseline"], 2, "give one to a scenario, and say why"),
        (&["baseline", "--accept", "--reason", "x"], 2, "`cargo xtask baseline` makes one"),
        (&["inspect", "--object", &path("no-object")], 2, "`cargo xtask build` makes one that is whole"),
    ];
    for (args, code, says) in cases {
        refused(&mut site.lab(args), code, &[says]);
    }
    fs::write(run.path().join("plan.json"), "{}").unwrap();
    let says = ["plan.json: it is damaged or was edited", "take it from a copy, or measure anew"];
    refused(&mut site.lab(&["report"]), 2, &says);
}

#[test]
fn results_are_not_made_where_others_can_write() {
    let site = Site::new();
    let results = site.0.path().canonicalize().unwrap().join("results");
    fs::create_dir(&results).unwrap();
    fs::set_permissions(&results, fs::Permissions::from_mode(0o777)).unwrap();
    let error = Folder::create(&results, "run").unwrap_err();
    let says = format!("type `chmod o-w {}`", results.display());
    assert!(error.is::<exit::Unfit>() && error.to_string().contains(&says), "{error}");
    assert_eq!(fs::read_dir(&results).unwrap().count(), 0);
}

//! Histories of made-up runs.

use std::{fs, path::Path};

use super::{Level, level, lines, read};
use crate::{
    baseline::made_up::baseline,
    results::Folder,
    stored_run::{StoredRun, made_up},
};

fn run(name: &str, class: &str, cost: f64) -> StoredRun {
    StoredRun { host_class: class.into(), ..made_up::run(name, cost, 7.0) }
}

#[test]
fn host_classes_are_apart_and_runs_in_order() {
    let runs = [run("1", "a", 1.0), run("2", "b", 9.0), run("3", "a", 1.1)];
    let lines = lines(&runs, None);
    let shown: Vec<_> = lines
        .iter()
        .map(|line| {
            let costs: Vec<f64> = line.points.iter().map(|point| point.metric.estimate).collect();
            (line.host_class.as_str(), line.treatment.as_str(), costs)
        })
        .collect();
    assert_eq!(shown, [("a", "traced", vec![1.0, 1.1]), ("b", "traced", vec![9.0])]);
    assert_eq!(lines[0].points[0].revision.as_deref(), Some("0123456789ab"));
    assert!(super::lines(&runs, Some("another")).is_empty());
}

fn store(results: &Path, run: &StoredRun) -> Folder {
    let folder = Folder::create(results, &run.name).unwrap();
    folder.write_sealed("plan.json", &run.plan).unwrap();
    folder.write_sealed("host.json", &crate::made_up_run::host()).unwrap();
    folder.write_sealed("verdict.json", &run.verdict).unwrap();
    folder
}

/// Whatever is not shown is named: a run without its end, a damaged one, a comparison of two revisions, and what is no run.
#[test]
fn what_is_left_out_is_named_with_the_reason() {
    let site = tempfile::tempdir().unwrap();
    let results = site.path().join("results");
    store(&results, &run("20260101T000000Z-1-1", "", 1.0));
    let interrupted = store(&results, &run("20260102T000000Z-1-1", "", 1.0));
    fs::remove_file(interrupted.path().join("verdict.json")).unwrap();
    let damaged = store(&results, &run("20260103T000000Z-1-1", "", 1.0));
    damaged.write("host.json", "{").unwrap();
    let mut two = run("20260104T000000Z-1-1", "", 1.0);
    two.plan.against = Some(made_up::revision());
    store(&results, &two);
    fs::create_dir(results.join("notes")).unwrap();

    let history = read(&results, site.path(), None).unwrap();
    assert_eq!(history.lines.iter().map(|line| line.points.len()).collect::<Vec<_>>(), [1]);
    let unread: Vec<_> = history.unread.iter().map(|one| format!("{}: {}", one.name, one.why)).collect();
    insta::assert_snapshot!(unread.join("\n"), @r"
    20260102T000000Z-1-1: it was not measured to its end and has no verdict: measure again, or see what there is by `cargo xtask report`
    20260103T000000Z-1-1: it/host.json: it is damaged or was edited: it does not end with its checksum: take it from a copy, or measure anew
    20260104T000000Z-1-1: it compares two revisions, and has no verdict of its own
    notes: it is no folder of a run: it holds no plan.json; name another (`cargo xtask bench` makes them, and says where)
    ");
}

#[test]
fn an_accepted_level_is_that_of_the_treatment() {
    let expect = Level {
        mean: 1.1,
        tolerance: 0.25,
        day: "2026-11-24".into(),
        revision: "0123456789ab".into(),
        reason: "first".into(),
    };
    assert_eq!(level(&baseline(), "traced"), Some(expect));
    assert_eq!(level(&baseline(), "another"), None);
}

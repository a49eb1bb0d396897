//! Runs and baselines that are stored.

use std::{fs, process::Output};

use record::baseline_files::{BaselineFiles, FileState};

use super::site::{Site, refused, text};

#[test]
fn a_folder_that_is_none_of_a_run_is_told() {
    let site = Site::new();
    refused(&mut site.lab(&["report", "scenarios"]), 2, &["scenarios is no folder of a run", "plan.json"]);
    refused(&mut site.lab(&["report"]), 2, &["results/latest is no folder of a run"]);
}

#[test]
fn a_damaged_file_of_a_run_is_told_with_its_place() {
    let site = Site::new();
    let folder = site.stored_run();
    let mut report = site.lab(&["report"]);
    for damage in [&b"{\"schema\":1}\n"[..], b"\n", b"no JSON\n", b"\xff\xfe\n"] {
        fs::write(folder.path().join("blocks.jsonl"), damage).unwrap();
        refused(&mut report, 2, &["run/blocks.jsonl:1: it is damaged or was edited", "or measure anew"]);
    }
    let host = fs::read_to_string(folder.path().join("host.json")).unwrap();
    fs::write(folder.path().join("host.json"), host.replace("\"cores\": ", "\"cores\": 1")).unwrap();
    refused(&mut report, 2, &["host.json: it is damaged or was edited: its checksum is "]);
    fs::write(folder.path().join("host.json"), r#"{"schema":"tracetax/host/v1"}"#).unwrap();
    refused(
        &mut report,
        2,
        &["host.json: it was written by another version of tracetax, an older one as a rule"],
    );
}

#[test]
fn a_torn_last_line_is_left_out() {
    let site = Site::new();
    let folder = site.stored_run();
    let report = || site.lab(&["report"]).output().unwrap();
    let whole = report();
    assert!(!whole.stdout.is_empty() && whole.stderr.is_empty());
    let told = "blocks.jsonl:1: this last line has no end and is left out";
    for torn in [&b"{\"schema\":\"tracetax/bl"[..], b"\xff"] {
        fs::write(folder.path().join("blocks.jsonl"), torn).unwrap();
        let report = report();
        assert_eq!(report.status, whole.status);
        assert!(text(&report.stdout).contains(told), "{report:?}");
        assert!(
            text(&report.stderr).starts_with("warning: ") && text(&report.stderr).contains(told),
            "{report:?}"
        );
    }
}

/// For scripts: one document, whatever is in it, and the same exit code as for people.
#[test]
fn what_is_checked_under_baselines_is_one_document_for_scripts() {
    let site = Site::new();
    let checked = |code| {
        let Output { status, stdout, .. } =
            site.lab(&["baseline", "--check", "--format", "json"]).output().unwrap();
        assert_eq!(status.code(), Some(code));
        serde_json::from_slice::<BaselineFiles>(&stdout).unwrap().files
    };
    assert_eq!(checked(0), []);
    let class = site.0.path().join("baselines/0123abcd");
    fs::create_dir_all(&class).unwrap();
    fs::write(class.join("good.toml"), "reason = 1\n").unwrap();
    let files = checked(2);
    assert_eq!((files.len(), files[0].state), (1, FileState::Wrong));
    assert_eq!(files[0].file, "baselines/0123abcd/good.toml");
    assert!(files[0].what.contains("git checkout -- baselines/0123abcd/good.toml"), "{files:?}");
}

#[test]
fn a_report_names_its_folder_and_not_the_newest() {
    let site = Site::new();
    site.stored_run();
    let shown = text(&site.lab(&["report"]).output().unwrap().stdout);
    assert!(shown.contains("/results/run --details`") && !shown.contains("results/latest"), "{shown}");
}

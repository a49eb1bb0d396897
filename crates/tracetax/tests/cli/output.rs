//! Standard output: for people, for scripts, and where nobody reads it.

use std::fs;

use record::verdict::Verdict;
use tracetax::exit;

use super::site::{Site, refused, text};

#[test]
fn scripts_get_one_document_and_nothing_else() {
    let site = Site::new();
    let folder = site.stored_run();
    let report = site.lab(&["report", "--format", "json"]).output().unwrap();
    let verdict: Verdict = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report.status.code(), Some(exit::of_word(verdict.word).into()));
    assert_eq!(verdict.schema, record::verdict::SCHEMA);
    // On GitHub too.
    let on_github = site.lab(&["report", "--format", "json"]).env("GITHUB_ACTIONS", "true").output().unwrap();
    assert_eq!(on_github.stdout, report.stdout);
    // What went wrong is text, on standard error.
    fs::write(folder.path().join("blocks.jsonl"), "no JSON\n").unwrap();
    refused(&mut site.lab(&["report", "--format", "json"]), 2, &["run/blocks.jsonl:1"]);
    refused(&mut site.lab(&["report", "--format", "xml"]), 2, &["text, json"]);
    refused(&mut site.lab(&["inspect", "--check", "--format", "json"]), 2, &["cannot be used with"]);
}

#[test]
fn colour_is_for_terminals_or_where_it_is_forced() {
    let site = Site::new();
    site.stored_run();
    let report = |variables: &[(&str, &str)]| {
        let mut lab = site.lab(&["report"]);
        text(&lab.envs(variables.iter().copied()).output().unwrap().stdout)
    };
    let plain = report(&[]);
    assert!(plain.starts_with("verdict: ") && !plain.contains('\u{1b}'), "{plain}");
    let coloured = report(&[("CLICOLOR_FORCE", "1")]);
    assert!(coloured.starts_with("verdict: \u{1b}["), "{coloured:?}");
    assert_eq!(report(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), plain);
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let site = Site::new();
    site.stored_run();
    let whole = site.lab(&["report"]).output().unwrap();
    for args in [&["report"][..], &["report", "--format", "json"], &["completions", "zsh"], &["man"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = site.lab(args).stdout(writer).output().unwrap();
        assert_eq!(text(&ended.stderr), "", "{args:?}");
        let expect = if args[0] == "report" { whole.status.code() } else { Some(0) };
        assert_eq!(ended.status.code(), expect, "{args:?}");
    }
}

#[test]
fn a_reader_who_has_gone_is_no_failure() {
    let site = Site::new();
    site.stored_run();
    let code = site.lab(&["report"]).output().unwrap().status.code();
    let gone = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    let both = site.lab(&["report"]).stdout(gone()).stderr(gone()).status().unwrap();
    assert_eq!(both.code(), code);
    // An error that nobody reads keeps its code.
    assert_eq!(site.lab(&["report", "nowhere"]).stderr(gone()).status().unwrap().code(), Some(2));
}

#[test]
fn standard_output_without_room_is_told_and_no_verdict() {
    let site = Site::new();
    site.stored_run();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let report = site.lab(&["report"]).stdout(full()).output().unwrap();
    assert_eq!(report.status.code(), Some(3));
    let said = text(&report.stderr);
    assert!(said.contains("cannot write standard output: No space left on device"), "{said}");
    assert!(said.contains("make room"), "{said}");
    assert_eq!(site.lab(&["report"]).stderr(full()).status().unwrap().code(), Some(4));
}

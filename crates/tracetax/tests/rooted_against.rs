//! Two tracers in one life, with the real binaries: `compare --against`, told of a revision that is built already. Needs
//! root, and leaves nothing behind.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[macro_use]
#[path = "fixtures/closed_loop.rs"]
mod closed_loop;
#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/blocks.rs"]
mod blocks;
#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/site.rs"]
mod site;
#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/traces.rs"]
mod traces;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use blocks::{are_the_whole_plan, assert_complete};
use record::{
    comparison::{Against, Comparison},
    plan::Arm,
    verdict::Word,
};
use rustix::process::Signal;
use site::{BINARIES, Site, built};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The tolerance is far beyond what chance makes of two equal tracers, and far below what is planted in a test.
const SHORT: &str = closed_loop!(
    "What does the tracer cost in a short run?",
    block_ms = 100,
    warmup_ms = 20,
    pairs = [24, 24, 24],
    per_life = 12,
    r"[tolerance]
server_cpu_us_per_request = 0.4
"
);

/// Blocks are long, so that a signal finds one under way.
const LONG: &str = closed_loop!(
    "What does an interrupted comparison leave?",
    block_ms = 600,
    warmup_ms = 0,
    pairs = [1000, 1000, 1000],
    per_life = 1000,
    r"[tolerance]
server_cpu_us_per_request = 500
"
);

const ARGS: [&str; 3] = ["compare", "--against", "HEAD"];

/// A place whose other revision is in the folder `binaries`.
fn site(text: &str, binaries: &Path) -> Site {
    Site::new("short", text)
        .with_variable("TRACETAX_AGAINST_BINARIES", binaries)
        .with_variable("TRACETAX_AGAINST_REVISION", COMMIT)
}

fn comparison(site: &Site) -> Comparison {
    site.latest().comparison().unwrap().unwrap()
}

/// Where this machine is not sound, no tracer can be judged.
fn is_the_machines_fault(comparison: &Comparison) -> bool {
    let reasons = comparison.scenarios.iter().flat_map(|scenario| &scenario.reasons);
    comparison.word == Word::Invalid && reasons.into_iter().all(|why| why.code == "too-many-discarded")
}

#[test]
#[ignore = "needs root"]
fn a_tracer_against_itself_is_measured_in_groups_and_does_not_regress() {
    let site = site(SHORT, &built(""));
    let mut run = site.start(&ARGS);
    let (lab, seen) = (run.pid(), run.watch());
    let ended = run.end();
    site.assert_nothing_left(lab, &seen);

    let (plan, blocks) = (site.latest().plan().unwrap(), site.latest().blocks().unwrap());
    assert_eq!(plan.against.as_ref().map(|other| other.commit.as_str()), Some(COMMIT));
    assert!(are_the_whole_plan(&plan, &blocks), "{}", ended.stderr);
    assert_complete(&blocks);
    for arm in [Arm::Untraced, Arm::Base, Arm::Treated] {
        assert_eq!(
            blocks.iter().filter(|block| block.arm == arm && block.attempt == 0).count(),
            24,
            "{arm:?}"
        );
    }
    assert!(blocks.iter().all(|block| block.other_hits == Some(0)), "an idle tracer was hit");

    let comparison = comparison(&site);
    assert!(matches!(&comparison.against, Against::Revision(other) if other.commit == COMMIT));
    let calm =
        matches!(comparison.word, Word::Pass | Word::Inconclusive) || is_the_machines_fault(&comparison);
    assert!(calm, "{comparison:#?}");
    let metric = &comparison.scenarios[0].metrics[0];
    assert!(metric.before > 0.0 && metric.now > 0.0, "{metric:?}");
    for file in ["summary.md", "comment.md", "junit.xml", "bmf.json"] {
        assert!(site.latest().path().join(file).is_file(), "{file}");
    }
    assert!(site.latest().path().join("logs/base.log").is_file());

    let explained = site.run(&["compare", "--explain", "server_cpu_us_per_request"]).stdout;
    assert!(explained.contains("Hodges-Lehmann") && explained.contains("p, above tolerance"), "{explained}");

    // Judged again, by a process that may start no other.
    for args in [&["compare"][..], &["report"]] {
        let again = if args == ["report"] { site.run_as_other_user(args) } else { site.run(args) };
        assert_eq!((&again.stdout, again.code()), (&ended.stdout, ended.code()), "{}", again.stderr);
    }
    assert_eq!(self::comparison(&site), comparison);
}

#[test]
#[ignore = "needs root"]
fn a_planted_cost_is_a_regression_of_its_size_and_taking_it_out_an_improvement() {
    let object = built("tracer-planted.bpf.o");
    assert!(object.is_file(), "{} is missing: `cargo xtask test` builds it", object.display());
    let files = [&BINARIES[..], &["tracer.bpf.o"]].concat();

    let site = site(SHORT, &built("")).with_copies(&files);
    fs::copy(&object, site.binaries().join("tracer.bpf.o")).unwrap();
    let ended = site.run(&ARGS);
    let planted = comparison(&site);
    if is_the_machines_fault(&planted) {
        return;
    }
    assert_eq!((planted.word, ended.code()), (Word::Regressed, 99), "{planted:#?}");
    let change = planted.scenarios[0].metrics[0].change;
    assert!((0.8..2.0).contains(&change), "1 us was planted, {change} us found");
    assert!(ended.stdout.contains("cargo xtask bench strategies"), "{}", ended.stdout);

    let without = self::site(SHORT, site.binaries());
    let ended = without.run(&ARGS);
    let improved = comparison(&without);
    if is_the_machines_fault(&improved) {
        return;
    }
    assert_eq!((improved.word, ended.code()), (Word::Improved, 0), "{improved:#?}");
}

#[test]
#[ignore = "needs root"]
fn a_tracer_of_another_protocol_is_not_comparable_and_nothing_is_started() {
    let other = tempfile::tempdir().unwrap();
    let tracer = other.path().join("tracer");
    fs::write(&tracer, "#!/bin/sh\necho hello\n").unwrap();
    fs::set_permissions(&tracer, fs::Permissions::from_mode(0o755)).unwrap();
    let site = site(SHORT, other.path());
    let ended = site.run(&ARGS);
    assert_eq!(ended.code(), 3, "{ended:?}");
    let comparison = comparison(&site);
    assert_eq!(comparison.word, Word::NotComparable);
    let message = &comparison.scenarios[0].reasons[0].message;
    assert!(message.contains("the tracer of 0123456789ab cannot be measured"), "{message}");
    assert_eq!(site.latest().blocks().unwrap(), []);
    assert_eq!(site.run(&["compare"]).stdout, ended.stdout);
}

#[test]
#[ignore = "needs root"]
fn an_interrupted_comparison_leaves_no_process_and_can_be_judged() {
    let site = site(LONG, &built(""));
    let mut run = site.start(&ARGS);
    let (lab, seen) = (run.pid(), run.watch());
    run.wait_for_blocks(3);
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!((ended.code(), ended.stdout.as_str()), (130, ""), "{}", ended.stderr);
    site.assert_nothing_left(lab, &seen);
    let again = site.run(&["compare"]);
    assert!(again.stdout.starts_with("verdict: "), "{again:?}");
    assert_ne!(again.code(), 0, "too little was measured to pass: {}", again.stdout);
}

//! A run that a signal ends: what was measured is kept, and nothing is left behind. Needs root.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[macro_use]
#[path = "fixtures/closed_loop.rs"]
mod closed_loop;
#[path = "rooted_bench/blocks.rs"]
mod blocks;
#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/site.rs"]
mod site;
#[path = "rooted_bench/traces.rs"]
mod traces;

use std::{
    os::unix::process::ExitStatusExt as _,
    thread::sleep,
    time::{Duration, Instant},
};

use blocks::{are_the_whole_plan, assert_complete};
use record::part::Part;
use rustix::process::Signal;
use site::{GONE_WITHIN, Site};
use traces::Traces;

/// Blocks are long, so that a signal finds one under way.
const LONG: &str = closed_loop!(
    "What does an interrupted run leave?",
    block_ms = 600,
    warmup_ms = 0,
    pairs = [1000, 1000, 1000],
    per_life = 1000,
    r"[budget]
agent_memory_mb = 100
"
);

#[test]
#[ignore = "needs root"]
fn int_in_a_block_keeps_the_blocks_before() {
    interrupted_by(Signal::INT, 130);
}

#[test]
#[ignore = "needs root"]
fn term_in_a_block_keeps_the_blocks_before() {
    interrupted_by(Signal::TERM, 143);
}

fn interrupted_by(signal: Signal, code: i32) {
    let site = Site::new("long", LONG);
    let mut run = site.start(&["bench", "long"]);
    let (lab, seen) = (run.pid(), run.watch());
    run.wait_for_blocks(3);
    sleep(Duration::from_millis(200));
    run.signal(signal);
    let ended = run.end();
    assert_eq!(ended.code(), code, "{}", ended.stderr);
    assert!(ended.stderr.contains("what was measured is kept"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    site.assert_nothing_left(lab, &seen);

    let blocks = site.latest().blocks().unwrap();
    assert!((3..1000).contains(&blocks.len()), "{} blocks", blocks.len());
    assert!(!are_the_whole_plan(&site.latest().plan().unwrap(), &blocks));
    assert_complete(&blocks);
    let verdict = site.latest().verdict().unwrap();
    let discarded = blocks.iter().filter(|block| block.discarded.is_some()).count();
    let Part { measured_blocks, planned_blocks } = verdict.interrupted.unwrap();
    // What is discarded is measured again, and counts once.
    let at_least = blocks.len().saturating_sub(2 * discarded);
    assert!((at_least..=blocks.len()).contains(&(measured_blocks as usize)), "{measured_blocks}: {blocks:?}");
    assert_eq!(planned_blocks, 2001);
    let report = site.run(&["report"]);
    assert!([4, 5, 99].contains(&report.code()), "a part never passes: {}", report.stderr);
    assert!(report.stdout.starts_with("verdict: "), "{}", report.stdout);
    let said = format!("interrupted after {measured_blocks} of 2001 blocks: ");
    assert!(report.stdout.contains(&said), "{}", report.stdout);
    // Nothing is compared with half a run.
    assert_eq!(site.run(&["compare"]).code(), 2);
}

#[test]
#[ignore = "needs root"]
fn int_before_the_first_block_is_over_leaves_a_run_without_blocks() {
    let site = Site::new("long", &LONG.replace("measure_ms = 600", "measure_ms = 60000"));
    let mut run = site.start(&["bench", "long"]);
    let (lab, seen) = (run.pid(), run.watch());
    run.signal(Signal::INT);
    assert_eq!(run.end().code(), 130);
    site.assert_nothing_left(lab, &seen);
    assert_eq!(site.latest().blocks().unwrap(), []);
    let report = site.run(&["report"]);
    assert!(report.stdout.starts_with("verdict: "), "{report:?}");
    assert_ne!(report.code(), 0, "nothing was measured, so nothing passes: {}", report.stdout);
}

#[test]
#[ignore = "needs root"]
fn a_killed_lab_leaves_groups_alone_and_clean_sweeps_them() {
    let site = Site::new("long", LONG);
    let mut run = site.start(&["bench", "long"]);
    let (lab, seen) = (run.pid(), run.watch());
    run.wait_for_blocks(1);
    run.signal(Signal::KILL);
    assert_eq!(run.end().status.signal(), Some(9));

    // The end of their input ends the children.
    let mut left = seen.left(lab, &site.results());
    let end = Instant::now() + GONE_WITHIN;
    while left != (Traces { groups: seen.groups.clone(), ..Traces::default() }) {
        assert!(Instant::now() < end, "left behind: {left:#?}");
        sleep(Duration::from_millis(20));
        left = seen.left(lab, &site.results());
    }
    let blocks = site.latest().blocks().unwrap();
    assert!(!blocks.is_empty());
    assert!(!are_the_whole_plan(&site.latest().plan().unwrap(), &blocks));

    let clean = site.run(&["clean"]);
    assert_eq!(clean.code(), 0, "{}", clean.stderr);
    for group in &seen.groups {
        let line = format!("removed {} of dead run {lab}-", group.display());
        assert!(
            clean.stdout.lines().any(|found| found.starts_with(&line)),
            "no `{line}` in {}",
            clean.stdout
        );
    }
    site.assert_nothing_left(lab, &seen);
    site.assert_nothing_to_sweep(lab);
}

//! The kill matrix: whatever happens to the processes of a run, it ends with the right code and leaves nothing behind, and
//! the next run is an ordinary one. Needs root.
//!
//! Each timed case is hit at a moment that its seed decides, one seed by default; `TRACETAX_KILL_SEEDS=20` tries twenty.
//! A port that is taken is no case: nothing of a run listens on a port that is given, the target asks the kernel for a free
//! one. A panic of the agent is an abort to everybody else, so ABRT stands for it.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[macro_use]
#[path = "fixtures/closed_loop.rs"]
mod closed_loop;
#[path = "rooted_bench/blocks.rs"]
mod blocks;
#[path = "rooted_kill_matrix/census.rs"]
mod census;
#[path = "rooted_kill_matrix/prey.rs"]
mod prey;
#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/site.rs"]
mod site;
#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/traces.rs"]
mod traces;

use std::{
    fs,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use blocks::{are_the_whole_plan, assert_complete};
use census::Census;
use prey::{Prey, hit, moment, seeds};
use record::block::Discard;
use rustix::process::{Signal, kill_process};
use site::{Ended, Run, SOUND, Site};

/// Longer than any case, with a new life every second or so.
const LONG: &str = closed_loop!(
    "What does a run leave that was hit?",
    block_ms = 100,
    warmup_ms = 0,
    pairs = [1000, 1000, 1000],
    per_life = 4,
    r"[budget]
agent_memory_mb = 100
"
);

/// What an ordinary run is.
const NEXT: &str = closed_loop!(
    "Is all well?",
    block_ms = 100,
    warmup_ms = 0,
    pairs = [5, 5, 5],
    per_life = 5,
    r"[budget]
agent_memory_mb = 100
"
);

/// So long that a lab which is stopped amid a block is sure to miss its end.
const SLOW: &str = closed_loop!(
    "What is a block worth whose lab was away?",
    block_ms = 500,
    warmup_ms = 0,
    pairs = [5, 5, 5],
    per_life = 5,
    r"[budget]
agent_memory_mb = 100
"
);

/// A place with binaries of its own, so that its processes are told from all others.
fn place() -> Site {
    Site::new("long", LONG).with_scenario("next", NEXT).with_links()
}

/// Hits a run at a moment of each seed, and checks its end, what it leaves, and that the next run is an ordinary one.
fn tried(name: &str, hit: impl Fn(&Site, &Run<'_>), check: impl Fn(&Ended)) {
    for seed in seeds() {
        let moment = moment(name, seed);
        let case = format!("{name}, seed {seed}, {moment:?} after the start");
        let site = place();
        let before = Census::take(site.binaries());
        let run = site.start_heedful(&["bench", "long"]);
        sleep(moment);
        hit(&site, &run);
        let ended = run.end();
        eprintln!(
            "{case}: ended with {}: {}",
            ended.shell_code(),
            ended.stderr.lines().last().unwrap_or_default()
        );
        check(&ended);
        next_run_is_ordinary(&site, &case);
        before.assert_nothing_has_come(&case);
    }
}

fn next_run_is_ordinary(site: &Site, case: &str) {
    let ended = site.run(&["bench", "next"]);
    assert!(SOUND.contains(&ended.code()) || ended.code() == 5, "{case}: {}", ended.stderr);
    let blocks = site.latest().blocks().unwrap();
    assert!(are_the_whole_plan(&site.latest().plan().unwrap(), &blocks), "{case}: {}", ended.stderr);
    assert_complete(&blocks);
}

/// A run whose process was killed: the tool has failed, and says of what.
fn has_failed_naming(ended: &Ended, names: &[&str]) {
    assert_eq!(ended.shell_code(), 1, "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    assert!(names.iter().any(|name| ended.stderr.contains(name)), "none of {names:?}: {}", ended.stderr);
}

fn killed(prey: Prey, signal: Signal, names: &[&str]) {
    tried(
        &format!("{prey:?} {signal:?}"),
        |site, run| assert!(hit(prey, signal, run.pid(), site.binaries()), "nothing to hit"),
        |ended| has_failed_naming(ended, names),
    );
}

#[test]
#[ignore = "needs root"]
fn the_lab_is_killed() {
    killed(Prey::Lab, Signal::KILL, &["the lab was killed"]);
}

#[test]
#[ignore = "needs root"]
fn the_keeper_is_killed_and_the_next_start_sweeps() {
    tried("keeper", |_, run| run.signal(Signal::KILL), |ended| assert_eq!(ended.shell_code(), 128 + 9));
}

#[test]
#[ignore = "needs root"]
fn lab_and_keeper_are_killed() {
    let both = |site: &Site, run: &Run<'_>| {
        let lab = Prey::Lab.find(run.pid(), site.binaries());
        run.signal(Signal::KILL);
        lab.map(|lab| kill_process(lab, Signal::KILL));
    };
    tried("both", both, |ended| assert_eq!(ended.shell_code(), 128 + 9));
}

/// Also the one that only tries which strategies there are.
const AGENT: [&str; 2] = ["the agent ", "the tracer cannot try its strategies"];

#[test]
#[ignore = "needs root"]
fn the_agent_is_killed() {
    killed(Prey::Agent, Signal::KILL, &AGENT);
}

#[test]
#[ignore = "needs root"]
fn the_agent_aborts() {
    killed(Prey::Agent, Signal::ABORT, &AGENT);
}

/// By a fault that Rust leaves to the kernel: its own handler passes over a SEGV that somebody sends, as no real one comes alone.
#[test]
#[ignore = "needs root"]
fn the_agent_crashes() {
    killed(Prey::Agent, Signal::ILL, &AGENT);
}

#[test]
#[ignore = "needs root"]
fn the_agent_ends_early() {
    killed(Prey::Agent, Signal::TERM, &AGENT);
}

#[test]
#[ignore = "needs root"]
fn the_target_is_killed() {
    killed(Prey::Target, Signal::KILL, &["the target ", "the load generator cannot"]);
}

#[test]
#[ignore = "needs root"]
fn the_load_generator_is_killed() {
    killed(Prey::Load, Signal::KILL, &["the load "]);
}

fn asked(signal: Signal) {
    let code = 128 + signal.as_raw();
    tried(
        &format!("asked by {signal:?}"),
        |_, run| run.signal(signal),
        |ended| assert_eq!(ended.shell_code(), code, "{}", ended.stderr),
    );
}

#[test]
#[ignore = "needs root"]
fn int() {
    asked(Signal::INT);
}

#[test]
#[ignore = "needs root"]
fn term() {
    asked(Signal::TERM);
}

#[test]
#[ignore = "needs root"]
fn hup() {
    asked(Signal::HUP);
}

/// As under `nohup`.
#[test]
#[ignore = "needs root"]
fn hup_is_nothing_to_who_ignores_it() {
    let site = place();
    let before = Census::take(site.binaries());
    let mut run = site.start_after("trap '' HUP", &["bench", "long"]);
    run.wait_for_blocks(1);
    run.signal(Signal::HUP);
    let measured = site.blocks_so_far();
    run.wait_for_blocks(measured + 4);
    run.signal(Signal::INT);
    assert_eq!(run.end().code(), 130);
    before.assert_nothing_has_come("hup ignored");
}

/// A lab that does not heed the first is killed by the second. One that does not catch signals yet may end by the first, where
/// the kernel has not stopped it by then.
#[test]
#[ignore = "needs root"]
fn int_twice() {
    let twice = |site: &Site, run: &Run<'_>| {
        assert!(hit(Prey::Lab, Signal::STOP, run.pid(), site.binaries()));
        run.signal(Signal::INT);
        sleep(Duration::from_millis(400));
        run.signal(Signal::INT);
    };
    tried("twice", twice, |ended| {
        assert_eq!(ended.shell_code(), 130);
        let told = ["killed at once, by the second signal", "before anything was measured"];
        assert!(told.iter().any(|text| ended.stderr.contains(text)), "{}", ended.stderr);
    });
}

/// Each process of a run, and the keeper, is stopped for a while in turn; then the run is asked to end.
#[test]
#[ignore = "needs root"]
fn stop_and_cont() {
    let stopped = |site: &Site, run: &Run<'_>| {
        run.signal(Signal::STOP);
        for prey in [Prey::Load, Prey::Target, Prey::Agent, Prey::Lab] {
            if let Some(pid) = prey.find(run.pid(), site.binaries()) {
                let signal = |signal| kill_process(pid, signal);
                let _ = signal(Signal::STOP);
                sleep(Duration::from_millis(100));
                let _ = signal(Signal::CONT);
            }
        }
        run.signal(Signal::CONT);
        run.signal(Signal::INT);
    };
    tried("stopped", stopped, |ended| assert_eq!(ended.shell_code(), 130, "{}", ended.stderr));
}

/// The readings at the end of a block must not come long after its load: such a block is discarded, and its pair is measured
/// once more.
#[test]
#[ignore = "needs root"]
fn a_block_whose_lab_was_stopped_does_not_count() {
    let site = Site::new("slow", SLOW).with_links();
    let mut run = site.start(&["bench", "slow"]);
    run.wait_for_blocks(1);
    sleep(Duration::from_millis(100));
    assert!(hit(Prey::Lab, Signal::STOP, run.pid(), site.binaries()));
    sleep(Duration::from_millis(1_200));
    assert!(hit(Prey::Lab, Signal::CONT, run.pid(), site.binaries()));
    let ended = run.end();
    let blocks = site.latest().blocks().unwrap();
    let late = |discarded| discarded == Some(Discard::ReadLate);
    assert_eq!(blocks.iter().filter(|block| late(block.discarded)).count(), 1, "{}", ended.stderr);
    assert!(are_the_whole_plan(&site.latest().plan().unwrap(), &blocks));
    assert!(SOUND.contains(&ended.code()) || ended.code() == 5, "{}", ended.stderr);
}

/// The second run refuses, says who measures, and does not disturb the first.
#[test]
#[ignore = "needs root"]
fn two_runs_at_once() {
    let site = place();
    let before = Census::take(site.binaries());
    let mut first = site.start(&["bench", "long"]);
    first.wait_for_blocks(1);
    let second = site.run(&["bench", "next"]);
    assert_eq!((second.code(), second.stdout.as_str()), (3, ""), "{}", second.stderr);
    let who = format!("process {} (run {}-", first.pid(), first.pid());
    assert!(second.stderr.contains(&who) && second.stderr.contains(", since 20"), "{}", second.stderr);
    let clean = site.run(&["clean"]);
    assert!(!clean.stdout.contains(&format!("run {}-", first.pid())), "{}", clean.stdout);
    let measured = site.blocks_so_far();
    first.wait_for_blocks(measured + 2);
    first.signal(Signal::INT);
    assert_eq!(first.end().code(), 130);
    next_run_is_ordinary(&site, "after two at once");
    before.assert_nothing_has_come("two at once");
}

/// What was measured and what comes would not be of one program.
#[test]
#[ignore = "needs root"]
fn a_binary_is_replaced_while_the_run_measures() {
    for name in ["target", "load", "tracer", "tracer.bpf.o"] {
        let site = place();
        let before = Census::take(site.binaries());
        let mut run = site.start(&["bench", "long"]);
        run.wait_for_blocks(1);
        // As a compiler does: a new file of the same name.
        let path = site.binaries().join(name);
        fs::copy(&path, path.with_extension("new")).unwrap();
        fs::rename(path.with_extension("new"), &path).unwrap();
        let ended = run.end();
        has_failed_naming(&ended, &[&format!("{} was replaced", path.display())]);
        assert!(site.blocks_so_far() > 0);
        before.assert_nothing_has_come(name);
    }
}

/// With too few descriptors something cannot be opened: somewhere between the first file and the last process. Each such run
/// says so, and with enough of them it is an ordinary one.
#[test]
#[ignore = "needs root"]
fn descriptors_run_out() {
    let site = place();
    let before = Census::take(site.binaries());
    let mut refused = 0;
    for most in [6, 8, 10, 16, 20, 24, 28, 64] {
        let ended = site.start_after(&format!("ulimit -n {most}"), &["bench", "next"]).end();
        let case = format!("{most} descriptors");
        eprintln!("{case}: {}", ended.stderr);
        if ended.stderr.contains("Too many open files") {
            refused += 1;
            assert_eq!(ended.shell_code(), 3, "{case}: {}", ended.stderr);
            assert!(ended.stderr.contains("`ulimit -n"), "{case}: {}", ended.stderr);
            assert_eq!(ended.stdout, "", "{case}");
        } else {
            assert!(SOUND.contains(&ended.code()) || ended.code() == 5, "{case}: {}", ended.stderr);
        }
        before.assert_nothing_has_come(&case);
    }
    assert!(refused > 3, "{refused} runs were refused");
    next_run_is_ordinary(&site, "after too few descriptors");
    before.assert_nothing_has_come("after too few descriptors");
}

/// From outside: the suite itself limits nobody. The agent's group is made anew for each life, and limited as soon as it is
/// there; the verifier's memory is charged to it as well, so the agent does not come up.
#[test]
#[ignore = "needs root"]
fn the_agent_runs_out_of_memory() {
    let site = place();
    let before = Census::take(site.binaries());
    for too_little in ["3000000", "1000000"] {
        let mut run = site.start(&["bench", "long"]);
        let end = Instant::now() + Duration::from_secs(60);
        while run.is_running() {
            assert!(Instant::now() < end, "it does not run out of memory");
            for limit in memory_limits(run.pid()) {
                // Refused where more than that is in use by now; then the next life is.
                let _ = fs::write(limit, too_little);
            }
            sleep(Duration::from_millis(1));
        }
        let ended = run.end();
        eprintln!("{too_little} bytes: {}", ended.stderr);
        // The lab stands in the agent's group while it starts it, so the kernel may choose it.
        has_failed_naming(&ended, &["the agent has ended", "the lab was killed"]);
        before.assert_nothing_has_come("too little memory");
    }
    next_run_is_ordinary(&site, "after too little memory");
    before.assert_nothing_has_come("after too little memory");
}

/// The files by which the memory of the agent's group is limited: on v2, and on v1.
fn memory_limits(keeper: i32) -> Vec<PathBuf> {
    let groups = census::groups().filter(|(pid, _)| *pid == keeper).map(|(_, path)| path.join("agent"));
    let files = |agent: PathBuf| ["memory.max", "memory.limit_in_bytes"].map(|name| agent.join(name));
    groups.flat_map(files).filter(|file| Path::exists(file)).collect()
}

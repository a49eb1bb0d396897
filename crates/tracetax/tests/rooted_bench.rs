//! The whole lab from end to end: the release binaries, real eBPF, real requests. Needs root and leaves nothing behind.
//!
//! Nothing here depends on how fast this machine is or what else runs on it; all waits are bounded.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[macro_use]
#[path = "fixtures/closed_loop.rs"]
mod closed_loop;
#[path = "rooted_bench/blocks.rs"]
mod blocks;
#[allow(dead_code, reason = "shared with the tests of interrupts")]
#[path = "rooted_bench/site.rs"]
mod site;
#[path = "rooted_bench/traces.rs"]
mod traces;

use std::{
    fs,
    path::{Path, PathBuf},
};

use blocks::{are_the_whole_plan, assert_complete};
use record::{
    agent::AgentStats,
    block::Purpose,
    doctor::State,
    flood::Step,
    host::Host,
    plan::Arm,
    verdict::{Metric, Verdict, Word},
};
use site::{BINARIES, SOUND, Site};
use traces::Traces;
use tracetax::exit::of_word;

const SHORT: &str = closed_loop!(
    "What does the tracer cost in a short run?",
    block_ms = 100,
    warmup_ms = 20,
    pairs = [8, 8, 8],
    per_life = 4,
    r"[budget]
agent_memory_mb = 100
"
);

const BYSTANDER: &str = closed_loop!(
    "What do others pay?",
    block_ms = 100,
    warmup_ms = 0,
    pairs = [10, 10, 10],
    per_life = 10,
    r"[bystander]
measure_ms = 10
"
);

const FLOOD: &str = r#"question = "How much does it take?"
[load]
pacing = "flood"
rates = [2_000, 10_000]
[block]
measure_ms = 200
warmup_ms = 20
[pairs]
quick = 5
standard = 5
thorough = 5
per_life = 3
"#;

const CONTROLS: &str = closed_loop!(
    "Is a planted cost recovered?",
    block_ms = 100,
    warmup_ms = 20,
    pairs = [30, 30, 30],
    per_life = 15,
    r#"[[treatment]]
name = "planted"
plant_us = 20
[[treatment]]
name = "nothing"
nothing = true
"#
);

const STAGES: &str = closed_loop!(
    "What do the parts of a tracer cost?",
    block_ms = 100,
    warmup_ms = 0,
    pairs = [6, 6, 6],
    per_life = 3,
    r#"[[treatment]]
name = "floor"
tracer = "raw-tracepoint"
stage = "floor"
[[treatment]]
name = "full"
tracer = "raw-tracepoint"
wakeup = "timer(10 ms)"
[[treatment]]
name = "kprobe"
tracer = "kprobe"
"#
);

const MEMORY: &str = closed_loop!(
    "How much memory does each tracer take?",
    block_ms = 100,
    warmup_ms = 0,
    pairs = [5, 5, 5],
    per_life = 5,
    r#"[[treatment]]
name = "raw"
tracer = "raw-tracepoint"
[[treatment]]
name = "calls"
tracer = "syscall-tracepoint"
[[treatment]]
name = "packets"
tracer = "cgroup-skb"
[[treatment]]
name = "marker"
tracer = "uprobe-nop"
[[treatment]]
name = "functions"
tracer = "fentry"
[[treatment]]
name = "breakpoints"
tracer = "kprobe"
"#
);

/// Empty programs count nothing, the whole tracer counts everything, and the kernel's statistics see both run. Whether
/// this kernel has kprobes does not matter: either they are measured, or they are named with the kernel's reason.
#[test]
#[ignore = "needs root"]
fn stages_are_measured_and_what_the_kernel_refuses_is_named() {
    let site = Site::new("stages", STAGES);
    let run = site.start(&["bench", "stages"]);
    let lab = run.pid();
    let ended = run.end();
    let (plan, blocks) = (site.latest().plan().unwrap(), site.latest().blocks().unwrap());
    assert!(are_the_whole_plan(&plan, &blocks), "{}", ended.stderr);
    for block in blocks.iter().filter(|block| block.arm == Arm::Treated) {
        let tracer = block.tracer.as_ref().unwrap();
        assert_eq!(tracer.hits > 0, block.treatment != "floor", "{block:?}");
        let watched = block.purpose == Purpose::Statistics;
        assert_eq!(
            tracer.program_runs >= block.load.completed && tracer.program_run_ns > 0,
            watched,
            "{block:?}"
        );
    }

    let verdict = site.latest().verdict().unwrap();
    let scenario = &verdict.scenarios[0];
    let bill = scenario.strategies[0].bill.unwrap();
    assert!(bill.runs_per_request >= 2.0 && bill.empty_ns_per_run > 0.0, "{bill:?}");
    let Host { strategies, facts, .. } = site.latest().host().unwrap();
    let kprobe = strategies.iter().find(|one| one.strategy == "kprobe");
    let available = kprobe.is_some_and(|kprobe| kprobe.available);
    assert_eq!(scenario.treatments.len(), if available { 3 } else { 2 });
    assert_eq!(scenario.unavailable.is_empty(), available, "{scenario:#?}");
    let fact = facts.iter().find(|fact| fact.id == "kprobe").unwrap();
    assert_eq!(fact.state == State::Ok, available, "{fact:?}");
    let others = facts.iter().find(|fact| fact.id == "other-runs").unwrap();
    assert!(!others.found.contains(&format!("{lab}-")), "a run is no neighbour of its own: {others:?}");
    if let Some(reason) = kprobe.and_then(|kprobe| kprobe.reason.as_ref()) {
        assert_eq!(&scenario.unavailable[0].reason, reason);
        assert!(
            ended.stdout.contains(&format!("`kprobe` is unavailable here: {reason}")),
            "{}",
            ended.stdout
        );
    }
}

/// The kernel tells the peak of the agent's group exactly: the process, its maps, and what the verifier took.
#[test]
#[ignore = "needs root"]
fn the_agent_of_each_strategy_fits_into_sixteen_megabytes() {
    const MOST_BYTES: u64 = 16_000_000;
    let site = Site::new("memory", MEMORY);
    let ended = site.run(&["bench", "memory"]);
    let (plan, blocks) = (site.latest().plan().unwrap(), site.latest().blocks().unwrap());
    assert!(are_the_whole_plan(&plan, &blocks), "{}", ended.stderr);
    for treatment in &plan.scenarios[0].treatments {
        let of_it = blocks.iter().filter(|block| block.treatment == treatment.name);
        let peak = of_it.filter_map(|block| block.agent_memory_peak_bytes).max();
        let unavailable = plan.scenarios[0].unavailable.contains_key(&treatment.name);
        assert_eq!(peak.is_none(), unavailable, "{}", treatment.name);
        assert!(peak.is_none_or(|peak| peak <= MOST_BYTES), "{}: {peak:?}", treatment.name);
    }
}

/// In an overload the agent is stopped, so the ring buffer fills up whatever the machine can do. At 2,000 events a second it
/// would take a stall of seconds.
#[test]
#[ignore = "needs root"]
fn a_flood_loses_events_in_overload_alone_and_accounts_for_each() {
    let site = Site::new("flood", FLOOD);
    let mut run = site.start(&["bench", "flood"]);
    let (lab, seen) = (run.pid(), run.watch());
    run.end();
    site.assert_nothing_left(lab, &seen);
    let blocks = site.latest().blocks().unwrap();
    for block in blocks.iter().filter(|block| block.arm == Arm::Treated) {
        let (flood, tracer) = (block.flood.unwrap(), block.tracer.as_ref().unwrap());
        assert_eq!(flood.flooded.requests, tracer.requests + tracer.reserve_failed, "{block:?}");
        assert_eq!(tracer.reserve_failed, tracer.hits + tracer.extra - tracer.submitted - filtered(tracer));
        let lost = tracer.reserve_failed > 0;
        match flood.step {
            Step::Overload => assert!(lost, "{block:?}"),
            Step::Rate { events_per_second } if events_per_second.get() == 2_000 => {
                assert!(!lost, "{block:?}");
            }
            Step::Rate { .. } | Step::FlatOut => {}
        }
    }
    let verdict = site.latest().verdict().unwrap();
    assert_ne!(verdict.word, Word::Invalid, "{:?}", verdict.reasons);
    let capacity = verdict.scenarios[0].treatments[0].capacity.as_ref().unwrap();
    assert_eq!(capacity.steps.len(), 4);
    assert_eq!((capacity.recovery.overloads, capacity.recovery.lost_after), (5, 0));
    assert!(fs::read_to_string(site.latest().path().join("summary.md")).unwrap().contains("recovery: "));
}

fn filtered(tracer: &AgentStats) -> u64 {
    tracer.filtered.values().sum()
}

/// The tracer's hook is on the way of every system call of the machine, so each costs more while it is attached. How
/// much is not judged here, only that it shows: the hook's own work takes no less than 10 ns.
#[test]
#[ignore = "needs root"]
fn a_bystander_pays_for_a_hook_that_every_process_passes() {
    let site = Site::new("bystander", BYSTANDER);
    let mut run = site.start(&["bench", "bystander"]);
    let (lab, seen) = (run.pid(), run.watch());
    run.end();
    site.assert_nothing_left(lab, &seen);
    let blocks = site.latest().blocks().unwrap();
    assert!(blocks.iter().all(|block| block.bystander.is_some_and(|used| used.calls > 0)));
    let verdict = site.latest().verdict().unwrap();
    let metrics = &verdict.scenarios[0].treatments[0].metrics;
    let cost = metrics.iter().find(|metric| metric.name == "bystander_cpu_ns_per_call").unwrap();
    assert!(cost.estimate > 10.0, "{cost:?}");
    assert!(fs::read_to_string(site.latest().path().join("summary.md")).unwrap().contains(&cost.name));
}

#[test]
#[ignore = "needs root"]
fn a_run_measures_its_plan_and_leaves_its_folder_alone() {
    let site = Site::new("short", SHORT);
    let mut run = site.start(&["bench", "short"]);
    let (lab, seen) = (run.pid(), run.watch());
    let ended = run.end();
    site.assert_nothing_left(lab, &seen);

    let folder = fs::read_link(site.results().join("latest")).unwrap();
    assert_eq!(names_in(&site.results()), [folder.to_str().unwrap(), "latest"]);
    let files = [
        "annotations.txt",
        "blocks.jsonl",
        "bmf.json",
        "host.json",
        "junit.xml",
        "logs",
        "plan.json",
        "report.html",
        "summary.md",
        "verdict.json",
    ];
    assert_eq!(names_in(site.latest().path()), files);
    assert_eq!(
        names_in(&site.latest().path().join("logs")),
        ["agent.log", "load.log", "statistics.log", "target.log"]
    );
    site.latest().host().unwrap();
    assert!(fs::read_to_string(site.latest().path().join("summary.md")).unwrap().starts_with("verdict: "));
    assert!(fs::read_to_string(site.latest().path().join("report.html")).unwrap().contains("<figcaption>"));

    let blocks = site.latest().blocks().unwrap();
    assert!(are_the_whole_plan(&site.latest().plan().unwrap(), &blocks));
    assert_complete(&blocks);
    let verdict = site.latest().verdict().unwrap();
    assert_eq!(ended.code(), i32::from(of_word(verdict.word)));
    assert!(SOUND.contains(&ended.code()) || is_the_machines_fault(&verdict), "{verdict:#?}");
}

/// A scenario may ask for a path with a secret behind it. The plan says so; nothing that was measured does.
#[test]
#[ignore = "needs root"]
fn a_secret_is_in_no_result_but_the_plan() {
    const SECRET: &str = "ZQ9-XJ8-ZQ7";
    let site = Site::new("short", &SHORT.replace("/plain", &format!("/plain?token={SECRET}")));
    let ended = site.run(&["bench", "short"]);
    let folder = site.latest().path().to_owned();
    let files = contents(&folder).into_iter().chain(contents(&folder.join("logs")));
    let said = [("output".into(), ended.stdout.into_bytes()), ("errors".into(), ended.stderr.into_bytes())];
    let holds = |(_, bytes): &(PathBuf, Vec<u8>)| String::from_utf8_lossy(bytes).contains(SECRET);
    let found: Vec<_> = files.chain(said).filter(holds).map(|(path, _)| path).collect();
    assert_eq!(found, [folder.join("plan.json")]);
    assert_complete(&site.latest().blocks().unwrap());
}

#[test]
#[ignore = "needs root"]
fn a_duration_from_the_environment_sets_the_pairs() {
    let site = Site::new("short", SHORT).with_variable("BENCHMARK_DURATION", "700ms");
    let ended = site.run(&["bench", "short", "-v"]);
    let blocks = site.latest().blocks().unwrap();
    assert!(are_the_whole_plan(&site.latest().plan().unwrap(), &blocks));
    assert_eq!(blocks.iter().map(|block| block.pair).max(), Some(6));
    assert_eq!(ended.stderr.matches("short traced pair ").count(), blocks.len(), "{}", ended.stderr);
}

#[test]
#[ignore = "needs root"]
fn a_stored_run_is_reported_by_one_process_without_rights() {
    let site = Site::new("short", SHORT).with_copies(&[&BINARIES[..], &["tracer.bpf.o"]].concat());
    let bench = site.run(&["bench", "short"]);
    // Nothing is left that could be started.
    for binary in &BINARIES[1..] {
        fs::remove_file(site.binaries().join(binary)).unwrap();
    }
    let before = contents(site.latest().path());
    for args in [&["report"][..], &["report", site.latest().path().to_str().unwrap()]] {
        let report = site.run_as_other_user(args);
        assert_eq!((report.code(), &report.stdout), (bench.code(), &bench.stdout));
        // Its page is not this user's to write, which is said and is no failure.
        let said: Vec<_> = report.stderr.lines().collect();
        assert!(said.len() == 1 && said[0].starts_with("report.html was not made anew: "), "{said:?}");
    }
    assert_eq!(contents(site.latest().path()), before);
}

#[test]
#[ignore = "needs root"]
fn a_damaged_block_is_told_by_its_line_and_a_torn_one_left_out() {
    let site = Site::new("short", SHORT);
    let bench = site.run(&["bench", "short"]);
    let path = site.latest().path().join("blocks.jsonl");
    let whole = fs::read_to_string(&path).unwrap();

    let half = whole.len() - whole.lines().last().unwrap().len() / 2;
    fs::write(&path, format!("{whole}{}", &whole[half..whole.len() - 1])).unwrap();
    let report = site.run(&["report"]);
    let note = "this last line has no end and is left out";
    let (notes, rest): (Vec<&str>, Vec<&str>) = report.stdout.lines().partition(|line| line.contains(note));
    assert_eq!((report.code(), rest.join("\n") + "\n"), (bench.code(), bench.stdout), "{}", report.stderr);
    assert!(notes.len() == 1 && report.stderr.contains(note), "{}", report.stderr);

    let damaged: Vec<&str> =
        whole.lines().enumerate().map(|(index, line)| if index == 2 { &line[1..] } else { line }).collect();
    fs::write(&path, damaged.join("\n") + "\n").unwrap();
    let report = site.run(&["report"]);
    assert_eq!((report.code(), report.stdout.as_str()), (2, ""));
    assert!(report.stderr.contains("/blocks.jsonl:3: it is damaged or was edited"), "{}", report.stderr);
}

#[test]
#[ignore = "needs root"]
fn a_planted_cost_is_recovered_and_nothing_has_two_arms() {
    let site = Site::new("controls", CONTROLS);
    let ended = site.run(&["bench", "controls"]);
    assert!(SOUND.contains(&ended.code()) || ended.code() == 5, "{}", ended.stderr);
    assert!(are_the_whole_plan(&site.latest().plan().unwrap(), &site.latest().blocks().unwrap()));
    let verdict = site.latest().verdict().unwrap();
    let [planted, nothing] = verdict.scenarios[0].treatments.as_slice() else {
        panic!("{verdict:#?}");
    };
    let cost = metric(&planted.metrics, "server_cpu_us_per_request");
    // 20 us were planted.
    assert!(cost.low.unwrap() > 10.0 && cost.high.unwrap() < 40.0, "{cost:?}");
    for treatment in [planted, nothing] {
        assert!(
            treatment.untraced.as_ref().is_some_and(|arm| arm.completed > 0)
                && treatment.treated.completed > 0,
            "{treatment:#?}"
        );
    }
}

#[test]
#[ignore = "needs root"]
fn a_tracer_that_cannot_start_is_told_with_its_own_reason() {
    let site = Site::new("short", SHORT).with_copies(&BINARIES);
    fs::write(site.binaries().join("tracer.bpf.o"), "no object").unwrap();
    let run = site.start(&["bench", "short"]);
    let lab = run.pid();
    let ended = run.end();
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{}", ended.stderr);
    for part in ["the tracer cannot try its strategies", "tracer.bpf.o", "error parsing BPF object"] {
        assert!(ended.stderr.contains(part), "`{part}` is not in: {}", ended.stderr);
    }
    site.assert_nothing_left(lab, &Traces::default());
}

#[test]
#[ignore = "needs root"]
fn what_is_not_built_is_told_with_the_command_that_builds_it() {
    let site = Site::new("short", SHORT).with_copies(&["tracetax", "load"]);
    let run = site.start(&["bench", "short"]);
    let lab = run.pid();
    let ended = run.end();
    assert_eq!((ended.code(), ended.stdout.as_str()), (1, ""), "{}", ended.stderr);
    for part in ["bin/tracer is not built", "`cargo xtask build`"] {
        assert!(ended.stderr.contains(part), "`{part}` is not in: {}", ended.stderr);
    }
    site.assert_nothing_left(lab, &Traces::default());
}

#[test]
#[ignore = "needs root"]
fn who_is_not_root_is_told_so_at_once() {
    let site = Site::new("short", SHORT).with_copies(&["tracetax"]);
    let ended = site.run_as_other_user(&["bench", "short"]);
    assert_eq!((ended.code(), ended.stdout.as_str()), (3, ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("needs root"), "{}", ended.stderr);
    assert!(!site.results().exists());
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = names_in(folder).into_iter().map(|name| folder.join(name)).filter(|path| path.is_file());
    paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn metric<'a>(metrics: &'a [Metric], name: &str) -> &'a Metric {
    metrics.iter().find(|metric| metric.name == name).unwrap()
}

/// Whether a run is invalid only since others took the processors away while it measured.
fn is_the_machines_fault(verdict: &Verdict) -> bool {
    let has = |code| verdict.reasons.iter().any(|reason| reason.code == code);
    verdict.word == Word::Invalid && has("too-many-discarded") && !has("ledger-open")
}

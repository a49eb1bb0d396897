//! A soak on this machine: what is well stays so, what is planted is found. Needs root.
//!
//! Short by default; with `TRACETAX_LONG_SOAKS=true` as long, and with as small a leak, as CONTRIBUTING.md says.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/site.rs"]
mod site;
#[path = "rooted_bench/traces.rs"]
mod traces;

use std::{
    env,
    ops::Range,
    thread::sleep,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use procfs::process::all_processes;
use record::{
    block::Block,
    soak::{Presence, Soak},
    verdict::{TreatmentVerdict, Verdict, Word},
};
use rustix::process::{Pid, Signal, kill_process};
use site::{Ended, Site};

/// From the question at the end of a window until its time is taken: as long as `rig::soak` waits for a silent agent, and
/// then until all is quiet.
const ASKED_BEFORE_NS: u64 = 600_000_000;

/// How long a test soaks.
struct Size {
    windows: u32,
    window_ms: u32,
}

/// Ten seconds.
const SHORT: Size = Size { windows: 40, window_ms: 250 };

impl Size {
    /// So many windows of a second where soaks are to be long.
    fn of(windows: u32) -> Self {
        if is_long() { Self { windows, window_ms: 1_000 } } else { SHORT }
    }

    /// For a run to end.
    fn patience(&self) -> Duration {
        2 * Duration::from_millis(u64::from(self.windows * self.window_ms)) + Duration::from_secs(120)
    }

    /// A scenario; `treatment` is the rest of its file.
    fn scenario(&self, treatment: &str) -> String {
        let Self { windows, window_ms } = self;
        format!(
            r#"question = "What becomes of it?"
[load]
pacing = "poisson"
requests_per_second = 1000
connections = 20
path = "/plain"
[block]
measure_ms = {window_ms}
warmup_ms = 1000
[soak]
quick = {windows}
standard = {windows}
thorough = {windows}
[budget]
uptime_pct = 99.9
agent_growth_mb_per_hour = 1.0
agent_memory_mb = 100
{treatment}"#
        )
    }

    fn run(&self, site: &Site, name: &str) -> Ended {
        site.start(&["bench", name]).end_within(self.patience())
    }
}

fn is_long() -> bool {
    env::var_os("TRACETAX_LONG_SOAKS").is_some_and(|value| value == "true")
}

fn soaked(verdict: &Verdict) -> (&TreatmentVerdict, &Soak) {
    let treatment = &verdict.scenarios[0].treatments[0];
    (treatment, treatment.soak.as_ref().unwrap())
}

fn word(treatment: &TreatmentVerdict, metric: &str) -> Word {
    treatment.metrics.iter().find(|one| one.name == metric).unwrap().word.unwrap()
}

#[test]
#[ignore = "needs root"]
fn a_tracer_that_is_well_is_up_in_all_windows_and_a_short_soak_says_how_long_it_must_be() {
    let size = Size::of(600);
    let site = Site::new("short", &size.scenario(""));
    let ended = size.run(&site, "short");
    assert_eq!(ended.code(), 4, "{} {}", ended.stdout, ended.stderr);
    let all = size.windows;
    assert!(ended.stdout.contains(&format!("was up in {all} of {all} windows")), "{}", ended.stdout);
    assert!(ended.stdout.contains("bench short --duration "), "{}", ended.stdout);
    let verdict = site.latest().verdict().unwrap();
    let (treatment, soak) = soaked(&verdict);
    println!("{soak:#?}");
    assert_eq!((soak.failed, soak.lost, soak.up), (0, 0, u64::from(all)), "{soak:#?}");
    assert_eq!(soak.answered, treatment.tracer.as_ref().unwrap().records);
    assert_eq!(word(treatment, "uptime_pct"), Word::Inconclusive);
    // A page in ten seconds is more than a megabyte an hour.
    if is_long() {
        assert_eq!(word(treatment, "agent_growth_mb_per_hour"), Word::Pass, "{soak:#?}");
    }
    // All levels are read, but for groups where the kernel has no memory controller.
    for name in ["agent_rss_and_maps_mb", "agent_descriptors", "agent_threads", "target_rss_mb"] {
        let trend = soak.trends.iter().find(|trend| trend.name == name).unwrap();
        assert!(trend.least > 0.0 && trend.points.len() == 20, "{trend:?}");
    }
    assert!(site.latest().path().join("report.html").is_file());
}

/// A megabyte a minute is found in three; a megabyte a second in ten seconds.
#[test]
#[ignore = "needs root"]
fn a_planted_leak_is_found() {
    let (size, mb_per_minute) = (Size::of(180), if is_long() { 1.0 } else { 60.0 });
    let leaking = format!(
        "[[treatment]]\nname = \"leaking\"\ntracer = \"raw-tracepoint\"\nplant_leak_mb_per_minute = {mb_per_minute}\n"
    );
    let site = Site::new("leak", &size.scenario(&leaking));
    let ended = size.run(&site, "leak");
    assert_eq!(ended.code(), 99, "{} {}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("MB a minute was planted"), "{}", ended.stdout);
    let verdict = site.latest().verdict().unwrap();
    let (treatment, soak) = soaked(&verdict);
    println!("{:?}", soak.trends[0].per_hour);
    assert_eq!(word(treatment, "agent_growth_mb_per_hour"), Word::OverBudget);
    // A fifth off, where the machine is busy; the slope is of what was there in time.
    let (slope, planted) = (soak.trends[0].per_hour.unwrap().estimate, 60.0 * mb_per_minute);
    assert!((0.8 * planted..1.2 * planted).contains(&slope), "{slope} of {planted}");
}

#[test]
#[ignore = "needs root"]
fn a_planted_stall_costs_exactly_its_windows() {
    let size = Size::of(60);
    let site = Site::new("stall", &size.scenario(""));
    let mut run = site.start(&["bench", "stall"]);
    let lab = run.pid();
    run.watch();
    run.wait_for_blocks(8);
    let stall_ns = stopped(below(lab, "tracer"), Duration::from_secs(if is_long() { 10 } else { 3 }));
    let ended = run.end_within(size.patience());
    let blocks = site.latest().blocks().unwrap();
    assert_eq!(blocks.len(), size.windows as usize, "{}", ended.stderr);
    let (mut inside, mut down) = (0, 0);
    for block in &blocks {
        let is_down = block.window.as_ref().unwrap().agent != Some(Presence::Answers);
        let ends = ends_ns(block);
        let asked_inside = stall_ns.start + ASKED_BEFORE_NS..stall_ns.end;
        let touched = stall_ns.start..stall_ns.end + ASKED_BEFORE_NS;
        if ends.iter().any(|end| asked_inside.contains(end)) {
            inside += 1;
            assert!(is_down, "window {} was stalled: {ends:?} in {stall_ns:?}", block.pair);
        } else if !ends.iter().any(|end| touched.contains(end)) {
            assert!(!is_down, "window {} was not stalled: {ends:?} and {stall_ns:?}", block.pair);
        }
        down += u64::from(is_down);
    }
    assert!(inside >= 3, "{inside} windows in a stall of three seconds and more");
    let verdict = site.latest().verdict().unwrap();
    let (_, soak) = soaked(&verdict);
    println!("{inside} windows ended within the stall, {down} are down");
    let up = u64::from(size.windows) - down;
    assert_eq!((soak.up, soak.down.silent, soak.failed), (up, down, 0), "{soak:#?}");
}

#[test]
#[ignore = "needs root"]
fn an_agent_that_dies_ends_its_soak_and_no_request_fails() {
    let soak = killed("tracer");
    assert_eq!((soak.failed, soak.answered > 0), (0, true), "{soak:#?}");
}

#[test]
#[ignore = "needs root"]
fn a_service_that_dies_ends_its_soak() {
    killed("target");
}

/// A soak in which this process is killed.
fn killed(process: &str) -> Soak {
    let site = Site::new("dies", &SHORT.scenario(""));
    let mut run = site.start(&["bench", "dies"]);
    let (lab, seen) = (run.pid(), run.watch());
    run.wait_for_blocks(8);
    kill_process(below(lab, process), Signal::KILL).unwrap();
    let ended = run.end();
    assert_eq!(ended.code(), 99, "{} {}", ended.stdout, ended.stderr);
    let note = format!("the {process} has ended, and so does its soak");
    assert!(ended.stderr.contains(&note), "{}", ended.stderr);
    let verdict = site.latest().verdict().unwrap();
    let (_, soak) = soaked(&verdict);
    assert_eq!(soak.windows, 40, "{soak:#?}");
    assert_eq!((soak.up + soak.down.ended, soak.down.silent), (40, 0), "{soak:#?}");
    assert!((8..40).contains(&soak.up), "{soak:#?}");
    site.assert_nothing_left(lab, &seen);
    soak.clone()
}

/// The process of this name below a lab.
fn below(lab: i32, name: &str) -> Pid {
    let processes: Vec<_> = all_processes().unwrap().flatten().filter_map(|one| one.stat().ok()).collect();
    let parent = |pid: i32| processes.iter().find(|one| one.pid == pid).map_or(0, |one| one.ppid);
    let is_below =
        |pid: i32| std::iter::successors(Some(pid), |pid| Some(parent(*pid))).take(5).any(|one| one == lab);
    let found = processes.iter().find(|one| one.comm == name && is_below(one.pid));
    Pid::from_raw(found.unwrap().pid).unwrap()
}

/// Stops a process for so long. When that was, since 1970.
fn stopped(process: Pid, long: Duration) -> Range<u64> {
    kill_process(process, Signal::STOP).unwrap();
    let start = now_ns();
    sleep(long);
    let end = now_ns();
    kill_process(process, Signal::CONT).unwrap();
    start..end
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64
}

/// The times of both ends.
fn ends_ns(block: &Block) -> [u64; 2] {
    [block.started_unix_ns, block.started_unix_ns + block.elapsed_ns]
}

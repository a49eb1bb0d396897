//! Who the children of a run are, and what they may do, as the kernel tells it. Needs root.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/site.rs"]
mod site;
#[allow(dead_code, reason = "shared with the tests of bench")]
#[path = "rooted_bench/traces.rs"]
mod traces;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    thread::sleep,
    time::{Duration, Instant},
};

use procfs::process::{LimitValue, Process, Status};
use rustix::{process::Signal, thread::CapabilitySet};
use site::{BINARIES, Site};
use traces::Traces;

/// One of each kind of child, in a run that lasts until it is ended. At this rate the generator may run in real time.
const EVERY_CHILD: &str = r#"question = "Who is who?"
[load]
pacing = "constant"
requests_per_second = 1000
connections = 4
path = "/plain"
core_warmer = true
[block]
measure_ms = 600
warmup_ms = 0
[pairs]
quick = 1000
standard = 1000
thorough = 1000
per_life = 1000
[bystander]
measure_ms = 10
"#;

/// Commands of the children; two of them are the lab's own binary.
const CHILDREN: [&str; 5] = ["target", "load", "tracer", "tracetax warm", "tracetax bystander"];

/// `SCHED_FIFO` of sched(7).
const FIFO: u32 = 1;

/// Every process of a run but its lab, by its command, once they are all there.
fn children(lab: i32, site: &Site) -> BTreeMap<String, Process> {
    let mut found = BTreeMap::new();
    eventually("all children are there", || {
        let pids = Traces::of(lab, &site.results()).processes.into_keys().map(|(pid, _)| pid);
        let processes = pids.filter_map(|pid| Process::new(pid).ok());
        found = processes.filter_map(|process| Some((command(&process)?, process))).collect();
        CHILDREN.iter().all(|name| found.contains_key(*name))
    });
    found
}

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within a minute");
        sleep(Duration::from_millis(20));
    }
}

/// Only while it makes requests.
fn runs_in_real_time(process: &Process) -> bool {
    let stats = process.tasks().unwrap().filter_map(|task| task.ok()?.stat().ok());
    stats.into_iter().any(|stat| (stat.policy, stat.rt_priority) == (Some(FIFO), Some(10)))
}

/// The name of the program, and for the lab's own binary what it was asked to do.
fn command(process: &Process) -> Option<String> {
    let line = process.cmdline().ok()?;
    let name = line.first()?.rsplit('/').next()?.to_owned();
    Some(if name == "tracetax" { format!("{name} {}", line.get(1)?) } else { name })
}

fn users(status: &Status) -> [u32; 4] {
    [status.ruid, status.euid, status.suid, status.fuid]
}

#[track_caller]
fn assert_confined(name: &str, status: &Status) {
    let keeps = if name == "load" { CapabilitySet::SYS_NICE.bits() } else { 0 };
    let capabilities = [status.capprm, status.capeff, status.capinh, status.capamb.unwrap()];
    assert_eq!(capabilities, [keeps; 4], "{name}");
    assert_eq!(status.nonewprivs, Some(1), "{name}");
    assert_eq!(users(status), [status.ruid; 4], "{name}");
    assert_eq!([status.rgid, status.egid, status.sgid, status.fgid], users(status), "{name}");
    assert!((1_900_000_000..2_100_000_000).contains(&status.ruid), "{name}: {}", status.ruid);
    assert_eq!(status.groups, [0; 0], "{name}");
}

/// The binaries lie where only root may look, as they do in a checkout in root's home.
#[test]
#[ignore = "needs root"]
fn each_child_is_a_user_of_its_own_without_any_right() {
    let site = Site::new("all", EVERY_CHILD).with_copies(&[&BINARIES[..], &["tracer.bpf.o"]].concat());
    for (path, mode) in BINARIES.map(|name| (site.binaries().join(name), 0o700)) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(site.binaries(), fs::Permissions::from_mode(0o700)).unwrap();
    let mut run = site.start(&["bench", "all"]);
    let lab = run.pid();
    run.wait_for_blocks(1);
    let children = children(lab, &site);
    let mut seen = BTreeMap::new();
    for name in CHILDREN {
        let status = children[name].status().unwrap();
        assert_confined(name, &status);
        let before = seen.insert(status.ruid, name);
        assert_eq!(before, None, "{name} is the same user");
        let core = children[name].limits().unwrap().max_core_file_size.soft_limit;
        assert!(name == "tracer" || matches!(core, LimitValue::Value(0)), "{name}: {core:?}");
    }
    eventually("the generator runs in real time", || runs_in_real_time(&children["load"]));
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!(ended.code(), 130, "{}", ended.stderr);
}

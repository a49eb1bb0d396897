//! `doctor` on the machine that the tests run on, with the real tracer. Needs the built binaries and root, and shows that
//! nothing is changed.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread::sleep,
    time::{Duration, Instant},
};

use record::{
    agent::{OtherPrograms, Probe},
    doctor::{Diagnosis, Fact, State},
};

/// Where `cargo xtask build` puts what a run starts.
const RELEASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release");

const OTHER_USER: u32 = 63_999;

/// For the kernel to be rid of what nobody holds any more.
const GONE_WITHIN: Duration = Duration::from_secs(30);

fn built(file: &str) -> PathBuf {
    let path = Path::new(RELEASE).join(file);
    assert!(path.is_file(), "{} is missing: run `cargo xtask build`", path.display());
    path
}

fn doctor() -> Command {
    let mut lab = Command::new(built("tracetax"));
    lab.args(["doctor", "--json"]).env_clear();
    lab
}

/// What it said. Its exit code is 3 exactly where something fails.
fn facts(lab: &mut Command) -> Vec<Fact> {
    let Output { status, stdout, stderr } = lab.output().unwrap();
    assert!(stderr.is_empty(), "{}", String::from_utf8_lossy(&stderr));
    let facts = serde_json::from_slice::<Diagnosis>(&stdout).unwrap().facts;
    let fails = facts.iter().any(|fact| fact.state == State::Fail);
    assert_eq!(status.code(), Some(if fails { 3 } else { 0 }), "{facts:#?}");
    facts
}

fn named<'a>(facts: &'a [Fact], id: &str) -> &'a Fact {
    facts.iter().find(|fact| fact.id == id).unwrap()
}

fn probe() -> Probe {
    let output = Command::new(built("tracer")).arg("--probe").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs root"]
fn every_strategy_is_a_fact_and_a_refused_one_has_the_kernels_reason() {
    let facts = facts(&mut doctor());
    let tried = probe().strategies;
    assert_eq!(facts.iter().filter(|fact| fact.group == "strategies").count(), tried.len());
    for strategy in tried {
        let fact = named(&facts, &strategy.strategy);
        match strategy.reason {
            None => assert_eq!((fact.state, fact.found.as_str()), (State::Ok, "available")),
            Some(reason) => {
                assert_eq!(fact.found, format!("unavailable: {reason}"));
                assert!(fact.state >= State::Warn && fact.next_step.is_some(), "{fact:?}");
            }
        }
    }
    for known in ["root", "tracer", "bpf-jit", "bpf-statistics", "lockdown", "ftrace", "bpf-programs"] {
        assert_ne!(named(&facts, known).state, State::Unknown, "root is told: {:?}", named(&facts, known));
    }
}

/// Programs of the tracer's that nobody holds; those of other tests are held by their tracers.
fn orphans() -> Vec<String> {
    let Some(OtherPrograms::Loaded(programs)) = probe().others else {
        panic!("the kernel lists no programs")
    };
    let ours =
        ["raw_tracepoint_", "syscall_", "uprobe_request", "fentry_", "fexit_", "kprobe_", "kretprobe_"];
    let is_ours = |name: &str| ours.iter().any(|prefix| name.starts_with(prefix));
    let orphans = programs.into_iter().filter(|one| one.holders.is_empty() && is_ours(&one.name));
    orphans.map(|one| format!("{one:?}")).collect()
}

/// Mounts of the file systems that are looked into.
fn mounts() -> Vec<String> {
    let text = fs::read_to_string("/proc/self/mounts").unwrap();
    let looked_into = |line: &&str| line.contains(" tracefs ") || line.contains(" securityfs ");
    text.lines().filter(looked_into).map(Into::into).collect()
}

#[test]
#[ignore = "needs root"]
fn nothing_is_loaded_or_mounted_afterwards() {
    let before = mounts();
    facts(&mut doctor());
    assert_eq!(mounts(), before);
    let end = Instant::now() + GONE_WITHIN;
    while !orphans().is_empty() {
        assert!(Instant::now() < end, "these stay: {:?}", orphans());
        sleep(Duration::from_millis(100));
    }
}

/// Whoever is not root is told so, with the command to type, and gets all other facts.
#[test]
#[ignore = "needs root"]
fn another_user_is_told_what_needs_root() {
    let facts = facts(doctor().uid(OTHER_USER).gid(OTHER_USER));
    let root = named(&facts, "root");
    assert_eq!(
        (root.state, root.next_step.as_deref()),
        (State::Warn, Some("sudo target/release/tracetax doctor"))
    );
    for id in ["tracer", "raw-tracepoint", "kprobe", "bpf-programs", "bpf-jit-harden"] {
        let fact = named(&facts, id);
        let next_step = fact.next_step.as_deref();
        assert_eq!(
            (fact.state, next_step),
            (State::Unknown, Some("sudo target/release/tracetax doctor")),
            "{fact:?}"
        );
    }
    for id in ["kernel-version", "clock-source", "memory", "disk", "processors"] {
        assert_ne!(named(&facts, id).state, State::Unknown, "{:?}", named(&facts, id));
    }
}

/// Without the tracer everything else is told.
#[test]
#[ignore = "needs root"]
fn a_lab_alone_says_what_to_build() {
    let folder = tempfile::tempdir().unwrap();
    let alone = folder.path().join("tracetax");
    fs::copy(built("tracetax"), &alone).unwrap();
    let facts = facts(Command::new(alone).args(["doctor", "--json"]).env_clear());
    let tracer = named(&facts, "tracer");
    assert!(tracer.state == State::Warn && tracer.found.contains("is not built"), "{tracer:?}");
    assert_eq!(tracer.next_step.as_deref(), Some("cargo xtask build"));
    assert_eq!(named(&facts, "binaries").found, "not built: tracer, tracer.bpf.o, target, load");
    assert_eq!(named(&facts, "kprobe").state, State::Unknown);
}

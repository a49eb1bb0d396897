//! Tests over real children: `cat` answers what it is asked, `sleep` never answers.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use procfs::process::{Stat, all_processes};
use rustix::{
    process::{Pid, Signal, kill_process},
    thread::sched_getaffinity,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Child, End, Interrupted, Launch};
use crate::cgroup::Role;

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(50);

struct Bench {
    folder: TempDir,
    interrupt: Arc<AtomicBool>,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), interrupt: Arc::default() }
    }

    fn launch(&self, program: &str, args: &[&str], cpus: &[usize]) -> anyhow::Result<Child<Value>> {
        let log = self.folder.path().join("log");
        let args = args.iter().map(Into::into).collect();
        let interrupt = Arc::clone(&self.interrupt);
        Launch { role: Role::Agent, program: Path::new(program), args, cpus, log: &log, interrupt }.start()
    }

    fn start(&self, program: &str, args: &[&str]) -> Child<Value> {
        self.launch(program, args, &[]).unwrap()
    }
}

/// The processes of a group. Ended means gone or a zombie, never merely asked to end.
fn of_group(leader: u32) -> Vec<Stat> {
    let stats = all_processes().unwrap().filter_map(|process| process.ok()?.stat().ok());
    stats.filter(|stat| stat.pgrp == leader.cast_signed() && !matches!(stat.state, 'Z' | 'X')).collect()
}

fn wait_for(mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain");
        thread::sleep(SHORT / 10);
    }
}

#[test]
fn a_child_answers_and_finishes_when_its_input_ends() {
    let mut child = Bench::new().start("cat", &[]);
    for i in 0..3 {
        assert_eq!(child.ask(&json!({ "n": i }), LONG).unwrap(), json!({ "n": i }));
    }
    assert!(child.is_alive().unwrap());
    assert!(matches!(child.finish(LONG).unwrap(), End::ByItself(status) if status.success()));
}

#[test]
fn a_long_reply_arrives_whole() {
    let mut child = Bench::new().start("cat", &[]);
    // More than a pipe holds, so the reader must take while the writer writes.
    let text = "x".repeat(1_000_000);
    assert_eq!(child.ask(&text, LONG).unwrap(), json!(text));
}

#[test]
fn a_child_that_does_not_answer_is_named_with_its_limit() {
    let mut child = Bench::new().start("sleep", &["60"]);
    let error = child.ask(&1, SHORT).unwrap_err().to_string();
    assert!(error.starts_with("the agent has not answered within 50ms"), "{error}");
}

#[test]
fn a_dead_child_tells_its_status_and_the_end_of_its_log() {
    let bench = Bench::new();
    let mut child = bench.start("sleep", &["never"]);
    let error = child.receive(LONG).unwrap_err().to_string();
    assert!(error.starts_with("the agent has ended (exit status: 1)"), "{error}");
    assert!(error.contains("invalid time interval"), "{error}");
    assert!(!child.is_alive().unwrap());
    assert!(child.send(&1).unwrap_err().to_string().contains("exit status: 1"));
}

#[test]
fn a_line_that_is_no_reply_is_shown() {
    let mut child = Bench::new().start("echo", &["\u{1b}[31mnot json"]);
    let error = child.receive(LONG).unwrap_err().to_string();
    assert!(error.starts_with("the agent has said what is no reply"), "{error}");
    assert!(error.ends_with("\\u{1b}[31mnot json"), "{error}");
}

#[test]
fn an_answer_to_no_question_is_refused() {
    let mut child = Bench::new().start("yes", &["1"]);
    assert_eq!(child.receive(LONG).unwrap(), json!(1));
    thread::sleep(SHORT);
    let error = child.ask(&2, LONG).unwrap_err().to_string();
    assert_eq!(error, "the agent has answered what nobody asked");
}

#[test]
fn an_interrupt_ends_the_waiting() {
    let bench = Bench::new();
    let mut child = bench.start("sleep", &["60"]);
    let flag = Arc::clone(&bench.interrupt);
    let raiser = thread::spawn(move || {
        thread::sleep(SHORT);
        flag.store(true, Ordering::Relaxed);
    });
    let begin = Instant::now();
    assert!(child.receive(LONG).unwrap_err().is::<Interrupted>());
    assert!(begin.elapsed() < LONG / 2);
    raiser.join().unwrap();
}

#[test]
fn a_child_that_does_not_finish_is_terminated() {
    let child = Bench::new().start("sleep", &["60"]);
    let pid = child.pid();
    assert_eq!(child.finish(SHORT).unwrap(), End::Terminated);
    assert!(of_group(pid).is_empty());
}

#[test]
fn a_child_that_ignores_term_is_killed() {
    let child = Bench::new().start("env", &["--ignore-signal=TERM", "sleep", "60"]);
    // Only once `env` has become `sleep` is TERM ignored for sure.
    wait_for(|| of_group(child.pid()).iter().any(|stat| stat.comm == "sleep"));
    assert_eq!(child.finish(SHORT).unwrap(), End::Killed);
}

#[test]
fn what_a_dead_child_has_started_is_ended() {
    let mut child = Bench::new().start("timeout", &["60", "sleep", "60"]);
    let leader = child.pid();
    wait_for(|| of_group(leader).len() == 2);
    kill_process(Pid::from_raw(leader.cast_signed()).unwrap(), Signal::KILL).unwrap();
    wait_for(|| !child.is_alive().unwrap());
    wait_for(|| of_group(leader).is_empty());
}

#[test]
fn dropping_a_child_kills_it() {
    let child = Bench::new().start("sleep", &["60"]);
    let pid = child.pid();
    assert_eq!(of_group(pid).len(), 1);
    drop(child);
    assert!(of_group(pid).is_empty());
}

#[test]
fn a_child_is_pinned_and_this_thread_is_not() {
    let before = sched_getaffinity(None).unwrap();
    let child = Bench::new().launch("sleep", &["60"], &[0]).unwrap();
    let status = procfs::process::Process::new(child.pid().cast_signed()).unwrap().status().unwrap();
    assert_eq!(status.cpus_allowed_list, Some(vec![(0, 0)]));
    assert_eq!(sched_getaffinity(None).unwrap(), before);
    let error = format!("{:#}", Bench::new().launch("sleep", &["60"], &[1023]).unwrap_err());
    assert!(error.starts_with("cannot pin the agent to [1023]"), "{error}");
    assert_eq!(sched_getaffinity(None).unwrap(), before);
}

#[test]
fn a_binary_that_does_not_exist_is_named() {
    let error = format!("{:#}", Bench::new().launch("/nowhere/agent", &[], &[]).unwrap_err());
    assert_eq!(error, "cannot start the agent: /nowhere/agent: No such file or directory (os error 2)");
}

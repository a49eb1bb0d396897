//! Control groups on this kernel, with real processes. Needs root and leaves nothing behind.

#![allow(
    clippy::unwrap_used,
    reason = "clippy allows it in test functions, but not in the helpers beside them"
)]

use std::{
    hint::black_box,
    io::BufRead as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread::sleep,
    time::{Duration, Instant},
};

use record::block::CpuUse;
use tracetax::{
    cgroup::{Groups, Layout, Role, RunGroups, RunId, sweep},
    readings::{CpuReading, MachineCpu},
};

/// The tests move this process from group to group, so they take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A process that only sleeps, killed at the end of the test. Its id also stands for a run's lab.
struct Sleeper(Child);

impl Sleeper {
    fn start() -> Self {
        Self(Command::new("sleep").arg("60").spawn().unwrap())
    }

    fn run_id(&self) -> RunId {
        RunId::of(self.0.id().cast_signed()).unwrap()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn own_groups() -> String {
    std::fs::read_to_string("/proc/self/cgroup").unwrap()
}

fn groups_named(run: RunId) -> Vec<PathBuf> {
    let mounts = procfs::process::Process::myself().unwrap().mountinfo().unwrap();
    let prefix = format!("tracetax-{run}-");
    let inside =
        mounts.iter().filter_map(|mount| std::fs::read_dir(&mount.mount_point).ok()).flatten().flatten();
    inside
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .collect()
}

#[test]
#[ignore = "needs root"]
fn groups_come_and_go_and_this_process_returns() {
    let _turn = TURN.lock();
    let before = own_groups();
    let run = RunId::own().unwrap();
    let groups = RunGroups::create(&Layout::detect().unwrap(), run).unwrap();
    let target = groups.roles().folder(Role::Target);
    let folder = target.parent().unwrap().to_owned();
    assert!(target.ends_with("target") && groups_named(run).contains(&folder), "{}", target.display());
    assert!(own_groups().contains(&format!("/{}/keeper", folder.file_name().unwrap().to_str().unwrap())));
    let again = RunGroups::create(&Layout::detect().unwrap(), run).unwrap_err().to_string();
    assert!(again.contains("has its groups already"), "{again}");
    groups.end().unwrap();
    assert_eq!(own_groups(), before);
    assert!(groups_named(run).is_empty());
}

#[test]
#[ignore = "needs root"]
fn dropped_groups_kill_what_is_inside() {
    let _turn = TURN.lock();
    let before = own_groups();
    let run = RunId::own().unwrap();
    let groups = RunGroups::create(&Layout::detect().unwrap(), run).unwrap();
    let mut agent = Sleeper::start();
    groups.roles().place(Role::Agent, agent.0.id()).unwrap();
    drop(groups);
    assert!(!agent.0.wait().unwrap().success());
    assert_eq!(own_groups(), before);
    assert!(groups_named(run).is_empty());
}

#[test]
#[ignore = "needs root"]
fn what_is_left_inside_is_killed_at_the_end() {
    let _turn = TURN.lock();
    let run = RunId::own().unwrap();
    let layout = Layout::detect().unwrap();
    let groups = RunGroups::create(&layout, run).unwrap();
    let mut load = Sleeper::start();
    groups.roles().place(Role::Load, load.0.id()).unwrap();
    assert!(sweep(&layout).removed.is_empty(), "the run lives, so its groups stay");
    groups.end().unwrap();
    assert!(!load.0.wait().unwrap().success());
    assert!(groups_named(run).is_empty());
}

#[test]
#[ignore = "needs root"]
fn a_sweep_takes_dead_runs_and_leaves_live_ones() {
    let _turn = TURN.lock();
    let layout = Layout::detect().unwrap();
    // What other runs have left is not this test's to count.
    let _ = sweep(&layout);
    let own = RunId::own().unwrap();
    let mine = RunGroups::create(&layout, own).unwrap();
    let keeper = Sleeper::start();
    let dead = keeper.run_id();
    let left = RunGroups::create(&layout, dead).unwrap();
    let mut orphan = Sleeper::start();
    left.roles().place(Role::Target, orphan.0.id()).unwrap();
    mine.roles().place(Role::Keeper, std::process::id()).unwrap();
    // As when a keeper is killed: nothing is cleaned up.
    std::mem::forget(left);

    assert_eq!(sweep(&layout).removed, Vec::<String>::new(), "its keeper lives");
    drop(keeper);
    let swept = sweep(&layout);
    assert!(!orphan.0.wait().unwrap().success());
    assert_eq!(swept.kept, Vec::<String>::new());
    assert!(
        swept.removed[0].ends_with(&format!("of dead run {dead}, killed the process inside")),
        "{swept:?}"
    );
    assert!(groups_named(dead).is_empty());
    assert!(!groups_named(own).is_empty());
    mine.end().unwrap();
}

/// A group that looks like one of ours, with a process inside: of another boot, or without a marker.
#[test]
#[ignore = "needs root"]
fn a_sweep_leaves_what_is_not_ours() {
    let _turn = TURN.lock();
    let layout = Layout::detect().unwrap();
    for name in ["tracetax-4194305-7", "tracetax-4194305-7-00000000", "tracetax-of-mine"] {
        let folder = layout.root().join(name);
        std::fs::create_dir(&folder).unwrap();
        let mut inside = Sleeper::start();
        std::fs::write(folder.join("cgroup.procs"), inside.0.id().to_string()).unwrap();
        let swept = sweep(&layout);
        let (lives, stays) = (inside.0.try_wait().unwrap().is_none(), folder.exists());
        drop(inside);
        std::fs::remove_dir(&folder).unwrap();
        assert!(lives && stays, "{name}: {swept:?}");
    }
}

#[test]
#[ignore = "needs root"]
fn a_child_started_within_a_group_is_counted_there_from_the_start() {
    let _turn = TURN.lock();
    let groups = RunGroups::create(&Layout::detect().unwrap(), RunId::own().unwrap()).unwrap();
    let roles = groups.roles();
    let child = roles.within(Role::Agent, || Ok(Sleeper::start())).unwrap();
    let pid = child.0.id();
    let of_child = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    assert!(of_child.contains("/agent") && own_groups().contains("/keeper"), "{of_child}");
    assert!(roles.memory_peak_bytes(Role::Agent).is_none_or(|bytes| bytes > 0));
    groups.end().unwrap();
}

/// As a lab does between two lives.
#[test]
#[ignore = "needs root"]
fn a_group_is_made_anew_once_nobody_holds_it() {
    let _turn = TURN.lock();
    let groups = RunGroups::create(&Layout::detect().unwrap(), RunId::own().unwrap()).unwrap();
    let own = std::process::id();
    assert!(Groups::of_lab(&Layout::detect().unwrap()).unwrap().is_none(), "the keeper is no lab");
    groups.roles().place(Role::Lab, own).unwrap();
    let (run, mut roles) = Groups::of_lab(&Layout::detect().unwrap()).unwrap().unwrap();
    assert_eq!(run, RunId::own().unwrap());
    let child = roles.within(Role::Agent, || Ok(Sleeper::start())).unwrap();
    assert!(own_groups().contains("/lab"));
    let error = roles.renew(Role::Agent).unwrap_err().to_string();
    assert!(error.contains(&format!("is still held by {} (sleep)", child.0.id())), "{error}");
    drop(child);
    roles.renew(Role::Agent).unwrap();
    assert!(roles.memory_peak_bytes(Role::Agent).is_none_or(|bytes| bytes == 0));
    groups.end().unwrap();
}

/// This machine's layout, and what it would be if it mounted less: a hybrid one also serves as v1 alone, and
/// as a unified tree that was given no memory controller.
fn layouts() -> Vec<Layout> {
    let mounts = procfs::process::Process::myself().unwrap().mountinfo().unwrap().0;
    let without =
        |kind: &str| mounts.iter().filter(|mount| mount.fs_type != kind).cloned().collect::<Vec<_>>();
    let all = [mounts.clone(), without("cgroup2"), without("cgroup")];
    let mut layouts: Vec<Layout> = all.iter().filter_map(|mounts| Layout::from_mounts(mounts)).collect();
    layouts.dedup();
    layouts
}

#[test]
#[ignore = "needs root"]
fn every_layout_counts_kills_and_is_swept() {
    let _turn = TURN.lock();
    let before = own_groups();
    for layout in layouts() {
        let (keeper, mut agent) = (Sleeper::start(), Sleeper::start());
        let run = keeper.run_id();
        let mine = RunGroups::create(&layout, RunId::own().unwrap()).unwrap();
        mine.roles().place(Role::Agent, agent.0.id()).unwrap();
        // A task is counted when it stops running.
        sleep(Duration::from_millis(1));
        assert!(mine.roles().cpu_ns(Role::Keeper).unwrap() > 0, "{layout:?}");
        mine.end().unwrap();
        assert!(!agent.0.wait().unwrap().success(), "{layout:?}");
        let mine = RunGroups::create(&layout, RunId::own().unwrap()).unwrap();
        let groups = RunGroups::create(&layout, run).unwrap();
        let mut orphan = Sleeper::start();
        groups.roles().place(Role::Load, orphan.0.id()).unwrap();
        std::mem::forget(groups);
        mine.roles().place(Role::Keeper, std::process::id()).unwrap();
        drop(keeper);
        assert_eq!(sweep(&layout).kept, Vec::<String>::new());
        assert!(!orphan.0.wait().unwrap().success(), "{layout:?}");
        assert!(groups_named(run).is_empty(), "{layout:?}");
        mine.end().unwrap();
        assert_eq!(own_groups(), before, "{layout:?}");
    }
}

/// Burns this much CPU of this thread, in whole turns.
fn burn(cpu: Duration) -> Duration {
    let thread_cpu = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(time).unwrap()
    };
    let begin = thread_cpu();
    while thread_cpu() - begin < cpu {
        black_box((0..1000).sum::<u64>());
    }
    thread_cpu() - begin
}

fn measure(groups: &Groups, work: impl FnOnce()) -> CpuUse {
    let machine = MachineCpu::open(&Layout::detect().unwrap());
    let settle = || sleep(Duration::from_millis(5));
    settle();
    let before = CpuReading::take(groups, &machine).unwrap();
    work();
    settle();
    let after = CpuReading::take(groups, &machine).unwrap();
    after.since(&before)
}

#[test]
#[ignore = "needs root"]
fn known_work_is_counted_in_its_role_and_in_the_machine() {
    let _turn = TURN.lock();
    let groups = RunGroups::create(&Layout::detect().unwrap(), RunId::own().unwrap()).unwrap();
    let mut burnt = Duration::ZERO;
    groups.roles().place(Role::Lab, std::process::id()).unwrap();
    let cpu = measure(groups.roles(), || burnt = burn(Duration::from_secs(1)));
    groups.end().unwrap();
    let burnt_ns = burnt.as_nanos() as f64;
    let share = cpu.lab_ns as f64 / burnt_ns;
    assert!((0.99..1.01).contains(&share), "burnt {burnt_ns} ns: {cpu:?}");
    assert_eq!((cpu.target_ns, cpu.agent_ns, cpu.load_ns), (0, 0, 0));
    // The machine is read a moment before the roles.
    assert!(cpu.machine_ns.is_none_or(|all| all as f64 > 0.99 * cpu.lab_ns as f64), "{cpu:?}");
}

#[test]
#[ignore = "needs root"]
fn work_of_another_process_is_counted_in_its_role() {
    let _turn = TURN.lock();
    let groups = RunGroups::create(&Layout::detect().unwrap(), RunId::own().unwrap()).unwrap();
    let mut busy = Command::new("yes").stdout(Stdio::piped()).spawn().unwrap();
    groups.roles().place(Role::Target, busy.id()).unwrap();
    let mut output = std::io::BufReader::new(busy.stdout.take().unwrap());
    groups.roles().place(Role::Lab, std::process::id()).unwrap();
    let cpu = measure(groups.roles(), || {
        let end = Instant::now() + Duration::from_millis(300);
        let mut line = String::new();
        while Instant::now() < end {
            line.clear();
            output.read_line(&mut line).unwrap();
        }
    });
    busy.kill().unwrap();
    busy.wait().unwrap();
    groups.end().unwrap();
    let known = cpu.target_ns + cpu.lab_ns;
    assert!(cpu.target_ns > 0 && cpu.lab_ns > 0, "{cpu:?}");
    assert!(cpu.machine_ns.is_none_or(|all| all as f64 > 0.99 * known as f64), "{cpu:?}");
}

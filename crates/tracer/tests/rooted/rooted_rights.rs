//! What the agent may still do once it is ready, as the kernel tells it, and that it is enough.

use std::{
    fs::{self, File},
    io,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    process::Command,
};

use landlock::{AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};
use procfs::process::Status;
use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process},
    thread::{CapabilitySet, Uid, remove_capability_from_bounding_set, set_thread_res_uid},
};
use tracer::{
    choice::{Choice, Strategy},
    programs::Programs,
    rights::Rights,
};

use crate::{
    agent::{Agent, available},
    client::Client,
    group::Group,
    process::{Process, built, eventually},
    target::Target,
};

const PLAIN: &str = "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n";

/// What each strategy may keep; see the table in docs/privileges.md.
fn allowed(strategy: Strategy) -> CapabilitySet {
    match strategy {
        Strategy::RawTracepoint | Strategy::Fentry => CapabilitySet::empty(),
        Strategy::SyscallTracepoint => CapabilitySet::PERFMON | CapabilitySet::DAC_READ_SEARCH,
        Strategy::CgroupSkb => CapabilitySet::NET_ADMIN,
        Strategy::UprobeNop | Strategy::UprobeEntry => CapabilitySet::SYS_ADMIN,
        Strategy::Kprobe => CapabilitySet::PERFMON,
    }
}

fn status(pid: u32) -> Status {
    procfs::process::Process::new(pid.cast_signed()).unwrap().status().unwrap()
}

/// Checks that a process has these capabilities and no way to any other, and is a user that owns nothing.
#[track_caller]
fn assert_confined(pid: u32, keeps: CapabilitySet) {
    let status = status(pid);
    let sets = [status.capeff, status.capprm, status.capinh, status.capamb.unwrap()];
    assert_eq!(sets, [keeps.bits(), keeps.bits(), 0, 0]);
    assert_eq!(status.nonewprivs, Some(1));
    let ids = [
        status.ruid,
        status.euid,
        status.suid,
        status.fuid,
        status.rgid,
        status.egid,
        status.sgid,
        status.fgid,
    ];
    assert_eq!(ids, [2_000_000_000 + pid; 8]);
    assert_eq!(status.groups, [0; 0]);
}

#[test]
#[ignore = "needs root"]
fn once_ready_it_keeps_what_attaching_takes_and_attaches_as_often_as_asked() {
    let strategies = available();
    assert!(strategies.contains(&Strategy::RawTracepoint), "{strategies:?}");
    for strategy in strategies {
        let group = Group::new();
        let target = Target::start_in(&group);
        let mut agent = Agent::start_with(target.pid(), &["--strategy", strategy.name()]);
        assert_confined(agent.process.pid(), allowed(strategy));
        let mut client = target.connect();
        // To detach 26 tracepoints takes two seconds.
        let toggles = if strategy == Strategy::SyscallTracepoint { 3 } else { 20 };
        let truths: Vec<_> = (0..toggles)
            .map(|_| {
                agent.attach();
                let truth = client.exchange(PLAIN);
                agent.detach();
                truth
            })
            .collect();
        assert_eq!(agent.stats().requests, truths.len() as u64, "{}", strategy.name());
        assert_confined(agent.process.pid(), allowed(strategy));
        agent.finish();
    }
}

/// Whether the programs of a strategy can be attached with these rights, in a process of its own.
fn attaches(strategy: Strategy, target: u32, capabilities: CapabilitySet) -> bool {
    let mut command = Command::new("true");
    in_child(&mut command, move || {
        let choice = Choice::usual(target, strategy);
        let (mut programs, _events) =
            Programs::load(&built("tracer.bpf.o"), &choice).map_err(io::Error::other)?;
        let mut rights = Rights::to_attach(strategy);
        rights.capabilities = capabilities;
        rights.keep_only_these().map_err(io::Error::other)?;
        Err(programs.attach().map_or(Errno::PERM, |()| Errno::ALREADY).into())
    });
    match command.spawn().map(drop).unwrap_err().raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::ALREADY) => true,
        Some(Errno::PERM) => false,
        other => panic!("{}: {other:?}", strategy.name()),
    }
}

#[test]
#[ignore = "needs root"]
fn less_than_it_keeps_is_not_enough() {
    for strategy in available().into_iter().filter(|strategy| !allowed(*strategy).is_empty()) {
        let group = Group::new();
        let target = Target::start_in(&group);
        assert!(attaches(strategy, target.pid(), allowed(strategy)), "{}", strategy.name());
        for one in allowed(strategy).iter() {
            let less = allowed(strategy) - one;
            assert!(!attaches(strategy, target.pid(), less), "{} attaches without {one:?}", strategy.name());
        }
    }
}

#[test]
#[ignore = "needs root"]
fn alone_it_keeps_none_and_goes_on() {
    for strategy in available() {
        let group = Group::new();
        let target = Target::start_in(&group);
        let pid = target.pid().to_string();
        let mut log =
            Process::start("tracer", &["--pid", &pid, "--strategy", strategy.name()].map(AsRef::as_ref));
        eventually("it has given up its rights", || (status(log.pid()).capprm == 0).then_some(()));
        assert_confined(log.pid(), CapabilitySet::empty());
        let exchanged = |client: &mut Client| client.exchange(PLAIN);
        exchanged(&mut target.connect());
        assert!(log.line().contains("/plain"));
        log.signal(Signal::TERM);
        assert!(log.wait().success());
        // The ledger.
        assert_eq!(log.rest_of_errors().len(), 1, "{}", strategy.name());
    }
}

#[test]
#[ignore = "needs root"]
fn who_holds_the_statistics_on_keeps_no_right() {
    let mut holder = Process::start("tracer", &["--run-statistics".as_ref()]);
    assert_eq!(holder.line(), r#"{"run_statistics":{"on":true}}"#);
    assert_confined(holder.pid(), CapabilitySet::empty());
    holder.end_input();
    assert!(holder.wait().success());
}

/// Without the right to become another user it must not run on as root.
#[test]
#[ignore = "needs root"]
fn what_cannot_give_up_its_rights_ends() {
    let target = Target::start();
    let pid = target.pid().to_string();
    for more in [&["--control", "--output", "null"][..], &[]] {
        let mut command = Command::new(built("tracer"));
        command.args(["--pid", &pid]).args(more);
        in_child(&mut command, || Ok(remove_capability_from_bounding_set(CapabilitySet::SETUID)?));
        let mut agent = Process::spawn(&mut command);
        assert!(!agent.wait().success());
        assert_eq!(agent.rest(), [""; 0]);
        let errors = agent.rest_of_errors().concat();
        for part in ["cannot give up the rights", "cannot become user", "CAP_SETUID"] {
            assert!(errors.contains(part), "{errors}");
        }
    }
}

#[allow(unsafe_code, reason = "the child has one thread, and the C library keeps its heap whole across fork")]
fn in_child(command: &mut Command, act: impl FnMut() -> io::Result<()> + Send + Sync + 'static) {
    unsafe { command.pre_exec(act) };
}

/// What comes of `act` in a process that has given up all rights but these. It never becomes the program.
fn outcome(rights: Rights, act: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> io::Result<()> {
    let mut command = Command::new("true");
    in_child(&mut command, move || {
        rights.keep_only_these().map_err(|_| io::ErrorKind::Other)?;
        act()?;
        // An error is all that comes back; this one stands for none.
        Err(Errno::ALREADY.into())
    });
    let error = command.spawn().map(drop).unwrap_err();
    if error.raw_os_error() == Some(Errno::ALREADY.raw_os_error()) { Ok(()) } else { Err(error) }
}

fn assert_denied(act: impl Fn() -> io::Result<()> + Send + Sync + 'static, what: &str) {
    let outcome = outcome(Rights::none(), act);
    let kind = outcome.as_ref().map_err(io::Error::kind);
    assert_eq!(kind, Err(io::ErrorKind::PermissionDenied), "{what}: {outcome:?}");
}

/// Whether the kernel has Landlock at all. Where it has not, the user's rights are the only fence: docs/privileges.md.
fn has_landlock() -> bool {
    let wanted = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    wanted.handle_access(AccessFs::Execute).and_then(Ruleset::create).is_ok()
}

#[test]
#[ignore = "needs root"]
fn what_was_given_up_is_gone() {
    let own = Pid::from_raw(std::process::id().cast_signed()).unwrap();
    assert_denied(|| File::open("/etc/shadow").map(drop), "a file that is root's");
    assert_denied(|| fs::read_link("/proc/1/root").map(drop), "another process");
    assert_denied(move || Ok(kill_process(own, Signal::CONT)?), "a signal to another process");
    assert_denied(|| Ok(set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT)?), "root again");
    // Anybody may do these, but for the fence.
    let public = [
        ("a file that is everybody's", (|| File::open("/etc/passwd").map(drop)) as fn() -> io::Result<()>),
        ("a new file", || File::create(format!("/tmp/tracer-{}", std::process::id())).map(drop)),
        ("a program", || Err(Command::new("true").exec())),
    ];
    for (what, act) in public {
        if has_landlock() {
            assert_denied(act, what);
        } else {
            println!("not looked at, since this kernel has no Landlock: {what}");
        }
    }
    if has_landlock_of_networks() {
        assert_denied(|| TcpListener::bind("127.0.0.1:0").map(drop), "a port");
    } else {
        println!("not looked at, since the Landlock of this kernel knows no network: a port");
    }
}

fn has_landlock_of_networks() -> bool {
    let wanted = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    wanted.handle_access(landlock::AccessNet::BindTcp).and_then(Ruleset::create).is_ok()
}

#[test]
#[ignore = "needs root"]
fn what_attaching_reads_can_be_read_and_nothing_beside_it() {
    let to_attach = || Rights::to_attach(Strategy::UprobeNop);
    let read = |path: &'static str| outcome(to_attach(), move || fs::read(path).map(drop));
    read("/sys/bus/event_source/devices/uprobe/type").unwrap();
    if has_landlock() {
        let error = read("/sys/bus/event_source/devices/software/type").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}

//! What the agent tells about what it has loaded, about this kernel, and about the time its programs take.

use clap::ValueEnum as _;
use record::agent::{AgentCommand, AgentReply, OtherPrograms, Probe};
use tracer::choice::Strategy;

use crate::{
    agent::{Agent, Holdings},
    process::Process,
    target::Target,
};

const PLAIN: &str = "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n";

#[test]
#[ignore = "needs root"]
fn it_tells_what_the_kernel_made_of_the_programs() {
    let target = Target::start();
    let agent = Agent::start_with(target.pid(), &["--ring-bytes", "65536"]);
    let holdings = Holdings::of(agent.process.pid());
    assert_eq!(agent.programs.len(), holdings.programs.len(), "{:?}", agent.programs);
    for program in &agent.programs {
        assert!(program.verified_instructions > 0 && program.jited_bytes > 0, "{program:?}");
        assert!(program.translated_bytes > 0 && program.translated_bytes % 8 == 0, "{program:?}");
    }
    assert_eq!(agent.maps.len(), holdings.maps.len(), "{:?}", agent.maps);
    let ring = agent.maps.iter().find(|map| map.kind == "ringbuf").unwrap();
    assert_eq!((ring.name.as_str(), ring.max_entries), ("EVENTS", 65536));
    assert!(ring.memory_bytes >= 65536, "{ring:?}");
}

#[test]
#[ignore = "needs root"]
fn programs_are_timed_only_while_that_is_asked_for() {
    let target = Target::start();
    let agent = Agent::start(target.pid());
    agent.attach();
    let mut client = target.connect();
    client.exchange(PLAIN);
    let before = agent.stats();
    let mut holders = [hold(), hold()];
    (0..100).for_each(|_| drop(client.exchange(PLAIN)));
    holders.iter_mut().for_each(|holder| {
        holder.end_input();
        assert!(holder.wait().success());
    });
    let timed = agent.stats();
    assert!(timed.program_runs >= before.program_runs + 200, "{timed:?}");
    assert!(timed.program_run_ns > before.program_run_ns, "{timed:?}");
    client.exchange(PLAIN);
    agent.detach();
    assert_eq!(agent.stats().program_runs, timed.program_runs);
}

/// Statistics are on while it lives.
fn hold() -> Process {
    let holder = Process::start("tracer", &["--run-statistics".as_ref()]);
    assert_eq!(
        serde_json::from_str::<AgentReply>(&holder.line()).unwrap(),
        AgentReply::RunStatistics { on: true }
    );
    holder
}

#[test]
#[ignore = "needs root"]
fn every_strategy_is_tried_and_none_stays() {
    let mut agent = Process::start("tracer", &["--probe".as_ref()]);
    assert!(agent.wait().success());
    let Probe { strategies: probes, others } = probe_of(&agent.rest());
    assert!(matches!(others, Some(OtherPrograms::Loaded(_))), "{others:?}");
    let named = |name| probes.iter().find(|probe| probe.strategy == name);
    for usual in ["raw-tracepoint", "syscall-tracepoint"] {
        let usual = named(usual).unwrap();
        assert!(usual.available, "{usual:?}");
    }
    // Which of the others there are depends on the kernel; but each is there, or says in one line why it is not.
    assert_eq!(probes.len(), Strategy::value_variants().len());
    for probe in &probes {
        assert_eq!(probe.available, probe.reason.is_none(), "{probe:?}");
        assert!(probe.reason.iter().all(|reason| !reason.contains('\n')), "{probe:?}");
    }
    assert_eq!(agent.rest_of_errors(), [""; 0]);
}

pub(crate) fn probe_of(lines: &[String]) -> Probe {
    let [line] = lines else { panic!("not one line: {lines:?}") };
    serde_json::from_str(line).unwrap()
}

/// Another tracer is told by its programs and its process; what is tried is never among them.
#[test]
#[ignore = "needs root"]
fn programs_of_another_tracer_are_told_with_who_holds_them() {
    let target = Target::start();
    let other = Agent::start(target.pid());
    let mut agent = Process::start("tracer", &["--probe".as_ref()]);
    assert!(agent.wait().success());
    let probe = probe_of(&agent.rest());
    let Some(OtherPrograms::Loaded(programs)) = probe.others else { panic!("{:?}", probe.others) };
    let of_other: Vec<_> = programs
        .iter()
        .filter(|program| program.holders.iter().any(|holder| holder.pid == other.process.pid()))
        .collect();
    assert_eq!(of_other.len(), 1, "{programs:?}");
    assert_eq!((of_other[0].kind.as_str(), of_other[0].name.as_str()), ("raw_tracepoint", "raw_tracepoint_"));
    assert_eq!(of_other[0].holders[0].name, "tracer");
    assert!(programs.iter().all(|program| program.holders.iter().all(|one| one.pid != agent.pid())));
}

#[test]
#[ignore = "needs root"]
fn the_timer_wakes_it_no_more_than_a_hundred_times_a_second() {
    let target = Target::start();
    let agent = Agent::start(target.pid());
    agent.attach();
    let mut client = target.connect();
    let before = agent.stats();
    let started = std::time::Instant::now();
    while started.elapsed() < std::time::Duration::from_secs(1) {
        client.exchange(PLAIN);
    }
    // Asking for the ledger drains, and is no wake-up.
    for _ in 0..50 {
        agent.command(&AgentCommand::Stats);
    }
    let AgentReply::Stats(stats) = agent.command(&AgentCommand::Stats) else { panic!("no stats") };
    let steps = started.elapsed().as_millis() as u64 / 10 + 1;
    let wakeups = stats.wakeups - before.wakeups;
    assert!((1..=steps).contains(&wakeups), "{wakeups} wake-ups in {steps} steps");
    let delays = stats.delivery_ns.decode().unwrap();
    assert_eq!(delays.len(), stats.requests);
    // Events wait for the next step of 10 ms: some of them for most of it.
    assert!(delays.max() > 5_000_000, "{} ns", delays.max());
    agent.detach();
    let still = agent.stats().wakeups;
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(agent.stats().wakeups, still, "it sleeps while nothing is attached");
}

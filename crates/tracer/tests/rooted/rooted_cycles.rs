//! Attached and detached again and again, the agent holds what it held at first.
//!
//! By a raw tracepoint, and at packets, that is done a thousand times. Elsewhere the kernel takes 20 to 100 milliseconds to take
//! off each program, so there are four cycles by default; `TRACETAX_CYCLES=1000` asks for as many.

use std::{collections::BTreeSet, env, fs, time::Instant};

use tracer::choice::Strategy;

use crate::{
    agent::{Agent, Holdings, available, exceptions},
    group::Group,
    target::Target,
};

/// Until allocator and kernel have what they keep for good.
const WARM_UP: u32 = 50;
/// Where a cycle is slow.
const SHORT_WARM_UP: u32 = 2;
/// What a thousand cycles lose of the agent's memory, where each loses a hundred bytes.
const GROWTH_BYTES: u64 = 96 * 1024;
/// Programs, maps and links that others may load meanwhile.
const OF_OTHERS: u64 = 100;

const PLAIN: &str = "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n";

#[test]
#[ignore = "needs root"]
fn a_thousand_cycles_leave_no_object_descriptor_or_memory_behind() {
    leaves_nothing(Strategy::RawTracepoint, WARM_UP, 1_000);
    leaves_nothing(Strategy::CgroupSkb, WARM_UP, 1_000);
}

#[test]
#[ignore = "needs root"]
fn cycles_of_tracepoints_of_calls_leave_nothing_behind() {
    leaves_nothing(Strategy::SyscallTracepoint, SHORT_WARM_UP, cycles());
}

#[test]
#[ignore = "needs root"]
fn cycles_of_what_is_left_leave_nothing_behind() {
    let told = [Strategy::RawTracepoint, Strategy::CgroupSkb, Strategy::SyscallTracepoint];
    let left: Vec<_> = available().into_iter().filter(|one| !told.contains(one)).collect();
    assert!(left.contains(&Strategy::UprobeNop), "{left:?}");
    for strategy in left {
        leaves_nothing(strategy, SHORT_WARM_UP, cycles());
    }
}

fn cycles() -> u32 {
    env::var("TRACETAX_CYCLES").map_or(4, |text| text.parse().unwrap())
}

fn leaves_nothing(strategy: Strategy, warm_up: u32, cycles: u32) {
    let group = Group::new();
    let target = Target::start_in(&group);
    let mut agent = Agent::start_with(target.pid(), &["--strategy", strategy.name()]);
    let pid = agent.process.pid();
    cycle(&agent, warm_up);
    let (held, descriptors, bytes) = (Holdings::of(pid), descriptors(pid), resident_bytes(pid));
    let before = loaded();
    let start = Instant::now();
    cycle(&agent, cycles);
    let each = start.elapsed() / cycles;
    assert_eq!(Holdings::of(pid), held, "{strategy:?}");
    assert_eq!(self::descriptors(pid), descriptors, "{strategy:?}");
    let grown = resident_bytes(pid).saturating_sub(bytes);
    let come = loaded().difference(&before).count() as u64;
    eprintln!(
        "{strategy:?}: {grown} bytes more after {cycles} cycles of {each:?}, {come} programs, maps and links of others"
    );
    assert!(grown < GROWTH_BYTES, "{strategy:?}: {grown} bytes more after {cycles} cycles");
    assert!(come < OF_OTHERS, "{strategy:?}: {come} programs, maps and links have come");
    still_works(&target, &agent);
    agent.finish();
    held.assert_gone();
}

fn still_works(target: &Target, agent: &Agent) {
    let mut client = target.connect();
    agent.attach();
    client.exchange(PLAIN);
    agent.detach();
    assert_eq!(exceptions(&agent.stats()), []);
    assert_eq!(agent.records().len(), 1);
}

fn cycle(agent: &Agent, times: u32) {
    for _ in 0..times {
        agent.attach();
        agent.detach();
    }
}

fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

fn resident_bytes(pid: u32) -> u64 {
    let status = procfs::process::Process::new(pid.cast_signed()).unwrap().status().unwrap();
    1024 * status.vmrss.unwrap()
}

/// All that is loaded on this machine.
fn loaded() -> BTreeSet<(&'static str, u32)> {
    let programs = aya::programs::loaded_programs().flatten().map(|one| ("program", one.id()));
    let maps = aya::maps::loaded_maps().flatten().map(|one| ("map", one.id()));
    let links = aya::programs::loaded_links().flatten().map(|one| ("link", one.id()));
    programs.chain(maps).chain(links).collect()
}

//! Attached and detached a thousand times, the agent holds what it held at first.

use std::{collections::BTreeSet, fs};

use crate::{
    agent::{Agent, Holdings, exceptions},
    target::Target,
};

const CYCLES: u64 = 1_000;
/// Until allocator and kernel have what they keep for good.
const WARM_UP: u64 = 50;
/// A cycle that loses a hundred bytes of the agent's memory loses more than this in all.
const GROWTH_BYTES: u64 = 96 * 1024;

const PLAIN: &str = "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n";

#[test]
#[ignore = "needs root"]
fn a_thousand_cycles_leave_no_object_descriptor_or_memory_behind() {
    let target = Target::start();
    let mut agent = Agent::start(target.pid());
    let pid = agent.process.pid();
    cycle(&agent, WARM_UP);
    let (held, descriptors, bytes) = (Holdings::of(pid), descriptors(pid), resident_bytes(pid));
    let others = loaded();
    cycle(&agent, CYCLES);
    assert_eq!(Holdings::of(pid), held);
    assert_eq!(self::descriptors(pid), descriptors);
    let grown = resident_bytes(pid).saturating_sub(bytes);
    assert!(grown < GROWTH_BYTES, "{grown} bytes more after {CYCLES} cycles");
    // Others may load and unload meanwhile; a thousand of them are ours.
    let come = loaded().difference(&others).count() as u64;
    assert!(come < CYCLES / 2, "{come} programs, maps and links have come");

    // And it still works.
    agent.attach();
    let truth = target.connect().exchange(PLAIN);
    agent.detach();
    assert_eq!(exceptions(&agent.stats()), []);
    assert_eq!(agent.truths(), [truth]);
    agent.finish();
    held.assert_gone();
}

fn cycle(agent: &Agent, times: u64) {
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

//! The agent dies while the service is under load, and the service does not notice.

use std::{thread::sleep, time::Duration};

use record::load::LoadResult;
use rustix::process::Signal;

use crate::{
    agent::{Agent, Holdings},
    group::Group,
    process::Process,
    target::Target,
};

const REQUESTS_PER_SECOND: u64 = 2_000;
const SECONDS: u64 = 1;
/// Milliseconds after the start of the load.
const MOMENTS: [u64; 3] = [150, 400, 700];

#[test]
#[ignore = "needs root"]
fn no_request_is_lost_at_a_raw_tracepoint() {
    dies(&Target::start(), "raw-tracepoint");
}

#[test]
#[ignore = "needs root"]
fn no_request_is_lost_at_tracepoints_of_calls() {
    dies(&Target::start(), "syscall-tracepoint");
}

#[test]
#[ignore = "needs root"]
fn no_request_is_lost_at_a_probe() {
    dies(&Target::start(), "uprobe-nop");
}

#[test]
#[ignore = "needs root"]
fn no_request_is_lost_at_packets() {
    let group = Group::new();
    let target = Target::start_in(&group);
    dies(&target, "cgroup-skb");
    drop(target);
}

/// Kills an agent of this strategy at each of the moments.
#[track_caller]
fn dies(target: &Target, strategy: &str) {
    for moment in MOMENTS {
        let agent = Agent::start_with(target.pid(), &["--strategy", strategy]);
        agent.attach();
        let holdings = Holdings::of(agent.process.pid());
        let mut load = start_load(target);
        sleep(Duration::from_millis(moment));
        agent.process.signal(Signal::KILL);
        assert!(load.wait().success());
        let result: LoadResult = serde_json::from_str(&load.rest()[0]).unwrap();
        let told = (result.planned, result.completed, result.failed.values().sum());
        assert_eq!(told, (result.sent, result.sent, 0), "{strategy}, killed after {moment} ms");
        assert!(result.sent > REQUESTS_PER_SECOND * SECONDS / 2, "{result:?}");
        drop(agent);
        holdings.assert_gone();
    }
}

fn start_load(target: &Target) -> Process {
    let (address, rate) = (target.address.to_string(), REQUESTS_PER_SECOND.to_string());
    let duration = (1000 * SECONDS).to_string();
    let args = ["--address", &address, "--rate", &rate, "--connections", "8", "--duration-ms", &duration];
    Process::start("load", &args.map(AsRef::as_ref))
}

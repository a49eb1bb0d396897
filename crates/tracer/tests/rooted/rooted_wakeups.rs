//! When the agent wakes, by each policy, and how many times.

use std::time::{Duration, Instant};

use tracer_common::event::ShortEvent;

use crate::{agent::Agent, client::Client, process::eventually, target::Target};

const PLAIN: &str = "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n";

/// What one event takes in the ring buffer, its header included (`BPF_RINGBUF_HDR_SZ` of linux/bpf.h).
const EVENT_BYTES: u64 = size_of::<ShortEvent>() as u64 + 8;

/// Serves one request, and waits until its record is written.
fn one_by_one(agent: &Agent, client: &mut Client) {
    let before = written(agent);
    client.exchange(PLAIN);
    eventually("its record is written", || (written(agent) > before).then_some(()));
}

/// Records that are written whole; the last one may just be coming.
fn written(agent: &Agent) -> usize {
    std::fs::read(agent.records_file()).unwrap().iter().filter(|byte| **byte == b'\n').count()
}

#[test]
#[ignore = "needs root"]
fn adaptive_wakes_for_each_event_that_finds_it_asleep() {
    let target = Target::start();
    let agent = Agent::start_with(target.pid(), &["--wakeup", "adaptive"]);
    agent.attach();
    let mut client = target.connect();
    for _ in 0..20 {
        one_by_one(&agent, &mut client);
    }
    let stats = agent.stats();
    assert_eq!((stats.requests, stats.wakeups), (20, 20));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(agent.stats().wakeups, 20, "nothing comes, so nothing wakes it");
}

#[test]
#[ignore = "needs root"]
fn bytes_wakes_once_for_many_events_and_a_timer_takes_the_rest() {
    const EVENTS_A_WAKEUP: u64 = 20;
    const ROUNDS: u64 = 50;
    let target = Target::start();
    let policy = format!("bytes({})", EVENTS_A_WAKEUP * EVENT_BYTES);
    let agent = Agent::start_with(target.pid(), &["--wakeup", &policy]);
    agent.attach();
    let started = Instant::now();
    let mut client = target.connect();
    for round in 1..=ROUNDS {
        (0..EVENTS_A_WAKEUP).for_each(|_| drop(client.exchange(PLAIN)));
        let all = (round * EVENTS_A_WAKEUP) as usize;
        eventually("the round is written", || (written(&agent) == all).then_some(()));
    }
    let wakeups = agent.stats().wakeups;
    // By the timer alone a round would take a look of its own.
    let looks = started.elapsed().as_millis() as u64 / 100 + 1;
    assert!(wakeups > looks && wakeups <= ROUNDS + looks, "{wakeups} wake-ups, {looks} looks of the timer");
    // Far less than the bytes: only the timer can bring it.
    one_by_one(&agent, &mut client);
}

#[test]
#[ignore = "needs root"]
fn the_reader_is_told_late_only_by_the_policy() {
    let target = Target::start();
    let mut medians = Vec::new();
    for policy in ["adaptive", "timer(10 ms)", "timer(200 ms)"] {
        let agent = Agent::start_with(target.pid(), &["--wakeup", policy]);
        agent.attach();
        let mut client = target.connect();
        for _ in 0..100 {
            client.exchange(PLAIN);
            std::thread::sleep(Duration::from_millis(5));
        }
        agent.detach();
        let delays = agent.stats().delivery_ns.decode().unwrap();
        assert_eq!(delays.len(), 100);
        medians.push(delays.value_at_quantile(0.5));
    }
    assert!(medians.is_sorted(), "{medians:?} ns");
}

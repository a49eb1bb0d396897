//! Loss made on demand: a ring buffer of one page, and an agent that is stopped, so that the ring fills up. What does
//! not fit is counted to the last, and what is reported is true nevertheless.

use std::collections::HashSet;

use record::agent::AgentStats;
use rustix::process::Signal;

use crate::{
    agent::Agent,
    client::{Client, Truth},
    rooted_truth::get,
    target::Target,
};

const TINY: &str = "4096";
/// Many more than fit.
const REQUESTS: u64 = 1_000;

/// Answers to as many requests as there are numbers, taken in turns from several connections.
fn ask(target: &Target, numbers: std::ops::Range<u64>) -> Vec<Truth> {
    let mut clients: Vec<_> = (0..8).map(|_| target.connect()).collect();
    numbers.map(|number| clients[number as usize % 8].exchange(&get(&format!("/bytes/{number}")))).collect()
}

/// Nothing was named: everything was understood, and lost at the very end or reported.
#[track_caller]
fn assert_only_lost(stats: &AgentStats, answered: u64) {
    assert!(stats.reserve_failed > 0, "{stats:?}");
    assert_eq!(stats.requests + stats.reserve_failed, answered, "{stats:?}");
    assert_eq!(crate::agent::exceptions(stats), [], "{stats:?}");
}

#[test]
#[ignore = "needs root"]
fn what_a_stopped_agent_loses_is_counted_to_the_last() {
    for wakeup in ["timer(10 ms)", "adaptive", "bytes(1024)"] {
        let target = Target::start();
        let mut agent = Agent::start_with(target.pid(), &["--ring-bytes", TINY, "--wakeup", wakeup]);
        agent.attach();
        agent.process.signal(Signal::STOP);
        let truths = ask(&target, 0..REQUESTS);
        agent.process.signal(Signal::CONT);
        agent.detach();
        let stats = agent.stats();
        assert_only_lost(&stats, REQUESTS);
        // What came first is there, since nothing was taken out to make room.
        let kept = stats.requests as usize;
        assert!((1..100).contains(&kept), "{wakeup}: {kept} in a ring of {TINY} bytes");
        assert_eq!(agent.truths(), truths[..kept], "{wakeup}");
        // And it recovers.
        agent.attach();
        let more = ask(&target, 0..5);
        agent.detach();
        let after = agent.stats();
        assert_eq!((after.requests, after.reserve_failed), (stats.requests + 5, stats.reserve_failed));
        assert_eq!(agent.truths()[kept..], more);
        agent.finish();
    }
}

#[test]
#[ignore = "needs root"]
fn loss_that_comes_and_goes_is_counted_to_the_last() {
    let target = Target::start();
    let agent = Agent::start_with(target.pid(), &["--ring-bytes", TINY]);
    agent.attach();
    let mut truths = Vec::new();
    for round in 0..20 {
        agent.process.signal(if round % 2 == 0 { Signal::STOP } else { Signal::CONT });
        truths.extend(ask(&target, round * 100..round * 100 + 100));
    }
    agent.process.signal(Signal::CONT);
    agent.detach();
    let stats = agent.stats();
    assert_only_lost(&stats, truths.len() as u64);
    let records = agent.truths();
    assert_eq!(records.len() as u64, stats.requests);
    // All that is reported has happened, in that order, once.
    let mut happened = truths.iter();
    assert!(records.iter().all(|record| happened.any(|truth| truth == record)));
}

/// All of a burst in one call; the answers are read later.
fn send_burst(client: &mut Client, requests: &[String]) {
    client.send(requests.concat());
}

/// With pipelining a request and its answer are two events, and each may be lost alone.
#[test]
#[ignore = "needs root"]
fn halves_that_are_lost_make_nothing_wrong() {
    let target = Target::start();
    let agent = Agent::start_with(target.pid(), &["--ring-bytes", TINY]);
    agent.attach();
    let (mut truths, mut clients) = (Vec::new(), Vec::new());
    for round in 0..40 {
        agent.process.signal(if round % 2 == 0 { Signal::STOP } else { Signal::CONT });
        let mut client = target.connect();
        let burst: Vec<_> = (0..12).map(|number| get(&format!("/bytes/{}", round * 12 + number))).collect();
        send_burst(&mut client, &burst);
        truths.extend(burst.iter().map(|request| client.truth(request)));
        // No descriptor is given out again: that is another test's.
        clients.push(client);
    }
    agent.process.signal(Signal::CONT);
    agent.detach();
    let stats = agent.stats();
    assert!(stats.reserve_failed > 0, "{stats:?}");
    let records = agent.truths();
    assert_eq!(records.len() as u64, stats.requests);
    let truths: HashSet<_> = truths.into_iter().map(|truth| format!("{truth:?}")).collect();
    let wrong: Vec<_> = records
        .iter()
        .map(|record| format!("{record:?}"))
        .filter(|record| !truths.contains(record))
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong: {wrong:#?}", wrong.len(), records.len());
}

/// A half whose answer was lost still waits when its descriptor is given out anew, and the half that would take its
/// place is lost as well: the new answer must not go to it.
#[test]
#[ignore = "needs root"]
fn an_answer_is_not_given_to_a_request_of_an_earlier_connection() {
    let target = Target::start();
    let agent = Agent::start_with(target.pid(), &["--ring-bytes", TINY]);
    agent.attach();
    let mut other = target.connect();
    let mut truths = Vec::new();
    // With some number of events before, just the first halves of the first burst fit.
    for (round, before) in (0..30_u64).enumerate() {
        agent.process.signal(Signal::STOP);
        truths.extend((0..before).map(|_| other.exchange(&get("/plain"))));
        let mut first = target.connect();
        let burst: Vec<_> = (0..8).map(|number| get(&format!("/bytes/{}", round * 8 + number))).collect();
        send_burst(&mut first, &burst);
        truths.extend(burst.iter().map(|request| first.truth(request)));
        drop(first);
        // The server has closed its end before it answers this.
        truths.push(other.exchange(&get("/plain")));
        let mut second = target.connect();
        let mut burst = vec![get("/burn/50000")];
        burst.extend((0..8).map(|number| get(&format!("/status/{}", 400 + number))));
        send_burst(&mut second, &burst);
        // All are read, and the first is being worked on.
        std::thread::sleep(std::time::Duration::from_millis(10));
        agent.process.signal(Signal::CONT);
        truths.extend(burst.iter().map(|request| second.truth(request)));
        agent.stats();
    }
    agent.detach();
    assert!(agent.stats().reserve_failed > 0);
    let truths: HashSet<_> = truths.into_iter().map(|truth| format!("{truth:?}")).collect();
    let records = agent.truths().into_iter().map(|record| format!("{record:?}"));
    let wrong: Vec<_> = records.filter(|record| !truths.contains(record)).collect();
    assert!(wrong.is_empty(), "{} are wrong: {wrong:#?}", wrong.len());
}

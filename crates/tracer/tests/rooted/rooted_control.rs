//! The agent under control: commands, the ledger, and how it ends.

use record::agent::{AgentCommand, AgentReply};
use rustix::process::Signal;
use tracer_common::{event::ShortEvent, names};

use crate::{
    agent::{Agent, Holdings, exceptions},
    client::Truth,
    target::Target,
};

const PLAIN: &str = "GET /plain HTTP/1.1\r\nHost: t\r\n\r\n";

#[test]
#[ignore = "needs root"]
fn nothing_is_recorded_while_detached() {
    let target = Target::start();
    let mut agent = Agent::start(target.pid());
    // A connection lives through it all.
    let mut client = target.connect();
    client.exchange(PLAIN);
    assert_eq!((agent.stats().hits, agent.stats().requests), (0, 0));
    let mut seen = Vec::new();
    for _ in 0..5 {
        agent.attach();
        seen.extend((0..10).map(|_| client.exchange(PLAIN)));
        agent.detach();
        let before = agent.stats();
        client.exchange(PLAIN);
        target.connect().exchange(PLAIN);
        let after = agent.stats();
        assert_eq!((after.hits, after.requests), (before.hits, before.requests));
        assert_eq!(after.requests, seen.len() as u64);
    }
    assert_eq!(agent.truths(), seen);
    assert_eq!(exceptions(&agent.stats()), []);
    agent.finish();
}

#[test]
#[ignore = "needs root"]
fn attaching_and_detaching_twice_is_once() {
    let target = Target::start();
    let agent = Agent::start(target.pid());
    agent.detach();
    agent.attach();
    agent.attach();
    assert!(Holdings::of(agent.process.pid()).is_attached());
    let truth = target.connect().exchange(PLAIN);
    agent.detach();
    agent.detach();
    assert!(!Holdings::of(agent.process.pid()).is_attached());
    agent.stats();
    assert_eq!(agent.truths(), [truth]);
}

#[test]
#[ignore = "needs root"]
fn requests_under_way_at_attach_and_detach() {
    let target = Target::start();
    let agent = Agent::start(target.pid());
    let (begun, rest) = PLAIN.split_at(10);
    let mut client = target.connect();
    client.exchange(PLAIN);
    client.send(begun);
    agent.attach();
    // Its beginning was perhaps not seen: then it has no record. Those that follow have theirs.
    client.send(rest);
    client.answer(false);
    let seen: Vec<Truth> = (0..3).map(|_| client.exchange(PLAIN)).collect();
    client.send(begun);
    agent.detach();
    client.send(rest);
    client.answer(false);
    // What was seen of it before is forgotten.
    agent.attach();
    let later = client.exchange(PLAIN);
    agent.detach();
    agent.stats();
    let truths = agent.truths();
    let whole = [seen, vec![later]].concat();
    assert!(truths.ends_with(&whole) && truths.len() <= whole.len() + 1, "{truths:?}");
}

#[test]
#[ignore = "needs root"]
fn losses_are_counted_to_the_last() {
    const SENT: u64 = (names::RING_BYTES as usize / size_of::<ShortEvent>() * 3 / 2) as u64;
    let target = Target::start();
    let agent = Agent::start_with(target.pid(), &["--wakeup", "timer(60000 ms)"]);
    agent.attach();
    let mut client = target.connect();
    for _ in 0..SENT {
        client.exchange(PLAIN);
    }
    agent.detach();
    let stats = agent.stats();
    assert!(stats.reserve_failed > 0, "{stats:?}");
    assert_eq!(stats.requests + stats.reserve_failed, SENT, "{stats:?}");
    assert_eq!(agent.records().len() as u64, stats.requests);
    // And it recovers.
    agent.attach();
    client.exchange(PLAIN);
    agent.detach();
    assert_eq!(agent.stats().requests, stats.requests + 1);
}

#[test]
#[ignore = "needs root"]
fn connections_closed_before_the_answer_are_named() {
    let target = Target::start();
    let agent = Agent::start(target.pid());
    agent.attach();
    let mut client = target.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhello");
    drop(client);
    let truth = target.connect().exchange(PLAIN);
    // The close is seen some time after: only once it is are the counts complete.
    crate::process::eventually("the close is seen", || {
        let AgentReply::Stats(stats) = agent.command(&AgentCommand::Stats) else { panic!("no stats") };
        (stats.exceptions["closed_before_answer"] == 1).then_some(())
    });
    agent.detach();
    assert_eq!(exceptions(&agent.stats()), [("closed_before_answer", 1)]);
    assert_eq!(agent.truths(), [truth]);
}

#[test]
#[ignore = "needs root"]
fn a_bad_command_is_an_error_and_the_agent_goes_on() {
    let target = Target::start();
    let mut agent = Agent::start(target.pid());
    for line in ["nonsense", "", "{}", "\"stop\"", "{\"attach\":1}", "\"stats\" \"stats\"", "\u{fffd}"] {
        agent.process.write(&format!("{line}\n"));
        assert!(matches!(agent.reply(), AgentReply::Error { .. }), "{line}");
    }
    agent.stats();
    agent.finish();
}

#[test]
#[ignore = "needs root"]
fn commands_may_come_in_pieces_and_together() {
    let target = Target::start();
    let agent = Agent::start(target.pid());
    agent.process.write("\"att");
    agent.process.write("ach\"\n\"stats\"\n\"detach\"\n");
    assert!(matches!(agent.reply(), AgentReply::Attached { .. }));
    assert!(matches!(agent.reply(), AgentReply::Stats(_)));
    assert!(matches!(agent.reply(), AgentReply::Detached { .. }));
}

#[test]
#[ignore = "needs root"]
fn it_ends_with_its_input_and_leaves_nothing() {
    let target = Target::start();
    let mut agent = Agent::start(target.pid());
    agent.attach();
    let truth = target.connect().exchange(PLAIN);
    let holdings = Holdings::of(agent.process.pid());
    assert!(
        holdings.is_attached() && !holdings.programs.is_empty() && !holdings.maps.is_empty(),
        "{holdings:?}"
    );
    agent.finish();
    holdings.assert_gone();
    // The last records are written first.
    assert_eq!(agent.truths(), [truth]);
}

#[test]
#[ignore = "needs root"]
fn it_leaves_nothing_when_it_is_killed() {
    let target = Target::start();
    let mut agent = Agent::start(target.pid());
    agent.attach();
    let holdings = Holdings::of(agent.process.pid());
    agent.process.signal(Signal::KILL);
    agent.process.wait();
    holdings.assert_gone();
    target.connect().exchange(PLAIN);
}

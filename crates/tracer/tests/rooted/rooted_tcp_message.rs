//! What the agent reports by the kernel's own functions is true, where the kernel has hooks there. Where it has none, as on
//! all that this was written on, it says why.

use record::agent::{AgentCommand, AgentReply};

use crate::{
    agent::Agent,
    oracle::{Server, Strategy, check},
    raw::Manner,
    rooted_oracle::{HYPER, RAW_TRACEPOINT},
    rooted_oracle_raw::CALLS,
    target::Target,
};

/// These see no connection open, so each is joined midway: its first request must have a well-known method.
const fn strategy(name: &'static str) -> Strategy {
    let not_followed = &["every kind of request", "requests behind a loss"];
    Strategy { name, not_followed, wrong: &["in the body at attach", "an upgrade"], ..RAW_TRACEPOINT }
}

/// Tells why the kernel refuses to attach it; None if it does not.
fn refusal(agent: &Agent) -> Option<String> {
    match agent.command(&AgentCommand::Attach) {
        AgentReply::Attached { .. } => None,
        AgentReply::Error { message } => Some(message),
        other => panic!("{other:?}"),
    }
}

/// The verifier takes them where the kernel has no kprobes, since uprobes have the same type.
#[test]
#[ignore = "needs root"]
fn kprobe_is_loaded_and_tells_the_truth_or_why_not() {
    let target = Target::start();
    let agent = Agent::start_with(target.pid(), &["--strategy", "kprobe"]);
    assert_eq!(agent.programs.len(), 5, "{:?}", agent.programs);
    assert!(agent.programs.iter().all(|program| program.verified_instructions > 0), "{:?}", agent.programs);
    if let Some(reason) = refusal(&agent) {
        println!("{reason}");
        assert!(reason.contains("event_source/devices/kprobe"), "{reason}");
        assert!(agent.stats().hits == 0);
        return;
    }
    agent.detach();
    check(strategy("kprobe"), &Server::hyper(), HYPER);
    check(strategy("kprobe"), &Server::raw(Manner::PLAIN), CALLS);
}

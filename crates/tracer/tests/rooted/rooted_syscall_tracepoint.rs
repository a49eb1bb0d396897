//! What the agent reports by tracepoints at single calls is true, of servers that use these calls.

use std::process::Command;

use crate::{
    agent::{Agent, exceptions},
    client::Client,
    oracle::{Server, Strategy, check},
    process::{Process, built},
    raw::{Descriptors, Manner, Raw, Reads, Threads, Writes},
    rooted_oracle::{HYPER, RAW_TRACEPOINT},
    rooted_oracle_raw::{CALLS, DUPLEX, RAW, THREADS, manner},
    rooted_told::probe_of,
    rooted_truth::get,
    target::Target,
};

const SYSCALL_TRACEPOINT: Strategy = Strategy {
    name: "syscall-tracepoint",
    unsupported: &["splice", "messages", "duplicate", "file", "file-until-close", "positional"],
    misses_calls_under_way: true,
    ..RAW_TRACEPOINT
};

/// It sees the beginning of `close`, so that no descriptor is given out again before that; but it does not follow a
/// connection to a second one.
const PLAIN: Manner = Manner { descriptors: Descriptors::Lowest, ..Manner::PLAIN };

const MANNERS: &[Manner] = &[
    manner(Reads::Read, Writes::Write, 65_536),
    manner(Reads::Recv, Writes::Send, 1),
    manner(Reads::Recv, Writes::Writev, 13),
];

#[test]
#[ignore = "needs root"]
fn it_tells_the_truth_of_hyper() {
    check(SYSCALL_TRACEPOINT, &Server::hyper(), HYPER);
}

#[test]
#[ignore = "needs root"]
fn it_tells_the_truth_of_plain_calls() {
    check(SYSCALL_TRACEPOINT, &Server::raw(PLAIN), RAW);
}

#[test]
#[ignore = "needs root"]
fn it_tells_the_truth_of_the_calls_it_follows() {
    for manner in MANNERS {
        println!("{manner:?}");
        check(
            SYSCALL_TRACEPOINT,
            &Server::raw(Manner { descriptors: Descriptors::Lowest, ..*manner }),
            CALLS,
        );
    }
}

#[test]
#[ignore = "needs root"]
fn it_tells_the_truth_of_several_threads() {
    let two = Manner { threads: Threads::Two, ..PLAIN };
    check(SYSCALL_TRACEPOINT, &Server::raw(two), CALLS);
    check(SYSCALL_TRACEPOINT, &Server::raw(two), THREADS);
}

#[test]
#[ignore = "needs root"]
fn it_tells_the_truth_of_threads_that_read_on() {
    let duplex = Manner { threads: Threads::Duplex, ..PLAIN };
    check(SYSCALL_TRACEPOINT, &Server::raw(duplex), DUPLEX);
}

/// Every end that is seen has its beginning, and the other way round, but for the calls at attach and detach.
#[test]
#[ignore = "needs root"]
fn beginnings_and_ends_are_paired() {
    let target = Target::start();
    let mut client = target.connect();
    let agent = Agent::start_with(target.pid(), &["--strategy", SYSCALL_TRACEPOINT.name]);
    for round in 1..=3 {
        agent.attach();
        let requests = (0..1_000).map(|number| get(&format!("/bytes/{number}"))).collect::<Vec<_>>();
        let truths: Vec<_> = requests.iter().map(|request| client.exchange(request)).collect();
        agent.detach();
        let stats = agent.stats();
        assert!(agent.truths().ends_with(&truths));
        // A request takes a read and a write at least; nothing here is in a call when it begins.
        assert!(stats.filtered["entered"] >= round * 2_000, "{stats:?}");
        assert_eq!((stats.filtered["not_entered"], stats.requests), (0, round * 1_000), "{stats:?}");
        assert_eq!(exceptions(&stats), []);
    }
}

/// What such a read has brought is not known, so neither it nor the answer to it is taken for anything.
#[test]
#[ignore = "needs root"]
fn a_read_that_began_before_it_was_attached_is_named() {
    let server = Raw::start(Manner::PLAIN);
    let mut client = Client::connect(server.address);
    client.exchange(&get("/length/before"));
    let agent = Agent::start_with(server.pid(), &["--strategy", SYSCALL_TRACEPOINT.name]);
    agent.attach();
    // The server sits in `recv`.
    client.exchange(&get("/length/unseen"));
    let seen = client.exchange(&get("/length/seen"));
    agent.detach();
    let stats = agent.stats();
    assert_eq!(agent.truths(), [seen]);
    assert_eq!(stats.filtered["not_entered"], 1, "{stats:?}");
}

/// What the process may see of the file system decides whether tracepoints have names.
#[test]
#[ignore = "needs root"]
fn nobody_has_to_mount_the_names_of_tracepoints() {
    let tracer = built("tracer");
    let mut hidden = Command::new("unshare");
    hidden.args([
        "--mount",
        "sh",
        "-c",
        "umount -q /sys/kernel/tracing /sys/kernel/debug; exec \"$0\" --probe",
    ]);
    let mut agent = Process::spawn(hidden.arg(tracer));
    assert!(agent.wait().success());
    let tried = probe_of(&agent.rest()).strategies;
    assert!(tried.iter().any(|one| one.strategy == "syscall-tracepoint" && one.available), "{tried:?}");
}

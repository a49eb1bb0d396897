//! What the agent reports by tracepoints at single calls is true, of servers that use these calls.

use crate::{
    oracle::{Server, Strategy, check},
    raw::{Manner, Reads, Threads, Writes},
    rooted_oracle::{HYPER, RAW_TRACEPOINT},
    rooted_oracle_raw::{CALLS, DUPLEX, RAW, THREADS, manner},
};

/// Beside what no tracer of calls tells right: what this one's hooks do not see at all.
const SYSCALL_TRACEPOINT: Strategy = Strategy {
    name: "syscall-tracepoint",
    not_followed: &[],
    wrong: &[
        "in the head at attach",
        "in the body at attach",
        "an upgrade",
        "a tunnel",
        "a tunnel for HTTP",
        "splice",
        "pwritev2",
        "a second descriptor",
        "many small chunks",
        "HTTP in a body at attach",
        "answers that end with the connection",
        "sendfile",
        "sendmmsg",
    ],
    sometimes_wrong: RAW_TRACEPOINT.sometimes_wrong,
};

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
    check(SYSCALL_TRACEPOINT, &Server::raw(Manner::PLAIN), RAW);
}

#[test]
#[ignore = "needs root"]
fn it_tells_the_truth_of_the_calls_it_follows() {
    for manner in MANNERS {
        println!("{manner:?}");
        check(SYSCALL_TRACEPOINT, &Server::raw(*manner), CALLS);
    }
}

#[test]
#[ignore = "needs root"]
fn it_tells_the_truth_of_several_threads() {
    let two = Manner { threads: Threads::Two, ..Manner::PLAIN };
    check(SYSCALL_TRACEPOINT, &Server::raw(two), CALLS);
    check(SYSCALL_TRACEPOINT, &Server::raw(two), THREADS);
}

#[test]
#[ignore = "needs root"]
fn it_tells_the_truth_of_threads_that_read_on() {
    let duplex = Manner { threads: Threads::Duplex, ..Manner::PLAIN };
    check(SYSCALL_TRACEPOINT, &Server::raw(duplex), DUPLEX);
}

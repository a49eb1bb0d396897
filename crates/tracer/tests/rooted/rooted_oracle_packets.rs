//! What the agent reports of the packets of a server's control group is true.

use crate::{
    oracle::{Sees, Server, Shape, Strategy, check},
    raw::{Manner, Reads, Threads},
    rooted_oracle::HYPER,
    rooted_oracle_raw::{CALLS, DUPLEX, MANNERS, RAW, THREADS, every_answer},
};

/// By the packets of the group.
const CGROUP_SKB: Strategy = Strategy {
    name: "cgroup-skb",
    sees: Sees::Packets,
    unsupported: &[],
    misses_calls_under_way: false,
    not_followed: &[],
    wrong: &[],
    sometimes_wrong: &[],
};

#[test]
#[ignore = "needs root"]
fn cgroup_skb_tells_the_truth_of_hyper() {
    check(CGROUP_SKB, &Server::hyper_in_a_group(), HYPER);
}

#[test]
#[ignore = "needs root"]
fn cgroup_skb_tells_the_truth_of_plain_calls() {
    check(CGROUP_SKB, &Server::raw_in_a_group(Manner::PLAIN), RAW);
}

#[test]
#[ignore = "needs root"]
fn cgroup_skb_tells_the_truth_of_every_way_to_read_and_write() {
    for manner in MANNERS {
        println!("{manner:?}");
        check(CGROUP_SKB, &Server::raw_in_a_group(*manner), CALLS);
    }
    let positional = Manner { reads: Reads::Positional, ..Manner::PLAIN };
    check(CGROUP_SKB, &Server::raw_in_a_group(positional), &[Shape::new("preadv2", every_answer)]);
}

#[test]
#[ignore = "needs root"]
fn cgroup_skb_tells_the_truth_of_several_threads() {
    let two = Manner { threads: Threads::Two, ..Manner::PLAIN };
    check(CGROUP_SKB, &Server::raw_in_a_group(two), CALLS);
    check(CGROUP_SKB, &Server::raw_in_a_group(two), THREADS);
}

#[test]
#[ignore = "needs root"]
fn cgroup_skb_tells_the_truth_of_threads_that_read_on() {
    let duplex = Manner { threads: Threads::Duplex, ..Manner::PLAIN };
    check(CGROUP_SKB, &Server::raw_in_a_group(duplex), DUPLEX);
}

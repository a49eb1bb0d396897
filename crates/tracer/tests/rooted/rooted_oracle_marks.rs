//! What the agent reports of requests that the service itself tells is true.

use crate::{
    oracle::{Sees, Server, Strategy, check},
    rooted_oracle::{HYPER, RAW_TRACEPOINT},
};

const fn strategy(name: &'static str) -> Strategy {
    Strategy { name, sees: Sees::Marks, unsupported: &[], ..RAW_TRACEPOINT }
}

#[test]
#[ignore = "needs root"]
fn uprobe_nop_tells_the_truth_of_hyper() {
    check(strategy("uprobe-nop"), &Server::hyper(), HYPER);
}

#[test]
#[ignore = "needs root"]
fn uprobe_entry_tells_the_truth_of_hyper() {
    check(strategy("uprobe-entry"), &Server::hyper(), HYPER);
}

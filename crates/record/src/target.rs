//! What the lab says to the target on its standard input, and what the target answers: one JSON object a line.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// A command to the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TargetCommand {
    /// Burn this much CPU in every request from now on, to plant a known cost. 0 burns nothing.
    Plant {
        /// Busy-wait per request, in nanoseconds.
        ns_per_request: u64,
    },
    /// Ask how many requests were answered so far.
    Stats,
}

/// What the target says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetReply {
    /// The first line: the target listens.
    Ready {
        /// Its process id.
        pid: u32,
        /// Where it listens.
        address: SocketAddr,
    },
    /// The planted cost is in force for every request that begins after this line.
    Planted {
        /// Busy-wait per request, in nanoseconds.
        ns_per_request: u64,
    },
    /// Answer to [`TargetCommand::Stats`].
    Stats {
        /// Requests whose handler has run since the start.
        requests: u64,
    },
    /// The command could not be obeyed; the target goes on.
    Error {
        /// What was wrong and what to do.
        message: String,
    },
}

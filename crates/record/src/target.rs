//! What the lab says to the target on its standard input, and what the target answers: one JSON object a line.

use std::{net::SocketAddr, num::NonZeroU64};

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
    /// Make HTTP exchanges with no client and no network, in a thread of their own.
    Flood {
        /// Exchanges per second, on an absolute schedule; as many as the thread can where absent.
        events_per_second: Option<NonZeroU64>,
        /// In nanoseconds.
        duration_ns: u64,
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
    /// Answer to [`TargetCommand::Flood`].
    Flooded(Flooded),
    /// The command could not be obeyed; the target goes on.
    Error {
        /// What was wrong and what to do.
        message: String,
    },
}

/// What a flood came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flooded {
    /// Exchanges made: requests read and answers written.
    pub requests: u64,
    /// From the first exchange to the end, in nanoseconds of `CLOCK_MONOTONIC`.
    pub elapsed_ns: u64,
    /// CPU time of the thread that made them, its spinning included, in nanoseconds.
    pub cpu_ns: u64,
    /// How long it has spun until the next exchange was due, in nanoseconds of `CLOCK_MONOTONIC`.
    pub spun_ns: u64,
}

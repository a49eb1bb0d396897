//! What the lab says to the load generator, and what it answers: one JSON object a line.
//!
//! Four stamps are taken of every request: planned, sent, first byte, end. Three histograms come of them, in
//! nanoseconds: response (end - planned), service (end - sent) and lateness (sent - planned). In closed loop a
//! request is planned when it is sent, so lateness is 0.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;

/// A command to the load generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LoadCommand {
    /// Close what is open, then open this many keep-alive connections.
    Connect {
        /// Where the target listens. Only loopback is accepted.
        address: SocketAddr,
        /// How many connections to open.
        connections: u32,
    },
    /// Run one stretch of load over the open connections. No request is in flight when the answer comes.
    Run(LoadPlan),
}

/// One stretch of load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadPlan {
    /// Seeds the arrival times. The same seed gives the same schedule to the nanosecond.
    pub seed: u64,
    /// When requests leave.
    pub pacing: Pacing,
    /// Requests are planned over this long, in nanoseconds; those in flight at the end are waited for.
    pub duration_ns: u64,
    /// Path of every request, beginning with `/`.
    pub path: String,
    /// A request without a complete answer this long after it was sent has failed, in nanoseconds.
    pub timeout_ns: u64,
}

/// When requests leave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Pacing {
    /// Open loop: exponential gaps of this mean rate, on an absolute schedule.
    Poisson {
        /// Mean rate.
        requests_per_second: f64,
    },
    /// Open loop: equal gaps, on an absolute schedule.
    Constant {
        /// Rate.
        requests_per_second: f64,
    },
    /// Closed loop: every connection sends its next request as soon as the last is answered.
    Closed,
}

/// Why a request has failed. Every planned request is either completed or counted under one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The connection could not be opened again.
    Connect,
    /// The request could not be written.
    Write,
    /// The answer could not be read.
    Read,
    /// The connection was closed before the answer was complete.
    Closed,
    /// The answer was not HTTP/1.1 that this client understands.
    Malformed,
    /// The answer was complete, with a status of 400 or above.
    Status,
    /// No complete answer within the time limit.
    Timeout,
    /// It was planned, but never sent before the stretch was over: every connection was busy until its time limit.
    NeverSent,
}

/// What a stretch of load came to. planned = completed + sum of failed; never a silent drop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadResult {
    /// Requests on the schedule; in closed loop, those sent.
    pub planned: u64,
    /// Requests of which at least one byte was written.
    pub sent: u64,
    /// Requests with a complete answer of status below 400.
    pub completed: u64,
    /// Requests that failed, by why.
    pub failed: BTreeMap<Failure, u64>,
    /// From the start of the schedule to the end of the last answer, in nanoseconds.
    pub elapsed_ns: u64,
    /// Time spent in spinning just before planned moments, in nanoseconds of CPU: cost of the instrument.
    pub spun_ns: u64,
    /// Bytes of answers read.
    pub received_bytes: u64,
    /// end - planned, in nanoseconds.
    pub response: Histogram,
    /// end - sent, in nanoseconds.
    pub service: Histogram,
    /// sent - planned, in nanoseconds.
    pub lateness: Histogram,
}

/// What the load generator says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadReply {
    /// The first line: the generator waits for commands.
    Ready {
        /// Its process id.
        pid: u32,
    },
    /// Answer to [`LoadCommand::Connect`].
    Connected {
        /// How many are open.
        connections: u32,
    },
    /// Answer to [`LoadCommand::Run`].
    Ran(Box<LoadResult>),
    /// The command could not be obeyed; the generator goes on.
    Error {
        /// What was wrong and what to do.
        message: String,
    },
}

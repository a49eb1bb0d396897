//! What the lab says to the agent, what the agent answers, and the record it writes of a request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A command to the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AgentCommand {
    /// Attach the programs.
    Attach,
    /// Detach them. Events that are still in the ring buffer stay there until the next drain.
    Detach,
    /// Drain everything, then tell the counters.
    Stats,
}

/// What the agent says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentReply {
    /// The first line: the programs are loaded, nothing is attached.
    Ready {
        /// The agent's process id.
        pid: u32,
        /// From reading the object to loaded programs, in nanoseconds.
        load_ns: u64,
    },
    /// Answer to [`AgentCommand::Attach`].
    Attached {
        /// How long it took, in nanoseconds.
        took_ns: u64,
    },
    /// Answer to [`AgentCommand::Detach`].
    Detached {
        /// How long it took, in nanoseconds.
        took_ns: u64,
    },
    /// Answer to [`AgentCommand::Stats`].
    Stats(AgentStats),
    /// The command could not be obeyed; the agent goes on.
    Error {
        /// What was wrong, with the kernel's own reason.
        message: String,
    },
}

/// The agent's ledger since its start. It closes when
/// `hits + extra = filtered + submitted + reserve_failed`, `submitted = received` and
/// `received = parsed + rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentStats {
    /// Times a program was entered.
    pub hits: u64,
    /// Events beyond the first that one hit has submitted or failed to submit (pipelining).
    pub extra: u64,
    /// Hits that ended without an event, by why.
    pub filtered: BTreeMap<String, u64>,
    /// Events given to the ring buffer.
    pub submitted: u64,
    /// Events lost because the ring buffer was full.
    pub reserve_failed: u64,
    /// Events taken from the ring buffer.
    pub received: u64,
    /// Events understood.
    pub parsed: u64,
    /// Events not understood, by why.
    pub rejected: BTreeMap<String, u64>,
    /// Requests reported, one record each.
    pub requests: u64,
    /// Requests that cannot be reported as one whole record, by why.
    pub exceptions: BTreeMap<String, u64>,
    /// Times the drain woke up.
    pub wakeups: u64,
}

/// One request as the agent reports it: a JSON object a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestRecord {
    /// When the request head was read, in nanoseconds of `CLOCK_MONOTONIC`.
    pub start_ns: u64,
    /// From the read of the request head to the end of the write that ended the answer, in nanoseconds.
    pub duration_ns: u64,
    /// Process id.
    pub pid: u32,
    /// The thread that wrote the answer.
    pub tid: u32,
    /// The descriptor of the connection.
    pub fd: i32,
    /// Request method.
    pub method: String,
    /// Path up to `?`.
    pub path: String,
    /// The path was longer than the kernel side keeps.
    pub path_truncated: bool,
    /// Status of the answer.
    pub status: u16,
    /// Bytes read for the request, head and body.
    pub request_bytes: u64,
    /// Bytes written for the answer, head and body.
    pub response_bytes: u64,
}

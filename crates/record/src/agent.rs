//! What the lab says to the agent, what the agent answers, and the record it writes of a request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;

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
        /// What the kernel made of the programs.
        programs: Vec<LoadedProgram>,
        /// The maps they use.
        maps: Vec<LoadedMap>,
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
    /// The first line of `tracer --run-statistics`: the kernel's run-time statistics of programs are on as long as that
    /// process lives. They slow every program of the machine down, so they are never on in a measured block.
    RunStatistics {
        /// Always so.
        on: bool,
    },
    /// The command could not be obeyed; the agent goes on.
    Error {
        /// What was wrong, with the kernel's own reason.
        message: String,
    },
}

/// A loaded program, as the kernel describes it. These figures are exact: they change only with program or kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadedProgram {
    /// Its name in the object.
    pub name: String,
    /// Instructions that the verifier has looked at, each path counted.
    pub verified_instructions: u64,
    /// Bytes of machine code.
    pub jited_bytes: u64,
    /// Bytes of BPF instructions after the verifier has rewritten them.
    pub translated_bytes: u64,
}

/// A map that a loaded program uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadedMap {
    /// Its name, as far as the kernel keeps it (15 bytes).
    pub name: String,
    /// Its type, in the kernel's words (`ringbuf`).
    pub kind: String,
    /// Entries it can hold; bytes for a ring buffer.
    pub max_entries: u64,
    /// Memory that the kernel reckons for it.
    pub memory_bytes: u64,
}

/// What the agent finds out about this kernel and says with `--probe`, before it watches anything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Every strategy, tried.
    pub strategies: Vec<StrategyProbe>,
    /// Programs that were there before; absent where they were not looked for.
    pub others: Option<OtherPrograms>,
}

/// The BPF programs for tracing that others have loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherPrograms {
    /// All of them.
    Loaded(Vec<OtherProgram>),
    /// The kernel does not tell, in its own words.
    Refused(String),
}

/// A BPF program that somebody else has loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherProgram {
    /// The kernel's number for it.
    pub id: u32,
    /// Its name, as far as the kernel keeps it (15 bytes); may be empty.
    pub name: String,
    /// Its type, in the kernel's words (`kprobe`).
    pub kind: String,
    /// Who holds it open, or a link of it. Nobody does where it is pinned.
    pub holders: Vec<Holder>,
}

/// A process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// Its id.
    pub pid: u32,
    /// The name of its program, as far as the kernel keeps it (15 bytes).
    pub name: String,
}

/// Whether this kernel takes a strategy: it was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategyProbe {
    /// Its name.
    pub strategy: String,
    /// It was loaded and attached.
    pub available: bool,
    /// Why not, in the kernel's own words.
    pub reason: Option<String>,
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
    /// Those of them with [`RequestRecord::joined_midway`].
    #[serde(default)]
    pub joined_midway: u64,
    /// Requests that cannot be reported as one whole record, by why.
    pub exceptions: BTreeMap<String, u64>,
    /// Times the drain woke up.
    pub wakeups: u64,
    /// From the end of a request until the agent has taken its event, in nanoseconds.
    #[serde(default)]
    pub delivery_ns: Histogram,
    /// Runs of the programs while run-time statistics were on.
    #[serde(default)]
    pub program_runs: u64,
    /// Time those runs took, in nanoseconds.
    #[serde(default)]
    pub program_run_ns: u64,
}

/// One request as the agent reports it: a JSON object a line. Texts are owned by who reads it, and borrowed by who
/// writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestRecord<Text = String> {
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
    pub method: Text,
    /// Path up to `?`.
    pub path: Text,
    /// The path was longer than the kernel side keeps.
    pub path_truncated: bool,
    /// Status of the answer.
    pub status: u16,
    /// Bytes read for the request, head and body.
    pub request_bytes: u64,
    /// Bytes written for the answer, head and body.
    pub response_bytes: u64,
    /// Nobody has seen where the requests of this connection begin: it was open before the tracer was attached, or was taken
    /// up again after something that could not be followed. So this was inferred, and what looks like a request may have
    /// been part of a body. Told only where it is so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub joined_midway: bool,
}

#[cfg(test)]
mod tests {
    use super::AgentStats;

    #[test]
    fn a_ledger_of_before_delivery_was_timed_is_still_read() {
        let old = r#"{"hits":1,"extra":0,"filtered":{},"submitted":1,"reserve_failed":0,"received":1,"parsed":1,
            "rejected":{},"requests":1,"exceptions":{},"wakeups":1}"#;
        let read: AgentStats = serde_json::from_str(old).unwrap();
        assert_eq!((read.requests, read.program_runs), (1, 0));
        assert_eq!(read.delivery_ns.decode().unwrap().len(), 0);
    }
}

//! What the lab says to the bystander on its standard input, and what it answers: one JSON object a line.
//!
//! The bystander is a process that nobody traces. It makes cheap system calls when asked, so that a tracer whose hooks
//! every process has to pass shows what it costs those that it does not watch.

use serde::{Deserialize, Serialize};

/// A command to the bystander.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BystanderCommand {
    /// Make system calls for this long.
    Measure {
        /// In nanoseconds of `CLOCK_MONOTONIC`.
        duration_ns: u64,
    },
}

/// What the bystander says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BystanderReply {
    /// The first line: it waits for commands.
    Ready {
        /// Its process id.
        pid: u32,
    },
    /// Answer to [`BystanderCommand::Measure`].
    Measured(BystanderUse),
    /// The command could not be obeyed; the bystander goes on.
    Error {
        /// What was wrong.
        message: String,
    },
}

/// What system calls cost the bystander.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BystanderUse {
    /// System calls made.
    pub calls: u64,
    /// CPU time of the thread that made them, from its exact counter, in nanoseconds.
    pub cpu_ns: u64,
}

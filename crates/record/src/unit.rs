//! `unit.json`: what one operation of each stage of the agent's path takes, and what its micro benchmarks say to the lab.

use serde::{Deserialize, Serialize};

/// Schema id of `unit.json`.
pub const SCHEMA: &str = "tracetax/unit/v1";

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// [`SCHEMA`].
    pub schema: String,
    /// Version of valgrind that has counted the instructions.
    pub valgrind: String,
    /// In the order in which an event passes them.
    pub stages: Vec<StageResult>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageResult {
    /// What it is.
    pub stage: StageName,
    /// What was counted: exact, so that a change is a change of the code, the compiler or the processor.
    pub counted: Counted,
    /// Instructions of those operations, the bare loop around them included.
    pub instructions: u64,
    /// Time of one operation in one thread, in nanoseconds.
    pub alone_ns: Estimate,
    /// Time of one operation of a thread while a second does the same on its own data, in nanoseconds.
    pub beside_another_ns: Estimate,
}

/// A stage, as the micro benchmarks list it: one JSON object a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageName {
    /// Its name.
    pub name: String,
    /// What one operation is.
    pub operation: String,
    /// Operations that the benchmark times together.
    pub operations_a_call: u64,
}

/// What the micro benchmarks count of one stage, after it has warmed up: one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// Operations that were counted.
    pub operations: u64,
    /// Allocations of them all.
    pub allocations: u64,
    /// Bytes that were allocated.
    pub allocated_bytes: u64,
}

/// A median with its 95 % interval, as criterion estimates it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The median.
    pub median: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
}

impl StageResult {
    /// `total` by operation; 0 where nothing was counted.
    #[must_use]
    pub fn by_operation(&self, total: u64) -> f64 {
        if self.counted.operations == 0 { 0.0 } else { total as f64 / self.counted.operations as f64 }
    }
}

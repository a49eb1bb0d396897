//! What a tracer did and cost, as the judge reckons it: parts of `verdict.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{stage::Stage, wakeup::Wakeup};

/// What a tracer did in the treated blocks that count. Times and rates are of the blocks, not of the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TracerFigures {
    /// How it hooks in.
    pub strategy: String,
    /// How far its programs go.
    pub stage: Stage,
    /// When its agent is woken.
    pub wakeup: Wakeup,
    /// Times the agent woke up to drain, per second.
    pub wakeups_per_second: f64,
    /// From the end of a request until the agent has taken its event: median, in milliseconds. Absent where there were
    /// no events.
    pub delivery_p50_ms: Option<f64>,
    /// The same, 99th percentile; absent with fewer than 10 samples beyond it.
    pub delivery_p99_ms: Option<f64>,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that were reported, one record each.
    pub records: u64,
    /// Requests that cannot be reported as one whole record, by why; those that did not occur are left out.
    pub exceptions: BTreeMap<String, u64>,
    /// What the kernel's run-time statistics say, from a block of its own; absent where there is none.
    pub run_time: Option<RunTime>,
}

/// The kernel's run-time statistics of a tracer's programs, over one block that is compared with nothing: statistics slow
/// down what they watch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunTime {
    /// Requests that were answered meanwhile.
    pub requests: u64,
    /// Runs of all its programs together per request, in whatever process.
    pub runs_per_request: f64,
    /// Time in all its programs together per request, in nanoseconds, the reading of the clock included.
    pub ns_per_request: f64,
}

impl RunTime {
    /// Time of one run, in nanoseconds; 0 where there was none.
    #[must_use]
    pub fn ns_per_run(&self) -> f64 {
        if self.runs_per_request > 0.0 { self.ns_per_request / self.runs_per_request } else { 0.0 }
    }
}

/// A number with the ends of its 95 % interval; these are absent where there is too little data for one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The number.
    pub estimate: f64,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// What a strategy costs, part by part: a row of the table of strategies. Costs are extra server CPU per request, in
/// microseconds, unless the name says otherwise. A part is the difference of two stages that were each compared with
/// `untraced`; its half-width is the root of the sum of the squares of theirs, as those are independent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StrategyCost {
    /// Name of the strategy.
    pub strategy: String,
    /// When its agent is woken.
    pub wakeup: Wakeup,
    /// Being hooked in: stage `floor`.
    pub attach_us: Option<Estimate>,
    /// Filter, registers, finding the connection: `lookup` less `floor`.
    pub lookup_us: Option<Estimate>,
    /// Copying and parsing the bytes: `copy` less `lookup`.
    pub copy_us: Option<Estimate>,
    /// Sending the event: `full` less `copy`.
    pub transport_us: Option<Estimate>,
    /// All of it: stage `full`.
    pub total_us: Option<Estimate>,
    /// CPU of the agent per request, at stage `full`.
    pub reader_us: Option<Estimate>,
    /// Added response latency at the median, in microseconds, at stage `full`.
    pub added_latency_p50_us: Option<Estimate>,
    /// The same at the 99th percentile.
    pub added_latency_p99_us: Option<Estimate>,
    /// What each system call costs a process that nobody traces, in nanoseconds, at stage `full`.
    pub bystander_ns_per_call: Option<Estimate>,
    /// Records for answered requests, in percent, at stage `full`.
    pub complete_pct: Option<f64>,
    /// The cost as its parts would have it; absent where a part is missing.
    pub bill: Option<Bill>,
}

/// The bill of a strategy: what its parts predict, against what was measured. All in microseconds of server CPU per
/// request, but for the counts. The agent's CPU is on another account, [`StrategyCost::reader_us`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bill {
    /// Runs of programs per request.
    pub runs_per_request: f64,
    /// What the statistics say of one run of an empty program, in nanoseconds: above all, two readings of the clock.
    pub empty_ns_per_run: f64,
    /// Being hooked in, as it was measured with empty programs.
    pub floor_us: f64,
    /// Time in the programs beyond that of as many empty ones, from the statistics.
    pub program_us: f64,
    /// `floor_us + program_us`.
    pub predicted_us: f64,
    /// As it was measured.
    pub measured_us: f64,
    /// `measured_us - predicted_us`.
    pub unexplained_us: f64,
}

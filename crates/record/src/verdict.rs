//! `verdict.json`: what a run says, and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    capacity::Capacity,
    cost::{StrategyCost, TracerFigures},
    part::Part,
    soak::Soak,
};

/// Schema id of `verdict.json`.
pub const SCHEMA: &str = "tracetax/verdict/v2";

/// The verdict on a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("$id" = SCHEMA), transform = crate::sealed::with_checksum)]
pub struct Verdict {
    /// [`SCHEMA`].
    #[schemars(description = "The id of this schema.", extend("const" = SCHEMA))]
    pub schema: String,
    /// The worst word of all scenarios.
    pub word: Word,
    /// Why, where the word is not `pass`.
    pub reasons: Vec<Reason>,
    /// How much was measured, where the run was interrupted; absent where it went to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<Part>,
    /// What a reader must know of the run before its numbers, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// One entry a scenario, in the order of the plan.
    pub scenarios: Vec<ScenarioVerdict>,
}

/// The words, worst first: the order of the variants is the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// The run cannot be trusted.
    Invalid,
    /// Clearly above an absolute limit.
    OverBudget,
    /// Clearly worse than the baseline or the other revision.
    Regressed,
    /// The baseline is of another host class, scenario or schema, or too old.
    NotComparable,
    /// Not surely on either side of the limit.
    Inconclusive,
    /// There is nothing to compare with yet.
    New,
    /// Clearly better by at least the margin.
    Improved,
    /// Clearly within the limit.
    Pass,
}

impl Word {
    /// All of them, worst first.
    pub const ALL: [Self; 8] = [
        Self::Invalid,
        Self::OverBudget,
        Self::Regressed,
        Self::NotComparable,
        Self::Inconclusive,
        Self::New,
        Self::Improved,
        Self::Pass,
    ];
}

/// Why a word is not `pass`, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Stable code, in kebab-case.
    pub code: String,
    /// What was found, with its numbers.
    pub message: String,
    /// The one next step.
    pub next_step: String,
}

/// The verdict on one scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioVerdict {
    /// Name of the scenario.
    pub name: String,
    /// The worst word of its metrics, or `invalid`.
    pub word: Word,
    /// Why, where the word is not `pass`.
    pub reasons: Vec<Reason>,
    /// One entry a treatment that was measured.
    pub treatments: Vec<TreatmentVerdict>,
    /// Treatments that this kernel refuses. Nothing of them is measured or judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unavailable: Vec<Unavailable>,
    /// What each strategy costs, part by part, where its stages were measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strategies: Vec<StrategyCost>,
}

/// A treatment that could not be measured here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unavailable {
    /// Name of the treatment.
    pub treatment: String,
    /// Name of its strategy.
    pub strategy: String,
    /// Why, in the kernel's own words.
    pub reason: String,
}

/// One treatment against `untraced`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TreatmentVerdict {
    /// Name of the treatment.
    pub name: String,
    /// Pairs that count.
    pub pairs: u32,
    /// Blocks that were discarded.
    pub discarded_blocks: u32,
    /// What the untraced blocks came to; absent in a soak, which has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untraced: Option<ArmSummary>,
    /// What the treated blocks came to.
    pub treated: ArmSummary,
    /// What the tracer did, where it is one.
    #[serde(default)]
    pub tracer: Option<TracerFigures>,
    /// Where the CPU time of all counted blocks went.
    pub cpu: CpuLedger,
    /// The paired differences; in a flood, those at the highest rate that the tracer sustains.
    pub metrics: Vec<Metric>,
    /// How many events a second the tracer takes, in a flood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// What became of it over time, in a soak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soak: Option<Soak>,
}

/// CPU time of all counted blocks of a treatment, both arms, in percent of elapsed time on all processors. The parts
/// add up to 100 but for what is unaccounted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CpuLedger {
    /// The target.
    pub target_pct: f64,
    /// The agent.
    pub agent_pct: f64,
    /// The load generator.
    pub load_pct: f64,
    /// The lab.
    pub lab_pct: f64,
    /// The core warmer; 0 where there is none.
    pub warmer_pct: f64,
    /// All other tasks of the machine.
    pub rest_pct: f64,
    /// Idle.
    pub idle_pct: f64,
    /// Taken by the hypervisor.
    pub steal_pct: f64,
    /// What is left: interrupts, and what the counters do not see.
    pub unaccounted_pct: f64,
    /// Blocks whose parts miss the elapsed time by more than 1 % and the coarseness of the idle counter.
    pub blocks_not_closed: u32,
}

/// One arm over all its counted blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmSummary {
    /// Requests sent.
    pub sent: u64,
    /// Requests completed.
    pub completed: u64,
    /// Completed requests per second of load.
    pub throughput_per_second: f64,
    /// Failed requests, in percent of planned.
    pub error_rate_pct: f64,
    /// Mean response latency, in milliseconds.
    pub latency_mean_ms: f64,
    /// Median response latency, in milliseconds.
    pub latency_p50_ms: f64,
    /// 95th percentile, in milliseconds; absent with fewer than 10 samples beyond it.
    pub latency_p95_ms: Option<f64>,
    /// 99th percentile, in milliseconds; absent with fewer than 10 samples beyond it.
    pub latency_p99_ms: Option<f64>,
    /// Least response latency, in milliseconds.
    pub latency_min_ms: f64,
    /// Greatest response latency, in milliseconds.
    pub latency_max_ms: f64,
    /// 99th percentile of lateness of the generator, in milliseconds.
    pub lateness_p99_ms: Option<f64>,
    /// CPU of the target, mean over the blocks, in percent of one core.
    pub cpu_mean_pct: f64,
    /// CPU of the target, highest block, in percent of one core.
    pub cpu_peak_pct: f64,
    /// CPU of the target per completed request, in microseconds.
    pub server_cpu_us_per_request: f64,
    /// Resident memory of the target, median over the blocks, in units of 1,000,000 bytes.
    pub target_rss_mb: f64,
    /// Requests that the tracer reported.
    pub traced_requests: Option<u64>,
    /// In closed loop, who was busier, and so set the rate.
    pub limited_by: Option<LimitedBy>,
}

/// A limit, and which side of it is good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// An absolute limit: not above.
    Budget(f64),
    /// An absolute limit: not below.
    AtLeast(f64),
    /// A limit of paired cost: not above.
    Margin(f64),
}

impl Limit {
    /// The number.
    #[must_use]
    pub fn value(self) -> f64 {
        match self {
            Self::Budget(value) | Self::AtLeast(value) | Self::Margin(value) => value,
        }
    }
}

/// Who sets the rate of a closed loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitedBy {
    /// The target was busier than the generator.
    Target,
    /// The generator was busier than the target: the target could do more.
    Generator,
}

/// A paired difference, treated minus untraced, or an absolute level of the treated arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Name, ending in its unit.
    pub name: String,
    /// Level of the untraced arm, where the metric is a difference.
    pub untraced: Option<f64>,
    /// Hodges-Lehmann estimate of the difference, or the level.
    pub estimate: f64,
    /// Lower end of the 95 % interval; absent where there is too little data for one.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval; absent where there is too little data for one.
    pub high: Option<f64>,
    /// Differences that the estimate is made of: pairs, or chunks of pairs.
    pub samples: u32,
    /// Minimum detectable effect at 80 % power and the level of the verdict, from this run's own spread.
    pub mde: Option<f64>,
    /// The mean of the same differences and its Student interval, as a cross-check that never gates.
    pub mean: Option<[f64; 3]>,
    /// Lowest, middle and highest median of the lives of the target, where there are at least two.
    pub lives: Option<[f64; 3]>,
    /// The limit it was judged against, where it gates.
    pub limit: Option<Limit>,
    /// Could this run have seen a difference as large as the limit?
    pub adequate: Option<bool>,
    /// The word, where it gates.
    pub word: Option<Word>,
}

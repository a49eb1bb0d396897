//! `calibration.json`: what the instrument showed of itself.

use serde::{Deserialize, Serialize};

use crate::{histogram::Histogram, load::Pacing, verdict::Word};

/// Schema id of `calibration.json`.
pub const SCHEMA: &str = "tracetax/calibration/v1";

/// All parts that were measured, in that order. The file is written anew after each part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// [`SCHEMA`].
    pub schema: String,
    /// Seeds the coins, the arrivals and the re-pairing.
    pub seed: u64,
    /// What was found, and whether the bars hold.
    pub parts: Vec<Part>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What was found.
    pub finding: Finding,
    /// Whether it is good enough.
    pub bar: Bar,
}

/// A finding against its bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// Whether it holds.
    pub state: BarState,
    /// The bar, and what was found.
    pub message: String,
    /// What to do, where it does not hold.
    pub next_step: Option<String>,
}

/// Whether a bar holds, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BarState {
    /// The null control failed: no number of this machine can be trusted now.
    Invalid,
    /// It does not hold.
    Missed,
    /// It could not be tried.
    NotRun,
    /// It holds.
    Holds,
}

/// What a part found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Finding {
    /// Planted costs, in the order of the scenario.
    Planted(Vec<Recovered>),
    /// Verdicts where there is no difference.
    Nulls(Nulls),
    /// Lateness of the load generator, by rate.
    Lateness(Vec<Lateness>),
    /// Closed loop against `wrk`.
    Wrk(Wrk),
}

/// A planted cost, and what the lab made of it. In microseconds of server CPU per request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovered {
    /// What the target burned.
    pub planted_us: f64,
    /// What was found; absent where no pair counts.
    pub estimate_us: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low_us: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high_us: Option<f64>,
    /// Minimum detectable effect at 80 % power.
    pub mde_us: Option<f64>,
    /// Pairs that count.
    pub pairs: u32,
    /// The interval holds what was planted, or the estimate is close to it.
    pub recovered: bool,
}

/// Null verdicts: simulated from stored blocks, and real.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nulls {
    /// Verdicts on the blocks of the first real run, paired anew. They share their blocks.
    pub simulated: NullCount,
    /// Verdicts on runs as they were measured.
    pub real: NullCount,
    /// Words of the real runs.
    pub real_words: Vec<Word>,
}

/// How many null verdicts raised an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NullCount {
    /// Verdicts.
    pub verdicts: u32,
    /// Those that found a difference: the 99.5 % interval excludes 0, or the word is `regressed` or `improved`.
    pub alarms: u32,
    /// Those that found both arms equal to within the margin.
    pub passes: u32,
    /// Rate of alarms: lower end, share and upper end of the 95 % interval of Clopper and Pearson, in percent. Absent
    /// without a verdict.
    pub alarm_pct: Option<[f64; 3]>,
}

/// Lateness of the load generator at one rate: sent minus planned. A quantile is absent with fewer than 10 samples
/// beyond it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lateness {
    /// How requests were planned, and at which rate.
    pub pacing: Pacing,
    /// Requests sent.
    pub requests: u64,
    /// Median, in microseconds.
    pub p50_us: Option<f64>,
    /// 99th percentile, in microseconds.
    pub p99_us: Option<f64>,
    /// 99.9th percentile, in microseconds.
    pub p999_us: Option<f64>,
    /// All of it, in nanoseconds.
    pub histogram: Histogram,
}

/// Closed loop: the load generator against `wrk`, on the same target and connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrk {
    /// Which `wrk`; absent where there is none.
    pub version: Option<String>,
    /// Rounds, in the order of measuring.
    pub rounds: Vec<Round>,
    /// Ours divided by that of `wrk`: lower end of the 95 % interval, estimate, upper end. Absent with too few rounds.
    pub ratio: Option<[f64; 3]>,
}

/// One run of each side, next to each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// Who ran first.
    pub first: Side,
    /// Rate of the load generator, in completed requests per second.
    pub ours_per_second: f64,
    /// Rate that `wrk` tells, in completed requests per second.
    pub wrk_per_second: f64,
}

/// Who makes the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The load generator.
    Ours,
    /// `wrk`.
    Wrk,
}

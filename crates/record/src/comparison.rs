//! `comparison.json`: what a tracer costs now, held against what was accepted or against another revision.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    part::Part,
    revision::Revision,
    verdict::{Reason, Word},
};

/// Schema id of `comparison.json`.
pub const SCHEMA: &str = "tracetax/comparison/v2";

/// A comparison of one run. All outputs (terminal, Markdown, annotations, JUnit, Bencher) are made of this alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("$id" = SCHEMA), transform = crate::sealed::with_checksum)]
pub struct Comparison {
    /// [`SCHEMA`].
    #[schemars(description = "The id of this schema.", extend("const" = SCHEMA))]
    pub schema: String,
    /// The worst word of all scenarios.
    pub word: Word,
    /// Name of the run's folder.
    pub run: String,
    /// Short id of the class of host.
    pub host_class: String,
    /// What was measured; absent where version control did not tell.
    pub revision: Option<Revision>,
    /// What it is held against.
    pub against: Against,
    /// How much was measured, where the run was interrupted; absent where it went to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<Part>,
    /// What a reader must know of the run before its numbers, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// One entry a scenario, in the order of the plan.
    pub scenarios: Vec<ScenarioComparison>,
}

/// What a run is held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Against {
    /// The stored baselines.
    Baselines,
    /// Another revision, measured in the same run.
    Revision(Revision),
}

/// One scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioComparison {
    /// Name of the scenario.
    pub name: String,
    /// The worst word of its metrics.
    pub word: Word,
    /// Why, where the word is not `pass`; those of the metrics included.
    pub reasons: Vec<Reason>,
    /// The baseline it was held against, where there is one.
    pub baseline: Option<BaselineUsed>,
    /// What was compared.
    pub metrics: Vec<MetricComparison>,
}

/// Which baseline was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineUsed {
    /// Its file, from the root of the workspace.
    pub file: String,
    /// The commit that was measured for it.
    pub revision: String,
    /// The day it was accepted, as `YYYY-MM-DD`.
    pub accepted: String,
    /// Why it was accepted.
    pub reason: String,
}

/// One metric of one treatment. Costs are paired: traced less untraced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricComparison {
    /// Name of the treatment.
    pub treatment: String,
    /// Name of the metric, ending in its unit.
    pub metric: String,
    /// What is said of it.
    pub word: Word,
    /// The cost before: mean of the accepted sessions, or the estimate of the other revision.
    pub before: f64,
    /// The cost now.
    pub now: f64,
    /// Now less before: the difference of the two, or the paired estimate of a live comparison.
    pub change: f64,
    /// Lower end of the interval of the change (95 %, two-sided, in a live comparison; 90 % in a stored one).
    pub low: Option<f64>,
    /// Upper end of the same interval.
    pub high: Option<f64>,
    /// The least change that a comparison like this one finds in 80 of 100 cases.
    pub mde: Option<f64>,
    /// A change up to this is of no consequence.
    pub tolerance: f64,
    /// The untraced arm before, where that was at another time.
    pub untraced_before: Option<f64>,
    /// The untraced arm now.
    pub untraced_now: f64,
    /// Why, where the word is not `pass`; it is among the scenario's reasons too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The numbers that the word was made of.
    pub arithmetic: Arithmetic,
}

/// How a word was reached: every number that a reader needs to redo it by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Arithmetic {
    /// One session, or a few, against the means of K accepted ones.
    Sessions {
        /// The accepted sessions.
        accepted: Vec<f64>,
        /// Their standard deviation.
        deviation: f64,
        /// `t(95 %, K - 1) * sqrt(1 + 1/K)`: how many deviations one more session of the same tracer may be off.
        factor: f64,
        /// `factor * deviation`.
        reach: f64,
        /// The untraced arm of the accepted sessions.
        untraced: Vec<f64>,
        /// How far the untraced arm may be off: `t(99.5 %, K - 1) * sqrt(1 + 1/K)` of its deviations, and 10 % of its mean
        /// at least.
        untraced_reach: f64,
        /// The sessions that are judged: the run, and then the fresh one that confirms it.
        sessions: Vec<f64>,
        /// See `BaselineMetric::anchor`.
        anchor: f64,
    },
    /// Paired differences of two revisions.
    Pairs {
        /// How many.
        pairs: u32,
        /// p-value of "the change is above the tolerance", adjusted over the run's scenarios.
        above_tolerance_p: f64,
        /// p-value of "the change is below the tolerance".
        within_tolerance_p: f64,
        /// p-value of "the change is below zero".
        below_zero_p: f64,
        /// The level of these p-values.
        level: f64,
    },
}

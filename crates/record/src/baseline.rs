//! A file of `baselines/<host class>/`: the accepted cost of one scenario on one class of host.
//!
//! It is reviewed like code: few lines, sorted, and rounded, so that a changed digit means something.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Schema id of a baseline.
pub const SCHEMA: &str = "tracetax/baseline/v1";

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("$id" = SCHEMA))]
pub struct Baseline {
    /// [`SCHEMA`].
    #[schemars(description = "The id of this schema.", extend("const" = SCHEMA))]
    pub schema: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Hash of what the scenario measures, as it was parsed: a changed comment changes nothing.
    pub scenario_hash: String,
    /// Pairs of a treatment in each session: more or fewer would spread otherwise.
    pub pairs: u32,
    /// Lives of the target that these pairs were spread over.
    pub lives: u32,
    /// Short id of the class of host.
    pub host_class: String,
    /// The commit that was measured.
    pub revision: String,
    /// Why it was accepted, in the words of whoever did.
    pub reason: String,
    /// The day it was accepted, as `YYYY-MM-DD`, UTC.
    pub accepted: String,
    /// The last day on which it may be compared with, 90 days later.
    pub expires: String,
    /// What each treatment costs.
    pub treatments: BTreeMap<String, BaselineTreatment>,
    /// Checksum of all the above: a damaged file is refused.
    pub checksum: String,
}

/// One treatment: its metrics by name, each ending in its unit.
pub type BaselineTreatment = BTreeMap<String, BaselineMetric>;

/// The accepted level of one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineMetric {
    /// The paired cost, traced less untraced: one estimate a session, in ascending order.
    pub sessions: Vec<f64>,
    /// The level of the untraced arm in the same sessions, in ascending order: the machine's own witness.
    pub untraced: Vec<f64>,
    /// A change of the cost up to this is of no consequence.
    pub tolerance: f64,
    /// The level of the first acceptance, or of the last that was knowingly worse: many small steps may not creep beyond
    /// its tolerance.
    pub anchor: f64,
}

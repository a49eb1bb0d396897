//! How many events a second a tracer takes, as the judge reckons it from a flood: a part of `verdict.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{cost::Estimate, flood::Step};

/// A tracer's capacity, step by step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// The steps that were measured: rates from the lowest to the highest, flat out, overload.
    pub steps: Vec<StepFigures>,
    /// The highest step without loss of which all lower ones are without loss too; absent where the lowest has lost.
    pub sustained: Option<Step>,
    /// The lowest step that has lost events, the overload aside; absent where not even flat out has.
    pub first_loss: Option<Step>,
    /// How the tracer came back from overload.
    pub recovery: Recovery,
}

/// What the pairs of one step came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepFigures {
    /// The step.
    pub step: Step,
    /// Pairs that count.
    pub pairs: u32,
    /// Exchanges that the target made per second, median of the treated blocks.
    pub made_per_second: f64,
    /// Records that the agent made of them per second, median of the treated blocks.
    pub delivered_per_second: f64,
    /// Exchanges in all treated blocks: each is one event.
    pub events: u64,
    /// Events lost of them for want of room, as the tracer counted them.
    pub lost: u64,
    /// Extra CPU of the target per exchange, in microseconds: treated minus untraced. What it spins is left out.
    pub server_cpu_us_per_event: Option<Estimate>,
    /// Extra CPU of the agent per exchange, in microseconds.
    pub agent_cpu_us_per_event: Option<Estimate>,
    /// CPU of the agent, median of the treated blocks, in percent of one core.
    pub agent_cpu_pct: f64,
}

/// What came after overloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// Treated blocks that were overloaded and have lost events.
    pub overloads: u32,
    /// Events lost in them.
    pub lost_in_overloads: u64,
    /// Treated blocks that came next after one of them, at the lowest rate.
    pub blocks_after: u32,
    /// Events in those.
    pub events_after: u64,
    /// Events lost in those.
    pub lost_after: u64,
}

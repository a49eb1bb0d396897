//! How far an interrupted run has come.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was measured of a plan that was not measured to its end. A block that was discarded and measured again counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Blocks of the plan that were measured.
    pub measured_blocks: u32,
    /// Blocks of the plan.
    pub planned_blocks: u32,
}

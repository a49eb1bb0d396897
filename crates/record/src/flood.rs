//! A load without a load generator: the target makes HTTP exchanges with itself, at one rate after another, to find out
//! how many events a second a tracer can take.

use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::target::Flooded;

/// One step of a flood's ladder. A pair of blocks is of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// So many exchanges a second.
    Rate {
        /// Exchanges per second.
        events_per_second: NonZeroU64,
    },
    /// As many as the target can make.
    FlatOut,
    /// As many as the target can make while the agent is stopped, so that events must be lost.
    Overload,
}

impl Step {
    /// What the target is asked for; None asks for as many as it can make.
    #[must_use]
    pub fn events_per_second(self) -> Option<NonZeroU64> {
        match self {
            Self::Rate { events_per_second } => Some(events_per_second),
            Self::FlatOut | Self::Overload => None,
        }
    }
}

/// The flood of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FloodUse {
    /// The step that the block is of.
    pub step: Step,
    /// What the target made of it.
    pub flooded: Flooded,
}

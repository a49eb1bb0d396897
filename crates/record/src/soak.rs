//! A soak: a tracer that stays attached for long, looked at once a window. What a window has beside other blocks, and what
//! the judge makes of them all.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cost::Estimate;

/// What a window of a soak has beside other blocks. Levels are those at its end, when no request is in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowUse {
    /// How the agent was at the two ends of the window, the worse of them; absent where there is none.
    pub agent: Option<Presence>,
    /// The target had ended, so there is no window after this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub target_gone: bool,
    /// Memory that is charged to the agent's group, that of its maps included, in bytes; absent where the kernel does not tell.
    pub agent_group_bytes: Option<u64>,
    /// The same of the target's group.
    pub target_group_bytes: Option<u64>,
    /// Memory of the maps that the agent has open, in bytes; absent where it was gone.
    pub map_bytes: Option<u64>,
}

impl WindowUse {
    /// Whether agent or target ended in it, so that there is no window after it.
    #[must_use]
    pub fn is_the_end(&self) -> bool {
        self.target_gone || self.agent == Some(Presence::Gone)
    }
}

/// Whether an agent is there. Better comes before worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It has answered in time.
    Answers,
    /// It runs, and has not answered in time.
    Silent,
    /// It has ended, so there is no window after this one.
    Gone,
}

/// What became of a tracer over time: a part of `verdict.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Soak {
    /// From the start of the first window to the end of the last, in seconds.
    pub seconds: f64,
    /// Windows that count: those that were measured, and where agent or target has ended, those that were still planned.
    pub windows: u64,
    /// Those of them in which the agent answered at both ends, no request failed and the ledger closed.
    pub up: u64,
    /// Those in which not, by the first of these reasons that holds.
    pub down: Down,
    /// Where the first of them are: number of the window, from 0, and why.
    pub first_down: Vec<(u64, String)>,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Events that found no room, in windows whose ledger is known.
    pub lost: u64,
    /// A leak that was planted in the agent, in bytes a second; 0 where none was.
    pub planted_leak_bytes_per_second: u64,
    /// CPU that the lab took meanwhile, in percent of one core: what looking costs.
    pub lab_cpu_pct: f64,
    /// How each level went.
    pub trends: Vec<Trend>,
}

/// Windows in which something was amiss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Down {
    /// Agent or target ended in it, or had ended before, so that it was never measured.
    pub ended: u64,
    /// The agent did not answer in time, at one end or at both.
    pub silent: u64,
    /// A request failed.
    pub failed: u64,
    /// The ledger did not close.
    pub ledger: u64,
}

/// How a level went over a soak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// What it is a level of, ending in its unit (`agent_rss_mb`).
    pub name: String,
    /// At the end of the first window.
    pub first: f64,
    /// At the end of the last.
    pub last: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// Slope an hour, with its bounds at the level of the verdict; absent with fewer than two windows.
    pub per_hour: Option<Estimate>,
    /// The points that the slope is made of: minutes since the start, and the middle of the level about then.
    pub points: Vec<(f64, f64)>,
}

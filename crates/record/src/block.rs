//! `blocks.jsonl`: the raw counters of each measured block, one JSON object a line, in the order of measuring.

use serde::{Deserialize, Serialize};

use crate::{
    agent::AgentStats, bystander::BystanderUse, flood::FloodUse, load::LoadResult, plan::Arm, soak::WindowUse,
};

/// Schema id of a line of `blocks.jsonl`.
pub const SCHEMA: &str = "tracetax/block/v2";

/// One measured block. All counters are differences over the block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// [`SCHEMA`].
    pub schema: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the treatment that the block's pair is about.
    pub treatment: String,
    /// The life of the target, from 0 within the scenario.
    pub life: u32,
    /// The pair, from 0 within the scenario; of a block with another purpose, the pair before it.
    pub pair: u32,
    /// What was switched on.
    pub arm: Arm,
    /// 0 for the first block of its pair, 1 for the second, and so on.
    pub position: u8,
    /// What the block is for.
    #[serde(default = "for_its_pair")]
    pub purpose: Purpose,
    /// 0 for the first try, 1 where the first was discarded by a rule that cannot see its result.
    pub attempt: u8,
    /// Start of the block, in nanoseconds since 1970.
    pub started_unix_ns: u64,
    /// Between the two readings of the counters, in nanoseconds of `CLOCK_MONOTONIC`.
    pub elapsed_ns: u64,
    /// How long the change of arm before this block took, in nanoseconds.
    pub toggle_ns: u64,
    /// What the generator saw; in a flood, how many exchanges the target made, and no latencies.
    pub load: LoadResult,
    /// The flood, where the target made its requests itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flood: Option<FloodUse>,
    /// What a window of a soak has beside all that, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowUse>,
    /// CPU by role.
    pub cpu: CpuUse,
    /// Readings of the target at the end of the block.
    pub target: ProcessUse,
    /// Readings of the agent at the end of the block, where there is one.
    pub agent: Option<ProcessUse>,
    /// Peak memory of the agent's group since its start, in bytes, where the kernel tells it.
    pub agent_memory_peak_bytes: Option<u64>,
    /// The agent's ledger over the block, where there is an agent: of two agents that of the block's arm.
    pub tracer: Option<AgentStats>,
    /// Hits of the other agent, where two revisions are measured: it is switched off, so there may be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_hits: Option<u64>,
    /// What system calls cost a process that nobody traces, after the load and in the same arm, where it was asked.
    pub bystander: Option<BystanderUse>,
    /// Time that the hypervisor gave to others, by core, in nanoseconds (from ticks: a coarse figure).
    pub steal_ns: Vec<u64>,
    /// Idle time of all processors together, in nanoseconds (from ticks: a coarse figure).
    pub idle_ns: u64,
    /// Processors online.
    pub cores: u32,
    /// How far the wall clock and the monotonic clock went apart over the block, in nanoseconds: a step of the clock.
    pub clock_gap_ns: u64,
    /// After detaching: how long the counters of hits went on moving, in nanoseconds.
    pub still_ns: u64,
    /// Why the block does not count, where it does not.
    pub discarded: Option<Discard>,
}

/// What a block is measured for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// It is one of a pair.
    Pair,
    /// It is a window of a soak, which is compared with nothing.
    Window,
    /// The kernel's run-time statistics were on. They slow the tracer down, so it is compared with nothing.
    Statistics,
}

/// What every block was for before there was another purpose.
fn for_its_pair() -> Purpose {
    Purpose::Pair
}

/// CPU time by role over the block, in nanoseconds, from exact counters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CpuUse {
    /// The target's group.
    pub target_ns: u64,
    /// The agent's group; 0 where there is no agent.
    pub agent_ns: u64,
    /// The load generator's group, its spinning included.
    pub load_ns: u64,
    /// The lab's own group.
    pub lab_ns: u64,
    /// The spinner that keeps the target's processor awake; 0 where there is none.
    pub warmer_ns: u64,
    /// All processors together, in tasks of any kind; absent where the kernel does not tell.
    pub machine_ns: Option<u64>,
}

/// Readings of one process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessUse {
    /// Resident set, in bytes.
    pub rss_bytes: u64,
    /// Proportional set, in bytes.
    pub pss_bytes: u64,
    /// Virtual size, in bytes.
    pub vsz_bytes: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
    /// Voluntary context switches over the block, all threads.
    pub voluntary_switches: u64,
    /// Involuntary context switches over the block, all threads.
    pub involuntary_switches: u64,
}

/// A reason to discard a block. Each can be told without looking at what the block measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discard {
    /// The generator sent later than planned, at its 99th percentile, than an instrument may.
    GeneratorLate,
    /// The hypervisor took the processor away.
    Steal,
    /// It was to be measured with the kernel's run-time statistics on, and the kernel has none.
    NoStatistics,
    /// The counters were read long after the load had ended: the lab was stopped or starved.
    ReadLate,
}

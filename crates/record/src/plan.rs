//! `plan.json`: the flat list of blocks that a run goes through, made before anything is started.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{flood::Step, load::Pacing, revision::Revision, stage::Stage, wakeup::Wakeup};

/// Schema id of `plan.json`.
pub const SCHEMA: &str = "tracetax/plan/v2";

/// Everything a run will do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`SCHEMA`].
    pub schema: String,
    /// Seeds the coins, the arrivals and the order.
    pub seed: u64,
    /// How much is measured.
    pub profile: String,
    /// The source that is measured; absent where version control does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The other revision, whose tracer is measured in the same run: then the plan is one of groups of three blocks, and
    /// a treated block has the tracer of `revision`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Revision>,
    /// Strategies that the other revision's tracer cannot be measured with, each with why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub against_refuses: BTreeMap<String, String>,
    /// One entry a scenario, in the order they run.
    pub scenarios: Vec<ScenarioPlan>,
}

/// One scenario of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioPlan {
    /// Name of the scenario: its file name without `.toml`.
    pub name: String,
    /// The question the scenario answers, from its file.
    pub question: String,
    /// What every block of it has in common.
    pub load: ScenarioLoad,
    /// What is compared with `untraced`.
    pub treatments: Vec<Treatment>,
    /// Absolute limits from the file.
    pub budget: Budget,
    /// Limits of paired cost from the file.
    pub margin: Margin,
    /// Changes of cost that are of no consequence, from the file: what `compare` and `baseline` go by.
    #[serde(default)]
    pub tolerance: Tolerance,
    /// The line (from 1) in `scenarios/<name>.toml` of each limit above, as `budget.agent_memory_mb`: where notes for a
    /// reviewer belong. It is part of no hash, since it says nothing of what is measured.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<String, u32>,
    /// It is a soak: each life has one group of one block after another, the treatment on all the time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub soak: bool,
    /// The process beside the target that nobody traces, where the scenario wants one.
    pub bystander: Option<BystanderPlan>,
    /// Treatments that this kernel refuses, each with the kernel's reason. They get no lives.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unavailable: BTreeMap<String, String>,
    /// The lives of the target, each a fresh process with its own pairs.
    pub lives: Vec<Life>,
}

/// The load of every block of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioLoad {
    /// Where the requests come from.
    pub source: Source,
    /// Load measured in a block, in nanoseconds.
    pub block_ns: u64,
    /// Load before each block that is not counted, in nanoseconds.
    pub warmup_ns: u64,
    /// What keeps the target's processor awake between requests.
    pub core: Core,
}

/// Where the requests of a scenario come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// The load generator sends them.
    Generator {
        /// When they leave.
        pacing: Pacing,
        /// Keep-alive connections.
        connections: u32,
        /// Path of every request.
        path: String,
    },
    /// The target makes them itself, without a network.
    Flood {
        /// The ladder in the order in which it is climbed, again and again.
        steps: Vec<Step>,
    },
}

impl ScenarioLoad {
    /// Whether requests leave on a schedule, and the generator sleeps in between.
    #[must_use]
    pub fn is_open_loop(&self) -> bool {
        matches!(&self.source, Source::Generator { pacing, .. } if *pacing != Pacing::Closed)
    }

    /// Whether a request leaves as soon as another is answered, so that the rate is what comes out.
    #[must_use]
    pub fn is_closed_loop(&self) -> bool {
        matches!(self.source, Source::Generator { pacing: Pacing::Closed, .. })
    }
}

/// What the target's processor does between requests. The same in both arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Core {
    /// It sleeps when there is nothing to do, as it does in production.
    Sleeps,
    /// A spinner of idle priority, in a group of its own, keeps it awake: no wake-up from sleep is measured.
    KeptWarm,
}

/// What the bystander does in every block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BystanderPlan {
    /// How long it makes system calls, after the load of the block, in nanoseconds.
    pub measure_ns: u64,
}

/// What is switched on in the blocks that are compared with `untraced`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Treatment {
    /// Its name in tables and results.
    pub name: String,
    /// What it does.
    pub kind: TreatmentKind,
    /// Absolute limits of it alone.
    #[serde(default)]
    pub budget: TreatmentBudget,
}

/// What a treatment does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TreatmentKind {
    /// The tracer, attached with this strategy.
    Tracer {
        /// Name of the strategy.
        strategy: String,
        /// How far its programs go.
        #[serde(default = "before_stages")]
        stage: Stage,
        /// When the agent is woken.
        #[serde(default = "before_wakeups")]
        wakeup: Wakeup,
        /// A leak that is planted in the agent, in bytes a second: a control that must be found. 0 in all else.
        #[serde(default, skip_serializing_if = "is_zero")]
        leak_bytes_per_second: u64,
    },
    /// The target burns a known cost in each request: a control that must be recovered.
    Planted {
        /// Busy-wait per request, in nanoseconds.
        ns_per_request: u64,
    },
    /// Nothing at all: a control that must come out as no difference.
    Nothing,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What every tracer was before there was a choice, in plans of that time.
fn before_stages() -> Stage {
    Stage::Full
}

/// What every agent did before there was a choice, in plans of that time.
fn before_wakeups() -> Wakeup {
    Wakeup::Timer { ms: 10 }
}

/// Absolute limits. A limit that is absent is not judged.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Extra CPU of server and agent per second, as a share of one core, in percentage points.
    pub cpu_overhead_points: Option<f64>,
    /// Peak memory of the agent's group, in units of 1,000,000 bytes.
    pub agent_memory_mb: Option<f64>,
    /// Added response latency at the 99th percentile, in milliseconds.
    pub added_latency_ms: Option<f64>,
    /// At least this many events per second, without loss.
    pub events_per_second: Option<f64>,
    /// CPU of the agent at the lowest rate of a flood, as a share of one core, in percentage points.
    pub agent_cpu_points: Option<f64>,
    /// At least this share of the windows of a soak in which the agent lived, no request failed and the ledger closed, in
    /// percent.
    pub uptime_pct: Option<f64>,
    /// Growth of the agent's memory and its maps' over a soak, in units of 1,000,000 bytes an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_growth_mb_per_hour: Option<f64>,
}

/// Absolute limits of one treatment. A limit that is absent is not judged.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreatmentBudget {
    /// Extra CPU of the server per request, in microseconds.
    pub server_cpu_us_per_request: Option<f64>,
    /// Times that the agent wakes up to drain, per second.
    pub wakeups_per_second: Option<f64>,
    /// From the end of a request until the agent has its event, 99th percentile, in milliseconds.
    pub delivery_p99_ms: Option<f64>,
}

/// Limits of paired cost. A limit that is absent is not judged.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Margin {
    /// Extra CPU of the server per request, in microseconds.
    pub server_cpu_us_per_request: Option<f64>,
}

/// Changes of paired cost, from one revision of the tracer to another, that are of no consequence. A metric without a
/// tolerance is not compared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// Extra CPU of the server per request, in microseconds.
    pub server_cpu_us_per_request: Option<f64>,
}

/// One life of the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// Its number within the scenario, from 0.
    pub index: u32,
    /// Index into the scenario's treatments: a life has the agent of one treatment.
    pub treatment: usize,
    /// Its pairs, in order.
    pub pairs: Vec<Pair>,
    /// Seeds the arrivals of one more block at the end, under the treatment and with the kernel's run-time statistics on.
    /// Absent where there is none: the first life of each tracer has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics_seed: Option<u64>,
}

/// Adjacent blocks, one of each arm: two, or three where another revision is measured too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Its number within the scenario, from 0.
    pub index: u32,
    /// Seeds the arrivals of all its blocks.
    pub seed: u64,
    /// The step of the ladder, in a flood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// The arms in the order of the coin.
    pub order: Vec<Arm>,
}

/// What is switched on in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// Nothing.
    Untraced,
    /// The treatment.
    Treated,
    /// The same treatment, with the tracer of the other revision.
    Base,
}

#[cfg(test)]
mod tests {
    use super::{Arm, Pair, Plan, TreatmentKind};
    use crate::{stage::Stage, wakeup::Wakeup};

    #[test]
    fn a_plan_of_before_two_revisions_is_still_read() {
        let pair: Pair =
            serde_json::from_str(r#"{"index":0,"seed":1,"order":["untraced","treated"]}"#).unwrap();
        assert_eq!(pair.order, [Arm::Untraced, Arm::Treated]);
        let old = r#"{"schema":"tracetax/plan/v1","seed":1,"profile":"quick","scenarios":[]}"#;
        let plan: Plan = serde_json::from_str(old).unwrap();
        assert_eq!((plan.against, plan.against_refuses.len()), (None, 0));
    }

    #[test]
    fn a_tracer_of_a_plan_before_stages_was_the_whole_one_on_a_timer() {
        let old: TreatmentKind = serde_json::from_str(r#"{"tracer":{"strategy":"raw-tracepoint"}}"#).unwrap();
        let wakeup = Wakeup::Timer { ms: 10 };
        assert_eq!(
            old,
            TreatmentKind::Tracer {
                strategy: "raw-tracepoint".into(),
                stage: Stage::Full,
                wakeup,
                leak_bytes_per_second: 0
            }
        );
    }
}

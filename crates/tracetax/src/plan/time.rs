//! How long a plan will take, by what was measured of blocks, lives and changes of arm.

use std::time::Duration;

use record::plan::{Life, Plan, ScenarioPlan, Treatment, TreatmentKind};

use super::treatment;

/// What a block takes beside its load: change of arm, two settlings, readings, the file. Measured on a 2-core guest.
const BLOCK_OVERHEAD: Duration = Duration::from_millis(14);

/// What a life takes beside its blocks: start and end of target and agent. Measured on a 2-core guest.
const LIFE_OVERHEAD: Duration = Duration::from_millis(600);

/// How long a scenario will take.
#[must_use]
pub fn time_of(scenario: &ScenarioPlan) -> Duration {
    scenario.lives.iter().map(|life| time_of_life(scenario, life)).sum()
}

/// How long each block of a plan will take, in the order of measuring, with its share of what its life takes.
#[must_use]
pub fn time_per_block(plan: &Plan) -> Vec<Duration> {
    let lives =
        plan.scenarios.iter().flat_map(|scenario| scenario.lives.iter().map(move |life| (scenario, life)));
    let blocks = lives.flat_map(|(scenario, life)| {
        let blocks = blocks_of(life);
        std::iter::repeat_n(time_of_life(scenario, life) / blocks.max(1), blocks as usize)
    });
    blocks.collect()
}

fn time_of_life(scenario: &ScenarioPlan, life: &Life) -> Duration {
    let bystander_ns = scenario.bystander.map_or(0, |bystander| bystander.measure_ns);
    let block = Duration::from_nanos(scenario.load.block_ns + bystander_ns) + BLOCK_OVERHEAD;
    // A soak warms up once.
    let warm_ups = if scenario.soak { 1 } else { blocks_of(life) };
    let warm_up = Duration::from_nanos(scenario.load.warmup_ns) * warm_ups;
    block * blocks_of(life) + warm_up + LIFE_OVERHEAD + toggles_of(scenario, life)
}

/// Blocks of a life, if none has to be measured again.
#[must_use]
pub fn blocks_of(life: &Life) -> u32 {
    let of_pairs: usize = life.pairs.iter().map(|pair| pair.order.len()).sum();
    of_pairs as u32 + u32::from(life.statistics_seed.is_some())
}

/// Whatever the coins show, a pair has one attach and one detach in the mean, and a group of three blocks two at most.
fn toggles_of(scenario: &ScenarioPlan, life: &Life) -> Duration {
    let toggles: usize = life.pairs.iter().map(|pair| pair.order.len().saturating_sub(1)).sum();
    slow_toggle(treatment(scenario, life)) * toggles as u32
}

/// What attach and detach of a strategy take together where that is more than a block's other business: the kernel lets
/// go of a perf event or a uprobe only after all processors have passed a quiet state. Measured on a 2-core guest.
fn slow_toggle(treatment: &Treatment) -> Duration {
    let TreatmentKind::Tracer { strategy, .. } = &treatment.kind else {
        return Duration::ZERO;
    };
    Duration::from_millis(match strategy.as_str() {
        "syscall-tracepoint" => 950,
        "uprobe-nop" | "uprobe-entry" => 125,
        _ => 0,
    })
}

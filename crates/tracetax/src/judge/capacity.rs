//! How many events a second a tracer takes: the ladder of a flood, step by step.

use record::{
    block::Block,
    capacity::{Capacity, Recovery, StepFigures},
    cost::Estimate,
    flood::{FloodUse, Step},
    plan::{ScenarioPlan, Treatment},
    verdict::Reason,
};
use stats::{Alpha, Sample, signed_rank};

use super::{
    Measured, Selected,
    arm::ratio,
    gate::Candidate,
    metric::{self, agent_cpu_us_per_request, delivered_per_second, server_cpu_us_per_request},
};

/// A flood, judged.
pub struct Climb<'a> {
    /// The steps, and what they come to.
    pub capacity: Capacity,
    /// The pairs that speak for the whole flood: those of the sustained step, and where there is none, of the lowest.
    pub shown: Selected<'a>,
    /// The pairs of the lowest step.
    lowest: Selected<'a>,
}

impl<'a> Climb<'a> {
    /// The climb; None where no block was of a flood.
    pub fn of(selected: &Selected<'a>) -> Option<Self> {
        let capacity = capacity(selected);
        let lowest = capacity.steps.first()?.step;
        let shown = selected.at(capacity.sustained.unwrap_or(lowest));
        Some(Self { capacity, shown, lowest: selected.at(lowest) })
    }

    /// CPU of the agent at the lowest rate, where its fixed cost weighs most.
    pub fn agent_cpu_points(&self, plan: &ScenarioPlan) -> Option<Candidate> {
        metric::agent_cpu_points(&self.lowest, plan.budget.agent_cpu_points)
    }

    /// Recovery was not tried where the overload did not overload. A tracer without events has none to lose.
    pub fn not_overloaded(&self, plan: &ScenarioPlan, treatment: &Treatment) -> Option<Reason> {
        let has_events = self.capacity.steps.iter().any(|step| step.delivered_per_second > 0.0);
        let untried = has_events && self.capacity.recovery.blocks_after == 0;
        untried.then(|| Reason {
            code: "not-overloaded".into(),
            message: format!(
                "{}/{}: no event was lost while the agent was stopped, so nothing is known of what comes after a loss",
                plan.name, treatment.name
            ),
            next_step: "raise [block] measure_ms: the flood must make more events than the ring buffer holds".into(),
        })
    }
}

fn capacity(selected: &Selected<'_>) -> Capacity {
    let of_step = |step| figures(step, &selected.at(step).pairs);
    let steps: Vec<StepFigures> = steps(selected).into_iter().filter_map(of_step).collect();
    let climb = || steps.iter().filter(|step| step.step != Step::Overload);
    Capacity {
        sustained: climb().take_while(|step| step.lost == 0).last().map(|step| step.step),
        first_loss: climb().find(|step| step.lost > 0).map(|step| step.step),
        recovery: recovery(&selected.pairs),
        steps: steps.clone(),
    }
}

/// The steps that were measured, from the lowest rate to the highest, then flat out, then overload.
fn steps(selected: &Selected<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = selected.pairs.iter().filter_map(|pair| step_of(pair.treated)).collect();
    steps.sort();
    steps.dedup();
    steps
}

fn step_of(block: &Block) -> Option<Step> {
    block.flood.map(|flood| flood.step)
}

fn figures(step: Step, pairs: &[Measured<'_>]) -> Option<StepFigures> {
    let median = |of: fn(&Block) -> f64| {
        let values = pairs.iter().map(|pair| of(pair.treated)).collect();
        Sample::new(values).ok().map(|sample| stats::median(&sample))
    };
    Some(StepFigures {
        step,
        pairs: pairs.len() as u32,
        made_per_second: median(made_per_second)?,
        delivered_per_second: median(delivered_per_second)?,
        events: pairs.iter().map(|pair| pair.treated.load.completed).sum(),
        lost: pairs.iter().map(|pair| lost(pair.treated)).sum(),
        server_cpu_us_per_event: estimate(pairs, server_cpu_us_per_request),
        agent_cpu_us_per_event: estimate(pairs, agent_cpu_us_per_request),
        agent_cpu_pct: median(agent_cpu_pct)?,
    })
}

fn estimate(pairs: &[Measured<'_>], of: fn(&Block) -> f64) -> Option<Estimate> {
    let differences = pairs.iter().map(|pair| of(pair.treated) - of(pair.untraced)).collect();
    let sample = Sample::new(differences).ok()?;
    let interval = signed_rank::interval(&sample, Alpha::of_confidence(0.95).ok()?);
    let finite = |number: f64| number.is_finite().then_some(number);
    Some(Estimate { estimate: interval.estimate, low: finite(interval.low), high: finite(interval.high) })
}

/// CPU of the target, in nanoseconds. In a flood, without its share of spinning until the next exchange was due: the thread
/// spins by the wall clock, of which the processor had `cpu_ns` of `elapsed_ns` for it.
pub fn target_cpu_ns(block: &Block) -> f64 {
    let spun_ns = block.flood.map_or(0.0, |FloodUse { flooded, .. }| {
        flooded.spun_ns as f64 * ratio(flooded.cpu_ns as f64, flooded.elapsed_ns as f64)
    });
    (block.cpu.target_ns as f64 - spun_ns).max(0.0)
}

fn made_per_second(block: &Block) -> f64 {
    ratio(block.load.completed as f64, block.load.elapsed_ns as f64 / 1e9)
}

/// CPU of the agent per second of load, in percent of one core.
pub fn agent_cpu_pct(block: &Block) -> f64 {
    100.0 * ratio(block.cpu.agent_ns as f64, block.load.elapsed_ns as f64)
}

/// Events that found no room.
pub fn lost(block: &Block) -> u64 {
    block.tracer.as_ref().map_or(0, |tracer| tracer.reserve_failed)
}

/// Each climb begins with an overload, and the pair after it is of the lowest rate, unless it was discarded.
fn recovery(pairs: &[Measured<'_>]) -> Recovery {
    let overloads: Vec<_> = pairs.iter().filter(|pair| overloaded(pair)).collect();
    let after: Vec<_> = overloads
        .iter()
        .filter_map(|overload| pairs.iter().find(|pair| pair.treated.pair == overload.treated.pair + 1))
        .collect();
    Recovery {
        overloads: overloads.len() as u32,
        lost_in_overloads: overloads.iter().map(|pair| lost(pair.treated)).sum(),
        blocks_after: after.len() as u32,
        events_after: after.iter().map(|pair| pair.treated.load.completed).sum(),
        lost_after: after.iter().map(|pair| lost(pair.treated)).sum(),
    }
}

fn overloaded(pair: &Measured<'_>) -> bool {
    step_of(pair.treated) == Some(Step::Overload) && lost(pair.treated) > 0
}

#[cfg(test)]
mod tests;

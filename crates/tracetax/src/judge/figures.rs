//! What a reader is shown of the blocks beside the verdict: every pair, the distribution of response times, where the CPU
//! time went in each arm, how it all went on in time. Numbers ready to be drawn; nothing here is judged.

mod curve;
mod series;

use record::{
    block::Block,
    plan::{Plan, ScenarioPlan, Treatment},
    verdict::CpuLedger,
};
use stats::Sample;

use super::{
    Measured, Selected,
    capacity::Climb,
    cpu,
    latency::Chunks,
    ledger::answered,
    metric::{pairwise, server_cpu_us_per_request},
};

pub use curve::{MOST_QUANTILE, QuantilePoint};
pub use series::{MomentPoint, Series};

/// A scenario, ready to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioFigures {
    /// Name of the scenario.
    pub name: String,
    /// One entry a treatment that was measured, in the order of the verdict.
    pub treatments: Vec<TreatmentFigures>,
}

/// A treatment, ready to be drawn. All of it is of the pairs that count, those that the verdict is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct TreatmentFigures {
    /// Name of the treatment.
    pub name: String,
    /// Its pairs, in the order of the plan.
    pub pairs: Vec<PairFigures>,
    /// What estimates are made of, one entry a metric.
    pub differences: Vec<Differences>,
    /// Response times: untraced, treated.
    pub latency: [Vec<QuantilePoint>; 2],
    /// Where the CPU time went: untraced, treated.
    pub cpu: [CpuLedger; 2],
    /// How it went on in time.
    pub series: Series,
}

/// A pair in numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct PairFigures {
    /// Its number within the scenario.
    pub pair: u32,
    /// The life of the target that it was measured in.
    pub life: u32,
    /// Whether the treated block came before the untraced one.
    pub treated_first: bool,
    /// CPU of the target per request, in microseconds: untraced, treated.
    pub server_cpu_us: [f64; 2],
    /// Requests that were answered: untraced, treated.
    pub requests: [u64; 2],
    /// Records that the tracer made of the treated ones; absent where there was no tracer.
    pub records: Option<u64>,
}

/// The differences that an estimate is made of, treated less untraced.
#[derive(Debug, Clone, PartialEq)]
pub struct Differences {
    /// Name of the metric, ending in its unit.
    pub metric: &'static str,
    /// What each of them is of.
    pub sampled: Sampled,
    /// One a sample, in the order of the plan.
    pub values: Vec<f64>,
    /// Between these lie nine of ten values.
    pub most: [f64; 2],
}

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampled {
    /// A pair.
    Pairs,
    /// Neighbouring pairs that were merged.
    Chunks,
}

/// Prepares a run.
#[must_use]
pub fn figures(plan: &Plan, blocks: &[Block]) -> Vec<ScenarioFigures> {
    plan.scenarios.iter().map(|scenario| of_scenario(scenario, blocks)).collect()
}

fn of_scenario(plan: &ScenarioPlan, blocks: &[Block]) -> ScenarioFigures {
    let measured = plan.treatments.iter().filter(|one| !plan.unavailable.contains_key(&one.name));
    let treatments = measured.map(|treatment| of_treatment(plan, treatment, blocks)).collect();
    ScenarioFigures { name: plan.name.clone(), treatments }
}

fn of_treatment(plan: &ScenarioPlan, treatment: &Treatment, blocks: &[Block]) -> TreatmentFigures {
    let selected = Selected::of(plan, treatment, blocks);
    let climb = Climb::of(&selected);
    let pairs = &climb.as_ref().map_or(&selected, |climb| &climb.shown).pairs;
    let chunks = Chunks::of(pairs);
    TreatmentFigures {
        name: treatment.name.clone(),
        pairs: pairs.iter().map(of_pair).collect(),
        differences: differences(pairs, &chunks),
        latency: chunks.whole().map(|times| curve::of(&times)),
        cpu: [
            cpu::ledger(pairs.iter().map(|pair| pair.untraced)),
            cpu::ledger(pairs.iter().map(|pair| pair.treated)),
        ],
        series: series::of(pairs),
    }
}

fn of_pair(pair: &Measured<'_>) -> PairFigures {
    let both = [pair.untraced, pair.treated];
    PairFigures {
        pair: pair.treated.pair,
        life: pair.treated.life,
        treated_first: pair.treated.position < pair.untraced.position,
        server_cpu_us: both.map(server_cpu_us_per_request),
        requests: both.map(answered),
        records: pair.treated.tracer.as_ref().map(|tracer| tracer.requests),
    }
}

fn differences(pairs: &[Measured<'_>], chunks: &Chunks) -> Vec<Differences> {
    let of_pairs = pairwise(pairs).map(|(metric, values)| (metric, Sampled::Pairs, values));
    let quantiles = [("added_latency_p50_ms", 0.5), ("added_latency_ms", 0.99)];
    let of_chunks = quantiles
        .into_iter()
        .filter_map(|(metric, quantile)| Some((metric, Sampled::Chunks, chunks.differences_at(quantile)?)));
    let all = of_pairs.chain(of_chunks);
    all.filter_map(|(metric, sampled, values)| {
        Some(Differences { metric, sampled, most: most(&values)?, values })
    })
    .collect()
}

fn most(values: &[f64]) -> Option<[f64; 2]> {
    let sample = Sample::new(values.to_vec()).ok()?;
    Some([stats::quantile(&sample, 0.05).ok()?, stats::quantile(&sample, 0.95).ok()?])
}

#[cfg(test)]
mod tests;

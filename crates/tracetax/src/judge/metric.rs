//! The metrics of a treatment: paired differences with their intervals, and levels of the treated arm.

use std::collections::BTreeMap;

use record::{
    block::Block,
    plan::{ScenarioPlan, Treatment},
    verdict::{Limit, Metric},
};
use stats::{Alpha, Sample, power, signed_rank, student};

use super::{
    Measured, Selected,
    arm::{quantile_ms, ratio},
    bystander,
    capacity::{self, target_cpu_ns},
    gate::{Candidate, FAMILY_RATE},
    latency::Chunks,
    ledger::answered,
    short,
};

const BYTES_PER_MB: f64 = 1e6;

/// A quantity of one block, of which pairs give differences.
struct Paired {
    name: &'static str,
    of: fn(&Block) -> f64,
    told: Told,
    limit: fn(&ScenarioPlan, &Treatment) -> Option<Limit>,
}

/// Where a quantity means something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Always,
    /// Where the generator sleeps. In closed loop it takes all of its processor in both arms, whatever it costs.
    InOpenLoop,
}

/// All quantities that are compared pair by pair.
const PAIRED: [Paired; 6] = [
    Paired {
        name: "server_cpu_us_per_request",
        of: server_cpu_us_per_request,
        told: Told::Always,
        limit: server_cpu_limit,
    },
    Paired {
        name: "agent_cpu_us_per_request",
        of: agent_cpu_us_per_request,
        told: Told::Always,
        limit: |_, _| None,
    },
    Paired {
        name: "load_cpu_us_per_request",
        of: load_cpu_us_per_request,
        told: Told::InOpenLoop,
        limit: |_, _| None,
    },
    Paired {
        name: "total_cpu_us_per_request",
        of: total_cpu_us_per_request,
        told: Told::InOpenLoop,
        limit: |_, _| None,
    },
    Paired {
        name: "cpu_overhead_points",
        of: cpu_points,
        told: Told::Always,
        limit: |plan, _| plan.budget.cpu_overhead_points.map(Limit::Budget),
    },
    Paired {
        name: "throughput_per_second",
        of: throughput_per_second,
        told: Told::Always,
        limit: |_, _| None,
    },
];

/// A treatment's own limit goes before that of the scenario.
fn server_cpu_limit(plan: &ScenarioPlan, treatment: &Treatment) -> Option<Limit> {
    let own = treatment.budget.server_cpu_us_per_request.map(Limit::Budget);
    own.or(plan.margin.server_cpu_us_per_request.map(Limit::Margin))
}

/// CPU of the target per answered request, in microseconds.
#[must_use]
pub fn server_cpu_us_per_request(block: &Block) -> f64 {
    ratio(target_cpu_ns(block) / 1e3, answered(block) as f64)
}

/// CPU of the agent per answered request, in microseconds.
#[must_use]
pub fn agent_cpu_us_per_request(block: &Block) -> f64 {
    ratio(block.cpu.agent_ns as f64 / 1e3, answered(block) as f64)
}

/// What the generator's own waiting burns is not the tracer's cost.
fn load_cpu_us_per_request(block: &Block) -> f64 {
    ratio(block.cpu.load_ns.saturating_sub(block.load.spun_ns) as f64 / 1e3, answered(block) as f64)
}

fn total_cpu_us_per_request(block: &Block) -> f64 {
    server_cpu_us_per_request(block) + agent_cpu_us_per_request(block) + load_cpu_us_per_request(block)
}

/// CPU of server and agent per second of load, in percent of one core.
fn cpu_points(block: &Block) -> f64 {
    100.0 * ratio(target_cpu_ns(block) + block.cpu.agent_ns as f64, block.load.elapsed_ns as f64)
}

fn throughput_per_second(block: &Block) -> f64 {
    ratio(block.load.completed as f64, block.load.elapsed_ns as f64 / 1e9)
}

/// Events that reached the agent and became records; none where one was lost, since that is not to keep up.
fn events_per_second(block: &Block) -> f64 {
    if capacity::lost(block) == 0 { delivered_per_second(block) } else { 0.0 }
}

/// Events that reached the agent and became records.
#[must_use]
pub fn delivered_per_second(block: &Block) -> f64 {
    let events = block.tracer.as_ref().map_or(0, |tracer| tracer.parsed);
    ratio(events as f64, block.load.elapsed_ns as f64 / 1e9)
}

/// Everything that is told of a treatment.
pub fn all(
    plan: &ScenarioPlan,
    treatment: &Treatment,
    selected: &Selected<'_>,
    chunks: &Chunks,
) -> Vec<Candidate> {
    let budget = &plan.budget;
    let open_loop = plan.load.is_open_loop();
    let told = PAIRED.iter().filter(|paired| paired.told == Told::Always || open_loop);
    let mut all: Vec<_> =
        told.filter_map(|paired| difference(paired, (paired.limit)(plan, treatment), selected)).collect();
    all.extend(added_latency("added_latency_p50_ms", 0.5, chunks, None));
    all.extend(added_latency("added_latency_ms", 0.99, chunks, budget.added_latency_ms));
    all.extend(bystander(selected));
    all.extend(wakeups(treatment, selected));
    all.extend(delivery("delivery_p50_ms", 0.5, selected, None));
    all.extend(delivery("delivery_p99_ms", 0.99, selected, treatment.budget.delivery_p99_ms));
    let treated: Vec<&Block> = selected.pairs.iter().map(|pair| pair.treated).collect();
    all.extend(agent_memory(&treated, budget.agent_memory_mb));
    all.extend(budget.events_per_second.and_then(|least| events(selected, least)));
    all
}

/// A control that finds a difference spoils the whole run, and at most one run in a hundred may be spoilt for nothing. Half
/// of that is the control's, so that chance alone does not use it up.
const CONTROL_CONFIDENCE: f64 = 0.995;

/// Two equal arms: does the cost of the server differ? Says how, if so.
#[must_use]
pub fn control_excludes_zero(selected: &Selected<'_>) -> Option<String> {
    let sample = differences(&selected.pairs, server_cpu_us_per_request)?;
    let interval = signed_rank::interval(&sample, Alpha::of_confidence(CONTROL_CONFIDENCE).ok()?);
    (interval.low > 0.0 || interval.high < 0.0).then(|| {
        let [low, estimate, high] = [interval.low, interval.estimate, interval.high].map(short);
        format!("{estimate} us of server CPU per request, 99.5 % interval {low} to {high}")
    })
}

/// The differences of all quantities that are compared pair by pair, in the order of the pairs.
pub fn pairwise(pairs: &[Measured<'_>]) -> impl Iterator<Item = (&'static str, Vec<f64>)> {
    PAIRED.iter().map(|paired| (paired.name, each(pairs, paired.of)))
}

fn each(pairs: &[Measured<'_>], of: fn(&Block) -> f64) -> Vec<f64> {
    pairs.iter().map(|pair| of(pair.treated) - of(pair.untraced)).collect()
}

fn differences(pairs: &[Measured<'_>], of: fn(&Block) -> f64) -> Option<Sample> {
    Sample::new(each(pairs, of)).ok()
}

fn difference(paired: &Paired, limit: Option<Limit>, selected: &Selected<'_>) -> Option<Candidate> {
    let sample = differences(&selected.pairs, paired.of)?;
    let level = Sample::new(selected.pairs.iter().map(|pair| (paired.of)(pair.untraced)).collect()).ok()?;
    let mut candidate = candidate(paired.name, Some(stats::median(&level)), sample, limit);
    candidate.metric.lives = lives(&selected.pairs, paired.of);
    Some(candidate)
}

/// A difference, of which `sample` holds one value a pair, and which is to keep to `limit`.
pub fn candidate(name: &str, untraced: Option<f64>, sample: Sample, limit: Option<Limit>) -> Candidate {
    let (shown, judged) = (Alpha::of_confidence(0.95), Alpha::one_sided(FAMILY_RATE));
    let (shown, judged) = (shown.expect("within range"), judged.expect("within range"));
    let interval = signed_rank::interval(&sample, shown);
    let mde = power::mde(&sample, judged, power::Power::Percent80);
    let mean = student::interval(&sample, shown);
    let metric = Metric {
        name: name.into(),
        untraced,
        estimate: interval.estimate,
        low: finite(interval.low),
        high: finite(interval.high),
        samples: sample.count() as u32,
        mde: finite(mde),
        mean: mean.low.is_finite().then_some([mean.low, mean.estimate, mean.high]),
        lives: None,
        limit,
        // At least so many is a level, far from zero; how small a change could be seen does not matter for it.
        adequate: limit.filter(|limit| !matches!(limit, Limit::AtLeast(_))).map(|limit| mde <= limit.value()),
        word: None,
    };
    Candidate { metric, sample: Some(sample) }
}

fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// The spread between lives of the target: what a fresh process alone changes.
fn lives(pairs: &[Measured<'_>], of: fn(&Block) -> f64) -> Option<[f64; 3]> {
    let mut by_life: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for pair in pairs {
        by_life.entry(pair.treated.life).or_default().push(of(pair.treated) - of(pair.untraced));
    }
    let samples: Vec<Sample> = by_life.into_values().filter_map(|life| Sample::new(life).ok()).collect();
    let spread = stats::spread_of_medians(&samples).filter(|_| samples.len() >= 2)?;
    Some([spread.low, spread.middle, spread.high])
}

fn added_latency(name: &str, quantile: f64, chunks: &Chunks, limit: Option<f64>) -> Option<Candidate> {
    let (levels, differences) = chunks.at_quantile(quantile)?;
    Some(candidate(name, Some(stats::median(&levels)), differences, limit.map(Limit::Budget)))
}

/// CPU of the agent in the treated blocks, per second of load, in percent of one core.
pub fn agent_cpu_points(selected: &Selected<'_>, limit: Option<f64>) -> Option<Candidate> {
    let shares = selected.pairs.iter().map(|pair| capacity::agent_cpu_pct(pair.treated)).collect();
    Some(candidate("agent_cpu_points", None, Sample::new(shares).ok()?, limit.map(Limit::Budget)))
}

fn bystander(selected: &Selected<'_>) -> Option<Candidate> {
    let (levels, differences) = bystander::ns_per_call(&selected.pairs)?;
    Some(candidate("bystander_cpu_ns_per_call", Some(stats::median(&levels)), differences, None))
}

/// Rates of the treated blocks, one a sample.
fn wakeups(treatment: &Treatment, selected: &Selected<'_>) -> Option<Candidate> {
    let rate = |block: &Block| {
        let wakeups = block.tracer.as_ref()?.wakeups as f64;
        Some(ratio(wakeups, block.elapsed_ns as f64 / 1e9))
    };
    let limit = treatment.budget.wakeups_per_second;
    level_of_blocks("wakeups_per_second", rate, selected, limit)
}

/// Quantiles of the treated blocks, one a sample. A block with too few events beyond it has none.
fn delivery(name: &str, quantile: f64, selected: &Selected<'_>, limit: Option<f64>) -> Option<Candidate> {
    let of = |block: &Block| quantile_ms(&block.tracer.as_ref()?.delivery_ns.decode().ok()?, quantile);
    level_of_blocks(name, of, selected, limit)
}

fn level_of_blocks(
    name: &str,
    of: impl Fn(&Block) -> Option<f64>,
    selected: &Selected<'_>,
    limit: Option<f64>,
) -> Option<Candidate> {
    let levels = selected.pairs.iter().filter_map(|pair| of(pair.treated)).collect();
    Some(candidate(name, None, Sample::new(levels).ok()?, limit.map(Limit::Budget)))
}

fn events(selected: &Selected<'_>, least: f64) -> Option<Candidate> {
    let sample =
        Sample::new(selected.pairs.iter().map(|pair| events_per_second(pair.treated)).collect()).ok()?;
    Some(candidate("events_per_second", None, sample, Some(Limit::AtLeast(least))))
}

/// The agent's peak is a level that the kernel tells exactly, so its bounds are the level.
pub fn agent_memory(treated: &[&Block], limit: Option<f64>) -> Option<Candidate> {
    let peaks = treated.iter().filter_map(|block| block.agent_memory_peak_bytes);
    let peak = peaks.max()? as f64 / BYTES_PER_MB;
    Some(level("agent_memory_mb", [peak; 3], 1, limit.map(Limit::Budget)))
}

/// A level that is known between two bounds, each at [`FAMILY_RATE`].
pub fn level(name: &str, [low, estimate, high]: [f64; 3], samples: u32, limit: Option<Limit>) -> Candidate {
    let metric = Metric {
        name: name.into(),
        untraced: None,
        estimate,
        low: Some(low),
        high: Some(high),
        samples,
        mde: None,
        mean: None,
        lives: None,
        limit,
        adequate: None,
        word: None,
    };
    Candidate { metric, sample: None }
}

//! The metrics of a treatment: paired differences with their intervals, and levels of the agent.

use record::{
    block::Block,
    plan::Budget,
    verdict::{Metric, Word},
};
use stats::{Alpha, Interval, Sample, power, signed_rank};

use super::{
    Measured, Selected,
    arm::{merged, quantile_ms, ratio},
    ledger::answered,
    short,
};

/// Most chunks that pairs are merged into for a latency quantile, and fewest requests an arm of each.
const MOST_CHUNKS: usize = 20;
const CHUNK_REQUESTS: u64 = 1_000;

const BYTES_PER_MB: f64 = 1e6;

/// A quantity of one block, of which pairs give differences.
struct Paired {
    name: &'static str,
    of: fn(&Block) -> f64,
    limit: fn(&Budget) -> Option<f64>,
}

/// All quantities that are compared pair by pair.
const PAIRED: [Paired; 6] = [
    Paired { name: "server_cpu_us_per_request", of: server_cpu_us_per_request, limit: |_| None },
    Paired { name: "agent_cpu_us_per_request", of: agent_cpu_us_per_request, limit: |_| None },
    Paired { name: "load_cpu_us_per_request", of: load_cpu_us_per_request, limit: |_| None },
    Paired { name: "total_cpu_us_per_request", of: total_cpu_us_per_request, limit: |_| None },
    Paired { name: "cpu_overhead_points", of: cpu_points, limit: |budget| budget.cpu_overhead_points },
    Paired { name: "throughput_per_second", of: throughput_per_second, limit: |_| None },
];

fn server_cpu_us_per_request(block: &Block) -> f64 {
    ratio(block.cpu.target_ns as f64 / 1e3, answered(block) as f64)
}

fn agent_cpu_us_per_request(block: &Block) -> f64 {
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
    100.0 * ratio((block.cpu.target_ns + block.cpu.agent_ns) as f64, block.load.elapsed_ns as f64)
}

fn throughput_per_second(block: &Block) -> f64 {
    ratio(block.load.completed as f64, block.load.elapsed_ns as f64 / 1e9)
}

/// Everything that is told of a treatment.
pub fn all(selected: &Selected<'_>, budget: &Budget) -> Vec<Metric> {
    let mut metrics: Vec<_> =
        PAIRED.iter().filter_map(|paired| difference(paired, selected, budget)).collect();
    metrics.extend(latency("added_latency_p50_ms", 0.5, selected, None));
    metrics.extend(latency("added_latency_ms", 0.99, selected, budget.added_latency_ms));
    metrics.extend(agent_memory(selected, budget.agent_memory_mb));
    metrics
}

/// Two equal arms: does the cost of the server differ, at 1 %?
pub fn control_excludes_zero(selected: &Selected<'_>) -> Option<String> {
    let sample = differences(&selected.pairs, server_cpu_us_per_request)?;
    let interval = signed_rank::interval(&sample, Alpha::of_confidence(0.99).ok()?);
    (interval.low > 0.0 || interval.high < 0.0).then(|| {
        let [low, estimate, high] = [interval.low, interval.estimate, interval.high].map(short);
        format!("{estimate} us of server CPU per request, 99 % interval {low} to {high}")
    })
}

fn differences(pairs: &[Measured<'_>], of: fn(&Block) -> f64) -> Option<Sample> {
    Sample::new(pairs.iter().map(|pair| of(pair.treated) - of(pair.untraced)).collect()).ok()
}

fn confidence() -> Alpha {
    Alpha::of_confidence(0.95).expect("a constant within range")
}

fn difference(paired: &Paired, selected: &Selected<'_>, budget: &Budget) -> Option<Metric> {
    let sample = differences(&selected.pairs, paired.of)?;
    let level = Sample::new(selected.pairs.iter().map(|pair| (paired.of)(pair.untraced)).collect()).ok()?;
    let limit = (paired.limit)(budget);
    Some(metric(paired.name, Some(stats::median(&level)), &sample, limit))
}

fn metric(name: &str, untraced: Option<f64>, sample: &Sample, limit: Option<f64>) -> Metric {
    let interval = signed_rank::interval(sample, confidence());
    Metric {
        name: name.into(),
        untraced,
        estimate: interval.estimate,
        low: finite(interval.low),
        high: finite(interval.high),
        samples: sample.count() as u32,
        mde: finite(power::mde(sample, confidence(), power::Power::Percent80)),
        limit,
        word: limit.map(|limit| word(&interval, limit)),
    }
}

fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// First match wins; a bound that is not there never passes and never fails.
fn word(interval: &Interval, limit: f64) -> Word {
    if interval.low > limit {
        Word::OverBudget
    } else if interval.high <= limit {
        Word::Pass
    } else {
        Word::Inconclusive
    }
}

/// A quantile of response latency. Quantiles of single blocks mean little, so neighbouring pairs are merged into
/// chunks; the chunk is then the sample, and its coin is that of its pairs.
fn latency(name: &str, quantile: f64, selected: &Selected<'_>, limit: Option<f64>) -> Option<Metric> {
    let mut levels = Vec::new();
    let mut changes = Vec::new();
    for chunk in chunks(&selected.pairs) {
        let untraced = quantile_ms(&merged(chunk.iter().map(|pair| &pair.untraced.load.response)), quantile)?;
        let treated = quantile_ms(&merged(chunk.iter().map(|pair| &pair.treated.load.response)), quantile)?;
        levels.push(untraced);
        changes.push(treated - untraced);
    }
    let level = stats::median(&Sample::new(levels).ok()?);
    Some(metric(name, Some(level), &Sample::new(changes).ok()?, limit))
}

fn chunks<'p, 'b>(pairs: &'p [Measured<'b>]) -> impl Iterator<Item = &'p [Measured<'b>]> {
    let requests: u64 =
        pairs.iter().map(|pair| pair.untraced.load.completed.min(pair.treated.load.completed)).sum();
    let count = usize::try_from(requests / CHUNK_REQUESTS).unwrap_or(MOST_CHUNKS).clamp(1, MOST_CHUNKS);
    let size = pairs.len().div_ceil(count).max(1);
    pairs.chunks(size)
}

/// The agent's peak is a level, told by the kernel exactly, so it has no interval.
fn agent_memory(selected: &Selected<'_>, limit: Option<f64>) -> Option<Metric> {
    let peaks = selected.pairs.iter().filter_map(|pair| pair.treated.agent_memory_peak_bytes);
    let peak = peaks.max()? as f64 / BYTES_PER_MB;
    let interval = Interval { low: peak, estimate: peak, high: peak };
    Some(Metric {
        name: "agent_memory_mb".into(),
        untraced: None,
        estimate: peak,
        low: Some(peak),
        high: Some(peak),
        samples: 1,
        mde: None,
        limit,
        word: limit.map(|limit| word(&interval, limit)),
    })
}

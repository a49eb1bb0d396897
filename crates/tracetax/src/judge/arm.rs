//! What one arm came to, over all its blocks that count.

use hdrhistogram::Histogram;
use record::{
    block::Block,
    histogram,
    plan::ScenarioPlan,
    verdict::{ArmSummary, LimitedBy},
};

use super::{capacity::target_cpu_ns, ledger::answered};

const NS_PER_MS: f64 = 1e6;
const BYTES_PER_MB: f64 = 1e6;

/// Fewest samples beyond a quantile that is shown.
const BEYOND: u64 = 10;

/// Sums up the blocks, whose response times are all in `response`.
#[must_use]
pub fn summary(plan: &ScenarioPlan, blocks: &[&Block], response: &Histogram<u64>) -> ArmSummary {
    let sum = |of: fn(&Block) -> u64| blocks.iter().map(|block| of(block)).sum::<u64>();
    let lateness = merged(blocks.iter().map(|block| &block.load.lateness));
    let planned = sum(|block| block.load.planned);
    let failed = sum(|block| block.load.failed.values().sum());
    let target_cpu_ns: f64 = blocks.iter().map(|block| target_cpu_ns(block)).sum();
    let seconds = sum(|block| block.load.elapsed_ns) as f64 / 1e9;
    let traced = blocks.iter().filter_map(|block| block.tracer.as_ref()).map(|tracer| tracer.requests);
    ArmSummary {
        sent: sum(|block| block.load.sent),
        completed: sum(|block| block.load.completed),
        throughput_per_second: ratio(sum(|block| block.load.completed) as f64, seconds),
        error_rate_pct: 100.0 * ratio(failed as f64, planned as f64),
        latency_mean_ms: response.mean() / NS_PER_MS,
        latency_p50_ms: response.value_at_quantile(0.5) as f64 / NS_PER_MS,
        latency_p95_ms: quantile_ms(response, 0.95),
        latency_p99_ms: quantile_ms(response, 0.99),
        latency_min_ms: response.min() as f64 / NS_PER_MS,
        latency_max_ms: response.max() as f64 / NS_PER_MS,
        lateness_p99_ms: quantile_ms(&lateness, 0.99),
        cpu_mean_pct: 100.0 * ratio(target_cpu_ns / 1e9, seconds),
        cpu_peak_pct: blocks.iter().map(|block| target_cpu_pct(block)).fold(0.0, f64::max),
        server_cpu_us_per_request: ratio(target_cpu_ns / 1e3, sum(answered) as f64),
        target_rss_mb: median(blocks.iter().map(|block| block.target.rss_bytes as f64 / BYTES_PER_MB)),
        traced_requests: traced.clone().next().map(|_| traced.sum()),
        limited_by: plan
            .load
            .is_closed_loop()
            .then(|| limited_by(sum(|block| block.cpu.target_ns), sum(|block| block.cpu.load_ns))),
    }
}

/// Each has a processor for itself at saturation: the one that was busier had no time left to give.
fn limited_by(target_ns: u64, load_ns: u64) -> LimitedBy {
    if target_ns >= load_ns { LimitedBy::Target } else { LimitedBy::Generator }
}

/// One histogram of many. A histogram that cannot be read counts as empty: the ledger and the counts beside it show
/// that something is missing.
#[must_use]
pub fn merged<'a>(histograms: impl Iterator<Item = &'a histogram::Histogram>) -> Histogram<u64> {
    let mut all = histogram::empty();
    for one in histograms.filter_map(|histogram| histogram.decode().ok()) {
        let _ = all.add(&one);
    }
    all
}

/// A quantile in milliseconds, with enough samples beyond it.
#[must_use]
pub fn quantile_ms(histogram: &Histogram<u64>, quantile: f64) -> Option<f64> {
    let beyond = (histogram.len() as f64 * (1.0 - quantile)).round() as u64;
    (beyond >= BEYOND).then(|| histogram.value_at_quantile(quantile) as f64 / NS_PER_MS)
}

fn target_cpu_pct(block: &Block) -> f64 {
    100.0 * ratio(target_cpu_ns(block), block.load.elapsed_ns as f64)
}

/// 0 where there is nothing to divide by.
#[must_use]
pub fn ratio(amount: f64, by: f64) -> f64 {
    if by > 0.0 { amount / by } else { 0.0 }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    stats::Sample::new(values.collect()).map_or(0.0, |sample| stats::median(&sample))
}

//! How a treatment went on in time: what a request took in each arm, and the agent's memory.

use record::block::Block;
use stats::Sample;

use crate::judge::{Measured, metric::server_cpu_us_per_request};

const BYTES_PER_MB: f64 = 1e6;

/// Most points of a line: more than the eye can tell apart.
const MOST_POINTS: usize = 60;

/// A quantity at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MomentPoint {
    /// Since the first block of the treatment, in seconds.
    pub since_start_s: f64,
    /// The quantity.
    pub value: f64,
}

/// Lines over time. Where there are more blocks than points, a point is the median of neighbours.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// Neighbouring blocks that make one point.
    pub blocks_a_point: usize,
    /// CPU of the target per request in untraced blocks, in microseconds.
    pub untraced_us: Vec<MomentPoint>,
    /// The same in treated blocks.
    pub treated_us: Vec<MomentPoint>,
    /// Resident memory of the agent at the end of treated blocks, in units of 1,000,000 bytes.
    pub agent_mb: Vec<MomentPoint>,
}

/// The lines of these pairs.
pub fn of(pairs: &[Measured<'_>]) -> Series {
    let starts =
        pairs.iter().flat_map(|pair| [pair.untraced, pair.treated]).map(|block| block.started_unix_ns);
    let start_ns = starts.min().unwrap_or(0);
    let blocks_a_point = pairs.len().div_ceil(MOST_POINTS).max(1);
    let line = |blocks: Vec<&Block>, of: fn(&Block) -> Option<f64>| {
        let points = blocks.into_iter().filter_map(|block| Some((since(start_ns, block), of(block)?)));
        thinned(&points.collect::<Vec<_>>(), blocks_a_point)
    };
    let treated = || pairs.iter().map(|pair| pair.treated).collect();
    Series {
        blocks_a_point,
        untraced_us: line(pairs.iter().map(|pair| pair.untraced).collect(), server_us),
        treated_us: line(treated(), server_us),
        agent_mb: line(treated(), agent_mb),
    }
}

fn since(start_ns: u64, block: &Block) -> f64 {
    block.started_unix_ns.saturating_sub(start_ns) as f64 / 1e9
}

fn server_us(block: &Block) -> Option<f64> {
    Some(server_cpu_us_per_request(block))
}

fn agent_mb(block: &Block) -> Option<f64> {
    block.agent.as_ref().map(|agent| agent.rss_bytes as f64 / BYTES_PER_MB)
}

fn thinned(points: &[(f64, f64)], blocks_a_point: usize) -> Vec<MomentPoint> {
    let middle = |values: Vec<f64>| Sample::new(values).ok().map(|sample| stats::median(&sample));
    let point = |some: &[(f64, f64)]| {
        let (times, values) = some.iter().copied().unzip();
        Some(MomentPoint { since_start_s: middle(times)?, value: middle(values)? })
    };
    points.chunks(blocks_a_point).filter_map(point).collect()
}

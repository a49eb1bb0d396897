//! Added latency at a quantile. Quantiles of single blocks mean little, so neighbouring pairs are merged into chunks; a
//! chunk is then the sample.
//!
//! A chunk is traced against untraced as a whole, so what was random within its pairs stays random; that the signs of the
//! chunks are fair coins under no effect rests on the coins of the pairs.

use stats::Sample;

use super::{
    Measured,
    arm::{merged, quantile_ms},
};

/// Most chunks, and fewest requests an arm of each.
const MOST_CHUNKS: usize = 20;
const CHUNK_REQUESTS: u64 = 1_000;

/// The chunks' untraced levels and their differences, in milliseconds; None where a chunk has too few samples beyond the
/// quantile.
pub fn at_quantile(pairs: &[Measured<'_>], quantile: f64) -> Option<(Sample, Sample)> {
    let mut levels = Vec::new();
    let mut differences = Vec::new();
    for chunk in chunks(pairs) {
        let untraced = quantile_ms(&merged(chunk.iter().map(|pair| &pair.untraced.load.response)), quantile)?;
        let treated = quantile_ms(&merged(chunk.iter().map(|pair| &pair.treated.load.response)), quantile)?;
        levels.push(untraced);
        differences.push(treated - untraced);
    }
    Some((Sample::new(levels).ok()?, Sample::new(differences).ok()?))
}

/// Cuts the pairs into as many chunks as have enough requests, as evenly as can be.
fn chunks<'p, 'b>(pairs: &'p [Measured<'b>]) -> impl Iterator<Item = &'p [Measured<'b>]> {
    let requests: u64 =
        pairs.iter().map(|pair| pair.untraced.load.completed.min(pair.treated.load.completed)).sum();
    let most = usize::try_from(requests / CHUNK_REQUESTS).unwrap_or(MOST_CHUNKS);
    let count = most.clamp(1, MOST_CHUNKS).min(pairs.len().max(1));
    (0..count).map(move |index| &pairs[index * pairs.len() / count..(index + 1) * pairs.len() / count])
}

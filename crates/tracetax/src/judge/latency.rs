//! Added latency at a quantile. Quantiles of single blocks mean little, so neighbouring pairs are merged into chunks; a
//! chunk is then the sample.
//!
//! A chunk is traced against untraced as a whole, so what was random within its pairs stays random; that the signs of the
//! chunks are fair coins under no effect rests on the coins of the pairs.

use record::histogram;
use stats::Sample;

use super::{
    Measured,
    arm::{merged, quantile_ms},
};

/// Most chunks, and fewest requests an arm of each.
const MOST_CHUNKS: usize = 20;
const CHUNK_REQUESTS: u64 = 1_000;

/// Response times of both arms, one histogram an arm and chunk.
pub struct Chunks(Vec<[hdrhistogram::Histogram<u64>; 2]>);

impl Chunks {
    /// Cuts the pairs into as many chunks as have enough requests, as evenly as can be, and merges each.
    pub fn of(pairs: &[Measured<'_>]) -> Self {
        let answered = |pair: &Measured<'_>| pair.untraced.load.completed.min(pair.treated.load.completed);
        let requests: u64 = pairs.iter().map(answered).sum();
        let most = usize::try_from(requests / CHUNK_REQUESTS).unwrap_or(MOST_CHUNKS);
        let count = most.clamp(1, MOST_CHUNKS).min(pairs.len().max(1));
        let chunk = |index: usize| &pairs[index * pairs.len() / count..(index + 1) * pairs.len() / count];
        Self((0..count).map(|index| arms(chunk(index))).collect())
    }

    /// Untraced levels and differences of the chunks, in milliseconds; None where a chunk has too few samples beyond the
    /// quantile.
    pub fn at_quantile(&self, quantile: f64) -> Option<(Sample, Sample)> {
        let mut levels = Vec::new();
        let mut differences = Vec::new();
        for [untraced, treated] in &self.0 {
            let untraced = quantile_ms(untraced, quantile)?;
            levels.push(untraced);
            differences.push(quantile_ms(treated, quantile)? - untraced);
        }
        Some((Sample::new(levels).ok()?, Sample::new(differences).ok()?))
    }

    /// All response times, an arm each: untraced, treated.
    pub fn whole(&self) -> [hdrhistogram::Histogram<u64>; 2] {
        let mut whole = [histogram::empty(), histogram::empty()];
        for chunk in &self.0 {
            for (all, one) in whole.iter_mut().zip(chunk) {
                all.add(one).expect("all histograms have the bounds of `histogram::empty`");
            }
        }
        whole
    }
}

fn arms(pairs: &[Measured<'_>]) -> [hdrhistogram::Histogram<u64>; 2] {
    [
        merged(pairs.iter().map(|pair| &pair.untraced.load.response)),
        merged(pairs.iter().map(|pair| &pair.treated.load.response)),
    ]
}

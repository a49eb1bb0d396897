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
    /// Cuts the pairs as evenly as can be into as many chunks as leave enough requests in each; one where there are not
    /// enough for even that.
    pub fn of(pairs: &[Measured<'_>]) -> Self {
        let most = MOST_CHUNKS.min(pairs.len());
        let enough =
            (2..=most).rev().find(|count| cut(pairs, *count).all(|chunk| requests(chunk) >= CHUNK_REQUESTS));
        Self(cut(pairs, enough.unwrap_or(1)).map(arms).collect())
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

    /// The differences of the chunks in their order, in milliseconds; None where a chunk has too few samples.
    pub fn differences_at(&self, quantile: f64) -> Option<Vec<f64>> {
        let of = |[untraced, treated]: &[_; 2]| {
            Some(quantile_ms(treated, quantile)? - quantile_ms(untraced, quantile)?)
        };
        self.0.iter().map(of).collect()
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

fn cut<'p, 'b>(pairs: &'p [Measured<'b>], count: usize) -> impl Iterator<Item = &'p [Measured<'b>]> {
    (0..count).map(move |index| &pairs[index * pairs.len() / count..(index + 1) * pairs.len() / count])
}

/// Requests in the poorer arm.
fn requests(chunk: &[Measured<'_>]) -> u64 {
    let of = |arm: fn(&Measured<'_>) -> u64| chunk.iter().map(arm).sum::<u64>();
    of(|pair| pair.untraced.load.completed).min(of(|pair| pair.treated.load.completed))
}

fn arms(pairs: &[Measured<'_>]) -> [hdrhistogram::Histogram<u64>; 2] {
    [
        merged(pairs.iter().map(|pair| &pair.untraced.load.response)),
        merged(pairs.iter().map(|pair| &pair.treated.load.response)),
    ]
}

#[cfg(test)]
mod tests {
    use record::plan::Arm;

    use super::{CHUNK_REQUESTS, Chunks, MOST_CHUNKS};
    use crate::judge::{Measured, tests::block};

    /// How many chunks pairs with so many requests make, and whether each has a 99th percentile.
    fn check(requests: &[u64], chunks: usize, quantile: bool) {
        let block = |arm, completed: &u64| {
            let mut block = block(0, arm, 20.0);
            block.load.completed = *completed;
            block.load.response = crate::judge::tests::histogram(*completed);
            block
        };
        let untraced: Vec<_> = requests.iter().map(|completed| block(Arm::Untraced, completed)).collect();
        let treated: Vec<_> = requests.iter().map(|completed| block(Arm::Treated, completed)).collect();
        let pairs = untraced.iter().zip(&treated).map(|(untraced, treated)| Measured { untraced, treated });
        let cut = Chunks::of(&pairs.collect::<Vec<_>>());
        assert_eq!(cut.0.len(), chunks, "{requests:?}");
        assert_eq!(cut.at_quantile(0.99).is_some(), quantile, "{requests:?}");
    }

    #[test]
    fn every_chunk_has_enough_requests() {
        check(&[100; 20], 2, true);
        check(&[98; 150], 13, true);
        check(&[CHUNK_REQUESTS; 7], 7, true);
        check(&[CHUNK_REQUESTS - 1; 7], 3, true);
        check(&[100_000; 500], MOST_CHUNKS, true);
    }

    #[test]
    fn too_few_requests_are_one_chunk_without_a_high_quantile() {
        check(&[100; 9], 1, false);
        check(&[100; 10], 1, true);
    }
}

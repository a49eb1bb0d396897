//! All sign flips of a few chunk differences: the exact test where the mean is wanted and ranks of so few say little.
//!
//! Source: Fisher, *The Design of Experiments* (1935), section 21; Hartigan, *Using subsample values as typical values*,
//! JASA 64 (1969); Tritchler, *On inverting permutation tests*, JASA 79 (1984).

use crate::{Alpha, Alternative, Interval, Refused, Sample, student};

/// More chunks than this have too many flips to try them all.
pub const MAX_CHUNKS: usize = 20;

/// Is the mean difference of the chunks off zero, more than coins would put it?
///
/// The p-value counts all 2^n flips of whole chunks, that of the data included, so it is exact and never below 2^-n.
///
/// # Errors
/// [`Refused::TooManyChunks`] with more than [`MAX_CHUNKS`].
pub fn test(chunks: &Sample, alternative: Alternative) -> Result<f64, Refused> {
    let sums = subset_sums(chunks)?;
    // Flipping a subset raises the mean where the subset sums to less than nothing. A sum that is zero but for the
    // rounding of its at most 20 terms counts as a tie, on the safe side.
    let rounding = 32.0 * f64::EPSILON * chunks.values().iter().map(|d| d.abs()).sum::<f64>();
    let at_most = sums.iter().filter(|sum| **sum >= -rounding).count();
    let at_least = sums.iter().filter(|sum| **sum <= rounding).count();
    let share = |flips| flips as f64 / sums.len() as f64;
    Ok(alternative.p(share(at_most), share(at_least)))
}

/// Between which bounds does the true mean difference lie? The flip test inverted; unit of the input.
///
/// Hartigan's result makes the search unnecessary: the bounds are order statistics of the means of all 2^n - 1 subsets,
/// the (2^n alpha)-th from either end. The estimate is the plain mean. A bound is infinite with fewer than log2(1/alpha)
/// chunks.
///
/// # Errors
/// [`Refused::TooManyChunks`] with more than [`MAX_CHUNKS`].
pub fn interval(chunks: &Sample, alpha: Alpha) -> Result<Interval, Refused> {
    let mut means = subset_means(chunks)?;
    let estimate = student::mean(chunks);
    let outside = (alpha.rate() * (means.len() + 1) as f64) as usize;
    if outside == 0 {
        return Ok(Interval { low: f64::NEG_INFINITY, estimate, high: f64::INFINITY });
    }
    // Alpha is below 1/2, so the lower bound lies among the means below the upper one.
    let upper = means.len() - outside;
    let (below, &mut high, _) = means.select_nth_unstable_by(upper, f64::total_cmp);
    let (_, &mut low, _) = below.select_nth_unstable_by(outside - 1, f64::total_cmp);
    Ok(Interval { low, estimate, high })
}

/// The means of all subsets but the empty one.
fn subset_means(chunks: &Sample) -> Result<Vec<f64>, Refused> {
    let mut means = subset_sums(chunks)?;
    for (subset, mean) in means.iter_mut().enumerate() {
        *mean /= f64::from(subset.count_ones());
    }
    means.swap_remove(0);
    Ok(means)
}

/// The sum of every subset; the bits of its index say which chunks are in.
///
/// Doubling adds each chunk once to every sum so far. A Gray code would do as few additions, but would carry its rounding
/// errors through all of them.
fn subset_sums(chunks: &Sample) -> Result<Vec<f64>, Refused> {
    let count = chunks.count();
    if count > MAX_CHUNKS {
        return Err(Refused::TooManyChunks(count));
    }
    let mut sums = Vec::with_capacity(1 << count);
    sums.push(0.0);
    for &d in chunks.values() {
        for subset in 0..sums.len() {
            sums.push(sums[subset] + d);
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Darwin's maize, crossed minus self-fertilised, in eighths of an inch: Fisher, section 17.
    const MAIZE: [f64; 15] =
        [49.0, -67.0, 8.0, 16.0, 6.0, 23.0, 28.0, 41.0, 14.0, 29.0, 56.0, 24.0, 75.0, 60.0, -48.0];

    fn sample(values: &[f64]) -> Sample {
        Sample::new(values.to_vec()).unwrap()
    }

    #[test]
    fn agrees_with_fisher() {
        // Section 21: 863 of the 2^15 flips come to 314 or more, 5.267 % on both sides.
        let p = |alternative| test(&sample(&MAIZE), alternative).unwrap();
        assert_eq!(p(Alternative::Greater), 863.0 / 32768.0);
        assert_eq!(p(Alternative::TwoSided), 1726.0 / 32768.0);
    }

    #[test]
    fn equal_but_for_rounding_is_equal() {
        // 0.1 + 0.2 - 0.3 is not zero in binary.
        let p = |values: &[f64]| test(&sample(values), Alternative::Greater).unwrap();
        assert_eq!(p(&[0.1, 0.2, -0.3]), p(&[1.0, 2.0, -3.0]));
    }

    #[test]
    fn refuses_what_it_cannot_enumerate_and_bounds_what_it_can() {
        let alpha = Alpha::one_sided(0.1).unwrap();
        assert_eq!(interval(&sample(&[1.0; 21]), alpha), Err(Refused::TooManyChunks(21)));
        let few = interval(&sample(&[1.0, 2.0, 3.0]), alpha).unwrap();
        assert_eq!(few, Interval { low: f64::NEG_INFINITY, estimate: 2.0, high: f64::INFINITY });
        let four = interval(&sample(&[1.0, 2.0, 3.0, 4.0]), alpha).unwrap();
        assert_eq!(four, Interval { low: 1.0, estimate: 2.5, high: 4.0 });
        assert_eq!(interval(&sample(&[5.0, 5.0]), Alpha::one_sided(0.49).unwrap()).unwrap().low, 5.0);
    }

    proptest! {
        #[test]
        fn test_and_interval_agree(
            values in prop::collection::vec(-1e3..1e3_f64, 3..9),
            tau in -1e3..1e3_f64,
            rate in 0.004..0.4,
        ) {
            let bounds = interval(&sample(&values), Alpha::one_sided(rate).unwrap()).unwrap();
            let against = sample(&values).shifted_by(-tau).unwrap();
            prop_assert_eq!(bounds.low > tau, test(&against, Alternative::Greater).unwrap() <= rate);
            prop_assert_eq!(bounds.high < tau, test(&against, Alternative::Less).unwrap() <= rate);
        }
    }
}

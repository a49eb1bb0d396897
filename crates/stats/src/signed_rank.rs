//! The Wilcoxon signed-rank test and its interval: a sign-flip test on ranks, exact for any noise and any drift as long
//! as the order inside each pair was a fair coin.
//!
//! Source: Wilcoxon, *Individual comparisons by ranking methods*, Biometrics Bull. 1 (1945); Hollander, Wolfe and Chicken,
//! *Nonparametric Statistical Methods*, 3rd ed., sections 3.1 to 3.3.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::flip_distribution::{critical_sum, probability_at_most};
use crate::hodges_lehmann::{hodges_lehmann, walsh_average, walsh_count};
use crate::{Alpha, Alternative, Interval, Sample};

/// Up to this many pairs every arrangement of the signs is counted; above it the normal limit is used.
pub const EXACT_PAIRS: usize = 50;

/// What did the signed-rank test find?
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// Sum of the ranks of the positive differences (the V of R, the T+ of Hollander and Wolfe).
    pub positive_ranks: f64,
    /// Probability of a sum at least as extreme if each sign were a coin.
    pub p: f64,
}

/// Do the differences lie off zero, more than coins would put them? Needs no unit.
///
/// Up to [`EXACT_PAIRS`] differences the p-value is exact, ties and zeros included: all sign flips of the midranks at hand
/// are counted. Above it is the normal limit with the variance of those midranks (which is the tie correction) and a
/// continuity correction of 1/2.
///
/// Zeros are ranked, then their ranks are left out of the sum (Pratt, *Remarks on zeros and ties in the Wilcoxon signed
/// rank procedures*, JASA 54 (1959)). Wilcoxon dropped them before ranking, which has two faults: raising every
/// difference can turn a significant increase into none, and it disagrees with the interval, which cannot drop a zero.
pub fn test(d: &Sample, alternative: Alternative) -> SignedRank {
    let ranks = doubled_midranks(d);
    let weights: Vec<usize> = ranks.iter().map(|&(_, rank)| rank).collect();
    let total: usize = weights.iter().sum();
    let positive: usize = ranks.iter().filter(|(d, _)| *d > 0.0).map(|(_, rank)| rank).sum();
    let at_most = |sum| {
        if d.count() <= EXACT_PAIRS {
            probability_at_most(&weights, sum)
        } else {
            normal_at_most(&weights, sum)
        }
    };
    // The distribution is symmetric, so the upper tail is the lower tail of the negative ranks.
    let p = alternative.p(at_most(positive), at_most(total - positive));
    SignedRank { positive_ranks: positive as f64 / 2.0, p }
}

/// Between which bounds does the true difference lie? The test inverted; unit of the input.
///
/// The bounds are Walsh averages counted from either end, each wrong with probability at most alpha: by exact count up to
/// [`EXACT_PAIRS`], by the normal limit above. The estimate is [`hodges_lehmann`]. A bound is infinite with fewer than
/// [`fewest_pairs`]. With ties the interval errs on the safe side.
pub fn interval(d: &Sample, alpha: Alpha) -> Interval {
    let estimate = hodges_lehmann(d);
    match averages_outside(d.count(), alpha) {
        0 => Interval { low: f64::NEG_INFINITY, estimate, high: f64::INFINITY },
        k => Interval {
            low: walsh_average(d, k),
            estimate,
            high: walsh_average(d, walsh_count(d.count()) + 1 - k),
        },
    }
}

/// How many pairs does a bound need at least? With fewer, even if all agree, coins could have done it too often.
pub fn fewest_pairs(alpha: Alpha) -> usize {
    (1.0 / alpha.rate()).log2().ceil() as usize
}

/// Which Walsh average, counted from 1 from its end, is the bound? 0 if there are too few pairs for one.
fn averages_outside(n: usize, alpha: Alpha) -> u64 {
    if n <= EXACT_PAIRS {
        let ranks: Vec<usize> = (1..=n).collect();
        return critical_sum(&ranks, alpha.rate()) as u64;
    }
    let n_float = n as f64;
    let mean = n_float * (n_float + 1.0) / 4.0;
    let deviation = (mean * (2.0 * n_float + 1.0) / 6.0).sqrt();
    let sum = mean + Normal::standard().inverse_cdf(alpha.rate()) * deviation + 0.5;
    sum.max(0.0) as u64
}

/// The normal limit of [`probability_at_most`], with a continuity correction of half a rank, which is 1 when doubled.
fn normal_at_most(doubled_ranks: &[usize], sum: usize) -> f64 {
    let mean = doubled_ranks.iter().sum::<usize>() as f64 / 2.0;
    let variance = doubled_ranks.iter().map(|&rank| (rank as f64).powi(2)).sum::<f64>() / 4.0;
    if variance == 0.0 {
        return 1.0;
    }
    Normal::standard().cdf((sum as f64 + 1.0 - mean) / variance.sqrt())
}

/// Each difference other than zero, with twice its midrank among all absolute differences (zeros take part in the ranking).
///
/// Doubled, a midrank is a whole number: first plus last place of its group of ties.
fn doubled_midranks(d: &Sample) -> Vec<(f64, usize)> {
    let mut by_size = d.values().to_vec();
    by_size.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    let mut places = 0;
    let mut ranked = Vec::with_capacity(by_size.len());
    for ties in by_size.chunk_by(|a, b| a.abs() == b.abs()) {
        let rank = 2 * places + ties.len() + 1;
        places += ties.len();
        ranked.extend(ties.iter().filter(|d| **d != 0.0).map(|d| (*d, rank)));
    }
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hamilton depression scores, first minus second visit: Hollander and Wolfe, table 3.1, and R's `?wilcox.test`.
    const DEPRESSION: [f64; 9] = [0.952, -0.147, 1.022, 0.430, 0.620, 0.590, 0.490, -0.080, 0.010];

    fn sample(values: &[f64]) -> Sample {
        Sample::new(values.to_vec()).unwrap()
    }

    fn p(values: &[f64], alternative: Alternative) -> f64 {
        test(&sample(values), alternative).p
    }

    #[test]
    fn agrees_with_the_depression_example() {
        // R: wilcox.test(x, y, paired = TRUE, alternative = "greater") gives V = 40, p-value = 0.01953.
        let found = test(&sample(&DEPRESSION), Alternative::Greater);
        assert_eq!(found, SignedRank { positive_ranks: 40.0, p: 10.0 / 512.0 });
        assert_eq!(p(&DEPRESSION, Alternative::TwoSided), 20.0 / 512.0);
        assert_eq!(p(&DEPRESSION, Alternative::Less), 1.0 - 7.0 / 512.0);
        // Hollander and Wolfe, example 3.4: the 96 % interval is (0.010, 0.786).
        let found = interval(&sample(&DEPRESSION), Alpha::of_confidence(0.96).unwrap());
        assert!((found.low - 0.010).abs() < 1e-12 && (found.high - 0.786).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn too_few_pairs_have_no_bound() {
        let alpha = Alpha::one_sided(0.01).unwrap();
        let six = interval(&sample(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), alpha);
        assert_eq!((six.low, six.high), (f64::NEG_INFINITY, f64::INFINITY));
        let seven = interval(&sample(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), alpha);
        assert_eq!((seven.low, seven.high), (1.0, 7.0));
        assert_eq!(fewest_pairs(alpha), 7);
        assert_eq!(fewest_pairs(Alpha::one_sided(0.125).unwrap()), 3);
    }

    #[test]
    fn only_zeros_say_nothing() {
        for n in [1, 20, 60] {
            assert_eq!(p(&vec![0.0; n], Alternative::TwoSided), 1.0);
        }
    }

    #[test]
    fn a_decrease_is_never_more_significantly_an_increase() {
        // Pratt's point. Without its zero the sample looks weaker than the same sample after every value fell.
        let with_zero = [0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, -8.0];
        let fallen = with_zero.map(|d| d - 0.5);
        let p = |values: &[f64]| p(values, Alternative::Greater);
        assert_eq!((p(&with_zero[1..]), p(&fallen), p(&with_zero)), (19.0 / 128.0, 0.125, 14.0 / 128.0));
    }

    #[test]
    fn the_normal_limit_meets_the_exact_count() {
        let ranks: Vec<usize> = (1..=50).map(|rank| 2 * rank).collect();
        for sum in [600, 800, 1000, 1274] {
            let difference = normal_at_most(&ranks, sum) - probability_at_most(&ranks, sum);
            assert!(difference.abs() < 1e-3, "{sum}: {difference}");
        }
    }

    /// The definition: of all sign flips, the share with a sum of positive ranks at least that observed.
    fn share_of_flips(values: &[f64]) -> f64 {
        let ranks = doubled_midranks(&sample(values));
        let sum = |signs: usize| -> usize {
            ranks.iter().enumerate().filter(|(i, _)| signs >> i & 1 == 1).map(|(_, (_, rank))| rank).sum()
        };
        let observed: usize = ranks.iter().filter(|(d, _)| *d > 0.0).map(|(_, rank)| rank).sum();
        let all = 1 << ranks.len();
        (0..all).filter(|&signs| sum(signs) >= observed).count() as f64 / all as f64
    }

    proptest! {
        #[test]
        fn counts_all_flips_with_ties_and_zeros(values in prop::collection::vec(-4..5_i8, 1..10)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            prop_assert_eq!(p(&values, Alternative::Greater), share_of_flips(&values));
        }

        #[test]
        fn test_and_interval_agree(
            values in prop::collection::vec(-1e3..1e3_f64, 5..80),
            tau in -1e3..1e3_f64,
            rate in 0.001..0.3,
        ) {
            let bounds = interval(&sample(&values), Alpha::one_sided(rate).unwrap());
            let against = sample(&values).shifted_by(-tau).unwrap();
            prop_assert_eq!(bounds.low > tau, test(&against, Alternative::Greater).p <= rate);
            prop_assert_eq!(bounds.high < tau, test(&against, Alternative::Less).p <= rate);
        }
    }
}

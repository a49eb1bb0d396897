//! What could this run have seen? The minimum detectable effect, from the run's own spread.
//!
//! The spread that counts is that of the estimate which gates, so it is read off that estimate's own interval: half its
//! width, stretched from "just excludes zero" to "excludes zero with the power asked for" by noncentral t. The standard
//! deviation would be wrong both ways: for normal noise ranks need 3/pi more pairs than the mean, and for noise with
//! bursts they need far fewer, while a single burst inflates the deviation. That the width of a rank interval estimates
//! the spread of its centre is due to Lehmann, *Nonparametric confidence intervals for a shift parameter*, Ann. Math.
//! Statist. 34 (1963). The width at the level of the verdict itself was chosen by simulation over the one-sigma width:
//! in small samples with heavy tails the far bounds lie further out than a normal would have them.

use crate::bisection::first_that_holds;
use crate::{Alpha, Interval, Refused, Sample, chunk_flip, noncentral_t, signed_rank, student};

/// How often should an effect of the size in question be found?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// In 80 of 100 runs.
    Percent80,
    /// In 95 of 100 runs.
    Percent95,
}

impl Power {
    /// How often may it be missed?
    pub(crate) const fn missed(self) -> f64 {
        match self {
            Self::Percent80 => 0.20,
            Self::Percent95 => 0.05,
        }
    }
}

/// How small an effect would the signed-rank bound at `alpha` still have told from zero? Unit of the input.
///
/// An effect of this size puts the bound clear of zero with the given power; the same size is the smallest margin that a
/// run without any effect passes with that power. Infinite with fewer than [`signed_rank::fewest_pairs`].
///
/// Itself an estimate: with 30 pairs, 9 of 10 runs name at most a third more than the median run does, in all but the
/// wildest noise. In small samples with heavy tails it is optimistic: at alpha 0.01 and every tenth block ten times as
/// wild, an effect of this size is found in 71 % of runs with 10 pairs, 77 % with 30, 78 % with 60, 80 % with 200.
pub fn mde(d: &Sample, alpha: Alpha, power: Power) -> f64 {
    stretched(signed_rank::interval(d, alpha), d.count(), alpha, power)
}

/// How small an effect would the flips of chunks still have told from zero? As [`mde`], for [`chunk_flip::interval`].
///
/// # Errors
/// [`Refused::TooManyChunks`] with more than [`chunk_flip::MAX_CHUNKS`].
pub fn mde_of_chunks(chunks: &Sample, alpha: Alpha, power: Power) -> Result<f64, Refused> {
    Ok(stretched(chunk_flip::interval(chunks, alpha)?, chunks.count(), alpha, power))
}

/// How many pairs in all would bring the minimum detectable effect down to `effect`? `None` if no number can be named:
/// `mde` is infinite, or `effect` is not above zero.
///
/// The effect shrinks with the square root of the number of pairs, if the noise of more pairs is that of those at hand.
pub fn pairs_needed(pairs: usize, mde: f64, effect: f64) -> Option<usize> {
    let needed = (pairs as f64 * (mde / effect).powi(2)).ceil();
    (effect > 0.0 && needed.is_finite()).then_some(needed as usize)
}

/// Half the width of an interval, taken from the distance at which its bound touches zero to that at which it clears it.
fn stretched(interval: Interval, n: usize, alpha: Alpha, power: Power) -> f64 {
    let half_width = (interval.high - interval.low) / 2.0;
    if half_width.is_infinite() {
        return f64::INFINITY;
    }
    half_width * noncentrality(n, alpha, power) / student::t_beyond(n, alpha)
}

/// By how many standard errors must the truth be off zero for Student's test to see it?
pub(crate) fn noncentrality(n: usize, alpha: Alpha, power: Power) -> f64 {
    let missed = power.missed();
    let critical = student::t_beyond(n, alpha);
    first_that_holds(0.0, noncentral_t::MAX_DELTA, |delta| {
        noncentral_t::cdf(critical, (n - 1) as f64, delta) <= missed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_published_power() {
        // scipy.stats.nct, solved for 80 and 95 %; Cohen's n = 34 for d = 0.5 (two-sided 0.05) has a power of just over 80 %.
        let at = |n, rate, power| noncentrality(n, Alpha::one_sided(rate).unwrap(), power);
        let known = [
            (at(7, 0.01, Power::Percent80), 4.134321963),
            (at(10, 0.01, Power::Percent80), 3.748185712),
            (at(34, 0.025, Power::Percent80), 2.886488483),
            (at(200, 0.001, Power::Percent95), 4.792782929),
            (at(5000, 0.01, Power::Percent95), 3.972276736),
        ];
        for (found, expected) in known {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert!(0.5 * 34_f64.sqrt() > at(34, 0.025, Power::Percent80));
        assert!(0.5 * 33_f64.sqrt() < at(33, 0.025, Power::Percent80));
    }

    #[test]
    fn nothing_is_detectable_with_too_few_pairs() {
        let alpha = Alpha::one_sided(0.01).unwrap();
        let sample = |n: u8| Sample::new((0..n).map(f64::from).collect()).unwrap();
        for few in [1, 2, 6] {
            assert_eq!(mde(&sample(few), alpha, Power::Percent80), f64::INFINITY);
            assert_eq!(mde_of_chunks(&sample(few), alpha, Power::Percent80), Ok(f64::INFINITY));
        }
        assert!(mde(&sample(7), alpha, Power::Percent80).is_finite());
        assert!(mde_of_chunks(&sample(21), alpha, Power::Percent80).is_err());
    }

    #[test]
    fn half_the_effect_needs_four_times_the_pairs() {
        assert_eq!(pairs_needed(30, 1.0, 0.5), Some(120));
        assert_eq!(pairs_needed(30, 0.0, 0.5), Some(0));
        for (mde, effect) in [(f64::INFINITY, 1.0), (1.0, 0.0), (1.0, -1.0), (1.0, f64::NAN)] {
            assert_eq!(pairs_needed(30, mde, effect), None);
        }
    }
}

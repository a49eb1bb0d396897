//! What share of all would be good, if there were more than were seen?

use statrs::distribution::{Beta, ContinuousCDF};

use crate::{Alpha, Interval, bisection::first_that_holds};

/// The exact interval of Clopper and Pearson, *The use of confidence or fiducial limits illustrated in the case of the
/// binomial*, Biometrika 26 (1934): each bound is wrong at most `alpha` of the time, whatever the share. From 0 to 1.
///
/// `None` where `all` is 0 or less than `good`.
#[must_use]
pub fn proportion(good: u64, all: u64, alpha: Alpha) -> Option<Interval> {
    let bad = all.checked_sub(good).filter(|_| all > 0)?;
    let low = if good == 0 { 0.0 } else { beta_quantile(good, bad + 1, alpha.rate())? };
    let high = if bad == 0 { 1.0 } else { beta_quantile(good + 1, bad, 1.0 - alpha.rate())? };
    Some(Interval { low, estimate: good as f64 / all as f64, high })
}

/// By bisection: the crate's own inverse goes round in circles for some large shapes.
fn beta_quantile(a: u64, b: u64, p: f64) -> Option<f64> {
    let beta = Beta::new(a as f64, b as f64).ok()?;
    Some(first_that_holds(0.0, 1.0, |x| beta.cdf(x) >= p))
}

/// How many have to be seen, `bad` of them not good, until the lower bound of [`proportion`] reaches `share`?
///
/// `None` where no number does (a share of 1 or more, or a number beyond 2^40).
#[must_use]
pub fn trials_needed(bad: u64, share: f64, alpha: Alpha) -> Option<u64> {
    // The lower bound is where so many good ones are as rare as alpha; it rises with every good one more.
    let reached = |all: u64| {
        let beta = Beta::new((all - bad) as f64, (bad + 1) as f64);
        beta.is_ok_and(|beta| beta.cdf(share) <= alpha.rate())
    };
    let enough = (0..=40).map(|power| bad + (1 << power)).find(|all| reached(*all))?;
    let (mut few, mut many) = (bad, enough);
    while many - few > 1 {
        let middle = u64::midpoint(few, many);
        if reached(middle) { many = middle } else { few = middle }
    }
    Some(many)
}

#[cfg(test)]
mod tests {
    use super::{proportion, trials_needed};
    use crate::Alpha;

    fn check(good: u64, all: u64, confidence: f64, low: f64, high: f64) {
        let interval = proportion(good, all, Alpha::of_confidence(confidence).unwrap()).unwrap();
        assert!((interval.low - low).abs() < 5e-4, "{interval:?}");
        assert!((interval.high - high).abs() < 5e-4, "{interval:?}");
    }

    /// The closed forms at the ends, alpha/2 = (1 - p)^n, and scipy.stats.binomtest(7, 10).proportion_ci().
    #[test]
    fn known_answers() {
        check(0, 10, 0.95, 0.0, 0.3085);
        check(10, 10, 0.95, 0.6915, 1.0);
        check(7, 10, 0.95, 0.3475, 0.9333);
    }

    /// (1 - p)^n = alpha has a closed form, however long a soak is.
    #[test]
    fn the_bound_of_many_is_found_too() {
        for all in [4_603, 28_800, 1_000_000_u64] {
            let low = proportion(all, all, Alpha::one_sided(0.01).unwrap()).unwrap().low;
            assert!((low - 0.01_f64.powf(1.0 / all as f64)).abs() < 1e-9, "{all}: {low}");
        }
    }

    #[test]
    fn nothing_seen_says_nothing() {
        let alpha = Alpha::of_confidence(0.95).unwrap();
        assert!(proportion(0, 0, alpha).is_none());
        assert!(proportion(3, 2, alpha).is_none());
    }

    /// 0.999^n is at most alpha: n is ln(alpha) / ln(0.999). With a bad one more, tables of the binomial say 6,636.
    #[test]
    fn so_many_are_needed() {
        let needed = |bad, share, rate| trials_needed(bad, share, Alpha::one_sided(rate).unwrap());
        assert_eq!(needed(0, 0.999, 0.01), Some(4_603));
        assert_eq!(needed(0, 0.999, 0.05), Some(2_995));
        assert_eq!(needed(1, 0.999, 0.01), Some(6_636));
        assert_eq!(needed(0, 1.0, 0.01), None);
    }

    #[test]
    fn one_less_is_not_enough() {
        let alpha = Alpha::one_sided(0.01).unwrap();
        for bad in [0, 3, 20] {
            let needed = trials_needed(bad, 0.99, alpha).unwrap();
            assert!(proportion(needed - bad, needed, alpha).unwrap().low >= 0.99);
            assert!(proportion(needed - 1 - bad, needed - 1, alpha).unwrap().low < 0.99);
        }
    }
}

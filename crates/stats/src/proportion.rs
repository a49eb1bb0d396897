//! What share of all would be good, if there were more than were seen?

use statrs::distribution::{Beta, ContinuousCDF};

use crate::{Alpha, Interval};

/// The exact interval of Clopper and Pearson, *The use of confidence or fiducial limits illustrated in the case of the
/// binomial*, Biometrika 26 (1934): each bound is wrong at most `alpha` of the time, whatever the share. From 0 to 1.
///
/// `None` where `all` is 0 or less than `good`.
#[must_use]
pub fn proportion(good: u64, all: u64, alpha: Alpha) -> Option<Interval> {
    let bad = all.checked_sub(good).filter(|_| all > 0)?;
    let beta = |a: u64, b: u64, p: f64| Some(Beta::new(a as f64, b as f64).ok()?.inverse_cdf(p));
    let low = if good == 0 { 0.0 } else { beta(good, bad + 1, alpha.rate())? };
    let high = if bad == 0 { 1.0 } else { beta(good + 1, bad, 1.0 - alpha.rate())? };
    Some(Interval { low, estimate: good as f64 / all as f64, high })
}

#[cfg(test)]
mod tests {
    use super::proportion;
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

    #[test]
    fn nothing_seen_says_nothing() {
        let alpha = Alpha::of_confidence(0.95).unwrap();
        assert!(proportion(0, 0, alpha).is_none());
        assert!(proportion(3, 2, alpha).is_none());
    }
}

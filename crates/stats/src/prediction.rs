//! What may one more value be, if nothing has changed? The rule by which a new session is held against accepted ones.

use crate::{Alpha, Sample, power, power::Power, student};

/// By how many standard deviations of `count` values may one more value of the same normal kind lie beyond their mean, and
/// be further off with probability alpha only? Infinite for fewer than two values.
///
/// t(1 - alpha, n - 1) * sqrt(1 + 1/n): the bound of a prediction interval for a single future observation.
/// Source: Hahn and Meeker, *Statistical Intervals* (1991), section 4.7.
pub fn factor(count: usize, alpha: Alpha) -> f64 {
    if count < 2 { f64::INFINITY } else { student::t_beyond(count, alpha) * widening(count) }
}

/// How far may one more value lie beyond the mean of these? [`factor`] times their standard deviation, in the unit of the
/// input; infinite for a single value.
pub fn reach(accepted: &Sample, alpha: Alpha) -> f64 {
    let spread = student::standard_deviation(accepted);
    spread.map_or(f64::INFINITY, |spread| factor(accepted.count(), alpha) * spread)
}

/// How large must a true change be for one more value to lie beyond both the reach and `tolerance` with this power? Unit of
/// the input; infinite for a single value.
pub fn detectable(accepted: &Sample, tolerance: f64, alpha: Alpha, power: Power) -> f64 {
    let Some(spread) = student::standard_deviation(accepted) else {
        return f64::INFINITY;
    };
    let (count, error) = (accepted.count(), spread * widening(accepted.count()));
    let beyond_reach = power::noncentrality(count, alpha, power) * error;
    let missed =
        Alpha::one_sided(power.missed()).map_or(f64::INFINITY, |missed| student::t_beyond(count, missed));
    beyond_reach.max(tolerance + missed * error)
}

/// The new value varies like each of the accepted, and their mean varies too.
fn widening(count: usize) -> f64 {
    (1.0 + 1.0 / count as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn five_percent() -> Alpha {
        Alpha::one_sided(0.05).unwrap()
    }

    #[test]
    fn the_factors_are_those_of_the_tables() {
        // t(0.95, 4) = 2.132 and t(0.95, 9) = 1.833: the 2.34 and 1.92 that the gate promises.
        for (count, expected) in [(5, 2.335_3), (10, 1.922_6), (2, 7.732_7), (101, 1.668_5)] {
            let found = factor(count, five_percent());
            assert!((found - expected).abs() < 1e-4, "{count}: {found}");
        }
        assert_eq!((factor(5, five_percent()) * 100.0).round(), 234.0);
        assert_eq!((factor(10, five_percent()) * 100.0).round(), 192.0);
        assert_eq!(factor(1, five_percent()), f64::INFINITY);
    }

    #[test]
    fn the_reach_is_in_the_unit_of_the_values() {
        // Standard deviation 1.5811.
        let accepted = Sample::new(vec![1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!((reach(&accepted, five_percent()) - 3.692_4).abs() < 1e-4);
        assert_eq!(reach(&Sample::new(vec![1.0]).unwrap(), five_percent()), f64::INFINITY);
    }

    #[test]
    fn what_is_detectable_is_beyond_reach_and_tolerance() {
        let accepted = Sample::new(vec![1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let at = |tolerance| detectable(&accepted, tolerance, five_percent(), Power::Percent80);
        assert!(at(0.0) > reach(&accepted, five_percent()), "{}", at(0.0));
        // t(0.80, 4) = 0.941, and the error of a difference is 1.5811 * sqrt(1.2).
        assert!((at(100.0) - (100.0 + 0.941 * 1.732)).abs() < 1e-3, "{}", at(100.0));
        assert_eq!(
            detectable(&Sample::new(vec![1.0]).unwrap(), 0.0, five_percent(), Power::Percent80),
            f64::INFINITY
        );
    }
}

//! The plain mean and Student's interval, shown beside the ranks as a cross-check: a large gap between the two says that
//! the noise is not normal.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{Alpha, Interval, Sample};

/// What is the plain mean? Unit of the input.
pub fn mean(sample: &Sample) -> f64 {
    sample.values().iter().sum::<f64>() / sample.count() as f64
}

/// How far do the values lie from their mean, typically? The standard deviation with n - 1, unit of the input; `None` for a
/// single value.
pub fn standard_deviation(sample: &Sample) -> Option<f64> {
    let mean = mean(sample);
    let squares: f64 = sample.values().iter().map(|x| (x - mean).powi(2)).sum();
    (sample.count() > 1).then(|| (squares / (sample.count() - 1) as f64).sqrt())
}

/// Between which bounds would the true mean lie, were the noise normal? Unit of the input.
///
/// Mean +- t s / sqrt(n), each bound wrong with probability alpha; infinite for a single value.
/// Source: Student, *The probable error of a mean*, Biometrika 6 (1908).
pub fn interval(sample: &Sample, alpha: Alpha) -> Interval {
    let estimate = mean(sample);
    let half = match standard_deviation(sample) {
        Some(deviation) => t_beyond(sample.count(), alpha) * deviation / (sample.count() as f64).sqrt(),
        None => f64::INFINITY,
    };
    Interval { low: estimate - half, estimate, high: estimate + half }
}

/// The value which t with n - 1 degrees of freedom (n of 2 or more) exceeds with probability alpha.
pub(crate) fn t_beyond(n: usize, alpha: Alpha) -> f64 {
    StudentsT::new(0.0, 1.0, (n - 1) as f64).map_or(f64::INFINITY, |t| -t.inverse_cdf(alpha.rate()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_sleep_data() {
        // Student's sleep data, R: t.test(extra ~ group, paired = TRUE) gives 0.70 to 2.46 around 1.58 (signs turned).
        let sleep = vec![1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4];
        let found = interval(&Sample::new(sleep).unwrap(), Alpha::of_confidence(0.95).unwrap());
        assert!((found.estimate - 1.58).abs() < 1e-12);
        assert!((found.low - 0.7001142).abs() < 1e-6 && (found.high - 2.4598858).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn one_value_has_no_spread() {
        let one = Sample::new(vec![3.0]).unwrap();
        assert_eq!(standard_deviation(&one), None);
        let found = interval(&one, Alpha::one_sided(0.01).unwrap());
        assert_eq!(found, Interval { low: f64::NEG_INFINITY, estimate: 3.0, high: f64::INFINITY });
    }
}

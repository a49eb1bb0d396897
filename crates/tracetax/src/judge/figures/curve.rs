//! The distribution of response times as a curve over quantiles.

use hdrhistogram::Histogram;

use crate::judge::arm::quantile_ms;

/// The highest quantile that is drawn.
pub const MOST_QUANTILE: f64 = 0.999;

/// Steps from one nine to the next: 90 %, 99 %, 99.9 %.
const STEPS_A_NINE: u32 = 20;

/// A point of the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantilePoint {
    /// The quantile, from 0 to [`MOST_QUANTILE`].
    pub quantile: f64,
    /// The response time that this share of the requests does not exceed, in milliseconds.
    pub latency_ms: f64,
}

/// The curve as far as there are ten samples beyond it, in equal steps of the logarithm of what is beyond.
pub fn of(times: &Histogram<u64>) -> Vec<QuantilePoint> {
    let quantiles =
        (0..=3 * STEPS_A_NINE).map(|step| 1.0 - 0.1_f64.powf(f64::from(step) / f64::from(STEPS_A_NINE)));
    let point = |quantile| Some(QuantilePoint { quantile, latency_ms: quantile_ms(times, quantile)? });
    quantiles.map_while(point).collect()
}

#[cfg(test)]
mod tests {
    use record::histogram::empty;

    use super::{MOST_QUANTILE, of};

    #[test]
    fn a_curve_ends_where_ten_samples_are_left() {
        let last = |count| {
            let mut times = empty();
            times.record_n(50_000, count).unwrap();
            of(&times).last().map(|point| point.quantile)
        };
        assert_eq!(last(0), None);
        assert!(last(100).is_some_and(|quantile| (0.89..0.91).contains(&quantile)), "{:?}", last(100));
        assert!(last(10_000).is_some_and(|quantile| (quantile - MOST_QUANTILE).abs() < 1e-9));
        assert!(last(1_000_000).is_some_and(|quantile| (quantile - MOST_QUANTILE).abs() < 1e-9));
    }
}

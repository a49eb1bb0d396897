//! Quantiles of a few values: of blocks, lives, sessions. Those of requests come from histograms, not from here.

use crate::{Refused, Sample};

/// Below which value does half the sample lie? Unit of the input; the mean of the two middle values if n is even.
pub fn median(sample: &Sample) -> f64 {
    let values = sample.values();
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

/// Below which value does a share `q` of the sample lie? Unit of the input; interpolated between neighbours.
///
/// # Errors
/// [`Refused::Probability`] unless `q` is between 0 and 1.
///
/// Source: definition 7 of Hyndman and Fan, *Sample quantiles in statistical packages*, Am. Statist. 50 (1996).
pub fn quantile(sample: &Sample, q: f64) -> Result<f64, Refused> {
    if !(0.0..=1.0).contains(&q) {
        return Err(Refused::Probability(q));
    }
    let values = sample.values();
    let place = q * (values.len() - 1) as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    Ok(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolates_between_neighbours() {
        // R: quantile(c(1, 2, 4, 8), c(0, .25, .5, .9, 1)) gives 1.0 1.75 3.0 6.8 8.0.
        let sample = Sample::new(vec![8.0, 1.0, 4.0, 2.0]).unwrap();
        for (q, expected) in [(0.0, 1.0), (0.25, 1.75), (0.5, 3.0), (0.9, 6.8), (1.0, 8.0)] {
            assert!((quantile(&sample, q).unwrap() - expected).abs() < 1e-12, "{q}");
        }
        assert_eq!(median(&sample), 3.0);
        assert_eq!(quantile(&sample, 50.0), Err(Refused::Probability(50.0)));
    }
}

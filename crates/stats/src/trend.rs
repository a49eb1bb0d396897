//! The slope of a series that was measured in time, where neighbours resemble each other.

use crate::{Alpha, Interval, Refused, Sample, median, theil_sen};

/// Does a level drift, how fast, and between which bounds?
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// The middle of each chunk, in the order of time: all that the slope is made of.
    pub chunks: Vec<(f64, f64)>,
    /// Unit of y per unit of x.
    pub slope: Interval,
}

/// Cuts a series into `chunks` stretches of as even a length as can be, takes the median of each in x and in y, and fits
/// [`theil_sen`] to those; a series shorter than that is taken point by point.
///
/// The bounds of Theil and Sen ask for errors that are exchangeable. Those of a series are not: what is high now is high
/// a moment later, and the bounds come out too narrow. Medians of stretches that are several times longer than the
/// likeness lasts are nearly independent (the batch means of simulation, with medians, so that a burst costs no more than
/// its stretch). A level that wanders without end has no such length: no method tells its steps from a drift.
///
/// # Errors
/// [`Refused::OutOfRange`] for a coordinate that is not a usable number; [`Refused::NoSlope`] if no two x differ;
/// [`Refused::Empty`] without points or without chunks.
///
/// Source of the batches: Law, *Simulation Modeling and Analysis*, 5th ed., section 9.5.3.
pub fn trend(series: &[(f64, f64)], chunks: usize, alpha: Alpha) -> Result<Trend, Refused> {
    let count = chunks.min(series.len());
    let bounds = |index: usize| index * series.len() / count;
    let cut = (0..count).map(|index| &series[bounds(index)..bounds(index + 1)]);
    let chunks = cut.map(middle).collect::<Result<Vec<_>, _>>()?;
    Ok(Trend { slope: theil_sen(&chunks, alpha)?, chunks })
}

fn middle(chunk: &[(f64, f64)]) -> Result<(f64, f64), Refused> {
    let of = |of: fn(&(f64, f64)) -> f64| Sample::new(chunk.iter().map(of).collect());
    Ok((median(&of(|point| point.0)?), median(&of(|point| point.1)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(series: &[(f64, f64)], chunks: usize) -> Trend {
        trend(series, chunks, Alpha::one_sided(0.01).unwrap()).unwrap()
    }

    #[test]
    fn a_burst_costs_no_more_than_its_chunk() {
        let mut series: Vec<(f64, f64)> = (0..200).map(|i| (f64::from(i), 3.0 * f64::from(i))).collect();
        series[60..70].iter_mut().for_each(|point| point.1 += 1e6);
        let found = fit(&series, 20);
        assert!((found.slope.estimate - 3.0).abs() < 1e-9, "{found:?}");
        assert!(found.slope.low > 2.9 && found.slope.high < 3.1, "{found:?}");
    }

    #[test]
    fn what_grows_once_at_the_start_does_not_drift() {
        let series: Vec<(f64, f64)> =
            (0..200).map(|i| (f64::from(i), if i < 8 { 1.0 } else { 9.0 })).collect();
        let found = fit(&series, 20).slope;
        assert!(
            found.low.abs() < 1e-9 && found.estimate.abs() < 1e-9 && found.high.abs() < 1e-9,
            "{found:?}"
        );
    }

    #[test]
    fn a_short_series_is_taken_point_by_point() {
        let series = [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)];
        assert_eq!(fit(&series, 20).chunks, series);
        assert_eq!(trend(&[], 20, Alpha::one_sided(0.01).unwrap()), Err(Refused::Empty));
        assert_eq!(trend(&series, 0, Alpha::one_sided(0.01).unwrap()), Err(Refused::Empty));
        assert!(trend(&[(0.0, f64::NAN)], 20, Alpha::one_sided(0.01).unwrap()).is_err());
    }

    proptest! {
        /// Chunks neither lose a point nor mix the order; a line comes back whatever its length.
        #[test]
        fn a_line_is_found_again(count in 2..300_u32, slope in -50..50_i8, chunks in 2..40_usize) {
            let slope = f64::from(slope);
            let series: Vec<_> = (0..count).map(|i| (f64::from(i), 7.0 + slope * f64::from(i))).collect();
            let found = fit(&series, chunks);
            prop_assert_eq!(found.chunks.len(), chunks.min(count as usize));
            prop_assert!(found.chunks.windows(2).all(|two| two[0].0 < two[1].0));
            prop_assert!((found.slope.estimate - slope).abs() < 1e-9, "{:?}", found.slope);
        }

        /// A shift and a tilt of the series are a shift of nothing and the same tilt of the slope.
        #[test]
        fn a_tilt_adds_to_the_slope(noise in prop::collection::vec(-9.0..9.0_f64, 40..80), tilt in -5..5_i8) {
            let tilt = f64::from(tilt);
            let series = |tilt: f64, shift: f64| -> Vec<(f64, f64)> {
                noise.iter().enumerate().map(|(i, y)| (i as f64, y + shift + tilt * i as f64)).collect()
            };
            // One point a chunk: the median of a tilted stretch is another point's.
            let (plain, tilted) = (fit(&series(0.0, 0.0), 80).slope, fit(&series(tilt, 100.0), 80).slope);
            for (plain, tilted) in [(plain.low, tilted.low), (plain.estimate, tilted.estimate), (plain.high, tilted.high)] {
                prop_assert!((plain + tilt - tilted).abs() < 1e-9, "{plain} {tilted}");
            }
        }
    }
}

//! A trend that a few wild points cannot bend: does memory grow, does a level drift?

use statrs::distribution::{ContinuousCDF, Normal};

use crate::bisection::first_that_holds;
use crate::sample::check_range;
use crate::{Alpha, Interval, Refused, Sample, median};

/// How fast does y grow with x, and between which bounds? Unit of y per unit of x.
///
/// The estimate is the median of the slopes of all pairs of points with different x; the bounds are those slopes which
/// Kendall's test of no trend leaves standing, by the normal limit with its corrections for ties, each wrong with
/// probability alpha if the errors of the points are exchangeable. Errors that wander (a series measured in time) make it
/// too narrow. A bound is infinite with too few points. O(n log n) time and O(n) memory; exact up to the rounding of y - bx.
///
/// # Errors
/// [`Refused::OutOfRange`] for a coordinate that is not a usable number; [`Refused::NoSlope`] if no two x differ.
///
/// Source: Theil (1950); Sen, *Estimates of the regression coefficient based on Kendall's tau*, JASA 63 (1968);
/// Hollander, Wolfe and Chicken, *Nonparametric Statistical Methods*, 3rd ed., sections 9.2 and 9.3. Counting slopes as
/// inversions: Cole, Salowe, Steiger and Szemerédi, *An optimal-time algorithm for slope selection* (1989).
pub fn theil_sen(points: &[(f64, f64)], alpha: Alpha) -> Result<Interval, Refused> {
    let slopes = Slopes::new(points)?;
    let estimate = f64::midpoint(slopes.nth(slopes.count.div_ceil(2)), slopes.nth(slopes.count / 2 + 1));
    let z = -Normal::standard().inverse_cdf(alpha.rate());
    // Concordant minus discordant pairs move in steps of two, hence a continuity correction of one.
    let outside = ((slopes.count as f64 - z * slopes.kendall_variance().sqrt() - 1.0) / 2.0 + 1.0).floor();
    if outside < 1.0 {
        return Ok(Interval { low: f64::NEG_INFINITY, estimate, high: f64::INFINITY });
    }
    let outside = outside as u64;
    Ok(Interval { low: slopes.nth(outside), estimate, high: slopes.nth(slopes.count + 1 - outside) })
}

/// All slopes between points, without writing them down.
struct Slopes {
    /// Ascending in x, and *descending* in y where x is tied, so that a tied pair counts as an inversion at any slope.
    points: Vec<(f64, f64)>,
    /// Pairs of points with the same x, which have no slope.
    tied: u64,
    /// Pairs of points with different x.
    count: u64,
    /// No slope lies outside plus or minus this.
    steepest: f64,
}

impl Slopes {
    fn new(points: &[(f64, f64)]) -> Result<Self, Refused> {
        check_range(points.iter().map(|p| p.0))?;
        check_range(points.iter().map(|p| p.1))?;
        let points = centred(points)?;
        let tied = pairs_in(group_sizes(points.iter().map(|p| p.0)));
        let count = pairs_in([points.len() as u64]) - tied;
        let step = points
            .windows(2)
            .map(|w| w[1].0 - w[0].0)
            .filter(|step| *step > 0.0)
            .fold(f64::INFINITY, f64::min);
        if step.is_infinite() {
            return Err(Refused::NoSlope);
        }
        let largest = points.iter().map(|p| p.1.abs()).fold(0.0, f64::max);
        // Twice what is possible, for rounding; capped so that y - bx stays finite.
        Ok(Self { points, tied, count, steepest: (4.0 * largest / step).min(1e200) })
    }

    /// The k-th smallest slope, counted from 1.
    fn nth(&self, k: u64) -> f64 {
        first_that_holds(-self.steepest, self.steepest, |slope| self.up_to(slope) >= k)
    }

    /// How many slopes are at most `slope`? Those pairs whose order turns round when the trend is taken off.
    fn up_to(&self, slope: f64) -> u64 {
        let mut residuals: Vec<f64> = self.points.iter().map(|(x, y)| y - slope * x).collect();
        let mut spare = residuals.clone();
        // Far off any slope the trend swallows the differences of tied points, and they no longer count as turned round.
        sort_counting_inversions(&mut residuals, &mut spare).saturating_sub(self.tied)
    }

    /// Variance of Kendall's S without a trend, ties in x and in y taken into account (Sen, equation 2.6).
    fn kendall_variance(&self) -> f64 {
        let term = |t: u64| (t * t.saturating_sub(1) * (2 * t + 5)) as f64;
        let x_ties: f64 = group_sizes(self.points.iter().map(|p| p.0)).into_iter().map(term).sum();
        let mut y: Vec<f64> = self.points.iter().map(|p| p.1).collect();
        y.sort_unstable_by(f64::total_cmp);
        let y_ties: f64 = group_sizes(y.into_iter()).into_iter().map(term).sum();
        (term(self.points.len() as u64) - x_ties - y_ties) / 18.0
    }
}

/// The points in order, seen from their medians: what is constant becomes zero and is not rounded.
fn centred(points: &[(f64, f64)]) -> Result<Vec<(f64, f64)>, Refused> {
    let middle_x = median(&Sample::new(points.iter().map(|p| p.0).collect())?);
    let middle_y = median(&Sample::new(points.iter().map(|p| p.1).collect())?);
    let mut points: Vec<_> = points.iter().map(|(x, y)| (x - middle_x, y - middle_y)).collect();
    points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    Ok(points)
}

/// Sizes of the runs of equal values.
fn group_sizes(sorted: impl Iterator<Item = f64>) -> Vec<u64> {
    let values: Vec<f64> = sorted.collect();
    values.chunk_by(|a, b| a == b).map(|group| group.len() as u64).collect()
}

/// How many pairs lie inside groups of these sizes?
fn pairs_in(sizes: impl IntoIterator<Item = u64>) -> u64 {
    sizes.into_iter().map(|size| size * size.saturating_sub(1) / 2).sum()
}

/// Merge sort; gives the number of pairs whose earlier value is at least the later one.
fn sort_counting_inversions(values: &mut [f64], spare: &mut [f64]) -> u64 {
    let n = values.len();
    if n < 2 {
        return 0;
    }
    let (left, right) = values.split_at_mut(n / 2);
    let (spare_left, spare_right) = spare.split_at_mut(n / 2);
    let mut inversions =
        sort_counting_inversions(left, spare_left) + sort_counting_inversions(right, spare_right);
    let (mut i, mut j) = (0, 0);
    for slot in spare.iter_mut() {
        if i < left.len() && (j == right.len() || left[i] < right[j]) {
            *slot = left[i];
            i += 1;
        } else {
            *slot = right[j];
            j += 1;
            inversions += (left.len() - i) as u64;
        }
    }
    values.copy_from_slice(spare);
    inversions
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(points: &[(f64, f64)], rate: f64) -> Interval {
        theil_sen(points, Alpha::one_sided(rate).unwrap()).unwrap()
    }

    #[test]
    fn agrees_with_sen() {
        // Sen (1968): slope 4, 93 % interval 3.71 to 4.38 (also in scipy's tests of theilslopes).
        let points =
            [(1.0, 9.0), (2.0, 15.0), (3.0, 19.0), (4.0, 20.0), (10.0, 45.0), (12.0, 55.0), (18.0, 78.0)];
        let found = fit(&points, 0.035);
        for (found, expected) in [(found.low, 26.0 / 7.0), (found.estimate, 4.0), (found.high, 35.0 / 8.0)] {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn what_is_constant_has_no_slope_at_all() {
        let mut points: Vec<(f64, f64)> = (0..40).map(|i| (1.7e9 + f64::from(i), 2e8)).collect();
        points[17].1 = 9e8;
        let found = fit(&points, 0.025);
        assert!(
            found.estimate.abs() < 1e-300 && found.low.abs() < 1e-300 && found.high.abs() < 1e-300,
            "{found:?}"
        );
    }

    #[test]
    fn says_when_there_is_no_slope_or_no_bound() {
        let alpha = Alpha::one_sided(0.025).unwrap();
        assert_eq!(theil_sen(&[], alpha), Err(Refused::Empty));
        assert_eq!(theil_sen(&[(1.0, 2.0), (1.0, 3.0)], alpha), Err(Refused::NoSlope));
        assert!(theil_sen(&[(1.0, f64::NAN)], alpha).is_err());
        let two = fit(&[(1.0, 2.0), (2.0, 5.0)], 0.025);
        assert!((two.estimate - 3.0).abs() < 1e-12);
        assert_eq!((two.low, two.high), (f64::NEG_INFINITY, f64::INFINITY));
    }

    proptest! {
        #[test]
        fn selects_what_sorting_would(
            points in prop::collection::vec((0..12_i8, -50..50_i8), 2..25),
        ) {
            let points: Vec<(f64, f64)> = points.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect();
            let mut all: Vec<f64> = points
                .iter()
                .enumerate()
                .flat_map(|(i, a)| points[..i].iter().map(move |b| (a.1 - b.1) / (a.0 - b.0)))
                .filter(|slope| slope.is_finite())
                .collect();
            all.sort_by(f64::total_cmp);
            prop_assume!(!all.is_empty());
            let slopes = Slopes::new(&points).unwrap();
            prop_assert_eq!(slopes.count, all.len() as u64);
            for (k, slope) in all.iter().enumerate() {
                prop_assert!((slopes.nth(k as u64 + 1) - slope).abs() < 1e-12);
            }
        }
    }
}

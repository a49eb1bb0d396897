//! How many digits of a session's estimate mean something: those down to about a tenth of the spread between sessions.

use stats::{Sample, student};

/// More digits than this mean nothing in any unit that is used here.
const MOST_DECIMALS: i32 = 6;

/// Decimals of the power of ten at or below a tenth of the standard deviation.
#[must_use]
pub fn decimals(values: &[f64]) -> usize {
    let spread = Sample::new(values.to_vec()).ok().and_then(|sample| student::standard_deviation(&sample));
    match spread {
        Some(spread) if spread > 0.0 => {
            (-(spread / 10.0).log10().floor() as i32).clamp(0, MOST_DECIMALS) as usize
        }
        _ => MOST_DECIMALS as usize,
    }
}

/// The nearest number with so many decimals, as one would write it down.
#[must_use]
pub fn round(value: f64, decimals: usize) -> f64 {
    let rounded: f64 = format!("{value:.decimals$}").parse().unwrap_or(value);
    // A negative zero is a digit that means nothing.
    rounded + 0.0
}

/// All of them rounded to their own spread, in ascending order.
#[must_use]
pub fn sessions(values: &[f64]) -> Vec<f64> {
    let decimals = decimals(values);
    let mut rounded: Vec<f64> = values.iter().map(|value| round(*value, decimals)).collect();
    rounded.sort_by(f64::total_cmp);
    rounded
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::{decimals, round, sessions};

    #[test]
    fn digits_end_where_the_spread_begins() {
        // Standard deviations 1, 0.1, 0.05 and 100.
        for (values, expect) in [
            ([1.0, 2.0, 3.0], 1),
            ([1.0, 1.1, 1.2], 2),
            ([1.0, 1.05, 1.1], 3),
            ([100.0, 200.0, 300.0], 0),
            ([1.0, 1.0, 1.0], 6),
        ] {
            assert_eq!(decimals(&values), expect, "{values:?}");
        }
        assert_eq!(sessions(&[1.234_56, 1.134_56, 1.334_56]), [1.13, 1.23, 1.33]);
        assert!(round(-0.001, 1).is_sign_positive());
    }

    proptest! {
        #[test]
        fn rounding_moves_a_session_by_a_small_part_of_the_spread(values in vec(-1e3..1e3f64, 2..12)) {
            let sample = stats::Sample::new(values.clone()).unwrap();
            let spread = stats::student::standard_deviation(&sample).unwrap();
            prop_assume!(spread > 1e-4);
            for (rounded, value) in sessions(&values).iter().zip(sample.values()) {
                // Half a unit, of at most a tenth of the spread; a spread above ten keeps its units.
                prop_assert!((rounded - value).abs() <= (spread / 20.0).max(1e-6) + 1e-9, "{rounded} {value}");
            }
        }
    }
}

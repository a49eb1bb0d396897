//! Bisection over the floating-point numbers themselves: exact, and never more than 65 steps whatever the scale.

/// Which is the smallest number in `low..=high` that `holds`? Gives `high` if no smaller one does.
///
/// `holds` must be false below some number and true from there on. IEEE 754 numbers are ordered like their bits read as
/// sign and magnitude, so halving the range of bits finds the very number, without a tolerance.
pub(crate) fn first_that_holds(low: f64, high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (rank(low), rank(high));
    while low < high {
        let middle = i64::midpoint(low, high);
        // `midpoint` rounds towards zero: of two neighbours that is the upper one below zero.
        let middle = if middle == high { low } else { middle };
        if holds(number(middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    number(high)
}

/// The place of a number among all numbers; the same trick as `f64::total_cmp`.
fn rank(x: f64) -> i64 {
    let bits = x.to_bits().cast_signed();
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

/// The number at a place.
fn number(rank: i64) -> f64 {
    let bits = if rank < 0 { rank ^ i64::MAX } else { rank };
    f64::from_bits(bits.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_very_number() {
        for wanted in [-1e100, -3.0, -0.1, -f64::MIN_POSITIVE, 0.0, 5e-324, 0.3, 1.0, 1e100] {
            assert_eq!(first_that_holds(-2e100, 2e100, |x| x >= wanted), wanted);
        }
        assert_eq!(first_that_holds(1.0, 2.0, |_| false), 2.0);
        assert_eq!(first_that_holds(-1.0, 2.0, |_| true), -1.0);
    }
}

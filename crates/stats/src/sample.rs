//! The only way into the estimators: values that were checked and sorted once.

use crate::Refused;

/// Beyond this the sums of squares could overflow.
const LARGEST: f64 = 1e100;

/// Which numbers do we judge? At least one finite value, in one unit, in ascending order.
///
/// The order of the rows is forgotten, so no estimate can depend on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample(Vec<f64>);

impl Sample {
    /// Can these values be judged?
    ///
    /// # Errors
    /// [`Refused::Empty`] without values; [`Refused::OutOfRange`] for the first that is NaN, infinite or beyond 1e100.
    pub fn new(mut values: Vec<f64>) -> Result<Self, Refused> {
        if values.is_empty() {
            return Err(Refused::Empty);
        }
        check_range(values.iter().copied())?;
        values.sort_unstable_by(f64::total_cmp);
        Ok(Self(values))
    }

    /// What are the values, smallest first?
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// How many values are there? Never zero.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What would the values be, were each larger by `offset`? To test against a margin tau, shift by -tau.
    ///
    /// # Errors
    /// [`Refused::OutOfRange`] if a shifted value leaves the range.
    pub fn shifted_by(&self, offset: f64) -> Result<Self, Refused> {
        Self::new(self.0.iter().map(|x| x + offset).collect())
    }
}

/// Refuses the first value that is not finite, or too large to be squared.
pub(crate) fn check_range(values: impl IntoIterator<Item = f64>) -> Result<(), Refused> {
    match values.into_iter().enumerate().find(|(_, x)| x.is_nan() || x.abs() > LARGEST) {
        Some((index, value)) => Err(Refused::OutOfRange { index, value }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_a_number_and_says_where() {
        assert_eq!(Sample::new(vec![]), Err(Refused::Empty));
        let refused = |bad: f64| Sample::new(vec![1.0, bad]).unwrap_err().to_string();
        assert_eq!(refused(f64::NAN), "value 1 is NaN, not a usable number");
        assert_eq!(refused(f64::NEG_INFINITY), "value 1 is -inf, not a usable number");
        assert_eq!(Sample::new(vec![2e100]), Err(Refused::OutOfRange { index: 0, value: 2e100 }));
    }

    #[test]
    fn forgets_the_order_and_shifts() {
        let sample = Sample::new(vec![3.0, -1.0, 2.0]).unwrap();
        assert_eq!(sample.values(), [-1.0, 2.0, 3.0]);
        assert_eq!(sample.count(), 3);
        assert_eq!(sample.shifted_by(-2.0).unwrap().values(), [-3.0, 0.0, 1.0]);
        assert!(sample.shifted_by(f64::NAN).is_err());
    }
}

//! The words in which every estimator takes its level and gives its answer.

use crate::Refused;

/// Where can the true value lie? An estimate between two bounds, in the unit of the input.
///
/// A bound is infinite if there were too few values for its level: then `low > tau` and `high <= tau` are false,
/// as they should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The true value is lower than this with probability at most alpha; may be negative infinity.
    pub low: f64,
    /// The best single value.
    pub estimate: f64,
    /// The true value is higher than this with probability at most alpha; may be infinity.
    pub high: f64,
}

/// How often may *one* bound be wrong? A one-sided error rate, strictly between 0 and 1/2.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Alpha(f64);

impl Alpha {
    /// The one-sided error rate itself, such as 0.01.
    ///
    /// # Errors
    /// [`Refused::Alpha`] unless it lies strictly between 0 and 1/2.
    pub const fn one_sided(rate: f64) -> Result<Self, Refused> {
        if rate > 0.0 && rate < 0.5 { Ok(Self(rate)) } else { Err(Refused::Alpha(rate)) }
    }

    /// The error rate of each bound of a two-sided interval: a confidence of 0.95 gives 0.025.
    ///
    /// # Errors
    /// [`Refused::Alpha`] unless the confidence lies strictly between 0 and 1.
    pub const fn of_confidence(confidence: f64) -> Result<Self, Refused> {
        Self::one_sided((1.0 - confidence) / 2.0)
    }

    /// The one-sided error rate.
    pub const fn rate(self) -> f64 {
        self.0
    }
}

/// Which departure from zero does a test look for?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    /// The true value is below zero.
    Less,
    /// The true value is above zero.
    Greater,
    /// Either.
    TwoSided,
}

impl Alternative {
    /// The p-value, from the probabilities of a statistic at most, and at least, as large as the observed one.
    ///
    /// Two-sided is twice the smaller tail, so that it agrees with an interval of two bounds.
    pub(crate) fn p(self, at_most: f64, at_least: f64) -> f64 {
        match self {
            Self::Less => at_most,
            Self::Greater => at_least,
            Self::TwoSided => (2.0 * at_most.min(at_least)).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_small_probability() {
        let alpha = Alpha::of_confidence(0.95).unwrap();
        assert!((alpha.rate() - 0.025).abs() < 1e-15);
        for bad in [0.0, 0.5, 0.95, 95.0, -0.1, f64::NAN] {
            assert!(Alpha::one_sided(bad).is_err(), "{bad}");
        }
        assert_eq!(Alpha::of_confidence(95.0), Err(Refused::Alpha(-47.0)));
    }
}

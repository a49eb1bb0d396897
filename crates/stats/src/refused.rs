//! Why numbers were turned away. Texts say what is wrong and where; the caller adds the metric's name.

use std::error::Error;
use std::fmt;

/// Why was an input refused?
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Refused {
    /// There was no value at all.
    Empty,
    /// A value is NaN, infinite, or so large (above 1e100) that its square could overflow.
    OutOfRange {
        /// Position in the input, from 0.
        index: usize,
        /// What stood there.
        value: f64,
    },
    /// A one-sided error rate must lie strictly between 0 and 1/2.
    Alpha(f64),
    /// A probability must lie between 0 and 1.
    Probability(f64),
    /// All flips of more than [`MAX_CHUNKS`](crate::chunk_flip::MAX_CHUNKS) chunks cannot be enumerated.
    TooManyChunks(usize),
    /// A slope needs two points that differ in x.
    NoSlope,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "no values"),
            Self::OutOfRange { index, value } => write!(f, "value {index} is {value}, not a usable number"),
            Self::Alpha(alpha) => write!(f, "error rate {alpha} is not between 0 and 0.5"),
            Self::Probability(p) => write!(f, "probability {p} is not between 0 and 1"),
            Self::TooManyChunks(count) => write!(f, "{count} chunks, of which all flips are too many"),
            Self::NoSlope => write!(f, "all points have the same x, so there is no slope"),
        }
    }
}

impl Error for Refused {}

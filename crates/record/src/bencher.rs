//! `bmf.json`: what was measured, in the Bencher Metric Format, for a tracker of numbers over time.
//!
//! Its shape is not ours: <https://bencher.dev/docs/reference/bencher-metric-format/>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The file: measures by the name of what was measured.
pub type Bencher = BTreeMap<String, Measures>;

/// Numbers by the slug of what they measure.
pub type Measures = BTreeMap<String, Measure>;

/// A number, and the ends of its interval where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// The number.
    pub value: f64,
    /// Lower end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lower_value: Option<f64>,
    /// Upper end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upper_value: Option<f64>,
}

//! A file of `baselines/exact/`: numbers that the same source gives again, so that a change of them is a change of the code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Schema id of such a file.
pub const SCHEMA: &str = "tracetax/exact/v1";

/// The file. It is written by a command and reviewed like code: one number a line, sorted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exact {
    /// [`SCHEMA`].
    pub schema: String,
    /// Why the numbers were accepted, in the words of whoever did.
    pub reason: String,
    /// Instructions may differ by so many percent: a loop that is laid out otherwise is no change of the code. All other
    /// numbers must be equal.
    pub instructions_tolerance_pct: f64,
    /// What else the numbers depend on, such as the compiler. Under other conditions nothing is compared.
    pub conditions: BTreeMap<String, String>,
    /// The numbers, by `<what of>: <what>`; what are instructions says so at the end.
    pub values: BTreeMap<String, u64>,
}

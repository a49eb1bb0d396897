//! `recording.json`: which runs were measured for a baseline.

use serde::{Deserialize, Serialize};

/// Schema id of `recording.json`.
pub const SCHEMA: &str = "tracetax/recording/v2";

/// The sessions of a recording, each an ordinary run with a folder of its own. Written anew after each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// [`SCHEMA`].
    pub schema: String,
    /// How many sessions were wanted.
    pub wanted: u32,
    /// Folders of the sessions that went to their end, beside the recording's own.
    pub sessions: Vec<String>,
}

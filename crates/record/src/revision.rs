//! Which source code was measured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A revision of the source, as version control names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Full id of the commit.
    pub commit: String,
    /// Whether tracked files differed from the commit.
    pub dirty: bool,
    /// Whether a known cost was planted in the tracer's programs: a test of the gate, never a tracer to ship.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub planted: bool,
}

impl Revision {
    /// The first twelve digits of the commit, with `-dirty` and `+planted` where they hold.
    #[must_use]
    pub fn short(&self) -> String {
        let commit: String = self.commit.chars().take(12).collect();
        let (dirty, planted) =
            (if self.dirty { "-dirty" } else { "" }, if self.planted { "+planted" } else { "" });
        format!("{commit}{dirty}{planted}")
    }
}

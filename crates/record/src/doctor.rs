//! What `doctor` says of a machine: facts, each judged, with why it matters and what to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Schema id of what `doctor --json` prints.
pub const SCHEMA: &str = "tracetax/doctor/v1";

/// All facts of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("$id" = SCHEMA))]
pub struct Diagnosis {
    /// [`SCHEMA`].
    #[schemars(description = "The id of this schema.", extend("const" = SCHEMA))]
    pub schema: String,
    /// Facts of one group stand together.
    pub facts: Vec<Fact>,
}

/// One fact of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// Its name, which no other fact has.
    pub id: String,
    /// What it is about.
    pub group: String,
    /// How it is judged.
    pub state: State,
    /// What was found, or why nothing could be.
    pub found: String,
    /// What a measurement wants.
    pub wanted: String,
    /// Why it matters to a measurement.
    pub why: String,
    /// What to do, with a command to type; absent where all is well.
    pub next_step: Option<String>,
}

/// How a fact is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As a measurement wants it.
    Ok,
    /// This machine or user does not tell.
    Unknown,
    /// It can be measured, but worse than it could be, or not all of it.
    Warn,
    /// It cannot be measured.
    Fail,
}

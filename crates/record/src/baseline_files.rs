//! What `baseline --format json` says of files under `baselines/`.

use serde::{Deserialize, Serialize};

/// Schema id of the document.
pub const SCHEMA: &str = "tracetax/baseline-files/v1";

/// The document of `baseline --check`, and of a baseline that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineFiles {
    /// [`SCHEMA`].
    pub schema: String,
    /// The files, in the order of their names.
    pub files: Vec<BaselineFile>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineFile {
    /// Its path, from the root of the workspace.
    pub file: String,
    /// How it is with it.
    pub state: FileState,
    /// What it holds, what is wrong with it and what to do, or why it was accepted.
    pub what: String,
}

/// How it is with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// It may be compared with.
    Ok,
    /// Nothing may be compared with it any more.
    Old,
    /// It should not be there, or not like this.
    Wrong,
    /// It was written just now.
    Accepted,
}

impl BaselineFiles {
    /// The document of these files.
    #[must_use]
    pub fn of(files: Vec<BaselineFile>) -> Self {
        Self { schema: SCHEMA.into(), files }
    }
}

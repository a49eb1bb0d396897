//! How far the tracer's programs go, so that each part of their cost can be measured.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a program goes before it returns. Each stage does all that the one before it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The same hooks, with programs that return at once and count nothing.
    Floor,
    /// It filters, reads its arguments, and finds the connection.
    Lookup,
    /// It also copies the bytes and parses them, and sends no event.
    Copy,
    /// The whole tracer.
    Full,
}

impl Stage {
    /// All of them, from the least to the whole tracer.
    pub const ALL: [Self; 4] = [Self::Floor, Self::Lookup, Self::Copy, Self::Full];

    /// Its name, in files and on command lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Lookup => "lookup",
            Self::Copy => "copy",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|stage| stage.name() == text);
        found.ok_or_else(|| format!("`{text}` is no stage: write floor, lookup, copy or full"))
    }
}

#[cfg(test)]
mod tests {
    use super::Stage;

    #[test]
    fn a_stage_has_one_name_everywhere() {
        for stage in Stage::ALL {
            assert_eq!(stage.name().parse(), Ok(stage));
            assert_eq!(serde_json::to_string(&stage).unwrap(), format!("\"{stage}\""));
        }
        assert!("Full".parse::<Stage>().is_err());
    }

    #[test]
    fn later_stages_are_more() {
        assert!(Stage::ALL.is_sorted());
    }
}

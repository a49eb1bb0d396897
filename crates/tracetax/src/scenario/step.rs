//! The next step: what a reader does about a mistake. A mistake cannot be made without one.

use std::fmt;

/// What to do, as a sentence that begins with a verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Write this.
    Write(String),
    /// Add this.
    Add(String),
    /// Remove this.
    Remove(String),
    /// Move the key to this place.
    Move(String),
    /// Write this word, which was probably meant.
    Meant(String),
    /// Change the file itself, in these words.
    File(Handling),
}

/// What to do with the file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handling {
    /// Its name is no scenario's.
    Rename,
    /// It is in another encoding.
    SaveAsUtf8,
    /// Its mode forbids reading.
    MakeReadable,
}

/// Write this.
pub(super) fn write(what: impl Into<String>) -> Step {
    Step::Write(what.into())
}

/// Add this.
pub(super) fn add(what: impl Into<String>) -> Step {
    Step::Add(what.into())
}

/// Remove this.
pub(super) fn remove(what: impl Into<String>) -> Step {
    Step::Remove(what.into())
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(what) => write!(f, "write {what}"),
            Self::Add(what) => write!(f, "add {what}"),
            Self::Remove(what) => write!(f, "remove {what}"),
            Self::Move(place) => write!(f, "move it to {place}"),
            Self::Meant(word) => write!(f, "did you mean {word}"),
            Self::File(Handling::Rename) => f.write_str("rename the file, as in `light.toml`"),
            Self::File(Handling::SaveAsUtf8) => f.write_str("save it as UTF-8 in your editor"),
            Self::File(Handling::MakeReadable) => f.write_str("make it readable for you with `chmod`"),
        }
    }
}

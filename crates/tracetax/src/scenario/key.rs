//! What the form says of a key. Its reader, its JSON Schema and its reference page are made from the same.

use super::shape::Shape;

/// A key that the form knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The head of its section, such as `[load]`; empty at the top of the file.
    pub section: &'static str,
    /// The key; for a section, its head.
    pub name: &'static str,
    /// What its value may be, with range and unit, as it goes on after "must be"; empty for a section.
    pub allowed: String,
    /// The same for programs; none for a section.
    pub shape: Option<Shape>,
    /// Whether it has to be there.
    pub need: Need,
    /// What it means, in one or two sentences.
    pub meaning: &'static str,
    /// A value as it is written in the file; empty for a section.
    pub example: &'static str,
}

impl Key {
    /// Whether it is the head of a section, not a key with a value.
    #[must_use]
    pub fn is_section(&self) -> bool {
        self.shape.is_none()
    }

    /// The words that it may hold; none where it holds anything else.
    #[must_use]
    pub fn words(&self) -> &[&'static str] {
        match &self.shape {
            Some(Shape::Word(words)) => words,
            _ => &[],
        }
    }
}

/// Whether a key has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It has to.
    Required,
    /// It may be left out.
    Optional(LeftOut),
    /// One of these keys has to be there, and no second one.
    OneOf(&'static [&'static str]),
    /// Another key decides: it has to be there, or may not.
    By(&'static Condition),
    /// It may be there only beside this key, and may be left out.
    Beside(&'static str, LeftOut),
}

/// What holds where an optional key is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// As if this value stood there.
    Is(&'static str),
    /// In words: what does not happen then.
    Means(&'static str),
}

/// When a key has to be there; with any other word it may not.
#[derive(Debug, PartialEq, Eq)]
pub struct Condition {
    /// The key of the same section that decides.
    pub key: &'static str,
    /// With these words of it the condition holds.
    pub words: &'static [&'static str],
    /// Why only with these.
    pub why: &'static str,
}

/// What a key means, and a value as an example.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning {
    pub(super) text: &'static str,
    pub(super) example: &'static str,
}

/// What a key means, and a value of it as it is written in the file.
pub(super) const fn means(text: &'static str, example: &'static str) -> Meaning {
    Meaning { text, example }
}
